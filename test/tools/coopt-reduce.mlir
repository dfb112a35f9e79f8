// The reducer keeps what the test asks for and drops the rest of a module in our dialects.

// RUN: coopt-reduce %s -reduction-tree='traversal-mode=0 test=%S/Inputs/holds-noise.sh' | FileCheck %s
// CHECK: @kept
// CHECK-NOT: @dropped

model.parameter @kept : tensor<4xf32> from #model.noise<seed = 1, scale = 1.0>
model.parameter @dropped : tensor<8xf32> from #model.noise<seed = 2, scale = 1.0>
