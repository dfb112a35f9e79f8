//===- ModelAttrs.cpp - Attributes of the model dialect ---------------------===//
#include "dialects/Model/IR/Model.h"

#include "coopt/Layout/BitPlanes.h"
#include "coopt/Layout/Panels.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::model;

LogicalResult SourceAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef file, int64_t offset,
                                 RankedTensorType type) {
  if (file.empty()) {
    return emitError() << "expected the name of a file, got an empty one";
  }
  if (offset < 0) {
    return emitError() << "expected an offset that is not negative, got " << offset;
  }
  if (!type.hasStaticShape() || type.getEncoding()) {
    return emitError() << "expected a static type without encoding, got " << type;
  }
  Type element = type.getElementType();
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (!llvm::is_contained({8u, 16u, 32u, 64u}, bits)) {
    return emitError() << "expected elements of 8, 16, 32 or 64 bits, got " << element;
  }
  int64_t end = bits / 8;
  for (int64_t extent : type.getShape()) {
    if (llvm::MulOverflow(end, extent, end)) {
      return emitError() << "the size of " << type << " is not representable";
    }
  }
  if (llvm::AddOverflow(end, offset, end)) {
    return emitError() << "offset " << offset << " plus the size of " << type << " is not representable";
  }
  return success();
}

LogicalResult RotaryAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef function,
                                 DenseFPElementsAttr frequencies) {
  if (function != "cos" && function != "sin") {
    return emitError() << "expected the function \"cos\" or \"sin\", got \"" << function << "\"";
  }
  if (!frequencies || frequencies.empty() || frequencies.getType().getRank() != 1 ||
      !frequencies.getElementType().isF32()) {
    return emitError() << "expected at least one frequency, as a vector of f32";
  }
  return success();
}

Attribute NoiseAttr::parse(AsmParser &parser, Type) {
  uint64_t seed = 0;
  double scale = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword("seed") || parser.parseEqual() || parser.parseInteger(seed) ||
      parser.parseComma() || parser.parseKeyword("scale") || parser.parseEqual() ||
      parser.parseFloat(scale) || parser.parseGreater()) {
    return {};
  }
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), seed,
                    parser.getBuilder().getF64FloatAttr(scale));
}

void NoiseAttr::print(AsmPrinter &printer) const {
  printer << "<seed = " << getSeed() << ", scale = ";
  printer.printFloat(getScale().getValue());
  printer << ">";
}

LogicalResult NoiseAttr::verify(function_ref<InFlightDiagnostic()> emitError, uint64_t, FloatAttr scale) {
  if (!scale || !scale.getType().isF64()) {
    return emitError() << "expected a 64 bit float as scale";
  }
  if (!scale.getValue().isFinite() || scale.getValue().isNegative()) {
    return emitError() << "expected a finite scale that is not negative, got " << scale.getValueAsDouble();
  }
  return success();
}

LogicalResult SizeAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, int64_t min,
                               int64_t max, int64_t multiple) {
  if (name.empty()) {
    return emitError() << "expected the name of a size, got an empty one";
  }
  if (min < 0 || max < min) {
    return emitError() << "size \"" << name << "\": expected 0 <= min <= max, got min " << min << ", max "
                       << max;
  }
  if (multiple < 1 || min % multiple != 0 || max % multiple != 0) {
    return emitError() << "size \"" << name << "\": expected min " << min << " and max " << max
                       << " to be multiples of " << multiple;
  }
  return success();
}

/// Whether codes of some bits stand in panels, as an array takes them.
static bool arePanels(const layout::Layout &layout, unsigned bits) {
  if (layout.rank() != 2) {
    return false;
  }
  auto panels = layout::panels(layout.sizes(), layout.dims[0].tileBits, bits);
  return panels && *panels == layout;
}

/// Whether a layout's tiles or panels are those that can be sparse, of this pattern. Errors: no pattern; tiles of another shape or
/// order.
static Status checkKept(const layout::Layout &layout, unsigned bits, StringRef kept) {
  auto pattern = numerics::parseSparsePattern({kept.data(), kept.size()});
  if (!pattern) {
    return forward(pattern.error());
  }
  if (bits == 0) {
    auto panels = layout::blocked(layout.sizes(), {{0, 4}});
    if (!panels || *panels != layout || layout.rank() != 2) {
      return fail("expected a matrix in panels of 16 rows to keep " + kept.str() +
                  " of, or codes of some bits");
    }
    auto panel = layout::SparsePanel::make(*pattern, 1);
    return panel ? Status() : forward(panel.error());
  }
  if (arePanels(layout, bits)) {
    auto rows = layout::SparseRows::make(*pattern, layout.dims[0].tileBits, bits);
    return rows ? Status() : forward(rows.error());
  }
  auto tile = layout::SparseTile::make(*pattern, bits);
  if (!tile) {
    return forward(tile.error());
  }
  auto dense = layout::blocked(layout.sizes(), {{1, 2}, {0, 4}, {1, 4}});
  if (!dense || *dense != layout) {
    return fail(
        "expected a matrix in tiles of 16 rows and 64 columns, four of a row side by side, or in panels, "
        "to keep " +
        kept.str() + " of");
  }
  return {};
}

/// Of an attribute that exists, and was verified.
static numerics::SparsePattern patternOf(StringAttr kept) {
  return *numerics::parseSparsePattern({kept.getValue().data(), kept.getValue().size()});
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef text, unsigned bits,
                                 bool centred, bool planes, StringAttr kept) {
  coopt::Expected<layout::Layout> layout = layout::parse({text.data(), text.size()});
  if (!layout) {
    return emitError() << layout.error().message;
  }
  if (bits > 8) {
    return emitError() << "expected codes of 1 to 8 bits, got " << bits;
  }
  if (bits != 0 && layout->tileElements() % 8 != 0) {
    return emitError() << "expected tiles of a multiple of 8 codes of " << bits << " bits, got "
                       << layout->tileElements();
  }
  if (centred && (bits == 0 || kept)) {
    return emitError() << "expected bits, and nothing that is kept, with centred codes";
  }
  if (planes && (bits == 0 || kept)) {
    return emitError() << "expected bits, and nothing that is kept, with planes of one bit";
  }
  if (kept) {
    if (Status checked = checkKept(*layout, bits, kept); !checked) {
      return emitError() << checked.error().message;
    }
  }
  return success();
}

std::optional<layout::SparseTile> LayoutAttr::getSparseTile() const {
  if (!getKept() || getBits() == 0 || arePanels(getLayout(), getBits())) {
    return std::nullopt;
  }
  return *layout::SparseTile::make(patternOf(getKept()), getBits());
}

std::optional<layout::SparseRows> LayoutAttr::getSparseRows() const {
  if (!getKept() || getBits() == 0 || !arePanels(getLayout(), getBits())) {
    return std::nullopt;
  }
  return *layout::SparseRows::make(patternOf(getKept()), getLayout().dims[0].tileBits, getBits());
}

std::optional<layout::SparsePanel> LayoutAttr::getSparsePanel(unsigned elementBytes) const {
  if (!getKept() || getBits() != 0) {
    return std::nullopt;
  }
  auto panel = layout::SparsePanel::make(patternOf(getKept()), elementBytes);
  return panel ? std::optional(*panel) : std::nullopt;
}

layout::Layout LayoutAttr::getLayout() const {
  // The attribute exists, so its text was verified.
  return *layout::parse({getText().data(), getText().size()});
}

int64_t LayoutAttr::getStorageElements(unsigned elementBytes) const {
  const layout::Layout layout = getLayout();
  int64_t elements = layout.storageElements();
  if (std::optional<layout::SparsePanel> panel = getSparsePanel(elementBytes)) {
    return layout.dims[0].outerExtent() * panel->panelElements(layout.dims[1].size);
  }
  if (std::optional<layout::SparseRows> rows = getSparseRows()) {
    return layout.dims[0].outerExtent() * rows->panelBytes(layout.dims[1].size);
  }
  if (std::optional<layout::SparseTile> tile = getSparseTile()) {
    return elements / layout::SparseTile::kCodes * tile->bytes();
  }
  return getBits() == 0 ? elements : layout::planeBytes(getBits(), elements);
}
