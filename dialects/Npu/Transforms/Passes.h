//===- Passes.h - Memory and semaphores of npu functions ------------------------===//
#ifndef COOPT_DIALECTS_NPU_TRANSFORMS_PASSES_H
#define COOPT_DIALECTS_NPU_TRANSFORMS_PASSES_H

#include "coopt/Machine/Npu.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace coopt::npu {

/// Loops that bring weights do two rounds at a time, each with buffers of its own, where there is room for them, inner loops first. Buffers that share
/// nothing are not given up for it.
void doubleBuffer(mlir::func::FuncOp function, const machine::NpuCore &core);
std::unique_ptr<mlir::Pass> createDoubleBufferPass(const machine::NpuMachine &machine);

/// Gives every memref.alloc of a function its address (`npu.address`), by liveness: first fit in several orders, or what the solver finds. What
/// does not fit is an error where the most is there, with the limit, the buffers that are too many and the excess.
mlir::LogicalResult allocateMemory(mlir::func::FuncOp function, const machine::NpuCore &core);
/// Whether it would, without asking the solver; `apart`: with buffers of a loop that share nothing.
bool fits(mlir::func::FuncOp function, const machine::NpuCore &core, bool apart);
std::unique_ptr<mlir::Pass> createAllocateMemoryPass(const machine::NpuMachine &machine);

/// Puts waits and signals where one engine needs what another one did.
void synchronise(mlir::func::FuncOp function, const machine::NpuCore &core);
std::unique_ptr<mlir::Pass> createSynchronisePass(const machine::NpuMachine &machine);

/// The option by which passes are told their machine.
constexpr const char *kMachineOption = "machine", *kDefaultMachine = "npu:edge1",
                     *kMachineOptionMeaning = "npu:PRESET, or the JSON file of a description";
/// The machine that such an option names. Failure: there is none, or it is of another kind; said at `at`.
mlir::FailureOr<machine::NpuMachine> findMachine(mlir::Operation *at, const std::string &name);

/// npu-double-buffer, npu-allocate-memory, npu-synchronise.
void registerNpuPasses();

} // namespace coopt::npu

#endif // COOPT_DIALECTS_NPU_TRANSFORMS_PASSES_H
