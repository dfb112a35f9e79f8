// RUN: coopt-opt %s --coopt-lower-contractions --canonicalize | FileCheck %s --check-prefixes=CHECK,GENERIC
// RUN: coopt-opt %s --coopt-lower-contractions=isa=avx2 --canonicalize | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: coopt-opt %s --coopt-lower-contractions=isa=avx512 --canonicalize | FileCheck %s --check-prefixes=CHECK,AVX512

#a = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
#s = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

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
// CHECK-NOT: quantized.contract
// CHECK: memref.alloc() : memref<{{[0-9]}}x64xi16>
// CHECK: vector.load {{.*}} vector<32xi8>
// CHECK: arith.extsi {{.*}} : vector<32xi8> to vector<32xi16>
// GENERIC: llvm.call_intrinsic "llvm.x86.sse2.pmadd.wd"
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX512: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
// CHECK: arith.sitofp
// CHECK: arith.mulf
// CHECK: arith.mulf
func.func @codes(%a: memref<?x64xi8>, %sa: memref<?xf32>, %p: memref<11264xi8>, %sw: memref<172xf32>,
                 %y: memref<?x172xf32>) {
  %w = model.unpack %p layout(<"[172, 64] tile(d1:1, d0:4) outer(d0, d1)">) : memref<11264xi8> -> memref<172x64xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<?x64xi8>, memref<?xf32>, memref<172x64xi8>, memref<172xf32>)
      outs(%y : memref<?x172xf32>) schemes(#s, #s) scale_at(output)
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
