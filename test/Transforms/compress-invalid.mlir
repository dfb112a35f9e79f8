// RUN: not coopt-opt %s -coopt-compress=quantize=w8a8-qoq 2>&1 | FileCheck %s --check-prefix=W8
// RUN: not coopt-opt %s -coopt-compress=quantize=eight 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not coopt-opt %s -coopt-compress=quantize=q4_k 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not coopt-opt %s -coopt-compress=quantize=fp8-g32 2>&1 | FileCheck %s --check-prefix=GROUPS
// RUN: not coopt-opt %s -coopt-compress=quantize=none.json 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not coopt-opt %s -coopt-compress=quantize=auto:size=4bits 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not coopt-opt %s -coopt-compress=quantize=auto:size=four 2>&1 | FileCheck %s --check-prefix=SIZE
// NONE: error: quantisation 'auto:size=4bits': there is no contraction with a weight and an op id to choose for
// SIZE: error: quantisation 'auto:size=four': expected a size such as 300M or 4.5bits, got 'four'
// W8: error: quantisation 'w8a8-qoq' is not supported: two levels of scales: expected weights of 4 bits, got 8
// NAME: error: {{.*}}eight
// FORMAT: error: quantisation 'q4_k-a16' is not supported: the format 'q4_k' has no encoder, it can only be read
// GROUPS: error: quantisation 'fp8-a16-g32' is not supported: format 'fp8': it has no groups whose size could be chosen
// FILE: error: none.json: No such file or directory

// What the grammar has and the compiler does is no error.
// RUN: coopt-opt %s -coopt-compress=quantize=w4a16-g32
// RUN: coopt-opt %s -coopt-compress=quantize=w8a8-head16
// RUN: coopt-opt %s -coopt-compress=quantize=w8
// RUN: coopt-opt %s -coopt-compress=quantize=w1a8
// RUN: coopt-opt %s -coopt-compress=quantize=w4-qoq
// RUN: coopt-opt %s -coopt-compress=quantize=mxfp4-a8-g64
// RUN: coopt-opt %s -coopt-compress=quantize=w2a8-g8-asym-head4
// RUN: coopt-opt %s -coopt-compress=quantize=w4a8-g64-qoq
module {}
