// RUN: coopt-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @inputs(
// CHECK-SAME: %[[X:.*]]: tensor<?xf32>, %{{.*}}: tensor<?xf32>, %[[N:.*]]: index, %[[O:.*]]: tensor<?xf32>
func.func @inputs(%x: tensor<?xf32>, %y: tensor<?xf32>, %n: index, %o: tensor<?xf32>) -> tensor<?xf32> {
  // %y is not used, %x comes twice.
  // CHECK: schedule.kernel "k" ins(%[[A:.*]] = %[[X]] : tensor<?xf32>, %[[I:.*]] = %[[N]] : index) outs(%[[D:.*]] = %[[O]] : tensor<?xf32>) {
  // CHECK-NEXT: %[[V:.*]] = tensor.extract %[[A]][%[[I]]]
  // CHECK-NEXT: %[[W:.*]] = tensor.extract %[[A]][%[[I]]]
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[V]], %[[W]]
  // CHECK-NEXT: tensor.insert %[[S]] into %[[D]][%[[I]]]
  %r = schedule.kernel "k" ins(%a = %x : tensor<?xf32>, %b = %y : tensor<?xf32>, %c = %x : tensor<?xf32>, %i = %n : index)
      outs(%d = %o : tensor<?xf32>) {
    %v = tensor.extract %a[%i] : tensor<?xf32>
    %w = tensor.extract %c[%i] : tensor<?xf32>
    %s = arith.addf %v, %w : f32
    %t = tensor.insert %s into %d[%i] : tensor<?xf32>
    schedule.yield %t : tensor<?xf32>
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// A destination stays, used or not: it is what the result is a new value of.
// CHECK-LABEL: func.func @destination(
func.func @destination(%x: tensor<3xf32>, %o: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK: ins(%{{.*}} = %{{.*}} : tensor<3xf32>) outs(%{{.*}} = %{{.*}} : tensor<3xf32>)
  %r = schedule.kernel "k" ins(%a = %x : tensor<3xf32>) outs(%d = %o : tensor<3xf32>) {
    schedule.yield %a : tensor<3xf32>
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

// A kernel whose results nobody uses goes, if it writes no memory.
// CHECK-LABEL: func.func @unused(
func.func @unused(%x: tensor<3xf32>, %m: memref<3xf32>) {
  // CHECK-NOT: schedule.kernel "pure"
  %r = schedule.kernel "pure" outs(%d = %x : tensor<3xf32>) {
    schedule.yield %d : tensor<3xf32>
  } -> tensor<3xf32>
  // CHECK: schedule.kernel "writes"
  schedule.kernel "writes" outs(%d = %m : memref<3xf32>) {
    %c = arith.constant 0 : index
    %z = arith.constant 0.0 : f32
    memref.store %z, %d[%c] : memref<3xf32>
    schedule.yield
  }
  return
}

// -----

// CHECK-LABEL: func.func @choices(
func.func @choices(%x: tensor<3xf32>) -> tensor<3xf32> {
  // No size is negative, and none is below 4 and above 8; what comes behind a guard that is true is never chosen.
  // CHECK: choices(#schedule.set<[<["n" lt 4]> -> <tile = [1]>, <[]> -> <tile = [2]>]>)
  %r = schedule.kernel "k" outs(%d = %x : tensor<3xf32>)
      choices(#schedule.set<[<["n" lt 4, "m" ge 0, "n" lt 8]> -> <tile = [1]>, <["n" lt 4, "n" gt 8]> -> <tile = [3]>,
                             <["n" ge 0]> -> <tile = [2]>, <["n" eq 100]> -> <tile = [4]>, <[]> -> <tile = [5]>]>) {
    schedule.yield %d : tensor<3xf32>
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

// A choice that makes no difference.
// CHECK-LABEL: func.func @same(
func.func @same(%x: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK: choices(#schedule.set<[<["n" le 0]> -> <tile = [7]>, <[]> -> <tile = [1]>]>)
  %r = schedule.kernel "k" outs(%d = %x : tensor<3xf32>)
      choices(#schedule.set<[<["n" le 0, "n" eq 0]> -> <tile = [7]>, <["n" lt 4]> -> <tile = [1]>, <["m" lt 4]> -> <tile = [1]>, <[]> -> <tile = [1]>]>) {
    schedule.yield %d : tensor<3xf32>
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}
