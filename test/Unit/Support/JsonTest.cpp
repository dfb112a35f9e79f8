#include "coopt/Support/Json.h"

#include <gtest/gtest.h>

using namespace coopt;

namespace {

std::string refusal(const std::string &text, size_t maximumBytes = maximumJsonBytes) {
  auto document = JsonDocument::parse(text, "f", maximumBytes);
  return document ? "read" : document.error().message;
}

/// What a getter says of the member "v" of {"v": TEXT}.
template <typename Get>
std::string memberRefusal(const std::string &text, Get get) {
  auto document = JsonDocument::parse("{\"v\":" + text + "}", "f");
  EXPECT_TRUE(document.has_value());
  auto value = get(document->root()["v"]);
  return value ? "read" : value.error().message;
}

} // namespace

TEST(Json, SyntaxHasLineAndColumn) {
  EXPECT_EQ(refusal("{\"a\": [1, 2.5, null]}"), "read");
  EXPECT_EQ(refusal("").rfind("f: 1:1: not valid JSON: ", 0), 0u) << refusal("");
  EXPECT_EQ(refusal("{\n \"a\": nul}").rfind("f: 2:", 0), 0u);
  EXPECT_EQ(refusal("{} {}").rfind("f: 1:4: not valid JSON: ", 0), 0u) << refusal("{} {}");
  EXPECT_EQ(refusal("[\n1e999]").rfind("f: 2:5: not valid JSON: number overflow", 0), 0u)
      << refusal("[\n1e999]");
  EXPECT_LT(refusal("\"" + std::string(1000000, 'a')).size(), 300u);
  EXPECT_EQ(refusal("[17]", 3), "f: 4 bytes of JSON, at most 3 are read");
}

TEST(Json, KeysOnce) {
  EXPECT_EQ(refusal(R"([0,{"a":{"b":[],"b":1}}])"), "f: $[1].a.b: the key is given twice in one object");
  EXPECT_EQ(refusal(R"({"x y":1,"x y":1})"), "f: $['x y']: the key is given twice in one object");
  EXPECT_EQ(refusal(R"([{"a":1},{"a":1}])"), "read");
}

TEST(Json, DepthIsLimited) {
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "read");
  EXPECT_EQ(refusal(std::string(65, '[') + std::string(65, ']')), "f: nested deeper than 64 levels");
  EXPECT_EQ(refusal(std::string(1000000, '[')), "f: nested deeper than 64 levels");
}

TEST(Json, IntegersInRange) {
  auto any = [](const JsonValue &value) { return value.integer(); };
  auto small = [](const JsonValue &value) { return value.integer(-1, 7); };
  EXPECT_EQ(memberRefusal("9223372036854775807", any), "read");
  EXPECT_EQ(memberRefusal("-9223372036854775808", any), "read");
  EXPECT_EQ(memberRefusal("9223372036854775808", any),
            "f: $.v: expected an integer below 2^63, got 9223372036854775808");
  EXPECT_EQ(memberRefusal("7", small), "read");
  EXPECT_EQ(memberRefusal("8", small), "f: $.v: expected an integer from -1 to 7, got 8");
  EXPECT_EQ(memberRefusal("-2", small), "f: $.v: expected an integer from -1 to 7, got -2");
  EXPECT_EQ(memberRefusal("18446744073709551615", small),
            "f: $.v: expected an integer from -1 to 7, got 18446744073709551615");
  EXPECT_EQ(memberRefusal("1.0", small), "f: $.v: expected an integer from -1 to 7, got 1.0");
  EXPECT_EQ(memberRefusal("\"1\"", small), "f: $.v: expected an integer from -1 to 7, got '1'");
}

TEST(Json, OtherTypes) {
  EXPECT_EQ(memberRefusal("null", [](const JsonValue &v) { return v.number(); }),
            "f: $.v: expected a number, got null");
  EXPECT_EQ(memberRefusal("0.5", [](const JsonValue &v) { return v.number(0.5, 1); }), "read");
  EXPECT_EQ(memberRefusal("0.25", [](const JsonValue &v) { return v.number(0.5, 1); }),
            "f: $.v: expected a number from 0.5 to 1.0, got 0.25");
  EXPECT_EQ(memberRefusal("[]", [](const JsonValue &v) { return v.string(); }),
            "f: $.v: expected a string, got an array");
  EXPECT_EQ(memberRefusal("0", [](const JsonValue &v) { return v.boolean(); }),
            "f: $.v: expected true or false, got 0");
  EXPECT_EQ(memberRefusal("{}", [](const JsonValue &v) { return v.expectArray(); }),
            "f: $.v: expected an array, got an object");
  EXPECT_EQ(memberRefusal("{}", [](const JsonValue &v) { return v["a"].expectObject(); }),
            "f: $.v.a: expected an object, got nothing");
  EXPECT_EQ(memberRefusal("3", [](const JsonValue &v) { return v["a"]["b"].string(); }),
            "f: $.v.a.b: expected a string, got nothing");
}

TEST(Json, HexadecimalKeepsAllBits) {
  for (uint64_t value : {uint64_t(0), uint64_t(0x0123456789abcdef), UINT64_MAX}) {
    auto document = JsonDocument::parse("\"" + hexadecimal(value) + "\"", "f");
    EXPECT_EQ(document->root().hexadecimal().value(), value);
  }
  EXPECT_EQ(hexadecimal(0x0123456789abcdef), "0123456789abcdef");
  for (const char *bad :
       {"\"\"", "\"0123456789ABCDEF\"", "\"123456789abcdef\"", "16", "\"-123456789abcdef\""}) {
    EXPECT_NE(memberRefusal(bad, [](const JsonValue &v) { return v.hexadecimal(); }), "read") << bad;
  }
}

TEST(Json, KeysAreKnown) {
  auto keys = [](const JsonValue &value) { return value.expectKeys({"cores", "clock"}); };
  EXPECT_EQ(memberRefusal(R"({"cores": 1, "clock": 2})", keys), "read");
  EXPECT_EQ(memberRefusal("{}", keys), "read");
  EXPECT_EQ(memberRefusal(R"({"coers": 1})", keys), "f: $.v.coers: unknown key, did you mean 'cores'?");
  EXPECT_EQ(memberRefusal(R"({"a.b": 1})", keys), "f: $.v['a.b']: unknown key");
  EXPECT_EQ(memberRefusal("[]", keys), "f: $.v: expected an object, got an array");
}

TEST(Json, ReaderKeepsTheFirstMistake) {
  auto document = JsonDocument::parse(R"({"a": [1, "x", "y", 4], "b": 5})", "f");
  JsonReader in;
  std::vector<int64_t> values;
  in.forEach(document->root()["a"],
             [&](const JsonValue &value) { values.push_back(in.read(value.integer())); });
  EXPECT_EQ(values, (std::vector<int64_t>{1, 0}));
  int64_t b = 3;
  in.take(document->root()["b"].integer(0, 4), b);
  EXPECT_EQ(b, 3);
  ASSERT_FALSE(in.status.has_value());
  EXPECT_EQ(in.status.error().message, "f: $.a[1]: expected an integer below 2^63, got 'x'");
}
