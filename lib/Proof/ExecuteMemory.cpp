#include "Execution.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace coopt::proof;

int64_t View::elementBytes() const { return (bitsOf(element) + 7) / 8; }

int64_t Execution::elementCount(const View &view) {
  int64_t count = 1;
  for (int64_t size : view.sizes) {
    count *= size;
  }
  return count;
}

int64_t Execution::byteOfElement(const View &view, int64_t number) {
  int64_t byte = view.offset;
  for (size_t dim = view.sizes.size(); dim-- > 0;) {
    byte += number % view.sizes[dim] * view.strides[dim] * view.elementBytes();
    number /= view.sizes[dim];
  }
  return byte;
}

View Execution::buffer(MemRefType type, ArrayRef<int64_t> sizes, const std::string &name) {
  View view;
  view.element = type.getElementType();
  view.sizes.assign(sizes.begin(), sizes.end());
  view.strides.assign(sizes.size(), 1);
  int64_t count = 1;
  for (size_t dim = sizes.size(); dim-- > 0;) {
    view.strides[dim] = count;
    count *= sizes[dim];
  }
  view.memory = std::make_shared<Memory>();
  view.memory->name = name;
  view.memory->bytes.resize(static_cast<size_t>(count * view.elementBytes()));
  return view;
}

View Execution::symbolicBuffer(MemRefType type, const std::string &name) {
  View view = buffer(type, type.getShape(), name);
  for (int64_t i = 0; i < elementCount(view); ++i) {
    store(view, byteOfElement(view, i), t.symbol(bitsOf(view.element), name + "[" + std::to_string(i) + "]"));
  }
  return view;
}

Lanes Execution::symbolicLanes(Type type, const std::string &name) {
  auto vector = dyn_cast<VectorType>(type);
  const int64_t count = vector ? vector.getNumElements() : 1;
  Lanes all;
  for (int64_t i = 0; i < count; ++i) {
    all.push_back(t.symbol(bitsOf(type), vector ? name + "[" + std::to_string(i) + "]" : name));
  }
  return all;
}

Term Execution::byteOf(Memory &memory, int64_t at) {
  Term &byte = memory.bytes[static_cast<size_t>(at)];
  if (!byte) {
    // May be anything: a result that depends on it is no result.
    byte = t.symbol(8, "what nothing was written to: " + memory.name + " byte " + std::to_string(at));
  }
  return byte;
}

Term Execution::load(const View &view, int64_t byte) {
  Term value = byteOf(*view.memory, byte);
  for (int64_t i = 1; i < view.elementBytes(); ++i) {
    value = t.concat(byteOf(*view.memory, byte + i), value);
  }
  return t.extract(value, 0, bitsOf(view.element));
}

void Execution::store(const View &view, int64_t byte, Term value) {
  value = t.resized(value, static_cast<unsigned>(8 * view.elementBytes()), /*isSigned=*/false);
  for (int64_t i = 0; i < view.elementBytes(); ++i) {
    view.memory->bytes[static_cast<size_t>(byte + i)] = t.extract(value, static_cast<unsigned>(8 * i), 8);
  }
}

FailureOr<int64_t> Execution::place(Operation *op, const View &view, ArrayRef<int64_t> index, int64_t run) {
  int64_t byte = view.offset;
  for (auto [i, stride] : llvm::zip_equal(index, view.strides)) {
    byte += i * stride * view.elementBytes();
  }
  // Vectors may go on behind a row: what counts is the buffer.
  const int64_t last = byte + run * view.elementBytes(),
                all = static_cast<int64_t>(view.memory->bytes.size());
  if (byte < 0 || last > all) {
    return op->emitOpError("accesses bytes ")
           << byte << " to " << last - 1 << " of " << view.memory->name << ", which has " << all;
  }
  return byte;
}

FailureOr<Term> Execution::lookUp(Operation *op, const View &view, Term index, Term isWanted) {
  constexpr int64_t kMost = 4096;
  if (view.sizes.size() != 1 || view.sizes[0] > kMost) {
    return op->emitOpError(
               "looks an element up by an index that the inputs decide, in a buffer that is not of one "
               "dimension with at most ")
           << kMost << " elements";
  }
  const int64_t count = view.sizes[0];
  index = t.resized(index, 64, /*isSigned=*/true);
  Term size = t.constant(64, static_cast<uint64_t>(count));
  Term isInside = t.compare(arith::CmpIPredicate::ult, index, size);
  require(op, "an index lies inside its buffer", t.choose(isWanted, isInside, t.constant(1, 1)));
  SmallVector<Term> elements;
  for (int64_t i = 0; i < count; ++i) {
    elements.push_back(load(view, byteOfElement(view, i)));
  }
  elements.resize(llvm::PowerOf2Ceil(static_cast<uint64_t>(count)), elements.back());
  return t.elementAt(elements, index);
}

FailureOr<View> Execution::subview(Operation *op, const View &source, ArrayRef<OpFoldResult> offsets,
                                   ArrayRef<OpFoldResult> sizes, ArrayRef<OpFoldResult> strides) {
  View part = source;
  part.sizes.clear();
  part.strides.clear();
  for (size_t dim = 0; dim < source.sizes.size(); ++dim) {
    FailureOr<int64_t> offset = numberOf(op, offsets[dim], "an offset"),
                       size = numberOf(op, sizes[dim], "a size"),
                       stride = numberOf(op, strides[dim], "a stride");
    if (failed(offset) || failed(size) || failed(stride)) {
      return failure();
    }
    part.offset += *offset * source.strides[dim] * source.elementBytes();
    part.sizes.push_back(*size);
    part.strides.push_back(*stride * source.strides[dim]);
  }
  return part;
}

LogicalResult Execution::runMemory(Operation *op, bool &isKnown) {
  if (auto alloc = dyn_cast<memref::AllocOp>(op); alloc || isa<memref::AllocaOp>(op)) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    FailureOr<SmallVector<int64_t>> dynamic = numbers(op, op->getOperands(), "a size");
    if (failed(dynamic)) {
      return failure();
    }
    SmallVector<int64_t> sizes(type.getShape());
    size_t next = 0;
    for (int64_t &size : sizes) {
      size = ShapedType::isDynamic(size) ? (*dynamic)[next++] : size;
    }
    setView(op->getResult(0), buffer(type, sizes, "a buffer"));
    return success();
  }
  if (isa<memref::DeallocOp, memref::PrefetchOp, memref::AssumeAlignmentOp>(op)) {
    if (op->getNumResults() == 1) {
      values[op->getResult(0)] = values[op->getOperand(0)];
    }
    return success();
  }
  if (auto loaded = dyn_cast<memref::LoadOp>(op)) {
    const View &from = view(loaded.getMemRef());
    if (loaded.getIndices().size() == 1 && !BitTerms::valueOf(lanes(loaded.getIndices()[0]).front())) {
      FailureOr<Term> term = lookUp(op, from, lanes(loaded.getIndices()[0]).front(), t.constant(1, 1));
      return failed(term) ? failure() : (set(loaded, {*term}), success());
    }
    FailureOr<SmallVector<int64_t>> index = numbers(op, loaded.getIndices(), "an index");
    FailureOr<int64_t> byte = failed(index) ? FailureOr<int64_t>() : place(op, from, *index);
    return failed(byte) ? failure() : (set(loaded, {load(from, *byte)}), success());
  }
  if (auto stored = dyn_cast<memref::StoreOp>(op)) {
    FailureOr<SmallVector<int64_t>> index = numbers(op, stored.getIndices(), "an index");
    FailureOr<int64_t> byte =
        failed(index) ? FailureOr<int64_t>() : place(op, view(stored.getMemRef()), *index);
    return failed(byte)
               ? failure()
               : (store(view(stored.getMemRef()), *byte, lanes(stored.getValue()).front()), success());
  }
  if (isa<memref::CastOp, memref::MemorySpaceCastOp>(op)) {
    values[op->getResult(0)] = values[op->getOperand(0)];
    return success();
  }
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    FailureOr<int64_t> index = number(op, dim.getIndex(), "a dimension");
    if (failed(index)) {
      return failure();
    }
    set(dim,
        {t.constant(64, static_cast<uint64_t>(view(dim.getSource()).sizes[static_cast<size_t>(*index)]))});
    return success();
  }
  if (auto bytes = dyn_cast<memref::ViewOp>(op)) {
    FailureOr<int64_t> shift = number(op, bytes.getByteShift(), "an offset");
    FailureOr<SmallVector<int64_t>> dynamic = numbers(op, bytes.getSizes(), "a size");
    if (failed(shift) || failed(dynamic)) {
      return failure();
    }
    SmallVector<int64_t> sizes(bytes.getType().getShape());
    size_t next = 0;
    for (int64_t &size : sizes) {
      size = ShapedType::isDynamic(size) ? (*dynamic)[next++] : size;
    }
    const View &source = view(bytes.getSource());
    View of = buffer(bytes.getType(), sizes, "");
    of.memory = source.memory;
    of.offset = source.offset + *shift;
    setView(bytes, std::move(of));
    return success();
  }
  if (auto part = dyn_cast<memref::SubViewOp>(op)) {
    FailureOr<View> of = subview(op, view(part.getSource()), part.getMixedOffsets(), part.getMixedSizes(),
                                 part.getMixedStrides());
    if (failed(of)) {
      return failure();
    }
    const llvm::SmallBitVector dropped = part.getDroppedDims();
    SmallVector<int64_t> sizes, strides;
    for (unsigned dim = 0; dim < of->sizes.size(); ++dim) {
      if (!dropped.test(dim)) {
        sizes.push_back(of->sizes[dim]);
        strides.push_back(of->strides[dim]);
      }
    }
    of->sizes = sizes;
    of->strides = strides;
    setView(part, std::move(*of));
    return success();
  }
  if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op)) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    const View &source = view(op->getOperand(0));
    int64_t packed = 1;
    for (size_t dim = source.sizes.size(); dim-- > 0; packed *= source.sizes[dim]) {
      if (source.sizes[dim] != 1 && source.strides[dim] != packed) {
        return op->emitOpError("changes the shape of elements that do not stand together");
      }
    }
    if (!type.hasStaticShape()) {
      return op->emitOpError("has a dynamic shape");
    }
    View of = buffer(type, type.getShape(), "");
    of.memory = source.memory;
    of.offset = source.offset;
    setView(op->getResult(0), std::move(of));
    return success();
  }
  isKnown = false;
  return success();
}
