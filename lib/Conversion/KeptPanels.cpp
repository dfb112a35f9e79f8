#include "KeptPanels.h"
#include "KeptRuns.h"
#include "RegisterTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace coopt {
namespace {

using Builder = ImplicitLocOpBuilder;

/// An element as an integer of its width.
Value asInteger(Builder &b, Value x) {
  Type type = x.getType();
  return isa<FloatType>(type)
             ? arith::BitcastOp::create(b, b.getIntegerType(type.getIntOrFloatBitWidth()), x).getResult()
             : x;
}

Type elementOf(Value storage) { return cast<MemRefType>(storage.getType()).getElementType(); }

Value maskOf(Builder &b, Value bits) {
  Value one = vector::BroadcastOp::create(b, VectorType::get({1}, bits.getType()), bits);
  return vector::BitCastOp::create(b, VectorType::get({kLanes}, b.getI1Type()), one);
}

/// Bit `row` of an i16, as an index: 0 or 1.
Value bitOf(Builder &b, Value bits, Value row) {
  Value shift = arith::IndexCastOp::create(b, bits.getType(), row);
  Value one = arith::ConstantOp::create(b, b.getI16IntegerAttr(1));
  Value bit = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, shift), one);
  return arith::IndexCastUIOp::create(b, b.getIndexType(), bit);
}

/// The numbers of column `place` of a run by rows.
Value loadByRows(Builder &b, const layout::SparsePanel &panel, const KeptColumns &run, Value place) {
  const numerics::SparsePattern &pattern = panel.pattern();
  return emitKeptInRows(
      b, pattern.of, pattern.kept, place, [&](Value block) { return maskOf(b, run.bits(b, block)); },
      [&](int64_t slot) { return run.slot(b, slot); });
}

} // namespace

Value countOnes(Builder &b, Value bits) {
  Value ones = LLVM::CtPopOp::create(b, bits.getType(), bits);
  return arith::IndexCastUIOp::create(b, b.getIndexType(), ones);
}

Value loadBits(Builder &b, Value storage, Value at, int64_t elements) {
  Type element = elementOf(storage);
  Value raw = vector::LoadOp::create(b, VectorType::get({elements}, element), storage, ValueRange{at});
  Type all = b.getIntegerType(static_cast<unsigned>(elements) * element.getIntOrFloatBitWidth());
  return vector::ExtractOp::create(b, vector::BitCastOp::create(b, VectorType::get({1}, all), raw), 0);
}

Value loadSpread(Builder &b, Value storage, Value at, Value bits) {
  Value mask = maskOf(b, bits);
  Type element = elementOf(storage);
  const unsigned width = element.getIntOrFloatBitWidth();
  auto type = VectorType::get({kLanes}, element), words = VectorType::get({kLanes}, b.getI32Type());
  Value none = constantOf(b, type, cast<TypedAttr>(b.getZeroAttr(element)));
  if (width == 32) {
    Value spread = vector::ExpandLoadOp::create(b, type, storage, ValueRange{at}, mask, none);
    return element.isInteger() ? spread : vector::BitCastOp::create(b, words, spread).getResult();
  }
  Value exists = vector::CreateMaskOp::create(b, mask.getType(), ValueRange{countOnes(b, bits)});
  Value few = vector::MaskedLoadOp::create(b, type, storage, ValueRange{at}, exists, none);
  few = vector::BitCastOp::create(b, VectorType::get({kLanes}, b.getIntegerType(width)), few);
  few = arith::ExtUIOp::create(b, words, few);
  Value zero = constantOf(b, words, b.getI32IntegerAttr(0));
  return LLVM::CallIntrinsicOp::create(b, words, b.getStringAttr("llvm.x86.avx512.mask.expand.v16i32"),
                                       ValueRange{few, zero, mask})
      .getResult(0);
}

KeptColumns::KeptColumns(Builder &b, const layout::SparsePanel &panel, Isa isa, Value storage, Value start)
    : panel(panel), isa(isa), storage(storage), start(start), end(addIndex(b, start, panel.valueElements())) {
}

Value KeptColumns::bits(Builder &b, Value block) const {
  const int64_t width = elementOf(storage).getIntOrFloatBitWidth();
  if (width == 8) {
    Value at = arith::AddIOp::create(b, end, times(b, block, 2));
    Value two = vector::LoadOp::create(b, VectorType::get({2}, b.getI8Type()), storage, ValueRange{at});
    return vector::ExtractOp::create(
        b, vector::BitCastOp::create(b, VectorType::get({1}, b.getI16Type()), two), 0);
  }
  const int64_t perElement = width / 16;
  Value at = arith::AddIOp::create(b, end, over(b, block, perElement));
  Value all = asInteger(b, memref::LoadOp::create(b, storage, ValueRange{at}));
  if (perElement == 1) {
    return all;
  }
  Value shift = times(b, modulo(b, block, perElement), 16);
  all = arith::ShRUIOp::create(b, all, arith::IndexCastOp::create(b, all.getType(), shift));
  return arith::TruncIOp::create(b, b.getI16Type(), all);
}

Value KeptColumns::allBits(Builder &b) const {
  return loadBits(b, storage, end, panel.runElements() - panel.valueElements());
}

Value KeptColumns::slot(Builder &b, int64_t slot) const {
  return vector::LoadOp::create(b, VectorType::get({kLanes}, elementOf(storage)), storage,
                                ValueRange{addIndex(b, start, slot * kLanes)});
}

Value KeptColumns::find(Builder &b, Value column) const {
  const numerics::SparsePattern &pattern = panel.pattern();
  Value block = over(b, column, pattern.block);
  Value before = emitKeptBefore(b, pattern.of, block, [&](Builder &inner, Value other) {
    return countOnes(inner, bits(inner, other));
  });
  if (pattern.block == 1) {
    return arith::AddIOp::create(b, start, before);
  }
  Value inBlock = arith::MulIOp::create(b, modulo(b, column, pattern.block), countOnes(b, bits(b, block)));
  before = arith::AddIOp::create(b, times(b, before, pattern.block), inBlock);
  return arith::AddIOp::create(b, start, before);
}

KeptColumns::Column KeptColumns::read(Builder &b, Value at, Value bits) const {
  Type element = elementOf(storage);
  Value ones = countOnes(b, bits);
  // Whatever the bits of a file say, nothing outside the run's values is read.
  at = arith::MinUIOp::create(b, at, arith::SubIOp::create(b, end, ones));
  Column column{nullptr, arith::AddIOp::create(b, at, ones)};
  auto type = VectorType::get({kLanes}, element);
  if (!machine::expandsVectors(isa)) {
    Value none = arith::ConstantOp::create(b, b.getZeroAttr(element));
    SmallVector<Value> numbers;
    for (int64_t row = 0; row < kLanes; ++row) {
      Value shift = arith::ConstantOp::create(b, b.getI16IntegerAttr(static_cast<int16_t>(row)));
      Value one = arith::ConstantOp::create(b, b.getI16IntegerAttr(1));
      Value bit = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, shift), one);
      Value isKept = arith::TruncIOp::create(b, b.getI1Type(), bit);
      // Behind the run's values there are its bits.
      Value number = memref::LoadOp::create(b, storage, ValueRange{at});
      numbers.push_back(arith::SelectOp::create(b, isKept, number, none));
      at = arith::AddIOp::create(b, at, arith::IndexCastUIOp::create(b, b.getIndexType(), bit));
    }
    column.numbers = vector::FromElementsOp::create(b, type, numbers);
    return column;
  }
  Value words = loadSpread(b, storage, at, bits);
  Type integer = b.getIntegerType(element.getIntOrFloatBitWidth());
  if (integer != b.getI32Type()) {
    words = arith::TruncIOp::create(b, VectorType::get({kLanes}, integer), words);
  }
  column.numbers = element.isInteger() ? words : vector::BitCastOp::create(b, type, words).getResult();
  return column;
}

Value emitKeptNumber(Builder &b, const layout::SparsePanel &panel, int64_t columns, Value storage, Value row,
                     Value column) {
  const numerics::SparsePattern &pattern = panel.pattern();
  Value lane = modulo(b, row, kLanes), place = modulo(b, column, pattern.span());
  Value start = times(b, over(b, row, kLanes), panel.panelElements(columns));
  start = arith::AddIOp::create(b, start, times(b, over(b, column, pattern.span()), panel.runElements()));
  KeptColumns run(b, panel, Isa::Generic, storage, start);
  Value bits = run.bits(b, over(b, place, pattern.block)), at;
  if (panel.isByRows()) {
    Value before = emitKeptBefore(b, pattern.of, place, [&](Builder &inner, Value block) {
      return bitOf(inner, run.bits(inner, block), lane);
    });
    at = arith::AddIOp::create(b, addIndex(b, start, lane), times(b, before, kLanes));
  } else {
    Value shift = arith::IndexCastOp::create(b, bits.getType(), lane);
    Value one = arith::ConstantOp::create(b, b.getI16IntegerAttr(1));
    Value below = arith::SubIOp::create(b, arith::ShLIOp::create(b, one, shift), one);
    at = arith::AddIOp::create(b, run.find(b, place), countOnes(b, arith::AndIOp::create(b, bits, below)));
  }
  // Of what is dropped, this may be behind the run's last.
  at = arith::MinUIOp::create(b, at, addIndex(b, run.last(), -1));
  Value value = memref::LoadOp::create(b, storage, ValueRange{at});
  Value isKept =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bitOf(b, bits, lane), constantIndex(b, 0));
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
  return arith::SelectOp::create(b, isKept, value, zero);
}

Value loadKeptNumbers(Builder &b, const layout::SparsePanel &panel, Isa isa, Value storage, Value start,
                      Value column) {
  const numerics::SparsePattern &pattern = panel.pattern();
  Value place = modulo(b, column, pattern.span());
  start = arith::AddIOp::create(b, start, times(b, over(b, column, pattern.span()), panel.runElements()));
  KeptColumns run(b, panel, isa, storage, start);
  if (panel.isByRows()) {
    return loadByRows(b, panel, run, place);
  }
  return run.read(b, run.find(b, place), run.bits(b, over(b, place, pattern.block))).numbers;
}

} // namespace coopt
