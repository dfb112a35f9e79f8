// RUN: rm -rf %t && split-file %s %t
// RUN: coopt-opt %t/good.mlir --npu-allocate-memory | FileCheck %s
// RUN: not coopt-opt %t/large.mlir --npu-allocate-memory=machine=npu:gemmini16 2>&1 | FileCheck %s --check-prefix=LARGE --implicit-check-not=error:
// RUN: coopt-opt %t/large.mlir --npu-allocate-memory=machine=npu:edge1 -o %t/fits.mlir
// RUN: not coopt-opt %t/bad.mlir --npu-allocate-memory --split-input-file 2>&1 | FileCheck %s --check-prefix=BAD --implicit-check-not=error:
// RUN: not coopt-opt %t/large.mlir --npu-allocate-memory=machine=npu:edge2 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not coopt-opt %t/crowded.mlir --npu-allocate-memory 2>&1 | FileCheck %s --check-prefix=CROWDED --implicit-check-not=error:
// RUN: not coopt-opt %t/apart.mlir --npu-allocate-memory 2>&1 | FileCheck %s --check-prefix=APART --implicit-check-not=error:
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

// In the order of the program, by size or by length of life: each leaves a gap beside the last buffer, which takes seven eighths of the memory. It has
// room if the one before it lies at an end, where the first one was.
// CHECK-LABEL: func @fragments
func.func @fragments() {
  // CHECK: memref.alloc() {npu.address = [[A:[0-9]+]] : i64} : memref<65536xi8
  %a = memref.alloc() : memref<65536xi8, #npu.space<spad>>
  // CHECK: memref.alloc() {npu.address = [[B:0|458752]] : i64} : memref<65536xi8
  %b = memref.alloc() : memref<65536xi8, #npu.space<spad>>
  // CHECK: memref.alloc() {npu.address = {{0|131072}} : i64} : memref<393216xi8
  %c = memref.alloc() : memref<393216xi8, #npu.space<spad>>
  npu.fill 1 to %a : memref<65536xi8, #npu.space<spad>>
  // CHECK: memref.alloc() {npu.address = [[A]] : i64} : memref<65536xi8
  %d = memref.alloc() : memref<65536xi8, #npu.space<spad>>
  npu.fill 1 to %b : memref<65536xi8, #npu.space<spad>>
  // CHECK: memref.alloc() {npu.address = [[B]] : i64} : memref<65536xi8
  %e = memref.alloc() : memref<65536xi8, #npu.space<spad>>
  npu.fill 1 to %c : memref<393216xi8, #npu.space<spad>>
  npu.fill 1 to %d : memref<65536xi8, #npu.space<spad>>
  // CHECK: memref.alloc() {npu.address = {{0|65536}} : i64} : memref<458752xi8
  %f = memref.alloc() : memref<458752xi8, #npu.space<spad>>
  npu.fill 1 to %e : memref<65536xi8, #npu.space<spad>>
  npu.fill 1 to %f : memref<458752xi8, #npu.space<spad>>
  return
}

//--- crowded.mlir
// Of what does not fit, as few buffers as do not, at the op that needs them; what they hold; the mask is not named.
// CROWDED: crowded.mlir:13:3: error: '384x384xi8 of keys' and '256x384xf32 of npu.map copy' are there together at 'npu.map' and need 540672 bytes, spad has 524288: with all that is there 18432 too many
// CROWDED: crowded.mlir:6:1: note: in kernel 'attend'
// CROWDED: crowded.mlir:7:8: note: '384x384xi8 of keys' needs 147456 bytes
// CROWDED: crowded.mlir:11:8: note: '256x384xf32 of npu.map copy' needs 393216 bytes
func.func @attend(%keys: memref<384x384xi8> {npu.symbol = "keys", npu.bytes = 147456 : i64}, %mask: memref<2048xi8>) {
  %k = memref.alloc() : memref<384x384xi8, #npu.space<spad>>
  npu.copy %keys to %k : memref<384x384xi8> to memref<384x384xi8, #npu.space<spad>>
  %m = memref.alloc() : memref<2048xi8, #npu.space<spad>>
  npu.copy %mask to %m : memref<2048xi8> to memref<2048xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<256x384xf32, #npu.space<spad>>
  %v = memref.reinterpret_cast %s to offset: [0], sizes: [256, 384], strides: [384, 1] : memref<256x384xf32, #npu.space<spad>> to memref<256x384xf32, strided<[384, 1]>, #npu.space<spad>>
  npu.map "copy"(%v) to %v : memref<256x384xf32, strided<[384, 1]>, #npu.space<spad>> to memref<256x384xf32, strided<[384, 1]>, #npu.space<spad>>
  npu.copy %k to %keys : memref<384x384xi8, #npu.space<spad>> to memref<384x384xi8>
  npu.copy %m to %mask : memref<2048xi8, #npu.space<spad>> to memref<2048xi8>
  return
}

//--- apart.mlir
// In quarters of the memory never more than four are used at a time, but whatever the places, two meet.
// APART: apart.mlir:3:1: error: uses up to 524288 bytes of spad at a time, a core has 524288, but no places were found where all that lives at a time lies apart
func.func @apart() {
  %a = memref.alloc() : memref<393216xi8, #npu.space<spad>>
  %b = memref.alloc() : memref<131072xi8, #npu.space<spad>>
  npu.fill 1 to %a : memref<393216xi8, #npu.space<spad>>
  %c = memref.alloc() : memref<262144xi8, #npu.space<spad>>
  %d = memref.alloc() : memref<131072xi8, #npu.space<spad>>
  npu.fill 1 to %c : memref<262144xi8, #npu.space<spad>>
  %e = memref.alloc() : memref<131072xi8, #npu.space<spad>>
  npu.fill 1 to %b : memref<131072xi8, #npu.space<spad>>
  %f = memref.alloc() : memref<262144xi8, #npu.space<spad>>
  npu.fill 1 to %f : memref<262144xi8, #npu.space<spad>>
  npu.fill 1 to %d : memref<131072xi8, #npu.space<spad>>
  %g = memref.alloc() : memref<393216xi8, #npu.space<spad>>
  npu.fill 1 to %e : memref<131072xi8, #npu.space<spad>>
  npu.fill 1 to %g : memref<393216xi8, #npu.space<spad>>
  return
}

//--- large.mlir
// LARGE: large.mlir:7:3: error: '262144xi8 of npu.fill' and '16xi8 of npu.fill' are there together at 'npu.fill' and need 262160 bytes, spad has 262144: with all that is there 16 too many
// LARGE: large.mlir:5:8: note: '262144xi8 of npu.fill' needs 262144 bytes
// LARGE: large.mlir:6:8: note: '16xi8 of npu.fill' needs 16 bytes
func.func @spad() {
  %a = memref.alloc() : memref<262144xi8, #npu.space<spad>>
  %b = memref.alloc() : memref<16xi8, #npu.space<spad>>
  npu.fill 1 to %b : memref<16xi8, #npu.space<spad>>
  npu.fill 1 to %a : memref<262144xi8, #npu.space<spad>>
  return
}
// LARGE: large.mlir:14:3: error: '16385xi32 of npu.fill' is there at 'npu.fill' and needs 65600 bytes, acc has 65536: with all that is there 64 too many
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
