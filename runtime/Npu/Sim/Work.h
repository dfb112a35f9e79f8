//===- Work.h - What an instruction needs ------------------------------------===//
//
// Of an entry of the matrix, vector and topk engines alone, with registers resolved, in cycles of the core: how long it takes while nobody is
// in its way, and which memories it goes over meanwhile. Matrix products follow the laws of CostModel/MatrixArray.h; here is how they are made of
// entries, for an array of R rows and C columns, v registers down and h across:
//
//   mxu.weights    K B cycles of the weight port. In a chain of shadows the next weights wait until the last row in use has taken its own,
//                  (K-1)v cycles after the tile's first activation
//   mxu.stream     M A cycles of the activation port, of dot at least minimum_stripe_cycles until the next; the last sum is out resultDelay() cycles
//                  after the last word. (The law lets the first A - 1 words of a tile's activations come before its weights are there, here they
//                  come after; A = 1 if the port is as wide as its rows.)
//   mxu.multiply   K steps of a pair of words (S, in bitserial), or what both ports need for K words; a cell's last sum is in its shadow
//                  (M-1)v + (C-1)h cycles later
//   mxu.drain      from the last pair of words on; (M-1)v + R-1 cycles later the shadows are free for the next sums, the last is out after
//                  (M-1)v + (C-1)h + R. Without shadows the next pair waits until then
//
// Words come spad.latency_cycles after they are asked for, so results are as much later. What each mode needs more:
//
//   sums       a row of sums goes to the accumulator each cycle; rows that are added to the same line, and entries that add, take rmw_cycles at least
//   lut        F cycles of tables, H max(Gw, M) of look-ups; the tables are read and built in turn unless they are double buffered
//   os         activations are read by rows and turned in front of the port, ahead of time
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_WORK_H
#define COOPT_NPU_SIM_WORK_H

#include "Npu/Sim/Levels.h"
#include "coopt/Machine/Energy.h"
#include "coopt/NpuIsa/Effects.h"

namespace coopt::npu {

/// The parts of the matrix engine work side by side; other engines are one part.
enum class Unit : uint8_t { Main, Loads, Drains };
constexpr unsigned kUnits = 3;
constexpr uint8_t setOf(Unit unit) { return static_cast<uint8_t>(1u << static_cast<unsigned>(unit)); }

/// Rows of a memory that an entry goes over.
struct MemoryUse {
  size_t operand = 0;   ///< the field with the address
  uint64_t address = 0; ///< its value, of the entry that was asked for
  Space space = Space::Spad;
  bool isWrite = false;
  Pattern pattern;
};

/// What energy is counted of.
struct ActionCount {
  Engine engine = Engine::Matrix;
  std::string name; ///< "multiply_add i8 x i8"
  std::optional<machine::EnergyAction> energy;
  uint64_t count = 0;
  bool areMultiplyAdds = false; ///< of the array
};

struct Work {
  uint64_t occupied = 1; ///< cycles until the unit may start its next entry
  uint64_t latency = 1;  ///< until results are there; at least `occupied`
  Unit unit = Unit::Main;
  uint8_t waitsFor = setOf(Unit::Main); ///< units that must be free
  uint64_t loadsBlocked =
      0; ///< cycles in which Loads can't start (a chain's shadows, or the only tables, are in use)
  uint64_t unitBlocked = 0; ///< cycles in which its own unit starts nothing else (a minimum stripe)
  bool blocksMain = false;  ///< Main waits for the results
  std::vector<MemoryUse> uses;
  ActionCount action;
};

/// `accesses`: those of the entry.
Work workOf(const machine::NpuMachine &machine, const Settings &settings, const Entry &entry,
            const Accesses &accesses, PartSet infinite);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_WORK_H
