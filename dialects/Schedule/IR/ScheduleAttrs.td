//===- ScheduleAttrs.td - Guards, configurations, sets ------*- tablegen -*-===//
#ifndef COOPT_SCHEDULE_ATTRS_TD
#define COOPT_SCHEDULE_ATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "dialects/Schedule/IR/ScheduleDialect.td"

class Schedule_Attr<string name, string attrMnemonic> : AttrDef<Schedule_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Schedule_TailPolicy : I32Enum<"TailPolicy", "what happens to the last, partial tile of a dimension", [
  I32EnumCase<"Peel", 0, "peel">,
  I32EnumCase<"Mask", 1, "mask">,
  I32EnumCase<"Pad", 2, "pad">,
  I32EnumCase<"Runtime", 3, "runtime">,
]> {
  let cppNamespace = "::coopt::schedule";
}

def Schedule_Comparison : I32Enum<"Comparison", "a comparison of a run-time size with a constant", [
  I32EnumCase<"Less", 0, "lt">,
  I32EnumCase<"LessEqual", 1, "le">,
  I32EnumCase<"Greater", 2, "gt">,
  I32EnumCase<"GreaterEqual", 3, "ge">,
  I32EnumCase<"Equal", 4, "eq">,
]> {
  let cppNamespace = "::coopt::schedule";
}

def Schedule_ConditionAttr : Schedule_Attr<"Condition", "condition"> {
  let summary = "One comparison of a named run-time size with a constant.";
  let description = [{
    Comparisons are words (lt, le, gt, ge, eq): a `<` would have to be balanced inside an attribute.

    C1: the size's name is not empty and the bound is not negative.

    Example: `#schedule.condition<"tokens" le 1>`
  }];
  let parameters = (ins "::mlir::StringAttr":$size, EnumParameter<Schedule_Comparison>:$comparison, "int64_t":$bound);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether a run-time size of `value` fulfils the condition.
    bool holds(int64_t value) const;
    /// Whether it holds for all, or for none, of the values in [min, max]; none if for some only.
    std::optional<bool> decide(int64_t min, int64_t max) const;
  }];
}

def Schedule_GuardAttr : Schedule_Attr<"Guard", "guard"> {
  let summary = "A conjunction of comparisons of named run-time sizes; empty: true.";
  let description = [{
    Example: `#schedule.guard<["tokens" gt 1, "tokens" le 16]>`
  }];
  let parameters = (ins OptionalArrayRefParameter<"ConditionAttr">:$conditions);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    bool isTrue() const { return getConditions().empty(); }
  }];
}

def Schedule_ConfigAttr : Schedule_Attr<"Config", "config"> {
  let summary = "How a kernel is tiled and vectorised.";
  let description = [{
    `tile` holds one tile size for each loop of the kernel's root op, in the order of its iteration domain, 0 meaning that the
    loop is not tiled; one tile is one work item. A kernel of several roots (the ops that make its results) has the tiles of each as items, one after the other.
    `inner`, where it is given, cuts each item again, into tiles that are computed one after the other: what passes between the ops of a kernel is as large as one of them.
    `vector_rows`, of items whose rows are only known when they run (those of an expert): up to so many of them are computed by
    vectors, on instruction sets that have a matrix unit for more (0: the lowering decides by types alone).
    `vector` is the number of lanes that the innermost loop is written for (0: the lowering's choice). `tail` optionally
    says for each loop how its last, partial tile is computed: `peel` (a copy of the code for the rest), `mask` (masked vectors),
    `pad` (the storage is padded), `runtime` (sizes are run-time values; what all loops do where `tail` is absent).

    C2: `tile` is not empty and holds no negative size. C3: `vector` is 0 or a power of two of at most 64. C4: `tail`, if present, has as
    many policies as `tile` has sizes. C13: so many sizes has `inner`, if present, and none is negative.
    C14: `vector_rows` is 0 to 16.

    Example: `#schedule.config<tile = [512, 64], inner = [32, 0], vector = 16, tail = [peel, mask]>`
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$tile,
    DefaultValuedParameter<"int64_t", "0">:$vector,
    OptionalArrayRefParameter<"TailPolicy">:$tail,
    OptionalArrayRefParameter<"int64_t">:$inner,
    DefaultValuedParameter<"int64_t", "0">:$vectorRows
  );
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<int64_t>":$tile, CArg<"::llvm::ArrayRef<int64_t>", "{}">:$inner,
                     CArg<"int64_t", "0">:$vectorRows),
                [{ return $_get($_ctxt, tile, 0, ::llvm::ArrayRef<TailPolicy>(), inner, vectorRows); }]>,
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Schedule_SetAttr : Schedule_Attr<"Set", "set"> {
  let summary = "Guarded configurations, tried in order.";
  let description = [{
    The configuration of the first guard that holds is used.

    C5: there are as many guards as configurations, and at least one. C6: the last guard is true, and no other (what
    follows a true guard could never be chosen). C7: all configurations have the same number of tile sizes.

    Example: `#schedule.set<[<["tokens" le 1]> -> <tile = [1, 64]>, <[]> -> <tile = [4, 64]>]>`
  }];
  let parameters = (ins ArrayRefParameter<"GuardAttr">:$guards, ArrayRefParameter<"ConfigAttr">:$configs);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The same choices for sizes that lie in the given ranges: conditions that always hold and choices that are never made are dropped, and so
    /// is a choice whose configuration is that of the one that would be made without it. Sizes that the map lacks are only known not to be negative.
    SetAttr simplify(const ::llvm::StringMap<std::pair<int64_t, int64_t>> &ranges);
  }];
}

#endif // COOPT_SCHEDULE_ATTRS_TD
