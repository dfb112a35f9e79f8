//===- Divisors.cpp - What divides a number of run time ---------------------------===//
#include "Tiles.h"

#include <numeric>

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

static int64_t divisorOfExpr(AffineExpr expr, ArrayRef<int64_t> operands, unsigned dims) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    return std::abs(constant.getValue());
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    return operands[dim.getPosition()];
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    return operands[dims + symbol.getPosition()];
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  const int64_t left = divisorOfExpr(binary.getLHS(), operands, dims),
                right = divisorOfExpr(binary.getRHS(), operands, dims);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
  case AffineExprKind::Mod:
    return std::gcd(left, right);
  case AffineExprKind::Mul:
    return left * right;
  default:
    return 1;
  }
}

int64_t npu::divisorOf(OpFoldResult number) {
  if (std::optional<int64_t> constant = getConstantIntValue(number)) {
    return std::abs(*constant);
  }
  auto value = cast<Value>(number);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    return loop && argument == loop.getInductionVar()
               ? std::gcd(divisorOf(loop.getLowerBound()), divisorOf(loop.getStep()))
               : 1;
  }
  Operation *op = value.getDefiningOp();
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    SmallVector<int64_t> operands;
    for (Value operand : apply.getMapOperands()) {
      operands.push_back(divisorOf(operand));
    }
    return divisorOfExpr(apply.getAffineMap().getResult(0), operands, apply.getAffineMap().getNumDims());
  }
  if (isa<arith::AddIOp, arith::SubIOp>(op)) {
    return std::gcd(divisorOf(op->getOperand(0)), divisorOf(op->getOperand(1)));
  }
  return isa<arith::MulIOp>(op) ? divisorOf(op->getOperand(0)) * divisorOf(op->getOperand(1)) : 1;
}
