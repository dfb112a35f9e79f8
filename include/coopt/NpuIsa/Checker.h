//===- Checker.h - Whether a program can go wrong -------------------------===//
//
// # Static checks
//
// A program that passes ends, touches no memory that is not there, and gives the same values however long its instructions take.
// What cannot be decided is refused. Of the cores' streams it is shown that
//
//   limits    channels, semaphores, tiles and k are those of the machine
//   bounds    every byte of an operand lies in its memory, for all rounds of all loops. Registers are followed as intervals: counters of loops,
//             what scalars make of them, what was loaded (0 to its bound). A register that is carried from one round to the next
//             has no interval: addresses are to be made of counters
//   balance   what a loop's body signals it also waits for, in each semaphore; so does the whole stream. Entries under one predicate are
//             balanced by themselves
//   pairs     a semaphore is signalled by one engine and waited for by one, so that it is known which wait meets which signal. Of the chip's
//             semaphores these may be engines of two cores; they are used without predicates, in loops of which the count is a number,
//             and what all cores signal is what they wait for
//   progress  nobody waits for ever, with queues as long as the machine's
//   order     two engines, of one core or of two, touch the same bytes, one of them writing, only with semaphores between them: no slot is
//             used again before it is free
//
// Progress and order are shown on the streams together, with loops in which no semaphore of the chip is used cut to their first rounds: what is waited for depends on the order of entries
// alone, and balanced rounds are alike. Loops whose count is data are tried with none, with one and with several rounds, predicates with all
// and with none of their entries.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPUISA_CHECKER_H
#define COOPT_NPUISA_CHECKER_H

#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Image.h"

namespace coopt::npu {

/// What a machine has; of a core but for DRAM and L2.
struct Limits {
  std::array<uint64_t, kSpaces> bytes = {}; ///< of each memory
  size_t cores = 1;
  unsigned channels = 1, semaphores = kSemaphores;
  unsigned queueDepth = 16;               ///< entries that wait at an engine
  int64_t rows = 16, columns = 16;        ///< of the array; 0: there is none
  std::optional<machine::NpuModes> modes; ///< of the array; absent: any
  bool hasVectors = true;
  int64_t mostSelected = 64; ///< k of topk.select; 0: there is no such engine
};

/// Those of a machine's cores.
Limits limitsOf(const machine::NpuMachine &machine);

/// Of an image that check() accepts. Errors begin with the place and the instruction: "core 0, entry 12 (mxu.stream, layers.0/mlp/up_proj):
/// from: spad[0x100 .. 0x1ff] is read while entry 4 (dma.copy) may write it".
Status checkProgram(const Image &image, const Limits &limits);

} // namespace coopt::npu

#endif // COOPT_NPUISA_CHECKER_H
