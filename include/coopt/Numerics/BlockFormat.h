//===- BlockFormat.h - How a matrix of weights is stored, as data ---------===//
//
// A format says what a row of K binary32 numbers becomes: one code per element, one to three levels of scales,
// and where the format has them zero points, minimums and selectors. Each is a plain array of its own
// (`BlockComponents`). One sequence of binary32 operations decodes all formats, element by element:
//
//   v = value(code)                          exact; see BlockElement
//   v = v - zero                             if there are zero points
//   v = v * scale_0;  v = v * scale_1;  ..   innermost scale first, each product rounded
//   after `minimums.after` scales:           m = minimum_0 * minimum_1 * .., innermost first, and
//                                            v = v + m, or v = v - m if they are subtracted
//
// Formats whose definition multiplies in another order (d * sc * q of Q4_K) give the same bits wherever
// these products are exact; each such format says so where it is defined.
//
// A level of scales has a span: so many elements of a row (0: the whole row) in so many rows (0: all rows).
// Its array holds ceil(rows / span rows) x ceil(K / span) numbers, row-major. The last group of a row may be
// short, and a span longer than K is one group. Zero points and selectors have the span of scales[0].
//
// Source: the common form of GGUF's blocks, OCP MX, NVFP4, QoQ, BitMoD and OliVe; the table of formats
// (FormatTable.h) names the source of each.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BLOCKFORMAT_H
#define COOPT_NUMERICS_BLOCKFORMAT_H

#include "coopt/Numerics/BlockEncoding.h"
#include "coopt/Numerics/ElementFormat.h"
#include "coopt/Support/Error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coopt::numerics {

constexpr size_t kLargestScaleLevels = 3;

/// What a code means. One of:
///
///   format      a float, integer or bipolar integer of 1..8 bits: ElementFormat.h
///   codebooks   2^bits numbers each; the selector of the group picks one of 1, 2, 4, .. 256 codebooks
///
/// Formats with outliers code pairs of elements 2i and 2i + 1 of a row (OliVe, ISCA 2023): an element whose
/// code is the victim's is 0 and gives its place to its neighbour, whose code then means outliers[code]. An
/// element without neighbour (the last of an odd row) always has the ordinary meaning.
struct BlockElement {
  ElementFormat format;                      ///< of codebooks only the bits count
  std::vector<std::vector<float>> codebooks; ///< empty: `format` says what codes mean
  std::vector<float> outliers;               ///< empty: there are no pairs
  uint32_t victim = 0;                       ///< the code that marks a victim
};

struct ScaleLevel {
  ElementFormat type; ///< f32, f16, bf16, e8m0, e4m3, an integer
  int64_t span = 0;   ///< elements of a row; 0: the whole row
  int64_t rows = 1;   ///< rows that share a scale; 0: all

  /// Groups of a row of K elements; 0 if K <= 0.
  int64_t groups(int64_t K) const;
  /// All scales of a matrix.
  int64_t count(int64_t matrixRows, int64_t K) const;
  /// Where the scales of a row begin in the array of the matrix.
  int64_t offset(int64_t row, int64_t K) const;
};

struct Minimums {
  int after = 1;                  ///< scales that are multiplied before the minimum is added
  bool subtracted = false;        ///< v - m instead of v + m
  std::vector<ScaleLevel> levels; ///< 1 to 3, innermost first
};

struct BlockFormat {
  std::string name;        ///< a lower-case word: "mxfp4"
  std::string description; ///< one line for people
  BlockElement element;
  std::vector<ScaleLevel> scales; ///< 1 to 3, innermost first; outer spans are multiples of inner ones
  int zeroBits = 0;               ///< unsigned zero points of 1..8 bits per group of scales[0]; 0: none
  std::optional<Minimums> minimums;
  BlockEncoding encoding; ///< how numbers become codes; some formats are decoded only

  /// Elements per innermost scale; 0: whole rows.
  int64_t groupSize() const { return scales.front().span; }
  int selectorBits() const;
  /// Stored bits per element of rows without end: codes, and for each group its scales, zero, minimum and
  /// selector; what a row or matrix shares counts nothing.
  double bitsPerWeight() const;

  /// All that decode and encode rely on. Errors: "scales[1].span: ...".
  Status validate() const;
};

/// The arrays of a matrix. Codes and zeros are one per byte. Codes hold the low bits; those of signed integers
/// are sign-extended to the byte, so that they are int8 numbers too. Scales and minimums are the values of the
/// stored numbers (`storeScales` makes bytes of them).
struct BlockComponents {
  int64_t rows = 0, K = 0;
  std::vector<uint8_t> codes; ///< rows x K
  std::array<std::vector<float>, kLargestScaleLevels> scales;
  std::vector<uint8_t> zeros, selectors;
  std::array<std::vector<float>, kLargestScaleLevels> minimums;

  /// Arrays of the right sizes, all 0 (scales 1); the format must be valid, rows and K not negative.
  static BlockComponents make(const BlockFormat &format, int64_t rows, int64_t K);
  /// Whether all arrays have the size that the format asks for.
  Status check(const BlockFormat &format) const;
};

/// One row of such arrays; pointers to what the format lacks are null.
struct BlockRow {
  const uint8_t *codes = nullptr; ///< K
  std::array<const float *, kLargestScaleLevels> scales{};
  const uint8_t *zeros = nullptr;
  const uint8_t *selectors = nullptr;
  std::array<const float *, kLargestScaleLevels> minimums{};
};
BlockRow rowOf(const BlockFormat &format, const BlockComponents &components, int64_t row);

/// The numbers of a row (the sequence above). Bits of codes and selectors beyond their width are ignored.
void decodeRow(const BlockFormat &format, const BlockRow &row, int64_t K, float *out);

/// The same for many rows of one format: makes the tables of values once.
class BlockDecoder {
public:
  /// The format must be valid and live as long as this.
  explicit BlockDecoder(const BlockFormat &format);

  void decodeRow(const BlockRow &row, int64_t K, float *out) const;

private:
  const BlockFormat &format;
  std::vector<std::vector<float>> values; ///< per codebook
};

/// Decodes a whole matrix; components must pass `check`.
std::vector<float> decodeMatrix(const BlockFormat &format, const BlockComponents &components);

/// Bytes of one stored number of a type: 4, 2 or 1.
int64_t storedBytes(const ElementFormat &type);
/// Values to stored numbers, little-endian, and back. Values must be numbers of the type, as encoders leave
/// them.
void storeScales(const ElementFormat &type, const float *values, int64_t n, uint8_t *bytes);
void loadScales(const ElementFormat &type, const uint8_t *bytes, int64_t n, float *values);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BLOCKFORMAT_H
