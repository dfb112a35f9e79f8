//===- EmitOffset.h - A layout as address arithmetic ----------------------===//
//
// # Emitting offsets
//
// `emitOffset` writes the arithmetic of Layout::offset through a builder, so that code generators need not
// know how a layout is made. The builder `B` provides
//
//   using Index = ..;                               a value: an MLIR Value, a register, a number
//   Index constant(int64_t value);
//   Index add(Index a, Index b);
//   Index mul(Index a, int64_t factor);             factor > 1, no power of two
//   Index shiftRight(Index a, unsigned bits);       logical, bits > 0
//   Index shiftLeft(Index a, unsigned bits);        bits > 0
//   Index andMask(Index a, int64_t mask);
//   Index xorr(Index a, Index b);
//
// All index bits that move by the same distance move together, so a blocked layout costs one and/shift per
// tile step and no XOR; operations on what is known to be zero or whole are left out.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_EMITOFFSET_H
#define COOPT_LAYOUT_EMITOFFSET_H

#include "coopt/Layout/Layout.h"

#include <optional>

namespace coopt::layout {

namespace detail {

/// The index bits in `mask` appear in the offset moved left by `shift` (right if negative).
struct BitMove {
  int shift = 0;
  uint32_t mask = 0;
  /// The offset bits it can set.
  uint32_t image() const { return shift >= 0 ? mask << shift : mask >> -shift; }
};

/// The bit moves of one dimension, by ascending shift.
std::vector<BitMove> bitMoves(const Dim &dim);

template <class B>
typename B::Index emitScaled(B &b, typename B::Index value, int64_t factor) {
  if (factor == 1) {
    return value;
  }
  if ((factor & (factor - 1)) == 0) {
    return b.shiftLeft(value, static_cast<unsigned>(__builtin_ctzll(static_cast<uint64_t>(factor))));
  }
  return b.mul(value, factor);
}

} // namespace detail

/// Emits the storage offset, in elements, of the logical index `index`: a sequence of rank() values with
/// size() and operator[], each in 0 .. size-1 of its dimension. The layout must be valid.
template <class B, class Sequence>
typename B::Index emitOffset(B &b, const Layout &layout, const Sequence &index) {
  using Index = typename B::Index;
  assert(static_cast<size_t>(index.size()) == layout.rank());

  std::optional<Index> inner, outer;
  uint32_t innerBits = 0; // offset bits that `inner` may have set
  for (size_t d = 0; d < layout.rank(); ++d) {
    const Dim &dim = layout.dims[d];
    const bool oneTile = dim.outerExtent() == 1;
    // Bits that can be set in an index of a dimension that fits in its tile.
    const uint32_t occurring =
        (uint32_t(1) << (oneTile ? 64 - (dim.size > 1 ? __builtin_clzll(dim.size - 1) : 64) : dim.tileBits)) -
        1;
    for (detail::BitMove move : detail::bitMoves(dim)) {
      move.mask &= occurring;
      if (move.mask == 0) {
        continue;
      }
      Index term = index[d];
      if (!oneTile || move.mask != occurring) {
        term = b.andMask(term, move.mask);
      }
      if (move.shift > 0) {
        term = b.shiftLeft(term, static_cast<unsigned>(move.shift));
      } else if (move.shift < 0) {
        term = b.shiftRight(term, static_cast<unsigned>(-move.shift));
      }
      if (!inner) {
        inner = term;
      } else {
        inner = (innerBits & move.image()) ? b.xorr(*inner, term) : b.add(*inner, term);
      }
      innerBits |= move.image();
    }
    if (!oneTile) {
      Index tile = dim.tileBits ? b.shiftRight(index[d], dim.tileBits) : Index(index[d]);
      Index term = detail::emitScaled(b, tile, dim.outerStride);
      outer = outer ? b.add(*outer, term) : term;
    }
  }
  if (inner && outer) {
    return b.add(*outer, *inner);
  }
  return outer ? *outer : inner ? *inner : b.constant(0);
}

} // namespace coopt::layout

#endif // COOPT_LAYOUT_EMITOFFSET_H
