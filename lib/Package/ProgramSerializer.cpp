//===- ProgramSerializer.cpp - From the program dialect to package::Program ---===//
#include "coopt/Package/ProgramSerializer.h"
#include "EntrySerializer.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::package;

/// Merges the entries' states: those of one name are one state of the session.
static LogicalResult addStates(program::EntryOp entry, Program &program, std::vector<uint32_t> &indices) {
  for (auto attribute : entry.getStates().getAsRange<program::StateAttr>()) {
    State state{attribute.getName().str(),
                *elementTypeOf(attribute.getElement()),
                static_cast<uint64_t>(attribute.getOuter()),
                static_cast<uint64_t>(attribute.getCapacity()),
                static_cast<uint64_t>(attribute.getInner()),
                static_cast<uint64_t>(attribute.getBlock()),
                static_cast<uint64_t>(attribute.getKept())};
    auto known = llvm::find_if(program.states, [&](const State &other) { return other.name == state.name; });
    if (known == program.states.end()) {
      indices.push_back(static_cast<uint32_t>(program.states.size()));
      program.states.push_back(std::move(state));
      continue;
    }
    if (known->type != state.type || known->outer != state.outer || known->capacity != state.capacity ||
        known->inner != state.inner || known->block != state.block || known->kept != state.kept) {
      return entry.emitOpError("describes state '")
             << state.name << "' differently from an entry before it: expected outer = " << known->outer
             << ", capacity = " << known->capacity << ", inner = " << known->inner
             << ", block = " << known->block << ", kept = " << known->kept
             << ", element = " << elementName(known->type);
    }
    indices.push_back(static_cast<uint32_t>(known - program.states.begin()));
  }
  return success();
}

FailureOr<Program> coopt::package::serializeProgram(ModuleOp module,
                                                    const std::vector<Parameter> &parameters) {
  Program program;
  KernelTable kernels(module, program);
  for (auto entry : module.getOps<program::EntryOp>()) {
    std::vector<uint32_t> states;
    if (failed(addStates(entry, program, states))) {
      return failure();
    }
    EntrySerializer serializer(entry, kernels, parameters, states);
    FailureOr<Entry> serialized = serializer.run();
    if (failed(serialized)) {
      return failure();
    }
    program.entries.push_back(std::move(*serialized));
  }
  std::vector<uint64_t> bytes;
  for (const Parameter &parameter : parameters) {
    bytes.push_back(parameter.bytes);
  }
  if (Status status = verify(program, bytes); !status) {
    return emitError(module.getLoc()) << "serialised host program: " << status.error().message;
  }
  return program;
}

std::vector<Parameter> coopt::package::collectParameters(ModuleOp module) {
  std::vector<Parameter> parameters;
  llvm::StringSet<> seen;
  module.walk([&](program::ParameterOp op) {
    MemRefType type = op.getBuffer().getType();
    std::optional<ElementType> element = elementTypeOf(type.getElementType());
    if (!element || !type.hasStaticShape() || !seen.insert(op.getName()).second) {
      return;
    }
    Parameter parameter;
    parameter.name = op.getName().str();
    parameter.type = *element;
    parameter.shape = type.getShape().vec();
    parameter.bytes = static_cast<uint64_t>(type.getNumElements()) * elementBytes(*element);
    parameters.push_back(std::move(parameter));
  });
  return parameters;
}
