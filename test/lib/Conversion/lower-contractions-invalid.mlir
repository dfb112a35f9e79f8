// RUN: coopt-opt %s --coopt-lower-contractions --verify-diagnostics

#s = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>

func.func @codes(%a: memref<?x64xi4>, %sa: memref<?xf32>, %w: memref<16x64xi4>, %sw: memref<16xf32>,
                 %y: memref<?x16xf32>) {
  // expected-error @+1 {{expected codes in bytes on CPU}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<?x64xi4>, memref<?xf32>, memref<16x64xi4>, memref<16xf32>)
      outs(%y : memref<?x16xf32>) schemes(#s, #s) scale_at(output)
  return
}
