#include "Bench/Simulated.h"

#include "Bench/Limits.h"
#include "Bench/Load.h"
#include "Measure/Statistics.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::bench;
using runtime::Session;

namespace {

constexpr int kLoads = 3;

/// One phase, again and again: what it took on the accelerator, and on the host.
struct Samples {
  std::vector<double> seconds, cycles, entries, openings;

  void add(double hostSeconds, const npu::Totals &totals) {
    seconds.push_back(std::max(1e-9, hostSeconds));
    cycles.push_back(static_cast<double>(totals.cycles));
    entries.push_back(static_cast<double>(totals.entries));
    openings.push_back(static_cast<double>(totals.rowOpenings));
  }
};

std::vector<double> divided(const std::vector<double> &a, const std::vector<double> &b, double factor = 1) {
  std::vector<double> out;
  for (size_t i = 0; i < a.size(); ++i) {
    out.push_back(factor * a[i] / b[i]);
  }
  return out;
}

std::vector<double> divided(const std::vector<double> &a, double by) {
  return divided(a, std::vector<double>(a.size(), by));
}

class Measurement {
public:
  Measurement(const Package &package, const Options &options, Result &result)
      : package(package), options(options), result(result) {}
  Status run(const Progress &progress);

private:
  const Package &package;
  const Options &options;
  Result &result;
  std::unique_ptr<Session> session;
  runtime::Statistics statistics;
  std::vector<int32_t> prompt;
  Samples prefill, decode;
  std::vector<double> load;

  Status prepare();
  Status timePrefill();
  Status timeDecode();
  Status summarize();
  /// The last run of a phase, which are all alike.
  void keep(const char *name, int64_t tokens) {
    auto same = std::find_if(result.phases.begin(), result.phases.end(),
                             [&](const SimulatedPhase &phase) { return phase.name == name; });
    if (same == result.phases.end()) {
      result.phases.push_back({name, tokens, statistics.simulated()});
    }
  }
};

Status Measurement::prepare() {
  if (options.perOp) {
    return fail("--per-op is of packages for a processor: coopt-run --stats has the cycles of each op");
  }
  const package::ModelInfo &model = *package->manifest().model;
  const int64_t needed = std::max(options.prefill, options.contextFill + options.decode);
  if (needed > model.context) {
    return fail("expected a context of " + std::to_string(needed) +
                " tokens for --prefill and --context-fill + --decode, got " + std::to_string(model.context));
  }
  prompt = promptTokens(model.vocabulary, needed);
  auto opened = Session::open(package, options.threads);
  if (!opened) {
    return forward(opened.error());
  }
  session = std::move(*opened);
  session->observe({&statistics});
  return {};
}

Status Measurement::timePrefill() {
  if (Status status = session->truncate(0); !status) {
    return status;
  }
  statistics.clear();
  const int64_t start = nanoseconds();
  if (Status status = session->append(prompt.data(), static_cast<size_t>(options.prefill)); !status) {
    return status;
  }
  if (auto token = session->sample(0); !token) {
    return forward(token.error());
  }
  prefill.add(static_cast<double>(nanoseconds() - start) * 1e-9, statistics.simulated());
  keep("prefill", options.prefill);
  return {};
}

Status Measurement::timeDecode() {
  Status status = session->truncate(std::min(session->position(), options.contextFill));
  if (const int64_t missing = options.contextFill - session->position(); status && missing > 0) {
    status = session->append(prompt.data() + session->position(), static_cast<size_t>(missing));
  }
  int32_t next = prompt.back();
  statistics.clear();
  const int64_t start = nanoseconds();
  for (int64_t i = 0; status && i < options.decode; ++i) {
    status = session->append(&next, 1);
    if (status) {
      auto token = session->sample(0);
      status = token ? Status() : Status(forward(token.error()));
      next = token ? *token : next;
    }
  }
  if (!status) {
    return status;
  }
  decode.add(static_cast<double>(nanoseconds() - start) * 1e-9, statistics.simulated());
  keep("decode", options.decode);
  return {};
}

Status Measurement::summarize() {
  Status status;
  auto then = [&](auto &&...arguments) {
    auto series = status ? makeSeries(arguments...) : forward(status.error());
    if (series) {
      result.series.push_back(std::move(*series));
    } else {
      status = forward(series.error());
    }
  };
  const double hertz = package->code().simulated()->clocksMegahertz.core * 1e6;
  auto phase = [&](const std::string &name, const Samples &samples, int64_t count) {
    const auto tokens = static_cast<double>(count);
    then(name + ", host", "ms/token", divided(samples.seconds, tokens / 1e3));
    then(name + ", npu-sim", "cycles/token", divided(samples.cycles, tokens));
    then(name + ", npu-sim", "tokens/s",
         divided(std::vector<double>(samples.cycles.size(), tokens * hertz), samples.cycles));
    then(name + ", simulator", "instructions/s", divided(samples.entries, samples.seconds));
    then(name + ", simulator", "rows opened/s", divided(samples.openings, samples.seconds));
  };
  then("load", "s", load);
  phase("prefill " + std::to_string(options.prefill), prefill, options.prefill);
  phase("decode at " + std::to_string(options.contextFill), decode, options.decode);
  return status;
}

Status Measurement::run(const Progress &progress) {
  if (Status status = prepare(); !status) {
    return status;
  }
  for (int i = 0; i < std::min(kLoads, options.repeat); ++i) {
    progress("load " + std::to_string(i + 1));
    auto spent = loadSeconds(result.path, options);
    if (!spent) {
      return forward(spent.error());
    }
    load.push_back(*spent);
  }
  for (int i = 0; i < options.repeat; ++i) {
    progress("round " + std::to_string(i + 1) + " of " + std::to_string(options.repeat));
    Status status = timePrefill();
    status = status ? timeDecode() : status;
    if (!status) {
      return status;
    }
  }
  return summarize();
}

} // namespace

Status bench::measureSimulated(const Package &package, const Options &options, Result &result,
                               const Progress &progress) {
  return Measurement(package, options, result).run(progress);
}
