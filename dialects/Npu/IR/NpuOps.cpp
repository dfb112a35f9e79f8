//===- NpuOps.cpp - Operations of the npu dialect ----------------------------===//
#include "dialects/Npu/IR/Npu.h"

#include "coopt/Machine/Npu.h"
#include "coopt/NpuIsa/Effects.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

#define GET_OP_CLASSES
#include "dialects/Npu/IR/NpuOps.cpp.inc"

Space npu::spaceOf(MemRefType type) {
  auto space = dyn_cast_or_null<MemorySpaceAttr>(type.getMemorySpace());
  return space ? static_cast<Space>(space.getValue()) : Space::Dram;
}

Value npu::rootOf(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    if (auto view = dyn_cast<ViewLikeOpInterface>(op)) {
      memref = view.getViewSource();
    } else if (auto metadata = dyn_cast<memref::ExtractStridedMetadataOp>(op)) {
      memref = metadata.getSource();
    } else {
      break;
    }
  }
  return memref;
}

MemRefType npu::typeIn(Space space, ArrayRef<int64_t> shape, Type element) {
  Attribute attribute;
  if (space != Space::Dram) {
    attribute = MemorySpaceAttr::get(element.getContext(), static_cast<MemorySpace>(space));
  }
  return MemRefType::get(shape, element, MemRefLayoutAttrInterface(), attribute);
}

std::optional<std::string> npu::typeName(Type element) {
  if (element.isInteger(1) || element.isInteger(2) || element.isInteger(4) || element.isInteger(8) ||
      element.isInteger(16) || element.isInteger(32)) {
    return "i" + std::to_string(element.getIntOrFloatBitWidth());
  }
  return llvm::TypeSwitch<Type, std::optional<std::string>>(element)
      .Case([](Float32Type) { return "f32"; })
      .Case([](Float16Type) { return "f16"; })
      .Case([](BFloat16Type) { return "bf16"; })
      .Case([](Float8E4M3FNType) { return "f8e4m3fn"; })
      .Case([](Float8E5M2Type) { return "f8e5m2"; })
      .Default([](Type) { return std::nullopt; });
}

std::optional<EngineUse> npu::engineOf(Operation *op) {
  auto dma = [](int64_t channel) { return EngineUse{Engine::Dma, static_cast<unsigned>(channel)}; };
  return llvm::TypeSwitch<Operation *, std::optional<EngineUse>>(op)
      .Case<CopyOp, FillOp, GatherOp>([&](auto of) { return dma(of.getChannel()); })
      .Case<MatmulOp, TablesOp, LookupOp>([](auto) { return EngineUse{Engine::Matrix, 0}; })
      .Case<MapOp, ReduceOp>([](auto) { return EngineUse{Engine::Vector, 0}; })
      .Case<SelectOp, RouteOp>([](auto) { return EngineUse{Engine::TopK, 0}; })
      .Case<LoadOp, FenceOp>([](auto) { return EngineUse{Engine::Control, 0}; })
      .Case([&](SyncOp sync) -> std::optional<EngineUse> {
        return sync.getEngine() == "matrix"   ? EngineUse{Engine::Matrix, 0}
               : sync.getEngine() == "vector" ? EngineUse{Engine::Vector, 0}
               : sync.getEngine() == "topk"   ? EngineUse{Engine::TopK, 0}
                                              : dma(sync.getChannel());
      })
      .Default([](Operation *) { return std::nullopt; });
}

bool npu::isProduct(Operation *op) { return isa<MatmulOp, TablesOp, LookupOp>(op); }

Value npu::weightsOf(Operation *op) {
  auto matmul = dyn_cast<MatmulOp>(op);
  auto lookup = dyn_cast<LookupOp>(op);
  return matmul ? matmul.getW() : lookup ? lookup.getPlanes() : Value();
}

namespace {

MemRefType memrefOf(Value value) { return cast<MemRefType>(value.getType()); }

/// C1: waits and signals are pairs of a semaphore of the machine and a positive count, at most as many as an entry has.
LogicalResult verifySemaphores(Operation *op, std::optional<ArrayRef<int64_t>> pairs, StringRef what,
                               size_t most) {
  if (!pairs) {
    return success();
  }
  if (pairs->size() % 2 != 0 || pairs->size() / 2 > most) {
    return op->emitOpError("expected '")
           << what << "' to be at most " << most << " pairs of a semaphore and a count";
  }
  for (size_t i = 0; i < pairs->size(); i += 2) {
    const int64_t semaphore = (*pairs)[i], count = (*pairs)[i + 1];
    if (semaphore < 0 || semaphore >= kSemaphores || count < 1 || count > 255) {
      return op->emitOpError("expected '") << what << "' to name semaphores 0 to " << kSemaphores - 1
                                           << " and counts 1 to 255, got " << semaphore << ", " << count;
    }
  }
  return success();
}

template <typename OpType>
LogicalResult verifyCommon(OpType op) {
  return failure(failed(verifySemaphores(op, op.getWaits(), "waits", 3)) ||
                 failed(verifySemaphores(op, op.getSignals(), "signals", 2)));
}

LogicalResult verifyChannel(Operation *op, int64_t channel) {
  return channel >= 0 && channel < kChannels
             ? success()
             : op->emitOpError("expected a channel from 0 to ") << kChannels - 1 << ", got " << channel;
}

/// Strides that the instruction can name, the last of them 1 where rows are said to lie side by side.
LogicalResult verifyMatrix(Operation *op, Value value, StringRef what, ArrayRef<Space> spaces) {
  MemRefType type = memrefOf(value);
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (type.getRank() != 2 || failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(strides[0]) || (strides[1] != 1 && type.getDimSize(1) != 1)) {
    return op->emitOpError("expected ")
           << what << " to be a matrix with static strides, elements of a row side by side, got " << type;
  }
  if (!typeName(type.getElementType()) ||
      (type.getDimSize(0) != 1 && strides[0] * type.getElementTypeBitWidth() % 8 != 0)) {
    return op->emitOpError("expected ")
           << what << " of a type that the accelerator has, rows beginning at whole bytes, got " << type;
  }
  if (!llvm::is_contained(spaces, spaceOf(type))) {
    InFlightDiagnostic error = op->emitOpError("expected ") << what << " in ";
    llvm::interleave(spaces, [&](Space space) { error << npu::name(space); }, [&] { error << " or "; });
    return error << ", got " << type;
  }
  return success();
}

/// Strides of what DMA moves.
FailureOr<SmallVector<int64_t>> verifyMoved(Operation *op, MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (!type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8 != 0) {
    return op->emitOpError("expected elements of whole bytes, got ") << type;
  }
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      llvm::any_of(strides, [](int64_t stride) { return ShapedType::isDynamic(stride) || stride < 0; })) {
    return op->emitOpError("expected static strides that are not negative, got ") << type;
  }
  return strides;
}

/// A dimension that isn't side by side with the next inner one; strides in bytes.
struct Dimension {
  int64_t extent;
  SmallVector<int64_t, 2> strides;
};

/// Dimensions behind the bytes that lie side by side, from the innermost on; those that are one for all of the strides are one. An extent of run
/// time may only be innermost in what it joins.
SmallVector<Dimension> outerDimensions(ArrayRef<int64_t> shape, ArrayRef<SmallVector<int64_t>> strides,
                                       int64_t elementBytes, bool canJoin) {
  SmallVector<Dimension> dimensions;
  int64_t bytes = elementBytes;
  for (size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 1) {
      continue;
    }
    Dimension dimension{shape[d], {}};
    for (const SmallVector<int64_t> &of : strides) {
      dimension.strides.push_back(of[d] * elementBytes);
    }
    if (dimensions.empty() && !ShapedType::isDynamic(bytes) &&
        llvm::all_of(dimension.strides, [&](int64_t stride) { return stride == bytes; })) {
      bytes = ShapedType::isDynamic(shape[d]) ? ShapedType::kDynamic : bytes * shape[d];
      continue;
    }
    if (canJoin && !dimensions.empty() && !ShapedType::isDynamic(shape[d]) &&
        !ShapedType::isDynamic(dimensions.back().extent) &&
        llvm::all_of(llvm::zip(dimension.strides, dimensions.back().strides), [&](auto pair) {
          return std::get<0>(pair) == std::get<1>(pair) * dimensions.back().extent;
        })) {
      dimensions.back().extent *= shape[d];
      continue;
    }
    dimensions.push_back(std::move(dimension));
  }
  return dimensions;
}

bool agree(int64_t a, int64_t b) { return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b; }

LogicalResult verifyFunction(Operation *op, StringRef mnemonic, StringRef function) {
  const Instruction *instruction = find(std::string_view(mnemonic));
  for (const Field &field : instruction->fields) {
    if (StringRef(field.name) == "function") {
      if (llvm::any_of(*field.names, [&](const char *name) { return function == name; })) {
        return success();
      }
      InFlightDiagnostic error = op->emitOpError("expected a function of ");
      llvm::interleaveComma(*field.names, error);
      return error << ", got '" << function << "'";
    }
  }
  return failure();
}

constexpr Space kCore[] = {Space::Spad, Space::Acc};
constexpr Space kAll[] = {Space::Dram, Space::L2, Space::Spad, Space::Acc};

/// A matrix whose rows lie one behind the other, of a known number of columns from 1 to `most`.
LogicalResult verifyList(Operation *op, Value value, StringRef what, Type element, ArrayRef<Space> spaces,
                         int64_t most) {
  if (failed(verifyMatrix(op, value, what, spaces))) {
    return failure();
  }
  MemRefType type = memrefOf(value);
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  (void)type.getStridesAndOffset(strides, offset);
  const int64_t columns = type.getDimSize(1);
  const bool isDense = type.getDimSize(0) == 1 || strides[0] == columns;
  if (type.getElementType() != element || ShapedType::isDynamic(columns) || !isDense) {
    return op->emitOpError("expected ")
           << what << " of " << element << ", rows of a known extent one behind the other, got " << type;
  }
  return columns >= 1 && columns <= most
             ? success()
             : op->emitOpError("expected ") << what << " of 1 to " << most << " columns, got " << type;
}

} // namespace

LogicalResult CopyOp::verify() {
  MemRefType from = memrefOf(getSource()), to = memrefOf(getTarget());
  if (from.getElementType() != to.getElementType() || from.getRank() != to.getRank() ||
      !llvm::all_of(llvm::zip(from.getShape(), to.getShape()),
                    [](auto pair) { return agree(std::get<0>(pair), std::get<1>(pair)); })) {
    return emitOpError("expected source and destination of the same extents and elements, got ")
           << from << " and " << to;
  }
  FailureOr<SmallVector<int64_t>> ofSource = verifyMoved(*this, from);
  FailureOr<SmallVector<int64_t>> ofTarget = succeeded(ofSource) ? verifyMoved(*this, to) : ofSource;
  if (failed(ofTarget)) {
    return failure();
  }
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip(from.getShape(), to.getShape())) {
    shape.push_back(ShapedType::isDynamic(b) ? a : b);
  }
  const auto bytes = static_cast<int64_t>(from.getElementTypeBitWidth() / 8);
  if (outerDimensions(shape, {*ofSource, *ofTarget}, bytes, /*canJoin=*/true).size() > 4) {
    return emitOpError("expected at most five dimensions that are not side by side, got ")
           << from << " and " << to;
  }
  return failure(failed(verifyCommon(*this)) || failed(verifyChannel(*this, getChannel())));
}

LogicalResult FillOp::verify() {
  if (getValue() > 255) {
    return emitOpError("expected a byte, 0 to 255, got ") << static_cast<int64_t>(getValue());
  }
  MemRefType to = memrefOf(getTarget());
  FailureOr<SmallVector<int64_t>> strides = verifyMoved(*this, to);
  if (failed(strides)) {
    return failure();
  }
  const auto bytes = static_cast<int64_t>(to.getElementTypeBitWidth() / 8);
  if (outerDimensions(to.getShape(), *strides, bytes, /*canJoin=*/false).size() > 1) {
    return emitOpError("expected at most two dimensions that are not side by side, got ") << to;
  }
  return failure(failed(verifyCommon(*this)) || failed(verifyChannel(*this, getChannel())));
}

LogicalResult GatherOp::verify() {
  MemRefType table = memrefOf(getTable()), rows = memrefOf(getTarget()), places = memrefOf(getIndices());
  if (failed(verifyMatrix(*this, getTable(), "the table", kAll)) ||
      failed(verifyList(*this, getTarget(), "rows", table.getElementType(), kAll, INT32_MAX)) ||
      failed(verifyMatrix(*this, getIndices(), "places", Space::Spad))) {
    return failure();
  }
  if (places.getDimSize(0) != 1 || !places.getElementType().isInteger(32)) {
    return emitOpError("expected places to be one row of i32, got ") << places;
  }
  if (!agree(places.getDimSize(1), rows.getDimSize(0)) || table.getDimSize(1) != rows.getDimSize(1)) {
    return emitOpError("expected a table of R x C, N places and rows of N x C, got ")
           << table << ", " << places << " and " << rows;
  }
  return failure(failed(verifyCommon(*this)) || failed(verifyChannel(*this, getChannel())));
}

LogicalResult MatmulOp::verify() {
  if (!llvm::is_contained({"ws", "os", "nm", "bitserial"}, getMode())) {
    return emitOpError("expected mode ws, os, nm or bitserial, got '") << getMode() << "'";
  }
  if ((getMode() == "nm") != getKept().has_value()) {
    return emitOpError("expected 'kept' in mode nm alone");
  }
  const std::optional<ArrayRef<int64_t>> slices = getSlices();
  if (slices.has_value() != (getMode() == "bitserial") ||
      (slices &&
       (slices->size() != 2 || llvm::any_of(*slices, [](int64_t bits) { return bits < 1 || bits > 16; })))) {
    return emitOpError("expected two slices of 1 to 16 bits in mode bitserial, in others none");
  }
  if (failed(verifyCommon(*this)) || failed(verifyMatrix(*this, getA(), "activations", Space::Spad)) ||
      failed(verifyMatrix(*this, getW(), "weights", Space::Spad)) ||
      failed(verifyMatrix(*this, getSums(), "sums", Space::Acc))) {
    return failure();
  }
  MemRefType a = memrefOf(getA()), w = memrefOf(getW()), sums = memrefOf(getSums());
  Type weight = w.getElementType();
  int64_t depth = w.getDimSize(0), columns = w.getDimSize(1);
  if (std::optional<KeptAttr> kept = getKept()) {
    // Rows of bytes: codes, and places behind them.
    columns = sums.getDimSize(1);
    const int64_t bytes = ShapedType::isDynamic(columns)
                              ? ShapedType::kDynamic
                              : kept->getCodeBytes(columns) + kept->getPlaceBytes(columns);
    if (ShapedType::isDynamic(columns) || !weight.isInteger(8) || w.getDimSize(1) != bytes) {
      return emitOpError("expected weights of i8 in rows of the bytes that as many kept ones take as the "
                         "sums have columns, got ")
             << w << " and " << sums;
    }
    weight = kept->getType();
    depth = ShapedType::isDynamic(depth) ? depth : kept->getDepth(depth);
  }
  if (!agree(a.getDimSize(0), sums.getDimSize(0)) || !agree(a.getDimSize(1), depth) ||
      !agree(columns, sums.getDimSize(1))) {
    return emitOpError("expected matrices of M x K, K x N and M x N, got ")
           << a << ", " << w << " and " << sums;
  }
  const bool isInteger = isa<IntegerType>(a.getElementType());
  Type sum = isInteger ? Type(IntegerType::get(getContext(), 32)) : Type(Float32Type::get(getContext()));
  if (isa<IntegerType>(weight) != isInteger || sums.getElementType() != sum) {
    return emitOpError("expected integers summed in i32 or floats summed in f32, got ")
           << a << ", " << w << " and " << sums;
  }
  return slices && !isInteger ? emitOpError("expected integers in mode bitserial, got ") << a << " and " << w
                              : success();
}

/// The activations of a table.
static LogicalResult verifyGroup(Operation *op, int64_t group) {
  return group >= 2 && group <= 8 ? success()
                                  : op->emitOpError("expected a group of 2 to 8 activations, got ") << group;
}

LogicalResult TablesOp::verify() {
  const auto group = static_cast<int64_t>(getGroup());
  if (failed(verifyCommon(*this)) || failed(verifyMatrix(*this, getA(), "activations", Space::Spad)) ||
      failed(verifyGroup(*this, group))) {
    return failure();
  }
  MemRefType a = memrefOf(getA());
  if (!isa<IntegerType>(a.getElementType()) || a.isDynamicDim(1) || a.getDimSize(1) < 1 ||
      a.getDimSize(1) % group != 0) {
    return emitOpError("expected rows of integers in groups of ") << group << ", got " << a;
  }
  return success();
}

LogicalResult LookupOp::verify() {
  if (failed(verifyCommon(*this)) || failed(verifyMatrix(*this, getSums(), "sums", Space::Acc)) ||
      failed(verifyGroup(*this, static_cast<int64_t>(getGroup())))) {
    return failure();
  }
  MemRefType planes = memrefOf(getPlanes()), sums = memrefOf(getSums());
  if (!planes.getElementType().isInteger(1) || planes.getRank() != 2 || !planes.hasStaticShape() ||
      !planes.getLayout().isIdentity() || spaceOf(planes) != Space::Spad) {
    return emitOpError("expected planes to be a dense matrix of i1 of known extents in spad, got ") << planes;
  }
  const int64_t columns = sums.getDimSize(1);
  if (!sums.getElementType().isInteger(32) || ShapedType::isDynamic(columns) || columns < 1 ||
      planes.getDimSize(0) % columns != 0 || columns * planes.getDimSize(1) % 8 != 0 ||
      !llvm::is_contained({1, 2, 4, 8}, planes.getDimSize(0) / columns)) {
    return emitOpError(
               "expected 1, 2, 4 or 8 planes of N x K bits in whole bytes, and sums of M x N of i32, got ")
           << planes << " and " << sums;
  }
  return success();
}

LogicalResult MapOp::verify() {
  if (failed(verifyCommon(*this)) || failed(verifyFunction(*this, "vec.map", getFunction()))) {
    return failure();
  }
  const int wanted = operandsOf(std::string_view(getFunction()));
  if (static_cast<int>(getInputs().size()) != wanted) {
    return emitOpError("expected ") << wanted << " operands for '" << getFunction() << "', got "
                                    << getInputs().size();
  }
  if (failed(verifyMatrix(*this, getTarget(), "results", kCore))) {
    return failure();
  }
  MemRefType to = memrefOf(getTarget());
  for (auto [number, input] : llvm::enumerate(getInputs())) {
    if (failed(verifyMatrix(*this, input, "operands", kCore))) {
      return failure();
    }
    MemRefType type = memrefOf(input);
    for (int64_t d = 0; d < 2; ++d) {
      const bool isTakenForAll = number > 0 && type.getDimSize(d) == 1;
      if (!isTakenForAll && !agree(type.getDimSize(d), to.getDimSize(d))) {
        return emitOpError("expected operands of the results' extents, or of 1 behind the first, got ")
               << type << " for " << to;
      }
    }
  }
  return success();
}

LogicalResult ReduceOp::verify() {
  if (failed(verifyCommon(*this)) || failed(verifyFunction(*this, "vec.reduce", getFunction())) ||
      failed(verifyMatrix(*this, getInput(), "rows", kCore)) ||
      failed(verifyMatrix(*this, getTarget(), "results", kCore))) {
    return failure();
  }
  MemRefType from = memrefOf(getInput()), to = memrefOf(getTarget());
  if (to.getDimSize(1) != 1 || !agree(from.getDimSize(0), to.getDimSize(0))) {
    return emitOpError("expected a number for each row, got ") << to << " for " << from;
  }
  return success();
}

LogicalResult SelectOp::verify() {
  Type f32 = Float32Type::get(getContext()), i32 = IntegerType::get(getContext(), 32);
  if (failed(verifyCommon(*this)) ||
      failed(verifyList(*this, getScores(), "scores", f32, Space::Spad, UINT16_MAX)) ||
      failed(verifyList(*this, getValues(), "values", f32, Space::Spad, UINT8_MAX)) ||
      failed(verifyList(*this, getIndices(), "indices", i32, Space::Spad, UINT8_MAX))) {
    return failure();
  }
  MemRefType scores = memrefOf(getScores()), values = memrefOf(getValues()), indices = memrefOf(getIndices());
  if (!agree(scores.getDimSize(0), values.getDimSize(0)) ||
      !agree(scores.getDimSize(0), indices.getDimSize(0)) || values.getDimSize(1) != indices.getDimSize(1) ||
      values.getDimSize(1) > scores.getDimSize(1)) {
    return emitOpError("expected scores of M x N, values and indices of M x k, k at most N, got ")
           << scores << ", " << values << " and " << indices;
  }
  return success();
}

LogicalResult RouteOp::verify() {
  Type i32 = IntegerType::get(getContext(), 32);
  if (failed(verifyCommon(*this)) ||
      failed(verifyList(*this, getChoices(), "choices", i32, Space::Spad, UINT8_MAX)) ||
      failed(verifyList(*this, getPlaces(), "places", i32, Space::Spad, UINT8_MAX)) ||
      failed(verifyList(*this, getTokens(), "tokens", i32, Space::Spad, UINT8_MAX)) ||
      failed(verifyList(*this, getSegments(), "segments", i32, Space::Spad, UINT16_MAX + 1))) {
    return failure();
  }
  MemRefType choices = memrefOf(getChoices()), segments = memrefOf(getSegments());
  for (Value made : {getPlaces(), getTokens()}) {
    MemRefType type = memrefOf(made);
    if (!agree(choices.getDimSize(0), type.getDimSize(0)) || choices.getDimSize(1) != type.getDimSize(1)) {
      return emitOpError("expected places and tokens of the choices' extents, got ")
             << type << " for " << choices;
    }
  }
  return segments.getDimSize(0) == 1 && segments.getDimSize(1) > 1
             ? success()
             : emitOpError(
                   "expected segments to be one row, of one number more than there are choices of, got ")
                   << segments;
}

LogicalResult LoadOp::verify() {
  MemRefType type = memrefOf(getSource());
  if (!type.hasStaticShape() || type.getNumElements() != 1 || !isa<IntegerType>(type.getElementType()) ||
      !llvm::is_contained(kCore, spaceOf(type)) || type.getElementTypeBitWidth() < 8 ||
      type.getElementTypeBitWidth() > 32) {
    return emitOpError("expected one element of i8, i16 or i32 in spad or acc, got ") << type;
  }
  if (getBound() > UINT32_MAX) {
    return emitOpError("expected a bound from 0 to 4294967295, got ") << static_cast<int64_t>(getBound());
  }
  return verifyCommon(*this);
}

void LoadOp::populateBoundsForIndexValue(Value value, ValueBoundsConstraintSet &constraints) {
  constraints.bound(value) >= 0;
  constraints.bound(value) <= static_cast<int64_t>(getBound());
}

LogicalResult SyncOp::verify() {
  if (!llvm::is_contained({"dma", "matrix", "vector", "topk"}, getEngine())) {
    return emitOpError("expected an engine of dma, matrix, vector, topk, got '") << getEngine() << "'";
  }
  return failure(failed(verifyCommon(*this)) || failed(verifyChannel(*this, getChannel())));
}

LogicalResult FenceOp::verify() { return verifyCommon(*this); }
