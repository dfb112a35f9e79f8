//===- DecisionJson.cpp - The trace of a choice as JSON -------------------===//
#include "coopt/CostModel/Decision.h"

#include "coopt/Support/Json.h"
#include "coopt/Support/TextTable.h"

#include <cmath>
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

static const char *kindName(TileOp::Kind kind) {
  switch (kind) {
  case TileOp::Kind::Load:
    return "load";
  case TileOp::Kind::Store:
    return "store";
  case TileOp::Kind::Map:
    return "map";
  case TileOp::Kind::Reduce:
    return "reduce";
  case TileOp::Kind::Product:
    return "product";
  }
  return "unknown";
}

static const char *scalesName(TileOp::Scales scales) {
  switch (scales) {
  case TileOp::Scales::Output:
    return "output";
  case TileOp::Scales::Group:
    return "group";
  case TileOp::Scales::TwoLevels:
    return "two_levels";
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
  if (more == 0) {
    return "as much time; the first of equals is taken";
  }
  return formatNumber("%.3g %% ", 100 * std::abs(more) / chosen.estimate->seconds) +
         (more > 0 ? "more: " : "less: ") + one.estimate->bound + formatNumber(" %.4g us", 1e6 * bounding);
}

static Json candidateJson(const Considered &one, const Considered &chosen) {
  Json json = {{"schedule", one.schedule}};
  if (const auto &candidate = one.candidate) {
    json["tile"] = {{"rows", candidate->rowTile},
                    {"columns", candidate->columnTile},
                    {"inner", candidate->innerTile},
                    {"family", candidate->instructionFamily}};
  }
  if (!one.refusal.empty()) {
    json["refused"] = one.refusal;
  }
  if (one.measured) {
    json["measured_seconds"] = *one.measured;
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

static Json tileOpJson(const TileOp &op) {
  Json json = {{"kind", kindName(op.kind)}, {"nest", op.nest},    {"has_rows", op.hasRows},
               {"columns", op.columns},     {"is_cut", op.isCut}, {"rounds", op.rounds}};
  switch (op.kind) {
  case TileOp::Kind::Load:
  case TileOp::Kind::Store:
    json["element_bytes"] = op.elementBytes;
    break;
  case TileOp::Kind::Map:
  case TileOp::Kind::Reduce:
    json["function"] = op.function;
    json["operands"] = op.operands;
    break;
  case TileOp::Kind::Product:
    json["product"] = {{"columns", op.product.columns},
                       {"depth", op.product.depth},
                       {"span", op.product.span},
                       {"bits", op.product.bits},
                       {"has_zeros", op.product.hasZeros},
                       {"is_of_floats", op.product.isOfFloats},
                       {"scales", scalesName(op.scales)},
                       {"table_depth", op.tableDepth},
                       {"kept", op.kept},
                       {"group", op.group},
                       {"group_bytes", op.groupBytes}};
    break;
  }
  return json;
}

/// All but its id.
static Json summaryJson(const KernelSummary &summary) {
  Json json = {
      {"kind", name(summary.kind)},
      {"sizes", sizesJson(summary)},
      {"operations_per_element", summary.operationsPerElement},
      {"heads_per_block", summary.headsPerBlock},
      {"reordered", summary.isReordered},
      {"codes",
       {{"bits", summary.codes.bits}, {"group", summary.codes.group}, {"whole", summary.codes.isWhole}}},
      {"operands", Json::array()}};
  for (const OperandSummary &operand : summary.operands) {
    json["operands"].push_back({{"role", roleName(operand.role)},
                                {"type", operand.type},
                                {"bytes", operand.bytes},
                                {"cold", operand.cold}});
  }
  if (!summary.tileOps.empty()) { // read by models of accelerators alone
    json["segments"] = summary.segments;
    json["tile_ops"] = Json::array();
    for (const TileOp &op : summary.tileOps) {
      json["tile_ops"].push_back(tileOpJson(op));
    }
  }
  return json;
}

std::string cost::kernelKey(const KernelSummary &summary) { return textOf(summaryJson(summary)); }

/// All but the kernel's id.
static Json decisionJson(const Decision &decision) {
  Json json = {{"kernels", Json::array()},
               {"entry", decision.entry},
               {"case", decision.guard},
               {"by", name(decision.by)},
               {"rule", decision.rule}};
  json.update(summaryJson(decision.summary));
  if (!decision.size.empty()) {
    json["priced_at"][decision.size] = decision.value;
  }
  const auto &estimate = decision.chosen().estimate;
  json["roofline_seconds"] = estimate ? known(estimate->rooflineSeconds) : Json();
  json["relative_error"] = estimate ? known(estimate->relativeError) : Json();
  json["candidates"] = Json::array();
  for (const Considered &one : decision.considered) {
    json["candidates"].push_back(candidateJson(one, decision.chosen()));
  }
  return json;
}

std::string cost::toJson(const DecisionTrace &trace) {
  Json list = Json::array();
  std::map<std::string, size_t> seen;
  for (const Decision &decision : trace.decisions) {
    Json json = decisionJson(decision);
    auto [place, isNew] = seen.insert({textOf(json), list.size()});
    if (isNew) {
      list.push_back(std::move(json));
    }
    list[place->second]["kernels"].push_back(decision.kernel);
  }
  const Json root = {
      {"format", 1}, {"machine", trace.machine}, {"model", trace.model}, {"decisions", std::move(list)}};
  return textOf(root, 1) + "\n";
}

namespace {

/// Reads what the functions above write.
class TraceReader {
public:
  Expected<DecisionTrace> read(const JsonValue &root) {
    DecisionTrace trace;
    if (in.read(root["format"].integer()) != 1) {
      in.mistake(root["format"].expected("format 1"));
    }
    in.take(root["machine"].string(), trace.machine);
    in.take(root["model"].string(), trace.model);
    in.forEach(root["decisions"], [&](const JsonValue &json) {
      const Decision decision = readDecision(json);
      in.forEach(json["kernels"], [&](const JsonValue &kernel) {
        trace.decisions.push_back(decision);
        in.take(kernel.string(), trace.decisions.back().kernel);
        trace.decisions.back().summary.id = trace.decisions.back().kernel;
      });
    });
    return in.status ? Expected<DecisionTrace>(std::move(trace)) : forward(in.status.error());
  }

private:
  /// The value whose name is written; a mistake if there is none.
  template <typename Enum>
  Enum byName(const JsonValue &json, std::initializer_list<Enum> all, const char *(*name)(Enum)) {
    const std::string text = in.read(json.string());
    std::vector<std::string> names;
    for (Enum one : all) {
      if (text == name(one)) {
        return one;
      }
      names.emplace_back(name(one));
    }
    in.mistake(json.expected(alternatives(names)));
    return *all.begin();
  }

  Decision readDecision(const JsonValue &json) {
    Decision decision;
    in.take(json["entry"].string(), decision.entry);
    in.take(json["case"].string(), decision.guard);
    decision.by = byName(json["by"],
                         {Chooser::Model, Chooser::Tuned, Chooser::File, Chooser::Hand, Chooser::Rule}, name);
    in.take(json["rule"].string(), decision.rule);
    if (const JsonValue at = json["priced_at"]; !at.isMissing()) {
      for (const std::string &size : at.keys()) {
        decision.size = size;
        in.take(at[size].integer(0), decision.value);
      }
    }
    KernelSummary &summary = decision.summary;
    summary.kind = byName(
        json["kind"],
        {KernelKind::Contraction, KernelKind::Rows, KernelKind::Attention, KernelKind::Elementwise}, name);
    in.take(json["operations_per_element"].number(), summary.operationsPerElement);
    in.take(json["heads_per_block"].integer(1), summary.headsPerBlock);
    in.take(json["reordered"].boolean(), summary.isReordered);
    const JsonValue codes = json["codes"];
    summary.codes.bits = static_cast<int>(in.read(codes["bits"].integer(0, 32)));
    in.take(codes["group"].integer(0), summary.codes.group);
    in.take(codes["whole"].boolean(), summary.codes.isWhole);
    const JsonValue sizes = json["sizes"];
    const std::pair<const char *, int64_t *> all[] = {{"m", &summary.m},
                                                      {"n", &summary.n},
                                                      {"k", &summary.k},
                                                      {"queries", &summary.queries},
                                                      {"keys", &summary.keys},
                                                      {"heads", &summary.heads},
                                                      {"rows", &summary.rows},
                                                      {"head_size", &summary.headSize},
                                                      {"row_elements", &summary.rowElements}};
    for (auto [name, value] : all) {
      if (!sizes[name].isMissing()) {
        in.take(sizes[name].integer(0), *value);
      }
    }
    in.forEach(json["operands"], [&](const JsonValue &operand) {
      OperandSummary entry;
      entry.role = byName(
          operand["role"],
          {OperandRole::Activation, OperandRole::Weight, OperandRole::State, OperandRole::Output}, roleName);
      in.take(operand["type"].string(), entry.type);
      in.take(operand["bytes"].number(), entry.bytes);
      in.take(operand["cold"].boolean(), entry.cold);
      summary.operands.push_back(std::move(entry));
    });
    if (const JsonValue ops = json["tile_ops"]; !ops.isMissing()) {
      in.take(json["segments"].integer(1), summary.segments);
      in.forEach(ops, [&](const JsonValue &op) { summary.tileOps.push_back(readTileOp(op)); });
    }
    in.forEach(json["candidates"],
               [&](const JsonValue &candidate) { decision.considered.push_back(readConsidered(candidate)); });
    if (in.status && decision.considered.empty()) {
      in.mistake(json["candidates"].expected("a candidate at least"));
    }
    return decision;
  }

  TileOp readTileOp(const JsonValue &json) {
    using Kind = TileOp::Kind;
    using Scales = TileOp::Scales;
    TileOp op;
    op.kind =
        byName(json["kind"], {Kind::Load, Kind::Store, Kind::Map, Kind::Reduce, Kind::Product}, kindName);
    in.take(json["nest"].integer(-1), op.nest);
    in.take(json["has_rows"].boolean(), op.hasRows);
    in.take(json["columns"].integer(1), op.columns);
    in.take(json["is_cut"].boolean(), op.isCut);
    in.take(json["rounds"].integer(1), op.rounds);
    if (op.kind == Kind::Load || op.kind == Kind::Store) {
      in.take(json["element_bytes"].integer(1), op.elementBytes);
    } else if (op.kind != Kind::Product) {
      in.take(json["function"].string(), op.function);
      in.take(json["operands"].number(), op.operands);
    } else {
      const JsonValue of = json["product"];
      in.take(of["columns"].integer(1), op.product.columns);
      in.take(of["depth"].integer(1), op.product.depth);
      in.take(of["span"].integer(1), op.product.span);
      op.product.bits = static_cast<unsigned>(in.read(of["bits"].integer(1, 8)));
      in.take(of["has_zeros"].boolean(), op.product.hasZeros);
      in.take(of["is_of_floats"].boolean(), op.product.isOfFloats);
      op.scales = byName(of["scales"], {Scales::Output, Scales::Group, Scales::TwoLevels}, scalesName);
      in.take(of["table_depth"].integer(0), op.tableDepth);
      in.take(of["kept"].integer(1), op.kept);
      in.take(of["group"].integer(1), op.group);
      in.take(of["group_bytes"].number(), op.groupBytes);
    }
    return op;
  }

  Considered readConsidered(const JsonValue &json) {
    Considered one;
    in.take(json["schedule"].string(), one.schedule);
    if (!json["refused"].isMissing()) {
      in.take(json["refused"].string(), one.refusal);
    }
    if (const JsonValue tile = json["tile"]; !tile.isMissing()) {
      one.candidate.emplace();
      in.take(tile["rows"].integer(0), one.candidate->rowTile);
      in.take(tile["columns"].integer(0), one.candidate->columnTile);
      in.take(tile["inner"].integer(0), one.candidate->innerTile);
      in.take(tile["family"].string(), one.candidate->instructionFamily);
    }
    return one;
  }

  JsonReader in;
};

} // namespace

Expected<DecisionTrace> cost::parseTrace(std::string_view text, const std::string &name) {
  auto document = JsonDocument::parse(text, name);
  if (!document) {
    return forward(document.error());
  }
  return TraceReader().read(document->root());
}
