//===- AttentionOps.cpp - Operations of the attention dialect ---------------===//
#include "dialects/Attention/IR/Attention.h"

using namespace mlir;
using namespace coopt::attention;
using coopt::model::kWholeDimension;

using Effects = SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

SmallVector<int64_t> AppendOp::getOperandLoops(OpOperand &operand) {
  return operand.getOperandNumber() < 2 ? SmallVector<int64_t>{0, kWholeDimension, kWholeDimension}
                                        : SmallVector<int64_t>{};
}

void AppendOp::getEffects(Effects &effects) {
  for (OpOperand *input : {&getKeysMutable(), &getValuesMutable()}) {
    if (isa<MemRefType>(input->get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), input);
    }
  }
  if (isa<MemRefType>(getState().getType())) {
    effects.emplace_back(MemoryEffects::Write::get(), &getStateMutable());
  }
}

LogicalResult AppendOp::verify() { return success(); }

SmallVector<int64_t> AttendOp::getOperandLoops(OpOperand &operand) {
  bool sliced = &operand == &getQMutable() || &operand == &getInitMutable();
  return sliced ? SmallVector<int64_t>{0, 1, kWholeDimension} : SmallVector<int64_t>{};
}

LogicalResult AttendOp::verify() { return success(); }

void ReadOp::getEffects(Effects &effects) {
  if (isa<MemRefType>(getState().getType())) {
    effects.emplace_back(MemoryEffects::Read::get(), &getStateMutable());
  }
}

LogicalResult ReadOp::verify() { return success(); }
