// gather, row_reduce, pack and unpack by their definitions: one element, primes, and one more than tiles of 16 and 64, with
// unknown extents and then static ones. Inputs and the five integers of a line: Inputs/values.mlir; what is expected was
// computed by an independent program from the ops' descriptions and the formulas beside the cases.
//
// RUN: cat %s %S/Inputs/values.mlir | coopt-opt -coopt-expand-to-reference -canonicalize | %plain_lowering | %plain_runner | FileCheck %s

#tiled = #model.layout<"[33, 65] tile(d1:1, d0:4)">

// Rows (i * 613 + 2) mod `rows` of a table, for n of them.
func.func @gathered(%rows: index, %columns: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %table = call @matrix(%rows, %columns, %c1) : (index, index, index) -> tensor<?x?xf32>
  %ids = tensor.generate %n {
  ^bb0(%i: index):
    %0 = func.call @number(%i, %c0, %c2, %rows) : (index, index, index, index) -> i32
    tensor.yield %0 : i32
  } : tensor<?xi32>
  %o = tensor.empty(%n, %columns) : tensor<?x?xf32>
  %x = model.gather ins(%table, %ids : tensor<?x?xf32>, tensor<?xi32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  call @print(%x) : (tensor<?x?xf32>) -> ()
  return
}

func.func @reduced(%m: index, %k: index) {
  %c3 = arith.constant 3 : index
  %x = call @matrix(%m, %k, %c3) : (index, index, index) -> tensor<?x?xf32>
  %o = tensor.empty(%m) : tensor<?xf32>
  %sum = model.row_reduce sum ins(%x : tensor<?x?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  call @print_vector(%sum) : (tensor<?xf32>) -> ()
  %max = model.row_reduce max ins(%x : tensor<?x?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  call @print_vector(%max) : (tensor<?xf32>) -> ()
  %amax = model.row_reduce amax ins(%x : tensor<?x?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  call @print_vector(%amax) : (tensor<?xf32>) -> ()
  return
}

// The storage itself, in blocks of 16 rows and 2 columns, of which the last are short and padded with zeros; then parts of
// the logical matrix out of it. Casts that only drop the layout fold away, so that upstream's programs see none.
func.func @packed() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c32 = arith.constant 32 : index
  %c33 = arith.constant 33 : index
  %c61 = arith.constant 61 : index
  %c64 = arith.constant 64 : index
  %c65 = arith.constant 65 : index
  %d = call @matrix(%c33, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  %x = tensor.cast %d : tensor<?x?xf32> to tensor<33x65xf32>
  %p = model.pack %x : tensor<33x65xf32> -> tensor<3168xf32, #tiled>
  %storage = tensor.cast %p : tensor<3168xf32, #tiled> to tensor<?xf32>
  call @print_vector(%storage) : (tensor<?xf32>) -> ()
  %part0 = model.unpack %p[%c32, %c64] (%c1, %c1) : tensor<3168xf32, #tiled> -> tensor<?x?xf32>
  call @print(%part0) : (tensor<?x?xf32>) -> ()
  %part1 = model.unpack %p[%c17, %c1] (%c13, %c61) : tensor<3168xf32, #tiled> -> tensor<?x?xf32>
  call @print(%part1) : (tensor<?x?xf32>) -> ()
  %part2 = model.unpack %p[%c0, %c0] (%c33, %c65) : tensor<3168xf32, #tiled> -> tensor<?x?xf32>
  call @print(%part2) : (tensor<?x?xf32>) -> ()
  %u = model.unpack %p : tensor<3168xf32, #tiled> -> tensor<33x65xf32>
  %v = tensor.cast %u : tensor<33x65xf32> to tensor<?x?xf32>
  call @print(%v) : (tensor<?x?xf32>) -> ()
  return
}

// The last of gather and row_reduce again, with extents that the types know.
func.func @static() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  %c65 = arith.constant 65 : index
  %t = call @matrix(%c33, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  %table = tensor.cast %t : tensor<?x?xf32> to tensor<33x65xf32>
  %ids = tensor.generate {
  ^bb0(%i: index):
    %0 = func.call @number(%i, %c0, %c2, %c33) : (index, index, index, index) -> i32
    tensor.yield %0 : i32
  } : tensor<17xi32>
  %o = tensor.empty() : tensor<17x65xf32>
  %g = model.gather ins(%table, %ids : tensor<33x65xf32>, tensor<17xi32>) outs(%o : tensor<17x65xf32>) -> tensor<17x65xf32>
  %g1 = tensor.cast %g : tensor<17x65xf32> to tensor<?x?xf32>
  call @print(%g1) : (tensor<?x?xf32>) -> ()
  %d = call @matrix(%c17, %c65, %c3) : (index, index, index) -> tensor<?x?xf32>
  %x = tensor.cast %d : tensor<?x?xf32> to tensor<17x65xf32>
  %e = tensor.empty() : tensor<17xf32>
  %s = model.row_reduce sum ins(%x : tensor<17x65xf32>) outs(%e : tensor<17xf32>) -> tensor<17xf32>
  %s1 = tensor.cast %s : tensor<17xf32> to tensor<?xf32>
  call @print_vector(%s1) : (tensor<?xf32>) -> ()
  return
}

// CHECK: [1, 1, -1030768933, -1030768933, -1030768933]
// CHECK: [13, 11, -1043333120, 1085036125, 1975236863]
// CHECK: [17, 65, -1043333120, -1050253722, 1630931902]
// CHECK: [1, 1, -1030806382, -1030806382, -1030806382]
// CHECK: [1, 1, -1030806382, -1030806382, -1030806382]
// CHECK: [1, 1, 1116677266, 1116677266, 1116677266]
// CHECK: [1, 13, -1025675848, -1039578541, 1549942832]
// CHECK: [1, 13, 1116340224, 1098924561, 1626092193]
// CHECK: [1, 13, 1116677266, 1098975298, 1646180540]
// CHECK: [1, 17, -1034532566, -1050753815, -439023222]
// CHECK: [1, 17, 1116340224, 1095385508, 84863274]
// CHECK: [1, 17, 1116677266, 1095681260, 111915230]
// CHECK: [1, 3168, -1030768933, 0, -1158979933]
// CHECK: [1, 1, -1062310869, -1062310869, -1062310869]
// CHECK: [13, 61, 1084841385, -1061933245, 189623973]
// CHECK: [33, 65, -1030768933, -1062310869, -1798129153]
// CHECK: [33, 65, -1030768933, -1062310869, -1798129153]
// CHECK: [17, 65, -1043333120, -1050253722, 1630931902]
// CHECK: [1, 17, -1034532566, -1050753815, -439023222]
func.func @main() {
  %c1 = arith.constant 1 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c33 = arith.constant 33 : index
  %c61 = arith.constant 61 : index
  %c65 = arith.constant 65 : index
  call @gathered(%c1, %c1, %c1) : (index, index, index) -> ()
  call @gathered(%c61, %c11, %c13) : (index, index, index) -> ()
  call @gathered(%c33, %c65, %c17) : (index, index, index) -> ()
  call @reduced(%c1, %c1) : (index, index) -> ()
  call @reduced(%c13, %c61) : (index, index) -> ()
  call @reduced(%c17, %c65) : (index, index) -> ()
  call @packed() : () -> ()
  call @static() : () -> ()
  return
}
