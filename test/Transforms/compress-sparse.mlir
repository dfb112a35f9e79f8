// What is kept of weights that become codes: chosen of the floats, before they are quantised; the layout phase stores no more.
//
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-compress{quantize=w8a8 sparsify=2:4})' | FileCheck %s
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-compress{quantize=w8a8 sparsify=2:4},coopt-phase-fuse,coopt-phase-layout)' | FileCheck %s --check-prefix=LAYOUT --implicit-check-not=sparse.pattern
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-compress{quantize=w4a8-g16-asym sparsify=block8x16:0.5})' | FileCheck %s --check-prefix=GROUPS
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-compress{quantize=w4a8-g16-asym sparsify=block8x16:0.5},coopt-phase-fuse,coopt-phase-layout)' | FileCheck %s --check-prefix=TILES --implicit-check-not=sparse.pattern
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-compress{quantize=w8a8})' | FileCheck %s --check-prefix=DENSE
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-compress{sparsify=2:4})' | FileCheck %s --check-prefix=FLOATS

// Weights that stay floats are pruned into parameters of their own; of an embedding that is the head both readers have them, another
// one keeps all.
// FLOATS: module attributes {model.info = {quantization = "f32+2:4"}}
// FLOATS: model.parameter @embed.pruned : tensor<37x128xf32> {sparse.pattern = #sparse.pattern<"2:4">}
// FLOATS-NEXT: model.recipe @embed.prune defines [@embed.pruned] {
// FLOATS-NEXT:   %[[W:.+]] = model.load @embed : tensor<37x128xf32>
// FLOATS-NEXT:   %[[KEPT:.+]] = sparse.topk_select %[[W]] pattern(<"2:4">)
// FLOATS-NEXT:   %[[VALUES:.+]] = sparse.compress %[[W]], %[[KEPT]]
// FLOATS-NEXT:   %[[PRUNED:.+]] = sparse.decompress %[[VALUES]], %[[KEPT]]
// FLOATS-NEXT:   model.yield %[[PRUNED]]
// FLOATS: model.parameter @up.pruned : tensor<32x72xf32> {sparse.pattern = #sparse.pattern<"2:4">}
// FLOATS-NOT: @untied.pruned
// FLOATS-LABEL: model.entry @forward
// FLOATS: %[[TABLE:.+]] = model.load @embed.pruned
// FLOATS: model.gather ins(%[[TABLE]],
// FLOATS: %[[OTHERS:.+]] = model.load @untied :
// FLOATS: model.gather ins(%[[OTHERS]],
// FLOATS: %[[UP:.+]] = model.load @up.pruned
// FLOATS: linalg.matmul {{.*}}{coopt.id = "up"
// FLOATS: linalg.matmul {{.*}}

// DENSE: model.info = {quantization = "w8a8"}
// DENSE-NOT: sparse

// Shares have their pattern's name.
// GROUPS: model.info = {quantization = "w4a8-g16-asym+2:4x8x16"}
// CHECK: module attributes {model.info = {quantization = "w8a8+2:4"}}
module attributes {model.info = {quantization = "f32"}} {

// Codes alone promise what the pattern says.
// CHECK: model.parameter @embed : tensor<37x128xf32> from #model.source
// CHECK-NEXT: model.parameter @embed.codes : tensor<37x128xi8> {sparse.pattern = #sparse.pattern<"2:4">}
// CHECK-NEXT: model.parameter @embed.scales : tensor<37xf32>{{$}}
// CHECK-NEXT: model.recipe @embed.quantize defines [@embed.codes, @embed.scales] {
// CHECK-NEXT:   %[[W:.+]] = model.load @embed : tensor<37x128xf32>
// CHECK-NEXT:   %[[KEPT:.+]] = sparse.topk_select %[[W]] pattern(<"2:4">) : tensor<37x128xf32> -> tensor<37x128xi1>
// CHECK-NEXT:   %[[VALUES:.+]] = sparse.compress %[[W]], %[[KEPT]] pattern(<"2:4">) : tensor<37x128xf32>, tensor<37x128xi1> -> tensor<37x64xf32>
// CHECK-NEXT:   %[[PRUNED:.+]] = sparse.decompress %[[VALUES]], %[[KEPT]] pattern(<"2:4">) : tensor<37x64xf32>, tensor<37x128xi1> -> tensor<37x128xf32>
// CHECK:        %[[Q:.+]]:2 = quantized.quantize ins(%[[PRUNED]] : tensor<37x128xf32>) {{.*}} scheme(<bits = 8, group = 0, symmetric, scale = f32>)
// CHECK-NEXT:   model.yield %[[Q]]#0, %[[Q]]#1 : tensor<37x128xi8>, tensor<37xf32>

// Six tiles of 16 rows and 64 columns, each 128 bytes of places and 512 codes. The recipe packs what it made before.
// LAYOUT: model.parameter @embed.codes : tensor<3840xi8, #model.layout<"[37, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "2:4">>{{$}}
// LAYOUT-NEXT: model.parameter @embed.scales : tensor<37xf32>{{$}}
// LAYOUT: model.recipe @embed.quantize defines [@embed.codes, @embed.scales] {
// LAYOUT:   %[[PRUNED:.+]] = sparse.decompress
// LAYOUT:   %[[Q:.+]]:2 = quantized.quantize ins(%[[PRUNED]] :
// LAYOUT:   %[[P:.+]] = model.pack %[[Q]]#0 : tensor<37x128xi8> -> tensor<3840xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">>
// LAYOUT:   model.yield %[[P]], %[[Q]]#1

// Groups that are dropped as a whole may have asymmetric codes; of their scales and zeros only those of kept groups are stored.
// GROUPS: model.parameter @embed.codes : tensor<37x128xi4> {sparse.pattern = #sparse.pattern<"2:4x8x16">}
// GROUPS-NEXT: model.parameter @embed.scales : tensor<37x8xf16> {sparse.pattern = #sparse.pattern<"2:4x8x1">}
// GROUPS-NEXT: model.parameter @embed.zeros : tensor<37x8xi8> {sparse.pattern = #sparse.pattern<"2:4x8x1">}
// GROUPS: %[[BLOCKS:.+]] = sparse.topk_select %{{.+}} pattern(<"2:4x8x16">) : tensor<37x128xf32> -> tensor<37x8xi1>
// GROUPS: sparse.compress {{.*}} -> tensor<37x64xf32>
// GROUPS: %[[Q:.+]]:3 = quantized.quantize
// GROUPS: sparse.compress %[[Q]]#1, %[[BLOCKS]] pattern(<"2:4x8x1">) : tensor<37x8xf16>, tensor<37x8xi1> -> tensor<37x4xf16>
// GROUPS: sparse.compress %[[Q]]#2, %[[BLOCKS]] pattern(<"2:4x8x1">) : tensor<37x8xi8>, tensor<37x8xi1> -> tensor<37x4xi8>

// Each 8 bytes of bits and 256 of codes.
// TILES: model.parameter @embed.codes : tensor<1584xi8, #model.layout<"[37, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 4 keeps "2:4x8x16">>{{$}}
// Of each panel two runs, of two scales and the bits of four columns for 16 rows.
// TILES-NEXT: model.parameter @embed.scales : tensor<216xf16, #model.layout<"[37, 8] tile(d0:4) outer(d0, d1)" keeps "2:4x8x1">>{{$}}
// TILES-NEXT: model.parameter @embed.zeros : tensor<240xi8, #model.layout<"[37, 8] tile(d0:4) outer(d0, d1)" keeps "2:4x8x1">>{{$}}
model.parameter @embed : tensor<37x128xf32> from #model.source<"model.safetensors", 64, tensor<37x128xbf16>>

// The last tile of a row is short: of 72 columns, two tiles.
// CHECK: model.parameter @up.codes : tensor<32x72xi8> {sparse.pattern = #sparse.pattern<"2:4">}
// CHECK: model.recipe @up.quantize
// CHECK: sparse.compress {{.*}} -> tensor<32x36xf32>
// LAYOUT: model.parameter @up.codes : tensor<2560xi8, #model.layout<"[32, 72] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "2:4">>{{$}}
// GROUPS: sparse.compress {{.*}} -> tensor<32x64xf32>
model.parameter @up : tensor<32x72xf32> from #model.noise<seed = 3, scale = 1.000000e-01>

// What stays float keeps all.
// CHECK-NOT: @untied.codes
// CHECK: model.parameter @untied
// CHECK-NOT: sparse
// LAYOUT: model.parameter @untied
// LAYOUT-NOT: sparse
model.parameter @untied : tensor<11x72xf32> from #model.noise<seed = 5, scale = 1.000000e-01>

// CHECK-LABEL: model.entry @forward
// LAYOUT-LABEL: model.entry @forward
model.entry @forward(%ids: tensor<?xi32>, %others: tensor<?xi32>) -> (tensor<?x37xf32>, tensor<?x32xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"], ["tokens"]] -> [["tokens"], ["tokens"]] {
  %t = model.size "tokens" : index
  %zero = arith.constant 0.0 : f32

  // The entry is that of dense codes.
  // CHECK: %[[CODES:.+]] = model.load @embed.codes : tensor<37x128xi8>
  // CHECK: model.gather ins(%[[CODES]], %{{.+}} : tensor<37x128xi8>, tensor<?xi32>)
  // CHECK: quantized.contract ins(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} : tensor<?x72xi8>, tensor<?xf32>, tensor<32x72xi8>, tensor<32xf32>)
  // CHECK: quantized.contract ins(%{{.+}}, %{{.+}}, %[[CODES]], %{{.+}} : tensor<?x128xi8>, tensor<?xf32>, tensor<37x128xi8>, tensor<37xf32>)

  // Kernels decode what they read: embeddings and contractions alike.
  // LAYOUT: schedule.kernel "embed_tokens" ins(%[[A:.+]] = %{{.+}} : tensor<3840xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">>, {{.*}}
  // LAYOUT:   %[[TABLE:.+]] = model.unpack %[[A]] : tensor<3840xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">> -> tensor<37x128xi8>
  // LAYOUT:   model.gather ins(%[[TABLE]],
  // LAYOUT: schedule.kernel "up"
  // LAYOUT:   %[[UP:.+]] = model.unpack %{{.+}} : tensor<2560xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">> -> tensor<32x72xi8>
  // LAYOUT:   quantized.contract ins(%{{.+}}, %{{.+}}, %[[UP]], %{{.+}} :
  // LAYOUT: schedule.kernel "head"
  // LAYOUT:   %[[HEAD:.+]] = model.unpack %{{.+}} : tensor<3840xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">> -> tensor<37x128xi8>
  // LAYOUT:   quantized.contract ins(%{{.+}}, %{{.+}}, %[[HEAD]], %{{.+}} :
  // TILES: model.unpack %{{.+}} : tensor<1584xi8, #model.layout<{{.*}}, bits = 4 keeps "2:4x8x16">> -> tensor<37x128xi8>
  %table = model.load @embed : tensor<37x128xf32>
  %e0 = tensor.empty(%t) : tensor<?x128xf32>
  %x = model.gather ins(%table, %ids : tensor<37x128xf32>, tensor<?xi32>) outs(%e0 : tensor<?x128xf32>) {coopt.id = "embed_tokens"} -> tensor<?x128xf32>
  %float = model.load @untied : tensor<11x72xf32>
  %e1 = tensor.empty(%t) : tensor<?x72xf32>
  %u = model.gather ins(%float, %others : tensor<11x72xf32>, tensor<?xi32>) outs(%e1 : tensor<?x72xf32>) {coopt.id = "others"} -> tensor<?x72xf32>

  %wup = model.load @up : tensor<32x72xf32>
  %e2 = tensor.empty(%t) : tensor<?x32xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x32xf32>) -> tensor<?x32xf32>
  %up = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%u, %wup : tensor<?x72xf32>, tensor<32x72xf32>) outs(%f2 : tensor<?x32xf32>) {coopt.id = "up"} -> tensor<?x32xf32>

  %e3 = tensor.empty(%t) : tensor<?x37xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?x37xf32>) -> tensor<?x37xf32>
  %head = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%x, %table : tensor<?x128xf32>, tensor<37x128xf32>) outs(%f3 : tensor<?x37xf32>) {coopt.id = "head"} -> tensor<?x37xf32>
  model.return %head, %up : tensor<?x37xf32>, tensor<?x32xf32>
}
}
