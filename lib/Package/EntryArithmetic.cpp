//===- EntryArithmetic.cpp - Index arithmetic as scalar commands -------------===//
//
// The package's operations are on 64-bit integers that never wrap; where the arith dialect's differ (rounding
// toward zero, unsigned), the interval analysis must show that the operands are such that both agree.
//
//===----------------------------------------------------------------------===//
#include "EntrySerializer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::package;

static std::optional<ScalarOp> scalarOpOf(Operation *op) {
  return TypeSwitch<Operation *, std::optional<ScalarOp>>(op)
      .Case<arith::AddIOp>([](auto) { return ScalarOp::Add; })
      .Case<arith::SubIOp>([](auto) { return ScalarOp::Sub; })
      .Case<arith::MulIOp>([](auto) { return ScalarOp::Mul; })
      .Case<arith::FloorDivSIOp, arith::DivSIOp, arith::DivUIOp>([](auto) { return ScalarOp::FloorDiv; })
      .Case<arith::CeilDivSIOp>([](auto) { return ScalarOp::CeilDiv; })
      .Case<arith::RemSIOp, arith::RemUIOp>([](auto) { return ScalarOp::Mod; })
      .Case<arith::MinSIOp>([](auto) { return ScalarOp::Min; })
      .Case<arith::MaxSIOp>([](auto) { return ScalarOp::Max; })
      .Case<arith::AndIOp>([](auto) { return ScalarOp::And; })
      .Case<arith::OrIOp>([](auto) { return ScalarOp::Or; })
      .Default([](Operation *) { return std::nullopt; });
}

Slot EntrySerializer::emit(ScalarOp operation, Slot a, Slot b) {
  Command command;
  command.op = operation;
  command.dst = entry.slotCount++;
  command.a = a;
  command.b = b;
  entry.commands.push_back(command);
  return command.dst;
}

Slot EntrySerializer::emitConstant(int64_t value) {
  Slot slot = emit(ScalarOp::Constant, 0, 0);
  entry.commands.back().immediate = value;
  return slot;
}

LogicalResult EntrySerializer::addArithmetic(Operation *arithmetic) {
  if (auto constant = dyn_cast<arith::ConstantOp>(arithmetic)) {
    std::optional<program::Interval> value = bounds.of(constant.getResult());
    if (!value) {
      return arithmetic->emitOpError("is no index or i1 constant, which is what a host program has");
    }
    slots[constant.getResult()] = emitConstant(value->min);
    return success();
  }
  if (isa<arith::CmpIOp>(arithmetic)) {
    return addComparison(arithmetic);
  }
  std::optional<ScalarOp> operation = scalarOpOf(arithmetic);
  if (!operation) {
    return arithmetic->emitOpError("is no command of a host program");
  }
  // Bounded means: known operands, no overflow, no division by zero, and no sign where it would matter.
  mlir::Value result = arithmetic->getResult(0);
  if (!bounds.of(result)) {
    InFlightDiagnostic diagnostic = arithmetic->emitOpError("has an unbounded value");
    bounds.explain(result, diagnostic);
    return diagnostic;
  }
  slots[result] = emit(*operation, slotOf(arithmetic->getOperand(0)), slotOf(arithmetic->getOperand(1)));
  return success();
}

LogicalResult EntrySerializer::addComparison(Operation *arithmetic) {
  auto comparison = cast<arith::CmpIOp>(arithmetic);
  Slot a = slotOf(comparison.getLhs()), b = slotOf(comparison.getRhs());
  auto result = [&]() -> std::optional<Slot> {
    switch (comparison.getPredicate()) {
    case arith::CmpIPredicate::eq:
      return emit(ScalarOp::Equal, a, b);
    case arith::CmpIPredicate::ne:
      // Not x is x = 0.
      return emit(ScalarOp::Equal, emit(ScalarOp::Equal, a, b), emitConstant(0));
    case arith::CmpIPredicate::slt:
      return emit(ScalarOp::Less, a, b);
    case arith::CmpIPredicate::sle:
      return emit(ScalarOp::LessEqual, a, b);
    case arith::CmpIPredicate::sgt:
      return emit(ScalarOp::Less, b, a);
    case arith::CmpIPredicate::sge:
      return emit(ScalarOp::LessEqual, b, a);
    default:
      return std::nullopt;
    }
  }();
  if (!result) {
    return comparison.emitOpError("compares unsigned, which a host program cannot");
  }
  if (!bounds.of(comparison.getLhs()) || !bounds.of(comparison.getRhs())) {
    InFlightDiagnostic diagnostic = comparison.emitOpError("compares an unbounded value");
    bounds.explain(bounds.of(comparison.getLhs()) ? comparison.getRhs() : comparison.getLhs(), diagnostic);
    return diagnostic;
  }
  slots[comparison.getResult()] = *result;
  return success();
}
