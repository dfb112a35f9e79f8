//===- LowerRowReduce.cpp - coopt-lower-row-reduce --------------------------===//
//
// model.row_reduce: 16 partial results over the row, then a tree. Lanes are the partial results, so a vector
// of 16 is the definition itself; absent elements are the operation's neutral element, which changes no
// partial result.
//
//===----------------------------------------------------------------------===//
#include "Chunks.h"
#include "FunctionPass.h"
#include "dialects/Model/IR/Model.h"
#include <limits>

using namespace mlir;

namespace coopt {
namespace {

/// Operation, start and neutral element of a reduction.
struct Reduction {
  model::RowReduction kind;

  float start() const {
    return kind == model::RowReduction::max ? -std::numeric_limits<float>::infinity() : 0.0f;
  }
  /// x + -0 is x for all x, of either sign.
  float neutral() const { return kind == model::RowReduction::sum ? -0.0f : start(); }

  Value prepare(ImplicitLocOpBuilder &b, Value x) const {
    return kind == model::RowReduction::amax ? math::AbsFOp::create(b, x).getResult() : x;
  }
  Value combine(ImplicitLocOpBuilder &b, Value x, Value y) const {
    if (kind == model::RowReduction::sum) {
      return arith::AddFOp::create(b, x, y);
    }
    return arith::MaximumFOp::create(b, x, y);
  }
};

class LowerRowReducePass : public FunctionsPass<LowerRowReducePass> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerRowReducePass)
  StringRef getArgument() const final { return "coopt-lower-row-reduce"; }
  StringRef getDescription() const final { return "turn model.row_reduce on memrefs into vector loops"; }

  LogicalResult runOn(func::FuncOp function) {
    for (model::RowReduceOp op : collect<model::RowReduceOp>(function)) {
      if (!isa<MemRefType>(op.getInput().getType())) {
        return op.emitError("expected memref operands");
      }
      OpBuilder builder(op);
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      SmallVector<Value> row;
      emitRows(b, op, row);
      op.erase();
    }
    return success();
  }

private:
  static void emitRows(ImplicitLocOpBuilder &b, model::RowReduceOp op, SmallVector<Value> &row) {
    unsigned rows = cast<MemRefType>(op.getInit().getType()).getRank();
    if (row.size() == rows) {
      memref::StoreOp::create(b, emitRow(b, op, row), op.getInit(), row);
      return;
    }
    emitLoop(b, extentOf(b, op.getInput(), row.size()), [&](ImplicitLocOpBuilder &inner, Value iv) {
      row.push_back(iv);
      emitRows(inner, op, row);
      row.pop_back();
    });
  }

  static Value emitRow(ImplicitLocOpBuilder &b, model::RowReduceOp op, ArrayRef<Value> row) {
    Reduction reduction{op.getKind()};
    auto type = VectorType::get({kLanes}, b.getF32Type());
    Value partial = constantF32(b, type, reduction.start());
    OpFoldResult extent = extentOf(b, op.getInput(), row.size());
    auto indicesAt = [&](Value position) {
      SmallVector<Value> indices(row);
      indices.push_back(position);
      return indices;
    };
    if (hasUnitInnerStride(op.getInput())) {
      partial = emitChunks(b, extent, kLanes, partial,
                           [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange carried) {
                             FloatAttr absent = inner.getF32FloatAttr(reduction.neutral());
                             Value x = loadChunk(inner, chunk, op.getInput(), indicesAt(chunk.base), absent);
                             x = reduction.prepare(inner, widen(inner, x, absent));
                             return SmallVector<Value>{reduction.combine(inner, carried[0], x)};
                           })[0];
    } else {
      partial = emitScalars(
          b, extent, partial, [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange carried) {
            Value x = loadChunk(inner, chunk, op.getInput(), indicesAt(chunk.base));
            Value lane = arith::RemUIOp::create(inner, chunk.base, constantIndex(inner, kLanes));
            Value old = vector::ExtractOp::create(inner, carried[0], OpFoldResult(lane));
            Value sum = reduction.combine(inner, old, reduction.prepare(inner, x));
            return SmallVector<Value>{vector::InsertOp::create(inner, sum, carried[0], OpFoldResult(lane))};
          })[0];
    }
    return reduceTree(b, partial, [&](Value x, Value y) { return reduction.combine(b, x, y); });
  }
};

} // namespace

std::unique_ptr<Pass> createLowerRowReducePass() { return std::make_unique<LowerRowReducePass>(); }

} // namespace coopt
