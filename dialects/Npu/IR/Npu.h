//===- Npu.h - The npu dialect: memory spaces, operations --------------------===//
//
// What a core of the accelerator does; see README.md for why and for the constraints C1..Cn.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_NPU_IR_NPU_H
#define COOPT_DIALECTS_NPU_IR_NPU_H

#include "coopt/NpuIsa/Instruction.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

#include "dialects/Npu/IR/NpuDialect.h.inc"

#include "dialects/Npu/IR/NpuEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Npu/IR/NpuAttrs.h.inc"

namespace coopt::npu {

/// Tables of the array: sums of activations by which weights are looked up.
struct ArrayTables : mlir::SideEffects::Resource::Base<ArrayTables> {
  llvm::StringRef getName() final { return "tables of the array"; }
};

} // namespace coopt::npu

#define GET_OP_CLASSES
#include "dialects/Npu/IR/NpuOps.h.inc"

namespace coopt::npu {

/// The memory that a memref is in.
Space spaceOf(mlir::MemRefType type);
/// What a memref is a view of: an argument, an allocation, what another dialect makes.
mlir::Value rootOf(mlir::Value memref);
/// A dense memref in one of the accelerator's memories.
mlir::MemRefType typeIn(Space space, llvm::ArrayRef<int64_t> shape, mlir::Type element);
/// The table's name of an element type ("i8", "f32"); none: the machine has no such type.
std::optional<std::string> typeName(mlir::Type element);

/// Who executes an op of this dialect: an engine and, of DMA, its channel.
struct EngineUse {
  Engine engine = Engine::Control;
  unsigned channel = 0;
};
/// Nothing for ops of other dialects.
std::optional<EngineUse> engineOf(mlir::Operation *op);
/// Whether an op makes products on the array; the weights that it takes, if it takes some.
bool isProduct(mlir::Operation *op);
mlir::Value weightsOf(mlir::Operation *op);

} // namespace coopt::npu

#endif // COOPT_DIALECTS_NPU_IR_NPU_H
