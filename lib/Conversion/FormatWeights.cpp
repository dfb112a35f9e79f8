#include "FormatWeights.h"
#include "RegisterTiles.h"
#include "dialects/Quantized/Transforms/DecodeFormat.h"

using namespace mlir;

namespace coopt {

using Kind = numerics::StoredPart::Kind;

FailureOr<FormatWeights> FormatWeights::match(ImplicitLocOpBuilder &b, quantized::ContractOp op,
                                              int64_t group, Isa isa) {
  FormatWeights weights;
  weights.format = op.getWScheme().getBlockFormat();
  weights.groupColumns = group;
  ValueRange operands = op.getInputs().drop_front(op.getFirstWeightOperand());
  const bool wholeRows = weights.format.scales.front().span == 0;
  const std::vector<numerics::StoredPart> meanings = numerics::storedParts(weights.format);
  for (auto [meaning, operand] : llvm::zip_equal(meanings, operands)) {
    if (meaning.kind == Kind::Codes) {
      continue;
    }
    Part part{meaning, {}, {}};
    if (meaning.span == 0) {
      if (!hasUnitInnerStride(operand)) {
        return failure();
      }
      part.perRow = operand;
    } else {
      FailureOr<PanelWeights> panels = matchPanels(b, operand, 1, isa);
      if (failed(panels) || wholeRows || (meaning.span % group != 0 && meaning.span < group)) {
        return failure();
      }
      part.panels = *panels;
    }
    weights.parts.push_back(part);
  }
  std::vector<float> values = numerics::storedValues(weights.format.element);
  const numerics::ElementFormat &element = weights.format.element.format;
  if (values.empty() && element.bits <= 6 && isa >= Isa::Avx512) {
    // A permutation, and the sign of six bits, take fewer instructions than the decoding of a number.
    for (uint32_t code = 0; code < uint32_t(1) << element.bits; ++code) {
      values.push_back(element.decode(code));
    }
  }
  if (!values.empty()) {
    weights.table.emplace(b, values, isa);
  }
  return weights;
}

const FormatWeights::Part *FormatWeights::find(Kind kind, size_t level) const {
  for (const Part &part : parts) {
    if (part.meaning.kind == kind && part.meaning.level == level) {
      return &part;
    }
  }
  return nullptr;
}

Value FormatWeights::raw(ImplicitLocOpBuilder &b, const Part &part, Value panel, Value index) const {
  if (!part.perRow) {
    int64_t groups = std::max<int64_t>(part.meaning.span / groupColumns, 1);
    Value step = groups == 1 ? index : arith::DivUIOp::create(b, index, constantIndex(b, groups)).getResult();
    return loadPanel(b, part.panels, panel, step);
  }
  // In no panels: channels that are not there have nothing.
  Value column = arith::MulIOp::create(b, panel, constantIndex(b, kLanes));
  Value rest = arith::SubIOp::create(b, asValue(b, extentOf(b, part.perRow, 0)), column);
  Value mask = vector::CreateMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()), rest);
  Type element = cast<MemRefType>(part.perRow.getType()).getElementType();
  auto type = VectorType::get({kLanes}, element);
  Value none =
      constantOf(b, type, b.getZeroAttr(element) ? cast<TypedAttr>(b.getZeroAttr(element)) : TypedAttr());
  return vector::MaskedLoadOp::create(b, type, part.perRow, ValueRange{column}, mask, none);
}

Value FormatWeights::number(ImplicitLocOpBuilder &b, const Part &part, Value panel, Value index) const {
  return quantized::decodeNumber(b, part.meaning.type, raw(b, part, panel, index));
}

FormatWeights::Group FormatWeights::group(ImplicitLocOpBuilder &b, Value panel, Value index) const {
  Group result;
  if (const Part *zeros = find(Kind::Zero)) {
    result.zeros = number(b, *zeros, panel, index);
  }
  if (const Part *selectors = find(Kind::Selector)) {
    auto words = VectorType::get({kLanes}, b.getI32Type());
    Value books = arith::ExtUIOp::create(b, words, raw(b, *selectors, panel, index));
    Value bits = constantOf(b, words, b.getI32IntegerAttr(numerics::storedCodeBits(format)));
    result.selectors = arith::ShLIOp::create(b, books, bits);
  }
  return result;
}

Value FormatWeights::numbers(ImplicitLocOpBuilder &b, Value codes, const Group &group) const {
  Value x;
  if (table) {
    x = table->lookUp(b,
                      group.selectors ? arith::OrIOp::create(b, codes, group.selectors).getResult() : codes);
  } else {
    x = quantized::decodeNumber(b, format.element.format, codes);
  }
  return group.zeros ? arith::SubFOp::create(b, x, group.zeros).getResult() : x;
}

Value FormatWeights::scaled(ImplicitLocOpBuilder &b, Value panel, Value index, Value sum,
                            Value activationSum) const {
  for (size_t level = 0; level < format.scales.size(); ++level) {
    sum = arith::MulFOp::create(b, sum, number(b, *find(Kind::Scale, level), panel, index));
    if (!format.minimums || format.minimums->after != static_cast<int>(level) + 1) {
      continue;
    }
    Value minimum;
    for (size_t i = 0; i < format.minimums->levels.size(); ++i) {
      Value factor = number(b, *find(Kind::Minimum, i), panel, index);
      minimum = minimum ? arith::MulFOp::create(b, minimum, factor).getResult() : factor;
    }
    Value moved =
        arith::MulFOp::create(b, minimum, vector::BroadcastOp::create(b, sum.getType(), activationSum));
    sum = format.minimums->subtracted ? arith::SubFOp::create(b, sum, moved).getResult()
                                      : arith::AddFOp::create(b, sum, moved).getResult();
  }
  return sum;
}

} // namespace coopt
