// RUN: coopt-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{expected a size to have a name}}
module @c1_a_name attributes {value = #program.size<"", min = 0, max = 1>} {}

// -----

// 0 <= min <= max.
// expected-error @below {{size 'n': expected 0 <= min <= max, got min = 5, max = 4}}
module @c1_min_above_max_or_negative attributes {value = #program.size<"n", min = 5, max = 4>} {}

// -----

// expected-error @below {{size 'n': expected multiple >= 1, got 0}}
module @c1_a_positive_multiple attributes {value = #program.size<"n", min = 1, max = 4, multiple = 0>} {}

// -----

// expected-error @below {{size 'n': no multiple of 8 lies in [9, 15]}}
module @c1_a_value_of_the_range_is_a_multiple attributes {value = #program.size<"n", min = 9, max = 15, multiple = 8>} {}

// -----

// expected-error @below {{expected an argument or result to have a name}}
module @c2_a_name attributes {value = #program.value<"", memref<3xf32>>} {}

// -----

// expected-error @below {{'x': expected a dense row-major memref of a storable element, got 'memref<3x5xf32, strided<[7, 1]>>'}}
module @c2_dense_and_row_major attributes {value = #program.value<"x", memref<3x5xf32, strided<[7, 1]>>>} {}

// -----

// expected-error @below {{'x': expected a dense row-major memref of a storable element, got 'memref<3xi4>'}}
module @c2_whole_bytes attributes {value = #program.value<"x", memref<3xi4>>} {}

// -----

// expected-error @below {{'x': expected one size for each of 2 dynamic dimensions of 'memref<?x3x?xf32>', got 1}}
module @c2_sizes_for_the_dynamic_extents attributes {value = #program.value<"x", memref<?x3x?xf32>, ["n"]>} {}

// -----

// expected-error @below {{expected a state to have a name}}
module @c3_a_name attributes {value = #program.state<"", outer = 1, capacity = 1, inner = 1, element = f32>} {}

// -----

// expected-error @below {{state 's': expected positive extents, got outer = 1, capacity = 0, inner = 1}}
module @c3_positive_extents attributes {value = #program.state<"s", outer = 1, capacity = 0, inner = 1, element = f32>} {}

// -----

// expected-error @+1 {{state 's': expected a positive block and positions that are kept, fewer than 2^62 in all, got capacity = 5, block = 0, kept = 0}}
module @c3_a_positive_block attributes {value = #program.state<"s", outer = 1, capacity = 5, inner = 1, element = i8, block = 0>} {}

// -----

// expected-error @+1 {{got capacity = 9223372036854775807, block = 32, kept = 0}}
module @c3_representable_positions attributes {value = #program.state<"s", outer = 1, capacity = 9223372036854775807, inner = 1, element = i8, block = 32>} {}

// -----

// expected-error @below {{state 's': expected a storable element, got 'i3'}}
module @c3_a_storable_element attributes {value = #program.state<"s", outer = 1, capacity = 1, inner = 1, element = i3>} {}

// -----

// expected-error @below {{names size "n" twice}}
program.entry @c4_sizes_are_unique sizes [#program.size<"n", min = 0, max = 1>, #program.size<"n", min = 0, max = 2>] arguments [] results [] states [] {}

// -----

// expected-error @below {{names value "x" twice}}
program.entry @c4_arguments_and_results_are_unique_together sizes [] arguments [#program.value<"x", memref<3xf32>>] results [#program.value<"x", memref<3xf32>>] states [] {}

// -----

// expected-error @below {{names state "s" twice}}
program.entry @c4_states_are_unique sizes [] arguments [] results [] states [
  #program.state<"s", outer = 1, capacity = 1, inner = 1, element = f32>,
  #program.state<"s", outer = 1, capacity = 1, inner = 1, element = f32>] {}

// -----

// expected-error @below {{value "x" has an extent "m", which is no size of the entry}}
program.entry @c5_known_sizes sizes [#program.size<"n", min = 0, max = 1>] arguments [#program.value<"x", memref<?xf32>, ["m"]>] results [] states [] {}

// -----

// expected-error @below {{expected arena_bytes to be a multiple of 64, got 65}}
program.entry @c6_arenas_are_aligned sizes [] arguments [] results [] states [] arena_bytes(65) {}

// -----

// Offsets lie in the arena, in branches too.
program.entry @c6_offsets_lie_in_the_arena_in_branches_too sizes [] arguments [] results [] states [] arena_bytes(64) {
  %true = arith.constant true
  program.if %true {
    // expected-error @below {{offset 128 lies outside the arena of 64 bytes}}
    %a = program.alloc : memref<3xf32> offset(128)
  }
}

// -----

program.entry @c7_a_size_of_the_entry sizes [#program.size<"n", min = 0, max = 1>] arguments [] results [] states [] {
  // expected-error @below {{expected a size of entry @c7_a_size_of_the_entry, got "m"}}
  %m = program.size "m" : index
}

// -----

func.func @c7_in_an_entry() {
  // expected-error @below {{expected to be in a program.entry}}
  %m = program.size "m" : index
  return
}

// -----

program.entry @c8_the_number sizes [] arguments [#program.value<"x", memref<3xf32>>] results [] states [] {
  // expected-error @below {{expected one of the entry's 1 arguments, got number 1}}
  %a = program.argument 1 : memref<3xf32>
}

// -----

program.entry @c8_the_type sizes [] arguments [#program.value<"x", memref<3xf32>>] results [] states [] {
  // expected-error @below {{expected the type of argument "x", 'memref<3xf32>', got 'memref<3xi32>'}}
  %a = program.argument 0 : memref<3xi32>
}

// -----

program.entry @c9_as_many_extents sizes [#program.size<"n", min = 0, max = 1>, #program.size<"m", min = 0, max = 1>]
    arguments [#program.value<"x", memref<?xf32>, ["n"]>] results [] states [] {
  // expected-error @below {{expected one extent for each of 1 dynamic dimensions of 'memref<?xf32>', got 0}}
  %a = program.argument 0 : memref<?xf32>
}

// -----

program.entry @c9_the_sizes_that_the_entry_names sizes [#program.size<"n", min = 0, max = 1>, #program.size<"m", min = 0, max = 1>]
    arguments [#program.value<"x", memref<?xf32>, ["n"]>] results [] states [] {
  %m = program.size "m" : index
  // expected-error @below {{expected extent 0 to be program.size "n"}}
  %a = program.argument 0 (%m) : memref<?xf32>
}

// -----

program.entry @c10_results_like_arguments sizes [#program.size<"n", min = 0, max = 1>] arguments [] results [#program.value<"x", memref<?xf32>, ["n"]>] states [] {
  %one = arith.constant 1 : index
  // expected-error @below {{expected extent 0 to be program.size "n"}}
  %a = program.result 0 (%one) : memref<?xf32>
}

// -----

program.entry @c11_static sizes [] arguments [] results [] states [] {
  // expected-error @below {{expected a static shape, got 'memref<?xf32>'}}
  %a = program.parameter @w : memref<?xf32>
}

// -----

program.entry @c12_the_number sizes [] arguments [] results [] states [] {
  // expected-error @below {{expected one of the entry's 0 states, got number 0}}
  %a = program.state 0 : memref<1x2x3xf32>
}

// -----

program.entry @c12_the_type sizes [] arguments [] results [] states [#program.state<"s", outer = 1, capacity = 2, inner = 3, element = f32>] {
  // expected-error @below {{expected the type of state "s", 'memref<1x2x3xf32>', got 'memref<1x3x2xf32>'}}
  %a = program.state 0 : memref<1x3x2xf32>
}

// -----

program.entry @c13_as_many_extents sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // expected-error @below {{expected one extent for each of 2 dynamic dimensions of 'memref<?x3x?xf32>', got 1}}
  %a = program.alloc (%one) : memref<?x3x?xf32>
}

// -----

program.entry @c14_aligned sizes [] arguments [] results [] states [] {
  // expected-error @below {{expected an offset that is a multiple of 64, got 32}}
  %a = program.alloc : memref<3xf32> offset(32)
}

// -----

func.func @c15_in_an_entry() {
  // expected-error @below {{expected to be in a program.entry}}
  %a = program.alloc : memref<3xf32>
  return
}

// -----

program.entry @c16_an_op_id sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // expected-error @below {{expected an op id that is not empty}}
  program.dispatch "" @k items(%one)
}

// -----

program.entry @c17_once_among_the_writes sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %a = program.alloc : memref<3xf32>
  // expected-error @below {{lists the buffer of write 1 twice}}
  program.dispatch "x" @k items(%one) writes(%a, %a : memref<3xf32>, memref<3xf32>)
}

// -----

program.entry @c17_not_among_the_reads sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %a = program.alloc : memref<3xf32>
  // expected-error @below {{lists the buffer of write 0 twice}}
  program.dispatch "x" @k items(%one) reads(%a : memref<3xf32>) writes(%a : memref<3xf32>)
}

// -----

module {
  program.entry @c18_a_function sizes [] arguments [] results [] states [] {
    %one = arith.constant 1 : index
    // expected-error @below {{expected a function @missing in module @kernels}}
    program.dispatch "x" @missing items(%one)
  }
  module @kernels {
    func.func private @present(!llvm.ptr, !llvm.ptr, i32, i32)
  }
}

// -----

program.entry @c19_parameters_are_read_only sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // expected-note @below {{made here}}
  %a = program.parameter @w : memref<3xf32>
  // expected-error @below {{writes a buffer that is only to be read}}
  program.dispatch "x" @k items(%one) writes(%a : memref<3xf32>)
}

// -----

program.entry @c20_arguments_are_read_only sizes [] arguments [#program.value<"x", memref<3xf32>>] results [] states [] {
  // expected-note @below {{made here}}
  %a = program.argument 0 : memref<3xf32>
  %b = program.alloc : memref<3xf32>
  // expected-error @below {{writes a buffer that is only to be read}}
  program.copy %b to %a : memref<3xf32>
}

// -----

program.entry @c20_two_buffers sizes [] arguments [] results [] states [] {
  %b = program.alloc : memref<3xf32>
  // expected-error @below {{copies a buffer to itself}}
  program.copy %b to %b : memref<3xf32>
}

// -----

program.entry @buffers sizes [] arguments [] results [] states [] {
  // Buffers are dense, row-major and of whole bytes.
  // expected-error @below {{must be a dense row-major memref of f64, f32, f16, bf16, f8E4M3FN, f8E5M2, i64, i32, i16, i8, ui8 or i1, but got 'memref<3xf32, 1>'}}
  %a = program.alloc : memref<3xf32, 1>
}

// -----

program.entry @c21_segments_are_read sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %w = program.parameter @w : memref<4xf32>
  %o = program.alloc : memref<3xf32>
  // expected-error @below {{expected experts, weights and segments among the 1 reads, got #program.experts<segments = 1, weights = [0], count = 2>}}
  program.dispatch "x" @k items(%one) reads(%w : memref<4xf32>) writes(%o : memref<3xf32>)
      experts <segments = 1, weights = [0], count = 2>
}

// -----

program.entry @c21_there_is_an_expert sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %w = program.parameter @w : memref<4xf32>
  %s = program.alloc : memref<2x3xi32>
  %o = program.alloc : memref<3xf32>
  // expected-error @below {{expected experts, weights and segments among the 2 reads}}
  program.dispatch "x" @k items(%one) reads(%w, %s : memref<4xf32>, memref<2x3xi32>) writes(%o : memref<3xf32>)
      experts <segments = 1, weights = [0], count = 0>
}

// -----

program.entry @c21_segments_have_three_parts sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %w = program.parameter @w : memref<4xf32>
  %s = program.alloc : memref<2x2xi32>
  %o = program.alloc : memref<3xf32>
  // expected-error @below {{expected segments of three i32 each, got 'memref<2x2xi32>'}}
  program.dispatch "x" @k items(%one) reads(%w, %s : memref<4xf32>, memref<2x2xi32>) writes(%o : memref<3xf32>)
      experts <segments = 1, weights = [0], count = 2>
}

// -----

program.entry @c21_weights_are_parameters sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %w = program.alloc : memref<4xf32>
  %s = program.alloc : memref<2x3xi32>
  %o = program.alloc : memref<3xf32>
  // expected-error @below {{expected each weight of its experts to be a parameter that it reads, got 0}}
  program.dispatch "x" @k items(%one) reads(%w, %s : memref<4xf32>, memref<2x3xi32>) writes(%o : memref<3xf32>)
      experts <segments = 1, weights = [0], count = 2>
}

// -----

program.entry @c21_each_once sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %w = program.parameter @w : memref<4xf32>
  %s = program.alloc : memref<2x3xi32>
  %o = program.alloc : memref<3xf32>
  // expected-error @below {{expected each weight of its experts to be a parameter that it reads, got 0}}
  program.dispatch "x" @k items(%one) reads(%w, %s : memref<4xf32>, memref<2x3xi32>) writes(%o : memref<3xf32>)
      experts <segments = 1, weights = [0, 0], count = 2>
}

// -----

program.entry @c22_experts_are_numbers sizes [] arguments [] results [] states [] {
  %w = program.parameter @w : memref<4xf32>
  %e = program.alloc : memref<2x3xf32>
  // expected-error @below {{expected numbers of experts as i32, got 'memref<2x3xf32>'}}
  program.prefetch %e of(%w : memref<4xf32>) : memref<2x3xf32>
}

// -----

program.entry @c22_of_parameters sizes [] arguments [] results [] states [] {
  %w = program.alloc : memref<4xf32>
  %e = program.alloc : memref<2x3xi32>
  // expected-error @below {{expected parameters as weights, one at least}}
  program.prefetch %e of(%w : memref<4xf32>) : memref<2x3xi32>
}

// -----

program.entry @c23_positions_are_positive sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %o = program.alloc : memref<3xf32>
  // expected-error @below {{expected a positive number of positions, got 0}}
  program.dispatch "x" @k items(%one) writes(%o : memref<3xf32>) positions(0)
}
