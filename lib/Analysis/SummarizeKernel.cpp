#include "coopt/Analysis/SummarizeKernel.h"

#include "coopt/Analysis/KernelRoots.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The element type as cost models name it.
std::string elementName(Type element) {
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}

/// The extents of an operand of the kernel: dynamic ones are those of the tensor.empty or size behind it.
SmallVector<int64_t> extents(Value operand, int64_t rows) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t &extent : shape) {
    if (ShapedType::isDynamic(extent)) {
      extent = rows;
    }
  }
  return shape;
}

double bytesOf(Value operand, int64_t rows) {
  double elements = 1;
  for (int64_t extent : extents(operand, rows)) {
    elements *= static_cast<double>(extent);
  }
  return elements * cast<RankedTensorType>(operand.getType()).getElementTypeBitWidth() / 8.0;
}

bool isContraction(Operation &op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return isa<quantized::ContractOp, moe::ContractOp>(op) ||
         (linalgOp && linalg::isaContractionOpInterface(linalgOp));
}

/// Operations of an element that passes through: those of a body, and what sums of rows, rounding and the choice of a scale take (counted in
/// the code that is made of them). Loops are one: elements between ops are in registers.
double operationsOf(Operation &op) {
  if (isa<quantized::QuantizeOp>(op)) {
    return 40;
  }
  if (isa<model::RowReduceOp>(op)) {
    return 2;
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured) {
    return 0;
  }
  double operations = 0;
  for (Operation &inner : structured.getBlock()->without_terminator()) {
    operations += isa<arith::DivFOp, math::SqrtOp>(inner) ? 8
                  : isa<arith::ArithDialect>(inner.getDialect())
                      ? 1
                      : 20; // special functions, as sequences of operations
  }
  return operations;
}

/// What part of a parameter is read by ops on `value`, which stands for all of it: of tables only the rows that are looked up, or a slice.
double shareRead(Value value, int64_t rows) {
  double share = 0;
  for (Operation *user : value.getUsers()) {
    double part = 1;
    if (isa<tensor::ExtractSliceOp>(user) || (isa<model::GatherOp>(user) && user->getOperand(0) == value)) {
      auto table = cast<RankedTensorType>(value.getType());
      SmallVector<int64_t> read = extents(user->getResult(0), rows);
      const int64_t stored = table.getRank() > 0 ? table.getDimSize(0) : 1;
      part = read.empty() || stored <= 0 ? 1 : static_cast<double>(read[0]) / static_cast<double>(stored);
    } else if (isa<model::UnpackOp, quantized::DequantizeOp>(user)) {
      part = shareRead(user->getResult(0), rows);
    }
    share = std::max(share, part);
  }
  return std::min(share, 1.0);
}

/// What a contraction's weights are, if they are codes.
cost::CodeSummary summarizeCodes(Operation *op) {
  auto of = [](quantized::SchemeAttr scheme, Value a, bool hasZeros, std::optional<quantized::ScaleAt> at) {
    cost::CodeSummary codes;
    if (!scheme) {
      return codes;
    }
    codes.bits = static_cast<int>(scheme.getBits());
    const bool isWhole = at == quantized::ScaleAt::Output;
    codes.group = isWhole ? 0 : std::max<int64_t>(scheme.getGroup(), 0);
    codes.isWhole = isWhole && !hasZeros && getElementTypeOrSelf(a).isInteger(8);
    return codes;
  };
  if (auto contract = dyn_cast<quantized::ContractOp>(op)) {
    return of(contract.getWScheme(), contract.getA(), static_cast<bool>(contract.getAZeros()),
              contract.getScaleAt());
  }
  if (auto contract = dyn_cast<moe::ContractOp>(op)) {
    return of(contract.getWSchemeAttr(), contract->getOperand(0), false, contract.getScaleAt());
  }
  return {};
}

/// The largest `count` weights, those of contractions of one matrix, as one operand.
void joinWeights(std::vector<cost::OperandSummary> &operands, size_t count) {
  std::vector<cost::OperandSummary> others;
  SmallVector<cost::OperandSummary> weights;
  for (const cost::OperandSummary &operand : operands) {
    if (operand.role == cost::OperandRole::Weight) {
      weights.push_back(operand);
    } else {
      others.push_back(operand);
    }
  }
  if (count < 2 || weights.size() < count) {
    return;
  }
  llvm::stable_sort(weights, [](const cost::OperandSummary &a, const cost::OperandSummary &b) {
    return a.bytes > b.bytes;
  });
  for (const cost::OperandSummary &weight : ArrayRef(weights).slice(1, count - 1)) {
    weights.front().bytes += weight.bytes;
  }
  weights.erase(weights.begin() + 1, weights.begin() + static_cast<ptrdiff_t>(count));
  operands.assign(weights.begin(), weights.end());
  operands.insert(operands.end(), others.begin(), others.end());
}

/// A contraction by experts, balanced: the weights of one expert after the other, each with its share of the rows.
void divideBySegments(cost::KernelSummary &summary, moe::ContractOp op) {
  const int64_t experts = std::max<int64_t>(cast<RankedTensorType>(op.getW().getType()).getDimSize(0), 1) /
                          static_cast<int64_t>(op.getStride());
  const int64_t used = std::clamp<int64_t>(summary.m, 1, std::max<int64_t>(experts, 1));
  summary.m = (summary.m + used - 1) / used;
  summary.n *= used;
  summary.segments = used;
  for (cost::OperandSummary &operand : summary.operands) {
    if (operand.role == cost::OperandRole::Weight) {
      operand.bytes *= static_cast<double>(used) / static_cast<double>(std::max<int64_t>(experts, 1));
    }
  }
}

/// Rows of the case: the first dynamic extent of the kernel's destinations; 1 if all is static.
int64_t rowsOf(schedule::KernelOp kernel, const SizeValue &sizes) {
  for (Value out : kernel.getOutputs()) {
    auto empty = emptyOfOutput(out);
    if (empty && !empty.getDynamicSizes().empty()) {
      return std::max<int64_t>(sizes(empty.getDynamicSizes()[0]), 1);
    }
  }
  return 1;
}

} // namespace

SmallVector<Operation *> coopt::contractionsOf(schedule::KernelOp kernel) {
  SmallVector<Operation *> contractions;
  for (Operation &op : kernel.getBody().front()) {
    if (isContraction(op)) {
      contractions.push_back(&op);
    }
  }
  return contractions;
}

std::optional<cost::KernelSummary> coopt::summarizeKernel(schedule::KernelOp kernel, const SizeValue &sizes) {
  Block &body = kernel.getBody().front();
  Operation *yield = body.getTerminator();
  Operation *root = yield->getNumOperands() > 0 ? yield->getOperand(0).getDefiningOp() : nullptr;
  if (!isa_and_nonnull<TilingInterface>(root) || !isa<RankedTensorType>(root->getResult(0).getType())) {
    return std::nullopt;
  }
  int64_t rows = rowsOf(kernel, sizes);
  cost::KernelSummary summary;
  summary.id = kernel.getId().str();

  SmallVector<Operation *> contractions = contractionsOf(kernel);
  const bool contracts = !contractions.empty();
  for (auto [index, operand] : llvm::enumerate(kernel->getOperands())) {
    if (!isa<RankedTensorType>(operand.getType())) {
      continue;
    }
    cost::OperandSummary entry;
    bool isParameter = operand.getDefiningOp<model::LoadOp>() != nullptr;
    bool isOutput = llvm::is_contained(kernel.getOutputs(), operand);
    entry.role = isOutput      ? cost::OperandRole::Output
                 : isParameter ? cost::OperandRole::Weight
                               : cost::OperandRole::Activation;
    entry.type = elementName(cast<RankedTensorType>(operand.getType()).getElementType());
    entry.bytes = bytesOf(operand, rows);
    if (isParameter) {
      entry.bytes *= shareRead(body.getArgument(index), rows);
    }
    entry.cold = isParameter;
    summary.operands.push_back(entry);
  }

  auto result = cast<RankedTensorType>(root->getResult(0).getType());
  SmallVector<int64_t> shape = extents(root->getResult(0), rows);
  int64_t elements = 1;
  for (int64_t extent : shape) {
    elements *= std::max<int64_t>(extent, 1);
  }
  int64_t lead = shape.empty() ? 1 : std::max<int64_t>(shape[0], 1);
  if (contracts) {
    summary.kind = cost::KernelKind::Contraction;
    auto input = cast<RankedTensorType>(contractions.front()->getOperand(0).getType());
    summary.m = lead;
    summary.n = std::max<int64_t>(elements / lead, 1);
    for (Operation *other : ArrayRef(contractions).drop_front()) {
      summary.n += extents(other->getResult(0), rows).back();
    }
    summary.codes = summarizeCodes(contractions.front());
    if (auto segmented = dyn_cast<moe::ContractOp>(contractions.front())) {
      divideBySegments(summary, segmented);
    }
    summary.k = input.getRank() > 0 ? std::max<int64_t>(input.getDimSize(input.getRank() - 1), 1) : 1;
    // Two computed operands: the second plays the part of the weights.
    if (llvm::none_of(summary.operands, [](const auto &o) { return o.role == cost::OperandRole::Weight; })) {
      unsigned activations = 0;
      for (cost::OperandSummary &operand : summary.operands) {
        if (operand.role == cost::OperandRole::Activation && activations++ == 1) {
          operand.role = cost::OperandRole::Weight;
        }
      }
    }
    // Operands in the model's order: what the anchor contracts comes first, the epilogue's after it.
    llvm::stable_sort(summary.operands, [](const cost::OperandSummary &a, const cost::OperandSummary &b) {
      return a.role == cost::OperandRole::Weight && b.role != cost::OperandRole::Weight && a.bytes > b.bytes;
    });
    joinWeights(summary.operands, contractions.size());
  } else if (auto attend = dyn_cast<attention::AttendOp>(root)) {
    summary.kind = cost::KernelKind::Attention;
    summary.queries = lead;
    summary.heads = result.getDimSize(1);
    summary.headSize = result.getDimSize(2);
    summary.isReordered = attend.getNumerics() == attention::Numerics::fast;
    // A row's heads read each block of keys once; the matrix unit has it copied once for all rows of the heads.
    if (attend.getNumerics() == attention::Numerics::fast || lead == 1) {
      summary.headsPerBlock = attend.getHeadsPerGroup();
    }
    auto state = dyn_cast<attention::StateType>(attend.getState().getType());
    summary.keys = state ? std::max<int64_t>(state.getCapacity() / 2, 1) : 1; // half full, on average
    MemRefType buffer = state ? state.getBufferType() : MemRefType();
    double positionBytes =
        state ? buffer.getDimSize(2) * (buffer.getElementTypeBitWidth() / 8) : summary.headSize * 4;
    double keyBytes = 2.0 * summary.keys * positionBytes * (state ? state.getHeads() : 1);
    std::string element = state ? elementName(buffer.getElementType()) : "f32";
    if (attention::CodedType coded = state ? state.getCoded() : attention::CodedType()) {
      element = "i" + std::to_string(coded.getBits());
    }
    summary.operands.push_back({cost::OperandRole::State, element, keyBytes, true});
  } else {
    summary.kind = isa<model::RowReduceOp>(root) ? cost::KernelKind::Rows : cost::KernelKind::Elementwise;
    if (llvm::any_of(body,
                     [](Operation &op) { return isa<model::RowReduceOp, quantized::QuantizeOp>(op); })) {
      summary.kind = cost::KernelKind::Rows;
    }
    summary.rows = lead;
    // The widest row that passes through, not only the result's (a reduction's is one element).
    summary.rowElements = std::max<int64_t>(elements / lead, 1);
    for (Operation &op : body) {
      for (Value value : op.getResults()) {
        if (auto type = dyn_cast<RankedTensorType>(value.getType()); type && type.getRank() > 0) {
          int64_t width = 1;
          SmallVector<int64_t> shape = extents(value, rows);
          for (int64_t extent : ArrayRef<int64_t>(shape).drop_front()) {
            width *= std::max<int64_t>(extent, 1);
          }
          summary.rowElements = std::max(summary.rowElements, width);
        }
      }
    }
    summary.operationsPerElement = 0;
    for (Operation &op : body.without_terminator()) {
      summary.operationsPerElement += operationsOf(op);
    }
    summary.operationsPerElement = std::max(summary.operationsPerElement, 1.0);
  }
  return summary;
}
