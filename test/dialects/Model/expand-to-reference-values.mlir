// The definitions, computed: values are those of an independent implementation.
//
// RUN: coopt-opt %s -coopt-expand-to-reference -canonicalize | %plain_lowering | %plain_runner | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32> {bufferization.access = "read"}) attributes {llvm.emit_c_interface}

// Row i, element j: (((i * 41 + j) * 37) mod 101 - 50) / 7, one rounding.
func.func @matrix(%rows: index, %columns: index) -> tensor<?x?xf32> {
  %c41 = arith.constant 41 : index
  %c37 = arith.constant 37 : index
  %c101 = arith.constant 101 : index
  %c50 = arith.constant 50 : index
  %seven = arith.constant 7.0 : f32
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = arith.muli %i, %c41 : index
    %1 = arith.addi %0, %j : index
    %2 = arith.muli %1, %c37 : index
    %3 = arith.remui %2, %c101 : index
    %4 = arith.subi %3, %c50 : index
    %5 = arith.index_cast %4 : index to i32
    %6 = arith.sitofp %5 : i32 to f32
    %7 = arith.divf %6, %seven : f32
    tensor.yield %7 : f32
  } : tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}

func.func @print(%x: tensor<?xf32>) {
  %n0 = arith.constant 0 : index
  %n = tensor.dim %x, %n0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xi32>
  %bits = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%e : tensor<?xi32>) {
    ^bb0(%a: f32, %b: i32):
      %0 = arith.bitcast %a : f32 to i32
      linalg.yield %0 : i32
  } -> tensor<?xi32>
  %u = tensor.cast %bits : tensor<?xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}

func.func @reduce(%columns: index) {
  %c3 = arith.constant 3 : index
  %x = call @matrix(%c3, %columns) : (index, index) -> tensor<?x?xf32>
  %e = tensor.empty(%c3) : tensor<?xf32>
  %sum = model.row_reduce sum ins(%x : tensor<?x?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  call @print(%sum) : (tensor<?xf32>) -> ()
  %max = model.row_reduce max ins(%x : tensor<?x?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  call @print(%max) : (tensor<?xf32>) -> ()
  %amax = model.row_reduce amax ins(%x : tensor<?x?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  call @print(%amax) : (tensor<?xf32>) -> ()
  return
}

// x[i, j] = 100 i + j: the storage itself, then a slice.
func.func @unpack(%row: index, %column: index, %n: index) {
  %c100 = arith.constant 100 : index
  %x = tensor.generate {
  ^bb0(%i: index, %j: index):
    %0 = arith.muli %i, %c100 : index
    %1 = arith.addi %0, %j : index
    %2 = arith.index_cast %1 : index to i32
    tensor.yield %2 : i32
  } : tensor<19x7xi32>
  %p = model.pack %x : tensor<19x7xi32> -> tensor<256xi32, #model.layout<"[19, 7] tile(d1:1, d0:4)">>
  %storage = tensor.cast %p : tensor<256xi32, #model.layout<"[19, 7] tile(d1:1, d0:4)">> to tensor<256xi32>
  %t = tensor.cast %storage : tensor<256xi32> to tensor<*xi32>
  call @printMemrefI32(%t) : (tensor<*xi32>) -> ()
  %u = model.unpack %p[%row, %column] (%n) : tensor<256xi32, #model.layout<"[19, 7] tile(d1:1, d0:4)">> -> tensor<?x3xi32>
  %s = tensor.cast %u : tensor<?x3xi32> to tensor<*xi32>
  call @printMemrefI32(%s) : (tensor<*xi32>) -> ()
  return
}

func.func @gather() {
  %table = arith.constant dense<[[10, 11, 12], [20, 21, 22], [30, 31, 32], [40, 41, 42]]> : tensor<4x3xi32>
  %ids = arith.constant dense<[3, 0, 3, 1, 2]> : tensor<5xi32>
  %e = tensor.empty() : tensor<5x3xi32>
  %x = model.gather ins(%table, %ids : tensor<4x3xi32>, tensor<5xi32>) outs(%e : tensor<5x3xi32>) -> tensor<5x3xi32>
  %s = tensor.cast %x : tensor<5x3xi32> to tensor<*xi32>
  call @printMemrefI32(%s) : (tensor<*xi32>) -> ()
  return
}

// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [-1063555663, -1056215626, -1052171116]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [1088721481, 1088421888, 1088122295]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [1088721481, 1088421888, 1088721481]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [-1050822948, -1055616438, -1063855249]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [1086923922, 1087523109, 1088122295]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [1088721481, 1088122295, 1088122295]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [-1058762167, -1059361353, -1059960539]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [-1058762167, -1059361353, -1059960539]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [1088721481, 1088122295, 1087523109]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [0, 0, 0]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [-8388608, -8388608, -8388608]
// CHECK:      sizes = [3]{{.*}}
// CHECK-NEXT: [0, 0, 0]
// CHECK:      sizes = [256]{{.*}}
// CHECK-NEXT: [0, 1, 100, 101, 200, 201, 300, 301, 400, 401, 500, 501, 600, 601, 700, 701, 800, 801, 900, 901, 1000, 1001, 1100, 1101, 1200, 1201, 1300, 1301, 1400, 1401, 1500, 1501, 2, 3, 102, 103, 202, 203, 302, 303, 402, 403, 502, 503, 602, 603, 702, 703, 802, 803, 902, 903, 1002, 1003, 1102, 1103, 1202, 1203, 1302, 1303, 1402, 1403, 1502, 1503, 4, 5, 104, 105, 204, 205, 304, 305, 404, 405, 504, 505, 604, 605, 704, 705, 804, 805, 904, 905, 1004, 1005, 1104, 1105, 1204, 1205, 1304, 1305, 1404, 1405, 1504, 1505, 6, 0, 106, 0, 206, 0, 306, 0, 406, 0, 506, 0, 606, 0, 706, 0, 806, 0, 906, 0, 1006, 0, 1106, 0, 1206, 0, 1306, 0, 1406, 0, 1506, 0, 1600, 1601, 1700, 1701, 1800, 1801, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1602, 1603, 1702, 1703, 1802, 1803, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1604, 1605, 1704, 1705, 1804, 1805, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1606, 0, 1706, 0, 1806, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
// CHECK:      sizes = [4, 3]{{.*}}
// CHECK-NEXT: {{\[\[}}1404, 1405, 1406]
// CHECK-NEXT: [1504, 1505, 1506]
// CHECK-NEXT: [1604, 1605, 1606]
// CHECK-NEXT: [1704, 1705, 1706]
// CHECK:      sizes = [5, 3]{{.*}}
// CHECK-NEXT: {{\[\[}}40, 41, 42]
// CHECK-NEXT: [10, 11, 12]
// CHECK-NEXT: [40, 41, 42]
// CHECK-NEXT: [20, 21, 22]
// CHECK-NEXT: [30, 31, 32]
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c14 = arith.constant 14 : index
  %c16 = arith.constant 16 : index
  %c37 = arith.constant 37 : index
  call @reduce(%c37) : (index) -> ()
  call @reduce(%c16) : (index) -> ()
  call @reduce(%c1) : (index) -> ()
  call @reduce(%c0) : (index) -> ()
  call @unpack(%c14, %c4, %c4) : (index, index, index) -> ()
  call @gather() : () -> ()
  return
}
