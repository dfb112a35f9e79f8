// The ops of experts by their definitions: odd sizes, ties, numbers that are none, experts without tokens, tiles across segments. Inputs
// and the five integers of a line: Inputs/values.mlir; indices are printed one by one. What is expected was computed by an
// independent program, from the ops' descriptions and the formula of exp2 in coopt/Numerics/SpecialFunctions.h.
//
// RUN: cat %s %S/Inputs/values.mlir | coopt-opt -coopt-expand-to-reference -coopt-expand-math | %plain_lowering | %plain_runner | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g32 = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f32>

// All numbers of a matrix in a line.
func.func @show(%x: tensor<?x?xi32>) {
  %flat = tensor.collapse_shape %x [[0, 1]] : tensor<?x?xi32> into tensor<?xi32>
  %u = tensor.cast %flat : tensor<?xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}

// (number mod modulus - floor(modulus / 2)) / 128: exact.
func.func @levels(%rows: index, %columns: index, %seed: index, %modulus: index) -> tensor<?x?xf32> {
  %c2 = arith.constant 2 : index
  %part = arith.constant 0.0078125 : f32
  %half = arith.divui %modulus, %c2 : index
  %middle = arith.index_cast %half : index to i32
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %modulus) : (index, index, index, index) -> i32
    %1 = arith.subi %0, %middle : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %part : f32
    tensor.yield %3 : f32
  } : tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}

//===----------------------------------------------------------------------===//
// logits
//===----------------------------------------------------------------------===//

func.func @logits(%m: index, %e: index, %k: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %x = call @matrix(%m, %k, %c1) : (index, index, index) -> tensor<?x?xf32>
  %w = call @matrix(%e, %k, %c2) : (index, index, index) -> tensor<?x?xf32>
  %o = tensor.empty(%m, %e) : tensor<?x?xf32>
  %y = moe.logits ins(%x, %w : tensor<?x?xf32>, tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  call @print(%y) : (tensor<?x?xf32>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1000, 0, 0, 0, 0]
// CHECK: {{^}}[1, 1, 1168181624, 1168181624, 1168181624]
// CHECK: {{^}}[3, 17, 1168181624, -1021968384, 1287350029]
// CHECK: {{^}}[5, 33, 1190694558, 1150876834, -1561911101]
// CHECK: {{^}}[3, 17, 1197900884, -984905828, -1980834404]
// CHECK: {{^}}[3, 17, 1197900884, -984905828, -1980834404]
func.func @all_logits() {
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  call @logits(%c1, %c1, %c1) : (index, index, index) -> ()
  call @logits(%c3, %c17, %c1) : (index, index, index) -> ()
  call @logits(%c5, %c33, %c17) : (index, index, index) -> ()
  call @logits(%c3, %c17, %c33) : (index, index, index) -> ()
  // The last again, with extents that the types know.
  %c2 = arith.constant 2 : index
  %x0 = call @matrix(%c3, %c33, %c1) : (index, index, index) -> tensor<?x?xf32>
  %w0 = call @matrix(%c17, %c33, %c2) : (index, index, index) -> tensor<?x?xf32>
  %x = tensor.cast %x0 : tensor<?x?xf32> to tensor<3x33xf32>
  %w = tensor.cast %w0 : tensor<?x?xf32> to tensor<17x33xf32>
  %o = tensor.empty() : tensor<3x17xf32>
  %y = moe.logits ins(%x, %w : tensor<3x33xf32>, tensor<17x33xf32>) outs(%o : tensor<3x17xf32>) -> tensor<3x17xf32>
  %z = tensor.cast %y : tensor<3x17xf32> to tensor<?x?xf32>
  call @print(%z) : (tensor<?x?xf32>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// route
//===----------------------------------------------------------------------===//

func.func @show_route(%weights: tensor<?x3xf32>, %experts: tensor<?x3xi32>) {
  %e = tensor.cast %experts : tensor<?x3xi32> to tensor<?x?xi32>
  call @show(%e) : (tensor<?x?xi32>) -> ()
  %w = tensor.cast %weights : tensor<?x3xf32> to tensor<?x?xf32>
  call @print(%w) : (tensor<?x?xf32>) -> ()
  return
}

// Three of fifteen.
func.func @route(%logits: tensor<?x?xf32>, %biases: tensor<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %logits, %c0 : tensor<?x?xf32>
  %l = tensor.cast %logits : tensor<?x?xf32> to tensor<?x15xf32>
  %one = tensor.cast %biases : tensor<?x?xf32> to tensor<1x15xf32>
  %b = tensor.collapse_shape %one [[0, 1]] : tensor<1x15xf32> into tensor<15xf32>
  %w0 = tensor.empty(%n) : tensor<?x3xf32>
  %e0 = tensor.empty(%n) : tensor<?x3xi32>
  %0:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%0#0, %0#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  %1:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(sigmoid) scale(2.5)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%1#0, %1#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  %2:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) renormalise(0.0)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%2#0, %2#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  %3:2 = moe.route ins(%l : tensor<?x15xf32>) bias(%b : tensor<15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%3#0, %3#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  %4:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) groups(5 keep 2 by best)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%4#0, %4#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  %5:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) groups(5 keep 2 by two_best)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%5#0, %5#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  %6:2 = moe.route ins(%l : tensor<?x15xf32>) bias(%b : tensor<15xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>)
    scores(sigmoid) groups(3 keep 1 by two_best) renormalise(0.125) scale(2.5) -> tensor<?x3xf32>, tensor<?x3xi32>
  call @show_route(%6#0, %6#1) : (tensor<?x3xf32>, tensor<?x3xi32>) -> ()
  return
}

// One of one, all of 33 with logits far apart, and experts only where a logit is no number.
func.func @other_routes() {
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %c33 = arith.constant 33 : index
  %a0 = call @matrix(%c5, %c1, %c1) : (index, index, index) -> tensor<?x?xf32>
  %a = tensor.cast %a0 : tensor<?x?xf32> to tensor<5x1xf32>
  %aw = tensor.empty() : tensor<5x1xf32>
  %ae = tensor.empty() : tensor<5x1xi32>
  %0:2 = moe.route ins(%a : tensor<5x1xf32>) outs(%aw, %ae : tensor<5x1xf32>, tensor<5x1xi32>) scores(sigmoid)
    -> tensor<5x1xf32>, tensor<5x1xi32>
  %1 = tensor.cast %0#1 : tensor<5x1xi32> to tensor<?x?xi32>
  call @show(%1) : (tensor<?x?xi32>) -> ()
  %2 = tensor.cast %0#0 : tensor<5x1xf32> to tensor<?x?xf32>
  call @print(%2) : (tensor<?x?xf32>) -> ()

  %b0 = call @matrix(%c5, %c33, %c1) : (index, index, index) -> tensor<?x?xf32>
  %b = tensor.cast %b0 : tensor<?x?xf32> to tensor<?x33xf32>
  %bw = tensor.empty(%c5) : tensor<?x33xf32>
  %be = tensor.empty(%c5) : tensor<?x33xi32>
  %3:2 = moe.route ins(%b : tensor<?x33xf32>) outs(%bw, %be : tensor<?x33xf32>, tensor<?x33xi32>) scores(softmax) renormalise(0.0) scale(3.0)
    -> tensor<?x33xf32>, tensor<?x33xi32>
  %4 = tensor.cast %3#1 : tensor<?x33xi32> to tensor<?x?xi32>
  call @print_i32(%4) : (tensor<?x?xi32>) -> ()
  %5 = tensor.cast %3#0 : tensor<?x33xf32> to tensor<?x?xf32>
  call @print(%5) : (tensor<?x?xf32>) -> ()

  %n = arith.constant dense<[[1.0, 3.0, 0x7FC00000, 2.0, 0.5], [0x7FC00000, 3.0, 1.0, 2.0, 0.5]]> : tensor<2x5xf32>
  %nw = tensor.empty() : tensor<2x3xf32>
  %ne = tensor.empty() : tensor<2x3xi32>
  %6:2 = moe.route ins(%n : tensor<2x5xf32>) outs(%nw, %ne : tensor<2x3xf32>, tensor<2x3xi32>) scores(sigmoid) -> tensor<2x3xf32>, tensor<2x3xi32>
  %7 = tensor.cast %6#1 : tensor<2x3xi32> to tensor<?x?xi32>
  call @show(%7) : (tensor<?x?xi32>) -> ()
  %8:2 = moe.route ins(%n : tensor<2x5xf32>) outs(%nw, %ne : tensor<2x3xf32>, tensor<2x3xi32>) scores(softmax) -> tensor<2x3xf32>, tensor<2x3xi32>
  %9 = tensor.cast %8#1 : tensor<2x3xi32> to tensor<?x?xi32>
  call @show(%9) : (tensor<?x?xi32>) -> ()
  return
}

// No two logits of a row are equal, then most are, then all.
// CHECK-LABEL: {{^}}[1001, 0, 0, 0, 0]
// CHECK: {{^}}[9, 7, 5, 10, 8, 6, 2, 11, 0, 3, 12, 1, 4, 13, 2]
// CHECK: {{^}}[5, 3, 1041942390, 1037924558, 1992166060]
// CHECK: {{^}}[9, 7, 5, 10, 8, 6, 2, 11, 0, 3, 12, 1, 4, 13, 2]
// CHECK: {{^}}[5, 3, 1071901199, 1071208018, 573281470]
// CHECK: {{^}}[9, 7, 5, 10, 8, 6, 2, 11, 0, 3, 12, 1, 4, 13, 2]
// CHECK: {{^}}[5, 3, 1053613399, 1050312521, 305074883]
// CHECK: {{^}}[9, 7, 6, 10, 8, 6, 11, 9, 7, 12, 10, 6, 13, 11, 7]
// CHECK: {{^}}[5, 3, 1041942390, 1032282640, 1326754793]
// CHECK: {{^}}[9, 7, 10, 10, 8, 6, 2, 11, 0, 3, 12, 4, 4, 13, 5]
// CHECK: {{^}}[5, 3, 1041942390, 1029618147, 1533692704]
// CHECK: {{^}}[9, 5, 3, 10, 8, 6, 2, 11, 0, 3, 12, 4, 4, 2, 0]
// CHECK: {{^}}[5, 3, 1041942390, 1035349381, 1667001213]
// CHECK: {{^}}[9, 7, 5, 8, 6, 9, 2, 0, 3, 12, 10, 13, 13, 11, 14]
// CHECK: {{^}}[5, 3, 1062574912, 1059007469, -1679973905]
// CHECK: {{^}}[0, 3, 6, 1, 4, 7, 2, 5, 8]
// CHECK: {{^}}[3, 3, 1032428020, 1032428020, 2022290996]
// CHECK: {{^}}[0, 3, 6, 1, 4, 7, 2, 5, 8]
// CHECK: {{^}}[3, 3, 1067491327, 1067491327, 567451567]
// CHECK: {{^}}[0, 3, 6, 1, 4, 7, 2, 5, 8]
// CHECK: {{^}}[3, 3, 1051372203, 1051372203, -738197477]
// CHECK: {{^}}[6, 7, 8, 6, 7, 8, 6, 7, 8]
// CHECK: {{^}}[3, 3, 1032428020, 1032428020, 2016621374]
// CHECK: {{^}}[0, 3, 1, 1, 4, 2, 2, 5, 0]
// CHECK: {{^}}[3, 3, 1032428020, 1032357843, 2019975155]
// CHECK: {{^}}[0, 3, 1, 1, 4, 2, 2, 5, 0]
// CHECK: {{^}}[3, 3, 1032428020, 1032357843, 2019975155]
// CHECK: {{^}}[6, 7, 8, 6, 7, 8, 6, 7, 8]
// CHECK: {{^}}[3, 3, 1061531961, 1061531961, 80659657]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1032358025, 1032358025, 701287633]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1067450368, 1067450368, 1017118720]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1051372202, 1051372202, 872415226]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1032358025, 1032358025, 701287633]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1032358025, 1032358025, 701287633]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1032358025, 1032358025, 701287633]
// CHECK: {{^}}[0, 1, 2]
// CHECK: {{^}}[1, 3, 1061481551, 1061481551, 963399367]
// CHECK: {{^}}[0, 0, 0, 0, 0]
// CHECK: {{^}}[5, 1, 195109049, 1008930020, -2090901318]
// CHECK: {{^}}[5, 33, 31, 12, 436216]
// CHECK: {{^}}[5, 33, 1075730598, 307028740, 492524369]
// CHECK: {{^}}[1, 3, 0, 0, 1, 3]
// CHECK: {{^}}[0, 1, 2, 0, 1, 2]
func.func @all_routes() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c15 = arith.constant 15 : index
  %c13 = arith.constant 13 : index
  %c251 = arith.constant 251 : index
  %biases = call @levels(%c1, %c15, %c5, %c13) : (index, index, index, index) -> tensor<?x?xf32>
  %far = call @levels(%c5, %c15, %c3, %c251) : (index, index, index, index) -> tensor<?x?xf32>
  call @route(%far, %biases) : (tensor<?x?xf32>, tensor<?x?xf32>) -> ()
  %near = call @levels(%c3, %c15, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @route(%near, %biases) : (tensor<?x?xf32>, tensor<?x?xf32>) -> ()
  %equal = call @levels(%c1, %c15, %c2, %c1) : (index, index, index, index) -> tensor<?x?xf32>
  %none = call @levels(%c1, %c15, %c1, %c1) : (index, index, index, index) -> tensor<?x?xf32>
  call @route(%equal, %none) : (tensor<?x?xf32>, tensor<?x?xf32>) -> ()
  call @other_routes() : () -> ()
  return
}

//===----------------------------------------------------------------------===//
// choose
//===----------------------------------------------------------------------===//

// Zeros of both signs are equal; infinities are numbers; a NaN is never larger than another number, and none is larger than a
// NaN that came first, among experts and among groups.
// CHECK-LABEL: {{^}}[1002, 0, 0, 0, 0]
// CHECK: {{^}}[0, 1, 2, 3, 4, 5, 1, 4, 5, 2, 0, 3, 0, 2, 1, 3, 4, 5, 5, 2, 0, 1, 3, 4, 0, 1, 2, 3, 4, 5, 4, 0, 1, 2, 3, 5, 0, 2, 4, 3, 5, 1]
// CHECK: {{^}}[5, 3, 0, 2, 4, 1, 1, 4, 5, 2, 0, 3, 0, 5, 2, 4, 1, 3, 5, 2, 0, 1, 3, 4, 0, 1, 2, 3, 4, 5, 5, 3, 0, 2, 4, 1, 5, 0, 2, 3, 4, 1]
// CHECK: {{^}}[0, 1, 1, 0, 0, 1, 2, 3, 0, 1, 4, 5, 0, 1]
// CHECK: {{^}}[0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 2, 3]
// CHECK: {{^}}[5, 3, 1, 4, 0, 2, 2, 0, 0, 1, 5, 3, 5, 2]
// CHECK: {{^}}[0, 1, 1, 4, 0, 2, 5, 2, 0, 1, 4, 0, 0, 2]
func.func @all_choices() {
  %s = arith.constant dense<[
    [-0.0, 0.0, 0.0, -0.0, -1.0, -2.0],
    [1.0, 0x7F800000, 2.0, 0xFF800000, 0x7F800000, 3.0],
    [0x7FC00000, 5.0, 7.0, 0x7FC00000, 3.0, 1.0],
    [5.0, 0x7FC00000, 7.0, 1.0, 0x7FC00000, 9.0],
    [0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000],
    [1.0, 1.0, 1.0, 1.0, 2.0, -1.0],
    [4.0, 0.0, 3.0, 2.0, 3.0, 2.0]]> : tensor<7x6xf32>
  %b = arith.constant dense<[0.0, -16.0, 0.0, 1.0, -1.0, 16777216.0]> : tensor<6xf32>
  %six = tensor.empty() : tensor<7x6xi32>
  %two = tensor.empty() : tensor<7x2xi32>
  %0 = moe.choose ins(%s : tensor<7x6xf32>) outs(%six : tensor<7x6xi32>) -> tensor<7x6xi32>
  %1 = tensor.cast %0 : tensor<7x6xi32> to tensor<?x?xi32>
  call @show(%1) : (tensor<?x?xi32>) -> ()
  %2 = moe.choose ins(%s : tensor<7x6xf32>) bias(%b : tensor<6xf32>) outs(%six : tensor<7x6xi32>) -> tensor<7x6xi32>
  %3 = tensor.cast %2 : tensor<7x6xi32> to tensor<?x?xi32>
  call @show(%3) : (tensor<?x?xi32>) -> ()
  %4 = moe.choose ins(%s : tensor<7x6xf32>) outs(%two : tensor<7x2xi32>) groups(3 keep 1 by best) -> tensor<7x2xi32>
  %5 = tensor.cast %4 : tensor<7x2xi32> to tensor<?x?xi32>
  call @show(%5) : (tensor<?x?xi32>) -> ()
  %6 = moe.choose ins(%s : tensor<7x6xf32>) outs(%two : tensor<7x2xi32>) groups(3 keep 1 by two_best) -> tensor<7x2xi32>
  %7 = tensor.cast %6 : tensor<7x2xi32> to tensor<?x?xi32>
  call @show(%7) : (tensor<?x?xi32>) -> ()
  %8 = moe.choose ins(%s : tensor<7x6xf32>) bias(%b : tensor<6xf32>) outs(%two : tensor<7x2xi32>) groups(3 keep 2 by two_best) -> tensor<7x2xi32>
  %9 = tensor.cast %8 : tensor<7x2xi32> to tensor<?x?xi32>
  call @show(%9) : (tensor<?x?xi32>) -> ()
  %10 = moe.choose ins(%s : tensor<7x6xf32>) outs(%two : tensor<7x2xi32>) groups(6 keep 2 by best) -> tensor<7x2xi32>
  %11 = tensor.cast %10 : tensor<7x2xi32> to tensor<?x?xi32>
  call @show(%11) : (tensor<?x?xi32>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// dispatch
//===----------------------------------------------------------------------===//

func.func @show_dispatch(%tokens: tensor<?xi32>, %places: tensor<?x?xi32>, %segments: tensor<?x3xi32>) {
  %u = tensor.cast %tokens : tensor<?xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  call @show(%places) : (tensor<?x?xi32>) -> ()
  %s = tensor.cast %segments : tensor<?x3xi32> to tensor<?x?xi32>
  call @show(%s) : (tensor<?x?xi32>) -> ()
  return
}

// Tokens and slots of each; as many segments as there can be.
func.func @three_of_seven(%experts: tensor<?x3xi32>) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c7 = arith.constant 7 : index
  %n = tensor.dim %experts, %c0 : tensor<?x3xi32>
  %slots = arith.muli %n, %c3 : index
  %most = arith.minui %slots, %c7 : index
  %t0 = tensor.empty(%slots) : tensor<?xi32>
  %p0 = tensor.empty(%n) : tensor<?x3xi32>
  %s0 = tensor.empty(%most) : tensor<?x3xi32>
  %t, %p, %s = moe.dispatch ins(%experts : tensor<?x3xi32>) outs(%t0, %p0, %s0 : tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>) experts(7)
    -> tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>
  %places = tensor.cast %p : tensor<?x3xi32> to tensor<?x?xi32>
  call @show_dispatch(%t, %places, %s) : (tensor<?xi32>, tensor<?x?xi32>, tensor<?x3xi32>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1003, 0, 0, 0, 0]
// CHECK: {{^}}[0, 1, 2, 3, 4, 0, 2, 4, 1, 3, 0, 1, 2, 3, 4]
// CHECK: {{^}}[10, 0, 5, 1, 8, 11, 6, 12, 2, 13, 9, 3, 4, 7, 14]
// CHECK: {{^}}[1, 0, 5, 2, 5, 3, 4, 8, 2, 5, 10, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]
// CHECK: {{^}}[0, 0, 0]
// CHECK: {{^}}[2, 0, 1]
// CHECK: {{^}}[0, 0, 1, 3, 1, 1, 6, 2, 1]
// CHECK: {{^}}[0, 2, 2, 1, 0, 0, 1, 1, 2]
// CHECK: {{^}}[0, 4, 5, 6, 3, 7, 8, 2, 1]
// CHECK: {{^}}[0, 0, 2, 1, 2, 1, 5, 3, 1, 6, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]
// CHECK: {{^}}[0, 1, 2, 3, 4]
// CHECK: {{^}}[0, 1, 2, 3, 4]
// CHECK: {{^}}[4, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
// CHECK: {{^}}[0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
// CHECK: {{^}}[10, 0, 5, 1, 6, 11, 7, 12, 2, 13, 8, 3, 4, 14, 9]
// CHECK: {{^}}[0, 0, 5, 1, 5, 5, 2, 10, 5]
// CHECK: {{^}}[0, 0, 0, 0, 0, 0]
func.func @all_dispatches() {
  // Experts 0, 3 and 6 have no tokens.
  %a0 = arith.constant dense<[[5, 1, 2], [1, 4, 5], [2, 5, 1], [5, 4, 1], [1, 2, 5]]> : tensor<5x3xi32>
  %a = tensor.cast %a0 : tensor<5x3xi32> to tensor<?x3xi32>
  call @three_of_seven(%a) : (tensor<?x3xi32>) -> ()
  // One token: fewer segments than experts.
  %b0 = arith.constant dense<[[6, 0, 3]]> : tensor<1x3xi32>
  %b = tensor.cast %b0 : tensor<1x3xi32> to tensor<?x3xi32>
  call @three_of_seven(%b) : (tensor<?x3xi32>) -> ()
  // Numbers that are no experts count as the last.
  %c0 = arith.constant dense<[[0, 7, 6], [-1, 5, 2147483647], [-2147483648, 1, 0]]> : tensor<3x3xi32>
  %c = tensor.cast %c0 : tensor<3x3xi32> to tensor<?x3xi32>
  call @three_of_seven(%c) : (tensor<?x3xi32>) -> ()
  // All tokens to one expert, one each.
  %d = arith.constant dense<4> : tensor<5x1xi32>
  %t0 = tensor.empty() : tensor<5xi32>
  %p0 = tensor.empty() : tensor<5x1xi32>
  %s0 = tensor.empty() : tensor<5x3xi32>
  %0:3 = moe.dispatch ins(%d : tensor<5x1xi32>) outs(%t0, %p0, %s0 : tensor<5xi32>, tensor<5x1xi32>, tensor<5x3xi32>) experts(33)
    -> tensor<5xi32>, tensor<5x1xi32>, tensor<5x3xi32>
  %1 = tensor.cast %0#0 : tensor<5xi32> to tensor<?xi32>
  %2 = tensor.cast %0#1 : tensor<5x1xi32> to tensor<?x?xi32>
  %3 = tensor.cast %0#2 : tensor<5x3xi32> to tensor<?x3xi32>
  call @show_dispatch(%1, %2, %3) : (tensor<?xi32>, tensor<?x?xi32>, tensor<?x3xi32>) -> ()
  // Every token to every expert.
  %e = arith.constant dense<[[2, 0, 1], [0, 1, 2], [1, 2, 0], [2, 1, 0], [0, 2, 1]]> : tensor<5x3xi32>
  %t1 = tensor.empty() : tensor<15xi32>
  %p1 = tensor.empty() : tensor<5x3xi32>
  %s1 = tensor.empty() : tensor<3x3xi32>
  %4:3 = moe.dispatch ins(%e : tensor<5x3xi32>) outs(%t1, %p1, %s1 : tensor<15xi32>, tensor<5x3xi32>, tensor<3x3xi32>) experts(3)
    -> tensor<15xi32>, tensor<5x3xi32>, tensor<3x3xi32>
  %5 = tensor.cast %4#0 : tensor<15xi32> to tensor<?xi32>
  %6 = tensor.cast %4#1 : tensor<5x3xi32> to tensor<?x?xi32>
  %7 = tensor.cast %4#2 : tensor<3x3xi32> to tensor<?x3xi32>
  call @show_dispatch(%5, %6, %7) : (tensor<?xi32>, tensor<?x?xi32>, tensor<?x3xi32>) -> ()
  // No tokens, but room for segments.
  %c0_index = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %f = tensor.empty(%c0_index) : tensor<?x3xi32>
  %t2 = tensor.empty(%c0_index) : tensor<?xi32>
  %s2 = tensor.empty(%c2) : tensor<?x3xi32>
  %8:3 = moe.dispatch ins(%f : tensor<?x3xi32>) outs(%t2, %f, %s2 : tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>) experts(7)
    -> tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>
  %9 = tensor.cast %8#2 : tensor<?x3xi32> to tensor<?x?xi32>
  call @show(%9) : (tensor<?x?xi32>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// contract
//===----------------------------------------------------------------------===//

// Thirteen places, of which the last two are in no segment and keep what they had; five experts, of which 1 and 3 have no tokens.
func.func @segments() -> tensor<?x3xi32> {
  %0 = arith.constant dense<[[0, 0, 4], [2, 4, 1], [4, 5, 6], [0, 0, 0]]> : tensor<4x3xi32>
  %1 = tensor.cast %0 : tensor<4x3xi32> to tensor<?x3xi32>
  return %1 : tensor<?x3xi32>
}

func.func @old(%m: index, %n: index) -> tensor<?x?xf32> {
  %half = arith.constant 0.5 : f32
  %0 = tensor.splat %half[%m, %n] : tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// Places %row .. %row + %m - 1, columns %column .. %column + %n - 1, in floats.
func.func @contract(%row: index, %m: index, %column: index, %n: index, %k: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c13 = arith.constant 13 : index
  %c80 = arith.constant 80 : index
  %s = call @segments() : () -> tensor<?x3xi32>
  %all = call @matrix(%c13, %k, %c1) : (index, index, index) -> tensor<?x?xf32>
  %x = tensor.extract_slice %all[%row, 0] [%m, %k] [1, 1] : tensor<?x?xf32> to tensor<?x?xf32>
  %w = call @matrix(%c80, %k, %c2) : (index, index, index) -> tensor<?x?xf32>
  %o = call @old(%m, %n) : (index, index) -> tensor<?x?xf32>
  %y = moe.contract ins(%x, %w : tensor<?x?xf32>, tensor<?x?xf32>) segments(%s : tensor<?x3xi32>) at %row, %column
    outs(%o : tensor<?x?xf32>) stride(16) -> tensor<?x?xf32>
  call @print(%y) : (tensor<?x?xf32>) -> ()
  return
}

// The same on codes: int8 with scales at the output; four bits, at groups and at every element; float rows with weights of four bits.
func.func @contract_codes(%row: index, %m: index, %column: index, %n: index, %k: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c13 = arith.constant 13 : index
  %c29 = arith.constant 29 : index
  %c32 = arith.constant 32 : index
  %c80 = arith.constant 80 : index
  %g = arith.ceildivui %k, %c32 : index
  %s = call @segments() : () -> tensor<?x3xi32>
  %all = call @codes(%c13, %k, %c1) : (index, index, index) -> tensor<?x?xi8>
  %a = tensor.extract_slice %all[%row, 0] [%m, %k] [1, 1] : tensor<?x?xi8> to tensor<?x?xi8>
  %scales = call @scales(%c13, %c2) : (index, index) -> tensor<?xf32>
  %sa = tensor.extract_slice %scales[%row] [%m] [1] : tensor<?xf32> to tensor<?xf32>
  %w = call @codes(%c80, %k, %c3) : (index, index, index) -> tensor<?x?xi8>
  %sw = call @scales(%c80, %c4) : (index, index) -> tensor<?xf32>
  %o = call @old(%m, %n) : (index, index) -> tensor<?x?xf32>
  %0 = moe.contract ins(%a, %sa, %w, %sw : tensor<?x?xi8>, tensor<?xf32>, tensor<?x?xi8>, tensor<?xf32>) segments(%s : tensor<?x3xi32>)
    at %row, %column outs(%o : tensor<?x?xf32>) stride(16) schemes(#w8, #w8) scale_at(output) -> tensor<?x?xf32>
  call @print(%0) : (tensor<?x?xf32>) -> ()
  %v = call @nibbles(%c80, %k, %c3) : (index, index, index) -> tensor<?x?xi4>
  %sv = call @levels(%c80, %g, %c4, %c29) : (index, index, index, index) -> tensor<?x?xf32>
  %zv = call @nibbles(%c80, %g, %c5) : (index, index, index) -> tensor<?x?xi4>
  %1 = moe.contract ins(%a, %sa, %v, %sv, %zv : tensor<?x?xi8>, tensor<?xf32>, tensor<?x?xi4>, tensor<?x?xf32>, tensor<?x?xi4>)
    segments(%s : tensor<?x3xi32>) at %row, %column outs(%o : tensor<?x?xf32>) stride(16) schemes(#w8, #g32) scale_at(group) -> tensor<?x?xf32>
  call @print(%1) : (tensor<?x?xf32>) -> ()
  %2 = moe.contract ins(%a, %sa, %v, %sv, %zv : tensor<?x?xi8>, tensor<?xf32>, tensor<?x?xi4>, tensor<?x?xf32>, tensor<?x?xi4>)
    segments(%s : tensor<?x3xi32>) at %row, %column outs(%o : tensor<?x?xf32>) stride(16) schemes(#w8, #g32) scale_at(element) -> tensor<?x?xf32>
  call @print(%2) : (tensor<?x?xf32>) -> ()
  %rows = call @matrix(%c13, %k, %c1) : (index, index, index) -> tensor<?x?xf32>
  %x = tensor.extract_slice %rows[%row, 0] [%m, %k] [1, 1] : tensor<?x?xf32> to tensor<?x?xf32>
  %3 = moe.contract ins(%x, %v, %sv, %zv : tensor<?x?xf32>, tensor<?x?xi4>, tensor<?x?xf32>, tensor<?x?xi4>)
    segments(%s : tensor<?x3xi32>) at %row, %column outs(%o : tensor<?x?xf32>) stride(16) schemes(float, #g32) scale_at(element) -> tensor<?x?xf32>
  call @print(%3) : (tensor<?x?xf32>) -> ()
  return
}

// All places; a tile across three segments; one within a segment; one across the end of the last.
// CHECK-LABEL: {{^}}[1004, 0, 0, 0, 0]
// CHECK: {{^}}[13, 1, 1168181624, 1056964608, 234672634]
// CHECK: {{^}}[13, 16, 1190694555, 1056964608, 1510711818]
// CHECK: {{^}}[13, 13, 1197900884, 1056964608, -1342402808]
// CHECK: {{^}}[6, 7, 1133217669, -1014889599, -608070254]
// CHECK: {{^}}[3, 1, -1014702746, -1010100957, 1653300497]
// CHECK: {{^}}[3, 5, -1011465615, 1056964608, 2007267537]
// CHECK: {{^}}[13, 1, 1167423196, 1056964608, -47984131]
// CHECK: {{^}}[13, 1, -1056505856, 1056964608, -1716489659]
// CHECK: {{^}}[13, 1, -1056505856, 1056964608, -1716489634]
// CHECK: {{^}}[13, 1, -1053580142, 1056964608, 6247042]
// CHECK: {{^}}[13, 13, 1196955648, 1056964608, 1129815576]
// CHECK: {{^}}[13, 13, 1102968540, 1056964608, 1929857456]
// CHECK: {{^}}[13, 13, 1102968542, 1056964608, 1929863363]
// CHECK: {{^}}[13, 13, -1020073398, 1056964608, 351479148]
// CHECK: {{^}}[6, 7, 1186137088, 1211323413, 34012221]
// CHECK: {{^}}[6, 7, -1013765303, -1029380974, -492519983]
// CHECK: {{^}}[6, 7, -1013765303, -1029380974, -492519369]
// CHECK: {{^}}[6, 7, 1116196076, -1053659314, -1273553044]
// CHECK: {{^}}[3, 5, 1209514862, 1056964608, -1462171417]
// CHECK: {{^}}[3, 5, 1121921317, 1056964608, -1400830517]
// CHECK: {{^}}[3, 5, 1121921321, 1056964608, -1400830558]
// CHECK: {{^}}[3, 5, -1039999879, 1056964608, -303032178]
func.func @all_contractions() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %c9 = arith.constant 9 : index
  %c13 = arith.constant 13 : index
  %c16 = arith.constant 16 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  call @contract(%c0, %c13, %c0, %c1, %c1) : (index, index, index, index, index) -> ()
  call @contract(%c0, %c13, %c0, %c16, %c17) : (index, index, index, index, index) -> ()
  call @contract(%c0, %c13, %c0, %c13, %c33) : (index, index, index, index, index) -> ()
  call @contract(%c3, %c6, %c5, %c7, %c33) : (index, index, index, index, index) -> ()
  call @contract(%c6, %c3, %c9, %c1, %c33) : (index, index, index, index, index) -> ()
  call @contract(%c9, %c3, %c0, %c5, %c33) : (index, index, index, index, index) -> ()
  call @contract_codes(%c0, %c13, %c0, %c1, %c1) : (index, index, index, index, index) -> ()
  call @contract_codes(%c0, %c13, %c0, %c13, %c33) : (index, index, index, index, index) -> ()
  call @contract_codes(%c3, %c6, %c5, %c7, %c33) : (index, index, index, index, index) -> ()
  call @contract_codes(%c9, %c3, %c2, %c5, %c33) : (index, index, index, index, index) -> ()
  return
}

// The tile across segments and the one within a segment again, with extents that the types know.
// CHECK-LABEL: {{^}}[1005, 0, 0, 0, 0]
// CHECK: {{^}}[6, 7, 1186137088, 1211323413, 34012221]
// CHECK: {{^}}[3, 1, -1014702746, -1010100957, 1653300497]
func.func @static_contractions() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c9 = arith.constant 9 : index
  %c13 = arith.constant 13 : index
  %c33 = arith.constant 33 : index
  %c80 = arith.constant 80 : index
  %s = arith.constant dense<[[0, 0, 4], [2, 4, 1], [4, 5, 6], [0, 0, 0]]> : tensor<4x3xi32>
  %a0 = call @codes(%c13, %c33, %c1) : (index, index, index) -> tensor<?x?xi8>
  %a = tensor.extract_slice %a0[3, 0] [6, 33] [1, 1] : tensor<?x?xi8> to tensor<6x33xi8>
  %sa0 = call @scales(%c13, %c2) : (index, index) -> tensor<?xf32>
  %sa = tensor.extract_slice %sa0[3] [6] [1] : tensor<?xf32> to tensor<6xf32>
  %w0 = call @codes(%c80, %c33, %c3) : (index, index, index) -> tensor<?x?xi8>
  %w = tensor.cast %w0 : tensor<?x?xi8> to tensor<80x33xi8>
  %sw0 = call @scales(%c80, %c4) : (index, index) -> tensor<?xf32>
  %sw = tensor.cast %sw0 : tensor<?xf32> to tensor<80xf32>
  %o = tensor.empty() : tensor<6x7xf32>
  %0 = moe.contract ins(%a, %sa, %w, %sw : tensor<6x33xi8>, tensor<6xf32>, tensor<80x33xi8>, tensor<80xf32>) segments(%s : tensor<4x3xi32>)
    at %c3, %c5 outs(%o : tensor<6x7xf32>) stride(16) schemes(#w8, #w8) scale_at(output) -> tensor<6x7xf32>
  %1 = tensor.cast %0 : tensor<6x7xf32> to tensor<?x?xf32>
  call @print(%1) : (tensor<?x?xf32>) -> ()
  %x0 = call @matrix(%c13, %c33, %c1) : (index, index, index) -> tensor<?x?xf32>
  %x = tensor.extract_slice %x0[6, 0] [3, 33] [1, 1] : tensor<?x?xf32> to tensor<3x33xf32>
  %v0 = call @matrix(%c80, %c33, %c2) : (index, index, index) -> tensor<?x?xf32>
  %v = tensor.cast %v0 : tensor<?x?xf32> to tensor<80x33xf32>
  %p = tensor.empty() : tensor<3x1xf32>
  %2 = moe.contract ins(%x, %v : tensor<3x33xf32>, tensor<80x33xf32>) segments(%s : tensor<4x3xi32>) at %c6, %c9
    outs(%p : tensor<3x1xf32>) stride(16) -> tensor<3x1xf32>
  %3 = tensor.cast %2 : tensor<3x1xf32> to tensor<?x?xf32>
  call @print(%3) : (tensor<?x?xf32>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// combine, and a layer
//===----------------------------------------------------------------------===//

func.func @combine(%n: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c15 = arith.constant 15 : index
  %y = call @matrix(%c15, %n, %c1) : (index, index, index) -> tensor<?x?xf32>
  %w0 = call @matrix(%c5, %c3, %c2) : (index, index, index) -> tensor<?x?xf32>
  %w = tensor.cast %w0 : tensor<?x?xf32> to tensor<?x3xf32>
  %p0 = arith.constant dense<[[7, 0, 14], [1, 5, 8], [13, 2, 9], [3, 10, 6], [11, 12, 4]]> : tensor<5x3xi32>
  %p = tensor.cast %p0 : tensor<5x3xi32> to tensor<?x3xi32>
  %e = tensor.empty(%c5, %n) : tensor<?x?xf32>
  %o = moe.combine ins(%y, %w, %p : tensor<?x?xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  call @print(%o) : (tensor<?x?xf32>) -> ()
  return
}

// Seven tokens, two of five experts each, 17 -> 13 -> 17 elements.
func.func @layer() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c13 = arith.constant 13 : index
  %c14 = arith.constant 14 : index
  %c17 = arith.constant 17 : index
  %c80 = arith.constant 80 : index
  %c160 = arith.constant 160 : index
  %c1009 = arith.constant 1009 : index
  %x = call @levels(%c7, %c17, %c1, %c1009) : (index, index, index, index) -> tensor<?x?xf32>
  %router = call @matrix(%c5, %c17, %c2) : (index, index, index) -> tensor<?x?xf32>
  %up = call @matrix(%c80, %c17, %c3) : (index, index, index) -> tensor<?x?xf32>
  %down = call @matrix(%c160, %c13, %c4) : (index, index, index) -> tensor<?x?xf32>
  %r = tensor.cast %router : tensor<?x?xf32> to tensor<5x?xf32>
  %l0 = tensor.empty(%c7) : tensor<?x5xf32>
  %l = moe.logits ins(%x, %r : tensor<?x?xf32>, tensor<5x?xf32>) outs(%l0 : tensor<?x5xf32>) -> tensor<?x5xf32>
  %w0 = tensor.empty(%c7) : tensor<?x2xf32>
  %e0 = tensor.empty(%c7) : tensor<?x2xi32>
  %w, %e = moe.route ins(%l : tensor<?x5xf32>) outs(%w0, %e0 : tensor<?x2xf32>, tensor<?x2xi32>) scores(sigmoid) renormalise(0.0)
    -> tensor<?x2xf32>, tensor<?x2xi32>
  %t0 = tensor.empty(%c14) : tensor<?xi32>
  %s0 = tensor.empty(%c5) : tensor<?x3xi32>
  %t, %p, %s = moe.dispatch ins(%e : tensor<?x2xi32>) outs(%t0, %e0, %s0 : tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>) experts(5)
    -> tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>
  %g0 = tensor.empty(%c14, %c17) : tensor<?x?xf32>
  %g = model.gather ins(%x, %t : tensor<?x?xf32>, tensor<?xi32>) outs(%g0 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %h0 = tensor.empty(%c14, %c13) : tensor<?x?xf32>
  %h = moe.contract ins(%g, %up : tensor<?x?xf32>, tensor<?x?xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
    outs(%h0 : tensor<?x?xf32>) stride(16) -> tensor<?x?xf32>
  %y = moe.contract ins(%h, %down : tensor<?x?xf32>, tensor<?x?xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
    outs(%g0 : tensor<?x?xf32>) stride(32) -> tensor<?x?xf32>
  %o0 = tensor.empty(%c7, %c17) : tensor<?x?xf32>
  %o = moe.combine ins(%y, %w, %p : tensor<?x?xf32>, tensor<?x2xf32>, tensor<?x2xi32>) outs(%o0 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %chosen = tensor.cast %e : tensor<?x2xi32> to tensor<?x?xi32>
  call @show(%chosen) : (tensor<?x?xi32>) -> ()
  call @print(%o) : (tensor<?x?xf32>) -> ()
  return
}

// Three slots of different places and signs; then one slot, whose product is all.
// CHECK-LABEL: {{^}}[1006, 0, 0, 0, 0]
// CHECK: {{^}}[5, 1, 1157355740, -1029393576, 523244014]
// CHECK: {{^}}[5, 17, 1157355740, -1017545933, -425572807]
// CHECK: {{^}}[5, 33, 1157355740, -1019026899, 1506187848]
// CHECK: {{^}}[2, 2, 2139095040, 1069547520, 1035993088]
// CHECK: {{^}}[0, 2, 1, 3, 0, 2, 1, 3, 1, 2, 0, 2, 1, 3]
// CHECK: {{^}}[7, 17, -964241492, -995590178, -743810470]
func.func @all_combinations() {
  %c1 = arith.constant 1 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  call @combine(%c1) : (index) -> ()
  call @combine(%c17) : (index) -> ()
  call @combine(%c33) : (index) -> ()
  %y = arith.constant dense<[[-0.0, 3.0], [0x7F800000, -0.0]]> : tensor<2x2xf32>
  %w = arith.constant dense<[[2.0], [0.5]]> : tensor<2x1xf32>
  %p = arith.constant dense<[[1], [0]]> : tensor<2x1xi32>
  %e = tensor.empty() : tensor<2x2xf32>
  %0 = moe.combine ins(%y, %w, %p : tensor<2x2xf32>, tensor<2x1xf32>, tensor<2x1xi32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = tensor.cast %0 : tensor<2x2xf32> to tensor<?x?xf32>
  call @print(%1) : (tensor<?x?xf32>) -> ()
  call @layer() : () -> ()
  return
}

func.func @section(%number: i32) {
  %zero = arith.constant 0 : i32
  %line = tensor.from_elements %number, %zero, %zero, %zero, %zero : tensor<5xi32>
  %u = tensor.cast %line : tensor<5xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// restrict
//===----------------------------------------------------------------------===//

// CHECK-LABEL: {{^}}[1007, 0, 0, 0, 0]
// CHECK: {{^}}[0, 2, 5, 1, 8, 4, 0, 0, 0]
// CHECK: {{^}}[3, 0, 2, 2, 2, 5]
// CHECK: {{^}}[6, 0, 2, 6, 2, 5, 0, 0, 0]
func.func @all_restrictions() {
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %s = arith.constant dense<[[0, 0, 2], [1, 2, 5], [2, 7, 1], [3, 8, 4], [0, 0, 0]]> : tensor<5x3xi32>
  // Two of four, one row of zeros.
  %p0 = arith.constant dense<[-1, 0, -7, 1]> : tensor<4xi32>
  %i0 = tensor.empty(%c3) : tensor<?x3xi32>
  %0 = moe.restrict ins(%s, %p0 : tensor<5x3xi32>, tensor<4xi32>) outs(%i0 : tensor<?x3xi32>) -> tensor<?x3xi32>
  %1 = tensor.cast %0 : tensor<?x3xi32> to tensor<?x?xi32>
  call @show(%1) : (tensor<?x?xi32>) -> ()
  // Room for two of four.
  %p1 = arith.constant dense<[3, 2, 1, 0]> : tensor<4xi32>
  %i1 = tensor.empty(%c2) : tensor<?x3xi32>
  %2 = moe.restrict ins(%s, %p1 : tensor<5x3xi32>, tensor<4xi32>) outs(%i1 : tensor<?x3xi32>) -> tensor<?x3xi32>
  %3 = tensor.cast %2 : tensor<?x3xi32> to tensor<?x?xi32>
  call @show(%3) : (tensor<?x?xi32>) -> ()
  // Numbers that are no experts count as the last.
  %t = arith.constant dense<[[9, 0, 2], [-3, 2, 5], [0, 7, 1]]> : tensor<3x3xi32>
  %p2 = arith.constant dense<[-1, -1, -1, 6]> : tensor<4xi32>
  %i2 = tensor.empty() : tensor<3x3xi32>
  %4 = moe.restrict ins(%t, %p2 : tensor<3x3xi32>, tensor<4xi32>) outs(%i2 : tensor<3x3xi32>) -> tensor<3x3xi32>
  %5 = tensor.cast %4 : tensor<3x3xi32> to tensor<?x?xi32>
  call @show(%5) : (tensor<?x?xi32>) -> ()
  return
}

func.func @main() {
  %0 = arith.constant 1000 : i32
  %1 = arith.constant 1001 : i32
  %2 = arith.constant 1002 : i32
  %3 = arith.constant 1003 : i32
  %4 = arith.constant 1004 : i32
  %5 = arith.constant 1005 : i32
  %6 = arith.constant 1006 : i32
  %7 = arith.constant 1007 : i32
  call @section(%0) : (i32) -> ()
  call @all_logits() : () -> ()
  call @section(%1) : (i32) -> ()
  call @all_routes() : () -> ()
  call @section(%2) : (i32) -> ()
  call @all_choices() : () -> ()
  call @section(%3) : (i32) -> ()
  call @all_dispatches() : () -> ()
  call @section(%4) : (i32) -> ()
  call @all_contractions() : () -> ()
  call @section(%5) : (i32) -> ()
  call @static_contractions() : () -> ()
  call @section(%6) : (i32) -> ()
  call @all_combinations() : () -> ()
  call @section(%7) : (i32) -> ()
  call @all_restrictions() : () -> ()
  return
}
