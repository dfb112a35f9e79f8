// All widths of codes, for vectors (one row) and the matrix unit (two rows): proven equal to the definition as in dots.mlir.
//
// RUN: sed 's/BITS/2/; s/BYTES/256/g' %s > %t.2.mlir
// RUN: coopt-opt %t.2.mlir --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.2.mlir
// RUN: coopt-opt %t.2.mlir --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.2.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: sed 's/BITS/3/; s/BYTES/384/g' %s > %t.3.mlir
// RUN: coopt-opt %t.3.mlir --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.3.mlir
// RUN: coopt-opt %t.3.mlir --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.3.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: sed 's/BITS/5/; s/BYTES/640/g' %s > %t.5.mlir
// RUN: coopt-opt %t.5.mlir --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.5.mlir
// RUN: coopt-opt %t.5.mlir --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.5.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: sed 's/BITS/6/; s/BYTES/768/g' %s > %t.6.mlir
// RUN: coopt-opt %t.6.mlir --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.6.mlir
// RUN: coopt-opt %t.6.mlir --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.6.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: sed 's/BITS/7/; s/BYTES/896/g' %s > %t.7.mlir
// RUN: coopt-opt %t.7.mlir --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.7.mlir
// RUN: coopt-opt %t.7.mlir --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.7.mlir -o /dev/null 2>&1 | FileCheck %s
// RUN: sed 's/BITS/8/; s/BYTES/1024/g' %s > %t.8.mlir
// RUN: coopt-opt %t.8.mlir --coopt-materialize-unpack --coopt-lower-contractions -o %t.definitions.8.mlir
// RUN: coopt-opt %t.8.mlir --coopt-lower-leaves=isa=amx | coopt-opt --coopt-prove-equal=to=%t.definitions.8.mlir -o /dev/null 2>&1 | FileCheck %s
// CHECK: @vectors: proven for all inputs
// CHECK: @unit: proven for all inputs

#s = #quantized.scheme<bits = BITS, group = 0, symmetric, scale = f32>
#a = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
func.func @vectors(%a: memref<1x40xi8>, %sa: memref<1xf32>, %p: memref<BYTESxi8>, %t: memref<16xf32>, %y: memref<1x16xf32>) {
  %w = model.unpack %p layout(<"[16, 40] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = BITS>) : memref<BYTESxi8> -> memref<16x40xi8>
  quantized.contract ins(%a, %sa, %w, %t : memref<1x40xi8>, memref<1xf32>, memref<16x40xi8>, memref<16xf32>)
    outs(%y : memref<1x16xf32>) schemes(#a, #s) scale_at(output)
  return
}
func.func @unit(%a: memref<2x40xi8>, %sa: memref<2xf32>, %p: memref<BYTESxi8>, %t: memref<16xf32>, %y: memref<2x16xf32>) {
  %w = model.unpack %p layout(<"[16, 40] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = BITS>) : memref<BYTESxi8> -> memref<16x40xi8>
  quantized.contract ins(%a, %sa, %w, %t : memref<2x40xi8>, memref<2xf32>, memref<16x40xi8>, memref<16xf32>)
    outs(%y : memref<2x16xf32>) schemes(#a, #s) scale_at(output)
  return
}
