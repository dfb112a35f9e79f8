#include "ManifestJson.h"

#include "Container.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Support/Json.h"

#include <nlohmann/json.hpp>
#include <set>

using namespace coopt;
using namespace coopt::package;
using Json = nlohmann::ordered_json;

/// JSON text must be UTF-8; what isn't, is shown with replacement characters rather than refused.
static std::string dump(const Json &json) { return json.dump(1, ' ', false, Json::error_handler_t::replace); }

std::string package::printManifest(const ManifestDocument &document) {
  const Manifest &manifest = document.manifest;
  Json json;
  json["producer"] = manifest.producer;
  json["target"] = manifest.target;
  if (!manifest.machine.empty()) {
    json["machine"] = manifest.machine; // a text, whose hash is in the images
  }
  if (manifest.model) {
    const ModelInfo &model = *manifest.model;
    Json &out = json["model"];
    out["name"] = model.name;
    out["family"] = model.family;
    out["quantization"] = model.quantization;
    if (!model.sparsity.empty()) {
      out["sparsity"] = model.sparsity;
    }
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
    if (parameter.experts > 0) {
      out["experts"] = parameter.experts;
    }
    if (parameter.noise) {
      out["noise"] = {{"seed", hexadecimal(parameter.noise->seed)}, {"scale", parameter.noise->scale}};
    } else {
      out["offset"] = parameter.offset;
      out["checksum"] = hexadecimal(parameter.checksum);
    }
    json["parameters"].push_back(std::move(out));
  }
  for (const Contraction &contraction : manifest.contractions) {
    json["contractions"].push_back({{"op", contraction.opId},
                                    {"dispatch", contraction.dispatchId},
                                    {"operand", contraction.operand},
                                    {"columns", contraction.columns},
                                    {"source", contraction.source}});
  }
  return dump(json);
}

namespace {

constexpr int64_t kMaxNumber = int64_t(1) << 47;

ModelInfo readModel(JsonReader &in, const JsonValue &value) {
  ModelInfo model;
  in.take(value["name"].string(), model.name);
  in.take(value["family"].string(), model.family);
  in.take(value["quantization"].string(), model.quantization);
  if (JsonValue sparsity = value["sparsity"]; !sparsity.isMissing()) {
    in.take(sparsity.string(), model.sparsity);
  }
  in.take(value["vocabulary"].integer(1, INT32_MAX), model.vocabulary);
  in.take(value["context"].integer(1, kMaxNumber), model.context);
  in.take(value["chunk"].integer(1, model.context), model.chunk);
  if (JsonValue bos = value["bos"]; !bos.isMissing()) {
    model.bos = in.read(bos.integer(0, model.vocabulary - 1));
  }
  in.forEach(value["eos"],
             [&](const JsonValue &id) { model.eos.push_back(in.read(id.integer(0, model.vocabulary - 1))); });
  return model;
}

Parameter readParameter(JsonReader &in, const JsonValue &value, uint64_t sectionBytes) {
  Parameter parameter;
  in.take(value["name"].string(), parameter.name);
  if (auto known = elementNamed(in.read(value["type"].string()))) {
    parameter.type = *known;
  } else {
    in.mistake(value["type"].expected("the name of an element type"));
  }
  in.forEach(value["shape"],
             [&](const JsonValue &size) { parameter.shape.push_back(in.read(size.integer(0, kMaxNumber))); });
  if (JsonValue layout = value["layout"]; !layout.isMissing()) {
    in.take(layout.string(), parameter.layout);
  }
  parameter.bytes = static_cast<uint64_t>(in.read(value["bytes"].integer(0, kMaxNumber)));
  auto expected = bufferBytes(parameter.type, parameter.shape);
  if (!expected || *expected != parameter.bytes) {
    in.mistake(value["bytes"].expected((expected ? std::to_string(*expected) : "fewer than 2^47") +
                                       " for this type and shape"));
  }
  if (JsonValue experts = value["experts"]; !experts.isMissing()) {
    parameter.experts = static_cast<uint32_t>(in.read(experts.integer(1, UINT16_MAX)));
    if (parameter.bytes % parameter.experts != 0) {
      in.mistake(experts.expected("a divisor of the bytes, " + std::to_string(parameter.bytes)));
    }
  }
  if (JsonValue noise = value["noise"]; !noise.isMissing()) {
    in.require(noise.expectObject());
    Parameter::Noise values;
    in.take(noise["seed"].hexadecimal(), values.seed);
    in.take(noise["scale"].number(), values.scale);
    parameter.noise = values;
    return parameter;
  }
  parameter.offset = static_cast<uint64_t>(in.read(value["offset"].integer(0, kMaxNumber)));
  if (parameter.offset % kParameterAlignment != 0 || parameter.offset > sectionBytes ||
      parameter.bytes > sectionBytes - parameter.offset) {
    in.mistake(value["offset"].error("[" + std::to_string(parameter.offset) + ", +" +
                                     std::to_string(parameter.bytes) +
                                     ") is misaligned or lies outside the parameter section of " +
                                     std::to_string(sectionBytes) + " bytes"));
  }
  in.take(value["checksum"].hexadecimal(), parameter.checksum);
  return parameter;
}

} // namespace

Expected<ManifestDocument> package::parseManifest(const char *text, size_t size,
                                                  uint64_t parameterSectionBytes) {
  auto json = JsonDocument::parse({text, size}, "manifest");
  if (!json) {
    return forward(json.error());
  }
  JsonReader in;
  JsonValue root = json->root();
  in.require(root.expectObject());
  ManifestDocument document;
  Manifest &manifest = document.manifest;
  in.take(root["producer"].string(), manifest.producer);
  in.take(root["target"].string(), manifest.target);
  if (JsonValue machine = root["machine"]; !machine.isMissing()) {
    in.take(machine.string(), manifest.machine);
  }
  if (JsonValue model = root["model"]; !model.isMissing()) {
    in.require(model.expectObject());
    manifest.model = readModel(in, model);
  }
  in.forEach(root["code"], [&](const JsonValue &value) {
    in.require(value.expectObject());
    auto &code = document.code.emplace_back();
    in.take(value["variant"].string(), code.first);
    in.forEach(value["features"],
               [&](const JsonValue &feature) { code.second.push_back(in.read(feature.string())); });
  });
  std::set<std::string> names;
  in.forEach(root["parameters"], [&](const JsonValue &value) {
    in.require(value.expectObject());
    manifest.parameters.push_back(readParameter(in, value, parameterSectionBytes));
    if (!names.insert(manifest.parameters.back().name).second) {
      in.mistake(value["name"].error("there twice"));
    }
  });
  if (JsonValue contractions = root["contractions"]; !contractions.isMissing()) {
    in.forEach(contractions, [&](const JsonValue &value) {
      in.require(value.expectObject());
      Contraction &contraction = manifest.contractions.emplace_back();
      in.take(value["op"].string(), contraction.opId);
      in.take(value["dispatch"].string(), contraction.dispatchId);
      contraction.operand = static_cast<uint32_t>(in.read(value["operand"].integer(0, INT32_MAX)));
      in.take(value["columns"].integer(1, kMaxNumber), contraction.columns);
      in.take(value["source"].string(), contraction.source);
    });
  }
  if (!in.status) {
    return forward(in.status.error());
  }
  return document;
}

Status package::checkTarget(const Manifest &manifest, const Program &program, size_t codeObjects,
                            const std::vector<size_t> &imageBytes) {
  const bool isNpu = manifest.target == "npu";
  if (!isNpu && manifest.target != "cpu") {
    return fail("manifest: $.target: expected 'cpu' or 'npu', got " + inQuotes(manifest.target));
  }
  if (isNpu == manifest.machine.empty()) {
    return fail(std::string("manifest: $.machine: ") +
                (isNpu ? "missing" : "a package for a cpu describes no machine"));
  }
  if (!isNpu) {
    return imageBytes.empty() ? Status() : fail("images, which a package for a cpu has not");
  }
  auto machine = machine::parseMachine(manifest.machine, "manifest: machine");
  if (!machine) {
    return forward(machine.error());
  }
  if (!machine->npu()) {
    return fail(std::string("manifest: machine: $.kind: expected npu, got ") + machine->kind());
  }
  // What the host computes has code for its processor.
  for (size_t i = 0; i < program.kernels.size() && codeObjects == 0; ++i) {
    if (i >= imageBytes.size() || imageBytes[i] == 0) {
      return fail("kernel " + inQuotes(program.kernels[i].symbol) + ": no image");
    }
  }
  if (imageBytes.size() > program.kernels.size()) {
    return fail("image " + std::to_string(program.kernels.size()) + ": the program has " +
                std::to_string(program.kernels.size()) + " kernels");
  }
  return {};
}
