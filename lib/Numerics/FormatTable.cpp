#include "coopt/Numerics/FormatTable.h"

#include "coopt/Numerics/GgufBlocks.h"
#include "coopt/Numerics/TwoLevelQuantization.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::numerics;

static ElementFormat integer(int bits, bool isSigned, int exponent = 0) {
  return *ElementFormat::makeInteger(bits, isSigned, exponent);
}

/// A format with one level of scales.
static BlockFormat make(std::string name, std::string description, BlockElement element, ScaleLevel scale,
                        BlockEncoding encoding) {
  BlockFormat format;
  format.name = std::move(name);
  format.description = std::move(description);
  format.element = std::move(element);
  format.scales = {std::move(scale)};
  format.encoding = encoding;
  return format;
}

/// -values[n-1], .., -values[0] behind their opposites: sign and magnitude codes of a list that starts with 0.
static std::vector<float> signMagnitude(std::vector<float> values) {
  size_t n = values.size();
  for (size_t i = 0; i < n; ++i) {
    values.push_back(-values[i]);
  }
  return values;
}

static BlockElement codebook(int bits, std::vector<std::vector<float>> codebooks) {
  BlockElement element{integer(bits, false), std::move(codebooks), {}, 0};
  return element;
}

Expected<BlockFormat> numerics::integerGroupFormat(int bits, int64_t groupSize, bool symmetric,
                                                   const ElementFormat &scaleType) {
  bool isSign = bits == 1 && symmetric;
  Expected<ElementFormat> element =
      isSign ? ElementFormat::makeBipolar(1) : ElementFormat::makeInteger(bits, symmetric);
  if (!element) {
    return forward(element.error());
  }
  std::string name = "w" + std::to_string(bits);
  name += groupSize > 0 ? "-g" + std::to_string(groupSize) : "";
  name += symmetric ? "" : "-asym";
  BlockEncoding encoding;
  encoding.kind = isSign      ? EncodingKind::SignMean
                  : symmetric ? EncodingKind::Symmetric
                              : EncodingKind::Asymmetric;
  BlockFormat format = make(name,
                            isSign      ? "signs times the mean magnitude"
                            : symmetric ? "integers"
                                        : "integers with zeros",
                            {*element, {}, {}, 0}, {scaleType, groupSize, 1}, encoding);
  format.zeroBits = symmetric ? 0 : bits;
  if (Status status = format.validate(); !status) {
    return forward(status.error());
  }
  return format;
}

BlockFormat numerics::twoLevelFormat(int64_t groupSize) {
  BlockFormat format =
      make("qoq", "4-bit integers with integer scales and zeros per group, one f32 scale per row (QServe)",
           {integer(4, false), {}, {}, 0}, {integer(8, false), groupSize, 1}, {EncodingKind::TwoLevel});
  format.scales.push_back({ElementFormat::f32(), 0, 1});
  format.zeroBits = 4;
  return format;
}

Expected<BlockFormat> numerics::kiviFormat(int bits, int64_t groupSize, const ElementFormat &scaleType) {
  if (bits != 2 && bits != 4) {
    return fail("kivi: expected 2 or 4 bits, got " + std::to_string(bits));
  }
  BlockFormat format =
      make("kivi" + std::to_string(bits), "keys and values of a cache, scale and minimum per group",
           {integer(bits, false), {}, {}, 0}, {scaleType, groupSize, 1}, {EncodingKind::MinMax});
  format.minimums = Minimums{1, false, format.scales};
  if (Status status = format.validate(); !status) {
    return forward(status.error());
  }
  return format;
}

static BlockFormat liquidFormat() {
  BlockFormat format = twoLevelFormat(kTwoLevelGroup);
  format.name = "liquid";
  format.description =
      "4-bit integers with integer scales and minimums per group, one f32 scale per row (LiquidGEMM)";
  format.zeroBits = 0;
  format.minimums = Minimums{1, false, {{integer(8, true), kTwoLevelGroup, 1}}};
  format.encoding.kind = EncodingKind::Liquid;
  return format;
}

static BlockFormat nvfp4Format() {
  BlockFormat format =
      make("nvfp4", "E2M1, E4M3 scale per 16, f32 scale per tensor (NVIDIA)",
           {ElementFormat::e2m1(), {}, {}, 0}, {ElementFormat::e4m3(), 16, 1}, {EncodingKind::TwoAmax});
  format.scales.push_back({ElementFormat::f32(), 0, 0});
  return format;
}

static BlockFormat mx(const std::string &name, const ElementFormat &element) {
  return make(name, element.name() + ", power of two per 32 (OCP MX)", {element, {}, {}, 0},
              {ElementFormat::e8m0(), 32, 1}, {EncodingKind::SharedExponent});
}

/// The base numbers with a special one as number of the negative zero's code, for each of the special ones.
static BlockElement bitmod(int bits, const std::vector<float> &magnitudes,
                           std::initializer_list<float> specials) {
  std::vector<std::vector<float>> codebooks;
  for (float special : specials) {
    codebooks.push_back(signMagnitude(magnitudes));
    codebooks.back()[magnitudes.size()] = special;
  }
  return codebook(bits, std::move(codebooks));
}

/// Quantiles of the normal distribution; 0 has a code of its own.
static const std::vector<float> kNf4 = {-1.0f,
                                        -0.6961928009986877f,
                                        -0.5250730514526367f,
                                        -0.39491748809814453f,
                                        -0.28444138169288635f,
                                        -0.18477343022823334f,
                                        -0.09105003625154495f,
                                        0.0f,
                                        0.07958029955625534f,
                                        0.16093020141124725f,
                                        0.24611230194568634f,
                                        0.33791524171829224f,
                                        0.44070982933044434f,
                                        0.5626170039176941f,
                                        0.7229568362236023f,
                                        1.0f};

static void addFloats(std::vector<BlockFormat> &list) {
  ElementFormat f32 = ElementFormat::f32();
  BlockElement e4m3{ElementFormat::e4m3(), {}, {}, 0};
  BlockElement e5m2{ElementFormat::e5m2(), {}, {}, 0};
  BlockElement e2m1{ElementFormat::e2m1(), {}, {}, 0};
  BlockEncoding deepGemm{EncodingKind::Amax, Rounding::NearestEven, EncodingConvention::Reciprocal, 1e-4f};
  list.push_back(make("fp8", "E4M3, f32 scale per tensor", e4m3, {f32, 0, 0}, {EncodingKind::Amax}));
  list.push_back(make("fp8-channel", "E4M3, f32 scale per row", e4m3, {f32, 0, 1}, {EncodingKind::Amax}));
  list.push_back(
      make("fp8-block", "E4M3, f32 scale per 128 x 128 (DeepGEMM)", e4m3, {f32, 128, 128}, deepGemm));
  list.push_back(make("fp8-block-ue8m0", "E4M3, power of two per 128 x 128 (DeepGEMM)", e4m3,
                      {ElementFormat::e8m0(), 128, 128}, deepGemm));
  list.push_back(make("fp8-e5m2", "E5M2, f32 scale per row", e5m2, {f32, 0, 1}, {EncodingKind::Amax}));
  BlockEncoding fp4 = deepGemm;
  fp4.rounding = Rounding::NearestToZero;
  list.push_back(make("fp4-deepgemm", "E2M1, f32 scale per 128 (DeepGEMM)", e2m1, {f32, 128, 1}, fp4));
  list.push_back(mx("mxfp4", ElementFormat::e2m1()));
  list.push_back(mx("mxfp6e2m3", ElementFormat::e2m3()));
  list.push_back(mx("mxfp6e3m2", ElementFormat::e3m2()));
  list.push_back(mx("mxfp8", ElementFormat::e4m3()));
  list.push_back(mx("mxfp8e5m2", ElementFormat::e5m2()));
  list.push_back(mx("mxint8", integer(8, true, -6)));
  list.push_back(nvfp4Format());
  for (int bits = 3; bits <= 8; ++bits) {
    list.push_back(
        make("bfp" + std::to_string(bits),
             "block floating point, a shared exponent per 16 (MSFP" + std::to_string(bits + 8) + ")",
             {integer(bits, true, 2 - bits), {}, {}, 0}, {ElementFormat::e8m0(), 16, 1},
             {EncodingKind::SharedExponent}));
  }
}

static void addCodebooks(std::vector<BlockFormat> &list) {
  ElementFormat f32 = ElementFormat::f32(), f16 = ElementFormat::f16();
  BlockEncoding lower{EncodingKind::Amax, Rounding::NearestLower};
  list.push_back(make("nf4", "quantiles of the normal distribution, f32 scale per 64 (QLoRA)",
                      codebook(4, {kNf4}), {f32, 64, 1}, lower));
  list.push_back(make("flint4", "0 1 2 3 4 6 8 16, f32 scale per row (ANT)",
                      codebook(4, {signMagnitude({0, 1, 2, 3, 4, 6, 8, 16})}), {f32, 0, 1}, lower));
  list.push_back(make("flint5", "0 to 8, 10 to 16, 24, 32, 64, f32 scale per row (ANT)",
                      codebook(5, {signMagnitude({0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64})}),
                      {f32, 0, 1}, lower));
  list.push_back(make("bitmod3", "0 1 2 4 and +-3 or +-6, f16 scale per 128 (BitMoD)",
                      bitmod(3, {0, 1, 2, 4}, {3, -3, 6, -6}), {f16, 128, 1}, lower));
  list.push_back(make("bitmod4", "E2M1 and +-5 or +-8, f16 scale per 128 (BitMoD)",
                      bitmod(4, {0, 0.5f, 1, 1.5f, 2, 3, 4, 6}, {5, -5, 8, -8}), {f16, 128, 1}, lower));
  BlockElement pairs{integer(4, true), {}, signMagnitude({0, 12, 16, 24, 32, 48, 64, 96}), 8};
  list.push_back(make("olive4",
                      "integers; outliers take the place of their neighbour, f32 scale per row (OliVe)",
                      std::move(pairs), {f32, 0, 1}, {EncodingKind::Pairs}));
}

static void addIntegers(std::vector<BlockFormat> &list) {
  ElementFormat f32 = ElementFormat::f32();
  BlockElement ternary{integer(2, true), {}, {}, 0};
  list.push_back(make("ternary", "-1 0 1 by the mean magnitude, f32 scale per row (BitNet b1.58)", ternary,
                      {f32, 0, 1}, {EncodingKind::TernaryMean}));
  list.push_back(make("i2_s", "-1 0 1 by the largest magnitude, f32 scale per tensor (bitnet.cpp)", ternary,
                      {f32, 0, 0}, {EncodingKind::Symmetric}));
  for (int bits = 1; bits <= 8; ++bits) {
    list.push_back(make("bipolar" + std::to_string(bits), "odd integers, f32 scale per row (APT-LLM)",
                        {*ElementFormat::makeBipolar(bits), {}, {}, 0}, {f32, 0, 1}, {EncodingKind::Amax}));
  }
  list.push_back(twoLevelFormat(kTwoLevelGroup));
  list.push_back(liquidFormat());
  for (int bits : {2, 4}) {
    list.push_back(*kiviFormat(bits, 32, ElementFormat::f16()));
  }
}

const std::vector<NamedFormat> &numerics::listFormats() {
  static const std::vector<NamedFormat> table = [] {
    std::vector<BlockFormat> list;
    addFloats(list);
    addCodebooks(list);
    addIntegers(list);
    std::vector<NamedFormat> result;
    for (BlockFormat &format : list) {
      double bits = format.bitsPerWeight();
      result.push_back({std::move(format), bits});
    }
    for (GgufType type : allGgufTypes()) {
      result.push_back({ggufFormat(type), 8.0 * static_cast<double>(ggufBlockBytes(type)) /
                                              static_cast<double>(ggufBlockElements(type))});
    }
    return result;
  }();
  return table;
}

Expected<BlockFormat> numerics::findFormat(std::string_view name) {
  std::vector<std::string> names;
  for (const NamedFormat &named : listFormats()) {
    if (named.format.name == name) {
      return named.format;
    }
    names.push_back(named.format.name);
  }
  return fail("no format " + inQuotes(name) + didYouMean(name, names));
}

std::string numerics::describeFormats() {
  size_t width = 0;
  for (const NamedFormat &named : listFormats()) {
    width = std::max(width, named.format.name.size());
  }
  std::string result;
  for (const NamedFormat &named : listFormats()) {
    result += named.format.name + std::string(width - named.format.name.size(), ' ') +
              formatNumber("%7.4g bits  ", named.bitsPerWeight) + named.format.description + "\n";
  }
  return result;
}
