//===- Check.h - Whether a package computes what it should ------------------===//
#ifndef COOPT_RUNTIME_BENCH_CHECK_H
#define COOPT_RUNTIME_BENCH_CHECK_H

#include "Bench/Benchmark.h"
#include "Session/Session.h"

namespace coopt::bench {

using Package = std::shared_ptr<const runtime::LoadedPackage>;

/// `count` ids that depend on their places alone.
std::vector<int32_t> promptTokens(int64_t vocabulary, int64_t count);

/// Greedy tokens on two numbers of threads: ids and logits are equal to the bit. With a reference, the negative
/// log-likelihoods of a fixed sequence differ by no more than the tolerance, in the mean of absolute differences. Fills
/// in what was checked.
Status check(const Package &package, const Options &options, Result &result);

/// The same of a simulated accelerator: greedy tokens twice in one session, so that what its memories held before is another time something else. Of
/// time alone nothing can be checked.
Status checkSimulated(const Package &package, const Options &options, Result &result);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_CHECK_H
