//===- Weights.cpp --------------------------------------------------------------===//
#include "Weights.h"

#include "coopt/Layout/Panels.h"
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <numeric>

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

FailureOr<Panels> npu::panelsOf(Tiles &tiles, Value weights, bool mayBePlanes) {
  auto unpack = weights.getDefiningOp<model::UnpackOp>();
  if (!unpack || !unpack.getLayout()) {
    return mlir::emitError(tiles.loc(), "has weights that are not stored for the accelerator");
  }
  const layout::Layout layout = unpack.getLayout()->getLayout();
  const unsigned bits = unpack.getLayout()->getBits();
  const unsigned columnBits = layout.rank() == 0 ? 0 : layout.dims[0].tileBits;
  const bool arePlanes = unpack.getLayout()->getPlanes();
  const unsigned depthBits = layout.rank() == 2 ? layout.dims[1].tileBits : 0;
  Expected<layout::Layout> expected = arePlanes ? layout::lookUps(layout.sizes(), columnBits, depthBits)
                                                : layout::panels(layout.sizes(), columnBits, bits);
  if (!expected || *expected != layout || (arePlanes && !mayBePlanes)) {
    return mlir::emitError(tiles.loc(), "has weights that are not stored in panels of rows");
  }
  if (bits != 0 &&
      (arePlanes ? bits != 2 && bits != 4 && bits != 8 : !layout::areSideBySide(bits, columnBits))) {
    return mlir::emitError(tiles.loc(), "has codes of ")
           << bits << " bits: the accelerator has types of 2, 4 and 8";
  }
  Panels panels;
  panels.storage = unpack.getSource();
  panels.width = int64_t(1) << columnBits;
  panels.rows = layout.dims[0].size;
  panels.depth = layout.dims[1].size;
  panels.tableDepth = arePlanes ? int64_t(1) << depthBits : 0;
  panels.bits = bits;
  panels.areCentred = unpack.getLayout()->getCentred();
  panels.first = tiles.index(0);
  if (!unpack.getOffsets().empty()) {
    panels.first = unpack.getOffsets()[0];
    if (getConstantIntValue(unpack.getOffsets()[1]) != 0) {
      return mlir::emitError(tiles.loc(), "has weights cut along their columns");
    }
  }
  return panels;
}

LogicalResult Panels::bring(Tiles &tiles, OpFoldResult begin, OpFoldResult k, const Tile &to) const {
  Builder &b = tiles.ops();
  OpFoldResult extent = to.extents[0];
  const int64_t line = rowElements();
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
  auto copy = [&](OpFoldResult offset, int64_t elements, const Tile &part) {
    Value from = memref::ReinterpretCastOp::create(tiles.ops(), tiles.loc(), storage, offset,
                                                   ArrayRef<OpFoldResult>{extent, tiles.index(elements)},
                                                   ArrayRef<OpFoldResult>{tiles.index(line), tiles.index(1)});
    tiles.copy(from, tiles.all(part));
  };
  const int64_t piece = std::gcd(divisorOf(first), width);
  OpFoldResult row = tiles.plus(first, begin);
  if (piece == width) {
    // first + begin is a multiple of the width: its panel begins at (first + begin) / width panels.
    AffineExpr panel = line % width == 0 ? d0 * (line / width * depth) : d0.floorDiv(width) * (line * depth);
    copy(tiles.apply(AffineMap::get(2, 0, panel + d1 * line), {row, k}), line, to);
    return success();
  }
  if (piece * line % width != 0) {
    return mlir::emitError(tiles.loc(), "has weights that may begin within a byte");
  }
  // So many rows lie side by side, in whichever panel they are. Behind the last stored row others stand for those that are not there: their sums
  // are not read.
  const int64_t rows = cast<MemRefType>(storage.getType()).getNumElements() / depth * width / line;
  const int64_t elements = piece * line / width;
  // From panel to panel it is depth rows, of which one would have brought it there.
  AffineExpr inAll = line == width ? d0 : d0.floorDiv(piece) * elements;
  AffineExpr at = inAll + d0.floorDiv(width) * (line * (depth - 1)) + d1 * line;
  for (int64_t i = 0; i < width; i += piece) {
    OpFoldResult from = tiles.least(tiles.plus(row, tiles.index(i)), tiles.index(rows - piece));
    Tile part = to;
    part.offset = tiles.plus(to.offset, tiles.index(i / piece * elements));
    part.extents[1] = tiles.index(elements);
    copy(tiles.apply(AffineMap::get(2, 0, at), {from, k}), elements, part);
  }
  return success();
}

FailureOr<Products> npu::chooseProducts(Operation *op, const machine::NpuMatrixUnit &unit,
                                        cost::ArrayMode mode, unsigned bits) {
  MLIRContext *context = op->getContext();
  auto integer = [&](unsigned width) -> Type { return IntegerType::get(context, width); };
  if (mode == cost::ArrayMode::BitSerial || mode == cost::ArrayMode::TableLookup) {
    return Products{integer(8), integer(bits), integer(32)};
  }
  const std::optional<machine::NpuOperands> types = cost::denseTypes(unit, bits);
  if (!types) {
    return op->emitError("needs a matrix unit that multiplies i8 by i8 into i32, or bf16 by bf16 into f32");
  }
  if (machine::isInteger(types->weight)) {
    return Products{integer(8), integer(static_cast<unsigned>(machine::bits(types->weight))), integer(32)};
  }
  // Integers of 8 bits are bf16 numbers; a product is at most 2^7 2^(bits - 1).
  Type bf16 = BFloat16Type::get(context);
  return Products{bf16, bf16, Float32Type::get(context), cost::exactFloats(bits)};
}

FailureOr<ElementRows> ElementRows::make(Tiles &tiles, int64_t rows, int64_t columns, Type element) {
  ElementRows result{Tile(), element, rows, columns};
  const int64_t bits = element.getIntOrFloatBitWidth();
  FailureOr<Tile> storage = bits < 8
                                ? tiles.make(Space::Spad, {tiles.index(rows * columns * bits / 8)},
                                             IntegerType::get(element.getContext(), 8))
                                : tiles.make(Space::Spad, {tiles.index(rows), tiles.index(columns)}, element);
  if (failed(storage)) {
    return failure();
  }
  result.storage = *storage;
  return result;
}

Tile ElementRows::bytes(Tiles &tiles) const {
  const int64_t row = storage.rank() == 1 ? columns * element.getIntOrFloatBitWidth() / 8 : columns;
  return {storage.buffer, tiles.index(0), {tiles.index(rows), tiles.index(row)}, {row, 1}};
}

namespace {

/// Bytes of a buffer as a matrix of smaller elements.
Value viewOf(Tiles &tiles, Value buffer, OpFoldResult firstByte, int64_t rows, int64_t columns,
             Type element) {
  return memref::ViewOp::create(tiles.ops(), tiles.loc(), typeIn(Space::Spad, {rows, columns}, element),
                                buffer, tiles.value(firstByte), ValueRange());
}

} // namespace

Value ElementRows::block(Tiles &tiles, OpFoldResult first, int64_t count) const {
  if (storage.rank() == 1) {
    const int64_t row = columns * element.getIntOrFloatBitWidth() / 8;
    return viewOf(tiles, storage.buffer, tiles.times(first, row), count, columns, element);
  }
  return tiles.matrix(storage, 0, 1, tiles.index(count), tiles.index(columns), {first, tiles.index(0)});
}

Value ElementRows::reshaped(Tiles &tiles, int64_t length) const {
  const int64_t count = rows * columns / length;
  if (storage.rank() == 1) {
    return viewOf(tiles, storage.buffer, tiles.index(0), count, length, element);
  }
  return tiles.all(
      Tile{storage.buffer, tiles.index(0), {tiles.index(count), tiles.index(length)}, {length, 1}});
}

Type WeightTiles::stored() const {
  return IntegerType::get(element.getContext(), panels.bits == 0 ? 8 : panels.bits);
}

int64_t WeightTiles::bytesOfRow() const {
  const int64_t made = isReady() ? 0 : panels.width * element.getIntOrFloatBitWidth() / 8;
  return panels.rowElements() + made;
}

FailureOr<ElementRows> WeightTiles::bring(OpFoldResult begin, OpFoldResult k, int64_t extent) {
  FailureOr<ElementRows> codes = ElementRows::make(tiles, extent, panels.width, stored());
  if (failed(codes) || failed(panels.bring(tiles, begin, k, codes->bytes(tiles)))) {
    return failure();
  }
  if (isReady()) {
    return codes;
  }
  FailureOr<ElementRows> made = ElementRows::make(tiles, extent, panels.width, element);
  if (failed(made)) {
    return failure();
  }
  // Elements lie side by side: rows that fill the lanes of the unit take the least time.
  const int64_t all = extent * panels.width;
  int64_t length = core.vec->lanes;
  if (all % length != 0) {
    length = panels.width;
  }
  while (all % (2 * length) == 0 && 2 * length <= 4096) {
    length *= 2;
  }
  tiles.map("copy", codes->reshaped(tiles, length), made->reshaped(tiles, length));
  return made;
}
