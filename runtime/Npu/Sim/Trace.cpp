#include "Npu/Sim/Trace.h"

#include "coopt/Support/OutputFile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::npu;
using Json = nlohmann::ordered_json;

namespace {

constexpr unsigned kMemories = 0; ///< process of the counters; a core's is 1 + its number

Unit unitOf(const Entry &entry) {
  switch (find(entry.opcode)->timing) {
  case Timing::WeightLoad:
  case Timing::Tables:
    return Unit::Loads;
  case Timing::Drain:
    return Unit::Drains;
  default:
    return Unit::Main;
  }
}

class Writer {
public:
  Writer(const machine::NpuMachine &machine, const Image &image, const Report &report)
      : clock(machine.clocksMegahertz.core), image(image), report(report) {}

  Json run();

private:
  const double clock;
  const Image &image;
  const Report &report;
  Json events = Json::array();

  double microseconds(uint64_t cycles) const { return static_cast<double>(cycles) / clock; }
  static unsigned trackOf(const EngineTime &engine, unsigned track) {
    return engine.number * (kUnits + 1) + track;
  }
  void meta(const char *what, unsigned process, unsigned thread, const Json &arguments) {
    events.push_back({{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", arguments}});
  }
  void slice(const EngineTime &engine, unsigned track, const std::string &name, uint64_t start, uint64_t end,
             Json arguments) {
    arguments["cycle"] = start;
    arguments["cycles"] = end - start;
    events.push_back({{"name", name},
                      {"ph", "X"},
                      {"ts", microseconds(start)},
                      {"dur", microseconds(end - start)},
                      {"pid", engine.core + 1},
                      {"tid", trackOf(engine, track)},
                      {"args", std::move(arguments)}});
  }
  Json entryOf(const EngineTime &engine, size_t entry) const {
    const uint32_t location = image.cores[engine.core][entry].location;
    Json arguments = {{"entry", entry}};
    if (location < image.locations.size()) {
      arguments["op"] = image.locations[location];
    }
    return arguments;
  }
  void names();
  void slices();
  void stalls();
  void counters();
};

void Writer::names() {
  meta("process_name", kMemories, 0, {{"name", "memories"}});
  for (size_t core = 0; core < image.cores.size(); ++core) {
    meta("process_name", static_cast<unsigned>(core) + 1, 0, {{"name", "core " + std::to_string(core)}});
  }
  static const char *const units[] = {"", " loads", " drains"};
  for (const EngineTime &engine : report.engines) {
    for (unsigned track = 0; track <= kUnits; ++track) {
      if (engine.number != 1 && track != 0 && track != kUnits) {
        continue;
      }
      const std::string name = engine.name + (track == kUnits ? " stalls" : units[track]);
      meta("thread_name", engine.core + 1, trackOf(engine, track), {{"name", name}});
      meta("thread_sort_index", engine.core + 1, trackOf(engine, track),
           {{"sort_index", trackOf(engine, track)}});
    }
  }
}

void Writer::slices() {
  // Results of an entry come while the next of its unit goes on: a slice ends where that one starts.
  std::map<std::pair<unsigned, unsigned>, std::vector<const Slice *>> tracks;
  for (const Slice &slice : report.slices) {
    const EngineTime &engine = report.engines[slice.engine];
    tracks[{slice.engine, static_cast<unsigned>(unitOf(image.cores[engine.core][slice.entry]))}].push_back(
        &slice);
  }
  for (auto &[track, list] : tracks) {
    const EngineTime &engine = report.engines[track.first];
    std::sort(list.begin(), list.end(), [](const Slice *a, const Slice *b) { return a->start < b->start; });
    for (size_t i = 0; i < list.size(); ++i) {
      const Slice &of = *list[i];
      Json arguments = entryOf(engine, of.entry);
      arguments["results"] = of.end;
      if (of.bytes > 0) {
        arguments["bytes"] = of.bytes;
      }
      const uint64_t end = i + 1 < list.size() ? std::min(of.end, list[i + 1]->start) : of.end;
      slice(engine, track.second, find(image.cores[engine.core][of.entry].opcode)->mnemonic, of.start, end,
            std::move(arguments));
    }
  }
}

void Writer::stalls() {
  for (const Stall &stall : report.stalls) {
    const EngineTime &engine = report.engines[stall.engine];
    Json arguments = stall.reason.cause == Cause::Finished ? Json::object() : entryOf(engine, stall.entry);
    arguments["cause"] = name(stall.reason.cause);
    slice(engine, kUnits, describe(image, stall.reason), stall.start, stall.end, std::move(arguments));
  }
}

void Writer::counters() {
  struct Counter {
    const char *name;
    uint64_t read = 0, written = 0;
  };
  Counter counters[] = {{"dram bytes"}, {"l2 bytes"}};
  for (const Slice &slice : report.slices) {
    const EngineTime &engine = report.engines[slice.engine];
    const Entry &entry = image.cores[engine.core][slice.entry];
    if (slice.bytes == 0) {
      continue;
    }
    const bool isFill = find(entry.opcode)->mnemonic == std::string_view("dma.fill");
    for (bool isRead : {true, false}) {
      const Space space = isRead && isFill ? Space::Spad : entry[isRead ? "from" : "to"].space;
      if (space != Space::Dram && space != Space::L2) {
        continue;
      }
      Counter &counter = counters[static_cast<size_t>(space)];
      (isRead ? counter.read : counter.written) += slice.bytes;
      events.push_back({{"name", counter.name},
                        {"ph", "C"},
                        {"ts", microseconds(slice.end)},
                        {"pid", kMemories},
                        {"args", {{"read", counter.read}, {"written", counter.written}}}});
    }
  }
}

Json Writer::run() {
  names();
  slices();
  stalls();
  counters();
  return {{"displayTimeUnit", "ns"},
          {"otherData", {{"cycles", report.cycles}}},
          {"traceEvents", std::move(events)}};
}

} // namespace

std::string npu::traceJson(const machine::NpuMachine &machine, const Image &image, const Report &report) {
  return Writer(machine, image, report).run().dump(-1, ' ', false, Json::error_handler_t::replace);
}

Status npu::writeTrace(const std::string &path, const machine::NpuMachine &machine, const Image &image,
                       const Report &report) {
  const std::string text = traceJson(machine, image, report);
  auto file = OutputFile::create(path);
  if (!file) {
    return forward(file.error());
  }
  if (Status status = file->write(text.data(), text.size()); !status) {
    return status;
  }
  return file->commit();
}
