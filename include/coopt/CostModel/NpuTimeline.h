//===- NpuTimeline.h - When engines of an accelerator are done -------------===//
//
// # In-order engines that wait for each other
//
// A core's engines take their entries in order and wait for each other where one makes what another reads, or reads what another overwrites (the
// order that `npu-synchronise` puts into programs). So the time of a program is a recurrence of maxima and sums over its steps, in the order of
// the program. A step is all that an engine does at one place (a tile of products, a map, a descriptor): `cycles` that it holds its engine, `results`
// that pass then until what it makes is there, `entries` in the engine's queue.
//
//   start  = max(end of the engine's step before, handed out, for each buffer that it reads or writes: done of the other engine's step + wake)
//   done   = start + cycles + results
//
// The control unit hands out one entry after the other: an entry of an engine whose queue is full waits until the entry `queueDepth` before it has
// started; the entries of a step start evenly over its cycles. `control` are the control unit's cycles for a step, the scalars of its addresses among
// them.
//
// Behind a loop an engine takes back the tokens of what it waits for from round to round: who writes a buffer of the loop waits until others have
// read it. Rounds of a loop are alike after a few of them: the others are as long as the last two.
//
// What it leaves out: engines in each other's way at banks and channels.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_NPUTIMELINE_H
#define COOPT_COSTMODEL_NPUTIMELINE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <vector>

namespace coopt::cost {

class NpuTimeline {
public:
  enum Engine { Matrix, Vector, Loads, Stores };
  static constexpr size_t kEngines = 4;
  struct Core {
    int64_t queueDepth = 1;
    double issueCycles = 0, wakeCycles = 0;
    bool hasOneChannel = false; ///< loads and stores are one engine
  };
  struct Step {
    Engine engine = Matrix;
    double cycles = 0, results = 0;
    double entries = 1, control = 1;
  };
  using Buffer = size_t;

  explicit NpuTimeline(const Core &core) : core(core) {}

  /// Something that engines write and read as a whole.
  Buffer buffer();
  void run(const Step &step, std::initializer_list<Buffer> reads, std::initializer_list<Buffer> writes);
  /// body(round), with `own` the buffers that rounds use anew.
  void loop(int64_t rounds, const std::vector<Buffer> &own, const std::function<void(int64_t)> &body);
  /// Control unit alone.
  void hold(double cycles) { state.control += cycles; }
  /// What comes begins when all that was begun is done, as where its buffers have the bytes of others.
  void wait();
  /// Adds to one of a few sums that grow with the rounds, such as bytes.
  void count(size_t which, double amount) { state.sums[which] += amount; }
  static constexpr size_t kSums = 8;

  double end() const; ///< of all steps
  double busy(Engine engine) const { return state.busy[engine]; }
  double controlCycles() const { return state.controlBusy; }
  double sum(size_t which) const { return state.sums[which]; }

private:
  struct Pushed {
    double first, entries, start, cycles;
  };
  struct Use {
    double written = 0;
    size_t writer = kEngines;
    std::array<double, kEngines> read = {};
  };
  struct State {
    double control = 0, controlBusy = 0;
    std::array<double, kEngines> free = {}, done = {}, pushed = {}, busy = {};
    std::array<double, kSums> sums = {};
  };

  Core core;
  State state;
  std::array<std::deque<Pushed>, kEngines> queues;
  std::vector<Use> uses;

  /// When an entry of an engine starts, by its number.
  double startOf(size_t engine, double entry) const;
  double last() const; ///< when all steps are done
  void skip(double cycles, double times, const State &before);
};

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_NPUTIMELINE_H
