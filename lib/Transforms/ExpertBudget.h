//===- ExpertBudget.h - Which format each expert gets for so many bits ------===//
#ifndef COOPT_LIB_TRANSFORMS_EXPERTBUDGET_H
#define COOPT_LIB_TRANSFORMS_EXPERTBUDGET_H

#include "WeightErrors.h"

namespace coopt {

/// What an expert has of the contractions that a budget decides for.
struct BudgetItem {
  int64_t expert = 0;
  llvm::SmallVector<size_t> matrices; ///< indices of WeightMatrices
  double share = 0;                   ///< of the tokens
};

/// What a budget was spent on.
struct SpentBudget {
  std::vector<size_t> chosen; ///< one of SchemeBudget::of for each item
  double bitsPerWeight = 0;   ///< of all items
  double gap = 0;             ///< of the loss, that may be avoidable: 0 if the choice is proven best
};

/// The choice by BitAllocation.h. The loss of an item in a format is its share times the sum of the squared differences between its
/// weights and what their codes mean (WeightErrors.h). Errors: those of measureErrors, a budget that is less than the items' smallest formats
/// take.
Expected<SpentBudget> spendBudget(const SchemeBudget &budget, llvm::ArrayRef<WeightMatrices> matrices,
                                  llvm::ArrayRef<BudgetItem> items, const ModelKnowledge &knowledge);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_EXPERTBUDGET_H
