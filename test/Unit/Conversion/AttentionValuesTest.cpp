//===- AttentionValuesTest.cpp - Attention against Numerics -----------------===//
#include "AttentionTexts.h"
#include "CompiledKernels.h"
#include "coopt/Numerics/FixedAttention.h"
#include "coopt/Numerics/Half.h"
#include <deque>
#include <gtest/gtest.h>
#include <limits>
#include <type_traits>

namespace coopt::test {
namespace {

constexpr int64_t kCapacity = 200;

const char *kText = R"(
func.func @append(%k: memref<?x3xSIZExf32>, %v: memref<?x3xSIZExf32>, %past: index, %s: memref<12x200xSIZExELEMENT>)
    attributes {llvm.emit_c_interface} {
  attention.append ins(%k, %v : memref<?x3xSIZExf32>, memref<?x3xSIZExf32>) at %past into %s layer(1)
      : memref<12x200xSIZExELEMENT>
  return
}
func.func @read(%s: memref<12x200xSIZExELEMENT>, %h: index, %p: index, %d: index, %o: memref<2xf32>)
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = attention.read key %s[%h, %p, %d] layer(1) heads(3) : memref<12x200xSIZExELEMENT> -> f32
  %v = attention.read value %s[%h, %p, %d] layer(1) heads(3) : memref<12x200xSIZExELEMENT> -> f32
  memref.store %k, %o[%c0] : memref<2xf32>
  memref.store %v, %o[%c1] : memref<2xf32>
  return
}
)";

/// How a state is attended; what is done to scores (a cap) does not depend on what keys are stored as.
std::vector<AttendForm> formsOf(bool isCapped) {
  std::vector<AttendForm> forms = {
      {.name = "attend"}, {.name = "window", .window = 37}, {.name = "lambda", .window = 37, .sinks = 5}};
  if (isCapped) {
    forms.push_back({.name = "capped", .cap = 1.5f});
    forms.push_back({.name = "sinks_of_blocks", .window = 20, .sinks = 70, .cap = 1.5f});
    forms.push_back({.name = "capped_one", .window = 37, .cap = 1.5f, .isOneRow = true});
    forms.push_back({.name = "lambda_one", .window = 20, .sinks = 67, .isOneRow = true});
  }
  return forms;
}

/// The element of a state, and what it does to numbers.
template <typename Stored>
struct Element {
  const char *name;
  Stored (*round)(float);
  float (*widen)(Stored);
};

template <typename Stored>
void expectNumerics(int64_t size, const Element<Stored> &element) {
  const std::vector<AttendForm> forms = formsOf(/*isCapped=*/std::is_same_v<Stored, float>);
  std::string text = replaced(replaced(kText, "SIZE", std::to_string(size)), "ELEMENT", element.name);
  for (const AttendForm &form : forms) {
    text += attendFunction(form, {"memref<12x200x" + std::to_string(size) + "x" + element.name + ">", size});
  }
  for (Isa isa : isasInTurn(size)) {
    CompiledKernels kernels(text, isa);
    ASSERT_TRUE(kernels.valid());
    Buffer<Stored> state({2 * kLayers * kHeads, kCapacity, size});
    // What was never appended must not be read as data.
    const float nan = std::numeric_limits<float>::quiet_NaN();
    state.set(element.round(nan));
    std::vector<float> wide(state.size(), nan);
    Buffer<int8_t> scratch({1 << 17});
    int64_t past = 0;
    for (int64_t rows : {1, 3, 60, 1, 17, 64, 1, 33}) {
      Buffer<float> k({rows, kHeads, size}), v({rows, kHeads, size});
      k.fill(past + 1, -2, 2), v.fill(past + 2, -1, 1);
      kernels.call("append", {k, v, past, state});
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t h = 0; h < kHeads; ++h) {
          for (int64_t d = 0; d < size; ++d) {
            int64_t slab = kLayer * 2 * kHeads + h, from = (i * kHeads + h) * size + d;
            int64_t key = (slab * kCapacity + past + i) * size + d, value = key + kHeads * kCapacity * size;
            ASSERT_EQ(state[key], element.round(k[from])) << nameOf(isa);
            ASSERT_EQ(state[value], element.round(v[from])) << nameOf(isa);
            wide[key] = element.widen(state[key]);
            wide[value] = element.widen(state[value]);
          }
        }
      }
      // All heads, then a tile of two heads from the third on.
      for (auto [first, heads] : {std::pair<int64_t, int64_t>{0, kQueryHeads}, {3, 2}}) {
        Buffer<float> q({rows, heads, size});
        q.fill(past + 3, -2, 2);
        std::deque<Buffer<float>> results;
        for (const AttendForm &form : forms) {
          results.emplace_back(std::vector<int64_t>{rows, heads, size});
          if (!form.isOneRow || rows == 1) {
            kernels.call(form.name, {q, state, past, first, results.back(), scratch});
          }
        }
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t h = 0; h < heads; ++h) {
            int64_t slab = kLayer * 2 * kHeads + (first + h) / kPerGroup;
            numerics::StridedRows keys{&wide[slab * kCapacity * size], size};
            numerics::StridedRows values{&wide[(slab + kHeads) * kCapacity * size], size};
            std::vector<float> expected(size);
            const float *query = &q[(i * heads + h) * size];
            int64_t count = past + i + 1;
            for (size_t number = 0; number < forms.size(); ++number) {
              const AttendForm &form = forms[number];
              if (form.isOneRow && rows != 1) {
                continue;
              }
              numerics::fixedAttention(query, keys, values, count, size, kScale, expected.data(),
                                       form.firstKey(count), form.cap, form.sinks);
              for (int64_t d = 0; d < size; ++d) {
                float got = results[number][(i * heads + h) * size + d];
                ASSERT_TRUE(sameBits(got, expected[d]) && got == got)
                    << nameOf(isa) << " " << form.name << " position " << past + i << " head " << first + h
                    << " d " << d << ": " << got << " for " << expected[d];
              }
            }
          }
        }
      }
      past += rows;
    }
    Buffer<float> two({2});
    kernels.call("read", {state, 2, 5, size - 1, two});
    int64_t slab = kLayer * 2 * kHeads + 2;
    EXPECT_EQ(two[0], wide[(slab * kCapacity + 5) * size + size - 1]);
    EXPECT_EQ(two[1], wide[((slab + kHeads) * kCapacity + 5) * size + size - 1]);
  }
}

class AttentionValues : public ::testing::TestWithParam<int64_t> {};

TEST_P(AttentionValues, EqualNumerics) {
  auto same = [](float x) { return x; };
  expectNumerics<float>(GetParam(), {"f32", same, same});
}

TEST_P(AttentionValues, OfF16EqualNumerics) {
  expectNumerics<uint16_t>(GetParam(), {"f16", numerics::halfFromFloat, numerics::floatFromHalf});
}

TEST_P(AttentionValues, OfBf16EqualNumerics) {
  expectNumerics<uint16_t>(GetParam(), {"bf16", numerics::bfloat16FromFloat, numerics::floatFromBFloat16});
}

INSTANTIATE_TEST_SUITE_P(HeadSizes, AttentionValues, ::testing::Values(1, 8, 13, 24, 64));

} // namespace
} // namespace coopt::test
