#include "coopt/Support/Json.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace coopt;
using nlohmann::json;

namespace {

/// What objects lack; known by its address.
const json missing;

/// "$.a" + "b" = "$.a.b"; names that are no plain words stand in brackets and quotes.
std::string memberPlace(const std::string &place, std::string_view key) {
  bool plain = !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return plain ? place + "." + std::string(key) : place + "[" + inQuotes(key) + "]";
}

std::string elementPlace(const std::string &place, size_t index) {
  return place + "[" + std::to_string(index) + "]";
}

std::string shown(const json &value) {
  if (&value == &missing) {
    return "nothing";
  }
  if (value.is_string()) {
    return inQuotes(value.get_ref<const std::string &>());
  }
  return value.is_object() ? "an object" : value.is_array() ? "an array" : value.dump();
}

/// Builds the value from parser events. The library's own builder neither limits depth nor sees duplicate
/// keys.
class Builder : public nlohmann::json_sax<json> {
public:
  json result;
  std::string problem;
  size_t problemOffset = std::string::npos; ///< set for syntax errors only

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t &) override { return add(value); }
  bool string(string_t &value) override { return add(std::move(value)); }
  bool binary(binary_t &) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t &value) override {
    Level &level = stack.back();
    auto [member, isNew] = level.value->get_ref<json::object_t &>().emplace(std::move(value), nullptr);
    level.key = &member->first;
    level.slot = &member->second;
    if (!isNew) {
      problem = place() + ": the key is given twice in one object";
    }
    return isNew;
  }
  bool parse_error(std::size_t position, const std::string &,
                   const nlohmann::detail::exception &error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..." and
    // "[json.exception.out_of_range.406] number overflow ...": the place is ours to say.
    constexpr size_t longest = 200;
    problem = error.what();
    if (problem.rfind("[json.", 0) == 0) {
      problem.erase(0, problem.find(']') + 2);
    }
    if (problem.rfind("parse error", 0) == 0) {
      problem.erase(0, problem.find(": ") + 2);
    }
    if (problem.size() > longest) {
      problem = problem.substr(0, longest) + "..";
    }
    problemOffset = position;
    return false;
  }

private:
  struct Level {
    json *value;
    const std::string *key = nullptr; ///< of the member that is being read
    json *slot = nullptr;             ///< where its value goes
  };

  /// Values that are open stay where they are: an array grows only while none of its elements is open.
  json *put(json value) {
    if (stack.empty()) {
      result = std::move(value);
      return &result;
    }
    Level &level = stack.back();
    if (level.value->is_array()) {
      auto &array = level.value->get_ref<json::array_t &>();
      array.push_back(std::move(value));
      return &array.back();
    }
    *level.slot = std::move(value);
    return level.slot;
  }
  bool add(json value) {
    put(std::move(value));
    return true;
  }
  bool open(json value) {
    if (stack.size() == maximumJsonDepth) {
      problem = "nested deeper than " + std::to_string(maximumJsonDepth) + " levels";
      return false;
    }
    stack.push_back({put(std::move(value))});
    return true;
  }
  bool close() {
    stack.pop_back();
    return true;
  }
  std::string place() const {
    std::string text = "$";
    for (const Level &level : stack) {
      text = level.value->is_array() ? elementPlace(text, level.value->size() - 1)
                                     : memberPlace(text, *level.key);
    }
    return text;
  }

  std::vector<Level> stack;
};

std::string lineAndColumn(std::string_view text, size_t offset) {
  std::string_view before = text.substr(0, offset);
  size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  size_t lineBegin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return std::to_string(line) + ":" + std::to_string(before.size() - lineBegin + 1);
}

size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

} // namespace

std::string coopt::inQuotes(std::string_view text) {
  constexpr size_t longest = 80;
  return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

std::string coopt::didYouMean(std::string_view word, const std::vector<std::string> &known) {
  const std::string *best = nullptr;
  size_t bestDistance = 0;
  for (const std::string &candidate : known) {
    const size_t limit = candidate.size() < 4 ? 1 : std::max<size_t>(2, candidate.size() / 3);
    if (word.size() > candidate.size() + limit || candidate.size() > word.size() + limit) {
      continue; // too far, and it keeps hostile lengths out of the table
    }
    size_t distance = editDistance(word, candidate);
    if (distance <= limit && (!best || distance < bestDistance)) {
      best = &candidate;
      bestDistance = distance;
    }
  }
  return best ? ", did you mean '" + *best + "'?" : "";
}

std::string coopt::alternatives(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text;
}

std::string coopt::hexadecimal(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Expected<JsonDocument> JsonDocument::parse(std::string_view text, const std::string &name,
                                           size_t maximumBytes) {
  if (text.size() > maximumBytes) {
    return fail(name + ": " + std::to_string(text.size()) + " bytes of JSON, at most " +
                std::to_string(maximumBytes) + " are read");
  }
  Builder builder;
  if (json::sax_parse(text.begin(), text.end(), &builder)) {
    return JsonDocument(std::make_shared<const json>(std::move(builder.result)), name);
  }
  if (builder.problemOffset == std::string::npos) {
    return fail(name + ": " + builder.problem);
  }
  size_t offset = builder.problemOffset ? builder.problemOffset - 1 : 0;
  return fail(name + ": " + lineAndColumn(text, offset) + ": not valid JSON: " + builder.problem);
}

bool JsonValue::isMissing() const { return json == &missing; }
bool JsonValue::isNull() const { return json->is_null(); }
bool JsonValue::isObject() const { return json->is_object(); }
bool JsonValue::isArray() const { return json->is_array(); }
bool JsonValue::isString() const { return json->is_string(); }

size_t JsonValue::size() const { return json->is_structured() ? json->size() : 0; }

JsonValue JsonValue::operator[](const std::string &key) const {
  auto member = json->find(key);
  return JsonValue(member == json->end() ? missing : *member, memberPlace(where, key));
}

JsonValue JsonValue::element(size_t index) const {
  return JsonValue((*json)[index], elementPlace(where, index));
}

std::vector<std::string> JsonValue::keys() const {
  std::vector<std::string> names;
  if (json->is_object()) {
    for (const auto &item : json->items()) {
      names.push_back(item.key());
    }
  }
  return names;
}

tl::unexpected<Error> JsonValue::expected(const std::string &what) const {
  return error("expected " + what + ", got " + shown(*json));
}

Status JsonValue::expectObject() const {
  return json->is_object() ? Status{} : Status(expected("an object"));
}

Status JsonValue::expectArray() const { return json->is_array() ? Status{} : Status(expected("an array")); }

Status JsonValue::expectKeys(const std::vector<std::string> &known) const {
  if (auto status = expectObject(); !status) {
    return status;
  }
  for (const auto &item : json->items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      return fail(memberPlace(where, item.key()) + ": unknown key" + didYouMean(item.key(), known));
    }
  }
  return {};
}

Expected<std::string> JsonValue::string() const {
  if (!json->is_string()) {
    return expected("a string");
  }
  return json->get<std::string>();
}

Expected<bool> JsonValue::boolean() const {
  if (!json->is_boolean()) {
    return expected("true or false");
  }
  return json->get<bool>();
}

Expected<int64_t> JsonValue::integer(int64_t minimum, int64_t maximum) const {
  // Values above 2^63 are stored unsigned and would turn negative.
  bool fits = json->is_number_integer() &&
              (!json->is_number_unsigned() || json->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
  if (fits && json->get<int64_t>() >= minimum && json->get<int64_t>() <= maximum) {
    return json->get<int64_t>();
  }
  return minimum == INT64_MIN && maximum == INT64_MAX
             ? expected("an integer below 2^63")
             : expected("an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum));
}

Expected<double> JsonValue::number() const {
  if (!json->is_number() || !std::isfinite(json->get<double>())) {
    return expected("a number");
  }
  return json->get<double>();
}

Expected<double> JsonValue::number(double minimum, double maximum) const {
  // Written so that NaN, which no JSON has but an overflow could make, is refused as well.
  if (!json->is_number() || !(json->get<double>() >= minimum && json->get<double>() <= maximum)) {
    return expected("a number from " + nlohmann::json(minimum).dump() + " to " +
                    nlohmann::json(maximum).dump());
  }
  return json->get<double>();
}

Expected<uint64_t> JsonValue::hexadecimal() const {
  const auto *text = json->get_ptr<const std::string *>();
  if (!text || text->size() != 16 || text->find_first_not_of("0123456789abcdef") != std::string::npos) {
    return expected("16 hexadecimal digits");
  }
  uint64_t value = 0;
  for (char digit : *text) {
    value = value << 4 | static_cast<uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return value;
}
