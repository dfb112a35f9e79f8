// RUN: coopt-opt %s -transform-interpreter -canonicalize -cse -split-input-file | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// Tiling the contraction fuses the quantisation of its rows; k stays whole.
// CHECK-LABEL: @contract(
func.func @contract(%x: tensor<?x64xf32>, %w: tensor<37x64xi8>, %sw: tensor<37xf32>, %m: index) -> tensor<?x37xf32> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK-DAG: %[[X:.+]] = tensor.extract_slice %{{.+}}[%[[I:[a-z0-9]+]], 0] [%[[M:[a-z0-9]+]], 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
  // CHECK: %[[Q:.+]]:2 = quantized.quantize ins(%[[X]] : tensor<?x64xf32>)
  // CHECK-DAG: %[[W:.+]] = tensor.extract_slice %{{.+}}[%[[J:.+]], 0] [%[[N:.+]], 64] [1, 1] : tensor<37x64xi8> to tensor<?x64xi8>
  // CHECK-DAG: %[[SW:.+]] = tensor.extract_slice %{{.+}}[%[[J]]] [%[[N]]] [1] : tensor<37xf32> to tensor<?xf32>
  // CHECK-DAG: tensor.extract_slice %{{.+}}[%[[I]], %[[J]]] [%[[M]], %[[N]]] [1, 1] : tensor<?x37xf32> to tensor<?x?xf32>
  // CHECK: quantized.contract ins(%[[Q]]#0, %[[Q]]#1, %[[W]], %[[SW]] : {{.*}} {coopt.id = "y"}
  %c = tensor.empty(%m) : tensor<?x64xi8>
  %s = tensor.empty(%m) : tensor<?xf32>
  %o = tensor.empty(%m) : tensor<?x37xf32>
  %q:2 = quantized.quantize ins(%x : tensor<?x64xf32>) outs(%c, %s : tensor<?x64xi8>, tensor<?xf32>) scheme(#w8) -> tensor<?x64xi8>, tensor<?xf32>
  %y = quantized.contract ins(%q#0, %q#1, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<37x64xi8>, tensor<37xf32>) outs(%o : tensor<?x37xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "y"} -> tensor<?x37xf32>
  return %y : tensor<?x37xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantized.contract"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops:2 = transform.structured.fuse %0 tile_sizes [4, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tiles of the grouped dimension that are no multiple of the group keep all scales of their rows and say where they start.
// CHECK-LABEL: @dequantize(
func.func @dequantize(%c: tensor<5x70xi4>, %s: tensor<5x3xf16>, %z: tensor<5x3xi4>, %o: tensor<5x70xf32>) -> tensor<5x70xf32> {
  // CHECK: scf.for %[[I:[a-z0-9]+]] =
  // CHECK: scf.for %[[K:[a-z0-9]+]] =
  // CHECK-DAG: tensor.extract_slice %{{.+}}[%[[I]], %[[K]]] [%[[M:.+]], %[[N:.+]]] [1, 1] : tensor<5x70xi4> to tensor<?x?xi4>
  // CHECK-DAG: tensor.extract_slice %{{.+}}[%[[I]], 0] [%[[M]], 3] [1, 1] : tensor<5x3xf16> to tensor<?x3xf16>
  // CHECK-DAG: tensor.extract_slice %{{.+}}[%[[I]], 0] [%[[M]], 3] [1, 1] : tensor<5x3xi4> to tensor<?x3xi4>
  // CHECK: quantized.dequantize {{.*}} at(%[[K]])
  %0 = quantized.dequantize ins(%c, %s, %z : tensor<5x70xi4>, tensor<5x3xf16>, tensor<5x3xi4>) outs(%o : tensor<5x70xf32>) scheme(<bits = 4, group = 32, asymmetric, scale = f16>) -> tensor<5x70xf32>
  return %0 : tensor<5x70xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantized.dequantize"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops:2 = transform.structured.tile_using_for %0 tile_sizes [2, 33] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tiling a tile adds the offsets.
// CHECK-LABEL: @twice(
func.func @twice(%c: tensor<5x64xi8>, %s: tensor<5x3xf32>, %o: tensor<5x64xf32>, %k0: index) -> tensor<5x64xf32> {
  // CHECK: scf.for %[[K:[a-z0-9]+]] =
  // CHECK: %[[AT:.+]] = arith.addi %arg3, %[[K]]
  // CHECK: quantized.dequantize {{.*}} at(%[[AT]]) -> tensor<5x16xf32>
  %0 = quantized.dequantize ins(%c, %s : tensor<5x64xi8>, tensor<5x3xf32>) outs(%o : tensor<5x64xf32>) scheme(<bits = 8, group = 32, symmetric, scale = f32>) at(%k0) -> tensor<5x64xf32>
  return %0 : tensor<5x64xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantized.dequantize"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops = transform.structured.tile_using_for %0 tile_sizes [0, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// Rows are quantised as a whole: a consumer that is tiled along k gets whole rows quantised and takes its part.
// CHECK-LABEL: @quantize(
func.func @quantize(%x: tensor<7x64xf32>, %o: tensor<7x64xf32>) -> tensor<7x64xf32> {
  // CHECK: scf.for %[[K:[a-z0-9]+]] =
  // CHECK: %[[Q:.+]]:2 = quantized.quantize ins(%arg0 : tensor<7x64xf32>) {{.*}} -> tensor<7x64xi8>, tensor<7xf32>
  // CHECK: %[[PART:.+]] = tensor.extract_slice %[[Q]]#0[0, %[[K]]] [7, 16] [1, 1]
  // CHECK: quantized.dequantize ins(%[[PART]], %{{.+}} : tensor<7x16xi8>, tensor<7xf32>)
  %c = tensor.empty() : tensor<7x64xi8>
  %s = tensor.empty() : tensor<7xf32>
  %q:2 = quantized.quantize ins(%x : tensor<7x64xf32>) outs(%c, %s : tensor<7x64xi8>, tensor<7xf32>) scheme(#w8) -> tensor<7x64xi8>, tensor<7xf32>
  %0 = quantized.dequantize ins(%q#0, %q#1 : tensor<7x64xi8>, tensor<7xf32>) outs(%o : tensor<7x64xf32>) scheme(#w8) -> tensor<7x64xf32>
  return %0 : tensor<7x64xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantized.dequantize"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops = transform.structured.fuse %0 tile_sizes [0, 16] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: @requantize(
func.func @requantize(%a: tensor<7x?x3xi32>, %o: tensor<7x?x3xi8>) -> tensor<7x?x3xi8> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: quantized.requantize ins(%{{.+}} : tensor<?x?x3xi32>) {{.*}} multiplier(5) shift(2)
  %0 = quantized.requantize ins(%a : tensor<7x?x3xi32>) outs(%o : tensor<7x?x3xi8>) multiplier(5) shift(2) -> tensor<7x?x3xi8>
  return %0 : tensor<7x?x3xi8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantized.requantize"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %loops:2 = transform.structured.tile_using_for %0 tile_sizes [2, 5, 0] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
