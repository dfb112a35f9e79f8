// RUN: coopt-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: program.entry @constant
program.entry @constant sizes [] arguments [] results [] states [] {
  %true = arith.constant true
  %false = arith.constant false
  %one = arith.constant 1 : index
  %a = program.alloc : memref<3xf32>
  // CHECK-NOT: program.if
  // CHECK: program.dispatch "then"
  // CHECK-NOT: program.dispatch "else"
  program.if %true {
    program.dispatch "then" @k items(%one) writes(%a : memref<3xf32>)
  } else {
    program.dispatch "else" @k items(%one) writes(%a : memref<3xf32>)
  }
  // CHECK-NOT: program.dispatch "then"
  // CHECK: program.dispatch "other"
  program.if %false {
    program.dispatch "then" @k items(%one) writes(%a : memref<3xf32>)
  } else {
    program.dispatch "other" @k items(%one) writes(%a : memref<3xf32>)
  }
  // CHECK-NOT: program.dispatch
  program.if %false {
    program.dispatch "never" @k items(%one) writes(%a : memref<3xf32>)
  }
}

// -----

// CHECK-LABEL: program.entry @empty
program.entry @empty sizes [#program.size<"n", min = 0, max = 9>] arguments [] results [] states [] {
  %n = program.size "n" : index
  %one = arith.constant 1 : index
  %is_one = arith.cmpi eq, %n, %one : index
  %a = program.alloc : memref<3xf32>
  // A branch without commands goes; one side alone stays, and only its empty other side goes.
  // CHECK: program.if
  // CHECK-NEXT: program.dispatch "then"
  // CHECK-NEXT: }
  // CHECK-NEXT: program.if
  // CHECK-NEXT: } else {
  // CHECK-NEXT: program.dispatch "else"
  // CHECK-NEXT: }
  // CHECK-NOT: program.if
  program.if %is_one {
    program.dispatch "then" @k items(%one) writes(%a : memref<3xf32>)
  } else {
  }
  program.if %is_one {
  } else {
    program.dispatch "else" @k items(%one) writes(%a : memref<3xf32>)
  }
  program.if %is_one {
  } else {
  }
}

// -----

// Sizes and buffers that nothing uses go.
// CHECK-LABEL: program.entry @unused
program.entry @unused sizes [#program.size<"n", min = 0, max = 9>] arguments [#program.value<"x", memref<?xf32>, ["n"]>] results [] states [] {
  // CHECK-NEXT: }
  %n = program.size "n" : index
  %x = program.argument 0 (%n) : memref<?xf32>
  %w = program.parameter @w : memref<3xf32>
  %a = program.alloc : memref<3xf32>
}

// -----

// A prefetch writes nothing that a program reads, and stays.
// CHECK-LABEL: program.entry @prefetch
program.entry @prefetch sizes [] arguments [] results [] states [] {
  %w = program.parameter @w : memref<3xf32>
  %e = program.alloc : memref<1x2xi32>
  // CHECK: program.prefetch
  program.prefetch %e of(%w : memref<3xf32>) : memref<1x2xi32>
}
