// Bodies that ask for the index of their last loop: ranges of columns, each with operands of its own. test/Integration/npu-experts.test compares values, of
// heads of which a part is turned.
// RUN: coopt-opt %s --coopt-lower-to-npu --canonicalize --cse --split-input-file | FileCheck %s

// Two columns are copied, four are exchanged in pairs: those at even places read the next, those at odd ones the one before.
// CHECK-LABEL: func.func @pairs
// CHECK-DAG:     memref.reinterpret_cast %arg0 to offset: [0], sizes: [8, 2], strides: [6, 1]
// CHECK-DAG:     npu.map "copy"({{.*}}) to {{.*}} : memref<8x2xf32
// CHECK-DAG:     memref.reinterpret_cast %arg0 to offset: [3], sizes: [8, 2], strides: [6, 2]
// CHECK-DAG:     npu.map "neg"({{.*}}) to {{.*}} : memref<8x2xf32
// CHECK-DAG:     memref.reinterpret_cast %arg0 to offset: [2], sizes: [8, 2], strides: [6, 2]
func.func @pairs(%x: memref<8x6xf32>, %y: memref<8x6xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x6xf32>) outs(%y : memref<8x6xf32>) {
  ^bb0(%x_: f32, %o: f32):
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %cm2 = arith.constant -2 : index
    %cm3 = arith.constant -3 : index
    %row = linalg.index 0 : index
    %j = linalg.index 1 : index
    // 2, 3 become 3, 5; 4, 5 become 2, 4.
    %isTurned = arith.cmpi uge, %j, %c2 : index
    %isFirst = arith.cmpi ult, %j, %c4 : index
    %k = arith.addi %j, %cm2 : index
    %twice = arith.muli %k, %c2 : index
    %c3 = arith.constant 3 : index
    %first = arith.addi %twice, %c3 : index
    %second = arith.addi %twice, %cm2 : index
    %place = arith.select %isFirst, %first, %second : index
    %from = arith.select %isTurned, %place, %j : index
    %other = memref.load %x[%row, %from] : memref<8x6xf32>
    %minus = arith.negf %other : f32
    %turned = arith.select %isFirst, %minus, %other : f32
    %0 = arith.select %isTurned, %turned, %x_ : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// A part of each row is read, from rows that begin elsewhere.
// CHECK-LABEL: func.func @part
// CHECK:         memref.reinterpret_cast %arg0 to offset: [20], sizes: [4, 2], strides: [10, 1]
func.func @part(%x: memref<8x10xf32>, %y: memref<4x2xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%y : memref<4x2xf32>) {
  ^bb0(%o: f32):
    %row = linalg.index 0 : index
    %at = affine.apply affine_map<(d0) -> (d0 + 2)>(%row)
    %j = linalg.index 1 : index
    %0 = memref.load %x[%at, %j] : memref<8x10xf32>
    linalg.yield %0 : f32
  }
  return
}
