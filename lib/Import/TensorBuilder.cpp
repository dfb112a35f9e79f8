#include "TensorBuilder.h"

#include "dialects/Model/IR/Model.h"

using namespace mlir;
using namespace coopt::import;

template <typename OpT>
OpT TensorBuilder::tag(OpT op) {
  op->setAttr("coopt.id", b.getStringAttr(id));
  return op;
}

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
  return tag(op).getResult(0);
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
  return tag(op).getResult(0);
}

Value TensorBuilder::reduceRows(StringRef kind, Value x, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  Value init = empty(type.getShape().drop_back(), type.getElementType(), rowCount);
  auto reduction = *coopt::model::symbolizeRowReduction(kind);
  auto op = coopt::model::RowReduceOp::create(b, loc, init.getType(), reduction, x, init);
  return tag(op)->getResult(0);
}

Value TensorBuilder::rmsNorm(Value x, Value weight, double epsilon, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t width = type.getDimSize(1);
  Value squares = elementwise(x, {}, empty(type.getShape(), b.getF32Type(), rowCount),
                              [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                                return arith::MulFOp::create(nested, at, a[0], a[0]);
                              });
  Value sums = reduceRows("sum", squares, rowCount);
  Value scales = elementwise(sums, {}, empty({ShapedType::kDynamic}, b.getF32Type(), rowCount),
                             [&](OpBuilder &nested, Location at, ValueRange a) -> Value {
                               Value mean = arith::DivFOp::create(nested, at, a[0], f32(nested, at, width));
                               Value shifted =
                                   arith::AddFOp::create(nested, at, mean, f32(nested, at, epsilon));
                               return math::RsqrtOp::create(nested, at, shifted);
                             });
  AffineExpr m, k;
  bindDims(b.getContext(), m, k);
  SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(2), AffineMap::get(2, 0, m),
                                 AffineMap::get(2, 0, k)};
  return elementwise({x, scales, weight}, maps, empty(type.getShape(), b.getF32Type(), rowCount),
                     [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       Value normal = arith::MulFOp::create(nested, at, a[0], a[1]);
                       return arith::MulFOp::create(nested, at, normal, a[2]);
                     });
}

Value TensorBuilder::siluTimes(Value gate, Value up, Value rowCount) {
  auto type = cast<RankedTensorType>(gate.getType());
  return elementwise({gate, up}, {}, empty(type.getShape(), b.getF32Type(), rowCount),
                     [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       // sigmoid(x) = 1 / (1 + exp2(-(x * log2 e))): the sequence of Numerics.
                       Value scaled =
                           arith::MulFOp::create(nested, at, a[0], f32(nested, at, 0x1.715476p+0f));
                       Value exponent = arith::NegFOp::create(nested, at, scaled);
                       Value power = math::Exp2Op::create(nested, at, exponent);
                       Value one = f32(nested, at, 1.0f);
                       Value denominator = arith::AddFOp::create(nested, at, one, power);
                       Value sigmoid = arith::DivFOp::create(nested, at, one, denominator);
                       Value silu = arith::MulFOp::create(nested, at, a[0], sigmoid);
                       return arith::MulFOp::create(nested, at, silu, a[1]);
                     });
}

Value TensorBuilder::add(Value x, Value y, Value rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  return elementwise({x, y}, {}, empty(type.getShape(), type.getElementType(), rowCount),
                     [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                       return arith::AddFOp::create(nested, at, a[0], a[1]);
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

Value TensorBuilder::rotary(Value x, Value cosine, Value sine, int64_t heads, int64_t headSize,
                            Value rowCount) {
  int64_t half = headSize / 2;
  auto split = RankedTensorType::get({ShapedType::kDynamic, heads, 2, half}, b.getF32Type());
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2, 3}};
  SmallVector<OpFoldResult> shape = {rowCount, b.getIndexAttr(heads), b.getIndexAttr(2),
                                     b.getIndexAttr(half)};
  Value parts = tensor::ExpandShapeOp::create(b, loc, split, x, groups, shape);
  auto part = [&](int64_t which) -> Value {
    SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0), b.getIndexAttr(0), b.getIndexAttr(which),
                                         b.getIndexAttr(0)};
    SmallVector<OpFoldResult> sizes = {rowCount, b.getIndexAttr(heads), b.getIndexAttr(1),
                                       b.getIndexAttr(half)};
    SmallVector<OpFoldResult> strides(4, b.getIndexAttr(1));
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
  Value rotated = elementwise({part(0), part(1), cosine, sine}, {input, input, table, table},
                              empty(split.getShape(), b.getF32Type(), rowCount),
                              [](OpBuilder &nested, Location at, ValueRange a) -> Value {
                                Value lowCos = arith::MulFOp::create(nested, at, a[0], a[2]);
                                Value highSin = arith::MulFOp::create(nested, at, a[1], a[3]);
                                Value highCos = arith::MulFOp::create(nested, at, a[1], a[2]);
                                Value lowSin = arith::MulFOp::create(nested, at, a[0], a[3]);
                                Value first = arith::SubFOp::create(nested, at, lowCos, highSin);
                                Value second = arith::AddFOp::create(nested, at, highCos, lowSin);
                                Value which = linalg::IndexOp::create(nested, at, 2);
                                Value zero = arith::ConstantIndexOp::create(nested, at, 0);
                                Value isFirst =
                                    arith::CmpIOp::create(nested, at, arith::CmpIPredicate::eq, which, zero);
                                return arith::SelectOp::create(nested, at, isFirst, first, second);
                              });
  SmallVector<ReassociationIndices> merge = {{0}, {1}, {2, 3}};
  return tensor::CollapseShapeOp::create(b, loc, rotated, merge);
}
