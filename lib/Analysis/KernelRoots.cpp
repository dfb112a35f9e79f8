#include "coopt/Analysis/KernelRoots.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;

/// Whether `op` depends on one of `roots` other than itself.
static bool dependsOn(Operation *op, ArrayRef<TilingInterface> roots) {
  SetVector<Operation *> slice;
  slice.insert(op);
  for (size_t next = 0; next < slice.size(); ++next) {
    Operation *one = slice[next];
    one->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        Operation *def = operand.getDefiningOp();
        if (def && def->getBlock() == op->getBlock()) {
          slice.insert(def);
        }
      }
    });
  }
  return llvm::any_of(roots, [&](TilingInterface root) {
    return root.getOperation() != op && slice.contains(root.getOperation());
  });
}

/// Whether a value that is yielded is written into a destination of the kernel, not into a tensor of each work
/// item's own.
static bool isInDestination(Value value) {
  while (auto style = value.getDefiningOp<DestinationStyleOpInterface>()) {
    value = style.getTiedOpOperand(cast<OpResult>(value))->get();
  }
  return isa<BlockArgument>(value);
}

SmallVector<TilingInterface> coopt::kernelRoots(schedule::KernelOp kernel) {
  SmallVector<TilingInterface> roots;
  for (Value value : kernel.getYield().getValues()) {
    auto root = value.getDefiningOp<TilingInterface>();
    if (!root) {
      return {};
    }
    if (!llvm::is_contained(roots, root)) {
      roots.push_back(root);
    }
  }
  bool isIndependent =
      roots.size() < 2 ||
      (llvm::all_of(kernel.getYield().getValues(), isInDestination) &&
       llvm::none_of(roots, [&](TilingInterface root) { return dependsOn(root.getOperation(), roots); }));
  return isIndependent ? roots : SmallVector<TilingInterface>();
}

tensor::EmptyOp coopt::emptyOfOutput(Value output) {
  while (auto kernel = output.getDefiningOp<schedule::KernelOp>()) {
    output = kernel.getOutputs()[cast<OpResult>(output).getResultNumber()];
  }
  return output.getDefiningOp<tensor::EmptyOp>();
}
