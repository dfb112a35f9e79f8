// RUN: coopt-opt %s --coopt-lower-copies --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @copy
// CHECK-NOT: memref.copy
// CHECK: %[[X:.*]] = vector.load {{.*}} vector<16xi8>
// CHECK: vector.store %[[X]]
func.func @copy(%x: memref<4x48xi8, strided<[64, 1], offset: ?>>, %y: memref<4x48xi8>) {
  memref.copy %x, %y : memref<4x48xi8, strided<[64, 1], offset: ?>> to memref<4x48xi8>
  return
}

// CHECK-LABEL: func.func @fill
// CHECK-NOT: linalg.fill
// CHECK: vector.store {{.*}} vector<16xf32>
func.func @fill(%y: memref<4x48xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<4x48xf32>)
  return
}

// CHECK-LABEL: func.func @itself
// CHECK-NEXT: return
func.func @itself(%y: memref<4x48xf32>) {
  memref.copy %y, %y : memref<4x48xf32> to memref<4x48xf32>
  return
}
