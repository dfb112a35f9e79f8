#include "NpuSchedules.h"

#include "TileSegments.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Analysis/SummarizeKernel.h"
#include "coopt/CostModel/ArrayChoice.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/TilingInterface.h"

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

schedule::SetAttr always(schedule::ConfigAttr config) {
  MLIRContext *context = config.getContext();
  return schedule::SetAttr::get(
      context, schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>()), config);
}

/// Heads that have the same keys together, and as many of them as there is room for: what is brought is brought for all.
std::optional<schedule::ConfigAttr> attentionSchedule(attention::AttendOp attend,
                                                      const machine::NpuCore &core) {
  auto type = cast<ShapedType>(attend.getQ().getType());
  const auto group = static_cast<int64_t>(attend.getHeadsPerGroup());
  const int64_t all = type.getDimSize(1), size = type.getDimSize(2);
  if (ShapedType::isDynamic(all)) {
    return std::nullopt;
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

std::optional<schedule::ConfigAttr> chooseByRule(schedule::KernelOp kernel, const machine::NpuCore &core) {
  SmallVector<TilingInterface> roots = kernelRoots(kernel);
  // What is appended goes from DRAM to DRAM, whatever it is.
  const bool isAppend =
      kernel.walk([](attention::AppendOp) { return WalkResult::interrupt(); }).wasInterrupted();
  const bool hasLoops = !isAppend && !roots.empty() && llvm::all_of(roots, [](TilingInterface root) {
    SmallVector<utils::IteratorType> loops = root.getLoopIteratorTypes();
    return !loops.empty() && loops.front() == utils::IteratorType::parallel;
  });
  if (!hasLoops) {
    return std::nullopt;
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

struct Priced {
  cost::Candidate candidate;
  cost::Estimate estimate;
};

/// The cheapest first.
void sortByPrice(SmallVectorImpl<Priced> &priced) {
  llvm::stable_sort(priced,
                    [](const Priced &a, const Priced &b) { return a.estimate.seconds < b.estimate.seconds; });
}

/// What is decided for one case, all candidates that were priced behind the one that is taken.
cost::Decision decisionOf(schedule::ConfigAttr rule, const cost::KernelSummary &summary,
                          const KernelRows &rows, int64_t count, StringRef guard, ArrayRef<Priced> priced) {
  cost::Decision decision;
  decision.summary = summary;
  decision.guard = guard.str();
  if (rows.size) {
    decision.size = rows.size.str();
    decision.value = count / rows.factor;
  }
  for (const Priced &one : priced) {
    decision.considered.push_back(
        {toString(withCandidate(rule, one.candidate)), one.candidate, one.estimate, std::nullopt, ""});
  }
  return decision;
}

cost::Decision byRuleAlone(schedule::ConfigAttr rule, const std::optional<cost::KernelSummary> &summary) {
  cost::Decision decision;
  decision.summary = summary.value_or(cost::KernelSummary());
  decision.by = cost::Chooser::Rule;
  decision.considered.push_back({toString(rule), std::nullopt, std::nullopt, std::nullopt, ""});
  return decision;
}

std::string describe(const cost::Candidate &candidate) {
  return "[" + std::to_string(candidate.rowTile) + ", " + std::to_string(candidate.columnTile) + "]";
}

std::string describe(int64_t rows, ArrayRef<Priced> priced) {
  std::string text = "rows " + std::to_string(rows) + ": tile " + describe(priced[0].candidate) + ", " +
                     cost::print(priced[0].estimate);
  if (priced.size() > 1) {
    text += "; then " + describe(priced[1].candidate) + ", " + cost::print(priced[1].estimate);
  }
  return text;
}

/// What decides a kernel's price, as text.
std::string keyOf(const cost::KernelSummary &summary, const KernelRows &rows, schedule::ConfigAttr rule) {
  std::string key;
  llvm::raw_string_ostream stream(key);
  stream << rule << " " << (rows.size ? rows.size.getValue() : "") << " " << rows.factor << " " << rows.most
         << " " << cost::name(summary.kind) << " " << summary.segments;
  for (const cost::TileOp &op : summary.tileOps) {
    const cost::CodeProduct &of = op.product;
    stream << ";" << static_cast<int>(op.kind) << " " << op.nest << " " << op.hasRows << " " << op.columns
           << " " << op.isCut << " " << op.elementBytes << " " << op.rounds << " " << op.function << " "
           << op.operands << " " << of.columns << " " << of.depth << " " << of.span << " " << of.bits << " "
           << of.hasZeros << of.isOfFloats << " " << static_cast<int>(op.scales) << " " << op.tableDepth
           << " " << op.kept << " " << op.group << " " << op.groupBytes;
  }
  return key;
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

} // namespace

NpuScheduler::Choice NpuScheduler::price(schedule::KernelOp kernel, const KernelRows &rows,
                                         schedule::ConfigAttr rule) {
  // More than this has to be gained, by another tile than the rule's, and by code for one row beside that for many.
  constexpr double kGain = 0.95, kGuardGain = 0.9;
  // The allocation aligns buffers, and small ones are not counted.
  constexpr double kRoom = 0.9;
  auto summaryOf = [&](int64_t count) {
    auto summary = summarizeKernel(kernel, [&](Value) { return count; });
    return summary && summarizeTile(kernel, *summary) ? summary : std::nullopt;
  };
  // Without a run-time size rows are what the kernel has; else one of the size, or as many as there may be.
  const int64_t most = rows.size ? rows.most * rows.factor : 1, least = rows.size ? rows.factor : 1;
  const std::optional<cost::KernelSummary> many = summaryOf(most), single = summaryOf(least);
  if (!many || !single) {
    return {always(rule), "", {byRuleAlone(rule, many)}};
  }
  const cost::Candidate byRule = candidateOf(kernel, *many, rule, machine);
  auto priceOf = [&](const cost::KernelSummary &summary, const cost::Candidate &candidate) {
    auto estimate = costs.estimate(summary, candidate);
    return estimate ? std::optional(*estimate) : std::nullopt;
  };
  auto priceAll = [&](const cost::KernelSummary &summary, ArrayRef<int64_t> rowTiles) {
    SmallVector<Priced> priced;
    if (auto estimate = priceOf(summary, byRule)) {
      priced.push_back({byRule, *estimate});
    }
    const int64_t step = std::max(costs.core().mxu ? costs.core().mxu->cols : 1, lookedUpColumns(kernel));
    for (int64_t row : rowTiles) {
      for (int64_t column : columnsFor(summary, step)) {
        const cost::Candidate candidate{row, column, 0, ""};
        auto room = costs.hasRoom(summary, candidate, kRoom);
        auto estimate = room && *room ? priceOf(summary, candidate) : std::nullopt;
        if (estimate && !priced.empty() && estimate->seconds < kGain * priced.front().estimate.seconds) {
          priced.push_back({candidate, *estimate});
        }
      }
    }
    sortByPrice(priced);
    return priced;
  };
  // Few rows at a time take more than they save where the rule has many.
  SmallVector<int64_t> rowTiles;
  for (int64_t row = kMostRows; row >= std::max<int64_t>(byRule.rowTile / 4, 1); row /= 2) {
    rowTiles.push_back(row);
  }
  const SmallVector<Priced> ofMany = priceAll(*many, rowTiles);
  if (ofMany.empty()) {
    return {always(rule), "", {byRuleAlone(rule, many)}};
  }
  const schedule::ConfigAttr config = withCandidate(rule, ofMany.front().candidate);
  Choice choice{always(config),
                describe(most, ofMany) + "; by rule " + describe(byRule),
                {decisionOf(rule, *many, rows, most, "", ofMany)}};
  if (!rows.size || most == least) {
    return choice;
  }
  // For one row what is best for many, unless code of its own gains.
  const SmallVector<Priced> ofSingle = priceAll(*single, {single->segments > 1 ? 1 : least});
  auto same = priceOf(*single, ofMany.front().candidate);
  if (ofSingle.empty() || !same || ofSingle.front().estimate.seconds > kGuardGain * same->seconds) {
    return choice;
  }
  MLIRContext *context = kernel.getContext();
  auto one = schedule::ConditionAttr::get(context, rows.size, schedule::Comparison::LessEqual, 1);
  const auto guard = schedule::GuardAttr::get(context, one);
  choice.set = schedule::SetAttr::get(
      context, {guard, schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>())},
      {withCandidate(rule, ofSingle.front().candidate), config});
  choice.remark = describe(least, ofSingle) + "; " + choice.remark;
  choice.decisions.insert(choice.decisions.begin(),
                          decisionOf(rule, *single, rows, least, toString(guard), ofSingle));
  return choice;
}

std::optional<schedule::SetAttr> NpuScheduler::choose(schedule::KernelOp kernel, const KernelRows &rows) {
  std::optional<schedule::ConfigAttr> rule = chooseByRule(kernel, costs.core());
  if (!rule) {
    return std::nullopt;
  }
  auto summary = summarizeKernel(kernel, [&](Value) { return rows.size ? rows.most * rows.factor : 1; });
  const bool isKnown = summary && summarizeTile(kernel, *summary);
  // Which of three loops are rows and columns of the engines, and which goes on outside, depends on the tile: the model does not see that.
  // Of look-ups nothing was compared with a sweep.
  auto isLeft = [](const cost::TileOp &op) { return op.rounds > 1 || op.tableDepth > 0; };
  if (!isKnown || llvm::any_of(summary->tileOps, isLeft)) {
    record(kernel, {byRuleAlone(*rule, summary)});
    return always(*rule);
  }
  auto [entry, isNew] = known.try_emplace(keyOf(*summary, rows, *rule));
  if (isNew) {
    entry->second = price(kernel, rows, *rule);
  }
  if (!entry->second.remark.empty()) {
    remark::passed(kernel.getLoc(), remark::RemarkOpts::name(kernel.getId()).category("schedule"))
        << entry->second.remark;
  }
  record(kernel, entry->second.decisions);
  return entry->second.set;
}

void NpuScheduler::record(schedule::KernelOp kernel, const std::vector<cost::Decision> &decisions) {
  if (!trace) {
    return;
  }
  for (cost::Decision decision : decisions) {
    decision.kernel = decision.summary.id = kernel.getId().str();
    if (auto entry = kernel->getParentOfType<model::EntryOp>()) {
      decision.entry = entry.getSymName().str();
    }
    trace->decisions.push_back(std::move(decision));
  }
}
