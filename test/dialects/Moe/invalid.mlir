// RUN: coopt-opt %s -split-input-file -verify-diagnostics

func.func @c1_depth(%x: tensor<5x61xf32>, %w: tensor<7x60xf32>, %o: tensor<5x7xf32>) {
  // expected-error @+1 {{expected 61 as columns of w, got 60}}
  %0 = moe.logits ins(%x, %w : tensor<5x61xf32>, tensor<7x60xf32>) outs(%o : tensor<5x7xf32>) -> tensor<5x7xf32>
  return
}

// -----

func.func @c1_rows(%x: tensor<5x61xf32>, %w: tensor<7x61xf32>, %o: tensor<6x7xf32>) {
  // expected-error @+1 {{expected 5 as rows of the init, got 6}}
  %0 = moe.logits ins(%x, %w : tensor<5x61xf32>, tensor<7x61xf32>) outs(%o : tensor<6x7xf32>) -> tensor<6x7xf32>
  return
}

// -----

func.func @c1_experts(%x: memref<5x61xf32>, %w: memref<7x61xf32>, %o: memref<5x8xf32>) {
  // expected-error @+1 {{expected 7 as columns of the init, got 8}}
  moe.logits ins(%x, %w : memref<5x61xf32>, memref<7x61xf32>) outs(%o : memref<5x8xf32>)
  return
}

// -----

func.func @c1_element(%x: tensor<5x61xf32>, %w: tensor<7x61xbf16>, %o: tensor<5x7xf32>) {
  // expected-error @+1 {{operand #1 must be 2D tensor or memref of 32-bit float values, but got 'tensor<7x61xbf16>'}}
  %0 = moe.logits ins(%x, %w : tensor<5x61xf32>, tensor<7x61xbf16>) outs(%o : tensor<5x7xf32>) -> tensor<5x7xf32>
  return
}

// -----

func.func @c1_rank(%x: tensor<5x61xf32>, %w: tensor<61xf32>, %o: tensor<5x1xf32>) {
  // expected-error @+1 {{operand #1 must be 2D tensor or memref of 32-bit float values, but got 'tensor<61xf32>'}}
  %0 = moe.logits ins(%x, %w : tensor<5x61xf32>, tensor<61xf32>) outs(%o : tensor<5x1xf32>) -> tensor<5x1xf32>
  return
}

// -----

func.func @c2_mixed_logits(%x: tensor<5x61xf32>, %w: tensor<7x61xf32>, %o: memref<5x7xf32>) {
  // expected-error @+1 {{expected operands that are all tensors or all memrefs, got 2 tensors and 1 memrefs}}
  moe.logits ins(%x, %w : tensor<5x61xf32>, tensor<7x61xf32>) outs(%o : memref<5x7xf32>)
  return
}

// -----

func.func @c2_result_of_memrefs(%x: memref<5x61xf32>, %w: memref<7x61xf32>, %o: memref<5x7xf32>) {
  // expected-error @+1 {{expected 0 results in memref form, got 1}}
  %0 = moe.logits ins(%x, %w : memref<5x61xf32>, memref<7x61xf32>) outs(%o : memref<5x7xf32>) -> tensor<5x7xf32>
  return
}

// -----

func.func @c2_one_result_of_route(%l: tensor<5x15xf32>, %w: tensor<5x3xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected 2 results in tensor form, got 1}}
  %0 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<5x3xf32>, tensor<5x3xi32>) scores(softmax) -> tensor<5x3xf32>
  return
}

// -----

func.func @c2_results_of_route_in_turn(%l: tensor<5x15xf32>, %w: tensor<5x3xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected a result of the init's type 'tensor<5x3xf32>', got 'tensor<5x3xi32>'}}
  %0:2 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<5x3xf32>, tensor<5x3xi32>) scores(softmax)
    -> tensor<5x3xi32>, tensor<5x3xf32>
  return
}

// -----

func.func @c2_bias_of_choose(%s: tensor<5x15xf32>, %b: memref<15xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected operands that are all tensors or all memrefs, got 2 tensors and 1 memrefs}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) bias(%b : memref<15xf32>) outs(%e : tensor<5x3xi32>) -> tensor<5x3xi32>
  return
}

// -----

func.func @c2_results_of_dispatch(%e: tensor<5x3xi32>, %t: tensor<15xi32>, %s: tensor<7x3xi32>) {
  // expected-error @+1 {{expected 3 results in tensor form, got 0}}
  moe.dispatch ins(%e : tensor<5x3xi32>) outs(%t, %e, %s : tensor<15xi32>, tensor<5x3xi32>, tensor<7x3xi32>) experts(7)
  return
}

// -----

func.func @c2_segments_of_contract(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: tensor<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected operands that are all tensors or all memrefs, got 1 tensors and 3 memrefs}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : tensor<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

func.func @c2_result_of_contract(%x: tensor<5x61xf32>, %w: tensor<112x61xf32>, %s: tensor<7x3xi32>, %at: index, %o: tensor<5x13xf32>) {
  // expected-error @+1 {{expected a result of the init's type 'tensor<5x13xf32>', got 'tensor<?x13xf32>'}}
  %0 = moe.contract ins(%x, %w : tensor<5x61xf32>, tensor<112x61xf32>) segments(%s : tensor<7x3xi32>) at %at, %at outs(%o : tensor<5x13xf32>)
    stride(16) -> tensor<?x13xf32>
  return
}

// -----

func.func @c2_no_result_of_combine(%y: tensor<15x61xf32>, %w: tensor<5x3xf32>, %p: tensor<5x3xi32>, %o: tensor<5x61xf32>) {
  // expected-error @+1 {{expected 1 results in tensor form, got 0}}
  moe.combine ins(%y, %w, %p : tensor<15x61xf32>, tensor<5x3xf32>, tensor<5x3xi32>) outs(%o : tensor<5x61xf32>)
  return
}

// -----

func.func @c3_rows_of_weights(%l: tensor<5x15xf32>, %w: tensor<6x3xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected 5 as rows of the weights, got 6}}
  %0:2 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<6x3xf32>, tensor<5x3xi32>) scores(softmax)
    -> tensor<6x3xf32>, tensor<5x3xi32>
  return
}

// -----

func.func @c3_columns_of_weights(%l: tensor<5x15xf32>, %w: tensor<5x2xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected 3 as columns of the weights, got 2}}
  %0:2 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<5x2xf32>, tensor<5x3xi32>) scores(softmax)
    -> tensor<5x2xf32>, tensor<5x3xi32>
  return
}

// -----

func.func @c3_rows_of_logits(%l: tensor<4x15xf32>, %w: tensor<5x3xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected 4 as rows of the experts, got 5}}
  %0:2 = moe.route ins(%l : tensor<4x15xf32>) outs(%w, %e : tensor<5x3xf32>, tensor<5x3xi32>) scores(softmax)
    -> tensor<5x3xf32>, tensor<5x3xi32>
  return
}

// -----

func.func @c3_dynamic_k(%s: tensor<5x15xf32>, %e: tensor<5x?xi32>) {
  // expected-error @+1 {{expected static numbers of experts and of those chosen, got 'tensor<5x15xf32>' and 'tensor<5x?xi32>'}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x?xi32>) -> tensor<5x?xi32>
  return
}

// -----

func.func @c3_dynamic_experts(%l: memref<5x?xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected static numbers of experts and of those chosen, got 'memref<5x?xf32>' and 'memref<5x3xi32>'}}
  moe.route ins(%l : memref<5x?xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax)
  return
}

// -----

func.func @c3_k_of_nothing(%s: tensor<5x15xf32>, %e: tensor<5x0xi32>) {
  // expected-error @+1 {{expected 1 to 15 experts a token, got 0}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x0xi32>) -> tensor<5x0xi32>
  return
}

// -----

func.func @c3_more_than_all(%s: tensor<5x15xf32>, %e: tensor<5x16xi32>) {
  // expected-error @+1 {{expected 1 to 15 experts a token, got 16}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x16xi32>) -> tensor<5x16xi32>
  return
}

// -----

func.func @c3_more_than_kept(%l: tensor<5x15xf32>, %w: tensor<5x7xf32>, %e: tensor<5x7xi32>) {
  // expected-error @+1 {{expected 1 to 6 experts a token, got 7}}
  %0:2 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<5x7xf32>, tensor<5x7xi32>) scores(softmax) groups(5 keep 2 by best)
    -> tensor<5x7xf32>, tensor<5x7xi32>
  return
}

// -----

func.func @c3_bias(%s: tensor<5x15xf32>, %b: tensor<14xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected 15 as elements of the bias, got 14}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) bias(%b : tensor<14xf32>) outs(%e : tensor<5x3xi32>) -> tensor<5x3xi32>
  return
}

// -----

func.func @c4_no_groups(%s: tensor<5x15xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected groups of one size, of at least 1, got 0 of 15 experts}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x3xi32>) groups(0 keep 1 by best) -> tensor<5x3xi32>
  return
}

// -----

func.func @c4_negative_groups(%s: tensor<5x15xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected groups of one size, of at least 1, got -3 of 15 experts}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x3xi32>) groups(-3 keep 1 by best) -> tensor<5x3xi32>
  return
}

// -----

func.func @c4_groups_of_two_sizes(%l: tensor<5x15xf32>, %w: tensor<5x3xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected groups of one size, of at least 1, got 4 of 15 experts}}
  %0:2 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<5x3xf32>, tensor<5x3xi32>) scores(sigmoid) groups(4 keep 2 by best)
    -> tensor<5x3xf32>, tensor<5x3xi32>
  return
}

// -----

func.func @c4_no_second_best(%s: tensor<5x15xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected groups of one size, of at least 2, got 15 of 15 experts}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x3xi32>) groups(15 keep 4 by two_best) -> tensor<5x3xi32>
  return
}

// -----

func.func @c4_no_experts(%s: tensor<5x0xf32>, %e: tensor<5x1xi32>) {
  // expected-error @+1 {{expected groups of one size, of at least 1, got 1 of 0 experts}}
  %0 = moe.choose ins(%s : tensor<5x0xf32>) outs(%e : tensor<5x1xi32>) -> tensor<5x1xi32>
  return
}

// -----

func.func @c4_none_kept(%l: tensor<5x15xf32>, %w: tensor<5x3xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected to keep 1 to 5 groups, got 0}}
  %0:2 = moe.route ins(%l : tensor<5x15xf32>) outs(%w, %e : tensor<5x3xf32>, tensor<5x3xi32>) scores(softmax) groups(5 keep 0 by best)
    -> tensor<5x3xf32>, tensor<5x3xi32>
  return
}

// -----

func.func @c4_more_than_all_kept(%s: tensor<5x15xf32>, %e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected to keep 1 to 5 groups, got 6}}
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x3xi32>) groups(5 keep 6 by two_best) -> tensor<5x3xi32>
  return
}

// -----

func.func @c5_negative_epsilon(%l: memref<5x15xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected an epsilon that is finite and not negative, got -1}}
  moe.route ins(%l : memref<5x15xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax) renormalise(-1.0)
  return
}

// -----

func.func @c5_infinite_epsilon(%l: memref<5x15xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected an epsilon that is finite and not negative, got INF}}
  moe.route ins(%l : memref<5x15xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax) renormalise(0x7F800000)
  return
}

// -----

func.func @c5_epsilon_that_is_no_number(%l: memref<5x15xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected an epsilon that is finite and not negative, got nan}}
  moe.route ins(%l : memref<5x15xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax) renormalise(0x7FC00000)
  return
}

// -----

func.func @c5_scale_of_zero(%l: memref<5x15xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected a scale that is finite and positive, got 0}}
  moe.route ins(%l : memref<5x15xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax) scale(0.0)
  return
}

// -----

func.func @c5_negative_scale(%l: memref<5x15xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected a scale that is finite and positive, got -2.5}}
  moe.route ins(%l : memref<5x15xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax) scale(-2.5)
  return
}

// -----

func.func @c5_infinite_scale(%l: memref<5x15xf32>, %w: memref<5x3xf32>, %e: memref<5x3xi32>) {
  // expected-error @+1 {{expected a scale that is finite and positive, got INF}}
  moe.route ins(%l : memref<5x15xf32>) outs(%w, %e : memref<5x3xf32>, memref<5x3xi32>) scores(softmax) scale(0x7F800000)
  return
}

// -----

func.func @c6_rows_of_places(%e: memref<5x3xi32>, %t: memref<15xi32>, %p: memref<4x3xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected 5 as rows of the places, got 4}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<15xi32>, memref<4x3xi32>, memref<7x3xi32>) experts(7)
  return
}

// -----

func.func @c6_columns_of_places(%e: memref<5x3xi32>, %t: memref<15xi32>, %p: memref<5x4xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected 3 as columns of the places, got 4}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<15xi32>, memref<5x4xi32>, memref<7x3xi32>) experts(7)
  return
}

// -----

func.func @c6_dynamic_k(%e: memref<5x?xi32>, %t: memref<?xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected a static number of experts a token, got 'memref<5x?xi32>'}}
  moe.dispatch ins(%e : memref<5x?xi32>) outs(%t, %e, %s : memref<?xi32>, memref<5x?xi32>, memref<7x3xi32>) experts(7)
  return
}

// -----

func.func @c6_k_of_nothing(%e: memref<5x0xi32>, %t: memref<0xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected a static number of experts a token, got 'memref<5x0xi32>'}}
  moe.dispatch ins(%e : memref<5x0xi32>) outs(%t, %e, %s : memref<0xi32>, memref<5x0xi32>, memref<7x3xi32>) experts(7)
  return
}

// -----

func.func @c6_tokens(%e: memref<5x3xi32>, %t: memref<5xi32>, %p: memref<5x3xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected 15 as number of tokens, got 5}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<5xi32>, memref<5x3xi32>, memref<7x3xi32>) experts(7)
  return
}

// -----

func.func @c6_too_many(%e: memref<4611686018427387904x4xi32>, %t: memref<0xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected a representable number of slots, got 'memref<4611686018427387904x4xi32>'}}
  moe.dispatch ins(%e : memref<4611686018427387904x4xi32>) outs(%t, %e, %s : memref<0xi32>, memref<4611686018427387904x4xi32>, memref<7x3xi32>)
    experts(7)
  return
}

// -----

func.func @c6_segments(%e: memref<5x3xi32>, %t: memref<15xi32>, %p: memref<5x3xi32>, %s: memref<7x2xi32>) {
  // expected-error @+1 {{expected 3 as numbers of a segment, got 2}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<15xi32>, memref<5x3xi32>, memref<7x2xi32>) experts(7)
  return
}

// -----

func.func @c7_no_expert(%e: memref<5x3xi32>, %t: memref<15xi32>, %p: memref<5x3xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected 1 to 65535 experts, got 0}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<15xi32>, memref<5x3xi32>, memref<7x3xi32>) experts(0)
  return
}

// -----

func.func @c7_negative(%e: memref<5x3xi32>, %t: memref<15xi32>, %p: memref<5x3xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected 1 to 65535 experts, got -7}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<15xi32>, memref<5x3xi32>, memref<7x3xi32>) experts(-7)
  return
}

// -----

func.func @c7_too_many(%e: memref<5x3xi32>, %t: memref<15xi32>, %p: memref<5x3xi32>, %s: memref<7x3xi32>) {
  // expected-error @+1 {{expected 1 to 65535 experts, got 65536}}
  moe.dispatch ins(%e : memref<5x3xi32>) outs(%t, %p, %s : memref<15xi32>, memref<5x3xi32>, memref<7x3xi32>) experts(65536)
  return
}

// -----

func.func @c8_three_inputs(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected two inputs without schemes, got 3}}
  moe.contract ins(%x, %w, %w : memref<5x61xf32>, memref<112x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at
    outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

func.func @c8_one_input(%x: memref<5x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected two inputs without schemes, got 1}}
  moe.contract ins(%x : memref<5x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

func.func @c8_vector(%x: memref<5x61xf32>, %w: memref<61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected matrices of f32 without schemes, got 'memref<61xf32>'}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

func.func @c8_element(%x: memref<5x61xbf16>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected matrices of f32 without schemes, got 'memref<5x61xbf16>'}}
  moe.contract ins(%x, %w : memref<5x61xbf16>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>)
    stride(16)
  return
}

// -----

func.func @c8_columns(%x: memref<5x61xf32>, %w: memref<112x60xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected 61 as columns of w, got 60}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x60xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>)
    stride(16)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_scheme_without_place(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected both schemes and a place of scales, or none of them}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>)
    stride(16) {wScheme = #w8}
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_scheme_of_a_alone(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected both schemes and a place of scales, or none of them}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>)
    stride(16) {aScheme = #w8}
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_no_such_place(%x: memref<5x61xf32>, %w: memref<112x61xi8>, %sw: memref<112xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  moe.contract ins(%x, %w, %sw : memref<5x61xf32>, memref<112x61xi8>, memref<112xf32>) segments(%s : memref<7x3xi32>) at %at, %at
    // expected-error @+1 {{expected output, group or element, got row}}
    outs(%o : memref<5x13xf32>) stride(16) schemes(float, #w8) scale_at(row)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_float_at_output(%x: memref<5x61xf32>, %w: memref<112x61xi8>, %sw: memref<112xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected a scheme for a, or scale_at(element), got float with scale_at(output)}}
  moe.contract ins(%x, %w, %sw : memref<5x61xf32>, memref<112x61xi8>, memref<112xf32>) segments(%s : memref<7x3xi32>) at %at, %at
    outs(%o : memref<5x13xf32>) stride(16) schemes(float, #w8) scale_at(output)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_no_scales(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<112x61xi8>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected 4 inputs (codes, scales and what else its scheme has, of each side), got 3}}
  moe.contract ins(%a, %sa, %w : memref<5x61xi8>, memref<5xf32>, memref<112x61xi8>) segments(%s : memref<7x3xi32>) at %at, %at
    outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_codes(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<112x61xi4>, %sw: memref<112xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected codes of w to be a matrix of 'i8', got 'memref<112x61xi4>'}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x61xi8>, memref<5xf32>, memref<112x61xi4>, memref<112xf32>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_columns_of_codes(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<112x62xi8>, %sw: memref<112xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected columns of w to be 61, got 62}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x61xi8>, memref<5xf32>, memref<112x62xi8>, memref<112xf32>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// Scales are those of all experts, as the codes are.
func.func @c8_scales_of_one_expert(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<112x61xi8>, %sw: memref<13xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected rows of scales of w to be 112, got 13}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x61xi8>, memref<5xf32>, memref<112x61xi8>, memref<13xf32>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_output_of_groups(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<112x61xi8>, %sw: memref<112x2xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected group 0 on both sides for scale_at(output), or two levels for w, got 0 and 32}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x61xi8>, memref<5xf32>, memref<112x61xi8>, memref<112x2xf32>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, <bits = 8, group = 32, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_groups_of_a_row(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<112x61xi8>, %sw: memref<112xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected group 0 for a and a group of one level for w with scale_at(group), got 0 and 0}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x61xi8>, memref<5xf32>, memref<112x61xi8>, memref<112xf32>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, #w8) scale_at(group)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c8_format_at_output(%a: memref<5x64xi8>, %sa: memref<5xf32>, %w: memref<112x64xi4>, %sw: memref<112x2xi8>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected scale_at(element) for the scheme of a format, got scale_at(output)}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x64xi8>, memref<5xf32>, memref<112x64xi4>, memref<112x2xi8>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, <format = "mxfp4">) scale_at(output)
  return
}

// -----

func.func @c9_stride_of_nothing(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected a positive stride that divides the rows of w, got 0 for 112}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>) stride(0)
  return
}

// -----

func.func @c9_negative_stride(%x: memref<5x61xf32>, %w: memref<?x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x?xf32>) {
  // expected-error @+1 {{expected a positive stride that divides the rows of w, got -16 for}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<?x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x?xf32>) stride(-16)
  return
}

// -----

func.func @c9_rest_of_a_stride(%x: memref<5x61xf32>, %w: memref<111x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected a positive stride that divides the rows of w, got 16 for 111}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<111x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @c9_rest_of_a_stride_of_codes(%a: memref<5x61xi8>, %sa: memref<5xf32>, %w: memref<111x61xi8>, %sw: memref<111xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected a positive stride that divides the rows of w, got 16 for 111}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x61xi8>, memref<5xf32>, memref<111x61xi8>, memref<111xf32>) segments(%s : memref<7x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output)
  return
}

// -----

func.func @c9_wider_than_the_stride(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x17xf32>) {
  // expected-error @+1 {{expected at most as many columns as the stride of 16, got 17}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x17xf32>) stride(16)
  return
}

// -----

func.func @c9_rows(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<6x13xf32>) {
  // expected-error @+1 {{expected 5 as rows of the init, got 6}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<6x13xf32>) stride(16)
  return
}

// -----

func.func @c9_element(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi32>, %at: index, %o: memref<5x13xbf16>) {
  // expected-error @+1 {{operand #5 must be 2D tensor or memref of 32-bit float values, but got 'memref<5x13xbf16>'}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi32>) at %at, %at outs(%o : memref<5x13xbf16>) stride(16)
  return
}

// -----

func.func @c10_numbers(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x4xi32>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{expected 3 as numbers of a segment, got 4}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x4xi32>) at %at, %at outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

func.func @c10_element(%x: memref<5x61xf32>, %w: memref<112x61xf32>, %s: memref<7x3xi64>, %at: index, %o: memref<5x13xf32>) {
  // expected-error @+1 {{operand #2 must be 2D tensor or memref of 32-bit signless integer values, but got 'memref<7x3xi64>'}}
  moe.contract ins(%x, %w : memref<5x61xf32>, memref<112x61xf32>) segments(%s : memref<7x3xi64>) at %at, %at outs(%o : memref<5x13xf32>) stride(16)
  return
}

// -----

func.func @c11_rows_of_places(%y: memref<15x61xf32>, %w: memref<5x3xf32>, %p: memref<4x3xi32>, %o: memref<5x61xf32>) {
  // expected-error @+1 {{expected 5 as rows of the places, got 4}}
  moe.combine ins(%y, %w, %p : memref<15x61xf32>, memref<5x3xf32>, memref<4x3xi32>) outs(%o : memref<5x61xf32>)
  return
}

// -----

func.func @c11_columns_of_places(%y: memref<15x61xf32>, %w: memref<5x3xf32>, %p: memref<5x2xi32>, %o: memref<5x61xf32>) {
  // expected-error @+1 {{expected 3 as columns of the places, got 2}}
  moe.combine ins(%y, %w, %p : memref<15x61xf32>, memref<5x3xf32>, memref<5x2xi32>) outs(%o : memref<5x61xf32>)
  return
}

// -----

func.func @c11_dynamic_k(%y: memref<15x61xf32>, %w: memref<5x?xf32>, %p: memref<5x3xi32>, %o: memref<5x61xf32>) {
  // expected-error @+1 {{expected a static number of experts a token, got 'memref<5x?xf32>'}}
  moe.combine ins(%y, %w, %p : memref<15x61xf32>, memref<5x?xf32>, memref<5x3xi32>) outs(%o : memref<5x61xf32>)
  return
}

// -----

func.func @c11_k_of_nothing(%y: memref<15x61xf32>, %w: memref<5x0xf32>, %p: memref<5x0xi32>, %o: memref<5x61xf32>) {
  // expected-error @+1 {{expected a static number of experts a token, got 'memref<5x0xf32>'}}
  moe.combine ins(%y, %w, %p : memref<15x61xf32>, memref<5x0xf32>, memref<5x0xi32>) outs(%o : memref<5x61xf32>)
  return
}

// -----

func.func @c11_rows(%y: memref<15x61xf32>, %w: memref<5x3xf32>, %p: memref<5x3xi32>, %o: memref<15x61xf32>) {
  // expected-error @+1 {{expected 5 as rows of the init, got 15}}
  moe.combine ins(%y, %w, %p : memref<15x61xf32>, memref<5x3xf32>, memref<5x3xi32>) outs(%o : memref<15x61xf32>)
  return
}

// -----

func.func @c11_columns(%y: memref<15x61xf32>, %w: memref<5x3xf32>, %p: memref<5x3xi32>, %o: memref<5x60xf32>) {
  // expected-error @+1 {{expected 61 as columns of the init, got 60}}
  moe.combine ins(%y, %w, %p : memref<15x61xf32>, memref<5x3xf32>, memref<5x3xi32>) outs(%o : memref<5x60xf32>)
  return
}

// -----

func.func @c12_of_something(%e: tensor<5x3xi32>) {
  // expected-error @+1 {{attribute 'of' failed to satisfy constraint: array of strings that are not empty}}
  moe.prefetch %e : tensor<5x3xi32> of [""]
  return
}

// -----

func.func @c12_as_many(%e: tensor<5x3xi32>) {
  // expected-error @+1 {{expected guesses, and as many strings, got 1 and 2}}
  moe.prefetch %e : tensor<5x3xi32> of ["a/", "b/"]
  return
}

// -----

func.func @c12_no_guess() {
  // expected-error @+1 {{expected guesses, and as many strings, got 0 and 0}}
  "moe.prefetch"() <{of = []}> : () -> ()
  return
}

// -----

func.func @c13_numbers(%s: memref<5x4xi32>, %p: memref<7xi32>, %o: memref<5x3xi32>) {
  // expected-error @+1 {{expected 3 as numbers of a segment, got 4}}
  moe.restrict ins(%s, %p : memref<5x4xi32>, memref<7xi32>) outs(%o : memref<5x3xi32>)
  return
}

// -----

func.func @c13_numbers_of_init(%s: memref<5x3xi32>, %p: memref<7xi32>, %o: memref<5x2xi32>) {
  // expected-error @+1 {{expected 3 as numbers of a segment of the init, got 2}}
  moe.restrict ins(%s, %p : memref<5x3xi32>, memref<7xi32>) outs(%o : memref<5x2xi32>)
  return
}

// -----

func.func @c13_no_place(%s: memref<5x3xi32>, %p: memref<0xi32>, %o: memref<5x3xi32>) {
  // expected-error @+1 {{expected a static number of places, at least one, got 'memref<0xi32>'}}
  moe.restrict ins(%s, %p : memref<5x3xi32>, memref<0xi32>) outs(%o : memref<5x3xi32>)
  return
}

// -----

func.func @c13_unknown(%s: tensor<5x3xi32>, %p: tensor<?xi32>, %o: tensor<5x3xi32>) {
  // expected-error @+1 {{expected a static number of places, at least one, got 'tensor<?xi32>'}}
  %0 = moe.restrict ins(%s, %p : tensor<5x3xi32>, tensor<?xi32>) outs(%o : tensor<5x3xi32>) -> tensor<5x3xi32>
  return
}
