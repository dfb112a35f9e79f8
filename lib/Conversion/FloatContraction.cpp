//===- FloatContraction.cpp -------------------------------------------------===//
//
// Float contractions are Bounded: any order is right. With fused multiply-add the sums are fused, without
// they are not.
//
//===----------------------------------------------------------------------===//
#include "FloatContraction.h"
#include "KeptPanels.h"
#include "PackedView.h"
#include "RegisterTiles.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace coopt {
namespace {

/// out[m, n] += a[m, k] * w[n, k]
struct FloatContraction {
  Value a, w, out;
};

bool isF32Matrix(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32();
}

/// The dimensions of a map without arithmetic.
SmallVector<unsigned> dimsOf(AffineMap map) {
  SmallVector<unsigned> dims;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      dims.push_back(dim.getPosition());
    }
  }
  return dims;
}

FailureOr<FloatContraction> matchContraction(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumLoops() != 3 || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || !linalg::isaContractionOpInterface(op) ||
      !llvm::all_of(op->getOperands(), isF32Matrix)) {
    return failure();
  }
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<unsigned> first = dimsOf(maps[0]), second = dimsOf(maps[1]), out = dimsOf(maps[2]);
  if (first.size() != 2 || second.size() != 2 || out.size() != 2 || first[1] != second[1]) {
    return failure();
  }
  Value x = op->getOperand(0), y = op->getOperand(1), result = op->getOperand(2);
  if (first[0] == out[0] && second[0] == out[1]) {
    return FloatContraction{x, y, result};
  }
  if (first[0] == out[1] && second[0] == out[0]) {
    return FloatContraction{y, x, result};
  }
  return failure();
}

class PackedEmitter {
public:
  PackedEmitter(FloatContraction op, PanelWeights weights, Isa isa) : op(op), weights(weights), isa(isa) {}

  void emit(ImplicitLocOpBuilder &b) {
    OpFoldResult columns = extentOf(b, op.out, 1);
    depth = asValue(b, extentOf(b, op.a, 1));
    OpFoldResult rows = extentOf(b, op.out, 0);
    TileShape block = getConstantIntValue(rows) == 1 ? rowShape(isa) : blockShape(isa);
    emitBlocks(b, rows, block.rows, [&](ImplicitLocOpBuilder &inner, Value row, int64_t count) {
      Tile tile;
      tile.row = row;
      tile.rows = count;
      tile.panels = count == 1 ? rowShape(isa).panels : block.panels;
      emitColumnTiles(inner, columns, tile,
                      [&](ImplicitLocOpBuilder &nested, const Tile &piece) { emitTile(nested, piece); });
    });
  }

private:
  FloatContraction op;
  PanelWeights weights;
  Isa isa;
  Value depth;

  void emitTile(ImplicitLocOpBuilder &b, const Tile &tile) {
    SmallVector<Value> rows, columns, panels, sums;
    for (int64_t r = 0; r < tile.rows; ++r) {
      rows.push_back(addIndex(b, tile.row, r));
    }
    Value panel = arith::AddIOp::create(b, weights.firstPanel,
                                        arith::DivUIOp::create(b, tile.column, constantIndex(b, kLanes)));
    for (int64_t p = 0; p < tile.panels; ++p) {
      columns.push_back(addIndex(b, tile.column, p * kLanes));
      panels.push_back(
          arith::MulIOp::create(b, addIndex(b, panel, p), constantIndex(b, weights.panelStride)));
    }
    for (Value row : rows) {
      for (int64_t p = 0; p < tile.panels; ++p) {
        Value old = loadChunk(b, tile.columns(p), op.out, {row, columns[p]});
        sums.push_back(widen(b, old, b.getF32FloatAttr(0.0f)));
      }
    }
    if (weights.sparse) {
      sums = emitRuns(b, rows, panels, sums);
    } else {
      sums = emitScalars(b, depth, sums,
                         [&](ImplicitLocOpBuilder &inner, const Chunk &step, ValueRange carried) {
                           return emitStep(inner, step.base, rows, panels, carried);
                         });
    }
    for (auto [r, row] : llvm::enumerate(rows)) {
      for (int64_t p = 0; p < tile.panels; ++p) {
        Chunk chunk = tile.columns(p);
        storeChunk(b, chunk, narrow(b, sums[r * tile.panels + p], chunk.lanes), op.out, {row, columns[p]});
      }
    }
  }

  SmallVector<Value> emitStep(ImplicitLocOpBuilder &b, Value k, ArrayRef<Value> rows, ArrayRef<Value> panels,
                              ValueRange sums) {
    auto type = VectorType::get({kLanes}, b.getF32Type());
    Value step = arith::MulIOp::create(b, arith::AddIOp::create(b, weights.firstStep, k),
                                       constantIndex(b, weights.stepStride));
    SmallVector<Value> columns;
    for (Value panel : panels) {
      columns.push_back(vector::LoadOp::create(b, type, weights.storage, addIndex(b, panel, step)));
    }
    return emitProducts(b, k, rows, columns, sums);
  }

  /// The sums with the products of column k.
  SmallVector<Value> emitProducts(ImplicitLocOpBuilder &b, Value k, ArrayRef<Value> rows,
                                  ArrayRef<Value> columns, ValueRange sums) {
    SmallVector<Value> next;
    for (auto [r, row] : llvm::enumerate(rows)) {
      Value x = memref::LoadOp::create(b, op.a, ValueRange{row, k});
      Value broadcast = vector::BroadcastOp::create(b, VectorType::get({kLanes}, b.getF32Type()), x);
      for (auto [p, column] : llvm::enumerate(columns)) {
        next.push_back(multiplyAdd(b, isa, broadcast, column, sums[r * columns.size() + p]));
      }
    }
    return next;
  }

  /// All runs of a pattern. Columns come in the order of dense ones, zeros among them: sums have the same bits.
  SmallVector<Value> emitRuns(ImplicitLocOpBuilder &b, ArrayRef<Value> rows, ArrayRef<Value> panels,
                              ValueRange sums) {
    const int64_t span = weights.sparse->pattern().span();
    Value whole = over(b, depth, span), none = constantIndex(b, 0);
    SmallVector<Value> next =
        emitFor(b, none, whole, 1, sums, [&](ImplicitLocOpBuilder &inner, Value run, ValueRange carried) {
          return emitRun(inner, run, constantIndex(inner, span), rows, panels, carried);
        });
    return emitRun(b, whole, modulo(b, depth, span), rows, panels, next);
  }

  /// The first `columns` of a run.
  SmallVector<Value> emitRun(ImplicitLocOpBuilder &b, Value run, Value columns, ArrayRef<Value> rows,
                             ArrayRef<Value> panels, ValueRange sums) {
    const layout::SparsePanel &panel = *weights.sparse;
    Value first = times(b, run, panel.pattern().span()), begin = times(b, run, panel.runElements());
    SmallVector<KeptColumns> runs;
    SmallVector<Value> carried(sums);
    for (Value start : panels) {
      runs.emplace_back(b, panel, isa, weights.storage, addIndex(b, start, begin));
      carried.push_back(runs.back().first());
    }
    carried = emitFor(b, constantIndex(b, 0), columns, 1, carried,
                      [&](ImplicitLocOpBuilder &inner, Value column, ValueRange known) {
                        Value block = over(inner, column, panel.pattern().block);
                        SmallVector<Value> numbers, ends;
                        for (auto [kept, at] : llvm::zip_equal(runs, known.drop_front(sums.size()))) {
                          KeptColumns::Column its = kept.read(inner, at, kept.bits(inner, block));
                          numbers.push_back(its.numbers);
                          ends.push_back(its.end);
                        }
                        Value k = arith::AddIOp::create(inner, first, column);
                        SmallVector<Value> next = emitProducts(inner, k, rows, numbers, known);
                        llvm::append_range(next, ends);
                        return next;
                      });
    carried.truncate(sums.size());
    return carried;
  }
};

} // namespace

LogicalResult lowerPackedFloatContraction(OpBuilder &builder, linalg::LinalgOp op, Isa isa) {
  FailureOr<FloatContraction> match = matchContraction(op);
  if (failed(match) || !hasUnitInnerStride(match->out)) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  FailureOr<PanelWeights> weights = matchPanels(b, match->w, 1, isa);
  // Runs begin with the first column.
  if (failed(weights) || (weights->sparse && getConstantIntValue(weights->firstStep) != 0)) {
    return failure();
  }
  PackedEmitter(*match, *weights, isa).emit(b);
  return success();
}

LogicalResult lowerRowFloatContraction(OpBuilder &builder, linalg::LinalgOp op, Isa isa) {
  FailureOr<FloatContraction> match = matchContraction(op);
  if (failed(match) || !hasUnitInnerStride(match->a) || !hasUnitInnerStride(match->w)) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  emitLoop(b, extentOf(b, match->out, 0), [&](ImplicitLocOpBuilder &rows, Value m) {
    emitLoop(rows, extentOf(rows, match->out, 1), [&](ImplicitLocOpBuilder &inner, Value n) {
      FloatAttr zero = inner.getF32FloatAttr(0.0f);
      Value start = constantOf(inner, VectorType::get({kLanes}, inner.getF32Type()), zero);
      auto body = [&](ImplicitLocOpBuilder &step, const Chunk &chunk, ValueRange carried) {
        Value x = widen(step, loadChunk(step, chunk, match->a, {m, chunk.base}), zero);
        Value y = widen(step, loadChunk(step, chunk, match->w, {n, chunk.base}), zero);
        return SmallVector<Value>{multiplyAdd(step, isa, x, y, carried[0])};
      };
      Value partial = emitChunks(inner, extentOf(inner, match->a, 1), kLanes, start, body)[0];
      Value dot =
          reduceTree(inner, partial, [&](Value x, Value y) { return arith::AddFOp::create(inner, x, y); });
      Value old = memref::LoadOp::create(inner, match->out, ValueRange{m, n});
      memref::StoreOp::create(inner, arith::AddFOp::create(inner, old, dot), match->out, ValueRange{m, n});
    });
  });
  return success();
}

} // namespace coopt
