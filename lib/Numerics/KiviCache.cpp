#include "coopt/Numerics/KiviCache.h"

using namespace coopt;
using namespace coopt::numerics;

static std::vector<float> transposed(const float *matrix, int64_t rows, int64_t columns) {
  std::vector<float> result(static_cast<size_t>(rows * columns));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      result[static_cast<size_t>(c * rows + r)] = matrix[r * columns + c];
    }
  }
  return result;
}

Expected<BlockComponents> numerics::encodeKiviKeys(const BlockFormat &format, const float *keys,
                                                   int64_t tokens, int64_t channels) {
  return encodeMatrix(format, transposed(keys, tokens, channels).data(), channels, tokens);
}

std::vector<float> numerics::decodeKiviKeys(const BlockFormat &format, const BlockComponents &components) {
  return transposed(decodeMatrix(format, components).data(), components.rows, components.K);
}

Expected<BlockComponents> numerics::encodeKiviValues(const BlockFormat &format, const float *values,
                                                     int64_t tokens, int64_t channels) {
  return encodeMatrix(format, values, tokens, channels);
}

std::vector<uint32_t> numerics::packWords(int bits, const uint8_t *codes, int64_t n) {
  int64_t perWord = 32 / bits;
  std::vector<uint32_t> words(static_cast<size_t>((n + perWord - 1) / perWord));
  uint32_t mask = (uint32_t(1) << bits) - 1;
  for (int64_t i = 0; i < n; ++i) {
    words[static_cast<size_t>(i / perWord)] |= (codes[i] & mask) << (bits * (i % perWord));
  }
  return words;
}

void numerics::unpackWords(int bits, const uint32_t *words, int64_t n, uint8_t *codes) {
  int64_t perWord = 32 / bits;
  for (int64_t i = 0; i < n; ++i) {
    codes[i] =
        static_cast<uint8_t>(words[i / perWord] >> (bits * (i % perWord)) & ((uint32_t(1) << bits) - 1));
  }
}
