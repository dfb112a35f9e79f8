// Packages for a simulated accelerator, through the C API; what they compute is computed again by loops here.
#include "Files.h"
#include "Measure/Statistics.h"
#include "Measure/Trace.h"
#include "NpuPackages.h"
#include "Npu/Sim/Simulator.h"
#include "Record/Recorder.h"
#include "Record/Replay.h"
#include "Session/Session.h"
#include "TestPackages.h"
#include "coopt.h"

#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

using namespace coopt;
using namespace coopt::test;
using package::ElementType;

namespace {

constexpr auto kColumns = static_cast<size_t>(kNpuColumns);

/// Of rows of 16 columns, none of them alike.
std::vector<float> numbers(int64_t rows, float factor) {
  std::vector<float> values(static_cast<size_t>(rows) * kColumns);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = factor * static_cast<float>(i % 997) - 31.75f;
  }
  values.reserve(1); // data() of an empty one is null otherwise
  return values;
}

float parameterOf(size_t column) {
  return toyTable(static_cast<int>(column) / kToyFeatures, static_cast<int>(column) % kToyFeatures);
}

class Npu : public testing::Test {
protected:
  void SetUp() override {
    path = folder.file("npu.coopt");
    auto status = writeTestPackage(path, npuPackage());
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  void TearDown() override {
    coopt_session_close(session);
    coopt_package_close(opened);
  }
  void open() {
    opened = coopt_package_open(path.c_str(), nullptr);
    ASSERT_NE(opened, nullptr) << coopt_error_message();
    session = coopt_session_open(opened, nullptr);
    ASSERT_NE(session, nullptr) << coopt_error_message();
  }
  /// "" or the message.
  static std::string call(coopt_session *session, const char *entry, std::vector<coopt_tensor> arguments,
                          std::vector<coopt_size> sizes = {}) {
    int64_t results =
        coopt_session_call(session, entry, arguments.data(), arguments.size(), sizes.data(), sizes.size());
    return results < 0 ? coopt_error_message() : "";
  }
  template <typename T>
  static std::vector<T> result(coopt_session *session) {
    coopt_tensor view;
    EXPECT_EQ(coopt_session_result(session, 0, &view), 0) << coopt_error_message();
    size_t count = 1;
    for (size_t i = 0; i < view.rank; ++i) {
      count *= static_cast<size_t>(view.shape[i]);
    }
    const T *data = static_cast<const T *>(view.data);
    return std::vector<T>(data, data + count);
  }
  /// Opens the package after a change; the message without the path, "" if there is none.
  template <typename Change>
  std::string openChanged(Change change, const coopt_package_options *options = nullptr) {
    package::PackageContents contents = npuPackage();
    change(contents);
    const std::string changed = folder.file("changed.coopt");
    if (auto status = writeTestPackage(changed, contents); !status) {
      return "not written: " + status.error().message;
    }
    coopt_package *package = coopt_package_open(changed.c_str(), options);
    std::string message = package ? "" : coopt_error_message();
    coopt_package_close(package);
    return message.rfind(changed + ": ", 0) == 0 ? message.substr(changed.size() + 2) : message;
  }
  /// The same after a change of kernel `number`'s image.
  template <typename Change>
  std::string openWithImage(size_t number, Change change) {
    return openChanged([&](package::PackageContents &contents) {
      npu::Image image = npu::read(contents.images[number].data(), contents.images[number].size()).value();
      change(image);
      contents.images[number] = npu::write(image);
    });
  }

  TemporaryFolder folder;
  std::string path;
  coopt_package *opened = nullptr;
  coopt_session *session = nullptr;
};

std::vector<float> blend(const std::vector<float> &x, const std::vector<float> &y) {
  std::vector<float> z(x.size());
  for (size_t i = 0; i < z.size(); ++i) {
    const float product = x[i] * y[i];
    z[i] = product + parameterOf(i % kColumns);
  }
  return z;
}

} // namespace

TEST_F(Npu, OneImageServesAllSizes) {
  open();
  EXPECT_STREQ(coopt_package_device(opened), "npu-sim");
  EXPECT_STREQ(coopt_package_isa(opened), "edge1");
  for (int64_t rows : {1, 2, 7, 33, 0, 1000, 3}) {
    std::vector<float> x = numbers(rows, 0.5f), y = numbers(rows, -1.25f);
    const std::vector<int64_t> shape = {rows, kNpuColumns};
    ASSERT_EQ(call(session, "blend",
                   {{"x", "f32", 2, shape.data(), x.data()}, {"y", "f32", 2, shape.data(), y.data()}}),
              "");
    EXPECT_EQ(result<float>(session), blend(x, y)) << rows;
  }
}

TEST_F(Npu, StatesLiveWhereTheSessionHasThem) {
  open();
  std::vector<float> sum(kColumns);
  auto add = [&](coopt_session *to, std::vector<float> &into, int64_t rows) {
    std::vector<float> x = numbers(rows, 0.125f);
    for (size_t i = 0; i < x.size(); ++i) {
      into[i % kColumns] += x[i];
    }
    const std::vector<int64_t> shape = {rows, kNpuColumns};
    ASSERT_EQ(call(to, "accumulate", {{"x", "f32", 2, shape.data(), x.data()}}), "");
    EXPECT_EQ(result<float>(to), into) << rows;
  };
  for (int64_t rows : {3, 1, 0, 50}) {
    add(session, sum, rows);
  }
  coopt_session *fork = coopt_session_fork(session);
  ASSERT_NE(fork, nullptr) << coopt_error_message();
  std::vector<float> forked = sum;
  add(fork, forked, 5);
  add(session, sum, 2);
  add(fork, forked, 1);
  coopt_session_close(fork);
}

TEST_F(Npu, ConstantsAndFaults) {
  open();
  std::vector<int32_t> indices = {7, 0, 3, 3, 6};
  const int64_t shape[] = {5};
  auto pick = [&] { return call(session, "pick", {{"indices", "i32", 1, shape, indices.data()}}); };
  ASSERT_EQ(pick(), "");
  std::vector<float> rows;
  for (int32_t index : indices) {
    for (int column = 0; column < kNpuColumns; ++column) {
      rows.push_back(npuTable(index, column));
    }
  }
  EXPECT_EQ(result<float>(session), rows);
  indices[1] = 8;
  EXPECT_EQ(pick(), "entry 'pick': command 0: pick: core 0, entry 5 (dma.gather): indices: element 1 is 8, "
                    "expected 0 .. 7");
  indices[1] = 0;
  EXPECT_EQ(pick(), "");
}

// A kernel that reads on behind an argument finds nothing there, though the operand's range could hold more.
TEST_F(Npu, WhatIsNoOperandIsNotThere) {
  open();
  for (int64_t rows : {1, 8, 40}) {
    std::vector<float> x = numbers(3, 2); // 48 numbers
    const int64_t shape[] = {rows};
    auto part = [&](int64_t m) {
      return call(session, "part", {{"x", "f32", 1, shape, x.data()}}, {{"m", m}});
    };
    for (int64_t m : {int64_t(0), rows / 2, rows}) {
      ASSERT_EQ(part(m), "");
      std::vector<float> expected(x.begin(), x.begin() + m);
      expected.resize(static_cast<size_t>(rows));
      EXPECT_EQ(result<float>(session), expected);
    }
    char last[16];
    std::snprintf(last, sizeof last, "0x%llx", static_cast<unsigned long long>(0x10000 + 4 * rows + 3));
    EXPECT_EQ(
        part(rows + 1),
        "entry 'part': command 1: part: core 0, entry 5 (dma.copy): from: no window holds dram[0x10000 .. " +
            std::string(last) + "]");
  }
}

TEST_F(Npu, NumbersOfTheBlockAreOf32Bits) {
  open();
  for (int64_t n : {int64_t(0), int64_t(1), int64_t(INT32_MAX)}) {
    ASSERT_EQ(call(session, "number", {}, {{"n", n}}), "");
    EXPECT_EQ(result<int32_t>(session), std::vector<int32_t>{static_cast<int32_t>(n)});
  }
  EXPECT_EQ(call(session, "number", {}, {{"n", int64_t(1) << 31}}),
            "entry 'number': command 1: number: scalar 0 is 2147483648, expected a number of 32 bits");
}

TEST_F(Npu, ParametersAreOnlyRead) {
  EXPECT_EQ(openWithImage(1,
                          [](npu::Image &image) {
                            // Where the result goes: to the parameter instead.
                            image.cores[0][10]["to"].value = 0x20000;
                          }),
            "");
  coopt_package *package = coopt_package_open(folder.file("changed.coopt").c_str(), nullptr);
  coopt_session *writes = coopt_session_open(package, nullptr);
  std::vector<float> x = numbers(1, 1);
  const int64_t shape[] = {1, kNpuColumns};
  EXPECT_EQ(call(writes, "blend", {{"x", "f32", 2, shape, x.data()}, {"y", "f32", 2, shape, x.data()}}),
            "entry 'blend': command 1: blend/add: core 0, entry 10 (dma.copy): to: dram[0x20000 .. 0x2003f] "
            "is only read");
  coopt_session_close(writes);
  coopt_package_close(package);
}

// Wherever in DRAM an instruction is led astray: it is refused, finds bytes of its kernel, or is a fault.
TEST_F(Npu, AddressesThatAreMoved) {
  std::mt19937_64 random(11);
  const std::vector<float> x = numbers(3, 1);
  const int64_t shape[] = {3, kNpuColumns};
  std::map<std::string, int> seen;
  for (int round = 0; round < 150; ++round) {
    const bool isSecond = random() % 2;
    std::string message = openWithImage(isSecond, [&](npu::Image &image) {
      std::vector<npu::Operand *> addresses;
      for (npu::Entry &entry : image.cores[0]) {
        for (size_t i = 0; i < entry.operands.size(); ++i) {
          if (npu::find(entry.opcode)->fields[i].kind == npu::FieldKind::Address &&
              entry.operands[i].space == npu::Space::Dram &&
              std::string_view(npu::find(entry.opcode)->mnemonic) == "dma.copy") {
            addresses.push_back(&entry.operands[i]);
          }
        }
      }
      npu::Operand &address = *addresses[random() % addresses.size()];
      const int64_t bases[] = {0, 0x1000, 0x10000, 0x20000, 0x30000, address.value};
      address.value = std::max<int64_t>(bases[random() % 6] + static_cast<int64_t>(random() % 260) - 66, 0);
    });
    if (message.empty()) {
      coopt_package *package = coopt_package_open(folder.file("changed.coopt").c_str(), nullptr);
      coopt_session *moved = coopt_session_open(package, nullptr);
      std::vector<float> a = x, b = x;
      message = call(moved, "blend", {{"x", "f32", 2, shape, a.data()}, {"y", "f32", 2, shape, b.data()}});
      coopt_session_close(moved);
      coopt_package_close(package);
    }
    const char *const expected[] = {"no window holds dram[", "is only read", "no semaphore orders them",
                                    "expected 0 .. "};
    auto found = std::find_if(std::begin(expected), std::end(expected),
                              [&](const char *text) { return message.find(text) != std::string::npos; });
    EXPECT_TRUE(message.empty() || found != std::end(expected)) << message;
    ++seen[message.empty() ? "" : found != std::end(expected) ? *found : "?"];
  }
  for (const char *kind : {"", "no window holds dram[", "is only read"}) {
    EXPECT_GT(seen[kind], 0) << kind;
  }
}

TEST_F(Npu, DevicesThatAPackageHasNoCodeFor) {
  coopt_package_options options = {};
  options.struct_size = sizeof(options);
  auto same = [](package::PackageContents &) {};
  options.device = "npu-sim";
  EXPECT_EQ(openChanged(same, &options), "");
  options.device = "cpu";
  EXPECT_EQ(openChanged(same, &options), "package has no code for device 'cpu', only for: npu-sim");
  options.device = "gpu";
  EXPECT_EQ(openChanged(same, &options), "expected device cpu or npu-sim, got 'gpu'");
  options.device = nullptr;
  options.isa = "avx2";
  EXPECT_EQ(openChanged(same, &options), "package has no code for 'avx2', only for: npu-sim");
  options.isa = nullptr;
  options.expert_memory = "50%";
  EXPECT_EQ(openChanged(same, &options),
            "device npu-sim keeps all experts in memory: their memory can't be limited");
  const std::string functions = folder.file("functions.coopt");
  ASSERT_TRUE(writeTestPackage(functions, functionPackage()).has_value());
  options.expert_memory = nullptr;
  options.device = "npu-sim";
  EXPECT_EQ(coopt_package_open(functions.c_str(), &options), nullptr);
  EXPECT_EQ(coopt_error_message(), functions + ": package has no code for device 'npu-sim', only for: cpu");
  options.device = "cpu";
  coopt_package *package = coopt_package_open(functions.c_str(), &options);
  ASSERT_NE(package, nullptr) << coopt_error_message();
  EXPECT_STREQ(coopt_package_device(package), "cpu");
  coopt_package_close(package);
}

TEST_F(Npu, WhatAPackageMustHave) {
  using Contents = package::PackageContents;
  auto notWritten = [&](auto change) {
    const std::string message = openChanged(change), start = "not written: " + folder.file("changed.coopt: ");
    return message.rfind(start, 0) == 0 ? message.substr(start.size()) : message;
  };
  EXPECT_EQ(notWritten([](Contents &c) { c.images.pop_back(); }), "kernel 'part': no image");
  EXPECT_EQ(notWritten([](Contents &c) { c.images[2].clear(); }), "kernel 'accumulate': no image");
  EXPECT_EQ(notWritten([](Contents &c) { c.images.push_back(c.images[0]); }),
            "image 6: the program has 6 kernels");
  EXPECT_EQ(notWritten([](Contents &c) { c.manifest.machine.clear(); }), "manifest: $.machine: missing");
  EXPECT_EQ(notWritten([](Contents &c) { c.manifest.machine = "{}"; }),
            "manifest: machine: $.schema: expected \"coopt-machine/1\", got nothing");
  EXPECT_EQ(
      notWritten([](Contents &c) { c.manifest.machine = machine::toJson(*machine::presetCpu("avx2")); }),
      "manifest: machine: $.kind: expected npu, got cpu");
  EXPECT_EQ(notWritten([](Contents &c) { c.manifest.target = "tpu"; }),
            "manifest: $.target: expected 'cpu' or 'npu', got 'tpu'");
  EXPECT_EQ(notWritten([](Contents &c) { c.manifest.target = "cpu"; }),
            "manifest: $.machine: a package for a cpu describes no machine");
  EXPECT_EQ(notWritten([](Contents &c) {
              c.manifest.target = "cpu";
              c.manifest.machine.clear();
            }),
            "images, which a package for a cpu has not");
}

// What images must be. Each is broken in one way.
TEST_F(Npu, ImagesThatDoNotFit) {
  using npu::Image;
  EXPECT_EQ(openChanged([](package::PackageContents &contents) { contents.images[1] = {1, 2, 3}; }),
            "kernel 'add_row': image: not an image of an accelerator's program");
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx",
                static_cast<unsigned long long>(npu::machineHash(machine::toJson(npuMachine()))));
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.machine = 0x12; }),
            "kernel 'multiply': image: made for a machine of hash 0x0000000000000012, expected 0x" +
                std::string(hash) + " of 'edge1'");
  // The version is in bytes 8 and 9, under the image's checksum.
  EXPECT_EQ(openChanged([](package::PackageContents &contents) { contents.images[0][8] = 7; }),
            "kernel 'multiply': image: version 7.1, expected 1.1 or the one before");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.cores.push_back(image.cores[0]); }),
            "kernel 'multiply': image: expected the code of one core, got that of 2");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.cores[0][1].signals[0].count = 2; }),
            "kernel 'multiply': image: core 0, entry 12 (halt): the stream signals semaphore 0 1 times more "
            "than it "
            "waits for it");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.symbols[1].name = "operand.3"; }),
            "kernel 'multiply': image: no symbol 'operand.1'");
  EXPECT_EQ(openWithImage(3, [](Image &image) { image.symbols[3].name = "operand.2"; }),
            "kernel 'pick': image: symbol 'operand.2': the kernel has 2 operands, from 0 on");
  EXPECT_EQ(openWithImage(3, [](Image &image) { image.symbols[3].name = "operand.01"; }),
            "kernel 'pick': image: symbol 'operand.01': the kernel has 2 operands, from 0 on");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.symbols[3].space = npu::Space::Spad; }),
            "kernel 'multiply': image: symbol 'block': expected in dram, got spad");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.symbols[4].address = uint64_t(1) << 47; }),
            "kernel 'multiply': image: symbol 'scratch': 64 bytes at 140737488355328 lie outside of the "
            "machine's dram "
            "of 85899345920 bytes");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.symbols[1].address = 0x10000 + 63999; }),
            "kernel 'multiply': image: symbol 'operand.0' and symbol 'operand.1' overlap");
  EXPECT_EQ(openWithImage(0, [](Image &image) { image.symbols[4].address = 63; }),
            "kernel 'multiply': image: symbol 'block' and symbol 'scratch' overlap");
  EXPECT_EQ(openWithImage(3, [](Image &image) { image.data[0].address = 0x10000 - 511; }),
            "kernel 'pick': image: data 0 and symbol 'operand.0' overlap");
  EXPECT_EQ(
      openWithImage(0, [](Image &image) { image.symbols[2].bytes = 63999; }),
      "kernel 'multiply': image: symbol 'operand.2' has 63999 bytes, expected 64000 for 'blend/multiply'");
  EXPECT_EQ(openWithImage(2, [](Image &image) { image.symbols[3].bytes = 35; }),
            "kernel 'accumulate': image: symbol 'block' has 35 bytes, expected 36 for 'accumulate'");
  EXPECT_EQ(
      openWithImage(0, [](Image &image) { image.symbols[1].address = 0x10000; }),
      "kernel 'multiply': image: symbol 'operand.1' has the range of another operand, expected its own for "
      "'blend/multiply', which passes two buffers");
  // One buffer under two ranges is no mistake.
  EXPECT_EQ(openWithImage(2, [](Image &image) { image.symbols[1].address = 0x50000; }), "");
}

namespace {

std::vector<runtime::TensorView> views(const std::vector<float> &x, const std::vector<float> &y,
                                       int64_t rows) {
  return {{"x", ElementType::F32, {rows, kNpuColumns}, x.data()},
          {"y", ElementType::F32, {rows, kNpuColumns}, y.data()}};
}

} // namespace

TEST_F(Npu, RecordsAndReplays) {
  auto package = runtime::LoadedPackage::load(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  const std::string record = folder.file("record");
  const std::vector<float> x = numbers(9, 0.5f), y = numbers(9, 3);
  {
    auto session = runtime::Session::open(*package);
    auto recorder = runtime::Recorder::create(*package, record);
    ASSERT_TRUE(recorder.has_value()) << recorder.error().message;
    (*session)->observe({recorder->get()});
    ASSERT_TRUE((*session)->call("blend", views(x, y, 9)).has_value());
    ASSERT_TRUE((*session)->call("accumulate", {views(x, y, 9)[0]}).has_value());
    ASSERT_TRUE((*session)->call("accumulate", {views(y, x, 9)[0]}).has_value());
    ASSERT_TRUE((*recorder)->finish().has_value());
  }
  runtime::ReplayOptions options;
  options.folder = record;
  auto good = runtime::replay(*package, options);
  ASSERT_TRUE(good.has_value()) << good.error().message;
  EXPECT_EQ(good->compared(), 4u);
  EXPECT_EQ(good->recorded(), 4u);
  EXPECT_TRUE(good->good());
  // Another instruction in the same place: its op, and no other, differs.
  EXPECT_EQ(openWithImage(1,
                          [](npu::Image &image) {
                            npu::Entry &map = image.cores[0][9];
                            map["function"] =
                                npu::parse("image machine=0x0 features=0x0\ncore 0\n"
                                           "vec.map function=sub to=spad[0x0] a=spad[0x0] b=spad[0x0] "
                                           "c=spad[0x0] rows=1 columns=1\nhalt\n")
                                    ->cores[0][0]["function"];
                          }),
            "");
  auto other = runtime::LoadedPackage::load(folder.file("changed.coopt"));
  ASSERT_TRUE(other.has_value()) << other.error().message;
  auto different = runtime::replay(*other, options);
  ASSERT_TRUE(different.has_value()) << different.error().message;
  EXPECT_EQ(different->compared(), 4u);
  for (const runtime::ReplayRow &row : different->rows) {
    EXPECT_EQ(row.comparison.outside > 0, row.opId == "blend/add") << row.opId;
  }
}

// Dispatches follow each other at once; what engines did in each lies inside it, under its op id, and is what the sums say.
TEST_F(Npu, Trace) {
  auto package = runtime::LoadedPackage::load(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  const std::string file = path + ".json";
  auto trace = runtime::Trace::create(file, (*package)->code().simulated());
  ASSERT_TRUE(trace) << trace.error().message;
  runtime::Statistics statistics;
  auto session = runtime::Session::open(*package);
  (*session)->observe({&statistics, trace->get()});
  const std::vector<float> x = numbers(40, 0.5f), y = numbers(40, 3);
  for (int64_t rows : {20, 40}) {
    ASSERT_TRUE((*session)->call("blend", views(x, y, rows)).has_value());
  }
  ASSERT_TRUE((*trace)->finish());
  const auto document = nlohmann::json::parse(readBytes(file), nullptr, false);
  ASSERT_TRUE(document.is_object());
  EXPECT_EQ(document["otherData"]["cycles"], statistics.simulated().cycles);
  uint64_t begin = 0, end = 0, busy = 0;
  std::string op;
  std::vector<std::string> ops;
  std::map<int, std::string> tracks;
  for (const auto &event : document["traceEvents"]) {
    const bool isOfCore = event["pid"] == 1;
    if (event["ph"] == "M" && event["name"] == "thread_name" && isOfCore) {
      EXPECT_TRUE(tracks.emplace(event["tid"], event["args"]["name"]).second);
    }
    if (event["ph"] != "X") {
      continue;
    }
    if (!isOfCore) {
      op = event["name"];
      ops.push_back(op);
      begin = end;
      end += event["args"]["cycles"].get<uint64_t>();
      EXPECT_DOUBLE_EQ(event["ts"], static_cast<double>(begin) / 1000);
      continue;
    }
    const uint64_t at = event["args"]["cycle"], cycles = event["args"]["cycles"];
    EXPECT_GE(at, begin);
    EXPECT_LE(at + cycles, end);
    if (!event["args"].contains("cause") || event["args"]["cause"] != "finished") {
      EXPECT_EQ(event["args"]["op"], op);
    }
    busy += tracks.at(event["tid"]) == "dma 0" ? cycles : 0;
  }
  EXPECT_EQ(ops, (std::vector<std::string>{"blend/multiply", "blend/add", "blend/multiply", "blend/add"}));
  // A slice of a DMA has its waits for the memory, too.
  EXPECT_GE(busy, statistics.simulated().busy().at("dma 0"));
  EXPECT_LE(busy, end);
}

TEST_F(Npu, CyclesByOpId) {
  auto package = runtime::LoadedPackage::load(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  const std::vector<float> x = numbers(40, 0.5f), y = numbers(40, 3);
  auto measured = [&](int64_t rows, int calls) {
    auto session = runtime::Session::open(*package);
    runtime::Statistics statistics;
    (*session)->observe({&statistics});
    for (int i = 0; i < calls; ++i) {
      EXPECT_TRUE((*session)->call("blend", views(x, y, rows)).has_value());
    }
    return statistics;
  };
  auto rowOf = [](const runtime::Statistics &statistics, const std::string &opId) {
    for (const auto &row : statistics.rows()) {
      if (row.opId == opId) {
        return row;
      }
    }
    return runtime::Statistics::Row();
  };
  const runtime::Statistics one = measured(20, 1), twice = measured(20, 2), longer = measured(40, 1);
  const uint64_t product = rowOf(one, "blend/multiply").cycles, sum = rowOf(one, "blend/add").cycles;
  EXPECT_GT(product, sum); // row by row
  EXPECT_EQ(rowOf(twice, "blend/multiply").cycles, 2 * product);
  EXPECT_EQ(rowOf(twice, "blend/add").cycles, 2 * sum);
  EXPECT_EQ(one.simulated().cycles, product + sum);
  EXPECT_EQ(twice.simulated().cycles, 2 * (product + sum));
  // Twenty rows more, each as long as any other.
  const uint64_t forTwenty = rowOf(longer, "blend/multiply").cycles - product;
  EXPECT_EQ(rowOf(measured(30, 1), "blend/multiply").cycles - product, forTwenty / 2);
  ASSERT_EQ(one.simulated().busy().count("vector"), 1u);
  // Of edge1's 64 lanes, 16 columns take one cycle a row; so do twenty rows of the sum. What an instruction reads comes from the scratchpad
  // two cycles after it was asked for. Settings take one each.
  EXPECT_EQ(one.simulated().busy().at("vector"), 20u * (1u + 2u) + (20u + 2u) + 2u);
  EXPECT_GT(one.simulated().busy().at("dma 0"), one.simulated().busy().at("vector"));
  for (const auto &[engine, cycles] : longer.simulated().busy()) {
    EXPECT_LE(cycles, longer.simulated().cycles) << engine;
  }
}
