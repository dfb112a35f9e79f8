//===- StructuredOpBase.td - What all structured ops share --*- tablegen -*-===//
//
// A structured op is in destination style: it has inputs and inits, and in tensor form one result tied to each init.
// It exists in two forms, as linalg's ops do: on tensors (a value), and, after bufferization, on memrefs (no result,
// writes its inits). Inits are destinations only: their old contents are never read.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_MODEL_STRUCTUREDOPBASE_TD
#define COOPT_MODEL_STRUCTUREDOPBASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// A ranked tensor or a ranked memref with one of the element types; `ShapedType` in C++.
class TensorOrMemRefOf<list<Type> elements>
    : Type<Or<[RankedTensorOf<elements>.predicate, MemRefOf<elements>.predicate]>,
           "ranked tensor or memref of " # !interleave(!foreach(e, elements, e.summary), " or ") # " values",
           "::mlir::ShapedType">;

// The same, of one of the ranks.
class TensorOrMemRefRankOf<list<Type> elements, list<int> ranks>
    : Type<And<[TensorOrMemRefOf<elements>.predicate, HasAnyRankOfPred<ranks>]>,
           !interleave(!foreach(r, ranks, r # "D"), "/") # " tensor or memref of " #
               !interleave(!foreach(e, elements, e.summary), " or ") # " values",
           "::mlir::ShapedType">;

// The base of structured ops. The op class adds:
//   MutableOperandRange getDpsInitsMutable()
//   unsigned getNumTiledLoops()                         loops that can be tiled, all parallel
//   SmallVector<int64_t> getOperandLoops(OpOperand &)   for each dimension of the operand, the loop that walks it or
//                                                       kWholeDimension; empty for operands that are not sliced
//   void shiftTile(OpBuilder &, ArrayRef<OpFoldResult>) called on a tile of the op: adds the tile's position to the
//                                                       op's own offset operands, if it has any
// and is listed in `attachStructuredInterfaces` (StructuredOp.h), which gives it tiling and bufferization.
class StructuredOp<Dialect dialect, string mnemonic, list<Trait> traits = []>
    : Op<dialect, mnemonic, !listconcat([
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>
      ], traits)> {
  let extraClassDefinition = [{
    void $cppClass::getEffects(
        ::mlir::SmallVectorImpl<::mlir::SideEffects::EffectInstance<::mlir::MemoryEffects::Effect>> &effects) {
      ::coopt::model::getStructuredEffects(*this, effects);
    }
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder, ::mlir::ReifiedRankedShapedTypeDims &shapes) {
      return ::coopt::model::reifyDestinationShapes(*this, builder, shapes);
    }
  }];
  let hasVerifier = 1;
}

#endif // COOPT_MODEL_STRUCTUREDOPBASE_TD
