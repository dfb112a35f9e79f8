//===- EntrySerializer.h - One entry's buffers and commands ------------------===//
#ifndef COOPT_LIB_PACKAGE_ENTRYSERIALIZER_H
#define COOPT_LIB_PACKAGE_ENTRYSERIALIZER_H

#include "coopt/PackageFormat/Package.h"
#include "dialects/Program/IR/Program.h"
#include "dialects/Program/Transforms/SizeBounds.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <optional>

namespace coopt::package {

/// The package's name of an element type; none if it has none.
std::optional<ElementType> elementTypeOf(mlir::Type type);

/// The kernels that dispatches name, in the order of their first dispatch.
class KernelTable {
public:
  KernelTable(mlir::ModuleOp module, Program &program) : module(module), program(program) {}

  /// The index of the dispatch's kernel; all dispatches of one kernel take the same numbers of buffers and
  /// scalars.
  mlir::FailureOr<uint32_t> indexOf(program::DispatchOp dispatch, size_t buffers, size_t scalars);

private:
  mlir::ModuleOp module;
  Program &program;
  llvm::StringMap<std::pair<uint32_t, program::DispatchOp>> kernels; ///< with the first dispatch
};

class EntrySerializer {
public:
  EntrySerializer(program::EntryOp op, KernelTable &kernels, const std::vector<Parameter> &parameters,
                  const std::vector<uint32_t> &states);

  mlir::FailureOr<Entry> run();

private:
  mlir::LogicalResult addCommands(mlir::Block &block);
  mlir::LogicalResult addCommand(mlir::Operation *op);
  mlir::LogicalResult addBuffer(mlir::Operation *op);
  mlir::LogicalResult addDispatch(program::DispatchOp op);
  mlir::LogicalResult addCopy(program::CopyOp op);
  mlir::LogicalResult addPrefetch(program::PrefetchOp prefetch);
  mlir::LogicalResult addRequire(program::RequireOp require);
  mlir::LogicalResult addBranch(program::IfOp op);

  // EntryArithmetic.cpp
  mlir::LogicalResult addArithmetic(mlir::Operation *op);
  mlir::LogicalResult addComparison(mlir::Operation *op);
  /// Emits dst = a op b into a new slot.
  Slot emit(ScalarOp op, Slot a, Slot b);
  Slot emitConstant(int64_t value);

  Slot slotOf(mlir::Value value) const { return slots.lookup(value); }
  void addExtents(mlir::Value buffer, std::vector<Slot> &scalars) const;

  program::EntryOp op;
  KernelTable &kernels;
  const std::vector<Parameter> &parameters;
  const std::vector<uint32_t> &states;
  program::SizeBounds bounds;
  Entry entry;
  llvm::DenseMap<mlir::Value, Slot> slots;       ///< of index and i1 values
  llvm::DenseMap<mlir::Value, uint32_t> buffers; ///< of memrefs
  llvm::StringMap<uint32_t> parameterIndices;
};

} // namespace coopt::package

#endif // COOPT_LIB_PACKAGE_ENTRYSERIALIZER_H
