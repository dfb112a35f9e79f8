#ifndef COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDOPS_TD
#define COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDOPS_TD

include "dialects/Quantized/IR/QuantizedAttrs.td"
include "dialects/Model/IR/StructuredOpBase.td"

def Quantized_Shaped : AnyTypeOf<[AnyRankedTensor, AnyMemRef], "ranked tensor or memref", "::mlir::ShapedType">;

class Quantized_Op<string opMnemonic, list<Trait> traits = []> : Op<Quantized_Dialect, opMnemonic, traits>;

class Quantized_StructuredOp<string opMnemonic, list<Trait> traits = []>
    : StructuredOp<Quantized_Dialect, opMnemonic, traits> {
  let hasCanonicalizer = 1;
  code structuredDeclarations = [{
    unsigned getNumTiledLoops();
    ::llvm::SmallVector<int64_t> getOperandLoops(::mlir::OpOperand &operand);
    void shiftTile(::mlir::OpBuilder &builder, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets);
  }];
}

def Quantized_QuantizeOp : Quantized_StructuredOp<"quantize"> {
  let summary = "quantises the rows of a matrix with scales taken from their own elements";
  let description = [{
    Numeric class: Fixed. Dynamic quantisation of an M x K matrix, per row or per group of a row, as the scheme says; the
    meaning is GroupQuantization of Numerics. Symmetric: scale = amax / (2^(bits-1) - 1) by division (1 if amax is 0), in the scale's
    type, and code = roundeven(x / scale) clamped; asymmetric adds a zero point beside each scale; two levels are
    TwoLevelQuantization of Numerics, made by the packager. One loop, over rows.

    With `rounding`, which is for weights in recipes, the packager chooses codes and scales by other rules and statistics of
    the weights' inputs; the codes mean the same.

    C4: outs are all tensors, with one result each of the same type, or all memrefs, without results; tensors and memrefs
        are not mixed.
    C5: the input is a matrix of f32.
    C6: codes have the matrix's shape and the scheme's code type, or i8.
    C7: scales have the scheme's scale type and the shape M (group 0) or M x ceil(K / group); outer scales, exactly
        if the scheme has two levels, have their type and the shape M.
    C8: zeros are there exactly if the scheme is asymmetric, with the shape of the scales and the type of the codes.
    C22: with `rounding` the input is a tensor of static shape.

    ```mlir
    %codes, %scales = quantized.quantize ins(%x : tensor<?x64xf32>) outs(%c, %s : tensor<?x64xi8>, tensor<?xf32>)
        scheme(<bits = 8, group = 0, symmetric, scale = f32>) -> tensor<?x64xi8>, tensor<?xf32>
    ```
  }];
  let arguments = (ins Quantized_Shaped:$input, Variadic<Quantized_Shaped>:$outs, Quantized_SchemeAttr:$scheme,
                       OptionalAttr<Quantized_RoundingAttr>:$rounding);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` `outs` `(` $outs `:` type($outs) `)`
    `scheme` `(` $scheme `)` (`rounding` `(` $rounding^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let builders = [
    // Tensor form: results from the types of `outs`.
    OpBuilder<(ins "::mlir::Value":$input, "::mlir::ValueRange":$outs, "SchemeAttr":$scheme)>
  ];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
    ::mlir::Value getCodesInit() { return getOuts()[0]; }
    ::mlir::Value getScalesInit() { return getOuts()[1]; }
    /// Null unless the scheme is asymmetric.
    ::mlir::Value getZerosInit() { return getScheme().isAsymmetric() ? getOuts()[2] : ::mlir::Value(); }
  }];
}

def Quantized_DequantizeOp : Quantized_StructuredOp<"dequantize", [AttrSizedOperandSegments]> {
  let summary = "the matrix that codes, scales and zeros stand for";
  let description = [{
    Numeric class: Fixed. x[m, k] = f32(code[m, k] - zero[m, g]) * f32(scale[m, g]), the difference exact, the product rounded once;
    without zeros, x[m, k] = f32(code[m, k]) * f32(scale[m, g]); with two levels,
    x[m, k] = f32((code[m, k] - zero[m, g]) * scale[m, g]) * outer[m]. With group 0 there is no g; otherwise g = (at + k) / group, where
    `at` (0 if absent) is the column of the whole matrix at which these codes start: the op may hold a slice of the
    columns, but always all scales of its rows, so that any tile size is right. Loops (m, k), both parallel.

    Also C4, C6, C7 and C8, for codes, scales and zeros as inputs.
    C9: the result is a matrix of f32.
    C10: `at` is given only with a group; without it scales number ceil(K / group) a row, with it at least that many.

    ```mlir
    %x = quantized.dequantize ins(%codes, %scales : tensor<16x48xi4>, tensor<16x4xf16>) outs(%init : tensor<16x48xf32>)
        scheme(<bits = 4, group = 32, symmetric, scale = f16>) at(%k0) -> tensor<16x48xf32>
    ```
  }];
  let arguments = (ins Variadic<Quantized_Shaped>:$inputs, Quantized_Shaped:$init, Optional<Index>:$at, Quantized_SchemeAttr:$scheme);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $init `:` type($init) `)`
    `scheme` `(` $scheme `)` (`at` `(` $at^ `)`)? attr-dict (`->` type($result)^)?
  }];
  let builders = [
    // `parts`: codes, scales and what else the scheme has; `at` may be null.
    OpBuilder<(ins "::mlir::ValueRange":$parts, "::mlir::Value":$init, "SchemeAttr":$scheme, "::mlir::Value":$at)>
  ];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getInitMutable().getOperandNumber(), 1);
    }
    ::mlir::Value getCodes() { return getInputs()[0]; }
    ::mlir::Value getScales() { return getInputs()[1]; }
    /// Null unless the scheme is asymmetric.
    ::mlir::Value getZeros() { return getScheme().isAsymmetric() ? getInputs()[2] : ::mlir::Value(); }
    /// Null unless the scheme has two levels.
    ::mlir::Value getOuterScales() { return getScheme().isTwoLevel() ? getInputs().back() : ::mlir::Value(); }
  }];
}

def Quantized_RequantizeOp : Quantized_StructuredOp<"requantize"> {
  let summary = "scales accumulators to narrow codes by integer arithmetic";
  let description = [{
    Numeric class: Exact. Dyadic requantisation (HAWQ-V3): out = clamp(roundeven(acc * multiplier / 2^shift), lo, hi), the product in 64
    bits, lo and hi the least and greatest value of the result's two's complement type. Element by element; every loop is
    parallel.

    Also C4.
    C11: accumulators are i32, codes i2 to i8, of the same shape.
    C12: multiplier is 0 to 2^31 and shift 0 to 62, so that the product fits 64 bits.

    ```mlir
    %q = quantized.requantize ins(%acc : tensor<?x64xi32>) outs(%init : tensor<?x64xi8>) multiplier(1518500250) shift(38)
        -> tensor<?x64xi8>
    ```
  }];
  let arguments = (ins Quantized_Shaped:$input, Quantized_Shaped:$init, I64Attr:$multiplier, I64Attr:$shift);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` `outs` `(` $init `:` type($init) `)`
    `multiplier` `(` $multiplier `)` `shift` `(` $shift `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getInitMutable().getOperandNumber(), 1);
    }
  }];
}

def Quantized_ContractOp : Quantized_StructuredOp<"contract"> {
  let summary = "y[m, n] = sum over k of a[m, k] * w[n, k], on codes";
  let description = [{
    `ins` are the parts of a (M x K) and of w (N x K), as their schemes have them: (a, sa[, za], w, sw[, zw][, ow]). Differences and products are i32, sums wrap modulo 2^32; f32(i32) rounds to nearest even; f16 scales
    are converted exactly. `scale_at` says where scales apply:

      output    y = (f32(acc) * sw[n]) * sa[m], acc the sum over all k. Class Exact up to acc, then Fixed. If w has
                two levels, acc is the sum over its groups of sw[n, g] * acc_g, in i32, and y = (f32(acc) * ow[n]) * sa[m].
      group     for the groups g of w, ascending: y = y + f32(acc_g) * sw[n, g], unfused, from y = 0; then y = y * sa[m]. Fixed.
      element   y = sum over k, ascending, of the products of the elements that the codes stand for (see dequantize), in
                binary32. Bounded: a lowering may re-associate the sum and the scales. Here a may be a matrix of f32
                or bf16 with the scheme `float`: the float contraction of a with the decoded w, and nothing else. With
                bf16, a lowering may also round the elements of w (those that their codes stand for, or these but for
                scales) to bf16, to nearest.

    Loops (m, n), both parallel; k is inside the op.

    Also C4.
    C13: a is M x K, w is N x K and the result an M x N matrix of f32.
    C14: the codes have their schemes' types, or i8.
    C15: scales and zeros are as C7 and C8 say, for each side's scheme.
    C16: scale_at(output) has group 0 on the side of a, and group 0 or two levels on that of w.
    C18: the scheme of a is `float` only with scale_at(element); a is then a matrix of f32 or bf16 without
         scales.
    C20: the scheme of a format goes only with scale_at(element).
    C17: scale_at(group) has a group on the side of w, of one level, and none on that of a.

    ```mlir
    %y = quantized.contract ins(%a, %sa, %w, %sw : tensor<?x64xi8>, tensor<?xf32>, tensor<172x64xi8>, tensor<172xf32>)
        outs(%init : tensor<?x172xf32>) schemes(<bits = 8, group = 0, symmetric, scale = f32>,
        <bits = 8, group = 0, symmetric, scale = f32>) scale_at(output) -> tensor<?x172xf32>
    ```
  }];
  let arguments = (ins Variadic<Quantized_Shaped>:$inputs, Quantized_Shaped:$init, OptionalAttr<Quantized_SchemeAttr>:$aScheme,
                       Quantized_SchemeAttr:$wScheme, Quantized_ScaleAt:$scaleAt);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $init `:` type($init) `)`
    `schemes` `(` custom<SchemeOrFloat>($aScheme) `,` $wScheme `)` `scale_at` `(` $scaleAt `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = structuredDeclarations # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getInitMutable().getOperandNumber(), 1);
    }
    unsigned getFirstWeightOperand() { return getAScheme() ? getAScheme()->getNumParts() : 1; }
    ::mlir::Value getA() { return getInputs()[0]; }
    /// Null if a is float.
    ::mlir::Value getAScales() { return getAScheme() ? getInputs()[1] : ::mlir::Value(); }
    /// Null unless a's scheme is asymmetric.
    ::mlir::Value getAZeros() {
      return getAScheme() && getAScheme()->isAsymmetric() ? getInputs()[2] : ::mlir::Value();
    }
    ::mlir::Value getW() { return getInputs()[getFirstWeightOperand()]; }
    ::mlir::Value getWScales() { return getInputs()[getFirstWeightOperand() + 1]; }
    /// Null unless w's scheme is asymmetric.
    ::mlir::Value getWZeros() {
      return getWScheme().isAsymmetric() ? getInputs()[getFirstWeightOperand() + 2] : ::mlir::Value();
    }
    /// Null unless w's scheme has two levels.
    ::mlir::Value getWOuterScales() { return getWScheme().isTwoLevel() ? getInputs().back() : ::mlir::Value(); }
  }];
}

def Quantized_ChannelScalesOp : Quantized_Op<"channel_scales", [Pure]> {
  let summary = "factors for the input channels of contractions, after which their weights round better";
  let description = [{
    For weights (N_i x K) that are multiplied with one input x, factors s (K, positive) such that the rows of w_i * s lose little when
    they are rounded as `scheme` says: ChannelScales of Calibration, with the statistics of op id `statistics` in the file
    that the module's `model.calibration` names. With `clip`, ranges are searched as #quantized.rounding<clip> does. Made by the
    packager, in recipes.

    C23: there is at least one weight; all are matrices of f32 of static shape with K columns, and the result has K elements.

    ```mlir
    %s = quantized.channel_scales ins(%gate, %up : tensor<172x64xf32>, tensor<172x64xf32>)
        scheme(<bits = 4, group = 32, asymmetric, scale = f16>) statistics("layers.0/mlp/gate_proj") -> tensor<64xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyStaticShapeTensor>:$weights, Quantized_SchemeAttr:$scheme, StrAttr:$statistics, UnitAttr:$clip);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    `ins` `(` $weights `:` type($weights) `)` `scheme` `(` $scheme `)` `statistics` `(` $statistics `)` (`clip` $clip^)?
    attr-dict `->` type($result)
  }];
  let hasVerifier = 1;
}

def Quantized_RescaleOp : Quantized_Op<"rescale", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "multiplies or divides along a dimension";
  let description = [{
    Numeric class: Fixed. result[.., i, ..] = input[.., i, ..] * factors[i], or / factors[i] with `divide`, i the index of `dimension`; one
    binary32 operation an element. Made by the packager, in recipes.

    C24: the input is f32 of static shape with one or two dimensions, of which `dimension` is one, and has as many factors, f32,
         as that has elements.

    ```mlir
    %scaled = quantized.rescale %w by %s dimension(1) : tensor<172x64xf32>, tensor<64xf32>
    %norm = quantized.rescale %g by %s dimension(0) divide : tensor<64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$input, AnyStaticShapeTensor:$factors, I64Attr:$dimension, UnitAttr:$divide);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $input `by` $factors `dimension` `(` $dimension `)` (`divide` $divide^)? attr-dict `:` type($input) `,` type($factors)
  }];
  let hasVerifier = 1;
}
include "dialects/Quantized/IR/StoredOps.td"

#endif // COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDOPS_TD
