//===- CodedStateTest.cpp - Attention over codes against Numerics -----------===//
#include "AttentionOracle.h"
#include "AttentionTexts.h"
#include "CompiledKernels.h"
#include "coopt/Numerics/CodedCache.h"
#include "coopt/Numerics/FixedAttention.h"
#include "coopt/Numerics/FormatTable.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/Half.h"
#include "coopt/Numerics/KiviCache.h"
#include <gtest/gtest.h>

namespace coopt::test {
namespace {

constexpr int64_t kCapacity = 200;

/// How a state is attended, with either numerics and in functions of one row and of several.
std::vector<AttendForm> attendForms() {
  std::vector<AttendForm> forms;
  for (AttendForm form : {AttendForm{.name = "all"}, AttendForm{.name = "window", .window = 37, .cap = 1.5f},
                          AttendForm{.name = "lambda", .window = 37, .sinks = 9}}) {
    const std::string name = form.name;
    for (bool isFast : {false, true}) {
      for (bool isOneRow : {false, true}) {
        form.isFast = isFast, form.isOneRow = isOneRow;
        form.name = name + (isFast ? "_fast" : "_fixed") + (isOneRow ? "_one" : "_rows");
        forms.push_back(form);
      }
    }
  }
  return forms;
}

struct Storage {
  int bits;
  int64_t group, channels;
};

numerics::CodedCache cacheOf(const Storage &storage) {
  // Appends bring up to 64 positions.
  int64_t residual =
      storage.bits == 8 ? 0 : (64 + storage.group - 1 + storage.group - 1) / storage.group * storage.group;
  return {storage.bits == 8, storage.bits, storage.group, residual, storage.channels};
}

std::string textOf(const Storage &storage) {
  numerics::CodedCache cache = cacheOf(storage);
  std::string coded = "!attention.coded<" + std::string(cache.symmetric ? "symmetric" : "minmax") +
                      ", bits = " + std::to_string(cache.bits) + ", group = " + std::to_string(cache.group) +
                      ", residual = " + std::to_string(cache.residual) + ">";
  std::string text = R"(
func.func @append(%k: memref<?x3xSIZExf32>, %v: memref<?x3xSIZExf32>, %past: index, %s: BUFFER,
                  %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {
  attention.append ins(%k, %v : memref<?x3xSIZExf32>, memref<?x3xSIZExf32>) at %past into %s layer(1)
      stored(CODED) : BUFFER
  return
}
func.func @read(%s: BUFFER, %h: index, %p: index, %d: index, %q: index, %o: memref<2xf32>,
           %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = attention.read key %s[%h, %p, %d] FROM layer(1) heads(3) stored(CODED) head_size(SIZE) : BUFFER -> f32
  %v = attention.read value %s[%h, %p, %d] FROM layer(1) heads(3) stored(CODED) head_size(SIZE) : BUFFER -> f32
  memref.store %k, %o[%c0] : memref<2xf32>
  memref.store %v, %o[%c1] : memref<2xf32>
  return
}
)";
  for (const AttendForm &form : attendForms()) {
    text += attendFunction(form, {"BUFFER", storage.channels, "CODED"});
  }
  text = replaced(text, "FROM", cache.hasResidual() ? "from %q" : "");
  text = replaced(text, "BUFFER",
                  "memref<12x" + std::to_string(cache.storedPositions(kCapacity)) + "x" +
                      std::to_string(cache.positionBytes()) + "xi8>");
  return replaced(replaced(text, "CODED", coded), "SIZE", std::to_string(storage.channels));
}

/// Keys or values of one head, by the definitions: no bytes, no layout.
class Model {
public:
  Model(const numerics::CodedCache &cache, bool keys) : cache(cache), keys(keys) {
    raw.resize(kCapacity * cache.channels);
    decoded.resize(kCapacity * cache.channels);
    if (!cache.symmetric) {
      format = *numerics::kiviFormat(cache.bits, cache.group, numerics::ElementFormat::f16());
    }
  }

  /// rows x channels, `stride` elements from row to row.
  void append(int64_t past, const float *source, int64_t rows, int64_t stride) {
    const int64_t block = past / cache.group * cache.group;
    if (block < held) {
      for (int64_t i = block * cache.channels; i < past * cache.channels; ++i) {
        raw[i] = half(decoded[i]);
      }
      held = block;
    }
    for (int64_t row = 0; row < rows; ++row) {
      const float *from = source + row * stride;
      float *to = &decoded[(past + row) * cache.channels];
      if (cache.symmetric) {
        std::vector<int8_t> codes(cache.channels);
        float scale = 0;
        numerics::quantizeRow(numerics::kDynamicInt8, from, cache.channels, codes.data(), &scale);
        for (int64_t d = 0; d < cache.channels; ++d) {
          to[d] = static_cast<float>(codes[d]) * scale;
        }
      }
      for (int64_t d = 0; d < cache.channels; ++d) {
        raw[(past + row) * cache.channels + d] = half(from[d]);
      }
    }
    const int64_t end = past + rows;
    held = std::max(held, end - (cache.symmetric ? end : cache.residual));
    for (int64_t at = block; !cache.symmetric && at + cache.group <= end; at += cache.group) {
      const float *from = &raw[at * cache.channels];
      std::vector<float> numbers =
          keys ? decodeKiviKeys(format, *encodeKiviKeys(format, from, cache.group, cache.channels))
               : decodeMatrix(format, *encodeKiviValues(format, from, cache.group, cache.channels));
      std::copy(numbers.begin(), numbers.end(), &decoded[at * cache.channels]);
    }
  }

  /// Positions 0 .. query as the query sees them.
  std::vector<float> seenBy(int64_t query) const {
    int64_t boundary = cache.symmetric ? query + 1 : query / cache.group * cache.group;
    std::vector<float> seen(decoded.begin(), decoded.begin() + (query + 1) * cache.channels);
    std::copy(raw.begin() + boundary * cache.channels, raw.begin() + (query + 1) * cache.channels,
              seen.begin() + boundary * cache.channels);
    return seen;
  }

private:
  static float half(float x) { return numerics::floatFromHalf(numerics::halfFromFloat(x)); }
  numerics::CodedCache cache;
  bool keys;
  numerics::BlockFormat format;
  std::vector<float> raw, decoded;
  int64_t held = 0; ///< the first position whose f16 are there
};

struct Step {
  int64_t past, rows;
};
/// Into blocks, over several; back into blocks that the residual holds, and into one that it has not any more.
const std::vector<Step> kSteps = {{0, 1},   {1, 3},    {4, 60},  {64, 1},  {65, 17}, {82, 64},
                                  {77, 1},  {78, 20},  {97, 63}, {160, 5}, {163, 2}, {70, 10},
                                  {80, 48}, {128, 63}, {191, 8}, {199, 1}};

using State = Buffer<int8_t>;

void clear(State &state, const numerics::CodedCache &cache) {
  // What was never appended must not be read as data.
  state.set(-1);
  int64_t slab = state.size() / (2 * kLayers * kHeads);
  for (int64_t i = 0; cache.hasResidual() && i < 2 * kLayers * kHeads; ++i) {
    std::fill(state.begin() + i * slab, state.begin() + i * slab + 8, 0);
  }
}

class CodedState : public ::testing::TestWithParam<Storage> {};

TEST_P(CodedState, EqualsTheDefinition) {
  const Storage storage = GetParam();
  const numerics::CodedCache cache = cacheOf(storage);
  const int64_t size = storage.channels;
  for (Isa isa : isasInTurn(size / 8 + cache.bits)) {
    CompiledKernels kernels(textOf(storage), isa);
    ASSERT_TRUE(kernels.valid());
    std::vector<int64_t> shape = {2 * kLayers * kHeads, cache.storedPositions(kCapacity),
                                  cache.positionBytes()};
    State state(shape), singly(shape);
    clear(state, cache), clear(singly, cache);
    Buffer<int8_t> scratch({1 << 20});
    scratch.set(-1);
    std::vector<Model> keyModels(kHeads, {cache, true}), valueModels(kHeads, {cache, false});
    for (Step step : kSteps) {
      int64_t past = step.past, rows = step.rows;
      Buffer<float> k({rows, kHeads, size}), v({rows, kHeads, size});
      k.fill(past + rows, -2, 2), v.fill(past + rows + 1, -1, 1);
      // A row of zeros has a scale too.
      std::fill(k.begin(), k.begin() + size, 0.0f);
      kernels.call("append", {k, v, past, state, scratch});
      for (int64_t row = 0; row < rows; ++row) {
        Buffer<float> oneKey({1, kHeads, size}), oneValue({1, kHeads, size});
        std::copy_n(k.begin() + row * kHeads * size, kHeads * size, oneKey.begin());
        std::copy_n(v.begin() + row * kHeads * size, kHeads * size, oneValue.begin());
        kernels.call("append", {oneKey, oneValue, past + row, singly, scratch});
      }
      ASSERT_TRUE(std::equal(state.begin(), state.end(), singly.begin())) << nameOf(isa) << " past " << past;
      for (int64_t h = 0; h < kHeads; ++h) {
        keyModels[h].append(past, k.begin() + h * size, rows, kHeads * size);
        valueModels[h].append(past, v.begin() + h * size, rows, kHeads * size);
      }
      // All heads, then a tile of three from the second on: the last of one group and the next.
      for (auto [first, heads] : {std::pair<int64_t, int64_t>{0, kQueryHeads}, {1, 3}}) {
        for (const AttendForm &form : attendForms()) {
          if (form.isOneRow && rows != 1) {
            continue;
          }
          Buffer<float> q({rows, heads, size}), o({rows, heads, size});
          q.fill(past + 3, -2, 2);
          kernels.call(form.name, {q, state, past, first, o, scratch});
          for (int64_t i = 0; i < rows; ++i) {
            for (int64_t h = 0; h < heads; ++h) {
              const int64_t position = past + i, from = form.firstKey(position + 1);
              std::vector<float> keys = keyModels[(first + h) / kPerGroup].seenBy(position);
              std::vector<float> values = valueModels[(first + h) / kPerGroup].seenBy(position);
              const float *query = &q[(i * heads + h) * size], *got = &o[(i * heads + h) * size];
              auto place = [&](int64_t d) {
                return std::string(nameOf(isa)) + " " + form.name + " position " + std::to_string(position) +
                       " head " + std::to_string(first + h) + " d " + std::to_string(d);
              };
              if (form.isFast) {
                Engine engine = isa == Isa::Amx ? Engine::RoundedTiles : Engine::Fused;
                Expected expected = attendWithSinks(query, keys.data(), values.data(), from, position + 1,
                                                    size, kScale, engine, form.cap, form.sinks);
                for (int64_t d = 0; d < size; ++d) {
                  ASSERT_LE(std::fabs(got[d] - expected.values[d]), expected.bounds[d]) << place(d);
                }
                continue;
              }
              std::vector<float> expected(size);
              numerics::fixedAttention(query, {keys.data(), size}, {values.data(), size}, position + 1, size,
                                       kScale, expected.data(), from, form.cap, form.sinks);
              for (int64_t d = 0; d < size; ++d) {
                ASSERT_TRUE(sameBits(got[d], expected[d]) && got[d] == got[d])
                    << place(d) << ": " << got[d] << " for " << expected[d];
              }
            }
          }
        }
      }
      int64_t query = past + rows - 1;
      std::vector<float> keys = keyModels[2].seenBy(query), values = valueModels[2].seenBy(query);
      for (int64_t position : {int64_t(0), query / 2, query}) {
        Buffer<float> two({2});
        kernels.call("read", {state, 2, position, size - 1, query, two, scratch});
        EXPECT_TRUE(sameBits(two[0], keys[position * size + size - 1])) << nameOf(isa) << " " << position;
        EXPECT_TRUE(sameBits(two[1], values[position * size + size - 1])) << nameOf(isa) << " " << position;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CodedState,
                         ::testing::Values(Storage{8, 1, 1}, Storage{8, 1, 8}, Storage{8, 1, 64},
                                           Storage{4, 32, 24}, Storage{4, 16, 40}, Storage{2, 32, 64},
                                           Storage{2, 8, 13}),
                         [](const ::testing::TestParamInfo<Storage> &info) {
                           return "bits" + std::to_string(info.param.bits) + "of" +
                                  std::to_string(info.param.group) + "x" +
                                  std::to_string(info.param.channels);
                         });

} // namespace
} // namespace coopt::test
