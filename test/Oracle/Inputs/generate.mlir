  // What follows the functions of a model of 359 tokens with a state of 4 x 71 x 8: 67 tokens in one call, then two
  // greedy ones, one a call, past the first block of 64 keys. The bits of the logits are printed after each call. Stands in the model's module, whose
  // last line this file brings.
  func.func private @printMemrefI32(tensor<*xi32>)
  func.func @print_bits(%logits: tensor<1x359xf32>) {
    %e = tensor.empty() : tensor<1x359xi32>
    %bits = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%logits : tensor<1x359xf32>) outs(%e : tensor<1x359xi32>) {
      ^bb0(%a: f32, %b: i32):
        %0 = arith.bitcast %a : f32 to i32
        linalg.yield %0 : i32
    } -> tensor<1x359xi32>
    %u = tensor.cast %bits : tensor<1x359xi32> to tensor<*xi32>
    call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
    return
  }
  func.func @step(%tokens: tensor<?xi32>, %state: memref<4x71x8xf32>, %past: index) -> tensor<1xi32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = tensor.dim %tokens, %c0 : tensor<?xi32>
    %rows = call @forward(%tokens, %state, %n, %c1, %past) : (tensor<?xi32>, memref<4x71x8xf32>, index, index, index) -> tensor<?x359xf32>
    %logits = tensor.cast %rows : tensor<?x359xf32> to tensor<1x359xf32>
    call @print_bits(%logits) : (tensor<1x359xf32>) -> ()
    %greedy = arith.constant dense<0.0> : tensor<1xf32>
    %next = call @sample(%logits, %greedy, %greedy) : (tensor<1x359xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1xi32>
    return %next : tensor<1xi32>
  }
  func.func @main() {
    %c0 = arith.constant 0 : index
    %c67 = arith.constant 67 : index
    %c68 = arith.constant 68 : index
    // What was never written must not be read.
    %nan = arith.constant 0x7FC00000 : f32
    %state = memref.alloc() : memref<4x71x8xf32>
    linalg.fill ins(%nan : f32) outs(%state : memref<4x71x8xf32>)
    %prompt = arith.constant dense<[
      1, 38, 75, 112, 149, 186, 223, 260, 297, 334, 12, 49, 86, 123, 160, 197, 234, 271, 308, 345, 23, 60,
      97, 134, 171, 208, 245, 282, 319, 356, 34, 71, 108, 145, 182, 219, 256, 293, 330, 8, 45, 82, 119,
      156, 193, 230, 267, 304, 341, 19, 56, 93, 130, 167, 204, 241, 278, 315, 352, 30, 67, 104, 141, 178,
      215, 252, 289]> : tensor<67xi32>
    %tokens = tensor.cast %prompt : tensor<67xi32> to tensor<?xi32>
    %first = call @step(%tokens, %state, %c0) : (tensor<?xi32>, memref<4x71x8xf32>, index) -> tensor<1xi32>
    %one = tensor.cast %first : tensor<1xi32> to tensor<?xi32>
    %second = call @step(%one, %state, %c67) : (tensor<?xi32>, memref<4x71x8xf32>, index) -> tensor<1xi32>
    %two = tensor.cast %second : tensor<1xi32> to tensor<?xi32>
    %third = call @step(%two, %state, %c68) : (tensor<?xi32>, memref<4x71x8xf32>, index) -> tensor<1xi32>
    return
  }
}
