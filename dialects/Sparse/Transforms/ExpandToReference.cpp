//===- ExpandToReference.cpp - Sparse ops as their definitions -----------------===//
//
// Each element of a result is computed for itself, of the few elements of its run. A block beyond the end of a row is read at
// the last column and does not count.
//
//===----------------------------------------------------------------------===//
#include "dialects/Sparse/IR/Sparse.h"
#include "dialects/Sparse/Transforms/Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::sparse;

namespace {

Value index(ImplicitLocOpBuilder &b, int64_t value) { return arith::ConstantIndexOp::create(b, value); }

Value below(ImplicitLocOpBuilder &b, Value x, int64_t limit) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x, index(b, limit));
}

/// matrix[row, column], of the last column where that is beyond it.
Value elementAt(ImplicitLocOpBuilder &b, Value matrix, Value row, Value column) {
  const int64_t columns = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
  Value at = arith::MinUIOp::create(b, column, index(b, columns - 1));
  return tensor::ExtractOp::create(b, matrix, ValueRange{row, at});
}

/// A matrix of `type` with the rows of `like`, of which `element` makes each element.
Value generate(ImplicitLocOpBuilder &b, RankedTensorType type, Value like,
               function_ref<Value(ImplicitLocOpBuilder &, Value row, Value column)> element) {
  SmallVector<Value> dynamic;
  if (type.isDynamicDim(0)) {
    dynamic.push_back(tensor::DimOp::create(b, like, 0));
  }
  Value init = tensor::EmptyOp::create(b, type.getShape(), type.getElementType(), dynamic);
  SmallVector<AffineMap> maps(1, b.getMultiDimIdentityMap(2));
  SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, type, ValueRange{}, init, maps, loops,
                                   [&](OpBuilder &builder, Location loc, ValueRange) {
                                     ImplicitLocOpBuilder inner(loc, builder);
                                     Value row = linalg::IndexOp::create(inner, 0);
                                     Value column = linalg::IndexOp::create(inner, 1);
                                     linalg::YieldOp::create(inner, element(inner, row, column));
                                   })
      .getResult(0);
}

Value zeroOf(ImplicitLocOpBuilder &b, Type type) { return arith::ConstantOp::create(b, b.getZeroAttr(type)); }

struct ExpandTopkSelect : OpRewritePattern<TopkSelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TopkSelectOp op, PatternRewriter &rewriter) const override {
    if (op.getStatistics()) {
      return rewriter.notifyMatchFailure(op, "needs statistics");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    const numerics::SparsePattern pattern = op.getPattern().getPattern();
    auto scores = cast<RankedTensorType>(op.getScores().getType());
    auto kept = cast<RankedTensorType>(op.getKept().getType());
    Type f64 = b.getF64Type();
    Value sums = generate(b, kept.clone(f64), op.getScores(),
                          [&](ImplicitLocOpBuilder &inner, Value row, Value block) {
                            return sumOfSquares(inner, op.getScores(), scores, pattern, row, block);
                          });
    rewriter.replaceOp(
        op, generate(b, kept, op.getScores(), [&](ImplicitLocOpBuilder &inner, Value row, Value block) {
          return isKept(inner, sums, pattern, kept.getDimSize(1), row, block);
        }));
    return success();
  }

  /// Of the rows and columns of a block; infinity instead of NaN.
  static Value sumOfSquares(ImplicitLocOpBuilder &b, Value scores, RankedTensorType type,
                            const numerics::SparsePattern &pattern, Value row, Value block) {
    Type f64 = b.getF64Type();
    Value first = arith::MulIOp::create(b, block, index(b, pattern.block));
    Value firstRow = row;
    if (pattern.rows > 1) {
      firstRow = arith::SubIOp::create(b, row, arith::RemUIOp::create(b, row, index(b, pattern.rows)));
    }
    Value zero = zeroOf(b, f64), sum = zero;
    for (int64_t r = 0; r < pattern.rows; ++r) {
      Value from = arith::AddIOp::create(b, firstRow, index(b, r));
      Value isInside = pattern.rows > 1 ? below(b, from, type.getDimSize(0)) : Value();
      if (isInside) {
        from = arith::MinUIOp::create(b, from, index(b, type.getDimSize(0) - 1));
      }
      for (int64_t k = 0; k < pattern.block; ++k) {
        Value column = arith::AddIOp::create(b, first, index(b, k));
        Value x = arith::ExtFOp::create(b, f64, elementAt(b, scores, from, column));
        Value square = arith::MulFOp::create(b, x, x);
        Value counts = below(b, column, type.getDimSize(1));
        if (isInside) {
          counts = arith::AndIOp::create(b, counts, isInside);
        }
        sum = arith::AddFOp::create(b, sum, arith::SelectOp::create(b, counts, square, zero));
      }
    }
    Value isNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, sum, sum);
    Value infinity =
        arith::ConstantOp::create(b, b.getFloatAttr(f64, APFloat::getInf(APFloat::IEEEdouble())));
    return arith::SelectOp::create(b, isNumber, sum, infinity);
  }

  /// Whether fewer blocks of the run come before this one than are kept.
  static Value isKept(ImplicitLocOpBuilder &b, Value sums, const numerics::SparsePattern &pattern,
                      int64_t blocks, Value row, Value block) {
    Value place = arith::RemUIOp::create(b, block, index(b, pattern.of));
    Value first = arith::SubIOp::create(b, block, place);
    Value mine = tensor::ExtractOp::create(b, sums, ValueRange{row, block});
    Value before = index(b, 0), one = index(b, 1);
    for (int64_t other = 0; other < pattern.of; ++other) {
      Value at = arith::AddIOp::create(b, first, index(b, other));
      Value its = elementAt(b, sums, row, at);
      Value isGreater = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, its, mine);
      Value isEqual = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, its, mine);
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, place, index(b, other));
      Value wins = arith::OrIOp::create(b, isGreater, arith::AndIOp::create(b, isEqual, isFirst));
      wins = arith::AndIOp::create(b, wins, below(b, at, blocks));
      before = arith::SelectOp::create(b, wins, arith::AddIOp::create(b, before, one), before);
    }
    return below(b, before, pattern.kept);
  }
};

/// The bits of the blocks before `place` of the run that starts at block `first`: how many there are, and whether `place`
/// is one of the kept.
struct Rank {
  Value count, isKept;
};
Rank rankOf(ImplicitLocOpBuilder &b, Value kept, const numerics::SparsePattern &pattern, Value row,
            Value first, Value place) {
  Value count = index(b, 0), one = index(b, 1);
  for (int64_t other = 0; other + 1 < pattern.of; ++other) {
    Value bit = elementAt(b, kept, row, arith::AddIOp::create(b, first, index(b, other)));
    Value isBefore = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, place, index(b, other));
    bit = arith::AndIOp::create(b, bit, isBefore);
    count = arith::SelectOp::create(b, bit, arith::AddIOp::create(b, count, one), count);
  }
  Value mine = elementAt(b, kept, row, arith::AddIOp::create(b, first, place));
  return {count, arith::AndIOp::create(b, mine, below(b, count, pattern.kept))};
}

struct ExpandDecompress : OpRewritePattern<DecompressOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DecompressOp op, PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    const numerics::SparsePattern pattern = op.getPattern().getPattern();
    auto type = cast<RankedTensorType>(op.getResult().getType());
    rewriter.replaceOp(
        op, generate(b, type, op.getValues(), [&](ImplicitLocOpBuilder &inner, Value row, Value column) {
          Value block = arith::DivUIOp::create(inner, column, index(inner, pattern.block));
          Value inBlock = arith::RemUIOp::create(inner, column, index(inner, pattern.block));
          Value run = arith::DivUIOp::create(inner, block, index(inner, pattern.of));
          Value first = arith::MulIOp::create(inner, run, index(inner, pattern.of));
          Value place = arith::SubIOp::create(inner, block, first);
          Rank rank = rankOf(inner, op.getKept(), pattern, row, first, place);
          Value at = arith::MulIOp::create(inner, run, index(inner, pattern.kept));
          at = arith::AddIOp::create(inner, at, rank.count);
          at = arith::MulIOp::create(inner, at, index(inner, pattern.block));
          at = arith::AddIOp::create(inner, at, inBlock);
          Value value = elementAt(inner, op.getValues(), row, at);
          return Value(
              arith::SelectOp::create(inner, rank.isKept, value, zeroOf(inner, type.getElementType())));
        }));
    return success();
  }
};

struct ExpandCompress : OpRewritePattern<CompressOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CompressOp op, PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    const numerics::SparsePattern pattern = op.getPattern().getPattern();
    auto type = cast<RankedTensorType>(op.getValues().getType());
    auto source = cast<RankedTensorType>(op.getSource().getType());
    rewriter.replaceOp(
        op, generate(b, type, op.getSource(), [&](ImplicitLocOpBuilder &inner, Value row, Value column) {
          Value slot = arith::DivUIOp::create(inner, column, index(inner, pattern.block));
          Value inBlock = arith::RemUIOp::create(inner, column, index(inner, pattern.block));
          Value run = arith::DivUIOp::create(inner, slot, index(inner, pattern.kept));
          slot = arith::RemUIOp::create(inner, slot, index(inner, pattern.kept));
          Value first = arith::MulIOp::create(inner, run, index(inner, pattern.of));
          Value value = zeroOf(inner, type.getElementType());
          for (int64_t place = 0; place < pattern.of; ++place) {
            Rank rank = rankOf(inner, op.getKept(), pattern, row, first, index(inner, place));
            Value at = arith::AddIOp::create(inner, first, index(inner, place));
            at = arith::MulIOp::create(inner, at, index(inner, pattern.block));
            at = arith::AddIOp::create(inner, at, inBlock);
            Value isIt = arith::CmpIOp::create(inner, arith::CmpIPredicate::eq, rank.count, slot);
            isIt = arith::AndIOp::create(inner, isIt, rank.isKept);
            isIt = arith::AndIOp::create(inner, isIt, below(inner, at, source.getDimSize(1)));
            value = arith::SelectOp::create(inner, isIt, elementAt(inner, op.getSource(), row, at), value);
          }
          return value;
        }));
    return success();
  }
};

} // namespace

void sparse::populateExpandToReferencePatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandTopkSelect, ExpandDecompress, ExpandCompress>(patterns.getContext());
}
