// Kernels without choices get some; those that have some keep them and are priced beside what the model would take.
// RUN: coopt-opt %s --coopt-schedule-select="machine=cpu:avx2 explain=%t.txt" -o %t.mlir --remarks-filter=schedule --remark-policy=all --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir
// RUN: FileCheck %s --check-prefix=TABLE < %t.txt
// RUN: coopt-opt %s --coopt-schedule-select="machine=cpu:avx2 explain=%t.json" -o %t.again.mlir
// RUN: cmp %t.mlir %t.again.mlir
// RUN: FileCheck %s --check-prefix=JSON < %t.json

// A file wins over both.
// RUN: echo '{"schedules": [{"op": "*", "set": "#schedule.set<[<[\"tokens\" le 8]> -> <tile = [2, 48]>, <[]> -> <tile = [4, 0]>]>"}]}' > %t.file.json
// RUN: coopt-opt %s --coopt-schedule-select="machine=cpu:avx2 schedule=%t.file.json explain=-" -o /dev/null | FileCheck %s --check-prefix=FILE

// RUN: not coopt-opt %s --coopt-schedule-select=machine=cpu:none -o /dev/null 2>&1 | FileCheck %s --check-prefix=MACHINE
// RUN: not coopt-opt %s --coopt-schedule-select=explain=%t.none/a.txt -o /dev/null 2>&1 | FileCheck %s --check-prefix=FOLDER
// MACHINE: error: {{.*}}none
// FOLDER: error: {{.*}}a.txt: No such file or directory

// REMARK: layers.0/gate {{.*}}"tokens le 1: <tile = [1, {{[0-9]+}}]>, {{[^ ]+}} us, bound by {{[a-z0-9A-Z]+}} (compute {{.*}}; then <tile = [1, 
// REMARK: by_hand {{.*}}"tokens le 4: <tile = [3, 16]>, {{[^ ]+}} us, bound by {{.*}}; then <tile

// CHECK:      schedule.kernel "layers.0/gate"
// CHECK-SAME:   choices(#schedule.set<[<["tokens" le 1]> -> <tile = [1, [[COLUMNS:[0-9]+]]]>, <[]> -> <tile = [{{[0-9]+, [0-9]+}}]>]>)
// CHECK:      schedule.kernel "layers.1/gate"
// CHECK-SAME:   choices(#schedule.set<[<["tokens" le 1]> -> <tile = [1, [[COLUMNS]]]>,
// CHECK:      schedule.kernel "by_hand"
// CHECK-SAME:   choices(#schedule.set<[<["tokens" le 4]> -> <tile = [3, 16]>, <[]> -> <tile = [5, 0]>]>)

// Layers that are alike are one line.
// TABLE: schedules for machine 'avx2' by cpu-roofline
// TABLE: {{^}}layers.*/gate x2  two    tokens le 1  <tile = [1, {{[0-9]+}}]> {{ *}}model  {{[a-zA-Z0-9]+ +[0-9.]+ +[0-9]+%  <tile = \[1, [0-9]+\]> \+[0-9.]+%$}}
// TABLE: {{^}}layers.*/gate x2  two    else
// TABLE: {{^}}by_hand           hand   tokens le 4  <tile = [3, 16]>
// TABLE-SAME: hand
// TABLE: {{^}}by_hand           hand   else         <tile = [5, 0]>

// JSON:      "machine": "avx2",
// JSON-NEXT: "model": "cpu-roofline",
// JSON-NEXT: "decisions": [
// JSON:      "kernels": [
// JSON-NEXT:   "layers.0/gate",
// JSON-NEXT:   "layers.1/gate"
// JSON:      "case": "tokens le 1",
// JSON-NEXT: "by": "model",
// JSON-NEXT: "rule": "<tile = [1, 64]>",
// JSON-NEXT: "kind": "contraction",
// JSON-NEXT: "sizes": {
// JSON-NEXT:   "m": 1,
// JSON-NEXT:   "n": 172,
// JSON-NEXT:   "k": 64
// JSON:      "role": "weight",
// JSON-NEXT: "type": "f32",
// JSON-NEXT: "bytes": 45056.0,
// JSON-NEXT: "cold": true
// JSON:      "roofline_seconds": {{[0-9.e-]+}},
// JSON-NEXT: "relative_error": null,
// JSON-NEXT: "candidates": [
// JSON-NEXT:   {
// JSON-NEXT:     "schedule": "<tile = [1, {{[0-9]+}}]>",
// JSON-NEXT:     "tile": {
// JSON-NEXT:       "rows": 1,
// JSON:          "family": "avx2"
// JSON:          "seconds": {{[0-9.e-]+}},
// JSON:          "terms": {
// JSON:          "schedule":
// JSON:          "lost": "{{[0-9.]+}} % more: {{[a-zA-Z0-9]+}} {{[0-9.]+}} us"
// JSON:      "by": "hand",

// FILE: layers.*/gate x2  two    tokens le 8  <tile = [2, 48]>  file
// FILE: layers.*/gate x2  two    else         <tile = [4, 0]>   file
// FILE: by_hand           hand   tokens le 8  <tile = [2, 48]>  file

#rows = affine_map<(m, n, k) -> (m, k)>
#columns = affine_map<(m, n, k) -> (n, k)>
#result = affine_map<(m, n, k) -> (m, n)>

model.parameter @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
model.parameter @v : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>

model.entry @two(%x: tensor<?x64xf32>) -> (tensor<?x172xf32>, tensor<?x172xf32>)
    sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"], ["tokens"]] {
  %t = model.size "tokens" : index
  %init = tensor.empty(%t) : tensor<?x172xf32>
  %w = model.load @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
  %v = model.load @v : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
  %r = schedule.kernel "layers.0/gate" ins(%a = %x : tensor<?x64xf32>, %p = %w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>)
      outs(%o = %init : tensor<?x172xf32>) {
    %u = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">> -> tensor<172x64xf32>
    %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %u : tensor<?x64xf32>, tensor<172x64xf32>) outs(%o : tensor<?x172xf32>) {
    ^bb0(%i: f32, %j: f32, %c: f32):
      %m = arith.mulf %i, %j : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x172xf32>
    schedule.yield %y : tensor<?x172xf32>
  } -> tensor<?x172xf32>
  %q = schedule.kernel "layers.1/gate" ins(%a = %x : tensor<?x64xf32>, %p = %v : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>)
      outs(%o = %init : tensor<?x172xf32>) {
    %u = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">> -> tensor<172x64xf32>
    %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %u : tensor<?x64xf32>, tensor<172x64xf32>) outs(%o : tensor<?x172xf32>) {
    ^bb0(%i: f32, %j: f32, %c: f32):
      %m = arith.mulf %i, %j : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x172xf32>
    schedule.yield %y : tensor<?x172xf32>
  } -> tensor<?x172xf32>
  model.return %r, %q : tensor<?x172xf32>, tensor<?x172xf32>
}

model.entry @hand(%x: tensor<?x64xf32>) -> (tensor<?x172xf32>)
    sizes [#model.size<"tokens", min = 1, max = 64, multiple = 1>] dims [["tokens"]] -> [["tokens"]] {
  %t = model.size "tokens" : index
  %init = tensor.empty(%t) : tensor<?x172xf32>
  %w = model.load @w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>
  %r = schedule.kernel "by_hand" ins(%a = %x : tensor<?x64xf32>, %p = %w : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">>)
      outs(%o = %init : tensor<?x172xf32>)
      choices(#schedule.set<[<["tokens" le 4]> -> <tile = [3, 16]>, <[]> -> <tile = [5, 0]>]>) {
    %u = model.unpack %p : tensor<11264xf32, #model.layout<"[172, 64] tile(d0:4) outer(d0, d1)">> -> tensor<172x64xf32>
    %y = linalg.generic {indexing_maps = [#rows, #columns, #result], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %u : tensor<?x64xf32>, tensor<172x64xf32>) outs(%o : tensor<?x172xf32>) {
    ^bb0(%i: f32, %j: f32, %c: f32):
      %m = arith.mulf %i, %j : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x172xf32>
    schedule.yield %y : tensor<?x172xf32>
  } -> tensor<?x172xf32>
  model.return %r : tensor<?x172xf32>
}
