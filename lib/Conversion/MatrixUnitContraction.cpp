//===- MatrixUnitContraction.cpp - Coded contractions on AMX ----------------===//
//
// A block of 32 rows and 32 columns of the result lives in four tile registers while all columns of the
// operands pass by, 64 at a time. Weights are the right operand: a tile of packed codes of 8 bits is one of the
// unit's as it stands; others are decoded once for a strip of columns, into a buffer that all rows then read.
// Rows are read where they stand; a last block of fewer than 32, or rows that are no whole number of tiles, are
// copied and filled up. A block's sums become the result while the unit makes those of the next. Everything is
// exact up to the scales, so the bits are those of the other lowerings.
//
//===----------------------------------------------------------------------===//
#include "CodeContraction.h"
#include "CodeWeights.h"
#include "RegisterTiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kTileRows = 16;
constexpr int64_t kBlock = 2 * kTileRows; ///< rows and columns of the result at a time
constexpr int64_t kStripBytes = 1 << 20;  ///< of weights that stay in the second cache
constexpr int64_t kRowsAhead = 4;         ///< of the rows after a block, fetched by each block of columns

class Emitter {
public:
  Emitter(ImplicitLocOpBuilder &b, quantized::ContractOp op, CodeWeights weights)
      : op(op), weights(weights), aType(cast<MemRefType>(op.getA().getType())),
        operandTile(amx::TileType::get({kTileRows, kTileColumns}, b.getI8Type())),
        sumTile(amx::TileType::get({kTileRows, kTileRows}, b.getI32Type())) {}

  /// `before`: where weights that all rows of a loop around the op share are decoded; null if there is no such
  /// loop.
  void emit(ImplicitLocOpBuilder &b, ImplicitLocOpBuilder *before) {
    rows = asValue(b, extentOf(b, op.getInit(), 0));
    columns = asValue(b, extentOf(b, op.getInit(), 1));
    sums = memref::AllocOp::create(b, MemRefType::get({2 * kBlock, kBlock}, b.getI32Type()));
    padded = memref::AllocOp::create(b, MemRefType::get({kBlock, length()}, b.getI8Type()));
    // As many columns as the second cache holds beside the rows are kept for all rows.
    int64_t strip = std::max(kStripBytes / length() / kBlock * kBlock, kBlock);
    if (std::optional<int64_t> extent = getConstantIntValue(columns)) {
      const int64_t all = llvm::alignTo(*extent, kBlock);
      strip = before ? all : std::min(strip, all);
    }
    if (needsDecoding() && before) {
      const int64_t extent = *getConstantIntValue(columns);
      const int64_t lines = llvm::divideCeil(extent, kLanes) * weights.tiles() * kTileRows;
      tiles = memref::AllocOp::create(*before, MemRefType::get({lines, kTileColumns}, b.getI8Type()));
      emitPanels(*before, constantIndex(*before, 0), constantIndex(*before, extent));
      emitStrip(b, constantIndex(b, 0), columns);
      return;
    }
    if (needsDecoding()) {
      const int64_t lines = strip / kLanes * weights.tiles() * kTileRows;
      tiles = memref::AllocOp::create(b, MemRefType::get({lines, kTileColumns}, b.getI8Type()));
    } else {
      auto storage = cast<MemRefType>(weights.codes().storage.getType());
      SmallVector<int64_t> shape = {storage.getDimSize(0) / kTileColumns, kTileColumns};
      SmallVector<ReassociationIndices> split = {{0, 1}};
      FailureOr<MemRefType> type = memref::ExpandShapeOp::computeExpandedType(storage, shape, split);
      tiles = memref::ExpandShapeOp::create(b, *type, weights.codes().storage, split);
    }
    forRange(b, constantIndex(b, 0), columns, strip, [&](ImplicitLocOpBuilder &inner, Value column) {
      Value last = arith::MinUIOp::create(inner, columns, addIndex(inner, column, strip));
      if (needsDecoding()) {
        emitPanels(inner, column, last);
      }
      emitStrip(inner, column, last);
    });
  }

private:
  quantized::ContractOp op;
  CodeWeights weights;
  MemRefType aType;
  amx::TileType operandTile, sumTile;
  Value rows, columns, sums, padded;
  /// Lines of 64 bytes, 16 to a tile: decoded codes, or the storage itself.
  Value tiles;

  int64_t length() const { return weights.tiles() * kTileColumns; }
  /// Codes of 8 bits that are signed numbers are what the unit multiplies.
  bool needsDecoding() const { return weights.scheme().getBits() != 8; }

  static void forRange(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step,
                       function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
    emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
      body(inner, iv);
      return SmallVector<Value>();
    });
  }

  /// Decodes the columns first .. last - 1.
  void emitPanels(ImplicitLocOpBuilder &b, Value first, Value last) {
    forRange(b, first, last, kLanes, [&](ImplicitLocOpBuilder &inner, Value column) {
      Value panel = arith::DivUIOp::create(inner, column, constantIndex(inner, kLanes));
      emitDecoding(inner, panel, lineOf(inner, first, column));
    });
  }

  /// All rows of the columns first .. last - 1.
  void emitStrip(ImplicitLocOpBuilder &b, Value first, Value last) {
    Value rest = arith::RemUIOp::create(b, rows, constantIndex(b, kBlock));
    Value whole = arith::SubIOp::create(b, rows, rest);
    const bool inPlace = aType.getDimSize(1) == length();
    forRange(b, constantIndex(b, 0), whole, kBlock, [&](ImplicitLocOpBuilder &inner, Value row) {
      if (!inPlace) {
        emitCopy(inner, row, constantIndex(inner, kBlock));
      }
      emitWholeRows(
          inner, {first, last, inPlace ? op.getA() : padded, inPlace ? row : constantIndex(inner, 0), row});
    });
    Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, constantIndex(b, 0));
    scf::IfOp::create(b, hasRest, [&](OpBuilder &nested, Location loc) {
      ImplicitLocOpBuilder inner(loc, nested);
      emitCopy(inner, whole, rest);
      emitBegunRows(inner, {first, last, padded, constantIndex(inner, 0), whole}, rest);
      scf::YieldOp::create(inner);
    });
  }

  /// Rows of a strip of columns, first .. last - 1: those of the result from `row` on are made of those that
  /// stand in `a` from `aRow` on.
  struct Rows {
    Value first, last, a, aRow, row;
  };

  /// Blocks of 32 columns of 32 rows, each block's result while the sums of the next are made.
  void emitWholeRows(ImplicitLocOpBuilder &b, const Rows &of) {
    Value none = constantIndex(b, 0), block = constantIndex(b, kBlock);
    emitBlock(b, of, of.first, none, nullptr);
    forRange(b, addIndex(b, of.first, kBlock), of.last, kBlock,
             [&](ImplicitLocOpBuilder &inner, Value column) {
               Value line = sumsOf(inner, of, column);
               Value other = arith::SubIOp::create(inner, block, line);
               Result previous = resultOf(inner, of.row, addIndex(inner, column, -kBlock), other);
               emitBlock(inner, of, column, line, &previous);
             });
    Value blocks = arith::DivUIOp::create(b, addIndex(b, arith::SubIOp::create(b, of.last, of.first), -1),
                                          constantIndex(b, kBlock));
    Value column = arith::AddIOp::create(b, of.first, arith::MulIOp::create(b, blocks, block));
    Result last = resultOf(b, of.row, column, sumsOf(b, of, column));
    forRange(b, none, block, 1,
             [&](ImplicitLocOpBuilder &inner, Value line) { emitResultRow(inner, last, line); });
  }

  /// The first of the rows that the sums of the block at `column` take in their buffer: every other block has
  /// the same.
  Value sumsOf(ImplicitLocOpBuilder &b, const Rows &of, Value column) {
    Value distance = arith::SubIOp::create(b, column, of.first);
    return arith::AndIOp::create(b, distance, constantIndex(b, kBlock));
  }

  /// The same of `count` rows, fewer than 32.
  void emitBegunRows(ImplicitLocOpBuilder &b, const Rows &of, Value count) {
    Value none = constantIndex(b, 0);
    forRange(b, of.first, of.last, kBlock, [&](ImplicitLocOpBuilder &inner, Value column) {
      emitBlock(inner, of, column, none, nullptr);
      Result result = resultOf(inner, of.row, column, none);
      forRange(inner, none, count, 1,
               [&](ImplicitLocOpBuilder &nested, Value line) { emitResultRow(nested, result, line); });
    });
  }

  /// The first line of the panel at `column` in `tiles`, in which the strip starts at column `first`.
  Value lineOf(ImplicitLocOpBuilder &b, Value first, Value column) {
    if (needsDecoding()) {
      Value panel =
          arith::DivUIOp::create(b, arith::SubIOp::create(b, column, first), constantIndex(b, kLanes));
      return arith::MulIOp::create(b, panel, constantIndex(b, weights.tiles() * kTileRows));
    }
    Value panel = arith::DivUIOp::create(b, column, constantIndex(b, kLanes));
    Value offset = weights.tileOffset(b, panel, constantIndex(b, 0));
    return arith::DivUIOp::create(b, offset, constantIndex(b, kTileColumns));
  }

  /// Rows row .. row + count - 1 into the padded block. Rows beyond keep what they hold: their sums are not
  /// stored. Columns beyond the last are zero.
  void emitCopy(ImplicitLocOpBuilder &b, Value row, Value count) {
    forRange(b, constantIndex(b, 0), count, 1, [&](ImplicitLocOpBuilder &inner, Value line) {
      Value from = arith::AddIOp::create(inner, row, line);
      const int64_t step = kTileColumns, extent = aType.getDimSize(1), whole = extent / step * step;
      auto bytes = VectorType::get({step}, inner.getI8Type());
      forRange(inner, constantIndex(inner, 0), constantIndex(inner, whole), step,
               [&](ImplicitLocOpBuilder &nested, Value k) {
                 Value x = vector::LoadOp::create(nested, bytes, op.getA(), ValueRange{from, k});
                 vector::StoreOp::create(nested, x, padded, ValueRange{line, k});
               });
      if (whole < extent) {
        Chunk rest;
        rest.lanes = extent - whole;
        Value at = constantIndex(inner, whole);
        Value x =
            widen(inner, loadChunk(inner, rest, op.getA(), {from, at}), inner.getI8IntegerAttr(0), step);
        vector::StoreOp::create(inner, x, padded, ValueRange{line, at});
      }
    });
  }

  /// The signed bytes of a panel, tile after tile, from line `first` of the buffer.
  void emitDecoding(ImplicitLocOpBuilder &b, Value panel, Value first) {
    const int64_t group = weights.groupColumns();
    forRange(b, constantIndex(b, 0), constantIndex(b, weights.tiles()), 1,
             [&](ImplicitLocOpBuilder &inner, Value tile) {
               TileCodes codes(inner, weights.codes(), weights.tileOffset(inner, panel, tile));
               Value line = arith::AddIOp::create(
                   inner, first, arith::MulIOp::create(inner, tile, constantIndex(inner, kTileRows)));
               const int64_t perGroup =
                   group < kTileColumns && group < weights.columns() ? group / kQuad : kQuadsPerTile;
               const int64_t perTile = kQuadsPerTile / perGroup;
               for (int64_t part = 0; part < perTile; ++part) {
                 Value g = groupOf(inner, tile, part, perTile);
                 GroupValues values = groupValues(inner, panel, g);
                 for (int64_t q = part * perGroup; q < (part + 1) * perGroup; ++q) {
                   Value bytes = signedBytes(inner, weights.unsignedQuad(inner, codes.quad(q)), values);
                   vector::StoreOp::create(inner, bytes, tiles,
                                           ValueRange{addIndex(inner, line, q), constantIndex(inner, 0)});
                 }
               }
             });
  }

  struct GroupValues {
    Value zeros;  ///< bytes, scaled if there are scales
    Value scales; ///< words of 16 bits, or null
  };

  Value groupOf(ImplicitLocOpBuilder &b, Value tile, int64_t part, int64_t perTile) {
    const int64_t group = weights.groupColumns();
    if (weights.groups() == 1) {
      return constantIndex(b, 0);
    }
    if (perTile > 1) {
      // A begun tile may hold fewer groups than a whole one.
      Value g = addIndex(b, arith::MulIOp::create(b, tile, constantIndex(b, perTile)), part);
      return arith::MinUIOp::create(b, g, constantIndex(b, weights.groups() - 1));
    }
    return arith::DivUIOp::create(b, tile, constantIndex(b, group / kTileColumns));
  }

  GroupValues groupValues(ImplicitLocOpBuilder &b, Value panel, Value g) {
    Value zeros = weights.zeros(b, panel, g);
    if (!weights.scheme().isTwoLevel()) {
      return {repeatInQuad(b, zeros), nullptr};
    }
    Value scales = weights.groupScales(b, panel, g);
    Value both = constantOf(b, scales.getType(), b.getI32IntegerAttr(0x00010001));
    Value words = vector::BitCastOp::create(b, VectorType::get({2 * kLanes}, b.getI16Type()),
                                            arith::MulIOp::create(b, scales, both));
    return {repeatInQuad(b, arith::MulIOp::create(b, zeros, scales)), words};
  }

  /// (code - zero) * scale in bytes. Codes of 4 bits times scales to 16 stay below 256: two of them are
  /// multiplied as one word.
  Value signedBytes(ImplicitLocOpBuilder &b, Value quad, const GroupValues &values) {
    if (values.scales) {
      Value words = vector::BitCastOp::create(b, values.scales.getType(), quad);
      Value scaled = arith::MulIOp::create(b, words, values.scales);
      quad = vector::BitCastOp::create(b, quad.getType(), scaled);
    }
    return arith::SubIOp::create(b, quad, values.zeros);
  }

  /// What becomes of a block's sums, which stand in their buffer from `sumLine` on.
  struct Result {
    Value row, sumLine;
    SmallVector<Chunk> chunks;
    SmallVector<Value> starts, scales;
  };

  /// The sums of the block at `column` into the buffer of sums, from line `sumLine` on, and the result of the
  /// block before, if there is one. Each block fetches four of the rows after its own ahead, 64 columns a step.
  /// Rows that do not exist are fetched by no one: a prefetch of what is not there does nothing.
  void emitBlock(ImplicitLocOpBuilder &b, const Rows &of, Value column, Value sumLine,
                 const Result *previous) {
    // Where the second panel does not exist, the first stands for it, and nothing of it is stored.
    Value lastPanel = arith::DivUIOp::create(b, addIndex(b, of.last, -1), constantIndex(b, kLanes));
    Value second = arith::MinUIOp::create(b, addIndex(b, column, kLanes),
                                          arith::MulIOp::create(b, lastPanel, constantIndex(b, kLanes)));
    SmallVector<Value> firstLines = {lineOf(b, of.first, column), lineOf(b, of.first, second)};
    Value number =
        arith::DivUIOp::create(b, arith::SubIOp::create(b, column, of.first), constantIndex(b, kBlock));
    Value a = of.a, row = of.aRow;
    Value part = arith::RemUIOp::create(b, number, constantIndex(b, kBlock / kRowsAhead));
    Value ahead = arith::AddIOp::create(b, addIndex(b, row, kBlock),
                                        arith::MulIOp::create(b, part, constantIndex(b, kRowsAhead)));
    SmallVector<Value> products;
    for (int64_t i = 0; i < 4; ++i) {
      products.push_back(amx::TileZeroOp::create(b, sumTile));
    }
    Value secondRow = addIndex(b, row, kTileRows), none = constantIndex(b, 0);
    auto emitSteps = [&](int64_t from, int64_t to, int64_t resultRows) {
      products =
          emitFor(b, constantIndex(b, from), constantIndex(b, to), 1, products,
                  [&](ImplicitLocOpBuilder &inner, Value tile, ValueRange carried) {
                    for (int64_t i = 0; i < resultRows; ++i) {
                      Value line = arith::MulIOp::create(inner, tile, constantIndex(inner, resultRows));
                      emitResultRow(inner, *previous, addIndex(inner, line, i));
                    }
                    Value k = arith::MulIOp::create(inner, tile, constantIndex(inner, kTileColumns));
                    Value line = arith::MulIOp::create(inner, tile, constantIndex(inner, kTileRows));
                    auto right = [&](Value first) -> Value {
                      Value at = arith::AddIOp::create(inner, first, line);
                      return amx::TileLoadOp::create(inner, operandTile, tiles, ValueRange{at, none});
                    };
                    auto multiply = [&](Value x, Value y, Value sum) -> Value {
                      return amx::TileMulIOp::create(inner, sumTile, x, y, sum, /*isZextLhs=*/false,
                                                     /*isZextRhs=*/false);
                    };
                    for (int64_t i = 0; i < kRowsAhead; ++i) {
                      memref::PrefetchOp::create(inner, a, ValueRange{addIndex(inner, ahead, i), k},
                                                 /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
                    }
                    Value upper = amx::TileLoadOp::create(inner, operandTile, a, ValueRange{row, k});
                    Value left0 = right(firstLines[0]), left1 = right(firstLines[1]);
                    Value c0 = multiply(upper, left0, carried[0]), c1 = multiply(upper, left1, carried[1]);
                    Value lower = amx::TileLoadOp::create(inner, operandTile, a, ValueRange{secondRow, k});
                    Value c2 = multiply(lower, left0, carried[2]), c3 = multiply(lower, left1, carried[3]);
                    return SmallVector<Value>{c0, c1, c2, c3};
                  });
    };
    int64_t steps = 0;
    if (previous) {
      // As few rows of the result a step as there are steps for.
      const int64_t resultRows = std::max<int64_t>(
          kBlock / static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(weights.tiles()))), 1);
      steps = kBlock / resultRows;
      emitSteps(0, steps, resultRows);
    }
    if (steps < weights.tiles()) {
      emitSteps(steps, weights.tiles(), 0);
    }
    for (auto [index, product] : llvm::enumerate(products)) {
      Value i = addIndex(b, sumLine, static_cast<int64_t>(index / 2) * kTileRows);
      Value j = constantIndex(b, static_cast<int64_t>(index % 2) * kTileRows);
      amx::TileStoreOp::create(b, sums, ValueRange{i, j}, product);
    }
  }

  /// The result of the block of rows from `row` on and columns from `column` on.
  Result resultOf(ImplicitLocOpBuilder &b, Value row, Value column, Value sumLine) {
    Result result{row, sumLine, SmallVector<Chunk>(2), {column, addIndex(b, column, kLanes)}, {}};
    const bool isWhole = isMultipleOf(columns, kBlock);
    for (auto [chunk, start] : llvm::zip_equal(result.chunks, result.starts)) {
      if (!isWhole) {
        Value rest = arith::SubIOp::create(b, columns, start);
        rest = arith::MaxSIOp::create(b, rest, constantIndex(b, 0));
        chunk.mask = vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
      }
      result.scales.push_back(weights.rowScales(b, chunk, start));
    }
    return result;
  }

  /// (f32(sum) * sw[n]) * sa[m] of row `line` of the block.
  void emitResultRow(ImplicitLocOpBuilder &b, const Result &result, Value line) {
    auto floats = VectorType::get({kLanes}, b.getF32Type());
    auto integers = VectorType::get({kLanes}, b.getI32Type());
    Value at = arith::AddIOp::create(b, result.row, line);
    Value sumLine = arith::AddIOp::create(b, result.sumLine, line);
    Value scale = memref::LoadOp::create(b, op.getAScales(), at);
    Value all = vector::BroadcastOp::create(b, floats, scale);
    for (int64_t p = 0; p < 2; ++p) {
      Value sum =
          vector::LoadOp::create(b, integers, sums, ValueRange{sumLine, constantIndex(b, p * kLanes)});
      Value y = arith::MulFOp::create(b, arith::SIToFPOp::create(b, floats, sum), result.scales[p]);
      storeChunk(b, result.chunks[p], arith::MulFOp::create(b, y, all), op.getInit(), {at, result.starts[p]});
    }
  }
};

/// Moves what `value` is made of out of `loop`, if that is possible.
bool moveOut(Value value, scf::ForOp loop) {
  if (!value || loop.isDefinedOutsideOfLoop(value)) {
    return true;
  }
  Operation *def = value.getDefiningOp();
  bool canMove = def && def->getBlock() == loop.getBody() && def->getNumRegions() == 0 && isPure(def) &&
                 llvm::all_of(def->getOperands(), [&](Value operand) { return moveOut(operand, loop); });
  if (canMove) {
    def->moveBefore(loop);
  }
  return canMove;
}

/// The loop over rows around `op`, if the weights that it reads are the same in each round and known in size.
scf::ForOp loopAroundRows(quantized::ContractOp op) {
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (!loop || cast<MemRefType>(op.getInit().getType()).isDynamicDim(1)) {
    return nullptr;
  }
  bool areMoved =
      llvm::all_of(ValueRange{op.getW(), op.getWScales()}, [&](Value v) { return moveOut(v, loop); }) &&
      moveOut(op.getWZeros(), loop) && moveOut(op.getWOuterScales(), loop);
  return areMoved ? loop : scf::ForOp();
}

} // namespace

LogicalResult lowerMatrixUnitContraction(OpBuilder &builder, quantized::ContractOp op) {
  auto a = dyn_cast<MemRefType>(op.getA().getType());
  auto init = dyn_cast<MemRefType>(op.getInit().getType());
  // One row has nothing to share the decoded weights with.
  if (!a || !init || init.getDimSize(0) == 1 || op.getScaleAt() != quantized::ScaleAt::Output ||
      op.getAZeros() || !a.getElementType().isInteger(8) || !hasUnitInnerStride(op.getA()) ||
      !hasUnitInnerStride(op.getInit()) ||
      !cast<MemRefType>(op.getAScales().getType()).getElementType().isF32()) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder), before(op.getLoc(), builder);
  scf::ForOp loop = loopAroundRows(op);
  if (loop) {
    before.setInsertionPoint(loop);
  }
  FailureOr<CodeWeights> weights = CodeWeights::match(loop ? before : b, op);
  if (failed(weights) || !weights->hasByteDifferences() ||
      (weights->scheme().isTwoLevel() && weights->scheme().getBits() > 4)) {
    return failure();
  }
  Emitter(b, op, *weights).emit(b, loop ? &before : nullptr);
  return success();
}

} // namespace coopt
