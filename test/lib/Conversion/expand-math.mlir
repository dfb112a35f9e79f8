// RUN: coopt-opt %s --coopt-expand-math | FileCheck %s
// RUN: coopt-opt %s --coopt-expand-math=isa=avx2 | FileCheck %s --check-prefix=AVX2

// CHECK-LABEL: func.func @special
// CHECK-NOT: math.{{[^s]}}
// CHECK: math.sqrt
// CHECK-NOT: fastmath
// CHECK: return
func.func @special(%x: vector<16xf32>, %y: f32) -> (vector<16xf32>, f32, f32, f32, f32, f32) {
  %0 = math.exp2 %x fastmath<fast> : vector<16xf32>
  %1 = math.exp %y : f32
  %2 = math.tanh %y : f32
  %3 = math.erf %y : f32
  %4 = math.log2 %y : f32
  %5 = math.rsqrt %y : f32
  return %0, %1, %2, %3, %4, %5 : vector<16xf32>, f32, f32, f32, f32, f32
}

// SSE2 has no rounding instruction.
// CHECK-LABEL: func.func @rounding
// CHECK-NOT: math.
// CHECK: return
// AVX2-LABEL: func.func @rounding
// AVX2: math.roundeven
// AVX2: math.floor
// AVX2: math.ceil
// AVX2: math.trunc
func.func @rounding(%x: vector<16xf32>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
  %0 = math.roundeven %x : vector<16xf32>
  %1 = math.floor %x : vector<16xf32>
  %2 = math.ceil %x : vector<16xf32>
  %3 = math.trunc %x : vector<16xf32>
  return %0, %1, %2, %3 : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
}

// CHECK-LABEL: func.func @native
// CHECK: math.absf
// CHECK: math.copysign
func.func @native(%x: f32) -> f32 {
  %0 = math.absf %x : f32
  %1 = math.copysign %0, %x : f32
  return %1 : f32
}
