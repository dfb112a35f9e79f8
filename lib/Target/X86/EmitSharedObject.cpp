//===- EmitSharedObject.cpp - LLVM dialect to ELF ----------------------------===//
#include "Linker.h"
#include "coopt/Target/X86.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Utils/LowerMemIntrinsics.h"

#include <mutex>

using namespace mlir;
using namespace coopt::target;

namespace {

constexpr llvm::StringLiteral kTriple = "x86_64-unknown-linux-gnu";

void initializeX86() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser(); // for inline assembly
  });
}

std::unique_ptr<llvm::TargetMachine> makeMachine(const CpuVariant &variant, std::string &error) {
  initializeX86();
  llvm::Triple triple(kTriple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    return nullptr;
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, variant.cpu, variant.features, options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

/// Every function is compiled for the variant, alone in the world: no unwinding, no libraries.
void setAttributes(llvm::Module &module, const CpuVariant &variant) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) {
      continue;
    }
    function.addFnAttr("target-cpu", variant.cpu);
    function.removeFnAttr("target-features");
    if (!variant.features.empty()) {
      function.addFnAttr("target-features", variant.features);
    }
    function.addFnAttr("prefer-vector-width", std::to_string(variant.vectorBits));
    function.addFnAttr("no-builtins");
    function.addFnAttr("frame-pointer", "none");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.removeFnAttr(llvm::Attribute::UWTable);
    function.removeFnAttr(llvm::Attribute::StackProtect);
    function.removeFnAttr(llvm::Attribute::StackProtectReq);
    function.removeFnAttr(llvm::Attribute::StackProtectStrong);
    // What a value is follows from the operations that were written, in the order in which they were written.
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      if (isa<llvm::FPMathOperator>(instruction)) {
        instruction.copyFastMathFlags(llvm::FastMathFlags());
      }
    }
  }
}

/// Copies and fills of memory that the code generator would turn into calls of memcpy, memmove and memset
/// become loops; small ones of a constant size are left to it, since it expands them to moves.
void expandMemoryIntrinsics(llvm::Module &module, llvm::TargetMachine &machine) {
  constexpr uint64_t kInlineBytes = 64;
  for (llvm::Function &function : module) {
    SmallVector<llvm::MemIntrinsic *> worklist;
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      auto *memory = dyn_cast<llvm::MemIntrinsic>(&instruction);
      auto *length = memory ? dyn_cast<llvm::ConstantInt>(memory->getLength()) : nullptr;
      if (memory && !(length && length->getValue().ule(kInlineBytes))) {
        worklist.push_back(memory);
      }
    }
    if (worklist.empty()) {
      continue;
    }
    llvm::TargetTransformInfo info = machine.getTargetTransformInfo(function);
    for (llvm::MemIntrinsic *memory : worklist) {
      bool expanded = true;
      if (auto *copy = dyn_cast<llvm::MemCpyInst>(memory)) {
        llvm::expandMemCpyAsLoop(copy, info);
      } else if (auto *move = dyn_cast<llvm::MemMoveInst>(memory)) {
        expanded = llvm::expandMemMoveAsLoop(move, info);
      } else {
        llvm::expandMemSetAsLoop(cast<llvm::MemSetInst>(memory));
      }
      if (expanded) {
        memory->eraseFromParent();
      }
    }
  }
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  // There is no library at all: nothing may be turned into a call of it.
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

bool generateCode(llvm::Module &module, llvm::TargetMachine &machine, SmallVectorImpl<char> &object) {
  llvm::legacy::PassManager passes;
  llvm::raw_svector_ostream stream(object);
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return false;
  }
  passes.run(module);
  return true;
}

/// What LLVM finds wrong after the IR was accepted is reported through its context; by default it would end
/// the process.
struct DiagnosticCollector : llvm::DiagnosticHandler {
  explicit DiagnosticCollector(std::string &errors) : errors(errors) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() == llvm::DS_Error) {
      llvm::raw_string_ostream stream(errors);
      llvm::DiagnosticPrinterRawOStream printer(stream);
      if (!errors.empty()) {
        stream << "; ";
      }
      info.print(printer);
    }
    return true;
  }
  std::string &errors;
};

} // namespace

void coopt::target::registerTargetTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

FailureOr<std::vector<uint8_t>> coopt::target::emitSharedObject(ModuleOp kernels, const CpuVariant &variant,
                                                                const EmitOptions &options) {
  auto error = [&]() -> InFlightDiagnostic {
    return mlir::emitError(kernels.getLoc()) << "object '" << variant.name << "': ";
  };
  DialectRegistry registry;
  registerTargetTranslations(registry);
  kernels.getContext()->appendDialectRegistry(registry);

  std::string message;
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(variant, message);
  if (!machine) {
    return error() << "no code generator for " << kTriple << ": " << message;
  }
  // Translation may split blocks; the caller's module stays as it is.
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(kernels->clone()));
  llvm::LLVMContext context;
  std::string errors;
  context.setDiagnosticHandler(std::make_unique<DiagnosticCollector>(errors));
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(*copy, context, "kernels");
  if (!module) {
    return error() << "translation to LLVM IR failed";
  }
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  setAttributes(*module, variant);
  llvm::raw_string_ostream stream(message);
  if (llvm::verifyModule(*module, &stream)) {
    return error() << "invalid LLVM IR: " << message;
  }
  expandMemoryIntrinsics(*module, *machine);
  optimize(*module, *machine);
  expandMemoryIntrinsics(*module, *machine);
  if (!options.irPath.empty()) {
    std::error_code code;
    llvm::raw_fd_ostream file(options.irPath, code);
    if (code) {
      return error() << "cannot write '" << options.irPath << "': " << code.message();
    }
    module->print(file, nullptr);
  }
  SmallVector<char, 0> object;
  if (!generateCode(*module, *machine, object)) {
    return error() << "the code generator cannot write ELF objects";
  }
  if (!errors.empty()) {
    return error() << errors;
  }
  llvm::StringRef bytes(object.data(), object.size());
  if (llvm::Error check = checkSelfContained(bytes)) {
    return error() << llvm::toString(std::move(check));
  }
  llvm::Expected<std::vector<uint8_t>> linked = linkSharedObject(bytes);
  if (!linked) {
    return error() << llvm::toString(linked.takeError());
  }
  return std::move(*linked);
}
