//===- FloatContract.cpp - Products of floats and codes on the array --------------===//
//
//   y[m, n] = sum over k of a[m, k] w[n, k]      w[n, k] = bf16((q[n, k] - z[n, g]) sw[n, g])
//
// Activations are bf16 already (--activations=bf16); codes become bf16 in the scratchpad; sums are the array's, f32 in the order of k. Bounded, as
// the processor's are.
//
//===----------------------------------------------------------------------===//
#include "ContractLowering.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

LogicalResult ContractLowering::checkFloats() {
  if (op.getWScheme().getFormat() || isTwoLevel()) {
    return op.emitError("is a contraction of floats that the accelerator has no code for: expected integer "
                        "codes with one level of scales as weights");
  }
  if (!cast<MemRefType>(op.getA().getType()).getElementType().isBF16()) {
    return op.emitError("has activations that are not rounded to bf16, as the accelerator's products of "
                        "floats take them (--activations=bf16)");
  }
  using machine::NpuType;
  const bool hasFloats = llvm::any_of(core.mxu->types, [](const machine::NpuOperands &of) {
    return of.activation == NpuType::BF16 && of.weight == NpuType::BF16 && of.sum == NpuType::F32;
  });
  if (!hasFloats) {
    return op.emitError("needs a matrix unit that multiplies bf16 by bf16 into f32");
  }
  return success();
}

/// Codes [extent][width] of one group, all or what is kept of them. Columns behind the last one have what lies there: their sums are not read.
LogicalResult ContractLowering::decode(const Round &round, OpFoldResult group, Value codes, int64_t extent,
                                       Value to) {
  OpFoldResult width = tiles.index(weights.width);
  Value numbers = codes;
  if (round.zeros) {
    FailureOr<Tile> made =
        tiles.make(Space::Spad, {tiles.index(extent), width}, IntegerType::get(op.getContext(), 16));
    if (failed(made)) {
      return failure();
    }
    numbers = tiles.all(*made);
    tiles.map("add", {codes, rowOf(*round.zeros, group, width)}, numbers);
  }
  tiles.map("mul", {numbers, rowOf(*round.scales, group, width)}, to);
  return success();
}

/// What columns have without groups, as one group of a panel has it.
FailureOr<Tile> ContractLowering::ofPanel(const Tile &ofColumns, const Round &round) {
  FailureOr<Tile> row =
      tiles.make(Space::Spad, {tiles.index(1), tiles.index(weights.width)}, ofColumns.element());
  if (succeeded(row)) {
    tiles.map("copy", tiles.matrix(ofColumns, kSame, 0, tiles.index(1), round.extent, {round.begin}),
              rowOf(*row, tiles.index(0), round.extent));
  }
  return row;
}

/// Steps of k whose codes come at once: of several whole groups, or of a part of one.
LogicalResult ContractLowering::addDecoded(const Round &round, OpFoldResult k, int64_t extent,
                                           const Tile &sums) {
  FailureOr<ElementRows> made =
      weightTiles->make(round.begin, k, extent, [&](const ElementRows &codes, const ElementRows &to) {
        return tiles.pieces(extent, span, [&](OpFoldResult at, int64_t count) {
          OpFoldResult line = weights.lineOf(tiles, at);
          const int64_t lines = weights.lines(count);
          return decode(round, tiles.over(tiles.minus(tiles.plus(k, at), round.firstK), span),
                        codes.block(tiles, line, lines), lines, to.block(tiles, line, lines));
        });
      });
  if (failed(made)) {
    return failure();
  }
  add(round, *made, tiles.index(0), k, extent, sums, false);
  return success();
}

LogicalResult ContractLowering::floatPanel(OpFoldResult begin) {
  Round round{begin, tiles.least(tiles.minus(result.extents[1], begin), tiles.index(weights.width)),
              std::nullopt, std::nullopt, std::nullopt};
  FailureOr<Tile> sums = tiles.make(Space::Acc, {rows, tiles.index(weights.width)}, types.sum);
  if (failed(sums)) {
    return failure();
  }
  for (auto [from, to] : {std::pair(&factors, &round.scales), std::pair(&zeros, &round.zeros)}) {
    FailureOr<Tile> row = *from ? ofPanel(**from, round) : FailureOr<Tile>(Tile());
    if (failed(row)) {
      return failure();
    }
    if (*from) {
      *to = *row;
    }
  }
  FillOp::create(tiles.ops(), tiles.loc(), 0, tiles.all(*sums), 0, DenseI64ArrayAttr(), DenseI64ArrayAttr());
  LogicalResult done =
      tiles.pieces(depth, roundSteps, [&](OpFoldResult first, int64_t count) -> LogicalResult {
        round.firstK = first;
        if (failed(bringParts(round, first, count))) {
          return failure();
        }
        return tiles.pieces(count, std::min(count, most), [&](OpFoldResult at, int64_t extent) {
          return addDecoded(round, tiles.plus(first, at), extent, *sums);
        });
      });
  if (succeeded(done)) {
    tiles.map("copy", tiles.matrix(*sums, 0, 1, rows, round.extent),
              tiles.matrix(result, 0, 1, rows, round.extent, {tiles.index(0), begin}));
  }
  return done;
}
