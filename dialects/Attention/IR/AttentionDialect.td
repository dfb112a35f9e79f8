//===- AttentionDialect.td - The attention dialect ----------*- tablegen -*-===//
#ifndef COOPT_ATTENTION_DIALECT_TD
#define COOPT_ATTENTION_DIALECT_TD

include "mlir/IR/OpBase.td"

def Attention_Dialect : Dialect {
  let name = "attention";
  let cppNamespace = "::coopt::attention";
  let summary = "attention over a key/value state that lives across calls";
  let description = [{
    The state is opaque: `append` and `attend` are the only ops on it (`read` is for the reference expansion). It is a
    tied argument of the entry points, so that a decode step copies nothing larger than a tile.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::coopt::model::ModelDialect"
  ];
  let useDefaultTypePrinterParser = 1;
}

#endif // COOPT_ATTENTION_DIALECT_TD
