//===- HostPrefetch.h - Which experts will be read, said in the host program ------===//
#ifndef COOPT_LIB_TRANSFORMS_HOSTPREFETCH_H
#define COOPT_LIB_TRANSFORMS_HOSTPREFETCH_H

#include "dialects/Program/IR/Program.h"

#include <string>

namespace coopt {

/// A guess: prefetches side by side of which is known so far what experts they name, and how the op ids begin of the
/// dispatches that read them.
struct HostPrefetch {
  llvm::SmallVector<program::PrefetchOp> ops;
  llvm::SmallVector<std::string> of;
};

/// Gives prefetches the weights of those dispatches, and moves them together with what serves nothing else to where it runs
/// only if experts are limited. A guess of what no dispatch by experts reads goes, with all that.
void placePrefetches(program::EntryOp entry, llvm::ArrayRef<HostPrefetch> prefetches);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_HOSTPREFETCH_H
