// RUN: coopt-opt %s -coopt-compress=quantize=w8a8 | FileCheck %s
// RUN: coopt-opt %s -coopt-compress=quantize=f32 | FileCheck %s --check-prefix=F32
// RUN: coopt-opt %s -coopt-compress=quantize=w8a8 -o /dev/null --remarks-filter=compress --remark-policy=all --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK

// F32-NOT: quantized

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>

// The float weight stays as the source of a recipe.
// CHECK: model.parameter @embed : tensor<37x5xf32> from #model.source<"model.safetensors", 64, tensor<37x5xbf16>>
// CHECK-DAG: model.parameter @embed.codes : tensor<37x5xi8>{{$}}
// CHECK-DAG: model.parameter @embed.scales : tensor<37xf32>{{$}}
// CHECK: model.recipe @embed.quantize defines [@embed.codes, @embed.scales] {
// CHECK:   %[[W:.+]] = model.load @embed : tensor<37x5xf32>
// CHECK:   %[[Q:.+]]:2 = quantized.quantize ins(%[[W]] : tensor<37x5xf32>) {{.*}} scheme(<bits = 8, group = 0, symmetric, scale = f32>)
// CHECK:   model.yield %[[Q]]#0, %[[Q]]#1 : tensor<37x5xi8>, tensor<37xf32>
model.parameter @embed : tensor<37x5xf32> from #model.source<"model.safetensors", 64, tensor<37x5xbf16>>
// CHECK: model.parameter @up
// CHECK: model.recipe @up.quantize
model.parameter @up : tensor<7x5xf32> from #model.noise<seed = 3, scale = 1.000000e-01>
// CHECK: model.recipe @gate.quantize
model.parameter @gate : tensor<7x5xf32> from #model.noise<seed = 4, scale = 1.000000e-01>
// CHECK-NOT: @untied.codes
model.parameter @untied : tensor<11x5xf32> from #model.noise<seed = 5, scale = 1.000000e-01>
// CHECK-NOT: @long.codes
model.parameter @long : tensor<2x133145xf32> from #model.noise<seed = 6, scale = 1.000000e-01>

// REMARK-DAG: CodedContraction {{.*}}Columns=5, Op=up, Outputs=7, Weight=up
// REMARK-DAG: CodedContraction {{.*}}Op=gate
// REMARK-DAG: CodedContraction {{.*}}Op=head, {{.*}}Weight=embed
// REMARK-DAG: CodedEmbedding {{.*}}Op=embed_tokens, Rows=37

// CHECK-LABEL: model.entry @forward
model.entry @forward(%ids: tensor<?xi32>) -> (tensor<?x37xf32>, tensor<?x7xf32>, tensor<?x5xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"]] -> [["tokens"], ["tokens"], ["tokens"]] {
  // CHECK-DAG: %[[T:.+]] = model.size "tokens"
  %t = model.size "tokens" : index
  %zero = arith.constant 0.0 : f32

  // The tied embedding: codes and scales are gathered.
  // CHECK-DAG: %[[CODES:.+]] = model.load @embed.codes : tensor<37x5xi8>
  // CHECK: %[[ROWS:.+]] = model.gather ins(%[[CODES]], %[[IDS:.+]] : tensor<37x5xi8>, tensor<?xi32>) outs(%{{.+}} : tensor<?x5xi8>) {coopt.id = "embed_tokens"} -> tensor<?x5xi8>
  // CHECK: %[[SCALES:.+]] = model.load @embed.scales : tensor<37xf32>
  // CHECK: %[[SELECTED:.+]] = linalg.generic {{.*}} ins(%[[IDS]] : tensor<?xi32>) {{.*}} {coopt.id = "embed_tokens/scales"}
  // CHECK:   tensor.extract %[[SCALES]]
  // CHECK: %[[X:.+]] = quantized.dequantize ins(%[[ROWS]], %[[SELECTED]] : tensor<?x5xi8>, tensor<?xf32>) outs(%{{.+}} : tensor<?x5xf32>) {{.*}} {coopt.id = "embed_tokens/dequantize"}
  %table = model.load @embed : tensor<37x5xf32>
  %e0 = tensor.empty(%t) : tensor<?x5xf32>
  %x = model.gather ins(%table, %ids : tensor<37x5xf32>, tensor<?xi32>) outs(%e0 : tensor<?x5xf32>) {coopt.id = "embed_tokens"} -> tensor<?x5xf32>

  // An embedding that is no weight of a contraction stays float.
  // CHECK: %[[UNTIED:.+]] = model.load @untied : tensor<11x5xf32>
  // CHECK: model.gather ins(%[[UNTIED]],
  %other = model.load @untied : tensor<11x5xf32>
  %e1 = tensor.empty(%t) : tensor<?x5xf32>
  %u = model.gather ins(%other, %ids : tensor<11x5xf32>, tensor<?xi32>) outs(%e1 : tensor<?x5xf32>) {coopt.id = "other"} -> tensor<?x5xf32>

  // One quantisation of x for its two readers; neither floats nor zeros are needed any more.
  // CHECK-NOT: model.load @up :
  // CHECK-NOT: linalg.fill
  // CHECK: %[[QX:.+]]:2 = quantized.quantize ins(%[[X]] : tensor<?x5xf32>) {{.*}} {coopt.id = "up/quantize"}
  // CHECK-DAG: %[[UPC:.+]] = model.load @up.codes : tensor<7x5xi8>
  // CHECK-DAG: %[[UPS:.+]] = model.load @up.scales : tensor<7xf32>
  // CHECK: %[[UP:.+]] = quantized.contract ins(%[[QX]]#0, %[[QX]]#1, %[[UPC]], %[[UPS]] : {{.*}}) outs(%{{.+}} : tensor<?x7xf32>) {{.*}} scale_at(output) {coopt.id = "up"}
  %wup = model.load @up : tensor<7x5xf32>
  %e2 = tensor.empty(%t) : tensor<?x7xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x7xf32>) -> tensor<?x7xf32>
  %up = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %wup : tensor<?x5xf32>, tensor<7x5xf32>) outs(%f2 : tensor<?x7xf32>) attrs = {coopt.id = "up"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x7xf32>

  // linalg.matmul with the same maps is the same contraction.
  // CHECK-NOT: quantized.quantize
  // CHECK: quantized.contract ins(%[[QX]]#0, %[[QX]]#1, {{.*}} {coopt.id = "gate"}
  %wgate = model.load @gate : tensor<7x5xf32>
  %e3 = tensor.empty(%t) : tensor<?x7xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?x7xf32>) -> tensor<?x7xf32>
  %gate = linalg.matmul indexing_maps = [#x, #w, #y] ins(%x, %wgate : tensor<?x5xf32>, tensor<7x5xf32>) outs(%f3 : tensor<?x7xf32>) {coopt.id = "gate"} -> tensor<?x7xf32>

  %e4 = tensor.empty(%t) : tensor<?x7xf32>
  %sum = linalg.add ins(%up, %gate : tensor<?x7xf32>, tensor<?x7xf32>) outs(%e4 : tensor<?x7xf32>) -> tensor<?x7xf32>

  // Another activation, another quantisation.
  // CHECK: %[[QU:.+]]:2 = quantized.quantize {{.*}} {coopt.id = "head/quantize"}
  // CHECK: model.load @embed.codes
  // CHECK: quantized.contract ins(%[[QU]]#0, %[[QU]]#1, {{.*}} outs(%{{.+}} : tensor<?x37xf32>) {{.*}} {coopt.id = "head"}
  %e5 = tensor.empty(%t) : tensor<?x37xf32>
  %f5 = linalg.fill ins(%zero : f32) outs(%e5 : tensor<?x37xf32>) -> tensor<?x37xf32>
  %head = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%u, %table : tensor<?x5xf32>, tensor<37x5xf32>) outs(%f5 : tensor<?x37xf32>) attrs = {coopt.id = "head"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x37xf32>
  // CHECK-NOT: model.load @embed :
  // CHECK: model.return
  model.return %head, %sum, %u : tensor<?x37xf32>, tensor<?x7xf32>, tensor<?x5xf32>
}

// What can't be coded stays float, with a reason.
// CHECK-LABEL: model.entry @float
// CHECK-NOT: quantized
// REMARK-DAG: FloatContraction {{.*}}Op=accumulates, Reason={{.*}}it adds to a value that is not a fill with zero
// REMARK-DAG: FloatContraction {{.*}}Op=transposed, Reason={{.*}}its indexing maps are not
// REMARK-DAG: FloatContraction {{.*}}Op=long, Reason={{.*}}its 133145 columns are more than the 133144 whose sum fits 32 bits
model.entry @float(%x: tensor<?x5xf32>, %z: tensor<?x7xf32>, %v: tensor<?x133145xf32>) -> (tensor<?x7xf32>, tensor<?x5xf32>, tensor<?x2xf32>)
    sizes [#model.size<"tokens", min = 1, max = 8, multiple = 1>] dims [["tokens"], ["tokens"], ["tokens"]] -> [["tokens"], ["tokens"], ["tokens"]] {
  %t = model.size "tokens" : index
  %zero = arith.constant 0.0 : f32
  %w = model.load @untied_square : tensor<7x5xf32>
  %0 = linalg.matmul indexing_maps = [#x, #w, #y] ins(%x, %w : tensor<?x5xf32>, tensor<7x5xf32>) outs(%z : tensor<?x7xf32>) {coopt.id = "accumulates"} -> tensor<?x7xf32>
  %e1 = tensor.empty(%t) : tensor<?x5xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x5xf32>) -> tensor<?x5xf32>
  %1 = linalg.matmul ins(%z, %w : tensor<?x7xf32>, tensor<7x5xf32>) outs(%f1 : tensor<?x5xf32>) {coopt.id = "transposed"} -> tensor<?x5xf32>
  %wl = model.load @long : tensor<2x133145xf32>
  %e2 = tensor.empty(%t) : tensor<?x2xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = linalg.matmul indexing_maps = [#x, #w, #y] ins(%v, %wl : tensor<?x133145xf32>, tensor<2x133145xf32>) outs(%f2 : tensor<?x2xf32>) {coopt.id = "long"} -> tensor<?x2xf32>
  model.return %0, %1, %2 : tensor<?x7xf32>, tensor<?x5xf32>, tensor<?x2xf32>
}
model.parameter @untied_square : tensor<7x5xf32> from #model.noise<seed = 7, scale = 1.000000e-01>
