//===- Schedule.h - The schedule dialect: attributes and ops -----------------===//
#ifndef COOPT_DIALECTS_SCHEDULE_IR_SCHEDULE_H
#define COOPT_DIALECTS_SCHEDULE_IR_SCHEDULE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringMap.h"

#include <optional>
#include <utility>

#include "dialects/Schedule/IR/ScheduleDialect.h.inc"

#include "dialects/Schedule/IR/ScheduleEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Schedule/IR/ScheduleAttrs.h.inc"

namespace coopt::schedule {
class YieldOp;
} // namespace coopt::schedule

#define GET_OP_CLASSES
#include "dialects/Schedule/IR/ScheduleOps.h.inc"

namespace coopt::schedule {

/// On a contraction: `vector_rows` of the configuration that its kernel was tiled by.
constexpr llvm::StringLiteral kVectorRows = "coopt.vector_rows";

} // namespace coopt::schedule

#endif // COOPT_DIALECTS_SCHEDULE_IR_SCHEDULE_H
