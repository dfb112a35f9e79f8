//===- Inference.h - Packages and sessions of the C interface, for tests --------===//
#ifndef COOPT_TEST_INTEGRATION_CPU_INFERENCE_H
#define COOPT_TEST_INTEGRATION_CPU_INFERENCE_H

#include "coopt.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace coopt::test {

using Tokens = std::vector<int32_t>;
using Logits = std::vector<float>;

/// Instruction-set variants that this processor can run.
std::vector<std::string> runnableVariants();

/// Two of the variants, another pair each turn; all with COOPT_SLOW. A package takes the compiler seconds a variant.
std::vector<std::string> variantsInTurn(size_t turn);
/// As an --isa option has them.
std::string joined(const std::vector<std::string> &variants);

using PackagePointer = std::shared_ptr<coopt_package>;
using SessionPointer = std::shared_ptr<coopt_session>;

/// Opens a package; "" is the best variant. Throws the C interface's message, which fails the test, as all
/// here do.
PackagePointer openPackage(const std::string &path, const std::string &isa = "");
/// Opens a session that keeps its package.
SessionPointer openSession(const PackagePointer &package, int threads = 1);
SessionPointer fork(const SessionPointer &session, const PackagePointer &package);

/// Appends tokens in pieces of `piece` (the last may be shorter) and returns the logits of every piece's last
/// token, one after another.
Logits append(const SessionPointer &session, const PackagePointer &package, const Tokens &tokens,
              size_t piece);

/// The logits after all tokens, appended in one call.
Logits lastLogits(const PackagePointer &package, const Tokens &tokens, int threads = 1);
/// The logits after each token, [tokens, vocabulary].
Logits allLogits(const PackagePointer &package, const Tokens &tokens, int threads = 1);

/// `count` tokens of greedy decoding after a prompt, an end token included.
Tokens greedy(const PackagePointer &package, const Tokens &prompt, size_t count, int threads = 1);

/// The mean negative log-likelihood over all predicted tokens.
double meanNll(const PackagePointer &package, const std::vector<Tokens> &sequences, int threads = 1);

/// `count` ids below `vocabulary`, without a pattern.
Tokens someTokens(size_t count, int64_t vocabulary, uint32_t seed);

/// Where two arrays of equal length differ in their bits: "" if nowhere, else the first place and both
/// values.
std::string difference(const Logits &got, const Logits &expected);

} // namespace coopt::test

#endif // COOPT_TEST_INTEGRATION_CPU_INFERENCE_H
