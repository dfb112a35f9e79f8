//===- PackageBuilder.h - The package phase: everything into one file ----------------------===//
#ifndef COOPT_PACKAGE_PACKAGEBUILDER_H
#define COOPT_PACKAGE_PACKAGEBUILDER_H

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace coopt::package {

/// Writes the package of a module that the kernels phase made: an object for each of `variants` (nested
/// modules in the LLVM dialect), the host program, the parameters that it uses (recipes are evaluated and
/// streamed), the tokenizer that `model.tokenizer` names, the facts of `model.info`. Errors are diagnostics;
/// no half-written file is left.
mlir::LogicalResult buildPackage(mlir::ModuleOp module, const std::vector<std::string> &variants,
                                 const std::string &path);

} // namespace coopt::package

#endif // COOPT_PACKAGE_PACKAGEBUILDER_H
