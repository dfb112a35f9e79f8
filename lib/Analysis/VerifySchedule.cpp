//===- VerifySchedule.cpp - Loops, panels and temporaries of a configuration --------===//
#include "coopt/Analysis/VerifySchedule.h"

#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Layout/Layout.h"
#include "coopt/Solver/TilingFeasibility.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Interfaces/TilingInterface.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;

namespace {

/// "<tile = [32, 0]>"
std::string textOf(schedule::ConfigAttr config) {
  std::string text;
  llvm::raw_string_ostream(text) << config;
  return text.substr(text.find('<'));
}

/// The largest value of an extent, if it is one of the entry's sizes or a constant.
std::optional<int64_t> boundOf(Value extent) {
  if (auto size = extent.getDefiningOp<model::SizeOp>()) {
    auto entry = size->getParentOfType<model::EntryOp>();
    model::SizeAttr range = entry ? entry.findSize(size.getSize()) : model::SizeAttr();
    return range ? std::optional(range.getMax()) : std::nullopt;
  }
  if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
    std::optional<int64_t> left = boundOf(product.getLhs()), right = boundOf(product.getRhs());
    int64_t bound = 0;
    return left && right && !llvm::MulOverflow(*left, *right, bound) ? std::optional(bound) : std::nullopt;
  }
  IntegerAttr constant;
  if (matchPattern(extent, m_Constant(&constant))) {
    return constant.getInt();
  }
  return std::nullopt;
}

class ConfigVerifier {
public:
  ConfigVerifier(schedule::KernelOp kernel, schedule::ConfigAttr config, const machine::Machine &machine,
                 bool isFinal)
      : kernel(kernel), config(config), machine(machine), isFinal(isFinal), roots(kernelRoots(kernel)) {}

  LogicalResult run() {
    if (roots.empty() && llvm::all_of(config.getTile(), [](int64_t size) { return size == 0; })) {
      return success();
    }
    if (roots.empty()) {
      return kernel.emitOpError("has tile sizes, but its results are made by no ops that can be tiled");
    }
    for (TilingInterface one : roots) {
      root = one;
      if (failed(checkLoops())) {
        return failure();
      }
    }
    bool panels = succeeded(checkPanels()), temporaries = succeeded(checkTemporaries());
    return success(panels && temporaries);
  }

private:
  LogicalResult checkLoops() {
    SmallVector<utils::IteratorType> loops = root.getLoopIteratorTypes();
    // Reductions at the end may go unsaid: they are never tiled.
    size_t needed = loops.size();
    while (needed > 0 && loops[needed - 1] != utils::IteratorType::parallel) {
      --needed;
    }
    if (config.getTile().size() < needed || config.getTile().size() > loops.size()) {
      return kernel.emitOpError("expected a tile size for each of the ")
             << needed << " parallel loops of its root '" << root->getName() << "', got "
             << config.getTile().size();
    }
    for (auto [index, loop, size] :
         llvm::enumerate(ArrayRef(loops).take_front(config.getTile().size()), config.getTile())) {
      if (loop != utils::IteratorType::parallel && size != 0) {
        return kernel.emitOpError("expected loop ")
               << index << " of its root '" << root->getName()
               << "', a reduction, not to be tiled, got a tile of " << size;
      }
      if (index == 0 && size != 0 && isSegmented()) {
        return kernel.emitOpError(
                   "expected the rows of a contraction by experts not to be tiled, as an item has all "
                   "rows of an expert, got a tile of ")
               << size;
      }
      if (loop == utils::IteratorType::parallel && index > 0) {
        columnLoop = static_cast<unsigned>(index);
      }
    }
    return success();
  }

  bool isSegmented() {
    return kernel.walk([](moe::ContractOp) { return WalkResult::interrupt(); }).wasInterrupted();
  }

  /// The whole extent of the widest root's columns; dynamic if one is unknown.
  int64_t columnExtent() {
    int64_t widest = 0;
    for (TilingInterface one : roots) {
      auto type = dyn_cast<ShapedType>(one->getResult(0).getType());
      bool isKnown = type && type.hasRank() && type.getRank() > 0 && !type.isDynamicDim(type.getRank() - 1);
      if (!isKnown) {
        return ShapedType::kDynamic;
      }
      widest = std::max(widest, type.getShape().back());
    }
    return widest;
  }

  LogicalResult checkPanels() {
    int64_t tile = columnLoop ? config.getTile()[*columnLoop] : 0;
    if (tile == 0 || tile == columnExtent()) {
      return success();
    }
    LogicalResult result = success();
    kernel.getBody().walk([&](model::UnpackOp unpack) {
      layout::Layout layout = unpack.getStorageLayout().getLayout();
      int64_t panel = layout.rank() == 2 ? int64_t(1) << layout.dims[0].tileBits : 1;
      if (tile % panel != 0) {
        InFlightDiagnostic diagnostic = kernel.emitOpError("expected the column tile to be a multiple of ")
                                        << panel << ", the panel of a weight's layout, got " << tile
                                        << ", which is " << tile % panel << " too many";
        diagnostic.attachNote(unpack.getLoc()) << "layout " << unpack.getStorageLayout().getText();
        result = failure();
      }
    });
    return result;
  }

  /// Rows of a tile; none if unknown.
  std::optional<int64_t> tileRows() {
    if (!config.getInner().empty() && config.getInner()[0] != 0) {
      return config.getInner()[0];
    }
    if (config.getTile()[0] != 0) {
      return config.getTile()[0];
    }
    for (Value out : kernel.getOutputs()) {
      auto type = dyn_cast<RankedTensorType>(out.getType());
      if (!type || type.getRank() == 0) {
        continue;
      }
      if (!type.isDynamicDim(0)) {
        return type.getDimSize(0);
      }
      auto empty = emptyOfOutput(out);
      return empty ? boundOf(empty.getDynamicSizes()[0]) : std::nullopt;
    }
    return std::nullopt;
  }

  /// Bytes that an intermediate result takes in one tile; 0 if an extent is unknown.
  uint64_t bytesOf(RankedTensorType type) {
    if (!type.getElementType().isIntOrFloat()) {
      return 0;
    }
    uint64_t bytes = llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8u);
    for (auto [index, extent] : llvm::enumerate(type.getShape())) {
      bool isRow = index == 0 && ShapedType::isDynamic(extent);
      bool isColumn = index > 0 && columnLoop && index + 1 == static_cast<size_t>(type.getRank()) &&
                      extent == columnExtent() && config.getTile()[*columnLoop] != 0;
      std::optional<int64_t> counted = extent;
      if (isRow) {
        counted = tileRows();
      } else if (isColumn) {
        counted = config.getTile()[*columnLoop];
      }
      if (!counted || ShapedType::isDynamic(*counted)) {
        return 0;
      }
      bytes = llvm::SaturatingMultiply(bytes, static_cast<uint64_t>(*counted));
    }
    return bytes;
  }

  /// The panel that columns of a tile are whole multiples of: the widest of the packed weights'.
  int64_t panelOfWeights() {
    int64_t widest = 1; // powers of two
    kernel.getBody().walk([&](model::UnpackOp unpack) {
      layout::Layout layout = unpack.getStorageLayout().getLayout();
      widest = std::max(widest, layout.rank() == 2 ? int64_t(1) << layout.dims[0].tileBits : 1);
    });
    return widest;
  }

  /// What an op has in the scratchpad while it computes: the rows of its inputs and of its results. Of some ops a core needs a part at a time.
  SmallVector<Value> rowsOf(Operation &op) {
    auto computes = dyn_cast<DestinationStyleOpInterface>(op);
    if (!computes || isa<model::GatherOp, attention::AppendOp, attention::AttendOp>(op)) {
      return {};
    }
    llvm::SmallSetVector<Value, 4> together;
    together.insert_range(llvm::make_filter_range(op.getOperands(), [&](Value operand) {
      return !llvm::is_contained(computes.getDpsInits(), operand);
    }));
    together.insert_range(op.getResults());
    return llvm::filter_to_vector(together, [&](Value value) {
      auto tensor = dyn_cast<RankedTensorType>(value.getType());
      return tensor && tensor.getRank() == 2 && tensor.isDynamicDim(0) && bytesOf(tensor) > 0;
    });
  }

  std::string nameOf(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument ? "input " + std::to_string(argument.getArgNumber())
                    : "'" + value.getDefiningOp()->getName().getStringRef().str() + "'";
  }

  /// Each op has its rows in the scratchpad while it computes.
  LogicalResult checkScratchpad(const machine::NpuCore &core) {
    const auto limit = static_cast<uint64_t>(core.spad.bytes);
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      uint64_t bytes = 0;
      std::string parts;
      for (Value value : rowsOf(op)) {
        const uint64_t own = bytesOf(cast<RankedTensorType>(value.getType()));
        bytes = llvm::SaturatingAdd(bytes, own);
        parts += (parts.empty() ? "" : ", ") + nameOf(value) + " " + std::to_string(own);
      }
      if (bytes > limit) {
        InFlightDiagnostic diagnostic = kernel.emitOpError("expected the rows of '")
                                        << op.getName() << "' in a tile to fit the " << limit
                                        << " bytes of the scratchpad of machine '" << machine.name
                                        << "', got " << bytes << " bytes, " << bytes - limit << " too many";
        diagnostic << ": with " << textOf(config) << " " << parts;
        if (isFinal) {
          diagnostic << "; " << whatFits(limit);
        }
        return diagnostic;
      }
    }
    return success();
  }

  /// The largest tiling of no more rows and columns with which the rows of each op fit, or why there is none.
  std::string whatFits(uint64_t limit) {
    const std::optional<int64_t> rows = tileRows();
    const bool isInner = isSegmented() || (!config.getInner().empty() && config.getInner()[0] != 0);
    const int64_t columns = columnExtent();
    const bool hasColumns = columnLoop && !ShapedType::isDynamic(columns);
    const int64_t tiled = hasColumns ? config.getTile()[*columnLoop] : 0;
    solver::TilingProblem problem;
    problem.levels = {"core"};
    problem.dimensions = {{"rows", rows.value_or(1)}};
    if (hasColumns) {
      problem.dimensions.push_back({"columns", tiled != 0 ? std::min(tiled, columns) : columns});
      const bool isPart = tiled != 0 && tiled < columns;
      problem.rules.push_back(
          {isPart ? solver::TileRule::Kind::MultipleOf : solver::TileRule::Kind::WholeOrMultipleOf, 0, 1,
           panelOfWeights(), "the panel of a weight's layout"});
      // What is whole stays so before rows are given up; else rows come first.
      problem.order = tiled == 0 ? std::vector<solver::TilePlace>{{0, 1}, {0, 0}}
                                 : std::vector<solver::TilePlace>{{0, 0}, {0, 1}};
    }
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      solver::TileMemory memory{"the scratchpad", 0, static_cast<int64_t>(limit), {}};
      for (Value value : rowsOf(op)) {
        auto type = cast<RankedTensorType>(value.getType());
        const int64_t bits =
            8 * static_cast<int64_t>(llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8u));
        const bool isTiled = hasColumns && type.getDimSize(1) == columns;
        memory.operands.push_back({nameOf(value),
                                   isTiled ? std::vector<size_t>{0, 1} : std::vector<size_t>{0},
                                   isTiled ? bits : bits * type.getDimSize(1)});
      }
      if (!memory.operands.empty()) {
        problem.memories.push_back(std::move(memory));
      }
    }
    auto answer = solver::findTiling(problem);
    if (!answer || answer->kind == solver::TilingAnswer::Kind::Unknown) {
      return "whether they fit with a smaller tile was not found out";
    }
    if (answer->kind == solver::TilingAnswer::Kind::Infeasible) {
      return "with no smaller tile they fit: " + answer->reason();
    }
    SmallVector<int64_t> tile(config.getTile()), inner(config.getInner());
    if (isInner && inner.empty()) {
      inner.assign(tile.size(), 0);
    }
    int64_t &rowTile = (isInner ? inner : tile)[0];
    rowTile = answer->tiles[0][0] == rows && rowTile == 0 ? 0 : answer->tiles[0][0];
    if (hasColumns && answer->tiles[0][1] != columns) {
      tile[*columnLoop] = answer->tiles[0][1];
    }
    return "with " +
           textOf(schedule::ConfigAttr::get(config.getContext(), tile, config.getVector(), config.getTail(),
                                            inner, config.getVectorRows())) +
           " they fit";
  }

  LogicalResult checkTemporaries() {
    if (const machine::NpuMachine *npu = machine.npu()) {
      return checkScratchpad(npu->cores.front());
    }
    const machine::CpuMachine *cpu = machine.cpu();
    if (!cpu || cpu->caches.empty()) {
      return success();
    }
    // Beyond the last cache a temporary costs memory traffic, and nothing that is tiled needs one.
    size_t level = cpu->caches.size() - 1;
    uint64_t limit = static_cast<uint64_t>(cpu->caches[level].bytes);
    uint64_t bytes = 0;
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      // Destinations, constants and views take no memory of their own.
      if (llvm::is_contained(roots, dyn_cast<TilingInterface>(op)) || !isa<DestinationStyleOpInterface>(op)) {
        continue;
      }
      for (Type type : op.getResultTypes()) {
        if (auto tensor = dyn_cast<RankedTensorType>(type)) {
          bytes = llvm::SaturatingAdd(bytes, bytesOf(tensor));
        }
      }
    }
    if (bytes <= limit) {
      return success();
    }
    return kernel.emitOpError("expected the temporaries of a tile to fit the ")
           << limit << " bytes of cache level " << level + 1 << " of machine '" << machine.name << "', got "
           << bytes << " bytes, " << bytes - limit << " too many";
  }

  schedule::KernelOp kernel;
  schedule::ConfigAttr config;
  const machine::Machine &machine;
  const bool isFinal;
  SmallVector<TilingInterface> roots;
  TilingInterface root;               ///< the one looked at
  std::optional<unsigned> columnLoop; ///< the last parallel loop behind the first
};

} // namespace

LogicalResult coopt::verifySchedule(schedule::KernelOp kernel, schedule::ConfigAttr config,
                                    const machine::Machine &machine, bool isFinal) {
  return ConfigVerifier(kernel, config, machine, isFinal).run();
}

LogicalResult coopt::verifySchedules(ModuleOp module, const machine::Machine &machine) {
  LogicalResult result = success();
  module.walk([&](schedule::KernelOp kernel) {
    if (!kernel.getChoices()) {
      return;
    }
    auto entry = kernel->getParentOfType<model::EntryOp>();
    for (auto [guard, config] :
         llvm::zip_equal(kernel.getChoices()->getGuards(), kernel.getChoices()->getConfigs())) {
      for (schedule::ConditionAttr condition : guard.getConditions()) {
        if (entry && !entry.findSize(condition.getSize())) {
          kernel.emitOpError("has a guard on size ")
              << condition.getSize() << ", which entry @" << entry.getSymName() << " does not have";
          result = failure();
        }
      }
      if (failed(verifySchedule(kernel, config, machine, /*isFinal=*/true))) {
        result = failure();
      }
    }
  });
  return result;
}
