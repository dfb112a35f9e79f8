// Where images are written, and what has no address.

// RUN: rm -rf %t && mkdir %t && touch %t/file
// RUN: not coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t/file/folder 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: cannot make folder '{{.*}}file/folder': Not a directory
// RUN: mkdir -p %t/taken/kernel.npu.txt
// RUN: not coopt-opt %s --npu-allocate-memory --coopt-emit-npu-images=output=%t/taken 2>&1 | FileCheck %s --check-prefix=TAKEN
// TAKEN: error: cannot write '{{.*}}kernel.npu.txt': Is a directory
// RUN: not coopt-opt %s --coopt-emit-npu-images=output=%t/none 2>&1 | FileCheck %s --check-prefix=ADDRESS
// ADDRESS: npu-images-files.mlir:14:8: error: has no address: expected 'npu.address'
// RUN: not ls %t/none/kernel.npu.txt

func.func @kernel(%x: memref<8xi8> {npu.symbol = "x", npu.bytes = 8 : i64}) {
  %s = memref.alloc() : memref<8xi8, #npu.space<spad>>
  npu.copy %x to %s : memref<8xi8> to memref<8xi8, #npu.space<spad>>
  return
}
