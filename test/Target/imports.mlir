// RUN: not coopt-opt %s --split-input-file --coopt-emit-objects="variant=generic output=%t" -o /dev/null 2>&1 | FileCheck %s
// With fused multiply-adds and roundings of its own the CPU needs no one's help.
// RUN: coopt-opt %s --split-input-file --coopt-emit-objects="variant=avx2,avx512 output=%t" -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE --allow-empty
// NONE-NOT: error

// CHECK: imports.mlir:[[#@LINE+1]]:1: error: object 'generic': kernel 'fused' calls 'fmaf', which no object provides
module {
  llvm.func @other(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
    llvm.return
  }
  llvm.func @fused(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
    %v = llvm.load %block : !llvm.ptr -> f32
    %r = llvm.intr.fma(%v, %v, %v) : (f32, f32, f32) -> f32
    llvm.store %r, %block : f32, !llvm.ptr
    llvm.return
  }
}

// -----

// CHECK: error: object 'generic': kernel 'rounded' calls 'roundevenf', which no object provides
llvm.func @rounded(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  %v = llvm.load %block : !llvm.ptr -> f32
  %r = llvm.intr.roundeven(%v) : (f32) -> f32
  llvm.store %r, %block : f32, !llvm.ptr
  llvm.return
}
