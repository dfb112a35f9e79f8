//===- KeptLayouts.h - Storage of what a pattern keeps ---------------------------===//
#ifndef COOPT_LIB_TRANSFORMS_KEPTLAYOUTS_H
#define COOPT_LIB_TRANSFORMS_KEPTLAYOUTS_H

#include "coopt/Machine/Npu.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Sparse/IR/Sparse.h"

namespace coopt {

/// The layout that stores only what a pattern keeps of tiles or panels; null if they can't have the pattern, or take no less memory.
model::LayoutAttr keeping(model::LayoutAttr dense, sparse::PatternAttr pattern, mlir::Type element);

/// Who reads weights of an accelerator's array.
struct ArrayReader {
  quantized::SchemeAttr scheme; ///< of their codes
  bool isTable = false;         ///< rows of them are read by themselves, too
};
/// The same for the rows of an accelerator's array. Null, and why, in words that follow "stored dense, with their zeros:".
model::LayoutAttr keepingRows(model::LayoutAttr dense, sparse::PatternAttr pattern, const ArrayReader &reader,
                              const machine::NpuMatrixUnit &array, llvm::StringRef &reason);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_KEPTLAYOUTS_H
