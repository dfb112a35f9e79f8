//===- ExpertBudget.h - Which format each expert gets for so many bits ------===//
#ifndef COOPT_LIB_TRANSFORMS_EXPERTBUDGET_H
#define COOPT_LIB_TRANSFORMS_EXPERTBUDGET_H

#include "SchemePlan.h"
#include "dialects/Model/IR/Model.h"

namespace coopt {

/// The matrices of one contraction by experts: `rows` rows of each `stride` are an expert's, the rest is padding.
struct ExpertMatrices {
  model::ParameterOp parameter;
  int64_t stride = 0, rows = 0, columns = 0;
};

/// What an expert has of the contractions that a budget decides for.
struct BudgetItem {
  int64_t expert = 0;
  llvm::SmallVector<size_t> matrices; ///< indices of ExpertMatrices
  double share = 0;                   ///< of the tokens
};

/// Bits of a matrix in a scheme, scales and zeros included; 32 each where there is none.
double storedBits(quantized::SchemeAttr scheme, mlir::RankedTensorType type);

/// What a budget was spent on.
struct SpentBudget {
  std::vector<size_t> chosen; ///< one of SchemeBudget::of for each item
  double bitsPerWeight = 0;   ///< of all items
};

/// The choice by BitBudget.h. The loss of an item in a format is its share times the sum of the squared differences between its
/// weights and what their codes mean, codes chosen by the format's own rule. Errors: weights that can't be had or encoded, a
/// budget that is less than the items' smallest formats take.
Expected<SpentBudget> spendBudget(const SchemeBudget &budget, llvm::ArrayRef<ExpertMatrices> matrices,
                                  llvm::ArrayRef<BudgetItem> items, const ExpertKnowledge &knowledge);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_EXPERTBUDGET_H
