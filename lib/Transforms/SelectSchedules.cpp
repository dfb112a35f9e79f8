#include "coopt/Transforms/SelectSchedules.h"

#include "CpuSchedules.h"
#include "NpuSchedules.h"
#include "ScheduleCases.h"
#include "ScheduleFile.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Analysis/VerifySchedule.h"
#include "coopt/Tuning/TuningDatabase.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/TilingInterface.h"

#include <cmath>
#include <deque>
#include <map>

using namespace mlir;
using namespace coopt;

namespace {

/// Whether what the kernel's roots read is made by ops that can be tiled with them. Loops over tensors, as
/// reference expansions have them, can't: every item would repeat them.
bool canBeCut(schedule::KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front(),
                      [](Operation &op) { return op.getNumRegions() == 0 || isa<TilingInterface>(op); });
}

/// A scalar, or a sum of everything, has no loop to cut.
bool hasLoops(schedule::KernelOp kernel) {
  SmallVector<TilingInterface> roots = kernelRoots(kernel);
  return !roots.empty() && llvm::all_of(roots, [](TilingInterface root) {
    return llvm::is_contained(root.getLoopIteratorTypes(), utils::IteratorType::parallel);
  });
}

/// Prices the schedules of one machine's kernels.
class Selector {
public:
  Selector(const cost::CostModel &costs, const ScheduleSpace &space, const machine::Machine &machine,
           const tuning::TuningDatabase *database, bool allCases, cost::DecisionTrace *trace)
      : costs(costs), space(space), machine(machine), database(database), allCases(allCases), trace(trace) {}

  /// The choices for a kernel; nothing for kernels that are one work item by nature.
  std::optional<schedule::SetAttr> choose(schedule::KernelOp kernel);
  /// Says what the kernel's own choices cost.
  void price(schedule::KernelOp kernel, cost::Chooser by);

private:
  struct Choice {
    schedule::ConfigAttr config;
    cost::Decision decision;
  };
  /// What came of a kernel, for those that are alike, as those of all layers are.
  struct Known {
    schedule::KernelOp kernel;
    schedule::SetAttr given; ///< null: chosen
    schedule::SetAttr set;   ///< null: none
    std::vector<cost::Decision> decisions;
  };
  /// What is known of a kernel that is like this one, or else what decide(known) makes.
  const Known &knownOf(schedule::KernelOp kernel, schedule::SetAttr given,
                       llvm::function_ref<void(Known &)> decide);
  void choose(schedule::KernelOp kernel, Known &known);
  void price(schedule::KernelOp kernel, cost::Chooser by, Known &known);
  /// All candidates of so many rows; nothing if the kernel is none that can be summarised.
  std::optional<Choice> decide(schedule::KernelOp kernel, const KernelRows &rows, int64_t count);
  /// Whether one row's schedule gains enough beside that of many.
  bool isWorthGuard(schedule::KernelOp kernel, const Choice &single, const Choice &many) const;
  /// A configuration as it is refused or priced.
  cost::Considered consider(schedule::KernelOp kernel, const cost::KernelSummary &summary,
                            schedule::ConfigAttr config, std::string refusal) const;
  /// Why the machine can't run the kernel so; empty: it can.
  std::string refusalOf(schedule::KernelOp kernel, schedule::ConfigAttr config) const;
  void report(schedule::KernelOp kernel, cost::Decision decision);

  const cost::CostModel &costs;
  const ScheduleSpace &space;
  const machine::Machine &machine;
  const tuning::TuningDatabase *database; ///< null: nothing was measured
  const bool allCases;
  cost::DecisionTrace *trace;
  std::map<std::string, std::deque<Known>> known;
};

} // namespace

cost::Considered Selector::consider(schedule::KernelOp kernel, const cost::KernelSummary &summary,
                                    schedule::ConfigAttr config, std::string refusal) const {
  if (refusal.empty()) {
    refusal = refusalOf(kernel, config);
  }
  cost::Considered one{toString(config), std::nullopt, std::nullopt, std::nullopt, std::move(refusal)};
  if (!one.refusal.empty()) {
    return one;
  }
  one.candidate = candidateOf(kernel, summary, config, machine);
  // Not priced: as of an element type that the model doesn't know.
  if (auto estimate = costs.estimate(summary, *one.candidate)) {
    one.estimate = std::move(*estimate);
  }
  if (database) {
    auto found = database->find(
        {cost::kernelKey(summary), machine.name, one.candidate->instructionFamily, one.schedule});
    one.measured = found && *found ? std::optional((*found)->seconds) : std::nullopt;
  }
  return one;
}

std::string Selector::refusalOf(schedule::KernelOp kernel, schedule::ConfigAttr config) const {
  std::string reason;
  ScopedDiagnosticHandler keep(kernel.getContext(), [&](Diagnostic &diagnostic) {
    reason += (reason.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  return failed(verifySchedule(kernel, config, machine)) ? reason : "";
}

std::optional<Selector::Choice> Selector::decide(schedule::KernelOp kernel, const KernelRows &rows,
                                                 int64_t count) {
  auto summary = space.summarize(kernel, count);
  if (!summary) {
    return std::nullopt;
  }
  const schedule::ConfigAttr rule = space.unpriced(kernel, *summary);
  if (!rule) {
    return std::nullopt;
  }
  struct Option {
    schedule::ConfigAttr config;
    cost::Considered considered;
    bool isFirst;
  };
  std::vector<Option> priced, others;
  for (auto [index, option] : llvm::enumerate(space.options(kernel, *summary))) {
    Option entry{option.config, consider(kernel, *summary, option.config, std::move(option.refusal)),
                 index == 0};
    (entry.considered.estimate ? priced : others).push_back(std::move(entry));
  }
  // One measured time alone says nothing about the others, whose times are estimates.
  auto isMeasured = [](const Option &option) { return option.considered.measured.has_value(); };
  const bool isTuned = llvm::count_if(priced, isMeasured) > 1;
  llvm::stable_sort(priced, [&](const Option &a, const Option &b) {
    if (isTuned && (isMeasured(a) || isMeasured(b))) {
      return isMeasured(a) && (!isMeasured(b) || *a.considered.measured < *b.considered.measured);
    }
    return a.considered.estimate->seconds < b.considered.estimate->seconds;
  });
  auto first = llvm::find_if(priced, [](const Option &option) { return option.isFirst; });
  if (!isTuned && first != priced.end() &&
      priced.front().considered.estimate->seconds >=
          space.worthwhile() * first->considered.estimate->seconds) {
    std::rotate(priced.begin(), first, first + 1);
  }
  Choice choice;
  choice.decision.summary = *summary;
  choice.decision.rule = toString(rule);
  if (rows.size) {
    choice.decision.size = rows.size.str();
    choice.decision.value = count / rows.factor;
  }
  if (priced.empty()) {
    choice.config = rule;
    choice.decision.by = cost::Chooser::Rule;
    choice.decision.considered.push_back(
        {choice.decision.rule, std::nullopt, std::nullopt, std::nullopt, ""});
  } else {
    choice.config = priced.front().config;
    choice.decision.by = isTuned ? cost::Chooser::Tuned : cost::Chooser::Model;
  }
  for (std::vector<Option> *list : {&priced, &others}) {
    for (Option &option : *list) {
      if (choice.decision.by != cost::Chooser::Rule || option.config != choice.config) {
        choice.decision.considered.push_back(std::move(option.considered));
      }
    }
  }
  return choice;
}

bool Selector::isWorthGuard(schedule::KernelOp kernel, const Choice &single, const Choice &many) const {
  if (single.config == many.config || std::isinf(space.worthGuard())) {
    return single.config != many.config;
  }
  const cost::Considered &own = single.decision.chosen();
  const cost::Considered same = consider(kernel, single.decision.summary, many.config, "");
  // Like is compared with like, and what was measured needs no margin but for the code.
  if (own.measured && same.measured) {
    constexpr double kForCode = 0.99;
    return *own.measured <= kForCode * *same.measured;
  }
  return own.estimate && same.estimate &&
         own.estimate->seconds <= space.worthGuard() * same.estimate->seconds;
}

void Selector::report(schedule::KernelOp kernel, cost::Decision decision) {
  decision.kernel = decision.summary.id = kernel.getId().str();
  if (auto entry = kernel->getParentOfType<model::EntryOp>()) {
    decision.entry = entry.getSymName().str();
  }
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name(kernel.getId()).category("schedule"))
      << (decision.guard.empty() ? "" : decision.guard + ": ") + cost::summarize(decision);
  if (trace) {
    trace->decisions.push_back(std::move(decision));
  }
}

const Selector::Known &Selector::knownOf(schedule::KernelOp kernel, schedule::SetAttr given,
                                         llvm::function_ref<void(Known &)> decide) {
  const KernelRows rows = kernelRows(kernel);
  auto summary = space.summarize(kernel, rows.most * rows.factor);
  std::deque<Known> &alike =
      known[(summary ? cost::kernelKey(*summary) : "") + (rows.size ? rows.size.str() : "") + " " +
            std::to_string(rows.factor) + " " + std::to_string(rows.least) + " " + std::to_string(rows.most)];
  for (const Known &one : alike) {
    schedule::KernelOp other = one.kernel;
    if (one.given == given &&
        OperationEquivalence::isRegionEquivalentTo(&kernel.getBody(), &other.getBody(),
                                                   OperationEquivalence::IgnoreLocations)) {
      return one;
    }
  }
  alike.push_back({kernel, given, {}, {}});
  decide(alike.back());
  return alike.back();
}

void Selector::choose(schedule::KernelOp kernel, Known &known) {
  MLIRContext *context = kernel.getContext();
  auto always = schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>());
  const KernelRows rows = kernelRows(kernel);
  std::optional<Choice> many = decide(kernel, rows, rows.most * rows.factor);
  if (!many) {
    return;
  }
  std::optional<Choice> single;
  if (rows.size && rows.most > 1) {
    single = decide(kernel, rows, rows.factor);
  }
  if (single && (allCases || isWorthGuard(kernel, *single, *many))) {
    auto one = schedule::GuardAttr::get(
        context, schedule::ConditionAttr::get(context, rows.size, schedule::Comparison::LessEqual, 1));
    single->decision.guard = toString(one);
    known.decisions.push_back(std::move(single->decision));
    known.set = schedule::SetAttr::get(context, {one, always}, {single->config, many->config});
  } else {
    known.set = schedule::SetAttr::get(context, always, many->config);
  }
  known.decisions.push_back(std::move(many->decision));
}

std::optional<schedule::SetAttr> Selector::choose(schedule::KernelOp kernel) {
  if (!hasLoops(kernel) || !canBeCut(kernel)) {
    return std::nullopt;
  }
  const Known &of = knownOf(kernel, {}, [&](Known &known) { choose(kernel, known); });
  for (const cost::Decision &decision : of.decisions) {
    report(kernel, decision);
  }
  return of.set ? std::optional(of.set) : std::nullopt;
}

void Selector::price(schedule::KernelOp kernel, cost::Chooser by, Known &known) {
  const KernelRows rows = kernelRows(kernel);
  const schedule::SetAttr choices = known.given;
  for (auto [index, guard] : llvm::enumerate(choices.getGuards())) {
    std::optional<int64_t> count = rowsOfChoice(rows, choices, index);
    std::optional<Choice> best = count ? decide(kernel, rows, *count) : std::nullopt;
    if (!best) {
      continue;
    }
    // What was written comes first, beside what the model would have taken.
    cost::Decision &decision = best->decision;
    cost::Considered written = consider(kernel, decision.summary, choices.getConfigs()[index], "");
    llvm::erase_if(decision.considered,
                   [&](const cost::Considered &one) { return one.schedule == written.schedule; });
    decision.considered.insert(decision.considered.begin(), std::move(written));
    decision.by = by;
    decision.guard = toString(guard);
    known.decisions.push_back(std::move(decision));
  }
}

void Selector::price(schedule::KernelOp kernel, cost::Chooser by) {
  if (!hasLoops(kernel)) {
    return;
  }
  const Known &of = knownOf(kernel, *kernel.getChoices(), [&](Known &known) { price(kernel, by, known); });
  for (cost::Decision decision : of.decisions) {
    decision.by = by;
    report(kernel, std::move(decision));
  }
}

LogicalResult coopt::selectSchedules(ModuleOp module, const machine::Machine &machine,
                                     const SelectSchedulesOptions &options, cost::DecisionTrace *trace) {
  FailureOr<ScheduleFile> file = ScheduleFile::read(module, options.scheduleFile);
  if (failed(file)) {
    return failure();
  }
  auto costs = cost::makeCostModel(machine);
  if (!costs) {
    return module.emitError(costs.error().message);
  }
  if (trace) {
    trace->machine = machine.name;
    trace->model = (*costs)->name();
  }
  std::unique_ptr<ScheduleSpace> space;
  if (machine.npu()) {
    space = std::make_unique<NpuSchedules>(machine, static_cast<const cost::NpuCostModel &>(**costs));
  } else {
    space = std::make_unique<CpuSchedules>(**costs, *machine.cpu());
  }
  std::optional<tuning::TuningDatabase> database;
  if (!options.tuningDatabase.empty()) {
    auto opened = tuning::TuningDatabase::open(options.tuningDatabase);
    if (!opened) {
      return module.emitError(opened.error().message);
    }
    database = std::move(*opened);
  }
  Selector selector(**costs, *space, machine, database ? &*database : nullptr, options.allCases, trace);
  module.walk([&](schedule::KernelOp kernel) {
    if (std::optional<schedule::SetAttr> given = file->find(kernel.getId())) {
      kernel.setChoicesAttr(*given);
      selector.price(kernel, cost::Chooser::File);
    } else if (kernel.getChoices()) {
      selector.price(kernel, cost::Chooser::Hand);
    } else if (auto chosen = selector.choose(kernel)) {
      kernel.setChoicesAttr(*chosen);
    }
  });
  return file->reportUnused(module);
}
