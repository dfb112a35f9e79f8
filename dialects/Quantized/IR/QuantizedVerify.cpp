// The constraints C4..C18 and C20 of the ops; their texts are in QuantizedOps.td and README.md.
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace coopt::quantized;

static bool isCompatible(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

/// C4. Every shaped operand is a tensor, and each destination has a result of its type; or every one is a
/// memref.
static LogicalResult verifyForm(Operation *op, OperandRange inits) {
  bool anyTensor = false, anyMemRef = false;
  for (Type type : op->getOperandTypes()) {
    anyTensor |= isa<TensorType>(type);
    anyMemRef |= isa<MemRefType>(type);
  }
  if (anyTensor && anyMemRef) {
    return op->emitOpError("expected operands that are all tensors or all memrefs, got both");
  }
  size_t expected = anyTensor ? inits.size() : 0;
  if (op->getNumResults() != expected) {
    return op->emitOpError("expected ")
           << expected << " results for " << inits.size() << " destinations that are "
           << (anyTensor ? "tensors" : "memrefs") << ", got " << op->getNumResults();
  }
  for (auto [result, init] : llvm::zip(op->getResults(), inits)) {
    if (result.getType() != init.getType()) {
      return op->emitOpError("expected result ") << result.getResultNumber() << " of its destination's type "
                                                 << init.getType() << ", got " << result.getType();
    }
  }
  return success();
}

static LogicalResult verifyMatrix(Operation *op, Type type, StringRef what, Type element) {
  auto shaped = cast<ShapedType>(type);
  if (shaped.getRank() != 2 || shaped.getElementType() != element) {
    return op->emitOpError("expected ") << what << " to be a matrix of " << element << ", got " << type;
  }
  return success();
}

static LogicalResult verifyExtent(Operation *op, int64_t expected, int64_t got, StringRef what) {
  if (!isCompatible(expected, got)) {
    return op->emitOpError("expected ") << what << " to be " << expected << ", got " << got;
  }
  return success();
}

/// C6 for operands: a matrix of the scheme's codes, or of bytes that hold them.
static LogicalResult verifyCodes(Operation *op, SchemeAttr scheme, Type codes, StringRef what) {
  if (cast<ShapedType>(codes).getElementType().isInteger(8)) {
    return verifyMatrix(op, codes, what, IntegerType::get(op->getContext(), 8));
  }
  return verifyMatrix(op, codes, what, scheme.getCodeType());
}

/// "outer scales" says more in a message than "outer".
static std::string nameOf(const SchemePart &part) {
  return part.name == "outer" ? "outer scales" : part.name;
}

/// The parts of a scheme, as a message lists them.
static std::string listParts(SchemeAttr scheme) {
  std::string list;
  for (const SchemePart &part : scheme.getParts()) {
    list += (list.empty() ? "" : ", ") + nameOf(part);
  }
  return list;
}

/// C7 and C8: scales, zeros and what else belongs to a matrix of codes. `isSlice`: the codes may be fewer
/// columns than the scales cover.
static LogicalResult verifyScales(Operation *op, SchemeAttr scheme, Type codes, ValueRange scalesAndZeros,
                                  StringRef what, bool isSlice = false) {
  int64_t rows = cast<ShapedType>(codes).getDimSize(0), columns = cast<ShapedType>(codes).getDimSize(1);
  SmallVector<SchemePart> parts = scheme.getParts();
  if (scalesAndZeros.size() + 1 != parts.size()) {
    return op->emitOpError("expected ") << listParts(scheme) << " " << what << " for the scheme " << scheme
                                        << ", got " << scalesAndZeros.size() + 1 << " operands";
  }
  for (auto [value, part] : llvm::zip_equal(scalesAndZeros, llvm::drop_begin(parts))) {
    auto type = cast<ShapedType>(value.getType());
    bool isByte = part.name == "zeros" && type.getElementType().isInteger(8);
    std::string name = nameOf(part);
    SmallVector<int64_t> shape = part.getShape(rows, columns);
    if ((type.getElementType() != part.element && !isByte) ||
        type.getRank() != static_cast<int64_t>(shape.size())) {
      return op->emitOpError("expected ")
             << name << " " << what << " of " << part.element << " with " << shape.size()
             << " dimensions for the scheme " << scheme << ", got " << type;
    }
    if (failed(verifyExtent(op, rows, type.getDimSize(0), "rows of " + name + " " + what.str()))) {
      return failure();
    }
    if (shape.size() == 1) {
      continue;
    }
    int64_t groups = shape[1], got = type.getDimSize(1);
    if (isSlice) {
      if (!ShapedType::isDynamic(groups) && !ShapedType::isDynamic(got) && got < groups) {
        return op->emitOpError("expected at least ")
               << groups << " groups of " << name << " " << what << ", got " << got;
      }
    } else if (failed(verifyExtent(op, groups, got, "groups of " + name + " " + what.str()))) {
      return failure();
    }
  }
  return success();
}

LogicalResult QuantizeOp::verify() {
  Type f32 = Float32Type::get(getContext());
  // C8 first: the other checks name codes and scales by position.
  size_t expected = getScheme().getNumParts();
  if (getOuts().size() != expected) {
    return emitOpError("expected ") << expected << " destinations (" << listParts(getScheme())
                                    << ") for the scheme " << getScheme() << ", got " << getOuts().size();
  }
  Type codes = getCodesInit().getType();
  if (failed(verifyForm(*this, getOuts())) ||
      failed(verifyMatrix(*this, getInput().getType(), "the input", f32)) ||
      failed(verifyCodes(*this, getScheme(), codes, "codes"))) {
    return failure();
  }
  auto input = cast<ShapedType>(getInput().getType());
  if (failed(
          verifyExtent(*this, input.getDimSize(0), cast<ShapedType>(codes).getDimSize(0), "rows of codes")) ||
      failed(verifyExtent(*this, input.getDimSize(1), cast<ShapedType>(codes).getDimSize(1),
                          "columns of codes"))) {
    return failure();
  }
  if (getRounding() && !(isa<RankedTensorType>(input) && input.hasStaticShape())) {
    return emitOpError("expected a tensor of static shape to be rounded with statistics, got ") << input;
  }
  return verifyScales(*this, getScheme(), input, getOuts().drop_front(), "of the input");
}

LogicalResult ChannelScalesOp::verify() {
  auto result = cast<RankedTensorType>(getResult().getType());
  if (getWeights().empty() || result.getRank() != 1 || !result.getElementType().isF32()) {
    return emitOpError("expected weights and a vector of f32 factors, got ")
           << getWeights().size() << " and " << result;
  }
  for (Value weight : getWeights()) {
    auto type = cast<RankedTensorType>(weight.getType());
    if (type.getRank() != 2 || !type.getElementType().isF32() || type.getDimSize(1) != result.getDimSize(0)) {
      return emitOpError("expected matrices of f32 with ")
             << result.getDimSize(0) << " columns, got " << type;
    }
  }
  return success();
}

LogicalResult RescaleOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType()),
       factors = cast<RankedTensorType>(getFactors().getType());
  if (input.getRank() < 1 || input.getRank() > 2 ||
      getDimension() >= static_cast<uint64_t>(input.getRank()) || !input.getElementType().isF32()) {
    return emitOpError("expected one or two dimensions of f32 and one of them, got ")
           << input << " and dimension " << getDimension();
  }
  if (factors.getRank() != 1 || !factors.getElementType().isF32() ||
      factors.getDimSize(0) != input.getDimSize(static_cast<unsigned>(getDimension()))) {
    return emitOpError("expected ") << input.getDimSize(static_cast<unsigned>(getDimension()))
                                    << " factors of f32, got " << factors;
  }
  return success();
}

LogicalResult DequantizeOp::verify() {
  size_t expected = getScheme().getNumParts();
  if (getInputs().size() != expected) {
    return emitOpError("expected ") << expected << " inputs (" << listParts(getScheme())
                                    << ") for the scheme " << getScheme() << ", got " << getInputs().size();
  }
  Type codes = getCodes().getType(), result = getInit().getType();
  OperandRange inits = (*this)->getOperands().slice(getInitMutable().getOperandNumber(), 1);
  if (failed(verifyForm(*this, inits)) || failed(verifyCodes(*this, getScheme(), codes, "codes")) ||
      failed(verifyMatrix(*this, result, "the result", Float32Type::get(getContext())))) {
    return failure();
  }
  for (int64_t i : {0, 1}) {
    if (failed(verifyExtent(*this, cast<ShapedType>(codes).getDimSize(i),
                            cast<ShapedType>(result).getDimSize(i),
                            i == 0 ? "rows of the result" : "columns of the result"))) {
      return failure();
    }
  }
  if (getAt() && !getScheme().hasGroups()) {
    return emitOpError("expected no offset: group 0 has one scale for all columns of a row");
  }
  return verifyScales(*this, getScheme(), codes, getInputs().drop_front(), "of the codes",
                      /*isSlice=*/bool(getAt()));
}

LogicalResult RequantizeOp::verify() {
  auto input = cast<ShapedType>(getInput().getType()), result = cast<ShapedType>(getInit().getType());
  OperandRange inits = (*this)->getOperands().slice(getInitMutable().getOperandNumber(), 1);
  if (failed(verifyForm(*this, inits))) {
    return failure();
  }
  auto narrow = dyn_cast<IntegerType>(result.getElementType());
  if (!input.getElementType().isSignlessInteger(32) || !narrow || !narrow.isSignless() ||
      narrow.getWidth() < 2 || narrow.getWidth() > 8) {
    return emitOpError("expected accumulators of i32 and codes of i2 to i8, got ")
           << input.getElementType() << " and " << result.getElementType();
  }
  if (failed(verifyCompatibleShape(input, result))) {
    return emitOpError("expected accumulators and codes of one shape, got ") << input << " and " << result;
  }
  int64_t multiplier = getMultiplierAttr().getInt(), shift = getShiftAttr().getInt();
  if (multiplier < 0 || multiplier > (int64_t(1) << 31)) {
    return emitOpError("expected a multiplier of 0 to 2147483648, got ") << multiplier;
  }
  if (shift < 0 || shift > 62) {
    return emitOpError("expected a shift of 0 to 62, got ") << shift;
  }
  return success();
}

LogicalResult coopt::quantized::verifyContraction(Operation *op, std::optional<SchemeAttr> aScheme,
                                                  SchemeAttr wScheme, ScaleAt scaleAt, ValueRange inputs,
                                                  Value init, bool isStacked) {
  if (!aScheme && scaleAt != ScaleAt::Element) {
    return op->emitOpError("expected a scheme for a, or scale_at(element), got float with scale_at(")
           << stringifyScaleAt(scaleAt) << ")";
  }
  const unsigned firstWeight = aScheme ? aScheme->getNumParts() : 1;
  size_t expected = firstWeight + wScheme.getNumParts();
  if (inputs.size() != expected) {
    return op->emitOpError("expected ")
           << expected << " inputs (codes, scales and what else its scheme has, of each side), got "
           << inputs.size();
  }
  Type a = inputs[0].getType(), w = inputs[firstWeight].getType(), y = init.getType();
  Type f32 = Float32Type::get(op->getContext()), bf16 = BFloat16Type::get(op->getContext());
  if (failed(aScheme ? verifyCodes(op, *aScheme, a, "codes of a")
                     : verifyMatrix(op, a, "a", getElementTypeOrSelf(a) == bf16 ? bf16 : f32)) ||
      failed(verifyCodes(op, wScheme, w, "codes of w")) || failed(verifyMatrix(op, y, "the result", f32))) {
    return failure();
  }
  auto aType = cast<ShapedType>(a), wType = cast<ShapedType>(w), yType = cast<ShapedType>(y);
  if (failed(verifyExtent(op, aType.getDimSize(1), wType.getDimSize(1), "columns of w")) ||
      failed(verifyExtent(op, aType.getDimSize(0), yType.getDimSize(0), "rows of the result")) ||
      (!isStacked &&
       failed(verifyExtent(op, wType.getDimSize(0), yType.getDimSize(1), "columns of the result")))) {
    return failure();
  }
  if ((aScheme && failed(verifyScales(op, *aScheme, a, inputs.slice(1, firstWeight - 1), "of a"))) ||
      failed(verifyScales(op, wScheme, w, inputs.drop_front(firstWeight + 1), "of w"))) {
    return failure();
  }
  int64_t aGroup = aScheme ? aScheme->getGroup() : 0, wGroup = wScheme.getGroup();
  bool twoLevels = wScheme.isTwoLevel();
  if (scaleAt != ScaleAt::Element && ((aScheme && aScheme->getFormat()) || wScheme.getFormat())) {
    return op->emitOpError("expected scale_at(element) for the scheme of a format, got scale_at(")
           << stringifyScaleAt(scaleAt) << ")";
  }
  if (scaleAt == ScaleAt::Output && (aGroup != 0 || (wGroup != 0 && !twoLevels))) {
    return op->emitOpError("expected group 0 on both sides for scale_at(output), or two levels for w, got ")
           << aGroup << " and " << wGroup;
  }
  if (scaleAt == ScaleAt::Group && (aGroup != 0 || wGroup == 0 || twoLevels)) {
    return op->emitOpError("expected group 0 for a and a group of one level for w with scale_at(group), got ")
           << aGroup << " and " << wGroup << (twoLevels ? " of two levels" : "");
  }
  return success();
}

LogicalResult ContractOp::verify() {
  OperandRange inits = (*this)->getOperands().slice(getInitMutable().getOperandNumber(), 1);
  if (failed(verifyContraction(*this, getAScheme(), getWScheme(), getScaleAt(), getInputs(), getInit(),
                               /*isStacked=*/false))) {
    return failure();
  }
  return verifyForm(*this, inits);
}
