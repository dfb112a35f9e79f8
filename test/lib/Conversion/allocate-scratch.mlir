// RUN: coopt-opt %s --coopt-allocate-scratch --split-input-file --verify-diagnostics | FileCheck %s

// Places of their own, at multiples of 64 bytes; a tile in a loop has one for all iterations, large enough for each.
// CHECK-LABEL: func.func @tiles
// CHECK-SAME: %[[SCRATCH:[a-z0-9]+]]: memref<?xi8> {coopt.scratch})
// CHECK-SAME: coopt.scratch_bytes = 576 : i64
func.func @tiles(%n: index, %scratch: memref<?xi8> {coopt.scratch}) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  // CHECK: %[[ZERO:.*]] = arith.constant 0 : index
  // CHECK: memref.view %[[SCRATCH]][%{{.*}}][] : memref<?xi8> to memref<3xi32>
  %a = memref.alloc() : memref<3xi32>
  scf.for %i = %c0 to %n step %c4 {
    %size = affine.min affine_map<(i)[n] -> (4, n - i)>(%i)[%n]
    // CHECK: %[[PLACE:.*]] = arith.constant 64 : index
    // CHECK: memref.view %[[SCRATCH]][%[[PLACE]]][%{{.*}}] : memref<?xi8> to memref<?x32xf32>
    %b = memref.alloc(%size) {alignment = 64 : i64} : memref<?x32xf32>
    // CHECK-NOT: memref.dealloc
    memref.dealloc %b : memref<?x32xf32>
  }
  return
}

// -----

// Without an argument for it, there is one now.
// CHECK-LABEL: func.func @added
// CHECK-SAME: (%{{.*}}: index, %{{.*}}: memref<?xi8> {coopt.scratch})
func.func @added(%n: index) {
  %a = memref.alloc() : memref<3xi32>
  return
}

// -----

// CHECK-LABEL: func.func @nothing
// CHECK-SAME: (%{{.*}}: index) attributes {coopt.scratch_bytes = 0 : i64}
func.func @nothing(%n: index) {
  return
}

// -----

func.func @unbounded(%n: index) {
  // expected-error @+1 {{a temporary of the kernel has no bound on its size: 'memref<?xf32>'}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @huge() {
  // expected-error @+1 {{a temporary of the kernel exceeds 1099511627776 bytes}}
  %a = memref.alloc() : memref<1099511627776x1099511627776xf32>
  return
}

// -----

// expected-error @+1 {{scratch argument: expected 'memref<?xi8>', got 'memref<64xi8>'}}
func.func @wrong_type(%scratch: memref<64xi8> {coopt.scratch}) {
  %a = memref.alloc() : memref<3xi32>
  return
}
