// RUN: rm -rf %t && coopt-opt %s --coopt-emit-objects="output=%t save-ir=true" -o /dev/null
// Each variant keeps to its registers, whatever would be faster.
// RUN: llvm-objdump -d --no-show-raw-insn %t/generic.so | FileCheck %s --check-prefix=GENERIC
// RUN: llvm-objdump -d --no-show-raw-insn %t/avx2.so | FileCheck %s --check-prefix=AVX2
// RUN: llvm-objdump -d --no-show-raw-insn %t/avx512.so | FileCheck %s --check-prefix=AVX512
// Nothing is imported; the kernels alone are exported.
// RUN: llvm-nm --dynamic %t/generic.so | FileCheck %s --check-prefix=NM
// RUN: llvm-nm --dynamic %t/avx2.so | FileCheck %s --check-prefix=NM
// RUN: llvm-nm --dynamic %t/avx512.so | FileCheck %s --check-prefix=NM
// RUN: llvm-readelf --dynamic-table %t/avx512.so | FileCheck %s --check-prefix=DYNAMIC
// Neither the product and the sum are fused, nor is a loop made a library call.
// RUN: FileCheck %s --check-prefix=IR < %t/avx2.ll

// GENERIC: <axpy>:
// GENERIC: mulps
// GENERIC-NOT: {{%[yz]mm}}
// AVX2: <axpy>:
// AVX2: %ymm
// AVX2-NOT: %zmm
// AVX2-NOT: vfmadd
// AVX512: <axpy>:
// AVX512: %zmm
// AVX512-NOT: vfmadd
// NM-NOT: {{ [Uwv] }}
// NM: T axpy
// NM-NOT: helper
// NM: T copy
// NM-NOT: {{ [Uwv] }}
// DYNAMIC-NOT: NEEDED
// DYNAMIC: (FLAGS)
// DYNAMIC-NOT: NEEDED

// IR-LABEL: define {{.*}}@axpy(
// IR-NOT: fmul contract
// IR-NOT: @llvm.mem
// IR: attributes #0 = {{.*}}"no-builtins"

module {
  module @kernels {
    // y = 3 x + y, 4 KiB to an item.
    llvm.func @axpy(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
      %buffers = llvm.load %block : !llvm.ptr -> !llvm.ptr
      %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
      %slot = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
      %y = llvm.load %slot : !llvm.ptr -> !llvm.ptr
      %zero = llvm.mlir.constant(0 : i64) : i64
      %one = llvm.mlir.constant(1 : i64) : i64
      %count = llvm.mlir.constant(1024 : i64) : i64
      %three = llvm.mlir.constant(3.0 : f32) : f32
      %low = llvm.zext %first : i32 to i64
      %high = llvm.zext %last : i32 to i64
      %begin = llvm.mul %low, %count : i64
      %end = llvm.mul %high, %count : i64
      llvm.br ^head(%begin : i64)
    ^head(%i: i64):
      %more = llvm.icmp "ult" %i, %end : i64
      llvm.cond_br %more, ^body, ^exit
    ^body:
      %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %py = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %vx = llvm.load %px : !llvm.ptr -> f32
      %vy = llvm.load %py : !llvm.ptr -> f32
      %sum = llvm.call @helper(%vx, %three, %vy) : (f32, f32, f32) -> f32
      llvm.store %sum, %py : f32, !llvm.ptr
      %next = llvm.add %i, %one : i64
      llvm.br ^head(%next : i64)
    ^exit:
      llvm.return
    }

    llvm.func internal @helper(%a: f32, %b: f32, %c: f32) -> f32 {
      %p = llvm.fmul %a, %b {fastmathFlags = #llvm.fastmath<contract>} : f32
      %s = llvm.fadd %p, %c {fastmathFlags = #llvm.fastmath<fast>} : f32
      llvm.return %s : f32
    }

    // Copies, moves and fills of any size, and a loop that is one.
    llvm.func @copy(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
      %buffers = llvm.load %block : !llvm.ptr -> !llvm.ptr
      %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
      %slot = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
      %y = llvm.load %slot : !llvm.ptr -> !llvm.ptr
      %zero = llvm.mlir.constant(0 : i64) : i64
      %one = llvm.mlir.constant(1 : i64) : i64
      %size = llvm.zext %last : i32 to i64
      %byte = llvm.mlir.constant(7 : i8) : i8
      %large = llvm.mlir.constant(4099 : i64) : i64
      "llvm.intr.memcpy"(%y, %x, %size) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
      "llvm.intr.memmove"(%y, %x, %large) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
      "llvm.intr.memset"(%y, %byte, %size) <{isVolatile = false}> : (!llvm.ptr, i8, i64) -> ()
      llvm.br ^head(%zero : i64)
    ^head(%i: i64):
      %more = llvm.icmp "ult" %i, %size : i64
      llvm.cond_br %more, ^body, ^exit
    ^body:
      %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %py = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %v = llvm.load %px : !llvm.ptr -> i64
      llvm.store %v, %py : i64, !llvm.ptr
      %next = llvm.add %i, %one : i64
      llvm.br ^head(%next : i64)
    ^exit:
      llvm.return
    }
  }
}
