//===- AttentionOps.td - Operations of the attention dialect -*- tablegen -*-===//
#ifndef COOPT_ATTENTION_OPS_TD
#define COOPT_ATTENTION_OPS_TD

include "dialects/Attention/IR/AttentionAttrs.td"
include "dialects/Attention/IR/AttentionTypes.td"
include "dialects/Model/IR/StructuredOpBase.td"

// A state, or the buffer that holds it at kernel level.
def Attention_StateOrBuffer
    : AnyTypeOf<[Attention_StateType, MemRefRankOf<[F32, F16, BF16, I8], [3]>], "attention state or the memref that holds it">;
def Attention_CodedAttr : TypeAttrOf<Attention_CodedType>;

def Attention_AppendOp : Op<Attention_Dialect, "append", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "adds keys and values to a state";
  let description = [{
    Key and value row i become those of position `past + i`, for all key/value heads of one layer; all other contents
    stay. `past + i` is below the capacity by contract (the runtime checks it at the entry). Keys and values are rounded
    to the state's element (nearest even), or coded as `!attention.coded` says. With a state the result is
    the new state (in place: the old value is dead); with the state's buffer there is no result and the buffer is
    written. Fixed. Loops: the positions; none with a residual, where positions are coded together.

    ```mlir
    %s1 = attention.append ins(%k, %v : tensor<?x4x8xf32>, tensor<?x4x8xf32>) at %past into %s0 layer(0)
        : !attention.state<..> -> !attention.state<..>
    attention.append ins(%k, %v : memref<?x4x8xf32>, memref<?x4x8xf32>) at %past into %b layer(0) : memref<40x512x8xf32>
    ```

    C2: keys and values have the same shape, (positions, heads, head size), static but for the positions, of the
    state's heads and head size.
    C3: the layer is one of the state's.
    C4: with a state there is one result of its type; with a buffer there is none.
    C12: `stored` (the state's element) is given exactly where the state is a buffer of bytes, whose positions have the bytes that it
    says, and there is a block at least.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[F32], [3]>:$keys, TensorOrMemRefRankOf<[F32], [3]>:$values, Index:$past,
                       Attention_StateOrBuffer:$state, I64Attr:$layer, OptionalAttr<Attention_CodedAttr>:$stored);
  let results = (outs Optional<Attention_StateType>:$result);
  let assemblyFormat = [{
    `ins` `(` $keys `,` $values `:` type($keys) `,` type($values) `)` `at` $past `into` $state `layer` `(` $layer `)`
    (`stored` `(` $stored^ `)`)? attr-dict `:` type($state) (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How a state of codes is stored, or null.
    CodedType getCoded();
    unsigned getNumTiledLoops();
    ::llvm::SmallVector<int64_t> getOperandLoops(::mlir::OpOperand &operand);
    void shiftTile(::mlir::OpBuilder &builder, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets);
  }];
}

def Attention_AttendOp : StructuredOp<Attention_Dialect, "attend"> {
  let summary = "causal attention over a state";
  let description = [{
    For query row i (absolute position `past + i`) and query head h: attention over the keys of positions 0 ..
    `past + i`, with `window` only the last that many of them and, with `sinks`, the first that many, of one layer and
    key/value head `(head + h) / heads_per_group`. `head` is the number of the first query head of `q` among all query heads: 0 unless
    the op was tiled.

    With `numerics(fixed)`, the default, the result is fixed to the bit: with R as in `model.row_reduce sum`, keys and values
    widened to f32 (or decoded, as row i sees them) first, all products rounded, nothing fused, L = 0x1.715476p+0:

        s_j = scale * R(q_d * k_jd), with `cap` then s_j = cap * tanh(s_j / cap)
        per block of 64 keys (0..63, 64..127, ...), ascending, fully masked blocks skipped:
          m' = max(m, max s_j); a = exp2((m - m') * L); p_j = exp2((s_j - m') * L)
          l = l * a + R(p_j); o_d = o_d * a + R(p_j * v_jd); m = m'
        result_d = o_d / l

    starting from m = -infinity, l = 0, o = 0; with sinks, where the window does not reach them, their blocks come first, and
    a block with keys of both comes twice; masked keys are absent elements of R, an element's place in R is its
    place in the block. tanh is that of `coopt/Numerics/SpecialFunctions.h`, quotient and product are rounded.

    With `numerics(fast)` the result is Bounded: softmax(s_j) v_jd with the same s_j over the visible keys, in any order
    and any blocks, products fused or not; q, k, v and the weights p may be rounded to bf16 for a matrix unit.
    `coopt/Numerics/Bound.h` has the bound.

    Loops: rows and query heads, both parallel.

    ```mlir
    %o = attention.attend ins(%q : tensor<?x8x8xf32>) state(%s1 : !attention.state<..>) at %past, %head
        outs(%init : tensor<?x8x8xf32>) layer(0) heads_per_group(2) scale(0.353553385) -> tensor<?x8x8xf32>
    ```

    C3: the layer is one of the state's.
    C5: `init` has the shape of `q`; their last extent is the state's head size, static.
    C6: heads per group is positive, and a static number of query heads does not exceed the state's heads times it.
    C7: the scale is finite; the window, if there is one, is 1 .. 2^31 - 1; so are sinks, if there are any, and they have a window.
    C8: `heads` (the state's key/value heads) is given exactly where the state is a buffer, and divides its slabs.
    C9: `q` and `init` are tensors and there is one result of the init's type, or memrefs and there is none; the state
    may be a buffer in both forms.
    C10: the numerics are `fixed` or `fast`.
    C12: `stored` as for `attention.append`.
    C14: the cap, if there is one, is positive and finite.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[F32], [3]>:$q, Attention_StateOrBuffer:$state, Index:$past, Index:$head,
                       TensorOrMemRefRankOf<[F32], [3]>:$init, I64Attr:$layer, I64Attr:$heads_per_group,
                       F32Attr:$scale, OptionalAttr<F32Attr>:$cap, OptionalAttr<I64Attr>:$window, OptionalAttr<I64Attr>:$sinks,
                       OptionalAttr<I64Attr>:$heads, OptionalAttr<Attention_CodedAttr>:$stored,
                       DefaultValuedAttr<Attention_Numerics, "::coopt::attention::Numerics::fixed">:$numerics);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $q `:` type($q) `)` `state` `(` $state `:` type($state) `)` `at` $past `,` $head
    `outs` `(` $init `:` type($init) `)` `layer` `(` $layer `)` `heads_per_group` `(` $heads_per_group `)`
    `scale` `(` $scale `)` (`cap` `(` $cap^ `)`)? (`window` `(` $window^ `)`)? (`sinks` `(` $sinks^ `)`)? (`heads` `(` $heads^ `)`)?
    (`stored` `(` $stored^ `)`)? (`numerics` `(` $numerics^ `)`)? attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    /// How a state of codes is stored, or null.
    CodedType getCoded();
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    unsigned getNumTiledLoops() { return 2; }
    ::llvm::SmallVector<int64_t> getOperandLoops(::mlir::OpOperand &operand);
    void shiftTile(::mlir::OpBuilder &builder, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets);
  }];
}

def Attention_ReadOp : Op<Attention_Dialect, "read", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "one element of a state";
  let description = [{
    Element `d` of the key or value of a key/value head and position, widened to f32 or decoded; for the reference expansion. What
    has a residual is seen as the query at position `from` sees it.

    ```mlir
    %x = attention.read key %s[%head, %position, %d] layer(0) : !attention.state<..> -> f32
    ```

    C3: the layer is one of the state's.
    C8: as for `attention.attend`.
    C12: `stored` as for `attention.append`, and with it the `head_size`, which the buffer's type does not tell.
    C13: `from` is given exactly where there is a residual.
  }];
  let arguments = (ins Attention_Part:$part, Attention_StateOrBuffer:$state, Index:$head, Index:$position, Index:$d,
                       Optional<Index>:$query, I64Attr:$layer, OptionalAttr<I64Attr>:$heads,
                       OptionalAttr<Attention_CodedAttr>:$stored, OptionalAttr<I64Attr>:$head_size);
  let results = (outs F32:$result);
  let assemblyFormat = [{
    $part $state `[` $head `,` $position `,` $d `]` (`from` $query^)? `layer` `(` $layer `)` (`heads` `(` $heads^ `)`)?
    (`stored` `(` $stored^ `)`)? (`head_size` `(` $head_size^ `)`)? attr-dict `:` type($state) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How a state of codes is stored, or null.
    CodedType getCoded();
    /// Elements of a key, of a state of codes.
    int64_t getCodedHeadSize();
  }];
}

#endif // COOPT_ATTENTION_OPS_TD
