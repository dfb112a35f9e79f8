#include "Npu/Sim/CoreTime.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::npu;

namespace {

/// What is less than this is an error of rounding.
constexpr double kLittle = 1e-6;

/// Of a unit whose entry has no end yet.
constexpr uint64_t kNotYet = ~uint64_t(0);

uint64_t roundedUp(double time) { return static_cast<uint64_t>(std::ceil(time - kLittle)); }

} // namespace

tl::unexpected<Error> CoreTime::fault(size_t entry, const Error &error) const {
  return fail("core " + std::to_string(number) + ", entry " + std::to_string(entry) + " (" +
              find(entries[entry].opcode)->mnemonic + "): " + error.message);
}

bool CoreTime::isIdle() const {
  return std::all_of(engines.begin(), engines.end(), [](const EngineState &engine) {
    return engine.queue.empty() && engine.running.empty() && !engine.transfer;
  });
}

//===-- Semaphores -------------------------------------------------------------===//

/// Takes what an entry waits for, if all of it is there.
bool CoreTime::take(const Entry &entry, EngineState &engine) {
  auto semaphore = [&](SemaphoreUse use) -> uint64_t & {
    return !isOfChip(use.semaphore) ? semaphores[use.semaphore]
                                    : chip.semaphores[use.semaphore - kSemaphores];
  };
  for (size_t i = 0; i < entry.waits.size() && entry.waits[i].count > 0; ++i) {
    uint64_t needed = 0;
    for (size_t j = 0; j <= i; ++j) {
      needed += entry.waits[j].semaphore == entry.waits[i].semaphore ? entry.waits[j].count : 0;
    }
    if (needed > semaphore(entry.waits[i])) {
      engine.waited = entry.waits[i].semaphore;
      return false;
    }
  }
  for (SemaphoreUse use : entry.waits) {
    if (use.count > 0) {
      semaphore(use) -= use.count;
    }
  }
  return true;
}

void CoreTime::signal(const Entry &entry, size_t position) {
  for (SemaphoreUse use : entry.signals) {
    for (unsigned i = 0; i < use.count; ++i) {
      chip.post(chip.now + wakeCycles(), TimedEvent::Kind::Signal, number, use.semaphore, position);
    }
  }
}

Status CoreTime::signalled(unsigned semaphore, uint32_t entry) {
  const Party by{number, engineOf(entries[entry]), entry};
  if (isOfChip(semaphore)) {
    ++chip.semaphores[semaphore - kSemaphores];
    chip.signallers[semaphore - kSemaphores] = by;
    return {};
  }
  ++semaphores[semaphore];
  signallers[semaphore] = by;
  return wake(semaphore);
}

/// Why an entry stood still whose semaphore is there now: who signalled it last was late.
Reason CoreTime::waitedFor(unsigned semaphore) const {
  return {Cause::Semaphore, semaphore,
          isOfChip(semaphore) ? chip.signallers[semaphore - kSemaphores] : signallers[semaphore]};
}

Status CoreTime::wake(unsigned semaphore) {
  for (unsigned engine = 1; engine < kEngines; ++engine) {
    if (engines[engine].waited == semaphore) {
      if (Status status = tryStart(engine); !status) {
        return status;
      }
    }
  }
  wakeControl();
  return {};
}

//===-- The control unit --------------------------------------------------------===//

void CoreTime::wakeControl() {
  if (controlWaits) {
    chip.post(chip.now, TimedEvent::Kind::Control, number, 0);
  }
}

void CoreTime::controlStands(const Reason &reason) {
  if (!controlWaits) {
    controlSince = chip.now;
  }
  controlWaits = reason;
}

/// One entry; false if the control unit can't go on.
Expected<bool> CoreTime::controlEntry() {
  const size_t position = source.position(number);
  const Entry &raw = entries[position];
  const unsigned engine = engineOf(raw);
  const size_t depth = has(infinite, Part::Queues) ? ~size_t(0) : static_cast<size_t>(core.queueDepth);
  if (engine != 0 && engines[engine].queue.size() >= depth) {
    controlStands({Cause::Queue, engine, {}});
    return false;
  }
  const bool isSkipped = source.isSkipped(number);
  if (engine == 0 && !isSkipped) {
    if ((raw.opcode == opcode::Fence || raw.opcode == opcode::Halt) && !isIdle()) {
      controlStands({Cause::Fence, 0, {}});
      return false;
    }
    if (!take(raw, engines[0])) {
      controlStands({Cause::Semaphore, *engines[0].waited, {}});
      return false;
    }
  }
  if (controlWaits) {
    if (controlWaits->cause == Cause::Semaphore) {
      controlWaits = waitedFor(controlWaits->which);
    }
    engines[0].account.stands({0, position, controlSince, chip.now, *controlWaits});
    controlWaits.reset();
  }
  auto entry = source.step(number);
  if (!entry) {
    return fault(position, entry.error());
  }
  if (engine == 0 && !isSkipped) {
    signal(raw, position);
  }
  if (*entry) {
    engines[engine].queue.push_back(
        {std::move(**entry), position, chip.now + 1 + static_cast<uint64_t>(core.issueCycles)});
    if (engines[engine].queue.size() == 1) {
      tryAt(engines[engine].queue.back().available, engine);
    }
  }
  ++controlBusy;
  controlAt = chip.now + 1;
  return true;
}

Status CoreTime::stepControl() {
  if (chip.now < controlAt) {
    return {}; // its own event is still to come
  }
  while (!source.isAtEnd(number)) {
    auto went = controlEntry();
    if (!went) {
      return forward(went.error());
    }
    if (!*went) {
      return {};
    }
    if (!chip.isNext(controlAt)) {
      chip.post(controlAt, TimedEvent::Kind::Control, number, 0);
      return {};
    }
    chip.now = controlAt;
  }
  return {};
}

//===-- Engines -----------------------------------------------------------------===//

/// What the head of a queue needs; as it was the last time, if its operands and settings are.
Expected<const CoreTime::KnownWork *> CoreTime::workFor(const Queued &head) {
  KnownWork &known = works[head.number];
  const Instruction &instruction = *find(head.entry.opcode);
  const uint64_t version = settings.version(instruction.engine);
  bool isSame = known.isKnown && known.version == version;
  for (size_t i = 0; isSame && i < head.entry.operands.size(); ++i) {
    isSame =
        instruction.fields[i].kind == FieldKind::Address || known.operands[i] == head.entry.operands[i].value;
  }
  if (!isSame) {
    auto accesses = settings.accesses(head.entry);
    if (!accesses) {
      return fault(head.number, accesses.error());
    }
    known.work = workOf(machine, settings, head.entry, *accesses, infinite);
    known.version = version;
    known.isKnown = true;
    known.operands.clear();
    for (const Operand &operand : head.entry.operands) {
      known.operands.push_back(operand.value);
    }
    known.action = known.work.action.name.empty() ? 0 : chip.numberOf(known.work.action);
  }
  return &known;
}

Status CoreTime::startWork(unsigned which, const Queued &head, const KnownWork &known) {
  EngineState &engine = engines[which];
  const Work &work = known.work;
  const uint64_t now = chip.now;
  SharedAccess access;
  access.owner = {number, which, static_cast<uint32_t>(head.number)};
  access.unit = static_cast<unsigned>(work.unit);
  for (const MemoryUse &use : work.uses) {
    Pattern pattern = use.pattern;
    pattern.first = static_cast<uint64_t>(head.entry.operands[use.operand].value);
    const Levels::Level &level = levels.at(use.space, pattern.first);
    if (!level.isInfinite) {
      level.claim(access.claims, use.isWrite, pattern);
    }
    chip.traffic.add((use.isWrite ? level.writes : level.reads)->port, use.isWrite,
                     pattern.rows * pattern.rowBytes);
  }
  Running running;
  running.entry = head.entry;
  running.number = head.number;
  running.start = now;
  running.unit = access.unit;
  running.alone = std::max(work.occupied, roundedUp(access.claims.leastDuration()));
  running.tail = work.latency - work.occupied;
  running.unitUntil = now + work.unitBlocked;
  running.blocksMain = work.blocksMain;
  access.duration = static_cast<double>(running.alone);
  if (running.alone == 1) {
    access.claims.clear(); // too short to be divided
  }
  engine.free[access.unit] = kNotYet;
  if (work.blocksMain) {
    engine.free[static_cast<size_t>(Unit::Main)] = kNotYet;
  }
  if (work.loadsBlocked > 0) {
    uint64_t &loads = engine.free[static_cast<size_t>(Unit::Loads)];
    loads = std::max(loads, now + work.loadsBlocked);
  }
  if (!work.action.name.empty()) {
    chip.actions[known.action].count += work.action.count;
  }
  engine.running.push_back(std::move(running));
  chip.begin(std::move(access), static_cast<double>(now));
  return {};
}

Status CoreTime::startTransfer(unsigned which, const Queued &head) {
  EngineState &engine = engines[which];
  if (auto accesses = settings.accesses(head.entry); !accesses) {
    return fault(head.number, accesses.error());
  }
  std::vector<int32_t> list;
  if (head.entry.opcode == opcode::DmaGather || head.entry.opcode == opcode::DmaScatter) {
    auto named = source.list(number, head.entry);
    if (!named) {
      return fault(head.number, named.error());
    }
    list = std::move(*named);
  }
  engine.transfer.emplace(machine, infinite, levels, settings, head.entry, std::move(list),
                          Party{number, which, static_cast<uint32_t>(head.number)}, chip.now);
  engine.free[0] = kNotYet;
  Running running;
  running.entry = head.entry;
  running.number = head.number;
  running.start = chip.now;
  engine.running.push_back(std::move(running));
  return nextPiece(which);
}

/// The transfer's next piece, or its end.
Status CoreTime::nextPiece(unsigned which) {
  EngineState &engine = engines[which];
  DmaTransfer &transfer = *engine.transfer;
  while (!transfer.isDone()) {
    engine.piece = transfer.next();
    if (engine.piece->claims.begin() == engine.piece->claims.end()) { // it shares nothing
      transfer.moved(engine.piece->start + engine.piece->duration, {});
      continue;
    }
    const auto start = static_cast<uint64_t>(engine.piece->start);
    if (start > chip.now) {
      chip.post(start, TimedEvent::Kind::Piece, number, which);
    } else {
      beginPiece(which);
    }
    return {};
  }
  Running &running = engine.running.back();
  for (size_t port = 0; port < kPortKinds; ++port) {
    chip.traffic.read[port] += transfer.traffic.read[port];
    chip.traffic.written[port] += transfer.traffic.written[port];
  }
  running.bytes = transfer.bytesMoved;
  const uint64_t end = std::max(roundedUp(transfer.end()), running.start + 1);
  double waited = 0;
  for (const DmaTransfer::Wait &wait : transfer.waits) {
    waited += wait.cycles;
  }
  engine.free[0] = end;
  const std::vector<DmaTransfer::Wait> waits = std::move(transfer.waits);
  engine.transfer.reset();
  return ready(which, running, end, static_cast<uint64_t>(waited + 0.5), end, waits);
}

void CoreTime::beginPiece(unsigned which) {
  const DmaTransfer::Piece &piece = *engines[which].piece;
  SharedAccess access;
  access.claims = piece.claims;
  access.duration = piece.duration;
  access.owner = {number, which, static_cast<uint32_t>(engines[which].running.back().number)};
  chip.begin(std::move(access), piece.start);
}

Status CoreTime::accessEnded(const SharedAccess &access) {
  const unsigned which = access.owner.engine;
  EngineState &engine = engines[which];
  if (engine.transfer) {
    engine.transfer->moved(access.end, access.shortages);
    return nextPiece(which);
  }
  // Each unit has one entry whose accesses are in progress.
  size_t place = 0;
  while (engine.running[place].unit != access.unit || engine.running[place].isReady) {
    ++place;
  }
  Running *running = &engine.running[place];
  uint64_t &free = engine.free[access.unit];
  free = std::max(chip.now, running->unitUntil);
  const uint64_t lost = chip.now - running->start - running->alone;
  std::vector<DmaTransfer::Wait> waits;
  for (const Shortage &shortage : access.shortages) {
    waits.push_back(
        {DmaTransfer::Wait::Why::Shortage, shortage.start, shortage.cycles, shortage.port, shortage.other});
  }
  const uint64_t accessed = chip.now;
  if (Status status = ready(which, *running, chip.now + running->tail, lost, accessed, waits); !status) {
    return status;
  }
  return tryStart(which);
}

/// An entry has gone over its memories: it ends then, or with those before it. `lost` cycles until `accessed` were others'.
Status CoreTime::ready(unsigned which, Running &running, uint64_t end, uint64_t lost, uint64_t accessed,
                       const std::vector<DmaTransfer::Wait> &waits) {
  running.isReady = true;
  running.end = end;
  if (lost > 0 && !waits.empty()) {
    running.stalls = wholeCycles(waits, running.start, accessed, lost, running.number);
  }
  if (end > chip.now) {
    chip.post(end, TimedEvent::Kind::End, number, which);
    return {};
  }
  return this->end(which);
}

void CoreTime::tryAt(uint64_t time, unsigned engine) {
  if (engines[engine].tries != time) {
    engines[engine].tries = time;
    chip.post(time, TimedEvent::Kind::Start, number, engine);
  }
}

Status CoreTime::tryStart(unsigned which) {
  EngineState &engine = engines[which];
  while (!engine.queue.empty()) {
    const Queued &head = engine.queue.front();
    const uint64_t now = chip.now;
    if (head.available > now) {
      tryAt(head.available, which);
      return {};
    }
    const KnownWork *known = nullptr;
    const bool isTransfer = find(head.entry.opcode)->timing == Timing::Transfer;
    uint64_t free = engine.free[0];
    if (!isTransfer) {
      auto work = workFor(head);
      if (!work) {
        return forward(work.error());
      }
      known = *work;
      free = 0;
      for (unsigned unit = 0; unit < kUnits; ++unit) {
        free = (known->work.waitsFor >> unit & 1) != 0 ? std::max(free, engine.free[unit]) : free;
      }
    }
    if (free > now) {
      if (free != kNotYet) {
        tryAt(free, which);
      }
      return {};
    }
    if (!take(head.entry, engine)) {
      return {};
    }
    if (engine.running.empty() && engine.idleSince < now) {
      const uint64_t handedOut = std::clamp(head.available, engine.idleSince, now);
      engine.account.stands({0, head.number, engine.idleSince, handedOut, {Cause::NotHandedOut, 0, {}}});
      const Reason why = engine.waited ? waitedFor(*engine.waited) : Reason{Cause::Busy, 0, {}};
      engine.account.stands({0, head.number, handedOut, now, why});
    }
    engine.waited.reset();
    engine.wasUsed = true;
    Status status = isTransfer ? startTransfer(which, head) : startWork(which, head, *known);
    if (!status) {
      return status;
    }
    settings.update(head.entry);
    engine.queue.pop_front();
    wakeControl(); // there is a place in the queue
  }
  return {};
}

/// Entries end in order, once they are ready.
Status CoreTime::end(unsigned which) {
  EngineState &engine = engines[which];
  while (!engine.running.empty() && engine.running.front().isReady &&
         engine.running.front().end <= chip.now) {
    const Running done = std::move(engine.running.front());
    engine.running.pop_front();
    if (Status status = source.finish(number, done.number, done.entry); !status) {
      return fault(done.number, status.error());
    }
    engine.account.add(done.start, chip.now, done.stalls);
    if (chip.isTraced) {
      chip.slices.push_back({number * kEngines + which, done.number, done.start, chip.now, done.bytes});
    }
    signal(done.entry, done.number);
    if (done.blocksMain) {
      engine.free[static_cast<size_t>(Unit::Main)] = chip.now;
    }
    if (engine.running.empty()) {
      engine.idleSince = chip.now;
    }
    wakeControl(); // a fence may wait for it
  }
  return tryStart(which);
}

//===-- Ends ---------------------------------------------------------------------===//

Status CoreTime::close(Report &report, std::array<unsigned, kEngines> &places) {
  for (unsigned which = 0; which < kEngines; ++which) {
    EngineState &engine = engines[which];
    if (which != 0 && !engine.wasUsed) {
      continue;
    }
    EngineTime time;
    time.name = engineName(which);
    time.core = number;
    time.number = which;
    time.busy = which == 0 ? controlBusy : 0;
    const uint64_t last = which == 0 ? controlAt : engine.idleSince;
    engine.account.stands({0, 0, last, report.cycles, {Cause::Finished, 0, {}}});
    std::vector<Stall> stalls;
    if (Status status = engine.account.close(report.cycles, time, chip.isTraced ? &stalls : nullptr);
        !status) {
      return status;
    }
    const auto place = static_cast<unsigned>(report.engines.size());
    for (Stall &stall : stalls) {
      stall.engine = place;
      report.stalls.push_back(stall);
    }
    places[which] = place;
    report.engines.push_back(std::move(time));
  }
  return {};
}
