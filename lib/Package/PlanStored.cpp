#include "PlanStored.h"

#include "coopt/Numerics/FormatTable.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::package::recipe;

using Nodes = Expected<std::vector<NodeRef>>;

static Nodes single(Expected<NodeRef> node) {
  return node ? Nodes(std::vector<NodeRef>{*node}) : Nodes(forward(node.error()));
}

/// A scheme's decoder as a format.
static Expected<numerics::BlockFormat> formatOf(quantized::SchemeAttr scheme) {
  if (scheme.getFormat()) {
    return scheme.getBlockFormat();
  }
  using numerics::ElementFormat;
  auto format = numerics::integerGroupFormat(
      static_cast<int>(scheme.getBits()), scheme.getGroup(), !scheme.isAsymmetric(),
      scheme.getScale().isF16() ? ElementFormat::f16() : ElementFormat::f32());
  if (format && scheme.isTwoLevel()) {
    format->scales = {{*ElementFormat::makeInteger(8, /*isSigned=*/false), scheme.getGroup(), 1},
                      {ElementFormat::f32(), 0, 1}};
  }
  return format;
}

static Nodes planDequantize(quantized::DequantizeOp op, ArrayRef<NodeRef> inputs) {
  if (op.getAt()) {
    return fail("expected a whole matrix, without an offset");
  }
  Expected<numerics::BlockFormat> format = formatOf(op.getScheme());
  if (!format) {
    return forward(format.error());
  }
  return single(makeDequantizeNode(inputs.vec(), *format));
}

static Nodes planUnpack(quantized::UnpackWordsOp op, NodeRef input) {
  WordFields fields;
  fields.dimension = static_cast<size_t>(op.getDimension());
  fields.bits = static_cast<int>(op.getBits());
  fields.add = static_cast<int>(static_cast<int64_t>(op.getAdd()));
  if (std::optional<ArrayRef<int64_t>> order = op.getOrder()) {
    fields.order = order->vec();
  }
  auto type = cast<RankedTensorType>(op.getType());
  return single(makeUnpackWordsNode(std::move(input), std::move(fields),
                                    type.getDimSize(static_cast<unsigned>(op.getDimension()))));
}

bool coopt::isStoredOp(Operation *op) {
  return isa<quantized::SplitBlocksOp, quantized::UnpackWordsOp, quantized::DequantizeOp, linalg::TransposeOp,
             tensor::CollapseShapeOp>(op);
}

Nodes coopt::planStored(Operation *op, function_ref<NodeRef(Value)> nodeOf) {
  OperandRange operands = op->getOperands();
  if (auto dequantize = dyn_cast<quantized::DequantizeOp>(op)) {
    operands = dequantize.getInputs();
  } else {
    operands = operands.take_front(1);
  }
  std::vector<NodeRef> inputs;
  for (Value operand : operands) {
    inputs.push_back(nodeOf(operand));
    if (!inputs.back()) {
      return fail("of a value that is not initialised");
    }
  }
  if (auto dequantize = dyn_cast<quantized::DequantizeOp>(op)) {
    return planDequantize(dequantize, inputs);
  }
  if (auto split = dyn_cast<quantized::SplitBlocksOp>(op)) {
    StringRef name = split.getScheme().getFormat().getValue();
    return makeSplitBlocksNodes(inputs[0],
                                *numerics::ggufTypeNamed(std::string_view(name.data(), name.size())));
  }
  if (auto unpack = dyn_cast<quantized::UnpackWordsOp>(op)) {
    return planUnpack(unpack, inputs[0]);
  }
  if (isa<linalg::TransposeOp>(op)) {
    if (cast<linalg::TransposeOp>(op).getPermutation() != ArrayRef<int64_t>{1, 0}) {
      return fail("expected a permutation of [1, 0]");
    }
    return single(makeTransposeNode(inputs[0]));
  }
  return single(
      makeReshapeNode(inputs[0], cast<RankedTensorType>(op->getResult(0).getType()).getShape().vec()));
}
