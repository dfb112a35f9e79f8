//===- LowerToNpu.cpp - coopt-lower-to-npu ---------------------------------------===//
//
// Kernel functions become functions of the npu dialect: numbers that the host knows (scalars, extents) are read from a block of integers of 32
// bits, the leaves are lowered one by one, temporaries lie in the scratchpad.
//
//===----------------------------------------------------------------------===//
#include "../FunctionPass.h"
#include "Elementwise.h"
#include "Lowerings.h"

#include "dialects/Npu/Transforms/Passes.h"

#include "mlir/Dialect/Affine/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// The most that an argument or an extent of one may be: what itself is the minimum with. Whoever calls promises it; more is a fault of the run.
std::optional<int64_t> promisedBound(Value number) {
  std::optional<int64_t> bound;
  for (Operation *user : number.getUsers()) {
    auto least = dyn_cast<affine::AffineMinOp>(user);
    const bool isOfItself = least && least.getOperands().size() == 1 &&
                            llvm::any_of(least.getMap().getResults(), [](AffineExpr of) {
                              return isa<AffineDimExpr, AffineSymbolExpr>(of);
                            });
    if (!isOfItself) {
      continue;
    }
    for (AffineExpr expr : least.getMap().getResults()) {
      if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
        bound = std::min(bound.value_or(constant.getValue()), constant.getValue());
      }
    }
  }
  return bound;
}

/// The most that the only extent of run time of an argument may be.
std::optional<int64_t> boundByBytes(func::FuncOp function, BlockArgument argument, int64_t dimension) {
  auto bytes = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), NpuDialect::kBytesName);
  auto type = cast<MemRefType>(argument.getType());
  if (!bytes || type.getNumDynamicDims() != 1 || !type.isDynamicDim(static_cast<unsigned>(dimension))) {
    return std::nullopt;
  }
  int64_t others = std::max<int64_t>(type.getElementTypeBitWidth() / 8, 1);
  for (int64_t extent : type.getShape()) {
    others *= ShapedType::isDynamic(extent) ? 1 : std::max<int64_t>(extent, 1);
  }
  return bytes.getInt() / others;
}

class FunctionLowering {
public:
  FunctionLowering(func::FuncOp function, const machine::NpuMachine &machine)
      : function(function), core(machine.cores.front()), builder(function.getContext()),
        tiles(function, builder, core.dma.channels) {}

  LogicalResult run() {
    return failure(failed(expandViews()) || failed(readNumbers()) || failed(lowerLeaves()) ||
                   failed(expandViews()) || failed(nameArguments()));
  }

private:
  func::FuncOp function;
  const machine::NpuCore &core;
  OpBuilder builder;
  Tiles tiles;
  int64_t buffers = 0;
  DenseMap<Value, Tile> tables; ///< arguments whose numbers the control unit reads

  LogicalResult expandViews();
  LogicalResult readNumbers();
  LogicalResult lowerLeaves();
  LogicalResult readTables();
  LogicalResult lower(Operation *op);
  LogicalResult lowerNumber(memref::LoadOp load);
  void sayWhatIsLeft(Value part);
  LogicalResult nameArguments();
};

/// Views become offsets, extents and strides of what they are views of.
LogicalResult FunctionLowering::expandViews() {
  RewritePatternSet patterns(function.getContext());
  memref::populateExpandStridedMetadataPatterns(patterns);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::ReinterpretCastOp::getCanonicalizationPatterns(patterns, function.getContext());
  memref::DimOp::getCanonicalizationPatterns(patterns, function.getContext());
  affine::AffineApplyOp::getCanonicalizationPatterns(patterns, function.getContext());
  affine::AffineMinOp::getCanonicalizationPatterns(patterns, function.getContext());
  return applyPatternsGreedily(function, std::move(patterns));
}

/// The numbers of a dispatch (KernelImage.h): extents of run time and scalars, as kernels of the CPU get them (KernelAbi.h), then all extents.
LogicalResult FunctionLowering::readNumbers() {
  Block &entry = function.getBody().front();
  SmallVector<BlockArgument> scalars;
  SmallVector<std::pair<Value, int64_t>> extents;
  DenseSet<std::pair<Value, int64_t>> asked; ///< those that ops ask for
  for (BlockArgument argument : entry.getArguments()) {
    if (auto type = dyn_cast<MemRefType>(argument.getType())) {
      if (!type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8 != 0) {
        return function.emitError("argument ")
               << argument.getArgNumber() << ": expected elements of whole bytes, got " << type;
      }
      ++buffers;
      for (int64_t d = 0; d < type.getRank(); ++d) {
        extents.push_back({argument, d});
      }
    } else if (argument.getType().isIndex()) {
      scalars.push_back(argument);
    } else {
      return function.emitError("has an argument that is neither a buffer nor an index");
    }
  }
  // Ops ask for the extents of arguments when they are lowered.
  builder.setInsertionPointToStart(&entry);
  for (auto [argument, d] : extents) {
    auto isOp = [](Operation *user) {
      return !isa<memref::DimOp, memref::ExtractStridedMetadataOp, ViewLikeOpInterface>(user);
    };
    if (cast<MemRefType>(argument.getType()).isDynamicDim(static_cast<unsigned>(d)) &&
        llvm::any_of(argument.getUsers(), isOp)) {
      memref::DimOp::create(builder, function.getLoc(), argument, d);
      asked.insert({argument, d});
    }
  }
  // Views ask in their own way what the extents of arguments are.
  function.walk([&](memref::ExtractStridedMetadataOp metadata) {
    if (isa<BlockArgument>(metadata.getSource())) {
      builder.setInsertionPoint(metadata);
      for (auto [d, size] : llvm::enumerate(metadata.getSizes())) {
        if (!size.use_empty()) {
          size.replaceAllUsesWith(memref::DimOp::create(builder, metadata.getLoc(), metadata.getSource(),
                                                        static_cast<int64_t>(d)));
        }
      }
    }
  });
  const auto dynamic = static_cast<int64_t>(llvm::count_if(extents, [](auto extent) {
    return cast<MemRefType>(extent.first.getType()).isDynamicDim(static_cast<unsigned>(extent.second));
  }));
  const auto count = dynamic + static_cast<int64_t>(scalars.size() + extents.size());
  Type i32 = builder.getI32Type();
  (void)function.insertArgument(function.getNumArguments(),
                                MemRefType::get({1, std::max<int64_t>(count, 1)}, i32), DictionaryAttr(),
                                function.getLoc());
  BlockArgument block = entry.getArguments().back();
  builder.setInsertionPointToStart(&entry);
  FailureOr<Tile> numbers;
  auto load = [&](int64_t place, int64_t bound) -> FailureOr<Value> {
    if (!numbers->buffer) {
      numbers = tiles.read(block);
      if (failed(numbers)) {
        return failure();
      }
    }
    Value at =
        tiles.matrix(*numbers, 0, 1, tiles.index(1), tiles.index(1), {tiles.index(0), tiles.index(place)});
    return LoadOp::create(builder, function.getLoc(), at, bound, DenseI64ArrayAttr(), DenseI64ArrayAttr())
        .getResult();
  };
  numbers = Tile();
  for (auto [place, scalar] : llvm::enumerate(scalars)) {
    if (scalar.use_empty()) {
      continue;
    }
    std::optional<int64_t> bound = promisedBound(scalar);
    if (!bound) {
      return function.emitError("has a number without a bound (argument ") << scalar.getArgNumber() << ")";
    }
    FailureOr<Value> number = load(dynamic + static_cast<int64_t>(place), *bound);
    if (failed(number)) {
      return failure();
    }
    scalar.replaceAllUsesWith(*number);
  }
  SmallVector<Operation *> dead;
  for (auto [place, extent] : llvm::enumerate(extents)) {
    SmallVector<memref::DimOp> dims;
    std::optional<int64_t> bound;
    for (Operation *user : extent.first.getUsers()) {
      auto dim = dyn_cast<memref::DimOp>(user);
      if (dim && dim.getConstantIndex() == extent.second) {
        dims.push_back(dim);
        std::optional<int64_t> promised = promisedBound(dim);
        bound = promised ? std::min(*promised, bound.value_or(*promised)) : bound;
      }
    }
    if (dims.empty()) {
      continue;
    }
    bound = bound ? bound : boundByBytes(function, cast<BlockArgument>(extent.first), extent.second);
    if (!bound) {
      return function.emitError("has an extent without a bound (argument ")
             << cast<BlockArgument>(extent.first).getArgNumber() << ")";
    }
    FailureOr<Value> number = load(dynamic + static_cast<int64_t>(scalars.size() + place), *bound);
    if (failed(number)) {
      return failure();
    }
    if (asked.contains(extent)) {
      tiles.setExtent(extent.first, extent.second, *number);
    }
    for (memref::DimOp dim : dims) {
      dim.replaceAllUsesWith(*number);
      dead.push_back(dim);
    }
  }
  if (failed(readTables())) {
    return failure();
  }
  for (Operation *dim : dead) {
    dim->erase();
  }
  // What is gone from the arguments stands in the block.
  BitVector gone(entry.getNumArguments());
  for (BlockArgument scalar : scalars) {
    gone.set(scalar.getArgNumber());
  }
  return function.eraseArguments(gone);
}

/// Arguments that numbers are read from are in the scratchpad from the beginning on, as a whole.
LogicalResult FunctionLowering::readTables() {
  WalkResult result = function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<linalg::LinalgOp>(op)) {
      return WalkResult::skip();
    }
    auto load = dyn_cast<memref::LoadOp>(op);
    auto argument = load ? dyn_cast<BlockArgument>(load.getMemRef()) : BlockArgument();
    if (!argument || tables.contains(argument)) {
      return WalkResult::advance();
    }
    const bool isOnlyRead = llvm::all_of(
        argument.getUsers(), [&](Operation *user) { return isa<memref::LoadOp, memref::DimOp>(user); });
    if (!isOnlyRead) {
      load.emitError(
          "reads a number of a buffer that is more than numbers: the accelerator has no code for it");
      return WalkResult::interrupt();
    }
    FailureOr<Tile> tile = tiles.read(argument);
    if (failed(tile)) {
      return WalkResult::interrupt();
    }
    tables[argument] = *tile;
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// The most that a number may be that is no more than this one; nothing if it has no bound.
static std::optional<int64_t> limitOf(Value number) {
  if (auto difference = number.getDefiningOp<arith::SubIOp>()) {
    return limitOf(difference.getLhs()); // of numbers that are not negative
  }
  if (auto most = number.getDefiningOp<arith::MaxSIOp>()) {
    std::optional<int64_t> left = limitOf(most.getLhs()), right = limitOf(most.getRhs());
    return left && right ? std::optional(std::max(*left, *right)) : std::nullopt;
  }
  FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
      presburger::BoundType::UB, ValueBoundsConstraintSet::Variable(number), /*stopCondition=*/nullptr,
      /*closedUB=*/true);
  return succeeded(bound) ? std::optional<int64_t>(*bound) : std::nullopt;
}

/// What is left of a number behind a part of it, n - min(n, ..), is not negative; bounds of numbers don't show that by themselves.
void FunctionLowering::sayWhatIsLeft(Value part) {
  Operation *least = part.getDefiningOp();
  for (Operation *user : llvm::make_early_inc_range(part.getUsers())) {
    auto left = dyn_cast<arith::SubIOp>(user);
    if (left && left.getRhs() == part && llvm::is_contained(least->getOperands(), left.getLhs())) {
      OpBuilder::InsertionGuard guard(tiles.ops());
      tiles.ops().setInsertionPointAfter(left);
      Value bounded = arith::MaxSIOp::create(tiles.ops(), left.getLoc(), left, tiles.value(tiles.index(0)));
      left.getResult().replaceAllUsesExcept(bounded, bounded.getDefiningOp());
    }
  }
}

/// A number in memory that a loop or a place depends on. Kernels of the CPU stay inside whatever it is, by the minimum of it and what there is; here that is its
/// bound, and more is a fault of the run.
LogicalResult FunctionLowering::lowerNumber(memref::LoadOp load) {
  tiles.moveTo(load);
  std::optional<int64_t> bound;
  SmallVector<arith::IndexCastOp> casts;
  for (Operation *user : load->getUsers()) {
    auto cast = dyn_cast<arith::IndexCastOp>(user);
    if (!cast) {
      return load.emitError("reads an element that is no index: the accelerator has no code for it");
    }
    for (Operation *least : cast->getUsers()) {
      std::optional<int64_t> limit;
      if (isa<arith::MinUIOp>(least)) {
        limit = limitOf(least->getOperand(least->getOperand(0) == cast.getResult() ? 1 : 0));
      }
      if (!limit) {
        return load.emitError(
            "reads a number without a bound: expected its minimum with one that has a bound");
      }
      bound = std::max(bound.value_or(0), *limit);
    }
    casts.push_back(cast);
  }
  auto known = tables.find(load.getMemRef());
  if (tiles.isInDram(load.getMemRef()) && known == tables.end()) {
    return load.emitError("reads a number of a view: the accelerator has no code for it");
  }
  FailureOr<Tile> tile =
      known != tables.end() ? FailureOr<Tile>(known->second) : tiles.where(load.getMemRef());
  if (failed(tile)) {
    return failure();
  }
  if (!bound) { // nobody asks
    llvm::for_each(casts, [](arith::IndexCastOp cast) { cast.erase(); });
    return success();
  }
  Value place =
      tiles.matrix(*tile, kSame, kSame, tiles.index(1), tiles.index(1), getAsOpFoldResult(load.getIndices()));
  Value number =
      LoadOp::create(tiles.ops(), tiles.loc(), place, *bound, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  for (arith::IndexCastOp cast : casts) {
    for (Operation *least : cast->getUsers()) {
      sayWhatIsLeft(least->getResult(0));
    }
    cast.replaceAllUsesWith(number);
    cast.erase();
  }
  return success();
}

LogicalResult FunctionLowering::lower(Operation *op) {
  auto unplaced = [&](Operation *at, Value from, Value to) -> LogicalResult {
    tiles.moveTo(at);
    FailureOr<Tile> source = tiles.read(from);
    FailureOr<Tile> target = tiles.room(to);
    if (failed(source) || failed(target)) {
      return failure();
    }
    tiles.copy(tiles.all(*source), tiles.all(*target));
    tiles.write(*target, to);
    return success();
  };
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](linalg::GenericOp of) { return lowerGeneric(tiles, of); })
      .Case([&](quantized::ContractOp of) { return lowerContract(tiles, of, core); })
      .Case([&](quantized::DequantizeOp of) { return lowerDequantize(tiles, of); })
      .Case([&](model::RowReduceOp of) { return lowerRowReduce(tiles, of); })
      .Case([&](model::GatherOp of) { return lowerGather(tiles, of); })
      .Case([&](attention::AppendOp of) { return lowerAppend(tiles, of); })
      .Case([&](attention::AttendOp of) { return lowerAttend(tiles, of); })
      .Case([&](moe::LogitsOp of) { return lowerLogits(tiles, of); })
      .Case([&](moe::ChooseOp of) { return lowerChoose(tiles, of, core); })
      .Case([&](moe::DispatchOp of) { return lowerDispatch(tiles, of); })
      .Case([&](moe::RestrictOp of) { return lowerRestrict(tiles, of); })
      .Case([&](moe::CombineOp of) { return lowerCombine(tiles, of); })
      .Case([&](memref::LoadOp of) { return lowerNumber(of); })
      .Case([&](memref::CopyOp of) { return unplaced(of, of.getSource(), of.getTarget()); })
      .Case([&](linalg::CopyOp of) { return unplaced(of, of.getInputs()[0], of.getOutputs()[0]); })
      .Default([&](Operation *) { return op->emitError("is nothing that the accelerator has code for"); });
}

/// Whether it does something to what is in memory, and no instruction yet.
static bool isLeaf(Operation *op) {
  const bool isName = isa<ViewLikeOpInterface, LoopLikeOpInterface, memref::AllocOp, memref::DeallocOp,
                          memref::DimOp, memref::ExtractStridedMetadataOp, model::UnpackOp>(op);
  return !isName && !engineOf(op) && !op->hasTrait<OpTrait::IsTerminator>() &&
         llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>);
}

LogicalResult FunctionLowering::lowerLeaves() {
  SmallVector<Operation *> leaves;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isLeaf(op)) {
      leaves.push_back(op);
      return WalkResult::skip();
    }
    return WalkResult::advance();
  });
  for (Operation *leaf : leaves) {
    if (failed(lower(leaf))) {
      return failure();
    }
    leaf->erase();
  }
  // What lay in temporaries lies in the scratchpad.
  SmallVector<Operation *> dead;
  bool changed = true;
  while (changed) {
    changed = false;
    function.walk([&](Operation *op) {
      const bool isUseless =
          isa<model::UnpackOp, memref::AllocOp, ViewLikeOpInterface, memref::ExtractStridedMetadataOp>(op);
      if (isa<memref::DeallocOp>(op) || (isUseless && op->use_empty())) {
        op->erase();
        changed = true;
      }
    });
  }
  return success();
}

LogicalResult FunctionLowering::nameArguments() {
  for (BlockArgument argument : function.getArguments()) {
    const unsigned number = argument.getArgNumber();
    auto type = cast<MemRefType>(argument.getType());
    const bool isBlock = number == buffers;
    function.setArgAttr(number, NpuDialect::kSymbolName,
                        builder.getStringAttr(isBlock ? "block" : ("operand." + Twine(number)).str()));
    if (type.hasStaticShape()) {
      const int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
      function.setArgAttr(number, NpuDialect::kBytesName, builder.getI64IntegerAttr(bytes));
    } else if (!function.getArgAttr(number, NpuDialect::kBytesName)) {
      return function.emitError("argument ")
             << number << ": expected '" << NpuDialect::kBytesName << "', the most bytes that it takes";
    }
  }
  return success();
}

class LowerToNpuPass : public FunctionsPass<LowerToNpuPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToNpuPass)
  LowerToNpuPass() = default;
  explicit LowerToNpuPass(const machine::NpuMachine &given) : given(given) {}
  LowerToNpuPass(const LowerToNpuPass &other) : FunctionsPass(other), given(other.given) {
    name = other.name;
  }

  StringRef getArgument() const final { return "coopt-lower-to-npu"; }
  StringRef getDescription() const final {
    return "lower the structured ops of kernel functions to the npu dialect";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    FunctionsPass::getDependentDialects(registry);
    registry.insert<NpuDialect>();
  }

  LogicalResult runOn(func::FuncOp function) {
    if (!given) {
      FailureOr<machine::NpuMachine> machine = findMachine(function, name);
      if (failed(machine)) {
        return failure();
      }
      given = *machine;
    }
    return function.isExternal() ? success() : FunctionLowering(function, *given).run();
  }

private:
  std::optional<machine::NpuMachine> given;
  Option<std::string> name{*this, kMachineOption, llvm::cl::desc(kMachineOptionMeaning),
                           llvm::cl::init(kDefaultMachine)};
};

} // namespace

std::unique_ptr<Pass> coopt::createLowerToNpuPass(const machine::NpuMachine &machine) {
  return std::make_unique<LowerToNpuPass>(machine);
}

void coopt::registerLowerToNpuPass() { PassRegistration<LowerToNpuPass>(); }
