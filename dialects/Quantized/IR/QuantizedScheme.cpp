// What a scheme says: its text, its constraints C1..C3 and C19, and the parts of a matrix.
#include "dialects/Quantized/IR/Quantized.h"

#include "coopt/Numerics/BlockFormatJson.h"
#include "coopt/Numerics/FormatTable.h"
#include "coopt/Numerics/StoredParts.h"

#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::quantized;

SmallVector<int64_t> SchemePart::getShape(int64_t rows, int64_t columns) const {
  if (span == 0) {
    return {rows};
  }
  return {rows, ShapedType::isDynamic(columns) ? columns : columns / span + (columns % span != 0)};
}

/// A format by its name or its JSON.
static Expected<numerics::BlockFormat> readFormat(StringRef text) {
  return text.starts_with("{")
             ? numerics::parseBlockFormat(std::string_view(text.data(), text.size()), "format")
             : numerics::findFormat(std::string_view(text.data(), text.size()));
}

/// The type of a stored number.
static Type elementTypeOf(MLIRContext *context, const numerics::ElementFormat &type) {
  if (type == numerics::ElementFormat::f32()) {
    return Float32Type::get(context);
  }
  if (type == numerics::ElementFormat::f16()) {
    return Float16Type::get(context);
  }
  if (type == numerics::ElementFormat::bf16()) {
    return BFloat16Type::get(context);
  }
  return IntegerType::get(context, 8);
}

/// The scheme of a format that `text` stands for.
static SchemeAttr schemeOf(MLIRContext *context, const numerics::BlockFormat &format, StringRef text) {
  const numerics::ScaleLevel &inner = format.scales.front();
  return SchemeAttr::get(context, numerics::storedCodeBits(format), inner.span,
                         format.zeroBits > 0 ? Symmetry::Asymmetric : Symmetry::Symmetric,
                         elementTypeOf(context, inner.type), Type(), StringAttr::get(context, text));
}

SchemeAttr SchemeAttr::getForFormat(MLIRContext *context, const numerics::BlockFormat &format) {
  // Those of the table go by their names, unless something in them was changed.
  std::string text = numerics::printBlockFormat(format, /*compact=*/true);
  Expected<numerics::BlockFormat> named = numerics::findFormat(format.name);
  return schemeOf(context, format, named && numerics::printBlockFormat(*named, /*compact=*/true) == text ? format.name : text);
}

numerics::BlockFormat SchemeAttr::getBlockFormat() const { return *readFormat(getFormat().getValue()); }

SmallVector<SchemePart> SchemeAttr::getParts() const {
  SmallVector<SchemePart> parts;
  if (!getFormat()) {
    parts = {{"codes", getCodeType(), 1}, {"scales", getScale(), getGroup()}};
    if (isAsymmetric()) {
      parts.push_back({"zeros", getCodeType(), getGroup()});
    }
    if (isTwoLevel()) {
      parts.push_back({"outer", getOuter(), 0});
    }
    return parts;
  }
  for (const numerics::StoredPart &part : numerics::storedParts(getBlockFormat())) {
    // One bit would be a truth value, of which tensors mean something else.
    bool isCodes = part.kind == numerics::StoredPart::Kind::Codes && getBits() > 1;
    parts.push_back(
        {part.name(), isCodes ? Type(getCodeType()) : elementTypeOf(getContext(), part.type), part.span});
  }
  return parts;
}

bool SchemeAttr::hasGroups() const {
  if (!getFormat()) {
    return getGroup() != 0;
  }
  return llvm::any_of(llvm::drop_begin(getParts()), [](const SchemePart &part) { return part.span != 0; });
}

LogicalResult SchemeAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned bits, int64_t group,
                                 Symmetry symmetry, Type scale, Type outer, StringAttr format) {
  if (format) {
    Expected<numerics::BlockFormat> read = readFormat(format.getValue());
    if (!read) {
      return emitError() << "expected the name of a format, or its JSON: " << read.error().message;
    }
    return success();
  }
  if (bits < 2 || bits > 8) {
    return emitError() << "expected 2 to 8 bits, got " << bits;
  }
  if (group < 0) {
    return emitError() << "expected a group of 0 (the whole row) or more elements, got " << group;
  }
  if (outer) {
    if (!outer.isF32() || !scale || !scale.isInteger(8) || group == 0) {
      return emitError() << "expected outer scales of f32 over scales of i8 for groups, got " << outer
                         << " over " << scale << " for group " << group;
    }
    return success();
  }
  if (!scale || !(scale.isF32() || scale.isF16())) {
    return emitError() << "expected scales of type f32 or f16, got " << scale;
  }
  return success();
}

/// format = ".."
static Attribute parseFormat(AsmParser &parser, SMLoc place) {
  std::string text;
  if (parser.parseEqual() || parser.parseString(&text) || parser.parseGreater()) {
    return {};
  }
  auto emitError = [&] { return parser.emitError(place); };
  if (failed(SchemeAttr::verify(emitError, 8, 0, Symmetry::Symmetric, Type(), Type(),
                                StringAttr::get(parser.getContext(), text)))) {
    return {};
  }
  return schemeOf(parser.getContext(), *readFormat(text), text);
}

Attribute SchemeAttr::parse(AsmParser &parser, Type) {
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseLess()) {
    return {};
  }
  if (succeeded(parser.parseOptionalKeyword("format"))) {
    return parseFormat(parser, place);
  }
  unsigned bits = 0;
  int64_t group = 0;
  StringRef word;
  Type scale, outer;
  if (parser.parseKeyword("bits") || parser.parseEqual() || parser.parseInteger(bits) ||
      parser.parseComma() || parser.parseKeyword("group") || parser.parseEqual() ||
      parser.parseInteger(group) || parser.parseComma()) {
    return {};
  }
  SMLoc wordPlace = parser.getCurrentLocation();
  if (parser.parseKeyword(&word)) {
    return {};
  }
  std::optional<Symmetry> symmetry = symbolizeSymmetry(word);
  if (!symmetry) {
    parser.emitError(wordPlace, "expected symmetric or asymmetric, got '") << word << "'";
    return {};
  }
  if (parser.parseComma() || parser.parseKeyword("scale") || parser.parseEqual() || parser.parseType(scale)) {
    return {};
  }
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("outer") || parser.parseEqual() || parser.parseType(outer))) {
    return {};
  }
  if (parser.parseGreater()) {
    return {};
  }
  return SchemeAttr::getChecked([&] { return parser.emitError(place); }, parser.getContext(), bits, group,
                                *symmetry, scale, outer, StringAttr());
}

void SchemeAttr::print(AsmPrinter &printer) const {
  if (getFormat()) {
    printer << "<format = ";
    printer.printString(getFormat().getValue());
    printer << ">";
    return;
  }
  printer << "<bits = " << getBits() << ", group = " << getGroup() << ", " << stringifySymmetry(getSymmetry())
          << ", scale = " << getScale();
  if (getOuter()) {
    printer << ", outer = " << getOuter();
  }
  printer << ">";
}
