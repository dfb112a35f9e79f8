//===- MatrixUnitAttend.cpp - The fast attention of several rows on AMX -----===//
//
// Scores are computed transposed, S' = K Q', 16 keys by 16 rows: a vector then holds one key's scores of 16
// rows, so that maxima, exponentials and sums of the softmax need nothing across lanes, and two vectors of
// weights interleave to a line of the right operand of O' = V' P'. Keys are the left operand as they lie in
// memory; queries are transposed once, values once for each block of keys, and both serve all rows and heads
// that share them. Operands are bf16, sums f32.
//
// A strip is 16 rows of one head: its queries, maxima, sums and transposed result stay in the scratch while
// the blocks of keys pass by. Scores are powers of two: scale and log2(e) are factors of the queries.
//
//===----------------------------------------------------------------------===//
#include "AttendLowering.h"
#include "MathBuilder.h"
#include "RegisterTiles.h"
#include "coopt/Numerics/FastAttention.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;

namespace coopt {
namespace {

constexpr int64_t kBlock = 128;             ///< keys whose bf16 copies are made at a time
constexpr int64_t kUnit = 32;               ///< keys of a tile of weights
constexpr int64_t kStripBytes = 256 * 1024; ///< what the strips in work may take of the second cache
constexpr int64_t kAccumulators = 4;        ///< tiles of results at a time

class Emitter {
public:
  Emitter(ImplicitLocOpBuilder &b, attention::AttendOp op)
      : op(op), headSize(cast<MemRefType>(op.getQ().getType()).getDimSize(2)),
        dotTiles(llvm::divideCeil(headSize, 2 * kLanes)), outTiles(llvm::divideCeil(headSize, kLanes)),
        floats(VectorType::get({kLanes}, b.getF32Type())), words(VectorType::get({kLanes}, b.getI32Type())),
        narrow(VectorType::get({kLanes}, b.getI16Type())),
        operandTile(amx::TileType::get({kLanes, 2 * kLanes}, b.getBF16Type())),
        sumTile(amx::TileType::get({kLanes, kLanes}, b.getF32Type())) {}

  void emit(ImplicitLocOpBuilder &b) {
    int64_t perGroup = op.getHeadsPerGroup();
    OpFoldResult heads = extentOf(b, op.getQ(), 1);
    if (std::optional<int64_t> extent = getConstantIntValue(heads)) {
      perGroup = std::min(perGroup, *extent);
    }
    headsAtOnce = std::min<int64_t>(perGroup, 8);
    const int64_t stripBytes = (outTiles * sizeof(float) + dotTiles * sizeof(float)) * kLanes * kLanes;
    stripsPerHead = std::max<int64_t>(llvm::bit_floor(uint64_t(kStripBytes / stripBytes)) / headsAtOnce, 1);
    allocate(b);

    // Query heads go together as long as they share keys.
    Value rows = asValue(b, extentOf(b, op.getQ(), 0)), headCount = asValue(b, heads);
    Value group = constantIndex(b, op.getHeadsPerGroup()), one = constantIndex(b, 1);
    Value firstGroup = arith::DivUIOp::create(b, op.getHead(), group);
    Value end = arith::CeilDivUIOp::create(b, addIndex(b, op.getHead(), headCount), group);
    forRange(b, firstGroup, end, 1, [&](ImplicitLocOpBuilder &inner, Value kvHead) {
      keys = emitKeySlab(inner, op.getLayer(), *op.getHeads(), kvHead);
      values = addIndex(inner, keys, *op.getHeads());
      auto headAt = [&](Value number) {
        Value first = minus(inner, arith::MulIOp::create(inner, number, group), op.getHead());
        first = arith::MaxSIOp::create(inner, first, constantIndex(inner, 0));
        return Value(arith::MinSIOp::create(inner, first, headCount));
      };
      Value last = headAt(addIndex(inner, kvHead, one));
      forRange(inner, headAt(kvHead), last, headsAtOnce, [&](ImplicitLocOpBuilder &some, Value head) {
        firstHead = head;
        headsHere = least(some, minus(some, last, head), headsAtOnce);
        forRange(some, constantIndex(some, 0), rows, stripsPerHead * kLanes,
                 [&](ImplicitLocOpBuilder &nested, Value row) {
                   firstRow = row;
                   rowsHere = least(nested, minus(nested, rows, row), stripsPerHead * kLanes);
                   emitRows(nested);
                 });
      });
    });
  }

private:
  attention::AttendOp op;
  int64_t headSize, dotTiles, outTiles;
  VectorType floats, words, narrow;
  amx::TileType operandTile, sumTile;
  int64_t headsAtOnce = 1, stripsPerHead = 1;
  // Lines of 32 elements of bf16, 16 to a tile.
  Value queries;      // [strip][dot tile]: pairs of elements by rows
  Value blockKeys;    // [16 keys][dot tile]: keys by elements
  Value blockValues;  // [unit][out tile]: elements by keys
  Value weights;      // [unit]: pairs of keys by rows
  Value scores;       // keys of the block by rows
  Value results;      // [strip]: elements by rows
  Value maxima, sums; // of the strips
  Value lastKeys;     // the values of an incomplete unit
  Value finished;     // the rows of a strip
  Value keys, values, firstHead, headsHere, firstRow, rowsHere;

  /// 16 rows of one head.
  struct Strip {
    Value head, row, rows, slot; ///< first row and number of rows; its place in the scratch
    Value position;              ///< of the first row
  };

  static Value minus(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  static Value least(ImplicitLocOpBuilder &b, Value x, int64_t y) {
    return arith::MinSIOp::create(b, x, constantIndex(b, y));
  }
  static Value times(ImplicitLocOpBuilder &b, Value x, int64_t y) {
    return arith::MulIOp::create(b, x, constantIndex(b, y));
  }
  static void forRange(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step,
                       function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
    emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
      body(inner, iv);
      return SmallVector<Value>();
    });
  }
  static void when(ImplicitLocOpBuilder &b, Value condition,
                   function_ref<void(ImplicitLocOpBuilder &)> body) {
    scf::IfOp::create(b, condition, [&](OpBuilder &nested, Location loc) {
      ImplicitLocOpBuilder inner(loc, nested);
      body(inner);
      scf::YieldOp::create(inner);
    });
  }
  static Value less(ImplicitLocOpBuilder &b, Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y);
  }

  void allocate(ImplicitLocOpBuilder &b) {
    const int64_t strips = headsAtOnce * stripsPerHead;
    auto lines = [&](int64_t tiles) {
      return Value(
          memref::AllocOp::create(b, MemRefType::get({tiles * kLanes, 2 * kLanes}, b.getBF16Type())));
    };
    auto vectors = [&](int64_t count, int64_t lanes = kLanes) {
      return Value(memref::AllocOp::create(b, MemRefType::get({count, lanes}, b.getF32Type())));
    };
    queries = lines(strips * dotTiles);
    blockKeys = lines(kBlock / kLanes * dotTiles);
    blockValues = lines(kBlock / kUnit * outTiles);
    weights = lines(kBlock / kUnit);
    scores = vectors(kBlock);
    results = vectors(strips * outTiles * kLanes);
    maxima = vectors(strips);
    sums = vectors(strips);
    lastKeys = vectors(kUnit, outTiles * kLanes);
    finished = vectors(kLanes, outTiles * kLanes);
  }

  void forStrips(ImplicitLocOpBuilder &b, function_ref<void(ImplicitLocOpBuilder &, const Strip &)> body) {
    Value none = constantIndex(b, 0);
    forRange(b, none, headsHere, 1, [&](ImplicitLocOpBuilder &heads, Value h) {
      forRange(heads, none, rowsHere, kLanes, [&](ImplicitLocOpBuilder &inner, Value r) {
        Strip strip;
        strip.head = addIndex(inner, firstHead, h);
        strip.row = addIndex(inner, firstRow, r);
        strip.rows = least(inner, minus(inner, rowsHere, r), kLanes);
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
    Value begin = addIndex(b, op.getPast(), firstRow), count = addIndex(b, begin, rowsHere);
    Value first = constantIndex(b, 0);
    if (std::optional<int64_t> window = op.getWindow()) {
      first = arith::MaxSIOp::create(b, addIndex(b, begin, 1 - *window), first);
      first = minus(b, first, arith::RemUIOp::create(b, first, constantIndex(b, kUnit)));
    }
    forRange(b, first, count, kBlock, [&](ImplicitLocOpBuilder &inner, Value block) {
      emitKeys(inner, block, count);
      emitValues(inner, block, count);
      forStrips(inner,
                [&](ImplicitLocOpBuilder &nested, const Strip &strip) { emitBlock(nested, strip, block); });
    });
    forStrips(b, [&](ImplicitLocOpBuilder &inner, const Strip &strip) { emitFinish(inner, strip); });
  }

  /// The bits of f32 elements rounded to bf16, as words of 16 bits (nearest even), zero beyond the head. Code
  /// for vectors of bf16 themselves would take them apart.
  Value rounded(ImplicitLocOpBuilder &b, Value x) {
    x = widen(b, x, b.getF32FloatAttr(0.0f));
    MathBuilder m(b, floats);
    Value bits = m.bitcastToInt(x), shift = m.integer(16);
    Value odd = m.andInt(m.shiftRightLogical(bits, shift), m.integer(1));
    Value sum = m.addInt(bits, m.addInt(odd, m.integer(0x7fff)));
    sum = m.selectInt(m.isNan(x), m.integer(0x7fc00000), sum);
    return arith::TruncIOp::create(b, narrow, m.shiftRightLogical(sum, shift));
  }

  Chunk chunkAt(ImplicitLocOpBuilder &b, int64_t d) {
    Chunk chunk;
    chunk.base = constantIndex(b, d);
    chunk.lanes = std::min<int64_t>(headSize - d, kLanes);
    return chunk;
  }

  /// Elements d .. d + 15 of a key or value.
  Value stateAt(ImplicitLocOpBuilder &b, Value slab, Value key, int64_t d) {
    if (d >= headSize) {
      return constantOf(b, narrow, b.getI16IntegerAttr(0));
    }
    Chunk chunk = chunkAt(b, d);
    SmallVector<Value> place{slab, key, chunk.base};
    if (!cast<MemRefType>(op.getState().getType()).getElementType().isBF16()) {
      return rounded(b, loadState(b, chunk, op.getState(), place));
    }
    Value x = loadChunk(b, chunk, op.getState(), place);
    x = vector::BitCastOp::create(b, cast<VectorType>(x.getType()).clone(b.getI16Type()), x);
    return widen(b, x, b.getI16IntegerAttr(0));
  }

  /// Pairs x0 y0 x1 y1 .. as 16 words.
  Value interleave(ImplicitLocOpBuilder &b, Value x, Value y) {
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < kLanes; ++i) {
      order.append({i, kLanes + i});
    }
    return vector::BitCastOp::create(b, words, vector::ShuffleOp::create(b, x, y, order));
  }

  void storeLine(ImplicitLocOpBuilder &b, Value line, Value buffer, Value at) {
    auto type = VectorType::get({2 * kLanes}, b.getBF16Type());
    vector::StoreOp::create(b, vector::BitCastOp::create(b, type, line), buffer,
                            ValueRange{at, constantIndex(b, 0)});
  }

  /// Queries times scale and log2(e), transposed; nothing seen yet.
  void emitStart(ImplicitLocOpBuilder &b, const Strip &strip) {
    const float factor = op.getScale().convertToFloat() * numerics::kLog2E;
    Value factors = constantF32(b, floats, factor), last = addIndex(b, strip.rows, -1);
    Value none = constantIndex(b, 0);
    for (int64_t tile = 0; tile < dotTiles; ++tile) {
      SmallVector<Value> square;
      for (int64_t i = 0; i < kLanes; ++i) {
        // Rows that do not exist repeat the last: what comes of them is not stored.
        Value row = addIndex(b, strip.row, Value(arith::MinSIOp::create(b, last, constantIndex(b, i))));
        SmallVector<Value> halves;
        for (int64_t d = tile * 2 * kLanes; d < (tile + 1) * 2 * kLanes; d += kLanes) {
          if (d >= headSize) {
            halves.push_back(constantOf(b, narrow, b.getI16IntegerAttr(0)));
            continue;
          }
          Chunk chunk = chunkAt(b, d);
          Value x = widen(b, loadChunk(b, chunk, op.getQ(), {row, strip.head, chunk.base}),
                          b.getF32FloatAttr(0.0f));
          halves.push_back(rounded(b, arith::MulFOp::create(b, x, factors)));
        }
        SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, 2 * kLanes));
        Value both = vector::ShuffleOp::create(b, halves[0], halves[1], order);
        square.push_back(vector::BitCastOp::create(b, words, both));
      }
      transposeSquare(b, square);
      Value line = addIndex(b, times(b, strip.slot, dotTiles * kLanes), tile * kLanes);
      for (auto [i, row] : llvm::enumerate(square)) {
        storeLine(b, row, queries, addIndex(b, line, static_cast<int64_t>(i)));
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

  /// The keys of a block below `count`. Lines beyond keep what they hold: their scores are masked.
  void emitKeys(ImplicitLocOpBuilder &b, Value block, Value count) {
    Value here = least(b, minus(b, count, block), kBlock);
    forRange(b, constantIndex(b, 0), here, 1, [&](ImplicitLocOpBuilder &inner, Value j) {
      Value key = addIndex(inner, block, j), lanes = constantIndex(inner, kLanes);
      Value part = arith::RemUIOp::create(inner, j, lanes);
      Value line = addIndex(inner, times(inner, minus(inner, j, part), dotTiles), part);
      for (int64_t tile = 0; tile < dotTiles; ++tile) {
        for (int64_t half = 0; half < 2; ++half) {
          Value x = stateAt(inner, keys, key, (2 * tile + half) * kLanes);
          x = vector::BitCastOp::create(inner, narrow.clone(inner.getBF16Type()), x);
          vector::StoreOp::create(
              inner, x, blockKeys,
              ValueRange{addIndex(inner, line, tile * kLanes), constantIndex(inner, half * kLanes)});
        }
      }
    });
  }

  /// The values of a block below `count`, transposed; those beyond are zero.
  void emitValues(ImplicitLocOpBuilder &b, Value block, Value count) {
    Value here = least(b, minus(b, count, block), kBlock);
    Value rest = arith::RemUIOp::create(b, here, constantIndex(b, kUnit)), whole = minus(b, here, rest);
    forRange(b, constantIndex(b, 0), whole, kUnit, [&](ImplicitLocOpBuilder &inner, Value first) {
      Value from = addIndex(inner, block, first);
      emitUnitOfValues(inner, first, [&](ImplicitLocOpBuilder &nested, Value j, int64_t d) {
        return stateAt(nested, values, addIndex(nested, from, j), d);
      });
    });
    when(b, less(b, constantIndex(b, 0), rest), [&](ImplicitLocOpBuilder &inner) {
      Value end = constantIndex(inner, kUnit);
      forRange(inner, constantIndex(inner, 0), end, 1, [&](ImplicitLocOpBuilder &nested, Value j) {
        for (int64_t d = 0; d < outTiles * kLanes; d += kLanes) {
          Value zero = constantF32(nested, floats, 0.0f);
          vector::StoreOp::create(nested, zero, lastKeys, ValueRange{j, constantIndex(nested, d)});
        }
      });
      Value from = addIndex(inner, block, whole);
      forRange(inner, constantIndex(inner, 0), rest, 1, [&](ImplicitLocOpBuilder &nested, Value j) {
        Value key = addIndex(nested, from, j);
        for (int64_t d = 0; d < headSize; d += kLanes) {
          Chunk chunk = chunkAt(nested, d);
          storeChunk(nested, chunk, loadState(nested, chunk, op.getState(), {values, key, chunk.base}),
                     lastKeys, {j, chunk.base});
        }
      });
      emitUnitOfValues(inner, whole, [&](ImplicitLocOpBuilder &nested, Value j, int64_t d) {
        Value x = vector::LoadOp::create(nested, floats, lastKeys, ValueRange{j, constantIndex(nested, d)});
        return rounded(nested, x);
      });
    });
  }

  /// 32 keys from `first` of the block on; `load` gives elements d .. d + 15 of the value of one of them.
  void emitUnitOfValues(ImplicitLocOpBuilder &b, Value first,
                        function_ref<Value(ImplicitLocOpBuilder &, Value, int64_t)> load) {
    Value unit = arith::DivUIOp::create(b, first, constantIndex(b, kUnit));
    Value line = times(b, unit, outTiles * kLanes);
    for (int64_t tile = 0; tile < outTiles; ++tile) {
      SmallVector<Value> square;
      for (int64_t j = 0; j < kUnit; j += 2) {
        Value even = load(b, constantIndex(b, j), tile * kLanes);
        Value odd = load(b, constantIndex(b, j + 1), tile * kLanes);
        square.push_back(interleave(b, even, odd));
      }
      transposeSquare(b, square);
      for (auto [i, row] : llvm::enumerate(square)) {
        storeLine(b, row, blockValues, addIndex(b, line, tile * kLanes + static_cast<int64_t>(i)));
      }
    }
  }

  /// What a block of keys adds to a strip, if any of its rows sees one.
  void emitBlock(ImplicitLocOpBuilder &b, const Strip &strip, Value block) {
    Value unit = constantIndex(b, kUnit), from = constantIndex(b, 0);
    Value to = least(b, minus(b, addIndex(b, strip.position, strip.rows), block), kBlock);
    if (std::optional<int64_t> window = op.getWindow()) {
      Value first = minus(b, addIndex(b, strip.position, 1 - *window), block);
      from = arith::MaxSIOp::create(b, first, from);
      from = minus(b, from, arith::RemUIOp::create(b, from, unit));
    }
    when(b, less(b, from, to), [&](ImplicitLocOpBuilder &inner) {
      emitScores(inner, strip, from, to);
      emitMasks(inner, strip, block, from, to);
      emitSoftmax(inner, strip, from, to);
      emitResults(inner, strip, from, to);
    });
  }

  Value tileAt(ImplicitLocOpBuilder &b, Value buffer, Value line) {
    return amx::TileLoadOp::create(b, operandTile, buffer, ValueRange{line, constantIndex(b, 0)});
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
          Value left = tileAt(inner, blockKeys, addIndex(inner, line, (i * dotTiles + tile) * kLanes));
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
  void emitMasks(ImplicitLocOpBuilder &b, const Strip &strip, Value block, Value from, Value to) {
    auto broadcast = [&](ImplicitLocOpBuilder &at, Value index) {
      Value word = arith::IndexCastOp::create(at, at.getI32Type(), index);
      return Value(vector::BroadcastOp::create(at, words, word));
    };
    SmallVector<int32_t> steps = llvm::to_vector(llvm::seq<int32_t>(0, kLanes));
    Value lanes = arith::ConstantOp::create(b, DenseElementsAttr::get(words, ArrayRef<int32_t>(steps)));
    Value last = arith::AddIOp::create(b, broadcast(b, strip.position), lanes);
    Value masked = constantF32(b, floats, -std::numeric_limits<float>::infinity());
    auto maskUnits = [&](ImplicitLocOpBuilder &at, Value begin, Value end, arith::CmpIPredicate hides,
                         Value limit) {
      forRange(at, begin, end, 1, [&](ImplicitLocOpBuilder &inner, Value j) {
        Value hidden =
            arith::CmpIOp::create(inner, hides, broadcast(inner, addIndex(inner, block, j)), limit);
        SmallVector<Value> place{j, constantIndex(inner, 0)};
        Value x = vector::LoadOp::create(inner, floats, scores, place);
        vector::StoreOp::create(inner, arith::SelectOp::create(inner, hidden, masked, x), scores, place);
      });
    };
    // Keys behind the first row's own, to the end of the unit.
    Value end = times(b, arith::CeilDivUIOp::create(b, to, constantIndex(b, kUnit)), kUnit);
    Value behind = minus(b, addIndex(b, strip.position, 1), block);
    behind = arith::MaxSIOp::create(b, behind, from);
    maskUnits(b, behind, end, arith::CmpIPredicate::sgt, last);
    if (std::optional<int64_t> window = op.getWindow()) {
      // Keys before the first that the last row sees.
      Value size = constantOf(b, words,
                              b.getI32IntegerAttr(static_cast<int32_t>(
                                  std::min<int64_t>(*window, std::numeric_limits<int32_t>::max()))));
      Value before = minus(b, addIndex(b, strip.position, kLanes - *window), block);
      before = arith::MinSIOp::create(b, before, end);
      maskUnits(b, from, before, arith::CmpIPredicate::sle, arith::SubIOp::create(b, last, size));
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
                             storeLine(nested, pack(nested, even, odd), weights, addIndex(nested, pair, c));
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
    when(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, any, none), [&](ImplicitLocOpBuilder &inner) {
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

  /// Two vectors of weights, rounded to bf16, as pairs. Weights are not negative: halves round up.
  Value pack(ImplicitLocOpBuilder &b, Value even, Value odd) {
    MathBuilder m(b, floats);
    Value half = m.integer(0x8000);
    Value low = m.shiftRightLogical(m.addInt(m.bitcastToInt(even), half), m.integer(16));
    Value high = m.andInt(m.addInt(m.bitcastToInt(odd), half), m.integer(static_cast<int32_t>(0xffff0000u)));
    return m.orInt(low, high);
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
              Value tile = tileAt(inner, blockValues, addIndex(inner, left, (first + i) * kLanes));
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
    forRange(b, none, strip.rows, 1, [&](ImplicitLocOpBuilder &inner, Value r) {
      Value row = addIndex(inner, strip.row, r);
      for (int64_t d = 0; d < headSize; d += kLanes) {
        Chunk chunk = chunkAt(inner, d);
        storeChunk(inner, chunk, loadChunk(inner, chunk, finished, {r, chunk.base}), op.getInit(),
                   {row, strip.head, chunk.base});
      }
    });
  }
};

} // namespace

void emitMatrixUnitAttend(ImplicitLocOpBuilder &b, attention::AttendOp op) { Emitter(b, op).emit(b); }

} // namespace coopt
