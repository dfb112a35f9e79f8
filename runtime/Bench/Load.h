//===- Load.h - From the start of a process to a session ----------------------===//
#ifndef COOPT_RUNTIME_BENCH_LOAD_H
#define COOPT_RUNTIME_BENCH_LOAD_H

#include "Bench/Benchmark.h"

namespace coopt::bench {

/// Starts this program anew with --load-only and waits until its session is open. Errors: no process, or it failed.
Expected<double> loadSeconds(const std::string &path, const Options &options);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_LOAD_H
