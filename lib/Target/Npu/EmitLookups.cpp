#include "Emitter.h"

#include "coopt/NpuIsa/Effects.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::target;

npu::Entry Emitter::lookupMode(Operation *op, uint64_t group) {
  npu::Entry mode = instruction(op, "mxu.mode");
  const bool isKnown = matrixMode && npu::chosen(*matrixMode, "mode") == "lut";
  if (isKnown) {
    const uint32_t location = mode.location;
    mode = *matrixMode;
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
  emitMode(matrixMode, mode);
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
  const int64_t columns = cast<MemRefType>(op.getSums().getType()).getDimSize(1),
                bits = cast<MemRefType>(op.getPlanes().getType()).getDimSize(0) / columns;
  npu::Entry mode = lookupMode(op, op.getGroup());
  choose(mode, "w", "i" + std::to_string(bits));
  mode["acc_stride"].value = strideOf(*sums, 0);
  emitMode(matrixMode, mode);
  npu::Entry lookup = instruction(op, "mxu.lookup");
  setAddress(lookup, "from", *planes);
  setAddress(lookup, "to", *sums);
  if (failed(setExtent(op, lookup, "rows", sums->extents[0]))) {
    return failure();
  }
  lookup["columns"].value = columns;
  choose(lookup, "update", op.getAdd() ? "add" : "write");
  choose(lookup, "swap", "yes"); // of tables that are in use already that changes nothing
  issue(op, std::move(lookup));
  doneWith(*planes);
  doneWith(*sums);
  return success();
}
