// Nodes that compute with others: quantise, slice, concatenate, pack.
#include "RecipeNodes.h"

#include "coopt/Layout/BitPlanes.h"
#include "coopt/Layout/Pack.h"
#include "coopt/Numerics/Half.h"
#include "coopt/Numerics/TwoLevelQuantization.h"

#include <algorithm>
#include <cstring>

using namespace coopt;

namespace coopt::package::recipe {

namespace {

struct QuantizeNode : Node {
  NodeRef input;
  numerics::IntegerGroupFormat format;
  QuantizedPart part = QuantizedPart::Codes;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    int64_t columns = input->shape().extents[1], groups = numerics::groupCount(format, columns);
    std::vector<float> row(static_cast<size_t>(columns)), scales(static_cast<size_t>(groups));
    std::vector<uint8_t> codes(static_cast<size_t>(columns)), zeros(static_cast<size_t>(groups));
    uint8_t *wantedCodes = part == QuantizedPart::Codes ? codes.data() : nullptr;
    for (int64_t m = begin; m < end; ++m, out += tensor.rowBytes()) {
      Status read = input->evaluate(m, m + 1, reinterpret_cast<uint8_t *>(row.data()));
      if (!read) {
        return read;
      }
      if (format.symmetric) {
        numerics::quantizeRow(format, row.data(), columns, reinterpret_cast<int8_t *>(wantedCodes),
                              scales.data());
      } else {
        numerics::quantizeRow(format, row.data(), columns, wantedCodes, scales.data(), zeros.data());
      }
      switch (part) {
      case QuantizedPart::Codes:
        std::memcpy(out, codes.data(), codes.size());
        break;
      case QuantizedPart::Zeros:
        std::memcpy(out, zeros.data(), zeros.size());
        break;
      case QuantizedPart::Scales:
        if (format.scaleType == numerics::ScaleType::F32) {
          std::memcpy(out, scales.data(), scales.size() * sizeof(float));
          break;
        }
        for (size_t g = 0; g < scales.size(); ++g) {
          uint16_t half = numerics::halfFromFloat(scales[g]);
          std::memcpy(out + 2 * g, &half, 2);
        }
        break;
      case QuantizedPart::OuterScales:
        return fail("codes of one level have no outer scales");
      }
    }
    return {};
  }
};

struct TwoLevelNode : Node {
  NodeRef input;
  int64_t groupSize = 0;
  QuantizedPart part = QuantizedPart::Codes;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    int64_t columns = input->shape().extents[1], groups = numerics::twoLevelGroupCount(groupSize, columns);
    std::vector<float> row(static_cast<size_t>(columns));
    std::vector<uint8_t> codes(static_cast<size_t>(columns)), scales(static_cast<size_t>(groups)),
        zeros(static_cast<size_t>(groups));
    float outer = 0;
    for (int64_t m = begin; m < end; ++m, out += tensor.rowBytes()) {
      if (Status read = input->evaluate(m, m + 1, reinterpret_cast<uint8_t *>(row.data())); !read) {
        return read;
      }
      if (part == QuantizedPart::OuterScales) {
        outer = numerics::twoLevelRowScale(row.data(), columns);
        std::memcpy(out, &outer, sizeof(outer));
        continue;
      }
      numerics::quantizeRowTwoLevel(groupSize, row.data(), columns,
                                    part == QuantizedPart::Codes ? codes.data() : nullptr, &outer,
                                    scales.data(), zeros.data());
      const uint8_t *wanted = part == QuantizedPart::Codes    ? codes.data()
                              : part == QuantizedPart::Scales ? scales.data()
                                                              : zeros.data();
      std::memcpy(out, wanted, tensor.rowBytes());
    }
    return {};
  }
};

/// Copies the box at `offsets` with extents `box` of a row-major tensor with extents `outer`, dimensions from
/// `dimension` on.
uint8_t *copyBox(const uint8_t *from, uint8_t *to, const std::vector<int64_t> &outer,
                 const std::vector<int64_t> &offsets, const std::vector<int64_t> &box, size_t dimension,
                 size_t elementBytes) {
  if (dimension == outer.size()) {
    std::memcpy(to, from, elementBytes);
    return to + elementBytes;
  }
  uint64_t stride = elementBytes;
  for (size_t i = dimension + 1; i < outer.size(); ++i) {
    stride *= static_cast<uint64_t>(outer[i]);
  }
  from += stride * static_cast<uint64_t>(offsets[dimension]);
  if (dimension + 1 == outer.size()) {
    uint64_t bytes = elementBytes * static_cast<uint64_t>(box[dimension]);
    std::memcpy(to, from, bytes);
    return to + bytes;
  }
  for (int64_t i = 0; i < box[dimension]; ++i, from += stride) {
    to = copyBox(from, to, outer, offsets, box, dimension + 1, elementBytes);
  }
  return to;
}

struct SliceNode : Node {
  NodeRef input;
  std::vector<int64_t> offsets;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    const TensorShape &whole = input->shape();
    if (whole.rowBytes() == tensor.rowBytes()) {
      return input->evaluate(begin + offsets[0], end + offsets[0], out);
    }
    std::vector<uint8_t> row(whole.rowBytes());
    for (int64_t m = begin; m < end; ++m) {
      if (Status read = input->evaluate(m + offsets[0], m + offsets[0] + 1, row.data()); !read) {
        return read;
      }
      out = copyBox(row.data(), out, whole.extents, offsets, tensor.extents, 1, tensor.elementBytes);
    }
    return {};
  }
};

struct ConcatNode : Node {
  std::vector<NodeRef> inputs;
  size_t dimension = 0;

  Status evaluate(int64_t begin, int64_t end, uint8_t *out) const override {
    return dimension == 0 ? evaluateStacked(begin, end, out) : evaluateSideBySide(begin, end, out);
  }

  Status evaluateStacked(int64_t begin, int64_t end, uint8_t *out) const {
    int64_t start = 0;
    for (const NodeRef &input : inputs) {
      int64_t rows = input->shape().rows();
      int64_t first = std::max(begin, start), last = std::min(end, start + rows);
      if (first < last) {
        if (Status read = input->evaluate(first - start, last - start, out); !read) {
          return read;
        }
        out += tensor.rowBytes() * static_cast<uint64_t>(last - first);
      }
      start += rows;
    }
    return {};
  }

  Status evaluateSideBySide(int64_t begin, int64_t end, uint8_t *out) const {
    uint64_t outer = 1, inner = tensor.elementBytes;
    for (size_t i = 1; i < dimension; ++i) {
      outer *= static_cast<uint64_t>(tensor.extents[i]);
    }
    for (size_t i = dimension + 1; i < tensor.extents.size(); ++i) {
      inner *= static_cast<uint64_t>(tensor.extents[i]);
    }
    uint64_t whole = inner * static_cast<uint64_t>(tensor.extents[dimension]);
    std::vector<uint8_t> row;
    for (int64_t m = begin; m < end; ++m, out += tensor.rowBytes()) {
      uint64_t at = 0;
      for (const NodeRef &input : inputs) {
        row.resize(input->shape().rowBytes());
        if (Status read = input->evaluate(m, m + 1, row.data()); !read) {
          return read;
        }
        uint64_t part = inner * static_cast<uint64_t>(input->shape().extents[dimension]);
        for (uint64_t i = 0; i < outer && part > 0; ++i) {
          std::memcpy(out + i * whole + at, row.data() + i * part, part);
        }
        at += part;
      }
    }
    return {};
  }
};

struct PackNode : Node {
  NodeRef input;
  layout::Layout layout;
  unsigned bits = 0;
  KeptStorage kept;
  bool areCentred = false, areSingle = false;

  /// Elements of a whole panel of rows.
  int64_t panelElements() const { return layout.dims[0].outerStride; }
  /// Whether panels are stored by what is kept of them; of one, its bytes.
  bool hasKeptPanels() const { return kept.index() > 1; }
  uint64_t keptPanelBytes() const {
    const auto *rows = std::get_if<layout::SparseRows>(&kept);
    const int64_t depth = layout.dims[1].size;
    return rows ? static_cast<uint64_t>(rows->panelBytes(depth))
                : static_cast<uint64_t>(std::get<layout::SparsePanel>(kept).panelElements(depth)) *
                      tensor.elementBytes;
  }

  /// Bytes that elements of storage take.
  uint64_t bytesOf(int64_t elements) const {
    if (hasKeptPanels()) {
      return static_cast<uint64_t>(elements / panelElements()) * keptPanelBytes();
    }
    if (const auto *tile = std::get_if<layout::SparseTile>(&kept)) {
      return static_cast<uint64_t>(elements / layout::SparseTile::kCodes * tile->bytes());
    }
    return bits == 0 ? static_cast<uint64_t>(elements) * tensor.elementBytes
                     : static_cast<uint64_t>(layout::planeBytes(bits, elements));
  }

  bool hasRows() const override { return false; }
  Status evaluate(int64_t, int64_t, uint8_t *) const override { return fail("packed storage has no rows"); }
  Status packPanels(const Piece &piece, const uint8_t *rows, uint8_t *out) const;

  std::vector<Piece> pieces(uint64_t targetBytes) const override {
    // Whole tiles of rows, if storage keeps rows together; else everything at once.
    layout::Range all = layout::allRows(layout);
    int64_t tile = layout.dims.empty() ? 1 : int64_t(1) << layout.dims[0].tileBits;
    std::vector<Piece> result;
    Expected<layout::Range> one = layout::storageOfRows(layout, {0, std::min(tile, all.end)});
    if (!one) {
      result.push_back({all.begin, all.end, tensor.bytes()});
      return result;
    }
    uint64_t tileBytes = std::max<uint64_t>(1, bytesOf(one->size()));
    int64_t tiles = static_cast<int64_t>(std::clamp<uint64_t>(targetBytes / tileBytes, 1, uint64_t(1) << 30));
    tiles = std::max(tiles, all.end / tile / kMaximalPieces + 1);
    int64_t step = tile * tiles;
    for (int64_t begin = 0; begin < all.end; begin += step) {
      int64_t end = begin + std::min(step, all.end - begin);
      Expected<layout::Range> storage = layout::storageOfRows(layout, {begin, end});
      if (!storage) {
        return {{all.begin, all.end, tensor.bytes()}};
      }
      result.push_back({begin, end, bytesOf(storage->size())});
    }
    return result;
  }

  Status evaluatePiece(const Piece &piece, uint8_t *out) const override {
    std::vector<uint8_t> rows(input->shape().rowBytes() * static_cast<uint64_t>(piece.end - piece.begin));
    if (Status read = input->evaluate(piece.begin, piece.end, rows.data()); !read) {
      return read;
    }
    if (hasKeptPanels()) {
      return packPanels(piece, rows.data(), out);
    }
    if (bits == 0) {
      return layout::pack(layout, rows.data(), out, tensor.elementBytes, {piece.begin, piece.end});
    }
    const auto *sparse = std::get_if<layout::SparseTile>(&kept);
    const auto tile = static_cast<size_t>(layout.tileElements());
    const size_t tileBytes = static_cast<size_t>(bytesOf(layout.tileElements()));
    const size_t tiles = piece.bytes / tileBytes;
    std::vector<uint8_t> codes(tiles * tile);
    if (Status packed = layout::pack(layout, rows.data(), codes.data(), 1, {piece.begin, piece.end});
        !packed) {
      return packed;
    }
    for (uint8_t &code : codes) {
      code = areCentred ? static_cast<uint8_t>(code ^ (1u << (bits - 1))) : code;
    }
    for (size_t t = 0; t < tiles; ++t, out += tileBytes) {
      const uint8_t *from = codes.data() + t * tile;
      if (!sparse) {
        layout::packPlanes(bits, from, layout.tileElements(), out, areSingle);
      } else if (Status packed = sparse->pack(from, out); !packed) {
        const auto inRow = static_cast<size_t>(layout.dims[1].outerExtent());
        return forward(packed.error(),
                       "tile of the rows from " +
                           std::to_string(piece.begin + static_cast<int64_t>(t / inRow) * 16) +
                           " and the columns from " + std::to_string(t % inRow * 64) + " on");
      }
    }
    return {};
  }
};

Status PackNode::packPanels(const Piece &piece, const uint8_t *rows, uint8_t *out) const {
  const uint64_t panelBytes = keptPanelBytes(), panels = piece.bytes / panelBytes;
  const uint64_t denseBytes = static_cast<uint64_t>(panelElements()) * tensor.elementBytes;
  std::vector<uint8_t> dense(panels * denseBytes);
  if (Status packed = layout::pack(layout, rows, dense.data(), tensor.elementBytes, {piece.begin, piece.end});
      !packed) {
    return packed;
  }
  for (uint64_t p = 0; p < panels; ++p, out += panelBytes) {
    const uint8_t *panel = dense.data() + p * denseBytes;
    const int64_t depth = layout.dims[1].size;
    const auto *rows = std::get_if<layout::SparseRows>(&kept);
    Status packed =
        rows ? rows->pack(panel, depth, out) : std::get<layout::SparsePanel>(kept).pack(panel, depth, out);
    if (!packed) {
      const int64_t first = piece.begin + (static_cast<int64_t>(p) << layout.dims[0].tileBits);
      return forward(packed.error(), "panel from row " + std::to_string(first) + " on");
    }
  }
  return {};
}

} // namespace

Expected<NodeRef> makeQuantizeNode(NodeRef input, const numerics::IntegerGroupFormat &format,
                                   QuantizedPart part) {
  const TensorShape &x = input->shape();
  if (x.extents.size() != 2 || x.elementBytes != 4) {
    return fail("expected a matrix of f32 to quantise");
  }
  int64_t rows = x.extents[0], columns = x.extents[1];
  TensorShape shape{{rows, columns}, 1};
  if (part != QuantizedPart::Codes) {
    shape.extents = {rows};
    if (format.groupSize > 0) {
      shape.extents.push_back(numerics::groupCount(format, columns));
    }
    if (part == QuantizedPart::Scales) {
      shape.elementBytes = format.scaleType == numerics::ScaleType::F16 ? 2 : 4;
    }
  }
  if (columns == 0) {
    return fail("expected rows with elements to quantise");
  }
  auto node = std::make_shared<QuantizeNode>();
  node->input = input;
  node->format = format;
  node->part = part;
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

Expected<NodeRef> makeTwoLevelNode(NodeRef input, int64_t groupSize, QuantizedPart part) {
  const TensorShape &x = input->shape();
  if (x.extents.size() != 2 || x.elementBytes != 4 || x.extents[1] == 0) {
    return fail("expected a matrix of f32 with columns to quantise");
  }
  TensorShape shape{x.extents, 1};
  if (part == QuantizedPart::OuterScales) {
    shape = {{x.extents[0]}, 4};
  } else if (part != QuantizedPart::Codes) {
    shape.extents[1] = numerics::twoLevelGroupCount(groupSize, x.extents[1]);
  }
  auto node = std::make_shared<TwoLevelNode>();
  node->input = input;
  node->groupSize = groupSize;
  node->part = part;
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

Expected<NodeRef> makeSliceNode(NodeRef input, std::vector<int64_t> offsets, std::vector<int64_t> extents) {
  const std::vector<int64_t> &whole = input->shape().extents;
  if (offsets.size() != whole.size() || extents.size() != whole.size() || whole.empty()) {
    return fail("expected a slice of the source's rank, at least 1");
  }
  for (size_t i = 0; i < whole.size(); ++i) {
    if (offsets[i] < 0 || extents[i] < 0 || offsets[i] > whole[i] || extents[i] > whole[i] - offsets[i]) {
      return fail("slice of " + std::to_string(extents[i]) + " at " + std::to_string(offsets[i]) +
                  " lies outside dimension " + std::to_string(i) + " of " + std::to_string(whole[i]));
    }
  }
  auto node = std::make_shared<SliceNode>();
  TensorShape shape{std::move(extents), input->shape().elementBytes};
  node->input = input;
  node->offsets = std::move(offsets);
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

Expected<NodeRef> makeConcatNode(std::vector<NodeRef> inputs, size_t dimension) {
  if (inputs.empty() || dimension >= inputs[0]->shape().extents.size()) {
    return fail("expected tensors with a dimension " + std::to_string(dimension) + " to concatenate");
  }
  TensorShape shape = inputs[0]->shape();
  for (size_t i = 1; i < inputs.size(); ++i) {
    TensorShape other = inputs[i]->shape();
    if (other.extents.size() != shape.extents.size() || other.elementBytes != shape.elementBytes) {
      return fail("expected tensors of one rank and element type to concatenate");
    }
    if (other.extents[dimension] > INT64_MAX - shape.extents[dimension]) {
      return fail("expected a tensor of less than 2^62 bytes");
    }
    shape.extents[dimension] += other.extents[dimension];
    other.extents[dimension] = shape.extents[dimension];
    if (other.extents != shape.extents) {
      return fail("expected tensors that differ in dimension " + std::to_string(dimension) +
                  " only to concatenate");
    }
  }
  auto node = std::make_shared<ConcatNode>();
  node->inputs = inputs;
  node->dimension = dimension;
  return finish(std::move(node), std::move(shape), inputs);
}

Expected<NodeRef> makePackNode(NodeRef input, layout::Layout layout, unsigned bits, KeptStorage kept,
                               bool areCentred, bool areSingle) {
  if (layout.sizes() != input->shape().extents) {
    return fail("expected a layout of the source's extents, got '" + layout::print(layout) + "'");
  }
  if (bits > 8 || (bits != 0 && (input->shape().elementBytes != 1 || layout.tileElements() % 8 != 0))) {
    return fail("expected bytes with codes of 1 to 8 bits in tiles of a multiple of 8, got " +
                std::to_string(bits) + " bits in '" + layout::print(layout) + "'");
  }
  auto expected = [&](int64_t elements, const std::string &what) {
    return fail("expected tiles of " + std::to_string(elements) + " " + what + ", got '" +
                layout::print(layout) + "'");
  };
  auto codesOf = [](unsigned bits) { return "codes of " + std::to_string(bits) + " bits"; };
  if (const auto *tile = std::get_if<layout::SparseTile>(&kept);
      tile && (tile->bits() != bits || layout.tileElements() != layout::SparseTile::kCodes)) {
    return expected(layout::SparseTile::kCodes, codesOf(tile->bits()));
  }
  if (const auto *rows = std::get_if<layout::SparseRows>(&kept);
      rows && (rows->bits() != bits || layout.rank() != 2 || layout.dims[1].tileBits != 0 ||
               layout.tileElements() != rows->width())) {
    return expected(rows->width(), codesOf(rows->bits()) + " of as many rows");
  }
  if ((areCentred || areSingle) && (bits == 0 || kept.index() != 0)) {
    return fail(std::string("expected codes of some bits, all of which are stored, ") +
                (areCentred ? "to be centred" : "in planes of one bit"));
  }
  auto node = std::make_shared<PackNode>();
  node->bits = bits;
  node->kept = std::move(kept);
  node->areCentred = areCentred;
  node->areSingle = areSingle;
  node->input = input;
  node->layout = std::move(layout);
  const int64_t elements = node->layout.storageElements();
  int64_t stored = elements;
  const size_t elementBytes = input->shape().elementBytes;
  if (const auto *panel = std::get_if<layout::SparsePanel>(&node->kept)) {
    stored = node->layout.dims[0].outerExtent() * panel->panelElements(node->layout.dims[1].size);
  } else if (bits != 0) {
    stored = static_cast<int64_t>(node->bytesOf(elements));
  }
  TensorShape shape{{stored}, elementBytes};
  return finish(std::move(node), std::move(shape), {std::move(input)});
}

} // namespace coopt::package::recipe
