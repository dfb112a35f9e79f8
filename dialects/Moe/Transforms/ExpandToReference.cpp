//===- ExpandToReference.cpp - Moe ops as their definitions -----------------===//
#include "dialects/Model/IR/ReferenceBuilder.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Moe/Transforms/Patterns.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::moe;

namespace {

template <typename OpT>
LogicalResult failOnBuffers(OpT op, PatternRewriter &rewriter) {
  return rewriter.notifyMatchFailure(op, "in memref form: references are expanded on tensors");
}

struct ExpandLogits : OpRewritePattern<LogitsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LogitsOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return failOnBuffers(op, rewriter);
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value zero = model::indexConstant(builder, 0), depth = tensor::DimOp::create(builder, op.getX(), 1);
    rewriter.replaceOp(
        op,
        model::emitLoopNest(builder, op.getInit(), 2, [&](ImplicitLocOpBuilder &b, ValueRange at, Value y) {
          Value sum = model::emitReduction(
              b, model::RowReduction::sum, zero, depth, [&](ImplicitLocOpBuilder &inner, Value k) -> Value {
                Value x = tensor::ExtractOp::create(inner, op.getX(), ValueRange{at[0], k});
                Value w = tensor::ExtractOp::create(inner, op.getW(), ValueRange{at[1], k});
                return arith::MulFOp::create(inner, x, w);
              });
          return Value(tensor::InsertOp::create(b, sum, y, at));
        }));
    return success();
  }
};

struct ExpandCombine : OpRewritePattern<CombineOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CombineOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return failOnBuffers(op, rewriter);
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value slots = model::indexConstant(builder, op.getWeights().getType().getDimSize(1));
    Value zero = model::indexConstant(builder, 0), one = model::indexConstant(builder, 1);
    auto product = [&](ImplicitLocOpBuilder &b, ValueRange at, Value slot) -> Value {
      Value weight = tensor::ExtractOp::create(b, op.getWeights(), ValueRange{at[0], slot});
      Value place = tensor::ExtractOp::create(b, op.getPlaces(), ValueRange{at[0], slot});
      Value row = arith::IndexCastOp::create(b, b.getIndexType(), place);
      return arith::MulFOp::create(b, weight,
                                   tensor::ExtractOp::create(b, op.getY(), ValueRange{row, at[1]}));
    };
    rewriter.replaceOp(
        op,
        model::emitLoopNest(builder, op.getInit(), 2, [&](ImplicitLocOpBuilder &b, ValueRange at, Value out) {
          Value sum =
              model::emitLoop(b, one, slots, product(b, at, zero),
                              [&](ImplicitLocOpBuilder &inner, Value slot, Value carried) -> Value {
                                return arith::AddFOp::create(inner, carried, product(inner, at, slot));
                              });
          return Value(tensor::InsertOp::create(b, sum, out, at));
        }));
    return success();
  }
};

/// Where a segment and the rows of the op meet, as the contraction with one expert.
struct ExpandContract : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return failOnBuffers(op, rewriter);
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value zero = model::indexConstant(builder, 0);
    Value segments = tensor::DimOp::create(builder, op.getSegments(), 0);
    Value rows = tensor::DimOp::create(builder, op.getInit(), 0);
    rewriter.replaceOp(
        op, model::emitLoop(builder, zero, segments, op.getInit(),
                            [&](ImplicitLocOpBuilder &b, Value segment, Value y) -> Value {
                              auto number = [&](int64_t part) -> Value {
                                Value stored = tensor::ExtractOp::create(
                                    b, op.getSegments(), ValueRange{segment, model::indexConstant(b, part)});
                                return arith::IndexCastOp::create(b, b.getIndexType(), stored);
                              };
                              Value expert = number(kExpert), from = number(kFirstPlace);
                              Value to = arith::AddIOp::create(b, from, number(kCount));
                              // In rows of the op.
                              auto clamped = [&](Value place) -> Value {
                                Value row = arith::SubIOp::create(b, place, op.getRow());
                                return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, row, zero), rows);
                              };
                              from = clamped(from);
                              OpFoldResult count = arith::SubIOp::create(b, clamped(to), from).getResult();
                              auto rowsOf = [&](Value tensor) -> Value {
                                SmallVector<OpFoldResult> sizes =
                                    tensor::getMixedSizes(b, b.getLoc(), tensor);
                                SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
                                    strides(sizes.size(), b.getIndexAttr(1));
                                offsets.front() = from;
                                sizes.front() = count;
                                return tensor::ExtractSliceOp::create(b, tensor, offsets, sizes, strides);
                              };
                              SmallVector<Value> a;
                              for (Value part : op.getInputs().take_front(op.getFirstWeightOperand())) {
                                a.push_back(rowsOf(part));
                              }
                              Value part = contractWithExpert(b, op, expert, a, rowsOf(y));
                              SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), y);
                              SmallVector<OpFoldResult> offsets = {from, b.getIndexAttr(0)},
                                                        strides(2, b.getIndexAttr(1));
                              sizes.front() = count;
                              return tensor::InsertSliceOp::create(b, part, y, offsets, sizes, strides);
                            }));
    return success();
  }
};

/// A hint has no meaning.
struct DropPrefetch : OpRewritePattern<PrefetchOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PrefetchOp op, PatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void coopt::moe::populateExpandToReferencePatterns(RewritePatternSet &patterns) {
  populateDecomposeRoutePatterns(patterns);
  populateDecomposeChoicePatterns(patterns);
  patterns.add<ExpandLogits, ExpandCombine, ExpandContract, DropPrefetch>(patterns.getContext());
}
