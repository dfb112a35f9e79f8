#include "dialects/Quantized/Transforms/DecodeFormat.h"

#include "coopt/Numerics/StoredParts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace coopt;
using namespace coopt::quantized;
using numerics::ElementFormat;

namespace {

/// Arith ops on values of one shape.
class Decoder {
public:
  Decoder(ImplicitLocOpBuilder &b, Type like) : b(b), shape(dyn_cast<VectorType>(like)) {}

  Value decode(const ElementFormat &type, Value raw);
  Value select(ArrayRef<float> values, Value index);

  Value number(float value) { return constant(b.getF32FloatAttr(value)); }
  Value integer(int64_t value) { return constant(b.getI32IntegerAttr(static_cast<int32_t>(value))); }
  /// An integer's low bits as i32, the others 0.
  Value code(Value raw, int bits) {
    const unsigned width = getElementTypeOrSelf(raw).getIntOrFloatBitWidth();
    if (width < 32) {
      raw = arith::ExtUIOp::create(b, typed(b.getI32Type()), raw);
    }
    return static_cast<int>(width) <= bits ? raw
                                           : arith::AndIOp::create(b, raw, integer((int64_t(1) << bits) - 1));
  }

private:
  ImplicitLocOpBuilder &b;
  VectorType shape;

  Type typed(Type element) const {
    return shape ? Type(VectorType::get(shape.getShape(), element)) : element;
  }
  Value constant(TypedAttr element) {
    TypedAttr value = element;
    if (shape) {
      value = DenseElementsAttr::get(shape.clone(element.getType()), ArrayRef<Attribute>(element));
    }
    return arith::ConstantOp::create(b, value);
  }
  Value decodeInteger(const ElementFormat &type, Value code);
  Value decodeFloat(const ElementFormat &type, Value code);
  Value decodePower(Value code);
  Value scaled(Value x, int exponent);
};

/// x * 2^exponent, exact if the result is a binary32 number. Powers beyond binary32 are two factors.
Value Decoder::scaled(Value x, int exponent) {
  while (exponent != 0) {
    const int step = std::clamp(exponent, -126, 127);
    x = arith::MulFOp::create(b, x, number(std::ldexp(1.0f, step)));
    exponent -= step;
  }
  return x;
}

Value Decoder::decodeInteger(const ElementFormat &type, Value code) {
  if (type.kind == ElementFormat::Kind::SignedInteger) {
    Value above = integer(32 - type.bits);
    code = arith::ShRSIOp::create(b, arith::ShLIOp::create(b, code, above), above);
  } else if (type.kind == ElementFormat::Kind::BipolarInteger) {
    Value twice = arith::ShLIOp::create(b, code, integer(1));
    code = arith::SubIOp::create(b, twice, integer((int64_t(1) << type.bits) - 1));
  }
  return scaled(arith::SIToFPOp::create(b, typed(b.getF32Type()), code), type.integerExponent);
}

/// Exponent and mantissa, moved to their places in a binary32 number, are the value but for the bias: of
/// subnormal numbers too.
Value Decoder::decodeFloat(const ElementFormat &type, Value code) {
  const int magnitudeBits = type.exponentBits + type.mantissaBits;
  const int64_t largest = (int64_t(1) << magnitudeBits) - 1;
  Value magnitude = arith::AndIOp::create(b, code, integer(largest));
  Value bits = arith::ShLIOp::create(b, magnitude, integer(23 - type.mantissaBits));
  Value value = scaled(arith::BitcastOp::create(b, typed(b.getF32Type()), bits), 127 - type.bias);
  auto where = [&](arith::CmpIPredicate predicate, int64_t special, float instead) {
    Value isSpecial = arith::CmpIOp::create(b, predicate, magnitude, integer(special));
    value = arith::SelectOp::create(b, isSpecial, number(instead), value);
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const int64_t infinity = largest - ((int64_t(1) << type.mantissaBits) - 1);
  if (type.specials == numerics::SpecialCodes::Ieee) {
    where(arith::CmpIPredicate::eq, infinity, std::numeric_limits<float>::infinity());
  }
  Value sign = arith::ShLIOp::create(b, arith::ShRUIOp::create(b, code, integer(magnitudeBits)), integer(31));
  Value signedBits = arith::OrIOp::create(b, arith::BitcastOp::create(b, typed(b.getI32Type()), value), sign);
  value = arith::BitcastOp::create(b, typed(b.getF32Type()), signedBits);
  if (type.specials == numerics::SpecialCodes::Ieee) {
    where(arith::CmpIPredicate::ugt, infinity, nan);
  } else if (type.specials == numerics::SpecialCodes::NanOnly) {
    where(arith::CmpIPredicate::eq, largest, nan);
  }
  return value;
}

/// 2^(code - 127): an exponent, but for the least one, which is subnormal, and NaN.
Value Decoder::decodePower(Value code) {
  Value bits = arith::ShLIOp::create(b, code, integer(23));
  auto where = [&](int64_t special, int64_t instead) {
    Value isSpecial = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, code, integer(special));
    bits = arith::SelectOp::create(b, isSpecial, integer(instead), bits);
  };
  where(0, 0x00400000);
  where(255, 0x7fc00000);
  return arith::BitcastOp::create(b, typed(b.getF32Type()), bits);
}

Value Decoder::decode(const ElementFormat &type, Value raw) {
  Type element = getElementTypeOrSelf(raw);
  if (element.isF32()) {
    return raw;
  }
  if (isa<FloatType>(element)) {
    return arith::ExtFOp::create(b, typed(b.getF32Type()), raw);
  }
  Value bits = code(raw, type.bits);
  switch (type.kind) {
  case ElementFormat::Kind::Float:
    return decodeFloat(type, bits);
  case ElementFormat::Kind::PowerOfTwo:
    return decodePower(bits);
  default:
    return decodeInteger(type, bits);
  }
}

Value Decoder::select(ArrayRef<float> values, Value index) {
  SmallVector<Value> level;
  for (float value : values) {
    level.push_back(number(value));
  }
  for (int bit = 0; level.size() > 1; ++bit) {
    Value isSet = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne, arith::AndIOp::create(b, index, integer(int64_t(1) << bit)), integer(0));
    SmallVector<Value> next;
    for (size_t i = 0; i < level.size(); i += 2) {
      next.push_back(arith::SelectOp::create(b, isSet, level[i + 1], level[i]));
    }
    level = std::move(next);
  }
  return level.front();
}

} // namespace

Value coopt::quantized::decodeNumber(ImplicitLocOpBuilder &builder, const ElementFormat &type, Value raw) {
  return Decoder(builder, raw.getType()).decode(type, raw);
}

Value coopt::quantized::selectValue(ImplicitLocOpBuilder &builder, ArrayRef<float> values, Value index) {
  return Decoder(builder, index.getType()).select(values, index);
}

Value coopt::quantized::decodeElement(ImplicitLocOpBuilder &b, const numerics::BlockFormat &format,
                                      ValueRange parts) {
  using Kind = numerics::StoredPart::Kind;
  Decoder decoder(b, parts.front().getType());
  const int codeBits = numerics::storedCodeBits(format);
  Value code, zero, selector, minimum;
  SmallVector<Value> scales;
  for (auto [part, raw] : llvm::zip_equal(numerics::storedParts(format), parts)) {
    switch (part.kind) {
    case Kind::Codes:
      code = decoder.code(raw, codeBits);
      break;
    case Kind::Selector:
      selector = decoder.code(raw, part.type.bits);
      break;
    case Kind::Zero:
      zero = decoder.decode(part.type, raw);
      break;
    case Kind::Scale:
      scales.push_back(decoder.decode(part.type, raw));
      break;
    case Kind::Minimum: {
      Value number = decoder.decode(part.type, raw);
      minimum = minimum ? arith::MulFOp::create(b, minimum, number).getResult() : number;
      break;
    }
    }
  }
  std::vector<float> values = numerics::storedValues(format.element);
  Value x;
  if (values.empty()) {
    x = decoder.decode(format.element.format, code);
  } else {
    if (selector) {
      code = arith::OrIOp::create(b, code, arith::ShLIOp::create(b, selector, decoder.integer(codeBits)));
    }
    x = decoder.select(values, code);
  }
  if (zero) {
    x = arith::SubFOp::create(b, x, zero);
  }
  for (auto [level, scale] : llvm::enumerate(scales)) {
    x = arith::MulFOp::create(b, x, scale);
    if (minimum && format.minimums->after == static_cast<int>(level) + 1) {
      x = format.minimums->subtracted ? arith::SubFOp::create(b, x, minimum).getResult()
                                      : arith::AddFOp::create(b, x, minimum).getResult();
    }
  }
  return x;
}
