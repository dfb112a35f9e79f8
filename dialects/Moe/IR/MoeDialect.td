//===- MoeDialect.td - The moe dialect -----------------------*- tablegen -*-===//
#ifndef COOPT_MOE_DIALECT_TD
#define COOPT_MOE_DIALECT_TD

include "mlir/IR/OpBase.td"

def Moe_Dialect : Dialect {
  let name = "moe";
  let cppNamespace = "::coopt::moe";
  let summary = "mixtures of experts: routing, dispatch, contractions by expert, combination";
  let description = [{
    Each token of such a model goes to a few of many experts. `route` says to which and with what weights, `dispatch` puts the
    tokens of an expert side by side, `contract` multiplies each run of tokens with the matrix of its expert, `combine` adds up
    what a token's experts made. Nothing is dropped, whatever the balance.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::coopt::model::ModelDialect", "::coopt::quantized::QuantizedDialect"
  ];
}

#endif // COOPT_MOE_DIALECT_TD
