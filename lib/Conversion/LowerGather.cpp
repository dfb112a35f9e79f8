//===- LowerGather.cpp - coopt-lower-gather ---------------------------------===//
#include "FunctionPass.h"
#include "PackedView.h"

using namespace mlir;

namespace coopt {
namespace {

class LowerGatherPass : public FunctionsPass<LowerGatherPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerGatherPass)
  StringRef getArgument() const final { return "coopt-lower-gather"; }
  StringRef getDescription() const final { return "turn model.gather on memrefs into row copies"; }

  LogicalResult runOn(func::FuncOp function) {
    for (model::GatherOp op : collect<model::GatherOp>(function)) {
      if (!isa<MemRefType>(op.getInit().getType())) {
        return op.emitError("expected memref operands");
      }
      std::optional<layout::Layout> layout;
      if (auto unpack = op.getTable().getDefiningOp<model::UnpackOp>()) {
        FailureOr<layout::Layout> parsed = layoutOf(unpack);
        if (failed(parsed)) {
          return failure();
        }
        layout = *parsed;
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      unsigned arguments = function.getNumArguments();
      bool reports = arguments > 0 && function.getArgAttr(arguments - 1, "coopt.fault");
      emitLoop(b, extentOf(b, op.getInit(), 0), [&](ImplicitLocOpBuilder &inner, Value row) {
        Value id = memref::LoadOp::create(inner, op.getIds(), row);
        id = arith::IndexCastOp::create(inner, inner.getIndexType(), id);
        if (reports) {
          emitCheck(inner, op.getTable(), id);
        }
        emitRow(inner, op, layout, row, id);
      });
      op.erase();
    }
    return success();
  }

private:
  static void emitCheck(ImplicitLocOpBuilder &b, Value table, Value id) {
    Value rows = asValue(b, extentOf(b, table, 0));
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, id, rows);
    model::RequireOp::create(b, inside, model::Requirement::index, id, rows, DenseI64ArrayAttr());
  }

  static void emitRow(ImplicitLocOpBuilder &b, model::GatherOp op,
                      const std::optional<layout::Layout> &layout, Value row, Value id) {
    Value table = op.getTable(), init = op.getInit();
    OpFoldResult extent = extentOf(b, init, 1);
    if (layout) {
      auto unpack = table.getDefiningOp<model::UnpackOp>();
      emitScalars(b, extent, {}, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
        Value x = emitStoredElement(inner, unpack, *layout, {id, chunk.base});
        memref::StoreOp::create(inner, x, init, ValueRange{row, chunk.base});
        return SmallVector<Value>();
      });
      return;
    }
    auto copy = [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
      Value x = loadChunk(inner, chunk, table, {id, chunk.base});
      storeChunk(inner, chunk, x, init, {row, chunk.base});
      return SmallVector<Value>();
    };
    if (hasUnitInnerStride(table) && hasUnitInnerStride(init)) {
      emitChunks(b, extent, kLanes, {}, copy);
    } else {
      emitScalars(b, extent, {}, copy);
    }
  }
};

} // namespace

std::unique_ptr<Pass> createLowerGatherPass() { return std::make_unique<LowerGatherPass>(); }

} // namespace coopt
