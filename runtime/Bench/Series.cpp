#include "Bench/Benchmark.h"

using namespace coopt;
using namespace coopt::bench;

Expected<Series> bench::makeSeries(std::string name, std::string unit, std::vector<double> samples,
                                   std::string limit, const std::vector<double> &ideal,
                                   const std::vector<double> &times) {
  Series series{std::move(name), std::move(unit), std::move(samples), {}, std::move(limit), {}, {}};
  auto summary = summarize(series.samples);
  if (!summary) {
    return forward(summary.error(), series.name);
  }
  series.summary = *summary;
  if (!series.limit.empty()) {
    auto shares = pairRatios(ideal, times);
    auto share = shares ? summarize(*shares) : forward(shares.error());
    if (!share) {
      return forward(share.error(), series.name);
    }
    series.shares = *shares;
    series.share = *share;
  }
  return series;
}
