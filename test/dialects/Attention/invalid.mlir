// RUN: coopt-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected positive extents, got layers = 5, heads = 0, head_size = 7, capacity = 513}}
func.func private @c1_an_extent_of_nothing(!attention.state<layers = 5, heads = 0, head_size = 7, capacity = 513, element = f32>)

// -----

// expected-error @+1 {{the size of the state is not representable}}
func.func private @c1_too_large(!attention.state<layers = 4294967296, heads = 4294967296, head_size = 7, capacity = 513, element = f32>)

// -----

// expected-error @+1 {{expected f32, f16, bf16 or a coded type as the element of a state, got 'i16'}}
func.func private @c1_element(!attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = i16>)

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c2_other_values(%k: tensor<?x4x7xf32>, %v: tensor<3x4x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected keys and values of one shape, static but for the positions, got 'tensor<?x4x7xf32>' and 'tensor<3x4x7xf32>'}}
  %r = attention.append ins(%k, %v : tensor<?x4x7xf32>, tensor<3x4x7xf32>) at %p into %s layer(0) : !state -> !state
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c2_dynamic_heads(%k: tensor<?x?x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected keys and values of one shape, static but for the positions}}
  %r = attention.append ins(%k, %k : tensor<?x?x7xf32>, tensor<?x?x7xf32>) at %p into %s layer(0) : !state -> !state
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c2_heads(%k: tensor<?x5x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected the state's 4 key/value heads, got 5}}
  %r = attention.append ins(%k, %k : tensor<?x5x7xf32>, tensor<?x5x7xf32>) at %p into %s layer(0) : !state -> !state
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c2_head_size(%k: tensor<?x4x8xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected 7 as head size, got 8}}
  %r = attention.append ins(%k, %k : tensor<?x4x8xf32>, tensor<?x4x8xf32>) at %p into %s layer(0) : !state -> !state
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c2_mixed(%k: tensor<?x4x7xf32>, %v: memref<?x4x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected keys and values that are both tensors or both memrefs}}
  %r = attention.append ins(%k, %v : tensor<?x4x7xf32>, memref<?x4x7xf32>) at %p into %s layer(0) : !state -> !state
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c3_layer(%p: index, %s: !state) {
  // expected-error @+1 {{expected a layer of the state, which has 5, got layer 5}}
  %r = attention.read key %s[%p, %p, %p] layer(5) : !state -> f32
  return
}

// -----

func.func @c3_layer_of_a_buffer(%p: index, %s: memref<40x513x7xf32>) {
  // expected-error @+1 {{expected a layer of the state, which has 5, got layer 5}}
  %r = attention.read key %s[%p, %p, %p] layer(5) heads(4) : memref<40x513x7xf32> -> f32
  return
}

// -----

func.func @c3_negative(%p: index, %s: memref<?x513x7xf32>) {
  // expected-error @+1 {{expected a layer of the state, got layer -1}}
  %r = attention.read key %s[%p, %p, %p] layer(-1) heads(4) : memref<?x513x7xf32> -> f32
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c4_no_result(%k: tensor<?x4x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected one result of the state's type}}
  attention.append ins(%k, %k : tensor<?x4x7xf32>, tensor<?x4x7xf32>) at %p into %s layer(0) : !state
  return
}

// -----

func.func @c4_a_result_of_a_buffer(%k: tensor<?x4x7xf32>, %p: index, %s: memref<40x513x7xf32>) {
  // expected-error @+1 {{expected no result with the state's buffer}}
  %r = attention.append ins(%k, %k : tensor<?x4x7xf32>, tensor<?x4x7xf32>) at %p into %s layer(0) : memref<40x513x7xf32>
    -> !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c5_shape_of_the_init(%q: tensor<?x8x7xf32>, %o: tensor<?x6x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected 8 as extent 1 of the init, got 6}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%o : tensor<?x6x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) -> tensor<?x6x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c5_head_size(%q: tensor<?x8x6xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected 7 as head size, got 6}}
  %r = attention.attend ins(%q : tensor<?x8x6xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x6xf32>)
    layer(0) heads_per_group(2) scale(1.0) -> tensor<?x8x6xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c5_dynamic_head_size(%q: tensor<?x8x?xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a static head size}}
  %r = attention.attend ins(%q : tensor<?x8x?xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x?xf32>)
    layer(0) heads_per_group(2) scale(1.0) -> tensor<?x8x?xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c6_no_group(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a positive number of heads per group, got 0}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(0) scale(1.0) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c6_too_many_heads(%q: tensor<?x9x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected at most 4 groups of 2 query heads, got 9 heads}}
  %r = attention.attend ins(%q : tensor<?x9x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x9x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) -> tensor<?x9x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c7_scale(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a finite scale}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(0x7F800000) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c7_window(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a window of 1 .. 2147483647 keys, got 0}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) window(0) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c7_sinks(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected 1 .. 2147483647 sinks, got -1}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) window(3) sinks(-1) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c7_long_window(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a window of 1 .. 2147483647 keys, got 2147483648}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) window(2147483648) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c7_many_sinks(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected 1 .. 2147483647 sinks, got 9223372036854775807}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) window(3) sinks(9223372036854775807) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c7_sinks_alone(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a window beside sinks: without one all keys are seen}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) sinks(4) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c8_heads_of_a_state(%p: index, %s: !state) {
  // expected-error @+1 {{expected no 'heads' with a state, whose type has them}}
  %r = attention.read key %s[%p, %p, %p] layer(0) heads(4) : !state -> f32
  return
}

// -----

func.func @c8_no_heads_of_a_buffer(%p: index, %s: memref<40x513x7xf32>) {
  // expected-error @+1 {{expected a positive number of 'heads' with the state's buffer}}
  %r = attention.read key %s[%p, %p, %p] layer(0) : memref<40x513x7xf32> -> f32
  return
}

// -----

func.func @c8_heads_that_do_not_fit_the_slabs(%p: index, %s: memref<40x513x7xf32>) {
  // expected-error @+1 {{expected slabs of keys and values for 3 heads, got 40 slabs}}
  %r = attention.read key %s[%p, %p, %p] layer(0) heads(3) : memref<40x513x7xf32> -> f32
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c9_mixed(%q: tensor<?x8x7xf32>, %o: memref<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected operands that are all tensors or all memrefs, got 1 tensors and 1 memrefs}}
  attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%o : memref<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0)
  return
}

// -----

// A state's buffer decides nothing
func.func @c9_a_state_buffer_decides_nothing(%q: tensor<?x8x7xf32>, %p: index, %s: memref<40x513x7xf32>) {
  // expected-error @+1 {{expected 1 results in tensor form, got 0}}
  attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : memref<40x513x7xf32>) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) heads(4)
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c10_numerics(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    // expected-error @+1 {{one of the following enum values for attribute 'numerics' [fixed, fast]}}
    layer(0) heads_per_group(2) scale(1.0) numerics(quick) -> tensor<?x8x7xf32>
  return
}

// -----

// expected-error @+1 {{expected a head size of at most 65536 with codes, got 65537}}
func.func private @c1_coded_head_size(!attention.state<layers = 5, heads = 4, head_size = 65537, capacity = 513, element = !attention.coded<symmetric, bits = 8, group = 1, residual = 0>>)

// -----

// expected-error @+1 {{the size of the state is not representable}}
func.func private @c1_coded_too_large(!attention.state<layers = 5, heads = 4, head_size = 8, capacity = 9223372036854775807, element = !attention.coded<symmetric, bits = 8, group = 1, residual = 0>>)

// -----

// expected-error @+1 {{expected bits = 8, group = 1, residual = 0 of symmetric codes, got bits = 4, group = 1, residual = 0}}
func.func private @c11_symmetric(!attention.coded<symmetric, bits = 4, group = 1, residual = 0>)

// -----

// expected-error @+1 {{expected minmax codes of 2 or 4 bits, got 3}}
func.func private @c11_bits(!attention.coded<minmax, bits = 3, group = 32, residual = 64>)

// -----

// expected-error @+1 {{expected groups of 8, 16 or 32, got 64}}
func.func private @c11_group(!attention.coded<minmax, bits = 4, group = 64, residual = 64>)

// -----

// expected-error @+1 {{expected a residual of a positive multiple of the group of 32 below 2^31, got 48}}
func.func private @c11_residual(!attention.coded<minmax, bits = 4, group = 32, residual = 48>)

// -----

func.func @c12_not_told(%k: memref<?x4x8xf32>, %p: index, %s: memref<40x513x12xi8>) {
  // expected-error @+1 {{expected what is 'stored' with 'memref<40x513x12xi8>'}}
  attention.append ins(%k, %k : memref<?x4x8xf32>, memref<?x4x8xf32>) at %p into %s layer(0) : memref<40x513x12xi8>
  return
}

// -----

func.func @c12_no_bytes(%k: memref<?x4x8xf32>, %p: index, %s: memref<40x513x8xf32>) {
  // expected-error @+1 {{expected no 'stored' with 'memref<40x513x8xf32>'}}
  attention.append ins(%k, %k : memref<?x4x8xf32>, memref<?x4x8xf32>) at %p into %s layer(0)
      stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) : memref<40x513x8xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 513, element = !attention.coded<symmetric, bits = 8, group = 1, residual = 0>>

func.func @c12_told_twice(%k: memref<?x4x8xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected no 'stored' with '!attention.state}}
  %r = attention.append ins(%k, %k : memref<?x4x8xf32>, memref<?x4x8xf32>) at %p into %s layer(0)
      stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>) : !state -> !state
  return
}

// -----

func.func @c12_bytes_of_a_position(%q: memref<?x8x9xf32>, %p: index, %s: memref<40x513x12xi8>) {
  // expected-error @+1 {{expected 13 as bytes of a position, got 12}}
  attention.attend ins(%q : memref<?x8x9xf32>) state(%s : memref<40x513x12xi8>) at %p, %p outs(%q : memref<?x8x9xf32>)
      layer(0) heads_per_group(2) scale(1.0) heads(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>)
  return
}

// -----

func.func @c12_blocks(%k: memref<?x4x8xf32>, %p: index, %s: memref<40x201x8xi8>) {
  // expected-error @+1 {{expected 136 positions and blocks of 32, got 201 positions}}
  attention.append ins(%k, %k : memref<?x4x8xf32>, memref<?x4x8xf32>) at %p into %s layer(0)
      stored(!attention.coded<minmax, bits = 4, group = 32, residual = 64>) : memref<40x201x8xi8>
  return
}

// -----

func.func @c12_head_size(%s: memref<40x513x12xi8>, %i: index) {
  // expected-error @+1 {{expected a head size from 1 to 65536 with codes, got 0}}
  %x = attention.read key %s[%i, %i, %i] layer(0) heads(4) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>)
      : memref<40x513x12xi8> -> f32
  return
}

// -----

func.func @c12_head_size_of_floats(%s: memref<40x513x12xf32>, %i: index) {
  // expected-error @+1 {{expected no 'head_size' with 'memref<40x513x12xf32>'}}
  %x = attention.read key %s[%i, %i, %i] layer(0) heads(4) head_size(12) : memref<40x513x12xf32> -> f32
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 8, capacity = 513, element = !attention.coded<minmax, bits = 4, group = 32, residual = 64>>

func.func @c13_no_query(%s: !state, %i: index) {
  // expected-error @+1 {{expected the position 'from' which a residual is read}}
  %x = attention.read key %s[%i, %i, %i] layer(0) : !state -> f32
  return
}

// -----

func.func @c13_a_query(%s: memref<40x513x12xf32>, %i: index) {
  // expected-error @+1 {{expected no position 'from' which it is read without a residual}}
  %x = attention.read key %s[%i, %i, %i] from %i layer(0) heads(4) : memref<40x513x12xf32> -> f32
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c14_cap_of_zero(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a positive, finite cap}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) cap(0.0) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c14_negative_cap(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a positive, finite cap}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) cap(-2.0) -> tensor<?x8x7xf32>
  return
}

// -----

!state = !attention.state<layers = 5, heads = 4, head_size = 7, capacity = 513, element = f32>

func.func @c14_infinite_cap(%q: tensor<?x8x7xf32>, %p: index, %s: !state) {
  // expected-error @+1 {{expected a positive, finite cap}}
  %r = attention.attend ins(%q : tensor<?x8x7xf32>) state(%s : !state) at %p, %p outs(%q : tensor<?x8x7xf32>)
    layer(0) heads_per_group(2) scale(1.0) cap(0x7F800000) -> tensor<?x8x7xf32>
  return
}
