// RUN: rm -rf %t
// RUN: coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t/text -o %t.mlir
// RUN: FileCheck %s --check-prefix=LOOPS < %t/text/loops.npu.txt
// RUN: FileCheck %s --check-prefix=NUMBERS < %t/text/numbers.npu.txt
// RUN: FileCheck %s --check-prefix=COPIES < %t/text/copies.npu.txt
// RUN: FileCheck %s --check-prefix=TILES < %t/text/tiles.npu.txt
// RUN: FileCheck %s --check-prefix=KEPT < %t/text/kept.npu.txt
// RUN: FileCheck %s --check-prefix=ROUNDS < %t/text/rounds.npu.txt
// RUN: FileCheck %s --check-prefix=SUMS < %t/text/sums.npu.txt
// RUN: FileCheck %s --check-prefix=BITS < %t/text/bits.npu.txt
// RUN: FileCheck %s --check-prefix=MAPS < %t/text/maps.npu.txt
// RUN: FileCheck %s --check-prefix=NIBBLES < %t/text/nibbles.npu.txt
// RUN: FileCheck %s --check-prefix=PLACES < %t/text/places.npu.txt
// RUN: FileCheck %s --check-prefix=CHOICES < %t/text/choices.npu.txt

// With who waits for whom, they are programs that the checks accept:
// RUN: coopt-opt %s --npu-allocate-memory --npu-synchronise --coopt-emit-npu-images=output=%t/image -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/image/loops.npu.txt --check=npu:edge1 -o %t/loops.npu
// RUN: coopt-npu-objdump --assemble %t/image/numbers.npu.txt --check=npu:edge1 -o %t/numbers.npu
// RUN: coopt-npu-objdump --assemble %t/image/copies.npu.txt --check=npu:edge1 -o %t/copies.npu
// RUN: coopt-npu-objdump --assemble %t/image/tiles.npu.txt --check=npu:edge1 -o %t/tiles.npu
// RUN: coopt-npu-objdump --assemble %t/image/kept.npu.txt --check=npu:edge1 -o %t/kept.npu
// RUN: coopt-npu-objdump --assemble %t/image/rounds.npu.txt --check=npu:edge1 -o %t/rounds.npu
// RUN: coopt-npu-objdump --assemble %t/image/sums.npu.txt --check=npu:edge1 -o %t/sums.npu
// RUN: coopt-npu-objdump --assemble %t/image/bits.npu.txt --check=npu:edge1 -o %t/bits.npu
// RUN: coopt-npu-objdump --assemble %t/image/maps.npu.txt --check=npu:edge1 -o %t/maps.npu
// RUN: coopt-npu-objdump --assemble %t/image/nibbles.npu.txt --check=npu:edge1 -o %t/nibbles.npu
// RUN: coopt-npu-objdump --assemble %t/image/places.npu.txt --check=npu:edge1 -o %t/places.npu
// RUN: coopt-npu-objdump --assemble %t/image/choices.npu.txt --check=npu:edge1 -o %t/choices.npu

// Loops: of constants, with a beginning, a step, an end of run time (rounds are never fewer than none), inside each other.
func.func @loops(%x: memref<64x64xi8> {npu.symbol = "x", npu.bytes = 4096 : i64}, %b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c16 = arith.constant 16 : index
  %n = memref.alloc() : memref<1x1xi32, #npu.space<spad>>
  npu.copy %b to %n : memref<1x1xi32> to memref<1x1xi32, #npu.space<spad>>
  // LOOPS: load to=s0 from=spad[0x0] type=i32 bound=64
  %end = npu.load %n bound 64 : memref<1x1xi32, #npu.space<spad>>
  // LOOPS-NEXT: loop counter=s1 count=16
  // LOOPS-NEXT:   scalar to=s2 function=mul a=s1 b=none value=64
  // LOOPS-NEXT:   dma.fill to=dram[0x0+s2] bytes=64 count=1 to1=0 value=7
  scf.for %i = %c0 to %c16 step %c1 {
    %at = affine.apply affine_map<(d0) -> (d0 * 64)>(%i)
    %row = memref.reinterpret_cast %x to offset: [%at], sizes: [64], strides: [1] : memref<64x64xi8> to memref<64xi8, strided<[1], offset: ?>>
    npu.fill 7 to %row : memref<64xi8, strided<[1], offset: ?>>
  }
  // 5, 8, 11, .. below the end: (end - 5 + 2) / 3 rounds, of which the compiler knows 20 to be the most.
  // LOOPS:      scalar to=s1 function=sub a=s0 b=none value=5
  // LOOPS-NEXT: scalar to=s1 function=add a=s1 b=none value=2
  // LOOPS-NEXT: scalar to=s1 function=max a=s1 b=none value=0
  // LOOPS-NEXT: scalar to=s1 function=div a=s1 b=none value=3
  // LOOPS-NEXT: loop counter=s2 count=s1<=20
  // LOOPS-NEXT:   scalar to=s1 function=mul a=s2 b=none value=3
  // LOOPS-NEXT:   scalar to=s1 function=add a=s1 b=none value=5
  // LOOPS-NEXT:   dma.fill to=dram[0x0+s1] bytes=1 count=1 to1=0 value=8
  scf.for %i = %c5 to %end step %c3 {
    %e = memref.reinterpret_cast %x to offset: [%i], sizes: [1], strides: [1] : memref<64x64xi8> to memref<1xi8, strided<[1], offset: ?>>
    npu.fill 8 to %e : memref<1xi8, strided<[1], offset: ?>>
  }
  // A triangle: the inner loop ends where the outer one is.
  // LOOPS:      loop counter=s1 count=s0<=64
  // LOOPS-NEXT:   loop counter=s2 count=s1<=63
  // LOOPS-NEXT:     scalar to=s3 function=add a=s1 b=s2
  // LOOPS-NEXT:     dma.fill to=dram[0x0+s3] bytes=1 count=1 to1=0 value=9
  scf.for %i = %c0 to %end step %c1 {
    scf.for %j = %c0 to %i step %c1 {
      %at = arith.addi %i, %j : index
      %e = memref.reinterpret_cast %x to offset: [%at], sizes: [1], strides: [1] : memref<64x64xi8> to memref<1xi8, strided<[1], offset: ?>>
      npu.fill 9 to %e : memref<1xi8, strided<[1], offset: ?>>
    }
  }
  // Never.
  // LOOPS-NOT: value=10
  scf.for %i = %c5 to %c3 step %c1 {
    npu.fill 10 to %n : memref<1x1xi32, #npu.space<spad>>
  }
  // LOOPS: halt
  return
}

// Numbers: what is constant is folded, what changes nothing costs nothing, registers are free again behind the last use.
func.func @numbers(%b: memref<1x4xi32> {npu.symbol = "block", npu.bytes = 16 : i64}, %x: memref<9999xi8> {npu.symbol = "x", npu.bytes = 9999 : i64}) {
  %n = memref.alloc() : memref<1x4xi32, #npu.space<spad>>
  npu.copy %b to %n : memref<1x4xi32> to memref<1x4xi32, #npu.space<spad>>
  %n0 = memref.reinterpret_cast %n to offset: [0], sizes: [1], strides: [1] : memref<1x4xi32, #npu.space<spad>> to memref<1xi32, strided<[1]>, #npu.space<spad>>
  %n2 = memref.reinterpret_cast %n to offset: [2], sizes: [1], strides: [1] : memref<1x4xi32, #npu.space<spad>> to memref<1xi32, strided<[1], offset: 2>, #npu.space<spad>>
  // NUMBERS:      load to=s0 from=spad[0x0] type=i32 bound=100
  %a = npu.load %n0 bound 100 : memref<1xi32, strided<[1]>, #npu.space<spad>>
  // NUMBERS-NEXT: load to=s1 from=spad[0x8] type=i32 bound=7
  %c = npu.load %n2 bound 7 : memref<1xi32, strided<[1], offset: 2>, #npu.space<spad>>
  // NUMBERS-NEXT: scalar to=s2 function=mul a=s1 b=none value=10
  // NUMBERS-NEXT: scalar to=s2 function=add a=s0 b=s2 value=0
  // NUMBERS-NEXT: scalar to=s2 function=add a=s2 b=none value=3
  // NUMBERS-NEXT: scalar to=s3 function=add a=s0 b=none value=3
  // NUMBERS-NEXT: scalar to=s3 function=div a=s3 b=none value=4
  // NUMBERS-NEXT: scalar to=s2 function=min a=s2 b=s3 value=0
  // NUMBERS-NEXT: dma.fill to=dram[0x1000] bytes=s2<=25 count=1 to1=0 value=1
  %m = affine.min affine_map<(d0)[s0] -> (d0 + s0 * 10 + 3, d0 ceildiv 4)>(%a)[%c]
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [%m], strides: [1] : memref<9999xi8> to memref<?xi8, strided<[1]>>
  npu.fill 1 to %v : memref<?xi8, strided<[1]>>
  // NUMBERS-NEXT: scalar to=s2 function=rem a=s0 b=none value=16
  // NUMBERS-NEXT: scalar to=s3 function=div a=s0 b=none value=8
  // NUMBERS-NEXT: scalar to=s2 function=max a=s2 b=s3 value=0
  // NUMBERS-NEXT: dma.fill to=dram[0x1000+s2] bytes=2 count=1 to1=0 value=2
  %o = affine.max affine_map<(d0) -> (d0 mod 16, d0 floordiv 8)>(%a)
  %p = memref.reinterpret_cast %x to offset: [%o], sizes: [2], strides: [1] : memref<9999xi8> to memref<2xi8, strided<[1], offset: ?>>
  npu.fill 2 to %p : memref<2xi8, strided<[1], offset: ?>>
  // NUMBERS-NEXT: scalar to=s0 function=mul a=s1 b=none value=2
  // NUMBERS-NEXT: scalar to=s1 function=add a=s0 b=none value=5
  // NUMBERS-NEXT: dma.fill to=dram[0x1000] bytes=s1<=19 count=1 to1=0 value=3
  %c2 = arith.constant 2 : index
  %one = arith.constant 1 : index
  %five = arith.constant 5 : index
  %d = arith.muli %c, %c2 : index
  %e = arith.muli %one, %d : index
  %f = arith.addi %five, %e : index
  %w = memref.reinterpret_cast %x to offset: [0], sizes: [%f], strides: [1] : memref<9999xi8> to memref<?xi8, strided<[1]>>
  npu.fill 3 to %w : memref<?xi8, strided<[1]>>
  return
}

// Copies: neighbours are one, the others are steps; the dimension whose extent a register says comes first.
func.func @copies(%x: memref<2x3x4x5x6xi16> {npu.symbol = "x", npu.bytes = 1440 : i64}, %b: memref<1x1xi8> {npu.symbol = "block", npu.bytes = 1 : i64}) {
  %s = memref.alloc() : memref<2x3x4x5x6xi16, #npu.space<spad>>
  %n = memref.alloc() : memref<1x1xi8, #npu.space<spad>>
  // COPIES: dma.copy to=spad[0x5c0] from=dram[0x2000] bytes=1 count=1 from1=0 to1=0 shaped=no
  npu.copy %b to %n : memref<1x1xi8> to memref<1x1xi8, #npu.space<spad>>
  // COPIES: load to=s0 from=spad[0x5c0] type=i8 bound=5
  %k = npu.load %n bound 5 : memref<1x1xi8, #npu.space<spad>>
  // COPIES-NEXT: dma.copy to=spad[0x0] from=dram[0x0] bytes=1440 count=1 from1=0 to1=0 shaped=no
  npu.copy %x to %s : memref<2x3x4x5x6xi16> to memref<2x3x4x5x6xi16, #npu.space<spad>>
  // Two of the three in the middle: rows of 240 bytes.
  // COPIES-NEXT: dma.copy to=spad[0x0] from=dram[0x0] bytes=480 count=2 from1=720 to1=720 shaped=no
  %x1 = memref.reinterpret_cast %x to offset: [0], sizes: [2, 2, 4, 5, 6], strides: [360, 120, 30, 6, 1] : memref<2x3x4x5x6xi16> to memref<2x2x4x5x6xi16, strided<[360, 120, 30, 6, 1]>>
  %s1 = memref.reinterpret_cast %s to offset: [0], sizes: [2, 2, 4, 5, 6], strides: [360, 120, 30, 6, 1] : memref<2x3x4x5x6xi16, #npu.space<spad>> to memref<2x2x4x5x6xi16, strided<[360, 120, 30, 6, 1]>, #npu.space<spad>>
  npu.copy %x1 to %s1 : memref<2x2x4x5x6xi16, strided<[360, 120, 30, 6, 1]>> to memref<2x2x4x5x6xi16, strided<[360, 120, 30, 6, 1]>, #npu.space<spad>>
  // Five dimensions, turned around, and the same settings again.
  // COPIES-NEXT: dma.shape count2=3 from2=240 to2=40 count3=2 from3=720 to3=20 count4=5 from4=12 to4=4
  // COPIES-NEXT: dma.copy to=spad[0x0] from=dram[0x0] bytes=4 count=4 from1=60 to1=120 shaped=yes
  // COPIES-NEXT: dma.copy to=spad[0x2] from=dram[0x4] bytes=4 count=4 from1=60 to1=120 shaped=yes
  %x2 = memref.reinterpret_cast %x to offset: [0], sizes: [5, 2, 3, 4, 2], strides: [6, 360, 120, 30, 1] : memref<2x3x4x5x6xi16> to memref<5x2x3x4x2xi16, strided<[6, 360, 120, 30, 1]>>
  %s2 = memref.reinterpret_cast %s to offset: [0], sizes: [5, 2, 3, 4, 2], strides: [2, 10, 20, 60, 1] : memref<2x3x4x5x6xi16, #npu.space<spad>> to memref<5x2x3x4x2xi16, strided<[2, 10, 20, 60, 1]>, #npu.space<spad>>
  npu.copy %x2 to %s2 : memref<5x2x3x4x2xi16, strided<[6, 360, 120, 30, 1]>> to memref<5x2x3x4x2xi16, strided<[2, 10, 20, 60, 1]>, #npu.space<spad>>
  %x3 = memref.reinterpret_cast %x to offset: [2], sizes: [5, 2, 3, 4, 2], strides: [6, 360, 120, 30, 1] : memref<2x3x4x5x6xi16> to memref<5x2x3x4x2xi16, strided<[6, 360, 120, 30, 1], offset: 2>>
  %s3 = memref.reinterpret_cast %s to offset: [1], sizes: [5, 2, 3, 4, 2], strides: [2, 10, 20, 60, 1] : memref<2x3x4x5x6xi16, #npu.space<spad>> to memref<5x2x3x4x2xi16, strided<[2, 10, 20, 60, 1], offset: 1>, #npu.space<spad>>
  npu.copy %x3 to %s3 : memref<5x2x3x4x2xi16, strided<[6, 360, 120, 30, 1], offset: 2>> to memref<5x2x3x4x2xi16, strided<[2, 10, 20, 60, 1], offset: 1>, #npu.space<spad>>
  // An extent of run time outside: the others move behind it. Bytes of run time.
  // COPIES-NEXT: dma.shape count2=4 from2=60 to2=60 count3=1 from3=0 to3=0 count4=1 from4=0 to4=0
  // COPIES-NEXT: dma.copy to=spad[0x0] from=dram[0x0] bytes=4 count=s0<=5 from1=12 to1=12 shaped=yes
  %x4 = memref.reinterpret_cast %x to offset: [0], sizes: [%k, 4, 2], strides: [6, 30, 1] : memref<2x3x4x5x6xi16> to memref<?x4x2xi16, strided<[6, 30, 1]>>
  %s4 = memref.reinterpret_cast %s to offset: [0], sizes: [%k, 4, 2], strides: [6, 30, 1] : memref<2x3x4x5x6xi16, #npu.space<spad>> to memref<?x4x2xi16, strided<[6, 30, 1]>, #npu.space<spad>>
  npu.copy %x4 to %s4 : memref<?x4x2xi16, strided<[6, 30, 1]>> to memref<?x4x2xi16, strided<[6, 30, 1]>, #npu.space<spad>>
  // COPIES-NEXT: scalar to=s1 function=mul a=s0 b=none value=2
  // COPIES-NEXT: dma.copy to=spad[0x0] from=dram[0x0] bytes=s1<=10 count=4 from1=60 to1=60 shaped=no
  %x5 = memref.reinterpret_cast %x to offset: [0], sizes: [4, %k], strides: [30, 1] : memref<2x3x4x5x6xi16> to memref<4x?xi16, strided<[30, 1]>>
  %s5 = memref.reinterpret_cast %s to offset: [0], sizes: [4, %k], strides: [30, 1] : memref<2x3x4x5x6xi16, #npu.space<spad>> to memref<4x?xi16, strided<[30, 1]>, #npu.space<spad>>
  npu.copy %x5 to %s5 : memref<4x?xi16, strided<[30, 1]>> to memref<4x?xi16, strided<[30, 1]>, #npu.space<spad>>
  // COPIES-NEXT: dma.fill to=spad[0x0] bytes=8 count=s0<=5 to1=60 value=255
  %s6 = memref.reinterpret_cast %s to offset: [0], sizes: [%k, 2, 2], strides: [30, 2, 1] : memref<2x3x4x5x6xi16, #npu.space<spad>> to memref<?x2x2xi16, strided<[30, 2, 1]>, #npu.space<spad>>
  npu.fill 255 to %s6 : memref<?x2x2xi16, strided<[30, 2, 1]>, #npu.space<spad>>
  return
}

// A tile of weights and rows of run time through it; the second tile has the same settings.
func.func @tiles(%b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %n = memref.alloc() : memref<1x1xi32, #npu.space<spad>>
  npu.copy %b to %n : memref<1x1xi32> to memref<1x1xi32, #npu.space<spad>>
  // TILES: load to=s0
  %m = npu.load %n bound 9 : memref<1x1xi32, #npu.space<spad>>
  %a = memref.alloc() : memref<9x64xi8, #npu.space<spad>>
  %w = memref.alloc() : memref<64x16xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<9x16xi32, #npu.space<acc>>
  npu.fill 1 to %a : memref<9x64xi8, #npu.space<spad>>
  npu.fill 1 to %w : memref<64x16xi8, #npu.space<spad>>
  %a0 = memref.reinterpret_cast %a to offset: [0], sizes: [%m, 32], strides: [64, 1] : memref<9x64xi8, #npu.space<spad>> to memref<?x32xi8, strided<[64, 1]>, #npu.space<spad>>
  %a1 = memref.reinterpret_cast %a to offset: [32], sizes: [%m, 32], strides: [64, 1] : memref<9x64xi8, #npu.space<spad>> to memref<?x32xi8, strided<[64, 1], offset: 32>, #npu.space<spad>>
  %w0 = memref.reinterpret_cast %w to offset: [0], sizes: [32, 16], strides: [16, 1] : memref<64x16xi8, #npu.space<spad>> to memref<32x16xi8, strided<[16, 1]>, #npu.space<spad>>
  %w1 = memref.reinterpret_cast %w to offset: [512], sizes: [32, 16], strides: [16, 1] : memref<64x16xi8, #npu.space<spad>> to memref<32x16xi8, strided<[16, 1], offset: 512>, #npu.space<spad>>
  %sums = memref.reinterpret_cast %s to offset: [0], sizes: [%m, 16], strides: [16, 1] : memref<9x16xi32, #npu.space<acc>> to memref<?x16xi32, strided<[16, 1]>, #npu.space<acc>>
  // TILES:      mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=64 w_stride=16 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0
  // TILES-NEXT: mxu.weights from=spad[0x240] rows=32 columns=16
  // TILES-NEXT: mxu.stream from=spad[0x0] to=acc[0x0] rows=s0<=9 update=write swap=yes
  npu.matmul ins(%a0, %w0 : memref<?x32xi8, strided<[64, 1]>, #npu.space<spad>>, memref<32x16xi8, strided<[16, 1]>, #npu.space<spad>>)
      outs(%sums : memref<?x16xi32, strided<[16, 1]>, #npu.space<acc>>)
  // TILES-NEXT: mxu.weights from=spad[0x440] rows=32 columns=16
  // TILES-NEXT: mxu.stream from=spad[0x20] to=acc[0x0] rows=s0<=9 update=add swap=yes
  npu.matmul ins(%a1, %w1 : memref<?x32xi8, strided<[64, 1], offset: 32>, #npu.space<spad>>, memref<32x16xi8, strided<[16, 1], offset: 512>, #npu.space<spad>>)
      outs(%sums : memref<?x16xi32, strided<[16, 1]>, #npu.space<acc>>) add true
  return
}

// Kept weights: lines of 16 codes of 4 bits and 16 places of 2, made in a view of their bytes.
func.func @kept() {
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<9x64xi8, #npu.space<spad>>
  %c = memref.alloc() : memref<32x16xi8, #npu.space<spad>>
  %w = memref.alloc() : memref<392xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<9x16xi32, #npu.space<acc>>
  npu.fill 1 to %a : memref<9x64xi8, #npu.space<spad>>
  npu.fill 1 to %c : memref<32x16xi8, #npu.space<spad>>
  npu.fill 1 to %w : memref<392xi8, #npu.space<spad>>
  %codes = memref.view %w[%c8][] : memref<392xi8, #npu.space<spad>> to memref<32x24xi4, #npu.space<spad>>
  %to = memref.reinterpret_cast %codes to offset: [0], sizes: [32, 16], strides: [24, 1] : memref<32x24xi4, #npu.space<spad>> to memref<32x16xi4, strided<[24, 1]>, #npu.space<spad>>
  // KEPT:      vec.mode to=i4 a=i8 {{.*}} to_stride=12 a_stride=16
  // KEPT-NEXT: vec.map function=copy to=spad[0x448] a=spad[0x240] {{.*}} rows=32 columns=16
  npu.map "copy"(%c) to %to : memref<32x16xi8, #npu.space<spad>> to memref<32x16xi4, strided<[24, 1]>, #npu.space<spad>>
  %lines = memref.reinterpret_cast %w to offset: [8], sizes: [32, 12], strides: [12, 1] : memref<392xi8, #npu.space<spad>> to memref<32x12xi8, strided<[12, 1], offset: 8>, #npu.space<spad>>
  // KEPT-NEXT: mxu.mode mode=nm a=i8 w=i4 acc=i32 a_stride=64 w_stride=12 acc_stride=64 n=2 m=4 a_slice=0 w_slice=0
  // KEPT-NEXT: mxu.weights from=spad[0x448] rows=32 columns=16
  // KEPT-NEXT: mxu.stream from=spad[0x0] to=acc[0x0] rows=9 update=write swap=yes
  npu.matmul ins(%a, %lines : memref<9x64xi8, #npu.space<spad>>, memref<32x12xi8, strided<[12, 1], offset: 8>, #npu.space<spad>>)
      outs(%s : memref<9x16xi32, #npu.space<acc>>) mode "nm" kept <2 of 4, i4>
  return
}

// Settings of a loop's products stand before it where all are alike; what changes in each round is set there, and what the next one begins with behind it.
func.func @rounds() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = memref.alloc() : memref<9x32xi8, #npu.space<spad>>
  %w = memref.alloc() : memref<32x16xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<9x16xi32, #npu.space<acc>>
  %t = memref.alloc() : memref<9x32xi32, #npu.space<acc>>
  %wide = memref.reinterpret_cast %t to offset: [0], sizes: [9, 16], strides: [32, 1] : memref<9x32xi32, #npu.space<acc>> to memref<9x16xi32, strided<[32, 1]>, #npu.space<acc>>
  npu.fill 1 to %a : memref<9x32xi8, #npu.space<spad>>
  npu.fill 1 to %w : memref<32x16xi8, #npu.space<spad>>
  // ROUNDS:      mxu.mode {{.*}} acc_stride=64
  // ROUNDS-NEXT: loop counter=[[OUTER:s[0-9]+]] count=4
  // ROUNDS-NEXT: loop counter=[[INNER:s[0-9]+]] count=4
  // ROUNDS-NEXT: mxu.weights
  // ROUNDS-NEXT: mxu.stream
  // ROUNDS-NEXT: endloop
  // ROUNDS-NEXT: endloop
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      npu.matmul ins(%a, %w : memref<9x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>) outs(%s : memref<9x16xi32, #npu.space<acc>>)
    }
  }
  // ROUNDS-NEXT: loop counter=[[THIRD:s[0-9]+]] count=4
  // ROUNDS-NEXT: mxu.weights
  // ROUNDS-NEXT: mxu.stream
  // ROUNDS-NEXT: mxu.mode {{.*}} acc_stride=128
  // ROUNDS-NEXT: mxu.weights
  // ROUNDS-NEXT: mxu.stream
  // ROUNDS-NEXT: mxu.mode {{.*}} acc_stride=64
  // ROUNDS-NEXT: endloop
  scf.for %i = %c0 to %c4 step %c1 {
    npu.matmul ins(%a, %w : memref<9x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>) outs(%s : memref<9x16xi32, #npu.space<acc>>)
    npu.matmul ins(%a, %w : memref<9x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>) outs(%wide : memref<9x16xi32, strided<[32, 1]>, #npu.space<acc>>)
  }
  // ROUNDS-NEXT: loop counter=[[LAST:s[0-9]+]] count=4
  // ROUNDS-NEXT: mxu.mode {{.*}} acc_stride=128
  // ROUNDS-NEXT: mxu.weights
  // ROUNDS-NEXT: mxu.stream
  // ROUNDS-NEXT: mxu.mode {{.*}} acc_stride=64
  // ROUNDS-NEXT: mxu.weights
  // ROUNDS-NEXT: mxu.stream
  // ROUNDS-NEXT: endloop
  // ROUNDS-NEXT: mxu.weights
  scf.for %i = %c0 to %c4 step %c1 {
    npu.matmul ins(%a, %w : memref<9x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>) outs(%wide : memref<9x16xi32, strided<[32, 1]>, #npu.space<acc>>)
    npu.matmul ins(%a, %w : memref<9x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>) outs(%s : memref<9x16xi32, #npu.space<acc>>)
  }
  npu.matmul ins(%a, %w : memref<9x32xi8, #npu.space<spad>>, memref<32x16xi8, #npu.space<spad>>) outs(%s : memref<9x16xi32, #npu.space<acc>>)
  return
}

// A tile of sums, for a number of steps that is known at run time.
func.func @sums(%b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %n = memref.alloc() : memref<1x1xi32, #npu.space<spad>>
  npu.copy %b to %n : memref<1x1xi32> to memref<1x1xi32, #npu.space<spad>>
  // SUMS: load to=s0
  %k = npu.load %n bound 64 : memref<1x1xi32, #npu.space<spad>>
  %a = memref.alloc() : memref<9x64xi8, #npu.space<spad>>
  %w = memref.alloc() : memref<64x16xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<9x16xi32, #npu.space<acc>>
  npu.fill 1 to %a : memref<9x64xi8, #npu.space<spad>>
  npu.fill 1 to %w : memref<64x16xi8, #npu.space<spad>>
  %x = memref.reinterpret_cast %a to offset: [0], sizes: [9, %k], strides: [64, 1] : memref<9x64xi8, #npu.space<spad>> to memref<9x?xi8, strided<[64, 1]>, #npu.space<spad>>
  %y = memref.reinterpret_cast %w to offset: [0], sizes: [%k, 16], strides: [16, 1] : memref<64x16xi8, #npu.space<spad>> to memref<?x16xi8, strided<[16, 1]>, #npu.space<spad>>
  // SUMS:      mxu.mode mode=os a=i8 w=i8 acc=i32 a_stride=64 w_stride=16 acc_stride=64
  // SUMS-NEXT: mxu.multiply a=spad[0x0] w=spad[0x240] depth=s0<=64 rows=9 columns=16 update=write
  // SUMS-NEXT: mxu.drain to=acc[0x0] rows=9 columns=16 update=add
  npu.matmul ins(%x, %y : memref<9x?xi8, strided<[64, 1]>, #npu.space<spad>>, memref<?x16xi8, strided<[16, 1]>, #npu.space<spad>>)
      outs(%s : memref<9x16xi32, #npu.space<acc>>) add true mode "os"
  return
}

// Slices of bits; tables and what is looked up in them, with one setting for all.
func.func @bits(%b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %n = memref.alloc() : memref<1x1xi32, #npu.space<spad>>
  npu.copy %b to %n : memref<1x1xi32> to memref<1x1xi32, #npu.space<spad>>
  // BITS: load to=s0
  %m = npu.load %n bound 9 : memref<1x1xi32, #npu.space<spad>>
  %a = memref.alloc() : memref<9x64xi8, #npu.space<spad>>
  %w = memref.alloc() : memref<512xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<9x32xi32, #npu.space<acc>>
  npu.fill 1 to %a : memref<9x64xi8, #npu.space<spad>>
  npu.fill 1 to %w : memref<512xi8, #npu.space<spad>>
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %v = memref.view %w[%c0][] : memref<512xi8, #npu.space<spad>> to memref<64x32xi2, #npu.space<spad>>
  // BITS:      mxu.mode mode=bitserial a=i8 w=i2 acc=i32 a_stride=64 w_stride=8 acc_stride=128 n=0 m=0 a_slice=2 w_slice=1
  // BITS-NEXT: mxu.multiply a=spad[0x0] w=spad[0x240] depth=64 rows=9 columns=32 update=write
  // BITS-NEXT: mxu.drain to=acc[0x0] rows=9 columns=32 update=write
  npu.matmul ins(%a, %v : memref<9x64xi8, #npu.space<spad>>, memref<64x32xi2, #npu.space<spad>>)
      outs(%s : memref<9x32xi32, #npu.space<acc>>) mode "bitserial" slices [2, 1]
  %x = memref.reinterpret_cast %a to offset: [16], sizes: [%m, 16], strides: [64, 1] : memref<9x64xi8, #npu.space<spad>> to memref<?x16xi8, strided<[64, 1], offset: 16>, #npu.space<spad>>
  %r = memref.reinterpret_cast %s to offset: [0], sizes: [%m, 32], strides: [32, 1] : memref<9x32xi32, #npu.space<acc>> to memref<?x32xi32, strided<[32, 1]>, #npu.space<acc>>
  %p = memref.view %w[%c0][] : memref<512xi8, #npu.space<spad>> to memref<64x16xi1, #npu.space<spad>>
  %q = memref.view %w[%c128][] : memref<512xi8, #npu.space<spad>> to memref<64x16xi1, #npu.space<spad>>
  // BITS-NEXT: mxu.mode mode=lut a=i8 w=i2 acc=i32 a_stride=64 w_stride=0 acc_stride=128 n=0 m=4 a_slice=0 w_slice=0
  // BITS-NEXT: mxu.tables from=spad[0x10] rows=s0<=9 depth=16
  npu.tables %x group 4 : memref<?x16xi8, strided<[64, 1], offset: 16>, #npu.space<spad>>
  // BITS-NEXT: mxu.lookup from=spad[0x240] to=acc[0x0] rows=s0<=9 columns=32 update=write swap=yes
  npu.lookup %p to %r group 4 : memref<64x16xi1, #npu.space<spad>> to memref<?x32xi32, strided<[32, 1]>, #npu.space<acc>>
  // BITS-NEXT: mxu.tables from=spad[0x10] rows=s0<=9 depth=16
  npu.tables %x group 4 : memref<?x16xi8, strided<[64, 1], offset: 16>, #npu.space<spad>>
  // BITS-NEXT: mxu.lookup from=spad[0x2c0] to=acc[0x0] rows=s0<=9 columns=32 update=add swap=yes
  npu.lookup %q to %r group 4 add true : memref<64x16xi1, #npu.space<spad>> to memref<?x32xi32, strided<[32, 1]>, #npu.space<acc>>
  return
}

// Elements smaller than bytes: views of bytes, which begin at a byte that a register says; strides are of whole bytes.
func.func @nibbles(%b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %c0 = arith.constant 0 : index
  %n = memref.alloc() : memref<1x1xi32, #npu.space<spad>>
  npu.copy %b to %n : memref<1x1xi32> to memref<1x1xi32, #npu.space<spad>>
  %at = npu.load %n bound 128 : memref<1x1xi32, #npu.space<spad>>
  %a = memref.alloc() : memref<9x16xi8, #npu.space<spad>>
  %w = memref.alloc() : memref<256xi8, #npu.space<spad>>
  %s = memref.alloc() : memref<9x16xi32, #npu.space<acc>>
  npu.fill 1 to %a : memref<9x16xi8, #npu.space<spad>>
  npu.fill 1 to %w : memref<256xi8, #npu.space<spad>>
  %w4 = memref.view %w[%at][] : memref<256xi8, #npu.space<spad>> to memref<16x16xi4, #npu.space<spad>>
  // NIBBLES:      mxu.mode mode=ws a=i8 w=i4 acc=i32 a_stride=16 w_stride=8 acc_stride=64 n=0 m=0 a_slice=0 w_slice=0
  // NIBBLES-NEXT: mxu.weights from=spad[0xc0+s0] rows=16 columns=16
  npu.matmul ins(%a, %w4 : memref<9x16xi8, #npu.space<spad>>, memref<16x16xi4, #npu.space<spad>>)
      outs(%s : memref<9x16xi32, #npu.space<acc>>)
  %w2 = memref.view %w[%c0][] : memref<256xi8, #npu.space<spad>> to memref<4x64xi2, #npu.space<spad>>
  %y = memref.alloc() : memref<4x64xi4, #npu.space<spad>>
  // NIBBLES:      vec.mode to=i4 a=i2 {{.*}} to_stride=32 a_stride=16
  // NIBBLES-NEXT: vec.map function=copy to=spad[0x1c0] a=spad[0xc0]
  npu.map "copy"(%w2) to %y : memref<4x64xi2, #npu.space<spad>> to memref<4x64xi4, #npu.space<spad>>
  // Half of a buffer of smaller elements.
  %y1 = memref.reinterpret_cast %y to offset: [128], sizes: [2, 64], strides: [64, 1] : memref<4x64xi4, #npu.space<spad>> to memref<2x64xi4, strided<[64, 1], offset: 128>, #npu.space<spad>>
  %w1 = memref.view %w[%c0][] : memref<256xi8, #npu.space<spad>> to memref<2x64xi4, #npu.space<spad>>
  // NIBBLES:      vec.map function=copy to=spad[0x200] a=spad[0xc0]
  npu.map "copy"(%w1) to %y1 : memref<2x64xi4, #npu.space<spad>> to memref<2x64xi4, strided<[64, 1], offset: 128>, #npu.space<spad>>
  return
}

// Every broadcast, and a reduction. In a loop the settings are said again: the round before may have left others.
func.func @maps() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = memref.alloc() : memref<8x16xf32, #npu.space<spad>>
  %r = memref.alloc() : memref<1x16xbf16, #npu.space<spad>>
  %c = memref.alloc() : memref<8x1xi32, #npu.space<acc>>
  %o = memref.alloc() : memref<1x1xf32, #npu.space<spad>>
  npu.fill 0 to %x : memref<8x16xf32, #npu.space<spad>>
  npu.fill 0 to %r : memref<1x16xbf16, #npu.space<spad>>
  npu.fill 0 to %c : memref<8x1xi32, #npu.space<acc>>
  npu.fill 0 to %o : memref<1x1xf32, #npu.space<spad>>
  // MAPS: vec.mode to=f32 a=f32 b=bf16 c=i32 to_stride=64 a_stride=64 b_stride=0 c_stride=4 b_broadcast=row c_broadcast=column
  // MAPS-NEXT: vec.map function=fma to=spad[0x0] a=spad[0x0] b=spad[0x200] c=acc[0x0] rows=8 columns=16
  npu.map "fma"(%x, %r, %c) to %x : memref<8x16xf32, #npu.space<spad>>, memref<1x16xbf16, #npu.space<spad>>, memref<8x1xi32, #npu.space<acc>> to memref<8x16xf32, #npu.space<spad>>
  // MAPS-NEXT: vec.mode to=f32 a=f32 b=f32 c=f32 to_stride=64 a_stride=64 b_stride=0 c_stride=0 b_broadcast=scalar c_broadcast=none
  // MAPS-NEXT: vec.map function=mul to=spad[0x0] a=spad[0x0] b=spad[0x240] c=spad[0x0] rows=8 columns=16
  // MAPS-NEXT: vec.map function=add to=spad[0x0] a=spad[0x0] b=spad[0x240] c=spad[0x0] rows=8 columns=16
  npu.map "mul"(%x, %o) to %x : memref<8x16xf32, #npu.space<spad>>, memref<1x1xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
  npu.map "add"(%x, %o) to %x : memref<8x16xf32, #npu.space<spad>>, memref<1x1xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
  // MAPS-NEXT: loop counter=s0 count=4
  // MAPS-NEXT:   vec.mode to=f32 a=f32 b=f32 c=f32 to_stride=64 a_stride=64 b_stride=0 c_stride=0 b_broadcast=scalar c_broadcast=none
  // MAPS-NEXT:   vec.map function=add
  scf.for %i = %c0 to %c4 step %c1 {
    npu.map "add"(%x, %o) to %x : memref<8x16xf32, #npu.space<spad>>, memref<1x1xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
  }
  // MAPS: vec.mode to=i32 a=f32 b=f32 c=f32 to_stride=4 a_stride=64
  // MAPS-NEXT: vec.reduce function=sum to=acc[0x0] a=spad[0x0] rows=8 columns=16
  npu.reduce "sum" %x to %c : memref<8x16xf32, #npu.space<spad>> to memref<8x1xi32, #npu.space<acc>>
  // One row is no broadcast where the results have but one.
  // MAPS-NEXT: vec.mode to=bf16 a=bf16 b=bf16 c=bf16 to_stride=0 a_stride=0 b_stride=0 c_stride=0 b_broadcast=none c_broadcast=none
  // MAPS-NEXT: vec.map function=add to=spad[0x200] a=spad[0x200] b=spad[0x200] c=spad[0x200] rows=1 columns=16
  npu.map "add"(%r, %r) to %r : memref<1x16xbf16, #npu.space<spad>>, memref<1x16xbf16, #npu.space<spad>> to memref<1x16xbf16, #npu.space<spad>>
  return
}

// Arguments lie one behind the other in DRAM, at multiples of 4096 and with room behind them; constants behind them; ops name what they are counted for.
// PLACES:      location 0 "layers.0/norm"
// PLACES-NEXT: location 1 "places"
// PLACES-NEXT: symbol "x" dram[0x0] bytes=5000
// PLACES-NEXT: symbol "y" dram[0x5000] bytes=1
// PLACES-NEXT: data dram[0x6000] 0000803f0000803f
// PLACES-NEXT: data dram[0x7000] 0100fe03
// PLACES-NEXT: core 0
memref.global "private" constant @ones : memref<2xf32> = dense<1.0>
memref.global "private" constant @bytes : memref<4xi8> = dense<[1, 0, -2, 3]>
func.func @places(%x: memref<?xi8> {npu.symbol = "x", npu.bytes = 5000 : i64}, %y: memref<1xi8> {npu.symbol = "y", npu.bytes = 1 : i64}) {
  %ones = memref.get_global @ones : memref<2xf32>
  %bytes = memref.get_global @bytes : memref<4xi8>
  %s = memref.alloc() : memref<2xf32, #npu.space<spad>>
  %t = memref.alloc() : memref<4xi8, #npu.space<spad>>
  // PLACES-NEXT: dma.copy to=spad[0x0] from=dram[0x6000] bytes=8 count=1 from1=0 to1=0 shaped=no{{$}}
  npu.copy %ones to %s {npu.location = "layers.0/norm"} : memref<2xf32> to memref<2xf32, #npu.space<spad>>
  // PLACES-NEXT: dma.copy to=spad[0x40] from=dram[0x7000] bytes=4 count=1 from1=0 to1=0 shaped=no | at 1
  npu.copy %bytes to %t : memref<4xi8> to memref<4xi8, #npu.space<spad>>
  // PLACES-NEXT: dma.fill to=spad[0x0] bytes=8 count=1 to1=0 value=0 | channel 1 at 1
  npu.fill channel(1) 0 to %s : memref<2xf32, #npu.space<spad>>
  return
}

// Choices of a number of rows that is known at run time, and rows that they name: of a table, the most rows that it may have are said.
// CHOICES:      load to=s0
// CHOICES-NEXT: topk.select scores=spad[0x40] values=spad[0x240] indices=spad[0x2c0] rows=s0<=16 columns=8 k=2
// CHOICES-NEXT: topk.route choices=spad[0x2c0] places=spad[0x340] tokens=spad[0x3c0] segments=spad[0x440] rows=s0<=16 k=2 experts=8
// CHOICES-NEXT: dma.gather to=spad[0x480] from=dram[0x8] indices=spad[0x3c0] count=5 bytes=24 from1=32 rows=16
// CHOICES-NEXT: dma.gather to=spad[0x480] from=dram[0x0] indices=spad[0x3c0] count=s0<=16 bytes=24 from1=24 rows=5 | channel 1{{$}}
func.func @choices(%x: memref<?x8xf32> {npu.symbol = "x", npu.bytes = 512 : i64}, %b: memref<1x1xi32> {npu.symbol = "block", npu.bytes = 4 : i64}) {
  %count = memref.alloc() : memref<1x1xi32, #npu.space<spad>>
  %s = memref.alloc() : memref<16x8xf32, #npu.space<spad>>
  %v = memref.alloc() : memref<16x2xf32, #npu.space<spad>>
  %i = memref.alloc() : memref<16x2xi32, #npu.space<spad>>
  %p = memref.alloc() : memref<16x2xi32, #npu.space<spad>>
  %t = memref.alloc() : memref<16x2xi32, #npu.space<spad>>
  %f = memref.alloc() : memref<1x9xi32, #npu.space<spad>>
  %r = memref.alloc() : memref<16x6xf32, #npu.space<spad>>
  npu.copy %b to %count : memref<1x1xi32> to memref<1x1xi32, #npu.space<spad>>
  %rows = npu.load %count bound 16 : memref<1x1xi32, #npu.space<spad>>
  %s.n = memref.reinterpret_cast %s to offset: [0], sizes: [%rows, 8], strides: [8, 1] : memref<16x8xf32, #npu.space<spad>> to memref<?x8xf32, strided<[8, 1]>, #npu.space<spad>>
  %v.n = memref.reinterpret_cast %v to offset: [0], sizes: [%rows, 2], strides: [2, 1] : memref<16x2xf32, #npu.space<spad>> to memref<?x2xf32, strided<[2, 1]>, #npu.space<spad>>
  %i.n = memref.reinterpret_cast %i to offset: [0], sizes: [%rows, 2], strides: [2, 1] : memref<16x2xi32, #npu.space<spad>> to memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>>
  %p.n = memref.reinterpret_cast %p to offset: [0], sizes: [%rows, 2], strides: [2, 1] : memref<16x2xi32, #npu.space<spad>> to memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>>
  %t.n = memref.reinterpret_cast %t to offset: [0], sizes: [%rows, 2], strides: [2, 1] : memref<16x2xi32, #npu.space<spad>> to memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>>
  %r.n = memref.reinterpret_cast %r to offset: [0], sizes: [%rows, 6], strides: [6, 1] : memref<16x6xf32, #npu.space<spad>> to memref<?x6xf32, strided<[6, 1]>, #npu.space<spad>>
  npu.select %s.n to %v.n, %i.n : memref<?x8xf32, strided<[8, 1]>, #npu.space<spad>> to memref<?x2xf32, strided<[2, 1]>, #npu.space<spad>>, memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>>
  npu.route %i.n to %p.n, %t.n, %f : memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>> to memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>>, memref<?x2xi32, strided<[2, 1]>, #npu.space<spad>>, memref<1x9xi32, #npu.space<spad>>
  %table = memref.reinterpret_cast %x to offset: [2], sizes: [%rows, 6], strides: [8, 1] : memref<?x8xf32> to memref<?x6xf32, strided<[8, 1], offset: 2>>
  %five = memref.reinterpret_cast %t to offset: [0], sizes: [1, 5], strides: [1, 1] : memref<16x2xi32, #npu.space<spad>> to memref<1x5xi32, strided<[1, 1]>, #npu.space<spad>>
  %rows5 = memref.reinterpret_cast %r to offset: [0], sizes: [5, 6], strides: [6, 1] : memref<16x6xf32, #npu.space<spad>> to memref<5x6xf32, strided<[6, 1]>, #npu.space<spad>>
  npu.gather %table[%five] to %rows5 : memref<?x6xf32, strided<[8, 1], offset: 2>>[memref<1x5xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<5x6xf32, strided<[6, 1]>, #npu.space<spad>>
  %dense = memref.reinterpret_cast %x to offset: [0], sizes: [5, 6], strides: [6, 1] : memref<?x8xf32> to memref<5x6xf32, strided<[6, 1]>>
  %list = memref.reinterpret_cast %t to offset: [0], sizes: [1, %rows], strides: [1, 1] : memref<16x2xi32, #npu.space<spad>> to memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>
  npu.gather channel(1) %dense[%list] to %r.n : memref<5x6xf32, strided<[6, 1]>>[memref<1x?xi32, strided<[1, 1]>, #npu.space<spad>>] to memref<?x6xf32, strided<[6, 1]>, #npu.space<spad>>
  return
}
