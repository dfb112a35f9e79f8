//===- MatrixUnitAttend.cpp - The fast attention of several rows on AMX -----===//
//
// Scores are computed transposed, S' = K Q', 16 keys by 16 rows: a vector then holds one key's scores of 16
// rows, so that maxima, exponentials and sums of the softmax need nothing across lanes, and two vectors of
// weights interleave to a line of the right operand of O' = V' P'. Keys are the left operand as they lie in
// memory; queries are transposed once, values once for each block of keys, and both serve all rows and heads
// that share them. Operands are bf16, sums f32.
//
// A strip is 16 rows of one head, or up to 16 heads of a single row: its queries, maxima, sums and transposed
// result stay in the scratch while the blocks of keys pass by. Scores are powers of two: scale and log2(e) are
// factors of the queries; with a cap, scale and its inverse are, and log2(e) comes with the cap.
//
//===----------------------------------------------------------------------===//
#include "MathBuilder.h"
#include "MatrixUnitState.h"
#include "RegisterTiles.h"
#include "ScoreCap.h"
#include "VisibleKeys.h"
#include "coopt/Numerics/FastAttention.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <numeric>

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kBlock = StateLines::kBlock, kUnit = StateLines::kUnit;
constexpr int64_t kStripBytes = 256 * 1024; ///< what the strips in work may take of the second cache
constexpr int64_t kAccumulators = 4;        ///< tiles of results at a time

class Emitter {
public:
  Emitter(ImplicitLocOpBuilder &b, attention::AttendOp op)
      : op(op), headSize(cast<MemRefType>(op.getQ().getType()).getDimSize(2)),
        lanesAreHeads(cast<MemRefType>(op.getQ().getType()).getDimSize(0) == 1), state(b, op, lanesAreHeads),
        dotTiles(state.dotTiles), outTiles(state.outTiles), floats(VectorType::get({kLanes}, b.getF32Type())),
        words(VectorType::get({kLanes}, b.getI32Type())),
        operandTile(amx::TileType::get({kLanes, 2 * kLanes}, b.getBF16Type())),
        sumTile(amx::TileType::get({kLanes, kLanes}, b.getF32Type())) {}

  void emit(ImplicitLocOpBuilder &b) {
    headsAtOnce = std::min<int64_t>(headsOfGroup(op), lanesAreHeads ? kLanes : 8);
    const int64_t stripBytes = (outTiles * sizeof(float) + dotTiles * sizeof(float)) * kLanes * kLanes;
    stripsPerHead =
        lanesAreHeads
            ? 1
            : std::max<int64_t>(llvm::bit_floor(uint64_t(kStripBytes / stripBytes)) / headsAtOnce, 1);
    allocate(b);

    Value rows = asValue(b, extentOf(b, op.getQ(), 0));
    forHeadGroups(b, op, [&](ImplicitLocOpBuilder &group, Value slab, Value first, Value last) {
      slabs.keys = slab;
      slabs.values = addIndex(group, slab, *op.getHeads());
      forRange(group, first, last, headsAtOnce, [&](ImplicitLocOpBuilder &some, Value head) {
        firstHead = head;
        headsHere = least(some, minus(some, last, head), headsAtOnce);
        forRowsAlike(some, op, rows, [&](ImplicitLocOpBuilder &alike, Value from, Value to, Value seen) {
          slabs.boundary = seen;
          forRange(alike, from, to, stripsPerHead * kLanes, [&](ImplicitLocOpBuilder &inner, Value row) {
            firstRow = row;
            rowsHere = least(inner, minus(inner, to, row), stripsPerHead * kLanes);
            emitRows(inner);
          });
        });
      });
    });
  }

private:
  attention::AttendOp op;
  int64_t headSize;
  bool lanesAreHeads; ///< of a single row
  StateLines state;
  int64_t dotTiles, outTiles;
  VectorType floats, words;
  amx::TileType operandTile, sumTile;
  int64_t headsAtOnce = 1, stripsPerHead = 1;
  Lines queries;      // [strip][dot tile]: pairs of elements by rows
  Lines weights;      // [unit]: pairs of keys by rows
  Value scores;       // keys of the block by rows
  Value results;      // [strip]: elements by rows
  Value maxima, sums; // of the strips
  Value finished;     // the rows of a strip
  StateLines::Slabs slabs;
  Value firstHead, headsHere, firstRow, rowsHere;

  /// 16 rows of one head, or heads of one row.
  struct Strip {
    Value head, row; ///< the first
    Value lanes;     ///< how many there are
    Value slot;      ///< its place in the scratch
    Value position;  ///< of the first row
  };

  SmallVector<Value> rowAndHead(ImplicitLocOpBuilder &b, const Strip &strip, Value lane) {
    return {lanesAreHeads ? strip.row : addIndex(b, strip.row, lane),
            lanesAreHeads ? addIndex(b, strip.head, lane) : strip.head};
  }

  void allocate(ImplicitLocOpBuilder &b) {
    const int64_t strips = lanesAreHeads ? 1 : headsAtOnce * stripsPerHead;
    queries = Lines::allocate(b, strips * dotTiles);
    weights = Lines::allocate(b, kBlock / kUnit);
    scores = allocateVectors(b, kBlock);
    results = allocateVectors(b, strips * outTiles * kLanes);
    maxima = allocateVectors(b, strips);
    sums = allocateVectors(b, strips);
    finished = allocateVectors(b, kLanes, outTiles * kLanes);
  }

  void forStrips(ImplicitLocOpBuilder &b, function_ref<void(ImplicitLocOpBuilder &, const Strip &)> body) {
    Value none = constantIndex(b, 0);
    if (lanesAreHeads) {
      body(b, {firstHead, firstRow, headsHere, none, addIndex(b, op.getPast(), firstRow)});
      return;
    }
    forRange(b, none, headsHere, 1, [&](ImplicitLocOpBuilder &heads, Value h) {
      forRange(heads, none, rowsHere, kLanes, [&](ImplicitLocOpBuilder &inner, Value r) {
        Strip strip;
        strip.head = addIndex(inner, firstHead, h);
        strip.row = addIndex(inner, firstRow, r);
        strip.lanes = least(inner, minus(inner, rowsHere, r), kLanes);
        Value number = arith::DivUIOp::create(inner, r, constantIndex(inner, kLanes));
        strip.slot = addIndex(inner, times(inner, h, stripsPerHead), number);
        strip.position = addIndex(inner, op.getPast(), strip.row);
        body(inner, strip);
      });
    });
  }

  /// A block of rows: `rowsHere` of `headsHere`.
  void emitRows(ImplicitLocOpBuilder &b) {
    forStrips(b, [&](ImplicitLocOpBuilder &inner, const Strip &strip) { emitStart(inner, strip); });
    Value begin = addIndex(b, op.getPast(), firstRow), last = addIndex(b, addIndex(b, begin, rowsHere), -1);
    forKeyBlocks(b, visibleKeys(b, op, begin, last), kBlock, kUnit,
                 [&](ImplicitLocOpBuilder &inner, const KeyBlock &block) {
                   state.emitKeys(inner, slabs, block.base, block.end);
                   state.emitValues(inner, slabs, block.base, block.end);
                   forStrips(inner, [&](ImplicitLocOpBuilder &nested, const Strip &strip) {
                     emitBlock(nested, strip, block);
                   });
                 });
    forStrips(b, [&](ImplicitLocOpBuilder &inner, const Strip &strip) { emitFinish(inner, strip); });
  }

  /// Queries times their factor, transposed; nothing seen yet.
  void emitStart(ImplicitLocOpBuilder &b, const Strip &strip) {
    Value factors = constantF32(b, floats, queryFactor(op)), last = addIndex(b, strip.lanes, -1);
    Value none = constantIndex(b, 0);
    for (int64_t tile = 0; tile < dotTiles; ++tile) {
      SmallVector<Value> square;
      for (int64_t i = 0; i < kLanes; ++i) {
        // Lanes that do not exist repeat the last: what comes of them is not stored.
        Value lane = arith::MinSIOp::create(b, last, constantIndex(b, i));
        SmallVector<Value> place = rowAndHead(b, strip, lane);
        auto half = [&](int64_t d) {
          Value x = headElements(b, headSize, d, [&](const Chunk &chunk) {
            return loadChunk(b, chunk, op.getQ(), {place[0], place[1], chunk.base});
          });
          return Value(arith::MulFOp::create(b, x, factors));
        };
        square.push_back(lineRow(b, half(tile * 2 * kLanes), half((tile * 2 + 1) * kLanes)));
      }
      transposeSquare(b, square);
      Value line = addIndex(b, times(b, strip.slot, dotTiles * kLanes), tile * kLanes);
      for (auto [i, row] : llvm::enumerate(square)) {
        queries.store(b, row, addIndex(b, line, static_cast<int64_t>(i)));
      }
    }
    // Not -infinity: the difference of two maxima must be a number.
    Value lowest = constantF32(b, floats, std::numeric_limits<float>::lowest());
    Value nothing = constantF32(b, floats, 0.0f);
    vector::StoreOp::create(b, lowest, maxima, ValueRange{strip.slot, none});
    vector::StoreOp::create(b, nothing, sums, ValueRange{strip.slot, none});
    Value line = times(b, strip.slot, outTiles * kLanes);
    forRange(b, none, constantIndex(b, outTiles * kLanes), 1, [&](ImplicitLocOpBuilder &inner, Value d) {
      vector::StoreOp::create(inner, nothing, results,
                              ValueRange{addIndex(inner, line, d), constantIndex(inner, 0)});
    });
  }

  /// What a block of keys adds to a strip, if any of its rows sees one.
  void emitBlock(ImplicitLocOpBuilder &b, const Strip &strip, const KeyBlock &block) {
    Value last = lanesAreHeads ? strip.position : addIndex(b, addIndex(b, strip.position, strip.lanes), -1);
    auto [first, to] = keysOfBlock(b, visibleKeys(b, op, strip.position, last), block, kBlock);
    Value from = minus(b, first, arith::RemUIOp::create(b, first, constantIndex(b, kUnit)));
    emitIf(b, isLess(b, from, to), [&, to = to](ImplicitLocOpBuilder &inner) {
      emitScores(inner, strip, from, to);
      emitPowerCap(inner, op, scores, from, to);
      emitMasks(inner, strip, block, from, to);
      emitSoftmax(inner, strip, from, to);
      emitResults(inner, strip, from, to);
    });
  }

  Value tileAt(ImplicitLocOpBuilder &b, const Lines &buffer, Value line) {
    return amx::TileLoadOp::create(b, operandTile, buffer.tiles, ValueRange{line, constantIndex(b, 0)});
  }

  void emitScores(ImplicitLocOpBuilder &b, const Strip &strip, Value from, Value to) {
    Value query = times(b, strip.slot, dotTiles * kLanes);
    forRange(b, from, to, kUnit, [&](ImplicitLocOpBuilder &inner, Value j) {
      constexpr int64_t parts = kUnit / kLanes;
      SmallVector<Value> products;
      for (int64_t i = 0; i < parts; ++i) {
        products.push_back(amx::TileZeroOp::create(inner, sumTile));
      }
      Value line = times(inner, j, dotTiles);
      for (int64_t tile = 0; tile < dotTiles; ++tile) {
        Value right = tileAt(inner, queries, addIndex(inner, query, tile * kLanes));
        for (int64_t i = 0; i < parts; ++i) {
          Value left = tileAt(inner, state.keys, addIndex(inner, line, (i * dotTiles + tile) * kLanes));
          products[i] = amx::TileMulFOp::create(inner, sumTile, left, right, products[i]);
        }
      }
      for (int64_t i = 0; i < parts; ++i) {
        Value at = addIndex(inner, j, i * kLanes);
        amx::TileStoreOp::create(inner, scores, ValueRange{at, constantIndex(inner, 0)}, products[i]);
      }
    });
  }

  /// Scores of keys that a row does not see become -infinity.
  void emitMasks(ImplicitLocOpBuilder &b, const Strip &strip, const KeyBlock &block, Value from, Value to) {
    SmallVector<int32_t> steps(kLanes, 0);
    if (!lanesAreHeads) {
      std::iota(steps.begin(), steps.end(), 0);
    }
    Value lanes = arith::ConstantOp::create(b, DenseElementsAttr::get(words, ArrayRef<int32_t>(steps)));
    Value positions = arith::AddIOp::create(b, broadcast(b, strip.position), lanes);
    // To the end of the unit.
    Value end = times(b, arith::CeilDivUIOp::create(b, to, constantIndex(b, kUnit)), kUnit);
    if (!block.ofSinks) {
      maskOutsideWindow(b, strip, block.base, from, end, positions);
      return;
    }
    scf::IfOp::create(
        b, block.ofSinks,
        [&](OpBuilder &nested, Location loc) {
          ImplicitLocOpBuilder inner(loc, nested);
          // All of the sinks, for rows whose window does not reach them.
          Value sinks = wordsOf(inner, *op.getSinks());
          Value seen =
              arith::SelectOp::create(inner, isBehindSinks(inner, positions), sinks, wordsOf(inner, 0));
          maskKeys(inner, block.base, from, end, arith::CmpIPredicate::sge, seen);
          scf::YieldOp::create(inner);
        },
        [&](OpBuilder &nested, Location loc) {
          ImplicitLocOpBuilder inner(loc, nested);
          maskOutsideWindow(inner, strip, block.base, from, end, positions);
          scf::YieldOp::create(inner);
        });
  }

  Value broadcast(ImplicitLocOpBuilder &b, Value index) {
    Value word = arith::IndexCastOp::create(b, b.getI32Type(), index);
    return vector::BroadcastOp::create(b, words, word);
  }
  Value wordsOf(ImplicitLocOpBuilder &b, int64_t x) {
    // Sinks and window together may be more than any position is.
    x = std::min<int64_t>(x, std::numeric_limits<int32_t>::max());
    return constantOf(b, words, b.getI32IntegerAttr(static_cast<int32_t>(x)));
  }
  /// Whether the windows of rows at these positions do not reach the sinks.
  Value isBehindSinks(ImplicitLocOpBuilder &b, Value positions) {
    Value reach = wordsOf(b, static_cast<int64_t>(*op.getSinks() + *op.getWindow()));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, positions, reach);
  }

  /// Keys `begin` .. `end` - 1 of a block, in the rows for which `key hides limit`.
  void maskKeys(ImplicitLocOpBuilder &b, Value block, Value begin, Value end, arith::CmpIPredicate hides,
                Value limit) {
    Value masked = constantF32(b, floats, -std::numeric_limits<float>::infinity());
    forRange(b, begin, end, 1, [&](ImplicitLocOpBuilder &inner, Value j) {
      Value key = broadcast(inner, addIndex(inner, block, j));
      Value hidden = arith::CmpIOp::create(inner, hides, key, limit);
      SmallVector<Value> place{j, constantIndex(inner, 0)};
      Value x = vector::LoadOp::create(inner, floats, scores, place);
      vector::StoreOp::create(inner, arith::SelectOp::create(inner, hidden, masked, x), scores, place);
    });
  }

  void maskOutsideWindow(ImplicitLocOpBuilder &b, const Strip &strip, Value block, Value from, Value end,
                         Value positions) {
    // Keys behind the first row's own.
    Value behind = minus(b, addIndex(b, strip.position, 1), block);
    behind = arith::MaxSIOp::create(b, behind, from);
    maskKeys(b, block, behind, end, arith::CmpIPredicate::sgt, positions);
    if (std::optional<int64_t> window = op.getWindow()) {
      // Keys before the first that the last row sees.
      Value before = minus(b, addIndex(b, strip.position, kLanes - *window), block);
      before = arith::MinSIOp::create(b, before, end);
      Value limit = arith::SubIOp::create(b, positions, wordsOf(b, *window));
      if (op.getSinks()) {
        limit = arith::SelectOp::create(b, isBehindSinks(b, positions), limit, wordsOf(b, -1));
      }
      maskKeys(b, block, from, before, arith::CmpIPredicate::sle, limit);
    }
  }

  Value loadRow(ImplicitLocOpBuilder &b, Value buffer, Value row) {
    return vector::LoadOp::create(b, floats, buffer, ValueRange{row, constantIndex(b, 0)});
  }

  void emitSoftmax(ImplicitLocOpBuilder &b, const Strip &strip, Value from, Value to) {
    Value old = loadRow(b, maxima, strip.slot);
    // Four of each: a single one would wait for itself.
    constexpr int64_t chains = 4;
    SmallVector<Value> highest = emitFor(b, from, to, kUnit, SmallVector<Value>(chains, old),
                                         [&](ImplicitLocOpBuilder &inner, Value j, ValueRange carried) {
                                           SmallVector<Value> next(carried);
                                           for (int64_t i = 0; i < kUnit; ++i) {
                                             Value x = loadRow(inner, scores, addIndex(inner, j, i));
                                             next[i % chains] = maximum(inner, x, next[i % chains]);
                                           }
                                           return next;
                                         });
    Value top = maximum(b, maximum(b, highest[0], highest[1]), maximum(b, highest[2], highest[3]));

    Value nothing = constantF32(b, floats, 0.0f);
    SmallVector<Value> partial = emitFor(
        b, from, to, kUnit, SmallVector<Value>(chains, nothing),
        [&](ImplicitLocOpBuilder &inner, Value j, ValueRange carried) {
          constexpr int64_t step = 2 * chains;
          return emitFor(inner, constantIndex(inner, 0), constantIndex(inner, kUnit), step, carried,
                         [&](ImplicitLocOpBuilder &nested, Value i, ValueRange inits) {
                           SmallVector<Value> next(inits);
                           Value first = addIndex(nested, j, i);
                           Value pair = arith::DivUIOp::create(nested, first, constantIndex(nested, 2));
                           for (int64_t c = 0; c < chains; ++c) {
                             Value even = power(nested, addIndex(nested, first, 2 * c), top);
                             Value odd = power(nested, addIndex(nested, first, 2 * c + 1), top);
                             Value both = arith::AddFOp::create(nested, even, odd);
                             next[c] = arith::AddFOp::create(nested, next[c], both);
                             weights.store(nested, linePairs(nested, even, odd), addIndex(nested, pair, c));
                           }
                           return next;
                         });
        });
    auto add = [&](Value x, Value y) { return Value(arith::AddFOp::create(b, x, y)); };
    Value total = add(add(partial[0], partial[1]), add(partial[2], partial[3]));

    MathBuilder m(b, floats);
    Value decay = numerics::attentionWeight(m, m.sub(old, top));
    SmallVector<Value> place{strip.slot, constantIndex(b, 0)};
    vector::StoreOp::create(b, top, maxima, place);
    Value sum = loadRow(b, sums, strip.slot);
    vector::StoreOp::create(b, m.add(m.mul(sum, decay), total), sums, place);
    // Maxima seldom grow after the first blocks.
    Value grown = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, top, old);
    Value bits = vector::BitCastOp::create(b, VectorType::get({1}, b.getIntegerType(kLanes)), grown);
    Value any = vector::ExtractOp::create(b, bits, 0);
    Value none = arith::ConstantOp::create(b, b.getIntegerAttr(any.getType(), 0));
    emitIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, any, none),
           [&](ImplicitLocOpBuilder &inner) {
             Value line = times(inner, strip.slot, outTiles * kLanes);
             forRange(inner, constantIndex(inner, 0), constantIndex(inner, outTiles * kLanes), 1,
                      [&](ImplicitLocOpBuilder &nested, Value d) {
                        Value at = addIndex(nested, line, d);
                        Value x = arith::MulFOp::create(nested, loadRow(nested, results, at), decay);
                        vector::StoreOp::create(nested, x, results, ValueRange{at, constantIndex(nested, 0)});
                      });
           });
  }

  /// x where x > y, else y: one instruction.
  static Value maximum(ImplicitLocOpBuilder &b, Value x, Value y) {
    return arith::SelectOp::create(b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, y), x, y);
  }

  Value power(ImplicitLocOpBuilder &b, Value key, Value top) {
    MathBuilder m(b, floats);
    return numerics::attentionWeight(m, m.sub(loadRow(b, scores, key), top));
  }

  /// O' += V' P'
  void emitResults(ImplicitLocOpBuilder &b, const Strip &strip, Value from, Value to) {
    Value line = times(b, strip.slot, outTiles * kLanes), none = constantIndex(b, 0);
    for (int64_t first = 0; first < outTiles; first += kAccumulators) {
      const int64_t count = std::min(outTiles - first, kAccumulators);
      SmallVector<Value> accumulators;
      for (int64_t i = 0; i < count; ++i) {
        Value at = addIndex(b, line, (first + i) * kLanes);
        accumulators.push_back(amx::TileLoadOp::create(b, sumTile, results, ValueRange{at, none}));
      }
      accumulators = emitFor(
          b, from, to, kUnit, accumulators, [&](ImplicitLocOpBuilder &inner, Value j, ValueRange carried) {
            Value unit = arith::DivUIOp::create(inner, j, constantIndex(inner, kUnit));
            Value right = tileAt(inner, weights, times(inner, unit, kLanes));
            Value left = times(inner, unit, outTiles * kLanes);
            SmallVector<Value> next;
            for (int64_t i = 0; i < count; ++i) {
              Value tile = tileAt(inner, state.values, addIndex(inner, left, (first + i) * kLanes));
              next.push_back(amx::TileMulFOp::create(inner, sumTile, tile, right, carried[i]));
            }
            return next;
          });
      for (int64_t i = 0; i < count; ++i) {
        Value at = addIndex(b, line, (first + i) * kLanes);
        amx::TileStoreOp::create(b, results, ValueRange{at, none}, accumulators[i]);
      }
    }
  }

  /// The strip's result divided by its sums, as rows.
  void emitFinish(ImplicitLocOpBuilder &b, const Strip &strip) {
    Value one = constantF32(b, floats, 1.0f);
    Value inverse = arith::DivFOp::create(b, one, loadRow(b, sums, strip.slot));
    Value line = times(b, strip.slot, outTiles * kLanes), none = constantIndex(b, 0);
    forRange(b, none, constantIndex(b, outTiles * kLanes), kLanes, [&](ImplicitLocOpBuilder &inner, Value d) {
      SmallVector<Value> square;
      Value first = addIndex(inner, line, d);
      for (int64_t i = 0; i < kLanes; ++i) {
        Value x = loadRow(inner, results, addIndex(inner, first, i));
        square.push_back(arith::MulFOp::create(inner, x, inverse));
      }
      transposeSquare(inner, square);
      for (auto [i, row] : llvm::enumerate(square)) {
        vector::StoreOp::create(inner, row, finished,
                                ValueRange{constantIndex(inner, static_cast<int64_t>(i)), d});
      }
    });
    forRange(b, none, strip.lanes, 1, [&](ImplicitLocOpBuilder &inner, Value lane) {
      for (int64_t d = 0; d < headSize; d += kLanes) {
        Chunk chunk = headChunk(inner, headSize, d);
        SmallVector<Value> place = rowAndHead(inner, strip, lane);
        place.push_back(chunk.base);
        Value x = loadChunk(inner, chunk, finished, {lane, chunk.base});
        storeChunk(inner, chunk, x, op.getInit(), place);
      }
    });
  }
};

} // namespace

void emitMatrixUnitAttend(ImplicitLocOpBuilder &b, attention::AttendOp op) { Emitter(b, op).emit(b); }

} // namespace coopt
