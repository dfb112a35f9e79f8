#include "Emitter.h"

#include "coopt/NpuIsa/Effects.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::target;

namespace {

/// What a look-up sets.
void setLookup(npu::Entry &mode, npu::LookupOp op) {
  auto sums = cast<MemRefType>(op.getSums().getType());
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  (void)sums.getStridesAndOffset(strides, offset); // verified
  const int64_t bits = cast<MemRefType>(op.getPlanes().getType()).getDimSize(0) / sums.getDimSize(1);
  choose(mode, "w", "i" + std::to_string(bits));
  mode["acc_stride"].value = sums.getDimSize(0) == 1 ? 0 : 4 * strides[0];
}

/// What is looked up in the tables first.
npu::LookupOp lookupBehind(npu::TablesOp op) {
  npu::LookupOp found;
  for (Operation *next = op->getNextNode(); next && !found && !isa<npu::TablesOp>(next);
       next = next->getNextNode()) {
    next->walk([&](npu::LookupOp lookup) {
      found = lookup;
      return WalkResult::interrupt();
    });
  }
  return found;
}

} // namespace

npu::Entry Emitter::lookupMode(Operation *op, uint64_t group) {
  npu::Entry mode = instruction(op, "mxu.mode");
  const bool isKnown = matrix.known && npu::chosen(*matrix.known, "mode") == "lut";
  if (isKnown) {
    const uint32_t location = mode.location;
    mode = *matrix.known;
    mode.location = location;
  }
  choose(mode, "mode", "lut");
  mode["m"].value = static_cast<int64_t>(group);
  if (!isKnown) {
    choose(mode, "a", "i8");
    choose(mode, "w", "i8");
    choose(mode, "acc", "i32");
  }
  return mode;
}

LogicalResult Emitter::emitTables(npu::TablesOp op) {
  FailureOr<View> a = viewOf(op, op.getA());
  if (failed(a)) {
    return failure();
  }
  npu::Entry mode = lookupMode(op, op.getGroup());
  choose(mode, "a", *npu::typeName(cast<MemRefType>(op.getA().getType()).getElementType()));
  mode["a_stride"].value = strideOf(*a, 0);
  // The array finishes what it does before it takes other settings: those of the look-ups come along.
  if (npu::LookupOp lookup = lookupBehind(op)) {
    setLookup(mode, lookup);
  }
  emitMatrixMode(mode);
  npu::Entry tables = instruction(op, "mxu.tables");
  setAddress(tables, "from", *a);
  tables["depth"].value = cast<MemRefType>(op.getA().getType()).getDimSize(1);
  if (failed(setExtent(op, tables, "rows", a->extents[0]))) {
    return failure();
  }
  issue(op, std::move(tables));
  doneWith(*a);
  return success();
}

LogicalResult Emitter::emitLookup(npu::LookupOp op) {
  FailureOr<View> planes = viewOf(op, op.getPlanes()), sums = viewOf(op, op.getSums());
  if (failed(planes) || failed(sums)) {
    return failure();
  }
  npu::Entry mode = lookupMode(op, op.getGroup());
  setLookup(mode, op);
  emitMatrixMode(mode);
  npu::Entry lookup = instruction(op, "mxu.lookup");
  setAddress(lookup, "from", *planes);
  setAddress(lookup, "to", *sums);
  if (failed(setExtent(op, lookup, "rows", sums->extents[0]))) {
    return failure();
  }
  lookup["columns"].value = cast<MemRefType>(op.getSums().getType()).getDimSize(1);
  choose(lookup, "update", op.getAdd() ? "add" : "write");
  choose(lookup, "swap", "yes"); // of tables that are in use already that changes nothing
  issue(op, std::move(lookup));
  doneWith(*planes);
  doneWith(*sums);
  return success();
}
