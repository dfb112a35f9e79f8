#include "dialects/Quantized/Transforms/Elementwise.h"

using namespace mlir;

namespace coopt::quantized {

Value createElementwise(ImplicitLocOpBuilder &builder, ArrayRef<ElementwiseInput> inputs, Value init,
                        function_ref<Value(ImplicitLocOpBuilder &, ValueRange)> body) {
  auto type = cast<RankedTensorType>(init.getType());
  unsigned rank = type.getRank();
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  for (const ElementwiseInput &input : inputs) {
    tensors.push_back(input.tensor);
    SmallVector<AffineExpr> dims;
    for (unsigned loop : input.loops) {
      dims.push_back(builder.getAffineDimExpr(loop));
    }
    maps.push_back(AffineMap::get(rank, 0, dims, builder.getContext()));
  }
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(builder, type, tensors, init, maps, iterators,
                                           [&](OpBuilder &nested, Location loc, ValueRange args) {
                                             ImplicitLocOpBuilder inner(loc, nested);
                                             linalg::YieldOp::create(inner, body(inner, args.drop_back()));
                                           });
  return generic.getResult(0);
}

Value createEmptyLike(ImplicitLocOpBuilder &builder, Value like, Type element) {
  return tensor::EmptyOp::create(builder, tensor::getMixedSizes(builder, builder.getLoc(), like), element);
}

Value createFloat(ImplicitLocOpBuilder &builder, float value) {
  return arith::ConstantOp::create(builder, builder.getF32FloatAttr(value));
}

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
