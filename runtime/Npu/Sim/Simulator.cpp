#include "Npu/Sim/Simulator.h"
#include "Npu/Sim/CoreTime.h"
#include "coopt/NpuIsa/Slice.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::npu;

namespace {

class Simulator {
public:
  Simulator(const machine::NpuMachine &machine, Source &source, PartSet infinite, bool isTraced)
      : chip(machine, infinite, isTraced) {
    const size_t count = source.image.cores.size();
    for (uint32_t core = 0; core < count; ++core) {
      cores.push_back(std::make_unique<CoreTime>(machine, infinite, core, source, chip));
    }
  }

  Expected<Report> run();

private:
  ChipTime chip;
  std::vector<std::unique_ptr<CoreTime>> cores;

  Status handle(const TimedEvent &event);
  Expected<Report> finish();
  tl::unexpected<Error> standsStill() const;
};

Status Simulator::handle(const TimedEvent &event) {
  switch (event.kind) {
  case TimedEvent::Kind::Control:
    return cores[event.core]->stepControl();
  case TimedEvent::Kind::Start:
    return cores[event.core]->tryStart(event.which);
  case TimedEvent::Kind::Piece:
    cores[event.core]->beginPiece(event.which);
    return {};
  case TimedEvent::Kind::Access:
    if (const std::optional<SharedAccess> access = chip.finish(event)) {
      return cores[event.core]->accessEnded(*access);
    }
    return {};
  case TimedEvent::Kind::End:
    return cores[event.core]->end(event.which);
  case TimedEvent::Kind::Signal:
    if (Status status = cores[event.core]->signalled(event.which, event.entry);
        !status || !isOfChip(event.which)) {
      return status;
    }
    for (auto &core : cores) {
      if (Status status = core->wake(event.which); !status) {
        return status;
      }
    }
    return {};
  }
  return {};
}

Expected<Report> Simulator::run() {
  for (uint32_t core = 0; core < cores.size(); ++core) {
    chip.post(0, TimedEvent::Kind::Control, core, 0);
  }
  while (!chip.events.empty()) {
    const TimedEvent event = chip.events.top();
    chip.events.pop();
    chip.now = event.time;
    if (Status status = handle(event); !status) {
      return forward(status.error());
    }
  }
  return finish();
}

/// Who waits for whom, of everyone that has not finished.
tl::unexpected<Error> Simulator::standsStill() const {
  std::string text;
  for (const auto &core : cores) {
    for (const WaitingFor &wait : core->waits()) {
      std::string line = core->describe(wait.engine, wait.entry);
      if (wait.what != WaitingFor::What::Semaphore) {
        line += wait.what == WaitingFor::What::Queue
                    ? " waits for a place in the queue of " + engineName(wait.which)
                    : " waits until all engines have finished";
      } else {
        const unsigned semaphore = wait.which;
        line += " waits for semaphore " + semaphoreName(semaphore) + " (" +
                std::to_string(core->count(semaphore)) + " of " + std::to_string(wait.needed) + "), which ";
        std::string signaller;
        for (const auto &other : cores) {
          if ((isOfChip(semaphore) || other == core) && signaller.empty()) {
            signaller = other->signaller(semaphore);
          }
        }
        line += signaller.empty() ? "nobody signals any more" : signaller + " would signal";
      }
      text += (text.empty() ? "" : "; ") + line;
    }
  }
  return fail("the program stands still: " + text);
}

Expected<Report> Simulator::finish() {
  Report report;
  for (const auto &core : cores) {
    if (!core->hasFinished()) {
      return standsStill();
    }
    report.cycles = std::max(report.cycles, core->endOfControl());
  }
  std::vector<std::array<unsigned, kEngines>> places(cores.size());
  for (size_t core = 0; core < cores.size(); ++core) {
    if (Status status = cores[core]->close(report, places[core]); !status) {
      return forward(status.error());
    }
  }
  for (const EngineTime &engine : report.engines) {
    report.entries += engine.number == 0 ? engine.busy : 0;
  }
  report.slices = std::move(chip.slices);
  for (Slice &slice : report.slices) {
    slice.engine = places[slice.engine / kEngines][slice.engine % kEngines];
  }
  report.traffic = chip.traffic;
  report.rowHits = chip.levels.rows.hits;
  report.rowOpenings = chip.levels.rows.openings;
  report.actions = std::move(chip.actions);
  return report;
}

} // namespace

/// Of an image that may be run, whose data lie in DRAM.
static Expected<Report> runFrom(const machine::NpuMachine &machine, const Image &image,
                                const std::vector<MemoryMap> &memories,
                                const std::vector<std::vector<bool>> *needed, const RunOptions &options) {
  Recording recording;
  Execution execution(image, memories, needed, options.isRecorded ? &recording : nullptr);
  auto report = Simulator(machine, execution, options.infinite, options.isTraced).run();
  if (report) {
    report->recording = std::move(recording);
  }
  return report;
}

Expected<Report> npu::simulate(const machine::NpuMachine &machine, const Image &image,
                               const std::vector<MemoryMap> &memories, const RunOptions &options) {
  if (image.cores.empty() || image.cores.size() > memories.size()) {
    return fail("expected the code of 1 to " + std::to_string(memories.size()) + " cores, got that of " +
                std::to_string(image.cores.size()));
  }
  if (options.isChecked) {
    if (Status checked = checkProgram(image, limitsOf(machine)); !checked) {
      return forward(checked.error());
    }
  }
  Memory &dram = *memories[0][static_cast<size_t>(Space::Dram)];
  for (const Data &data : image.data) {
    if (data.address > dram.size() || data.bytes.size() > dram.size() - data.address) {
      return fail("data at " + std::to_string(data.address) + " lie outside of DRAM");
    }
    std::memcpy(dram.at(data.address), data.bytes.data(), data.bytes.size());
  }
  if (options.hasValues) {
    return runFrom(machine, image, memories, nullptr, options);
  }
  auto deciding = partThatDecides(image);
  if (!deciding) {
    return forward(deciding.error());
  }
  return runFrom(machine, image, memories, &deciding->entries, options);
}

Expected<Report> npu::simulateChecked(const machine::NpuMachine &machine, const Image &image,
                                      const MemoryMap &memories, const std::vector<std::vector<bool>> *needed,
                                      bool isTraced) {
  RunOptions options;
  options.isTraced = isTraced;
  return runFrom(machine, image, {memories}, needed, options);
}

Expected<Report> npu::retime(const machine::NpuMachine &machine, const Image &image,
                             const Recording &recording, PartSet infinite, bool isTraced) {
  if (recording.cores.size() != image.cores.size()) {
    return fail("the recording is that of " + std::to_string(recording.cores.size()) +
                " cores, the program has " + std::to_string(image.cores.size()));
  }
  Replay replay(image, recording);
  return Simulator(machine, replay, infinite, isTraced).run();
}

Expected<MachineMemory> MachineMemory::create(const machine::NpuMachine &machine, size_t cores) {
  const Limits limits = limitsOf(machine);
  MachineMemory result;
  auto add = [&](Space space) -> Expected<Memory *> {
    auto memory = Memory::create(limits.bytes[static_cast<size_t>(space)]);
    if (!memory) {
      return forward(memory.error(), name(space));
    }
    result.owned.push_back(std::make_unique<Memory>(std::move(*memory)));
    return result.owned.back().get();
  };
  MemoryMap shared = {};
  for (size_t core = 0; core < cores; ++core) {
    MemoryMap map = shared;
    for (Space space : {Space::Dram, Space::L2, Space::Spad, Space::Acc}) {
      const bool isShared = space == Space::Dram || space == Space::L2;
      if (core == 0 || !isShared) {
        auto memory = add(space);
        if (!memory) {
          return forward(memory.error());
        }
        map[static_cast<size_t>(space)] = *memory;
      }
    }
    shared = core == 0 ? map : shared;
    result.all.push_back(map);
  }
  return result;
}
