//===- EmitObjectsPass.cpp - Objects from coopt-opt --------------------------===//
#include "coopt/Target/X86.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace coopt::target;

namespace {

struct EmitObjectsPass : PassWrapper<EmitObjectsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitObjectsPass)
  EmitObjectsPass() = default;
  EmitObjectsPass(const EmitObjectsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-emit-objects"; }
  StringRef getDescription() const final {
    return "Write one shared object for each instruction-set variant of the module's kernels";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<LLVM::LLVMDialect>();
    registerTargetTranslations(registry);
  }

  void runOnOperation() final {
    ModuleOp module = getOperation();
    ModuleOp kernels = module.lookupSymbol<ModuleOp>("kernels");
    if (!kernels) {
      kernels = module;
    }
    SmallVector<const CpuVariant *> variants;
    for (const std::string &name : variantNames) {
      variants.push_back(findCpuVariant(name));
      if (!variants.back()) {
        emitError(module.getLoc()) << "unknown variant '" << name
                                   << "': expected generic, avx2, avx512 or amx";
        return signalPassFailure();
      }
    }
    if (variants.empty()) {
      for (const CpuVariant &variant : cpuVariants()) {
        variants.push_back(&variant);
      }
    }
    if (std::error_code code = llvm::sys::fs::create_directories(output.getValue())) {
      emitError(module.getLoc()) << "cannot make folder '" << output << "': " << code.message();
      return signalPassFailure();
    }
    for (const CpuVariant *variant : variants) {
      if (failed(write(kernels, *variant))) {
        return signalPassFailure();
      }
    }
  }

  LogicalResult write(ModuleOp kernels, const CpuVariant &variant) {
    SmallString<128> path(output.getValue());
    llvm::sys::path::append(path, variant.name);
    EmitOptions options;
    if (saveIr) {
      options.irPath = (path + ".ll").str();
    }
    FailureOr<std::vector<uint8_t>> object = emitSharedObject(kernels, variant, options);
    if (failed(object)) {
      return failure();
    }
    std::error_code code;
    llvm::raw_fd_ostream file((path + ".so").str(), code);
    if (code) {
      return emitError(kernels.getLoc()) << "cannot write '" << path << ".so': " << code.message();
    }
    file.write(reinterpret_cast<const char *>(object->data()), object->size());
    return success();
  }

  ListOption<std::string> variantNames{*this, "variant", llvm::cl::desc("variants to make (default: all)")};
  Option<std::string> output{*this, "output", llvm::cl::init("."), llvm::cl::desc("folder for <variant>.so")};
  Option<bool> saveIr{*this, "save-ir", llvm::cl::init(false),
                      llvm::cl::desc("also write the optimised LLVM IR, <variant>.ll")};
};

} // namespace

void coopt::target::registerTargetPasses() { PassRegistration<EmitObjectsPass>(); }
