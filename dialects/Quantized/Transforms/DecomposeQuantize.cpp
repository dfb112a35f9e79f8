#include "dialects/Quantized/Transforms/DecodeFormat.h"
#include "dialects/Quantized/Transforms/Elementwise.h"
#include "dialects/Quantized/Transforms/Patterns.h"

#include "coopt/Numerics/GroupQuantization.h"
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace coopt;
using namespace coopt::quantized;

namespace {

/// The builder that Numerics' sequences of quantisation are instantiated with: each member is one arith op.
struct ArithBuilder {
  using F32 = Value;
  ImplicitLocOpBuilder &builder;

  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(builder, predicate, a, b);
  }
  Value constant(float x) { return createFloat(builder, x); }
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, a, b); }
  /// Quotients are rounded to codes: whoever lowers them may use numerics::quotientToRound.
  Value div(Value a, Value b) {
    auto op = arith::DivFOp::create(builder, a, b);
    op->setAttr(kRoundedQuotient, builder.getUnitAttr());
    return op;
  }
  Value lessThan(Value a, Value b) { return compare(arith::CmpFPredicate::OLT, a, b); }
  Value greaterThan(Value a, Value b) { return compare(arith::CmpFPredicate::OGT, a, b); }
  Value isNan(Value a) { return compare(arith::CmpFPredicate::UNO, a, a); }
  Value select(Value c, Value a, Value b) { return arith::SelectOp::create(builder, c, a, b); }
};

/// The scale as it is stored: f16 saturates finite values at 65504 and rounds; 0 is replaced by 1.
Value createStoredScale(ImplicitLocOpBuilder &builder, Value scale, Type type) {
  ArithBuilder b{builder};
  if (type.isF16()) {
    Value finite = b.compare(arith::CmpFPredicate::OLE, scale, b.constant(std::numeric_limits<float>::max()));
    Value large = b.greaterThan(scale, b.constant(65504.0f));
    Value overflows = arith::AndIOp::create(builder, finite, large);
    scale = arith::TruncFOp::create(builder, type, b.select(overflows, b.constant(65504.0f), scale));
  }
  auto number = [&](double x) -> Value {
    return arith::ConstantOp::create(builder, builder.getFloatAttr(type, x));
  };
  return b.select(b.compare(arith::CmpFPredicate::OEQ, scale, number(0.0)), number(1.0), scale);
}

struct Block {
  Value codes, scales, zeros; ///< zeros null if symmetric
};

/// max over each row, combined with `kind`, of a matrix.
Value createRowReduce(ImplicitLocOpBuilder &builder, model::RowReduction kind, Value matrix) {
  Value init = tensor::EmptyOp::create(
      builder, ArrayRef<OpFoldResult>(tensor::getMixedSize(builder, builder.getLoc(), matrix, 0)),
      builder.getF32Type());
  return model::RowReduceOp::create(builder, init.getType(), kind, matrix, init).getResult();
}

/// Quantises a matrix with one group a row: codes like `init.codes`, scales and zeros vectors.
Block quantizeRows(ImplicitLocOpBuilder &builder, SchemeAttr scheme, Value x, Block init) {
  int bits = scheme.getBits();
  float limit = static_cast<float>((1 << (scheme.isAsymmetric() ? bits : bits - 1)) - 1);
  // The scheme's code type, or bytes.
  Type codeType = getElementTypeOrSelf(init.codes.getType());
  Block result;
  if (!scheme.isAsymmetric()) {
    Value amax = createRowReduce(builder, model::RowReduction::amax, x);
    result.scales = createElementwise(
        builder, {{amax, {0}}}, init.scales, [&](ImplicitLocOpBuilder &nested, ValueRange args) {
          ArithBuilder b{nested};
          return createStoredScale(nested, arith::DivFOp::create(nested, args[0], b.constant(limit)),
                                   scheme.getScale());
        });
    result.codes = createElementwise(builder, {{x, {0, 1}}, {result.scales, {0}}}, init.codes,
                                     [&](ImplicitLocOpBuilder &nested, ValueRange args) {
                                       ArithBuilder b{nested};
                                       Value code = numerics::quantizeElement(
                                           b, args[0], extendScale(nested, args[1]), -limit, limit);
                                       auto op = arith::FPToSIOp::create(nested, codeType, code);
                                       op->setAttr(kInRange, nested.getUnitAttr());
                                       return op.getResult();
                                     });
    return result;
  }
  Value negated = createElementwise(builder, {{x, {0, 1}}}, createEmptyLike(builder, x, builder.getF32Type()),
                                    [](ImplicitLocOpBuilder &nested, ValueRange args) -> Value {
                                      return arith::NegFOp::create(nested, args[0]);
                                    });
  // The range always holds 0: high = max(x, 0) and -low = max(-x, 0).
  Value high = createRowReduce(builder, model::RowReduction::max, x);
  Value negatedLow = createRowReduce(builder, model::RowReduction::max, negated);
  auto atLeastZero = [](ImplicitLocOpBuilder &nested, Value value) -> Value {
    return arith::MaximumFOp::create(nested, value, createFloat(nested, 0.0f));
  };
  result.scales = createElementwise(
      builder, {{high, {0}}, {negatedLow, {0}}}, init.scales,
      [&](ImplicitLocOpBuilder &nested, ValueRange args) {
        ArithBuilder b{nested};
        Value range = b.add(atLeastZero(nested, args[0]), atLeastZero(nested, args[1]));
        return createStoredScale(nested, arith::DivFOp::create(nested, range, b.constant(limit)),
                                 scheme.getScale());
      });
  result.zeros = createElementwise(
      builder, {{negatedLow, {0}}, {result.scales, {0}}}, init.zeros,
      [&](ImplicitLocOpBuilder &nested, ValueRange args) -> Value {
        ArithBuilder b{nested};
        Value zero = numerics::quantizeElement(b, atLeastZero(nested, args[0]), extendScale(nested, args[1]),
                                               0.0f, limit);
        return arith::FPToUIOp::create(nested, getElementTypeOrSelf(init.zeros.getType()), zero);
      });
  result.codes = createElementwise(
      builder, {{x, {0, 1}}, {result.scales, {0}}, {result.zeros, {0}}}, init.codes,
      [&](ImplicitLocOpBuilder &nested, ValueRange args) -> Value {
        ArithBuilder b{nested};
        Value quotient = numerics::quantizeElement(b, args[0], extendScale(nested, args[1]),
                                                   -numerics::kQuotientLimit, numerics::kQuotientLimit);
        Value zero = arith::UIToFPOp::create(nested, nested.getF32Type(), args[2]);
        Value code = b.add(quotient, zero), low = b.constant(0.0f), high = b.constant(limit);
        code = b.select(b.lessThan(code, low), low, code);
        code = b.select(b.greaterThan(code, high), high, code);
        auto op = arith::FPToUIOp::create(nested, codeType, code);
        op->setAttr(kInRange, nested.getUnitAttr());
        return op;
      });
  return result;
}

struct DecomposeQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    if (op.getScheme().isTwoLevel() || op.getScheme().getFormat()) {
      return rewriter.notifyMatchFailure(op, "codes of formats and of two levels are made by the packager");
    }
    if (op.getRounding()) {
      return rewriter.notifyMatchFailure(op, "rounding with statistics is done by the packager");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Block init{op.getCodesInit(), op.getScalesInit(), op.getZerosInit()};
    Block result = op.getScheme().getGroup() == 0 ? quantizeRows(builder, op.getScheme(), op.getInput(), init)
                                                  : quantizeGroups(builder, op, init);
    SmallVector<Value> values = {result.codes, result.scales};
    if (result.zeros) {
      values.push_back(result.zeros);
    }
    result.codes.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, values);
    return success();
  }

  /// A loop over the groups; each is a matrix of its own.
  Block quantizeGroups(ImplicitLocOpBuilder &builder, QuantizeOp op, Block init) const {
    SchemeAttr scheme = op.getScheme();
    Location loc = op.getLoc();
    OpFoldResult zeroIndex = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
    OpFoldResult rows = tensor::getMixedSize(builder, loc, op.getInput(), 0);
    OpFoldResult extent = tensor::getMixedSize(builder, loc, op.getInput(), 1);
    Value columns = getValueOrCreateConstantIndexOp(builder, loc, extent);
    Value group = arith::ConstantIndexOp::create(builder, scheme.getGroup());
    Value groups = arith::CeilDivUIOp::create(builder, columns, group);
    SmallVector<Value> inits = {init.codes, init.scales};
    if (init.zeros) {
      inits.push_back(init.zeros);
    }
    std::optional<int64_t> known = getConstantIntValue(extent);
    bool isEven = known && *known % scheme.getGroup() == 0;
    auto loop = scf::ForOp::create(
        builder, arith::ConstantIndexOp::create(builder, 0), groups,
        arith::ConstantIndexOp::create(builder, 1), inits,
        [&](OpBuilder &nested, Location, Value index, ValueRange carried) {
          ImplicitLocOpBuilder b(loc, nested);
          Value column = arith::MulIOp::create(b, index, group);
          OpFoldResult width = builder.getIndexAttr(scheme.getGroup());
          if (!isEven) {
            width = arith::MinUIOp::create(b, group, arith::SubIOp::create(b, columns, column)).getResult();
          }
          SmallVector<OpFoldResult> offsets = {zeroIndex, column}, sizes = {rows, width},
                                    strides = {one, one};
          SmallVector<OpFoldResult> scaleOffsets = {zeroIndex, index}, scaleSizes = {rows, one};
          auto vectorOf = [&](Value matrix) {
            auto type = cast<RankedTensorType>(matrix.getType());
            return RankedTensorType::get({type.getDimSize(0)}, type.getElementType());
          };
          Block part;
          Value x = tensor::ExtractSliceOp::create(b, op.getInput(), offsets, sizes, strides);
          part.codes = tensor::ExtractSliceOp::create(b, carried[0], offsets, sizes, strides);
          part.scales = tensor::ExtractSliceOp::create(b, vectorOf(carried[1]), carried[1], scaleOffsets,
                                                       scaleSizes, strides);
          if (init.zeros) {
            part.zeros = tensor::ExtractSliceOp::create(b, vectorOf(carried[2]), carried[2], scaleOffsets,
                                                        scaleSizes, strides);
          }
          part = quantizeRows(b, scheme, x, part);
          SmallVector<Value> next = {
              tensor::InsertSliceOp::create(b, part.codes, carried[0], offsets, sizes, strides),
              tensor::InsertSliceOp::create(b, part.scales, carried[1], scaleOffsets, scaleSizes, strides)};
          if (init.zeros) {
            next.push_back(
                tensor::InsertSliceOp::create(b, part.zeros, carried[2], scaleOffsets, scaleSizes, strides));
          }
          scf::YieldOp::create(b, next);
        });
    return {loop.getResult(0), loop.getResult(1), init.zeros ? loop.getResult(2) : Value()};
  }
};

struct DecomposeDequantize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DequantizeOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    SchemeAttr scheme = op.getScheme();
    auto decode = [&](ImplicitLocOpBuilder &b, Value code, Value scale, Value zero, Value outer) -> Value {
      Value number = extendCode(b, scheme, code);
      if (zero) {
        number = arith::SubIOp::create(b, number, extendCode(b, scheme, zero));
      }
      if (outer) {
        Value inner = arith::ExtUIOp::create(b, b.getI32Type(), scale);
        number = arith::MulIOp::create(b, number, inner);
        scale = outer;
      }
      number = arith::SIToFPOp::create(b, b.getF32Type(), number);
      return arith::MulFOp::create(b, number, extendScale(b, scale));
    };
    if (scheme.getFormat()) {
      rewriter.replaceOp(op, decodeFormat(builder, op));
      return success();
    }
    SmallVector<ElementwiseInput> inputs = {{op.getCodes(), {0, 1}}};
    if (scheme.getGroup() == 0) {
      for (Value value : op.getInputs().drop_front()) {
        inputs.push_back({value, {0}});
      }
    }
    Value result = createElementwise(
        builder, inputs, op.getInit(), [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          if (scheme.getGroup() == 0) {
            return decode(b, args[0], args[1], op.getZeros() ? args[2] : Value(), Value());
          }
          Value row = linalg::IndexOp::create(b, 0), column = linalg::IndexOp::create(b, 1);
          if (op.getAt()) {
            column = arith::AddIOp::create(b, column, op.getAt());
          }
          Value size = arith::ConstantIndexOp::create(b, scheme.getGroup());
          Value group = arith::DivUIOp::create(b, column, size);
          auto of = [&](Value tensor) -> Value {
            return tensor ? tensor::ExtractOp::create(b, tensor, ValueRange{row, group}).getResult()
                          : Value();
          };
          Value outer = op.getOuterScales();
          outer = outer ? tensor::ExtractOp::create(b, outer, ValueRange{row}).getResult() : Value();
          return decode(b, args[0], of(op.getScales()), of(op.getZeros()), outer);
        });
    result.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, result);
    return success();
  }

  static Value decodeFormat(ImplicitLocOpBuilder &builder, DequantizeOp op) {
    SmallVector<SchemePart> parts = op.getScheme().getParts();
    Value result = createElementwise(
        builder, {{op.getCodes(), {0, 1}}}, op.getInit(),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          Value row = linalg::IndexOp::create(b, 0), column = linalg::IndexOp::create(b, 1);
          if (op.getAt()) {
            column = arith::AddIOp::create(b, column, op.getAt());
          }
          SmallVector<Value> numbers = {args[0]};
          for (auto [tensor, part] :
               llvm::zip_equal(op.getInputs().drop_front(), ArrayRef(parts).drop_front())) {
            SmallVector<Value> at = {row};
            if (part.span != 0) {
              at.push_back(arith::DivUIOp::create(b, column, arith::ConstantIndexOp::create(b, part.span)));
            }
            numbers.push_back(tensor::ExtractOp::create(b, tensor, at));
          }
          return decodeElement(b, op.getScheme().getBlockFormat(), numbers);
        });
    result.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    return result;
  }
};

/// Rounds acc * multiplier / 2^shift to nearest even in integers: the floor, plus one if the rest is more
/// than a half, or is a half and the floor is odd.
struct DecomposeRequantize : OpRewritePattern<RequantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RequantizeOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    int64_t multiplier = op.getMultiplierAttr().getInt(), shift = op.getShiftAttr().getInt();
    auto codeType = cast<IntegerType>(getElementTypeOrSelf(op.getInit().getType()));
    unsigned rank = cast<RankedTensorType>(op.getInput().getType()).getRank();
    SmallVector<unsigned> loops = llvm::to_vector(llvm::seq<unsigned>(0, rank));
    Value result = createElementwise(
        builder, {{op.getInput(), loops}}, op.getInit(),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          auto number = [&](int64_t x) -> Value {
            return arith::ConstantOp::create(b, b.getI64IntegerAttr(x));
          };
          Value wide = arith::ExtSIOp::create(b, b.getI64Type(), args[0]);
          Value scaled = arith::MulIOp::create(b, wide, number(multiplier));
          if (shift > 0) {
            int64_t half = int64_t(1) << (shift - 1);
            Value floor = arith::ShRSIOp::create(b, scaled, number(shift));
            Value rest = arith::AndIOp::create(b, scaled, number((half - 1) | half));
            Value odd = arith::TruncIOp::create(b, b.getI1Type(), floor);
            Value more = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, rest, number(half));
            Value tie = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, number(half));
            Value up = arith::OrIOp::create(b, more, arith::AndIOp::create(b, tie, odd));
            scaled = arith::AddIOp::create(b, floor, arith::ExtUIOp::create(b, b.getI64Type(), up));
          }
          int64_t limit = int64_t(1) << (codeType.getWidth() - 1);
          scaled = arith::MinSIOp::create(b, scaled, number(limit - 1));
          scaled = arith::MaxSIOp::create(b, scaled, number(-limit));
          return arith::TruncIOp::create(b, codeType, scaled);
        });
    result.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void coopt::quantized::populateDecomposeQuantizePatterns(RewritePatternSet &patterns, bool decodes) {
  patterns.add<DecomposeQuantize, DecomposeRequantize>(patterns.getContext());
  if (decodes) {
    patterns.add<DecomposeDequantize>(patterns.getContext());
  }
}
