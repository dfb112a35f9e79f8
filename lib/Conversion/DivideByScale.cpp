//===- DivideByScale.cpp - coopt-divide-by-scale ----------------------------===//
//
// Quantising divides all elements of a row by its scale, and a division takes as long as six multiplications. Where the
// instruction set fuses multiplications and additions and the scale is neither tiny nor huge, its reciprocal
// and two corrections give what rounds to the same codes.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"
#include "MathBuilder.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "dialects/Quantized/IR/Quantized.h"

using namespace mlir;

namespace coopt {
namespace {

class DivideByScalePass : public FunctionsPass<DivideByScalePass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DivideByScalePass)
  DivideByScalePass() = default;
  explicit DivideByScalePass(Isa value) { isa = value; }
  DivideByScalePass(const DivideByScalePass &other) : FunctionsPass(other) { isa = other.isa; }
  StringRef getArgument() const final { return "coopt-divide-by-scale"; }
  StringRef getDescription() const final {
    return "multiply by the reciprocal of a row's scale where quotients are rounded to codes";
  }

  Option<Isa> isa{*this, "isa", llvm::cl::desc("instruction set to make code for"),
                  llvm::cl::init(Isa::Generic), isaValues()};

  LogicalResult runOn(func::FuncOp function) {
    if (isa == Isa::Generic) {
      return success();
    }
    for (arith::DivFOp op : collect<arith::DivFOp>(function)) {
      auto scales = op.getRhs().getDefiningOp<vector::BroadcastOp>();
      if (op->hasAttr(quantized::kRoundedQuotient) && scales && scales.getSource().getType().isF32()) {
        replace(op, scales);
      }
    }
    return success();
  }

private:
  static void replace(arith::DivFOp op, vector::BroadcastOp scales) {
    Value scale = scales.getSource();
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op.getLoc(), builder), outside(op.getLoc(), builder);
    outside.setInsertionPointAfterValue(scale); // once a row
    MathBuilder scalar(outside, scale.getType());
    auto bound = [&](arith::CmpFPredicate predicate, float limit) -> Value {
      return arith::CmpFOp::create(outside, predicate, scale, scalar.constant(limit));
    };
    Value isInvertible =
        arith::AndIOp::create(outside, bound(arith::CmpFPredicate::OGE, numerics::kLeastInvertedScale),
                              bound(arith::CmpFPredicate::OLE, numerics::kLargestInvertedScale));
    Value reciprocal = scalar.div(scalar.constant(1.0f), scale);
    Type type = op.getType();
    auto choice = scf::IfOp::create(
        b, isInvertible,
        [&](OpBuilder &nested, Location loc) {
          ImplicitLocOpBuilder inner(loc, nested);
          MathBuilder m(inner, type);
          Value reciprocals = vector::BroadcastOp::create(inner, type, reciprocal);
          scf::YieldOp::create(inner, numerics::quotientToRound(m, op.getLhs(), op.getRhs(), reciprocals));
        },
        [&](OpBuilder &nested, Location loc) {
          ImplicitLocOpBuilder inner(loc, nested);
          scf::YieldOp::create(inner, arith::DivFOp::create(inner, op.getLhs(), op.getRhs()).getResult());
        });
    op.replaceAllUsesWith(choice.getResult(0));
    op.erase();
  }
};

} // namespace

std::unique_ptr<Pass> createDivideByScalePass(Isa isa) { return std::make_unique<DivideByScalePass>(isa); }

} // namespace coopt
