//===- MaskedNarrowFloats.cpp - coopt-masked-narrow-floats ------------------===//
//
// The code generator takes masked accesses apart on old processors, and there calls a library for elements of
// 16-bit floats; of bf16 it does so (or gives up) also where it takes selections of few lanes apart. As integers
// they are moved, which is all that is meant: nothing computes with bf16 any more at this point.
//
//===----------------------------------------------------------------------===//
#include "FunctionPass.h"

using namespace mlir;

namespace coopt {
namespace {

/// The type of integers of the same width, for vectors of f16 or bf16; null for others.
Type integersFor(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  bool isNarrow = vector && (vector.getElementType().isF16() || vector.getElementType().isBF16());
  return isNarrow ? Type(vector.clone(IntegerType::get(type.getContext(), 16))) : Type();
}

class MaskedNarrowFloatsPass : public PassWrapper<MaskedNarrowFloatsPass, OperationPass<>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MaskedNarrowFloatsPass)
  StringRef getArgument() const final { return "coopt-masked-narrow-floats"; }
  StringRef getDescription() const final { return "move bf16, and 16-bit floats under a mask, as integers"; }

  void runOnOperation() final {
    AttrTypeReplacer integers;
    integers.addReplacement(
        [](BFloat16Type type) -> Type { return IntegerType::get(type.getContext(), 16); });
    auto i16 = IntegerType::get(&getContext(), 16);
    integers.addReplacement([=](DenseElementsAttr value) -> std::optional<Attribute> {
      return value.getElementType().isBF16() ? std::optional(value.bitcast(i16)) : std::nullopt;
    });
    integers.addReplacement([=](FloatAttr value) -> std::optional<Attribute> {
      return value.getType().isBF16()
                 ? std::optional(IntegerAttr::get(i16, value.getValue().bitcastToAPInt()))
                 : std::nullopt;
    });
    integers.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    getOperation()->walk([](Operation *op) {
      OpBuilder builder(op);
      if (auto load = dyn_cast<LLVM::MaskedLoadOp>(op)) {
        Type integers = integersFor(load->getResult(0).getType());
        if (!integers) {
          return;
        }
        for (OpOperand &absent : load.getPassThruMutable()) {
          absent.set(LLVM::BitcastOp::create(builder, op->getLoc(), integers, absent.get()));
        }
        Type floats = load->getResult(0).getType();
        Value result = load->getResult(0);
        result.setType(integers);
        builder.setInsertionPointAfter(op);
        auto cast = LLVM::BitcastOp::create(builder, op->getLoc(), floats, result);
        result.replaceAllUsesExcept(cast, cast);
      } else if (auto store = dyn_cast<LLVM::MaskedStoreOp>(op)) {
        if (Type integers = integersFor(store.getValue().getType())) {
          store.getValueMutable().assign(
              LLVM::BitcastOp::create(builder, op->getLoc(), integers, store.getValue()));
        }
      }
    });
  }
};

} // namespace

std::unique_ptr<Pass> createMaskedNarrowFloatsPass() { return std::make_unique<MaskedNarrowFloatsPass>(); }

} // namespace coopt
