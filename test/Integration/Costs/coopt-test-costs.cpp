//===- coopt-test-costs.cpp - The accelerator's cost model beside its simulator ---===//
//
// Compiles generated models with tiles that are given, asks the model (coopt-estimate-kernels) and the simulator (coopt-run --stats) for the time of
// each kernel, and prints for each machine and kind of kernel the mean relative error and Spearman's rank correlation. With --selection it compares the tiles that
// the schedule phase chooses with those of its rule and with the best of a sweep (coopt-bench --check-model simulates all of them); --tune lets it simulate
// its best candidates for so many seconds before it chooses, --each prints every product.
//
//     coopt-test-costs SUITE --bin DIR --work DIR [--selection [--tune SECONDS] [--each]] [--machine NAME]
//                      [--least-rank R] [--most-error E] [--least-share S] [--most-of-rule T]
//
// Suites: calibration (shapes that were looked at while the model was written), test (others), quick and choice (few of them). Exit status 1: a bound is not kept.
//
//===----------------------------------------------------------------------===//
#include "Bench/Samples.h"
#include "coopt/CostModel/Decision.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/TextTable.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

using namespace coopt;

namespace {

struct Shape {
  const char *name, *options; ///< of coopt-gen
};
struct Suite {
  std::vector<Shape> shapes;
  std::vector<std::string> formats, machines;
  std::vector<std::pair<int64_t, int64_t>>
      tiles; ///< rows, panels of the array's columns; 0, 0: as they are chosen
};

const std::map<std::string, Suite> &suites() {
  static const std::vector<std::string> all = {"edge1", "gemmini16", "trn-like"};
  static const std::map<std::string, Suite> result = {
      {"calibration",
       {{{"c256", "--hidden=256 --heads=4 --ffn=768 --vocab=384"},
         {"c512", "--hidden=512 --heads=8 --ffn=1376 --vocab=512"}},
        {"w8a8", "w4a8-g32-asym"},
        all,
        {{0, 0}, {16, 1}, {64, 2}}}},
      {"test",
       {{{"t192", "--hidden=192 --heads=6 --kv-heads=2 --ffn=560 --vocab=416"},
         {"t384", "--hidden=384 --heads=6 --kv-heads=3 --ffn=1040 --vocab=640"}},
        {"w8a8", "w4a8-qoq"},
        all,
        {{0, 0}, {8, 2}, {64, 4}}}},
      {"quick",
       {{{"t192", "--hidden=192 --heads=6 --kv-heads=2 --ffn=560 --vocab=416"}},
        {"w8a8", "w4a8-qoq"},
        {"edge1", "gemmini16"},
        {{0, 0}, {8, 2}}}},
      {"choice",
       {{{"t192", "--hidden=192 --heads=6 --kv-heads=2 --ffn=560 --vocab=416"}},
        {"w8a8"},
        {"edge1"},
        {{0, 0}}}}};
  return result;
}

const char *const kProducts[] = {"layers.0/self_attn/q_proj", "layers.0/self_attn/o_proj",
                                 "layers.0/mlp/up_proj", "layers.0/mlp/down_proj", "lm_head"};
constexpr int64_t kTokens[] = {1, 16, 64};

struct Options {
  std::string suite, bin, work, machine, tune;
  bool selection = false, each = false;
  double leastRank = -1, mostError = 1e9, leastShare = 0, mostOfRule = 1e9;
};

/// What a command prints, and its exit status. The names in it are those of this file and of folders that were given.
std::pair<int, std::string> run(const std::string &command) {
  std::string text;
  FILE *pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (size_t count; pipe && (count = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    text.append(buffer, count);
  }
  return {pipe ? pclose(pipe) : 1, text};
}

[[noreturn]] void stop(const std::string &message) {
  std::fprintf(stderr, "coopt-test-costs: error: %s\n", message.c_str());
  std::exit(1);
}

/// Tiles of a product for one row, and for many.
struct Tiles {
  std::string single, many;
};

std::string entry(const std::string &op, const Tiles &tiles) {
  const std::string size = op == "lm_head" ? "outputs" : "tokens";
  return R"({"op": ")" + op + R"(", "set": "#schedule.set<[<[\")" + size + R"(\" le 1]> -> <tile = [)" +
         tiles.single + R"(]>, <[]> -> <tile = [)" + tiles.many + R"(]>]>"})";
}

/// A package of a shape, with tiles of its products; false if it has no room for one of them.
class Compiled {
public:
  Compiled(const Options &options, const Shape &shape, const std::string &format, const std::string &machine)
      : options(options), model(options.work + "/" + shape.name), target("npu:" + machine),
        package(options.work + "/model.coopt"), ir(options.work + "/ir"), trace(options.work + "/model.json"),
        command(options.bin + "/coopt-compile " + model + " --quantize=" + format + " --target=" + target +
                " --dump-ir=" + ir + " --explain-schedule=" + trace + " -o " + package) {
    auto [status, text] = run("test -d " + model + " || " + options.bin + "/coopt-gen --layers=1 " +
                              shape.options + " -o " + model);
    if (status != 0) {
      stop(text);
    }
  }

  /// Products without room for their tile are left to the compiler. False: all of them are.
  bool compile(std::map<std::string, Tiles> tiles, const std::string &more = "") {
    const bool hasTiles = !tiles.empty();
    while (true) {
      std::string schedule;
      for (const auto &[op, tile] : tiles) {
        schedule += (schedule.empty() ? "" : ", ") + entry(op, tile);
      }
      std::ofstream(options.work + "/tiles.json") << "{\"schedules\": [" << schedule << "]}";
      auto [status, text] =
          run("rm -rf " + ir + "; " + command + " --schedule=" + options.work + "/tiles.json" + more);
      given = tiles;
      if (status == 0) {
        return !hasTiles || !tiles.empty();
      }
      const size_t before = tiles.size();
      for (const char *op : kProducts) {
        if (text.find(op) != std::string::npos && text.find("too many") != std::string::npos) {
          tiles.erase(op);
        }
      }
      if (tiles.size() == before) {
        stop(text);
      }
    }
  }

  /// Cycles of each kernel in a prompt of so many tokens.
  std::map<std::string, double> simulate(int64_t tokens) const {
    std::string prompt;
    for (int64_t i = 0; i < tokens; ++i) {
      prompt += (i == 0 ? "" : ",") + std::to_string(1 + i % 300);
    }
    auto [status, text] =
        run(options.bin + "/coopt-run " + package + " --tokens " + prompt + " -n 1 --stats");
    if (status != 0) {
      stop(text);
    }
    static const std::regex line(R"((\S+) +\d+ +[\d.]+ +[\d.]+% +[\d.]+ +(\d+) +[\d.]+%)");
    return lines(text, line, 2, 1);
  }

  struct Estimate {
    std::string kind;
    double cycles;
  };
  std::map<std::string, Estimate> estimate(int64_t tokens, double clock) const {
    auto [status, text] = run(options.bin + "/coopt-opt " + ir +
                              "/5-schedule.mlir --coopt-estimate-kernels='machine=" + target +
                              " sizes=outputs=1,tokens=" + std::to_string(tokens) + "' -o /dev/null");
    if (status != 0) {
      stop(text);
    }
    static const std::regex line(R"((\S+): (\w+), ([\d.e+-]+) us, .*)");
    std::map<std::string, Estimate> result;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one);) {
      if (std::smatch match; std::regex_match(one, match, line)) {
        result[match[1]] = {match[2], std::stod(match[3]) * clock};
      }
    }
    return result;
  }

  /// Tiles of products that were chosen, and those that the rule would have taken.
  std::pair<std::map<std::string, Tiles>, std::map<std::string, Tiles>> choices() const {
    std::ifstream in(trace);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    auto decisions = cost::parseTrace(text, trace);
    if (!decisions) {
      stop(decisions.error().message);
    }
    static const std::regex tile(R"(<tile = \[(\d+, \d+)\]>)");
    auto tileOf = [&](const std::string &schedule) {
      std::smatch match;
      return std::regex_match(schedule, match, tile) ? match[1].str() : std::string();
    };
    std::map<std::string, Tiles> chosen, ruled;
    for (const cost::Decision &of : decisions->decisions) {
      if (std::find(std::begin(kProducts), std::end(kProducts), of.kernel) == std::end(kProducts)) {
        continue;
      }
      const std::string taken = tileOf(of.chosen().schedule), rule = tileOf(of.rule);
      // Without a case of its own one row has what many have.
      if (!of.guard.empty()) {
        chosen[of.kernel].single = taken;
        ruled[of.kernel].single = rule;
      } else {
        chosen[of.kernel].many = taken;
        ruled[of.kernel].many = rule;
        if (chosen[of.kernel].single.empty()) {
          chosen[of.kernel].single = taken;
        }
        ruled[of.kernel].single = rule;
      }
    }
    return {chosen, ruled};
  }

  /// Seconds of the products that were given tiles, "tokens 1 layers.*/mlp/up_proj".
  std::map<std::string, double> check() const {
    const std::string json = options.work + "/pairs.json";
    auto [status, text] = run(options.bin + "/coopt-bench --check-model --timing-only " + package +
                              " --context-fill=0 --json=" + json);
    if (status != 0) {
      stop(text);
    }
    std::ifstream in(json);
    const std::string written((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    auto document = JsonDocument::parse(written, json);
    if (!document) {
      stop(document.error().message);
    }
    JsonReader reader;
    std::map<std::string, double> result;
    reader.forEach(document->root()["pairs"], [&](const JsonValue &pair) {
      const std::string op = reader.read(pair["op"].string()), at = reader.read(pair["at"].string());
      for (const auto &[product, tiles] : given) {
        if (withoutNumbers(product) == op) {
          reader.take(pair["seconds"].number(), result[at + " " + op]);
        }
      }
    });
    if (!reader.status) {
      stop(reader.status.error().message);
    }
    return result;
  }

  std::map<std::string, Tiles> given; ///< of the last compilation

private:
  const Options &options;
  std::string model, target, package, ir, trace, command;

  static std::map<std::string, double> lines(const std::string &text, const std::regex &line, size_t value,
                                             size_t name) {
    std::map<std::string, double> result;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one);) {
      if (std::smatch match; std::regex_match(one, match, line)) {
        result[match[name]] = std::stod(match[value]);
      }
    }
    return result;
  }
};

struct Pairs {
  std::vector<double> estimated, simulated;
};

machine::NpuMachine machineOf(const std::string &name) {
  auto machine = machine::findMachine("npu:" + name);
  if (!machine) {
    stop(machine.error().message);
  }
  return *machine->npu();
}

std::map<std::string, Tiles> tilesOf(int64_t single, int64_t rows, int64_t columns) {
  std::map<std::string, Tiles> tiles;
  for (const char *op : kProducts) {
    tiles[op] = {std::to_string(single) + ", " + std::to_string(columns),
                 std::to_string(rows) + ", " + std::to_string(columns)};
  }
  return rows == 0 ? std::map<std::string, Tiles>() : tiles;
}

bool compareTimes(const Options &options, const Suite &suite) {
  std::map<std::pair<std::string, std::string>, Pairs> all;
  for (const std::string &name : suite.machines) {
    const machine::NpuMachine machine = machineOf(name);
    for (const Shape &shape : suite.shapes) {
      for (const std::string &format : suite.formats) {
        for (auto [rows, panels] : suite.tiles) {
          Compiled compiled(options, shape, format, name);
          if (!compiled.compile(tilesOf(rows, rows, panels * machine.cores.front().mxu->cols))) {
            continue;
          }
          for (int64_t tokens : kTokens) {
            const auto simulated = compiled.simulate(tokens);
            for (const auto &[op, estimate] : compiled.estimate(tokens, machine.clocksMegahertz.core)) {
              if (auto found = simulated.find(op); found != simulated.end() && found->second > 0) {
                Pairs &pairs = all[{name, estimate.kind}];
                pairs.estimated.push_back(estimate.cycles);
                pairs.simulated.push_back(found->second);
              }
            }
          }
        }
      }
    }
  }
  bool isGood = !all.empty();
  std::printf("| machine | kernels | number | mean error | greatest | rank correlation "
              "|\n|---|---|---|---|---|---|\n");
  for (const auto &[key, pairs] : all) {
    double sum = 0, most = 0;
    for (size_t i = 0; i < pairs.estimated.size(); ++i) {
      const double error = std::fabs(pairs.estimated[i] / pairs.simulated[i] - 1);
      sum += error;
      most = std::max(most, error);
    }
    const double mean = sum / static_cast<double>(pairs.estimated.size());
    auto rank = bench::rankCorrelation(pairs.estimated, pairs.simulated);
    if (!rank) {
      stop(key.first + ", " + key.second + ": " + rank.error().message);
    }
    std::printf("| `%s` | %s | %zu | %.1f %% | %.0f %% | %.3f |\n", key.first.c_str(), key.second.c_str(),
                pairs.estimated.size(), 100 * mean, 100 * most, *rank);
    isGood &= mean <= options.mostError && *rank >= options.leastRank;
  }
  return isGood;
}

/// Of each product, for one row and for 64: chosen, by rule, the best that a sweep found.
bool compareChoices(const Options &options, const Suite &suite) {
  bool isGood = true;
  std::string table =
      "| machine | products | of the best | of the rule | greatest of the rule |\n|---|---|---|---|---|\n";
  for (const std::string &name : suite.machines) {
    const int64_t columns = machineOf(name).cores.front().mxu->cols;
    double ofBest = 0, ofRule = 0, worst = 0;
    int64_t count = 0;
    for (const Shape &shape : suite.shapes) {
      for (const std::string &format : suite.formats) {
        Compiled compiled(options, shape, format, name);
        compiled.compile({}, options.tune.empty() ? "" : " --tune=" + options.tune);
        const auto [tiles, ruledTiles] = compiled.choices();
        compiled.compile(tiles);
        const auto chosen = compiled.check();
        compiled.compile(ruledTiles);
        const auto ruled = compiled.check();
        std::map<std::string, std::pair<double, std::string>> best;
        for (const auto &[product, seconds] : chosen) {
          best[product] = {seconds, "chosen"};
        }
        for (int64_t rows : {4, 16, 64}) {
          for (int64_t panels : {1, 2, 4, 8, 16}) {
            if (!compiled.compile(tilesOf(1, rows, panels * columns))) {
              continue;
            }
            for (const auto &[product, seconds] : compiled.check()) {
              if (auto found = best.find(product); found != best.end() && seconds < found->second.first) {
                found->second = {seconds, std::to_string(rows) + ", " + std::to_string(panels * columns)};
              }
            }
          }
        }
        for (const auto &[product, seconds] : chosen) {
          const double rule = ruled.count(product) ? ruled.at(product) : seconds;
          ofBest += std::log(seconds / best.at(product).first);
          ofRule += std::log(seconds / rule);
          worst = std::max(worst, seconds / rule);
          ++count;
          if (options.each) {
            auto of = std::find_if(tiles.begin(), tiles.end(), [&](const auto &one) {
              return withoutNumbers(one.first) == product.substr(product.rfind(' ') + 1);
            });
            std::printf("%s %s %s %s: [%s | %s] %.4g us, %.1f %% of [%s], %.4g us; rule %.4g us\n",
                        name.c_str(), shape.name, format.c_str(), product.c_str(), of->second.single.c_str(),
                        of->second.many.c_str(), 1e6 * seconds, 100 * best.at(product).first / seconds,
                        best.at(product).second.c_str(), 1e6 * best.at(product).first, 1e6 * rule);
            std::fflush(stdout);
          }
        }
      }
    }
    const double share = std::exp(-ofBest / static_cast<double>(std::max<int64_t>(count, 1)));
    char line[160];
    std::snprintf(line, sizeof line, "| `%s` | %lld | %.1f %% | %.2f | %.2f |\n", name.c_str(),
                  static_cast<long long>(count), 100 * share,
                  std::exp(ofRule / static_cast<double>(std::max<int64_t>(count, 1))), worst);
    table += line;
    isGood &= count > 0 && share >= options.leastShare && worst <= options.mostOfRule;
  }
  std::fputs(table.c_str(), stdout);
  return isGood;
}

} // namespace

int main(int count, char **arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    auto next = [&] { return i + 1 < count ? std::string(arguments[++i]) : std::string(); };
    if (word == "--selection") {
      options.selection = true;
    } else if (word == "--each") {
      options.each = true;
    } else if (word == "--tune") {
      options.tune = next();
    } else if (word == "--machine") {
      options.machine = next();
    } else if (word == "--bin") {
      options.bin = next();
    } else if (word == "--work") {
      options.work = next();
    } else if (word == "--least-rank") {
      options.leastRank = std::atof(next().c_str());
    } else if (word == "--most-error") {
      options.mostError = std::atof(next().c_str());
    } else if (word == "--most-of-rule") {
      options.mostOfRule = std::atof(next().c_str());
    } else if (word == "--least-share") {
      options.leastShare = std::atof(next().c_str());
    } else {
      options.suite = word;
    }
  }
  auto suite = suites().find(options.suite);
  if (suite == suites().end() || options.bin.empty() || options.work.empty()) {
    stop("expected one of the suites calibration, choice, quick and test, --bin DIR and --work DIR");
  }
  if (auto [status, text] = run("mkdir -p " + options.work); status != 0) {
    stop(text);
  }
  Suite chosen = suite->second;
  if (!options.machine.empty()) {
    chosen.machines = {options.machine};
  }
  const bool isGood = options.selection ? compareChoices(options, chosen) : compareTimes(options, chosen);
  if (!isGood) {
    stop("a bound is not kept");
  }
  return 0;
}
