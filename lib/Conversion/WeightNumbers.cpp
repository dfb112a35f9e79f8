#include "WeightNumbers.h"
#include "RegisterTiles.h"
#include "coopt/Numerics/Half.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

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
  FailureOr<CodeWeights> weights = CodeWeights::match(b, op);
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
  const unsigned bits = op.getWScheme().getBits();
  if (isa == Isa::Amx && bits <= 5 && getElementTypeOrSelf(op.getA()).isBF16()) {
    for (float number : numbers.format ? numbers.format->allNumbers() : integersOf(op.getWScheme())) {
      numbers.pairTable.push_back(numerics::bfloat16FromFloat(number));
    }
    numbers.pairTable.resize(numbers.pairTable.empty() ? 0 : 2 * kLanes);
  }
  return numbers;
}

Value WeightNumbers::addPairs(ImplicitLocOpBuilder &b, Value sums, Value quad, Value activations,
                              ValueRange indices) const {
  auto words = VectorType::get({2 * kLanes}, b.getI16Type()),
       halves = VectorType::get({2 * kLanes}, b.getBF16Type());
  auto call = [&](Type type, StringRef name, ValueRange arguments) {
    return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), arguments).getResult(0);
  };
  Value table = arith::ConstantOp::create(b, DenseElementsAttr::get(words, ArrayRef<uint16_t>(pairTable)));
  // A word holds the codes of two columns: its low byte chooses for one, and moved down its high byte for the other.
  Value both = vector::BitCastOp::create(b, words, quad);
  for (int64_t half : {0, 1}) {
    Value index = both;
    if (half == 1) {
      index = arith::ShRUIOp::create(b, both, constantOf(b, words, b.getI16IntegerAttr(8)));
    }
    Value numbers =
        vector::BitCastOp::create(b, halves, call(words, "llvm.x86.avx512.permvar.hi.512", {table, index}));
    SmallVector<Value> at(indices);
    at.back() = addIndex(b, at.back(), 2 * half);
    Value two = vector::LoadOp::create(b, VectorType::get({2}, b.getBF16Type()), activations, at);
    Value word = vector::ExtractOp::create(
        b, vector::BitCastOp::create(b, VectorType::get({1}, b.getI32Type()), two), 0);
    Value all = vector::BroadcastOp::create(b, VectorType::get({kLanes}, b.getI32Type()), word);
    sums = call(sums.getType(), "llvm.x86.avx512bf16.dpbf16ps.512",
                {sums, numbers, vector::BitCastOp::create(b, halves, all)});
  }
  return sums;
}

Value WeightNumbers::scaledPairs(ImplicitLocOpBuilder &b, Value panel, Value index, Value sum,
                                 Value activationSum) const {
  if (weights.scheme().isAsymmetric()) {
    Value zeros = format ? format->zeros(b, panel, index) : Value();
    if (!zeros) {
      zeros = arith::SIToFPOp::create(b, sum.getType(), weights.zeros(b, panel, index));
    }
    Value moved = vector::BroadcastOp::create(b, sum.getType(), activationSum);
    sum = arith::SubFOp::create(b, sum, arith::MulFOp::create(b, zeros, moved));
  }
  return scaled(b, panel, index, sum, activationSum);
}

WeightNumbers::Group WeightNumbers::group(ImplicitLocOpBuilder &b, Value panel, Value index) const {
  if (format) {
    return format->group(b, panel, index);
  }
  // The zeros, as bytes if differences are.
  Value zero = weights.zeros(b, panel, index);
  return {weights.hasByteDifferences() ? repeatInQuad(b, zero) : zero, Value()};
}

Value WeightNumbers::lanes(ImplicitLocOpBuilder &b, Value quad, const Group &group) const {
  if (!format) {
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
  if (format) {
    Value codes = j == 0 ? lanes : arith::ShRUIOp::create(b, lanes, constant(8 * j)).getResult();
    return format->numbers(b, codes, group);
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
