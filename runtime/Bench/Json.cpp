#include "Bench/ModelCheck.h"
#include "Bench/Report.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::bench;
using Json = nlohmann::ordered_json;

static Json summaryJson(const Summary &summary) {
  return {{"median", summary.median}, {"min", summary.min}, {"max", summary.max}, {"spread", summary.spread}};
}

static Json productJson(const Product &product) {
  return {{"rows", product.rows}, {"k", product.K}, {"n", product.N}};
}

static Json opsJson(const std::vector<OpRow> &ops) {
  Json list = Json::array();
  for (const OpRow &op : ops) {
    list.push_back({{"op", op.row.opId},
                    {"calls", op.row.calls},
                    {"seconds", op.row.seconds},
                    {"parameter_bytes", op.row.parameterBytes},
                    {"state_bytes", op.row.stateBytes},
                    {"operations", op.row.operations},
                    {"operand", operandName(op.row.operand)},
                    {"attention_operations", op.row.attention},
                    {"share_of_limit", op.share}});
    list.back()["products"] = Json::array();
    for (const auto &[contractions, quickest] : op.row.products) {
      Json entry = {{"calls", quickest.calls}, {"seconds", quickest.seconds}, {"shapes", Json::array()}};
      for (const Product &product : contractions) {
        entry["shapes"].push_back(productJson(product));
      }
      list.back()["products"].push_back(std::move(entry));
    }
  }
  return list;
}

static Json peersJson(const Result &result) {
  Json list = Json::array();
  for (size_t i = 0; i < result.peers.size(); ++i) {
    Json peer = {{"name", result.peers[i]}, {"products", Json::array()}};
    for (const auto &[product, seconds] : result.peerSeconds) {
      Json entry = productJson(product);
      entry["seconds"] = seconds[i];
      peer["products"].push_back(std::move(entry));
    }
    list.push_back(std::move(peer));
  }
  return list;
}

/// Sums over the phase.
static Json phaseJson(const machine::NpuMachine &machine, const SimulatedPhase &phase) {
  constexpr size_t kStalls = 10;
  const npu::Totals &totals = phase.totals;
  Json out = {{"phase", phase.name},
              {"tokens", phase.tokens},
              {"cycles", totals.cycles},
              {"seconds", static_cast<double>(totals.cycles) / (machine.clocksMegahertz.core * 1e6)},
              {"instructions", totals.entries},
              {"busy_cycles", totals.busy()},
              {"multiply_adds", totals.multiplyAdds()}};
  if (auto share = npu::arrayUtilisation(machine, totals)) {
    out["array_utilisation"] = *share;
  }
  out["bytes"] = Json::object();
  for (const auto &[name, port] : {std::pair{"l2", npu::PortKind::L2}, std::pair{"hbm", npu::PortKind::Hbm},
                                   std::pair{"ddr", npu::PortKind::Ddr}}) {
    const auto at = static_cast<size_t>(port);
    out["bytes"][name] = {{"read", totals.traffic.read[at]}, {"written", totals.traffic.written[at]}};
  }
  out["rows_opened"] = totals.rowOpenings;
  const npu::EnergyReport energy = npu::energyOf(machine, totals);
  out["energy"] = {{"table", energy.table}, {"picojoules", energy.picojoules}, {"unsourced", Json::array()}};
  for (const npu::EnergyLine &line : energy.lines) {
    if (!line.picojoules) {
      out["energy"]["unsourced"].push_back(
          {{"action", line.part + " " + line.action}, {"count", line.count}});
    }
  }
  out["stalls"] = Json::array();
  for (const npu::Totals::Stall &stall : totals.longestStalls(kStalls)) {
    out["stalls"].push_back({{"op", stall.op},
                             {"engine", stall.engine},
                             {"cause", npu::describe(stall.cause, stall.which)},
                             {"cycles", stall.cycles}});
  }
  return out;
}

static Json resultJson(const Result &result) {
  Json out = {{"path", result.path},
              {"model", result.name},
              {"quantization", result.quantization},
              {"isa", result.isa},
              {"threads", result.threads},
              {"checked", result.checked},
              {"read_loop", result.readLoop},
              {"read_bytes", result.readBytes},
              {"decode_bytes_per_token", result.decodeBytes},
              {"prefill_operations", result.prefillOperations}};
  if (result.nllDifference) {
    out["mean_nll"] = *result.meanNll;
    out["reference_mean_nll"] = *result.referenceNll;
    out["nll_difference"] = *result.nllDifference;
  }
  out["measures"] = Json::array();
  for (const Series &series : result.series) {
    Json measure = {{"name", series.name}, {"unit", series.unit}, {"samples", series.samples}};
    measure.update(summaryJson(series.summary));
    if (!series.shares.empty()) {
      measure["limit"] = series.limit;
      measure["shares"] = series.shares;
      measure["share"] = summaryJson(series.share);
    }
    out["measures"].push_back(std::move(measure));
  }
  if (!result.prefillOps.empty()) {
    out["prefill_ops"] = opsJson(result.prefillOps);
    out["decode_ops"] = opsJson(result.decodeOps);
  }
  if (result.accelerator) {
    out["simulated"] = Json::array();
    for (const SimulatedPhase &phase : result.phases) {
      out["simulated"].push_back(phaseJson(*result.accelerator, phase));
    }
  }
  if (!result.peers.empty()) {
    out["peers"] = peersJson(result);
  }
  return out;
}

std::string bench::json(const MachineInfo &machine, const Options &options,
                        const std::vector<Result> &results) {
  Json document = {
      {"format", 1},
      {"machine", {{"processor", machine.processor}, {"cores", machine.cores}, {"date", machine.date}}},
      {"options",
       {{"isa", options.isa},
        {"threads", options.threads},
        {"prefill", options.prefill},
        {"decode", options.decode},
        {"context_fill", options.contextFill},
        {"repeat", options.repeat},
        {"reference", options.reference},
        {"expert_memory_bytes", options.experts.memory},
        {"expert_memory_share", options.experts.share},
        {"expert_policy", runtime::expertPolicyName(options.experts.policy)},
        {"expert_bytes_per_second", options.experts.rate},
        {"timing_only", options.timingOnly},
        {"tolerance", options.tolerance}}},
      {"packages", Json::array()}};
  for (const Result &result : results) {
    document["packages"].push_back(resultJson(result));
  }
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string bench::modelJson(const std::vector<ModelPair> &pairs) {
  Json root = {{"format", 1}, {"pairs", Json::array()}};
  for (const ModelPair &pair : pairs) {
    Json terms;
    for (const cost::Term &term : pair.estimate.terms) {
      terms[term.name] = term.seconds;
    }
    root["pairs"].push_back({{"package", pair.package},
                             {"op", pair.opId},
                             {"at", pair.size},
                             {"schedule", pair.schedule},
                             {"kind", cost::name(pair.kind)},
                             {"seconds", pair.seconds},
                             {"predicted_seconds", pair.estimate.seconds},
                             {"bound", pair.estimate.bound},
                             {"least_seconds", pair.least},
                             {"roofline_seconds", pair.estimate.rooflineSeconds},
                             {"terms", std::move(terms)}});
    if (pair.best) {
      root["pairs"].back()["best"] = {{"schedule", pair.best->schedule},
                                      {"seconds", pair.best->seconds},
                                      {"schedules", pair.best->schedules},
                                      {"own_seconds", pair.best->own}};
    }
  }
  if (const std::optional<double> share = shareOfBest(pairs)) {
    root["share_of_best"] = *share;
  }
  if (auto error = modelError(pairs)) {
    root["rank_correlation"] = error->rankCorrelation;
    root["mean_error"] = error->meanError;
    root["mean_ratio"] = error->meanRatio;
  }
  return root.dump(1) + "\n";
}
