// RUN: coopt-opt %s -coopt-compress=quantize=f32 | FileCheck %s
// RUN: coopt-opt %s -coopt-compress=quantize=w8a8 | FileCheck %s --check-prefix=OTHER
// RUN: coopt-opt %s -coopt-compress=quantize=w4a8-g32 | FileCheck %s --check-prefix=SAME
// RUN: coopt-opt %s -coopt-compress=quantize=w8a8 -o /dev/null --remarks-filter=compress --remark-policy=all --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK

// A weight that a recipe decodes as its last step is kept as its parts, and nobody needs its floats any more.

// REMARK: RequantizedWeight {{.*}}Op=up{{.*}}Weight=up

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
#q4 = #quantized.scheme<bits = 4, group = 32, symmetric, scale = f16>
#blocks = #quantized.scheme<format = "q8_0">

// CHECK-NOT: model.parameter @up :
// CHECK: model.parameter @up.codes : tensor<7x64xi8>
// CHECK-NOT: model.parameter @up :
// CHECK: model.recipe @up.decode defines [@up.codes, @up.scales] {
// CHECK-NOT:   quantized.dequantize
// CHECK:   model.yield %{{.+}}, %{{.+}} : tensor<7x64xi8>, tensor<7x2xf16>
// OTHER: model.parameter @up : tensor<7x64xf32>
// OTHER: model.recipe @up.quantize defines [@up.codes, @up.scales]
// OTHER: model.recipe @up.decode defines [@up] {
// OTHER:   quantized.dequantize
// SAME: model.recipe @up.decode defines [@up.codes, @up.scales]
model.parameter @up.packed : tensor<7x8xi32> from #model.source<"m.safetensors", 0, tensor<7x8xi32>>
model.parameter @up.weight_scale : tensor<7x2xf16> from #model.source<"m.safetensors", 224, tensor<7x2xf16>>
model.parameter @up : tensor<7x64xf32>
model.recipe @up.decode defines [@up] {
  %p = model.load @up.packed : tensor<7x8xi32>
  %c = quantized.unpack_words %p dimension(1) bits(4) add(-8) : tensor<7x8xi32> -> tensor<7x64xi8>
  %s = model.load @up.weight_scale : tensor<7x2xf16>
  %e = tensor.empty() : tensor<7x64xf32>
  %w = quantized.dequantize ins(%c, %s : tensor<7x64xi8>, tensor<7x2xf16>) outs(%e : tensor<7x64xf32>) scheme(#q4) -> tensor<7x64xf32>
  model.yield %w : tensor<7x64xf32>
}

// An embedding is gathered as what it is stored as, whatever the contractions are.
// CHECK: model.recipe @embed.decode defines [@embed.codes, @embed.scales] {
// OTHER: model.recipe @embed.decode defines [@embed.codes, @embed.scales] {
model.parameter @embed.blocks : tensor<11x68xi8> from #model.source<"m.gguf", 64, tensor<11x68xi8>>
model.parameter @embed : tensor<11x64xf32>
model.recipe @embed.decode defines [@embed] {
  %b = model.load @embed.blocks : tensor<11x68xi8>
  %p:2 = quantized.split_blocks %b : tensor<11x68xi8> scheme(#blocks) -> tensor<11x64xi8>, tensor<11x2xf16>
  %e = tensor.empty() : tensor<11x64xf32>
  %w = quantized.dequantize ins(%p#0, %p#1 : tensor<11x64xi8>, tensor<11x2xf16>) outs(%e : tensor<11x64xf32>) scheme(#blocks) -> tensor<11x64xf32>
  model.yield %w : tensor<11x64xf32>
}

// CHECK-LABEL: model.entry @forward
// OTHER-LABEL: model.entry @forward
// SAME-LABEL: model.entry @forward
model.entry @forward(%ids: tensor<?xi32>) -> (tensor<?x7xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
  %t = model.size "tokens" : index
  %zero = arith.constant 0.0 : f32
  // CHECK: %[[ROWS:.+]] = model.gather ins(%{{.+}}, %{{.+}} : tensor<11x64xi8>, tensor<?xi32>)
  // CHECK: %[[SCALES:.+]] = model.gather ins(%{{.+}}, %{{.+}} : tensor<11x2xf16>, tensor<?xi32>)
  // CHECK: quantized.dequantize ins(%[[ROWS]], %[[SCALES]] : tensor<?x64xi8>, tensor<?x2xf16>) {{.*}} scheme(<format = "q8_0">)
  // OTHER: quantized.dequantize ins({{.*}} scheme(<format = "q8_0">)
  %table = model.load @embed : tensor<11x64xf32>
  %e0 = tensor.empty(%t) : tensor<?x64xf32>
  %x = model.gather ins(%table, %ids : tensor<11x64xf32>, tensor<?xi32>) outs(%e0 : tensor<?x64xf32>) {coopt.id = "embed_tokens"} -> tensor<?x64xf32>
  // CHECK: quantized.contract ins(%{{.+}}, %{{.+}}, %{{.+}} : tensor<?x64xf32>, tensor<7x64xi8>, tensor<7x2xf16>) {{.*}} schemes(float, <bits = 4, group = 32, symmetric, scale = f16>) scale_at(element)
  // OTHER: quantized.contract {{.*}} schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  // SAME: quantized.contract {{.*}} schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 4, group = 32, symmetric, scale = f16>) scale_at(group)
  %up = model.load @up : tensor<7x64xf32>
  %e1 = tensor.empty(%t) : tensor<?x7xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x7xf32>) -> tensor<?x7xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"], coopt.id = "up"}
      ins(%x, %up : tensor<?x64xf32>, tensor<7x64xf32>) outs(%f1 : tensor<?x7xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
  } -> tensor<?x7xf32>
  model.return %y : tensor<?x7xf32>
}
