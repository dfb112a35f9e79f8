// Codes of two levels for the matrix unit: (code - zero) * scale in bytes that wrap, two codes multiplied in one word of 16 bits, zeros times scales
// repeated by a product with 0x01010101. The contraction is proven equal to its definition in 32 bits for all codes whose
// numbers have 8 bits, as the scheme asks for (Numerics/TwoLevelQuantization.h). With vectors, which multiply sums, it is so for all bytes.
//
// RUN: coopt-opt %s --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.mlir
// RUN: coopt-opt %s --coopt-lower-leaves=isa=amx -o %t.amx.mlir
// RUN: FileCheck %s --check-prefix=UNIT --input-file=%t.amx.mlir
// UNIT: amx.tile_muli
// RUN: coopt-opt %t.amx.mlir --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: coopt-opt %s --coopt-lower-leaves=isa=avx512 | coopt-opt --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// CHECK: @levels: proven for all inputs that its definition allows: 602 numbers
//
// Zeros that are not scaled; and no word on what codes may be.
// RUN: sed 's/arith.subi \(%[0-9a-z_]*\), \(%[0-9a-z_]*\) : vector<64xi8>/arith.addi \1, \2 : vector<64xi8>/' %t.amx.mlir > %t.wrong.mlir
// RUN: not coopt-opt %t.wrong.mlir --coopt-prove-equal="to=%t.definitions.mlir seconds=2" -o /dev/null 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: @levels: operand 0 of arith.sitofp i32 f32 {{.*}} for arg6[0] is 0x{{.*}}, its definition gives 0x{{.*}} arg3[0] = 0x
// RUN: grep -v cf.assert %t.amx.mlir > %t.bare.mlir
// RUN: grep -v cf.assert %t.definitions.mlir > %t.all.mlir
// RUN: not coopt-opt %t.bare.mlir --coopt-prove-equal="to=%t.all.mlir seconds=2" -o /dev/null 2>&1 | FileCheck %s --check-prefix=ANY
// ANY: @levels: operand 0 of arith.sitofp i32 f32 {{.*}} for arg6[0]

#s = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = i8, outer = f32>
#a = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
func.func @levels(%a: memref<2x4xi8>, %sa: memref<2xf32>, %p: memref<512xi8>, %ts: memref<16xi8>, %zs: memref<16xi8>, %o: memref<16xf32>, %y: memref<2x16xf32>) {
  %w = model.unpack %p layout(<"[16, 4] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 4>) : memref<512xi8> -> memref<16x4xi8>
  %t = model.unpack %ts layout(<"[16, 1] tile(d0:4) outer(d0, d1)">) : memref<16xi8> -> memref<16x1xi8>
  %z = model.unpack %zs layout(<"[16, 1] tile(d0:4) outer(d0, d1)">) : memref<16xi8> -> memref<16x1xi8>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %cK = arith.constant 4 : index
  %cG = arith.constant 32 : index
  %i16 = arith.constant 16 : i8
  %limit = arith.constant 128 : i32
  %least = arith.constant -128 : i32
  scf.for %n = %c0 to %c16 step %c1 {
    scf.for %k = %c0 to %cK step %c1 {
      %g = arith.divui %k, %cG : index
      %code = memref.load %w[%n, %k] : memref<16x4xi8>
      %scale = memref.load %t[%n, %g] : memref<16x1xi8>
      %zero = memref.load %z[%n, %g] : memref<16x1xi8>
      %few = arith.cmpi ult, %zero, %i16 : i8
      cf.assert %few, "zeros are codes"
      %small = arith.cmpi ule, %scale, %i16 : i8
      cf.assert %small, "scales are at most 16"
      %c = arith.extui %code : i8 to i32
      %s = arith.extui %scale : i8 to i32
      %zz = arith.extui %zero : i8 to i32
      %d = arith.subi %c, %zz : i32
      %x = arith.muli %d, %s : i32
      %above = arith.cmpi slt, %x, %limit : i32
      %below = arith.cmpi sge, %x, %least : i32
      cf.assert %above, "numbers have 8 bits"
      cf.assert %below, "numbers have 8 bits"
    }
  }
  quantized.contract ins(%a, %sa, %w, %t, %z, %o : memref<2x4xi8>, memref<2xf32>, memref<16x4xi8>, memref<16x1xi8>, memref<16x1xi8>, memref<16xf32>)
    outs(%y : memref<2x16xf32>) schemes(#a, #s) scale_at(output)
  return
}
