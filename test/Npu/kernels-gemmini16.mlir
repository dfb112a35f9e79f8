// Products of an array of 16 columns, on another machine than kernels.mlir.

// DEFINE: %{machine} = npu:gemmini16
// RUN: rm -rf %t
// RUN: coopt-opt %s --coopt-lower-to-npu=machine=%{machine} --canonicalize --cse --loop-invariant-code-motion \
// RUN:   --npu-allocate-memory=machine=%{machine} --npu-synchronise=machine=%{machine} --coopt-emit-npu-images=output=%t -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/product.npu.txt --check=%{machine} -o %t/product.npu
// RUN: coopt-npu-objdump --assemble %t/deep_product.npu.txt --check=%{machine} -o %t/deep_product.npu

// RUN: coopt-test-image product %t/product.npu %{machine} 70 1 33 | FileCheck %s --check-prefix=PRODUCT
// PRODUCT: product: 3 sizes: equal
// RUN: coopt-test-image deep_product %t/deep_product.npu %{machine} 3 1 | FileCheck %s --check-prefix=DEEP-PRODUCT
// DEEP-PRODUCT: deep_product: 2 sizes: equal

#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @product(%a: memref<?x45xi8> {npu.bytes = 3150 : i64}, %sa: memref<?xf32> {npu.bytes = 280 : i64}, %p: memref<2160xi8>,
                   %sw: memref<37xf32>, %y: memref<?x37xf32> {npu.bytes = 10360 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x45xi8>
  %n = affine.min affine_map<(d0) -> (d0, 70)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 45] [1, 1] : memref<?x45xi8> to memref<?x45xi8, strided<[45, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 37] [1, 1] : memref<?x37xf32> to memref<?x37xf32, strided<[37, 1]>>
  %w = model.unpack %p layout(<"[37, 45] tile(d0:4) outer(d0, d1)", bits = 8>) : memref<2160xi8> -> memref<37x45xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x45xi8, strided<[45, 1]>>, memref<?xf32, strided<[1]>>, memref<37x45xi8>, memref<37xf32>)
      outs(%y.n : memref<?x37xf32, strided<[37, 1]>>) schemes(#symmetric, #symmetric) scale_at(output)
  return
}

func.func @deep_product(%a: memref<?x4237xi8> {npu.bytes = 12711 : i64}, %sa: memref<?xf32> {npu.bytes = 12 : i64}, %p: memref<135584xi8>,
                   %sw: memref<20xf32>, %y: memref<?x20xf32> {npu.bytes = 240 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x4237xi8>
  %n = affine.min affine_map<(d0) -> (d0, 3)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 4237] [1, 1] : memref<?x4237xi8> to memref<?x4237xi8, strided<[4237, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 20] [1, 1] : memref<?x20xf32> to memref<?x20xf32, strided<[20, 1]>>
  %w = model.unpack %p layout(<"[20, 4237] tile(d0:4) outer(d0, d1)", bits = 8>) : memref<135584xi8> -> memref<20x4237xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x4237xi8, strided<[4237, 1]>>, memref<?xf32, strided<[1]>>, memref<20x4237xi8>, memref<20xf32>)
      outs(%y.n : memref<?x20xf32, strided<[20, 1]>>) schemes(#symmetric, #symmetric) scale_at(output)
  return
}
