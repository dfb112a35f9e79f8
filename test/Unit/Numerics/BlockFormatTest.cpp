// The decoder's sequence, the arrays, the table of names, and formats as JSON.
#include "BlockOracle.h"

#include "coopt/Numerics/BlockFormatJson.h"
#include "coopt/Numerics/FormatTable.h"

#include <set>

using namespace coopt;
using namespace coopt::numerics;
using namespace coopt::numerics::test;

namespace {

std::string messageOf(const std::string &text) {
  auto format = parseBlockFormat(text, "f");
  return format ? "accepted" : format.error().message;
}

TEST(BlockFormat, SequenceOfOperations) {
  // All parts at once, two rows that share a scale, a short last group; against the sequence spelt out.
  BlockFormat format = *parseBlockFormat(R"({"name": "all", "element": {"type": "codebook", "bits": 2,
      "values": [[0.1, 0.7, -1.3, 2.9], [5.1, -6.3, 7.7, 8.9]]},
      "scales": [{"type": "f32", "span": 3}, {"type": "f32", "span": 6, "rows": 2}, {"type": "f32", "span": "tensor"}],
      "zeros": {"bits": 3},
      "minimums": {"after": 2, "subtracted": true, "levels": [{"type": "f32", "span": 2}, {"type": "f32", "span": "row"}]}})",
                                         "f");
  const int64_t rows = 3, K = 8;
  BlockComponents c = BlockComponents::make(format, rows, K);
  EXPECT_EQ(c.scales[0].size(), 9u);
  EXPECT_EQ(c.scales[1].size(), 4u);
  EXPECT_EQ(c.scales[2].size(), 1u);
  EXPECT_EQ(c.minimums[0].size(), 12u);
  EXPECT_EQ(c.minimums[1].size(), 3u);
  EXPECT_EQ(c.zeros.size(), 9u);
  EXPECT_EQ(c.selectors.size(), 9u);
  std::mt19937 generator(4);
  std::uniform_real_distribution<float> uniform(0.1f, 3);
  auto fill = [&](std::vector<float> &v) {
    std::generate(v.begin(), v.end(), [&] { return uniform(generator); });
  };
  auto fillBytes = [&](std::vector<uint8_t> &v) {
    std::generate(v.begin(), v.end(),
                  [&] { return static_cast<uint8_t>(generator()); }); // high bits are noise
  };
  for (size_t i = 0; i < 3; ++i) {
    fill(c.scales[i]);
    fill(c.minimums[i]);
  }
  fillBytes(c.codes);
  fillBytes(c.zeros);
  fillBytes(c.selectors);
  ASSERT_TRUE(c.check(format).has_value());
  std::vector<float> decoded = decodeMatrix(format, c);
  const float books[2][4] = {{0.1f, 0.7f, -1.3f, 2.9f}, {5.1f, -6.3f, 7.7f, 8.9f}};
  for (size_t r = 0; r < 3; ++r) {
    for (size_t i = 0; i < 8; ++i) {
      size_t g = r * 3 + i / 3;
      volatile float v = books[c.selectors[g] & 1][c.codes[r * 8 + i] & 3];
      v = v - static_cast<float>(c.zeros[g] & 7);
      v = v * c.scales[0][g];
      v = v * c.scales[1][r / 2 * 2 + i / 6];
      volatile float m = c.minimums[0][r * 4 + i / 2] * c.minimums[1][r];
      v = v - m;
      v = v * c.scales[2][0];
      ASSERT_EQ(decoded[r * 8 + i], v) << r << " " << i;
    }
  }
  c.zeros.pop_back();
  EXPECT_EQ(c.check(format).error().message, "components: expected 9 zeros, got 8");
}

TEST(BlockFormat, StoredScales) {
  for (const char *name : {"nvfp4", "q6_k", "q4_k", "mxfp8", "fp8", "liquid"}) {
    BlockFormat format = *findFormat(name);
    for (const ScaleLevel &level : format.scales) {
      std::vector<uint8_t> bytes;
      std::vector<float> values;
      uint32_t last = level.type.bits >= 16 ? 0xffff : (1u << level.type.bits) - 1;
      for (uint32_t code = 0; code <= last; ++code) {
        values.push_back(level.type.decode(code));
      }
      bytes.resize(values.size() * static_cast<size_t>(storedBytes(level.type)));
      storeScales(level.type, values.data(), static_cast<int64_t>(values.size()), bytes.data());
      std::vector<float> back(values.size());
      loadScales(level.type, bytes.data(), static_cast<int64_t>(back.size()), back.data());
      for (size_t i = 0; i < values.size(); ++i) {
        ASSERT_EQ(canonical(back[i]), canonical(values[i]));
      }
    }
  }
}

TEST(BlockFormat, ShortRowsAndEmptyOnes) {
  for (const NamedFormat &named : listFormats()) {
    if (named.format.encoding.kind == EncodingKind::None) {
      continue;
    }
    SCOPED_TRACE(named.format.name);
    for (int64_t K : {0, 1, 2, 15, 17, 33, 129}) {
      for (int64_t rows : {0, 1, 3}) {
        std::vector<float> matrix(static_cast<size_t>(rows * K), 0.75f);
        auto components = encodeMatrix(named.format, matrix.data(), rows, K);
        ASSERT_TRUE(components) << components.error().message;
        ASSERT_TRUE(components->check(named.format).has_value());
        for (float x : decodeMatrix(named.format, *components)) {
          ASSERT_NEAR(x, 0.75f, 0.3f); // bitmod3 by its grid at worst
        }
      }
    }
  }
}

TEST(BlockFormat, EveryDecodedMatrixIsAFixedPoint) {
  // For formats whose scale is given by the largest number: encoding what was decoded changes nothing.
  for (const char *name : {"mxfp4", "mxfp8", "mxint8", "bfp4", "q8_0", "tq2_0"}) {
    BlockFormat format = *findFormat(name);
    std::vector<float> matrix(20 * 256);
    std::mt19937 generator(9);
    std::normal_distribution<float> normal;
    std::generate(matrix.begin(), matrix.end(),
                  [&] { return static_cast<float>(static_cast<_Float16>(normal(generator))); });
    std::vector<float> once = decodeMatrix(format, encoded(format, matrix, 20));
    std::vector<float> twice = decodeMatrix(format, encoded(format, once, 20));
    for (size_t i = 0; i < once.size(); ++i) {
      ASSERT_NEAR(once[i], twice[i], std::fabs(once[i]) * 1e-3f) << name;
    }
  }
}

TEST(FormatTable, NamesAndWidths) {
  std::set<std::string> names;
  for (const NamedFormat &named : listFormats()) {
    EXPECT_TRUE(named.format.validate().has_value()) << named.format.name;
    EXPECT_TRUE(names.insert(named.format.name).second) << named.format.name;
    EXPECT_NE(describeFormats().find(named.format.name + " "), std::string::npos);
  }
  auto bits = [](const std::string &name) {
    for (const NamedFormat &named : listFormats()) {
      if (named.format.name == name) {
        return named.bitsPerWeight;
      }
    }
    return 0.0;
  };
  EXPECT_EQ(bits("mxfp4"), 4.25);
  EXPECT_EQ(bits("nvfp4"), 4.5);
  EXPECT_EQ(bits("nf4"), 4.5);
  EXPECT_EQ(bits("bitmod3"), 3 + 18.0 / 128);
  EXPECT_EQ(bits("bfp4"), 4.5);
  EXPECT_EQ(bits("qoq"), 4 + 12.0 / 128);
  EXPECT_EQ(bits("q4_0"), 4.5);
  EXPECT_EQ(bits("q4_k"), 4.5);
  EXPECT_EQ(bits("q6_k"), 6.5625);
  EXPECT_EQ(bits("tq1_0"), 1.6875);
  EXPECT_EQ(bits("fp8-block"), 8 + 32.0 / 128 / 128);
  EXPECT_EQ(findFormat("q4_k")->bitsPerWeight(), 4.5);
  EXPECT_EQ(findFormat("nf3").error().message, "no format 'nf3', did you mean 'nf4'?");
}

TEST(BlockFormatJson, RoundTripOfAllFormats) {
  for (const NamedFormat &named : listFormats()) {
    std::string text = printBlockFormat(named.format);
    auto again = parseBlockFormat(text, "f");
    ASSERT_TRUE(again) << again.error().message << text;
    EXPECT_EQ(printBlockFormat(*again), text);
    EXPECT_EQ(again->element.format, named.format.element.format);
    EXPECT_EQ(again->element.codebooks, named.format.element.codebooks);
    EXPECT_EQ(again->bitsPerWeight(), named.format.bitsPerWeight());
    if (named.format.encoding.kind != EncodingKind::None) {
      std::vector<float> matrix = HardRows(2, {0, 1, 2}).matrix(9, 67);
      BlockComponents a = encoded(named.format, matrix, 9), b = encoded(*again, matrix, 9);
      EXPECT_EQ(a.codes, b.codes);
      EXPECT_EQ(a.zeros, b.zeros);
    }
  }
}

TEST(BlockFormatJson, Messages) {
  const std::string element = R"("element": {"type": "integer", "bits": 4})";
  EXPECT_EQ(messageOf("{"),
            "f: 1:2: not valid JSON: syntax error while parsing object key - unexpected end of "
            "input; expected string literal");
  EXPECT_EQ(messageOf("[]").substr(0, 5), "f: $:");
  EXPECT_EQ(messageOf(R"({"name": "x", "elemnt": {}})").substr(0, 11), "f: $.elemnt");
  EXPECT_EQ(
      messageOf(R"({"name": "x", "element": {"type": "integer", "bits": 9}, "scales": []})").substr(0, 17),
      "f: $.element.bits");
  EXPECT_EQ(messageOf(R"({"name": "x", )" + element + R"(, "scales": []})"),
            "f: $.scales: expected 1 to 3 levels, got 0");
  EXPECT_EQ(messageOf(R"({"name": "x", )" + element + R"(, "scales": [{"type": "f17", "span": 32}]})"),
            "f: $.scales[0].type: expected f32, f16, bf16, e8m0, e4m3, e5m2, u1..u8 or i1..i8, got 'f17'");
  EXPECT_EQ(messageOf(R"({"name": "x", )" + element + R"(, "scales": [{"type": "f16", "span": "rows"}]})"),
            "f: $.scales[0].span: expected a number of elements, 'row' or 'tensor', got 'rows'");
  EXPECT_EQ(messageOf(R"({"name": "x", )" + element +
                      R"(, "scales": [{"type": "f16", "span": 32}, {"type": "f32", "span": 48}]})"),
            "f: $.scales[1].span: expected whole groups of the level within, 32 elements each, got 48");
  EXPECT_EQ(
      messageOf(R"({"name": "x", )" + element +
                R"(, "scales": [{"type": "f16", "span": 32}], "encoder": {"kind": "asymetric"}})"),
      "f: $.encoder.kind: expected none, symmetric, asymmetric, min-max, two-level, liquid, "
      "shared-exponent, amax, two-amax, signed-amax, ternary-mean, sign-mean or pairs, got 'asymetric', "
      "did you mean 'asymmetric'?");
  EXPECT_EQ(
      messageOf(R"({"name": "x", )" + element +
                R"(, "scales": [{"type": "f16", "span": 32}], "encoder": {"kind": "asymmetric"}})"),
      "f: $.encoder.kind: this one needs unsigned integers, zeros of as many bits, and one level of scales");
  EXPECT_EQ(messageOf(R"({"name": "x", "element": {"type": "codebook", "bits": 2, "values": [[0, 1, 2]]},
                          "scales": [{"type": "f16", "span": 32}]})"),
            "f: $.element.values[0]: expected 4 numbers, got 3");
  EXPECT_EQ(messageOf(R"({"name": "x", "element": {"type": "codebook", "bits": 1, "values": [[0, 1e300]]},
                          "scales": [{"type": "f16", "span": 32}]})")
                .substr(0, 28),
            "f: $.element.values[0][1]: e");
  // Whatever is cut off or changed in a valid text, there is an answer.
  std::string text = printBlockFormat(*findFormat("olive4"));
  std::mt19937 generator(6);
  for (int i = 0; i < 20000; ++i) {
    std::string broken = text.substr(0, generator() % 4 ? text.size() : generator() % text.size());
    for (unsigned k = generator() % 3; k-- > 0 && !broken.empty();) {
      broken[generator() % broken.size()] = "0123456789-\"{}[],:.e "[generator() % 21];
    }
    auto format = parseBlockFormat(broken, "f");
    if (format) {
      EXPECT_TRUE(format->validate().has_value());
    }
  }
}

TEST(BlockFormatJson, OwnCodebook) {
  BlockFormat format = *parseBlockFormat(R"({"name": "mine", "element": {"type": "codebook", "bits": 2,
      "values": [[-3, -1, 1, 4]]}, "scales": [{"type": "bf16", "span": 8}], "encoder": {"kind": "amax"}})",
                                         "f");
  std::vector<float> row = {-3, -1, 1, 4, -2, 0, 2.5f, 4};
  BlockComponents got = encoded(format, row, 1);
  EXPECT_EQ(got.scales[0][0], 1);
  EXPECT_EQ(got.codes, (std::vector<uint8_t>{0, 1, 2, 3, 0, 2, 2, 3})); // ties to the even code
}

} // namespace
