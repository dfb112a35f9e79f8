//===- SparseOps.td - Operations of the sparse dialect --------*- tablegen -*-===//
#ifndef COOPT_SPARSE_OPS_TD
#define COOPT_SPARSE_OPS_TD

include "dialects/Sparse/IR/SparseAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Sparse_Op<string opMnemonic, list<Trait> traits = []> : Op<Sparse_Dialect, opMnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

def Sparse_TopkSelectOp : Sparse_Op<"topk_select"> {
  let summary = "the blocks of each run that a pattern keeps";
  let description = [{
    Numeric class: Exact, of sums of squares that are Fixed. Of each run of `of` blocks, those `kept` with the greatest sums of
    squares of their scores, in binary64, by rows and then columns; equal ones by the lowest index; a sum that is NaN counts as infinity. A
    short run at the end of a row keeps all it has, if these are not more. Rows of a pattern with several are taken together, from
    row 0 on. With `statistics`, scores of column k are first multiplied with sqrt(E[x_k^2]) of the inputs x of that op id, in
    the file that the module's `model.calibration` names: such ops are for recipes.

    C2: the scores are a matrix of f32 with a static number of columns, at least one; the result is an i1 for each of their blocks.
    C3: with several rows a block, or with statistics, the number of rows is static.

    ```mlir
    %kept = sparse.topk_select %w pattern(<"2:4">) : tensor<172x64xf32> -> tensor<172x64xi1>
    %kept = sparse.topk_select %w pattern(<"2:4x16">) statistics("layers.0/mlp/up_proj") : tensor<172x64xf32> -> tensor<172x4xi1>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$scores, Sparse_PatternAttr:$pattern, OptionalAttr<StrAttr>:$statistics);
  let results = (outs AnyRankedTensor:$kept);
  let assemblyFormat = [{
    $scores `pattern` `(` $pattern `)` (`statistics` `(` $statistics^ `)`)? attr-dict `:` type($scores) `->` type($kept)
  }];
}

def Sparse_CompressOp : Sparse_Op<"compress"> {
  let summary = "the kept blocks of a matrix, in their order";
  let description = [{
    Numeric class: Exact. For each run of a row, its kept blocks one after the other; where fewer than `kept` are marked, the
    rest is zero; of more, the first `kept` count. An M x K matrix becomes one of M x (ceil(K / span) * kept * block).

    C4: the matrix is of integers or floats, with a static number of columns; there is an i1 for each of its blocks.
    C5: the values have the compact form's shape and the matrix's elements.

    ```mlir
    %v = sparse.compress %w, %kept pattern(<"2:4">) : tensor<172x64xi4>, tensor<172x64xi1> -> tensor<172x32xi4>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, AnyRankedTensor:$kept, Sparse_PatternAttr:$pattern);
  let results = (outs AnyRankedTensor:$values);
  let assemblyFormat = [{
    $source `,` $kept `pattern` `(` $pattern `)` attr-dict `:` type($source) `,` type($kept) `->` type($values)
  }];
}

def Sparse_DecompressOp : Sparse_Op<"decompress"> {
  let summary = "the matrix that a compact form means";
  let description = [{
    Numeric class: Exact. The values where they were kept, zero elsewhere: what `compress` with the same blocks kept made its
    values of, but for what was not kept.

    Also C4 and C5, of the result and the values.

    ```mlir
    %w = sparse.decompress %v, %kept pattern(<"2:4">) : tensor<172x32xi4>, tensor<172x64xi1> -> tensor<172x64xi4>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$values, AnyRankedTensor:$kept, Sparse_PatternAttr:$pattern);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $values `,` $kept `pattern` `(` $pattern `)` attr-dict `:` type($values) `,` type($kept) `->` type($result)
  }];
}

#endif // COOPT_SPARSE_OPS_TD
