//===- RecipeEvaluatorTest.cpp - Recipes against definitions written out here ---------===//
#include "RecipeFixture.h"

#include "coopt/Numerics/GroupQuantization.h"

#include <cmath>
#include <random>

namespace coopt {
namespace {

constexpr int64_t kRows = 37, kColumns = 5;

/// Weights with a row of zeros, a tie and large and small rows.
std::vector<float> makeWeights() {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> weights(kRows * kColumns);
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    weights[i] =
        i / kColumns == 3 ? 0.0f : normal(random) * std::exp2(static_cast<float>(i / kColumns) - 18.0f);
  }
  weights[0] = 127.0f; // scale 1: 0.5 and 1.5 are ties
  weights[1] = 0.5f;
  weights[2] = 1.5f;
  weights[3] = -2.5f;
  weights[4] = 126.6f;
  return weights;
}

struct Quantized {
  std::vector<int8_t> codes;
  std::vector<float> scales;
};

/// Symmetric, a scale a row, ties to even: in double where binary32 division rounds the same.
Quantized quantizeByHand(const std::vector<float> &weights) {
  Quantized result;
  for (int64_t n = 0; n < kRows; ++n) {
    float amax = 0;
    for (int64_t k = 0; k < kColumns; ++k) {
      amax = std::fmax(amax, std::fabs(weights[n * kColumns + k]));
    }
    float scale = amax == 0 ? 1.0f : amax / 127.0f;
    result.scales.push_back(scale);
    for (int64_t k = 0; k < kColumns; ++k) {
      float quotient = weights[n * kColumns + k] / scale;
      result.codes.push_back(
          static_cast<int8_t>(std::nearbyint(std::fmin(std::fmax(quotient, -127.0f), 127.0f))));
    }
  }
  return result;
}

const char *const kQuantize = R"(
  model.parameter @w.codes : tensor<37x5xi8>
  model.parameter @w.scales : tensor<37xf32>
  model.recipe @w.quantize defines [@w.codes, @w.scales] {
    %w = model.load @w : tensor<37x5xf32>
    %c = tensor.empty() : tensor<37x5xi8>
    %s = tensor.empty() : tensor<37xf32>
    %q:2 = quantized.quantize ins(%w : tensor<37x5xf32>) outs(%c, %s : tensor<37x5xi8>, tensor<37xf32>)
      scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<37x5xi8>, tensor<37xf32>
    model.yield %q#0, %q#1 : tensor<37x5xi8>, tensor<37xf32>
  }
)";

TEST_F(RecipeFixture, QuantizesRowsOfAFile) {
  std::vector<float> weights = makeWeights();
  writeFile("m.safetensors", weights, 13);
  auto evaluator = evaluate(
      "model.parameter @w : tensor<37x5xf32> from #model.source<\"m.safetensors\", 13, tensor<37x5xf32>>" +
      std::string(kQuantize));
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  Quantized expected = quantizeByHand(weights);
  EXPECT_EQ(valuesOf<int8_t>(*evaluator, "w.codes"), expected.codes);
  EXPECT_EQ(valuesOf<float>(*evaluator, "w.scales"), expected.scales);
  EXPECT_EQ(valuesOf<float>(*evaluator, "w"), weights);
  EXPECT_EQ(std::vector<int8_t>(expected.codes.begin(), expected.codes.begin() + 5),
            (std::vector<int8_t>{127, 0, 2, -2, 127}));
}

// Blocks and threads change nothing: one row, a few rows, everything.
TEST_F(RecipeFixture, BytesDoNotDependOnBlocksOrThreads) {
  writeFile("m.safetensors", makeWeights());
  std::string text =
      "model.parameter @w : tensor<37x5xf32> from #model.source<\"m.safetensors\", 0, tensor<37x5xf32>>\n";
  Quantized expected = quantizeByHand(makeWeights());
  for (unsigned threads : {1u, 2u, 3u, 64u}) {
    for (uint64_t block : {1u, 5u, 11u, 1000u}) {
      auto evaluator = evaluate(text + kQuantize, {threads, block});
      ASSERT_TRUE(evaluator) << evaluator.error().message;
      EXPECT_EQ(valuesOf<int8_t>(*evaluator, "w.codes"), expected.codes) << threads << " threads, " << block;
      EXPECT_EQ(valuesOf<float>(*evaluator, "w.scales"), expected.scales) << threads << " threads, " << block;
    }
  }
}

// [N/16][K/2][16 n][2 k], padding 0, made tile by tile.
TEST_F(RecipeFixture, PacksCodes) {
  std::vector<float> weights = makeWeights();
  writeFile("m.safetensors", weights);
  std::string text = R"mlir(
    #packed = #model.layout<"[37, 5] tile(d1:1, d0:4) outer(d0, d1)">
    model.parameter @w : tensor<37x5xf32> from #model.source<"m.safetensors", 0, tensor<37x5xf32>>
    model.parameter @p : tensor<288xi8, #packed>
    model.recipe @r defines [@p] {
      %w = model.load @w : tensor<37x5xf32>
      %c = tensor.empty() : tensor<37x5xi8>
      %s = tensor.empty() : tensor<37xf32>
      %q:2 = quantized.quantize ins(%w : tensor<37x5xf32>) outs(%c, %s : tensor<37x5xi8>, tensor<37xf32>)
        scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<37x5xi8>, tensor<37xf32>
      %p = model.pack %q#0 : tensor<37x5xi8> -> tensor<288xi8, #packed>
      model.yield %p : tensor<288xi8, #packed>
    }
  )mlir";
  Quantized byHand = quantizeByHand(weights);
  std::vector<int8_t> expected(288, 0);
  for (int64_t n = 0; n < kRows; ++n) {
    for (int64_t k = 0; k < kColumns; ++k) {
      expected[((n / 16 * 3 + k / 2) * 16 + n % 16) * 2 + k % 2] = byHand.codes[n * kColumns + k];
    }
  }
  for (uint64_t block : {1u, 97u, 100000u}) {
    auto evaluator = evaluate(text, {3, block});
    ASSERT_TRUE(evaluator) << evaluator.error().message;
    EXPECT_EQ(valuesOf<int8_t>(*evaluator, "p"), expected) << block;
  }
}

// Storage whose outermost dimension is not the row has no independent row blocks.
TEST_F(RecipeFixture, PacksTransposed) {
  std::vector<float> weights = makeWeights();
  writeFile("m.safetensors", weights);
  std::string text = R"mlir(
    #packed = #model.layout<"[37, 5] outer(d1, d0)">
    model.parameter @w : tensor<37x5xf32> from #model.source<"m.safetensors", 0, tensor<37x5xf32>>
    model.parameter @p : tensor<185xf32, #packed>
    model.recipe @r defines [@p] {
      %w = model.load @w : tensor<37x5xf32>
      %p = model.pack %w : tensor<37x5xf32> -> tensor<185xf32, #packed>
      model.yield %p : tensor<185xf32, #packed>
    }
  )mlir";
  auto evaluator = evaluate(text, {2, 8});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  std::vector<float> expected;
  for (int64_t k = 0; k < kColumns; ++k) {
    for (int64_t n = 0; n < kRows; ++n) {
      expected.push_back(weights[n * kColumns + k]);
    }
  }
  EXPECT_EQ(valuesOf<float>(*evaluator, "p"), expected);
}

TEST_F(RecipeFixture, WidensStoredElements) {
  // 1, -2.5, the least subnormal, infinity.
  writeFile("b", std::vector<uint16_t>{0x3f80, 0xc020, 0x0001, 0x7f80});
  writeFile("h", std::vector<uint16_t>{0x3c00, 0xc100, 0x0001, 0x7c00});
  auto evaluator = evaluate(R"(
    model.parameter @b : tensor<2x2xf32> from #model.source<"b", 0, tensor<2x2xbf16>>
    model.parameter @h : tensor<4xf32> from #model.source<"h", 0, tensor<4xf16>>
    model.parameter @raw : tensor<4xbf16> from #model.source<"b", 0, tensor<4xbf16>>
  )",
                            {2, 4});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  EXPECT_EQ(valuesOf<float>(*evaluator, "b"), (std::vector<float>{1, -2.5f, 0x1p-133f, INFINITY}));
  EXPECT_EQ(valuesOf<float>(*evaluator, "h"), (std::vector<float>{1, -2.5f, 0x1p-24f, INFINITY}));
  EXPECT_EQ(valuesOf<uint16_t>(*evaluator, "raw"), (std::vector<uint16_t>{0x3f80, 0xc020, 0x0001, 0x7f80}));
}

TEST_F(RecipeFixture, SlicesAndConcatenates) {
  auto evaluator = evaluate(R"(
    model.parameter @rows : tensor<5x2xi32>
    model.parameter @columns : tensor<3x4xi32>
    model.parameter @cube : tensor<2x3x2xi16>
    model.recipe @r defines [@rows, @columns, @cube] {
      %a = arith.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32>
      %b = arith.constant dense<7> : tensor<4x2xi32>
      %c = tensor.extract_slice %a[1, 0] [2, 2] [1, 1] : tensor<3x2xi32> to tensor<2x2xi32>
      %d = tensor.extract_slice %b[1, 0] [3, 2] [1, 1] : tensor<4x2xi32> to tensor<3x2xi32>
      %rows = tensor.concat dim(0) %d, %c : (tensor<3x2xi32>, tensor<2x2xi32>) -> tensor<5x2xi32>
      %e = tensor.extract_slice %a[0, 1] [3, 1] [1, 1] : tensor<3x2xi32> to tensor<3x1xi32>
      %columns = tensor.concat dim(1) %e, %a, %e : (tensor<3x1xi32>, tensor<3x2xi32>, tensor<3x1xi32>) -> tensor<3x4xi32>
      %f = arith.constant dense<[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]> : tensor<2x2x3xi16>
      %g = tensor.extract_slice %f[0, 1, 1] [2, 1, 2] [1, 1, 1] : tensor<2x2x3xi16> to tensor<2x1x2xi16>
      %h = tensor.extract_slice %f[0, 0, 0] [2, 2, 2] [1, 1, 1] : tensor<2x2x3xi16> to tensor<2x2x2xi16>
      %cube = tensor.concat dim(1) %g, %h : (tensor<2x1x2xi16>, tensor<2x2x2xi16>) -> tensor<2x3x2xi16>
      model.yield %rows, %columns, %cube : tensor<5x2xi32>, tensor<3x4xi32>, tensor<2x3x2xi16>
    }
  )",
                            {2, 9});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  EXPECT_EQ(valuesOf<int32_t>(*evaluator, "rows"), (std::vector<int32_t>{7, 7, 7, 7, 7, 7, 3, 4, 5, 6}));
  EXPECT_EQ(valuesOf<int32_t>(*evaluator, "columns"),
            (std::vector<int32_t>{2, 1, 2, 2, 4, 3, 4, 4, 6, 5, 6, 6}));
  EXPECT_EQ(valuesOf<int16_t>(*evaluator, "cube"),
            (std::vector<int16_t>{5, 6, 1, 2, 4, 5, 11, 12, 7, 8, 10, 11}));
}

// The generator again, as its definition says: SplitMix64 of seed and index is tested where it lives, here
// that every block starts at the right index.
TEST_F(RecipeFixture, MakesNoiseAndRotaryTables) {
  auto evaluator = evaluate(R"(
    model.parameter @n : tensor<7x3xf32> from #model.noise<seed = 5, scale = 5.0e-01>
    model.parameter @half : tensor<21xbf16> from #model.noise<seed = 5, scale = 5.0e-01>
    model.parameter @cos : tensor<4x2xf32> from #model.rotary<"cos", dense<[1.0, 0.1]> : tensor<2xf32>>
    model.parameter @sin : tensor<4x2xf32> from #model.rotary<"sin", dense<[1.0, 0.1]> : tensor<2xf32>>
  )",
                            {2, 12});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  std::vector<float> noise = valuesOf<float>(*evaluator, "n"), cosine = valuesOf<float>(*evaluator, "cos"),
                     sine = valuesOf<float>(*evaluator, "sin");
  std::vector<uint16_t> half = valuesOf<uint16_t>(*evaluator, "half");
  for (uint64_t i = 0; i < noise.size(); ++i) {
    EXPECT_EQ(noise[i], 0.5f * package::noise(5, i));
    uint32_t bits = static_cast<uint32_t>(half[i]) << 16;
    float widened;
    std::memcpy(&widened, &bits, 4);
    EXPECT_NEAR(widened, noise[i], std::fabs(noise[i]) / 256);
  }
  for (int p = 0; p < 4; ++p) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_NEAR(cosine[2 * p + i], std::cos(p * (i == 0 ? 1.0 : 0.1)), 1e-6);
      EXPECT_NEAR(sine[2 * p + i], std::sin(p * (i == 0 ? 1.0 : 0.1)), 1e-6);
    }
  }
}

// Groups, short last group, f16 scales, zeros: what Numerics makes of each row.
TEST_F(RecipeFixture, QuantizesGroups) {
  std::vector<float> weights = makeWeights();
  writeFile("m", weights);
  auto evaluator = evaluate(R"(
    model.parameter @w : tensor<37x5xf32> from #model.source<"m", 0, tensor<37x5xf32>>
    model.parameter @c : tensor<37x5xi8>
    model.parameter @s : tensor<37x3xf16>
    model.parameter @z : tensor<37x3xi8>
    model.recipe @r defines [@c, @s, @z] {
      %w = model.load @w : tensor<37x5xf32>
      %c = tensor.empty() : tensor<37x5xi8>
      %s = tensor.empty() : tensor<37x3xf16>
      %z = tensor.empty() : tensor<37x3xi8>
      %q:3 = quantized.quantize ins(%w : tensor<37x5xf32>) outs(%c, %s, %z : tensor<37x5xi8>, tensor<37x3xf16>, tensor<37x3xi8>)
        scheme(<bits = 8, group = 2, asymmetric, scale = f16>) -> tensor<37x5xi8>, tensor<37x3xf16>, tensor<37x3xi8>
      model.yield %q#0, %q#1, %q#2 : tensor<37x5xi8>, tensor<37x3xf16>, tensor<37x3xi8>
    }
  )",
                            {3, 7});
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  auto codes = valuesOf<uint8_t>(*evaluator, "c"), zeros = valuesOf<uint8_t>(*evaluator, "z");
  auto scales = valuesOf<_Float16>(*evaluator, "s");
  numerics::IntegerGroupFormat format{8, 2, false, numerics::ScaleType::F16};
  for (int64_t n = 0; n < kRows; ++n) {
    uint8_t rowCodes[kColumns], rowZeros[3];
    float rowScales[3];
    numerics::quantizeRow(format, &weights[n * kColumns], kColumns, rowCodes, rowScales, rowZeros);
    for (int64_t k = 0; k < kColumns; ++k) {
      EXPECT_EQ(codes[n * kColumns + k], rowCodes[k]);
    }
    for (int64_t g = 0; g < 3; ++g) {
      EXPECT_EQ(static_cast<float>(scales[n * 3 + g]), rowScales[g]);
      EXPECT_EQ(zeros[n * 3 + g], rowZeros[g]);
    }
  }
}

// Panels of an array of 16 columns: two codes a byte, side by side, less 8 in two's complement; in what is padding -8.
TEST_F(RecipeFixture, PacksCentredCodesForAnArray) {
  std::vector<float> weights = makeWeights();
  writeFile("m", weights);
  const std::string text = R"mlir(
    #packed = #model.layout<"[37, 5] basis(d0:8^1^2^4) outer(d0, d1)", bits = 4 centred>
    model.parameter @w : tensor<37x5xf32> from #model.source<"m", 0, tensor<37x5xf32>>
    model.parameter @p : tensor<120xi8, #packed>
    model.parameter @s : tensor<37xf32>
    model.parameter @z : tensor<37xi8>
    model.recipe @r defines [@p, @s, @z] {
      %w = model.load @w : tensor<37x5xf32>
      %c = tensor.empty() : tensor<37x5xi8>
      %s = tensor.empty() : tensor<37xf32>
      %z = tensor.empty() : tensor<37xi8>
      %q:3 = quantized.quantize ins(%w : tensor<37x5xf32>) outs(%c, %s, %z : tensor<37x5xi8>, tensor<37xf32>, tensor<37xi8>)
        scheme(<bits = 4, group = 0, asymmetric, scale = f32>) -> tensor<37x5xi8>, tensor<37xf32>, tensor<37xi8>
      %p = model.pack %q#0 : tensor<37x5xi8> -> tensor<120xi8, #packed>
      model.yield %p, %q#1, %q#2 : tensor<120xi8, #packed>, tensor<37xf32>, tensor<37xi8>
    }
  )mlir";
  std::vector<uint8_t> expected(120, 0x88);
  const numerics::IntegerGroupFormat format{4, 0, false, numerics::ScaleType::F32};
  for (int64_t n = 0; n < kRows; ++n) {
    uint8_t codes[kColumns], zero;
    float scale;
    numerics::quantizeRow(format, &weights[static_cast<size_t>(n * kColumns)], kColumns, codes, &scale,
                          &zero);
    for (int64_t k = 0; k < kColumns; ++k) {
      uint8_t &byte = expected[static_cast<size_t>(((n / 16 * kColumns + k) * 16 + n % 16) / 2)];
      const int centred = (codes[k] + 8) % 16;
      byte = static_cast<uint8_t>(n % 2 == 0 ? (byte & 0xf0) | centred : (byte & 0x0f) | centred << 4);
    }
  }
  for (uint64_t block : {1u, 97u, 100000u}) {
    auto evaluator = evaluate(text, {3, block});
    ASSERT_TRUE(evaluator) << evaluator.error().message;
    EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "p"), expected) << block;
  }
}

// Planes of single bits, 8 columns by 4 steps of k: what an array looks up; less 2 in two's complement.
TEST_F(RecipeFixture, PacksPlanesForLookUps) {
  std::vector<float> weights = makeWeights();
  writeFile("m", weights);
  const std::string text = R"mlir(
    #packed = #model.layout<"[37, 5] basis(d0:16^1^2, d1:4^8) outer(d0, d1)", bits = 2 centred planes>
    model.parameter @w : tensor<37x5xf32> from #model.source<"m", 0, tensor<37x5xf32>>
    model.parameter @p : tensor<80xi8, #packed>
    model.parameter @s : tensor<37xf32>
    model.parameter @z : tensor<37xi8>
    model.recipe @r defines [@p, @s, @z] {
      %w = model.load @w : tensor<37x5xf32>
      %c = tensor.empty() : tensor<37x5xi8>
      %s = tensor.empty() : tensor<37xf32>
      %z = tensor.empty() : tensor<37xi8>
      %q:3 = quantized.quantize ins(%w : tensor<37x5xf32>) outs(%c, %s, %z : tensor<37x5xi8>, tensor<37xf32>, tensor<37xi8>)
        scheme(<bits = 2, group = 0, asymmetric, scale = f32>) -> tensor<37x5xi8>, tensor<37xf32>, tensor<37xi8>
      %p = model.pack %q#0 : tensor<37x5xi8> -> tensor<80xi8, #packed>
      model.yield %p, %q#1, %q#2 : tensor<80xi8, #packed>, tensor<37xf32>, tensor<37xi8>
    }
  )mlir";
  // Padding is 0 less 2: only the upper plane has ones.
  std::vector<uint8_t> expected;
  for (int tile = 0; tile < 10; ++tile) {
    expected.insert(expected.end(), {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff});
  }
  const numerics::IntegerGroupFormat format{2, 0, false, numerics::ScaleType::F32};
  for (int64_t n = 0; n < kRows; ++n) {
    uint8_t codes[kColumns], zero;
    float scale;
    numerics::quantizeRow(format, &weights[static_cast<size_t>(n * kColumns)], kColumns, codes, &scale,
                          &zero);
    for (int64_t k = 0; k < kColumns; ++k) {
      const int centred = (codes[k] + 2) % 4;
      for (int64_t b = 0; b < 2; ++b) {
        const int64_t bit = (n / 8 * 2 + k / 4) * 64 + (b * 8 + n % 8) * 4 + k % 4;
        uint8_t &byte = expected[static_cast<size_t>(bit / 8)];
        byte = static_cast<uint8_t>((byte & ~(1 << bit % 8)) | (centred >> b & 1) << bit % 8);
      }
    }
  }
  for (uint64_t block : {1u, 97u, 100000u}) {
    auto evaluator = evaluate(text, {3, block});
    ASSERT_TRUE(evaluator) << evaluator.error().message;
    EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "p"), expected) << block;
  }
}

/// A recipe that quantises @w, 37 x 5, with a scheme, and packs the codes; scales and zeros as they are.
std::string packRecipe(unsigned bits, const std::string &scheme, const std::string &scales, bool hasZeros,
                       bool hasOuter) {
  const std::string packed = "tensor<" + std::to_string(3 * 128 * bits) + "xi8, #packed>";
  const std::string bytes = "tensor<37x5xi8>";
  std::string inits = "%c, %s", types = bytes + ", " + scales, names = "@p, @s", values = "%p, %q#1";
  std::string text = "#packed = #model.layout<\"[37, 5] tile(d1:2, d0:4, d1:4) outer(d0, d1)\", bits = " +
                     std::to_string(bits) + ">\n" +
                     "model.parameter @w : tensor<37x5xf32> from #model.source<\"m\", 0, tensor<37x5xf32>>\n"
                     "model.parameter @p : " +
                     packed + "\nmodel.parameter @s : " + scales + "\n";
  std::string body = "%w = model.load @w : tensor<37x5xf32>\n%c = tensor.empty() : " + bytes +
                     "\n%s = tensor.empty() : " + scales + "\n";
  int results = 2;
  auto add = [&](const std::string &name, const std::string &type) {
    text += "model.parameter @" + name + " : " + type + "\n";
    body += "%" + name + " = tensor.empty() : " + type + "\n";
    inits += ", %" + name, types += ", " + type, names += ", @" + name;
    values += ", %q#" + std::to_string(results++);
  };
  if (hasZeros) {
    add("z", "tensor<37x3xi8>");
  }
  if (hasOuter) {
    add("o", "tensor<37xf32>");
  }
  std::string yielded = packed + types.substr(bytes.size());
  return text + "model.recipe @r defines [" + names + "] {\n" + body + "%q:" + std::to_string(results) +
         " = quantized.quantize ins(%w : tensor<37x5xf32>) outs(" + inits + " : " + types + ") scheme(" +
         scheme + ") -> " + types + "\n%p = model.pack %q#0 : " + bytes + " -> " + packed + "\nmodel.yield " +
         values + " : " + yielded + "\n}\n";
}

/// [N/16][1][16 k][16 n][4 k], each tile of 1024 codes as planes whose widths are the powers of two in `bits`,
/// the widest first. Padding is 0.
std::vector<uint8_t> packByHand(unsigned bits, const std::vector<uint8_t> &codes) {
  std::vector<uint8_t> storage(3 * 128 * bits, 0);
  for (int64_t n = 0; n < kRows; ++n) {
    for (int64_t k = 0; k < kColumns; ++k) {
      const int64_t q = k / 4 * 64 + n % 16 * 4 + k % 4;
      unsigned code = codes[n * kColumns + k];
      uint8_t *plane = &storage[n / 16 * 128 * bits];
      for (unsigned width = 8; width > 0; width /= 2) {
        if (bits & width) {
          const int64_t bytes = 128 * width;
          plane[q % bytes] =
              static_cast<uint8_t>(plane[q % bytes] | (code & ((1u << width) - 1)) << q / bytes * width);
          code >>= width;
          plane += bytes;
        }
      }
    }
  }
  return storage;
}

// Codes of any width, in planes; pieces of storage are whole tiles, whatever the block.
TEST_F(RecipeFixture, PacksCodesOfAllWidths) {
  std::vector<float> weights = makeWeights();
  writeFile("m", weights);
  for (unsigned bits = 2; bits <= 8; ++bits) {
    for (bool symmetric : {true, false}) {
      numerics::IntegerGroupFormat format{static_cast<int>(bits), 2, symmetric, numerics::ScaleType::F16};
      std::vector<uint8_t> codes(kRows * kColumns), zeros(kRows * 3);
      std::vector<float> scales(kRows * 3);
      for (int64_t n = 0; n < kRows; ++n) {
        uint8_t *row = &codes[n * kColumns];
        if (symmetric) {
          numerics::quantizeRow(format, &weights[n * kColumns], kColumns, reinterpret_cast<int8_t *>(row),
                                &scales[n * 3]);
        } else {
          numerics::quantizeRow(format, &weights[n * kColumns], kColumns, row, &scales[n * 3], &zeros[n * 3]);
        }
      }
      const std::string scheme = "<bits = " + std::to_string(bits) + ", group = 2, " +
                                 (symmetric ? "symmetric" : "asymmetric") + ", scale = f16>";
      for (uint64_t block : {1u, 400u, 100000u}) {
        auto evaluator =
            evaluate(packRecipe(bits, scheme, "tensor<37x3xf16>", !symmetric, false), {3, block});
        ASSERT_TRUE(evaluator) << evaluator.error().message;
        EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "p"), packByHand(bits, codes)) << scheme << " " << block;
        auto stored = valuesOf<_Float16>(*evaluator, "s");
        EXPECT_EQ(std::vector<float>(stored.begin(), stored.end()), scales) << scheme;
        if (!symmetric) {
          EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "z"), zeros) << scheme;
        }
      }
    }
  }
}

// QoQ, written out: s1 = amax / 119 a row, q8 = w / s1; a group has s2 = ceil((max - min) / 15), at least 1,
// z = -min / s2 and codes q8 / s2 + z, all rounded to even and clamped.
TEST_F(RecipeFixture, QuantizesInTwoLevels) {
  std::vector<float> weights = makeWeights();
  writeFile("m", weights);
  std::vector<uint8_t> codes(kRows * kColumns), scales, zeros;
  std::vector<float> outer;
  for (int64_t n = 0; n < kRows; ++n) {
    const float *row = &weights[n * kColumns];
    float amax = 0;
    for (int64_t k = 0; k < kColumns; ++k) {
      amax = std::fmax(amax, std::fabs(row[k]));
    }
    const float s1 = amax == 0 ? 1.0f : amax / 119.0f;
    outer.push_back(s1);
    for (int64_t g = 0; g < kColumns; g += 2) {
      float least = 0, most = 0, q8[2] = {0, 0};
      for (int64_t k = g; k < std::min(kColumns, g + 2); ++k) {
        q8[k - g] = std::nearbyint(row[k] / s1);
        least = std::fmin(least, q8[k - g]), most = std::fmax(most, q8[k - g]);
      }
      const float s2 = std::fmax(1.0f, std::ceil((most - least) / 15));
      const float z = std::fmin(15.0f, std::nearbyint(-least / s2));
      scales.push_back(static_cast<uint8_t>(s2));
      zeros.push_back(static_cast<uint8_t>(z));
      for (int64_t k = g; k < std::min(kColumns, g + 2); ++k) {
        const float code = std::fmin(15.0f, std::fmax(0.0f, std::nearbyint(q8[k - g] / s2) + z));
        codes[n * kColumns + k] = static_cast<uint8_t>(code);
      }
    }
  }
  const std::string text = packRecipe(4, "<bits = 4, group = 2, asymmetric, scale = i8, outer = f32>",
                                      "tensor<37x3xi8>", true, true);
  for (uint64_t block : {1u, 400u, 100000u}) {
    auto evaluator = evaluate(text, {3, block});
    ASSERT_TRUE(evaluator) << evaluator.error().message;
    EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "p"), packByHand(4, codes)) << block;
    EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "s"), scales) << block;
    EXPECT_EQ(valuesOf<uint8_t>(*evaluator, "z"), zeros) << block;
    EXPECT_EQ(valuesOf<float>(*evaluator, "o"), outer) << block;
  }
}

} // namespace
} // namespace coopt
