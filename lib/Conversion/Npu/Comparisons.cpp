//===- Comparisons.cpp - Predicates by the functions that the unit has ----------===//
#include "Elementwise.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

std::optional<Comparison> npu::comparisonOf(arith::CmpFOp op) {
  using P = arith::CmpFPredicate;
  const bool isSame = op.getLhs() == op.getRhs();
  switch (op.getPredicate()) {
  case P::OLT:
    return Comparison{"lt", false, false};
  case P::OGT:
    return Comparison{"lt", true, false};
  case P::OLE:
    return Comparison{"le", false, false};
  case P::OGE:
    return Comparison{"le", true, false};
  case P::OEQ:
    return Comparison{"eq", false, false};
  case P::UNE:
    return Comparison{"eq", false, true};
  case P::ULT:
    return Comparison{"le", true, true};
  case P::UGT:
    return Comparison{"le", false, true};
  case P::ULE:
    return Comparison{"lt", true, true};
  case P::UGE:
    return Comparison{"lt", false, true};
  case P::UNO:
  case P::ORD:
    return isSame ? std::optional(Comparison{"eq", false, op.getPredicate() == P::UNO}) : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<Comparison> npu::comparisonOf(arith::CmpIOp op) {
  using P = arith::CmpIPredicate;
  switch (op.getPredicate()) {
  case P::slt:
    return Comparison{"lt", false, false};
  case P::sgt:
    return Comparison{"lt", true, false};
  case P::sle:
    return Comparison{"le", false, false};
  case P::sge:
    return Comparison{"le", true, false};
  case P::eq:
    return Comparison{"eq", false, false};
  case P::ne:
    return Comparison{"eq", false, true};
  default:
    return std::nullopt;
  }
}
