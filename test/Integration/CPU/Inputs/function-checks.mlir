// Operands for which ops have no result of their own, indices outside their tensors, extents that differ.

func.func @divide(%x: tensor<?xi32> {coopt.name = "x"}, %y: tensor<?xi32> {coopt.name = "y"})
    -> (tensor<?xi32> {coopt.name = "divsi"}, tensor<?xi32> {coopt.name = "remsi"}, tensor<?xi32> {coopt.name = "divui"},
        tensor<?xi32> {coopt.name = "remui"}, tensor<?xi32> {coopt.name = "ceildivsi"},
        tensor<?xi32> {coopt.name = "floordivsi"}, tensor<?xi32> {coopt.name = "ceildivui"}) {
  %0 = arith.divsi %x, %y : tensor<?xi32>
  %1 = arith.remsi %x, %y : tensor<?xi32>
  %2 = arith.divui %x, %y : tensor<?xi32>
  %3 = arith.remui %x, %y : tensor<?xi32>
  %4 = arith.ceildivsi %x, %y : tensor<?xi32>
  %5 = arith.floordivsi %x, %y : tensor<?xi32>
  %6 = arith.ceildivui %x, %y : tensor<?xi32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>
}

func.func @divide_scalars(%x: i64 {coopt.name = "x"}, %y: i64 {coopt.name = "y"})
    -> (i64 {coopt.name = "quotient"}, i64 {coopt.name = "remainder"}) {
  %0 = arith.divsi %x, %y : i64
  %1 = arith.remsi %x, %y : i64
  return %0, %1 : i64, i64
}

// Divisors that need no guard, and the one that does.
func.func @divide_by_constants(%x: tensor<?xi32> {coopt.name = "x"})
    -> (tensor<?xi32> {coopt.name = "by7"}, tensor<?xi32> {coopt.name = "byminus1"}) {
  %seven = arith.constant 7 : i32
  %minus = arith.constant -1 : i32
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xi32>) outs(%x : tensor<?xi32>) {
  ^bb0(%a: i32, %unused: i32):
    %q = arith.divsi %a, %seven : i32
    linalg.yield %q : i32
  } -> tensor<?xi32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xi32>) outs(%x : tensor<?xi32>) {
  ^bb0(%a: i32, %unused: i32):
    %q = arith.divsi %a, %minus : i32
    linalg.yield %q : i32
  } -> tensor<?xi32>
  return %0, %1 : tensor<?xi32>, tensor<?xi32>
}

func.func @shift(%x: tensor<?xi32> {coopt.name = "x"}, %y: tensor<?xi32> {coopt.name = "y"})
    -> (tensor<?xi32> {coopt.name = "shli"}, tensor<?xi32> {coopt.name = "shrui"}, tensor<?xi32> {coopt.name = "shrsi"}) {
  %0 = arith.shli %x, %y : tensor<?xi32>
  %1 = arith.shrui %x, %y : tensor<?xi32>
  %2 = arith.shrsi %x, %y : tensor<?xi32>
  return %0, %1, %2 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>
}

func.func @convert(%x: tensor<?xf32> {coopt.name = "x"})
    -> (tensor<?xi32> {coopt.name = "si32"}, tensor<?xi32> {coopt.name = "ui32"}, tensor<?xi8> {coopt.name = "si8"},
        tensor<?xi64> {coopt.name = "si64"}) {
  %0 = arith.fptosi %x : tensor<?xf32> to tensor<?xi32>
  %1 = arith.fptoui %x : tensor<?xf32> to tensor<?xi32>
  %2 = arith.fptosi %x : tensor<?xf32> to tensor<?xi8>
  %3 = arith.fptosi %x : tensor<?xf32> to tensor<?xi64>
  return %0, %1, %2, %3 : tensor<?xi32>, tensor<?xi32>, tensor<?xi8>, tensor<?xi64>
}

func.func @element(%x: tensor<64xf32> {coopt.name = "x"}, %i: tensor<i32> {coopt.name = "i"})
    -> (tensor<f32> {coopt.name = "y"}) {
  %0 = tensor.extract %i[] : tensor<i32>
  %1 = arith.index_cast %0 : i32 to index
  %2 = tensor.extract %x[%1] : tensor<64xf32>
  %3 = tensor.from_elements %2 : tensor<f32>
  return %3 : tensor<f32>
}

func.func @rows(%x: tensor<?x5xf32> {coopt.name = "x"}, %i: tensor<?xi32> {coopt.name = "i"})
    -> (tensor<?x5xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %i, %c0 : tensor<?xi32>
  %empty = tensor.empty(%n) : tensor<?x5xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%i : tensor<?xi32>) outs(%empty : tensor<?x5xf32>) {
  ^bb0(%a: i32, %unused: f32):
    %row = arith.index_cast %a : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x5xf32>
    linalg.yield %v : f32
  } -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

func.func @gather(%x: tensor<?x5xf32> {coopt.name = "x"}, %i: tensor<?xi32> {coopt.name = "i"})
    -> (tensor<?x5xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %i, %c0 : tensor<?xi32>
  %empty = tensor.empty(%n) : tensor<?x5xf32>
  %0 = model.gather ins(%x, %i : tensor<?x5xf32>, tensor<?xi32>) outs(%empty : tensor<?x5xf32>) -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

func.func @slice(%x: tensor<?xf32> {coopt.name = "x"}, %i: index {coopt.name = "i"}) -> (tensor<4xf32> {coopt.name = "y"}) {
  %0 = tensor.extract_slice %x[%i] [4] [2] : tensor<?xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

func.func @put(%x: tensor<?xf32> {coopt.name = "x"}, %i: index {coopt.name = "i"}, %v: f32 {coopt.name = "v"})
    -> (tensor<?xf32> {coopt.name = "y"}) {
  %0 = tensor.insert %v into %x[%i] : tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @put_slice(%x: tensor<?xf32> {coopt.name = "x"}, %i: index {coopt.name = "i"}, %v: tensor<3xf32> {coopt.name = "v"})
    -> (tensor<?xf32> {coopt.name = "y"}) {
  %0 = tensor.insert_slice %v into %x[%i] [3] [1] : tensor<3xf32> into tensor<?xf32>
  return %0 : tensor<?xf32>
}

// Extents without names: those of operands must agree when it is called.
func.func @sum(%x: tensor<?xf32> {coopt.name = "x"}, %y: tensor<?xf32> {coopt.name = "y"}) -> (tensor<?xf32> {coopt.name = "z"}) {
  %0 = arith.addf %x, %y : tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @product(%x: tensor<?x?xf32> {coopt.name = "x"}, %y: tensor<?x?xf32> {coopt.name = "y"},
                   %z: tensor<?x?xf32> {coopt.name = "z"}) -> (tensor<?x?xf32> {coopt.name = "w"})
    attributes {coopt.sizes = [#model.size<"x.0", min = 0, max = 64, multiple = 1>, #model.size<"x.1", min = 0, max = 64, multiple = 1>, #model.size<"y.1", min = 0, max = 64, multiple = 1>]} {
  %0 = linalg.matmul ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @five(%x: tensor<?xf32> {coopt.name = "x"}, %y: tensor<5xf32> {coopt.name = "y"}) -> (tensor<5xf32> {coopt.name = "z"}) {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<5xf32>
  %1 = arith.addf %0, %y : tensor<5xf32>
  return %1 : tensor<5xf32>
}

// Extents that are computed: compared before anything runs.
func.func @half(%x: tensor<?xf32> {coopt.name = "x"}, %y: tensor<?xf32> {coopt.name = "y", coopt.dims = ["n"]})
    -> (tensor<?xf32> {coopt.name = "z", coopt.dims = ["n"]}) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %h = arith.divui %n, %c2 : index
  %s = tensor.extract_slice %x[0] [%h] [1] : tensor<?xf32> to tensor<?xf32>
  %0 = arith.addf %s, %y : tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @flat(%x: tensor<?x?xf32> {coopt.name = "x"}) -> (tensor<?xf32> {coopt.name = "y", coopt.dims = ["k"]})
    attributes {coopt.sizes = [#model.size<"x.0", min = 0, max = 64, multiple = 1>, #model.size<"x.1", min = 0, max = 64, multiple = 1>, #model.size<"k", min = 0, max = 64, multiple = 1>]} {
  %0 = arith.negf %x : tensor<?x?xf32>
  %1 = tensor.collapse_shape %0 [[0, 1]] : tensor<?x?xf32> into tensor<?xf32>
  return %1 : tensor<?xf32>
}

func.func @fold(%x: tensor<?xf32> {coopt.name = "x"}) -> (tensor<?x4xf32> {coopt.name = "y", coopt.dims = ["k"]}) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %h = arith.floordivsi %n, %c4 : index
  %e = tensor.expand_shape %x [[0, 1]] output_shape [%h, 4] : tensor<?xf32> into tensor<?x4xf32>
  %0 = arith.negf %e : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

func.func @window(%x: tensor<?xf32> {coopt.name = "x"}, %k: tensor<?xf32> {coopt.name = "k"}, %y: tensor<?xf32> {coopt.name = "y"})
    -> (tensor<?xf32> {coopt.name = "z"}) {
  %0 = linalg.conv_1d ins(%x, %k : tensor<?xf32>, tensor<?xf32>) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @joined(%x: tensor<?x?xf32> {coopt.name = "x"}, %y: tensor<?x?xf32> {coopt.name = "y"})
    -> (tensor<?x?xf32> {coopt.name = "z", coopt.dims = ["m", "n"]})
    attributes {coopt.sizes = [#model.size<"x.0", min = 0, max = 64, multiple = 1>, #model.size<"y.0", min = 0, max = 64, multiple = 1>, #model.size<"m", min = 0, max = 64, multiple = 1>, #model.size<"n", min = 0, max = 64, multiple = 1>]} {
  %0 = tensor.concat dim(0) %x, %y : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @padded(%x: tensor<?xf32> {coopt.name = "x"}) -> (tensor<?xf32> {coopt.name = "y", coopt.dims = ["k"]}) {
  %zero = arith.constant 0.0 : f32
  %0 = tensor.pad %x low[2] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<?xf32> to tensor<?xf32>
  return %0 : tensor<?xf32>
}
