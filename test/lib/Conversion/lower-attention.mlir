// RUN: coopt-opt %s --coopt-lower-attention --canonicalize | FileCheck %s
// RUN: coopt-opt %s --coopt-lower-attention=isa=avx2 --canonicalize | FileCheck %s --check-prefix=FUSED
// RUN: coopt-opt %s --coopt-lower-attention=isa=amx --canonicalize | FileCheck %s --check-prefix=TILES

// Two heads of two layers: keys of layer 1 in slabs 4 and 5, values in 6 and 7.
// CHECK-LABEL: func.func @append
// CHECK-SAME: %[[K:[a-z0-9]*]]: memref<?x2x8xf32>, %[[V:[a-z0-9]*]]: memref<?x2x8xf32>, %[[PAST:[a-z0-9]*]]: index, %[[S:.*]]: memref<8x64x8xf32>
// CHECK: scf.for %[[ROW:.*]] =
// CHECK:   %[[AT:.*]] = arith.addi %[[PAST]], %[[ROW]]
// CHECK:   scf.for %[[HEAD:.*]] =
// CHECK:     %[[KS:.*]] = arith.addi %[[HEAD]], %c4
// CHECK:     %[[KX:.*]] = vector.load %[[K]]
// CHECK:     vector.store %[[KX]], %[[S]][%[[KS]], %[[AT]], %c0]
// CHECK:     %[[VX:.*]] = vector.load %[[V]]
// CHECK:     vector.store %[[VX]], %[[S]]
func.func @append(%k: memref<?x2x8xf32>, %v: memref<?x2x8xf32>, %past: index, %s: memref<8x64x8xf32>) {
  attention.append ins(%k, %v : memref<?x2x8xf32>, memref<?x2x8xf32>) at %past into %s layer(1) : memref<8x64x8xf32>
  return
}

// Several rows: a block of keys is transposed, and each row of a block of rows goes through it.
// CHECK-LABEL: func.func @attend
// CHECK-DAG: memref.alloc() : memref<64xf32>
// CHECK-DAG: memref.alloc() : memref<16x8xf32>
// CHECK-DAG: %[[KEYS:.*]] = memref.alloc() : memref<8x64xf32>
// CHECK: scf.for
// CHECK:   arith.divui
// CHECK:   scf.for
// CHECK:     memref.store {{.*}}, %[[KEYS]]
// CHECK:     scf.if
// CHECK:       vector.load %[[KEYS]]
// CHECK:       arith.maximumf
// CHECK-NOT: attention.
func.func @attend(%q: memref<?x4x8xf32>, %s: memref<8x64x8xf32>, %past: index, %o: memref<?x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<?x4x8xf32>) state(%s : memref<8x64x8xf32>) at %past, %c0
      outs(%o : memref<?x4x8xf32>) layer(1) heads_per_group(2) scale(0.35) heads(2)
  return
}

// One row: a dot product for each key.
// CHECK-LABEL: func.func @attend_one
// CHECK-NOT: memref<8x64xf32>
// CHECK: scf.for
// CHECK:   arith.divui
// CHECK:   scf.for {{.*}} iter_args
// CHECK:     arith.maximumf
// CHECK-NOT: attention.
func.func @attend_one(%q: memref<1x4x8xf32>, %s: memref<8x64x8xf32>, %past: index, %o: memref<1x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<1x4x8xf32>) state(%s : memref<8x64x8xf32>) at %past, %c0
      outs(%o : memref<1x4x8xf32>) layer(1) heads_per_group(2) scale(0.35) heads(2)
  return
}

// The fast one of several rows: fused sums, or tiles of the matrix unit, keys left and queries right, values left and weights
// right. So does one row of heads that share keys. The fixed one has neither.
// FUSED-NOT: math.fma
// TILES-NOT: amx.
// FUSED-LABEL: func.func @fast
// FUSED: math.fma
// FUSED-NOT: attention.
// TILES-LABEL: func.func @fast
// TILES: amx.tile_zero
// TILES: amx.tile_mulf {{.*}} : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// TILES: arith.select
// TILES: math.fma
// TILES: amx.tile_mulf
// TILES: arith.divf
// TILES-NOT: attention.
func.func @fast(%q: memref<?x4x8xf32>, %s: memref<8x64x8xf16>, %past: index, %o: memref<?x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<?x4x8xf32>) state(%s : memref<8x64x8xf16>) at %past, %c0
      outs(%o : memref<?x4x8xf32>) layer(1) heads_per_group(2) scale(0.35) heads(2) numerics(fast)
  return
}
// FUSED-LABEL: func.func @fast_one
// FUSED: math.fma
// TILES-LABEL: func.func @fast_one
// TILES: amx.tile_mulf
func.func @fast_one(%q: memref<1x4x8xf32>, %s: memref<8x64x8xf16>, %past: index, %o: memref<1x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<1x4x8xf32>) state(%s : memref<8x64x8xf16>) at %past, %c0
      outs(%o : memref<1x4x8xf32>) layer(1) heads_per_group(2) scale(0.35) heads(2) numerics(fast)
  return
}
// FUSED-LABEL: func.func @fast_alone
// FUSED: math.fma
// TILES-LABEL: func.func @fast_alone
// TILES-NOT: amx.
// TILES: math.fma
func.func @fast_alone(%q: memref<1x2x8xf32>, %s: memref<8x64x8xf16>, %past: index, %o: memref<1x2x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<1x2x8xf32>) state(%s : memref<8x64x8xf16>) at %past, %c0
      outs(%o : memref<1x2x8xf32>) layer(1) heads_per_group(1) scale(0.35) heads(2) numerics(fast)
  return
}

// Codes: a block of 64 keys is decoded to floats, and the rest goes as before. One that has a residual looks at blocks of positions apart.
// CHECK-LABEL: func.func @coded
// CHECK-DAG: memref.alloc() : memref<64x8xf32>
// CHECK-DAG: %[[BYTES:.*]] = memref.collapse_shape %{{.*}} {{\[\[}}0], [1, 2]] : memref<8x64x12xi8> into memref<8x768xi8>
// CHECK: vector.load %[[BYTES]]{{.*}} : memref<8x768xi8>, vector<8xi8>
// CHECK: arith.extsi {{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: arith.sitofp
// CHECK: arith.maximumf
// CHECK-NOT: attention.
func.func @coded(%q: memref<1x4x8xf32>, %s: memref<8x64x12xi8>, %past: index, %o: memref<1x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<1x4x8xf32>) state(%s : memref<8x64x12xi8>) at %past, %c0 outs(%o : memref<1x4x8xf32>)
      layer(1) heads_per_group(2) scale(0.35) heads(2) stored(!attention.coded<symmetric, bits = 8, group = 1, residual = 0>)
  return
}

// Capped scores: a block of them, before its maximum; on tiles the rows of a block, before the mask.
// CHECK-LABEL: func.func @capped
// CHECK-DAG: %[[CAP:.*]] = arith.constant dense<5.000000e+01> : vector<16xf32>
// CHECK: %[[PART:.*]] = arith.divf %{{.*}}, %[[CAP]] : vector<16xf32>
// CHECK: arith.mulf %{{.*}}, %[[CAP]] : vector<16xf32>
// CHECK: vector.create_mask
// CHECK: arith.maximumf
// CHECK-NOT: attention.
func.func @capped(%q: memref<1x4x8xf32>, %s: memref<8x64x8xf32>, %past: index, %o: memref<1x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<1x4x8xf32>) state(%s : memref<8x64x8xf32>) at %past, %c0
      outs(%o : memref<1x4x8xf32>) layer(1) heads_per_group(2) scale(0.35) cap(50.0) heads(2)
  return
}
// 2^-6 of 2^-3 and 2^3; 8 log2(e).
// TILES-LABEL: func.func @fast_capped
// TILES-DAG: arith.constant dense<1.562500e-02> : vector<16xf32>
// TILES-DAG: %[[CAP:.*]] = arith.constant dense<11.5415{{[0-9]*}}> : vector<16xf32>
// TILES: amx.tile_mulf
// TILES: arith.mulf %{{.*}}, %[[CAP]] : vector<16xf32>
// TILES: arith.cmpi sgt
// TILES: math.fma
// TILES-NOT: attention.
func.func @fast_capped(%q: memref<?x4x8xf32>, %s: memref<8x64x8xf16>, %past: index, %o: memref<?x4x8xf32>) {
  %c0 = arith.constant 0 : index
  attention.attend ins(%q : memref<?x4x8xf32>) state(%s : memref<8x64x8xf16>) at %past, %c0
      outs(%o : memref<?x4x8xf32>) layer(1) heads_per_group(2) scale(0.125) cap(8.0) heads(2) numerics(fast)
  return
}
