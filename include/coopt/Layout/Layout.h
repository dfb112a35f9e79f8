//===- Layout.h - From a logical index to a storage offset ----------------===//
//
// # Layout
//
// A layout says where in storage the element with logical index (i_0 .. i_{r-1}) of a tensor lies. The offset
// is counted in elements, so the same layout serves f32, int8 and packed bytes. It has two parts:
//
//   * the *tile*: the low tileBits[d] bits of each index go through a map that is linear over F2, the field
//     of two elements: each bit contributes a basis vector (a set of offset bits), and the contributions are
//     XORed. Blocked orders are those whose basis vectors are single, disjoint bits; swizzles use several
//     bits per vector;
//   * the *outer dimensions*: the rest of each index, i_d >> tileBits[d], times outerStride[d], summed.
//
//     offset(i) = XOR_{d,b : bit b of i_d is set, b < tileBits[d]} basis[d][b]
//               + sum_d (i_d >> tileBits[d]) outerStride[d]
//
// Tiles are powers of two; sizes are any. A size that is no multiple of its tile leaves *padding* in storage:
// offsets which no logical index maps to. Padding holds the code of zero and is never read as data.
//
// The F2-linear part follows "Linear Layouts: Robust Code Generation of Efficient Tensor Computation Using
// F2" (arXiv 2505.23819); the strided outer dimensions are what makes sizes free there. `[64, 172] tile(d1:1,
// d0:4) outer(d0, d1)` is the textual form of int8 weights [N, K] stored as [N/16][K/2][16 n][2 k]: see
// `print`.
//
// Everything here takes untrusted sizes: factories and `parse` return errors, and a layout built by hand must
// pass `validate` before any other function is called on it.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LAYOUT_LAYOUT_H
#define COOPT_LAYOUT_LAYOUT_H

#include "coopt/Support/Error.h"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::layout {

/// Limits that bound time and memory whatever the input: rank, the sum of all tileBits, elements of storage.
constexpr size_t kMaximalRank = 16;
constexpr unsigned kMaximalTileBits = 24;
constexpr int64_t kMaximalStorageElements = int64_t(1) << 56;

/// One logical dimension.
struct Dim {
  /// Logical elements, at least 1.
  int64_t size = 1;
  /// The tile spans 2^tileBits consecutive indexes of this dimension.
  unsigned tileBits = 0;
  /// Elements of storage from one tile to the next along this dimension; a positive multiple of the tile's
  /// elements.
  int64_t outerStride = 1;
  /// tileBits entries: the offset bits that bit b of the index toggles within the tile.
  std::vector<uint32_t> basis;

  /// Tiles along this dimension, the last one perhaps partly padding.
  int64_t outerExtent() const { return ((size - 1) >> tileBits) + 1; }

  friend bool operator==(const Dim &a, const Dim &b) {
    return a.size == b.size && a.tileBits == b.tileBits && a.outerStride == b.outerStride &&
           a.basis == b.basis;
  }
  friend bool operator!=(const Dim &a, const Dim &b) { return !(a == b); }
};

/// `bits` further low index bits of dimension `dim`, placed at the next `bits` offset bits of the tile.
struct TileStep {
  unsigned dim = 0;
  unsigned bits = 0;
};

struct Layout {
  std::vector<Dim> dims;

  size_t rank() const { return dims.size(); }
  /// Logical sizes, one per dimension.
  std::vector<int64_t> sizes() const;
  /// Sum of all tileBits, and 2 to that power.
  unsigned tileBits() const;
  int64_t tileElements() const { return int64_t(1) << tileBits(); }
  /// Product of the logical sizes.
  int64_t logicalElements() const;
  /// Elements of storage from the first to the last tile, padding included.
  int64_t storageElements() const;

  /// Storage offset in elements of a logical index of rank() numbers with 0 <= index[d] < size (not checked).
  int64_t offset(const int64_t *index) const;
  int64_t offset(const std::vector<int64_t> &index) const {
    assert(index.size() == rank());
    return offset(index.data());
  }

  /// The logical index stored at `offset`; nothing if the offset is padding or lies outside the storage.
  std::optional<std::vector<int64_t>> inverse(int64_t offset) const;

  /// Success if no two indexes share an offset and all limits are kept, otherwise the first reason found.
  Status validate() const;
  /// Whether each logical index has an offset of its own: the tile's basis vectors are independent and span
  /// exactly the tile, outer strides are multiples of the tile and nest without overlap (each is at least the
  /// extent of all that lies inside it; exotic interleavings that happen not to collide are refused).
  bool isBijective() const { return validate().has_value(); }

  /// Whether every basis vector is a single offset bit: no XOR is needed to compute an offset.
  bool isBlocked() const;
  /// Whether storage is the logical tensor in row-major order without padding.
  bool isRowMajor() const;

  /// The largest n = 2^j such that each aligned run of n indexes along `dim` (others fixed) is n consecutive
  /// elements of storage: the widest vector access along `dim`. Bounded by the tile (or the row, for an
  /// untiled unit stride, where the power of two that divides the size is returned).
  int64_t contiguousElements(unsigned dim) const;

  friend bool operator==(const Layout &a, const Layout &b) { return a.dims == b.dims; }
  friend bool operator!=(const Layout &a, const Layout &b) { return !(a == b); }
};

/// Stable within a process and across runs.
size_t hashValue(const Layout &layout);

/// Row-major storage without tiles.
/// Errors: a size below 1, too many dimensions or elements.
Expected<Layout> rowMajor(const std::vector<int64_t> &sizes);

/// A blocked layout: `steps` from the innermost (fastest) to the outermost within the tile, then tiles in
/// row-major order over `outerOrder` (a permutation of all dimensions, outermost first; empty: 0, 1, 2, ..).
///   f32 weights [N, K] as [N/16][K][16 n]:        blocked({N, K}, {{0, 4}})
///   int8 weights [N, K] as [N/16][K/2][16 n][2 k]: blocked({N, K}, {{1, 1}, {0, 4}})
/// Errors: those of rowMajor, a step's dimension or the order out of range, too large a tile.
Expected<Layout> blocked(const std::vector<int64_t> &sizes, const std::vector<TileStep> &steps,
                         const std::vector<unsigned> &outerOrder = {});

/// The compact textual form, accepted by `parse`, without quotes or line breaks (fit for an attribute):
///
///   layout := '[' size (',' size)* ']' [tile | basis] [outer]
///   tile   := 'tile(' 'd' dim ':' bits (',' ..)* ')'            innermost first, as in `blocked`
///   basis  := 'basis(' 'd' dim ':' vector ('^' vector)* (',' ..)* ')'  offset bits of index bit 0, 1, ..
///   (swizzles) outer  := 'outer(' 'd' dim (',' ..)* ')'                     dense, outermost first; or 'd'
///   dim ':' stride for each
///
/// No `outer`: dimensions in their order. Examples: `[64, 172]`, `[64, 172] tile(d1:1, d0:4) outer(d0, d1)`,
/// `[8, 8] basis(d0: 9^18^36, d1: 1^2^4) outer(d0:64, d1:64)`.
std::string print(const Layout &layout);

/// Errors: "layout, column 7: expected a size, got 'x'"; what parses is validated.
Expected<Layout> parse(std::string_view text);

} // namespace coopt::layout

namespace std {
template <>
struct hash<coopt::layout::Layout> {
  size_t operator()(const coopt::layout::Layout &layout) const { return coopt::layout::hashValue(layout); }
};
} // namespace std

#endif // COOPT_LAYOUT_LAYOUT_H
