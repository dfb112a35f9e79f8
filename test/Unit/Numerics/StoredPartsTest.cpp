#include "coopt/Numerics/StoredParts.h"

#include "coopt/Numerics/BlockEncoder.h"
#include "coopt/Numerics/FormatTable.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::numerics;

namespace {

std::vector<float> someMatrix(int64_t rows, int64_t K) {
  std::vector<float> x(static_cast<size_t>(rows * K));
  uint32_t state = 12345;
  for (float &value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state) >> 8) * 0x1p-22f;
    value *= (state & 0x70) == 0 ? 9.0f : 1.0f; // outliers
  }
  return x;
}

/// The number at a place of a part, as StoredParts.h says it is stored.
float numberAt(const StoredPart &part, const std::vector<uint8_t> &bytes, int64_t row, int64_t i, int64_t K) {
  int64_t perRow = part.span == 0 ? 1 : (K + part.span - 1) / part.span;
  int64_t at = row * perRow + (part.span == 0 ? 0 : i / part.span);
  float value = 0;
  loadScales(part.type, bytes.data() + at * storedBytes(part.type), 1, &value);
  return value;
}

/// The definition of BlockFormat.h on stored parts.
float decodeAt(const BlockFormat &format, const std::vector<StoredPart> &parts,
               const std::vector<std::vector<uint8_t>> &bytes, int64_t row, int64_t i, int64_t K) {
  float v = 0, m = 1;
  uint32_t code = 0, selector = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    if (parts[p].kind == StoredPart::Kind::Codes) {
      code = bytes[p][static_cast<size_t>(row * K + i)] & ((1u << storedCodeBits(format)) - 1);
    } else if (parts[p].kind == StoredPart::Kind::Selector) {
      selector = static_cast<uint32_t>(numberAt(parts[p], bytes[p], row, i, K));
    } else if (parts[p].kind == StoredPart::Kind::Minimum) {
      m *= numberAt(parts[p], bytes[p], row, i, K);
    }
  }
  std::vector<float> values = storedValues(format.element);
  v = values.empty() ? format.element.format.decode(code)
                     : values[(selector << storedCodeBits(format)) + code];
  for (size_t p = 0; p < parts.size(); ++p) {
    if (parts[p].kind == StoredPart::Kind::Zero) {
      v -= numberAt(parts[p], bytes[p], row, i, K);
    }
  }
  for (size_t p = 0; p < parts.size(); ++p) {
    if (parts[p].kind == StoredPart::Kind::Scale) {
      v *= numberAt(parts[p], bytes[p], row, i, K);
      if (format.minimums && format.minimums->after == static_cast<int>(parts[p].level) + 1) {
        v = format.minimums->subtracted ? v - m : v + m;
      }
    }
  }
  return v;
}

TEST(StoredParts, EveryEncodableFormatDecodesToTheSameBits) {
  const int64_t rows = 7, K = 131;
  std::vector<float> matrix = someMatrix(rows, K);
  int formats = 0;
  for (const NamedFormat &named : listFormats()) {
    const BlockFormat &format = named.format;
    if (format.encoding.kind == EncodingKind::None) {
      continue;
    }
    SCOPED_TRACE(format.name);
    ++formats;
    auto components = encodeMatrix(format, matrix.data(), rows, K);
    ASSERT_TRUE(components) << components.error().message;
    std::vector<float> expected = decodeMatrix(format, *components);
    std::vector<StoredPart> parts = storedParts(format);
    std::vector<std::vector<uint8_t>> bytes;
    for (const StoredPart &part : parts) {
      bytes.push_back(storePart(format, *components, part));
    }
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t i = 0; i < K; ++i) {
        float got = decodeAt(format, parts, bytes, row, i, K);
        ASSERT_EQ(std::memcmp(&got, &expected[static_cast<size_t>(row * K + i)], 4), 0)
            << "row " << row << ", element " << i;
      }
    }
  }
  EXPECT_GT(formats, 35);
}

TEST(StoredParts, RowsAreEncodedAsInTheWholeMatrix) {
  const int64_t rows = 300, K = 70;
  std::vector<float> matrix = someMatrix(rows, K);
  float amax = 0;
  for (float x : matrix) {
    amax = std::max(amax, std::fabs(x));
  }
  for (const NamedFormat &named : listFormats()) {
    const BlockFormat &format = named.format;
    if (format.encoding.kind == EncodingKind::None) {
      continue;
    }
    SCOPED_TRACE(format.name);
    ASSERT_TRUE(amaxSaysAllOfMatrix(format));
    int64_t together = std::max<int64_t>(rowsEncodedTogether(format), 1);
    int64_t first = together * (rows / 2 / together), count = std::min(together, rows - first);
    EncodeOptions options;
    options.firstRow = first;
    options.matrixAmax = amax;
    auto whole = encodeMatrix(format, matrix.data(), rows, K);
    auto some = encodeMatrix(format, matrix.data() + first * K, count, K, options);
    ASSERT_TRUE(whole && some);
    for (const StoredPart &part : storedParts(format)) {
      std::vector<uint8_t> all = storePart(format, *whole, part), those = storePart(format, *some, part);
      size_t perRow = all.size() / static_cast<size_t>(rows);
      EXPECT_EQ(std::memcmp(all.data() + perRow * static_cast<size_t>(first), those.data(), those.size()), 0)
          << part.name();
    }
  }
}

TEST(StoredParts, StochasticRoundingKnowsItsPlace) {
  const int64_t rows = 9, K = 40;
  std::vector<float> matrix = someMatrix(rows, K);
  BlockFormat format = *findFormat("nf4");
  EncodeOptions options;
  options.rounding = Rounding::Stochastic;
  options.seed = 3;
  auto whole = encodeMatrix(format, matrix.data(), rows, K, options);
  options.firstRow = 4;
  auto some = encodeMatrix(format, matrix.data() + 4 * K, 2, K, options);
  ASSERT_TRUE(whole && some);
  EXPECT_TRUE(std::equal(some->codes.begin(), some->codes.end(), whole->codes.begin() + 4 * K));
}

TEST(StoredParts, NamesAndSpans) {
  BlockFormat format = *findFormat("q4_k");
  std::vector<std::string> names;
  for (const StoredPart &part : storedParts(format)) {
    names.push_back(part.name() + " " + std::to_string(part.span));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"codes 1", "scales 32", "outer 256", "minimums 32",
                                             "minimums.outer 256"}));
  EXPECT_EQ(storedCodeBits(*findFormat("olive4")), 5);
  EXPECT_EQ(storedValues(findFormat("olive4")->element).size(), 32u);
  EXPECT_EQ(rowsEncodedTogether(*findFormat("fp8-block")), 128);
  EXPECT_EQ(rowsEncodedTogether(*findFormat("nvfp4")), 0);
  EXPECT_EQ(rowsEncodedTogether(*findFormat("mxfp4")), 1);
}

} // namespace
