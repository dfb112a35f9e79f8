//===- CompressMatch.h - Which contractions can be coded --------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_COMPRESSMATCH_H
#define COOPT_LIB_TRANSFORMS_COMPRESSMATCH_H

#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <string>

namespace coopt {

/// y[m, n] = sum over k of x[m, k] w[n, k] from zero, in f32, with w a parameter: a linalg op or a `moe.contract`, for which the
/// rows of w are those of its expert.
struct WeightContraction {
  mlir::Operation *op;
  mlir::Value activation;
  model::LoadOp weight;
  /// Where the result goes; the zeros that were written there are not needed by a coded contraction.
  mlir::Value destination;
};

/// The op as a contraction with a weight; nothing if it is none. If it is one but can't be coded, `reason`
/// says why.
std::optional<WeightContraction> matchWeightContraction(mlir::Operation *op, std::string &reason);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_COMPRESSMATCH_H
