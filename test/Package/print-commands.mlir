// RUN: coopt-opt %s --coopt-program-plan-arena --coopt-program-print-commands="o=%t.txt" -o /dev/null
// RUN: FileCheck %s --match-full-lines --strict-whitespace < %t.txt

// Kernels come in the order of their first dispatch, not in that of the module; what is never dispatched is left out.
//      CHECK:kernel k0 = embed: 3 buffers, 2 scalars, 0 bytes of scratch
// CHECK-NEXT:kernel k1 = step: 2 buffers, 2 scalars, 192 bytes of scratch
// CHECK-NEXT:kernel k2 = tail: 2 buffers, 2 scalars, 0 bytes of scratch
// CHECK-NEXT:state 0 = cache: 6 x 17 x 8 x f32
// CHECK-NEXT:entry forward: 15 slots, arena of 1216 bytes
// CHECK-NEXT:  s0 = tokens in [1, 7], multiple of 1
// CHECK-NEXT:  s1 = past in [0, 16], multiple of 8
// CHECK-NEXT:  argument 0 ids : s0xi32
// CHECK-NEXT:  result 0 logits : s0x11xf32
// CHECK-NEXT:  uses state 0
// CHECK-NEXT:  b0 = argument 0 : s0xi32, at most 28 bytes
// CHECK-NEXT:  b1 = result 0 : s0x11xf32, at most 308 bytes
// CHECK-NEXT:  b2 = parameter 0 : 13x11xf32, at most 572 bytes
// CHECK-NEXT:  b3 = state 0 : 6x17x8xf32, at most 3264 bytes
// CHECK-NEXT:  b4 = arena 576 : s0x11xf32, at most 308 bytes
// CHECK-NEXT:  b5 = arena 896 : s0x11xf32, at most 308 bytes
// A computed extent: at most ceil((7 + 16) / 4) = 6 rows of 11 i64; the largest buffer comes first in the arena.
// CHECK-NEXT:  b6 = arena 0 : s4x11xi64, at most 528 bytes
// CHECK-NEXT:  0: s2 = add s0, s1
// CHECK-NEXT:  1: s3 = constant 4
// CHECK-NEXT:  2: s4 = ceildiv s2, s3
// CHECK-NEXT:  3: dispatch "embed" k0 items s0 reads (b0, b2) writes (b4) scalars (s0, s0)
// CHECK-NEXT:  4: s5 = constant 1
// CHECK-NEXT:  5: s6 = less s5, s0
// CHECK-NEXT:  6: s7 = equal s1, s3
// CHECK-NEXT:  7: s8 = constant 0
// CHECK-NEXT:  8: s9 = equal s7, s8
// CHECK-NEXT:  9: s10 = and s6, s9
// CHECK-NEXT:  10: unless s10 goto 14
// CHECK-NEXT:  11: s11 = floordiv s1, s3
// CHECK-NEXT:  12: dispatch "step" k1 items s11 reads () writes (b4, b3) scalars (s0, s1)
// CHECK-NEXT:  13: goto 15
// CHECK-NEXT:  14: copy (b4, b5)
// CHECK-NEXT:  15: unless s6 goto 19
// CHECK-NEXT:  16: s12 = mod s2, s3
// CHECK-NEXT:  17: s13 = min s12, s0
// CHECK-NEXT:  18: s14 = max s13, s5
// CHECK-NEXT:  19: dispatch "tail" k2 items s4 reads (b4) writes (b6) scalars (s0, s4)
// CHECK-NEXT:  20: copy (b5, b1)
// CHECK-NEXT:entry again: 1 slots, arena of 0 bytes
// CHECK-NEXT:  uses state 0
// CHECK-NEXT:  b0 = state 0 : 6x17x8xf32, at most 3264 bytes
// CHECK-NEXT:  b1 = parameter 1 : 3xu8, at most 3 bytes
// CHECK-NEXT:  0: s0 = constant -1

module {
  program.entry @forward
      sizes [#program.size<"tokens", min = 1, max = 7>, #program.size<"past", min = 0, max = 16, multiple = 8>]
      arguments [#program.value<"ids", memref<?xi32>, ["tokens"]>]
      results [#program.value<"logits", memref<?x11xf32>, ["tokens"]>]
      states [#program.state<"cache", outer = 6, capacity = 17, inner = 8, element = f32>] {
    %t = program.size "tokens" : index
    %past = program.size "past" : index
    %ids = program.argument 0 (%t) : memref<?xi32>
    %logits = program.result 0 (%t) : memref<?x11xf32>
    %table = program.parameter @table : memref<13x11xf32>
    %state = program.state 0 : memref<6x17x8xf32>
    %x = program.alloc (%t) : memref<?x11xf32>
    %y = program.alloc (%t) : memref<?x11xf32>
    %sum = arith.addi %t, %past : index
    %c4 = arith.constant 4 : index
    %blocks = arith.ceildivsi %sum, %c4 : index
    %z = program.alloc (%blocks) : memref<?x11xi64>
    program.dispatch "embed" @embed items(%t) reads(%ids, %table : memref<?xi32>, memref<13x11xf32>) writes(%x : memref<?x11xf32>)
    %c1 = arith.constant 1 : index
    %many = arith.cmpi sgt, %t, %c1 : index
    %other = arith.cmpi ne, %past, %c4 : index
    %both = arith.andi %many, %other : i1
    program.if %both {
      %n = arith.floordivsi %past, %c4 : index
      program.dispatch "step" @step items(%n) writes(%x, %state : memref<?x11xf32>, memref<6x17x8xf32>) scalars(%past)
    } else {
      program.copy %x to %y : memref<?x11xf32>
    }
    program.if %many {
      %rest = arith.remsi %sum, %c4 : index
      %least = arith.minsi %rest, %t : index
      %most = arith.maxsi %least, %c1 : index
    }
    program.dispatch "tail" @tail items(%blocks) reads(%x : memref<?x11xf32>) writes(%z : memref<?x11xi64>)
    program.copy %y to %logits : memref<?x11xf32>
  }
  program.entry @again sizes [] arguments [] results []
      states [#program.state<"cache", outer = 6, capacity = 17, inner = 8, element = f32>] {
    %state = program.state 0 : memref<6x17x8xf32>
    %codes = program.parameter @codes : memref<3xui8>
    %minus = arith.constant -1 : index
  }
  module @kernels {
    func.func private @unused(!llvm.ptr, !llvm.ptr, i32, i32)
    func.func private @step(!llvm.ptr, !llvm.ptr, i32, i32) attributes {coopt.scratch_bytes = 192 : i64}
    func.func private @embed(!llvm.ptr, !llvm.ptr, i32, i32)
    func.func private @tail(!llvm.ptr, !llvm.ptr, i32, i32)
  }
}
