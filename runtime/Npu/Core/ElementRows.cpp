//===- ElementRows.cpp - vec.map by typed loops -----------------------------===//
//
// Parts of rows are converted to i32 or binary32, computed, and converted back: a loop for each type and one for each function, that know
// nothing of each other.
//
//===----------------------------------------------------------------------===//
#include "Npu/Core/Elements.h"
#include "Npu/Core/Elementwise.h"

#include "coopt/Numerics/Reduction.h"
#include "coopt/Numerics/SpecialFunctions.h"
#include "coopt/Support/VectorClones.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace coopt;
using namespace coopt::npu;

namespace {

constexpr int64_t kPart = 512; ///< elements at a time

/// Elements of one kind; of the other there is nothing that matters.
struct Part {
  alignas(64) float floats[kPart];
  alignas(64) int32_t integers[kPart];
};

template <typename T, typename R, typename Function>
COOPT_INLINE void forEach(int64_t n, const T *a, const T *b, const T *c, R *__restrict to,
                          Function function) {
  for (int64_t i = 0; i < n; ++i) {
    to[i] = function(a[i], b[i], c[i]);
  }
}

COOPT_INLINE uint32_t bitsOf(int32_t x) { return static_cast<uint32_t>(x); }
COOPT_INLINE int32_t signedOf(uint32_t x) { return static_cast<int32_t>(x); }

COOPT_VECTOR_CLONES
void computeIntegers(VectorFunction function, int64_t n, const int32_t *a, const int32_t *b, const int32_t *c,
                     int32_t *to) {
  using I = int32_t;
  switch (function) {
  case VectorFunction::Add:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return signedOf(bitsOf(x) + bitsOf(y)); });
  case VectorFunction::Sub:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return signedOf(bitsOf(x) - bitsOf(y)); });
  case VectorFunction::Mul:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return signedOf(bitsOf(x) * bitsOf(y)); });
  case VectorFunction::Fma:
    return forEach(n, a, b, c, to, [](I x, I y, I z) { return signedOf(bitsOf(x) * bitsOf(y) + bitsOf(z)); });
  case VectorFunction::Div:
    return forEach(n, a, b, c, to, [](I x, I y, I) {
      return y == 0 ? 0 : signedOf(static_cast<uint32_t>(int64_t(x) / int64_t(y)));
    });
  case VectorFunction::Min:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return x < y ? x : y; });
  case VectorFunction::Max:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return x < y ? y : x; });
  case VectorFunction::Neg:
    return forEach(n, a, b, c, to, [](I x, I, I) { return signedOf(0 - bitsOf(x)); });
  case VectorFunction::Abs:
    return forEach(n, a, b, c, to, [](I x, I, I) { return x < 0 ? signedOf(0 - bitsOf(x)) : x; });
  case VectorFunction::Lt:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return I(x < y); });
  case VectorFunction::Le:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return I(x <= y); });
  case VectorFunction::Eq:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return I(x == y); });
  case VectorFunction::Select:
    return forEach(n, a, b, c, to, [](I x, I y, I z) { return x != 0 ? y : z; });
  case VectorFunction::And:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return x & y; });
  case VectorFunction::Or:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return x | y; });
  case VectorFunction::Xor:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return x ^ y; });
  case VectorFunction::Shl:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return signedOf(bitsOf(x) << (bitsOf(y) % 32)); });
  case VectorFunction::Shr:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return signedOf(bitsOf(x) >> (bitsOf(y) % 32)); });
  case VectorFunction::Sar:
    return forEach(n, a, b, c, to, [](I x, I y, I) { return x >> (bitsOf(y) % 32); });
  case VectorFunction::Copy:
  case VectorFunction::Rint:
  case VectorFunction::Floor:
  case VectorFunction::Sqrt:
  case VectorFunction::Exp2:
    break; // the last two are of floats alone
  }
  std::copy(a, a + n, to);
}

COOPT_VECTOR_CLONES
void computeFloats(VectorFunction function, int64_t n, const float *a, const float *b, const float *c,
                   float *to) {
  using F = float;
  switch (function) {
  case VectorFunction::Add:
    return forEach(n, a, b, c, to, [](F x, F y, F) { return x + y; });
  case VectorFunction::Sub:
    return forEach(n, a, b, c, to, [](F x, F y, F) { return x - y; });
  case VectorFunction::Mul:
    return forEach(n, a, b, c, to, [](F x, F y, F) { return x * y; });
  case VectorFunction::Fma:
    return forEach(n, a, b, c, to, [](F x, F y, F z) { return __builtin_fmaf(x, y, z); });
  case VectorFunction::Div:
    return forEach(n, a, b, c, to, [](F x, F y, F) { return x / y; });
  case VectorFunction::Min:
    return forEach(n, a, b, c, to, [](F x, F y, F) { return -numerics::maximum(-x, -y); });
  case VectorFunction::Max:
    return forEach(n, a, b, c, to, [](F x, F y, F) { return numerics::maximum(x, y); });
  case VectorFunction::Neg:
    return forEach(n, a, b, c, to, [](F x, F, F) { return -x; });
  case VectorFunction::Abs:
    return forEach(n, a, b, c, to, [](F x, F, F) { return __builtin_fabsf(x); });
  case VectorFunction::Sqrt:
    return forEach(n, a, b, c, to, [](F x, F, F) { return __builtin_sqrtf(x); });
  case VectorFunction::Rint:
    return forEach(n, a, b, c, to, [](F x, F, F) { return __builtin_nearbyintf(x); });
  case VectorFunction::Floor:
    return forEach(n, a, b, c, to, [](F x, F, F) { return __builtin_floorf(x); });
  case VectorFunction::Exp2:
    return forEach(n, a, b, c, to, [](F x, F, F) { return numerics::exp2(x); });
  default:
    break; // copy; the others give integers, or are computed on bits
  }
  std::copy(a, a + n, to);
}

COOPT_VECTOR_CLONES
void compareFloats(VectorFunction function, int64_t n, const float *a, const float *b, int32_t *to) {
  using F = float;
  switch (function) {
  case VectorFunction::Lt:
    return forEach(n, a, b, b, to, [](F x, F y, F) { return int32_t(x < y); });
  case VectorFunction::Le:
    return forEach(n, a, b, b, to, [](F x, F y, F) { return int32_t(x <= y); });
  default:
    return forEach(n, a, b, b, to, [](F x, F y, F) { return int32_t(x == y); });
  }
}

COOPT_VECTOR_CLONES
void areNotZero(int64_t n, const float *a, int32_t *to) {
  forEach(n, a, a, a, to, [](float x, float, float) { return int32_t(x != 0); });
}

bool isComparison(VectorFunction function) {
  return function == VectorFunction::Lt || function == VectorFunction::Le || function == VectorFunction::Eq;
}

/// Bytes that a range of rows goes over.
struct Range {
  const uint8_t *first, *end;
};

Range rangeOf(const uint8_t *base, int64_t rows, int64_t columns, int64_t stride, machine::NpuType type) {
  return {base, base + (rows - 1) * stride + columns * machine::bits(type) / 8};
}

class RowMap {
public:
  explicit RowMap(const ElementMap &map)
      : map(map), operands(static_cast<size_t>(operandsOf(map.function))) {}

  bool isPossible() const;
  void run();

private:
  const ElementMap &map;
  const size_t operands;
  /// What operands are read as: their own kind, or all as floats.
  bool areFloats = false, isResultFloat = false;
  Part parts[3], result;

  bool isFloat(size_t operand) const { return !machine::isInteger(map.operands[operand].type); }
  /// Whether bits are computed, in `integers`, of whatever kind.
  bool computesBits() const { return isOfBits(map.function) || map.function == VectorFunction::Select; }
  void load(size_t operand, int64_t row, int64_t first, int64_t count);
  void compute(int64_t count);
};

bool RowMap::isPossible() const {
  auto hasBytes = [](machine::NpuType type) { return machine::bits(type) >= 8; };
  bool isGood = hasBytes(map.type);
  const Range written = rangeOf(map.to, map.rows, map.columns, map.stride, map.type);
  for (size_t i = 0; i < operands && isGood; ++i) {
    const ElementMap::Operand &of = map.operands[i];
    const Range read = rangeOf(of.base, isOneRow(of.broadcast) ? 1 : map.rows,
                               isOneColumn(of.broadcast) ? 1 : map.columns, of.stride, of.type);
    const bool overlaps = read.first < written.end && written.first < read.end;
    const bool isInPlace = of.base == map.to && (of.stride == map.stride || map.rows == 1) &&
                           machine::bits(of.type) == machine::bits(map.type) &&
                           of.broadcast == Broadcast::None;
    isGood = hasBytes(of.type) && (!overlaps || isInPlace);
  }
  return isGood && (map.function != VectorFunction::Select || isFloat(1) == isFloat(2));
}

/// Elements of an operand, as the function reads them.
void RowMap::load(size_t operand, int64_t row, int64_t first, int64_t count) {
  const ElementMap::Operand &of = map.operands[operand];
  const uint8_t *line = of.base + (isOneRow(of.broadcast) ? 0 : row * of.stride);
  const bool isSplat = isOneColumn(of.broadcast);
  const int64_t from = isSplat ? 0 : first, loaded = isSplat ? 1 : count;
  Part &part = parts[operand];
  const bool asFloats = computesBits() ? isFloat(operand) : areFloats;
  if (asFloats) {
    loadFloats(of.type, line, from, loaded, part.floats);
  } else {
    loadIntegers(of.type, line, from, loaded, part.integers);
  }
  if (asFloats && computesBits()) {
    if (map.function == VectorFunction::Select && operand == 0) {
      areNotZero(loaded, part.floats, part.integers);
    } else {
      std::memcpy(part.integers, part.floats, static_cast<size_t>(loaded) * sizeof(float));
    }
  }
  if (isSplat && asFloats && !computesBits()) {
    std::fill(part.floats + 1, part.floats + count, part.floats[0]);
  } else if (isSplat) {
    std::fill(part.integers + 1, part.integers + count, part.integers[0]);
  }
}

void RowMap::compute(int64_t count) {
  const Part &b = parts[operands > 1 ? 1 : 0], &c = parts[operands > 2 ? 2 : 0];
  if (!areFloats || computesBits()) {
    computeIntegers(map.function, count, parts[0].integers, b.integers, c.integers, result.integers);
    if (isResultFloat) {
      std::memcpy(result.floats, result.integers, static_cast<size_t>(count) * sizeof(float));
    }
  } else if (isResultFloat) {
    computeFloats(map.function, count, parts[0].floats, b.floats, c.floats, result.floats);
  } else {
    compareFloats(map.function, count, parts[0].floats, b.floats, result.integers);
  }
}

void RowMap::run() {
  areFloats = map.function == VectorFunction::Sqrt || map.function == VectorFunction::Exp2;
  for (size_t i = 0; i < operands; ++i) {
    areFloats |= isFloat(i);
  }
  isResultFloat = map.function == VectorFunction::Select ? isFloat(1)
                  : isOfBits(map.function)               ? isFloat(0)
                                                         : areFloats && !isComparison(map.function);
  for (int64_t row = 0; row < map.rows; ++row) {
    for (int64_t first = 0; first < map.columns; first += kPart) {
      const int64_t count = std::min(kPart, map.columns - first);
      for (size_t i = 0; i < operands; ++i) {
        const Broadcast broadcast = map.operands[i].broadcast;
        const bool isThere = (broadcast == Broadcast::Scalar && (row > 0 || first > 0)) ||
                             (broadcast == Broadcast::Column && first > 0) ||
                             (broadcast == Broadcast::Row && row > 0 && map.columns <= kPart);
        if (!isThere) { // what is the same for all columns is there for the longest part
          load(i, row, first, isOneColumn(broadcast) ? std::min(kPart, map.columns) : count);
        }
      }
      compute(count);
      uint8_t *line = map.to + row * map.stride;
      if (isResultFloat) {
        storeFloats(map.type, line, first, count, result.floats);
      } else {
        storeIntegers(map.type, line, first, count, result.integers);
      }
    }
  }
}

/// Rows that lie one behind the other, in all operands, as one.
ElementMap joined(ElementMap map) {
  auto isDense = [&](machine::NpuType type, int64_t stride) {
    return stride * 8 == map.columns * machine::bits(type);
  };
  bool areDense = isDense(map.type, map.stride);
  for (int i = 0; i < operandsOf(map.function); ++i) {
    const ElementMap::Operand &of = map.operands[static_cast<size_t>(i)];
    areDense &=
        of.broadcast == Broadcast::Scalar || (of.broadcast == Broadcast::None && isDense(of.type, of.stride));
  }
  if (areDense) {
    map.columns *= map.rows;
    map.rows = std::min<int64_t>(map.rows, 1);
  }
  return map;
}

} // namespace

bool npu::mapRows(const ElementMap &map) {
  if (map.rows == 0 || map.columns == 0) {
    return true;
  }
  const ElementMap whole = joined(map);
  RowMap rows(whole);
  if (!rows.isPossible()) {
    return false;
  }
  rows.run();
  return true;
}
