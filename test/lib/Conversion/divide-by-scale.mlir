// RUN: coopt-opt %s --coopt-divide-by-scale=isa=avx2 --canonicalize | FileCheck %s
// RUN: coopt-opt %s --coopt-divide-by-scale --canonicalize | FileCheck %s --check-prefix=GENERIC

// The reciprocal is made where the scale is; scales without a useful one divide.
// CHECK-LABEL: func.func @marked
// CHECK-SAME: %[[X:.*]]: vector<16xf32>, %[[S:.*]]: f32
// CHECK-DAG: arith.cmpf oge, %[[S]], %{{.*}} : f32
// CHECK-DAG: arith.cmpf ole, %[[S]], %{{.*}} : f32
// CHECK: %[[R:.*]] = arith.divf %{{.*}}, %[[S]] : f32
// CHECK: scf.if
// CHECK: %[[RS:.*]] = vector.broadcast %[[R]]
// CHECK: arith.mulf %[[X]], %[[RS]]
// CHECK-COUNT-4: math.fma
// CHECK: else
// CHECK: arith.divf %[[X]], %{{.*}} : vector<16xf32>
// GENERIC-LABEL: func.func @marked
// GENERIC-NOT: scf.if
func.func @marked(%x: vector<16xf32>, %s: f32) -> vector<16xf32> {
  %b = vector.broadcast %s : f32 to vector<16xf32>
  %q = arith.divf %x, %b {quantized.rounded_quotient} : vector<16xf32>
  return %q : vector<16xf32>
}

// CHECK-LABEL: func.func @exact
// CHECK-NOT: scf.if
// CHECK: arith.divf
func.func @exact(%x: vector<16xf32>, %s: f32) -> vector<16xf32> {
  %b = vector.broadcast %s : f32 to vector<16xf32>
  %q = arith.divf %x, %b : vector<16xf32>
  return %q : vector<16xf32>
}
