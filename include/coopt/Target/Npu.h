//===- Npu.h - Images from functions in the npu dialect ---------------------===//
//
// A kernel function for the accelerator: its arguments are memrefs in DRAM, its memrefs in other memories have addresses
// (`npu.address`), everything that is done is an op of the npu dialect, between them scf.for and arithmetic on index. Argument N becomes the
// symbol that its attribute `npu.symbol` names, of as many bytes as `npu.bytes` says; arguments lie one behind the other, constants
// (memref.global) behind them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TARGET_NPU_H
#define COOPT_TARGET_NPU_H

#include "coopt/NpuIsa/Image.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace coopt::target {

/// The image of one core. Errors are diagnostics at the op: what no instruction can say, values whose bounds are not known, too many values
/// at a time for the registers.
mlir::FailureOr<npu::Image> emitImage(mlir::func::FuncOp kernel, uint64_t machine);

/// coopt-emit-npu-images.
void registerNpuPasses();

} // namespace coopt::target

#endif // COOPT_TARGET_NPU_H
