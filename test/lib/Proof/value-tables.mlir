// Numbers of 6 bits are looked up: with AVX-512 half a table is kept, 32 numbers in two registers, and the code's highest bit becomes the sign. Proven
// equal to the code for AVX2, which moves exponent and mantissa to their places and multiplies by a power of two, for all codes, scales and activations.
//
// RUN: coopt-opt %s --coopt-lower-leaves=isa=avx2 -o %t.definitions.mlir
// RUN: coopt-opt %s --coopt-lower-leaves=isa=avx512 -o %t.emitted.mlir
// RUN: FileCheck %s --check-prefix=TABLE --input-file=%t.emitted.mlir
// TABLE: vpermi2var
// TABLE-NEXT: arith.shli
// RUN: coopt-opt %t.emitted.mlir --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// CHECK: @halves: proven for all inputs: 824 numbers
// CHECK: @bipolar: proven for all inputs
//
// The sign in a bit of the exponent; and an element of the table that is another.
// RUN: sed 's/dense<-2147483648>/dense<1073741824>/' %t.emitted.mlir > %t.sign.mlir
// RUN: not coopt-opt %t.sign.mlir --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=SIGN
// SIGN: @halves: operand {{[01]}} of math.fma {{.*}} for arg3[0] is 0x3{{.*}}, its definition gives 0xb{{.*}}, for arg1[
// RUN: sed 's/2.500000e-01, 3.750000e-01/3.750000e-01, 2.500000e-01/' %t.emitted.mlir > %t.table.mlir
// RUN: not coopt-opt %t.table.mlir --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=ELEMENT
// ELEMENT: @halves: operand {{[01]}} of math.fma {{.*}} for arg3[0] is 0x{{.*}}, its definition gives 0x

func.func @halves(%a: memref<2x4xf32>, %p: memref<768xi8>, %s: memref<16xi8>, %y: memref<2x16xf32>) {
  %w = model.unpack %p layout(<"[16, 4] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 6>) : memref<768xi8> -> memref<16x4xi8>
  %t = model.unpack %s layout(<"[16, 1] tile(d0:4) outer(d0, d1)">) : memref<16xi8> -> memref<16x1xi8>
  quantized.contract ins(%a, %w, %t : memref<2x4xf32>, memref<16x4xi8>, memref<16x1xi8>)
    outs(%y : memref<2x16xf32>) schemes(float, <format = "mxfp6e2m3">) scale_at(element)
  return
}

// Weights of one bit, 1 or -1, looked up, and made as 2 b - 1.
func.func @bipolar(%a: memref<2x8xf32>, %p: memref<128xi8>, %s: memref<16xf32>, %y: memref<2x16xf32>) {
  %w = model.unpack %p layout(<"[16, 8] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 1>) : memref<128xi8> -> memref<16x8xi8>
  quantized.contract ins(%a, %w, %s : memref<2x8xf32>, memref<16x8xi8>, memref<16xf32>)
    outs(%y : memref<2x16xf32>) schemes(float, <format = "bipolar1">) scale_at(element)
  return
}
