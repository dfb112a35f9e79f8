// RUN: coopt-opt %s --coopt-verify-schedules=machine=npu:edge1 --split-input-file --verify-diagnostics

// 32 rows of two inputs and a result of 1365 f32 are 524160 bytes.
module {
  model.entry @fits(%x: tensor<?x1365xf32>, %y: tensor<?x1365xf32>) -> (tensor<?x1365xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"], ["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x1365xf32>
    %r = schedule.kernel "fits" ins(%a = %x : tensor<?x1365xf32>, %b = %y : tensor<?x1365xf32>) outs(%o = %init : tensor<?x1365xf32>) choices(#schedule.set<[<[]> -> <tile = [32, 0]>]>) {
      %s = linalg.add ins(%a, %b : tensor<?x1365xf32>, tensor<?x1365xf32>) outs(%o : tensor<?x1365xf32>) -> tensor<?x1365xf32>
      schedule.yield %s : tensor<?x1365xf32>
    } -> tensor<?x1365xf32>
    model.return %r : tensor<?x1365xf32>
  }
}

// -----

// 33 rows are 540540 bytes.
module {
  model.entry @large(%x: tensor<?x1365xf32>, %y: tensor<?x1365xf32>) -> (tensor<?x1365xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"], ["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x1365xf32>
    // expected-error @below {{expected the rows of 'linalg.add' in a tile to fit the 524288 bytes of the scratchpad of machine 'edge1', got 540540 bytes, 16252 too many: with <tile = [33, 0]> input 0 180180, input 1 180180, 'linalg.add' 180180; with <tile = [32, 0]> they fit}}
    %r = schedule.kernel "large" ins(%a = %x : tensor<?x1365xf32>, %b = %y : tensor<?x1365xf32>) outs(%o = %init : tensor<?x1365xf32>) choices(#schedule.set<[<[]> -> <tile = [33, 0]>]>) {
      %s = linalg.add ins(%a, %b : tensor<?x1365xf32>, tensor<?x1365xf32>) outs(%o : tensor<?x1365xf32>) -> tensor<?x1365xf32>
      schedule.yield %s : tensor<?x1365xf32>
    } -> tensor<?x1365xf32>
    model.return %r : tensor<?x1365xf32>
  }
}

// -----

// A row that is read twice is there once. As no loop is tiled, there may be 64 of them.
module {
  model.entry @twice(%x: tensor<?x1365xf32>) -> (tensor<?x1365xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x1365xf32>
    // expected-error @below {{'linalg.mul' in a tile to fit the 524288 bytes of the scratchpad of machine 'edge1', got 698880 bytes, 174592 too many: with <tile = [0, 0]> input 0 349440, 'linalg.mul' 349440; with <tile = [48, 0]> they fit}}
    %r = schedule.kernel "twice" ins(%a = %x : tensor<?x1365xf32>) outs(%o = %init : tensor<?x1365xf32>) choices(#schedule.set<[<[]> -> <tile = [0, 0]>]>) {
      %s = linalg.mul ins(%a, %a : tensor<?x1365xf32>, tensor<?x1365xf32>) outs(%o : tensor<?x1365xf32>) -> tensor<?x1365xf32>
      schedule.yield %s : tensor<?x1365xf32>
    } -> tensor<?x1365xf32>
    model.return %r : tensor<?x1365xf32>
  }
}

// -----

// Of a tile of columns a part of each row is there.
module {
  model.entry @columns(%x: tensor<?x1365xf32>) -> (tensor<?x1365xf32>)
      sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x1365xf32>
    %r = schedule.kernel "columns" ins(%a = %x : tensor<?x1365xf32>) outs(%o = %init : tensor<?x1365xf32>) choices(#schedule.set<[<[]> -> <tile = [0, 128]>]>) {
      %s = linalg.mul ins(%a, %a : tensor<?x1365xf32>, tensor<?x1365xf32>) outs(%o : tensor<?x1365xf32>) -> tensor<?x1365xf32>
      schedule.yield %s : tensor<?x1365xf32>
    } -> tensor<?x1365xf32>
    model.return %r : tensor<?x1365xf32>
  }
}

// -----

#rows = affine_map<(m, n, k) -> (m, k)>
#columns = affine_map<(m, n, k) -> (n, k)>
#result = affine_map<(m, n, k) -> (m, n)>

// Rows that were asked for stay; of the columns as many are left as fit in whole panels of the weight, 64: 200 rows of 327 columns would.
module {
  model.parameter @w : tensor<65536xf32, #model.layout<"[1024, 64] tile(d0:6) outer(d0, d1)">>
  model.entry @panels(%x: tensor<?x64xf32>) -> (tensor<?x1024xf32>)
      sizes [#model.size<"tokens", min = 1, max = 256, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %w = model.load @w : tensor<65536xf32, #model.layout<"[1024, 64] tile(d0:6) outer(d0, d1)">>
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x1024xf32>
    // expected-error @below {{expected the rows of 'linalg.exp' in a tile to fit the 524288 bytes of the scratchpad of machine 'edge1', got 716800 bytes, 192512 too many: with <tile = [200, 448]> 'linalg.generic' 358400, 'linalg.exp' 358400; with <tile = [200, 320]> they fit}}
    %r = schedule.kernel "panels" ins(%a = %x : tensor<?x64xf32>, %p = %w : tensor<65536xf32, #model.layout<"[1024, 64] tile(d0:6) outer(d0, d1)">>)
        outs(%o = %init : tensor<?x1024xf32>) choices(#schedule.set<[<[]> -> <tile = [200, 448]>]>) {
      %u = model.unpack %p : tensor<65536xf32, #model.layout<"[1024, 64] tile(d0:6) outer(d0, d1)">> -> tensor<1024x64xf32>
      %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%a, %u : tensor<?x64xf32>, tensor<1024x64xf32>) outs(%o : tensor<?x1024xf32>) {
      ^bb0(%i: f32, %j: f32, %c: f32):
        %m = arith.mulf %i, %j : f32
        %s = arith.addf %c, %m : f32
        linalg.yield %s : f32
      } -> tensor<?x1024xf32>
      %z = linalg.exp ins(%y : tensor<?x1024xf32>) outs(%o : tensor<?x1024xf32>) -> tensor<?x1024xf32>
      schedule.yield %z : tensor<?x1024xf32>
    } -> tensor<?x1024xf32>
    model.return %r : tensor<?x1024xf32>
  }
}

// -----

#rows = affine_map<(m, n, k) -> (m, k)>
#columns = affine_map<(m, n, k) -> (n, k)>
#result = affine_map<(m, n, k) -> (m, n)>

// One row of what is summed is too long.
module {
  model.entry @none(%x: tensor<?x140000xf32>, %w: tensor<32x140000xf32>) -> (tensor<?x32xf32>)
      sizes [#model.size<"tokens", min = 1, max = 256, multiple = 1>] dims [["tokens"], []] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x32xf32>
    // expected-error @below {{got 560128 bytes, 35840 too many: with <tile = [1, 0]> input 0 560000, 'linalg.generic' 128; with no smaller tile they fit: input 0 (1 rows x 4480000 bits) + 'linalg.generic' (1 rows x 1 columns x 32 bits) need at least 560004 bytes, the scratchpad has 524288}}
    %r = schedule.kernel "none" ins(%a = %x : tensor<?x140000xf32>, %b = %w : tensor<32x140000xf32>)
        outs(%o = %init : tensor<?x32xf32>) choices(#schedule.set<[<[]> -> <tile = [1, 0]>]>) {
      %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%a, %b : tensor<?x140000xf32>, tensor<32x140000xf32>) outs(%o : tensor<?x32xf32>) {
      ^bb0(%i: f32, %j: f32, %c: f32):
        %m = arith.mulf %i, %j : f32
        %s = arith.addf %c, %m : f32
        linalg.yield %s : f32
      } -> tensor<?x32xf32>
      schedule.yield %y : tensor<?x32xf32>
    } -> tensor<?x32xf32>
    model.return %r : tensor<?x32xf32>
  }
}

// -----

// An item cut again: it is the inner tile whose rows are there.
module {
  model.entry @inner(%x: tensor<?x1365xf32>) -> (tensor<?x1365xf32>)
      sizes [#model.size<"tokens", min = 1, max = 512, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
    %t = model.size "tokens" : index
    %init = tensor.empty(%t) : tensor<?x1365xf32>
    // expected-error @below {{with <tile = [256, 0], inner = [64, 0]> input 0 349440, 'linalg.mul' 349440; with <tile = [256, 0], inner = [48, 0]> they fit}}
    %r = schedule.kernel "inner" ins(%a = %x : tensor<?x1365xf32>) outs(%o = %init : tensor<?x1365xf32>) choices(#schedule.set<[<[]> -> <tile = [256, 0], inner = [64, 0]>]>) {
      %s = linalg.mul ins(%a, %a : tensor<?x1365xf32>, tensor<?x1365xf32>) outs(%o : tensor<?x1365xf32>) -> tensor<?x1365xf32>
      schedule.yield %s : tensor<?x1365xf32>
    } -> tensor<?x1365xf32>
    model.return %r : tensor<?x1365xf32>
  }
}
