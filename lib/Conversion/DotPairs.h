//===- DotPairs.h - Multiply-add of 16-bit pairs ----------------------------===//
#ifndef COOPT_LIB_CONVERSION_DOTPAIRS_H
#define COOPT_LIB_CONVERSION_DOTPAIRS_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"

namespace coopt {

/// acc[j] + x[2j] * y[2j] + x[2j+1] * y[2j+1]; acc vector<16xi32>, x and y vector<32xi16> holding values of 8
/// bits, so that no product or sum of two overflows. One instruction (pmaddwd) for each register; it is
/// called by name because the pattern is not recognised in every surrounding.
mlir::Value dotPairs(mlir::ImplicitLocOpBuilder &b, Isa isa, mlir::Value acc, mlir::Value x, mlir::Value y);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_DOTPAIRS_H
