// RUN: coopt-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected the name of a file, got an empty one}}
model.parameter @c1_no_file_name : tensor<3xf32> from #model.source<"", 0, tensor<3xf32>>

// -----

// expected-error @+1 {{expected an offset that is not negative, got -1}}
model.parameter @c1_negative_offset : tensor<3xf32> from #model.source<"a", -1, tensor<3xf32>>

// -----

// expected-error @+1 {{expected a static type without encoding, got 'tensor<?xf32>'}}
model.parameter @c1_dynamic : tensor<3xf32> from #model.source<"a", 0, tensor<?xf32>>

// -----

// expected-error @+1 {{expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
model.parameter @c1_not_a_whole_number_of_bytes : tensor<3xi4> from #model.source<"a", 0, tensor<3xi4>>

// -----

// expected-error @+1 {{is not representable}}
model.parameter @c1_too_large : tensor<3xf32> from #model.source<"a", 0, tensor<4294967296x4294967296xf32>>

// -----

// expected-error @+1 {{offset 9223372036854775807 plus the size of 'tensor<3xf32>' is not representable}}
model.parameter @c1_too_far : tensor<3xf32> from #model.source<"a", 9223372036854775807, tensor<3xf32>>

// -----

// expected-error @+1 {{expected a finite scale that is not negative, got}}
model.parameter @c2_infinite : tensor<3xf32> from #model.noise<seed = 1, scale = 1.0e999>

// -----

// expected-error @+1 {{expected a finite scale that is not negative, got}}
model.parameter @c2_negative : tensor<3xf32> from #model.noise<seed = 1, scale = -1.0>

// -----

// expected-error @+1 {{expected the name of a size, got an empty one}}
model.entry @c3_no_name() sizes [#model.size<"", min = 1, max = 2, multiple = 1>] { model.return }

// -----

// expected-error @+1 {{size "n": expected 0 <= min <= max, got min 3, max 2}}
model.entry @c3_min_above_max() sizes [#model.size<"n", min = 3, max = 2, multiple = 1>] { model.return }

// -----

// expected-error @+1 {{size "n": expected min 8 and max 20 to be multiples of 8}}
model.entry @c3_multiple() sizes [#model.size<"n", min = 8, max = 20, multiple = 8>] { model.return }

// -----

// expected-error @+1 {{to be multiples of 0}}
model.entry @c3_multiple_of_nothing() sizes [#model.size<"n", min = 8, max = 16, multiple = 0>] { model.return }

// -----

// expected-error @+1 {{layout, column 2: expected a size, got 'x'}}
model.parameter @c4_no_layout : tensor<3xf32, #model.layout<"[x]">>

// -----

// expected-error @+1 {{expected bits, and nothing that is kept, with centred codes}}
model.parameter @c4_centred_elements : tensor<64xi8, #model.layout<"[8, 8] tile(d0:3)" centred>>

// -----

// expected-error @+1 {{expected bits, and nothing that is kept, with centred codes}}
model.parameter @c4_centred_kept : tensor<16384xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4 centred keeps "2:4">>

// -----

// expected-error @+1 {{expected bits, and nothing that is kept, with planes of one bit}}
model.parameter @c4_planes_elements : tensor<64xi8, #model.layout<"[8, 8] tile(d0:3)" planes>>

// -----

// expected-error @+1 {{expected bits, and nothing that is kept, with planes of one bit}}
model.parameter @c4_planes_kept : tensor<16384xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4 planes keeps "2:4">>

// -----

// expected-error @+1 {{sparsity 'half': expected N:M (2:4), N:MxC for groups of C columns (2:4x16), group16:0.5 or block8x16:0.5}}
model.parameter @c4_no_pattern : tensor<12288xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "half">>

// -----

// expected-error @+1 {{sparsity 2:5 of 4 bits: expected runs of 2, 4, 8, 16, 32 or 64 elements, or groups of 4, 8, 16 or 32 columns in runs of a divisor of 64}}
model.parameter @c4_pattern_of_other_tiles : tensor<16384xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:5">>

// -----

// expected-error @+1 {{sparsity 1:3x16 of 4 bits: expected runs of 2, 4, 8, 16, 32 or 64 elements, or groups of 4, 8, 16 or 32 columns in runs of a divisor of 64}}
model.parameter @c4_runs_across_tiles : tensor<8192xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "1:3x16">>

// -----

// expected-error @+1 {{sparsity 1:4x16 of 1 bit: too few bits are left of a tile of 16 rows and 64 columns to be read as vectors}}
model.parameter @c4_parts_of_vectors : tensor<3072xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)", bits = 1 keeps "1:4x16">>

// -----

// expected-error @+1 {{expected a matrix in panels of 16 rows to keep 2:4 of, or codes of some bits}}
model.parameter @c4_kept_of_other_panels : tensor<32768xi8, #model.layout<"[512, 64] tile(d1:2, d0:4, d1:4)" keeps "2:4">>

// -----

func.func @c20_elements_of_no_panels(%x: tensor<512x6xf64>) {
  // expected-error @+1 {{expected elements of 1, 2 or 4 bytes to keep "1:3" of, got 'f64'}}
  %p = model.pack %x : tensor<512x6xf64> -> tensor<3072xf64, #model.layout<"[512, 6] tile(d0:4)" keeps "1:3">>
  return
}

// -----

// expected-error @+1 {{expected a matrix in tiles of 16 rows and 64 columns, four of a row side by side, or in panels, to keep 2:4 of}}
model.parameter @c4_kept_of_other_tiles : tensor<12288xi8, #model.layout<"[512, 64] tile(d0:4, d1:6)", bits = 4 keeps "2:4">>

// -----

// expected-error @+2 {{expected a matrix in tiles of 16 rows and 64 columns, four of a row side by side, or in panels, to keep 2:4 of}}
model.parameter @c4_kept_of_tiles_in_another_order
  : tensor<24576xi8, #model.layout<"[512, 128] tile(d1:2, d0:4, d1:4) outer(d1, d0)", bits = 4 keeps "2:4">>

// -----

// expected-error @+1 {{expected a matrix in tiles of 16 rows and 64 columns, four of a row side by side, or in panels, to keep 2:4 of}}
model.parameter @c4_kept_of_no_matrix : tensor<24xi8, #model.layout<"[64] tile(d0:6)", bits = 4 keeps "2:4">>

// -----

// expected-error @+1 {{sparsity 2:4x16 of panels of 32 rows: expected runs of single elements}}
model.parameter @c4_kept_groups_of_panels : tensor<16384xi8, #model.layout<"[512, 64] tile(d0:5)", bits = 8 keeps "2:4x16">>

// -----

// expected-error @+1 {{sparsity 2:4 of panels of 32 rows: expected at least 8 rows, of codes of 2, 4 or 8 bits, got 3 bits}}
model.parameter @c4_kept_planes_of_panels : tensor<16384xi8, #model.layout<"[512, 64] tile(d0:5)", bits = 3 keeps "2:4">>

// -----

// expected-error @+1 {{expected a static type, got 'tensor<?xf32>'}}
model.parameter @c5_dynamic : tensor<?xf32>

// -----

// expected-error @+1 {{expected a #model.source, a #model.noise or a #model.rotary as origin, got 7 : i64}}
model.parameter @c5_neither_source_nor_noise : tensor<3xf32> from 7

// -----

// expected-error @+1 {{expected a source of the parameter's type 'tensor<3xf32>' (or bf16 or f16 elements for f32), got 'tensor<4xf32>'}}
model.parameter @c5_other_shape : tensor<3xf32> from #model.source<"a", 0, tensor<4xf32>>

// -----

// expected-error @+1 {{expected a source of the parameter's type 'tensor<3xbf16>'}}
model.parameter @c5_a_conversion_that_is_not_exact : tensor<3xbf16> from #model.source<"a", 0, tensor<3xf32>>

// -----

// expected-error @+1 {{expected float elements for noise, got 'i8'}}
model.parameter @c5_noise_of_integers : tensor<3xi8> from #model.noise<seed = 1, scale = 1.0>

// -----

// expected-error @+1 {{defines @missing, which is not a parameter}}
model.recipe @c6_no_such_parameter defines [@missing] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

model.parameter @c6_the_parameter_has_an_origin : tensor<3xf32> from #model.noise<seed = 1, scale = 1.0>
// expected-error @+1 {{defines @c6_the_parameter_has_an_origin, which has an origin of its own}}
model.recipe @r defines [@c6_the_parameter_has_an_origin] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

model.parameter @c7_one_value_too_few : tensor<3xf32>
// expected-error @+1 {{expected 1 yielded values, one per parameter, got 0}}
model.recipe @r defines [@c7_one_value_too_few] {
}

// -----

model.parameter @c7_another_type : tensor<3xf32>
// expected-error @+1 {{expected a value of type 'tensor<3xf32>' for @c7_another_type, got 'tensor<4xf32>'}}
model.recipe @r defines [@c7_another_type] {
  %x = tensor.empty() : tensor<4xf32>
  model.yield %x : tensor<4xf32>
}

// -----

model.parameter @c8_a_side_effect : tensor<3xf32>
// expected-error @+1 {{expected ops without side effects}}
model.recipe @r defines [@c8_a_side_effect] {
  %x = tensor.empty() : tensor<3xf32>
  // expected-note @+1 {{'memref.alloc' may have some}}
  %m = memref.alloc() : memref<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

model.parameter @c9_by_two_recipes : tensor<3xf32>
// expected-note @+1 {{here}}
model.recipe @r defines [@c9_by_two_recipes] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}
// expected-error @+1 {{defines @c9_by_two_recipes, which is defined already}}
model.recipe @s defines [@c9_by_two_recipes] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

model.parameter @c6_twice_in_one_recipe : tensor<3xf32>
// expected-error @+2 {{defines @c6_twice_in_one_recipe, which is defined already}}
// expected-note @+1 {{here}}
model.recipe @r defines [@c6_twice_in_one_recipe, @c6_twice_in_one_recipe] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x, %x : tensor<3xf32>, tensor<3xf32>
}

// -----

func.func @c10_no_parameter() {
  // expected-error @+1 {{@c10_no_parameter is not a parameter}}
  %x = model.load @c10_no_parameter : tensor<3xf32>
  return
}

// -----

model.parameter @p : tensor<3xf32>
func.func @c10_another_type() {
  // expected-error @+1 {{expected the type of the parameter, 'tensor<3xf32>', got 'tensor<4xf32>'}}
  %x = model.load @p : tensor<4xf32>
  return
}

// -----

model.parameter @p : tensor<3xf32>
func.func @c10_another_buffer() {
  // expected-error @+1 {{expected the type of the parameter, 'tensor<3xf32>', got 'memref<3xf64>'}}
  %x = model.load @p : memref<3xf64>
  return
}

// -----

// expected-error @+1 {{size "n" is there twice}}
model.entry @c11_twice() sizes [#model.size<"n", min = 1, max = 2, multiple = 1>, #model.size<"n", min = 1, max = 3, multiple = 1>] {
  model.return
}

// -----

// expected-error @+1 {{expected 'dims' to have 1 lists, one per argument, got 0}}
model.entry @c12_no_dims(%x: tensor<?xf32>) {
  model.return
}

// -----

// expected-error @+1 {{expected 2 names in 'dims' for the dynamic extents of argument 0, got 1}}
model.entry @c12_one_name_too_few(%x: tensor<?x3x?xf32>) sizes [#model.size<"n", min = 1, max = 2, multiple = 1>] dims [["n"]] -> [] {
  model.return
}

// -----

// expected-error @+1 {{'dims' of result 0 names "m", which is not one of the sizes}}
model.entry @c12_no_such_size(%x: tensor<?xf32>) -> tensor<?xf32> sizes [#model.size<"n", min = 1, max = 2, multiple = 1>] dims [["n"]] -> [["m"]] {
  model.return %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{expected a ranked tensor without encoding or a state as argument 0, got 'index'}}
model.entry @c13_neither_tensor_nor_state(%x: index) {
  model.return
}

// -----

// expected-error @+1 {{expected as many state results as state arguments, 1, got 0}}
model.entry @c14_a_state_is_lost(%s: !attention.state<layers = 1, heads = 1, head_size = 8, capacity = 3, element = f32>) {
  model.return
}

// -----

// expected-error @+1 {{expected result 0 to have the type of the state argument 0 that it is tied to}}
model.entry @c14_another_state(%s: !attention.state<layers = 1, heads = 1, head_size = 8, capacity = 3, element = f32>)
    -> !attention.state<layers = 2, heads = 1, head_size = 8, capacity = 3, element = f32> {
  %0 = builtin.unrealized_conversion_cast to !attention.state<layers = 2, heads = 1, head_size = 8, capacity = 3, element = f32>
  model.return %0 : !attention.state<layers = 2, heads = 1, head_size = 8, capacity = 3, element = f32>
}

// -----

model.entry @c15_one_value_too_few(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{expected 1 values, got 0}}
  model.return
}

// -----

model.entry @c15_another_type(%x: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected value 0 to have the entry's result type 'tensor<4xf32>', got 'tensor<3xf32>'}}
  model.return %x : tensor<3xf32>
}

// -----

func.func @c16_no_entry() {
  // expected-error @+1 {{expected to be inside a model.entry}}
  %n = model.size "n" : index
  return
}

// -----

model.entry @c16_no_such_size() sizes [#model.size<"n", min = 1, max = 2, multiple = 1>] {
  // expected-error @+1 {{"m" is not one of the sizes of entry @c16_no_such_size}}
  %n = model.size "m" : index
  model.return
}

// -----

func.func @c17_rows(%t: tensor<512x63xf32>, %i: tensor<5xi32>, %o: tensor<6x63xf32>) {
  // expected-error @+1 {{expected 5 as rows of the init, got 6}}
  %x = model.gather ins(%t, %i : tensor<512x63xf32>, tensor<5xi32>) outs(%o : tensor<6x63xf32>) -> tensor<6x63xf32>
  return
}

// -----

func.func @c17_columns(%t: tensor<512x63xf32>, %i: tensor<5xi32>, %o: tensor<5x64xf32>) {
  // expected-error @+1 {{expected 63 as columns of the init, got 64}}
  %x = model.gather ins(%t, %i : tensor<512x63xf32>, tensor<5xi32>) outs(%o : tensor<5x64xf32>) -> tensor<5x64xf32>
  return
}

// -----

func.func @c17_elements(%t: tensor<512x63xf16>, %i: tensor<5xi32>, %o: tensor<5x63xf32>) {
  // expected-error @+1 {{expected the table's element type 'f16' for the init, got 'f32'}}
  %x = model.gather ins(%t, %i : tensor<512x63xf16>, tensor<5xi32>) outs(%o : tensor<5x63xf32>) -> tensor<5x63xf32>
  return
}

// -----

func.func @c18_rank(%x: tensor<5x63xf32>, %o: tensor<5x63xf32>) {
  // expected-error @+1 {{expected an init of rank 1, one less than the input's, got rank 2}}
  %s = model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<5x63xf32>) -> tensor<5x63xf32>
  return
}

// -----

func.func @c18_rank_of_a_scalar(%x: tensor<f32>, %o: tensor<f32>) {
  // expected-error @+1 {{expected an input with rows, got 'tensor<f32>'}}
  %s = model.row_reduce sum ins(%x : tensor<f32>) outs(%o : tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @c18_extents(%x: tensor<5x63xf32>, %o: tensor<6xf32>) {
  // expected-error @+1 {{expected 5 as extent 0 of the init, got 6}}
  %s = model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<6xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @c19_mixed(%x: memref<5x63xf32>, %o: tensor<5xf32>) {
  // expected-error @+1 {{expected operands that are all tensors or all memrefs, got 1 tensors and 1 memrefs}}
  %s = model.row_reduce sum ins(%x : memref<5x63xf32>) outs(%o : tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @c19_no_result(%x: tensor<5x63xf32>, %o: tensor<5xf32>) {
  // expected-error @+1 {{expected 1 results in tensor form, got 0}}
  model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<5xf32>)
  return
}

// -----

func.func @c19_a_result_in_memref_form(%x: memref<5x63xf32>, %o: memref<5xf32>) {
  // expected-error @+1 {{expected 0 results in memref form, got 1}}
  %s = model.row_reduce sum ins(%x : memref<5x63xf32>) outs(%o : memref<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @c19_a_result_of_another_type(%x: tensor<5x63xf32>, %o: tensor<5xf32>) {
  // expected-error @+1 {{expected a result of the init's type 'tensor<5xf32>', got 'tensor<?xf32>'}}
  %s = model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<5xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @c20_no_layout(%x: tensor<5x63xf32>) {
  // expected-error @+1 {{expected a #model.layout as encoding of the result, got 'tensor<315xf32>'}}
  %p = model.pack %x : tensor<5x63xf32> -> tensor<315xf32>
  return
}

// -----

func.func @c20_other_extents(%x: tensor<5x64xf32>) {
  // expected-error @+1 {{expected a source of the layout's extents, [5, 63], without encoding, got 'tensor<5x64xf32>'}}
  %p = model.pack %x : tensor<5x64xf32> -> tensor<315xf32, #model.layout<"[5, 63]">>
  return
}

// -----

func.func @c20_padding_is_not_counted(%x: tensor<5x63xf32>) {
  // expected-error @+1 {{expected 504 elements of storage in one dimension, as the layout has, got 'tensor<315xf32, #model.layout<"[5, 63] tile(d0:3)">>'}}
  %p = model.pack %x : tensor<5x63xf32> -> tensor<315xf32, #model.layout<"[5, 63] tile(d0:3)">>
  return
}

// -----

// A panel of 32 rows and 63 columns has 32 lines of 16 bytes of codes and 8 of places.
func.func @c20_kept_panels(%x: tensor<172x63xi8>) {
  // expected-error @+1 {{expected 4608 elements of storage in one dimension, as the layout has, got 'tensor<4600xi8}}
  %p = model.pack %x : tensor<172x63xi8> -> tensor<4600xi8, #model.layout<"[172, 63] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4 keeps "2:4">>
  return
}

// -----

// A tile of 1024 codes of 4 bits keeps 512: 128 bytes of places and 256 of codes.
func.func @c20_what_is_kept(%x: tensor<172x63xi8>) {
  // expected-error @+1 {{expected 4224 elements of storage in one dimension, as the layout has, got}}
  %p = model.pack %x : tensor<172x63xi8> -> tensor<5632xi8, #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">>
  return
}

// -----

func.func @c20_kept_elements_are_no_codes(%x: tensor<172x63xf32>) {
  // expected-error @+1 {{expected codes of 4 bits in elements of i8, got 'f32'}}
  %p = model.pack %x : tensor<172x63xf32> -> tensor<4224xf32, #model.layout<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4">>
  return
}

// -----

func.func @c20_other_elements(%x: tensor<5x63xf32>) {
  // expected-error @+1 {{expected packed elements of type 'f32', got 'f16'}}
  %p = model.pack %x : tensor<5x63xf32> -> tensor<315xf16, #model.layout<"[5, 63]">>
  return
}

// -----

func.func @c21_mixed(%p: tensor<315xf32, #model.layout<"[5, 63]">>) {
  // expected-error @+1 {{expected a source and a result that are both tensors or both memrefs}}
  %x = model.unpack %p : tensor<315xf32, #model.layout<"[5, 63]">> -> memref<5x63xf32>
  return
}

// -----

func.func @c21_no_encoding(%p: tensor<315xf32>) {
  // expected-error @+1 {{expected a #model.layout as encoding of the source}}
  %x = model.unpack %p : tensor<315xf32> -> tensor<5x63xf32>
  return
}

// -----

func.func @c21_no_layout(%p: memref<315xf32>) {
  // expected-error @+1 {{expected a #model.layout as 'layout'}}
  %x = model.unpack %p : memref<315xf32> -> memref<5x63xf32>
  return
}

// -----

func.func @c21_two_layouts(%p: tensor<315xf32, #model.layout<"[5, 63]">>) {
  // expected-error @+1 {{expected no 'layout' in tensor form: the source's encoding is the layout}}
  %x = model.unpack %p layout(<"[5, 63]">) : tensor<315xf32, #model.layout<"[5, 63]">> -> tensor<5x63xf32>
  return
}

// -----

func.func @c21_elements_of_storage(%p: memref<314xf32>) {
  // expected-error @+1 {{expected 315 elements of storage in one dimension, as the layout has, got 'memref<314xf32>'}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<314xf32> -> memref<5x63xf32>
  return
}

// -----

// 264 bytes for each of eleven tiles: 8 of bits and 256 of codes.
func.func @c21_what_is_kept(%p: memref<5632xi8>) {
  // expected-error @+1 {{expected 2904 elements of storage in one dimension, as the layout has, got 'memref<5632xi8>'}}
  %x = model.unpack %p layout(<"[172, 63] tile(d1:2, d0:4, d1:4)", bits = 4 keeps "2:4x16">) : memref<5632xi8> -> memref<172x63xi8>
  return
}

// -----

func.func @c21_element_type(%p: memref<315xi8>) {
  // expected-error @+1 {{expected packed elements of type 'f32', got 'i8'}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xi8> -> memref<5x63xf32>
  return
}

// -----

func.func @c22_rank(%p: memref<315xf32>) {
  // expected-error @+1 {{expected a result of the layout's rank 2, got 'memref<63xf32>'}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xf32> -> memref<63xf32>
  return
}

// -----

func.func @c22_extents(%p: memref<315xf32>) {
  // expected-error @+1 {{expected at most the layout's extent 63 in dimension 1, got 64}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xf32> -> memref<5x64xf32>
  return
}

// -----

func.func @c22_offsets(%p: memref<315xf32>, %i: index) {
  // expected-error @+1 {{expected 2 offsets or none, got 1}}
  %x = model.unpack %p[%i] layout(<"[5, 63]">) : memref<315xf32> -> memref<5x63xf32>
  return
}

// -----

func.func @c22_sizes(%p: memref<315xf32>, %i: index) {
  // expected-error @+1 {{expected 1 sizes, one per dynamic extent, got 0}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xf32> -> memref<?x63xf32>
  return
}

// -----

// expected-error @below {{expected the function "cos" or "sin", got "tan"}}
model.parameter @c23_the_function_of_a_rotary_table : tensor<4x1xf32> from #model.rotary<"tan", dense<1.0> : tensor<1xf32>>

// -----

// expected-error @below {{expected an f32 matrix with 2 columns, one per frequency, for a rotary table, got 'tensor<4x1xf32>'}}
model.parameter @c5_the_shape_of_a_rotary_table : tensor<4x1xf32> from #model.rotary<"cos", dense<[1.0, 0.5]> : tensor<2xf32>>
