#include "Bench/ModelCheck.h"

#include "Bench/Calibrate.h"
#include "Bench/Check.h"
#include "coopt/Support/MappedFile.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace coopt;
using namespace coopt::bench;

namespace {

/// What a kernel is known by here: its entry, its op id without numbers, and the size it was called with.
struct Key {
  std::string entry, opId, size;
  int64_t value = 0;
  friend bool operator<(const Key &a, const Key &b) {
    return std::tie(a.entry, a.opId, a.size, a.value) < std::tie(b.entry, b.opId, b.size, b.value);
  }
};

/// Seconds of the dispatches that a trace knows: the host's, or those of an accelerator that is simulated.
class Stopwatch : public runtime::Observer {
public:
  Stopwatch(const cost::DecisionTrace &trace, const machine::NpuMachine *npu)
      : hertz(npu ? npu->clocksMegahertz.core * 1e6 : 0) {
    for (const cost::Decision &decision : trace.decisions) {
      sizes[decision.entry].insert(decision.size);
    }
  }

  Status after(const runtime::DispatchView &dispatch, int64_t start, int64_t end) override {
    const package::Entry &entry = dispatch.call.entry;
    const auto known = sizes.find(entry.name);
    if (known == sizes.end() ||
        (hertz > 0 && !dispatch.report)) { // the host computes a few kernels of accelerators
      return {};
    }
    const double seconds = hertz > 0 ? static_cast<double>(dispatch.report->cycles) / hertz
                                     : static_cast<double>(end - start) * 1e-9;
    for (const std::string &size : known->second) {
      Key key{entry.name, withoutNumbers(dispatch.command.opId), size, 0};
      for (size_t i = 0; i < entry.dimensions.size(); ++i) {
        key.value = entry.dimensions[i].name == size ? dispatch.call.sizes[i] : key.value;
      }
      samples[key].push_back(seconds);
    }
    return {};
  }

  std::map<Key, std::vector<double>> samples;

private:
  const double hertz;                                 ///< of the accelerator; 0: none
  std::map<std::string, std::set<std::string>> sizes; ///< of the decisions of each entry
};

/// Attention at the positions that it sees here: the trace has half of the context.
void setKeys(cost::KernelSummary &summary, int64_t past) {
  const int64_t keys = std::max<int64_t>(past + (summary.queries + 1) / 2, 1);
  for (cost::OperandSummary &operand : summary.operands) {
    if (operand.role == cost::OperandRole::State) {
      operand.bytes *= static_cast<double>(keys) / static_cast<double>(summary.keys);
    }
  }
  summary.keys = keys;
}

Expected<cost::DecisionTrace> readTrace(const std::string &package) {
  const std::string path = package.substr(0, package.rfind('.')) + ".json";
  auto file = MappedFile::open(path);
  if (!file) {
    return forward(file.error(), "--check-model wants what coopt-compile --explain-schedule wrote");
  }
  return cost::parseTrace({reinterpret_cast<const char *>(file->data()), file->size()}, path);
}

/// Times between those of all models; what bounds them is what the first says.
Expected<cost::Estimate> meanEstimate(const std::vector<std::unique_ptr<cost::CostModel>> &models,
                                      const cost::KernelSummary &summary, const cost::Candidate &candidate) {
  Expected<cost::Estimate> mean = models.front()->estimate(summary, candidate);
  if (!mean) {
    return mean;
  }
  for (size_t i = 1; i < models.size(); ++i) {
    auto add = [&](double &seconds, double other) {
      seconds += (other - seconds) / static_cast<double>(i + 1);
    };
    auto other = models[i]->estimate(summary, candidate);
    if (!other) {
      return other;
    }
    add(mean->seconds, other->seconds);
    add(mean->rooflineSeconds, other->rooflineSeconds);
    for (size_t term = 0; term < mean->terms.size(); ++term) {
      add(mean->terms[term].seconds, other->terms[term].seconds);
    }
  }
  return mean;
}

} // namespace

Expected<std::vector<ModelPair>> bench::measurePairs(const std::string &path, const Options &options,
                                                     const Progress &progress) {
  auto trace = readTrace(path);
  if (!trace) {
    return forward(trace.error());
  }
  runtime::LoadOptions load;
  load.isa = options.isa;
  load.timingOnly = options.timingOnly;
  progress("loading");
  auto package = runtime::LoadedPackage::load(path, load);
  if (!package) {
    return forward(package.error());
  }
  const auto &model = (*package)->manifest().model;
  if (!model) {
    return fail(path + ": expected a language model");
  }
  const machine::NpuMachine *npu = (*package)->code().simulated();
  Result checked;
  progress("results");
  if (Status status = npu ? checkSimulated(*package, options, checked) : check(*package, options, checked);
      !status) {
    return forward(status.error(), path);
  }
  auto session = runtime::Session::open(*package, options.threads);
  if (!session) {
    return forward(session.error(), path);
  }
  // What a shared processor gives changes while kernels run: it is measured before and behind. An accelerator is what the package says.
  std::vector<std::unique_ptr<cost::CostModel>> models;
  auto measureMachine = [&]() -> Status {
    progress("the machine");
    auto machine = npu ? Expected<machine::Machine>(machine::Machine{(*package)->isa(), "", *npu})
                       : calibrate(options.threads, "here", [](const std::string &) {});
    if (!machine) {
      return forward(machine.error());
    }
    auto costs = cost::makeCostModel(*machine);
    if (!costs) {
      return forward(costs.error(), path);
    }
    models.push_back(std::move(*costs));
    return {};
  };
  if (Status status = measureMachine(); !status) {
    return forward(status.error());
  }

  std::set<int64_t> counts; // of tokens, that schedules were priced at
  for (const cost::Decision &decision : trace->decisions) {
    if (decision.size == "tokens" && decision.value > 0) {
      counts.insert(decision.value);
    }
  }
  Stopwatch stopwatch(*trace, npu);
  const int64_t most = counts.empty() ? 0 : *counts.rbegin() + options.contextFill;
  if (counts.empty() || most > model->context) {
    return fail(path + ": expected a context of " + std::to_string(most) +
                " positions for --context-fill and the most tokens of a call, got " +
                std::to_string(model->context));
  }
  const std::vector<int32_t> prompt = promptTokens(model->vocabulary, most);
  for (int64_t count : counts) {
    progress(std::to_string(count) + " tokens");
    // Once unobserved: page faults. A simulator takes as long again.
    const int rounds = npu ? 1 : count == 1 ? std::max(options.repeat, 8) : options.repeat;
    for (int round = npu ? 0 : -1; round < rounds; ++round) {
      Status status = (*session)->truncate(0);
      if (status && options.contextFill > 0) {
        status = (*session)->append(prompt.data(), static_cast<size_t>(options.contextFill));
      }
      (*session)->observe(round < 0 ? std::vector<runtime::Observer *>{}
                                    : std::vector<runtime::Observer *>{&stopwatch});
      status = status ? (*session)->append(prompt.data() + options.contextFill, static_cast<size_t>(count))
                      : status;
      (*session)->observe({});
      if (!status) {
        return forward(status.error(), path);
      }
    }
  }

  if (Status status = measureMachine(); !status) {
    return forward(status.error());
  }

  std::vector<ModelPair> pairs;
  std::set<Key> done;
  for (const cost::Decision &decision : trace->decisions) {
    const Key key{decision.entry, withoutNumbers(decision.kernel), decision.size, decision.value};
    const auto samples = stopwatch.samples.find(key);
    const cost::Considered &chosen = decision.chosen();
    const bool isPriced = chosen.candidate && (!npu || !decision.summary.tileOps.empty());
    if (samples == stopwatch.samples.end() || !isPriced || !done.insert(key).second) {
      continue;
    }
    auto seconds = summarize(samples->second);
    cost::KernelSummary summary = decision.summary;
    if (summary.kind == cost::KernelKind::Attention) {
      setKeys(summary, options.contextFill);
    }
    cost::Candidate candidate = *chosen.candidate;
    candidate.instructionFamily = npu ? "" : (*package)->isa();
    auto estimate = meanEstimate(models, summary, candidate);
    if (!seconds || !estimate) {
      return forward(seconds ? estimate.error() : seconds.error(), path);
    }
    ModelPair pair;
    pair.package = path.substr(path.rfind('/') + 1);
    pair.opId = key.opId;
    pair.size = key.size + " " + std::to_string(key.value);
    pair.machine = trace->machine;
    pair.isSimulated = npu != nullptr;
    pair.kernel = cost::kernelKey(decision.summary);
    pair.family = candidate.instructionFamily;
    pair.samples = static_cast<int64_t>(samples->second.size());
    pair.least = seconds->min;
    pair.schedule = chosen.schedule;
    pair.kind = summary.kind;
    pair.seconds = seconds->median;
    pair.estimate = *estimate;
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Expected<ModelError> bench::modelError(const std::vector<ModelPair> &pairs) {
  if (pairs.size() < 2) {
    return fail("expected two pairs of a prediction and a measurement at least, got " +
                std::to_string(pairs.size()));
  }
  ModelError error;
  error.pairs = pairs.size();
  std::vector<double> predicted, measured;
  double logs = 0;
  for (const ModelPair &pair : pairs) {
    predicted.push_back(pair.estimate.seconds);
    measured.push_back(pair.seconds);
    error.meanError += std::abs(pair.estimate.seconds / pair.seconds - 1);
    logs += std::log(pair.estimate.seconds / pair.seconds);
  }
  const auto count = static_cast<double>(pairs.size());
  error.meanError /= count;
  error.meanRatio = std::exp(logs / count);
  auto rank = rankCorrelation(predicted, measured);
  if (!rank) {
    return forward(rank.error());
  }
  error.rankCorrelation = *rank;
  return error;
}

std::string bench::modelTable(const std::vector<ModelPair> &pairs) {
  const bool areSimulated =
      std::all_of(pairs.begin(), pairs.end(), [](const ModelPair &pair) { return pair.isSimulated; });
  std::vector<std::vector<std::string>> rows = {{"package", "kernel", "at", "schedule", "bound by",
                                                 areSimulated ? "simulated us" : "measured us", "predicted",
                                                 "ratio", ""}};
  for (const ModelPair &pair : pairs) {
    rows.push_back({pair.package, pair.opId, pair.size, pair.schedule, pair.estimate.bound,
                    formatNumber("%.4g", pair.seconds * 1e6),
                    formatNumber("%.4g", pair.estimate.seconds * 1e6),
                    formatNumber("%.2f", pair.estimate.seconds / pair.seconds), ""});
  }
  std::string out = alignColumns(rows, 5) + "\n";
  rows = {{"kernels", "pairs", "rank correlation", "mean error", "mean ratio", ""}};
  auto add = [&](const std::string &name, const std::vector<ModelPair> &some) {
    if (auto error = modelError(some)) {
      rows.push_back({name, std::to_string(error->pairs), formatNumber("%.3f", error->rankCorrelation),
                      formatNumber("%.1f%%", 100 * error->meanError), formatNumber("%.2f", error->meanRatio),
                      ""});
    }
  };
  for (cost::KernelKind kind : {cost::KernelKind::Contraction, cost::KernelKind::Attention,
                                cost::KernelKind::Rows, cost::KernelKind::Elementwise}) {
    std::vector<ModelPair> some;
    std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(some),
                 [&](const ModelPair &pair) { return pair.kind == kind; });
    add(cost::name(kind), some);
  }
  add("all", pairs);
  return out + alignColumns(rows, 1);
}
