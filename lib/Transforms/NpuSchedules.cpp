#include "NpuSchedules.h"

#include "coopt/Analysis/KernelRoots.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace coopt;

namespace {

/// Bytes of a row of a tensor, in binary32: what temporaries are.
int64_t rowBytes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  int64_t bytes = 4;
  for (int64_t d = 1; tensor && d < tensor.getRank(); ++d) {
    bytes *= tensor.isDynamicDim(d) ? 1 : tensor.getDimSize(d);
  }
  return bytes;
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
  const int64_t budget = core.spad.bytes / 2;
  bool isContraction = false, isAttention = false;
  int64_t inputs = 0, widest = 0, computed = 0;
  kernel.walk([&](Operation *op) {
    isContraction |= isa<quantized::ContractOp>(op);
    isAttention |= isa<attention::AttendOp>(op);
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (op != kernel && tensor && tensor.getRank() > 0 && !tensor.hasStaticShape()) {
        computed += rowBytes(type);
        widest = std::max(widest, rowBytes(type));
      }
    }
  });
  for (Value input : kernel.getInputs()) {
    auto tensor = dyn_cast<RankedTensorType>(input.getType());
    inputs += tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0) ? rowBytes(tensor) : 0;
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
    int64_t columns = 8 * core.mxu->cols;
    auto bytes = [&] { return rows * (inputs + 6 * 4 * columns); };
    while (bytes() > budget && columns > core.mxu->cols) {
      columns /= 2;
    }
    while (bytes() > budget && rows > 1) {
      rows /= 2;
    }
    tile[1] = columns;
  } else {
    while (rows * (inputs + room) > budget && rows > 1) {
      rows /= 2;
    }
    if (isAttention && loops > 1) {
      tile[1] = 1;
    }
  }
  tile[0] = rows;
  MLIRContext *context = kernel.getContext();
  auto always = schedule::GuardAttr::get(context, ArrayRef<schedule::ConditionAttr>());
  return schedule::SetAttr::get(context, always, schedule::ConfigAttr::get(context, tile));
}
