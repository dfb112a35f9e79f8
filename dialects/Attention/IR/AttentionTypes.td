//===- AttentionTypes.td - Types of the attention dialect ---*- tablegen -*-===//
#ifndef COOPT_ATTENTION_TYPES_TD
#define COOPT_ATTENTION_TYPES_TD

include "dialects/Attention/IR/AttentionDialect.td"
include "mlir/IR/AttrTypeBase.td"

def IsState : NativeTypeTrait<"IsState">;

def Attention_StateType : TypeDef<Attention_Dialect, "State", [IsState]> {
  let mnemonic = "state";
  let summary = "the keys and values of all positions so far, for all layers";
  let description = [{
    `!attention.state<layers = 5, heads = 4, head_size = 8, capacity = 512, element = f32>`: for each layer, key/value
    head and position below `capacity`, a key and a value of `head_size` elements. As a buffer it is
    `memref<(2 * layers * heads) x capacity x head_size x element>`, slab `(layer * 2 + (key ? 0 : 1)) * heads + head`.

    C1: the extents are positive, the buffer's size in bytes is representable in 63 bits, and the
    element is f32, f16 or bf16.
  }];
  let parameters = (ins "int64_t":$layers, "int64_t":$heads, "int64_t":$headSize, "int64_t":$capacity,
                        "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The type of the buffer that holds a state at kernel level.
    ::mlir::MemRefType getBufferType();
  }];
}

#endif // COOPT_ATTENTION_TYPES_TD
