// Vectors from and to memory.
#include "Execution.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace coopt::proof;

LogicalResult Execution::runTransfers(Operation *op, bool &isKnown) {
  /// The byte of an access, and the elements of its run.
  auto placeOf = [&](Value memref, ValueRange indices, int64_t run) -> FailureOr<int64_t> {
    FailureOr<SmallVector<int64_t>> index = numbers(op, indices, "an index");
    if (failed(index)) {
      return failure();
    }
    return place(op, view(memref), *index, run);
  };
  auto isPlain = [&](Value memref, VectorType type) -> LogicalResult {
    const View &of = view(memref);
    if (type.getRank() > 1 || (!of.strides.empty() && of.strides.back() != 1 && type.getNumElements() > 1) ||
        bitsOf(of.element) % 8 != 0) {
      return op->emitOpError("accesses elements that do not stand together in bytes");
    }
    return success();
  };
  if (auto loaded = dyn_cast<vector::LoadOp>(op)) {
    const int64_t count = loaded.getVectorType().getNumElements();
    FailureOr<int64_t> byte = placeOf(loaded.getBase(), loaded.getIndices(), count);
    if (failed(byte) || failed(isPlain(loaded.getBase(), loaded.getVectorType()))) {
      return failure();
    }
    const View &from = view(loaded.getBase());
    Lanes all;
    for (int64_t i = 0; i < count; ++i) {
      all.push_back(load(from, *byte + i * from.elementBytes()));
    }
    set(loaded, std::move(all));
    return success();
  }
  if (auto stored = dyn_cast<vector::StoreOp>(op)) {
    const int64_t count = stored.getVectorType().getNumElements();
    FailureOr<int64_t> byte = placeOf(stored.getBase(), stored.getIndices(), count);
    if (failed(byte) || failed(isPlain(stored.getBase(), stored.getVectorType()))) {
      return failure();
    }
    const View &to = view(stored.getBase());
    for (auto [i, value] : llvm::enumerate(lanes(stored.getValueToStore()))) {
      store(to, *byte + static_cast<int64_t>(i) * to.elementBytes(), value);
    }
    return success();
  }
  /// Calls `each` for the lanes whose mask is set, which must be known.
  auto forMasked = [&](Value mask, Value memref, ValueRange indices,
                       llvm::function_ref<void(size_t, int64_t)> each) -> LogicalResult {
    for (auto [i, bit] : llvm::enumerate(lanes(mask))) {
      std::optional<APInt> value = BitTerms::valueOf(bit);
      if (!value) {
        return op->emitOpError("has a mask that the inputs decide");
      }
      if (value->isZero()) {
        continue;
      }
      FailureOr<SmallVector<int64_t>> index = numbers(op, indices, "an index");
      if (failed(index)) {
        return failure();
      }
      index->back() += static_cast<int64_t>(i);
      FailureOr<int64_t> byte = place(op, view(memref), *index);
      if (failed(byte)) {
        return failure();
      }
      each(i, *byte);
    }
    return success();
  };
  if (auto loaded = dyn_cast<vector::MaskedLoadOp>(op)) {
    Lanes all = lanes(loaded.getPassThru());
    if (failed(isPlain(loaded.getBase(), loaded.getVectorType())) ||
        failed(forMasked(loaded.getMask(), loaded.getBase(), loaded.getIndices(),
                         [&](size_t i, int64_t byte) { all[i] = load(view(loaded.getBase()), byte); }))) {
      return failure();
    }
    set(loaded, std::move(all));
    return success();
  }
  if (auto stored = dyn_cast<vector::MaskedStoreOp>(op)) {
    const Lanes all = lanes(stored.getValueToStore());
    return failed(isPlain(stored.getBase(), cast<VectorType>(stored.getValueToStore().getType())))
               ? failure()
               : forMasked(stored.getMask(), stored.getBase(), stored.getIndices(),
                           [&](size_t i, int64_t byte) { store(view(stored.getBase()), byte, all[i]); });
  }
  if (auto gather = dyn_cast<vector::GatherOp>(op)) {
    FailureOr<SmallVector<int64_t>> base = numbers(op, gather.getOffsets(), "an index");
    if (failed(base)) {
      return failure();
    }
    if (base->size() != 1) {
      return op->emitOpError("gathers from more than one dimension");
    }
    Lanes all;
    for (auto [index, mask, other] :
         llvm::zip_equal(lanes(gather.getIndices()), lanes(gather.getMask()), lanes(gather.getPassThru()))) {
      Term at = t.add(t.resized(index, 64, true), t.constant(64, static_cast<uint64_t>((*base)[0])));
      FailureOr<Term> value = lookUp(op, view(gather.getBase()), at, mask);
      if (failed(value)) {
        return failure();
      }
      all.push_back(t.choose(mask, *value, other));
    }
    set(gather, std::move(all));
    return success();
  }
  isKnown = false;
  return success();
}
