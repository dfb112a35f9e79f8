// Kernels whose values are compared with loops of test/Npu/Inputs: one image for every size. Panels are those of an array of 32 columns.

// DEFINE: %{machine} = npu:edge1
// RUN: rm -rf %t
// RUN: coopt-opt %s --coopt-lower-to-npu=machine=%{machine} --canonicalize --cse --loop-invariant-code-motion \
// RUN:   --npu-allocate-memory=machine=%{machine} --npu-synchronise=machine=%{machine} --coopt-emit-npu-images=output=%t -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/broadcasts.npu.txt --check=%{machine} -o %t/broadcasts.npu
// RUN: coopt-npu-objdump --assemble %t/comparisons.npu.txt --check=%{machine} -o %t/comparisons.npu
// RUN: coopt-npu-objdump --assemble %t/functions.npu.txt --check=%{machine} -o %t/functions.npu
// RUN: coopt-npu-objdump --assemble %t/integers.npu.txt --check=%{machine} -o %t/integers.npu
// RUN: coopt-npu-objdump --assemble %t/turned.npu.txt --check=%{machine} -o %t/turned.npu
// RUN: coopt-npu-objdump --assemble %t/reductions.npu.txt --check=%{machine} -o %t/reductions.npu
// RUN: coopt-npu-objdump --assemble %t/heads.npu.txt --check=%{machine} -o %t/heads.npu
// RUN: coopt-npu-objdump --assemble %t/product.npu.txt --check=%{machine} -o %t/product.npu
// RUN: coopt-npu-objdump --assemble %t/deep_product.npu.txt --check=%{machine} -o %t/deep_product.npu
// RUN: coopt-npu-objdump --assemble %t/decoded.npu.txt --check=%{machine} -o %t/decoded.npu
// RUN: coopt-npu-objdump --assemble %t/rows.npu.txt --check=%{machine} -o %t/rows.npu
// RUN: coopt-npu-objdump --assemble %t/panels.npu.txt --check=%{machine} -o %t/panels.npu
// RUN: coopt-npu-objdump --assemble %t/attention.npu.txt --check=%{machine} -o %t/attention.npu

// RUN: coopt-test-image broadcasts %t/broadcasts.npu %{machine} 9 1 5 | FileCheck %s --check-prefix=BROADCASTS
// BROADCASTS: broadcasts: 3 sizes: equal
// RUN: coopt-test-image comparisons %t/comparisons.npu %{machine} 17 1 100 | FileCheck %s --check-prefix=COMPARISONS
// COMPARISONS: comparisons: 3 sizes: equal
// RUN: coopt-test-image functions %t/functions.npu %{machine} 17 1 100 | FileCheck %s --check-prefix=FUNCTIONS
// FUNCTIONS: functions: 3 sizes: equal
// RUN: coopt-test-image integers %t/integers.npu %{machine} 11 1 2 | FileCheck %s --check-prefix=INTEGERS
// INTEGERS: integers: 3 sizes: equal
// RUN: coopt-test-image turned %t/turned.npu %{machine} 9 1 4 | FileCheck %s --check-prefix=TURNED
// TURNED: turned: 3 sizes: equal
// RUN: coopt-test-image reductions %t/reductions.npu %{machine} 40 1 13 | FileCheck %s --check-prefix=REDUCTIONS
// REDUCTIONS: reductions: 3 sizes: equal
// RUN: coopt-test-image heads %t/heads.npu %{machine} 9 1 2 | FileCheck %s --check-prefix=HEADS
// HEADS: heads: 3 sizes: equal
// RUN: coopt-test-image product %t/product.npu %{machine} 70 1 33 | FileCheck %s --check-prefix=PRODUCT
// PRODUCT: product: 3 sizes: equal
// RUN: coopt-test-image deep_product %t/deep_product.npu %{machine} 3 1 | FileCheck %s --check-prefix=DEEP-PRODUCT
// DEEP-PRODUCT: deep_product: 2 sizes: equal
// RUN: coopt-test-image decoded %t/decoded.npu %{machine} 21 1 | FileCheck %s --check-prefix=DECODED
// DECODED: decoded: 2 sizes: equal
// RUN: coopt-test-image rows %t/rows.npu %{machine} 30 1 7 | FileCheck %s --check-prefix=ROWS
// ROWS: rows: 3 sizes: equal
// RUN: coopt-test-image panels %t/panels.npu %{machine} 30 1 7 | FileCheck %s --check-prefix=PANELS
// PANELS: panels: 3 sizes: equal
// RUN: coopt-test-image attention %t/attention.npu %{machine} 8 1 5 8 | FileCheck %s --check-prefix=ATTENTION
// ATTENTION: attention: 4 sizes: equal

// What is wrong is found, and the host must keep its promises:
// RUN: not coopt-test-image decoded %t/panels.npu %{machine} 1 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: decoded, size 1: entry {{[0-9]+}} (load): from: got {{[0-9]+}}, expected 0 .. 39
// RUN: sed 's/function=mul to=/function=add to=/' %t/decoded.npu.txt > %t/wrong.npu.txt
// RUN: coopt-npu-objdump --assemble %t/wrong.npu.txt -o %t/wrong.npu
// RUN: not coopt-test-image decoded %t/wrong.npu %{machine} 21 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: decoded, size 21: operand.2[0]: got {{.*}}, expected
// RUN: not coopt-test-image decoded %t/decoded.npu %{machine} 22 2>&1 | FileCheck %s --check-prefix=ROOM
// ROOM: decoded, size 22: operand.0 takes 693 bytes, given are 726

#x = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#column = affine_map<(i, j) -> (i)>
#one = affine_map<(i, j) -> ()>
#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// A row, a column and a number for all; first and second of functions that don't commute.
func.func @broadcasts(%x: memref<?x37xf32> {npu.bytes = 1332 : i64},
    %r: memref<37xf32>,
    %c: memref<?xf32> {npu.bytes = 36 : i64},
    %s: memref<f32>,
    %y0: memref<?x37xf32> {npu.bytes = 1332 : i64},
    %y1: memref<?x37xf32> {npu.bytes = 1332 : i64},
    %y2: memref<?x37xf32> {npu.bytes = 1332 : i64},
    %y3: memref<?x37xf32> {npu.bytes = 1332 : i64},
    %y4: memref<?x37xf32> {npu.bytes = 1332 : i64},
    %y5: memref<?x37xf32> {npu.bytes = 1332 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x37xf32>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %x.n = memref.subview %x[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %c.n = memref.subview %c[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y0.n = memref.subview %y0[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %y1.n = memref.subview %y1[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %y2.n = memref.subview %y2[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %y3.n = memref.subview %y3[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %y4.n = memref.subview %y4[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %y5.n = memref.subview %y5[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  linalg.generic {indexing_maps = [#x, #row, #column, #one, #x, #x, #x, #x, #x, #x], iterator_types = ["parallel", "parallel"]}
      ins(%x.n, %r, %c.n, %s : memref<?x37xf32, strided<[37, 1]>>, memref<37xf32>, memref<?xf32, strided<[1]>>, memref<f32>)
      outs(%y0.n, %y1.n, %y2.n, %y3.n, %y4.n, %y5.n : memref<?x37xf32, strided<[37, 1]>>, memref<?x37xf32, strided<[37, 1]>>, memref<?x37xf32, strided<[37, 1]>>, memref<?x37xf32, strided<[37, 1]>>, memref<?x37xf32, strided<[37, 1]>>, memref<?x37xf32, strided<[37, 1]>>) {
  ^bb0(%x_: f32, %r_: f32, %c_: f32, %s_: f32, %y0_: f32, %y1_: f32, %y2_: f32, %y3_: f32, %y4_: f32, %y5_: f32):
    %half = arith.constant 1.5 : f32
    %0 = arith.subf %x_, %r_ : f32
    %1 = arith.subf %c_, %x_ : f32
    %2 = arith.divf %s_, %x_ : f32
    %3 = arith.subf %r_, %c_ : f32
    %4 = arith.mulf %x_, %c_ : f32
    %5 = arith.subf %half, %4 : f32
    linalg.yield %0, %1, %2, %3, %5, %r_ : f32, f32, f32, f32, f32, f32
  }
  return
}

// Each predicate is a bit of the result; NaN, infinities and zeros of both signs are among the numbers.
func.func @comparisons(%x: memref<?x24xf32> {npu.bytes = 9600 : i64},
    %y: memref<?x24xf32> {npu.bytes = 9600 : i64},
    %z: memref<?x24xf32> {npu.bytes = 9600 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x24xf32>
  %n = affine.min affine_map<(d0) -> (d0, 100)>(%rows)
  %x.n = memref.subview %x[0, 0] [%n, 24] [1, 1] : memref<?x24xf32> to memref<?x24xf32, strided<[24, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 24] [1, 1] : memref<?x24xf32> to memref<?x24xf32, strided<[24, 1]>>
  %z.n = memref.subview %z[0, 0] [%n, 24] [1, 1] : memref<?x24xf32> to memref<?x24xf32, strided<[24, 1]>>
  linalg.generic {indexing_maps = [#x, #x, #x], iterator_types = ["parallel", "parallel"]}
      ins(%x.n, %y.n : memref<?x24xf32, strided<[24, 1]>>, memref<?x24xf32, strided<[24, 1]>>)
      outs(%z.n : memref<?x24xf32, strided<[24, 1]>>) {
  ^bb0(%x_: f32, %y_: f32, %z_: f32):
    %zero = arith.constant 0.0 : f32
    %p0 = arith.cmpf olt, %x_, %y_ : f32
    %b0 = arith.constant 1.0 : f32
    %s0 = arith.select %p0, %b0, %zero : f32
    %t0 = arith.addf %zero, %s0 : f32
    %p1 = arith.cmpf ogt, %x_, %y_ : f32
    %b1 = arith.constant 2.0 : f32
    %s1 = arith.select %p1, %b1, %zero : f32
    %t1 = arith.addf %t0, %s1 : f32
    %p2 = arith.cmpf ole, %x_, %y_ : f32
    %b2 = arith.constant 4.0 : f32
    %s2 = arith.select %p2, %b2, %zero : f32
    %t2 = arith.addf %t1, %s2 : f32
    %p3 = arith.cmpf oge, %x_, %y_ : f32
    %b3 = arith.constant 8.0 : f32
    %s3 = arith.select %p3, %b3, %zero : f32
    %t3 = arith.addf %t2, %s3 : f32
    %p4 = arith.cmpf oeq, %x_, %y_ : f32
    %b4 = arith.constant 16.0 : f32
    %s4 = arith.select %p4, %b4, %zero : f32
    %t4 = arith.addf %t3, %s4 : f32
    %p5 = arith.cmpf une, %x_, %y_ : f32
    %b5 = arith.constant 32.0 : f32
    %s5 = arith.select %p5, %b5, %zero : f32
    %t5 = arith.addf %t4, %s5 : f32
    %p6 = arith.cmpf ult, %x_, %y_ : f32
    %b6 = arith.constant 64.0 : f32
    %s6 = arith.select %p6, %b6, %zero : f32
    %t6 = arith.addf %t5, %s6 : f32
    %p7 = arith.cmpf ugt, %x_, %y_ : f32
    %b7 = arith.constant 128.0 : f32
    %s7 = arith.select %p7, %b7, %zero : f32
    %t7 = arith.addf %t6, %s7 : f32
    %p8 = arith.cmpf ule, %x_, %y_ : f32
    %b8 = arith.constant 256.0 : f32
    %s8 = arith.select %p8, %b8, %zero : f32
    %t8 = arith.addf %t7, %s8 : f32
    %p9 = arith.cmpf uge, %x_, %y_ : f32
    %b9 = arith.constant 512.0 : f32
    %s9 = arith.select %p9, %b9, %zero : f32
    %t9 = arith.addf %t8, %s9 : f32
    %p10 = arith.cmpf uno, %x_, %x_ : f32
    %b10 = arith.constant 1024.0 : f32
    %s10 = arith.select %p10, %b10, %zero : f32
    %t10 = arith.addf %t9, %s10 : f32
    %p11 = arith.cmpf ord, %x_, %x_ : f32
    %b11 = arith.constant 2048.0 : f32
    %s11 = arith.select %p11, %b11, %zero : f32
    %t11 = arith.addf %t10, %s11 : f32
    linalg.yield %t11 : f32
  }
  return
}

func.func @functions(%x: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %y: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z0: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z1: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z2: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z3: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z4: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z5: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z6: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z7: memref<?x16xf32> {npu.bytes = 6400 : i64},
    %z8: memref<?x16xf32> {npu.bytes = 6400 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x16xf32>
  %n = affine.min affine_map<(d0) -> (d0, 100)>(%rows)
  %x.n = memref.subview %x[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z0.n = memref.subview %z0[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z1.n = memref.subview %z1[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z2.n = memref.subview %z2[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z3.n = memref.subview %z3[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z4.n = memref.subview %z4[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z5.n = memref.subview %z5[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z6.n = memref.subview %z6[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z7.n = memref.subview %z7[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  %z8.n = memref.subview %z8[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  linalg.generic {indexing_maps = [#x, #x, #x, #x, #x, #x, #x, #x, #x, #x, #x], iterator_types = ["parallel", "parallel"]}
      ins(%x.n, %y.n : memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>)
      outs(%z0.n, %z1.n, %z2.n, %z3.n, %z4.n, %z5.n, %z6.n, %z7.n, %z8.n : memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>, memref<?x16xf32, strided<[16, 1]>>) {
  ^bb0(%x_: f32, %y_: f32, %z0_: f32, %z1_: f32, %z2_: f32, %z3_: f32, %z4_: f32, %z5_: f32, %z6_: f32, %z7_: f32, %z8_: f32):
    %0 = arith.maximumf %x_, %y_ : f32
    %1 = arith.minimumf %x_, %y_ : f32
    %2 = arith.negf %x_ : f32
    %3 = math.absf %x_ : f32
    %4 = math.sqrt %x_ : f32
    %5 = math.roundeven %x_ : f32
    %6 = math.floor %x_ : f32
    %7 = math.exp2 %x_ : f32
    %8 = math.rsqrt %x_ : f32
    linalg.yield %0, %1, %2, %3, %4, %5, %6, %7, %8 : f32, f32, f32, f32, f32, f32, f32, f32, f32
  }
  return
}

func.func @integers(%x: memref<?x19xi32> {npu.bytes = 836 : i64},
    %y: memref<?x19xi32> {npu.bytes = 836 : i64},
    %c: memref<?x19xi8> {npu.bytes = 209 : i64},
    %z0: memref<?x19xi32> {npu.bytes = 836 : i64},
    %z1: memref<?x19xi32> {npu.bytes = 836 : i64},
    %z2: memref<?x19xi32> {npu.bytes = 836 : i64},
    %z3: memref<?x19xi32> {npu.bytes = 836 : i64},
    %z4: memref<?x19xi32> {npu.bytes = 836 : i64},
    %z5: memref<?x19xi32> {npu.bytes = 836 : i64},
    %z6: memref<?x19xi32> {npu.bytes = 836 : i64},
    %f: memref<?x19xf32> {npu.bytes = 836 : i64},
    %d: memref<?x19xi8> {npu.bytes = 209 : i64},
    %g: memref<?x19xbf16> {npu.bytes = 418 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x19xi32>
  %n = affine.min affine_map<(d0) -> (d0, 11)>(%rows)
  %x.n = memref.subview %x[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %c.n = memref.subview %c[0, 0] [%n, 19] [1, 1] : memref<?x19xi8> to memref<?x19xi8, strided<[19, 1]>>
  %z0.n = memref.subview %z0[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %z1.n = memref.subview %z1[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %z2.n = memref.subview %z2[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %z3.n = memref.subview %z3[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %z4.n = memref.subview %z4[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %z5.n = memref.subview %z5[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %z6.n = memref.subview %z6[0, 0] [%n, 19] [1, 1] : memref<?x19xi32> to memref<?x19xi32, strided<[19, 1]>>
  %f.n = memref.subview %f[0, 0] [%n, 19] [1, 1] : memref<?x19xf32> to memref<?x19xf32, strided<[19, 1]>>
  %d.n = memref.subview %d[0, 0] [%n, 19] [1, 1] : memref<?x19xi8> to memref<?x19xi8, strided<[19, 1]>>
  %g.n = memref.subview %g[0, 0] [%n, 19] [1, 1] : memref<?x19xbf16> to memref<?x19xbf16, strided<[19, 1]>>
  linalg.generic {indexing_maps = [#x, #x, #x, #x, #x, #x, #x, #x, #x, #x, #x, #x, #x], iterator_types = ["parallel", "parallel"]}
      ins(%x.n, %y.n, %c.n : memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi8, strided<[19, 1]>>)
      outs(%z0.n, %z1.n, %z2.n, %z3.n, %z4.n, %z5.n, %z6.n, %f.n, %d.n, %g.n : memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xi32, strided<[19, 1]>>, memref<?x19xf32, strided<[19, 1]>>, memref<?x19xi8, strided<[19, 1]>>, memref<?x19xbf16, strided<[19, 1]>>) {
  ^bb0(%x_: i32, %y_: i32, %c_: i8, %z0_: i32, %z1_: i32, %z2_: i32, %z3_: i32, %z4_: i32, %z5_: i32, %z6_: i32, %f_: f32, %d_: i8, %g_: bf16):
    %0 = arith.addi %x_, %y_ : i32
    %1 = arith.subi %x_, %y_ : i32
    %2 = arith.muli %x_, %y_ : i32
    %3 = arith.maxsi %x_, %y_ : i32
    %4 = arith.minsi %x_, %y_ : i32
    %zero = arith.constant 0 : i32
    %p0 = arith.cmpi slt, %x_, %y_ : i32
    %b0 = arith.constant 1 : i32
    %s0 = arith.select %p0, %b0, %zero : i32
    %t0 = arith.addi %zero, %s0 : i32
    %p1 = arith.cmpi sgt, %x_, %y_ : i32
    %b1 = arith.constant 2 : i32
    %s1 = arith.select %p1, %b1, %zero : i32
    %t1 = arith.addi %t0, %s1 : i32
    %p2 = arith.cmpi sle, %x_, %y_ : i32
    %b2 = arith.constant 4 : i32
    %s2 = arith.select %p2, %b2, %zero : i32
    %t2 = arith.addi %t1, %s2 : i32
    %p3 = arith.cmpi sge, %x_, %y_ : i32
    %b3 = arith.constant 8 : i32
    %s3 = arith.select %p3, %b3, %zero : i32
    %t3 = arith.addi %t2, %s3 : i32
    %p4 = arith.cmpi eq, %x_, %y_ : i32
    %b4 = arith.constant 16 : i32
    %s4 = arith.select %p4, %b4, %zero : i32
    %t4 = arith.addi %t3, %s4 : i32
    %p5 = arith.cmpi ne, %x_, %y_ : i32
    %b5 = arith.constant 32 : i32
    %s5 = arith.select %p5, %b5, %zero : i32
    %t5 = arith.addi %t4, %s5 : i32
    %6 = arith.extsi %c_ : i8 to i32
    %7 = arith.sitofp %x_ : i32 to f32
    // -(c / 2), cut off towards 0: exact in binary32, and what rounds to nearest stays as it is.
    %8 = arith.sitofp %c_ : i8 to f32
    %half = arith.constant 0.5 : f32
    %9 = math.absf %8 : f32
    %10 = arith.mulf %9, %half : f32
    %11 = math.floor %10 : f32
    %none = arith.constant 0.0 : f32
    %12 = arith.cmpf olt, %8, %none : f32
    %13 = arith.negf %11 : f32
    %14 = arith.select %12, %11, %13 : f32
    %15 = arith.fptosi %14 {quantized.in_range} : f32 to i8
    %more = arith.constant 1.01 : f32
    %16 = arith.mulf %8, %more : f32
    %17 = arith.truncf %16 : f32 to bf16
    linalg.yield %0, %1, %2, %3, %4, %t5, %6, %7, %15, %17 : i32, i32, i32, i32, i32, i32, i32, f32, i8, bf16
  }
  return
}

// Three loops: two become a matrix, the control unit runs the third.
func.func @turned(%x: memref<?x3x20xf32> {npu.bytes = 2160 : i64}, %y: memref<3x9x20xf32>) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x3x20xf32>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %x.n = memref.subview %x[0, 0, 0] [%n, 3, 20] [1, 1, 1] : memref<?x3x20xf32> to memref<?x3x20xf32, strided<[60, 20, 1]>>
  %y.n = memref.subview %y[0, 0, 0] [3, %n, 20] [1, 1, 1] : memref<3x9x20xf32> to memref<3x?x20xf32, strided<[180, 20, 1]>>
  linalg.generic {indexing_maps = [affine_map<(j, i, k) -> (i, j, k)>, affine_map<(j, i, k) -> (j, i, k)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x.n : memref<?x3x20xf32, strided<[60, 20, 1]>>) outs(%y.n : memref<3x?x20xf32, strided<[180, 20, 1]>>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

func.func @reductions(%x: memref<?x53xf32> {npu.bytes = 8480 : i64}, %s: memref<?xf32> {npu.bytes = 160 : i64},
                      %m: memref<?xf32> {npu.bytes = 160 : i64}, %a: memref<?xf32> {npu.bytes = 160 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x53xf32>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %x.n = memref.subview %x[0, 0] [%n, 53] [1, 1] : memref<?x53xf32> to memref<?x53xf32, strided<[53, 1]>>
  %s.n = memref.subview %s[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %m.n = memref.subview %m[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %a.n = memref.subview %a[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  model.row_reduce sum ins(%x.n : memref<?x53xf32, strided<[53, 1]>>) outs(%s.n : memref<?xf32, strided<[1]>>)
  model.row_reduce max ins(%x.n : memref<?x53xf32, strided<[53, 1]>>) outs(%m.n : memref<?xf32, strided<[1]>>)
  model.row_reduce amax ins(%x.n : memref<?x53xf32, strided<[53, 1]>>) outs(%a.n : memref<?xf32, strided<[1]>>)
  return
}

// Sums of each row's parts, times the second number of another row.
func.func @heads(%x: memref<?x3x20xf32> {npu.bytes = 2160 : i64}, %g: memref<?x2xf32> {npu.bytes = 72 : i64}, %y: memref<?x3xf32> {npu.bytes = 108 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x3x20xf32>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %x.n = memref.subview %x[0, 0, 0] [%n, 3, 20] [1, 1, 1] : memref<?x3x20xf32> to memref<?x3x20xf32, strided<[60, 20, 1]>>
  %g.n = memref.subview %g[0, 0] [%n, 2] [1, 1] : memref<?x2xf32> to memref<?x2xf32, strided<[2, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 3] [1, 1] : memref<?x3xf32> to memref<?x3xf32, strided<[3, 1]>>
  %t = memref.alloc(%n) : memref<?x3xf32>
  model.row_reduce sum ins(%x.n : memref<?x3x20xf32, strided<[60, 20, 1]>>) outs(%t : memref<?x3xf32>)
  linalg.generic {indexing_maps = [#x, affine_map<(i, j) -> (i, 1)>, #x], iterator_types = ["parallel", "parallel"]}
      ins(%t, %g.n : memref<?x3xf32>, memref<?x2xf32, strided<[2, 1]>>) outs(%y.n : memref<?x3xf32, strided<[3, 1]>>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// No extent is a multiple of the array's.
func.func @product(%a: memref<?x45xi8> {npu.bytes = 3150 : i64}, %sa: memref<?xf32> {npu.bytes = 280 : i64}, %p: memref<2880xi8>,
                   %sw: memref<37xf32>, %y: memref<?x37xf32> {npu.bytes = 10360 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x45xi8>
  %n = affine.min affine_map<(d0) -> (d0, 70)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 45] [1, 1] : memref<?x45xi8> to memref<?x45xi8, strided<[45, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %w = model.unpack %p layout(<"[37, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<2880xi8> -> memref<37x45xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x45xi8, strided<[45, 1]>>, memref<?xf32, strided<[1]>>, memref<37x45xi8>, memref<37xf32>)
      outs(%y.n : memref<?x37xf32, strided<[37, 1]>>) schemes(#symmetric, #symmetric) scale_at(output)
  return
}

// More steps of k than the scratchpad takes weights of.
func.func @deep_product(%a: memref<?x4237xi8> {npu.bytes = 12711 : i64}, %sa: memref<?xf32> {npu.bytes = 12 : i64}, %p: memref<135584xi8>,
                   %sw: memref<20xf32>, %y: memref<?x20xf32> {npu.bytes = 240 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x4237xi8>
  %n = affine.min affine_map<(d0) -> (d0, 3)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 4237] [1, 1] : memref<?x4237xi8> to memref<?x4237xi8, strided<[4237, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 20] [1, 1] : memref<?x20xf32> to memref<?x20xf32, strided<[20, 1]>>
  %w = model.unpack %p layout(<"[20, 4237] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<135584xi8> -> memref<20x4237xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x4237xi8, strided<[4237, 1]>>, memref<?xf32, strided<[1]>>, memref<20x4237xi8>, memref<20xf32>)
      outs(%y.n : memref<?x20xf32, strided<[20, 1]>>) schemes(#symmetric, #symmetric) scale_at(output)
  return
}

func.func @decoded(%c: memref<?x33xi8> {npu.bytes = 693 : i64}, %s: memref<?xf32> {npu.bytes = 84 : i64},
                   %y: memref<?x33xf32> {npu.bytes = 2772 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %c, %c0 : memref<?x33xi8>
  %n = affine.min affine_map<(d0) -> (d0, 21)>(%rows)
  %c.n = memref.subview %c[0, 0] [%n, 33] [1, 1] : memref<?x33xi8> to memref<?x33xi8, strided<[33, 1]>>
  %s.n = memref.subview %s[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 33] [1, 1] : memref<?x33xf32> to memref<?x33xf32, strided<[33, 1]>>
  quantized.dequantize ins(%c.n, %s.n : memref<?x33xi8, strided<[33, 1]>>, memref<?xf32, strided<[1]>>) outs(%y.n : memref<?x33xf32, strided<[33, 1]>>) scheme(#symmetric)
  return
}

func.func @rows(%t: memref<11x24xf32>, %i: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x24xf32> {npu.bytes = 2880 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %i, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %i.n = memref.subview %i[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 24] [1, 1] : memref<?x24xf32> to memref<?x24xf32, strided<[24, 1]>>
  model.gather ins(%t, %i.n : memref<11x24xf32>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x24xf32, strided<[24, 1]>>)
  return
}

func.func @panels(%p: memref<1152xi8>, %i: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x18xi8> {npu.bytes = 540 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %i, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %i.n = memref.subview %i[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 18] [1, 1] : memref<?x18xi8> to memref<?x18xi8, strided<[18, 1]>>
  %t = model.unpack %p layout(<"[40, 18] tile(d0:5) outer(d0, d1)">) : memref<1152xi8> -> memref<40x18xi8>
  model.gather ins(%t, %i.n : memref<40x18xi8>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x18xi8, strided<[18, 1]>>)
  return
}

// Layer 1 of 2. What is attended to includes what was just appended; the host promises that no more than 152 positions are past.
func.func @attention(%k: memref<?x2x8xf32> {npu.bytes = 512 : i64}, %v: memref<?x2x8xf32> {npu.bytes = 512 : i64},
                     %q: memref<?x4x8xf32> {npu.bytes = 1024 : i64}, %s: memref<8x160x8xf32>, %y: memref<?x4x8xf32> {npu.bytes = 1024 : i64},
                     %past: index) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %k, %c0 : memref<?x2x8xf32>
  %n = affine.min affine_map<(d0) -> (d0, 8)>(%rows)
  %k.n = memref.subview %k[0, 0, 0] [%n, 2, 8] [1, 1, 1] : memref<?x2x8xf32> to memref<?x2x8xf32, strided<[16, 8, 1]>>
  %v.n = memref.subview %v[0, 0, 0] [%n, 2, 8] [1, 1, 1] : memref<?x2x8xf32> to memref<?x2x8xf32, strided<[16, 8, 1]>>
  %q.n = memref.subview %q[0, 0, 0] [%n, 4, 8] [1, 1, 1] : memref<?x4x8xf32> to memref<?x4x8xf32, strided<[32, 8, 1]>>
  %y.n = memref.subview %y[0, 0, 0] [%n, 4, 8] [1, 1, 1] : memref<?x4x8xf32> to memref<?x4x8xf32, strided<[32, 8, 1]>>
  %at = affine.min affine_map<(d0) -> (d0, 152)>(%past)
  attention.append ins(%k.n, %v.n : memref<?x2x8xf32, strided<[16, 8, 1]>>, memref<?x2x8xf32, strided<[16, 8, 1]>>) at %at into %s layer(1) : memref<8x160x8xf32>
  attention.attend ins(%q.n : memref<?x4x8xf32, strided<[32, 8, 1]>>) state(%s : memref<8x160x8xf32>) at %at, %c0
      outs(%y.n : memref<?x4x8xf32, strided<[32, 8, 1]>>) layer(1) heads_per_group(2) scale(0.35) heads(2)
  return
}
