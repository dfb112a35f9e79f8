//===- LowerContractions.cpp - coopt-lower-contractions ---------------------===//
#include "CodeContraction.h"
#include "FloatContraction.h"
#include "FunctionPass.h"
#include "MatrixUnit.h"
#include "dialects/Model/IR/Model.h"

using namespace mlir;

namespace coopt {
namespace {

class LowerContractionsPass : public FunctionsPass<LowerContractionsPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerContractionsPass)
  LowerContractionsPass() = default;
  LowerContractionsPass(Isa isaValue, bool packedOnlyValue) {
    isa = isaValue;
    packedOnly = packedOnlyValue;
  }
  LowerContractionsPass(const LowerContractionsPass &other) : FunctionsPass(other) {
    isa = other.isa;
    packedOnly = other.packedOnly;
  }
  StringRef getArgument() const final { return "coopt-lower-contractions"; }
  StringRef getDescription() const final { return "turn contractions on memrefs into register-tiled loops"; }

  Option<Isa> isa{*this, "isa", llvm::cl::desc("instruction set to make code for"),
                  llvm::cl::init(Isa::Generic), isaValues()};
  Option<bool> packedOnly{
      *this, "packed-only",
      llvm::cl::desc("leave contractions whose weights are no view of packed panels alone"),
      llvm::cl::init(false)};

  LogicalResult runOn(func::FuncOp function) {
    for (linalg::LinalgOp op : collect<linalg::LinalgOp>(function)) {
      OpBuilder builder(op);
      if (succeeded(lowerPackedFloatContraction(builder, op, isa)) ||
          (!packedOnly && succeeded(lowerRowFloatContraction(builder, op, isa)))) {
        op->erase();
      } else if (packedOnly && readsPackedStorage(op)) {
        op->emitWarning("packed weights of another layout than that of panels of 16 rows are copied first");
      }
    }
    if (isa == Isa::Amx) {
      lowerMatrixUnitContractions(function);
    }
    for (quantized::ContractOp op : collect<quantized::ContractOp>(function)) {
      if (!llvm::isa<MemRefType>(op.getInit().getType())) {
        return op.emitError("expected memref operands");
      }
      OpBuilder builder(op);
      if (succeeded(lowerPackedCodeContraction(builder, op, isa))) {
        op.erase();
        continue;
      }
      if (packedOnly) {
        op.emitWarning("contraction of codes without packed panels of 16 rows, or with groups that do not go "
                       "with tiles of "
                       "64 columns: computed element by element");
        continue;
      }
      if (failed(lowerScalarCodeContraction(builder, op))) {
        return op.emitError("expected codes in bytes on CPU");
      }
      op.erase();
    }
    return success();
  }

private:
  static bool readsPackedStorage(Operation *op) {
    return llvm::any_of(op->getOperands(),
                        [](Value v) { return v.getDefiningOp<model::UnpackOp>() != nullptr; });
  }
};

} // namespace

std::unique_ptr<Pass> createLowerContractionsPass(Isa isa, bool packedOnly) {
  return std::make_unique<LowerContractionsPass>(isa, packedOnly);
}

} // namespace coopt
