//===- Synchronise.cpp - Who waits for whom ----------------------------------------===//
//
// Today an engine waits for all that the others were given: a fence stands wherever work goes from one engine to another.
//
//===----------------------------------------------------------------------===//
#include "Passes.h"

#include "dialects/Npu/IR/Npu.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Engines that were given work since the last fence.
class Fences {
public:
  void run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (op.getNumRegions() > 0) {
        fenceBefore(op);
        for (Region &region : op.getRegions()) {
          for (Block &inner : region) {
            run(inner);
            fenceBefore(*inner.getTerminator());
          }
        }
        continue;
      }
      std::optional<EngineUse> use = engineOf(&op);
      if (!use || isa<FenceOp>(op)) {
        continue;
      }
      if (working && (working->engine != use->engine || working->channel != use->channel)) {
        fenceBefore(op);
      }
      if (use->engine != Engine::Control) {
        working = use;
      }
    }
  }

private:
  std::optional<EngineUse> working;

  void fenceBefore(Operation &op) {
    if (working) {
      OpBuilder builder(&op);
      FenceOp::create(builder, op.getLoc(), DenseI64ArrayAttr(), DenseI64ArrayAttr());
      working.reset();
    }
  }
};

struct SynchronisePass : PassWrapper<SynchronisePass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SynchronisePass)
  explicit SynchronisePass(const machine::NpuMachine &machine) : machine(machine) {}
  StringRef getArgument() const final { return "npu-synchronise"; }

  void runOnOperation() final {
    getOperation()->walk([&](func::FuncOp function) {
      if (!function.isExternal() && failed(synchronise(function, machine.cores.front()))) {
        signalPassFailure();
      }
    });
  }

  machine::NpuMachine machine;
};

} // namespace

LogicalResult npu::synchronise(func::FuncOp function, const machine::NpuCore &) {
  Fences().run(function.getBody().front());
  return success();
}

std::unique_ptr<Pass> npu::createSynchronisePass(const machine::NpuMachine &machine) {
  return std::make_unique<SynchronisePass>(machine);
}
