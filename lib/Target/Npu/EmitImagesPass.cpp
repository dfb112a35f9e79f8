//===- EmitImagesPass.cpp - Images from coopt-opt -----------------------------===//
#include "coopt/Target/Npu.h"
#include "dialects/Npu/IR/Npu.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace coopt;

namespace {

struct EmitImagesPass : PassWrapper<EmitImagesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitImagesPass)
  EmitImagesPass() = default;
  EmitImagesPass(const EmitImagesPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-emit-npu-images"; }
  StringRef getDescription() const final {
    return "Write the image of each function of the npu dialect, as text: FOLDER/FUNCTION.npu.txt";
  }
  void getDependentDialects(DialectRegistry &registry) const final { registry.insert<npu::NpuDialect>(); }

  void runOnOperation() final {
    if (std::error_code code = llvm::sys::fs::create_directories(output.getValue())) {
      emitError(getOperation().getLoc()) << "cannot make folder '" << output << "': " << code.message();
      return signalPassFailure();
    }
    getOperation().walk([&](func::FuncOp function) {
      if (!function.isExternal() && failed(write(function))) {
        signalPassFailure();
      }
    });
  }

private:
  LogicalResult write(func::FuncOp function) {
    FailureOr<npu::Image> image = target::emitImage(function, 0);
    if (failed(image)) {
      return failure();
    }
    SmallString<256> path(output.getValue());
    llvm::sys::path::append(path, function.getSymName() + ".npu.txt");
    std::error_code code;
    llvm::raw_fd_ostream stream(path, code);
    if (code) {
      return function.emitError("cannot write '") << path << "': " << code.message();
    }
    stream << npu::print(*image);
    return success();
  }

  Option<std::string> output{*this, "output", llvm::cl::desc("folder"), llvm::cl::init(".")};
};

} // namespace

void coopt::target::registerNpuPasses() { PassRegistration<EmitImagesPass>(); }
