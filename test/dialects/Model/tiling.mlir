// RUN: coopt-opt %s -split-input-file -transform-interpreter -canonicalize -cse -verify-diagnostics | FileCheck %s

// A root in dynamic and static dimensions: the table keeps all its rows.

// CHECK-LABEL: func @gather
// CHECK-SAME:  (%[[TABLE:.*]]: tensor<512x67xf32>, %[[IDS:.*]]: tensor<?xi32>, %[[INIT:.*]]: tensor<?x67xf32>)
// CHECK:       scf.forall {{.*}} shared_outs(%[[OUT:.*]] = %[[INIT]])
// CHECK-DAG:     %[[T:.*]] = tensor.extract_slice %[[TABLE]][0, %[[J:.*]]] [512, %[[NJ:.*]]] [1, 1]
// CHECK-DAG:     %[[I:.*]] = tensor.extract_slice %[[IDS]][%[[R:.*]]] [%[[NR:.*]]] [1]
// CHECK-DAG:     %[[O:.*]] = tensor.extract_slice %[[OUT]][%[[R]], %[[J]]] [%[[NR]], %[[NJ]]] [1, 1]
// CHECK:         %[[X:.*]] = model.gather ins(%[[T]], %[[I]] : tensor<512x?xf32>, tensor<?xi32>) outs(%[[O]] : tensor<?x?xf32>) {coopt.id = "embed"}
// CHECK:         tensor.parallel_insert_slice %[[X]] into %[[OUT]][%[[R]], %[[J]]] [%[[NR]], %[[NJ]]]
func.func @gather(%table: tensor<512x67xf32>, %ids: tensor<?xi32>, %init: tensor<?x67xf32>) -> tensor<?x67xf32> {
  %x = model.gather ins(%table, %ids : tensor<512x67xf32>, tensor<?xi32>) outs(%init : tensor<?x67xf32>)
    {coopt.id = "embed"} -> tensor<?x67xf32>
  return %x : tensor<?x67xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["model.gather"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [3, 16]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Rows are never split.

// CHECK-LABEL: func @row_reduce
// CHECK-SAME:  (%[[X:.*]]: tensor<?x7x33xf32>, %[[INIT:.*]]: tensor<?x7xf32>)
// CHECK:       scf.for %[[R:[a-z0-9]*]] = {{.*}} iter_args(%[[OUT:.*]] = %[[INIT]])
// CHECK-DAG:     %[[I:.*]] = tensor.extract_slice %[[X]][%[[R]], 0, 0] [%[[N:.*]], 7, 33] [1, 1, 1]
// CHECK-DAG:     %[[O:.*]] = tensor.extract_slice %[[OUT]][%[[R]], 0] [%[[N]], 7] [1, 1]
// CHECK:         %[[S:.*]] = model.row_reduce sum ins(%[[I]] : tensor<?x7x33xf32>) outs(%[[O]] : tensor<?x7xf32>)
// CHECK:         tensor.insert_slice %[[S]] into %[[OUT]][%[[R]], 0] [%[[N]], 7]
func.func @row_reduce(%x: tensor<?x7x33xf32>, %init: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %s = model.row_reduce sum ins(%x : tensor<?x7x33xf32>) outs(%init : tensor<?x7xf32>) -> tensor<?x7xf32>
  return %s : tensor<?x7xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["model.row_reduce"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %op tile_sizes [4, 7]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Producers are fused into a tiled consumer: gather -> row_reduce -> generic, and the packed weight of a contraction.

// CHECK-LABEL: func @fuse
// CHECK-SAME:  (%[[TABLE:.*]]: tensor<512x64xf32>, %[[IDS:.*]]: tensor<?xi32>, %[[P:.*]]: tensor<11264xf32, {{.*}}>, %{{.*}}: index)
// CHECK-NOT:   model.
// CHECK:       scf.forall (%[[M:.*]], %[[N:.*]]) = (0, 0) to (%{{.*}}, 172) step (5, 16)
// CHECK:         %[[I:.*]] = tensor.extract_slice %[[IDS]][%[[M]]] [%[[NM:.*]]] [1]
// CHECK:         %[[X:.*]] = model.gather ins(%[[TABLE]], %[[I]] : {{.*}}) outs({{.*}} : tensor<?x64xf32>)
// CHECK:         %[[W:.*]] = model.unpack %[[P]][%[[N]], %{{.*}}] (%{{.*}}) : {{.*}} -> tensor<?x64xf32>
// CHECK:         linalg.fill
// CHECK:         linalg.generic {{.*}} ins(%[[X]], %[[W]] : tensor<?x64xf32>, tensor<?x64xf32>)
// CHECK:         %[[S:.*]] = model.row_reduce amax ins(%[[X]] : tensor<?x64xf32>)
// CHECK:         linalg.generic {{.*}} ins(%{{.*}}, %[[S]] : tensor<?x?xf32>, tensor<?xf32>)
// CHECK:         scf.forall.in_parallel
// CHECK-NOT:   model.
func.func @fuse(%table: tensor<512x64xf32>, %ids: tensor<?xi32>, %p: tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">>,
                %n: index) -> tensor<?x172xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty(%n) : tensor<?x64xf32>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %e2 = tensor.empty(%n) : tensor<?x172xf32>
  %x = model.gather ins(%table, %ids : tensor<512x64xf32>, tensor<?xi32>) outs(%e0 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %s = model.row_reduce amax ins(%x : tensor<?x64xf32>) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %w = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">> -> tensor<172x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x172xf32>) -> tensor<?x172xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xf32>, tensor<172x64xf32>) outs(%f : tensor<?x172xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %c, %0 : f32
      linalg.yield %1 : f32
  } -> tensor<?x172xf32>
  %z = linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>, affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%y, %s : tensor<?x172xf32>, tensor<?xf32>) outs(%e2 : tensor<?x172xf32>) attrs = {root} {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.mulf %a, %b : f32
      linalg.yield %0 : f32
  } -> tensor<?x172xf32>
  return %z : tensor<?x172xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg.generic"]} attributes{root} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:1 = transform.structured.fuse %op tile_sizes [5, 16] {use_forall}
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// An unpack adds a tile's place to the offsets that it has.

// CHECK-LABEL: func @offsets
// CHECK-SAME:  (%[[P:.*]]: tensor<11264xf32, {{.*}}>, %[[N0:.*]]: index, %[[K0:.*]]: index
// CHECK:       scf.for %[[K:[a-z0-9]*]] =
// CHECK:         %[[SUM:.*]] = affine.apply #{{.*}}()[%[[K0]], %[[K]]]
// CHECK:         model.unpack %[[P]][%[[N0]], %[[SUM]]] : {{.*}} -> tensor<5x8xf32>
func.func @offsets(%p: tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">>, %n0: index, %k0: index,
                   %init: tensor<5x32xf32>) -> tensor<5x32xf32> {
  %w = model.unpack %p[%n0, %k0] : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4)">> -> tensor<5x32xf32>
  %y = linalg.exp ins(%w : tensor<5x32xf32>) outs(%init : tensor<5x32xf32>) -> tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:1 = transform.structured.fuse %op tile_sizes [0, 8]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// fuse_into_containing_op, with a producer outside the loop.

// CHECK-LABEL: func @into_containing
// CHECK:       scf.forall
// CHECK:         model.row_reduce max ins(%{{.*}} : tensor<?x33xf32>)
// CHECK:         linalg.exp
func.func @into_containing(%x: tensor<?x33xf32>, %init: tensor<?xf32>) -> tensor<?xf32> {
  %s = model.row_reduce max ins(%x : tensor<?x33xf32>) outs(%init : tensor<?xf32>) -> tensor<?xf32>
  %y = linalg.exp ins(%s : tensor<?xf32>) outs(%init : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %exp = transform.structured.match ops{["linalg.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    %reduce = transform.structured.match ops{["model.row_reduce"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %exp tile_sizes [3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.structured.fuse_into_containing_op %reduce into %loop
      : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Memref form: subviews, no results.

// CHECK-LABEL: func @memref
// CHECK:       scf.forall
// CHECK:         memref.subview
// CHECK:         memref.subview
// CHECK:         model.row_reduce sum ins(%{{.*}} : memref<?x33xf32, {{.*}}>) outs(%{{.*}} : memref<?xf32, {{.*}}>){{$}}
func.func @memref(%x: memref<?x33xf32>, %s: memref<?xf32>) {
  model.row_reduce sum ins(%x : memref<?x33xf32>) outs(%s : memref<?xf32>)
  return
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["model.row_reduce"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
