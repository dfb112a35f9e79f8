// RUN: coopt-opt %s --coopt-verify-schedules=machine=cpu:generic-x86-64 --split-input-file --verify-diagnostics

#rows = affine_map<(m, n, k) -> (m, k)>
#columns = affine_map<(m, n, k) -> (n, k)>
#result = affine_map<(m, n, k) -> (m, n)>

// 172 columns in panels of 16: a tile is a multiple of 16, or everything. The rest of the last panel is padding.
module {
  model.parameter @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
  model.entry @fits(%x: tensor<?x64xf32>) -> (tensor<?x172xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x172xf32>
    %w = model.load @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
    %r = schedule.kernel "gate" ins(%a = %x : tensor<?x64xf32>, %p = %w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>)
        outs(%o = %init : tensor<?x172xf32>)
        choices(#schedule.set<[<["tokens" le 1]> -> <tile = [1, 48, 0]>, <["tokens" le 4]> -> <tile = [0, 172, 0]>, <[]> -> <tile = [5, 0, 0]>]>) {
      %u = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">> -> tensor<172x64xf32>
      %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%a, %u : tensor<?x64xf32>, tensor<172x64xf32>) outs(%o : tensor<?x172xf32>) {
      ^bb0(%i: f32, %j: f32, %c: f32):
        %m = arith.mulf %i, %j : f32
        %s = arith.addf %c, %m : f32
        linalg.yield %s : f32
      } -> tensor<?x172xf32>
      schedule.yield %y : tensor<?x172xf32>
    } -> tensor<?x172xf32>
    model.return %r : tensor<?x172xf32>
  }
}

// -----

#rows = affine_map<(m, n, k) -> (m, k)>
#columns = affine_map<(m, n, k) -> (n, k)>
#result = affine_map<(m, n, k) -> (m, n)>

module {
  model.parameter @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
  model.entry @wrong(%x: tensor<?x64xf32>) -> (tensor<?x172xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x172xf32>
    %w = model.load @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
    // expected-error @+3 {{expected the column tile to be a multiple of 16, the panel of a weight's layout, got 23, which is 7 too many}}
    // expected-error @+2 {{expected loop 2 of its root 'linalg.generic', a reduction, not to be tiled, got a tile of 8}}
    // expected-error @+1 {{has a guard on size "past", which entry @wrong does not have}}
    %r = schedule.kernel "gate" ins(%a = %x : tensor<?x64xf32>, %p = %w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>)
        outs(%o = %init : tensor<?x172xf32>)
        choices(#schedule.set<[<["tokens" le 1]> -> <tile = [1, 23, 0]>, <["past" le 4]> -> <tile = [1, 16, 8]>, <[]> -> <tile = [0, 0, 0]>]>) {
      // expected-note @below {{layout [172, 64] tile(d0:4) outer(d0, d1)}}
      %u = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">> -> tensor<172x64xf32>
      %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%a, %u : tensor<?x64xf32>, tensor<172x64xf32>) outs(%o : tensor<?x172xf32>) {
      ^bb0(%i: f32, %j: f32, %c: f32):
        %m = arith.mulf %i, %j : f32
        %s = arith.addf %c, %m : f32
        linalg.yield %s : f32
      } -> tensor<?x172xf32>
      schedule.yield %y : tensor<?x172xf32>
    } -> tensor<?x172xf32>
    // expected-error @below {{expected a tile size for each of the 2 parallel loops of its root 'linalg.copy', got 3}}
    %q = schedule.kernel "two" ins(%b = %r : tensor<?x172xf32>) outs(%o = %init : tensor<?x172xf32>) choices(#schedule.set<[<[]> -> <tile = [0, 0, 0]>]>) {
      %y = linalg.copy ins(%b : tensor<?x172xf32>) outs(%o : tensor<?x172xf32>) -> tensor<?x172xf32>
      schedule.yield %y : tensor<?x172xf32>
    } -> tensor<?x172xf32>
    model.return %r : tensor<?x172xf32>
  }
}

// -----

#map = affine_map<(m, n) -> (m, n)>

// The intermediate result takes 64 rows (all there can be) of 80000 f32: 20480000 bytes, against a last cache of 16 MiB; two
// rows of it fit. What the root makes is no temporary.
module {
  model.entry @temporaries(%x: tensor<?x80000xf32>) -> (tensor<?x80000xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x80000xf32>
    // expected-error @below {{expected the temporaries of a tile to fit the 16777216 bytes of cache level 3 of machine 'generic-x86-64', got 20480000 bytes, 3702784 too many}}
    %r = schedule.kernel "pair" ins(%a = %x : tensor<?x80000xf32>, %n = %t : index) outs(%o = %init : tensor<?x80000xf32>)
        choices(#schedule.set<[<["tokens" lt 2]> -> <tile = [2, 0]>, <["tokens" lt 3]> -> <tile = [0, 1024]>, <["tokens" lt 4]> -> <tile = [64, 0]>, <[]> -> <tile = [0, 0]>]>) {
      %e = tensor.empty(%n) : tensor<?x80000xf32>
      %h = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
          ins(%a : tensor<?x80000xf32>) outs(%e : tensor<?x80000xf32>) {
      ^bb0(%i: f32, %c: f32):
        %s = arith.negf %i : f32
        linalg.yield %s : f32
      } -> tensor<?x80000xf32>
      %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
          ins(%h : tensor<?x80000xf32>) outs(%o : tensor<?x80000xf32>) {
      ^bb0(%i: f32, %c: f32):
        %s = arith.mulf %i, %i : f32
        linalg.yield %s : f32
      } -> tensor<?x80000xf32>
      schedule.yield %y : tensor<?x80000xf32>
    } -> tensor<?x80000xf32>
    model.return %r : tensor<?x80000xf32>
  }
}

// -----

func.func @rootless(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{has tile sizes, but its results are made by no ops that can be tiled}}
  %r = schedule.kernel "k" outs(%o = %x : tensor<3xf32>) choices(#schedule.set<[<[]> -> <tile = [1]>]>) {
    schedule.yield %o : tensor<3xf32>
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}
