//===- ReportTest.cpp - Energy, traces and text of a run ------------------------===//
#include "Npu/Sim/Print.h"
#include "Npu/Sim/Trace.h"
#include "SimulationFixture.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::npu;
using namespace coopt::npu::test;

namespace {

class Reports : public Simulation {};

// Counts by hand, prices of the table; what has none is in no total.
TEST_F(Reports, Energy) {
  use("edge1");
  machine.energyTable = "45nm";
  machine.cores[0].acc->bytes = 128 * 1024; // the table has memories of this size
  const std::string mode = "mxu.mode mode=ws a=i8 w=i8 acc=i32 a_stride=32 w_stride=32 acc_stride=128 n=0 "
                           "m=0 a_slice=0 w_slice=0\n"
                           "vec.mode to=f32 a=f32 b=f32 c=f32 to_stride=256 a_stride=256 b_stride=256 "
                           "c_stride=256 b_broadcast=none "
                           "c_broadcast=none\n";
  const Report report = run(
      mode + copy("spad[0x0]", "dram[0x0]", 1024, "signal 0:1") +
      "mxu.weights from=spad[0x0] rows=32 columns=32 | wait 0:1\n"
      "mxu.stream from=spad[0x1000] to=acc[0x0] rows=10 update=add swap=yes\n"
      "vec.map function=mul to=spad[0x4000] a=spad[0x2000] b=spad[0x3000] c=spad[0x0] rows=3 columns=64\n"
      "vec.map function=exp2 to=spad[0x4000] a=spad[0x2000] b=spad[0x3000] c=spad[0x0] rows=1 columns=64\n");
  const EnergyReport energy = energyOf(machine, report);
  EXPECT_EQ(energy.table, "45nm");
  std::map<std::string, const EnergyLine *> lines;
  for (const EnergyLine &line : energy.lines) {
    lines[line.part + " " + line.action] = &line;
  }
  auto expect = [&](const std::string &name, uint64_t count, std::optional<double> each) {
    ASSERT_TRUE(lines.count(name)) << name;
    EXPECT_EQ(lines[name]->count, count) << name;
    ASSERT_EQ(lines[name]->picojoules.has_value(), each.has_value()) << name;
    if (each) {
      EXPECT_DOUBLE_EQ(*lines[name]->picojoules, static_cast<double>(count) * *each) << name;
      EXPECT_FALSE(lines[name]->source.empty());
    }
  };
  const uint64_t sums = 10 * 32 * 4 / 8, elements = 64 * 4 / 8;
  expect("matrix multiply_add i8 x i8", 10 * 32 * 32, 0.315);
  expect("vector mul f32", 3 * 64, 3.7);
  expect("vector exp2 f32", 64, std::nullopt);
  expect("acc read 64 bits", sums, 32.377775);
  expect("acc write 64 bits", sums, 26.156875);
  expect("hbm read 64 bits", 128, 512);
  expect("spad read 64 bits", 128 + 10 * 32 / 8 + 2 * 3 * elements + elements, std::nullopt);
  expect("spad write 64 bits", 128 + 3 * elements + elements, std::nullopt);
  expect("control entry", 8, std::nullopt);
  EXPECT_EQ(lines.size(), 9u);
  EXPECT_DOUBLE_EQ(energy.picojoules, 10 * 32 * 32 * 0.315 + 3 * 64 * 3.7 +
                                          static_cast<double>(sums) * (32.377775 + 26.156875) + 128 * 512.0);
  // A machine without a table has counts alone.
  machine.energyTable.reset();
  const EnergyReport none = energyOf(machine, report);
  EXPECT_EQ(none.lines.size(), 9u);
  EXPECT_EQ(none.picojoules, 0);
}

// The trace has each engine's time: no two slices of a track overlap, all are inside the run, and what they add up to is the report.
TEST_F(Reports, Trace) {
  use("edge1");
  std::mt19937 random(11);
  for (unsigned seed = 0; seed < 10; ++seed) {
    shake(machine.cores[0], random);
    const Report report =
        run(seed % 2 == 0 ? std::string(kExperts) : doubleBuffered(20, 1 + static_cast<int>(seed)), seed);
    const auto document = nlohmann::json::parse(traceJson(machine, image, report), nullptr, false);
    ASSERT_TRUE(document.is_object());
    EXPECT_EQ(document["otherData"]["cycles"], report.cycles);
    struct Span {
      uint64_t start, end;
    };
    std::map<std::pair<int, int>, std::vector<Span>> tracks;
    std::map<std::pair<int, int>, std::string> names;
    std::map<std::string, std::map<std::string, uint64_t>> causes;
    uint64_t read = 0, written = 0;
    size_t slices = 0;
    for (const auto &event : document["traceEvents"]) {
      const std::string kind = event["ph"];
      const std::pair<int, int> track(event["pid"], event.value("tid", -1));
      if (kind == "M" && event["name"] == "thread_name") {
        EXPECT_TRUE(names.emplace(track, event["args"]["name"]).second);
      } else if (kind == "X") {
        const uint64_t start = event["args"]["cycle"], length = event["args"]["cycles"];
        EXPECT_DOUBLE_EQ(event["ts"], static_cast<double>(start) / machine.clocksMegahertz.core);
        EXPECT_DOUBLE_EQ(event["dur"], static_cast<double>(length) / machine.clocksMegahertz.core);
        tracks[track].push_back({start, start + length});
        ASSERT_TRUE(names.count(track));
        if (event["args"].contains("cause")) {
          causes[names[track]][event["args"]["cause"]] += length;
        } else {
          ++slices;
          const size_t entry = event["args"]["entry"];
          EXPECT_EQ(event["name"], find(image.cores[0][entry].opcode)->mnemonic);
          EXPECT_EQ(event["args"]["op"], image.locations[image.cores[0][entry].location]);
        }
      } else if (kind == "C" && event["name"] == "dram bytes") {
        EXPECT_GE(event["args"]["read"], read);
        read = event["args"]["read"];
        written = event["args"]["written"];
      }
    }
    EXPECT_EQ(slices, report.slices.size());
    EXPECT_EQ(read, report.traffic.read[static_cast<size_t>(PortKind::Hbm)]);
    EXPECT_EQ(written, report.traffic.written[static_cast<size_t>(PortKind::Hbm)]);
    for (auto &[track, spans] : tracks) {
      std::sort(spans.begin(), spans.end(), [](const Span &a, const Span &b) { return a.start < b.start; });
      for (size_t i = 0; i < spans.size(); ++i) {
        EXPECT_LE(spans[i].end, report.cycles);
        EXPECT_TRUE(i == 0 || spans[i - 1].end <= spans[i].start) << names[track] << " " << spans[i].start;
      }
    }
    for (const EngineTime &engine : report.engines) {
      std::map<std::string, uint64_t> sums;
      uint64_t total = engine.busy;
      for (const auto &[reason, cycles] : engine.stalls) {
        sums[name(reason.cause)] += cycles;
        total += cycles;
      }
      EXPECT_EQ(total, report.cycles) << engine.name;
      EXPECT_EQ(causes[engine.name + " stalls"], sums) << engine.name;
      // Of each engine but the control unit, whose entries have no slices, slices and stalls cover all cycles.
      std::vector<bool> covered(report.cycles, engine.number == 0);
      for (const auto &[track, name] : names) {
        if (name.rfind(engine.name, 0) == 0) {
          for (const Span &span : tracks[track]) {
            std::fill(covered.begin() + static_cast<int64_t>(span.start),
                      covered.begin() + static_cast<int64_t>(span.end), true);
          }
        }
      }
      EXPECT_EQ(std::count(covered.begin(), covered.end(), false), 0) << engine.name;
    }
  }
}

TEST_F(Reports, Text) {
  const Report report = run(doubleBuffered(8, 3));
  const std::string text = print(machine, image, report);
  auto has = [&](const std::string &line) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  };
  has(std::to_string(report.cycles) + " cycles, ");
  has("per cent            busy");
  has("\ncontrol ");
  has("\nmatrix ");
  has("\ndma 0 ");
  has(" cycles  matrix: semaphore 1 of core 0, dma 0 at entry 5 (dma.copy, ");
  has("\nhbm                          2048             1024\n");
  has("rows of hbm: " + std::to_string(report.rowOpenings) + " opened");
  has("unsourced");
}

} // namespace
