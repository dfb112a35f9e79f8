//===- Passes.h - Lowering of leaf ops to vector code, and on to LLVM -------===//
//
// A tiled kernel body consists of structured ops on memrefs: the leaves. The passes here turn each into loops
// over vectors of 16 elements, whatever the instruction set: LLVM splits them into registers. Values are the
// same on every instruction set, except those of float contractions (fused or unfused).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_CONVERSION_PASSES_H
#define COOPT_CONVERSION_PASSES_H

#include "coopt/Machine/Machine.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"
#include <memory>

namespace mlir {
class OpPassManager;
class DialectRegistry;
} // namespace mlir

namespace coopt {

/// The instruction set that code is made for. Generic is x86-64 as it began: SSE2, no fused multiply-add.
using Isa = machine::InstructionSet;

/// linalg ops on memrefs -> loops; the innermost parallel loop by 16 where every operand allows it.
std::unique_ptr<mlir::Pass> createVectorizeElementwisePass();
/// Divisions of rows by their scales, whose quotients are rounded to codes -> multiplications.
std::unique_ptr<mlir::Pass> createDivideByScalePass(Isa isa = Isa::Generic);
/// Divisions, shifts and conversions to integers get the results that the numeric contract states for operands
/// where the arith dialect states none.
std::unique_ptr<mlir::Pass> createDefineArithmeticPass();
/// Special functions of f32 -> the sequences of coopt/Numerics/SpecialFunctions.h. What would become a
/// library call is expanded or refused.
std::unique_ptr<mlir::Pass> createExpandMathPass(Isa isa = Isa::Generic);
/// f16 and bf16 -> f32 arithmetic with conversions.
std::unique_ptr<mlir::Pass> createExpandNarrowFloatsPass(Isa isa = Isa::Generic);
/// model.row_reduce -> 16 partial results and a tree.
std::unique_ptr<mlir::Pass> createLowerRowReducePass();
/// Contractions -> register-tiled loops. `packedOnly` leaves those whose weights are no packed view alone.
std::unique_ptr<mlir::Pass> createLowerContractionsPass(Isa isa = Isa::Generic, bool packedOnly = false);
/// model.gather -> row copies.
std::unique_ptr<mlir::Pass> createLowerGatherPass();
/// moe.logits, combine -> vector loops.
std::unique_ptr<mlir::Pass> createLowerExpertsPass();
/// attention.append, attend, read -> loops.
std::unique_ptr<mlir::Pass> createLowerAttentionPass(Isa isa = Isa::Generic);
/// memref.copy and linalg.fill -> loops.
std::unique_ptr<mlir::Pass> createLowerCopiesPass();
/// model.require -> a branch out of the kernel, once control flow is unstructured.
std::unique_ptr<mlir::Pass> createLowerRequirementsPass();
/// bf16, and masked accesses to f16, in the LLVM dialect -> integers of 16 bits.
std::unique_ptr<mlir::Pass> createMaskedNarrowFloatsPass();
/// memref.alloc -> views into the function's scratch argument.
std::unique_ptr<mlir::Pass> createAllocateScratchPass();
/// model.unpack on memrefs -> buffers holding the logical elements.
std::unique_ptr<mlir::Pass> createMaterializeUnpackPass();

/// The values of an `isa` option.
inline auto isaValues() {
  return llvm::cl::values(clEnumValN(Isa::Generic, "generic", "x86-64 with SSE2"),
                          clEnumValN(Isa::Avx2, "avx2", "AVX2 and FMA"),
                          clEnumValN(Isa::Avx512, "avx512", "AVX-512 F, BW, DQ, VL and VNNI"),
                          clEnumValN(Isa::Amx, "amx", "AVX-512 and the matrix unit"));
}

struct LowerLeavesOptions : public mlir::PassPipelineOptions<LowerLeavesOptions> {
  Option<Isa> isa{*this, "isa", llvm::cl::desc("instruction set to make code for"),
                  llvm::cl::init(Isa::Generic), isaValues()};
};

/// All leaves of the functions below the op the pass manager runs on -> scf, vector, memref and arith.
void buildLowerLeavesPipeline(mlir::OpPassManager &passManager, const LowerLeavesOptions &options);
/// What buildLowerLeavesPipeline leaves -> the LLVM dialect. Runs on a module.
void buildLowerToLlvmPipeline(mlir::OpPassManager &passManager);

/// Structured ops on memrefs -> the npu dialect, for the cores of a machine.
std::unique_ptr<mlir::Pass> createLowerToNpuPass(const machine::NpuMachine &machine);
void registerLowerToNpuPass();

/// Registers the passes above as `coopt-<verb>` and the pipelines `coopt-lower-leaves` and
/// `coopt-lower-to-llvm`.
void registerConversionPasses();

} // namespace coopt

#endif // COOPT_CONVERSION_PASSES_H
