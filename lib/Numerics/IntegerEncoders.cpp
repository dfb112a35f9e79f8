// Encoders of integer codes: BlockEncoding.h says what each does.
#include "Encoders.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/TwoLevelQuantization.h"

#include <limits>

using namespace coopt;
using namespace coopt::numerics;

static float largestUnsigned(const BlockFormat &format) {
  return static_cast<float>((1 << format.element.format.bits) - 1);
}

void Encoder::encodeSymmetric() {
  auto limit = static_cast<float>((1 << (format.element.format.bits - 1)) - 1);
  NearestCodes nearest(ElementTable(format.element.format, /*symmetric=*/true), rounding);
  forEachBlock(format.scales[0], [&](const Block &block) {
    float scale = storedScale(format.scales[0].type, amax(block) / limit);
    out.scales[0][block.index] = scale;
    setCodes(block, nearest, [&](float x) { return x / scale; });
  });
}

void Encoder::encodeAsymmetric() {
  float limit = largestUnsigned(format);
  forEachBlock(format.scales[0], [&](const Block &block) {
    float low = 0, high = 0;
    forEachElement(block, [&](int64_t i) {
      high = maximum(high, matrix[i]);
      low = matrix[i] < low ? matrix[i] : low; // a NaN is already in `high`
    });
    float scale = storedScale(format.scales[0].type, (high - low) / limit);
    float zero = roundedInteger(-low / scale, 0, limit, Rounding::NearestEven, 0);
    out.scales[0][block.index] = scale;
    out.zeros[block.index] = static_cast<uint8_t>(zero);
    forEachElement(block, [&](int64_t i) {
      float q =
          roundedInteger(matrix[i] / scale, -kQuotientLimit, kQuotientLimit, rounding, random(i)) + zero;
      setCode(i, static_cast<uint32_t>(std::min(std::max(q, 0.0f), limit)));
    });
  });
}

void Encoder::encodeMinMax() {
  float limit = largestUnsigned(format);
  const ElementFormat &scaleType = format.scales[0].type;
  const ElementFormat &minimumType = format.minimums->levels[0].type;
  bool likeGgml = format.encoding.convention == EncodingConvention::Ggml;
  forEachBlock(format.scales[0], [&](const Block &block) {
    float low = std::numeric_limits<float>::infinity(), high = -low;
    forEachElement(block, [&](int64_t i) {
      high = maximum(high, matrix[i]);
      low = matrix[i] < low ? matrix[i] : low;
    });
    if (high != high) {
      low = high;
    }
    float range = (high - low) / limit;
    if (likeGgml) {
      float inverse = range != 0 ? 1 / range : 0;
      out.scales[0][block.index] = scaleType.decode(scaleType.encode(range));
      out.minimums[0][block.index] = minimumType.decode(minimumType.encode(low));
      forEachElement(block, [&](int64_t i) {
        float u = (matrix[i] - low) * inverse + 0.5f;
        setCode(i, u > 0 ? static_cast<uint32_t>(std::min(u, limit)) : 0); // NaN gives 0
      });
      return;
    }
    float scale = storedScale(scaleType, range);
    float minimum = roundedToType(minimumType, low);
    out.scales[0][block.index] = scale;
    out.minimums[0][block.index] = minimum;
    forEachElement(block, [&](int64_t i) {
      setCode(i, static_cast<uint32_t>(
                     roundedInteger((matrix[i] - minimum) / scale, 0, limit, rounding, random(i))));
    });
  });
}

void Encoder::encodeTwoLevel() {
  const ScaleLevel &inner = format.scales[0];
  std::vector<uint8_t> groupScales(static_cast<size_t>(inner.groups(K)));
  for (int64_t row = 0; row < rows && K > 0; ++row) {
    auto first = static_cast<size_t>(inner.offset(row, K));
    quantizeRowTwoLevel(inner.span, matrix + row * K, K, out.codes.data() + row * K,
                        &out.scales[1][static_cast<size_t>(row)], groupScales.data(),
                        out.zeros.data() + first);
    std::copy(groupScales.begin(), groupScales.end(),
              out.scales[0].begin() + static_cast<std::ptrdiff_t>(first));
  }
}

void Encoder::encodeLiquid() {
  HostBuilder b;
  forEachBlock(format.scales[1], [&](const Block &row) {
    out.scales[1][row.index] = storedScale(ElementFormat::f32(), amax(row) / kTwoLevelLargest);
  });
  forEachBlock(format.scales[0], [&](const Block &block) {
    float rowScale = out.scales[1][static_cast<size_t>(block.rowBegin)];
    auto levelOne = [&](int64_t i) {
      return quantizeElement(b, matrix[i], rowScale, -kTwoLevelLargest, kTwoLevelLargest);
    };
    float low = kTwoLevelLargest, high = -kTwoLevelLargest;
    forEachElement(block, [&](int64_t i) {
      low = std::min(low, levelOne(i));
      high = std::max(high, levelOne(i));
    });
    float scale = std::max(std::ceil((high - low) / 15.0f), 1.0f); // at most 16
    out.scales[0][block.index] = scale;
    out.minimums[0][block.index] = low;
    forEachElement(block, [&](int64_t i) {
      setCode(i, static_cast<uint32_t>(quantizeElement(b, levelOne(i) - low, scale, 0.0f, 15.0f)));
    });
  });
}

void Encoder::encodeSignedAmax() {
  int bits = format.element.format.bits;
  auto half = static_cast<float>(1 << (bits - 1));
  const ElementFormat &type = format.scales[0].type;
  forEachBlock(format.scales[0], [&](const Block &block) {
    float largest = 0;
    forEachElement(block, [&](int64_t i) {
      bool isLarger = (bitsOf(matrix[i]) & 0x7fffffff) > (bitsOf(largest) & 0x7fffffff);
      largest = isLarger ? matrix[i] : largest;
    });
    float scale = largest / -half;
    float inverse = scale != 0 ? 1 / scale : 0;
    out.scales[0][block.index] = type.decode(type.encode(scale));
    forEachElement(block, [&](int64_t i) {
      float u = matrix[i] * inverse;
      u = (u != u ? 0 : u) + (half + 0.5f);
      float code = std::trunc(std::min(std::max(u, 0.0f), 2 * half - 1)) - half;
      setCode(i, static_cast<uint32_t>(static_cast<int32_t>(code)));
    });
  });
}

void Encoder::encodeTernaryMean() {
  NearestCodes nearest(ElementTable(format.element.format, /*symmetric=*/true), rounding);
  forEachBlock(format.scales[0], [&](const Block &block) {
    float total = sum(block, [&](int64_t i) { return std::fabs(matrix[i]); });
    float scale = storedScale(format.scales[0].type, total / static_cast<float>(block.size()));
    out.scales[0][block.index] = scale;
    setCodes(block, nearest, [&](float x) { return x / scale; });
  });
}

void Encoder::encodeSignMean() {
  forEachBlock(format.scales[0], [&](const Block &block) {
    float total = sum(block, [&](int64_t i) { return std::fabs(matrix[i]); });
    out.scales[0][block.index] = storedScale(format.scales[0].type, total / static_cast<float>(block.size()));
    forEachElement(block, [&](int64_t i) { setCode(i, matrix[i] >= 0); });
  });
}
