//===- NpuSchedules.h - Schedules for accelerators -----------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H
#define COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H

#include "ScheduleCases.h"
#include "coopt/CostModel/Decision.h"
#include "coopt/CostModel/NpuCostModel.h"
#include "dialects/Schedule/IR/Schedule.h"

#include <map>
#include <optional>

namespace coopt {

/// Schedules for one accelerator.
///
/// Where the cost model knows a kernel's ops (products, element-wise ops, reductions of rows) the cheapest candidate is taken, of those whose buffers have room: rows by
/// powers of two up to 64, columns in tiles of the array; for one row, as when decoding, and for as many as there may be, with a guard on the size if
/// that gains. Else, and where the model sees no gain, a rule: as many rows as half of the scratchpad holds with all that is computed from them, at most 64; of
/// contractions as many columns, in tiles of the array, as do; of attention heads. Of contractions by experts an item has all rows of an expert, so many at a time.
class NpuScheduler {
public:
  /// `costs` are the machine's. `trace`, if there is one, gets what is decided.
  NpuScheduler(const machine::Machine &machine, const cost::NpuCostModel &costs, cost::DecisionTrace *trace)
      : machine(machine), costs(costs), trace(trace) {}
  /// None for kernels without loops that can be cut. The choice is a remark of category `schedule`.
  std::optional<schedule::SetAttr> choose(schedule::KernelOp kernel, const KernelRows &rows);

private:
  struct Choice {
    schedule::SetAttr set;
    std::string remark;
    std::vector<cost::Decision> decisions; ///< of each case; kernel and entry are left out
  };
  const machine::Machine &machine;
  const cost::NpuCostModel &costs;
  cost::DecisionTrace *trace;
  std::map<std::string, Choice> known; ///< of kernels that are alike, as those of all layers are

  Choice price(schedule::KernelOp kernel, const KernelRows &rows, schedule::ConfigAttr rule);
  void record(schedule::KernelOp kernel, const std::vector<cost::Decision> &decisions);
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_NPUSCHEDULES_H
