// RUN: rm -rf %t
// RUN: coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t -split-input-file -verify-diagnostics -o %t.mlir

// expected-error @+1 {{argument 0: expected a memref with 'npu.symbol' and 'npu.bytes'}}
func.func @symbol(%x: memref<8xi8> {npu.bytes = 8 : i64}) {
  return
}

// -----

// expected-error @+1 {{argument 1: expected a memref with 'npu.symbol' and 'npu.bytes'}}
func.func @bytes(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}, %y: memref<8xi8> {npu.symbol = "y"}) {
  return
}

// -----

// expected-error @+1 {{argument 0: expected a memref with 'npu.symbol' and 'npu.bytes'}}
func.func @scalar(%x: index {npu.symbol = "x", npu.bytes = 8 : i64}) {
  return
}

// -----

// expected-error @+1 {{makes no image: }}
func.func @twice(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}, %y: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  return
}

// -----

func.func @unknown(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{is nothing that the accelerator does}}
  %0 = memref.load %x[%c0] : memref<8xi8>
  return
}

// -----

func.func @narrow(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %s bound 4 : memref<1xi32, #npu.space<spad>>
  // expected-error @+1 {{is nothing that the accelerator does}}
  %0 = arith.index_cast %n : index to i32
  return
}

// -----

func.func @subview(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %s = memref.alloc() : memref<8xi8, #npu.space<spad>>
  %v = memref.subview %s[4] [4] [1] : memref<8xi8, #npu.space<spad>> to memref<4xi8, strided<[1], offset: 4>, #npu.space<spad>>
  // expected-error @+1 {{has a memref that is neither a buffer nor a plain view of one: 'memref<4xi8, strided<[1], offset: 4>, #npu.space<spad>>'}}
  npu.fill 0 to %v : memref<4xi8, strided<[1], offset: 4>, #npu.space<spad>>
  return
}

// -----

func.func @extents(%x: memref<?xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  // expected-error @+1 {{has a memref whose extents of run time no view says: 'memref<?xi8>'}}
  npu.fill 0 to %x : memref<?xi8>
  return
}

// -----

func.func @carried(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{carries values from round to round: the control unit can't}}
  %0 = scf.for %i = %c0 to %c1 step %c1 iter_args(%a = %c0) -> index {
    scf.yield %a : index
  }
  return
}

// -----

func.func @step(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %s bound 4 : memref<1xi32, #npu.space<spad>>
  // expected-error @+1 {{expected a constant step}}
  scf.for %i = %c0 to %c1 step %n {
    npu.fence
  }
  return
}

// -----

func.func @rounds(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %s bound 4294967295 : memref<1xi32, #npu.space<spad>>
  %m = arith.addi %n, %c1 : index
  // expected-error @+1 {{runs for a number of rounds that has no bound}}
  scf.for %i = %c0 to %m step %c1 {
    npu.fence
  }
  return
}

// -----

// Of a quotient whose divisor may be 0 nothing is known.
func.func @unbounded(%x: memref<?xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %s bound 4 : memref<1xi32, #npu.space<spad>>
  %q = arith.divsi %n, %n : index
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [%q], strides: [1] : memref<?xi8> to memref<?xi8, strided<[1]>>
  // expected-error @+1 {{has an extent without a bound}}
  npu.fill 0 to %v : memref<?xi8, strided<[1]>>
  return
}

// -----

func.func @negative(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %c4 = arith.constant 4 : index
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %s bound 8 : memref<1xi32, #npu.space<spad>>
  %d = arith.subi %n, %c4 : index
  // expected-error @+1 {{divides a number that may be negative, or by one that may be 0}}
  %q = affine.apply affine_map<(d0) -> (d0 floordiv 2)>(%d)
  return
}

// -----

func.func @unsigned(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %c4 = arith.constant 4 : index
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %s bound 8 : memref<1xi32, #npu.space<spad>>
  %d = arith.subi %n, %c4 : index
  // expected-error @+1 {{takes a number that may be negative for one that is not}}
  %q = arith.minui %d, %c4 : index
  return
}

// -----

func.func @dimensions(%x: memref<?x?x8xi8> {npu.symbol = "x", npu.bytes = 4096 : i64}) {
  %s = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %t = memref.alloc() : memref<64x64xi8, #npu.space<spad>>
  %n = npu.load %s bound 4 : memref<1xi32, #npu.space<spad>>
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [%n, %n, 8], strides: [64, 16, 1] : memref<?x?x8xi8> to memref<?x?x8xi8, strided<[64, 16, 1]>>
  %w = memref.reinterpret_cast %t to offset: [0], sizes: [%n, %n, 8], strides: [64, 16, 1] : memref<64x64xi8, #npu.space<spad>> to memref<?x?x8xi8, strided<[64, 16, 1]>, #npu.space<spad>>
  // expected-error @+1 {{has more dimensions, or more of them with extents of run time, than a descriptor}}
  npu.copy %v to %w : memref<?x?x8xi8, strided<[64, 16, 1]>> to memref<?x?x8xi8, strided<[64, 16, 1]>, #npu.space<spad>>
  return
}

// -----

func.func @count(%x: memref<70000x2x2xi8, strided<[4, 300000, 1]>> {npu.symbol = "x", npu.bytes = 600000 : i64}, %y: memref<70000x2x2xi8, strided<[4, 2, 1]>> {npu.symbol = "y", npu.bytes = 600000 : i64}) {
  // expected-error @+1 {{has an extent that no descriptor can say: 70000}}
  npu.copy %x to %y : memref<70000x2x2xi8, strided<[4, 300000, 1]>> to memref<70000x2x2xi8, strided<[4, 2, 1]>>
  return
}

// -----

// expected-error @+1 {{makes no image: core 0, entry 0: dma.copy: from1: expected 0 .. 4294967295, got 5000000000}}
func.func @stride(%x: memref<2x8xi8, strided<[5000000000, 1]>> {npu.symbol = "x", npu.bytes = 8000000000 : i64}) {
  %t = memref.alloc() : memref<2x8xi8, #npu.space<spad>>
  npu.copy %x to %t : memref<2x8xi8, strided<[5000000000, 1]>> to memref<2x8xi8, #npu.space<spad>>
  return
}

// -----

// expected-error @+1 {{makes no image: core 0, entry 1: vec.map: rows: expected 0 .. 65535, got 70000}}
func.func @rows() {
  %t = memref.alloc() : memref<70000x1xi8, #npu.space<spad>>
  npu.map "copy"(%t) to %t : memref<70000x1xi8, #npu.space<spad>> to memref<70000x1xi8, #npu.space<spad>>
  return
}

// -----

func.func @weights() {
  %a = memref.alloc() : memref<8x8xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<8x8xi32, #npu.space<acc>>
  %b = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %b bound 8 : memref<1xi32, #npu.space<spad>>
  %w = memref.reinterpret_cast %a to offset: [0], sizes: [%n, 8], strides: [8, 1] : memref<8x8xi8, #npu.space<spad>> to memref<?x8xi8, strided<[8, 1]>, #npu.space<spad>>
  // expected-error @+1 {{has a tile of weights whose extents are known at run time only}}
  npu.matmul ins(%a, %w : memref<8x8xi8, #npu.space<spad>>, memref<?x8xi8, strided<[8, 1]>, #npu.space<spad>>) outs(%s : memref<8x8xi32, #npu.space<acc>>)
  return
}

// -----

func.func @sums() {
  %a = memref.alloc() : memref<8x8xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<8x8xi32, #npu.space<acc>>
  %b = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n = npu.load %b bound 8 : memref<1xi32, #npu.space<spad>>
  %x = memref.reinterpret_cast %a to offset: [0], sizes: [%n, 8], strides: [8, 1] : memref<8x8xi8, #npu.space<spad>> to memref<?x8xi8, strided<[8, 1]>, #npu.space<spad>>
  // expected-error @+1 {{has a tile of sums whose extents are known at run time only}}
  npu.matmul ins(%x, %a : memref<?x8xi8, strided<[8, 1]>, #npu.space<spad>>, memref<8x8xi8, #npu.space<spad>>) outs(%s : memref<8x8xi32, #npu.space<acc>>) mode "os"
  return
}

// -----

// Thirty-two numbers live at the same time, and one more.
func.func @registers(%x: memref<9999xi8> {npu.symbol = "x", npu.bytes = 9999 : i64}) {
  %b = memref.alloc() : memref<1xi32, #npu.space<spad>>
  %n0 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n1 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n2 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n3 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n4 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n5 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n6 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n7 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n8 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n9 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n10 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n11 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n12 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n13 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n14 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n15 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n16 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n17 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n18 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n19 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n20 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n21 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n22 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n23 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n24 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n25 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n26 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n27 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n28 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n29 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n30 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %n31 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  // expected-error @+1 {{needs more numbers at a time than the control unit has registers (32)}}
  %n32 = npu.load %b bound 9 : memref<1xi32, #npu.space<spad>>
  %v0 = memref.reinterpret_cast %x to offset: [%n0], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v0 : memref<8xi8, strided<[1], offset: ?>>
  %v1 = memref.reinterpret_cast %x to offset: [%n1], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v1 : memref<8xi8, strided<[1], offset: ?>>
  %v2 = memref.reinterpret_cast %x to offset: [%n2], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v2 : memref<8xi8, strided<[1], offset: ?>>
  %v3 = memref.reinterpret_cast %x to offset: [%n3], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v3 : memref<8xi8, strided<[1], offset: ?>>
  %v4 = memref.reinterpret_cast %x to offset: [%n4], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v4 : memref<8xi8, strided<[1], offset: ?>>
  %v5 = memref.reinterpret_cast %x to offset: [%n5], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v5 : memref<8xi8, strided<[1], offset: ?>>
  %v6 = memref.reinterpret_cast %x to offset: [%n6], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v6 : memref<8xi8, strided<[1], offset: ?>>
  %v7 = memref.reinterpret_cast %x to offset: [%n7], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v7 : memref<8xi8, strided<[1], offset: ?>>
  %v8 = memref.reinterpret_cast %x to offset: [%n8], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v8 : memref<8xi8, strided<[1], offset: ?>>
  %v9 = memref.reinterpret_cast %x to offset: [%n9], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v9 : memref<8xi8, strided<[1], offset: ?>>
  %v10 = memref.reinterpret_cast %x to offset: [%n10], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v10 : memref<8xi8, strided<[1], offset: ?>>
  %v11 = memref.reinterpret_cast %x to offset: [%n11], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v11 : memref<8xi8, strided<[1], offset: ?>>
  %v12 = memref.reinterpret_cast %x to offset: [%n12], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v12 : memref<8xi8, strided<[1], offset: ?>>
  %v13 = memref.reinterpret_cast %x to offset: [%n13], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v13 : memref<8xi8, strided<[1], offset: ?>>
  %v14 = memref.reinterpret_cast %x to offset: [%n14], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v14 : memref<8xi8, strided<[1], offset: ?>>
  %v15 = memref.reinterpret_cast %x to offset: [%n15], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v15 : memref<8xi8, strided<[1], offset: ?>>
  %v16 = memref.reinterpret_cast %x to offset: [%n16], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v16 : memref<8xi8, strided<[1], offset: ?>>
  %v17 = memref.reinterpret_cast %x to offset: [%n17], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v17 : memref<8xi8, strided<[1], offset: ?>>
  %v18 = memref.reinterpret_cast %x to offset: [%n18], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v18 : memref<8xi8, strided<[1], offset: ?>>
  %v19 = memref.reinterpret_cast %x to offset: [%n19], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v19 : memref<8xi8, strided<[1], offset: ?>>
  %v20 = memref.reinterpret_cast %x to offset: [%n20], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v20 : memref<8xi8, strided<[1], offset: ?>>
  %v21 = memref.reinterpret_cast %x to offset: [%n21], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v21 : memref<8xi8, strided<[1], offset: ?>>
  %v22 = memref.reinterpret_cast %x to offset: [%n22], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v22 : memref<8xi8, strided<[1], offset: ?>>
  %v23 = memref.reinterpret_cast %x to offset: [%n23], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v23 : memref<8xi8, strided<[1], offset: ?>>
  %v24 = memref.reinterpret_cast %x to offset: [%n24], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v24 : memref<8xi8, strided<[1], offset: ?>>
  %v25 = memref.reinterpret_cast %x to offset: [%n25], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v25 : memref<8xi8, strided<[1], offset: ?>>
  %v26 = memref.reinterpret_cast %x to offset: [%n26], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v26 : memref<8xi8, strided<[1], offset: ?>>
  %v27 = memref.reinterpret_cast %x to offset: [%n27], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v27 : memref<8xi8, strided<[1], offset: ?>>
  %v28 = memref.reinterpret_cast %x to offset: [%n28], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v28 : memref<8xi8, strided<[1], offset: ?>>
  %v29 = memref.reinterpret_cast %x to offset: [%n29], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v29 : memref<8xi8, strided<[1], offset: ?>>
  %v30 = memref.reinterpret_cast %x to offset: [%n30], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v30 : memref<8xi8, strided<[1], offset: ?>>
  %v31 = memref.reinterpret_cast %x to offset: [%n31], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v31 : memref<8xi8, strided<[1], offset: ?>>
  %v32 = memref.reinterpret_cast %x to offset: [%n32], sizes: [8], strides: [1] : memref<9999xi8> to memref<8xi8, strided<[1], offset: ?>>
  npu.fill 0 to %v32 : memref<8xi8, strided<[1], offset: ?>>
  return
}

// -----

func.func @within_a_byte(%b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %x = memref.alloc() : memref<4x8xi4, #npu.space<spad>>
  %y = memref.alloc() : memref<1x4xi8, #npu.space<spad>>
  %x1 = memref.reinterpret_cast %x to offset: [9], sizes: [1, 4], strides: [8, 1] : memref<4x8xi4, #npu.space<spad>> to memref<1x4xi4, strided<[8, 1], offset: 9>, #npu.space<spad>>
  // expected-error @+1 {{has elements that do not begin at a whole byte: 'memref<1x4xi4, strided<[8, 1], offset: 9>, #npu.space<spad>>'}}
  npu.map "copy"(%x1) to %y : memref<1x4xi4, strided<[8, 1], offset: 9>, #npu.space<spad>> to memref<1x4xi8, #npu.space<spad>>
  return
}
