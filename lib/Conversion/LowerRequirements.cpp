//===- LowerRequirements.cpp - coopt-lower-requirements ---------------------===//
//
// Runs once there is only unstructured control flow: a check that fails writes the worker's report and leaves
// the kernel.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"
#include "coopt/PackageFormat/KernelAbi.h"
#include "dialects/Model/IR/Model.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

#include <cstddef>

using namespace mlir;

namespace coopt {
namespace {

class LowerRequirementsPass : public FunctionsPass<LowerRequirementsPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerRequirementsPass)
  StringRef getArgument() const final { return "coopt-lower-requirements"; }
  StringRef getDescription() const final { return "turn model.require into a branch out of the kernel"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    FunctionsPass::getDependentDialects(registry);
    registry.insert<cf::ControlFlowDialect>();
  }

  LogicalResult runOn(func::FuncOp function) {
    SmallVector<model::RequireOp> ops = collect<model::RequireOp>(function);
    if (ops.empty()) {
      return success();
    }
    unsigned last = function.getNumArguments() - 1;
    if (function.getNumArguments() == 0 || !function.getArgAttr(last, "coopt.fault") ||
        function.getNumResults() != 0) {
      return ops.front().emitError("expected a kernel with a last argument for its report");
    }
    for (model::RequireOp op : ops) {
      if (op->getParentRegion() != &function.getBody()) {
        return op.emitError("expected to be in no other op");
      }
      lower(op, function.getArgument(last));
    }
    return success();
  }

private:
  static void lower(model::RequireOp op, Value report) {
    Block *before = op->getBlock();
    Block *after = before->splitBlock(op);
    Block *failed = new Block();
    before->getParent()->getBlocks().push_back(failed);
    OpBuilder builder = OpBuilder::atBlockEnd(before);
    Location loc = op.getLoc();
    cf::CondBranchOp::create(builder, loc, op.getCondition(), after, failed);

    builder.setInsertionPointToEnd(failed);
    Type i64 = builder.getI64Type();
    auto store = [&](size_t byte, Value value) {
      Value place = arith::ConstantIndexOp::create(builder, loc, byte / sizeof(int64_t));
      memref::StoreOp::create(builder, loc, value, report, place);
    };
    auto constant = [&](int64_t value) {
      return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value)).getResult();
    };
    auto [line, column] = op.getLineAndColumn();
    store(offsetof(abi::Fault, kind), constant(static_cast<int64_t>(op.getKind())));
    store(offsetof(abi::Fault, value), arith::IndexCastOp::create(builder, loc, i64, op.getValue()));
    store(offsetof(abi::Fault, bound), arith::IndexCastOp::create(builder, loc, i64, op.getBound()));
    store(offsetof(abi::Fault, line), constant(line));
    store(offsetof(abi::Fault, column), constant(column));
    func::ReturnOp::create(builder, loc);
    op.erase();
  }
};

} // namespace

std::unique_ptr<Pass> createLowerRequirementsPass() { return std::make_unique<LowerRequirementsPass>(); }

} // namespace coopt
