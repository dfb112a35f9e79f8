// Products with weights of which N of M are kept, and rows of tables of them: values are compared with loops of test/Npu/Inputs/KernelWeights.cpp, on an
// array that takes such codes as they are or as i4 (edge1), and on a small one of bf16 with runs of five and of eight. Runs end behind the last
// column; groups, tiles and weights that come by and by end at runs.

// DEFINE: %{machine} = npu:edge1
// DEFINE: %{from} = none
// DEFINE: %{name} = none
// DEFINE: %{lower} = coopt-opt %{from} --coopt-lower-to-npu=machine=%{machine} --canonicalize --cse --loop-invariant-code-motion --npu-double-buffer --canonicalize --cse --npu-allocate-memory=machine=%{machine} --npu-synchronise=machine=%{machine} --coopt-emit-npu-images=output=%t/images -o %t/lowered.mlir
// DEFINE: %{sizes} = none
// DEFINE: %{image} = coopt-npu-objdump --assemble %t/images/%{name}.npu.txt --check=%{machine} -o %t/%{name}.npu && coopt-test-image %{name} %t/%{name}.npu %{machine} %{sizes} | FileCheck %s --check-prefix=EQUAL
// EQUAL: {{[1-3]}} sizes: equal

// RUN: rm -rf %t && split-file %s %t
// REDEFINE: %{machine} = npu:edge1
// REDEFINE: %{from} = %t/edge1.mlir
// RUN: %{lower}
// REDEFINE: %{name} = kept_product
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = kept_quarters
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = kept_groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = kept_two_bits
// REDEFINE: %{sizes} = 9 1
// RUN: %{image}
// REDEFINE: %{name} = kept_rows
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{name} = kept_bytes
// REDEFINE: %{sizes} = 30 1 7
// RUN: %{image}
// REDEFINE: %{machine} = %t/floats.json
// REDEFINE: %{from} = %t/floats.mlir
// RUN: %{lower}
// REDEFINE: %{name} = kept_eights
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = kept_fives
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = kept_long_groups
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}

//--- edge1.mlir
#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @kept_product(%a: memref<?x45xi8> {npu.bytes = 3150 : i64}, %sa: memref<?xf32> {npu.bytes = 280 : i64}, %p: memref<3840xi8>, %sw: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 33600 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x45xi8>
  %n = affine.min affine_map<(d0) -> (d0, 70)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 45] [1, 1] : memref<?x45xi8> to memref<?x45xi8, strided<[45, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 45] tile(d0:5) outer(d0, d1)", bits = 8 keeps "2:4">) : memref<3840xi8> -> memref<120x45xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x45xi8, strided<[45, 1]>>, memref<?xf32, strided<[1]>>, memref<120x45xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

func.func @kept_quarters(%a: memref<?x300xi8> {npu.bytes = 12000 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<12000xi8>, %sw: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x300xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 300] [1, 1] : memref<?x300xi8> to memref<?x300xi8, strided<[300, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 300] tile(d0:5) outer(d0, d1)", bits = 8 keeps "1:4">) : memref<12000xi8> -> memref<120x300xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x300xi8, strided<[300, 1]>>, memref<?xf32, strided<[1]>>, memref<120x300xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

func.func @kept_groups(%a: memref<?x90xi8> {npu.bytes = 3600 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<4416xi8>, %ps: memref<384xf16>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4 keeps "2:4">) : memref<4416xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 3] tile(d0:5) outer(d0, d1)">) : memref<384xf16> -> memref<120x3xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x3xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @kept_two_bits(%a: memref<?x64xi8> {npu.bytes = 576 : i64}, %sa: memref<?xf32> {npu.bytes = 36 : i64}, %p: memref<1024xi8>, %ps: memref<256xf16>, %y: memref<?x120xf32> {npu.bytes = 4320 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x64xi8>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 64] [1, 1] : memref<?x64xi8> to memref<?x64xi8, strided<[64, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 64] basis(d0:8^16^1^2^4) outer(d0, d1)", bits = 2 keeps "1:4">) : memref<1024xi8> -> memref<120x64xi8>
  %sw = model.unpack %ps layout(<"[120, 2] tile(d0:5) outer(d0, d1)">) : memref<256xf16> -> memref<120x2xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x64xi8, strided<[64, 1]>>, memref<?xf32, strided<[1]>>, memref<120x64xi8>, memref<120x2xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 2, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @kept_rows(%p: memref<960xi8>, %ids: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x18xi8> {npu.bytes = 540 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %ids, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %ids.n = memref.subview %ids[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 18] [1, 1] : memref<?x18xi8> to memref<?x18xi8, strided<[18, 1]>>
  %t = model.unpack %p layout(<"[120, 18] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4 keeps "2:4">) : memref<960xi8> -> memref<120x18xi8>
  model.gather ins(%t, %ids.n : memref<120x18xi8>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x18xi8, strided<[18, 1]>>)
  return
}

func.func @kept_bytes(%p: memref<800xi8>, %ids: memref<?xi32> {npu.bytes = 120 : i64}, %y: memref<?x18xi8> {npu.bytes = 540 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %ids, %c0 : memref<?xi32>
  %n = affine.min affine_map<(d0) -> (d0, 30)>(%rows)
  %ids.n = memref.subview %ids[0] [%n] [1] : memref<?xi32> to memref<?xi32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 18] [1, 1] : memref<?x18xi8> to memref<?x18xi8, strided<[18, 1]>>
  %t = model.unpack %p layout(<"[120, 18] tile(d0:5) outer(d0, d1)", bits = 8 keeps "1:4">) : memref<800xi8> -> memref<120x18xi8>
  model.gather ins(%t, %ids.n : memref<120x18xi8>, memref<?xi32, strided<[1]>>) outs(%y.n : memref<?x18xi8, strided<[18, 1]>>)
  return
}

//--- floats.mlir
#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @kept_eights(%a: memref<?x2100xi8> {npu.bytes = 6300 : i64}, %sa: memref<?xf32> {npu.bytes = 12 : i64}, %p: memref<138864xi8>, %sw: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 1440 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x2100xi8>
  %n = affine.min affine_map<(d0) -> (d0, 3)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 2100] [1, 1] : memref<?x2100xi8> to memref<?x2100xi8, strided<[2100, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 2100] tile(d0:4) outer(d0, d1)", bits = 8 keeps "3:8">) : memref<138864xi8> -> memref<120x2100xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x2100xi8, strided<[2100, 1]>>, memref<?xf32, strided<[1]>>, memref<120x2100xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

func.func @kept_fives(%a: memref<?x90xi8> {npu.bytes = 810 : i64}, %sa: memref<?xf32> {npu.bytes = 36 : i64}, %p: memref<4032xi8>, %ps: memref<640xf16>, %y: memref<?x120xf32> {npu.bytes = 4320 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] basis(d0:8^1^2^4) outer(d0, d1)", bits = 4 keeps "2:5">) : memref<4032xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 5] tile(d0:4) outer(d0, d1)">) : memref<640xf16> -> memref<120x5xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x5xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 20, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @kept_long_groups(%a: memref<?x6000xi8> {npu.bytes = 12000 : i64}, %sa: memref<?xf32> {npu.bytes = 8 : i64}, %p: memref<288000xi8>, %ps: memref<256xf16>, %y: memref<?x120xf32> {npu.bytes = 960 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x6000xi8>
  %n = affine.min affine_map<(d0) -> (d0, 2)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 6000] [1, 1] : memref<?x6000xi8> to memref<?x6000xi8, strided<[6000, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 6000] basis(d0:8^1^2^4) outer(d0, d1)", bits = 4 keeps "2:4">) : memref<288000xi8> -> memref<120x6000xi8>
  %sw = model.unpack %ps layout(<"[120, 2] tile(d0:4) outer(d0, d1)">) : memref<256xf16> -> memref<120x2xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x6000xi8, strided<[6000, 1]>>, memref<?xf32, strided<[1]>>, memref<120x6000xi8>, memref<120x2xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 5000, symmetric, scale = f16>) scale_at(group)
  return
}

//--- floats.json
{"schema": "coopt-machine/1", "kind": "npu", "name": "floats", "source": "none", "clocks_mhz": {"core": 500},
 "memory": {"ddr": {"bytes": 16777216, "channels": 1, "gbytes_per_s_per_channel": 17, "latency_ns": 91}},
 "cores": [{"repeat": 1, "queue_depth": 4, "semaphores": 16, "issue_cycles": 1, "semaphore_wake_cycles": 0,
   "dma": {"channels": 1, "bytes_per_cycle": 8, "max_outstanding": 1, "setup_cycles": 0},
   "spad": {"bytes": 327680, "banks": 4, "width_bytes": 8, "read_ports": 1, "write_ports": 1, "latency_cycles": 1},
   "acc": {"bytes": 8192, "banks": 2, "width_bytes": 32, "rmw_cycles": 1},
   "mxu": {"rows": 6, "cols": 16, "hop_registers_down": 1, "hop_registers_across": 1, "weight_load": "shift_chain", "weight_port_bytes": 32,
     "activation_port_bytes": 16, "modes": {"nm": [[3, 8], [2, 5], [2, 4]]}, "types": [["bf16", "bf16", "f32"]], "u_acc": {"bf16": 5.96e-8}},
   "vec": {"lanes": 8, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 1, "div": 1, "sqrt": 1}}}]}
