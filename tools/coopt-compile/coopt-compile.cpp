//===- coopt-compile.cpp - A model and a machine to one package -----------------------------===//
#include "coopt/Calibration/CalibrationMethod.h"
#include "coopt/Import/CalibrationFile.h"
#include "coopt/Numerics/FixedAttention.h"
#include "coopt/Numerics/QuantizationPlan.h"
#include "coopt/Numerics/QuantizationScheme.h"
#include "coopt/Numerics/SparsePattern.h"
#include "coopt/Pipelines/Driver.h"
#include "coopt/Support/StandardOutput.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <sstream>

using namespace coopt;

namespace {

constexpr char kKvHelp[] = R"(how keys and values are stored until the end of a session

  f32    (the default) as they are computed
  f16    rounded to nearest even: half the memory; magnitudes up to 65504
  bf16   rounded to nearest even: half the memory, all magnitudes, 8 bits of precision
  int8   codes of 8 bits, one scale for the key and one for the value of a position and head: about a quarter
  kivi4  codes of 4 bits with scales and minimums: keys in groups of 32 positions of a channel, values in groups of 32
         channels of a position; the newest positions stay f16 until their 32 are there. About a sixth
  kivi2  the same with 2 bits: about a tenth, for models that bear it

Attention widens or decodes them to binary32; that of --attention=fixed has the same bits everywhere with each.
)";

std::string phaseList() {
  std::string list;
  for (Phase phase : allPhases()) {
    list += (list.empty() ? "" : ", ") + phaseName(phase).str();
  }
  return list;
}

/// Whether --quantize has a budget, which is spent by what the statistics say; a mistake in it is said where it is read.
bool hasBudget(const std::string &quantize) {
  auto plan = numerics::readQuantizationPlan(quantize);
  return !plan || (plan->automatic || std::any_of(plan->rules.begin(), plan->rules.end(),
                                                  [](const numerics::QuantizationRule &rule) {
                                                    return rule.budget.has_value();
                                                  }));
}

/// What is wrong with --calibration and the options that it goes with, --rounding, --sparsify and a budget; "" if nothing. The file's name becomes absolute: the
/// packager may run elsewhere.
std::string checkCalibration(CompileOptions &options) {
  auto method = calibration::parseCalibrationMethod(options.rounding);
  if (!method) {
    return "--rounding: " + method.error().message;
  }
  const bool scoresByInputs = options.sparsityScore == "inputs";
  if (!options.sparsify.empty()) {
    if (auto pattern = numerics::parseSparsePattern(options.sparsify); !pattern) {
      return "--sparsify: " + pattern.error().message;
    }
  } else if (scoresByInputs) {
    return "--sparsity-score belongs to --sparsify";
  }
  if (method->isNearest() && !scoresByInputs) {
    if (options.calibration.empty()) {
      return "";
    }
    if (!hasBudget(options.quantize)) {
      return "--calibration belongs to --rounding=clip, awq or gptq, --sparsity-score=inputs, or a "
             "--quantize with "
             "a budget (auto:.., or for experts)";
    }
  }
  if (options.quantize == "f32" && !method->isNearest()) {
    return "--rounding=" + options.rounding + " belongs to a --quantize other than f32";
  }
  if (options.calibration.empty()) {
    return (scoresByInputs ? "--sparsity-score=inputs" : "--rounding=" + options.rounding) +
           " needs --calibration=FILE (coopt-run --collect-stats writes it)";
  }
  if (auto file = import::CalibrationFile::open(options.calibration); !file) {
    return "--calibration: " + file.error().message;
  }
  llvm::SmallString<256> absolute(options.calibration);
  if (std::error_code error = llvm::sys::fs::make_absolute(absolute)) {
    return "--calibration: " + options.calibration + ": " + error.message();
  }
  options.calibration = std::string(absolute);
  return "";
}

int wrong(const std::string &message) {
  llvm::errs() << "coopt-compile: error: " << message << "\n";
  return 1;
}

/// The exit status of a program that printed to standard output what it was asked for.
int finishOutput() {
  llvm::outs().flush();
  if (std::error_code error = llvm::outs().error()) {
    llvm::outs().clear_error(); // else its destructor ends the program in its own way
    return wrong("standard output can't be written: " + error.message());
  }
  auto shown = flushStandardOutput();
  return shown ? 0 : wrong(shown.error().message);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app{"Compiles a model (a Hugging Face directory, a GGUF file, or an MLIR file of functions over "
               "tensors) to one package "
               "that coopt-run executes.",
               "coopt-compile"};
  // Whatever else is said.
  auto asksFor = [&](const std::string &option) {
    for (int i = 1; i < argc; ++i) {
      if (argv[i] == option + "=help" ||
          (argv[i] == option && i + 1 < argc && argv[i + 1] == std::string("help"))) {
        return true;
      }
    }
    return false;
  };
  if (asksFor("--quantize")) {
    llvm::outs() << numerics::describeQuantization();
    return finishOutput();
  }
  if (asksFor("--kv")) {
    llvm::outs() << kKvHelp;
    return finishOutput();
  }
  if (asksFor("--target")) {
    llvm::outs() << machine::describeMachines();
    return finishOutput();
  }
  app.set_version_flag("--version", "coopt 0.1.0");
  DriverOptions options;
  std::string from, to = "package", target = "cpu", variants;
  app.add_option("MODEL", options.input, "Hugging Face directory, GGUF file or MLIR file")->required();
  app.add_option("-o,--output", options.output, "where to write: a package, or MLIR text with --compile-to")
      ->required();
  app.add_option("--target", target,
                 "machine to compile for: cpu, cpu:PRESET (generic-x86-64, avx2, avx512, amx), npu:PRESET, "
                 "the JSON file "
                 "of a description, or help")
      ->capture_default_str();
  app.add_option(
         "--quantize", options.compile.quantize,
         "how weights and activations are stored: f32 (of a quantised checkpoint: its own codes), a "
         "name such as w8a8, w4a8-qoq or "
         "w4a16-g32-asym-head8, nf4, mxfp4, .., auto:size=300M, auto:size=4.5bits or auto:latency=5ms "
         "(the best choice of formats for the contractions), a JSON file of formats and rules by "
         "layer, or help")
      ->capture_default_str();
  app.add_option(
         "--sparsify", options.compile.sparsify,
         "what is kept of the weights of contractions: N of M elements of a row (2:4, 1:16, 32:64), a share "
         "of groups of columns (group16:0.5) or of blocks of rows and columns (block8x16:0.5)")
      ->type_name("PATTERN");
  app.add_option("--sparsity-score", options.compile.sparsityScore,
                 "what decides what is kept: magnitude, or inputs: magnitude times the size of the inputs in "
                 "--calibration")
      ->capture_default_str()
      ->check(CLI::IsMember({"magnitude", "inputs"}));
  app.add_option(
         "--sparse-storage", options.compile.sparseStorage,
         "how sparse weights are stored: auto (only what is kept, where kernels gain from it, else with "
         "their zeros), or kept (only what is kept, wherever that takes less memory)")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "kept"}));
  app.add_option("--activations", options.compile.activations,
                 "what float activations (a16) are rounded to where they meet quantised weights: f32 (not at "
                 "all, the default), or bf16, which the matrix unit multiplies; the weights are then, too")
      ->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--kv", options.compile.kv,
                 "how keys and values are stored: f32 (the default), f16, bf16, int8, kivi4, kivi2, or help")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "int8", "kivi4", "kivi2"}));
  app.add_option("--attention", options.compile.attention,
                 "fixed (the default): the same bits everywhere; fast: sums in any order, on the matrix unit "
                 "in bf16")
      ->check(CLI::IsMember({"fixed", "fast"}));
  auto *window = app.add_option("--attention-window", options.compile.attentionWindow,
                                "layers that attend to all positions so far attend to this many of the last")
                     ->type_name("POSITIONS")
                     ->check(CLI::Range(int64_t(1), numerics::kLongestWindow));
  app.add_option("--attention-sinks", options.compile.attentionSinks,
                 "and to this many of the first (Lambda-shaped attention)")
      ->type_name("POSITIONS")
      ->check(CLI::Range(int64_t(1), numerics::kLongestWindow))
      ->needs(window);
  app.add_option("--calibration", options.compile.calibration,
                 "statistics of the model's activations, as coopt-run --collect-stats writes them")
      ->type_name("FILE.safetensors");
  app.add_option("--rounding", options.compile.rounding,
                 "how codes of weights are chosen: nearest, or with --calibration any of awq (input channels "
                 "are scaled first), clip "
                 "(the range of each group is searched) and gptq (errors are fed back to later columns), "
                 "joined by '+'")
      ->capture_default_str();
  app.add_option(
         "--sensitivities", options.compile.sensitivities,
         "with --quantize=auto:..: a JSON file of measured losses, {\"op id\": {\"format\": loss, ..}, ..}, "
         "in place of predicted ones")
      ->type_name("FILE.json");
  app.add_option("--save-plan", options.compile.planFile,
                 "with --quantize=auto:..: writes what was chosen, for --quantize=FILE.json")
      ->type_name("FILE.json");
  app.add_option("--chunk", options.importOptions.chunk,
                 "most tokens of one call; bounds the memory of activations")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  app.add_option("--context", options.importOptions.context,
                 "positions that a session holds (0: what the model allows)")
      ->capture_default_str()
      ->check(CLI::Range(int64_t(0), std::numeric_limits<int64_t>::max()));
  app.add_option("--schedule", options.compile.scheduleFile,
                 "JSON file of schedules that win over the chosen ones");
  app.add_option(
         "--explain-schedule", options.explainSchedule,
         "say which schedules were taken and why: a table on standard output, or FILE, which of a name "
         "that ends in .json gets every candidate")
      ->type_name("[FILE]")
      ->expected(0, 1)
      ->default_str("-");
  app.add_option(
         "--tune", options.tuneSeconds,
         "measure the best candidates of each kernel on this machine for so long, or simulate them on the "
         "accelerator that is compiled for, and take the quickest; with --tuning-db they are kept there")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 1e6));
  app.add_option("--tuning-db", options.compile.tuningDatabase,
                 "database of measured schedules (coopt-bench --check-model --tuning-db): of those that were "
                 "measured on the "
                 "target's machine, or simulated, the quickest are taken")
      ->type_name("FILE");
  app.add_option("--isa", variants,
                 "instruction-set variants to generate, comma separated (default: all that the machine has)");
  app.add_option("--compile-from", from,
                 "start after this phase, from the MLIR text that --compile-to wrote");
  app.add_option("--compile-to", to, "stop after this phase: " + phaseList())->capture_default_str();
  app.add_option("--dump-ir", options.dumpDirectory, "folder for the IR after every phase");
  app.add_flag("-v,--verbose", options.verbose, "say what each phase takes");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream text;     // written at once: what goes wrong has its reason then
      app.exit(error, text, text); // --help, --version
      auto shown = writeStandardOutput(text.str());
      return shown ? 0 : wrong(shown.error().message);
    }
    return wrong(std::string(error.what()) + " (--help lists the options)");
  }

  if (auto mistake = checkCalibration(options.compile); !mistake.empty()) {
    return wrong(mistake);
  }
  if (!numerics::isAutoQuantization(options.compile.quantize)) {
    for (const auto &[name, value] : {std::pair("--sensitivities", options.compile.sensitivities),
                                      std::pair("--save-plan", options.compile.planFile)}) {
      if (!value.empty()) {
        return wrong(std::string(name) + " belongs to --quantize=auto:..");
      }
    }
  }
  auto machine = machine::findMachine(target);
  if (!machine) {
    const bool isFile = llvm::StringRef(target).ends_with(".json"); // its name begins the message
    return wrong((isFile ? "" : "--target: ") + machine.error().message);
  }
  options.compile.machine = *machine;
  auto end = parsePhase(to);
  if (!end) {
    return wrong("--compile-to: unknown phase '" + to + "': expected one of " + phaseList());
  }
  options.to = *end;
  if (!from.empty()) {
    options.from = parsePhase(from);
    if (!options.from || *options.from == Phase::Package) {
      return wrong("--compile-from: unknown phase '" + from + "': expected one of " + phaseList() +
                   ", but not package");
    }
  }
  const machine::CpuMachine *cpu = machine->cpu();
  if (!cpu && !variants.empty()) {
    return wrong("--isa belongs to a machine of kind cpu, '" + machine->name + "' is an " + machine->kind());
  }
  options.compile.variants.clear();
  if (cpu && variants.empty()) {
    for (const machine::SimdVariant &variant : cpu->variants) {
      options.compile.variants.push_back(machine::name(variant.set));
    }
  }
  for (llvm::StringRef variant : llvm::split(variants, ',')) {
    if (variants.empty()) {
      break;
    }
    if (!machine::parseInstructionSet(std::string_view(variant))) {
      return wrong("--isa: unknown variant '" + variant.str() + "': expected generic, avx2, avx512, amx");
    }
    if (llvm::is_contained(options.compile.variants, variant)) {
      return wrong("--isa: variant '" + variant.str() + "' twice");
    }
    options.compile.variants.push_back(variant.str());
  }
  if (options.tuneSeconds > 0) {
    // coopt-bench stands beside this program, or in a folder of PATH.
    const std::string own = llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&wrong));
    auto bench = llvm::sys::findProgramByName("coopt-bench", {llvm::sys::path::parent_path(own)});
    bench = bench ? bench : llvm::sys::findProgramByName("coopt-bench");
    if (!bench) {
      return wrong("--tune: the program coopt-bench is neither beside this one nor in PATH");
    }
    options.bench = *bench;
  }
  if (mlir::failed(runDriver(options))) {
    return 1;
  }
  return finishOutput();
}
