// The ops of sparse matrices by their definitions: runs that are short, ties, numbers that are none, rows that choose together, bits that no
// pattern chose. Inputs and the five integers of a line: Inputs/values.mlir. What is expected was computed by an independent program,
// from the ops' descriptions.
//
// RUN: cat %s %S/Inputs/values.mlir | coopt-opt -coopt-expand-to-reference | %plain_lowering | %plain_runner | FileCheck %s

// (number mod modulus - floor(modulus / 2)) / 128: exact, and with a small modulus mostly ties.
func.func @levels(%rows: index, %columns: index, %seed: index, %modulus: index) -> tensor<?x?xf32> {
  %c2 = arith.constant 2 : index
  %part = arith.constant 0.0078125 : f32
  %half = arith.divui %modulus, %c2 : index
  %middle = arith.index_cast %half : index to i32
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %modulus) : (index, index, index, index) -> i32
    %1 = arith.subi %0, %middle : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %part : f32
    tensor.yield %3 : f32
  } : tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}

// Levels, but for those of the numbers 0 to 10: NaN of both signs, infinities, the largest, the two smallest, zeros.
func.func @extremes(%rows: index, %columns: index, %seed: index, %modulus: index) -> tensor<?x?xf32> {
  %c10 = arith.constant 10 : i32
  %table = arith.constant dense<[0x7FC00001, 0x7F800000, 0xFF800000, 0x00000000, 0x80000000, 0x7F7FFFFF, 0xFF7FFFFF, 0x00000001,
                                 0x80000002, 0xFFC00003, 0x00800000]> : tensor<11xf32>
  %levels = call @levels(%rows, %columns, %seed, %modulus) : (index, index, index, index) -> tensor<?x?xf32>
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %modulus) : (index, index, index, index) -> i32
    %1 = arith.minui %0, %c10 : i32
    %2 = arith.index_cast %1 : i32 to index
    %3 = tensor.extract %table[%2] : tensor<11xf32>
    %4 = tensor.extract %levels[%i, %j] : tensor<?x?xf32>
    %5 = arith.cmpi ule, %0, %c10 : i32
    %6 = arith.select %5, %3, %4 : f32
    tensor.yield %6 : f32
  } : tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}

// Whether number mod modulus is not 0.
func.func @bits(%rows: index, %columns: index, %seed: index, %modulus: index) -> tensor<?x?xi1> {
  %zero = arith.constant 0 : i32
  %x = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = func.call @number(%i, %j, %seed, %modulus) : (index, index, index, index) -> i32
    %1 = arith.cmpi ne, %0, %zero : i32
    tensor.yield %1 : i1
  } : tensor<?x?xi1>
  return %x : tensor<?x?xi1>
}

func.func @print_bits(%x: tensor<?x?xi1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x?xi1>
  %columns = tensor.dim %x, %c1 : tensor<?x?xi1>
  %wide = tensor.generate %rows, %columns {
  ^bb0(%i: index, %j: index):
    %0 = tensor.extract %x[%i, %j] : tensor<?x?xi1>
    %1 = arith.extui %0 : i1 to i32
    tensor.yield %1 : i32
  } : tensor<?x?xi32>
  call @print_i32(%wide) : (tensor<?x?xi32>) -> ()
  return
}

// What is kept; the floats in their compact form, and what this means; the same for codes.
func.func @show(%bits: tensor<?x?xi1>, %values: tensor<?x?xf32>, %matrix: tensor<?x?xf32>, %few: tensor<?x?xi8>, %codes: tensor<?x?xi8>) {
  call @print_bits(%bits) : (tensor<?x?xi1>) -> ()
  call @print(%values) : (tensor<?x?xf32>) -> ()
  call @print(%matrix) : (tensor<?x?xf32>) -> ()
  call @print_codes(%few) : (tensor<?x?xi8>) -> ()
  call @print_codes(%codes) : (tensor<?x?xi8>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// Blocks that topk_select chooses
//===----------------------------------------------------------------------===//

func.func @halves_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = sparse.topk_select %x pattern(<"2:4">) : tensor<?x13xf32> -> tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x8xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4">) : tensor<?x8xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x8xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4">) : tensor<?x8xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %bits = tensor.cast %kept : tensor<?x13xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x8xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x8xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @quarters_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = sparse.topk_select %x pattern(<"1:4">) : tensor<?x13xf32> -> tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"1:4">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x4xf32>
  %1 = sparse.decompress %0, %kept pattern(<"1:4">) : tensor<?x4xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"1:4">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x4xi8>
  %3 = sparse.decompress %2, %kept pattern(<"1:4">) : tensor<?x4xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %bits = tensor.cast %kept : tensor<?x13xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x4xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x4xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @eighths_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = sparse.topk_select %x pattern(<"4:8">) : tensor<?x13xf32> -> tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"4:8">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x8xf32>
  %1 = sparse.decompress %0, %kept pattern(<"4:8">) : tensor<?x8xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"4:8">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x8xi8>
  %3 = sparse.decompress %2, %kept pattern(<"4:8">) : tensor<?x8xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %bits = tensor.cast %kept : tensor<?x13xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x8xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x8xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @most_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = sparse.topk_select %x pattern(<"3:4">) : tensor<?x13xf32> -> tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"3:4">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x12xf32>
  %1 = sparse.decompress %0, %kept pattern(<"3:4">) : tensor<?x12xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"3:4">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x12xi8>
  %3 = sparse.decompress %2, %kept pattern(<"3:4">) : tensor<?x12xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %bits = tensor.cast %kept : tensor<?x13xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x12xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x12xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @groups_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = sparse.topk_select %x pattern(<"2:4x16">) : tensor<?x13xf32> -> tensor<?x1xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4x16">) : tensor<?x13xf32>, tensor<?x1xi1> -> tensor<?x32xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4x16">) : tensor<?x32xf32>, tensor<?x1xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4x16">) : tensor<?x13xi8>, tensor<?x1xi1> -> tensor<?x32xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4x16">) : tensor<?x32xi8>, tensor<?x1xi1> -> tensor<?x13xi8>
  %bits = tensor.cast %kept : tensor<?x1xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x32xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x32xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @blocks_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<11x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<11x13xi8>
  %kept = sparse.topk_select %x pattern(<"2:4x8x16">) : tensor<11x13xf32> -> tensor<11x1xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4x8x16">) : tensor<11x13xf32>, tensor<11x1xi1> -> tensor<11x32xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4x8x16">) : tensor<11x32xf32>, tensor<11x1xi1> -> tensor<11x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4x8x16">) : tensor<11x13xi8>, tensor<11x1xi1> -> tensor<11x32xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4x8x16">) : tensor<11x32xi8>, tensor<11x1xi1> -> tensor<11x13xi8>
  %bits = tensor.cast %kept : tensor<11x1xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<11x32xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<11x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<11x32xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<11x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @halves_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = sparse.topk_select %x pattern(<"2:4">) : tensor<?x65xf32> -> tensor<?x65xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4">) : tensor<?x65xf32>, tensor<?x65xi1> -> tensor<?x34xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4">) : tensor<?x34xf32>, tensor<?x65xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4">) : tensor<?x65xi8>, tensor<?x65xi1> -> tensor<?x34xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4">) : tensor<?x34xi8>, tensor<?x65xi1> -> tensor<?x65xi8>
  %bits = tensor.cast %kept : tensor<?x65xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x34xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x34xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @quarters_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = sparse.topk_select %x pattern(<"1:4">) : tensor<?x65xf32> -> tensor<?x65xi1>
  %0 = sparse.compress %x, %kept pattern(<"1:4">) : tensor<?x65xf32>, tensor<?x65xi1> -> tensor<?x17xf32>
  %1 = sparse.decompress %0, %kept pattern(<"1:4">) : tensor<?x17xf32>, tensor<?x65xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"1:4">) : tensor<?x65xi8>, tensor<?x65xi1> -> tensor<?x17xi8>
  %3 = sparse.decompress %2, %kept pattern(<"1:4">) : tensor<?x17xi8>, tensor<?x65xi1> -> tensor<?x65xi8>
  %bits = tensor.cast %kept : tensor<?x65xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x17xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x17xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @eighths_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = sparse.topk_select %x pattern(<"4:8">) : tensor<?x65xf32> -> tensor<?x65xi1>
  %0 = sparse.compress %x, %kept pattern(<"4:8">) : tensor<?x65xf32>, tensor<?x65xi1> -> tensor<?x36xf32>
  %1 = sparse.decompress %0, %kept pattern(<"4:8">) : tensor<?x36xf32>, tensor<?x65xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"4:8">) : tensor<?x65xi8>, tensor<?x65xi1> -> tensor<?x36xi8>
  %3 = sparse.decompress %2, %kept pattern(<"4:8">) : tensor<?x36xi8>, tensor<?x65xi1> -> tensor<?x65xi8>
  %bits = tensor.cast %kept : tensor<?x65xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x36xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x36xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @most_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = sparse.topk_select %x pattern(<"3:4">) : tensor<?x65xf32> -> tensor<?x65xi1>
  %0 = sparse.compress %x, %kept pattern(<"3:4">) : tensor<?x65xf32>, tensor<?x65xi1> -> tensor<?x51xf32>
  %1 = sparse.decompress %0, %kept pattern(<"3:4">) : tensor<?x51xf32>, tensor<?x65xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"3:4">) : tensor<?x65xi8>, tensor<?x65xi1> -> tensor<?x51xi8>
  %3 = sparse.decompress %2, %kept pattern(<"3:4">) : tensor<?x51xi8>, tensor<?x65xi1> -> tensor<?x65xi8>
  %bits = tensor.cast %kept : tensor<?x65xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x51xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x51xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @groups_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = sparse.topk_select %x pattern(<"2:4x16">) : tensor<?x65xf32> -> tensor<?x5xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4x16">) : tensor<?x65xf32>, tensor<?x5xi1> -> tensor<?x64xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4x16">) : tensor<?x64xf32>, tensor<?x5xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4x16">) : tensor<?x65xi8>, tensor<?x5xi1> -> tensor<?x64xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4x16">) : tensor<?x64xi8>, tensor<?x5xi1> -> tensor<?x65xi8>
  %bits = tensor.cast %kept : tensor<?x5xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<?x64xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x64xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @blocks_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<11x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<11x65xi8>
  %kept = sparse.topk_select %x pattern(<"2:4x8x16">) : tensor<11x65xf32> -> tensor<11x5xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4x8x16">) : tensor<11x65xf32>, tensor<11x5xi1> -> tensor<11x64xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4x8x16">) : tensor<11x64xf32>, tensor<11x5xi1> -> tensor<11x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4x8x16">) : tensor<11x65xi8>, tensor<11x5xi1> -> tensor<11x64xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4x8x16">) : tensor<11x64xi8>, tensor<11x5xi1> -> tensor<11x65xi8>
  %bits = tensor.cast %kept : tensor<11x5xi1> to tensor<?x?xi1>
  %values = tensor.cast %0 : tensor<11x64xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<11x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<11x64xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<11x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1000, 0, 0, 0, 0]
// CHECK: {{^}}[11, 13, 1, 1, 11077]
// CHECK: {{^}}[11, 8, -1030768933, 0, 1958297883]
// CHECK: {{^}}[11, 13, -1030768933, 1089664645, 1499907143]
// CHECK: {{^}}[11, 8, -122, 0, -63961]
// CHECK: {{^}}[11, 13, -122, -34, -106793]
// CHECK: {{^}}[11, 13, 1, 1, 11011]
// CHECK: {{^}}[11, 8, 1006632960, 0, 805306368]
// CHECK: {{^}}[11, 13, 1006632960, -1140850688, 939524096]
// CHECK: {{^}}[11, 8, -122, 0, -17046]
// CHECK: {{^}}[11, 13, -122, -34, -28424]
// CHECK: {{^}}[11, 13, 0, 1, 11053]
// CHECK: {{^}}[11, 8, -1132462080, 0, 1451229184]
// CHECK: {{^}}[11, 13, 0, -1132462080, -58720256]
// CHECK: {{^}}[11, 8, -109, 0, 4286]
// CHECK: {{^}}[11, 13, 0, -34, 5106]
// CHECK: {{^}}[11, 13, 0, 1, 11059]
// CHECK: {{^}}[11, 8, 1, 0, -301985375]
// CHECK: {{^}}[11, 13, 0, 8388608, -1568662217]
// CHECK: {{^}}[11, 8, 12, 0, -34949]
// CHECK: {{^}}[11, 13, 0, -34, -57255]
// CHECK: {{^}}[11, 13, 0, 1, 11053]
// CHECK: {{^}}[11, 8, 2139095040, 0, 803210480]
// CHECK: {{^}}[11, 13, 0, -8388609, 861931544]
// CHECK: {{^}}[11, 8, 12, 0, 25736]
// CHECK: {{^}}[11, 13, 0, -34, 42372]
// CHECK: {{^}}[11, 65, 1, 1, 259899]
// CHECK: {{^}}[11, 34, -1030768933, 0, 1545105042]
// CHECK: {{^}}[11, 65, -1030768933, 1091955977, 1116538606]
// CHECK: {{^}}[11, 34, -122, 0, -181685]
// CHECK: {{^}}[11, 65, -122, 49, -346897]
// CHECK: {{^}}[11, 65, 1, 1, 259543]
// CHECK: {{^}}[11, 34, 1006632960, 0, -738197504]
// CHECK: {{^}}[11, 65, 1006632960, 1006632960, -2080374784]
// CHECK: {{^}}[11, 34, -122, 0, -152004]
// CHECK: {{^}}[11, 65, -122, 49, -291610]
// CHECK: {{^}}[11, 65, 0, 1, 259761]
// CHECK: {{^}}[11, 34, -1132462080, 0, -167772160]
// CHECK: {{^}}[11, 65, 0, 1006632960, -838860800]
// CHECK: {{^}}[11, 34, -109, 0, -26524]
// CHECK: {{^}}[11, 65, 0, 49, -52804]
// CHECK: {{^}}[11, 65, 0, 1, 259801]
// CHECK: {{^}}[11, 34, 1, 0, 419527181]
// CHECK: {{^}}[11, 65, 0, -4194301, 327341577]
// CHECK: {{^}}[11, 34, 12, 0, -134002]
// CHECK: {{^}}[11, 65, 0, 49, -254152]
// CHECK: {{^}}[11, 65, 0, 1, 259719]
// CHECK: {{^}}[11, 34, 2139095040, 0, 780174664]
// CHECK: {{^}}[11, 65, 0, -2147483648, -1673461868]
// CHECK: {{^}}[11, 34, 12, 0, -115283]
// CHECK: {{^}}[11, 65, 0, 49, -220247]
func.func @all_halves() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c65 = arith.constant 65 : index
  %n13 = call @codes(%c11, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @matrix(%c11, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @halves_13(%0, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %1 = call @levels(%c11, %c13, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_13(%1, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %2 = call @levels(%c11, %c13, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_13(%2, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %3 = call @extremes(%c11, %c13, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_13(%3, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %4 = call @extremes(%c11, %c13, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_13(%4, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %n65 = call @codes(%c11, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %5 = call @matrix(%c11, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @halves_65(%5, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %6 = call @levels(%c11, %c65, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_65(%6, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %7 = call @levels(%c11, %c65, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_65(%7, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %8 = call @extremes(%c11, %c65, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_65(%8, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %9 = call @extremes(%c11, %c65, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @halves_65(%9, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1001, 0, 0, 0, 0]
// CHECK: {{^}}[11, 13, 1, 1, 6388]
// CHECK: {{^}}[11, 4, -1030768933, 1089664645, -277204127]
// CHECK: {{^}}[11, 13, -1030768933, 1089664645, 1248368273]
// CHECK: {{^}}[11, 4, -122, -34, -9387]
// CHECK: {{^}}[11, 13, -122, -34, -31745]
// CHECK: {{^}}[11, 13, 1, 1, 6314]
// CHECK: {{^}}[11, 4, 1006632960, -1140850688, -1275068416]
// CHECK: {{^}}[11, 13, 1006632960, -1140850688, -603979776]
// CHECK: {{^}}[11, 4, -122, -34, 6487]
// CHECK: {{^}}[11, 13, -122, -34, 21345]
// CHECK: {{^}}[11, 13, 0, 1, 6374]
// CHECK: {{^}}[11, 4, -1132462080, -1132462080, -687865856]
// CHECK: {{^}}[11, 13, 0, -1132462080, 654311424]
// CHECK: {{^}}[11, 4, -109, -34, -13118]
// CHECK: {{^}}[11, 13, 0, -34, -44794]
// CHECK: {{^}}[11, 13, 0, 1, 6352]
// CHECK: {{^}}[11, 4, 2143289345, 8388608, -1442839228]
// CHECK: {{^}}[11, 13, 0, 8388608, 1501565258]
// CHECK: {{^}}[11, 4, -109, -34, 11684]
// CHECK: {{^}}[11, 13, 0, -34, 37934]
// CHECK: {{^}}[11, 13, 0, 1, 6394]
// CHECK: {{^}}[11, 4, 2139095040, -8388609, 1715471245]
// CHECK: {{^}}[11, 13, 0, -8388609, 1035996065]
// CHECK: {{^}}[11, 4, 12, -34, 952]
// CHECK: {{^}}[11, 13, 0, -34, 2276]
// CHECK: {{^}}[11, 65, 1, 1, 134225]
// CHECK: {{^}}[11, 17, -1030768933, 1091955977, -1711573433]
// CHECK: {{^}}[11, 65, -1030768933, 1091955977, -1857779273]
// CHECK: {{^}}[11, 17, -122, 49, 84143]
// CHECK: {{^}}[11, 65, -122, 49, 322259]
// CHECK: {{^}}[11, 65, 1, 1, 133821]
// CHECK: {{^}}[11, 17, 1006632960, 1006632960, 2080374784]
// CHECK: {{^}}[11, 65, 1006632960, 1006632960, -335544320]
// CHECK: {{^}}[11, 17, -122, 49, -30178]
// CHECK: {{^}}[11, 65, -122, 49, -115242]
// CHECK: {{^}}[11, 65, 0, 1, 134129]
// CHECK: {{^}}[11, 17, -1132462080, 1006632960, -469762048]
// CHECK: {{^}}[11, 65, 0, 1006632960, 805306368]
// CHECK: {{^}}[11, 17, -109, 49, -31211]
// CHECK: {{^}}[11, 65, 0, 49, -120457]
// CHECK: {{^}}[11, 65, 0, 1, 134025]
// CHECK: {{^}}[11, 17, 2143289345, -4194301, -1375703199]
// CHECK: {{^}}[11, 65, 0, -4194301, 1174514417]
// CHECK: {{^}}[11, 17, -109, 49, 13223]
// CHECK: {{^}}[11, 65, 0, 49, 50437]
// CHECK: {{^}}[11, 65, 0, 1, 134189]
// CHECK: {{^}}[11, 17, 2139095040, -2147483648, -285190885]
// CHECK: {{^}}[11, 65, 0, -2147483648, 25249361]
// CHECK: {{^}}[11, 17, 12, 49, -158763]
// CHECK: {{^}}[11, 65, 0, 49, -611203]
func.func @all_quarters() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c65 = arith.constant 65 : index
  %n13 = call @codes(%c11, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @matrix(%c11, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @quarters_13(%0, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %1 = call @levels(%c11, %c13, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_13(%1, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %2 = call @levels(%c11, %c13, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_13(%2, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %3 = call @extremes(%c11, %c13, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_13(%3, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %4 = call @extremes(%c11, %c13, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_13(%4, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %n65 = call @codes(%c11, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %5 = call @matrix(%c11, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @quarters_65(%5, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %6 = call @levels(%c11, %c65, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_65(%6, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %7 = call @levels(%c11, %c65, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_65(%7, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %8 = call @extremes(%c11, %c65, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_65(%8, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %9 = call @extremes(%c11, %c65, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @quarters_65(%9, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1002, 0, 0, 0, 0]
// CHECK: {{^}}[11, 13, 1, 1, 12710]
// CHECK: {{^}}[11, 8, -1030768933, 1089664645, 1439568113]
// CHECK: {{^}}[11, 13, -1030768933, 1089664645, -1590931411]
// CHECK: {{^}}[11, 8, -122, -34, -11758]
// CHECK: {{^}}[11, 13, -122, -34, -18010]
// CHECK: {{^}}[11, 13, 1, 1, 12604]
// CHECK: {{^}}[11, 8, 1006632960, -1140850688, -1811939328]
// CHECK: {{^}}[11, 13, 1006632960, -1140850688, -872415232]
// CHECK: {{^}}[11, 8, -122, -34, -41584]
// CHECK: {{^}}[11, 13, -122, -34, -67732]
// CHECK: {{^}}[11, 13, 0, 1, 12674]
// CHECK: {{^}}[11, 8, -1140850688, -1132462080, 864026624]
// CHECK: {{^}}[11, 13, 0, -1132462080, -662700032]
// CHECK: {{^}}[11, 8, 12, -34, 31678]
// CHECK: {{^}}[11, 13, 0, -34, 50364]
// CHECK: {{^}}[11, 13, 0, 0, 12672]
// CHECK: {{^}}[11, 8, 2143289345, -8388609, 1568673557]
// CHECK: {{^}}[11, 13, 0, 0, -2004870977]
// CHECK: {{^}}[11, 8, -109, 87, 2220]
// CHECK: {{^}}[11, 13, 0, 0, 2650]
// CHECK: {{^}}[11, 13, 0, 1, 12710]
// CHECK: {{^}}[11, 8, 2139095040, -8388609, 444598307]
// CHECK: {{^}}[11, 13, 0, -8388609, -1375728291]
// CHECK: {{^}}[11, 8, 12, -34, -2744]
// CHECK: {{^}}[11, 13, 0, -34, -4354]
// CHECK: {{^}}[11, 65, 1, 1, 259929]
// CHECK: {{^}}[11, 36, -1030768933, 0, 1441285818]
// CHECK: {{^}}[11, 65, -1030768933, 1091955977, 291942956]
// CHECK: {{^}}[11, 36, -122, 0, 177467]
// CHECK: {{^}}[11, 65, -122, 49, 326577]
// CHECK: {{^}}[11, 65, 1, 1, 259189]
// CHECK: {{^}}[11, 36, 1006632960, 0, -2080374784]
// CHECK: {{^}}[11, 65, 1006632960, 1006632960, -1946157056]
// CHECK: {{^}}[11, 36, -122, 0, -150265]
// CHECK: {{^}}[11, 65, -122, 49, -272833]
// CHECK: {{^}}[11, 65, 0, 1, 259551]
// CHECK: {{^}}[11, 36, -1140850688, 0, 671088640]
// CHECK: {{^}}[11, 65, 0, 1006632960, 369098752]
// CHECK: {{^}}[11, 36, 12, 0, 270872]
// CHECK: {{^}}[11, 65, 0, 49, 492188]
// CHECK: {{^}}[11, 65, 0, 1, 259625]
// CHECK: {{^}}[11, 36, 2143289345, 0, -1878973875]
// CHECK: {{^}}[11, 65, 0, -4194301, -226357123]
// CHECK: {{^}}[11, 36, -109, 0, -148341]
// CHECK: {{^}}[11, 65, 0, 49, -273797]
// CHECK: {{^}}[11, 65, 0, 1, 260017]
// CHECK: {{^}}[11, 36, 2139095040, 0, -331318337]
// CHECK: {{^}}[11, 65, 0, -2147483648, 369156419]
// CHECK: {{^}}[11, 36, 12, 0, -381297]
// CHECK: {{^}}[11, 65, 0, 49, -692217]
func.func @all_eighths() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c65 = arith.constant 65 : index
  %n13 = call @codes(%c11, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @matrix(%c11, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @eighths_13(%0, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %1 = call @levels(%c11, %c13, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_13(%1, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %2 = call @levels(%c11, %c13, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_13(%2, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %3 = call @extremes(%c11, %c13, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_13(%3, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %4 = call @extremes(%c11, %c13, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_13(%4, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %n65 = call @codes(%c11, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %5 = call @matrix(%c11, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @eighths_65(%5, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %6 = call @levels(%c11, %c65, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_65(%6, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %7 = call @levels(%c11, %c65, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_65(%7, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %8 = call @extremes(%c11, %c65, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_65(%8, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %9 = call @extremes(%c11, %c65, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @eighths_65(%9, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1003, 0, 0, 0, 0]
// CHECK: {{^}}[11, 13, 1, 1, 15772]
// CHECK: {{^}}[11, 12, -1030768933, 0, -518461087]
// CHECK: {{^}}[11, 13, -1030768933, 1089664645, -569677599]
// CHECK: {{^}}[11, 12, -122, 0, -50682]
// CHECK: {{^}}[11, 13, -122, -34, -57206]
// CHECK: {{^}}[11, 13, 1, 1, 15730]
// CHECK: {{^}}[11, 12, 1006632960, 0, 0]
// CHECK: {{^}}[11, 13, 1006632960, -1140850688, -2147483648]
// CHECK: {{^}}[11, 12, -122, 0, -91598]
// CHECK: {{^}}[11, 13, -122, -34, -101284]
// CHECK: {{^}}[11, 13, 0, 1, 15748]
// CHECK: {{^}}[11, 12, -1140850688, 0, -176160768]
// CHECK: {{^}}[11, 13, 0, -1132462080, -528482304]
// CHECK: {{^}}[11, 12, 12, 0, 46163]
// CHECK: {{^}}[11, 13, 0, -34, 49585]
// CHECK: {{^}}[11, 13, 1, 1, 15748]
// CHECK: {{^}}[11, 12, 0, 0, -1006624471]
// CHECK: {{^}}[11, 13, 0, 8388608, 2030052507]
// CHECK: {{^}}[11, 12, -122, 0, -62376]
// CHECK: {{^}}[11, 13, -122, -34, -68246]
// CHECK: {{^}}[11, 13, 0, 1, 15734]
// CHECK: {{^}}[11, 12, 2139095040, 0, 287313168]
// CHECK: {{^}}[11, 13, 0, -8388609, 794824264]
// CHECK: {{^}}[11, 12, 12, 0, 5115]
// CHECK: {{^}}[11, 13, 0, -34, 6031]
// CHECK: {{^}}[11, 65, 1, 1, 385573]
// CHECK: {{^}}[11, 51, -1030768933, 0, 1417864160]
// CHECK: {{^}}[11, 65, -1030768933, 1091955977, -443460688]
// CHECK: {{^}}[11, 51, -122, 0, 187743]
// CHECK: {{^}}[11, 65, -122, 49, 238661]
// CHECK: {{^}}[11, 65, 1, 1, 385387]
// CHECK: {{^}}[11, 51, 1006632960, 0, 201326592]
// CHECK: {{^}}[11, 65, 1006632960, 1006632960, -1946157056]
// CHECK: {{^}}[11, 51, -122, 0, -194346]
// CHECK: {{^}}[11, 65, -122, 49, -248706]
// CHECK: {{^}}[11, 65, 0, 1, 385459]
// CHECK: {{^}}[11, 51, -1140850688, 0, 1174405120]
// CHECK: {{^}}[11, 65, 0, 1006632960, -973078528]
// CHECK: {{^}}[11, 51, 12, 0, 53814]
// CHECK: {{^}}[11, 65, 0, 49, 67796]
// CHECK: {{^}}[11, 65, 1, 1, 385481]
// CHECK: {{^}}[11, 51, 0, 0, 1099089785]
// CHECK: {{^}}[11, 65, 0, -4194301, 1552125633]
// CHECK: {{^}}[11, 51, -122, 0, -143945]
// CHECK: {{^}}[11, 65, -122, 49, -185049]
// CHECK: {{^}}[11, 65, 0, 1, 385345]
// CHECK: {{^}}[11, 51, 2139095040, 0, 851525773]
// CHECK: {{^}}[11, 65, 0, -2147483648, 440506859]
// CHECK: {{^}}[11, 51, 12, 0, 129307]
// CHECK: {{^}}[11, 65, 0, 49, 163453]
func.func @all_most() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c17 = arith.constant 17 : index
  %c65 = arith.constant 65 : index
  %n13 = call @codes(%c11, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @matrix(%c11, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @most_13(%0, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %1 = call @levels(%c11, %c13, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_13(%1, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %2 = call @levels(%c11, %c13, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_13(%2, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %3 = call @extremes(%c11, %c13, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_13(%3, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %4 = call @extremes(%c11, %c13, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_13(%4, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %n65 = call @codes(%c11, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %5 = call @matrix(%c11, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @most_65(%5, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %6 = call @levels(%c11, %c65, %c2, %c3) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_65(%6, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %7 = call @levels(%c11, %c65, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_65(%7, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %8 = call @extremes(%c11, %c65, %c3, %c11) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_65(%8, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %9 = call @extremes(%c11, %c65, %c3, %c17) : (index, index, index, index) -> tensor<?x?xf32>
  call @most_65(%9, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1004, 0, 0, 0, 0]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, -1030768933, 0, 241911233]
// CHECK: {{^}}[11, 13, -1030768933, 1089664645, 789888767]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, 0, 0, -486539264]
// CHECK: {{^}}[11, 13, 0, -1132462080, -1107296256]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, 0, 0, -1266679808]
// CHECK: {{^}}[11, 13, 0, -1132462080, -528482304]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, 0, 0, 584582869]
// CHECK: {{^}}[11, 13, 0, -1099956224, 902824659]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 5, 1, 1, 1833]
// CHECK: {{^}}[11, 64, -1030768933, 0, 786046104]
// CHECK: {{^}}[11, 65, -1030768933, 1091955977, -358173728]
// CHECK: {{^}}[11, 64, -122, 0, 419951]
// CHECK: {{^}}[11, 65, -122, 49, 469721]
// CHECK: {{^}}[11, 5, 1, 1, 1793]
// CHECK: {{^}}[11, 64, 0, 0, -713031680]
// CHECK: {{^}}[11, 65, 0, -1132462080, -411041792]
// CHECK: {{^}}[11, 64, -122, 0, 82919]
// CHECK: {{^}}[11, 65, -122, 49, 82565]
// CHECK: {{^}}[11, 5, 0, 1, 1833]
// CHECK: {{^}}[11, 64, -1132462080, 0, -2046820352]
// CHECK: {{^}}[11, 65, 0, 1006632960, -1207959552]
// CHECK: {{^}}[11, 64, 86, 0, 343840]
// CHECK: {{^}}[11, 65, 0, 49, 368360]
// CHECK: {{^}}[11, 5, 0, 1, 1807]
// CHECK: {{^}}[11, 64, -8388608, 0, -51628780]
// CHECK: {{^}}[11, 65, 0, 1047003136, -802933152]
// CHECK: {{^}}[11, 64, -18, 0, 363674]
// CHECK: {{^}}[11, 65, 0, 49, 371280]
func.func @all_groups() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c65 = arith.constant 65 : index
  %c83 = arith.constant 83 : index
  %n13 = call @codes(%c11, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @matrix(%c11, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @groups_13(%0, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %1 = call @levels(%c11, %c13, %c2, %c4) : (index, index, index, index) -> tensor<?x?xf32>
  call @groups_13(%1, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %2 = call @levels(%c11, %c13, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @groups_13(%2, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %3 = call @extremes(%c11, %c13, %c3, %c83) : (index, index, index, index) -> tensor<?x?xf32>
  call @groups_13(%3, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %n65 = call @codes(%c11, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %4 = call @matrix(%c11, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @groups_65(%4, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %5 = call @levels(%c11, %c65, %c2, %c4) : (index, index, index, index) -> tensor<?x?xf32>
  call @groups_65(%5, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %6 = call @levels(%c11, %c65, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @groups_65(%6, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %7 = call @extremes(%c11, %c65, %c3, %c83) : (index, index, index, index) -> tensor<?x?xf32>
  call @groups_65(%7, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1005, 0, 0, 0, 0]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, -1030768933, 0, 241911233]
// CHECK: {{^}}[11, 13, -1030768933, 1089664645, 789888767]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, 0, 0, -486539264]
// CHECK: {{^}}[11, 13, 0, -1132462080, -1107296256]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, 0, 0, -1266679808]
// CHECK: {{^}}[11, 13, 0, -1132462080, -528482304]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 1, 1, 1, 121]
// CHECK: {{^}}[11, 32, 0, 0, 584582869]
// CHECK: {{^}}[11, 13, 0, -1099956224, 902824659]
// CHECK: {{^}}[11, 32, -122, 0, -3786]
// CHECK: {{^}}[11, 13, -122, -34, -2836]
// CHECK: {{^}}[11, 5, 1, 1, 1811]
// CHECK: {{^}}[11, 64, -1030768933, 0, -194087784]
// CHECK: {{^}}[11, 65, -1030768933, 1091955977, -691201584]
// CHECK: {{^}}[11, 64, -122, 0, -581650]
// CHECK: {{^}}[11, 65, -122, 49, -615148]
// CHECK: {{^}}[11, 5, 1, 1, 1793]
// CHECK: {{^}}[11, 64, 0, 0, -713031680]
// CHECK: {{^}}[11, 65, 0, -1132462080, -411041792]
// CHECK: {{^}}[11, 64, -122, 0, 82919]
// CHECK: {{^}}[11, 65, -122, 49, 82565]
// CHECK: {{^}}[11, 5, 0, 1, 1869]
// CHECK: {{^}}[11, 64, -1132462080, 0, 486539264]
// CHECK: {{^}}[11, 65, 0, 1006632960, -687865856]
// CHECK: {{^}}[11, 64, 86, 0, 300590]
// CHECK: {{^}}[11, 65, 0, 49, 327350]
// CHECK: {{^}}[11, 5, 1, 1, 1793]
// CHECK: {{^}}[11, 64, 0, 0, -527681503]
// CHECK: {{^}}[11, 65, 0, 1047003136, -1247528779]
// CHECK: {{^}}[11, 64, -122, 0, 82919]
// CHECK: {{^}}[11, 65, -122, 49, 82565]
func.func @all_blocks() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %c65 = arith.constant 65 : index
  %c83 = arith.constant 83 : index
  %n13 = call @codes(%c11, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @matrix(%c11, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @blocks_13(%0, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %1 = call @levels(%c11, %c13, %c2, %c4) : (index, index, index, index) -> tensor<?x?xf32>
  call @blocks_13(%1, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %2 = call @levels(%c11, %c13, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @blocks_13(%2, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %3 = call @extremes(%c11, %c13, %c3, %c83) : (index, index, index, index) -> tensor<?x?xf32>
  call @blocks_13(%3, %n13) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %n65 = call @codes(%c11, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %4 = call @matrix(%c11, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  call @blocks_65(%4, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %5 = call @levels(%c11, %c65, %c2, %c4) : (index, index, index, index) -> tensor<?x?xf32>
  call @blocks_65(%5, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %6 = call @levels(%c11, %c65, %c2, %c5) : (index, index, index, index) -> tensor<?x?xf32>
  call @blocks_65(%6, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  %7 = call @extremes(%c11, %c65, %c3, %c83) : (index, index, index, index) -> tensor<?x?xf32>
  call @blocks_65(%7, %n65) : (tensor<?x?xf32>, tensor<?x?xi8>) -> ()
  return
}

//===----------------------------------------------------------------------===//
// Blocks that anything marks: of too many the first count, where there are too few the rest is zero
//===----------------------------------------------------------------------===//

func.func @marked_2_4_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>, %bits: tensor<?x?xi1>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = tensor.cast %bits : tensor<?x?xi1> to tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x8xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4">) : tensor<?x8xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x8xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4">) : tensor<?x8xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %values = tensor.cast %0 : tensor<?x8xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x8xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @marked_2_4_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>, %bits: tensor<?x?xi1>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = tensor.cast %bits : tensor<?x?xi1> to tensor<?x65xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4">) : tensor<?x65xf32>, tensor<?x65xi1> -> tensor<?x34xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4">) : tensor<?x34xf32>, tensor<?x65xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4">) : tensor<?x65xi8>, tensor<?x65xi1> -> tensor<?x34xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4">) : tensor<?x34xi8>, tensor<?x65xi1> -> tensor<?x65xi8>
  %values = tensor.cast %0 : tensor<?x34xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x34xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @marked_1_4_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>, %bits: tensor<?x?xi1>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = tensor.cast %bits : tensor<?x?xi1> to tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"1:4">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x4xf32>
  %1 = sparse.decompress %0, %kept pattern(<"1:4">) : tensor<?x4xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"1:4">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x4xi8>
  %3 = sparse.decompress %2, %kept pattern(<"1:4">) : tensor<?x4xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %values = tensor.cast %0 : tensor<?x4xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x4xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @marked_4_8_13(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>, %bits: tensor<?x?xi1>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x13xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x13xi8>
  %kept = tensor.cast %bits : tensor<?x?xi1> to tensor<?x13xi1>
  %0 = sparse.compress %x, %kept pattern(<"4:8">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x8xf32>
  %1 = sparse.decompress %0, %kept pattern(<"4:8">) : tensor<?x8xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  %2 = sparse.compress %c, %kept pattern(<"4:8">) : tensor<?x13xi8>, tensor<?x13xi1> -> tensor<?x8xi8>
  %3 = sparse.decompress %2, %kept pattern(<"4:8">) : tensor<?x8xi8>, tensor<?x13xi1> -> tensor<?x13xi8>
  %values = tensor.cast %0 : tensor<?x8xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x13xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x8xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x13xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

func.func @marked_2_4x16_65(%m: tensor<?x?xf32>, %n: tensor<?x?xi8>, %bits: tensor<?x?xi1>) {
  %x = tensor.cast %m : tensor<?x?xf32> to tensor<?x65xf32>
  %c = tensor.cast %n : tensor<?x?xi8> to tensor<?x65xi8>
  %kept = tensor.cast %bits : tensor<?x?xi1> to tensor<?x5xi1>
  %0 = sparse.compress %x, %kept pattern(<"2:4x16">) : tensor<?x65xf32>, tensor<?x5xi1> -> tensor<?x64xf32>
  %1 = sparse.decompress %0, %kept pattern(<"2:4x16">) : tensor<?x64xf32>, tensor<?x5xi1> -> tensor<?x65xf32>
  %2 = sparse.compress %c, %kept pattern(<"2:4x16">) : tensor<?x65xi8>, tensor<?x5xi1> -> tensor<?x64xi8>
  %3 = sparse.decompress %2, %kept pattern(<"2:4x16">) : tensor<?x64xi8>, tensor<?x5xi1> -> tensor<?x65xi8>
  %values = tensor.cast %0 : tensor<?x64xf32> to tensor<?x?xf32>
  %matrix = tensor.cast %1 : tensor<?x65xf32> to tensor<?x?xf32>
  %few = tensor.cast %2 : tensor<?x64xi8> to tensor<?x?xi8>
  %codes = tensor.cast %3 : tensor<?x65xi8> to tensor<?x?xi8>
  call @show(%bits, %values, %matrix, %few, %codes) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi8>) -> ()
  return
}

// CHECK-LABEL: {{^}}[1006, 0, 0, 0, 0]
// CHECK: {{^}}[7, 13, 1, 1, 5573]
// CHECK: {{^}}[7, 8, -1030768933, 0, -511046256]
// CHECK: {{^}}[7, 13, -1030768933, -1052715116, 1218779952]
// CHECK: {{^}}[7, 8, -122, 0, 10253]
// CHECK: {{^}}[7, 13, -122, 64, 16929]
// CHECK: {{^}}[7, 65, 0, 0, 103285]
// CHECK: {{^}}[7, 34, -1048426203, 0, -208388032]
// CHECK: {{^}}[7, 65, 0, 0, 2142743922]
// CHECK: {{^}}[7, 34, 12, 0, -224376]
// CHECK: {{^}}[7, 65, 0, 0, -425864]
// CHECK: {{^}}[7, 13, 0, 0, 4095]
// CHECK: {{^}}[7, 4, -1048426203, 0, -1675122597]
// CHECK: {{^}}[7, 13, 0, 0, -826297117]
// CHECK: {{^}}[7, 4, 12, 0, -25587]
// CHECK: {{^}}[7, 13, 0, 0, -82857]
// CHECK: {{^}}[7, 13, 1, 1, 7124]
// CHECK: {{^}}[7, 8, -1030768933, -1052715116, -678568946]
// CHECK: {{^}}[7, 13, -1030768933, -1052715116, 79836598]
// CHECK: {{^}}[7, 8, -122, 64, 2328]
// CHECK: {{^}}[7, 13, -122, 64, 5180]
// CHECK: {{^}}[7, 5, 1, 1, 840]
// CHECK: {{^}}[7, 64, -1030768933, 0, -1336003440]
// CHECK: {{^}}[7, 65, -1030768933, -1055364150, 437674070]
// CHECK: {{^}}[7, 64, -122, 0, -370956]
// CHECK: {{^}}[7, 65, -122, -108, -389578]
func.func @all_marked() {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c13 = arith.constant 13 : index
  %c65 = arith.constant 65 : index
  %x13 = call @matrix(%c7, %c13, %c1) : (index, index, index) -> tensor<?x?xf32>
  %n13 = call @codes(%c7, %c13, %c5) : (index, index, index) -> tensor<?x?xi8>
  %0 = call @bits(%c7, %c13, %c2, %c3) : (index, index, index, index) -> tensor<?x?xi1>
  call @marked_2_4_13(%x13, %n13, %0) : (tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi1>) -> ()
  %x65 = call @matrix(%c7, %c65, %c1) : (index, index, index) -> tensor<?x?xf32>
  %n65 = call @codes(%c7, %c65, %c5) : (index, index, index) -> tensor<?x?xi8>
  %1 = call @bits(%c7, %c65, %c2, %c2) : (index, index, index, index) -> tensor<?x?xi1>
  call @marked_2_4_65(%x65, %n65, %1) : (tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi1>) -> ()
  %2 = call @bits(%c7, %c13, %c2, %c2) : (index, index, index, index) -> tensor<?x?xi1>
  call @marked_1_4_13(%x13, %n13, %2) : (tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi1>) -> ()
  %3 = call @bits(%c7, %c13, %c2, %c7) : (index, index, index, index) -> tensor<?x?xi1>
  call @marked_4_8_13(%x13, %n13, %3) : (tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi1>) -> ()
  %4 = call @bits(%c7, %c5, %c2, %c3) : (index, index, index, index) -> tensor<?x?xi1>
  call @marked_2_4x16_65(%x65, %n65, %4) : (tensor<?x?xf32>, tensor<?x?xi8>, tensor<?x?xi1>) -> ()
  return
}

func.func @section(%number: i32) {
  %zero = arith.constant 0 : i32
  %line = tensor.from_elements %number, %zero, %zero, %zero, %zero : tensor<5xi32>
  %u = tensor.cast %line : tensor<5xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}

func.func @main() {
  %0 = arith.constant 1000 : i32
  %1 = arith.constant 1001 : i32
  %2 = arith.constant 1002 : i32
  %3 = arith.constant 1003 : i32
  %4 = arith.constant 1004 : i32
  %5 = arith.constant 1005 : i32
  %6 = arith.constant 1006 : i32
  call @section(%0) : (i32) -> ()
  call @all_halves() : () -> ()
  call @section(%1) : (i32) -> ()
  call @all_quarters() : () -> ()
  call @section(%2) : (i32) -> ()
  call @all_eighths() : () -> ()
  call @section(%3) : (i32) -> ()
  call @all_most() : () -> ()
  call @section(%4) : (i32) -> ()
  call @all_groups() : () -> ()
  call @section(%5) : (i32) -> ()
  call @all_blocks() : () -> ()
  call @section(%6) : (i32) -> ()
  call @all_marked() : () -> ()
  return
}
