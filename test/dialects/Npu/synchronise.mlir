// What one engine makes another one needs: as it is, the program is none that the checks accept; with npu-synchronise it is.

// RUN: rm -rf %t
// RUN: coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t/without -o %t.mlir
// RUN: not coopt-npu-objdump --assemble %t/without/straight.npu.txt --check=npu:edge1 -o %t/none.npu 2>&1 | FileCheck %s --check-prefix=STRAIGHT
// STRAIGHT: core 0, entry {{[0-9]+}} ({{.*}}, straight): {{.*}}: no semaphore orders them
// RUN: not coopt-npu-objdump --assemble %t/without/loop.npu.txt --check=npu:edge1 -o %t/none.npu 2>&1 | FileCheck %s --check-prefix=LOOP
// LOOP: core 0, entry {{[0-9]+}} ({{.*}}, loop): {{.*}}: no semaphore orders them
// RUN: coopt-opt %s --npu-allocate-memory --npu-synchronise --coopt-emit-npu-images=output=%t/with -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/with/straight.npu.txt --check=npu:edge1 -o %t/straight.npu
// RUN: coopt-npu-objdump --assemble %t/with/loop.npu.txt --check=npu:edge1 -o %t/loop.npu

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
