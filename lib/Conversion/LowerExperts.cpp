//===- LowerExperts.cpp - coopt-lower-experts -------------------------------===//
//
// moe.logits and moe.combine on memrefs. Both are Fixed: lanes are the partial results of R, or columns, and nothing is fused.
//
//===----------------------------------------------------------------------===//
#include "Chunks.h"
#include "FunctionPass.h"
#include "dialects/Moe/IR/Moe.h"

using namespace mlir;

namespace coopt {
namespace {

/// Experts whose sums are computed side by side, while a row is in registers.
constexpr int64_t kExpertsAtOnce = 4;

/// The matrix with elements of a row side by side: vectors are loaded from there.
Value contiguousRows(ImplicitLocOpBuilder &b, Value matrix) {
  if (hasUnitInnerStride(matrix)) {
    return matrix;
  }
  auto type = cast<MemRefType>(matrix.getType());
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (type.isDynamicDim(d)) {
      sizes.push_back(asValue(b, extentOf(b, matrix, d)));
    }
  }
  Value copy = memref::AllocOp::create(b, MemRefType::get(type.getShape(), type.getElementType()), sizes);
  memref::CopyOp::create(b, matrix, copy);
  return copy;
}

class LowerExpertsPass : public FunctionsPass<LowerExpertsPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerExpertsPass)
  StringRef getArgument() const final { return "coopt-lower-experts"; }
  StringRef getDescription() const final {
    return "turn moe.logits and moe.combine on memrefs into vector loops";
  }

  LogicalResult runOn(func::FuncOp function) {
    for (moe::LogitsOp op : collect<moe::LogitsOp>(function)) {
      if (!isa<MemRefType>(op.getInit().getType())) {
        return op.emitError("expected memref operands");
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      op.getXMutable().assign(contiguousRows(b, op.getX()));
      op.getWMutable().assign(contiguousRows(b, op.getW()));
      emitLogits(b, op);
      op.erase();
    }
    for (moe::CombineOp op : collect<moe::CombineOp>(function)) {
      if (!isa<MemRefType>(op.getInit().getType())) {
        return op.emitError("expected memref operands");
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      op.getYMutable().assign(contiguousRows(b, op.getY()));
      Value init = op.getInit(), rows = init;
      if (!hasUnitInnerStride(init)) {
        rows = contiguousRows(b, init);
        op.getInitMutable().assign(rows);
      }
      emitCombine(b, op);
      if (rows != init) {
        memref::CopyOp::create(b, rows, init);
      }
      op.erase();
    }
    return success();
  }

private:
  static void emitLogits(ImplicitLocOpBuilder &b, moe::LogitsOp op) {
    Value experts = asValue(b, extentOf(b, op.getW(), 0));
    Value whole = arith::SubIOp::create(b, experts,
                                        arith::RemUIOp::create(b, experts, constantIndex(b, kExpertsAtOnce)));
    emitLoop(b, extentOf(b, op.getX(), 0), [&](ImplicitLocOpBuilder &rows, Value row) {
      auto some = [&](Value from, Value to, int64_t count) {
        emitFor(rows, from, to, count, {}, [&](ImplicitLocOpBuilder &inner, Value expert, ValueRange) {
          emitSums(inner, op, row, expert, count);
          return SmallVector<Value>();
        });
      };
      some(constantIndex(rows, 0), whole, kExpertsAtOnce);
      some(whole, experts, 1);
    });
  }

  /// The logits of a row for `count` experts from `first` on.
  static void emitSums(ImplicitLocOpBuilder &b, moe::LogitsOp op, Value row, Value first, int64_t count) {
    auto type = VectorType::get({kLanes}, b.getF32Type());
    SmallVector<Value> experts, sums;
    for (int64_t i = 0; i < count; ++i) {
      experts.push_back(arith::AddIOp::create(b, first, constantIndex(b, i)));
      sums.push_back(constantF32(b, type, 0.0f));
    }
    // x + -0 is x for all x: absent products are that.
    auto body = [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange carried) {
      FloatAttr none = inner.getF32FloatAttr(0.0f), absent = inner.getF32FloatAttr(-0.0f);
      Value x = loadChunk(inner, chunk, op.getX(), {row, chunk.base}, none);
      SmallVector<Value> next;
      for (auto [expert, sum] : llvm::zip_equal(experts, carried)) {
        Value w = loadChunk(inner, chunk, op.getW(), {expert, chunk.base}, none);
        Value product = arith::MulFOp::create(inner, x, w);
        if (chunk.mask) {
          product = arith::SelectOp::create(inner, chunk.mask, product,
                                            constantF32(inner, product.getType(), -0.0f));
        }
        next.push_back(arith::AddFOp::create(inner, sum, widen(inner, product, absent)));
      }
      return next;
    };
    sums = emitChunks(b, extentOf(b, op.getX(), 1), kLanes, sums, body);
    for (auto [expert, sum] : llvm::zip_equal(experts, sums)) {
      Value logit = reduceTree(b, sum, [&](Value x, Value y) { return arith::AddFOp::create(b, x, y); });
      memref::StoreOp::create(b, logit, op.getInit(), ValueRange{row, expert});
    }
  }

  static void emitCombine(ImplicitLocOpBuilder &b, moe::CombineOp op) {
    const int64_t slots = cast<MemRefType>(op.getWeights().getType()).getDimSize(1);
    Value one = constantIndex(b, 1);
    Value last =
        arith::SubIOp::create(b, arith::MaxUIOp::create(b, asValue(b, extentOf(b, op.getY(), 0)), one), one);
    emitLoop(b, extentOf(b, op.getInit(), 0), [&](ImplicitLocOpBuilder &rows, Value row) {
      SmallVector<Value> weights, places;
      for (int64_t slot = 0; slot < slots; ++slot) {
        SmallVector<Value> at = {row, constantIndex(rows, slot)};
        weights.push_back(memref::LoadOp::create(rows, op.getWeights(), at));
        Value place = memref::LoadOp::create(rows, op.getPlaces(), at);
        place = arith::IndexCastOp::create(rows, rows.getIndexType(), place);
        places.push_back(arith::MinUIOp::create(rows, place, last)); // a function's argument may say anything
      }
      emitChunks(rows, extentOf(rows, op.getInit(), 1), kLanes, {},
                 [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
                   Value sum;
                   for (auto [weight, place] : llvm::zip_equal(weights, places)) {
                     Value y = loadChunk(inner, chunk, op.getY(), {place, chunk.base});
                     Value product = arith::MulFOp::create(inner, splat(inner, chunk, weight), y);
                     sum = sum ? arith::AddFOp::create(inner, sum, product).getResult() : product;
                   }
                   storeChunk(inner, chunk, sum, op.getInit(), {row, chunk.base});
                   return SmallVector<Value>();
                 });
    });
  }
};

} // namespace

std::unique_ptr<Pass> createLowerExpertsPass() { return std::make_unique<LowerExpertsPass>(); }

} // namespace coopt
