//===- coopt-run.cpp - Runs a package ---------------------------------------===//
#include "Commands.h"

#include "coopt/Support/Json.h"
#include "coopt/Support/StandardOutput.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

using namespace coopt;
using namespace coopt::run;

/// Ids separated by commas. Throws a CLI::ValidationError, as CLI11's own readers do.
static std::vector<int32_t> parseTokens(const std::string &text) {
  std::vector<int32_t> ids;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    int32_t id = 0;
    auto [rest, problem] = std::from_chars(text.data() + begin, text.data() + end, id);
    if (problem != std::errc() || rest != text.data() + end) {
      throw CLI::ValidationError("--tokens", "token " + std::to_string(ids.size()) +
                                                 ": expected an id below 2147483648, got " +
                                                 inQuotes(text.substr(begin, end - begin)));
    }
    ids.push_back(id);
    begin = end + 1;
  }
  return ids;
}

static void describe(CLI::App &app, Options &options) {
  app.add_option("package", options.package, "The package, as made by coopt-compile")
      ->required()
      ->type_name("PACKAGE");

  app.add_option("--prompt", options.prompt, "Generate text that goes on from TEXT")
      ->type_name("TEXT")
      ->group("What to run");
  app.add_option_function<std::string>(
         "--tokens", [&options](const std::string &text) { options.tokens = parseTokens(text); },
         "Like --prompt, from token ids (nothing is put before them)")
      ->type_name("1,2,3")
      ->group("What to run");
  app.add_option("--score", options.score,
                 "Read {\"sequences\": [[ids]]}, print {\"mean_nll\", \"tokens\"} over all predicted tokens")
      ->type_name("FILE.json")
      ->group("What to run");
  app.add_option("--score-against", options.scoreAgainst,
                 "With --score: add {\"kl\", \"top1\"}, the mean divergence KL(M || package) in nats and the "
                 "share of "
                 "positions at which both find the same token most probable")
      ->type_name("M.coopt")
      ->group("What to run");
  app.add_option("--function", options.function, "Call this entry point with --input and --output")
      ->type_name("NAME")
      ->group("What to run");
  app.add_option(
         "--replay", options.replay,
         "Run the dispatches of a record on its inputs and compare their outputs; exit 1 if they differ")
      ->type_name("DIR")
      ->group("What to run");
  app.add_flag("--verify", options.verify, "Compare all weights with their checksums before anything runs")
      ->group("What to run");

  app.add_option("-n", options.count, "Most tokens to generate")
      ->capture_default_str()
      ->check(CLI::Range(int64_t(0), std::numeric_limits<int64_t>::max()))
      ->type_name("N")
      ->group("Generation");
  app.add_option("--temperature", options.temperature, "0: the most probable token")
      ->capture_default_str()
      ->type_name("T")
      ->group("Generation");
  app.add_option("--seed", options.seed, "Of the random numbers; used if the temperature is not 0")
      ->capture_default_str()
      ->type_name("N")
      ->group("Generation");
  app.add_flag("--print-tokens", options.printTokens, "Print ids, separated by commas, instead of text")
      ->group("Generation");
  app.add_flag("--print-logits", options.printLogits,
               "Print the logits after the last prompt token as a JSON array, and generate nothing")
      ->group("Generation");

  app.add_option("--input", options.inputs, "An argument of --function (one option an argument)")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE.npy")
      ->group("Functions");
  app.add_option("--output", options.outputs, "Where to write a result; without any, shapes are printed")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE.npy")
      ->group("Functions");
  app.add_option("--size", options.sizes, "A run-time size that no argument's shape tells")
      ->allow_extra_args(false)
      ->type_name("NAME=N")
      ->group("Functions");

  app.add_option("--threads", options.threads, "0: as many as the process may use; npu-sim uses one")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->group("Machine");
  app.add_option(
         "--device", options.device,
         "cpu: the processor; npu-sim: an accelerator, simulated; what the package has code for if not given")
      ->type_name("NAME")
      ->group("Machine");
  app.add_option("--isa", options.isa,
                 "Code variant: generic, avx2, avx512, amx; the best that the processor has if not given")
      ->type_name("NAME")
      ->group("Machine");

  app.add_option("--expert-memory", options.expertMemory,
                 "Keep at most that many bytes of the experts in memory (4096, 512M, 1.5G, or a share of "
                 "all: 50%) and read "
                 "the others from the package when they are needed; all are mapped if not given")
      ->type_name("BYTES")
      ->group("Machine");
  app.add_option("--expert-policy", options.expertPolicy,
                 "With --expert-memory: which expert is given up. lru: used longest ago; score: wanted by "
                 "the fewest tokens "
                 "lately; advice: as lru, but late those that came back soon")
      ->capture_default_str()
      ->type_name("NAME")
      ->group("Machine");
  app.add_option("--expert-prefetch", options.expertPrefetch,
                 "With --expert-memory: router reads ahead what the next layer's router is guessed to "
                 "choose; none reads "
                 "what is needed when it is needed")
      ->capture_default_str()
      ->check(CLI::IsMember({"router", "none"}))
      ->type_name("HOW")
      ->group("Machine");

  app.add_flag("--stats", options.stats,
               "Print tokens per second and the time of each op to stderr; of npu-sim also cycles, "
               "utilisation, memory, "
               "energy and stalls")
      ->group("Measurement");
  app.add_option("--trace", options.trace,
                 "Write every dispatch in the Trace Event Format; of npu-sim in its cycles, with all that "
                 "its engines did")
      ->type_name("FILE.json")
      ->group("Measurement");
  app.add_option("--record", options.record, "Store what every dispatch reads and writes")
      ->type_name("DIR")
      ->group("Measurement");
  app.add_option(
         "--collect-stats", options.collectStatistics,
         "Write statistics of the inputs of every weight's contraction, for coopt-compile --calibration")
      ->type_name("FILE.safetensors")
      ->group("Measurement");
  app.add_flag("--collect-hessian", options.collectHessian,
               "With --collect-stats: the Gram matrices of the inputs too, which --rounding=gptq needs (K x "
               "K numbers for "
               "K columns)")
      ->group("Measurement");
  app.add_option("--replay-tolerance", options.replayTolerance,
                 "Let floating-point values of --replay differ by ABS + REL * |recorded|")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("ABS,REL")
      ->group("Measurement");
  app.add_flag("--replay-partial", options.replayPartial,
               "Let --replay succeed though dispatches of the record have no counterpart in the package")
      ->group("Measurement");
  app.footer("Examples:\n"
             "  coopt-run float.coopt --score text.json --collect-stats s.safetensors --collect-hessian\n"
             "  coopt-run model.coopt --prompt \"Once upon a time\" -n 100 --stats\n"
             "  coopt-run model.coopt --tokens 1,403,407 --print-tokens --temperature 0.8 --seed 3\n"
             "  coopt-run experts.coopt --prompt Hello --expert-memory=2G --stats\n"
             "  coopt-run kernels.coopt --function axpy --input x=x.npy --input y=y.npy --output z=z.npy\n"
             "  coopt-run a.coopt --isa=generic --prompt Hello --record r && coopt-run a.coopt --replay r\n");
}

static Status checkCombination(const Options &options) {
  int what = (options.prompt ? 1 : 0) + (options.tokens.empty() ? 0 : 1) + (options.score.empty() ? 0 : 1) +
             (options.function.empty() ? 0 : 1) + (options.replay.empty() ? 0 : 1);
  if (what > 1) {
    return fail("expected one of --prompt, --tokens, --score, --function and --replay, got " +
                std::to_string(what));
  }
  if (what == 0 && !options.verify) {
    return fail("nothing to do: expected --prompt, --tokens, --score, --function, --replay or --verify");
  }
  if (options.score.empty() && !options.scoreAgainst.empty()) {
    return fail("--score-against belongs to --score");
  }
  if (options.function.empty() &&
      !(options.inputs.empty() && options.outputs.empty() && options.sizes.empty())) {
    return fail("--input, --output and --size belong to --function");
  }
  if (options.replay.empty() && (options.replayPartial || !options.replayTolerance.empty())) {
    return fail("--replay-tolerance and --replay-partial belong to --replay");
  }
  if (!options.replayTolerance.empty() &&
      (options.replayTolerance.size() != 2 ||
       !std::all_of(options.replayTolerance.begin(), options.replayTolerance.end(),
                    [](double value) { return value >= 0; }))) {
    return fail("--replay-tolerance: expected two numbers from 0 on, ABS,REL");
  }
  if (!options.replay.empty() && (options.stats || !options.trace.empty() || !options.record.empty() ||
                                  !options.collectStatistics.empty())) {
    return fail("--replay goes with none of --stats, --trace, --record and --collect-stats");
  }
  if (options.collectHessian && options.collectStatistics.empty()) {
    return fail("--collect-hessian belongs to --collect-stats");
  }
  return {};
}

/// Whether all went well; a replay that differs is no error, but no success either.
static Expected<bool> execute(const Options &options) {
  if (auto status = checkCombination(options); !status) {
    return forward(status.error());
  }
  runtime::LoadOptions load;
  load.device = options.device;
  load.isa = options.isa;
  load.verify = options.verify;
  auto experts = runtime::parseExpertOptions(options.expertMemory, options.expertPolicy);
  if (!experts) {
    return forward(experts.error());
  }
  load.experts = *experts;
  load.experts.prefetch = options.expertPrefetch == "router";
  auto package = runtime::LoadedPackage::load(options.package, load);
  if (!package) {
    return forward(package.error());
  }
  if (!options.replay.empty()) {
    return replayRecord(options, *package);
  }
  Status status;
  if (!options.score.empty()) {
    status = score(options, *package);
  } else if (!options.function.empty()) {
    status = callFunction(options, *package);
  } else if (options.prompt || !options.tokens.empty()) {
    status = generate(options, *package);
  } else {
    std::printf("%s: verified\n", options.package.c_str());
  }
  if (!status) {
    return forward(status.error());
  }
  return true;
}

static int error(std::string message) {
  while (!message.empty() && message.back() == '\n') {
    message.pop_back();
  }
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fflush(stdout);
  std::fprintf(stderr, "coopt-run: error: %s\n", message.c_str());
  return 1;
}

int main(int argc, char **argv) {
  try {
    Options options;
    CLI::App app("Runs a package: generates text, scores sequences, calls functions, records and replays.",
                 "coopt-run");
    app.set_version_flag("--version", "coopt-run 0.1.0");
    describe(app, options);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success &success) {
      app.exit(success); // --help, --version
      auto shown = flushStandardOutput();
      return shown ? 0 : error(shown.error().message);
    } catch (const CLI::ConversionError &mistake) {
      return error(std::string(mistake.what()) + " (--help says what is expected)");
    } catch (const CLI::ArgumentMismatch &mistake) {
      return error(std::string(mistake.what()) + " (--help says what is expected)");
    } catch (const CLI::ParseError &mistake) {
      return error(mistake.what());
    }
    auto good = execute(options);
    if (!good) {
      return error(good.error().message);
    }
    if (auto shown = flushStandardOutput(); !shown) {
      return error(shown.error().message);
    }
    return *good ? 0 : 1;
  } catch (const std::exception &exception) {
    return error(exception.what());
  }
}
