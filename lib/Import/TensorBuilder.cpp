#include "TensorBuilder.h"

#include "dialects/Model/IR/Model.h"

using namespace mlir;
using namespace coopt::import;

void TensorBuilder::setId(const std::string &newId) {
  id = newId;
  loc = NameLoc::get(b.getStringAttr(id));
}

Value TensorBuilder::f32(OpBuilder &b, Location loc, float value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

Value TensorBuilder::empty(ArrayRef<int64_t> shape, Type element, ValueRange sizes) {
  return tensor::EmptyOp::create(b, loc, shape, element, sizes);
}

Value TensorBuilder::elementwise(ValueRange inputs, ArrayRef<AffineMap> maps, Value init, const Body &body) {
  auto type = cast<RankedTensorType>(init.getType());
  SmallVector<AffineMap> allMaps(maps);
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  allMaps.resize(inputs.size(), identity);
  allMaps.push_back(identity);
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto op = linalg::GenericOp::create(b, loc, type, inputs, init, allMaps, iterators,
                                      [&](OpBuilder &nested, Location at, ValueRange arguments) {
                                        Value result = body(nested, at, arguments.drop_back());
                                        linalg::YieldOp::create(nested, at, result);
                                      });
  return tagged(op).getResult(0);
}

Value TensorBuilder::columns(Value x, Value order, Value rows) {
  auto type = cast<RankedTensorType>(x.getType());
  Value init = empty(type.getShape(), type.getElementType(), rows);
  AffineMap ofColumn = AffineMap::get(2, 0, b.getAffineDimExpr(1));
  return elementwise(order, ofColumn, init, [&](OpBuilder &nested, Location at, ValueRange scalars) -> Value {
    Value row = linalg::IndexOp::create(nested, at, 0);
    Value column = arith::IndexCastOp::create(nested, at, nested.getIndexType(), scalars[0]);
    return tensor::ExtractOp::create(nested, at, x, ValueRange{row, column});
  });
}

Value TensorBuilder::contraction(Value x, Value w, Value rows) {
  auto weight = cast<RankedTensorType>(w.getType());
  Value init = empty({ShapedType::kDynamic, weight.getDimSize(0)}, b.getF32Type(), rows);
  Value filled = linalg::FillOp::create(b, loc, f32(b, loc, 0.0f), init).getResult(0);
  AffineExpr m, n, k;
  bindDims(b.getContext(), m, n, k);
  SmallVector<AffineMap> maps =
      AffineMap::inferFromExprList({ArrayRef<AffineExpr>{m, k}, {n, k}, {m, n}}, b.getContext());
  SmallVector<utils::IteratorType> iterators = {utils::IteratorType::parallel, utils::IteratorType::parallel,
                                                utils::IteratorType::reduction};
  auto op = linalg::GenericOp::create(b, loc, filled.getType(), ValueRange{x, w}, filled, maps, iterators,
                                      [&](OpBuilder &nested, Location at, ValueRange a) {
                                        Value product = arith::MulFOp::create(nested, at, a[0], a[1]);
                                        Value sum = arith::AddFOp::create(nested, at, a[2], product);
                                        linalg::YieldOp::create(nested, at, sum);
                                      });
  return tagged(op).getResult(0);
}

Value TensorBuilder::reduceRows(StringRef kind, Value x, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  Value init = empty(type.getShape().drop_back(), type.getElementType(), rowCount);
  auto reduction = *coopt::model::symbolizeRowReduction(kind);
  auto op = coopt::model::RowReduceOp::create(b, loc, init.getType(), reduction, x, init);
  return tagged(op)->getResult(0);
}

Value TensorBuilder::map(ValueRange inputs, Value rowCount, const Body &body) {
  auto type = cast<RankedTensorType>(inputs[0].getType());
  return elementwise(inputs, {}, empty(type.getShape(), type.getElementType(), rowCount), body);
}

Value TensorBuilder::addBias(Value x, Value bias, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  AffineExpr n = b.getAffineDimExpr(1);
  SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(2), AffineMap::get(2, 0, n)};
  return elementwise({x, bias}, maps, empty(type.getShape(), b.getF32Type(), rowCount),
                     [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       return arith::AddFOp::create(nested, at, a[0], a[1]);
                     });
}

/// 1 / sqrt(sum / width + epsilon).
static Value inverseRoot(TensorBuilder &t, Value sums, int64_t width, double epsilon, Value rowCount) {
  return t.map(sums, rowCount, [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
    Value count = TensorBuilder::f32(nested, at, static_cast<float>(width));
    Value mean = arith::DivFOp::create(nested, at, a[0], count);
    Value shift = TensorBuilder::f32(nested, at, static_cast<float>(epsilon));
    Value shifted = arith::AddFOp::create(nested, at, mean, shift);
    return math::RsqrtOp::create(nested, at, shifted);
  });
}

static Value square(OpBuilder &nested, Location at, ValueRange a) {
  return arith::MulFOp::create(nested, at, a[0], a[0]);
}

Value TensorBuilder::rmsNorm(Value x, Value weight, double epsilon, bool onePlus, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t rank = type.getRank();
  Value sums = reduceRows("sum", map(x, rowCount, square), rowCount);
  Value scales = inverseRoot(*this, sums, type.getShape().back(), epsilon, rowCount);
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps = {identity, identity.dropResult(rank - 1),
                                 AffineMap::get(rank, 0, b.getAffineDimExpr(rank - 1))};
  return elementwise({x, scales, weight}, maps, empty(type.getShape(), b.getF32Type(), rowCount),
                     [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       Value normal = arith::MulFOp::create(nested, at, a[0], a[1]);
                       Value factor = a[2];
                       if (onePlus) {
                         factor = arith::AddFOp::create(nested, at, f32(nested, at, 1.0f), factor);
                       }
                       return arith::MulFOp::create(nested, at, normal, factor);
                     });
}

Value TensorBuilder::layerNorm(Value x, Value weight, Value bias, double epsilon, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t width = type.getDimSize(1);
  AffineExpr m, k;
  bindDims(b.getContext(), m, k);
  AffineMap identity = b.getMultiDimIdentityMap(2), row = AffineMap::get(2, 0, m),
            column = AffineMap::get(2, 0, k);
  auto fresh = [&] { return empty(type.getShape(), b.getF32Type(), rowCount); };
  Value sums = reduceRows("sum", x, rowCount);
  Value centred = elementwise(
      {x, sums}, {identity, row}, fresh(), [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
        Value mean = arith::DivFOp::create(nested, at, a[1], f32(nested, at, static_cast<float>(width)));
        return arith::SubFOp::create(nested, at, a[0], mean);
      });
  Value squares = reduceRows("sum", map(centred, rowCount, square), rowCount);
  Value scales = inverseRoot(*this, squares, width, epsilon, rowCount);
  return elementwise({centred, scales, weight, bias}, {identity, row, column, column}, fresh(),
                     [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       Value normal = arith::MulFOp::create(nested, at, a[0], a[1]);
                       Value weighted = arith::MulFOp::create(nested, at, normal, a[2]);
                       return arith::AddFOp::create(nested, at, weighted, a[3]);
                     });
}

/// 1 / (1 + exp2(-(x * log2 e))): the sequence of Numerics.
static Value sigmoid(OpBuilder &b, Location at, Value x) {
  auto f32 = [&](float value) { return TensorBuilder::f32(b, at, value); };
  Value scaled = arith::MulFOp::create(b, at, x, f32(0x1.715476p+0f));
  Value exponent = arith::NegFOp::create(b, at, scaled);
  Value power = math::Exp2Op::create(b, at, exponent);
  Value one = f32(1.0f);
  Value denominator = arith::AddFOp::create(b, at, one, power);
  return arith::DivFOp::create(b, at, one, denominator);
}

static Value silu(OpBuilder &b, Location at, Value x) {
  return arith::MulFOp::create(b, at, x, sigmoid(b, at, x));
}

/// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), or 0.5 x (1 + erf(x / sqrt(2))).
static Value gelu(OpBuilder &b, Location at, Value x, bool byTanh) {
  auto f32 = [&](float value) { return TensorBuilder::f32(b, at, value); };
  auto times = [&](Value left, Value right) -> Value { return arith::MulFOp::create(b, at, left, right); };
  Value step;
  if (byTanh) {
    Value cube = times(times(x, x), x);
    Value bent = arith::AddFOp::create(b, at, x, times(f32(0.044715f), cube));
    step = math::TanhOp::create(b, at, times(f32(0.797884561f), bent));
  } else {
    step = math::ErfOp::create(b, at, times(x, f32(0.707106781f)));
  }
  Value sum = arith::AddFOp::create(b, at, f32(1.0f), step);
  return times(times(f32(0.5f), x), sum);
}

Value TensorBuilder::activate(Activation activation, Value x, Value factor, Value rowCount) {
  SmallVector<Value> inputs = {x};
  if (factor) {
    inputs.push_back(factor);
  }
  return map(inputs, rowCount, [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
    Value bent = activation == Activation::Silu ? silu(nested, at, a[0])
                                                : gelu(nested, at, a[0], activation == Activation::GeluTanh);
    return factor ? arith::MulFOp::create(nested, at, bent, a[1]).getResult() : bent;
  });
}

Value TensorBuilder::add(Value x, Value y, Value rowCount) {
  return map({x, y}, rowCount, [](OpBuilder &nested, Location at, ValueRange a) -> Value {
    return arith::AddFOp::create(nested, at, a[0], a[1]);
  });
}

Value TensorBuilder::gateRows(Value x, Value logits, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  AffineMap column =
      AffineMap::get(2, 0, {b.getAffineDimExpr(0), b.getAffineConstantExpr(0)}, b.getContext());
  return elementwise({x, logits}, {b.getMultiDimIdentityMap(2), column},
                     empty(type.getShape(), b.getF32Type(), rowCount),
                     [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       return arith::MulFOp::create(nested, at, a[0], sigmoid(nested, at, a[1]));
                     });
}

Value TensorBuilder::scale(Value x, double factor, Value rowCount) {
  return map(x, rowCount, [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
    return arith::MulFOp::create(nested, at, a[0], f32(nested, at, static_cast<float>(factor)));
  });
}

Value TensorBuilder::softcap(Value x, double cap, Value rowCount) {
  return map(x, rowCount, [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
    Value limit = f32(nested, at, static_cast<float>(cap));
    Value part = arith::DivFOp::create(nested, at, a[0], limit);
    return arith::MulFOp::create(nested, at, math::TanhOp::create(nested, at, part), limit);
  });
}

Value TensorBuilder::splitHeads(Value x, int64_t heads, int64_t headSize, Value rowCount) {
  auto type = RankedTensorType::get({ShapedType::kDynamic, heads, headSize}, b.getF32Type());
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  SmallVector<OpFoldResult> shape = {rowCount, b.getIndexAttr(heads), b.getIndexAttr(headSize)};
  return tensor::ExpandShapeOp::create(b, loc, type, x, groups, shape);
}

Value TensorBuilder::mergeHeads(Value x) {
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  return tensor::CollapseShapeOp::create(b, loc, x, groups);
}

Value TensorBuilder::rows(Value x, Value first, Value count) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t width = type.getDimSize(1);
  auto slice = RankedTensorType::get({ShapedType::kDynamic, width}, type.getElementType());
  SmallVector<OpFoldResult> offsets = {first, b.getIndexAttr(0)}, sizes = {count, b.getIndexAttr(width)},
                            strides(2, b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, slice, x, offsets, sizes, strides);
}

Value TensorBuilder::columnRange(Value x, int64_t first, int64_t count, Value rowCount) {
  auto slice = RankedTensorType::get({ShapedType::kDynamic, count}, b.getF32Type());
  SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0), b.getIndexAttr(first)},
                            sizes = {rowCount, b.getIndexAttr(count)}, strides(2, b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, slice, x, offsets, sizes, strides);
}

/// cosine and sine times the factor that YaRN puts on them.
static std::pair<Value, Value> scaledTurn(OpBuilder &b, Location at, Value cosine, Value sine,
                                          double factor) {
  if (factor != 1.0) {
    Value by = TensorBuilder::f32(b, at, static_cast<float>(factor));
    cosine = arith::MulFOp::create(b, at, cosine, by);
    sine = arith::MulFOp::create(b, at, sine, by);
  }
  return {cosine, sine};
}

Value TensorBuilder::rotary(Value x, Value cosine, Value sine, const RotaryEmbedding &rotary, int64_t heads,
                            int64_t headSize, Value rowCount) {
  bool whole = rotary.size == headSize;
  return whole ? rotateWhole(x, cosine, sine, rotary, heads, headSize, rowCount)
               : rotatePart(x, cosine, sine, rotary, heads, headSize, rowCount);
}

Value TensorBuilder::rotateWhole(Value x, Value cosine, Value sine, const RotaryEmbedding &rotary,
                                 int64_t heads, int64_t headSize, Value rowCount) {
  int64_t half = headSize / 2;
  bool neighbours = rotary.pairs == RotaryEmbedding::Pairs::Neighbours;
  auto halves = RankedTensorType::get({ShapedType::kDynamic, heads, 2, half}, b.getF32Type());
  SmallVector<int64_t> extents = {heads, neighbours ? half : 2, neighbours ? 2 : half};
  auto split =
      RankedTensorType::get({ShapedType::kDynamic, extents[0], extents[1], extents[2]}, b.getF32Type());
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2, 3}};
  SmallVector<OpFoldResult> shape = {rowCount, b.getIndexAttr(extents[0]), b.getIndexAttr(extents[1]),
                                     b.getIndexAttr(extents[2])};
  Value parts = tensor::ExpandShapeOp::create(b, loc, split, x, groups, shape);
  auto part = [&](int64_t which) -> Value {
    size_t axis = neighbours ? 3 : 2;
    SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0)), sizes = shape, strides(4, b.getIndexAttr(1));
    offsets[axis] = b.getIndexAttr(which);
    sizes[axis] = b.getIndexAttr(1);
    // A slice that drops the unit dimension itself would be ambiguous where there is one row or head: once
    // sizes are constants, another unit dimension may be dropped in its place.
    Value slice = tensor::ExtractSliceOp::create(b, loc, parts, offsets, sizes, strides);
    SmallVector<ReassociationIndices> dropped = {{0}, {1}, {2, 3}};
    return tensor::CollapseShapeOp::create(b, loc, slice, dropped);
  };
  AffineExpr t, h, p, d;
  bindDims(b.getContext(), t, h, p, d);
  AffineMap input = AffineMap::get(4, 0, {t, h, d}, b.getContext());
  AffineMap table = AffineMap::get(4, 0, {t, d}, b.getContext());
  Value rotated =
      elementwise({part(0), part(1), cosine, sine}, {input, input, table, table},
                  empty(halves.getShape(), b.getF32Type(), rowCount),
                  [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
                    auto [cos, sin] = scaledTurn(nested, at, a[2], a[3], rotary.scaling.attentionFactor);
                    Value lowCos = arith::MulFOp::create(nested, at, a[0], cos);
                    Value highSin = arith::MulFOp::create(nested, at, a[1], sin);
                    Value highCos = arith::MulFOp::create(nested, at, a[1], cos);
                    Value lowSin = arith::MulFOp::create(nested, at, a[0], sin);
                    Value first = arith::SubFOp::create(nested, at, lowCos, highSin);
                    Value second = arith::AddFOp::create(nested, at, highCos, lowSin);
                    Value which = linalg::IndexOp::create(nested, at, 2);
                    Value zero = arith::ConstantIndexOp::create(nested, at, 0);
                    Value isFirst = arith::CmpIOp::create(nested, at, arith::CmpIPredicate::eq, which, zero);
                    return arith::SelectOp::create(nested, at, isFirst, first, second);
                  });
  SmallVector<ReassociationIndices> merge = {{0}, {1}, {2, 3}};
  return tensor::CollapseShapeOp::create(b, loc, rotated, merge);
}

Value TensorBuilder::rotatePart(Value x, Value cosine, Value sine, const RotaryEmbedding &rotary,
                                int64_t heads, int64_t headSize, Value rowCount) {
  Value byHead = splitHeads(x, heads, headSize, rowCount);
  return map(byHead, rowCount, [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
    auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(nested, at, value); };
    auto below = [&](Value left, int64_t right) -> Value {
      return arith::CmpIOp::create(nested, at, arith::CmpIPredicate::ult, left, index(right));
    };
    auto select = [&](Value condition, Value yes, Value no) -> Value {
      return arith::SelectOp::create(nested, at, condition, yes, no);
    };
    auto plus = [&](Value left, int64_t right) -> Value {
      return right == 0 ? left : arith::AddIOp::create(nested, at, left, index(right)).getResult();
    };
    const int64_t half = rotary.size / 2;
    Value row = linalg::IndexOp::create(nested, at, 0), head = linalg::IndexOp::create(nested, at, 1),
          d = linalg::IndexOp::create(nested, at, 2), e = plus(d, -rotary.first);
    // Indices are compared as unsigned: those before the first are beyond all.
    Value isFirst = below(e, half), turns = below(e, rotary.size), before = plus(e, -half);
    // Elements that pass read pair 0 and themselves.
    Value pair = select(isFirst, e, select(turns, before, index(0)));
    Value own = a[0], partner = select(isFirst, plus(d, half), select(turns, plus(d, -half), d));
    if (rotary.pairs == RotaryEmbedding::Pairs::Neighbours) {
      Value even = plus(arith::MulIOp::create(nested, at, pair, index(2)), rotary.first), odd = plus(even, 1);
      Value mine = select(turns, select(isFirst, even, odd), d);
      own = tensor::ExtractOp::create(nested, at, byHead, ValueRange{row, head, mine});
      partner = select(turns, select(isFirst, odd, even), d);
    }
    Value other = tensor::ExtractOp::create(nested, at, byHead, ValueRange{row, head, partner});
    Value tableCos = tensor::ExtractOp::create(nested, at, cosine, ValueRange{row, pair});
    Value tableSin = tensor::ExtractOp::create(nested, at, sine, ValueRange{row, pair});
    auto [cos, sin] = scaledTurn(nested, at, tableCos, tableSin, rotary.scaling.attentionFactor);
    Value straight = arith::MulFOp::create(nested, at, own, cos);
    Value cross = arith::MulFOp::create(nested, at, other, sin);
    Value first = arith::SubFOp::create(nested, at, straight, cross),
          second = arith::AddFOp::create(nested, at, straight, cross);
    return select(turns, select(isFirst, first, second), a[0]);
  });
}
