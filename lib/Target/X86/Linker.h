//===- Linker.h - From a relocatable to a shared object ----------------------===//
#ifndef COOPT_LIB_TARGET_X86_LINKER_H
#define COOPT_LIB_TARGET_X86_LINKER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace coopt::target {

/// Fails if the relocatable ELF object `bytes` refers to a symbol that it does not define; the message names
/// the first such symbol and the function that refers to it.
llvm::Error checkSelfContained(llvm::StringRef bytes);

/// Links one relocatable ELF object to a shared one that imports nothing, which is checked afterwards.
llvm::Expected<std::vector<uint8_t>> linkSharedObject(llvm::StringRef relocatable);

} // namespace coopt::target

#endif // COOPT_LIB_TARGET_X86_LINKER_H
