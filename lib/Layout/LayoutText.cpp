#include "coopt/Layout/Layout.h"

#include <algorithm>
#include <numeric>

using namespace coopt;
using namespace coopt::layout;

namespace {

/// The tile steps of a layout, merged, if it is one that `blocked` makes: each offset bit is the next bit of
/// some dimension.
std::optional<std::vector<TileStep>> tileSteps(const Layout &layout) {
  std::vector<TileStep> steps;
  std::vector<size_t> taken(layout.rank(), 0);
  for (unsigned bit = 0; bit < layout.tileBits(); ++bit) {
    size_t d = 0;
    while (d < layout.rank() && !(taken[d] < layout.dims[d].basis.size() &&
                                  layout.dims[d].basis[taken[d]] == uint32_t(1) << bit)) {
      ++d;
    }
    if (d == layout.rank()) {
      return std::nullopt;
    }
    ++taken[d];
    if (!steps.empty() && steps.back().dim == d) {
      ++steps.back().bits;
    } else {
      steps.push_back({static_cast<unsigned>(d), 1});
    }
  }
  return steps;
}

/// Outermost first. Where strides are equal, all dimensions but one have a single tile; that one is the
/// outermost.
std::vector<unsigned> orderByStride(const Layout &layout) {
  std::vector<unsigned> order(layout.rank());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    const Dim &x = layout.dims[a], &y = layout.dims[b];
    if (x.outerStride != y.outerStride) {
      return x.outerStride > y.outerStride;
    }
    return x.outerExtent() != y.outerExtent() ? x.outerExtent() > y.outerExtent() : a < b;
  });
  return order;
}

bool denseIn(const Layout &layout, const std::vector<unsigned> &order) {
  int64_t stride = layout.tileElements();
  for (size_t i = order.size(); i-- > 0;) {
    if (layout.dims[order[i]].outerStride != stride) {
      return false;
    }
    stride *= layout.dims[order[i]].outerExtent();
  }
  return true;
}

/// A recursive-descent reader over one line of text.
class Reader {
public:
  explicit Reader(std::string_view text) : text(text) {}

  tl::unexpected<Error> expected(const std::string &what) {
    skipBlanks();
    std::string got = "the end";
    if (at < text.size()) {
      unsigned char c = static_cast<unsigned char>(text[at]);
      got = c >= 0x20 && c < 0x7f ? "'" + std::string(1, text[at]) + "'" : "byte " + std::to_string(c);
    }
    return fail("layout, column " + std::to_string(at + 1) + ": expected " + what + ", got " + got);
  }

  bool take(char c) {
    skipBlanks();
    if (at < text.size() && text[at] == c) {
      ++at;
      return true;
    }
    return false;
  }

  bool takeWord(std::string_view word) {
    skipBlanks();
    if (text.substr(at, word.size()) == word) {
      at += word.size();
      return true;
    }
    return false;
  }

  bool atEnd() {
    skipBlanks();
    return at == text.size();
  }

  /// A number without sign, at most `limit`.
  Expected<int64_t> number(const char *what, int64_t limit) {
    skipBlanks();
    if (at >= text.size() || text[at] < '0' || text[at] > '9') {
      return expected(what);
    }
    size_t start = at;
    int64_t value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      value = value * 10 + (text[at] - '0');
      if (value > limit) {
        at = start;
        return fail("layout, column " + std::to_string(start + 1) + ": expected " + what + " of at most " +
                    std::to_string(limit));
      }
    }
    return value;
  }

  /// 'd' number ':', the dimension of a tensor of the given rank.
  Expected<unsigned> dimension(size_t rank, bool colon) {
    if (!take('d')) {
      return expected("a dimension such as d0");
    }
    size_t start = at;
    Expected<int64_t> value = number("a dimension's number", kMaximalRank);
    if (!value) {
      return forward(value.error());
    }
    if (static_cast<size_t>(*value) >= rank) {
      at = start;
      return expected("a dimension below d" + std::to_string(rank));
    }
    if (colon && !take(':')) {
      return expected("':'");
    }
    return static_cast<unsigned>(*value);
  }

private:
  void skipBlanks() {
    while (at < text.size() && text[at] == ' ') {
      ++at;
    }
  }

  std::string_view text;
  size_t at = 0;
};

/// The two parts of `outer(..)`: either an order or strides.
struct Outer {
  std::vector<unsigned> order;
  std::vector<int64_t> strides;
};

Expected<std::vector<int64_t>> readSizes(Reader &reader) {
  std::vector<int64_t> sizes;
  if (!reader.take('[')) {
    return reader.expected("'['");
  }
  if (reader.take(']')) {
    return sizes;
  }
  do {
    if (sizes.size() == kMaximalRank) {
      return reader.expected("at most " + std::to_string(kMaximalRank) + " sizes");
    }
    Expected<int64_t> size = reader.number("a size", kMaximalStorageElements);
    if (!size) {
      return forward(size.error());
    }
    sizes.push_back(*size);
  } while (reader.take(','));
  if (!reader.take(']')) {
    return reader.expected("',' or ']'");
  }
  return sizes;
}

Expected<std::vector<TileStep>> readTile(Reader &reader, size_t rank) {
  std::vector<TileStep> steps;
  do {
    Expected<unsigned> dim = reader.dimension(rank, /*colon=*/true);
    if (!dim) {
      return forward(dim.error());
    }
    Expected<int64_t> bits = reader.number("a number of bits", kMaximalTileBits);
    if (!bits) {
      return forward(bits.error());
    }
    if (steps.size() == kMaximalTileBits) {
      return reader.expected("at most " + std::to_string(kMaximalTileBits) + " tile steps");
    }
    steps.push_back({*dim, static_cast<unsigned>(*bits)});
  } while (reader.take(','));
  if (!reader.take(')')) {
    return reader.expected("',' or ')'");
  }
  return steps;
}

Status readBasis(Reader &reader, std::vector<std::vector<uint32_t>> &basis) {
  do {
    Expected<unsigned> dim = reader.dimension(basis.size(), /*colon=*/true);
    if (!dim) {
      return forward(dim.error());
    }
    do {
      Expected<int64_t> vector = reader.number("a basis vector", (int64_t(1) << kMaximalTileBits) - 1);
      if (!vector) {
        return forward(vector.error());
      }
      if (basis[*dim].size() == kMaximalTileBits) {
        return reader.expected("at most " + std::to_string(kMaximalTileBits) + " basis vectors");
      }
      basis[*dim].push_back(static_cast<uint32_t>(*vector));
    } while (reader.take('^'));
  } while (reader.take(','));
  if (!reader.take(')')) {
    return reader.expected("'^', ',' or ')'");
  }
  return {};
}

Expected<Outer> readOuter(Reader &reader, size_t rank) {
  Outer outer;
  do {
    Expected<unsigned> dim = reader.dimension(rank, /*colon=*/false);
    if (!dim) {
      return forward(dim.error());
    }
    if (std::find(outer.order.begin(), outer.order.end(), *dim) != outer.order.end()) {
      return reader.expected("each dimension once in outer(..), d" + std::to_string(*dim) + " is repeated");
    }
    outer.order.push_back(*dim);
    if (reader.take(':')) {
      Expected<int64_t> stride = reader.number("a stride", kMaximalStorageElements);
      if (!stride) {
        return forward(stride.error());
      }
      outer.strides.push_back(*stride);
    }
  } while (reader.take(','));
  if (!outer.strides.empty() && outer.strides.size() != outer.order.size()) {
    return reader.expected("a stride for each dimension of outer(..) or for none");
  }
  if (!reader.take(')')) {
    return reader.expected("',' or ')'");
  }
  if (outer.order.size() != rank) {
    return reader.expected("all " + std::to_string(rank) + " dimensions in outer(..)");
  }
  return outer;
}

} // namespace

std::string layout::print(const Layout &layout) {
  std::string text = "[";
  for (size_t d = 0; d < layout.rank(); ++d) {
    text += (d ? ", " : "") + std::to_string(layout.dims[d].size);
  }
  text += "]";

  const std::optional<std::vector<TileStep>> steps = tileSteps(layout);
  if (!steps) {
    std::string separator = " basis(";
    for (size_t d = 0; d < layout.rank(); ++d) {
      const std::vector<uint32_t> &basis = layout.dims[d].basis;
      for (size_t bit = 0; bit < basis.size(); ++bit) {
        text += bit ? "^" : separator + "d" + std::to_string(d) + ":";
        text += std::to_string(basis[bit]);
      }
      separator = basis.empty() ? separator : ", ";
    }
    text += ")";
  } else if (!steps->empty()) {
    std::string separator = " tile(";
    for (const TileStep &step : *steps) {
      text += separator + "d" + std::to_string(step.dim) + ":" + std::to_string(step.bits);
      separator = ", ";
    }
    text += ")";
  }

  const std::vector<unsigned> order = orderByStride(layout);
  const bool dense = denseIn(layout, order);
  if (layout.rank() == 0 || (dense && layout.tileBits() == 0 && std::is_sorted(order.begin(), order.end()))) {
    return text;
  }
  std::string separator = " outer(";
  for (unsigned d : order) {
    text += separator + "d" + std::to_string(d);
    if (!dense) {
      text += ":" + std::to_string(layout.dims[d].outerStride);
    }
    separator = ", ";
  }
  return text + ")";
}

Expected<Layout> layout::parse(std::string_view text) {
  Reader reader(text);
  Expected<std::vector<int64_t>> sizes = readSizes(reader);
  if (!sizes) {
    return forward(sizes.error());
  }
  std::vector<TileStep> steps;
  std::vector<std::vector<uint32_t>> basis(sizes->size());
  bool hasBasis = false;
  if (reader.takeWord("tile(")) {
    Expected<std::vector<TileStep>> read = readTile(reader, sizes->size());
    if (!read) {
      return forward(read.error());
    }
    steps = std::move(*read);
  } else if (reader.takeWord("basis(")) {
    hasBasis = true;
    if (Status status = readBasis(reader, basis); !status) {
      return forward(status.error());
    }
    // Any steps with the right number of bits per dimension give the right outer strides; the vectors follow.
    for (size_t d = 0; d < basis.size(); ++d) {
      steps.push_back({static_cast<unsigned>(d), static_cast<unsigned>(basis[d].size())});
    }
  }
  Outer outer;
  if (reader.takeWord("outer(")) {
    Expected<Outer> read = readOuter(reader, sizes->size());
    if (!read) {
      return forward(read.error());
    }
    outer = std::move(*read);
  }
  if (!reader.atEnd()) {
    return reader.expected("tile(..), basis(..), outer(..) or the end");
  }
  Expected<Layout> layout = blocked(*sizes, steps, outer.order);
  if (!layout) {
    return layout;
  }
  if (hasBasis) {
    for (size_t d = 0; d < basis.size(); ++d) {
      layout->dims[d].basis = basis[d];
    }
  }
  for (size_t i = 0; i < outer.strides.size(); ++i) {
    layout->dims[outer.order[i]].outerStride = outer.strides[i];
  }
  if (Status status = layout->validate(); !status) {
    return forward(status.error());
  }
  return layout;
}
