#include "Bench/Benchmark.h"

#include "Bench/Check.h"
#include "Bench/Experts.h"
#include "Bench/Limits.h"
#include "Bench/Load.h"
#include "Bench/Simulated.h"

#include <algorithm>
#include <numeric>

using namespace coopt;
using namespace coopt::bench;
using runtime::Session;

namespace {

constexpr int kLoads = 3;

/// Measures one package whose results were checked.
class Measurement {
public:
  Measurement(Package package, const Options &options, Result &result)
      : package(std::move(package)), options(options), result(result), work(*this->package) {}
  Status run(const Progress &progress);

private:
  Status prepare();
  Status fill(int64_t count);
  Expected<double> timePrompt(int64_t count);
  Expected<double> timeDecode();
  Status observe();
  Status round();
  Status summarize();

  Package package;
  const Options &options;
  Result &result;
  WorkObserver work;
  std::unique_ptr<Session> session;
  std::optional<Limits> limits;
  std::vector<int32_t> prompt;
  std::map<Operand, double> operations;
  std::vector<double> bandwidth, prefill, first, decode, load;
  std::vector<std::vector<double>> peaks; ///< [loop][round], measured just before the prefill
  std::vector<WorkObserver::Row> prefillRows, decodeRows;
};

double seconds(int64_t start) { return std::max(1e-9, static_cast<double>(nanoseconds() - start) * 1e-9); }

} // namespace

Status Measurement::fill(int64_t count) {
  Status status = session->truncate(0);
  return status ? session->append(prompt.data(), static_cast<size_t>(count)) : status;
}

Expected<double> Measurement::timePrompt(int64_t count) {
  if (auto status = session->truncate(0); !status) {
    return forward(status.error());
  }
  int64_t start = nanoseconds();
  Status status = session->append(prompt.data(), static_cast<size_t>(count));
  if (!status) {
    return forward(status.error());
  }
  if (auto token = session->sample(0); !token) {
    return forward(token.error());
  }
  return seconds(start);
}

/// Seconds a token: each is appended, its successor drawn.
Expected<double> Measurement::timeDecode() {
  if (session->position() < options.contextFill) {
    if (auto status = fill(options.contextFill); !status) {
      return forward(status.error());
    }
  }
  if (auto status = session->truncate(options.contextFill); !status) {
    return forward(status.error());
  }
  int32_t next = prompt.back();
  int64_t start = nanoseconds();
  for (int64_t i = 0; i < options.decode; ++i) {
    if (auto status = session->append(&next, 1); !status) {
      return forward(status.error());
    }
    auto token = session->sample(0);
    if (!token) {
      return forward(token.error());
    }
    next = *token;
  }
  return seconds(start) / static_cast<double>(options.decode);
}

/// Runs both phases once with an observer: what they read and compute, and the time of each op.
Status Measurement::observe() {
  session->observe({&work});
  auto spent = timePrompt(options.prefill);
  if (!spent) {
    return forward(spent.error());
  }
  operations = work.operations();
  prefillRows = work.rows();
  result.prefillOperations =
      std::accumulate(operations.begin(), operations.end(), 0.0,
                      [](double sum, const auto &entry) { return sum + entry.second; });
  if (auto status = fill(std::max<int64_t>(1, options.contextFill)); !status) {
    return status;
  }
  work.clear();
  if (spent = timeDecode(); !spent) {
    return forward(spent.error());
  }
  decodeRows = work.rows();
  result.decodeBytes = work.bytes() / static_cast<double>(options.decode);
  session->observe({});
  return {};
}

Status Measurement::prepare() {
  const package::ModelInfo &model = *package->manifest().model;
  int64_t needed = std::max({options.prefill, options.contextFill + options.decode, kFirstTokenPrompt});
  if (needed > model.context) {
    return fail("expected a context of " + std::to_string(needed) +
                " tokens for --prefill, --context-fill + --decode and the first token, got " +
                std::to_string(model.context));
  }
  prompt = promptTokens(model.vocabulary, std::max(needed, int64_t(1)));
  auto opened = Session::open(package, options.threads);
  if (!opened) {
    return forward(opened.error());
  }
  session = std::move(*opened);
  if (auto status = observe(); !status) {
    return status;
  }
  std::vector<Region> regions;
  for (uint32_t index : work.streamed()) {
    regions.push_back({package->parameter(index), package->manifest().parameters[index].bytes});
  }
  auto made = Limits::create(session->threads(), regions);
  if (!made) {
    return forward(made.error());
  }
  limits.emplace(std::move(*made));
  peaks.resize(limits->peaks().size());
  return {};
}

Status Measurement::round() {
  auto read = limits->readBandwidth();
  if (!read) {
    return forward(read.error());
  }
  auto token = timeDecode();
  if (!token) {
    return forward(token.error());
  }
  bandwidth.push_back(*read);
  decode.push_back(*token);
  for (size_t i = 0; i < peaks.size(); ++i) {
    auto peak = limits->peak(i);
    if (!peak) {
      return forward(peak.error());
    }
    peaks[i].push_back(*peak);
  }
  for (auto [samples, count] : {std::pair{&prefill, options.prefill}, std::pair{&first, kFirstTokenPrompt}}) {
    auto spent = timePrompt(count);
    if (!spent) {
      return forward(spent.error());
    }
    samples->push_back(*spent);
  }
  return {};
}

static std::vector<double> scaled(const std::vector<double> &samples, double factor, bool inverse = false) {
  std::vector<double> out;
  for (double sample : samples) {
    out.push_back(inverse ? factor / sample : factor * sample);
  }
  return out;
}

/// The quickest loop for an operand type in a round; 0 if there is none.
static double bestPeak(const Limits &limits, const std::vector<std::vector<double>> &peaks, Operand operand,
                       size_t round, const char **name = nullptr) {
  double best = 0;
  for (size_t i = 0; i < peaks.size(); ++i) {
    if (limits.peaks()[i].operand == operand && peaks[i][round] > best) {
      best = peaks[i][round];
      if (name) {
        *name = limits.peaks()[i].name;
      }
    }
  }
  return best;
}

Status Measurement::summarize() {
  // What the prefill would take at the peaks; without a peak for its operands there is no limit to compare with.
  std::vector<double> ideal;
  std::string limit;
  for (size_t i = 0; i < prefill.size(); ++i) {
    double least = 0;
    for (const auto &[operand, count] : operations) {
      const char *name = "";
      double peak = bestPeak(*limits, peaks, operand, i, &name);
      least += peak > 0 ? count / peak : 0;
      if (i == 0 && peak > 0) {
        limit += (limit.empty() ? "" : "+") + std::string(name);
      }
    }
    ideal.push_back(least);
  }
  double tokens = static_cast<double>(options.prefill);
  std::string label = "decode at " + std::to_string(options.contextFill);
  std::vector<double> stream = scaled(bandwidth, result.decodeBytes, true);
  Status status;
  auto then = [&](auto &&...arguments) {
    auto series = status ? makeSeries(arguments...) : forward(status.error());
    if (series) {
      result.series.push_back(std::move(*series));
    } else {
      status = forward(series.error());
    }
  };
  then("load", "s", load);
  then("prefill " + std::to_string(options.prefill), "tokens/s", scaled(prefill, tokens, true), limit, ideal,
       prefill);
  then("first token of " + std::to_string(kFirstTokenPrompt), "ms", scaled(first, 1e3));
  then(label, "ms/token", scaled(decode, 1e3), "read bandwidth", stream, decode);
  then(label, "tokens/s", scaled(decode, 1.0, true));
  then("read bandwidth", "GB/s", scaled(bandwidth, 1e-9));
  for (size_t i = 0; i < peaks.size(); ++i) {
    const PeakLoop &loop = limits->peaks()[i];
    then(std::string("peak ") + loop.name, loop.operand == Operand::Int8 ? "TOPS" : "TFLOPS",
         scaled(peaks[i], 1e-12));
  }
  return status;
}

static std::vector<OpRow> rate(const Limits &limits, const std::vector<std::vector<double>> &peaks,
                               const std::vector<double> &bandwidth,
                               const std::vector<WorkObserver::Row> &rows) {
  auto median = [](const std::vector<double> &samples) {
    auto summary = bench::summarize(samples);
    return summary ? summary->median : 0.0;
  };
  auto peakOf = [&](Operand operand) {
    std::vector<double> best;
    for (size_t i = 0; i < bandwidth.size(); ++i) {
      best.push_back(bestPeak(limits, peaks, operand, i));
    }
    return median(best);
  };
  std::vector<OpRow> out;
  for (const WorkObserver::Row &row : rows) {
    double least = (row.parameterBytes + row.stateBytes) / median(bandwidth), compute = 0;
    double peak = peakOf(row.operand), plain = peakOf(Operand::Float32);
    compute += peak > 0 ? row.operations / peak : 0;
    compute += plain > 0 ? row.attention / plain : 0;
    out.push_back({row, row.seconds > 0 ? std::max(least, compute) / row.seconds : 0});
  }
  return out;
}

Status Measurement::run(const Progress &progress) {
  progress("what it reads and computes");
  if (auto status = prepare(); !status) {
    return status;
  }
  result.readBytes = limits->readBytes();
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
    if (auto status = round(); !status) {
      return status;
    }
  }
  result.readLoop = limits->readLoop();
  if (options.perOp) {
    progress("time of each op");
    work.clear();
    // The first observed run paid for page faults.
    if (auto status = observe(); !status) {
      return status;
    }
    result.prefillOps = rate(*limits, peaks, bandwidth, prefillRows);
    result.decodeOps = rate(*limits, peaks, bandwidth, decodeRows);
    if (auto status = measurePeers(options, result, progress); !status) {
      return status;
    }
  }
  return summarize();
}

Expected<Result> bench::run(const std::string &path, const Options &options, const Progress &progress) {
  Result result;
  result.path = path;
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
    return fail(path + ": the package holds functions, not a language model");
  }
  result.name = model->name;
  result.quantization = model->quantization;
  result.isa = (*package)->isa();
  result.threads = options.threads > 0 ? options.threads : runtime::availableThreads();
  const machine::NpuMachine *accelerator = (*package)->code().simulated();
  if (accelerator) {
    result.accelerator = *accelerator;
    result.threads = 1;
  }
  progress("checking results");
  if (auto status =
          accelerator ? checkSimulated(*package, options, result) : check(*package, options, result);
      !status) {
    return forward(status.error(), path);
  }
  Status measured = accelerator                   ? measureSimulated(*package, options, result, progress)
                    : options.experts.isLimited() ? measureExperts(*package, options, result, progress)
                                                  : Measurement(*package, options, result).run(progress);
  if (auto status = std::move(measured); !status) {
    return forward(status.error(), path);
  }
  return result;
}
