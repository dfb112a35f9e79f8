#include "Executor/Executor.h"

#include "Executor/Fault.h"
#include "Executor/FloatEnvironment.h"
#include "Executor/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <numeric>

using namespace coopt;
using namespace coopt::runtime;
using package::Buffer;
using package::BufferKind;
using package::Command;
using package::CommandKind;
using package::Entry;
using package::ScalarOp;

static int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Expected<std::unique_ptr<Executor>> Executor::create(std::shared_ptr<const LoadedPackage> package,
                                                     int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    return fail("expected between 0 and " + std::to_string(kMaxThreads) + " threads, got " +
                std::to_string(threads));
  }
  uint64_t arenaBytes = 0;
  for (const Entry &entry : package->program().entries) {
    arenaBytes = std::max(arenaBytes, entry.arenaBytes);
  }
  auto arena = AlignedMemory::allocate(arenaBytes);
  if (!arena) {
    return forward(arena.error(), "arena");
  }
  auto device = package->code().open(*package, threads);
  if (!device) {
    return forward(device.error());
  }
  return std::unique_ptr<Executor>(new Executor(std::move(package), std::move(*device), std::move(*arena)));
}

Status runtime::checkSizes(const Entry &entry, const std::vector<int64_t> &sizes) {
  for (size_t i = 0; i < entry.dimensions.size(); ++i) {
    const package::Dimension &dimension = entry.dimensions[i];
    if (sizes[i] < dimension.min || sizes[i] > dimension.max || sizes[i] % dimension.multipleOf != 0) {
      std::string multiple =
          dimension.multipleOf == 1 ? "" : ", a multiple of " + std::to_string(dimension.multipleOf);
      return fail("'" + dimension.name + "': expected between " + std::to_string(dimension.min) + " and " +
                  std::to_string(dimension.max) + multiple + ", got " + std::to_string(sizes[i]));
    }
  }
  return {};
}

Status Executor::run(const Call &call) {
  const Entry &entry = loaded->program().entries[call.entry];
  Status status = checkSizes(entry, call.sizes);
  if (status) {
    status = execute(call, entry);
  }
  return status ? status : Status(forward(status.error(), "entry '" + entry.name + "'"));
}

Status Executor::execute(const Call &call, const Entry &entry) {
  FloatEnvironment environment;
  slots.assign(entry.slotCount, 0);
  std::copy(call.sizes.begin(), call.sizes.end(), slots.begin());
  bases.clear();
  guess.clear();
  for (const Buffer &buffer : entry.buffers) {
    switch (buffer.kind) {
    case BufferKind::Parameter: {
      const void *kept = loaded->experts() ? loaded->experts()->parameter(buffer.index) : nullptr;
      bases.push_back(const_cast<void *>(kept ? kept : loaded->parameter(buffer.index)));
      break;
    }
    case BufferKind::Argument:
      bases.push_back(const_cast<void *>(call.arguments[buffer.index]));
      break;
    case BufferKind::Result:
      bases.push_back(call.results[buffer.index]);
      break;
    case BufferKind::State:
      bases.push_back(call.states[buffer.index]);
      break;
    case BufferKind::Arena:
      bases.push_back(arena.data() + buffer.offset);
      break;
    }
  }
  CallView view{entry, call.sizes, call.arguments};
  for (Observer *observer : watching) {
    if (auto status = observer->callBegins(view); !status) {
      return status;
    }
  }
  for (size_t next = 0; next < entry.commands.size();) {
    const Command &command = entry.commands[next];
    size_t index = next++;
    Status status;
    switch (command.kind) {
    case CommandKind::Scalar:
      status = scalar(command);
      break;
    case CommandKind::Dispatch:
      status = dispatch(view, command);
      break;
    case CommandKind::Copy:
      status = copy(entry, command);
      break;
    case CommandKind::Prefetch:
      status = prefetch(entry, command);
      if (next == entry.commands.size() || entry.commands[next].kind != CommandKind::Prefetch) {
        expectGuess();
      }
      break;
    case CommandKind::BranchUnless:
      next = slots[command.a] == 0 ? command.target : next;
      break;
    case CommandKind::Jump:
      next = command.target;
      break;
    case CommandKind::Require:
      if (slots[command.a] == 0) {
        return fail(describe(static_cast<abi::FaultKind>(command.immediate), slots[command.scalars[0]],
                             slots[command.scalars[1]]) +
                    command.opId);
      }
      break;
    }
    if (!status) {
      return forward(status.error(), "command " + std::to_string(index));
    }
  }
  return {};
}

/// Toward minus infinity, with wrap-around where the quotient has no representation.
static int64_t floorDivide(int64_t a, int64_t b) {
  if (b == -1) {
    return static_cast<int64_t>(0 - static_cast<uint64_t>(a));
  }
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

Status Executor::scalar(const Command &command) {
  if (command.op == ScalarOp::Constant || command.op == ScalarOp::ExpertsLimited) {
    const bool readsAhead = loaded->experts() && loaded->experts()->readsAhead();
    slots[command.dst] = command.op == ScalarOp::Constant ? command.immediate : readsAhead;
    return {};
  }
  int64_t a = slots[command.a], b = slots[command.b];
  // Unsigned, so that overflow wraps as it does in the compiler's arithmetic.
  uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  int64_t &out = slots[command.dst];
  switch (command.op) {
  case ScalarOp::Constant:
  case ScalarOp::ExpertsLimited:
    return {};
  case ScalarOp::Add:
    out = static_cast<int64_t>(ua + ub);
    return {};
  case ScalarOp::Sub:
    out = static_cast<int64_t>(ua - ub);
    return {};
  case ScalarOp::Mul:
    out = static_cast<int64_t>(ua * ub);
    return {};
  case ScalarOp::FloorDiv:
  case ScalarOp::CeilDiv:
  case ScalarOp::Mod:
    if (b == 0) {
      return fail("division by zero");
    }
    if (command.op == ScalarOp::FloorDiv) {
      out = floorDivide(a, b);
    } else if (command.op == ScalarOp::CeilDiv) {
      int64_t quotient = floorDivide(a, b);
      out = b != -1 && a % b != 0 ? quotient + 1 : quotient;
    } else {
      out = static_cast<int64_t>(ua - static_cast<uint64_t>(floorDivide(a, b)) * ub);
    }
    return {};
  case ScalarOp::Min:
    out = std::min(a, b);
    return {};
  case ScalarOp::Max:
    out = std::max(a, b);
    return {};
  case ScalarOp::Equal:
    out = a == b;
    return {};
  case ScalarOp::Less:
    out = a < b;
    return {};
  case ScalarOp::LessEqual:
    out = a <= b;
    return {};
  case ScalarOp::And:
    out = a & b;
    return {};
  case ScalarOp::Or:
    out = a | b;
    return {};
  }
  return fail("unknown operation");
}

int64_t Executor::extent(const package::Extent &extent) const {
  return extent.isSlot ? slots[static_cast<size_t>(extent.value)] : extent.value;
}

Status Executor::shapeOf(const Buffer &buffer, size_t dimensions, std::vector<int64_t> &shape) const {
  shape.clear();
  bool isComputed = false;
  for (const package::Extent &e : buffer.shape) {
    shape.push_back(extent(e));
    isComputed |= e.isSlot && static_cast<size_t>(e.value) >= dimensions;
  }
  if (isComputed) {
    auto bytes = package::bufferBytes(buffer.type, shape);
    if (!bytes || *bytes > buffer.maxBytes) {
      return fail("a buffer of at most " + std::to_string(buffer.maxBytes) + " bytes got " +
                  (bytes ? std::to_string(*bytes) + " bytes" : "a negative or huge extent"));
    }
  }
  return {};
}

Status Executor::prefetch(const Entry &entry, const Command &command) {
  ExpertStore *experts = loaded->experts();
  if (!experts) {
    return {};
  }
  if (auto status = shapeOf(entry.buffers[command.buffers[0]], entry.dimensions.size(), prefetchShape);
      !status) {
    return status;
  }
  std::vector<uint32_t> groups;
  uint32_t most = 0;
  for (size_t i = 1; i < command.buffers.size(); ++i) {
    uint32_t group = experts->groupOf(entry.buffers[command.buffers[i]].index);
    if (group != ExpertStore::kNoGroup && std::find(groups.begin(), groups.end(), group) == groups.end()) {
      groups.push_back(group);
      most = std::max(most, experts->expertsOf(group));
    }
  }
  int64_t named =
      std::accumulate(prefetchShape.begin(), prefetchShape.end(), int64_t(1), std::multiplies<>());
  const auto *list = static_cast<const int32_t *>(bases[command.buffers[0]]);
  std::vector<uint32_t> tokens(most), order;
  for (int64_t i = 0; i < named; ++i) {
    if (static_cast<uint32_t>(list[i]) < most && tokens[static_cast<uint32_t>(list[i])]++ == 0) {
      order.push_back(static_cast<uint32_t>(list[i]));
    }
  }
  for (uint32_t expert : order) {
    for (uint32_t group : groups) {
      guess.push_back({tokens[expert], {group, expert}});
    }
  }
  return {};
}

void Executor::expectGuess() {
  if (!loaded->experts()) {
    return;
  }
  std::stable_sort(guess.begin(), guess.end(),
                   [](const auto &a, const auto &b) { return a.first > b.first; });
  std::vector<ExpertStore::Expectation> wanted;
  for (const auto &[tokens, expectation] : guess) {
    wanted.push_back(expectation);
  }
  loaded->experts()->expect(wanted);
  guess.clear();
}

Status Executor::dispatch(const CallView &view, const Command &command) {
  const Entry &entry = view.entry;
  if (shapes.size() < command.buffers.size()) {
    shapes.resize(command.buffers.size());
  }
  operands.clear();
  for (size_t i = 0; i < command.buffers.size(); ++i) {
    const Buffer &buffer = entry.buffers[command.buffers[i]];
    if (auto status = shapeOf(buffer, entry.dimensions.size(), shapes[i]); !status) {
      return forward(status.error(), command.opId + ": operand " + std::to_string(i));
    }
    operands.push_back(bases[command.buffers[i]]);
  }
  int64_t items = slots[command.items];
  if (items < 0 || items > static_cast<int64_t>(UINT32_MAX)) {
    return fail(command.opId + ": " + std::to_string(items) + " work items");
  }
  scalars.clear();
  for (package::Slot slot : command.scalars) {
    scalars.push_back(slots[slot]);
  }
  const package::Kernel &kernel = loaded->program().kernels[command.kernel];
  DispatchView dispatched{view,          command, kernel, static_cast<uint32_t>(items), operands.data(),
                          shapes.data(), scalars};
  dispatched.isTraced = std::any_of(watching.begin(), watching.end(),
                                    [](const Observer *observer) { return observer->wantsSlices(); });
  for (Observer *observer : watching) {
    if (auto status = observer->before(dispatched); !status) {
      return forward(status.error(), command.opId);
    }
  }
  int64_t start = watching.empty() ? 0 : now();
  Status status = device->run(dispatched);
  int64_t end = watching.empty() ? 0 : now();
  if (!status) {
    return forward(status.error(), command.opId);
  }
  for (Observer *observer : watching) {
    if (auto status = observer->after(dispatched, start, end); !status) {
      return forward(status.error(), command.opId);
    }
  }
  return {};
}

Status Executor::copy(const Entry &entry, const Command &command) {
  const Buffer &source = entry.buffers[command.buffers[0]];
  const Buffer &destination = entry.buffers[command.buffers[1]];
  if (shapes.empty()) {
    shapes.resize(1);
  }
  for (const Buffer *buffer : {&source, &destination}) {
    if (auto status = shapeOf(*buffer, entry.dimensions.size(), shapes[0]); !status) {
      return status;
    }
  }
  // memmove: the arena's planner may let source and destination overlap.
  std::memmove(bases[command.buffers[1]], bases[command.buffers[0]],
               package::bufferBytes(source.type, shapes[0]).value_or(0));
  return {};
}
