//===- Benchmark.h - One package, measured against the machine's limits -----===//
#ifndef COOPT_RUNTIME_BENCH_BENCHMARK_H
#define COOPT_RUNTIME_BENCH_BENCHMARK_H

#include "Bench/Peers.h"
#include "Bench/Samples.h"
#include "Bench/Work.h"
#include "Experts/ExpertOptions.h"
#include "Npu/Sim/Totals.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coopt::bench {

struct Options {
  std::string isa;
  int threads = 0;          ///< 0: as many as the process may use
  int64_t prefill = 512;    ///< tokens
  int64_t decode = 32;      ///< tokens of one sample
  int64_t contextFill = 32; ///< tokens held before decoding
  int repeat = 9;
  bool perOp = false;
  bool timingOnly = false; ///< of simulated accelerators: values only where they decide what is executed
  std::vector<std::shared_ptr<Peer>> peers; ///< timed at the shapes of the ops; they need perOp
  std::string reference;                    ///< a package whose scores must agree; empty: none
  runtime::ExpertOptions experts;           ///< limited: what that costs is measured in place of all else
  double tolerance = 0.1; ///< of the mean absolute difference in negative log-likelihood, nats
};

/// Tokens of the prompt whose time to the first token is measured.
constexpr int64_t kFirstTokenPrompt = 32;

struct Series {
  std::string name, unit;
  std::vector<double> samples;
  Summary summary;
  std::string limit;          ///< which limit `shares` are of; empty: none
  std::vector<double> shares; ///< one a pair
  Summary share;
};

/// Samples with their summary, or an error that begins with their name. With a limit, shares of it: ideal[i] / times[i].
Expected<Series> makeSeries(std::string name, std::string unit, std::vector<double> samples,
                            std::string limit = "", const std::vector<double> &ideal = {},
                            const std::vector<double> &times = {});

struct OpRow {
  WorkObserver::Row row;
  double share = 0; ///< of the limit: the larger of bytes / B and operations / peak, over the time
};

/// What a simulated accelerator did for so many tokens.
struct SimulatedPhase {
  std::string name; ///< "prefill", "decode"
  int64_t tokens = 0;
  npu::Totals totals;
};

struct Result {
  std::string path, name, quantization, isa, checked, readLoop;
  int threads = 0;
  uint64_t readBytes = 0;       ///< what the bandwidth is measured on
  double decodeBytes = 0;       ///< parameters and state read by one decoded token, mean
  double prefillOperations = 0; ///< of one prefill
  std::optional<double> meanNll, referenceNll, nllDifference;
  std::vector<Series> series;
  std::vector<OpRow> prefillOps, decodeOps;       ///< empty unless asked for
  std::optional<machine::NpuMachine> accelerator; ///< that is simulated
  std::vector<SimulatedPhase> phases;             ///< of it
  std::vector<std::string> peers;
  std::map<Product, std::vector<double>> peerSeconds; ///< one of each peer
};

/// Called with what is being done.
using Progress = std::function<void(const std::string &)>;

/// Checks the package's results, then measures. Errors, with the path in front: those of loading; no language model; a
/// context that is too small for what is asked; results that differ between numbers of threads or from the reference.
Expected<Result> run(const std::string &path, const Options &options, const Progress &progress);

/// Loads, opens a session and writes one byte to standard output: what the load time is measured to.
Status loadOnly(const std::string &path, const Options &options);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_BENCHMARK_H
