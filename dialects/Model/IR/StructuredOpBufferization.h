//===- StructuredOpBufferization.h - Bufferization of structured ops --------===//
//
// A structured op in tensor form becomes the same op in memref form: inputs are read, inits are written in
// place and never read. `attachStructuredInterfaces` gives an op this and tiling; call it after addOperations
// in the dialect's initialize().
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_STRUCTUREDOPBUFFERIZATION_H
#define COOPT_DIALECTS_MODEL_IR_STRUCTUREDOPBUFFERIZATION_H

#include "dialects/Model/IR/StructuredOpTiling.h"

#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

namespace coopt::model {

/// Replaces a destination-style op by itself on the buffers of its tensor operands. Other operands (indices,
/// states) stay as they are.
mlir::LogicalResult bufferizeStructuredOp(mlir::RewriterBase &rewriter, mlir::DestinationStyleOpInterface op,
                                          const mlir::bufferization::BufferizationOptions &options,
                                          mlir::bufferization::BufferizationState &state);

/// The operands of an op, tensors replaced by their buffers.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
getBufferizedOperands(mlir::RewriterBase &rewriter, mlir::Operation *op,
                      const mlir::bufferization::BufferizationOptions &options,
                      mlir::bufferization::BufferizationState &state);

template <typename OpT>
struct StructuredOpBufferization
    : public mlir::bufferization::DstBufferizableOpInterfaceExternalModel<StructuredOpBufferization<OpT>,
                                                                          OpT> {
  bool bufferizesToMemoryRead(mlir::Operation *op, mlir::OpOperand &operand,
                              const mlir::bufferization::AnalysisState &) const {
    return !llvm::cast<mlir::DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  mlir::LogicalResult bufferize(mlir::Operation *op, mlir::RewriterBase &rewriter,
                                const mlir::bufferization::BufferizationOptions &options,
                                mlir::bufferization::BufferizationState &state) const {
    return bufferizeStructuredOp(rewriter, llvm::cast<mlir::DestinationStyleOpInterface>(op), options, state);
  }
};

/// Gives structured ops their interfaces.
template <typename... OpTs>
void attachStructuredInterfaces(mlir::MLIRContext *context) {
  (OpTs::template attachInterface<StructuredOpTiling<OpTs>, StructuredOpBufferization<OpTs>>(*context), ...);
}

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_STRUCTUREDOPBUFFERIZATION_H
