//===- Dequantize.cpp - Codes to numbers ----------------------------------------===//
#include "Elementwise.h"
#include "Lowerings.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

class DequantizeLowering {
public:
  DequantizeLowering(Tiles &tiles, quantized::DequantizeOp op)
      : tiles(tiles), op(op), scheme(op.getScheme()) {}
  LogicalResult run();

private:
  Tiles &tiles;
  quantized::DequantizeOp op;
  quantized::SchemeAttr scheme;
  Tile codes, scales, result;
  std::optional<Tile> zeros, outer;
  OpFoldResult rows;

  Type integer(unsigned bits) { return IntegerType::get(op.getContext(), bits); }
  FailureOr<Elements> number(MatrixMath &math, int64_t value, unsigned bits) {
    return math.number(IntegerAttr::get(integer(bits), value));
  }
  FailureOr<Elements> unsignedOf(MatrixMath &math, Elements bytes);
  FailureOr<Elements> signedOf(MatrixMath &math, Elements bytes);
  LogicalResult group(OpFoldResult group, OpFoldResult column, OpFoldResult columns);
};

/// What a byte holds without a sign.
FailureOr<Elements> DequantizeLowering::unsignedOf(MatrixMath &math, Elements bytes) {
  if (scheme.getBits() < 8) {
    return bytes;
  }
  FailureOr<Elements> mask = number(math, 255, 16);
  return succeeded(mask) ? math.apply("and", bytes, *mask, integer(16)) : mask;
}

/// The low bits of a byte in two's complement: what stands above them means nothing.
FailureOr<Elements> DequantizeLowering::signedOf(MatrixMath &math, Elements bytes) {
  const unsigned bits = scheme.getBits();
  if (bits == 8) {
    return bytes;
  }
  const int64_t half = int64_t(1) << (bits - 1);
  FailureOr<Elements> mask = number(math, 2 * half - 1, 8), highest = number(math, half, 8);
  if (failed(mask) || failed(highest)) {
    return failure();
  }
  FailureOr<Elements> low = math.apply("and", bytes, *mask, integer(8));
  FailureOr<Elements> turned =
      succeeded(low) ? math.apply("xor", *low, *highest, integer(8), low->memref) : low;
  return succeeded(turned) ? math.apply("sub", *turned, *highest, integer(8), low->memref) : turned;
}

/// Columns that have one scale a row.
LogicalResult DequantizeLowering::group(OpFoldResult group, OpFoldResult column, OpFoldResult columns) {
  MatrixMath math(tiles, rows, columns);
  auto ofRows = [&](const Tile &tile) {
    return Elements{tile.rank() == 1
                        ? tiles.matrix(tile, 0, kSame, rows, tiles.index(1))
                        : tiles.matrix(tile, 0, kSame, rows, tiles.index(1), {tiles.index(0), group}),
                    true, false, false};
  };
  const Elements bytes{tiles.matrix(codes, 0, 1, rows, columns, {tiles.index(0), column}), true, true, false};
  FailureOr<Elements> numbers = scheme.isAsymmetric() ? unsignedOf(math, bytes) : signedOf(math, bytes);
  if (succeeded(numbers) && zeros) {
    FailureOr<Elements> zero = unsignedOf(math, ofRows(*zeros));
    numbers = succeeded(zero) ? math.apply("sub", *numbers, *zero, integer(16)) : zero;
  }
  if (succeeded(numbers) && outer) {
    numbers = math.apply("mul", *numbers, ofRows(scales), integer(16));
  }
  if (failed(numbers)) {
    return failure();
  }
  Value to = tiles.matrix(result, 0, 1, rows, columns, {tiles.index(0), column});
  return LogicalResult(math.apply("mul", *numbers, ofRows(outer ? *outer : scales), result.element(), to));
}

LogicalResult DequantizeLowering::run() {
  std::optional<int64_t> at = op.getAt() ? getConstantIntValue(op.getAt()) : 0;
  const int64_t span = scheme.getFormat() ? 0 : scheme.getGroup();
  const int64_t count = cast<MemRefType>(op.getInit().getType()).getShape().back();
  if (scheme.getFormat() || (span != 0 && (!at || ShapedType::isDynamic(count)))) {
    return op.emitError(
        "decodes what the accelerator has no code for: expected integer codes, groups in columns whose "
        "number and place are known");
  }
  auto read = [&](Value operand, std::optional<Tile> &to) {
    FailureOr<Tile> tile = operand ? tiles.read(operand) : FailureOr<Tile>(Tile());
    if (operand && succeeded(tile)) {
      to = *tile;
    }
    return LogicalResult(tile);
  };
  FailureOr<Tile> ofCodes = tiles.read(op.getCodes()), ofScales = tiles.read(op.getScales()),
                  room = tiles.room(op.getInit());
  if (failed(ofCodes) || failed(ofScales) || failed(room) || failed(read(op.getZeros(), zeros)) ||
      failed(read(op.getOuterScales(), outer))) {
    return failure();
  }
  codes = *ofCodes;
  scales = *ofScales;
  result = *room;
  rows = result.extents[0];
  LogicalResult done = success();
  if (span == 0) {
    done = group(tiles.index(0), tiles.index(0), result.extents[1]);
  } else {
    // What is left of the first group, then whole ones.
    const int64_t head = std::min(count, (span - *at % span) % span), first = llvm::divideCeil(*at, span);
    if (head > 0) {
      done = group(tiles.index(*at / span), tiles.index(0), tiles.index(head));
    }
    if (succeeded(done)) {
      done = tiles.pieces(count - head, span, [&](OpFoldResult column, int64_t columns) {
        return group(tiles.plus(tiles.over(column, span), tiles.index(first)),
                     tiles.plus(column, tiles.index(head)), tiles.index(columns));
      });
    }
  }
  if (succeeded(done)) {
    tiles.write(result, op.getInit());
  }
  return done;
}

} // namespace

LogicalResult npu::lowerDequantize(Tiles &tiles, quantized::DequantizeOp op) {
  tiles.moveTo(op);
  return DequantizeLowering(tiles, op).run();
}
