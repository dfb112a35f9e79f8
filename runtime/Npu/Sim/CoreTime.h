//===- CoreTime.h - A core's engines in time ---------------------------------===//
#ifndef COOPT_NPU_SIM_CORETIME_H
#define COOPT_NPU_SIM_CORETIME_H

#include "Npu/Sim/Fifo.h"
#include "Npu/Sim/Report.h"

#include <queue>

namespace coopt::npu {

struct TimedEvent {
  enum class Kind : uint8_t { Control, Start, Piece, Access, End, Signal };
  uint64_t time, order; ///< of equal times, as they came
  Kind kind;
  uint32_t core;
  unsigned which;     ///< engine, semaphore, or slot of an access
  uint32_t entry = 0; ///< of a Signal: whose it is

  bool operator<(const TimedEvent &other) const {
    return time != other.time ? time > other.time : order > other.order;
  }
};

/// What the cores share.
struct ChipTime {
  ChipTime(const machine::NpuMachine &machine, PartSet infinite, bool isTraced)
      : levels(machine, infinite), isTraced(isTraced) {}

  Levels::Chip levels;
  std::priority_queue<TimedEvent> events;
  uint64_t now = 0, order = 0;
  std::array<uint64_t, kChipSemaphores> semaphores = {};
  std::array<Party, kChipSemaphores> signallers = {}; ///< who signalled each last
  Traffic traffic;
  std::vector<ActionCount> actions;
  Sharing sharing;
  std::vector<uint64_t> ends; ///< by slot: the order of the event that is its end
  const bool isTraced;        ///< whether slices and stalls are kept
  std::vector<Slice> slices;  ///< `engine`: core x kEngines + number

  void post(uint64_t time, TimedEvent::Kind kind, uint32_t core, unsigned which, size_t entry = 0) {
    events.push({time, order++, kind, core, which, static_cast<uint32_t>(entry)});
  }
  /// An access begins; the event of its end comes when it is known.
  void begin(SharedAccess &&access, double start);
  /// Of an Access event: the access, if this is its end.
  std::optional<SharedAccess> finish(const TimedEvent &event);
  /// Whether nothing else happens before or at a time.
  bool isNext(uint64_t time) const { return events.empty() || events.top().time > time; }
  size_t numberOf(const ActionCount &action);

private:
  void postEnds();
};

/// What someone waits for who does not go on.
struct WaitingFor {
  enum class What { Semaphore, Queue, Fence } what;
  unsigned engine; ///< who waits
  size_t entry;
  unsigned which = 0; ///< the semaphore, or the engine of the queue
  uint64_t needed = 0;
};

class CoreTime {
public:
  CoreTime(const machine::NpuMachine &machine, PartSet infinite, uint32_t number, Source &source,
           ChipTime &chip)
      : machine(machine), core(machine.cores.front()), infinite(infinite), number(number), source(source),
        chip(chip), levels(machine, infinite, chip.levels), entries(source.image.cores[number]),
        works(entries.size()) {}

  /// Entries of the control unit, as far as it can go before something else happens.
  Status stepControl();
  Status tryStart(unsigned engine);
  /// A DMA goes on with the piece that it has asked for.
  void beginPiece(unsigned engine);
  /// An access of one of the core's entries has ended.
  Status accessEnded(const SharedAccess &access);
  Status end(unsigned engine);
  /// A semaphore, of the core or of the chip, has one more, by one of the core's entries.
  Status signalled(unsigned semaphore, uint32_t entry);
  /// Those that wait for a semaphore try again.
  Status wake(unsigned semaphore);

  bool hasFinished() const { return source.isAtEnd(number) && isIdle(); }
  uint64_t endOfControl() const { return controlAt; }
  /// Adds the core's engines to the report, whose cycles are known; `places`: where each is, of those that are there.
  Status close(Report &report, std::array<unsigned, kEngines> &places);

  std::vector<WaitingFor> waits() const;
  uint64_t count(unsigned semaphore) const {
    return !isOfChip(semaphore) ? semaphores[semaphore] : chip.semaphores[semaphore - kSemaphores];
  }
  /// "core 0, matrix at entry 3 (mxu.stream, layers.0)"
  std::string describe(unsigned engine, size_t entry) const;
  /// The same of an entry that may still signal a semaphore; "" if there is none.
  std::string signaller(unsigned semaphore) const;

private:
  const machine::NpuMachine &machine;
  const machine::NpuCore &core;
  const PartSet infinite;
  const uint32_t number;
  Source &source;
  ChipTime &chip;
  Levels levels;
  const std::vector<Entry> &entries;
  Settings settings; ///< as entries start
  std::array<uint64_t, kSemaphores> semaphores = {};
  std::array<Party, kSemaphores> signallers = {}; ///< who signalled each last

  struct Queued {
    Entry entry;
    size_t number = 0;
    uint64_t available = 0; ///< the earliest start
  };
  struct Running {
    Entry entry;
    size_t number = 0;
    uint64_t start = 0;
    unsigned unit = 0;
    uint64_t alone = 0;     ///< cycles of its accesses, if nobody else is there
    uint64_t tail = 0;      ///< cycles from then to its results
    uint64_t unitUntil = 0; ///< its unit starts nothing else before
    bool blocksMain = false;
    bool isReady = false;
    uint64_t end = 0; ///< of it alone, once it is ready
    std::vector<Stall> stalls;
    uint64_t bytes = 0;
  };
  struct EngineState {
    Fifo<Queued> queue;
    Fifo<Running> running;                   ///< in order, ends ascending
    std::array<uint64_t, kUnits> free = {};  ///< when each unit is
    std::optional<DmaTransfer> transfer;     ///< of a DMA, as long as its bytes move
    std::optional<DmaTransfer::Piece> piece; ///< that it will move next
    uint64_t idleSince = 0;                  ///< of an engine that runs nothing
    std::optional<unsigned> waited;          ///< the semaphore that the head of the queue has waited for
    bool wasUsed = false;
    uint64_t tries = 0; ///< when a Start is posted, if that is still to come
    Account account;
  };
  std::array<EngineState, kEngines> engines; ///< 0, the control unit, has no queue

  /// The work of an entry, as it was when it started last.
  struct KnownWork {
    uint64_t version = 0;
    bool isKnown = false;
    std::vector<int64_t> operands;
    Work work;
    size_t action = 0;
  };
  std::vector<KnownWork> works;
  uint64_t controlAt = 0; ///< the control unit does one thing a cycle
  uint64_t controlBusy = 0;
  std::optional<Reason> controlWaits;
  uint64_t controlSince = 0;

  bool isIdle() const;
  void tryAt(uint64_t time, unsigned engine);
  uint64_t wakeCycles() const {
    return has(infinite, Part::Wake) ? 0 : static_cast<uint64_t>(core.semaphoreWakeCycles);
  }
  bool take(const Entry &entry, EngineState &engine);
  void signal(const Entry &entry, size_t number);
  Reason waitedFor(unsigned semaphore) const;
  void wakeControl();
  void controlStands(const Reason &reason);
  Expected<bool> controlEntry();
  Expected<const KnownWork *> workFor(const Queued &head);
  Status startTransfer(unsigned engine, const Queued &head);
  Status startWork(unsigned engine, const Queued &head, const KnownWork &known);
  Status nextPiece(unsigned engine);
  Status ready(unsigned engine, Running &running, uint64_t end, uint64_t lost, uint64_t accessed,
               const std::vector<DmaTransfer::Wait> &waits);
  tl::unexpected<Error> fault(size_t entry, const Error &error) const;
};

} // namespace coopt::npu

#endif // COOPT_NPU_SIM_CORETIME_H
