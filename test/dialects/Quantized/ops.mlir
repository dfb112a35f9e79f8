// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s --mlir-print-op-generic | coopt-opt | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#w4 = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f16>
#w3 = #quantized.scheme<bits = 3, group = 5, symmetric, scale = f32>

// CHECK-LABEL: @quantize
func.func @quantize(%x: tensor<?x64xf32>, %c: tensor<?x64xi8>, %s: tensor<?xf32>) -> (tensor<?x64xi8>, tensor<?xf32>) {
  // CHECK: quantized.quantize ins(%{{.+}} : tensor<?x64xf32>) outs(%{{.+}}, %{{.+}} : tensor<?x64xi8>, tensor<?xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) {coopt.id = "a/b"} -> tensor<?x64xi8>, tensor<?xf32>
  %q:2 = quantized.quantize ins(%x : tensor<?x64xf32>) outs(%c, %s : tensor<?x64xi8>, tensor<?xf32>) scheme(#w8) {coopt.id = "a/b"} -> tensor<?x64xi8>, tensor<?xf32>
  return %q#0, %q#1 : tensor<?x64xi8>, tensor<?xf32>
}

// CHECK-LABEL: @quantize_asymmetric
func.func @quantize_asymmetric(%x: tensor<3x70xf32>, %c: tensor<3x70xi4>, %s: tensor<3x3xf16>, %z: tensor<3x3xi4>) -> tensor<3x3xi4> {
  // CHECK: quantized.quantize {{.*}} outs(%{{.+}}, %{{.+}}, %{{.+}} : tensor<3x70xi4>, tensor<3x3xf16>, tensor<3x3xi4>) scheme(<bits = 4, group = 32, asymmetric, scale = f16>)
  %q:3 = quantized.quantize ins(%x : tensor<3x70xf32>) outs(%c, %s, %z : tensor<3x70xi4>, tensor<3x3xf16>, tensor<3x3xi4>) scheme(#w4) -> tensor<3x70xi4>, tensor<3x3xf16>, tensor<3x3xi4>
  return %q#2 : tensor<3x3xi4>
}

// CHECK-LABEL: @quantize_memref
func.func @quantize_memref(%x: memref<3x7xf32, strided<[9, 1], offset: ?>>, %c: memref<3x7xi8>, %s: memref<3xf32>) {
  // CHECK: quantized.quantize ins(%{{.+}} : memref<3x7xf32, strided<[9, 1], offset: ?>>) outs(%{{.+}}, %{{.+}} : memref<3x7xi8>, memref<3xf32>)
  quantized.quantize ins(%x : memref<3x7xf32, strided<[9, 1], offset: ?>>) outs(%c, %s : memref<3x7xi8>, memref<3xf32>) scheme(#w8)
  return
}

// CHECK-LABEL: @dequantize
func.func @dequantize(%c: tensor<3x7xi3>, %s: tensor<3x2xf32>, %part: tensor<3x4xi3>, %k: index, %o: tensor<3x7xf32>, %p: tensor<3x4xf32>) -> (tensor<3x7xf32>, tensor<3x4xf32>) {
  // CHECK: quantized.dequantize ins(%{{.+}}, %{{.+}} : tensor<3x7xi3>, tensor<3x2xf32>) outs(%{{.+}} : tensor<3x7xf32>) scheme(<bits = 3, group = 5, symmetric, scale = f32>) -> tensor<3x7xf32>
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi3>, tensor<3x2xf32>) outs(%o : tensor<3x7xf32>) scheme(#w3) -> tensor<3x7xf32>
  // CHECK: quantized.dequantize {{.*}} scheme(<bits = 3, group = 5, symmetric, scale = f32>) at(%{{.+}}) -> tensor<3x4xf32>
  %1 = quantized.dequantize ins(%part, %s : tensor<3x4xi3>, tensor<3x2xf32>) outs(%p : tensor<3x4xf32>) scheme(#w3) at(%k) -> tensor<3x4xf32>
  return %0, %1 : tensor<3x7xf32>, tensor<3x4xf32>
}

// CHECK-LABEL: @requantize
func.func @requantize(%a: tensor<?x64xi32>, %o: tensor<?x64xi8>, %m: memref<i32>, %n: memref<i8>) -> tensor<?x64xi8> {
  // CHECK: quantized.requantize ins(%{{.+}} : tensor<?x64xi32>) outs(%{{.+}} : tensor<?x64xi8>) multiplier(1518500250) shift(38) -> tensor<?x64xi8>
  %0 = quantized.requantize ins(%a : tensor<?x64xi32>) outs(%o : tensor<?x64xi8>) multiplier(1518500250) shift(38) -> tensor<?x64xi8>
  // CHECK: quantized.requantize ins(%{{.+}} : memref<i32>) outs(%{{.+}} : memref<i8>) multiplier(1) shift(0)
  quantized.requantize ins(%m : memref<i32>) outs(%n : memref<i8>) multiplier(1) shift(0)
  return %0 : tensor<?x64xi8>
}

// CHECK-LABEL: @contract
func.func @contract(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi8>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) -> tensor<?x172xf32> {
  // CHECK: quantized.contract ins(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172xf32>) outs(%{{.+}} : tensor<?x172xf32>)
  // CHECK-SAME: schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output) {coopt.id = "x"} -> tensor<?x172xf32>
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "x"} -> tensor<?x172xf32>
  return %0 : tensor<?x172xf32>
}

// CHECK-LABEL: @contract_group
func.func @contract_group(%a: tensor<5x70xi8>, %sa: tensor<5xf32>, %w: tensor<17x70xi4>, %sw: tensor<17x3xf16>, %zw: tensor<17x3xi4>, %o: tensor<5x17xf32>) -> tensor<5x17xf32> {
  // CHECK: quantized.contract {{.*}} schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 4, group = 32, asymmetric, scale = f16>) scale_at(group)
  %0 = quantized.contract ins(%a, %sa, %w, %sw, %zw : tensor<5x70xi8>, tensor<5xf32>, tensor<17x70xi4>, tensor<17x3xf16>, tensor<17x3xi4>) outs(%o : tensor<5x17xf32>) schemes(#w8, #w4) scale_at(group) -> tensor<5x17xf32>
  // CHECK: quantized.contract {{.*}} scale_at(element)
  %1 = quantized.contract ins(%a, %sa, %w, %sw, %zw : tensor<5x70xi8>, tensor<5xf32>, tensor<17x70xi4>, tensor<17x3xf16>, tensor<17x3xi4>) outs(%0 : tensor<5x17xf32>) schemes(#w8, #w4) scale_at(element) -> tensor<5x17xf32>
  return %1 : tensor<5x17xf32>
}

// CHECK-LABEL: @formats
func.func @formats(%x: tensor<17x70xf32>, %a: tensor<?x70xf32>, %c: tensor<17x70xi4>, %s: tensor<17x5xi8>, %so: tensor<17xf32>, %i: tensor<17x70xf32>, %o: tensor<?x17xf32>) -> (tensor<17x70xf32>, tensor<?x17xf32>) {
  // CHECK: quantized.quantize {{.*}} scheme(<format = "nvfp4">) -> tensor<17x70xi4>, tensor<17x5xi8>, tensor<17xf32>
  %q:3 = quantized.quantize ins(%x : tensor<17x70xf32>) outs(%c, %s, %so : tensor<17x70xi4>, tensor<17x5xi8>, tensor<17xf32>) scheme(<format = "nvfp4">) -> tensor<17x70xi4>, tensor<17x5xi8>, tensor<17xf32>
  // CHECK: quantized.dequantize {{.*}} scheme(<format = "nvfp4">) -> tensor<17x70xf32>
  %d = quantized.dequantize ins(%q#0, %q#1, %q#2 : tensor<17x70xi4>, tensor<17x5xi8>, tensor<17xf32>) outs(%i : tensor<17x70xf32>) scheme(<format = "nvfp4">) -> tensor<17x70xf32>
  // CHECK: quantized.contract {{.*}} schemes(float, <format = "nvfp4">) scale_at(element)
  %y = quantized.contract ins(%a, %q#0, %q#1, %q#2 : tensor<?x70xf32>, tensor<17x70xi4>, tensor<17x5xi8>, tensor<17xf32>) outs(%o : tensor<?x17xf32>) schemes(float, <format = "nvfp4">) scale_at(element) -> tensor<?x17xf32>
  // CHECK: scheme(<format = "{\22name\22:\22two\22
  %t = quantized.dequantize ins(%q#0, %so : tensor<17x70xi4>, tensor<17xf32>) outs(%d : tensor<17x70xf32>) scheme(<format = "{\22name\22:\22two\22,\22element\22:{\22type\22:\22bipolar\22,\22bits\22:4},\22scales\22:[{\22type\22:\22f32\22,\22span\22:\22row\22}]}">) -> tensor<17x70xf32>
  return %t, %y : tensor<17x70xf32>, tensor<?x17xf32>
}

// CHECK-LABEL: @quantize_with_statistics
func.func @quantize_with_statistics(%x: tensor<3x7xf32>, %c: tensor<3x7xi8>, %s: tensor<3xf32>) -> tensor<3x7xi8> {
  // CHECK: scheme(<bits = 8, group = 0, symmetric, scale = f32>) rounding(<clip_gptq, statistics = "layers.0/mlp/up_proj">) {coopt.id = "a"} ->
  %q:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<3xf32>) scheme(#w8) rounding(<clip_gptq, statistics = "layers.0/mlp/up_proj">) {coopt.id = "a"} -> tensor<3x7xi8>, tensor<3xf32>
  return %q#0 : tensor<3x7xi8>
}

// CHECK-LABEL: @channel_scales
func.func @channel_scales(%a: tensor<3x7xf32>, %b: tensor<5x7xf32>, %g: tensor<7xf32>) -> (tensor<5x7xf32>, tensor<7xf32>) {
  // CHECK: quantized.channel_scales ins(%{{.+}}, %{{.+}} : tensor<3x7xf32>, tensor<5x7xf32>) scheme(<bits = 3, group = 5, symmetric, scale = f32>) statistics("a/b") clip -> tensor<7xf32>
  %s = quantized.channel_scales ins(%a, %b : tensor<3x7xf32>, tensor<5x7xf32>) scheme(#w3) statistics("a/b") clip -> tensor<7xf32>
  // CHECK: quantized.rescale %{{.+}} by %{{.+}} dimension(1) : tensor<5x7xf32>, tensor<7xf32>
  %scaled = quantized.rescale %b by %s dimension(1) : tensor<5x7xf32>, tensor<7xf32>
  // CHECK: quantized.rescale %{{.+}} by %{{.+}} dimension(0) divide : tensor<7xf32>, tensor<7xf32>
  %norm = quantized.rescale %g by %s dimension(0) divide : tensor<7xf32>, tensor<7xf32>
  return %scaled, %norm : tensor<5x7xf32>, tensor<7xf32>
}
