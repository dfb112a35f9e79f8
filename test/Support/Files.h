//===- Files.h - Files of a test --------------------------------------------===//
#ifndef COOPT_TEST_SUPPORT_FILES_H
#define COOPT_TEST_SUPPORT_FILES_H

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <stdlib.h>
#include <string>
#include <vector>

namespace coopt::test {

/// A new folder, removed with what it holds.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "coopt-test-XXXXXX";
    path = ::mkdtemp(pattern.data()) ? pattern : "";
    EXPECT_NE(path, "");
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string file(const std::string &name) const { return path + "/" + name; }
  std::string path;
};

inline std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void writeFile(const std::string &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::vector<uint8_t> readBytes(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {});
}

inline void writeBytes(const std::string &path, const std::vector<uint8_t> &bytes) {
  writeFile(path, std::string(bytes.begin(), bytes.end()));
}

} // namespace coopt::test

#endif // COOPT_TEST_SUPPORT_FILES_H
