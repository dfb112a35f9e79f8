//===- ScheduleOps.td - Kernels -----------------------------*- tablegen -*-===//
#ifndef COOPT_SCHEDULE_OPS_TD
#define COOPT_SCHEDULE_OPS_TD

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Schedule/IR/ScheduleAttrs.td"

def Schedule_KernelOp : Op<Schedule_Dialect, "kernel",
    [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects, AttrSizedOperandSegments]> {
  let summary = "A group of ops that becomes one kernel.";
  let description = [{
    The body sees the operands as block arguments: first `ins`, then `outs`. What it yields is tied to `outs` in order: the i-th
    result is a new value for the i-th `outs` operand that is a value (a tensor or an opaque state); a memref among `outs` is written
    in place and has no result. The initial contents of `outs` are visible to the body; a body that only uses them as destinations
    depends on their shape alone. The op's meaning is its body: inlining it changes nothing. The string is the op id, the path in the model
    that statistics, traces and records are keyed by.

    The op is in destination style, but does not carry the upstream interface: that one admits nothing but tensors and
    memrefs as destinations, and a state is neither.

    C8: the id is not empty. C9: block arguments are as many as operands and have their types. C10: a destination is no scalar (index, integer, float, vector).
    C11: results are as many as destinations that are no memrefs and have their types, in order. C12: `schedule.yield` yields values of the
    result types, in order.
    Whether the choices fit the root op's loops is checked by `verifySchedule`, not here.

    ```mlir
    %r = schedule.kernel "layers.0/mlp/gate" ins(%a = %x : tensor<?x64xf32>, %p = %past : index) outs(%o = %init : tensor<?x172xf32>)
        choices(#schedule.set<[<[]> -> <tile = [4, 64]>]>) {
      %y = ...
      schedule.yield %y : tensor<?x172xf32>
    } -> tensor<?x172xf32>
    ```
  }];
  let arguments = (ins StrAttr:$id, Variadic<AnyType>:$inputs, Variadic<AnyType>:$outputs, OptionalAttr<Schedule_SetAttr>:$choices);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let builders = [
    /// Makes the entry block with its arguments; the caller fills it and ends it with a yield.
    OpBuilder<(ins "::llvm::StringRef":$id, "::mlir::ValueRange":$inputs, "::mlir::ValueRange":$outputs)>,
  ];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::BlockArgument> getInputArguments() {
      return getBody().getArguments().take_front(getInputs().size());
    }
    ::llvm::ArrayRef<::mlir::BlockArgument> getOutputArguments() {
      return getBody().getArguments().drop_front(getInputs().size());
    }
    YieldOp getYield();
    /// The destination that result `index` is a new value of.
    ::mlir::OpOperand &getTiedOutput(unsigned index);
    /// The body's argument for an operand.
    ::mlir::BlockArgument getArgumentFor(::mlir::OpOperand &operand) {
      return getBody().getArgument(operand.getOperandNumber());
    }
  }];
}

def Schedule_YieldOp : Op<Schedule_Dialect, "yield", [Pure, Terminator, ReturnLike, HasParent<"KernelOp">]> {
  let summary = "Ends a kernel's body with its results.";
  let arguments = (ins Variadic<AnyType>:$values);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // COOPT_SCHEDULE_OPS_TD
