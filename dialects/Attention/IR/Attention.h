//===- Attention.h - The attention dialect: types, attributes, operations ---===//
#ifndef COOPT_DIALECTS_ATTENTION_IR_ATTENTION_H
#define COOPT_DIALECTS_ATTENTION_IR_ATTENTION_H

#include "dialects/Model/IR/Model.h"

#include "dialects/Attention/IR/AttentionDialect.h.inc"
#include "dialects/Attention/IR/AttentionEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Attention/IR/AttentionTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Attention/IR/AttentionOps.h.inc"

#endif // COOPT_DIALECTS_ATTENTION_IR_ATTENTION_H
