//===- ParameterValues.h - Parameters as constants --------------------------===//
//
// The values of parameters that have an origin, whole, in the compiler's memory: for small models. Packages take
// the streaming way of lib/Package, which shares nothing with this one.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_PARAMETERVALUES_H
#define COOPT_LIB_TRANSFORMS_PARAMETERVALUES_H

#include "dialects/Model/IR/Model.h"

namespace coopt {

/// The elements of `parameter`, row-major. `root` is the folder that the files of sources are relative to. Fails
/// with a diagnostic at the parameter if it has no origin or one of noise, or if its file is missing or too short.
mlir::FailureOr<mlir::DenseElementsAttr> readParameterValues(model::ParameterOp parameter,
                                                             llvm::StringRef root);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_PARAMETERVALUES_H
