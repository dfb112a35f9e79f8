#include "coopt/Numerics/StoredParts.h"

#include <algorithm>
#include <cstring>

using namespace coopt;
using namespace coopt::numerics;

static ElementFormat unsignedInteger(int bits) {
  ElementFormat type;
  type.kind = ElementFormat::Kind::UnsignedInteger;
  type.bits = bits;
  return type;
}

std::string StoredPart::name() const {
  const std::string outer = level == 0 ? "" : level == 1 ? "outer" : "outer" + std::to_string(level);
  switch (kind) {
  case Kind::Codes:
    return "codes";
  case Kind::Scale:
    return level == 0 ? "scales" : outer;
  case Kind::Zero:
    return "zeros";
  case Kind::Selector:
    return "selectors";
  case Kind::Minimum:
    return level == 0 ? "minimums" : "minimums." + outer;
  }
  return "";
}

int numerics::storedCodeBits(const BlockFormat &format) {
  return format.element.format.bits + !format.element.outliers.empty();
}

std::vector<StoredPart> numerics::storedParts(const BlockFormat &format) {
  using Kind = StoredPart::Kind;
  std::vector<StoredPart> parts = {{Kind::Codes, 0, unsignedInteger(storedCodeBits(format)), 1}};
  const int64_t group = format.scales.front().span;
  for (size_t level = 0; level < format.scales.size(); ++level) {
    parts.push_back({Kind::Scale, level, format.scales[level].type, format.scales[level].span});
    if (level == 0 && format.zeroBits > 0) {
      parts.push_back({Kind::Zero, 0, unsignedInteger(format.zeroBits), group});
    }
  }
  if (format.selectorBits() > 0) {
    parts.push_back({Kind::Selector, 0, unsignedInteger(format.selectorBits()), group});
  }
  if (format.minimums) {
    for (size_t level = 0; level < format.minimums->levels.size(); ++level) {
      const ScaleLevel &minimum = format.minimums->levels[level];
      parts.push_back({Kind::Minimum, level, minimum.type, minimum.span});
    }
  }
  return parts;
}

std::vector<float> numerics::storedValues(const BlockElement &element) {
  std::vector<float> values;
  for (const std::vector<float> &codebook : element.codebooks) {
    values.insert(values.end(), codebook.begin(), codebook.end());
    if (!element.outliers.empty()) {
      values.insert(values.end(), element.outliers.begin(), element.outliers.end());
      values[values.size() - element.outliers.size() + element.victim] = 0;
    }
  }
  if (element.codebooks.empty() && !element.outliers.empty()) {
    for (uint32_t code = 0; code < uint32_t(1) << element.format.bits; ++code) {
      values.push_back(element.format.decode(code));
    }
    values.insert(values.end(), element.outliers.begin(), element.outliers.end());
    values[element.outliers.size() + element.victim] = 0;
  }
  return values;
}

int64_t numerics::rowsEncodedTogether(const BlockFormat &format) {
  int64_t together = 1;
  auto include = [&](const std::vector<ScaleLevel> &levels) {
    for (const ScaleLevel &level : levels) {
      if (level.rows == 0 || together == 0) {
        together = 0;
      } else if (level.rows % together == 0) {
        together = level.rows;
      } else if (together % level.rows != 0) {
        together *= level.rows;
      }
    }
  };
  include(format.scales);
  if (format.minimums) {
    include(format.minimums->levels);
  }
  return together;
}

/// Marks the codes of a row that mean outliers, and the victims.
static void markOutliers(const BlockElement &element, uint8_t *codes, int64_t K) {
  const auto mask = static_cast<uint8_t>((1u << element.format.bits) - 1);
  const auto mark = static_cast<uint8_t>(1u << element.format.bits);
  for (int64_t i = 0; i < K; ++i) {
    codes[i] &= mask;
  }
  for (int64_t i = 0; i + 1 < K; i += 2) {
    const bool left = codes[i] == element.victim, right = codes[i + 1] == element.victim;
    if (left || right) {
      codes[i] |= mark;
      codes[i + 1] |= mark;
    }
  }
}

/// Numbers of a level, each repeated for the rows that share it.
static std::vector<uint8_t> storeLevel(const ScaleLevel &level, const std::vector<float> &numbers,
                                       int64_t rows, int64_t K) {
  const int64_t perRow = level.groups(K), size = storedBytes(level.type) * perRow;
  std::vector<uint8_t> bytes(static_cast<size_t>(rows * size));
  for (int64_t row = 0; row < rows; ++row) {
    storeScales(level.type, numbers.data() + level.offset(row, K), perRow, bytes.data() + row * size);
  }
  return bytes;
}

std::vector<uint8_t> numerics::storePart(const BlockFormat &format, const BlockComponents &components,
                                         const StoredPart &part) {
  const int64_t rows = components.rows, K = components.K;
  auto perGroup = [&](const std::vector<uint8_t> &numbers) {
    const ScaleLevel &level = format.scales.front();
    const int64_t perRow = level.groups(K);
    std::vector<uint8_t> bytes(static_cast<size_t>(rows * perRow));
    for (int64_t row = 0; row < rows; ++row) {
      std::copy_n(numbers.data() + level.offset(row, K), perRow, bytes.data() + row * perRow);
    }
    return bytes;
  };
  switch (part.kind) {
  case StoredPart::Kind::Codes: {
    std::vector<uint8_t> codes = components.codes;
    for (int64_t row = 0; row < rows && !format.element.outliers.empty(); ++row) {
      markOutliers(format.element, codes.data() + row * K, K);
    }
    return codes;
  }
  case StoredPart::Kind::Scale:
    return storeLevel(format.scales[part.level], components.scales[part.level], rows, K);
  case StoredPart::Kind::Zero:
    return perGroup(components.zeros);
  case StoredPart::Kind::Selector:
    return perGroup(components.selectors);
  case StoredPart::Kind::Minimum:
    return storeLevel(format.minimums->levels[part.level], components.minimums[part.level], rows, K);
  }
  return {};
}
