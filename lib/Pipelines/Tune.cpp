#include "coopt/Pipelines/Tune.h"

#include "coopt/Support/Json.h"
#include "coopt/Support/TextTable.h"
#include "coopt/Transforms/SelectSchedules.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <chrono>
#include <set>

using namespace mlir;
using namespace coopt;

namespace {

/// Positions that the context holds before a kernel is measured, as far as there are any to spare.
constexpr int64_t kContextFill = 32;

class Tuner {
public:
  Tuner(ModuleOp module, const CompileOptions &compile, const TuneOptions &tune, StringRef folder)
      : module(module), location(module.getLoc()), compile(compile), tune(tune), folder(folder) {
    // Only what runs here can be measured.
    if (compile.machine.cpu()) {
      this->compile.variants = {this->compile.variants.back()};
    }
    this->compile.tuningDatabase.clear();
    this->compile.report = nullptr;
    this->compile.progress = nullptr;
  }

  LogicalResult run();

private:
  std::string pathOf(StringRef name) const {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    return std::string(path);
  }
  InFlightDiagnostic error() const { return mlir::emitError(location, "tuning: "); }
  LogicalResult write(const std::string &path, StringRef text) const;
  /// The candidates of a case that can be measured, those that are best by the model first; what somebody wrote alone.
  std::vector<const cost::Considered *> candidatesOf(const cost::Decision &decision) const;
  const cost::Considered &candidateOf(const cost::Decision &decision, size_t rank) const;
  /// Each kernel's candidate number `rank` of each case, or the last it has; nothing if no kernel has so many.
  std::optional<std::string> schedulesOf(const cost::DecisionTrace &trace, size_t rank) const;
  /// Measures them. What no code can be made for, as its buffers have no room, is left out from then on.
  LogicalResult measure(const cost::DecisionTrace &trace, size_t rank);
  /// A package of the schedules, and their prices.
  LogicalResult make(const std::string &schedules, cost::DecisionTrace &made);
  /// Whether one of the kernels' schedules is now left out.
  bool leaveOut(const cost::DecisionTrace &trace, size_t rank, const std::set<std::string> &kernels);
  LogicalResult runBench(const cost::DecisionTrace &made);

  ModuleOp module;
  Location location;
  CompileOptions compile;
  const TuneOptions &tune;
  StringRef folder;
  /// Schedules that no code can be made for, by kernel without its numbers and case.
  std::set<std::array<std::string, 3>> leftOut;
};

LogicalResult Tuner::write(const std::string &path, StringRef text) const {
  std::error_code mistake;
  llvm::raw_fd_ostream out(path, mistake);
  out << text;
  out.flush();
  mistake = mistake ? mistake : out.error();
  out.clear_error();
  return mistake ? LogicalResult(error() << path << ": " << mistake.message()) : success();
}

/// "tokens le 1, past gt 4" as it stands in an attribute.
std::string guardText(StringRef words) {
  std::string text;
  llvm::SmallVector<StringRef> conditions;
  words.split(conditions, ", ", -1, /*KeepEmpty=*/false);
  for (StringRef condition : conditions) {
    auto [size, rest] = condition.split(' ');
    text += (text.empty() ? "\"" : ", \"") + size.str() + "\" " + rest.str();
  }
  return "<[" + text + "]>";
}

std::vector<const cost::Considered *> Tuner::candidatesOf(const cost::Decision &decision) const {
  if (decision.by == cost::Chooser::File || decision.by == cost::Chooser::Hand) {
    return {&decision.chosen()};
  }
  std::vector<const cost::Considered *> result;
  for (const cost::Considered &one : decision.considered) {
    if (one.estimate && !leftOut.count({withoutNumbers(decision.kernel), decision.guard, one.schedule})) {
      result.push_back(&one);
    }
  }
  return result.empty() ? std::vector<const cost::Considered *>{&decision.chosen()} : result;
}

const cost::Considered &Tuner::candidateOf(const cost::Decision &decision, size_t rank) const {
  std::vector<const cost::Considered *> candidates = candidatesOf(decision);
  return *candidates[std::min(rank, candidates.size() - 1)];
}

std::optional<std::string> Tuner::schedulesOf(const cost::DecisionTrace &trace, size_t rank) const {
  llvm::MapVector<StringRef, std::string> sets;
  bool isNew = false;
  for (const cost::Decision &decision : trace.decisions) {
    isNew |= rank < candidatesOf(decision).size();
    std::string &set = sets[decision.kernel];
    set +=
        (set.empty() ? "" : ", ") + guardText(decision.guard) + " -> " + candidateOf(decision, rank).schedule;
  }
  if (!isNew) {
    return std::nullopt;
  }
  llvm::json::Array entries;
  for (const auto &[kernel, set] : sets) {
    entries.push_back(llvm::json::Object{{"op", kernel}, {"set", "#schedule.set<[" + set + "]>"}});
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(llvm::json::Object{{"schedules", std::move(entries)}});
  return text;
}

bool Tuner::leaveOut(const cost::DecisionTrace &trace, size_t rank, const std::set<std::string> &kernels) {
  bool isLess = false;
  for (const std::string &kernel : kernels) {
    // Which case it was is not known: most likely the largest tile.
    const cost::Decision *largest = nullptr;
    int64_t most = 0;
    for (const cost::Decision &decision : trace.decisions) {
      const cost::Considered &one = candidateOf(decision, rank);
      const int64_t elements = one.candidate ? std::max<int64_t>(one.candidate->rowTile, 1) *
                                                   std::max<int64_t>(one.candidate->columnTile, 1)
                                             : 0;
      if (decision.kernel == kernel && candidatesOf(decision).size() > 1 && elements > most) {
        largest = &decision;
        most = elements;
      }
    }
    if (largest) {
      isLess |= leftOut.insert({withoutNumbers(kernel), largest->guard, candidateOf(*largest, rank).schedule})
                    .second;
    }
  }
  return isLess;
}

LogicalResult Tuner::make(const std::string &schedules, cost::DecisionTrace &made) {
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
  compile.explain = [&](const cost::DecisionTrace &trace) { made = trace; };
  compile.scheduleFile = pathOf("schedules.json");
  if (failed(write(compile.scheduleFile, schedules))) {
    return failure();
  }
  for (Phase phase : {Phase::Schedule, Phase::Tile, Phase::Kernels}) {
    if (failed(runPhase(phase, *copy, compile))) {
      return failure();
    }
  }
  return writePackageFile(*copy, compile, pathOf("tuned.coopt"));
}

LogicalResult Tuner::measure(const cost::DecisionTrace &trace, size_t rank) {
  cost::DecisionTrace made;
  while (true) {
    std::optional<std::string> schedules = schedulesOf(trace, rank);
    if (!schedules) {
      return success(); // all that are left were measured
    }
    // What is said of kernels is kept until it is known whether anything else can be tried for them.
    std::vector<Diagnostic> said;
    std::set<std::string> kernels;
    LogicalResult status = success();
    {
      ScopedDiagnosticHandler keep(module.getContext(), [&](Diagnostic &diagnostic) {
        diagnostic.getLocation()->walk([&](Location part) {
          if (auto name = dyn_cast<NameLoc>(part)) {
            kernels.insert(name.getName().str());
          }
          return WalkResult::advance();
        });
        said.push_back(std::move(diagnostic));
        return success();
      });
      status = make(*schedules, made);
    }
    const bool isMade = succeeded(status);
    if (isMade || !leaveOut(trace, rank, kernels)) {
      for (Diagnostic &diagnostic : said) {
        module.getContext()->getDiagEngine().emit(std::move(diagnostic));
      }
      return isMade ? runBench(made) : status;
    }
  }
}

LogicalResult Tuner::runBench(const cost::DecisionTrace &made) {
  const std::string package = pathOf("tuned.coopt"), output = pathOf("output");
  if (failed(write(pathOf("tuned.json"), cost::toJson(made)))) {
    return failure();
  }
  int64_t most = 1;
  for (const cost::Decision &decision : made.decisions) {
    most = decision.size == "tokens" ? std::max(most, decision.value) : most;
  }
  auto info = module->getAttrOfType<DictionaryAttr>("model.info");
  auto context = info ? info.getAs<IntegerAttr>("context") : IntegerAttr();
  // What a context holds is read by attention alone, which accelerators' models do not price.
  const int64_t fill = !compile.machine.cpu() ? 0
                       : context              ? std::clamp<int64_t>(context.getInt() - most, 0, kContextFill)
                                              : kContextFill;
  const std::string fillOption = "--context-fill=" + std::to_string(fill);
  SmallVector<StringRef> arguments = {tune.bench,    "--check-model", package,
                                      "--tuning-db", tune.database,   fillOption};
  if (compile.machine.cpu()) {
    arguments.append({"--repeat=5", "--isa", compile.variants.back()});
  } else {
    arguments.push_back("--timing-only");
  }
  const std::optional<StringRef> redirects[] = {StringRef(), StringRef(output), StringRef(output)};
  std::string reason;
  const int status = llvm::sys::ExecuteAndWait(tune.bench, arguments, std::nullopt, redirects,
                                               /*SecondsToWait=*/0, /*MemoryLimit=*/0, &reason);
  if (status != 0) {
    auto said = llvm::MemoryBuffer::getFile(output);
    return error() << tune.bench << ": " << reason
                   << (said ? (*said)->getBuffer().take_back(1000).trim() : StringRef());
  }
  return success();
}

LogicalResult Tuner::run() {
  const auto start = std::chrono::steady_clock::now();
  auto spent = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
  cost::DecisionTrace trace;
  if (failed(
          selectSchedules(*copy, compile.machine, {compile.scheduleFile, "", /*allCases=*/true}, &trace))) {
    return failure();
  }
  double longest = 0;
  for (size_t rank = 0; rank == 0 || spent() + longest < tune.seconds; ++rank) {
    if (!schedulesOf(trace, rank)) {
      return success(); // all were measured
    }
    tune.progress("candidate " + std::to_string(rank + 1) + " of each kernel, " +
                  std::to_string(static_cast<int64_t>(spent())) + " of " +
                  std::to_string(static_cast<int64_t>(tune.seconds)) + " s");
    const double before = spent();
    if (failed(measure(trace, rank))) {
      return failure();
    }
    longest = std::max(longest, spent() - before);
  }
  return success();
}

} // namespace

LogicalResult coopt::tuneSchedules(ModuleOp module, const CompileOptions &compile, const TuneOptions &tune) {
  llvm::SmallString<128> folder;
  if (std::error_code mistake = llvm::sys::fs::createUniqueDirectory("coopt-tune", folder)) {
    return mlir::emitError(module.getLoc(), "tuning: ") << mistake.message();
  }
  auto remove = llvm::make_scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  return Tuner(module, compile, tune, folder).run();
}
