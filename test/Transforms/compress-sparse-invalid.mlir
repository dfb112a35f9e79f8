// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w4a8-g32-asym sparsify=2:4' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w4a8-g32-asym sparsify=2:4x16' 2>&1 | FileCheck %s --check-prefix=PARTS
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w1a8 sparsify=2:4' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=nf4 sparsify=2:4' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w8a8 sparsify=2:5' 2>&1 | FileCheck %s --check-prefix=RUNS
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w8a8 sparsify=2:4x2' 2>&1 | FileCheck %s --check-prefix=BLOCKS
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w3a8 sparsify=1:4x16' 2>&1 | FileCheck %s --check-prefix=VECTORS
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w8a8 sparsify=half' 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not coopt-opt %s -coopt-phase-compress='quantize=w8a8 sparsify=4:4' 2>&1 | FileCheck %s --check-prefix=ALL
// ZERO: error: sparsity 2:4 needs codes of which 0 means zero: a symmetric scheme, or groups of columns that are dropped as a whole
// PARTS: error: sparsity 2:4x16 needs codes of which 0 means zero
// RUNS: error: sparsity 2:5 of 8 bits: expected runs of 2, 4, 8, 16, 32 or 64 elements, or groups of 4, 8, 16 or 32 columns in runs of a divisor of 64
// BLOCKS: error: sparsity 2:4x2 of 8 bits: expected runs of 2, 4, 8, 16, 32 or 64 elements, or groups of 4
// VECTORS: error: sparsity 1:4x16 of 3 bits: too few bits are left of a tile of 16 rows and 64 columns to be read as vectors
// TEXT: error: sparsity 'half': expected N:M (2:4), N:MxC for groups of C columns (2:4x16), group16:0.5 or block8x16:0.5
// ALL: error: sparsity '4:4': expected at least 1 and fewer than all to be kept, got 4 of 4

// What goes together is no error.
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w4a8-g16-asym sparsify=2:4x16'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w4a8-g16-asym sparsify=2:4x8x16'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w4a8-g16-asym sparsify=1:2x32'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w3a8 sparsify=2:4'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w3a8 sparsify=2:8'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w4a8 sparsify=32:64'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w8a8 sparsify=3:4'
// RUN: coopt-opt %s -coopt-phase-compress='sparsify=2:5'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=w4a8-g32 sparsify=4:8'
// RUN: coopt-opt %s -coopt-phase-compress='quantize=mxfp4 sparsify=1:4'
model.parameter @up : tensor<32x128xf32> from #model.noise<seed = 3, scale = 1.000000e-01>
model.entry @forward(%x: tensor<?x128xf32>) -> (tensor<?x32xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
  %t = model.size "tokens" : index
  %zero = arith.constant 0.0 : f32
  %w = model.load @up : tensor<32x128xf32>
  %e = tensor.empty(%t) : tensor<?x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%x, %w : tensor<?x128xf32>, tensor<32x128xf32>) outs(%f : tensor<?x32xf32>) {coopt.id = "up"} -> tensor<?x32xf32>
  model.return %y : tensor<?x32xf32>
}
