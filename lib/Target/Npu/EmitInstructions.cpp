#include "Emitter.h"

#include "coopt/NpuIsa/Effects.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::target;

/// A memref is a buffer, or a view of one whose offset, extents and strides are said together (memref-expand-strided-metadata).
FailureOr<Emitter::View> Emitter::viewOf(Operation *at, Value memref) {
  while (auto same = memref.getDefiningOp<memref::CastOp>()) {
    memref = same.getSource();
  }
  auto type = cast<MemRefType>(memref.getType());
  View view;
  const int64_t bits = type.getElementTypeBitWidth();
  view.elementBytes = std::max<int64_t>(bits / 8, 1);
  SmallVector<OpFoldResult> extents;
  OpFoldResult offset = IntegerAttr::get(IndexType::get(at->getContext()), 0);
  Value root = memref;
  int64_t shift = 0; // of bytes that are viewed as elements first
  if (auto bytes = memref.getDefiningOp<memref::ViewOp>()) {
    // Of bytes, which may be elements of another type.
    offset = bytes.getByteShift();
    extents = mlir::getMixedValues(type.getShape(), bytes.getSizes(), at->getContext());
    root = bytes.getSource();
  } else if (auto cast = memref.getDefiningOp<memref::ReinterpretCastOp>()) {
    offset = cast.getConstifiedMixedOffset();
    extents = cast.getConstifiedMixedSizes();
    root = cast.getSource();
    if (auto base = root.getDefiningOp<memref::ExtractStridedMetadataOp>()) {
      root = base.getSource();
    }
    auto bytes = root.getDefiningOp<memref::ViewOp>();
    if (std::optional<int64_t> constant = bytes ? getConstantIntValue(bytes.getByteShift()) : std::nullopt) {
      shift = *constant;
      root = bytes.getSource();
    }
  } else {
    if (!type.hasStaticShape()) {
      return at->emitError("has a memref whose extents of run time no view says: ") << type;
    }
    for (int64_t extent : type.getShape()) {
      extents.push_back(IntegerAttr::get(IndexType::get(at->getContext()), extent));
    }
  }
  auto place = places.find(root);
  if (place == places.end()) {
    return at->emitError("has a memref that is neither a buffer nor a plain view of one: ") << type;
  }
  int64_t ignored = 0;
  if (failed(type.getStridesAndOffset(view.strides, ignored)) ||
      llvm::any_of(view.strides, ShapedType::isDynamic)) {
    return at->emitError("has a memref without static strides: ") << type;
  }
  for (int64_t &stride : view.strides) {
    stride = stride * bits / 8;
  }
  view.space = place->second.space;
  FailureOr<Number> first = numberOf(at, offset);
  if (succeeded(first) && bits < 8 && !memref.getDefiningOp<memref::ViewOp>()) {
    if (!first->isConstant() || first->value * bits % 8 != 0) {
      return at->emitError("has elements that do not begin at a whole byte: ") << type;
    }
    first = Number::of(first->value * bits / 8);
  } else if (succeeded(first) && !memref.getDefiningOp<memref::ViewOp>()) {
    first = registers.apply(at, "mul", *first, Number::of(view.elementBytes));
  }
  if (failed(first)) {
    return failure();
  }
  view.address = *first;
  if (first->isConstant()) {
    view.address = Number::of(first->value + place->second.address + shift);
  } else {
    view.address.value = place->second.address + shift; // the entry adds its register
  }
  for (OpFoldResult extent : extents) {
    FailureOr<Number> number = numberOf(at, extent);
    if (failed(number)) {
      return failure();
    }
    view.extents.push_back(*number);
  }
  return view;
}

void Emitter::doneWith(const View &view) { registers.done(view.address); }

npu::Entry Emitter::instruction(Operation *op, std::string_view mnemonic) {
  npu::Entry entry = npu::entryOf(*npu::find(mnemonic));
  entry.location = locationOf(op);
  if (std::optional<npu::EngineUse> use = npu::engineOf(op)) {
    entry.channel = static_cast<uint8_t>(use->channel);
  }
  return entry;
}

namespace {

/// What the op waits for, and what it signals.
template <size_t count>
void copySemaphores(Operation *op, StringRef name, std::array<npu::SemaphoreUse, count> &uses) {
  if (auto pairs = op->getAttrOfType<DenseI64ArrayAttr>(name)) {
    for (size_t i = 0; 2 * i + 1 < static_cast<size_t>(pairs.size()) && i < count; ++i) {
      uses[i] = {static_cast<uint8_t>(pairs[static_cast<int64_t>(2 * i)]),
                 static_cast<uint8_t>(pairs[static_cast<int64_t>(2 * i + 1)])};
    }
  }
}
void waitsOf(Operation *op, npu::Entry &entry) { copySemaphores(op, "waits", entry.waits); }
void signalsOf(Operation *op, npu::Entry &entry) { copySemaphores(op, "signals", entry.signals); }

bool isOne(const Number &number) { return number.isConstant() && number.value == 1; }

} // namespace

void Emitter::setAddress(npu::Entry &entry, std::string_view field, const View &view) {
  entry[field].space = view.space;
  entry[field].value = view.address.value;
  entry[field].reg = view.address.reg;
}

LogicalResult Emitter::setExtent(Operation *op, npu::Entry &entry, std::string_view field, Number number) {
  if (number.isConstant()) {
    entry[field].value = number.value;
    return success();
  }
  if (number.range.most > UINT32_MAX) {
    return op->emitError("has an extent without a bound");
  }
  entry[field].value = std::max<int64_t>(number.range.most, 0);
  entry[field].reg = number.reg;
  return success();
}

bool Emitter::emitMode(std::optional<npu::Entry> &known, npu::Entry entry) {
  const uint32_t location = entry.location;
  entry.location = 0;
  if (known && *known == entry) {
    return false;
  }
  known = entry;
  entry.location = location;
  push(entry);
  return true;
}

void Emitter::emitMatrixMode(npu::Entry entry) {
  if (emitMode(matrix.known, std::move(entry))) {
    ++matrix.count;
  } else {
    matrix.areNeeded |= matrix.count == 0;
  }
}

void Emitter::issue(Operation *op, npu::Entry entry) {
  waitsOf(op, entry);
  signalsOf(op, entry);
  push(std::move(entry));
}

int64_t Emitter::strideOf(const View &view, unsigned dimension) const {
  return isOne(view.extents[dimension]) ? 0 : view.strides[dimension];
}

LogicalResult Emitter::emitInstruction(Operation &op) {
  if (auto copy = dyn_cast<npu::CopyOp>(op)) {
    return emitCopy(copy);
  }
  if (auto fill = dyn_cast<npu::FillOp>(op)) {
    return emitFill(fill);
  }
  if (auto matmul = dyn_cast<npu::MatmulOp>(op)) {
    return emitMatmul(matmul);
  }
  if (auto tables = dyn_cast<npu::TablesOp>(op)) {
    return emitTables(tables);
  }
  if (auto lookup = dyn_cast<npu::LookupOp>(op)) {
    return emitLookup(lookup);
  }
  if (auto map = dyn_cast<npu::MapOp>(op)) {
    return emitMap(map);
  }
  if (auto reduce = dyn_cast<npu::ReduceOp>(op)) {
    return emitReduce(reduce);
  }
  if (auto load = dyn_cast<npu::LoadOp>(op)) {
    return emitLoad(load);
  }
  if (auto sync = dyn_cast<npu::SyncOp>(op)) {
    return emitSync(sync);
  }
  if (auto gather = dyn_cast<npu::GatherOp>(op)) {
    return emitGather(gather);
  }
  if (auto select = dyn_cast<npu::SelectOp>(op)) {
    return emitSelect(select);
  }
  if (auto route = dyn_cast<npu::RouteOp>(op)) {
    return emitRoute(route);
  }
  issue(&op, instruction(&op, "fence"));
  return success();
}

LogicalResult Emitter::emitCopy(npu::CopyOp op) {
  FailureOr<View> from = viewOf(op, op.getSource()), to = viewOf(op, op.getTarget());
  if (failed(from) || failed(to)) {
    return failure();
  }
  // Dimensions from the innermost on; those that lie side by side in both are one.
  Number bytes = Number::of(from->elementBytes);
  SmallVector<Step> steps;
  for (size_t d = from->extents.size(); d-- > 0;) {
    const Number extent = to->extents[d].isConstant() ? to->extents[d] : from->extents[d];
    if (isOne(extent)) {
      continue;
    }
    Step step{extent, from->strides[d], to->strides[d]};
    if (steps.empty() && bytes.isConstant() && step.from == bytes.value && step.to == bytes.value) {
      FailureOr<Number> product = registers.apply(op, "mul", extent, bytes);
      if (failed(product)) {
        return failure();
      }
      bytes = *product;
      continue;
    }
    if (!steps.empty() && steps.back().extent.isConstant() && extent.isConstant() &&
        step.from == steps.back().from * steps.back().extent.value &&
        step.to == steps.back().to * steps.back().extent.value) {
      steps.back().extent = Number::of(steps.back().extent.value * extent.value);
      continue;
    }
    steps.push_back(step);
  }
  // One extent may be a register's: that of dimension 1.
  auto ofRunTime = llvm::find_if(steps, [](const Step &step) { return !step.extent.isConstant(); });
  if (ofRunTime != steps.end()) {
    std::rotate(steps.begin(), ofRunTime, ofRunTime + 1);
  }
  LogicalResult result = emitSteps(op, *from, *to, steps, bytes);
  registers.done(bytes);
  doneWith(*from);
  doneWith(*to);
  return result;
}

LogicalResult Emitter::emitSteps(npu::CopyOp op, const View &from, const View &to, ArrayRef<Step> steps,
                                 Number bytes) {
  const bool areKnown = llvm::all_of(steps.drop_front(steps.empty() ? 0 : 1),
                                     [](const Step &step) { return step.extent.isConstant(); });
  if (steps.size() > 4 || !areKnown) {
    return op.emitOpError("has more dimensions, or more of them with extents of run time, than a descriptor");
  }
  npu::Entry copy = instruction(op, "dma.copy");
  if (steps.size() > 1) {
    npu::Entry shape = instruction(op, "dma.shape");
    static constexpr const char *names[] = {"2", "3", "4"};
    for (size_t i = 0; i < 3; ++i) {
      const bool isThere = i + 1 < steps.size();
      const std::string suffix = names[i];
      if (isThere && steps[i + 1].extent.value > UINT16_MAX) {
        return op.emitOpError("has an extent that no descriptor can say: ") << steps[i + 1].extent.value;
      }
      shape["count" + suffix].value = isThere ? steps[i + 1].extent.value : 1;
      shape["from" + suffix].value = isThere ? steps[i + 1].from : 0;
      shape["to" + suffix].value = isThere ? steps[i + 1].to : 0;
    }
    emitMode(shapes[copy.channel], shape);
    choose(copy, "shaped", "yes");
  }
  setAddress(copy, "to", to);
  setAddress(copy, "from", from);
  if (failed(setExtent(op, copy, "bytes", bytes)) ||
      failed(setExtent(op, copy, "count", steps.empty() ? Number::of(1) : steps[0].extent))) {
    return failure();
  }
  copy["from1"].value = steps.empty() ? 0 : steps[0].from;
  copy["to1"].value = steps.empty() ? 0 : steps[0].to;
  waitsOf(op, copy);
  signalsOf(op, copy);
  push(copy);
  return success();
}

LogicalResult Emitter::emitFill(npu::FillOp op) {
  FailureOr<View> to = viewOf(op, op.getTarget());
  if (failed(to)) {
    return failure();
  }
  Number bytes = Number::of(to->elementBytes), count = Number::of(1);
  int64_t stride = 0;
  for (size_t d = to->extents.size(); d-- > 0;) {
    const Number extent = to->extents[d];
    if (isOne(extent)) {
      continue;
    }
    const bool isInside = isOne(count) && bytes.isConstant() && to->strides[d] == bytes.value;
    if (!isInside && !isOne(count)) {
      return op.emitOpError("has more than two dimensions that are not side by side");
    }
    FailureOr<Number> product =
        isInside ? registers.apply(op, "mul", extent, bytes) : FailureOr<Number>(extent);
    if (failed(product)) {
      return failure();
    }
    (isInside ? bytes : count) = *product;
    stride = isInside ? stride : to->strides[d];
  }
  npu::Entry fill = instruction(op, "dma.fill");
  setAddress(fill, "to", *to);
  if (failed(setExtent(op, fill, "bytes", bytes)) || failed(setExtent(op, fill, "count", count))) {
    return failure();
  }
  fill["to1"].value = stride;
  fill["value"].value = op.getValue();
  waitsOf(op, fill);
  signalsOf(op, fill);
  push(fill);
  registers.done(bytes);
  doneWith(*to);
  return success();
}

LogicalResult Emitter::emitMatmul(npu::MatmulOp op) {
  FailureOr<View> a = viewOf(op, op.getA()), w = viewOf(op, op.getW()), sums = viewOf(op, op.getSums());
  if (failed(a) || failed(w) || failed(sums)) {
    return failure();
  }
  // What has places of its own in the array: the tile of weights, or that of sums.
  const bool isStationary = op.getMode() == "ws" || op.getMode() == "nm";
  const std::optional<npu::KeptAttr> kept = op.getKept();
  const Number rows = isStationary ? w->extents[0] : a->extents[0],
               columns = kept ? sums->extents[1] : w->extents[1];
  if (!rows.isConstant() || !columns.isConstant()) {
    return op.emitOpError("has a tile of ")
           << (isStationary ? "weights" : "sums") << " whose extents are known at run time only";
  }
  npu::Entry mode = instruction(op, "mxu.mode");
  choose(mode, "mode", std::string_view(op.getMode()));
  auto type = [&](const char *field, Type of) {
    choose(mode, field, *npu::typeName(getElementTypeOrSelf(of)));
  };
  type("a", op.getA().getType());
  type("w", kept ? kept->getType() : op.getW().getType());
  type("acc", op.getSums().getType());
  if (kept) {
    mode["n"].value = kept->getN();
    mode["m"].value = kept->getM();
  }
  mode["a_stride"].value = strideOf(*a, 0);
  mode["w_stride"].value = strideOf(*w, 0);
  mode["acc_stride"].value = strideOf(*sums, 0);
  if (std::optional<ArrayRef<int64_t>> slices = op.getSlices()) {
    mode["a_slice"].value = slices->front();
    mode["w_slice"].value = slices->back();
  }
  emitMatrixMode(mode);
  npu::Entry first = instruction(op, isStationary ? "mxu.weights" : "mxu.multiply");
  npu::Entry last = instruction(op, isStationary ? "mxu.stream" : "mxu.drain");
  setAddress(first, isStationary ? "from" : "w", *w);
  setAddress(isStationary ? last : first, isStationary ? "from" : "a", *a);
  setAddress(last, "to", *sums);
  const Number streamed = isStationary ? a->extents[0] : a->extents[1];
  if (failed(setExtent(op, isStationary ? last : first, isStationary ? "rows" : "depth", streamed))) {
    return failure();
  }
  first["rows"].value = rows.value;
  first["columns"].value = columns.value;
  if (isStationary) {
    choose(last, "swap", "yes");
  } else {
    choose(first, "update", "write");
    last["rows"].value = rows.value;
    last["columns"].value = columns.value;
  }
  choose(last, "update", op.getAdd() ? "add" : "write");
  waitsOf(op, first);
  push(first);
  signalsOf(op, last);
  push(last);
  for (const View &view : {*a, *w, *sums}) {
    doneWith(view);
  }
  return success();
}

LogicalResult Emitter::emitMap(npu::MapOp op) {
  FailureOr<View> to = viewOf(op, op.getTarget());
  if (failed(to)) {
    return failure();
  }
  npu::Entry mode = instruction(op, "vec.mode"), map = instruction(op, "vec.map");
  auto type = [&](const char *field, Value of) {
    choose(mode, field, *npu::typeName(cast<MemRefType>(of.getType()).getElementType()));
  };
  type("to", op.getTarget());
  mode["to_stride"].value = strideOf(*to, 0);
  setAddress(map, "to", *to);
  static constexpr const char *names[] = {"a", "b", "c"};
  SmallVector<View> views = {*to};
  for (auto [number, input] : llvm::enumerate(op.getInputs())) {
    FailureOr<View> view = viewOf(op, input);
    if (failed(view)) {
      return failure();
    }
    const std::string name = names[number];
    type(names[number], input);
    mode[name + "_stride"].value = strideOf(*view, 0);
    setAddress(map, name, *view);
    if (number > 0) {
      const bool isOneRow = isOne(view->extents[0]) && !isOne(to->extents[0]),
                 isOneColumn = isOne(view->extents[1]) && !isOne(to->extents[1]);
      choose(mode, name + "_broadcast",
             isOneRow && isOneColumn ? "scalar"
             : isOneRow              ? "row"
             : isOneColumn           ? "column"
                                     : "none");
    }
    views.push_back(*view);
  }
  // What a function doesn't read still has to be of a type and in a memory.
  for (size_t number = op.getInputs().size(); number < 3; ++number) {
    setAddress(map, names[number], *to);
    type(names[number], op.getTarget());
  }
  emitMode(vectorMode, mode);
  choose(map, "function", std::string_view(op.getFunction()));
  if (failed(setExtent(op, map, "rows", to->extents[0])) ||
      failed(setExtent(op, map, "columns", to->extents[1]))) {
    return failure();
  }
  waitsOf(op, map);
  signalsOf(op, map);
  push(map);
  for (const View &view : views) {
    doneWith(view);
  }
  return success();
}

LogicalResult Emitter::emitReduce(npu::ReduceOp op) {
  FailureOr<View> from = viewOf(op, op.getInput()), to = viewOf(op, op.getTarget());
  if (failed(from) || failed(to)) {
    return failure();
  }
  npu::Entry mode = instruction(op, "vec.mode"), reduce = instruction(op, "vec.reduce");
  auto type = [&](const char *field, Value of) {
    choose(mode, field, *npu::typeName(cast<MemRefType>(of.getType()).getElementType()));
  };
  type("to", op.getTarget());
  for (const char *field : {"a", "b", "c"}) {
    type(field, op.getInput());
  }
  mode["to_stride"].value = strideOf(*to, 0);
  mode["a_stride"].value = strideOf(*from, 0);
  emitMode(vectorMode, mode);
  setAddress(reduce, "to", *to);
  setAddress(reduce, "a", *from);
  choose(reduce, "function", std::string_view(op.getFunction()));
  if (failed(setExtent(op, reduce, "rows", from->extents[0])) ||
      failed(setExtent(op, reduce, "columns", from->extents[1]))) {
    return failure();
  }
  waitsOf(op, reduce);
  signalsOf(op, reduce);
  push(reduce);
  doneWith(*from);
  doneWith(*to);
  return success();
}

LogicalResult Emitter::emitLoad(npu::LoadOp op) {
  FailureOr<View> from = viewOf(op, op.getSource());
  if (failed(from)) {
    return failure();
  }
  doneWith(*from);
  FailureOr<uint8_t> reg = registers.take(op);
  if (failed(reg)) {
    return failure();
  }
  npu::Entry load = instruction(op, "load");
  load["to"].reg = *reg;
  setAddress(load, "from", *from);
  choose(load, "type", *npu::typeName(cast<MemRefType>(op.getSource().getType()).getElementType()));
  load["bound"].value = op.getBound();
  waitsOf(op, load);
  signalsOf(op, load);
  push(load);
  bind(op.getResult(), Number{0, *reg, {0, static_cast<int64_t>(op.getBound())}, true});
  return success();
}

LogicalResult Emitter::emitSync(npu::SyncOp op) {
  const StringRef engine = op.getEngine();
  npu::Entry sync = instruction(op, engine == "matrix"   ? "mxu.sync"
                                    : engine == "vector" ? "vec.sync"
                                    : engine == "topk"   ? "topk.sync"
                                                         : "dma.sync");
  waitsOf(op, sync);
  signalsOf(op, sync);
  push(sync);
  return success();
}
