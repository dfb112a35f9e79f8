//===- Attention.h - The attention dialect: types, attributes, operations ---===//
#ifndef COOPT_DIALECTS_ATTENTION_IR_ATTENTION_H
#define COOPT_DIALECTS_ATTENTION_IR_ATTENTION_H

#include "coopt/Numerics/CodedCache.h"
#include "dialects/Model/IR/Model.h"

#include "dialects/Attention/IR/AttentionDialect.h.inc"
#include "dialects/Attention/IR/AttentionEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Attention/IR/AttentionTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Attention/IR/AttentionOps.h.inc"

namespace coopt::attention {

/// An append, attend or read is about to work on the buffer of its state: tells it what the buffer's type does not.
void describeBuffer(mlir::Operation *op, StateType state);

} // namespace coopt::attention

#endif // COOPT_DIALECTS_ATTENTION_IR_ATTENTION_H
