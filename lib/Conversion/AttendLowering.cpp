//===- AttendLowering.cpp ---------------------------------------------------===//
//
// The fixed attention (coopt/Numerics/FixedAttention.h) of each row and head. Scores of masked keys are -inf:
// their probability is then +0, which leaves a partial sum as it is. Values of masked keys are never read.
//
//===----------------------------------------------------------------------===//
#include "AttendLowering.h"
#include "MathBuilder.h"
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

namespace {

Value emitSum(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, x, y); }

class AttendEmitter {
public:
  explicit AttendEmitter(attention::AttendOp op)
      : op(op), headSize(cast<MemRefType>(op.getQ().getType()).getDimSize(2)) {}

  void emit(ImplicitLocOpBuilder &b) {
    scores = memref::AllocOp::create(b, MemRefType::get({kBlock}, b.getF32Type()));
    partials = memref::AllocOp::create(b, MemRefType::get({kLanes, headSize}, b.getF32Type()));
    emitLoop(b, extentOf(b, op.getQ(), 0), [&](ImplicitLocOpBuilder &rows, Value row) {
      emitLoop(rows, extentOf(rows, op.getQ(), 1), [&](ImplicitLocOpBuilder &inner, Value head) {
        this->row = row;
        this->head = head;
        emitHead(inner);
      });
    });
  }

private:
  attention::AttendOp op;
  int64_t headSize;
  Value scores, partials;        // of a block: 64 scores, then probabilities; 16 partial sums of values
  Value row, head, keys, values; // of the head in work; keys and values are slabs

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

  void emitHead(ImplicitLocOpBuilder &b) {
    Value kvHead = arith::DivUIOp::create(b, arith::AddIOp::create(b, op.getHead(), head),
                                          constantIndex(b, op.getHeadsPerGroup()));
    int64_t heads = *op.getHeads();
    keys = emitKeySlab(b, op.getLayer(), heads, kvHead);
    values = arith::AddIOp::create(b, keys, constantIndex(b, heads));

    Value one = constantIndex(b, 1), zero = constantIndex(b, 0);
    Value count = arith::AddIOp::create(b, arith::AddIOp::create(b, op.getPast(), row), one);
    Value first = zero;
    if (std::optional<int64_t> window = op.getWindow()) {
      first = arith::MaxSIOp::create(b, minus(b, count, constantIndex(b, *window)), zero);
    }
    forElements(b, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk) {
      Value nothing = constantF32(inner, chunk.typeOf(inner.getF32Type()), 0.0f);
      storeChunk(inner, chunk, nothing, op.getInit(), {row, head, chunk.base});
    });
    Value firstBlock = minus(b, first, arith::RemUIOp::create(b, first, constantIndex(b, kBlock)));
    Value maximum = constantF32(b, b.getF32Type(), -std::numeric_limits<float>::infinity());
    Value sum = constantF32(b, b.getF32Type(), 0.0f);
    sum = emitFor(
        b, firstBlock, count, kBlock, {maximum, sum},
        [&](ImplicitLocOpBuilder &inner, Value block, ValueRange carried) {
          Value from = arith::MaxSIOp::create(inner, minus(inner, first, block), constantIndex(inner, 0));
          Value to = arith::MinSIOp::create(inner, minus(inner, count, block), constantIndex(inner, kBlock));
          return emitBlock(inner, block, from, to, carried[0], carried[1]);
        })[1];
    forElements(b, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk) {
      SmallVector<Value> place{row, head, chunk.base};
      Value o = loadChunk(inner, chunk, op.getInit(), place);
      o = arith::DivFOp::create(inner, o, splat(inner, chunk, sum));
      storeChunk(inner, chunk, o, op.getInit(), place);
    });
  }

  /// Keys block + from .. block + to - 1. Returns the new maximum and sum.
  SmallVector<Value> emitBlock(ImplicitLocOpBuilder &b, Value block, Value from, Value to, Value maximum,
                               Value sum) {
    emitScores(b, block, from, to);
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
    emitValues(b, block, from, to, decay);
    return {next, sum};
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
      Value key = arith::AddIOp::create(inner, block, j);
      Value scale = arith::ConstantOp::create(inner, op.getScaleAttr());
      Value score = arith::MulFOp::create(inner, scale, emitDot(inner, key));
      memref::StoreOp::create(inner, score, scores, j);
      return SmallVector<Value>();
    });
  }

  /// R(q_d * k_d). Partial sums that stay empty are +0, which changes no other: short heads leave them out.
  Value emitDot(ImplicitLocOpBuilder &b, Value key) {
    int64_t width = std::min<int64_t>(kLanes, llvm::PowerOf2Ceil(headSize));
    Value partial = constantF32(b, VectorType::get({width}, b.getF32Type()), 0.0f);
    partial = emitChunks(b, b.getIndexAttr(headSize), width, partial,
                         [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange carried) {
                           Value q = loadChunk(inner, chunk, op.getQ(), {row, head, chunk.base});
                           Value k = loadChunk(inner, chunk, op.getState(), {keys, key, chunk.base});
                           Value product = arith::MulFOp::create(inner, q, k);
                           product = widen(inner, product, inner.getF32FloatAttr(-0.0f), width);
                           return SmallVector<Value>{emitSum(inner, carried[0], product)};
                         })[0];
    return reduceTree(b, partial, [&](Value x, Value y) { return emitSum(b, x, y); });
  }

  /// o = o * decay + R_j(p_j * v_j)
  void emitValues(ImplicitLocOpBuilder &b, Value block, Value from, Value to, Value decay) {
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
    Value key = arith::AddIOp::create(b, block, j);
    Value v = loadChunk(b, chunk, op.getState(), {values, key, chunk.base});
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

void emitAttend(ImplicitLocOpBuilder &b, attention::AttendOp op) { AttendEmitter(op).emit(b); }

} // namespace coopt
