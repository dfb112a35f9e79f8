//===- LowerAttention.cpp - coopt-lower-attention ---------------------------===//
#include "AttendLowering.h"
#include "FunctionPass.h"

using namespace mlir;

namespace coopt {
namespace {

class LowerAttentionPass : public FunctionsPass<LowerAttentionPass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerAttentionPass)
  LowerAttentionPass() = default;
  explicit LowerAttentionPass(Isa value) { isa = value; }
  LowerAttentionPass(const LowerAttentionPass &other) : FunctionsPass(other) { isa = other.isa; }
  StringRef getArgument() const final { return "coopt-lower-attention"; }
  StringRef getDescription() const final {
    return "turn attention.append, attend and read on memrefs into loops";
  }

  Option<Isa> isa{*this, "isa", llvm::cl::desc("instruction set to make code for"),
                  llvm::cl::init(Isa::Generic), isaValues()};

  LogicalResult runOn(func::FuncOp function) {
    for (attention::AppendOp op : collect<attention::AppendOp>(function)) {
      if (failed(requireBuffers(op, {op.getKeys(), op.getValues(), op.getState()}))) {
        return failure();
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      emitAppend(b, op);
      op.erase();
    }
    for (attention::AttendOp op : collect<attention::AttendOp>(function)) {
      if (failed(requireBuffers(op, {op.getQ(), op.getState(), op.getInit()}))) {
        return failure();
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      emitAttend(b, op, isa);
      op.erase();
    }
    for (attention::ReadOp op : collect<attention::ReadOp>(function)) {
      if (failed(requireBuffers(op, {op.getState()}))) {
        return failure();
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      Value slab = emitKeySlab(b, op.getLayer(), *op.getHeads(), op.getHead());
      if (op.getPart() == attention::Part::value) {
        slab = arith::AddIOp::create(b, slab, constantIndex(b, *op.getHeads()));
      }
      Chunk single;
      single.scalar = true;
      Value x = loadState(b, single, op.getState(), {slab, op.getPosition(), op.getD()});
      op.getResult().replaceAllUsesWith(x);
      op.erase();
    }
    return success();
  }

private:
  static LogicalResult requireBuffers(Operation *op, ValueRange operands) {
    for (Value operand : operands) {
      if (!llvm::isa<MemRefType>(operand.getType()) || !hasUnitInnerStride(operand)) {
        return op->emitError("expected memrefs whose last dimension is consecutive, got ")
               << operand.getType();
      }
    }
    return success();
  }

  static void emitAppend(ImplicitLocOpBuilder &b, attention::AppendOp op) {
    int64_t heads = cast<MemRefType>(op.getKeys().getType()).getDimSize(1);
    OpFoldResult headSize = extentOf(b, op.getKeys(), 2);
    Type stored = cast<MemRefType>(op.getState().getType()).getElementType();
    emitLoop(b, extentOf(b, op.getKeys(), 0), [&](ImplicitLocOpBuilder &rows, Value row) {
      Value position = arith::AddIOp::create(rows, op.getPast(), row);
      emitLoop(rows, rows.getIndexAttr(heads), [&](ImplicitLocOpBuilder &inner, Value head) {
        Value slab = emitKeySlab(inner, op.getLayer(), heads, head);
        for (Value source : {op.getKeys(), op.getValues()}) {
          emitChunks(inner, headSize, kLanes, {},
                     [&](ImplicitLocOpBuilder &element, const Chunk &chunk, ValueRange) {
                       Value x = loadChunk(element, chunk, source, {row, head, chunk.base});
                       if (!stored.isF32()) {
                         x = arith::TruncFOp::create(element, chunk.typeOf(stored), x);
                       }
                       storeChunk(element, chunk, x, op.getState(), {slab, position, chunk.base});
                       return SmallVector<Value>();
                     });
          slab = arith::AddIOp::create(inner, slab, constantIndex(inner, heads));
        }
      });
    });
  }
};

} // namespace

std::unique_ptr<Pass> createLowerAttentionPass(Isa isa) { return std::make_unique<LowerAttentionPass>(isa); }

} // namespace coopt
