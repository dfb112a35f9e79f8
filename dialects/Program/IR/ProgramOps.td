//===- ProgramOps.td - Entries, buffers, commands -----------*- tablegen -*-===//
#ifndef COOPT_PROGRAM_OPS_TD
#define COOPT_PROGRAM_OPS_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "dialects/Program/IR/ProgramAttrs.td"

/// Nothing in a package is narrower than a byte, and every buffer is dense and row-major.
def Program_Buffer : Type<
    CPred<"::coopt::program::isBufferType($_self)">,
    "a dense row-major memref of f64, f32, f16, bf16, f8E4M3FN, f8E5M2, i64, i32, i16, i8, ui8 or i1",
    "::mlir::MemRefType">;

class Program_Op<string mnemonic, list<Trait> traits = []> : Op<Program_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

def Program_EntryOp : Program_Op<"entry", [Symbol, IsolatedFromAbove, NoRegionArguments,
    SingleBlockImplicitTerminator<"ReturnOp">]> {
  let summary = "An entry point of the host program.";
  let description = [{
    Commands run in order. `sizes` are its run-time sizes; `arguments` and `results` are buffers that the caller supplies; `states`
    are the session's. `arena_bytes` is what `coopt-program-plan-arena` found: the bytes that its `program.alloc`s need together.

    C4: names of sizes, of arguments and results together, and of states are unique. C5: arguments and results name sizes of this entry only.
    C6: `arena_bytes`, if present, is a multiple of 64 and holds every planned allocation's offset.

    ```mlir
    program.entry @forward
        sizes [#program.size<"tokens", min = 1, max = 64>]
        arguments [#program.value<"tokens", memref<?xi32>, ["tokens"]>]
        results [#program.value<"logits", memref<?x512xf32>, ["tokens"]>]
        states [#program.state<"cache", outer = 40, capacity = 512, inner = 8, element = f32>] {
      ...
    }
    ```
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    TypedArrayAttrBase<Program_SizeAttr, "sizes">:$sizes,
    TypedArrayAttrBase<Program_ValueAttr, "values">:$arguments,
    TypedArrayAttrBase<Program_ValueAttr, "values">:$results,
    TypedArrayAttrBase<Program_StateAttr, "states">:$states,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$arena_bytes
  );
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `sizes` $sizes `arguments` $arguments `results` $results `states` $states
    (`arena_bytes` `(` $arena_bytes^ `)`)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let builders = [
    /// Makes the body with its terminator; nothing is planned yet.
    OpBuilder<(ins "::llvm::StringRef":$name, "::llvm::ArrayRef<SizeAttr>":$sizes, "::llvm::ArrayRef<ValueAttr>":$arguments,
                   "::llvm::ArrayRef<ValueAttr>":$results, "::llvm::ArrayRef<StateAttr>":$states)>,
  ];
  let extraClassDeclaration = [{
    /// The size of that name and its place among the entry's sizes; none if there is no such size.
    std::optional<unsigned> findSize(::llvm::StringRef name);
    SizeAttr getSize(unsigned index) { return ::llvm::cast<SizeAttr>(getSizes()[index]); }
    ValueAttr getArgument(unsigned index) { return ::llvm::cast<ValueAttr>(getArguments()[index]); }
    ValueAttr getResultValue(unsigned index) { return ::llvm::cast<ValueAttr>(getResults()[index]); }
    StateAttr getState(unsigned index) { return ::llvm::cast<StateAttr>(getStates()[index]); }
  }];
}

def Program_ReturnOp : Program_Op<"return", [Pure, Terminator, HasParent<"EntryOp">]> {
  let summary = "Ends an entry.";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Sizes and buffers
//===----------------------------------------------------------------------===//

def Program_SizeOp : Program_Op<"size", [Pure]> {
  let summary = "The value of one of the entry's run-time sizes.";
  let description = [{
    C7: the name is one of the enclosing entry's sizes.

    ```mlir
    %t = program.size "tokens" : index
    ```
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs Index:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

class Program_EntryBufferOp<string mnemonic> : Program_Op<mnemonic, [Pure]> {
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$number, Variadic<Index>:$dynamicSizes);
  let results = (outs Program_Buffer:$buffer);
  let assemblyFormat = "$number (`(` $dynamicSizes^ `)`)? attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Program_ArgumentOp : Program_EntryBufferOp<"argument"> {
  let summary = "The buffer of one of the entry's arguments.";
  let description = [{
    The operands are its dynamic extents. C8: the entry has an argument of that number and of this type. C9: the operands are
    `program.size`s of the names that the entry gives, in order.

    ```mlir
    %b = program.argument 0 (%t) : memref<?xi32>
    ```
  }];
}

def Program_ResultOp : Program_EntryBufferOp<"result"> {
  let summary = "The buffer of one of the entry's results.";
  let description = [{
    C10: like C8 and C9, for results.

    ```mlir
    %b = program.result 0 (%t) : memref<?x512xf32>
    ```
  }];
}

def Program_ParameterOp : Program_Op<"parameter", [Pure]> {
  let summary = "The buffer of a parameter, by its name in the package; read only.";
  let description = [{
    C11: the type's shape is static.

    ```mlir
    %w = program.parameter @"model.norm.weight" : memref<64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$name);
  let results = (outs Program_Buffer:$buffer);
  let assemblyFormat = "$name attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Program_StateOp : Program_Op<"state", [Pure]> {
  let summary = "The buffer of one of the entry's states.";
  let description = [{
    C12: the entry has a state of that number, and the type is memref<outer x capacity x inner x element> of it (a static shape of rank 3).

    ```mlir
    %s = program.state 0 : memref<40x512x8xf32>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$number);
  let results = (outs Program_Buffer:$buffer);
  let assemblyFormat = "$number attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Program_AllocOp : Program_Op<"alloc"> {
  let summary = "A buffer in the session's arena; contents undefined.";
  let description = [{
    Lives from its first to its last use. `offset` is its place in the arena, once planned: it stays the same for all run-time sizes, since
    the plan is made for the largest.

    C13: one operand for each dynamic extent. C14: the offset is a multiple of 64. C15: it is in an entry.

    ```mlir
    %b = program.alloc (%t) : memref<?x64xf32> offset(4096)
    ```
  }];
  let arguments = (ins Variadic<Index>:$dynamicSizes, OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$offset);
  let results = (outs Res<Program_Buffer, "", [MemAlloc<DefaultResource>]>:$buffer);
  let assemblyFormat = "(`(` $dynamicSizes^ `)`)? `:` type($buffer) (`offset` `(` $offset^ `)`)? attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

def Program_DispatchOp : Program_Op<"dispatch", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel over its work items.";
  let description = [{
    The kernel gets the buffers in order, `reads` first, and as scalars first the dynamic extents of the buffers in that order,
    then `scalars`. A buffer that is read and written is listed among `writes` alone. The string is the op id. `positions` says how many positions of
    a state a row reads at most, for those who count bytes; without it, all so far.

    C16: the op id is not empty. C17: no buffer that is written is listed twice. C18: where the module has a module `@kernels`, that has a function of the kernel's name.
    C19: a parameter or an argument is not written. C21: `experts` names reads, once each: as segments a matrix of i32 with three columns, as
    weights parameters; there is an expert. C23: `positions` is positive.

    ```mlir
    program.dispatch "layers.0/mlp/gate" @gate items(%n) reads(%a, %w : memref<?x64xf32>, memref<64x172xf32>)
        writes(%o : memref<?x172xf32>) scalars(%past)
    ```
  }];
  let arguments = (ins
    StrAttr:$id,
    FlatSymbolRefAttr:$kernel,
    Index:$items,
    Arg<Variadic<Program_Buffer>, "", [MemRead<DefaultResource>]>:$reads,
    Arg<Variadic<Program_Buffer>, "", [MemRead<DefaultResource>, MemWrite<DefaultResource>]>:$writes,
    Variadic<Index>:$scalars,
    OptionalAttr<Program_ExpertsAttr>:$experts,
    OptionalAttr<I64Attr>:$positions
  );
  let builders = [
    /// Not by experts.
    OpBuilder<(ins "::llvm::StringRef":$id, "::llvm::StringRef":$kernel, "::mlir::Value":$items, "::mlir::ValueRange":$reads,
                   "::mlir::ValueRange":$writes, "::mlir::ValueRange":$scalars), [{
      build($_builder, $_state, id, kernel, items, reads, writes, scalars, ExpertsAttr(), ::mlir::IntegerAttr());
    }]>,
  ];
  let assemblyFormat = [{
    $id $kernel `items` `(` $items `)` (`reads` `(` $reads^ `:` type($reads) `)`)?
    (`writes` `(` $writes^ `:` type($writes) `)`)? (`scalars` `(` $scalars^ `)`)?
    (`experts` $experts^)? (`positions` `(` $positions^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::LogicalResult verifyExperts();
  }];
}

def Program_ExpertsLimitedOp : Program_Op<"experts_limited", [Pure]> {
  let summary = "Whether this run keeps but a part of the experts in memory, and reads ahead.";
  let description = [{
    One value for a whole run. What only says which experts will be read is not worth computing elsewhere.

    ```mlir
    %l = program.experts_limited
    ```
  }];
  let results = (outs I1:$result);
  let assemblyFormat = "attr-dict";
}

/// What it changes is no buffer, but it is not for nothing.
def Program_PrefetchOp : Program_Op<"prefetch", [MemoryEffects<[MemWrite<DefaultResource>]>]> {
  let summary = "Says that parts of parameters will be read soon.";
  let description = [{
    `experts` holds numbers of experts in any shape; what will be read are their parts of the weights, as of a dispatch by experts. It may be wrong:
    it changes when something is read from the package's file, never a result.

    C22: experts are i32, and weights are parameters, one at least.

    ```mlir
    program.prefetch %experts of(%w, %s : memref<4096xi8>, memref<128xf32>) : memref<?x2xi32>
    ```
  }];
  let arguments = (ins Arg<Program_Buffer, "", [MemRead<DefaultResource>]>:$experts, Variadic<Program_Buffer>:$weights);
  let assemblyFormat = "$experts `of` `(` $weights `:` type($weights) `)` attr-dict `:` type($experts)";
  let hasVerifier = 1;
}

def Program_CopyOp : Program_Op<"copy", [SameTypeOperands]> {
  let summary = "Copies a buffer to another of the same type and extents.";
  let description = [{
    C20: the destination is neither a parameter nor an argument, and is not the source.

    ```mlir
    program.copy %a to %b : memref<?x64xf32>
    ```
  }];
  let arguments = (ins Arg<Program_Buffer, "", [MemRead<DefaultResource>]>:$source,
                       Arg<Program_Buffer, "", [MemWrite<DefaultResource>]>:$destination);
  let assemblyFormat = "$source `to` $destination attr-dict `:` type($source)";
  let hasVerifier = 1;
}

def Program_RequireOp : Program_Op<"require"> {
  let summary = "Ends the call with an error unless a condition holds.";
  let description = [{
    `kind` is an `abi::FaultKind`; `value` and `bound` are what its message shows, before the place.

    ```mlir
    program.require %same 3(%m, %n) " at line 12, column 5"
    ```
  }];
  let arguments = (ins I1:$condition, ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<4>]>:$kind, Index:$value,
                       Index:$bound, StrAttr:$place);
  let assemblyFormat = "$condition $kind `(` $value `,` $bound `)` $place attr-dict";
  let hasCanonicalizeMethod = 1;
}

def Program_IfOp : Program_Op<"if", [NoRegionArguments, RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Runs one of two lists of commands.";
  let description = [{
    Buffers that are used after it are made before it. A constant condition folds it away.

    ```mlir
    program.if %decode {
      ...
    } else {
      ...
    }
    ```
  }];
  let arguments = (ins I1:$condition);
  let regions = (region SizedRegion<1>:$thenRegion, MaxSizedRegion<1>:$elseRegion);
  let assemblyFormat = "$condition attr-dict-with-keyword $thenRegion (`else` $elseRegion^)?";
  let builders = [
    /// Makes the branches with their terminators.
    OpBuilder<(ins "::mlir::Value":$condition, "bool":$withElse)>,
  ];
  let hasCanonicalizer = 1;
}

def Program_YieldOp : Program_Op<"yield", [Pure, Terminator, HasParent<"IfOp">]> {
  let summary = "Ends a branch.";
  let assemblyFormat = "attr-dict";
}

#endif // COOPT_PROGRAM_OPS_TD
