#include "coopt/Transforms/OutlineKernels.h"

#include "ContractionInput.h"
#include "HostPrefetch.h"
#include "KernelOutliner.h"
#include "TileSegments.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Program/IR/Program.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;

/// How many positions of a state a row of the kernel reads at most; null: all so far.
static IntegerAttr positionsRead(schedule::KernelOp kernel) {
  std::optional<int64_t> most = 0;
  kernel.walk([&](attention::AttendOp op) {
    const std::optional<int64_t> window = op.getWindow();
    most = most && window ? std::max<int64_t>(*most, *window + op.getSinks().value_or(0))
                          : std::optional<int64_t>();
  });
  return most.value_or(0) > 0 ? Builder(kernel.getContext()).getI64IntegerAttr(*most) : IntegerAttr();
}

namespace {

/// A tensor or state of the entry as a buffer of the host program.
struct HostBuffer {
  Value buffer;
  SmallVector<Value> dynamicSizes; // one for each dynamic extent, in order
};

/// Translates one model.entry.
class HostProgramBuilder {
public:
  HostProgramBuilder(model::EntryOp entry, KernelOutliner &outliner)
      : entry(entry), outliner(outliner), builder(entry) {}

  LogicalResult build();

private:
  void declareEntry();
  LogicalResult translate(Block &block);
  LogicalResult translateKernel(schedule::KernelOp kernel);
  LogicalResult translateBranch(scf::IfOp branch);
  bool endsWith(Value init, Operation *op);
  FailureOr<HostBuffer> destinationFor(Value result, Value init);
  FailureOr<Value> itemCount(schedule::KernelOp kernel);
  Value evaluate(Operation *op, ValueRange operands);
  FailureOr<Value> hostValue(schedule::KernelOp kernel, Value value);
  FailureOr<Value> extent(Operation *at, Value tensor, int64_t dimension);

  Value size(StringRef name) { return program::SizeOp::create(builder, loc(), builder.getIndexType(), name); }
  Location loc() { return entry.getLoc(); }

  model::EntryOp entry;
  KernelOutliner &outliner;
  OpBuilder builder;
  program::EntryOp host;
  IRMapping scalars;
  DenseMap<Value, HostBuffer> buffers;
  DenseMap<Value, HostBuffer> resultBuffers; // where a value must be computed: it is returned
  SmallVector<HostPrefetch> prefetches;
};

std::string valueName(DictionaryAttr attributes, StringRef kind, unsigned index) {
  if (attributes) {
    if (auto name = attributes.getAs<StringAttr>("coopt.name")) {
      return name.str();
    }
  }
  return (kind + Twine(index)).str();
}

} // namespace

void HostProgramBuilder::declareEntry() {
  MLIRContext *context = entry.getContext();
  SmallVector<Attribute> sizes, arguments, results, states;
  for (auto s : entry.getSizes().getAsRange<model::SizeAttr>()) {
    sizes.push_back(program::SizeAttr::get(context, StringAttr::get(context, s.getName()), s.getMin(),
                                           s.getMax(), s.getMultiple()));
  }
  auto valueAttr = [&](Type type, StringRef name, ArrayRef<StringRef> dims) {
    SmallVector<StringAttr> names;
    for (StringRef dim : dims) {
      names.push_back(StringAttr::get(context, dim));
    }
    return program::ValueAttr::get(context, StringAttr::get(context, name), bufferType(type), names);
  };
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    if (auto state = dyn_cast<attention::StateType>(type)) {
      MemRefType buffer = bufferType(state);
      // Entries that use a state of one type share it.
      std::string name = "cache" + (states.empty() ? std::string() : std::to_string(states.size()));
      int64_t block = 1, kept = 0;
      if (attention::CodedType coded = state.getCoded()) {
        numerics::CodedCache cache = coded.getCache(state.getHeadSize());
        block = cache.group, kept = cache.keptPositions();
      }
      states.push_back(program::StateAttr::get(context, StringAttr::get(context, name), buffer.getDimSize(0),
                                               state.getCapacity(), buffer.getDimSize(2),
                                               buffer.getElementType(), block, kept));
    } else {
      std::string name =
          valueName(function_interface_impl::getArgAttrDict(entry, index), "arg", arguments.size());
      arguments.push_back(valueAttr(type, name, entry.getArgumentDimNames(index)));
    }
  }
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes())) {
    if (!isa<attention::StateType>(type)) {
      std::string name =
          valueName(function_interface_impl::getResultAttrDict(entry, index), "result", results.size());
      results.push_back(valueAttr(type, name, entry.getResultDimNames(index)));
    }
  }
  host = program::EntryOp::create(builder, loc(), entry.getSymName(), builder.getArrayAttr(sizes),
                                  builder.getArrayAttr(arguments), builder.getArrayAttr(results),
                                  builder.getArrayAttr(states), IntegerAttr());
  Block *body = host.getBody().empty() ? &host.getBody().emplaceBlock() : &host.getBody().front();
  if (body->empty()) {
    builder.setInsertionPointToEnd(body);
    program::ReturnOp::create(builder, loc());
  }
  builder.setInsertionPoint(body->getTerminator());

  int64_t argument = 0, state = 0;
  for (auto [index, old] : llvm::enumerate(entry.getArguments())) {
    if (isa<attention::StateType>(old.getType())) {
      buffers[old] = {program::StateOp::create(builder, loc(), bufferType(old.getType()), state++), {}};
      continue;
    }
    HostBuffer buffer;
    for (StringRef name : entry.getArgumentDimNames(index)) {
      buffer.dynamicSizes.push_back(size(name));
    }
    buffer.buffer = program::ArgumentOp::create(builder, loc(), bufferType(old.getType()), argument++,
                                                buffer.dynamicSizes);
    buffers[old] = buffer;
  }
  int64_t result = 0;
  Operation *terminator = entry.getBody().front().getTerminator();
  for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
    if (isa<attention::StateType>(value.getType())) {
      continue;
    }
    HostBuffer buffer;
    for (StringRef name : entry.getResultDimNames(index)) {
      buffer.dynamicSizes.push_back(size(name));
    }
    buffer.buffer =
        program::ResultOp::create(builder, loc(), bufferType(value.getType()), result++, buffer.dynamicSizes);
    resultBuffers[value] = buffer;
  }
}

FailureOr<Value> HostProgramBuilder::extent(Operation *at, Value tensor, int64_t dimension) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dimension)) {
    return Value(arith::ConstantIndexOp::create(builder, loc(), type.getDimSize(dimension)));
  }
  if (auto it = buffers.find(tensor); it != buffers.end()) {
    return it->second.dynamicSizes[type.getDynamicDimIndex(dimension)];
  }
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>()) {
    return scalars.lookup(empty.getDynamicSizes()[type.getDynamicDimIndex(dimension)]);
  }
  return at->emitError("can't tell extent ") << dimension << " of a tensor in the host program";
}

/// The value of an affine.apply, affine.min or affine.max of `operands`.
Value HostProgramBuilder::evaluate(Operation *op, ValueRange operands) {
  AffineMap map = op->getAttrOfType<AffineMapAttr>("map").getValue();
  auto expanded = *affine::expandAffineMap(builder, loc(), map, operands);
  Value result = expanded[0];
  for (Value other : ArrayRef<Value>(expanded).drop_front()) {
    result = isa<affine::AffineMinOp>(op) ? arith::MinSIOp::create(builder, loc(), result, other).getResult()
                                          : arith::MaxSIOp::create(builder, loc(), result, other).getResult();
  }
  return result;
}

/// Computes, in the host program, an index value of a kernel's region.
FailureOr<Value> HostProgramBuilder::hostValue(schedule::KernelOp kernel, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() == &kernel.getBody().front()) {
      return scalars.lookup(kernel->getOperand(argument.getArgNumber()));
    }
    return kernel.emitOpError("has a number of work items that depends on its own loops");
  }
  Operation *def = value.getDefiningOp();
  if (auto dim = dyn_cast<tensor::DimOp>(def)) {
    auto argument = dyn_cast<BlockArgument>(dim.getSource());
    std::optional<int64_t> index = dim.getConstantIndex();
    if (argument && index && argument.getOwner() == &kernel.getBody().front()) {
      return extent(kernel, kernel->getOperand(argument.getArgNumber()), *index);
    }
    return kernel.emitOpError("has a number of work items that depends on a size computed inside it");
  }
  SmallVector<Value> operands;
  for (Value operand : def->getOperands()) {
    FailureOr<Value> mapped = hostValue(kernel, operand);
    if (failed(mapped)) {
      return failure();
    }
    operands.push_back(*mapped);
  }
  if (isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(def)) {
    return evaluate(def, operands);
  }
  if (!isa<arith::ArithDialect>(def->getDialect()) || def->getNumResults() != 1) {
    return kernel.emitOpError("has a number of work items that depends on ") << def->getName();
  }
  IRMapping mapping;
  mapping.map(def->getOperands(), operands);
  return builder.clone(*def, mapping)->getResult(0);
}

FailureOr<Value> HostProgramBuilder::itemCount(schedule::KernelOp kernel) {
  Value sum;
  for (auto forall : kernel.getBody().front().getOps<scf::ForallOp>()) {
    Value count = arith::ConstantIndexOp::create(builder, loc(), 1);
    for (size_t d = 0; d < static_cast<size_t>(forall.getRank()); ++d) {
      SmallVector<Value> bounds;
      for (OpFoldResult bound :
           {forall.getMixedLowerBound()[d], forall.getMixedUpperBound()[d], forall.getMixedStep()[d]}) {
        if (auto constant = getConstantIntValue(bound)) {
          bounds.push_back(arith::ConstantIndexOp::create(builder, loc(), *constant));
          continue;
        }
        FailureOr<Value> value = hostValue(kernel, cast<Value>(bound));
        if (failed(value)) {
          return failure();
        }
        bounds.push_back(*value);
      }
      Value extent = arith::SubIOp::create(builder, loc(), bounds[1], bounds[0]);
      Value trips = arith::CeilDivSIOp::create(builder, loc(), extent, bounds[2]);
      count = arith::MulIOp::create(builder, loc(), count, trips);
    }
    sum = sum ? arith::AddIOp::create(builder, loc(), sum, count).getResult() : count;
  }
  return sum ? sum : Value(arith::ConstantIndexOp::create(builder, loc(), 1));
}

/// Whether what `init` holds is read by nothing after `op`, which begins with it, and stands in a buffer of the arena.
bool HostProgramBuilder::endsWith(Value init, Operation *op) {
  auto it = buffers.find(init);
  return it != buffers.end() && it->second.buffer.getDefiningOp<program::AllocOp>() &&
         llvm::all_of(init.getUsers(), [&](Operation *user) {
           Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
           return ancestor && !op->isBeforeInBlock(ancestor) &&
                  (ancestor != op || llvm::count(user->getOperands(), init) == 1);
         });
}

/// The buffer that `result` is computed into: the caller's if it is returned, that of `init` if it updates what nothing else
/// reads, else one of the arena.
FailureOr<HostBuffer> HostProgramBuilder::destinationFor(Value result, Value init) {
  if (auto it = resultBuffers.find(result); it != resultBuffers.end()) {
    return it->second;
  }
  if (endsWith(init, result.getDefiningOp())) {
    return buffers.lookup(init);
  }
  auto type = cast<RankedTensorType>(result.getType());
  HostBuffer buffer;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (type.isDynamicDim(d)) {
      FailureOr<Value> value = extent(result.getDefiningOp(), init, d);
      if (failed(value)) {
        return failure();
      }
      buffer.dynamicSizes.push_back(*value);
    }
  }
  buffer.buffer =
      program::AllocOp::create(builder, loc(), bufferType(type), buffer.dynamicSizes, IntegerAttr());
  return buffer;
}

LogicalResult HostProgramBuilder::translateKernel(schedule::KernelOp kernel) {
  FailureOr<Value> items = itemCount(kernel);
  if (failed(items)) {
    return failure();
  }
  std::optional<ExpertReads> experts = findExpertReads(kernel);
  // Said to whoever looks at a run: coopt-run --collect-stats.
  std::optional<ContractionInput> input = findContractionInput(kernel);
  FailureOr<OutlinedKernel> outlined = outliner.outline(kernel);
  if (failed(outlined)) {
    return failure();
  }
  SmallVector<Value> reads, writes, sizes;
  for (unsigned number : outlined->reads) {
    Value operand = kernel->getOperand(number);
    auto it = buffers.find(operand);
    if (it == buffers.end()) {
      return kernel.emitOpError("reads operand ") << number << ", which is no buffer of the host program";
    }
    reads.push_back(it->second.buffer);
  }
  for (auto [index, number] : llvm::enumerate(outlined->writes)) {
    Value operand = kernel->getOperand(number);
    Value result = kernel->getResult(index);
    if (isa<attention::StateType>(operand.getType())) {
      buffers[result] = buffers.lookup(operand);
    } else {
      FailureOr<HostBuffer> buffer = destinationFor(result, operand);
      if (failed(buffer)) {
        return failure();
      }
      if (auto old = buffers.find(operand); old != buffers.end() && old->second.buffer != buffer->buffer) {
        // The kernel updates a tensor that already has contents.
        program::CopyOp::create(builder, loc(), old->second.buffer, buffer->buffer);
      }
      buffers[result] = *buffer;
    }
    writes.push_back(buffers[result].buffer);
  }
  for (unsigned number : outlined->scalars) {
    sizes.push_back(scalars.lookup(kernel->getOperand(number)));
  }
  for (int64_t constant : outlined->constants) {
    sizes.push_back(arith::ConstantIndexOp::create(builder, loc(), constant));
  }
  auto dispatch = program::DispatchOp::create(builder, kernel.getLoc(), kernel.getId(),
                                              outlined->function.getSymName(), *items, reads, writes, sizes);
  auto placeOf = [&](unsigned operand) -> int64_t {
    return llvm::find(outlined->reads, operand) - outlined->reads.begin();
  };
  if (experts) {
    // What a function is given is there as a whole.
    llvm::erase_if(experts->weights, [&](unsigned operand) {
      return !buffers.lookup(kernel->getOperand(operand)).buffer.getDefiningOp<program::ParameterOp>();
    });
  }
  if (experts && !experts->weights.empty()) {
    dispatch.setExpertsAttr(program::ExpertsAttr::get(builder.getContext(), placeOf(experts->segments),
                                                      llvm::map_to_vector(experts->weights, placeOf),
                                                      experts->count));
  }
  if (IntegerAttr positions = positionsRead(kernel)) {
    dispatch.setPositionsAttr(positions);
  }
  if (auto ids = kernel->getAttrOfType<ArrayAttr>(kContractionIds); input && ids) {
    dispatch->setAttr(
        "coopt.contraction",
        builder.getDictionaryAttr(
            {builder.getNamedAttr("ids", ids),
             builder.getNamedAttr("operand", builder.getI64IntegerAttr(placeOf(input->operand))),
             builder.getNamedAttr("columns", builder.getI64IntegerAttr(input->columns)),
             builder.getNamedAttr(
                 "source", builder.getStringAttr(describeSource(kernel->getOperand(input->operand))))}));
  }
  return success();
}

LogicalResult HostProgramBuilder::translateBranch(scf::IfOp branch) {
  auto thenYield = cast<scf::YieldOp>(branch.thenBlock()->getTerminator());
  auto elseYield = cast<scf::YieldOp>(branch.elseBlock()->getTerminator());
  for (auto [index, result] : llvm::enumerate(branch.getResults())) {
    Value thenValue = thenYield.getOperand(index), elseValue = elseYield.getOperand(index);
    auto kernel = thenValue.getDefiningOp<schedule::KernelOp>();
    if (!kernel) {
      return branch.emitError("expected the results of a kernel from each branch");
    }
    unsigned number = cast<OpResult>(thenValue).getResultNumber();
    Value init = kernel.getOutputs()[number];
    if (isa<attention::StateType>(result.getType())) {
      buffers[result] = buffers.lookup(init);
      continue;
    }
    FailureOr<HostBuffer> buffer = destinationFor(result, init);
    if (failed(buffer)) {
      return failure();
    }
    buffers[result] = *buffer;
    resultBuffers[thenValue] = *buffer;
    resultBuffers[elseValue] = *buffer;
  }
  auto translated = program::IfOp::create(builder, branch.getLoc(), scalars.lookup(branch.getCondition()));
  for (auto [region, from] :
       {std::pair<Region *, Block *>{&translated.getThenRegion(), branch.thenBlock()},
        std::pair<Region *, Block *>{&translated.getElseRegion(), branch.elseBlock()}}) {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = region->empty() ? &region->emplaceBlock() : &region->front();
    if (body->empty()) {
      builder.setInsertionPointToEnd(body);
      program::YieldOp::create(builder, branch.getLoc());
    }
    builder.setInsertionPoint(body->getTerminator());
    if (failed(translate(*from))) {
      return failure();
    }
  }
  return success();
}

LogicalResult HostProgramBuilder::translate(Block &block) {
  for (Operation &op : block.without_terminator()) {
    LogicalResult translated =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case([&](schedule::KernelOp kernel) { return translateKernel(kernel); })
            .Case([&](scf::IfOp branch) { return translateBranch(branch); })
            .Case([&](model::SizeOp named) {
              scalars.map(named.getResult(), size(named.getSize()));
              return success();
            })
            .Case([&](model::RequireOp require) {
              std::string place;
              if (auto [line, column] = require.getLineAndColumn(); line > 0) {
                place = (" at line " + Twine(line) + ", column " + Twine(column)).str();
              }
              program::RequireOp::create(builder, require.getLoc(), scalars.lookup(require.getCondition()),
                                         static_cast<uint64_t>(require.getKind()),
                                         scalars.lookup(require.getValue()),
                                         scalars.lookup(require.getBound()), place);
              return success();
            })
            .Case([&](moe::PrefetchOp prefetch) {
              HostPrefetch &guess = prefetches.emplace_back();
              for (auto [experts, of] :
                   llvm::zip_equal(prefetch.getExperts(), prefetch.getOf().getAsRange<StringAttr>())) {
                guess.ops.push_back(program::PrefetchOp::create(
                    builder, prefetch.getLoc(), buffers.lookup(experts).buffer, ValueRange()));
                guess.of.push_back(of.str());
              }
              return success();
            })
            .Case([&](model::LoadOp load) {
              buffers[load.getResult()] = {program::ParameterOp::create(builder, load.getLoc(),
                                                                        bufferType(load.getType()),
                                                                        load.getParameterAttr()),
                                           {}};
              return success();
            })
            .Case([&](tensor::DimOp dim) -> LogicalResult {
              std::optional<int64_t> index = dim.getConstantIndex();
              if (!index) {
                return dim.emitError("the host program takes sizes of constant dimensions only");
              }
              FailureOr<Value> value = extent(dim, dim.getSource(), *index);
              if (failed(value)) {
                return failure();
              }
              scalars.map(dim.getResult(), *value);
              return success();
            })
            .Case<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>([&](auto index) {
              SmallVector<Value> operands;
              for (Value operand : index->getOperands()) {
                operands.push_back(scalars.lookup(operand));
              }
              scalars.map(index.getResult(), evaluate(index, operands));
              return success();
            })
            .Case([&](tensor::EmptyOp) { return success(); }) // destinations: see destinationFor
            .Default([&](Operation *other) -> LogicalResult {
              if (!llvm::all_of(other->getResultTypes(), [](Type type) { return type.isIntOrIndex(); }) ||
                  other->getNumRegions() != 0) {
                return other->emitError("is outside any kernel, and the host program can't compute it");
              }
              builder.clone(*other, scalars);
              return success();
            });
    if (failed(translated)) {
      return failure();
    }
  }
  return success();
}

LogicalResult HostProgramBuilder::build() {
  declareEntry();
  if (failed(translate(entry.getBody().front()))) {
    return failure();
  }
  entry.erase();
  placePrefetches(host, prefetches);
  return success();
}

bool coopt::isForDevice(model::EntryOp entry) {
  const bool hasState = llvm::any_of(entry.getBody().getArgumentTypes(),
                                     [](Type type) { return isa<attention::StateType>(type); });
  return hasState || entry.walk([](model::LoadOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

LogicalResult coopt::outlineKernels(ModuleOp module, const OutlineOptions &options) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  auto kernels = ModuleOp::create(builder, module.getLoc(), "kernels");
  KernelOutliner outliner(kernels);
  for (auto entry : llvm::make_early_inc_range(module.getOps<model::EntryOp>())) {
    outliner.loopOverItems(options.loopsOverItems && isForDevice(entry));
    if (failed(HostProgramBuilder(entry, outliner).build())) {
      return failure();
    }
  }
  return success();
}
