//===- Register.cpp - What every tool that reads our IR registers -----------===//
#include "coopt/Pipelines/Register.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Npu/IR/Npu.h"
#include "dialects/Npu/Transforms/Passes.h"
#include "dialects/Program/IR/Program.h"
#include "dialects/Program/Transforms/Passes.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Quantized/Transforms/Patterns.h"
#include "dialects/Schedule/IR/Schedule.h"
#include "dialects/Schedule/Transforms/Passes.h"
#include "dialects/Sparse/IR/Sparse.h"

#include "coopt/Analysis/VerifySchedule.h"
#include "coopt/Conversion/Passes.h"
#include "coopt/Package/ProgramSerializer.h"
#include "coopt/Pipelines/Phases.h"
#include "coopt/Proof/Passes.h"
#include "coopt/Target/Npu.h"
#include "coopt/Target/X86.h"
#include "coopt/Transforms/Compress.h"
#include "coopt/Transforms/ConfigureAttention.h"
#include "coopt/Transforms/EntriesToFunctions.h"
#include "coopt/Transforms/ExpandToReference.h"
#include "coopt/Transforms/OutlineKernels.h"
#include "coopt/Transforms/SelectSchedules.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace coopt;

void coopt::registerCooptDialects(mlir::DialectRegistry &registry) {
  registry.insert<model::ModelDialect>();
  registry.insert<attention::AttentionDialect>();
  registry.insert<program::ProgramDialect>();
  registry.insert<moe::MoeDialect>();
  registry.insert<quantized::QuantizedDialect>();
  registry.insert<schedule::ScheduleDialect>();
  registry.insert<npu::NpuDialect>();
  registry.insert<sparse::SparseDialect>();
  mlir::registerConvertAMXToLLVMInterface(registry);
}

void coopt::insertPhaseDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::affine::AffineDialect, mlir::amx::AMXDialect, mlir::arith::ArithDialect,
                  mlir::bufferization::BufferizationDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::tensor::TensorDialect, mlir::vector::VectorDialect>();
  registerCooptDialects(registry);
}

void coopt::registerCooptPasses() {
  registerConversionPasses();
  registerPhasePipelines();
  registerCompressPass();
  registerConfigureAttentionPass();
  registerAnalysisPasses();
  registerSelectSchedulesPass();
  registerEntriesToFunctionsPass();
  registerExpandToReferencePass();
  npu::registerNpuPasses();
  package::registerPackagePasses();
  program::registerProgramPasses();
  registerProofPasses();
  quantized::registerQuantizedPasses();
  schedule::registerSchedulePasses();
  target::registerTargetPasses();
  registerOutlinePass();
  target::registerNpuPasses();
}
