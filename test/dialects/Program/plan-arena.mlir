// RUN: coopt-opt %s --coopt-program-plan-arena --split-input-file --verify-diagnostics | FileCheck %s

// Three buffers in a row need space for two, and the bytes are those of the largest size: 7 * 3 * 4 = 84, rounded to 128.
// CHECK-LABEL: program.entry @chain
// CHECK-SAME: arena_bytes(256)
program.entry @chain sizes [#program.size<"n", min = 1, max = 7>] arguments [] results [] states [] {
  %n = program.size "n" : index
  // CHECK: program.alloc(%{{.*}}) : memref<?x3xf32> offset(0)
  %a = program.alloc (%n) : memref<?x3xf32>
  // CHECK: program.alloc(%{{.*}}) : memref<?x3xf32> offset(128)
  %b = program.alloc (%n) : memref<?x3xf32>
  // CHECK: program.alloc(%{{.*}}) : memref<?x3xf32> offset(0)
  %c = program.alloc (%n) : memref<?x3xf32>
  program.dispatch "1" @k items(%n) writes(%a : memref<?x3xf32>)
  program.dispatch "2" @k items(%n) reads(%a : memref<?x3xf32>) writes(%b : memref<?x3xf32>)
  program.dispatch "3" @k items(%n) reads(%b : memref<?x3xf32>) writes(%c : memref<?x3xf32>)
  program.dispatch "4" @k items(%n) reads(%c : memref<?x3xf32>)
}

// -----

// The largest goes first; a smaller one that lives with it lies behind, though it comes earlier.
// CHECK-LABEL: program.entry @decreasing
// CHECK-SAME: arena_bytes(1088)
program.entry @decreasing sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // CHECK: program.alloc : memref<5xi8> offset(1024)
  %small = program.alloc : memref<5xi8>
  // CHECK: program.alloc : memref<256xf32> offset(0)
  %large = program.alloc : memref<256xf32>
  // A hole that is large enough is used: it meets only %small.
  // CHECK: program.alloc : memref<64xi8> offset(0)
  %late = program.alloc : memref<64xi8>
  program.dispatch "1" @k items(%one) writes(%small : memref<5xi8>)
  program.dispatch "2" @k items(%one) reads(%small : memref<5xi8>) writes(%large : memref<256xf32>)
  program.dispatch "3" @k items(%one) reads(%small : memref<5xi8>) writes(%late : memref<64xi8>)
}

// -----

// The two sides of a branch share; what is used behind the branch or on both sides does not.
// CHECK-LABEL: program.entry @branch
// CHECK-SAME: arena_bytes(256)
program.entry @branch sizes [#program.size<"n", min = 0, max = 1>] arguments [] results [] states [] {
  %n = program.size "n" : index
  %one = arith.constant 1 : index
  %is_one = arith.cmpi eq, %n, %one : index
  // CHECK: program.alloc : memref<64xi8> offset(128)
  %before = program.alloc : memref<64xi8>
  // CHECK: program.alloc : memref<65xi8> offset(0)
  %both = program.alloc : memref<65xi8>
  program.dispatch "1" @k items(%one) writes(%before : memref<64xi8>)
  program.if %is_one {
    // CHECK: program.alloc : memref<64xi8> offset(192)
    %x = program.alloc : memref<64xi8>
    program.dispatch "2" @k items(%one) reads(%before : memref<64xi8>) writes(%x : memref<64xi8>)
    program.dispatch "3" @k items(%one) reads(%x : memref<64xi8>) writes(%both : memref<65xi8>)
  } else {
    // CHECK: program.alloc : memref<64xi8> offset(192)
    %y = program.alloc : memref<64xi8>
    program.dispatch "4" @k items(%one) reads(%before : memref<64xi8>) writes(%y : memref<64xi8>)
    program.dispatch "5" @k items(%one) reads(%y : memref<64xi8>) writes(%both : memref<65xi8>)
  }
  program.dispatch "6" @k items(%one) reads(%both : memref<65xi8>)
}

// -----

// In the order of the text, by size or by length of life: each leaves a gap before %f, and takes more than the 512 bytes that are used at a time.
// CHECK-LABEL: program.entry @fragments
// CHECK-SAME: arena_bytes(512)
program.entry @fragments sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  // CHECK: program.alloc : memref<60xi8> offset([[A:[0-9]+]])
  %a = program.alloc : memref<60xi8>
  // CHECK: program.alloc : memref<61xi8> offset([[B:0|448]])
  %b = program.alloc : memref<61xi8>
  // CHECK: program.alloc : memref<384xi8> offset({{0|128}})
  %c = program.alloc : memref<384xi8>
  // CHECK: program.alloc : memref<62xi8> offset([[A]])
  %d = program.alloc : memref<62xi8>
  // CHECK: program.alloc : memref<63xi8> offset([[B]])
  %e = program.alloc : memref<63xi8>
  // CHECK: program.alloc : memref<448xi8> offset({{0|64}})
  %f = program.alloc : memref<448xi8>
  program.dispatch "1" @k items(%one) writes(%a, %b, %c : memref<60xi8>, memref<61xi8>, memref<384xi8>)
  program.dispatch "2" @k items(%one) reads(%b : memref<61xi8>) writes(%d : memref<62xi8>)
  program.dispatch "3" @k items(%one) reads(%c, %d : memref<384xi8>, memref<62xi8>) writes(%e : memref<63xi8>)
  program.dispatch "4" @k items(%one) reads(%e : memref<63xi8>) writes(%f : memref<448xi8>)
}

// -----

// Bounds go through the arithmetic: at most ceil((13 + 96) / 4) * 4 = 112 bytes (128 when rounded), since 96 is the last multiple of 8;
// min(n, 5) * 64 = 320; (n mod 3) * 64 = 128.
// CHECK-LABEL: program.entry @tight
// CHECK-SAME: arena_bytes(576)
program.entry @tight sizes [#program.size<"n", min = 1, max = 13>, #program.size<"past", min = 1, max = 103, multiple = 8>]
    arguments [] results [] states [] {
  %n = program.size "n" : index
  %past = program.size "past" : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %sum = arith.addi %n, %past : index
  %blocks = arith.ceildivsi %sum, %c4 : index
  %padded = arith.muli %blocks, %c4 : index
  %least = arith.minsi %n, %c5 : index
  %rest = arith.remsi %n, %c3 : index
  // CHECK: offset(320)
  %all = program.alloc (%padded) : memref<?xi8>
  // CHECK: offset(0)
  %l = program.alloc (%least) : memref<?x64xi8>
  // CHECK: offset(448)
  %r = program.alloc (%rest) : memref<?x64xi8>
  program.dispatch "all" @k items(%n) writes(%all, %l, %r : memref<?xi8>, memref<?x64xi8>, memref<?x64xi8>)
}

// -----

program.entry @unbounded sizes [#program.size<"n", min = 0, max = 9>] arguments [] results [] states [] {
  %n = program.size "n" : index
  %c9 = arith.constant 9 : index
  // expected-note @below {{the bound is lost at 'arith.floordivsi': the divisor may be 0 or negative}}
  %q = arith.floordivsi %c9, %n : index
  %m = arith.muli %q, %c9 : index
  // expected-error @below {{has an unbounded extent}}
  %a = program.alloc (%m) : memref<?xf32>
}

// -----

program.entry @unknown sizes [#program.size<"n", min = 0, max = 9>] arguments [] results [] states [] {
  %n = program.size "n" : index
  // expected-note @below {{the bound is lost at 'arith.shli': no arithmetic of a host program}}
  %m = arith.shli %n, %n : index
  // expected-error @below {{has an unbounded extent}}
  %a = program.alloc (%m) : memref<?xf32>
}

// -----

program.entry @overflow sizes [#program.size<"n", min = 0, max = 9223372036854775807>] arguments [] results [] states [] {
  %n = program.size "n" : index
  // expected-note @below {{the bound is lost at 'arith.addi': may not fit 64 bits}}
  %m = arith.addi %n, %n : index
  // expected-error @below {{has an unbounded extent}}
  %a = program.alloc (%m) : memref<?xf32>
}

// -----

program.entry @bytes sizes [#program.size<"n", min = 0, max = 9223372036854775807>] arguments [] results [] states [] {
  %n = program.size "n" : index
  // expected-error @below {{is larger than 2^63 - 1 bytes for the largest sizes}}
  %a = program.alloc (%n) : memref<?xf32>
}

// -----

program.entry @together sizes [] arguments [] results [] states [] {
  %one = arith.constant 1 : index
  %a = program.alloc : memref<6917529027641081856xi8>
  // expected-error @below {{makes the buffers together larger than 2^63 - 1 bytes}}
  %b = program.alloc : memref<6917529027641081856xi8>
  program.dispatch "all" @k items(%one) writes(%a, %b : memref<6917529027641081856xi8>, memref<6917529027641081856xi8>)
}
