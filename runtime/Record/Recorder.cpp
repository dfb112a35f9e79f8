#include "Record/Recorder.h"

#include "Npy/Npy.h"
#include "Session/StateStore.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::runtime;
using package::BufferKind;
using Kind = RecordedOperand::Kind;

Expected<std::unique_ptr<Recorder>> Recorder::create(std::shared_ptr<const LoadedPackage> package,
                                                     const std::string &folder) {
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return fail(folder + ": " + std::strerror(errno));
  }
  if (::access((folder + "/index.json").c_str(), F_OK) == 0) {
    return fail(folder + ": holds a record already");
  }
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(package), folder));
  recorder->index.package = recorder->package->file().identity();
  recorder->index.isa = recorder->package->isa();
  return recorder;
}

int64_t runtime::filledPositions(const CallView &call, const package::State &state) {
  int64_t filled = 0;
  int found = 0;
  for (size_t i = 0; i < call.entry.dimensions.size(); ++i) {
    const std::string &name = call.entry.dimensions[i].name;
    if (name == "past" || name == "tokens") {
      filled += call.sizes[i];
      ++found;
    }
  }
  auto capacity = static_cast<int64_t>(state.capacity);
  return found == 2 ? std::min(filled, capacity) : capacity;
}

RecordedOperand runtime::describeOperand(const LoadedPackage &package, const DispatchView &dispatch,
                                         size_t operand) {
  const package::Buffer &buffer = dispatch.buffer(operand);
  RecordedOperand recorded;
  recorded.written = dispatch.isWritten(operand);
  recorded.type = buffer.type;
  recorded.shape = dispatch.operandShapes[operand];
  if (buffer.kind == BufferKind::Parameter) {
    const package::Parameter &parameter = package.manifest().parameters[buffer.index];
    recorded.kind = Kind::Parameter;
    recorded.name = parameter.name;
    recorded.checksum = parameter.checksum;
  } else if (buffer.kind == BufferKind::State) {
    const package::State &state = package.program().states[buffer.index];
    recorded.kind = Kind::State;
    recorded.name = state.name;
    auto filled = static_cast<uint64_t>(filledPositions(dispatch.call, state));
    recorded.shape = {static_cast<int64_t>(state.outer), static_cast<int64_t>(state.stored(filled)),
                      static_cast<int64_t>(state.inner)};
  }
  return recorded;
}

Status Recorder::callBegins(const CallView &call) {
  occurrences.clear();
  RecordedCall recorded;
  recorded.entry = call.entry.name;
  for (size_t i = 0; i < call.sizes.size(); ++i) {
    recorded.sizes.emplace_back(call.entry.dimensions[i].name, call.sizes[i]);
  }
  for (size_t i = 0; i < call.entry.arguments.size(); ++i) {
    const package::Value &value = call.entry.arguments[i];
    std::vector<int64_t> shape;
    for (const package::Extent &extent : value.shape) {
      shape.push_back(extent.isSlot ? call.sizes[static_cast<size_t>(extent.value)] : extent.value);
    }
    std::string file = "run." + std::to_string(index.calls.size()) + ".arg" + std::to_string(i) + ".npy";
    if (auto status = writeNpy(folder + "/" + file, value.type, shape, call.arguments[i]); !status) {
      return status;
    }
    recorded.argumentNames.push_back(value.name);
    recorded.argumentFiles.push_back(file);
  }
  index.calls.push_back(std::move(recorded));
  return {};
}

Status Recorder::store(const DispatchView &dispatch, size_t operand, const RecordedOperand &recorded,
                       const std::string &file) const {
  const void *data = dispatch.buffers[operand];
  std::vector<uint8_t> packed;
  if (recorded.kind == Kind::State) {
    const package::State &state = package->program().states[dispatch.buffer(operand).index];
    uint64_t positions = positionsOf(state, static_cast<uint64_t>(recorded.shape[1]));
    packed.resize(packedBytes(state, positions));
    packState(state, data, positions, packed.data());
    data = packed.data();
  }
  return writeNpy(folder + "/" + file, recorded.type, recorded.shape, data);
}

Status Recorder::before(const DispatchView &dispatch) {
  RecordedDispatch recorded;
  recorded.opId = dispatch.command.opId;
  recorded.call = calls[recorded.opId]++;
  recorded.run = index.calls.size() - 1;
  recorded.occurrence = occurrences[recorded.opId]++;
  recorded.kernel = dispatch.kernel.symbol;
  recorded.items = dispatch.items;
  std::string stem = recorded.opId;
  std::replace(stem.begin(), stem.end(), '/', '.');
  stem += "." + std::to_string(recorded.call) + ".";
  for (size_t i = 0; i < dispatch.operands(); ++i) {
    RecordedOperand operand = describeOperand(*package, dispatch, i);
    if (operand.kind != Kind::Parameter && (!operand.written || operand.kind == Kind::State)) {
      operand.in = stem + "in" + std::to_string(i) + ".npy";
      if (auto status = store(dispatch, i, operand, operand.in); !status) {
        return status;
      }
    }
    if (operand.written) {
      operand.out = stem + "out" + std::to_string(i) + ".npy";
    }
    recorded.operands.push_back(std::move(operand));
  }
  index.dispatches.push_back(std::move(recorded));
  return {};
}

Status Recorder::after(const DispatchView &dispatch, int64_t, int64_t) {
  const RecordedDispatch &recorded = index.dispatches.back();
  for (size_t i = 0; i < recorded.operands.size(); ++i) {
    if (recorded.operands[i].written) {
      if (auto status = store(dispatch, i, recorded.operands[i], recorded.operands[i].out); !status) {
        return status;
      }
    }
  }
  return {};
}

Status Recorder::finish() { return writeRecordIndex(folder, index); }
