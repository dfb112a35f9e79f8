// Products with codes of few bits, groups, zeros and two levels, rows of tables of such codes, and what they mean: values are compared with loops
// of test/Npu/Inputs/KernelWeights.cpp, on an array that takes i4 (edge1), one that takes i8 alone (gemmini16), and one of bf16 (trn-like). "@4" is
// the place of codes of 4 bits in panels of as many rows as the array has columns.

// DEFINE: %{machine} = npu:edge1
// DEFINE: %{places} = s/@8/tile(d0:5)/; s/@4/basis(d0:16^1^2^4^8)/; s/@2/basis(d0:8^16^1^2^4)/
// DEFINE: %{name} = none
// DEFINE: %{lower} = sed '%{places}' %s | coopt-opt - --coopt-lower-to-npu=machine=%{machine} --canonicalize --cse --loop-invariant-code-motion --npu-double-buffer --canonicalize --cse --npu-allocate-memory=machine=%{machine} --npu-synchronise=machine=%{machine} --coopt-emit-npu-images=output=%t -o %t.mlir
// DEFINE: %{sizes} = none
// DEFINE: %{image} = coopt-npu-objdump --assemble %t/%{name}.npu.txt --check=%{machine} -o %t/%{name}.npu && coopt-test-image %{name} %t/%{name}.npu %{machine} %{sizes} | FileCheck %s --check-prefix=EQUAL
// EQUAL: {{[1-3]}} sizes: equal

// RUN: rm -rf %t
// RUN: %{lower}
// REDEFINE: %{name} = narrow_product
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = groups_of_zeros
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = levels
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = two_bits
// REDEFINE: %{sizes} = 9 1
// RUN: %{image}
// REDEFINE: %{name} = byte_zeros
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = long_groups
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}
// REDEFINE: %{name} = packed_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = centred_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = centred_bytes
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = decoded_groups
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}
// REDEFINE: %{name} = decoded_zeros
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}
// REDEFINE: %{name} = decoded_levels
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}

// REDEFINE: %{machine} = npu:gemmini16
// REDEFINE: %{places} = s/@8/tile(d0:4)/; s/@4/basis(d0:8^1^2^4)/; s/@2/basis(d0:4^8^1^2)/
// RUN: rm -rf %t
// RUN: %{lower}
// REDEFINE: %{name} = narrow_product
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = groups_of_zeros
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = levels
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = two_bits
// REDEFINE: %{sizes} = 9 1
// RUN: %{image}
// REDEFINE: %{name} = byte_zeros
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = long_groups
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}
// REDEFINE: %{name} = packed_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = centred_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = centred_bytes
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = decoded_groups
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}
// REDEFINE: %{name} = decoded_zeros
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}
// REDEFINE: %{name} = decoded_levels
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}

// REDEFINE: %{machine} = npu:trn-like
// REDEFINE: %{places} = s/@8/tile(d0:7)/; s/@4/basis(d0:64^1^2^4^8^16^32)/; s/@2/basis(d0:32^64^1^2^4^8^16)/
// RUN: rm -rf %t
// RUN: %{lower}
// REDEFINE: %{name} = narrow_product
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = groups_of_zeros
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = levels
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = two_bits
// REDEFINE: %{sizes} = 9 1
// RUN: %{image}
// REDEFINE: %{name} = byte_zeros
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = long_groups
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}
// REDEFINE: %{name} = packed_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = centred_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = centred_bytes
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = decoded_groups
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}
// REDEFINE: %{name} = decoded_zeros
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}
// REDEFINE: %{name} = decoded_levels
// REDEFINE: %{sizes} = 21 1
// RUN: %{image}

#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @narrow_product(%a: memref<?x45xi8> {npu.bytes = 3150 : i64}, %sa: memref<?xf32> {npu.bytes = 280 : i64}, %p: memref<2880xi8>, %sw: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 33600 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x45xi8>
  %n = affine.min affine_map<(d0) -> (d0, 70)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 45] [1, 1] : memref<?x45xi8> to memref<?x45xi8, strided<[45, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 45] @4 outer(d0, d1)", bits = 4>) : memref<2880xi8> -> memref<120x45xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x45xi8, strided<[45, 1]>>, memref<?xf32, strided<[1]>>, memref<120x45xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

func.func @groups(%a: memref<?x90xi8> {npu.bytes = 3600 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<5760xi8>, %ps: memref<384xf16>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] @4 outer(d0, d1)", bits = 4>) : memref<5760xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xf16> -> memref<120x3xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x3xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @groups_of_zeros(%a: memref<?x90xi8> {npu.bytes = 3600 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<5760xi8>, %ps: memref<640xf16>, %pz: memref<640xi8>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] @4 outer(d0, d1)", bits = 4 centred>) : memref<5760xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 5] @8 outer(d0, d1)">) : memref<640xf16> -> memref<120x5xf16>
  %zw = model.unpack %pz layout(<"[120, 5] @8 outer(d0, d1)">) : memref<640xi8> -> memref<120x5xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw, %zw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x5xf16>, memref<120x5xi8>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 20, asymmetric, scale = f16>) scale_at(group)
  return
}

func.func @levels(%a: memref<?x300xi8> {npu.bytes = 2700 : i64}, %sa: memref<?xf32> {npu.bytes = 36 : i64}, %p: memref<19200xi8>, %ps: memref<384xi8>, %pz: memref<384xi8>, %ow: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 4320 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x300xi8>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 300] [1, 1] : memref<?x300xi8> to memref<?x300xi8, strided<[300, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 300] @4 outer(d0, d1)", bits = 4 centred>) : memref<19200xi8> -> memref<120x300xi8>
  %sw = model.unpack %ps layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xi8> -> memref<120x3xi8>
  %zw = model.unpack %pz layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xi8> -> memref<120x3xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw, %zw, %ow : memref<?x300xi8, strided<[300, 1]>>, memref<?xf32, strided<[1]>>, memref<120x300xi8>, memref<120x3xi8>, memref<120x3xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 128, asymmetric, scale = i8, outer = f32>) scale_at(output)
  return
}

func.func @two_bits(%a: memref<?x64xi8> {npu.bytes = 576 : i64}, %sa: memref<?xf32> {npu.bytes = 36 : i64}, %p: memref<2048xi8>, %ps: memref<256xf16>, %y: memref<?x120xf32> {npu.bytes = 4320 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x64xi8>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 64] [1, 1] : memref<?x64xi8> to memref<?x64xi8, strided<[64, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 64] @2 outer(d0, d1)", bits = 2>) : memref<2048xi8> -> memref<120x64xi8>
  %sw = model.unpack %ps layout(<"[120, 2] @8 outer(d0, d1)">) : memref<256xf16> -> memref<120x2xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x64xi8, strided<[64, 1]>>, memref<?xf32, strided<[1]>>, memref<120x64xi8>, memref<120x2xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 2, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @byte_zeros(%a: memref<?x2100xi8> {npu.bytes = 6300 : i64}, %sa: memref<?xf32> {npu.bytes = 12 : i64}, %p: memref<268800xi8>, %sw: memref<120xf32>, %zw: memref<120xi8>, %y: memref<?x120xf32> {npu.bytes = 1440 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x2100xi8>
  %n = affine.min affine_map<(d0) -> (d0, 3)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 2100] [1, 1] : memref<?x2100xi8> to memref<?x2100xi8, strided<[2100, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 2100] @8 outer(d0, d1)", bits = 8 centred>) : memref<268800xi8> -> memref<120x2100xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw, %zw : memref<?x2100xi8, strided<[2100, 1]>>, memref<?xf32, strided<[1]>>, memref<120x2100xi8>, memref<120xf32>, memref<120xi8>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 8, group = 0, asymmetric, scale = f32>) scale_at(output)
  return
}

func.func @long_groups(%a: memref<?x6000xi8> {npu.bytes = 12000 : i64}, %sa: memref<?xf32> {npu.bytes = 8 : i64}, %p: memref<384000xi8>, %ps: memref<256xf16>, %y: memref<?x120xf32> {npu.bytes = 960 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x6000xi8>
  %n = affine.min affine_map<(d0) -> (d0, 2)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 6000] [1, 1] : memref<?x6000xi8> to memref<?x6000xi8, strided<[6000, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 6000] @4 outer(d0, d1)", bits = 4>) : memref<384000xi8> -> memref<120x6000xi8>
  %sw = model.unpack %ps layout(<"[120, 2] @8 outer(d0, d1)">) : memref<256xf16> -> memref<120x2xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x6000xi8, strided<[6000, 1]>>, memref<?xf32, strided<[1]>>, memref<120x6000xi8>, memref<120x2xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 5000, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @packed_rows(%p: memref<1152xi8>, %ids: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x18xi8> {npu.bytes = 540 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %ids, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %ids.n = memref.subview %ids[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 18] [1, 1] : memref<?x18xi8> to memref<?x18xi8, strided<[18, 1]>>
  %t = model.unpack %p layout(<"[120, 18] @4 outer(d0, d1)", bits = 4>) : memref<1152xi8> -> memref<120x18xi8>
  model.gather ins(%t, %ids.n : memref<120x18xi8>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x18xi8, strided<[18, 1]>>)
  return
}

func.func @centred_rows(%p: memref<1152xi8>, %ids: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x18xi8> {npu.bytes = 540 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %ids, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %ids.n = memref.subview %ids[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 18] [1, 1] : memref<?x18xi8> to memref<?x18xi8, strided<[18, 1]>>
  %t = model.unpack %p layout(<"[120, 18] @4 outer(d0, d1)", bits = 4 centred>) : memref<1152xi8> -> memref<120x18xi8>
  model.gather ins(%t, %ids.n : memref<120x18xi8>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x18xi8, strided<[18, 1]>>)
  return
}

func.func @centred_bytes(%p: memref<2304xi8>, %ids: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x18xi8> {npu.bytes = 540 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %ids, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %ids.n = memref.subview %ids[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 18] [1, 1] : memref<?x18xi8> to memref<?x18xi8, strided<[18, 1]>>
  %t = model.unpack %p layout(<"[120, 18] @8 outer(d0, d1)", bits = 8 centred>) : memref<2304xi8> -> memref<120x18xi8>
  model.gather ins(%t, %ids.n : memref<120x18xi8>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x18xi8, strided<[18, 1]>>)
  return
}

func.func @decoded_groups(%c: memref<?x50xi8> {npu.bytes = 1050 : i64}, %s: memref<?x3xf16> {npu.bytes = 126 : i64}, %y: memref<?x50xf32> {npu.bytes = 4200 : i64}) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %rows = memref.dim %c, %c0 : memref<?x50xi8>
  %n = affine.min affine_map<(d0) -> (d0, 21)>(%rows)
  %c.n = memref.subview %c[0, 0] [%n, 50] [1, 1] : memref<?x50xi8> to memref<?x50xi8, strided<[50, 1]>>
  %s.n = memref.subview %s[0, 0] [%n, 3] [1, 1] : memref<?x3xf16> to memref<?x3xf16, strided<[3, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 50] [1, 1] : memref<?x50xf32> to memref<?x50xf32, strided<[50, 1]>>
  quantized.dequantize ins(%c.n, %s.n : memref<?x50xi8, strided<[50, 1]>>, memref<?x3xf16, strided<[3, 1]>>) outs(%y.n : memref<?x50xf32, strided<[50, 1]>>)
      scheme(<bits = 4, group = 20, symmetric, scale = f16>) at(%c7)
  return
}

func.func @decoded_zeros(%c: memref<?x50xi8> {npu.bytes = 1050 : i64}, %s: memref<?x3xf16> {npu.bytes = 126 : i64}, %z: memref<?x3xi8> {npu.bytes = 63 : i64}, %y: memref<?x50xf32> {npu.bytes = 4200 : i64}) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %rows = memref.dim %c, %c0 : memref<?x50xi8>
  %n = affine.min affine_map<(d0) -> (d0, 21)>(%rows)
  %c.n = memref.subview %c[0, 0] [%n, 50] [1, 1] : memref<?x50xi8> to memref<?x50xi8, strided<[50, 1]>>
  %s.n = memref.subview %s[0, 0] [%n, 3] [1, 1] : memref<?x3xf16> to memref<?x3xf16, strided<[3, 1]>>
  %z.n = memref.subview %z[0, 0] [%n, 3] [1, 1] : memref<?x3xi8> to memref<?x3xi8, strided<[3, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 50] [1, 1] : memref<?x50xf32> to memref<?x50xf32, strided<[50, 1]>>
  quantized.dequantize ins(%c.n, %s.n, %z.n : memref<?x50xi8, strided<[50, 1]>>, memref<?x3xf16, strided<[3, 1]>>, memref<?x3xi8, strided<[3, 1]>>) outs(%y.n : memref<?x50xf32, strided<[50, 1]>>)
      scheme(<bits = 4, group = 20, asymmetric, scale = f16>) at(%c7)
  return
}

func.func @decoded_levels(%c: memref<?x50xi8> {npu.bytes = 1050 : i64}, %s: memref<?x3xi8> {npu.bytes = 63 : i64}, %z: memref<?x3xi8> {npu.bytes = 63 : i64}, %o: memref<?xf32> {npu.bytes = 84 : i64}, %y: memref<?x50xf32> {npu.bytes = 4200 : i64}) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %rows = memref.dim %c, %c0 : memref<?x50xi8>
  %n = affine.min affine_map<(d0) -> (d0, 21)>(%rows)
  %c.n = memref.subview %c[0, 0] [%n, 50] [1, 1] : memref<?x50xi8> to memref<?x50xi8, strided<[50, 1]>>
  %s.n = memref.subview %s[0, 0] [%n, 3] [1, 1] : memref<?x3xi8> to memref<?x3xi8, strided<[3, 1]>>
  %z.n = memref.subview %z[0, 0] [%n, 3] [1, 1] : memref<?x3xi8> to memref<?x3xi8, strided<[3, 1]>>
  %o.n = memref.subview %o[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 50] [1, 1] : memref<?x50xf32> to memref<?x50xf32, strided<[50, 1]>>
  quantized.dequantize ins(%c.n, %s.n, %z.n, %o.n : memref<?x50xi8, strided<[50, 1]>>, memref<?x3xi8, strided<[3, 1]>>, memref<?x3xi8, strided<[3, 1]>>, memref<?xf32, strided<[1]>>) outs(%y.n : memref<?x50xf32, strided<[50, 1]>>)
      scheme(<bits = 4, group = 20, asymmetric, scale = i8, outer = f32>) at(%c7)
  return
}
