// Values of the reference expansion, run on the host. What is expected was computed by hand or with an independent program.
// RUN: coopt-opt %s -coopt-expand-to-reference -convert-elementwise-to-linalg | %plain_lowering | %plain_runner | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g3 = #quantized.scheme<bits = 4, group = 3, asymmetric, scale = f16>

func.func private @printMemrefF32(tensor<*xf32>)
func.func private @printMemrefI32(tensor<*xi32>)

func.func @print_codes(%codes: tensor<?x?xi8>) {
  %e = arith.extsi %codes : tensor<?x?xi8> to tensor<?x?xi32>
  %u = tensor.cast %e : tensor<?x?xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}
func.func @print_nibbles(%codes: tensor<?x?xi4>) {
  %e = arith.extui %codes : tensor<?x?xi4> to tensor<?x?xi32>
  %u = tensor.cast %e : tensor<?x?xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}
func.func @print_matrix(%x: tensor<?x?xf32>) {
  %u = tensor.cast %x : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// Scale 1: ties go to even. A row of zeros has scale 1 and codes 0. A NaN makes the scale NaN and all codes 0, infinity too.
// CHECK: {{\[\[}}127, 0, 2, -2, -127, 3, 0],
// CHECK-NEXT: [0, 0, 0, 0, 0, 0, 0],
// CHECK-NEXT: [0, 0, 0, 0, 0, 0, 0],
// CHECK-NEXT: [0, 0, 0, 0, 0, 0, 0],
// CHECK-NEXT: [-127, 38, 32, -89, 13, 114, 1{{\]\]}}
// CHECK: [1, 1, nan, inf, 0.00787402]
func.func @quantize() {
  %x = arith.constant dense<[[127.0, 0.5, 1.5, -2.5, -126.6, 3.49, -0.0],
                             [0.0, 0.0, -0.0, 0.0, 0.0, 0.0, 0.0],
                             [1.0, 0x7FC00000, 2.0, 3.0, 4.0, 5.0, 6.0],
                             [1.0, 0xFF800000, 2.0, 3.0, 4.0, 5.0, 6.0],
                             [-1.0, 0.3, 0.25, -0.7, 0.1, 0.9, 0.004]]> : tensor<5x7xf32>
  %c = tensor.empty() : tensor<5x7xi8>
  %s = tensor.empty() : tensor<5xf32>
  %q:2 = quantized.quantize ins(%x : tensor<5x7xf32>) outs(%c, %s : tensor<5x7xi8>, tensor<5xf32>) scheme(#w8) -> tensor<5x7xi8>, tensor<5xf32>
  %qc = tensor.cast %q#0 : tensor<5x7xi8> to tensor<?x?xi8>
  call @print_codes(%qc) : (tensor<?x?xi8>) -> ()
  %u = tensor.cast %q#1 : tensor<5xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// CHECK: {{\[\[}}11, 13, 15, 0, 1, 15, 15],
// CHECK-NEXT: [0, 0, 0, 0, 2, 10, 0{{\]\]}}
// CHECK: {{\[\[}}0, 1, 0],
// CHECK-NEXT: [0, 15, 15{{\]\]}}
// CHECK: {{\[\[}}5.13208, 6.06519, 6.99829, -1, 0, 14, 0.300064],
// CHECK-NEXT: [0, 0, 0, -2.99927, -2.59937, -0.999756, -7.99805{{\]\]}}
// CHECK: {{\[\[}}6.06519, 6.99829, -1, 0],
// CHECK-NEXT: [0, 0, -2.99927, -2.59937{{\]\]}}
func.func @groups() {
  %x = arith.constant dense<[[5.0, 6.0, 7.0, -1.0, 0.0, 14.0, 0.3], [0.0, 0.0, 0.0, -3.0, -2.5, -1.0, -8.0]]> : tensor<2x7xf32>
  %c = tensor.empty() : tensor<2x7xi4>
  %s = tensor.empty() : tensor<2x3xf16>
  %z = tensor.empty() : tensor<2x3xi4>
  %q:3 = quantized.quantize ins(%x : tensor<2x7xf32>) outs(%c, %s, %z : tensor<2x7xi4>, tensor<2x3xf16>, tensor<2x3xi4>) scheme(#g3) -> tensor<2x7xi4>, tensor<2x3xf16>, tensor<2x3xi4>
  %qc = tensor.cast %q#0 : tensor<2x7xi4> to tensor<?x?xi4>
  call @print_nibbles(%qc) : (tensor<?x?xi4>) -> ()
  %qz = tensor.cast %q#2 : tensor<2x3xi4> to tensor<?x?xi4>
  call @print_nibbles(%qz) : (tensor<?x?xi4>) -> ()
  // The whole, then four columns from the second on: the same numbers.
  %o = tensor.empty() : tensor<2x7xf32>
  %d = quantized.dequantize ins(%q#0, %q#1, %q#2 : tensor<2x7xi4>, tensor<2x3xf16>, tensor<2x3xi4>) outs(%o : tensor<2x7xf32>) scheme(#g3) -> tensor<2x7xf32>
  %dc = tensor.cast %d : tensor<2x7xf32> to tensor<?x?xf32>
  call @print_matrix(%dc) : (tensor<?x?xf32>) -> ()
  %c1 = arith.constant 1 : index
  %part = tensor.extract_slice %q#0[0, 1] [2, 4] [1, 1] : tensor<2x7xi4> to tensor<2x4xi4>
  %p = tensor.empty() : tensor<2x4xf32>
  %e = quantized.dequantize ins(%part, %q#1, %q#2 : tensor<2x4xi4>, tensor<2x3xf16>, tensor<2x3xi4>) outs(%p : tensor<2x4xf32>) scheme(#g3) at(%c1) -> tensor<2x4xf32>
  %ec = tensor.cast %e : tensor<2x4xf32> to tensor<?x?xf32>
  call @print_matrix(%ec) : (tensor<?x?xf32>) -> ()
  return
}

// Halves go to even; the ends of i8 clamp; the largest product, 2^62, fits.
// CHECK: {{\[\[}}0, 2, 2, 0, -2, -2, 126, 127, 127, -128, -128, 127, -128],
// CHECK-NEXT: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1],
// CHECK-NEXT: [3, 9, 15, -3, -9, -15, 127, 127, 127, -128, -128, 127, -128],
// CHECK-NEXT: [1, 3, 5, -1, -3, -5, 7, 7, 7, -8, -8, 7, -8{{\]\]}}
func.func @requantize() {
  %x = arith.constant dense<[1, 3, 5, -1, -3, -5, 253, 254, 255, -257, -258, 2147483647, -2147483648]> : tensor<13xi32>
  %o = tensor.empty() : tensor<13xi8>
  %a = quantized.requantize ins(%x : tensor<13xi32>) outs(%o : tensor<13xi8>) multiplier(1) shift(1) -> tensor<13xi8>
  %b = quantized.requantize ins(%x : tensor<13xi32>) outs(%o : tensor<13xi8>) multiplier(2147483648) shift(62) -> tensor<13xi8>
  %c = quantized.requantize ins(%x : tensor<13xi32>) outs(%o : tensor<13xi8>) multiplier(3) shift(0) -> tensor<13xi8>
  %n = tensor.empty() : tensor<13xi4>
  %d = quantized.requantize ins(%x : tensor<13xi32>) outs(%n : tensor<13xi4>) multiplier(1) shift(0) -> tensor<13xi4>
  %wide = arith.extsi %d : tensor<13xi4> to tensor<13xi8>
  %all = tensor.concat dim(0) %a, %b, %c, %wide : (tensor<13xi8>, tensor<13xi8>, tensor<13xi8>, tensor<13xi8>) -> tensor<52xi8>
  %m = tensor.expand_shape %all [[0, 1]] output_shape [4, 13] : tensor<52xi8> into tensor<4x13xi8>
  %mc = tensor.cast %m : tensor<4x13xi8> to tensor<?x?xi8>
  call @print_codes(%mc) : (tensor<?x?xi8>) -> ()
  return
}

// CHECK: {{\[\[}}4991.1, -129, -325.5],
// CHECK-NEXT: [41.91, -0.6, 38.5{{\]\]}}
// CHECK: {{\[\[}}475.5, 65, -18],
// CHECK-NEXT: [0.1, -11, -7.2{{\]\]}}
// CHECK: {{\[\[}}475.5, 65, -18],
// CHECK-NEXT: [0.1, -11, -7.2{{\]\]}}
func.func @contract() {
  %a = arith.constant dense<[[127, -127, 3, 0, 5], [1, 2, 3, 4, 5]]> : tensor<2x5xi8>
  %sa = arith.constant dense<[0.5, 0.1]> : tensor<2xf32>
  %w = arith.constant dense<[[127, -127, 127, 127, 127], [-1, 0, 1, 0, -1], [10, 20, 30, 40, 50]]> : tensor<3x5xi8>
  %sw = arith.constant dense<[0.3, 2.0, 0.7]> : tensor<3xf32>
  %o = tensor.empty() : tensor<2x3xf32>
  %y = quantized.contract ins(%a, %sa, %w, %sw : tensor<2x5xi8>, tensor<2xf32>, tensor<3x5xi8>, tensor<3xf32>) outs(%o : tensor<2x3xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<2x3xf32>
  %yc = tensor.cast %y : tensor<2x3xf32> to tensor<?x?xf32>
  call @print_matrix(%yc) : (tensor<?x?xf32>) -> ()

  %wg = arith.constant dense<[[15, 0, 7, 8, 1], [3, 2, 1, 0, 15], [0, 0, 0, 9, 9]]> : tensor<3x5xi4>
  %sg = arith.constant dense<[[0.5, 0.25], [1.0, 2.0], [4.0, 0.125]]> : tensor<3x2xf16>
  %zg = arith.constant dense<[[8, 1], [0, 15], [3, 9]]> : tensor<3x2xi4>
  %g = quantized.contract ins(%a, %sa, %wg, %sg, %zg : tensor<2x5xi8>, tensor<2xf32>, tensor<3x5xi4>, tensor<3x2xf16>, tensor<3x2xi4>) outs(%o : tensor<2x3xf32>) schemes(#w8, #g3) scale_at(group) -> tensor<2x3xf32>
  %gc = tensor.cast %g : tensor<2x3xf32> to tensor<?x?xf32>
  call @print_matrix(%gc) : (tensor<?x?xf32>) -> ()
  %e = quantized.contract ins(%a, %sa, %wg, %sg, %zg : tensor<2x5xi8>, tensor<2xf32>, tensor<3x5xi4>, tensor<3x2xf16>, tensor<3x2xi4>) outs(%o : tensor<2x3xf32>) schemes(#w8, #g3) scale_at(element) -> tensor<2x3xf32>
  %ec = tensor.cast %e : tensor<2x3xf32> to tensor<?x?xf32>
  call @print_matrix(%ec) : (tensor<?x?xf32>) -> ()
  return
}

func.func @main() {
  call @quantize() : () -> ()
  call @groups() : () -> ()
  call @requantize() : () -> ()
  call @contract() : () -> ()
  return
}
