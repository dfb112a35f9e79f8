//===- Random.h - Seeded inputs with correlated channels ----------------------===//
#ifndef COOPT_TEST_UNIT_CALIBRATION_RANDOM_H
#define COOPT_TEST_UNIT_CALIBRATION_RANDOM_H

#include <cstdint>
#include <random>
#include <vector>

namespace coopt::test {

inline std::vector<float> normals(uint32_t seed, size_t count, float deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> values(count);
  for (float &value : values) {
    value = normal(random);
  }
  return values;
}

/// The K x K Gram matrix of `rows` inputs, whose channels share three hidden causes and have scales that differ.
inline std::vector<float> correlatedGram(uint32_t seed, int64_t K, int64_t rows) {
  auto size = static_cast<size_t>(K);
  std::vector<float> mixing = normals(seed, 3 * size), scales = normals(seed + 1, size);
  std::vector<double> gram(size * size);
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<float> hidden = normals(seed + 100 + static_cast<uint32_t>(r), 3),
                       noise = normals(seed + 5000 + static_cast<uint32_t>(r), size, 0.3f);
    std::vector<double> x(size);
    for (size_t k = 0; k < size; ++k) {
      x[k] = static_cast<double>(scales[k] * (noise[k] + hidden[0] * mixing[3 * k] +
                                              hidden[1] * mixing[3 * k + 1] + hidden[2] * mixing[3 * k + 2]));
    }
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) {
        gram[i * size + j] += x[i] * x[j];
      }
    }
  }
  return {gram.begin(), gram.end()};
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_CALIBRATION_RANDOM_H
