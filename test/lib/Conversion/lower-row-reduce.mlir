// RUN: coopt-opt %s --coopt-lower-row-reduce --canonicalize | FileCheck %s

// 72 = 4 x 16 + 8; absent elements of a sum are -0, which changes no partial sum.
// CHECK-LABEL: func.func @sum
// CHECK-DAG: %[[ABSENT:.*]] = arith.constant dense<-0.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[START:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: scf.for
// CHECK:   %[[P:.*]] = scf.for {{.*}} iter_args(%[[OLD:.*]] = %[[START]])
// CHECK:     %[[X:.*]] = vector.load
// CHECK:     arith.addf %[[OLD]], %[[X]] : vector<16xf32>
// CHECK:   %[[TAIL:.*]] = vector.load {{.*}} vector<8xf32>
// CHECK:   %[[WIDE:.*]] = vector.insert_strided_slice %[[TAIL]], %[[ABSENT]]
// CHECK:   %[[Q:.*]] = arith.addf %[[P]], %[[WIDE]] : vector<16xf32>
// CHECK:   vector.extract_strided_slice %[[Q]] {offsets = [0], sizes = [8], strides = [1]}
// CHECK:   vector.extract_strided_slice %[[Q]] {offsets = [8], sizes = [8], strides = [1]}
// CHECK:   arith.addf {{.*}} : vector<8xf32>
// CHECK:   arith.addf {{.*}} : vector<4xf32>
// CHECK:   arith.addf {{.*}} : vector<2xf32>
// CHECK:   arith.addf {{.*}} : vector<1xf32>
// CHECK:   memref.store
func.func @sum(%x: memref<?x72xf32>, %y: memref<?xf32>) {
  model.row_reduce sum ins(%x : memref<?x72xf32>) outs(%y : memref<?xf32>)
  return
}

// CHECK-LABEL: func.func @amax
// CHECK: scf.if
// CHECK:   vector.maskedload
// CHECK:   math.absf
// CHECK:   arith.maximumf
func.func @amax(%x: memref<?xf32>, %y: memref<f32>) {
  model.row_reduce amax ins(%x : memref<?xf32>) outs(%y : memref<f32>)
  return
}
