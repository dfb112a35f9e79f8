#include "coopt/Transforms/SelectSchedules.h"

#include "ScheduleFile.h"
#include "coopt/Analysis/SummarizeKernel.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The entry's size that the leading extent of the kernel's first dynamic destination stands for; null if
/// there is none.
model::SizeOp rowSize(schedule::KernelOp kernel) {
  for (Value out : kernel.getOutputs()) {
    auto empty = out.getDefiningOp<tensor::EmptyOp>();
    if (empty && empty.getType().getRank() > 0 && empty.getType().isDynamicDim(0)) {
      return empty.getDynamicSizes()[0].getDefiningOp<model::SizeOp>();
    }
  }
  return nullptr;
}

/// Tile sizes for the loops of `root` that a candidate stands for.
SmallVector<int64_t> tileOf(TilingInterface root, const cost::KernelSummary &summary,
                            const cost::Candidate &candidate) {
  SmallVector<utils::IteratorType> loops = root.getLoopIteratorTypes();
  while (!loops.empty() && loops.back() != utils::IteratorType::parallel) {
    loops.pop_back();
  }
  SmallVector<int64_t> tile(loops.size(), 0);
  if (!tile.empty() && loops[0] == utils::IteratorType::parallel) {
    tile[0] = candidate.rowTile;
  }
  bool tilesColumns =
      summary.kind == cost::KernelKind::Contraction || summary.kind == cost::KernelKind::Attention;
  if (tilesColumns && tile.size() > 1 && loops[1] == utils::IteratorType::parallel) {
    tile[1] = candidate.columnTile;
  }
  return tile;
}

/// What may be chosen: columns in whole panels of 16 channels, of attention one head at a time or those that
/// share copies of their keys and values.
SmallVector<cost::Candidate> candidatesFor(const cost::KernelSummary &summary, StringRef family) {
  SmallVector<cost::Candidate> candidates;
  SmallVector<int64_t> columns = {0};
  if (summary.kind == cost::KernelKind::Contraction) {
    columns = {16, 32, 64, 128, 256};
  } else if (summary.kind == cost::KernelKind::Attention) {
    columns = {1};
    if (summary.headsPerCopy > 1) {
      columns.insert(columns.begin(), summary.headsPerCopy);
    }
  }
  for (int64_t row : {1, 4, 8, 16, 32, 64, 128, 256, 512}) {
    for (int64_t column : columns) {
      candidates.push_back({row, column, 0, family.str()});
    }
  }
  return candidates;
}

/// Whether one loop nest around `root` can hold the whole kernel: all results are its own, and what it reads
/// is made by ops that can be tiled with it. Loops over tensors, as reference expansions have them, can't:
/// every item would repeat them.
bool canBeCut(schedule::KernelOp kernel, Operation *root) {
  Block &body = kernel.getBody().front();
  return llvm::all_of(body.getTerminator()->getOperands(),
                      [&](Value v) { return v.getDefiningOp() == root; }) &&
         llvm::all_of(body,
                      [](Operation &op) { return op.getNumRegions() == 0 || isa<TilingInterface>(op); });
}

/// Prices schedules for one machine.
class Selector {
public:
  Selector(const cost::CostModel &costs, const machine::CpuMachine &cpu)
      : costs(costs), family(machine::name(cpu.variants.back().set)),
        temporaryBytes(cpu.caches.empty() ? 1 << 20
                                          : cpu.caches[std::min<size_t>(cpu.caches.size(), 2) - 1].bytes) {}

  /// The choices for a kernel; nothing for kernels that are one work item by nature.
  std::optional<schedule::SetAttr> choose(schedule::KernelOp kernel);

private:
  std::optional<schedule::ConfigAttr> cheapest(schedule::KernelOp kernel, TilingInterface root, int64_t rows);

  const cost::CostModel &costs;
  std::string family;
  int64_t temporaryBytes;
};

std::string describe(ArrayRef<int64_t> tile) {
  std::string text = "[";
  for (int64_t size : tile) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return text + "]";
}

} // namespace

std::optional<schedule::ConfigAttr> Selector::cheapest(schedule::KernelOp kernel, TilingInterface root,
                                                       int64_t rows) {
  auto summary = summarizeKernel(kernel, [&](Value) { return rows; });
  if (!summary) {
    return std::nullopt;
  }
  struct Priced {
    SmallVector<int64_t> tile;
    cost::Estimate estimate;
  };
  std::optional<Priced> best, second;
  for (const cost::Candidate &candidate : candidatesFor(*summary, family)) {
    // No tile beyond the rows there are, nor rows between whose ops temporaries would leave the second cache.
    bool spills = candidate.rowTile > 1 && summary->kind == cost::KernelKind::Rows &&
                  candidate.rowTile * summary->rowElements * 4 > temporaryBytes;
    if (candidate.rowTile > std::max<int64_t>(rows, 1) || spills) {
      continue;
    }
    auto estimate = costs.estimate(*summary, candidate);
    if (!estimate) {
      continue; // not priced: an element type that the model doesn't know
    }
    Priced priced{tileOf(root, *summary, candidate), *estimate};
    if (!best || priced.estimate.seconds < best->estimate.seconds) {
      second = std::exchange(best, priced);
    } else if (!second || priced.estimate.seconds < second->estimate.seconds) {
      second = priced;
    }
  }
  if (!best) {
    // Not priced: rows one by one, so that there is work for every core.
    SmallVector<int64_t> tile = tileOf(root, *summary, {rows == 1 ? 1 : 8, 64, 0, family});
    return schedule::ConfigAttr::get(kernel.getContext(), tile);
  }
  std::string text =
      "rows " + std::to_string(rows) + ": tile " + describe(best->tile) + ", " + cost::print(best->estimate);
  if (second) {
    text += "; then " + describe(second->tile) + ", " + cost::print(second->estimate);
  }
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name(kernel.getId()).category("schedule")) << text;
  return schedule::ConfigAttr::get(kernel.getContext(), best->tile);
}

std::optional<schedule::SetAttr> Selector::choose(schedule::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  Operation *yield = kernel.getBody().front().getTerminator();
  auto root =
      yield->getNumOperands() > 0 ? yield->getOperand(0).getDefiningOp<TilingInterface>() : TilingInterface();
  if (!root || !canBeCut(kernel, root)) {
    return std::nullopt;
  }
  auto always = schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>());
  model::SizeOp rows = rowSize(kernel);
  int64_t most = 1;
  if (rows) {
    most = kernel->getParentOfType<model::EntryOp>().findSize(rows.getSize()).getMax();
  } else if (auto type = dyn_cast<RankedTensorType>(kernel.getResult(0).getType());
             type && type.getRank() > 0) {
    most = type.isDynamicDim(0) ? 64 : type.getDimSize(0);
  }
  std::optional<schedule::ConfigAttr> many = cheapest(kernel, root, std::max<int64_t>(most, 1));
  if (!many) {
    return std::nullopt;
  }
  std::optional<schedule::ConfigAttr> single = rows && most > 1 ? cheapest(kernel, root, 1) : many;
  if (*single == *many) {
    return schedule::SetAttr::get(context, always, *many);
  }
  auto one = schedule::ConditionAttr::get(context, rows.getSizeAttr(), schedule::Comparison::LessEqual, 1);
  return schedule::SetAttr::get(context, {schedule::GuardAttr::get(context, one), always}, {*single, *many});
}

LogicalResult coopt::selectSchedules(ModuleOp module, const machine::Machine &machine,
                                     const SelectSchedulesOptions &options) {
  FailureOr<ScheduleFile> file = ScheduleFile::read(module, options.scheduleFile);
  if (failed(file)) {
    return failure();
  }
  auto costs = cost::makeCostModel(machine);
  if (!costs) {
    return module.emitError(costs.error().message);
  }
  Selector selector(**costs, *machine.cpu());
  module.walk([&](schedule::KernelOp kernel) {
    if (std::optional<schedule::SetAttr> given = file->find(kernel.getId())) {
      kernel.setChoicesAttr(*given);
    } else if (!kernel.getChoices()) {
      if (auto chosen = selector.choose(kernel)) {
        kernel.setChoicesAttr(*chosen);
      }
    }
  });
  return file->reportUnused(module);
}
