//===- ImportTestSupport.h - Files for tests of importers ------------------------===//
#ifndef COOPT_TEST_UNIT_IMPORT_IMPORTTESTSUPPORT_H
#define COOPT_TEST_UNIT_IMPORT_IMPORTTESTSUPPORT_H

#include "Files.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace coopt::test {

inline const std::string inputs = COOPT_TEST_SOURCE_DIR "/Unit/Import/Inputs/";
inline const std::string stories = COOPT_TEST_DATA "/models/stories260k/";

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
