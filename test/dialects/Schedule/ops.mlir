// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s --mlir-print-op-generic | coopt-opt | FileCheck %s

// CHECK-LABEL: func.func @kernel(
func.func @kernel(%x: tensor<?x64xf32>, %past: index, %init: tensor<?x64xf32>, %row: tensor<?xf32>)
    -> (tensor<?x64xf32>, tensor<?xf32>) {
  // CHECK: %[[R:.*]]:2 = schedule.kernel "layers.0/mlp/gate" ins(%[[A:.*]] = %{{.*}} : tensor<?x64xf32>, %{{.*}} = %{{.*}} : index) outs(%{{.*}} = %{{.*}} : tensor<?x64xf32>, %{{.*}} = %{{.*}} : tensor<?xf32>)
  // CHECK-SAME: choices(#schedule.set<[<["tokens" le 1]> -> <tile = [1, 64]>, <["tokens" gt 1, "past" lt 7]> -> <tile = [4, 0], vector = 16, tail = [peel, mask]>, <[]> -> <tile = [4, 64]>]>)
  // CHECK-SAME: attributes {note = 1 : i64} {
  %r:2 = schedule.kernel "layers.0/mlp/gate" ins(%a = %x : tensor<?x64xf32>, %p = %past : index)
      outs(%o = %init : tensor<?x64xf32>, %s = %row : tensor<?xf32>)
      choices(#schedule.set<[#schedule.guard<["tokens" le 1]> -> #schedule.config<tile = [1, 64]>,
                             <["tokens" gt 1, "past" lt 7]> -> <vector = 16, tail = [peel, mask], tile = [4, 0]>,
                             <[]> -> <tile = [4, 64]>]>) attributes {note = 1 : i64} {
    // CHECK-NEXT: %[[Y:.*]] = math.exp %[[A]]
    %y = math.exp %a : tensor<?x64xf32>
    // CHECK-NEXT: schedule.yield %[[Y]], %{{.*}} : tensor<?x64xf32>, tensor<?xf32>
    schedule.yield %y, %s : tensor<?x64xf32>, tensor<?xf32>
  // CHECK-NEXT: } -> (tensor<?x64xf32>, tensor<?xf32>)
  } -> (tensor<?x64xf32>, tensor<?xf32>)
  return %r#0, %r#1 : tensor<?x64xf32>, tensor<?xf32>
}

// Memory among the destinations is written in place and has no result.
// CHECK-LABEL: func.func @buffers(
func.func @buffers(%x: memref<5xf32>, %o: memref<5xf32>) {
  // CHECK: schedule.kernel "copy" ins({{.*}} : memref<5xf32>) outs({{.*}} : memref<5xf32>) {
  schedule.kernel "copy" ins(%a = %x : memref<5xf32>) outs(%b = %o : memref<5xf32>) {
    memref.copy %a, %b : memref<5xf32> to memref<5xf32>
    // CHECK: schedule.yield
    schedule.yield
  // CHECK-NEXT: }
  }
  return
}

// CHECK-LABEL: func.func @attributes
// CHECK-SAME: config = #schedule.config<tile = [3], vector_rows = 4, tail = [runtime]>
// CHECK-SAME: guard = #schedule.guard<["a" ge 3, "b" eq 0]>
// CHECK-SAME: one = #schedule.condition<"a" lt 2>
func.func @attributes() attributes {
  config = #schedule.config<tile = [3], vector_rows = 4, tail = [runtime]>,
  guard = #schedule.guard<["a" ge 3, "b" eq 0]>,
  one = #schedule.condition<"a" lt 2>
} {
  return
}
