// What the programs of the oracle share: inputs by formula, and results as five integers: rows, columns, the bits of the first
// and of the last element, and h = the sum of bits[i] * (2 i + 1) modulo 2^32 over all elements in row-major order.

func.func private @printMemrefI32(tensor<*xi32>)

// i * 613 + j * 389 + seed, modulo `modulus`.
func.func @number(%i: index, %j: index, %seed: index, %modulus: index) -> i32 {
  %c613 = arith.constant 613 : index
  %c389 = arith.constant 389 : index
  %0 = arith.muli %i, %c613 : index
  %1 = arith.muli %j, %c389 : index
  %2 = arith.addi %0, %1 : index
  %3 = arith.addi %2, %seed : index
  %4 = arith.remui %3, %modulus : index
  %5 = arith.index_cast %4 : index to i32
  return %5 : i32
}

// (number mod 1009 - 504) / (2 i + 7), one rounding.
func.func @matrix(%rows: index, %columns: index, %seed: index) -> tensor<?x?xf32> {
  %c2 = arith.constant 2 : index
  %c7 = arith.constant 7 : index
  %c1009 = arith.constant 1009 : index
  %c504 = arith.constant 504 : i32
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %c1009) : (index, index, index, index) -> i32
    %1 = arith.subi %0, %c504 : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.muli %i, %c2 : index
    %4 = arith.addi %3, %c7 : index
    %5 = arith.index_cast %4 : index to i32
    %6 = arith.sitofp %5 : i32 to f32
    %7 = arith.divf %2, %6 : f32
    tensor.yield %7 : f32
  } : tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}

// number mod 255 - 127
func.func @codes(%rows: index, %columns: index, %seed: index) -> tensor<?x?xi8> {
  %c255 = arith.constant 255 : index
  %c127 = arith.constant 127 : i32
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %c255) : (index, index, index, index) -> i32
    %1 = arith.subi %0, %c127 : i32
    %2 = arith.trunci %1 : i32 to i8
    tensor.yield %2 : i8
  } : tensor<?x?xi8>
  return %x : tensor<?x?xi8>
}

// number mod 16
func.func @nibbles(%rows: index, %columns: index, %seed: index) -> tensor<?x?xi4> {
  %c16 = arith.constant 16 : index
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %c16) : (index, index, index, index) -> i32
    %1 = arith.trunci %0 : i32 to i4
    tensor.yield %1 : i4
  } : tensor<?x?xi4>
  return %x : tensor<?x?xi4>
}

// (number mod 13 + 1) / 7
func.func @scales(%rows: index, %seed: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c13 = arith.constant 13 : index
  %one = arith.constant 1 : i32
  %seven = arith.constant 7.0 : f32
  %x = tensor.generate %rows {
  ^bb0(%i: index):
    %0 = func.call @number(%i, %c0, %seed, %c13) : (index, index, index, index) -> i32
    %1 = arith.addi %0, %one : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.divf %2, %seven : f32
    tensor.yield %3 : f32
  } : tensor<?xf32>
  return %x : tensor<?xf32>
}

// (number mod 13 + 1) / 64: exact.
func.func @group_scales(%rows: index, %groups: index, %seed: index) -> tensor<?x?xf16> {
  %c13 = arith.constant 13 : index
  %one = arith.constant 1 : i32
  %sixtyfourth = arith.constant 0.015625 : f16
  %x = tensor.generate %rows, %groups {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %c13) : (index, index, index, index) -> i32
    %1 = arith.addi %0, %one : i32
    %2 = arith.sitofp %1 : i32 to f16
    %3 = arith.mulf %2, %sixtyfourth : f16
    tensor.yield %3 : f16
  } : tensor<?x?xf16>
  return %x : tensor<?x?xf16>
}

func.func @print_i32(%x: tensor<?x?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %rows = tensor.dim %x, %c0 : tensor<?x?xi32>
  %columns = tensor.dim %x, %c1 : tensor<?x?xi32>
  %hash:2 = scf.for %i = %c0 to %rows step %c1 iter_args(%h0 = %zero, %w0 = %one) -> (i32, i32) {
    %row:2 = scf.for %j = %c0 to %columns step %c1 iter_args(%h1 = %h0, %w1 = %w0) -> (i32, i32) {
      %a = tensor.extract %x[%i, %j] : tensor<?x?xi32>
      %0 = arith.muli %a, %w1 : i32
      %1 = arith.addi %h1, %0 : i32
      %2 = arith.addi %w1, %two : i32
      scf.yield %1, %2 : i32, i32
    }
    scf.yield %row#0, %row#1 : i32, i32
  }
  %lastRow = arith.subi %rows, %c1 : index
  %lastColumn = arith.subi %columns, %c1 : index
  %first = tensor.extract %x[%c0, %c0] : tensor<?x?xi32>
  %last = tensor.extract %x[%lastRow, %lastColumn] : tensor<?x?xi32>
  %m = arith.index_cast %rows : index to i32
  %n = arith.index_cast %columns : index to i32
  %line = tensor.from_elements %m, %n, %first, %last, %hash#0 : tensor<5xi32>
  %u = tensor.cast %line : tensor<5xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}

func.func @print(%x: tensor<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x?xf32>
  %columns = tensor.dim %x, %c1 : tensor<?x?xf32>
  %bits = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = tensor.extract %x[%i, %j] : tensor<?x?xf32>
    %1 = arith.bitcast %0 : f32 to i32
    tensor.yield %1 : i32
  } : tensor<?x?xi32>
  call @print_i32(%bits) : (tensor<?x?xi32>) -> ()
  return
}

func.func @print_vector(%x: tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = tensor.expand_shape %x [[0, 1]] output_shape [1, %n] : tensor<?xf32> into tensor<1x?xf32>
  %c = tensor.cast %m : tensor<1x?xf32> to tensor<?x?xf32>
  call @print(%c) : (tensor<?x?xf32>) -> ()
  return
}

func.func @print_codes(%x: tensor<?x?xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x?xi8>
  %columns = tensor.dim %x, %c1 : tensor<?x?xi8>
  %wide = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = tensor.extract %x[%i, %j] : tensor<?x?xi8>
    %1 = arith.extsi %0 : i8 to i32
    tensor.yield %1 : i32
  } : tensor<?x?xi32>
  call @print_i32(%wide) : (tensor<?x?xi32>) -> ()
  return
}

func.func @print_nibbles(%x: tensor<?x?xi4>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x?xi4>
  %columns = tensor.dim %x, %c1 : tensor<?x?xi4>
  %wide = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = tensor.extract %x[%i, %j] : tensor<?x?xi4>
    %1 = arith.extui %0 : i4 to i32
    tensor.yield %1 : i32
  } : tensor<?x?xi32>
  call @print_i32(%wide) : (tensor<?x?xi32>) -> ()
  return
}
