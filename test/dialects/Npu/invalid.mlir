// RUN: coopt-opt %s -split-input-file -verify-diagnostics

func.func @c1_odd() {
  // expected-error @+1 {{expected 'waits' to be at most 3 pairs of a semaphore and a count}}
  npu.fence {waits = array<i64: 1, 1, 2>}
  return
}

// -----

func.func @c1_waits() {
  // expected-error @+1 {{expected 'waits' to be at most 3 pairs of a semaphore and a count}}
  npu.fence {waits = array<i64: 1, 1, 2, 1, 3, 1, 4, 1>}
  return
}

// -----

func.func @c1_signals(%s: memref<8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected 'signals' to be at most 2 pairs of a semaphore and a count}}
  npu.fill 0 to %s {signals = array<i64: 1, 1, 2, 1, 3, 1>} : memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c1_semaphore() {
  // expected-error @+1 {{expected 'signals' to name semaphores 0 to 63 and counts 1 to 255, got 64, 1}}
  npu.sync "vector" {signals = array<i64: 64, 1>}
  return
}

// -----

func.func @c1_count() {
  // expected-error @+1 {{expected 'waits' to name semaphores 0 to 63 and counts 1 to 255, got 3, 0}}
  npu.sync "vector" {waits = array<i64: 3, 0>}
  return
}

// -----

func.func @c2_extents(%a: memref<4x8xi8>, %s: memref<8x4xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected source and destination of the same extents and elements, got 'memref<4x8xi8>' and 'memref<8x4xi8, #npu.space<spad>>'}}
  npu.copy %a to %s : memref<4x8xi8> to memref<8x4xi8, #npu.space<spad>>
  return
}

// -----

func.func @c2_elements(%a: memref<8xi8>, %s: memref<8xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected source and destination of the same extents and elements}}
  npu.copy %a to %s : memref<8xi8> to memref<8xf32, #npu.space<spad>>
  return
}

// -----

func.func @c2_rank(%a: memref<8x1xi8>, %s: memref<8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected source and destination of the same extents and elements}}
  npu.copy %a to %s : memref<8x1xi8> to memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c2_bits(%a: memref<8xi4>, %s: memref<8xi4, #npu.space<spad>>) {
  // expected-error @+1 {{expected elements of whole bytes, got 'memref<8xi4>'}}
  npu.copy %a to %s : memref<8xi4> to memref<8xi4, #npu.space<spad>>
  return
}

// -----

func.func @c2_index(%a: memref<8xindex>, %s: memref<8xindex, #npu.space<spad>>) {
  // expected-error @+1 {{expected elements of whole bytes, got 'memref<8xindex>'}}
  npu.copy %a to %s : memref<8xindex> to memref<8xindex, #npu.space<spad>>
  return
}

// -----

func.func @c2_strides(%a: memref<4x?xi8>, %s: memref<4x?xi8, strided<[64, 1]>, #npu.space<spad>>) {
  // expected-error @+1 {{expected static strides that are not negative, got 'memref<4x?xi8>'}}
  npu.copy %a to %s : memref<4x?xi8> to memref<4x?xi8, strided<[64, 1]>, #npu.space<spad>>
  return
}

// -----

func.func @c2_backwards(%a: memref<8xi8>, %s: memref<8xi8, strided<[-1], offset: 7>, #npu.space<spad>>) {
  // expected-error @+1 {{expected static strides that are not negative, got 'memref<8xi8, strided<[-1], offset: 7>, #npu.space<spad>>'}}
  npu.copy %a to %s : memref<8xi8> to memref<8xi8, strided<[-1], offset: 7>, #npu.space<spad>>
  return
}

// -----

func.func @c2_dimensions(%a: memref<2x2x2x2x2x8xi8, strided<[4000, 900, 400, 90, 20, 1]>>, %s: memref<2x2x2x2x2x8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected at most five dimensions that are not side by side, got}}
  npu.copy %a to %s : memref<2x2x2x2x2x8xi8, strided<[4000, 900, 400, 90, 20, 1]>> to memref<2x2x2x2x2x8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c3_byte(%s: memref<8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected a byte, 0 to 255, got 256}}
  npu.fill 256 to %s : memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c3_negative(%s: memref<8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected a byte, 0 to 255, got -1}}
  npu.fill -1 to %s : memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c3_bits(%s: memref<8xi2, #npu.space<spad>>) {
  // expected-error @+1 {{expected elements of whole bytes, got 'memref<8xi2, #npu.space<spad>>'}}
  npu.fill 0 to %s : memref<8xi2, #npu.space<spad>>
  return
}

// -----

func.func @c3_strides(%s: memref<8x?xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected static strides that are not negative, got}}
  npu.fill 0 to %s : memref<8x?xi8, #npu.space<spad>>
  return
}

// -----

func.func @c3_dimensions(%s: memref<2x4x8xi8, strided<[100, 16, 1]>, #npu.space<spad>>) {
  // expected-error @+1 {{expected at most two dimensions that are not side by side, got}}
  npu.fill 0 to %s : memref<2x4x8xi8, strided<[100, 16, 1]>, #npu.space<spad>>
  return
}

// -----

func.func @c4_space(%a: memref<4x8xi8>, %w: memref<8x2xi8, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected activations in spad, got 'memref<4x8xi8>'}}
  npu.matmul ins(%a, %w : memref<4x8xi8>, memref<8x2xi8, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_sums_space(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x2xi8, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected sums in acc, got 'memref<4x2xi32, #npu.space<spad>>'}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x2xi8, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<spad>>)
  return
}

// -----

func.func @c4_rank(%a: memref<1x4x8xi8, #npu.space<spad>>, %w: memref<8x2xi8, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected activations to be a matrix with static strides, elements of a row side by side, got}}
  npu.matmul ins(%a, %w : memref<1x4x8xi8, #npu.space<spad>>, memref<8x2xi8, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_columns(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x2xi8, strided<[1, 8]>, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected weights to be a matrix with static strides, elements of a row side by side, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x2xi8, strided<[1, 8]>, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_element(%a: memref<4x8xf64, #npu.space<spad>>, %w: memref<8x2xf64, #npu.space<spad>>, %s: memref<4x2xf32, #npu.space<acc>>) {
  // expected-error @+1 {{expected activations of a type that the accelerator has, rows beginning at whole bytes, got 'memref<4x8xf64, #npu.space<spad>>'}}
  npu.matmul ins(%a, %w : memref<4x8xf64, #npu.space<spad>>, memref<8x2xf64, #npu.space<spad>>) outs(%s : memref<4x2xf32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_bits(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x3xi4, #npu.space<spad>>, %s: memref<4x3xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected weights of a type that the accelerator has, rows beginning at whole bytes, got 'memref<8x3xi4, #npu.space<spad>>'}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x3xi4, #npu.space<spad>>) outs(%s : memref<4x3xi32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_extents(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<9x2xi8, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected matrices of M x K, K x N and M x N, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<9x2xi8, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_sums(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x2xi8, #npu.space<spad>>, %s: memref<4x2xf32, #npu.space<acc>>) {
  // expected-error @+1 {{expected integers summed in i32 or floats summed in f32, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x2xi8, #npu.space<spad>>) outs(%s : memref<4x2xf32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_mixed(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x2xbf16, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected integers summed in i32 or floats summed in f32, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x2xbf16, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<acc>>)
  return
}

// -----

func.func @c4_mode(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x2xi8, #npu.space<spad>>, %s: memref<4x2xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected mode ws, os, nm or bitserial, got 'dot'}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x2xi8, #npu.space<spad>>) outs(%s : memref<4x2xi32, #npu.space<acc>>) mode "dot"
  return
}

// -----

func.func @c4_kept_of_another_mode(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<4x10xi8, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected 'kept' in mode nm alone}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<4x10xi8, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) kept <2 of 4, i8>
  return
}

// -----

func.func @c4_no_slices(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x8xi2, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected two slices of 1 to 16 bits in mode bitserial, in others none}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x8xi2, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "bitserial"
  return
}

// -----

func.func @c4_mode_without_kept(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x8xi8, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected 'kept' in mode nm alone}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x8xi8, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "nm"
  return
}

// -----

func.func @c4_slices_of_others(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x8xi2, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected two slices of 1 to 16 bits in mode bitserial, in others none}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x8xi2, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "os" slices [2, 1]
  return
}

// -----

// Eight codes and eight places of two bits are ten bytes.
func.func @c4_kept_bytes(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<4x9xi8, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected weights of i8 in rows of the bytes that as many kept ones take as the sums have columns, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<4x9xi8, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "nm" kept <2 of 4, i8>
  return
}

// -----

func.func @c4_wide_slices(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<8x8xi2, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected two slices of 1 to 16 bits in mode bitserial, in others none}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<8x8xi2, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "bitserial" slices [17, 1]
  return
}

// -----

func.func @c4_kept_no_bytes(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<4x12xi4, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected weights of i8 in rows of the bytes that as many kept ones take as the sums have columns, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<4x12xi4, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "nm" kept <2 of 4, i4>
  return
}

// -----

func.func @c4_slices_of_floats(%a: memref<4x8xbf16, #npu.space<spad>>, %w: memref<8x8xbf16, #npu.space<spad>>, %s: memref<4x8xf32, #npu.space<acc>>) {
  // expected-error @+1 {{expected integers in mode bitserial}}
  npu.matmul ins(%a, %w : memref<4x8xbf16, #npu.space<spad>>, memref<8x8xbf16, #npu.space<spad>>) outs(%s : memref<4x8xf32, #npu.space<acc>>) mode "bitserial" slices [2, 1]
  return
}

// -----

func.func @c4_kept_columns_of_run_time(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<4x10xi8, #npu.space<spad>>, %s: memref<4x?xi32, strided<[8, 1]>, #npu.space<acc>>) {
  // expected-error @+1 {{expected weights of i8 in rows of the bytes that as many kept ones take as the sums have columns, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<4x10xi8, #npu.space<spad>>) outs(%s : memref<4x?xi32, strided<[8, 1]>, #npu.space<acc>>) mode "nm" kept <2 of 4, i8>
  return
}

// -----

// Three rows of two in four meet six activations.
func.func @c4_kept_depth(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<3x10xi8, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected matrices of M x K, K x N and M x N, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<3x10xi8, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "nm" kept <2 of 4, i8>
  return
}

// -----

func.func @c4_kept_floats(%a: memref<4x8xi8, #npu.space<spad>>, %w: memref<4x18xi8, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected integers summed in i32 or floats summed in f32, got}}
  npu.matmul ins(%a, %w : memref<4x8xi8, #npu.space<spad>>, memref<4x18xi8, #npu.space<spad>>) outs(%s : memref<4x8xi32, #npu.space<acc>>) mode "nm" kept <2 of 4, bf16>
  return
}

// -----

// expected-error @+1 {{expected n of m with 0 < n < m < 256, got 4 of 4}}
func.func private @c19_all(i8) attributes {npu.location = #npu.kept<4 of 4, i8>}

// -----

// expected-error @+1 {{expected n of m with 0 < n < m < 256, got 2 of 256}}
func.func private @c19_many(i8) attributes {npu.location = #npu.kept<2 of 256, i8>}

// -----

// expected-error @+1 {{expected a type that the accelerator has, got 'i3'}}
func.func private @c19_type(i8) attributes {npu.location = #npu.kept<2 of 4, i3>}

// -----

func.func @c5_function(%x: memref<4x8xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a function of copy, add, sub, mul, div, fma, min, max, neg, abs, sqrt, rint, floor, exp2, lt, le, eq, select, and, or, xor, shl, shr, sar, got 'tanh'}}
  npu.map "tanh"(%x) to %x : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  return
}

// -----

func.func @c5_operands(%x: memref<4x8xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected 3 operands for 'select', got 2}}
  npu.map "select"(%x, %x) to %x : memref<4x8xf32, #npu.space<spad>>, memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  return
}

// -----

func.func @c6_space(%x: memref<4x8xf32, #npu.space<spad>>, %y: memref<4x8xf32, #npu.space<l2>>) {
  // expected-error @+1 {{expected results in spad or acc, got 'memref<4x8xf32, #npu.space<l2>>'}}
  npu.map "copy"(%x) to %y : memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<l2>>
  return
}

// -----

func.func @c6_rows(%x: memref<4x8xf32, strided<[8, 2]>, #npu.space<spad>>, %y: memref<4x8xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected operands to be a matrix with static strides, elements of a row side by side, got}}
  npu.map "copy"(%x) to %y : memref<4x8xf32, strided<[8, 2]>, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  return
}

// -----

func.func @c6_bits(%x: memref<4x9xi1, #npu.space<spad>>, %y: memref<4x9xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected operands of a type that the accelerator has, rows beginning at whole bytes, got 'memref<4x9xi1, #npu.space<spad>>'}}
  npu.map "copy"(%x) to %y : memref<4x9xi1, #npu.space<spad>> to memref<4x9xf32, #npu.space<spad>>
  return
}

// -----

func.func @c6_first(%x: memref<1x8xf32, #npu.space<spad>>, %y: memref<4x8xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected operands of the results' extents, or of 1 behind the first, got 'memref<1x8xf32, #npu.space<spad>>' for 'memref<4x8xf32, #npu.space<spad>>'}}
  npu.map "add"(%x, %y) to %y : memref<1x8xf32, #npu.space<spad>>, memref<4x8xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  return
}

// -----

func.func @c6_second(%x: memref<4x2xf32, #npu.space<spad>>, %y: memref<4x8xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected operands of the results' extents, or of 1 behind the first}}
  npu.map "add"(%y, %x) to %y : memref<4x8xf32, #npu.space<spad>>, memref<4x2xf32, #npu.space<spad>> to memref<4x8xf32, #npu.space<spad>>
  return
}

// -----

func.func @c7_function(%x: memref<4x8xf32, #npu.space<spad>>, %y: memref<4x1xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a function of sum, max, min, amax, got 'product'}}
  npu.reduce "product" %x to %y : memref<4x8xf32, #npu.space<spad>> to memref<4x1xf32, #npu.space<spad>>
  return
}

// -----

func.func @c8_result(%x: memref<4x8xf32, #npu.space<spad>>, %y: memref<4x2xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a number for each row, got 'memref<4x2xf32, #npu.space<spad>>' for 'memref<4x8xf32, #npu.space<spad>>'}}
  npu.reduce "sum" %x to %y : memref<4x8xf32, #npu.space<spad>> to memref<4x2xf32, #npu.space<spad>>
  return
}

// -----

func.func @c8_rows(%x: memref<4x8xf32, #npu.space<spad>>, %y: memref<5x1xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a number for each row}}
  npu.reduce "sum" %x to %y : memref<4x8xf32, #npu.space<spad>> to memref<5x1xf32, #npu.space<spad>>
  return
}

// -----

func.func @c8_space(%x: memref<4x8xf32>, %y: memref<4x1xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows in spad or acc, got 'memref<4x8xf32>'}}
  npu.reduce "sum" %x to %y : memref<4x8xf32> to memref<4x1xf32, #npu.space<spad>>
  return
}

// -----

func.func @c9_space(%x: memref<1xi32>) {
  // expected-error @+1 {{expected one element of i8, i16 or i32 in spad or acc, got 'memref<1xi32>'}}
  %0 = npu.load %x bound 4 : memref<1xi32>
  return
}

// -----

func.func @c9_elements(%x: memref<2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected one element of i8, i16 or i32 in spad or acc, got 'memref<2xi32, #npu.space<spad>>'}}
  %0 = npu.load %x bound 4 : memref<2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c9_extent(%x: memref<?xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected one element of i8, i16 or i32 in spad or acc, got 'memref<?xi32, #npu.space<spad>>'}}
  %0 = npu.load %x bound 4 : memref<?xi32, #npu.space<spad>>
  return
}

// -----

func.func @c9_type(%x: memref<1xi64, #npu.space<spad>>) {
  // expected-error @+1 {{expected one element of i8, i16 or i32 in spad or acc, got 'memref<1xi64, #npu.space<spad>>'}}
  %0 = npu.load %x bound 4 : memref<1xi64, #npu.space<spad>>
  return
}

// -----

func.func @c9_bound(%x: memref<1xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a bound from 0 to 4294967295, got 4294967296}}
  %0 = npu.load %x bound 4294967296 : memref<1xi32, #npu.space<spad>>
  return
}

// -----

func.func @c9_negative(%x: memref<1xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a bound from 0 to 4294967295, got -1}}
  %0 = npu.load %x bound -1 : memref<1xi32, #npu.space<spad>>
  return
}

// -----

func.func @c10_engine() {
  // expected-error @+1 {{expected an engine of dma, matrix, vector, topk, got 'control'}}
  npu.sync "control"
  return
}

// -----

func.func @c11_copy(%a: memref<8xi8>, %s: memref<8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected a channel from 0 to 7, got 8}}
  npu.copy channel(8) %a to %s : memref<8xi8> to memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c11_fill(%s: memref<8xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected a channel from 0 to 7, got -1}}
  npu.fill channel(-1) 0 to %s : memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c11_sync() {
  // expected-error @+1 {{expected a channel from 0 to 7, got 8}}
  npu.sync "dma" channel(8)
  return
}

// -----

func.func @c12_address() {
  // expected-error @+1 {{expected 'npu.address' to be a number of bytes (i64), got -8 : i64}}
  %s = memref.alloc() {npu.address = -8 : i64} : memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c12_width() {
  // expected-error @+1 {{expected 'npu.address' to be a number of bytes (i64), got 8 : i32}}
  %s = memref.alloc() {npu.address = 8 : i32} : memref<8xi8, #npu.space<spad>>
  return
}

// -----

func.func @c12_elsewhere() {
  // expected-error @+1 {{has 'npu.address', which only memref.alloc may have}}
  npu.fence {npu.address = 8 : i64}
  return
}

// -----

func.func @c12_location() {
  // expected-error @+1 {{expected 'npu.location' to be a text, got 3 : i64}}
  npu.fence {npu.location = 3 : i64}
  return
}

// -----

func.func @c12_unknown() {
  // expected-error @+1 {{has 'npu.bytes', which is no attribute of operations}}
  npu.fence {npu.bytes = 3 : i64}
  return
}

// -----

// expected-error @+1 {{expected 'npu.symbol' to be a text, got ""}}
func.func @c13_symbol(%a: memref<8xi8> {npu.symbol = ""}) {
  return
}

// -----

// expected-error @+1 {{expected 'npu.bytes' to be a number of bytes (i64), got -1 : i64}}
func.func @c13_bytes(%a: memref<8xi8> {npu.bytes = -1 : i64}) {
  return
}

// -----

// expected-error @+1 {{has 'npu.address', which is no attribute of arguments}}
func.func @c13_unknown(%a: memref<8xi8> {npu.address = 8 : i64}) {
  return
}

// -----

func.func @c11_gather(%t: memref<8x4xf32>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<3x4xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a channel from 0 to 7, got 8}}
  npu.gather channel(8) %t[%i] to %r : memref<8x4xf32>[memref<1x3xi32, #npu.space<spad>>] to memref<3x4xf32, #npu.space<spad>>
  return
}

// -----

func.func @c14_table_strides(%t: memref<8x4xf32, strided<[8, 2]>>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<3x4xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected the table to be a matrix with static strides, elements of a row side by side}}
  npu.gather %t[%i] to %r : memref<8x4xf32, strided<[8, 2]>>[memref<1x3xi32, #npu.space<spad>>] to memref<3x4xf32, #npu.space<spad>>
  return
}

// -----

func.func @c14_rows_apart(%t: memref<8x4xf32>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<3x4xf32, strided<[8, 1]>, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows of 'f32', rows of a known extent one behind the other}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<1x3xi32, #npu.space<spad>>] to memref<3x4xf32, strided<[8, 1]>, #npu.space<spad>>
  return
}

// -----

func.func @c14_rows_unknown(%t: memref<8x?xf32, strided<[4, 1]>>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<3x?xf32, strided<[4, 1]>, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows of 'f32', rows of a known extent one behind the other}}
  npu.gather %t[%i] to %r : memref<8x?xf32, strided<[4, 1]>>[memref<1x3xi32, #npu.space<spad>>] to memref<3x?xf32, strided<[4, 1]>, #npu.space<spad>>
  return
}

// -----

func.func @c14_elements(%t: memref<8x4xf32>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<3x4xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows of 'f32', rows of a known extent one behind the other}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<1x3xi32, #npu.space<spad>>] to memref<3x4xi8, #npu.space<spad>>
  return
}

// -----

func.func @c14_extents(%t: memref<8x4xf32>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<3x5xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a table of R x C, N places and rows of N x C}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<1x3xi32, #npu.space<spad>>] to memref<3x5xf32, #npu.space<spad>>
  return
}

// -----

func.func @c14_count(%t: memref<8x4xf32>, %i: memref<1x3xi32, #npu.space<spad>>, %r: memref<2x4xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected a table of R x C, N places and rows of N x C}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<1x3xi32, #npu.space<spad>>] to memref<2x4xf32, #npu.space<spad>>
  return
}

// -----

func.func @c14_places(%t: memref<8x4xf32>, %i: memref<3x1xi32, #npu.space<spad>>, %r: memref<3x4xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected places to be one row of i32}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<3x1xi32, #npu.space<spad>>] to memref<3x4xf32, #npu.space<spad>>
  return
}

// -----

func.func @c14_places_type(%t: memref<8x4xf32>, %i: memref<1x3xi16, #npu.space<spad>>, %r: memref<3x4xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected places to be one row of i32}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<1x3xi16, #npu.space<spad>>] to memref<3x4xf32, #npu.space<spad>>
  return
}

// -----

func.func @c14_places_space(%t: memref<8x4xf32>, %i: memref<1x3xi32>, %r: memref<3x4xf32, #npu.space<spad>>) {
  // expected-error @+1 {{expected places in spad}}
  npu.gather %t[%i] to %r : memref<8x4xf32>[memref<1x3xi32>] to memref<3x4xf32, #npu.space<spad>>
  return
}

// -----

func.func @c15_scores(%s: memref<3x8xi32, #npu.space<spad>>, %v: memref<3x2xf32, #npu.space<spad>>, %i: memref<3x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected scores of 'f32'}}
  npu.select %s to %v, %i : memref<3x8xi32, #npu.space<spad>> to memref<3x2xf32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c15_space(%s: memref<3x8xf32, #npu.space<acc>>, %v: memref<3x2xf32, #npu.space<spad>>, %i: memref<3x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected scores in spad}}
  npu.select %s to %v, %i : memref<3x8xf32, #npu.space<acc>> to memref<3x2xf32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c15_values(%s: memref<3x8xf32, #npu.space<spad>>, %v: memref<3x2xf32, strided<[8, 1]>, #npu.space<spad>>, %i: memref<3x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected values of 'f32', rows of a known extent one behind the other}}
  npu.select %s to %v, %i : memref<3x8xf32, #npu.space<spad>> to memref<3x2xf32, strided<[8, 1]>, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c15_indices(%s: memref<3x8xf32, #npu.space<spad>>, %v: memref<3x2xf32, #npu.space<spad>>, %i: memref<3x2xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected indices of 'i32'}}
  npu.select %s to %v, %i : memref<3x8xf32, #npu.space<spad>> to memref<3x2xf32, #npu.space<spad>>, memref<3x2xi8, #npu.space<spad>>
  return
}

// -----

func.func @c15_rows(%s: memref<3x8xf32, #npu.space<spad>>, %v: memref<2x2xf32, #npu.space<spad>>, %i: memref<3x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected scores of M x N, values and indices of M x k, k at most N}}
  npu.select %s to %v, %i : memref<3x8xf32, #npu.space<spad>> to memref<2x2xf32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c15_k(%s: memref<3x1xf32, #npu.space<spad>>, %v: memref<3x2xf32, #npu.space<spad>>, %i: memref<3x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected scores of M x N, values and indices of M x k, k at most N}}
  npu.select %s to %v, %i : memref<3x1xf32, #npu.space<spad>> to memref<3x2xf32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c15_most(%s: memref<3x300xf32, #npu.space<spad>>, %v: memref<3x256xf32, #npu.space<spad>>, %i: memref<3x256xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected values of 1 to 255 columns}}
  npu.select %s to %v, %i : memref<3x300xf32, #npu.space<spad>> to memref<3x256xf32, #npu.space<spad>>, memref<3x256xi32, #npu.space<spad>>
  return
}

// -----

func.func @c15_columns(%s: memref<3x65536xf32, #npu.space<spad>>, %v: memref<3x2xf32, #npu.space<spad>>, %i: memref<3x2xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected scores of 1 to 65535 columns}}
  npu.select %s to %v, %i : memref<3x65536xf32, #npu.space<spad>> to memref<3x2xf32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>
  return
}

// -----

func.func @c16_choices(%c: memref<3x2xi16, #npu.space<spad>>, %p: memref<3x2xi32, #npu.space<spad>>, %t: memref<3x2xi32, #npu.space<spad>>, %f: memref<1x9xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected choices of 'i32'}}
  npu.route %c to %p, %t, %f : memref<3x2xi16, #npu.space<spad>> to memref<3x2xi32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  return
}

// -----

func.func @c16_places(%c: memref<3x2xi32, #npu.space<spad>>, %p: memref<3x1xi32, #npu.space<spad>>, %t: memref<3x2xi32, #npu.space<spad>>, %f: memref<1x9xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected places and tokens of the choices' extents}}
  npu.route %c to %p, %t, %f : memref<3x2xi32, #npu.space<spad>> to memref<3x1xi32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  return
}

// -----

func.func @c16_tokens(%c: memref<3x2xi32, #npu.space<spad>>, %p: memref<3x2xi32, #npu.space<spad>>, %t: memref<6x2xi32, #npu.space<spad>>, %f: memref<1x9xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected places and tokens of the choices' extents}}
  npu.route %c to %p, %t, %f : memref<3x2xi32, #npu.space<spad>> to memref<3x2xi32, #npu.space<spad>>, memref<6x2xi32, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  return
}

// -----

func.func @c16_segments(%c: memref<3x2xi32, #npu.space<spad>>, %p: memref<3x2xi32, #npu.space<spad>>, %t: memref<3x2xi32, #npu.space<spad>>, %f: memref<1x1xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected segments to be one row, of one number more than there are choices of}}
  npu.route %c to %p, %t, %f : memref<3x2xi32, #npu.space<spad>> to memref<3x2xi32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>, memref<1x1xi32, #npu.space<spad>>
  return
}

// -----

func.func @c16_segments_rows(%c: memref<3x2xi32, #npu.space<spad>>, %p: memref<3x2xi32, #npu.space<spad>>, %t: memref<3x2xi32, #npu.space<spad>>, %f: memref<9x1xi32, #npu.space<spad>>) {
  // expected-error @+1 {{expected segments to be one row, of one number more than there are choices of}}
  npu.route %c to %p, %t, %f : memref<3x2xi32, #npu.space<spad>> to memref<3x2xi32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>, memref<9x1xi32, #npu.space<spad>>
  return
}

// -----

func.func @c16_space(%c: memref<3x2xi32, #npu.space<spad>>, %p: memref<3x2xi32, #npu.space<spad>>, %t: memref<3x2xi32, #npu.space<spad>>, %f: memref<1x9xi32>) {
  // expected-error @+1 {{expected segments in spad}}
  npu.route %c to %p, %t, %f : memref<3x2xi32, #npu.space<spad>> to memref<3x2xi32, #npu.space<spad>>, memref<3x2xi32, #npu.space<spad>>, memref<1x9xi32>
  return
}

// -----

func.func @c17_space(%a: memref<4x8xi8>) {
  // expected-error @+1 {{expected activations in spad, got 'memref<4x8xi8>'}}
  npu.tables %a group 4 : memref<4x8xi8>
  return
}

// -----

func.func @c17_floats(%a: memref<4x8xbf16, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows of integers in groups of 4, got 'memref<4x8xbf16, #npu.space<spad>>'}}
  npu.tables %a group 4 : memref<4x8xbf16, #npu.space<spad>>
  return
}

// -----

func.func @c17_groups(%a: memref<4x6xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows of integers in groups of 4, got 'memref<4x6xi8, #npu.space<spad>>'}}
  npu.tables %a group 4 : memref<4x6xi8, #npu.space<spad>>
  return
}

// -----

func.func @c17_columns(%a: memref<4x?xi8, strided<[8, 1]>, #npu.space<spad>>) {
  // expected-error @+1 {{expected rows of integers in groups of 4, got}}
  npu.tables %a group 4 : memref<4x?xi8, strided<[8, 1]>, #npu.space<spad>>
  return
}

// -----

func.func @c17_group(%a: memref<4x9xi8, #npu.space<spad>>) {
  // expected-error @+1 {{expected a group of 2 to 8 activations, got 9}}
  npu.tables %a group 9 : memref<4x9xi8, #npu.space<spad>>
  return
}

// -----

func.func @c18_space(%p: memref<16x8xi1>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected planes to be a dense matrix of i1 of known extents in spad, got 'memref<16x8xi1>'}}
  npu.lookup %p to %s group 4 : memref<16x8xi1> to memref<4x8xi32, #npu.space<acc>>
  return
}

// -----

func.func @c18_bits(%p: memref<16x8xi8, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected planes to be a dense matrix of i1 of known extents in spad, got 'memref<16x8xi8, #npu.space<spad>>'}}
  npu.lookup %p to %s group 4 : memref<16x8xi8, #npu.space<spad>> to memref<4x8xi32, #npu.space<acc>>
  return
}

// -----

func.func @c18_rows(%p: memref<16x8xi1, strided<[16, 1]>, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected planes to be a dense matrix of i1 of known extents in spad, got}}
  npu.lookup %p to %s group 4 : memref<16x8xi1, strided<[16, 1]>, #npu.space<spad>> to memref<4x8xi32, #npu.space<acc>>
  return
}

// -----

func.func @c18_planes(%p: memref<24x8xi1, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected 1, 2, 4 or 8 planes of N x K bits in whole bytes, and sums of M x N of i32, got}}
  npu.lookup %p to %s group 4 : memref<24x8xi1, #npu.space<spad>> to memref<4x8xi32, #npu.space<acc>>
  return
}

// -----

func.func @c18_sums(%p: memref<16x8xi1, #npu.space<spad>>, %s: memref<4x8xf32, #npu.space<acc>>) {
  // expected-error @+1 {{expected 1, 2, 4 or 8 planes of N x K bits in whole bytes, and sums of M x N of i32, got}}
  npu.lookup %p to %s group 4 : memref<16x8xi1, #npu.space<spad>> to memref<4x8xf32, #npu.space<acc>>
  return
}

// -----

func.func @c18_group(%p: memref<16x8xi1, #npu.space<spad>>, %s: memref<4x8xi32, #npu.space<acc>>) {
  // expected-error @+1 {{expected a group of 2 to 8 activations, got 1}}
  npu.lookup %p to %s group 1 : memref<16x8xi1, #npu.space<spad>> to memref<4x8xi32, #npu.space<acc>>
  return
}
