// After layout every element is a whole number of bytes: codes get a byte each, what is left is refused, wherever it
// stands.
// RUN: not coopt-opt --coopt-phase-layout --split-input-file %s 2>%t.errors | FileCheck %s --check-prefix=WIDE
// RUN: FileCheck %s < %t.errors

// CHECK: error: after layout every element must be a whole number of bytes, got 'tensor<4x8xi4>'
model.entry @argument(%x: tensor<4x8xi4>) -> (tensor<4x8xi4>) sizes [] dims [[]] -> [[]] {
  model.return %x : tensor<4x8xi4>
}

// -----

// CHECK: error: after layout every element must be a whole number of bytes, got 'tensor<4x8xi12>'
model.parameter @words : tensor<4x8xi12>

// -----

// CHECK: error: after layout every element must be a whole number of bytes, got 'tensor<4x8xf6E2M3FN>'
model.parameter @numbers : tensor<4x8xf6E2M3FN>

// -----

// CHECK: error: after layout every element must be a whole number of bytes, got 'tensor<5xf4E2M1FN>'
model.entry @value() -> (tensor<5xf32>) sizes [] dims [] -> [[]] {
  %small = tensor.empty() : tensor<5xf4E2M1FN>
  %wide = arith.extf %small : tensor<5xf4E2M1FN> to tensor<5xf32>
  model.return %wide : tensor<5xf32>
}

// -----

// Truth values are no numbers of one bit: a byte each, and allowed.
// CHECK-NOT: error
model.entry @truth(%x: tensor<4xi1>) -> (tensor<4xi1>) sizes [] dims [[]] -> [[]] {
  model.return %x : tensor<4xi1>
}

// -----

// Codes between the parameters and the kernels: bytes, whose upper bits say nothing of symmetric ones.
// WIDE: model.parameter @codes : tensor<4x8xi8>
// WIDE: model.recipe
// WIDE-NOT: i3>
// WIDE: quantized.quantize {{.*}} outs({{.*}} : tensor<4x8xi8>, tensor<4xf32>) scheme(<bits = 3, group = 0, symmetric, scale = f32>) -> tensor<4x8xi8>, tensor<4xf32>
// WIDE: model.yield {{.*}} : tensor<4x8xi8>, tensor<4xf32>
// CHECK-NOT: error
model.parameter @w : tensor<4x8xf32>
model.parameter @codes : tensor<4x8xi3>
model.parameter @scales : tensor<4xf32>
model.recipe @quantize defines [@codes, @scales] {
  %w = model.load @w : tensor<4x8xf32>
  %c = tensor.empty() : tensor<4x8xi3>
  %s = tensor.empty() : tensor<4xf32>
  %q:2 = quantized.quantize ins(%w : tensor<4x8xf32>) outs(%c, %s : tensor<4x8xi3>, tensor<4xf32>)
    scheme(<bits = 3, group = 0, symmetric, scale = f32>) -> tensor<4x8xi3>, tensor<4xf32>
  model.yield %q#0, %q#1 : tensor<4x8xi3>, tensor<4xf32>
}
