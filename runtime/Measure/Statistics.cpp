#include "Measure/Statistics.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::runtime;

Status Statistics::after(const DispatchView &dispatch, int64_t start, int64_t end) {
  Row &row = byId[dispatch.command.opId];
  row.opId = dispatch.command.opId;
  ++row.calls;
  row.seconds += static_cast<double>(end - start) * 1e-9;
  for (size_t i = 0; i < dispatch.operands(); ++i) {
    row.bytes += static_cast<double>(dispatch.bytes(i));
  }
  if (dispatch.report) {
    row.cycles += dispatch.report->cycles;
    total.add(*dispatch.report, row.opId);
  }
  return {};
}

std::vector<Statistics::Row> Statistics::rows() const {
  std::vector<Row> sorted;
  for (const auto &[id, row] : byId) {
    sorted.push_back(row);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Row &a, const Row &b) {
    return a.cycles != b.cycles     ? a.cycles > b.cycles
           : a.seconds != b.seconds ? a.seconds > b.seconds
                                    : a.opId < b.opId;
  });
  return sorted;
}
