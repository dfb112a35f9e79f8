// RUN: coopt-opt %s --coopt-schedule-expand-kernels | FileCheck %s

// CHECK-LABEL: func.func @nested(
// CHECK-SAME: %[[X:.*]]: tensor<3xf32>, %[[O:.*]]: tensor<3xf32>, %[[N:.*]]: index
func.func @nested(%x: tensor<3xf32>, %o: tensor<3xf32>, %n: index) -> (tensor<3xf32>, tensor<3xf32>) {
  // CHECK-NEXT: %[[E:.*]] = tensor.extract %[[X]][%[[N]]]
  // CHECK-NEXT: %[[I:.*]] = tensor.insert %[[E]] into %[[O]][%[[N]]]
  // CHECK-NEXT: return %[[I]], %[[X]]
  %r:2 = schedule.kernel "outer" ins(%a = %x : tensor<3xf32>, %i = %n : index) outs(%d = %o : tensor<3xf32>, %u = %o : tensor<3xf32>) {
    %s = schedule.kernel "inner" ins(%b = %a : tensor<3xf32>, %j = %i : index) outs(%f = %d : tensor<3xf32>) {
      %e = tensor.extract %b[%j] : tensor<3xf32>
      %t = tensor.insert %e into %f[%j] : tensor<3xf32>
      schedule.yield %t : tensor<3xf32>
    } -> tensor<3xf32>
    schedule.yield %s, %a : tensor<3xf32>, tensor<3xf32>
  } -> (tensor<3xf32>, tensor<3xf32>)
  return %r#0, %r#1 : tensor<3xf32>, tensor<3xf32>
}
