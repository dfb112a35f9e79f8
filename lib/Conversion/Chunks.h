//===- Chunks.h - Rows in vectors of 16, and their ends ---------------------===//
//
// What all leaf lowerings share: walking along a row in vectors, loading and storing them. The end of a row
// of static extent is one vector of exactly the remaining lanes; that of a dynamic one is a vector under a
// mask. Neither touches memory beyond the row.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_CHUNKS_H
#define COOPT_LIB_CONVERSION_CHUNKS_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace coopt {

/// Lanes of a vector, in elements of any type.
constexpr int64_t kLanes = 16;

/// A piece of a row: `lanes` elements from `base`; `mask` is null where all of them exist. With lanes = 1 and
/// scalar = true values are scalars, not vectors.
struct Chunk {
  mlir::Value base;
  int64_t lanes = kLanes;
  mlir::Value mask;
  bool scalar = false;

  mlir::Type typeOf(mlir::Type element) const {
    return scalar ? element : mlir::Type(mlir::VectorType::get({lanes}, element));
  }
};

using ChunkBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ImplicitLocOpBuilder &,
                                                                    const Chunk &, mlir::ValueRange)>;

/// Calls `body` for the chunks of a row of `extent` elements, first to last, and threads loop-carried values
/// through.
llvm::SmallVector<mlir::Value> emitChunks(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult extent,
                                          int64_t width, mlir::ValueRange inits, ChunkBody body);
/// The same element by element (chunk.scalar).
llvm::SmallVector<mlir::Value> emitScalars(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult extent,
                                           mlir::ValueRange inits, ChunkBody body);
/// scf.for with loop-carried values.
llvm::SmallVector<mlir::Value>
emitFor(mlir::ImplicitLocOpBuilder &b, mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange inits,
        llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ImplicitLocOpBuilder &, mlir::Value,
                                                          mlir::ValueRange)>
            body);
/// scf.if with values.
llvm::SmallVector<mlir::Value>
emitIf(mlir::ImplicitLocOpBuilder &b, mlir::Value condition,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ImplicitLocOpBuilder &)> whenTrue,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ImplicitLocOpBuilder &)> whenFalse);
/// A loop without values: `body` is called once with the induction variable.
void emitLoop(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult extent,
              llvm::function_ref<void(mlir::ImplicitLocOpBuilder &, mlir::Value)> body);

/// True if consecutive indices of the last dimension are consecutive elements.
bool hasUnitInnerStride(mlir::Value memref);
/// Extent of a dimension, static where the type says so.
mlir::OpFoldResult extentOf(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, int64_t dim);
mlir::Value asValue(mlir::ImplicitLocOpBuilder &b, mlir::OpFoldResult index);
mlir::Value constantIndex(mlir::ImplicitLocOpBuilder &b, int64_t value);

/// Loads a chunk; `indices` address its first element. Absent lanes are `absent` (zero if null). The memref
/// has a unit inner stride unless the chunk is a scalar.
mlir::Value loadChunk(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value memref,
                      mlir::ValueRange indices, mlir::TypedAttr absent = {});
void storeChunk(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value value, mlir::Value memref,
                mlir::ValueRange indices);
/// The value in every lane (itself if the chunk is a scalar or it is a vector already).
mlir::Value splat(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value value);
/// A constant vector or scalar.
mlir::Value constantOf(mlir::ImplicitLocOpBuilder &b, mlir::Type type, mlir::TypedAttr element);
/// An f32 constant, broadcast to `type` if that is a vector.
mlir::Value constantF32(mlir::ImplicitLocOpBuilder &b, mlir::Type type, float value);

/// Widens a vector to `lanes`, the new ones holding `absent`.
mlir::Value widen(mlir::ImplicitLocOpBuilder &b, mlir::Value vector, mlir::TypedAttr absent,
                  int64_t lanes = kLanes);

/// The first lanes of a vector.
mlir::Value narrow(mlir::ImplicitLocOpBuilder &b, mlir::Value vector, int64_t lanes);

/// p_j = combine(p_j, p_{j+h}) for h = 8, 4, 2, 1 (from the half of the lanes on); a scalar. The lanes are a
/// power of two.
mlir::Value reduceTree(mlir::ImplicitLocOpBuilder &b, mlir::Value vector,
                       llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

/// 16 vectors of 16 elements: element j of number i and element i of number j change places.
void transposeSquare(mlir::ImplicitLocOpBuilder &b, llvm::SmallVectorImpl<mlir::Value> &square);

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_CHUNKS_H
