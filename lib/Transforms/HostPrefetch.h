//===- HostPrefetch.h - Which experts will be read, said in the host program ------===//
#ifndef COOPT_LIB_TRANSFORMS_HOSTPREFETCH_H
#define COOPT_LIB_TRANSFORMS_HOSTPREFETCH_H

#include "dialects/Program/IR/Program.h"

#include <string>

namespace coopt {

/// A prefetch of which is known so far what experts it names, and how the op ids begin of the dispatches that read them.
struct HostPrefetch {
  program::PrefetchOp op;
  std::string of;
};

/// Gives prefetches the weights of those dispatches, and moves them together with what serves nothing else to where it runs
/// only if experts are limited. A prefetch of no dispatch by experts goes, with all that.
void placePrefetches(program::EntryOp entry, llvm::ArrayRef<HostPrefetch> prefetches);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_HOSTPREFETCH_H
