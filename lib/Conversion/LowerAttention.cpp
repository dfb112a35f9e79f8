//===- LowerAttention.cpp - coopt-lower-attention ---------------------------===//
#include "AttendLowering.h"
#include "CodedState.h"
#include "FunctionPass.h"
#include "RegisterTiles.h"

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
      if (attention::CodedType coded = op.getCoded()) {
        auto keys = cast<MemRefType>(op.getKeys().getType());
        CodedState(b, coded.getCache(keys.getDimSize(2)), op.getState())
            .emitAppend(b, op.getKeys(), op.getValues(), op.getPast(),
                        static_cast<int64_t>(op.getLayer()) * 2 * keys.getDimSize(1));
      } else {
        emitAppend(b, op);
      }
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
      Value x = op.getCoded() ? readCoded(b, op, slab) : readFloat(b, op, slab);
      op.getResult().replaceAllUsesWith(x);
      op.erase();
    }
    return success();
  }

private:
  static Value readFloat(ImplicitLocOpBuilder &b, attention::ReadOp op, Value slab) {
    Chunk single;
    single.scalar = true;
    return loadState(b, single, op.getState(), {slab, op.getPosition(), op.getD()});
  }

  /// Decodes the position, or its block: reading is for the oracle.
  static Value readCoded(ImplicitLocOpBuilder &b, attention::ReadOp op, Value slab) {
    numerics::CodedCache cache = op.getCoded().getCache(op.getCodedHeadSize());
    CodedState state(b, cache, op.getState());
    Value rows = memref::AllocaOp::create(b, MemRefType::get({cache.group, cache.channels}, b.getF32Type()));
    Value size = constantIndex(b, cache.group);
    Value row = arith::RemUIOp::create(b, op.getPosition(), size);
    Value first = arith::SubIOp::create(b, op.getPosition(), row);
    Value boundary = cache.hasResidual() ? state.boundaryOf(b, op.getQuery()) : Value();
    state.emitDecode(b, op.getPart() == attention::Part::key, slab, first, addIndex(b, row, 1), boundary,
                     rows);
    return memref::LoadOp::create(b, rows, ValueRange{row, op.getD()});
  }

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
