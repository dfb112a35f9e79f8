#include "ManifestJson.h"

#include "Container.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

using namespace coopt;
using namespace coopt::package;
using Json = nlohmann::ordered_json;

// Checksums use all 64 bits, which many JSON readers round: they are written as hexadecimal text.
static std::string hexadecimal(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

/// JSON text must be UTF-8; what isn't, is shown with replacement characters rather than refused.
static std::string dump(const Json &json) { return json.dump(1, ' ', false, Json::error_handler_t::replace); }

std::string package::printManifest(const ManifestDocument &document) {
  const Manifest &manifest = document.manifest;
  Json json;
  json["producer"] = manifest.producer;
  json["target"] = manifest.target;
  if (manifest.model) {
    const ModelInfo &model = *manifest.model;
    Json &out = json["model"];
    out["name"] = model.name;
    out["family"] = model.family;
    out["quantization"] = model.quantization;
    out["vocabulary"] = model.vocabulary;
    out["context"] = model.context;
    out["chunk"] = model.chunk;
    if (model.bos) {
      out["bos"] = *model.bos;
    }
    out["eos"] = model.eos;
  }
  json["code"] = Json::array();
  for (const auto &[variant, features] : document.code) {
    json["code"].push_back({{"variant", variant}, {"features", features}});
  }
  json["parameters"] = Json::array();
  for (const Parameter &parameter : manifest.parameters) {
    Json out;
    out["name"] = parameter.name;
    out["type"] = elementName(parameter.type);
    out["shape"] = parameter.shape;
    if (!parameter.layout.empty()) {
      out["layout"] = parameter.layout;
    }
    out["bytes"] = parameter.bytes;
    if (parameter.noise) {
      out["noise"] = {{"seed", hexadecimal(parameter.noise->seed)}, {"scale", parameter.noise->scale}};
    } else {
      out["offset"] = parameter.offset;
      out["checksum"] = hexadecimal(parameter.checksum);
    }
    json["parameters"].push_back(std::move(out));
  }
  return dump(json);
}

namespace {

/// Typed access to a JSON object that remembers the first mistake and its path; after it every value is a
/// default.
class Reader {
public:
  const Json *member(const Json &object, const char *key, const std::string &path, bool optional = false) {
    if (!object.is_object()) {
      mistake(path, "expected an object");
      return nullptr;
    }
    auto found = object.find(key);
    if (found == object.end()) {
      if (!optional) {
        mistake(path + "." + key, "missing");
      }
      return nullptr;
    }
    return &*found;
  }
  std::string string(const Json &object, const char *key, const std::string &path, bool optional = false) {
    const Json *value = member(object, key, path, optional);
    if (value && !value->is_string()) {
      mistake(path + "." + key, "expected a string");
      value = nullptr;
    }
    return value ? value->get<std::string>() : std::string();
  }
  int64_t integer(const Json &value, const std::string &path, int64_t min, int64_t max) {
    // Unsigned numbers above the largest signed one would wrap.
    bool fits = value.is_number_integer() &&
                (!value.is_number_unsigned() || value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
    int64_t number = fits ? value.get<int64_t>() : 0;
    if (!fits || number < min || number > max) {
      mistake(path, "expected an integer between " + std::to_string(min) + " and " + std::to_string(max));
      return min;
    }
    return number;
  }
  int64_t integer(const Json &object, const char *key, const std::string &path, int64_t min, int64_t max) {
    const Json *value = member(object, key, path);
    return value ? integer(*value, path + "." + key, min, max) : min;
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
    const Json *values = member(object, key, path);
    if (!values) {
      return;
    }
    if (!values->is_array()) {
      mistake(path + "." + key, "expected an array");
      return;
    }
    for (size_t i = 0; i < values->size() && error.empty(); ++i) {
      element((*values)[i], path + "." + key + "[" + std::to_string(i) + "]");
    }
  }
  std::vector<std::string> strings(const Json &object, const char *key, const std::string &path) {
    std::vector<std::string> result;
    array(object, key, path, [&](const Json &value, const std::string &place) {
      if (!value.is_string()) {
        mistake(place, "expected a string");
      } else {
        result.push_back(value.get<std::string>());
      }
    });
    return result;
  }
  void mistake(const std::string &path, const std::string &what) {
    if (error.empty()) {
      error = path + ": " + what;
    }
  }

  std::string error;
};

constexpr int64_t kMaxNumber = int64_t(1) << 47;

ModelInfo readModel(Reader &in, const Json &json) {
  const std::string path = "$.model";
  ModelInfo model;
  model.name = in.string(json, "name", path);
  model.family = in.string(json, "family", path);
  model.quantization = in.string(json, "quantization", path);
  model.vocabulary = in.integer(json, "vocabulary", path, 1, INT32_MAX);
  model.context = in.integer(json, "context", path, 1, kMaxNumber);
  model.chunk = in.integer(json, "chunk", path, 1, model.context);
  if (const Json *bos = in.member(json, "bos", path, /*optional=*/true)) {
    model.bos = in.integer(*bos, path + ".bos", 0, model.vocabulary - 1);
  }
  in.array(json, "eos", path, [&](const Json &value, const std::string &place) {
    model.eos.push_back(in.integer(value, place, 0, model.vocabulary - 1));
  });
  return model;
}

Parameter readParameter(Reader &in, const Json &json, const std::string &path, uint64_t sectionBytes) {
  Parameter parameter;
  parameter.name = in.string(json, "name", path);
  std::string type = in.string(json, "type", path);
  if (auto known = elementNamed(type)) {
    parameter.type = *known;
  } else {
    in.mistake(path + ".type", "unknown element type '" + type + "'");
  }
  in.array(json, "shape", path, [&](const Json &value, const std::string &place) {
    parameter.shape.push_back(in.integer(value, place, 0, kMaxNumber));
  });
  parameter.layout = in.string(json, "layout", path, /*optional=*/true);
  parameter.bytes = static_cast<uint64_t>(in.integer(json, "bytes", path, 0, kMaxNumber));
  auto expected = bufferBytes(parameter.type, parameter.shape);
  if (!expected || *expected != parameter.bytes) {
    in.mistake(path + ".bytes", "expected " + (expected ? std::to_string(*expected) : "fewer than 2^47") +
                                    " for this type and shape, got " + std::to_string(parameter.bytes));
  }
  if (const Json *noise = in.member(json, "noise", path, /*optional=*/true)) {
    Parameter::Noise values;
    values.seed = in.hash(*noise, "seed", path + ".noise");
    const Json *scale = in.member(*noise, "scale", path + ".noise");
    if (scale && scale->is_number() && std::isfinite(scale->get<double>())) {
      values.scale = scale->get<double>();
    } else {
      in.mistake(path + ".noise.scale", "expected a finite number");
    }
    parameter.noise = values;
    return parameter;
  }
  parameter.offset = static_cast<uint64_t>(in.integer(json, "offset", path, 0, kMaxNumber));
  if (parameter.offset % kParameterAlignment != 0 || parameter.offset > sectionBytes ||
      parameter.bytes > sectionBytes - parameter.offset) {
    in.mistake(path + ".offset", "[" + std::to_string(parameter.offset) + ", +" +
                                     std::to_string(parameter.bytes) +
                                     ") is misaligned or lies outside the parameter section of " +
                                     std::to_string(sectionBytes) + " bytes");
  }
  parameter.checksum = in.hash(json, "checksum", path);
  return parameter;
}

} // namespace

Expected<ManifestDocument> package::parseManifest(const char *text, size_t size,
                                                  uint64_t parameterSectionBytes) {
  Json json = Json::parse(text, text + size, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return fail("manifest: not JSON");
  }
  Reader in;
  ManifestDocument document;
  Manifest &manifest = document.manifest;
  manifest.producer = in.string(json, "producer", "$");
  manifest.target = in.string(json, "target", "$");
  if (in.error.empty()) {
    if (const Json *model = in.member(json, "model", "$", /*optional=*/true)) {
      manifest.model = readModel(in, *model);
    }
    in.array(json, "code", "$", [&](const Json &value, const std::string &path) {
      document.code.emplace_back(in.string(value, "variant", path), in.strings(value, "features", path));
    });
    std::set<std::string> names;
    in.array(json, "parameters", "$", [&](const Json &value, const std::string &path) {
      manifest.parameters.push_back(readParameter(in, value, path, parameterSectionBytes));
      if (!names.insert(manifest.parameters.back().name).second) {
        in.mistake(path + ".name", "there twice");
      }
    });
  }
  if (!in.error.empty()) {
    return fail("manifest: " + in.error);
  }
  return document;
}
