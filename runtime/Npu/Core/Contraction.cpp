#include "Npu/Core/Contraction.h"
#include "Npu/Core/Elements.h"

#include "coopt/Support/VectorClones.h"

#include <cstring>

using namespace coopt;
using namespace coopt::npu;

void Numbers::reset(machine::NpuType type, int64_t ofRows, int64_t ofColumns) {
  kind = !machine::isInteger(type) ? Kind::Floats : machine::bits(type) <= 8 ? Kind::Bytes : Kind::Integers;
  rows = ofRows;
  columns = ofColumns;
  const auto size = static_cast<size_t>(rows * columns);
  bytes.assign(kind == Kind::Bytes ? size : 0, 0);
  integers.assign(kind == Kind::Integers ? size : 0, 0);
  floats.assign(kind == Kind::Floats ? size : 0, 0);
}

void Numbers::set(int64_t row, int64_t column, machine::NpuType type, const uint8_t *base, int64_t index) {
  const auto at = static_cast<size_t>(row * columns + column);
  switch (kind) {
  case Kind::Bytes:
    bytes[at] = static_cast<int8_t>(loadInteger(type, base, index));
    return;
  case Kind::Integers:
    integers[at] = loadInteger(type, base, index);
    return;
  case Kind::Floats:
    floats[at] = loadFloat(type, base, index);
    return;
  }
}

void Numbers::load(machine::NpuType type, const uint8_t *base, int64_t stride, int64_t ofRows,
                   int64_t ofColumns) {
  const bool areCopied = type == machine::NpuType::I8;
  if (areCopied && kind == Kind::Bytes && bytes.size() == static_cast<size_t>(ofRows * ofColumns)) {
    rows = ofRows; // all of them are written
    columns = ofColumns;
  } else {
    reset(type, ofRows, ofColumns);
  }
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t *line = base + row * stride;
    if (areCopied) {
      std::memcpy(bytes.data() + row * columns, line, static_cast<size_t>(columns));
      continue;
    }
    for (int64_t column = 0; column < columns; ++column) {
      set(row, column, type, line, column);
    }
  }
}

namespace {

constexpr int64_t kBlock = 64; ///< sums that stay in registers while k goes on

/// sum += x w, exact, modulo 2^32.
COOPT_INLINE int32_t addProduct(int32_t sum, int32_t x, int32_t w) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) +
                              static_cast<uint32_t>(x) * static_cast<uint32_t>(w));
}
COOPT_INLINE float addProduct(float sum, float x, float w) { return __builtin_fmaf(x, w, sum); }

template <typename Sum, typename A, typename W>
COOPT_INLINE void contractLoops(Sum *sums, const A *a, const W *w, int64_t rows, int64_t depth,
                                int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    Sum *line = sums + row * columns;
    const A *x = a + row * depth;
    int64_t first = 0;
    for (; first + kBlock <= columns; first += kBlock) {
      Sum block[kBlock];
      for (int64_t j = 0; j < kBlock; ++j) {
        block[j] = line[first + j];
      }
      for (int64_t k = 0; k < depth; ++k) {
        const W *of = w + k * columns + first;
        for (int64_t j = 0; j < kBlock; ++j) {
          block[j] = addProduct(block[j], static_cast<Sum>(x[k]), static_cast<Sum>(of[j]));
        }
      }
      for (int64_t j = 0; j < kBlock; ++j) {
        line[first + j] = block[j];
      }
    }
    for (int64_t k = 0; first < columns && k < depth; ++k) {
      for (int64_t n = first; n < columns; ++n) {
        line[n] = addProduct(line[n], static_cast<Sum>(x[k]), static_cast<Sum>(w[k * columns + n]));
      }
    }
  }
}

COOPT_VECTOR_CLONES
void contractBytes(int32_t *sums, const int8_t *a, const int8_t *w, int64_t rows, int64_t depth,
                   int64_t columns) {
  contractLoops(sums, a, w, rows, depth, columns);
}
COOPT_VECTOR_CLONES
void contractIntegers(int32_t *sums, const int32_t *a, const int32_t *w, int64_t rows, int64_t depth,
                      int64_t columns) {
  contractLoops(sums, a, w, rows, depth, columns);
}
COOPT_VECTOR_CLONES
void contractFloats(float *sums, const float *a, const float *w, int64_t rows, int64_t depth,
                    int64_t columns) {
  contractLoops(sums, a, w, rows, depth, columns);
}

/// Of bytes as floats: products are at most 2^14, so sums of so many are integers that binary32 holds, in any order and fused or not.
constexpr int64_t kExactDepth = 1024;
/// From as many rows on it pays to convert the weights.
constexpr int64_t kManyRows = 4;

using Lanes = float __attribute__((vector_size(64)));
constexpr int64_t kLanes = 16, kBlockRows = 4, kBlockLanes = 2, kBlockColumns = kBlockLanes * kLanes;

COOPT_INLINE Lanes lanesAt(const float *at) {
  Lanes lanes;
  std::memcpy(&lanes, at, sizeof lanes);
  return lanes;
}

/// Sums of kBlockRows rows and kBlockColumns columns of all.
COOPT_INLINE void multiplyBlock(int32_t *sums, const float *a, const float *w, int64_t depth,
                                int64_t columns) {
#pragma STDC FP_CONTRACT ON
  Lanes block[kBlockRows][kBlockLanes] = {};
  for (int64_t k = 0; k < depth; ++k) {
    for (int64_t row = 0; row < kBlockRows; ++row) {
      for (int64_t part = 0; part < kBlockLanes; ++part) {
        block[row][part] = block[row][part] + a[row * depth + k] * lanesAt(w + k * columns + part * kLanes);
      }
    }
  }
  for (int64_t row = 0; row < kBlockRows; ++row) {
    for (int64_t part = 0; part < kBlockLanes; ++part) {
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        int32_t &sum = sums[row * columns + part * kLanes + lane];
        sum = addProduct(sum, static_cast<int32_t>(block[row][part][lane]), 1);
      }
    }
  }
}

/// Rows and columns are whole blocks.
COOPT_VECTOR_CLONES
void multiplyBlocks(int32_t *sums, const float *a, const float *w, int64_t rows, int64_t depth,
                    int64_t columns) {
  for (int64_t first = 0; first < columns; first += kBlockColumns) {
    for (int64_t row = 0; row < rows; row += kBlockRows) {
      multiplyBlock(sums + row * columns + first, a + row * depth, w + first, depth, columns);
    }
  }
}

COOPT_VECTOR_CLONES
void toFloats(const int8_t *from, int64_t count, float *to) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] = from[i];
  }
}

/// The rows that make whole blocks as floats, the others as they are. Columns are whole blocks.
void contractManyBytes(int32_t *sums, const Numbers &a, const Numbers &w) {
  const int64_t depth = a.columns, rows = a.rows / kBlockRows * kBlockRows, columns = w.columns;
  std::vector<float> floatsA(static_cast<size_t>(rows * depth)),
      floatsW(static_cast<size_t>(depth * columns));
  toFloats(a.bytes.data(), rows * depth, floatsA.data());
  toFloats(w.bytes.data(), depth * columns, floatsW.data());
  multiplyBlocks(sums, floatsA.data(), floatsW.data(), rows, depth, columns);
  contractBytes(sums + rows * columns, a.bytes.data() + rows * depth, w.bytes.data(), a.rows - rows, depth,
                columns);
}

/// The matrix as numbers of one type.
template <typename T>
std::vector<T> widened(const Numbers &numbers) {
  switch (numbers.kind) {
  case Numbers::Kind::Bytes:
    return std::vector<T>(numbers.bytes.begin(), numbers.bytes.end());
  case Numbers::Kind::Integers:
    return std::vector<T>(numbers.integers.begin(), numbers.integers.end());
  case Numbers::Kind::Floats:
    break;
  }
  return std::vector<T>(numbers.floats.size()); // integers have nothing of floats
}

} // namespace

void npu::addProducts(int32_t *sums, const Numbers &a, const Numbers &w) {
  if (a.kind == Numbers::Kind::Bytes && w.kind == Numbers::Kind::Bytes) {
    if (a.rows >= kManyRows && a.columns <= kExactDepth && w.columns % kBlockColumns == 0) {
      contractManyBytes(sums, a, w);
      return;
    }
    contractBytes(sums, a.bytes.data(), w.bytes.data(), a.rows, a.columns, w.columns);
    return;
  }
  const std::vector<int32_t> wideA = widened<int32_t>(a), wideW = widened<int32_t>(w);
  contractIntegers(sums, wideA.data(), wideW.data(), a.rows, a.columns, w.columns);
}

void npu::addProducts(float *sums, const Numbers &a, const Numbers &w) {
  const std::vector<float> converted =
      w.kind == Numbers::Kind::Floats ? std::vector<float>() : widened<float>(w);
  contractFloats(sums, a.floats.data(), converted.empty() ? w.floats.data() : converted.data(), a.rows,
                 a.columns, w.columns);
}
