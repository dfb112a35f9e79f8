//===- CompiledKernels.cpp --------------------------------------------------===//
#include "CompiledKernels.h"
#include "coopt/Target/X86.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/syscall.h>

using namespace mlir;

namespace coopt::test {

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

const char *nameOf(Isa isa) { return machine::name(isa); }

std::vector<Isa> runnableIsas() {
  std::ifstream file("/proc/cpuinfo");
  std::string flags;
  for (std::string line; std::getline(file, line) && flags.empty();) {
    if (line.rfind("flags", 0) == 0) {
      flags = line + ' ';
    }
  }
  // Linux gives a process tile registers when asked: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
  const bool hasTiles = syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  std::vector<Isa> isas;
  for (Isa isa : machine::allInstructionSets()) {
    const target::CpuVariant *variant = target::findCpuVariant(nameOf(isa));
    bool has = llvm::all_of(variant->required, [&](const std::string &feature) {
      return flags.find(' ' + feature + ' ') != std::string::npos;
    });
    if (has && (isa != Isa::Amx || hasTiles)) {
      isas.push_back(isa);
    }
  }
  return isas;
}

std::vector<Isa> isasInTurn(int64_t turn) {
  std::vector<Isa> isas = runnableIsas();
  if (isas.size() < 2 || std::getenv("COOPT_SLOW")) {
    return isas;
  }
  return {isas[static_cast<size_t>(turn) % (isas.size() - 1)], isas.back()};
}

CompiledKernels::CompiledKernels(const std::string &text, Isa isa) { compile(text, isa); }

void CompiledKernels::compile(const std::string &text, Isa isa) {
  DialectRegistry registry;
  registry.insert<affine::AffineDialect, func::FuncDialect, memref::MemRefDialect, linalg::LinalgDialect,
                  scf::SCFDialect, arith::ArithDialect, vector::VectorDialect, model::ModelDialect,
                  quantized::QuantizedDialect, attention::AttentionDialect>();
  affine::registerValueBoundsOpInterfaceExternalModels(registry);
  arith::registerValueBoundsOpInterfaceExternalModels(registry);
  memref::registerValueBoundsOpInterfaceExternalModels(registry);
  scf::registerValueBoundsOpInterfaceExternalModels(registry);
  registerAllExtensions(registry);
  registerConvertAMXToLLVMInterface(registry);
  target::registerTargetTranslations(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED); // contexts are many, kernels few
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  PassManager passes(&context);
#ifdef NDEBUG
  passes.enableVerifier(false); // LLVM verifies what comes out
#endif
  LowerLeavesOptions options;
  options.isa = isa;
  buildLowerLeavesPipeline(passes, options);
  buildLowerToLlvmPipeline(passes);
  ASSERT_TRUE(succeeded(passes.run(*module)));
  FailureOr<std::vector<uint8_t>> object =
      target::emitSharedObject(*module, *target::findCpuVariant(nameOf(isa)));
  ASSERT_TRUE(succeeded(object));
  int file = memfd_create("kernels", MFD_CLOEXEC);
  ASSERT_EQ(write(file, object->data(), object->size()), static_cast<ssize_t>(object->size()));
  handle = dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
  close(file);
  ASSERT_TRUE(handle) << dlerror();
}

CompiledKernels::~CompiledKernels() {
  if (handle) {
    dlclose(handle);
  }
}

void CompiledKernels::call(const std::string &name, std::vector<Argument> arguments) const {
  ASSERT_TRUE(handle);
  void *address = dlsym(handle, ("_mlir_ciface_" + name).c_str());
  ASSERT_TRUE(address) << name;
  // A function takes no notice of arguments that it has not.
  int64_t words[16] = {};
  ASSERT_LE(arguments.size(), 16u);
  for (size_t i = 0; i < arguments.size(); ++i) {
    bool isMemref = !arguments[i].descriptor.empty();
    words[i] = isMemref ? reinterpret_cast<int64_t>(arguments[i].descriptor.data()) : arguments[i].value;
  }
  using Word = int64_t;
  auto function = reinterpret_cast<void (*)(Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word,
                                            Word, Word, Word, Word, Word)>(address);
  function(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7], words[8], words[9],
           words[10], words[11], words[12], words[13], words[14], words[15]);
}

} // namespace coopt::test
