//===- PeakLoops.h - Loops that only compute --------------------------------===//
#ifndef COOPT_RUNTIME_BENCH_PEAKLOOPS_H
#define COOPT_RUNTIME_BENCH_PEAKLOOPS_H

#include <cstdint>
#include <vector>

namespace coopt::bench {

/// What a contraction multiplies.
enum class Operand { Int8, Float32, BFloat16 };
const char *operandName(Operand operand);

/// Multiply-adds of one instruction family on registers alone, as many independent chains as its latency needs. The
/// operands are small integers, so the result is exact and known.
struct PeakLoop {
  const char *name; ///< "amx_int8", "avx512_vnni", ...
  Operand operand;
  uint64_t operations;              ///< of one iteration; a multiply-add is two
  uint64_t iterations;              ///< of one run: about a millisecond, few enough that sums stay exact
  bool (*run)(uint64_t iterations); ///< whether the sums are those that they must be
};

/// Those that this processor and operating system can run. Asks once for the permission to use AMX's tiles.
std::vector<PeakLoop> peakLoops();

/// In PeakAmx.cpp, PeakAvx512.cpp, PeakAvx2.cpp; for peakLoops() alone. The caller has looked at the processor's features.
void addAmxInt8Loop(std::vector<PeakLoop> &loops);
void addAmxBFloat16Loop(std::vector<PeakLoop> &loops);
void addAvx512Loop(std::vector<PeakLoop> &loops);
void addAvx512VnniLoop(std::vector<PeakLoop> &loops);
void addAvx2Loop(std::vector<PeakLoop> &loops);
void addAvxVnniLoop(std::vector<PeakLoop> &loops);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_PEAKLOOPS_H
