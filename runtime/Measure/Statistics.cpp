#include "Measure/Statistics.h"

#include "coopt/Support/OutputFile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

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

Status Trace::after(const DispatchView &dispatch, int64_t start, int64_t end) {
  events.push_back({&dispatch.command, &dispatch.kernel, &dispatch.call.entry, dispatch.items, start, end,
                    dispatch.report ? std::optional(dispatch.report->cycles) : std::nullopt});
  return {};
}

Status Trace::write(const std::string &path) const {
  int64_t origin = events.empty() ? 0 : events.front().start;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Event &event : events) {
    // Times are in microseconds.
    list.push_back({{"name", event.command->opId},
                    {"cat", event.entry->name},
                    {"ph", "X"},
                    {"ts", static_cast<double>(event.start - origin) * 1e-3},
                    {"dur", static_cast<double>(event.end - event.start) * 1e-3},
                    {"pid", 1},
                    {"tid", 1},
                    {"args", {{"kernel", event.kernel->symbol}, {"items", event.items}}}});
    if (event.cycles) {
      list.back()["args"]["cycles"] = *event.cycles;
    }
  }
  nlohmann::ordered_json document = {{"displayTimeUnit", "ns"}, {"traceEvents", std::move(list)}};
  std::string text = document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  auto file = OutputFile::create(path);
  if (!file) {
    return forward(file.error());
  }
  if (auto status = file->write(text.data(), text.size()); !status) {
    return status;
  }
  return file->commit();
}
