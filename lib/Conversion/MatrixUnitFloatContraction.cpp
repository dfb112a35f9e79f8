//===- MatrixUnitFloatContraction.cpp - Decoded contractions on AMX ---------===//
//
// Activations in bf16 times weights that are decoded to bf16 once for a strip of columns: what
// MatrixUnitContraction.cpp does for bytes, with 32 columns of the operands a step and sums in f32. Bounded.
//
//===----------------------------------------------------------------------===//
#include "CodeContraction.h"
#include "RegisterTiles.h"
#include "WeightNumbers.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kTileRows = 16;
constexpr int64_t kStep = 32;             ///< columns of the operands a tile holds
constexpr int64_t kBlock = 2 * kTileRows; ///< rows and columns of the result at a time
constexpr int64_t kStripBytes = 1 << 20;  ///< of weights that stay in the second cache

class Emitter {
public:
  Emitter(ImplicitLocOpBuilder &b, quantized::ContractOp op, WeightNumbers numbers)
      : op(op), numbers(std::move(numbers)), aType(cast<MemRefType>(op.getA().getType())),
        operandTile(amx::TileType::get({kTileRows, kStep}, b.getBF16Type())),
        sumTile(amx::TileType::get({kTileRows, kTileRows}, b.getF32Type())) {}

  void emit(ImplicitLocOpBuilder &b) {
    rows = asValue(b, extentOf(b, op.getInit(), 0));
    columns = asValue(b, extentOf(b, op.getInit(), 1));
    int64_t strip = std::max(kStripBytes / (2 * length()) / kBlock * kBlock, kBlock);
    if (std::optional<int64_t> extent = getConstantIntValue(columns)) {
      strip = std::min<int64_t>(strip, llvm::alignTo(*extent, kBlock));
    }
    auto buffer = [&](int64_t lines, int64_t width, Type element) -> Value {
      return memref::AllocOp::create(b, MemRefType::get({lines, width}, element));
    };
    sums = buffer(kBlock, kBlock, b.getF32Type());
    padded = buffer(kBlock, length(), b.getBF16Type());
    tiles = buffer(strip / kLanes * linesOfPanel(), kStep, b.getBF16Type());
    forRange(b, constantIndex(b, 0), columns, strip, [&](ImplicitLocOpBuilder &inner, Value column) {
      Value last = arith::MinUIOp::create(inner, columns, addIndex(inner, column, strip));
      emitStrip(inner, column, last);
    });
  }

private:
  quantized::ContractOp op;
  WeightNumbers numbers;
  MemRefType aType;
  amx::TileType operandTile, sumTile;
  Value rows, columns, sums, padded;
  Value tiles; ///< lines of 16 pairs of weights: two columns of 16 outputs

  int64_t length() const { return numbers.codes().tiles() * kTileColumns; }
  int64_t linesOfPanel() const { return length() / 2; }

  static void forRange(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step,
                       function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
    emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
      body(inner, iv);
      return SmallVector<Value>();
    });
  }

  /// All rows of the columns first .. last - 1.
  void emitStrip(ImplicitLocOpBuilder &b, Value first, Value last) {
    forRange(b, first, last, kLanes, [&](ImplicitLocOpBuilder &inner, Value column) {
      Value panel = arith::DivUIOp::create(inner, column, constantIndex(inner, kLanes));
      emitDecoding(inner, panel, lineOf(inner, first, column));
    });
    Value rest = arith::RemUIOp::create(b, rows, constantIndex(b, kBlock));
    Value whole = arith::SubIOp::create(b, rows, rest);
    const bool inPlace = aType.getDimSize(1) == length();
    forRange(b, constantIndex(b, 0), whole, kBlock, [&](ImplicitLocOpBuilder &inner, Value row) {
      Value count = constantIndex(inner, kBlock);
      if (!inPlace) {
        emitCopy(inner, row, count);
      }
      emitRows(inner, first, last, inPlace ? op.getA() : padded, inPlace ? row : constantIndex(inner, 0), row,
               count);
    });
    Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, constantIndex(b, 0));
    scf::IfOp::create(b, hasRest, [&](OpBuilder &nested, Location loc) {
      ImplicitLocOpBuilder inner(loc, nested);
      emitCopy(inner, whole, rest);
      emitRows(inner, first, last, padded, constantIndex(inner, 0), whole, rest);
      scf::YieldOp::create(inner);
    });
  }

  /// The first line of the panel at `column` in a strip that starts at column `first`.
  Value lineOf(ImplicitLocOpBuilder &b, Value first, Value column) {
    Value panel =
        arith::DivUIOp::create(b, arith::SubIOp::create(b, column, first), constantIndex(b, kLanes));
    return arith::MulIOp::create(b, panel, constantIndex(b, linesOfPanel()));
  }

  /// `count` rows from `row` on, which stand in `a` from `aRow` on, of a strip of columns.
  void emitRows(ImplicitLocOpBuilder &b, Value first, Value last, Value a, Value aRow, Value row,
                Value count) {
    Value lastPanel = arith::DivUIOp::create(b, addIndex(b, last, -1), constantIndex(b, kLanes));
    Value lastColumn = arith::MulIOp::create(b, lastPanel, constantIndex(b, kLanes));
    forRange(b, first, last, kBlock, [&](ImplicitLocOpBuilder &inner, Value column) {
      // Where the second panel does not exist, the first stands for it, and nothing of it is stored.
      Value second = arith::MinUIOp::create(inner, addIndex(inner, column, kLanes), lastColumn);
      emitBlock(inner, a, aRow, {lineOf(inner, first, column), lineOf(inner, first, second)});
      emitResult(inner, row, count, column);
    });
  }

  /// Rows row .. row + count - 1 into the padded block. Rows beyond keep what they hold: their sums are not stored.
  /// Columns beyond the last are zero.
  void emitCopy(ImplicitLocOpBuilder &b, Value row, Value count) {
    forRange(b, constantIndex(b, 0), count, 1, [&](ImplicitLocOpBuilder &inner, Value line) {
      Value from = arith::AddIOp::create(inner, row, line);
      const int64_t extent = aType.getDimSize(1), whole = extent / kStep * kStep;
      auto vector = VectorType::get({kStep}, inner.getBF16Type());
      forRange(inner, constantIndex(inner, 0), constantIndex(inner, whole), kStep,
               [&](ImplicitLocOpBuilder &nested, Value k) {
                 Value x = vector::LoadOp::create(nested, vector, op.getA(), ValueRange{from, k});
                 vector::StoreOp::create(nested, x, padded, ValueRange{line, k});
               });
      for (int64_t k = whole; k < length(); k += kStep) {
        Value x = constantOf(inner, vector, inner.getZeroAttr(inner.getBF16Type()));
        if (k < extent) {
          Chunk rest;
          rest.lanes = extent - k;
          x = widen(inner, loadChunk(inner, rest, op.getA(), {from, constantIndex(inner, k)}),
                    inner.getZeroAttr(inner.getBF16Type()), kStep);
        }
        vector::StoreOp::create(inner, x, padded, ValueRange{line, constantIndex(inner, k)});
      }
    });
  }

  /// The elements of a panel in bf16, from line `first` of the buffer: line i holds columns 2 i and 2 i + 1, those of an
  /// output side by side.
  void emitDecoding(ImplicitLocOpBuilder &b, Value panel, Value first) {
    const int64_t group = numbers.codes().groupColumns();
    const bool isSplit = group < kTileColumns && group < numbers.codes().columns();
    const int64_t quads = isSplit ? group / kQuad : kQuadsPerTile, perTile = kQuadsPerTile / quads;
    forRange(b, constantIndex(b, 0), constantIndex(b, numbers.codes().tiles()), 1,
             [&](ImplicitLocOpBuilder &inner, Value tile) {
               forRange(inner, constantIndex(inner, 0), constantIndex(inner, perTile), 1,
                        [&](ImplicitLocOpBuilder &part, Value number) {
                          Value g = groupOf(part, tile, number, perTile);
                          WeightNumbers::Group common = numbers.group(part, panel, g);
                          Value start = arith::MulIOp::create(part, number, constantIndex(part, quads));
                          forRange(part, start, addIndex(part, start, quads), 1,
                                   [&](ImplicitLocOpBuilder &nested, Value q) {
                                     emitQuad(nested, panel, tile, q, g, common, first);
                                   });
                        });
             });
  }

  /// The group of a part of a tile. Behind the last group of a begun tile there are zeros: any group will do.
  Value groupOf(ImplicitLocOpBuilder &b, Value tile, Value part, int64_t perTile) {
    const CodeWeights &codes = numbers.codes();
    if (codes.groups() == 1) {
      return constantIndex(b, 0);
    }
    if (perTile > 1) {
      Value g = arith::AddIOp::create(b, arith::MulIOp::create(b, tile, constantIndex(b, perTile)), part);
      return arith::MinUIOp::create(b, g, constantIndex(b, codes.groups() - 1));
    }
    return arith::DivUIOp::create(b, tile, constantIndex(b, codes.groupColumns() / kTileColumns));
  }

  void emitQuad(ImplicitLocOpBuilder &b, Value panel, Value tile, Value q, Value g,
                const WeightNumbers::Group &common, Value first) {
    auto halves = VectorType::get({kLanes}, b.getBF16Type());
    TileCodes codes(b, numbers.codes().codes(), numbers.codes().tileOffset(b, panel, tile));
    Value lanes = numbers.lanes(b, codes.quadAt(q), common);
    Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1.0f));
    SmallVector<Value> elements;
    for (int64_t j = 0; j < kQuad; ++j) {
      Value x = numbers.scaled(b, panel, g, numbers.column(b, lanes, j, common), one);
      elements.push_back(arith::TruncFOp::create(b, halves, x));
    }
    Value line = arith::MulIOp::create(b, tile, constantIndex(b, kTileColumns / 2));
    line = arith::AddIOp::create(b, line, arith::MulIOp::create(b, q, constantIndex(b, 2)));
    line = arith::AddIOp::create(b, line, first);
    for (int64_t pair = 0; pair < 2; ++pair) {
      Value both = vector::InterleaveOp::create(b, elements[2 * pair], elements[2 * pair + 1]);
      vector::StoreOp::create(b, both, tiles, ValueRange{addIndex(b, line, pair), constantIndex(b, 0)});
    }
  }

  /// The sums of a block of rows, from `row` of `a` on, into the buffer of sums.
  void emitBlock(ImplicitLocOpBuilder &b, Value a, Value row, ArrayRef<Value> firstLines) {
    SmallVector<Value> inits(4);
    for (Value &init : inits) {
      init = amx::TileZeroOp::create(b, sumTile);
    }
    Value secondRow = addIndex(b, row, kTileRows), none = constantIndex(b, 0);
    SmallVector<Value> products =
        emitFor(b, none, constantIndex(b, length() / kStep), 1, inits,
                [&](ImplicitLocOpBuilder &inner, Value step, ValueRange carried) {
                  Value k = arith::MulIOp::create(inner, step, constantIndex(inner, kStep));
                  Value line = arith::MulIOp::create(inner, step, constantIndex(inner, kTileRows));
                  auto right = [&](Value first) -> Value {
                    Value at = arith::AddIOp::create(inner, first, line);
                    return amx::TileLoadOp::create(inner, operandTile, tiles, ValueRange{at, none});
                  };
                  auto multiply = [&](Value x, Value y, Value sum) -> Value {
                    return amx::TileMulFOp::create(inner, sumTile, x, y, sum);
                  };
                  Value upper = amx::TileLoadOp::create(inner, operandTile, a, ValueRange{row, k});
                  Value left0 = right(firstLines[0]), left1 = right(firstLines[1]);
                  Value c0 = multiply(upper, left0, carried[0]), c1 = multiply(upper, left1, carried[1]);
                  Value lower = amx::TileLoadOp::create(inner, operandTile, a, ValueRange{secondRow, k});
                  Value c2 = multiply(lower, left0, carried[2]), c3 = multiply(lower, left1, carried[3]);
                  return SmallVector<Value>{c0, c1, c2, c3};
                });
    for (auto [index, product] : llvm::enumerate(products)) {
      Value i = constantIndex(b, static_cast<int64_t>(index / 2) * kTileRows);
      Value j = constantIndex(b, static_cast<int64_t>(index % 2) * kTileRows);
      amx::TileStoreOp::create(b, sums, ValueRange{i, j}, product);
    }
  }

  /// The sums of `count` rows, times what scales belong to rows of weights.
  void emitResult(ImplicitLocOpBuilder &b, Value row, Value count, Value column) {
    auto floats = VectorType::get({kLanes}, b.getF32Type());
    SmallVector<Chunk> chunks(2);
    SmallVector<Value> starts = {column, addIndex(b, column, kLanes)}, scales;
    const bool isWhole = isMultipleOf(columns, kBlock);
    for (auto [chunk, start] : llvm::zip_equal(chunks, starts)) {
      if (!isWhole) {
        Value rest = arith::SubIOp::create(b, columns, start);
        rest = arith::MaxSIOp::create(b, rest, constantIndex(b, 0));
        chunk.mask = vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
      }
      scales.push_back(numbers.rowScales(b, chunk, start));
    }
    forRange(b, constantIndex(b, 0), count, 1, [&](ImplicitLocOpBuilder &inner, Value line) {
      Value at = arith::AddIOp::create(inner, row, line);
      for (int64_t p = 0; p < 2; ++p) {
        Value y =
            vector::LoadOp::create(inner, floats, sums, ValueRange{line, constantIndex(inner, p * kLanes)});
        y = scales[p] ? arith::MulFOp::create(inner, y, scales[p]).getResult() : y;
        storeChunk(inner, chunks[p], y, op.getInit(), {at, starts[p]});
      }
    });
  }
};

} // namespace

LogicalResult lowerMatrixUnitFloatContraction(OpBuilder &builder, quantized::ContractOp op) {
  auto a = dyn_cast<MemRefType>(op.getA().getType());
  auto init = dyn_cast<MemRefType>(op.getInit().getType());
  // One row has nothing to share the decoded weights with.
  if (op.getAScheme() || !a || !init || init.getDimSize(0) == 1 || !a.getElementType().isBF16() ||
      !hasUnitInnerStride(op.getA()) || !hasUnitInnerStride(op.getInit())) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  FailureOr<WeightNumbers> numbers = WeightNumbers::match(b, op, Isa::Amx);
  if (failed(numbers)) {
    return failure();
  }
  Emitter(b, op, std::move(*numbers)).emit(b);
  return success();
}

} // namespace coopt
