//===- Commands.h - What coopt-run can do -----------------------------------===//
#ifndef COOPT_TOOLS_COOPT_RUN_COMMANDS_H
#define COOPT_TOOLS_COOPT_RUN_COMMANDS_H

#include "Measure/InputStatistics.h"
#include "Measure/Statistics.h"
#include "Measure/Trace.h"
#include "Record/Compare.h"
#include "Record/Recorder.h"
#include "Session/Session.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coopt::run {

struct Options {
  std::string package;
  std::string device, isa; ///< empty: what the package has code for, the best that the processor has
  int threads = 0;
  bool verify = false;
  std::string expertMemory; ///< empty: all experts are mapped
  std::string expertPolicy = "score", expertPrefetch = "router";

  std::optional<std::string> prompt;
  std::vector<int32_t> tokens;
  int64_t count = 64;
  float temperature = 0;
  uint64_t seed = 0;
  bool printTokens = false;
  bool printLogits = false;

  std::string score, scoreAgainst;
  std::string function;
  std::vector<std::string> inputs, outputs, sizes; ///< name=value

  std::string record, replay;
  std::vector<double> replayTolerance; ///< empty, or absolute and relative
  bool replayPartial = false;
  bool stats = false;
  std::string trace;
  std::string collectStatistics; ///< a file, or none
  bool collectHessian = false;
};

using Package = std::shared_ptr<const runtime::LoadedPackage>;

/// The observers that the options ask for.
class Measurement {
public:
  static Expected<std::unique_ptr<Measurement>> create(const Options &options, const Package &package);
  std::vector<runtime::Observer *> observers() const;
  /// How many tokens took how long in one phase ("prefill", "decode", "score").
  void phase(const std::string &name, int64_t tokens, double seconds);
  /// Writes what was measured: the table to stderr, trace, record and statistics to their files.
  Status finish();

private:
  explicit Measurement(const Options &options) : options(options) {}
  void printTable() const;

  struct Phase {
    std::string name;
    int64_t tokens = 0;
    double seconds = 0;
  };
  const Options &options;
  std::vector<Phase> phases;
  std::string sparsity; ///< of the package (ModelInfo)
  Package package;
  std::unique_ptr<runtime::Statistics> statistics;
  std::unique_ptr<runtime::Trace> trace;
  std::unique_ptr<runtime::InputStatistics> inputStatistics;
  std::unique_ptr<runtime::Recorder> recorder;
};

/// A clock that starts when it is made.
class Stopwatch {
public:
  Stopwatch();
  double seconds() const;

private:
  int64_t start;
};

/// An open session with the observers of `measurement`.
Expected<std::unique_ptr<runtime::Session>> openSession(const Options &options, const Package &package,
                                                        const Measurement &measurement);

Status generate(const Options &options, const Package &package);
Status score(const Options &options, const Package &package);
/// How far the distributions of `package` are from those of another package, over the predicted positions of
/// the sequences.
struct Divergence {
  double kl = 0;   ///< mean of KL(other || package), in nats
  double top1 = 0; ///< share of positions whose most probable tokens are the same
};
Expected<Divergence> divergence(const Options &options, const Package &package,
                                const std::vector<std::vector<int32_t>> &sequences);
Status callFunction(const Options &options, const Package &package);
/// The value is whether the replay found no difference that counts.
Expected<bool> replayRecord(const Options &options, const Package &package);

} // namespace coopt::run

#endif // COOPT_TOOLS_COOPT_RUN_COMMANDS_H
