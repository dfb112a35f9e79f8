//===- PackageBuilder.h - The package phase: everything into one file ----------------------===//
#ifndef COOPT_PACKAGE_PACKAGEBUILDER_H
#define COOPT_PACKAGE_PACKAGEBUILDER_H

#include "coopt/Machine/Machine.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <string>
#include <vector>

namespace coopt::package {

/// Told now and then what is being made ("code for avx2", "parameters") and how many of its bytes are done;
/// total 0: not known before. May be empty.
using Progress = std::function<void(const std::string &what, uint64_t done, uint64_t total)>;

/// Writes the package of a module that the kernels phase made: an object for each of `variants` (nested
/// modules in the LLVM dialect), the host program, the parameters that it uses (recipes are evaluated and
/// streamed), the tokenizer that `model.tokenizer` names, the facts of `model.info`. Errors are diagnostics;
/// no half-written file is left.
///
/// For a machine of kind npu: the image of each kernel in @npu, and an object for what the host computes.
mlir::LogicalResult buildPackage(mlir::ModuleOp module, const machine::Machine &machine,
                                 const std::vector<std::string> &variants,
                                 const std::string &path, const Progress &progress = {});

} // namespace coopt::package

#endif // COOPT_PACKAGE_PACKAGEBUILDER_H
