//===- AssignLayouts.h - The layout phase: how weights are stored ----------------===//
//
// Chooses a storage layout for every weight of a contraction, for the whole graph: the parameter becomes
// packed storage with a #model.layout, its recipe gains the model.pack, and every kernel that reads it gains
// the model.unpack. A weight that is both an embedding and a head has one layout. On the CPU, with N output
// channels and K inputs:
//
//   f32    [N/16][K][16 n]    one vector of 16 channels for every k
//   codes  tiles of 16 rows and 64 columns, [N/16][K/64][16 k][16 n][4 k], as bit planes (BitPlanes.h)
//
// On an accelerator whose array has C columns codes are [N/C][K][C n]: rows of the tiles that the array takes, as they come, codes of 2 and 4 bits
// side by side as its types are (Layout/Panels.h), unsigned ones centred. Scales and zeros of groups are [N/C][K/group][C n]. Of codes under a pattern that
// the array has a mode for (Layout/SparseRows.h) only what is kept is stored, where that takes less memory; of others all, with a warning.
// Codes that its array looks up in tables of T activations, where that takes the least time (CostModel/ArrayChoice.h), are planes of single bits,
// [N/W][K/T][bits][W n][T k], W being a power of two times C; not those whose rows are gathered too, nor those of experts that begin within a panel.
//
// On the CPU, of weights that promise a pattern (sparse.pattern) only what is kept is stored (SparseTile.h, SparsePanel.h), if one of the
// instruction sets that kernels are made for gains from it: if it has instructions that expand vectors (machine::expandsVectors), and
// tiles are not those of wide runs, whose expansion takes longer than reading the zeros. Otherwise zeros are stored, too: the matrix is
// decompressed once, by the packager, and not by each use. Values are the same. Who needs the memory more than the time asks for
// what is kept in any case.
//
// After this phase no tensor has elements narrower than a byte: verifyByteStorage().
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_ASSIGNLAYOUTS_H
#define COOPT_TRANSFORMS_ASSIGNLAYOUTS_H

#include "coopt/Machine/Machine.h"
#include "coopt/Machine/Npu.h"

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

/// `variants`: what kernels are generated for. They say how weights under a pattern are stored, with a warning where one of them
/// would be faster with the other form.
/// `alwaysKept`: only what is kept is stored wherever that takes less memory.
mlir::LogicalResult assignLayouts(mlir::ModuleOp module, llvm::ArrayRef<machine::InstructionSet> variants,
                                  bool alwaysKept = false);
/// For an accelerator of such cores. Errors: no array, or one of columns that are no power of two.
mlir::LogicalResult assignArrayLayouts(mlir::ModuleOp module, const machine::NpuCore &core);

/// Fails with an error at the first value whose elements are no whole number of bytes (i1 apart, which is a
/// truth value).
mlir::LogicalResult verifyByteStorage(mlir::ModuleOp module);

} // namespace coopt

#endif // COOPT_TRANSFORMS_ASSIGNLAYOUTS_H
