//===- MatrixUnitFloatContraction.cpp - Contractions of bf16 on AMX ---------===//
//
// Activations in bf16 times weights that are decoded and rounded to bf16, sums in f32: Bounded.
//
//===----------------------------------------------------------------------===//
#include "UnitContraction.h"
#include "WeightNumbers.h"

using namespace mlir;

namespace coopt {
namespace {

class FloatContraction final : public UnitContraction {
public:
  FloatContraction(ImplicitLocOpBuilder &b, quantized::ContractOp op, WeightNumbers numbers)
      : UnitContraction(op, b.getBF16Type(), b.getF32Type()), numbers(std::move(numbers)) {}

private:
  WeightNumbers numbers;

  const CodeWeights &codes() const override { return numbers.codes(); }

  /// Line i holds columns 2 i and 2 i + 1, those of an output side by side.
  void emitDecodedTile(ImplicitLocOpBuilder &b, Value panel, Value tile, Value lines, Value line) override {
    const int64_t perTile = groupsPerTile(), perGroup = kQuadsPerTile / perTile;
    const TileCodes codes(b, numbers.codes().codes(), numbers.codes().tileOffset(b, panel, tile));
    forRange(b, constantIndex(b, 0), constantIndex(b, perTile), 1,
             [&](ImplicitLocOpBuilder &inner, Value part) {
               Value g = groupOf(inner, tile, part, perTile);
               WeightNumbers::Group group = numbers.group(inner, panel, g);
               Value first = arith::MulIOp::create(inner, part, constantIndex(inner, perGroup));
               forRange(inner, first, addIndex(inner, first, perGroup), 1,
                        [&](ImplicitLocOpBuilder &nested, Value q) {
                          Value at = arith::MulIOp::create(nested, q, constantIndex(nested, 2));
                          emitQuad(nested, panel, g, numbers.lanes(nested, codes.quadAt(nested, q), group),
                                   group, lines, arith::AddIOp::create(nested, line, at));
                        });
             });
  }

  /// Codes less their zeros, of at most eight bits and a sign: bf16 holds them as they are.
  bool isOfCodes() { return !op.getWScheme().getFormat() && op.getWScheme().getGroup() == 0; }
  /// Upstream makes one conversion of a rounded conversion, from integers to bf16, for which there are no instructions.
  static Value highHalf(ImplicitLocOpBuilder &b, Value x) {
    auto of = [](Type element) { return VectorType::get({kLanes}, element); };
    Value bits = arith::BitcastOp::create(b, of(b.getI32Type()), x);
    Value shift = arith::ConstantOp::create(
        b, DenseElementsAttr::get(cast<ShapedType>(bits.getType()), b.getI32IntegerAttr(16)));
    Value high = arith::TruncIOp::create(b, of(b.getI16Type()), arith::ShRUIOp::create(b, bits, shift));
    return arith::BitcastOp::create(b, of(b.getBF16Type()), high);
  }

  void emitQuad(ImplicitLocOpBuilder &b, Value panel, Value g, Value lanes, const WeightNumbers::Group &group,
                Value lines, Value line) {
    auto halves = VectorType::get({kLanes}, b.getBF16Type());
    Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1.0f));
    SmallVector<Value> elements;
    for (int64_t j = 0; j < kQuad; ++j) {
      Value x = numbers.scaled(b, panel, g, numbers.column(b, lanes, j, group), one);
      elements.push_back(isOfCodes() ? highHalf(b, x) : arith::TruncFOp::create(b, halves, x));
    }
    for (int64_t pair = 0; pair < 2; ++pair) {
      Value both = vector::InterleaveOp::create(b, elements[2 * pair], elements[2 * pair + 1]);
      vector::StoreOp::create(b, both, lines, ValueRange{addIndex(b, line, pair), constantIndex(b, 0)});
    }
  }

  Value multiply(ImplicitLocOpBuilder &b, Value x, Value y, Value sums) override {
    return amx::TileMulFOp::create(b, sumTile, x, y, sums);
  }

  Value columnScales(ImplicitLocOpBuilder &b, const Chunk &chunk, Value column) override {
    return numbers.rowScales(b, chunk, column);
  }

  Value resultOf(ImplicitLocOpBuilder &b, Value sums, Value columnScales, Value) override {
    return columnScales ? arith::MulFOp::create(b, sums, columnScales).getResult() : sums;
  }
};

} // namespace

std::unique_ptr<UnitContraction> matchFloatUnitContraction(ImplicitLocOpBuilder &b,
                                                           quantized::ContractOp op) {
  if (op.getAScheme() || !getElementTypeOrSelf(op.getA()).isBF16()) {
    return nullptr;
  }
  FailureOr<WeightNumbers> numbers = WeightNumbers::match(b, op, Isa::Amx);
  if (failed(numbers)) {
    return nullptr;
  }
  return std::make_unique<FloatContraction>(b, op, std::move(*numbers));
}

} // namespace coopt
