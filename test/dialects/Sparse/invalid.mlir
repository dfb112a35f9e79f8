// RUN: coopt-opt %s -split-input-file -verify-diagnostics

func.func @c1_text(%w: tensor<3x64xf32>) {
  // expected-error @+1 {{sparsity 'half': expected N:M (2:4), N:MxC for groups of C columns (2:4x16), group16:0.5 or block8x16:0.5}}
  %0 = sparse.topk_select %w pattern(<"half">) : tensor<3x64xf32> -> tensor<3x64xi1>
  return
}

// -----

// expected-error @+1 {{sparsity '': expected N:M (2:4)}}
func.func private @c1_empty() attributes {p = #sparse.pattern<"">}

// -----

// expected-error @+1 {{sparsity '4:4': expected at least 1 and fewer than all to be kept, got 4 of 4}}
func.func private @c1_all() attributes {p = #sparse.pattern<"4:4">}

// -----

// expected-error @+1 {{sparsity '0:4': expected at least 1 and fewer than all to be kept, got 0 of 4}}
func.func private @c1_none() attributes {p = #sparse.pattern<"0:4">}

// -----

// expected-error @+1 {{sparsity '2:4x32': expected runs of at most 64 columns, got 4 times 32}}
func.func private @c1_columns() attributes {p = #sparse.pattern<"2:4x32">}

// -----

// expected-error @+1 {{sparsity '2:4x3x16': expected 1, 2, 4, 8 or 16 rows that keep the same, got 3}}
func.func private @c1_rows() attributes {p = #sparse.pattern<"2:4x3x16">}

// -----

// expected-error @+1 {{sparsity 'group16:0.3': expected a share that keeps a whole number of the 4 groups of 16 in 64 columns}}
func.func private @c1_share() attributes {p = #sparse.pattern<"group16:0.3">}

// -----

func.func @c2_elements(%w: tensor<3x64xbf16>) {
  // expected-error @+1 {{expected scores that are a matrix of f32 with a static number of columns, got 'tensor<3x64xbf16>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<3x64xbf16> -> tensor<3x64xi1>
  return
}

// -----

func.func @c2_rank(%w: tensor<64xf32>) {
  // expected-error @+1 {{expected scores that are a matrix of f32 with a static number of columns, got 'tensor<64xf32>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<64xf32> -> tensor<64xi1>
  return
}

// -----

func.func @c2_columns(%w: tensor<3x?xf32>) {
  // expected-error @+1 {{expected scores that are a matrix of f32 with a static number of columns, got 'tensor<3x?xf32>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<3x?xf32> -> tensor<3x?xi1>
  return
}

// -----

func.func @c2_no_columns(%w: tensor<3x0xf32>) {
  // expected-error @+1 {{expected scores that are a matrix of f32 with a static number of columns, got 'tensor<3x0xf32>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<3x0xf32> -> tensor<3x0xi1>
  return
}

// -----

func.func @c2_encoding(%w: tensor<3x64xf32, 7>) {
  // expected-error @+1 {{expected scores that are a matrix of f32 with a static number of columns, got 'tensor<3x64xf32, 7 : i64>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<3x64xf32, 7> -> tensor<3x64xi1>
  return
}

// -----

// The last of the five groups is short, but there.
func.func @c2_bits(%w: tensor<3x65xf32>) {
  // expected-error @+1 {{expected a bit for each block, 'tensor<3x5xi1>', got 'tensor<3x4xi1>'}}
  %0 = sparse.topk_select %w pattern(<"2:4x16">) : tensor<3x65xf32> -> tensor<3x4xi1>
  return
}

// -----

func.func @c2_bytes(%w: tensor<3x64xf32>) {
  // expected-error @+1 {{expected a bit for each block, 'tensor<3x64xi1>', got 'tensor<3x64xi8>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<3x64xf32> -> tensor<3x64xi8>
  return
}

// -----

func.func @c2_rows(%w: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a bit for each block, 'tensor<?x64xi1>', got 'tensor<3x64xi1>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) : tensor<?x64xf32> -> tensor<3x64xi1>
  return
}

// -----

func.func @c3_several_rows(%w: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a static number of rows with several rows a block, got 'tensor<?x64xf32>'}}
  %0 = sparse.topk_select %w pattern(<"2:4x8x16">) : tensor<?x64xf32> -> tensor<?x4xi1>
  return
}

// -----

func.func @c3_statistics(%w: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a static number of rows with statistics, got 'tensor<?x64xf32>'}}
  %0 = sparse.topk_select %w pattern(<"2:4">) statistics("a") : tensor<?x64xf32> -> tensor<?x64xi1>
  return
}

// -----

func.func @c4_elements(%w: tensor<3x64xindex>, %k: tensor<3x64xi1>) {
  // expected-error @+1 {{expected a matrix of integers or floats with a static number of columns, got 'tensor<3x64xindex>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<3x64xindex>, tensor<3x64xi1> -> tensor<3x32xindex>
  return
}

// -----

func.func @c4_rank(%w: tensor<2x3x64xi8>, %k: tensor<3x64xi1>) {
  // expected-error @+1 {{expected a matrix of integers or floats with a static number of columns, got 'tensor<2x3x64xi8>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<2x3x64xi8>, tensor<3x64xi1> -> tensor<3x32xi8>
  return
}

// -----

func.func @c4_columns(%w: tensor<3x?xi8>, %k: tensor<3x?xi1>) {
  // expected-error @+1 {{expected a matrix of integers or floats with a static number of columns, got 'tensor<3x?xi8>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<3x?xi8>, tensor<3x?xi1> -> tensor<3x?xi8>
  return
}

// -----

func.func @c4_bits(%w: tensor<3x64xi8>, %k: tensor<3x32xi1>) {
  // expected-error @+1 {{expected a bit for each block, 'tensor<3x64xi1>', got 'tensor<3x32xi1>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<3x64xi8>, tensor<3x32xi1> -> tensor<3x32xi8>
  return
}

// -----

// The matrix of a decompress is its result.
func.func @c4_result(%v: tensor<3x32xi8>, %k: tensor<3x?xi1>) {
  // expected-error @+1 {{expected a matrix of integers or floats with a static number of columns, got 'tensor<3x?xi8>'}}
  %0 = sparse.decompress %v, %k pattern(<"2:4">) : tensor<3x32xi8>, tensor<3x?xi1> -> tensor<3x?xi8>
  return
}

// -----

func.func @c4_bits_of_decompress(%v: tensor<3x32xi8>, %k: tensor<4x4xi1>) {
  // expected-error @+1 {{expected a bit for each block, 'tensor<3x4xi1>', got 'tensor<4x4xi1>'}}
  %0 = sparse.decompress %v, %k pattern(<"2:4x16">) : tensor<3x32xi8>, tensor<4x4xi1> -> tensor<3x64xi8>
  return
}

// -----

// A short run has as many columns of the compact form as any other.
func.func @c5_columns(%w: tensor<3x13xi8>, %k: tensor<3x13xi1>) {
  // expected-error @+1 {{expected the values in their compact form, 'tensor<3x8xi8>', got 'tensor<3x7xi8>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<3x13xi8>, tensor<3x13xi1> -> tensor<3x7xi8>
  return
}

// -----

func.func @c5_elements(%w: tensor<3x64xi4>, %k: tensor<3x64xi1>) {
  // expected-error @+1 {{expected the values in their compact form, 'tensor<3x32xi4>', got 'tensor<3x32xi8>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<3x64xi4>, tensor<3x64xi1> -> tensor<3x32xi8>
  return
}

// -----

func.func @c5_rows(%w: tensor<?x64xi8>, %k: tensor<?x64xi1>) {
  // expected-error @+1 {{expected the values in their compact form, 'tensor<?x32xi8>', got 'tensor<3x32xi8>'}}
  %0 = sparse.compress %w, %k pattern(<"2:4">) : tensor<?x64xi8>, tensor<?x64xi1> -> tensor<3x32xi8>
  return
}

// -----

func.func @c5_values_of_decompress(%v: tensor<3x64xf32>, %k: tensor<3x64xi1>) {
  // expected-error @+1 {{expected the values in their compact form, 'tensor<3x32xf32>', got 'tensor<3x64xf32>'}}
  %0 = sparse.decompress %v, %k pattern(<"2:4">) : tensor<3x64xf32>, tensor<3x64xi1> -> tensor<3x64xf32>
  return
}

// -----

// Attributes of other ops: the one that there is, and its type.

// expected-error @+1 {{expected 'sparse.pattern' to be a #sparse.pattern, got "2:4"}}
model.parameter @text_for_a_pattern : tensor<3x64xi4> {sparse.pattern = "2:4"}

// -----

// expected-error @+1 {{unknown attribute 'sparse.paltern' of the sparse dialect}}
model.parameter @unknown_attribute : tensor<3x64xi4> {sparse.paltern = #sparse.pattern<"2:4">}
