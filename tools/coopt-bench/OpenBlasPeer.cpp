#include "PeerLibraries.h"

#include <cblas.h>

#include <new>

using namespace coopt;
using namespace coopt::bench;

namespace {

struct OpenBlas : PeerLibrary {
  decltype(::cblas_sgemm) *sgemm = nullptr;
  decltype(::openblas_set_num_threads) *setThreads = nullptr;
};

class OpenBlasPeer : public Peer {
public:
  OpenBlasPeer(std::shared_ptr<OpenBlas> library, int threads)
      : library(std::move(library)), threads(threads) {}
  std::string name() const override { return "OpenBLAS f32"; }
  int64_t weightBytes() const override { return sizeof(float); }

  Expected<double> seconds(const Product &product, int64_t copies) override {
    try {
      return timed(product, copies);
    } catch (const std::bad_alloc &) {
      return fail("not enough memory for " + toString(product));
    }
  }

private:
  Expected<double> timed(const Product &product, int64_t copies) const {
    auto convert = [](int x) { return static_cast<float>(x); };
    std::vector<float> a(static_cast<size_t>(product.rows * product.K)),
        b(static_cast<size_t>(product.N * product.K)), c(static_cast<size_t>(product.rows * product.N));
    fillEntries(a.data(), product.rows, product.K, leftEntry, convert);
    fillEntries(b.data(), product.N, product.K, rightEntry, convert);
    std::vector<std::vector<float>> weights(static_cast<size_t>(copies), b);
    library->setThreads(threads);
    auto call = [&](int64_t i) -> Status {
      const auto K = static_cast<blasint>(product.K), N = static_cast<blasint>(product.N);
      library->sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(product.rows), N, K, 1,
                     a.data(), K, weights[static_cast<size_t>(i % copies)].data(), K, 0, c.data(), N);
      return {};
    };
    (void)call(0);
    Status checked = checkProduct(product, [&](int64_t row, int64_t column) {
      return static_cast<double>(c[static_cast<size_t>(row * product.N + column)]);
    });
    if (!checked) {
      return forward(checked.error());
    }
    for (const std::vector<float> &each : weights) {
      evict(each.data(), each.size() * sizeof(float));
    }
    return quickestSeconds(call);
  }

  std::shared_ptr<OpenBlas> library;
  int threads;
};

} // namespace

Expected<PeerList> bench::openOpenBlas(int threads) {
  auto library = std::make_shared<OpenBlas>();
  if (Status status = library->open(COOPT_OPENBLAS_LIBRARY); !status) {
    return forward(status.error());
  }
  library->find("cblas_sgemm", library->sgemm);
  library->find("openblas_set_num_threads", library->setThreads);
  if (Status status = library->complete(); !status) {
    return forward(status.error());
  }
  return PeerList{std::make_shared<OpenBlasPeer>(std::move(library), threads)};
}
