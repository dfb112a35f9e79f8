// RUN: rm -rf %t && split-file %s %t
// RUN: coopt-opt %t/good.mlir --npu-allocate-memory | FileCheck %s
// RUN: not coopt-opt %t/large.mlir --npu-allocate-memory=machine=npu:gemmini16 2>&1 | FileCheck %s --check-prefix=LARGE --implicit-check-not=error:
// RUN: coopt-opt %t/large.mlir --npu-allocate-memory=machine=npu:edge1 -o %t/fits.mlir
// RUN: not coopt-opt %t/bad.mlir --npu-allocate-memory --split-input-file 2>&1 | FileCheck %s --check-prefix=BAD --implicit-check-not=error:
// RUN: not coopt-opt %t/large.mlir --npu-allocate-memory=machine=npu:edge2 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: machine: {{.*}}edge2
// RUN: not coopt-opt %t/large.mlir --npu-allocate-memory=machine=cpu:amx 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: error: machine: 'cpu:amx' is of kind cpu, expected npu

//--- good.mlir

// Buffers that live at the same time lie behind each other, at multiples of the memory's width (64 bytes); spad and acc are two memories.
// What is not used any more gives its place to the next that fits.
// CHECK-LABEL: func @reuse
func.func @reuse(%x: memref<10xf32>, %y: memref<100xf32>, %z: memref<16x16xi32>) {
  // CHECK-NEXT: %[[A:.*]] = memref.alloc() {npu.address = 0 : i64} : memref<10xf32, #npu.space<spad>>
  %a = memref.alloc() : memref<10xf32, #npu.space<spad>>
  // CHECK-NEXT: memref.alloc() {npu.address = 64 : i64} : memref<100xf32, #npu.space<spad>>
  %b = memref.alloc() : memref<100xf32, #npu.space<spad>>
  // CHECK-NEXT: memref.alloc() {npu.address = 0 : i64} : memref<16x16xi32, #npu.space<acc>>
  %c = memref.alloc() : memref<16x16xi32, #npu.space<acc>>
  npu.copy %x to %a : memref<10xf32> to memref<10xf32, #npu.space<spad>>
  npu.copy %y to %b : memref<100xf32> to memref<100xf32, #npu.space<spad>>
  npu.copy %a to %x : memref<10xf32, #npu.space<spad>> to memref<10xf32>
  // The first place is free, but too small: 65 bytes, aligned, would meet the second buffer.
  // CHECK: memref.alloc() {npu.address = 512 : i64} : memref<65xi8, #npu.space<spad>>
  %d = memref.alloc() : memref<65xi8, #npu.space<spad>>
  npu.fill 0 to %d : memref<65xi8, #npu.space<spad>>
  // CHECK: memref.alloc() {npu.address = 0 : i64} : memref<64xi8, #npu.space<spad>>
  %e = memref.alloc() : memref<64xi8, #npu.space<spad>>
  npu.fill 0 to %e : memref<64xi8, #npu.space<spad>>
  npu.copy %b to %y : memref<100xf32, #npu.space<spad>> to memref<100xf32>
  npu.copy %c to %z : memref<16x16xi32, #npu.space<acc>> to memref<16x16xi32>
  return
}

// A buffer lives as long as its views. What a loop uses lives until the loop's end, what it makes until its round's.
// CHECK-LABEL: func @loops
func.func @loops(%x: memref<64xi8>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: memref.alloc() {npu.address = 0 : i64}
  %a = memref.alloc() : memref<64xi8, #npu.space<spad>>
  %v = memref.reinterpret_cast %a to offset: [0], sizes: [64], strides: [1] : memref<64xi8, #npu.space<spad>> to memref<64xi8, strided<[1]>, #npu.space<spad>>
  scf.for %i = %c0 to %n step %c1 {
    npu.copy %x to %v : memref<64xi8> to memref<64xi8, strided<[1]>, #npu.space<spad>>
    // CHECK: memref.alloc() {npu.address = 64 : i64}
    %b = memref.alloc() : memref<64xi8, #npu.space<spad>>
    npu.fill 1 to %b : memref<64xi8, #npu.space<spad>>
    // Buffers of a loop share nothing where there is room: its engines work on several of them at a time.
    // CHECK: memref.alloc() {npu.address = 128 : i64}
    %c = memref.alloc() : memref<64xi8, #npu.space<spad>>
    npu.fill 1 to %c : memref<64xi8, #npu.space<spad>>
  }
  // CHECK: memref.alloc() {npu.address = 0 : i64}
  %d = memref.alloc() : memref<64xi8, #npu.space<spad>>
  npu.fill 1 to %d : memref<64xi8, #npu.space<spad>>
  return
}

//--- large.mlir
// LARGE: large.mlir:2:1: error: needs 262160 bytes of spad at a time, a core has 262144: 16 too many
func.func @spad() {
  %a = memref.alloc() : memref<262144xi8, #npu.space<spad>>
  %b = memref.alloc() : memref<16xi8, #npu.space<spad>>
  npu.fill 1 to %b : memref<16xi8, #npu.space<spad>>
  npu.fill 1 to %a : memref<262144xi8, #npu.space<spad>>
  return
}
// LARGE: large.mlir:10:1: error: needs 65540 bytes of acc at a time, a core has 65536: 4 too many
func.func @acc() {
  %a = memref.alloc() : memref<16385xi32, #npu.space<acc>>
  npu.fill 1 to %a : memref<16385xi32, #npu.space<acc>>
  return
}

//--- bad.mlir
func.func @dram() {
  // BAD: bad.mlir:3:8: error: is in dram: only spad and acc are allocated
  %a = memref.alloc() : memref<16xi8>
  return
}
// -----
func.func @l2() {
  // BAD: error: is in l2: only spad and acc are allocated
  %a = memref.alloc() : memref<16xi8, #npu.space<l2>>
  return
}
// -----
func.func @extent(%n: index) {
  // BAD: error: has an extent of run time
  %a = memref.alloc(%n) : memref<?xi8, #npu.space<spad>>
  return
}
