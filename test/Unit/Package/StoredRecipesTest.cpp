//===- StoredRecipesTest.cpp - Stored bytes taken apart, against loops over their bits -===//
#include "RecipeFixture.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <cmath>
#include <random>

namespace coopt {
namespace {

class StoredRecipes : public RecipeFixture {
protected:
  StoredRecipes() { context.loadDialect<mlir::linalg::LinalgDialect>(); }
  Expected<RecipeEvaluator> unpackedRow(const std::vector<uint32_t> &words, int64_t elements,
                                        const std::string &attributes);
};

std::vector<uint32_t> randomWords(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint32_t> words(count);
  for (uint32_t &word : words) {
    word = static_cast<uint32_t>(random());
  }
  return words;
}

std::string type(int64_t rows, int64_t columns, const std::string &element) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "x" + element + ">";
}

/// Parameter c: `elements` nibbles of one row of words.
Expected<RecipeEvaluator> StoredRecipes::unpackedRow(const std::vector<uint32_t> &words, int64_t elements,
                                                     const std::string &attributes) {
  writeFile("m.safetensors", words);
  const std::string in = type(1, static_cast<int64_t>(words.size()), "i32"), out = type(1, elements, "i8");
  return evaluate("model.parameter @s : " + in + " from #model.source<\"m.safetensors\", 0, " + in +
                  ">\nmodel.parameter @c : " + out +
                  "\nmodel.recipe @r defines [@c] {\n%s = model.load @s : " + in +
                  "\n%c = quantized.unpack_words %s dimension(1) bits(4) " + attributes + " : " + in +
                  " -> " + out + "\nmodel.yield %c : " + out + "}");
}

/// `count` bits of a line of words from bit `at` on, the lowest first.
uint32_t bitsAt(const std::vector<uint32_t> &words, int64_t first, int64_t stride, int64_t at, int count) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= (words[static_cast<size_t>(first + (at + i) / 32 * stride)] >> ((at + i) % 32) & 1) << i;
  }
  return value;
}

TEST_F(StoredRecipes, WordsAlongBothDimensions) {
  for (int bits = 2; bits <= 8; ++bits) {
    for (int64_t dimension : {0, 1}) {
      for (bool isTransposed : {false, true}) {
        const int64_t lines = 5, elements = 77, along = (elements * bits + 31) / 32;
        const int64_t rows = dimension == 0 ? along : lines, columns = dimension == 0 ? lines : along;
        const int64_t outRows = dimension == 0 ? elements : lines,
                      outColumns = dimension == 0 ? lines : elements;
        std::vector<uint32_t> words = randomWords(static_cast<size_t>(rows * columns), 7);
        writeFile("m.safetensors", words, 3);
        const int add = dimension == 0 ? 0 : -(1 << (bits - 1));
        const std::string in = type(rows, columns, "i32"), out = type(outRows, outColumns, "i8"),
                          turned = type(outColumns, outRows, "i8");
        std::string text = "model.parameter @s : " + in + " from #model.source<\"m.safetensors\", 3, " + in +
                           ">\nmodel.parameter @c : " + (isTransposed ? turned : out) +
                           "\nmodel.recipe @r defines [@c] {\n%s = model.load @s : " + in +
                           "\n%c = quantized.unpack_words %s dimension(" + std::to_string(dimension) +
                           ") bits(" + std::to_string(bits) + ") add(" + std::to_string(add) + ") : " + in +
                           " -> " + out + "\n";
        text += isTransposed
                    ? "%e = tensor.empty() : " + turned + "\n%t = linalg.transpose ins(%c : " + out +
                          ") outs(%e : " + turned + ") permutation = [1, 0]\nmodel.yield %t : " + turned + "}"
                    : "model.yield %c : " + out + "}";
        RecipeOptions small;
        small.blockBytes = 40; // several pieces
        auto evaluator = evaluate(text, small);
        ASSERT_TRUE(evaluator) << evaluator.error().message;
        std::vector<uint8_t> expected(static_cast<size_t>(lines * elements));
        for (int64_t line = 0; line < lines; ++line) {
          for (int64_t e = 0; e < elements; ++e) {
            const int64_t first = dimension == 0 ? line : line * along, stride = dimension == 0 ? lines : 1;
            const int64_t row = dimension == 0 ? e : line, column = dimension == 0 ? line : e;
            const int64_t at = isTransposed ? column * outRows + row : row * outColumns + column;
            expected[static_cast<size_t>(at)] =
                static_cast<uint8_t>(static_cast<int>(bitsAt(words, first, stride, e * bits, bits)) + add);
          }
        }
        EXPECT_EQ(bytesOf(*evaluator, "c"), expected) << bits << " bits, dimension " << dimension;
      }
    }
  }
}

TEST_F(StoredRecipes, WordsInAnOrder) {
  auto evaluator = unpackedRow({0x76543210, 0xFEDCBA98}, 11, "order([0, 2, 4, 6, 1, 3, 5, 7])");
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  // Nibble 4 holds element 1.
  EXPECT_EQ(bytesOf(*evaluator, "c"), (std::vector<uint8_t>{0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9}));
}

TEST_F(StoredRecipes, ZerosThatHaveNoPlace) {
  auto evaluator = unpackedRow({0x000F0000}, 8, "add(1)");
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  Status written = evaluator->write("c", [](const uint8_t *, size_t) -> Status { return {}; });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "parameter 'c': the field 15 plus 1 has no place in 4 bits");
}

/// Q4_0 by its definition: f16 d, 16 bytes; byte j holds elements j (low) and j + 16 (high), y = (q - 8) d.
TEST_F(StoredRecipes, BlocksAreSplitAndDecoded) {
  const int64_t rows = 131, blocks = 3;
  std::mt19937 random(5);
  std::vector<uint8_t> bytes(static_cast<size_t>(rows * blocks * 18));
  std::vector<uint8_t> codes(static_cast<size_t>(rows * blocks * 32));
  std::vector<uint16_t> scales(static_cast<size_t>(rows * blocks));
  std::vector<float> numbers(codes.size());
  for (size_t b = 0; b < scales.size(); ++b) {
    uint8_t *block = bytes.data() + b * 18;
    for (size_t i = 0; i < 18; ++i) {
      block[i] = static_cast<uint8_t>(random());
    }
    block[1] = 0x30 | (block[1] & 3); // 2^-3 (1 + m / 1024)
    scales[b] = static_cast<uint16_t>(block[0] | block[1] << 8);
    for (size_t i = 0; i < 32; ++i) {
      int code = (i < 16 ? block[2 + i] & 15 : block[2 + i - 16] >> 4) - 8;
      codes[b * 32 + i] = static_cast<uint8_t>(code);
      numbers[b * 32 + i] =
          static_cast<float>(code) * std::ldexp(1024.0f + static_cast<float>(scales[b] & 1023), -13);
    }
  }
  writeFile("m.safetensors", bytes, 5);
  auto evaluator = evaluate(R"(
    #q = #quantized.scheme<format = "q4_0">
    model.parameter @b : tensor<131x54xi8> from #model.source<"m.safetensors", 5, tensor<131x54xi8>>
    model.parameter @w : tensor<131x96xf32>
    model.parameter @c : tensor<131x96xi8>
    model.parameter @s : tensor<131x3xf16>
    model.recipe @r defines [@w, @c, @s] {
      %b = model.load @b : tensor<131x54xi8>
      %p:2 = quantized.split_blocks %b : tensor<131x54xi8> scheme(#q) -> tensor<131x96xi8>, tensor<131x3xf16>
      %e = tensor.empty() : tensor<131x96xf32>
      %w = quantized.dequantize ins(%p#0, %p#1 : tensor<131x96xi8>, tensor<131x3xf16>) outs(%e : tensor<131x96xf32>) scheme(#q)
        -> tensor<131x96xf32>
      model.yield %w, %p#0, %p#1 : tensor<131x96xf32>, tensor<131x96xi8>, tensor<131x3xf16>
    })");
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  EXPECT_EQ(bytesOf(*evaluator, "c"), codes);
  EXPECT_EQ(valuesOf<uint16_t>(*evaluator, "s"), scales);
  EXPECT_EQ(valuesOf<float>(*evaluator, "w"), numbers);
}

TEST_F(StoredRecipes, SchemesOfIntegersAreDecoded) {
  // Rows of 5 in groups of 3, the last one short; codes and zeros of 4 bits.
  std::vector<uint8_t> bytes = {0, 15, 7, 8, 1, 9, 9, 2, 3, 15, /*zeros*/ 1, 15, 0, 8};
  std::vector<uint16_t> scales = {0x3C00, 0x3800, 0xC000, 0x0001}; // 1, 0.5, -2, 2^-24
  writeFile("m.safetensors", bytes);
  writeFile("s.safetensors", scales);
  auto evaluator = evaluate(R"(
    #q = #quantized.scheme<bits = 4, group = 3, asymmetric, scale = f16>
    model.parameter @c : tensor<2x5xi8> from #model.source<"m.safetensors", 0, tensor<2x5xi8>>
    model.parameter @z : tensor<2x2xi8> from #model.source<"m.safetensors", 10, tensor<2x2xi8>>
    model.parameter @s : tensor<2x2xf16> from #model.source<"s.safetensors", 0, tensor<2x2xf16>>
    model.parameter @w : tensor<2x5xf32>
    model.recipe @r defines [@w] {
      %c = model.load @c : tensor<2x5xi8>
      %z = model.load @z : tensor<2x2xi8>
      %s = model.load @s : tensor<2x2xf16>
      %e = tensor.empty() : tensor<2x5xf32>
      %w = quantized.dequantize ins(%c, %s, %z : tensor<2x5xi8>, tensor<2x2xf16>, tensor<2x2xi8>) outs(%e : tensor<2x5xf32>)
        scheme(#q) -> tensor<2x5xf32>
      model.yield %w : tensor<2x5xf32>
    })");
  ASSERT_TRUE(evaluator) << evaluator.error().message;
  EXPECT_EQ(valuesOf<float>(*evaluator, "w"),
            (std::vector<float>{-1, 14, 6, -3.5f, -7, -18, -18, -4, -5 * 0x1p-24f, 7 * 0x1p-24f}));
}

} // namespace
} // namespace coopt
