// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s --mlir-print-op-generic | coopt-opt | FileCheck %s

// CHECK-LABEL: program.entry @forward
// CHECK-SAME: sizes [#program.size<"tokens", min = 1, max = 64>, #program.size<"past", min = 0, max = 512, multiple = 8>]
// CHECK-SAME: arguments [#program.value<"ids", memref<?xi32>, ["tokens"]>]
// CHECK-SAME: results [#program.value<"logits", memref<?x172xf32>, ["tokens"]>]
// CHECK-SAME: states [#program.state<"cache", outer = 40, capacity = 512, inner = 8, element = f32>] arena_bytes(16384) {
program.entry @forward
    sizes [#program.size<"tokens", min = 1, max = 64>, #program.size<"past", min = 0, max = 512, multiple = 8>]
    arguments [#program.value<"ids", memref<?xi32>, ["tokens"]>]
    results [#program.value<"logits", memref<?x172xf32>, ["tokens"]>]
    states [#program.state<"cache", outer = 40, capacity = 512, inner = 8, element = f32>] arena_bytes(16384) {
  // CHECK: %[[T:.*]] = program.size "tokens" : index
  %t = program.size "tokens" : index
  %past = program.size "past" : index
  // CHECK: program.argument 0(%[[T]]) : memref<?xi32>
  %ids = program.argument 0 (%t) : memref<?xi32>
  // CHECK: program.result 0(%[[T]]) : memref<?x172xf32>
  %logits = program.result 0 (%t) : memref<?x172xf32>
  // CHECK: program.parameter @model.embed.weight : memref<512x64xf32>
  %table = program.parameter @"model.embed.weight" : memref<512x64xf32>
  // CHECK: program.state 0 : memref<40x512x8xf32>
  %state = program.state 0 : memref<40x512x8xf32>
  // CHECK: program.alloc(%[[T]]) : memref<?x64xf32> offset(0)
  %x = program.alloc (%t) : memref<?x64xf32> offset(0)
  // CHECK: program.alloc(%[[T]]) : memref<?x64xf32>{{$}}
  %y = program.alloc (%t) : memref<?x64xf32>
  // CHECK: program.alloc : memref<3x5xi8>
  %z = program.alloc : memref<3x5xi8>
  // CHECK: program.dispatch "embed" @embed items(%[[T]]) reads(%{{.*}}, %{{.*}} : memref<?xi32>, memref<512x64xf32>) writes(%{{.*}} : memref<?x64xf32>)
  program.dispatch "embed" @embed items(%t) reads(%ids, %table : memref<?xi32>, memref<512x64xf32>) writes(%x : memref<?x64xf32>)
  %one = arith.constant 1 : index
  %decode = arith.cmpi eq, %t, %one : index
  // CHECK: program.if %{{.*}} {
  // CHECK-NEXT: program.copy %{{.*}} to %{{.*}} : memref<?x64xf32>
  // CHECK-NEXT: } else {
  program.if %decode {
    program.copy %x to %y : memref<?x64xf32>
  } else {
    // CHECK-NEXT: program.dispatch "step" @step items(%{{.*}}) writes(%{{.*}}, %{{.*}} : memref<?x64xf32>, memref<40x512x8xf32>) scalars(%{{.*}})
    program.dispatch "step" @step items(%one) writes(%y, %state : memref<?x64xf32>, memref<40x512x8xf32>) scalars(%past)
  // CHECK-NEXT: }
  }
  // CHECK-NEXT: program.if %{{.*}} {
  program.if %decode {
    program.dispatch "head" @head items(%one) reads(%y : memref<?x64xf32>) writes(%logits : memref<?x172xf32>)
  // CHECK: }
  // CHECK-NOT: else
  }
}

// CHECK-LABEL: program.entry @blocks
// CHECK-SAME: states [#program.state<"cache", outer = 4, capacity = 71, inner = 8, element = i8, block = 32, kept = 264>] {
program.entry @blocks sizes [] arguments [] results []
    states [#program.state<"cache", outer = 4, capacity = 71, inner = 8, element = i8, block = 32, kept = 264>] {
  // CHECK: program.state 0 : memref<4x360x8xi8>
  %state = program.state 0 : memref<4x360x8xi8>
}

// CHECK-LABEL: program.entry @experts
program.entry @experts sizes [] arguments [] results [] states [] {
  %two = arith.constant 2 : index
  %w = program.parameter @w : memref<4xf32>
  %s = program.alloc : memref<2x3xi32>
  %e = program.alloc : memref<1x2xi32>
  %o = program.alloc : memref<3xf32>
  // CHECK: program.dispatch "x" @k items(%{{.*}}) reads(%{{.*}}, %{{.*}} : memref<2x3xi32>, memref<4xf32>) writes(%{{.*}} : memref<3xf32>) experts <segments = 0, weights = [1], count = 2>
  program.dispatch "x" @k items(%two) reads(%s, %w : memref<2x3xi32>, memref<4xf32>) writes(%o : memref<3xf32>)
      experts <segments = 0, weights = [1], count = 2>
  // CHECK: %[[L:.*]] = program.experts_limited
  %l = program.experts_limited
  // CHECK: program.if %[[L]]
  program.if %l {
    // CHECK: program.prefetch %{{.*}} of(%{{.*}} : memref<4xf32>) : memref<1x2xi32>
    program.prefetch %e of(%w : memref<4xf32>) : memref<1x2xi32>
  }
}
