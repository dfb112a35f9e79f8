//===- PackedView.cpp -------------------------------------------------------===//
#include "PackedView.h"
#include "KeptQuads.h"
#include "coopt/Layout/BitPlanes.h"
#include "coopt/Layout/EmitOffset.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;

namespace coopt {

FailureOr<layout::Layout> layoutOf(model::UnpackOp unpack) {
  model::LayoutAttr attribute = unpack.getStorageLayout();
  if (!attribute) {
    return unpack.emitError("expected a layout");
  }
  Expected<layout::Layout> layout = layout::parse(attribute.getText().str());
  if (!layout) {
    return unpack.emitError(layout.error().message);
  }
  int64_t rank = cast<ShapedType>(unpack.getResult().getType()).getRank();
  if (static_cast<int64_t>(layout->rank()) != rank) {
    return unpack.emitError("expected a layout of rank ") << rank << ", got " << layout->rank();
  }
  return *layout;
}

namespace {

/// The builder that layout::emitOffset wants.
struct OffsetBuilder {
  using Index = Value;
  ImplicitLocOpBuilder &b;

  Value constant(int64_t value) { return constantIndex(b, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value mul(Value x, int64_t factor) { return arith::MulIOp::create(b, x, constant(factor)); }
  Value shiftRight(Value x, unsigned bits) { return arith::ShRUIOp::create(b, x, constant(bits)); }
  Value shiftLeft(Value x, unsigned bits) { return arith::ShLIOp::create(b, x, constant(bits)); }
  Value andMask(Value x, int64_t mask) { return arith::AndIOp::create(b, x, constant(mask)); }
  Value xorr(Value x, Value y) { return arith::XOrIOp::create(b, x, y); }
};

} // namespace

Value emitStorageOffset(ImplicitLocOpBuilder &b, model::UnpackOp unpack, const layout::Layout &layout,
                        ValueRange coordinates) {
  OffsetBuilder offsets{b};
  SmallVector<Value> index(coordinates);
  if (!unpack.getOffsets().empty()) {
    for (auto [coordinate, offset] : llvm::zip_equal(index, unpack.getOffsets())) {
      coordinate = offsets.add(coordinate, offset);
    }
  }
  return layout::emitOffset(offsets, layout, index);
}

/// An element as an integer of its width.
static Value asInteger(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  return isa<FloatType>(type)
             ? arith::BitcastOp::create(b, b.getIntegerType(type.getIntOrFloatBitWidth()), x).getResult()
             : x;
}

/// Bit `number` of the integers from `start` on, as an index: 0 or 1.
static Value emitElementBit(ImplicitLocOpBuilder &b, Value storage, Value start, Value number) {
  OffsetBuilder index{b};
  const int64_t width = cast<MemRefType>(storage.getType()).getElementTypeBitWidth();
  Value at = index.add(start, arith::DivUIOp::create(b, number, constantIndex(b, width)));
  Value bits = asInteger(b, memref::LoadOp::create(b, storage, ValueRange{at}));
  bits = arith::IndexCastUIOp::create(b, b.getIndexType(), bits);
  Value shift = arith::RemUIOp::create(b, number, constantIndex(b, width));
  return index.andMask(arith::ShRUIOp::create(b, bits, shift), 1);
}

/// An element of a sparse panel (SparsePanel.h).
static Value emitPanelElement(ImplicitLocOpBuilder &b, model::UnpackOp unpack,
                              const layout::SparsePanel &panel, const layout::Layout &layout,
                              ValueRange coordinates) {
  OffsetBuilder index{b};
  Value row = coordinates[0], column = coordinates[1];
  if (!unpack.getOffsets().empty()) {
    row = index.add(row, unpack.getOffsets()[0]);
    column = index.add(column, unpack.getOffsets()[1]);
  }
  const int64_t of = panel.pattern().of;
  Value lane = index.andMask(row, layout::SparsePanel::kRows - 1);
  Value run = arith::DivUIOp::create(b, column, constantIndex(b, of));
  Value place = arith::RemUIOp::create(b, column, constantIndex(b, of));
  Value start = index.add(index.mul(index.shiftRight(row, 4), panel.panelElements(layout.dims[1].size)),
                          index.mul(run, panel.runElements()));
  Value bits = index.add(start, constantIndex(b, panel.valueElements()));
  Value before = constantIndex(b, 0), none = before;
  auto bitAt = [&](Value at) {
    return emitElementBit(b, unpack.getSource(), bits, index.add(index.shiftLeft(at, 4), lane));
  };
  for (int64_t other = 0; other + 1 < of; ++other) {
    Value counts = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, place, constantIndex(b, other));
    before = index.add(before, arith::SelectOp::create(b, counts, bitAt(constantIndex(b, other)), none));
  }
  before = arith::MinUIOp::create(b, before, constantIndex(b, panel.pattern().kept - 1));
  Value at = index.add(start, index.add(index.shiftLeft(before, 4), lane));
  Value value = memref::LoadOp::create(b, unpack.getSource(), ValueRange{at});
  Value isKept = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bitAt(place), none);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
  return arith::SelectOp::create(b, isKept, value, zero);
}

Value emitStoredElement(ImplicitLocOpBuilder &b, model::UnpackOp unpack, const layout::Layout &layout,
                        ValueRange coordinates) {
  const unsigned bits = unpack.getStorageLayout().getBits();
  const unsigned bytes = cast<ShapedType>(unpack.getSource().getType()).getElementTypeBitWidth() / 8;
  if (auto panel = unpack.getStorageLayout().getSparsePanel(bytes)) {
    return emitPanelElement(b, unpack, *panel, layout, coordinates);
  }
  if (bits == 0 || (bits == 8 && !unpack.getStorageLayout().getKept())) {
    return memref::LoadOp::create(b, unpack.getSource(), emitStorageOffset(b, unpack, layout, coordinates));
  }
  Value offset = emitStorageOffset(b, unpack, layout, coordinates);
  const int64_t tileCodes = layout.tileElements();
  OffsetBuilder index{b};
  Value tile = arith::DivUIOp::create(b, offset, constantIndex(b, tileCodes));
  Value position = index.andMask(offset, tileCodes - 1);
  if (std::optional<layout::SparseTile> sparse = unpack.getStorageLayout().getSparseTile()) {
    // [16 k][16 n][4 k]
    Value start = index.mul(tile, sparse->bytes());
    Value row = index.andMask(index.shiftRight(position, 2), layout::SparseTile::kRows - 1);
    Value column = index.add(index.shiftLeft(index.shiftRight(position, 6), 2), index.andMask(position, 3));
    return emitKeptCode(b, *sparse, unpack.getSource(), start, row, column);
  }
  Value start = index.mul(tile, layout::planeBytes(bits, tileCodes));
  return emitPlaneCode(b, bits, tileCodes, unpack.getSource(), start, position);
}

/// The expression with every dimension and symbol that is a multiple of `divisor` written as such.
static bool isMultipleOf(AffineMap map, ValueRange operands, int64_t divisor) {
  SmallVector<AffineExpr> dims, symbols;
  for (auto [position, operand] : llvm::enumerate(operands)) {
    bool isDim = position < map.getNumDims();
    AffineExpr expr = isDim ? getAffineDimExpr(position, map.getContext())
                            : getAffineSymbolExpr(position - map.getNumDims(), map.getContext());
    (isDim ? dims : symbols).push_back(isMultipleOf(operand, divisor) ? expr * divisor : expr);
  }
  AffineExpr expr = map.getResult(0).replaceDimsAndSymbols(dims, symbols);
  return simplifyAffineExpr(expr, map.getNumDims(), map.getNumSymbols()).isMultipleOf(divisor);
}

bool isMultipleOf(Value value, int64_t divisor) {
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return *constant % divisor == 0;
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast_if_present<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
    if (!loop) {
      return false;
    }
    auto ivs = loop.getLoopInductionVars();
    auto lower = loop.getLoopLowerBounds();
    auto steps = loop.getLoopSteps();
    if (!ivs || !lower || !steps) {
      return false;
    }
    for (auto [iv, from, step] : llvm::zip_equal(*ivs, *lower, *steps)) {
      auto divides = [&](OpFoldResult bound) {
        std::optional<int64_t> constant = getConstantIntValue(bound);
        return constant ? *constant % divisor == 0 : isMultipleOf(cast<Value>(bound), divisor);
      };
      if (iv == value) {
        return divides(from) && divides(step);
      }
    }
    return false;
  }
  Operation *op = value.getDefiningOp();
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    return isMultipleOf(apply.getAffineMap(), apply.getMapOperands(), divisor);
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtUIOp, arith::ExtSIOp>(op)) {
    return isMultipleOf(op->getOperand(0), divisor);
  }
  if (isa<arith::AddIOp, arith::SubIOp>(op)) {
    return isMultipleOf(op->getOperand(0), divisor) && isMultipleOf(op->getOperand(1), divisor);
  }
  if (isa<arith::MulIOp>(op)) {
    return isMultipleOf(op->getOperand(0), divisor) || isMultipleOf(op->getOperand(1), divisor);
  }
  if (auto shift = dyn_cast<arith::ShLIOp>(op)) {
    std::optional<int64_t> bits = getConstantIntValue(shift.getRhs());
    return bits && *bits >= 0 && *bits < 32 && (int64_t(1) << *bits) % divisor == 0;
  }
  return false;
}

/// True if the low index bits of `dim` go to consecutive offset bits from `first` on.
static bool hasConsecutiveBits(const layout::Dim &dim, unsigned bits, unsigned first) {
  if (dim.tileBits != bits) {
    return false;
  }
  for (unsigned bit = 0; bit < bits; ++bit) {
    if (dim.basis[bit] != uint32_t(1) << (first + bit)) {
      return false;
    }
  }
  return true;
}

FailureOr<PanelWeights> matchPanels(ImplicitLocOpBuilder &b, Value view, int64_t pair) {
  auto unpack = view.getDefiningOp<model::UnpackOp>();
  if (!unpack || !isa<MemRefType>(unpack.getSource().getType()) || !hasUnitInnerStride(unpack.getSource())) {
    return failure();
  }
  FailureOr<layout::Layout> parsed = layoutOf(unpack);
  if (failed(parsed)) {
    return failure();
  }
  const layout::Layout &layout = *parsed;
  unsigned pairBits = pair == 2 ? 1 : 0;
  if (layout.rank() != 2 || !hasConsecutiveBits(layout.dims[1], pairBits, 0) ||
      !hasConsecutiveBits(layout.dims[0], 4, pairBits)) {
    return failure();
  }
  PanelWeights weights;
  weights.storage = unpack.getSource();
  const unsigned bytes = cast<ShapedType>(unpack.getSource().getType()).getElementTypeBitWidth() / 8;
  if (unpack.getStorageLayout().getKept()) {
    weights.sparse = unpack.getStorageLayout().getSparsePanel(bytes);
    if (!weights.sparse || pair != 1) {
      return failure();
    }
  }
  weights.panelStride =
      weights.sparse ? weights.sparse->panelElements(layout.dims[1].size) : layout.dims[0].outerStride;
  weights.stepStride = layout.dims[1].outerStride;
  weights.firstPanel = weights.firstStep = constantIndex(b, 0);
  if (!unpack.getOffsets().empty()) {
    Value n0 = unpack.getOffsets()[0], k0 = unpack.getOffsets()[1];
    if (!isMultipleOf(n0, kLanes) || !isMultipleOf(k0, pair)) {
      return failure();
    }
    weights.firstPanel = arith::DivUIOp::create(b, n0, constantIndex(b, kLanes));
    weights.firstStep = pair == 1 ? k0 : arith::DivUIOp::create(b, k0, constantIndex(b, pair)).getResult();
  }
  return weights;
}

/// Which of the 16 rows keep a column: the numbers of 16 bits from `start` on.
static Value emitPanelBits(ImplicitLocOpBuilder &b, Value storage, Value start, Value column) {
  Type element = cast<MemRefType>(storage.getType()).getElementType();
  const unsigned width = element.getIntOrFloatBitWidth();
  OffsetBuilder index{b};
  auto mask = VectorType::get({kLanes}, b.getI1Type());
  if (width <= 16) {
    const int64_t elements = 16 / width;
    Value raw = vector::LoadOp::create(b, VectorType::get({elements}, element), storage,
                                       ValueRange{index.add(start, index.mul(column, elements))});
    return vector::BitCastOp::create(b, mask, raw);
  }
  Value at = index.add(start, index.shiftRight(column, 1));
  Value bits = asInteger(b, memref::LoadOp::create(b, storage, ValueRange{at}));
  Value shift = index.shiftLeft(index.andMask(column, 1), 4);
  bits = arith::ShRUIOp::create(b, bits, arith::IndexCastOp::create(b, bits.getType(), shift));
  Value half = arith::TruncIOp::create(b, b.getI16Type(), bits);
  return vector::BitCastOp::create(
      b, mask, vector::BroadcastOp::create(b, VectorType::get({1}, b.getI16Type()), half));
}

static Value loadSparsePanel(ImplicitLocOpBuilder &b, const PanelWeights &of, Value panel, Value step) {
  OffsetBuilder index{b};
  const layout::SparsePanel &sparse = *of.sparse;
  const numerics::SparsePattern &pattern = sparse.pattern();
  Type element = cast<MemRefType>(of.storage.getType()).getElementType();
  auto type = VectorType::get({kLanes}, element);
  auto ranks = VectorType::get({kLanes}, b.getI32Type());
  auto rankOf = [&](int64_t value) {
    return constantOf(b, ranks, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  };
  Value column = arith::AddIOp::create(b, of.firstStep, step);
  Value run = arith::DivUIOp::create(b, column, constantIndex(b, pattern.of));
  Value place = arith::RemUIOp::create(b, column, constantIndex(b, pattern.of));
  Value start = index.add(index.mul(arith::AddIOp::create(b, of.firstPanel, panel), of.panelStride),
                          index.mul(run, sparse.runElements()));
  Value bits = index.add(start, constantIndex(b, sparse.valueElements()));
  Value before = rankOf(0);
  for (int64_t other = 0; other + 1 < pattern.of; ++other) {
    Value isBefore = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, place, constantIndex(b, other));
    Value one = arith::SelectOp::create(b, isBefore, rankOf(1), rankOf(0));
    Value mask = emitPanelBits(b, of.storage, bits, constantIndex(b, other));
    before = arith::AddIOp::create(b, before, arith::SelectOp::create(b, mask, one, rankOf(0)));
  }
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Value none = result;
  for (int64_t slot = 0; slot < pattern.kept; ++slot) {
    Value those = vector::LoadOp::create(b, type, of.storage,
                                         ValueRange{index.add(start, constantIndex(b, slot * kLanes))});
    Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, before, rankOf(slot));
    result = arith::SelectOp::create(b, isIt, those, result);
  }
  return arith::SelectOp::create(b, emitPanelBits(b, of.storage, bits, place), result, none);
}

Value loadPanel(ImplicitLocOpBuilder &b, const PanelWeights &of, Value panel, Value step) {
  if (of.sparse) {
    return loadSparsePanel(b, of, panel, step);
  }
  Value row = arith::MulIOp::create(b, arith::AddIOp::create(b, of.firstPanel, panel),
                                    constantIndex(b, of.panelStride));
  Value column =
      arith::MulIOp::create(b, arith::AddIOp::create(b, of.firstStep, step), constantIndex(b, of.stepStride));
  Type element = cast<MemRefType>(of.storage.getType()).getElementType();
  return vector::LoadOp::create(b, VectorType::get({kLanes}, element), of.storage,
                                ValueRange{arith::AddIOp::create(b, row, column)});
}

} // namespace coopt
