//===- AttendLowering.cpp ---------------------------------------------------===//
//
// The attention of each row and head, fixed (coopt/Numerics/FixedAttention.h) or fast. Scores of masked keys are -inf:
// their probability is then +0, which leaves a partial sum as it is. Values of masked keys are never read.
//
// One row reads its keys as they stand, a dot product at a time, a block for all heads that share it. Several rows go through a block of keys
// together, which is transposed for them: a vector then holds the scores of 16 keys. The sums have the same
// shape either way. The fast attention is the same but for its sums, which follow the elements or keys in
// order, fused where the instruction set can.
//
//===----------------------------------------------------------------------===//
#include "AttendLowering.h"
#include "MathBuilder.h"
#include "RegisterTiles.h"
#include "ScoreCap.h"
#include "VisibleKeys.h"
#include "coopt/Numerics/FixedAttention.h"
#include "coopt/Numerics/SpecialFunctions.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;

namespace coopt {

constexpr int64_t kBlock = numerics::kAttentionBlock;

Value emitKeySlab(ImplicitLocOpBuilder &b, int64_t layer, int64_t heads, Value head) {
  return arith::AddIOp::create(b, head, constantIndex(b, layer * 2 * heads));
}

Value loadState(ImplicitLocOpBuilder &b, const Chunk &chunk, Value state, ValueRange indices) {
  Value x = loadChunk(b, chunk, state, indices);
  return getElementTypeOrSelf(x).isF32()
             ? x
             : arith::ExtFOp::create(b, chunk.typeOf(b.getF32Type()), x).getResult();
}

int64_t headsOfGroup(attention::AttendOp op) {
  int64_t heads = cast<MemRefType>(op.getQ().getType()).getDimSize(1);
  int64_t perGroup = op.getHeadsPerGroup();
  return ShapedType::isDynamic(heads) ? perGroup : std::min(perGroup, heads);
}

void forHeadGroups(ImplicitLocOpBuilder &b, attention::AttendOp op,
                   function_ref<void(ImplicitLocOpBuilder &, Value, Value, Value)> body) {
  Value heads = asValue(b, extentOf(b, op.getQ(), 1)), perGroup = constantIndex(b, op.getHeadsPerGroup());
  Value first = arith::DivUIOp::create(b, op.getHead(), perGroup);
  Value last = arith::CeilDivUIOp::create(b, addIndex(b, op.getHead(), heads), perGroup);
  emitFor(b, first, last, 1, {}, [&](ImplicitLocOpBuilder &inner, Value group, ValueRange) {
    auto headAt = [&](Value number) -> Value {
      Value head = arith::MulIOp::create(inner, number, perGroup);
      head = arith::SubIOp::create(inner, head, op.getHead());
      head = arith::MaxSIOp::create(inner, head, constantIndex(inner, 0));
      return arith::MinSIOp::create(inner, head, heads);
    };
    Value slab = emitKeySlab(inner, op.getLayer(), *op.getHeads(), group);
    body(inner, slab, headAt(group), headAt(addIndex(inner, group, 1)));
    return SmallVector<Value>();
  });
}

std::optional<CodedState> codedStateOf(ImplicitLocOpBuilder &b, attention::AttendOp op) {
  attention::CodedType coded = op.getCoded();
  if (!coded) {
    return std::nullopt;
  }
  return CodedState(b, coded.getCache(cast<MemRefType>(op.getQ().getType()).getDimSize(2)), op.getState());
}

void forRowsAlike(ImplicitLocOpBuilder &b, attention::AttendOp op, Value rows,
                  function_ref<void(ImplicitLocOpBuilder &, Value, Value, Value)> body) {
  Value zero = constantIndex(b, 0);
  attention::CodedType coded = op.getCoded();
  if (!coded || coded.getResidual() == 0) {
    body(b, zero, rows, Value());
    return;
  }
  Value group = constantIndex(b, coded.getGroup());
  Value inBlock = arith::RemUIOp::create(b, op.getPast(), group);
  Value start = arith::SubIOp::create(b, op.getPast(), inBlock), end = addIndex(b, op.getPast(), rows);
  emitFor(b, start, end, coded.getGroup(), {}, [&](ImplicitLocOpBuilder &inner, Value boundary, ValueRange) {
    Value first = arith::SubIOp::create(inner, boundary, op.getPast());
    Value last = arith::MinSIOp::create(inner, arith::AddIOp::create(inner, first, group), rows);
    body(inner, arith::MaxSIOp::create(inner, first, zero), last, boundary);
    return SmallVector<Value>();
  });
}

namespace {

Value emitSum(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, x, y); }

class AttendEmitter {
public:
  AttendEmitter(attention::AttendOp op, Isa isa)
      : op(op), isFast(op.getNumerics() == attention::Numerics::fast), isa(isa),
        headSize(cast<MemRefType>(op.getQ().getType()).getDimSize(2)) {}

  void emit(ImplicitLocOpBuilder &b) {
    coded = codedStateOf(b, op);
    if (coded) {
      auto type = MemRefType::get({kBlock, headSize}, b.getF32Type());
      decodedKeys = memref::AllocOp::create(b, type);
      decodedValues = memref::AllocOp::create(b, type);
    }
    scores = memref::AllocOp::create(b, MemRefType::get({kBlock}, b.getF32Type()));
    partials = memref::AllocOp::create(b, MemRefType::get({kLanes, headSize}, b.getF32Type()));
    OpFoldResult rowCount = extentOf(b, op.getQ(), 0);
    if (getConstantIntValue(rowCount) != 1) {
      emitRowBlocks(b, asValue(b, rowCount));
      return;
    }
    emitOneRow(b);
  }

private:
  attention::AttendOp op;
  bool isFast;
  Isa isa;
  int64_t headSize;
  Value scores, partials;        // of a block: 64 scores, then probabilities; 16 partial sums of values
  Value transposed;              // headSize x 64: a block of keys
  Value maxima, sums;            // of the rows of a block, or the heads of a group
  Value row, head, keys, values; // of the head in work; keys and values are slabs
  std::optional<CodedState> coded;
  Value decodedKeys, decodedValues; // 64 x headSize: the block in work, of a state of codes

  Value minus(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  VectorType lanes(ImplicitLocOpBuilder &b) { return VectorType::get({kLanes}, b.getF32Type()); }

  /// Walks along the head's elements.
  void forElements(ImplicitLocOpBuilder &b, function_ref<void(ImplicitLocOpBuilder &, const Chunk &)> body) {
    emitChunks(b, b.getIndexAttr(headSize), kLanes, {},
               [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
                 body(inner, chunk);
                 return SmallVector<Value>();
               });
  }

  void selectSlabs(ImplicitLocOpBuilder &b) {
    Value kvHead = arith::DivUIOp::create(b, arith::AddIOp::create(b, op.getHead(), head),
                                          constantIndex(b, op.getHeadsPerGroup()));
    int64_t heads = *op.getHeads();
    keys = emitKeySlab(b, op.getLayer(), heads, kvHead);
    values = arith::AddIOp::create(b, keys, constantIndex(b, heads));
  }

  /// The keys that a row sees.
  VisibleKeys keysOfRow(ImplicitLocOpBuilder &b, Value at) {
    Value position = arith::AddIOp::create(b, op.getPast(), at);
    return visibleKeys(b, op, position, position);
  }

  /// Decodes the keys and values of a block, those below its end.
  void decodeBlock(ImplicitLocOpBuilder &b, const KeyBlock &block, Value boundary) {
    if (coded) {
      Value here = arith::MinSIOp::create(b, minus(b, block.end, block.base), constantIndex(b, kBlock));
      coded->emitDecode(b, /*keys=*/true, keys, block.base, here, boundary, decodedKeys);
      coded->emitDecode(b, /*keys=*/false, values, block.base, here, boundary, decodedValues);
    }
  }

  /// Elements of key or value j of a block.
  Value keyAt(ImplicitLocOpBuilder &b, const Chunk &chunk, Value block, Value j, Value d) {
    return elementsAt(b, chunk, keys, decodedKeys, block, j, d);
  }
  Value valueAt(ImplicitLocOpBuilder &b, const Chunk &chunk, Value block, Value j, Value d) {
    return elementsAt(b, chunk, values, decodedValues, block, j, d);
  }
  Value elementsAt(ImplicitLocOpBuilder &b, const Chunk &chunk, Value slab, Value decoded, Value block,
                   Value j, Value d) {
    return coded ? loadChunk(b, chunk, decoded, {j, d})
                 : loadState(b, chunk, op.getState(), {slab, arith::AddIOp::create(b, block, j), d});
  }

  void clearResult(ImplicitLocOpBuilder &b) {
    forElements(b, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk) {
      Value nothing = constantF32(inner, chunk.typeOf(inner.getF32Type()), 0.0f);
      storeChunk(inner, chunk, nothing, op.getInit(), {row, head, chunk.base});
    });
  }

  void divideResult(ImplicitLocOpBuilder &b, Value sum) {
    forElements(b, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk) {
      SmallVector<Value> place{row, head, chunk.base};
      Value o = loadChunk(inner, chunk, op.getInit(), place);
      o = arith::DivFOp::create(inner, o, splat(inner, chunk, sum));
      storeChunk(inner, chunk, o, op.getInit(), place);
    });
  }

  /// Blocks of rows: each goes through the keys once.
  void emitRowBlocks(ImplicitLocOpBuilder &b, Value rowCount) {
    transposed = memref::AllocOp::create(b, MemRefType::get({headSize, kBlock}, b.getF32Type()));
    maxima = memref::AllocOp::create(b, MemRefType::get({kBlock}, b.getF32Type()));
    sums = memref::AllocOp::create(b, MemRefType::get({kBlock}, b.getF32Type()));
    Value zero = constantIndex(b, 0);
    auto loop = [](ImplicitLocOpBuilder &at, Value from, Value to, int64_t step,
                   function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
      emitFor(at, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
        body(inner, iv);
        return SmallVector<Value>();
      });
    };
    emitLoop(b, extentOf(b, op.getQ(), 1), [&](ImplicitLocOpBuilder &heads, Value oneHead) {
      head = oneHead;
      selectSlabs(heads);
      forRowsAlike(
          heads, op, rowCount, [&](ImplicitLocOpBuilder &alike, Value fromRow, Value toRow, Value boundary) {
            loop(alike, fromRow, toRow, kBlock, [&](ImplicitLocOpBuilder &inner, Value firstRow) {
              Value rows =
                  arith::MinUIOp::create(inner, minus(inner, toRow, firstRow), constantIndex(inner, kBlock));
              auto forRows = [&](ImplicitLocOpBuilder &at,
                                 function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
                loop(at, zero, rows, 1, [&](ImplicitLocOpBuilder &nested, Value r) {
                  row = arith::AddIOp::create(nested, firstRow, r);
                  body(nested, r);
                });
              };
              forRows(inner, [&](ImplicitLocOpBuilder &nested, Value r) {
                clearResult(nested);
                Value lowest =
                    constantF32(nested, nested.getF32Type(), -std::numeric_limits<float>::infinity());
                memref::StoreOp::create(nested, lowest, maxima, r);
                memref::StoreOp::create(nested, constantF32(nested, nested.getF32Type(), 0.0f), sums, r);
              });
              Value begin = arith::AddIOp::create(inner, op.getPast(), firstRow);
              Value last = addIndex(inner, arith::AddIOp::create(inner, begin, rows), -1);
              forKeyBlocks(inner, visibleKeys(inner, op, begin, last), kBlock, kBlock,
                           [&](ImplicitLocOpBuilder &blocks, const KeyBlock &block) {
                             decodeBlock(blocks, block, boundary);
                             emitTransposition(blocks, block);
                             forRows(blocks, [&](ImplicitLocOpBuilder &nested, Value r) {
                               emitRowOfBlock(nested, block, r);
                             });
                           });
              forRows(inner, [&](ImplicitLocOpBuilder &nested, Value r) {
                divideResult(nested, memref::LoadOp::create(nested, sums, r));
              });
            });
          });
    });
  }

  /// The block's keys up to its end; what lies beyond is masked wherever it is used.
  void emitTransposition(ImplicitLocOpBuilder &b, const KeyBlock &span) {
    Value block = span.base;
    Value keysHere = arith::MinUIOp::create(b, minus(b, span.end, block), constantIndex(b, kBlock));
    Value single = constantIndex(b, 0);
    if (headSize % kLanes == 0) {
      single = minus(b, keysHere, arith::RemUIOp::create(b, keysHere, constantIndex(b, kLanes)));
      emitFor(b, constantIndex(b, 0), single, kLanes, {},
              [&](ImplicitLocOpBuilder &inner, Value j, ValueRange) {
                emitSquares(inner, block, j);
                return SmallVector<Value>();
              });
    }
    emitFor(b, single, keysHere, 1, {}, [&](ImplicitLocOpBuilder &inner, Value j, ValueRange) {
      emitLoop(inner, inner.getIndexAttr(headSize), [&](ImplicitLocOpBuilder &element, Value d) {
        Chunk single;
        single.scalar = true;
        Value x = keyAt(element, single, block, j, d);
        memref::StoreOp::create(element, x, transposed, ValueRange{d, j});
      });
      return SmallVector<Value>();
    });
  }

  /// The 16 keys from `j` of the block on, in squares of 16 x 16.
  void emitSquares(ImplicitLocOpBuilder &b, Value block, Value j) {
    emitFor(b, constantIndex(b, 0), constantIndex(b, headSize), kLanes, {},
            [&](ImplicitLocOpBuilder &inner, Value d, ValueRange) {
              SmallVector<Value> square;
              for (int64_t i = 0; i < kLanes; ++i) {
                square.push_back(keyAt(inner, Chunk(), block, addIndex(inner, j, i), d));
              }
              transposeSquare(inner, square);
              for (auto [i, column] : llvm::enumerate(square)) {
                Value line = arith::AddIOp::create(inner, d, constantIndex(inner, static_cast<int64_t>(i)));
                vector::StoreOp::create(inner, column, transposed, ValueRange{line, j});
              }
              return SmallVector<Value>();
            });
  }

  /// One row of a block of rows and a block of keys, if it sees any of them.
  void emitRowOfBlock(ImplicitLocOpBuilder &b, const KeyBlock &block, Value r) {
    auto [from, to] = keysOfBlock(b, keysOfRow(b, row), block, kBlock);
    Value sees = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, from, to);
    scf::IfOp::create(b, sees, [&, from = from, to = to](OpBuilder &nested, Location loc) {
      ImplicitLocOpBuilder inner(loc, nested);
      emitTransposedScores(inner, from, to);
      emitSoftmax(inner, block.base, from, to, r);
      scf::YieldOp::create(inner);
    });
  }

  /// R(q_d * k_jd) for 64 keys j, a vector of 16 keys at a time: the tree runs over whole vectors.
  void emitTransposedScores(ImplicitLocOpBuilder &b, Value from, Value to) {
    Value scale = vector::BroadcastOp::create(b, lanes(b), arith::ConstantOp::create(b, op.getScaleAttr()));
    Value masked = constantF32(b, lanes(b), -std::numeric_limits<float>::infinity());
    SmallVector<Value> dots = isFast ? emitDots(b) : emitDotTree(b, 0, 1);
    auto maskTo = [&](Value limit, int64_t at) -> Value {
      Value rest = arith::SubIOp::create(b, limit, constantIndex(b, at));
      return vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
    };
    for (int64_t at = 0; at < kBlock; at += kLanes) {
      Value score = arith::MulFOp::create(b, scale, dots[at / kLanes]);
      score = arith::SelectOp::create(b, maskTo(to, at), score, masked);
      score = arith::SelectOp::create(b, maskTo(from, at), masked, score);
      vector::StoreOp::create(b, score, scores, constantIndex(b, at));
    }
  }

  /// q_d * k_jd summed over d in order, for 64 keys j.
  SmallVector<Value> emitDots(ImplicitLocOpBuilder &b) {
    SmallVector<Value> sums(kBlock / kLanes, constantF32(b, lanes(b), 0.0f));
    return emitScalars(b, b.getIndexAttr(headSize), sums,
                       [&](ImplicitLocOpBuilder &inner, const Chunk &d, ValueRange carried) {
                         Value q = memref::LoadOp::create(inner, op.getQ(), ValueRange{row, head, d.base});
                         q = vector::BroadcastOp::create(inner, lanes(inner), q);
                         SmallVector<Value> next;
                         for (auto [index, sum] : llvm::enumerate(carried)) {
                           Value at = constantIndex(inner, static_cast<int64_t>(index) * kLanes);
                           Value k = vector::LoadOp::create(inner, lanes(inner), transposed,
                                                            ValueRange{d.base, at});
                           next.push_back(multiplyAdd(inner, isa, q, k, sum));
                         }
                         return next;
                       });
  }

  /// As emitTree, for the dot products of 64 keys. Partial sums that stay empty are left out.
  SmallVector<Value> emitDotTree(ImplicitLocOpBuilder &b, int64_t lane, int64_t step) {
    if (step == kLanes) {
      SmallVector<Value> partial(kBlock / kLanes, constantF32(b, lanes(b), 0.0f));
      for (int64_t d = lane; d < headSize; d += kLanes) {
        Value element = constantIndex(b, d);
        Value q = vector::BroadcastOp::create(
            b, lanes(b), memref::LoadOp::create(b, op.getQ(), ValueRange{row, head, element}));
        for (auto [index, sum] : llvm::enumerate(partial)) {
          Value k = vector::LoadOp::create(b, lanes(b), transposed,
                                           ValueRange{element, constantIndex(b, index * kLanes)});
          sum = emitSum(b, sum, arith::MulFOp::create(b, q, k));
        }
      }
      return partial;
    }
    SmallVector<Value> left = emitDotTree(b, lane, step * 2);
    if (lane + step < headSize) {
      for (auto [x, y] : llvm::zip_equal(left, emitDotTree(b, lane + step, step * 2))) {
        x = emitSum(b, x, y);
      }
    }
    return left;
  }

  /// The heads that share keys go through them together: a block comes from memory once.
  void emitOneRow(ImplicitLocOpBuilder &b) {
    maxima = memref::AllocOp::create(b, MemRefType::get({headsOfGroup(op)}, b.getF32Type()));
    sums = memref::AllocOp::create(b, MemRefType::get({headsOfGroup(op)}, b.getF32Type()));
    row = constantIndex(b, 0);
    forHeadGroups(b, op, [&](ImplicitLocOpBuilder &group, Value slab, Value firstHead, Value lastHead) {
      keys = slab;
      values = addIndex(group, keys, *op.getHeads());
      auto forHeads = [&](ImplicitLocOpBuilder &at, function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
        emitFor(at, firstHead, lastHead, 1, {}, [&](ImplicitLocOpBuilder &inner, Value one, ValueRange) {
          head = one;
          body(inner, minus(inner, one, firstHead));
          return SmallVector<Value>();
        });
      };
      forHeads(group, [&](ImplicitLocOpBuilder &inner, Value number) {
        clearResult(inner);
        Value lowest = constantF32(inner, inner.getF32Type(), -std::numeric_limits<float>::infinity());
        memref::StoreOp::create(inner, lowest, maxima, number);
        memref::StoreOp::create(inner, constantF32(inner, inner.getF32Type(), 0.0f), sums, number);
      });
      VisibleKeys seen = keysOfRow(group, row);
      Value boundary = coded ? coded->boundaryOf(group, op.getPast()) : Value();
      forKeyBlocks(group, seen, kBlock, kBlock, [&](ImplicitLocOpBuilder &blocks, const KeyBlock &block) {
        auto [from, to] = keysOfBlock(blocks, seen, block, kBlock);
        decodeBlock(blocks, block, boundary);
        forHeads(blocks, [&, from = from, to = to](ImplicitLocOpBuilder &inner, Value number) {
          emitScores(inner, block.base, from, to);
          emitSoftmax(inner, block.base, from, to, number);
        });
      });
      forHeads(group, [&](ImplicitLocOpBuilder &inner, Value number) {
        divideResult(inner, memref::LoadOp::create(inner, sums, number));
      });
    });
  }

  /// The rest of a block whose scores stand in `scores`; `place` is that of the maximum and sum so far.
  void emitSoftmax(ImplicitLocOpBuilder &b, Value block, Value from, Value to, Value place) {
    emitScoreCap(b, op, scores, from, to);
    Value maximum = memref::LoadOp::create(b, maxima, place), sum = memref::LoadOp::create(b, sums, place);
    Value highest = loadScores(b, 0);
    for (int64_t at = kLanes; at < kBlock; at += kLanes) {
      highest = arith::MaximumFOp::create(b, highest, loadScores(b, at));
    }
    // A maximum does not depend on the order.
    highest = reduceTree(b, highest, [&](Value x, Value y) { return arith::MaximumFOp::create(b, x, y); });
    Value next = arith::MaximumFOp::create(b, maximum, highest);

    MathBuilder scalar(b, b.getF32Type()), vector(b, lanes(b));
    auto power = [](MathBuilder &m, Value x, Value base) {
      return numerics::exp2(m, m.mul(m.sub(x, base), m.constant(numerics::kLog2E)));
    };
    Value decay = power(scalar, maximum, next);
    Value nexts = vector::BroadcastOp::create(b, lanes(b), next);
    Value partial = constantF32(b, lanes(b), 0.0f);
    for (int64_t at = 0; at < kBlock; at += kLanes) {
      Value p = power(vector, loadScores(b, at), nexts);
      vector::StoreOp::create(b, p, scores, constantIndex(b, at));
      partial = emitSum(b, partial, p);
    }
    Value total = reduceTree(b, partial, [&](Value x, Value y) { return emitSum(b, x, y); });
    sum = scalar.add(scalar.mul(sum, decay), total);
    memref::StoreOp::create(b, next, maxima, place);
    memref::StoreOp::create(b, sum, sums, place);
    emitValues(b, block, from, to, decay);
  }

  Value loadScores(ImplicitLocOpBuilder &b, int64_t at) {
    return vector::LoadOp::create(b, lanes(b), scores, constantIndex(b, at));
  }

  void emitScores(ImplicitLocOpBuilder &b, Value block, Value from, Value to) {
    Value masked = constantF32(b, lanes(b), -std::numeric_limits<float>::infinity());
    for (int64_t at = 0; at < kBlock; at += kLanes) {
      vector::StoreOp::create(b, masked, scores, constantIndex(b, at));
    }
    emitFor(b, from, to, 1, {}, [&](ImplicitLocOpBuilder &inner, Value j, ValueRange) {
      Value scale = arith::ConstantOp::create(inner, op.getScaleAttr());
      Value score = arith::MulFOp::create(inner, scale, emitDot(inner, block, j));
      memref::StoreOp::create(inner, score, scores, j);
      return SmallVector<Value>();
    });
  }

  /// R(q_d * k_d). Partial sums that stay empty are +0, which changes no other: short heads leave them out.
  Value emitDot(ImplicitLocOpBuilder &b, Value block, Value j) {
    int64_t width = std::min<int64_t>(kLanes, llvm::PowerOf2Ceil(headSize));
    Value partial = constantF32(b, VectorType::get({width}, b.getF32Type()), 0.0f);
    partial = emitChunks(b, b.getIndexAttr(headSize), width, partial,
                         [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange carried) {
                           Value q = loadChunk(inner, chunk, op.getQ(), {row, head, chunk.base});
                           Value k = keyAt(inner, chunk, block, j, chunk.base);
                           if (isFast) {
                             q = widen(inner, q, inner.getF32FloatAttr(0.0f), width);
                             k = widen(inner, k, inner.getF32FloatAttr(0.0f), width);
                             return SmallVector<Value>{multiplyAdd(inner, isa, q, k, carried[0])};
                           }
                           Value product = arith::MulFOp::create(inner, q, k);
                           product = widen(inner, product, inner.getF32FloatAttr(-0.0f), width);
                           return SmallVector<Value>{emitSum(inner, carried[0], product)};
                         })[0];
    return reduceTree(b, partial, [&](Value x, Value y) { return emitSum(b, x, y); });
  }

  /// o = o * decay + R_j(p_j * v_j)
  void emitValues(ImplicitLocOpBuilder &b, Value block, Value from, Value to, Value decay) {
    if (isFast) {
      emitValuesInOrder(b, block, from, to, decay);
      return;
    }
    Value whole =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, minus(b, to, from), constantIndex(b, kBlock));
    scf::IfOp::create(
        b, whole,
        [&](OpBuilder &nested, Location loc) {
          ImplicitLocOpBuilder inner(loc, nested);
          forElements(inner, [&](ImplicitLocOpBuilder &element, const Chunk &chunk) {
            accumulate(element, chunk, decay,
                       [&](int64_t lane) { return emitWholeLane(element, chunk, block, lane); });
          });
          scf::YieldOp::create(inner);
        },
        [&](OpBuilder &nested, Location loc) {
          ImplicitLocOpBuilder inner(loc, nested);
          emitPartials(inner, block, from, to);
          forElements(inner, [&](ImplicitLocOpBuilder &element, const Chunk &chunk) {
            accumulate(element, chunk, decay, [&](int64_t lane) {
              return loadChunk(element, chunk, partials, {constantIndex(element, lane), chunk.base});
            });
          });
          scf::YieldOp::create(inner);
        });
  }

  /// o = o * decay, then o += p_j * v_j for one key after the other; several vectors of o at a time.
  void emitValuesInOrder(ImplicitLocOpBuilder &b, Value block, Value from, Value to, Value decay) {
    constexpr int64_t together = 4;
    for (int64_t d = 0; d < headSize; d += together * kLanes) {
      SmallVector<Chunk> chunks;
      SmallVector<Value> sums;
      for (int64_t at = d; at < std::min(headSize, d + together * kLanes); at += kLanes) {
        Chunk chunk;
        chunk.base = constantIndex(b, at);
        chunk.lanes = std::min(headSize - at, kLanes);
        Value o = loadChunk(b, chunk, op.getInit(), {row, head, chunk.base});
        sums.push_back(arith::MulFOp::create(b, o, splat(b, chunk, decay)));
        chunks.push_back(chunk);
      }
      sums = emitFor(b, from, to, 1, sums, [&](ImplicitLocOpBuilder &inner, Value j, ValueRange carried) {
        Value p = memref::LoadOp::create(inner, scores, j);
        SmallVector<Value> next;
        for (auto [chunk, sum] : llvm::zip_equal(chunks, carried)) {
          Value v = valueAt(inner, chunk, block, j, chunk.base);
          next.push_back(multiplyAdd(inner, isa, splat(inner, chunk, p), v, sum));
        }
        return next;
      });
      for (auto [chunk, sum] : llvm::zip_equal(chunks, sums)) {
        storeChunk(b, chunk, sum, op.getInit(), {row, head, chunk.base});
      }
    }
  }

  /// The tree over the 16 partial sums, depth first, and the update of o.
  void accumulate(ImplicitLocOpBuilder &b, const Chunk &chunk, Value decay,
                  function_ref<Value(int64_t)> partial) {
    Value sum = emitTree(b, 0, 1, partial);
    SmallVector<Value> place{row, head, chunk.base};
    Value o = loadChunk(b, chunk, op.getInit(), place);
    o = arith::MulFOp::create(b, o, splat(b, chunk, decay));
    storeChunk(b, chunk, emitSum(b, o, sum), op.getInit(), place);
  }

  /// What p_lane holds when the tree has come down to distance `step`: p_lane of step * 2, plus p_(lane +
  /// step).
  Value emitTree(ImplicitLocOpBuilder &b, int64_t lane, int64_t step, function_ref<Value(int64_t)> partial) {
    if (step == kLanes) {
      return partial(lane);
    }
    Value left = emitTree(b, lane, step * 2, partial);
    return emitSum(b, left, emitTree(b, lane + step, step * 2, partial));
  }

  Value emitProduct(ImplicitLocOpBuilder &b, const Chunk &chunk, Value block, Value j) {
    Value p = memref::LoadOp::create(b, scores, j);
    Value v = valueAt(b, chunk, block, j, chunk.base);
    return arith::MulFOp::create(b, splat(b, chunk, p), v);
  }

  /// p_lane of a block without masked keys.
  Value emitWholeLane(ImplicitLocOpBuilder &b, const Chunk &chunk, Value block, int64_t lane) {
    Value sum = constantF32(b, chunk.typeOf(b.getF32Type()), 0.0f);
    for (int64_t j = lane; j < kBlock; j += kLanes) {
      sum = emitSum(b, sum, emitProduct(b, chunk, block, constantIndex(b, j)));
    }
    return sum;
  }

  /// The partial sums of keys from .. to - 1, in memory.
  void emitPartials(ImplicitLocOpBuilder &b, Value block, Value from, Value to) {
    emitLoop(b, b.getIndexAttr(kLanes), [&](ImplicitLocOpBuilder &inner, Value lane) {
      forElements(inner, [&](ImplicitLocOpBuilder &element, const Chunk &chunk) {
        Value nothing = constantF32(element, chunk.typeOf(element.getF32Type()), 0.0f);
        storeChunk(element, chunk, nothing, partials, {lane, chunk.base});
      });
    });
    emitFor(b, from, to, 1, {}, [&](ImplicitLocOpBuilder &inner, Value j, ValueRange) {
      Value lane = arith::RemUIOp::create(inner, j, constantIndex(inner, kLanes));
      forElements(inner, [&](ImplicitLocOpBuilder &element, const Chunk &chunk) {
        Value sum = loadChunk(element, chunk, partials, {lane, chunk.base});
        sum = emitSum(element, sum, emitProduct(element, chunk, block, j));
        storeChunk(element, chunk, sum, partials, {lane, chunk.base});
      });
      return SmallVector<Value>();
    });
  }
};

} // namespace

void emitAttend(ImplicitLocOpBuilder &b, attention::AttendOp op, Isa isa) {
  // Converting keys and values pays where several rows or heads share them.
  bool isShared = cast<MemRefType>(op.getQ().getType()).getDimSize(0) != 1 || headsOfGroup(op) > 1;
  if (op.getNumerics() == attention::Numerics::fast && isa == Isa::Amx && isShared) {
    emitMatrixUnitAttend(b, op);
    return;
  }
  AttendEmitter(op, isa).emit(b);
}

} // namespace coopt
