// Ops of linalg in the forms that front ends make, types that no buffer holds, scalars.

#e = affine_map<(d0) -> (d0)>

func.func @int8_matmul(%a: tensor<?x?xi8> {coopt.name = "a"}, %b: tensor<?x?xi8> {coopt.name = "b"},
                       %c: tensor<?x?xi32> {coopt.name = "c"}) -> (tensor<?x?xi32> {coopt.name = "y"})
    attributes {coopt.sizes = [#model.size<"a.0", min = 0, max = 256, multiple = 1>, #model.size<"a.1", min = 0, max = 256, multiple = 1>, #model.size<"b.1", min = 0, max = 256, multiple = 1>]} {
  %0 = linalg.matmul ins(%a, %b : tensor<?x?xi8>, tensor<?x?xi8>) outs(%c : tensor<?x?xi32>) -> tensor<?x?xi32>
  return %0 : tensor<?x?xi32>
}

// Names of extents on one operand are those of the others.
func.func @batch_matmul(%a: tensor<?x?x?xf32> {coopt.name = "a", coopt.dims = ["s", "m", "k"]},
                        %b: tensor<?x?x?xf32> {coopt.name = "b"}, %c: tensor<?x?x?xf32> {coopt.name = "c", coopt.dims = ["s", "m", "n"]})
    -> (tensor<?x?x?xf32> {coopt.name = "y"})
    attributes {coopt.sizes = [#model.size<"s", min = 0, max = 64, multiple = 1>, #model.size<"m", min = 0, max = 64, multiple = 1>, #model.size<"n", min = 0, max = 64, multiple = 1>, #model.size<"k", min = 0, max = 64, multiple = 1>]} {
  %0 = linalg.batch_matmul ins(%a, %b : tensor<?x?x?xf32>, tensor<?x?x?xf32>) outs(%c : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  return %0 : tensor<?x?x?xf32>
}

func.func @conv_2d(%x: tensor<9x11xf32> {coopt.name = "x"}, %k: tensor<3x2xf32> {coopt.name = "k"})
    -> (tensor<7x10xf32> {coopt.name = "y"}) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<7x10xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<7x10xf32>) -> tensor<7x10xf32>
  %0 = linalg.conv_2d ins(%x, %k : tensor<9x11xf32>, tensor<3x2xf32>) outs(%init : tensor<7x10xf32>) -> tensor<7x10xf32>
  return %0 : tensor<7x10xf32>
}

// Channels last, strides of 2, a padded input, the result added to an argument.
func.func @conv_2d_nhwc(%x: tensor<?x6x7x3xf32> {coopt.name = "x"}, %k: tensor<3x3x3x5xf32> {coopt.name = "k"},
                        %y: tensor<?x3x4x5xf32> {coopt.name = "y"}) -> (tensor<?x3x4x5xf32> {coopt.name = "z"}) {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<?x6x7x3xf32> to tensor<?x8x9x3xf32>
  %0 = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%p, %k : tensor<?x8x9x3xf32>, tensor<3x3x3x5xf32>) outs(%y : tensor<?x3x4x5xf32>) -> tensor<?x3x4x5xf32>
  return %0 : tensor<?x3x4x5xf32>
}

// Softmax as front ends write it out.
func.func @softmax(%x: tensor<?x?xf32> {coopt.name = "x", coopt.dims = ["m", "n"]})
    -> (tensor<?x?xf32> {coopt.name = "y", coopt.dims = ["m", "n"]})
    attributes {coopt.sizes = [#model.size<"m", min = 0, max = 64, multiple = 1>, #model.size<"n", min = 0, max = 64, multiple = 1>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %m = tensor.dim %x, %c0 : tensor<?x?xf32>
  %n = tensor.dim %x, %c1 : tensor<?x?xf32>
  %rows = tensor.empty(%m) : tensor<?xf32>
  %all = tensor.empty(%m, %n) : tensor<?x?xf32>
  %0 = linalg.fill ins(%least : f32) outs(%rows : tensor<?xf32>) -> tensor<?xf32>
  %max = linalg.reduce { arith.maximumf } ins(%x : tensor<?x?xf32>) outs(%0 : tensor<?xf32>) dimensions = [1]
  %spread = linalg.broadcast ins(%max : tensor<?xf32>) outs(%all : tensor<?x?xf32>) dimensions = [1]
  %1 = arith.subf %x, %spread : tensor<?x?xf32>
  %2 = math.exp %1 : tensor<?x?xf32>
  %3 = linalg.fill ins(%zero : f32) outs(%rows : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.reduce { arith.addf } ins(%2 : tensor<?x?xf32>) outs(%3 : tensor<?xf32>) dimensions = [1]
  %sums = linalg.broadcast ins(%sum : tensor<?xf32>) outs(%all : tensor<?x?xf32>) dimensions = [1]
  %4 = arith.divf %2, %sums : tensor<?x?xf32>
  return %4 : tensor<?x?xf32>
}

func.func @reductions(%x: tensor<?x?x?xf32> {coopt.name = "x", coopt.dims = ["a", "b", "c"]})
    -> (tensor<?x?xf32> {coopt.name = "first", coopt.dims = ["b", "c"]}, tensor<?x?xf32> {coopt.name = "middle", coopt.dims = ["a", "c"]},
        tensor<?x?xf32> {coopt.name = "last", coopt.dims = ["a", "b"]}, tensor<?xf32> {coopt.name = "outer", coopt.dims = ["b"]},
        tensor<f32> {coopt.name = "all"})
    attributes {coopt.sizes = [#model.size<"a", min = 0, max = 64, multiple = 1>, #model.size<"b", min = 0, max = 64, multiple = 1>, #model.size<"c", min = 0, max = 64, multiple = 1>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %a = tensor.dim %x, %c0 : tensor<?x?x?xf32>
  %b = tensor.dim %x, %c1 : tensor<?x?x?xf32>
  %c = tensor.dim %x, %c2 : tensor<?x?x?xf32>
  %e0 = tensor.empty(%b, %c) : tensor<?x?xf32>
  %e1 = tensor.empty(%a, %c) : tensor<?x?xf32>
  %e2 = tensor.empty(%a, %b) : tensor<?x?xf32>
  %e3 = tensor.empty(%b) : tensor<?xf32>
  %e4 = tensor.empty() : tensor<f32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x?xf32>) -> tensor<?x?xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?xf32>) -> tensor<?xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<f32>) -> tensor<f32>
  %0 = linalg.reduce { arith.addf } ins(%x : tensor<?x?x?xf32>) outs(%f0 : tensor<?x?xf32>) dimensions = [0]
  %1 = linalg.reduce { arith.addf } ins(%x : tensor<?x?x?xf32>) outs(%f1 : tensor<?x?xf32>) dimensions = [1]
  %2 = linalg.reduce { arith.addf } ins(%x : tensor<?x?x?xf32>) outs(%f2 : tensor<?x?xf32>) dimensions = [2]
  %3 = linalg.reduce { arith.addf } ins(%x : tensor<?x?x?xf32>) outs(%f3 : tensor<?xf32>) dimensions = [0, 2]
  %4 = linalg.reduce { arith.addf } ins(%x : tensor<?x?x?xf32>) outs(%f4 : tensor<f32>) dimensions = [0, 1, 2]
  return %0, %1, %2, %3, %4 : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>, tensor<f32>
}

func.func @transposes(%x: tensor<?x?x?xf32> {coopt.name = "x", coopt.dims = ["a", "b", "c"]})
    -> (tensor<?x?x?xf32> {coopt.name = "acb", coopt.dims = ["a", "c", "b"]}, tensor<?x?x?xf32> {coopt.name = "cab", coopt.dims = ["c", "a", "b"]},
        tensor<?x?x?xf32> {coopt.name = "cba", coopt.dims = ["c", "b", "a"]})
    attributes {coopt.sizes = [#model.size<"a", min = 0, max = 64, multiple = 1>, #model.size<"b", min = 0, max = 64, multiple = 1>, #model.size<"c", min = 0, max = 64, multiple = 1>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = tensor.dim %x, %c0 : tensor<?x?x?xf32>
  %b = tensor.dim %x, %c1 : tensor<?x?x?xf32>
  %c = tensor.dim %x, %c2 : tensor<?x?x?xf32>
  %e0 = tensor.empty(%a, %c, %b) : tensor<?x?x?xf32>
  %e1 = tensor.empty(%c, %a, %b) : tensor<?x?x?xf32>
  %e2 = tensor.empty(%c, %b, %a) : tensor<?x?x?xf32>
  %0 = linalg.transpose ins(%x : tensor<?x?x?xf32>) outs(%e0 : tensor<?x?x?xf32>) permutation = [0, 2, 1]
  %1 = linalg.transpose ins(%x : tensor<?x?x?xf32>) outs(%e1 : tensor<?x?x?xf32>) permutation = [2, 0, 1]
  %2 = linalg.transpose ins(%x : tensor<?x?x?xf32>) outs(%e2 : tensor<?x?x?xf32>) permutation = [2, 1, 0]
  return %0, %1, %2 : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

func.func @logarithms(%x: tensor<?xf32> {coopt.name = "x"})
    -> (tensor<?xf32> {coopt.name = "log"}, tensor<?xf32> {coopt.name = "log10"}, tensor<?xf32> {coopt.name = "log1p"},
        tensor<?xf32> {coopt.name = "expm1"}) {
  %0 = math.log %x : tensor<?xf32>
  %1 = math.log10 %x : tensor<?xf32>
  %2 = math.log1p %x : tensor<?xf32>
  %3 = math.expm1 %x : tensor<?xf32>
  return %0, %1, %2, %3 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}

// Conversions to f16 and bf16 and back, as bits and as numbers; sums in f16.
func.func @narrow(%x: tensor<?xf32> {coopt.name = "x"}, %d: tensor<?xf64> {coopt.name = "d"})
    -> (tensor<?xi16> {coopt.name = "f16"}, tensor<?xi16> {coopt.name = "bf16"}, tensor<?xi16> {coopt.name = "f16d"},
        tensor<?xi16> {coopt.name = "sum"}) {
  %0 = arith.truncf %x : tensor<?xf32> to tensor<?xf16>
  %1 = arith.bitcast %0 : tensor<?xf16> to tensor<?xi16>
  %2 = arith.truncf %x : tensor<?xf32> to tensor<?xbf16>
  %3 = arith.bitcast %2 : tensor<?xbf16> to tensor<?xi16>
  %4 = arith.truncf %d : tensor<?xf64> to tensor<?xf16>
  %5 = arith.bitcast %4 : tensor<?xf16> to tensor<?xi16>
  %6 = arith.addf %0, %0 : tensor<?xf16>
  %7 = arith.bitcast %6 : tensor<?xf16> to tensor<?xi16>
  return %1, %3, %5, %7 : tensor<?xi16>, tensor<?xi16>, tensor<?xi16>, tensor<?xi16>
}

func.func @wide(%x: tensor<?xi16> {coopt.name = "x"})
    -> (tensor<?xf32> {coopt.name = "f16"}, tensor<?xf32> {coopt.name = "bf16"}, tensor<?xf64> {coopt.name = "f64"}) {
  %0 = arith.bitcast %x : tensor<?xi16> to tensor<?xf16>
  %1 = arith.extf %0 : tensor<?xf16> to tensor<?xf32>
  %2 = arith.bitcast %x : tensor<?xi16> to tensor<?xbf16>
  %3 = arith.extf %2 : tensor<?xbf16> to tensor<?xf32>
  %4 = arith.extf %0 : tensor<?xf16> to tensor<?xf64>
  return %1, %3, %4 : tensor<?xf32>, tensor<?xf32>, tensor<?xf64>
}

func.func @half_arguments(%x: tensor<?xf16> {coopt.name = "x"}, %y: tensor<?xf16> {coopt.name = "y"})
    -> (tensor<?xf16> {coopt.name = "z"}) {
  %0 = arith.mulf %x, %y : tensor<?xf16>
  return %0 : tensor<?xf16>
}

// Codes of 4 bits travel in bytes.
func.func @nibbles(%x: tensor<?xi4> {coopt.name = "x"}, %s: f32 {coopt.name = "s"})
    -> (tensor<?xf32> {coopt.name = "y"}, tensor<?xi4> {coopt.name = "twice"}) {
  %0 = linalg.generic {indexing_maps = [#e, #e], iterator_types = ["parallel"]} ins(%x : tensor<?xi4>)
      outs(%x : tensor<?xi4>) {
  ^bb0(%a: i4, %unused: i4):
    %t = arith.addi %a, %a : i4
    linalg.yield %t : i4
  } -> tensor<?xi4>
  %1 = arith.sitofp %x : tensor<?xi4> to tensor<?xf32>
  %2 = linalg.generic {indexing_maps = [#e, #e], iterator_types = ["parallel"]} ins(%1 : tensor<?xf32>)
      outs(%1 : tensor<?xf32>) {
  ^bb0(%a: f32, %unused: f32):
    %p = arith.mulf %a, %s : f32
    linalg.yield %p : f32
  } -> tensor<?xf32>
  return %2, %0 : tensor<?xf32>, tensor<?xi4>
}

func.func @scalars(%a: f32 {coopt.name = "a"}, %n: index {coopt.name = "n"}, %k: i32 {coopt.name = "k"})
    -> (f32 {coopt.name = "power"}, index {coopt.name = "next"}, i32 {coopt.name = "twice"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%p = %one) -> f32 {
    %q = arith.mulf %p, %a : f32
    scf.yield %q : f32
  }
  %1 = arith.addi %n, %c1 : index
  %2 = arith.addi %k, %k : i32
  return %0, %1, %2 : f32, index, i32
}
