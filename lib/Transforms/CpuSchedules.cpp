#include "CpuSchedules.h"

#include "TileSegments.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Analysis/SummarizeKernel.h"

#include "mlir/Interfaces/TilingInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;

namespace {

/// Tensors of a row that ops of a kernel hand on at a time: two read, one made, one kept for later.
constexpr int64_t kRowTensors = 4;
/// Rows that a contraction hands to the ops behind it at a time: those of a block of the matrix unit.
constexpr int64_t kInnerRows = 32;
/// Rows that share what is read of the weights where vectors compute them.
constexpr int64_t kVectorRows = 4;
/// Channels of a panel of weights.
constexpr int64_t kPanel = 16;

bool hasColumns(const cost::KernelSummary &summary) {
  return summary.kind == cost::KernelKind::Contraction || summary.kind == cost::KernelKind::Attention;
}

/// Tile sizes for the loops of the kernel's first root.
SmallVector<int64_t> tileOf(schedule::KernelOp kernel, const cost::KernelSummary &summary, int64_t rows,
                            int64_t columns) {
  SmallVector<utils::IteratorType> loops = kernelRoots(kernel).front().getLoopIteratorTypes();
  while (!loops.empty() && loops.back() != utils::IteratorType::parallel) {
    loops.pop_back();
  }
  SmallVector<int64_t> tile(loops.size(), 0);
  if (!tile.empty() && loops[0] == utils::IteratorType::parallel) {
    tile[0] = rows;
  }
  if (hasColumns(summary) && tile.size() > 1 && loops[1] == utils::IteratorType::parallel) {
    tile[1] = columns;
  }
  return tile;
}

int64_t rowsOf(const cost::KernelSummary &summary) {
  switch (summary.kind) {
  case cost::KernelKind::Contraction:
    return summary.m;
  case cost::KernelKind::Attention:
    return summary.queries;
  case cost::KernelKind::Rows:
  case cost::KernelKind::Elementwise:
    return summary.rows;
  }
  return 1;
}

} // namespace

CpuSchedules::CpuSchedules(const cost::CostModel &costs, const machine::CpuMachine &cpu)
    : costs(costs), family(machine::name(cpu.variants.back().set)),
      vectorFamily(cpu.variants.back().set == machine::InstructionSet::Amx && cpu.variants.size() > 1
                       ? machine::name(cpu.variants[cpu.variants.size() - 2].set)
                       : ""),
      temporaryBytes(cpu.caches.empty() ? 1 << 13 : cpu.caches.front().bytes / kRowTensors),
      weightBytes(cpu.caches.size() < 2 ? 1 << 20 : std::min<int64_t>(cpu.caches[1].bytes, 1 << 20)) {}

SmallVector<ScheduleOption> CpuSchedules::options(schedule::KernelOp kernel,
                                                  const cost::KernelSummary &summary) const {
  SmallVector<int64_t> columns = {0};
  if (summary.kind == cost::KernelKind::Contraction) {
    columns = {16, 32, 64, 128, 256};
  } else if (summary.kind == cost::KernelKind::Attention) {
    columns = {1};
    if (summary.headsPerBlock > 1) {
      columns.insert(columns.begin(), summary.headsPerBlock);
    }
  }
  llvm::SmallSetVector<schedule::ConfigAttr, 32> seen;
  SmallVector<ScheduleOption> options;
  for (int64_t rows : {1, 4, 8, 16, 32, 64, 128, 256, 512}) {
    if (rows > std::max<int64_t>(rowsOf(summary), 1)) {
      break; // no tile beyond the rows there are
    }
    for (int64_t column : columns) {
      ScheduleOption option = optionOf(kernel, summary, rows, column);
      if (seen.insert(option.config)) {
        options.push_back(std::move(option));
      }
    }
  }
  return options;
}

ScheduleOption CpuSchedules::optionOf(schedule::KernelOp kernel, const cost::KernelSummary &summary,
                                      int64_t rows, int64_t columns) const {
  MLIRContext *context = kernel.getContext();
  SmallVector<int64_t> tile = tileOf(kernel, summary, rows, columns);
  ScheduleOption option;
  if (summary.kind == cost::KernelKind::Rows && rows > 1 && rows * summary.rowElements * 4 > temporaryBytes) {
    option.refusal = std::to_string(rows) + " rows of " + std::to_string(summary.rowElements) +
                     " elements would leave the first cache between ops";
  }
  if (summary.kind != cost::KernelKind::Contraction || tile.size() < 2 || tile[1] == 0) {
    option.config = schedule::ConfigAttr::get(context, tile);
    return option;
  }
  const int64_t share = contractionsOfRoot(kernel);
  if (share > 1) {
    if (tile[1] % (share * kPanel) != 0) {
      option.refusal = std::to_string(share) + " contractions share " + std::to_string(columns) +
                       " columns, which are no whole panels of " + std::to_string(kPanel) + " for each";
    }
    tile[1] = std::max<int64_t>(tile[1] / share, 1);
  }
  // Where ops follow, rows go through all of them a few at a time, while the weights stay.
  SmallVector<Operation *> contractions = contractionsOf(kernel);
  const bool isFollowed = llvm::any_of(kernelRoots(kernel), [&](TilingInterface root) {
    return !llvm::is_contained(contractions, root.getOperation());
  });
  const bool isSegmented = segmentedContraction(kernel) != nullptr;
  if (isSegmented) {
    tile[0] = 0; // all rows of an expert are one item's, however many they are
  }
  if (isSegmented && summary.m == 1) {
    option.config = schedule::ConfigAttr::get(context, tile, {1, 0});
    return option;
  }
  const int64_t few = isSegmented ? vectorRows(summary, columns) : 0;
  if (!isFollowed || (!isSegmented && tile[0] <= kInnerRows)) {
    option.config = schedule::ConfigAttr::get(context, tile, {}, few);
    return option;
  }
  Type element = cast<ShapedType>(contractions.front()->getOperand(0).getType()).getElementType();
  const int64_t columnBytes = summary.k * element.getIntOrFloatBitWidth() / 8;
  if (columns > kPanel * share && columns * columnBytes > weightBytes) {
    option.refusal = "the weights of " + std::to_string(columns) + " columns, " +
                     std::to_string(columns * columnBytes) +
                     " bytes, would not stay in the second cache while rows pass by";
  }
  option.config = schedule::ConfigAttr::get(context, tile, {kInnerRows, 0}, few);
  return option;
}

schedule::ConfigAttr CpuSchedules::unpriced(schedule::KernelOp kernel,
                                            const cost::KernelSummary &summary) const {
  const int64_t rows = rowsOf(summary) == 1 ? 1 : 8;
  ScheduleOption option = optionOf(kernel, summary, rows, 64);
  return option.refusal.empty()
             ? option.config
             : schedule::ConfigAttr::get(kernel.getContext(), tileOf(kernel, summary, rows, 64));
}

int64_t CpuSchedules::vectorRows(const cost::KernelSummary &summary, int64_t columns) const {
  if (vectorFamily.empty()) {
    return 0;
  }
  auto seconds = [&](int64_t rows, const std::string &by) {
    cost::KernelSummary few = summary;
    few.m = rows;
    for (cost::OperandSummary &operand : few.operands) {
      if (operand.role != cost::OperandRole::Weight) {
        operand.bytes *= static_cast<double>(rows) / static_cast<double>(summary.m);
      }
    }
    auto estimate = costs.estimate(few, {0, columns, 0, by});
    return estimate ? estimate->seconds : std::numeric_limits<double>::infinity();
  };
  // A block of the unit takes as long for one row as for all of its rows. Of equal ones vectors: the unit fetches, decodes
  // and multiplies one after the other, which the model does not say.
  const double byUnit = seconds(kInnerRows, family);
  int64_t rows = kVectorRows;
  while (rows > 0 && seconds(rows, vectorFamily) > byUnit) {
    --rows;
  }
  return rows;
}
