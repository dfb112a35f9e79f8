// GGUF blocks against decoders and encoders written directly from the layout of the blocks.
#include "BlockOracle.h"

#include "coopt/Numerics/GgufBlocks.h"

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

float half(const uint8_t *p) {
  uint16_t bits = static_cast<uint16_t>(p[0] | p[1] << 8);
  _Float16 h;
  std::memcpy(&h, &bits, 2);
  return static_cast<float>(h);
}

/// One block decoded with the formulas of ggml's own order of operations.
std::vector<float> direct(GgufType type, const uint8_t *b) {
  std::vector<float> y(static_cast<size_t>(ggufBlockElements(type)));
  const float fp4[] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  switch (type) {
  case GgufType::Q4_0:
  case GgufType::Q4_1: {
    bool one = type == GgufType::Q4_1;
    const uint8_t *q = b + (one ? 4 : 2);
    for (int j = 0; j < 16; ++j) {
      for (int h = 0; h < 2; ++h) {
        int code = h ? q[j] >> 4 : q[j] & 15;
        volatile float product = static_cast<float>(one ? code : code - 8) * half(b);
        y[static_cast<size_t>(j + 16 * h)] = one ? product + half(b + 2) : product;
      }
    }
    break;
  }
  case GgufType::Q5_0:
  case GgufType::Q5_1: {
    bool one = type == GgufType::Q5_1;
    const uint8_t *h = b + (one ? 4 : 2), *q = h + 4;
    uint32_t high = uint32_t(h[0]) | uint32_t(h[1]) << 8 | uint32_t(h[2]) << 16 | uint32_t(h[3]) << 24;
    for (int j = 0; j < 16; ++j) {
      int x0 = (q[j] & 15) | static_cast<int>((high >> j << 4) & 16);
      int x1 = (q[j] >> 4) | static_cast<int>((high >> (j + 12)) & 16);
      for (int k = 0; k < 2; ++k) {
        volatile float product = static_cast<float>((k ? x1 : x0) - (one ? 0 : 16)) * half(b);
        y[static_cast<size_t>(j + 16 * k)] = one ? product + half(b + 2) : product;
      }
    }
    break;
  }
  case GgufType::Q8_0:
    for (size_t j = 0; j < 32; ++j) {
      y[j] = static_cast<float>(static_cast<int8_t>(b[2 + j])) * half(b);
    }
    break;
  case GgufType::Q2_K: {
    const uint8_t *q = b + 16;
    float d = half(b + 80), min = half(b + 82);
    size_t out = 0;
    int is = 0;
    for (int n = 0; n < 256; n += 128, q += 32) {
      for (int shift = 0; shift < 8; shift += 2) {
        for (int part = 0; part < 2; ++part) {
          int sc = b[is++];
          float dl = d * static_cast<float>(sc & 15), ml = min * static_cast<float>(sc >> 4);
          for (int l = 0; l < 16; ++l) {
            volatile float product = dl * static_cast<float>(q[l + 16 * part] >> shift & 3);
            y[out++] = product - ml;
          }
        }
      }
    }
    break;
  }
  case GgufType::Q4_K: {
    float d = half(b), min = half(b + 2);
    const uint8_t *s = b + 4, *q = b + 16;
    auto scaleMin = [&](int j, int &sc, int &m) {
      if (j < 4) {
        sc = s[j] & 63;
        m = s[j + 4] & 63;
      } else {
        sc = (s[j + 4] & 15) | ((s[j - 4] >> 6) << 4);
        m = (s[j + 4] >> 4) | ((s[j] >> 6) << 4);
      }
    };
    size_t out = 0;
    for (int is = 0; is < 8; is += 2, q += 32) {
      for (int k = 0; k < 2; ++k) {
        int sc, m;
        scaleMin(is + k, sc, m);
        float d1 = d * static_cast<float>(sc), m1 = min * static_cast<float>(m);
        for (int l = 0; l < 32; ++l) {
          volatile float product = d1 * static_cast<float>(k ? q[l] >> 4 : q[l] & 15);
          y[out++] = product - m1;
        }
      }
    }
    break;
  }
  case GgufType::Q3_K: {
    float d = half(b + 108);
    uint32_t words[4];
    std::memcpy(words, b + 96, 12);
    const uint32_t upper = words[2], two = 0x03030303, nibbles = 0x0f0f0f0f;
    words[2] = (words[0] >> 4 & nibbles) | (upper >> 4 & two) << 4;
    words[3] = (words[1] >> 4 & nibbles) | (upper >> 6 & two) << 4;
    words[0] = (words[0] & nibbles) | (upper & two) << 4;
    words[1] = (words[1] & nibbles) | (upper >> 2 & two) << 4;
    int8_t scales[16];
    std::memcpy(scales, words, 16);
    const uint8_t *q = b + 32;
    size_t out = 0, is = 0;
    uint8_t mask = 1;
    for (int n = 0; n < 256; n += 128, q += 32) {
      for (int shift = 0; shift < 8; shift += 2, mask = static_cast<uint8_t>(mask << 1)) {
        for (int part = 0; part < 2; ++part) {
          float dl = d * static_cast<float>(scales[is++] - 32);
          for (int l = 16 * part; l < 16 * part + 16; ++l) {
            y[out++] = dl * static_cast<float>((q[l] >> shift & 3) - (b[l] & mask ? 0 : 4));
          }
        }
      }
    }
    break;
  }
  case GgufType::Q5_K: {
    float d = half(b), min = half(b + 2);
    const uint8_t *s = b + 4, *high = b + 16, *q = b + 48;
    for (size_t group = 0; group < 8; ++group) {
      int sc = group < 4 ? s[group] & 63 : (s[group + 4] & 15) | s[group - 4] >> 6 << 4;
      int m = group < 4 ? s[group + 4] & 63 : s[group + 4] >> 4 | s[group] >> 6 << 4;
      float d1 = d * static_cast<float>(sc), m1 = min * static_cast<float>(m);
      for (size_t l = 0; l < 32; ++l) {
        int byte = q[group / 2 * 32 + l],
            code = (group % 2 ? byte >> 4 : byte & 15) + (high[l] >> group & 1) * 16;
        volatile float product = d1 * static_cast<float>(code);
        y[group * 32 + l] = product - m1;
      }
    }
    break;
  }
  case GgufType::IQ4_NL:
  case GgufType::IQ4_XS: {
    const bool isSmall = type == GgufType::IQ4_XS;
    const int8_t table[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const int upper = b[2] | b[3] << 8;
    for (size_t ib = 0; ib < y.size() / 32; ++ib) {
      int scale = (b[4 + ib / 2] >> 4 * (ib % 2) & 15) | (upper >> 2 * ib & 3) << 4;
      float dl = isSmall ? half(b) * static_cast<float>(scale - 32) : half(b);
      const uint8_t *q = isSmall ? b + 8 + 16 * ib : b + 2;
      for (size_t j = 0; j < 16; ++j) {
        y[32 * ib + j] = dl * static_cast<float>(table[q[j] & 15]);
        y[32 * ib + j + 16] = dl * static_cast<float>(table[q[j] >> 4]);
      }
    }
    break;
  }
  case GgufType::Q6_K: {
    float d = half(b + 208);
    for (size_t n = 0; n < 2; ++n) {
      const uint8_t *ql = b + 64 * n, *qh = b + 128 + 32 * n;
      const auto *sc = reinterpret_cast<const int8_t *>(b + 192 + 8 * n);
      for (size_t l = 0; l < 32; ++l) {
        int q[4] = {(ql[l] & 15) | (qh[l] & 3) << 4, (ql[l + 32] & 15) | (qh[l] >> 2 & 3) << 4,
                    (ql[l] >> 4) | (qh[l] >> 4 & 3) << 4, (ql[l + 32] >> 4) | (qh[l] >> 6) << 4};
        for (size_t k = 0; k < 4; ++k) {
          float product = d * static_cast<float>(sc[l / 16 + 2 * k]);
          y[128 * n + l + 32 * k] = product * static_cast<float>(q[k] - 32);
        }
      }
    }
    break;
  }
  case GgufType::Q8_K: {
    float d;
    std::memcpy(&d, b, 4);
    for (size_t j = 0; j < 256; ++j) {
      y[j] = d * static_cast<float>(static_cast<int8_t>(b[4 + j]));
    }
    break;
  }
  case GgufType::TQ1_0: {
    const uint8_t pow3[] = {1, 3, 9, 27, 81};
    size_t out = 0;
    auto run = [&](const uint8_t *q, size_t stride, size_t count) {
      for (size_t n = 0; n < count; ++n) {
        for (size_t m = 0; m < stride; ++m) {
          uint8_t v = static_cast<uint8_t>(q[m] * pow3[n]);
          int xi = (static_cast<uint16_t>(v) * 3) >> 8;
          y[out++] = static_cast<float>(xi - 1) * half(b + 52);
        }
      }
    };
    run(b, 32, 5);
    run(b + 32, 16, 5);
    run(b + 48, 4, 4);
    break;
  }
  case GgufType::TQ2_0: {
    size_t out = 0;
    for (size_t j = 0; j < 64; j += 32) {
      for (int l = 0; l < 4; ++l) {
        for (size_t m = 0; m < 32; ++m) {
          y[out++] = static_cast<float>((b[j + m] >> (2 * l) & 3) - 1) * half(b + 64);
        }
      }
    }
    break;
  }
  case GgufType::MXFP4:
    for (size_t j = 0; j < 32; ++j) {
      int code = j < 16 ? b[1 + j] & 15 : b[1 + j - 16] >> 4;
      y[j] = b[0] == 255 ? std::numeric_limits<float>::quiet_NaN()
                         : std::ldexp(fp4[code], static_cast<int>(b[0]) - 128);
    }
    break;
  case GgufType::NVFP4:
    for (size_t s = 0; s < 4; ++s) {
      int x = b[s];
      float raw = (x >> 3 & 15) == 0 ? std::ldexp(static_cast<float>(x & 7), -9)
                                     : std::ldexp(1 + static_cast<float>(x & 7) / 8, (x >> 3 & 15) - 7);
      float d = (x & 0x7f) == 0x7f ? 0 : raw * 0.5f;
      for (size_t j = 0; j < 16; ++j) {
        uint8_t byte = b[4 + 8 * s + j % 8];
        y[16 * s + j] = fp4[j < 8 ? byte & 15 : byte >> 4] * d;
      }
    }
    break;
  }
  return y;
}

TEST(GgufBlocks, DecodeEqualsTheDirectDecoder) {
  std::mt19937 generator(17);
  for (GgufType type : allGgufTypes()) {
    SCOPED_TRACE(ggufName(type));
    BlockFormat format = ggufFormat(type);
    ASSERT_TRUE(format.validate().has_value());
    auto n = static_cast<size_t>(ggufBlockElements(type)), size = static_cast<size_t>(ggufBlockBytes(type));
    for (int round = 0; round < 400; ++round) {
      const size_t blocks = 3;
      std::vector<uint8_t> bytes(blocks * size);
      for (uint8_t &byte : bytes) {
        byte = static_cast<uint8_t>(generator());
        if (type == GgufType::TQ2_0 && (&byte - bytes.data()) % 66 < 64) {
          byte &= static_cast<uint8_t>(~(byte >> 1 & 0x55)); // no code of 3
        }
      }
      auto components = splitGgufRow(type, bytes.data(), bytes.size(), static_cast<int64_t>(blocks * n));
      ASSERT_TRUE(components) << components.error().message;
      ASSERT_TRUE(components->check(format).has_value());
      std::vector<float> decoded = decodeMatrix(format, *components);
      for (size_t block = 0; block < blocks; ++block) {
        std::vector<float> expected = direct(type, bytes.data() + block * size);
        for (size_t i = 0; i < n; ++i) {
          ASSERT_EQ(canonical(decoded[block * n + i]), canonical(expected[i])) << block << " " << i;
        }
      }
      // Back: the same bytes, where all of them mean something, and always the same numbers.
      auto joined = joinGguf(type, *components);
      ASSERT_TRUE(joined) << joined.error().message;
      auto again = splitGgufRow(type, joined->data(), joined->size(), static_cast<int64_t>(blocks * n));
      ASSERT_TRUE(again);
      ASSERT_EQ(again->codes, components->codes);
      bool finite = std::all_of(decoded.begin(), decoded.end(), [](float x) { return std::isfinite(x); });
      bool allMeaningful = type != GgufType::TQ1_0 && type != GgufType::Q8_K && type != GgufType::NVFP4;
      if (finite && allMeaningful) {
        ASSERT_EQ(*joined, bytes);
      }
    }
  }
}

/// ggml's encoders, literally.
std::vector<uint8_t> directEncode(GgufType type, const float *x) {
  std::vector<uint8_t> b(static_cast<size_t>(ggufBlockBytes(type)));
  size_t n = static_cast<size_t>(ggufBlockElements(type));
  auto putHalf = [&](size_t at, float v) {
    auto h = static_cast<_Float16>(v);
    std::memcpy(b.data() + at, &h, 2);
  };
  float amax = 0, max = 0, low = x[0], high = x[0];
  for (size_t j = 0; j < n; ++j) {
    if (amax < std::fabs(x[j])) {
      amax = std::fabs(x[j]);
      max = x[j];
    }
    low = x[j] < low ? x[j] : low;
    high = x[j] > high ? x[j] : high;
  }
  auto saturated = [](float u, int top) {
    return !(u > 0) ? 0 : u >= static_cast<float>(top) ? top : static_cast<int>(u);
  };
  bool five = type == GgufType::Q5_0 || type == GgufType::Q5_1;
  int top = five ? 31 : 15, offset = five ? 16 : 8;
  switch (type) {
  case GgufType::Q4_0:
  case GgufType::Q4_1:
  case GgufType::Q5_0:
  case GgufType::Q5_1: {
    bool one = type == GgufType::Q4_1 || type == GgufType::Q5_1;
    float d = one ? (high - low) / static_cast<float>(top) : max / static_cast<float>(-offset);
    float id = d != 0 ? 1.0f / d : 0.0f;
    putHalf(0, d);
    if (one) {
      putHalf(2, low);
    }
    size_t at = (one ? 4 : 2) + (five ? 4 : 0);
    uint32_t fifth = 0;
    for (size_t j = 0; j < 32; ++j) {
      volatile float u = one ? (x[j] - low) * id : x[j] * id;
      float v = u != u ? 0 : u;
      int q = saturated(one ? u + 0.5f : v + (static_cast<float>(offset) + 0.5f), top);
      b[at + j % 16] = static_cast<uint8_t>(b[at + j % 16] | (q & 15) << (j < 16 ? 0 : 4));
      fifth |= static_cast<uint32_t>(q >> 4 & 1) << j;
    }
    if (five) {
      std::memcpy(b.data() + (one ? 4 : 2), &fifth, 4);
    }
    break;
  }
  case GgufType::Q8_0: {
    float d = amax / 127, id = d != 0 ? 1.0f / d : 0.0f;
    putHalf(0, d);
    for (size_t j = 0; j < 32; ++j) {
      float u = x[j] * id;
      b[2 + j] = static_cast<uint8_t>(
          static_cast<int>(std::round(std::fmin(std::fmax(u != u ? 0 : u, -127.0f), 127.0f))));
    }
    break;
  }
  case GgufType::TQ1_0:
  case GgufType::TQ2_0: {
    float id = amax != 0 ? 1.0f / amax : 0.0f;
    putHalf(type == GgufType::TQ1_0 ? 52 : 64, amax);
    auto trit = [&](size_t i) {
      float u = x[i] * id;
      return static_cast<int>(std::round(std::fmin(std::fmax(u != u ? 0 : u, -1.0f), 1.0f))) + 1;
    };
    if (type == GgufType::TQ2_0) {
      for (size_t i = 0; i < 256; ++i) {
        b[i / 128 * 32 + i % 32] =
            static_cast<uint8_t>(b[i / 128 * 32 + i % 32] | trit(i) << (2 * (i % 128 / 32)));
      }
      break;
    }
    auto run = [&](size_t at, size_t stride, size_t count, size_t begin) {
      for (size_t m = 0; m < stride; ++m) {
        int q = 0;
        for (size_t k = 0; k < count; ++k) {
          q = q * 3 + trit(begin + m + k * stride);
        }
        q = count == 4 ? q * 3 : q;
        b[at + m] = static_cast<uint8_t>((q * 256 + 242) / 243);
      }
    };
    run(0, 32, 5, 0);
    run(32, 16, 5, 160);
    run(48, 4, 4, 240);
    break;
  }
  default: { // MXFP4
    int exponent = 0;
    std::frexp(amax, &exponent);
    int e = amax == 0 ? 0 : std::max(exponent - 1 - 2 + 127, 0);
    b[0] = static_cast<uint8_t>(e);
    const double table[] = {0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6};
    for (size_t j = 0; j < 32; ++j) {
      int best = 0;
      for (int code = 1; code < 16; ++code) { // strictly better only, as there
        double scale = std::ldexp(1.0, e - 127), v = static_cast<double>(x[j]) / scale;
        if (std::fabs(table[code] - v) < std::fabs(table[best] - v)) {
          best = code;
        }
      }
      b[1 + j % 16] = static_cast<uint8_t>(b[1 + j % 16] | best << (j < 16 ? 0 : 4));
    }
    break;
  }
  }
  return b;
}

TEST(GgufBlocks, EncodersEqualGgmls) {
  for (GgufType type : allGgufTypes()) {
    BlockFormat format = ggufFormat(type);
    if (format.encoding.kind == EncodingKind::None) {
      continue;
    }
    SCOPED_TRACE(ggufName(type));
    auto n = static_cast<size_t>(ggufBlockElements(type));
    const size_t rows = n == 32 ? 100000 : 20000;
    HardRows source(31, {0, 1, 2, 3, 4, 5, 6, 7, 8});
    std::vector<float> matrix = source.matrix(rows, n);
    for (float &x : matrix) {
      x = std::isfinite(x) ? x : 0.25f; // ggml leaves the others undefined
    }
    BlockComponents components = encoded(format, matrix, rows);
    auto bytes = joinGguf(type, components);
    ASSERT_TRUE(bytes);
    auto size = static_cast<size_t>(ggufBlockBytes(type));
    for (size_t row = 0; row < rows; ++row) {
      std::vector<uint8_t> expected = directEncode(type, matrix.data() + row * n);
      std::vector<uint8_t> got(bytes->begin() + static_cast<long>(row * size),
                               bytes->begin() + static_cast<long>((row + 1) * size));
      ASSERT_EQ(got, expected) << row << " of kind " << row % 9;
    }
  }
}

TEST(GgufBlocks, Refusals) {
  std::vector<uint8_t> bytes(66, 0xff);
  auto message = [](const auto &result) { return result ? "accepted" : result.error().message; };
  EXPECT_EQ(message(splitGgufRow(GgufType::TQ2_0, bytes.data(), 66, 256)),
            "gguf tq2_0: element 0 of block 0: expected a code of 0, 1 or 2, got 3");
  EXPECT_EQ(message(splitGgufRow(GgufType::Q4_0, bytes.data(), 18, 31)),
            "gguf q4_0: expected rows of a multiple of 32 elements, got 31");
  EXPECT_EQ(message(splitGgufRow(GgufType::Q4_0, bytes.data(), 17, 32)),
            "gguf q4_0: 17 bytes do not hold 1 rows of 32 elements");
  EXPECT_EQ(message(splitGgufMatrix(GgufType::Q4_0, bytes.data(), 18, INT64_MAX, INT64_MAX - 31)),
            "gguf q4_0: 18 bytes do not hold 9223372036854775807 rows of 9223372036854775776 elements");
  EXPECT_EQ(message(splitGgufRow(GgufType::Q4_0, bytes.data(), 0, 0)), "accepted");
  EXPECT_NE(message(joinGguf(GgufType::Q4_0, BlockComponents::make(ggufFormat(GgufType::Q8_0), 1, 33))),
            "accepted");
}

} // namespace
