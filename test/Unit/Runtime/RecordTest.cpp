#include "Record/Replay.h"

#include "Files.h"
#include "Measure/Statistics.h"
#include "Measure/Trace.h"
#include "Npy/Npy.h"
#include "Record/Recorder.h"
#include "Session/Session.h"
#include "ToyOracle.h"

#include <cstring>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::runtime;
using namespace coopt::test;

namespace {

class Records : public testing::Test {
protected:
  std::shared_ptr<const LoadedPackage> load(const package::PackageContents &contents,
                                            const std::string &name) {
    std::string path = folder.file(name);
    auto status = writeTestPackage(path, contents);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    auto package = LoadedPackage::load(path);
    EXPECT_TRUE(package.has_value()) << package.error().message;
    return *package;
  }
  /// Seven tokens in two chunks, one sampled, two scored.
  void record(std::shared_ptr<const LoadedPackage> package, const std::string &name) {
    auto recorder = Recorder::create(package, folder.file(name));
    ASSERT_TRUE(recorder.has_value()) << recorder.error().message;
    auto session = Session::open(package, 2);
    ASSERT_TRUE(session.has_value());
    (*session)->observe({recorder->get()});
    ASSERT_TRUE((*session)->append(tokens.data(), 7).has_value());
    ASSERT_TRUE((*session)->sample(0).has_value());
    float nll[2];
    ASSERT_TRUE((*session)->score(tokens.data() + 7, tokens.data() + 8, 2, nll).has_value());
    ASSERT_TRUE((*recorder)->finish().has_value());
  }
  Expected<ReplayReport> replayOn(std::shared_ptr<const LoadedPackage> package, const std::string &name,
                                  std::optional<Tolerance> tolerance = std::nullopt) {
    ReplayOptions options;
    options.folder = folder.file(name);
    options.threads = 3;
    options.tolerance = tolerance;
    return replay(package, options);
  }
  static const ReplayRow &row(const ReplayReport &report, const std::string &opId) {
    for (const ReplayRow &row : report.rows) {
      if (row.opId == opId) {
        return row;
      }
    }
    ADD_FAILURE() << opId;
    return report.rows[0];
  }

  TemporaryFolder folder;
  const std::vector<int32_t> tokens = {1, 5, 9, 3, 16, 0, 4, 7, 7, 11};
};

} // namespace

TEST_F(Records, FilesHoldWhatDispatchesReadAndWrote) {
  record(load(toyModel(), "toy.coopt"), "r");
  auto index = readRecordIndex(folder.file("r"));
  ASSERT_TRUE(index.has_value()) << index.error().message;
  // forward twice (chunks of 5 and 2), sample, forward, score
  ASSERT_EQ(index->calls.size(), 5u);
  EXPECT_EQ(index->calls[1].entry, "forward");
  EXPECT_EQ(index->calls[1].sizes,
            (std::vector<std::pair<std::string, int64_t>>{{"outputs", 1}, {"past", 5}, {"tokens", 2}}));
  EXPECT_EQ(index->calls[2].entry, "sample");
  EXPECT_EQ(index->calls[4].entry, "score");
  EXPECT_EQ(index->dispatches.size(), 3 * 4 + 2u);

  auto arguments = NpyFile::open(folder.file("r/" + index->calls[0].argumentFiles[0]));
  ASSERT_TRUE(arguments.has_value());
  EXPECT_EQ(std::memcmp(arguments->data(), tokens.data(), 20), 0);
  // The second chunk's embedding, op id layers.0/attend with '/' as '.'
  auto embedded = NpyFile::open(folder.file("r/layers.0.attend.1.in0.npy"));
  ASSERT_TRUE(embedded.has_value()) << embedded.error().message;
  EXPECT_EQ(embedded->shape(), (std::vector<int64_t>{2, 4}));
  float value;
  std::memcpy(&value, embedded->data() + 4 * 5, 4);
  EXPECT_EQ(value, toyTable(tokens[6], 1));
  // Of the state, the seven positions that are filled.
  auto state = NpyFile::open(folder.file("r/layers.0.attend.1.in1.npy"));
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->shape(), (std::vector<int64_t>{2, 7, 4}));
  std::memcpy(&value, state->data() + ((7 + 6) * 4 + 3) * 4, 4);
  EXPECT_EQ(value, 1 + toyTable(tokens[6], 3));
  auto logits = NpyFile::open(folder.file("r/head.1.out2.npy"));
  ASSERT_TRUE(logits.has_value());
  std::vector<float> expected = toyLogits(tokens, 7);
  ASSERT_EQ(logits->bytes(), expected.size() * 4);
  EXPECT_EQ(std::memcmp(logits->data(), expected.data(), logits->bytes()), 0);
  // Parameters are named, not stored.
  const RecordedDispatch &head = index->dispatches[3];
  EXPECT_EQ(head.opId, "head");
  EXPECT_EQ(head.operands[1].name, "head");
  EXPECT_TRUE(head.operands[1].in.empty());
  EXPECT_NE(head.operands[1].checksum, 0u);
}

TEST_F(Records, TheSamePackageReplaysEqual) {
  auto package = load(toyModel(), "toy.coopt");
  record(package, "r");
  auto report = replayOn(package, "r");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE(report->good());
  EXPECT_EQ(report->compared(), 14u);
  EXPECT_EQ(report->recorded(), 14u);
  EXPECT_EQ(row(*report, "head").compared, 3u);
  EXPECT_EQ(row(*report, "head").comparison.elements, 17 * (1 + 1 + 2u));
}

TEST_F(Records, AnotherPackageIsComparedOpByOp) {
  record(load(toyModel(), "toy.coopt"), "r");
  // Its head multiplies by 1 + 2^-10; everything before it, and what follows from recorded logits, is equal.
  auto other = load(toyModel(9), "other.coopt");
  auto report = replayOn(other, "r");
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->good());
  EXPECT_GT(row(*report, "head").comparison.outside, 0u);
  EXPECT_NEAR(row(*report, "head").comparison.maxRelative, 0x1p-10, 1e-6);
  for (const char *opId : {"embed", "layers.0/append", "layers.0/attend", "sample", "score"}) {
    EXPECT_EQ(row(*report, opId).comparison.unequal, 0u) << opId;
    EXPECT_GT(row(*report, opId).compared, 0u) << opId;
  }
  EXPECT_TRUE(replayOn(other, "r", Tolerance{1e-6, 0.002})->good());
  EXPECT_FALSE(replayOn(other, "r", Tolerance{0, 0.0005})->good());
}

// The recorded inputs are used, not those of the run: a wrong op does not spoil those after it.
TEST_F(Records, MistakesDoNotTravel) {
  package::PackageContents contents = functionPackage();
  auto package = load(contents, "f.coopt");
  auto recorder = Recorder::create(package, folder.file("r"));
  auto session = Session::open(package, 1);
  (*session)->observe({recorder->get()});
  std::vector<float> x = {1, 2, 3, 4, 5};
  ASSERT_TRUE((*session)->call("select", {{"x", package::ElementType::F32, {5}, x.data()}}).has_value());
  ASSERT_TRUE((*recorder)->finish().has_value());
  // Change what the first op of the run read: the second must still agree, because it gets its own recorded
  // input.
  std::string file = folder.file("r/select.first.0.in0.npy");
  std::vector<uint8_t> bytes = readBytes(file);
  bytes[bytes.size() - 1] ^= 0x40;
  writeBytes(file, bytes);
  auto report = replayOn(package, "r");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(row(*report, "select/first").comparison.unequal, 1u);
  EXPECT_EQ(row(*report, "select/second").comparison.unequal, 0u);
  EXPECT_FALSE(report->good());
}

TEST_F(Records, OpIdsThatComeTwiceAreToldApart) {
  auto package = load(functionPackage(), "f.coopt");
  auto recorder = Recorder::create(package, folder.file("r"));
  auto session = Session::open(package, 1);
  (*session)->observe({recorder->get()});
  std::vector<float> x = {1, 2, 3};
  for (int run = 0; run < 2; ++run) {
    ASSERT_TRUE((*session)->call("twice", {{"x", package::ElementType::F32, {3}, x.data()}}).has_value());
  }
  ASSERT_TRUE((*recorder)->finish().has_value());
  auto index = readRecordIndex(folder.file("r"));
  ASSERT_EQ(index->dispatches.size(), 4u);
  EXPECT_EQ(index->dispatches[3].call, 3u);
  EXPECT_EQ(index->dispatches[3].run, 1u);
  EXPECT_EQ(index->dispatches[3].occurrence, 1u);
  EXPECT_EQ(index->dispatches[3].operands[1].out, "twice.3.out1.npy");
  EXPECT_TRUE(replayOn(package, "r")->good());
}

TEST_F(Records, BrokenRecordsAreErrors) {
  auto toy = load(toyModel(), "toy.coopt");
  record(toy, "r");
  EXPECT_FALSE(Recorder::create(toy, folder.file("r")).has_value()); // holds a record already
  auto functions = load(functionPackage(), "f.coopt");
  EXPECT_EQ(replayOn(functions, "r").error().message, "no entry 'forward', which the record calls");
  EXPECT_EQ(replayOn(toy, "absent").error().message,
            folder.file("absent/index.json") + ": No such file or directory");
  std::string file = folder.file("r/index.json");
  std::vector<uint8_t> bytes = readBytes(file);
  // Cut anywhere, the index is no JSON.
  for (size_t size = 0; size < bytes.size(); size += 97) {
    writeBytes(file, std::vector<uint8_t>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_FALSE(replayOn(toy, "r").has_value());
  }
  std::string text(bytes.begin(), bytes.end());
  auto with = [&](const std::string &from, const std::string &to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    writeBytes(file, std::vector<uint8_t>(changed.begin(), changed.end()));
    auto report = replayOn(toy, "r");
    return report ? "none" : report.error().message;
  };
  EXPECT_EQ(
      with("embed.0.in0.npy", "../../secret"),
      file +
          ": $.dispatches[0].operands[0].in: expected the name of a file in the record, got '../../secret'");
  EXPECT_EQ(with("embed.0.in0.npy", "embed.1.in0.npy"),
            "run 0: entry 'forward': command 0: embed: " + folder.file("r/embed.1.in0.npy") +
                ": type or shape differs from that in the index");
  EXPECT_EQ(with("\"run\": 0", "\"run\": 17"), file + ": $.dispatches[0].run: no such call");
  EXPECT_EQ(with("\"past\": 0", "\"past\": -1"),
            file + ": $.calls[0].sizes.past: expected an integer from 0 to 140737488355328, got -1");
  EXPECT_EQ(with("\"past\": 0", "\"past\": 23"),
            "run 0: entry 'forward': 'past': expected between 0 and 22, got 23");
}

TEST_F(Records, StatisticsCountEveryDispatch) {
  auto package = load(toyModel(), "toy.coopt");
  auto session = Session::open(package, 2);
  Statistics statistics;
  std::string file = folder.file("trace.json");
  auto trace = Trace::create(file, nullptr);
  ASSERT_TRUE(trace) << trace.error().message;
  (*session)->observe({&statistics, trace->get()});
  ASSERT_TRUE((*session)->append(tokens.data(), 7).has_value());
  auto rows = statistics.rows();
  ASSERT_EQ(rows.size(), 4u);
  for (const auto &row : rows) {
    EXPECT_EQ(row.calls, 2u) << row.opId;
    EXPECT_GE(row.seconds, 0);
    if (row.opId == "embed") {
      EXPECT_EQ(row.bytes, 2 * 17 * 4 * 4 + 7 * 4 + 7 * 4 * 4); // tables, tokens, features
    }
  }
  ASSERT_TRUE((*trace)->finish().has_value());
  std::vector<uint8_t> bytes = readBytes(file);
  const auto document = nlohmann::json::parse(bytes, nullptr, false);
  ASSERT_TRUE(document.is_object());
  ASSERT_EQ(document["traceEvents"].size(), 8u);
  EXPECT_EQ(document["traceEvents"][0]["ts"], 0.0);
  for (const auto &event : document["traceEvents"]) {
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["dur"], 0.0);
  }
}
