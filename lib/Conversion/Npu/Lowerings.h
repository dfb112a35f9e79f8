//===- Lowerings.h - Ops of kernels on the accelerator ------------------------===//
//
// Each lowers one op, at its place, and leaves it to be erased. Errors are diagnostics at the op: what of it the accelerator can't do.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_LOWERINGS_H
#define COOPT_LIB_CONVERSION_NPU_LOWERINGS_H

#include "Tiles.h"

#include "coopt/Machine/Npu.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Quantized/IR/Quantized.h"

namespace coopt::npu {

mlir::LogicalResult lowerContract(Tiles &tiles, quantized::ContractOp op, const machine::NpuCore &core);
mlir::LogicalResult lowerDequantize(Tiles &tiles, quantized::DequantizeOp op);
mlir::LogicalResult lowerRowReduce(Tiles &tiles, model::RowReduceOp op);
mlir::LogicalResult lowerGather(Tiles &tiles, model::GatherOp op);
mlir::LogicalResult lowerAppend(Tiles &tiles, attention::AppendOp op);
mlir::LogicalResult lowerAttend(Tiles &tiles, attention::AttendOp op);
mlir::LogicalResult lowerLogits(Tiles &tiles, moe::LogitsOp op);
mlir::LogicalResult lowerChoose(Tiles &tiles, moe::ChooseOp op, const machine::NpuCore &core);
mlir::LogicalResult lowerDispatch(Tiles &tiles, moe::DispatchOp op);
mlir::LogicalResult lowerRestrict(Tiles &tiles, moe::RestrictOp op);
mlir::LogicalResult lowerCombine(Tiles &tiles, moe::CombineOp op);

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_LOWERINGS_H
