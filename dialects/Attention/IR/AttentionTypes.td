//===- AttentionTypes.td - Types of the attention dialect ---*- tablegen -*-===//
#ifndef COOPT_ATTENTION_TYPES_TD
#define COOPT_ATTENTION_TYPES_TD

include "dialects/Attention/IR/AttentionAttrs.td"
include "mlir/IR/AttrTypeBase.td"

def IsState : NativeTypeTrait<"IsState">;

def Attention_StateType : TypeDef<Attention_Dialect, "State", [IsState]> {
  let mnemonic = "state";
  let summary = "the keys and values of all positions so far, for all layers";
  let description = [{
    `!attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>`: for each layer, key/value
    head and position below `capacity`, a key and a value of `head_size` elements. As a buffer it is
    `memref<(2 * layers * heads) x capacity x head_size x element>`, slab `(layer * 2 + (key ? 0 : 1)) * heads + head`. With
    `!attention.coded` as the element it is bytes: slabs of as many positions as that needs, of as many bytes each.

    C1: the extents are positive, the buffer's size in bytes is representable in 63 bits, and the
    element is f32, f16, bf16 or coded (with a head size of at most 65536).
  }];
  let parameters = (ins "int64_t":$layers, "int64_t":$heads, "int64_t":$headSize, "int64_t":$capacity,
                        "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The type of the buffer that holds a state at kernel level.
    ::mlir::MemRefType getBufferType();
    /// The element, if it is coded, or null.
    CodedType getCoded();
  }];
}

def Attention_CodedType : TypeDef<Attention_Dialect, "Coded"> {
  let mnemonic = "coded";
  let summary = "keys and values as codes with scales";
  let description = [{
    The element of a state whose keys and values are stored as codes. `coopt/Numerics/CodedCache.h` says where each byte lies and
    what each number becomes.

    `symmetric`: the keys of a position and head are codes of 8 bits with one f32 scale, and so are its values.

    `minmax` (KIVI): codes of 2 or 4 bits, a scale and a minimum in f16 per group. A group of keys is `group` positions of one
    channel; of values `group` channels of one position. Keys and values are rounded to f16, and wait in a residual of the last
    `residual` positions. When all positions of a block (0 .. group - 1, group .. 2 group - 1, ..) are appended, it is coded. **A query
    sees the block that it is in itself from the residual, all blocks before it decoded**: what a query sees does not depend on how
    many positions an `append` brings.

    An append may follow on positions that were given up. If the residual still holds the block in which it begins, nothing is
    lost. If newer positions have taken its place, the block's positions before the new ones are decoded into the residual, rounded to
    f16.

    By contract an append brings at most `residual - group + 1` positions.

    Example: `!attention.coded<symmetric, bits = 8, group = 1, residual = 0>`,
    `!attention.coded<minmax, bits = 4, group = 32, residual = 160>`

    C11: `symmetric` has 8 bits, groups of 1 and no residual; `minmax` 2 or 4 bits, groups of 8, 16 or 32, and a residual of a positive
    multiple of them below 2^31.
  }];
  let parameters = (ins EnumParameter<Attention_Encoding>:$encoding, "int64_t":$bits, "int64_t":$group, "int64_t":$residual);
  let assemblyFormat = "`<` $encoding `,` struct($bits, $group, $residual) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Where things lie for heads of a size.
    ::coopt::numerics::CodedCache getCache(int64_t headSize);
  }];
}

#endif // COOPT_ATTENTION_TYPES_TD
