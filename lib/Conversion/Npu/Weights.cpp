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
  panels.kept = unpack.getLayout()->getSparseRows();
  panels.first = tiles.index(0);
  if (!unpack.getOffsets().empty()) {
    panels.first = unpack.getOffsets()[0];
    if (getConstantIntValue(unpack.getOffsets()[1]) != 0) {
      return mlir::emitError(tiles.loc(), "has weights cut along their columns");
    }
  }
  return panels;
}

OpFoldResult Panels::lineOf(Tiles &tiles, OpFoldResult k) const {
  return kept ? tiles.times(tiles.over(k, run()), kept->pattern().kept) : k;
}

LogicalResult Panels::bring(Tiles &tiles, OpFoldResult begin, OpFoldResult k, const Tile &to) const {
  if (!kept || std::gcd(divisorOf(first), width) == width) {
    return bring(tiles, begin, k, {0, lineElements()}, to);
  }
  Tile behind = to;
  behind.offset = tiles.plus(to.offset, tiles.index(places().first));
  return failure(failed(bring(tiles, begin, k, codes(), to)) ||
                 failed(bring(tiles, begin, k, places(), behind)));
}

LogicalResult Panels::bring(Tiles &tiles, OpFoldResult begin, OpFoldResult k, Part part,
                            const Tile &to) const {
  Builder &b = tiles.ops();
  OpFoldResult extent = to.extents[0], at = lineOf(tiles, k);
  const int64_t line = lineElements(), inPanel = lines(depth) * line;
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
  auto copy = [&](AffineExpr offset, OpFoldResult row, int64_t elements, Tile target) {
    Value from = memref::ReinterpretCastOp::create(
        tiles.ops(), tiles.loc(), storage,
        tiles.apply(AffineMap::get(2, 0, offset + d1 * line + part.first), {row, at}),
        ArrayRef<OpFoldResult>{extent, tiles.index(elements)},
        ArrayRef<OpFoldResult>{tiles.index(line), tiles.index(1)});
    target.extents[1] = tiles.index(elements);
    tiles.copy(from, tiles.all(target));
  };
  const int64_t piece = std::gcd(divisorOf(first), width);
  OpFoldResult row = tiles.plus(first, begin);
  if (piece == width) {
    // first + begin is a multiple of the width: its panel begins at (first + begin) / width panels.
    copy(inPanel % width == 0 ? d0 * (inPanel / width) : d0.floorDiv(width) * inPanel, row, part.elements,
         to);
    return success();
  }
  if (piece * part.elements % width != 0) {
    return mlir::emitError(tiles.loc(), "has weights that may begin within a byte");
  }
  // So many rows lie side by side, in whichever panel they are. Behind the last stored row others stand for those that are not there: their sums
  // are not read.
  const int64_t rows = cast<MemRefType>(storage.getType()).getNumElements() / inPanel * width;
  const int64_t elements = piece * part.elements / width;
  // From panel to panel it is a panel's elements, of which those of a line would have brought it a part of the way.
  AffineExpr inAll = part.elements == width ? d0 : d0.floorDiv(piece) * elements;
  for (int64_t i = 0; i < width; i += piece) {
    OpFoldResult from = tiles.least(tiles.plus(row, tiles.index(i)), tiles.index(rows - piece));
    Tile target = to;
    target.offset = tiles.plus(to.offset, tiles.index(i / piece * elements));
    copy(inAll + d0.floorDiv(width) * (inPanel - part.elements), from, elements, target);
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

int64_t WeightTiles::madeStride() const {
  const int64_t bits = element.getIntOrFloatBitWidth();
  const int64_t bytes = panels.width * bits / 8 + panels.places().elements;
  return llvm::alignTo(bytes, std::max<int64_t>(bits / 8, 1));
}

int64_t WeightTiles::bytesOf(int64_t columns) const {
  const int64_t line = isReady() ? panels.lineElements() : panels.codes().elements + madeStride();
  return panels.lines(columns) * line;
}

FailureOr<ElementRows> WeightTiles::make(OpFoldResult begin, OpFoldResult k, int64_t extent, Decode decode) {
  const int64_t lines = panels.lines(extent), width = panels.width;
  FailureOr<ElementRows> codes = ElementRows::make(tiles, lines, width, stored());
  if (failed(codes) || failed(panels.bring(tiles, begin, k, panels.codes(), codes->bytes(tiles)))) {
    return failure();
  }
  if (!panels.kept) {
    FailureOr<ElementRows> made = ElementRows::make(tiles, extent, width, element);
    return succeeded(made) && failed(decode(*codes, *made)) ? FailureOr<ElementRows>() : made;
  }
  // Elements, and places behind them, in lines of bytes.
  Type i8 = IntegerType::get(element.getContext(), 8);
  const int64_t bits = element.getIntOrFloatBitWidth(), stride = madeStride(), inLine = stride * 8 / bits;
  FailureOr<Tile> bytes = tiles.make(Space::Spad, {tiles.index(lines * stride)}, i8);
  if (failed(bytes)) {
    return failure();
  }
  const OpFoldResult zero = tiles.index(0), rows = tiles.index(lines);
  const Tile whole{bytes->buffer, zero, {rows, tiles.index(stride)}, {stride, 1}};
  Tile places = whole;
  places.offset = tiles.index(width * bits / 8);
  if (failed(panels.bring(tiles, begin, k, panels.places(), places))) {
    return failure();
  }
  Value view = viewOf(tiles, bytes->buffer, zero, lines, inLine, element);
  const Tile elements{view, zero, {rows, tiles.index(width)}, {inLine, 1}};
  if (failed(decode(*codes, {elements, element, lines, width}))) {
    return failure();
  }
  return ElementRows{whole, i8, lines, width * bits / 8 + panels.places().elements};
}

FailureOr<ElementRows> WeightTiles::bring(OpFoldResult begin, OpFoldResult k, int64_t extent) {
  if (isReady()) {
    const bool areLines = panels.kept.has_value();
    FailureOr<ElementRows> rows =
        ElementRows::make(tiles, panels.lines(extent), areLines ? panels.lineElements() : panels.width,
                          areLines ? IntegerType::get(element.getContext(), 8) : stored());
    return succeeded(rows) && failed(panels.bring(tiles, begin, k, rows->bytes(tiles)))
               ? FailureOr<ElementRows>()
               : rows;
  }
  return make(begin, k, extent, [&](const ElementRows &codes, const ElementRows &to) {
    if (panels.kept) {
      tiles.map("copy", codes.block(tiles, tiles.index(0), codes.rows),
                to.block(tiles, tiles.index(0), to.rows));
      return success();
    }
    // Elements lie side by side: rows that fill the lanes of the unit take the least time.
    const int64_t all = extent * panels.width;
    int64_t length = all % core.vec->lanes == 0 ? core.vec->lanes : panels.width;
    while (all % (2 * length) == 0 && 2 * length <= 4096) {
      length *= 2;
    }
    tiles.map("copy", codes.reshaped(tiles, length), to.reshaped(tiles, length));
    return success();
  });
}
