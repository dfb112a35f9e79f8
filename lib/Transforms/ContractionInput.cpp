#include "ContractionInput.h"

#include "coopt/Layout/Layout.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The kernel's argument that a tile is cut out of, through slices, reshapes and unpacking; null if it is computed. `columns`
/// becomes the last extent of the matrix that the slices are taken from.
BlockArgument traceToArgument(schedule::KernelOp kernel, Value value, int64_t &columns) {
  while (Operation *def = value.getDefiningOp()) {
    if (auto type = dyn_cast<RankedTensorType>(value.getType()); type && type.getRank() == 2) {
      columns = type.getDimSize(1);
    }
    value = TypeSwitch<Operation *, Value>(def)
                .Case<tensor::ExtractSliceOp, model::UnpackOp, tensor::CastOp>(
                    [](auto op) { return op.getSource(); })
                .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp>([](auto op) { return op.getSrc(); })
                .Default(Value());
    if (!value) {
      return nullptr;
    }
  }
  if (auto type = dyn_cast<RankedTensorType>(value.getType()); type && type.getRank() == 2) {
    columns = type.getDimSize(1);
  }
  auto argument = cast<BlockArgument>(value);
  return argument.getOwner() == &kernel.getBody().front() ? argument : nullptr;
}

/// The columns of the parameter that the operand loads, row-major or packed; nothing if it is no matrix of parameters.
std::optional<int64_t> parameterColumns(Value operand) {
  auto load = operand.getDefiningOp<model::LoadOp>();
  if (!load) {
    return std::nullopt;
  }
  auto type = cast<RankedTensorType>(load.getType());
  if (auto packed = dyn_cast_or_null<model::LayoutAttr>(type.getEncoding())) {
    auto layout = layout::parse(packed.getText().str());
    return layout && layout->sizes().size() == 2 ? std::optional(layout->sizes()[1]) : std::nullopt;
  }
  return type.getRank() == 2 ? std::optional(type.getDimSize(1)) : std::nullopt;
}

} // namespace

std::optional<ContractionInput> coopt::findContractionInput(schedule::KernelOp kernel) {
  std::optional<ContractionInput> found;
  bool unclear = false;
  auto consider = [&](Value x, Value w) {
    int64_t columns = 0, ignored = 0;
    BlockArgument weight = traceToArgument(kernel, w, ignored);
    std::optional<int64_t> expected =
        weight ? parameterColumns(kernel->getOperand(weight.getArgNumber())) : std::nullopt;
    BlockArgument input = traceToArgument(kernel, x, columns);
    if (!expected || (input && kernel->getOperand(input.getArgNumber()).getDefiningOp<model::LoadOp>())) {
      return;
    }
    bool isWhole =
        input && columns == *expected && cast<RankedTensorType>(x.getType()).getElementType().isF32();
    unclear |= !isWhole || (found && found->operand != input.getArgNumber());
    if (isWhole) {
      found = {input.getArgNumber(), columns};
    }
  };
  kernel.walk([&](Operation *op) {
    if (auto contract = dyn_cast<quantized::ContractOp>(op)) {
      if (!contract.getAScheme()) {
        consider(contract.getA(), contract.getW());
      }
      return;
    }
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (linalgOp && linalgOp.getNumDpsInputs() == 2 && linalg::isaContractionOpInterface(linalgOp)) {
      Value a = linalgOp.getDpsInputOperand(0)->get(), b = linalgOp.getDpsInputOperand(1)->get();
      consider(a, b);
      consider(b, a);
    }
  });
  return unclear ? std::nullopt : found;
}

std::string coopt::describeSource(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    return "argument " + std::to_string(argument.getArgNumber());
  }
  auto result = cast<OpResult>(value);
  if (auto branch = dyn_cast<scf::IfOp>(result.getOwner())) {
    return describeSource(branch.thenBlock()->getTerminator()->getOperand(result.getResultNumber()));
  }
  auto kernel = dyn_cast<schedule::KernelOp>(result.getOwner());
  if (!kernel) {
    return "";
  }
  std::string number = result.getResultNumber() == 0 ? "" : "#" + std::to_string(result.getResultNumber());
  return kernel.getId().str() + number;
}
