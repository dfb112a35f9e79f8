//===- ModelDialect.td - The model dialect ------------------*- tablegen -*-===//
#ifndef COOPT_MODEL_DIALECT_TD
#define COOPT_MODEL_DIALECT_TD

include "mlir/IR/OpBase.td"

def Model_Dialect : Dialect {
  let name = "model";
  let cppNamespace = "::coopt::model";
  let summary = "entry points, parameters, recipes and the ops of models that linalg has not";
  let description = [{
    A model is a module of parameters (named weights), recipes (pure regions that define parameters from others) and
    entries (functions whose run-time sizes have names and bounds). What it computes is linalg, tensor, arith and math,
    plus the ops here: a gather of table rows, row reductions of a fixed shape, and packed storage with its layout.
    The module's `model.root` string attribute is the folder that the files named by `#model.source` are relative to.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

#endif // COOPT_MODEL_DIALECT_TD
