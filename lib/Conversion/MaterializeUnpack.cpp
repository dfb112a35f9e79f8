//===- MaterializeUnpack.cpp - coopt-materialize-unpack ---------------------===//
#include "FunctionPass.h"
#include "PackedView.h"

using namespace mlir;

namespace coopt {
namespace {

class MaterializeUnpackPass : public FunctionsPass<MaterializeUnpackPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MaterializeUnpackPass)
  StringRef getArgument() const final { return "coopt-materialize-unpack"; }
  StringRef getDescription() const final {
    return "copy the elements that a model.unpack shows into a buffer";
  }

  LogicalResult runOn(func::FuncOp function) {
    for (model::UnpackOp op : collect<model::UnpackOp>(function)) {
      auto type = dyn_cast<MemRefType>(op.getResult().getType());
      if (!type) {
        return op.emitError("expected memref operands");
      }
      if (op.getResult().use_empty()) {
        op.erase();
        continue;
      }
      if (!type.getLayout().isIdentity()) {
        return op.emitError("expected a view with the identity layout, got ") << type;
      }
      FailureOr<layout::Layout> layout = layoutOf(op);
      if (failed(layout)) {
        return failure();
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      Value buffer = memref::AllocOp::create(b, type, op.getSizes());
      SmallVector<Value> index;
      emitElements(b, op, *layout, buffer, index);
      op.getResult().replaceAllUsesWith(buffer);
      op.erase();
    }
    return success();
  }

private:
  static void emitElements(ImplicitLocOpBuilder &b, model::UnpackOp op, const layout::Layout &layout,
                           Value buffer, SmallVector<Value> &index) {
    if (index.size() == layout.rank()) {
      Value x = emitStoredElement(b, op, layout, index);
      memref::StoreOp::create(b, x, buffer, index);
      return;
    }
    emitLoop(b, extentOf(b, buffer, index.size()), [&](ImplicitLocOpBuilder &inner, Value iv) {
      index.push_back(iv);
      emitElements(inner, op, layout, buffer, index);
      index.pop_back();
    });
  }
};

} // namespace

std::unique_ptr<Pass> createMaterializeUnpackPass() { return std::make_unique<MaterializeUnpackPass>(); }

} // namespace coopt
