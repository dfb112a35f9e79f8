// RUN: not coopt-opt %s -coopt-compress=quantize=w1a8 2>&1 | FileCheck %s --check-prefix=W1
// RUN: not coopt-opt %s -coopt-compress=quantize=w4-qoq 2>&1 | FileCheck %s --check-prefix=A16
// RUN: not coopt-opt %s -coopt-compress=quantize=w8a8-qoq 2>&1 | FileCheck %s --check-prefix=W8
// RUN: not coopt-opt %s -coopt-compress=quantize=eight 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not coopt-opt %s -coopt-compress=quantize=mxfp4 2>&1 | FileCheck %s --check-prefix=FORMAT
// W1: error: quantisation 'w1a8' is not supported: expected weights of 2 to 8 bits
// A16: error: quantisation 'w4a16-qoq' is not supported: two levels of scales are those of w4a8-qoq
// W8: error: quantisation 'w8a8-qoq' is not supported: two levels of scales are those of w4a8-qoq
// NAME: error: {{.*}}eight
// FORMAT: error: {{.*}}mxfp4

// What the grammar has and the compiler does is no error.
// RUN: coopt-opt %s -coopt-compress=quantize=w4a16-g32
// RUN: coopt-opt %s -coopt-compress=quantize=w8a8-head16
// RUN: coopt-opt %s -coopt-compress=quantize=w8
// RUN: coopt-opt %s -coopt-compress=quantize=w2a8-g8-asym-head4
// RUN: coopt-opt %s -coopt-compress=quantize=w4a8-g64-qoq
module {}
