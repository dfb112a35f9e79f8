//===- ElementwiseValuesTest.cpp - linalg, math, copies against C++ ---------===//
#include "CompiledKernels.h"
#include "coopt/Numerics/SpecialFunctions.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace coopt::test {
namespace {

const int64_t kSizes[] = {1, 3, 15, 16, 17, 33, 64, 72, 172};

std::string unary(const std::string &name) {
  return "func.func @" + name + R"((%x: memref<?xf32>, %y: memref<?xf32>) attributes {llvm.emit_c_interface} {
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
    ^bb0(%a: f32, %o: f32):
      %r = math.)" +
         name + R"( %a : f32
      linalg.yield %r : f32
    }
    return
  }
)";
}

/// Bit patterns from everywhere: numbers of all exponents, both signs, with the special ones first.
void fillWithEverything(Buffer<float> &x) {
  const float special[] = {0.0f,       -0.0f,       1.0f,       -1.0f, 0.5f,           -0.5f,
                           1.5f,       2.5f,        -2.5f,      0.3f,  -0.7f,          8388607.5f,
                           8388608.0f, -8388609.0f, 4194303.5f, 1e30f, -1e30f,         1e-40f,
                           -1e-40f,    INFINITY,    -INFINITY,  NAN,   127.5f,         -126.5f,
                           -149.5f,    0.921875f,   0.625f,     4.0f,  0x1.fffffep-1f, 0x1.fffffep22f,
                           88.8f,      -103.9f};
  std::mt19937 random(5);
  for (int64_t i = 0; i < x.size(); ++i) {
    x[i] = i < 32 ? special[i] : numerics::floatOf(static_cast<uint32_t>(random()));
  }
}

TEST(ElementwiseValues, SpecialFunctionsAreThoseOfNumerics) {
  struct Function {
    const char *name;
    float (*reference)(float);
  };
  const Function functions[] = {{"exp2", [](float x) { return numerics::exp2(x); }},
                                {"exp", [](float x) { return numerics::exp(x); }},
                                {"tanh", [](float x) { return numerics::tanh(x); }},
                                {"erf", [](float x) { return numerics::erf(x); }},
                                {"log2", [](float x) { return numerics::log2(x); }},
                                {"rsqrt", [](float x) { return numerics::rsqrt(x); }},
                                {"sqrt", [](float x) { return std::sqrt(x); }},
                                {"roundeven", [](float x) { return std::nearbyint(x); }},
                                {"floor", [](float x) { return std::floor(x); }},
                                {"ceil", [](float x) { return std::ceil(x); }},
                                {"trunc", [](float x) { return std::trunc(x); }},
                                {"absf", [](float x) { return std::fabs(x); }}};
  std::string text;
  for (const Function &function : functions) {
    text += unary(function.name);
  }
  Buffer<float> x({4099}), y({4099});
  fillWithEverything(x);
  for (Isa isa : runnableIsas()) {
    CompiledKernels kernels(text, isa);
    for (const Function &function : functions) {
      kernels.call(function.name, {x, y});
      for (int64_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(sameBits(y[i], function.reference(x[i])))
            << nameOf(isa) << ": " << function.name << "(" << x[i] << ") = " << y[i] << ", expected "
            << function.reference(x[i]);
      }
    }
  }
}

TEST(ElementwiseValues, ChainsOverDynamicAndStridedRows) {
  const char *text = R"(
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
!in = memref<?x?xf32, strided<[?, 1], offset: ?>>
func.func @chain(%x: !in, %s: memref<?xf32>, %w: memref<?xf32>, %y: memref<?x?xf32>, %q: memref<?x?xi8>)
    attributes {llvm.emit_c_interface} {
  %one = arith.constant 1.0 : f32
  %top = arith.constant 127.0 : f32
  linalg.generic {indexing_maps = [#id, #row, #column, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s, %w : !in, memref<?xf32>, memref<?xf32>) outs(%y, %q : memref<?x?xf32>, memref<?x?xi8>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32, %p: i8):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = arith.addi %i, %j : index
    %k32 = arith.index_cast %k : index to i32
    %kf = arith.sitofp %k32 : i32 to f32
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %0, %kf : f32
    %2 = arith.mulf %1, %c : f32
    %3 = arith.negf %2 : f32
    %4 = math.exp2 %3 : f32
    %5 = arith.addf %4, %one : f32
    %6 = arith.divf %2, %5 : f32
    %positive = arith.cmpf ogt, %b, %one : f32
    %7 = arith.select %positive, %6, %2 : f32
    %8 = arith.minimumf %7, %top : f32
    %low = arith.negf %top : f32
    %9 = arith.maximumf %8, %low : f32
    %10 = math.roundeven %9 : f32
    %11 = arith.fptosi %10 : f32 to i8
    linalg.yield %7, %11 : f32, i8
  }
  return
}
)";
  for (Isa isa : runnableIsas()) {
    CompiledKernels kernels(text, isa);
    for (int64_t columns : kSizes) {
      const int64_t rows = 3, stride = columns + 5;
      Buffer<float> x({rows * stride}), s({rows}), w({columns}), y({rows, columns});
      Buffer<int8_t> q({rows, columns});
      x.fill(1, -3, 3), s.fill(2, 0, 2), w.fill(3, -1, 1);
      // The last row ends with the buffer.
      Memref view(x, {rows, columns}, {stride, 1}, 5);
      kernels.call("chain", {view, s, w, y, q});
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          float a = x[5 + i * stride + j];
          float product = a * s[i];
          float v = (product + static_cast<float>(i + j)) * w[j];
          float r = s[i] > 1.0f ? v / (numerics::exp2(-v) + 1.0f) : v;
          ASSERT_TRUE(sameBits(y[i * columns + j], r))
              << nameOf(isa) << " columns " << columns << " at " << i << "," << j;
          float clamped = std::nearbyint(std::fmax(std::fmin(r, 127.0f), -127.0f));
          ASSERT_EQ(q[i * columns + j], static_cast<int8_t>(clamped));
        }
      }
    }
  }
}

TEST(ElementwiseValues, ReductionsAreSequential) {
  const char *text = R"(
#id = affine_map<(i, j) -> (i, j)>
func.func @columns(%x: memref<?x?xf32>, %y: memref<?xf32>) attributes {llvm.emit_c_interface} {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}
func.func @rows(%x: memref<?x?xf32>, %y: memref<?xf32>) attributes {llvm.emit_c_interface} {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}
func.func @gather(%t: memref<?xf32>, %i: memref<?xi32>, %y: memref<?xf32>) attributes {llvm.emit_c_interface} {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%i : memref<?xi32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: i32, %o: f32):
    %p = arith.index_cast %a : i32 to index
    %0 = memref.load %t[%p] : memref<?xf32>
    %1 = math.exp2 %0 : f32
    linalg.yield %1 : f32
  }
  return
}
)";
  for (Isa isa : runnableIsas()) {
    CompiledKernels kernels(text, isa);
    for (int64_t n : kSizes) {
      const int64_t rows = 7;
      Buffer<float> x({rows, n}), byColumn({n}), byRow({rows});
      x.fill(4, -1, 1), byColumn.fill(5, -1, 1), byRow.fill(6, -1, 1);
      std::vector<float> columns(byColumn.begin(), byColumn.end()), sums(byRow.begin(), byRow.end());
      kernels.call("columns", {x, byColumn});
      kernels.call("rows", {x, byRow});
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          columns[j] += x[i * n + j];
          sums[i] += x[i * n + j];
        }
      }
      for (int64_t j = 0; j < n; ++j) {
        ASSERT_TRUE(sameBits(byColumn[j], columns[j]));
      }
      for (int64_t i = 0; i < rows; ++i) {
        ASSERT_TRUE(sameBits(byRow[i], sums[i]));
      }
      Buffer<int32_t> ids({n});
      Buffer<float> y({n});
      for (int64_t i = 0; i < n; ++i) {
        ids[i] = (i * 13 + 5) % rows;
      }
      kernels.call("gather", {byRow, ids, y});
      for (int64_t i = 0; i < n; ++i) {
        ASSERT_TRUE(sameBits(y[i], numerics::exp2(byRow[ids[i]])));
      }
    }
  }
}

TEST(ElementwiseValues, CopiesFillsAndScratch) {
  const char *text = R"(
!rows = memref<?x?xi8, strided<[?, 1], offset: ?>>
!columns = memref<?x?xi8, strided<[1, ?], offset: ?>>
func.func @copy(%x: !rows, %y: memref<?x?xi8>, %t: !columns) attributes {llvm.emit_c_interface} {
  memref.copy %x, %y : !rows to memref<?x?xi8>
  memref.copy %x, %t : !rows to !columns
  return
}
func.func @scratch(%x: memref<?x24xf32>, %y: memref<?x24xf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = memref.dim %x, %c0 : memref<?x24xf32>
  %one = arith.constant 1.0 : f32
  scf.for %i = %c0 to %n step %c4 {
    %size = affine.min affine_map<(i)[n] -> (4, n - i)>(%i)[%n]
    %tile = memref.alloc(%size) {alignment = 64 : i64} : memref<?x24xf32>
    %ones = memref.alloc() : memref<3xf32>
    linalg.fill ins(%one : f32) outs(%ones : memref<3xf32>)
    %from = memref.subview %x[%i, 0] [%size, 24] [1, 1]
        : memref<?x24xf32> to memref<?x24xf32, strided<[24, 1], offset: ?>>
    %to = memref.subview %y[%i, 0] [%size, 24] [1, 1]
        : memref<?x24xf32> to memref<?x24xf32, strided<[24, 1], offset: ?>>
    memref.copy %from, %tile : memref<?x24xf32, strided<[24, 1], offset: ?>> to memref<?x24xf32>
    %c2 = arith.constant 2 : index
    %u = memref.load %ones[%c2] : memref<3xf32>
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                    iterator_types = ["parallel", "parallel"]}
        ins(%tile : memref<?x24xf32>) outs(%to : memref<?x24xf32, strided<[24, 1], offset: ?>>) {
    ^bb0(%a: f32, %o: f32):
      %0 = arith.addf %a, %u : f32
      linalg.yield %0 : f32
    }
    memref.dealloc %tile : memref<?x24xf32>
  }
  return
}
)";
  for (Isa isa : runnableIsas()) {
    CompiledKernels kernels(text, isa);
    for (int64_t n : kSizes) {
      const int64_t rows = 3;
      Buffer<int8_t> x({rows, n + 2}), y({rows, n}), t({n, rows});
      x.fill(7, -127, 127);
      kernels.call("copy", {Memref(x, {rows, n}, {n + 2, 1}, 2), y, Memref(t, {rows, n}, {1, rows})});
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          ASSERT_EQ(y[i * n + j], x[i * (n + 2) + j + 2]);
          ASSERT_EQ(t[j * rows + i], x[i * (n + 2) + j + 2]);
        }
      }
    }
    // 4 x 24 floats and 3 floats, each at a multiple of 64 bytes.
    Buffer<int8_t> scratch({384 + 64});
    for (int64_t n : {1, 4, 7}) {
      Buffer<float> x({n, 24}), y({n, 24});
      x.fill(8, -1, 1);
      kernels.call("scratch", {x, y, scratch});
      for (int64_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(sameBits(y[i], x[i] + 1.0f));
      }
    }
  }
}

} // namespace
} // namespace coopt::test
