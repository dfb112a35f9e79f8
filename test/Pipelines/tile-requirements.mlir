// What checks its own indices stands in the tiles alone: the op that was cut into them is not computed a second time.
// RUN: coopt-opt --coopt-phase-tile %s | FileCheck %s

// CHECK-LABEL: model.entry @columns
// CHECK-NOT: linalg.generic
// CHECK: scf.forall
// CHECK: linalg.generic
// CHECK: model.require
// CHECK: scf.forall.in_parallel
// CHECK-NOT: linalg.generic
// CHECK: model.return
model.entry @columns(%x: tensor<?x33xf32>, %order: tensor<33xi32>) -> tensor<?x33xf32>
    sizes [#model.size<"rows", min = 0, max = 1024, multiple = 1>] dims [["rows"], []] -> [["rows"]] {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x33xf32>
  %init = tensor.empty(%rows) : tensor<?x33xf32>
  %y = schedule.kernel "columns"
      ins(%o = %order : tensor<33xi32>, %from = %x : tensor<?x33xf32>) outs(%to = %init : tensor<?x33xf32>)
      choices(#schedule.set<[<[]> -> <tile = [16, 0]>]>) {
    %first = arith.constant 0 : index
    %bound = arith.constant 33 : index
    %r = linalg.generic {indexing_maps = [affine_map<(t, k) -> (k)>, affine_map<(t, k) -> (t, k)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%o : tensor<33xi32>) outs(%to : tensor<?x33xf32>) {
    ^bb0(%i: i32, %old: f32):
      %t = linalg.index 0 : index
      %k = arith.index_cast %i : i32 to index
      %below = arith.cmpi slt, %k, %bound : index
      %above = arith.cmpi sge, %k, %first : index
      %inside = arith.andi %below, %above : i1
      model.require %inside index(%k, %bound)
      %v = tensor.extract %from[%t, %k] : tensor<?x33xf32>
      linalg.yield %v : f32
    } -> tensor<?x33xf32>
    schedule.yield %r : tensor<?x33xf32>
  } -> tensor<?x33xf32>
  model.return %y : tensor<?x33xf32>
}
