//===- Simulated.h - A package on a simulated accelerator ---------------------===//
#ifndef COOPT_RUNTIME_BENCH_SIMULATED_H
#define COOPT_RUNTIME_BENCH_SIMULATED_H

#include "Bench/Check.h"

namespace coopt::bench {

/// What the accelerator takes for a prefill and for decoded tokens, and how fast the host simulates that. Fills in series and phases. Errors: a context
/// that is too small; options that belong to a processor.
Status measureSimulated(const Package &package, const Options &options, Result &result,
                        const Progress &progress);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_SIMULATED_H
