//===- DecodeFormat.h - What codes of a format mean, as arith ops ---*- C++ -*-===//
//
// Values are scalars or vectors; what is said of one holds lane by lane.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_QUANTIZED_TRANSFORMS_DECODEFORMAT_H
#define COOPT_DIALECTS_QUANTIZED_TRANSFORMS_DECODEFORMAT_H

#include "dialects/Quantized/IR/Quantized.h"

namespace coopt::quantized {

/// A stored number as f32, exactly. `raw` is of the type itself (f32, f16, bf16), or an integer whose low bits
/// are the code.
mlir::Value decodeNumber(mlir::ImplicitLocOpBuilder &builder, const numerics::ElementFormat &type,
                         mlir::Value raw);

/// values[index] by selections on the index's bits; index is an i32 whose low bits count, the values are 2^n.
mlir::Value selectValue(mlir::ImplicitLocOpBuilder &builder, llvm::ArrayRef<float> values, mlir::Value index);

/// The element that one number of each part (SchemeAttr::getParts) stands for: the sequence of BlockFormat.h.
mlir::Value decodeElement(mlir::ImplicitLocOpBuilder &builder, const numerics::BlockFormat &format,
                          mlir::ValueRange parts);

} // namespace coopt::quantized

#endif // COOPT_DIALECTS_QUANTIZED_TRANSFORMS_DECODEFORMAT_H
