// A layer with experts as functions: 3 experts of 10 rows (in 16), 2 a token; routing of 6, 8 in two groups.

func.func @route(%logits: tensor<?x6xf32> {coopt.name = "l"}) -> (tensor<?x2xf32> {coopt.name = "w"}, tensor<?x2xi32> {coopt.name = "e"}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %logits, %c0 : tensor<?x6xf32>
  %w = tensor.empty(%n) : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?x2xi32>
  %r:2 = moe.route ins(%logits : tensor<?x6xf32>) outs(%w, %e : tensor<?x2xf32>, tensor<?x2xi32>) scores(softmax) renormalise(0.0)
    -> tensor<?x2xf32>, tensor<?x2xi32>
  return %r#0, %r#1 : tensor<?x2xf32>, tensor<?x2xi32>
}

func.func @layer(%x: tensor<?x6xf32> {coopt.name = "x"}, %e: tensor<?x2xi32> {coopt.name = "e"}, %s: tensor<?x2xf32> {coopt.name = "s"},
                 %w: tensor<48x6xf32> {coopt.name = "w"}) -> (tensor<?x10xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %slots = arith.muli %n, %c2 : index
  %most = arith.minsi %slots, %c3 : index
  %t0 = tensor.empty(%slots) : tensor<?xi32>
  %p0 = tensor.empty(%n) : tensor<?x2xi32>
  %s0 = tensor.empty(%most) : tensor<?x3xi32>
  %d:3 = moe.dispatch ins(%e : tensor<?x2xi32>) outs(%t0, %p0, %s0 : tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>) experts(3)
    -> tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>
  %g0 = tensor.empty(%slots) : tensor<?x6xf32>
  %g = model.gather ins(%x, %d#0 : tensor<?x6xf32>, tensor<?xi32>) outs(%g0 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %y0 = tensor.empty(%slots) : tensor<?x10xf32>
  %y = moe.contract ins(%g, %w : tensor<?x6xf32>, tensor<48x6xf32>) segments(%d#2 : tensor<?x3xi32>) at %c0, %c0
    outs(%y0 : tensor<?x10xf32>) stride(16) -> tensor<?x10xf32>
  %o0 = tensor.empty(%n) : tensor<?x10xf32>
  %o = moe.combine ins(%y, %s, %d#1 : tensor<?x10xf32>, tensor<?x2xf32>, tensor<?x2xi32>) outs(%o0 : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %o : tensor<?x10xf32>
}

// Every token goes to all experts.
func.func @all(%x: tensor<?x6xf32> {coopt.name = "x"}, %logits: tensor<?x3xf32> {coopt.name = "l"}, %w: tensor<48x6xf32> {coopt.name = "w"})
    -> (tensor<?x10xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %slots = arith.muli %n, %c3 : index
  %most = arith.minsi %slots, %c3 : index
  %r0 = tensor.empty(%n) : tensor<?x3xf32>
  %e0 = tensor.empty(%n) : tensor<?x3xi32>
  %r:2 = moe.route ins(%logits : tensor<?x3xf32>) outs(%r0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  %t0 = tensor.empty(%slots) : tensor<?xi32>
  %p0 = tensor.empty(%n) : tensor<?x3xi32>
  %s0 = tensor.empty(%most) : tensor<?x3xi32>
  %d:3 = moe.dispatch ins(%r#1 : tensor<?x3xi32>) outs(%t0, %p0, %s0 : tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>) experts(3)
    -> tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>
  %g0 = tensor.empty(%slots) : tensor<?x6xf32>
  %g = model.gather ins(%x, %d#0 : tensor<?x6xf32>, tensor<?xi32>) outs(%g0 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %y0 = tensor.empty(%slots) : tensor<?x10xf32>
  %y = moe.contract ins(%g, %w : tensor<?x6xf32>, tensor<48x6xf32>) segments(%d#2 : tensor<?x3xi32>) at %c0, %c0
    outs(%y0 : tensor<?x10xf32>) stride(16) -> tensor<?x10xf32>
  %o0 = tensor.empty(%n) : tensor<?x10xf32>
  %o = moe.combine ins(%y, %r#0, %d#1 : tensor<?x10xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%o0 : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %o : tensor<?x10xf32>
}

func.func @given(%x: tensor<14x6xf32> {coopt.name = "x"}, %t: tensor<3x3xi32> {coopt.name = "t"}, %w: tensor<48x6xf32> {coopt.name = "w"},
                 %p: tensor<7x2xi32> {coopt.name = "p"}, %s: tensor<7x2xf32> {coopt.name = "s"}) -> (tensor<7x10xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %y0 = tensor.empty() : tensor<14x10xf32>
  %y = moe.contract ins(%x, %w : tensor<14x6xf32>, tensor<48x6xf32>) segments(%t : tensor<3x3xi32>) at %c0, %c0
    outs(%y0 : tensor<14x10xf32>) stride(16) -> tensor<14x10xf32>
  %o0 = tensor.empty() : tensor<7x10xf32>
  %o = moe.combine ins(%y, %s, %p : tensor<14x10xf32>, tensor<7x2xf32>, tensor<7x2xi32>) outs(%o0 : tensor<7x10xf32>) -> tensor<7x10xf32>
  return %o : tensor<7x10xf32>
}

// Every second column of a matrix.
func.func @strided(%a: tensor<5x14xf32> {coopt.name = "a"}, %w: tensor<6x7xf32> {coopt.name = "w"}, %y: tensor<8x20xf32> {coopt.name = "y"},
                   %s: tensor<4x2xf32> {coopt.name = "s"}, %p: tensor<4x2xi32> {coopt.name = "p"}) -> (tensor<5x6xf32> {coopt.name = "l"}, tensor<4x10xf32> {coopt.name = "o"}) {
  %x = tensor.extract_slice %a[0, 0] [5, 7] [1, 2] : tensor<5x14xf32> to tensor<5x7xf32>
  %l0 = tensor.empty() : tensor<5x6xf32>
  %l = moe.logits ins(%x, %w : tensor<5x7xf32>, tensor<6x7xf32>) outs(%l0 : tensor<5x6xf32>) -> tensor<5x6xf32>
  %z = tensor.extract_slice %y[0, 0] [8, 10] [1, 2] : tensor<8x20xf32> to tensor<8x10xf32>
  %o0 = tensor.empty() : tensor<4x10xf32>
  %o = moe.combine ins(%z, %s, %p : tensor<8x10xf32>, tensor<4x2xf32>, tensor<4x2xi32>) outs(%o0 : tensor<4x10xf32>) -> tensor<4x10xf32>
  return %l, %o : tensor<5x6xf32>, tensor<4x10xf32>
}

// The layer with its experts in two classes, of which p and q say the places; the second goes on where the first has not written.
func.func @classes(%x: tensor<?x6xf32> {coopt.name = "x"}, %e: tensor<?x2xi32> {coopt.name = "e"}, %s: tensor<?x2xf32> {coopt.name = "s"},
                   %v: tensor<32x6xf32> {coopt.name = "v"}, %w: tensor<16x6xf32> {coopt.name = "w"}, %p: tensor<3xi32> {coopt.name = "p"},
                   %q: tensor<3xi32> {coopt.name = "q"}) -> (tensor<?x10xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %slots = arith.muli %n, %c2 : index
  %most = arith.minsi %slots, %c3 : index
  %t0 = tensor.empty(%slots) : tensor<?xi32>
  %p0 = tensor.empty(%n) : tensor<?x2xi32>
  %s0 = tensor.empty(%most) : tensor<?x3xi32>
  %d:3 = moe.dispatch ins(%e : tensor<?x2xi32>) outs(%t0, %p0, %s0 : tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>) experts(3)
    -> tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>
  %g0 = tensor.empty(%slots) : tensor<?x6xf32>
  %g = model.gather ins(%x, %d#0 : tensor<?x6xf32>, tensor<?xi32>) outs(%g0 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %most_a = arith.minsi %most, %c2 : index
  %a0 = tensor.empty(%most_a) : tensor<?x3xi32>
  %a = moe.restrict ins(%d#2, %p : tensor<?x3xi32>, tensor<3xi32>) outs(%a0 : tensor<?x3xi32>) -> tensor<?x3xi32>
  %most_b = arith.minsi %most, %c1 : index
  %b0 = tensor.empty(%most_b) : tensor<?x3xi32>
  %b = moe.restrict ins(%d#2, %q : tensor<?x3xi32>, tensor<3xi32>) outs(%b0 : tensor<?x3xi32>) -> tensor<?x3xi32>
  %y0 = tensor.empty(%slots) : tensor<?x10xf32>
  %y1 = moe.contract ins(%g, %v : tensor<?x6xf32>, tensor<32x6xf32>) segments(%a : tensor<?x3xi32>) at %c0, %c0
    outs(%y0 : tensor<?x10xf32>) stride(16) -> tensor<?x10xf32>
  %y2 = moe.contract ins(%g, %w : tensor<?x6xf32>, tensor<16x6xf32>) segments(%b : tensor<?x3xi32>) at %c0, %c0
    outs(%y1 : tensor<?x10xf32>) stride(16) -> tensor<?x10xf32>
  %o0 = tensor.empty(%n) : tensor<?x10xf32>
  %o = moe.combine ins(%y2, %s, %d#1 : tensor<?x10xf32>, tensor<?x2xf32>, tensor<?x2xi32>) outs(%o0 : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %o : tensor<?x10xf32>
}

func.func @restrict(%t: tensor<6x3xi32> {coopt.name = "t"}, %p: tensor<4xi32> {coopt.name = "p"}) -> (tensor<3x3xi32> {coopt.name = "c"}) {
  %c0 = tensor.empty() : tensor<3x3xi32>
  %c = moe.restrict ins(%t, %p : tensor<6x3xi32>, tensor<4xi32>) outs(%c0 : tensor<3x3xi32>) -> tensor<3x3xi32>
  return %c : tensor<3x3xi32>
}
