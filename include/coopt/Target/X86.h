//===- X86.h - Shared objects for x86-64 CPUs --------------------------------===//
//
// Kernels in the LLVM dialect become one ELF shared object for each instruction-set variant, made with LLVM's
// code generator and lld. An object imports nothing: no symbol, no library.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TARGET_X86_H
#define COOPT_TARGET_X86_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

#include <cstdint>
#include <string>
#include <vector>

namespace coopt::target {

/// A level of the x86-64 instruction set that an object is made for.
struct CpuVariant {
  std::string name;                  ///< "generic", "avx2", "avx512", "amx"
  std::string cpu;                   ///< LLVM's name of the CPU: the x86-64 psABI level
  std::string features;              ///< beyond the CPU's, as LLVM writes them: "+avx512vnni"; may be empty
  unsigned vectorBits;               ///< width of the vectors that loops are vectorised for
  std::vector<std::string> required; ///< features that a CPU must have, by their names in /proc/cpuinfo
};

/// From the least to the most demanding: generic (SSE2), avx2 (x86-64-v3: AVX2, FMA, F16C, BMI2), avx512
/// (x86-64-v4: F, BW, CD, DQ, VL; and VNNI), amx (tiles of int8 and bf16 beside that).
llvm::ArrayRef<CpuVariant> cpuVariants();

/// Null if there is none of that name.
const CpuVariant *findCpuVariant(llvm::StringRef name);

struct EmitOptions {
  /// Where to write the optimised LLVM IR, for people; empty: nowhere.
  std::string irPath;
};

/// Compiles every function that `kernels` defines (in the LLVM dialect) and links the shared object that
/// exports those with external linkage. Nothing is fused or re-associated that the IR does not fuse itself:
/// fast-math flags are dropped, contraction is off, and no loop becomes a library call. Errors are emitted at
/// the module: what does not translate, what the code generator or the linker rejects, and a call of a
/// function that no object provides (as LLVM makes of a fused multiply-add for a CPU without one: "kernel 'k'
/// calls 'fmaf', which no object provides"). The module is not changed.
mlir::FailureOr<std::vector<uint8_t>> emitSharedObject(mlir::ModuleOp kernels, const CpuVariant &variant,
                                                       const EmitOptions &options = {});

/// The translations to LLVM IR that emitSharedObject() needs; it registers them itself, unless it is called
/// from within a pass, which must have them among its dependent dialects.
void registerTargetTranslations(mlir::DialectRegistry &registry);

/// coopt-emit-objects: writes DIR/<variant>.so of the module's kernels (a nested module @kernels, if there is
/// one, else itself).
void registerTargetPasses();

} // namespace coopt::target

#endif // COOPT_TARGET_X86_H
