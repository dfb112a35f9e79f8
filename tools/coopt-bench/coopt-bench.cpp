//===- coopt-bench.cpp - Measures packages against the machine's limits -----===//
#include "MemoryPlans.h"
#include "PeerLibraries.h"

#include "Bench/Calibrate.h"
#include "Bench/ModelCheck.h"
#include "Bench/Report.h"
#include "Executor/ThreadPool.h"
#include "coopt/Support/OutputFile.h"
#include "coopt/Support/StatusLine.h"
#include "coopt/Tuning/TuningDatabase.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>

using namespace coopt;
using namespace coopt::bench;

namespace {

struct Arguments {
  std::vector<std::string> packages;
  std::string json, calibrate, tuningDatabase;
  std::vector<std::string> merged; ///< databases
  bool loadOnly = false, peers = false, checkModel = false;
  std::string expertMemory, expertPolicy = "score";
  double expertRate = 0;
  bool checkMemoryPlans = false;
  int64_t plannedGraphs = 200;
  double planSeconds = 10;
  Options options;
};

void describe(CLI::App &app, Arguments &arguments) {
  Options &options = arguments.options;
  auto count = [&](const char *flag, int64_t &value, int64_t least, const char *text) {
    app.add_option(flag, value, text)
        ->capture_default_str()
        ->check(CLI::Range(least, int64_t(1) << 24))
        ->type_name("N");
  };
  app.add_option("packages", arguments.packages, "Packages, or folders whose *.coopt are all measured")
      ->type_name("PACKAGE");
  app.add_option("--threads", options.threads, "0: as many as the process may use")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  app.add_option("--isa", options.isa,
                 "Code variant: generic, avx2, avx512, amx; the best that the processor has if not given")
      ->type_name("NAME");
  count("--prefill", options.prefill, 1, "Tokens of the prompt whose tokens per second are measured");
  count("--decode", options.decode, 1, "Tokens that one sample decodes");
  count("--context-fill", options.contextFill, 0, "Tokens that the context holds before decoding");
  app.add_option("--repeat", options.repeat, "Pairs of a limit and a measurement")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000))
      ->type_name("N");
  CLI::Option *perOp =
      app.add_flag("--per-op", options.perOp, "Show the time of each op beside what it reads and computes");
  app.add_flag("--peers", arguments.peers,
               "With --per-op: time plain matrix products of oneDNN 2 and OpenBLAS at the shapes of the ops, "
               "checked, on as many threads. Needs a build that found libdnnl-dev or libopenblas-dev")
      ->needs(perOp);
  app.add_flag(
      "--timing-only", options.timingOnly,
      "Of a package for a simulated accelerator: compute only what decides what is executed; times are "
      "those of another text where a sampled token does");
  app.add_option("--reference", options.reference,
                 "A package of the same model: nothing is reported if scores differ")
      ->type_name("PACKAGE");
  app.add_option("--reference-tolerance", options.tolerance,
                 "Most mean absolute difference of negative log-likelihoods, in nats")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->type_name("X");
  CLI::Option *memory = app.add_option("--expert-memory", arguments.expertMemory,
                                       "Measure what it costs to keep but that many bytes of the experts in "
                                       "memory (512M, 1.5G, or a share: 50%): reading "
                                       "ahead and on demand, beside all mapped")
                            ->excludes(perOp)
                            ->type_name("BYTES");
  app.add_option("--expert-policy", arguments.expertPolicy,
                 "With --expert-memory: which expert is given up, lru, score or advice")
      ->capture_default_str()
      ->needs(memory)
      ->type_name("NAME");
  app.add_option("--expert-rate", arguments.expertRate,
                 "With --expert-memory: model a drive of that many bytes a second, with the package in the "
                 "system's cache; "
                 "else it is read from where it is")
      ->check(CLI::Range(1.0, 1e15))
      ->needs(memory)
      ->type_name("N");
  CLI::Option *model =
      app.add_flag(
             "--check-model", arguments.checkModel,
             "Measure each kernel at the sizes that its schedule was priced at, beside what the cost model "
             "says for this "
             "machine. Wants what coopt-compile --explain-schedule=M.json wrote beside each M.coopt")
          ->excludes(perOp)
          ->excludes(memory);
  CLI::Option *database =
      app.add_option(
             "--tuning-db", arguments.tuningDatabase,
             "With --check-model: keep what each schedule took, for coopt-compile --tuning-db=FILE, and show "
             "the kernel's best of all that it has")
          ->type_name("FILE");
  app.add_option("--merge", arguments.merged, "Other databases that are added to that of --tuning-db")
      ->needs(database)
      ->type_name("FILE");
  CLI::Option *plans =
      app.add_flag("--check-memory-plans", arguments.checkMemoryPlans,
                   "In place of packages: memory plans of parts of networks and of generated "
                   "graphs, beside simpler plans, bounds and, of small ones, all plans")
          ->excludes(model)
          ->excludes(perOp)
          ->excludes(memory)
          ->excludes(database);
  app.add_option("--plan-graphs", arguments.plannedGraphs,
                 "With --check-memory-plans: generated graphs of a kind")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000))
      ->needs(plans)
      ->type_name("N");
  app.add_option("--plan-seconds", arguments.planSeconds, "With --check-memory-plans: time for each graph")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 3600.0))
      ->needs(plans)
      ->type_name("S");
  app.add_option("--calibrate", arguments.calibrate,
                 "Measure this machine, in place of packages, and write its description, for coopt-compile "
                 "--target=FILE")
      ->excludes(plans)
      ->type_name("FILE.json");
  app.add_option("--json", arguments.json, "Write all samples")->type_name("FILE");
  app.add_flag("--load-only", arguments.loadOnly,
               "Load one package, open a session, write a line and exit: what the load time measures");
  app.footer("Examples:\n"
             "  coopt-bench model.coopt --per-op\n"
             "  coopt-bench model.coopt --per-op --peers\n"
             "  coopt-bench experts.coopt --expert-memory=50% --expert-rate=2e9\n"
             "  coopt-bench npu.coopt --timing-only --prefill=64 --decode=4 --repeat=3\n"
             "  coopt-bench --calibrate=here.json\n"
             "  coopt-bench --check-memory-plans --json=plans.json\n"
             "  coopt-bench w8a8.coopt f32.coopt --reference=f32.coopt --json=result.json\n");
}

int error(std::string message) {
  while (!message.empty() && message.back() == '\n') {
    message.pop_back();
  }
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fprintf(stderr, "coopt-bench: error: %s\n", message.c_str());
  return 1;
}

/// Folders stand for the packages in them, by name.
Expected<std::vector<std::string>> expand(const std::vector<std::string> &paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  for (const std::string &path : paths) {
    std::error_code mistake;
    if (!fs::is_directory(path, mistake)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> suite;
    for (fs::directory_iterator entry(path, mistake), end; !mistake && entry != end;
         entry.increment(mistake)) {
      if (entry->path().extension() == ".coopt") {
        suite.push_back(entry->path().string());
      }
    }
    if (suite.empty()) {
      return fail(path + ": no *.coopt file in this folder" + (mistake ? ": " + mistake.message() : ""));
    }
    std::sort(suite.begin(), suite.end());
    out.insert(out.end(), suite.begin(), suite.end());
  }
  return out;
}

Status write(const std::string &path, const std::string &text) {
  auto file = OutputFile::create(path);
  if (!file) {
    return forward(file.error());
  }
  Status status = file->write(text.data(), text.size());
  return status ? file->commit() : status;
}

/// Says on a terminal what goes on; the line is wiped when all copies are gone or the last word was said.
class StatusOf {
public:
  explicit StatusOf(const std::string &what)
      : line(std::make_shared<StatusLine>()), prefix("coopt-bench: " + what + ": ") {}
  void operator()(const std::string &what) const { line->show(prefix + what); }

private:
  std::shared_ptr<StatusLine> line;
  std::string prefix;
};

/// Describes the machine in a file, whose name is the machine's.
Status calibrateMachine(const Arguments &arguments) {
  if (!arguments.packages.empty()) {
    return fail("--calibrate measures the machine alone, got " + arguments.packages.front() + " beside it");
  }
  std::string name = std::filesystem::path(arguments.calibrate).stem().string();
  for (char &c : name) {
    const bool isFine = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    c = isFine ? c : '-';
  }
  auto machine = calibrate(arguments.options.threads, name, StatusOf(arguments.calibrate));
  if (!machine) {
    return forward(machine.error(), "--calibrate");
  }
  if (Status status = write(arguments.calibrate, toJson(*machine)); !status) {
    return forward(status.error(), "--calibrate");
  }
  std::fputs(calibrationTable(*machine).c_str(), stdout);
  return std::fflush(stdout) == 0 ? Status() : fail("standard output can't be written");
}

Status mergeDatabases(const Arguments &arguments) {
  if (!arguments.packages.empty()) {
    return fail("--merge measures nothing, got " + arguments.packages.front() + " beside it");
  }
  auto database = tuning::TuningDatabase::openOrCreate(arguments.tuningDatabase);
  if (!database) {
    return forward(database.error(), "--tuning-db");
  }
  for (const std::string &other : arguments.merged) {
    if (Status status = database->merge(other); !status) {
      return forward(status.error(), "--merge");
    }
  }
  return {};
}

Status checkModel(const std::vector<std::string> &paths, const Arguments &arguments) {
  std::vector<ModelPair> pairs;
  std::optional<tuning::TuningDatabase> database;
  if (!arguments.tuningDatabase.empty()) {
    auto opened = tuning::TuningDatabase::openOrCreate(arguments.tuningDatabase);
    if (!opened) {
      return forward(opened.error(), "--tuning-db");
    }
    database = std::move(*opened);
  }
  for (const std::string &path : paths) {
    auto measured = measurePairs(path, arguments.options, StatusOf(path));
    if (!measured) {
      return forward(measured.error());
    }
    for (ModelPair &pair : *measured) {
      if (database) {
        Status kept = database->record(
            {pair.kernel, pair.machine, pair.family, pair.schedule, pair.least, pair.samples});
        if (!kept) {
          return forward(kept.error(), "--tuning-db");
        }
      }
      pairs.push_back(std::move(pair));
    }
  }
  for (ModelPair &pair : pairs) {
    if (!database) {
      break;
    }
    const tuning::Measurement own{pair.kernel, pair.machine, pair.family, pair.schedule};
    auto best = database->best(own);
    auto known = database->find(own);
    if (!best || !known) {
      return forward(best ? known.error() : best.error(), "--tuning-db");
    }
    if (*best && *known) {
      pair.best = BestKnown{(*best)->measurement.schedule, (*best)->measurement.seconds, (*best)->schedules,
                            (*known)->seconds};
    }
  }
  if (auto error = modelError(pairs); !error) {
    return forward(error.error());
  }
  if (!arguments.json.empty()) {
    if (Status status = write(arguments.json, modelJson(pairs)); !status) {
      return forward(status.error(), "--json");
    }
  }
  std::fputs(modelTable(pairs).c_str(), stdout);
  if (const std::string choices = choiceTable(pairs); !choices.empty()) {
    std::fputs(("\n" + choices).c_str(), stdout);
  }
  return std::fflush(stdout) == 0 ? Status() : fail("standard output can't be written");
}

Status checkPlans(const Arguments &arguments) {
  if (!arguments.packages.empty()) {
    return fail("--check-memory-plans runs no package, got " + arguments.packages.front() + " beside it");
  }
  const PlanCheck check = checkMemoryPlans(static_cast<size_t>(arguments.plannedGraphs),
                                           arguments.planSeconds, StatusOf("memory plans"));
  if (!arguments.json.empty()) {
    if (Status status = write(arguments.json, plansJson(check)); !status) {
      return forward(status.error(), "--json");
    }
  }
  std::fputs(plansTable(check).c_str(), stdout);
  if (std::fflush(stdout) != 0) {
    return fail("standard output can't be written");
  }
  return check.broken.empty() ? Status()
                              : fail("--check-memory-plans: " + check.broken.front() + " (the first of " +
                                     std::to_string(check.broken.size()) + " promises that don't hold)");
}

Status execute(Arguments &arguments) {
  if (arguments.checkMemoryPlans) {
    return checkPlans(arguments);
  }
  if (!arguments.calibrate.empty()) {
    return calibrateMachine(arguments);
  }
  if (!arguments.merged.empty()) {
    return mergeDatabases(arguments);
  }
  if (!arguments.tuningDatabase.empty() && !arguments.checkModel) {
    return fail("--tuning-db belongs to --check-model or --merge");
  }
  if (arguments.packages.empty()) {
    return fail("expected a package, --calibrate or --check-memory-plans (--help lists the options)");
  }
  auto paths = expand(arguments.packages);
  if (!paths) {
    return forward(paths.error());
  }
  if (arguments.loadOnly) {
    return paths->size() == 1
               ? loadOnly(paths->front(), arguments.options)
               : fail("--load-only: expected one package, got " + std::to_string(paths->size()));
  }
  auto experts = runtime::parseExpertOptions(arguments.expertMemory, arguments.expertPolicy);
  if (!experts) {
    return forward(experts.error());
  }
  arguments.options.experts = *experts;
  arguments.options.experts.rate = static_cast<uint64_t>(arguments.expertRate);
  if (arguments.peers) {
    int threads = arguments.options.threads;
    auto peers = openPeers(threads > 0 ? threads : runtime::availableThreads());
    if (!peers) {
      return forward(peers.error());
    }
    arguments.options.peers = std::move(*peers);
  }
  if (arguments.checkModel) {
    return checkModel(*paths, arguments);
  }
  std::vector<Result> results;
  for (const std::string &path : *paths) {
    auto result = run(path, arguments.options, StatusOf(path));
    if (!result) {
      return forward(result.error());
    }
    results.push_back(std::move(*result));
  }
  MachineInfo machine = machineInfo();
  if (!arguments.json.empty()) {
    if (Status status = write(arguments.json, json(machine, arguments.options, results)); !status) {
      return forward(status.error(), "--json");
    }
  }
  std::fputs(table(machine, results).c_str(), stdout);
  return std::fflush(stdout) == 0 ? Status() : fail("standard output can't be written");
}

} // namespace

int main(int argc, char **argv) {
  try {
    Arguments arguments;
    CLI::App app("Measures packages beside the limits of the machine, in turn, and checks their results "
                 "first; packages for "
                 "an accelerator on its simulator.",
                 "coopt-bench");
    app.set_version_flag("--version", "coopt-bench 0.1.0");
    describe(app, arguments);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success &success) {
      return app.exit(success); // --help, --version
    } catch (const CLI::ParseError &mistake) {
      return error(mistake.what());
    }
    auto status = execute(arguments);
    return status ? 0 : error(status.error().message);
  } catch (const std::exception &exception) {
    return error(exception.what());
  }
}
