// RUN: coopt-opt %s --split-input-file --verify-diagnostics

// C1: a name.
// expected-error @below {{expected the name of a size}}
module attributes {c1 = #schedule.guard<["" le 1]>} {}

// -----

// C1: the bound.
// expected-error @below {{expected size 'n' to be compared with a bound >= 0, got -1}}
module attributes {c1 = #schedule.condition<"n" le -1>} {}

// -----

// expected-error @below {{expected lt, le, gt, ge or eq, got 'ne'}}
module attributes {comparison = #schedule.condition<"n" ne 1>} {}

// -----

// C2: not empty.
// expected-error @below {{expected at least one tile size}}
module attributes {c2 = #schedule.config<tile = []>} {}

// -----

// C2: not negative.
// expected-error @below {{expected tile sizes >= 0, got -4}}
module attributes {c2 = #schedule.config<tile = [1, -4]>} {}

// -----

// C3: a power of two.
// expected-error @below {{expected a vector of a power of two of at most 64 lanes, got 12}}
module attributes {c3 = #schedule.config<tile = [1], vector = 12>} {}

// -----

// C3: not too many.
// expected-error @below {{expected a vector of a power of two of at most 64 lanes, got 128}}
module attributes {c3 = #schedule.config<tile = [1], vector = 128>} {}

// -----

// C3: not negative.
// expected-error @below {{expected a vector of a power of two of at most 64 lanes, got -8}}
module attributes {c3 = #schedule.config<tile = [1], vector = -8>} {}

// -----

// C4: as many.
// expected-error @below {{expected as many tail policies as tile sizes (1), got 2}}
module attributes {c4 = #schedule.config<tile = [1], tail = [peel, pad]>} {}

// -----

// expected-error @below {{expected peel, mask, pad or runtime, got 'cut'}}
module attributes {policy = #schedule.config<tile = [1], tail = [cut]>} {}

// -----

// expected-error @below {{expected tile, vector or tail, got 'order'}}
module attributes {field = #schedule.config<tile = [1], order = [0]>} {}

// -----

// expected-error @below {{field 'tile' is given twice}}
module attributes {field = #schedule.config<tile = [1], tile = [1]>} {}

// -----

// C5: at least one.
// expected-error @below {{expected one configuration for each of at least one guard, got 0 for 0}}
module attributes {c5 = #schedule.set<[]>} {}

// -----

// C6: the last is true.
// expected-error @below {{expected the last guard to be true (empty), got #schedule.guard<["n" le 1]>}}
module attributes {c6 = #schedule.set<[<["n" le 1]> -> <tile = [1]>]>} {}

// -----

// C6: no other is.
// expected-error @below {{guard 0 is always true, but is not the last of 2}}
module attributes {c6 = #schedule.set<[<[]> -> <tile = [1]>, <[]> -> <tile = [2]>]>} {}

// -----

// C7: one number of loops.
// expected-error @below {{expected all configurations to tile the same 1 loops, got one with 2}}
module attributes {c7 = #schedule.set<[<["n" le 1]> -> <tile = [1]>, <[]> -> <tile = [2, 3]>]>} {}

// -----

func.func @c8() {
  // C8: an op id.
  // expected-error @below {{expected an op id that is not empty}}
  schedule.kernel "" {
    schedule.yield
  }
  return
}

// -----

func.func @c9(%x: tensor<3xf32>) {
  // C9: as many arguments.
  // expected-error @below {{expected one block argument for each of 1 operands, got 0}}
  "schedule.kernel"(%x) <{id = "x", operandSegmentSizes = array<i32: 1, 0>}> ({
    "schedule.yield"() : () -> ()
  }) : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @c9(%x: tensor<3xf32>) {
  // C9: of the operands' types.
  // expected-error @below {{expected block argument 0 to have its operand's type 'tensor<3xf32>', got 'tensor<5xf32>'}}
  "schedule.kernel"(%x) <{id = "x", operandSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%a: tensor<5xf32>):
    "schedule.yield"() : () -> ()
  }) : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @c10(%n: index) -> index {
  // C10: no scalars as destinations.
  // expected-error @below {{expected destination 0 to be a tensor, a memref or a state, got 'index'}}
  %r = schedule.kernel "x" outs(%o = %n : index) {
    schedule.yield %o : index
  } -> index
  return %r : index
}

// -----

func.func @c11(%x: tensor<3xf32>, %m: memref<3xf32>) {
  // C11: as many results.
  // expected-error @below {{expected one result for each of 1 destinations that are no memrefs, got 0}}
  schedule.kernel "x" outs(%a = %x : tensor<3xf32>, %b = %m : memref<3xf32>) {
    schedule.yield
  }
  return
}

// -----

func.func @c11(%x: tensor<3xf32>) -> tensor<?xf32> {
  // C11: of the destinations' types.
  // expected-error @below {{expected result 0 to have the type of its destination, 'tensor<3xf32>', got 'tensor<?xf32>'}}
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    %c = tensor.cast %a : tensor<3xf32> to tensor<?xf32>
    schedule.yield %c : tensor<?xf32>
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

func.func @c12(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    // C12: as many values.
    // expected-error @below {{expected 1 values, the results of the kernel, got 0}}
    schedule.yield
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

func.func @c12(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    %c = tensor.cast %a : tensor<3xf32> to tensor<?xf32>
    // C12: of the results' types.
    // expected-error @below {{expected value 0 to have the type of the kernel's result, 'tensor<3xf32>', got 'tensor<?xf32>'}}
    schedule.yield %c : tensor<?xf32>
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

func.func @isolated(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-note @below {{required by region isolation constraints}}
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    // expected-error @below {{using value defined outside the region}}
    schedule.yield %x : tensor<3xf32>
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}
