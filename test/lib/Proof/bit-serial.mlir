// A product with codes in two's complement is that of their slices of one bit, c = -8 b3 + 4 b2 + 2 b1 + b0: the sum over k of a[k] where the bit is set,
// times its weight. This is what bit-serial arrays compute; the code for vectors of bytes is proven equal to it for all inputs.
//
// RUN: split-file %s %t
// RUN: coopt-opt %t/kernel.mlir --coopt-lower-leaves=isa=avx512 -o %t/emitted.mlir
// RUN: coopt-opt %t/emitted.mlir --coopt-prove-equal=to=%t/slices.mlir -o /dev/null 2>&1 | FileCheck %s
// CHECK: @serial: proven for all inputs: 549 numbers
//
// The last slice without its sign: right for codes that are not negative alone.
// RUN: sed 's/%negated, %weighted/%weighted, %weighted/' %t/slices.mlir > %t/unsigned.mlir
// RUN: not coopt-opt %t/emitted.mlir --coopt-prove-equal=to=%t/unsigned.mlir -o /dev/null 2>&1 | FileCheck %s --check-prefix=SIGN
// SIGN: @serial: operand 0 of arith.sitofp i32 f32 {{.*}} for arg4[0] is 0x{{.*}}, its definition gives 0x{{.*}} arg2[{{[0-3]}}] = 0x{{.?[89a-f]}}

//--- kernel.mlir
#s = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>
#a = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
func.func @serial(%a: memref<1x4xi8>, %sa: memref<1xf32>, %p: memref<512xi8>, %t: memref<16xf32>, %y: memref<1x16xf32>) {
  %w = model.unpack %p layout(<"[16, 4] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 4>) : memref<512xi8> -> memref<16x4xi8>
  quantized.contract ins(%a, %sa, %w, %t : memref<1x4xi8>, memref<1xf32>, memref<16x4xi8>, memref<16xf32>)
    outs(%y : memref<1x16xf32>) schemes(#a, #s) scale_at(output)
  return
}

//--- slices.mlir
// y = f32(sum) * t * s, from slices of bits.
func.func @serial(%a: memref<1x4xi8>, %s: memref<1xf32>, %p: memref<512xi8>, %t: memref<16xf32>, %y: memref<1x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0 : i32
  %eight = arith.constant 8 : i32
  scf.for %n = %c0 to %c16 step %c1 {
    %all = scf.for %i = %c0 to %c4 step %c1 iter_args(%total = %zero) -> i32 {
      %shift = arith.index_cast %i : index to i8
      %dot = scf.for %k = %c0 to %c4 step %c1 iter_args(%sum = %zero) -> i32 {
        %row = arith.muli %n, %c4 : index
        %at = arith.addi %row, %k : index
        %byte = memref.load %p[%at] : memref<512xi8>
        %moved = arith.shrui %byte, %shift : i8
        %bit = arith.trunci %moved : i8 to i1
        %x = memref.load %a[%c0, %k] : memref<1x4xi8>
        %wide = arith.extsi %x : i8 to i32
        %term = arith.select %bit, %wide, %zero : i32
        %next = arith.addi %sum, %term : i32
        scf.yield %next : i32
      }
      %places = arith.index_cast %i : index to i32
      %weighted = arith.shli %dot, %places : i32
      %negated = arith.subi %zero, %weighted : i32
      %isLast = arith.cmpi eq, %i, %c3 : index
      %slice = arith.select %isLast, %negated, %weighted : i32
      %next = arith.addi %total, %slice : i32
      scf.yield %next : i32
    }
    %f = arith.sitofp %all : i32 to f32
    %ts = memref.load %t[%n] : memref<16xf32>
    %ss = memref.load %s[%c0] : memref<1xf32>
    %y0 = arith.mulf %f, %ts : f32
    %y1 = arith.mulf %y0, %ss : f32
    memref.store %y1, %y[%c0, %n] : memref<1x16xf32>
  }
  return
}
