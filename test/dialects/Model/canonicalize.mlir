// RUN: coopt-opt %s -canonicalize | FileCheck %s

#packed = #model.layout<"[172, 63] tile(d0:4) outer(d0, d1)">
model.parameter @packed : tensor<11088xf32, #packed>

// Equal bounds make a size a constant; others stay.

// CHECK-LABEL: model.entry @size
// CHECK-DAG:   %[[C7:.*]] = arith.constant 7 : i32
// CHECK-DAG:   %[[N:.*]] = model.size "n" : index
// CHECK:       tensor.splat %[[C7]][%[[N]]]
model.entry @size() -> tensor<?xi32>
    sizes [#model.size<"seven", min = 7, max = 7, multiple = 1>, #model.size<"n", min = 7, max = 8, multiple = 1>]
    dims [] -> [["n"]] {
  %seven = model.size "seven" : index
  %n = model.size "n" : index
  %i = arith.index_cast %seven : index to i32
  %t = tensor.splat %i[%n] : tensor<?xi32>
  model.return %t : tensor<?xi32>
}

// A value that nobody uses is not loaded.

// CHECK-LABEL: func @dead_load
// CHECK-NEXT:  return
func.func @dead_load() {
  %p = model.load @packed : tensor<11088xf32, #packed>
  %w = model.unpack %p : tensor<11088xf32, #packed> -> tensor<172x63xf32>
  return
}

// CHECK-LABEL: func @zero_offsets
// CHECK-SAME:  (%[[P:.*]]: tensor<11088xf32, {{.*}}>, %[[I:.*]]: index)
// CHECK:       model.unpack %[[P]] : {{.*}} -> tensor<16x63xf32>
// CHECK:       model.unpack %[[P]][%[[I]], %{{.*}}] : {{.*}} -> tensor<16x63xf32>
func.func @zero_offsets(%p: tensor<11088xf32, #packed>, %i: index) -> (tensor<16x63xf32>, tensor<16x63xf32>) {
  %c0 = arith.constant 0 : index
  %a = model.unpack %p[%c0, %c0] : tensor<11088xf32, #packed> -> tensor<16x63xf32>
  %b = model.unpack %p[%i, %c0] : tensor<11088xf32, #packed> -> tensor<16x63xf32>
  return %a, %b : tensor<16x63xf32>, tensor<16x63xf32>
}

// Constant sizes become extents, unless they exceed the tensor.

// CHECK-LABEL: func @constant_sizes
// CHECK-SAME:  (%[[P:.*]]: tensor<11088xf32, {{.*}}>, %[[I:.*]]: index)
// CHECK:       model.unpack %[[P]][%[[I]], %[[I]]] (%[[I]]) {coopt.id = "u"} : {{.*}} -> tensor<?x7xf32>
// CHECK:       model.unpack %[[P]] (%{{.*}}) : {{.*}} -> tensor<?x63xf32>
func.func @constant_sizes(%p: tensor<11088xf32, #packed>, %i: index) -> (tensor<?x?xf32>, tensor<?x63xf32>) {
  %c7 = arith.constant 7 : index
  %c173 = arith.constant 173 : index
  %a = model.unpack %p[%i, %i] (%i, %c7) {coopt.id = "u"} : tensor<11088xf32, #packed> -> tensor<?x?xf32>
  %b = model.unpack %p (%c173) : tensor<11088xf32, #packed> -> tensor<?x63xf32>
  return %a, %b : tensor<?x?xf32>, tensor<?x63xf32>
}

// CHECK-LABEL: func @unpack_of_pack
// CHECK-SAME:  (%[[X:.*]]: tensor<172x63xf32>)
// CHECK-NEXT:  %[[P:.*]] = model.pack %[[X]]
// CHECK-NEXT:  %[[PART:.*]] = model.unpack %[[P]] : {{.*}} -> tensor<16x63xf32>
// CHECK-NEXT:  return %[[X]], %[[PART]]
func.func @unpack_of_pack(%x: tensor<172x63xf32>) -> (tensor<172x63xf32>, tensor<16x63xf32>) {
  %p = model.pack %x : tensor<172x63xf32> -> tensor<11088xf32, #packed>
  %y = model.unpack %p : tensor<11088xf32, #packed> -> tensor<172x63xf32>
  %z = model.unpack %p : tensor<11088xf32, #packed> -> tensor<16x63xf32>
  return %y, %z : tensor<172x63xf32>, tensor<16x63xf32>
}

// CHECK-LABEL: func @empty_rows
// CHECK-SAME:  (%[[X:.*]]: tensor<3x0xf32>, %[[INIT:.*]]: tensor<3xf32>)
// CHECK-DAG:   %[[ZERO:.*]] = arith.constant 0.0
// CHECK-DAG:   %[[MIN:.*]] = arith.constant 0xFF800000 : f32
// CHECK:       %[[A:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%[[INIT]]
// CHECK:       %[[B:.*]] = linalg.fill ins(%[[MIN]] : f32) outs(%[[INIT]]
// CHECK:       %[[C:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%[[INIT]]
// CHECK:       return %[[A]], %[[B]], %[[C]]
func.func @empty_rows(%x: tensor<3x0xf32>, %init: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %a = model.row_reduce sum ins(%x : tensor<3x0xf32>) outs(%init : tensor<3xf32>) -> tensor<3xf32>
  %b = model.row_reduce max ins(%x : tensor<3x0xf32>) outs(%init : tensor<3xf32>) -> tensor<3xf32>
  %c = model.row_reduce amax ins(%x : tensor<3x0xf32>) outs(%init : tensor<3xf32>) -> tensor<3xf32>
  return %a, %b, %c : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: func @empty_rows_memref
// CHECK:       linalg.fill
// CHECK-NOT:   model.row_reduce
func.func @empty_rows_memref(%x: memref<3x0xf32>, %init: memref<3xf32>) {
  model.row_reduce sum ins(%x : memref<3x0xf32>) outs(%init : memref<3xf32>)
  return
}

// Static extents flow through casts, as for upstream's destination-style ops.

// CHECK-LABEL: func @casts
// CHECK:       model.gather ins({{.*}}) outs({{.*}} : tensor<5x63xf32>) -> tensor<5x63xf32>
func.func @casts(%t: tensor<512x63xf32>, %ids: tensor<5xi32>, %init: tensor<5x63xf32>) -> tensor<?x63xf32> {
  %0 = tensor.cast %ids : tensor<5xi32> to tensor<?xi32>
  %1 = tensor.cast %init : tensor<5x63xf32> to tensor<?x63xf32>
  %x = model.gather ins(%t, %0 : tensor<512x63xf32>, tensor<?xi32>) outs(%1 : tensor<?x63xf32>) -> tensor<?x63xf32>
  return %x : tensor<?x63xf32>
}
