#include "ValueTable.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace coopt {

static size_t permutedValues(Isa isa) {
  switch (isa) {
  case Isa::Generic:
    return 0;
  case Isa::Avx2:
    return 16;
  case Isa::Avx512:
  case Isa::Amx:
    return 64;
  }
  llvm_unreachable("unknown instruction set");
}

/// Numbers that one instruction looks up.
static size_t valuesOfPermutation(Isa isa) { return isa == Isa::Avx2 ? 8 : 32; }

static bool hasSignedHalves(ArrayRef<float> values) {
  const size_t half = values.size() / 2;
  for (size_t i = 0; i < half; ++i) {
    if (llvm::bit_cast<uint32_t>(values[i]) != (llvm::bit_cast<uint32_t>(values[half + i]) ^ 0x80000000u)) {
      return false;
    }
  }
  return true;
}

ValueTable::ValueTable(ImplicitLocOpBuilder &b, ArrayRef<float> numbers, Isa isa)
    : values(numbers.begin(), numbers.end()), isa(isa) {
  values.resize(std::max<size_t>(values.size(), kLanes));
  if (values.size() <= permutedValues(isa)) {
    if (values.size() > valuesOfPermutation(isa) && hasSignedHalves(values)) {
      values.resize(values.size() / 2);
      signBit = llvm::Log2_64(values.size());
    }
    return;
  }
  auto size = static_cast<int64_t>(values.size());
  buffer = memref::AllocOp::create(b, MemRefType::get({size}, b.getF32Type()));
  for (int64_t i = 0; i < size; i += kLanes) {
    vector::StoreOp::create(b, part(b, static_cast<size_t>(i), kLanes), buffer,
                            ValueRange{constantIndex(b, i)});
  }
}

Value ValueTable::part(ImplicitLocOpBuilder &b, size_t from, int64_t count) const {
  auto type = VectorType::get({count}, b.getF32Type());
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<float>(values).slice(from, static_cast<size_t>(count))));
}

static Value callIntrinsic(ImplicitLocOpBuilder &b, Type type, StringRef name, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), arguments).getResult(0);
}

/// `upper` where the bit of the index is set.
static Value choose(ImplicitLocOpBuilder &b, Value index, int32_t bit, Value lower, Value upper) {
  Type type = index.getType();
  Value isSet = arith::AndIOp::create(b, index, constantOf(b, type, b.getI32IntegerAttr(bit)));
  isSet =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, isSet, constantOf(b, type, b.getI32IntegerAttr(0)));
  return arith::SelectOp::create(b, isSet, upper, lower);
}

Value ValueTable::lookUp(ImplicitLocOpBuilder &b, Value index) const {
  auto floats = VectorType::get({kLanes}, b.getF32Type());
  if (buffer) {
    const auto mask = static_cast<int32_t>(values.size() - 1);
    index = arith::AndIOp::create(b, index, constantOf(b, index.getType(), b.getI32IntegerAttr(mask)));
    Value all = vector::ConstantMaskOp::create(b, VectorType::get({kLanes}, b.getI1Type()),
                                               vector::ConstantMaskKind::AllTrue);
    return vector::GatherOp::create(b, floats, buffer, ValueRange{constantIndex(b, 0)}, index, all,
                                    constantF32(b, floats, 0.0f));
  }
  Value numbers = permuted(b, index);
  if (signBit == 0) {
    return numbers;
  }
  auto bits = [&](int64_t value) {
    return constantOf(b, index.getType(), b.getI32IntegerAttr(static_cast<int32_t>(value)));
  };
  Value sign = arith::ShLIOp::create(b, index, bits(31 - signBit));
  sign = arith::AndIOp::create(b, sign, bits(0x80000000));
  Value magnitude = arith::BitcastOp::create(b, index.getType(), numbers);
  return arith::BitcastOp::create(b, floats, arith::XOrIOp::create(b, magnitude, sign));
}

Value ValueTable::permuted(ImplicitLocOpBuilder &b, Value index) const {
  auto floats = VectorType::get({kLanes}, b.getF32Type());
  if (isa == Isa::Avx2) {
    Value result = constantF32(b, floats, 0.0f);
    auto half = VectorType::get({8}, b.getF32Type());
    for (int64_t from : {0, 8}) {
      Value indices = vector::ExtractStridedSliceOp::create(b, index, ArrayRef<int64_t>{from},
                                                            ArrayRef<int64_t>{8}, ArrayRef<int64_t>{1});
      auto permute = [&](size_t first) {
        return callIntrinsic(b, half, "llvm.x86.avx2.permps", {part(b, first, 8), indices});
      };
      Value numbers = values.size() == 8 ? permute(0) : choose(b, indices, 8, permute(0), permute(8));
      result = vector::InsertStridedSliceOp::create(b, numbers, result, ArrayRef<int64_t>{from},
                                                    ArrayRef<int64_t>{1});
    }
    return result;
  }
  if (values.size() == 16) {
    return callIntrinsic(b, floats, "llvm.x86.avx512.permvar.sf.512", {part(b, 0, kLanes), index});
  }
  auto permuteTwo = [&](size_t first) {
    return callIntrinsic(b, floats, "llvm.x86.avx512.vpermi2var.ps.512",
                         {part(b, first, kLanes), index, part(b, first + 16, kLanes)});
  };
  return values.size() == 32 ? permuteTwo(0) : choose(b, index, 32, permuteTwo(0), permuteTwo(32));
}

} // namespace coopt
