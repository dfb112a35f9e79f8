#include "JsonReader.h"

#include <algorithm>
#include <vector>

using namespace coopt;
using namespace coopt::import;
using nlohmann::json;

namespace {

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
    auto [member, isNew] = stack.back()->get_ref<json::object_t &>().emplace(std::move(value), nullptr);
    if (!isNew) {
      problem = "the key " + inQuotes(member->first) + " stands twice in one object";
      return false;
    }
    slot = &member->second;
    return true;
  }
  bool parse_error(std::size_t position, const std::string &,
                   const nlohmann::detail::exception &error) override {
    problemOffset = position;
    problem = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ...": the place is ours
    // to say.
    size_t detail = problem.find(": ");
    problem = detail == std::string::npos ? problem : problem.substr(detail + 2);
    return false;
  }

private:
  json *add(json value, bool) {
    if (stack.empty()) {
      result = std::move(value);
      return &result;
    }
    if (stack.back()->is_array()) {
      auto &array = stack.back()->get_ref<json::array_t &>();
      array.push_back(std::move(value));
      return &array.back();
    }
    *slot = std::move(value);
    return slot;
  }
  bool add(json value) { return add(std::move(value), true) != nullptr; }
  bool open(json value) {
    if (stack.size() == maximumJsonDepth) {
      problem = "nested deeper than " + std::to_string(maximumJsonDepth) + " levels";
      return false;
    }
    stack.push_back(add(std::move(value), true));
    return true;
  }
  bool close() {
    stack.pop_back();
    return true;
  }

  std::vector<json *> stack; ///< stable: an array grows only while none of its elements is open
  json *slot = nullptr;
};

std::string typeName(const json &value) {
  if (value.is_number()) {
    return "the number " + value.dump();
  }
  if (value.is_string()) {
    return inQuotes(value.get_ref<const std::string &>());
  }
  return value.is_null()      ? "nothing"
         : value.is_boolean() ? value.dump()
                              : std::string("an ") + value.type_name();
}

} // namespace

std::string import::inQuotes(std::string_view text) {
  constexpr size_t shown = 80;
  return "'" + std::string(text.substr(0, shown)) + (text.size() > shown ? "...'" : "'");
}

Expected<json> import::parseJson(std::string_view text, const std::string &file, size_t maximumBytes) {
  if (text.size() > maximumBytes) {
    return fail(file + ": " + std::to_string(text.size()) + " bytes of JSON, at most " +
                std::to_string(maximumBytes) + " are read");
  }
  Builder builder;
  if (json::sax_parse(text.begin(), text.end(), &builder)) {
    return std::move(builder.result);
  }
  if (builder.problemOffset == std::string::npos) {
    return fail(file + ": " + builder.problem);
  }
  std::string_view before = text.substr(0, builder.problemOffset ? builder.problemOffset - 1 : 0);
  size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  size_t column = before.size() - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1) + 1;
  return fail(file + ": line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
              builder.problem);
}

JsonValue JsonValue::operator[](const char *key) const {
  static const nlohmann::json nothing;
  auto member = json->find(key);
  return JsonValue(member == json->end() ? nothing : *member, where + "." + key);
}

JsonValue JsonValue::element(size_t index) const {
  return JsonValue(json->at(index), where + "[" + std::to_string(index) + "]");
}

tl::unexpected<Error> JsonValue::expected(const std::string &what) const {
  return fail(where + ": expected " + what + ", got " + typeName(*json));
}

Status JsonValue::expectObject() const {
  return json->is_object() ? Status{} : Status(expected("an object"));
}
Status JsonValue::expectArray() const { return json->is_array() ? Status{} : Status(expected("an array")); }

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
  if (!fits || json->get<int64_t>() < minimum || json->get<int64_t>() > maximum) {
    return expected("an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum));
  }
  return json->get<int64_t>();
}

Expected<double> JsonValue::number(double minimum, double maximum) const {
  // Written so that NaN, which no JSON has but an overflow could make, is refused as well.
  if (!json->is_number() || !(json->get<double>() >= minimum && json->get<double>() <= maximum)) {
    return expected("a number from " + nlohmann::json(minimum).dump() + " to " +
                    nlohmann::json(maximum).dump());
  }
  return json->get<double>();
}
