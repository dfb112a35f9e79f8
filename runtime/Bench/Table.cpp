#include "Bench/Report.h"

#include "Executor/ThreadPool.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>

using namespace coopt;
using namespace coopt::bench;

MachineInfo bench::machineInfo() {
  MachineInfo info;
  info.processor = "unknown";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != line.npos) {
      info.processor = line.substr(colon + 2);
      break;
    }
  }
  info.cores = runtime::availableThreads();
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&now, &parts)) {
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  info.date = text;
  return info;
}

namespace {

using Cells = std::vector<std::string>;

std::string number(double value, const char *format = "%.4g") {
  // Whole numbers from a thousand on are easier to read than exponents.
  return formatNumber(std::abs(value) >= 1000 ? "%.0f" : format, value);
}

std::string percent(double value) { return number(100 * value, "%.1f") + "%"; }

/// Ops of all layers as one, most time first. `share` is the time at the limit.
std::vector<OpRow> mergeLayers(const std::vector<OpRow> &ops) {
  std::vector<OpRow> merged;
  for (const OpRow &op : ops) {
    std::string id = withoutNumbers(op.row.opId);
    auto same = std::find_if(merged.begin(), merged.end(), [&](const OpRow &o) { return o.row.opId == id; });
    if (same == merged.end()) {
      merged.push_back(op);
      merged.back().row.opId = id;
      merged.back().share *= op.row.seconds;
      continue;
    }
    same->row.calls += op.row.calls;
    same->row.seconds += op.row.seconds;
    same->row.parameterBytes += op.row.parameterBytes;
    same->row.stateBytes += op.row.stateBytes;
    same->row.operations += op.row.operations;
    same->row.attention += op.row.attention;
    same->share += op.share * op.row.seconds;
    for (const auto &[contractions, quickest] : op.row.products) {
      auto [place, isNew] = same->row.products.insert({contractions, quickest});
      if (!isNew) {
        place->second.calls += quickest.calls;
        place->second.seconds = std::min(place->second.seconds, quickest.seconds);
      }
    }
  }
  std::sort(merged.begin(), merged.end(),
            [](const OpRow &a, const OpRow &b) { return a.row.seconds > b.row.seconds; });
  return merged;
}

std::string opTable(const std::string &title, const std::vector<OpRow> &ops) {
  const std::vector<OpRow> merged = mergeLayers(ops);
  double total = 0;
  for (const OpRow &op : merged) {
    total += op.row.seconds;
  }
  std::vector<Cells> rows = {{"op id", "calls", "ms", "share", "GB/s", "TOPS", "of limit", ""}};
  for (const OpRow &op : merged) {
    double time = std::max(op.row.seconds, 1e-12), bytes = op.row.parameterBytes + op.row.stateBytes,
           operations = op.row.operations + op.row.attention;
    rows.push_back({op.row.opId, std::to_string(op.row.calls), number(op.row.seconds * 1e3),
                    percent(total > 0 ? op.row.seconds / total : 0),
                    bytes > 0 ? number(bytes / time * 1e-9) : "-",
                    operations > 0 ? number(operations / time * 1e-12) : "-",
                    op.share > 0 ? percent(op.share / time) : "-", ""});
  }
  rows.push_back({"all dispatches", "", number(total * 1e3), "", "", "", "", ""});
  return "\n" + title + "\n" + alignColumns(rows, 1);
}

/// Milliseconds of ops with contractions, and of peers for the products alone, as if all calls were the quickest.
std::string peerTable(const std::string &title, const std::vector<OpRow> &ops, const Result &result) {
  std::vector<Cells> rows = {{"op id", "coopt"}};
  rows[0].insert(rows[0].end(), result.peers.begin(), result.peers.end());
  rows[0].push_back("products, rows x K x N");
  for (const OpRow &op : mergeLayers(ops)) {
    if (op.row.products.empty()) {
      continue;
    }
    std::map<Product, uint64_t> calls;
    std::vector<double> seconds(1 + result.peers.size());
    for (const auto &[contractions, quickest] : op.row.products) {
      seconds[0] += static_cast<double>(quickest.calls) * quickest.seconds;
      for (const Product &product : contractions) {
        calls[product] += quickest.calls;
        for (size_t i = 0; i < result.peers.size(); ++i) {
          seconds[i + 1] += static_cast<double>(quickest.calls) * result.peerSeconds.at(product)[i];
        }
      }
    }
    Cells cells = {op.row.opId};
    for (double each : seconds) {
      cells.push_back(number(each * 1e3));
    }
    std::string list;
    for (const auto &[product, count] : calls) {
      list += (list.empty() ? "" : " + ") + std::to_string(count) + " of " + toString(product);
    }
    cells.push_back(list);
    rows.push_back(std::move(cells));
  }
  return "\n" + title + "\n" + alignColumns(rows, 1);
}

} // namespace

std::string bench::table(const MachineInfo &machine, const std::vector<Result> &results) {
  std::string out = "machine  " + machine.processor + ", " + std::to_string(machine.cores) + " cores, " +
                    machine.date + "\n";
  std::vector<Cells> rows = {
      {"package", "measure", "median", "min", "max", "spread", "of limit", "unit; limit"}};
  std::string ops;
  for (const Result &result : results) {
    std::string name = result.path.substr(result.path.rfind('/') + 1);
    out += name + ": " + result.name + ", " + result.quantization + ", " +
           (result.accelerator ? "simulated: " : "code for ") + result.isa + ", " +
           std::to_string(result.threads) + (result.threads == 1 ? " thread" : " threads") +
           (result.readLoop.empty() ? ""
                                    : ", reads " + number(result.decodeBytes * 1e-6) +
                                          " MB a token; read loop " + result.readLoop) +
           "\n  checked: " + result.checked + "\n";
    for (const Series &series : result.series) {
      bool limited = !series.shares.empty();
      rows.push_back({name, series.name, number(series.summary.median), number(series.summary.min),
                      number(series.summary.max), percent(series.summary.spread),
                      limited ? percent(series.share.median) : "-",
                      series.unit + (limited ? "; " + series.limit : "")});
    }
    if (!result.prefillOps.empty()) {
      ops += opTable(name + ": prefill, by op", result.prefillOps);
      ops += opTable(name + ": decode, by op", result.decodeOps);
    }
    for (const SimulatedPhase &phase : result.phases) {
      ops += "\n" + name + ": " + phase.name + ", " + std::to_string(phase.tokens) + " tokens\n" +
             npu::print(*result.accelerator, result.isa, phase.totals);
    }
    if (!result.peers.empty()) {
      const std::string what = ", quickest calls in ms, beside plain matrix products of others";
      ops += peerTable(name + ": prefill" + what, result.prefillOps, result);
      ops += peerTable(name + ": decode" + what, result.decodeOps, result);
    }
  }
  return out + alignColumns(rows, 2) + ops;
}
