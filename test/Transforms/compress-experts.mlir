// RUN: coopt-opt %s -coopt-compress=quantize=w8a8 | FileCheck %s

// Rows that go to experts are quantised once, and gathered as codes; another reader that comes between the gather and the experts
// shares the quantisation.
// CHECK-LABEL: model.entry @forward
// CHECK-SAME:  %[[X:.*]]: tensor<?x8xf32>
// CHECK:       %[[Q:.*]]:2 = quantized.quantize ins(%[[X]] : tensor<?x8xf32>)
// CHECK-NOT:   quantized.quantize
// CHECK:       quantized.contract ins(%[[Q]]#0, %[[Q]]#1,
// CHECK:       %[[CODES:.*]] = model.gather ins(%[[Q]]#0, %{{.*}} : tensor<?x8xi8>, tensor<?xi32>)
// CHECK:       %[[SCALES:.*]] = linalg.generic {{.*}} outs({{.*}} : tensor<?xf32>)
// CHECK:       moe.contract ins(%[[CODES]], %[[SCALES]], {{.*}}) segments(%{{.*}}) at %{{.*}} stride(16) schemes(
// CHECK-SAME:  scale_at(output)
model.parameter @v : tensor<4x8xf32> from #model.noise<seed = 1, scale = 1.0>
model.parameter @w : tensor<48x8xf32> from #model.noise<seed = 2, scale = 1.0>
model.entry @forward(%x: tensor<?x8xf32>, %t: tensor<?xi32>, %s: tensor<3x3xi32>) -> (tensor<?x4xf32>, tensor<?x10xf32>)
    sizes [#model.size<"n", min = 1, max = 9, multiple = 1>] dims [["n"], ["n"], []] -> [["n"], ["n"]] {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = model.size "n" : index
  %g0 = tensor.empty(%n) : tensor<?x8xf32>
  %g = model.gather ins(%x, %t : tensor<?x8xf32>, tensor<?xi32>) outs(%g0 : tensor<?x8xf32>) -> tensor<?x8xf32>
  %v = model.load @v : tensor<4x8xf32>
  %d0 = tensor.empty(%n) : tensor<?x4xf32>
  %d1 = linalg.fill ins(%zero : f32) outs(%d0 : tensor<?x4xf32>) -> tensor<?x4xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %v : tensor<?x8xf32>, tensor<4x8xf32>) outs(%d1 : tensor<?x4xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %c, %0 : f32
      linalg.yield %1 : f32
  } -> tensor<?x4xf32>
  %w = model.load @w : tensor<48x8xf32>
  %y0 = tensor.empty(%n) : tensor<?x10xf32>
  %y = moe.contract ins(%g, %w : tensor<?x8xf32>, tensor<48x8xf32>) segments(%s : tensor<3x3xi32>) at %c0, %c0
      outs(%y0 : tensor<?x10xf32>) stride(16) -> tensor<?x10xf32>
  model.return %d, %y : tensor<?x4xf32>, tensor<?x10xf32>
}
