//===- ScoreCap.h - Caps of scores that stand in memory ---------------------===//
#ifndef COOPT_LIB_CONVERSION_SCORECAP_H
#define COOPT_LIB_CONVERSION_SCORECAP_H

#include "Chunks.h"
#include "dialects/Attention/IR/Attention.h"

namespace coopt {

/// Caps the scores from .. to - 1 of a row (coopt/Numerics/ScoreCap.h) if the op has a cap. `scores` are a multiple
/// of 16; those outside stay, as they are the -infinity of masked keys.
void emitScoreCap(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op, mlir::Value scores, mlir::Value from,
                  mlir::Value to);

/// Scores as powers of two: what the queries are multiplied by before their products with keys, which are then scores
/// times log2(e), or, with a cap, scores divided by it.
float queryFactor(attention::AttendOp op);

/// Turns the latter, in rows from .. to - 1 of 16, into capped scores times log2(e); nothing without a cap.
void emitPowerCap(mlir::ImplicitLocOpBuilder &b, attention::AttendOp op, mlir::Value scores, mlir::Value from,
                  mlir::Value to);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_SCORECAP_H
