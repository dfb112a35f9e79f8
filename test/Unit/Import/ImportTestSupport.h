//===- ImportTestSupport.h - Files for tests of importers ------------------------===//
#ifndef COOPT_TEST_UNIT_IMPORT_IMPORTTESTSUPPORT_H
#define COOPT_TEST_UNIT_IMPORT_IMPORTTESTSUPPORT_H

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace coopt::test {

inline const std::string inputs = COOPT_TEST_SOURCE_DIR "/Unit/Import/Inputs/";
inline const std::string stories = COOPT_TEST_DATA "/models/stories260k/";

inline std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void writeFile(const std::string &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// An empty folder of its own, removed at the end.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "coopt-XXXXXX";
    path = ::mkdtemp(pattern.data()) ? pattern : "";
    EXPECT_NE(path, "");
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  std::string file(const std::string &name) const { return path + "/" + name; }
  std::string path;
};

/// The bytes in a block of exactly their size, so that sanitizers see every read beyond them.
inline std::vector<uint8_t> exact(const std::string &text) { return {text.begin(), text.end()}; }

/// The message without the folder of a temporary file.
inline std::string withoutFolder(std::string message, const TemporaryFolder &folder) {
  for (size_t at; (at = message.find(folder.path + "/")) != message.npos;) {
    message.erase(at, folder.path.size() + 1);
  }
  return message;
}

} // namespace coopt::test

#endif // COOPT_TEST_UNIT_IMPORT_IMPORTTESTSUPPORT_H
