// RUN: split-file %s %t
// RUN: printf 'xx\200\077\000\100\100\300' > %t/weights
// RUN: sed 's@ROOT@%t@' %t/entry.mlir | coopt-opt -allow-unregistered-dialect -coopt-entries-to-functions | FileCheck %s
// RUN: coopt-opt %t/invalid.mlir -allow-unregistered-dialect -coopt-entries-to-functions -split-input-file -verify-diagnostics

// Sizes follow the entry's arguments, the state is its buffer and no result; a recipe's values are made once, in the function.
// Nothing of the model is left. The weights are bf16 1, 2 and -3 behind two other bytes.

// CHECK-NOT: model.
// CHECK-LABEL: func.func @step(
// CHECK-SAME:    %[[X:.*]]: tensor<?x3xf32>, %[[STATE:.*]]: memref<4x24x3xf32>, %[[N:.*]]: index, %[[PAST:.*]]: index) -> tensor<?x1x3xf32> {
// CHECK-DAG:     %[[LOW:.*]] = arith.constant dense<{{\[\[}}1.000000e+00], [0.540302277]]> : tensor<2x1xf32>
// CHECK-DAG:     %[[HIGH:.*]] = arith.constant dense<{{\[\[}}0.000000e+00], [0.841470957]]> : tensor<2x1xf32>
// CHECK-DAG:     %[[BYTES:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00, -3.000000e+00]> : tensor<3xf32>
// CHECK-DAG:     %[[SUM:.*]] = arith.addf %[[LOW]], %[[HIGH]] : tensor<2x1xf32>
// CHECK-NOT:     arith.addf
// CHECK:         "test.use"(%[[SUM]], %[[SUM]], %[[BYTES]])
// CHECK:         attention.append ins(%[[K:.*]], %[[K]] : tensor<?x1x3xf32>, tensor<?x1x3xf32>) at %[[PAST]] into %[[STATE]] layer(1) : memref<4x24x3xf32>
// CHECK:         %[[O:.*]] = attention.attend ins(%[[K]] : tensor<?x1x3xf32>) state(%[[STATE]] : memref<4x24x3xf32>) at %[[PAST]], %{{.*}} outs(%[[K]] : tensor<?x1x3xf32>) layer(1) heads_per_group(1) scale(1.000000e+00) heads(1)
// CHECK:         return %[[O]] : tensor<?x1x3xf32>
// CHECK-NOT: coopt.

//--- entry.mlir
!state = !attention.state<layers = 2, heads = 1, head_size = 3, capacity = 24, element = f32>

module attributes {model.root = "ROOT"} {
  model.parameter @cos : tensor<2x1xf32> from #model.rotary<"cos", dense<1.0> : tensor<1xf32>>
  model.parameter @sin : tensor<2x1xf32> from #model.rotary<"sin", dense<1.0> : tensor<1xf32>>
  model.parameter @sum : tensor<2x1xf32>
  model.parameter @stored : tensor<3xf32> from #model.source<"weights", 2, tensor<3xbf16>>
  model.recipe @add defines [@sum] {
    %0 = model.load @cos : tensor<2x1xf32>
    %1 = model.load @sin : tensor<2x1xf32>
    %2 = arith.addf %0, %1 : tensor<2x1xf32>
    model.yield %2 : tensor<2x1xf32>
  }
  model.entry @step(%x: tensor<?x3xf32> {coopt.name = "x"}, %s: !state) -> (tensor<?x1x3xf32>, !state)
      sizes [#model.size<"n", min = 1, max = 2, multiple = 1>, #model.size<"past", min = 0, max = 22, multiple = 1>] dims [["n"], []] -> [["n"], []] {
    %c0 = arith.constant 0 : index
    %n = model.size "n" : index
    %past = model.size "past" : index
    %0 = model.load @sum : tensor<2x1xf32>
    %1 = model.load @sum : tensor<2x1xf32>
    %2 = model.load @stored : tensor<3xf32>
    "test.use"(%0, %1, %2) : (tensor<2x1xf32>, tensor<2x1xf32>, tensor<3xf32>) -> ()
    %k = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 1, 3] : tensor<?x3xf32> into tensor<?x1x3xf32>
    %t = attention.append ins(%k, %k : tensor<?x1x3xf32>, tensor<?x1x3xf32>) at %past into %s layer(1) : !state -> !state
    %o = attention.attend ins(%k : tensor<?x1x3xf32>) state(%t : !state) at %past, %c0 outs(%k : tensor<?x1x3xf32>)
      layer(1) heads_per_group(1) scale(1.0) {coopt.id = "attend"} -> tensor<?x1x3xf32>
    model.return %o, %t : tensor<?x1x3xf32>, !state
  }
}

//--- invalid.mlir
// expected-error @below {{expected a #model.source or a #model.rotary as origin: the value is not known before the model is loaded}}
model.parameter @noise : tensor<3xf32> from #model.noise<seed = 1, scale = 1.0>
model.entry @e() -> tensor<3xf32> {
  %0 = model.load @noise : tensor<3xf32>
  model.return %0 : tensor<3xf32>
}

// -----

// expected-error @below {{expected a file under the model's folder, got '../w'}}
model.parameter @outside : tensor<3xf32> from #model.source<"../w", 0, tensor<3xf32>>
model.entry @e() -> tensor<3xf32> {
  %0 = model.load @outside : tensor<3xf32>
  model.return %0 : tensor<3xf32>
}

// -----

// expected-error @below {{expected at most 268435456 elements as a constant, got 'tensor<4611686018427387904x1xf32>'}}
model.parameter @large : tensor<4611686018427387904x1xf32> from #model.rotary<"cos", dense<1.0> : tensor<1xf32>>
model.entry @e() -> tensor<4611686018427387904x1xf32> {
  %0 = model.load @large : tensor<4611686018427387904x1xf32>
  model.return %0 : tensor<4611686018427387904x1xf32>
}

// -----

model.parameter @circle : tensor<3xf32>
// expected-error @below {{needs the parameters that it defines}}
model.recipe @around defines [@circle] {
  %0 = model.load @circle : tensor<3xf32>
  model.yield %0 : tensor<3xf32>
}
model.entry @e() -> tensor<3xf32> {
  %0 = model.load @circle : tensor<3xf32>
  model.return %0 : tensor<3xf32>
}

// -----

model.entry @e(%s: !attention.state<layers = 2, heads = 1, head_size = 3, capacity = 24, element = f32>)
    -> !attention.state<layers = 2, heads = 1, head_size = 3, capacity = 24, element = f32> {
  // expected-error @below {{cannot work on a state's buffer}}
  "test.use"(%s) : (!attention.state<layers = 2, heads = 1, head_size = 3, capacity = 24, element = f32>) -> ()
  model.return %s : !attention.state<layers = 2, heads = 1, head_size = 3, capacity = 24, element = f32>
}
