// quantize, dequantize and requantize by their definitions: one element, primes, and one more than tiles of 16 and 64, with
// unknown extents and then static ones. Inputs and the five integers of a line: Inputs/values.mlir; what is expected was
// computed by an independent program from the formulas of coopt/Numerics/GroupQuantization.h and of HAWQ-V3.
//
// RUN: cat %s %S/Inputs/values.mlir | coopt-opt -coopt-expand-to-reference | %plain_lowering | %plain_runner | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g32 = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f16>

// Codes, scales, and what they stand for.
func.func @rows(%m: index, %k: index) {
  %c1 = arith.constant 1 : index
  %x = call @matrix(%m, %k, %c1) : (index, index, index) -> tensor<?x?xf32>
  %c = tensor.empty(%m, %k) : tensor<?x?xi8>
  %s = tensor.empty(%m) : tensor<?xf32>
  %q:2 = quantized.quantize ins(%x : tensor<?x?xf32>) outs(%c, %s : tensor<?x?xi8>, tensor<?xf32>) scheme(#w8) -> tensor<?x?xi8>, tensor<?xf32>
  call @print_codes(%q#0) : (tensor<?x?xi8>) -> ()
  call @print_vector(%q#1) : (tensor<?xf32>) -> ()
  %o = tensor.empty(%m, %k) : tensor<?x?xf32>
  %d = quantized.dequantize ins(%q#0, %q#1 : tensor<?x?xi8>, tensor<?xf32>) outs(%o : tensor<?x?xf32>) scheme(#w8) -> tensor<?x?xf32>
  call @print(%d) : (tensor<?x?xf32>) -> ()
  return
}

// Codes, zeros, and what they stand for with their scales: the whole, then the columns from the second on.
func.func @groups(%m: index, %k: index) {
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c32 = arith.constant 32 : index
  %g = arith.ceildivui %k, %c32 : index
  %x = call @matrix(%m, %k, %c3) : (index, index, index) -> tensor<?x?xf32>
  %c = tensor.empty(%m, %k) : tensor<?x?xi4>
  %s = tensor.empty(%m, %g) : tensor<?x?xf16>
  %z = tensor.empty(%m, %g) : tensor<?x?xi4>
  %q:3 = quantized.quantize ins(%x : tensor<?x?xf32>) outs(%c, %s, %z : tensor<?x?xi4>, tensor<?x?xf16>, tensor<?x?xi4>) scheme(#g32) -> tensor<?x?xi4>, tensor<?x?xf16>, tensor<?x?xi4>
  call @print_nibbles(%q#0) : (tensor<?x?xi4>) -> ()
  call @print_nibbles(%q#2) : (tensor<?x?xi4>) -> ()
  %o = tensor.empty(%m, %k) : tensor<?x?xf32>
  %d = quantized.dequantize ins(%q#0, %q#1, %q#2 : tensor<?x?xi4>, tensor<?x?xf16>, tensor<?x?xi4>) outs(%o : tensor<?x?xf32>) scheme(#g32) -> tensor<?x?xf32>
  call @print(%d) : (tensor<?x?xf32>) -> ()
  %many = arith.cmpi ugt, %k, %c1 : index
  scf.if %many {
    %rest = arith.subi %k, %c1 : index
    %part = tensor.extract_slice %q#0[0, 1] [%m, %rest] [1, 1] : tensor<?x?xi4> to tensor<?x?xi4>
    %p = tensor.empty(%m, %rest) : tensor<?x?xf32>
    %e = quantized.dequantize ins(%part, %q#1, %q#2 : tensor<?x?xi4>, tensor<?x?xf16>, tensor<?x?xi4>) outs(%p : tensor<?x?xf32>) scheme(#g32) at(%c1) -> tensor<?x?xf32>
    func.call @print(%e) : (tensor<?x?xf32>) -> ()
  }
  return
}

// Accumulators are products of codes.
func.func @accumulators(%m: index, %k: index) {
  %c5 = arith.constant 5 : index
  %c8 = arith.constant 8 : index
  %a = call @codes(%m, %k, %c5) : (index, index, index) -> tensor<?x?xi8>
  %b = call @codes(%m, %k, %c8) : (index, index, index) -> tensor<?x?xi8>
  %x = tensor.generate %m, %k {
  ^bb0(%i: index, %j: index):
    %0 = tensor.extract %a[%i, %j] : tensor<?x?xi8>
    %1 = tensor.extract %b[%i, %j] : tensor<?x?xi8>
    %2 = arith.extsi %0 : i8 to i32
    %3 = arith.extsi %1 : i8 to i32
    %4 = arith.muli %2, %3 : i32
    tensor.yield %4 : i32
  } : tensor<?x?xi32>
  %o = tensor.empty(%m, %k) : tensor<?x?xi8>
  %y = quantized.requantize ins(%x : tensor<?x?xi32>) outs(%o : tensor<?x?xi8>) multiplier(1518500250) shift(37) -> tensor<?x?xi8>
  call @print_codes(%y) : (tensor<?x?xi8>) -> ()
  return
}

// The last of each again, with extents that the types know.
func.func @static() {
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c17 = arith.constant 17 : index
  %c65 = arith.constant 65 : index
  %x0 = call @matrix(%c17, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  %x1 = tensor.cast %x0 : tensor<?x?xf32> to tensor<17x65xf32>
  %c = tensor.empty() : tensor<17x65xi8>
  %s = tensor.empty() : tensor<17xf32>
  %q:2 = quantized.quantize ins(%x1 : tensor<17x65xf32>) outs(%c, %s : tensor<17x65xi8>, tensor<17xf32>) scheme(#w8) -> tensor<17x65xi8>, tensor<17xf32>
  %o = tensor.empty() : tensor<17x65xf32>
  %d = quantized.dequantize ins(%q#0, %q#1 : tensor<17x65xi8>, tensor<17xf32>) outs(%o : tensor<17x65xf32>) scheme(#w8) -> tensor<17x65xf32>
  %d1 = tensor.cast %d : tensor<17x65xf32> to tensor<?x?xf32>
  call @print(%d1) : (tensor<?x?xf32>) -> ()
  %x2 = call @matrix(%c17, %c65, %c3) : (index, index, index) -> tensor<?x?xf32>
  %x3 = tensor.cast %x2 : tensor<?x?xf32> to tensor<17x65xf32>
  %gc = tensor.empty() : tensor<17x65xi4>
  %gs = tensor.empty() : tensor<17x3xf16>
  %gz = tensor.empty() : tensor<17x3xi4>
  %g:3 = quantized.quantize ins(%x3 : tensor<17x65xf32>) outs(%gc, %gs, %gz : tensor<17x65xi4>, tensor<17x3xf16>, tensor<17x3xi4>) scheme(#g32) -> tensor<17x65xi4>, tensor<17x3xf16>, tensor<17x3xi4>
  %e = quantized.dequantize ins(%g#0, %g#1, %g#2 : tensor<17x65xi4>, tensor<17x3xf16>, tensor<17x3xi4>) outs(%o : tensor<17x65xf32>) scheme(#g32) -> tensor<17x65xf32>
  %e1 = tensor.cast %e : tensor<17x65xf32> to tensor<?x?xf32>
  call @print(%e1) : (tensor<?x?xf32>) -> ()
  return
}

// CHECK: [1, 1, -127, -127, -127]
// CHECK: [1, 1, 1058068620, 1058068620, 1058068620]
// CHECK: [1, 1, -1030768933, -1030768933, -1030768933]
// CHECK: [13, 61, -127, -19, -952938]
// CHECK: [1, 13, 1058068620, 1040355718, 328055611]
// CHECK: [13, 61, -1030768933, -1071969073, -661075696]
// CHECK: [17, 65, -127, -27, -544451]
// CHECK: [1, 17, 1058068620, 1037040606, 348544834]
// CHECK: [17, 65, -1030768933, -1070629757, -1901797083]
// CHECK: [1, 1, 0, 0, 0]
// CHECK: [1, 1, 15, 15, 15]
// CHECK: [1, 1, -1030810112, -1030810112, -1030810112]
// CHECK: [13, 61, 0, 7, 4721185]
// CHECK: [13, 2, 8, 8, 5128]
// CHECK: [13, 61, -1030602752, -1073577984, 1638748160]
// CHECK: [13, 60, -1047379968, -1073577984, -1091934208]
// CHECK: [17, 65, 0, 0, 9119543]
// CHECK: [17, 3, 8, 15, 18762]
// CHECK: [17, 65, -1030602752, -1071055872, -706939904]
// CHECK: [17, 64, -1047379968, -1071055872, -650086400]
// CHECK: [1, 1, 127, 127, 127]
// CHECK: [13, 61, 127, 7, 32718818]
// CHECK: [17, 65, 127, 103, 64567128]
// CHECK: [17, 65, -1030768933, -1070629757, -1901797083]
// CHECK: [17, 65, -1030602752, -1071055872, -706939904]
func.func @main() {
  %c1 = arith.constant 1 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c61 = arith.constant 61 : index
  %c65 = arith.constant 65 : index
  call @rows(%c1, %c1) : (index, index) -> ()
  call @rows(%c13, %c61) : (index, index) -> ()
  call @rows(%c17, %c65) : (index, index) -> ()
  call @groups(%c1, %c1) : (index, index) -> ()
  call @groups(%c13, %c61) : (index, index) -> ()
  call @groups(%c17, %c65) : (index, index) -> ()
  call @accumulators(%c1, %c1) : (index, index) -> ()
  call @accumulators(%c13, %c61) : (index, index) -> ()
  call @accumulators(%c17, %c65) : (index, index) -> ()
  call @static() : () -> ()
  return
}
