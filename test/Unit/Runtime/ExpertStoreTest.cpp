// Units of experts against the bytes that the package was written with.
#include "Experts/ExpertStore.h"

#include "Files.h"
#include "ProgramBuilder.h"

#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>
#include <thread>

using namespace coopt;
using namespace coopt::runtime;
using namespace coopt::test;
using package::ElementType;

namespace {

constexpr uint32_t kExperts = 5;
// No multiples of a page: neighbours share some. Of a layer: codes and scales that one dispatch reads, and what the next does.
constexpr int64_t kExpertBytes[] = {10000, 300, 7000};
constexpr size_t kParts = 3, kLayers = 2;

uint8_t byteOf(size_t parameter, uint64_t index) {
  return static_cast<uint8_t>(package::splitMix64(parameter + 1, index) >> 32);
}

package::PackageContents contentsOf(bool isReadWhole = false) {
  package::PackageContents contents;
  contents.manifest.producer = "coopt tests";
  contents.manifest.target = "cpu";
  EntryBuilder entry(contents.program, "main");
  uint32_t out = entry.arena(ElementType::F32, {fixed(1)});
  package::Slot items = entry.constant(6);
  for (size_t layer = 0; layer < kLayers; ++layer) {
    uint32_t segments = entry.arena(ElementType::I32, {fixed(2), fixed(3)});
    std::vector<uint32_t> weights;
    for (size_t part = 0; part < kParts; ++part) {
      package::Parameter parameter;
      parameter.name = std::to_string(layer) + "." + std::to_string(part);
      parameter.type = ElementType::U8;
      parameter.shape = {kExpertBytes[part] * kExperts};
      parameter.bytes = static_cast<uint64_t>(parameter.shape[0]);
      parameter.experts = kExperts;
      contents.manifest.parameters.push_back(parameter);
      weights.push_back(
          entry.parameter(static_cast<uint32_t>(layer * kParts + part), ElementType::U8, parameter.shape));
    }
    auto bySegments = [&] { contents.program.entries[0].commands.back().segments = 0; };
    entry.dispatch("gate", "gate", items, {segments, weights[0], weights[1]}, {out});
    bySegments();
    entry.dispatch("down", "down", items, {segments, weights[2]}, {out});
    bySegments();
    if (isReadWhole) {
      entry.dispatch("whole", "whole", items, {weights[2]}, {out});
    }
  }
  return contents;
}

class ExpertStores : public testing::Test {
protected:
  void write(const package::PackageContents &contents) {
    path = folder.file("p.coopt");
    auto status =
        package::writePackage(path, contents, [&](size_t index, const package::ByteSink &sink) -> Status {
          std::vector<uint8_t> bytes(contents.manifest.parameters[index].bytes);
          for (uint64_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = byteOf(index, i);
          }
          return sink(bytes.data(), bytes.size());
        });
    ASSERT_TRUE(status) << status.error().message;
    auto opened = package::PackageFile::open(path);
    ASSERT_TRUE(opened) << opened.error().message;
    file = std::move(*opened);
  }

  std::unique_ptr<ExpertStore> open(ExpertOptions options, std::unique_ptr<ExpertReader> reader = nullptr) {
    auto store = ExpertStore::create(file, options, std::move(reader));
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }

  static ExpertOptions limited(uint64_t memory, bool prefetch = false,
                               ExpertPolicy policy = ExpertPolicy::LeastRecent) {
    ExpertOptions options;
    options.memory = memory;
    options.prefetch = prefetch;
    options.policy = policy;
    return options;
  }

  /// Whether the store has an expert's bytes of a parameter where kernels look for them.
  static bool isThere(const ExpertStore &store, size_t parameter, uint32_t expert) {
    const auto *bytes = static_cast<const uint8_t *>(store.parameter(parameter));
    const auto size = static_cast<uint64_t>(kExpertBytes[parameter % kParts]);
    for (uint64_t i = expert * size; i < (expert + 1) * size; ++i) {
      if (bytes[i] != byteOf(parameter, i)) {
        return false;
      }
    }
    return true;
  }

  /// Uses experts of the group of a parameter, and checks what it was given.
  static void use(ExpertStore &store, size_t parameter, const std::vector<ExpertStore::Request> &requests) {
    uint32_t group = store.groupOf(parameter);
    ExpertStore::Use use(store, group, requests);
    std::vector<size_t> seen;
    while (true) {
      auto ready = use.next();
      ASSERT_TRUE(ready) << ready.error().message;
      if (ready->empty()) {
        break;
      }
      for (size_t i : *ready) {
        for (size_t other = 0; other < kParts * kLayers; ++other) {
          EXPECT_TRUE(store.groupOf(other) != group || isThere(store, other, requests[i].expert))
              << "parameter " << other << ", expert " << requests[i].expert;
        }
        seen.push_back(i);
      }
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), requests.size());
    for (size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(seen[i], i);
    }
  }
  static void use(ExpertStore &store, size_t parameter, uint32_t expert) {
    use(store, parameter, {{expert, 1}});
  }

  /// Bytes of pages that have memory.
  static uint64_t resident(const ExpertStore &store) {
    uint64_t pages = 0;
    for (size_t parameter = 0; parameter < kParts * kLayers; ++parameter) {
      auto begin = reinterpret_cast<uintptr_t>(store.parameter(parameter)),
           end = begin + static_cast<uint64_t>(kExpertBytes[parameter % kParts]) * kExperts;
      begin = begin / ExpertReader::kPage * ExpertReader::kPage;
      std::vector<unsigned char> in((end - begin + ExpertReader::kPage - 1) / ExpertReader::kPage);
      EXPECT_EQ(::mincore(reinterpret_cast<void *>(begin), end - begin, in.data()), 0);
      for (unsigned char page : in) {
        pages += page & 1;
      }
    }
    return pages * ExpertReader::kPage;
  }

  /// Waits a while for something that another thread does.
  template <typename Holds>
  static bool eventually(Holds holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return holds();
  }

  TemporaryFolder folder;
  std::string path;
  package::PackageFile file;
};

// What a dispatch reads of one expert at most: 10000 bytes on up to 4 pages, 300 on up to 2.
constexpr uint64_t kLargest = (4 + 2) * ExpertReader::kPage;

TEST_F(ExpertStores, BytesAreThereWhateverTheMemory) {
  write(contentsOf());
  for (uint64_t memory : {kLargest, 2 * kLargest, 3 * kLargest + 4096, 100 * kLargest}) {
    for (ExpertPolicy policy : {ExpertPolicy::LeastRecent, ExpertPolicy::Score, ExpertPolicy::Advice}) {
      for (bool prefetch : {false, true}) {
        auto store = open(limited(memory, prefetch, policy));
        ASSERT_TRUE(store);
        std::mt19937 random(7);
        uint64_t requests = 0;
        for (int step = 0; step < 60; ++step) {
          std::vector<ExpertStore::Request> list;
          for (uint32_t expert = 0; expert < kExperts; ++expert) {
            if (random() % 2 == 0) {
              list.push_back({expert, 1 + static_cast<uint32_t>(random() % 9)});
            }
          }
          std::shuffle(list.begin(), list.end(), random);
          requests += list.size();
          if (random() % 3 == 0) {
            const auto guessed = static_cast<uint32_t>(random() % kExperts);
            const uint32_t first = store->groupOf(0), second = store->groupOf(5);
            store->expect(
                {{first, guessed}, {second, guessed}, {first, 1}, {second, 1}, {first, 77}, {second, 77}});
          }
          use(*store, random() % (kParts * kLayers), list);
          if (!prefetch) { // else pages may move while they are counted
            EXPECT_LE(resident(*store), memory);
          }
        }
        ExpertStatistics counts = store->statistics();
        EXPECT_EQ(counts.requests, requests);
        EXPECT_LE(counts.hits, requests);
        EXPECT_LE(counts.foreseen, counts.hits);
        EXPECT_LE(counts.bytesWaited, counts.bytesRead);
        EXPECT_EQ(counts.limit, memory);
      }
    }
  }
}

TEST_F(ExpertStores, DispatchesReadGroups) {
  write(contentsOf());
  auto store = open(limited(kLargest));
  EXPECT_EQ(store->groupOf(0), store->groupOf(1));
  EXPECT_NE(store->groupOf(0), store->groupOf(2));
  EXPECT_NE(store->groupOf(0), store->groupOf(3));
  EXPECT_EQ(store->groupOf(99), ExpertStore::kNoGroup);
  EXPECT_EQ(store->parameter(99), nullptr);
  EXPECT_EQ(store->expertsOf(store->groupOf(2)), kExperts);
  // As in the file, so that what reads whole pages needs no copy.
  for (size_t parameter = 0; parameter < kParts * kLayers; ++parameter) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(store->parameter(parameter)) % ExpertReader::kPage,
              file.parameterOffset(parameter) % ExpertReader::kPage);
  }
}

TEST_F(ExpertStores, WhatADispatchReadsWholeStaysMapped) {
  write(contentsOf(/*isReadWhole=*/true));
  auto store = open(limited(kLargest));
  EXPECT_EQ(store->parameter(2), nullptr);
  EXPECT_EQ(store->parameter(5), nullptr);
  EXPECT_NE(store->parameter(0), nullptr);
}

// Units of the first group have 4 to 6 pages, those of its first four experts 17 together: three fit.
constexpr uint64_t kThreeUnits = 15 * ExpertReader::kPage;

TEST_F(ExpertStores, LeastRecent) {
  write(contentsOf());
  auto store = open(limited(kThreeUnits));
  auto hits = [&] { return store->statistics().hits; };
  for (uint32_t expert : {0, 1, 2}) {
    use(*store, 0, expert);
  }
  EXPECT_EQ(hits(), 0u);
  use(*store, 0, 0u);
  EXPECT_EQ(hits(), 1u);
  use(*store, 0, 3u); // in place of 1
  use(*store, 0, 0u);
  use(*store, 0, 2u);
  EXPECT_EQ(hits(), 3u);
  use(*store, 0, 1u);
  EXPECT_EQ(hits(), 3u);
}

TEST_F(ExpertStores, Score) {
  write(contentsOf());
  auto store = open(limited(kThreeUnits, false, ExpertPolicy::Score));
  auto hits = [&] { return store->statistics().hits; };
  use(*store, 0, {{0, 60}, {1, 30}, {2, 10}});
  use(*store, 0, 3u); // in place of 2, though that is as recent as the others
  use(*store, 0, 0u);
  use(*store, 0, 1u);
  EXPECT_EQ(hits(), 2u);
  use(*store, 0, 2u);
  EXPECT_EQ(hits(), 2u);
}

TEST_F(ExpertStores, AdviceKeepsWhatCameBackSoon) {
  write(contentsOf());
  auto store = open(limited(kThreeUnits, false, ExpertPolicy::Advice));
  auto hits = [&] { return store->statistics().hits; };
  use(*store, 0, 0u);
  use(*store, 0, 0u); // came back at once
  for (uint32_t expert : {1, 2, 3, 4}) {
    use(*store, 0, expert);
  }
  EXPECT_EQ(hits(), 1u);
  use(*store, 0, 0u);
  EXPECT_EQ(hits(), 2u);
}

TEST_F(ExpertStores, GuessesAreReadAhead) {
  write(contentsOf());
  auto store = open(limited(3 * kLargest, true));
  // Memory is filled with the first experts of all groups.
  for (uint32_t expert : {3, 4, 3, 4, 3, 4}) {
    use(*store, 3, expert);
  }
  ExpertStatistics before = store->statistics();
  store->expect({{store->groupOf(0), 4}});
  ASSERT_TRUE(eventually([&] { return store->statistics().bytesRead > before.bytesRead; }));
  ASSERT_TRUE(eventually([&] { return isThere(*store, 0, 4) && isThere(*store, 1, 4); }));
  use(*store, 0, 4u);
  ExpertStatistics after = store->statistics();
  EXPECT_EQ(after.hits, before.hits + 1);
  EXPECT_EQ(after.foreseen, before.foreseen + 1);
  EXPECT_EQ(before.foreseen, 0u); // what memory is filled with at first is no guess
  use(*store, 0, 4u);             // it is foreseen once
  EXPECT_EQ(store->statistics().foreseen, after.foreseen);
}

TEST_F(ExpertStores, TheNextDispatchOfTheSameSegmentsIsReadAhead) {
  write(contentsOf());
  auto store = open(limited(4 * kLargest, true));
  use(*store, 0, 4u);
  EXPECT_TRUE(eventually([&] { return isThere(*store, 2, 4); }));
}

/// Fails after some reads.
class BrokenReader : public ExpertReader {
public:
  explicit BrokenReader(int good) : good(good) {}
  Status read(uint64_t, uint8_t *, size_t) override {
    return good-- > 0 ? Status() : Status(fail("the drive is gone"));
  }

private:
  int good;
};

TEST_F(ExpertStores, AReaderThatFailsEndsTheUse) {
  write(contentsOf());
  for (int good : {0, 1, 2}) {
    auto store = open(limited(3 * kLargest), std::make_unique<BrokenReader>(good));
    Expected<std::vector<size_t>> ready;
    for (int i = 0; i < 2; ++i) { // and stays so
      ExpertStore::Use use(*store, store->groupOf(0), {{0, 1}, {2, 1}});
      do {
        ready = use.next();
      } while (ready && !ready->empty());
      ASSERT_FALSE(ready) << good;
      EXPECT_EQ(ready.error().message, "the drive is gone");
    }
  }
}

TEST_F(ExpertStores, ThreadsShareTheMemoryOfOneUnit) {
  write(contentsOf());
  for (bool prefetch : {false, true}) {
    auto store = open(limited(kLargest, prefetch));
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < 3; ++number) {
      threads.emplace_back([&, number] {
        std::mt19937 random(number);
        for (int step = 0; step < 40; ++step) {
          use(*store, random() % (kParts * kLayers),
              {{static_cast<uint32_t>(random() % kExperts), 2},
               {static_cast<uint32_t>(random() % kExperts), 1}});
        }
      });
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
    EXPECT_EQ(store->statistics().requests, 3u * 40 * 2);
  }
}

TEST_F(ExpertStores, AUseThatIsGivenUpHoldsNothing) {
  write(contentsOf());
  auto store = open(limited(kLargest));
  for (int i = 0; i < 20; ++i) {
    ExpertStore::Use use(*store, store->groupOf(0), {{0, 1}, {1, 1}, {2, 1}, {3, 1}});
    if (i % 2 == 0) {
      EXPECT_TRUE(use.next());
    }
  }
  use(*store, 2, 4u);
}

TEST_F(ExpertStores, AModelledDriveIsNoFaster) {
  write(contentsOf());
  ExpertOptions options = limited(2 * kLargest);
  options.rate = 4'000'000;
  auto store = open(options);
  auto start = std::chrono::steady_clock::now();
  for (uint32_t expert = 0; expert < kExperts; ++expert) {
    use(*store, 0, expert);
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_GE(seconds, static_cast<double>(store->statistics().bytesRead) / 4e6 * 0.99);
}

TEST_F(ExpertStores, Errors) {
  write(contentsOf());
  auto store = ExpertStore::create(file, limited(kLargest / 2));
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("memory of 12288 bytes for experts: expected at least "),
            std::string::npos)
      << store.error().message;
  package::PackageContents without = contentsOf();
  for (package::Command &command : without.program.entries[0].commands) {
    command.segments = package::Command::kNoSegments;
  }
  write(without);
  store = ExpertStore::create(file, limited(kLargest));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message, "the package has no experts that could be read one by one");
  write(contentsOf());
  writeFile(path, readFile(path) + "x");
  store = ExpertStore::create(file, limited(kLargest));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message, path + ": changed while it was opened");
  std::filesystem::remove(path);
  store = ExpertStore::create(file, limited(kLargest));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message, path + ": No such file or directory");
}

TEST(ExpertOptions, MemoryAndPolicy) {
  for (auto [text, bytes] : {std::pair("4096", 4096.0),
                             {"1", 1.0},
                             {"64K", 65536.0},
                             {"1.5M", 1572864.0},
                             {"2G", 0x1p31},
                             {"1e3", 1000.0},
                             {"0.5T", 0x1p39}}) {
    auto options = parseExpertOptions(text, "score");
    ASSERT_TRUE(options) << text;
    EXPECT_EQ(static_cast<double>(options->memory), bytes) << text;
    EXPECT_EQ(options->share, 0) << text;
  }
  auto share = parseExpertOptions("62.5%", "advice");
  ASSERT_TRUE(share);
  EXPECT_EQ(share->share, 0.625);
  EXPECT_EQ(share->memory, 0u);
  EXPECT_EQ(share->policy, ExpertPolicy::Advice);
  EXPECT_FALSE(parseExpertOptions("", "lru")->isLimited());
  for (const char *text :
       {"0", "-1", "+1", "x", "1X", "1GG", "nan", "inf", "1e300", "%", "0%", "1 G", "0.5"}) {
    EXPECT_FALSE(parseExpertOptions(text, "lru")) << text;
  }
  EXPECT_EQ(parseExpertOptions("12Q", "lru").error().message,
            "expert memory: expected bytes (4096, 512M, 1.5G) or a share of all experts (50%), got '12Q'");
  EXPECT_EQ(parseExpertOptions("", "fifo").error().message,
            "expert policy: expected lru, score or advice, got 'fifo'");
}

} // namespace
