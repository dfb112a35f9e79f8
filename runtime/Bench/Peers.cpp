#include "Bench/Peers.h"

#include "Bench/Benchmark.h"
#include "Bench/Limits.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::bench;

/// What no second cache holds: the weights of a model come from memory.
static constexpr int64_t kStreamedBytes = int64_t(256) << 20;

static uint32_t mixed(int64_t i, int64_t j) {
  uint32_t h = static_cast<uint32_t>(i) * 0x9e3779b1u + static_cast<uint32_t>(j) * 0x85ebca77u;
  h ^= h >> 15;
  return h * 0x2c1b3c6du;
}

int bench::leftEntry(int64_t row, int64_t k) { return static_cast<int>(mixed(row, k) >> 29); }
int bench::rightEntry(int64_t column, int64_t k) {
  return static_cast<int>(mixed(k + 1, column + 1) >> 28) - 8;
}

Status bench::checkProduct(const Product &product,
                           const std::function<double(int64_t row, int64_t column)> &entry) {
  if (product.K > largestDepth) {
    return fail("expected products of a depth of at most " + std::to_string(largestDepth));
  }
  constexpr int64_t places = 48; // of rows and columns, both ends among them
  for (int64_t i = 0; i < places; ++i) {
    const int64_t row = i % 2 == 0 ? (product.rows - 1) * i / (places - 2) : (i * 7919) % product.rows;
    const int64_t column = (product.N - 1) * (i * 29 % places) / (places - 1);
    int64_t sum = 0;
    for (int64_t k = 0; k < product.K; ++k) {
      sum += int64_t(leftEntry(row, k)) * rightEntry(column, k);
    }
    if (const double got = entry(row, column); got != static_cast<double>(sum)) {
      return fail("entry [" + std::to_string(row) + ", " + std::to_string(column) + "] of " +
                  toString(product) + ": expected " + std::to_string(sum) + ", got " + std::to_string(got));
    }
  }
  return {};
}

void bench::evict(const void *data, size_t bytes) {
#if defined(__x86_64__)
  constexpr size_t line = 64;
  for (size_t at = 0; at < bytes; at += line) {
    __builtin_ia32_clflush(static_cast<const char *>(data) + at);
  }
  __builtin_ia32_mfence();
#endif
}

Expected<double> bench::quickestSeconds(const std::function<Status(int64_t)> &call) {
  int64_t best = INT64_MAX;
  const int64_t begin = nanoseconds();
  for (int64_t i = 0; i < 3 || (i < 64 && nanoseconds() - begin < 300'000'000); ++i) {
    const int64_t start = nanoseconds();
    if (Status status = call(i); !status) {
      return forward(status.error());
    }
    best = std::min(best, std::max<int64_t>(1, nanoseconds() - start));
  }
  return static_cast<double>(best) * 1e-9;
}

Status bench::measurePeers(const Options &options, Result &result,
                           const std::function<void(const std::string &)> &progress) {
  std::map<Product, uint64_t> products;
  for (const std::vector<OpRow> *ops : {&result.prefillOps, &result.decodeOps}) {
    for (const OpRow &op : *ops) {
      for (const auto &[contractions, quickest] : op.row.products) {
        for (const Product &product : contractions) {
          products[product] += quickest.calls;
        }
      }
    }
  }
  for (const std::shared_ptr<Peer> &peer : options.peers) {
    result.peers.push_back(peer->name());
    for (const auto &[product, calls] : products) {
      progress(peer->name() + " " + toString(product));
      const int64_t bytes = std::max<int64_t>(1, product.N * product.K * peer->weightBytes());
      const int64_t copies =
          std::min<int64_t>(static_cast<int64_t>(calls), (kStreamedBytes + bytes - 1) / bytes);
      auto seconds = peer->seconds(product, std::max<int64_t>(1, copies));
      if (!seconds) {
        return forward(seconds.error(), peer->name());
      }
      result.peerSeconds[product].push_back(*seconds);
    }
  }
  return {};
}
