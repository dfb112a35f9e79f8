// Attention, fixed and fast, computed: values are those of an independent implementation of its definition. Scores are 0 or
// -500, so that every exponential is exactly 0 or 1 and the bits depend on nothing but the order of operations.
//
// RUN: coopt-opt %s -coopt-expand-to-reference | %plain_lowering | %plain_runner | FileCheck %s

!buffer = memref<8x130x3xf32>

func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}

// (a mod 101 - 50) / 7
func.func @number(%a: index) -> f32 {
  %c101 = arith.constant 101 : index
  %c50 = arith.constant 50 : index
  %seven = arith.constant 7.0 : f32
  %0 = arith.remui %a, %c101 : index
  %1 = arith.subi %0, %c50 : index
  %2 = arith.index_cast %1 : index to i32
  %3 = arith.sitofp %2 : i32 to f32
  %4 = arith.divf %3, %seven : f32
  return %4 : f32
}

// Rows past .. past + n - 1 of two heads. Keys: element 0 is 0 if (j * (h + 1)) mod 3 is 1 and j is at least 64 for
// head 1, else -1000; the others are any numbers. Values: any numbers.
func.func @fill(%s: !buffer, %past: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c11 = arith.constant 11 : index
  %c64 = arith.constant 64 : index
  %c37 = arith.constant 37 : index
  %far = arith.constant -1000.0 : f32
  %near = arith.constant 0.0 : f32
  %k = tensor.generate %n {
  ^bb0(%i: index, %h: index, %d: index):
    %j = arith.addi %past, %i : index
    %0 = arith.addi %h, %c1 : index
    %1 = arith.muli %j, %0 : index
    %2 = arith.remui %1, %c3 : index
    %3 = arith.cmpi eq, %2, %c1 : index
    %4 = arith.muli %h, %c64 : index
    %5 = arith.cmpi uge, %j, %4 : index
    %6 = arith.andi %3, %5 : i1
    %7 = arith.select %6, %near, %far : f32
    %8 = arith.muli %j, %c37 : index
    %9 = arith.addi %8, %d : index
    %10 = func.call @number(%9) : (index) -> f32
    %11 = arith.cmpi eq, %d, %c0 : index
    %12 = arith.select %11, %7, %10 : f32
    tensor.yield %12 : f32
  } : tensor<?x2x3xf32>
  %v = tensor.generate %n {
  ^bb0(%i: index, %h: index, %d: index):
    %j = arith.addi %past, %i : index
    %0 = arith.muli %j, %c37 : index
    %1 = arith.muli %h, %c11 : index
    %2 = arith.muli %d, %c64 : index
    %3 = arith.addi %0, %1 : index
    %4 = arith.addi %3, %2 : index
    %5 = func.call @number(%4) : (index) -> f32
    tensor.yield %5 : f32
  } : tensor<?x2x3xf32>
  attention.append ins(%k, %v : tensor<?x2x3xf32>, tensor<?x2x3xf32>) at %past into %s layer(1) : !buffer
  return
}

func.func @print(%o: tensor<?x3x3xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %o, %c0 : tensor<?x3x3xf32>
  %e = tensor.empty(%n) : tensor<?x3x3xi32>
  %bits = linalg.generic {indexing_maps = [affine_map<(i, h, d) -> (i, h, d)>, affine_map<(i, h, d) -> (i, h, d)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%o : tensor<?x3x3xf32>) outs(%e : tensor<?x3x3xi32>) {
    ^bb0(%a: f32, %b: i32):
      %0 = arith.bitcast %a : f32 to i32
      linalg.yield %0 : i32
  } -> tensor<?x3x3xi32>
  %flat = tensor.collapse_shape %bits [[0], [1, 2]] : tensor<?x3x3xi32> into tensor<?x9xi32>
  %u = tensor.cast %flat : tensor<?x9xi32> to tensor<*xi32>
  call @printMemrefI32(%u) : (tensor<*xi32>) -> ()
  return
}

// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1117853349, 1042298810, -1096567969, -1090998390, 0, 1056485258, -1090998390, 0, 1056485258]
// CHECK-NEXT: [-1117853349, 1042298810, -1096567969, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1117853349, 1042298810, -1096567969, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1120868525, 1025723309, -1101415869, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1088921209, 1060859317, -1095711988, -1090998390, 0, 1056485258, -1090998390, 0, 1056485258]
// CHECK-NEXT: [-1093749434, 1058371393, -1096875626, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1093749434, 1058371393, -1096875626, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1094913072, 1052171116, -1108095168, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1058762167, 1073741824, -1068349147, -1058762167, 1073741824, -1068349147, -1062057691, 1080332873, -1076138569]
// CHECK-NEXT: [-1074940197, -1058762167, 1073741824, -1074940197, -1058762167, 1073741824, -1069847113, -1082130431, 1064154843]
// CHECK-NEXT: [-1074940197, -1058762167, 1073741824, -1074940197, -1058762167, 1073741824, -1097709273, -1086125005, -1080133143]
// CHECK-NEXT: [-1074940197, -1058762167, 1073741824, -1074940197, -1058762167, 1073741824, -1080033280, 1059960538, -1082130431]
// The fast one: no blocks, R counts from the first visible key.
// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1117853355, 1042298810, -1096567969, -1090998390, 0, 1056485258, -1090998390, 0, 1056485258]
// CHECK-NEXT: [-1117853355, 1042298810, -1096567969, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1117853355, 1042298810, -1096567969, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1120868525, 1025723315, -1101415869, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1088921210, 1060859320, -1095711988, -1090998390, 0, 1056485258, -1090998390, 0, 1056485258]
// CHECK-NEXT: [-1093749436, 1058371394, -1096875624, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1093749436, 1058371394, -1096875624, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK-NEXT: [-1094913073, 1052171117, -1108095171, -1103358750, 1021241685, 1047777082, -1103358750, 1021241685, 1047777082]
// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1090039690, -1120957696, -1097948949, 1021013432, -1086324736, 1066851182, 1021013432, -1086324736, 1066851182]
// CHECK-NEXT: [-1090039690, -1120957696, -1097948949, 1052594072, -1087628847, 1062533515, 1052594072, -1087628847, 1062533515]
// CHECK-NEXT: [-1085157899, -1124704202, 0, 1052594072, -1087628847, 1062533515, 1052594072, -1087628847, 1062533515]
// CHECK-NEXT: [-1086204898, -1098188624, 1046179253, 1057863387, -1081081856, 1062057691, 1057863387, -1081081856, 1062057691]
// CHECK:      sizes = [4, 9]{{.*}}
// CHECK-NEXT: {{\[\[}}-1090039690, -1120957709, -1097948950, 1021013432, -1086324736, 1066851182, 1021013432, -1086324736, 1066851182]
// CHECK-NEXT: [-1090039690, -1120957696, -1097948950, 1052594072, -1087628847, 1062533515, 1052594072, -1087628847, 1062533515]
// CHECK-NEXT: [-1085157898, -1124704189, 0, 1052594072, -1087628847, 1062533515, 1052594072, -1087628847, 1062533515]
// CHECK-NEXT: [-1086204898, -1098188623, 1046179253, 1057863387, -1081081856, 1062057691, 1057863387, -1081081856, 1062057691]
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c124 = arith.constant 124 : index
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %nan = arith.constant 0x7FC00000 : f32
  // What was never written must not be read.
  %s = memref.alloc() : !buffer
  linalg.fill ins(%nan : f32) outs(%s : !buffer)
  func.call @fill(%s, %c0, %c124) : (!buffer, index, index) -> ()
  func.call @fill(%s, %c124, %c4) : (!buffer, index, index) -> ()

  // Query heads 1, 2 and 3 of four: key/value heads 0, 1 and 1.
  %q = tensor.generate %c4 {
  ^bb0(%i: index, %h: index, %d: index):
    %0 = arith.cmpi eq, %d, %c0 : index
    %1 = arith.select %0, %one, %zero : f32
    tensor.yield %1 : f32
  } : tensor<?x3x3xf32>
  %e = tensor.empty(%c4) : tensor<?x3x3xf32>
  %all = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c124, %c1 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) heads(2) -> tensor<?x3x3xf32>
  func.call @print(%all) : (tensor<?x3x3xf32>) -> ()
  %window = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c124, %c1 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) window(70) heads(2) -> tensor<?x3x3xf32>
  func.call @print(%window) : (tensor<?x3x3xf32>) -> ()
  // The first rows of all.
  %first = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c0, %c0 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) heads(2) -> tensor<?x3x3xf32>
  func.call @print(%first) : (tensor<?x3x3xf32>) -> ()
  %fast = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c124, %c1 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) heads(2) numerics(fast) -> tensor<?x3x3xf32>
  func.call @print(%fast) : (tensor<?x3x3xf32>) -> ()
  %both = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c124, %c1 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) window(70) heads(2) numerics(fast) -> tensor<?x3x3xf32>
  func.call @print(%both) : (tensor<?x3x3xf32>) -> ()
  %lambda = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c124, %c1 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) window(50) sinks(9) heads(2) -> tensor<?x3x3xf32>
  func.call @print(%lambda) : (tensor<?x3x3xf32>) -> ()
  %fastLambda = attention.attend ins(%q : tensor<?x3x3xf32>) state(%s : !buffer) at %c124, %c1 outs(%e : tensor<?x3x3xf32>)
    layer(1) heads_per_group(2) scale(0.5) window(50) sinks(9) heads(2) numerics(fast) -> tensor<?x3x3xf32>
  func.call @print(%fastLambda) : (tensor<?x3x3xf32>) -> ()
  return
}
