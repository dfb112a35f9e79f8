//===- RowConsumer.h - An elementwise op that follows what makes its rows ---===//
#ifndef COOPT_LIB_CONVERSION_ROWCONSUMER_H
#define COOPT_LIB_CONVERSION_ROWCONSUMER_H

#include "VectorBody.h"

namespace coopt {

/// A linalg.generic on memrefs with two parallel loops, rows and columns, vectorised along the columns. Some of
/// its inputs come as vectors from whoever makes them, a chunk of a row at a time; they need no memory.
class RowConsumer {
public:
  /// `made`: the memrefs that come as vectors; all of them are read element by element. Absent if the op is
  /// another.
  static std::optional<RowConsumer> match(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> made);

  /// Stores what the op yields for a chunk of row `row` from column `column` on; `numbers`: the chunks of `made`.
  void emit(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value row, mlir::Value column,
            llvm::ArrayRef<mlir::Value> numbers);

  mlir::linalg::GenericOp getOp() const { return op; }

private:
  RowConsumer(mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> made, VectorPlan plan)
      : op(op), made(made), plan(std::move(plan)) {}

  mlir::linalg::GenericOp op;
  llvm::SmallVector<mlir::Value> made;
  VectorPlan plan;
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_ROWCONSUMER_H
