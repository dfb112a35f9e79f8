// RUN: coopt-opt %s --coopt-expand-math --split-input-file --verify-diagnostics

func.func @sin(%x: f32) -> f32 {
  // expected-error @+1 {{'math.sin' on 'f32' has no expansion for CPU kernels}}
  %0 = math.sin %x : f32
  return %0 : f32
}

// -----

func.func @pow(%x: f32) -> f32 {
  // expected-error @+1 {{'math.powf' on 'f32' has no expansion for CPU kernels}}
  %0 = math.powf %x, %x : f32
  return %0 : f32
}

// -----

func.func @double(%x: f64) -> f64 {
  // expected-error @+1 {{'math.exp' on 'f64' has no expansion for CPU kernels}}
  %0 = math.exp %x : f64
  return %0 : f64
}

// -----

func.func @half(%x: f16) -> f16 {
  // expected-error @+1 {{'math.tanh' on 'f16' has no expansion for CPU kernels}}
  %0 = math.tanh %x : f16
  return %0 : f16
}

// -----

func.func @fma(%x: f32) -> f32 {
  // expected-error @+1 {{'math.fma' on 'f32' has no fused multiply-add instruction for CPU kernels}}
  %0 = math.fma %x, %x, %x : f32
  return %0 : f32
}

// -----

func.func @remainder(%x: f32) -> f32 {
  // expected-error @+1 {{'arith.remf' on 'f32' has no expansion for CPU kernels}}
  %0 = arith.remf %x, %x : f32
  return %0 : f32
}

// -----

func.func @convert(%x: f16) -> f32 {
  // expected-error @+1 {{'arith.extf' on 'f32' has no conversion instruction for f16 for CPU kernels}}
  %0 = arith.extf %x : f16 to f32
  return %0 : f32
}
