//===- Calibrate.h - This machine as cost models want it, measured ------------===//
#ifndef COOPT_RUNTIME_BENCH_CALIBRATE_H
#define COOPT_RUNTIME_BENCH_CALIBRATE_H

#include "coopt/Machine/Machine.h"
#include "coopt/Support/Error.h"

#include <functional>
#include <string>

namespace coopt::bench {

/// The processor this program runs on with `threads` cores (0: as many as the process may use): sizes as machine::hostMachine() finds them,
/// rates as measured, medians of rounds in which all are measured by turns:
///
///   caches        reading again and again what fills half of a core's share of the level, all cores at once
///   memory        reading what is four times the last cache, at least 256 MiB and at most a quarter of the memory
///   variants      multiply-adds on registers (PeakLoops.h). Sets without a loop of their own: the nominal rate at the clock that the nearest
///                 measured one implies
///   overheads     runs of the thread pool with nothing to do: with one item a thread, and what 65536 items more take each
///
/// `name` is the machine's. It takes some ten seconds; `progress` hears what goes on. Errors: a loop whose result is wrong; no memory.
Expected<machine::Machine> calibrate(int threads, const std::string &name,
                                     const std::function<void(const std::string &)> &progress);

/// What was measured, a line for each.
std::string calibrationTable(const machine::Machine &machine);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_CALIBRATE_H
