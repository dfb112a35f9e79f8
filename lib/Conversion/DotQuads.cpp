#include "DotQuads.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace coopt {

/// Bytes in a quad of all lanes.
static constexpr int64_t kBytes = 4 * kLanes;

VectorType DotQuads::sumType() { return VectorType::get({hasVnni() ? kLanes : 2 * kLanes}, b.getI32Type()); }

Value DotQuads::zero() { return constantOf(b, sumType(), b.getI32IntegerAttr(0)); }

Value DotQuads::add(Value sums, Value x, Value y) {
  if (hasVnni()) {
    return LLVM::CallIntrinsicOp::create(b, sums.getType(), b.getStringAttr("llvm.x86.avx512.vpdpbusd.512"),
                                         ValueRange{sums, x, y})
        .getResult(0);
  }
  // Saturating byte products are no use for unsigned codes of 8 bits: widened pairs are exact.
  StringRef name = isa == Isa::Avx2 ? "llvm.x86.avx2.pmadd.wd" : "llvm.x86.sse2.pmadd.wd";
  const int64_t lanes = isa == Isa::Avx2 ? 8 : 4;
  auto part = VectorType::get({lanes}, b.getI32Type());
  Value wide = arith::ExtUIOp::create(b, VectorType::get({kBytes}, b.getI16Type()), x);
  for (int64_t from = 0; from < 2 * kLanes; from += lanes) {
    auto slice = [&](Value v, int64_t scale) -> Value {
      return vector::ExtractStridedSliceOp::create(b, v, ArrayRef<int64_t>{scale * from},
                                                   ArrayRef<int64_t>{scale * lanes}, ArrayRef<int64_t>{1});
    };
    Value dot =
        LLVM::CallIntrinsicOp::create(b, part, b.getStringAttr(name), ValueRange{slice(wide, 2), slice(y, 2)})
            .getResult(0);
    Value sum = arith::AddIOp::create(b, slice(sums, 1), dot);
    sums = vector::InsertStridedSliceOp::create(b, sum, sums, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{1});
  }
  return sums;
}

Value DotQuads::repeat(Value memref, ValueRange indices) {
  Value four = vector::LoadOp::create(b, VectorType::get({4}, b.getI8Type()), memref, indices);
  Type unit = b.getI32Type(), bytes = VectorType::get({kBytes}, b.getI8Type());
  if (!hasVnni()) {
    four = arith::ExtSIOp::create(b, VectorType::get({4}, b.getI16Type()), four);
    unit = b.getI64Type();
    bytes = VectorType::get({kBytes}, b.getI16Type());
  }
  Value one = vector::ExtractOp::create(b, vector::BitCastOp::create(b, VectorType::get({1}, unit), four), 0);
  Value all = vector::BroadcastOp::create(b, VectorType::get({kLanes}, unit), one);
  return vector::BitCastOp::create(b, cast<VectorType>(bytes), all);
}

Value DotQuads::signedQuad(Value memref, ValueRange indices) {
  Value bytes = vector::LoadOp::create(b, VectorType::get({kBytes}, b.getI8Type()), memref, indices);
  return hasVnni() ? bytes
                   : arith::ExtSIOp::create(b, VectorType::get({kBytes}, b.getI16Type()), bytes).getResult();
}

Value DotQuads::lanes(Value sums) {
  if (hasVnni()) {
    return sums;
  }
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  return arith::AddIOp::create(b, vector::ShuffleOp::create(b, sums, sums, even),
                               vector::ShuffleOp::create(b, sums, sums, odd));
}

} // namespace coopt
