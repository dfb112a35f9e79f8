//===- WeightErrors.h - What formats do to the weights of a contraction -----===//
#ifndef COOPT_LIB_TRANSFORMS_WEIGHTERRORS_H
#define COOPT_LIB_TRANSFORMS_WEIGHTERRORS_H

#include "SchemePlan.h"
#include "dialects/Model/IR/Model.h"

namespace coopt {

/// The matrices of one contraction, one below the other: `rows` rows of each `stride` are an expert's, the rest is padding. Of a contraction
/// without experts there is one.
struct WeightMatrices {
  model::ParameterOp parameter;
  int64_t stride = 0, rows = 0, columns = 0;

  int64_t count() const { return tensorType().getDimSize(0) / stride; }
  mlir::RankedTensorType tensorType() const { return model::ParameterOp(parameter).getTensorType(); }
  /// Of one matrix.
  mlir::RankedTensorType type() const { return tensorType().clone({rows, columns}); }
};

/// Bits of a matrix in a scheme, scales and zeros included; 32 each where there is none.
double storedBits(quantized::SchemeAttr scheme, mlir::RankedTensorType type);

/// Sums over the elements w_nk of one matrix, w~_nk what a format makes of it: each code the nearest, whatever else is asked for.
struct MatrixErrors {
  std::vector<double> errors; ///< of each format: h_k (w_nk - w~_nk)^2
  double energy = 0;          ///< h_k w_nk^2
};

/// Of each of the matrices that is asked for. Formats: none is float, without errors. h: one number for each column, or empty: 1. The same for any
/// number of threads. Errors: weights that can't be had or encoded, that are not finite.
Expected<std::vector<MatrixErrors>>
measureErrors(WeightMatrices matrices, const std::vector<bool> &isAsked,
              const std::vector<std::optional<numerics::BlockFormat>> &formats, const std::vector<double> &h,
              const ModelKnowledge &knowledge);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_WEIGHTERRORS_H
