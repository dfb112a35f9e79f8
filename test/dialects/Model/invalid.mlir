// RUN: coopt-opt %s -split-input-file -verify-diagnostics

// C1: no file name
// expected-error @+1 {{expected the name of a file, got an empty one}}
model.parameter @c1 : tensor<3xf32> from #model.source<"", 0, tensor<3xf32>>

// -----

// C1: negative offset
// expected-error @+1 {{expected an offset that is not negative, got -1}}
model.parameter @c1 : tensor<3xf32> from #model.source<"a", -1, tensor<3xf32>>

// -----

// C1: dynamic
// expected-error @+1 {{expected a static type without encoding, got 'tensor<?xf32>'}}
model.parameter @c1 : tensor<3xf32> from #model.source<"a", 0, tensor<?xf32>>

// -----

// C1: not a whole number of bytes
// expected-error @+1 {{expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
model.parameter @c1 : tensor<3xi4> from #model.source<"a", 0, tensor<3xi4>>

// -----

// C1: too large
// expected-error @+1 {{is not representable}}
model.parameter @c1 : tensor<3xf32> from #model.source<"a", 0, tensor<4294967296x4294967296xf32>>

// -----

// C1: too far
// expected-error @+1 {{offset 9223372036854775807 plus the size of 'tensor<3xf32>' is not representable}}
model.parameter @c1 : tensor<3xf32> from #model.source<"a", 9223372036854775807, tensor<3xf32>>

// -----

// C2: infinite
// expected-error @+1 {{expected a finite scale that is not negative, got}}
model.parameter @c2 : tensor<3xf32> from #model.noise<seed = 1, scale = 1.0e999>

// -----

// C2: negative
// expected-error @+1 {{expected a finite scale that is not negative, got}}
model.parameter @c2 : tensor<3xf32> from #model.noise<seed = 1, scale = -1.0>

// -----

// C3: no name
// expected-error @+1 {{expected the name of a size, got an empty one}}
model.entry @c3() sizes [#model.size<"", min = 1, max = 2, multiple = 1>] { model.return }

// -----

// C3: min above max
// expected-error @+1 {{size "n": expected 0 <= min <= max, got min 3, max 2}}
model.entry @c3() sizes [#model.size<"n", min = 3, max = 2, multiple = 1>] { model.return }

// -----

// C3: multiple
// expected-error @+1 {{size "n": expected min 8 and max 20 to be multiples of 8}}
model.entry @c3() sizes [#model.size<"n", min = 8, max = 20, multiple = 8>] { model.return }

// -----

// C3: multiple of nothing
// expected-error @+1 {{to be multiples of 0}}
model.entry @c3() sizes [#model.size<"n", min = 8, max = 16, multiple = 0>] { model.return }

// -----

// C4: no layout
// expected-error @+1 {{layout, column 2: expected a size, got 'x'}}
model.parameter @c4 : tensor<3xf32, #model.layout<"[x]">>

// -----

// C5: dynamic
// expected-error @+1 {{expected a static type, got 'tensor<?xf32>'}}
model.parameter @c5 : tensor<?xf32>

// -----

// C5: neither source nor noise
// expected-error @+1 {{expected a #model.source, a #model.noise or a #model.rotary as origin, got 7 : i64}}
model.parameter @c5 : tensor<3xf32> from 7

// -----

// C5: other shape
// expected-error @+1 {{expected a source of the parameter's type 'tensor<3xf32>' (or bf16 or f16 elements for f32), got 'tensor<4xf32>'}}
model.parameter @c5 : tensor<3xf32> from #model.source<"a", 0, tensor<4xf32>>

// -----

// C5: a conversion that is not exact
// expected-error @+1 {{expected a source of the parameter's type 'tensor<3xbf16>'}}
model.parameter @c5 : tensor<3xbf16> from #model.source<"a", 0, tensor<3xf32>>

// -----

// C5: noise of integers
// expected-error @+1 {{expected float elements for noise, got 'i8'}}
model.parameter @c5 : tensor<3xi8> from #model.noise<seed = 1, scale = 1.0>

// -----

// C6: no such parameter
// expected-error @+1 {{defines @c6, which is not a parameter}}
model.recipe @r defines [@c6] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

// C6: the parameter has an origin
model.parameter @c6 : tensor<3xf32> from #model.noise<seed = 1, scale = 1.0>
// expected-error @+1 {{defines @c6, which has an origin of its own}}
model.recipe @r defines [@c6] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

// C7: one value too few
model.parameter @c7 : tensor<3xf32>
// expected-error @+1 {{expected 1 yielded values, one per parameter, got 0}}
model.recipe @r defines [@c7] {
}

// -----

// C7: another type
model.parameter @c7 : tensor<3xf32>
// expected-error @+1 {{expected a value of type 'tensor<3xf32>' for @c7, got 'tensor<4xf32>'}}
model.recipe @r defines [@c7] {
  %x = tensor.empty() : tensor<4xf32>
  model.yield %x : tensor<4xf32>
}

// -----

// C8: a side effect
model.parameter @c8 : tensor<3xf32>
// expected-error @+1 {{expected ops without side effects}}
model.recipe @r defines [@c8] {
  %x = tensor.empty() : tensor<3xf32>
  // expected-note @+1 {{'memref.alloc' may have some}}
  %m = memref.alloc() : memref<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

// C9: by two recipes
model.parameter @c9 : tensor<3xf32>
// expected-note @+1 {{here}}
model.recipe @r defines [@c9] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}
// expected-error @+1 {{defines @c9, which is defined already}}
model.recipe @s defines [@c9] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x : tensor<3xf32>
}

// -----

// C6: twice in one recipe
model.parameter @c6 : tensor<3xf32>
// expected-error @+2 {{defines @c6, which is defined already}}
// expected-note @+1 {{here}}
model.recipe @r defines [@c6, @c6] {
  %x = tensor.empty() : tensor<3xf32>
  model.yield %x, %x : tensor<3xf32>, tensor<3xf32>
}

// -----

// C10: no parameter
func.func @c10() {
  // expected-error @+1 {{@c10 is not a parameter}}
  %x = model.load @c10 : tensor<3xf32>
  return
}

// -----

// C10: another type
model.parameter @p : tensor<3xf32>
func.func @c10() {
  // expected-error @+1 {{expected the type of the parameter, 'tensor<3xf32>', got 'tensor<4xf32>'}}
  %x = model.load @p : tensor<4xf32>
  return
}

// -----

// C10: another buffer
model.parameter @p : tensor<3xf32>
func.func @c10() {
  // expected-error @+1 {{expected the type of the parameter, 'tensor<3xf32>', got 'memref<3xf64>'}}
  %x = model.load @p : memref<3xf64>
  return
}

// -----

// C11: twice
// expected-error @+1 {{size "n" is there twice}}
model.entry @c11() sizes [#model.size<"n", min = 1, max = 2, multiple = 1>, #model.size<"n", min = 1, max = 3, multiple = 1>] {
  model.return
}

// -----

// C12: no dims
// expected-error @+1 {{expected 'dims' to have 1 lists, one per argument, got 0}}
model.entry @c12(%x: tensor<?xf32>) {
  model.return
}

// -----

// C12: one name too few
// expected-error @+1 {{expected 2 names in 'dims' for the dynamic extents of argument 0, got 1}}
model.entry @c12(%x: tensor<?x3x?xf32>) sizes [#model.size<"n", min = 1, max = 2, multiple = 1>] dims [["n"]] -> [] {
  model.return
}

// -----

// C12: no such size
// expected-error @+1 {{'dims' of result 0 names "m", which is not one of the sizes}}
model.entry @c12(%x: tensor<?xf32>) -> tensor<?xf32> sizes [#model.size<"n", min = 1, max = 2, multiple = 1>] dims [["n"]] -> [["m"]] {
  model.return %x : tensor<?xf32>
}

// -----

// C13: neither tensor nor state
// expected-error @+1 {{expected a ranked tensor without encoding or a state as argument 0, got 'index'}}
model.entry @c13(%x: index) {
  model.return
}

// -----

// C14: a state is lost
// expected-error @+1 {{expected as many state results as state arguments, 1, got 0}}
model.entry @c14(%s: !attention.state<layers = 1, heads = 1, head_size = 8, capacity = 3, element = f32>) {
  model.return
}

// -----

// C14: another state
// expected-error @+1 {{expected result 0 to have the type of the state argument 0 that it is tied to}}
model.entry @c14(%s: !attention.state<layers = 1, heads = 1, head_size = 8, capacity = 3, element = f32>)
    -> !attention.state<layers = 2, heads = 1, head_size = 8, capacity = 3, element = f32> {
  %0 = builtin.unrealized_conversion_cast to !attention.state<layers = 2, heads = 1, head_size = 8, capacity = 3, element = f32>
  model.return %0 : !attention.state<layers = 2, heads = 1, head_size = 8, capacity = 3, element = f32>
}

// -----

// C15: one value too few
model.entry @c15(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{expected 1 values, got 0}}
  model.return
}

// -----

// C15: another type
model.entry @c15(%x: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected value 0 to have the entry's result type 'tensor<4xf32>', got 'tensor<3xf32>'}}
  model.return %x : tensor<3xf32>
}

// -----

// C16: no entry
func.func @c16() {
  // expected-error @+1 {{expected to be inside a model.entry}}
  %n = model.size "n" : index
  return
}

// -----

// C16: no such size
model.entry @c16() sizes [#model.size<"n", min = 1, max = 2, multiple = 1>] {
  // expected-error @+1 {{"m" is not one of the sizes of entry @c16}}
  %n = model.size "m" : index
  model.return
}

// -----

// C17: rows
func.func @c17(%t: tensor<512x63xf32>, %i: tensor<5xi32>, %o: tensor<6x63xf32>) {
  // expected-error @+1 {{expected 5 as rows of the init, got 6}}
  %x = model.gather ins(%t, %i : tensor<512x63xf32>, tensor<5xi32>) outs(%o : tensor<6x63xf32>) -> tensor<6x63xf32>
  return
}

// -----

// C17: columns
func.func @c17(%t: tensor<512x63xf32>, %i: tensor<5xi32>, %o: tensor<5x64xf32>) {
  // expected-error @+1 {{expected 63 as columns of the init, got 64}}
  %x = model.gather ins(%t, %i : tensor<512x63xf32>, tensor<5xi32>) outs(%o : tensor<5x64xf32>) -> tensor<5x64xf32>
  return
}

// -----

// C17: elements
func.func @c17(%t: tensor<512x63xf16>, %i: tensor<5xi32>, %o: tensor<5x63xf32>) {
  // expected-error @+1 {{expected the table's element type 'f16' for the init, got 'f32'}}
  %x = model.gather ins(%t, %i : tensor<512x63xf16>, tensor<5xi32>) outs(%o : tensor<5x63xf32>) -> tensor<5x63xf32>
  return
}

// -----

// C18: rank
func.func @c18(%x: tensor<5x63xf32>, %o: tensor<5x63xf32>) {
  // expected-error @+1 {{expected an init of rank 1, one less than the input's, got rank 2}}
  %s = model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<5x63xf32>) -> tensor<5x63xf32>
  return
}

// -----

// C18: rank of a scalar
func.func @c18(%x: tensor<f32>, %o: tensor<f32>) {
  // expected-error @+1 {{expected an input with rows, got 'tensor<f32>'}}
  %s = model.row_reduce sum ins(%x : tensor<f32>) outs(%o : tensor<f32>) -> tensor<f32>
  return
}

// -----

// C18: extents
func.func @c18(%x: tensor<5x63xf32>, %o: tensor<6xf32>) {
  // expected-error @+1 {{expected 5 as extent 0 of the init, got 6}}
  %s = model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<6xf32>) -> tensor<6xf32>
  return
}

// -----

// C19: mixed
func.func @c19(%x: memref<5x63xf32>, %o: tensor<5xf32>) {
  // expected-error @+1 {{expected operands that are all tensors or all memrefs, got 1 tensors and 1 memrefs}}
  %s = model.row_reduce sum ins(%x : memref<5x63xf32>) outs(%o : tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

// C19: no result
func.func @c19(%x: tensor<5x63xf32>, %o: tensor<5xf32>) {
  // expected-error @+1 {{expected 1 results in tensor form, got 0}}
  model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<5xf32>)
  return
}

// -----

// C19: a result in memref form
func.func @c19(%x: memref<5x63xf32>, %o: memref<5xf32>) {
  // expected-error @+1 {{expected 0 results in memref form, got 1}}
  %s = model.row_reduce sum ins(%x : memref<5x63xf32>) outs(%o : memref<5xf32>) -> tensor<5xf32>
  return
}

// -----

// C19: a result of another type
func.func @c19(%x: tensor<5x63xf32>, %o: tensor<5xf32>) {
  // expected-error @+1 {{expected a result of the init's type 'tensor<5xf32>', got 'tensor<?xf32>'}}
  %s = model.row_reduce sum ins(%x : tensor<5x63xf32>) outs(%o : tensor<5xf32>) -> tensor<?xf32>
  return
}

// -----

// C20: no layout
func.func @c20(%x: tensor<5x63xf32>) {
  // expected-error @+1 {{expected a #model.layout as encoding of the result, got 'tensor<315xf32>'}}
  %p = model.pack %x : tensor<5x63xf32> -> tensor<315xf32>
  return
}

// -----

// C20: other extents
func.func @c20(%x: tensor<5x64xf32>) {
  // expected-error @+1 {{expected a source of the layout's extents, [5, 63], without encoding, got 'tensor<5x64xf32>'}}
  %p = model.pack %x : tensor<5x64xf32> -> tensor<315xf32, #model.layout<"[5, 63]">>
  return
}

// -----

// C20: padding is not counted
func.func @c20(%x: tensor<5x63xf32>) {
  // expected-error @+1 {{expected 504 elements of storage in one dimension, as the layout has, got 'tensor<315xf32, #model.layout<"[5, 63] tile(d0:3)">>'}}
  %p = model.pack %x : tensor<5x63xf32> -> tensor<315xf32, #model.layout<"[5, 63] tile(d0:3)">>
  return
}

// -----

// C20: other elements
func.func @c20(%x: tensor<5x63xf32>) {
  // expected-error @+1 {{expected packed elements of type 'f32', got 'f16'}}
  %p = model.pack %x : tensor<5x63xf32> -> tensor<315xf16, #model.layout<"[5, 63]">>
  return
}

// -----

// C21: mixed
func.func @c21(%p: tensor<315xf32, #model.layout<"[5, 63]">>) {
  // expected-error @+1 {{expected a source and a result that are both tensors or both memrefs}}
  %x = model.unpack %p : tensor<315xf32, #model.layout<"[5, 63]">> -> memref<5x63xf32>
  return
}

// -----

// C21: no encoding
func.func @c21(%p: tensor<315xf32>) {
  // expected-error @+1 {{expected a #model.layout as encoding of the source}}
  %x = model.unpack %p : tensor<315xf32> -> tensor<5x63xf32>
  return
}

// -----

// C21: no layout
func.func @c21(%p: memref<315xf32>) {
  // expected-error @+1 {{expected a #model.layout as 'layout'}}
  %x = model.unpack %p : memref<315xf32> -> memref<5x63xf32>
  return
}

// -----

// C21: two layouts
func.func @c21(%p: tensor<315xf32, #model.layout<"[5, 63]">>) {
  // expected-error @+1 {{expected no 'layout' in tensor form: the source's encoding is the layout}}
  %x = model.unpack %p layout(<"[5, 63]">) : tensor<315xf32, #model.layout<"[5, 63]">> -> tensor<5x63xf32>
  return
}

// -----

// C21: elements of storage
func.func @c21(%p: memref<314xf32>) {
  // expected-error @+1 {{expected 315 elements of storage in one dimension, as the layout has, got 'memref<314xf32>'}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<314xf32> -> memref<5x63xf32>
  return
}

// -----

// C21: element type
func.func @c21(%p: memref<315xi8>) {
  // expected-error @+1 {{expected packed elements of type 'f32', got 'i8'}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xi8> -> memref<5x63xf32>
  return
}

// -----

// C22: rank
func.func @c22(%p: memref<315xf32>) {
  // expected-error @+1 {{expected a result of the layout's rank 2, got 'memref<63xf32>'}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xf32> -> memref<63xf32>
  return
}

// -----

// C22: extents
func.func @c22(%p: memref<315xf32>) {
  // expected-error @+1 {{expected at most the layout's extent 63 in dimension 1, got 64}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xf32> -> memref<5x64xf32>
  return
}

// -----

// C22: offsets
func.func @c22(%p: memref<315xf32>, %i: index) {
  // expected-error @+1 {{expected 2 offsets or none, got 1}}
  %x = model.unpack %p[%i] layout(<"[5, 63]">) : memref<315xf32> -> memref<5x63xf32>
  return
}

// -----

// C22: sizes
func.func @c22(%p: memref<315xf32>, %i: index) {
  // expected-error @+1 {{expected 1 sizes, one per dynamic extent, got 0}}
  %x = model.unpack %p layout(<"[5, 63]">) : memref<315xf32> -> memref<?x63xf32>
  return
}

// -----

// C23: the function of a rotary table
// expected-error @below {{expected the function "cos" or "sin", got "tan"}}
model.parameter @t : tensor<4x1xf32> from #model.rotary<"tan", dense<1.0> : tensor<1xf32>>

// -----

// C5: the shape of a rotary table
// expected-error @below {{expected an f32 matrix with 2 columns, one per frequency, for a rotary table, got 'tensor<4x1xf32>'}}
model.parameter @t : tensor<4x1xf32> from #model.rotary<"cos", dense<[1.0, 0.5]> : tensor<2xf32>>
