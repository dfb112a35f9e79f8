#include "ProgramBuilder.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::package;
using namespace coopt::test;

EntryBuilder::EntryBuilder(Program &program, const std::string &name)
    : program(program), index(program.entries.size()) {
  program.entries.emplace_back();
  entry().name = name;
}

uint32_t EntryBuilder::dimension(const std::string &name, int64_t min, int64_t max, int64_t multipleOf) {
  entry().dimensions.push_back({name, min, max, multipleOf});
  return newSlot();
}

uint64_t EntryBuilder::largest(ElementType type, const std::vector<Extent> &shape) {
  std::vector<int64_t> extents;
  for (const Extent &extent : shape) {
    bool isDimension = extent.isSlot && static_cast<size_t>(extent.value) < entry().dimensions.size();
    extents.push_back(!extent.isSlot ? extent.value
                      : isDimension  ? entry().dimensions[static_cast<size_t>(extent.value)].max
                                     : 1);
  }
  return bufferBytes(type, extents).value();
}

uint32_t EntryBuilder::add(Buffer buffer) {
  if (buffer.maxBytes == 0) {
    buffer.maxBytes = largest(buffer.type, buffer.shape);
  }
  entry().buffers.push_back(std::move(buffer));
  return static_cast<uint32_t>(entry().buffers.size() - 1);
}

uint32_t EntryBuilder::argument(const std::string &name, ElementType type, std::vector<Extent> shape) {
  entry().arguments.push_back({name, type, shape});
  auto number = static_cast<uint32_t>(entry().arguments.size() - 1);
  return add({BufferKind::Argument, number, 0, 0, type, std::move(shape)});
}

uint32_t EntryBuilder::result(const std::string &name, ElementType type, std::vector<Extent> shape) {
  entry().results.push_back({name, type, shape});
  auto number = static_cast<uint32_t>(entry().results.size() - 1);
  return add({BufferKind::Result, number, 0, 0, type, std::move(shape)});
}

uint32_t EntryBuilder::parameter(uint32_t number, ElementType type, std::vector<int64_t> shape) {
  std::vector<Extent> extents;
  for (int64_t extent : shape) {
    extents.push_back(fixed(extent));
  }
  return add({BufferKind::Parameter, number, 0, 0, type, std::move(extents)});
}

uint32_t EntryBuilder::state(uint32_t number) {
  const State &state = program.states[number];
  if (std::find(entry().states.begin(), entry().states.end(), number) == entry().states.end()) {
    entry().states.push_back(number);
  }
  return add({BufferKind::State,
              number,
              0,
              0,
              state.type,
              {fixed(static_cast<int64_t>(state.outer)), fixed(static_cast<int64_t>(state.stored())),
               fixed(static_cast<int64_t>(state.inner))}});
}

uint32_t EntryBuilder::arena(ElementType type, std::vector<Extent> shape, uint64_t maxBytes) {
  Buffer buffer{BufferKind::Arena, 0, entry().arenaBytes, maxBytes, type, std::move(shape)};
  uint32_t number = add(std::move(buffer));
  entry().arenaBytes += (entry().buffers[number].maxBytes + 63) / 64 * 64;
  return number;
}

Slot EntryBuilder::constant(int64_t value) {
  Command command;
  command.op = ScalarOp::Constant;
  command.immediate = value;
  command.dst = newSlot();
  entry().commands.push_back(command);
  return command.dst;
}

Slot EntryBuilder::scalar(ScalarOp op, Slot a, Slot b) {
  Command command;
  command.op = op;
  command.a = a;
  command.b = b;
  command.dst = newSlot();
  entry().commands.push_back(command);
  return command.dst;
}

void EntryBuilder::dispatch(const std::string &opId, const std::string &kernel, Slot items,
                            std::vector<uint32_t> reads, std::vector<uint32_t> writes, std::vector<Slot> own,
                            uint64_t scratchBytes) {
  Command command;
  command.kind = CommandKind::Dispatch;
  command.opId = opId;
  command.items = items;
  command.firstWritten = static_cast<uint32_t>(reads.size());
  command.buffers = std::move(reads);
  command.buffers.insert(command.buffers.end(), writes.begin(), writes.end());
  for (uint32_t buffer : command.buffers) {
    for (const Extent &extent : entry().buffers[buffer].shape) {
      if (extent.isSlot) {
        command.scalars.push_back(static_cast<Slot>(extent.value));
      }
    }
  }
  command.scalars.insert(command.scalars.end(), own.begin(), own.end());
  auto found = std::find_if(program.kernels.begin(), program.kernels.end(),
                            [&](const Kernel &known) { return known.symbol == kernel; });
  command.kernel = static_cast<uint32_t>(found - program.kernels.begin());
  if (found == program.kernels.end()) {
    program.kernels.push_back({kernel, static_cast<uint32_t>(command.buffers.size()),
                               static_cast<uint32_t>(command.scalars.size()), scratchBytes});
  }
  entry().commands.push_back(std::move(command));
}

void EntryBuilder::copy(uint32_t source, uint32_t destination) {
  Command command;
  command.kind = CommandKind::Copy;
  command.buffers = {source, destination};
  entry().commands.push_back(std::move(command));
}

size_t EntryBuilder::branchUnless(Slot condition) {
  Command command;
  command.kind = CommandKind::BranchUnless;
  command.a = condition;
  entry().commands.push_back(command);
  return entry().commands.size() - 1;
}

size_t EntryBuilder::jump() {
  Command command;
  command.kind = CommandKind::Jump;
  entry().commands.push_back(command);
  return entry().commands.size() - 1;
}

void EntryBuilder::land(size_t command) {
  entry().commands[command].target = static_cast<uint32_t>(entry().commands.size());
}
