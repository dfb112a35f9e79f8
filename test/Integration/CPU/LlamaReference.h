//===- LlamaReference.h - Two plain forward passes to compare packages with ------===//
//
// Neither shares code with the compiler or its kernels: loops over the equations of the architecture, one
// token after another.
//
//   float64   everything in binary64; what a float32 package may differ from by rounding alone
//   w8a8      the coded model bit by bit: codes of weights per row and of activations per token, integer
//   sums,
//             binary32 elsewhere, reductions and attention of the written shape (documentation of Numerics);
//             what a w8a8 package must equal
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_INTEGRATION_CPU_LLAMAREFERENCE_H
#define COOPT_TEST_INTEGRATION_CPU_LLAMAREFERENCE_H

#include "LlamaWeights.h"

namespace coopt::test {

/// The logits after each token, [tokens, vocabulary].
std::vector<double> float64Logits(const LlamaWeights &weights, const std::vector<int32_t> &tokens);
std::vector<float> w8a8Logits(const LlamaWeights &weights, const std::vector<int32_t> &tokens);

} // namespace coopt::test

#endif // COOPT_TEST_INTEGRATION_CPU_LLAMAREFERENCE_H
