//===- SummarizeTile.cpp - What an accelerator's engines do for a tile ----------------===//
//
// As lib/Conversion/Npu lowers a tile: each op reads what is an argument of the kernel from DRAM, a scalar op of a body is one map, of the
// extents of what it reads; temporaries stay in the scratchpad; results go to DRAM.
//
//===----------------------------------------------------------------------===//
#include "coopt/Analysis/SummarizeKernel.h"

#include "coopt/Analysis/KernelRoots.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;

namespace {

using cost::TileOp;

int64_t bytesOf(Type element) { return std::max<int64_t>(element.getIntOrFloatBitWidth() / 8, 1); }

/// Elements of a row of a tensor: all but the first extent, if that is one of run time.
int64_t rowElements(RankedTensorType type) {
  int64_t elements = 1;
  for (int64_t d = type.isDynamicDim(0) ? 1 : 0; d < type.getRank(); ++d) {
    elements *= type.isDynamicDim(d) ? 1 : std::max<int64_t>(type.getDimSize(d), 1);
  }
  return elements;
}

class TileSummary {
public:
  explicit TileSummary(schedule::KernelOp kernel) : kernel(kernel) {}
  /// Nothing for kernels with ops that are not known here.
  std::optional<std::vector<TileOp>> run();

private:
  schedule::KernelOp kernel;
  std::vector<TileOp> ops;
  int64_t constants = 0; ///< numbers that are in the scratchpad from the beginning on
  int64_t nest = 0;
  int64_t cut = 0; ///< columns of the nest's root, if they are cut

  static StringRef nameOf(Operation &scalar);
  TileOp make(TileOp::Kind kind, bool hasRows, int64_t columns) {
    TileOp op;
    op.kind = kind;
    op.nest = nest;
    op.hasRows = hasRows;
    op.columns = columns;
    op.isCut = cut > 0 && columns == cut;
    return op;
  }
  void map(StringRef function, bool hasRows, int64_t columns, double operands, int64_t rounds = 1) {
    TileOp op = make(TileOp::Kind::Map, hasRows, columns);
    op.function = function.str();
    op.operands = operands;
    op.rounds = rounds;
    ops.push_back(op);
  }
  void move(TileOp::Kind kind, RankedTensorType type) {
    TileOp op =
        make(kind, type.getRank() > 0 && type.isDynamicDim(0), type.getRank() == 0 ? 1 : rowElements(type));
    op.elementBytes = bytesOf(type.getElementType());
    ops.push_back(op);
  }
  void read(Value operand);
  bool visit(Operation *op);
  bool visit(linalg::GenericOp op);
  void visit(quantized::QuantizeOp op);
  template <typename Op>
  bool contraction(Op op);
};

/// What is an argument of the kernel, or a view of one, is in DRAM.
void TileSummary::read(Value operand) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  Value root = operand;
  while (Operation *op = root.getDefiningOp()) {
    if (!isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp>(op)) {
      return;
    }
    root = op->getOperand(0);
  }
  if (type) {
    move(TileOp::Kind::Load, type);
  }
}

StringRef TileSummary::nameOf(Operation &scalar) {
  return llvm::TypeSwitch<Operation *, StringRef>(&scalar)
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return "mul"; })
      .Case<arith::DivFOp>([](auto) { return "div"; })
      .Case<math::SqrtOp, math::RsqrtOp>([](auto) { return "sqrt"; })
      .Case<math::Exp2Op>([](auto) { return "exp2"; })
      .Default([](Operation *) { return "add"; });
}

bool TileSummary::visit(linalg::GenericOp op) {
  if (op.getNumReductionLoops() > 0 || op.getNumLoops() == 0) {
    return false;
  }
  const SmallVector<int64_t> extents = op.getStaticLoopRanges();
  const auto last = static_cast<unsigned>(extents.size() - 1);
  const bool hasRowLoop = ShapedType::isDynamic(extents.front());
  // A line of rows alone; else the last loop's elements side by side, those between one by one.
  const bool isLine = last == 0 && hasRowLoop;
  const int64_t columns = isLine ? 1 : ShapedType::isDynamic(extents[last]) ? 1 : extents[last];
  int64_t rounds = 1;
  for (unsigned loop = hasRowLoop ? 1 : 0; loop < last; ++loop) {
    rounds *= ShapedType::isDynamic(extents[loop]) ? 1 : extents[loop];
  }
  struct Extents {
    bool hasRows = false, hasColumns = false;
  };
  DenseMap<Value, Extents> values;
  for (OpOperand &operand : op->getOpOperands()) {
    const bool isRead = !op.getMatchingBlockArgument(&operand).use_empty();
    if (isRead && isa<RankedTensorType>(operand.get().getType())) {
      read(operand.get());
    }
    AffineMap map = op.getMatchingIndexingMap(&operand);
    values[op.getMatchingBlockArgument(&operand)] = {hasRowLoop && map.isFunctionOfDim(0),
                                                     !isLine && map.isFunctionOfDim(last)};
  }
  for (Operation &scalar : op.getBody()->without_terminator()) {
    if (scalar.getNumResults() != 1 || scalar.getResult(0).getType().isIndex() ||
        scalar.hasTrait<OpTrait::ConstantLike>()) {
      continue;
    }
    Extents all;
    double operands = 0; // with columns: others are a word for each row
    for (Value operand : scalar.getOperands()) {
      const Extents of = values.lookup(operand);
      all = {all.hasRows || of.hasRows, all.hasColumns || of.hasColumns};
      operands += of.hasColumns ? operand.getType().isInteger(1) ? 0.25 : 1 : 0; // conditions are bytes
    }
    values[scalar.getResult(0)] = all;
    const int64_t width = all.hasColumns ? columns : 1;
    // The first operand has the results' extents: another is spread over them first.
    const Extents first = values.lookup(scalar.getOperand(0));
    const bool isSpread = scalar.getNumOperands() > 1 &&
                          (first.hasRows != all.hasRows || first.hasColumns != all.hasColumns) &&
                          !scalar.hasTrait<OpTrait::IsCommutative>();
    if (isSpread || isa<math::RsqrtOp>(scalar)) {
      map("add", all.hasRows, width, 1, rounds);
    }
    if (isa<math::RsqrtOp>(scalar)) {
      map("div", all.hasRows, width, 2, rounds);
    }
    map(nameOf(scalar), all.hasRows, width, operands, rounds);
  }
  return true;
}

/// Its loops (dialects/Quantized Decompose): the greatest of each row, its scale, codes. Scales go to DRAM and come from there for the codes.
void TileSummary::visit(quantized::QuantizeOp op) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  const int64_t columns = type.getShape().back();
  Value input = op->getOperand(0);
  constants += 5;
  read(input);
  TileOp amax = make(TileOp::Kind::Reduce, true, columns);
  amax.function = "max";
  ops.push_back(amax);
  for (StringRef function : {"div", "add", "add"}) {
    map(function, true, 1, 1);
  }
  if (op->getNumResults() > 1 && isa<RankedTensorType>(op->getResult(1).getType())) {
    move(TileOp::Kind::Store, cast<RankedTensorType>(op->getResult(1).getType()));
    read(input);
    move(TileOp::Kind::Load, cast<RankedTensorType>(op->getResult(1).getType()));
  }
  map("div", true, columns, 1);
  // Limits, a number that is none, rounding, codes. Conditions are bytes.
  for (double operands : {1.0, 1.25, 1.0, 2.0, 1.25, 2.0, 1.25, 1.0, 1.0, 1.0}) {
    map("add", true, columns, operands);
  }
}

template <typename Op>
bool TileSummary::contraction(Op op) {
  auto unpack = op.getW().template getDefiningOp<model::UnpackOp>();
  if (!unpack || !unpack.getStorageLayout()) {
    return false;
  }
  const model::LayoutAttr layout = unpack.getStorageLayout();
  auto w = cast<RankedTensorType>(op.getW().getType());
  auto a = cast<RankedTensorType>(op.getA().getType());
  const std::optional<quantized::SchemeAttr> given = op.getWScheme();
  if (!given || w.getRank() != 2 || given->getFormat()) {
    return false;
  }
  const quantized::SchemeAttr scheme = *given;
  TileOp product =
      make(TileOp::Kind::Product, true, cast<RankedTensorType>(op->getResult(0).getType()).getShape().back());
  cost::CodeProduct &of = product.product;
  of.columns = product.columns;
  of.depth = a.getShape().back();
  const auto group = static_cast<int64_t>(scheme.getGroup());
  of.span = group > 0 ? std::min(group, of.depth) : of.depth;
  of.bits = scheme.getBits();
  of.hasZeros = scheme.isAsymmetric();
  of.isOfFloats = !op.getAScheme();
  product.scales = scheme.isTwoLevel() ? TileOp::Scales::TwoLevels
                   : group > 0         ? TileOp::Scales::Group
                                       : TileOp::Scales::Output;
  if (group > 0) {
    product.groupBytes = static_cast<double>(bytesOf(
                             cast<RankedTensorType>(op.getInputs()[op.getFirstWeightOperand() + 1].getType())
                                 .getElementType())) +
                         (of.hasZeros ? 3 : 0);
  }
  if (layout.getPlanes()) {
    product.tableDepth = int64_t(1) << layout.getLayout().dims[1].tileBits;
  }
  if (auto kept = layout.getSparseRows()) {
    product.kept = kept->pattern().kept;
    product.group = kept->pattern().of;
  }
  ops.push_back(product);
  return true;
}

bool TileSummary::visit(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](quantized::ContractOp of) { return contraction(of); })
      .Case([&](moe::ContractOp of) { return contraction(of); })
      .Case([&](linalg::GenericOp of) { return visit(of); })
      .Case([&](quantized::QuantizeOp of) {
        visit(of);
        return true;
      })
      .Case([&](model::RowReduceOp of) {
        read(of->getOperand(0));
        TileOp reduce = make(TileOp::Kind::Reduce, true,
                             cast<RankedTensorType>(of->getOperand(0).getType()).getShape().back());
        reduce.function = "add";
        ops.push_back(reduce);
        return !ShapedType::isDynamic(reduce.columns);
      })
      .Case<model::UnpackOp, tensor::EmptyOp, tensor::ExtractSliceOp, tensor::CollapseShapeOp,
            tensor::ExpandShapeOp, tensor::CastOp, tensor::DimOp, affine::AffineApplyOp>(
          [](auto) { return true; })
      .Default([](Operation *other) {
        return other->hasTrait<OpTrait::ConstantLike>() || isa<arith::ArithDialect>(other->getDialect());
      });
}

std::optional<std::vector<TileOp>> TileSummary::run() {
  Block &body = kernel.getBody().front();
  kernel.getBody().walk([&](arith::ConstantOp constant) { constants += isa<FloatType>(constant.getType()); });
  SmallVector<TilingInterface> roots = kernelRoots(kernel);
  for (TilingInterface root : roots) {
    // What the root depends on is tiled with it.
    llvm::SmallSetVector<Operation *, 16> needed;
    needed.insert(root.getOperation());
    for (size_t next = 0; next < needed.size(); ++next) {
      needed[next]->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands()) {
          if (Operation *by = operand.getDefiningOp(); by && by->getBlock() == &body) {
            needed.insert(by);
          }
        }
      });
    }
    const bool contracts =
        llvm::any_of(needed, [](Operation *op) { return isa<quantized::ContractOp, moe::ContractOp>(op); });
    auto type = dyn_cast<RankedTensorType>(root->getResult(0).getType());
    cut = contracts && type && type.getRank() == 2 && !type.isDynamicDim(1) ? type.getDimSize(1) : 0;
    for (Operation &op : body.without_terminator()) {
      if (needed.contains(&op) && !visit(&op)) {
        return std::nullopt;
      }
    }
    for (Value result : root->getResults()) {
      auto made = dyn_cast<RankedTensorType>(result.getType());
      if (made && llvm::is_contained(kernel.getYield().getValues(), result)) {
        const bool isOfQuantize =
            isa<quantized::QuantizeOp>(root.getOperation()) && result != root->getResult(0);
        if (!isOfQuantize) { // scales are there already
          move(TileOp::Kind::Store, made);
        }
      }
    }
    ++nest;
  }
  if (ops.empty()) {
    return std::nullopt;
  }
  nest = -1;
  cut = 0;
  for (int64_t i = 0; i < constants; ++i) {
    TileOp constant = make(TileOp::Kind::Load, false, 1);
    ops.push_back(constant);
  }
  return ops;
}

} // namespace

bool coopt::summarizeTile(schedule::KernelOp kernel, cost::KernelSummary &summary) {
  std::optional<std::vector<TileOp>> ops = TileSummary(kernel).run();
  summary.tileOps = ops.value_or(std::vector<TileOp>());
  return ops.has_value();
}
