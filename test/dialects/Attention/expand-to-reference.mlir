// RUN: coopt-opt %s -coopt-expand-to-reference | FileCheck %s

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 512, element = f32>

// Of a state value, attend reads elements; append is what a state is.

// CHECK-LABEL: func @state
// CHECK:       %[[S:.*]] = attention.append
// CHECK-NOT:   attention.attend
// CHECK:       attention.read key %[[S]][%[[HEAD:.*]], %{{.*}}, %{{.*}}] layer(3) : !attention.state
// CHECK:       attention.read value %[[S]][%[[HEAD]], %{{.*}}, %{{.*}}] layer(3) : !attention.state
// CHECK-NOT:   attention.attend
func.func @state(%k: tensor<?x4x7xf32>, %q: tensor<?x8x7xf32>, %past: index, %head: index, %s0: !state) -> (tensor<?x8x7xf32>, !state) {
  %s1 = attention.append ins(%k, %k : tensor<?x4x7xf32>, tensor<?x4x7xf32>) at %past into %s0 layer(3) : !state -> !state
  %o = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s1 : !state) at %past, %head outs(%q : tensor<?x8x7xf32>)
    layer(3) heads_per_group(2) scale(0.353553385) -> tensor<?x8x7xf32>
  return %o, %s1 : tensor<?x8x7xf32>, !state
}

// Slab (layer * 2 + (key ? 0 : 1)) * heads + head: 24 and 28 for layer 3 of 4 heads.

// CHECK-LABEL: func @buffer
// CHECK-SAME:  %[[H:[a-z0-9]*]]: index, %[[S:[a-z0-9]*]]: memref<40x512x7xf32>
// CHECK-DAG:   %[[C24:.*]] = arith.constant 24 : index
// CHECK-DAG:   %[[C28:.*]] = arith.constant 28 : index
// CHECK:       %[[KEY:.*]] = arith.addi %[[H]], %[[C24]]
// CHECK:       memref.load %[[S]][%[[KEY]], %[[H]], %[[H]]]
// CHECK:       %[[VALUE:.*]] = arith.addi %[[H]], %[[C28]]
// CHECK:       memref.load %[[S]][%[[VALUE]], %[[H]], %[[H]]]
func.func @buffer(%h: index, %s: memref<40x512x7xf32>) -> (f32, f32) {
  %k = attention.read key %s[%h, %h, %h] layer(3) heads(4) : memref<40x512x7xf32> -> f32
  %v = attention.read value %s[%h, %h, %h] layer(3) heads(4) : memref<40x512x7xf32> -> f32
  return %k, %v : f32, f32
}
