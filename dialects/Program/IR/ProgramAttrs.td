//===- ProgramAttrs.td - Sizes, values, states of entries ---*- tablegen -*-===//
#ifndef COOPT_PROGRAM_ATTRS_TD
#define COOPT_PROGRAM_ATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "dialects/Program/IR/ProgramDialect.td"

class Program_Attr<string name, string attrMnemonic> : AttrDef<Program_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Program_SizeAttr : Program_Attr<"Size", "size"> {
  let summary = "A named run-time size of an entry: min <= size <= max, a multiple of `multiple`.";
  let description = [{
    C1: the name is not empty, 0 <= min <= max, multiple >= 1, and some value of the range is a multiple.

    Example: `#program.size<"tokens", min = 1, max = 64, multiple = 1>`
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$min, "int64_t":$max, DefaultValuedParameter<"int64_t", "1">:$multiple);
  let assemblyFormat = "`<` $name `,` `min` `=` $min `,` `max` `=` $max (`,` `multiple` `=` $multiple^)? `>`";
  let genVerifyDecl = 1;
}

def Program_ValueAttr : Program_Attr<"Value", "value"> {
  let summary = "An argument or a result of an entry: name, type, and the sizes that its dynamic extents are.";
  let description = [{
    C2: the name is not empty; the type is a dense row-major memref (no layout, no memory space) of a storable element; there is one size name for each
    dynamic dimension, in order.

    Example: `#program.value<"tokens", memref<?xi32>, ["tokens"]>`, `#program.value<"table", memref<4x8xf32>>`
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::MemRefType":$type, OptionalArrayRefParameter<"::mlir::StringAttr">:$sizes);
  let assemblyFormat = "`<` $name `,` $type (`,` `[` $sizes^ `]`)? `>`";
  let genVerifyDecl = 1;
}

def Program_StateAttr : Program_Attr<"State", "state"> {
  let summary = "A recurrent state that an entry uses: `outer` slabs of positions of `inner` elements.";
  let description = [{
    A slab has `kept` positions that are never forgotten, and behind them `capacity` positions, rounded up to whole blocks of `block`
    that belong together. Its buffer is `memref<outer x (kept + the rounded capacity) x inner x element>`.

    Entries that name the same state share it. C3: the name is not empty, the extents and the block are positive, `kept` is not
    negative, the number of positions is representable, the element is storable.

    Example: `#program.state<"cache", outer = 40, capacity = 512, inner = 8, element = f32>`,
    `#program.state<"cache", outer = 40, capacity = 512, inner = 8, element = i8, block = 32, kept = 264>`
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$outer, "int64_t":$capacity, "int64_t":$inner, "::mlir::Type":$element,
                        DefaultValuedParameter<"int64_t", "1">:$block, DefaultValuedParameter<"int64_t", "0">:$kept);
  let assemblyFormat = "`<` $name `,` struct($outer, $capacity, $inner, $element, $block, $kept) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Positions of a slab.
    int64_t getPositions() { return getKept() + (getCapacity() + getBlock() - 1) / getBlock() * getBlock(); }
  }];
}

def Program_ExpertsAttr : Program_Attr<"Experts", "experts"> {
  let summary = "Of which reads a dispatch by experts reads parts, and where it finds whose.";
  let description = [{
    `weights` are the places among the reads of parameters that hold `count` experts, one behind the other; `segments` is the place of the
    segments (`moe.dispatch`). The items of the dispatch are those of the first segment, then as many of the second, and so on; those of a
    segment read of the weights the part of its expert alone.

    Example: `#program.experts<segments = 3, weights = [1, 2], count = 8>`
  }];
  let parameters = (ins "int64_t":$segments, OptionalArrayRefParameter<"int64_t">:$weights, "int64_t":$count);
  let assemblyFormat = "`<` `segments` `=` $segments `,` `weights` `=` `[` (`]`) : ($weights^ `]`)? `,` `count` `=` $count `>`";
}

#endif // COOPT_PROGRAM_ATTRS_TD
