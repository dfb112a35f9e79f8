//===- EntrySerializer.cpp - One entry's buffers and commands ----------------===//
#include "EntrySerializer.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::package;

std::optional<ElementType> coopt::package::elementTypeOf(Type type) {
  return TypeSwitch<Type, std::optional<ElementType>>(type)
      .Case<Float64Type>([](auto) { return ElementType::F64; })
      .Case<Float32Type>([](auto) { return ElementType::F32; })
      .Case<Float16Type>([](auto) { return ElementType::F16; })
      .Case<BFloat16Type>([](auto) { return ElementType::BF16; })
      .Case<Float8E4M3FNType>([](auto) { return ElementType::F8E4M3FN; })
      .Case<Float8E5M2Type>([](auto) { return ElementType::F8E5M2; })
      .Case<IntegerType>([](IntegerType integer) -> std::optional<ElementType> {
        if (integer.isUnsigned() && integer.getWidth() == 8) {
          return ElementType::U8;
        }
        if (!integer.isSignless()) {
          return std::nullopt;
        }
        switch (integer.getWidth()) {
        case 1:
          return ElementType::I1;
        case 8:
          return ElementType::I8;
        case 16:
          return ElementType::I16;
        case 32:
          return ElementType::I32;
        case 64:
          return ElementType::I64;
        default:
          return std::nullopt;
        }
      })
      .Default([](Type) { return std::nullopt; });
}

FailureOr<uint32_t> KernelTable::indexOf(program::DispatchOp dispatch, size_t buffers, size_t scalars) {
  auto [entry, isNew] = kernels.try_emplace(
      dispatch.getKernel(), std::pair(static_cast<uint32_t>(program.kernels.size()), dispatch));
  if (!isNew) {
    const auto &[index, first] = entry->second;
    const Kernel &kernel = program.kernels[index];
    if (kernel.bufferCount != buffers || kernel.scalarCount != scalars) {
      InFlightDiagnostic diagnostic = dispatch.emitOpError("runs kernel @")
                                      << kernel.symbol << " with " << buffers << " buffers and " << scalars
                                      << " scalars, expected " << kernel.bufferCount << " and "
                                      << kernel.scalarCount;
      diagnostic.attachNote(program::DispatchOp(first).getLoc()) << "as here";
      return diagnostic;
    }
    return index;
  }
  auto functions = module.lookupSymbol<ModuleOp>(program::kKernelsModule);
  Operation *function = functions ? functions.lookupSymbol(dispatch.getKernel()) : nullptr;
  if (!isa_and_nonnull<FunctionOpInterface>(function)) {
    return dispatch.emitOpError("expected a function @")
           << dispatch.getKernel() << " in module @" << program::kKernelsModule;
  }
  Kernel kernel{dispatch.getKernel().str(), static_cast<uint32_t>(buffers), static_cast<uint32_t>(scalars),
                0};
  if (Attribute attribute = function->getAttr(program::kScratchBytes)) {
    auto bytes = dyn_cast<IntegerAttr>(attribute);
    if (!bytes || !bytes.getValue().isSignedIntN(64) || bytes.getInt() < 0) {
      return function->emitOpError("expected ")
             << program::kScratchBytes << " to be a number of bytes, got " << attribute;
    }
    kernel.scratchBytes = static_cast<uint64_t>(bytes.getInt());
  }
  program.kernels.push_back(std::move(kernel));
  return entry->second.first;
}

EntrySerializer::EntrySerializer(program::EntryOp op, KernelTable &kernels,
                                 const std::vector<Parameter> &parameters,
                                 const std::vector<uint32_t> &states)
    : op(op), kernels(kernels), parameters(parameters), states(states), bounds(op) {
  for (auto [index, parameter] : llvm::enumerate(parameters)) {
    parameterIndices.try_emplace(parameter.name, static_cast<uint32_t>(index));
  }
}

FailureOr<Entry> EntrySerializer::run() {
  entry.name = op.getSymName().str();
  for (auto size : op.getSizes().getAsRange<program::SizeAttr>()) {
    entry.dimensions.push_back({size.getName().str(), size.getMin(), size.getMax(), size.getMultiple()});
  }
  auto values = [&](ArrayAttr list, std::vector<Value> &out) {
    for (auto value : list.getAsRange<program::ValueAttr>()) {
      package::Value &result = out.emplace_back();
      result.name = value.getName().str();
      result.type = *elementTypeOf(value.getType().getElementType());
      ArrayRef<StringAttr> names = value.getSizes();
      for (int64_t extent : value.getType().getShape()) {
        if (ShapedType::isDynamic(extent)) {
          result.shape.push_back({true, *op.findSize(names.front())});
          names = names.drop_front();
        } else {
          result.shape.push_back({false, extent});
        }
      }
    }
  };
  values(op.getArguments(), entry.arguments);
  values(op.getResults(), entry.results);
  entry.states = states;
  entry.slotCount = static_cast<uint32_t>(entry.dimensions.size());
  entry.arenaBytes = op.getArenaBytes().value_or(0);
  if (failed(addCommands(op.getBody().front()))) {
    return failure();
  }
  return std::move(entry);
}

LogicalResult EntrySerializer::addCommands(Block &block) {
  for (Operation &nested : block.without_terminator()) {
    if (failed(addCommand(&nested))) {
      return failure();
    }
  }
  return success();
}

LogicalResult EntrySerializer::addCommand(Operation *command) {
  return TypeSwitch<Operation *, LogicalResult>(command)
      .Case([&](program::SizeOp size) {
        slots[size.getResult()] = *op.findSize(size.getName());
        return success();
      })
      .Case<program::ArgumentOp, program::ResultOp, program::ParameterOp, program::StateOp, program::AllocOp>(
          [&](auto buffer) { return addBuffer(buffer); })
      .Case([&](program::DispatchOp dispatch) { return addDispatch(dispatch); })
      .Case([&](program::CopyOp copy) { return addCopy(copy); })
      .Case([&](program::IfOp branch) { return addBranch(branch); })
      .Case([&](program::RequireOp require) { return addRequire(require); })
      .Case([&](program::PrefetchOp prefetch) { return addPrefetch(prefetch); })
      .Case([&](program::ExpertsLimitedOp limited) {
        slots[limited.getResult()] = emit(ScalarOp::ExpertsLimited, 0, 0);
        return success();
      })
      .Default([&](Operation *other) { return addArithmetic(other); });
}

LogicalResult EntrySerializer::addBuffer(Operation *definition) {
  auto type = cast<MemRefType>(definition->getResult(0).getType());
  Buffer buffer;
  buffer.type = *elementTypeOf(type.getElementType());
  ValueRange sizes = program::dynamicSizesOf(definition);
  for (int64_t extent : type.getShape()) {
    if (ShapedType::isDynamic(extent)) {
      buffer.shape.push_back({true, slotOf(sizes.front())});
      sizes = sizes.drop_front();
    } else {
      buffer.shape.push_back({false, extent});
    }
  }
  FailureOr<uint64_t> bytes = bounds.bytesOf(definition);
  if (failed(bytes)) {
    return failure();
  }
  buffer.maxBytes = *bytes;
  if (auto argument = dyn_cast<program::ArgumentOp>(definition)) {
    buffer.kind = BufferKind::Argument;
    buffer.index = static_cast<uint32_t>(argument.getNumber());
  } else if (auto result = dyn_cast<program::ResultOp>(definition)) {
    buffer.kind = BufferKind::Result;
    buffer.index = static_cast<uint32_t>(result.getNumber());
  } else if (auto state = dyn_cast<program::StateOp>(definition)) {
    buffer.kind = BufferKind::State;
    buffer.index = states[state.getNumber()];
  } else if (auto alloc = dyn_cast<program::AllocOp>(definition)) {
    if (!alloc.getOffset() || !op.getArenaBytes()) {
      return alloc.emitOpError("has no place in the arena: run coopt-program-plan-arena first");
    }
    buffer.kind = BufferKind::Arena;
    buffer.offset = *alloc.getOffset();
  } else {
    auto parameter = cast<program::ParameterOp>(definition);
    auto known = parameterIndices.find(parameter.getName());
    if (known == parameterIndices.end()) {
      return parameter.emitOpError("names a parameter that the package does not have");
    }
    const Parameter &stored = parameters[known->second];
    if (stored.type != buffer.type || stored.bytes != buffer.maxBytes) {
      return parameter.emitOpError("expected what the package stores, ")
             << stored.bytes << " bytes of " << elementName(stored.type) << ", got " << buffer.maxBytes
             << " bytes of " << elementName(buffer.type);
    }
    buffer.kind = BufferKind::Parameter;
    buffer.index = known->second;
  }
  buffers[definition->getResult(0)] = static_cast<uint32_t>(entry.buffers.size());
  entry.buffers.push_back(std::move(buffer));
  return success();
}

void EntrySerializer::addExtents(mlir::Value buffer, std::vector<Slot> &scalars) const {
  for (const Extent &extent : entry.buffers[buffers.lookup(buffer)].shape) {
    if (extent.isSlot) {
      scalars.push_back(static_cast<Slot>(extent.value));
    }
  }
}

LogicalResult EntrySerializer::addDispatch(program::DispatchOp dispatch) {
  Command command;
  command.kind = CommandKind::Dispatch;
  command.opId = dispatch.getId().str();
  command.items = slotOf(dispatch.getItems());
  command.firstWritten = static_cast<uint32_t>(dispatch.getReads().size());
  for (OperandRange operands : {dispatch.getReads(), dispatch.getWrites()}) {
    for (mlir::Value buffer : operands) {
      command.buffers.push_back(buffers.lookup(buffer));
      addExtents(buffer, command.scalars);
    }
  }
  for (mlir::Value scalar : dispatch.getScalars()) {
    command.scalars.push_back(slotOf(scalar));
  }
  FailureOr<uint32_t> kernel = kernels.indexOf(dispatch, command.buffers.size(), command.scalars.size());
  if (failed(kernel)) {
    return failure();
  }
  command.kernel = *kernel;
  if (program::ExpertsAttr experts = dispatch.getExpertsAttr()) {
    command.segments = static_cast<uint32_t>(experts.getSegments());
  }
  command.immediate = static_cast<int64_t>(dispatch.getPositions().value_or(0));
  entry.commands.push_back(std::move(command));
  return success();
}

LogicalResult EntrySerializer::addCopy(program::CopyOp copy) {
  Command command;
  command.kind = CommandKind::Copy;
  command.buffers = {buffers.lookup(copy.getSource()), buffers.lookup(copy.getDestination())};
  std::vector<Slot> source, destination;
  addExtents(copy.getSource(), source);
  addExtents(copy.getDestination(), destination);
  if (source != destination) {
    return copy.emitOpError("expected both buffers to be made with the same extents");
  }
  entry.commands.push_back(std::move(command));
  return success();
}

LogicalResult EntrySerializer::addPrefetch(program::PrefetchOp prefetch) {
  Command command;
  command.kind = CommandKind::Prefetch;
  for (mlir::Value buffer : prefetch->getOperands()) {
    command.buffers.push_back(buffers.lookup(buffer));
  }
  entry.commands.push_back(std::move(command));
  return success();
}

LogicalResult EntrySerializer::addRequire(program::RequireOp require) {
  Command command;
  command.kind = CommandKind::Require;
  command.a = slotOf(require.getCondition());
  command.immediate = require.getKind();
  command.scalars = {slotOf(require.getValue()), slotOf(require.getBound())};
  command.opId = require.getPlace().str();
  entry.commands.push_back(std::move(command));
  return success();
}

LogicalResult EntrySerializer::addBranch(program::IfOp branch) {
  size_t test = entry.commands.size();
  Command &unless = entry.commands.emplace_back();
  unless.kind = CommandKind::BranchUnless;
  unless.a = slotOf(branch.getCondition());
  if (failed(addCommands(branch.getThenRegion().front()))) {
    return failure();
  }
  if (branch.getElseRegion().empty()) {
    entry.commands[test].target = static_cast<uint32_t>(entry.commands.size());
    return success();
  }
  size_t jump = entry.commands.size();
  entry.commands.emplace_back().kind = CommandKind::Jump;
  entry.commands[test].target = static_cast<uint32_t>(entry.commands.size());
  if (failed(addCommands(branch.getElseRegion().front()))) {
    return failure();
  }
  entry.commands[jump].target = static_cast<uint32_t>(entry.commands.size());
  return success();
}
