//===- RecipePlanner.h - From recipes in IR to nodes ---------------------------------===//
#ifndef COOPT_LIB_PACKAGE_RECIPEPLANNER_H
#define COOPT_LIB_PACKAGE_RECIPEPLANNER_H

#include "RecipeNodes.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>

namespace coopt {

/// What makes each parameter; null for one that nothing defines.
using ParameterNodes = std::map<std::string, package::recipe::NodeRef>;

/// `threads`: of nodes that make a whole matrix at once. Errors as RecipeEvaluator::create says.
Expected<ParameterNodes> planParameters(mlir::ModuleOp module, const std::string &rootDirectory,
                                        unsigned threads);

} // namespace coopt

#endif // COOPT_LIB_PACKAGE_RECIPEPLANNER_H
