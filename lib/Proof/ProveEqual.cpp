//===- ProveEqual.cpp - coopt-prove-equal -------------------------------------===//
#include "Equality.h"
#include "coopt/Proof/Passes.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SMT/IR/SMTDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace coopt;

namespace {

struct ProveEqualPass : PassWrapper<ProveEqualPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ProveEqualPass)
  ProveEqualPass() = default;
  ProveEqualPass(const ProveEqualPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-prove-equal"; }
  StringRef getDescription() const final {
    return "prove that functions do, for all inputs, what those of the same names in another file do";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<amx::AMXDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                    LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    smt::SMTDialect, vector::VectorDialect>();
  }

  Option<std::string> to{*this, "to", llvm::cl::desc("file with the definitions")};
  Option<double> seconds{*this, "seconds", llvm::cl::desc("time for each question that Z3 is asked"),
                         llvm::cl::init(60)};

  void runOnOperation() final {
    if (to.empty() || !(seconds > 0)) {
      emitError(getOperation().getLoc(),
                "coopt-prove-equal: expected to=FILE and a positive number of seconds");
      return signalPassFailure();
    }
    OwningOpRef<ModuleOp> definitions = parseSourceFile<ModuleOp>(to, &getContext());
    if (!definitions) {
      emitError(getOperation().getLoc(), "coopt-prove-equal: cannot read ") << to;
      return signalPassFailure();
    }
    llvm::StringMap<func::FuncOp> left;
    definitions->walk([&](func::FuncOp function) {
      if (!function.isDeclaration()) {
        left[function.getName()] = function;
      }
    });
    bool isProven = true;
    getOperation().walk([&](func::FuncOp function) {
      if (function.isDeclaration()) {
        return;
      }
      auto it = left.find(function.getName());
      if (it == left.end()) {
        emitError(function.getLoc()) << "@" << function.getName() << ": has no definition in " << to;
        isProven = false;
        return;
      }
      isProven &= succeeded(proof::proveEqual(function, it->second, seconds));
      left.erase(it);
    });
    for (const auto &of : left) {
      emitError(getOperation().getLoc()) << "expected @" << of.getKey() << ", which " << to << " defines";
      isProven = false;
    }
    if (!isProven) {
      signalPassFailure();
    }
  }
};

} // namespace

void coopt::registerProofPasses() { PassRegistration<ProveEqualPass>(); }
