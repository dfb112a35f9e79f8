//===- LanguageModel.h - The entry points of a language model ---------------===//
//
// forward: sizes "tokens", "outputs" (<= tokens), "past"; argument i32[tokens]; result f32[outputs,
// vocabulary], the
//          logits of the last `outputs` tokens. Uses the states, whose positions 0..past-1 are filled.
// score:   size "outputs"; arguments f32[outputs, vocabulary], i32[outputs]; result f32[outputs], the
// negative
//          log-likelihood of each target.
// sample:  arguments f32[1, vocabulary], f32[1] temperature, f32[1] random in [0, 1); result i32[1].
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_SESSION_LANGUAGEMODEL_H
#define COOPT_RUNTIME_SESSION_LANGUAGEMODEL_H

#include "coopt/PackageFormat/Package.h"

#include <optional>

namespace coopt::runtime {

/// Where a language model's entries and sizes are. `score` and `sample` may be absent.
struct LanguageModel {
  int64_t vocabulary = 0, context = 0, chunk = 0;
  uint32_t forward = 0;
  uint32_t tokens = 0, outputs = 0, past = 0; ///< dimensions of `forward`
  int64_t maxOutputs = 0;
  std::optional<uint32_t> score, sample;
  int64_t maxScored = 0;

  /// Errors name the entry and what differs from the signature above, or a state that is too small for the
  /// context.
  static Expected<LanguageModel> find(const package::Program &program, const package::ModelInfo &info);
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_SESSION_LANGUAGEMODEL_H
