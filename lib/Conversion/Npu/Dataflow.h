//===- Dataflow.h - What stands still in the array --------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_DATAFLOW_H
#define COOPT_LIB_CONVERSION_NPU_DATAFLOW_H

#include "Weights.h"

namespace coopt::npu {

/// The mode of npu.matmul for sums of `depth` products, of activations of 1 to `mostRows` rows: ws or os, whichever the unit has. Of both it is os where
/// the laws of the array (CostModel/MatrixArray.h) say that it takes less time for one row and not more for all of them, as on an array that
/// shifts its weights in. Error at the op: the unit has neither.
mlir::FailureOr<llvm::StringRef> chooseDataflow(mlir::Operation *op, const machine::NpuMatrixUnit &unit,
                                                const Products &types, int64_t mostRows, int64_t depth);

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_DATAFLOW_H
