#include "KeptPanels.h"
#include "RegisterTiles.h"

using namespace mlir;

namespace coopt {
namespace {

using Builder = ImplicitLocOpBuilder;

Value isAfter(Builder &b, Value place, int64_t other) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, place, constantIndex(b, other));
}

/// An element as an integer of its width.
Value asInteger(Builder &b, Value x) {
  Type type = x.getType();
  return isa<FloatType>(type)
             ? arith::BitcastOp::create(b, b.getIntegerType(type.getIntOrFloatBitWidth()), x).getResult()
             : x;
}

int64_t widthOf(Value storage) { return cast<MemRefType>(storage.getType()).getElementTypeBitWidth(); }

/// Bit `number` of the elements from `start` on, as an index: 0 or 1.
Value emitBit(Builder &b, Value storage, Value start, Value number) {
  const int64_t width = widthOf(storage);
  Value at = addIndex(b, start, over(b, number, width));
  Value bits = asInteger(b, memref::LoadOp::create(b, storage, ValueRange{at}));
  bits = arith::IndexCastUIOp::create(b, b.getIndexType(), bits);
  bits = arith::ShRUIOp::create(b, bits, modulo(b, number, width));
  return arith::AndIOp::create(b, bits, constantIndex(b, 1));
}

/// Which of the 16 rows keep a column of a run: the number of 16 bits for it among those from `start` on.
Value emitMask(Builder &b, Value storage, Value start, Value column) {
  Type element = cast<MemRefType>(storage.getType()).getElementType();
  const int64_t width = widthOf(storage);
  auto mask = VectorType::get({kLanes}, b.getI1Type());
  if (width <= 16) {
    const int64_t elements = 16 / width;
    Value at = addIndex(b, start, times(b, column, elements));
    return vector::BitCastOp::create(
        b, mask, vector::LoadOp::create(b, VectorType::get({elements}, element), storage, ValueRange{at}));
  }
  Value at = addIndex(b, start, over(b, column, width / 16));
  Value bits = asInteger(b, memref::LoadOp::create(b, storage, ValueRange{at}));
  Value shift = times(b, modulo(b, column, width / 16), 16);
  bits = arith::ShRUIOp::create(b, bits, arith::IndexCastOp::create(b, bits.getType(), shift));
  Value half = arith::TruncIOp::create(b, b.getI16Type(), bits);
  return vector::BitCastOp::create(
      b, mask, vector::BroadcastOp::create(b, VectorType::get({1}, b.getI16Type()), half));
}

} // namespace

Value emitKeptBefore(Builder &b, int64_t of, Value place, llvm::function_ref<Value(int64_t)> bitAt) {
  Value none = constantIndex(b, 0), before = none;
  for (int64_t other = 0; other + 1 < of; ++other) {
    Value counts = arith::SelectOp::create(b, isAfter(b, place, other), bitAt(other), none);
    before = arith::AddIOp::create(b, before, counts);
  }
  return before;
}

Value emitKeptBeforeInRows(Builder &b, int64_t of, Value place, llvm::function_ref<Value(int64_t)> maskAt) {
  auto type = VectorType::get({kLanes}, b.getI32Type());
  Value none = constantOf(b, type, b.getI32IntegerAttr(0)), one = constantOf(b, type, b.getI32IntegerAttr(1));
  Value before = none;
  for (int64_t other = 0; other + 1 < of; ++other) {
    Value counts = arith::SelectOp::create(b, isAfter(b, place, other), one, none);
    before = arith::AddIOp::create(b, before, arith::SelectOp::create(b, maskAt(other), counts, none));
  }
  return before;
}

Value emitKeptNumber(Builder &b, const layout::SparsePanel &panel, int64_t columns, Value storage, Value row,
                     Value column) {
  const numerics::SparsePattern &pattern = panel.pattern();
  Value lane = modulo(b, row, kLanes), place = modulo(b, column, pattern.of);
  Value start = times(b, over(b, row, kLanes), panel.panelElements(columns));
  start = addIndex(b, start, times(b, over(b, column, pattern.of), panel.runElements()));
  auto bitAt = [&](Value at) {
    return emitBit(b, storage, addIndex(b, start, panel.valueElements()),
                   addIndex(b, times(b, at, kLanes), lane));
  };
  Value before =
      emitKeptBefore(b, pattern.of, place, [&](int64_t other) { return bitAt(constantIndex(b, other)); });
  // Of what is dropped, this may be one behind the run's last.
  before = arith::MinUIOp::create(b, before, constantIndex(b, pattern.kept - 1));
  Value at = addIndex(b, addIndex(b, start, times(b, before, kLanes)), lane);
  Value value = memref::LoadOp::create(b, storage, ValueRange{at});
  Value isKept = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bitAt(place), constantIndex(b, 0));
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
  return arith::SelectOp::create(b, isKept, value, zero);
}

Value loadKeptNumbers(Builder &b, const layout::SparsePanel &panel, Value storage, Value start,
                      Value column) {
  const numerics::SparsePattern &pattern = panel.pattern();
  auto type = VectorType::get({kLanes}, cast<MemRefType>(storage.getType()).getElementType());
  Value place = modulo(b, column, pattern.of);
  start = addIndex(b, start, times(b, over(b, column, pattern.of), panel.runElements()));
  Value bits = addIndex(b, start, panel.valueElements());
  Value before = emitKeptBeforeInRows(b, pattern.of, place, [&](int64_t other) {
    return emitMask(b, storage, bits, constantIndex(b, other));
  });
  Value none = arith::ConstantOp::create(b, b.getZeroAttr(type)), result = none;
  for (int64_t slot = 0; slot < pattern.kept; ++slot) {
    Value those = vector::LoadOp::create(b, type, storage, ValueRange{addIndex(b, start, slot * kLanes)});
    Value number = constantOf(b, before.getType(), b.getI32IntegerAttr(static_cast<int32_t>(slot)));
    Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, before, number);
    result = arith::SelectOp::create(b, isIt, those, result);
  }
  return arith::SelectOp::create(b, emitMask(b, storage, bits, place), result, none);
}

} // namespace coopt
