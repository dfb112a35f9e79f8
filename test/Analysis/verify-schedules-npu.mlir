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
    // expected-error @below {{expected the rows of 'linalg.add' in a tile to fit the 524288 bytes of the scratchpad of machine 'edge1', got 540540 bytes, 16252 too many}}
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
    // expected-error @below {{'linalg.mul' in a tile to fit the 524288 bytes of the scratchpad of machine 'edge1', got 698880 bytes, 174592 too many}}
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
