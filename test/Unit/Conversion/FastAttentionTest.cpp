//===- FastAttentionTest.cpp - Fast attention against binary64 --------------===//
#include "AttentionOracle.h"
#include "AttentionTexts.h"
#include "CompiledKernels.h"
#include "coopt/Numerics/Half.h"
#include <cmath>
#include <deque>
#include <gtest/gtest.h>
#include <limits>

namespace coopt::test {
namespace {

constexpr int64_t kCapacity = 279;

const char *kText = R"(
func.func @append(%k: memref<?x3xSIZExf32>, %v: memref<?x3xSIZExf32>, %past: index,
                  %s: memref<12x279xSIZExELEMENT>) attributes {llvm.emit_c_interface} {
  attention.append ins(%k, %v : memref<?x3xSIZExf32>, memref<?x3xSIZExf32>) at %past into %s layer(1)
      : memref<12x279xSIZExELEMENT>
  return
}
)";

/// How a state is attended; what is done to scores (a cap) does not depend on what keys are stored as.
std::vector<AttendForm> formsOf(bool isCapped) {
  std::vector<AttendForm> forms = {{.name = "attend"},
                                   {.name = "window", .window = 37},
                                   {.name = "lambda", .window = 37, .sinks = 5},
                                   {.name = "single", .isOneRow = true}};
  if (isCapped) {
    forms.push_back({.name = "sinks_of_blocks", .window = 20, .sinks = 150});
    forms.push_back({.name = "capped", .window = 37, .cap = 1.5f});
    forms.push_back({.name = "capped_single", .cap = 1.5f, .isOneRow = true});
    forms.push_back({.name = "lambda_single", .window = 37, .sinks = 33, .cap = 1.5f, .isOneRow = true});
  }
  for (AttendForm &form : forms) {
    form.isFast = true;
  }
  return forms;
}

struct Case {
  int64_t size;
  const char *element;
};

class FastAttention : public ::testing::TestWithParam<Case> {};

template <typename Stored>
void check(const Case &c, Stored (*round)(float), float (*widen)(Stored)) {
  const int64_t size = c.size;
  const std::vector<AttendForm> forms = formsOf(/*isCapped=*/std::string(c.element) == "f32");
  std::string text = replaced(replaced(kText, "SIZE", std::to_string(size)), "ELEMENT", c.element);
  for (const AttendForm &form : forms) {
    text += attendFunction(form, {"memref<12x279x" + std::to_string(size) + "x" + c.element + ">", size});
  }
  for (Isa isa : isasInTurn(size)) {
    CompiledKernels kernels(text, isa);
    ASSERT_TRUE(kernels.valid());
    Buffer<Stored> state({2 * kLayers * kHeads, kCapacity, size});
    // What was never appended must not be read as data.
    state.set(round(std::numeric_limits<float>::quiet_NaN()));
    std::vector<float> wide(state.size());
    Buffer<int8_t> scratch({1 << 20});
    // Nor what stands in temporaries.
    scratch.set(-1);
    int64_t past = 0;
    for (int64_t rows : {1, 3, 60, 1, 17, 64, 1, 130, 2}) {
      Buffer<float> k({rows, kHeads, size}), v({rows, kHeads, size});
      k.fill(past + 1, -2, 2), v.fill(past + 2, -1, 1);
      kernels.call("append", {k, v, past, state});
      for (int64_t i = 0; i < state.size(); ++i) {
        wide[i] = widen(state[i]);
      }
      // All heads, then a tile of three from the third on: the last of one group and the next.
      for (auto [first, heads] : {std::pair<int64_t, int64_t>{0, kQueryHeads}, {1, 3}}) {
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
            const float *keys = &wide[slab * kCapacity * size], *query = &q[(i * heads + h) * size];
            const float *values = keys + kHeads * kCapacity * size;
            int64_t count = past + i + 1;
            for (size_t number = 0; number < forms.size(); ++number) {
              const AttendForm &form = forms[number];
              if (form.isOneRow && rows != 1) {
                continue;
              }
              auto compare = [&](Engine engine, const char *what) {
                Expected expected = attendWithSinks(query, keys, values, form.firstKey(count), count, size,
                                                    kScale, engine, form.cap, form.sinks);
                for (int64_t d = 0; d < size; ++d) {
                  float x = results[number][(i * heads + h) * size + d];
                  ASSERT_LE(std::fabs(x - expected.values[d]), expected.bounds[d])
                      << nameOf(isa) << " " << form.name << what << " position " << past + i << " head "
                      << first + h << " d " << d << ": " << x << " for " << expected.values[d];
                }
              };
              compare(isa == Isa::Amx ? Engine::RoundedTiles : Engine::Fused, "");
              if (isa == Isa::Amx) {
                compare(Engine::Tiles, ", unrounded,");
              }
            }
          }
        }
      }
      past += rows;
    }
    ASSERT_EQ(past, kCapacity);
  }
}

TEST_P(FastAttention, WithinTheBound) {
  if (std::string(GetParam().element) == "f32") {
    check<float>(GetParam(), [](float x) { return x; }, [](float x) { return x; });
  } else if (std::string(GetParam().element) == "f16") {
    check<uint16_t>(GetParam(), numerics::halfFromFloat, numerics::floatFromHalf);
  } else {
    check<uint16_t>(GetParam(), numerics::bfloat16FromFloat, numerics::floatFromBFloat16);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, FastAttention,
                         ::testing::Values(Case{1, "f32"}, Case{13, "f32"}, Case{33, "f32"}, Case{64, "f32"},
                                           Case{80, "f32"}, Case{17, "f16"}, Case{64, "f16"},
                                           Case{24, "bf16"}, Case{64, "bf16"}),
                         [](const ::testing::TestParamInfo<Case> &info) {
                           return info.param.element + std::to_string(info.param.size);
                         });

} // namespace
} // namespace coopt::test
