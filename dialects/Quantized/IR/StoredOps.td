// Ops of recipes that take stored bytes apart. Included by QuantizedOps.td.
#ifndef COOPT_DIALECTS_QUANTIZED_IR_STOREDOPS_TD
#define COOPT_DIALECTS_QUANTIZED_IR_STOREDOPS_TD

include "dialects/Quantized/IR/QuantizedAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Quantized_SplitBlocksOp : Op<Quantized_Dialect, "split_blocks", [Pure]> {
  let summary = "the parts of a matrix whose rows are stored as blocks";
  let description = [{
    Numeric class: Exact. A row of K elements is K / n blocks of n elements, as GGUF files have them: scales, codes and what
    else the format has, side by side (GgufBlocks.h of Numerics). The results are the parts of the scheme, each an array of its
    own: what `quantized.dequantize` takes. Codes are bytes. Made by the packager, in recipes.

    C25: the scheme is the format of blocks of GGUF files.
    C26: the input is a matrix of i8 of static shape, a row of whole blocks.
    C27: the results are the parts of the scheme for as many rows and the elements of these blocks, codes of i8.

    ```mlir
    %codes, %scales = quantized.split_blocks %bytes : tensor<172x36xi8> scheme(<format = "q4_0">)
        -> tensor<172x64xi8>, tensor<172x2xf16>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$bytes, Quantized_SchemeAttr:$scheme);
  let results = (outs Variadic<AnyStaticShapeTensor>:$parts);
  let assemblyFormat = "$bytes `:` type($bytes) `scheme` `(` $scheme `)` attr-dict `->` type($parts)";
  let builders = [
    // Results as C27 says.
    OpBuilder<(ins "::mlir::Value":$bytes, "SchemeAttr":$scheme)>
  ];
  let hasVerifier = 1;
}

def Quantized_UnpackWordsOp : Op<Quantized_Dialect, "unpack_words", [Pure]> {
  let summary = "codes out of the words that hold several";
  let description = [{
    Numeric class: Exact. The words of each line along `dimension` are a sequence of bits, the lowest ones first, of which every
    `bits` are a field. With `order`, a word holds a permutation: its field i is element order[i]. An element is its field plus
    `add`, of `bits` bits: unsigned, or two's complement where `add` is negative. A sum that has no place in them ends the packager
    with an error. Elements are bytes. Made by the packager, in recipes.

    C28: the input is a matrix of i32 of static shape, the result one of i8; `dimension` is 0 or 1.
    C29: bits is 2 to 8; `order`, where bits divides 32, is a permutation of the fields of a word; `add` is -2^(bits-1), 0 or 1.
    C30: along `dimension`, there are just the words that the result's elements take; otherwise the extents agree.

    ```mlir
    %codes = quantized.unpack_words %words dimension(1) bits(4) add(-8) : tensor<172x8xi32> -> tensor<172x64xi8>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$words, I64Attr:$dimension, I64Attr:$bits, OptionalAttr<DenseI64ArrayAttr>:$order,
                       DefaultValuedAttr<I64Attr, "0">:$add);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $words `dimension` `(` $dimension `)` `bits` `(` $bits `)` (`order` `(` $order^ `)`)? (`add` `(` $add^ `)`)? attr-dict
    `:` type($words) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // COOPT_DIALECTS_QUANTIZED_IR_STOREDOPS_TD
