//===- CompressWeights.h - Weights as codes, pruned or both -----------------===//
//
// Declares the parameters that a weight of a contraction is stored in and writes the recipes that make them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_COMPRESSWEIGHTS_H
#define COOPT_LIB_TRANSFORMS_COMPRESSWEIGHTS_H

#include "CompressMatch.h"
#include "SchemePlan.h"
#include "StoredWeights.h"

#include "dialects/Sparse/IR/Sparse.h"

#include "mlir/IR/Remarks.h"

namespace coopt {

/// A remark of the compression.
mlir::remark::RemarkOpts compressRemark(llvm::StringRef name);
/// A load of the parameter, where the builder is.
mlir::Value loadParameter(mlir::OpBuilder &builder, mlir::Location loc, model::ParameterOp parameter);

class WeightCoder {
public:
  WeightCoder(mlir::ModuleOp module, SchemePlan &plan, const CompressOptions &options)
      : options(options), module(module), symbols(module), builder(module.getContext()), plan(plan),
        stored(module, symbols) {}

  /// The weight as `scheme` says, or, if that is null or what the checkpoint has, as the checkpoint has it; without a scheme
  /// if it stays float. Errors: a pattern that the scheme's codes can't have.
  mlir::FailureOr<CodedWeight> storageOf(WeightContraction contraction, quantized::SchemeAttr scheme);
  /// The weight of the op of that id with zeros where nothing is kept, as floats.
  model::ParameterOp pruneFloats(model::LoadOp weight, llvm::StringRef id);

  /// Whether a weight has codes, made here or of the checkpoint; then, which.
  bool hasCodes(mlir::StringAttr weight) const;
  CodedWeight codesOf(mlir::StringAttr weight);
  /// The weight that stays float, with zeros; null if there is none.
  model::ParameterOp prunedAs(mlir::StringAttr weight) const { return pruned.lookup(weight); }
  /// Whether no weight was coded or pruned.
  bool isIdle() const { return coded.empty() && pruned.empty(); }
  /// Removes parameters of the checkpoint that nothing reads any more.
  void dropUnused() { stored.dropUnused(); }

private:
  CodedWeight encode(model::LoadOp weight, quantized::SchemeAttr scheme, llvm::StringRef id);
  model::ParameterOp declare(model::ParameterOp like, llvm::StringRef suffix, mlir::RankedTensorType type);
  /// A recipe that defines `parameters`; the builder is in it afterwards.
  void startRecipe(mlir::Location loc, const llvm::Twine &name,
                   llvm::ArrayRef<model::ParameterOp> parameters);
  sparse::PatternAttr pattern();
  // In a recipe:
  /// Which blocks of a weight are kept.
  mlir::Value select(mlir::Value weight, llvm::StringRef id);
  /// A matrix with zeros where nothing is kept.
  mlir::Value prune(mlir::Value matrix, mlir::Value kept, sparse::PatternAttr by);
  /// The pattern of a part with a number for each group that the pattern keeps or drops; null if the part is another.
  sparse::PatternAttr patternOfGroups(const quantized::SchemePart &part, mlir::RankedTensorType type);

  const CompressOptions &options;
  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  mlir::OpBuilder builder;
  SchemePlan &plan;
  StoredWeights stored;
  llvm::DenseMap<mlir::StringAttr, CodedWeight> coded;
  llvm::DenseMap<mlir::StringAttr, model::ParameterOp> pruned; ///< weights that stay floats
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_COMPRESSWEIGHTS_H
