//===- ProgramSerializer.h - From the program dialect to package::Program ----===//
#ifndef COOPT_PACKAGE_PROGRAMSERIALIZER_H
#define COOPT_PACKAGE_PROGRAMSERIALIZER_H

#include "coopt/PackageFormat/Package.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

#include <vector>

namespace coopt::package {

/// Turns every program.entry of the module, in order, into an entry of a host program, and checks it with
/// package::verify(). Parameters are referred to by their places in `parameters`, whose names, types and
/// sizes must be those of the program.parameter ops. Kernels are the functions of the nested module @kernels
/// that are dispatched, in the order of their first dispatch; `coopt.scratch_bytes` of the function is their
/// scratch (0 without it).
///
/// Errors are emitted at the op: an allocation that was not planned (coopt-program-plan-arena), an op that is
/// no command of a host program, a parameter that is missing or different, a state that two entries describe
/// differently, a kernel without a function or dispatched with different numbers of operands.
mlir::FailureOr<Program> serializeProgram(mlir::ModuleOp module, const std::vector<Parameter> &parameters);

/// The parameters that the module's program.parameter ops name, each once, in the order of the text,
/// row-major, without offsets: what serializeProgram() wants, where no packager has an order of its own.
std::vector<Parameter> collectParameters(mlir::ModuleOp module);

/// coopt-program-print-commands: serialises the module's entries, reads the bytes back and prints what they
/// say.
void registerPackagePasses();

} // namespace coopt::package

#endif // COOPT_PACKAGE_PROGRAMSERIALIZER_H
