//===- JsonReader.h - Strict reading of JSON objects ----------------------===//
//
// Every key is known and given once, every value has its type, and each mistake is a message with a JSON
// path.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_MACHINE_JSONREADER_H
#define COOPT_LIB_MACHINE_JSONREADER_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::machine {

/// ", did you mean 'cores'?" if one of `known` is within two edits (of short words: one, of long ones: a
/// third), else "".
std::string didYouMean(std::string_view word, const std::vector<std::string> &known);

/// "generic, avx2 or avx512"
std::string alternatives(const std::vector<std::string> &names);

/// Parses JSON text without letting an exception escape. Errors: "3:14: .." (line and column, from 1), a key
/// given twice in one object.
Expected<nlohmann::json> parseJson(std::string_view text);

/// A value for messages: scalars as written (shortened), "an object", "an array".
std::string describe(const nlohmann::json &value);

/// The JSON pointer of a member: "/caches" + "bytes" = "/caches/bytes".
std::string memberPath(const std::string &path, const std::string &key);

/// Reads the members of one object. The first mistake goes to `status`, which all readers of a document
/// share; after it every getter returns an empty value.
class ObjectReader {
public:
  /// `keys`: all members the object may have.
  ObjectReader(const nlohmann::json &value, std::string path, std::vector<std::string> keys, Status &status);

  bool has(const char *key) const;
  int64_t integer(const char *key);
  double number(const char *key);
  std::string text(const char *key);
  /// Null after a mistake.
  const nlohmann::json *object(const char *key);
  const nlohmann::json *array(const char *key);
  std::string path(const char *key) const { return memberPath(place, key); }

private:
  const nlohmann::json *member(const char *key, const char *expected);
  void mistake(const char *key, const char *expected, const nlohmann::json &got);

  const nlohmann::json *value = nullptr;
  std::string place;
  Status &status;
};

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_JSONREADER_H
