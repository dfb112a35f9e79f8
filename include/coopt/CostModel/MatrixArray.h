//===- MatrixArray.h - Timing laws of a systolic matrix array ---------------===//
//
// # The time that tiles take on a matrix array
//
// R rows and C columns of multiply-add cells; v registers on each hop down, h on each hop across. A tile is a
// product of integer matrices A (M x K) and W (K x N) with int32 sums. What enters cell (r, c) is rv + ch cycles older
// than what enters cell (0, 0): activations move to the right, sums (weight stationary) or weights (output
// stationary) down, and the ports are skewed and aligned by registers inside the array. Below, times are those of
// cell (0, 0), cycles are counted from the first to the last, both included, and no port stalls.
//
// Weight stationary (K <= R, N <= C). A cell has a weight in use and a shadow of the next one. A row of weights comes in B words of
// its port, a row of activations in A: 1, unless the port is narrower. Let w_i be the cycle in which tile i's first weight word is
// accepted, s_i that in which its first row of activations is complete.
//   - Its K_i B_i weight words are accepted one a cycle. Words of its first activations may come before, the last of them comes after:
//     s_i >= w_i + K_i B_i.
//   - The shadow of row r becomes the weight in use with the tile's first activation, in cycle s_i + rv.
//     Words addressed by row move down beside the sums: the word of row r comes in cycle w_(i+1) + r + rv, so it is
//     enough that w_(i+1) >= s_i. In a chain of shadows all rows of a column shift at once, so the last row in use must have
//     taken its weight: w_(i+1) >= s_i + (K_i - 1)v.
//   - One activation word a cycle: s_(i+1) >= s_i + (M_i - 1) A_i + A_(i+1). The first tile's begin with its weights: s_0 >= w_0 + A_0 - 1.
//   The least of these, from w_0 = 0, is s_(i+1) - s_i = max((M_i - 1) A_i + A_(i+1), K_(i+1) B_(i+1)), with a chain (K_i - 1)v more in
//   the second term. With whole ports that is max(M, K'), with a chain max(M, (K-1)v + K').
//   The sum of the activations of cycle s leaves the last row and column (R-1)v + (C-1)h later and is at the port after one register
//   more: a tile alone takes max(KB, A-1) + (M-1)A + (R-1)v + (C-1)h + 2; with whole ports K + M + (R-1)v + (C-1)h + 1.
//
// n of m weights kept, weight stationary too. K counts kept weights, K = R is m R / n activations. The n rows of a group have its m
// activations each; a cell's weight has a place of ceil(log2 m) bits, which selects one. The one that is selected takes a register, so a tile
// takes one cycle more. Places follow the weights of a row through the weight port, from the next byte on.
//
// Dot products, weight stationary too, with no hops: activations and weights go to all columns at once. Products take a register, each level
// of the tree that adds them another: a tile alone takes max(KB, A-1) + (M-1)A + ceil(log2 R) + 2. A tile's first activations come at least T
// cycles after those of the tile before (the minimum stripe): the interval is max((M_i - 1) A_i + A_(i+1), K_(i+1) B_(i+1), T).
//
// Output stationary (M <= R, N <= C). A cell has the sum it works on and a shadow with the last one. Let e_i be the cycle
// in which tile i's last pair of words is accepted (one activation and one weight word, of K).
//   - Row r's sum goes to its shadow at the end of cycle e_i + rv, if r < M. The shadows of a column are a chain that shifts at once, from
//     T_i = e_i + 1 + (M_i - 1)v on, when the last row in use has its sum: row r's sum is at the port in cycle T_i + R-1 - r, and
//     the last of R - 1 shifts ends with cycle T_i + R-2.
//   - A sum that came before the end of that shift would move with it: e_(i+1) >= T_i + R-2. One pair a cycle: e_(i+1) >= e_i + K_(i+1).
//   So e_(i+1) - e_i = max(K_(i+1), (M_i - 1)v + R-1), and a tile alone takes K + (M-1)v + (C-1)h + R.
//   (Here v >= 1 is needed: without registers the last rows would take their sums before row 0's old one has passed.)
//
// Bit-serial, output stationary too. Cells multiply slices, x bits of an activation (of a bits) by y bits of a weight (of w bits). A pair
// of words is accepted with its first step and held for the S = ceil(a/x) ceil(w/y) steps that its pairs of slices take, so the ports
// move a word in S cycles. Time passes as above, with steps for pairs: e_i is the last step of tile i, K_i S_i steps are a tile's.
//
// Look-ups (M <= R, K <= g D, any N). Rows are those of A; each has a table for each of D groups of g activations, of 2^(g-1) sums with signs,
// E of which are built in a cycle: U = ceil(2^(g-1) / E) steps. C columns of weights of w bits are looked up in a cycle. With G = ceil(K/g),
// H = ceil(N/C), let b_i, l_i, e_i, f_i be the cycles in which tile i's first activations, its first weights, and the last weights of its first and
// its last block of columns are accepted.
//   - A group's last activations are accepted when the tables of the group before are built; look-ups begin when all are: l_i >= b_i + F_i,
//     F = K + U if G = 1, else g + (G-2) max(g, U) + max(K - (G-1) g, U) + U.
//   - With two buffers the next tables are built while these are looked up: b_(i+1) >= l_i; with one b_(i+1) >= f_i + 1.
//   - A block is G w words. Its M rows of sums drain through a shadow while the next block is added up: of two blocks that follow each
//     other the ends are max(G w, M) apart, or M if the second is of another tile: f_i = e_i + (H_i - 1) max(G_i w_i, M_i),
//     l_(i+1) >= f_i + 1, e_(i+1) = max(l_(i+1) + G_(i+1) w_(i+1) - 1, f_i + M_i); where G w = 1 the
//     first word of weights is the last, l = e.
//   - What was looked up takes a register, its sum the shadow: the last row is at the port in cycle f + 1 + M.
//   A tile alone takes F + Gw + (H-1) max(Gw, M) + M + 1. Equal tiles follow each other after max(H max(Gw, M), F) with two buffers, with one
//   after max(F + Gw, M) + (H-1) max(Gw, M).
//
// Requantiser behind the array, sums of M x N to codes. A tile's scales are accepted with the last word of sums of the tile before or
// later, its first word of sums the cycle after; a word takes three registers, product, rounding and limits. One word
// a cycle: the interval is M, and a tile alone takes 1 + M + 3 cycles from its scales to its last codes.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_MATRIXARRAY_H
#define COOPT_COSTMODEL_MATRIXARRAY_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace coopt::cost {

enum class ArrayMode {
  WeightStationary,      ///< weight words addressed by row
  WeightStationaryChain, ///< weights shifted through a chain of shadows
  KeptWeights,      ///< weight stationary, of each group of weights n of m are kept; words addressed by row
  KeptWeightsChain, ///< as above, through a chain
  DotProduct,       ///< a tree for each column over the products of all rows
  OutputStationary,
  BitSerial,  ///< output stationary, a slice of bits of each operand at a time
  TableLookup ///< sums of groups of activations are looked up by bits of weights
};
const std::vector<ArrayMode> &allArrayModes();
/// "ws", "ws-chain", "nm", "nm-chain", "dot", "os", "bitserial", "lut"
const char *name(ArrayMode mode);
/// Errors: an unknown name; the message lists the known ones.
Expected<ArrayMode> parseArrayMode(const std::string &name);

/// An array as it is built.
struct MatrixArray {
  ArrayMode mode = ArrayMode::WeightStationary;
  int64_t rows = 0, columns = 0;                        ///< 1..256
  int64_t hopRegistersDown = 1, hopRegistersAcross = 1; ///< 1..8; without hops 1
  int64_t aSlice = 8, wSlice = 8; ///< bits of an activation and of a weight in a step, 1..16; bitserial
  /// n of m: `kept` weights of a `group` of at most 64; kept divides the rows and is less than group.
  int64_t kept = 1, group = 1;
  /// Bytes that the ports move in a cycle, 1..65,536; 0: a row of weights, a row of activations. ws, nm, dot.
  int64_t weightPort = 0, activationPort = 0;
  /// lut: activations of a table, 2..8; tables of a row, 1..4,096; entries built for each row in a cycle, 1..2^(tableGroup - 1); buffers of
  /// tables, 1 or 2. 0 in other modes.
  int64_t tableGroup = 0, tables = 0, tableEntries = 0, buffers = 0;
  int64_t minimumStripe = 1; ///< cycles between the first activations of two tiles, at least, 1..65,536; dot
};

/// A product of A (m x k) and W (k x n). If weights are kept, k counts the kept ones.
struct ArrayTile {
  int64_t m = 0, n = 0, k = 0;
  int64_t aBits = 8,
          wBits =
              8; ///< of an activation and of a weight; models: 1..16 if bitserial, weights too if lut, else 8
};

/// Errors: an array that cannot be built; a tile that it does not hold. Sizes that stream are at most 65,535.
Status check(const MatrixArray &array);
Status check(const MatrixArray &array, const ArrayTile &tile);

/// Cycles from the first word that a tile alone is given to its last result.
int64_t latency(const MatrixArray &array, const ArrayTile &tile);
/// Cycles from the start of a tile to that of the next: from first to first row of activations, complete (weight stationary), from last
/// to last step (output stationary; a step is a pair of words, or of their slices), of many equal tiles from first to first weights (lut).
int64_t interval(const MatrixArray &array, const ArrayTile &tile, const ArrayTile &next);
/// Steps of a pair of words: pairs of slices if bitserial, else 1.
int64_t steps(const MatrixArray &array, const ArrayTile &tile);
/// Groups of activations of the tile's rows; cycles to build a table of each row; cycles from a tile's first activations to its first
/// look-up (G, U and F above).
int64_t tableGroups(const MatrixArray &array, const ArrayTile &tile);
int64_t tableSteps(const MatrixArray &array);
int64_t tableCycles(const MatrixArray &array, const ArrayTile &tile);
/// Cycles of a tile's look-ups from its first weights to its last, both included: alone, Gw + (H-1) max(Gw, M), and among equal tiles that
/// follow each other, H max(Gw, M).
int64_t lookupCyclesAlone(const MatrixArray &array, const ArrayTile &tile);
int64_t lookupCycles(const MatrixArray &array, const ArrayTile &tile);
/// Blocks of columns that follow each other, each with m words of results: of look-ups ceil(n / columns), else 1.
int64_t blocks(const MatrixArray &array, const ArrayTile &tile);
/// Whether sums stay in the cells; whether weights go through a chain of shadows.
bool keepsOutputs(ArrayMode mode);
bool isChain(ArrayMode mode);
/// Whether there are registers on hops between cells; whether partial sums come with activations.
bool hasHops(ArrayMode mode);
bool hasPartials(ArrayMode mode);
/// Weights stay: cycles from a row of activations, complete, to its sums at the port.
int64_t resultDelay(const MatrixArray &array);
/// Levels of the tree that adds the products of all rows.
int64_t treeLevels(const MatrixArray &array);
/// Bits of a kept weight's place in its group: 0 if all are kept.
int64_t placeBits(const MatrixArray &array);
/// Activations of a row of the tile: k, or those of its groups, ceil(k group / kept).
int64_t activationDepth(const MatrixArray &array, const ArrayTile &tile);
/// Bytes of a row of the tile's weights, with their places.
int64_t weightRowBytes(const MatrixArray &array, const ArrayTile &tile);
/// Bytes of the ports' words.
int64_t weightPortBytes(const MatrixArray &array);
int64_t activationPortBytes(const MatrixArray &array);
/// Words of a port of so many bytes that bring `bits` bits; at least one.
int64_t portWords(int64_t bits, int64_t bytes);
/// Words of the ports that are a row of the tile's weights, or of its activations (B and A above).
int64_t weightWords(const MatrixArray &array, const ArrayTile &tile);
int64_t activationWords(const MatrixArray &array, const ArrayTile &tile);
/// Cycles of tiles back to back: the latency of the last, after the intervals before it.
int64_t cycles(const MatrixArray &array, const std::vector<ArrayTile> &tiles);

/// The laws above as text, for pages and certificates: K' and so on are the next tile's.
struct ArrayLaw {
  const char *start, *end, *latency, *interval;
};
ArrayLaw law(ArrayMode mode);

/// The requantiser's: cycles of a tile of m words alone, and from its start to that of the next.
int64_t requantizerLatency(int64_t m);
int64_t requantizerInterval(int64_t m);
ArrayLaw requantizerLaw();

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_MATRIXARRAY_H
