//===- Fields.h - One list of fields per struct ---------------------------===//
//
// A struct of a description lists its fields once, with the key, the member and what a value must be by itself:
//
//   template <> struct Fields<Cache> {
//     template <typename Field> static void list(Field &&field) {
//       field("bytes", &Cache::bytes, positiveInteger());
//       field("line_bytes", &Cache::lineBytes, powerOfTwo());
//     }
//   };
//
// From the list come readFields, writeFields, checkFields and equalFields. Members are numbers, truths, texts, enumerations
// (with Names), structs with fields, lists of these, maps from enumerations to numbers, and std::optional of any of them: what
// is absent from JSON is absent there. `field.keyed(..)` is a list that is an object in JSON: an enumeration in each element
// is its key, and orders the list. `field.defaulted(..)` keeps the member's default where JSON says nothing. A list with
// `field.optional(..)` is absent where it is empty. Structs whose Fields are derived from Tuple are arrays in JSON, in the
// order of the list.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_MACHINE_FIELDS_H
#define COOPT_LIB_MACHINE_FIELDS_H

#include "Rules.h"
#include "coopt/Support/Json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <vector>

namespace coopt::machine {

template <typename T>
struct Fields;
struct Tuple {};
/// `static std::vector<std::pair<E, const char *>> all()`, as in JSON.
template <typename E>
struct Names;

/// What values need that no limit is given for.
struct NoLimit {};

template <typename T, typename = void>
constexpr bool hasFields = false;
template <typename T>
constexpr bool hasFields<T, std::void_t<decltype(sizeof(Fields<T>))>> = true;

template <typename E>
std::vector<std::string> namesOf() {
  std::vector<std::string> names;
  for (const auto &[value, name] : Names<E>::all()) {
    names.push_back(name);
  }
  return names;
}

template <typename E>
const char *nameOf(E value) {
  for (const auto &[known, name] : Names<E>::all()) {
    if (known == value) {
      return name;
    }
  }
  return "unknown";
}

template <typename E>
std::optional<E> valueOf(const std::string &text) {
  for (const auto &[value, name] : Names<E>::all()) {
    if (text == name) {
      return value;
    }
  }
  return std::nullopt;
}

template <typename T>
constexpr bool isTuple = std::is_base_of_v<Tuple, Fields<T>>;

template <typename T>
void readFields(JsonReader &in, const JsonValue &json, T &out,
                const std::vector<std::string> &otherKeys = {});
template <typename T>
void writeFields(nlohmann::ordered_json &json, const T &value);
template <typename T>
void checkFields(Rules &rules, const std::string &path, const T &value);
template <typename T>
bool equalFields(const T &a, const T &b);

//===----------------------------------------------------------------------===//
// Single values
//===----------------------------------------------------------------------===//

inline void readValue(JsonReader &in, const JsonValue &json, int64_t &out, const IntegerLimit &limit) {
  if (auto value = json.integer()) {
    out = *value;
  } else {
    in.mistake(json.expected(limit.expected()));
  }
}
inline void readValue(JsonReader &in, const JsonValue &json, double &out, const NumberLimit &limit) {
  if (auto value = json.number()) {
    out = *value;
  } else {
    in.mistake(json.expected(limit.expected()));
  }
}
inline void readValue(JsonReader &in, const JsonValue &json, bool &out, NoLimit) {
  in.take(json.boolean(), out);
}
inline void readValue(JsonReader &in, const JsonValue &json, std::string &out, NoLimit) {
  in.take(json.string(), out);
}
template <typename E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
void readValue(JsonReader &in, const JsonValue &json, E &out, NoLimit) {
  const auto text = json.string();
  if (const auto value = text ? valueOf<E>(*text) : std::nullopt) {
    out = *value;
    return;
  }
  Error error = json.expected(alternatives(namesOf<E>())).value();
  in.mistake(fail(error.message + (text ? didYouMean(*text, namesOf<E>()) : "")));
}
template <typename T, std::enable_if_t<hasFields<T>, int> = 0>
void readValue(JsonReader &in, const JsonValue &json, T &out, NoLimit) {
  readFields(in, json, out);
}
template <typename E>
void readValue(JsonReader &in, const JsonValue &json, std::map<E, double> &out, const NumberLimit &limit) {
  in.require(json.expectKeys(namesOf<E>()));
  for (const std::string &key : json.keys()) {
    if (const auto known = valueOf<E>(key)) {
      readValue(in, json[key], out[*known], limit);
    }
  }
}
inline void readValue(JsonReader &in, const JsonValue &json, std::map<std::string, double> &out,
                      const KeyedLimit &limit) {
  in.require(json.expectKeys(limit.keys));
  for (const std::string &key : json.keys()) {
    readValue(in, json[key], out[key], limit.each);
  }
}
template <typename T>
void readValue(JsonReader &in, const JsonValue &json, std::vector<T> &out, const CountLimit &) {
  in.forEach(json, [&](const JsonValue &element) { readValue(in, element, out.emplace_back(), NoLimit()); });
}
template <typename T, typename Limit>
void readValue(JsonReader &in, const JsonValue &json, std::optional<T> &out, const Limit &limit) {
  readValue(in, json, out.emplace(), limit);
}

template <typename T>
nlohmann::ordered_json written(const T &value) {
  nlohmann::ordered_json json;
  if constexpr (std::is_enum_v<T>) {
    json = nameOf(value);
  } else if constexpr (hasFields<T>) {
    writeFields(json, value);
  } else {
    json = value;
  }
  return json;
}
template <typename T>
nlohmann::ordered_json written(const std::vector<T> &list) {
  auto json = nlohmann::ordered_json::array();
  for (const T &element : list) {
    json.push_back(written(element));
  }
  return json;
}
template <typename E>
nlohmann::ordered_json written(const std::map<E, double> &map) {
  auto json = nlohmann::ordered_json::object();
  for (const auto &[key, value] : map) {
    json[nameOf(key)] = value;
  }
  return json;
}
inline nlohmann::ordered_json written(const std::map<std::string, double> &map) {
  return nlohmann::ordered_json(map);
}
template <typename T>
nlohmann::ordered_json written(const std::optional<T> &value) {
  return written(*value);
}

template <typename T, std::enable_if_t<hasFields<T>, int> = 0>
void checkValue(Rules &rules, const std::string &path, const T &value, NoLimit) {
  checkFields(rules, path, value);
}
/// Truths, texts and enumerations may be anything that they can be.
template <
    typename T,
    std::enable_if_t<std::is_enum_v<T> || std::is_same_v<T, bool> || std::is_same_v<T, std::string>, int> = 0>
void checkValue(Rules &, const std::string &, const T &, NoLimit) {}
inline void checkValue(Rules &rules, const std::string &path, int64_t value, const IntegerLimit &limit) {
  rules.require(path, limit, value);
}
inline void checkValue(Rules &rules, const std::string &path, double value, const NumberLimit &limit) {
  rules.require(path, limit, value);
}
template <typename E>
void checkValue(Rules &rules, const std::string &path, const std::map<E, double> &map,
                const NumberLimit &limit) {
  for (const auto &[key, value] : map) {
    rules.require(path + "." + nameOf(key), limit, value);
  }
}
inline void checkValue(Rules &rules, const std::string &path, const std::map<std::string, double> &map,
                       const KeyedLimit &limit) {
  for (const auto &[key, value] : map) {
    rules.require(path + "." + key, limit.each, value);
  }
}
template <typename T>
void checkValue(Rules &rules, const std::string &path, const std::vector<T> &list, const CountLimit &limit) {
  rules.require(list.size() >= limit.least && list.size() <= limit.most, path, limit.what,
                std::to_string(list.size()));
  for (size_t i = 0; i < list.size() && rules.status; ++i) {
    checkValue(rules, path + "[" + std::to_string(i) + "]", list[i], NoLimit());
  }
}
template <typename T, typename Limit>
void checkValue(Rules &rules, const std::string &path, const std::optional<T> &value, const Limit &limit) {
  if (value) {
    checkValue(rules, path, *value, limit);
  }
}

template <typename T>
bool equalValue(const T &a, const T &b) {
  if constexpr (hasFields<T>) {
    return equalFields(a, b);
  } else {
    return a == b;
  }
}
template <typename E>
bool equalValue(const std::map<E, double> &a, const std::map<E, double> &b) {
  return a == b;
}
template <typename T>
bool equalValue(const std::optional<T> &a, const std::optional<T> &b) {
  return a.has_value() == b.has_value() && (!a || equalValue(*a, *b));
}
template <typename T>
bool equalValue(const std::vector<T> &a, const std::vector<T> &b) {
  bool equal = a.size() == b.size();
  for (size_t i = 0; i < a.size() && equal; ++i) {
    equal = equalValue(a[i], b[i]);
  }
  return equal;
}

template <typename T>
bool isThere(const T &) {
  return true;
}
template <typename T>
bool isThere(const std::optional<T> &value) {
  return value.has_value();
}

//===----------------------------------------------------------------------===//
// Lists of fields
//===----------------------------------------------------------------------===//

/// The keys of an object, or how many elements a tuple has.
struct KeyCollector {
  std::vector<std::string> keys;

  template <typename M, typename Limit = NoLimit>
  void operator()(const char *key, M, const Limit & = {}) {
    keys.push_back(key);
  }
  template <typename M, typename Limit = NoLimit>
  void defaulted(const char *key, M, const Limit & = {}) {
    keys.push_back(key);
  }
  template <typename M, typename Limit = NoLimit>
  void optional(const char *key, M, const Limit & = {}) {
    keys.push_back(key);
  }
  template <typename M, typename K>
  void keyed(const char *key, M, K) {
    keys.push_back(key);
  }
};

template <typename T>
std::vector<std::string> keysOf() {
  KeyCollector collector;
  Fields<T>::list(collector);
  return collector.keys;
}

template <typename T>
struct FieldReader {
  JsonReader &in;
  const JsonValue &json;
  T &out;
  size_t index = 0;

  JsonValue next(const char *key) {
    if constexpr (isTuple<T>) {
      return json.element(index++);
    } else {
      return json[key];
    }
  }
  template <typename M, typename Limit = NoLimit>
  void operator()(const char *key, M T::*member, const Limit &limit = {}) {
    readValue(in, next(key), out.*member, limit);
  }
  template <typename M, typename Limit = NoLimit>
  void operator()(const char *key, std::optional<M> T::*member, const Limit &limit = {}) {
    defaulted(key, member, limit);
  }
  template <typename M, typename Limit = NoLimit>
  void defaulted(const char *key, M T::*member, const Limit &limit = {}) {
    if (const JsonValue value = next(key); !value.isMissing()) {
      readValue(in, value, out.*member, limit);
    }
  }
  template <typename M>
  void optional(const char *key, std::vector<M> T::*member, const CountLimit &limit) {
    if (const JsonValue value = next(key); !value.isMissing()) {
      readValue(in, value, out.*member, limit);
      if (value.isArray() && value.size() == 0) {
        in.mistake(value.error(std::string("expected ") + limit.what + ", got 0"));
      }
    }
  }
  template <typename M, typename E>
  void keyed(const char *key, std::vector<M> T::*member, E M::*name) {
    const JsonValue elements = next(key);
    in.require(elements.expectKeys(namesOf<E>()));
    for (const auto &[value, text] : Names<E>::all()) {
      if (const JsonValue element = elements[text]; !element.isMissing()) {
        M &made = (out.*member).emplace_back();
        made.*name = value;
        readValue(in, element, made, NoLimit());
      }
    }
  }
};

template <typename T>
void readFields(JsonReader &in, const JsonValue &json, T &out, const std::vector<std::string> &otherKeys) {
  std::vector<std::string> keys = keysOf<T>();
  keys.insert(keys.begin(), otherKeys.begin(), otherKeys.end());
  if constexpr (isTuple<T>) {
    if (!json.isArray() || json.size() != keys.size()) {
      std::string shape;
      for (const std::string &key : keys) {
        shape += (shape.empty() ? "" : ", ") + key;
      }
      const std::string got = json.isArray() ? ", got " + std::to_string(json.size()) + " elements" : "";
      in.mistake(got.empty() ? json.expected("[" + shape + "]")
                             : json.error("expected [" + shape + "]" + got));
      return;
    }
  } else {
    in.require(json.expectKeys(keys));
    if (!json.isObject()) {
      return;
    }
  }
  FieldReader<T> reader{in, json, out};
  Fields<T>::list(reader);
}

template <typename T>
struct FieldWriter {
  nlohmann::ordered_json &json;
  const T &value;

  template <typename M, typename Limit = NoLimit>
  void operator()(const char *key, M T::*member, const Limit & = {}) {
    if (isThere(value.*member)) {
      if constexpr (isTuple<T>) {
        json.push_back(written(value.*member));
      } else {
        json[key] = written(value.*member);
      }
    }
  }
  template <typename M, typename Limit = NoLimit>
  void defaulted(const char *key, M T::*member, const Limit & = {}) {
    (*this)(key, member);
  }
  template <typename M>
  void optional(const char *key, std::vector<M> T::*member, const CountLimit &) {
    if (!(value.*member).empty()) {
      (*this)(key, member);
    }
  }
  template <typename M, typename E>
  void keyed(const char *key, std::vector<M> T::*member, E M::*name) {
    json[key] = nlohmann::ordered_json::object();
    for (const M &element : value.*member) {
      json[key][nameOf(element.*name)] = written(element);
    }
  }
};

template <typename T>
void writeFields(nlohmann::ordered_json &json, const T &value) {
  if (json.is_null()) {
    json = isTuple<T> ? nlohmann::ordered_json::array() : nlohmann::ordered_json::object();
  }
  FieldWriter<T> writer{json, value};
  Fields<T>::list(writer);
}

template <typename T>
struct FieldChecker {
  Rules &rules;
  const std::string &path;
  const T &value;
  size_t index = 0;

  template <typename M, typename Limit = NoLimit>
  void operator()(const char *key, M T::*member, const Limit &limit = {}) {
    const std::string place = isTuple<T> ? path + "[" + std::to_string(index++) + "]" : path + "." + key;
    if (rules.status) {
      checkValue(rules, place, value.*member, limit);
    }
  }
  template <typename M, typename Limit = NoLimit>
  void defaulted(const char *key, M T::*member, const Limit &limit = {}) {
    (*this)(key, member, limit);
  }
  template <typename M>
  void optional(const char *key, std::vector<M> T::*member, const CountLimit &limit) {
    if (!(value.*member).empty()) {
      (*this)(key, member, limit);
    }
  }
  template <typename M, typename E>
  void keyed(const char *key, std::vector<M> T::*member, E M::*name) {
    const std::vector<M> &list = value.*member;
    const std::string place = path + "." + key;
    for (size_t i = 0; i < list.size() && rules.status; ++i) {
      rules.require(i == 0 || list[i - 1].*name < list[i].*name, place, "each key once, in ascending order",
                    nameOf(list[i].*name));
      checkValue(rules, place + "." + nameOf(list[i].*name), list[i], NoLimit());
    }
  }
};

template <typename T>
void checkFields(Rules &rules, const std::string &path, const T &value) {
  FieldChecker<T> checker{rules, path, value};
  Fields<T>::list(checker);
}

template <typename T>
struct FieldComparer {
  const T &a, &b;
  bool equal = true;

  template <typename M, typename Limit = NoLimit>
  void operator()(const char *, M T::*member, const Limit & = {}) {
    equal = equal && equalValue(a.*member, b.*member);
  }
  template <typename M, typename Limit = NoLimit>
  void defaulted(const char *key, M T::*member, const Limit & = {}) {
    (*this)(key, member);
  }
  template <typename M, typename Limit = NoLimit>
  void optional(const char *key, M T::*member, const Limit & = {}) {
    (*this)(key, member);
  }
  template <typename M, typename E>
  void keyed(const char *, std::vector<M> T::*member, E M::*name) {
    const std::vector<M> &as = a.*member, &bs = b.*member;
    equal = equal && equalValue(as, bs);
    for (size_t i = 0; i < as.size() && equal; ++i) {
      equal = as[i].*name == bs[i].*name;
    }
  }
};

template <typename T>
bool equalFields(const T &a, const T &b) {
  FieldComparer<T> comparer{a, b};
  Fields<T>::list(comparer);
  return comparer.equal;
}

} // namespace coopt::machine

#endif // COOPT_LIB_MACHINE_FIELDS_H
