// What one engine makes another one needs: as it is, the program is none that the checks accept; with npu-synchronise it is.

// RUN: rm -rf %t
// RUN: coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t/without -o %t.mlir
// RUN: not coopt-npu-objdump --assemble %t/without/straight.npu.txt --check=npu:edge1 -o %t/none.npu 2>&1 | FileCheck %s --check-prefix=STRAIGHT
// STRAIGHT: core 0, entry {{[0-9]+}} ({{.*}}, straight): {{.*}}: no semaphore orders them
// RUN: not coopt-npu-objdump --assemble %t/without/loop.npu.txt --check=npu:edge1 -o %t/none.npu 2>&1 | FileCheck %s --check-prefix=LOOP
// LOOP: core 0, entry {{[0-9]+}} ({{.*}}, loop): {{.*}}: no semaphore orders them
// RUN: not coopt-npu-objdump --assemble %t/without/choices.npu.txt --check=npu:edge1 -o %t/none.npu 2>&1 | FileCheck %s --check-prefix=CHOICES
// CHOICES: core 0, entry {{[0-9]+}} ({{.*}}, choices): {{.*}}: no semaphore orders them
// RUN: coopt-opt %s --npu-allocate-memory --npu-synchronise --coopt-emit-npu-images=output=%t/with -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/with/straight.npu.txt --check=npu:edge1 -o %t/straight.npu
// RUN: coopt-npu-objdump --assemble %t/with/loop.npu.txt --check=npu:edge1 -o %t/loop.npu
// RUN: coopt-npu-objdump --assemble %t/with/choices.npu.txt --check=npu:edge1 -o %t/choices.npu
// RUN: FileCheck %s --check-prefix=ORDER < %t/with/choices.npu.txt

func.func @straight(%x: memref<4x8xf32> {npu.symbol = "x", npu.bytes = 128 : i64}) {
  %s = memref.alloc() : memref<4x8xf32, #npu.space<spad>>
  npu.copy %x to %s : memref<4x8xf32> to memref<4x8xf32, #npu.space<spad>>
  npu.map "neg"(%s) to %s : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  npu.copy channel(1) %s to %x : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32>
  return
}

// The last op of a round and the first of the next one.
func.func @loop(%x: memref<4x8xf32> {npu.symbol = "x", npu.bytes = 128 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %s = memref.alloc() : memref<4x8xf32, #npu.space<spad>>
  scf.for %i = %c0 to %c9 step %c1 {
    npu.copy %x to %s : memref<4x8xf32> to memref<4x8xf32, #npu.space<spad>>
    npu.map "neg"(%s) to %s : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  }
  npu.copy channel(1) %s to %x : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32>
  return
}

// Three engines in turn: scores come, are chosen from, sorted, and what was chosen is gathered.
// ORDER: dma.copy {{.*}} signal [[COME:[0-9]+]]:1
// ORDER: topk.select {{.*}} wait [[COME]]:1
// ORDER: topk.route {{.*}} signal [[SORTED:[0-9]+]]:1
// ORDER: dma.gather {{.*}} wait [[SORTED]]:1
func.func @choices(%x: memref<4x8xf32> {npu.symbol = "x", npu.bytes = 128 : i64}, %y: memref<4x8xf32> {npu.symbol = "y", npu.bytes = 128 : i64}) {
  %s = memref.alloc() : memref<4x8xf32, #npu.space<spad>>
  %v = memref.alloc() : memref<4x1xf32, #npu.space<spad>>
  %i = memref.alloc() : memref<4x1xi32, #npu.space<spad>>
  %p = memref.alloc() : memref<4x1xi32, #npu.space<spad>>
  %t = memref.alloc() : memref<4x1xi32, #npu.space<spad>>
  %f = memref.alloc() : memref<1x9xi32, #npu.space<spad>>
  npu.copy %x to %s : memref<4x8xf32> to memref<4x8xf32, #npu.space<spad>>
  npu.select %s to %v, %i : memref<4x8xf32, #npu.space<spad>> to memref<4x1xf32, #npu.space<spad>>, memref<4x1xi32, #npu.space<spad>>
  npu.route %i to %p, %t, %f : memref<4x1xi32, #npu.space<spad>> to memref<4x1xi32, #npu.space<spad>>, memref<4x1xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  %list = memref.reinterpret_cast %t to offset: [0], sizes: [1, 4], strides: [1, 1] : memref<4x1xi32, #npu.space<spad>> to memref<1x4xi32, strided<[1, 1]>, #npu.space<spad>>
  npu.gather %x[%list] to %s : memref<4x8xf32>[memref<1x4xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<4x8xf32, #npu.space<spad>>
  npu.copy channel(1) %s to %y : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32>
  return
}
