#include "dialects/Model/IR/ElementwiseBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace coopt::model {

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

} // namespace coopt::model
