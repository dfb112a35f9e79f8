//===- ExpertSchemes.h - Which expert is stored how -------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_EXPERTSCHEMES_H
#define COOPT_LIB_TRANSFORMS_EXPERTSCHEMES_H

#include "CompressMatch.h"
#include "SchemePlan.h"

namespace coopt {

/// The experts of a layer: the contractions by experts that share their segments.
struct ExpertLayer {
  mlir::Value segments;
  llvm::SmallVector<WeightContraction> contractions; ///< with an id each
  int64_t experts = 0;
  std::string prefix; ///< of the ids of the contractions, up to the last "/"
  /// Of each contraction, of each expert.
  std::vector<std::vector<NamedScheme>> schemes;
};

/// The layers of all entries, in order; schemes are empty.
std::vector<ExpertLayer> collectExpertLayers(mlir::ModuleOp module);

/// Fills in the schemes: what the plan's rules say of each expert, and what its budgets are spent on (ExpertBudget.h). Each budget is
/// a line of `options.report`. Errors: those of spendBudget and of `options.experts`.
mlir::LogicalResult chooseExpertSchemes(mlir::ModuleOp module, llvm::MutableArrayRef<ExpertLayer> layers,
                                        SchemePlan &plan, const CompressOptions &options);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_EXPERTSCHEMES_H
