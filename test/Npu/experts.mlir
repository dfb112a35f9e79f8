// Kernels of experts, whose values are compared with loops of test/Npu/Inputs: one image for every number of tokens. Experts' rows begin within
// panels, which are those of an array of 32 columns.

// DEFINE: %{machine} = npu:edge1
// RUN: rm -rf %t
// RUN: coopt-opt %s --coopt-lower-to-npu=machine=%{machine} --canonicalize --cse --loop-invariant-code-motion \
// RUN:   --npu-allocate-memory=machine=%{machine} --npu-synchronise=machine=%{machine} --coopt-emit-npu-images=output=%t -o %t.mlir
// RUN: coopt-npu-objdump --assemble %t/logits.npu.txt --check=%{machine} -o %t/logits.npu
// RUN: coopt-npu-objdump --assemble %t/chosen.npu.txt --check=%{machine} -o %t/chosen.npu
// RUN: coopt-npu-objdump --assemble %t/dispatched.npu.txt --check=%{machine} -o %t/dispatched.npu
// RUN: coopt-npu-objdump --assemble %t/restricted.npu.txt --check=%{machine} -o %t/restricted.npu
// RUN: coopt-npu-objdump --assemble %t/by_experts.npu.txt --check=%{machine} -o %t/by_experts.npu
// RUN: coopt-npu-objdump --assemble %t/combined.npu.txt --check=%{machine} -o %t/combined.npu

// RUN: coopt-test-image logits %t/logits.npu %{machine} 11 1 4 | FileCheck %s --check-prefix=LOGITS
// LOGITS: logits: 3 sizes: equal
// RUN: coopt-test-image chosen %t/chosen.npu %{machine} 40 1 13 | FileCheck %s --check-prefix=CHOSEN
// CHOSEN: chosen: 3 sizes: equal
// RUN: coopt-test-image dispatched %t/dispatched.npu %{machine} 20 1 2 3 7 | FileCheck %s --check-prefix=DISPATCHED
// DISPATCHED: dispatched: 5 sizes: equal
// RUN: coopt-test-image restricted %t/restricted.npu %{machine} 8 1 3 4 | FileCheck %s --check-prefix=RESTRICTED
// RESTRICTED: restricted: 4 sizes: equal
// RUN: coopt-test-image by_experts %t/by_experts.npu %{machine} 24 1 2 3 9 | FileCheck %s --check-prefix=BY-EXPERTS
// BY-EXPERTS: by_experts: 5 sizes: equal
// RUN: coopt-test-image combined %t/combined.npu %{machine} 16 1 5 | FileCheck %s --check-prefix=COMBINED
// COMBINED: combined: 3 sizes: equal

// The order in which equal scores are chosen, and who has which rows, is looked at:
// RUN: sed 's/function=min to=/function=max to=/' %t/chosen.npu.txt > %t/wrong.npu.txt
// RUN: coopt-npu-objdump --assemble %t/wrong.npu.txt -o %t/wrong.npu
// RUN: not coopt-test-image chosen %t/wrong.npu %{machine} 40 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: chosen, size 40: operand.3[{{[0-9]+}}]: got {{.*}}, expected

#x = affine_map<(i, j) -> (i, j)>
#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @logits(%x: memref<?x45xf32> {npu.bytes = 1980 : i64}, %w: memref<7x45xf32>, %y: memref<?x7xf32> {npu.bytes = 308 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x45xf32>
  %n = affine.min affine_map<(d0) -> (d0, 11)>(%rows)
  %x.n = memref.subview %x[0, 0] [%n, 45] [1, 1] : memref<?x45xf32> to memref<?x45xf32, strided<[45, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 7] [1, 1] : memref<?x7xf32> to memref<?x7xf32, strided<[7, 1]>>
  moe.logits ins(%x.n, %w : memref<?x45xf32, strided<[45, 1]>>, memref<7x45xf32>) outs(%y.n : memref<?x7xf32, strided<[7, 1]>>)
  return
}

// Four of nine, by their scores and biases; and their scores without these.
func.func @chosen(%s: memref<?x9xf32> {npu.bytes = 1440 : i64}, %b: memref<9xf32>, %e: memref<?x4xi32> {npu.bytes = 640 : i64},
                  %y: memref<?x4xf32> {npu.bytes = 640 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %s, %c0 : memref<?x9xf32>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %s.n = memref.subview %s[0, 0] [%n, 9] [1, 1] : memref<?x9xf32> to memref<?x9xf32, strided<[9, 1]>>
  %e.n = memref.subview %e[0, 0] [%n, 4] [1, 1] : memref<?x4xi32> to memref<?x4xi32, strided<[4, 1]>>
  %y.n = memref.subview %y[0, 0] [%n, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1]>>
  %t = memref.alloc(%n) : memref<?x9xf32>
  memref.copy %s.n, %t : memref<?x9xf32, strided<[9, 1]>> to memref<?x9xf32>
  moe.choose ins(%t : memref<?x9xf32>) bias(%b : memref<9xf32>) outs(%e.n : memref<?x4xi32, strided<[4, 1]>>)
  linalg.generic {indexing_maps = [#x, #x], iterator_types = ["parallel", "parallel"]}
      ins(%e.n : memref<?x4xi32, strided<[4, 1]>>) outs(%y.n : memref<?x4xf32, strided<[4, 1]>>) {
  ^bb0(%a: i32, %o: f32):
    %r = linalg.index 0 : index
    %0 = arith.index_cast %a : i32 to index
    %1 = memref.load %t[%r, %0] : memref<?x9xf32>
    linalg.yield %1 : f32
  }
  return
}

func.func @dispatched(%e: memref<?x2xi32> {npu.bytes = 160 : i64}, %t: memref<?xi32> {npu.bytes = 160 : i64}, %p: memref<?x2xi32> {npu.bytes = 160 : i64},
                      %s: memref<?x3xi32> {npu.bytes = 60 : i64}) {
  moe.dispatch ins(%e : memref<?x2xi32>) outs(%t, %p, %s : memref<?xi32>, memref<?x2xi32>, memref<?x3xi32>) experts(5)
  return
}

// No more than four segments of the experts that a class has.
func.func @restricted(%s: memref<?x3xi32> {npu.bytes = 96 : i64}, %p: memref<9xi32>, %c: memref<?x3xi32> {npu.bytes = 48 : i64}) {
  moe.restrict ins(%s, %p : memref<?x3xi32>, memref<9xi32>) outs(%c : memref<?x3xi32>)
  return
}

// As the tile phase makes it of a contraction by experts: four of them, 40 rows of weights each, one behind the other by 48, so that the last tile of the last one would end behind the last panel; rows of a segment eight at a time.
func.func @by_experts(%a: memref<?x45xi8> {npu.bytes = 1080 : i64}, %sa: memref<?xf32> {npu.bytes = 96 : i64}, %p: memref<8640xi8>, %sw: memref<192xf32>,
                      %s: memref<?x3xi32> {npu.bytes = 60 : i64}, %y: memref<?x40xf32> {npu.bytes = 3840 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %all = memref.dim %s, %c0 : memref<?x3xi32>
  %segments = affine.min affine_map<(d0) -> (d0, 5)>(%all)
  %places = memref.dim %y, %c0 : memref<?x40xf32>
  %rows = affine.min affine_map<(d0) -> (d0, 24)>(%places)
  scf.for %segment = %c0 to %segments step %c1 {
    %0 = memref.load %s[%segment, %c0] : memref<?x3xi32>
    %1 = arith.index_cast %0 : i32 to index
    %expert = arith.minui %1, %c3 : index
    %2 = memref.load %s[%segment, %c1] : memref<?x3xi32>
    %3 = arith.index_cast %2 : i32 to index
    %first = arith.minui %3, %rows : index
    %rest = arith.subi %rows, %first : index
    %4 = memref.load %s[%segment, %c2] : memref<?x3xi32>
    %5 = arith.index_cast %4 : i32 to index
    %6 = arith.minui %5, %rest : index
    %count = affine.min affine_map<()[s0, s1] -> (s0, s1)>()[%6, %rows]
    scf.for %i = %c0 to %count step %c8 {
      %n = affine.min affine_map<(d0)[s0] -> (-d0 + s0, 8)>(%i)[%count]
      %at = arith.addi %first, %i : index
      %weight = affine.apply affine_map<()[s0] -> (s0 * 48)>()[%expert]
      %a.n = memref.subview %a[%at, 0] [%n, 45] [1, 1] : memref<?x45xi8> to memref<?x45xi8, strided<[45, 1], offset: ?>>
      %sa.n = memref.subview %sa[%at] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
      %y.n = memref.subview %y[%at, 0] [%n, 40] [1, 1] : memref<?x40xf32> to memref<?x40xf32, strided<[40, 1], offset: ?>>
      %sw.e = memref.subview %sw[%weight] [40] [1] : memref<192xf32> to memref<40xf32, strided<[1], offset: ?>>
      %w = model.unpack %p[%weight, %c0] layout(<"[192, 45] tile(d0:5) outer(d0, d1)", bits = 8>) : memref<8640xi8> -> memref<40x45xi8>
      quantized.contract ins(%a.n, %sa.n, %w, %sw.e : memref<?x45xi8, strided<[45, 1], offset: ?>>, memref<?xf32, strided<[1], offset: ?>>, memref<40x45xi8>, memref<40xf32, strided<[1], offset: ?>>)
          outs(%y.n : memref<?x40xf32, strided<[40, 1], offset: ?>>) schemes(#symmetric, #symmetric) scale_at(output)
    }
  }
  return
}

func.func @combined(%y: memref<?x37xf32> {npu.bytes = 7104 : i64}, %w: memref<?x3xf32> {npu.bytes = 192 : i64}, %p: memref<?x3xi32> {npu.bytes = 192 : i64},
                    %o: memref<?x37xf32> {npu.bytes = 2368 : i64}) {
  moe.combine ins(%y, %w, %p : memref<?x37xf32>, memref<?x3xf32>, memref<?x3xi32>) outs(%o : memref<?x37xf32>)
  return
}
