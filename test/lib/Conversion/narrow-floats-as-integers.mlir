// RUN: coopt-opt %s -coopt-masked-narrow-floats | FileCheck %s

// CHECK-LABEL: llvm.func @moved
// CHECK-NOT:   bf16
// CHECK-DAG:   llvm.mlir.constant(dense<32704> : vector<1xi16>) : vector<1xi16>
// CHECK-DAG:   llvm.load {{.*}} : !llvm.ptr -> vector<1xi16>
// CHECK:       llvm.select {{.*}} : vector<1xi1>, vector<1xi16>
// CHECK:       llvm.store {{.*}} : vector<1xi16>, !llvm.ptr
// CHECK:       llvm.getelementptr {{.*}} -> !llvm.ptr, i16
// CHECK:       llvm.store {{.*}} : i16, !llvm.ptr
llvm.func @moved(%p: !llvm.ptr, %c: vector<1xi1>, %n: i64) {
  %nan = llvm.mlir.constant(dense<0x7FC0> : vector<1xbf16>) : vector<1xbf16>
  %x = llvm.load %p : !llvm.ptr -> vector<1xbf16>
  %y = llvm.select %c, %nan, %x : vector<1xi1>, vector<1xbf16>
  llvm.store %y, %p : vector<1xbf16>, !llvm.ptr
  %one = llvm.mlir.constant(1.0 : bf16) : bf16
  %q = llvm.getelementptr %p[%n] : (!llvm.ptr, i64) -> !llvm.ptr, bf16
  llvm.store %one, %q : bf16, !llvm.ptr
  llvm.return
}
