#include "Measure/Trace.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::runtime;
using Json = nlohmann::ordered_json;

/// Bytes that are written to the file at a time.
static constexpr size_t kChunk = size_t(1) << 20;

Expected<std::unique_ptr<Trace>> Trace::create(const std::string &path,
                                               const machine::NpuMachine *simulated) {
  auto file = OutputFile::create(path);
  if (!file) {
    return forward(file.error());
  }
  std::unique_ptr<Trace> trace(new Trace(std::move(*file)));
  if (simulated) {
    trace->engines.emplace(*simulated);
  } else {
    trace->text = R"({"displayTimeUnit":"ns","traceEvents":[)";
  }
  return trace;
}

Status Trace::write(size_t atLeast) {
  if (text.size() < atLeast) {
    return {};
  }
  Status status = file.write(text.data(), text.size());
  text.clear();
  return status;
}

Status Trace::after(const DispatchView &dispatch, int64_t start, int64_t end) {
  if (engines) {
    const npu::TraceText::Run run{dispatch.command.opId, dispatch.call.entry.name, dispatch.kernel.symbol,
                                  dispatch.items};
    if (dispatch.report) {
      engines->add(*dispatch.image, *dispatch.report, &run);
    } else {
      engines->mark(run);
    }
    text += engines->take();
    return write(kChunk);
  }
  if (!origin) {
    origin = start;
  } else {
    text += ",";
  }
  // Times are in microseconds.
  const Json event = {{"name", dispatch.command.opId},
                      {"cat", dispatch.call.entry.name},
                      {"ph", "X"},
                      {"ts", static_cast<double>(start - *origin) * 1e-3},
                      {"dur", static_cast<double>(end - start) * 1e-3},
                      {"pid", 1},
                      {"tid", 1},
                      {"args", {{"kernel", dispatch.kernel.symbol}, {"items", dispatch.items}}}};
  text += event.dump(-1, ' ', false, Json::error_handler_t::replace);
  return write(kChunk);
}

Status Trace::finish() {
  if (engines) {
    engines->finish();
    text += engines->take();
  } else {
    text += "]}";
  }
  if (Status status = write(0); !status) {
    return status;
  }
  return file.commit();
}
