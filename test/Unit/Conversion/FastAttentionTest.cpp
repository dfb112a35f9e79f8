//===- FastAttentionTest.cpp - Fast attention against binary64 --------------===//
#include "AttentionOracle.h"
#include "CompiledKernels.h"
#include "coopt/Numerics/Half.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace coopt::test {
namespace {

constexpr int64_t kLayers = 2, kHeads = 3, kPerGroup = 2, kQueryHeads = 6, kCapacity = 279, kLayer = 1;
constexpr int64_t kWindow = 37;
constexpr float kScale = 0.3f, kCap = 1.5f;

const char *kText = R"(
func.func @append(%k: memref<?x3xSIZExf32>, %v: memref<?x3xSIZExf32>, %past: index,
                  %s: memref<12x279xSIZExELEMENT>) attributes {llvm.emit_c_interface} {
  attention.append ins(%k, %v : memref<?x3xSIZExf32>, memref<?x3xSIZExf32>) at %past into %s layer(1)
      : memref<12x279xSIZExELEMENT>
  return
}
func.func @attend(%q: memref<?x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<?x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<?x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<?x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) heads(3) numerics(fast)
  return
}
func.func @window(%q: memref<?x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<?x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<?x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<?x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) window(37) heads(3) numerics(fast)
  return
}
func.func @lambda(%q: memref<?x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<?x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<?x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<?x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) window(37) sinks(5) heads(3) numerics(fast)
  return
}
func.func @single(%q: memref<1x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<1x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<1x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<1x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) heads(3) numerics(fast)
  return
}
)";

// For states of f32: what is done to scores does not depend on what keys are stored as.
const char *kCappedText = R"(
func.func @capped(%q: memref<?x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<?x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<?x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<?x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) cap(1.5) window(37) heads(3) numerics(fast)
  return
}
func.func @sinks_of_blocks(%q: memref<?x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<?x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<?x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<?x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) window(20) sinks(150) heads(3) numerics(fast)
  return
}
func.func @lambda_single(%q: memref<1x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<1x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<1x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<1x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) cap(1.5) window(37) sinks(33) heads(3) numerics(fast)
  return
}
func.func @capped_single(%q: memref<1x?xSIZExf32>, %s: memref<12x279xSIZExELEMENT>, %past: index, %head: index,
                  %o: memref<1x?xSIZExf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  attention.attend ins(%q : memref<1x?xSIZExf32>) state(%s : memref<12x279xSIZExELEMENT>) at %past, %head
      outs(%o : memref<1x?xSIZExf32>) layer(1) heads_per_group(2) scale(0.3) cap(1.5) heads(3) numerics(fast)
  return
}
)";

struct Case {
  int64_t size;
  const char *element;
};

class FastAttention : public ::testing::TestWithParam<Case> {};

template <typename Stored>
void check(const Case &c, Stored (*round)(float), float (*widen)(Stored)) {
  const int64_t size = c.size;
  const bool isCapped = std::string(c.element) == "f32";
  std::string text = std::string(kText) + (isCapped ? kCappedText : "");
  text = replaced(replaced(text, "SIZE", std::to_string(size)), "ELEMENT", c.element);
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
        Buffer<float> q({rows, heads, size}), o({rows, heads, size}), windowed({rows, heads, size}),
            capped({rows, heads, size}), lambda({rows, heads, size}), manySinks({rows, heads, size});
        q.fill(past + 3, -2, 2);
        kernels.call("attend", {q, state, past, first, o, scratch});
        kernels.call("window", {q, state, past, first, windowed, scratch});
        kernels.call("lambda", {q, state, past, first, lambda, scratch});
        if (isCapped) {
          kernels.call("sinks_of_blocks", {q, state, past, first, manySinks, scratch});
          kernels.call("capped", {q, state, past, first, capped, scratch});
        }
        Buffer<float> single({1, heads, size}), cappedSingle({1, heads, size}),
            lambdaSingle({1, heads, size});
        if (rows == 1) {
          kernels.call("single", {q, state, past, first, single, scratch});
        }
        if (rows == 1 && isCapped) {
          kernels.call("capped_single", {q, state, past, first, cappedSingle, scratch});
          kernels.call("lambda_single", {q, state, past, first, lambdaSingle, scratch});
        }
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t h = 0; h < heads; ++h) {
            int64_t slab = kLayer * 2 * kHeads + (first + h) / kPerGroup;
            const float *keys = &wide[slab * kCapacity * size], *query = &q[(i * heads + h) * size];
            const float *values = keys + kHeads * kCapacity * size;
            int64_t count = past + i + 1;
            auto compare = [&](const char *what, Buffer<float> &got, int64_t from, Engine engine,
                               float cap = 0, int64_t sinks = 0) {
              Expected expected =
                  attendWithSinks(query, keys, values, from, count, size, kScale, engine, cap, sinks);
              for (int64_t d = 0; d < size; ++d) {
                float x = got[(i * heads + h) * size + d];
                ASSERT_LE(std::fabs(x - expected.values[d]), expected.bounds[d])
                    << nameOf(isa) << " " << what << " position " << past + i << " head " << first + h
                    << " d " << d << ": " << x << " for " << expected.values[d];
              }
            };
            const Engine engine = isa == Isa::Amx ? Engine::RoundedTiles : Engine::Fused;
            compare("all", o, 0, engine);
            compare("window", windowed, std::max<int64_t>(0, count - kWindow), engine);
            compare("lambda", lambda, std::max<int64_t>(0, count - kWindow), engine, 0, 5);
            if (isa == Isa::Amx) {
              compare("all, unrounded", o, 0, Engine::Tiles);
            }
            if (rows == 1) {
              compare("single", single, 0, engine);
            }
            if (isCapped) {
              int64_t from = std::max<int64_t>(0, count - kWindow);
              compare("sinks of blocks", manySinks, std::max<int64_t>(0, count - 20), engine, 0, 150);
              compare("capped", capped, from, engine, kCap);
              if (isa == Isa::Amx) {
                compare("capped, unrounded", capped, from, Engine::Tiles, kCap);
              }
            }
            if (isCapped && rows == 1) {
              compare("capped single", cappedSingle, 0, engine, kCap);
              compare("lambda single", lambdaSingle, std::max<int64_t>(0, count - kWindow), engine, kCap, 33);
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
