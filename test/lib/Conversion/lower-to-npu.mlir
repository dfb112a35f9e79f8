// What the leaves become; their values are compared in test/Npu/kernels.mlir.

// RUN: coopt-opt %s --coopt-lower-to-npu=machine=npu:edge1 --canonicalize --cse | FileCheck %s

#x = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// CHECK: memref.global "private" constant @body_constant0 : memref<1x1xf32> = dense<2.500000e+00>

// Arguments get names and sizes. Numbers of the host come in a block: extents of run time, scalars, then the extents of all arguments; what no op asks for is not
// loaded. A scalar's bound is what the kernel takes the minimum with, an extent's what its window takes.
// CHECK-LABEL: func.func @arguments
// CHECK-SAME:  (%[[X:.*]]: memref<?x16xf32> {npu.bytes = 640 : i64, npu.symbol = "operand.0"}, %[[Y:.*]]: memref<4x16xf32> {npu.bytes = 256 : i64, npu.symbol = "operand.1"}, %[[B:.*]]: memref<1x7xi32> {npu.bytes = 28 : i64, npu.symbol = "block"})
// CHECK:       npu.copy %[[B]] to %{{.*}} : memref<1x7xi32> to
// CHECK:       reinterpret_cast %{{.*}} to offset: [1], sizes: [1, 1]
// CHECK-NEXT:  npu.load %{{.*}} bound 6
// CHECK-NOT:   npu.load
// CHECK:       return
func.func @arguments(%x: memref<?x16xf32> {npu.bytes = 640 : i64}, %i: index, %y: memref<4x16xf32>, %unused: index) {
  %at = affine.min affine_map<(d0) -> (d0, 6)>(%i)
  %v = memref.subview %x[%at, 0] [4, 16] [1, 1] : memref<?x16xf32> to memref<4x16xf32, strided<[16, 1], offset: ?>>
  memref.copy %v, %y : memref<4x16xf32, strided<[16, 1], offset: ?>> to memref<4x16xf32>
  return
}

// The third number of the block is the extent: of 640 bytes, rows of 64.
// CHECK-LABEL: func.func @extent
// CHECK:       reinterpret_cast %{{.*}} to offset: [2], sizes: [1, 1]
// CHECK-NEXT:  %[[N:.*]] = npu.load %{{.*}} bound 10
// CHECK:       memref.alloc() : memref<10x16xf32, #npu.space<spad>>
// CHECK:       npu.copy %{{.*}} to %{{.*}} : memref<?x16xf32
// CHECK:       npu.map "neg"
// CHECK:       npu.copy channel(1)
func.func @extent(%x: memref<?x16xf32> {npu.bytes = 640 : i64}, %y: memref<?x16xf32> {npu.bytes = 640 : i64}) {
  linalg.generic {indexing_maps = [#x, #x], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x16xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  }
  return
}

// A row stays one; numbers are constants of the image, brought once. A temporary is in the scratchpad from the start.
// CHECK-LABEL: func.func @body
// CHECK:       memref.get_global @body_constant0
// CHECK-NOT:   memref.get_global
// CHECK:       npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<1x16xf32, {{.*}}>, memref<1x1xf32, {{.*}}> to memref<1x16xf32,
// CHECK:       npu.map "add"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<4x16xf32, {{.*}}>, memref<1x16xf32, {{.*}}> to memref<4x16xf32,
// CHECK-NOT:   npu.copy
// CHECK:       npu.map "lt"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<4x16xf32, {{.*}}> to memref<4x16xi8,
// CHECK-NEXT:  reinterpret_cast
// CHECK:       npu.map "select"(%{{.*}}, %{{.*}}, %{{.*}}) to %{{.*}} : memref<4x16xi8, {{.*}}>, memref<4x16xf32, {{.*}}>, memref<1x1xf32, {{.*}}> to memref<4x16xf32,
// CHECK:       npu.copy channel(1)
// CHECK-NOT:   npu.copy
// CHECK:       return
func.func @body(%x: memref<4x16xf32>, %r: memref<16xf32>, %y: memref<4x16xf32>) {
  %t = memref.alloc() : memref<4x16xf32>
  linalg.generic {indexing_maps = [#x, #row, #x], iterator_types = ["parallel", "parallel"]} ins(%x, %r : memref<4x16xf32>, memref<16xf32>) outs(%t : memref<4x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %c = arith.constant 2.5 : f32
    %0 = arith.mulf %b, %c : f32
    %1 = arith.addf %0, %a : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#x, #x], iterator_types = ["parallel", "parallel"]} ins(%t : memref<4x16xf32>) outs(%y : memref<4x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.constant 2.5 : f32
    %0 = arith.cmpf ogt, %a, %c : f32
    %1 = arith.select %0, %a, %c : f32
    linalg.yield %1 : f32
  }
  memref.dealloc %t : memref<4x16xf32>
  return
}

// Of three loops the longest but the last is the rows; the other one is the control unit's.
// CHECK-LABEL: func.func @loops
// CHECK:       scf.for %{{.*}} = %c0 to %c3 step %c1
// CHECK:         npu.map "abs"(%{{.*}}) to %{{.*}} : memref<9x4xf32,
// CHECK:       npu.copy channel(1)
func.func @loops(%x: memref<3x9x4xf32>, %y: memref<3x9x4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<3x9x4xf32>) outs(%y : memref<3x9x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    linalg.yield %0 : f32
  }
  return
}

// What an index decides is decided here: row 0 is x, row 1 is -x.
// CHECK-LABEL: func.func @index
// CHECK-NOT:   scf.for
// CHECK:       npu.map "neg"
// CHECK:       npu.map "copy"
// CHECK:       npu.map "neg"
// CHECK:       npu.map "copy"
func.func @index(%x: memref<16xf32>, %y: memref<2x16xf32>) {
  linalg.generic {indexing_maps = [#row, #x], iterator_types = ["parallel", "parallel"]} ins(%x : memref<16xf32>) outs(%y : memref<2x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %c0 = arith.constant 0 : index
    %0 = arith.cmpi eq, %i, %c0 : index
    %1 = arith.negf %a : f32
    %2 = arith.select %0, %a, %1 : f32
    linalg.yield %2 : f32
  }
  return
}

// Numbers of a table at computed places: rows of one number each.
// CHECK-LABEL: func.func @places
// CHECK-NOT:   scf.for
// CHECK:       npu.gather %{{.*}}[%{{.*}}] to %{{.*}} : memref<100x1xf32, strided<[1, 1]>>[memref<1x8xi32, {{.*}}>] to memref<8x1xf32,
func.func @places(%t: memref<100xf32>, %i: memref<8xi32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%i : memref<8xi32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: i32, %o: f32):
    %0 = arith.index_cast %a : i32 to index
    %1 = memref.load %t[%0] : memref<100xf32>
    linalg.yield %1 : f32
  }
  return
}

// A product: columns by the array's 32, k by its rows, sums scaled by columns, then by rows.
// CHECK-LABEL: func.func @product
// CHECK:       scf.for %[[N:.*]] = %c0 to %c37 step %c32
// CHECK:         affine.min
// CHECK:         npu.copy %{{.*}} to %{{.*}} : memref<45x32xi8, strided<[32, 1], offset: ?>> to memref<45x32xi8,
// CHECK:         memref.alloc() : memref<5x32xi32, #npu.space<acc>>
// CHECK-NOT:     npu.fill
// CHECK:         npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x32xi8, strided<[45, 1]>, #npu.space<spad>>, memref<32x32xi8, {{.*}}>) outs(%{{.*}} : memref<5x32xi32, {{[^>]*}}>, #npu.space<acc>{{>\) *$}}
// CHECK:         npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x13xi8, strided<[45, 1], offset: 32>, #npu.space<spad>>, memref<13x32xi8, {{.*}}>) outs
// CHECK:         npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<5x?xi32, {{.*}}#npu.space<acc>>, memref<1x?xf32, {{.*}}> to memref<5x?xf32,
// CHECK:         npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<5x?xf32, {{.*}}>, memref<5x1xf32, {{.*}}> to memref<5x?xf32,
func.func @product(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<2880xi8>, %sw: memref<37xf32>, %y: memref<5x37xf32>) {
  %w = model.unpack %p layout(<"[37, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<2880xi8> -> memref<37x45xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<37x45xi8>, memref<37xf32>)
      outs(%y : memref<5x37xf32>) schemes(#symmetric, #symmetric) scale_at(output)
  return
}

// Codes of 4 bits are what the array takes; the scales of groups come in panels, too. Of each group: sums, in f32 times the scale, added up from 0.
// CHECK-LABEL: func.func @groups
// CHECK:         npu.copy %{{.*}} to %{{.*}} : memref<2x32xf16, strided<[32, 1], offset: ?>> to memref<2x32xf16,
// CHECK:         npu.copy %{{.*}} to %{{.*}} : memref<45x16xi8, strided<[16, 1], offset: ?>> to memref<45x16xi8,
// CHECK:         %[[W:.*]] = memref.view %{{.*}}[%c0][] : memref<720xi8, #npu.space<spad>> to memref<32x32xi4, #npu.space<spad>>
// CHECK-NEXT:    npu.matmul ins(%{{.*}}, %[[W]] : memref<5x32xi8, {{.*}}>, memref<32x32xi4, {{.*}}>) outs(%{{.*}} : memref<5x32xi32, {{.*}}{{>\) *$}}
// CHECK:         npu.map "mul"(%{{.*}}, %{{.*}}) to %[[T:.*]] : memref<5x?xi32, {{.*}}>, memref<1x?xf16, {{.*}}> to memref<5x?xf32,
// CHECK:         npu.map "add"(%[[R:.*]], %[[T]]) to %[[R]] : memref<5x?xf32
// CHECK:         memref.view %{{.*}}[%c512][] : memref<720xi8, #npu.space<spad>> to memref<13x32xi4, #npu.space<spad>>
// CHECK-NEXT:    npu.matmul ins({{.*\) *$}}
// CHECK:         npu.map "mul"
// CHECK:         npu.map "add"
// CHECK:         npu.map "mul"(%[[R]], %{{.*}}) to %{{.*}} : memref<5x?xf32, {{.*}}>, memref<5x1xf32, {{.*}}> to memref<5x?xf32,
func.func @groups(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<1440xi8>, %ps: memref<128xf16>, %y: memref<5x37xf32>) {
  %w = model.unpack %p layout(<"[37, 45] basis(d0: 16^1^2^4^8) outer(d0, d1)", bits = 4>) : memref<1440xi8> -> memref<37x45xi8>
  %sw = model.unpack %ps layout(<"[37, 2] tile(d0:5) outer(d0, d1)">) : memref<128xf16> -> memref<37x2xf16>
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x45xi8>, memref<5xf32>, memref<37x45xi8>, memref<37x2xf16>)
      outs(%y : memref<5x37xf32>) schemes(#symmetric, <bits = 4, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}

// Two levels: unsigned codes are stored centred, which the sums of activations make good with the zeros; what scales multiply are integers.
// CHECK-LABEL: func.func @levels
// CHECK:         npu.reduce "sum" %{{.*}} to %{{.*}} : memref<5x45xi8, {{.*}}> to memref<5x1xi32,
// CHECK:         npu.map "and"(%{{.*}}, %{{.*}}) to %[[Z:.*]] : memref<1x32xi8, {{.*}}>, memref<1x1xi16, {{.*}}> to memref<1x32xi16,
// CHECK:         npu.map "fma"(%[[Z]], %{{.*}}, %{{.*}}) to %[[Z]]
// CHECK-NOT:     npu.map
// CHECK:         npu.matmul
// CHECK:         npu.map "select"
// CHECK:         npu.map "fma"(%{{.*}}, %{{.*}}, %{{.*}}) to %[[L:.*]] : memref<5x?xi32, {{.*}}>, memref<1x?xi16, {{.*}}>, memref<5x?xi32, {{.*}}> to memref<5x?xi32,
// CHECK:         npu.map "fma"(%[[L]], %{{.*}}, %[[T:.*]]) to %[[T]] : memref<5x?xi32, {{.*}}>, memref<1x?xi8, {{.*}}>, memref<5x?xi32, {{.*}}> to memref<5x?xi32,
// CHECK:         npu.map "mul"(%[[T]], %{{.*}}) to %[[Y:.*]] : memref<5x?xi32, {{.*}}>, memref<1x?xf32, {{.*}}> to memref<5x?xf32,
// CHECK:         npu.map "mul"(%[[Y]], %{{.*}}) to %{{.*}} : memref<5x?xf32, {{.*}}>, memref<5x1xf32, {{.*}}> to memref<5x?xf32,
func.func @levels(%a: memref<5x45xi8>, %sa: memref<5xf32>, %p: memref<1440xi8>, %ps: memref<64xi8>, %pz: memref<64xi8>, %ow: memref<37xf32>, %y: memref<5x37xf32>) {
  %w = model.unpack %p layout(<"[37, 45] basis(d0: 16^1^2^4^8) outer(d0, d1)", bits = 4 centred>) : memref<1440xi8> -> memref<37x45xi8>
  %sw = model.unpack %ps layout(<"[37, 1] tile(d0:5) outer(d0, d1)">) : memref<64xi8> -> memref<37x1xi8>
  %zw = model.unpack %pz layout(<"[37, 1] tile(d0:5) outer(d0, d1)">) : memref<64xi8> -> memref<37x1xi8>
  quantized.contract ins(%a, %sa, %w, %sw, %zw, %ow : memref<5x45xi8>, memref<5xf32>, memref<37x45xi8>, memref<37x1xi8>, memref<37x1xi8>, memref<37xf32>)
      outs(%y : memref<5x37xf32>) schemes(#symmetric, <bits = 4, group = 128, asymmetric, scale = i8, outer = f32>) scale_at(output)
  return
}

// CHECK-LABEL: func.func @reduction
// CHECK:       npu.reduce "amax" %{{.*}} to %{{.*}} : memref<4x9xf32, {{.*}}> to memref<4x1xf32,
func.func @reduction(%x: memref<4x9xf32>, %y: memref<4xf32>) {
  model.row_reduce amax ins(%x : memref<4x9xf32>) outs(%y : memref<4xf32>)
  return
}

// CHECK-LABEL: func.func @decode
// CHECK:       npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<4x9xi8, {{.*}}>, memref<4x1xf32, {{.*}}> to memref<4x9xf32,
func.func @decode(%c: memref<4x9xi8>, %s: memref<4xf32>, %y: memref<4x9xf32>) {
  quantized.dequantize ins(%c, %s : memref<4x9xi8>, memref<4xf32>) outs(%y : memref<4x9xf32>) scheme(#symmetric)
  return
}

// A row for each line of places: scores of the experts that a token chose.
// CHECK-LABEL: func.func @lines
// CHECK:       scf.for %[[R:.*]] = %c0 to %c4 step %c1
// CHECK:         npu.gather %{{.*}}[%{{.*}}] to %{{.*}} : memref<9x1xf32, strided<[1, 1], offset: ?>, #npu.space<spad>>[memref<1x2xi32, {{.*}}>] to memref<2x1xf32,
func.func @lines(%x: memref<4x9xf32>, %i: memref<4x2xi32>, %y: memref<4x2xf32>) {
  %t = memref.alloc() : memref<4x9xf32>
  memref.copy %x, %t : memref<4x9xf32> to memref<4x9xf32>
  linalg.generic {indexing_maps = [#x, #x], iterator_types = ["parallel", "parallel"]} ins(%i : memref<4x2xi32>) outs(%y : memref<4x2xf32>) {
  ^bb0(%a: i32, %o: f32):
    %r = linalg.index 0 : index
    %0 = arith.index_cast %a : i32 to index
    %1 = memref.load %t[%r, %0] : memref<4x9xf32>
    linalg.yield %1 : f32
  }
  return
}

// CHECK-LABEL: func.func @rows
// CHECK-NOT:   scf.for
// CHECK:       npu.gather %{{.*}}[%{{.*}}] to %{{.*}} : memref<11x24xf32{{.*}}>[memref<1x3xi32, {{.*}}>] to memref<3x24xf32,
func.func @rows(%t: memref<11x24xf32>, %i: memref<3xi32>, %y: memref<3x24xf32>) {
  model.gather ins(%t, %i : memref<11x24xf32>, memref<3xi32>) outs(%y : memref<3x24xf32>)
  return
}

// Slabs 4 and 5 are the keys of layer 1, 6 and 7 its values: from DRAM to DRAM; what was computed before, from the scratchpad.
// CHECK-LABEL: func.func @append
// CHECK:       reinterpret_cast %{{.*}} to offset: [2048], sizes: [3, 2, 8], strides: [8, 512, 1] : memref<8x64x8xf32>
// CHECK:       npu.copy channel(1) %{{.*}} to %{{.*}} : memref<3x2x8xf32, strided<[16, 8, 1]>> to memref<3x2x8xf32,
// CHECK:       reinterpret_cast %{{.*}} to offset: [3072], sizes: [3, 2, 8], strides: [8, 512, 1] : memref<8x64x8xf32>
// CHECK:       npu.copy channel(1) %{{.*}} to %{{.*}} : memref<3x2x8xf32, {{.*}}#npu.space<spad>> to memref<3x2x8xf32,
func.func @append(%k: memref<3x2x8xf32>, %v: memref<3x2x8xf32>, %s: memref<8x64x8xf32>) {
  %c0 = arith.constant 0 : index
  %t = memref.alloc() : memref<3x2x8xf32>
  linalg.copy ins(%v : memref<3x2x8xf32>) outs(%t : memref<3x2x8xf32>)
  attention.append ins(%k, %t : memref<3x2x8xf32>, memref<3x2x8xf32>) at %c0 into %s layer(1) : memref<8x64x8xf32>
  return
}

// In blocks of 64 keys, what is past is known when the control unit comes to it. Keys come once for all rows and for both heads that share them, rows
// begin with the first that sees any; weights of keys are those of all rows and heads at once.
// CHECK-LABEL: func.func @attend(
// CHECK:       %[[PAST:.*]] = npu.load %{{.*}} bound 60
// CHECK:       scf.for %[[FIRST:.*]] = %c0 to %{{.*}} step %c64
// CHECK:         scf.for %{{.*}} = %c0 to %c4 step %c2
// CHECK:           npu.copy %{{.*}} : memref<?x8xf32, {{.*}}> to memref<?x8xf32, {{.*}}#npu.space<spad>>
// CHECK:           affine.max {{.*}}(%[[FIRST]])
// CHECK:           scf.for
// CHECK:             scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK:               npu.reduce "sum"
// CHECK:         npu.reduce "max" %{{.*}} : memref<12x64xf32, {{.*}}> to memref<12x1xf32,
// CHECK:         npu.map "exp2"
// CHECK:         scf.for %{{.*}} = %c0 to %c4 step %c2
// CHECK:       npu.map "div"
func.func @attend(%q: memref<3x4x8xf32>, %s: memref<8x64x8xf32>, %y: memref<3x4x8xf32>, %past: index) {
  %c0 = arith.constant 0 : index
  %at = affine.min affine_map<(d0) -> (d0, 60)>(%past)
  attention.attend ins(%q : memref<3x4x8xf32>) state(%s : memref<8x64x8xf32>) at %at, %c0
      outs(%y : memref<3x4x8xf32>) layer(1) heads_per_group(2) scale(0.35) heads(2)
  return
}

// Heads 1 and 2 have different keys, 2 and 3 the same: that of a tile that begins with head 1 none is known to share.
// CHECK-LABEL: func.func @attend_odd
// CHECK:       scf.for %{{.*}} = %c0 to %{{.*}} step %c64
// CHECK:         scf.for %{{.*}} = %c0 to %c2 step %c1
func.func @attend_odd(%q: memref<3x2x8xf32>, %s: memref<8x64x8xf32>, %y: memref<3x2x8xf32>, %past: index) {
  %c1 = arith.constant 1 : index
  %at = affine.min affine_map<(d0) -> (d0, 60)>(%past)
  attention.attend ins(%q : memref<3x2x8xf32>) state(%s : memref<8x64x8xf32>) at %at, %c1
      outs(%y : memref<3x2x8xf32>) layer(1) heads_per_group(2) scale(0.35) heads(2)
  return
}
