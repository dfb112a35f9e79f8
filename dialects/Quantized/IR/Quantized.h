//===- Quantized.h - The quantized dialect ------------------------*- C++ -*-===//
//
// Codes, scales and zeros as tensors, and contractions on them; see README.md for why and for the constraints
// C1..Cn.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_QUANTIZED_IR_QUANTIZED_H
#define COOPT_DIALECTS_QUANTIZED_IR_QUANTIZED_H

#include "dialects/Model/IR/StructuredOp.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "coopt/Numerics/BlockFormat.h"

namespace coopt::quantized {

/// On a division of floats: only what rounding to a code makes of the quotient matters, so
/// numerics::quotientToRound may take its place.
constexpr llvm::StringLiteral kRoundedQuotient = "quantized.rounded_quotient";
/// On a conversion to an integer: the number is one of the integer's values.
constexpr llvm::StringLiteral kInRange = "quantized.in_range";

/// One of the tensors that a matrix of M x K elements in a scheme consists of.
struct SchemePart {
  std::string name;   ///< "codes", "scales", ..: suffix of the parameter's name
  mlir::Type element; ///< codes and zeros narrower than a byte may also stand in bytes
  int64_t span = 1;   ///< columns that share a number: 1 for codes, 0 for the whole row

  /// The shape for a matrix: M x ceil(K / span), or M for span 0. Dynamic extents stay dynamic.
  llvm::SmallVector<int64_t> getShape(int64_t rows, int64_t columns) const;
};

} // namespace coopt::quantized

#include "dialects/Quantized/IR/QuantizedDialect.h.inc"
#include "dialects/Quantized/IR/QuantizedEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Quantized/IR/QuantizedAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Quantized/IR/QuantizedOps.h.inc"

namespace coopt::quantized {

/// What C13 to C18 and C20 say about a contraction, of `op` or one like it: its inputs in the order of `contract`, and its destination.
/// `isStacked`: w has the rows of several matrices.
mlir::LogicalResult verifyContraction(mlir::Operation *op, std::optional<SchemeAttr> aScheme,
                                      SchemeAttr wScheme, ScaleAt scaleAt, mlir::ValueRange inputs,
                                      mlir::Value init, bool isStacked);

} // namespace coopt::quantized

#endif // COOPT_DIALECTS_QUANTIZED_IR_QUANTIZED_H
