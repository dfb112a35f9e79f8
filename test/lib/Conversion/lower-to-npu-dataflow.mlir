// Whether weights or sums stand still in the array, slices of bits are multiplied, or sums looked up: what it can, and of several modes what the laws of their time say.

// RUN: split-file %s %t
// RUN: coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/rows.json --canonicalize | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS-COUNT-2: npu.matmul ins(%{{.*}}, %{{.*}} : memref<11x8xi8, {{.*}}>, memref<8x8xi8, {{.*}}>) outs(%{{.*}} : memref<11x8xi32, {{[^)]*}}>){{( add true)?$}}
// WEIGHTS-NOT: npu.matmul

// Weights that are shifted in take 15 cycles of a tile of 8 x 8, of one row and of eleven; sums of 16 steps take 16 of each 8 rows.
// RUN: sed 's/row_addressed/shift_chain/' %t/rows.json > %t/chain.json
// RUN: coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/chain.json --canonicalize | FileCheck %s --check-prefix=WEIGHTS
// RUN: sed 's/11x/8x/g' %t/product.mlir > %t/block.mlir
// RUN: coopt-opt %t/block.mlir --coopt-lower-to-npu=machine=%t/chain.json --canonicalize | FileCheck %s --check-prefix=BLOCK
// BLOCK: npu.matmul ins(%{{.*}}, %{{.*}} : memref<8x16xi8, {{.*}}>, memref<16x8xi8, {{.*}}>) outs(%{{.*}} : memref<8x8xi32, {{[^)]*}}>) mode "os"
// BLOCK-NOT: npu.matmul
// Cells without a copy of their sums wait until those are out.
// RUN: sed 's/"shadow_accumulators": true/"shadow_accumulators": false/; s/"weight_port_bytes": 8/"weight_port_bytes": 16/' %t/chain.json > %t/single.json
// RUN: sed 's/11x/64x/g' %t/product.mlir > %t/long.mlir
// RUN: coopt-opt %t/long.mlir --coopt-lower-to-npu=machine=%t/single.json --canonicalize | FileCheck %s --check-prefix=LONG
// LONG-COUNT-2: npu.matmul {{.*}} memref<8x8xi8, {{.*}}>) outs(%{{.*}} : memref<64x8xi32, {{[^)]*}}>){{( add true)?$}}

// RUN: sed 's/"ws", "os"/"os"/' %t/rows.json > %t/sums.json
// RUN: coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/sums.json --canonicalize | FileCheck %s --check-prefix=SUMS
// SUMS: npu.matmul ins(%{{.*}}, %{{.*}} : memref<8x16xi8, {{.*}}>, memref<16x8xi8, {{.*}}>) outs(%{{.*}} : memref<8x8xi32, {{[^)]*}}>) mode "os"
// SUMS: npu.matmul ins(%{{.*}}, %{{.*}} : memref<3x16xi8, {{.*}}>, memref<16x8xi8, {{.*}}>) outs(%{{.*}} : memref<3x8xi32, {{[^)]*}}>) mode "os"
// SUMS-NOT: npu.matmul

// Slices of bits take codes as they are stored.
// RUN: sed 's/{"dense": \["ws", "os"\]}/{"bitserial": {"a_slice": 4, "w_slice": 2}}/' %t/rows.json > %t/bits.json
// RUN: coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/bits.json --canonicalize | FileCheck %s --check-prefix=BITS
// RUN: coopt-opt %t/narrow.mlir --coopt-lower-to-npu=machine=%t/bits.json --canonicalize | FileCheck %s --check-prefix=NARROW
// BITS: npu.matmul ins(%{{.*}}, %{{.*}} : memref<8x16xi8, {{.*}}>, memref<16x8xi8, {{.*}}>) outs(%{{.*}} : memref<8x8xi32, {{[^)]*}}>) mode "bitserial" slices [4, 2]
// BITS: npu.matmul ins(%{{.*}}, %{{.*}} : memref<3x16xi8, {{.*}}>, memref<16x8xi8, {{.*}}>) outs(%{{.*}} : memref<3x8xi32, {{[^)]*}}>) mode "bitserial" slices [4, 2]
// BITS-NOT: npu.matmul
// NARROW-NOT: npu.map "copy"
// NARROW: npu.matmul ins(%{{.*}}, %{{.*}} : memref<8x16xi8, {{.*}}>, memref<16x8xi2, {{.*}}>)

// What stands in planes is looked up: two tables of 8 activations for each 8 rows, the first of which begin the sums.
// RUN: sed 's/{"dense": \["ws", "os"\]}/{"dense": ["ws"], "lut": {"group": 4, "tables": 4, "lanes": 64, "build_lanes": 8}}/' %t/rows.json > %t/tables.json
// RUN: coopt-opt %t/planes.mlir --coopt-lower-to-npu=machine=%t/tables.json --canonicalize --cse | FileCheck %s --check-prefix=TABLES
// TABLES: scf.for %[[ROW:.*]] = %c0 to %c11 step %c8
// TABLES: affine.min
// TABLES: npu.tables %{{.*}} group 4 : memref<?x8xi8,
// TABLES: npu.lookup %{{.*}} to %{{.*}} group 4 : memref<16x8xi1, #npu.space<spad>> to memref<?x8xi32,
// TABLES: npu.tables
// TABLES: npu.lookup %{{.*}} to %{{.*}} group 4 add true :
// TABLES-NOT: npu.lookup
// RUN: not coopt-opt %t/planes.mlir --coopt-lower-to-npu=machine=%t/rows.json 2>&1 | FileCheck %s --check-prefix=NOTABLES
// RUN: sed 's/"tables": 4/"tables": 1/' %t/tables.json > %t/short.json
// RUN: not coopt-opt %t/planes.mlir --coopt-lower-to-npu=machine=%t/short.json 2>&1 | FileCheck %s --check-prefix=NOTABLES
// NOTABLES: error: has weights that are looked up in tables of 8 activations, which the array doesn't make

// RUN: sed 's/{"dense": \["ws", "os"\]}/{"nm": [[2, 4]]}/' %t/rows.json > %t/none.json
// RUN: not coopt-opt %t/product.mlir --coopt-lower-to-npu=machine=%t/none.json 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: needs a matrix unit with dense products, weights or sums standing still

//--- product.mlir
func.func @product(%a: memref<11x16xi8>, %sa: memref<11xf32>, %p: memref<128xi8>, %sw: memref<8xf32>, %y: memref<11x8xf32>) {
  %w = model.unpack %p layout(<"[8, 16] tile(d0:3) outer(d0, d1)", bits = 8>) : memref<128xi8> -> memref<8x16xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<11x16xi8>, memref<11xf32>, memref<8x16xi8>, memref<8xf32>)
      outs(%y : memref<11x8xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

//--- narrow.mlir
func.func @product(%a: memref<11x16xi8>, %sa: memref<11xf32>, %p: memref<32xi8>, %sw: memref<8xf32>, %y: memref<11x8xf32>) {
  %w = model.unpack %p layout(<"[8, 16] basis(d0:2^4^1) outer(d0, d1)", bits = 2>) : memref<32xi8> -> memref<8x16xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<11x16xi8>, memref<11xf32>, memref<8x16xi8>, memref<8xf32>)
      outs(%y : memref<11x8xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 2, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

//--- planes.mlir
func.func @product(%a: memref<11x16xi8>, %sa: memref<11xf32>, %p: memref<32xi8>, %sw: memref<8xf32>, %y: memref<11x8xf32>) {
  %w = model.unpack %p layout(<"[8, 16] basis(d0:1^2^4, d1:8^16^32) outer(d0, d1)", bits = 2 planes>) : memref<32xi8> -> memref<8x16xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<11x16xi8>, memref<11xf32>, memref<8x16xi8>, memref<8xf32>)
      outs(%y : memref<11x8xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 2, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

//--- rows.json
{"schema": "coopt-machine/1", "kind": "npu", "name": "both", "source": "none", "clocks_mhz": {"core": 500},
 "memory": {"ddr": {"bytes": 65536, "channels": 1, "gbytes_per_s_per_channel": 17, "latency_ns": 91}},
 "cores": [{"repeat": 1, "queue_depth": 4, "semaphores": 16, "issue_cycles": 1, "semaphore_wake_cycles": 0,
   "dma": {"channels": 1, "bytes_per_cycle": 8, "max_outstanding": 1, "setup_cycles": 0},
   "spad": {"bytes": 16384, "banks": 4, "width_bytes": 8, "read_ports": 1, "write_ports": 1, "latency_cycles": 1},
   "acc": {"bytes": 4096, "banks": 2, "width_bytes": 32, "rmw_cycles": 1},
   "mxu": {"rows": 8, "cols": 8, "hop_registers_down": 1, "hop_registers_across": 1, "weight_load": "row_addressed", "weight_port_bytes": 8,
     "activation_port_bytes": 8, "shadow_accumulators": true, "modes": {"dense": ["ws", "os"]}, "types": [["i8", "i8", "i32"]]},
   "vec": {"lanes": 8, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 1, "div": 1, "sqrt": 1}}}]}
