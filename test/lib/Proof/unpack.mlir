// Codes of fewer bits than a byte come out of their bytes as the definition of bit planes says (Layout/BitPlanes.h), for all bytes: the code at
// position q of a tile of n codes has its bits of a plane of width w, S = n w / 8 bytes, in byte q mod S, at bit w (q / S).
//
// RUN: split-file %s %t
// RUN: coopt-opt %t/kernels.mlir --coopt-lower-leaves -o %t/emitted.mlir
// RUN: coopt-opt %t/emitted.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// CHECK: @nibbles: proven for all inputs: 192 numbers
// CHECK: @triples: proven for all inputs: 176 numbers
// CHECK: @slices: proven for all inputs: 160 numbers
//
// A mask of one bit less.
// RUN: sed 's/constant 15 : i8/constant 7 : i8/' %t/emitted.mlir > %t/wrong-mask.mlir
// RUN: not coopt-opt %t/wrong-mask.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=MASK
// MASK: @nibbles: arg1[0] is 0x0 (0), its definition gives 0x8 (8), for arg0[0] = 0x{{.?}}8
//
// A shift that brings copies of the sign, which no mask takes away.
// RUN: sed 's/arith.andi/arith.ori/; s/shrui/shrsi/' %t/emitted.mlir > %t/wrong-shift.mlir
// RUN: not coopt-opt %t/wrong-shift.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=SHIFT
// SHIFT: @nibbles: arg1[0] is
//
// The sign of the highest slice.
// RUN: sed 's/xori/ori/' %t/emitted.mlir > %t/wrong-sign.mlir
// RUN: not coopt-opt %t/wrong-sign.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=SIGN
// SIGN: @slices: arg1[0] is 0x{{[23]}} ({{[23]}}), its definition gives 0x{{[01]}} ({{[01]}}), for arg0[0] = 0x{{[0-9a-f]+}} ({{.*}}), arg0[8] = 0x

//--- kernels.mlir
func.func @nibbles(%p: memref<64xi8>, %y: memref<16x8xi8>) {
  %w = model.unpack %p layout(<"[16, 8] tile(d0:4) outer(d0, d1)", bits = 4>) : memref<64xi8> -> memref<16x8xi8>
  memref.copy %w, %y : memref<16x8xi8> to memref<16x8xi8>
  return
}
func.func @triples(%p: memref<48xi8>, %y: memref<16x8xi8>) {
  %w = model.unpack %p layout(<"[16, 8] tile(d0:4) outer(d0, d1)", bits = 3>) : memref<48xi8> -> memref<16x8xi8>
  memref.copy %w, %y : memref<16x8xi8> to memref<16x8xi8>
  return
}
func.func @slices(%p: memref<32xi8>, %y: memref<8x16xi8>) {
  %w = model.unpack %p layout(<"[8, 16] basis(d0:1^2^4, d1:8^16^32) outer(d0, d1)", bits = 2 centred planes>)
      : memref<32xi8> -> memref<8x16xi8>
  memref.copy %w, %y : memref<8x16xi8> to memref<8x16xi8>
  return
}

//--- definitions.mlir
// Tiles of 16 codes: 8 bytes, the first 8 codes in low nibbles.
func.func @nibbles(%p: memref<64xi8>, %y: memref<16x8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %four = arith.constant 4 : i8
  scf.for %k = %c0 to %c8 step %c1 {
    scf.for %n = %c0 to %c8 step %c1 {
      %tile = arith.muli %k, %c8 : index
      %at = arith.addi %tile, %n : index
      %byte = memref.load %p[%at] : memref<64xi8>
      %high = arith.shrui %byte, %four : i8
      %shifted = arith.shli %byte, %four : i8
      %low = arith.shrui %shifted, %four : i8
      memref.store %low, %y[%n, %k] : memref<16x8xi8>
      %other = arith.addi %n, %c8 : index
      memref.store %high, %y[%other, %k] : memref<16x8xi8>
    }
  }
  return
}
// Tiles of 6 bytes: in 4 the two lower bits, in 2 the highest.
func.func @triples(%p: memref<48xi8>, %y: memref<16x8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c6 = arith.constant 6 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %two = arith.constant 2 : i8
  %three = arith.constant 3 : i8
  %one = arith.constant 1 : i8
  scf.for %k = %c0 to %c8 step %c1 {
    scf.for %n = %c0 to %c16 step %c1 {
      %tile = arith.muli %k, %c6 : index
      %inPair = arith.remui %n, %c4 : index
      %pairAt = arith.addi %tile, %inPair : index
      %pairByte = memref.load %p[%pairAt] : memref<48xi8>
      %pairNumber = arith.divui %n, %c4 : index
      %pairBit = arith.muli %pairNumber, %c2 : index
      %pairShift = arith.index_cast %pairBit : index to i8
      %pairs = arith.shrui %pairByte, %pairShift : i8
      %pair = arith.andi %pairs, %three : i8
      %plane = arith.addi %tile, %c4 : index
      %inOne = arith.remui %n, %c2 : index
      %oneAt = arith.addi %plane, %inOne : index
      %oneByte = memref.load %p[%oneAt] : memref<48xi8>
      %oneBit = arith.divui %n, %c2 : index
      %oneShift = arith.index_cast %oneBit : index to i8
      %ones = arith.shrui %oneByte, %oneShift : i8
      %highest = arith.andi %ones, %one : i8
      %moved = arith.shli %highest, %two : i8
      %code = arith.addi %pair, %moved : i8
      memref.store %code, %y[%n, %k] : memref<16x8xi8>
    }
  }
  return
}
// Two's complement from its slices, -2 b1 + b0, and 2 that were taken away; bit k of byte n of each plane.
func.func @slices(%p: memref<32xi8>, %y: memref<8x16xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %one = arith.constant 1 : i8
  %two = arith.constant 2 : i8
  %minusTwo = arith.constant -2 : i8
  scf.for %n = %c0 to %c8 step %c1 {
    scf.for %k = %c0 to %c16 step %c1 {
      %number = arith.divui %k, %c8 : index
      %tile = arith.muli %number, %c16 : index
      %at0 = arith.addi %tile, %n : index
      %at1 = arith.addi %at0, %c8 : index
      %place = arith.remui %k, %c8 : index
      %shift = arith.index_cast %place : index to i8
      %byte0 = memref.load %p[%at0] : memref<32xi8>
      %byte1 = memref.load %p[%at1] : memref<32xi8>
      %moved0 = arith.shrui %byte0, %shift : i8
      %moved1 = arith.shrui %byte1, %shift : i8
      %b0 = arith.andi %moved0, %one : i8
      %b1 = arith.andi %moved1, %one : i8
      %weighted = arith.muli %b1, %minusTwo : i8
      %stored = arith.addi %weighted, %b0 : i8
      %code = arith.addi %stored, %two : i8
      memref.store %code, %y[%n, %k] : memref<8x16xi8>
    }
  }
  return
}
