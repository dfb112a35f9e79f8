// The same bits at every optimisation level, vectorised or not, and from a builder that first records the
// operations and then runs them, as the compiler's does.
#include "EncodersOfKind.h"
#include "coopt/Numerics/SpecialFunctions.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace coopt;
using numerics::bitsOf;
using numerics::floatOf;

using Variant = void(int function, const float *x, float *y, long n);
extern "C" Variant coopt_variant_o0, coopt_variant_o1, coopt_variant_o3, coopt_variant_avx2,
    coopt_variant_avx512;
using Encoders = void(int bits, long group, int kind, const float *row, long K, unsigned char *codes,
                      float *scales, unsigned char *inner, unsigned char *zeros);
extern "C" Encoders coopt_encoders_o0, coopt_encoders_o1, coopt_encoders_o3, coopt_encoders_avx2,
    coopt_encoders_avx512;

namespace {

/// Arguments of all sizes and signs: every 30,011th bit pattern and the neighbourhood of small numbers.
std::vector<float> arguments() {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 30011) {
    x.push_back(floatOf(static_cast<uint32_t>(bits)));
  }
  for (float value = -160; value < 160; value += 0.0137f) {
    x.push_back(value);
  }
  return x;
}

void expectEqualBits(float a, float b, float x, int function) {
  ASSERT_TRUE(bitsOf(a) == bitsOf(b) || (a != a && b != b)) << function << "(" << std::hexfloat << x << ")";
}

void compare(Variant &variant) {
  std::vector<float> x = arguments(), expected(x.size()), got(x.size());
  auto n = static_cast<long>(x.size());
  for (int function = 0; function < 7; ++function) {
    coopt_variant_o0(function, x.data(), expected.data(), n);
    variant(function, x.data(), got.data(), n);
    for (size_t i = 0; i < x.size(); ++i) {
      expectEqualBits(got[i], expected[i], x[i], function);
    }
  }
}

struct Coded {
  std::vector<unsigned char> codes, inner, zeros;
  std::vector<uint32_t> scales;
};

Coded encoded(Encoders &encoders, int bits, long group, int kind, const std::vector<float> &row) {
  std::vector<float> scales(row.size());
  Coded coded;
  for (auto *part : {&coded.codes, &coded.inner, &coded.zeros}) {
    part->resize(row.size());
  }
  encoders(bits, group, kind, row.data(), static_cast<long>(row.size()), coded.codes.data(), scales.data(),
           coded.inner.data(), coded.zeros.data());
  for (float scale : scales) {
    coded.scales.push_back(scale != scale ? 0x7fc00000u : bitsOf(scale)); // any NaN
  }
  return coded;
}

/// Rows of odd lengths, some with ties, zeros of both signs, huge and tiny numbers, infinities and NaN.
void compareEncoders(Encoders &encoders) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal(0, 0.02f);
  const float infinity = std::numeric_limits<float>::infinity();
  const float odd[] = {0.0f, -0.0f, 1e-40f, -1e30f, 0.5f, -infinity, infinity, std::nanf("")};
  for (size_t K : {1, 31, 97, 517}) {
    for (size_t spoiled = 0; spoiled <= std::size(odd); ++spoiled) {
      std::vector<float> row(K);
      for (float &x : row) {
        x = spoiled % 2 == 0 ? normal(generator)
                             : static_cast<float>(static_cast<int>(generator() % 41) - 20);
      }
      for (size_t i = 0; i < spoiled; ++i) {
        row[generator() % K] = odd[i];
      }
      for (long group : {0, 1, 31, 32, 33, 128}) {
        for (auto [bits, kind] : {std::pair{2, 0}, {8, 0}, {1, 0}, {3, 1}, {8, 1}, {4, 2}}) {
          Coded expected = encoded(coopt_encoders_o0, bits, group, kind, row),
                got = encoded(encoders, bits, group, kind, row);
          ASSERT_EQ(got.codes, expected.codes) << K << " " << group << " " << bits << " " << kind;
          ASSERT_EQ(got.scales, expected.scales) << K << " " << group << " " << bits << " " << kind;
          ASSERT_EQ(got.inner, expected.inner);
          ASSERT_EQ(got.zeros, expected.zeros);
        }
      }
    }
  }
}

TEST(EncoderVariants, O1) { compareEncoders(coopt_encoders_o1); }
TEST(EncoderVariants, O3Vectorised) { compareEncoders(coopt_encoders_o3); }
// The library's own: the clone for this processor.
TEST(EncoderVariants, Chosen) { compareEncoders(encodeRow); }

TEST(SpecialFunctionVariants, O1) { compare(coopt_variant_o1); }
TEST(SpecialFunctionVariants, O3Vectorised) { compare(coopt_variant_o3); }

#if defined(__x86_64__)
TEST(Variants, Avx2WithFma) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    GTEST_SKIP() << "no AVX2 here";
  }
  compare(coopt_variant_avx2);
  compareEncoders(coopt_encoders_avx2);
}
TEST(Variants, Avx512) {
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl")) {
    GTEST_SKIP() << "no AVX-512 here";
  }
  compare(coopt_variant_avx512);
  compareEncoders(coopt_encoders_avx512);
}
#endif

/// Records operations; all values are of one type, as in an IR, and constants are operations too.
class RecordingBuilder {
public:
  enum class Op {
    Argument,
    Constant,
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    AddInt,
    SubInt,
    And,
    Or,
    Shl,
    Shr,
    Sar,
    Less,
    Greater,
    IsNan,
    Select
  };
  struct Node {
    Op op;
    size_t a, b, c;
    uint32_t bits;
  };
  using F32 = size_t;
  using I32 = size_t;
  using Bool = size_t;

  F32 argument() { return make(Op::Argument); }
  F32 constant(float x) { return make(Op::Constant, 0, 0, 0, bitsOf(x)); }
  I32 integer(int32_t x) { return make(Op::Constant, 0, 0, 0, static_cast<uint32_t>(x)); }
  F32 add(F32 a, F32 b) { return make(Op::Add, a, b); }
  F32 sub(F32 a, F32 b) { return make(Op::Sub, a, b); }
  F32 mul(F32 a, F32 b) { return make(Op::Mul, a, b); }
  F32 div(F32 a, F32 b) { return make(Op::Div, a, b); }
  F32 sqrt(F32 a) { return make(Op::Sqrt, a); }
  I32 bitcastToInt(F32 a) { return a; }
  F32 bitcastToFloat(I32 a) { return a; }
  I32 addInt(I32 a, I32 b) { return make(Op::AddInt, a, b); }
  I32 subInt(I32 a, I32 b) { return make(Op::SubInt, a, b); }
  I32 andInt(I32 a, I32 b) { return make(Op::And, a, b); }
  I32 orInt(I32 a, I32 b) { return make(Op::Or, a, b); }
  I32 shiftLeft(I32 a, I32 b) { return make(Op::Shl, a, b); }
  I32 shiftRightLogical(I32 a, I32 b) { return make(Op::Shr, a, b); }
  I32 shiftRightArithmetic(I32 a, I32 b) { return make(Op::Sar, a, b); }
  Bool lessThan(F32 a, F32 b) { return make(Op::Less, a, b); }
  Bool greaterThan(F32 a, F32 b) { return make(Op::Greater, a, b); }
  Bool isNan(F32 a) { return make(Op::IsNan, a); }
  F32 select(Bool c, F32 a, F32 b) { return make(Op::Select, a, b, c); }
  I32 selectInt(Bool c, I32 a, I32 b) { return make(Op::Select, a, b, c); }

  float run(float x) const {
    std::vector<uint32_t> v;
    for (const Node &n : nodes) {
      auto f = [&](size_t i) { return floatOf(v[i]); };
      switch (n.op) {
      case Op::Argument:
        v.push_back(bitsOf(x));
        break;
      case Op::Constant:
        v.push_back(n.bits);
        break;
      case Op::Add:
        v.push_back(bitsOf(f(n.a) + f(n.b)));
        break;
      case Op::Sub:
        v.push_back(bitsOf(f(n.a) - f(n.b)));
        break;
      case Op::Mul:
        v.push_back(bitsOf(f(n.a) * f(n.b)));
        break;
      case Op::Div:
        v.push_back(bitsOf(f(n.a) / f(n.b)));
        break;
      case Op::Sqrt:
        v.push_back(bitsOf(__builtin_sqrtf(f(n.a))));
        break;
      case Op::AddInt:
        v.push_back(v[n.a] + v[n.b]);
        break;
      case Op::SubInt:
        v.push_back(v[n.a] - v[n.b]);
        break;
      case Op::And:
        v.push_back(v[n.a] & v[n.b]);
        break;
      case Op::Or:
        v.push_back(v[n.a] | v[n.b]);
        break;
      case Op::Shl:
        v.push_back(v[n.a] << v[n.b]);
        break;
      case Op::Shr:
        v.push_back(v[n.a] >> v[n.b]);
        break;
      case Op::Sar:
        v.push_back(static_cast<uint32_t>(static_cast<int32_t>(v[n.a]) >> v[n.b]));
        break;
      case Op::Less:
        v.push_back(f(n.a) < f(n.b));
        break;
      case Op::Greater:
        v.push_back(f(n.a) > f(n.b));
        break;
      case Op::IsNan:
        v.push_back(f(n.a) != f(n.a));
        break;
      case Op::Select:
        v.push_back(v[n.c] ? v[n.a] : v[n.b]);
        break;
      }
    }
    return floatOf(v.back());
  }
  size_t size() const { return nodes.size(); }

private:
  size_t make(Op op, size_t a = 0, size_t b = 0, size_t c = 0, uint32_t bits = 0) {
    nodes.push_back({op, a, b, c, bits});
    return nodes.size() - 1;
  }
  std::vector<Node> nodes;
};

template <class Emit>
void compareRecorded(int function, Emit emit) {
  RecordingBuilder builder;
  emit(builder, builder.argument());
  EXPECT_LT(builder.size(), 150u);
  std::vector<float> all = arguments(), x;
  for (size_t i = 0; i < all.size(); i += 11) {
    x.push_back(all[i]);
  }
  std::vector<float> expected(x.size());
  coopt_variant_o0(function, x.data(), expected.data(), static_cast<long>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    expectEqualBits(builder.run(x[i]), expected[i], x[i], function);
  }
}

TEST(SpecialFunctionVariants, RecordedOperations) {
  using B = RecordingBuilder;
  compareRecorded(0, [](B &b, size_t x) { return numerics::exp2(b, x); });
  compareRecorded(1, [](B &b, size_t x) { return numerics::exp(b, x); });
  compareRecorded(2, [](B &b, size_t x) { return numerics::sigmoid(b, x); });
  compareRecorded(3, [](B &b, size_t x) { return numerics::tanh(b, x); });
  compareRecorded(4, [](B &b, size_t x) { return numerics::erf(b, x); });
  compareRecorded(5, [](B &b, size_t x) { return numerics::log2(b, x); });
  compareRecorded(6, [](B &b, size_t x) { return numerics::rsqrt(b, x); });
}

} // namespace
