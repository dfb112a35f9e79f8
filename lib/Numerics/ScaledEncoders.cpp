// Encoders of floats and codebooks: BlockEncoding.h says what each does.
#include "Encoders.h"

#include <limits>

using namespace coopt;
using namespace coopt::numerics;

void Encoder::encodeSharedExponent() {
  NearestCodes nearest(format.element.codebooks.empty()
                           ? ElementTable(format.element.format, /*symmetric=*/true)
                           : ElementTable(format.element.codebooks.front()),
                       rounding);
  const int elementExponent = std::ilogb(nearest.largestMagnitude());
  forEachBlock(format.scales[0], [&](const Block &block) {
    float largest = amax(block);
    float scale = std::numeric_limits<float>::quiet_NaN();
    if (std::isfinite(largest)) {
      int exponent = (largest == 0 ? -126 : std::ilogb(largest)) - elementExponent;
      scale = std::ldexp(1.0f, std::min(std::max(exponent, -127), 127));
    }
    out.scales[0][block.index] = scale;
    setCodes(block, nearest, [&](float x) { return x / scale; });
  });
}

/// The least power of two that is not less than x, at least 2^-126; NaN if x is not finite.
static float powerAbove(float x) {
  if (!std::isfinite(x)) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  uint32_t exponent = (bitsOf(x) >> 23) + ((bitsOf(x) & 0x7fffff) != 0);
  return floatOf(std::min<uint32_t>(std::max<uint32_t>(exponent, 1), 254) << 23);
}

void Encoder::encodeAmax() {
  const ElementFormat &type = format.scales[0].type;
  const EncodingConvention convention = format.encoding.convention;
  std::vector<NearestCodes> tables;
  for (const std::vector<float> &values : format.element.codebooks) {
    tables.emplace_back(ElementTable(values), rounding);
  }
  if (tables.empty()) {
    tables.emplace_back(ElementTable(format.element.format, /*symmetric=*/true), rounding);
  }
  forEachBlock(format.scales[0], [&](const Block &block) {
    float largest = amax(block);
    largest = largest < format.encoding.floor ? format.encoding.floor : largest;
    auto encodeWith = [&](size_t book) {
      const NearestCodes &table = tables[book];
      float exact = largest / table.largestMagnitude();
      bool likeGgml = convention == EncodingConvention::Ggml;
      float scale = type == ElementFormat::e8m0() ? powerAbove(exact)
                    : likeGgml                    ? type.decode(type.encode(exact))
                                                  : storedScale(type, exact);
      float inverse = likeGgml ? (exact != 0 ? 1 / exact : 0) : 1 / scale;
      out.scales[0][block.index] = scale;
      if (tables.size() > 1) {
        out.selectors[block.index] = static_cast<uint8_t>(book);
      }
      auto write = [&](int64_t i) {
        bool divides = convention == EncodingConvention::Division;
        setCode(i, table(divides ? matrix[i] / scale : matrix[i] * inverse, random(i)));
      };
      if (options.wantsCodes || tables.size() > 1) {
        forEachElement(block, write);
      }
    };
    size_t best = 0;
    float leastError = 0;
    for (size_t book = 0; book < tables.size(); ++book) {
      encodeWith(book);
      if (tables.size() == 1) {
        return;
      }
      const std::vector<float> &values = format.element.codebooks[book];
      float error = sum(block, [&](int64_t i) {
        float difference = values[out.codes[static_cast<size_t>(i)]] * out.scales[0][block.index] - matrix[i];
        return difference * difference;
      });
      if (book == 0 || error < leastError) {
        best = book;
        leastError = error;
      }
    }
    encodeWith(best);
  });
}

void Encoder::encodeTwoAmax() {
  NearestCodes nearest(format.element.codebooks.empty()
                           ? ElementTable(format.element.format, /*symmetric=*/true)
                           : ElementTable(format.element.codebooks.front()),
                       rounding);
  float elementLargest = nearest.largestMagnitude();
  forEachBlock(format.scales[1], [&](const Block &all) {
    out.scales[1][all.index] =
        storedScale(format.scales[1].type, amax(all) / (format.scales[0].type.largest() * elementLargest));
  });
  forEachBlock(format.scales[0], [&](const Block &block) {
    float outer = out.scales[1][static_cast<size_t>(format.scales[1].offset(block.rowBegin, K))];
    float inner = storedScale(format.scales[0].type, amax(block) / elementLargest / outer);
    out.scales[0][block.index] = inner;
    float scale = inner * outer;
    setCodes(block, nearest, [&](float x) { return x / scale; });
  });
}

// The tables of OliVe: the ordinary numbers without the victim's code, and all numbers, in which codes of
// outliers are marked.
static constexpr uint32_t kOutlier = 256;

void Encoder::encodePairs() {
  const BlockElement &element = format.element;
  auto ordinaryValue = [&](uint32_t code) {
    return element.codebooks.empty() ? element.format.decode(code) : element.codebooks.front()[code];
  };
  std::vector<ElementTable::Entry> ordinary, all;
  for (uint32_t code = 0; code < uint32_t(1) << element.format.bits; ++code) {
    if (code == element.victim) {
      continue;
    }
    ordinary.push_back({ordinaryValue(code), code});
    if (element.outliers[code] != 0) {
      all.push_back({element.outliers[code], code | kOutlier});
    }
  }
  NearestCodes ordinaryTable(ElementTable(ordinary), rounding);
  all.insert(all.begin(), ordinary.begin(), ordinary.end());
  NearestCodes table(ElementTable(all), rounding);

  // Writes the codes of a group and returns R of their squared errors.
  auto encodeWith = [&](const Block &block, float scale) {
    out.scales[0][block.index] = scale;
    PartialSums errors;
    int64_t index = 0;
    auto write = [&](int64_t at, uint32_t code) {
      float value = code & kOutlier          ? element.outliers[code & ~kOutlier]
                    : code == element.victim ? 0
                                             : ordinaryValue(code);
      float difference = value * scale - matrix[at];
      errors.add(index++, difference * difference);
      setCode(at, code & ~kOutlier);
    };
    for (int64_t row = block.rowBegin; row < block.rowEnd; ++row) {
      for (int64_t i = block.begin; i < block.end; i += 2) {
        int64_t at = row * K + i;
        if (i + 1 >= K) {
          write(at, ordinaryTable(matrix[at] / scale, random(at)));
          continue;
        }
        uint32_t left = table(matrix[at] / scale, random(at));
        uint32_t right = table(matrix[at + 1] / scale, random(at + 1));
        if (left & kOutlier) {
          right = element.victim;
        } else if (right & kOutlier) {
          left = element.victim;
        }
        write(at, left);
        write(at + 1, right);
      }
    }
    return errors.total();
  };
  forEachBlock(format.scales[0], [&](const Block &block) {
    auto n = static_cast<float>(block.size());
    float mean = sum(block, [&](int64_t i) { return matrix[i]; }) / n;
    float squares = sum(block, [&](int64_t i) { return (matrix[i] - mean) * (matrix[i] - mean); });
    float deviation = __builtin_sqrtf(squares / std::max(n - 1, 1.0f));
    float reach = maximum(std::fabs(mean + 3 * deviation), std::fabs(mean - 3 * deviation));
    auto scaleOf = [&](int percent) {
      float alpha = reach * (static_cast<float>(percent) * 0.01f);
      return storedScale(format.scales[0].type, alpha / ordinaryTable.largestMagnitude());
    };
    int best = 0;
    float leastError = 0;
    for (int percent = 50; percent <= 150; percent += 2) {
      float error = encodeWith(block, scaleOf(percent));
      if (best == 0 || error < leastError) {
        best = percent;
        leastError = error;
      }
    }
    encodeWith(block, scaleOf(best));
  });
}
