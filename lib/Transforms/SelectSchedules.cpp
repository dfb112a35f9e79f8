#include "coopt/Transforms/SelectSchedules.h"

#include "ScheduleFile.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The entry's size that the leading extent of the kernel's first dynamic destination stands for; empty if there is none.
StringRef rowSize(schedule::KernelOp kernel) {
  for (Value out : kernel.getOutputs()) {
    auto empty = out.getDefiningOp<tensor::EmptyOp>();
    if (empty && empty.getType().getRank() > 0 && empty.getType().isDynamicDim(0)) {
      if (auto size = empty.getDynamicSizes()[0].getDefiningOp<model::SizeOp>()) {
        return size.getSize();
      }
    }
  }
  return {};
}

bool isContraction(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return isa<quantized::ContractOp>(op) || (linalgOp && linalg::isaContractionOpInterface(linalgOp));
}

/// Tile sizes for the root's loops when the kernel has `manyRows` rows or few. The numbers are those of a CPU with
/// 16-lane vectors: row tiles of a few register blocks, column tiles of a few 16-channel panels, so that operands and
/// results of a tile stay in the first-level cache and there is work for every core.
SmallVector<int64_t> tileSizes(schedule::KernelOp kernel, TilingInterface root, bool manyRows) {
  SmallVector<utils::IteratorType> loops = root.getLoopIteratorTypes();
  SmallVector<int64_t> tile(loops.size(), 0);
  if (tile.empty() || loops[0] != utils::IteratorType::parallel) {
    return tile;
  }
  int64_t rowTile = manyRows ? 8 : 1;
  bool contracts = llvm::any_of(kernel.getBody().front(), [](Operation &op) { return isContraction(&op); });
  if (contracts) {
    tile[0] = manyRows ? 16 : 1;
    if (tile.size() > 1 && loops[1] == utils::IteratorType::parallel) {
      tile[1] = 64;
    }
  } else if (isa<attention::AttendOp>(root)) {
    tile[0] = rowTile;
    tile[1] = 1;
  } else {
    tile[0] = rowTile;
  }
  return tile;
}

std::optional<schedule::SetAttr> chooseSet(schedule::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  Operation *yield = kernel.getBody().front().getTerminator();
  auto root = yield->getNumOperands() > 0 ? yield->getOperand(0).getDefiningOp<TilingInterface>() : TilingInterface();
  if (!root || isa<attention::AppendOp>(root)) {
    return std::nullopt;
  }
  auto config = [&](bool manyRows) { return schedule::ConfigAttr::get(context, tileSizes(kernel, root, manyRows)); };
  auto always = schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>());
  StringRef rows = rowSize(kernel);
  if (rows.empty() || config(true) == config(false)) {
    return schedule::SetAttr::get(context, always, config(true));
  }
  auto one = schedule::ConditionAttr::get(context, StringAttr::get(context, rows), schedule::Comparison::LessEqual, 1);
  auto single = schedule::GuardAttr::get(context, one);
  return schedule::SetAttr::get(context, {single, always}, {config(false), config(true)});
}

} // namespace

LogicalResult coopt::selectSchedules(ModuleOp module, const SelectSchedulesOptions &options) {
  FailureOr<ScheduleFile> file = ScheduleFile::read(module, options.scheduleFile);
  if (failed(file)) {
    return failure();
  }
  module.walk([&](schedule::KernelOp kernel) {
    if (std::optional<schedule::SetAttr> given = file->find(kernel.getId())) {
      kernel.setChoicesAttr(*given);
    } else if (!kernel.getChoices()) {
      if (auto chosen = chooseSet(kernel)) {
        kernel.setChoicesAttr(*chosen);
      }
    }
  });
  return file->reportUnused(module);
}
