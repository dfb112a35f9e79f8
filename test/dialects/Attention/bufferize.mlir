// RUN: coopt-opt %s -one-shot-bufferize="bufferize-function-boundaries allow-unknown-ops=false" -canonicalize -cse | FileCheck %s

!state = !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>

// A state is no tensor: it stays as it is.

// CHECK-LABEL: func @state
// CHECK-SAME:  (%[[K:.*]]: memref<?x4x8xf32, {{.*}}>, %[[V:.*]]: memref<?x4x8xf32, {{.*}}>, %[[Q:.*]]: memref<?x8x8xf32, {{.*}}>, %[[INIT:.*]]: memref<?x8x8xf32, {{.*}}>, %[[PAST:.*]]: index, %[[S0:.*]]: !attention.state
// CHECK-NOT:   memref.copy
// CHECK:       %[[S1:.*]] = attention.append ins(%[[K]], %[[V]] : memref<?x4x8xf32, {{.*}}>, memref<?x4x8xf32, {{.*}}>) at %[[PAST]] into %[[S0]] layer(3) : !attention.state{{.*}} -> !attention.state
// CHECK-NEXT:  attention.attend ins(%[[Q]] : memref<?x8x8xf32, {{.*}}>) state(%[[S1]] : !attention.state{{.*}}) at %[[PAST]], %{{.*}} outs(%[[INIT]] : memref<?x8x8xf32, {{.*}}>) layer(3) heads_per_group(2) scale(0.353553385) window(7){{$}}
// CHECK-NEXT:  return %[[INIT]], %[[S1]]
func.func @state(%k: tensor<?x4x8xf32>, %v: tensor<?x4x8xf32>, %q: tensor<?x8x8xf32>, %init: tensor<?x8x8xf32>,
                 %past: index, %s0: !state) -> (tensor<?x8x8xf32>, !state) {
  %c0 = arith.constant 0 : index
  %s1 = attention.append ins(%k, %v : tensor<?x4x8xf32>, tensor<?x4x8xf32>) at %past into %s0 layer(3) : !state -> !state
  %o = attention.attend ins(%q : tensor<?x8x8xf32>) state(%s1 : !state) at %past, %c0 outs(%init : tensor<?x8x8xf32>)
    layer(3) heads_per_group(2) scale(0.353553385) window(7) -> tensor<?x8x8xf32>
  return %o, %s1 : tensor<?x8x8xf32>, !state
}

// With the state's buffer, append writes it, and attend, which reads it, stays behind.

// CHECK-LABEL: func @buffer
// CHECK-SAME:  %[[S:[a-z0-9]*]]: memref<40x512x8xf32>
// CHECK-NOT:   memref.copy
// CHECK:       attention.append ins({{.*}} : memref<?x4x8xf32, {{.*}}>, memref<?x4x8xf32, {{.*}}>) at %{{.*}} into %[[S]] layer(3) : memref<40x512x8xf32>
// CHECK-NEXT:  attention.attend ins({{.*}}) state(%[[S]] : memref<40x512x8xf32>) {{.*}} heads(4){{$}}
func.func @buffer(%k: tensor<?x4x8xf32>, %v: tensor<?x4x8xf32>, %q: tensor<?x8x8xf32>, %init: tensor<?x8x8xf32>,
                  %past: index, %s: memref<40x512x8xf32>) -> tensor<?x8x8xf32> {
  %c0 = arith.constant 0 : index
  attention.append ins(%k, %v : tensor<?x4x8xf32>, tensor<?x4x8xf32>) at %past into %s layer(3) : memref<40x512x8xf32>
  %o = attention.attend ins(%q : tensor<?x8x8xf32>) state(%s : memref<40x512x8xf32>) at %past, %c0
    outs(%init : tensor<?x8x8xf32>) layer(3) heads_per_group(2) scale(0.353553385) heads(4) -> tensor<?x8x8xf32>
  return %o : tensor<?x8x8xf32>
}
