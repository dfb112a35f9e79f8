#include "dialects/Quantized/Transforms/Elementwise.h"
#include "dialects/Quantized/Transforms/Patterns.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace coopt::quantized;

namespace {

/// The three maps of y[m, n] = sum over k of a[m, k] w[n, k], with the vectors given (indexed by m or n)
/// between w and y.
SmallVector<AffineMap> getContractionMaps(MLIRContext *context, ArrayRef<unsigned> vectorLoops) {
  AffineExpr m, n, k;
  bindDims(context, m, n, k);
  AffineExpr loops[] = {m, n};
  SmallVector<AffineMap> maps = {AffineMap::get(3, 0, {m, k}, context),
                                 AffineMap::get(3, 0, {n, k}, context)};
  for (unsigned loop : vectorLoops) {
    maps.push_back(AffineMap::get(3, 0, {loops[loop]}, context));
  }
  maps.push_back(AffineMap::get(3, 0, {m, n}, context));
  return maps;
}

constexpr utils::IteratorType kIterators[] = {utils::IteratorType::parallel, utils::IteratorType::parallel,
                                              utils::IteratorType::reduction};

Value createFilled(ImplicitLocOpBuilder &builder, Value like, TypedAttr value) {
  Value empty = createEmptyLike(builder, like, value.getType());
  Value constant = arith::ConstantOp::create(builder, value);
  return linalg::FillOp::create(builder, constant, empty).getResult(0);
}

/// The integers that the outer scales of two levels multiply, (w - zero) * scale, in i32.
Value createInnerNumbers(ImplicitLocOpBuilder &builder, ContractOp op) {
  SchemeAttr scheme = op.getWScheme();
  return createElementwise(
      builder, {{op.getW(), {0, 1}}}, createEmptyLike(builder, op.getW(), builder.getI32Type()),
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value row = linalg::IndexOp::create(b, 0), column = linalg::IndexOp::create(b, 1);
        Value size = arith::ConstantIndexOp::create(b, scheme.getGroup());
        SmallVector<Value> at = {row, arith::DivUIOp::create(b, column, size)};
        Value number = extendCode(b, scheme, args[0]);
        if (op.getWZeros()) {
          Value zero = tensor::ExtractOp::create(b, op.getWZeros(), at);
          number = arith::SubIOp::create(b, number, extendCode(b, scheme, zero));
        }
        Value scale = tensor::ExtractOp::create(b, op.getWScales(), at);
        return arith::MulIOp::create(b, number, arith::ExtUIOp::create(b, b.getI32Type(), scale));
      });
}

/// Sums of products of codes less their zeros, in i32. Zeros are vectors, or null. Numbers of 32 bits are no
/// codes any more.
Value createAccumulation(ImplicitLocOpBuilder &builder, ContractOp op, Value a, Value w, Value aZeros,
                         Value wZeros) {
  SmallVector<Value> inputs = {a, w};
  SmallVector<unsigned> vectorLoops;
  if (aZeros) {
    inputs.push_back(aZeros);
    vectorLoops.push_back(0);
  }
  if (wZeros) {
    inputs.push_back(wZeros);
    vectorLoops.push_back(1);
  }
  Value init = createFilled(builder, op.getInit(), builder.getI32IntegerAttr(0));
  auto generic = linalg::GenericOp::create(
      builder, init.getType(), inputs, init, getContractionMaps(builder.getContext(), vectorLoops),
      kIterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, nested);
        unsigned next = 2;
        auto number = [&](SchemeAttr scheme, Value code, Value zeros) -> Value {
          Value x = code.getType().isInteger(32) ? code : extendCode(b, scheme, code);
          return zeros ? arith::SubIOp::create(b, x, extendCode(b, scheme, args[next++])).getResult() : x;
        };
        Value left = number(*op.getAScheme(), args[0], aZeros);
        Value right = number(op.getWScheme(), args[1], wZeros);
        Value product = arith::MulIOp::create(b, left, right);
        linalg::YieldOp::create(b, arith::AddIOp::create(b, args.back(), product).getResult());
      });
  return generic.getResult(0);
}

Value createFloatOf(ImplicitLocOpBuilder &builder, Value accumulator) {
  return arith::SIToFPOp::create(builder, builder.getF32Type(), accumulator);
}

struct ExpandContract : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value result;
    switch (op.getScaleAt()) {
    case ScaleAt::Output:
      result = scaleAtOutput(builder, op);
      break;
    case ScaleAt::Group:
      result = scaleAtGroup(builder, op);
      break;
    case ScaleAt::Element:
      result = scaleAtElement(builder, op);
      break;
    }
    result.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, result);
    return success();
  }

  static Value scaleAtOutput(ImplicitLocOpBuilder &builder, ContractOp op) {
    bool twoLevels = op.getWScheme().isTwoLevel();
    Value w = twoLevels ? createInnerNumbers(builder, op) : op.getW();
    Value sums =
        createAccumulation(builder, op, op.getA(), w, op.getAZeros(), twoLevels ? Value() : op.getWZeros());
    Value scales = twoLevels ? op.getWOuterScales() : op.getWScales();
    return createElementwise(builder, {{sums, {0, 1}}, {scales, {1}}, {op.getAScales(), {0}}}, op.getInit(),
                             [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                               Value y = arith::MulFOp::create(b, createFloatOf(b, args[0]),
                                                               extendScale(b, args[1]));
                               return arith::MulFOp::create(b, y, extendScale(b, args[2]));
                             });
  }

  static Value scaleAtGroup(ImplicitLocOpBuilder &builder, ContractOp op) {
    Location loc = op.getLoc();
    OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
    OpFoldResult rows = tensor::getMixedSize(builder, loc, op.getA(), 0);
    OpFoldResult outputs = tensor::getMixedSize(builder, loc, op.getW(), 0);
    Value columns =
        getValueOrCreateConstantIndexOp(builder, loc, tensor::getMixedSize(builder, loc, op.getA(), 1));
    Value group = arith::ConstantIndexOp::create(builder, op.getWScheme().getGroup());
    Value groups = arith::CeilDivUIOp::create(builder, columns, group);
    Value start = createFilled(builder, op.getInit(), builder.getF32FloatAttr(0.0f));
    auto loop = scf::ForOp::create(
        builder, arith::ConstantIndexOp::create(builder, 0), groups,
        arith::ConstantIndexOp::create(builder, 1), start,
        [&](OpBuilder &nested, Location, Value index, ValueRange carried) {
          ImplicitLocOpBuilder b(loc, nested);
          Value column = arith::MulIOp::create(b, index, group);
          OpFoldResult width =
              arith::MinUIOp::create(b, group, arith::SubIOp::create(b, columns, column)).getResult();
          SmallVector<OpFoldResult> strides = {one, one}, offsets = {zero, column};
          auto part = [&](Value codes, OpFoldResult extent) -> Value {
            SmallVector<OpFoldResult> sizes = {extent, width};
            return tensor::ExtractSliceOp::create(b, codes, offsets, sizes, strides);
          };
          auto columnOf = [&](Value matrix) -> Value {
            if (!matrix) {
              return Value();
            }
            auto type = cast<RankedTensorType>(matrix.getType());
            SmallVector<OpFoldResult> at = {zero, index}, sizes = {outputs, one};
            return tensor::ExtractSliceOp::create(
                b, RankedTensorType::get({type.getDimSize(0)}, type.getElementType()), matrix, at, sizes,
                strides);
          };
          Value sums = createAccumulation(b, op, part(op.getA(), rows), part(op.getW(), outputs),
                                          op.getAZeros(), columnOf(op.getWZeros()));
          Value next =
              createElementwise(b, {{carried[0], {0, 1}}, {sums, {0, 1}}, {columnOf(op.getWScales()), {1}}},
                                carried[0], [](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                                  Value y = arith::MulFOp::create(inner, createFloatOf(inner, args[1]),
                                                                  extendScale(inner, args[2]));
                                  return arith::AddFOp::create(inner, args[0], y);
                                });
          scf::YieldOp::create(b, next);
        });
    return createElementwise(builder, {{loop.getResult(0), {0, 1}}, {op.getAScales(), {0}}}, op.getInit(),
                             [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                               return arith::MulFOp::create(b, args[0], extendScale(b, args[1]));
                             });
  }

  static Value scaleAtElement(ImplicitLocOpBuilder &builder, ContractOp op) {
    Type f32 = builder.getF32Type();
    auto decode = [&](SchemeAttr scheme, ValueRange parts) -> Value {
      return DequantizeOp::create(builder, parts, createEmptyLike(builder, parts[0], f32), scheme, Value())
          .getResult();
    };
    Value a = op.getA();
    if (std::optional<SchemeAttr> scheme = op.getAScheme()) {
      a = decode(*scheme, op.getInputs().take_front(op.getFirstWeightOperand()));
    }
    Value w = decode(op.getWScheme(), op.getInputs().drop_front(op.getFirstWeightOperand()));
    Value zero = createFloat(builder, 0.0f);
    Value init = linalg::FillOp::create(builder, zero, op.getInit()).getResult(0);
    auto generic = linalg::GenericOp::create(
        builder, init.getType(), ValueRange{a, w}, init, getContractionMaps(builder.getContext(), {}),
        kIterators, [](OpBuilder &nested, Location loc, ValueRange args) {
          Value x = args[0];
          if (!x.getType().isF32()) {
            x = arith::ExtFOp::create(nested, loc, nested.getF32Type(), x);
          }
          Value product = arith::MulFOp::create(nested, loc, x, args[1]);
          Value sum = arith::AddFOp::create(nested, loc, args[2], product);
          linalg::YieldOp::create(nested, loc, sum);
        });
    return generic.getResult(0);
  }
};

} // namespace

void coopt::quantized::populateExpandToReferencePatterns(RewritePatternSet &patterns) {
  populateDecomposeQuantizePatterns(patterns);
  patterns.add<ExpandContract>(patterns.getContext());
}
