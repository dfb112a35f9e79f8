// RUN: coopt-opt %s --npu-double-buffer | FileCheck %s

// What the array takes as weights comes in its own buffer in either round.
// CHECK-LABEL: func @weights
// CHECK:       scf.for %{{.*}} = %c0 to %{{.*}} step
// CHECK:         %[[A:.*]] = memref.alloc
// CHECK:         npu.copy %{{.*}} to %[[A]]
// CHECK:         npu.matmul ins(%{{.*}}, %[[A]]
// CHECK:         %[[B:.*]] = memref.alloc
// CHECK:         npu.copy %{{.*}} to %[[B]]
// CHECK:         npu.matmul ins(%{{.*}}, %[[B]]
// CHECK-NOT:     memref.alloc
// CHECK:       }
func.func @weights(%w: memref<8x16xi8>, %x: memref<4x8xi8, #npu.space<spad>>, %y: memref<4x16xi32, #npu.space<acc>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.alloc() : memref<8x16xi8, #npu.space<spad>>
    npu.copy %w to %a : memref<8x16xi8> to memref<8x16xi8, #npu.space<spad>>
    npu.matmul ins(%x, %a : memref<4x8xi8, #npu.space<spad>>, memref<8x16xi8, #npu.space<spad>>) outs(%y : memref<4x16xi32, #npu.space<acc>>) add true
  }
  return
}

// What a loop inside works on, too; the loop inside brings nothing.
// CHECK-LABEL: func @inside
// CHECK-COUNT-2: npu.copy
// CHECK-NOT:     npu.copy
func.func @inside(%k: memref<8x16xf32>, %x: memref<8x16xf32, #npu.space<spad>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.alloc() : memref<8x16xf32, #npu.space<spad>>
    npu.copy %k to %a : memref<8x16xf32> to memref<8x16xf32, #npu.space<spad>>
    scf.for %j = %c0 to %c6 step %c1 {
      npu.map "mul"(%a, %x) to %x : memref<8x16xf32, #npu.space<spad>>, memref<8x16xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
    }
  }
  return
}

// A loop whose rounds are counted at run time, and one that brings what one op of its own works on, stay as they are.
// CHECK-LABEL: func @stay
// CHECK:         npu.copy
// CHECK:         npu.copy
// CHECK-NOT:     npu.copy
func.func @stay(%n: index, %w: memref<8x16xi8>, %k: memref<8x16xf32>, %v: memref<4x8xi8, #npu.space<spad>>, %x: memref<8x16xf32, #npu.space<spad>>,
                %y: memref<4x16xi32, #npu.space<acc>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc() : memref<8x16xi8, #npu.space<spad>>
    npu.copy %w to %a : memref<8x16xi8> to memref<8x16xi8, #npu.space<spad>>
    npu.matmul ins(%v, %a : memref<4x8xi8, #npu.space<spad>>, memref<8x16xi8, #npu.space<spad>>) outs(%y : memref<4x16xi32, #npu.space<acc>>) add true
  }
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.alloc() : memref<8x16xf32, #npu.space<spad>>
    npu.copy %k to %a : memref<8x16xf32> to memref<8x16xf32, #npu.space<spad>>
    npu.map "mul"(%a, %x) to %x : memref<8x16xf32, #npu.space<spad>>, memref<8x16xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
  }
  return
}
