// What ops wait for and signal is what their entries do: of a product the weights wait and the stream signals.

// RUN: rm -rf %t
// RUN: coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/kernel.npu.txt --check=npu:edge1 -o %t/kernel.npu
// RUN: coopt-npu-objdump %t/kernel.npu | FileCheck %s

// CHECK:      core 0
// CHECK-NEXT:   dma.copy to=spad[0x0] from=dram[0x0] bytes=256 count=1 from1=0 to1=0 shaped=no | signal 1:1
// CHECK-NEXT:   dma.copy to=spad[0x100] from=dram[0x1000] bytes=256 count=1 from1=0 to1=0 shaped=no | channel 1 signal 2:2 signal 7:1
// CHECK-NEXT:   vec.mode {{.*}}stride=64 a_stride=64
// CHECK-NEXT:   vec.map function=abs to=spad[0x100] a=spad[0x100] {{.*}} | wait 7:1 signal 6:1
// CHECK-NEXT:   mxu.mode
// CHECK-NEXT:   mxu.weights from=spad[0x100] rows=16 columns=16 | wait 1:1 wait 2:2 wait 6:1
// CHECK-NEXT:   mxu.stream from=spad[0x0] to=acc[0x0] rows=16 update=write swap=yes | signal 3:1
// CHECK-NEXT:   vec.sync | wait 3:1 signal 4:1
// CHECK-NEXT:   dma.sync | channel 1 wait 4:1
// CHECK-NEXT:   mxu.sync | signal 8:1
// CHECK-NEXT:   topk.sync | wait 8:1 signal 9:1
// CHECK-NEXT:   fence | wait 9:1
// CHECK-NEXT:   halt
func.func @kernel(%a: memref<16x16xi8> {npu.symbol = "a", npu.bytes = 256 : i64}, %w: memref<16x16xi8> {npu.symbol = "w", npu.bytes = 256 : i64}) {
  %s = memref.alloc() : memref<16x16xi8, #npu.space<spad>>
  %t = memref.alloc() : memref<4x64xi8, #npu.space<spad>>
  %sums = memref.alloc() : memref<16x16xi32, #npu.space<acc>>
  npu.copy %a to %s {signals = array<i64: 1, 1>} : memref<16x16xi8> to memref<16x16xi8, #npu.space<spad>>
  %v = memref.reinterpret_cast %t to offset: [0], sizes: [16, 16], strides: [16, 1] : memref<4x64xi8, #npu.space<spad>> to memref<16x16xi8, strided<[16, 1]>, #npu.space<spad>>
  npu.copy channel(1) %w to %v {signals = array<i64: 2, 2, 7, 1>} : memref<16x16xi8> to memref<16x16xi8, strided<[16, 1]>, #npu.space<spad>>
  npu.map "abs"(%t) to %t {waits = array<i64: 7, 1>, signals = array<i64: 6, 1>} : memref<4x64xi8, #npu.space<spad>> to memref<4x64xi8, #npu.space<spad>>
  npu.matmul ins(%s, %v : memref<16x16xi8, #npu.space<spad>>, memref<16x16xi8, strided<[16, 1]>, #npu.space<spad>>)
      outs(%sums : memref<16x16xi32, #npu.space<acc>>) {waits = array<i64: 1, 1, 2, 2, 6, 1>, signals = array<i64: 3, 1>}
  npu.sync "vector" {waits = array<i64: 3, 1>, signals = array<i64: 4, 1>}
  npu.sync "dma" channel(1) {waits = array<i64: 4, 1>}
  npu.sync "matrix" {signals = array<i64: 8, 1>}
  npu.sync "topk" {waits = array<i64: 8, 1>, signals = array<i64: 9, 1>}
  npu.fence {waits = array<i64: 9, 1>}
  return
}
