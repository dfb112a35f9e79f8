//===- ExpandToReference.cpp - Model ops as their definitions ---------------===//
#include "dialects/Model/Transforms/ExpandToReference.h"
#include "coopt/Layout/EmitOffset.h"
#include "dialects/Model/IR/ReferenceBuilder.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::model;

namespace {

/// Index arithmetic of layouts as arith ops.
struct OffsetBuilder {
  using Index = Value;
  ImplicitLocOpBuilder &builder;

  Index constant(int64_t value) { return indexConstant(builder, value); }
  Index add(Index a, Index b) { return arith::AddIOp::create(builder, a, b); }
  Index mul(Index a, int64_t factor) { return arith::MulIOp::create(builder, a, constant(factor)); }
  Index shiftRight(Index a, unsigned bits) { return arith::ShRUIOp::create(builder, a, constant(bits)); }
  Index shiftLeft(Index a, unsigned bits) { return arith::ShLIOp::create(builder, a, constant(bits)); }
  Index andMask(Index a, int64_t mask) { return arith::AndIOp::create(builder, a, constant(mask)); }
  Index xorr(Index a, Index b) { return arith::XOrIOp::create(builder, a, b); }
};

LogicalResult failOnBuffers(Operation *op, PatternRewriter &rewriter) {
  return rewriter.notifyMatchFailure(op, "in memref form: references are expanded on tensors");
}

struct ExpandGather : public OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return failOnBuffers(op, rewriter);
    }
    AffineExpr i = rewriter.getAffineDimExpr(0);
    AffineMap rows = AffineMap::get(2, 0, i), all = rewriter.getMultiDimIdentityMap(2);
    SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(
        op, op.getResultTypes(), ValueRange{op.getIds()}, ValueRange{op.getInit()},
        ArrayRef<AffineMap>{rows, all}, loops, [&](OpBuilder &nested, Location loc, ValueRange arguments) {
          Value row = arith::IndexCastOp::create(nested, loc, nested.getIndexType(), arguments[0]);
          Value column = linalg::IndexOp::create(nested, loc, 1);
          Value element = tensor::ExtractOp::create(nested, loc, op.getTable(), ValueRange{row, column});
          linalg::YieldOp::create(nested, loc, element);
        });
    return success();
  }
};

struct ExpandRowReduce : public OpRewritePattern<RowReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RowReduceOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return failOnBuffers(op, rewriter);
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    int64_t rank = op.getInit().getType().getRank();
    Value zero = indexConstant(builder, 0);
    Value elements = tensor::DimOp::create(builder, op.getInput(), rank);
    Value result = emitLoopNest(
        builder, op.getInit(), rank, [&](ImplicitLocOpBuilder &b, ValueRange row, Value carried) {
          Value reduced =
              emitReduction(b, op.getKind(), zero, elements, [&](ImplicitLocOpBuilder &inner, Value i) {
                SmallVector<Value> indices(row);
                indices.push_back(i);
                return Value(tensor::ExtractOp::create(inner, op.getInput(), indices));
              });
          return Value(tensor::InsertOp::create(b, reduced, carried, row));
        });
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// Whether each element has a place of its own, and is there as it is: neither bit planes nor what a pattern keeps, nor centred.
bool hasPlaces(LayoutAttr layout) {
  return !layout.getKept() && !layout.getCentred() && !layout.getPlanes() &&
         (layout.getBits() == 0 || layout.getBits() == 8);
}

struct ExpandUnpack : public OpRewritePattern<UnpackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnpackOp op, PatternRewriter &rewriter) const override {
    if (isa<MemRefType>(op.getSource().getType())) {
      return failOnBuffers(op, rewriter);
    }
    if (!hasPlaces(op.getStorageLayout())) {
      return rewriter.notifyMatchFailure(op, "of fewer bytes than codes");
    }
    layout::Layout layout = op.getStorageLayout().getLayout();
    SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
    auto generate = tensor::GenerateOp::create(
        rewriter, op.getLoc(), op.getResult().getType(), op.getSizes(),
        [&](OpBuilder &nested, Location loc, ValueRange indices) {
          ImplicitLocOpBuilder builder(loc, nested);
          SmallVector<Value> logical;
          for (auto [index, offset] : llvm::zip_equal(indices, offsets)) {
            Value base = getValueOrCreateConstantIndexOp(builder, loc, offset);
            logical.push_back(arith::AddIOp::create(builder, index, base));
          }
          OffsetBuilder emitter{builder};
          Value place = layout::emitOffset(emitter, layout, logical);
          tensor::YieldOp::create(builder, tensor::ExtractOp::create(builder, op.getSource(), place));
        });
    rewriter.replaceOp(op, generate);
    return success();
  }
};

/// Zeros, into which each logical element is put at its place.
struct ExpandPack : public OpRewritePattern<PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackOp op, PatternRewriter &rewriter) const override {
    if (!hasPlaces(op.getLayout())) {
      return rewriter.notifyMatchFailure(op, "of fewer bytes than codes");
    }
    layout::Layout layout = op.getLayout().getLayout();
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    // The layout is an encoding that constants and globals should not carry.
    RankedTensorType type = op.getResult().getType().dropEncoding();
    Value zero = arith::ConstantOp::create(builder, builder.getZeroAttr(type.getElementType()));
    Value packed = tensor::SplatOp::create(builder, zero, type);
    SmallVector<Value> indices;
    Value begin = indexConstant(builder, 0);
    auto nest = [&](auto &self, Value carried) -> Value {
      if (indices.size() == layout.rank()) {
        OffsetBuilder emitter{builder};
        Value place = layout::emitOffset(emitter, layout, indices);
        Value element = tensor::ExtractOp::create(builder, op.getSource(), indices);
        return tensor::InsertOp::create(builder, element, carried, place);
      }
      Value end = indexConstant(builder, layout.dims[indices.size()].size);
      return emitLoop(builder, begin, end, carried, [&](ImplicitLocOpBuilder &, Value index, Value inner) {
        indices.push_back(index);
        Value next = self(self, inner);
        indices.pop_back();
        return next;
      });
    };
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getResult().getType(), nest(nest, packed));
    return success();
  }
};

} // namespace

void coopt::model::populateExpandToReferencePatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandGather, ExpandRowReduce, ExpandUnpack, ExpandPack>(patterns.getContext());
}
