#include "NpuSchedules.h"

#include "ScheduleCases.h"
#include "TileSegments.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/CostModel/ArrayChoice.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Interfaces/TilingInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;

namespace {

/// An expert has few of the rows of a call. Columns that are computed at a time are worth more: their weights come while others are multiplied.
constexpr int64_t kRowsOfExpert = 16;
/// Of a tile.
constexpr int64_t kMostRows = 64;

/// Bytes of a row of a tensor, in binary32 unless other bytes of an element are given: what temporaries are.
int64_t rowBytes(Type type, int64_t elementBytes = 4) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  int64_t bytes = elementBytes;
  for (int64_t d = 1; tensor && d < tensor.getRank(); ++d) {
    bytes *= tensor.isDynamicDim(d) ? 1 : tensor.getDimSize(d);
  }
  return bytes;
}

/// Columns of a tile of weights that are looked up; 0: none are. Tables serve all columns that are computed at a time, and rows beyond the array's have tables of their own: then columns
/// are worth more than rows.
int64_t lookedUpColumns(schedule::KernelOp kernel) {
  int64_t columns = 0;
  kernel.walk([&](model::UnpackOp unpack) {
    if (model::LayoutAttr layout = unpack.getStorageLayout(); layout && layout.getPlanes()) {
      columns = std::max(columns, int64_t(1) << layout.getLayout().dims[0].tileBits);
    }
  });
  return columns;
}

/// Heads that have the same keys together, and as many of them as there is room for: what is brought is brought for all.
schedule::ConfigAttr attentionSchedule(attention::AttendOp attend, const machine::NpuCore &core) {
  auto type = cast<ShapedType>(attend.getQ().getType());
  const auto group = static_cast<int64_t>(attend.getHeadsPerGroup());
  const int64_t all = type.getDimSize(1), size = type.getDimSize(2);
  if (ShapedType::isDynamic(all)) {
    return {};
  }
  // In binary32: of a block keys, values, their columns, products, some of them twice; of a row and head what is asked, the result
  // so far and the block's, scores.
  constexpr int64_t kBlock = 64;
  const int64_t each = 4 * (4 * size + kBlock + 8);
  const int64_t budget =
      std::max<int64_t>(core.spad.bytes - 4 * 6 * kBlock * size, core.spad.bytes / 4) * 3 / 4;
  int64_t rows = 64, heads = all % group == 0 ? group : 1;
  while (rows * heads * each > budget && rows > 1) {
    rows /= 2;
  }
  for (int64_t more = 2 * heads; more <= all; more *= 2) {
    if (all % more == 0 && rows * more * each <= budget) {
      heads = more;
    }
  }
  return schedule::ConfigAttr::get(attend.getContext(), {rows, heads});
}

schedule::ConfigAttr chooseByRule(schedule::KernelOp kernel, const machine::NpuCore &core) {
  SmallVector<TilingInterface> roots = kernelRoots(kernel);
  // What is appended goes from DRAM to DRAM, whatever it is.
  const bool isAppend =
      kernel.walk([](attention::AppendOp) { return WalkResult::interrupt(); }).wasInterrupted();
  const bool hasLoops = !isAppend && !roots.empty() && llvm::all_of(roots, [](TilingInterface root) {
    SmallVector<utils::IteratorType> loops = root.getLoopIteratorTypes();
    return !loops.empty() && loops.front() == utils::IteratorType::parallel;
  });
  if (!hasLoops) {
    return {};
  }
  if (roots.size() == 1) {
    if (auto attend = dyn_cast<attention::AttendOp>(roots.front().getOperation())) {
      return attentionSchedule(attend, core);
    }
  }
  const int64_t budget = core.spad.bytes / 2;
  bool isContraction = false;
  int64_t inputs = 0, widest = 0, computed = 0;
  kernel.walk([&](Operation *op) {
    isContraction |= isa<quantized::ContractOp, moe::ContractOp>(op);
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (op != kernel && tensor && tensor.getRank() > 0 && !tensor.hasStaticShape()) {
        computed += rowBytes(type);
        widest = std::max(widest, rowBytes(type));
      }
    }
  });
  const int64_t lookedUp = lookedUpColumns(kernel);
  for (Value input : kernel.getInputs()) {
    auto tensor = dyn_cast<RankedTensorType>(input.getType());
    if (tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0)) {
      // Codes are looked up as they are.
      const bool areCodes = lookedUp > 0 && tensor.getElementType().isInteger(8);
      inputs += rowBytes(tensor, areCodes ? 1 : 4);
    }
  }
  // The body of an op may need some temporaries of its own.
  const int64_t room = computed + 4 * widest;
  size_t loops = roots.front().getLoopIteratorTypes().size();
  for (TilingInterface root : roots) {
    loops = std::min(loops, root.getLoopIteratorTypes().size());
  }
  SmallVector<int64_t> tile(loops, 0);
  int64_t rows = kMostRows;
  if (isContraction && loops > 1) {
    // Rows of inputs are there whole; what is computed is cut by columns too.
    int64_t columns = cost::kMostPanels * core.mxu->cols;
    auto bytes = [&] { return rows * (inputs + 6 * 4 * columns); };
    auto halve = [&](int64_t &extent, int64_t least) {
      while (bytes() > budget && extent > least) {
        extent /= 2;
      }
    };
    if (lookedUp > 0) {
      rows = std::min(rows, core.mxu->rows);
      halve(rows, 1);
    } else if (segmentedContraction(kernel)) {
      halve(rows, kRowsOfExpert);
    }
    halve(columns, std::max(core.mxu->cols, lookedUp));
    halve(rows, 1);
    tile[1] = columns;
  } else {
    while (rows * (inputs + room) > budget && rows > 1) {
      rows /= 2;
    }
  }
  if (segmentedContraction(kernel)) {
    // An item has all rows of an expert, however many they are: none, or a few at a time.
    return schedule::ConfigAttr::get(kernel.getContext(), tile, {rows, 0});
  }
  tile[0] = rows;
  return schedule::ConfigAttr::get(kernel.getContext(), tile);
}

/// The same loops as the rule's, with a candidate's rows and columns.
schedule::ConfigAttr withCandidate(schedule::ConfigAttr rule, const cost::Candidate &candidate) {
  SmallVector<int64_t> tile(rule.getTile()), inner(rule.getInner());
  (inner.empty() ? tile[0] : inner[0]) = candidate.rowTile;
  if (tile.size() > 1) {
    tile[1] = candidate.columnTile;
  }
  return schedule::ConfigAttr::get(rule.getContext(), tile, inner);
}

/// Of what tiles have in all.
int64_t rowsOf(const cost::KernelSummary &summary) {
  return summary.segments * (summary.kind == cost::KernelKind::Contraction ? summary.m : summary.rows);
}

/// Columns in tiles of the array, or of what stands together in planes; all of them if they are few.
SmallVector<int64_t> columnsFor(const cost::KernelSummary &summary, int64_t step) {
  int64_t most = 0;
  for (const cost::TileOp &op : summary.tileOps) {
    most = std::max(most, op.isCut ? op.columns : 0);
  }
  if (most == 0) {
    return {0};
  }
  SmallVector<int64_t> columns;
  for (int64_t panels = 1; panels <= 2 * cost::kMostPanels; panels = panels < 4 ? panels + 1 : panels * 2) {
    columns.push_back(panels * step);
    if (panels * step >= most) {
      break;
    }
  }
  // Tiles that are all alike: how many panels each has is then known.
  for (int64_t count = 1; count <= 2 * cost::kMostPanels; ++count) {
    const int64_t tile = most / count;
    const bool isNew = most % count == 0 && tile % step == 0 && !llvm::is_contained(columns, tile);
    if (isNew && tile <= 4 * cost::kMostPanels * step) {
      columns.push_back(tile);
    }
  }
  return columns;
}

/// Rows of a tile. Few at a time take more than they save where the rule has many.
SmallVector<int64_t> rowsFor(const KernelRows &rows, const cost::KernelSummary &summary, int64_t byRule) {
  if (rows.size && rowsOf(summary) <= rows.factor) { // one of the run-time size
    return {summary.segments > 1 ? 1 : rows.factor};
  }
  SmallVector<int64_t> tiles;
  for (int64_t row = kMostRows; row >= std::max<int64_t>(byRule / 4, 1); row /= 2) {
    tiles.push_back(row);
  }
  return tiles;
}

} // namespace

SmallVector<ScheduleOption> NpuSchedules::options(schedule::KernelOp kernel,
                                                  const cost::KernelSummary &summary) const {
  // The allocation aligns buffers, and small ones are not counted.
  constexpr double kRoom = 0.9;
  const schedule::ConfigAttr rule = unpriced(kernel, summary);
  if (!rule) {
    return {};
  }
  SmallVector<ScheduleOption> options = {{rule, ""}};
  if (summary.tileOps.empty()) {
    return options;
  }
  llvm::SmallSetVector<schedule::ConfigAttr, 32> seen;
  seen.insert(rule);
  const machine::NpuCore &core = costs.core();
  const int64_t step = std::max(core.mxu ? core.mxu->cols : 1, lookedUpColumns(kernel));
  for (int64_t row :
       rowsFor(kernelRows(kernel), summary, candidateOf(kernel, summary, rule, machine).rowTile)) {
    for (int64_t column : columnsFor(summary, step)) {
      const cost::Candidate candidate{row, column, 0, ""};
      ScheduleOption option{withCandidate(rule, candidate), ""};
      if (!seen.insert(option.config)) {
        continue;
      }
      auto room = costs.hasRoom(summary, candidate, kRoom);
      if (!room) {
        option.refusal = room.error().message;
      } else if (!*room) {
        option.refusal = "the buffers of a tile take more than " + std::to_string(int(100 * kRoom)) +
                         " % of the " + std::to_string(core.spad.bytes) + " bytes of the scratchpad" +
                         (core.acc ? ", or than the accumulators have" : "");
      }
      options.push_back(std::move(option));
    }
  }
  return options;
}

std::optional<cost::KernelSummary> NpuSchedules::summarize(schedule::KernelOp kernel, int64_t rows) const {
  auto summary = ScheduleSpace::summarize(kernel, rows);
  // Which of three loops are rows and columns of the engines, and which goes on outside, depends on the tile: the model does not see that.
  // Of look-ups nothing was compared with a sweep.
  auto isLeft = [](const cost::TileOp &op) { return op.rounds > 1 || op.tableDepth > 0; };
  if (summary && (!summarizeTile(kernel, *summary) || llvm::any_of(summary->tileOps, isLeft))) {
    summary->tileOps.clear();
  }
  return summary;
}

schedule::ConfigAttr NpuSchedules::unpriced(schedule::KernelOp kernel,
                                            const cost::KernelSummary &summary) const {
  return chooseByRule(kernel, costs.core());
}
