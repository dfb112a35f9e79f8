//===- TileSegments.h - Tiles of contractions by experts ------------------------===//
//
// A kernel with a `moe.contract` is cut by segments: an item is all rows of one expert's tokens and some columns, so that one
// expert's weights are read at a time.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_TILESEGMENTS_H
#define COOPT_LIB_TRANSFORMS_TILESEGMENTS_H

#include "dialects/Moe/IR/Moe.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"

#include <optional>

namespace coopt {

/// The contraction by experts of a kernel; null if there is none.
moe::ContractOp segmentedContraction(schedule::KernelOp kernel);

/// Makes loops of `options` those over the rows of `segments` and over tiles of as many columns (0: all of them), for
/// roots with loops (m, n). Segments without rows are items that do nothing.
void tileBySegments(mlir::scf::SCFTilingOptions &options, mlir::Value segments, int64_t columns);

/// Puts contractions with one expert in the place of those in items of such loops. Errors: one that stands in no such item.
mlir::LogicalResult chooseExperts(mlir::IRRewriter &rewriter, schedule::KernelOp kernel);

/// Which operands of a kernel tiled by segments hold a part for each expert.
struct ExpertReads {
  unsigned segments = 0;
  llvm::SmallVector<unsigned> weights; ///< ascending
  int64_t count = 0;                   ///< of the experts
};

/// Nothing if the kernel has no segments or several loops over them, or reads something that an expert's number leads to in a way
/// not understood.
std::optional<ExpertReads> findExpertReads(schedule::KernelOp kernel);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_TILESEGMENTS_H
