//===- OutlinePass.cpp - coopt-outline-kernels --------------------------------===//
#include "coopt/Transforms/OutlineKernels.h"
#include "dialects/Program/IR/Program.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace coopt;

namespace {

struct OutlinePass : PassWrapper<OutlinePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutlinePass)
  OutlinePass() = default;
  OutlinePass(const OutlinePass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-outline-kernels"; }
  StringRef getDescription() const final {
    return "tiled kernels become functions on memrefs in @kernels, entries host programs";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<affine::AffineDialect, bufferization::BufferizationDialect, func::FuncDialect,
                    memref::MemRefDialect, program::ProgramDialect>();
  }
  void runOnOperation() final {
    if (failed(outlineKernels(getOperation(), {loopsOverItems}))) {
      signalPassFailure();
    }
  }

  Option<bool> loopsOverItems{*this, "loops-over-items",
                              llvm::cl::desc("kernels compute all their items themselves"),
                              llvm::cl::init(false)};
};

} // namespace

void coopt::registerOutlinePass() { PassRegistration<OutlinePass>(); }
