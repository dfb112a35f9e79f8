// RUN: rm -rf %t && mkdir -p %t
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "a/experts/[02]/*", "quantize": "w8a8"}, {"match": "a/experts/1/down", "quantize": "w4a16-g4"}, {"match": "a/experts/1/*", "quantize": "f32"}]}' > %t/classes.json
// RUN: coopt-opt %s -coopt-compress=quantize=%t/classes.json | FileCheck %s
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "a/experts/0/*", "quantize": "w8a8"}, {"match": "a/*", "quantize": "w8a8"}]}' > %t/alike.json
// RUN: coopt-opt %s -coopt-compress=quantize=%t/alike.json | FileCheck %s --check-prefix=ALIKE
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "a/experts/*", "quantize": "f32"}, {"match": "a/experts/1/*", "quantize": "w8a8"}]}' > %t/late.json
// RUN: not coopt-opt %s -coopt-compress=quantize=%t/late.json 2>&1 | FileCheck %s --check-prefix=LATE
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "a/experts/3/*", "quantize": "f32"}]}' > %t/none.json
// RUN: not coopt-opt %s -coopt-compress=quantize=%t/none.json 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "b/experts/0/*", "quantize": "f32"}]}' > %t/between.json
// RUN: not coopt-opt %s -coopt-compress=quantize=%t/between.json 2>&1 | FileCheck %s --check-prefix=BETWEEN
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "c/experts/0/*", "quantize": "f32"}]}' > %t/read.json
// RUN: not coopt-opt %s -coopt-compress=quantize=%t/read.json 2>&1 | FileCheck %s --check-prefix=READ
// RUN: echo '{"quantize": "w8a8", "rules": [{"match": "a/experts/*", "bits": 5, "of": ["w8a8", "w4a8"]}]}' > %t/budget.json
// RUN: not coopt-opt %s -coopt-compress=quantize=%t/budget.json 2>&1 | FileCheck %s --check-prefix=BUDGET

// LATE: error: the rule for 'a/experts/1/*' decides nothing: it matches no contraction, or an earlier rule does
// NONE: error: the rule for 'a/experts/3/*' decides nothing
// BETWEEN: error: experts of one layer can't be stored in different formats: expected element-wise ops between their contractions, got linalg.generic
// READ: error: experts of one layer can't be stored in different formats where ops between their contractions are read by others
// BUDGET: error: rule for 'a/experts/*': a budget needs the weights, which can't be had here

// All experts alike is one class, whoever decides.
// ALIKE-LABEL: model.entry @forward
// ALIKE-NOT:   moe.restrict
// ALIKE:       moe.contract {{.*}} stride(16) schemes({{.*}} {coopt.id = "a/experts/up"}

// Experts 0 and 2 are a class, with the matrices of their own; expert 1 is another, cut out of a parameter that is no stack.
// CHECK:       model.parameter @up : tensor<48x8xf32>
// CHECK:       model.recipe @up.class.0.recipe defines [@up.class.0] {
// CHECK:         %[[ALL:.*]] = model.load @up : tensor<48x8xf32>
// CHECK-DAG:     %[[FIRST:.*]] = tensor.extract_slice %[[ALL]][0, 0] [16, 8] [1, 1]
// CHECK-DAG:     %[[THIRD:.*]] = tensor.extract_slice %[[ALL]][32, 0] [16, 8] [1, 1]
// CHECK:         tensor.concat dim(0) %[[FIRST]], %[[THIRD]] : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<32x8xf32>
// CHECK:       model.recipe @"a/experts/class.0/places.recipe" defines [@"a/experts/class.0/places"] {
// CHECK-NEXT:    arith.constant dense<[0, -1, 1]> : tensor<3xi32>
// CHECK-NOT:   model.parameter @down :
// CHECK:       model.recipe @down.class.0.recipe
// CHECK:         %[[D0:.*]] = model.load @d0
// CHECK:         %[[D2:.*]] = model.load @d2
// CHECK:         tensor.concat dim(0) %[[D0]], %[[D2]] : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32>
// CHECK-LABEL: model.entry @forward
// CHECK-SAME:  %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[S:[a-z0-9]+]]: tensor<?x3xi32>
// CHECK:       %[[PLACES:.*]] = model.load @"a/experts/class.0/places" : tensor<3xi32>
// CHECK:       %[[S0:.*]] = moe.restrict ins(%[[S]], %[[PLACES]] : {{.*}} {coopt.id = "a/experts/class.0/segments"}
// CHECK:       quantized.quantize
// CHECK:       moe.contract {{.*}} segments(%[[S0]] : {{.*}} schemes(<bits = 8{{.*}} {coopt.id = "a/experts/class.0/up"}
// CHECK:       linalg.generic {{.*}} {coopt.id = "a/experts/class.0/act"}
// CHECK:       %[[Y0:.*]] = moe.contract {{.*}} segments(%[[S0]] : {{.*}} schemes(<bits = 8{{.*}} {coopt.id = "a/experts/class.0/down"}
// CHECK:       %[[S1:.*]] = moe.restrict {{.*}} {coopt.id = "a/experts/class.1/segments"}
// CHECK:       moe.contract ins(%[[X]], %{{.*}} : tensor<?x8xf32>, tensor<16x8xf32>) segments(%[[S1]] : {{.*}} stride(16) {coopt.id = "a/experts/class.1/up"}
// CHECK:       %[[Y1:.*]] = moe.contract {{.*}} segments(%[[S1]] : {{.*}} outs(%[[Y0]] : tensor<?x8xf32>) stride(16) schemes(float, <bits = 4{{.*}} {coopt.id = "a/experts/class.1/down"}
// CHECK:       model.return %[[Y1]],

#id = affine_map<(i, j) -> (i, j)>
#flip = affine_map<(i, j) -> (j, i)>
model.parameter @up : tensor<48x8xf32> from #model.noise<seed = 1, scale = 1.0>
model.parameter @d0 : tensor<16x16xf32> from #model.noise<seed = 2, scale = 1.0>
model.parameter @d1 : tensor<16x16xf32> from #model.noise<seed = 3, scale = 1.0>
model.parameter @d2 : tensor<16x16xf32> from #model.noise<seed = 4, scale = 1.0>
model.parameter @square : tensor<48x16xf32> from #model.noise<seed = 5, scale = 1.0>
model.parameter @down : tensor<48x16xf32>
model.recipe @down.recipe defines [@down] {
  %0 = model.load @d0 : tensor<16x16xf32>
  %1 = model.load @d1 : tensor<16x16xf32>
  %2 = model.load @d2 : tensor<16x16xf32>
  %3 = tensor.concat dim(0) %0, %1, %2 : (tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<48x16xf32>
  model.yield %3 : tensor<48x16xf32>
}
model.entry @forward(%x: tensor<?x8xf32>, %s: tensor<?x3xi32>, %z: tensor<16x16xf32>, %t: tensor<?x3xi32>, %u: tensor<?x3xi32>)
    -> (tensor<?x8xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>)
    sizes [#model.size<"n", min = 1, max = 9, multiple = 1>, #model.size<"m", min = 1, max = 3, multiple = 1>]
    dims [["n"], ["m"], [], ["m"], ["m"]] -> [["n"], [], [], []] {
  %c0 = arith.constant 0 : index
  %n = model.size "n" : index
  %up = model.load @up : tensor<48x8xf32>
  %down = model.load @down : tensor<48x16xf32>
  %square = model.load @square : tensor<48x16xf32>
  %h0 = tensor.empty(%n) : tensor<?x16xf32>
  %h = moe.contract ins(%x, %up : tensor<?x8xf32>, tensor<48x8xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
      outs(%h0 : tensor<?x16xf32>) stride(16) {coopt.id = "a/experts/up"} -> tensor<?x16xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<?x16xf32>) outs(%h0 : tensor<?x16xf32>)
      attrs = {coopt.id = "a/experts/act"} {
    ^bb0(%b: f32, %c: f32):
      %0 = arith.mulf %b, %b : f32
      linalg.yield %0 : f32
  } -> tensor<?x16xf32>
  %y0 = tensor.empty(%n) : tensor<?x8xf32>
  %y = moe.contract ins(%a, %down : tensor<?x16xf32>, tensor<48x16xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
      outs(%y0 : tensor<?x8xf32>) stride(16) {coopt.id = "a/experts/down"} -> tensor<?x8xf32>

  // Rows become columns in between.
  %q0 = tensor.empty() : tensor<16x16xf32>
  %q1 = moe.contract ins(%z, %square : tensor<16x16xf32>, tensor<48x16xf32>) segments(%t : tensor<?x3xi32>) at %c0, %c0
      outs(%q0 : tensor<16x16xf32>) stride(16) {coopt.id = "b/experts/up"} -> tensor<16x16xf32>
  %q2 = linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]} ins(%q1 : tensor<16x16xf32>) outs(%q0 : tensor<16x16xf32>) {
    ^bb0(%b: f32, %c: f32):
      linalg.yield %b : f32
  } -> tensor<16x16xf32>
  %q3 = moe.contract ins(%q2, %square : tensor<16x16xf32>, tensor<48x16xf32>) segments(%t : tensor<?x3xi32>) at %c0, %c0
      outs(%q0 : tensor<16x16xf32>) stride(16) {coopt.id = "b/experts/down"} -> tensor<16x16xf32>

  // What is in between goes elsewhere, too.
  %r1 = moe.contract ins(%z, %square : tensor<16x16xf32>, tensor<48x16xf32>) segments(%u : tensor<?x3xi32>) at %c0, %c0
      outs(%q0 : tensor<16x16xf32>) stride(16) {coopt.id = "c/experts/up"} -> tensor<16x16xf32>
  %r2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%r1 : tensor<16x16xf32>) outs(%q0 : tensor<16x16xf32>) {
    ^bb0(%b: f32, %c: f32):
      linalg.yield %b : f32
  } -> tensor<16x16xf32>
  %r3 = moe.contract ins(%r2, %square : tensor<16x16xf32>, tensor<48x16xf32>) segments(%u : tensor<?x3xi32>) at %c0, %c0
      outs(%q0 : tensor<16x16xf32>) stride(16) {coopt.id = "c/experts/down"} -> tensor<16x16xf32>
  model.return %y, %q3, %r2, %r3 : tensor<?x8xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
}
