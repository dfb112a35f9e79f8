//===- SchemePlan.h - What a plan says about one contraction, in attributes --------------===//
#ifndef COOPT_LIB_TRANSFORMS_SCHEMEPLAN_H
#define COOPT_LIB_TRANSFORMS_SCHEMEPLAN_H

#include "coopt/Transforms/Compress.h"

#include "dialects/Quantized/IR/Quantized.h"

#include "llvm/Support/GlobPattern.h"

#include <map>

namespace coopt {

/// What is said about one contraction.
struct OpScheme {
  quantized::SchemeAttr weight; ///< null: it stays float
  bool quantizesActivation = false;

  bool operator==(const OpScheme &other) const {
    return weight == other.weight && quantizesActivation == other.quantizesActivation;
  }
};

/// The types of a scheme's parts for a matrix of this type, and the suffixes of their names.
llvm::SmallVector<std::pair<std::string, mlir::RankedTensorType>> partsOf(quantized::SchemeAttr scheme,
                                                                          mlir::RankedTensorType type);

/// A format that a plan names.
struct NamedScheme {
  std::string name; ///< "f32", "w8a8"
  OpScheme scheme;
};

/// A budget of the plan.
struct SchemeBudget {
  std::string pattern;
  double bits = 0;
  std::vector<NamedScheme> of;
  std::vector<std::optional<numerics::BlockFormat>> formats; ///< of the same; none: float
};

/// A plan in attributes.
class SchemePlan {
public:
  SchemePlan(mlir::MLIRContext *context, const numerics::QuantizationPlan &plan)
      : context(context), plan(plan) {}
  /// Errors: what is not supported.
  Status resolve();
  /// For a contraction as a whole: what `decide` said, else the first rule that matches.
  OpScheme schemeFor(const std::string &id);
  /// The rule that decides for one expert's part of a contraction; none: none matches, and the plan's own scheme does.
  std::optional<size_t> ruleFor(const std::string &id, int64_t expert);
  /// The budget of a rule; null if it is none.
  const SchemeBudget *budgetOf(size_t rule) const { return budgets[rule] ? &*budgets[rule] : nullptr; }
  /// What a rule that is no budget says, or the plan where none matches.
  const NamedScheme &storageOf(std::optional<size_t> rule) const {
    return rule ? byRule[*rule].body : otherwise.body;
  }
  /// From now on the contraction of this id has this scheme; its inputs are known under the id `statistics`.
  void decide(const std::string &id, const OpScheme &scheme, const std::string &statistics) {
    decisions[id] = {scheme, statistics};
  }
  /// The id under which a calibration file has the inputs of a contraction.
  std::string statisticsOf(const std::string &id) const {
    auto decided = decisions.find(id);
    return decided == decisions.end() ? id : decided->second.statistics;
  }
  /// Whether this is the id that importers give the output head.
  static bool isHead(llvm::StringRef id) { return id == "lm_head"; }
  /// Int8 per row.
  quantized::SchemeAttr activation() const;
  /// How codes of integers are chosen.
  calibration::RoundingMethod rounding;
  /// A rule that no id has matched; null if there is none.
  const numerics::QuantizationRule *unusedRule() const;

private:
  struct Storage {
    NamedScheme body;
    OpScheme head;
    bool isUsed = false;
  };
  struct Decision {
    OpScheme scheme;
    std::string statistics;
  };
  Expected<Storage> storageOf(const std::optional<numerics::QuantizationScheme> &scheme);

  mlir::MLIRContext *context;
  const numerics::QuantizationPlan &plan;
  Storage otherwise;
  std::vector<Storage> byRule;
  std::vector<llvm::GlobPattern> patterns;
  std::vector<std::optional<SchemeBudget>> budgets; ///< by rule
  std::map<std::string, Decision> decisions;
};

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SCHEMEPLAN_H
