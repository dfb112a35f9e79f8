// RUN: coopt-opt %s --coopt-lower-gather --coopt-materialize-unpack --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @rows
// CHECK: scf.for
// CHECK:   memref.load
// CHECK:   arith.index_cast
// CHECK:   vector.load {{.*}} vector<16xf32>
// CHECK:   vector.store {{.*}} vector<16xf32>
func.func @rows(%t: memref<512x16xf32>, %i: memref<?xi32>, %y: memref<?x16xf32>) {
  model.gather ins(%t, %i : memref<512x16xf32>, memref<?xi32>) outs(%y : memref<?x16xf32>)
  return
}

// The storage is read where the layout says; nothing is copied first.
// CHECK-LABEL: func.func @packed
// CHECK-NOT: model.unpack
// CHECK-NOT: memref.alloc
// CHECK: arith.shrui
// CHECK: memref.load {{.*}} : memref<32768xi8>
func.func @packed(%p: memref<32768xi8>, %i: memref<?xi32>, %y: memref<?x64xi8>) {
  %t = model.unpack %p layout(<"[512, 64] tile(d1:1, d0:4) outer(d0, d1)">) : memref<32768xi8> -> memref<512x64xi8>
  model.gather ins(%t, %i : memref<512x64xi8>, memref<?xi32>) outs(%y : memref<?x64xi8>)
  return
}

// Centred codes get back what was taken from them.
// CHECK-LABEL: func.func @centred
// CHECK-DAG: %[[HALF:.*]] = arith.constant 8 : i8
// CHECK: memref.load {{.*}} : memref<16384xi8>
// CHECK: %[[STORED:.*]] = arith.andi
// CHECK: arith.xori %{{.*}}, %[[HALF]] : i8
func.func @centred(%p: memref<16384xi8>, %i: memref<?xi32>, %y: memref<?x64xi8>) {
  %t = model.unpack %p layout(<"[512, 64] basis(d0:8^1^2^4) outer(d0, d1)", bits = 4 centred>) : memref<16384xi8> -> memref<512x64xi8>
  model.gather ins(%t, %i : memref<512x64xi8>, memref<?xi32>) outs(%y : memref<?x64xi8>)
  return
}

// Any other user reads a copy.
// CHECK-LABEL: func.func @copied
// CHECK: %[[COPY:.*]] = memref.alloc() : memref<16x64xf32>
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     memref.store {{.*}}, %[[COPY]]
// CHECK: linalg.copy ins(%[[COPY]]
func.func @copied(%p: memref<11264xf32>, %n: index, %y: memref<16x64xf32>) {
  %c0 = arith.constant 0 : index
  %t = model.unpack %p[%n, %c0] layout(<"[172, 64] tile(d0:4) outer(d0, d1)">)
      : memref<11264xf32> -> memref<16x64xf32>
  linalg.copy ins(%t : memref<16x64xf32>) outs(%y : memref<16x64xf32>)
  return
}
