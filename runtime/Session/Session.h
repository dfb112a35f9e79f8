//===- Session.h - State, position and random numbers of one conversation ---===//
#ifndef COOPT_RUNTIME_SESSION_SESSION_H
#define COOPT_RUNTIME_SESSION_SESSION_H

#include "Executor/Executor.h"
#include "Session/LanguageModel.h"
#include "Session/StateStore.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coopt::runtime {

/// An argument as its caller holds it; no alignment is needed.
struct TensorView {
  std::string name;
  package::ElementType type = package::ElementType::F32;
  std::vector<int64_t> shape;
  const void *data = nullptr;
};

/// A result.
struct Tensor {
  std::string name;
  package::ElementType type = package::ElementType::F32;
  std::vector<int64_t> shape;
  AlignedMemory memory;
};

/// Belongs to one thread at a time. After an error it is as it was before the call, but for what truncate does to a state
/// with blocks if chunks before the one that failed went beyond its residual.
class Session {
public:
  /// `threads` 0: as many as the process may use.
  static Expected<std::unique_ptr<Session>> open(std::shared_ptr<const LoadedPackage> package,
                                                 int threads = 0);

  const LoadedPackage &package() const { return executor->package(); }
  int threads() const { return executor->threads(); }
  void observe(std::vector<Observer *> observers) { executor->observe(std::move(observers)); }

  // Language models.
  int64_t position() const { return filled; }
  Status append(const int32_t *tokens, size_t count);
  /// nll[i] = -ln p(targets[i] | everything up to tokens[i]).
  Status score(const int32_t *tokens, const int32_t *targets, size_t count, float *nll);
  /// f32[vocabulary] of the last token, or null if there is none (nothing appended, or truncated since).
  const float *logits() const { return hasLogits ? currentLogits() : nullptr; }
  /// temperature 0: the largest logit.
  Expected<int32_t> sample(float temperature);
  void seed(uint64_t value) { randomSeed = value; }
  Status truncate(int64_t position);
  Expected<std::unique_ptr<Session>> fork() const;
  Status save(const std::string &path) const;
  Status load(const std::string &path);

  /// Calls any entry. Sizes come from the arguments' shapes; those that no argument has are in `sizes` by
  /// name.
  Expected<std::vector<Tensor>> call(const std::string &entry, const std::vector<TensorView> &arguments,
                                     const std::vector<std::pair<std::string, int64_t>> &sizes = {});

private:
  Session() = default;
  Status needModel() const;
  Status checkTokens(const int32_t *tokens, size_t count, const char *what) const;
  Status forward(const int32_t *tokens, int64_t count, int64_t outputs, int64_t past, float *logits);
  Status appendChunks(const int32_t *tokens, int64_t count);
  Status scoreChunks(const int32_t *tokens, const int32_t *targets, int64_t count, float *nll);
  float *currentLogits() const { return reinterpret_cast<float *>(logitBuffers[current].data()); }
  float *nextLogits() const { return reinterpret_cast<float *>(logitBuffers[1 - current].data()); }

  std::unique_ptr<Executor> executor;
  std::optional<LanguageModel> model;
  StateStore states;
  int64_t filled = 0;
  uint64_t randomSeed = 0;
  // Two, so that a failed append leaves the old ones.
  AlignedMemory logitBuffers[2];
  int current = 0;
  bool hasLogits = false;
  AlignedMemory tokenBuffer;                          ///< i32[chunk]
  AlignedMemory scoreLogits, targetBuffer, nllBuffer; ///< for score(), made when first needed
  AlignedMemory sampleArguments[2], sampleResult;
};

/// The random number of a position: splitMix64(seed, position) >> 40, times 2^-24, in [0, 1).
float randomNumber(uint64_t seed, uint64_t position);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_SESSION_SESSION_H
