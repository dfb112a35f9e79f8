//===- CpuSchedules.h - The schedules of processors -----------------------------===//
//
// Tiles of rows by powers of two up to 512. Of contractions columns in whole panels of 16 channels up to 256, shared by all contractions that
// one root reads; of attention one head at a time or those that share their keys and values. Where ops follow a contraction, rows go through all of them a
// few at a time while the weights stay (`inner`). Experts: all rows of one are an item's; few of them are computed by vectors (`vector_rows`).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_CPUSCHEDULES_H
#define COOPT_LIB_TRANSFORMS_CPUSCHEDULES_H

#include "ScheduleSpace.h"
#include "coopt/Machine/Machine.h"

namespace coopt {

class CpuSchedules final : public ScheduleSpace {
public:
  /// Both outlive it; the machine is a CPU.
  CpuSchedules(const cost::CostModel &costs, const machine::CpuMachine &cpu);

  llvm::SmallVector<ScheduleOption> options(schedule::KernelOp kernel,
                                            const cost::KernelSummary &summary) const override;
  schedule::ConfigAttr unpriced(schedule::KernelOp kernel, const cost::KernelSummary &summary) const override;

private:
  ScheduleOption optionOf(schedule::KernelOp kernel, const cost::KernelSummary &summary, int64_t rows,
                          int64_t columns) const;
  /// Up to how many rows an expert is computed at least as fast by vectors as by the matrix unit; 0 without one.
  int64_t vectorRows(const cost::KernelSummary &summary, int64_t columns) const;

  const cost::CostModel &costs;
  std::string family;
  std::string vectorFamily; ///< of the machine without its matrix unit; empty if it has none
  int64_t temporaryBytes;   ///< of one tensor of a tile of rows, such that all stay in the first cache
  int64_t weightBytes;      ///< of an item, such that they stay in the second cache while all rows pass by
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_CPUSCHEDULES_H
