#include "coopt/Numerics/BlockFormat.h"

#include "Encoders.h"
#include "coopt/Numerics/HostBuilder.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::numerics;

int64_t ScaleLevel::groups(int64_t K) const {
  if (K <= 0) {
    return 0;
  }
  return span > 0 ? K / span + (K % span != 0) : 1;
}

int64_t ScaleLevel::count(int64_t matrixRows, int64_t K) const {
  if (matrixRows <= 0) {
    return 0;
  }
  int64_t rowBlocks = rows > 0 ? matrixRows / rows + (matrixRows % rows != 0) : 1;
  return rowBlocks * groups(K);
}

int64_t ScaleLevel::offset(int64_t row, int64_t K) const { return rows > 0 ? row / rows * groups(K) : 0; }

int BlockFormat::selectorBits() const {
  int bits = 0;
  while (size_t(1) << bits < element.codebooks.size()) {
    ++bits;
  }
  return bits;
}

double BlockFormat::bitsPerWeight() const {
  double bits = element.format.bits;
  auto addLevel = [&](const ScaleLevel &level) {
    if (level.span > 0 && level.rows > 0) {
      bits += static_cast<double>(level.type.bits) /
              (static_cast<double>(level.span) * static_cast<double>(level.rows));
    }
  };
  for (const ScaleLevel &level : scales) {
    addLevel(level);
  }
  if (minimums) {
    for (const ScaleLevel &level : minimums->levels) {
      addLevel(level);
    }
  }
  ScaleLevel perGroup = scales.front();
  perGroup.type.bits = zeroBits + selectorBits();
  addLevel(perGroup);
  return bits;
}

static Status validateLevels(const std::vector<ScaleLevel> &levels, const std::string &what) {
  if (levels.empty() || levels.size() > kLargestScaleLevels) {
    return fail(what + ": expected 1 to 3 levels, got " + std::to_string(levels.size()));
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    const ScaleLevel &level = levels[i];
    std::string place = what + "[" + std::to_string(i) + "]";
    if (Status status = level.type.validate(); !status) {
      return forward(status.error(), place + ".type");
    }
    const ElementFormat &type = level.type;
    if (type.bits > 8 && !(type == ElementFormat::f32()) && !(type == ElementFormat::f16()) &&
        !(type == ElementFormat::bf16())) {
      return fail(place + ".type: expected f32, f16, bf16 or a type of at most 8 bits, got " + type.name());
    }
    if (level.span < 0 || level.rows < 0) {
      return fail(place + ": expected spans that are not negative");
    }
    if (i == 0) {
      continue;
    }
    auto encloses = [](int64_t outer, int64_t inner) {
      return outer == 0 || (inner > 0 && outer % inner == 0);
    };
    if (!encloses(level.span, levels[i - 1].span)) {
      return fail(place + ".span: expected whole groups of the level within, " +
                  std::to_string(levels[i - 1].span) + " elements each, got " + std::to_string(level.span));
    }
    if (!encloses(level.rows, levels[i - 1].rows)) {
      return fail(place + ".rows: expected whole groups of the level within, " +
                  std::to_string(levels[i - 1].rows) + " rows each, got " + std::to_string(level.rows));
    }
  }
  return {};
}

static Status validateElement(const BlockElement &element) {
  int bits = element.format.bits;
  if (element.codebooks.empty()) {
    if (Status status = element.format.validate(); !status) {
      return forward(status.error(), "element");
    }
    if (element.format.kind == ElementFormat::Kind::PowerOfTwo) {
      return fail("element: expected numbers with a sign or integers, got powers of two");
    }
  }
  if (bits < 1 || bits > 8) {
    return fail("element: expected 1 to 8 bits, got " + std::to_string(bits));
  }
  size_t codes = size_t(1) << bits;
  size_t books = element.codebooks.size();
  if (books > 256 || (books & (books - 1)) != 0) {
    return fail("element.values: expected 1, 2, 4, .. 256 codebooks, got " + std::to_string(books));
  }
  auto validateList = [&](const std::vector<float> &values, const std::string &place) -> Status {
    if (values.size() != codes) {
      return fail(place + ": expected " + std::to_string(codes) + " numbers, got " +
                  std::to_string(values.size()));
    }
    bool finite = std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
    bool anything = std::any_of(values.begin(), values.end(), [](float x) { return x != 0; });
    return finite && anything ? Status{} : fail(place + ": expected finite numbers that are not all 0");
  };
  for (size_t i = 0; i < books; ++i) {
    if (Status status = validateList(element.codebooks[i], "element.values[" + std::to_string(i) + "]");
        !status) {
      return status;
    }
  }
  if (!element.outliers.empty()) {
    if (Status status = validateList(element.outliers, "element.outliers"); !status) {
      return status;
    }
    if (element.victim >= codes) {
      return fail("element.victim: expected a code below " + std::to_string(codes) + ", got " +
                  std::to_string(element.victim));
    }
  }
  return {};
}

Status BlockFormat::validate() const {
  if (Status status = validateElement(element); !status) {
    return status;
  }
  if (Status status = validateLevels(scales, "scales"); !status) {
    return status;
  }
  if (zeroBits < 0 || zeroBits > 8) {
    return fail("zeros: expected 1 to 8 bits, got " + std::to_string(zeroBits));
  }
  if (!element.outliers.empty() && scales.front().span % 2 != 0) {
    return fail("scales[0].span: expected whole pairs of elements, got " +
                std::to_string(scales.front().span));
  }
  if (minimums) {
    if (Status status = validateLevels(minimums->levels, "minimums.levels"); !status) {
      return status;
    }
    if (minimums->after < 1 || minimums->after > static_cast<int>(scales.size())) {
      return fail("minimums.after: expected 1 to " + std::to_string(scales.size()) + ", got " +
                  std::to_string(minimums->after));
    }
  }
  return validateEncoding(*this);
}

BlockComponents BlockComponents::make(const BlockFormat &format, int64_t rows, int64_t K) {
  BlockComponents result;
  result.rows = rows;
  result.K = K;
  result.codes.resize(static_cast<size_t>(rows * K));
  for (size_t i = 0; i < format.scales.size(); ++i) {
    result.scales[i].assign(static_cast<size_t>(format.scales[i].count(rows, K)), 1.0f);
  }
  auto groups = static_cast<size_t>(format.scales.front().count(rows, K));
  result.zeros.resize(format.zeroBits > 0 ? groups : 0);
  result.selectors.resize(format.selectorBits() > 0 ? groups : 0);
  if (format.minimums) {
    for (size_t i = 0; i < format.minimums->levels.size(); ++i) {
      result.minimums[i].resize(static_cast<size_t>(format.minimums->levels[i].count(rows, K)));
    }
  }
  return result;
}

Status BlockComponents::check(const BlockFormat &format) const {
  if (rows < 0 || K < 0 || (rows > 0 && K > static_cast<int64_t>(codes.size()) / rows)) {
    return fail("components: fewer codes than " + std::to_string(rows) + " rows of " + std::to_string(K));
  }
  Status status;
  auto expectSize = [&](const std::string &what, size_t got, int64_t expected) {
    if (status && got != static_cast<size_t>(expected)) {
      status = fail("components: expected " + std::to_string(expected) + " " + what + ", got " +
                    std::to_string(got));
    }
  };
  expectSize("codes", codes.size(), rows * K);
  int64_t groups = format.scales.front().count(rows, K);
  for (size_t i = 0; i < kLargestScaleLevels; ++i) {
    std::string level = " of level " + std::to_string(i);
    expectSize("scales" + level, scales[i].size(),
               i < format.scales.size() ? format.scales[i].count(rows, K) : 0);
    bool hasMinimum = format.minimums && i < format.minimums->levels.size();
    expectSize("minimums" + level, minimums[i].size(),
               hasMinimum ? format.minimums->levels[i].count(rows, K) : 0);
  }
  expectSize("zeros", zeros.size(), format.zeroBits > 0 ? groups : 0);
  expectSize("selectors", selectors.size(), format.selectorBits() > 0 ? groups : 0);
  return status;
}

BlockRow numerics::rowOf(const BlockFormat &format, const BlockComponents &components, int64_t row) {
  int64_t K = components.K;
  BlockRow result;
  result.codes = components.codes.data() + row * K;
  for (size_t i = 0; i < format.scales.size(); ++i) {
    result.scales[i] = components.scales[i].data() + format.scales[i].offset(row, K);
  }
  int64_t group = format.scales.front().offset(row, K);
  result.zeros = format.zeroBits > 0 ? components.zeros.data() + group : nullptr;
  result.selectors = format.selectorBits() > 0 ? components.selectors.data() + group : nullptr;
  if (format.minimums) {
    for (size_t i = 0; i < format.minimums->levels.size(); ++i) {
      result.minimums[i] = components.minimums[i].data() + format.minimums->levels[i].offset(row, K);
    }
  }
  return result;
}

BlockDecoder::BlockDecoder(const BlockFormat &format) : format(format), values(format.element.codebooks) {
  if (values.empty()) {
    values.emplace_back();
    for (uint32_t code = 0; code < uint32_t(1) << format.element.format.bits; ++code) {
      values.front().push_back(format.element.format.decode(code));
    }
  }
}

void BlockDecoder::decodeRow(const BlockRow &row, int64_t K, float *out) const {
  const BlockElement &element = format.element;
  const uint32_t mask = (uint32_t(1) << element.format.bits) - 1;
  const uint32_t zeroMask = (uint32_t(1) << format.zeroBits) - 1;
  auto at = [](const float *array, const ScaleLevel &level, int64_t i) {
    return array[level.span > 0 ? i / level.span : 0];
  };
  auto valueOf = [&](const std::vector<float> &book, int64_t i) {
    uint32_t code = row.codes[i] & mask;
    if (element.outliers.empty() || (i ^ 1) >= K) {
      return book[code];
    }
    if (code == element.victim) {
      return 0.0f;
    }
    return (row.codes[i ^ 1] & mask) == element.victim ? element.outliers[code] : book[code];
  };
  const int64_t span = format.groupSize() > 0 ? std::min(format.groupSize(), K) : K;
  for (int64_t begin = 0, group = 0; begin < K; begin += span, ++group) {
    int64_t end = begin + std::min(span, K - begin);
    const std::vector<float> &book = values[row.selectors ? row.selectors[group] & (values.size() - 1) : 0];
    float zero = row.zeros ? static_cast<float>(row.zeros[group] & zeroMask) : 0;
    float scale[kLargestScaleLevels] = {};
    for (size_t level = 0; level < format.scales.size(); ++level) {
      scale[level] = at(row.scales[level], format.scales[level], begin); // constant within the inner span
    }
    for (int64_t i = begin; i < end; ++i) {
      float v = valueOf(book, i);
      if (row.zeros) {
        v = v - zero;
      }
      for (size_t level = 0; level < format.scales.size(); ++level) {
        v = v * scale[level];
        if (format.minimums && format.minimums->after == static_cast<int>(level) + 1) {
          const Minimums &minimums = *format.minimums;
          float m = at(row.minimums[0], minimums.levels[0], i);
          for (size_t j = 1; j < minimums.levels.size(); ++j) {
            m = m * at(row.minimums[j], minimums.levels[j], i);
          }
          v = minimums.subtracted ? v - m : v + m;
        }
      }
      out[i] = v;
    }
  }
}

void numerics::decodeRow(const BlockFormat &format, const BlockRow &row, int64_t K, float *out) {
  BlockDecoder(format).decodeRow(row, K, out);
}

std::vector<float> numerics::decodeMatrix(const BlockFormat &format, const BlockComponents &components) {
  std::vector<float> out(components.codes.size());
  BlockDecoder decoder(format);
  for (int64_t row = 0; row < components.rows; ++row) {
    decoder.decodeRow(rowOf(format, components, row), components.K, out.data() + row * components.K);
  }
  return out;
}

int64_t numerics::storedBytes(const ElementFormat &type) {
  return type.bits > 16 ? 4 : type.bits > 8 ? 2 : 1;
}

void numerics::storeScales(const ElementFormat &type, const float *values, int64_t n, uint8_t *bytes) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t code = type.encode(values[i]);
    for (int64_t b = 0; b < storedBytes(type); ++b) {
      *bytes++ = static_cast<uint8_t>(code >> (8 * b));
    }
  }
}

void numerics::loadScales(const ElementFormat &type, const uint8_t *bytes, int64_t n, float *values) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t code = 0;
    for (int64_t b = 0; b < storedBytes(type); ++b) {
      code |= static_cast<uint32_t>(*bytes++) << (8 * b);
    }
    values[i] = type.decode(code);
  }
}
