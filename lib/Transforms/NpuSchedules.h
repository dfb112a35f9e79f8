//===- NpuSchedules.h - The schedules of accelerators --------------------------===//
//
// First the rule: as many rows as half of the scratchpad holds with all that is computed from them, at most 64; of contractions as many columns, in tiles
// of the array, as do; of attention heads. Of contractions by experts an item has all rows of an expert, so many at a time.
//
// Of kernels whose ops the cost model knows (products, element-wise ops, reductions of rows) others beside it: rows by powers of two up to 64, columns in
// tiles of the array, of which the buffers have room.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H
#define COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H

#include "ScheduleSpace.h"
#include "coopt/CostModel/NpuCostModel.h"

namespace coopt {

class NpuSchedules final : public ScheduleSpace {
public:
  /// Both outlive it; the model is the machine's.
  NpuSchedules(const machine::Machine &machine, const cost::NpuCostModel &costs)
      : machine(machine), costs(costs) {}

  llvm::SmallVector<ScheduleOption> options(schedule::KernelOp kernel,
                                            const cost::KernelSummary &summary) const override;
  /// Without `tileOps` if it is none that is priced.
  std::optional<cost::KernelSummary> summarize(schedule::KernelOp kernel, int64_t rows) const override;
  schedule::ConfigAttr unpriced(schedule::KernelOp kernel, const cost::KernelSummary &summary) const override;
  double worthwhile() const override { return 0.98; }
  double worthGuard() const override { return 0.95; }

private:
  const machine::Machine &machine;
  const cost::NpuCostModel &costs;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H
