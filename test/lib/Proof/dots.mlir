// Contractions with codes of 4 and 3 bits, as each instruction set computes them: codes unpacked in vectors, moved up to be unsigned,
// multiplied by four, with what they were moved up by subtracted behind. Proven equal, for all bytes and activations, to the op's definition
// as loops over elements (whose unpacking unpack.mlir proves).
//
// RUN: coopt-opt %s --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.mlir
// RUN: coopt-opt %s --coopt-lower-leaves=isa=generic | coopt-opt --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: coopt-opt %s --coopt-lower-leaves=isa=avx2 | coopt-opt --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: coopt-opt %s --coopt-lower-leaves=isa=avx512 -o %t.avx512.mlir
// RUN: coopt-opt %t.avx512.mlir --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: coopt-opt %s --coopt-lower-leaves=isa=amx | FileCheck %s --check-prefix=UNIT
// RUN: coopt-opt %s --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.mlir -o /dev/null 2>&1 | FileCheck %s
// UNIT: amx.tile_muli
// CHECK: @nibbles: proven for all inputs: 1129 numbers
// CHECK: @triples: proven for all inputs: {{[0-9]+}} numbers
//
// Nibbles of other bytes, and codes that were moved up but not down.
// RUN: sed 's/arith.shrui/arith.shli/' %t.avx512.mlir > %t.wrong.mlir
// RUN: not coopt-opt %t.wrong.mlir --coopt-prove-equal="to=%t.definitions.mlir seconds=2" -o /dev/null 2>&1 | FileCheck %s --check-prefix=SHIFT
// SHIFT: @nibbles: operand 0 of arith.sitofp i32 f32 for {{.*}} for arg4[0] is 0x{{.*}}, its definition gives 0x{{.*}}, for arg0[0] = 0x
// RUN: sed 's/arith.subi/arith.addi/' %t.avx512.mlir > %t.wrong.mlir
// RUN: not coopt-opt %t.wrong.mlir --coopt-prove-equal="to=%t.definitions.mlir seconds=2" -o /dev/null 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: @nibbles: operand 0 of arith.sitofp i32 f32 for {{.*}} for arg4[0] is 0x{{.*}}, its definition gives 0x

#s = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>
#a = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
func.func @nibbles(%a: memref<1x72xi8>, %sa: memref<1xf32>, %p: memref<1024xi8>, %t: memref<16xf32>, %y: memref<1x16xf32>) {
  %w = model.unpack %p layout(<"[16, 72] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 4>) : memref<1024xi8> -> memref<16x72xi8>
  quantized.contract ins(%a, %sa, %w, %t : memref<1x72xi8>, memref<1xf32>, memref<16x72xi8>, memref<16xf32>)
    outs(%y : memref<1x16xf32>) schemes(#a, #s) scale_at(output)
  return
}
#z = #quantized.scheme<bits = 3, group = 0, symmetric, scale = f32>
func.func @triples(%a: memref<2x72xi8>, %sa: memref<2xf32>, %p: memref<768xi8>, %t: memref<16xf32>, %y: memref<2x16xf32>) {
  %w = model.unpack %p layout(<"[16, 72] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 3>) : memref<768xi8> -> memref<16x72xi8>
  quantized.contract ins(%a, %sa, %w, %t : memref<2x72xi8>, memref<2xf32>, memref<16x72xi8>, memref<16xf32>)
    outs(%y : memref<2x16xf32>) schemes(#a, #z) scale_at(output)
  return
}
