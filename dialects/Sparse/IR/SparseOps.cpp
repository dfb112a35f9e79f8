//===- SparseOps.cpp - What the ops demand: C2..C5 ----------------------------===//
#include "dialects/Sparse/IR/Sparse.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::sparse;

#define GET_OP_CLASSES
#include "dialects/Sparse/IR/SparseOps.cpp.inc"

RankedTensorType sparse::keptType(PatternAttr pattern, RankedTensorType matrix) {
  return RankedTensorType::get({matrix.getDimSize(0), pattern.getPattern().blocks(matrix.getDimSize(1))},
                               IntegerType::get(pattern.getContext(), 1));
}

RankedTensorType sparse::compactType(PatternAttr pattern, RankedTensorType matrix) {
  return RankedTensorType::get({matrix.getDimSize(0), pattern.getPattern().keptColumns(matrix.getDimSize(1))},
                               matrix.getElementType());
}

/// C2 and C4: a matrix whose columns are known.
static bool isMatrix(RankedTensorType type) {
  return type.getRank() == 2 && !type.isDynamicDim(1) && type.getDimSize(1) > 0 && !type.getEncoding();
}

LogicalResult TopkSelectOp::verify() {
  auto scores = cast<RankedTensorType>(getScores().getType());
  if (!isMatrix(scores) || !scores.getElementType().isF32()) {
    return emitOpError("expected scores that are a matrix of f32 with a static number of columns, got ")
           << scores;
  }
  if (RankedTensorType kept = keptType(getPattern(), scores); getKept().getType() != kept) {
    return emitOpError("expected a bit for each block, ") << kept << ", got " << getKept().getType();
  }
  if (scores.isDynamicDim(0) && (getStatistics() || getPattern().getPattern().rows > 1)) {
    return emitOpError("expected a static number of rows with ")
           << (getStatistics() ? "statistics" : "several rows a block") << ", got " << scores;
  }
  return success();
}

/// C4 and C5.
static LogicalResult verifyForms(Operation *op, PatternAttr pattern, Type matrixType, Type keptBits,
                                 Type values) {
  auto matrix = cast<RankedTensorType>(matrixType);
  if (!isMatrix(matrix) || !matrix.getElementType().isIntOrFloat()) {
    return op->emitOpError("expected a matrix of integers or floats with a static number of columns, got ")
           << matrix;
  }
  if (RankedTensorType kept = keptType(pattern, matrix); keptBits != kept) {
    return op->emitOpError("expected a bit for each block, ") << kept << ", got " << keptBits;
  }
  if (RankedTensorType compact = compactType(pattern, matrix); values != compact) {
    return op->emitOpError("expected the values in their compact form, ") << compact << ", got " << values;
  }
  return success();
}

LogicalResult CompressOp::verify() {
  return verifyForms(*this, getPattern(), getSource().getType(), getKept().getType(), getValues().getType());
}

LogicalResult DecompressOp::verify() {
  return verifyForms(*this, getPattern(), getResult().getType(), getKept().getType(), getValues().getType());
}
