#include "coopt/Numerics/BlockEncoder.h"

#include "Encoders.h"

#include <limits>

using namespace coopt;
using namespace coopt::numerics;

using Kind = ElementFormat::Kind;

namespace {

bool isPlain(const BlockFormat &f, Kind kind) {
  return f.element.codebooks.empty() && f.element.format.kind == kind &&
         f.element.format.integerExponent == 0;
}
bool hasNoOffset(const BlockFormat &f) { return f.zeroBits == 0 && !f.minimums; }
bool spansRow(const ScaleLevel &level) { return level.span == 0 && level.rows == 1; }
/// One level of added minimums, one for each innermost scale.
bool hasMinimumPerGroup(const BlockFormat &f) {
  return f.minimums && f.minimums->after == 1 && !f.minimums->subtracted && f.minimums->levels.size() == 1 &&
         f.minimums->levels[0].span == f.scales[0].span && f.minimums->levels[0].rows == f.scales[0].rows;
}
/// 4 bits, integer scales of groups in a row, and a binary32 scale of the row.
bool isTwoLevel(const BlockFormat &f) {
  return isPlain(f, Kind::UnsignedInteger) && f.element.format.bits == 4 && f.scales.size() == 2 &&
         f.scales[0].type.kind == Kind::UnsignedInteger && f.scales[0].type.bits >= 5 &&
         f.scales[0].type.integerExponent == 0 && f.scales[0].rows == 1 && spansRow(f.scales[1]) &&
         f.scales[1].type == ElementFormat::f32();
}

/// What the format lacks for its encoding; "" if nothing.
std::string lacks(const BlockFormat &f) {
  const ElementFormat &element = f.element.format;
  bool oneScale = f.scales.size() == 1;
  bool isFloat = f.element.codebooks.empty() && element.kind == Kind::Float;
  bool isSigned = f.element.codebooks.empty() && element.kind == Kind::SignedInteger && element.bits > 1;
  switch (f.encoding.kind) {
  case EncodingKind::None:
    return "";
  case EncodingKind::Symmetric:
    return isPlain(f, Kind::SignedInteger) && isSigned && oneScale && hasNoOffset(f)
               ? ""
               : "signed integers of 2 to 8 bits with one level of scales";
  case EncodingKind::Asymmetric:
    return isPlain(f, Kind::UnsignedInteger) && f.zeroBits == element.bits && oneScale && !f.minimums
               ? ""
               : "unsigned integers, zeros of as many bits, and one level of scales";
  case EncodingKind::MinMax:
    return isPlain(f, Kind::UnsignedInteger) && oneScale && f.zeroBits == 0 && hasMinimumPerGroup(f)
               ? ""
               : "unsigned integers with one scale and one added minimum per group";
  case EncodingKind::TwoLevel:
    return isTwoLevel(f) && f.zeroBits == 4 && !f.minimums
               ? ""
               : "4-bit unsigned integers and zeros, integer scales of 5 to 8 bits and an f32 scale per row";
  case EncodingKind::Liquid:
    return isTwoLevel(f) && f.zeroBits == 0 && hasMinimumPerGroup(f) &&
                   f.minimums->levels[0].type.name() == "i8"
               ? ""
               : "4-bit unsigned integers, integer scales of 5 to 8 bits and i8 minimums per group, and an "
                 "f32 "
                 "scale per row";
  case EncodingKind::SharedExponent:
    return (isFloat || isSigned || f.element.codebooks.size() == 1) && oneScale &&
                   f.scales[0].type == ElementFormat::e8m0() && hasNoOffset(f)
               ? ""
               : "floats, signed integers or one codebook with one level of e8m0 scales";
  case EncodingKind::Amax:
    return (!f.element.codebooks.empty() || isFloat || isSigned || element.kind == Kind::BipolarInteger) &&
                   oneScale && hasNoOffset(f)
               ? ""
               : "numbers of both signs with one level of scales";
  case EncodingKind::TwoAmax:
    return (isFloat || f.element.codebooks.size() == 1) && f.scales.size() == 2 && f.scales[1].span == 0 &&
                   f.scales[1].rows <= 1 && f.scales[1].type.bits > 8 && hasNoOffset(f)
               ? ""
               : "floats or one codebook with scales per group and one of f32, f16 or bf16 per row or tensor";
  case EncodingKind::SignedAmax:
    return isPlain(f, Kind::SignedInteger) && isSigned && oneScale && hasNoOffset(f)
               ? ""
               : "signed integers of 2 to 8 bits with one level of scales";
  case EncodingKind::TernaryMean:
    return isPlain(f, Kind::SignedInteger) && element.bits == 2 && oneScale && hasNoOffset(f)
               ? ""
               : "signed integers of 2 bits with one level of scales";
  case EncodingKind::SignMean:
    return isPlain(f, Kind::BipolarInteger) && element.bits == 1 && oneScale && hasNoOffset(f)
               ? ""
               : "bipolar integers of 1 bit with one level of scales";
  case EncodingKind::Pairs:
    return !f.element.outliers.empty() && f.element.codebooks.size() <= 1 && oneScale && hasNoOffset(f)
               ? ""
               : "outliers, at most one codebook and one level of scales";
  }
  return "a known encoding";
}

} // namespace

Status numerics::validateEncoding(const BlockFormat &format) {
  std::string missing = lacks(format);
  if (!missing.empty()) {
    return fail("encoder.kind: this one needs " + missing);
  }
  bool scalesArePowers = format.scales[0].type == ElementFormat::e8m0();
  EncodingKind kind = format.encoding.kind;
  if (scalesArePowers && kind != EncodingKind::None && kind != EncodingKind::SharedExponent &&
      kind != EncodingKind::Amax) {
    return fail("scales[0].type: e8m0 is for encoders of shared exponents or amax");
  }
  if (!(format.encoding.floor >= 0) || !std::isfinite(format.encoding.floor)) {
    return fail("encoder.floor: expected a finite number that is not negative");
  }
  if (!format.element.outliers.empty() && kind != EncodingKind::Pairs && kind != EncodingKind::None) {
    return fail("encoder.kind: outliers need the encoder of pairs");
  }
  return {};
}

float numerics::roundedToType(const ElementFormat &type, float x) {
  float result = type.decode(type.encode(x));
  if (std::isfinite(x) && !std::isfinite(result)) {
    return x > 0 ? type.largest() : type.least();
  }
  if (!std::isfinite(x) && std::isfinite(result)) {
    // A type without infinity: NaN where it has that, so that bad input stays visible.
    return type.decode(type.encode(std::numeric_limits<float>::quiet_NaN()));
  }
  return result;
}

float numerics::storedScale(const ElementFormat &type, float scale) {
  float result = roundedToType(type, scale);
  return result == 0 ? 1.0f : result;
}

float numerics::roundedInteger(float u, float low, float high, Rounding rounding, uint32_t random) {
  u = u < low ? low : u > high ? high : u;
  if (u != u) {
    return 0;
  }
  float below = std::floor(u);
  float rest = u - below; // exact: both are below 2^21 in magnitude
  bool up = rest > 0.5f;
  if (rounding == Rounding::Stochastic) {
    up = static_cast<double>(random) * 0x1p-24 < static_cast<double>(rest);
  } else if (rest == 0.5f) {
    up = rounding == Rounding::NearestEven   ? std::fmod(below, 2.0f) != 0
         : rounding == Rounding::NearestAway ? u > 0
                                             : rounding == Rounding::NearestToZero && u < 0;
  }
  return up ? below + 1 : below;
}

bool numerics::amaxSaysAllOfMatrix(const BlockFormat &format) {
  EncodingKind kind = format.encoding.kind;
  const ScaleLevel &outermost = format.scales.back();
  if (outermost.rows != 0) {
    return !format.minimums || format.minimums->levels.back().rows != 0;
  }
  return !format.minimums && outermost.span == 0 &&
         (kind == EncodingKind::Symmetric || kind == EncodingKind::Amax || kind == EncodingKind::TwoAmax ||
          kind == EncodingKind::SharedExponent);
}

Expected<BlockComponents> numerics::encodeMatrix(const BlockFormat &format, const float *matrix, int64_t rows,
                                                 int64_t K, const EncodeOptions &options) {
  if (Status status = format.validate(); !status) {
    return forward(status.error(), "format '" + format.name + "'");
  }
  EncodingKind kind = format.encoding.kind;
  if (kind == EncodingKind::None) {
    return fail("format '" + format.name + "': it has no encoder, it can only be decoded");
  }
  Rounding rounding = options.rounding.value_or(format.encoding.rounding);
  bool isFixed = kind == EncodingKind::TwoLevel || kind == EncodingKind::Liquid ||
                 kind == EncodingKind::SignedAmax || kind == EncodingKind::SignMean ||
                 (kind == EncodingKind::MinMax && format.encoding.convention == EncodingConvention::Ggml);
  if (isFixed && options.rounding && *options.rounding != format.encoding.rounding) {
    return fail("format '" + format.name + "': its encoder has a rounding of its own");
  }
  Encoder encoder{format, matrix, rows, K, rounding, options, BlockComponents::make(format, rows, K)};
  switch (kind) {
  case EncodingKind::None:
    break;
  case EncodingKind::Symmetric:
    encoder.encodeSymmetric();
    break;
  case EncodingKind::Asymmetric:
    encoder.encodeAsymmetric();
    break;
  case EncodingKind::MinMax:
    encoder.encodeMinMax();
    break;
  case EncodingKind::TwoLevel:
    encoder.encodeTwoLevel();
    break;
  case EncodingKind::Liquid:
    encoder.encodeLiquid();
    break;
  case EncodingKind::SharedExponent:
    encoder.encodeSharedExponent();
    break;
  case EncodingKind::Amax:
    encoder.encodeAmax();
    break;
  case EncodingKind::TwoAmax:
    encoder.encodeTwoAmax();
    break;
  case EncodingKind::SignedAmax:
    encoder.encodeSignedAmax();
    break;
  case EncodingKind::TernaryMean:
    encoder.encodeTernaryMean();
    break;
  case EncodingKind::SignMean:
    encoder.encodeSignMean();
    break;
  case EncodingKind::Pairs:
    encoder.encodePairs();
    break;
  }
  return std::move(encoder.out);
}
