//===- Json.h - JSON of unknown origin, read strictly ---------------------===//
//
// Every file in JSON is read with this: a document is parsed once, then values are asked for what they should
// be. Each error begins with the place of the value: "desk.json: $.caches[1].bytes: expected ..., got -3".
// Nothing here throws. Values refer to their document, which must outlive them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SUPPORT_JSON_H
#define COOPT_SUPPORT_JSON_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace coopt {

/// Deepest nesting that is read: far more than any file has, far less than any stack.
constexpr size_t maximumJsonDepth = 64;
/// Longest text that is read unless the reader sets a limit of its own.
constexpr size_t maximumJsonBytes = size_t(1) << 30;

/// A text for messages: in single quotes, cut after 80 bytes.
std::string inQuotes(std::string_view text);

/// ", did you mean 'cores'?" if one of `known` is within two edits (of words below four letters: one, of long
/// ones: a third of their length), else "".
std::string didYouMean(std::string_view word, const std::vector<std::string> &known);

/// "generic, avx2 or avx512"
std::string alternatives(const std::vector<std::string> &names);

/// 16 hexadecimal digits: how files write what uses all 64 bits, which many JSON readers round.
std::string hexadecimal(uint64_t value);

/// A value and the place where it stands. Getters check type and range.
class JsonValue {
public:
  JsonValue(const nlohmann::json &value, std::string place) : json(&value), where(std::move(place)) {}

  const nlohmann::json &raw() const { return *json; }
  const std::string &place() const { return where; }

  /// An object lacks this member.
  bool isMissing() const;
  /// Missing or null.
  bool isNull() const;
  bool isObject() const;
  bool isArray() const;
  bool isString() const;

  /// The number of elements or members; 0 of a value that has none.
  size_t size() const;
  /// The member of an object; a missing value where the object lacks it or there is no object.
  JsonValue operator[](const std::string &key) const;
  /// An element of an array; requires index < size().
  JsonValue element(size_t index) const;
  /// The names of the members in ascending order.
  std::vector<std::string> keys() const;

  Status expectObject() const;
  Status expectArray() const;
  /// An object with no other members than these.
  Status expectKeys(const std::vector<std::string> &known) const;
  Expected<std::string> string() const;
  Expected<bool> boolean() const;
  Expected<int64_t> integer(int64_t minimum = std::numeric_limits<int64_t>::min(),
                            int64_t maximum = std::numeric_limits<int64_t>::max()) const;
  /// A finite number.
  Expected<double> number() const;
  Expected<double> number(double minimum, double maximum) const;
  /// What hexadecimal() writes.
  Expected<uint64_t> hexadecimal() const;

  /// "PLACE: expected WHAT, got ..."
  tl::unexpected<Error> expected(const std::string &what) const;
  /// "PLACE: WHAT"
  tl::unexpected<Error> error(const std::string &what) const { return fail(where + ": " + what); }

private:
  const nlohmann::json *json;
  std::string where;
};

/// One parsed text.
class JsonDocument {
public:
  /// `name` (of the file) begins all messages. Errors: syntax ("NAME: 3:14: not valid JSON: ..", line and
  /// column from 1), a key that an object has twice, nesting deeper than maximumJsonDepth, numbers beyond
  /// binary64, a text of more than `maximumBytes`.
  static Expected<JsonDocument> parse(std::string_view text, const std::string &name,
                                      size_t maximumBytes = maximumJsonBytes);

  /// The outermost value, "NAME: $".
  JsonValue root() const { return JsonValue(*tree, name + ": $"); }

private:
  JsonDocument(std::shared_ptr<const nlohmann::json> tree, std::string name)
      : tree(std::move(tree)), name(std::move(name)) {}

  std::shared_ptr<const nlohmann::json> tree;
  std::string name;
};

/// Reads values one after the other and keeps the first mistake; a value that is wrong reads as zero or
/// empty. The caller looks at `status` at the end and before it relies on what was read.
class JsonReader {
public:
  Status status;

  void mistake(tl::unexpected<Error> error) {
    if (status) {
      status = std::move(error);
    }
  }
  void require(const Status &check) {
    if (!check) {
      mistake(forward(check.error()));
    }
  }
  /// Keeps what `out` holds if there is no value.
  template <typename T>
  void take(Expected<T> value, T &out) {
    if (value) {
      out = std::move(*value);
    } else {
      mistake(forward(value.error()));
    }
  }
  /// `in.read(value.integer(0, 7))`
  template <typename T>
  T read(Expected<T> value) {
    T result{};
    take(std::move(value), result);
    return result;
  }
  /// Calls visit(JsonValue) for each element of an array until there is a mistake.
  template <typename Visit>
  void forEach(const JsonValue &array, Visit visit) {
    require(array.expectArray());
    for (size_t i = 0; status && i < array.size(); ++i) {
      visit(array.element(i));
    }
  }
};

} // namespace coopt

#endif // COOPT_SUPPORT_JSON_H
