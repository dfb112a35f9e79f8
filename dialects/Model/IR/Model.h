//===- Model.h - The model dialect: attributes and operations ---------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_MODEL_H
#define COOPT_DIALECTS_MODEL_IR_MODEL_H

#include "coopt/Layout/Layout.h"
#include "coopt/Layout/SparsePanel.h"
#include "coopt/Layout/SparseRows.h"
#include "coopt/Layout/SparseTile.h"
#include "dialects/Model/IR/StateTrait.h"
#include "dialects/Model/IR/StructuredOp.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Model/IR/ModelDialect.h.inc"
#include "dialects/Model/IR/ModelEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Model/IR/ModelAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Model/IR/ModelOps.h.inc"

namespace coopt::model {

/// What a row reduction of no elements gives, and what its partial results start from.
float getReductionIdentity(RowReduction kind);

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_MODEL_H
