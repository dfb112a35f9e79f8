// quantized.contract by its definition: one element, primes, and one more than tiles of 16 and 64, with unknown extents and then
// static ones. Inputs and the five integers of a line: Inputs/values.mlir; what is expected was computed by an independent
// program from the op's description.
//
// RUN: cat %s %S/Inputs/values.mlir | coopt-opt -coopt-expand-to-reference | %plain_lowering | %plain_runner | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g32 = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f16>

// Scales at the output.
func.func @output(%m: index, %n: index, %k: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %a = call @codes(%m, %k, %c1) : (index, index, index) -> tensor<?x?xi8>
  %sa = call @scales(%m, %c2) : (index, index) -> tensor<?xf32>
  %w = call @codes(%n, %k, %c3) : (index, index, index) -> tensor<?x?xi8>
  %sw = call @scales(%n, %c4) : (index, index) -> tensor<?xf32>
  %o = tensor.empty(%m, %n) : tensor<?x?xf32>
  %y = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x?xi8>, tensor<?xf32>, tensor<?x?xi8>, tensor<?xf32>) outs(%o : tensor<?x?xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x?xf32>
  call @print(%y) : (tensor<?x?xf32>) -> ()
  return
}

// Scales at the groups of w, then at every element.
func.func @group(%m: index, %n: index, %k: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c32 = arith.constant 32 : index
  %g = arith.ceildivui %k, %c32 : index
  %a = call @codes(%m, %k, %c1) : (index, index, index) -> tensor<?x?xi8>
  %sa = call @scales(%m, %c2) : (index, index) -> tensor<?xf32>
  %w = call @nibbles(%n, %k, %c3) : (index, index, index) -> tensor<?x?xi4>
  %sw = call @group_scales(%n, %g, %c4) : (index, index, index) -> tensor<?x?xf16>
  %zw = call @nibbles(%n, %g, %c5) : (index, index, index) -> tensor<?x?xi4>
  %o = tensor.empty(%m, %n) : tensor<?x?xf32>
  %y = quantized.contract ins(%a, %sa, %w, %sw, %zw : tensor<?x?xi8>, tensor<?xf32>, tensor<?x?xi4>, tensor<?x?xf16>, tensor<?x?xi4>) outs(%o : tensor<?x?xf32>) schemes(#w8, #g32) scale_at(group) -> tensor<?x?xf32>
  call @print(%y) : (tensor<?x?xf32>) -> ()
  %z = quantized.contract ins(%a, %sa, %w, %sw, %zw : tensor<?x?xi8>, tensor<?xf32>, tensor<?x?xi4>, tensor<?x?xf16>, tensor<?x?xi4>) outs(%o : tensor<?x?xf32>) schemes(#w8, #g32) scale_at(element) -> tensor<?x?xf32>
  call @print(%z) : (tensor<?x?xf32>) -> ()
  return
}

// The last of each again, with extents that the types know; rows stay unknown in the second.
func.func @static() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  %c65 = arith.constant 65 : index
  %a = call @codes(%c17, %c65, %c1) : (index, index, index) -> tensor<?x?xi8>
  %sa = call @scales(%c17, %c2) : (index, index) -> tensor<?xf32>
  %w = call @codes(%c33, %c65, %c3) : (index, index, index) -> tensor<?x?xi8>
  %sw = call @scales(%c33, %c4) : (index, index) -> tensor<?xf32>
  %0 = tensor.cast %a : tensor<?x?xi8> to tensor<17x65xi8>
  %1 = tensor.cast %sa : tensor<?xf32> to tensor<17xf32>
  %2 = tensor.cast %w : tensor<?x?xi8> to tensor<33x65xi8>
  %3 = tensor.cast %sw : tensor<?xf32> to tensor<33xf32>
  %o = tensor.empty() : tensor<17x33xf32>
  %y = quantized.contract ins(%0, %1, %2, %3 : tensor<17x65xi8>, tensor<17xf32>, tensor<33x65xi8>, tensor<33xf32>) outs(%o : tensor<17x33xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<17x33xf32>
  %4 = tensor.cast %y : tensor<17x33xf32> to tensor<?x?xf32>
  call @print(%4) : (tensor<?x?xf32>) -> ()
  %5 = call @nibbles(%c33, %c65, %c3) : (index, index, index) -> tensor<?x?xi4>
  %6 = call @group_scales(%c33, %c3, %c4) : (index, index, index) -> tensor<?x?xf16>
  %7 = call @nibbles(%c33, %c3, %c5) : (index, index, index) -> tensor<?x?xi4>
  %8 = tensor.cast %5 : tensor<?x?xi4> to tensor<33x65xi4>
  %9 = tensor.cast %6 : tensor<?x?xf16> to tensor<33x3xf16>
  %10 = tensor.cast %7 : tensor<?x?xi4> to tensor<33x3xi4>
  %11 = tensor.cast %a : tensor<?x?xi8> to tensor<?x65xi8>
  %p = tensor.empty(%c17) : tensor<?x33xf32>
  %z = quantized.contract ins(%11, %sa, %8, %9, %10 : tensor<?x65xi8>, tensor<?xf32>, tensor<33x65xi4>, tensor<33x3xf16>, tensor<33x3xi4>) outs(%p : tensor<?x33xf32>) schemes(#w8, #g32) scale_at(group) -> tensor<?x33xf32>
  %12 = tensor.cast %z : tensor<?x33xf32> to tensor<?x?xf32>
  call @print(%12) : (tensor<?x?xf32>) -> ()
  return
}

// CHECK: [1, 1, 1167423196, 1167423196, 1167423196]
// CHECK: [13, 11, 1204327049, -1006879053, 941445261]
// CHECK: [17, 33, 1205257504, -940848995, 1336915509]
// CHECK: [1, 1, 1090977792, 1090977792, 1090977792]
// CHECK: [1, 1, 1090977792, 1090977792, 1090977792]
// CHECK: [13, 11, -1026150985, -1045975625, 1846301166]
// CHECK: [13, 11, -1026150983, -1045975626, 1846297187]
// CHECK: [17, 33, -1025936823, 1128699172, 1113667039]
// CHECK: [17, 33, -1025936820, 1128699174, 1113666527]
// CHECK: [17, 33, 1205257504, -940848995, 1336915509]
// CHECK: [17, 33, -1025936823, 1128699172, 1113667039]
func.func @main() {
  %c1 = arith.constant 1 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  %c61 = arith.constant 61 : index
  %c65 = arith.constant 65 : index
  call @output(%c1, %c1, %c1) : (index, index, index) -> ()
  call @output(%c13, %c11, %c61) : (index, index, index) -> ()
  call @output(%c17, %c33, %c65) : (index, index, index) -> ()
  call @group(%c1, %c1, %c1) : (index, index, index) -> ()
  call @group(%c13, %c11, %c61) : (index, index, index) -> ()
  call @group(%c17, %c33, %c65) : (index, index, index) -> ()
  call @static() : () -> ()
  return
}
