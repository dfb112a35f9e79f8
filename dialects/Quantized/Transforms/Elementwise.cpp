#include "dialects/Quantized/Transforms/Elementwise.h"

using namespace mlir;

namespace coopt::quantized {

Value extendCode(ImplicitLocOpBuilder &builder, SchemeAttr scheme, Value code) {
  Type i32 = builder.getI32Type();
  if (scheme.isAsymmetric()) {
    return arith::ExtUIOp::create(builder, i32, code);
  }
  bool isExact = code.getType().isInteger(scheme.getBits());
  code = arith::ExtSIOp::create(builder, i32, code);
  if (isExact) {
    return code;
  }
  // In a byte, the low bits are the code.
  Value above = arith::ConstantOp::create(builder, builder.getI32IntegerAttr(32 - scheme.getBits()));
  return arith::ShRSIOp::create(builder, arith::ShLIOp::create(builder, code, above), above);
}

Value extendScale(ImplicitLocOpBuilder &builder, Value scale) {
  return scale.getType().isF32() ? scale
                                 : arith::ExtFOp::create(builder, builder.getF32Type(), scale).getResult();
}

} // namespace coopt::quantized
