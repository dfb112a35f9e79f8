//===- SymbolicExtents.h - Extents as expressions over sizes -------------------------------===//
//
// What an extent of a tensor of a function is, in terms of the extents of its arguments: an affine expression
// over symbols. A symbol is a size of the function, by name, or something that is only known at run time.
// Sizes that must be equal are one: they are merged as the function's ops ask for it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_IMPORT_SYMBOLICEXTENTS_H
#define COOPT_LIB_IMPORT_SYMBOLICEXTENTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExpr.h"

#include <string>

namespace coopt::import {

/// An extent of a tensor, or an index.
struct Extent {
  mlir::Value tensor; // null: `index`
  int64_t dimension = 0;
  mlir::OpFoldResult index;

  Extent(mlir::Value tensor, int64_t dimension) : tensor(tensor), dimension(dimension) {}
  Extent(mlir::OpFoldResult index) : index(index) {}
};

class SymbolicExtents {
public:
  /// Names the extents of the arguments as they are named there (coopt.dims), the others after the argument.
  explicit SymbolicExtents(mlir::func::FuncOp function);

  /// In terms of merged sizes, simplified.
  mlir::AffineExpr of(const Extent &extent);
  /// The size of that name; `isGiven`: by whoever wrote the function.
  mlir::AffineExpr sizeNamed(llvm::StringRef name, bool isGiven);
  /// The same, but merged sizes keep their symbols and those of one value too.
  mlir::AffineExpr rawOf(const Extent &extent);
  /// The symbol of a dynamic extent of an argument, merged or not.
  mlir::AffineExpr ofArgument(mlir::BlockArgument argument, int64_t dimension);
  /// The name of the size that a symbol was merged into; empty for other expressions.
  std::string nameOf(mlir::AffineExpr expr);
  /// For messages.
  std::string text(mlir::AffineExpr expr);
  /// Sizes that turned out to have one value only, by name.
  std::vector<std::pair<std::string, int64_t>> constants();

  enum class Equality { Always, Never, RunTime, TwoNames };
  /// Makes two expressions equal as far as that can be done by merging sizes. TwoNames: both are sizes that
  /// were given names of their own.
  Equality merge(mlir::AffineExpr a, mlir::AffineExpr b);

  /// `value - bound`, if that is a constant.
  std::optional<int64_t> difference(mlir::AffineExpr value, mlir::AffineExpr bound);
  /// Whether an expression can't be below zero, whatever the sizes are.
  bool isNotNegative(mlir::AffineExpr expr);
  /// The least and the largest value of an index, if they are known: of loops and what is computed from them.
  std::optional<std::pair<mlir::AffineExpr, mlir::AffineExpr>> range(mlir::Value index);

private:
  struct Symbol {
    std::string name; // empty: known at run time only
    bool isGiven = false;
    bool isExtent = false; // not negative
    unsigned parent = 0;   // merged with that one; itself if not
    std::optional<int64_t> value;
  };

  mlir::AffineExpr constant(int64_t value);
  mlir::AffineExpr symbol(unsigned number);
  mlir::AffineExpr opaque(mlir::Value value, int64_t dimension);
  mlir::AffineExpr ofResult(mlir::OpResult result, int64_t dimension);
  mlir::AffineExpr ofIndex(mlir::OpFoldResult index);
  mlir::AffineExpr canonical(mlir::AffineExpr expr);
  unsigned root(unsigned number) const;
  std::optional<unsigned> asSize(mlir::AffineExpr expr) const;

  mlir::func::FuncOp function;
  mlir::MLIRContext *context;
  std::vector<Symbol> symbols;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, unsigned> numbers;
  llvm::StringMap<unsigned> named;
};

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_SYMBOLICEXTENTS_H
