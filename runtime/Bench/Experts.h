//===- Experts.h - What it costs that experts do not all fit in memory --------===//
#ifndef COOPT_RUNTIME_BENCH_EXPERTS_H
#define COOPT_RUNTIME_BENCH_EXPERTS_H

#include "Bench/Check.h"

namespace coopt::bench {

/// Measures prefill and decoding with all experts mapped, with the limit of the options and what its policy reads ahead, and with
/// the limit reading on demand: in turn, on the same tokens, checked to give the same logits to the bit. Errors: those of loading
/// with the limit; a context that is too small; logits that differ.
Status measureExperts(const Package &mapped, const Options &options, Result &result,
                      const Progress &progress);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_EXPERTS_H
