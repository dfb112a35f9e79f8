//===- FunctionPass.h - Passes over every function below an op --------------===//
#ifndef COOPT_LIB_CONVERSION_FUNCTIONPASS_H
#define COOPT_LIB_CONVERSION_FUNCTIONPASS_H

#include "coopt/Conversion/Passes.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace coopt {

/// Kernels live in modules inside modules: the pass runs on any op and treats all functions below it.
template <typename Derived>
class FunctionsPass : public mlir::PassWrapper<Derived, mlir::OperationPass<>> {
public:
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::affine::AffineDialect, mlir::amx::AMXDialect, mlir::arith::ArithDialect,
                    mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                    mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  }

  void runOnOperation() override {
    auto result = this->getOperation()->walk([&](mlir::func::FuncOp function) {
      return mlir::failed(static_cast<Derived *>(this)->runOn(function)) ? mlir::WalkResult::interrupt()
                                                                         : mlir::WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      this->signalPassFailure();
    }
  }
};

/// All ops of a kind in a function, in order.
template <typename OpType>
llvm::SmallVector<OpType> collect(mlir::func::FuncOp function) {
  llvm::SmallVector<OpType> ops;
  function.walk([&](OpType op) { ops.push_back(op); });
  return ops;
}

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_FUNCTIONPASS_H
