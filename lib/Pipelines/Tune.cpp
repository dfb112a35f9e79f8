#include "coopt/Pipelines/Tune.h"

#include "coopt/Support/Json.h"
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

#include <chrono>

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
    this->compile.variants = {this->compile.variants.back()};
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
  /// Each kernel's candidate number `rank` of each case, or the last it has; nothing if no kernel has so many.
  std::optional<std::string> schedulesOf(const cost::DecisionTrace &trace, size_t rank) const;
  LogicalResult measure(const std::string &schedules);

  ModuleOp module;
  Location location;
  CompileOptions compile;
  const TuneOptions &tune;
  StringRef folder;
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

std::optional<std::string> Tuner::schedulesOf(const cost::DecisionTrace &trace, size_t rank) const {
  llvm::MapVector<StringRef, std::string> sets;
  bool isNew = false;
  for (const cost::Decision &decision : trace.decisions) {
    const auto priced = static_cast<size_t>(llvm::count_if(
        decision.considered, [](const cost::Considered &one) { return one.estimate.has_value(); }));
    // What somebody wrote stays.
    const bool isGiven = decision.by == cost::Chooser::File || decision.by == cost::Chooser::Hand;
    isNew |= rank < priced && !isGiven;
    const size_t index = priced == 0 || isGiven ? 0 : std::min(rank, priced - 1);
    std::string &set = sets[decision.kernel];
    set +=
        (set.empty() ? "" : ", ") + guardText(decision.guard) + " -> " + decision.considered[index].schedule;
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

LogicalResult Tuner::measure(const std::string &schedules) {
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
  cost::DecisionTrace trace;
  compile.explain = [&](const cost::DecisionTrace &made) { trace = made; };
  compile.scheduleFile = pathOf("schedules.json");
  if (failed(write(compile.scheduleFile, schedules))) {
    return failure();
  }
  for (Phase phase : {Phase::Schedule, Phase::Tile, Phase::Kernels}) {
    if (failed(runPhase(phase, *copy, compile))) {
      return failure();
    }
  }
  const std::string package = pathOf("tuned.coopt"), output = pathOf("output");
  if (failed(writePackageFile(*copy, compile, package)) ||
      failed(write(pathOf("tuned.json"), cost::toJson(trace)))) {
    return failure();
  }
  int64_t most = 1;
  for (const cost::Decision &decision : trace.decisions) {
    most = decision.size == "tokens" ? std::max(most, decision.value) : most;
  }
  auto info = module->getAttrOfType<DictionaryAttr>("model.info");
  auto context = info ? info.getAs<IntegerAttr>("context") : IntegerAttr();
  const int64_t fill = context ? std::clamp<int64_t>(context.getInt() - most, 0, kContextFill) : kContextFill;
  const std::string fillOption = "--context-fill=" + std::to_string(fill);
  const StringRef arguments[] = {tune.bench, "--check-model", package, "--tuning-db",          tune.database,
                                 fillOption, "--repeat=5",    "--isa", compile.variants.back()};
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
  if (failed(selectSchedules(*copy, compile.machine, {compile.scheduleFile, ""}, &trace))) {
    return failure();
  }
  double longest = 0;
  for (size_t rank = 0; rank == 0 || spent() + longest < tune.seconds; ++rank) {
    std::optional<std::string> schedules = schedulesOf(trace, rank);
    if (!schedules) {
      return success(); // all were measured
    }
    tune.progress("candidate " + std::to_string(rank + 1) + " of each kernel, " +
                  std::to_string(static_cast<int64_t>(spent())) + " of " +
                  std::to_string(static_cast<int64_t>(tune.seconds)) + " s");
    const double before = spent();
    if (failed(measure(*schedules))) {
      return failure();
    }
    longest = std::max(longest, spent() - before);
  }
  return success();
}

} // namespace

LogicalResult coopt::tuneSchedules(ModuleOp module, const CompileOptions &compile, const TuneOptions &tune) {
  if (!compile.machine.cpu()) {
    return mlir::emitError(module.getLoc(), "tuning: expected a processor to measure, '")
           << compile.machine.name << "' is an " << compile.machine.kind();
  }
  llvm::SmallString<128> folder;
  if (std::error_code mistake = llvm::sys::fs::createUniqueDirectory("coopt-tune", folder)) {
    return mlir::emitError(module.getLoc(), "tuning: ") << mistake.message();
  }
  auto remove = llvm::make_scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  return Tuner(module, compile, tune, folder).run();
}
