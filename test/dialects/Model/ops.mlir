// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -mlir-print-op-generic | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -emit-bytecode | coopt-opt | FileCheck %s

!state = !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>
#packed = #model.layout<"[172, 63] tile(d0:4) outer(d0, d1)">
#centred = #model.layout<"[172, 63] basis(d0:8^1^2^4) outer(d0, d1)", bits = 4 centred>
#planes = #model.layout<"[172, 63] basis(d0:16^1^2, d1:4^8) outer(d0, d1)", bits = 2 planes>
#both = #model.layout<"[172, 63] basis(d0:16^1^2, d1:4^8) outer(d0, d1)", bits = 2 centred planes>

// What a pattern keeps of codes in tiles.
#kept = #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">
#lines = #model.layout<"[172, 63] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4 keeps "2:4">
#groups = #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "group16:0.5">

// CHECK: module attributes {model.root = "/models/a"}
module attributes {model.root = "/models/a"} {

// CHECK: model.parameter @model.norm.weight : tensor<63xf32> from #model.source<"model.safetensors", 232, tensor<63xbf16>>
model.parameter @"model.norm.weight" : tensor<63xf32> from #model.source<"model.safetensors", 232, tensor<63xbf16>>
// CHECK: model.parameter @gate : tensor<172x63xf32> from #model.noise<seed = 18446744073709551615, scale = 5.000000e-02>
model.parameter @gate : tensor<172x63xf32> from #model.noise<seed = 18446744073709551615, scale = 5.0e-02>
// CHECK: model.parameter @packed : tensor<11088xf32, #model.layout<"[172, 63] tile(d0:4) outer(d0, d1)">>
model.parameter @packed : tensor<11088xf32, #packed>
// CHECK: model.parameter @centred : tensor<5544xi8, #model.layout<"[172, 63] basis(d0:8^1^2^4) outer(d0, d1)", bits = 4 centred>>
model.parameter @centred : tensor<5544xi8, #centred>

// CHECK: model.parameter @planes : tensor<2816xi8, #model.layout<"[172, 63] basis(d0:16^1^2, d1:4^8) outer(d0, d1)", bits = 2 planes>>
model.parameter @planes : tensor<2816xi8, #planes>
// CHECK: model.parameter @both : tensor<2816xi8, #model.layout<"[172, 63] basis(d0:16^1^2, d1:4^8) outer(d0, d1)", bits = 2 centred planes>>
model.parameter @both : tensor<2816xi8, #both>
// CHECK: model.parameter @kept : tensor<4224xi8, #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">>
model.parameter @kept : tensor<4224xi8, #kept>
// CHECK: model.parameter @lines : tensor<4608xi8, #model.layout<"[172, 63] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4 keeps "2:4">>
model.parameter @lines : tensor<4608xi8, #lines>
// CHECK: model.parameter @groups : tensor<2904xi8, #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "group16:0.5">>
model.parameter @groups : tensor<2904xi8, #groups>
// CHECK: model.parameter @scalar : tensor<f32> from #model.source<"a/b.bin", 0, tensor<f32>> {coopt.id = "x"}
model.parameter @scalar : tensor<f32> from #model.source<"a/b.bin", 0, tensor<f32>> {coopt.id = "x"}

// CHECK: model.parameter @cos : tensor<512x2xf32> from #model.rotary<"cos", dense<[1.000000e+00, 1.000000e-01]> : tensor<2xf32>>
model.parameter @cos : tensor<512x2xf32> from #model.rotary<"cos", dense<[1.0, 0.1]> : tensor<2xf32>>

// CHECK: model.recipe @pack defines [@packed] {
// CHECK-NEXT: %[[W:.*]] = model.load @gate : tensor<172x63xf32>
// CHECK-NEXT: %[[P:.*]] = model.pack %[[W]] : tensor<172x63xf32> -> tensor<11088xf32, #model.layout
// CHECK-NEXT: model.yield %[[P]] : tensor<11088xf32, #model.layout
model.recipe @pack defines [@packed] {
  %w = model.load @gate : tensor<172x63xf32>
  %p = model.pack %w : tensor<172x63xf32> -> tensor<11088xf32, #packed>
  model.yield %p : tensor<11088xf32, #packed>
}

// CHECK: model.recipe @nothing defines [] {
// CHECK-NEXT: }
model.recipe @nothing defines [] {
}

// CHECK: model.entry @forward(%[[TOKENS:.*]]: tensor<?xi32>, %[[STATE:.*]]: !attention.state<{{.*}}>) -> (tensor<?x63xf32>, !attention.state<{{.*}}>)
// CHECK-SAME: sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>, #model.size<"past", min = 0, max = 448, multiple = 8>]
// CHECK-SAME: dims {{\[}}["tokens"], []] -> {{\[}}["tokens"], []] attributes {coopt.note = 1 : i64} {
model.entry @forward(%tokens: tensor<?xi32>, %state: !state) -> (tensor<?x63xf32>, !state)
    sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>, #model.size<"past", min = 0, max = 448, multiple = 8>]
    dims [["tokens"], []] -> [["tokens"], []] attributes {coopt.note = 1 : i64} {
  // CHECK-NEXT: model.size "tokens" : index
  %n = model.size "tokens" : index
  %p = model.load @packed : tensor<11088xf32, #packed>
  // CHECK: model.unpack %{{.*}} : tensor<11088xf32, #model.layout<{{.*}}>> -> tensor<172x63xf32>
  %table = model.unpack %p : tensor<11088xf32, #packed> -> tensor<172x63xf32>
  // CHECK: model.unpack %{{.*}}[%{{.*}}, %{{.*}}] (%{{.*}}) {coopt.id = "u"} : tensor<11088xf32, #model.layout<{{.*}}>> -> tensor<?x7xf32>
  %part = model.unpack %p[%n, %n] (%n) {coopt.id = "u"} : tensor<11088xf32, #packed> -> tensor<?x7xf32>
  %e = tensor.empty(%n) : tensor<?x63xf32>
  // CHECK: model.gather ins(%{{.*}}, %[[TOKENS]] : tensor<172x63xf32>, tensor<?xi32>) outs(%{{.*}} : tensor<?x63xf32>) {coopt.id = "g"} -> tensor<?x63xf32>
  %x = model.gather ins(%table, %tokens : tensor<172x63xf32>, tensor<?xi32>) outs(%e : tensor<?x63xf32>) {coopt.id = "g"} -> tensor<?x63xf32>
  %i = tensor.empty(%n) : tensor<?xf32>
  // CHECK: model.row_reduce sum ins(%{{.*}} : tensor<?x63xf32>) outs(%{{.*}} : tensor<?xf32>) -> tensor<?xf32>
  %s = model.row_reduce sum ins(%x : tensor<?x63xf32>) outs(%i : tensor<?xf32>) -> tensor<?xf32>
  // CHECK: model.row_reduce max
  %m = model.row_reduce max ins(%x : tensor<?x63xf32>) outs(%i : tensor<?xf32>) -> tensor<?xf32>
  // CHECK: model.row_reduce amax ins(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<f32>) -> tensor<f32>
  %t = tensor.empty() : tensor<f32>
  %a = model.row_reduce amax ins(%s : tensor<?xf32>) outs(%t : tensor<f32>) -> tensor<f32>
  model.return %x, %state : tensor<?x63xf32>, !state
}

// CHECK: model.entry private @empty() {
// CHECK-NEXT: model.return
model.entry private @empty() {
  model.return
}

// CHECK: model.entry @static(%{{.*}}: tensor<3xf32> {coopt.name = "x"}) -> (tensor<3xf32> {coopt.name = "y"}) {
model.entry @static(%x: tensor<3xf32> {coopt.name = "x"}) -> (tensor<3xf32> {coopt.name = "y"}) {
  model.return %x : tensor<3xf32>
}

// CHECK-LABEL: func @what_is_kept
func.func @what_is_kept(%x: tensor<172x63xi8>, %n: index) -> tensor<?x7xi8> {
  // CHECK: %[[P:.*]] = model.pack %{{.*}} : tensor<172x63xi8> -> tensor<4224xi8, #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">>
  %p = model.pack %x : tensor<172x63xi8> -> tensor<4224xi8, #kept>
  // CHECK: model.unpack %[[P]][%{{.*}}, %{{.*}}] (%{{.*}}) : tensor<4224xi8, #model.layout<{{.*}}, bits = 4 keeps "2:4">> -> tensor<?x7xi8>
  %u = model.unpack %p[%n, %n] (%n) : tensor<4224xi8, #kept> -> tensor<?x7xi8>
  return %u : tensor<?x7xi8>
}

// CHECK-LABEL: func @memrefs
func.func @memrefs(%p: memref<11088xf32>, %ids: memref<5xi64>, %x: memref<5x63xf32, strided<[64, 1], offset: ?>>, %s: memref<5xf32>, %n: index) {
  // CHECK: model.load @packed : memref<11088xf32>
  %l = model.load @packed : memref<11088xf32>
  // CHECK: model.unpack %{{.*}}[%{{.*}}, %{{.*}}] layout(<"[172, 63] tile(d0:4) outer(d0, d1)">) : memref<11088xf32> -> memref<16x63xf32>
  %v = model.unpack %p[%n, %n] layout(#packed) : memref<11088xf32> -> memref<16x63xf32>
  // CHECK: model.unpack %{{.*}}[%{{.*}}, %{{.*}}] layout(<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">) : memref<4224xi8> -> memref<16x63xi8>
  %c = model.load @kept : memref<4224xi8>
  %u = model.unpack %c[%n, %n] layout(#kept) : memref<4224xi8> -> memref<16x63xi8>
  // CHECK: model.gather ins(%{{.*}}, %{{.*}} : memref<16x63xf32>, memref<5xi64>) outs(%{{.*}} : memref<5x63xf32, {{.*}}>){{$}}
  model.gather ins(%v, %ids : memref<16x63xf32>, memref<5xi64>) outs(%x : memref<5x63xf32, strided<[64, 1], offset: ?>>)
  // CHECK: model.row_reduce max ins(%{{.*}} : memref<5x63xf32, {{.*}}>) outs(%{{.*}} : memref<5xf32>){{$}}
  model.row_reduce max ins(%x : memref<5x63xf32, strided<[64, 1], offset: ?>>) outs(%s : memref<5xf32>)
  return
}
}
