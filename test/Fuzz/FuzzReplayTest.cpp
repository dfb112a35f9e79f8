//===- FuzzReplayTest.cpp - A fuzz target over its corpus, without a fuzzer ---------===//
//
// Linked with one *_fuzzer.cpp; COOPT_FUZZ_CORPUS is the folder of its corpus.
//
//===----------------------------------------------------------------------===//
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(FuzzReplay, Corpus) {
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(COOPT_FUZZ_CORPUS)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const auto &path : files) {
    SCOPED_TRACE(path.string());
    std::ifstream in(path, std::ios::binary);
    std::vector<uint8_t> whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_EQ(LLVMFuzzerTestOneInput(whole.data(), whole.size()), 0);
    // Cheap relatives of every file: cut short, and one byte changed. About 400 of each, however long the
    // file.
    size_t step = whole.size() / 400 + 1;
    for (size_t at = 0; at < whole.size(); at += step) {
      std::vector<uint8_t> cut(whole.begin(), whole.begin() + at);
      EXPECT_EQ(LLVMFuzzerTestOneInput(cut.data(), cut.size()), 0);
      std::vector<uint8_t> changed = whole;
      changed[at] ^= static_cast<uint8_t>(1 + at % 255);
      EXPECT_EQ(LLVMFuzzerTestOneInput(changed.data(), changed.size()), 0);
    }
  }
}
