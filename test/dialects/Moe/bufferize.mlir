// RUN: coopt-opt %s -one-shot-bufferize="bufferize-function-boundaries allow-unknown-ops=false" -canonicalize -cse | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>

// The experts of a layer, in place on the destinations: nothing is allocated or copied.

// CHECK-LABEL: func @layer
// CHECK-SAME:  (%[[X:[a-z0-9]*]]: memref<?x64xf32, {{.*}}>, %[[R:[a-z0-9]*]]: memref<7x64xf32, {{.*}}>, %[[W:[a-z0-9]*]]: memref<448x64xf32, {{.*}}>, %[[L:[a-z0-9]*]]: memref<?x7xf32, {{.*}}>, %[[WS:[a-z0-9]*]]: memref<?x3xf32, {{.*}}>, %[[E:[a-z0-9]*]]: memref<?x3xi32, {{.*}}>, %[[T:[a-z0-9]*]]: memref<?xi32, {{.*}}>, %[[P:[a-z0-9]*]]: memref<?x3xi32, {{.*}}>, %[[S:[a-z0-9]*]]: memref<?x3xi32, {{.*}}>, %[[G:[a-z0-9]*]]: memref<?x64xf32, {{.*}}>, %[[Y:[a-z0-9]*]]: memref<?x64xf32, {{.*}}>, %[[O:[a-z0-9]*]]: memref<?x64xf32, {{.*}}>)
// CHECK-NOT:   memref.alloc
// CHECK-NOT:   memref.copy
// CHECK:       moe.logits ins(%[[X]], %[[R]] : {{.*}}) outs(%[[L]] : memref<?x7xf32, {{.*}}>) {coopt.id = "l"}{{$}}
// CHECK-NEXT:  moe.route ins(%[[L]] : {{.*}}) outs(%[[WS]], %[[E]] : {{.*}}) scores(softmax) renormalise(0.000000e+00) {coopt.id = "r"}{{$}}
// CHECK-NEXT:  moe.dispatch ins(%[[E]] : {{.*}}) outs(%[[T]], %[[P]], %[[S]] : {{.*}}) experts(7) {coopt.id = "d"}{{$}}
// CHECK-NEXT:  model.gather ins(%[[X]], %[[T]] : {{.*}}) outs(%[[G]] : {{.*}})
// CHECK-NEXT:  moe.contract ins(%[[G]], %[[W]] : {{.*}}) segments(%[[S]] : memref<?x3xi32, {{.*}}>) at %[[C0:.*]], %[[C0]] outs(%[[Y]] : memref<?x64xf32, {{.*}}>) stride(64) {coopt.id = "y"}{{$}}
// CHECK-NEXT:  moe.combine ins(%[[Y]], %[[WS]], %[[P]] : {{.*}}) outs(%[[O]] : memref<?x64xf32, {{.*}}>) {coopt.id = "o"}{{$}}
// CHECK-NEXT:  return %[[O]]
func.func @layer(%x: tensor<?x64xf32>, %r: tensor<7x64xf32>, %w: tensor<448x64xf32>, %l0: tensor<?x7xf32>, %w0: tensor<?x3xf32>,
                 %e0: tensor<?x3xi32>, %t0: tensor<?xi32>, %p0: tensor<?x3xi32>, %s0: tensor<?x3xi32>, %g0: tensor<?x64xf32>,
                 %y0: tensor<?x64xf32>, %o0: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %l = moe.logits ins(%x, %r : tensor<?x64xf32>, tensor<7x64xf32>) outs(%l0 : tensor<?x7xf32>) {coopt.id = "l"} -> tensor<?x7xf32>
  %ws, %e = moe.route ins(%l : tensor<?x7xf32>) outs(%w0, %e0 : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) renormalise(0.0)
    {coopt.id = "r"} -> tensor<?x3xf32>, tensor<?x3xi32>
  %t, %p, %s = moe.dispatch ins(%e : tensor<?x3xi32>) outs(%t0, %p0, %s0 : tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>) experts(7)
    {coopt.id = "d"} -> tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>
  %g = model.gather ins(%x, %t : tensor<?x64xf32>, tensor<?xi32>) outs(%g0 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = moe.contract ins(%g, %w : tensor<?x64xf32>, tensor<448x64xf32>) segments(%s : tensor<?x3xi32>) at %c0, %c0
    outs(%y0 : tensor<?x64xf32>) stride(64) {coopt.id = "y"} -> tensor<?x64xf32>
  %o = moe.combine ins(%y, %ws, %p : tensor<?x64xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%o0 : tensor<?x64xf32>) {coopt.id = "o"}
    -> tensor<?x64xf32>
  return %o : tensor<?x64xf32>
}

// CHECK-LABEL: func @codes
// CHECK-SAME:  (%[[A:[a-z0-9]*]]: memref<15x61xi8, {{.*}}>, %[[SA:[a-z0-9]*]]: memref<15xf32, {{.*}}>, %[[W:[a-z0-9]*]]: memref<112x61xi8, {{.*}}>, %[[SW:[a-z0-9]*]]: memref<112xf32, {{.*}}>, %[[S:[a-z0-9]*]]: memref<7x3xi32, {{.*}}>, %[[ROW:[a-z0-9]*]]: index, %[[COLUMN:[a-z0-9]*]]: index, %[[O:[a-z0-9]*]]: memref<15x13xf32, {{.*}}>)
// CHECK-NEXT:  moe.contract ins(%[[A]], %[[SA]], %[[W]], %[[SW]] : {{.*}}) segments(%[[S]] : {{.*}}) at %[[ROW]], %[[COLUMN]] outs(%[[O]] : memref<15x13xf32, {{.*}}>) stride(16) schemes({{.*}}) scale_at(output){{$}}
// CHECK-NEXT:  return %[[O]]
func.func @codes(%a: tensor<15x61xi8>, %sa: tensor<15xf32>, %w: tensor<112x61xi8>, %sw: tensor<112xf32>, %s: tensor<7x3xi32>, %row: index,
                 %column: index, %o: tensor<15x13xf32>) -> tensor<15x13xf32> {
  %y = moe.contract ins(%a, %sa, %w, %sw : tensor<15x61xi8>, tensor<15xf32>, tensor<112x61xi8>, tensor<112xf32>) segments(%s : tensor<7x3xi32>)
    at %row, %column outs(%o : tensor<15x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output) -> tensor<15x13xf32>
  return %y : tensor<15x13xf32>
}

// A destination whose old value is still wanted is not overwritten; its old contents are not read, so nothing is copied.

// CHECK-LABEL: func @old_value
// CHECK-SAME:  (%[[S:[a-z0-9]*]]: memref<5x15xf32, {{.*}}>, %[[E:[a-z0-9]*]]: memref<5x3xi32, {{.*}}>)
// CHECK:       %[[NEW:.*]] = memref.alloc() {{.*}} : memref<5x3xi32>
// CHECK-NOT:   memref.copy
// CHECK:       moe.choose ins(%[[S]] : {{.*}}) outs(%[[NEW]] : memref<5x3xi32>) groups(5 keep 2 by two_best){{$}}
func.func @old_value(%s: tensor<5x15xf32>, %e: tensor<5x3xi32>) -> (tensor<5x3xi32>, tensor<5x3xi32>) {
  %0 = moe.choose ins(%s : tensor<5x15xf32>) outs(%e : tensor<5x3xi32>) groups(5 keep 2 by two_best) -> tensor<5x3xi32>
  return %0, %e : tensor<5x3xi32>, tensor<5x3xi32>
}

// Classes of experts: each contraction goes on with what the one before has made, where it stands.

// CHECK-LABEL: func @classes
// CHECK-SAME:  (%[[X:[a-z0-9]*]]: memref<?x64xf32, {{.*}}>, %[[W:[a-z0-9]*]]: memref<128x64xf32, {{.*}}>, %[[V:[a-z0-9]*]]: memref<64x64xf32, {{.*}}>, %[[S:[a-z0-9]*]]: memref<?x3xi32, {{.*}}>, %[[P:[a-z0-9]*]]: memref<3xi32, {{.*}}>, %[[A:[a-z0-9]*]]: memref<?x3xi32, {{.*}}>, %[[B:[a-z0-9]*]]: memref<?x3xi32, {{.*}}>, %[[Y:[a-z0-9]*]]: memref<?x64xf32, {{.*}}>)
// CHECK-NOT:   memref.alloc
// CHECK-NOT:   memref.copy
// CHECK:       moe.restrict ins(%[[S]], %[[P]] : {{.*}}) outs(%[[A]] : {{.*}})
// CHECK:       moe.contract ins(%[[X]], %[[W]] : {{.*}}) segments(%[[A]] : {{.*}}) at {{.*}} outs(%[[Y]] : {{.*}}) stride(64){{$}}
// CHECK-NEXT:  moe.contract ins(%[[X]], %[[V]] : {{.*}}) segments(%[[B]] : {{.*}}) at {{.*}} outs(%[[Y]] : {{.*}}) stride(64){{$}}
// CHECK-NEXT:  return %[[Y]]
func.func @classes(%x: tensor<?x64xf32>, %w: tensor<128x64xf32>, %v: tensor<64x64xf32>, %s: tensor<?x3xi32>, %p: tensor<3xi32>,
                   %a0: tensor<?x3xi32>, %b: tensor<?x3xi32>, %y0: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %a = moe.restrict ins(%s, %p : tensor<?x3xi32>, tensor<3xi32>) outs(%a0 : tensor<?x3xi32>) -> tensor<?x3xi32>
  %y1 = moe.contract ins(%x, %w : tensor<?x64xf32>, tensor<128x64xf32>) segments(%a : tensor<?x3xi32>) at %c0, %c0
    outs(%y0 : tensor<?x64xf32>) stride(64) -> tensor<?x64xf32>
  %y2 = moe.contract ins(%x, %v : tensor<?x64xf32>, tensor<64x64xf32>) segments(%b : tensor<?x3xi32>) at %c0, %c0
    outs(%y1 : tensor<?x64xf32>) stride(64) -> tensor<?x64xf32>
  return %y2 : tensor<?x64xf32>
}

// Places in no segment keep what they had: where the old value is still wanted, it is copied.

// CHECK-LABEL: func @kept_places
// CHECK-SAME:  %[[Y:[a-z0-9]*]]: memref<5x16xf32, {{.*}}>)
// CHECK:       %[[NEW:.*]] = memref.alloc() {{.*}} : memref<5x16xf32>
// CHECK:       memref.copy %[[Y]], %[[NEW]]
// CHECK:       moe.contract {{.*}} outs(%[[NEW]] : memref<5x16xf32>) stride(16){{$}}
func.func @kept_places(%x: tensor<5x8xf32>, %w: tensor<48x8xf32>, %s: tensor<2x3xi32>, %y: tensor<5x16xf32>)
    -> (tensor<5x16xf32>, tensor<5x16xf32>) {
  %c0 = arith.constant 0 : index
  %0 = moe.contract ins(%x, %w : tensor<5x8xf32>, tensor<48x8xf32>) segments(%s : tensor<2x3xi32>) at %c0, %c0
    outs(%y : tensor<5x16xf32>) stride(16) -> tensor<5x16xf32>
  return %0, %y : tensor<5x16xf32>, tensor<5x16xf32>
}
