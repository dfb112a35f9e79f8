//===- SparseDialect.td - The sparse dialect ------------------*- tablegen -*-===//
#ifndef COOPT_SPARSE_DIALECT_TD
#define COOPT_SPARSE_DIALECT_TD

include "mlir/IR/OpBase.td"

def Sparse_Dialect : Dialect {
  let name = "sparse";
  let cppNamespace = "::coopt::sparse";
  let summary = "matrices of which a pattern keeps a part";
  let description = [{
    A matrix under a pattern is its kept blocks, in their order, and a bit for each block. `topk_select` chooses what is kept,
    `compress` and `decompress` go between a matrix and its compact form. A parameter with the attribute `sparse.pattern`
    promises that its elements follow that pattern: the layout phase stores what is kept.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
  let extraClassDeclaration = [{
    /// The attribute of a parameter whose elements follow a pattern.
    static constexpr ::llvm::StringLiteral kPatternName = "sparse.pattern";
  }];
}

#endif // COOPT_SPARSE_DIALECT_TD
