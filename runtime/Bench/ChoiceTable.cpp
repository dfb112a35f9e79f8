#include "Bench/ModelCheck.h"

#include "coopt/Support/TextTable.h"

#include <cmath>
#include <set>

using namespace coopt;
using namespace coopt::bench;

namespace {

/// One pair of each kernel, schedule and family: kernels of several packages may be alike.
std::vector<const ModelPair *> chosenKernels(const std::vector<ModelPair> &pairs) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  std::vector<const ModelPair *> kernels;
  for (const ModelPair &pair : pairs) {
    if (pair.best && seen.insert({pair.kernel, pair.family, pair.schedule}).second) {
      kernels.push_back(&pair);
    }
  }
  return kernels;
}

double share(const ModelPair &pair) { return pair.best->seconds / pair.best->own; }

} // namespace

std::optional<double> bench::shareOfBest(const std::vector<ModelPair> &pairs) {
  const std::vector<const ModelPair *> kernels = chosenKernels(pairs);
  if (kernels.empty()) {
    return std::nullopt;
  }
  double logs = 0;
  for (const ModelPair *pair : kernels) {
    logs += std::log(share(*pair));
  }
  return std::exp(logs / static_cast<double>(kernels.size()));
}

std::string bench::choiceTable(const std::vector<ModelPair> &pairs) {
  const std::vector<const ModelPair *> kernels = chosenKernels(pairs);
  if (kernels.empty()) {
    return "";
  }
  std::vector<std::vector<std::string>> rows = {{"package", "kernel", "at", "schedule", "best known",
                                                 "least us", "of roofline", "best us", "of best", "schedules",
                                                 ""}};
  for (const ModelPair *pair : kernels) {
    const double roofline = pair->estimate.rooflineSeconds;
    rows.push_back({pair->package, pair->opId, pair->size, pair->schedule,
                    pair->best->schedule == pair->schedule ? "the same" : pair->best->schedule,
                    formatNumber("%.4g", pair->best->own * 1e6),
                    std::isfinite(roofline) ? formatNumber("%.0f%%", 100 * roofline / pair->best->own) : "-",
                    formatNumber("%.4g", pair->best->seconds * 1e6),
                    formatNumber("%.1f%%", 100 * share(*pair)), std::to_string(pair->best->schedules), ""});
  }
  return alignColumns(rows, 5) + "of the best known schedules' speed, geometric mean of " +
         std::to_string(kernels.size()) + (kernels.size() == 1 ? " kernel: " : " kernels: ") +
         formatNumber("%.1f%%", 100 * *shareOfBest(pairs)) + "\n";
}
