// RUN: coopt-opt %s -canonicalize | FileCheck %s

// A destination is never read: what fills it goes.
// CHECK-LABEL: @bypass_fill
func.func @bypass_fill(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<17x64xi8>, %sw: tensor<17xf32>, %m: index) -> tensor<?x17xf32> {
  // CHECK: %[[EMPTY:.+]] = tensor.empty
  // CHECK-NOT: linalg.fill
  // CHECK: quantized.contract {{.*}} outs(%[[EMPTY]] :
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x17xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x17xf32>) -> tensor<?x17xf32>
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<17x64xi8>, tensor<17xf32>) outs(%init : tensor<?x17xf32>)
    schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output) -> tensor<?x17xf32>
  return %0 : tensor<?x17xf32>
}

// An offset of 0 on a whole matrix goes; on a slice it stays, since it says that this is one.
// CHECK-LABEL: @zero_offset
func.func @zero_offset(%c: tensor<3x7xi4>, %s: tensor<3x2xf32>, %part: tensor<3x5xi4>, %o: tensor<3x7xf32>, %p: tensor<3x5xf32>) -> (tensor<3x7xf32>, tensor<3x5xf32>) {
  %c0 = arith.constant 0 : index
  // CHECK: quantized.dequantize
  // CHECK-NOT: at(
  // CHECK-SAME: -> tensor<3x7xf32>
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi4>, tensor<3x2xf32>) outs(%o : tensor<3x7xf32>) scheme(<bits = 4, group = 5, symmetric, scale = f32>) at(%c0) -> tensor<3x7xf32>
  // CHECK: quantized.dequantize {{.*}} at(%{{.+}}) -> tensor<3x5xf32>
  %1 = quantized.dequantize ins(%part, %s : tensor<3x5xi4>, tensor<3x2xf32>) outs(%p : tensor<3x5xf32>) scheme(<bits = 4, group = 5, symmetric, scale = f32>) at(%c0) -> tensor<3x5xf32>
  return %0, %1 : tensor<3x7xf32>, tensor<3x5xf32>
}

// On tensors the ops are values: unused ones go, extents come from destinations.
// CHECK-LABEL: @pure
func.func @pure(%x: tensor<?x7xf32>, %c: tensor<?x7xi8>, %s: tensor<?xf32>) -> index {
  // CHECK-NOT: quantized
  // CHECK: tensor.dim %arg1
  %c0 = arith.constant 0 : index
  %0:2 = quantized.quantize ins(%x : tensor<?x7xf32>) outs(%c, %s : tensor<?x7xi8>, tensor<?xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<?x7xi8>, tensor<?xf32>
  %d = tensor.dim %c, %c0 : tensor<?x7xi8>
  return %d : index
}

// On memrefs they write.
// CHECK-LABEL: @effects
func.func @effects(%x: memref<3x7xf32>, %c: memref<3x7xi8>, %s: memref<3xf32>) {
  // CHECK: quantized.quantize
  quantized.quantize ins(%x : memref<3x7xf32>) outs(%c, %s : memref<3x7xi8>, memref<3xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>)
  return
}
