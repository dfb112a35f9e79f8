// What ops of experts become; their values are compared in test/Npu/experts.mlir.

// RUN: coopt-opt %s --coopt-lower-to-npu=machine=npu:edge1 --canonicalize --cse | FileCheck %s

#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// A row of the router at a time.
// CHECK-LABEL: func.func @logits
// CHECK:       scf.for %[[E:.*]] = %c0 to %c7 step %c1
// CHECK:         npu.copy %{{.*}} to %{{.*}} : memref<1x45xf32, strided<[1, 1], offset: ?>> to
// CHECK:         npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<4x45xf32, {{.*}}>, memref<1x45xf32, {{.*}}> to memref<4x45xf32,
// CHECK:         npu.reduce "sum" %{{.*}} to %{{.*}} : memref<4x45xf32, {{.*}}> to memref<4x1xf32, strided<[7, 1], offset: ?>,
func.func @logits(%x: memref<4x45xf32>, %w: memref<7x45xf32>, %y: memref<4x7xf32>) {
  moe.logits ins(%x, %w : memref<4x45xf32>, memref<7x45xf32>) outs(%y : memref<4x7xf32>)
  return
}

// A NaN is put where the op has it, then the unit chooses.
// CHECK-LABEL: func.func @choose
// CHECK:       npu.map "add"
// CHECK:       scf.for %{{.*}} = %c0 to %c9 step %c1
// CHECK:         npu.map "eq"
// CHECK:         npu.map "select"
// CHECK:         npu.map "min"
// CHECK:       npu.select %{{.*}} to %{{.*}}, %{{.*}} : memref<4x9xf32, {{.*}}> to memref<4x2xf32, {{.*}}>, memref<4x2xi32,
func.func @choose(%s: memref<4x9xf32>, %b: memref<9xf32>, %e: memref<4x2xi32>) {
  moe.choose ins(%s : memref<4x9xf32>) bias(%b : memref<9xf32>) outs(%e : memref<4x2xi32>)
  return
}

// Sorted by experts, then experts by whether they have tokens.
// CHECK-LABEL: func.func @dispatch
// CHECK:       npu.route %{{.*}} to %{{.*}}, %{{.*}}, %{{.*}} : memref<4x2xi32, {{.*}}> to memref<4x2xi32, {{.*}}>, memref<4x2xi32, {{.*}}>, memref<1x6xi32,
// CHECK:       npu.map "sub"
// CHECK:       npu.map "eq"
// CHECK:       npu.route %{{.*}} to %{{.*}}, %{{.*}}, %{{.*}} : memref<5x1xi32, {{.*}}> to memref<5x1xi32, {{.*}}>, memref<5x1xi32, {{.*}}>, memref<1x3xi32,
// CHECK-COUNT-3: npu.gather
// CHECK-COUNT-3: npu.copy channel(1)
func.func @dispatch(%e: memref<4x2xi32>, %t: memref<8xi32>, %p: memref<4x2xi32>, %s: memref<5x3xi32>) {
  moe.dispatch ins(%e : memref<4x2xi32>) outs(%t, %p, %s : memref<8xi32>, memref<4x2xi32>, memref<5x3xi32>) experts(5)
  return
}

// Places of the segments' experts; segments by whether they are dropped.
// CHECK-LABEL: func.func @restrict
// CHECK:       npu.gather %{{.*}}[%{{.*}}] to %{{.*}} : memref<9x1xi32, {{.*}}>[memref<1x6xi32, {{.*}}>] to memref<6x1xi32,
// CHECK:       npu.map "max"
// CHECK:       npu.route %{{.*}} to %{{.*}}, %{{.*}}, %{{.*}} : memref<6x1xi32,
// CHECK-COUNT-4: npu.gather
// CHECK:       npu.copy channel(1) %{{.*}} to %{{.*}} : memref<4x3xi32
func.func @restrict(%s: memref<6x3xi32>, %p: memref<9xi32>, %c: memref<4x3xi32>) {
  moe.restrict ins(%s, %p : memref<6x3xi32>, memref<9xi32>) outs(%c : memref<4x3xi32>)
  return
}

// Slot by slot.
// CHECK-LABEL: func.func @combine
// CHECK:       npu.gather %{{.*}}[%{{.*}}] to %{{.*}} : memref<8x37xf32{{.*}}>[memref<1x4xi32, {{.*}}>] to memref<4x37xf32,
// CHECK:       npu.map "mul"
// CHECK:       npu.gather
// CHECK:       npu.map "mul"
// CHECK:       npu.map "add"
// CHECK-NOT:   npu.map
func.func @combine(%y: memref<8x37xf32>, %w: memref<4x2xf32>, %p: memref<4x2xi32>, %o: memref<4x37xf32>) {
  moe.combine ins(%y, %w, %p : memref<8x37xf32>, memref<4x2xf32>, memref<4x2xi32>) outs(%o : memref<4x37xf32>)
  return
}

// Segments are in the scratchpad once; their numbers have the bounds of what they are the minimum with.
// CHECK-LABEL: func.func @numbers
// CHECK:       npu.copy %arg0 to %{{.*}} : memref<6x3xi32> to
// CHECK-NOT:   npu.copy %arg0
// CHECK:       scf.for
// CHECK:         %[[E:.*]] = npu.load %{{.*}} bound 3
// CHECK:         npu.load %{{.*}} bound 24
// CHECK:         arith.maxsi
// CHECK:         %[[N:.*]] = npu.load %{{.*}} bound 24
func.func @numbers(%s: memref<6x3xi32>, %x: memref<24x8xf32>, %w: memref<4x8xf32>, %y: memref<24x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c6 = arith.constant 6 : index
  %c24 = arith.constant 24 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %0 = memref.load %s[%i, %c0] : memref<6x3xi32>
    %1 = arith.index_cast %0 : i32 to index
    %expert = arith.minui %1, %c3 : index
    %2 = memref.load %s[%i, %c1] : memref<6x3xi32>
    %3 = arith.index_cast %2 : i32 to index
    %first = arith.minui %3, %c24 : index
    %rest = arith.subi %c24, %first : index
    %4 = memref.load %s[%i, %c2] : memref<6x3xi32>
    %5 = arith.index_cast %4 : i32 to index
    %6 = arith.minui %5, %rest : index
    %n = affine.min affine_map<()[s0] -> (s0, 24)>()[%6]
    %x.n = memref.subview %x[%first, 0] [%n, 8] [1, 1] : memref<24x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
    %w.n = memref.subview %w[%expert, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    %y.n = memref.subview %y[%first, 0] [%n, 8] [1, 1] : memref<24x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%x.n, %w.n : memref<?x8xf32, strided<[8, 1], offset: ?>>, memref<8xf32, strided<[1], offset: ?>>)
        outs(%y.n : memref<?x8xf32, strided<[8, 1], offset: ?>>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %7 = arith.mulf %a, %b : f32
      linalg.yield %7 : f32
    }
  }
  return
}

// What nobody asks for is not read.
// CHECK-LABEL: func.func @unused
// CHECK-NOT:   npu.load
// CHECK:       return
func.func @unused(%s: memref<6xi32>, %x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %0 = memref.load %s[%c0] : memref<6xi32>
  %1 = arith.index_cast %0 : i32 to index
  memref.copy %x, %y : memref<8xf32> to memref<8xf32>
  return
}

// Weights that begin within a panel come in pieces that lie side by side: of row 48 e of panels of 32, pieces of 16.
// CHECK-LABEL: func.func @pieces
// CHECK:       affine.min
// CHECK:       npu.copy %{{.*}} to %{{.*}} : memref<45x16xi8, strided<[32, 1], offset: ?>> to memref<45x16xi8, strided<[32, 1]>, #npu.space<spad>>
// CHECK:       affine.min
// CHECK:       npu.copy %{{.*}} to %{{.*}} : memref<45x16xi8, strided<[32, 1], offset: ?>> to memref<45x16xi8, strided<[32, 1], offset: 16>, #npu.space<spad>>
// CHECK-NOT:   npu.copy
// CHECK:       npu.matmul
func.func @pieces(%s: memref<1xi32>, %a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<8640xi8>, %sw: memref<192xf32>, %y: memref<5x32xf32>) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %0 = memref.load %s[%c0] : memref<1xi32>
  %1 = arith.index_cast %0 : i32 to index
  %expert = arith.minui %1, %c3 : index
  %row = affine.apply affine_map<()[s0] -> (s0 * 48)>()[%expert]
  %sw.e = memref.subview %sw[%row] [32] [1] : memref<192xf32> to memref<32xf32, strided<[1], offset: ?>>
  %w = model.unpack %p[%row, %c0] layout(<"[192, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<8640xi8> -> memref<32x45xi8>
  quantized.contract ins(%a, %sa, %w, %sw.e : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32, strided<[1], offset: ?>>)
      outs(%y : memref<5x32xf32>) schemes(#symmetric, #symmetric) scale_at(output)
  return
}
