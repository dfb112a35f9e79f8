// A product of codes needs a matrix unit that has the types of one; of those that do, the narrowest that weights fit in.

// RUN: split-file %s %t
// RUN: not coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/floats.json 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: needs a matrix unit that multiplies i8 by i8 into i32, or bf16 by bf16 into f32
// RUN: sed 's/"f16", "f16", "f32"/"i8", "i4", "i32"/; s/"f16": 4.88e-4//' %t/floats.json > %t/narrow.json
// RUN: not coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/narrow.json 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: coopt-opt %t/product4.mlir --coopt-lower-to-npu=machine=%t/narrow.json --canonicalize | FileCheck %s --check-prefix=NARROW
// NARROW: npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x8xi8, {{.*}}>, memref<8x8xi4, {{.*}}>) outs(%{{.*}} : memref<5x8xi32,
// RUN: sed 's/"f16", "f16"/"bf16", "bf16"/; s/"f16": 4.88e-4/"bf16": 5.96e-8/' %t/floats.json > %t/bfloats.json
// RUN: coopt-opt %t/product4.mlir --coopt-lower-to-npu=machine=%t/bfloats.json --canonicalize | FileCheck %s --check-prefix=FLOATS
// FLOATS: npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x8xbf16, {{.*}}>, memref<8x8xbf16, {{.*}}>) outs(%{{.*}} : memref<5x8xf32,

// Products of floats need bf16, and activations that are it already; codes become bf16 in the scratchpad.
// RUN: coopt-opt %t/decoded.mlir --coopt-lower-to-npu=machine=%t/bfloats.json --canonicalize | FileCheck %s --check-prefix=DECODED
// DECODED: npu.copy {{.*}} memref<16x4xi8, {{.*}}#npu.space<spad>>
// DECODED: npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<8x8xi4, {{.*}}>, memref<1x8xf16, {{.*}}> to memref<8x8xbf16, {{.*}}>
// DECODED: npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x8xbf16, {{.*}}>, memref<8x8xbf16, {{.*}}>) outs(%{{.*}} : memref<5x8xf32, {{[^)]*}}>) add true
// DECODED: npu.map "copy"
// RUN: not coopt-opt %t/decoded.mlir --coopt-lower-to-npu=machine=%t/narrow.json 2>&1 | FileCheck %s --check-prefix=NOFLOATS
// NOFLOATS: error: needs a matrix unit that multiplies bf16 by bf16 into f32
// RUN: sed 's/5x16xbf16/5x16xf32/' %t/decoded.mlir > %t/unrounded.mlir
// RUN: not coopt-opt %t/unrounded.mlir --coopt-lower-to-npu=machine=%t/bfloats.json 2>&1 | FileCheck %s --check-prefix=UNROUNDED
// UNROUNDED: error: has activations that are not rounded to bf16, as the accelerator's products of floats take them (--activations=bf16)

//--- decoded.mlir
func.func @decoded(%a: memref<5x16xbf16>, %p: memref<64xi8>, %q: memref<16xf16>, %y: memref<5x8xf32>) {
  %w = model.unpack %p layout(<"[8, 16] basis(d0: 4^1^2) outer(d0, d1)", bits = 4>) : memref<64xi8> -> memref<8x16xi8>
  %s = model.unpack %q layout(<"[8, 2] tile(d0:3) outer(d0, d1)">) : memref<16xf16> -> memref<8x2xf16>
  quantized.contract ins(%a, %w, %s : memref<5x16xbf16>, memref<8x16xi8>, memref<8x2xf16>)
      outs(%y : memref<5x8xf32>) schemes(float, <bits = 4, group = 8, symmetric, scale = f16>) scale_at(element)
  return
}

//--- product.mlir
func.func @product(%a: memref<5x16xi8>, %sa: memref<5xf32>, %p: memref<128xi8>, %sw: memref<8xf32>, %y: memref<5x8xf32>) {
  %w = model.unpack %p layout(<"[8, 16] tile(d0:3) outer(d0, d1)", bits = 8>) : memref<128xi8> -> memref<8x16xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x16xi8>, memref<5xf32>, memref<8x16xi8>, memref<8xf32>)
      outs(%y : memref<5x8xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

//--- product4.mlir
func.func @product(%a: memref<5x16xi8>, %sa: memref<5xf32>, %p: memref<64xi8>, %sw: memref<8xf32>, %y: memref<5x8xf32>) {
  %w = model.unpack %p layout(<"[8, 16] basis(d0: 4^1^2) outer(d0, d1)", bits = 4>) : memref<64xi8> -> memref<8x16xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x16xi8>, memref<5xf32>, memref<8x16xi8>, memref<8xf32>)
      outs(%y : memref<5x8xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 4, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

//--- floats.json
{"schema": "coopt-machine/1", "kind": "npu", "name": "floats", "source": "none", "clocks_mhz": {"core": 500},
 "memory": {"ddr": {"bytes": 65536, "channels": 1, "gbytes_per_s_per_channel": 17, "latency_ns": 91}},
 "cores": [{"repeat": 1, "queue_depth": 4, "semaphores": 16, "issue_cycles": 1, "semaphore_wake_cycles": 0,
   "dma": {"channels": 1, "bytes_per_cycle": 8, "max_outstanding": 1, "setup_cycles": 0},
   "spad": {"bytes": 16384, "banks": 4, "width_bytes": 8, "read_ports": 1, "write_ports": 1, "latency_cycles": 1},
   "acc": {"bytes": 4096, "banks": 2, "width_bytes": 32, "rmw_cycles": 1},
   "mxu": {"rows": 8, "cols": 8, "hop_registers_down": 1, "hop_registers_across": 1, "weight_load": "row_addressed", "weight_port_bytes": 8,
     "activation_port_bytes": 8, "modes": {"dense": ["ws"]}, "types": [["f16", "f16", "f32"]], "u_acc": {"f16": 4.88e-4}},
   "vec": {"lanes": 8, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 1, "div": 1, "sqrt": 1}}}]}
