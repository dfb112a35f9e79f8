// RUN: coopt-opt %s | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -mlir-print-op-generic | coopt-opt | FileCheck %s
// RUN: coopt-opt %s -emit-bytecode | coopt-opt | FileCheck %s

#w8 = #quantized.scheme<bits = 8, group = 0, symmetric, scale = f32>
#g32 = #quantized.scheme<bits = 4, group = 32, asymmetric, scale = f16>

// CHECK-LABEL: func @logits
// CHECK-SAME:  (%[[X:.*]]: tensor<?x61xf32>, %[[W:.*]]: tensor<7x61xf32>, %[[O:.*]]: tensor<?x7xf32>, %[[XM:.*]]: memref<?x61xf32, strided<[64, 1], offset: ?>>, %[[WM:.*]]: memref<?x?xf32>, %[[OM:.*]]: memref<5x7xf32>)
func.func @logits(%x: tensor<?x61xf32>, %w: tensor<7x61xf32>, %o: tensor<?x7xf32>,
                  %xm: memref<?x61xf32, strided<[64, 1], offset: ?>>, %wm: memref<?x?xf32>, %om: memref<5x7xf32>) -> tensor<?x7xf32> {
  // CHECK-NEXT: moe.logits ins(%[[X]], %[[W]] : tensor<?x61xf32>, tensor<7x61xf32>) outs(%[[O]] : tensor<?x7xf32>) {coopt.id = "a/b"} -> tensor<?x7xf32>
  %0 = moe.logits ins(%x, %w : tensor<?x61xf32>, tensor<7x61xf32>) outs(%o : tensor<?x7xf32>) {coopt.id = "a/b"} -> tensor<?x7xf32>
  // CHECK-NEXT: moe.logits ins(%[[XM]], %[[WM]] : memref<?x61xf32, strided<[64, 1], offset: ?>>, memref<?x?xf32>) outs(%[[OM]] : memref<5x7xf32>){{$}}
  moe.logits ins(%xm, %wm : memref<?x61xf32, strided<[64, 1], offset: ?>>, memref<?x?xf32>) outs(%om : memref<5x7xf32>)
  return %0 : tensor<?x7xf32>
}

// What is as it is by default is not printed.

// CHECK-LABEL: func @route
// CHECK-SAME:  (%[[L:.*]]: tensor<?x15xf32>, %[[B:.*]]: tensor<15xf32>, %[[W:.*]]: tensor<?x3xf32>, %[[E:.*]]: tensor<?x3xi32>)
func.func @route(%l: tensor<?x15xf32>, %b: tensor<15xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>) {
  // CHECK-NEXT: %{{.*}}:2 = moe.route ins(%[[L]] : tensor<?x15xf32>) outs(%[[W]], %[[E]] : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) {coopt.id = "r"} -> tensor<?x3xf32>, tensor<?x3xi32>
  %0:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w, %e : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) {coopt.id = "r"}
    -> tensor<?x3xf32>, tensor<?x3xi32>
  // CHECK-NEXT: moe.route ins(%[[L]] : tensor<?x15xf32>) bias(%[[B]] : tensor<15xf32>) outs(%[[W]], %[[E]] : tensor<?x3xf32>, tensor<?x3xi32>) scores(sigmoid) groups(5 keep 2 by two_best) renormalise(1.250000e-01) scale(2.500000e+00) -> tensor<?x3xf32>, tensor<?x3xi32>
  %1:2 = moe.route ins(%l : tensor<?x15xf32>) bias(%b : tensor<15xf32>) outs(%w, %e : tensor<?x3xf32>, tensor<?x3xi32>)
    scores(sigmoid) groups(5 keep 2 by two_best) renormalise(0.125) scale(2.5) -> tensor<?x3xf32>, tensor<?x3xi32>
  // CHECK-NEXT: moe.route {{.*}} scores(softmax) renormalise(0.000000e+00) -> tensor<?x3xf32>, tensor<?x3xi32>
  %2:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w, %e : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) renormalise(0.0)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  // CHECK-NEXT: moe.route {{.*}} scores(softmax) groups(5 keep 1 by best) -> tensor<?x3xf32>, tensor<?x3xi32>
  %3:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w, %e : tensor<?x3xf32>, tensor<?x3xi32>) scores(softmax) groups(5 keep 1 by best)
    -> tensor<?x3xf32>, tensor<?x3xi32>
  // CHECK-NEXT: moe.route {{.*}} scores(sigmoid) -> tensor<?x3xf32>, tensor<?x3xi32>
  %4:2 = moe.route ins(%l : tensor<?x15xf32>) outs(%w, %e : tensor<?x3xf32>, tensor<?x3xi32>) scores(sigmoid)
    groups(1 keep 1 by best) scale(1.0) -> tensor<?x3xf32>, tensor<?x3xi32>
  return
}

// CHECK-LABEL: func @route_memref
func.func @route_memref(%l: memref<?x15xf32>, %b: memref<15xf32>, %w: memref<?x3xf32>, %e: memref<?x3xi32>) {
  // CHECK-NEXT: moe.route ins(%{{.*}} : memref<?x15xf32>) bias(%{{.*}} : memref<15xf32>) outs(%{{.*}}, %{{.*}} : memref<?x3xf32>, memref<?x3xi32>) scores(softmax) groups(3 keep 2 by best) scale(1.600000e+01){{$}}
  moe.route ins(%l : memref<?x15xf32>) bias(%b : memref<15xf32>) outs(%w, %e : memref<?x3xf32>, memref<?x3xi32>) scores(softmax)
    groups(3 keep 2 by best) scale(16.0)
  return
}

// CHECK-LABEL: func @choose
func.func @choose(%s: tensor<7x15xf32>, %b: tensor<?xf32>, %e: tensor<7x15xi32>, %sm: memref<7x15xf32>, %em: memref<7x2xi32>) -> tensor<7x15xi32> {
  // CHECK-NEXT: moe.choose ins(%{{.*}} : tensor<7x15xf32>) bias(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<7x15xi32>) {coopt.id = "c"} -> tensor<7x15xi32>
  %0 = moe.choose ins(%s : tensor<7x15xf32>) bias(%b : tensor<?xf32>) outs(%e : tensor<7x15xi32>) {coopt.id = "c"} -> tensor<7x15xi32>
  // CHECK-NEXT: moe.choose ins(%{{.*}} : memref<7x15xf32>) outs(%{{.*}} : memref<7x2xi32>) groups(3 keep 1 by two_best){{$}}
  moe.choose ins(%sm : memref<7x15xf32>) outs(%em : memref<7x2xi32>) groups(3 keep 1 by two_best)
  return %0 : tensor<7x15xi32>
}

// CHECK-LABEL: func @dispatch
func.func @dispatch(%e: tensor<?x3xi32>, %t: tensor<?xi32>, %p: tensor<?x3xi32>, %s: tensor<?x3xi32>,
                    %em: memref<5x3xi32>, %tm: memref<15xi32>, %pm: memref<5x3xi32>, %sm: memref<7x3xi32>) {
  // CHECK-NEXT: %{{.*}}:3 = moe.dispatch ins(%{{.*}} : tensor<?x3xi32>) outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>) experts(65535) {coopt.id = "d"} -> tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>
  %0:3 = moe.dispatch ins(%e : tensor<?x3xi32>) outs(%t, %p, %s : tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>) experts(65535)
    {coopt.id = "d"} -> tensor<?xi32>, tensor<?x3xi32>, tensor<?x3xi32>
  // CHECK-NEXT: moe.dispatch ins(%{{.*}} : memref<5x3xi32>) outs(%{{.*}}, %{{.*}}, %{{.*}} : memref<15xi32>, memref<5x3xi32>, memref<7x3xi32>) experts(1){{$}}
  moe.dispatch ins(%em : memref<5x3xi32>) outs(%tm, %pm, %sm : memref<15xi32>, memref<5x3xi32>, memref<7x3xi32>) experts(1)
  return
}

// CHECK-LABEL: func @restrict
// CHECK-SAME:  (%[[S:.*]]: tensor<?x3xi32>, %[[P:.*]]: tensor<7xi32>, %[[O:.*]]: tensor<?x3xi32>, %[[SM:.*]]: memref<5x3xi32>, %[[PM:.*]]: memref<1xi32>, %[[OM:.*]]: memref<2x3xi32, strided<[4, 1]>>)
func.func @restrict(%s: tensor<?x3xi32>, %p: tensor<7xi32>, %o: tensor<?x3xi32>, %sm: memref<5x3xi32>, %pm: memref<1xi32>,
                    %om: memref<2x3xi32, strided<[4, 1]>>) -> tensor<?x3xi32> {
  // CHECK-NEXT: moe.restrict ins(%[[S]], %[[P]] : tensor<?x3xi32>, tensor<7xi32>) outs(%[[O]] : tensor<?x3xi32>) {coopt.id = "c"} -> tensor<?x3xi32>
  %0 = moe.restrict ins(%s, %p : tensor<?x3xi32>, tensor<7xi32>) outs(%o : tensor<?x3xi32>) {coopt.id = "c"} -> tensor<?x3xi32>
  // CHECK-NEXT: moe.restrict ins(%[[SM]], %[[PM]] : memref<5x3xi32>, memref<1xi32>) outs(%[[OM]] : memref<2x3xi32, strided<[4, 1]>>){{$}}
  moe.restrict ins(%sm, %pm : memref<5x3xi32>, memref<1xi32>) outs(%om : memref<2x3xi32, strided<[4, 1]>>)
  return %0 : tensor<?x3xi32>
}

// CHECK-LABEL: func @contract
// CHECK-SAME:  %[[ROW:[a-z0-9]*]]: index, %[[COLUMN:[a-z0-9]*]]: index
func.func @contract(%x: tensor<?x61xf32>, %w: tensor<112x61xf32>, %s: tensor<?x3xi32>, %row: index, %column: index, %o: tensor<?x13xf32>,
                    %xm: memref<5x61xf32>, %wm: memref<?x61xf32>, %sm: memref<7x3xi32>, %om: memref<5x16xf32>) -> tensor<?x13xf32> {
  // CHECK-NEXT: moe.contract ins(%{{.*}}, %{{.*}} : tensor<?x61xf32>, tensor<112x61xf32>) segments(%{{.*}} : tensor<?x3xi32>) at %[[ROW]], %[[COLUMN]] outs(%{{.*}} : tensor<?x13xf32>) stride(16) {coopt.id = "y"} -> tensor<?x13xf32>
  %0 = moe.contract ins(%x, %w : tensor<?x61xf32>, tensor<112x61xf32>) segments(%s : tensor<?x3xi32>) at %row, %column
    outs(%o : tensor<?x13xf32>) stride(16) {coopt.id = "y"} -> tensor<?x13xf32>
  // CHECK-NEXT: moe.contract ins(%{{.*}}, %{{.*}} : memref<5x61xf32>, memref<?x61xf32>) segments(%{{.*}} : memref<7x3xi32>) at %[[ROW]], %[[COLUMN]] outs(%{{.*}} : memref<5x16xf32>) stride(16){{$}}
  moe.contract ins(%xm, %wm : memref<5x61xf32>, memref<?x61xf32>) segments(%sm : memref<7x3xi32>) at %row, %column
    outs(%om : memref<5x16xf32>) stride(16)
  return %0 : tensor<?x13xf32>
}

// CHECK-LABEL: func @contract_codes
func.func @contract_codes(%a: tensor<?x70xi8>, %sa: tensor<?xf32>, %f: tensor<?x70xf32>, %h: tensor<?x70xbf16>,
                          %w: tensor<112x70xi8>, %sw: tensor<112xf32>, %v: tensor<112x70xi4>, %sv: tensor<112x3xf16>, %zv: tensor<112x3xi4>,
                          %n: tensor<112x5xi8>, %s: tensor<?x3xi32>, %at: index, %o: tensor<?x13xf32>) {
  // CHECK-NEXT: moe.contract ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x70xi8>, tensor<?xf32>, tensor<112x70xi8>, tensor<112xf32>) segments(%{{.*}} : tensor<?x3xi32>) at %{{.*}}, %{{.*}} outs(%{{.*}} : tensor<?x13xf32>)
  // CHECK-SAME: stride(16) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output) {coopt.id = "y"} -> tensor<?x13xf32>
  %0 = moe.contract ins(%a, %sa, %w, %sw : tensor<?x70xi8>, tensor<?xf32>, tensor<112x70xi8>, tensor<112xf32>) segments(%s : tensor<?x3xi32>)
    at %at, %at outs(%o : tensor<?x13xf32>) stride(16) schemes(#w8, #w8) scale_at(output) {coopt.id = "y"} -> tensor<?x13xf32>
  // CHECK-NEXT: moe.contract {{.*}} stride(16) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 4, group = 32, asymmetric, scale = f16>) scale_at(group) -> tensor<?x13xf32>
  %1 = moe.contract ins(%a, %sa, %v, %sv, %zv : tensor<?x70xi8>, tensor<?xf32>, tensor<112x70xi4>, tensor<112x3xf16>, tensor<112x3xi4>)
    segments(%s : tensor<?x3xi32>) at %at, %at outs(%o : tensor<?x13xf32>) stride(16) schemes(#w8, #g32) scale_at(group) -> tensor<?x13xf32>
  // CHECK-NEXT: moe.contract ins({{.*}} : tensor<?x70xf32>, tensor<112x70xi4>, tensor<112x3xf16>, tensor<112x3xi4>) {{.*}} stride(16) schemes(float, <bits = 4, group = 32, asymmetric, scale = f16>) scale_at(element) -> tensor<?x13xf32>
  %2 = moe.contract ins(%f, %v, %sv, %zv : tensor<?x70xf32>, tensor<112x70xi4>, tensor<112x3xf16>, tensor<112x3xi4>)
    segments(%s : tensor<?x3xi32>) at %at, %at outs(%o : tensor<?x13xf32>) stride(16) schemes(float, #g32) scale_at(element) -> tensor<?x13xf32>
  // CHECK-NEXT: moe.contract ins({{.*}} : tensor<?x70xbf16>, tensor<112x70xi4>, tensor<112x5xi8>, tensor<112xf32>) {{.*}} schemes(float, <format = "nvfp4">) scale_at(element) -> tensor<?x13xf32>
  %3 = moe.contract ins(%h, %v, %n, %sw : tensor<?x70xbf16>, tensor<112x70xi4>, tensor<112x5xi8>, tensor<112xf32>)
    segments(%s : tensor<?x3xi32>) at %at, %at outs(%o : tensor<?x13xf32>) stride(16) schemes(float, <format = "nvfp4">) scale_at(element) -> tensor<?x13xf32>
  return
}

// CHECK-LABEL: func @contract_codes_memref
func.func @contract_codes_memref(%a: memref<5x70xi8>, %sa: memref<5xf32>, %w: memref<112x70xi8>, %sw: memref<112xf32>, %s: memref<?x3xi32>,
                                 %at: index, %o: memref<5x13xf32, strided<[16, 1]>>) {
  // CHECK-NEXT: moe.contract ins({{.*}} : memref<5x70xi8>, memref<5xf32>, memref<112x70xi8>, memref<112xf32>) segments(%{{.*}} : memref<?x3xi32>) at %{{.*}}, %{{.*}} outs(%{{.*}} : memref<5x13xf32, strided<[16, 1]>>) stride(16) schemes({{.*}}) scale_at(output){{$}}
  moe.contract ins(%a, %sa, %w, %sw : memref<5x70xi8>, memref<5xf32>, memref<112x70xi8>, memref<112xf32>) segments(%s : memref<?x3xi32>)
    at %at, %at outs(%o : memref<5x13xf32, strided<[16, 1]>>) stride(16) schemes(#w8, #w8) scale_at(output)
  return
}

// CHECK-LABEL: func @combine
func.func @combine(%y: tensor<?x61xf32>, %w: tensor<?x3xf32>, %p: tensor<?x3xi32>, %o: tensor<?x61xf32>,
                   %ym: memref<15x61xf32>, %wm: memref<5x3xf32>, %pm: memref<5x3xi32>, %om: memref<5x61xf32>) -> tensor<?x61xf32> {
  // CHECK-NEXT: moe.combine ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x61xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%{{.*}} : tensor<?x61xf32>) {coopt.id = "o"} -> tensor<?x61xf32>
  %0 = moe.combine ins(%y, %w, %p : tensor<?x61xf32>, tensor<?x3xf32>, tensor<?x3xi32>) outs(%o : tensor<?x61xf32>) {coopt.id = "o"} -> tensor<?x61xf32>
  // CHECK-NEXT: moe.combine ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<15x61xf32>, memref<5x3xf32>, memref<5x3xi32>) outs(%{{.*}} : memref<5x61xf32>){{$}}
  moe.combine ins(%ym, %wm, %pm : memref<15x61xf32>, memref<5x3xf32>, memref<5x3xi32>) outs(%om : memref<5x61xf32>)
  return %0 : tensor<?x61xf32>
}

// CHECK-LABEL: func @prefetch
func.func @prefetch(%e: tensor<?x3xi32>, %f: tensor<5x2xi32>) {
  // CHECK-NEXT: moe.prefetch %{{.*}} : tensor<?x3xi32> of ["layers.1/mlp/experts/"]
  moe.prefetch %e : tensor<?x3xi32> of ["layers.1/mlp/experts/"]
  // CHECK-NEXT: moe.prefetch %{{.*}}, %{{.*}} : tensor<?x3xi32>, tensor<5x2xi32> of ["a/class.0/", "a/class.1/"]
  moe.prefetch %e, %f : tensor<?x3xi32>, tensor<5x2xi32> of ["a/class.0/", "a/class.1/"]
  return
}
