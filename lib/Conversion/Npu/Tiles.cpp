#include "Tiles.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

SmallVector<int64_t> denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) {
    strides[d - 1] = strides[d] * shape[d];
  }
  return strides;
}

} // namespace

void Tiles::moveTo(Operation *op) {
  builder.setInsertionPoint(op);
  location = op->getLoc();
}

OpFoldResult Tiles::apply(AffineMap map, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(builder, location, map, operands);
}

OpFoldResult Tiles::times(OpFoldResult a, int64_t b) {
  return apply(AffineMap::get(1, 0, builder.getAffineDimExpr(0) * b), a);
}

OpFoldResult Tiles::over(OpFoldResult a, int64_t b) {
  return apply(AffineMap::get(1, 0, builder.getAffineDimExpr(0).floorDiv(b)), a);
}

OpFoldResult Tiles::plus(OpFoldResult a, OpFoldResult b) {
  return apply(AffineMap::get(2, 0, builder.getAffineDimExpr(0) + builder.getAffineDimExpr(1)), {a, b});
}

OpFoldResult Tiles::minus(OpFoldResult a, OpFoldResult b) {
  return apply(AffineMap::get(2, 0, builder.getAffineDimExpr(0) - builder.getAffineDimExpr(1)), {a, b});
}

OpFoldResult Tiles::least(OpFoldResult a, OpFoldResult b) {
  AffineMap both =
      AffineMap::get(2, 0, {builder.getAffineDimExpr(0), builder.getAffineDimExpr(1)}, builder.getContext());
  return affine::makeComposedFoldedAffineMin(builder, location, both, {a, b});
}

OpFoldResult Tiles::greatest(OpFoldResult a, OpFoldResult b) {
  AffineMap both =
      AffineMap::get(2, 0, {builder.getAffineDimExpr(0), builder.getAffineDimExpr(1)}, builder.getContext());
  return affine::makeComposedFoldedAffineMax(builder, location, both, {a, b});
}

Value Tiles::value(OpFoldResult number) { return getValueOrCreateConstantIndexOp(builder, location, number); }

FailureOr<int64_t> Tiles::boundOf(OpFoldResult number) {
  if (std::optional<int64_t> constant = getConstantIntValue(number)) {
    return *constant;
  }
  FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
      presburger::BoundType::UB, ValueBoundsConstraintSet::Variable(cast<Value>(number)),
      /*stopCondition=*/nullptr, /*closedUB=*/true);
  if (failed(bound)) {
    return mlir::emitError(location, "has an extent without a bound: the accelerator's memories need one");
  }
  return bound;
}

LogicalResult Tiles::loop(OpFoldResult count, int64_t step, function_ref<LogicalResult(OpFoldResult)> body) {
  std::optional<int64_t> constant = getConstantIntValue(count);
  if (constant && *constant <= step) {
    return *constant > 0 ? body(index(0)) : success();
  }
  auto loop = scf::ForOp::create(builder, location, value(index(0)), value(count), value(index(step)));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  return body(OpFoldResult(loop.getInductionVar()));
}

LogicalResult Tiles::pieces(int64_t count, int64_t step,
                            function_ref<LogicalResult(OpFoldResult, int64_t)> body) {
  const int64_t whole = count / step * step;
  LogicalResult done = loop(index(whole), step, [&](OpFoldResult first) { return body(first, step); });
  return succeeded(done) && whole < count ? body(index(whole), count - whole) : done;
}

FailureOr<Tile> Tiles::make(Space space, ArrayRef<OpFoldResult> extents, Type element) {
  if (!typeName(element) || element.getIntOrFloatBitWidth() % 8 != 0) {
    return mlir::emitError(location, "has elements of ")
           << element << ": expected a type of whole bytes that the accelerator has";
  }
  SmallVector<int64_t> shape;
  for (OpFoldResult extent : extents) {
    FailureOr<int64_t> bound = boundOf(extent);
    if (failed(bound)) {
      return failure();
    }
    shape.push_back(std::max<int64_t>(*bound, 1));
  }
  Value buffer = memref::AllocOp::create(builder, location, typeIn(space, shape, element));
  return Tile{buffer, index(0), SmallVector<OpFoldResult>(extents), denseStrides(shape)};
}

SmallVector<OpFoldResult> Tiles::extentsOf(Value operand) {
  if (auto cast = operand.getDefiningOp<memref::ReinterpretCastOp>()) {
    return cast.getConstifiedMixedSizes();
  }
  SmallVector<OpFoldResult> sizes;
  for (auto [d, extent] : llvm::enumerate(cast<MemRefType>(operand.getType()).getShape())) {
    Value known = extents.lookup({operand, static_cast<int64_t>(d)});
    sizes.push_back(!ShapedType::isDynamic(extent) ? index(extent)
                    : known ? OpFoldResult(known)
                            : memref::getMixedSize(builder, location, operand, static_cast<int64_t>(d)));
  }
  return sizes;
}

FailureOr<Tile> Tiles::inPlace(Value operand) {
  Value root = rootOf(operand);
  Value &buffer = temporaries[root];
  if (!buffer) {
    // Where the temporary was made, so that it is one for all that use it.
    auto alloc = root.getDefiningOp<memref::AllocOp>();
    if (!alloc) {
      return mlir::emitError(location, "has an operand that is neither an argument nor a temporary");
    }
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(alloc);
    FailureOr<Tile> made = make(Space::Spad, alloc.getMixedSizes(), alloc.getType().getElementType());
    if (failed(made)) {
      return failure();
    }
    buffer = made->buffer;
  }
  Tile tile{buffer, index(0), extentsOf(operand), {}};
  auto type = cast<MemRefType>(operand.getType());
  int64_t ignored = 0;
  if (auto cast = operand.getDefiningOp<memref::ReinterpretCastOp>()) {
    tile.offset = cast.getConstifiedMixedOffset();
    if (failed(type.getStridesAndOffset(tile.strides, ignored)) ||
        llvm::any_of(tile.strides, ShapedType::isDynamic)) {
      return mlir::emitError(location, "has a view without static strides: ") << type;
    }
  } else {
    tile.strides = denseStrides(llvm::cast<MemRefType>(buffer.getType()).getShape());
  }
  return tile;
}

LogicalResult Tiles::checkRows(Value operand) {
  auto type = cast<MemRefType>(operand.getType());
  SmallVector<int64_t> strides;
  int64_t ignored = 0;
  if (failed(type.getStridesAndOffset(strides, ignored)) || llvm::any_of(strides, ShapedType::isDynamic)) {
    return mlir::emitError(location, "has an operand without static strides: ") << type;
  }
  return success();
}

FailureOr<Tile> Tiles::read(Value operand) {
  if (!isInDram(operand)) {
    return inPlace(operand);
  }
  FailureOr<Tile> tile = room(operand);
  FailureOr<Value> view = succeeded(tile) ? viewOf(operand) : FailureOr<Value>();
  if (failed(view)) {
    return failure();
  }
  copy(*view, all(*tile));
  return tile;
}

FailureOr<Tile> Tiles::where(Value operand) {
  if (!isInDram(operand)) {
    return inPlace(operand);
  }
  if (failed(checkRows(operand))) {
    return failure();
  }
  Tile tile{rootOf(operand), index(0), extentsOf(operand), {}};
  int64_t ignored = 0;
  (void)cast<MemRefType>(operand.getType()).getStridesAndOffset(tile.strides, ignored);
  if (auto cast = operand.getDefiningOp<memref::ReinterpretCastOp>()) {
    tile.offset = cast.getConstifiedMixedOffset();
  }
  return tile;
}

FailureOr<Value> Tiles::viewOf(Value operand) {
  if (cast<MemRefType>(operand.getType()).hasStaticShape() || operand.getDefiningOp()) {
    return operand;
  }
  FailureOr<Tile> tile = where(operand);
  if (failed(tile)) {
    return failure();
  }
  return all(*tile);
}

LogicalResult Tiles::copyTo(const Tile &tile, Value operand) {
  FailureOr<Tile> target = where(operand);
  if (failed(target)) {
    return failure();
  }
  copy(all(tile), all(*target));
  return success();
}

FailureOr<Tile> Tiles::room(Value operand) {
  if (!isInDram(operand)) {
    return inPlace(operand);
  }
  return succeeded(checkRows(operand))
             ? make(Space::Spad, extentsOf(operand), cast<MemRefType>(operand.getType()).getElementType())
             : FailureOr<Tile>();
}

void Tiles::write(const Tile &tile, Value operand) {
  if (isInDram(operand)) {
    (void)copyTo(tile, operand); // room() has looked at its strides
  }
}

FailureOr<Tile> Tiles::constant(TypedAttr value) {
  Tile &known = constants[value];
  if (!known.buffer) {
    OpBuilder::InsertionGuard guard(builder);
    auto module = function->getParentOfType<ModuleOp>();
    auto type = RankedTensorType::get({1, 1}, value.getType());
    auto name = (function.getSymName() + "_constant" + Twine(constants.size() - 1)).str();
    builder.setInsertionPointToStart(module.getBody());
    memref::GlobalOp::create(builder, location, name, builder.getStringAttr("private"),
                             MemRefType::get({1, 1}, value.getType()), DenseElementsAttr::get(type, value),
                             /*constant=*/true, IntegerAttr());
    builder.setInsertionPointToStart(&function.getBody().front());
    Value source =
        memref::GetGlobalOp::create(builder, location, MemRefType::get({1, 1}, value.getType()), name);
    FailureOr<Tile> tile = make(Space::Spad, {index(1), index(1)}, value.getType());
    if (failed(tile)) {
      return failure();
    }
    copy(source, all(*tile));
    known = *tile;
  }
  return known;
}

Value Tiles::all(const Tile &tile) {
  SmallVector<OpFoldResult> strides;
  for (int64_t stride : tile.strides) {
    strides.push_back(index(stride));
  }
  return memref::ReinterpretCastOp::create(builder, location, tile.buffer, tile.offset, tile.extents,
                                           strides);
}

Value Tiles::matrix(const Tile &tile, int rows, int columns, OpFoldResult rowExtent,
                    OpFoldResult columnExtent, ArrayRef<OpFoldResult> begin) {
  OpFoldResult offset = tile.offset;
  for (auto [d, at] : llvm::enumerate(begin)) {
    offset = plus(offset, times(at, tile.strides[d]));
  }
  auto strideOf = [&](int dimension) {
    return dimension == kSame ? 1 : tile.strides[static_cast<size_t>(dimension)];
  };
  return memref::ReinterpretCastOp::create(
      builder, location, tile.buffer, offset,
      ArrayRef<OpFoldResult>{rows == kSame ? index(1) : rowExtent,
                             columns == kSame ? index(1) : columnExtent},
      ArrayRef<OpFoldResult>{index(strideOf(rows)), index(columns == kSame ? 1 : strideOf(columns))});
}

void Tiles::map(StringRef name, ValueRange inputs, Value to) {
  MapOp::create(builder, location, name, inputs, to, DenseI64ArrayAttr(), DenseI64ArrayAttr());
}

void Tiles::reduce(StringRef name, Value from, Value to) {
  ReduceOp::create(builder, location, name, from, to, DenseI64ArrayAttr(), DenseI64ArrayAttr());
}

void Tiles::copy(Value from, Value to) {
  const bool isStore = spaceOf(cast<MemRefType>(to.getType())) == Space::Dram;
  CopyOp::create(builder, location, from, to, isStore && channels > 1 ? 1 : 0, DenseI64ArrayAttr(),
                 DenseI64ArrayAttr());
}

void Tiles::gather(Value table, Value indices, Value to) {
  GatherOp::create(builder, location, table, indices, to, 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
}
