// RUN: coopt-opt %s --coopt-lower-leaves=isa=generic | FileCheck %s --check-prefix=LEAVES
// RUN: coopt-opt %s --coopt-lower-leaves=isa=avx512 --coopt-lower-to-llvm | FileCheck %s --check-prefix=LLVM

// Functions in nested modules too.
// LEAVES-LABEL: func.func @norm
// LEAVES-NOT: {{model|linalg|quantized|attention|math.rsqrt|memref.alloc|memref.copy}}
// LEAVES: return
// LLVM-LABEL: llvm.func @norm
// LLVM-NOT: unrealized_conversion_cast
// LLVM: llvm.return
module @kernels {
  func.func @norm(%x: memref<?x64xf32>, %y: memref<?x64xf32>, %scratch: memref<?xi8> {coopt.scratch}) {
    %c0 = arith.constant 0 : index
    %n = memref.dim %x, %c0 : memref<?x64xf32>
    %rows = affine.min affine_map<()[n] -> (4, n)>()[%n]
    %s = memref.alloc(%rows) : memref<?xf32>
    %t = memref.alloc(%rows) : memref<?x64xf32>
    memref.copy %x, %t : memref<?x64xf32> to memref<?x64xf32>
    model.row_reduce sum ins(%t : memref<?x64xf32>) outs(%s : memref<?xf32>)
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
                                     affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%x, %s : memref<?x64xf32>, memref<?xf32>) outs(%y : memref<?x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = math.rsqrt %b : f32
      %1 = arith.mulf %a, %0 : f32
      linalg.yield %1 : f32
    }
    return
  }
}
