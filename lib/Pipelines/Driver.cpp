#include "coopt/Pipelines/Driver.h"

#include "coopt/Import/Gguf.h"
#include "coopt/Import/MlirFunctions.h"
#include "coopt/Pipelines/Register.h"
#include "coopt/Pipelines/Tune.h"
#include "coopt/Support/MappedFile.h"
#include "coopt/Support/StatusLine.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

#include <chrono>

using namespace mlir;
using namespace coopt;

namespace {

/// Prints diagnostics in the style of every program here: one line with its place, notes below it.
void printDiagnostic(Diagnostic &diagnostic) {
  StringRef severity = diagnostic.getSeverity() == DiagnosticSeverity::Error     ? "error"
                       : diagnostic.getSeverity() == DiagnosticSeverity::Warning ? "warning"
                                                                                 : "remark";
  llvm::errs() << "coopt-compile: " << severity << ": ";
  if (auto file = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>()) {
    llvm::errs() << file.getFilename().getValue() << ":";
    if (file.getLine() > 0) {
      llvm::errs() << file.getLine() << ":" << file.getColumn() << ":";
    }
    llvm::errs() << " ";
  } else if (auto name = diagnostic.getLocation()->findInstanceOf<NameLoc>()) {
    llvm::errs() << name.getName().getValue() << ": ";
  }
  llvm::errs() << diagnostic << "\n";
  for (Diagnostic &note : diagnostic.getNotes()) {
    llvm::errs() << "  note: " << note << "\n";
  }
}

bool isGgufFile(const std::string &path) {
  auto file = MappedFile::open(path);
  return file && import::isGguf(file->data(), file->size());
}

/// The name of a file format that is known but not read, by its first bytes; empty for all others.
std::string foreignFormat(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) {
    return "";
  }
  StringRef bytes(reinterpret_cast<const char *>(file->data()), file->size());
  if (bytes.starts_with("COOPTPKG")) {
    return "package (already compiled: run it with coopt-run)";
  }
  return StringRef(path).ends_with(".onnx") ? "ONNX file" : "";
}

/// Runs the phases of one compilation.
class Compilation {
public:
  explicit Compilation(const DriverOptions &options) : options(options), compile(options.compile) {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    DialectRegistry phaseDialects;
    insertPhaseDialects(phaseDialects);
    phaseDialects.appendTo(registry);
    context.appendDialectRegistry(registry);
    for (StringRef dialect : phaseDialects.getDialectNames()) {
      context.getOrLoadDialect(dialect);
    }
    if (options.verbose) {
      compile.report = [this](const std::string &text) {
        line.clear();
        llvm::errs() << "          " << text << "\n";
      };
    }
    if (!options.explainSchedule.empty()) {
      compile.explain = [this](const cost::DecisionTrace &trace) { decisions = trace; };
    }
    // A message is one line with its place; the op's text can be had with --dump-ir.
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      line.clear();
      printDiagnostic(diagnostic);
      return success();
    });
  }

  LogicalResult run();

private:
  LogicalResult start();
  LogicalResult finishPhase(Phase phase, std::chrono::steady_clock::time_point begin);
  /// A file of text that `print` writes; "-" is standard output.
  LogicalResult writeText(const std::string &path, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult writeModule(const std::string &path);
  LogicalResult writeExplanation();
  LogicalResult tune();
  void report(const llvm::Twine &message) {
    line.clear();
    llvm::errs() << "coopt-compile: error: " << message << "\n";
  }
  /// Shows on a terminal what goes on.
  void showPhase(Phase phase);

  const DriverOptions &options;
  CompileOptions compile;
  cost::DecisionTrace decisions; ///< of the schedule phase, if they are to be explained
  StatusLine line;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  llvm::FileRemover ownDatabase; ///< of what was measured, if nobody else wants it
};

} // namespace

LogicalResult Compilation::start() {
  if (llvm::sys::fs::is_directory(options.input)) {
    if (options.from) {
      report(options.input +
             ": --compile-from takes the MLIR file that --compile-to wrote, not a model directory");
      return failure();
    }
    auto imported = import::importHuggingFace(&context, options.input, options.importOptions);
    if (failed(imported)) {
      return failure();
    }
    module = std::move(*imported);
    return success();
  }
  if (!llvm::sys::fs::exists(options.input)) {
    report(options.input + ": no such file or directory");
    return failure();
  }
  if (isGgufFile(options.input)) {
    if (options.from) {
      report(options.input + ": --compile-from takes the MLIR file that --compile-to wrote, not a GGUF file");
      return failure();
    }
    auto imported = import::importGguf(&context, options.input, options.importOptions);
    if (failed(imported)) {
      return failure();
    }
    module = std::move(*imported);
    return success();
  }
  if (std::string format = foreignFormat(options.input); !format.empty()) {
    report(
        options.input + ": is a " + format +
        ", which this version doesn't read: expected a Hugging Face directory, a GGUF file or an MLIR file");
    return failure();
  }
  llvm::SourceMgr sources;
  module = parseSourceFile<ModuleOp>(options.input, sources, ParserConfig(&context));
  if (!module) {
    return failure();
  }
  if (module->getBody()->empty()) {
    report(options.input + ": is empty: expected a module with a public func.func or a model.entry");
    return failure();
  }
  return options.from && *options.from != Phase::Import ? success() : import::importFunctions(*module);
}

LogicalResult Compilation::writeText(const std::string &path,
                                     llvm::function_ref<void(llvm::raw_ostream &)> print) {
  line.clear(); // the text may go to the same terminal
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_Text);
  if (error) {
    report(path + ": " + error.message());
    return failure();
  }
  print(file.os());
  file.os().flush();
  if (std::error_code failed = file.os().error()) {
    file.os().clear_error(); // else its destructor ends the program in its own way
    report((path == "-" ? "standard output" : path) + " can't be written: " + failed.message());
    return failure();
  }
  file.keep();
  return success();
}

LogicalResult Compilation::writeModule(const std::string &path) {
  // Names of values aid a reader; the phase's ids and locations that matter are attributes.
  return writeText(path,
                   [&](llvm::raw_ostream &out) { module->print(out, OpPrintingFlags().useLocalScope()); });
}

LogicalResult Compilation::writeExplanation() {
  const std::string &path = options.explainSchedule;
  return writeText(path, [&](llvm::raw_ostream &out) {
    out << (StringRef(path).ends_with(".json") ? cost::toJson(decisions) : cost::printTable(decisions));
  });
}

LogicalResult Compilation::tune() {
  if (compile.tuningDatabase.empty()) {
    llvm::SmallString<128> path;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("coopt-tuning", "db", path)) {
      report("--tune: " + error.message());
      return failure();
    }
    ownDatabase = llvm::FileRemover(path);
    compile.tuningDatabase = std::string(path);
  }
  TuneOptions tuning;
  tuning.seconds = options.tuneSeconds;
  tuning.database = compile.tuningDatabase;
  tuning.bench = options.bench;
  tuning.progress = [this](const std::string &text) {
    line.show("coopt-compile: tuning: " + text);
    if (options.verbose) {
      compile.report("tuning: " + text);
    }
  };
  return tuneSchedules(*module, compile, tuning);
}

static std::string mebibytes(uint64_t bytes) {
  return llvm::formatv("{0:F1}", static_cast<double>(bytes) / (1 << 20)).str();
}

void Compilation::showPhase(Phase phase) {
  std::string text = "coopt-compile: " + phaseName(phase).str();
  line.show(text);
  compile.progress = [this, text](const std::string &what, uint64_t done, uint64_t total) {
    if (total == 0) {
      line.show(text + ": " + what);
    } else {
      line.update(text + ": " + what + ", " + mebibytes(done) + " of " + mebibytes(total) + " MiB");
    }
  };
}

LogicalResult Compilation::finishPhase(Phase phase, std::chrono::steady_clock::time_point begin) {
  if (options.verbose) {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    line.clear();
    llvm::errs() << llvm::format("%-9s %6.2f s\n", phaseName(phase).str().c_str(), seconds);
  }
  if (options.dumpDirectory.empty()) {
    return success();
  }
  if (std::error_code error = llvm::sys::fs::create_directories(options.dumpDirectory)) {
    report(options.dumpDirectory + ": " + error.message());
    return failure();
  }
  llvm::SmallString<128> path(options.dumpDirectory);
  llvm::sys::path::append(path,
                          std::to_string(static_cast<int>(phase) + 1) + "-" + phaseName(phase) + ".mlir");
  return writeModule(std::string(path));
}

LogicalResult Compilation::run() {
  Phase from = options.from.value_or(Phase::Import);
  if (options.from && from >= options.to) {
    report("--compile-from=" + phaseName(from) +
           " leaves nothing to do before --compile-to=" + phaseName(options.to));
    return failure();
  }
  if (options.output == "-" && options.to == Phase::Package) {
    report("--output: expected a file for the package, got standard output, which takes text (--compile-to)");
    return failure();
  }
  if ((!options.explainSchedule.empty() || options.tuneSeconds > 0) &&
      (from >= Phase::Schedule || options.to < Phase::Schedule)) {
    report("--explain-schedule, --tune: no schedules are chosen between the phases " + phaseName(from) +
           " and " + phaseName(options.to));
    return failure();
  }
  // A model can take minutes: what can't be written is said before.
  for (StringRef path : {options.output, options.explainSchedule}) {
    StringRef folder = llvm::sys::path::parent_path(path);
    if (!folder.empty() && !llvm::sys::fs::is_directory(folder)) {
      report(path + ": no such directory");
      return failure();
    }
  }
  auto begin = std::chrono::steady_clock::now();
  showPhase(Phase::Import);
  if (failed(start()) || failed(mlir::verify(*module))) {
    return failure();
  }
  if (!options.from && failed(finishPhase(Phase::Import, begin))) {
    return failure();
  }
  for (Phase phase : allPhases()) {
    if (phase <= from || phase > options.to) {
      continue;
    }
    begin = std::chrono::steady_clock::now();
    showPhase(phase);
    if (phase == Phase::Package) {
      return failure(failed(writePackageFile(*module, compile, options.output)) ||
                     (options.verbose && failed(finishPhase(phase, begin))));
    }
    if (phase == Phase::Schedule && options.tuneSeconds > 0 && failed(tune())) {
      return failure();
    }
    if (failed(runPhase(phase, *module, compile)) || failed(finishPhase(phase, begin))) {
      return failure();
    }
    if (phase == Phase::Schedule && !options.explainSchedule.empty() && failed(writeExplanation())) {
      return failure();
    }
  }
  return writeModule(options.output);
}

LogicalResult coopt::runDriver(const DriverOptions &options) { return Compilation(options).run(); }
