#include "Executor/Executor.h"

#include "Files.h"
#include "ProgramBuilder.h"
#include "Session/Session.h"
#include "TestPackages.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::runtime;
using namespace coopt::test;
using package::ElementType;
using package::ScalarOp;

namespace {

struct ScalarCase {
  ScalarOp op;
  int64_t a, b, expected;
};

/// The definition in 128 bits, without C's division of negative numbers.
int64_t reference(ScalarOp op, int64_t a, int64_t b) {
  auto wrapped = [](__int128 value) { return static_cast<int64_t>(static_cast<uint64_t>(value)); };
  __int128 x = a, y = b, floor = 0;
  if (b != 0) {
    unsigned __int128 magnitude = static_cast<unsigned __int128>(x < 0 ? -x : x);
    unsigned __int128 divisor = static_cast<unsigned __int128>(y < 0 ? -y : y);
    auto quotient = static_cast<__int128>(magnitude / divisor);
    bool isExact = magnitude % divisor == 0;
    floor = (x < 0) == (y < 0) ? quotient : -quotient - (isExact ? 0 : 1);
  }
  switch (op) {
  case ScalarOp::Constant:
    return 0;
  case ScalarOp::Add:
    return wrapped(x + y);
  case ScalarOp::Sub:
    return wrapped(x - y);
  case ScalarOp::Mul:
    return wrapped(x * y);
  case ScalarOp::FloorDiv:
    return wrapped(floor);
  case ScalarOp::CeilDiv:
    return wrapped(floor * y == x ? floor : floor + 1);
  case ScalarOp::Mod:
    return wrapped(x - floor * y);
  case ScalarOp::Min:
    return x < y ? a : b;
  case ScalarOp::Max:
    return x < y ? b : a;
  case ScalarOp::Equal:
    return x == y;
  case ScalarOp::Less:
    return x < y;
  case ScalarOp::LessEqual:
    return x <= y;
  case ScalarOp::And:
    return a & b;
  case ScalarOp::Or:
    return a | b;
  case ScalarOp::ExpertsLimited:
    return 0;
  }
  return 0;
}

} // namespace

TEST(Executor, ScalarArithmetic) {
  std::vector<ScalarCase> cases;
  const int64_t values[] = {0, 1, -1, 2, -2, 3, 7, -7, 8, 100, INT64_MAX, INT64_MIN};
  for (int op = static_cast<int>(ScalarOp::Add); op <= static_cast<int>(ScalarOp::Or); ++op) {
    auto kind = static_cast<ScalarOp>(op);
    bool divides = kind == ScalarOp::FloorDiv || kind == ScalarOp::CeilDiv || kind == ScalarOp::Mod;
    for (int64_t a : values) {
      for (int64_t b : values) {
        if (!divides || b != 0) {
          cases.push_back({kind, a, b, reference(kind, a, b)});
        }
      }
    }
  }
  package::PackageContents contents;
  EntryBuilder entry(contents.program, "all");
  auto count = static_cast<int64_t>(cases.size());
  uint32_t r = entry.result("r", ElementType::I64, {fixed(count)});
  package::Slot one = entry.constant(1);
  for (int64_t i = 0; i < count; ++i) {
    const ScalarCase &c = cases[static_cast<size_t>(i)];
    package::Slot value = entry.scalar(c.op, entry.constant(c.a), entry.constant(c.b));
    entry.dispatch("store", "store", one, {}, {r}, {entry.constant(i), value});
  }
  contents.code = {{"generic", {}, kernelObject(0)}};
  TemporaryFolder folder;
  std::string path = folder.file("scalars.coopt");
  auto status = writeTestPackage(path, contents);
  ASSERT_TRUE(status.has_value()) << status.error().message;
  auto package = LoadedPackage::load(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  auto session = Session::open(*package, 1);
  auto results = (*session)->call("all", {});
  ASSERT_TRUE(results.has_value()) << results.error().message;
  for (size_t i = 0; i < cases.size(); ++i) {
    int64_t got;
    std::memcpy(&got, (*results)[0].memory.data() + i * 8, 8);
    EXPECT_EQ(got, cases[i].expected)
        << "op " << static_cast<int>(cases[i].op) << " of " << cases[i].a << " and " << cases[i].b;
  }
}

TEST(Executor, ProgramsWithoutKernelsNeedNoCode) {
  TemporaryFolder folder;
  std::string path = folder.file("interpreted.coopt");
  auto status = writeTestPackage(path, interpretedPackage());
  ASSERT_TRUE(status.has_value()) << status.error().message;
  auto package = LoadedPackage::load(path);
  ASSERT_TRUE(package.has_value()) << package.error().message;
  EXPECT_EQ((*package)->isa(), "");
  auto session = Session::open(*package, 1);
  std::vector<int16_t> x(12, 7);
  auto copied = (*session)->call("steps", {{"x", ElementType::I16, {10}, x.data()}});
  ASSERT_TRUE(copied.has_value()) << copied.error().message;
  EXPECT_EQ(std::memcmp((*copied)[0].memory.data(), x.data(), 20), 0);
  auto skipped = (*session)->call("steps", {{"x", ElementType::I16, {12}, x.data()}});
  EXPECT_EQ((*skipped)[0].memory.data()[0], 0);
  // The state begins as zeros and keeps what the first call left, in a fork too.
  float value = 1;
  std::memcpy(&value, (*(*session)->call("keep", {}))[0].memory.data() + 12, 4);
  EXPECT_EQ(value, 0.0f);
  auto fork = (*session)->fork();
  ASSERT_TRUE(fork.has_value());
  for (Session *each : {session->get(), fork->get()}) {
    std::memcpy(&value, (*each->call("keep", {}))[0].memory.data() + 12, 4);
    EXPECT_EQ(value, toyTable(0, 3));
  }
}
