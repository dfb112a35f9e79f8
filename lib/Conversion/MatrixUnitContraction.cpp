//===- MatrixUnitContraction.cpp - Contractions of int8 on AMX --------------===//
//
// Codes of 8 bits are stored as the unit reads them; others are decoded to signed bytes. Everything is exact up to
// the scales, so the bits are those of the other lowerings.
//
//===----------------------------------------------------------------------===//
#include "UnitContraction.h"

using namespace mlir;

namespace coopt {
namespace {

class IntegerContraction final : public UnitContraction {
public:
  IntegerContraction(ImplicitLocOpBuilder &b, quantized::ContractOp op, CodeWeights weights)
      : UnitContraction(op, b.getI8Type(), b.getI32Type()), weights(std::move(weights)) {}

private:
  CodeWeights weights;

  const CodeWeights &codes() const override { return weights; }

  Value storedLines(ImplicitLocOpBuilder &b) override {
    if (weights.scheme().getBits() != 8 || weights.codes().sparse) {
      return nullptr;
    }
    auto storage = cast<MemRefType>(weights.codes().storage.getType());
    SmallVector<int64_t> shape = {storage.getDimSize(0) / kTileColumns, kTileColumns};
    SmallVector<ReassociationIndices> split = {{0, 1}};
    FailureOr<MemRefType> type = memref::ExpandShapeOp::computeExpandedType(storage, shape, split);
    return memref::ExpandShapeOp::create(b, *type, weights.codes().storage, split);
  }

  Value storedLineOf(ImplicitLocOpBuilder &b, Value panel) override {
    Value offset = weights.tileOffset(b, panel, constantIndex(b, 0));
    return arith::DivUIOp::create(b, offset, constantIndex(b, kTileColumns));
  }

  void emitDecodedTile(ImplicitLocOpBuilder &b, Value panel, Value tile, Value lines, Value line) override {
    TileCodes codes(b, weights.codes(), weights.tileOffset(b, panel, tile));
    const int64_t perTile = groupsPerTile(), perGroup = kQuadsPerTile / perTile;
    for (int64_t part = 0; part < perTile; ++part) {
      GroupValues values = groupValues(b, panel, groupOf(b, tile, constantIndex(b, part), perTile));
      for (int64_t q = part * perGroup; q < (part + 1) * perGroup; ++q) {
        Value bytes = signedBytes(b, weights.unsignedQuad(b, codes.quad(q)), values);
        vector::StoreOp::create(b, bytes, lines, ValueRange{addIndex(b, line, q), constantIndex(b, 0)});
      }
    }
  }

  struct GroupValues {
    Value zeros;  ///< bytes, scaled if there are scales
    Value scales; ///< words of 16 bits, or null
  };

  GroupValues groupValues(ImplicitLocOpBuilder &b, Value panel, Value g) {
    Value zeros = weights.zeros(b, panel, g);
    if (!weights.scheme().isTwoLevel()) {
      return {repeatInQuad(b, zeros), nullptr};
    }
    Value scales = weights.groupScales(b, panel, g);
    Value both = constantOf(b, scales.getType(), b.getI32IntegerAttr(0x00010001));
    Value words = vector::BitCastOp::create(b, VectorType::get({2 * kLanes}, b.getI16Type()),
                                            arith::MulIOp::create(b, scales, both));
    return {repeatInQuad(b, arith::MulIOp::create(b, zeros, scales)), words};
  }

  /// (code - zero) * scale in bytes. Codes of 4 bits times scales to 16 stay below 256: two of them are
  /// multiplied as one word.
  Value signedBytes(ImplicitLocOpBuilder &b, Value quad, const GroupValues &values) {
    if (values.scales) {
      Value words = vector::BitCastOp::create(b, values.scales.getType(), quad);
      Value scaled = arith::MulIOp::create(b, words, values.scales);
      quad = vector::BitCastOp::create(b, quad.getType(), scaled);
    }
    return arith::SubIOp::create(b, quad, values.zeros);
  }

  Value multiply(ImplicitLocOpBuilder &b, Value x, Value y, Value sums) override {
    return amx::TileMulIOp::create(b, sumTile, x, y, sums, /*isZextLhs=*/false, /*isZextRhs=*/false);
  }

  Value columnScales(ImplicitLocOpBuilder &b, const Chunk &chunk, Value column) override {
    return weights.rowScales(b, chunk, column);
  }

  /// (f32(sum) * sw[n]) * sa[m].
  Value resultOf(ImplicitLocOpBuilder &b, Value sums, Value columnScales, Value row) override {
    auto floats = VectorType::get({kLanes}, b.getF32Type());
    Value scale = memref::LoadOp::create(b, op.getAScales(), row);
    Value y = arith::MulFOp::create(b, arith::SIToFPOp::create(b, floats, sums), columnScales);
    return arith::MulFOp::create(b, y, vector::BroadcastOp::create(b, floats, scale));
  }
};

} // namespace

std::unique_ptr<UnitContraction> matchIntegerUnitContraction(ImplicitLocOpBuilder &b,
                                                             quantized::ContractOp op) {
  if (op.getScaleAt() != quantized::ScaleAt::Output || op.getAZeros() ||
      !getElementTypeOrSelf(op.getA()).isInteger(8) || !getElementTypeOrSelf(op.getAScales()).isF32()) {
    return nullptr;
  }
  FailureOr<CodeWeights> weights = CodeWeights::match(b, op, Isa::Amx);
  if (failed(weights) || !weights->hasByteDifferences() ||
      (weights->scheme().isTwoLevel() && weights->scheme().getBits() > 4)) {
    return nullptr;
  }
  return std::make_unique<IntegerContraction>(b, op, *weights);
}

} // namespace coopt
