// RUN: coopt-opt %s --split-input-file --verify-diagnostics

// C1: a name.
// expected-error @below {{expected a size to have a name}}
module attributes {c1 = #program.size<"", min = 0, max = 1>} {}

// -----

// C1: 0 <= min <= max.
// expected-error @below {{size 'n': expected 0 <= min <= max, got min = 5, max = 4}}
module attributes {c1 = #program.size<"n", min = 5, max = 4>} {}

// -----

// C1: a positive multiple.
// expected-error @below {{size 'n': expected multiple >= 1, got 0}}
module attributes {c1 = #program.size<"n", min = 1, max = 4, multiple = 0>} {}

// -----

// C1: a value of the range is a multiple.
// expected-error @below {{size 'n': no multiple of 8 lies in [9, 15]}}
module attributes {c1 = #program.size<"n", min = 9, max = 15, multiple = 8>} {}

// -----

// C2: a name.
// expected-error @below {{expected an argument or result to have a name}}
module attributes {c2 = #program.value<"", memref<3xf32>>} {}

// -----

// C2: dense and row-major.
// expected-error @below {{'x': expected a dense row-major memref of a storable element, got 'memref<3x5xf32, strided<[7, 1]>>'}}
module attributes {c2 = #program.value<"x", memref<3x5xf32, strided<[7, 1]>>>} {}

// -----

// C2: whole bytes.
// expected-error @below {{'x': expected a dense row-major memref of a storable element, got 'memref<3xi4>'}}
module attributes {c2 = #program.value<"x", memref<3xi4>>} {}

// -----

// C2: sizes for the dynamic extents.
// expected-error @below {{'x': expected one size for each of 2 dynamic dimensions of 'memref<?x3x?xf32>', got 1}}
module attributes {c2 = #program.value<"x", memref<?x3x?xf32>, ["n"]>} {}

// -----

// C3: a name.
// expected-error @below {{expected a state to have a name}}
module attributes {c3 = #program.state<"", outer = 1, capacity = 1, inner = 1, element = f32>} {}

// -----

// C3: positive extents.
// expected-error @below {{state 's': expected positive extents, got outer = 1, capacity = 0, inner = 1}}
module attributes {c3 = #program.state<"s", outer = 1, capacity = 0, inner = 1, element = f32>} {}

// -----

// C3: a storable element.
// expected-error @below {{state 's': expected a storable element, got 'i3'}}
module attributes {c3 = #program.state<"s", outer = 1, capacity = 1, inner = 1, element = i3>} {}

// -----

// C4: sizes are unique.
// expected-error @below {{names size "n" twice}}
program.entry @c4 sizes [#program.size<"n", min = 0, max = 1>, #program.size<"n", min = 0, max = 2>] arguments [] results [] states [] {}

// -----

// C4: arguments and results are unique together.
// expected-error @below {{names value "x" twice}}
program.entry @c4 sizes [] arguments [#program.value<"x", memref<3xf32>>] results [#program.value<"x", memref<3xf32>>] states [] {}

// -----

// C4: states are unique.
// expected-error @below {{names state "s" twice}}
program.entry @c4 sizes [] arguments [] results [] states [
  #program.state<"s", outer = 1, capacity = 1, inner = 1, element = f32>,
  #program.state<"s", outer = 1, capacity = 1, inner = 1, element = f32>] {}

// -----

// C5: known sizes.
// expected-error @below {{value "x" has an extent "m", which is no size of the entry}}
program.entry @c5 sizes [#program.size<"n", min = 0, max = 1>] arguments [#program.value<"x", memref<?xf32>, ["m"]>] results [] states [] {}

// -----

// C6: arenas are aligned.
// expected-error @below {{expected arena_bytes to be a multiple of 64, got 65}}
program.entry @c6 sizes [] arguments [] results [] states [] arena_bytes(65) {}

// -----

// C6: offsets lie in the arena, in branches too.
program.entry @c6 sizes [] arguments [] results [] states [] arena_bytes(64) {
  %true = arith.constant true
  program.if %true {
    // expected-error @below {{offset 128 lies outside the arena of 64 bytes}}
    %a = program.alloc : memref<3xf32> offset(128)
  }
}

// -----

program.entry @c7 sizes [#program.size<"n", min = 0, max = 1>] arguments [] results [] states [] {
  // C7: a size of the entry.
  // expected-error @below {{expected a size of entry @c7, got "m"}}
  %m = program.size "m" : index
}

// -----

func.func @c7() {
  // C7: in an entry.
  // expected-error @below {{expected to be in a program.entry}}
  %m = program.size "m" : index
  return
}

// -----

program.entry @c8 sizes [] arguments [#program.value<"x", memref<3xf32>>] results [] states [] {
  // C8: the number.
  // expected-error @below {{expected one of the entry's 1 arguments, got number 1}}
  %a = program.argument 1 : memref<3xf32>
}

// -----

program.entry @c8 sizes [] arguments [#program.value<"x", memref<3xf32>>] results [] states [] {
  // C8: the type.
  // expected-error @below {{expected the type of argument "x", 'memref<3xf32>', got 'memref<3xi32>'}}
  %a = program.argument 0 : memref<3xi32>
}

// -----

program.entry @c9 sizes [#program.size<"n", min = 0, max = 1>, #program.size<"m", min = 0, max = 1>]
    arguments [#program.value<"x", memref<?xf32>, ["n"]>] results [] states [] {
  // C9: as many extents.
  // expected-error @below {{expected one extent for each of 1 dynamic dimensions of 'memref<?xf32>', got 0}}
  %a = program.argument 0 : memref<?xf32>
}

// -----

program.entry @c9 sizes [#program.size<"n", min = 0, max = 1>, #program.size<"m", min = 0, max = 1>]
    arguments [#program.value<"x", memref<?xf32>, ["n"]>] results [] states [] {
  %m = program.size "m" : index
  // C9: the sizes that the entry names.
  // expected-error @below {{expected extent 0 to be program.size "n"}}
  %a = program.argument 0 (%m) : memref<?xf32>
}

// -----

program.entry @c10 sizes [#program.size<"n", min = 0, max = 1>] arguments [] results [#program.value<"x", memref<?xf32>, ["n"]>] states [] {
  %one = arith.constant 1 : index
  // C10: results like arguments.
  // expected-error @below {{expected extent 0 to be program.size "n"}}
  %a = program.result 0 (%one) : memref<?xf32>
}

// -----

program.entry @c11 sizes [] arguments [] results [] states [] {
  // C11: static.
  // expected-error @below {{expected a static shape, got 'memref<?xf32>'}}
  %a = program.parameter @w : memref<?xf32>
}

// -----

program.entry @c12 sizes [] arguments [] results [] states [] {
  // C12: the number.
  // expected-error @below {{expected one of the entry's 0 states, got number 0}}
  %a = program.state 0 : memref<1x2x3xf32>
}

// -----

program.entry @c12 sizes [] arguments [] results [] states [#program.state<"s", outer = 1, capacity = 2, inner = 3, element = f32>] {
  // C12: the type.
  // expected-error @below {{expected the type of state "s", 'memref<1x2x3xf32>', got 'memref<1x3x2xf32>'}}
  %a = program.state 0 : memref<1x3x2xf32>
}

// -----

program.entry @c13 sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // C13: as many extents.
  // expected-error @below {{expected one extent for each of 2 dynamic dimensions of 'memref<?x3x?xf32>', got 1}}
  %a = program.alloc (%one) : memref<?x3x?xf32>
}

// -----

program.entry @c14 sizes [] arguments [] results [] states [] {
  // C14: aligned.
  // expected-error @below {{expected an offset that is a multiple of 64, got 32}}
  %a = program.alloc : memref<3xf32> offset(32)
}

// -----

func.func @c15() {
  // C15: in an entry.
  // expected-error @below {{expected to be in a program.entry}}
  %a = program.alloc : memref<3xf32>
  return
}

// -----

program.entry @c16 sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // C16: an op id.
  // expected-error @below {{expected an op id that is not empty}}
  program.dispatch "" @k items(%one)
}

// -----

program.entry @c17 sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %a = program.alloc : memref<3xf32>
  // C17: once among the writes.
  // expected-error @below {{lists the buffer of write 1 twice}}
  program.dispatch "x" @k items(%one) writes(%a, %a : memref<3xf32>, memref<3xf32>)
}

// -----

program.entry @c17 sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %a = program.alloc : memref<3xf32>
  // C17: not among the reads.
  // expected-error @below {{lists the buffer of write 0 twice}}
  program.dispatch "x" @k items(%one) reads(%a : memref<3xf32>) writes(%a : memref<3xf32>)
}

// -----

module {
  program.entry @c18 sizes [] arguments [] results [] states [] {
    %one = arith.constant 1 : index
    // C18: a function.
    // expected-error @below {{expected a function @missing in module @kernels}}
    program.dispatch "x" @missing items(%one)
  }
  module @kernels {
    func.func private @present(!llvm.ptr, !llvm.ptr, i32, i32)
  }
}

// -----

program.entry @c19 sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // expected-note @below {{made here}}
  %a = program.parameter @w : memref<3xf32>
  // C19: parameters are read only.
  // expected-error @below {{writes a buffer that is only to be read}}
  program.dispatch "x" @k items(%one) writes(%a : memref<3xf32>)
}

// -----

program.entry @c20 sizes [] arguments [#program.value<"x", memref<3xf32>>] results [] states [] {
  // expected-note @below {{made here}}
  %a = program.argument 0 : memref<3xf32>
  %b = program.alloc : memref<3xf32>
  // C20: arguments are read only.
  // expected-error @below {{writes a buffer that is only to be read}}
  program.copy %b to %a : memref<3xf32>
}

// -----

program.entry @c20 sizes [] arguments [] results [] states [] {
  %b = program.alloc : memref<3xf32>
  // C20: two buffers.
  // expected-error @below {{copies a buffer to itself}}
  program.copy %b to %b : memref<3xf32>
}

// -----

program.entry @buffers sizes [] arguments [] results [] states [] {
  // Buffers are dense, row-major and of whole bytes.
  // expected-error @below {{must be a dense row-major memref of f64, f32, f16, bf16, f8E4M3FN, f8E5M2, i64, i32, i16, i8, ui8 or i1, but got 'memref<3xf32, 1>'}}
  %a = program.alloc : memref<3xf32, 1>
}
