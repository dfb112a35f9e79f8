//===- ArrayChoice.h - Which mode of a matrix array a product takes ---------===//
//
// A product of activations (M x K) and codes of weights (K x N), of which a sum has `span` products: those of a group with a scale of its own, or
// all K. It is made panel by panel of the array's columns, sum by sum; what the array does is timed by its laws (MatrixArray.h), beside it the
// vector unit works, so a sum takes as long as the longer of both.
//
//   ws, os        the codes are widened to a type of the array, if it has none of as many bits: a pass over all weights
//   bitserial     takes as many bits as the codes have
//   lut           takes single bit planes. Tables of T activations are made once for as many panels as their sums have room in the accumulator,
//                 whose rows are then scaled together
//
// The vector unit scales each row of sums and adds it to those before, after it has taken the part of the zeros from it if there are any.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_ARRAYCHOICE_H
#define COOPT_COSTMODEL_ARRAYCHOICE_H

#include "coopt/CostModel/MatrixArray.h"
#include "coopt/Machine/Npu.h"

#include <optional>

namespace coopt::cost {

struct CodeProduct {
  int64_t columns = 0, depth = 0; ///< N, K
  int64_t span = 0;               ///< of k, of one sum: at most depth
  unsigned bits = 8;              ///< of a code, as it is stored
  bool hasZeros = false;          ///< that the sums have to be made good for
  bool isOfFloats = false; ///< activations are bf16 and codes are decoded to it; else activations are i8
};

/// Panels that are computed by one item of a kernel at most.
constexpr int64_t kMostPanels = 8;

/// The unit's array in a mode. Of kept weights the caller says what is kept.
MatrixArray arrayOf(const machine::NpuMatrixUnit &unit, ArrayMode mode);

/// What a dense product of i8 by codes of so many bits is made of: integers, the narrowest, else floats that hold them. Nothing: the unit has neither.
std::optional<machine::NpuOperands> denseTypes(const machine::NpuMatrixUnit &unit, unsigned bits);
/// Products of i8 by codes of so many bits whose sum is exact: bf16 has them exactly, and f32 holds integers up to 2^24.
constexpr int64_t exactFloats(unsigned bits) { return int64_t(1) << (18 - bits); }

/// Activations of the tables of a product's look-ups, a power of two, of a group a divisor: that which takes the least time for one row. 0: the unit
/// makes none for it, as its tables have no groups of 2, 4 or 8 activations, a group has no such divisor, or codes have not 2, 4 or 8 bits.
int64_t tableDepth(const machine::NpuCore &core, const CodeProduct &product);
/// Columns whose sums, of so many rows, have room in the accumulator twice: panels, at most kMostPanels and at least one.
int64_t columnsOfTables(const machine::NpuCore &core, int64_t rows);

/// Cycles of all sums of so many rows, in a mode that the unit has for the product.
int64_t productCycles(const machine::NpuCore &core, const CodeProduct &product, ArrayMode mode, int64_t rows);

/// The unit's modes for a product, of whatever storage: ws (or its chain), os, bitserial, lut.
std::vector<ArrayMode> productModes(const machine::NpuCore &core, const CodeProduct &product);
/// That of them which takes the least time for one row, and for `mostRows` not more than those it is preferred to. `arePanels`: weights stand in panels
/// already, which look-ups do not read. Nothing: the unit has none.
std::optional<ArrayMode> chooseMode(const machine::NpuCore &core, const CodeProduct &product,
                                    int64_t mostRows, bool arePanels);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_ARRAYCHOICE_H
