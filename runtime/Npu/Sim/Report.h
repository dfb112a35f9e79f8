//===- Report.h - Where the time of a program went ---------------------------===//
//
// Every cycle of every engine is busy, or it has one cause: an engine is busy in a cycle in which one of its entries goes on. `stalls` has
// the others, cycle by cycle; EngineTime their sums. For each engine busy and the stalls are the program's time, which is asserted in every run.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_SIM_REPORT_H
#define COOPT_NPU_SIM_REPORT_H

#include "Npu/Sim/Source.h"
#include "Npu/Sim/DmaTransfer.h"
#include "Npu/Sim/Work.h"

#include <map>

namespace coopt::npu {

/// Why an engine stood still.
enum class Cause : uint8_t {
  NotHandedOut, ///< nothing in its queue
  Semaphore,    ///< it waited for one
  Busy,         ///< the unit of the engine that it needed was busy
  Queue,        ///< the control unit: a queue was full
  Fence,        ///< the control unit: engines had not finished
  Finished,     ///< nothing came any more
  Latency,      ///< a DMA: of a memory, before the first byte or after the last
  Rows,         ///< a DMA: rows of the hbm had to be opened
  Shared,       ///< another engine had a memory's port, bank or channel
};
constexpr size_t kCauses = 9;
const char *name(Cause cause);

struct Reason {
  Cause cause = Cause::NotHandedOut;
  unsigned which =
      0; ///< the semaphore; of Queue the engine, as Stream numbers them; of the last three the PortKind
  Party other = {}; ///< of Rows and Shared: who had it, if it was somebody; of Semaphore: who signalled

  friend bool operator<(const Reason &a, const Reason &b) {
    return a.cause != b.cause   ? a.cause < b.cause
           : a.which != b.which ? a.which < b.which
                                : a.other < b.other;
  }
};

/// Whose entry it is: "core 0, matrix at entry 3 (mxu.stream, layers.0/up)".
std::string describe(const Image &image, const Party &party);
/// "semaphore 3 of core 0, matrix at entry 9 (mxu.stream)", "spad reads held by core 0, dma 1 at entry 4 (dma.copy)", "rows of hbm", "fence".
std::string describe(const Image &image, const Reason &reason);
/// The same without who had it.
std::string describe(Cause cause, unsigned which);

struct EngineTime {
  std::string name; ///< "control", "matrix", "vector", "topk", "dma 0"
  uint32_t core = 0;
  uint32_t number = 0; ///< as Stream numbers them
  uint64_t busy = 0;
  std::map<Reason, uint64_t> stalls;
};

/// An entry from its start until its results are there.
struct Slice {
  unsigned engine = 0; ///< its place in Report::engines
  size_t entry = 0;
  uint64_t start = 0, end = 0; ///< cycles
  uint64_t bytes = 0;          ///< of a DMA: moved
};

/// Cycles in which an engine did nothing.
struct Stall {
  unsigned engine = 0; ///< its place in Report::engines
  size_t entry = 0;    ///< that it would have gone on with; of Finished none
  uint64_t start = 0, end = 0;
  Reason reason;
};

/// What is counted of a run.
struct Counts {
  uint64_t cycles = 0;
  uint64_t entries = 0; ///< of the control units
  Traffic traffic;      ///< of all cores
  uint64_t rowHits = 0,
           rowOpenings = 0;         ///< bursts of the hbm that found their row open; rows that were opened
  std::vector<ActionCount> actions; ///< of matrix, vector and topk

  /// That of another run comes behind it.
  void add(const Counts &other);
  /// Of the array.
  uint64_t multiplyAdds() const;
};

struct Report : Counts {
  std::vector<EngineTime>
      engines;               ///< by core, the control unit first; those that had nothing to do are left out
  std::vector<Slice> slices; ///< by their ends; of a run that is traced
  std::vector<Stall> stalls; ///< of each engine ascending; of a run that is traced
  Recording recording;       ///< of a run that is recorded
};

/// Engines: the control unit, matrix, vector, topk, then the channels of DMA.
constexpr unsigned kEngines = 4 + kChannels;
std::string engineName(unsigned engine);
unsigned engineOf(const Entry &entry);

/// Collects what an engine did, and makes the sums.
class Account {
public:
  struct Busy {
    uint64_t start, end;
  };
  /// Time in which an entry went on or would have, and in it, ascending and apart, the cycles in which it did not.
  void add(uint64_t start, uint64_t end, const std::vector<Stall> &within);
  /// Time between entries.
  void stands(const Stall &stall) { between.push_back(stall); }
  /// Makes the sums of `time`; `stalls`, unless null, gets them one by one. Errors: a cycle that is neither busy nor has a cause.
  Status close(uint64_t cycles, EngineTime &time, std::vector<Stall> *stalls) const;

private:
  std::vector<Busy> parts;
  std::vector<Stall> inside, between;
};

/// Cuts the waits of an entry, in fractions of cycles, to whole cycles: `total` of all, within [start, end).
std::vector<Stall> wholeCycles(const std::vector<DmaTransfer::Wait> &waits, uint64_t start, uint64_t end,
                               uint64_t total, size_t entry);

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_REPORT_H
