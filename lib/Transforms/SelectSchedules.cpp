#include "coopt/Transforms/SelectSchedules.h"

#include "NpuSchedules.h"
#include "ScheduleFile.h"
#include "TileSegments.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Analysis/SummarizeKernel.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The entry's size that a number of rows is a multiple of; null if there is none.
struct RowSize {
  model::SizeOp size;
  int64_t factor = 1;
};

/// What the leading extent of the kernel's first dynamic destination stands for.
RowSize rowSize(schedule::KernelOp kernel) {
  for (Value out : kernel.getOutputs()) {
    auto empty = emptyOfOutput(out);
    if (!empty || empty.getType().getRank() == 0 || !empty.getType().isDynamicDim(0)) {
      continue;
    }
    Value extent = empty.getDynamicSizes()[0];
    if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
      std::optional<int64_t> factor = getConstantIntValue(product.getRhs());
      return {product.getLhs().getDefiningOp<model::SizeOp>(), factor.value_or(1)};
    }
    return {extent.getDefiningOp<model::SizeOp>(), 1};
  }
  return {};
}

/// What an accelerator's kernel may have of rows.
NpuRows npuRows(schedule::KernelOp kernel) {
  NpuRows rows;
  if (RowSize of = rowSize(kernel); of.size) {
    const model::SizeAttr range = kernel->getParentOfType<model::EntryOp>().findSize(of.size.getSize());
    rows = {of.size.getSizeAttr(), of.factor, std::max(range.getMax(), int64_t(1)) * of.factor};
  }
  return rows;
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
/// share their keys and values.
SmallVector<cost::Candidate> candidatesFor(const cost::KernelSummary &summary, StringRef family) {
  SmallVector<cost::Candidate> candidates;
  SmallVector<int64_t> columns = {0};
  if (summary.kind == cost::KernelKind::Contraction) {
    columns = {16, 32, 64, 128, 256};
  } else if (summary.kind == cost::KernelKind::Attention) {
    columns = {1};
    if (summary.headsPerBlock > 1) {
      columns.insert(columns.begin(), summary.headsPerBlock);
    }
  }
  for (int64_t row : {1, 4, 8, 16, 32, 64, 128, 256, 512}) {
    for (int64_t column : columns) {
      candidates.push_back({row, column, 0, family.str()});
    }
  }
  return candidates;
}

/// Whether what the kernel's roots read is made by ops that can be tiled with them. Loops over tensors, as
/// reference expansions have them, can't: every item would repeat them.
bool canBeCut(schedule::KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front(),
                      [](Operation &op) { return op.getNumRegions() == 0 || isa<TilingInterface>(op); });
}

/// Prices schedules for one machine.
class Selector {
public:
  Selector(const cost::CostModel &costs, const machine::CpuMachine &cpu)
      : costs(costs), family(machine::name(cpu.variants.back().set)),
        vectorFamily(cpu.variants.back().set == machine::InstructionSet::Amx && cpu.variants.size() > 1
                         ? machine::name(cpu.variants[cpu.variants.size() - 2].set)
                         : ""),
        temporaryBytes(cpu.caches.empty() ? 1 << 13 : cpu.caches.front().bytes / kRowTensors),
        weightBytes(cpu.caches.size() < 2 ? 1 << 20 : std::min<int64_t>(cpu.caches[1].bytes, 1 << 20)) {}

  /// The choices for a kernel; nothing for kernels that are one work item by nature.
  std::optional<schedule::SetAttr> choose(schedule::KernelOp kernel);

private:
  std::optional<schedule::ConfigAttr> cheapest(schedule::KernelOp kernel, ArrayRef<TilingInterface> roots,
                                               int64_t rows);
  /// The configuration that a candidate stands for; null if it is none for this kernel.
  schedule::ConfigAttr configOf(schedule::KernelOp kernel, ArrayRef<TilingInterface> roots,
                                const cost::KernelSummary &summary, const cost::Candidate &candidate) const;
  /// Up to how many rows an expert is computed at least as fast by vectors as by the matrix unit; 0 without one.
  int64_t vectorRows(cost::KernelSummary summary, cost::Candidate candidate) const;

  /// Tensors of a row that ops of a kernel hand on at a time: two read, one made, one kept for later.
  static constexpr int64_t kRowTensors = 4;
  /// Rows that a contraction hands to the ops behind it at a time: those of a block of the matrix unit.
  static constexpr int64_t kInnerRows = 32;
  /// Rows that share what is read of the weights where vectors compute them.
  static constexpr int64_t kVectorRows = 4;

  const cost::CostModel &costs;
  std::string family;
  std::string vectorFamily; ///< of the machine without its matrix unit; empty if it has none
  int64_t temporaryBytes;   ///< of one tensor of a tile of rows, such that all stay in the first cache
  int64_t weightBytes;      ///< of an item, such that they stay in the second cache while all rows pass by
};

std::string describe(schedule::ConfigAttr config) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "[";
  llvm::interleaveComma(config.getTile(), stream);
  stream << "]";
  if (!config.getInner().empty()) {
    stream << ", inner [";
    llvm::interleaveComma(config.getInner(), stream);
    stream << "]";
  }
  if (config.getVectorRows() != 0) {
    stream << ", up to " << config.getVectorRows() << " rows by vectors";
  }
  return text;
}

} // namespace

schedule::ConfigAttr Selector::configOf(schedule::KernelOp kernel, ArrayRef<TilingInterface> roots,
                                        const cost::KernelSummary &summary,
                                        const cost::Candidate &candidate) const {
  MLIRContext *context = kernel.getContext();
  SmallVector<int64_t> tile = tileOf(roots.front(), summary, candidate);
  if (summary.kind != cost::KernelKind::Contraction || tile.size() < 2 || tile[1] == 0) {
    return schedule::ConfigAttr::get(context, tile);
  }
  // Contractions that one root reads share its columns.
  SmallVector<Operation *> contractions = contractionsOf(kernel);
  const int64_t share = static_cast<int64_t>(contractions.size() / roots.size());
  if (share > 1) {
    tile[1] /= share;
    if (tile[1] % 16 != 0) {
      return nullptr;
    }
  }
  // Where ops follow, rows go through all of them a few at a time, while the weights stay.
  const bool isFollowed = llvm::any_of(
      roots, [&](TilingInterface root) { return !llvm::is_contained(contractions, root.getOperation()); });
  const bool isSegmented = segmentedContraction(kernel) != nullptr;
  if (isSegmented) {
    tile[0] = 0; // all rows of an expert are one item's, however many they are
  }
  if (isSegmented && summary.m == 1) {
    return schedule::ConfigAttr::get(context, tile, {1, 0});
  }
  const int64_t few = isSegmented ? vectorRows(summary, candidate) : 0;
  if (!isFollowed || (!isSegmented && tile[0] <= kInnerRows)) {
    return schedule::ConfigAttr::get(context, tile, {}, few);
  }
  Type element = cast<ShapedType>(contractions.front()->getOperand(0).getType()).getElementType();
  const int64_t columnBytes = summary.k * element.getIntOrFloatBitWidth() / 8;
  if (candidate.columnTile > 16 * share && candidate.columnTile * columnBytes > weightBytes) {
    return nullptr;
  }
  return schedule::ConfigAttr::get(context, tile, {kInnerRows, 0}, few);
}

int64_t Selector::vectorRows(cost::KernelSummary summary, cost::Candidate candidate) const {
  auto seconds = [&](int64_t rows, const std::string &by) {
    summary.m = rows;
    candidate.rowTile = 0;
    candidate.instructionFamily = by;
    auto estimate = costs.estimate(summary, candidate);
    return estimate ? estimate->seconds : std::numeric_limits<double>::infinity();
  };
  if (vectorFamily.empty()) {
    return 0;
  }
  // A block of the unit takes as long for one row as for all of its rows. Of equal ones vectors: the unit fetches, decodes
  // and multiplies one after the other, which the model does not say.
  const double byUnit = seconds(kInnerRows, family);
  int64_t rows = kVectorRows;
  while (rows > 0 && seconds(rows, vectorFamily) > byUnit) {
    --rows;
  }
  return rows;
}

std::optional<schedule::ConfigAttr> Selector::cheapest(schedule::KernelOp kernel,
                                                       ArrayRef<TilingInterface> roots, int64_t rows) {
  auto summary = summarizeKernel(kernel, [&](Value) { return rows; });
  if (!summary) {
    return std::nullopt;
  }
  struct Priced {
    schedule::ConfigAttr config;
    cost::Estimate estimate;
  };
  std::optional<Priced> best, second;
  for (const cost::Candidate &candidate : candidatesFor(*summary, family)) {
    // No tile beyond the rows there are, nor rows between whose ops temporaries would leave the first cache.
    bool spills = candidate.rowTile > 1 && summary->kind == cost::KernelKind::Rows &&
                  candidate.rowTile * summary->rowElements * 4 > temporaryBytes;
    schedule::ConfigAttr config = configOf(kernel, roots, *summary, candidate);
    if (candidate.rowTile > std::max<int64_t>(rows, 1) || spills || !config) {
      continue;
    }
    auto estimate = costs.estimate(*summary, candidate);
    if (!estimate) {
      continue; // not priced: an element type that the model doesn't know
    }
    Priced priced{config, *estimate};
    if (!best || priced.estimate.seconds < best->estimate.seconds) {
      second = std::exchange(best, priced);
    } else if (!second || priced.estimate.seconds < second->estimate.seconds) {
      second = priced;
    }
  }
  if (!best) {
    // Not priced: rows one by one, so that there is work for every core.
    const cost::Candidate plain{rows == 1 ? 1 : 8, 64, 0, family};
    schedule::ConfigAttr config = configOf(kernel, roots, *summary, plain);
    return config ? config
                  : schedule::ConfigAttr::get(kernel.getContext(), tileOf(roots.front(), *summary, plain));
  }
  std::string text = "rows " + std::to_string(rows) + ": tile " + describe(best->config) + ", " +
                     cost::print(best->estimate);
  if (second) {
    text += "; then " + describe(second->config) + ", " + cost::print(second->estimate);
  }
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name(kernel.getId()).category("schedule")) << text;
  return best->config;
}

std::optional<schedule::SetAttr> Selector::choose(schedule::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  SmallVector<TilingInterface> roots = kernelRoots(kernel);
  // A scalar, or a sum of everything, has no loop to cut.
  const bool hasLoops = llvm::all_of(roots, [](TilingInterface root) {
    return llvm::is_contained(root.getLoopIteratorTypes(), utils::IteratorType::parallel);
  });
  if (roots.empty() || !hasLoops || !canBeCut(kernel)) {
    return std::nullopt;
  }
  auto always = schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>());
  auto [rows, factor] = rowSize(kernel);
  int64_t most = 1;
  if (rows) {
    most = kernel->getParentOfType<model::EntryOp>().findSize(rows.getSize()).getMax() * factor;
  } else if (auto type = dyn_cast<RankedTensorType>(kernel.getResult(0).getType());
             type && type.getRank() > 0) {
    most = type.isDynamicDim(0) ? 64 : type.getDimSize(0);
  }
  std::optional<schedule::ConfigAttr> many = cheapest(kernel, roots, std::max<int64_t>(most, 1));
  if (!many) {
    return std::nullopt;
  }
  std::optional<schedule::ConfigAttr> single = rows && most > factor ? cheapest(kernel, roots, factor) : many;
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
  if (machine.npu()) {
    auto costs = cost::NpuCostModel::create(machine);
    if (!costs) {
      return module.emitError(costs.error().message);
    }
    NpuScheduler scheduler(*costs);
    module.walk([&](schedule::KernelOp kernel) {
      if (std::optional<schedule::SetAttr> given = file->find(kernel.getId())) {
        kernel.setChoicesAttr(*given);
      } else if (!kernel.getChoices()) {
        if (auto chosen = canBeCut(kernel) ? scheduler.choose(kernel, npuRows(kernel)) : std::nullopt) {
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
