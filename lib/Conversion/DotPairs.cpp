//===- DotPairs.cpp ---------------------------------------------------------===//
#include "DotPairs.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace coopt {

Value dotPairs(ImplicitLocOpBuilder &b, Isa isa, Value acc, Value x, Value y) {
  StringRef name = "llvm.x86.sse2.pmadd.wd";
  int64_t lanes = 4;
  if (isa == Isa::Avx2) {
    name = "llvm.x86.avx2.pmadd.wd";
    lanes = 8;
  } else if (isa == Isa::Avx512) {
    name = "llvm.x86.avx512.pmaddw.d.512";
    lanes = 16;
  }
  auto part = VectorType::get({lanes}, b.getI32Type());
  Value sum = constantOf(b, acc.getType(), b.getI32IntegerAttr(0));
  for (int64_t from = 0; from < kLanes; from += lanes) {
    auto slice = [&](Value v) -> Value {
      if (lanes == kLanes) {
        return v;
      }
      return vector::ExtractStridedSliceOp::create(b, v, ArrayRef<int64_t>{2 * from},
                                                   ArrayRef<int64_t>{2 * lanes}, ArrayRef<int64_t>{1});
    };
    Value dot = LLVM::CallIntrinsicOp::create(b, part, b.getStringAttr(name), ValueRange{slice(x), slice(y)})
                    .getResult(0);
    sum = lanes == kLanes ? dot
                          : vector::InsertStridedSliceOp::create(b, dot, sum, ArrayRef<int64_t>{from},
                                                                 ArrayRef<int64_t>{1})
                                .getResult();
  }
  return arith::AddIOp::create(b, acc, sum);
}

} // namespace coopt
