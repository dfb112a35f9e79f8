//===- Contract.cpp - Products of codes on the array ---------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

#include "coopt/Layout/Layout.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

FailureOr<Panels> npu::panelsOf(Tiles &tiles, Value weights) {
  auto unpack = weights.getDefiningOp<model::UnpackOp>();
  if (!unpack || !unpack.getLayout()) {
    return mlir::emitError(tiles.loc(), "has weights that are not stored for the accelerator");
  }
  const layout::Layout layout = unpack.getLayout()->getLayout();
  // The lowest bits of rows, then columns, then the rest of the rows.
  bool arePanels = layout.rank() == 2 && layout.dims[1].tileBits == 0 &&
                   layout.dims[1].outerStride == layout.tileElements() &&
                   layout.dims[0].outerStride == layout.tileElements() * layout.dims[1].size;
  for (unsigned bit = 0; arePanels && bit < layout.dims[0].tileBits; ++bit) {
    arePanels = layout.dims[0].basis[bit] == uint32_t(1) << bit;
  }
  if (!arePanels) {
    return mlir::emitError(tiles.loc(), "has weights that are not stored in panels of rows");
  }
  const unsigned bits = cast<MemRefType>(unpack.getSource().getType()).getElementTypeBitWidth();
  if (const unsigned stored = unpack.getLayout()->getBits(); stored != 0 && stored != bits) {
    return mlir::emitError(tiles.loc(), "has codes of ")
           << stored << " bits: the accelerator has no code for fewer than " << bits;
  }
  Panels panels;
  panels.storage = unpack.getSource();
  panels.width = layout.tileElements();
  panels.depth = layout.dims[1].size;
  panels.first = tiles.index(0);
  if (!unpack.getOffsets().empty()) {
    panels.first = unpack.getOffsets()[0];
    if (getConstantIntValue(unpack.getOffsets()[1]) != 0) {
      return mlir::emitError(tiles.loc(), "has weights cut along their columns");
    }
  }
  return panels;
}

Value Panels::tile(Tiles &tiles, OpFoldResult begin, OpFoldResult k, OpFoldResult rows) const {
  Builder &b = tiles.ops();
  // first + begin is a multiple of the width: its panel begins at (first + begin) depth.
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1), d2 = b.getAffineDimExpr(2);
  OpFoldResult offset = tiles.apply(AffineMap::get(3, 0, (d0 + d1) * depth + d2 * width), {first, begin, k});
  return memref::ReinterpretCastOp::create(tiles.ops(), tiles.loc(), storage, offset,
                                           ArrayRef<OpFoldResult>{rows, tiles.index(width)},
                                           ArrayRef<OpFoldResult>{tiles.index(width), tiles.index(1)});
}

namespace {

class ContractLowering {
public:
  ContractLowering(Tiles &tiles, quantized::ContractOp op, const machine::NpuCore &core)
      : tiles(tiles), op(op), core(core) {}
  LogicalResult run();

private:
  Tiles &tiles;
  quantized::ContractOp op;
  const machine::NpuCore &core;
  Tile a, sums;
  Panels weights;
  OpFoldResult rows;
  int64_t depth = 0;

  LogicalResult check();
  LogicalResult products(OpFoldResult begin);
  LogicalResult products(OpFoldResult begin, OpFoldResult k, int64_t chunk);
  void product(const Tile &w, OpFoldResult k, OpFoldResult inChunk, int64_t extent);
};

LogicalResult ContractLowering::check() {
  const bool isPlain = op.getAScheme() && op.getScaleAt() == quantized::ScaleAt::Output && !op.getAZeros() &&
                       !op.getWZeros() && !op.getWOuterScales();
  if (!isPlain) {
    return op.emitError(
        "is a contraction that the accelerator has no code for: expected symmetric codes on both sides, "
        "scales at the output");
  }
  if (!core.mxu || !llvm::is_contained(core.mxu->modes.dense, machine::NpuDataflow::WeightStationary)) {
    return op.emitError("needs a matrix unit with dense weight-stationary products");
  }
  return success();
}

/// A block of the array's rows.
void ContractLowering::product(const Tile &w, OpFoldResult k, OpFoldResult inChunk, int64_t extent) {
  Value activations = tiles.matrix(a, 0, 1, rows, tiles.index(extent), {tiles.index(0), k});
  Value block =
      tiles.matrix(w, 0, 1, tiles.index(extent), tiles.index(weights.width), {inChunk, tiles.index(0)});
  Value to = tiles.matrix(sums, 0, 1, rows, tiles.index(weights.width));
  MatmulOp::create(tiles.ops(), tiles.loc(), activations, block, to, true, "ws", DenseI64ArrayAttr(),
                   DenseI64ArrayAttr());
}

LogicalResult ContractLowering::products(OpFoldResult begin, OpFoldResult k, int64_t chunk) {
  FailureOr<Tile> w = tiles.make(Space::Spad, {tiles.index(chunk), tiles.index(weights.width)}, a.element());
  if (failed(w)) {
    return failure();
  }
  tiles.copy(weights.tile(tiles, begin, k, tiles.index(chunk)), tiles.all(*w));
  const int64_t block = core.mxu->rows, whole = chunk / block * block;
  LogicalResult blocks = tiles.loop(tiles.index(whole), block, [&](OpFoldResult i) {
    product(*w, tiles.plus(k, i), i, block);
    return success();
  });
  if (succeeded(blocks) && whole < chunk) {
    product(*w, tiles.plus(k, tiles.index(whole)), tiles.index(whole), chunk - whole);
  }
  return blocks;
}

LogicalResult ContractLowering::products(OpFoldResult begin) {
  // A quarter of the scratchpad at a time.
  const int64_t block = core.mxu->rows;
  const int64_t most = std::max(core.spad.bytes / 4 / weights.width / block * block, block);
  const int64_t chunk = std::min(most, depth), whole = depth / chunk * chunk;
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(sums), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  LogicalResult result =
      tiles.loop(tiles.index(whole), chunk, [&](OpFoldResult k) { return products(begin, k, chunk); });
  return succeeded(result) && whole < depth ? products(begin, tiles.index(whole), depth - whole) : result;
}

LogicalResult ContractLowering::run() {
  if (failed(check())) {
    return failure();
  }
  FailureOr<Panels> panels = panelsOf(tiles, op.getW());
  FailureOr<Tile> activations = tiles.read(op.getA()), aScales = tiles.read(op.getAScales()),
                  wScales = tiles.read(op.getWScales()), result = tiles.room(op.getInit());
  if (failed(panels) || failed(activations) || failed(aScales) || failed(wScales) || failed(result)) {
    return failure();
  }
  weights = *panels;
  a = *activations;
  depth = weights.depth;
  rows = a.extents[0];
  if (weights.width != core.mxu->cols) {
    return op.emitError("has weights in panels of ")
           << weights.width << " rows, where the array has " << core.mxu->cols << " columns";
  }
  OpFoldResult columns = result->extents[1];
  LogicalResult done = tiles.loop(columns, weights.width, [&](OpFoldResult begin) -> LogicalResult {
    FailureOr<Tile> made =
        tiles.make(Space::Acc, {rows, tiles.index(weights.width)}, IntegerType::get(op.getContext(), 32));
    if (failed(made)) {
      return failure();
    }
    sums = *made;
    if (failed(products(begin))) {
      return failure();
    }
    // y = (f32(acc) sw[n]) sa[m]
    OpFoldResult extent = tiles.least(tiles.minus(columns, begin), tiles.index(weights.width));
    MatrixMath math(tiles, rows, extent);
    Type f32 = Float32Type::get(op.getContext());
    const Elements acc{tiles.matrix(sums, 0, 1, rows, extent), true, true, false};
    const Elements ofColumns{tiles.matrix(*wScales, kSame, 0, tiles.index(1), extent, {begin}), false, true,
                             false};
    const Elements ofRows{tiles.matrix(*aScales, 0, kSame, rows, tiles.index(1)), true, false, false};
    FailureOr<Elements> scaled = math.apply("mul", acc, ofColumns, f32);
    if (failed(scaled)) {
      return failure();
    }
    Value to = tiles.matrix(*result, 0, 1, rows, extent, {tiles.index(0), begin});
    return LogicalResult(math.apply("mul", *scaled, ofRows, f32, to));
  });
  if (failed(done)) {
    return failure();
  }
  tiles.write(*result, op.getInit());
  return success();
}

} // namespace

LogicalResult npu::lowerContract(Tiles &tiles, quantized::ContractOp op, const machine::NpuCore &core) {
  tiles.moveTo(op);
  return ContractLowering(tiles, op, core).run();
}
