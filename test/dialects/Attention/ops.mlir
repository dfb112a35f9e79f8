// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -mlir-print-op-generic | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -emit-bytecode | coopt-opt | FileCheck %s

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

// CHECK-LABEL: func @state
// CHECK-SAME:  (%[[K:.*]]: tensor<?x4x7xf32>, %[[Q:.*]]: tensor<?x8x7xf32>, %[[P:.*]]: index, %[[S0:.*]]: !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>)
func.func @state(%k: tensor<?x4x7xf32>, %q: tensor<?x8x7xf32>, %p: index, %s0: !state) {
  // CHECK-NEXT: %[[S1:.*]] = attention.append ins(%[[K]], %[[K]] : tensor<?x4x7xf32>, tensor<?x4x7xf32>) at %[[P]] into %[[S0]] layer(4) {coopt.id = "a"} : !attention.state<{{.*}}> -> !attention.state<{{.*}}>
  %s1 = attention.append ins(%k, %k : tensor<?x4x7xf32>, tensor<?x4x7xf32>) at %p into %s0 layer(4) {coopt.id = "a"} : !state -> !state
  // CHECK-NEXT: attention.attend ins(%[[Q]] : tensor<?x8x7xf32>) state(%[[S1]] : !attention.state<{{.*}}>) at %[[P]], %[[P]] outs(%[[Q]] : tensor<?x8x7xf32>) layer(4) heads_per_group(2) scale(0.353553385) window(9) {coopt.id = "b"} -> tensor<?x8x7xf32>
  %o = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s1 : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(4) heads_per_group(2) scale(0.353553385) window(9) {coopt.id = "b"} -> tensor<?x8x7xf32>
  // CHECK-NEXT: attention.attend {{.*}} scale(1.000000e+00) cap(5.000000e+01) window(9) -> tensor<?x8x7xf32>
  %c = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s1 : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(4) heads_per_group(2) scale(1.0) cap(50.0) window(9) -> tensor<?x8x7xf32>
  // CHECK-NEXT: attention.attend {{.*}} scale(1.000000e+00) window(9) sinks(4) -> tensor<?x8x7xf32>
  %l = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s1 : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(4) heads_per_group(2) scale(1.0) window(9) sinks(4) -> tensor<?x8x7xf32>
  // CHECK-NEXT: attention.read key %[[S1]][%[[P]], %[[P]], %[[P]]] layer(4) : !attention.state<{{.*}}> -> f32
  %x = attention.read key %s1[%p, %p, %p] layer(4) : !state -> f32
  // CHECK-NEXT: attention.read value %[[S1]]
  %y = attention.read value %s1[%p, %p, %p] layer(4) : !state -> f32
  return
}

// CHECK-LABEL: func @buffer
func.func @buffer(%k: memref<?x4x7xf32>, %q: memref<?x?x7xf32>, %p: index, %s: memref<40x513x7xf32>) {
  // CHECK-NEXT: attention.append ins(%{{.*}}, %{{.*}} : memref<?x4x7xf32>, memref<?x4x7xf32>) at %{{.*}} into %{{.*}} layer(4) : memref<40x513x7xf32>
  attention.append ins(%k, %k : memref<?x4x7xf32>, memref<?x4x7xf32>) at %p into %s layer(4) : memref<40x513x7xf32>
  // CHECK-NEXT: attention.attend ins({{.*}}) state(%{{.*}} : memref<40x513x7xf32>) at %{{.*}}, %{{.*}} outs({{.*}}) layer(4) heads_per_group(2) scale(1.000000e+00) heads(4){{$}}
  attention.attend ins(%q : memref<?x?x7xf32>) state(%s : memref<40x513x7xf32>) at %p, %p outs(%q : memref<?x?x7xf32>)
    layer(4) heads_per_group(2) scale(1.0) heads(4)
  // CHECK-NEXT: attention.read value %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] layer(4) heads(4) : memref<40x513x7xf32> -> f32
  %y = attention.read value %s[%p, %p, %p] layer(4) heads(4) : memref<40x513x7xf32> -> f32
  return
}

// CHECK-LABEL: func @half
func.func @half(%k: memref<?x4x7xf32>, %q: memref<?x?x7xf32>, %p: index, %s: memref<40x513x7xf16>, %t: memref<40x513x7xbf16>,
                %u: !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = bf16>) {
  // CHECK-NEXT: attention.append {{.*}} into %{{.*}} layer(4) : memref<40x513x7xf16>
  attention.append ins(%k, %k : memref<?x4x7xf32>, memref<?x4x7xf32>) at %p into %s layer(4) : memref<40x513x7xf16>
  // CHECK-NEXT: attention.attend {{.*}} state(%{{.*}} : memref<40x513x7xbf16>) {{.*}} heads(4) numerics(fast){{$}}
  attention.attend ins(%q : memref<?x?x7xf32>) state(%t : memref<40x513x7xbf16>) at %p, %p outs(%q : memref<?x?x7xf32>)
    layer(4) heads_per_group(2) scale(1.0) heads(4) numerics(fast)
  // CHECK-NEXT: attention.attend {{.*}} heads(4){{$}}
  attention.attend ins(%q : memref<?x?x7xf32>) state(%t : memref<40x513x7xbf16>) at %p, %p outs(%q : memref<?x?x7xf32>)
    layer(4) heads_per_group(2) scale(1.0) heads(4) numerics(fixed)
  // CHECK-NEXT: attention.read value %{{.*}} : !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = bf16> -> f32
  %y = attention.read value %u[%p, %p, %p] layer(4) : !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = bf16> -> f32
  return
}

// CHECK-LABEL: func @coded
// CHECK-SAME:  element = !attention.coded<minmax, bits = 4, group = 32, residual = 64>
func.func @coded(%k: memref<?x4x7xf32>, %q: memref<?x?x7xf32>, %p: index, %s: memref<40x513x11xi8>,
                 %u: !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = !attention.coded<minmax, bits = 4, group = 32, residual = 64>>) {
  // CHECK-NEXT: attention.append {{.*}} into %{{.*}} layer(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) : memref<40x513x11xi8>
  attention.append ins(%k, %k : memref<?x4x7xf32>, memref<?x4x7xf32>) at %p into %s layer(4)
    stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) : memref<40x513x11xi8>
  // CHECK-NEXT: attention.attend {{.*}} heads(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) numerics(fast){{$}}
  attention.attend ins(%q : memref<?x?x7xf32>) state(%s : memref<40x513x11xi8>) at %p, %p outs(%q : memref<?x?x7xf32>)
    layer(4) heads_per_group(2) scale(1.0) heads(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) numerics(fast)
  // CHECK-NEXT: attention.read value {{.*}} layer(4) heads(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) head_size(7) : memref<40x513x11xi8> -> f32
  %x = attention.read value %s[%p, %p, %p] layer(4) heads(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>)
    head_size(7) : memref<40x513x11xi8> -> f32
  // CHECK-NEXT: attention.read value %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] from %{{.*}} layer(4) : !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = !attention.coded<minmax, bits = 4, group = 32, residual = 64>> -> f32
  %y = attention.read value %u[%p, %p, %p] from %p layer(4) : !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = !attention.coded<minmax, bits = 4, group = 32, residual = 64>> -> f32
  return
}
