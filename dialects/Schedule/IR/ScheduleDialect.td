//===- ScheduleDialect.td - The schedule dialect ------------*- tablegen -*-===//
#ifndef COOPT_SCHEDULE_DIALECT_TD
#define COOPT_SCHEDULE_DIALECT_TD

include "mlir/IR/OpBase.td"

def Schedule_Dialect : Dialect {
  let name = "schedule";
  let summary = "Groups of ops that become one kernel, and how each is to be scheduled.";
  let description = [{
    `schedule.kernel` groups structured ops that are computed together; it adds no meaning of its own, so expanding a kernel is
    inlining its body. A `#schedule.set` on it says how: an ordered list of guards over the run-time sizes, each with a
    configuration. Constraints are numbered C1..Cn across the dialect.
  }];
  let cppNamespace = "::coopt::schedule";
  let useDefaultAttributePrinterParser = 1;
}

#endif // COOPT_SCHEDULE_DIALECT_TD
