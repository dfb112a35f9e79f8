#include "UnitContraction.h"

using namespace mlir;

namespace coopt {

UnitContraction::UnitContraction(quantized::ContractOp op, Type operand, Type sum)
    : op(op), aType(cast<MemRefType>(op.getA().getType())), operand(operand), sum(sum),
      step(kTileColumns * 8 / operand.getIntOrFloatBitWidth()),
      operandTile(amx::TileType::get({kTileRows, step}, operand)),
      sumTile(amx::TileType::get({kTileRows, kTileRows}, sum)) {}

UnitContraction::~UnitContraction() = default;

void UnitContraction::forRange(ImplicitLocOpBuilder &b, Value from, Value to, int64_t step,
                               function_ref<void(ImplicitLocOpBuilder &, Value)> body) {
  emitFor(b, from, to, step, {}, [&](ImplicitLocOpBuilder &inner, Value iv, ValueRange) {
    body(inner, iv);
    return SmallVector<Value>();
  });
}

int64_t UnitContraction::groupsPerTile() const {
  const int64_t group = codes().groupColumns();
  return group < kTileColumns && group < codes().columns() ? kTileColumns / group : 1;
}

Value UnitContraction::groupOf(ImplicitLocOpBuilder &b, Value tile, Value part, int64_t perTile) const {
  if (codes().groups() == 1) {
    return constantIndex(b, 0);
  }
  if (perTile > 1) {
    Value g = arith::AddIOp::create(b, arith::MulIOp::create(b, tile, constantIndex(b, perTile)), part);
    return arith::MinUIOp::create(b, g, constantIndex(b, codes().groups() - 1));
  }
  return arith::DivUIOp::create(b, tile, constantIndex(b, codes().groupColumns() / kTileColumns));
}

} // namespace coopt
