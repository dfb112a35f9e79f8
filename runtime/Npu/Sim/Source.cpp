#include "Npu/Sim/Source.h"

using namespace coopt;
using namespace coopt::npu;

namespace {

/// Calls `function` with each operand that a register belongs to and that an engine is given resolved.
template <typename E, typename F>
void forEachResolved(const Entry &raw, E &entry, F function) {
  const std::vector<Field> &fields = find(raw.opcode)->fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (raw.operands[i].reg != kNoRegister && fields[i].kind != FieldKind::Register) {
      function(entry.operands[i]);
    }
  }
}

} // namespace

Execution::Execution(const Image &image, const std::vector<MemoryMap> &memories,
                     const std::vector<std::vector<bool>> *needed, Recording *recording)
    : Source(image), memories(memories), needed(needed), recording(recording) {
  for (size_t core = 0; core < image.cores.size(); ++core) {
    controls.emplace_back(image.cores[core]);
    cores.emplace_back(memories[core]);
  }
  if (recording) {
    recording->cores.resize(image.cores.size());
  }
}

Expected<std::optional<Entry>> Execution::step(size_t core) {
  if (!recording) {
    return controls[core].step(memories[core]);
  }
  Recording::CoreRun &run = recording->cores[core];
  const size_t number = controls[core].position();
  run.steps.push_back({static_cast<uint32_t>(number), controls[core].isSkipped()});
  auto entry = controls[core].step(memories[core]);
  if (entry && *entry) {
    forEachResolved(image.cores[core][number], **entry,
                    [&](const Operand &operand) { run.values.push_back(operand.value); });
  }
  return entry;
}

Expected<std::vector<int32_t>> Execution::list(size_t core, const Entry &entry) {
  auto list = cores[core].listOf(entry);
  if (list && recording) {
    recording->cores[core].lists[entry.channel].push_back(*list);
  }
  return list;
}

Status Execution::finish(size_t core, size_t number, const Entry &entry) {
  if (!needed || (*needed)[core][number]) {
    return cores[core].execute(entry);
  }
  cores[core].skip(entry);
  return {};
}

Expected<std::optional<Entry>> Replay::step(size_t core) {
  const Recording::CoreRun &run = recording.cores[core];
  Place &place = places[core];
  const Recording::Step step = run.steps[place.step++];
  const Entry &raw = image.cores[core][step.entry];
  if (step.isSkipped || find(raw.opcode)->engine == Engine::Control) {
    return std::nullopt;
  }
  Entry entry = raw;
  forEachResolved(raw, entry, [&](Operand &operand) {
    operand.value = run.values[place.value++];
    operand.reg = kNoRegister;
  });
  return std::optional<Entry>(std::move(entry));
}

Expected<std::vector<int32_t>> Replay::list(size_t core, const Entry &entry) {
  return recording.cores[core].lists[entry.channel][places[core].list[entry.channel]++];
}
