//===- RowValuesTest.cpp - Row reductions, gathers and unpacked rows --------===//
#include "CompiledKernels.h"
#include "coopt/Layout/Layout.h"
#include "coopt/Numerics/Reduction.h"
#include <gtest/gtest.h>
#include <limits>

namespace coopt::test {
namespace {

const int64_t kSizes[] = {1, 3, 8, 15, 16, 17, 33, 64, 72, 172};

/// `text` with every `from` replaced.
struct Reduction {
  const char *name;
  float (*reference)(const float *, int64_t, int64_t);
};
const Reduction kReductions[] = {
    {"sum", numerics::reduceSum}, {"max", numerics::reduceMax}, {"amax", numerics::reduceAmax}};

void expectReduction(const Reduction &reduction, Buffer<float> &x, int64_t n, int64_t stride, int64_t step,
                     Buffer<float> &y, const char *isa) {
  for (int64_t i = 0; i < y.size(); ++i) {
    float expected = reduction.reference(&x[i * stride], n, step);
    ASSERT_TRUE(sameBits(y[i], expected))
        << isa << ": " << reduction.name << " of " << n << ": " << y[i] << " for " << expected;
  }
}

TEST(RowValues, ReductionsHaveTheirShape) {
  for (Isa isa : runnableIsas()) {
    for (const Reduction &reduction : kReductions) {
      std::string text = replaced(R"(
func.func @dynamic(%x: memref<?x?xf32>, %y: memref<?xf32>) attributes {llvm.emit_c_interface} {
  model.row_reduce KIND ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>)
  return
}
!strided = memref<?x?xf32, strided<[?, ?]>>
func.func @strided(%x: !strided, %y: memref<?xf32>) attributes {llvm.emit_c_interface} {
  model.row_reduce KIND ins(%x : !strided) outs(%y : memref<?xf32>)
  return
}
)",
                                  "KIND", reduction.name);
      for (int64_t n : kSizes) {
        text += replaced(replaced(R"(
func.func @static_SIZE(%x: memref<3x?xSIZExf32>, %y: memref<3x?xf32>) attributes {llvm.emit_c_interface} {
  model.row_reduce KIND ins(%x : memref<3x?xSIZExf32>) outs(%y : memref<3x?xf32>)
  return
}
)",
                                  "SIZE", std::to_string(n)),
                         "KIND", reduction.name);
      }
      CompiledKernels kernels(text, isa);
      ASSERT_TRUE(kernels.valid());
      for (int64_t n : kSizes) {
        Buffer<float> x({6, n}), y({6}), transposed({n, 6});
        x.fill(n, -1, 1);
        x[0] = -0.0f; // a row of one element: R of -0 is +0
        if (n > 3) {
          x[n + 2] = std::numeric_limits<float>::quiet_NaN();
          x[2 * n + 1] = std::numeric_limits<float>::infinity();
        }
        kernels.call("dynamic", {x, y});
        expectReduction(reduction, x, n, n, 1, y, nameOf(isa));
        y.set(7);
        kernels.call("static_" + std::to_string(n),
                     {Memref(x, {3, 2, n}, {2 * n, n, 1}), Memref(y, {3, 2}, {2, 1})});
        expectReduction(reduction, x, n, n, 1, y, nameOf(isa));
        transposed.fill(n + 1, -1, 1);
        kernels.call("strided", {Memref(transposed, {6, n}, {1, 6}), y});
        expectReduction(reduction, transposed, n, 1, 6, y, nameOf(isa));
      }
      Buffer<float> none({3, 0}), y({3});
      y.set(7);
      kernels.call("dynamic", {none, y});
      expectReduction(reduction, none, 0, 0, 1, y, nameOf(isa));
    }
  }
}

TEST(RowValues, GathersFromRowsAndFromPackedStorage) {
  for (int64_t columns : {8, 15, 64, 72}) {
    const std::string layoutText = "[37, " + std::to_string(columns) + "] tile(d1:1, d0:4) outer(d0, d1)";
    Expected<layout::Layout> layout = layout::parse(layoutText);
    ASSERT_TRUE(layout);
    std::string text = replaced(replaced(replaced(R"(
func.func @rows(%t: memref<?xCOLxf32>, %ids: memref<?xi32>, %y: memref<?xCOLxf32>) attributes {llvm.emit_c_interface} {
  model.gather ins(%t, %ids : memref<?xCOLxf32>, memref<?xi32>) outs(%y : memref<?xCOLxf32>)
  return
}
func.func @packed(%p: memref<STORExi8>, %ids: memref<?xi32>, %y: memref<?xCOLxi8>) attributes {llvm.emit_c_interface} {
  %t = model.unpack %p layout(<"LAYOUT">) : memref<STORExi8> -> memref<37xCOLxi8>
  model.gather ins(%t, %ids : memref<37xCOLxi8>, memref<?xi32>) outs(%y : memref<?xCOLxi8>)
  return
}
func.func @unpack(%p: memref<STORExi8>, %n: index, %k: index, %size: index, %y: memref<?x3xi8>,
                  %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {
  %c5 = arith.constant 5 : index
  %bounded = affine.min affine_map<(s) -> (5, s)>(%size)
  %t = model.unpack %p[%n, %k] (%bounded) layout(<"LAYOUT">) : memref<STORExi8> -> memref<?x3xi8>
  memref.copy %t, %y : memref<?x3xi8> to memref<?x3xi8>
  return
}
)",
                                                  "COL", std::to_string(columns)),
                                         "STORE", std::to_string(layout->storageElements())),
                                "LAYOUT", layoutText);
    for (Isa isa : runnableIsas()) {
      CompiledKernels kernels(text, isa);
      ASSERT_TRUE(kernels.valid());
      Buffer<float> table({37, columns}), y({9, columns});
      Buffer<int8_t> packed({layout->storageElements()}), codes({9, columns});
      Buffer<int32_t> ids({9});
      table.fill(1, -1, 1), packed.fill(2, -127, 127);
      for (int64_t i = 0; i < 9; ++i) {
        ids[i] = (i * 29 + 36) % 37;
      }
      kernels.call("rows", {table, ids, y});
      kernels.call("packed", {packed, ids, codes});
      for (int64_t i = 0; i < 9; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          ASSERT_TRUE(sameBits(y[i * columns + j], table[ids[i] * columns + j]));
          ASSERT_EQ(codes[i * columns + j], packed[layout->offset({ids[i], j})]);
        }
      }
      Buffer<int8_t> slice({4, 3}), scratch({64});
      kernels.call("unpack", {packed, 19, 5, 4, slice, scratch});
      for (int64_t i = 0; i < 4; ++i) {
        for (int64_t j = 0; j < 3; ++j) {
          ASSERT_EQ(slice[i * 3 + j], packed[layout->offset({19 + i, 5 + j})]);
        }
      }
    }
  }
}

} // namespace
} // namespace coopt::test
