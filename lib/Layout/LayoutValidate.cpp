#include "coopt/Layout/Layout.h"

#include <algorithm>
#include <numeric>

using namespace coopt;
using namespace coopt::layout;

static std::string dimName(size_t d) { return "layout: dimension " + std::to_string(d); }

/// Whether the vectors are independent over F2.
static bool independent(const std::vector<uint32_t> &vectors) {
  uint32_t pivots[32] = {};
  for (uint32_t vector : vectors) {
    while (vector) {
      uint32_t &pivot = pivots[31 - __builtin_clz(vector)];
      if (!pivot) {
        pivot = vector;
        break;
      }
      vector ^= pivot;
    }
    if (!vector) {
      return false;
    }
  }
  return true;
}

static Status validateTile(const Layout &layout) {
  uint64_t bits = 0;
  for (size_t d = 0; d < layout.rank(); ++d) {
    const Dim &dim = layout.dims[d];
    if (dim.size < 1) {
      return fail(dimName(d) + ": expected a positive size, got " + std::to_string(dim.size));
    }
    if (dim.basis.size() != dim.tileBits) {
      return fail(dimName(d) + ": expected " + std::to_string(dim.tileBits) +
                  " basis vectors, one per tile bit, got " + std::to_string(dim.basis.size()));
    }
    bits += dim.tileBits;
  }
  if (bits > kMaximalTileBits) {
    return fail("layout: expected a tile of at most " + std::to_string(kMaximalTileBits) + " bits, got " +
                std::to_string(bits));
  }
  std::vector<uint32_t> vectors;
  for (size_t d = 0; d < layout.rank(); ++d) {
    for (uint32_t vector : layout.dims[d].basis) {
      if (vector == 0 || vector >> bits != 0) {
        return fail(dimName(d) + ": expected basis vectors in 1.." +
                    std::to_string((uint32_t(1) << bits) - 1) + ", got " + std::to_string(vector));
      }
      vectors.push_back(vector);
    }
  }
  if (!independent(vectors)) {
    return fail("layout: the tile's basis vectors are dependent: two indexes would share an offset");
  }
  return {};
}

Status Layout::validate() const {
  if (rank() > kMaximalRank) {
    return fail("layout: expected at most " + std::to_string(kMaximalRank) + " dimensions, got " +
                std::to_string(rank()));
  }
  if (Status status = validateTile(*this); !status) {
    return status;
  }
  const int64_t tile = tileElements();
  for (size_t d = 0; d < rank(); ++d) {
    if (dims[d].outerStride < 1 || dims[d].outerStride % tile != 0) {
      return fail(dimName(d) + ": expected an outer stride that is a positive multiple of the tile's " +
                  std::to_string(tile) + " elements, got " + std::to_string(dims[d].outerStride));
    }
  }
  std::vector<size_t> order(rank());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return dims[a].outerStride != dims[b].outerStride ? dims[a].outerStride < dims[b].outerStride : a < b;
  });
  int64_t extent = tile; // elements spanned by the dimensions seen so far
  for (size_t d : order) {
    if (dims[d].outerExtent() == 1) {
      continue;
    }
    if (dims[d].outerStride < extent) {
      return fail(dimName(d) + ": outer stride " + std::to_string(dims[d].outerStride) +
                  " overlaps what lies inside it (" + std::to_string(extent) + " elements)");
    }
    int64_t added;
    if (__builtin_mul_overflow(dims[d].outerExtent() - 1, dims[d].outerStride, &added) ||
        __builtin_add_overflow(extent, added, &extent) || extent > kMaximalStorageElements) {
      return fail("layout: expected at most " + std::to_string(kMaximalStorageElements) +
                  " elements of storage, got more");
    }
  }
  return {};
}

Expected<Layout> layout::rowMajor(const std::vector<int64_t> &sizes) { return blocked(sizes, {}); }

Expected<Layout> layout::blocked(const std::vector<int64_t> &sizes, const std::vector<TileStep> &steps,
                                 const std::vector<unsigned> &outerOrder) {
  Layout layout;
  for (int64_t size : sizes) {
    layout.dims.emplace_back();
    layout.dims.back().size = size;
  }
  unsigned bits = 0;
  for (const TileStep &step : steps) {
    if (step.dim >= sizes.size()) {
      return fail("layout: tile step names dimension " + std::to_string(step.dim) + " of a tensor of rank " +
                  std::to_string(sizes.size()));
    }
    if (step.bits > kMaximalTileBits - bits) {
      return fail("layout: expected a tile of at most " + std::to_string(kMaximalTileBits) + " bits");
    }
    Dim &dim = layout.dims[step.dim];
    for (unsigned bit = 0; bit < step.bits; ++bit) {
      dim.basis.push_back(uint32_t(1) << bits++);
    }
    dim.tileBits += step.bits;
  }
  std::vector<unsigned> order = outerOrder;
  if (order.empty()) {
    order.resize(sizes.size());
    std::iota(order.begin(), order.end(), 0u);
  }
  std::vector<unsigned> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t d = 0; d < sizes.size() || d < sorted.size(); ++d) {
    if (sorted.size() != sizes.size() || sorted[d] != d) {
      return fail("layout: expected an outer order that names each of the " + std::to_string(sizes.size()) +
                  " dimensions once");
    }
  }
  // Sizes are checked before strides are made of them; validate() does the rest.
  if (Status status = validateTile(layout); !status) {
    return forward(status.error());
  }
  int64_t stride = layout.tileElements();
  for (size_t i = order.size(); i-- > 0;) {
    Dim &dim = layout.dims[order[i]];
    dim.outerStride = stride;
    if (__builtin_mul_overflow(stride, dim.outerExtent(), &stride) || stride > kMaximalStorageElements) {
      return fail("layout: expected at most " + std::to_string(kMaximalStorageElements) +
                  " elements of storage, got more");
    }
  }
  if (Status status = layout.validate(); !status) {
    return forward(status.error());
  }
  return layout;
}
