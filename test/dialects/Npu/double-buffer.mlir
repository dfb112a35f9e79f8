// Loops that bring weights and multiply them do two rounds at a time, each with buffers of its own.

// RUN: coopt-opt %s --npu-double-buffer | FileCheck %s

!bytes = memref<512x16xi8>
!tile = memref<32x16xi8, #npu.space<spad>>
!rows = memref<4x32xi8, #npu.space<spad>>
!sums = memref<4x16xi32, #npu.space<acc>>
!out = memref<4x16xi32, #npu.space<spad>>
!view = memref<32x16xi8, strided<[16, 1], offset: ?>>

// Weights of the second round are brought and made before the products of the first: the vector unit does so before it copies sums.
// CHECK-LABEL: func.func @made
// CHECK:       scf.for %{{.*}} = %c0 to %c512 step %c64
// CHECK:         %[[B0:.*]] = memref.alloc() : memref<32x16xi8, #npu.space<spad>>
// CHECK:         npu.copy %{{.*}} to %[[B0]]
// CHECK:         %[[W0:.*]] = memref.alloc() : memref<32x16xi8, #npu.space<spad>>
// CHECK:         npu.map "neg"(%[[B0]]) to %[[W0]]
// CHECK:         %[[B1:.*]] = memref.alloc() : memref<32x16xi8, #npu.space<spad>>
// CHECK:         npu.copy %{{.*}} to %[[B1]]
// CHECK:         %[[W1:.*]] = memref.alloc() : memref<32x16xi8, #npu.space<spad>>
// CHECK:         npu.map "neg"(%[[B1]]) to %[[W1]]
// CHECK-NEXT:    npu.matmul ins(%{{.*}}, %[[W0]]
// CHECK-NEXT:    npu.map "copy"
// CHECK:         %[[S1:.*]] = memref.alloc() : memref<4x16xi32, #npu.space<acc>>
// CHECK:         npu.matmul ins(%{{.*}}, %[[W1]] : {{.*}}) outs(%[[S1]]
// CHECK-NEXT:    npu.map "copy"(%[[S1]])
// CHECK-NOT:     npu.m
// CHECK:       return
func.func @made(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c512 = arith.constant 512 : index
  %a = memref.alloc() : !rows
  %y = memref.alloc() : !out
  scf.for %k = %c0 to %c512 step %c32 {
    %from = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    %b = memref.alloc() : !tile
    npu.copy %from to %b : !view to !tile
    %w = memref.alloc() : !tile
    npu.map "neg"(%b) to %w : !tile to !tile
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %w : !rows, !tile) outs(%s : !sums)
    npu.map "copy"(%s) to %y : !sums to !out
  }
  return
}

// Of two rounds no loop is left, and the second one's weights come before the products of the first all the same.
// CHECK-LABEL: func.func @two
// CHECK-NOT:     scf.for
// CHECK:         npu.copy %{{.*}} to %[[B0:.*]] :
// CHECK:         npu.map "neg"(%[[B0]]) to %[[W0:.*]] :
// CHECK:         npu.copy %{{.*}} to %[[B1:.*]] :
// CHECK:         npu.map "neg"(%[[B1]]) to %[[W1:.*]] :
// CHECK-NEXT:    npu.matmul ins(%{{.*}}, %[[W0]]
// CHECK-NEXT:    npu.map "copy"
// CHECK:         npu.matmul ins(%{{.*}}, %[[W1]]
// CHECK-NEXT:    npu.map "copy"
// CHECK-NOT:     npu.m
// CHECK:       return
func.func @two(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %a = memref.alloc() : !rows
  %y = memref.alloc() : !out
  scf.for %k = %c0 to %c64 step %c32 {
    %from = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    %b = memref.alloc() : !tile
    npu.copy %from to %b : !view to !tile
    %w = memref.alloc() : !tile
    npu.map "neg"(%b) to %w : !tile to !tile
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %w : !rows, !tile) outs(%s : !sums)
    npu.map "copy"(%s) to %y : !sums to !out
  }
  return
}

// A third round keeps its place behind the first two.
// CHECK-LABEL: func.func @three
// CHECK-NOT:     scf.for
// CHECK-COUNT-2: npu.copy
// CHECK:         npu.matmul
// CHECK-NEXT:    npu.map "copy"
// CHECK-NOT:     npu.copy
// CHECK:         npu.matmul
// CHECK:         npu.copy
// CHECK:         npu.matmul
// CHECK:       return
func.func @three(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c96 = arith.constant 96 : index
  %a = memref.alloc() : !rows
  %y = memref.alloc() : !out
  scf.for %k = %c0 to %c96 step %c32 {
    %from = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    %b = memref.alloc() : !tile
    npu.copy %from to %b : !view to !tile
    %w = memref.alloc() : !tile
    npu.map "neg"(%b) to %w : !tile to !tile
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %w : !rows, !tile) outs(%s : !sums)
    npu.map "copy"(%s) to %y : !sums to !out
  }
  return
}

// Lines of kept weights are made by the vector unit and DMA together: both come before the products of the first round.
// CHECK-LABEL: func.func @kept
// CHECK:       scf.for %{{.*}} = %c0 to %c512 step %c64
// CHECK:         %[[W0:.*]] = memref.alloc() : memref<384xi8, #npu.space<spad>>
// CHECK:         npu.copy
// CHECK:         npu.map "copy"
// CHECK:         %[[W1:.*]] = memref.alloc() : memref<384xi8, #npu.space<spad>>
// CHECK:         npu.copy
// CHECK:         npu.map "copy"
// CHECK:         npu.matmul {{.*}} mode "nm" kept <2 of 4, i4>
// CHECK-NEXT:    npu.map "copy"
// CHECK:         npu.matmul {{.*}} mode "nm" kept <2 of 4, i4>
// CHECK-NOT:     npu.co
// CHECK:       return
func.func @kept(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c512 = arith.constant 512 : index
  %a = memref.alloc() : memref<4x64xi8, #npu.space<spad>>
  %y = memref.alloc() : !out
  scf.for %k = %c0 to %c512 step %c32 {
    %from = memref.reinterpret_cast %p to offset: [%k], sizes: [32, 4], strides: [16, 1] : !bytes to memref<32x4xi8, strided<[16, 1], offset: ?>>
    %codes = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    %b = memref.alloc() : !tile
    npu.copy %codes to %b : !view to !tile
    %w = memref.alloc() : memref<384xi8, #npu.space<spad>>
    %places = memref.reinterpret_cast %w to offset: [8], sizes: [32, 4], strides: [12, 1] : memref<384xi8, #npu.space<spad>> to memref<32x4xi8, strided<[12, 1], offset: 8>, #npu.space<spad>>
    npu.copy %from to %places : memref<32x4xi8, strided<[16, 1], offset: ?>> to memref<32x4xi8, strided<[12, 1], offset: 8>, #npu.space<spad>>
    %elements = memref.view %w[%c0][] : memref<384xi8, #npu.space<spad>> to memref<32x24xi4, #npu.space<spad>>
    %to = memref.reinterpret_cast %elements to offset: [0], sizes: [32, 16], strides: [24, 1] : memref<32x24xi4, #npu.space<spad>> to memref<32x16xi4, strided<[24, 1]>, #npu.space<spad>>
    npu.map "copy"(%b) to %to : !tile to memref<32x16xi4, strided<[24, 1]>, #npu.space<spad>>
    %lines = memref.reinterpret_cast %w to offset: [0], sizes: [32, 12], strides: [12, 1] : memref<384xi8, #npu.space<spad>> to memref<32x12xi8, strided<[12, 1]>, #npu.space<spad>>
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %lines : memref<4x64xi8, #npu.space<spad>>, memref<32x12xi8, strided<[12, 1]>, #npu.space<spad>>) outs(%s : !sums) mode "nm" kept <2 of 4, i4>
    npu.map "copy"(%s) to %y : !sums to !out
  }
  return
}

// One buffer for all rounds: the second one waits.
// CHECK-LABEL: func.func @shared
// CHECK:       scf.for %{{.*}} = %c0 to %c512 step %c64
// CHECK:         npu.copy
// CHECK-NEXT:    npu.matmul
// CHECK:         npu.copy
// CHECK-NEXT:    npu.matmul
func.func @shared(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c512 = arith.constant 512 : index
  %a = memref.alloc() : !rows
  %b = memref.alloc() : !tile
  %s = memref.alloc() : !sums
  scf.for %k = %c0 to %c512 step %c32 {
    %from = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    npu.copy %from to %b : !view to !tile
    npu.matmul ins(%a, %b : !rows, !tile) outs(%s : !sums) add true
  }
  return
}

// What is written in a round is brought in its order.
// CHECK-LABEL: func.func @written
// CHECK:       scf.for %{{.*}} = %c0 to %c512 step %c64
// CHECK:         npu.copy
// CHECK-NEXT:    npu.matmul
// CHECK-NEXT:    npu.fill
// CHECK:         npu.copy
// CHECK-NEXT:    npu.matmul
func.func @written(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c512 = arith.constant 512 : index
  %a = memref.alloc() : !rows
  %s = memref.alloc() : !sums
  scf.for %k = %c0 to %c512 step %c32 {
    %from = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    %b = memref.alloc() : !tile
    npu.copy %from to %b : !view to !tile
    npu.matmul ins(%a, %b : !rows, !tile) outs(%s : !sums) add true
    npu.fill 0 to %p : !bytes
  }
  return
}

// Sums that each round hands on: two buffers. The round that is left over stands behind.
// CHECK-LABEL: func.func @sums
// CHECK:       scf.for %{{.*}} = %c0 to %c128 step %c64
// CHECK:         %[[S0:.*]] = memref.alloc() : memref<4x16xi32, #npu.space<acc>>
// CHECK:         npu.matmul {{.*}} outs(%[[S0]]
// CHECK:         %[[S1:.*]] = memref.alloc() : memref<4x16xi32, #npu.space<acc>>
// CHECK:         npu.matmul {{.*}} outs(%[[S1]]
// CHECK:       npu.matmul
// CHECK-NOT:   npu.matmul
// CHECK:       return
func.func @sums() {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c160 = arith.constant 160 : index
  %a = memref.alloc() : !rows
  %w = memref.alloc() : !tile
  %y = memref.alloc() : !out
  scf.for %k = %c0 to %c160 step %c32 {
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %w : !rows, !tile) outs(%s : !sums)
    npu.map "copy"(%s) to %y : !sums to !out
  }
  return
}

// A number of rounds that is not known is left alone.
// CHECK-LABEL: func.func @unknown
// CHECK:       npu.matmul
// CHECK-NOT:   npu.matmul
// CHECK:       return
func.func @unknown(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : !rows
  %w = memref.alloc() : !tile
  scf.for %k = %c0 to %n step %c1 {
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %w : !rows, !tile) outs(%s : !sums)
  }
  return
}

// What a loop inside works on, too; the loop inside brings nothing.
// CHECK-LABEL: func @inside
// CHECK-COUNT-2: npu.copy
// CHECK-NOT:     npu.copy
func.func @inside(%k: memref<8x16xf32>, %x: memref<8x16xf32, #npu.space<spad>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.alloc() : memref<8x16xf32, #npu.space<spad>>
    npu.copy %k to %a : memref<8x16xf32> to memref<8x16xf32, #npu.space<spad>>
    scf.for %j = %c0 to %c6 step %c1 {
      npu.map "mul"(%a, %x) to %x : memref<8x16xf32, #npu.space<spad>>, memref<8x16xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
    }
  }
  return
}

// A loop whose rounds are counted at run time, and one that brings what one op of its own works on, stay as they are.
// CHECK-LABEL: func @stay
// CHECK:         npu.copy
// CHECK:         npu.copy
// CHECK-NOT:     npu.copy
func.func @stay(%n: index, %w: memref<8x16xi8>, %k: memref<8x16xf32>, %v: memref<4x8xi8, #npu.space<spad>>, %x: memref<8x16xf32, #npu.space<spad>>,
                %y: memref<4x16xi32, #npu.space<acc>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc() : memref<8x16xi8, #npu.space<spad>>
    npu.copy %w to %a : memref<8x16xi8> to memref<8x16xi8, #npu.space<spad>>
    npu.matmul ins(%v, %a : memref<4x8xi8, #npu.space<spad>>, memref<8x16xi8, #npu.space<spad>>) outs(%y : memref<4x16xi32, #npu.space<acc>>) add true
  }
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.alloc() : memref<8x16xf32, #npu.space<spad>>
    npu.copy %k to %a : memref<8x16xf32> to memref<8x16xf32, #npu.space<spad>>
    npu.map "mul"(%a, %x) to %x : memref<8x16xf32, #npu.space<spad>>, memref<8x16xf32, #npu.space<spad>> to memref<8x16xf32, #npu.space<spad>>
  }
  return
}

// Weights that are looked up come as others do; tables stay in front of what is looked up in them.
// CHECK-LABEL: func.func @looked_up
// CHECK:       scf.for %{{.*}} = %c0 to %c512 step %c64
// CHECK:         %[[B0:.*]] = memref.alloc() : memref<128xi8, #npu.space<spad>>
// CHECK:         %[[T0:.*]] = memref.reinterpret_cast %[[B0]]
// CHECK:         npu.copy %{{.*}} to %[[T0]]
// CHECK:         %[[B1:.*]] = memref.alloc() : memref<128xi8, #npu.space<spad>>
// CHECK:         %[[T1:.*]] = memref.reinterpret_cast %[[B1]]
// CHECK:         npu.copy %{{.*}} to %[[T1]]
// CHECK:         npu.tables
// CHECK:         %[[P0:.*]] = memref.view %[[B0]]
// CHECK:         npu.lookup %[[P0]] to
// CHECK:         npu.tables
// CHECK:         %[[P1:.*]] = memref.view %[[B1]]
// CHECK:         npu.lookup %[[P1]] to
// CHECK-NOT:     npu.{{[clmt]}}
// CHECK:       return
func.func @looked_up(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c512 = arith.constant 512 : index
  %a = memref.alloc() : !rows
  %s = memref.alloc() : !sums
  scf.for %k = %c0 to %c512 step %c32 {
    %from = memref.subview %p[%k, 0] [8, 16] [1, 1] : !bytes to memref<8x16xi8, strided<[16, 1], offset: ?>>
    %b = memref.alloc() : memref<128xi8, #npu.space<spad>>
    %to = memref.reinterpret_cast %b to offset: [0], sizes: [8, 16], strides: [16, 1] : memref<128xi8, #npu.space<spad>> to memref<8x16xi8, #npu.space<spad>>
    npu.copy %from to %to : memref<8x16xi8, strided<[16, 1], offset: ?>> to memref<8x16xi8, #npu.space<spad>>
    npu.tables %a group 4 : !rows
    %planes = memref.view %b[%c0][] : memref<128xi8, #npu.space<spad>> to memref<32x32xi1, #npu.space<spad>>
    npu.lookup %planes to %s group 4 add true : memref<32x32xi1, #npu.space<spad>> to !sums
  }
  return
}

// Two of these buffers have no room in 512 KiB: the loop stays.
// CHECK-LABEL: func.func @large
// CHECK:       scf.for %{{.*}} = %c0 to %c512 step %c32
// CHECK-COUNT-1: npu.matmul
// CHECK-NOT:   npu.matmul
// CHECK:       return
func.func @large(%p: !bytes) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c512 = arith.constant 512 : index
  %a = memref.alloc() : !rows
  %y = memref.alloc() : !out
  scf.for %k = %c0 to %c512 step %c32 {
    %from = memref.subview %p[%k, 0] [32, 16] [1, 1] : !bytes to !view
    %b = memref.alloc() : memref<20000x16xi8, #npu.space<spad>>
    %w = memref.subview %b[0, 0] [32, 16] [1, 1] : memref<20000x16xi8, #npu.space<spad>> to memref<32x16xi8, strided<[16, 1]>, #npu.space<spad>>
    npu.copy %from to %w : !view to memref<32x16xi8, strided<[16, 1]>, #npu.space<spad>>
    %s = memref.alloc() : !sums
    npu.matmul ins(%a, %w : !rows, memref<32x16xi8, strided<[16, 1]>, #npu.space<spad>>) outs(%s : !sums)
    npu.map "copy"(%s) to %y : !sums to !out
  }
  return
}
