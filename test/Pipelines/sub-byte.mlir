// After layout every element is a whole number of bytes: what is left is refused, wherever it stands.
// RUN: not coopt-opt --coopt-phase-layout --split-input-file %s 2>&1 | FileCheck %s

// CHECK: error: after layout every element must be a whole number of bytes, got 'tensor<4x8xi4>'
model.entry @argument(%x: tensor<4x8xi4>) -> (tensor<4x8xi4>) sizes [] dims [[]] -> [[]] {
  model.return %x : tensor<4x8xi4>
}

// -----

// CHECK: error: after layout every element must be a whole number of bytes, got 'tensor<4x8xi3>'
model.parameter @codes : tensor<4x8xi3>

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
