//===- ContractionValuesTest.cpp - Contractions against plain loops ---------===//
#include "CompiledKernels.h"
#include "coopt/Layout/Layout.h"
#include <cmath>
#include <gtest/gtest.h>

namespace coopt::test {
namespace {

/// Sizes of a contraction: weights WN x K, of which N rows from n0 on are used.
struct Shape {
  int64_t weightRows, depth, first, columns;
};
const Shape kShapes[] = {
    {172, 64, 0, 172}, {172, 63, 160, 12}, {33, 1, 16, 17}, {64, 172, 16, 48}, {150, 17, 0, 150}};

std::string fill(std::string text, const Shape &shape, const layout::Layout &layout) {
  text = replaced(text, "ALL", std::to_string(shape.weightRows));
  text = replaced(text, "DEPTH", std::to_string(shape.depth));
  text = replaced(text, "COLS", std::to_string(shape.columns));
  text = replaced(text, "FIRST", std::to_string(shape.first));
  text = replaced(text, "STORE", std::to_string(layout.storageElements()));
  return replaced(text, "LAYOUT", layout::print(layout));
}

const char *kFloat = R"(
#a = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @static(%a: memref<?xDEPTHxf32>, %p: memref<STORExf32>, %y: memref<?xCOLSxf32>)
    attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT">) : memref<STORExf32> -> memref<COLSxDEPTHxf32>
  linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<?xDEPTHxf32>, memref<COLSxDEPTHxf32>) outs(%y : memref<?xCOLSxf32>) {
  ^bb0(%x: f32, %v: f32, %o: f32):
    %0 = arith.mulf %x, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
func.func @dynamic(%a: memref<?xDEPTHxf32>, %p: memref<STORExf32>, %panel: index, %columns: index,
                   %y: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
  %n = affine.apply affine_map<(p) -> (p * 16)>(%panel)
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] (%columns) layout(<"LAYOUT">) : memref<STORExf32> -> memref<?xDEPTHxf32>
  linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<?xDEPTHxf32>, memref<?xDEPTHxf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%x: f32, %v: f32, %o: f32):
    %0 = arith.mulf %x, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
func.func @rows(%a: memref<?xDEPTHxf32>, %w: memref<COLSxDEPTHxf32>, %y: memref<?xCOLSxf32>)
    attributes {llvm.emit_c_interface} {
  linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<?xDEPTHxf32>, memref<COLSxDEPTHxf32>) outs(%y : memref<?xCOLSxf32>) {
  ^bb0(%x: f32, %v: f32, %o: f32):
    %0 = arith.mulf %x, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
)";

TEST(ContractionValues, FloatsOnPanels) {
  for (const Shape &shape : kShapes) {
    Expected<layout::Layout> layout = layout::blocked({shape.weightRows, shape.depth}, {{0, 4}});
    ASSERT_TRUE(layout);
    for (Isa isa : runnableIsas()) {
      CompiledKernels kernels(fill(kFloat, shape, *layout), isa);
      ASSERT_TRUE(kernels.valid());
      for (int64_t rows : {1, 2, 3, 4, 5, 9}) {
        Buffer<float> a({rows, shape.depth}), packed({layout->storageElements()}), y({rows, shape.columns}),
            z({rows, shape.columns}), w({shape.columns, shape.depth}), u({rows, shape.columns});
        a.fill(rows, -1, 1), packed.fill(2, -1, 1), y.fill(3, -1, 1), z.fill(3, -1, 1), u.fill(3, -1, 1);
        std::vector<float> expected(y.begin(), y.end());
        for (int64_t m = 0; m < rows; ++m) {
          for (int64_t n = 0; n < shape.columns; ++n) {
            for (int64_t k = 0; k < shape.depth; ++k) {
              float x = a[m * shape.depth + k], v = packed[layout->offset({shape.first + n, k})];
              w[n * shape.depth + k] = v;
              float &sum = expected[m * shape.columns + n];
              sum = isa == Isa::Generic ? sum + x * v : std::fma(x, v, sum);
            }
          }
        }
        kernels.call("static", {a, packed, y});
        kernels.call("dynamic", {a, packed, shape.first / 16, shape.columns, z});
        kernels.call("rows", {a, w, u});
        for (int64_t i = 0; i < y.size(); ++i) {
          ASSERT_TRUE(sameBits(y[i], expected[i])) << nameOf(isa) << " rows " << rows << " at " << i << ": "
                                                   << y[i] << " " << z[i] << " for " << expected[i];
          ASSERT_TRUE(sameBits(z[i], expected[i])) << nameOf(isa) << " rows " << rows << " at " << i << ": "
                                                   << y[i] << " " << z[i] << " for " << expected[i];
          // Another order of the sum.
          ASSERT_NEAR(u[i], expected[i], 1e-5 * shape.depth);
        }
      }
    }
  }
}

const char *kCodes = R"(
#s = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
func.func @static(%a: memref<?xDEPTHxi8>, %sa: memref<?xf32>, %p: memref<STORExi8>, %sw: memref<COLSxf32>,
                  %y: memref<?xCOLSxf32>, %scratch: memref<?xi8> {coopt.scratch}) attributes {llvm.emit_c_interface} {
  %n = arith.constant FIRST : index
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] layout(<"LAYOUT", bits = 8>) : memref<STORExi8> -> memref<COLSxDEPTHxi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<?xDEPTHxi8>, memref<?xf32>, memref<COLSxDEPTHxi8>, memref<COLSxf32>)
      outs(%y : memref<?xCOLSxf32>) schemes(#s, #s) scale_at(output)
  return
}
func.func @dynamic(%a: memref<?xDEPTHxi8>, %sa: memref<?xf32>, %p: memref<STORExi8>, %sw: memref<?xf32>,
                   %panel: index, %columns: index, %y: memref<?x?xf32>, %scratch: memref<?xi8> {coopt.scratch})
    attributes {llvm.emit_c_interface} {
  %n = affine.apply affine_map<(p) -> (p * 16)>(%panel)
  %k = arith.constant 0 : index
  %w = model.unpack %p[%n, %k] (%columns) layout(<"LAYOUT", bits = 8>) : memref<STORExi8> -> memref<?xDEPTHxi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<?xDEPTHxi8>, memref<?xf32>, memref<?xDEPTHxi8>, memref<?xf32>)
      outs(%y : memref<?x?xf32>) schemes(#s, #s) scale_at(output)
  return
}
func.func @rows(%a: memref<?xDEPTHxi8>, %sa: memref<?xf32>, %w: memref<COLSxDEPTHxi8>, %sw: memref<COLSxf32>,
                %y: memref<?xCOLSxf32>) attributes {llvm.emit_c_interface} {
  quantized.contract ins(%a, %sa, %w, %sw : memref<?xDEPTHxi8>, memref<?xf32>, memref<COLSxDEPTHxi8>, memref<COLSxf32>)
      outs(%y : memref<?xCOLSxf32>) schemes(#s, #s) scale_at(output)
  return
}
)";

TEST(ContractionValues, CodesOnPanels) {
  for (const Shape &shape : kShapes) {
    Expected<layout::Layout> layout =
        layout::blocked({shape.weightRows, shape.depth}, {{1, 2}, {0, 4}, {1, 4}});
    ASSERT_TRUE(layout);
    for (Isa isa : runnableIsas()) {
      CompiledKernels kernels(fill(kCodes, shape, *layout), isa);
      ASSERT_TRUE(kernels.valid());
      for (int64_t rows : {1, 2, 3, 4, 5, 9, 33}) {
        Buffer<int8_t> a({rows, shape.depth}), packed({layout->storageElements()}), scratch({1 << 17}),
            w({shape.columns, shape.depth});
        Buffer<float> sa({rows}), sw({shape.columns}), y({rows, shape.columns}), z({rows, shape.columns}),
            u({rows, shape.columns});
        a.fill(rows, -128, 127), packed.fill(2, -128, 127), sa.fill(3, 0.001, 1), sw.fill(4, 0.001, 1);
        // Pairs of extremes: nothing may saturate.
        for (int64_t k = 0; k < std::min<int64_t>(shape.depth, 8); ++k) {
          a[k] = -128;
          packed[layout->offset({shape.first, k})] = -128;
        }
        kernels.call("static", {a, sa, packed, sw, y, scratch});
        kernels.call("dynamic", {a, sa, packed, sw, shape.first / 16, shape.columns, z, scratch});
        for (int64_t n = 0; n < shape.columns; ++n) {
          for (int64_t k = 0; k < shape.depth; ++k) {
            w[n * shape.depth + k] = packed[layout->offset({shape.first + n, k})];
          }
        }
        kernels.call("rows", {a, sa, w, sw, u});
        for (int64_t m = 0; m < rows; ++m) {
          for (int64_t n = 0; n < shape.columns; ++n) {
            int32_t sum = 0;
            for (int64_t k = 0; k < shape.depth; ++k) {
              sum += a[m * shape.depth + k] * w[n * shape.depth + k];
            }
            float expected = static_cast<float>(sum) * sw[n] * sa[m];
            int64_t i = m * shape.columns + n;
            ASSERT_TRUE(sameBits(y[i], expected)) << nameOf(isa) << " rows " << rows << ": " << m << "," << n;
            ASSERT_TRUE(sameBits(z[i], expected)) << nameOf(isa) << " rows " << rows << ": " << m << "," << n;
            ASSERT_TRUE(sameBits(u[i], expected)) << nameOf(isa) << " rows " << rows << ": " << m << "," << n;
          }
        }
      }
    }
  }
}

TEST(ContractionValues, GroupsAndZeros) {
  const char *text = R"(
#a = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#w = #quantized.scheme<bits = 8, group = 24, asymmetric, scale = f32>
func.func @groups(%a: memref<?x64xi8>, %sa: memref<?xf32>, %w: memref<17x64xi8>, %sw: memref<17x3xf32>,
                  %zw: memref<17x3xi8>, %y: memref<?x17xf32>) attributes {llvm.emit_c_interface} {
  quantized.contract ins(%a, %sa, %w, %sw, %zw : memref<?x64xi8>, memref<?xf32>, memref<17x64xi8>, memref<17x3xf32>,
      memref<17x3xi8>) outs(%y : memref<?x17xf32>) schemes(#a, #w) scale_at(group)
  return
}
)";
  for (Isa isa : runnableIsas()) {
    CompiledKernels kernels(text, isa);
    Buffer<int8_t> a({3, 64}), w({17, 64}), zw({17, 3});
    Buffer<float> sa({3}), sw({17, 3}), y({3, 17});
    a.fill(1, -128, 127), w.fill(2, -128, 127), zw.fill(3, -128, 127), sa.fill(4, 0.1, 1), sw.fill(5, 0.1, 1);
    kernels.call("groups", {a, sa, w, sw, zw, y});
    for (int64_t m = 0; m < 3; ++m) {
      for (int64_t n = 0; n < 17; ++n) {
        float expected = 0.0f;
        for (int64_t g = 0; g < 3; ++g) {
          int32_t sum = 0;
          for (int64_t k = g * 24; k < std::min<int64_t>(64, g * 24 + 24); ++k) {
            sum +=
                a[m * 64 + k] * (static_cast<uint8_t>(w[n * 64 + k]) - static_cast<uint8_t>(zw[n * 3 + g]));
          }
          expected = expected + static_cast<float>(sum) * sw[n * 3 + g];
        }
        expected *= sa[m];
        ASSERT_TRUE(sameBits(y[m * 17 + n], expected)) << nameOf(isa);
      }
    }
  }
}

} // namespace
} // namespace coopt::test
