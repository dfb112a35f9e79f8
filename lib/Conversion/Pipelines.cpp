//===- Pipelines.cpp - The passes in order ----------------------------------===//
#include "coopt/Conversion/Passes.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace coopt {

void buildLowerLeavesPipeline(OpPassManager &passManager, const LowerLeavesOptions &options) {
  Isa isa = options.isa;
  // Whoever reads packed storage first; then the rest gets it copied, and is lowered like anything else.
  passManager.addPass(createLowerContractionsPass(isa, /*packedOnly=*/true));
  passManager.addPass(createLowerGatherPass());
  passManager.addPass(createMaterializeUnpackPass());
  passManager.addPass(createLowerContractionsPass(isa));
  passManager.addPass(createLowerRowReducePass());
  passManager.addPass(createLowerExpertsPass());
  passManager.addPass(createLowerAttentionPass(isa));
  passManager.addPass(createLowerCopiesPass());
  passManager.addPass(createVectorizeElementwisePass());
  passManager.addPass(createDivideByScalePass(isa));
  passManager.addPass(createDefineArithmeticPass());
  passManager.addPass(createExpandNarrowFloatsPass(isa));
  passManager.addPass(createExpandMathPass(isa));
  passManager.addPass(createAllocateScratchPass());
  passManager.addPass(createCanonicalizerPass());
  passManager.addPass(createCSEPass());
}

void buildLowerToLlvmPipeline(OpPassManager &passManager) {
  passManager.addPass(memref::createExpandStridedMetadataPass());
  passManager.addPass(createLowerAffinePass());
  passManager.addPass(createConvertVectorToSCFPass());
  passManager.addPass(createSCFToControlFlowPass());
  passManager.addPass(createLowerRequirementsPass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  passManager.addPass(arith::createArithExpandOpsPass(expand));
  passManager.addPass(createCanonicalizerPass());
  passManager.addPass(createCSEPass());
  passManager.addPass(createConvertVectorToLLVMPass());
  // All the rest at once: tiles of the matrix unit are carried by blocks, whose arguments no single conversion
  // of a dialect could rewrite.
  passManager.addPass(createConvertToLLVMPass());
  passManager.addPass(createReconcileUnrealizedCastsPass());
  passManager.addPass(createMaskedNarrowFloatsPass());
  passManager.addPass(createCanonicalizerPass());
  passManager.addPass(createCSEPass());
}

void registerConversionPasses() {
  registerPass([] { return createAllocateScratchPass(); });
  registerLowerToNpuPass();
  registerPass([] { return createDefineArithmeticPass(); });
  registerPass([] { return createDivideByScalePass(); });
  registerPass([] { return createExpandMathPass(); });
  registerPass([] { return createExpandNarrowFloatsPass(); });
  registerPass([] { return createLowerAttentionPass(); });
  registerPass([] { return createLowerContractionsPass(); });
  registerPass([] { return createLowerCopiesPass(); });
  registerPass([] { return createLowerExpertsPass(); });
  registerPass([] { return createLowerGatherPass(); });
  registerPass([] { return createLowerRequirementsPass(); });
  registerPass([] { return createLowerRowReducePass(); });
  registerPass([] { return createMaskedNarrowFloatsPass(); });
  registerPass([] { return createMaterializeUnpackPass(); });
  registerPass([] { return createVectorizeElementwisePass(); });
  PassPipelineRegistration<LowerLeavesOptions>(
      "coopt-lower-leaves", "lower the structured ops of kernel bodies to vector, scf, memref and arith",
      buildLowerLeavesPipeline);
  PassPipelineRegistration<>("coopt-lower-to-llvm", "lower what coopt-lower-leaves makes to the LLVM dialect",
                             buildLowerToLlvmPipeline);
}

} // namespace coopt
