#include "AdaptSignature.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace {

/// The type that elements of `element` travel in: itself if a buffer can hold it.
Type carrierOf(Type element) {
  if (element.isIndex()) {
    return IntegerType::get(element.getContext(), 64);
  }
  auto integer = dyn_cast<IntegerType>(element);
  if (integer && integer.isSignless() && integer.getWidth() > 1 && integer.getWidth() < 64) {
    return IntegerType::get(element.getContext(),
                            std::max<uint64_t>(8, llvm::PowerOf2Ceil(integer.getWidth())));
  }
  return element;
}

bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

/// The type of an argument or result of the adapted function.
Type adapted(Type type) {
  if (isScalar(type)) {
    return RankedTensorType::get({}, carrierOf(type));
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? Type(tensor.clone(carrierOf(tensor.getElementType()))) : type;
}

/// Conversions between values (tensors or scalars) of a type and of its carrier.
Value fromCarrier(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type) {
    return value;
  }
  return getElementTypeOrSelf(type).isIndex()
             ? arith::IndexCastOp::create(builder, loc, type, value).getResult()
             : arith::TruncIOp::create(builder, loc, type, value).getResult();
}

Value toCarrier(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type) {
    return value;
  }
  bool isIndex = getElementTypeOrSelf(value.getType()).isIndex();
  return isIndex ? arith::IndexCastOp::create(builder, loc, type, value).getResult()
                 : arith::ExtSIOp::create(builder, loc, type, value).getResult();
}

} // namespace

LogicalResult coopt::import::adaptSignature(func::FuncOp function) {
  Block &body = function.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  Location loc = function.getLoc();
  SmallVector<Type> inputs, results;
  for (BlockArgument argument : body.getArguments()) {
    Type type = argument.getType(), carried = adapted(type);
    inputs.push_back(carried);
    if (carried == type) {
      continue;
    }
    argument.setType(carried);
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : argument.getUses()) {
      uses.push_back(&use);
    }
    Value value = argument;
    if (isScalar(type)) {
      value = tensor::ExtractOp::create(builder, loc, value, ValueRange());
    }
    value = fromCarrier(builder, loc, value, type);
    for (OpOperand *use : uses) {
      use->set(value);
    }
  }
  Operation *terminator = body.getTerminator();
  builder.setInsertionPoint(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    Type type = operand.get().getType(), carried = adapted(type);
    results.push_back(carried);
    if (carried == type) {
      continue;
    }
    Type element = isScalar(type) ? getElementTypeOrSelf(carried) : carried;
    Value value = toCarrier(builder, operand.get().getLoc(), operand.get(), element);
    if (isScalar(type)) {
      value = tensor::FromElementsOp::create(builder, operand.get().getLoc(), cast<RankedTensorType>(carried),
                                             value);
    }
    operand.set(value);
  }
  function.setFunctionType(builder.getFunctionType(inputs, results));
  return success();
}
