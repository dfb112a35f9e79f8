// Weights of which two of four are kept: lines of codes and places are one run of bytes, 32 of them meet 64 activations, as wide as whole runs.

// RUN: coopt-opt %s --coopt-lower-to-npu --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @bytes
// Of 98 columns the last run has two: behind them there are zeros.
// CHECK:       npu.copy %arg0 to
// CHECK:       npu.fill 0 to %{{.*}} : memref<5x100xi8, strided<[100, 1]>, #npu.space<spad>>
// CHECK:       npu.map "copy"{{.*}} : memref<5x98xi8, {{.*}}> to memref<5x98xi8, strided<[100, 1]>, #npu.space<spad>>
// CHECK:       scf.for
// CHECK:         npu.copy {{.*}} : memref<50x40xi8, strided<[40, 1], offset: ?>> to memref<50x40xi8, {{.*}}#npu.space<spad>>
// CHECK:         npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x64xi8, strided<[100, 1]>, {{.*}}>, memref<32x40xi8, strided<[40, 1]>, {{.*}}>) outs(%{{.*}} : memref<5x32xi32, {{[^)]*}}>) mode "nm" kept <2 of 4, i8>
// CHECK:         npu.matmul ins(%{{.*}}, %{{.*}} : memref<5x36xi8, strided<[100, 1], offset: 64>, {{.*}}>, memref<18x40xi8, strided<[40, 1], offset: 1280>, {{.*}}>) outs(%{{.*}} : memref<5x32xi32, {{[^)]*}}>) add true mode "nm" kept <2 of 4, i8>
// CHECK-NOT:     npu.matmul
func.func @bytes(%a: memref<5x98xi8>, %sa: memref<5xf32>, %p: memref<4000xi8>, %sw: memref<64xf32>, %y: memref<5x64xf32>) {
  %w = model.unpack %p layout(<"[64, 98] tile(d0:5) outer(d0, d1)", bits = 8 keeps "2:4">) : memref<4000xi8> -> memref<64x98xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x98xi8>, memref<5xf32>, memref<64x98xi8>, memref<64xf32>)
      outs(%y : memref<5x64xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// Codes of 2 bits become i4 in lines of their own, beside which their places come.
// CHECK-LABEL: func.func @made
// CHECK:       npu.copy {{.*}} : memref<8x8xi8, strided<[16, 1]{{.*}}>> to memref<8x8xi8, strided<[8, 1]>, #npu.space<spad>>
// CHECK:       %[[LINES:.*]] = memref.alloc() : memref<192xi8, #npu.space<spad>>
// CHECK:       npu.copy {{.*}} : memref<8x8xi8, strided<[16, 1], offset: 8>> to memref<8x8xi8, strided<[24, 1], offset: 16>, #npu.space<spad>>
// CHECK:       %[[VIEW:.*]] = memref.view %[[LINES]]{{.*}} to memref<8x48xi4, #npu.space<spad>>
// CHECK:       %[[TO:.*]] = memref.reinterpret_cast %[[VIEW]] {{.*}} to memref<8x32xi4, strided<[48, 1]>, #npu.space<spad>>
// CHECK:       npu.map "copy"(%{{.*}}) to %[[TO]] : memref<8x32xi2, #npu.space<spad>> to
// CHECK:       npu.matmul {{.*}} memref<8x24xi8, {{.*}}>) outs(%{{.*}}) mode "nm" kept <1 of 4, i4>
func.func @made(%a: memref<5x32xi8>, %sa: memref<5xf32>, %p: memref<128xi8>, %sw: memref<32xf32>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] basis(d0:8^16^1^2^4) outer(d0, d1)", bits = 2 keeps "1:4">) : memref<128xi8> -> memref<32x32xi8>
  quantized.contract ins(%a, %sa, %w, %sw : memref<5x32xi8>, memref<5xf32>, memref<32x32xi8>, memref<32xf32>)
      outs(%y : memref<5x32xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 2, group = 0, symmetric, scale = f32>) scale_at(output)
  return
}

// Of floats: what is kept of a group becomes bf16, in lines of 72 bytes.
// CHECK-LABEL: func.func @floats
// CHECK:       npu.map "mul"(%{{.*}}, %{{.*}}) to %{{.*}} : memref<8x32xi4, {{.*}}>, memref<1x32xf16, {{.*}}> to memref<8x32xbf16, strided<[36, 1]{{.*}}>, #npu.space<spad>>
// CHECK:       npu.matmul {{.*}} memref<16x72xi8, {{.*}}>) outs(%{{.*}} : memref<5x32xf32, {{[^)]*}}>) add true mode "nm" kept <2 of 4, bf16>
func.func @floats(%a: memref<5x32xbf16>, %p: memref<384xi8>, %q: memref<64xf16>, %y: memref<5x32xf32>) {
  %w = model.unpack %p layout(<"[32, 32] basis(d0:16^1^2^4^8) outer(d0, d1)", bits = 4 keeps "2:4">) : memref<384xi8> -> memref<32x32xi8>
  %s = model.unpack %q layout(<"[32, 2] tile(d0:5) outer(d0, d1)">) : memref<64xf16> -> memref<32x2xf16>
  quantized.contract ins(%a, %w, %s : memref<5x32xbf16>, memref<32x32xi8>, memref<32x2xf16>)
      outs(%y : memref<5x32xf32>) schemes(float, <bits = 4, group = 16, symmetric, scale = f16>) scale_at(element)
  return
}
