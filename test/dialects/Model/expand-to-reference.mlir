// RUN: coopt-opt %s -coopt-expand-to-reference -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @gather
// CHECK-SAME:  (%[[T:.*]]: tensor<512x63xf32>, %[[IDS:.*]]: tensor<?xi32>, %[[INIT:.*]]: tensor<?x63xf32>)
// CHECK:       linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[IDS]] : tensor<?xi32>) outs(%[[INIT]]
// CHECK:         %[[ROW:.*]] = arith.index_cast
// CHECK:         %[[COLUMN:.*]] = linalg.index 1
// CHECK:         tensor.extract %[[T]][%[[ROW]], %[[COLUMN]]]
// CHECK-NOT:   model.gather
func.func @gather(%t: tensor<512x63xf32>, %i: tensor<?xi32>, %o: tensor<?x63xf32>) -> tensor<?x63xf32> {
  %x = model.gather ins(%t, %i : tensor<512x63xf32>, tensor<?xi32>) outs(%o : tensor<?x63xf32>) -> tensor<?x63xf32>
  return %x : tensor<?x63xf32>
}

// Absent elements are not there: no padding, no identity that would turn -0 into +0.

// CHECK-LABEL: func @row_reduce
// CHECK-SAME:  (%[[X:.*]]: tensor<?x33xf32>, %[[INIT:.*]]: tensor<?xf32>)
// CHECK-DAG:   %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG:   %[[C33:.*]] = arith.constant 33 : index
// CHECK:       scf.for %[[I:[a-z0-9]*]] = {{.*}} iter_args(%{{.*}} = %[[INIT]])
// CHECK:         scf.for %[[J:[a-z0-9]*]] = %{{.*}} to %[[C33]]
// CHECK:           %[[E:.*]] = tensor.extract %[[X]][%[[I]], %[[J]]]
// CHECK:           %[[LANE:.*]] = arith.remui %[[J]], %[[C16]]
// CHECK:           %[[P:.*]] = tensor.extract %{{.*}}[%[[LANE]]]
// CHECK:           arith.addf %[[P]], %[[E]]
func.func @row_reduce(%x: tensor<?x33xf32>, %o: tensor<?xf32>) -> tensor<?xf32> {
  %s = model.row_reduce sum ins(%x : tensor<?x33xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  return %s : tensor<?xf32>
}

// CHECK-LABEL: func @scalar
// CHECK:       tensor.insert %{{.*}} into %{{.*}}[] : tensor<f32>
func.func @scalar(%x: tensor<?xf32>, %o: tensor<f32>) -> tensor<f32> {
  %s = model.row_reduce max ins(%x : tensor<?xf32>) outs(%o : tensor<f32>) -> tensor<f32>
  return %s : tensor<f32>
}

// CHECK-LABEL: func @unpack
// CHECK-SAME:  (%[[P:.*]]: tensor<11264xi8, {{.*}}>, %[[I:.*]]: index, %[[N:.*]]: index)
// CHECK:       tensor.generate %[[N]]
// CHECK:         tensor.extract %[[P]]
// CHECK:       : tensor<?x7xi8>
func.func @unpack(%p: tensor<11264xi8, #model.layout<"[172, 64] tile(d1:1, d0:4)">>, %i: index, %n: index) -> tensor<?x7xi8> {
  %x = model.unpack %p[%i, %n] (%n) : tensor<11264xi8, #model.layout<"[172, 64] tile(d1:1, d0:4)">> -> tensor<?x7xi8>
  return %x : tensor<?x7xi8>
}

// Memref forms are left to kernels.

// CHECK-LABEL: func @memref
// CHECK:       model.row_reduce
func.func @memref(%x: memref<?x33xf32>, %o: memref<?xf32>) {
  model.row_reduce sum ins(%x : memref<?x33xf32>) outs(%o : memref<?xf32>)
  return
}

// Storage in which codes have no bytes of their own is left, too.

// CHECK-LABEL: func @planes
// CHECK-DAG:   model.pack
// CHECK-DAG:   model.unpack
// CHECK:       return
func.func @planes(%x: tensor<172x64xi8>, %p: tensor<5632xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 4>>)
    -> (tensor<172x64xi8>, tensor<5632xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 4>>) {
  %q = model.pack %x : tensor<172x64xi8> -> tensor<5632xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 4>>
  %u = model.unpack %p : tensor<5632xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 4>> -> tensor<172x64xi8>
  return %u, %q : tensor<172x64xi8>, tensor<5632xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 4>>
}

// CHECK-LABEL: func @kept
// CHECK-DAG:   model.pack
// CHECK-DAG:   model.unpack
// CHECK:       return
func.func @kept(%x: tensor<172x64xi8>, %p: tensor<7040xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 8 keeps "2:4">>)
    -> (tensor<172x64xi8>, tensor<7040xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 8 keeps "2:4">>) {
  %q = model.pack %x : tensor<172x64xi8> -> tensor<7040xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 8 keeps "2:4">>
  %u = model.unpack %p : tensor<7040xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 8 keeps "2:4">> -> tensor<172x64xi8>
  return %u, %q : tensor<172x64xi8>, tensor<7040xi8, #model.layout<"[172, 64] tile(d1:2, d0:4, d1:4)", bits = 8 keeps "2:4">>
}
