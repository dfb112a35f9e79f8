#include "KernelOutliner.h"

#include "coopt/PackageFormat/KernelAbi.h"
#include "coopt/Transforms/OutlineKernels.h"
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;

MemRefType coopt::bufferType(Type type) {
  if (auto state = dyn_cast<attention::StateType>(type)) {
    return state.getBufferType();
  }
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

namespace {

/// Builds the function of one kernel.
class FunctionBuilder {
public:
  FunctionBuilder(schedule::KernelOp kernel, ModuleOp kernels, bool loopsOverItems)
      : kernel(kernel), kernels(kernels), loopsOverItems(loopsOverItems), builder(kernel.getContext()) {}

  FailureOr<OutlinedKernel> build();

private:
  void classifyOperands();
  void makeSignature();
  void bindArguments();
  LogicalResult cloneBody();
  LogicalResult cloneStateOp(Operation &op);
  LogicalResult bufferize();
  void stateBounds();
  void loopOverItems();

  schedule::KernelOp kernel;
  ModuleOp kernels;
  bool loopsOverItems;
  OpBuilder builder;
  IRMapping map;
  OutlinedKernel result;
  func::FuncOp function;
  unsigned scratchNumber = 0; // of the argument; two scalars before it are the range of work items
  llvm::SmallDenseMap<int64_t, Value> layerScalar; // layer number -> scalar argument
};

std::optional<int64_t> largestExtent(Value tensor, int64_t dimension);

/// The largest value that a size of the entry can have, where it is known.
std::optional<int64_t> largest(Value size) {
  if (auto constant = getConstantIntValue(size)) {
    return constant;
  }
  if (auto named = size.getDefiningOp<model::SizeOp>()) {
    return named->getParentOfType<model::EntryOp>().findSize(named.getSize()).getMax();
  }
  if (auto dim = size.getDefiningOp<tensor::DimOp>(); dim && dim.getConstantIndex()) {
    return largestExtent(dim.getSource(), *dim.getConstantIndex());
  }
  if (auto product = size.getDefiningOp<arith::MulIOp>()) {
    std::optional<int64_t> left = largest(product.getLhs()), right = largest(product.getRhs());
    int64_t bound = 0;
    return left && right && !llvm::MulOverflow(*left, *right, bound) ? std::optional(bound) : std::nullopt;
  }
  if (auto least = size.getDefiningOp<arith::MinSIOp>()) {
    std::optional<int64_t> left = largest(least.getLhs()), right = largest(least.getRhs());
    return left && right ? std::min(*left, *right) : left ? left : right;
  }
  if (auto difference = size.getDefiningOp<arith::SubIOp>()) {
    return largest(difference.getLhs()); // sizes are not negative
  }
  return std::nullopt;
}

/// The largest extent of a dynamic dimension of a tensor of the entry.
std::optional<int64_t> largestExtent(Value tensor, int64_t dimension) {
  unsigned dynamic = cast<RankedTensorType>(tensor.getType()).getDynamicDimIndex(dimension);
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>()) {
    return largest(empty.getDynamicSizes()[dynamic]);
  }
  if (auto kernel = tensor.getDefiningOp<schedule::KernelOp>()) {
    return largestExtent(kernel.getOutputs()[cast<OpResult>(tensor).getResultNumber()], dimension);
  }
  if (auto branch = tensor.getDefiningOp<scf::IfOp>()) {
    unsigned number = cast<OpResult>(tensor).getResultNumber();
    return largestExtent(branch.thenBlock()->getTerminator()->getOperand(number), dimension);
  }
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    if (auto entry = dyn_cast<model::EntryOp>(argument.getOwner()->getParentOp())) {
      return entry.findSize(entry.getArgumentDimNames(argument.getArgNumber())[dynamic]).getMax();
    }
  }
  return std::nullopt;
}

/// How many tiles there are along each loop of `forall`.
SmallVector<Value> tripCounts(OpBuilder &builder, scf::ForallOp forall) {
  Location loc = forall.getLoc();
  auto valueOf = [&](OpFoldResult v) { return getValueOrCreateConstantIndexOp(builder, loc, v); };
  SmallVector<Value> trips;
  for (auto [from, to, step] :
       llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(), forall.getMixedStep())) {
    Value extent = arith::SubIOp::create(builder, loc, valueOf(to), valueOf(from));
    trips.push_back(arith::CeilDivSIOp::create(builder, loc, extent, valueOf(step)));
  }
  return trips;
}

/// The layer attribute of an op on opaque state, if it is one.
std::optional<int64_t> layerOf(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<int64_t>>(&op)
      .Case<attention::AppendOp, attention::AttendOp, attention::ReadOp>([](auto o) { return o.getLayer(); })
      .Default(std::nullopt);
}

/// Layers of the state that an op works on.
int64_t layersOf(Operation &op) {
  for (Value operand : op.getOperands()) {
    if (auto state = dyn_cast<attention::StateType>(operand.getType())) {
      return state.getLayers();
    }
  }
  return 1;
}

} // namespace

void FunctionBuilder::classifyOperands() {
  size_t inputs = kernel.getInputs().size();
  for (auto [number, operand] : llvm::enumerate(kernel->getOperands())) {
    if (operand.getType().isIntOrIndex()) {
      result.scalars.push_back(number);
    } else {
      (number < inputs ? result.reads : result.writes).push_back(number);
    }
  }
  kernel.walk([&](Operation *op) {
    if (std::optional<int64_t> layer = layerOf(*op); layer && !llvm::is_contained(result.constants, *layer)) {
      result.constants.push_back(*layer);
      result.largestConstants.push_back(layersOf(*op) - 1);
    }
  });
}

void FunctionBuilder::makeSignature() {
  SmallVector<Type> types;
  for (unsigned number : llvm::concat<unsigned>(result.reads, result.writes)) {
    types.push_back(bufferType(kernel->getOperand(number).getType()));
  }
  types.append(result.scalars.size() + result.constants.size(), builder.getIndexType());
  if (loopsOverItems) {
    function = func::FuncOp::create(kernel.getLoc(), "kernel", builder.getFunctionType(types, {}));
    function->setAttr(kDeviceName, builder.getUnitAttr());
    function.addEntryBlock();
    for (auto [place, number] : llvm::enumerate(llvm::concat<unsigned>(result.reads, result.writes))) {
      Value operand = kernel->getOperand(number);
      auto type = cast<MemRefType>(types[place]);
      int64_t bytes = type.getElementTypeBitWidth() / 8;
      for (int64_t d = 0; d < type.getRank(); ++d) {
        bytes *= type.isDynamicDim(d) ? largestExtent(operand, d).value_or(0) : type.getDimSize(d);
      }
      if (bytes > 0) {
        function.setArgAttr(static_cast<unsigned>(place), "npu.bytes", builder.getI64IntegerAttr(bytes));
      }
    }
    return;
  }
  types.append(2, builder.getIndexType());
  types.push_back(MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()));
  function = func::FuncOp::create(kernel.getLoc(), "kernel", builder.getFunctionType(types, {}));
  scratchNumber = types.size() - 1;
  function.setArgAttr(scratchNumber, "coopt.scratch", builder.getUnitAttr());
  function.addEntryBlock();
  // Kernels with checks report to a buffer of their own.
  auto isCheck = [](Operation *op) {
    return isa<model::RequireOp, model::GatherOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
  };
  bool checks = kernel.walk(isCheck).wasInterrupted();
  if (checks) {
    auto report = MemRefType::get({sizeof(abi::Fault) / sizeof(int64_t)}, builder.getI64Type());
    NamedAttribute mark = builder.getNamedAttr("coopt.fault", builder.getUnitAttr());
    (void)function.insertArgument(scratchNumber + 1, report, builder.getDictionaryAttr(mark),
                                  kernel.getLoc());
  }
}

void FunctionBuilder::bindArguments() {
  Block &entry = function.getBody().front();
  builder.setInsertionPointToEnd(&entry);
  Block &body = kernel.getBody().front();
  unsigned next = 0;
  auto bind = [&](unsigned number, bool writable) {
    Value argument = entry.getArgument(next++);
    Type type = body.getArgument(number).getType();
    if (isa<RankedTensorType>(type)) {
      argument = bufferization::ToTensorOp::create(builder, kernel.getLoc(), type, argument,
                                                   /*restrict=*/true, writable);
    }
    map.map(body.getArgument(number), argument);
  };
  for (unsigned number : result.reads) {
    bind(number, false);
  }
  for (unsigned number : result.writes) {
    bind(number, true);
  }
  for (unsigned number : result.scalars) {
    map.map(body.getArgument(number), entry.getArgument(next++));
  }
  for (int64_t layer : result.constants) {
    layerScalar[layer] = entry.getArgument(next++);
  }
}

/// Ops on state see the slabs of their own layer only: a window into the state's memref, in which they are
/// layer 0.
LogicalResult FunctionBuilder::cloneStateOp(Operation &op) {
  Location loc = op.getLoc();
  OpOperand *stateOperand = nullptr;
  for (OpOperand &operand : op.getOpOperands()) {
    if (isa<attention::StateType>(operand.get().getType())) {
      stateOperand = &operand;
    }
  }
  if (!stateOperand) {
    return op.emitError("expected an operand of state type");
  }
  auto state = cast<attention::StateType>(stateOperand->get().getType());
  Value whole = map.lookup(stateOperand->get());
  int64_t slabs = 2 * state.getHeads();
  Value perLayer = arith::ConstantIndexOp::create(builder, loc, slabs);
  Value first = arith::MulIOp::create(builder, loc, layerScalar.lookup(*layerOf(op)), perLayer);
  SmallVector<OpFoldResult> offsets = {first, builder.getIndexAttr(0), builder.getIndexAttr(0)};
  ArrayRef<int64_t> extents = state.getBufferType().getShape();
  SmallVector<OpFoldResult> sizes = {builder.getIndexAttr(slabs), builder.getIndexAttr(extents[1]),
                                     builder.getIndexAttr(extents[2])};
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  Value window = memref::SubViewOp::create(builder, loc, whole, offsets, sizes, strides);

  OperationState copy(loc, op.getName());
  for (Value operand : op.getOperands()) {
    copy.operands.push_back(isa<attention::StateType>(operand.getType()) ? window
                                                                         : map.lookupOrDefault(operand));
  }
  for (Type type : op.getResultTypes()) {
    if (!isa<attention::StateType>(type)) {
      copy.types.push_back(type);
    }
  }
  copy.attributes = op.getDiscardableAttrDictionary();
  copy.propertiesAttr = op.getPropertiesAsAttribute();
  for (unsigned i = 0; i < op.getNumRegions(); ++i) {
    op.getRegion(i).cloneInto(copy.addRegion(), map);
  }
  Operation *clone = builder.create(copy);
  llvm::TypeSwitch<Operation *>(clone).Case<attention::AppendOp, attention::AttendOp, attention::ReadOp>(
      [](auto o) { o.setLayer(0); });
  attention::describeBuffer(clone, state);
  unsigned next = 0;
  for (OpResult old : op.getResults()) {
    map.map(old, isa<attention::StateType>(old.getType()) ? whole : clone->getResult(next++));
  }
  return success();
}

LogicalResult FunctionBuilder::cloneBody() {
  // Nested state ops (inside the loops of a tiled kernel) are rewritten after cloning: their state is the
  // argument's memref then.
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator()) {
    if (layerOf(op)) {
      if (failed(cloneStateOp(op))) {
        return failure();
      }
      continue;
    }
    bool nestedState = false;
    op.walk([&](Operation *inner) { nestedState |= layerOf(*inner).has_value(); });
    if (!nestedState) {
      builder.clone(op, map);
      continue;
    }
    // Clone the shell, then the bodies op by op.
    std::function<LogicalResult(Operation &)> cloneDeep = [&](Operation &old) -> LogicalResult {
      if (layerOf(old)) {
        return cloneStateOp(old);
      }
      if (old.getNumRegions() == 0 || isa<linalg::LinalgOp>(old)) {
        builder.clone(old, map);
        return success();
      }
      Operation *shell = old.cloneWithoutRegions(map);
      builder.insert(shell);
      for (auto [from, to] : llvm::zip_equal(old.getRegions(), shell->getRegions())) {
        for (Block &block : from) {
          Block *copy = &to.emplaceBlock();
          for (BlockArgument argument : block.getArguments()) {
            map.map(argument, copy->addArgument(argument.getType(), argument.getLoc()));
          }
          OpBuilder::InsertionGuard guard(builder);
          builder.setInsertionPointToEnd(copy);
          for (Operation &inner : block) {
            if (failed(cloneDeep(inner))) {
              return failure();
            }
          }
        }
      }
      return success();
    };
    if (failed(cloneDeep(op))) {
      return failure();
    }
  }
  auto yield = cast<schedule::YieldOp>(body.getTerminator());
  Block &entry = function.getBody().front();
  for (auto [index, value] : llvm::enumerate(yield.getValues())) {
    if (isa<RankedTensorType>(value.getType())) {
      Value destination = entry.getArgument(result.reads.size() + index);
      auto op = bufferization::MaterializeInDestinationOp::create(builder, kernel.getLoc(), Type(),
                                                                  map.lookup(value), destination,
                                                                  /*restrict=*/true, /*writable=*/true);
      (void)op;
    }
  }
  func::ReturnOp::create(builder, kernel.getLoc());
  return success();
}

LogicalResult FunctionBuilder::bufferize() {
  bufferization::OneShotBufferizationOptions options;
  options.allowUnknownOps = false;
  // Everything dense: temporaries get row-major memrefs, subviews keep their strides.
  options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
  bufferization::BufferizationState state;
  if (failed(bufferization::runOneShotBufferize(function, options, state))) {
    return kernel.emitOpError("can't be bufferised");
  }
  return success();
}

/// Says in the IR what the entry promises: every size as the minimum of itself and its bound, which scratch
/// is sized by.
void FunctionBuilder::stateBounds() {
  Block &entry = function.getBody().front();
  builder.setInsertionPointToStart(&entry);
  auto bounded = [&](Value size, int64_t bound) -> Value {
    AffineMap map = AffineMap::get(1, 0, {builder.getAffineDimExpr(0), builder.getAffineConstantExpr(bound)},
                                   builder.getContext());
    return affine::AffineMinOp::create(builder, kernel.getLoc(), map, size);
  };
  unsigned next = 0;
  for (unsigned number : llvm::concat<unsigned>(result.reads, result.writes)) {
    Value argument = entry.getArgument(next++);
    auto type = cast<MemRefType>(argument.getType());
    for (int64_t d = 0; d < type.getRank(); ++d) {
      std::optional<int64_t> bound =
          type.isDynamicDim(d) ? largestExtent(kernel->getOperand(number), d) : std::nullopt;
      if (!bound) {
        continue;
      }
      SmallVector<memref::DimOp> dims;
      for (Operation *user : argument.getUsers()) {
        if (auto dim = dyn_cast<memref::DimOp>(user); dim && dim.getConstantIndex() == d) {
          dims.push_back(dim);
        }
      }
      if (dims.empty()) {
        continue;
      }
      Value size = memref::DimOp::create(builder, kernel.getLoc(), argument, d);
      Value limited = bounded(size, *bound);
      for (memref::DimOp dim : dims) {
        dim.replaceAllUsesWith(limited);
        dim.erase();
      }
    }
  }
  for (unsigned number : result.scalars) {
    Value argument = entry.getArgument(next++);
    if (std::optional<int64_t> bound = largest(kernel->getOperand(number)); bound && !argument.use_empty()) {
      Value limited = bounded(argument, *bound);
      argument.replaceAllUsesExcept(limited, limited.getDefiningOp());
    }
  }
  if (!loopsOverItems) {
    return;
  }
  for (int64_t bound : result.largestConstants) {
    Value argument = entry.getArgument(next++);
    Value limited = bounded(argument, bound);
    argument.replaceAllUsesExcept(limited, limited.getDefiningOp());
  }
}

/// Turns `forall` into a loop over items first .. last - 1 of it.
static void loopOverTiles(OpBuilder &builder, scf::ForallOp forall, Value first, Value last) {
  Location loc = forall.getLoc();
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, first, last, one);
  builder.setInsertionPointToStart(loop.getBody());
  // The item's number in row-major order of the tiles gives every loop its index.
  Value rest = loop.getInductionVar();
  SmallVector<Value> indices(forall.getRank()), trips = tripCounts(builder, forall);
  for (size_t d = indices.size(); d-- > 0;) {
    Value tile = rest;
    if (d > 0) {
      tile = arith::RemSIOp::create(builder, loc, rest, trips[d]);
      rest = arith::DivSIOp::create(builder, loc, rest, trips[d]);
    }
    auto valueOf = [&](OpFoldResult v) { return getValueOrCreateConstantIndexOp(builder, loc, v); };
    Value scaled = arith::MulIOp::create(builder, loc, tile, valueOf(forall.getMixedStep()[d]));
    indices[d] = arith::AddIOp::create(builder, loc, scaled, valueOf(forall.getMixedLowerBound()[d]));
  }
  Block *body = forall.getBody();
  for (auto [old, index] : llvm::zip_equal(forall.getInductionVars(), indices)) {
    old.replaceAllUsesWith(index);
  }
  body->getTerminator()->erase();
  Block *target = loop.getBody();
  target->getOperations().splice(target->getTerminator()->getIterator(), body->getOperations());
  forall.erase();
}

void FunctionBuilder::loopOverItems() {
  if (loopsOverItems) {
    IRRewriter rewriter(builder);
    for (scf::ForallOp forall : llvm::to_vector(function.getOps<scf::ForallOp>())) {
      rewriter.setInsertionPoint(forall);
      (void)scf::forallToForLoop(rewriter, forall);
    }
    return;
  }
  Block &entry = function.getBody().front();
  Value first = entry.getArgument(scratchNumber - 2), last = entry.getArgument(scratchNumber - 1);
  Location loc = kernel.getLoc();
  SmallVector<scf::ForallOp> foralls = llvm::to_vector(entry.getOps<scf::ForallOp>());
  if (foralls.empty()) {
    // One work item: the whole body.
    builder.setInsertionPointToStart(&entry);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto loop = scf::ForOp::create(builder, loc, first, last, one);
    for (Operation &op : llvm::make_early_inc_range(
             llvm::make_range(std::next(loop->getIterator()), std::prev(entry.end())))) {
      op.moveBefore(loop.getBody()->getTerminator());
    }
    return;
  }
  // The items of several loop nests are counted one nest after the other.
  for (auto [index, forall] : llvm::enumerate(foralls)) {
    builder.setInsertionPoint(forall);
    Value from = first, to = last;
    if (foralls.size() > 1) {
      Value none = arith::ConstantIndexOp::create(builder, loc, 0), count;
      for (Value trips : tripCounts(builder, forall)) {
        count = count ? arith::MulIOp::create(builder, loc, count, trips).getResult() : trips;
      }
      from = arith::MaxSIOp::create(builder, loc, first, none);
      to = arith::MinSIOp::create(builder, loc, last, count);
      first = arith::SubIOp::create(builder, loc, first, count);
      last = arith::SubIOp::create(builder, loc, last, count);
    }
    loopOverTiles(builder, forall, from, to);
  }
}

FailureOr<OutlinedKernel> FunctionBuilder::build() {
  classifyOperands();
  makeSignature();
  // Lives in the module from here on, so that it can be verified, walked and bufferised like any function.
  kernels.push_back(function);
  bindArguments();
  if (failed(cloneBody()) || failed(bufferize())) {
    return failure();
  }
  stateBounds();
  loopOverItems();
  result.function = function;
  return result;
}

FailureOr<OutlinedKernel> KernelOutliner::outline(schedule::KernelOp kernel) {
  FailureOr<OutlinedKernel> outlined = FunctionBuilder(kernel, kernels, loopsOverItems).build();
  if (failed(outlined)) {
    return failure();
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  outlined->function.print(stream);
  auto [it, fresh] = byText.try_emplace(text, outlined->function);
  if (!fresh) {
    outlined->function.erase();
    outlined->function = it->second;
    return outlined;
  }
  std::string name = "k" + std::to_string(byText.size() - 1) + "_";
  for (char c : kernel.getId()) {
    name.push_back(llvm::isAlnum(c) ? c : '_');
  }
  outlined->function.setSymName(name);
  return outlined;
}
