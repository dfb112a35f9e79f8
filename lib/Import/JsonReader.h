//===- JsonReader.h - JSON of unknown origin, read with places in messages ------===//
#ifndef COOPT_LIB_IMPORT_JSONREADER_H
#define COOPT_LIB_IMPORT_JSONREADER_H

#include "coopt/Support/Error.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace coopt::import {

/// Deepest nesting that is read: far more than any model file has, far less than any stack.
constexpr size_t maximumJsonDepth = 64;

/// Parses one JSON text. Errors: syntax (with line and column), a key that an object has twice, nesting
/// deeper than maximumJsonDepth, more than `maximumBytes` bytes.
Expected<nlohmann::json> parseJson(std::string_view text, const std::string &file, size_t maximumBytes);

/// A text for messages: quoted, cut after some bytes.
std::string inQuotes(std::string_view text);

/// A value and the place where it stands: "config.json: $.rope_scaling.factor". Getters check types and
/// ranges; their errors begin with that place.
class JsonValue {
public:
  JsonValue(const nlohmann::json &value, std::string place) : json(&value), where(std::move(place)) {}

  const nlohmann::json &raw() const { return *json; }
  const std::string &place() const { return where; }
  bool isNull() const { return json->is_null(); }
  bool isObject() const { return json->is_object(); }
  bool isArray() const { return json->is_array(); }
  bool isString() const { return json->is_string(); }

  /// The member of an object; a JSON null where the object lacks it. Not for values that are no objects.
  JsonValue operator[](const char *key) const;
  JsonValue element(size_t index) const;

  Status expectObject() const;
  Status expectArray() const;
  Expected<std::string> string() const;
  Expected<bool> boolean() const;
  Expected<int64_t> integer(int64_t minimum, int64_t maximum) const;
  Expected<double> number(double minimum, double maximum) const;

  tl::unexpected<Error> expected(const std::string &what) const;
  tl::unexpected<Error> error(const std::string &what) const { return fail(where + ": " + what); }

private:
  const nlohmann::json *json;
  std::string where;
};

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_JSONREADER_H
