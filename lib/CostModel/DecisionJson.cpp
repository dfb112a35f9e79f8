//===- DecisionJson.cpp - The trace of a choice as JSON -------------------===//
#include "coopt/CostModel/Decision.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::cost;
using Json = nlohmann::ordered_json;

static const char *roleName(OperandRole role) {
  switch (role) {
  case OperandRole::Activation:
    return "activation";
  case OperandRole::Weight:
    return "weight";
  case OperandRole::State:
    return "state";
  case OperandRole::Output:
    return "output";
  }
  return "unknown";
}

/// Names come from models: what is no text of theirs is replaced.
static std::string textOf(const Json &json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// JSON has no word for what is not known but null.
static Json known(double value) { return std::isfinite(value) ? Json(value) : Json(); }

static Json sizesJson(const KernelSummary &summary) {
  switch (summary.kind) {
  case KernelKind::Contraction:
    return {{"m", summary.m}, {"n", summary.n}, {"k", summary.k}};
  case KernelKind::Attention:
    return {{"queries", summary.queries},
            {"keys", summary.keys},
            {"heads", summary.heads},
            {"head_size", summary.headSize}};
  case KernelKind::Rows:
  case KernelKind::Elementwise:
    return {{"rows", summary.rows}, {"row_elements", summary.rowElements}};
  }
  return {};
}

/// By how much it is dearer than what was chosen, and the term that bounds it.
static std::string lostBy(const Considered &one, const Considered &chosen) {
  if (!chosen.estimate) {
    return "";
  }
  const double more = one.estimate->seconds - chosen.estimate->seconds;
  double bounding = 0;
  for (const Term &term : one.estimate->terms) {
    bounding = term.name == one.estimate->bound ? term.seconds : bounding;
  }
  char text[96];
  if (more == 0) {
    return "as much time; the first of equals is taken";
  }
  std::snprintf(text, sizeof text, "%.3g %% %s: ", 100 * std::abs(more) / chosen.estimate->seconds,
                more > 0 ? "more" : "less");
  std::string result = text + one.estimate->bound;
  std::snprintf(text, sizeof text, " %.4g us", 1e6 * bounding);
  return result + text;
}

static Json candidateJson(const Considered &one, const Considered &chosen) {
  Json json = {{"schedule", one.schedule}};
  if (!one.refusal.empty()) {
    json["refused"] = one.refusal;
  }
  if (one.estimate) {
    json["seconds"] = one.estimate->seconds;
    json["bound"] = one.estimate->bound;
    for (const Term &term : one.estimate->terms) {
      json["terms"][term.name] = term.seconds;
    }
    for (const LevelTraffic &level : one.estimate->traffic) {
      json["bytes"][level.level] = level.bytes;
    }
    if (one.estimate->joules) {
      json["joules"] = *one.estimate->joules;
    }
    if (&one != &chosen) {
      json["lost"] = lostBy(one, chosen);
    }
  }
  return json;
}

/// All but the kernel's id.
static Json decisionJson(const Decision &decision) {
  Json json = {{"kernels", Json::array()},
               {"entry", decision.entry},
               {"case", decision.guard},
               {"by", name(decision.by)},
               {"kind", name(decision.summary.kind)},
               {"sizes", sizesJson(decision.summary)},
               {"operands", Json::array()}};
  for (const OperandSummary &operand : decision.summary.operands) {
    json["operands"].push_back({{"role", roleName(operand.role)},
                                {"type", operand.type},
                                {"bytes", operand.bytes},
                                {"cold", operand.cold}});
  }
  const auto &estimate = decision.chosen().estimate;
  json["roofline_seconds"] = estimate ? known(estimate->rooflineSeconds) : Json();
  json["candidates"] = Json::array();
  for (const Considered &one : decision.considered) {
    json["candidates"].push_back(candidateJson(one, decision.chosen()));
  }
  return json;
}

std::string cost::toJson(const DecisionTrace &trace) {
  Json list = Json::array();
  std::map<std::string, size_t> seen;
  double error = std::numeric_limits<double>::quiet_NaN();
  for (const Decision &decision : trace.decisions) {
    Json json = decisionJson(decision);
    auto [place, isNew] = seen.insert({textOf(json), list.size()});
    if (isNew) {
      list.push_back(std::move(json));
    }
    list[place->second]["kernels"].push_back(decision.kernel);
    error = decision.chosen().estimate ? decision.chosen().estimate->relativeError : error;
  }
  const Json root = {{"format", 1},
                     {"machine", trace.machine},
                     {"model", trace.model},
                     {"relative_error", known(error)},
                     {"decisions", std::move(list)}};
  return textOf(root, 1) + "\n";
}
