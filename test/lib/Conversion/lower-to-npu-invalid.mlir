// RUN: coopt-opt %s --coopt-lower-to-npu=machine=npu:edge1 -split-input-file -verify-diagnostics
// RUN: not coopt-opt %s --coopt-lower-to-npu=machine=npu:edge2 -split-input-file 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: machine: {{.*}}edge2
// RUN: not coopt-opt %s --coopt-lower-to-npu=machine=cpu:amx -split-input-file 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: error: machine: 'cpu:amx' is of kind cpu, expected npu

// expected-error @+1 {{has an argument that is neither a buffer nor an index}}
func.func @argument(%x: f32) {
  return
}

// -----

// expected-error @+1 {{argument 0: expected elements of whole bytes, got 'memref<8xi1>'}}
func.func @bits(%x: memref<8xi1>) {
  return
}

// -----

// expected-error @+1 {{argument 0: expected 'npu.bytes', the most bytes that it takes}}
func.func @window(%x: memref<?x8xf32>) {
  return
}

// -----

// expected-error @+1 {{has a number without a bound (argument 1)}}
func.func @scalar(%x: memref<8x8xf32>, %i: index) {
  %v = memref.subview %x[%i, 0] [1, 8] [1, 1] : memref<8x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %v, %v : memref<1x8xf32, strided<[8, 1], offset: ?>> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  return
}

// -----

// A minimum of something else than the number promises nothing of it.
// expected-error @+1 {{has a number without a bound (argument 1)}}
func.func @promise(%x: memref<8x8xf32>, %i: index) {
  %at = affine.min affine_map<(d0) -> (d0 floordiv 8, 7)>(%i)
  %v = memref.subview %x[%at, 0] [1, 8] [1, 1] : memref<8x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %v, %v : memref<1x8xf32, strided<[8, 1], offset: ?>> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  return
}

// -----

// expected-error @+1 {{has an extent without a bound (argument 0)}}
func.func @extent(%x: memref<?x?x8xf32, strided<[64, 8, 1]>> {npu.bytes = 640 : i64}, %y: memref<2x2x8xf32>) {
  memref.copy %x, %y : memref<?x?x8xf32, strided<[64, 8, 1]>> to memref<2x2x8xf32>
  return
}

// -----

func.func @strides(%x: memref<4x4xf32, strided<[?, 1]>> {npu.bytes = 640 : i64}, %y: memref<4x4xf32>) {
  // expected-error @+1 {{has an operand without static strides: 'memref<4x4xf32, strided<[?, 1]>>'}}
  memref.copy %x, %y : memref<4x4xf32, strided<[?, 1]>> to memref<4x4xf32>
  return
}

// -----

func.func @elements(%x: memref<4x4xf64>, %y: memref<4x4xf64>) {
  // expected-error @+1 {{has elements of 'f64': expected a type of whole bytes that the accelerator has}}
  memref.copy %x, %y : memref<4x4xf64> to memref<4x4xf64>
  return
}

// -----

func.func @conditions(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  %t = memref.alloc() : memref<4x4xi1>
  // expected-error @+1 {{has elements of 'i1': expected a type of whole bytes that the accelerator has}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : memref<4x4xf32>) outs(%t : memref<4x4xi1>) {
  ^bb0(%a: f32, %o: i1):
    %0 = arith.cmpf une, %a, %a : f32
    linalg.yield %0 : i1
  }
  return
}

// -----

func.func @store(%x: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c = arith.constant 1.0 : f32
  // expected-error @+1 {{is nothing that the accelerator has code for}}
  memref.store %c, %x[%c0] : memref<4xf32>
  return
}

// -----

func.func @named(%a: memref<4x4xf32>, %b: memref<4x4xf32>, %c: memref<4x4xf32>) {
  // expected-error @+1 {{is nothing that the accelerator has code for}}
  linalg.matmul ins(%a, %b : memref<4x4xf32>, memref<4x4xf32>) outs(%c : memref<4x4xf32>)
  return
}

// -----

func.func @reduction(%x: memref<4x4xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{has a reduction that the accelerator has no instruction for}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x4xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%x_: f32, %o: f32):
    %0 = arith.addf %x_, %o : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

func.func @window_of_sums(%x: memref<7x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{reads at other indices than those of its loops}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + 3, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<7x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%x_: f32, %o: f32):
    linalg.yield %x_ : f32
  }
  return
}

// -----

func.func @last_index(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{asks for the index of its last loop: the accelerator has no such number}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%x_: f32, %o: f32):
    %i = linalg.index 1 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %0 = arith.mulf %f, %x_ : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

func.func @turned(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{has a last loop whose elements do not lie side by side in operand 0}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%x_: f32, %o: f32):
    linalg.yield %x_ : f32
  }
  return
}

// -----

func.func @function(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{has a body whose 'math.tanh' the accelerator can't compute}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%x_: f32, %o: f32):
    %0 = math.tanh %x_ : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

func.func @truncation(%x: memref<4x4xf32>, %y: memref<4x4xi8>) {
  // expected-error @+1 {{has a body whose 'arith.fptosi' the accelerator can't compute}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xi8>) {
  ^bb0(%x_: f32, %o: i8):
    %0 = arith.fptosi %x_ : f32 to i8
    linalg.yield %0 : i8
  }
  return
}

// -----

func.func @wraps(%x: memref<4x4xi8>, %y: memref<4x4xi8>) {
  // expected-error @+1 {{has a body whose 'arith.addi' of 'i8' the accelerator can't compute}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xi8>) outs(%y : memref<4x4xi8>) {
  ^bb0(%x_: i8, %o: i8):
    %0 = arith.addi %x_, %x_ : i8
    linalg.yield %0 : i8
  }
  return
}

// -----

func.func @conditions_as_numbers(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{has a body whose 'arith.sitofp' of 'i1' the accelerator can't compute}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%x_: f32, %o: f32):
    %0 = arith.cmpf une, %x_, %x_ : f32
    %1 = arith.sitofp %0 : i1 to f32
    linalg.yield %1 : f32
  }
  return
}

// -----

func.func @predicate(%x: memref<4x4xf32>, %z: memref<4x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{has a body whose 'arith.cmpf' the accelerator can't compute}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %z : memref<4x4xf32>, memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%x_: f32, %z_: f32, %o: f32):
    %0 = arith.cmpf one, %x_, %z_ : f32
    %1 = arith.select %0, %x_, %z_ : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

func.func @unsigned(%x: memref<4x4xi32>, %z: memref<4x4xi32>, %y: memref<4x4xi32>) {
  // expected-error @+1 {{has a body whose 'arith.cmpi' the accelerator can't compute}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %z : memref<4x4xi32>, memref<4x4xi32>) outs(%y : memref<4x4xi32>) {
  ^bb0(%x_: i32, %z_: i32, %o: i32):
    %0 = arith.cmpi ult, %x_, %z_ : i32
    %1 = arith.select %0, %x_, %z_ : i32
    linalg.yield %1 : i32
  }
  return
}

// -----

func.func @not_stored(%a: memref<5x45xi8>, %sa: memref<5xf32>, %w: memref<32x45xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  // expected-error @+1 {{has weights that are not stored for the accelerator}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @tiles(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<2048xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d1:2, d0:4, d1:4) outer(d0, d1)", bits = 8>) : memref<2048xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has weights that are not stored in panels of rows}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @three_bits(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<540xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:5) outer(d0, d1)", bits = 3>) : memref<540xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has codes of 3 bits: the accelerator has types of 2, 4 and 8}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 3, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

// Codes of a row of a panel are in the order of the CPU's planes.
func.func @planes(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<720xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:5) outer(d0, d1)", bits = 4>) : memref<720xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has weights that are not stored in panels of rows}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @stored_wide(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<1440xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<1440xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has codes of 4 bits that are stored in 8}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 4, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @width(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<1440xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:4) outer(d0, d1)", bits = 8>) : memref<1440xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has weights in panels of 16 rows, where the array has 32 columns}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @not_centred(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<720xi8>, %sw: memref<32xf32>, %zw: memref<32xi8>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4>) : memref<720xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has weights of which just unsigned codes are to be stored centred}}
  quantized.contract ins(%a, %sa, %w, %sw, %zw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32xf32>, memref<32xi8>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 4, group = 0, asymmetric, scale = f32>) scale_at(output)
  return
}

// -----

// Scales of groups stand in panels, too.
func.func @groups(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<1440xi8>, %sw: memref<32x3xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<1440xi8> -> memref<32x45xi8>
  // expected-error @+1 {{has weights that are not stored for the accelerator}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32x3xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 8, group = 15, symmetric, scale = f32>) scale_at(group)
  return
}

// -----

func.func @other_panels(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<1440xi8>, %ps: memref<96xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<1440xi8> -> memref<32x45xi8>
  %sw = model.unpack %ps layout(<"[32, 3] tile(d0:4) outer(d0, d1)">) : memref<96xf32> -> memref<32x3xf32>
  // expected-error @+1 {{has scales or zeros in other panels than the weights'}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<32x45xi8>, memref<32x3xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 8, group = 15, symmetric, scale = f32>) scale_at(group)
  return
}

// -----

func.func @asymmetric(%a: memref<5x45xi8>, %sa: memref<5xf32>, %za: memref<5xi8>, %p: memref<1440xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<1440xi8> -> memref<32x45xi8>
  // expected-error @+1 {{is a contraction that the accelerator has no code for: expected symmetric codes of 8 bits with a scale for each row as activations, integer codes as weights}}
  quantized.contract ins(%a, %sa, %za, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<5xi8>, memref<32x45xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, asymmetric, scale = f32>, #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @decode_groups(%c: memref<4x8xi8>, %s: memref<4x4xf32>, %y: memref<4x8xf32>, %at: index) {
  %first = affine.min affine_map<(d0) -> (d0, 6)>(%at)
  // expected-error @+1 {{decodes what the accelerator has no code for: expected integer codes, groups in columns whose number and place are known}}
  quantized.dequantize ins(%c, %s : memref<4x8xi8>, memref<4x4xf32>) outs(%y : memref<4x8xf32>) scheme(#quantized.scheme<bits = 8, group = 4, symmetric, scale = f32>) at(%first)
  return
}

// -----

func.func @reduce_strides(%x: memref<4x8xf32, strided<[1, 4]>> {npu.bytes = 128 : i64}, %y: memref<4xf32>) {
  %t = memref.alloc() : memref<8x4xf32>
  %v = memref.reinterpret_cast %t to offset: [0], sizes: [4, 8], strides: [1, 4] : memref<8x4xf32> to memref<4x8xf32, strided<[1, 4]>>
  // expected-error @+1 {{reduces elements that do not lie side by side: the accelerator has no code for it}}
  model.row_reduce sum ins(%v : memref<4x8xf32, strided<[1, 4]>>) outs(%y : memref<4xf32>)
  return
}

// -----

func.func @gather_ids(%t: memref<11x24xf32>, %i: memref<3xi64>, %y: memref<3x24xf32>) {
  // expected-error @+1 {{has elements of 'i64': expected a type of whole bytes that the accelerator has}}
  model.gather ins(%t, %i : memref<11x24xf32>, memref<3xi64>) outs(%y : memref<3x24xf32>)
  return
}

// -----

func.func @gather_columns(%t: memref<11x?xf32, strided<[24, 1]>> {npu.bytes = 1056 : i64}, %i: memref<3xi32>, %y: memref<3x?xf32, strided<[24, 1]>> {npu.bytes = 288 : i64}) {
  // expected-error @+1 {{gathers rows in a way that the accelerator has no code for}}
  model.gather ins(%t, %i : memref<11x?xf32, strided<[24, 1]>>, memref<3xi32>) outs(%y : memref<3x?xf32, strided<[24, 1]>>)
  return
}

// -----

func.func @append_narrow(%k: memref<3x2x8xf32>, %s: memref<4x64x8xf16>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{keeps keys and values in a way that the accelerator has no code for: expected f32}}
  attention.append ins(%k, %k : memref<3x2x8xf32>, memref<3x2x8xf32>) at %c0 into %s layer(0) : memref<4x64x8xf16>
  return
}

// -----

func.func @attend_fast(%q: memref<3x4x8xf32>, %s: memref<4x64x8xf32>, %y: memref<3x4x8xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{is attention that the accelerator has no code for: expected the fixed form to all keys, kept as f32, without a cap}}
  attention.attend ins(%q : memref<3x4x8xf32>) state(%s : memref<4x64x8xf32>) at %c0, %c0
      outs(%y : memref<3x4x8xf32>) layer(0) heads_per_group(2) scale(0.35) heads(2) numerics(fast)
  return
}

// -----

func.func @choose_groups(%s: memref<4x8xf32>, %e: memref<4x2xi32>) {
  // expected-error @+1 {{chooses among groups of experts: the accelerator has no code for it}}
  moe.choose ins(%s : memref<4x8xf32>) outs(%e : memref<4x2xi32>) groups(4 keep 2 by best)
  return
}

// -----

func.func @choose_many(%s: memref<4x80xf32>, %e: memref<4x65xi32>) {
  // expected-error @+1 {{chooses 65 of 80: the machine's selecting unit chooses at most 64 of 65535}}
  moe.choose ins(%s : memref<4x80xf32>) outs(%e : memref<4x65xi32>)
  return
}

// -----

func.func @dispatch_many(%e: memref<4x256xi32>, %t: memref<1024xi32>, %p: memref<4x256xi32>, %s: memref<5x3xi32>) {
  // expected-error @+1 {{dispatches 256 choices of 5 experts: the accelerator sorts at most 255 of 65535}}
  moe.dispatch ins(%e : memref<4x256xi32>) outs(%t, %p, %s : memref<1024xi32>, memref<4x256xi32>, memref<5x3xi32>) experts(5)
  return
}

// -----

func.func @combine_columns(%y: memref<8x?xf32, strided<[16, 1]>> {npu.bytes = 512 : i64}, %w: memref<4x2xf32>, %p: memref<4x2xi32>,
                           %o: memref<4x?xf32, strided<[16, 1]>> {npu.bytes = 256 : i64}) {
  // expected-error @+1 {{adds up rows whose extent is known at run time only: the accelerator has no code for it}}
  moe.combine ins(%y, %w, %p : memref<8x?xf32, strided<[16, 1]>>, memref<4x2xf32>, memref<4x2xi32>) outs(%o : memref<4x?xf32, strided<[16, 1]>>)
  return
}

// -----

func.func @number_without_bound(%s: memref<4x3xi32>, %x: memref<8x8xf32>, %y: memref<1x8xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{reads a number without a bound: expected its minimum with one that has a bound}}
  %0 = memref.load %s[%c0, %c0] : memref<4x3xi32>
  %1 = arith.index_cast %0 : i32 to index
  %v = memref.subview %x[%1, 0] [1, 8] [1, 1] : memref<8x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %v, %y : memref<1x8xf32, strided<[8, 1], offset: ?>> to memref<1x8xf32>
  return
}

// -----

func.func @number_of_element(%s: memref<4x3xf32>, %y: memref<1xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{reads an element that is no index: the accelerator has no code for it}}
  %0 = memref.load %s[%c0, %c0] : memref<4x3xf32>
  memref.store %0, %y[%c0] : memref<1xf32>
  return
}

// -----

func.func @number_written(%s: memref<4x3xi32>, %x: memref<8x8xf32>, %y: memref<1x8xf32>) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  // expected-error @+1 {{reads a number of a buffer that is more than numbers: the accelerator has no code for it}}
  %0 = memref.load %s[%c0, %c0] : memref<4x3xi32>
  %1 = arith.index_cast %0 : i32 to index
  %2 = arith.minui %1, %c7 : index
  %v = memref.subview %x[%2, 0] [1, 8] [1, 1] : memref<8x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %v, %y : memref<1x8xf32, strided<[8, 1], offset: ?>> to memref<1x8xf32>
  memref.copy %s, %s : memref<4x3xi32> to memref<4x3xi32>
  return
}

// -----

func.func @number_of_view(%s: memref<4x3xi32>, %x: memref<8x8xf32>, %y: memref<1x8xf32>) {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %row = memref.subview %s[2, 0] [1, 3] [1, 1] : memref<4x3xi32> to memref<1x3xi32, strided<[3, 1], offset: 6>>
  // expected-error @+1 {{reads a number of a view: the accelerator has no code for it}}
  %0 = memref.load %row[%c0, %c0] : memref<1x3xi32, strided<[3, 1], offset: 6>>
  %1 = arith.index_cast %0 : i32 to index
  %2 = arith.minui %1, %c7 : index
  %v = memref.subview %x[%2, 0] [1, 8] [1, 1] : memref<8x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %v, %y : memref<1x8xf32, strided<[8, 1], offset: ?>> to memref<1x8xf32>
  return
}

// -----

func.func @no_mode(%a: memref<5x32xi8>, %sa: memref<5xf32>, %p: memref<528xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] tile(d0:5) outer(d0, d1)", bits = 8 keeps "3:8">) : memref<528xi8> -> memref<32x32xi8>
  // expected-error @+1 {{keeps 3:8 of its weights: the array has no mode for it}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x32xi8>, memref<5xf32>, memref<32x32xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

// Look-ups: tables of 32 activations, planes of 32 rows of weights.
func.func @tables_of_parts(%a: memref<5x48xi8>, %sa: memref<5xf32>, %p: memref<512xi8>, %ps: memref<96xf16>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 48] basis(d0:4^8^16^32^64, d1:128^256^512^1^2) outer(d0, d1)", bits = 2 planes>) : memref<512xi8> -> memref<32x48xi8>
  %sw = model.unpack %ps layout(<"[32, 3] tile(d0:5) outer(d0, d1)">) : memref<96xf16> -> memref<32x3xf16>
  // expected-error @+1 {{has groups of 16 weights that are looked up in tables of 32 activations}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x48xi8>, memref<5xf32>, memref<32x48xi8>, memref<32x3xf16>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 2, group = 16, symmetric, scale = f16>) scale_at(group)
  return
}

// -----

func.func @long_tables(%a: memref<5x512xi8>, %sa: memref<5xf32>, %p: memref<4096xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 512] basis(d0:64^128^256^512^1024, d1:2048^4096^8192^1^2^4^8^16^32) outer(d0, d1)", bits = 2 planes>) : memref<4096xi8> -> memref<32x512xi8>
  // expected-error @+1 {{has weights that are looked up in tables of 512 activations, which the array doesn't make}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x512xi8>, memref<5xf32>, memref<32x512xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 2, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @within_panel(%a: memref<5x32xi8>, %sa: memref<5xf32>, %p: memref<512xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %w = model.unpack %p[%c16, %c0] layout(<"[64, 32] basis(d0:4^8^16^32^64, d1:128^256^512^1^2) outer(d0, d1)", bits = 2 planes>) : memref<512xi8> -> memref<32x32xi8>
  // expected-error @+1 {{has weights that may begin within a panel of 32 rows: they can't be looked up}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x32xi8>, memref<5xf32>, memref<32x32xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 2, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// -----

// What is dropped is the code 0, which means minus the zero.
func.func @kept_zeros(%a: memref<5x32xi8>, %sa: memref<5xf32>, %p: memref<640xi8>, %sw: memref<32xf32>, %zw: memref<32xi8>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] tile(d0:5) outer(d0, d1)", bits = 8 keeps "2:4">) : memref<640xi8> -> memref<32x32xi8>
  // expected-error @+1 {{keeps 2:4 of weights with zeros: what is dropped would be none}}
  quantized.contract ins(%a, %sa, %w, %sw, %zw : memref<5x32xi8>, memref<5xf32>, memref<32x32xi8>, memref<32xf32>, memref<32xi8>)
      outs(%y : memref<5x32xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, asymmetric, scale = f32>) scale_at(output)
  return
}

// -----

func.func @planes_of_floats(%a: memref<5x32xbf16>, %p: memref<256xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] basis(d0:4^8^16^32^64, d1:128^256^512^1^2) outer(d0, d1)", bits = 2 planes>) : memref<256xi8> -> memref<32x32xi8>
  // expected-error @+1 {{has weights that are not stored in panels of rows}}
  quantized.contract ins(%a, %w, %sw : memref<5x32xbf16>, memref<32x32xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(float, #quantized.scheme<bits = 2, group = 0, symmetric, scale = f32>) scale_at(element)
  return
}

// -----

func.func @groups_in_runs(%a: memref<5x32xi8>, %sa: memref<5xf32>, %p: memref<640xi8>, %q: memref<192xf16>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] tile(d0:5) outer(d0, d1)", bits = 8 keeps "2:4">) : memref<640xi8> -> memref<32x32xi8>
  %sw = model.unpack %q layout(<"[32, 6] tile(d0:5) outer(d0, d1)">) : memref<192xf16> -> memref<32x6xf16>
  // expected-error @+1 {{keeps 2:4 of weights in groups of 6, which end within such runs}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x32xi8>, memref<5xf32>, memref<32x32xi8>, memref<32x6xf16>)
      outs(%y : memref<5x32xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 6, symmetric, scale = f16>) scale_at(group)
  return
}

// -----

// Places of three bits are in two bytes.
func.func @gather_places(%p: memref<528xi8>, %i: memref<3xi32>, %y: memref<3x32xi8>) {
  %t = model.unpack %p layout(<"[32, 32] tile(d0:5) outer(d0, d1)", bits = 8 keeps "3:8">) : memref<528xi8> -> memref<32x32xi8>
  // expected-error @+1 {{gathers rows in a way that the accelerator has no code for}}
  model.gather ins(%t, %i : memref<32x32xi8>, memref<3xi32>) outs(%y : memref<3x32xi8>)
  return
}

// -----

func.func @rows_of_planes(%p: memref<256xi8>, %i: memref<3xi32>, %y: memref<3x32xi8>) {
  %t = model.unpack %p layout(<"[32, 32] basis(d0:4^8^16^32^64, d1:128^256^512^1^2) outer(d0, d1)", bits = 2 planes>) : memref<256xi8> -> memref<32x32xi8>
  // expected-error @+1 {{has weights that are not stored in panels of rows}}
  model.gather ins(%t, %i : memref<32x32xi8>, memref<3xi32>) outs(%y : memref<3x32xi8>)
  return
}

// -----

func.func @three_planes(%a: memref<5x32xi8>, %sa: memref<5xf32>, %p: memref<384xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] basis(d0:4^8^16^32^64, d1:128^256^512^1^2) outer(d0, d1)", bits = 3 planes>) : memref<384xi8> -> memref<32x32xi8>
  // expected-error @+1 {{has codes of 3 bits: the accelerator has types of 2, 4 and 8}}
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x32xi8>, memref<5xf32>, memref<32x32xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(#quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>, #quantized.scheme<bits = 3, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}
