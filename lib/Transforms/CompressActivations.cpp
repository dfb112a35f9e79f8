#include "CompressActivations.h"

#include "dialects/Model/IR/OpId.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace coopt;
using model::setDerivedId;

/// The rows of one part that `gather` names.
Value coopt::gatherRows(OpBuilder &builder, model::GatherOp gather, Value source, ValueRange dynamicRows) {
  Location loc = gather.getLoc();
  auto table = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> shape(table.getShape());
  shape[0] = cast<RankedTensorType>(gather.getInit().getType()).getDimSize(0);
  Value init = tensor::EmptyOp::create(builder, loc, shape, table.getElementType(), dynamicRows);
  Value ids = gather.getIds();
  if (table.getRank() == 2) {
    return model::GatherOp::create(builder, loc, init.getType(), source, ids, init)->getResult(0);
  }
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(1));
  return linalg::GenericOp::create(
             builder, loc, init.getType(), ids, init, maps, utils::IteratorType::parallel,
             [&](OpBuilder &nested, Location at, ValueRange args) {
               Value row = arith::IndexCastOp::create(nested, at, nested.getIndexType(), args[0]);
               Value scale = tensor::ExtractOp::create(nested, at, source, row);
               linalg::YieldOp::create(nested, at, scale);
             })
      .getResult(0);
}

/// The rows of a matrix, in terms of sizes that are known without what computes it.
static OpFoldResult rowsOf(OpBuilder &builder, Location loc, Value matrix) {
  for (Value value = matrix; auto result = dyn_cast<OpResult>(value);) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(result.getOwner())) {
      return empty.getMixedSizes()[0];
    }
    auto style = dyn_cast<DestinationStyleOpInterface>(result.getOwner());
    if (!style) {
      break;
    }
    value = style.getTiedOpOperand(result)->get();
  }
  return tensor::getMixedSize(builder, loc, matrix, 0);
}

quantized::QuantizeOp ActivationCoder::quantize(Value x, Operation *reader, Block *block, OpFoldResult rows) {
  quantized::QuantizeOp &known = quantizations[{x, block}];
  if (known) {
    return known;
  }
  Location loc = reader->getLoc();
  OpFoldResult columns = tensor::getMixedSize(builder, loc, x, 1);
  // Extents that the activation's type leaves open stay open.
  auto type = cast<RankedTensorType>(x.getType());
  auto create = [&](ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> shape, Type element) -> Value {
    SmallVector<Value> dynamic;
    for (auto [size, extent] : llvm::zip_equal(sizes, shape)) {
      if (ShapedType::isDynamic(extent)) {
        dynamic.push_back(getValueOrCreateConstantIndexOp(builder, loc, size));
      }
    }
    return tensor::EmptyOp::create(builder, loc, shape, element, dynamic);
  };
  quantized::SchemeAttr scheme = plan.activation();
  Value codes = create({rows, columns}, type.getShape(), scheme.getCodeType());
  Value scales = create({rows}, type.getShape().take_front(), scheme.getScale());
  known = quantized::QuantizeOp::create(builder, loc, x, ValueRange{codes, scales}, scheme);
  setDerivedId(known, reader, "quantize");
  return known;
}

SmallVector<Value> ActivationCoder::codesOf(WeightContraction contraction) {
  Location loc = contraction.op->getLoc();
  Value x = contraction.activation;
  auto gather = x.getDefiningOp<model::GatherOp>();
  if (!gather || gather.getTable().getDefiningOp<model::LoadOp>()) {
    // The rows are those of the result, whose extents are known without the activation.
    return llvm::to_vector_of<Value>(
        quantize(x, contraction.op, contraction.op->getBlock(), rowsOf(builder, loc, contraction.destination))
            .getResults());
  }
  SmallVector<Value> &known = gatheredCodes[{gather, contraction.op->getBlock()}];
  if (known.empty()) {
    // Here and not at the gather: what quantises the table for other readers may come after that.
    Value table = gather.getTable();
    quantized::QuantizeOp codes =
        quantize(table, gather, contraction.op->getBlock(), rowsOf(builder, loc, table));
    Value rows = getValueOrCreateConstantIndexOp(builder, loc, rowsOf(builder, loc, gather.getInit()));
    for (auto [index, part] : llvm::enumerate(codes.getResults())) {
      known.push_back(
          gatherRows(builder, gather, part,
                     cast<RankedTensorType>(x.getType()).isDynamicDim(0) ? ValueRange(rows) : ValueRange()));
      setDerivedId(known.back().getDefiningOp(), gather, index == 0 ? "codes" : "scales");
    }
  }
  return known;
}

/// The activation after its quantisation, in f32.
Value ActivationCoder::decoded(WeightContraction contraction) {
  SmallVector<Value> codes = codesOf(contraction);
  Value &known = decodings[codes.front().getDefiningOp()];
  if (!known) {
    Location loc = contraction.op->getLoc();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, codes.front());
    sizes.front() = rowsOf(builder, loc, codes.front());
    Value init = tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type());
    auto dequantized = quantized::DequantizeOp::create(builder, loc, codes, init, plan.activation(), Value());
    setDerivedId(dequantized, contraction.op, "dequantize");
    known = dequantized.getResult();
  }
  return known;
}

/// A float activation in bf16.
Value ActivationCoder::rounded(Value x, WeightContraction contraction) {
  Value &known = roundings[{x, contraction.op->getBlock()}];
  if (!known) {
    Location loc = contraction.op->getLoc();
    Type bf16 = builder.getBF16Type();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, x);
    sizes.front() = rowsOf(builder, loc, x);
    Value init = tensor::EmptyOp::create(builder, loc, sizes, bf16);
    SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(2));
    SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
    auto truncated = linalg::GenericOp::create(
        builder, loc, init.getType(), x, init, maps, loops,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          linalg::YieldOp::create(nested, at, arith::TruncFOp::create(nested, at, bf16, args[0]).getResult());
        });
    setDerivedId(truncated, contraction.op, "round");
    known = truncated.getResult(0);
  }
  return known;
}
