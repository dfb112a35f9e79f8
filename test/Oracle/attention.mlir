// append and attend by their definitions, with the sequences of exp2 and tanh that Numerics has: one position of one head of one element,
// primes, and one more key than a block of 64. Positions are unknown extents, then static ones. Inputs and the five integers of a
// line: Inputs/values.mlir; what is expected was computed by an independent program from the formulas of attention.attend and of
// coopt/Numerics/SpecialFunctions.h. ../Integration/CPU and model.test have the state as a value.
//
// RUN: cat %s %S/Inputs/values.mlir | coopt-opt -coopt-expand-to-reference -coopt-expand-math | %plain_lowering | %plain_runner | FileCheck %s

// One position.
func.func @append_one(%s: memref<4x1x1xf32>, %past: index, %n: index) {
  %c1 = arith.constant 1 : index
  %width = arith.constant 1 : index
  %keys = arith.addi %past, %c1 : index
  %values = arith.addi %past, %n : index
  %k0 = call @matrix(%n, %width, %keys) : (index, index, index) -> tensor<?x?xf32>
  %v0 = call @matrix(%n, %width, %values) : (index, index, index) -> tensor<?x?xf32>
  %k1 = tensor.cast %k0 : tensor<?x?xf32> to tensor<?x1xf32>
  %v1 = tensor.cast %v0 : tensor<?x?xf32> to tensor<?x1xf32>
  %k = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [%n, 1, 1] : tensor<?x1xf32> into tensor<?x1x1xf32>
  %v = tensor.expand_shape %v1 [[0], [1, 2]] output_shape [%n, 1, 1] : tensor<?x1xf32> into tensor<?x1x1xf32>
  attention.append ins(%k, %v : tensor<?x1x1xf32>, tensor<?x1x1xf32>) at %past into %s layer(1) : memref<4x1x1xf32>
  return
}
func.func @attend_one(%s: memref<4x1x1xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 1 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x1xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 1, 1] : tensor<?x1xf32> into tensor<?x1x1xf32>
  %e = tensor.empty(%n) : tensor<?x1x1xf32>
  %o = attention.attend ins(%q : tensor<?x1x1xf32>) state(%s : memref<4x1x1xf32>) at %past, %head outs(%e : tensor<?x1x1xf32>)
    layer(1) heads_per_group(1) scale(9.765625e-04) heads(1) -> tensor<?x1x1xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x1xf32> into tensor<?x1xf32>
  %m = tensor.cast %flat : tensor<?x1xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}

// Thirteen positions, three query heads on one of seven elements.
func.func @append_primes(%s: memref<4x13x7xf32>, %past: index, %n: index) {
  %c1 = arith.constant 1 : index
  %width = arith.constant 7 : index
  %keys = arith.addi %past, %c1 : index
  %values = arith.addi %past, %n : index
  %k0 = call @matrix(%n, %width, %keys) : (index, index, index) -> tensor<?x?xf32>
  %v0 = call @matrix(%n, %width, %values) : (index, index, index) -> tensor<?x?xf32>
  %k1 = tensor.cast %k0 : tensor<?x?xf32> to tensor<?x7xf32>
  %v1 = tensor.cast %v0 : tensor<?x?xf32> to tensor<?x7xf32>
  %k = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [%n, 1, 7] : tensor<?x7xf32> into tensor<?x1x7xf32>
  %v = tensor.expand_shape %v1 [[0], [1, 2]] output_shape [%n, 1, 7] : tensor<?x7xf32> into tensor<?x1x7xf32>
  attention.append ins(%k, %v : tensor<?x1x7xf32>, tensor<?x1x7xf32>) at %past into %s layer(1) : memref<4x13x7xf32>
  return
}
func.func @attend_primes(%s: memref<4x13x7xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 21 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x21xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 3, 7] : tensor<?x21xf32> into tensor<?x3x7xf32>
  %e = tensor.empty(%n) : tensor<?x3x7xf32>
  %o = attention.attend ins(%q : tensor<?x3x7xf32>) state(%s : memref<4x13x7xf32>) at %past, %head outs(%e : tensor<?x3x7xf32>)
    layer(1) heads_per_group(3) scale(9.765625e-04) heads(1) -> tensor<?x3x7xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x3x7xf32> into tensor<?x21xf32>
  %m = tensor.cast %flat : tensor<?x21xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}

// A first key in the second block: two query heads on each of two; all heads, a window, then all heads but the first.
func.func @append_blocks(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %c1 = arith.constant 1 : index
  %width = arith.constant 34 : index
  %keys = arith.addi %past, %c1 : index
  %values = arith.addi %past, %n : index
  %k0 = call @matrix(%n, %width, %keys) : (index, index, index) -> tensor<?x?xf32>
  %v0 = call @matrix(%n, %width, %values) : (index, index, index) -> tensor<?x?xf32>
  %k1 = tensor.cast %k0 : tensor<?x?xf32> to tensor<?x34xf32>
  %v1 = tensor.cast %v0 : tensor<?x?xf32> to tensor<?x34xf32>
  %k = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [%n, 2, 17] : tensor<?x34xf32> into tensor<?x2x17xf32>
  %v = tensor.expand_shape %v1 [[0], [1, 2]] output_shape [%n, 2, 17] : tensor<?x34xf32> into tensor<?x2x17xf32>
  attention.append ins(%k, %v : tensor<?x2x17xf32>, tensor<?x2x17xf32>) at %past into %s layer(1) : memref<8x67x17xf32>
  return
}
func.func @attend_blocks(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 68 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 17] : tensor<?x68xf32> into tensor<?x4x17xf32>
  %e = tensor.empty(%n) : tensor<?x4x17xf32>
  %o = attention.attend ins(%q : tensor<?x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) heads(2) -> tensor<?x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x17xf32> into tensor<?x68xf32>
  %m = tensor.cast %flat : tensor<?x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}
func.func @attend_window(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 68 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 17] : tensor<?x68xf32> into tensor<?x4x17xf32>
  %e = tensor.empty(%n) : tensor<?x4x17xf32>
  %o = attention.attend ins(%q : tensor<?x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) window(13) heads(2) -> tensor<?x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x17xf32> into tensor<?x68xf32>
  %m = tensor.cast %flat : tensor<?x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}
// A window and sinks, which it reaches from some rows; with 62 of these the last rows see all but one or two keys.
func.func @attend_lambda(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 68 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 17] : tensor<?x68xf32> into tensor<?x4x17xf32>
  %e = tensor.empty(%n) : tensor<?x4x17xf32>
  %o = attention.attend ins(%q : tensor<?x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) window(13) sinks(3) heads(2) -> tensor<?x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x17xf32> into tensor<?x68xf32>
  %m = tensor.cast %flat : tensor<?x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}
func.func @attend_lambda_blocks(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 68 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 17] : tensor<?x68xf32> into tensor<?x4x17xf32>
  %e = tensor.empty(%n) : tensor<?x4x17xf32>
  %o = attention.attend ins(%q : tensor<?x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) window(2) sinks(62) heads(2) -> tensor<?x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x17xf32> into tensor<?x68xf32>
  %m = tensor.cast %flat : tensor<?x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}
func.func @attend_heads(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 1 : index
  %width = arith.constant 51 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x51xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 3, 17] : tensor<?x51xf32> into tensor<?x3x17xf32>
  %e = tensor.empty(%n) : tensor<?x3x17xf32>
  %o = attention.attend ins(%q : tensor<?x3x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x3x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) heads(2) -> tensor<?x3x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x3x17xf32> into tensor<?x51xf32>
  %m = tensor.cast %flat : tensor<?x51xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}

// Scores beyond the cap, and below.
func.func @attend_capped(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 68 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 17] : tensor<?x68xf32> into tensor<?x4x17xf32>
  %e = tensor.empty(%n) : tensor<?x4x17xf32>
  %o = attention.attend ins(%q : tensor<?x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) cap(2.0) heads(2) -> tensor<?x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x17xf32> into tensor<?x68xf32>
  %m = tensor.cast %flat : tensor<?x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}
func.func @attend_capped_window(%s: memref<8x67x17xf32>, %past: index, %n: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %width = arith.constant 68 : index
  %q0 = call @matrix(%n, %width, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<?x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 17] : tensor<?x68xf32> into tensor<?x4x17xf32>
  %e = tensor.empty(%n) : tensor<?x4x17xf32>
  %o = attention.attend ins(%q : tensor<?x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<?x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) cap(2.0) window(13) heads(2) -> tensor<?x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x17xf32> into tensor<?x68xf32>
  %m = tensor.cast %flat : tensor<?x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}

// The last rows of @attend_blocks, with extents that the types know.
func.func @static(%s: memref<8x67x17xf32>, %past: index) {
  %seed = arith.constant 5 : index
  %head = arith.constant 0 : index
  %c5 = arith.constant 5 : index
  %c68 = arith.constant 68 : index
  %q0 = call @matrix(%c5, %c68, %seed) : (index, index, index) -> tensor<?x?xf32>
  %q1 = tensor.cast %q0 : tensor<?x?xf32> to tensor<5x68xf32>
  %q = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [5, 4, 17] : tensor<5x68xf32> into tensor<5x4x17xf32>
  %e = tensor.empty() : tensor<5x4x17xf32>
  %o = attention.attend ins(%q : tensor<5x4x17xf32>) state(%s : memref<8x67x17xf32>) at %past, %head outs(%e : tensor<5x4x17xf32>)
    layer(1) heads_per_group(2) scale(9.765625e-04) heads(2) -> tensor<5x4x17xf32>
  %flat = tensor.collapse_shape %o [[0], [1, 2]] : tensor<5x4x17xf32> into tensor<5x68xf32>
  %m = tensor.cast %flat : tensor<5x68xf32> to tensor<?x?xf32>
  call @print(%m) : (tensor<?x?xf32>) -> ()
  return
}

// CHECK: [1, 1, -1030768933, -1030768933, -1030768933]
// CHECK: [13, 21, -1030993627, -1058604814, -225270508]
// CHECK: [5, 68, -1031992706, -1052767453, -1661528243]
// CHECK: [65, 68, -1031948581, 1080304496, -1040427768]
// CHECK: [5, 68, -1032135826, -1049657962, 44093849]
// CHECK: [5, 68, -1031992706, -1052116764, -147829703]
// CHECK: [65, 68, -1031948581, 1094260985, -1707435399]
// CHECK: [5, 68, -1031992706, -1052768554, 256106819]
// CHECK: [5, 51, -1031992706, 1109575396, 2002850155]
// CHECK: [5, 68, -1031992706, -1052767453, -1661528243]
// CHECK: [5, 68, -1052687420, -1062561862, -191221941]
// CHECK: [65, 68, -1031948581, 1078472382, 952085993]
// CHECK: [5, 68, -1045945667, -1055356232, 1850901372]
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %c13 = arith.constant 13 : index
  %c60 = arith.constant 60 : index
  %c65 = arith.constant 65 : index
  // What was never written must not be read.
  %nan = arith.constant 0x7FC00000 : f32
  %one = memref.alloc() : memref<4x1x1xf32>
  %primes = memref.alloc() : memref<4x13x7xf32>
  %blocks = memref.alloc() : memref<8x67x17xf32>
  linalg.fill ins(%nan : f32) outs(%one : memref<4x1x1xf32>)
  linalg.fill ins(%nan : f32) outs(%primes : memref<4x13x7xf32>)
  linalg.fill ins(%nan : f32) outs(%blocks : memref<8x67x17xf32>)

  call @append_one(%one, %c0, %c1) : (memref<4x1x1xf32>, index, index) -> ()
  call @attend_one(%one, %c0, %c1) : (memref<4x1x1xf32>, index, index) -> ()
  call @append_primes(%primes, %c0, %c13) : (memref<4x13x7xf32>, index, index) -> ()
  call @attend_primes(%primes, %c0, %c13) : (memref<4x13x7xf32>, index, index) -> ()
  call @append_blocks(%blocks, %c0, %c60) : (memref<8x67x17xf32>, index, index) -> ()
  call @append_blocks(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_blocks(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_blocks(%blocks, %c0, %c65) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_window(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_lambda(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_lambda(%blocks, %c0, %c65) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_lambda_blocks(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_heads(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @static(%blocks, %c60) : (memref<8x67x17xf32>, index) -> ()
  call @attend_capped(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_capped(%blocks, %c0, %c65) : (memref<8x67x17xf32>, index, index) -> ()
  call @attend_capped_window(%blocks, %c60, %c5) : (memref<8x67x17xf32>, index, index) -> ()
  return
}
