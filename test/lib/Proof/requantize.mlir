// Requantisation by a multiplier and a shift (Numerics/DyadicScale.h): the floor and a step up, in 64 bits, is clamp(rne(acc M / 2^E)) for all 2^32
// accumulators. The definition rounds halves up in 128 bits and takes a step back from odd results of ties.
//
// RUN: split-file %s %t
// RUN: coopt-opt %t/kernels.mlir -coopt-expand-to-reference -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   -convert-linalg-to-loops -lower-affine -o %t/emitted.mlir
// RUN: coopt-opt %t/emitted.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// CHECK: @bytes: proven for all inputs: 9 numbers
// CHECK: @halves: proven for all inputs: 9 numbers
// CHECK: @nibbles: proven for all inputs: 9 numbers
//
// All ties upwards.
// RUN: sed 's/arith.andi \(%[0-9]*\), %[0-9]* : i1/arith.andi \1, \1 : i1/' %t/emitted.mlir > %t/ties.mlir
// RUN: not coopt-opt %t/ties.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=TIES
// TIES: @bytes: arg1[0] is 0x{{.*}}, its definition gives 0x{{.*}}, for arg0[0] = 0x{{[0-9a-f]*[4c]0}} (
//
// Limits that are one too large.
// RUN: sed 's/127_i64 = arith.constant 127/127_i64 = arith.constant 128/' %t/emitted.mlir > %t/limits.mlir
// RUN: not coopt-opt %t/limits.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: @bytes: arg1[0] is 0x80 (128, -128), its definition gives 0x7f (127), for arg0[0] = 0x

//--- kernels.mlir
func.func @bytes(%x: tensor<3xi32>, %o: tensor<3xi8>) -> tensor<3xi8> {
  %y = quantized.requantize ins(%x : tensor<3xi32>) outs(%o : tensor<3xi8>) multiplier(1073741824) shift(37) -> tensor<3xi8>
  return %y : tensor<3xi8>
}
func.func @halves(%x: tensor<3xi32>, %o: tensor<3xi8>) -> tensor<3xi8> {
  %y = quantized.requantize ins(%x : tensor<3xi32>) outs(%o : tensor<3xi8>) multiplier(2147483647) shift(1) -> tensor<3xi8>
  return %y : tensor<3xi8>
}
func.func @nibbles(%x: tensor<3xi32>, %o: tensor<3xi4>) -> tensor<3xi4> {
  %y = quantized.requantize ins(%x : tensor<3xi32>) outs(%o : tensor<3xi4>) multiplier(1073741825) shift(36) -> tensor<3xi4>
  return %y : tensor<3xi4>
}

//--- definitions.mlir
func.func @bytes(%x: memref<3xi32>, %y: memref<3xi8>) -> memref<3xi8> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %multiplier = arith.constant 1073741824 : i128
  %shift = arith.constant 37 : i128
  %unit = arith.constant 137438953472 : i128
  %half = arith.constant 68719476736 : i128
  %low = arith.constant -128 : i128
  %high = arith.constant 127 : i128
  %zero = arith.constant 0 : i128
  %one = arith.constant 1 : i128
  %two = arith.constant 2 : i128
  scf.for %i = %c0 to %c3 step %c1 {
    %acc = memref.load %x[%i] : memref<3xi32>
    %wide = arith.extsi %acc : i32 to i128
    %product = arith.muli %wide, %multiplier : i128
    %moved = arith.addi %product, %half : i128
    %up = arith.shrsi %moved, %shift : i128
    %back = arith.muli %up, %unit : i128
    %isTie = arith.cmpi eq, %back, %moved : i128
    %odd = arith.remsi %up, %two : i128
    %isOdd = arith.cmpi ne, %odd, %zero : i128
    %isDown = arith.andi %isTie, %isOdd : i1
    %down = arith.subi %up, %one : i128
    %nearest = arith.select %isDown, %down, %up : i128
    %isLow = arith.cmpi slt, %nearest, %low : i128
    %above = arith.select %isLow, %low, %nearest : i128
    %isHigh = arith.cmpi sgt, %above, %high : i128
    %clamped = arith.select %isHigh, %high, %above : i128
    %code = arith.trunci %clamped : i128 to i8
    memref.store %code, %y[%i] : memref<3xi8>
  }
  return %y : memref<3xi8>
}
func.func @halves(%x: memref<3xi32>, %y: memref<3xi8>) -> memref<3xi8> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %multiplier = arith.constant 2147483647 : i128
  %shift = arith.constant 1 : i128
  %unit = arith.constant 2 : i128
  %half = arith.constant 1 : i128
  %low = arith.constant -128 : i128
  %high = arith.constant 127 : i128
  %zero = arith.constant 0 : i128
  %one = arith.constant 1 : i128
  %two = arith.constant 2 : i128
  scf.for %i = %c0 to %c3 step %c1 {
    %acc = memref.load %x[%i] : memref<3xi32>
    %wide = arith.extsi %acc : i32 to i128
    %product = arith.muli %wide, %multiplier : i128
    %moved = arith.addi %product, %half : i128
    %up = arith.shrsi %moved, %shift : i128
    %back = arith.muli %up, %unit : i128
    %isTie = arith.cmpi eq, %back, %moved : i128
    %odd = arith.remsi %up, %two : i128
    %isOdd = arith.cmpi ne, %odd, %zero : i128
    %isDown = arith.andi %isTie, %isOdd : i1
    %down = arith.subi %up, %one : i128
    %nearest = arith.select %isDown, %down, %up : i128
    %isLow = arith.cmpi slt, %nearest, %low : i128
    %above = arith.select %isLow, %low, %nearest : i128
    %isHigh = arith.cmpi sgt, %above, %high : i128
    %clamped = arith.select %isHigh, %high, %above : i128
    %code = arith.trunci %clamped : i128 to i8
    memref.store %code, %y[%i] : memref<3xi8>
  }
  return %y : memref<3xi8>
}
func.func @nibbles(%x: memref<3xi32>, %y: memref<3xi4>) -> memref<3xi4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %multiplier = arith.constant 1073741825 : i128
  %shift = arith.constant 36 : i128
  %unit = arith.constant 68719476736 : i128
  %half = arith.constant 34359738368 : i128
  %low = arith.constant -8 : i128
  %high = arith.constant 7 : i128
  %zero = arith.constant 0 : i128
  %one = arith.constant 1 : i128
  %two = arith.constant 2 : i128
  scf.for %i = %c0 to %c3 step %c1 {
    %acc = memref.load %x[%i] : memref<3xi32>
    %wide = arith.extsi %acc : i32 to i128
    %product = arith.muli %wide, %multiplier : i128
    %moved = arith.addi %product, %half : i128
    %up = arith.shrsi %moved, %shift : i128
    %back = arith.muli %up, %unit : i128
    %isTie = arith.cmpi eq, %back, %moved : i128
    %odd = arith.remsi %up, %two : i128
    %isOdd = arith.cmpi ne, %odd, %zero : i128
    %isDown = arith.andi %isTie, %isOdd : i1
    %down = arith.subi %up, %one : i128
    %nearest = arith.select %isDown, %down, %up : i128
    %isLow = arith.cmpi slt, %nearest, %low : i128
    %above = arith.select %isLow, %low, %nearest : i128
    %isHigh = arith.cmpi sgt, %above, %high : i128
    %clamped = arith.select %isHigh, %high, %above : i128
    %code = arith.trunci %clamped : i128 to i4
    memref.store %code, %y[%i] : memref<3xi4>
  }
  return %y : memref<3xi4>
}
