// RUN: coopt-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{expected the name of a size}}
module @c1_a_name attributes {value = #schedule.guard<["" le 1]>} {}

// -----

// expected-error @below {{expected size 'n' to be compared with a bound >= 0, got -1}}
module @c1_the_bound attributes {value = #schedule.condition<"n" le -1>} {}

// -----

// expected-error @below {{expected lt, le, gt, ge or eq, got 'ne'}}
module attributes {comparison = #schedule.condition<"n" ne 1>} {}

// -----

// expected-error @below {{expected at least one tile size}}
module @c2_not_empty attributes {value = #schedule.config<tile = []>} {}

// -----

// expected-error @below {{expected tile sizes >= 0, got -4}}
module @c2_not_negative attributes {value = #schedule.config<tile = [1, -4]>} {}

// -----

// expected-error @below {{expected a vector of a power of two of at most 64 lanes, got 12}}
module @c3_a_power_of_two attributes {value = #schedule.config<tile = [1], vector = 12>} {}

// -----

// expected-error @below {{expected a vector of a power of two of at most 64 lanes, got 128}}
module @c3_not_too_many attributes {value = #schedule.config<tile = [1], vector = 128>} {}

// -----

// expected-error @below {{expected a vector of a power of two of at most 64 lanes, got -8}}
module @c3_not_negative attributes {value = #schedule.config<tile = [1], vector = -8>} {}

// -----

// expected-error @below {{expected as many tail policies as tile sizes (1), got 2}}
module @c4_as_many attributes {value = #schedule.config<tile = [1], tail = [peel, pad]>} {}

// -----

// expected-error @below {{expected as many inner tile sizes as tile sizes (2), got 1}}
module @c13_as_many attributes {value = #schedule.config<tile = [1, 0], inner = [1]>} {}

// -----

// expected-error @below {{expected vector_rows of 0 to 16, got 17}}
module @c14_few attributes {value = #schedule.config<tile = [8], vector_rows = 17>} {}

// -----

// expected-error @below {{expected inner tile sizes >= 0, got -2}}
module @c13_not_negative attributes {value = #schedule.config<tile = [8], inner = [-2]>} {}

// -----

// expected-error @below {{expected peel, mask, pad or runtime, got 'cut'}}
module attributes {policy = #schedule.config<tile = [1], tail = [cut]>} {}

// -----

// expected-error @below {{expected tile, inner, vector, vector_rows or tail, got 'order'}}
module attributes {field = #schedule.config<tile = [1], order = [0]>} {}

// -----

// expected-error @below {{field 'tile' is given twice}}
module attributes {field = #schedule.config<tile = [1], tile = [1]>} {}

// -----

// expected-error @below {{expected one configuration for each of at least one guard, got 0 for 0}}
module @c5_at_least_one attributes {value = #schedule.set<[]>} {}

// -----

// expected-error @below {{expected the last guard to be true (empty), got #schedule.guard<["n" le 1]>}}
module @c6_the_last_is_true attributes {value = #schedule.set<[<["n" le 1]> -> <tile = [1]>]>} {}

// -----

// expected-error @below {{guard 0 is always true, but is not the last of 2}}
module @c6_no_other_is attributes {value = #schedule.set<[<[]> -> <tile = [1]>, <[]> -> <tile = [2]>]>} {}

// -----

// expected-error @below {{expected all configurations to tile the same 1 loops, got one with 2}}
module @c7_one_number_of_loops attributes {value = #schedule.set<[<["n" le 1]> -> <tile = [1]>, <[]> -> <tile = [2, 3]>]>} {}

// -----

func.func @c8_an_op_id() {
  // expected-error @below {{expected an op id that is not empty}}
  schedule.kernel "" {
    schedule.yield
  }
  return
}

// -----

func.func @c9_as_many_arguments(%x: tensor<3xf32>) {
  // expected-error @below {{expected one block argument for each of 1 operands, got 0}}
  "schedule.kernel"(%x) <{id = "x", operandSegmentSizes = array<i32: 1, 0>}> ({
    "schedule.yield"() : () -> ()
  }) : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @c9_of_the_operands_types(%x: tensor<3xf32>) {
  // Of the operands' types.
  // expected-error @below {{expected block argument 0 to have its operand's type 'tensor<3xf32>', got 'tensor<5xf32>'}}
  "schedule.kernel"(%x) <{id = "x", operandSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%a: tensor<5xf32>):
    "schedule.yield"() : () -> ()
  }) : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @c10_no_scalars_as_destinations(%n: index) -> index {
  // expected-error @below {{expected destination 0 to be a tensor, a memref or a state, got 'index'}}
  %r = schedule.kernel "x" outs(%o = %n : index) {
    schedule.yield %o : index
  } -> index
  return %r : index
}

// -----

func.func @c11_as_many_results(%x: tensor<3xf32>, %m: memref<3xf32>) {
  // expected-error @below {{expected one result for each of 1 destinations that are no memrefs, got 0}}
  schedule.kernel "x" outs(%a = %x : tensor<3xf32>, %b = %m : memref<3xf32>) {
    schedule.yield
  }
  return
}

// -----

func.func @c11_of_the_destinations_types(%x: tensor<3xf32>) -> tensor<?xf32> {
  // Of the destinations' types.
  // expected-error @below {{expected result 0 to have the type of its destination, 'tensor<3xf32>', got 'tensor<?xf32>'}}
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    %c = tensor.cast %a : tensor<3xf32> to tensor<?xf32>
    schedule.yield %c : tensor<?xf32>
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

func.func @c12_as_many_values(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    // expected-error @below {{expected 1 values, the results of the kernel, got 0}}
    schedule.yield
  } -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

func.func @c12_of_the_results_types(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = schedule.kernel "x" outs(%a = %x : tensor<3xf32>) {
    %c = tensor.cast %a : tensor<3xf32> to tensor<?xf32>
    // Of the results' types.
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
