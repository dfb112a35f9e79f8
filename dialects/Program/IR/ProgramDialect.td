//===- ProgramDialect.td - The program dialect --------------*- tablegen -*-===//
#ifndef COOPT_PROGRAM_DIALECT_TD
#define COOPT_PROGRAM_DIALECT_TD

include "mlir/IR/OpBase.td"

def Program_Dialect : Dialect {
  let name = "program";
  let summary = "The host program: buffers, dispatches, copies, branches over run-time sizes.";
  let description = [{
    One `program.entry` for each entry point of the model. It is what the runtime interprets, once serialised: nothing here computes on
    tensors. Arithmetic on run-time sizes is the arith dialect's on `index` and `i1`. Kernels are functions of a module `@kernels`
    beside the entries. Constraints are numbered C1..Cn across the dialect.
  }];
  let cppNamespace = "::coopt::program";
  let useDefaultAttributePrinterParser = 1;
}

#endif // COOPT_PROGRAM_DIALECT_TD
