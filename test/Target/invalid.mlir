// RUN: not coopt-opt %s --split-input-file --coopt-emit-objects="variant=avx2 output=%t" -o /dev/null 2>&1 | FileCheck %s
// RUN: not coopt-opt %s --split-input-file --coopt-emit-objects="variant=avx1024 output=%t" -o /dev/null 2>&1 | FileCheck %s --check-prefix=VARIANT
// RUN: not coopt-opt %s --split-input-file --coopt-emit-objects="variant=avx2 output=%s/folder" -o /dev/null 2>&1 | FileCheck %s --check-prefix=FOLDER

// VARIANT: error: unknown variant 'avx1024': expected generic, avx2, avx512 or amx
// FOLDER: error: cannot make folder '{{.*}}invalid.mlir/folder'

// CHECK: error: object 'avx2': kernel 'caller' calls 'missing', which no object provides
llvm.func @missing(f32) -> f32
llvm.func @caller(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  %v = llvm.load %block : !llvm.ptr -> f32
  %r = llvm.call @missing(%v) : (f32) -> f32
  llvm.store %r, %block : f32, !llvm.ptr
  llvm.return
}

// -----

// CHECK: error: object 'avx2': kernel 'reader' calls 'elsewhere', which no object provides
llvm.mlir.global external @elsewhere() : i32
llvm.func @reader(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  %p = llvm.mlir.addressof @elsewhere : !llvm.ptr
  %v = llvm.load %p : !llvm.ptr -> i32
  llvm.store %v, %block : i32, !llvm.ptr
  llvm.return
}

// -----

// CHECK: error: object 'avx2': translation to LLVM IR failed
func.func @high(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  return
}

// -----

// What only the assembler sees is an error, too, not the end of the process.
// CHECK: error: object 'avx2': {{.*}}invalid instruction mnemonic 'no_such_instruction'
llvm.func @assembly(%block: !llvm.ptr, %services: !llvm.ptr, %first: i32, %last: i32) {
  llvm.inline_asm has_side_effects "no_such_instruction", "" : () -> ()
  llvm.return
}
