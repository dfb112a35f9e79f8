#include "WeightNumbers.h"

using namespace mlir;

namespace coopt {

/// The integers of all codes, before zeros.
static std::vector<float> integersOf(quantized::SchemeAttr scheme) {
  std::vector<float> values;
  const int range = 1 << scheme.getBits();
  for (int code = 0; code < range; ++code) {
    values.push_back(static_cast<float>(scheme.isAsymmetric() || code < range / 2 ? code : code - range));
  }
  return values;
}

FailureOr<WeightNumbers> WeightNumbers::match(ImplicitLocOpBuilder &b, quantized::ContractOp op, Isa isa) {
  FailureOr<CodeWeights> weights = CodeWeights::match(b, op, isa);
  if (failed(weights)) {
    return failure();
  }
  WeightNumbers numbers(*weights);
  if (op.getWScheme().getFormat()) {
    FailureOr<FormatWeights> format = FormatWeights::match(b, op, weights->groupColumns(), isa);
    if (failed(format)) {
      return failure();
    }
    numbers.format = std::move(*format);
  }
  if (!numbers.format && isa >= Isa::Avx512 && op.getWScheme().getBits() <= 4) {
    numbers.table.emplace(b, integersOf(op.getWScheme()), isa);
  }
  return numbers;
}

WeightNumbers::Group WeightNumbers::group(ImplicitLocOpBuilder &b, Value panel, Value index) const {
  if (format) {
    return format->group(b, panel, index);
  }
  if (table) {
    return {};
  }
  // The zeros, as bytes if differences are.
  Value zero = weights.zeros(b, panel, index);
  return {weights.hasByteDifferences() ? repeatInQuad(b, zero) : zero, Value()};
}

Value WeightNumbers::lanes(ImplicitLocOpBuilder &b, Value quad, const Group &group) const {
  if (!format && !table) {
    quad = weights.unsignedQuad(b, quad);
    if (weights.hasByteDifferences()) {
      quad = arith::SubIOp::create(b, quad, group.zeros);
    }
  }
  return vector::BitCastOp::create(b, VectorType::get({kLanes}, b.getI32Type()), quad);
}

Value WeightNumbers::column(ImplicitLocOpBuilder &b, Value lanes, int64_t j, const Group &group) const {
  auto constant = [&](int64_t value) {
    return constantOf(b, lanes.getType(), b.getI32IntegerAttr(static_cast<int32_t>(value)));
  };
  if (format || table) {
    Value codes = j == 0 ? lanes : arith::ShRUIOp::create(b, lanes, constant(8 * j)).getResult();
    return table ? table->lookUp(b, codes) : format->numbers(b, codes, group);
  }
  Value number = j == 3 ? lanes : arith::ShLIOp::create(b, lanes, constant(8 * (3 - j))).getResult();
  if (weights.hasByteDifferences()) {
    number = arith::ShRSIOp::create(b, number, constant(24));
  } else {
    number = arith::ShRUIOp::create(b, number, constant(24));
    number = arith::SubIOp::create(b, number, group.zeros);
  }
  return arith::SIToFPOp::create(b, VectorType::get({kLanes}, b.getF32Type()), number);
}

Value WeightNumbers::scaled(ImplicitLocOpBuilder &b, Value panel, Value index, Value sum,
                            Value activationSum) const {
  if (format) {
    return format->scaled(b, panel, index, sum, activationSum);
  }
  if (needsActivationSums()) {
    Value zeros = arith::SIToFPOp::create(b, sum.getType(), weights.zeros(b, panel, index));
    Value all = vector::BroadcastOp::create(b, sum.getType(), activationSum);
    sum = arith::SubFOp::create(b, sum, arith::MulFOp::create(b, zeros, all));
  }
  if (weights.scheme().getGroup() == 0) {
    return sum;
  }
  Value scale = weights.groupScales(b, panel, index);
  if (weights.scheme().isTwoLevel()) {
    scale = arith::SIToFPOp::create(b, sum.getType(), scale);
  }
  return arith::MulFOp::create(b, sum, scale);
}

Value WeightNumbers::rowScales(ImplicitLocOpBuilder &b, const Chunk &chunk, Value column) const {
  return format ? Value() : weights.rowScales(b, chunk, column);
}

} // namespace coopt
