// RUN: not coopt-opt %s -coopt-compress=quantize=w4a16-g32 2>&1 | FileCheck %s --check-prefix=W4
// RUN: not coopt-opt %s -coopt-compress=quantize=w8a8-head16 2>&1 | FileCheck %s --check-prefix=HEAD
// RUN: not coopt-opt %s -coopt-compress=quantize=w8 2>&1 | FileCheck %s --check-prefix=A16
// RUN: not coopt-opt %s -coopt-compress=quantize=eight 2>&1 | FileCheck %s --check-prefix=NAME
// W4: error: quantisation 'w4a16-g32' is not supported: expected f32 or w8a8
// HEAD: error: quantisation 'w8a8-head16' is not supported: expected f32 or w8a8
// A16: error: quantisation 'w8a16' is not supported: expected f32 or w8a8
// NAME: error: {{.*}}eight
module {}
