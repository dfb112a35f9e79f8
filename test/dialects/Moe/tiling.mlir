// RUN: coopt-opt %s -split-input-file -transform-interpreter -canonicalize -cse | FileCheck %s

// The tile's place is added to the first place and to the first column. Weights and segments stay whole: which rows of the weights a
// tile needs is said by the segments.

// CHECK-DAG:   #[[M5:.*]] = affine_map<(d0)[s0] -> (d0 * 5 + s0)>
// CHECK-DAG:   #[[M3:.*]] = affine_map<(d0)[s0] -> (d0 * 3 + s0)>
// CHECK-LABEL: func @contract
// CHECK-SAME:  (%[[X:.*]]: tensor<?x61xf32>, %[[W:.*]]: tensor<112x61xf32>, %[[S:.*]]: tensor<?x3xi32>, %[[ROW:.*]]: index, %[[COLUMN:.*]]: index, %[[INIT:.*]]: tensor<?x13xf32>)
// CHECK:       scf.forall (%[[I:.*]], %[[J:.*]]) in {{.*}} shared_outs(%[[OUT:.*]] = %[[INIT]])
// CHECK-DAG:     %[[XT:.*]] = tensor.extract_slice %[[X]][%[[M0:.*]], 0] [%[[M:.*]], 61] [1, 1]
// CHECK-DAG:     %[[O:.*]] = tensor.extract_slice %[[OUT]][%[[M0]], %[[N0:.*]]] [%[[M]], %[[N:.*]]] [1, 1]
// CHECK-DAG:     %[[R:.*]] = affine.apply #[[M5]](%[[I]])[%[[ROW]]]
// CHECK-DAG:     %[[C:.*]] = affine.apply #[[M3]](%[[J]])[%[[COLUMN]]]
// CHECK:         %[[Y:.*]] = moe.contract ins(%[[XT]], %[[W]] : tensor<?x61xf32>, tensor<112x61xf32>) segments(%[[S]] : tensor<?x3xi32>) at %[[R]], %[[C]] outs(%[[O]] : tensor<?x?xf32>) stride(16) {coopt.id = "y"} -> tensor<?x?xf32>
// CHECK:         tensor.parallel_insert_slice %[[Y]] into %[[OUT]][%[[M0]], %[[N0]]] [%[[M]], %[[N]]]
func.func @contract(%x: tensor<?x61xf32>, %w: tensor<112x61xf32>, %s: tensor<?x3xi32>, %row: index, %column: index,
                    %o: tensor<?x13xf32>) -> tensor<?x13xf32> {
  %y = moe.contract ins(%x, %w : tensor<?x61xf32>, tensor<112x61xf32>) segments(%s : tensor<?x3xi32>) at %row, %column
    outs(%o : tensor<?x13xf32>) stride(16) {coopt.id = "y"} -> tensor<?x13xf32>
  return %y : tensor<?x13xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.contract"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [5, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A matrix of codes and its vectors are cut by rows, those of the weights are not; the quantisation of a tile's rows goes with it.

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// CHECK-LABEL: func @contract_codes
// CHECK-SAME:  (%[[X:.*]]: tensor<?x61xf32>, %[[W:.*]]: tensor<112x61xi8>, %[[SW:.*]]: tensor<112xf32>, %[[S:.*]]: tensor<?x3xi32>, %{{.*}}: index)
// CHECK:       scf.for %[[I:[a-z0-9]*]] =
// CHECK:         scf.for %[[J:[a-z0-9]*]] =
// CHECK:           %[[XT:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [%[[M:.*]], 61] [1, 1]
// CHECK:           %[[Q:.*]]:2 = quantized.quantize ins(%[[XT]] : tensor<?x61xf32>)
// CHECK:           moe.contract ins(%[[Q]]#0, %[[Q]]#1, %[[W]], %[[SW]] : tensor<?x61xi8>, tensor<?xf32>, tensor<112x61xi8>, tensor<112xf32>) segments(%[[S]] : tensor<?x3xi32>) at %[[I]], %[[J]] outs(%{{.*}} : tensor<?x?xf32>) stride(16) schemes({{.*}}) scale_at(output) -> tensor<?x?xf32>
func.func @contract_codes(%x: tensor<?x61xf32>, %w: tensor<112x61xi8>, %sw: tensor<112xf32>, %s: tensor<?x3xi32>, %n: index) -> tensor<?x13xf32> {
  %c0 = arith.constant 0 : index
  %e0 = tensor.empty(%n) : tensor<?x61xi8>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %e2 = tensor.empty(%n) : tensor<?x13xf32>
  %q:2 = quantized.quantize ins(%x : tensor<?x61xf32>) outs(%e0, %e1 : tensor<?x61xi8>, tensor<?xf32>) scheme(#w8) -> tensor<?x61xi8>, tensor<?xf32>
  %y = moe.contract ins(%q#0, %q#1, %w, %sw : tensor<?x61xi8>, tensor<?xf32>, tensor<112x61xi8>, tensor<112xf32>) segments(%s : tensor<?x3xi32>)
    at %c0, %c0 outs(%e2 : tensor<?x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output) -> tensor<?x13xf32>
  return %y : tensor<?x13xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.contract"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.fuse %op tile_sizes [5, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The tile of a tile.

// CHECK-LABEL: func @contract_twice
// CHECK-SAME:  (%[[X:.*]]: tensor<15x61xf32>, %[[W:.*]]: tensor<112x61xf32>, %[[S:.*]]: tensor<7x3xi32>, %{{.*}}: tensor<15x16xf32>)
// CHECK:       scf.for %[[I0:[a-z0-9]*]] =
// CHECK:         scf.for %[[J0:[a-z0-9]*]] =
// CHECK:           scf.for %[[I1:[a-z0-9]*]] =
// CHECK:             scf.for %[[J1:[a-z0-9]*]] =
// CHECK-DAG:           %[[R:.*]] = affine.apply #{{.*}}()[%[[I0]], %[[I1]]]
// CHECK-DAG:           %[[C:.*]] = affine.apply #{{.*}}()[%[[J0]], %[[J1]]]
// CHECK:               moe.contract ins(%{{.*}}, %[[W]] : tensor<1x61xf32>, tensor<112x61xf32>) segments(%[[S]] : tensor<7x3xi32>) at %[[R]], %[[C]] outs(%{{.*}} : tensor<1x2xf32>)
func.func @contract_twice(%x: tensor<15x61xf32>, %w: tensor<112x61xf32>, %s: tensor<7x3xi32>, %o: tensor<15x16xf32>) -> tensor<15x16xf32> {
  %c0 = arith.constant 0 : index
  %y = moe.contract ins(%x, %w : tensor<15x61xf32>, tensor<112x61xf32>) segments(%s : tensor<7x3xi32>) at %c0, %c0
    outs(%o : tensor<15x16xf32>) stride(16) -> tensor<15x16xf32>
  return %y : tensor<15x16xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.contract"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loops:2 = transform.structured.tile_using_for %op tile_sizes [5, 8]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    %inner, %deep:2 = transform.structured.tile_using_for %tile tile_sizes [1, 2]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Rows of y are anywhere; of its columns a tile takes its own.

// CHECK-LABEL: func @combine
// CHECK-SAME:  (%[[Y:.*]]: tensor<?x61xf32>, %[[W:.*]]: tensor<?x3xf32>, %[[P:.*]]: tensor<?x3xi32>, %[[INIT:.*]]: tensor<?x61xf32>)
// CHECK:       scf.forall {{.*}} shared_outs(%[[OUT:.*]] = %[[INIT]])
// CHECK-DAG:     %[[YT:.*]] = tensor.extract_slice %[[Y]][0, %[[N0:.*]]] [%{{.*}}, %[[N:.*]]] [1, 1]
// CHECK-DAG:     %[[WT:.*]] = tensor.extract_slice %[[W]][%[[M0:.*]], 0] [%[[M:.*]], 3] [1, 1]
// CHECK-DAG:     %[[PT:.*]] = tensor.extract_slice %[[P]][%[[M0]], 0] [%[[M]], 3] [1, 1]
// CHECK-DAG:     %[[O:.*]] = tensor.extract_slice %[[OUT]][%[[M0]], %[[N0]]] [%[[M]], %[[N]]] [1, 1]
// CHECK:         %[[R:.*]] = moe.combine ins(%[[YT]], %[[WT]], %[[PT]] : tensor<?x?xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%[[O]] : tensor<?x?xf32>) {coopt.id = "o"} -> tensor<?x?xf32>
// CHECK:         tensor.parallel_insert_slice %[[R]] into %[[OUT]][%[[M0]], %[[N0]]] [%[[M]], %[[N]]]
func.func @combine(%y: tensor<?x61xf32>, %w: tensor<?x3xf32>, %p: tensor<?x3xi32>, %o: tensor<?x61xf32>) -> tensor<?x61xf32> {
  %r = moe.combine ins(%y, %w, %p : tensor<?x61xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%o : tensor<?x61xf32>) {coopt.id = "o"} -> tensor<?x61xf32>
  return %r : tensor<?x61xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.combine"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [4, 16]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A row of either is never split.

// CHECK-LABEL: func @logits
// CHECK-SAME:  (%[[X:.*]]: tensor<?x61xf32>, %[[W:.*]]: tensor<7x61xf32>, %[[INIT:.*]]: tensor<?x7xf32>)
// CHECK:       scf.forall {{.*}} shared_outs(%[[OUT:.*]] = %[[INIT]])
// CHECK-DAG:     %[[XT:.*]] = tensor.extract_slice %[[X]][%[[M0:.*]], 0] [%[[M:.*]], 61] [1, 1]
// CHECK-DAG:     %[[WT:.*]] = tensor.extract_slice %[[W]][%[[N0:.*]], 0] [%[[N:.*]], 61] [1, 1]
// CHECK-DAG:     %[[O:.*]] = tensor.extract_slice %[[OUT]][%[[M0]], %[[N0]]] [%[[M]], %[[N]]] [1, 1]
// CHECK:         moe.logits ins(%[[XT]], %[[WT]] : tensor<?x61xf32>, tensor<?x61xf32>) outs(%[[O]] : tensor<?x?xf32>) {coopt.id = "l"} -> tensor<?x?xf32>
func.func @logits(%x: tensor<?x61xf32>, %w: tensor<7x61xf32>, %o: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %l = moe.logits ins(%x, %w : tensor<?x61xf32>, tensor<7x61xf32>) outs(%o : tensor<?x7xf32>) {coopt.id = "l"} -> tensor<?x7xf32>
  return %l : tensor<?x7xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.logits"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [4, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tokens only; both results are put together. The bias is every token's.

// CHECK-LABEL: func @route
// CHECK-SAME:  (%[[L:.*]]: tensor<?x15xf32>, %[[B:.*]]: tensor<15xf32>, %[[W:.*]]: tensor<?x3xf32>, %[[E:.*]]: tensor<?x3xi32>)
// CHECK:       scf.forall {{.*}} shared_outs(%[[WO:.*]] = %[[W]], %[[EO:.*]] = %[[E]])
// CHECK-DAG:     %[[LT:.*]] = tensor.extract_slice %[[L]][%[[M0:.*]], 0] [%[[M:.*]], 15] [1, 1]
// CHECK-DAG:     %[[WT:.*]] = tensor.extract_slice %[[WO]][%[[M0]], 0] [%[[M]], 3] [1, 1]
// CHECK-DAG:     %[[ET:.*]] = tensor.extract_slice %[[EO]][%[[M0]], 0] [%[[M]], 3] [1, 1]
// CHECK:         %[[R:.*]]:2 = moe.route ins(%[[LT]] : tensor<?x15xf32>) bias(%[[B]] : tensor<15xf32>) outs(%[[WT]], %[[ET]] : tensor<?x3xf32>, tensor<?x3xi32>) scores(sigmoid) groups(5 keep 2 by two_best) scale(2.500000e+00) {coopt.id = "r"} -> tensor<?x3xf32>, tensor<?x3xi32>
// CHECK-DAG:     tensor.parallel_insert_slice %[[R]]#0 into %[[WO]][%[[M0]], 0] [%[[M]], 3]
// CHECK-DAG:     tensor.parallel_insert_slice %[[R]]#1 into %[[EO]][%[[M0]], 0] [%[[M]], 3]
func.func @route(%l: tensor<?x15xf32>, %b: tensor<15xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>) -> (tensor<?x3xf32>, tensor<?x3xi32>) {
  %r:2 = moe.route ins(%l : tensor<?x15xf32>) bias(%b : tensor<15xf32>) outs(%w, %e : tensor<?x3xf32>, tensor<?x3xi32>)
    scores(sigmoid) groups(5 keep 2 by two_best) scale(2.5) {coopt.id = "r"} -> tensor<?x3xf32>, tensor<?x3xi32>
  return %r#0, %r#1 : tensor<?x3xf32>, tensor<?x3xi32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.route"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @choose
// CHECK:       scf.for %[[I:[a-z0-9]*]] =
// CHECK:         moe.choose ins(%{{.*}} : tensor<?x15xf32>) outs(%{{.*}} : tensor<?x3xi32>) -> tensor<?x3xi32>
func.func @choose(%s: tensor<?x15xf32>, %e: tensor<?x3xi32>) -> tensor<?x3xi32> {
  %r = moe.choose ins(%s : tensor<?x15xf32>) outs(%e : tensor<?x3xi32>) -> tensor<?x3xi32>
  return %r : tensor<?x3xi32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["moe.choose"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_for %op tile_sizes [4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
