//===- Peers.h - Other libraries' matrix products, at the same shapes -----------===//
//
// What a peer is timed at is C[rows, N] = A[rows, K] B[N, K]^T alone, in numbers of its own, with B in whatever order it asks
// for (made before the clock starts). Our ops include what is fused into them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_RUNTIME_BENCH_PEERS_H
#define COOPT_RUNTIME_BENCH_PEERS_H

#include "Bench/Work.h"
#include "coopt/Support/Error.h"

#include <functional>
#include <string>

namespace coopt::bench {

struct Options;
struct Result;

class Peer {
public:
  virtual ~Peer() = default;
  /// Library and numbers: "oneDNN u8".
  virtual std::string name() const = 0;
  /// Bytes of an element of B.
  virtual int64_t weightBytes() const = 0;
  /// Seconds of one product whose entries were checked. B lies in `copies` places that are taken in turn, as the layers of a
  /// model are, and in no cache at first. Errors: no memory, no such product, wrong entries.
  virtual Expected<double> seconds(const Product &product, int64_t copies) = 0;
};

/// The entries of A, 0..7, and B, -8..7: exact in every type, as are all sums of products for K up to largestDepth.
int leftEntry(int64_t row, int64_t k);
int rightEntry(int64_t column, int64_t k);
constexpr int64_t largestDepth = 1 << 18;

/// Elements of a row-major matrix of entries, converted.
template <typename T, typename Entry, typename Convert>
void fillEntries(T *out, int64_t rows, int64_t columns, Entry entry, Convert convert) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      *out++ = convert(entry(i, j));
    }
  }
}

/// Compares some of the entries of C with their sums in integers. The error names the first that differs.
Status checkProduct(const Product &product, const std::function<double(int64_t row, int64_t column)> &entry);

/// Writes what caches hold of this memory back and drops it: the next to read it gets it from memory.
void evict(const void *data, size_t bytes);

/// The quickest of call(0), call(1), ..: at least 3, and as many as three tenths of a second have room for, up to 64.
Expected<double> quickestSeconds(const std::function<Status(int64_t)> &call);

/// Times all of options.peers at the products of the result's ops.
Status measurePeers(const Options &options, Result &result,
                    const std::function<void(const std::string &)> &progress);

} // namespace coopt::bench

#endif // COOPT_RUNTIME_BENCH_PEERS_H
