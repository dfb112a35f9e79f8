//===- SparseContractionsTest.cpp - Contractions with weights under a pattern -===//
//
// What is kept of random weights, packed as the layout says, against loops over the dense matrix with zeros: codes of integer
// schemes and floats, both to the bit. Storage ends where an inaccessible page begins, also when it says what no packer writes.
//
//===----------------------------------------------------------------------===//
#include "CompiledKernels.h"
#include "coopt/Layout/Layout.h"
#include "coopt/Layout/SparsePanel.h"
#include "coopt/Layout/SparseTile.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace coopt::test {
namespace {

constexpr int64_t kFirst = 16; ///< row of the weights that is used first

/// rows x columns of zeros and, of each run of a row, as many random numbers as the pattern keeps; in places fewer.
template <typename T, typename F>
std::vector<T> prunedMatrix(const numerics::SparsePattern &pattern, int64_t rows, int64_t columns,
                            F &&number) {
  std::mt19937 random(static_cast<unsigned>(pattern.of * 100 + pattern.kept));
  std::vector<T> matrix(static_cast<size_t>(rows * columns));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < columns; first += pattern.span()) {
      std::vector<int64_t> blocks;
      for (int64_t k = first; k < std::min(first + pattern.span(), columns); k += pattern.block) {
        blocks.push_back(k);
      }
      std::shuffle(blocks.begin(), blocks.end(), random);
      const auto most = static_cast<size_t>(random() % 4 == 0 ? random() % pattern.kept : pattern.kept);
      blocks.resize(std::min(blocks.size(), most));
      for (int64_t from : blocks) {
        for (int64_t k = from; k < std::min(from + pattern.block, columns); ++k) {
          matrix[static_cast<size_t>(row * columns + k)] = number(random);
        }
      }
    }
  }
  return matrix;
}

struct Case {
  std::string pattern;
  unsigned bits; ///< of codes; 0: binary32
  int64_t depth, columns;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.pattern << (c.bits == 0 ? " of f32" : " of " + std::to_string(c.bits) + " bits") << ", K "
       << c.depth << ", N " << c.columns;
}

numerics::SparsePattern patternOf(const Case &c) { return *numerics::parseSparsePattern(c.pattern); }

std::string filled(std::string text, const Case &c, const layout::Layout &layout, int64_t stored) {
  text = replaced(text, "COLS", std::to_string(c.columns));
  text = replaced(text, "DEPTH", std::to_string(c.depth));
  text = replaced(text, "FIRST", std::to_string(kFirst));
  text = replaced(text, "STORE", std::to_string(stored));
  text = replaced(text, "BITS", std::to_string(c.bits));
  text = replaced(text, "KEPT", c.pattern);
  return replaced(text, "LAYOUT", layout::print(layout));
}

const char *kCodes = R"(
#a8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#w = #quantized.scheme<bits = BITS, group = 0, symmetric, scale = f32>
func.func @contract(%a: memref<?xDEPTHxi8>, %sa: memref<?xf32>, %p: memref<STORExi8>, %sw: memref<COLSxf32>,
                    %y: memref<?xCOLSxf32>, %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT", bits = BITS keeps "KEPT">) : memref<STORExi8> -> memref<COLSxDEPTHxi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<?xDEPTHxi8>, memref<?xf32>, memref<COLSxDEPTHxi8>, memref<COLSxf32>)
      outs(%y : memref<?xCOLSxf32>) schemes(#a8, #w) scale_at(output)
  return
}
func.func @elements(%p: memref<STORExi8>, %ids: memref<?xi32>, %y: memref<?xDEPTHxi8>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT", bits = BITS keeps "KEPT">) : memref<STORExi8> -> memref<COLSxDEPTHxi8>
  model.gather ins(%w, %ids : memref<COLSxDEPTHxi8>, memref<?xi32>) outs(%y : memref<?xDEPTHxi8>)
  return
}
)";

const char *kScaledGroups = R"(
#a8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#w = #quantized.scheme<bits = BITS, group = SPAN, symmetric, scale = f16>
func.func @contract(%a: memref<?xDEPTHxi8>, %sa: memref<?xf32>, %p: memref<STORExi8>, %ps: memref<SCALESxf16>,
                    %y: memref<?xCOLSxf32>, %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT", bits = BITS keeps "KEPT">) : memref<STORExi8> -> memref<COLSxDEPTHxi8>
  %s = model.unpack %ps[%n, %k] layout(<"PANELS" keeps "SLOTS">) : memref<SCALESxf16> -> memref<COLSxGROUPSxf16>
  quantized.contract ins(%a, %sa, %w, %s : memref<?xDEPTHxi8>, memref<?xf32>, memref<COLSxDEPTHxi8>, memref<COLSxGROUPSxf16>)
      outs(%y : memref<?xCOLSxf32>) schemes(#a8, #w) scale_at(group)
  return
}
)";

const char *kFloats = R"(
#a = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @contract(%a: memref<?xDEPTHxf32>, %p: memref<STORExf32>, %y: memref<?xCOLSxf32>,
                    %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT" keeps "KEPT">) : memref<STORExf32> -> memref<COLSxDEPTHxf32>
  linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<?xDEPTHxf32>, memref<COLSxDEPTHxf32>) outs(%y : memref<?xCOLSxf32>) {
  ^bb0(%x: f32, %v: f32, %o: f32):
    %0 = arith.mulf %x, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
func.func @elements(%p: memref<STORExf32>, %ids: memref<?xi32>, %y: memref<?xDEPTHxf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT" keeps "KEPT">) : memref<STORExf32> -> memref<COLSxDEPTHxf32>
  model.gather ins(%w, %ids : memref<COLSxDEPTHxf32>, memref<?xi32>) outs(%y : memref<?xDEPTHxf32>)
  return
}
)";

class SparseContractions : public testing::TestWithParam<std::tuple<Case, int64_t>> {
protected:
  const Case c = std::get<0>(GetParam());
  const int64_t turn = std::get<1>(GetParam());
  const numerics::SparsePattern pattern = patternOf(c);
  const int64_t rows = kFirst + c.columns, panels = (rows + 15) / 16;
  Buffer<int32_t> ids{{c.columns}};
  Buffer<int8_t> scratch{{1 << 17}};

  void SetUp() override {
    for (int64_t n = 0; n < c.columns; ++n) {
      ids[n] = static_cast<int32_t>(c.columns - 1 - n);
    }
    scratch.fill(6, -128, 127);
  }
};

class SparseCodes : public SparseContractions {};

TEST_P(SparseCodes, EqualLoopsOverZeros) {
  const int half = 1 << (c.bits - 1), size = 2 * half;
  auto layout = layout::blocked({rows, c.depth}, {{1, 2}, {0, 4}, {1, 4}});
  auto tile = layout::SparseTile::make(pattern, c.bits);
  ASSERT_TRUE(layout && tile);
  const std::vector<int> w = prunedMatrix<int>(pattern, rows, c.depth, [&](std::mt19937 &random) {
    return static_cast<int>(random() % static_cast<unsigned>(size)) - half;
  });
  std::vector<uint8_t> dense(static_cast<size_t>(layout->storageElements()));
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < c.depth; ++k) {
      dense[static_cast<size_t>(layout->offset({n, k}))] =
          static_cast<uint8_t>(w[static_cast<size_t>(n * c.depth + k)] & (size - 1));
    }
  }
  const int64_t tiles = static_cast<int64_t>(dense.size()) / 1024;
  Buffer<uint8_t> storage({tiles * tile->bytes()});
  for (int64_t t = 0; t < tiles; ++t) {
    ASSERT_TRUE(tile->pack(dense.data() + t * 1024, storage.begin() + t * tile->bytes()));
  }
  Buffer<float> sw({c.columns});
  sw.fill(9, 0.001, 1);
  for (Isa isa : isasInTurn(turn)) {
    SCOPED_TRACE(nameOf(isa));
    CompiledKernels kernels(filled(kCodes, c, *layout, storage.size()), isa);
    ASSERT_TRUE(kernels.valid());
    for (int64_t count : {1, 6, 33}) {
      Buffer<int8_t> a({count, c.depth});
      Buffer<float> sa({count}), y({count, c.columns});
      a.fill(static_cast<uint32_t>(count), -128, 127), sa.fill(7, 0.001, 1), y.set(NAN);
      kernels.call("contract", {a, sa, storage, sw, y, scratch});
      for (int64_t m = 0; m < count; ++m) {
        for (int64_t n = 0; n < c.columns; ++n) {
          int32_t sum = 0;
          for (int64_t k = 0; k < c.depth; ++k) {
            sum += a[m * c.depth + k] * w[static_cast<size_t>((kFirst + n) * c.depth + k)];
          }
          ASSERT_TRUE(sameBits(y[m * c.columns + n], static_cast<float>(sum) * sw[n] * sa[m]))
              << count << " rows: " << m << "," << n;
        }
      }
    }
    Buffer<uint8_t> gathered({c.columns, c.depth});
    kernels.call("elements", {storage, ids, gathered, scratch});
    for (int64_t i = 0; i < gathered.size(); ++i) {
      const int64_t row = kFirst + ids[i / c.depth];
      ASSERT_EQ(gathered[i], w[static_cast<size_t>(row * c.depth + i % c.depth)] & (size - 1)) << i;
    }
    for (int byte : {0x00, 0xff, 0x6b}) {
      Buffer<uint8_t> any({storage.size()});
      any.set(static_cast<uint8_t>(byte));
      Buffer<int8_t> a({6, c.depth});
      Buffer<float> sa({6}), y({6, c.columns});
      a.set(1), sa.set(1);
      kernels.call("contract", {a, sa, any, sw, y, scratch});
      kernels.call("elements", {any, ids, gathered, scratch});
    }
  }
}

class SparseScaledGroups : public SparseContractions {};

/// Groups of the pattern with a scale each. Kernels may take it that kept scales belong to kept codes where both say so; in some tiles they do
/// not: a group has a scale, but no codes other than zero, or the other way round.
TEST_P(SparseScaledGroups, EqualLoopsOverZeros) {
  const int64_t group = pattern.block, groups = (c.depth + group - 1) / group;
  const numerics::SparsePattern slots{pattern.kept, pattern.of, 1};
  auto layout = layout::blocked({rows, c.depth}, {{1, 2}, {0, 4}, {1, 4}});
  auto scaleLayout = layout::blocked({rows, groups}, {{0, 4}});
  auto tile = layout::SparseTile::make(pattern, c.bits);
  auto panel = layout::SparsePanel::make(slots, 2);
  ASSERT_TRUE(layout && scaleLayout && tile && panel);
  const int32_t half = 1 << (c.bits - 1);
  std::vector<int32_t> w = prunedMatrix<int32_t>(pattern, rows, c.depth, [&](std::mt19937 &random) {
    return static_cast<int32_t>(random() % static_cast<uint32_t>(2 * half)) - half;
  });
  std::vector<_Float16> scales(static_cast<size_t>(rows * groups));
  std::mt19937 random(5);
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t g = 0; g < groups; ++g) {
      int32_t *first = w.data() + n * c.depth + g * group;
      int32_t *last = w.data() + n * c.depth + std::min((g + 1) * group, c.depth);
      const bool isOdd = g / (64 / group) % 2 == 1 && random() % 8 == 0;
      if (std::any_of(first, last, [](int32_t x) { return x != 0; })) {
        if (isOdd && random() % 2 == 0) {
          continue; // a scale of zero
        }
        scales[static_cast<size_t>(n * groups + g)] = static_cast<_Float16>(1 + random() % 100) / 128;
        if (isOdd) {
          std::fill(first, last, 0);
        }
      }
    }
  }
  std::vector<uint8_t> codes(static_cast<size_t>(layout->storageElements()));
  std::vector<_Float16> columns(static_cast<size_t>(scaleLayout->storageElements()));
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < c.depth; ++k) {
      codes[static_cast<size_t>(layout->offset({n, k}))] =
          static_cast<uint8_t>(w[static_cast<size_t>(n * c.depth + k)] & (2 * half - 1));
    }
    for (int64_t g = 0; g < groups; ++g) {
      columns[static_cast<size_t>(scaleLayout->offset({n, g}))] = scales[static_cast<size_t>(n * groups + g)];
    }
  }
  const int64_t tiles = static_cast<int64_t>(codes.size()) / 1024, panelSize = panel->panelElements(groups);
  Buffer<uint8_t> storage({tiles * tile->bytes()});
  Buffer<_Float16> keptScales({panels * panelSize});
  for (int64_t t = 0; t < tiles; ++t) {
    ASSERT_TRUE(tile->pack(codes.data() + t * 1024, storage.begin() + t * tile->bytes()));
  }
  for (int64_t p = 0; p < panels; ++p) {
    ASSERT_TRUE(panel->pack(reinterpret_cast<const uint8_t *>(columns.data() + p * 16 * groups), groups,
                            reinterpret_cast<uint8_t *>(keptScales.begin() + p * panelSize)));
  }
  std::string text = filled(kScaledGroups, c, *layout, storage.size());
  text = replaced(text, "SPAN", std::to_string(group));
  text = replaced(text, "GROUPS", std::to_string(groups));
  text = replaced(text, "SCALES", std::to_string(keptScales.size()));
  text = replaced(text, "PANELS", layout::print(*scaleLayout));
  text = replaced(text, "SLOTS", numerics::toString(slots));
  for (Isa isa : isasInTurn(turn)) {
    SCOPED_TRACE(nameOf(isa));
    CompiledKernels kernels(text, isa);
    ASSERT_TRUE(kernels.valid());
    for (int64_t count : {1, 6, 33}) {
      Buffer<int8_t> a({count, c.depth});
      Buffer<float> sa({count}), y({count, c.columns});
      a.fill(static_cast<uint32_t>(count), -128, 127), sa.fill(7, 0.001, 1), y.set(NAN);
      kernels.call("contract", {a, sa, storage, keptScales, y, scratch});
      for (int64_t m = 0; m < count; ++m) {
        for (int64_t n = 0; n < c.columns; ++n) {
          float total = 0;
          for (int64_t g = 0; g < groups; ++g) {
            int32_t sum = 0;
            for (int64_t k = g * group; k < std::min((g + 1) * group, c.depth); ++k) {
              sum += a[m * c.depth + k] * w[static_cast<size_t>((kFirst + n) * c.depth + k)];
            }
            total += static_cast<float>(sum) *
                     static_cast<float>(scales[static_cast<size_t>((kFirst + n) * groups + g)]);
          }
          ASSERT_TRUE(sameBits(y[m * c.columns + n], total * sa[m])) << count << " rows: " << m << "," << n;
        }
      }
    }
    Buffer<uint8_t> any({storage.size()});
    Buffer<_Float16> anyScales({keptScales.size()});
    any.set(0xa7), std::memset(anyScales.begin(), 0xa7, static_cast<size_t>(anyScales.size()) * 2);
    Buffer<int8_t> a({1, c.depth});
    Buffer<float> sa({1}), y({1, c.columns});
    a.set(1), sa.set(1);
    kernels.call("contract", {a, sa, any, anyScales, y, scratch});
  }
}

class SparseFloats : public SparseContractions {};

TEST_P(SparseFloats, EqualLoopsOverZeros) {
  auto layout = layout::blocked({rows, c.depth}, {{0, 4}});
  auto panel = layout::SparsePanel::make(pattern, sizeof(float));
  ASSERT_TRUE(layout && panel);
  const std::vector<float> w = prunedMatrix<float>(pattern, rows, c.depth, [&](std::mt19937 &random) {
    return static_cast<float>(random() / 2147483648.0 - 1);
  });
  std::vector<float> dense(static_cast<size_t>(layout->storageElements()));
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < c.depth; ++k) {
      dense[static_cast<size_t>(layout->offset({n, k}))] = w[static_cast<size_t>(n * c.depth + k)];
    }
  }
  Buffer<float> storage({panels * panel->panelElements(c.depth)});
  for (int64_t p = 0; p < panels; ++p) {
    ASSERT_TRUE(
        panel->pack(reinterpret_cast<const uint8_t *>(dense.data() + p * 16 * c.depth), c.depth,
                    reinterpret_cast<uint8_t *>(storage.begin() + p * panel->panelElements(c.depth))));
  }
  for (Isa isa : isasInTurn(turn)) {
    SCOPED_TRACE(nameOf(isa));
    CompiledKernels kernels(filled(kFloats, c, *layout, storage.size()), isa);
    ASSERT_TRUE(kernels.valid());
    for (int64_t count : {1, 6}) {
      Buffer<float> a({count, c.depth}), y({count, c.columns});
      a.fill(static_cast<uint32_t>(count), -1, 1), y.fill(3, -1, 1);
      std::vector<float> expected(y.begin(), y.end());
      // The order of dense panels, zeros among the products.
      for (int64_t m = 0; m < count; ++m) {
        for (int64_t n = 0; n < c.columns; ++n) {
          float &sum = expected[static_cast<size_t>(m * c.columns + n)];
          for (int64_t k = 0; k < c.depth; ++k) {
            const float x = a[m * c.depth + k], v = w[static_cast<size_t>((kFirst + n) * c.depth + k)];
            sum = isa == Isa::Generic ? sum + x * v : std::fma(x, v, sum);
          }
        }
      }
      kernels.call("contract", {a, storage, y, scratch});
      for (int64_t i = 0; i < y.size(); ++i) {
        ASSERT_TRUE(sameBits(y[i], expected[static_cast<size_t>(i)]))
            << count << " rows, element " << i << ": " << y[i] << " for " << expected[static_cast<size_t>(i)];
      }
    }
    Buffer<float> gathered({c.columns, c.depth});
    kernels.call("elements", {storage, ids, gathered, scratch});
    for (int64_t i = 0; i < gathered.size(); ++i) {
      const int64_t row = kFirst + ids[i / c.depth];
      ASSERT_TRUE(sameBits(gathered[i], w[static_cast<size_t>(row * c.depth + i % c.depth)])) << i;
    }
    Buffer<float> any({storage.size()}), a({6, c.depth}), y({6, c.columns});
    std::memset(any.begin(), 0xff, static_cast<size_t>(any.size()) * sizeof(float));
    a.set(1), y.set(0);
    kernels.call("contract", {a, any, y, scratch});
    kernels.call("elements", {any, ids, gathered, scratch});
  }
}

/// Each with a turn of its own.
std::vector<std::tuple<Case, int64_t>> inTurns(const std::vector<Case> &cases) {
  std::vector<std::tuple<Case, int64_t>> turns;
  for (const Case &c : cases) {
    turns.emplace_back(c, static_cast<int64_t>(turns.size()));
  }
  return turns;
}

std::vector<Case> wideRuns() {
  std::vector<Case> cases;
  for (const char *pattern : {"8:16", "16:32", "32:64", "24:32", "3:4", "1:8", "1:16", "2:32", "1:64"}) {
    for (unsigned bits : {2u, 4u, 8u}) {
      cases.push_back({pattern, bits, 72, bits == 4 ? 40 : 17});
    }
  }
  cases.insert(cases.end(), {{"32:64", 3, 200, 33},
                             {"7:32", 5, 64, 17},
                             {"2:16", 6, 130, 1},
                             {"2:8", 5, 72, 17},
                             {"63:64", 7, 64, 16},
                             {"1:4", 2, 200, 17}});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(WideRuns, SparseCodes, testing::ValuesIn(inTurns(wideRuns())));
INSTANTIATE_TEST_SUITE_P(Others, SparseCodes,
                         testing::ValuesIn(inTurns({{"2:4", 4, 72, 17},
                                                    {"4:8", 8, 200, 17},
                                                    {"2:8", 4, 72, 33},
                                                    {"2:4x16", 3, 200, 17},
                                                    {"3:8x8", 8, 72, 17}})));
INSTANTIATE_TEST_SUITE_P(Groups, SparseScaledGroups,
                         testing::ValuesIn(inTurns({{"2:4x16", 4, 400, 130},
                                                    {"2:4x16", 4, 264, 17},
                                                    {"1:4x16", 4, 128, 33},
                                                    {"1:2x32", 4, 256, 17},
                                                    {"3:8x8", 8, 200, 17},
                                                    {"2:4x8", 4, 320, 40},
                                                    {"1:2x16", 3, 192, 16}})));
INSTANTIATE_TEST_SUITE_P(Patterns, SparseFloats,
                         testing::ValuesIn(inTurns({{"2:4", 0, 72, 40},
                                                    {"1:2", 0, 63, 17},
                                                    {"1:4", 0, 200, 130},
                                                    {"4:8", 0, 33, 17},
                                                    {"3:4", 0, 17, 64},
                                                    {"2:5", 0, 64, 17},
                                                    {"8:16", 0, 72, 17},
                                                    {"32:64", 0, 200, 40},
                                                    {"1:64", 0, 130, 17},
                                                    {"2:4x16", 0, 200, 17},
                                                    {"3:8x8", 0, 72, 1},
                                                    {"1:2x8x4", 0, 72, 40}})));

} // namespace
} // namespace coopt::test
