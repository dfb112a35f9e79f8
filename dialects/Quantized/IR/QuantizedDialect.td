#ifndef COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDDIALECT_TD
#define COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDDIALECT_TD

include "mlir/IR/DialectBase.td"

def Quantized_Dialect : Dialect {
  let name = "quantized";
  let cppNamespace = "::coopt::quantized";
  let summary = "tensors as codes and scales, and contractions that compute on codes";
  let description = [{
    A quantised tensor is a matrix of integer codes, a scale per row or per group of a row and, in an asymmetric
    scheme, a zero point beside each scale. The ops here make such tensors, decode them, and contract them without
    decoding. What codes mean is said once, by `#quantized.scheme`; the arithmetic is that of Numerics.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect",
    "::coopt::model::ModelDialect"
  ];
}

#endif // COOPT_DIALECTS_QUANTIZED_IR_QUANTIZEDDIALECT_TD
