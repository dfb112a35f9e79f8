// RUN: coopt-opt %s -split-input-file -transform-interpreter -canonicalize -cse -verify-diagnostics | FileCheck %s

// The tile's place is added to the position and to the number of the first head.

// CHECK-DAG:   #[[M5:.*]] = affine_map<(d0)[s0] -> (d0 * 5 + s0)>
// CHECK-DAG:   #[[M3:.*]] = affine_map<(d0)[s0] -> (d0 * 3 + s0)>
// CHECK-LABEL: func @attend
// CHECK-SAME:  (%[[Q:.*]]: tensor<?x8x8xf32>, %[[S:.*]]: !attention.state<{{.*}}>, %[[PAST:.*]]: index, %[[HEAD:.*]]: index, %[[INIT:.*]]: tensor<?x8x8xf32>)
// CHECK:       scf.forall (%[[T:.*]], %[[H:.*]]) in
// CHECK:         %[[QT:.*]] = tensor.extract_slice %[[Q]][%[[T0:.*]], %[[H0:.*]], 0] [%{{.*}}, %{{.*}}, 8]
// CHECK:         %[[P:.*]] = affine.apply #[[M5]](%[[T]])[%[[PAST]]]
// CHECK:         %[[F:.*]] = affine.apply #[[M3]](%[[H]])[%[[HEAD]]]
// CHECK:         attention.attend ins(%[[QT]] : tensor<?x?x8xf32>) state(%[[S]] : {{.*}}) at %[[P]], %[[F]] outs(%{{.*}} : tensor<?x?x8xf32>) layer(3) heads_per_group(2) scale(0.353553385) cap(2.500000e+00) window(7) {coopt.id = "attend"}
func.func @attend(%q: tensor<?x8x8xf32>, %s: !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>,
                  %past: index, %head: index, %init: tensor<?x8x8xf32>) -> tensor<?x8x8xf32> {
  %o = attention.attend ins(%q : tensor<?x8x8xf32>)
    state(%s : !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>) at %past, %head
    outs(%init : tensor<?x8x8xf32>) layer(3) heads_per_group(2) scale(0.353553385) cap(2.5) window(7) {coopt.id = "attend"} -> tensor<?x8x8xf32>
  return %o : tensor<?x8x8xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attention.attend"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [5, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @append
// CHECK-SAME:  %[[PAST:[a-z0-9]*]]: index, %[[S:[a-z0-9]*]]: memref
// CHECK:       scf.for %[[T:[a-z0-9]*]] =
// CHECK:         tensor.extract_slice %{{.*}}[%[[T]], 0, 0] [%{{.*}}, 4, 8]
// CHECK:         tensor.extract_slice %{{.*}}[%[[T]], 0, 0] [%{{.*}}, 4, 8]
// CHECK:         %[[P:.*]] = affine.apply #{{.*}}()[%[[PAST]], %[[T]]]
// CHECK:         attention.append ins({{.*}}) at %[[P]] into %[[S]] layer(3)
func.func @append(%k: tensor<?x4x8xf32>, %v: tensor<?x4x8xf32>, %past: index, %s: memref<40x512x8xf32>) {
  attention.append ins(%k, %v : tensor<?x4x8xf32>, tensor<?x4x8xf32>) at %past into %s layer(3) : memref<40x512x8xf32>
  return
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attention.append"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_for %op tile_sizes [5]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @append_forall
// CHECK:       scf.forall
// CHECK:         memref.subview
// CHECK:         memref.subview
// CHECK:         attention.append ins({{.*}} : memref<?x4x8xf32, {{.*}}>, memref<?x4x8xf32, {{.*}}>)
func.func @append_forall(%k: memref<?x4x8xf32>, %v: memref<?x4x8xf32>, %past: index, %s: memref<40x512x8xf32>) {
  attention.append ins(%k, %v : memref<?x4x8xf32>, memref<?x4x8xf32>) at %past into %s layer(3) : memref<40x512x8xf32>
  return
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attention.append"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %op tile_sizes [5]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A state has no tiles: the op must be on its buffer.

func.func @append_state(%k: tensor<?x4x8xf32>, %v: tensor<?x4x8xf32>, %past: index,
                        %s: !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>)
    -> !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32> {
  // expected-error @+2 {{to tile operation}}
  // expected-error @+1 {{to generate tiling loops}}
  %r = attention.append ins(%k, %v : tensor<?x4x8xf32>, tensor<?x4x8xf32>) at %past into %s layer(3)
    : !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>
    -> !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>
  return %r : !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attention.append"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_for %op tile_sizes [5]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
