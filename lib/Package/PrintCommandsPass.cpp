//===- PrintCommandsPass.cpp - What a package would say of the host program --===//
#include "coopt/Package/ProgramSerializer.h"
#include "coopt/PackageFormat/ProgramPrinter.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace coopt;

namespace {

struct PrintCommandsPass : PassWrapper<PrintCommandsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintCommandsPass)
  PrintCommandsPass() = default;
  PrintCommandsPass(const PrintCommandsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "coopt-program-print-commands"; }
  StringRef getDescription() const final {
    return "Serialise the host program, read the bytes back and print them as text";
  }
  void runOnOperation() final {
    ModuleOp module = getOperation();
    FailureOr<package::Program> program =
        package::serializeProgram(module, package::collectParameters(module));
    if (failed(program)) {
      return signalPassFailure();
    }
    std::vector<uint8_t> bytes = package::serialize(*program);
    auto read = package::deserialize(bytes.data(), bytes.size());
    if (!read) {
      emitError(module.getLoc()) << "serialised host program: " << read.error().message;
      return signalPassFailure();
    }
    std::error_code code;
    llvm::raw_fd_ostream file(output, code);
    if (code) {
      emitError(module.getLoc()) << "cannot write '" << output << "': " << code.message();
      return signalPassFailure();
    }
    file << package::print(*read);
  }

  Option<std::string> output{*this, "o", llvm::cl::init("-"),
                             llvm::cl::desc("file to write (default: stdout)")};
};

} // namespace

void coopt::package::registerPackagePasses() { PassRegistration<PrintCommandsPass>(); }
