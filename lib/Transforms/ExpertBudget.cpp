#include "ExpertBudget.h"

#include "coopt/Solver/BitAllocation.h"
#include "coopt/Support/TextTable.h"

#include <cmath>

using namespace mlir;
using namespace coopt;

static std::string withDigits(double bits) { return formatNumber("%.6g", bits); }

Expected<SpentBudget> coopt::spendBudget(const SchemeBudget &budget, ArrayRef<WeightMatrices> matrices,
                                         ArrayRef<BudgetItem> items, const ModelKnowledge &knowledge) {
  const std::string place = "rule for '" + budget.pattern + "'";
  solver::AllocationItems options(items.size(), std::vector<solver::AllocationOption>(budget.of.size()));
  double weights = 0;
  for (size_t number = 0; number < matrices.size(); ++number) {
    WeightMatrices of = matrices[number];
    std::vector<bool> isAsked(static_cast<size_t>(of.count()));
    for (const BudgetItem &item : items) {
      if (llvm::is_contained(item.matrices, number)) {
        isAsked[static_cast<size_t>(item.expert)] = true;
      }
    }
    auto errors = measureErrors(of, isAsked, budget.formats, {}, knowledge);
    if (!errors) {
      return forward(errors.error(), place);
    }
    RankedTensorType type = of.type();
    for (size_t i = 0; i < items.size(); ++i) {
      if (!llvm::is_contained(items[i].matrices, number)) {
        continue;
      }
      weights += static_cast<double>(type.getNumElements());
      for (size_t option = 0; option < budget.of.size(); ++option) {
        options[i][option].costs[0] +=
            static_cast<int64_t>(storedBits(budget.of[option].scheme.weight, type));
        options[i][option].loss +=
            items[i].share * (*errors)[static_cast<size_t>(items[i].expert)].errors[option];
      }
    }
  }
  // Bits are whole numbers; the limit is a product that was rounded.
  const double limit = std::min(std::floor(budget.bits * weights * (1 + 1e-12)), 0x1p62);
  const auto least = static_cast<double>(solver::leastCosts(options)[0]);
  if (least > limit) {
    return fail(place + ": " + withDigits(budget.bits) + " bits a weight are less than the " +
                withDigits(least / weights) + " that the smallest of its formats take");
  }
  auto made = solver::allocateBits(options, {{static_cast<int64_t>(limit), solver::kUnlimited}});
  if (!made) {
    return forward(made.error(), place);
  }
  return SpentBudget{made->chosen, static_cast<double>(made->costs[0]) / weights, made->gap()};
}
