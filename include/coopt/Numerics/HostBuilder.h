//===- HostBuilder.h - Evaluates builder templates on the host ------------===//
//
// The specified sequences of Numerics are function templates over a *builder* (SpecialFunctions.h). The
// compiler's builder emits IR; this one computes. Each member is one IEEE 754 binary32 operation rounded to
// nearest even, or one operation on 32-bit integers modulo 2^32; nothing is contracted, nothing calls libm.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_HOSTBUILDER_H
#define COOPT_NUMERICS_HOSTBUILDER_H

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__FAST_MATH__)
#error "the sequences of Numerics are defined operation by operation: compile without -ffast-math"
#endif

namespace coopt::numerics {

static_assert(FLT_EVAL_METHOD == 0, "binary32 operations must be evaluated in binary32");
static_assert(FLT_RADIX == 2 && FLT_MANT_DIG == 24 && sizeof(float) == 4, "float must be IEEE 754 binary32");

/// The 32 bits of a binary32 number, and the number of 32 bits.
inline uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
inline float floatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

struct HostBuilder {
  using F32 = float;
  using I32 = int32_t;
  using Bool = bool;

  F32 constant(float x) const { return x; }
  I32 integer(int32_t x) const { return x; }

  F32 add(F32 a, F32 b) const { return a + b; }
  F32 sub(F32 a, F32 b) const { return a - b; }
  F32 mul(F32 a, F32 b) const { return a * b; }
  F32 div(F32 a, F32 b) const { return a / b; }
  F32 sqrt(F32 a) const { return __builtin_sqrtf(a); } // correctly rounded by IEEE 754

  I32 bitcastToInt(F32 a) const { return static_cast<int32_t>(bitsOf(a)); }
  F32 bitcastToFloat(I32 a) const { return floatOf(static_cast<uint32_t>(a)); }

  I32 addInt(I32 a, I32 b) const { return static_cast<int32_t>(unsignedOf(a) + unsignedOf(b)); }
  I32 subInt(I32 a, I32 b) const { return static_cast<int32_t>(unsignedOf(a) - unsignedOf(b)); }
  I32 andInt(I32 a, I32 b) const { return a & b; }
  I32 orInt(I32 a, I32 b) const { return a | b; }
  // Shift amounts are constants in [0, 31].
  I32 shiftLeft(I32 a, I32 n) const { return static_cast<int32_t>(unsignedOf(a) << n); }
  I32 shiftRightLogical(I32 a, I32 n) const { return static_cast<int32_t>(unsignedOf(a) >> n); }
  I32 shiftRightArithmetic(I32 a, I32 n) const { return a >> n; }

  Bool lessThan(F32 a, F32 b) const { return a < b; }    // false if either is NaN
  Bool greaterThan(F32 a, F32 b) const { return a > b; } // false if either is NaN
  Bool isNan(F32 a) const { return a != a; }
  F32 select(Bool c, F32 a, F32 b) const { return c ? a : b; }
  I32 selectInt(Bool c, I32 a, I32 b) const { return c ? a : b; }

private:
  static uint32_t unsignedOf(int32_t a) { return static_cast<uint32_t>(a); }
};

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_HOSTBUILDER_H
