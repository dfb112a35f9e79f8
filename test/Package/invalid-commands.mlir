// RUN: coopt-opt %s --coopt-program-print-commands="o=/dev/null" --split-input-file --verify-diagnostics

program.entry @unplanned sizes [] arguments [] results [] states [] {
  // expected-error @below {{has no place in the arena: run coopt-program-plan-arena first}}
  %a = program.alloc : memref<3xf32>
}

// -----

module {
  program.entry @first sizes [] arguments [] results [] states [#program.state<"cache", outer = 2, capacity = 3, inner = 4, element = f32>] {
  }
  // expected-error @below {{describes state 'cache' differently from an entry before it: expected outer = 2, capacity = 3, inner = 4, block = 1, kept = 0, element = f32}}
  program.entry @second sizes [] arguments [] results [] states [#program.state<"cache", outer = 2, capacity = 5, inner = 4, element = f32>] {
  }
}

// -----

program.entry @kernel sizes [] arguments [] results [] states [] arena_bytes(64) {
  %one = arith.constant 1 : index
  %a = program.alloc : memref<3xf32> offset(0)
  // expected-error @below {{expected a function @fill in module @kernels}}
  program.dispatch "fill" @fill items(%one) writes(%a : memref<3xf32>)
}

// -----

module {
  program.entry @counts sizes [] arguments [] results [] states [] arena_bytes(64) {
    %one = arith.constant 1 : index
    %a = program.alloc : memref<3xf32> offset(0)
    // expected-note @below {{as here}}
    program.dispatch "fill" @fill items(%one) writes(%a : memref<3xf32>)
    // expected-error @below {{runs kernel @fill with 1 buffers and 1 scalars, expected 1 and 0}}
    program.dispatch "again" @fill items(%one) writes(%a : memref<3xf32>) scalars(%one)
  }
  module @kernels {
    func.func private @fill(!llvm.ptr, !llvm.ptr, i32, i32)
  }
}

// -----

module {
  program.entry @scratch sizes [] arguments [] results [] states [] arena_bytes(64) {
    %one = arith.constant 1 : index
    %a = program.alloc : memref<3xf32> offset(0)
    program.dispatch "fill" @fill items(%one) writes(%a : memref<3xf32>)
  }
  module @kernels {
    // expected-error @below {{expected coopt.scratch_bytes to be a number of bytes, got -1 : i64}}
    func.func private @fill(!llvm.ptr, !llvm.ptr, i32, i32) attributes {coopt.scratch_bytes = -1 : i64}
  }
}

// -----

program.entry @operation sizes [#program.size<"n", min = 0, max = 9>] arguments [] results [] states [] {
  %n = program.size "n" : index
  // expected-error @below {{is no command of a host program}}
  %m = arith.shli %n, %n : index
}

// -----

program.entry @constant sizes [] arguments [] results [] states [] {
  // expected-error @below {{is no index or i1 constant, which is what a host program has}}
  %half = arith.constant 0.5 : f32
}

// -----

// Rounding toward zero and toward minus infinity differ for negative operands.
program.entry @sign sizes [#program.size<"n", min = 0, max = 9>] arguments [] results [] states [] {
  %n = program.size "n" : index
  %one = arith.constant 1 : index
  %m = arith.subi %n, %one : index
  // expected-error @below {{has an unbounded value}}
  // expected-note @below {{the bound is lost at 'arith.remsi': an operand may be negative}}
  %r = arith.remsi %m, %one : index
}

// -----

program.entry @unsigned sizes [#program.size<"n", min = 0, max = 9>] arguments [] results [] states [] {
  %n = program.size "n" : index
  // expected-error @below {{compares unsigned, which a host program cannot}}
  %less = arith.cmpi ult, %n, %n : index
}

// -----

program.entry @copy sizes [#program.size<"n", min = 0, max = 9>, #program.size<"m", min = 0, max = 9>]
    arguments [] results [] states [] arena_bytes(128) {
  %n = program.size "n" : index
  %m = program.size "m" : index
  %a = program.alloc (%n) : memref<?xf32> offset(0)
  %b = program.alloc (%m) : memref<?xf32> offset(64)
  // expected-error @below {{expected both buffers to be made with the same extents}}
  program.copy %a to %b : memref<?xf32>
}

// -----

// What the package's own verifier finds is shown, too.
// expected-error @below {{serialised host program: program: entry 'space': buffer 0: [64, +68) lies outside the arena of 128 bytes}}
module {
  program.entry @space sizes [] arguments [] results [] states [] arena_bytes(128) {
    %a = program.alloc : memref<17xf32> offset(64)
  }
}
