//===- MatrixUnitLines.h - Operands of bf16 for the matrix unit -------------===//
//
// What attention on AMX multiplies stands in lines of 32 elements of bf16, 16 to a tile: a row of the left operand, or 16 pairs of
// the right one. Vectors of 16 f32 become halves of lines.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_MATRIXUNITLINES_H
#define COOPT_LIB_CONVERSION_MATRIXUNITLINES_H

#include "Chunks.h"

namespace coopt {

/// They are written as words of 16 bits: what the code generator does with vectors of bf16 it does element by element.
struct Lines {
  mlir::Value words, tiles;

  /// Memory for so many tiles.
  static Lines allocate(mlir::ImplicitLocOpBuilder &b, int64_t tiles);
  void store(mlir::ImplicitLocOpBuilder &b, mlir::Value line, mlir::Value at) const;
};

/// Memory for vectors of f32.
mlir::Value allocateVectors(mlir::ImplicitLocOpBuilder &b, int64_t count, int64_t lanes = kLanes);

// Of 16 f32 each, rounded to nearest, halves away from zero: 16 words.
/// x0 y0 x1 y1 ..
mlir::Value linePairs(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);
/// x0 x1 .. y0 y1 ..
mlir::Value lineRow(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);

/// Elements d .. d + 15 of a head, as many as there are.
Chunk headChunk(mlir::ImplicitLocOpBuilder &b, int64_t headSize, int64_t d);
/// The same as 16 f32, zero beyond the head; `load` loads those that there are.
mlir::Value headElements(mlir::ImplicitLocOpBuilder &b, int64_t headSize, int64_t d,
                         llvm::function_ref<mlir::Value(const Chunk &)> load);

// Indices and loops that carry nothing:
mlir::Value minus(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value least(mlir::ImplicitLocOpBuilder &b, mlir::Value x, int64_t y);
mlir::Value isLess(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);
void forRange(mlir::ImplicitLocOpBuilder &b, mlir::Value from, mlir::Value to, int64_t step,
              llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value)> body);
void emitIf(mlir::ImplicitLocOpBuilder &b, mlir::Value condition,
            llvm::function_ref<void(mlir::ImplicitLocOpBuilder &)> body);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_MATRIXUNITLINES_H
