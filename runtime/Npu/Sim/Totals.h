//===- Totals.h - What many runs took in all --------------------------------===//
#ifndef COOPT_NPU_SIM_TOTALS_H
#define COOPT_NPU_SIM_TOTALS_H

#include "Npu/Sim/Energy.h"

#include <map>
#include <string>
#include <tuple>

namespace coopt::npu {

/// Runs of one machine, one behind the other.
class Totals : public Counts {
public:
  /// `op`: what the run was of.
  void add(const Report &report, const std::string &op);

  /// Cycles in which each engine was busy, of those that had something to do: "control", "dma 0".
  const std::map<std::string, uint64_t> &busy() const { return busyCycles; }

  /// Cycles that an engine stood still in, of all runs of the same op of each layer, for one cause.
  struct Stall {
    std::string op; ///< a number between dots or slashes is a *: "layers.*/mlp/up_proj"
    std::string engine;
    Cause cause = Cause::NotHandedOut;
    unsigned which = 0; ///< as in Reason; of Semaphore the engine that signalled
    uint64_t cycles = 0;
  };
  /// The greatest first, at most `count`. Neither the control unit's nor those of engines that had nothing to do.
  std::vector<Stall> longestStalls(size_t count) const;

private:
  std::map<std::string, uint64_t> busyCycles;
  /// By op, engine, cause, which.
  std::map<std::tuple<std::string, unsigned, Cause, unsigned>, uint64_t> stalls;
};

/// The part of all multipliers of an array that multiplied, over all cycles: multiply-adds / (cycles x rows x columns). None if the machine has no
/// array.
std::optional<double> arrayUtilisation(const machine::NpuMachine &machine, const Counts &counts);

/// "dma 0: rows of hbm", "vector: semaphore of matrix".
std::string describe(const Totals::Stall &stall);

/// Lines for people, each with a word in front: npu-sim (cycles and time), busy, array, memory, energy, stalls.
std::string print(const machine::NpuMachine &machine, const std::string &name, const Totals &totals);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_TOTALS_H
