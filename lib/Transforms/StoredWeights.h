//===- StoredWeights.h - Weights that a checkpoint stores as codes ---------------===//
//
// An importer defines such a weight by a recipe whose last step is a quantized.dequantize of the stored parts, or a tensor.concat
// along the rows of such weights of one scheme, and of zeros. The parts can be parameters in its place.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_STOREDWEIGHTS_H
#define COOPT_LIB_TRANSFORMS_STOREDWEIGHTS_H

#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

namespace coopt {

/// How one weight is stored.
struct CodedWeight {
  quantized::SchemeAttr scheme;
  /// The parts of the scheme: codes, scales, zeros, outer scales.
  llvm::SmallVector<model::ParameterOp> parts;
};

class StoredWeights {
public:
  StoredWeights(mlir::ModuleOp module, mlir::SymbolTable &symbols);

  bool empty() const { return weights.empty(); }
  /// The scheme of a parameter's stored parts; null if it has none.
  quantized::SchemeAttr schemeOf(mlir::StringAttr parameter) const;
  /// The stored parts as parameters, which the recipe defines from now on.
  CodedWeight keep(mlir::StringAttr parameter);
  /// Removes the floats that nothing loads any more.
  void dropUnused();

private:
  struct Weight {
    model::RecipeOp recipe;
    quantized::DequantizeOp decode;
    CodedWeight kept;
  };

  /// A weight that consists of others.
  struct Stack {
    model::RecipeOp recipe;
    mlir::tensor::ConcatOp concat;
    CodedWeight kept;
  };

  void findStacks();
  CodedWeight keepStack(mlir::StringAttr name, Stack &stack);

  mlir::ModuleOp module;
  mlir::SymbolTable &symbols;
  llvm::MapVector<mlir::StringAttr, Weight> weights;
  llvm::MapVector<mlir::StringAttr, Stack> stacks;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_STOREDWEIGHTS_H
