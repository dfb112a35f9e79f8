#include "coopt/Numerics/QuantizationPlan.h"

#include "coopt/Numerics/BlockFormatJson.h"
#include "coopt/Support/MappedFile.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::numerics;

static Expected<QuantizationScheme> schemeOf(const JsonValue &format) {
  Expected<BlockFormat> read = readBlockFormat(format);
  if (!read) {
    return forward(read.error());
  }
  QuantizationScheme scheme;
  scheme.weightBits = 0;
  scheme.format = read->name;
  scheme.custom = std::make_shared<const BlockFormat>(std::move(*read));
  return scheme;
}

/// STORAGE of the header.
static Expected<std::optional<QuantizationScheme>> readStorage(const JsonValue &value) {
  if (value.isObject()) {
    if (Status known = value.expectKeys({"format", "activations"}); !known) {
      return forward(known.error());
    }
    Expected<QuantizationScheme> scheme = schemeOf(value["format"]);
    if (!scheme) {
      return forward(scheme.error());
    }
    if (!value["activations"].isMissing()) {
      Expected<int64_t> bits = value["activations"].integer(8, 16);
      if (!bits || (*bits != 8 && *bits != 16)) {
        return value["activations"].expected("8 or 16");
      }
      scheme->activationBits = static_cast<int>(*bits);
    }
    return std::optional<QuantizationScheme>(std::move(*scheme));
  }
  Expected<std::string> name = value.string();
  if (!name) {
    return value.expected("'f32', a quantisation name or { \"format\": .. }");
  }
  if (*name == "f32") {
    return std::optional<QuantizationScheme>();
  }
  Expected<QuantizationScheme> scheme = parseQuantizationName(*name);
  if (!scheme) {
    return value.error(scheme.error().message);
  }
  return std::optional<QuantizationScheme>(std::move(*scheme));
}

static Expected<std::optional<QuantizationBudget>> readBudget(const JsonValue &rule) {
  QuantizationBudget budget;
  JsonReader reader;
  reader.take(rule["bits"].number(), budget.bits);
  if (reader.status && !(budget.bits > 0)) {
    return rule["bits"].expected("a positive number of bits a weight");
  }
  reader.forEach(rule["of"],
                 [&](const JsonValue &item) { reader.take(readStorage(item), budget.of.emplace_back()); });
  if (!reader.status) {
    return forward(reader.status.error());
  }
  if (budget.of.empty()) {
    return rule["of"].expected("a format at least");
  }
  return std::optional<QuantizationBudget>(std::move(budget));
}

std::string numerics::storageName(const std::optional<QuantizationScheme> &scheme) {
  return scheme ? toString(*scheme) : "f32";
}

bool numerics::namesExperts(const std::string &pattern) {
  const std::string name = "experts/";
  const size_t at = pattern.find(name);
  return at != std::string::npos && pattern.find('/', at + name.size()) != std::string::npos;
}

std::string numerics::expertId(const std::string &id, int64_t expert) {
  const size_t last = id.rfind('/');
  const std::string number = std::to_string(expert);
  return last == std::string::npos ? number + "/" + id : id.substr(0, last) + "/" + number + id.substr(last);
}

Expected<QuantizationPlan> numerics::parseQuantizationPlan(std::string_view json, const std::string &name) {
  Expected<JsonDocument> document = JsonDocument::parse(json, name);
  if (!document) {
    return forward(document.error());
  }
  JsonValue root = document->root();
  QuantizationPlan plan;
  if (!root["element"].isMissing()) {
    Expected<QuantizationScheme> scheme = schemeOf(root);
    if (!scheme) {
      return forward(scheme.error());
    }
    plan.scheme = std::move(*scheme);
    return plan;
  }
  JsonReader reader;
  reader.require(root.expectKeys({"quantize", "rules"}));
  reader.take(readStorage(root["quantize"]), plan.scheme);
  if (!root["rules"].isMissing()) {
    reader.forEach(root["rules"], [&](const JsonValue &item) {
      const bool isBudget = !item["bits"].isMissing() || !item["of"].isMissing();
      QuantizationRule rule;
      reader.require(isBudget ? item.expectKeys({"match", "bits", "of"})
                              : item.expectKeys({"match", "quantize"}));
      reader.take(item["match"].string(), rule.pattern);
      if (isBudget) {
        reader.take(readBudget(item), rule.budget);
      } else {
        reader.take(readStorage(item["quantize"]), rule.scheme);
      }
      plan.rules.push_back(std::move(rule));
    });
  }
  if (!reader.status) {
    return forward(reader.status.error());
  }
  return plan;
}

Expected<QuantizationPlan> numerics::readQuantizationPlan(const std::string &text) {
  QuantizationPlan plan;
  if (text == "f32") {
    return plan;
  }
  if (isAutoQuantization(text)) {
    Expected<AutoQuantization> automatic = parseAutoQuantization(text);
    if (!automatic) {
      return forward(automatic.error());
    }
    plan.automatic = std::move(*automatic);
    return plan;
  }
  const std::string suffix = ".json";
  if (text.size() > suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0) {
    Expected<MappedFile> file = MappedFile::open(text);
    if (!file) {
      return forward(file.error());
    }
    return parseQuantizationPlan({reinterpret_cast<const char *>(file->data()), file->size()}, text);
  }
  Expected<QuantizationScheme> scheme = parseQuantizationName(text);
  if (!scheme) {
    return forward(scheme.error());
  }
  plan.scheme = std::move(*scheme);
  return plan;
}

std::string numerics::patternOf(const std::string &id) {
  std::string pattern;
  for (char letter : id) {
    if (std::string_view("*?[]{}\\").find(letter) != std::string_view::npos) {
      pattern += '\\';
    }
    pattern += letter;
  }
  return pattern;
}

std::string numerics::toJson(const QuantizationPlan &plan) {
  auto quoted = [](const std::string &text) {
    return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  };
  std::string text = "{\"quantize\": " + quoted(storageName(plan.scheme)) + ", \"rules\": [";
  for (size_t i = 0; i < plan.rules.size(); ++i) {
    text += (i == 0 ? "\n  {\"match\": " : ",\n  {\"match\": ") + quoted(plan.rules[i].pattern) +
            ", \"quantize\": " + quoted(storageName(plan.rules[i].scheme)) + "}";
  }
  return text + "\n]}\n";
}
