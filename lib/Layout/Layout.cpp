#include "coopt/Layout/Layout.h"
#include "coopt/Layout/EmitOffset.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace coopt;
using namespace coopt::layout;

std::vector<int64_t> Layout::sizes() const {
  std::vector<int64_t> result;
  for (const Dim &dim : dims) {
    result.push_back(dim.size);
  }
  return result;
}

unsigned Layout::tileBits() const {
  unsigned bits = 0;
  for (const Dim &dim : dims) {
    bits += dim.tileBits;
  }
  return bits;
}

int64_t Layout::logicalElements() const {
  int64_t elements = 1;
  for (const Dim &dim : dims) {
    elements *= dim.size;
  }
  return elements;
}

int64_t Layout::storageElements() const {
  int64_t elements = tileElements();
  for (const Dim &dim : dims) {
    elements += (dim.outerExtent() - 1) * dim.outerStride;
  }
  return elements;
}

int64_t Layout::offset(const int64_t *index) const {
  int64_t outer = 0;
  uint32_t inner = 0;
  for (size_t d = 0; d < dims.size(); ++d) {
    const Dim &dim = dims[d];
    assert(index[d] >= 0 && index[d] < dim.size);
    for (unsigned bit = 0; bit < dim.tileBits; ++bit) {
      if ((index[d] >> bit) & 1) {
        inner ^= dim.basis[bit];
      }
    }
    outer += (index[d] >> dim.tileBits) * dim.outerStride;
  }
  return outer + inner;
}

/// Solves XOR basis = target for the index bits within the tile, by elimination over F2. Returns one word per
/// dimension. The basis of a valid layout spans the tile, so a solution exists.
static std::vector<uint32_t> solveTile(const Layout &layout, uint32_t target) {
  struct Row {
    uint32_t vector;
    uint32_t combination; // which basis vectors, numbered over all dimensions, were XORed to get it
  };
  Row pivots[kMaximalTileBits] = {};
  unsigned number = 0;
  for (const Dim &dim : layout.dims) {
    for (uint32_t vector : dim.basis) {
      Row row{vector, uint32_t(1) << number++};
      while (row.vector) {
        Row &pivot = pivots[31 - __builtin_clz(row.vector)];
        if (!pivot.vector) {
          pivot = row;
          break;
        }
        row.vector ^= pivot.vector;
        row.combination ^= pivot.combination;
      }
    }
  }
  uint32_t combination = 0;
  while (target) {
    const Row &pivot = pivots[31 - __builtin_clz(target)];
    target ^= pivot.vector;
    combination ^= pivot.combination;
  }
  std::vector<uint32_t> words;
  for (const Dim &dim : layout.dims) {
    words.push_back(combination & ((uint32_t(1) << dim.tileBits) - 1));
    combination >>= dim.tileBits;
  }
  return words;
}

std::optional<std::vector<int64_t>> Layout::inverse(int64_t offset) const {
  if (offset < 0 || offset >= storageElements()) {
    return std::nullopt;
  }
  const int64_t inTile = offset & (tileElements() - 1);
  int64_t rest = offset - inTile;
  std::vector<int64_t> index(rank(), 0);

  // Strides nest, so the tile numbers are the digits of the offset from the largest stride downwards.
  std::vector<size_t> order(rank());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return dims[a].outerStride > dims[b].outerStride; });
  for (size_t d : order) {
    if (dims[d].outerExtent() == 1) {
      continue;
    }
    int64_t tile = rest / dims[d].outerStride;
    if (tile >= dims[d].outerExtent()) {
      return std::nullopt;
    }
    rest -= tile * dims[d].outerStride;
    index[d] = tile << dims[d].tileBits;
  }
  if (rest != 0) {
    return std::nullopt;
  }
  std::vector<uint32_t> words = solveTile(*this, static_cast<uint32_t>(inTile));
  for (size_t d = 0; d < rank(); ++d) {
    index[d] += words[d];
    if (index[d] >= dims[d].size) {
      return std::nullopt;
    }
  }
  return index;
}

bool Layout::isBlocked() const {
  return std::all_of(dims.begin(), dims.end(), [](const Dim &dim) {
    return std::all_of(dim.basis.begin(), dim.basis.end(),
                       [](uint32_t vector) { return (vector & (vector - 1)) == 0; });
  });
}

bool Layout::isRowMajor() const {
  // A tile may be row-major too (the innermost power of two of the last dimension), so compare the maps bit
  // by bit.
  int64_t stride = 1;
  for (size_t d = rank(); d-- > 0;) {
    const Dim &dim = dims[d];
    for (unsigned bit = 0; bit < dim.tileBits && (dim.size - 1) >> bit != 0; ++bit) {
      if (dim.basis[bit] != stride << bit) {
        return false;
      }
    }
    if (dim.outerExtent() > 1 && dim.outerStride != stride << dim.tileBits) {
      return false;
    }
    stride *= dim.size;
  }
  return storageElements() == logicalElements();
}

int64_t Layout::contiguousElements(unsigned dim) const {
  const Dim &along = dims[dim];
  unsigned bits = 0;
  while (bits < along.tileBits && along.basis[bits] == uint32_t(1) << bits) {
    ++bits;
  }
  // Any other vector that touches the run's offset bits would permute the run.
  for (size_t d = 0; d < rank(); ++d) {
    for (size_t bit = d == dim ? bits : 0; bit < dims[d].basis.size(); ++bit) {
      bits = std::min(bits, static_cast<unsigned>(__builtin_ctz(dims[d].basis[bit])));
    }
  }
  int64_t run = int64_t(1) << bits;
  if (bits == tileBits() && along.outerStride == run) {
    while (run * 2 <= along.size) {
      run *= 2;
    }
  }
  return run;
}

std::vector<detail::BitMove> detail::bitMoves(const Dim &dim) {
  std::map<int, uint32_t> maskOfShift;
  for (unsigned bit = 0; bit < dim.tileBits; ++bit) {
    for (uint32_t vector = dim.basis[bit]; vector; vector &= vector - 1) {
      maskOfShift[__builtin_ctz(vector) - static_cast<int>(bit)] |= uint32_t(1) << bit;
    }
  }
  std::vector<BitMove> moves;
  for (auto [shift, mask] : maskOfShift) {
    moves.push_back({shift, mask});
  }
  return moves;
}

size_t layout::hashValue(const Layout &layout) {
  uint64_t state = layout.rank();
  auto mix = [&state](uint64_t value) { // splitmix64's finaliser over a running sum
    state += value + 0x9e3779b97f4a7c15;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
    state ^= state >> 31;
  };
  for (const Dim &dim : layout.dims) {
    mix(static_cast<uint64_t>(dim.size));
    mix(static_cast<uint64_t>(dim.outerStride));
    mix(dim.tileBits);
    for (uint32_t vector : dim.basis) {
      mix(vector);
    }
  }
  return state;
}
