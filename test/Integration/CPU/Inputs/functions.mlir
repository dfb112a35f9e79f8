// Functions as people write them: tensors of static and of run-time sizes, linalg, tensor, arith, math, loops.
#all = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#element = affine_map<(d0) -> (d0)>
#scalar = affine_map<(d0) -> ()>

func.func @add(%x: tensor<5xf32> {coopt.name = "x"}, %y: tensor<5xf32> {coopt.name = "y"})
    -> (tensor<5xf32> {coopt.name = "z"}) {
  %0 = arith.addf %x, %y : tensor<5xf32>
  return %0 : tensor<5xf32>
}

func.func @axpy(%a: tensor<f32> {coopt.name = "a"}, %x: tensor<?xf32> {coopt.name = "x", coopt.dims = ["n"]},
                %y: tensor<?xf32> {coopt.name = "y", coopt.dims = ["n"]})
    -> (tensor<?xf32> {coopt.name = "z", coopt.dims = ["n"]})
    attributes {coopt.sizes = [#model.size<"n", min = 1, max = 4096, multiple = 1>]} {
  %0 = linalg.generic {indexing_maps = [#scalar, #element, #element], iterator_types = ["parallel"]}
      ins(%a, %x : tensor<f32>, tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb0(%s: f32, %u: f32, %v: f32):
    %product = arith.mulf %s, %u : f32
    %sum = arith.addf %product, %v : f32
    linalg.yield %sum : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @matmul(%a: tensor<?x7xf32> {coopt.name = "a", coopt.dims = ["m"]}, %b: tensor<7x5xf32> {coopt.name = "b"})
    -> (tensor<?x5xf32> {coopt.name = "c", coopt.dims = ["m"]}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %a, %c0 : tensor<?x7xf32>
  %empty = tensor.empty(%m) : tensor<?x5xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x5xf32>) -> tensor<?x5xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<?x7xf32>, tensor<7x5xf32>) outs(%init : tensor<?x5xf32>) -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

// The weight of a projection: y = x w^T, both sides with run-time sizes.
func.func @project(%x: tensor<?x?xf32> {coopt.name = "x", coopt.dims = ["m", "k"]},
                   %w: tensor<?x?xf32> {coopt.name = "w", coopt.dims = ["n", "k"]})
    -> (tensor<?x?xf32> {coopt.name = "y", coopt.dims = ["m", "n"]})
    attributes {coopt.sizes = [#model.size<"m", min = 0, max = 40, multiple = 1>,
                               #model.size<"n", min = 1, max = 40, multiple = 1>,
                               #model.size<"k", min = 1, max = 40, multiple = 1>]} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x?xf32>
  %n = tensor.dim %w, %c0 : tensor<?x?xf32>
  %empty = tensor.empty(%m, %n) : tensor<?x?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                        affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x?xf32>, tensor<?x?xf32>) outs(%init : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %product = arith.mulf %a, %b : f32
    %sum = arith.addf %c, %product : f32
    linalg.yield %sum : f32
  } -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

func.func @softmax(%x: tensor<?x?xf32> {coopt.name = "x", coopt.dims = ["m", "n"]})
    -> (tensor<?x?xf32> {coopt.name = "y", coopt.dims = ["m", "n"]})
    attributes {coopt.sizes = [#model.size<"m", min = 1, max = 50, multiple = 1>,
                               #model.size<"n", min = 1, max = 300, multiple = 1>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c0 : tensor<?x?xf32>
  %n = tensor.dim %x, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%m, %n) : tensor<?x?xf32>
  %0 = linalg.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// The mean and the centred rows: two results, one of lower rank.
func.func @center(%x: tensor<?x11xf32> {coopt.name = "x", coopt.dims = ["m"]})
    -> (tensor<?xf32> {coopt.name = "mean", coopt.dims = ["m"]}, tensor<?x11xf32> {coopt.name = "y", coopt.dims = ["m"]})
    attributes {coopt.sizes = [#model.size<"m", min = 1, max = 50, multiple = 1>]} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 11.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x11xf32>
  %rows = tensor.empty(%m) : tensor<?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%rows : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.reduce ins(%x : tensor<?x11xf32>) outs(%init : tensor<?xf32>) dimensions = [1]
      (%a: f32, %b: f32) {
        %s = arith.addf %a, %b : f32
        linalg.yield %s : f32
      }
  %mean = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%sum : tensor<?xf32>) outs(%rows : tensor<?xf32>) {
  ^bb0(%s: f32, %unused: f32):
    %quotient = arith.divf %s, %count : f32
    linalg.yield %quotient : f32
  } -> tensor<?xf32>
  %empty = tensor.empty(%m) : tensor<?x11xf32>
  %y = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean : tensor<?x11xf32>, tensor<?xf32>) outs(%empty : tensor<?x11xf32>) {
  ^bb0(%a: f32, %b: f32, %unused: f32):
    %d = arith.subf %a, %b : f32
    linalg.yield %d : f32
  } -> tensor<?x11xf32>
  return %mean, %y : tensor<?xf32>, tensor<?x11xf32>
}

// x^5 by a loop that carries a tensor; what it yields is made in another one.
func.func @power(%x: tensor<3x3xf32> {coopt.name = "x"}) -> (tensor<3x3xf32> {coopt.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3x3xf32>
  %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x) -> tensor<3x3xf32> {
    %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<3x3xf32>) -> tensor<3x3xf32>
    %p = linalg.matmul ins(%a, %x : tensor<3x3xf32>, tensor<3x3xf32>) outs(%init : tensor<3x3xf32>) -> tensor<3x3xf32>
    scf.yield %p : tensor<3x3xf32>
  }
  return %0 : tensor<3x3xf32>
}

// Fibonacci numbers: two carried tensors change places.
func.func @swap(%n: tensor<i32> {coopt.name = "n"}, %x: tensor<2xi32> {coopt.name = "x"},
                %y: tensor<2xi32> {coopt.name = "y"}) -> (tensor<2xi32> {coopt.name = "z"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %count = tensor.extract %n[] : tensor<i32>
  %end = arith.index_cast %count : i32 to index
  %0:2 = scf.for %i = %c0 to %end step %c1 iter_args(%a = %x, %b = %y) -> (tensor<2xi32>, tensor<2xi32>) {
    %sum = arith.addi %a, %b : tensor<2xi32>
    scf.yield %b, %sum : tensor<2xi32>, tensor<2xi32>
  }
  return %0#0 : tensor<2xi32>
}

// Math functions, one after another.
func.func @special(%x: tensor<?xf32> {coopt.name = "x", coopt.dims = ["n"]})
    -> (tensor<?xf32> {coopt.name = "y", coopt.dims = ["n"]})
    attributes {coopt.sizes = [#model.size<"n", min = 0, max = 100, multiple = 1>]} {
  %0 = linalg.square ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) -> tensor<?xf32>
  %1 = math.tanh %0 : tensor<?xf32>
  %2 = math.erf %1 : tensor<?xf32>
  %3 = math.exp %2 : tensor<?xf32>
  %4 = math.sqrt %3 : tensor<?xf32>
  %5 = math.log2 %4 : tensor<?xf32>
  return %5 : tensor<?xf32>
}

// A transposed and a shifted view of an argument; an argument that is returned as it is.
func.func @views(%x: tensor<4x6xf32> {coopt.name = "x"})
    -> (tensor<6x4xf32> {coopt.name = "t"}, tensor<3x5xf32> {coopt.name = "s"}, tensor<4x6xf32> {coopt.name = "same"}) {
  %empty = tensor.empty() : tensor<6x4xf32>
  %t = linalg.transpose ins(%x : tensor<4x6xf32>) outs(%empty : tensor<6x4xf32>) permutation = [1, 0]
  %s = tensor.extract_slice %x[1, 1] [3, 5] [1, 1] : tensor<4x6xf32> to tensor<3x5xf32>
  return %t, %s, %x : tensor<6x4xf32>, tensor<3x5xf32>, tensor<4x6xf32>
}
