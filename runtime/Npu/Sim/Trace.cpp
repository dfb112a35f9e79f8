#include "Npu/Sim/Trace.h"

#include "coopt/Support/OutputFile.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

using namespace coopt;
using namespace coopt::npu;
using Json = nlohmann::ordered_json;

namespace {

constexpr unsigned kAllCores = 0; ///< process of the counters and of runs; a core's is 1 + its number

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

} // namespace

//===-- The text ----------------------------------------------------------------===//

TraceText::TraceText(const machine::NpuMachine &machine)
    : clock(machine.clocksMegahertz.core), text(R"({"displayTimeUnit":"ns","traceEvents":[)") {
  process(kAllCores, "all cores");
}

void TraceText::event(const Json &event) {
  text += isFirst ? "" : ",";
  text += event.dump(-1, ' ', false, Json::error_handler_t::replace);
  isFirst = false;
}

void TraceText::meta(const char *what, unsigned process, unsigned thread, const Json &arguments) {
  event({{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", arguments}});
}

void TraceText::process(unsigned number, const std::string &name) {
  if (named.insert({number, ~0u}).second) {
    meta("process_name", number, 0, {{"name", name}});
  }
}

void TraceText::track(unsigned process, unsigned thread, const std::string &name) {
  if (named.insert({process, thread}).second) {
    meta("thread_name", process, thread, {{"name", name}});
    meta("thread_sort_index", process, thread, {{"sort_index", thread}});
  }
}

void TraceText::run(const Run &run, uint64_t cycles, Json arguments) {
  track(kAllCores, 1, "dispatches");
  event({{"name", run.name},
         {"cat", run.category},
         {"ph", "X"},
         {"ts", microseconds(base)},
         {"dur", microseconds(cycles)},
         {"pid", kAllCores},
         {"tid", 1},
         {"args", std::move(arguments)}});
}

void TraceText::mark(const Run &run) { this->run(run, 0, {{"kernel", run.kernel}, {"items", run.items}}); }

std::string TraceText::take() { return std::exchange(text, std::string()); }

void TraceText::finish() { text += R"(],"otherData":{"cycles":)" + std::to_string(base) + "}}"; }

//===-- A run ---------------------------------------------------------------------===//

namespace coopt::npu {

class TraceRun {
public:
  TraceRun(TraceText &to, const Image &image, const Report &report, const TraceText::Run *as)
      : to(to), image(image), report(report), as(as) {}

  void names();
  void slices();
  void stalls();
  void counters();

private:
  TraceText &to;
  const Image &image;
  const Report &report;
  const TraceText::Run *as;

  static unsigned trackOf(const EngineTime &engine, unsigned track) {
    return engine.number * (kUnits + 1) + track;
  }
  void slice(const EngineTime &engine, unsigned track, const std::string &name, uint64_t start, uint64_t end,
             Json arguments) {
    arguments["cycle"] = to.base + start;
    arguments["cycles"] = end - start;
    to.event({{"name", name},
              {"ph", "X"},
              {"ts", to.microseconds(to.base + start)},
              {"dur", to.microseconds(end - start)},
              {"pid", engine.core + 1},
              {"tid", trackOf(engine, track)},
              {"args", std::move(arguments)}});
  }
  Json entryOf(const EngineTime &engine, size_t entry) const {
    const uint32_t location = image.cores[engine.core][entry].location;
    Json arguments = {{"entry", entry}};
    // An image may be that of many ops.
    if (as) {
      arguments["op"] = as->name;
    } else if (location < image.locations.size()) {
      arguments["op"] = image.locations[location];
    }
    return arguments;
  }
};

} // namespace coopt::npu

void TraceRun::names() {
  static const char *const units[] = {"", " loads", " drains"};
  for (const EngineTime &engine : report.engines) {
    to.process(engine.core + 1, "core " + std::to_string(engine.core));
    for (unsigned track = 0; track <= kUnits; ++track) {
      if (engine.number == 1 || track == 0 || track == kUnits) {
        to.track(engine.core + 1, trackOf(engine, track),
                 engine.name + (track == kUnits ? " stalls" : units[track]));
      }
    }
  }
}

void TraceRun::slices() {
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

void TraceRun::stalls() {
  for (const Stall &stall : report.stalls) {
    const EngineTime &engine = report.engines[stall.engine];
    Json arguments = stall.reason.cause == Cause::Finished ? Json::object() : entryOf(engine, stall.entry);
    arguments["cause"] = name(stall.reason.cause);
    slice(engine, kUnits, describe(image, stall.reason), stall.start, stall.end, std::move(arguments));
  }
}

void TraceRun::counters() {
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
      TraceText::Counter &counter = to.counters[static_cast<size_t>(space)];
      (isRead ? counter.read : counter.written) += slice.bytes;
      to.event({{"name", counter.name},
                {"ph", "C"},
                {"ts", to.microseconds(to.base + slice.end)},
                {"pid", kAllCores},
                {"args", {{"read", counter.read}, {"written", counter.written}}}});
    }
  }
}

void TraceText::add(const Image &image, const Report &report, const Run *as) {
  if (as) {
    run(*as, report.cycles, {{"kernel", as->kernel}, {"items", as->items}, {"cycles", report.cycles}});
  }
  TraceRun one(*this, image, report, as);
  one.names();
  one.slices();
  one.stalls();
  one.counters();
  base += report.cycles;
}

std::string npu::traceJson(const machine::NpuMachine &machine, const Image &image, const Report &report) {
  TraceText text(machine);
  text.add(image, report);
  text.finish();
  return text.take();
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
