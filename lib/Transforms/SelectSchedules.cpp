#include "coopt/Transforms/SelectSchedules.h"

#include "CpuSchedules.h"
#include "NpuSchedules.h"
#include "ScheduleCases.h"
#include "ScheduleFile.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Analysis/SummarizeKernel.h"
#include "coopt/Analysis/VerifySchedule.h"
#include "coopt/Tuning/TuningDatabase.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/TilingInterface.h"

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
           const tuning::TuningDatabase *database, cost::DecisionTrace *trace)
      : costs(costs), space(space), machine(machine), database(database), trace(trace) {}

  /// The choices for a kernel; nothing for kernels that are one work item by nature.
  std::optional<schedule::SetAttr> choose(schedule::KernelOp kernel);
  /// Says what the kernel's own choices cost.
  void price(schedule::KernelOp kernel, cost::Chooser by);

private:
  struct Choice {
    schedule::ConfigAttr config;
    cost::Decision decision;
  };
  /// All candidates of so many rows; nothing if the kernel is none that can be summarised.
  std::optional<Choice> decide(schedule::KernelOp kernel, const KernelRows &rows, int64_t count);
  /// Nothing: not priced, as of an element type that the model doesn't know.
  std::optional<cost::Estimate> estimate(const cost::KernelSummary &summary,
                                         const cost::Candidate &candidate) const;
  std::optional<double> measured(const cost::KernelSummary &summary, const cost::Considered &one) const;
  /// Why the machine can't run the kernel so; empty: it can.
  std::string refusalOf(schedule::KernelOp kernel, schedule::ConfigAttr config) const;
  void report(schedule::KernelOp kernel, cost::Decision decision, schedule::GuardAttr guard);

  const cost::CostModel &costs;
  const ScheduleSpace &space;
  const machine::Machine &machine;
  const tuning::TuningDatabase *database; ///< null: nothing was measured
  cost::DecisionTrace *trace;
};

} // namespace

std::optional<cost::Estimate> Selector::estimate(const cost::KernelSummary &summary,
                                                 const cost::Candidate &candidate) const {
  auto estimate = costs.estimate(summary, candidate);
  return estimate ? std::optional(std::move(*estimate)) : std::nullopt;
}

std::optional<double> Selector::measured(const cost::KernelSummary &summary,
                                         const cost::Considered &one) const {
  if (!database || !one.candidate) {
    return std::nullopt;
  }
  auto found = database->find(
      {cost::kernelKey(summary), machine.name, one.candidate->instructionFamily, one.schedule});
  return found && *found ? std::optional((*found)->seconds) : std::nullopt;
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
  auto summary = summarizeKernel(kernel, [&](Value) { return count; });
  if (!summary) {
    return std::nullopt;
  }
  struct Option {
    schedule::ConfigAttr config;
    cost::Considered considered;
  };
  std::vector<Option> priced, others;
  for (ScheduleOption &option : space.options(kernel, *summary)) {
    if (option.refusal.empty()) {
      option.refusal = refusalOf(kernel, option.config);
    }
    Option entry{option.config,
                 {toString(option.config), std::nullopt, std::nullopt, std::nullopt, option.refusal}};
    if (option.refusal.empty()) {
      entry.considered.candidate = candidateOf(kernel, *summary, option.config, machine);
      entry.considered.estimate = estimate(*summary, *entry.considered.candidate);
      entry.considered.measured = measured(*summary, entry.considered);
    }
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
  Choice choice;
  choice.decision.summary = *summary;
  if (rows.size) {
    choice.decision.size = rows.size.str();
    choice.decision.value = count / rows.factor;
  }
  if (priced.empty()) {
    choice.config = space.unpriced(kernel, *summary);
    choice.decision.by = cost::Chooser::Rule;
    choice.decision.considered.push_back(
        {toString(choice.config), std::nullopt, std::nullopt, std::nullopt, ""});
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

void Selector::report(schedule::KernelOp kernel, cost::Decision decision, schedule::GuardAttr guard) {
  decision.kernel = kernel.getId().str();
  if (auto entry = kernel->getParentOfType<model::EntryOp>()) {
    decision.entry = entry.getSymName().str();
  }
  decision.guard = toString(guard);
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name(kernel.getId()).category("schedule"))
      << (decision.guard.empty() ? "" : decision.guard + ": ") + cost::summarize(decision);
  if (trace) {
    trace->decisions.push_back(std::move(decision));
  }
}

std::optional<schedule::SetAttr> Selector::choose(schedule::KernelOp kernel) {
  if (!hasLoops(kernel) || !canBeCut(kernel)) {
    return std::nullopt;
  }
  MLIRContext *context = kernel.getContext();
  auto always = schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>());
  const KernelRows rows = kernelRows(kernel);
  std::optional<Choice> many = decide(kernel, rows, rows.most * rows.factor);
  if (!many) {
    return std::nullopt;
  }
  std::optional<Choice> single;
  if (rows.size && rows.most > 1) {
    single = decide(kernel, rows, rows.factor);
  }
  const bool differ = single && single->config != many->config;
  auto one =
      differ ? schedule::GuardAttr::get(context, schedule::ConditionAttr::get(
                                                     context, rows.size, schedule::Comparison::LessEqual, 1))
             : always;
  if (differ) {
    report(kernel, std::move(single->decision), one);
  }
  report(kernel, std::move(many->decision), always);
  return differ ? schedule::SetAttr::get(context, {one, always}, {single->config, many->config})
                : schedule::SetAttr::get(context, always, many->config);
}

void Selector::price(schedule::KernelOp kernel, cost::Chooser by) {
  const KernelRows rows = kernelRows(kernel);
  schedule::SetAttr choices = *kernel.getChoices();
  for (auto [index, guard] : llvm::enumerate(choices.getGuards())) {
    std::optional<int64_t> count = rowsOfChoice(rows, choices, index);
    std::optional<Choice> best = count && hasLoops(kernel) ? decide(kernel, rows, *count) : std::nullopt;
    if (!best) {
      continue;
    }
    // What was written comes first, beside what the model would have taken.
    cost::Decision &decision = best->decision;
    schedule::ConfigAttr config = choices.getConfigs()[index];
    cost::Considered written{toString(config), std::nullopt, std::nullopt, std::nullopt,
                             refusalOf(kernel, config)};
    if (written.refusal.empty()) {
      written.candidate = candidateOf(kernel, decision.summary, config, machine);
      written.measured = measured(decision.summary, written);
      written.estimate = estimate(decision.summary, *written.candidate);
    }
    llvm::erase_if(decision.considered,
                   [&](const cost::Considered &one) { return one.schedule == written.schedule; });
    decision.considered.insert(decision.considered.begin(), std::move(written));
    decision.by = by;
    report(kernel, std::move(decision), guard);
  }
}

LogicalResult coopt::selectSchedules(ModuleOp module, const machine::Machine &machine,
                                     const SelectSchedulesOptions &options, cost::DecisionTrace *trace) {
  FailureOr<ScheduleFile> file = ScheduleFile::read(module, options.scheduleFile);
  if (failed(file)) {
    return failure();
  }
  if (machine.npu()) {
    auto costs = cost::NpuCostModel::create(machine);
    if (!costs) {
      return module.emitError(costs.error().message);
    }
    if (trace) {
      trace->machine = machine.name;
      trace->model = costs->name();
    }
    NpuScheduler scheduler(machine, *costs, trace);
    module.walk([&](schedule::KernelOp kernel) {
      if (std::optional<schedule::SetAttr> given = file->find(kernel.getId())) {
        kernel.setChoicesAttr(*given);
      } else if (!kernel.getChoices()) {
        if (auto chosen = canBeCut(kernel) ? scheduler.choose(kernel, kernelRows(kernel)) : std::nullopt) {
          kernel.setChoicesAttr(*chosen);
        }
      }
    });
    return file->reportUnused(module);
  }
  auto costs = cost::makeCostModel(machine);
  if (!costs) {
    return module.emitError(costs.error().message);
  }
  if (trace) {
    trace->machine = machine.name;
    trace->model = (*costs)->name();
  }
  CpuSchedules space(**costs, *machine.cpu());
  std::optional<tuning::TuningDatabase> database;
  if (!options.tuningDatabase.empty()) {
    auto opened = tuning::TuningDatabase::open(options.tuningDatabase);
    if (!opened) {
      return module.emitError(opened.error().message);
    }
    database = std::move(*opened);
  }
  Selector selector(**costs, space, machine, database ? &*database : nullptr, trace);
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
