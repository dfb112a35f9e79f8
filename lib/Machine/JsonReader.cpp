#include "JsonReader.h"

#include <algorithm>
#include <set>

using namespace coopt;
using namespace coopt::machine;
using nlohmann::json;

static size_t editDistance(std::string_view a, std::string_view b) {
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

std::string machine::didYouMean(std::string_view word, const std::vector<std::string> &known) {
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

std::string machine::alternatives(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text;
}

std::string machine::memberPath(const std::string &path, const std::string &key) {
  std::string escaped; // RFC 6901
  for (char c : key.substr(0, 64)) {
    escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return path + "/" + escaped;
}

std::string machine::describe(const json &value) {
  if (value.is_object() || value.is_array()) {
    return value.is_object() ? "an object" : "an array";
  }
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 60) + ".." : text;
}

static std::string lineAndColumn(std::string_view text, size_t byte) {
  byte = std::min(byte, text.size());
  const std::string_view before = text.substr(0, byte);
  const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t lineStart = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return std::to_string(line) + ":" + std::to_string(byte - lineStart + 1);
}

namespace {
struct KeyTwice {
  std::string key;
};
} // namespace

Expected<json> machine::parseJson(std::string_view text) {
  std::vector<std::set<std::string>> keys; // of the objects that are open
  auto refuseKeysGivenTwice = [&](int, json::parse_event_t event, json &parsed) {
    if (event == json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == json::parse_event_t::key) {
      std::string key = parsed.get<std::string>();
      if (!keys.back().insert(key).second) {
        throw KeyTwice{key};
      }
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), refuseKeysGivenTwice);
  } catch (const KeyTwice &twice) {
    return fail("key '" + twice.key.substr(0, 64) + "' is given twice in one object");
  } catch (const json::parse_error &error) {
    // The library's text is "[json.exception.parse_error.101] parse error at line 1, column 5: <reason>".
    std::string reason = error.what();
    size_t start = reason.find(": ");
    reason = start == std::string::npos ? reason : reason.substr(start + 2);
    const size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    return fail(lineAndColumn(text, byte) + ": not valid JSON: " + reason.substr(0, 200));
  } catch (const json::exception &error) {
    // Numbers beyond binary64: "[json.exception.out_of_range.406] number overflow parsing '1e999'".
    const std::string reason = error.what();
    const size_t bracket = reason.find("] ");
    return fail("not valid JSON: " +
                (bracket == std::string::npos ? reason : reason.substr(bracket + 2)).substr(0, 200));
  }
}

ObjectReader::ObjectReader(const json &object, std::string path, std::vector<std::string> keys,
                           Status &status)
    : place(std::move(path)), status(status) {
  if (!status) {
    return;
  }
  if (!object.is_object()) {
    status = fail((place.empty() ? "/" : place) + ": expected an object, got " + describe(object));
    return;
  }
  for (const auto &item : object.items()) {
    if (std::find(keys.begin(), keys.end(), item.key()) == keys.end()) {
      status = fail(memberPath(place, item.key()) + ": unknown key" + didYouMean(item.key(), keys));
      return;
    }
  }
  value = &object;
}

bool ObjectReader::has(const char *key) const { return status && value && value->contains(key); }

const json *ObjectReader::member(const char *key, const char *expected) {
  if (!status) {
    return nullptr;
  }
  auto found = value->find(key);
  if (found == value->end()) {
    status = fail(path(key) + ": expected " + expected + ", got nothing: the key is missing");
    return nullptr;
  }
  return &*found;
}

void ObjectReader::mistake(const char *key, const char *expected, const json &got) {
  status = fail(path(key) + ": expected " + expected + ", got " + describe(got));
}

int64_t ObjectReader::integer(const char *key) {
  const json *found = member(key, "an integer");
  if (!found) {
    return 0;
  }
  if (!found->is_number_integer() ||
      (found->is_number_unsigned() && found->get<uint64_t>() > uint64_t(INT64_MAX))) {
    mistake(key, "an integer below 2^63", *found);
    return 0;
  }
  return found->get<int64_t>();
}

double ObjectReader::number(const char *key) {
  const json *found = member(key, "a number");
  if (!found) {
    return 0;
  }
  if (!found->is_number()) {
    mistake(key, "a number", *found);
    return 0;
  }
  return found->get<double>();
}

std::string ObjectReader::text(const char *key) {
  const json *found = member(key, "a string");
  if (!found) {
    return "";
  }
  if (!found->is_string()) {
    mistake(key, "a string", *found);
    return "";
  }
  return found->get<std::string>();
}

const json *ObjectReader::object(const char *key) {
  const json *found = member(key, "an object");
  if (found && !found->is_object()) {
    mistake(key, "an object", *found);
    return nullptr;
  }
  return found;
}

const json *ObjectReader::array(const char *key) {
  const json *found = member(key, "an array");
  if (found && !found->is_array()) {
    mistake(key, "an array", *found);
    return nullptr;
  }
  return found;
}
