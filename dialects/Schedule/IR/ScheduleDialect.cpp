//===- ScheduleDialect.cpp - Registration ------------------------------------===//
#include "dialects/Schedule/IR/Schedule.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt::schedule;

#include "dialects/Schedule/IR/ScheduleDialect.cpp.inc"

#include "dialects/Schedule/IR/ScheduleEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Schedule/IR/ScheduleAttrs.cpp.inc"

void ScheduleDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Schedule/IR/ScheduleAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Schedule/IR/ScheduleOps.cpp.inc"
      >();
}
