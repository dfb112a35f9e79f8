// What can't be proven is an error with its place.
//
// RUN: split-file %s %t
// RUN: not coopt-opt %t/code.mlir --coopt-prove-equal=to=%t/definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: not coopt-opt %t/hard.mlir --coopt-prove-equal="to=%t/easy.mlir seconds=1" -o /dev/null 2>&1 | FileCheck %s --check-prefix=HARD
// RUN: not coopt-opt %t/code.mlir --coopt-prove-equal -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not coopt-opt %t/code.mlir --coopt-prove-equal=to=%t/nothing.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=FILE
// NONE: error: coopt-prove-equal: expected to=FILE and a positive number of seconds
// FILE: nothing.mlir

// Shifts and divisions have no result for all operands.
// CHECK: code.mlir:2:8: error: @shift: not for all inputs: the code has a result: the shift is less than the number of bits, for arg1 = 0x
// CHECK: code.mlir:6:8: error: @division: not for all inputs: the code has a result: the quotient is no more than the largest number, for arg0 = 0x80 (128, -128), arg1 = 0xff (255, -1)
// What the definition asserts, the code may take for granted; what never holds, no one.
// CHECK: code.mlir:9:1: remark: @assumed: proven for all inputs that its definition allows
// CHECK: definitions.mlir:{{[0-9]+}}:1: error: @contradiction: its definition has assertions that never hold together
// CHECK: code.mlir:17:{{[0-9]+}}: error: 'scf.if' op has a condition that the inputs decide: it must be a number
// CHECK: code.mlir:25:{{[0-9]+}}: error: 'math.ctlz' op is no op whose bits are known here
// CHECK: code.mlir:30:{{[0-9]+}}: error: 'memref.load' op accesses bytes 4 to 4 of arg0, which has 4
// CHECK: error: @types: expected the type of its definition, '(i16) -> i16', got '(i8) -> i8'
// What nothing was written to may be anything.
// CHECK: error: @unwritten: result0 is 0x{{.*}}, its definition gives 0x0 (0), for what nothing was written to: a buffer byte 0 = 0x
// A table is looked up inside it.
// CHECK: code.mlir:44:{{[0-9]+}}: error: @outside: not for all inputs: the code has a result: an index lies inside its buffer, for arg1 = 0x
// HARD: hard.mlir:1:1: error: @hard: result0: not decided within 1 s
// CHECK: error: @orphan: has no definition in {{.*}}definitions.mlir
// CHECK: error: expected @missing, which {{.*}}definitions.mlir defines

//--- code.mlir
func.func @shift(%x: i8, %by: i8) -> i8 {
  %y = arith.shrui %x, %by : i8
  return %y : i8
}
func.func @division(%x: i8, %by: i8) -> i8 {
  %y = arith.divsi %x, %by : i8
  return %y : i8
}
func.func @assumed(%x: i8) -> i8 {
  return %x : i8
}
func.func @contradiction(%x: i8) -> i8 {
  return %x : i8
}
func.func @branch(%x: i1) -> i8 {
  %c1 = arith.constant 1 : i8
  %y = scf.if %x -> i8 {
    scf.yield %c1 : i8
  } else {
    scf.yield %c1 : i8
  }
  return %y : i8
}
func.func @unknown(%x: i8) -> i8 {
  %y = math.ctlz %x : i8
  return %y : i8
}
func.func @bounds(%x: memref<4xi8>) -> i8 {
  %c4 = arith.constant 4 : index
  %y = memref.load %x[%c4] : memref<4xi8>
  return %y : i8
}
func.func @types(%x: i8) -> i8 {
  return %x : i8
}
func.func @unwritten(%x: i8) -> i8 {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<1xi8>
  %y = memref.load %m[%c0] : memref<1xi8>
  return %y : i8
}
func.func @outside(%m: memref<4xi8>, %i: i8) -> i8 {
  %at = arith.index_cast %i : i8 to index
  %y = memref.load %m[%at] : memref<4xi8>
  return %y : i8
}
func.func @orphan(%x: i8) -> i8 {
  return %x : i8
}

//--- definitions.mlir
func.func @shift(%x: i8, %by: i8) -> i8 {
  return %x : i8
}
func.func @division(%x: i8, %by: i8) -> i8 {
  %zero = arith.constant 0 : i8
  %is = arith.cmpi ne, %by, %zero : i8
  cf.assert %is, "divisors are not zero"
  return %x : i8
}
func.func @assumed(%x: i8) -> i8 {
  %seven = arith.constant 7 : i8
  %few = arith.cmpi ule, %x, %seven : i8
  cf.assert %few, "few bits"
  %low = arith.andi %x, %seven : i8
  return %low : i8
}
func.func @contradiction(%x: i8) -> i8 {
  %three = arith.constant 3 : i8
  %four = arith.constant 4 : i8
  %few = arith.cmpi ult, %x, %three : i8
  cf.assert %few, "few"
  %many = arith.cmpi ugt, %x, %four : i8
  cf.assert %many, "many"
  return %x : i8
}
func.func @branch(%x: i1) -> i8 {
  %c1 = arith.constant 1 : i8
  return %c1 : i8
}
func.func @unknown(%x: i8) -> i8 {
  return %x : i8
}
func.func @bounds(%x: memref<4xi8>) -> i8 {
  %c1 = arith.constant 1 : i8
  return %c1 : i8
}
func.func @types(%x: i16) -> i16 {
  return %x : i16
}
func.func @unwritten(%x: i8) -> i8 {
  %c0 = arith.constant 0 : i8
  return %c0 : i8
}
func.func @outside(%m: memref<4xi8>, %i: i8) -> i8 {
  return %i : i8
}
func.func @missing(%x: i8) -> i8 {
  return %x : i8
}

//--- hard.mlir
func.func @hard(%x: i64, %y: i64) -> i1 {
  %z = arith.muli %x, %x : i64
  %w = arith.muli %y, %y : i64
  %two = arith.constant 2 : i64
  %v = arith.muli %w, %two : i64
  %one = arith.constant 1 : i64
  %u = arith.muli %z, %one : i64
  %s = arith.xori %u, %v : i64
  %t = arith.muli %s, %z : i64
  %c = arith.constant 1311768467463790321 : i64
  %r = arith.cmpi eq, %t, %c : i64
  return %r : i1
}

//--- easy.mlir
func.func @hard(%x: i64, %y: i64) -> i1 {
  %no = arith.constant false
  return %no : i1
}
