//===- Machine.h - What a machine can do, as data -------------------------===//
//
// # Machine
//
// A machine is a JSON file (schema `coopt-machine/1`) with units in its field names; cost models, schedulers
// and code generation read it and nothing else, so results depend on the description and never on the host
// that compiles. `kind` says which sort of machine it is: `cpu`, here, or `npu` (Npu.h); further kinds are
// further alternatives of Machine::description with a reader, a writer and a validate of their own.
//
//   { "schema": "coopt-machine/1", "kind": "cpu", "name": "desk",
//     "source": "data sheet; memory measured with a triad of 1 GiB",     (optional: where the numbers come from)
//     "cores": 8, "clock_mhz": 3000, "dispatch_overhead_ns": 2000, "work_item_overhead_ns": 100,
//     "caches": [                                                        (nearest first)
//       { "bytes": 32768, "line_bytes": 64, "shared_by_cores": 1, "gbytes_per_s_per_core": 192 },
//       { "bytes": 16777216, "line_bytes": 64, "shared_by_cores": 8, "gbytes_per_s_per_core": 48 } ],
//     "memory": { "bytes": 17179869184, "gbytes_per_s": 20, "latency_ns": 90 },
//     "variants": { "generic": { "vector_bits": 128, "vector_registers": 16, "f32_gflops_per_core": 24,
//                                "i8_gops_per_core": 48, "u_acc": { "f32": 5.9604644775390625e-08 } }, .. } }
//
// A multiply-add counts as two operations; 1 gbyte = 1e9 bytes. Every mistake is reported with the JSON path
// of the value: `desk.json: $.caches[1].bytes: expected a positive integer, got -3`.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_MACHINE_MACHINE_H
#define COOPT_MACHINE_MACHINE_H

#include "coopt/Machine/Npu.h"
#include "coopt/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coopt::machine {

/// A set of instructions a CPU kernel is compiled for, in ascending order of preference. Each includes those
/// before.
///   generic: what every x86-64 has (SSE2);  avx2: AVX2 and FMA;  avx512: F, BW, DQ, VL and VNNI;  amx: the
///   matrix unit (tiles, int8 and bf16) beside AVX-512.
enum class InstructionSet { Generic, Avx2, Avx512, Amx };

/// All of them, ascending.
const std::vector<InstructionSet> &allInstructionSets();
/// "generic", "avx2", "avx512", "amx": as in JSON and on command lines.
const char *name(InstructionSet set);
/// Whether it has instructions that spread packed numbers over a vector as a mask says, and move the numbers of a vector to where
/// another one says (VPEXPAND, VPERM: AVX-512). Kernels then read what is left of sparse weights about as fast as memory brings it;
/// without, numbers are put in their places one by one, which takes longer than reading the zeros.
bool expandsVectors(InstructionSet set);
/// Errors: an unknown name; the message lists the known ones.
Expected<InstructionSet> parseInstructionSet(std::string_view name);

/// One data or unified cache level.
struct Cache {
  int64_t bytes = 0;         ///< of one instance
  int64_t lineBytes = 0;     ///< power of two
  int64_t sharedByCores = 0; ///< cores that share one instance
  double gbytesPerSecondPerCore = 0;

  friend bool operator==(const Cache &a, const Cache &b) {
    return a.bytes == b.bytes && a.lineBytes == b.lineBytes && a.sharedByCores == b.sharedByCores &&
           a.gbytesPerSecondPerCore == b.gbytesPerSecondPerCore;
  }
};

struct Memory {
  int64_t bytes = 0;
  double gbytesPerSecond = 0; ///< all cores together
  double latencyNanoseconds = 0;

  friend bool operator==(const Memory &a, const Memory &b) {
    return a.bytes == b.bytes && a.gbytesPerSecond == b.gbytesPerSecond &&
           a.latencyNanoseconds == b.latencyNanoseconds;
  }
};

/// What one core reaches with one instruction set.
struct SimdVariant {
  InstructionSet set = InstructionSet::Generic;
  int64_t vectorBits = 0;
  int64_t vectorRegisters = 0;
  double f32GflopsPerCore = 0; ///< 1e9 float operations per second
  double i8GopsPerCore = 0; ///< 1e9 integer operations per second of an int8 contraction, int32 accumulators
  /// Accumulation roundoff of Bounded contractions by input type ("f32", "f16", "bf16"); "f32" is always
  /// there.
  std::map<std::string, double> accumulationRoundoff;

  friend bool operator==(const SimdVariant &a, const SimdVariant &b) {
    return a.set == b.set && a.vectorBits == b.vectorBits && a.vectorRegisters == b.vectorRegisters &&
           a.f32GflopsPerCore == b.f32GflopsPerCore && a.i8GopsPerCore == b.i8GopsPerCore &&
           a.accumulationRoundoff == b.accumulationRoundoff;
  }
};

struct CpuMachine {
  int64_t cores = 0;
  double clockMegahertz = 0;
  double dispatchNanoseconds = 0; ///< to start and join one kernel over all threads
  double workItemNanoseconds = 0; ///< to fetch and enter one work item
  std::vector<Cache> caches;      ///< nearest first
  Memory memory;
  std::vector<SimdVariant> variants; ///< ascending, the first is generic

  /// The variant for `set`, or null if the machine does not have it.
  const SimdVariant *variant(InstructionSet set) const;

  friend bool operator==(const CpuMachine &a, const CpuMachine &b) {
    return a.cores == b.cores && a.clockMegahertz == b.clockMegahertz &&
           a.dispatchNanoseconds == b.dispatchNanoseconds && a.workItemNanoseconds == b.workItemNanoseconds &&
           a.caches == b.caches && a.memory == b.memory && a.variants == b.variants;
  }
};

struct Machine {
  std::string name;   ///< letters, digits, '.', '_', '-'
  std::string source; ///< where the numbers come from; may be empty
  std::variant<CpuMachine, NpuMachine> description;

  /// "cpu", "npu"
  const char *kind() const;
  /// Null if the machine is of another kind.
  const CpuMachine *cpu() const { return std::get_if<CpuMachine>(&description); }
  CpuMachine *cpu() { return std::get_if<CpuMachine>(&description); }
  const NpuMachine *npu() const { return std::get_if<NpuMachine>(&description); }
  NpuMachine *npu() { return std::get_if<NpuMachine>(&description); }

  friend bool operator==(const Machine &a, const Machine &b) {
    return a.name == b.name && a.source == b.source && a.description == b.description;
  }
  friend bool operator!=(const Machine &a, const Machine &b) { return !(a == b); }
};

/// The kinds this version reads, for messages and help.
const std::vector<std::string> &knownKinds();

/// Reads and validates a description. Errors start with `fileName`: broken JSON with line and column; a key
/// that is unknown (with a suggestion if one is close), missing or given twice; a wrong type; whatever
/// validate refuses.
Expected<Machine> parseMachine(std::string_view text, const std::string &fileName);

/// Success if every value is in its range and consistent with the others; otherwise the first that is not,
/// with its JSON path.
Status validate(const Machine &machine);

/// The description as JSON text, which parseMachine reads back to an equal machine.
std::string toJson(const Machine &machine);

/// The processor this program runs on: cores it may use, instruction sets (cpuid), caches (sysfs, else
/// sysconf), clock (cpufreq, else /proc/cpuinfo) and memory (sysconf). Throughputs are nominal (see
/// presetCpu) and bandwidths those of the presets, since neither can be known without measuring; `source`
/// says so. Always valid.
Machine hostMachine();

/// Fixed descriptions, so that what is compiled does not depend on the host: `generic-x86-64`, `avx2`,
/// `avx512`, `amx`. Four cores of 3 GHz; throughputs are nominal: of f32, one multiply and one add per cycle
/// (generic) or two fused multiply-adds per cycle, on full vectors; of int8, one widened 16-bit pairwise
/// multiply-add per cycle (generic, avx2), one dot product of four per lane and cycle (avx512), one tile product
/// of 16 x 64 x 16 in 16 cycles (amx). Errors: an unknown name; the message lists the known ones.
Expected<Machine> presetCpu(std::string_view name);
const std::vector<std::string> &presetCpuNames();

/// Accelerators that something is published about to compare with; `source` names it. What the source does not say is that of
/// `edge1`, a design of this project. Ports, and an accumulator that would hold no tile, grow with the array. A memory that the
/// source has not is not there. Errors: an unknown name; the message lists the known ones.
Expected<Machine> presetNpu(std::string_view name);
const std::vector<std::string> &presetNpuNames();

/// The machine that a command line names: `cpu` (the preset amx, so that what is compiled doesn't depend on where), `cpu:PRESET`,
/// `npu:PRESET`, or the path of a description that ends in `.json`. Errors: other texts, unknown presets, files that can't be
/// read, whatever parseMachine refuses.
Expected<Machine> findMachine(const std::string &text);
/// What findMachine takes, one line each with what it is, for people.
std::string describeMachines();

} // namespace coopt::machine

#endif // COOPT_MACHINE_MACHINE_H
