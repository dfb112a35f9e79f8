// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -mlir-print-op-generic | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -emit-bytecode | coopt-opt | FileCheck %s

// CHECK-LABEL: func @copy
// CHECK-SAME:  (%[[A:.*]]: memref<8x64xi8, strided<[256, 1], offset: ?>> {npu.bytes = 2048 : i64, npu.symbol = "a"}, %[[L:.*]]: memref<64x8xi8, #npu.space<l2>>)
func.func @copy(%a: memref<8x64xi8, strided<[256, 1], offset: ?>> {npu.bytes = 2048 : i64, npu.symbol = "a"}, %l: memref<64x8xi8, #npu.space<l2>>) {
  // CHECK-NEXT: %[[S:.*]] = memref.alloc() {npu.address = 64 : i64} : memref<8x64xi8, #npu.space<spad>>
  %s = memref.alloc() {npu.address = 64 : i64} : memref<8x64xi8, #npu.space<spad>>
  // CHECK-NEXT: npu.copy %[[A]] to %[[S]] {npu.location = "layers.0"} : memref<8x64xi8, strided<[256, 1], offset: ?>> to memref<8x64xi8, #npu.space<spad>>
  npu.copy channel(0) %a to %s {npu.location = "layers.0"} : memref<8x64xi8, strided<[256, 1], offset: ?>> to memref<8x64xi8, #npu.space<spad>>
  // CHECK-NEXT: %[[T:.*]] = memref.reinterpret_cast
  %t = memref.reinterpret_cast %s to offset: [0], sizes: [64, 8], strides: [1, 64]
      : memref<8x64xi8, #npu.space<spad>> to memref<64x8xi8, strided<[1, 64]>, #npu.space<spad>>
  // CHECK-NEXT: npu.copy channel(7) %[[T]] to %[[L]] {signals = array<i64: 63, 255, 0, 1>, waits = array<i64: 0, 1, 1, 2, 2, 3>} : memref<64x8xi8, strided<[1, 64]>, #npu.space<spad>> to memref<64x8xi8, #npu.space<l2>>
  npu.copy channel(7) %t to %l {waits = array<i64: 0, 1, 1, 2, 2, 3>, signals = array<i64: 63, 255, 0, 1>}
      : memref<64x8xi8, strided<[1, 64]>, #npu.space<spad>> to memref<64x8xi8, #npu.space<l2>>
  // CHECK-NEXT: npu.fill channel(1) 255 to %[[S]] : memref<8x64xi8, #npu.space<spad>>
  npu.fill channel(1) 255 to %s : memref<8x64xi8, #npu.space<spad>>
  return
}

// Five dimensions: bytes, and four around them. The two inner ones of each pair are one.
// CHECK-LABEL: func @copy_dimensions
func.func @copy_dimensions(%a: memref<2x3x4x?x5x6xf32, strided<[9000, 3000, 700, 100, 12, 2]>>,
                           %b: memref<2x2x2x2x2x2x3xf32, strided<[4096, 2048, 512, 256, 48, 24, 1]>>,
                           %s: memref<2x3x4x?x5x6xf32, strided<[9000, 3000, 700, 100, 12, 2]>, #npu.space<spad>>,
                           %t: memref<2x2x2x2x2x2x3xf32, #npu.space<spad>>) {
  // CHECK-NEXT: npu.copy
  npu.copy %a to %s : memref<2x3x4x?x5x6xf32, strided<[9000, 3000, 700, 100, 12, 2]>> to memref<2x3x4x?x5x6xf32, strided<[9000, 3000, 700, 100, 12, 2]>, #npu.space<spad>>
  // CHECK-NEXT: npu.copy
  npu.copy %b to %t : memref<2x2x2x2x2x2x3xf32, strided<[4096, 2048, 512, 256, 48, 24, 1]>> to memref<2x2x2x2x2x2x3xf32, #npu.space<spad>>
  return
}

// CHECK-LABEL: func @matmul
// CHECK-SAME:  (%[[A:.*]]: memref<?x32xi8, #npu.space<spad>>, %[[W:.*]]: memref<32x16xi8, strided<[64, 1]>, #npu.space<spad>>, %[[S:.*]]: memref<?x16xi32, #npu.space<acc>>,
func.func @matmul(%a: memref<?x32xi8, #npu.space<spad>>, %w: memref<32x16xi8, strided<[64, 1]>, #npu.space<spad>>, %s: memref<?x16xi32, #npu.space<acc>>,
                  %f: memref<4x8xbf16, #npu.space<spad>>, %g: memref<8x2xf16, #npu.space<spad>>, %h: memref<4x2xf32, #npu.space<acc>>,
                  %k: memref<16x20xi8, strided<[24, 1]>, #npu.space<spad>>, %l: memref<3x5xi8, #npu.space<spad>>) {
  // CHECK-NEXT: npu.matmul ins(%[[A]], %[[W]] : memref<?x32xi8, #npu.space<spad>>, memref<32x16xi8, strided<[64, 1]>, #npu.space<spad>>) outs(%[[S]] : memref<?x16xi32, #npu.space<acc>>) add true
  npu.matmul ins(%a, %w : memref<?x32xi8, #npu.space<spad>>, memref<32x16xi8, strided<[64, 1]>, #npu.space<spad>>)
      outs(%s : memref<?x16xi32, #npu.space<acc>>) add true
  // CHECK-NEXT: npu.matmul ins({{.*}}) outs(%{{.*}} : memref<4x2xf32, #npu.space<acc>>) {waits = array<i64: 5, 1>}
  npu.matmul ins(%f, %g : memref<4x8xbf16, #npu.space<spad>>, memref<8x2xf16, #npu.space<spad>>)
      outs(%h : memref<4x2xf32, #npu.space<acc>>) {waits = array<i64: 5, 1>}
  // CHECK-NEXT: npu.matmul ins({{.*}}) outs(%{{.*}} : memref<4x2xf32, #npu.space<acc>>) add true mode "os"{{$}}
  npu.matmul ins(%f, %g : memref<4x8xbf16, #npu.space<spad>>, memref<8x2xf16, #npu.space<spad>>)
      outs(%h : memref<4x2xf32, #npu.space<acc>>) add true mode "os"
  // CHECK-NEXT: npu.matmul ins({{.*}}) outs(%{{.*}} : memref<?x16xi32, #npu.space<acc>>) add true mode "nm" kept <2 of 4, i8>{{$}}
  npu.matmul ins(%a, %k : memref<?x32xi8, #npu.space<spad>>, memref<16x20xi8, strided<[24, 1]>, #npu.space<spad>>)
      outs(%s : memref<?x16xi32, #npu.space<acc>>) add true mode "nm" kept <2 of 4, i8>
  // Of three of eight, three rows meet eight; two weights of 16 bits, and six bits of places in a byte.
  // CHECK-NEXT: npu.matmul ins({{.*}}) outs(%{{.*}} : memref<4x2xf32, #npu.space<acc>>) mode "nm" kept <3 of 8, bf16>{{$}}
  npu.matmul ins(%f, %l : memref<4x8xbf16, #npu.space<spad>>, memref<3x5xi8, #npu.space<spad>>)
      outs(%h : memref<4x2xf32, #npu.space<acc>>) mode "nm" kept <3 of 8, bf16>
  return
}

// CHECK-LABEL: func @bits
// CHECK-SAME:  (%[[A:.*]]: memref<?x32xi8, #npu.space<spad>>, %[[W:.*]]: memref<32x16xi2, #npu.space<spad>>, %[[P:.*]]: memref<32x32xi1, #npu.space<spad>>, %[[S:.*]]: memref<?x16xi32, #npu.space<acc>>
func.func @bits(%a: memref<?x32xi8, #npu.space<spad>>, %w: memref<32x16xi2, #npu.space<spad>>, %p: memref<32x32xi1, #npu.space<spad>>, %s: memref<?x16xi32, #npu.space<acc>>) {
  // CHECK-NEXT: npu.matmul ins(%[[A]], %[[W]] : {{.*}}) outs(%[[S]] : memref<?x16xi32, #npu.space<acc>>) mode "bitserial" slices [2, 1]{{$}}
  npu.matmul ins(%a, %w : memref<?x32xi8, #npu.space<spad>>, memref<32x16xi2, #npu.space<spad>>)
      outs(%s : memref<?x16xi32, #npu.space<acc>>) mode "bitserial" slices [2, 1]
  // CHECK-NEXT: npu.tables %[[A]] group 4 {waits = array<i64: 5, 1>} : memref<?x32xi8, #npu.space<spad>>
  npu.tables %a group 4 {waits = array<i64: 5, 1>} : memref<?x32xi8, #npu.space<spad>>
  // CHECK-NEXT: npu.lookup %[[P]] to %[[S]] group 4 : memref<32x32xi1, #npu.space<spad>> to memref<?x16xi32, #npu.space<acc>>
  npu.lookup %p to %s group 4 : memref<32x32xi1, #npu.space<spad>> to memref<?x16xi32, #npu.space<acc>>
  // CHECK-NEXT: npu.lookup %[[P]] to %[[S]] group 4 add true {signals = array<i64: 1, 1>}
  npu.lookup %p to %s group 4 add true {signals = array<i64: 1, 1>} : memref<32x32xi1, #npu.space<spad>> to memref<?x16xi32, #npu.space<acc>>
  return
}

// CHECK-LABEL: func @map
// CHECK-SAME:  (%[[X:.*]]: memref<8x64xf32, #npu.space<spad>>, %[[R:.*]]: memref<1x64xf32, #npu.space<spad>>, %[[C:.*]]: memref<8x1xf32, #npu.space<acc>>, %[[D:.*]]: memref<?x64xi8, #npu.space<spad>>)
func.func @map(%x: memref<8x64xf32, #npu.space<spad>>, %r: memref<1x64xf32, #npu.space<spad>>, %c: memref<8x1xf32, #npu.space<acc>>, %d: memref<?x64xi8, #npu.space<spad>>) {
  // CHECK-NEXT: npu.map "fma"(%[[X]], %[[R]], %[[C]]) to %[[X]] : memref<8x64xf32, #npu.space<spad>>, memref<1x64xf32, #npu.space<spad>>, memref<8x1xf32, #npu.space<acc>> to memref<8x64xf32, #npu.space<spad>>
  npu.map "fma"(%x, %r, %c) to %x : memref<8x64xf32, #npu.space<spad>>, memref<1x64xf32, #npu.space<spad>>, memref<8x1xf32, #npu.space<acc>> to memref<8x64xf32, #npu.space<spad>>
  // CHECK-NEXT: npu.map "copy"(%[[X]]) to %[[D]] {signals = array<i64: 1, 1>} : memref<8x64xf32, #npu.space<spad>> to memref<?x64xi8, #npu.space<spad>>
  npu.map "copy"(%x) to %d {signals = array<i64: 1, 1>} : memref<8x64xf32, #npu.space<spad>> to memref<?x64xi8, #npu.space<spad>>
  return
}

// CHECK-LABEL: func @reduce
// CHECK-SAME:  (%[[X:.*]]: memref<8x64xf32, #npu.space<spad>>, %[[C:.*]]: memref<8x1xf32, #npu.space<acc>>)
func.func @reduce(%x: memref<8x64xf32, #npu.space<spad>>, %c: memref<8x1xf32, #npu.space<acc>>) {
  // CHECK-NEXT: npu.reduce "amax" %[[X]] to %[[C]] : memref<8x64xf32, #npu.space<spad>> to memref<8x1xf32, #npu.space<acc>>
  npu.reduce "amax" %x to %c : memref<8x64xf32, #npu.space<spad>> to memref<8x1xf32, #npu.space<acc>>
  return
}

// CHECK-LABEL: func @control
// CHECK-SAME:  (%[[N:.*]]: memref<1x1xi16, #npu.space<spad>>)
func.func @control(%n: memref<1x1xi16, #npu.space<spad>>) -> index {
  // CHECK-NEXT: npu.sync "dma" channel(2) {waits = array<i64: 1, 1>}
  npu.sync "dma" channel(2) {waits = array<i64: 1, 1>}
  // CHECK-NEXT: npu.sync "topk" {signals = array<i64: 1, 1>}
  npu.sync "topk" {signals = array<i64: 1, 1>}
  // CHECK-NEXT: npu.fence
  npu.fence
  // CHECK-NEXT: %[[R:.*]] = npu.load %[[N]] bound 4294967295 : memref<1x1xi16, #npu.space<spad>>
  %r = npu.load %n bound 4294967295 : memref<1x1xi16, #npu.space<spad>>
  // CHECK-NEXT: return %[[R]]
  return %r : index
}

// CHECK-LABEL: func @gather
// CHECK-SAME:  (%[[T:.*]]: memref<11x24xi8, strided<[32, 1], offset: ?>>, %[[U:.*]]: memref<?x1xf32, #npu.space<spad>>, %[[I:.*]]: memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>, %[[R:.*]]: memref<?x24xi8, #npu.space<spad>>, %[[E:.*]]: memref<?x1xf32, #npu.space<spad>>)
func.func @gather(%t: memref<11x24xi8, strided<[32, 1], offset: ?>>, %u: memref<?x1xf32, #npu.space<spad>>, %i: memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>,
                  %r: memref<?x24xi8, #npu.space<spad>>, %e: memref<?x1xf32, #npu.space<spad>>) {
  // CHECK-NEXT: npu.gather %[[T]][%[[I]]] to %[[R]] : memref<11x24xi8, strided<[32, 1], offset: ?>>[memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<?x24xi8, #npu.space<spad>>
  npu.gather %t[%i] to %r : memref<11x24xi8, strided<[32, 1], offset: ?>>[memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<?x24xi8, #npu.space<spad>>
  // CHECK-NEXT: npu.gather channel(1) %[[U]][%[[I]]] to %[[E]] {waits = array<i64: 5, 1>}
  npu.gather channel(1) %u[%i] to %e {waits = array<i64: 5, 1>} : memref<?x1xf32, #npu.space<spad>>[memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<?x1xf32, #npu.space<spad>>
  return
}

// CHECK-LABEL: func @choices
// CHECK-SAME:  (%[[S:.*]]: memref<?x8xf32, #npu.space<spad>>, %[[V:.*]]: memref<?x2xf32, #npu.space<spad>>, %[[I:.*]]: memref<?x2xi32, #npu.space<spad>>, %[[P:.*]]: memref<?x2xi32, #npu.space<spad>>, %[[F:.*]]: memref<1x9xi32, #npu.space<spad>>)
func.func @choices(%s: memref<?x8xf32, #npu.space<spad>>, %v: memref<?x2xf32, #npu.space<spad>>, %i: memref<?x2xi32, #npu.space<spad>>,
                   %p: memref<?x2xi32, #npu.space<spad>>, %f: memref<1x9xi32, #npu.space<spad>>) {
  // CHECK-NEXT: npu.select %[[S]] to %[[V]], %[[I]] {signals = array<i64: 1, 1>} : memref<?x8xf32, #npu.space<spad>> to memref<?x2xf32, #npu.space<spad>>, memref<?x2xi32, #npu.space<spad>>
  npu.select %s to %v, %i {signals = array<i64: 1, 1>} : memref<?x8xf32, #npu.space<spad>> to memref<?x2xf32, #npu.space<spad>>, memref<?x2xi32, #npu.space<spad>>
  // CHECK-NEXT: npu.route %[[I]] to %[[P]], %[[I]], %[[F]] : memref<?x2xi32, #npu.space<spad>> to memref<?x2xi32, #npu.space<spad>>, memref<?x2xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  npu.route %i to %p, %i, %f : memref<?x2xi32, #npu.space<spad>> to memref<?x2xi32, #npu.space<spad>>, memref<?x2xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  return
}
