//===- PeerLibraries.h - The libraries that --peers knows --------------------------===//
//
// They are loaded when they are asked for, not linked: their threads and their size are no part of what is measured otherwise.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TOOLS_COOPT_BENCH_PEERLIBRARIES_H
#define COOPT_TOOLS_COOPT_BENCH_PEERLIBRARIES_H

#include "Bench/Peers.h"

#include <dlfcn.h>
#include <memory>
#include <vector>

namespace coopt::bench {

using PeerList = std::vector<std::shared_ptr<Peer>>;

/// All that the program was built with, on this number of threads. Errors: built with none (and what it needs); a library
/// that can't be loaded.
Expected<PeerList> openPeers(int threads);

/// Of one library; in files that are compiled where its headers were found.
Expected<PeerList> openOneDnn(int threads);
Expected<PeerList> openOpenBlas(int threads);

/// A shared library that stays loaded.
class PeerLibrary {
public:
  Status open(const char *path) {
    handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *reason = handle ? nullptr : ::dlerror();
    return handle ? Status() : fail(std::string("can't be loaded: ") + (reason ? reason : path));
  }
  /// Keeps the first function that is missing.
  template <typename Function>
  void find(const char *name, Function *&out) {
    out = reinterpret_cast<Function *>(::dlsym(handle, name));
    if (!out && missing.empty()) {
      missing = name;
    }
  }
  Status complete() const {
    return missing.empty() ? Status() : fail("the library has no function '" + missing + "'");
  }

private:
  void *handle = nullptr;
  std::string missing;
};

} // namespace coopt::bench

#endif // COOPT_TOOLS_COOPT_BENCH_PEERLIBRARIES_H
