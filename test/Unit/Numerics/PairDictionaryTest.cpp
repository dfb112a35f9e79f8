// The dictionary of ternary pairs against a table made by an independent program, and rows there and back.
#include "coopt/Numerics/PairDictionary.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace coopt;
using namespace coopt::numerics;

namespace {

TEST(PairDictionary, TableEqualsThatOfHeapq) {
  // FNV-1a over the words, little-endian, as a Python program with heapq and tuples makes them.
  uint64_t hash = 0xcbf29ce484222325u;
  uint64_t pairs = 0;
  for (uint32_t word : PairDictionary::get().table()) {
    for (int b = 0; b < 4; ++b) {
      hash = (hash ^ (word >> (8 * b) & 255)) * 0x100000001b3u;
    }
    pairs += word & 15;
  }
  EXPECT_EQ(hash, 0x1a8a6bce1bcd5e4fu);
  EXPECT_EQ(pairs / 2, 674371u);
}

std::vector<int> sequenceOf(size_t codeword) {
  const std::vector<uint32_t> &table = PairDictionary::get().table();
  std::vector<int> result;
  for (uint32_t i = 0; i < (table[2 * codeword] & 15); ++i) {
    result.push_back(static_cast<int>(table[2 * codeword + i / 7] >> (4 + 4 * (i % 7)) & 15));
  }
  return result;
}

TEST(PairDictionary, HoldsTheMostProbableSequences) {
  auto logarithm = [](const std::vector<int> &sequence) {
    double sum = 0;
    for (int pair : sequence) {
      sum +=
          (pair & 3 ? std::log(0.0575) : std::log(0.885)) + (pair >> 2 ? std::log(0.0575) : std::log(0.885));
    }
    return sum;
  };
  std::set<std::vector<int>> all;
  double last = 0;
  for (size_t codeword = 0; codeword < PairDictionary::kCodewords; ++codeword) {
    std::vector<int> sequence = sequenceOf(codeword);
    EXPECT_TRUE(all.insert(sequence).second);
    EXPECT_LE(logarithm(sequence), last + 1e-9);
    last = logarithm(sequence);
  }
  // No sequence that was left out is more probable than the last one: it has a prefix that is in.
  for (const std::vector<int> &sequence : all) {
    for (int pair : {0, 1, 2, 4, 5, 6, 8, 9, 10}) {
      std::vector<int> longer = sequence;
      longer.push_back(pair);
      if (longer.size() <= 14 && all.count(longer) == 0) {
        ASSERT_LE(logarithm(longer), last + 1e-9);
      }
    }
  }
}

TEST(PairDictionary, RowsThereAndBack) {
  std::mt19937 generator(8);
  for (int64_t K : {0, 1, 2, 27, 28, 29, 172, 4097}) {
    for (unsigned zeros : {0u, 50u, 89u, 100u}) {
      const int64_t rows = 5;
      std::vector<float> matrix(static_cast<size_t>(rows * K));
      for (float &x : matrix) {
        x = generator() % 100 < zeros ? 0.0f : generator() % 2 ? -0.25f : 0.75f;
      }
      auto coded = encodeTernaryPairs(matrix.data(), rows, K);
      ASSERT_TRUE(coded) << coded.error().message;
      auto decoded = decodeTernaryPairs(*coded);
      ASSERT_TRUE(decoded) << decoded.error().message;
      ASSERT_EQ(*decoded, matrix);
      if (K == 4097 && zeros == 89) { // what the paper's format is for
        double bits =
            16.0 * static_cast<double>(coded->codewords.size()) / static_cast<double>(matrix.size());
        EXPECT_LT(bits, 0.85);
      }
    }
  }
}

TEST(PairDictionary, GreedyTakesTheLongest) {
  std::set<std::vector<int>> all;
  for (size_t codeword = 0; codeword < PairDictionary::kCodewords; ++codeword) {
    all.insert(sequenceOf(codeword));
  }
  std::mt19937 generator(9);
  std::vector<uint8_t> symbols(2000);
  for (uint8_t &s : symbols) {
    s = static_cast<uint8_t>(generator() % 8 == 0 ? 1 + generator() % 2 : 0);
  }
  std::vector<uint16_t> codewords;
  PairDictionary::get().encode(symbols.data(), 2000, codewords);
  size_t at = 0;
  for (uint16_t codeword : codewords) {
    std::vector<int> sequence = sequenceOf(codeword);
    for (size_t i = 0; i < sequence.size(); ++i) {
      ASSERT_EQ(sequence[i], symbols[at + 2 * i] | symbols[at + 2 * i + 1] << 2);
    }
    at += 2 * sequence.size();
    if (at < 2000) {
      sequence.push_back(symbols[at] | symbols[at + 1] << 2);
      ASSERT_EQ(all.count(sequence), 0u);
    }
  }
  EXPECT_EQ(at, 2000u);
}

TEST(PairDictionary, Refusals) {
  const float bad[] = {0, 0.5f, -1, 1, 0.25f}, fine[] = {0, 1.001f};
  EXPECT_FALSE(encodeTernaryPairs(bad, 1, 5));
  EXPECT_FALSE(encodeTernaryPairs(fine, 1, 2)); // no bf16 number
  const float row[] = {0, 1, -1, 0, 0};
  PairCodedMatrix coded = *encodeTernaryPairs(row, 1, 5);
  for (int64_t K : {int64_t(-1), int64_t(3), int64_t(7), INT64_MAX}) {
    PairCodedMatrix broken = coded;
    broken.K = K;
    EXPECT_FALSE(decodeTernaryPairs(broken)) << K;
  }
  PairCodedMatrix broken = coded;
  broken.rowOffsets.back() = 100;
  EXPECT_FALSE(decodeTernaryPairs(broken));
  broken = coded;
  broken.rows = 2;
  EXPECT_FALSE(decodeTernaryPairs(broken));
}

} // namespace
