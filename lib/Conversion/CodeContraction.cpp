//===- CodeContraction.cpp - int8 codes on packed weights -------------------===//
//
// Activations are widened once into rows of 16-bit numbers, an odd K filled up with a zero; a pair of them,
// broadcast, meets 16 columns of weights. Sums are exact, so tiles and instruction sets do not matter.
//
//===----------------------------------------------------------------------===//
#include "CodeContraction.h"
#include "DotPairs.h"
#include "PackedView.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {
namespace {

bool isMatrixOfBytes(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isInteger(8);
}

class PackedEmitter {
public:
  PackedEmitter(quantized::ContractOp op, PanelWeights weights, Isa isa)
      : op(op), weights(weights), isa(isa), depth(cast<MemRefType>(op.getA().getType()).getDimSize(1)) {}

  void emit(ImplicitLocOpBuilder &b) {
    OpFoldResult columns = extentOf(b, op.getInit(), 1);
    OpFoldResult rows = extentOf(b, op.getInit(), 0);
    TileShape block = getConstantIntValue(rows) == 1 ? rowShape(isa) : blockShape(isa);
    auto wideType = MemRefType::get({block.rows, depth + depth % 2}, b.getI16Type());
    Value wide = memref::AllocOp::create(b, wideType);
    emitBlocks(b, rows, block.rows, [&](ImplicitLocOpBuilder &inner, Value row, int64_t count) {
      for (int64_t r = 0; r < count; ++r) {
        emitWidening(inner, addIndex(inner, row, r), wide, r);
      }
      Tile tile;
      tile.row = row;
      tile.rows = count;
      tile.panels = count == 1 ? rowShape(isa).panels : block.panels;
      emitColumnTiles(inner, columns, tile, [&](ImplicitLocOpBuilder &nested, const Tile &piece) {
        emitTile(nested, piece, wide);
      });
    });
  }

private:
  quantized::ContractOp op;
  PanelWeights weights;
  Isa isa;
  int64_t depth;

  void emitWidening(ImplicitLocOpBuilder &b, Value row, Value wide, int64_t target) {
    Value line = constantIndex(b, target);
    emitChunks(b, b.getIndexAttr(depth), kLanes, {},
               [&](ImplicitLocOpBuilder &inner, const Chunk &chunk, ValueRange) {
                 Value codes = loadChunk(inner, chunk, op.getA(), {row, chunk.base});
                 Value words = arith::ExtSIOp::create(inner, chunk.typeOf(inner.getI16Type()), codes);
                 storeChunk(inner, chunk, words, wide, {line, chunk.base});
                 return SmallVector<Value>();
               });
    if (depth % 2 != 0) {
      Value zero = arith::ConstantOp::create(b, b.getI16IntegerAttr(0));
      memref::StoreOp::create(b, zero, wide, ValueRange{line, constantIndex(b, depth)});
    }
  }

  void emitTile(ImplicitLocOpBuilder &b, const Tile &tile, Value wide) {
    SmallVector<Value> panels;
    Value panel = arith::AddIOp::create(b, weights.firstPanel,
                                        arith::DivUIOp::create(b, tile.column, constantIndex(b, kLanes)));
    for (int64_t p = 0; p < tile.panels; ++p) {
      panels.push_back(
          arith::MulIOp::create(b, addIndex(b, panel, p), constantIndex(b, weights.panelStride)));
    }
    Value zero = constantOf(b, VectorType::get({kLanes}, b.getI32Type()), b.getI32IntegerAttr(0));
    SmallVector<Value> sums(tile.rows * tile.panels, zero);
    OpFoldResult steps = b.getIndexAttr(llvm::divideCeil(depth, 2));
    sums =
        emitScalars(b, steps, sums, [&](ImplicitLocOpBuilder &inner, const Chunk &step, ValueRange carried) {
          return emitStep(inner, step.base, tile.rows, panels, wide, carried);
        });
    emitScaling(b, tile, sums);
  }

  SmallVector<Value> emitStep(ImplicitLocOpBuilder &b, Value pair, int64_t rows, ArrayRef<Value> panels,
                              Value wide, ValueRange sums) {
    auto bytes = VectorType::get({2 * kLanes}, b.getI8Type());
    auto words = VectorType::get({2 * kLanes}, b.getI16Type());
    auto lanes = VectorType::get({kLanes}, b.getI32Type());
    Value step = arith::MulIOp::create(b, arith::AddIOp::create(b, weights.firstStep, pair),
                                       constantIndex(b, weights.stepStride));
    SmallVector<Value> columns, next;
    for (Value panel : panels) {
      Value codes = vector::LoadOp::create(b, bytes, weights.storage, addIndex(b, panel, step));
      columns.push_back(arith::ExtSIOp::create(b, words, codes));
    }
    Value k = arith::MulIOp::create(b, pair, constantIndex(b, 2));
    for (int64_t r = 0; r < rows; ++r) {
      Value two = vector::LoadOp::create(b, VectorType::get({2}, b.getI16Type()), wide,
                                         ValueRange{constantIndex(b, r), k});
      Value both = vector::BitCastOp::create(b, VectorType::get({1}, b.getI32Type()), two);
      Value broadcast = vector::BroadcastOp::create(b, lanes, vector::ExtractOp::create(b, both, 0));
      Value activations = vector::BitCastOp::create(b, words, broadcast);
      for (auto [p, column] : llvm::enumerate(columns)) {
        next.push_back(dotPairs(b, isa, sums[r * panels.size() + p], column, activations));
      }
    }
    return next;
  }

  /// (f32(sum) * sw[n]) * sa[m]
  void emitScaling(ImplicitLocOpBuilder &b, const Tile &tile, ArrayRef<Value> sums) {
    for (int64_t p = 0; p < tile.panels; ++p) {
      Chunk chunk = tile.columns(p);
      Value column = addIndex(b, tile.column, p * kLanes);
      Value scales = loadChunk(b, chunk, op.getWScales(), column);
      for (int64_t r = 0; r < tile.rows; ++r) {
        Value row = addIndex(b, tile.row, r);
        Value sum = narrow(b, sums[r * tile.panels + p], chunk.lanes);
        Value y = arith::SIToFPOp::create(b, scales.getType(), sum);
        y = arith::MulFOp::create(b, y, scales);
        Value scale = memref::LoadOp::create(b, op.getAScales(), row);
        y = arith::MulFOp::create(b, y, splat(b, chunk, scale));
        storeChunk(b, chunk, y, op.getInit(), {row, column});
      }
    }
  }
};

} // namespace

LogicalResult lowerPackedCodeContraction(OpBuilder &builder, quantized::ContractOp op, Isa isa) {
  if (op.getScaleAt() != quantized::ScaleAt::Output || op.getAZeros() || op.getWZeros() ||
      !isMatrixOfBytes(op.getA()) || !isMatrixOfBytes(op.getW()) ||
      cast<MemRefType>(op.getA().getType()).isDynamicDim(1)) {
    return failure();
  }
  for (Value scales : {op.getAScales(), op.getWScales()}) {
    if (!cast<MemRefType>(scales.getType()).getElementType().isF32()) {
      return failure();
    }
  }
  if (!hasUnitInnerStride(op.getA()) || !hasUnitInnerStride(op.getWScales()) ||
      !hasUnitInnerStride(op.getInit())) {
    return failure();
  }
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  FailureOr<PanelWeights> weights = matchPanels(b, op.getW(), 2);
  if (failed(weights)) {
    return failure();
  }
  PackedEmitter(op, *weights, isa).emit(b);
  return success();
}

} // namespace coopt
