// RUN: coopt-opt %s -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -canonicalize | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// In place on the destinations: nothing is allocated or copied beyond them.
// CHECK-LABEL: @chain(
// CHECK-SAME: %[[X:.+]]: memref<?x64xf32>, %[[W:.+]]: memref<17x64xi8>, %[[SW:.+]]: memref<17xf32>, %[[O:.+]]: memref<?x17xf32>
func.func @chain(%x: tensor<?x64xf32>, %w: tensor<17x64xi8>, %sw: tensor<17xf32>, %o: tensor<?x17xf32> {bufferization.writable = true}, %m: index) -> tensor<?x17xf32> {
  // CHECK-DAG: %[[C:.+]] = memref.alloc(%{{.+}}) {{.*}}: memref<?x64xi8>
  // CHECK-DAG: %[[S:.+]] = memref.alloc(%{{.+}}) {{.*}}: memref<?xf32>
  // CHECK-NOT: memref.alloc
  // CHECK-NOT: memref.copy
  // CHECK: quantized.quantize ins(%[[X]] : memref<?x64xf32>) outs(%[[C]], %[[S]] : memref<?x64xi8>, memref<?xf32>) scheme({{.*}}) {coopt.id = "q"}
  // CHECK: quantized.contract ins(%[[C]], %[[S]], %[[W]], %[[SW]] : {{.*}}) outs(%[[O]] : memref<?x17xf32>)
  // CHECK: return %[[O]]
  %c = tensor.empty(%m) : tensor<?x64xi8>
  %s = tensor.empty(%m) : tensor<?xf32>
  %q:2 = quantized.quantize ins(%x : tensor<?x64xf32>) outs(%c, %s : tensor<?x64xi8>, tensor<?xf32>) scheme(#w8) {coopt.id = "q"} -> tensor<?x64xi8>, tensor<?xf32>
  %y = quantized.contract ins(%q#0, %q#1, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<17x64xi8>, tensor<17xf32>) outs(%o : tensor<?x17xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x17xf32>
  return %y : tensor<?x17xf32>
}

// A destination whose old value is still needed is not overwritten.
// CHECK-LABEL: @old_value(
// CHECK-SAME: %[[A:.+]]: memref<5xi32>, %[[O:.+]]: memref<5xi8>
func.func @old_value(%a: tensor<5xi32>, %o: tensor<5xi8> {bufferization.writable = true}) -> (tensor<5xi8>, tensor<5xi8>) {
  // CHECK: %[[N:.+]] = memref.alloc() {{.*}}: memref<5xi8>
  // CHECK-NOT: memref.copy
  // CHECK: quantized.requantize ins(%[[A]] : memref<5xi32>) outs(%[[N]] : memref<5xi8>)
  %0 = quantized.requantize ins(%a : tensor<5xi32>) outs(%o : tensor<5xi8>) multiplier(3) shift(1) -> tensor<5xi8>
  return %0, %o : tensor<5xi8>, tensor<5xi8>
}

// CHECK-LABEL: @dequantize(
func.func @dequantize(%c: tensor<3x4xi8>, %s: tensor<3x2xf32>, %o: tensor<3x4xf32> {bufferization.writable = true}, %k: index) -> tensor<3x4xf32> {
  // CHECK: quantized.dequantize ins(%{{.+}}, %{{.+}} : memref<3x4xi8>, memref<3x2xf32>) outs(%{{.+}} : memref<3x4xf32>) scheme({{.*}}) at(%{{.+}})
  %0 = quantized.dequantize ins(%c, %s : tensor<3x4xi8>, tensor<3x2xf32>) outs(%o : tensor<3x4xf32>) scheme(<bits = 8, group = 5, symmetric, scale = f32>) at(%k) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
