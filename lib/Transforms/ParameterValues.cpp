#include "ParameterValues.h"

#include "coopt/Support/MappedFile.h"

#include <cmath>

using namespace mlir;
using namespace coopt;

namespace {

FailureOr<DenseElementsAttr> readSource(model::ParameterOp parameter, model::SourceAttr source,
                                        StringRef root) {
  auto file = MappedFile::openInside(root.str(), source.getFile().str());
  if (!file) {
    return parameter.emitError(file.error().message);
  }
  RankedTensorType stored = source.getType();
  uint64_t bytes = uint64_t(stored.getNumElements()) * stored.getElementTypeBitWidth() / 8;
  uint64_t offset = source.getOffset();
  if (offset > file->size() || bytes > file->size() - offset) {
    return parameter.emitError(file->path())
           << ": expected " << bytes << " bytes at " << offset << ", got a file of " << file->size();
  }
  ArrayRef<char> raw(reinterpret_cast<const char *>(file->data()) + offset, bytes);
  bool splat = false;
  if (!DenseElementsAttr::isValidRawBuffer(stored, raw, splat)) {
    return parameter.emitError("cannot hold elements of type ") << stored.getElementType();
  }
  DenseElementsAttr values = DenseElementsAttr::getFromRawBuffer(stored, raw);
  Type element = parameter.getTensorType().getElementType();
  if (element == stored.getElementType()) {
    return values;
  }
  const llvm::fltSemantics &semantics = cast<FloatType>(element).getFloatSemantics();
  return values.mapValues(element, [&](const APFloat &value) {
    APFloat converted = value;
    bool inexact = false;
    converted.convert(semantics, APFloat::rmNearestTiesToEven, &inexact);
    return converted.bitcastToAPInt();
  });
}

/// A table's elements are a matter of its type alone: this many are no small model's.
constexpr int64_t kMostElements = int64_t(1) << 28;

FailureOr<DenseElementsAttr> makeRotaryTable(model::ParameterOp parameter, model::RotaryAttr rotary) {
  RankedTensorType type = parameter.getTensorType();
  if (type.getDimSize(0) > kMostElements / type.getDimSize(1)) {
    return parameter.emitError("expected at most ")
           << kMostElements << " elements as a constant, got " << type;
  }
  SmallVector<float> values;
  for (int64_t position = 0; position < type.getDimSize(0); ++position) {
    for (float frequency : rotary.getFrequencies().getValues<float>()) {
      double angle = float(position) * frequency;
      values.push_back(float(rotary.getFunction() == "sin" ? std::sin(angle) : std::cos(angle)));
    }
  }
  return DenseElementsAttr(DenseElementsAttr::get(type, ArrayRef<float>(values)));
}

} // namespace

FailureOr<DenseElementsAttr> coopt::readParameterValues(model::ParameterOp parameter, StringRef root) {
  Attribute origin = parameter.getOriginAttr();
  if (auto source = dyn_cast_or_null<model::SourceAttr>(origin)) {
    return readSource(parameter, source, root);
  }
  if (auto rotary = dyn_cast_or_null<model::RotaryAttr>(origin)) {
    return makeRotaryTable(parameter, rotary);
  }
  return parameter.emitError("expected a #model.source or a #model.rotary as origin: the value is not known "
                             "before the model is loaded");
}
