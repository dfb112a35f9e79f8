// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -mlir-print-op-generic | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -emit-bytecode | coopt-opt | FileCheck %s

// A parameter whose elements follow a pattern.

// CHECK: model.parameter @codes : tensor<172x64xi4> {sparse.pattern = #sparse.pattern<"2:4x8x16">}
model.parameter @codes : tensor<172x64xi4> {sparse.pattern = #sparse.pattern<"2:4x8x16">}
// The text is kept as it was written.
// CHECK: model.parameter @share : tensor<172x64xi8> {sparse.pattern = #sparse.pattern<"block8x16:0.5">}
model.parameter @share : tensor<172x64xi8> {sparse.pattern = #sparse.pattern<"block8x16:0.5">}

// CHECK-LABEL: func @topk_select
// CHECK-SAME:  (%[[W:.*]]: tensor<172x64xf32>, %[[D:.*]]: tensor<?x61xf32>)
func.func @topk_select(%w: tensor<172x64xf32>, %d: tensor<?x61xf32>) {
  // CHECK-NEXT: sparse.topk_select %[[W]] pattern(<"2:4">) {coopt.id = "a/b"} : tensor<172x64xf32> -> tensor<172x64xi1>
  %0 = sparse.topk_select %w pattern(<"2:4">) {coopt.id = "a/b"} : tensor<172x64xf32> -> tensor<172x64xi1>
  // CHECK-NEXT: sparse.topk_select %[[W]] pattern(<"2:4x16">) statistics("layers.0/mlp/up_proj") : tensor<172x64xf32> -> tensor<172x4xi1>
  %1 = sparse.topk_select %w pattern(<"2:4x16">) statistics("layers.0/mlp/up_proj") : tensor<172x64xf32> -> tensor<172x4xi1>
  // CHECK-NEXT: sparse.topk_select %[[W]] pattern(<"2:4x8x16">) : tensor<172x64xf32> -> tensor<172x4xi1>
  %2 = sparse.topk_select %w pattern(<"2:4x8x16">) : tensor<172x64xf32> -> tensor<172x4xi1>
  // CHECK-NEXT: sparse.topk_select %[[D]] pattern(<"1:4">) : tensor<?x61xf32> -> tensor<?x61xi1>
  %3 = sparse.topk_select %d pattern(<"1:4">) : tensor<?x61xf32> -> tensor<?x61xi1>
  // CHECK-NEXT: sparse.topk_select %[[D]] pattern(<"group16:0.5">) : tensor<?x61xf32> -> tensor<?x4xi1>
  %4 = sparse.topk_select %d pattern(<"group16:0.5">) : tensor<?x61xf32> -> tensor<?x4xi1>
  return
}

// Of 61 columns the last run is short: its compact form is not.

// CHECK-LABEL: func @compress
// CHECK-SAME:  (%[[W:.*]]: tensor<172x64xi4>, %[[K:.*]]: tensor<172x64xi1>, %[[D:.*]]: tensor<?x61xbf16>, %[[DK:.*]]: tensor<?x4xi1>)
func.func @compress(%w: tensor<172x64xi4>, %k: tensor<172x64xi1>, %d: tensor<?x61xbf16>, %dk: tensor<?x4xi1>) {
  // CHECK-NEXT: sparse.compress %[[W]], %[[K]] pattern(<"2:4">) {coopt.id = "a"} : tensor<172x64xi4>, tensor<172x64xi1> -> tensor<172x32xi4>
  %0 = sparse.compress %w, %k pattern(<"2:4">) {coopt.id = "a"} : tensor<172x64xi4>, tensor<172x64xi1> -> tensor<172x32xi4>
  // CHECK-NEXT: sparse.compress %[[D]], %[[DK]] pattern(<"3:4x16">) : tensor<?x61xbf16>, tensor<?x4xi1> -> tensor<?x48xbf16>
  %1 = sparse.compress %d, %dk pattern(<"3:4x16">) : tensor<?x61xbf16>, tensor<?x4xi1> -> tensor<?x48xbf16>
  return
}

// CHECK-LABEL: func @decompress
// CHECK-SAME:  (%[[V:.*]]: tensor<172x32xi4>, %[[K:.*]]: tensor<172x64xi1>, %[[D:.*]]: tensor<?x16xf32>, %[[DK:.*]]: tensor<?x61xi1>)
func.func @decompress(%v: tensor<172x32xi4>, %k: tensor<172x64xi1>, %d: tensor<?x16xf32>, %dk: tensor<?x61xi1>) -> tensor<?x61xf32> {
  // CHECK-NEXT: sparse.decompress %[[V]], %[[K]] pattern(<"2:4">) : tensor<172x32xi4>, tensor<172x64xi1> -> tensor<172x64xi4>
  %0 = sparse.decompress %v, %k pattern(<"2:4">) : tensor<172x32xi4>, tensor<172x64xi1> -> tensor<172x64xi4>
  // CHECK-NEXT: %[[R:.*]] = sparse.decompress %[[D]], %[[DK]] pattern(<"1:4">) {coopt.id = "b"} : tensor<?x16xf32>, tensor<?x61xi1> -> tensor<?x61xf32>
  %1 = sparse.decompress %d, %dk pattern(<"1:4">) {coopt.id = "b"} : tensor<?x16xf32>, tensor<?x61xi1> -> tensor<?x61xf32>
  // CHECK-NEXT: return %[[R]]
  return %1 : tensor<?x61xf32>
}
