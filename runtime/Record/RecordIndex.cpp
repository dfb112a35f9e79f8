#include "Record/RecordIndex.h"

#include "coopt/Support/Json.h"
#include "coopt/Support/MappedFile.h"
#include "coopt/Support/OutputFile.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::runtime;
using Json = nlohmann::ordered_json;
using Kind = RecordedOperand::Kind;

static const char *const kindNames[] = {"buffer", "parameter", "state"};

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

constexpr int64_t largestNumber = int64_t(1) << 47;

uint64_t number(JsonReader &in, const JsonValue &value) {
  return static_cast<uint64_t>(in.read(value.integer(0, largestNumber)));
}

/// A file of the record: a name, not a path.
std::string fileName(JsonReader &in, const JsonValue &value) {
  std::string name = in.read(value.string());
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    in.mistake(value.expected("the name of a file in the record"));
  }
  return name;
}

RecordedOperand readOperand(JsonReader &in, const JsonValue &value) {
  in.require(value.expectObject());
  RecordedOperand operand;
  std::string direction = in.read(value["direction"].string());
  operand.written = direction == "out";
  if (direction != "in" && direction != "out") {
    in.mistake(value["direction"].expected("'in' or 'out'"));
  }
  std::string kind = in.read(value["kind"].string());
  bool known = false;
  for (size_t i = 0; i < 3; ++i) {
    if (kind == kindNames[i]) {
      operand.kind = static_cast<Kind>(i);
      known = true;
    }
  }
  if (!known) {
    in.mistake(value["kind"].expected("'buffer', 'parameter' or 'state'"));
  }
  if (operand.kind != Kind::Buffer) {
    in.take(value["name"].string(), operand.name);
  }
  if (auto type = package::elementNamed(in.read(value["type"].string()))) {
    operand.type = *type;
  } else {
    in.mistake(value["type"].expected("the name of an element type"));
  }
  in.forEach(value["shape"], [&](const JsonValue &size) {
    operand.shape.push_back(in.read(size.integer(0, largestNumber)));
  });
  if (operand.kind == Kind::Parameter) {
    in.take(value["checksum"].hexadecimal(), operand.checksum);
  }
  if (operand.kind == Kind::State && operand.shape.size() != 3) {
    in.mistake(value["shape"].error("expected [outer, filled, inner]"));
  }
  if (JsonValue file = value["in"]; !file.isMissing()) {
    operand.in = fileName(in, file);
  }
  if (JsonValue file = value["out"]; !file.isMissing()) {
    operand.out = fileName(in, file);
  }
  return operand;
}

RecordIndex readIndex(JsonReader &in, const JsonValue &root) {
  in.require(root.expectObject());
  RecordIndex index;
  if (in.read(root["format"].integer(0, largestNumber)) != 1) {
    in.mistake(root["format"].expected("1"));
  }
  in.take(root["package"].hexadecimal(), index.package);
  in.take(root["isa"].string(), index.isa);
  in.forEach(root["calls"], [&](const JsonValue &value) {
    in.require(value.expectObject());
    RecordedCall call;
    in.take(value["entry"].string(), call.entry);
    JsonValue sizes = value["sizes"];
    in.require(sizes.expectObject());
    for (const std::string &name : sizes.keys()) {
      call.sizes.emplace_back(name, in.read(sizes[name].integer(0, largestNumber)));
    }
    in.forEach(value["arguments"], [&](const JsonValue &argument) {
      in.require(argument.expectObject());
      call.argumentNames.push_back(in.read(argument["name"].string()));
      call.argumentFiles.push_back(fileName(in, argument["file"]));
    });
    index.calls.push_back(std::move(call));
  });
  in.forEach(root["dispatches"], [&](const JsonValue &value) {
    in.require(value.expectObject());
    RecordedDispatch dispatch;
    in.take(value["op"].string(), dispatch.opId);
    dispatch.call = number(in, value["call"]);
    dispatch.run = number(in, value["run"]);
    dispatch.occurrence = number(in, value["occurrence"]);
    in.take(value["kernel"].string(), dispatch.kernel);
    dispatch.items = static_cast<uint32_t>(in.read(value["items"].integer(0, UINT32_MAX)));
    in.forEach(value["operands"],
               [&](const JsonValue &operand) { dispatch.operands.push_back(readOperand(in, operand)); });
    if (dispatch.run >= index.calls.size()) {
      in.mistake(value["run"].error("no such call"));
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
  auto json = JsonDocument::parse({reinterpret_cast<const char *>(file->data()), file->size()}, path);
  if (!json) {
    return forward(json.error());
  }
  JsonReader in;
  RecordIndex index = readIndex(in, json->root());
  if (!in.status) {
    return forward(in.status.error());
  }
  return index;
}
