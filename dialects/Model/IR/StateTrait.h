//===- StateTrait.h - Types of values that live across calls ----------------===//
#ifndef COOPT_DIALECTS_MODEL_IR_STATETRAIT_H
#define COOPT_DIALECTS_MODEL_IR_STATETRAIT_H

#include "mlir/IR/Types.h"

namespace mlir::TypeTrait {

/// A type whose values are the state of a session (a KV cache, say): opaque to all ops but those of its
/// dialect, and legal as a tied argument and result of `model.entry`. The trait is here so that the model
/// dialect need not know the dialects that have states.
template <typename ConcreteType>
class IsState : public TypeTrait::TraitBase<ConcreteType, IsState> {};

} // namespace mlir::TypeTrait

#endif // COOPT_DIALECTS_MODEL_IR_STATETRAIT_H
