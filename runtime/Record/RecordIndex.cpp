#include "Record/RecordIndex.h"

#include "coopt/Support/MappedFile.h"
#include "coopt/Support/OutputFile.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::runtime;
using Json = nlohmann::ordered_json;
using Kind = RecordedOperand::Kind;

static const char *const kindNames[] = {"buffer", "parameter", "state"};

static std::string hexadecimal(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

static Json print(const RecordedOperand &operand) {
  Json json;
  json["direction"] = operand.written ? "out" : "in";
  json["kind"] = kindNames[static_cast<size_t>(operand.kind)];
  if (operand.kind != Kind::Buffer) {
    json["name"] = operand.name;
  }
  json["type"] = package::elementName(operand.type);
  json["shape"] = operand.shape;
  if (operand.kind == Kind::Parameter) {
    json["checksum"] = hexadecimal(operand.checksum);
  }
  if (!operand.in.empty()) {
    json["in"] = operand.in;
  }
  if (!operand.out.empty()) {
    json["out"] = operand.out;
  }
  return json;
}

Status runtime::writeRecordIndex(const std::string &folder, const RecordIndex &index) {
  Json json;
  json["format"] = 1;
  json["package"] = hexadecimal(index.package);
  json["isa"] = index.isa;
  json["calls"] = Json::array();
  for (const RecordedCall &call : index.calls) {
    Json sizes = Json::object();
    for (const auto &[name, value] : call.sizes) {
      sizes[name] = value;
    }
    Json arguments = Json::array();
    for (size_t i = 0; i < call.argumentNames.size(); ++i) {
      arguments.push_back({{"name", call.argumentNames[i]}, {"file", call.argumentFiles[i]}});
    }
    json["calls"].push_back({{"entry", call.entry}, {"sizes", sizes}, {"arguments", arguments}});
  }
  json["dispatches"] = Json::array();
  for (const RecordedDispatch &dispatch : index.dispatches) {
    Json operands = Json::array();
    for (const RecordedOperand &operand : dispatch.operands) {
      operands.push_back(print(operand));
    }
    json["dispatches"].push_back({{"op", dispatch.opId},
                                  {"call", dispatch.call},
                                  {"run", dispatch.run},
                                  {"occurrence", dispatch.occurrence},
                                  {"kernel", dispatch.kernel},
                                  {"items", dispatch.items},
                                  {"operands", operands}});
  }
  std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace);
  auto file = OutputFile::create(folder + "/index.json");
  if (!file) {
    return forward(file.error());
  }
  if (auto status = file->write(text.data(), text.size()); !status) {
    return status;
  }
  return file->commit();
}

namespace {

/// Remembers the first mistake and its path; after it every value is a default.
class Reader {
public:
  const Json &member(const Json &object, const char *key, const std::string &path) {
    static const Json nothing;
    auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end()) {
      mistake(path + "." + key, "missing");
      return nothing;
    }
    return *found;
  }
  std::string string(const Json &object, const char *key, const std::string &path, bool optional = false) {
    if (optional && !(object.is_object() && object.contains(key))) {
      return {};
    }
    const Json &value = member(object, key, path);
    if (!value.is_string()) {
      mistake(path + "." + key, "expected a string");
      return {};
    }
    return value.get<std::string>();
  }
  /// A file of the record: a name, not a path.
  std::string fileName(const Json &object, const char *key, const std::string &path, bool optional = false) {
    std::string name = string(object, key, path, optional);
    if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
      mistake(path + "." + key, "expected the name of a file in the record");
    }
    return name;
  }
  int64_t integer(const Json &value, const std::string &path) {
    constexpr int64_t limit = int64_t(1) << 47;
    bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= static_cast<uint64_t>(limit)
                                           : value.is_number_integer() && value.get<int64_t>() >= 0;
    if (!fits) {
      mistake(path, "expected an integer between 0 and 2^47");
      return 0;
    }
    return value.get<int64_t>();
  }
  int64_t integer(const Json &object, const char *key, const std::string &path) {
    return integer(member(object, key, path), path + "." + key);
  }
  uint64_t hash(const Json &object, const char *key, const std::string &path) {
    std::string text = string(object, key, path);
    if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
      mistake(path + "." + key, "expected 16 hexadecimal digits");
      return 0;
    }
    return std::stoull(text, nullptr, 16);
  }
  template <typename F>
  void array(const Json &object, const char *key, const std::string &path, F element) {
    const Json &values = member(object, key, path);
    if (!values.is_array()) {
      mistake(path + "." + key, "expected an array");
    }
    for (size_t i = 0; values.is_array() && i < values.size() && error.empty(); ++i) {
      element(values[i], path + "." + key + "[" + std::to_string(i) + "]");
    }
  }
  void mistake(const std::string &path, const std::string &what) {
    if (error.empty()) {
      error = path + ": " + what;
    }
  }
  std::string error;
};

RecordedOperand readOperand(Reader &in, const Json &json, const std::string &path) {
  RecordedOperand operand;
  std::string direction = in.string(json, "direction", path);
  operand.written = direction == "out";
  if (direction != "in" && direction != "out") {
    in.mistake(path + ".direction", "expected 'in' or 'out'");
  }
  std::string kind = in.string(json, "kind", path);
  bool known = false;
  for (size_t i = 0; i < 3; ++i) {
    if (kind == kindNames[i]) {
      operand.kind = static_cast<Kind>(i);
      known = true;
    }
  }
  if (!known) {
    in.mistake(path + ".kind", "expected 'buffer', 'parameter' or 'state'");
  }
  if (operand.kind != Kind::Buffer) {
    operand.name = in.string(json, "name", path);
  }
  if (auto type = package::elementNamed(in.string(json, "type", path))) {
    operand.type = *type;
  } else {
    in.mistake(path + ".type", "unknown element type");
  }
  in.array(json, "shape", path, [&](const Json &value, const std::string &place) {
    operand.shape.push_back(in.integer(value, place));
  });
  if (operand.kind == Kind::Parameter) {
    operand.checksum = in.hash(json, "checksum", path);
  }
  if (operand.kind == Kind::State && operand.shape.size() != 3) {
    in.mistake(path + ".shape", "expected [outer, filled, inner]");
  }
  operand.in = in.fileName(json, "in", path, /*optional=*/true);
  operand.out = in.fileName(json, "out", path, /*optional=*/true);
  return operand;
}

RecordIndex readIndex(Reader &in, const Json &json) {
  RecordIndex index;
  if (in.integer(json, "format", "$") != 1) {
    in.mistake("$.format", "expected 1");
  }
  index.package = in.hash(json, "package", "$");
  index.isa = in.string(json, "isa", "$");
  in.array(json, "calls", "$", [&](const Json &value, const std::string &path) {
    RecordedCall call;
    call.entry = in.string(value, "entry", path);
    const Json &sizes = in.member(value, "sizes", path);
    if (!sizes.is_object()) {
      in.mistake(path + ".sizes", "expected an object");
    } else {
      for (const auto &item : sizes.items()) {
        call.sizes.emplace_back(item.key(), in.integer(item.value(), path + ".sizes." + item.key()));
      }
    }
    in.array(value, "arguments", path, [&](const Json &argument, const std::string &place) {
      call.argumentNames.push_back(in.string(argument, "name", place));
      call.argumentFiles.push_back(in.fileName(argument, "file", place));
    });
    index.calls.push_back(std::move(call));
  });
  in.array(json, "dispatches", "$", [&](const Json &value, const std::string &path) {
    RecordedDispatch dispatch;
    dispatch.opId = in.string(value, "op", path);
    dispatch.call = static_cast<uint64_t>(in.integer(value, "call", path));
    dispatch.run = static_cast<uint64_t>(in.integer(value, "run", path));
    dispatch.occurrence = static_cast<uint64_t>(in.integer(value, "occurrence", path));
    dispatch.kernel = in.string(value, "kernel", path);
    dispatch.items = static_cast<uint32_t>(in.integer(value, "items", path));
    in.array(value, "operands", path, [&](const Json &operand, const std::string &place) {
      dispatch.operands.push_back(readOperand(in, operand, place));
    });
    if (dispatch.run >= index.calls.size()) {
      in.mistake(path + ".run", "no such call");
    }
    index.dispatches.push_back(std::move(dispatch));
  });
  return index;
}

} // namespace

Expected<RecordIndex> runtime::readRecordIndex(const std::string &folder) {
  std::string path = folder + "/index.json";
  auto file = MappedFile::open(path);
  if (!file) {
    return forward(file.error());
  }
  Json json = Json::parse(file->data(), file->data() + file->size(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return fail(path + ": not JSON");
  }
  Reader in;
  RecordIndex index = readIndex(in, json);
  if (!in.error.empty()) {
    return fail(path + ": " + in.error);
  }
  return index;
}
