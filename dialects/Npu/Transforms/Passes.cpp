//===- Passes.cpp - The passes of npu functions, for a machine -------------------===//
#include "Passes.h"

#include "coopt/Machine/Machine.h"
#include "dialects/Npu/IR/Npu.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// A transformation of functions for a machine's cores; the machine is given, or named by an option.
template <typename Derived>
class MachinePass : public PassWrapper<Derived, OperationPass<>> {
public:
  MachinePass() = default;
  explicit MachinePass(const machine::NpuMachine &given) : given(given) {}
  MachinePass(const MachinePass &other) : PassWrapper<Derived, OperationPass<>>(other), given(other.given) {
    name = other.name;
  }

  void getDependentDialects(DialectRegistry &registry) const final { registry.insert<NpuDialect>(); }

  void runOnOperation() final {
    FailureOr<machine::NpuMachine> machine =
        given ? FailureOr<machine::NpuMachine>(*given) : findMachine(this->getOperation(), name);
    if (failed(machine)) {
      return this->signalPassFailure();
    }
    this->getOperation()->walk([&](func::FuncOp function) {
      if (!function.isExternal() && failed(Derived::runOn(function, machine->cores.front()))) {
        this->signalPassFailure();
      }
    });
  }

private:
  std::optional<machine::NpuMachine> given;
  typename PassWrapper<Derived, OperationPass<>>::template Option<std::string> name{
      *this, kMachineOption, llvm::cl::desc(kMachineOptionMeaning), llvm::cl::init(kDefaultMachine)};
};

struct DoubleBufferPass : MachinePass<DoubleBufferPass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DoubleBufferPass)
  using MachinePass::MachinePass;
  StringRef getArgument() const final { return "npu-double-buffer"; }
  StringRef getDescription() const final {
    return "Unroll loops that bring what they work on, or make sums, once, where there is room";
  }
  static LogicalResult runOn(func::FuncOp function, const machine::NpuCore &core) {
    doubleBuffer(function, core);
    return success();
  }
};

struct AllocateMemoryPass : MachinePass<AllocateMemoryPass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AllocateMemoryPass)
  using MachinePass::MachinePass;
  StringRef getArgument() const final { return "npu-allocate-memory"; }
  StringRef getDescription() const final {
    return "give every memref.alloc of npu functions its address, by liveness";
  }
  static LogicalResult runOn(func::FuncOp function, const machine::NpuCore &core) {
    return allocateMemory(function, core);
  }
};

struct SynchronisePass : MachinePass<SynchronisePass> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SynchronisePass)
  using MachinePass::MachinePass;
  StringRef getArgument() const final { return "npu-synchronise"; }
  StringRef getDescription() const final { return "make engines of npu functions wait for each other"; }
  static LogicalResult runOn(func::FuncOp function, const machine::NpuCore &core) {
    synchronise(function, core);
    return success();
  }
};

} // namespace

FailureOr<machine::NpuMachine> npu::findMachine(Operation *at, const std::string &name) {
  auto machine = machine::findMachine(name);
  if (!machine || !machine->npu()) {
    return at->emitError("machine: ")
           << (machine ? "'" + name + "' is of kind " + machine->kind() + ", expected npu"
                       : machine.error().message);
  }
  return *machine->npu();
}

std::unique_ptr<Pass> npu::createDoubleBufferPass(const machine::NpuMachine &machine) {
  return std::make_unique<DoubleBufferPass>(machine);
}

std::unique_ptr<Pass> npu::createAllocateMemoryPass(const machine::NpuMachine &machine) {
  return std::make_unique<AllocateMemoryPass>(machine);
}

std::unique_ptr<Pass> npu::createSynchronisePass(const machine::NpuMachine &machine) {
  return std::make_unique<SynchronisePass>(machine);
}

void npu::registerNpuPasses() {
  PassRegistration<DoubleBufferPass>();
  PassRegistration<AllocateMemoryPass>();
  PassRegistration<SynchronisePass>();
}
