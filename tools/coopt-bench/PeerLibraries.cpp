#include "PeerLibraries.h"

#include <iterator>

using namespace coopt;
using namespace coopt::bench;

Expected<PeerList> bench::openPeers(int threads) {
  PeerList peers;
  auto add = [&](Expected<PeerList> list, const char *library) -> Status {
    if (!list) {
      return forward(list.error(), library);
    }
    std::move(list->begin(), list->end(), std::back_inserter(peers));
    return {};
  };
  Status status;
#ifdef COOPT_DNNL_LIBRARY
  status = add(openOneDnn(threads), "--peers: oneDNN");
#endif
#ifdef COOPT_OPENBLAS_LIBRARY
  if (status) {
    status = add(openOpenBlas(threads), "--peers: OpenBLAS");
  }
#endif
  if (!status) {
    return forward(status.error());
  }
  if (peers.empty()) {
    return fail("--peers: this program was built without oneDNN 2 and OpenBLAS (Debian: libdnnl-dev, "
                "libopenblas-dev); install one and configure the build anew");
  }
  return peers;
}
