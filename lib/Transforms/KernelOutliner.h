//===- KernelOutliner.h - Kernel regions become functions on memrefs -----------------===//
//
// A tiled schedule.kernel becomes
//
//   func.func @name(reads: memref.., writes: memref.., scalars: index.., %first: index, %last: index,
//                   %scratch: memref<?xi8> {coopt.scratch})
//
// in the nested module @kernels: bufferised, its scf.forall turned into a loop over the work items
// first..last-1. Opaque state becomes memref<(2 * layers * heads) x capacity x headSize>; the layer is a
// scalar, so that the layers of a model share their kernels. Kernels whose functions are equal but for the
// name are one function. Where the kernel loops over its items itself, the three arguments after the scalars are missing, and buffers say
// by `npu.bytes` what they take at most.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_KERNELOUTLINER_H
#define COOPT_LIB_TRANSFORMS_KERNELOUTLINER_H

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace coopt {

/// The memref that a tensor or a state is at kernel level: dense, row-major, no encoding.
mlir::MemRefType bufferType(mlir::Type type);

/// What the host program must know to dispatch an outlined kernel.
struct OutlinedKernel {
  mlir::func::FuncOp function;
  /// Operand numbers of the schedule.kernel that are buffers, in the function's order: reads, then writes.
  llvm::SmallVector<unsigned> reads, writes;
  /// Operand numbers that are scalars, in order; constants (layers) follow them.
  llvm::SmallVector<unsigned> scalars;
  llvm::SmallVector<int64_t> constants;
  /// The most that each constant may be: what kernels are the same for.
  llvm::SmallVector<int64_t> largestConstants;
};

class KernelOutliner {
public:
  explicit KernelOutliner(mlir::ModuleOp kernels) : kernels(kernels) {}
  /// Whether the next kernels loop over their items themselves.
  void loopOverItems(bool loops) { loopsOverItems = loops; }

  mlir::FailureOr<OutlinedKernel> outline(schedule::KernelOp kernel);

private:
  mlir::ModuleOp kernels;
  bool loopsOverItems = false;
  llvm::StringMap<mlir::func::FuncOp> byText;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_KERNELOUTLINER_H
