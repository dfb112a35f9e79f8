//===- PackedView.cpp -------------------------------------------------------===//
#include "PackedView.h"
#include "KeptPanels.h"
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

Value emitPlaneCode(ImplicitLocOpBuilder &b, unsigned bits, int64_t codes, Value storage, Value start,
                    Value position, bool areSingle) {
  auto byte = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI8IntegerAttr(static_cast<int8_t>(value)));
  };
  OffsetBuilder index{b};
  Value code = byte(0);
  for (const layout::BitPlane &plane : layout::bitPlanes(bits, codes, areSingle)) {
    Value bytes = constantIndex(b, plane.bytes), width = constantIndex(b, plane.width);
    Value at = index.add(start, arith::RemUIOp::create(b, position, bytes));
    Value raw =
        memref::LoadOp::create(b, storage, ValueRange{index.add(at, constantIndex(b, plane.byteOffset))});
    Value shift = arith::MulIOp::create(b, arith::DivUIOp::create(b, position, bytes), width);
    Value part = arith::ShRUIOp::create(b, raw, arith::IndexCastOp::create(b, b.getI8Type(), shift));
    part = arith::AndIOp::create(b, part, byte((int64_t(1) << plane.width) - 1));
    code = arith::OrIOp::create(b, code, arith::ShLIOp::create(b, part, byte(plane.firstBit)));
  }
  return code;
}

Value emitStoredElement(ImplicitLocOpBuilder &b, model::UnpackOp unpack, const layout::Layout &layout,
                        ValueRange coordinates) {
  const unsigned bits = unpack.getStorageLayout().getBits();
  const unsigned bytes = cast<ShapedType>(unpack.getSource().getType()).getElementTypeBitWidth() / 8;
  if (auto panel = unpack.getStorageLayout().getSparsePanel(bytes)) {
    SmallVector<Value> index(coordinates);
    if (!unpack.getOffsets().empty()) {
      for (auto [coordinate, offset] : llvm::zip_equal(index, unpack.getOffsets())) {
        coordinate = arith::AddIOp::create(b, coordinate, offset);
      }
    }
    return emitKeptNumber(b, *panel, layout.dims[1].size, unpack.getSource(), index[0], index[1]);
  }
  auto uncentred = [&](Value code) -> Value {
    if (!unpack.getStorageLayout().getCentred()) {
      return code;
    }
    Value highest =
        arith::ConstantOp::create(b, b.getI8IntegerAttr(static_cast<int8_t>(int64_t(1) << (bits - 1))));
    return arith::XOrIOp::create(b, code, highest);
  };
  const bool areSingle = unpack.getStorageLayout().getPlanes();
  if (bits == 0 || (bits == 8 && !unpack.getStorageLayout().getKept() && !areSingle)) {
    return uncentred(
        memref::LoadOp::create(b, unpack.getSource(), emitStorageOffset(b, unpack, layout, coordinates)));
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
  if (std::optional<layout::SparseRows> rows = unpack.getStorageLayout().getSparseRows()) {
    SmallVector<Value> at(coordinates);
    for (auto [coordinate, first] : llvm::zip(at, unpack.getOffsets())) {
      coordinate = index.add(coordinate, first);
    }
    return emitKeptCode(b, *rows, layout.dims[1].size, unpack.getSource(), at[0], position, at[1]);
  }
  Value start = index.mul(tile, layout::planeBytes(bits, tileCodes));
  return uncentred(emitPlaneCode(b, bits, tileCodes, unpack.getSource(), start, position, areSingle));
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

FailureOr<PanelWeights> matchPanels(ImplicitLocOpBuilder &b, Value view, int64_t pair, Isa isa) {
  auto unpack = view.getDefiningOp<model::UnpackOp>();
  if (!unpack || !llvm::isa<MemRefType>(unpack.getSource().getType()) ||
      !hasUnitInnerStride(unpack.getSource())) {
    return failure();
  }
  FailureOr<layout::Layout> parsed = layoutOf(unpack);
  if (failed(parsed) || unpack.getStorageLayout().getCentred() || unpack.getStorageLayout().getPlanes()) {
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
  weights.isa = isa;
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

Value loadPanel(ImplicitLocOpBuilder &b, const PanelWeights &of, Value panel, Value step) {
  if (of.sparse) {
    Value start = arith::MulIOp::create(b, arith::AddIOp::create(b, of.firstPanel, panel),
                                        constantIndex(b, of.panelStride));
    return loadKeptNumbers(b, *of.sparse, of.isa, of.storage, start,
                           arith::AddIOp::create(b, of.firstStep, step));
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
