#include "coopt/Tuning/TuningDatabase.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

using namespace coopt;
using namespace coopt::tuning;

namespace {

class TuningDatabaseTest : public testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() /
             ("coopt-tuning-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string file(const std::string &name) const { return (folder / name).string(); }
  TuningDatabase create(const std::string &name) const {
    auto made = TuningDatabase::openOrCreate(file(name));
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return std::move(*made);
  }

  std::filesystem::path folder;
};

Measurement measured(const std::string &schedule, double seconds, int64_t samples = 1) {
  return {"a kernel", "desk", "amx", schedule, seconds, samples};
}

double secondsOf(const TuningDatabase &database, const std::string &schedule) {
  auto found = database.find(measured(schedule, 0));
  return found && *found ? (*found)->seconds : -1;
}

} // namespace

TEST_F(TuningDatabaseTest, TheLeastTimeStaysAndSamplesAddUp) {
  {
    TuningDatabase database = create("a.db");
    EXPECT_TRUE(database.record(measured("<tile = [1, 16]>", 2e-6, 3)));
    EXPECT_TRUE(database.record(measured("<tile = [1, 16]>", 3e-6, 4)));
    EXPECT_TRUE(database.record(measured("<tile = [1, 32]>", 1e-6)));
  }
  auto database = TuningDatabase::open(file("a.db"));
  ASSERT_TRUE(database) << database.error().message;
  EXPECT_EQ(*database->size(), 2);
  auto found = database->find(measured("<tile = [1, 16]>", 0));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->seconds, 2e-6);
  EXPECT_EQ((*found)->samples, 7);
  EXPECT_EQ(secondsOf(*database, "<tile = [1, 64]>"), -1);
}

TEST_F(TuningDatabaseTest, TheBestIsTheQuickestOfItsKernel) {
  TuningDatabase database = create("a.db");
  const Measurement key = measured("", 0);
  auto none = database.best(key);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_FALSE(*none);
  EXPECT_TRUE(database.record(measured("<tile = [1, 16]>", 3e-6, 5)));
  EXPECT_TRUE(database.record(measured("<tile = [1, 32]>", 2e-6, 7)));
  EXPECT_TRUE(database.record(measured("<tile = [1, 64]>", 4e-6)));
  EXPECT_TRUE(database.record({"another kernel", "desk", "amx", "<tile = [2]>", 1e-6, 1}));
  EXPECT_TRUE(database.record({"a kernel", "desk", "avx2", "<tile = [2]>", 1e-6, 1}));
  EXPECT_TRUE(database.record({"a kernel", "lap", "amx", "<tile = [2]>", 1e-6, 1}));
  auto best = database.best(key);
  ASSERT_TRUE(best && *best);
  EXPECT_EQ((*best)->measurement.schedule, "<tile = [1, 32]>");
  EXPECT_EQ((*best)->measurement.seconds, 2e-6);
  EXPECT_EQ((*best)->measurement.samples, 7);
  EXPECT_EQ((*best)->schedules, 3);
}

TEST_F(TuningDatabaseTest, MergingIsRecordingAll) {
  TuningDatabase a = create("a.db");
  {
    TuningDatabase b = create("b's.db");
    EXPECT_TRUE(a.record(measured("x", 2)) && a.record(measured("y", 2)));
    EXPECT_TRUE(b.record(measured("y", 1, 5)) && b.record(measured("z", 4)));
  }
  for (int64_t samples : {6, 11}) { // again: times stay, samples add up
    ASSERT_TRUE(a.merge(file("b's.db")));
    EXPECT_EQ(*a.size(), 3);
    EXPECT_EQ(secondsOf(a, "x"), 2);
    EXPECT_EQ(secondsOf(a, "y"), 1);
    EXPECT_EQ(secondsOf(a, "z"), 4);
    EXPECT_EQ((*a.find(measured("y", 0)))->samples, samples);
  }
}

TEST_F(TuningDatabaseTest, SeveralMayWriteOneFile) {
  create("a.db");
  auto write = [&](int first) {
    auto database = TuningDatabase::open(file("a.db"));
    ASSERT_TRUE(database);
    for (int i = first; i < first + 50; ++i) {
      EXPECT_TRUE(database->record(measured(std::to_string(i), i + 1)));
    }
  };
  std::thread other(write, 0);
  write(25);
  other.join();
  EXPECT_EQ(*TuningDatabase::open(file("a.db"))->size(), 75);
}

TEST_F(TuningDatabaseTest, RefusesWhatIsNone) {
  auto messageOf = [&](const std::string &name) {
    auto opened = TuningDatabase::open(file(name));
    return opened ? "opened" : opened.error().message;
  };
  EXPECT_EQ(messageOf("none.db"), file("none.db") + ": unable to open database file");
  std::ofstream(file("text.db")) << std::string(4096, 'x');
  EXPECT_EQ(messageOf("text.db"), file("text.db") + ": file is not a database");
  std::ofstream(file("empty.db")).flush();
  EXPECT_EQ(messageOf("empty.db"), file("empty.db") + ": is no tuning database");
  EXPECT_EQ(TuningDatabase::openOrCreate(folder.string()).error().message,
            folder.string() + ": unable to open database file");

  TuningDatabase database = create("a.db");
  EXPECT_FALSE(database.record(measured("x", 0)));
  EXPECT_FALSE(database.record(measured("x", std::nan(""))));
  EXPECT_FALSE(database.merge(file("text.db")));
  EXPECT_EQ(*database.size(), 0);
}
