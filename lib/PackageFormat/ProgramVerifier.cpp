//===- ProgramVerifier.cpp - What the interpreter relies on -----------------===//
//
// After verify() the interpreter indexes tables without looking. What depends on run-time values (sizes of
// the call, extents computed by Scalar commands, the number of work items, division by zero) is checked when
// it runs.
//
//===----------------------------------------------------------------------===//
#include "coopt/PackageFormat/KernelAbi.h"
#include "coopt/PackageFormat/Program.h"

#include <algorithm>
#include <set>

using namespace coopt;
using namespace coopt::package;

namespace {

// Far above anything that makes sense, far below what overflows.
constexpr uint64_t kMaxBytes = uint64_t(1) << 47;
constexpr int64_t kMaxSize = int64_t(1) << 40;
constexpr uint32_t kMaxSlots = 1u << 20;

std::string quoted(const std::string &name) { return "'" + name + "'"; }

/// Names are shown in messages and become parts of file names.
bool isName(const std::string &name) {
  return !name.empty() && name.size() <= 1024 &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

class EntryVerifier {
public:
  EntryVerifier(const Program &program, const Entry &entry, const std::vector<uint64_t> &parameterBytes)
      : program(program), entry(entry), parameterBytes(parameterBytes) {}

  Status run() {
    if (auto status = checkDimensions(); !status) {
      return status;
    }
    if (auto status = checkValues("argument", entry.arguments); !status) {
      return status;
    }
    if (auto status = checkValues("result", entry.results); !status) {
      return status;
    }
    std::set<uint32_t> states;
    for (uint32_t state : entry.states) {
      if (state >= program.states.size() || !states.insert(state).second) {
        return fail("state " + std::to_string(state) + " is unknown or listed twice");
      }
    }
    if (entry.arenaBytes > kMaxBytes) {
      return fail("arena of " + std::to_string(entry.arenaBytes) + " bytes is too large");
    }
    for (size_t i = 0; i < entry.buffers.size(); ++i) {
      if (auto status = checkBuffer(entry.buffers[i]); !status) {
        return forward(status.error(), "buffer " + std::to_string(i));
      }
    }
    written.assign(entry.slotCount, false);
    std::fill_n(written.begin(), entry.dimensions.size(), true);
    for (size_t i = 0; i < entry.commands.size(); ++i) {
      if (auto status = checkCommand(i); !status) {
        return forward(status.error(), "command " + std::to_string(i));
      }
    }
    return {};
  }

private:
  Status checkDimensions() {
    if (entry.slotCount < entry.dimensions.size() || entry.slotCount > kMaxSlots) {
      return fail("expected between " + std::to_string(entry.dimensions.size()) + " and " +
                  std::to_string(kMaxSlots) + " slots, got " + std::to_string(entry.slotCount));
    }
    std::set<std::string> names;
    for (const Dimension &dimension : entry.dimensions) {
      std::string place = "dimension " + quoted(dimension.name);
      if (!isName(dimension.name) || !names.insert(dimension.name).second) {
        return fail(place + ": no name, or one that is there twice");
      }
      if (dimension.min < 0 || dimension.max < dimension.min || dimension.max > kMaxSize) {
        return fail(place + ": expected 0 <= min <= max <= 2^40, got min " + std::to_string(dimension.min) +
                    ", max " + std::to_string(dimension.max));
      }
      if (dimension.multipleOf < 1 ||
          dimension.max / dimension.multipleOf * dimension.multipleOf < dimension.min) {
        return fail(place + ": no multiple of " + std::to_string(dimension.multipleOf) +
                    " lies between min and max");
      }
    }
    return {};
  }

  /// Bytes at the largest sizes, as far as the extents are constants or dimensions; the interpreter checks
  /// the others.
  Expected<uint64_t> largestBytes(ElementType type, const std::vector<Extent> &shape, size_t slots) {
    if (shape.size() > 32) {
      return fail("more than 32 dimensions");
    }
    std::vector<int64_t> extents;
    for (const Extent &extent : shape) {
      if (!extent.isSlot) {
        extents.push_back(extent.value);
        continue;
      }
      if (extent.value < 0 || static_cast<uint64_t>(extent.value) >= slots) {
        return fail("extent names slot " + std::to_string(extent.value) + " of " + std::to_string(slots));
      }
      extents.push_back(static_cast<size_t>(extent.value) < entry.dimensions.size()
                            ? entry.dimensions[static_cast<size_t>(extent.value)].max
                            : 1);
    }
    auto bytes = bufferBytes(type, extents);
    if (!bytes) {
      return fail("negative extent, or more than 2^47 bytes");
    }
    return *bytes;
  }

  Status checkValues(const char *kind, const std::vector<Value> &values) {
    std::set<std::string> names;
    for (const Value &value : values) {
      std::string place = kind + (" " + quoted(value.name));
      if (!isName(value.name) || !names.insert(value.name).second) {
        return fail(place + ": no name, or one that is there twice");
      }
      if (auto bytes = largestBytes(value.type, value.shape, entry.dimensions.size()); !bytes) {
        return forward(bytes.error(), place);
      }
    }
    return {};
  }

  static bool same(const std::vector<Extent> &a, const std::vector<Extent> &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Extent &x, const Extent &y) {
      return x.isSlot == y.isSlot && x.value == y.value;
    });
  }

  static Status mustMatch(const char *kind, const std::vector<Value> &values, const Buffer &buffer) {
    if (buffer.index >= values.size()) {
      return fail(kind + (" " + std::to_string(buffer.index)) + " of " + std::to_string(values.size()));
    }
    const Value &value = values[buffer.index];
    if (value.type != buffer.type || !same(value.shape, buffer.shape)) {
      return fail("type or shape differs from that of " + std::string(kind) + " " + quoted(value.name));
    }
    return {};
  }

  Status checkBuffer(const Buffer &buffer) {
    auto bytes = largestBytes(buffer.type, buffer.shape, entry.slotCount);
    if (!bytes) {
      return forward(bytes.error());
    }
    if (*bytes > buffer.maxBytes || buffer.maxBytes > kMaxBytes) {
      return fail("needs " + std::to_string(*bytes) + " bytes, has " + std::to_string(buffer.maxBytes));
    }
    bool isConstant =
        std::none_of(buffer.shape.begin(), buffer.shape.end(), [](const Extent &e) { return e.isSlot; });
    switch (buffer.kind) {
    case BufferKind::Parameter:
      if (buffer.index >= parameterBytes.size()) {
        return fail("parameter " + std::to_string(buffer.index) + " of " +
                    std::to_string(parameterBytes.size()));
      }
      if (!isConstant || buffer.maxBytes > parameterBytes[buffer.index]) {
        return fail("expected a constant shape within the parameter's " +
                    std::to_string(parameterBytes[buffer.index]) + " bytes");
      }
      return {};
    case BufferKind::Argument:
      return mustMatch("argument", entry.arguments, buffer);
    case BufferKind::Result:
      return mustMatch("result", entry.results, buffer);
    case BufferKind::State: {
      if (std::find(entry.states.begin(), entry.states.end(), buffer.index) == entry.states.end()) {
        return fail("state " + std::to_string(buffer.index) + " is not one of the entry's");
      }
      const State &state = program.states[buffer.index];
      uint64_t held = state.outer * state.stored() * state.inner * elementBytes(state.type);
      if (!isConstant || buffer.type != state.type || buffer.maxBytes > held) {
        return fail("expected the type of state " + quoted(state.name) + " and a constant shape within its " +
                    std::to_string(held) + " bytes");
      }
      return {};
    }
    case BufferKind::Arena:
      if (buffer.offset % 64 != 0) {
        return fail("offset " + std::to_string(buffer.offset) + " is no multiple of 64");
      }
      if (buffer.offset > entry.arenaBytes || buffer.maxBytes > entry.arenaBytes - buffer.offset) {
        return fail("[" + std::to_string(buffer.offset) + ", +" + std::to_string(buffer.maxBytes) +
                    ") lies outside the arena of " + std::to_string(entry.arenaBytes) + " bytes");
      }
      return {};
    }
    return fail("unknown kind");
  }

  Status readable(Slot slot) const {
    if (slot >= entry.slotCount) {
      return fail("slot " + std::to_string(slot) + " of " + std::to_string(entry.slotCount));
    }
    if (!written[slot]) {
      return fail("slot " + std::to_string(slot) + " is read before any command writes it");
    }
    return {};
  }

  /// A buffer of a command; its extents must have been computed by then.
  Status checkOperand(uint32_t index, bool isWritten) const {
    if (index >= entry.buffers.size()) {
      return fail("buffer " + std::to_string(index) + " of " + std::to_string(entry.buffers.size()));
    }
    const Buffer &buffer = entry.buffers[index];
    if (isWritten && (buffer.kind == BufferKind::Parameter || buffer.kind == BufferKind::Argument)) {
      return fail("writes buffer " + std::to_string(index) + ": " +
                  (buffer.kind == BufferKind::Parameter ? "parameters" : "arguments") + " are only read");
    }
    for (const Extent &extent : buffer.shape) {
      if (extent.isSlot) {
        if (auto status = readable(static_cast<Slot>(extent.value)); !status) {
          return status;
        }
      }
    }
    return {};
  }

  Status checkDispatch(const Command &command) {
    if (command.kernel >= program.kernels.size()) {
      return fail("kernel " + std::to_string(command.kernel) + " of " +
                  std::to_string(program.kernels.size()));
    }
    const Kernel &kernel = program.kernels[command.kernel];
    if (!isName(command.opId)) {
      return fail("a dispatch needs an op id");
    }
    if (command.buffers.size() != kernel.bufferCount || command.scalars.size() != kernel.scalarCount) {
      return fail("kernel " + quoted(kernel.symbol) + " takes " + std::to_string(kernel.bufferCount) +
                  " buffers and " + std::to_string(kernel.scalarCount) + " scalars, got " +
                  std::to_string(command.buffers.size()) + " and " + std::to_string(command.scalars.size()));
    }
    if (command.firstWritten > command.buffers.size()) {
      return fail("first written operand " + std::to_string(command.firstWritten) + " of " +
                  std::to_string(command.buffers.size()));
    }
    size_t scalar = 0;
    for (size_t i = 0; i < command.buffers.size(); ++i) {
      if (auto status = checkOperand(command.buffers[i], i >= command.firstWritten); !status) {
        return status;
      }
      for (const Extent &extent : entry.buffers[command.buffers[i]].shape) {
        if (!extent.isSlot) {
          continue;
        }
        if (scalar >= command.scalars.size() || command.scalars[scalar] != extent.value) {
          return fail("scalar " + std::to_string(scalar) + " is not the dynamic extent of operand " +
                      std::to_string(i) + ", slot " + std::to_string(extent.value));
        }
        ++scalar;
      }
    }
    for (Slot slot : command.scalars) {
      if (auto status = readable(slot); !status) {
        return status;
      }
    }
    if (command.immediate < 0) {
      return fail("a row reads " + std::to_string(command.immediate) + " positions");
    }
    if (command.segments != Command::kNoSegments) {
      if (command.segments >= command.firstWritten) {
        return fail("segments are operand " + std::to_string(command.segments) + ", expected one of the " +
                    std::to_string(command.firstWritten) + " that are read");
      }
      const Buffer &segments = entry.buffers[command.buffers[command.segments]];
      if (segments.type != ElementType::I32 || segments.shape.size() != 2 || segments.shape[1].isSlot ||
          segments.shape[1].value != kSegmentParts) {
        return fail("operand " + std::to_string(command.segments) +
                    " is no matrix of i32 with a segment in each row");
      }
    }
    return readable(command.items);
  }

  Status checkPrefetch(const Command &command) const {
    if (command.buffers.size() < 2) {
      return fail("a prefetch takes experts and parameters, got " + std::to_string(command.buffers.size()) +
                  " buffers");
    }
    for (size_t i = 0; i < command.buffers.size(); ++i) {
      if (auto status = checkOperand(command.buffers[i], /*isWritten=*/false); !status) {
        return status;
      }
      const Buffer &buffer = entry.buffers[command.buffers[i]];
      if (i == 0 ? buffer.type != ElementType::I32 : buffer.kind != BufferKind::Parameter) {
        return fail(i == 0
                        ? "the experts of a prefetch are no i32"
                        : "buffer " + std::to_string(command.buffers[i]) + " of a prefetch is no parameter");
      }
    }
    return {};
  }

  Status checkCommand(size_t index) {
    const Command &command = entry.commands[index];
    switch (command.kind) {
    case CommandKind::Scalar:
      if (command.op != ScalarOp::Constant && command.op != ScalarOp::ExpertsLimited) {
        for (Slot slot : {command.a, command.b}) {
          if (auto status = readable(slot); !status) {
            return status;
          }
        }
      }
      if (command.dst >= entry.slotCount || command.dst < entry.dimensions.size()) {
        return fail("writes slot " + std::to_string(command.dst) + ", expected one between " +
                    std::to_string(entry.dimensions.size()) + " and " + std::to_string(entry.slotCount));
      }
      written[command.dst] = true;
      return {};
    case CommandKind::Dispatch:
      return checkDispatch(command);
    case CommandKind::Copy: {
      if (command.buffers.size() != 2) {
        return fail("a copy takes 2 buffers, got " + std::to_string(command.buffers.size()));
      }
      for (size_t i = 0; i < 2; ++i) {
        if (auto status = checkOperand(command.buffers[i], i == 1); !status) {
          return status;
        }
      }
      const Buffer &source = entry.buffers[command.buffers[0]];
      const Buffer &destination = entry.buffers[command.buffers[1]];
      if (source.type != destination.type || !same(source.shape, destination.shape)) {
        return fail("copies between buffers of different type or shape");
      }
      return {};
    }
    case CommandKind::Require:
      if (command.scalars.size() != 2 || command.immediate < 1 || command.immediate >= abi::kFaultKinds) {
        return fail("a requirement takes 2 scalars and a kind between 1 and " +
                    std::to_string(abi::kFaultKinds - 1) + ", got " + std::to_string(command.scalars.size()) +
                    " and " + std::to_string(command.immediate));
      }
      for (Slot slot : {command.a, command.scalars[0], command.scalars[1]}) {
        if (auto status = readable(slot); !status) {
          return status;
        }
      }
      return {};
    case CommandKind::Prefetch:
      return checkPrefetch(command);
    case CommandKind::BranchUnless:
      if (auto status = readable(command.a); !status) {
        return status;
      }
      [[fallthrough]];
    case CommandKind::Jump:
      if (command.target <= index || command.target > entry.commands.size()) {
        return fail("jumps to command " + std::to_string(command.target) + " of " +
                    std::to_string(entry.commands.size()) + "; only forward jumps are allowed");
      }
      return {};
    }
    return fail("unknown kind");
  }

  const Program &program;
  const Entry &entry;
  const std::vector<uint64_t> &parameterBytes;
  std::vector<bool> written; ///< slots that some earlier command writes; the others hold 0
};

} // namespace

Status package::verify(const Program &program, const std::vector<uint64_t> &parameterBytes) {
  for (size_t i = 0; i < program.kernels.size(); ++i) {
    const Kernel &kernel = program.kernels[i];
    if (!isName(kernel.symbol)) {
      return fail("program: kernel " + std::to_string(i) + " has no name");
    }
    if (kernel.scratchBytes > kMaxBytes) {
      return fail("program: kernel " + quoted(kernel.symbol) + ": scratch of " +
                  std::to_string(kernel.scratchBytes) + " bytes is too large");
    }
  }
  std::set<std::string> names;
  for (const State &state : program.states) {
    std::string place = "program: state " + quoted(state.name);
    if (!isName(state.name) || !names.insert(state.name).second) {
      return fail(place + ": no name, or one that is there twice");
    }
    for (uint64_t extent : {state.outer, state.capacity, state.inner, state.block, state.kept + 1}) {
      if (extent == 0 || extent > static_cast<uint64_t>(kMaxSize)) {
        return fail(place + ": extents must lie between 1 and 2^40");
      }
    }
    const std::vector<int64_t> shape = {static_cast<int64_t>(state.outer),
                                        static_cast<int64_t>(state.stored()),
                                        static_cast<int64_t>(state.inner)};
    if (!bufferBytes(state.type, shape)) {
      return fail(place + ": more than 2^47 bytes");
    }
  }
  names.clear();
  for (const Entry &entry : program.entries) {
    std::string place = "program: entry " + quoted(entry.name);
    if (!isName(entry.name) || !names.insert(entry.name).second) {
      return fail(place + ": no name, or one that is there twice");
    }
    if (auto status = EntryVerifier(program, entry, parameterBytes).run(); !status) {
      return forward(status.error(), place);
    }
  }
  return {};
}
