// What parameters promise by sparse.pattern, the layout phase stores: where tiles can have the pattern what is kept, else all. From
// there on the encoding says it, and what is stored has the attribute no more. Where no instruction set expands vectors, all is stored.
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-fuse,coopt-phase-layout{sparse-storage=kept})' 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=SLOW --input-file=%t
// SLOW: warning: sparse weights take less memory, but more time than dense ones on generic and avx2: each use of them expands them first
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-fuse,coopt-phase-layout{isa=avx512,amx sparse-storage=kept})' 2>&1 | FileCheck %s --implicit-check-not=warning
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-fuse,coopt-phase-layout{isa=avx512,amx})' | FileCheck %s --check-prefix=AUTO
// AUTO: @kept.packed : {{.*}} keeps "2:4"
// AUTO: @few.packed : tensor<4096xi8, {{.*}} bits = 8>>{{$}}
// AUTO: @floats.packed : {{.*}} keeps "2:5"
// RUN: coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-fuse,coopt-phase-layout{isa=generic,avx2})' 2>&1 | FileCheck %s --check-prefix=DENSE --implicit-check-not=keeps
// DENSE: warning: weights of sparsity 2:4, group16:0.25, 2:5, 1:32 are stored dense, with their zeros: generic and avx2 have no instructions that expand what is kept
// DENSE: model.parameter @kept.packed : tensor<4096xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>>{{$}}
// RUN: not coopt-opt %s -pass-pipeline='builtin.module(coopt-phase-fuse,coopt-phase-layout{sparse-storage=keep})' 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: sparse-layouts.mlir:{{.*}}error: sparse storage: expected auto or kept, got 'keep'

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// Codes of a file, packed by a recipe of their own.
// CHECK: model.parameter @kept.packed : tensor<2560xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "2:4">>{{$}}
model.parameter @kept : tensor<32x128xi8> from #model.source<"a.bin", 0, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"2:4">}

// CHECK: model.parameter @groups.packed : tensor<1056xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "group16:0.25">>{{$}}
model.parameter @groups : tensor<32x128xi8> from #model.source<"a.bin", 4096, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"group16:0.25">}

// Of each tile 32 codes and the five bits of their places.
// CHECK: model.parameter @few.packed : tensor<208xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8 keeps "1:32">>{{$}}
model.parameter @few : tensor<32x128xi8> from #model.source<"a.bin", 8192, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"1:32">}

// Tiles can't have runs of five.
// CHECK: model.parameter @all.packed : tensor<4096xi8, #model.layout<"[32, 128] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>>{{$}}
model.parameter @all : tensor<32x128xi8> from #model.source<"a.bin", 8192, tensor<32x128xi8>> {sparse.pattern = #sparse.pattern<"2:5">}

// Panels of floats can: of 26 runs two numbers and five times 16 bits, filled up, for each of 16 rows.
// CHECK: model.parameter @floats.packed : tensor<1820xf32, #model.layout<"[32, 128] tile(d0:4) outer(d0, d1)" keeps "2:5">>{{$}}
model.parameter @floats : tensor<32x128xf32> from #model.source<"a.bin", 12416, tensor<32x128xf32>> {sparse.pattern = #sparse.pattern<"2:5">}

model.parameter @scales : tensor<32xf32> from #model.source<"a.bin", 12288, tensor<32xf32>>

// CHECK-LABEL: model.entry @forward
// CHECK-DAG: model.unpack %{{.+}} : tensor<2560xi8, #model.layout<{{.*}}, bits = 8 keeps "2:4">> -> tensor<32x128xi8>
// CHECK-DAG: model.unpack %{{.+}} : tensor<1056xi8, #model.layout<{{.*}}, bits = 8 keeps "group16:0.25">> -> tensor<32x128xi8>
// CHECK-DAG: model.unpack %{{.+}} : tensor<4096xi8, #model.layout<{{.*}}, bits = 8>> -> tensor<32x128xi8>
// CHECK-DAG: model.unpack %{{.+}} : tensor<208xi8, #model.layout<{{.*}}, bits = 8 keeps "1:32">> -> tensor<32x128xi8>
// CHECK-DAG: model.unpack %{{.+}} : tensor<1820xf32, #model.layout<{{.*}} keeps "2:5">> -> tensor<32x128xf32>
model.entry @forward(%x: tensor<?x128xi8>, %s: tensor<?xf32>, %f: tensor<?x128xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"], ["tokens"], ["tokens"]] -> [["tokens"], ["tokens"], ["tokens"], ["tokens"], ["tokens"]] {
  %t = model.size "tokens" : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%t) : tensor<?x32xf32>
  %scales = model.load @scales : tensor<32xf32>
  %0 = model.load @kept : tensor<32x128xi8>
  %1 = model.load @groups : tensor<32x128xi8>
  %2 = model.load @all : tensor<32x128xi8>
  %3 = model.load @few : tensor<32x128xi8>
  %4 = model.load @floats : tensor<32x128xf32>
  %a = quantized.contract ins(%x, %s, %0, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "a"} -> tensor<?x32xf32>
  %b = quantized.contract ins(%x, %s, %1, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "b"} -> tensor<?x32xf32>
  %c = quantized.contract ins(%x, %s, %2, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "c"} -> tensor<?x32xf32>
  %d = quantized.contract ins(%x, %s, %3, %scales : tensor<?x128xi8>, tensor<?xf32>, tensor<32x128xi8>, tensor<32xf32>)
    outs(%e : tensor<?x32xf32>) schemes(#w8, #w8) scale_at(output) {coopt.id = "d"} -> tensor<?x32xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %g = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%f, %4 : tensor<?x128xf32>, tensor<32x128xf32>) outs(%filled : tensor<?x32xf32>) {coopt.id = "g"} -> tensor<?x32xf32>
  model.return %a, %b, %c, %d, %g : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}
