// RUN: coopt-opt %s -split-input-file -verify-diagnostics

// C1: bits
// expected-error @below {{expected 2 to 8 bits, got 1}}
func.func private @c1_low() attributes {s = #quantized.scheme<bits = 1, group = 0, symmetric, scale = f32>}

// -----

// C1: bits
// expected-error @below {{expected 2 to 8 bits, got 9}}
func.func private @c1_high() attributes {s = #quantized.scheme<bits = 9, group = 0, symmetric, scale = f32>}

// -----

// C2: group
// expected-error @below {{expected a group of 0 (the whole row) or more elements, got -1}}
func.func private @c2() attributes {s = #quantized.scheme<bits = 8, group = -1, symmetric, scale = f32>}

// -----

// C3: type of the scales
// expected-error @below {{expected scales of type f32 or f16, got 'bf16'}}
func.func private @c3() attributes {s = #quantized.scheme<bits = 8, group = 0, symmetric, scale = bf16>}

// -----

// C3: scales of bytes need outer ones
// expected-error @below {{expected scales of type f32 or f16, got 'i8'}}
func.func private @c3_inner() attributes {s = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = i8>}

// -----

// C3: outer scales over floats
// expected-error @below {{expected outer scales of f32 over scales of i8 for groups, got 'f32' over 'f16' for group 32}}
func.func private @c3_outer() attributes {s = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f16, outer = f32>}

// -----

// C3: outer scales of another type
// expected-error @below {{expected outer scales of f32 over scales of i8 for groups, got 'f16' over 'i8' for group 32}}
func.func private @c3_outer_type() attributes {s = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = i8, outer = f16>}

// -----

// C3: two levels without groups
// expected-error @below {{expected outer scales of f32 over scales of i8 for groups, got 'f32' over 'i8' for group 0}}
func.func private @c3_outer_group() attributes {s = #quantized.scheme<bits = 4, group = 0, asymmetric, scale = i8, outer = f32>}

// -----

// C4: tensors and memrefs mixed
func.func @c4_mixed(%x: tensor<3x7xf32>, %c: memref<3x7xi8>, %s: memref<3xf32>) {
  // expected-error @below {{expected operands that are all tensors or all memrefs, got both}}
  quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : memref<3x7xi8>, memref<3xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>)
  return
}

// -----

// C4: no results for tensors
func.func @c4_results(%x: tensor<3xi32>, %c: tensor<3xi8>) {
  // expected-error @below {{expected 1 results for 1 destinations that are tensors, got 0}}
  quantized.requantize ins(%x : tensor<3xi32>) outs(%c : tensor<3xi8>) multiplier(1) shift(0)
  return
}

// -----

// C4: results for memrefs
func.func @c4_memref_results(%x: memref<3xi32>, %c: memref<3xi8>) {
  // expected-error @below {{expected 0 results for 1 destinations that are memrefs, got 1}}
  %0 = quantized.requantize ins(%x : memref<3xi32>) outs(%c : memref<3xi8>) multiplier(1) shift(0) -> tensor<3xi8>
  return
}

// -----

// C4: a result of another type
func.func @c4_type(%x: tensor<3xi32>, %c: tensor<3xi8>) {
  // expected-error @below {{expected result 0 of its destination's type 'tensor<3xi8>', got 'tensor<?xi8>'}}
  %0 = quantized.requantize ins(%x : tensor<3xi32>) outs(%c : tensor<3xi8>) multiplier(1) shift(0) -> tensor<?xi8>
  return
}

// -----

// C5: input of quantize, element type
func.func @c5(%x: tensor<3x7xf16>, %c: tensor<3x7xi8>, %s: tensor<3xf32>) {
  // expected-error @below {{expected the input to be a matrix of 'f32', got 'tensor<3x7xf16>'}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf16>) outs(%c, %s : tensor<3x7xi8>, tensor<3xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x7xi8>, tensor<3xf32>
  return
}

// -----

// C5: input of quantize, rank
func.func @c5_rank(%x: tensor<3x7x1xf32>, %c: tensor<3x7xi8>, %s: tensor<3xf32>) {
  // expected-error @below {{expected the input to be a matrix of 'f32', got 'tensor<3x7x1xf32>'}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7x1xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<3xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x7xi8>, tensor<3xf32>
  return
}

// -----

// C6: shape of codes
func.func @c6_shape(%x: tensor<3x7xf32>, %c: tensor<3x8xi8>, %s: tensor<3xf32>) {
  // expected-error @below {{expected columns of codes to be 7, got 8}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x8xi8>, tensor<3xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x8xi8>, tensor<3xf32>
  return
}

// -----

// C6: type of codes
func.func @c6_type(%c: tensor<3x7xi5>, %s: tensor<3xf32>, %o: tensor<3x7xf32>) {
  // expected-error @below {{expected codes to be a matrix of 'i4', got 'tensor<3x7xi5>'}}
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi5>, tensor<3xf32>) outs(%o : tensor<3x7xf32>) scheme(<bits = 4, group = 0, symmetric, scale = f32>) -> tensor<3x7xf32>
  return
}

// -----

// C7: type of scales
func.func @c7_type(%x: tensor<3x7xf32>, %c: tensor<3x7xi8>, %s: tensor<3xf16>) {
  // expected-error @below {{expected scales of the input of 'f32' with 1 dimensions for the scheme #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, got 'tensor<3xf16>'}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<3xf16>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x7xi8>, tensor<3xf16>
  return
}

// -----

// C7: rows of scales
func.func @c7_rows(%x: tensor<3x7xf32>, %c: tensor<3x7xi8>, %s: tensor<4xf32>) {
  // expected-error @below {{expected rows of scales of the input to be 3, got 4}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<4xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x7xi8>, tensor<4xf32>
  return
}

// -----

// C7: groups of scales; the last group of 7 columns is short
func.func @c7_groups(%x: tensor<3x7xf32>, %c: tensor<3x7xi8>, %s: tensor<3x1xf32>) {
  // expected-error @below {{expected groups of scales of the input to be 2, got 1}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<3x1xf32>) scheme(<bits = 8, group = 5, symmetric, scale = f32>) -> tensor<3x7xi8>, tensor<3x1xf32>
  return
}

// -----

// C7: a group longer than the row, as long as an integer can be, is one group
func.func @c7_longest(%x: tensor<3x7xf32>, %c: tensor<3x7xi8>, %s: tensor<3x2xf32>) {
  // expected-error @below {{expected groups of scales of the input to be 1, got 2}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<3x2xf32>) scheme(<bits = 8, group = 9223372036854775807, symmetric, scale = f32>) -> tensor<3x7xi8>, tensor<3x2xf32>
  return
}

// -----

// C8: zeros are missing
func.func @c8_missing(%x: tensor<3x7xf32>, %c: tensor<3x7xi8>, %s: tensor<3xf32>) {
  // expected-error @below {{expected 3 destinations (codes, scales, zeros) for the scheme #quantized.scheme<bits = 8, group = 0, asymmetric, scale = f32>, got 2}}
  %0:2 = quantized.quantize ins(%x : tensor<3x7xf32>) outs(%c, %s : tensor<3x7xi8>, tensor<3xf32>) scheme(<bits = 8, group = 0, asymmetric, scale = f32>) -> tensor<3x7xi8>, tensor<3xf32>
  return
}

// -----

// C8: zeros of a symmetric scheme
func.func @c8_extra(%c: tensor<3x7xi8>, %s: tensor<3xf32>, %z: tensor<3xi8>, %o: tensor<3x7xf32>) {
  // expected-error @below {{expected 2 inputs (codes, scales) for the scheme #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, got 3}}
  %0 = quantized.dequantize ins(%c, %s, %z : tensor<3x7xi8>, tensor<3xf32>, tensor<3xi8>) outs(%o : tensor<3x7xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x7xf32>
  return
}

// -----

// C8: type of zeros
func.func @c8_type(%c: tensor<3x7xi8>, %s: tensor<3xf32>, %z: tensor<3xi32>, %o: tensor<3x7xf32>) {
  // expected-error @below {{expected zeros of the codes of 'i8' with 1 dimensions}}
  %0 = quantized.dequantize ins(%c, %s, %z : tensor<3x7xi8>, tensor<3xf32>, tensor<3xi32>) outs(%o : tensor<3x7xf32>) scheme(<bits = 8, group = 0, asymmetric, scale = f32>) -> tensor<3x7xf32>
  return
}

// -----

// C9: result of dequantize, type
func.func @c9(%c: tensor<3x7xi8>, %s: tensor<3xf32>, %o: tensor<3x7xf16>) {
  // expected-error @below {{expected the result to be a matrix of 'f32', got 'tensor<3x7xf16>'}}
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi8>, tensor<3xf32>) outs(%o : tensor<3x7xf16>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<3x7xf16>
  return
}

// -----

// C9: result of dequantize, shape
func.func @c9_shape(%c: tensor<3x7xi8>, %s: tensor<3xf32>, %o: tensor<4x7xf32>) {
  // expected-error @below {{expected rows of the result to be 3, got 4}}
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi8>, tensor<3xf32>) outs(%o : tensor<4x7xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<4x7xf32>
  return
}

// -----

// C10: an offset without groups
func.func @c10_no_group(%c: tensor<3x7xi8>, %s: tensor<3xf32>, %o: tensor<3x7xf32>, %k: index) {
  // expected-error @below {{expected no offset: group 0 has one scale for all columns of a row}}
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi8>, tensor<3xf32>) outs(%o : tensor<3x7xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) at(%k) -> tensor<3x7xf32>
  return
}

// -----

// C10: fewer scales than the slice has groups
func.func @c10_groups(%c: tensor<3x7xi8>, %s: tensor<3x1xf32>, %o: tensor<3x7xf32>, %k: index) {
  // expected-error @below {{expected at least 2 groups of scales of the codes, got 1}}
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi8>, tensor<3x1xf32>) outs(%o : tensor<3x7xf32>) scheme(<bits = 8, group = 5, symmetric, scale = f32>) at(%k) -> tensor<3x7xf32>
  return
}

// -----

// C10: more scales than groups, without an offset
func.func @c10_slice(%c: tensor<3x7xi8>, %s: tensor<3x3xf32>, %o: tensor<3x7xf32>) {
  // expected-error @below {{expected groups of scales of the codes to be 2, got 3}}
  %0 = quantized.dequantize ins(%c, %s : tensor<3x7xi8>, tensor<3x3xf32>) outs(%o : tensor<3x7xf32>) scheme(<bits = 8, group = 5, symmetric, scale = f32>) -> tensor<3x7xf32>
  return
}

// -----

// C11: accumulators
func.func @c11(%x: tensor<3xi64>, %c: tensor<3xi8>) {
  // expected-error @below {{expected accumulators of i32 and codes of i2 to i8, got 'i64' and 'i8'}}
  %0 = quantized.requantize ins(%x : tensor<3xi64>) outs(%c : tensor<3xi8>) multiplier(1) shift(0) -> tensor<3xi8>
  return
}

// -----

// C11: shapes
func.func @c11_shape(%x: tensor<3x4xi32>, %c: tensor<3x5xi8>) {
  // expected-error @below {{expected accumulators and codes of one shape, got 'tensor<3x4xi32>' and 'tensor<3x5xi8>'}}
  %0 = quantized.requantize ins(%x : tensor<3x4xi32>) outs(%c : tensor<3x5xi8>) multiplier(1) shift(0) -> tensor<3x5xi8>
  return
}

// -----

// C12: multiplier
func.func @c12_multiplier(%x: tensor<3xi32>, %c: tensor<3xi8>) {
  // expected-error @below {{expected a multiplier of 0 to 2147483648, got 2147483649}}
  %0 = quantized.requantize ins(%x : tensor<3xi32>) outs(%c : tensor<3xi8>) multiplier(2147483649) shift(0) -> tensor<3xi8>
  return
}

// -----

// C12: shift
func.func @c12_shift(%x: tensor<3xi32>, %c: tensor<3xi8>) {
  // expected-error @below {{expected a shift of 0 to 62, got 63}}
  %0 = quantized.requantize ins(%x : tensor<3xi32>) outs(%c : tensor<3xi8>) multiplier(2147483648) shift(63) -> tensor<3xi8>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
// C13: K differs
func.func @c13_k(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x63xi8>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected columns of w to be 64, got 63}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x63xi8>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
// C13: N differs
func.func @c13_n(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi8>, %sw: tensor<172xf32>, %o: tensor<?x64xf32>) {
  // expected-error @below {{expected columns of the result to be 172, got 64}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172xf32>) outs(%o : tensor<?x64xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x64xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
// C13: type of the result
func.func @c13_result(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi8>, %sw: tensor<172xf32>, %o: tensor<?x172xi32>) {
  // expected-error @below {{expected the result to be a matrix of 'f32', got 'tensor<?x172xi32>'}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172xf32>) outs(%o : tensor<?x172xi32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x172xi32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#w4 = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>
// C14: type of codes
func.func @c14(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi5>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected codes of w to be a matrix of 'i4', got 'tensor<172x64xi5>'}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi5>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #w4) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
// C15: scales of w as many as columns, not rows
func.func @c15_scales(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi8>, %sw: tensor<64xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected rows of scales of w to be 172, got 64}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<64xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, asymmetric, scale = f32>
// C15: no zeros for w
func.func @c15_zeros(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %za: tensor<?xi8>, %w: tensor<172x64xi8>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected 6 inputs (codes, scales and what else its scheme has, of each side), got 5}}
  %0 = quantized.contract ins(%a, %sa, %za, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<?xi8>, tensor<172x64xi8>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #w8) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g32 = #quantized.scheme<bits = 8, group = 32, symmetric, scale = f32>
// C16: groups with scales at the output
func.func @c16(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi8>, %sw: tensor<172x2xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected group 0 on both sides for scale_at(output), or two levels for w, got 0 and 32}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172x2xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #g32) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
// C17: no groups with scales at groups
func.func @c17(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi8>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected group 0 for a and a group of one level for w with scale_at(group), got 0 and 0}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #w8) scale_at(group) -> tensor<?x172xf32>
  return
}

// -----

// C7: outer scales, one a row
#two = #quantized.scheme<bits = 4, group = 5, asymmetric, scale = i8, outer = f32>
func.func @c7_outer(%c: tensor<3x7xi8>, %s: tensor<3x2xi8>, %z: tensor<3x2xi8>, %w: tensor<3x2xf32>, %o: tensor<3x7xf32>) {
  // expected-error @below {{expected outer scales of the codes of 'f32' with 1 dimensions}}
  %0 = quantized.dequantize ins(%c, %s, %z, %w : tensor<3x7xi8>, tensor<3x2xi8>, tensor<3x2xi8>, tensor<3x2xf32>) outs(%o : tensor<3x7xf32>) scheme(#two) -> tensor<3x7xf32>
  return
}

// -----

// C7: outer scales are missing
#two = #quantized.scheme<bits = 4, group = 5, asymmetric, scale = i8, outer = f32>
func.func @c7_no_outer(%c: tensor<3x7xi8>, %s: tensor<3x2xi8>, %z: tensor<3x2xi8>, %o: tensor<3x7xf32>) {
  // expected-error @below {{expected 4 inputs (codes, scales, zeros, outer scales)}}
  %0 = quantized.dequantize ins(%c, %s, %z : tensor<3x7xi8>, tensor<3x2xi8>, tensor<3x2xi8>) outs(%o : tensor<3x7xf32>) scheme(#two) -> tensor<3x7xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#two = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = i8, outer = f32>
// C15: outer scales of w as many as rows
func.func @c15_outer(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi4>, %sw: tensor<172x2xi8>, %zw: tensor<172x2xi4>, %ow: tensor<64xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected rows of outer scales of w to be 172, got 64}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw, %zw, %ow : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi4>, tensor<172x2xi8>, tensor<172x2xi4>, tensor<64xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #two) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#two = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = i8, outer = f32>
// C17: two levels with scales at groups
func.func @c17_two_levels(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi4>, %sw: tensor<172x2xi8>, %zw: tensor<172x2xi4>, %ow: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected group 0 for a and a group of one level for w with scale_at(group), got 0 and 32 of two levels}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw, %zw, %ow : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi4>, tensor<172x2xi8>, tensor<172x2xi4>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(#w8, #two) scale_at(group) -> tensor<?x172xf32>
  return
}

// -----

#w4 = #quantized.scheme<bits = 4, group = 32, symmetric, scale = f16>
// C18: float activations with scales at groups
func.func @c18_group(%a: tensor<?x64xf32>, %w: tensor<172x64xi4>, %sw: tensor<172x2xf16>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected a scheme for a, or scale_at(element), got float with scale_at(group)}}
  %0 = quantized.contract ins(%a, %w, %sw : tensor<?x64xf32>, tensor<172x64xi4>, tensor<172x2xf16>) outs(%o : tensor<?x172xf32>) schemes(float, #w4) scale_at(group) -> tensor<?x172xf32>
  return
}

// -----

#w4 = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>
// C18: float activations with scales at the output
func.func @c18_output(%a: tensor<?x64xf32>, %w: tensor<172x64xi4>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected a scheme for a, or scale_at(element), got float with scale_at(output)}}
  %0 = quantized.contract ins(%a, %w, %sw : tensor<?x64xf32>, tensor<172x64xi4>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(float, #w4) scale_at(output) -> tensor<?x172xf32>
  return
}

// -----

#w4 = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>
// C18: float means f32
func.func @c18_type(%a: tensor<?x64xi8>, %w: tensor<172x64xi4>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected a to be a matrix of 'f32', got 'tensor<?x64xi8>'}}
  %0 = quantized.contract ins(%a, %w, %sw : tensor<?x64xi8>, tensor<172x64xi4>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(float, #w4) scale_at(element) -> tensor<?x172xf32>
  return
}

// -----

#w4 = #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>
// C18: float activations have no scales
func.func @c18_scales(%a: tensor<?x64xf32>, %sa: tensor<?xf32>, %w: tensor<172x64xi4>, %sw: tensor<172xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected 3 inputs (codes, scales and what else its scheme has, of each side), got 4}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xf32>, tensor<?xf32>, tensor<172x64xi4>, tensor<172xf32>) outs(%o : tensor<?x172xf32>) schemes(float, #w4) scale_at(element) -> tensor<?x172xf32>
  return
}

// -----

// C19: no such format
// expected-error @below {{expected the name of a format, or its JSON: no format 'mxfp5', did you mean 'mxfp4'?}}
func.func @c19_name() attributes {scheme = #quantized.scheme<format = "mxfp5">} {
  return
}

// -----

// C19: not the JSON of a format
// expected-error @below {{expected the name of a format, or its JSON: format: $.element}}
func.func @c19_json() attributes {scheme = #quantized.scheme<format = "{\22name\22: \22x\22}">} {
  return
}

// -----

#mxfp4 = #quantized.scheme<format = "mxfp4">
// C20: a format with scales at groups
func.func @c20_group(%a: tensor<?x64xi8>, %sa: tensor<?xf32>, %w: tensor<172x64xi4>, %sw: tensor<172x2xi8>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected scale_at(element) for the scheme of a format, got scale_at(group)}}
  %0 = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi4>, tensor<172x2xi8>) outs(%o : tensor<?x172xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, #mxfp4) scale_at(group) -> tensor<?x172xf32>
  return
}

// -----

#nvfp4 = #quantized.scheme<format = "nvfp4">
// C15: both levels of scales
func.func @c15_format(%a: tensor<?x64xf32>, %w: tensor<172x64xi4>, %sw: tensor<172x4xi8>, %so: tensor<172x1xf32>, %o: tensor<?x172xf32>) {
  // expected-error @below {{expected outer scales of w of 'f32' with 1 dimensions for the scheme #quantized.scheme<format = "nvfp4">, got 'tensor<172x1xf32>'}}
  %0 = quantized.contract ins(%a, %w, %sw, %so : tensor<?x64xf32>, tensor<172x64xi4>, tensor<172x4xi8>, tensor<172x1xf32>) outs(%o : tensor<?x172xf32>) schemes(float, #nvfp4) scale_at(element) -> tensor<?x172xf32>
  return
}

// -----

#q4k = #quantized.scheme<format = "q4_k">
// C7: every part has its type
func.func @c7_format(%c: tensor<3x300xi4>, %s: tensor<3x10xf16>, %so: tensor<3x2xf16>, %m: tensor<3x10xi8>, %mo: tensor<3x2xf16>, %o: tensor<3x300xf32>) {
  // expected-error @below {{expected scales of the codes of 'i8' with 2 dimensions for the scheme #quantized.scheme<format = "q4_k">, got 'tensor<3x10xf16>'}}
  %0 = quantized.dequantize ins(%c, %s, %so, %m, %mo : tensor<3x300xi4>, tensor<3x10xf16>, tensor<3x2xf16>, tensor<3x10xi8>, tensor<3x2xf16>) outs(%o : tensor<3x300xf32>) scheme(#q4k) -> tensor<3x300xf32>
  return
}

// -----

// C25: blocks of GGUF files
func.func @c25(%b: tensor<3x36xi8>) {
  // expected-error @below {{expected the format of blocks of GGUF files, got #quantized.scheme<format = "mxfp4">}}
  %0:2 = quantized.split_blocks %b : tensor<3x36xi8> scheme(<format = "mxfp4">) -> tensor<3x64xi8>, tensor<3x2xi8>
  return
}

// -----

// C26: whole blocks
func.func @c26(%b: tensor<3x37xi8>) {
  // expected-error @below {{expected a matrix of i8 whose rows are blocks of 18 bytes, got 'tensor<3x37xi8>'}}
  %0:2 = quantized.split_blocks %b : tensor<3x37xi8> scheme(<format = "q4_0">) -> tensor<3x64xi8>, tensor<3x2xf16>
  return
}

// -----

// C27: the parts of the scheme
func.func @c27(%b: tensor<3x36xi8>) {
  // expected-error @below {{expected results of types 'tensor<3x64xi8>', 'tensor<3x2xf16>'}}
  %0:2 = quantized.split_blocks %b : tensor<3x36xi8> scheme(<format = "q4_0">) -> tensor<3x64xi8>, tensor<3x2xf32>
  return
}

// -----

// C28: words and bytes
func.func @c28(%w: tensor<3x8xi16>) {
  // expected-error @below {{expected a matrix of i32, one of i8 and dimension 0 or 1, got 'tensor<3x8xi16>', 'tensor<3x64xi8>' and 1}}
  %0 = quantized.unpack_words %w dimension(1) bits(4) : tensor<3x8xi16> -> tensor<3x64xi8>
  return
}

// -----

// C29: bits
func.func @c29_bits(%w: tensor<3x2xi32>) {
  // expected-error @below {{expected 2 to 8 bits, got 1}}
  %0 = quantized.unpack_words %w dimension(1) bits(1) : tensor<3x2xi32> -> tensor<3x64xi8>
  return
}

// -----

// C29: what is added
func.func @c29_add(%w: tensor<3x8xi32>) {
  // expected-error @below {{expected to add 0, 1 or -8, got -7}}
  %0 = quantized.unpack_words %w dimension(1) bits(4) add(-7) : tensor<3x8xi32> -> tensor<3x64xi8>
  return
}

// -----

// C29: a permutation
func.func @c29_order(%w: tensor<3x8xi32>) {
  // expected-error @below {{expected an order of the fields of a word of 32 bits}}
  %0 = quantized.unpack_words %w dimension(1) bits(4) order([0, 2, 4, 6, 1, 3, 5, 5]) : tensor<3x8xi32> -> tensor<3x64xi8>
  return
}

// -----

// C30: words for the elements
func.func @c30_words(%w: tensor<7x5xi32>) {
  // expected-error @below {{expected 8 words for 77 elements, got 7}}
  %0 = quantized.unpack_words %w dimension(0) bits(3) : tensor<7x5xi32> -> tensor<77x5xi8>
  return
}

// -----

// C30: lines
func.func @c30_lines(%w: tensor<8x5xi32>) {
  // expected-error @below {{expected 5 lines in the result, got 6}}
  %0 = quantized.unpack_words %w dimension(0) bits(3) : tensor<8x5xi32> -> tensor<77x6xi8>
  return
}

// -----

// C21: rounding without statistics
// expected-error @below {{expected the op id of the statistics, got ''}}
func.func private @c21() attributes {r = #quantized.rounding<gptq, statistics = "">}

// -----

// C22: a weight's rounding of activations
func.func @c22(%x: tensor<?x64xf32>, %c: tensor<?x64xi8>, %s: tensor<?xf32>) {
  // expected-error @below {{expected a tensor of static shape to be rounded with statistics, got 'tensor<?x64xf32>'}}
  %0:2 = quantized.quantize ins(%x : tensor<?x64xf32>) outs(%c, %s : tensor<?x64xi8>, tensor<?xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) rounding(<clip, statistics = "a">) -> tensor<?x64xi8>, tensor<?xf32>
  return
}

// -----

// C23: weights with other columns
func.func @c23_columns(%w: tensor<8x64xf32>) {
  // expected-error @below {{expected matrices of f32 with 63 columns, got 'tensor<8x64xf32>'}}
  %0 = quantized.channel_scales ins(%w : tensor<8x64xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) statistics("a") -> tensor<63xf32>
  return
}

// -----

// C23: factors of another type
func.func @c23_factors(%w: tensor<8x64xf32>) {
  // expected-error @below {{expected weights and a vector of f32 factors, got 1 and 'tensor<64xf16>'}}
  %0 = quantized.channel_scales ins(%w : tensor<8x64xf32>) scheme(<bits = 8, group = 0, symmetric, scale = f32>) statistics("a") -> tensor<64xf16>
  return
}

// -----

// C24: a dimension that is not there
func.func @c24_dimension(%g: tensor<64xf32>, %s: tensor<64xf32>) {
  // expected-error @below {{expected one or two dimensions of f32 and one of them, got 'tensor<64xf32>' and dimension 1}}
  %0 = quantized.rescale %g by %s dimension(1) : tensor<64xf32>, tensor<64xf32>
  return
}

// -----

// C24: a factor too few
func.func @c24_factors(%w: tensor<8x64xf32>, %s: tensor<7xf32>) {
  // expected-error @below {{expected 8 factors of f32, got 'tensor<7xf32>'}}
  %0 = quantized.rescale %w by %s dimension(0) divide : tensor<8x64xf32>, tensor<7xf32>
  return
}
