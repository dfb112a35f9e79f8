//===- ModelCheck.h - Cost models beside what is measured -----------------------===//
#ifndef COOPT_RUNTIME_BENCH_MODELCHECK_H
#define COOPT_RUNTIME_BENCH_MODELCHECK_H

#include "Bench/Benchmark.h"
#include "coopt/CostModel/Decision.h"

namespace coopt::bench {

/// The quickest schedule that was ever measured of a kernel.
struct BestKnown {
  std::string schedule;
  double seconds = 0;    ///< the least of all measurements
  int64_t schedules = 0; ///< that were measured
  double own = 0;        ///< seconds of the kernel's own schedule, the least of all measurements, too
};

/// One kernel and schedule of one package, at the size that its schedule was priced at.
struct ModelPair {
  std::string package, opId, size; ///< "prefill.coopt", "layers.*/mlp/up_proj", "tokens 512"
  std::string machine;             ///< that the package was compiled for
  std::string kernel;              ///< cost::kernelKey, as the schedule was priced
  std::string family;              ///< of the instructions that ran; empty: an accelerator's
  bool isSimulated = false;        ///< an accelerator's cycles, not the host's time
  int64_t samples = 0;
  double least = 0; ///< seconds
  std::string schedule;
  cost::KernelKind kind = cost::KernelKind::Contraction;
  double seconds = 0; ///< measured: the median of all calls, of all layers
  cost::Estimate estimate;
  std::optional<BestKnown> best; ///< of a tuning database
};

/// Runs the package, whose explanation coopt-compile wrote beside it (M.json of M.coopt: --explain-schedule), at the sizes that its schedules were
/// priced at, and prices them again for the processor as it is measured just before and behind (the mean of both); attention with as many keys as it sees. Of a package for an accelerator
/// cycles are simulated, once, and kernels that no model prices are left out. Of each kernel one pair, whatever number of layers it is in. Errors: those of
/// loading; no explanation; results that differ (Check.h).
Expected<std::vector<ModelPair>> measurePairs(const std::string &path, const Options &options,
                                              const Progress &progress);

struct ModelError {
  size_t pairs = 0;
  double rankCorrelation = 0; ///< Spearman's, of predicted and measured seconds
  double meanError = 0;       ///< mean of |predicted - measured| / measured
  double meanRatio = 0;       ///< geometric mean of predicted / measured
};
/// Errors: those of rankCorrelation.
Expected<ModelError> modelError(const std::vector<ModelPair> &pairs);

/// Of the pairs with a best known schedule, each kernel and size once: what its own takes beside it, and the geometric mean of best / own.
/// Empty: there is none.
std::string choiceTable(const std::vector<ModelPair> &pairs);
/// The geometric mean of `choiceTable`; nothing without a best known schedule.
std::optional<double> shareOfBest(const std::vector<ModelPair> &pairs);

/// A line for each pair, and the errors of each kind of kernel and of all.
std::string modelTable(const std::vector<ModelPair> &pairs);
std::string modelJson(const std::vector<ModelPair> &pairs);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_MODELCHECK_H
