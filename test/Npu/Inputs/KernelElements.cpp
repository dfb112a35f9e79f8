#include "KernelCases.h"

#include "coopt/Numerics/SpecialFunctions.h"

#include <limits>

using namespace coopt;
using namespace coopt::npu::test;

namespace {

using Floats = std::vector<float>;
using Integers = std::vector<int32_t>;

int32_t narrow(int64_t number) { return static_cast<int32_t>(number); }

/// Numbers of which many are special, and pairs of them equal.
Floats specials(ImageRun &run, size_t count) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float some[] = {0.0f,  -0.0f,  1.0f,  -1.0f,    0.5f,      1.5f,          2.5f,
                        -2.5f, 1e-42f, 3e38f, infinity, -infinity, std::nanf(""), 7.25f};
  Floats numbers = run.floats(count);
  for (float &number : numbers) {
    const size_t choice = run.random() % 20;
    number = choice < std::size(some) ? some[choice] : number;
  }
  return numbers;
}

float greater(float x, float y) {
  if (std::isnan(x) || std::isnan(y)) {
    return std::nanf("");
  }
  return x > y || (x == y && !std::signbit(x)) ? x : y;
}

/// 16 partial results, then halves: the numeric contract's order, element by element.
template <typename Function>
float reduced(const float *row, int64_t count, float identity, Function function) {
  float partial[16];
  std::fill(std::begin(partial), std::end(partial), identity);
  for (int64_t i = 0; i < count; ++i) {
    partial[i % 16] = function(partial[i % 16], row[i]);
  }
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) {
      partial[i] = function(partial[i], partial[i + half]);
    }
  }
  return partial[0];
}

} // namespace

void npu::test::broadcasts(ImageRun &run, int64_t size) {
  const int64_t columns = 37;
  const Floats x = run.floats(static_cast<size_t>(size * columns)), row = run.floats(37),
               column = run.floats(static_cast<size_t>(size)), one = run.floats(1);
  Floats results[6];
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const float a = x[static_cast<size_t>(i * columns + j)], r = row[static_cast<size_t>(j)],
                  c = column[static_cast<size_t>(i)], s = one[0];
      const float values[] = {a - r, c - a, s / a, r - c, 1.5f - a * c, r};
      for (size_t k = 0; k < 6; ++k) {
        results[k].push_back(values[k]);
      }
    }
  }
  run.input(x);
  run.input(row);
  run.input(column);
  run.input(one);
  Integers block = {narrow(size), 37, 37, narrow(size)};
  for (const Floats &result : results) {
    run.output(result);
    block.insert(block.end(), {narrow(size), 37});
  }
  run.block(block);
}

void npu::test::comparisons(ImageRun &run, int64_t size) {
  const auto count = static_cast<size_t>(size * 24);
  const Floats x = specials(run, count), y = specials(run, count);
  Floats codes;
  for (size_t i = 0; i < count; ++i) {
    const float a = x[i], b = y[i];
    const bool isUnordered = std::isnan(a) || std::isnan(b);
    const bool holds[] = {a<b, a> b,
                          a <= b,
                          a >= b,
                          a == b,
                          a != b,
                          isUnordered || a < b,
                          isUnordered || a > b,
                          isUnordered || a <= b,
                          isUnordered || a >= b,
                          std::isnan(a),
                          !std::isnan(a)};
    float code = 0;
    for (size_t bit = 0; bit < std::size(holds); ++bit) {
      code += holds[bit] ? static_cast<float>(1 << bit) : 0.0f;
    }
    codes.push_back(code);
  }
  run.input(x);
  run.input(y);
  run.output(codes);
  run.block({narrow(size), 24, narrow(size), 24, narrow(size), 24});
}

void npu::test::functions(ImageRun &run, int64_t size) {
  const auto count = static_cast<size_t>(size * 16);
  const Floats x = specials(run, count), y = specials(run, count);
  Floats results[9];
  for (size_t i = 0; i < count; ++i) {
    const float a = x[i], b = y[i];
    const float values[] = {greater(a, b), -greater(-a, -b),  -a,
                            std::fabs(a),  std::sqrt(a),      std::rint(a),
                            std::floor(a), numerics::exp2(a), 1.0f / std::sqrt(a)};
    for (size_t k = 0; k < 9; ++k) {
      results[k].push_back(values[k]);
    }
  }
  run.input(x);
  run.input(y);
  Integers block = {narrow(size), 16, narrow(size), 16};
  for (const Floats &result : results) {
    run.output(result);
    block.insert(block.end(), {narrow(size), 16});
  }
  run.block(block);
}

void npu::test::integers(ImageRun &run, int64_t size) {
  const auto count = static_cast<size_t>(size * 19);
  Integers x = run.integers<int32_t>(count, INT32_MIN, INT32_MAX),
           y = run.integers<int32_t>(count, INT32_MIN, INT32_MAX);
  for (size_t i = 0; i < count; i += 3) { // some are equal
    y[i] = x[i];
  }
  const std::vector<int8_t> codes = run.integers<int8_t>(count, -128, 127);
  Integers results[7];
  Floats floats;
  std::vector<int8_t> back;
  std::vector<uint16_t> rounded;
  for (size_t i = 0; i < count; ++i) {
    const auto a = static_cast<uint32_t>(x[i]), b = static_cast<uint32_t>(y[i]);
    const bool holds[] = {x[i]<y[i], x[i]> y[i], x[i] <= y[i], x[i] >= y[i], x[i] == y[i], x[i] != y[i]};
    int32_t code = 0;
    for (int bit = 0; bit < 6; ++bit) {
      code += holds[bit] ? 1 << bit : 0;
    }
    const int32_t values[] = {static_cast<int32_t>(a + b),
                              static_cast<int32_t>(a - b),
                              static_cast<int32_t>(a * b),
                              std::max(x[i], y[i]),
                              std::min(x[i], y[i]),
                              code,
                              int32_t(codes[i])};
    for (size_t k = 0; k < 7; ++k) {
      results[k].push_back(values[k]);
    }
    floats.push_back(static_cast<float>(x[i]));
    back.push_back(static_cast<int8_t>(-(codes[i] / 2)));
    // The upper half of the nearest one, ties to even.
    const float number = static_cast<float>(codes[i]) * 1.01f;
    uint32_t bits = 0;
    std::memcpy(&bits, &number, 4);
    rounded.push_back(static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16));
  }
  run.input(x);
  run.input(y);
  run.input(codes);
  Integers block(6, 19);
  for (const Integers &result : results) {
    run.output(result);
    block.insert(block.end(), {0, 19});
  }
  run.output(floats);
  run.output(back);
  run.output(rounded);
  block.insert(block.end(), {0, 19, 0, 19, 0, 19});
  for (size_t i = 0; i < block.size(); i += 2) {
    block[i] = narrow(size);
  }
  run.block(block);
}

/// y[j][i][k] = x[i][j][k] twice, in room for 9 rows each: what is behind the rows stays.
void npu::test::turned(ImageRun &run, int64_t size) {
  const Floats x = run.floats(static_cast<size_t>(size * 3 * 20));
  float noise = 0;
  std::memset(&noise, ImageRun::kNoise, sizeof noise);
  Floats y(3 * 9 * 20, noise);
  for (int64_t j = 0; j < 3; ++j) {
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t k = 0; k < 20; ++k) {
        const float number = x[static_cast<size_t>((i * 3 + j) * 20 + k)];
        y[static_cast<size_t>((j * 9 + i) * 20 + k)] = number + number;
      }
    }
  }
  run.input(x);
  run.output(y);
  run.block({narrow(size), 3, 20, 3, 9, 20});
}

void npu::test::reductions(ImageRun &run, int64_t size) {
  const Floats x = run.floats(static_cast<size_t>(size * 53));
  const float infinity = std::numeric_limits<float>::infinity();
  Floats sums, greatest, magnitudes;
  for (int64_t i = 0; i < size; ++i) {
    const float *row = x.data() + i * 53;
    sums.push_back(reduced(row, 53, 0.0f, [](float a, float b) { return a + b; }));
    greatest.push_back(reduced(row, 53, -infinity, greater));
    magnitudes.push_back(
        reduced(row, 53, 0.0f, [](float a, float b) { return greater(std::fabs(a), std::fabs(b)); }));
  }
  run.input(x);
  run.output(sums);
  run.output(greatest);
  run.output(magnitudes);
  run.block({narrow(size), 53, narrow(size), narrow(size), narrow(size)});
}

/// Of each row three sums of 20, times the second of the row's two factors.
void npu::test::heads(ImageRun &run, int64_t size) {
  const Floats x = run.floats(static_cast<size_t>(size * 60)),
               factors = run.floats(static_cast<size_t>(size * 2));
  Floats y;
  for (int64_t i = 0; i < size * 3; ++i) {
    y.push_back(reduced(x.data() + i * 20, 20, 0.0f, [](float a, float b) { return a + b; }) *
                factors[static_cast<size_t>(i / 3 * 2 + 1)]);
  }
  run.input(x);
  run.input(factors);
  run.output(y);
  run.block(
      {narrow(size), narrow(size), narrow(size), narrow(size), 3, 20, narrow(size), 2, narrow(size), 3});
}
