//===- SparseAttrs.td - Attributes of the sparse dialect ------*- tablegen -*-===//
#ifndef COOPT_SPARSE_ATTRS_TD
#define COOPT_SPARSE_ATTRS_TD

include "dialects/Sparse/IR/SparseDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Sparse_PatternAttr : AttrDef<Sparse_Dialect, "Pattern"> {
  let mnemonic = "pattern";
  let summary = "which elements of a matrix are kept";
  let description = [{
    A pattern of Numerics (SparsePattern.h) by its text: N of every M elements of a row ("2:4"), of every M groups of columns
    ("2:4x16"), of every M blocks of rows and columns ("2:4x8x16"), or a share of groups ("group16:0.5").

    C1: the text is that of a pattern.

    ```mlir
    #sparse.pattern<"2:4">
    ```
  }];
  let parameters = (ins StringRefParameter<"text">:$text);
  let assemblyFormat = "`<` $text `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::coopt::numerics::SparsePattern getPattern() const;
  }];
}

#endif // COOPT_SPARSE_ATTRS_TD
