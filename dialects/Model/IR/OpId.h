//===- OpId.h - The path of an op in the model ------------------------------===//
//
// Every op that computes carries its path in the model as the attribute `coopt.id`: "layers.0/mlp/gate_proj", "lm_head". Rules of
// quantisation, statistics of inputs, kernels and measurements name it by that.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_OPID_H
#define COOPT_DIALECTS_MODEL_IR_OPID_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

#include <string>

namespace coopt::model {

constexpr llvm::StringLiteral kIdName = "coopt.id";

/// The op's id; empty if it has none.
inline std::string idOf(mlir::Operation *op) {
  auto id = op->getAttrOfType<mlir::StringAttr>(kIdName);
  return id ? id.str() : std::string();
}

inline void setId(mlir::Operation *op, const llvm::Twine &id) {
  op->setAttr(kIdName, mlir::StringAttr::get(op->getContext(), id));
}

/// Gives an op that is made for another one that one's id and `suffix` behind it; none where that one has none.
inline void setDerivedId(mlir::Operation *op, mlir::Operation *from, llvm::StringRef suffix) {
  if (std::string id = idOf(from); !id.empty()) {
    setId(op, llvm::Twine(id) + "/" + suffix);
  }
}

} // namespace coopt::model

#endif // COOPT_DIALECTS_MODEL_IR_OPID_H
