//===- ExpandToReference.cpp - Attention ops as their definitions -----------===//
#include "dialects/Attention/Transforms/ExpandToReference.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Attention/Transforms/ExpandCoded.h"
#include "dialects/Model/IR/ReferenceBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace coopt;
using namespace coopt::attention;
using coopt::model::emitLoop;
using coopt::model::emitReduction;
using coopt::model::indexConstant;
using coopt::model::RowReduction;

namespace {

/// Keys per block, part of the definition of fixed attention.
constexpr int64_t kBlock = 64;
/// log2(e) in binary32.
constexpr float kLog2E = 0x1.715476p+0f;

Value floatConstant(ImplicitLocOpBuilder &builder, float value) {
  return arith::ConstantOp::create(builder, builder.getF32FloatAttr(value));
}

Value emptyTensor(ImplicitLocOpBuilder &builder, int64_t elements, float value) {
  return tensor::SplatOp::create(builder, floatConstant(builder, value),
                                 RankedTensorType::get({elements}, builder.getF32Type()));
}

/// exp2((a - b) * L)
Value emitExponential(ImplicitLocOpBuilder &builder, Value a, Value b) {
  Value difference = arith::SubFOp::create(builder, a, b);
  return math::Exp2Op::create(builder,
                              arith::MulFOp::create(builder, difference, floatConstant(builder, kLog2E)));
}

/// One query row of one head. The names are those of the op's description.
struct RowAttention {
  AttendOp op;
  Value row, head, kvHead; // the row and head in q
  /// The visible keys are begin .. end - 1, and before them 0 .. sinks - 1 (null without such).
  Value begin, end, sinks;
  Value zero, headSize;
  Value query; // its position, where the state has a residual

  Value readState(ImplicitLocOpBuilder &builder, Part part, Value position, Value d) {
    return ReadOp::create(builder, builder.getF32Type(), part, op.getState(), kvHead, position, d, query,
                          op.getLayer(), op.getHeadsAttr(), op.getStoredAttr(), codedSize());
  }

  /// The head size, with a buffer of codes.
  IntegerAttr codedSize() {
    return op.getStoredAttr()
               ? IntegerAttr::get(op.getLayerAttr().getType(), op.getQ().getType().getDimSize(2))
               : IntegerAttr();
  }

  /// scale * R(q_d * k_jd), capped
  Value emitScore(ImplicitLocOpBuilder &builder, Value position) {
    Value dot =
        emitReduction(builder, RowReduction::sum, zero, headSize, [&](ImplicitLocOpBuilder &b, Value d) {
          Value q = tensor::ExtractOp::create(b, op.getQ(), ValueRange{row, head, d});
          return Value(arith::MulFOp::create(b, q, readState(b, Part::key, position, d)));
        });
    Value score = arith::MulFOp::create(builder, floatConstant(builder, op.getScale().convertToFloat()), dot);
    if (!op.getCap()) {
      return score;
    }
    Value cap = floatConstant(builder, op.getCap()->convertToFloat());
    Value part = math::TanhOp::create(builder, arith::DivFOp::create(builder, score, cap));
    return arith::MulFOp::create(builder, cap, part);
  }

  /// The keys from .. to - 1 of the block whose first key is `base`; {m, l, o} before and after them.
  SmallVector<Value> emitBlock(ImplicitLocOpBuilder &builder, Value from, Value to, Value base,
                               ValueRange carried) {
    Value m = carried[0], l = carried[1], o = carried[2];
    // The visible keys of the block, counted from its start.
    Value first = arith::SubIOp::create(builder, arith::MaxSIOp::create(builder, from, base), base);
    Value past = arith::AddIOp::create(builder, base, indexConstant(builder, kBlock));
    Value last = arith::SubIOp::create(builder, arith::MinSIOp::create(builder, to, past), base);

    Value scores = emitLoop(builder, first, last, emptyTensor(builder, kBlock, 0),
                            [&](ImplicitLocOpBuilder &b, Value j, Value s) {
                              Value score = emitScore(b, arith::AddIOp::create(b, base, j));
                              return Value(tensor::InsertOp::create(b, score, s, j));
                            });
    Value newM = emitLoop(builder, first, last, m, [&](ImplicitLocOpBuilder &b, Value j, Value most) {
      return Value(arith::MaximumFOp::create(b, most, tensor::ExtractOp::create(b, scores, j)));
    });
    Value decay = emitExponential(builder, m, newM);
    Value weights = emitLoop(builder, first, last, emptyTensor(builder, kBlock, 0),
                             [&](ImplicitLocOpBuilder &b, Value j, Value p) {
                               Value weight =
                                   emitExponential(b, tensor::ExtractOp::create(b, scores, j), newM);
                               return Value(tensor::InsertOp::create(b, weight, p, j));
                             });
    Value sum = emitReduction(builder, RowReduction::sum, first, last, [&](ImplicitLocOpBuilder &b, Value j) {
      return Value(tensor::ExtractOp::create(b, weights, j));
    });
    Value newL = arith::AddFOp::create(builder, arith::MulFOp::create(builder, l, decay), sum);
    Value newO = emitLoop(builder, zero, headSize, o, [&](ImplicitLocOpBuilder &b, Value d, Value out) {
      Value values =
          emitReduction(b, RowReduction::sum, first, last, [&](ImplicitLocOpBuilder &inner, Value j) {
            Value value = readState(inner, Part::value, arith::AddIOp::create(inner, base, j), d);
            return Value(arith::MulFOp::create(inner, tensor::ExtractOp::create(inner, weights, j), value));
          });
      Value old = tensor::ExtractOp::create(b, out, d);
      Value next = arith::AddFOp::create(b, arith::MulFOp::create(b, old, decay), values);
      return Value(tensor::InsertOp::create(b, next, out, d));
    });
    return {newM, newL, newO};
  }

  /// The fast attention has no order of its own: the scores, their softmax, the sum of values.
  Value emitTwoPasses(ImplicitLocOpBuilder &builder, Value result) {
    Value count = arith::SubIOp::create(builder, end, begin);
    if (sinks) {
      count = arith::AddIOp::create(builder, count, sinks);
    }
    auto keyOf = [&](ImplicitLocOpBuilder &b, Value j) -> Value {
      Value key = arith::AddIOp::create(b, begin, j);
      if (!sinks) {
        return key;
      }
      Value isSink = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, j, sinks);
      return arith::SelectOp::create(b, isSink, j, arith::SubIOp::create(b, key, sinks));
    };
    Value space = tensor::EmptyOp::create(builder, ArrayRef<OpFoldResult>{count}, builder.getF32Type());
    Value scores = emitLoop(builder, zero, count, space, [&](ImplicitLocOpBuilder &b, Value j, Value s) {
      Value score = emitScore(b, keyOf(b, j));
      return Value(tensor::InsertOp::create(b, score, s, j));
    });
    Value lowest = floatConstant(builder, -std::numeric_limits<float>::infinity());
    Value most = emitLoop(builder, zero, count, lowest, [&](ImplicitLocOpBuilder &b, Value j, Value m) {
      return Value(arith::MaximumFOp::create(b, m, tensor::ExtractOp::create(b, scores, j)));
    });
    Value weights = emitLoop(builder, zero, count, scores, [&](ImplicitLocOpBuilder &b, Value j, Value p) {
      Value weight = emitExponential(b, tensor::ExtractOp::create(b, p, j), most);
      return Value(tensor::InsertOp::create(b, weight, p, j));
    });
    auto sumOf = [&](ImplicitLocOpBuilder &at, function_ref<Value(ImplicitLocOpBuilder &, Value)> term) {
      return emitReduction(at, RowReduction::sum, zero, count, term);
    };
    Value sum = sumOf(builder, [&](ImplicitLocOpBuilder &b, Value j) {
      return Value(tensor::ExtractOp::create(b, weights, j));
    });
    return emitLoop(builder, zero, headSize, result, [&](ImplicitLocOpBuilder &b, Value d, Value carried) {
      Value o = sumOf(b, [&](ImplicitLocOpBuilder &inner, Value j) {
        Value value = readState(inner, Part::value, keyOf(inner, j), d);
        return Value(arith::MulFOp::create(inner, tensor::ExtractOp::create(inner, weights, j), value));
      });
      Value quotient = arith::DivFOp::create(b, o, sum);
      return Value(tensor::InsertOp::create(b, quotient, carried, ValueRange{row, head, d}));
    });
  }

  /// {m, l, o} before and after the keys from .. to - 1.
  SmallVector<Value> emitBlocks(ImplicitLocOpBuilder &builder, Value from, Value to, ValueRange carried) {
    Value block = indexConstant(builder, kBlock);
    Value start = arith::SubIOp::create(builder, from, arith::RemUIOp::create(builder, from, block));
    auto blocks = scf::ForOp::create(builder, start, to, block, carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(blocks.getBody());
    scf::YieldOp::create(builder,
                         emitBlock(builder, from, to, blocks.getInductionVar(), blocks.getRegionIterArgs()));
    return blocks.getResults();
  }

  /// The row's result in `result`.
  Value emit(ImplicitLocOpBuilder &builder, Value result) {
    int64_t size = op.getQ().getType().getDimSize(2);
    SmallVector<Value> sums = {floatConstant(builder, -std::numeric_limits<float>::infinity()),
                               floatConstant(builder, 0), emptyTensor(builder, size, 0)};
    if (sinks) {
      sums = emitBlocks(builder, zero, sinks, sums);
    }
    sums = emitBlocks(builder, begin, end, sums);
    Value l = sums[1], o = sums[2];
    return emitLoop(builder, zero, headSize, result, [&](ImplicitLocOpBuilder &b, Value d, Value carried) {
      Value quotient = arith::DivFOp::create(b, tensor::ExtractOp::create(b, o, d), l);
      return Value(tensor::InsertOp::create(b, quotient, carried, ValueRange{row, head, d}));
    });
  }
};

struct ExpandAttend : public OpRewritePattern<AttendOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttendOp op, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getQ().getType())) {
      return rewriter.notifyMatchFailure(op, "in memref form: references are expanded on tensors");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value zero = indexConstant(builder, 0), one = indexConstant(builder, 1);
    Value headSize = indexConstant(builder, op.getQ().getType().getDimSize(2));
    Value perGroup = indexConstant(builder, op.getHeadsPerGroup());
    Value result = model::emitLoopNest(
        builder, op.getInit(), 2, [&](ImplicitLocOpBuilder &b, ValueRange indices, Value carried) {
          Value position = arith::AddIOp::create(b, op.getPast(), indices[0]);
          Value end = arith::AddIOp::create(b, position, one);
          Value begin = zero, sinks;
          if (op.getWindow()) {
            Value first = arith::SubIOp::create(b, end, indexConstant(b, *op.getWindow()));
            begin = arith::MaxSIOp::create(b, zero, first);
          }
          if (op.getSinks()) {
            sinks = indexConstant(b, *op.getSinks());
            Value reaches = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, begin, sinks);
            begin = arith::SelectOp::create(b, reaches, zero, begin);
            sinks = arith::SelectOp::create(b, reaches, zero, sinks);
          }
          Value head = arith::AddIOp::create(b, op.getHead(), indices[1]);
          Value kvHead = arith::DivUIOp::create(b, head, perGroup);
          RowAttention attention{op, indices[0], indices[1], kvHead, begin, end, sinks, zero, headSize, {}};
          if (CodedType coded = op.getCoded(); coded && coded.getResidual() > 0) {
            attention.query = position;
          }
          return op.getNumerics() == Numerics::fast ? attention.emitTwoPasses(b, carried)
                                                    : attention.emit(b, carried);
        });
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// The slab of a buffer that holds the keys or values of a head.
Value emitSlab(ImplicitLocOpBuilder &builder, int64_t layer, Part part, int64_t heads, Value head) {
  int64_t first = (layer * 2 + (part == Part::key ? 0 : 1)) * heads;
  return arith::AddIOp::create(builder, indexConstant(builder, first), head);
}

struct ExpandRead : public OpRewritePattern<ReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReadOp op, PatternRewriter &rewriter) const override {
    if (!isa<MemRefType>(op.getState().getType())) {
      return rewriter.notifyMatchFailure(op, "reads a state value");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value slab = emitSlab(builder, op.getLayer(), op.getPart(), *op.getHeads(), op.getHead());
    if (op.getCoded()) {
      rewriter.replaceOp(op, expandCodedRead(builder, op, slab));
      return success();
    }
    Value element =
        memref::LoadOp::create(builder, op.getState(), ValueRange{slab, op.getPosition(), op.getD()});
    if (element.getType() != op.getType()) {
      element = arith::ExtFOp::create(builder, op.getType(), element);
    }
    rewriter.replaceOp(op, element);
    return success();
  }
};

struct ExpandAppend : public OpRewritePattern<AppendOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AppendOp op, PatternRewriter &rewriter) const override {
    if (!isa<MemRefType>(op.getState().getType()) || !isa<RankedTensorType>(op.getKeys().getType())) {
      return rewriter.notifyMatchFailure(op, "appends to a state value, or is in memref form");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    ShapedType type = op.getKeys().getType();
    Value zero = indexConstant(builder, 0), one = indexConstant(builder, 1);
    if (op.getCoded()) {
      int64_t heads = type.getDimSize(1);
      auto loop = scf::ForOp::create(builder, zero, indexConstant(builder, heads), one);
      builder.setInsertionPointToStart(loop.getBody());
      Value head = loop.getInductionVar();
      expandCodedAppend(builder, op, head, emitSlab(builder, op.getLayer(), Part::key, heads, head),
                        emitSlab(builder, op.getLayer(), Part::value, heads, head));
      rewriter.eraseOp(op);
      return success();
    }
    SmallVector<Value> ends = {tensor::DimOp::create(builder, op.getKeys(), 0),
                               indexConstant(builder, type.getDimSize(1)),
                               indexConstant(builder, type.getDimSize(2))};
    Type stored = cast<MemRefType>(op.getState().getType()).getElementType();
    SmallVector<Value> indices;
    for (Value end : ends) {
      auto loop = scf::ForOp::create(builder, zero, end, one);
      builder.setInsertionPointToStart(loop.getBody());
      indices.push_back(loop.getInductionVar());
    }
    Value position = arith::AddIOp::create(builder, op.getPast(), indices[0]);
    for (Part part : {Part::key, Part::value}) {
      Value slab = emitSlab(builder, op.getLayer(), part, type.getDimSize(1), indices[1]);
      Value element =
          tensor::ExtractOp::create(builder, part == Part::key ? op.getKeys() : op.getValues(), indices);
      if (element.getType() != stored) {
        element = arith::TruncFOp::create(builder, stored, element);
      }
      memref::StoreOp::create(builder, element, op.getState(), ValueRange{slab, position, indices[2]});
    }
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void attention::populateExpandToReferencePatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandAttend, ExpandRead, ExpandAppend>(patterns.getContext());
}
