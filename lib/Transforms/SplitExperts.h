//===- SplitExperts.h - Experts of one layer in several formats ---------------===//
//
// Contractions by experts that share their segments, and what is between them, are a layer's experts. Where a plan stores them in
// different ways, those that are stored alike in all contractions are a class, and each class gets
//
//   places    a parameter: for each expert of the layer its place in the class, or -1
//   segments  moe.restrict of the layer's segments by these
//   weights   parameters whose recipes put together the matrices of the class alone
//   the ops   clones of the contractions and of what is between them
//
// The result that the rest of the model reads goes from class to class: each class starts with what the one before has made and
// writes its own rows. Guesses of the layer's experts (moe.prefetch) become guesses of places in the classes.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_SPLITEXPERTS_H
#define COOPT_LIB_TRANSFORMS_SPLITEXPERTS_H

#include "SchemePlan.h"

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

/// Tells `plan` what each contraction by experts is stored as, after splitting those whose experts differ. Spends the plan's budgets.
/// Each class is a remark `ExpertClass` of category `compress`. Errors: those of spendBudget; experts between whose contractions
/// is something else than element-wise ops.
mlir::LogicalResult splitExperts(mlir::ModuleOp module, SchemePlan &plan, const CompressOptions &options);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_SPLITEXPERTS_H
