// RUN: coopt-opt %s -one-shot-bufferize="bufferize-function-boundaries allow-unknown-ops=false" -cse -canonicalize | FileCheck %s

model.parameter @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">>
model.parameter @norm : tensor<64xf32> from #model.noise<seed = 1, scale = 1.0>

// CHECK-LABEL: func @in_place
// CHECK-SAME:  (%[[T:.*]]: memref<512x64xf32, {{.*}}>, %[[IDS:.*]]: memref<?xi32, {{.*}}>, %[[INIT:.*]]: memref<?x64xf32, {{.*}}>, %[[OUT:.*]]: memref<?xf32, {{.*}}>)
// CHECK-NEXT:  model.gather ins(%[[T]], %[[IDS]] : {{.*}}) outs(%[[INIT]] : {{.*}}) {coopt.id = "embed"}{{$}}
// CHECK-NEXT:  model.row_reduce sum ins(%[[INIT]] : {{.*}}) outs(%[[OUT]] : {{.*}}){{$}}
// CHECK-NEXT:  return %[[OUT]]
func.func @in_place(%table: tensor<512x64xf32>, %ids: tensor<?xi32>, %init: tensor<?x64xf32>, %out: tensor<?xf32>) -> tensor<?xf32> {
  %x = model.gather ins(%table, %ids : tensor<512x64xf32>, tensor<?xi32>) outs(%init : tensor<?x64xf32>)
    {coopt.id = "embed"} -> tensor<?x64xf32>
  %s = model.row_reduce sum ins(%x : tensor<?x64xf32>) outs(%out : tensor<?xf32>) -> tensor<?xf32>
  return %s : tensor<?xf32>
}

// Neither the load nor the unpack copies anything.

// CHECK-LABEL: func @unpack
// CHECK-SAME:  (%[[N:.*]]: index, %[[K:.*]]: index, %[[A:.*]]: memref<5x64xf32, {{.*}}>, %[[INIT:.*]]: memref<5x16xf32, {{.*}}>)
// CHECK-NEXT:  %[[P:.*]] = model.load @w : memref<11264xf32>
// CHECK-NEXT:  %[[V:.*]] = model.unpack %[[P]][%[[N]], %[[K]]] layout(<"[172, 64] tile(d0:4)">) {coopt.id = "u"} : memref<11264xf32> -> memref<16x64xf32>
// CHECK-NEXT:  linalg.generic {{.*}} ins(%[[A]], %[[V]] : {{.*}}) outs(%[[INIT]] :
func.func @unpack(%n: index, %k: index, %a: tensor<5x64xf32>, %init: tensor<5x16xf32>) -> tensor<5x16xf32> {
  %p = model.load @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">>
  %w = model.unpack %p[%n, %k] {coopt.id = "u"} : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">> -> tensor<16x64xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : tensor<5x64xf32>, tensor<16x64xf32>) outs(%init : tensor<5x16xf32>) {
    ^bb0(%l: f32, %b: f32, %c: f32):
      %0 = arith.mulf %l, %b : f32
      %1 = arith.addf %c, %0 : f32
      linalg.yield %1 : f32
  } -> tensor<5x16xf32>
  return %y : tensor<5x16xf32>
}

// Parameters are read-only: writing into one, or into what is unpacked from one, makes a copy.
// CHECK-LABEL: func @no_write
// CHECK:       %[[P:.*]] = model.load @norm : memref<64xf32>
// CHECK:       %[[COPY:.*]] = memref.alloc() {{.*}} : memref<64xf32>
// CHECK:       memref.copy %[[P]], %[[COPY]]
// CHECK:       memref.store %{{.*}}, %[[COPY]]
// CHECK:       %[[V:.*]] = model.unpack
// CHECK:       %[[COPY2:.*]] = memref.alloc() {{.*}} : memref<16x64xf32>
// CHECK:       memref.copy %[[V]], %[[COPY2]]
// CHECK:       memref.store %{{.*}}, %[[COPY2]]
func.func @no_write(%i: index) -> (tensor<64xf32>, tensor<16x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %n = model.load @norm : tensor<64xf32>
  %m = tensor.insert %zero into %n[%i] : tensor<64xf32>
  %p = model.load @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">>
  %w = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">> -> tensor<16x64xf32>
  %v = tensor.insert %zero into %w[%i, %i] : tensor<16x64xf32>
  return %m, %v : tensor<64xf32>, tensor<16x64xf32>
}

// CHECK-LABEL: func @in_loop
// CHECK-NOT:   memref.alloc
// CHECK-NOT:   memref.copy
// CHECK:       scf.forall
// CHECK:         model.gather
// CHECK-NOT:     memref.copy
func.func @in_loop(%table: tensor<512x67xf32>, %ids: tensor<?xi32>, %init: tensor<?x67xf32>) -> tensor<?x67xf32> {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %ids, %c0 : tensor<?xi32>
  %r = scf.forall (%i) in (%dim) shared_outs(%o = %init) -> (tensor<?x67xf32>) {
    %ti = tensor.extract_slice %ids[%i] [1] [1] : tensor<?xi32> to tensor<1xi32>
    %to = tensor.extract_slice %o[%i, 0] [1, 67] [1, 1] : tensor<?x67xf32> to tensor<1x67xf32>
    %x = model.gather ins(%table, %ti : tensor<512x67xf32>, tensor<1xi32>) outs(%to : tensor<1x67xf32>) -> tensor<1x67xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %o[%i, 0] [1, 67] [1, 1] : tensor<1x67xf32> into tensor<?x67xf32>
    }
  }
  return %r : tensor<?x67xf32>
}

// What an op writes while its old contents are still wanted is copied.

// CHECK-LABEL: func @conflict
// CHECK-SAME:  (%[[X:.*]]: memref<7x5xf32, {{.*}}>, %[[INIT:.*]]: memref<7xf32, {{.*}}>)
// CHECK:       %[[NEW:.*]] = memref.alloc() {{.*}} : memref<7xf32>
// CHECK:       model.row_reduce sum ins(%[[X]] : {{.*}}) outs(%[[NEW]] :
// CHECK:       linalg.add ins(%[[NEW]], %[[INIT]] :
func.func @conflict(%x: tensor<7x5xf32>, %init: tensor<7xf32>) -> tensor<7xf32> {
  %s = model.row_reduce sum ins(%x : tensor<7x5xf32>) outs(%init : tensor<7xf32>) -> tensor<7xf32>
  %y = linalg.add ins(%s, %init : tensor<7xf32>, tensor<7xf32>) outs(%init : tensor<7xf32>) -> tensor<7xf32>
  return %y : tensor<7xf32>
}
