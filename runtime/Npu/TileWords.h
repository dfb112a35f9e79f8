//===- TileWords.h - The words of tiles, and what comes back ----------------===//
//
// How matrices become words of an array's ports, for every mode.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NPU_TILEWORDS_H
#define COOPT_NPU_TILEWORDS_H

#include "Npu/Drive.h"
#include "coopt/CostModel/MatrixArray.h"

#include <memory>

namespace coopt::npu {

/// A tile with its operands, all by rows.
struct TileData {
  cost::ArrayTile tile;
  std::vector<int32_t> activations; ///< m x activationDepth(), of tile.aBits bits
  std::vector<int32_t> weights;     ///< k x n, of tile.wBits bits; look-ups: those of 1 bit are +1 and -1
  std::vector<int32_t>
      places; ///< k x n, of kept weights in their groups, beyond which a weight counts nothing; else empty
  std::vector<int32_t> partials; ///< m x n, added to the product, of ws and nm; else empty
};

/// The model of an array. Errors: those of check().
Expected<std::unique_ptr<Device>> makeArray(const cost::MatrixArray &array);

/// Adds a tile's words to what goes into the array; lanes, and bits of lanes, that are not looked at are those of `unused`.
/// Errors: a tile that the array does not hold, operands of other sizes, numbers of more bits.
Status appendTile(const cost::MatrixArray &array, const TileData &data, Stimulus &stimulus,
                  int32_t unused = 0);

/// Words of results of a tile: m for each block of columns.
size_t resultWords(const cost::MatrixArray &array, const cost::ArrayTile &tile);

/// The m x n results of a tile, by rows, from its words, which begin at `first`.
std::vector<int32_t> tileResults(const cost::MatrixArray &array, const cost::ArrayTile &tile,
                                 const std::vector<Word> &words, size_t first);

} // namespace coopt::npu

#endif // COOPT_NPU_TILEWORDS_H
