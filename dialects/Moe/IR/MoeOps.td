//===- MoeOps.td - Operations of the moe dialect -------------*- tablegen -*-===//
#ifndef COOPT_MOE_OPS_TD
#define COOPT_MOE_OPS_TD

include "dialects/Moe/IR/MoeAttrs.td"
include "dialects/Model/IR/StructuredOpBase.td"
include "dialects/Quantized/IR/QuantizedAttrs.td"

class Moe_StructuredOp<string mnemonic, list<Trait> traits = []> : StructuredOp<Moe_Dialect, mnemonic, traits> {
  code structuredDeclarations = [{
    unsigned getNumTiledLoops();
    ::llvm::SmallVector<int64_t> getOperandLoops(::mlir::OpOperand &operand);
    void shiftTile(::mlir::OpBuilder &builder, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets);
  }];
}

def Moe_NonEmptyStrAttr : ConfinedAttr<StrAttr, [AttrConstraint<CPred<"!::llvm::cast<::mlir::StringAttr>($_self).empty()">, "not empty">]>;

def Moe_LogitsOp : Moe_StructuredOp<"logits"> {
  let summary = "the router's product: y[t, e] = R(x[t, :] * w[e, :])";
  let description = [{
    Each element is the row reduction R of rule 4 of the numeric contract (`model.row_reduce sum`) over the products, each rounded. Fixed:
    which experts a token goes to depends on it, and a float contraction in any order would leave that to the machine.
    Loops: tokens and experts, both parallel.

    ```mlir
    %l = moe.logits ins(%x, %w : tensor<?x64xf32>, tensor<8x64xf32>) outs(%init : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```

    C1: x is T x K, w is E x K and the init T x E, all of f32.
    C2: all shaped operands are tensors and there is one result for each destination, of its type, or all are memrefs and there is none.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[F32], [2]>:$x, TensorOrMemRefRankOf<[F32], [2]>:$w,
                       TensorOrMemRefRankOf<[F32], [2]>:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $w `:` type($x) `,` type($w) `)` `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Moe_RouteOp : Moe_StructuredOp<"route"> {
  let summary = "which experts a token goes to, and with what weights";
  let description = [{
    For each row of logits over E experts, with R as in `model.row_reduce` and L = 0x1.715476p+0:

        softmax   s_e = exp2((l_e - max l) * L) / R(exp2((l - max l) * L))
        sigmoid   s_e = 1 / (1 + exp2(-(l_e * L)))

    The experts are those that `moe.choose` takes by s (+ `bias`), best first; their weights are their s, without the
    bias; with `renormalise` divided by R(weights) + `epsilon`; then multiplied by `scale` (not if that is 1). Fixed. Loop: tokens.

    ```mlir
    %w, %e = moe.route ins(%l : tensor<?x64xf32>) bias(%b : tensor<64xf32>) outs(%w0, %e0 : tensor<?x8xf32>, tensor<?x8xi32>)
        scores(sigmoid) groups(8 keep 4 by two_best) renormalise(1.0e-20) scale(2.5) -> tensor<?x8xf32>, tensor<?x8xi32>
    ```

    Also C2.
    C3: weights and experts have one shape, T x k; k is static, at least 1 and at most the experts that may be chosen; logits are T x E
        with a static E; a bias has E elements.
    C4: groups divide the experts into groups of one size (of 2 at least, where ranked by the two best); at least one and at most all are kept.
    C5: epsilon is not negative, scale is positive, both finite.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[F32], [2]>:$logits, Optional<TensorOrMemRefRankOf<[F32], [1]>>:$bias,
                       TensorOrMemRefRankOf<[F32], [2]>:$weights, TensorOrMemRefRankOf<[I32], [2]>:$experts,
                       Moe_Scores:$scores,
                       DefaultValuedAttr<I64Attr, "1">:$groups, DefaultValuedAttr<I64Attr, "1">:$kept_groups,
                       DefaultValuedAttr<Moe_GroupRank, "::coopt::moe::GroupRank::best">:$group_rank,
                       OptionalAttr<F32Attr>:$epsilon, DefaultValuedAttr<F32Attr, "1.0f">:$scale);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $logits `:` type($logits) `)` (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $weights `,` $experts `:` type($weights) `,` type($experts) `)` `scores` `(` $scores `)`
    (`groups` `(` $groups^ `keep` $kept_groups `by` $group_rank `)`)? (`renormalise` `(` $epsilon^ `)`)?
    (`scale` `(` $scale^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getWeightsMutable().getOperandNumber(), 2);
    }
  }];
}

def Moe_ChooseOp : Moe_StructuredOp<"choose"> {
  let summary = "the k best of a row";
  let description = [{
    For each row, the indices of the k experts of the largest c_e = scores_e (+ `bias_e`, rounded), best first; of equal ones
    the lowest index comes first. With `groups`, runs of as many experts, only those of the `keep` best groups are looked at: a
    group ranks by its largest c, or by the sum of its two largest (the larger first); of equal groups the first. A NaN is never larger
    than another number, and no number is larger than a NaN that came first. Exact. Loop: tokens.

    ```mlir
    %e = moe.choose ins(%s : tensor<?x64xf32>) bias(%b : tensor<64xf32>) outs(%e0 : tensor<?x8xi32>) groups(8 keep 4 by two_best)
        -> tensor<?x8xi32>
    ```

    Also C2, C3 and C4.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[F32], [2]>:$scores, Optional<TensorOrMemRefRankOf<[F32], [1]>>:$bias,
                       TensorOrMemRefRankOf<[I32], [2]>:$experts,
                       DefaultValuedAttr<I64Attr, "1">:$groups, DefaultValuedAttr<I64Attr, "1">:$kept_groups,
                       DefaultValuedAttr<Moe_GroupRank, "::coopt::moe::GroupRank::best">:$group_rank);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $scores `:` type($scores) `)` (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $experts `:` type($experts) `)` (`groups` `(` $groups^ `keep` $kept_groups `by` $group_rank `)`)?
    attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getExpertsMutable(); }
  }];
}

def Moe_DispatchOp : Moe_StructuredOp<"dispatch"> {
  let summary = "puts the tokens of an expert side by side";
  let description = [{
    The T x k slots of `experts` get places 0 .. T k - 1: sorted by expert, those of one expert in the order of tokens. Results:

        tokens[p]       the token of place p
        places[t, j]    the place of slot (t, j)
        segments[s]     (expert, first place, count) of the experts that have tokens, ascending; what is left of the segments
                        is (0, 0, 0)

    Exact. Experts are below `count` by contract; a number that is not counts as the last. No loops: it is computed as a whole.

    ```mlir
    %t, %p, %s = moe.dispatch ins(%e : tensor<?x2xi32>) outs(%t0, %p0, %s0 : tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>) experts(8)
        -> tensor<?xi32>, tensor<?x2xi32>, tensor<?x3xi32>
    ```

    Also C2.
    C6: places have the shape of the experts, T x k with a static k; there are T k tokens, and three numbers a segment.
    C7: there is an expert, and less than 65536 are.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[I32], [2]>:$experts, TensorOrMemRefRankOf<[I32], [1]>:$tokens,
                       TensorOrMemRefRankOf<[I32], [2]>:$places, TensorOrMemRefRankOf<[I32], [2]>:$segments,
                       I64Attr:$count);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $experts `:` type($experts) `)` `outs` `(` $tokens `,` $places `,` $segments `:` type($tokens) `,`
    type($places) `,` type($segments) `)` `experts` `(` $count `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getTokensMutable().getOperandNumber(), 3);
    }
  }];
}

def Moe_RestrictOp : Moe_StructuredOp<"restrict"> {
  let summary = "the segments of some of the experts";
  let description = [{
    `places` says for each expert where its matrix stands among those of the chosen experts; a negative number: it is not chosen. The result
    has the segments (`moe.dispatch`) of chosen experts that have rows, in their order, each with the expert's place as its number; what is left
    of the result is (0, 0, 0), and what it has no room for is left out. Exact. Experts are below the number of places by contract; a number that
    is not counts as the last. No loops: it is computed as a whole.

    ```mlir
    %c = moe.restrict ins(%s, %p : tensor<?x3xi32>, tensor<8xi32>) outs(%c0 : tensor<?x3xi32>) -> tensor<?x3xi32>
    ```

    Also C2.
    C13: segments are three numbers each; the number of places is static and at least one.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[I32], [2]>:$segments, TensorOrMemRefRankOf<[I32], [1]>:$places,
                       TensorOrMemRefRankOf<[I32], [2]>:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $segments `,` $places `:` type($segments) `,` type($places) `)` `outs` `(` $init `:` type($init) `)` attr-dict
    (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Moe_ContractOp : Moe_StructuredOp<"contract"> {
  let summary = "a contraction whose rows have weights of their own expert";
  let description = [{
    The matrices of all experts stand in one, w, those of expert e in its rows from e * `stride` on. Row m of the result, column n:

        y[m, n] = sum over k of a[m, k] * w[e * stride + column + n, k],

    e being the expert of the segment (`moe.dispatch`) in which place `row + m` lies. `row` and `column` are 0 unless the op was
    tiled: any tile is right, also one across segments. Places in no segment keep what the init has. Segments lie in the rows and name experts that
    are there by contract; code for CPUs stays inside whatever they say.

    Without schemes a and w are matrices of f32 and y is their float contraction (Bounded). With schemes `ins` and values are those of
    `quantized.contract`, row by row. Loops (m, n), both parallel.

    ```mlir
    %y = moe.contract ins(%x, %w : tensor<?x64xf32>, tensor<1408x64xf32>) segments(%s : tensor<?x3xi32>) at %row, %column
        outs(%init : tensor<?x172xf32>) stride(176) -> tensor<?x172xf32>
    %y = moe.contract ins(%a, %sa, %w, %sw : ..) segments(%s : tensor<?x3xi32>) at %row, %column outs(%init : tensor<?x172xf32>)
        stride(176) schemes(<bits = 8, group = 0, symmetric, scale = f32>, <bits = 8, group = 0, symmetric, scale = f32>)
        scale_at(output) -> tensor<?x172xf32>
    ```

    Also C2.
    C8: without schemes there are two inputs, matrices of f32 with as many columns; with them inputs, schemes and scales are as C13
        to C18 and C20 of the quantized dialect say, but for the rows of w.
    C9: the stride is positive and divides the rows of w; the result's columns are at most as many, y is f32 with the rows of a.
    C10: segments are three numbers each.
  }];
  let arguments = (ins Variadic<AnyTypeOf<[AnyRankedTensor, AnyMemRef]>>:$inputs, TensorOrMemRefRankOf<[I32], [2]>:$segments,
                       Index:$row, Index:$column, TensorOrMemRefRankOf<[F32], [2]>:$init, I64Attr:$stride,
                       OptionalAttr<Quantized_SchemeAttr>:$aScheme, OptionalAttr<Quantized_SchemeAttr>:$wScheme,
                       OptionalAttr<Quantized_ScaleAt>:$scaleAt);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $inputs `:` type($inputs) `)` `segments` `(` $segments `:` type($segments) `)` `at` $row `,` $column
    `outs` `(` $init `:` type($init) `)` `stride` `(` $stride `)` ``
    custom<Schemes>($aScheme, $wScheme, $scaleAt) attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// Operands of a come first, then those of w.
    unsigned getFirstWeightOperand() { return getAScheme() ? getAScheme()->getNumParts() : 1; }
    ::mlir::Value getA() { return getInputs()[0]; }
    ::mlir::Value getW() { return getInputs()[getFirstWeightOperand()]; }
  }];
}

def Moe_CombineOp : Moe_StructuredOp<"combine"> {
  let summary = "adds up what the experts of a token made of it";
  let description = [{
    result[t, h] = w[t, 0] * y[p[t, 0], h], then + w[t, j] * y[p[t, j], h] for j = 1, 2, .. k - 1, every product and every sum
    rounded: the order of the slots, best expert first. Fixed. Places are in range by contract, as for `moe.contract`. Loops: tokens and
    columns, both parallel.

    ```mlir
    %o = moe.combine ins(%y, %w, %p : tensor<?x64xf32>, tensor<?x2xf32>, tensor<?x2xi32>) outs(%init : tensor<?x64xf32>)
        -> tensor<?x64xf32>
    ```

    Also C2.
    C11: weights and places have one shape, T x k, k static and at least 1; the init is T x H, y P x H.
  }];
  let arguments = (ins TensorOrMemRefRankOf<[F32], [2]>:$y, TensorOrMemRefRankOf<[F32], [2]>:$weights,
                       TensorOrMemRefRankOf<[I32], [2]>:$places, TensorOrMemRefRankOf<[F32], [2]>:$init);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $y `,` $weights `,` $places `:` type($y) `,` type($weights) `,` type($places) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Moe_PrefetchOp : Op<Moe_Dialect, "prefetch"> {
  let summary = "says which experts will be asked for soon";
  let description = [{
    Each of `experts` (of `moe.route`, or the places of these as `moe.restrict` has them) is a guess of what contractions by experts will need,
    the ids of whose kernels begin with the string of `of` at its place; numbers of no expert mean nothing. All are one guess. A hint for
    the host program (`program.prefetch`) of runs that keep but a part of the experts in memory; it changes no value, and where no kernel's
    id begins so it means nothing.

    ```mlir
    moe.prefetch %experts : tensor<?x2xi32> of ["layers.3/mlp/experts/"]
    ```

    C12: there is a guess, and as many strings, of which none is empty.
  }];
  let arguments = (ins Variadic<RankedTensorOf<[I32]>>:$experts, TypedArrayAttrBase<Moe_NonEmptyStrAttr, "array of strings that are not empty">:$of);
  let assemblyFormat = "$experts `:` type($experts) `of` $of attr-dict";
  let hasVerifier = 1;
}

#endif // COOPT_MOE_OPS_TD
