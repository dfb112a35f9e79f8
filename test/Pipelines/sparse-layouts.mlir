// What parameters promise by sparse.pattern, the layout phase stores: where tiles can have the pattern what is kept, else all. From
// there on the encoding says it, and what is stored has the attribute no more.
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-fuse,coopt-phase-layout)' | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// Codes of a file, packed by a recipe of their own.
// CHECK: model.parameter @kept.packed : tensor<2560xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "2:4">>{{$}}
model.parameter @kept : tensor<32x128xi8> from #model.source<"a.bin", 0, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"2:4">}

// CHECK: model.parameter @groups.packed : tensor<1056xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "group16:0.25">>{{$}}
model.parameter @groups : tensor<32x128xi8> from #model.source<"a.bin", 4096, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"group16:0.25">}

// Three of four are not worth a tile of their own.
// CHECK: model.parameter @all.packed : tensor<4096xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>>{{$}}
model.parameter @all : tensor<32x128xi8> from #model.source<"a.bin", 8192, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"3:4">}

model.parameter @scales : tensor<32xf32> from #model.source<"a.bin", 12288, tensor<32xf32>>

// CHECK-LABEL: model.entry @forward
// CHECK-DAG: model.unpack %{{.+}} : tensor<2560xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">> -> tensor<32x128xi8>
// CHECK-DAG: model.unpack %{{.+}} : tensor<1056xi8, #model.layout<{{.*}}, bits = 8 keeps "group16:0.25">> -> tensor<32x128xi8>
// CHECK-DAG: model.unpack %{{.+}} : tensor<4096xi8, #model.layout<{{.*}}, bits = 8>> -> tensor<32x128xi8>
model.entry @forward(%x: tensor<?x128xi8>, %s: tensor<?xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"], ["tokens"]] -> [["tokens"], ["tokens"], ["tokens"]] {
  %t = model.size "tokens" : index
  %e = tensor.empty(%t) : tensor<?x32xf32>
  %scales = model.load @scales : tensor<32xf32>
  %0 = model.load @kept : tensor<32x128xi8>
  %1 = model.load @groups : tensor<32x128xi8>
  %2 = model.load @all : tensor<32x128xi8>
  %a = quantized.contract ins(%x, %s, %0, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "a"} -> tensor<?x32xf32>
  %b = quantized.contract ins(%x, %s, %1, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "b"} -> tensor<?x32xf32>
  %c = quantized.contract ins(%x, %s, %2, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "c"} -> tensor<?x32xf32>
  model.return %a, %b, %c : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}
