#include "coopt/Numerics/SparsePattern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

using namespace coopt;
using namespace coopt::numerics;

namespace {

constexpr int64_t kMostColumns = 64; ///< of a run
constexpr int64_t kMostRows = 16;

std::string patternHelp() {
  return "expected N:M (2:4), N:MxC for groups of C columns (2:4x16), group16:0.5 or block8x16:0.5";
}

/// Takes texts apart from the front.
class Reader {
public:
  explicit Reader(std::string_view text) : text(text) {}

  bool takes(std::string_view word) {
    if (text.substr(0, word.size()) != word) {
      return false;
    }
    text.remove_prefix(word.size());
    return true;
  }

  /// A number of one to four digits; 0 if there is none.
  int64_t number() {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + std::min<size_t>(text.size(), 4), value);
    if (error != std::errc() || value < 0) {
      return 0;
    }
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
  }

  /// A share such as 0.5.
  std::optional<double> share() {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
  }

  bool isAtEnd() const { return text.empty(); }

private:
  std::string_view text;
};

Status check(const SparsePattern &pattern) {
  if (pattern.kept < 1 || pattern.of <= pattern.kept) {
    return fail("expected at least 1 and fewer than all to be kept, got " + std::to_string(pattern.kept) +
                " of " + std::to_string(pattern.of));
  }
  if (pattern.block < 1) {
    return fail(patternHelp());
  }
  if (pattern.span() > kMostColumns) {
    return fail("expected runs of at most " + std::to_string(kMostColumns) + " columns, got " +
                std::to_string(pattern.of) + " times " + std::to_string(pattern.block));
  }
  if (pattern.rows < 1 || pattern.rows > kMostRows || (pattern.rows & (pattern.rows - 1)) != 0) {
    return fail("expected 1, 2, 4, 8 or 16 rows that keep the same, got " + std::to_string(pattern.rows));
  }
  return {};
}

/// The share of blocks of a run of 64 columns; `reader` stands behind "group" or "block".
Expected<SparsePattern> parseShare(Reader &reader, bool hasRows) {
  SparsePattern pattern;
  if (hasRows) {
    pattern.rows = reader.number();
    if (!reader.takes("x")) {
      return fail(patternHelp());
    }
  }
  pattern.block = reader.number();
  std::optional<double> share;
  if (pattern.block < 1 || !reader.takes(":") || !(share = reader.share()) || !reader.isAtEnd()) {
    return fail(patternHelp());
  }
  if (kMostColumns % pattern.block != 0) {
    return fail("expected groups of a divisor of " + std::to_string(kMostColumns) + " columns, got " +
                std::to_string(pattern.block));
  }
  pattern.of = kMostColumns / pattern.block;
  const double kept = *share * static_cast<double>(pattern.of);
  if (!(kept >= 1) || !(kept <= static_cast<double>(pattern.of) - 1) || kept != std::floor(kept)) {
    return fail("expected a share that keeps a whole number of the " + std::to_string(pattern.of) +
                " groups of " + std::to_string(pattern.block) + " in 64 columns, at least one and not all");
  }
  pattern.kept = static_cast<int64_t>(kept);
  return pattern;
}

Expected<SparsePattern> parseCounts(Reader &reader) {
  SparsePattern pattern;
  pattern.kept = reader.number();
  if (!reader.takes(":")) {
    return fail(patternHelp());
  }
  pattern.of = reader.number();
  if (reader.takes("x")) {
    pattern.block = reader.number();
    if (reader.takes("x")) {
      pattern.rows = pattern.block;
      pattern.block = reader.number();
    }
  }
  if (!reader.isAtEnd()) {
    return fail(patternHelp());
  }
  return pattern;
}

/// Of each run of N keys, those with fewer than `most` greater ones, equal ones by index.
template <size_t N, class Key>
void selectRun(const Key *keys, int64_t most, uint8_t *kept) {
  std::array<int, N> before = {};
  for (size_t i = 0; i < N; ++i) {
    for (size_t j = i + 1; j < N; ++j) {
      const int wins = keys[j] > keys[i];
      before[i] += wins;
      before[j] += 1 - wins;
    }
  }
  for (size_t i = 0; i < N; ++i) {
    kept[i] = before[i] < most;
  }
}

/// Whole runs of N single elements of one row, without factors. Squares order magnitudes as their bits do; a NaN is as
/// infinite as infinity.
template <size_t N>
void selectElements(const float *scores, int64_t runs, int64_t most, uint8_t *kept) {
  std::array<uint32_t, N> keys;
  for (int64_t run = 0; run < runs; ++run, scores += N, kept += N) {
    std::memcpy(keys.data(), scores, sizeof(keys));
    for (uint32_t &key : keys) {
      key = std::min(key & 0x7fffffffu, 0x7f800000u);
    }
    selectRun<N>(keys.data(), most, kept);
  }
}

} // namespace

std::string numerics::toString(const SparsePattern &pattern) {
  std::string text = std::to_string(pattern.kept) + ":" + std::to_string(pattern.of);
  if (pattern.rows > 1) {
    text += "x" + std::to_string(pattern.rows);
  }
  if (pattern.rows > 1 || pattern.block > 1) {
    text += "x" + std::to_string(pattern.block);
  }
  return text;
}

Expected<SparsePattern> numerics::parseSparsePattern(std::string_view text) {
  Reader reader(text);
  const bool isGroup = reader.takes("group"), isBlock = !isGroup && reader.takes("block");
  Expected<SparsePattern> pattern = isGroup || isBlock ? parseShare(reader, isBlock) : parseCounts(reader);
  const std::string place = "sparsity '" + std::string(text) + "'";
  if (!pattern) {
    return forward(pattern.error(), place);
  }
  if (Status checked = check(*pattern); !checked) {
    return forward(checked.error(), place);
  }
  return pattern;
}

void numerics::selectKept(const SparsePattern &pattern, const float *scores, int64_t rowCount,
                          int64_t columns, const float *factors, uint8_t *kept) {
  const int64_t blocks = pattern.blocks(columns);
  std::vector<double> sums(static_cast<size_t>(pattern.of));
  std::memset(kept, 0, static_cast<size_t>(rowCount * blocks));
  int64_t done = 0; // columns
  if (pattern.block == 1 && rowCount == 1 && !factors) {
    const int64_t runs = columns / pattern.of;
    switch (pattern.of) {
    case 2:
      selectElements<2>(scores, runs, pattern.kept, kept);
      break;
    case 4:
      selectElements<4>(scores, runs, pattern.kept, kept);
      break;
    case 8:
      selectElements<8>(scores, runs, pattern.kept, kept);
      break;
    case 16:
      selectElements<16>(scores, runs, pattern.kept, kept);
      break;
    case 32:
      selectElements<32>(scores, runs, pattern.kept, kept);
      break;
    case 64:
      selectElements<64>(scores, runs, pattern.kept, kept);
      break;
    }
    const bool isPowerOfTwo = (pattern.of & (pattern.of - 1)) == 0; // 2 at least
    done = isPowerOfTwo ? runs * pattern.of : 0;
  }
  for (int64_t first = done; first < blocks; first += pattern.of) {
    const int64_t count = std::min(pattern.of, blocks - first);
    for (int64_t b = 0; b < count; ++b) {
      double sum = 0;
      const int64_t from = (first + b) * pattern.block, to = std::min(from + pattern.block, columns);
      for (int64_t row = 0; row < rowCount; ++row) {
        for (int64_t k = from; k < to; ++k) {
          const double score = factors ? static_cast<double>(scores[row * columns + k]) * factors[k]
                                       : scores[row * columns + k];
          sum += score * score;
        }
      }
      sums[static_cast<size_t>(b)] = std::isnan(sum) ? std::numeric_limits<double>::infinity() : sum;
    }
    for (int64_t b = 0; b < count; ++b) {
      int64_t before = 0; // blocks that are kept rather than this one
      for (int64_t other = 0; other < count; ++other) {
        const double mine = sums[static_cast<size_t>(b)], its = sums[static_cast<size_t>(other)];
        before += its > mine || (its == mine && other < b);
      }
      for (int64_t row = 0; row < rowCount && before < pattern.kept; ++row) {
        kept[row * blocks + first + b] = 1;
      }
    }
  }
}

namespace {

/// Calls f(column of the row, column of the compact form, columns) for each kept block.
template <class F>
void forEachKept(const SparsePattern &pattern, const uint8_t *kept, int64_t columns, F &&f) {
  const int64_t blocks = pattern.blocks(columns);
  for (int64_t first = 0; first < blocks; first += pattern.of) {
    int64_t place = first / pattern.of * pattern.kept;
    const int64_t end = place + pattern.kept;
    for (int64_t b = first; b < std::min(first + pattern.of, blocks) && place < end; ++b) {
      if (kept[b] != 0) {
        const int64_t from = b * pattern.block;
        f(from, place++ * pattern.block, std::min(pattern.block, columns - from));
      }
    }
  }
}

} // namespace

void numerics::compressRow(const SparsePattern &pattern, const void *row, int64_t columns,
                           size_t elementBytes, const uint8_t *kept, void *values) {
  std::memset(values, 0, static_cast<size_t>(pattern.keptColumns(columns)) * elementBytes);
  forEachKept(pattern, kept, columns, [&](int64_t from, int64_t to, int64_t count) {
    std::memcpy(static_cast<uint8_t *>(values) + static_cast<size_t>(to) * elementBytes,
                static_cast<const uint8_t *>(row) + static_cast<size_t>(from) * elementBytes,
                static_cast<size_t>(count) * elementBytes);
  });
}

void numerics::decompressRow(const SparsePattern &pattern, const void *values, const uint8_t *kept,
                             int64_t columns, size_t elementBytes, void *row) {
  std::memset(row, 0, static_cast<size_t>(columns) * elementBytes);
  forEachKept(pattern, kept, columns, [&](int64_t to, int64_t from, int64_t count) {
    std::memcpy(static_cast<uint8_t *>(row) + static_cast<size_t>(to) * elementBytes,
                static_cast<const uint8_t *>(values) + static_cast<size_t>(from) * elementBytes,
                static_cast<size_t>(count) * elementBytes);
  });
}
