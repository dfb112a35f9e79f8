// Products that are looked up in tables of sums of activations, and such of slices of bits: values are compared with loops of test/Npu/Inputs/KernelWeights.cpp, on edge1 and on an
// array that has nothing else, with fewer columns looked up at a time than a panel has, fewer rows than the kernels, and little room. "@t32" is the place of
// codes in tiles of as many rows as the array has columns, by 32 steps of k, "@w32" of tiles of twice as many rows.

// DEFINE: %{machine} = npu:edge1
// DEFINE: %{places} = s/@8/tile(d0:5)/; s/@t4 /basis(d0:64^1^2^4^8, d1:16^32) /; s/@t8 /basis(d0:1^2^4^8^16, d1:32^64^128) /; s/@t16 /basis(d0:2^4^8^16^32, d1:64^128^256^1) /; s/@t32 /basis(d0:4^8^16^32^64, d1:128^256^512^1^2) /; s/@w32 /basis(d0:4^8^16^32^64^128, d1:256^512^1024^1^2) /
// DEFINE: %{name} = none
// DEFINE: %{kernels} = %t.in/kernels.mlir
// DEFINE: %{lower} = sed '%{places}' %{kernels} | coopt-opt - --coopt-lower-to-npu=machine=%{machine} --canonicalize --cse --loop-invariant-code-motion --npu-double-buffer --canonicalize --cse --npu-allocate-memory=machine=%{machine} --npu-synchronise=machine=%{machine} --coopt-emit-npu-images=output=%t -o %t.mlir
// DEFINE: %{sizes} = none
// DEFINE: %{image} = coopt-npu-objdump --assemble %t/%{name}.npu.txt --check=%{machine} -o %t/%{name}.npu && coopt-test-image %{name} %t/%{name}.npu %{machine} %{sizes} | FileCheck %s --check-prefix=EQUAL
// EQUAL: {{[1-3]}} sizes: equal

// RUN: rm -rf %t %t.in
// RUN: split-file %s %t.in
// RUN: %{lower}
// REDEFINE: %{name} = looked_outputs
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = looked_groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = looked_zeros
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = looked_levels
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = looked_bytes
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = looked_long
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}
// REDEFINE: %{name} = looked_tiles
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}

// REDEFINE: %{machine} = %t.in/tables.json
// REDEFINE: %{places} = s/@8/tile(d0:4)/; s/@t4 /basis(d0:32^1^2^4, d1:8^16) /; s/@t8 /basis(d0:1^2^4^8, d1:16^32^64) /; s/@t16 /basis(d0:2^4^8^16, d1:32^64^128^1) /; s/@t32 /basis(d0:4^8^16^32, d1:64^128^256^1^2) /; s/@w32 /basis(d0:4^8^16^32^64, d1:128^256^512^1^2) /
// RUN: rm -rf %t
// RUN: %{lower}
// REDEFINE: %{name} = looked_outputs
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = looked_groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = looked_zeros
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = looked_levels
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = looked_bytes
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = looked_long
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}
// REDEFINE: %{name} = looked_tiles
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}

// Slices of bits, of the kernels that other arrays multiply.
// RUN: sed 's/{"lut": {[^}]*}}/{"bitserial": {"a_slice": 3, "w_slice": 2}}/; s/"weight_port/"hop_registers_down": 1, "hop_registers_across": 2, "shadow_accumulators": false, "weight_port/' %t.in/tables.json > %t.in/bits.json
// REDEFINE: %{machine} = %t.in/bits.json
// REDEFINE: %{places} = s/@8/tile(d0:4)/; s/@4/basis(d0:8^1^2^4)/; s/@2/basis(d0:4^8^1^2)/
// REDEFINE: %{kernels} = %S/kernels-weights.mlir
// RUN: rm -rf %t
// RUN: %{lower}
// REDEFINE: %{name} = narrow_product
// REDEFINE: %{sizes} = 70 1 33
// RUN: %{image}
// REDEFINE: %{name} = groups
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = groups_of_zeros
// REDEFINE: %{sizes} = 40 1 7
// RUN: %{image}
// REDEFINE: %{name} = levels
// REDEFINE: %{sizes} = 9 1 4
// RUN: %{image}
// REDEFINE: %{name} = two_bits
// REDEFINE: %{sizes} = 9 1
// RUN: %{image}
// REDEFINE: %{name} = byte_zeros
// REDEFINE: %{sizes} = 3 1
// RUN: %{image}
// REDEFINE: %{name} = long_groups
// REDEFINE: %{sizes} = 2 1
// RUN: %{image}

//--- tables.json
{"schema": "coopt-machine/1", "kind": "npu", "name": "tables", "source": "none", "clocks_mhz": {"core": 500},
 "memory": {"ddr": {"bytes": 1073741824, "channels": 1, "gbytes_per_s_per_channel": 17, "latency_ns": 91}},
 "cores": [{"repeat": 1, "queue_depth": 4, "semaphores": 16, "issue_cycles": 1, "semaphore_wake_cycles": 0,
   "dma": {"channels": 1, "bytes_per_cycle": 8, "max_outstanding": 1, "setup_cycles": 0},
   "spad": {"bytes": 131072, "banks": 4, "width_bytes": 16, "read_ports": 1, "write_ports": 1, "latency_cycles": 1},
   "acc": {"bytes": 16384, "banks": 2, "width_bytes": 32, "rmw_cycles": 1},
   "mxu": {"rows": 8, "cols": 16, "weight_port_bytes": 16, "activation_port_bytes": 8,
     "modes": {"lut": {"group": 2, "tables": 16, "lanes": 64, "build_lanes": 8, "double_buffered": true}}, "types": [["i8", "i8", "i32"]]},
   "vec": {"lanes": 8, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 1, "div": 1, "sqrt": 1}}}]}

//--- kernels.mlir
#symmetric = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

func.func @looked_outputs(%a: memref<?x45xi8> {npu.bytes = 3150 : i64}, %sa: memref<?xf32> {npu.bytes = 280 : i64}, %p: memref<3072xi8>, %sw: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 33600 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x45xi8>
  %n = affine.min affine_map<(d0) -> (d0, 70)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 45] [1, 1] : memref<?x45xi8> to memref<?x45xi8, strided<[45, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 45] @t16 outer(d0, d1)", bits = 4 planes>) : memref<3072xi8> -> memref<120x45xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x45xi8, strided<[45, 1]>>, memref<?xf32, strided<[1]>>, memref<120x45xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

func.func @looked_groups(%a: memref<?x90xi8> {npu.bytes = 3600 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<3072xi8>, %ps: memref<384xf16>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] @t32 outer(d0, d1)", bits = 2 planes>) : memref<3072xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xf16> -> memref<120x3xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x3xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 2, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @looked_zeros(%a: memref<?x90xi8> {npu.bytes = 3600 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<2944xi8>, %ps: memref<640xf16>, %pz: memref<640xi8>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] @t4 outer(d0, d1)", bits = 2 centred planes>) : memref<2944xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 5] @8 outer(d0, d1)">) : memref<640xf16> -> memref<120x5xf16>
  %zw = model.unpack %pz layout(<"[120, 5] @8 outer(d0, d1)">) : memref<640xi8> -> memref<120x5xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw, %zw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x5xf16>, memref<120x5xi8>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 2, group = 20, asymmetric, scale = f16>) scale_at(group)
  return
}

func.func @looked_levels(%a: memref<?x300xi8> {npu.bytes = 2700 : i64}, %sa: memref<?xf32> {npu.bytes = 36 : i64}, %p: memref<20480xi8>, %ps: memref<384xi8>, %pz: memref<384xi8>, %ow: memref<120xf32>, %y: memref<?x120xf32> {npu.bytes = 4320 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x300xi8>
  %n = affine.min affine_map<(d0) -> (d0, 9)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 300] [1, 1] : memref<?x300xi8> to memref<?x300xi8, strided<[300, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 300] @t32 outer(d0, d1)", bits = 4 centred planes>) : memref<20480xi8> -> memref<120x300xi8>
  %sw = model.unpack %ps layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xi8> -> memref<120x3xi8>
  %zw = model.unpack %pz layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xi8> -> memref<120x3xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw, %zw, %ow : memref<?x300xi8, strided<[300, 1]>>, memref<?xf32, strided<[1]>>, memref<120x300xi8>, memref<120x3xi8>, memref<120x3xi8>, memref<120xf32>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 128, asymmetric, scale = i8, outer = f32>) scale_at(output)
  return
}

func.func @looked_bytes(%a: memref<?x2100xi8> {npu.bytes = 6300 : i64}, %sa: memref<?xf32> {npu.bytes = 12 : i64}, %p: memref<270336xi8>, %sw: memref<120xf32>, %zw: memref<120xi8>, %y: memref<?x120xf32> {npu.bytes = 1440 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x2100xi8>
  %n = affine.min affine_map<(d0) -> (d0, 3)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 2100] [1, 1] : memref<?x2100xi8> to memref<?x2100xi8, strided<[2100, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 2100] @t32 outer(d0, d1)", bits = 8 centred planes>) : memref<270336xi8> -> memref<120x2100xi8>
  quantized.contract ins(%a.n, %sa.n, %w, %sw, %zw : memref<?x2100xi8, strided<[2100, 1]>>, memref<?xf32, strided<[1]>>, memref<120x2100xi8>, memref<120xf32>, memref<120xi8>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 8, group = 0, asymmetric, scale = f32>) scale_at(output)
  return
}

func.func @looked_long(%a: memref<?x6000xi8> {npu.bytes = 12000 : i64}, %sa: memref<?xf32> {npu.bytes = 8 : i64}, %p: memref<384000xi8>, %ps: memref<256xf16>, %y: memref<?x120xf32> {npu.bytes = 960 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x6000xi8>
  %n = affine.min affine_map<(d0) -> (d0, 2)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 6000] [1, 1] : memref<?x6000xi8> to memref<?x6000xi8, strided<[6000, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 6000] @t8 outer(d0, d1)", bits = 4 planes>) : memref<384000xi8> -> memref<120x6000xi8>
  %sw = model.unpack %ps layout(<"[120, 2] @8 outer(d0, d1)">) : memref<256xf16> -> memref<120x2xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x6000xi8, strided<[6000, 1]>>, memref<?xf32, strided<[1]>>, memref<120x6000xi8>, memref<120x2xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 4, group = 5000, symmetric, scale = f16>) scale_at(group)
  return
}

func.func @looked_tiles(%a: memref<?x90xi8> {npu.bytes = 3600 : i64}, %sa: memref<?xf32> {npu.bytes = 160 : i64}, %p: memref<3072xi8>, %ps: memref<384xf16>, %y: memref<?x120xf32> {npu.bytes = 19200 : i64}) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %a, %c0 : memref<?x90xi8>
  %n = affine.min affine_map<(d0) -> (d0, 40)>(%rows)
  %a.n = memref.subview %a[0, 0] [%n, 90] [1, 1] : memref<?x90xi8> to memref<?x90xi8, strided<[90, 1]>>
  %sa.n = memref.subview %sa[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y.n = memref.subview %y[0, 0] [%n, 120] [1, 1] : memref<?x120xf32> to memref<?x120xf32, strided<[120, 1]>>
  %w = model.unpack %p layout(<"[120, 90] @w32 outer(d0, d1)", bits = 2 planes>) : memref<3072xi8> -> memref<120x90xi8>
  %sw = model.unpack %ps layout(<"[120, 3] @8 outer(d0, d1)">) : memref<384xf16> -> memref<120x3xf16>
  quantized.contract ins(%a.n, %sa.n, %w, %sw : memref<?x90xi8, strided<[90, 1]>>, memref<?xf32, strided<[1]>>, memref<120x90xi8>, memref<120x3xf16>)
      outs(%y.n : memref<?x120xf32, strided<[120, 1]>>) schemes(#symmetric, <bits = 2, group = 32, symmetric, scale = f16>) scale_at(group)
  return
}
