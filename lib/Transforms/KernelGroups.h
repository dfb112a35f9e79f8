//===- KernelGroups.h - Which ops of a block share a kernel ----------------------===//
#ifndef COOPT_LIB_TRANSFORMS_KERNELGROUPS_H
#define COOPT_LIB_TRANSFORMS_KERNELGROUPS_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

namespace coopt {

/// How an op of an entry point takes part in kernels.
enum class OpRole {
  Host,    ///< computed by the host program: sizes, index arithmetic, parameters
  Free,    ///< a view, a constant or an initial value: cloned into every kernel that uses it
  Compute, ///< belongs to exactly one kernel
};
OpRole roleOf(mlir::Operation *op);

struct KernelGroup {
  enum class Kind {
    Pointwise, ///< element-wise ops only: tiles in every dimension
    Rows,      ///< tiles along dimension 0 only
    Anchored,  ///< a contraction or gather with element-wise ops behind it
    Single,    ///< one op, or an existing kernel
  };
  Kind kind = Kind::Single;
  llvm::SmallVector<mlir::Operation *> ops; ///< what names the kernel first; producers before their users
  /// The ops whose results the kernel is cut by. While ops join, the last op is the only one; siblings bring
  /// theirs.
  llvm::SmallVector<mlir::Operation *, 1> roots;
  mlir::Operation *root() const { return roots.back(); }
};

/// The groups in an order in which they can run. A block in which scalars computed from tensors are used by other ops is one
/// group.
llvm::SmallVector<KernelGroup> groupOps(mlir::Block &block);

/// The values outside Free ops on which `value` depends: results of Compute and Host ops, block arguments.
void collectSources(mlir::Value value, llvm::SetVector<mlir::Value> &sources);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_KERNELGROUPS_H
