#include "MatrixUnit.h"

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kBlock = 2 * kTileRows; ///< rows and columns of the result at a time
constexpr int64_t kStripBytes = 1 << 20;  ///< of weights that stay in the second cache
constexpr int64_t kRowsAhead = 4;         ///< of the rows after a block, fetched by each block of columns

} // namespace

MatrixUnitEmitter::MatrixUnitEmitter(quantized::ContractOp op, Type operand, Type sum)
    : op(op), aType(cast<MemRefType>(op.getA().getType())), operand(operand), sum(sum),
      step(kTileColumns * 8 / operand.getIntOrFloatBitWidth()),
      operandTile(amx::TileType::get({kTileRows, step}, operand)),
      sumTile(amx::TileType::get({kTileRows, kTileRows}, sum)) {}

void MatrixUnitEmitter::emit(ImplicitLocOpBuilder &b, ImplicitLocOpBuilder *before) {
  rows = asValue(b, extentOf(b, op.getInit(), 0));
  columns = asValue(b, extentOf(b, op.getInit(), 1));
  auto buffer = [&](ImplicitLocOpBuilder &at, int64_t count, int64_t width, Type element) -> Value {
    return memref::AllocOp::create(at, MemRefType::get({count, width}, element));
  };
  sums = buffer(b, 2 * kBlock, kBlock, sum);
  padded = buffer(b, kBlock, length(), operand);
  const int64_t linesOfPanel = codes().tiles() * linesPerTile();
  // As many columns as the second cache holds beside the rows are kept for all rows.
  int64_t strip = std::max(kStripBytes / (linesOfPanel * kTileColumns) * kLanes / kBlock * kBlock, kBlock);
  if (std::optional<int64_t> extent = getConstantIntValue(columns)) {
    const int64_t all = llvm::alignTo(*extent, kBlock);
    strip = before ? all : std::min(strip, all);
  }
  lines = storedLines(b);
  isStored = static_cast<bool>(lines);
  if (!isStored && before) {
    const int64_t extent = *getConstantIntValue(columns);
    lines = buffer(*before, llvm::divideCeil(extent, kLanes) * linesOfPanel, step, operand);
    emitPanels(*before, constantIndex(*before, 0), constantIndex(*before, extent));
    emitStrip(b, constantIndex(b, 0), columns);
    return;
  }
  if (!isStored) {
    lines = buffer(b, strip / kLanes * linesOfPanel, step, operand);
  }
  forRange(b, constantIndex(b, 0), columns, strip, [&](ImplicitLocOpBuilder &inner, Value column) {
    Value last = arith::MinUIOp::create(inner, columns, addIndex(inner, column, strip));
    if (!isStored) {
      emitPanels(inner, column, last);
    }
    emitStrip(inner, column, last);
  });
}

void MatrixUnitEmitter::forRange(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step,
                                 function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
  emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
    body(inner, iv);
    return SmallVector<Value>();
  });
}

/// Decodes the columns first .. last - 1.
void MatrixUnitEmitter::emitPanels(ImplicitLocOpBuilder &b, Value first, Value last) {
  forRange(b, first, last, kLanes, [&](ImplicitLocOpBuilder &inner, Value column) {
    Value panel = arith::DivUIOp::create(inner, column, constantIndex(inner, kLanes));
    Value line = lineOf(inner, first, column);
    forRange(inner, constantIndex(inner, 0), constantIndex(inner, codes().tiles()), 1,
             [&](ImplicitLocOpBuilder &nested, Value tile) {
               Value distance = arith::MulIOp::create(nested, tile, constantIndex(nested, linesPerTile()));
               emitDecodedTile(nested, panel, tile, arith::AddIOp::create(nested, line, distance));
             });
  });
}

/// All rows of the columns first .. last - 1.
void MatrixUnitEmitter::emitStrip(ImplicitLocOpBuilder &b, Value first, Value last) {
  Value rest = arith::RemUIOp::create(b, rows, constantIndex(b, kBlock));
  Value whole = arith::SubIOp::create(b, rows, rest);
  const bool inPlace = aType.getDimSize(1) == length();
  forRange(b, constantIndex(b, 0), whole, kBlock, [&](ImplicitLocOpBuilder &inner, Value row) {
    if (!inPlace) {
      emitCopy(inner, row, constantIndex(inner, kBlock));
    }
    emitWholeRows(inner,
                  {first, last, inPlace ? op.getA() : padded, inPlace ? row : constantIndex(inner, 0), row});
  });
  Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, constantIndex(b, 0));
  scf::IfOp::create(b, hasRest, [&](OpBuilder &nested, Location loc) {
    ImplicitLocOpBuilder inner(loc, nested);
    emitCopy(inner, whole, rest);
    emitBegunRows(inner, {first, last, padded, constantIndex(inner, 0), whole}, rest);
    scf::YieldOp::create(inner);
  });
}

/// Blocks of 32 columns of 32 rows, each block's result while the sums of the next are made.
void MatrixUnitEmitter::emitWholeRows(ImplicitLocOpBuilder &b, const Rows &of) {
  Value none = constantIndex(b, 0), block = constantIndex(b, kBlock);
  emitBlock(b, of, of.first, none, nullptr);
  forRange(b, addIndex(b, of.first, kBlock), of.last, kBlock, [&](ImplicitLocOpBuilder &inner, Value column) {
    Value line = sumsOf(inner, of, column);
    Value other = arith::SubIOp::create(inner, block, line);
    Result previous = resultAt(inner, of.row, addIndex(inner, column, -kBlock), other);
    emitBlock(inner, of, column, line, &previous);
  });
  Value blocks = arith::DivUIOp::create(b, addIndex(b, arith::SubIOp::create(b, of.last, of.first), -1),
                                        constantIndex(b, kBlock));
  Value column = arith::AddIOp::create(b, of.first, arith::MulIOp::create(b, blocks, block));
  Result last = resultAt(b, of.row, column, sumsOf(b, of, column));
  forRange(b, none, block, 1,
           [&](ImplicitLocOpBuilder &inner, Value line) { emitResultRow(inner, last, line); });
}

/// The first of the rows that the sums of the block at `column` take in their buffer: every other block has
/// the same.
Value MatrixUnitEmitter::sumsOf(ImplicitLocOpBuilder &b, const Rows &of, Value column) {
  Value distance = arith::SubIOp::create(b, column, of.first);
  return arith::AndIOp::create(b, distance, constantIndex(b, kBlock));
}

/// The same of `count` rows, fewer than 32.
void MatrixUnitEmitter::emitBegunRows(ImplicitLocOpBuilder &b, const Rows &of, Value count) {
  Value none = constantIndex(b, 0);
  forRange(b, of.first, of.last, kBlock, [&](ImplicitLocOpBuilder &inner, Value column) {
    emitBlock(inner, of, column, none, nullptr);
    Result result = resultAt(inner, of.row, column, none);
    forRange(inner, none, count, 1,
             [&](ImplicitLocOpBuilder &nested, Value line) { emitResultRow(nested, result, line); });
  });
}

/// Rows row .. row + count - 1 into the padded block. Rows beyond keep what they hold: their sums are not
/// stored. Columns beyond the last are zero.
void MatrixUnitEmitter::emitCopy(ImplicitLocOpBuilder &b, Value row, Value count) {
  forRange(b, constantIndex(b, 0), count, 1, [&](ImplicitLocOpBuilder &inner, Value line) {
    Value from = arith::AddIOp::create(inner, row, line);
    const int64_t extent = aType.getDimSize(1), whole = extent / step * step;
    auto vector = VectorType::get({step}, operand);
    auto zero = cast<TypedAttr>(inner.getZeroAttr(operand));
    forRange(inner, constantIndex(inner, 0), constantIndex(inner, whole), step,
             [&](ImplicitLocOpBuilder &nested, Value k) {
               Value x = vector::LoadOp::create(nested, vector, op.getA(), ValueRange{from, k});
               vector::StoreOp::create(nested, x, padded, ValueRange{line, k});
             });
    for (int64_t k = whole; k < length(); k += step) {
      Value x = constantOf(inner, vector, zero), at = constantIndex(inner, k);
      if (k < extent) {
        Chunk rest;
        rest.lanes = extent - k;
        x = widen(inner, loadChunk(inner, rest, op.getA(), {from, at}), zero, step);
      }
      vector::StoreOp::create(inner, x, padded, ValueRange{line, at});
    }
  });
}

/// The sums of the block at `column` into the buffer of sums, from line `sumLine` on, and the result of the
/// block before, if there is one. Each block fetches four of the rows after its own ahead, a tile's columns a step.
/// Rows that do not exist are fetched by no one: a prefetch of what is not there does nothing.
void MatrixUnitEmitter::emitBlock(ImplicitLocOpBuilder &b, const Rows &of, Value column, Value sumLine,
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
                  Value k = arith::MulIOp::create(inner, tile, constantIndex(inner, step));
                  Value line = arith::MulIOp::create(inner, tile, constantIndex(inner, kTileRows));
                  auto right = [&](Value first) -> Value {
                    Value at = arith::AddIOp::create(inner, first, line);
                    return amx::TileLoadOp::create(inner, operandTile, lines, ValueRange{at, none});
                  };
                  for (int64_t i = 0; i < kRowsAhead; ++i) {
                    memref::PrefetchOp::create(inner, a, ValueRange{addIndex(inner, ahead, i), k},
                                               /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
                  }
                  Value upper = amx::TileLoadOp::create(inner, operandTile, a, ValueRange{row, k});
                  Value left0 = right(firstLines[0]), left1 = right(firstLines[1]);
                  Value c0 = multiply(inner, upper, left0, carried[0]),
                        c1 = multiply(inner, upper, left1, carried[1]);
                  Value lower = amx::TileLoadOp::create(inner, operandTile, a, ValueRange{secondRow, k});
                  Value c2 = multiply(inner, lower, left0, carried[2]),
                        c3 = multiply(inner, lower, left1, carried[3]);
                  return SmallVector<Value>{c0, c1, c2, c3};
                });
  };
  const int64_t all = length() / step;
  int64_t steps = 0;
  if (previous) {
    // As few rows of the result a step as there are steps for.
    const int64_t resultRows =
        std::max<int64_t>(kBlock / static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(all))), 1);
    steps = kBlock / resultRows;
    emitSteps(0, steps, resultRows);
  }
  if (steps < all) {
    emitSteps(steps, all, 0);
  }
  for (auto [index, product] : llvm::enumerate(products)) {
    Value i = addIndex(b, sumLine, static_cast<int64_t>(index / 2) * kTileRows);
    Value j = constantIndex(b, static_cast<int64_t>(index % 2) * kTileRows);
    amx::TileStoreOp::create(b, sums, ValueRange{i, j}, product);
  }
}

/// The result of the block of rows from `row` on and columns from `column` on.
MatrixUnitEmitter::Result MatrixUnitEmitter::resultAt(ImplicitLocOpBuilder &b, Value row, Value column,
                                                      Value sumLine) {
  Result result{row, sumLine, SmallVector<Chunk>(2), {column, addIndex(b, column, kLanes)}, {}};
  const bool isWhole = isMultipleOf(columns, kBlock);
  for (auto [chunk, start] : llvm::zip_equal(result.chunks, result.starts)) {
    if (!isWhole) {
      Value rest = arith::SubIOp::create(b, columns, start);
      rest = arith::MaxSIOp::create(b, rest, constantIndex(b, 0));
      chunk.mask = vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
    }
    result.scales.push_back(columnScales(b, chunk, start));
  }
  return result;
}

/// The first line of the panel at `column`; a strip that is decoded starts at column `first`.
Value MatrixUnitEmitter::lineOf(ImplicitLocOpBuilder &b, Value first, Value column) {
  if (isStored) {
    return storedLineOf(b, arith::DivUIOp::create(b, column, constantIndex(b, kLanes)));
  }
  Value panel = arith::DivUIOp::create(b, arith::SubIOp::create(b, column, first), constantIndex(b, kLanes));
  return arith::MulIOp::create(b, panel, constantIndex(b, codes().tiles() * linesPerTile()));
}

int64_t MatrixUnitEmitter::groupsPerTile() const {
  const int64_t group = codes().groupColumns();
  return group < kTileColumns && group < codes().columns() ? kTileColumns / group : 1;
}

Value MatrixUnitEmitter::groupOf(ImplicitLocOpBuilder &b, Value tile, Value part, int64_t perTile) const {
  if (codes().groups() == 1) {
    return constantIndex(b, 0);
  }
  if (perTile > 1) {
    Value g = arith::AddIOp::create(b, arith::MulIOp::create(b, tile, constantIndex(b, perTile)), part);
    return arith::MinUIOp::create(b, g, constantIndex(b, codes().groups() - 1));
  }
  return arith::DivUIOp::create(b, tile, constantIndex(b, codes().groupColumns() / kTileColumns));
}

/// Row `line` of a block.
void MatrixUnitEmitter::emitResultRow(ImplicitLocOpBuilder &b, const Result &result, Value line) {
  Value at = arith::AddIOp::create(b, result.row, line);
  Value sumLine = arith::AddIOp::create(b, result.sumLine, line);
  auto type = VectorType::get({kLanes}, sum);
  for (int64_t p = 0; p < 2; ++p) {
    Value numbers = vector::LoadOp::create(b, type, sums, ValueRange{sumLine, constantIndex(b, p * kLanes)});
    storeChunk(b, result.chunks[p], resultOf(b, numbers, result.scales[p], at), op.getInit(),
               {at, result.starts[p]});
  }
}

/// Moves what `value` is made of out of `loop`, if that is possible.
static bool moveOut(Value value, scf::ForOp loop) {
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
  bool areMoved = llvm::all_of(op.getInputs().drop_front(op.getFirstWeightOperand()),
                               [&](Value operand) { return moveOut(operand, loop); });
  return areMoved ? loop : scf::ForOp();
}

} // namespace coopt
