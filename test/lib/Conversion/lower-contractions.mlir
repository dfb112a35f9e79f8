// RUN: coopt-opt %s --coopt-lower-contractions --canonicalize | FileCheck %s --check-prefixes=CHECK,GENERIC
// RUN: coopt-opt %s --coopt-lower-contractions=isa=avx2 --canonicalize | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: coopt-opt %s --coopt-lower-contractions=isa=avx512 --canonicalize | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: coopt-opt %s --coopt-lower-contractions=isa=amx --canonicalize | FileCheck %s --check-prefix=AMX

#a = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#s = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g = #quantized.scheme<bits = 3, group = 16, asymmetric, scale = f16>

// The packed weights are read as they lie: 16 columns of one k at a time.
// CHECK-LABEL: func.func @floats
// CHECK-SAME: %[[A:.*]]: memref<?x64xf32>, %[[P:.*]]: memref<11264xf32>
// CHECK-NOT: linalg.generic
// CHECK: vector.load %[[P]]{{.*}} vector<16xf32>
// CHECK: memref.load %[[A]]
// GENERIC: arith.mulf
// GENERIC: arith.addf
// AVX2: math.fma
// AVX512: math.fma
// The last of 172 columns are 12.
// CHECK: vector.store {{.*}} vector<12xf32>
func.func @floats(%a: memref<?x64xf32>, %p: memref<11264xf32>, %y: memref<?x172xf32>) {
  %w = model.unpack %p layout(<"[172, 64] tile(d0:4) outer(d0, d1)">) : memref<11264xf32> -> memref<172x64xf32>
  linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<?x64xf32>, memref<172x64xf32>) outs(%y : memref<?x172xf32>) {
  ^bb0(%x: f32, %v: f32, %o: f32):
    %0 = arith.mulf %x, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// CHECK-LABEL: func.func @codes
// CHECK-SAME: %[[A:.*]]: memref<?x64xi8>, %{{.*}}: memref<?xf32>, %[[P:.*]]: memref<11264xi8>
// CHECK-NOT: quantized.contract
// Rows of 64 are whole tiles: they are read where they stand. A run of 64 codes of 16 channels, moved up to be unsigned.
// CHECK: scf.for
// CHECK: %[[SUMS:.*]] = memref.alloc() : memref<{{[0-9]}}x1xi32>
// CHECK: scf.for
// CHECK: %[[QUAD:.*]] = vector.load %[[P]]{{.*}} : memref<11264xi8>, vector<64xi8>
// CHECK: arith.xori %[[QUAD]]
// GENERIC: llvm.call_intrinsic "llvm.x86.sse2.pmadd.wd"
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX512: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// What the codes were moved up by goes again, and the scales come last.
// CHECK: memref.load %[[SUMS]]
// CHECK: arith.subi
// CHECK: arith.sitofp
// CHECK: arith.mulf
// CHECK: arith.mulf

// On the matrix unit a tile of codes is an operand as it stands.
// AMX-LABEL: func.func @codes
// AMX-SAME: %[[A:.*]]: memref<?x64xi8>, %{{.*}}: memref<?xf32>, %[[P:.*]]: memref<11264xi8>
// AMX: %[[TILES:.*]] = memref.expand_shape %[[P]]
// Whole blocks of 32 rows are read in place.
// AMX: %[[ROWS:.*]] = scf.if {{.*}} -> (memref<?x?xi8
// AMX: memref.cast %[[A]]
// AMX: %[[UPPER:.*]] = amx.tile_load %[[ROWS]]
// AMX: %[[LEFT:.*]] = amx.tile_load %[[TILES]]
// AMX: amx.tile_muli %[[UPPER]], %[[LEFT]]
// AMX-NOT: vpdpbusd
func.func @codes(%a: memref<?x64xi8>, %sa: memref<?xf32>, %p: memref<11264xi8>, %sw: memref<172xf32>,
                 %y: memref<?x172xf32>) {
  %w = model.unpack %p layout(<"[172, 64] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>)
      : memref<11264xi8> -> memref<172x64xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<?x64xi8>, memref<?xf32>, memref<172x64xi8>, memref<172xf32>)
      outs(%y : memref<?x172xf32>) schemes(#s, #s) scale_at(output)
  return
}

// Two contractions whose results meet in one op, a few rows at a time: on the matrix unit the loop over rows goes, and so
// do the buffers of the results; sums meet while those of the next block are made.
// AMX-LABEL: func.func @gated
// AMX-NOT: memref.alloc{{.*}}xf32>
// AMX: scf.for
// AMX: scf.for
// AMX: %[[GATE:.*]] = vector.load {{.*}} : memref<64x32xi32>, vector<16xi32>
// AMX: %[[UP:.*]] = vector.load {{.*}} : memref<64x32xi32>, vector<16xi32>
// AMX: arith.maximumf
// AMX: vector.maskedstore
// AMX: amx.tile_muli
// AMX-NOT: linalg.generic
func.func @gated(%a: memref<?x64xi8>, %sa: memref<?xf32>, %p: memref<11264xi8>, %q: memref<11264xi8>,
                 %sw: memref<172xf32>, %y: memref<?x172xf32>, %rows: index) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %rows step %c32 {
    %n = affine.min affine_map<(d0)[s0] -> (-d0 + s0, 32)>(%i)[%rows]
    %ai = memref.subview %a[%i, 0] [%n, 64] [1, 1] : memref<?x64xi8> to memref<?x64xi8, strided<[64, 1], offset: ?>>
    %si = memref.subview %sa[%i] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
    %yi = memref.subview %y[%i, 0] [%n, 172] [1, 1]
        : memref<?x172xf32> to memref<?x172xf32, strided<[172, 1], offset: ?>>
    %w = model.unpack %p layout(<"[172, 64] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>)
        : memref<11264xi8> -> memref<172x64xi8>
    %gate = memref.alloc(%n) : memref<?x172xf32>
    quantized.contract ins(%ai, %si, %w, %sw : memref<?x64xi8, strided<[64, 1], offset: ?>>,
        memref<?xf32, strided<[1], offset: ?>>, memref<172x64xi8>, memref<172xf32>)
        outs(%gate : memref<?x172xf32>) schemes(#s, #s) scale_at(output)
    %v = model.unpack %q layout(<"[172, 64] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>)
        : memref<11264xi8> -> memref<172x64xi8>
    %up = memref.alloc(%n) : memref<?x172xf32>
    quantized.contract ins(%ai, %si, %v, %sw : memref<?x64xi8, strided<[64, 1], offset: ?>>,
        memref<?xf32, strided<[1], offset: ?>>, memref<172x64xi8>, memref<172xf32>)
        outs(%up : memref<?x172xf32>) schemes(#s, #s) scale_at(output)
    linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%gate, %up : memref<?x172xf32>, memref<?x172xf32>)
        outs(%yi : memref<?x172xf32, strided<[172, 1], offset: ?>>) {
    ^bb0(%g: f32, %u: f32, %o: f32):
      %0 = arith.maximumf %g, %zero : f32
      %1 = arith.mulf %0, %u : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// Three bits are two planes: 256 bytes of the low two bits, then 128 of the upper one.
// CHECK-LABEL: func.func @planes
// CHECK-SAME: %[[P:[a-z0-9]+]]: memref<768xi8>
// CHECK-NOT: quantized.contract
// CHECK-DAG: %[[LOW:.*]] = arith.constant dense<3> : vector<64xi8>
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1> : vector<64xi8>
// CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2> : vector<64xi8>
// CHECK-DAG: %[[SECOND:.*]] = arith.constant 256 : index
// CHECK: %[[RAW:.*]] = vector.load %[[P]]
// CHECK: %[[PART:.*]] = arith.shrui %[[RAW]]
// CHECK: %[[BITS:.*]] = arith.andi %[[PART]], %[[LOW]]
// CHECK: %[[RAW2:.*]] = vector.load %[[P]]
// CHECK: %[[PART2:.*]] = arith.shrui %[[RAW2]]
// CHECK: %[[BIT:.*]] = arith.andi %[[PART2]], %[[ONE]]
// CHECK: %[[MOVED:.*]] = arith.shli %[[BIT]], %[[TWO]]
// CHECK: arith.ori %[[BITS]], %[[MOVED]]
// Float activations meet differences of codes and zeros, converted; AVX-512 permutes numbers instead.
// GENERIC: arith.subi {{.*}} : vector<64xi8>
// GENERIC: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// GENERIC: arith.mulf
// AVX2: arith.subi {{.*}} : vector<64xi8>
// AVX2: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// AVX2: math.fma
// AVX512: math.fma
// AMX-LABEL: func.func @planes
// AMX-NOT: amx.tile
// AMX: math.fma
func.func @planes(%a: memref<?x100xf32>, %p: memref<768xi8>, %ps: memref<112xf16>, %pz: memref<112xi8>,
                  %y: memref<?x9xf32>) {
  %w = model.unpack %p layout(<"[9, 100] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 3>)
      : memref<768xi8> -> memref<9x100xi8>
  %s = model.unpack %ps layout(<"[9, 7] tile(d0:4) outer(d0, d1)">) : memref<112xf16> -> memref<9x7xf16>
  %z = model.unpack %pz layout(<"[9, 7] tile(d0:4) outer(d0, d1)">) : memref<112xi8> -> memref<9x7xi8>
  quantized.contract ins(%a, %w, %s, %z : memref<?x100xf32>, memref<9x100xi8>, memref<9x7xf16>, memref<9x7xi8>)
      outs(%y : memref<?x9xf32>) schemes(float, #g) scale_at(element)
  return
}

// Whether n is the start of a panel isn't known: the contraction reads the view.
// CHECK-LABEL: func.func @unknown_offset
// CHECK: %[[W:.*]] = model.unpack
// CHECK: vector.load %[[W]]
func.func @unknown_offset(%a: memref<?x64xf32>, %p: memref<11264xf32>, %n: index, %y: memref<?x16xf32>) {
  %c0 = arith.constant 0 : index
  %w = model.unpack %p[%n, %c0] layout(<"[172, 64] tile(d0:4) outer(d0, d1)">)
      : memref<11264xf32> -> memref<16x64xf32>
  linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : memref<?x64xf32>, memref<16x64xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%x: f32, %v: f32, %o: f32):
    %0 = arith.mulf %x, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// A loop over tiles of 64 columns starts each at a panel.
// CHECK-LABEL: func.func @tiles
// CHECK-NOT: linalg.generic
func.func @tiles(%a: memref<?x64xf32>, %p: memref<12288xf32>, %y: memref<?x192xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c192 = arith.constant 192 : index
  scf.for %n = %c0 to %c192 step %c64 {
    %w = model.unpack %p[%n, %c0] layout(<"[192, 64] tile(d0:4) outer(d0, d1)">)
        : memref<12288xf32> -> memref<64x64xf32>
    %t = memref.subview %y[0, %n] [1, 64] [1, 1] : memref<?x192xf32> to memref<1x64xf32, strided<[192, 1], offset: ?>>
    %s = memref.subview %a[0, 0] [1, 64] [1, 1] : memref<?x64xf32> to memref<1x64xf32, strided<[64, 1]>>
    linalg.generic {indexing_maps = [#a, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%s, %w : memref<1x64xf32, strided<[64, 1]>>, memref<64x64xf32>)
        outs(%t : memref<1x64xf32, strided<[192, 1], offset: ?>>) {
    ^bb0(%x: f32, %v: f32, %o: f32):
      %0 = arith.mulf %x, %v : f32
      %1 = arith.addf %o, %0 : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// What follows two contractions, which vectors compute where there are one or two rows. Whoever has no matrix unit computes all rows alike.
// CHECK-LABEL: func.func @few
// CHECK-NOT: scf.index_switch
// CHECK: return
// AMX-LABEL: func.func @few
// AMX: %[[ROWS:.*]] = memref.dim
// AMX: scf.index_switch %[[ROWS]]
// AMX: case 1 {
// AMX-NOT: amx.
// AMX-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// AMX: linalg.generic {{.*}} memref<1x16xf32>, memref<1x16xf32>) outs(%{{.*}} : memref<1x16xf32
// AMX: case 2 {
// AMX-NOT: amx.
// AMX: linalg.generic {{.*}} memref<2x16xf32>, memref<2x16xf32>) outs(%{{.*}} : memref<2x16xf32
// AMX: default {
// AMX-NOT: vpdpbusd
// AMX: amx.tile_muli
// AMX-NOT: linalg.generic
// AMX: return
func.func @few(%a: memref<?x64xi8>, %s: memref<?xf32>, %p: memref<1024xi8>, %t: memref<16xf32>, %rows: index, %y: memref<?x16xf32>) {
  %w = model.unpack %p layout(<"[16, 64] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>) : memref<1024xi8> -> memref<16x64xi8>
  %u = memref.alloc(%rows) : memref<?x16xf32>
  %v = memref.alloc(%rows) : memref<?x16xf32>
  quantized.contract ins(%a, %s, %w, %t : memref<?x64xi8>, memref<?xf32>, memref<16x64xi8>, memref<16xf32>)
      outs(%u : memref<?x16xf32>) schemes(#s, #s) scale_at(output) {coopt.vector_rows = 2}
  quantized.contract ins(%a, %s, %w, %t : memref<?x64xi8>, memref<?xf32>, memref<16x64xi8>, memref<16xf32>)
      outs(%v : memref<?x16xf32>) schemes(#s, #s) scale_at(output) {coopt.vector_rows = 2}
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%u, %v : memref<?x16xf32>, memref<?x16xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%x: f32, %z: f32, %o: f32):
    %0 = arith.mulf %x, %z : f32
    linalg.yield %0 : f32
  }
  return
}
