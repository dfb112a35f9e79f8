//===- AttentionOps.cpp - Operations of the attention dialect ---------------===//
#include "dialects/Attention/IR/Attention.h"

#include "coopt/Numerics/FixedAttention.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt::attention;
using coopt::model::kWholeDimension;
using coopt::numerics::kLongestWindow;

using Effects = SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// The key/value heads of a state, of which ops on its buffer must tell the number (C8).
static FailureOr<int64_t> verifyHeads(Operation *op, Type state, std::optional<int64_t> heads) {
  if (auto type = dyn_cast<StateType>(state)) {
    if (heads) {
      return op->emitOpError() << "expected no 'heads' with a state, whose type has them";
    }
    return type.getHeads();
  }
  if (!heads || *heads < 1) {
    return op->emitOpError() << "expected a positive number of 'heads' with the state's buffer";
  }
  return *heads;
}

/// How a state or buffer is coded; `stored` is what an op says about a buffer.
static CodedType codedOf(Type state, std::optional<Type> stored) {
  auto type = dyn_cast<StateType>(state);
  return type ? type.getCoded() : stored ? cast<CodedType>(*stored) : CodedType();
}

/// That buffers of bytes, and no others, are told about (C12).
static LogicalResult verifyStored(Operation *op, Type state, std::optional<Type> stored, int64_t headSize) {
  auto buffer = dyn_cast<MemRefType>(state);
  bool isBytes = buffer && buffer.getElementType().isInteger(8);
  if (isBytes != stored.has_value()) {
    return op->emitOpError() << "expected " << (isBytes ? "what is" : "no") << " 'stored' with " << state;
  }
  if (!isBytes) {
    return success();
  }
  if (headSize < 1 || headSize > 65536) {
    return op->emitOpError() << "expected a head size from 1 to 65536 with codes, got " << headSize;
  }
  coopt::numerics::CodedCache cache = cast<CodedType>(*stored).getCache(headSize);
  if (failed(coopt::model::verifySameExtent(op, cache.positionBytes(), buffer.getDimSize(2),
                                            "bytes of a position"))) {
    return failure();
  }
  int64_t positions = buffer.getDimSize(1), blocks = positions - cache.keptPositions();
  if (!ShapedType::isDynamic(positions) && (blocks < cache.group || blocks % cache.group != 0)) {
    return op->emitOpError() << "expected " << cache.keptPositions() << " positions and blocks of "
                             << cache.group << ", got " << positions << " positions";
  }
  return success();
}

/// That the layer is one of the state's (C3), and that heads and head size, where known, are the state's.
static LogicalResult verifyState(Operation *op, Type state, int64_t layer, int64_t heads, int64_t headSize) {
  int64_t layers = ShapedType::kDynamic, stateHeadSize = ShapedType::kDynamic;
  if (auto type = dyn_cast<StateType>(state)) {
    layers = type.getLayers();
    stateHeadSize = type.getHeadSize();
    if (heads != type.getHeads()) {
      return op->emitOpError() << "expected the state's " << type.getHeads() << " key/value heads, got "
                               << heads;
    }
  } else {
    auto buffer = cast<MemRefType>(state);
    // The bytes of codes do not tell their number.
    stateHeadSize = buffer.getElementType().isInteger(8) ? headSize : buffer.getDimSize(2);
    if (!buffer.isDynamicDim(0)) {
      if (heads < 1 || buffer.getDimSize(0) % 2 != 0 || buffer.getDimSize(0) / 2 % heads != 0) {
        return op->emitOpError() << "expected slabs of keys and values for " << heads << " heads, got "
                                 << buffer.getDimSize(0) << " slabs";
      }
      layers = buffer.getDimSize(0) / 2 / heads;
    }
  }
  if (layer < 0 || (!ShapedType::isDynamic(layers) && layer >= layers)) {
    InFlightDiagnostic diagnostic = op->emitOpError() << "expected a layer of the state";
    if (!ShapedType::isDynamic(layers)) {
      diagnostic << ", which has " << layers;
    }
    return diagnostic << ", got layer " << layer;
  }
  if (ShapedType::isDynamic(headSize) || ShapedType::isDynamic(stateHeadSize)) {
    return success();
  }
  return coopt::model::verifySameExtent(op, stateHeadSize, headSize, "head size");
}

void coopt::attention::describeBuffer(Operation *op, StateType state) {
  auto stored = state.getCoded() ? TypeAttr::get(state.getCoded()) : TypeAttr();
  if (auto append = dyn_cast<AppendOp>(op)) {
    append.setStoredAttr(stored);
  } else if (auto attend = dyn_cast<AttendOp>(op)) {
    attend.setHeads(state.getHeads());
    attend.setStoredAttr(stored);
  } else if (auto read = dyn_cast<ReadOp>(op)) {
    read.setHeads(state.getHeads());
    read.setStoredAttr(stored);
    if (stored) {
      read.setHeadSize(state.getHeadSize());
    }
  }
}

CodedType AppendOp::getCoded() { return codedOf(getState().getType(), getStored()); }
CodedType AttendOp::getCoded() { return codedOf(getState().getType(), getStored()); }
CodedType ReadOp::getCoded() { return codedOf(getState().getType(), getStored()); }

int64_t ReadOp::getCodedHeadSize() {
  auto state = dyn_cast<StateType>(getState().getType());
  return state ? state.getHeadSize() : static_cast<int64_t>(*getHeadSize());
}

unsigned AppendOp::getNumTiledLoops() {
  CodedType coded = getCoded();
  return coded && coded.getResidual() > 0 ? 0 : 1;
}

SmallVector<int64_t> AppendOp::getOperandLoops(OpOperand &operand) {
  int64_t positions = getNumTiledLoops() == 0 ? kWholeDimension : 0;
  return operand.getOperandNumber() < 2 ? SmallVector<int64_t>{positions, kWholeDimension, kWholeDimension}
                                        : SmallVector<int64_t>{};
}

void AppendOp::getEffects(Effects &effects) {
  for (OpOperand *input : {&getKeysMutable(), &getValuesMutable()}) {
    if (isa<MemRefType>(input->get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), input);
    }
  }
  if (isa<MemRefType>(getState().getType())) {
    if (getNumTiledLoops() == 0) {
      effects.emplace_back(MemoryEffects::Read::get(), &getStateMutable());
    }
    effects.emplace_back(MemoryEffects::Write::get(), &getStateMutable());
  }
}

LogicalResult AppendOp::verify() {
  ShapedType keys = getKeys().getType(), values = getValues().getType();
  if (isa<MemRefType>(keys) != isa<MemRefType>(values)) {
    return emitOpError() << "expected keys and values that are both tensors or both memrefs, got " << keys
                         << " and " << values;
  }
  if (keys.getShape() != values.getShape() || keys.isDynamicDim(1) || keys.isDynamicDim(2)) {
    return emitOpError() << "expected keys and values of one shape, static but for the positions, got "
                         << keys << " and " << values;
  }
  bool isState = isa<StateType>(getState().getType());
  if (isState != (getResult() != Value()) || (isState && getResult().getType() != getState().getType())) {
    return emitOpError() << "expected "
                         << (isState ? "one result of the state's type"
                                     : "no result with the state's buffer");
  }
  if (failed(verifyStored(*this, getState().getType(), getStored(), keys.getDimSize(2)))) {
    return failure();
  }
  return verifyState(*this, getState().getType(), getLayer(), keys.getDimSize(1), keys.getDimSize(2));
}

SmallVector<int64_t> AttendOp::getOperandLoops(OpOperand &operand) {
  bool sliced = &operand == &getQMutable() || &operand == &getInitMutable();
  return sliced ? SmallVector<int64_t>{0, 1, kWholeDimension} : SmallVector<int64_t>{};
}

LogicalResult AttendOp::verify() {
  ShapedType q = getQ().getType(), init = getInit().getType();
  for (int64_t d = 0; d < 3; ++d) {
    if (failed(coopt::model::verifySameExtent(*this, q.getDimSize(d), init.getDimSize(d),
                                              "extent " + std::to_string(d) + " of the init"))) {
      return failure();
    }
  }
  if (q.isDynamicDim(2) || init.isDynamicDim(2)) {
    return emitOpError() << "expected a static head size, got " << q << " and " << init;
  }
  if (getHeadsPerGroup() < 1) {
    return emitOpError() << "expected a positive number of heads per group, got " << getHeadsPerGroup();
  }
  if (!getScale().isFinite()) {
    return emitOpError() << "expected a finite scale";
  }
  if (getCap() && (!getCap()->isFiniteNonZero() || getCap()->isNegative())) {
    return emitOpError() << "expected a positive, finite cap";
  }
  auto isCount = [](uint64_t positions) { return positions >= 1 && positions <= kLongestWindow; };
  if (getWindow() && !isCount(*getWindow())) {
    return emitOpError() << "expected a window of 1 .. " << kLongestWindow << " keys, got "
                         << static_cast<int64_t>(*getWindow());
  }
  if (getSinks() && !isCount(*getSinks())) {
    return emitOpError() << "expected 1 .. " << kLongestWindow << " sinks, got "
                         << static_cast<int64_t>(*getSinks());
  }
  if (getSinks() && !getWindow()) {
    return emitOpError() << "expected a window beside sinks: without one all keys are seen";
  }
  FailureOr<int64_t> heads = verifyHeads(*this, getState().getType(), getHeads());
  if (failed(heads) || failed(verifyStored(*this, getState().getType(), getStored(), q.getDimSize(2))) ||
      failed(verifyState(*this, getState().getType(), getLayer(), *heads, q.getDimSize(2)))) {
    return failure();
  }
  int64_t perGroup = getHeadsPerGroup();
  if (!q.isDynamicDim(1) && llvm::divideCeil(q.getDimSize(1), perGroup) > static_cast<uint64_t>(*heads)) {
    return emitOpError() << "expected at most " << *heads << " groups of " << perGroup << " query heads, got "
                         << q.getDimSize(1) << " heads";
  }
  return coopt::model::verifyStructuredForm(*this, {&getStateMutable()});
}

void ReadOp::getEffects(Effects &effects) {
  if (isa<MemRefType>(getState().getType())) {
    effects.emplace_back(MemoryEffects::Read::get(), &getStateMutable());
  }
}

LogicalResult ReadOp::verify() {
  FailureOr<int64_t> heads = verifyHeads(*this, getState().getType(), getHeads());
  int64_t headSize = static_cast<int64_t>(getHeadSize().value_or(0));
  if (failed(heads) || failed(verifyStored(*this, getState().getType(), getStored(), headSize))) {
    return failure();
  }
  if (getHeadSize() && !getStored()) {
    return emitOpError() << "expected no 'head_size' with " << getState().getType();
  }
  CodedType coded = getCoded();
  if ((coded && coded.getResidual() > 0) != static_cast<bool>(getQuery())) {
    return emitOpError() << "expected "
                         << (getQuery() ? "no position 'from' which it is read without a residual"
                                        : "the position 'from' which a residual is read");
  }
  return verifyState(*this, getState().getType(), getLayer(), *heads, ShapedType::kDynamic);
}
