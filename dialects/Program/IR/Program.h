//===- Program.h - The program dialect: attributes and ops -------------------===//
#ifndef COOPT_DIALECTS_PROGRAM_IR_PROGRAM_H
#define COOPT_DIALECTS_PROGRAM_IR_PROGRAM_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace coopt::program {

/// Whether a package can store elements of this type: whole bytes, or i1 as one byte.
bool isStorableElement(mlir::Type type);

/// Whether the type is a dense row-major memref (no layout, no memory space) of storable elements.
bool isBufferType(mlir::Type type);

/// Name of the module, beside the entries, that holds the kernels' functions.
constexpr llvm::StringLiteral kKernelsModule = "kernels";

/// Bytes of scratch that a kernel's function wants for each worker: an integer attribute of the function.
constexpr llvm::StringLiteral kScratchBytes = "coopt.scratch_bytes";

} // namespace coopt::program

#include "dialects/Program/IR/ProgramDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Program/IR/ProgramAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Program/IR/ProgramOps.h.inc"

#endif // COOPT_DIALECTS_PROGRAM_IR_PROGRAM_H
