// RUN: coopt-opt %s --coopt-vectorize-elementwise --canonicalize --split-input-file | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// A static end of 8 is a vector of exactly that.
// CHECK-LABEL: func.func @static
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     vector.load {{.*}} : memref<?x72xf32>, vector<16xf32>
// CHECK:     vector.broadcast {{.*}} : f32 to vector<16xf32>
// CHECK:     arith.mulf {{.*}} : vector<16xf32>
// CHECK:     vector.store {{.*}} : memref<?x72xf32>, vector<16xf32>
// CHECK:   vector.load {{.*}} : memref<?x72xf32>, vector<8xf32>
// CHECK:   vector.store {{.*}} : memref<?x72xf32>, vector<8xf32>
func.func @static(%x: memref<?x72xf32>, %s: memref<?xf32>, %y: memref<?x72xf32>) {
  linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<?x72xf32>, memref<?xf32>) outs(%y : memref<?x72xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// A dynamic end is masked. The output is not read.
// CHECK-LABEL: func.func @dynamic
// CHECK: scf.for
// CHECK:   arith.fptosi {{.*}} : vector<16xf32> to vector<16xi8>
// CHECK: scf.if
// CHECK:   vector.create_mask
// CHECK:   vector.maskedload {{.*}} : memref<?xf32>
// CHECK-NOT: vector.maskedload
// CHECK:   vector.maskedstore {{.*}} : memref<?xi8>
func.func @dynamic(%x: memref<?xf32>, %y: memref<?xi8>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%y : memref<?xi8>) {
  ^bb0(%a: f32, %o: i8):
    %0 = arith.fptosi %a : f32 to i8
    linalg.yield %0 : i8
  }
  return
}

// -----

// Without consecutive elements, with a division that could meet the zeros behind the end, or with a gather: scalar.
// CHECK-LABEL: func.func @scalar
// CHECK-NOT: vector
// CHECK: arith.divsi {{.*}} : i32
// CHECK: memref.load {{.*}} : memref<?xf32>
func.func @scalar(%x: memref<?xf32, strided<[?]>>, %y: memref<?xf32>, %i: memref<?xi32>, %j: memref<?xi32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32, strided<[?]>>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%i : memref<?xi32>) outs(%j : memref<?xi32>) {
  ^bb0(%a: i32, %o: i32):
    %c = arith.constant 100 : i32
    %0 = arith.divsi %c, %a : i32
    linalg.yield %0 : i32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%i : memref<?xi32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: i32, %o: f32):
    %p = arith.index_cast %a : i32 to index
    %0 = memref.load %y[%p] : memref<?xf32>
    linalg.yield %0 : f32
  }
  return
}

// -----

#id = affine_map<(i, j) -> (i, j)>

// The sum over i stays in a register; columns are lanes.
// CHECK-LABEL: func.func @column_sums
// CHECK: scf.for
// CHECK:   %[[START:.*]] = vector.load {{.*}} : memref<64xf32>, vector<16xf32>
// CHECK:   %[[SUM:.*]] = scf.for {{.*}} iter_args({{.*}} = %[[START]])
// CHECK:     arith.addf {{.*}} : vector<16xf32>
// CHECK:   vector.store %[[SUM]]
func.func @column_sums(%x: memref<?x64xf32>, %y: memref<64xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x64xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}
