//===- SchemePlan.h - What a plan says about one contraction, in attributes --------------===//
#ifndef COOPT_LIB_TRANSFORMS_SCHEMEPLAN_H
#define COOPT_LIB_TRANSFORMS_SCHEMEPLAN_H

#include "coopt/Transforms/Compress.h"

#include "dialects/Quantized/IR/Quantized.h"

#include "llvm/Support/GlobPattern.h"

namespace coopt {

/// What is said about one contraction.
struct OpScheme {
  quantized::SchemeAttr weight; ///< null: it stays float
  bool quantizesActivation = false;
};

/// A plan in attributes.
class SchemePlan {
public:
  SchemePlan(mlir::MLIRContext *context, const numerics::QuantizationPlan &plan)
      : context(context), plan(plan) {}
  /// Errors: what is not supported.
  Status resolve();
  OpScheme schemeFor(const std::string &id);
  /// Int8 per row.
  quantized::SchemeAttr activation() const;
  /// How codes of integers are chosen.
  calibration::RoundingMethod rounding;
  /// A rule that no id has matched; null if there is none.
  const numerics::QuantizationRule *unusedRule() const;

private:
  struct Storage {
    OpScheme body, head;
    bool isUsed = false;
  };
  Expected<Storage> storageOf(const std::optional<numerics::QuantizationScheme> &scheme);

  mlir::MLIRContext *context;
  const numerics::QuantizationPlan &plan;
  Storage otherwise;
  std::vector<Storage> byRule;
  std::vector<llvm::GlobPattern> patterns;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SCHEMEPLAN_H
