#include "coopt/Numerics/PairDictionary.h"

#include "coopt/Numerics/Half.h"

#include <algorithm>
#include <queue>

using namespace coopt;
using namespace coopt::numerics;

static constexpr int kPairs = 9;

PairDictionary::PairDictionary() : words(2 * kCodewords), children((kCodewords + 1) * kPairs, -1) {
  const double zero = 0.885;
  const double symbols[] = {zero, (1 - zero) / 2, (1 - zero) / 2};
  struct Sequence {
    double order; ///< minus the probability
    std::vector<uint8_t> pairs;
    size_t parent; ///< its codeword
    bool operator>(const Sequence &other) const {
      return order != other.order ? order > other.order : pairs > other.pairs;
    }
  };
  std::priority_queue<Sequence, std::vector<Sequence>, std::greater<Sequence>> queue;
  auto addChildren = [&](const Sequence &sequence, size_t codeword) {
    for (uint8_t pair = 0; pair < kPairs; ++pair) {
      Sequence child{sequence.order * (symbols[pair / 3] * symbols[pair % 3]), sequence.pairs, codeword};
      child.pairs.push_back(pair);
      queue.push(std::move(child));
    }
  };
  addChildren({-1, {}, 0}, kCodewords);
  for (size_t codeword = 0; codeword < kCodewords; ++codeword) {
    Sequence top = queue.top();
    queue.pop();
    auto length = static_cast<uint32_t>(top.pairs.size());
    children[top.parent * kPairs + top.pairs.back()] = static_cast<int32_t>(codeword);
    words[2 * codeword] = words[2 * codeword + 1] = length;
    for (uint32_t i = 0; i < length; ++i) {
      uint32_t bits = top.pairs[i] % 3u | top.pairs[i] / 3u << 2;
      words[2 * codeword + i / 7] |= bits << (4 + 4 * (i % 7));
    }
    if (length < kLongest) {
      addChildren(top, codeword);
    }
  }
}

const PairDictionary &PairDictionary::get() {
  static const PairDictionary dictionary;
  return dictionary;
}

void PairDictionary::encode(const uint8_t *symbols, int64_t K, std::vector<uint16_t> &codewords) const {
  auto symbol = [&](int64_t i) { return i < K && symbols[i] < 3 ? symbols[i] : 0; };
  for (int64_t i = 0; i < K;) {
    size_t at = kCodewords;
    for (int32_t next; i < K; i += 2, at = static_cast<size_t>(next)) {
      next = children[at * kPairs + static_cast<size_t>(symbol(i) + 3 * symbol(i + 1))];
      if (next < 0) {
        break; // never at the first pair: all nine are codewords
      }
    }
    codewords.push_back(static_cast<uint16_t>(at));
  }
}

Status PairDictionary::decode(const uint16_t *codewords, size_t n, int64_t K, uint8_t *symbols) const {
  int64_t i = 0;
  for (size_t w = 0; w < n; ++w) {
    const uint32_t *entry = &words[2 * size_t(codewords[w])];
    for (uint32_t pair = 0; pair < (entry[0] & 15); ++pair, i += 2) {
      if (i >= K) {
        return fail("ternary row: codeword " + std::to_string(w) + " goes beyond the row's " +
                    std::to_string(K) + " weights");
      }
      uint32_t bits = entry[pair / 7] >> (4 + 4 * (pair % 7));
      symbols[i] = bits & 3;
      if (i + 1 < K) {
        symbols[i + 1] = bits >> 2 & 3;
      }
    }
  }
  return i < K ? fail("ternary row: expected " + std::to_string(K) + " weights, got " + std::to_string(i))
               : Status{};
}

Expected<PairCodedMatrix> numerics::encodeTernaryPairs(const float *matrix, int64_t rows, int64_t K) {
  const PairDictionary &dictionary = PairDictionary::get();
  PairCodedMatrix result;
  result.rows = rows;
  result.K = K;
  result.rowOffsets = {0};
  std::vector<uint8_t> symbols(static_cast<size_t>(K));
  for (int64_t row = 0; row < rows; ++row) {
    const float *x = matrix + row * K;
    float low = 0, high = 0;
    for (int64_t i = 0; i < K; ++i) {
      low = std::min(low, x[i]);
      high = std::max(high, x[i]);
    }
    for (int64_t i = 0; i < K; ++i) {
      bool isOne =
          (x[i] == 0 || x[i] == low || x[i] == high) && floatFromBFloat16(bfloat16FromFloat(x[i])) == x[i];
      if (!isOne) {
        return fail("ternary row " + std::to_string(row) + ": element " + std::to_string(i) +
                    ": expected 0, the least or the largest number of the row, in bf16, got " +
                    std::to_string(x[i]));
      }
      symbols[static_cast<size_t>(i)] = x[i] == 0 ? 0 : x[i] == low ? 1 : 2;
    }
    dictionary.encode(symbols.data(), K, result.codewords);
    result.rowOffsets.push_back(static_cast<int64_t>(result.codewords.size()));
    result.minimums.push_back(low);
    result.maximums.push_back(high);
  }
  return result;
}

Expected<std::vector<float>> numerics::decodeTernaryPairs(const PairCodedMatrix &matrix) {
  auto rows = static_cast<size_t>(std::max<int64_t>(matrix.rows, 0));
  // A codeword has at most 28 weights, so that K is bounded by what is there.
  bool fits =
      matrix.rows >= 0 && matrix.K >= 0 && matrix.rowOffsets.size() == rows + 1 &&
      matrix.minimums.size() == rows && matrix.maximums.size() == rows && matrix.rowOffsets.front() == 0 &&
      matrix.rowOffsets.back() == static_cast<int64_t>(matrix.codewords.size()) &&
      std::is_sorted(matrix.rowOffsets.begin(), matrix.rowOffsets.end()) &&
      (rows == 0 || matrix.K <= 2 * PairDictionary::kLongest * static_cast<int64_t>(matrix.codewords.size()));
  if (!fits) {
    return fail("ternary matrix: its arrays do not fit together");
  }
  std::vector<float> out;
  std::vector<uint8_t> symbols(rows == 0 ? 0 : static_cast<size_t>(matrix.K));
  for (size_t row = 0; row < rows; ++row) {
    auto begin = static_cast<size_t>(matrix.rowOffsets[row]),
         end = static_cast<size_t>(matrix.rowOffsets[row + 1]);
    Status status =
        PairDictionary::get().decode(matrix.codewords.data() + begin, end - begin, matrix.K, symbols.data());
    if (!status) {
      return forward(status.error(), "row " + std::to_string(row));
    }
    for (uint8_t symbol : symbols) {
      out.push_back(symbol == 0 ? 0 : symbol == 1 ? matrix.minimums[row] : matrix.maximums[row]);
    }
  }
  return out;
}
