#include "NpuSchedules.h"

#include "TileSegments.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/CostModel/ArrayChoice.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace coopt;

namespace {

/// An expert has few of the rows of a call. Columns that are computed at a time are worth more: their weights come while others are multiplied.
constexpr int64_t kRowsOfExpert = 16;

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
std::optional<schedule::SetAttr> attentionSchedule(attention::AttendOp attend, const machine::NpuCore &core) {
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
  return always(schedule::ConfigAttr::get(attend.getContext(), {rows, heads}));
}

} // namespace

std::optional<schedule::SetAttr> coopt::chooseNpuSchedule(schedule::KernelOp kernel,
                                                          const machine::NpuMachine &machine) {
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
  const machine::NpuCore &core = machine.cores.front();
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
  int64_t rows = 64;
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
    return always(schedule::ConfigAttr::get(kernel.getContext(), tile, {rows, 0}));
  }
  tile[0] = rows;
  return always(schedule::ConfigAttr::get(kernel.getContext(), tile));
}
