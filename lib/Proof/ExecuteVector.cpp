// Vectors that are put together, taken apart and reduced.
#include "Execution.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace coopt::proof;

/// Calls `each` with the number of an element of `part` in `whole`, for all of them in order.
static void forPart(ArrayRef<int64_t> whole, ArrayRef<int64_t> offsets, ArrayRef<int64_t> part,
                    llvm::function_ref<void(int64_t)> each) {
  const SmallVector<int64_t> strides = computeStrides(whole), inPart = computeStrides(part);
  for (int64_t i = 0, count = computeProduct(part); i < count; ++i) {
    const SmallVector<int64_t> index = delinearize(i, inPart);
    int64_t number = 0;
    for (auto [at, offset, stride] : llvm::zip_equal(index, offsets, strides)) {
      number += (at + offset) * stride;
    }
    each(number);
  }
}

static SmallVector<int64_t> integersOf(ArrayAttr attribute) {
  return llvm::map_to_vector(attribute, [](Attribute value) { return cast<IntegerAttr>(value).getInt(); });
}

static ArrayRef<int64_t> shapeOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getShape() : ArrayRef<int64_t>();
}

LogicalResult Execution::runVector(Operation *op, bool &isKnown) {
  if (auto cast = dyn_cast<vector::BitCastOp>(op)) {
    const unsigned from = bitsOf(cast.getSource().getType()), to = bitsOf(cast.getType());
    const Lanes &source = lanes(cast.getSource());
    Lanes all;
    for (size_t i = 0; i < source.size(); ++i) {
      if (to <= from) {
        for (unsigned low = 0; low < from; low += to) {
          all.push_back(t.extract(source[i], low, to));
        }
        continue;
      }
      Term value = source[i];
      for (unsigned next = 1; next < to / from; ++next) {
        value = t.concat(source[++i], value);
      }
      all.push_back(value);
    }
    set(cast, std::move(all));
    return success();
  }
  if (isa<vector::ShapeCastOp>(op)) {
    values[op->getResult(0)] = values[op->getOperand(0)];
    return success();
  }
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    ArrayRef<int64_t> from = shapeOf(broadcast.getSourceType()), to = shapeOf(broadcast.getType());
    const SmallVector<int64_t> strides = computeStrides(to), inSource = computeStrides(from);
    const Lanes source = lanes(broadcast.getSource());
    Lanes all;
    for (int64_t i = 0, count = computeProduct(to); i < count; ++i) {
      const SmallVector<int64_t> index = delinearize(i, strides);
      int64_t number = 0;
      for (size_t dim = 0; dim < from.size(); ++dim) {
        number += from[dim] == 1 ? 0 : index[index.size() - from.size() + dim] * inSource[dim];
      }
      all.push_back(source[static_cast<size_t>(number)]);
    }
    set(broadcast, std::move(all));
    return success();
  }
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(op)) {
    const Lanes &first = lanes(shuffle.getV1()), &second = lanes(shuffle.getV2());
    if (shuffle.getResultVectorType().getRank() != 1) {
      return op->emitOpError("shuffles more than one dimension");
    }
    Lanes all;
    for (int64_t lane : shuffle.getMask()) {
      const auto i = static_cast<size_t>(lane);
      if (lane < 0) {
        all.push_back(t.symbol(bitsOf(shuffle.getType()), "a lane of poison"));
      } else {
        all.push_back(i < first.size() ? first[i] : second[i - first.size()]);
      }
    }
    set(shuffle, std::move(all));
    return success();
  }
  if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(op)) {
    ArrayRef<int64_t> whole = shapeOf(slice.getSourceVectorType());
    SmallVector<int64_t> offsets = integersOf(slice.getOffsets());
    offsets.resize(whole.size(), 0);
    const Lanes &source = lanes(slice.getSource());
    Lanes all;
    forPart(whole, offsets, shapeOf(slice.getType()),
            [&](int64_t number) { all.push_back(source[static_cast<size_t>(number)]); });
    set(slice, std::move(all));
    return success();
  }
  if (auto slice = dyn_cast<vector::InsertStridedSliceOp>(op)) {
    ArrayRef<int64_t> whole = shapeOf(slice.getDestVectorType()), part = shapeOf(slice.getSourceVectorType());
    // A vector of lower rank stands in the last dimensions.
    SmallVector<int64_t> shape(whole.size() - part.size(), 1);
    llvm::append_range(shape, part);
    Lanes all = lanes(slice.getDest());
    const Lanes &inserted = lanes(slice.getValueToStore());
    size_t next = 0;
    forPart(whole, integersOf(slice.getOffsets()), shape,
            [&](int64_t number) { all[static_cast<size_t>(number)] = inserted[next++]; });
    set(slice, std::move(all));
    return success();
  }
  if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
    const Lanes &source = lanes(extract.getSource());
    const SmallVector<int64_t> strides = computeStrides(shapeOf(extract.getSourceVectorType()));
    int64_t first = 0;
    for (auto [position, stride] : llvm::zip(extract.getMixedPosition(), strides)) {
      FailureOr<int64_t> at = numberOf(op, position, "a position");
      if (failed(at)) {
        return failure();
      }
      first += *at * stride;
    }
    const int64_t count = computeProduct(shapeOf(extract.getType()));
    set(extract, Lanes(ArrayRef<Term>(source).slice(static_cast<size_t>(first), static_cast<size_t>(count))));
    return success();
  }
  if (auto insert = dyn_cast<vector::InsertOp>(op)) {
    Lanes all = lanes(insert.getDest());
    const SmallVector<int64_t> strides = computeStrides(shapeOf(insert.getDestVectorType()));
    int64_t first = 0;
    for (auto [position, stride] : llvm::zip(insert.getMixedPosition(), strides)) {
      FailureOr<int64_t> at = numberOf(op, position, "a position");
      if (failed(at)) {
        return failure();
      }
      first += *at * stride;
    }
    llvm::copy(lanes(insert.getValueToStore()), all.begin() + first);
    set(insert, std::move(all));
    return success();
  }
  if (auto elements = dyn_cast<vector::FromElementsOp>(op)) {
    Lanes all;
    for (Value value : elements.getElements()) {
      all.push_back(lanes(value).front());
    }
    set(elements, std::move(all));
    return success();
  }
  if (auto transpose = dyn_cast<vector::TransposeOp>(op)) {
    const SmallVector<int64_t> from = computeStrides(shapeOf(transpose.getSourceVectorType())),
                               to = computeStrides(shapeOf(transpose.getType()));
    const Lanes source = lanes(transpose.getVector());
    Lanes all;
    for (int64_t i = 0; i < static_cast<int64_t>(source.size()); ++i) {
      int64_t number = 0;
      for (auto [at, dim] : llvm::zip_equal(delinearize(i, to), transpose.getPermutation())) {
        number += at * from[static_cast<size_t>(dim)];
      }
      all.push_back(source[static_cast<size_t>(number)]);
    }
    set(transpose, std::move(all));
    return success();
  }
  if (auto interleave = dyn_cast<vector::InterleaveOp>(op)) {
    Lanes all;
    for (auto [even, odd] : llvm::zip_equal(lanes(interleave.getLhs()), lanes(interleave.getRhs()))) {
      all.push_back(even);
      all.push_back(odd);
    }
    set(interleave, std::move(all));
    return success();
  }
  if (auto mask = dyn_cast<vector::CreateMaskOp>(op)) {
    FailureOr<SmallVector<int64_t>> sizes = numbers(op, mask.getOperands(), "a size");
    if (failed(sizes)) {
      return failure();
    }
    const SmallVector<int64_t> strides = computeStrides(shapeOf(mask.getType()));
    Lanes all;
    for (int64_t i = 0; i < mask.getType().getNumElements(); ++i) {
      const bool isInside = llvm::all_of(llvm::zip_equal(delinearize(i, strides), *sizes),
                                         [](auto pair) { return std::get<0>(pair) < std::get<1>(pair); });
      all.push_back(t.constant(1, isInside));
    }
    set(mask, std::move(all));
    return success();
  }
  if (auto mask = dyn_cast<vector::ConstantMaskOp>(op)) {
    const SmallVector<int64_t> strides = computeStrides(shapeOf(mask.getType()));
    Lanes all;
    for (int64_t i = 0; i < mask.getType().getNumElements(); ++i) {
      const bool isInside = llvm::all_of(llvm::zip_equal(delinearize(i, strides), mask.getMaskDimSizes()),
                                         [](auto pair) { return std::get<0>(pair) < std::get<1>(pair); });
      all.push_back(t.constant(1, isInside));
    }
    set(mask, std::move(all));
    return success();
  }
  if (auto reduction = dyn_cast<vector::ReductionOp>(op)) {
    using Kind = vector::CombiningKind;
    using P = arith::CmpIPredicate;
    Lanes all = lanes(reduction.getVector());
    if (reduction.getAcc()) {
      all.push_back(lanes(reduction.getAcc()).front());
    }
    auto pick = [&](P predicate, Term a, Term b) { return t.choose(t.compare(predicate, a, b), a, b); };
    if (!reduction.getType().isIntOrIndex()) {
      return op->emitOpError("reduces floats, in an order that is not said");
    }
    Term result = all.front();
    for (Term next : ArrayRef<Term>(all).drop_front()) {
      switch (reduction.getKind()) {
      case Kind::ADD:
        result = t.add(result, next);
        break;
      case Kind::MUL:
        result = t.mul(result, next);
        break;
      case Kind::AND:
        result = t.binary(Binary::And, result, next);
        break;
      case Kind::OR:
        result = t.binary(Binary::Or, result, next);
        break;
      case Kind::XOR:
        result = t.binary(Binary::Xor, result, next);
        break;
      case Kind::MINSI:
        result = pick(P::slt, result, next);
        break;
      case Kind::MAXSI:
        result = pick(P::sgt, result, next);
        break;
      case Kind::MINUI:
        result = pick(P::ult, result, next);
        break;
      case Kind::MAXUI:
        result = pick(P::ugt, result, next);
        break;
      default:
        return op->emitOpError("is a reduction of another kind than that of integers");
      }
    }
    set(reduction, {result});
    return success();
  }
  isKnown = false;
  return success();
}
