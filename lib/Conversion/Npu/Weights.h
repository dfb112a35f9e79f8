//===- Weights.h - Weights on their way to the array ---------------------------===//
//
// Weights stand in DRAM in panels (Layout/Panels.h). Here tiles of them come to the scratchpad and become what the array multiplies: the
// codes as they are stored, where it takes such a type, or made from them by one pass of the vector unit.
//
// What is looked up stands in tiles of single bits (lookUps), and is brought as it is, of several panels at a time.
//
// Codes of an asymmetric scheme are unsigned; types of the accelerator are not. They are stored centred:
// (u - z) = (u - 2^(bits-1)) - (z - 2^(bits-1)).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_WEIGHTS_H
#define COOPT_LIB_CONVERSION_NPU_WEIGHTS_H

#include "Tiles.h"

#include "coopt/CostModel/ArrayChoice.h"

namespace coopt::npu {

/// A matrix N x K that stands in DRAM as panels of `width` rows, [N/width][K][width], or as planes of them, [N/width][K/tableDepth][bits][width][tableDepth].
struct Panels {
  mlir::Value storage; ///< memref of one dimension
  int64_t width = 0, depth = 0, rows = 0;
  int64_t tableDepth = 0;   ///< of planes; 0: panels
  unsigned bits = 0;        ///< of codes; 0: elements are stored whole
  bool areCentred = false;  ///< codes are stored less 2^(bits - 1)
  mlir::OpFoldResult first; ///< row of the view's first row in all

  /// Elements of the storage that a row of a panel takes.
  int64_t rowElements() const { return bits == 0 ? width : width * bits / 8; }
  /// Copies rows first + begin .. (begin: a multiple of width) of columns k .. to `to`, [depth][rowElements()], wherever in a panel `first` is.
  /// Error: it may be within a byte.
  mlir::LogicalResult bring(Tiles &tiles, mlir::OpFoldResult begin, mlir::OpFoldResult k,
                            const Tile &to) const;
  /// Copies `to.extents[0]` rows from k on of all panels of `columns` rows first + begin .. to `to`, [count][columns].
  /// Error: they may begin within a panel.
  mlir::LogicalResult bringSeveral(Tiles &tiles, mlir::OpFoldResult begin, mlir::OpFoldResult columns,
                                   mlir::OpFoldResult k, const Tile &to) const;
  /// Bytes of the planes of `tableDepth` steps of k of a panel.
  int64_t planeBytes() const { return width * tableDepth * bits / 8; }
  /// As bringSeveral(), planes of so many steps of k, from a multiple of tableDepth on, to [panels][bytes].
  mlir::LogicalResult bringPlanes(Tiles &tiles, mlir::OpFoldResult begin, mlir::OpFoldResult columns,
                                  mlir::OpFoldResult k, int64_t steps, const Tile &to) const;
};
/// Failure: it is stored in another way, as planes where these may not be, or in codes that no type of the accelerator reads.
mlir::FailureOr<Panels> panelsOf(Tiles &tiles, mlir::Value weights, bool mayBePlanes = false);

/// What a product of codes is computed as.
struct Products {
  mlir::Type activation, weight, sum;
  /// Steps of k whose sums are exact, whatever the codes. Integers wrap around as the contract's do; floats hold integers up to 2^24.
  int64_t depth = std::numeric_limits<int64_t>::max();
};
/// Of dense products the one for which weights of so many bits take the least room, integers first; slices of bits and look-ups take codes as they are.
/// Error at the op: the machine has none.
mlir::FailureOr<Products> chooseProducts(mlir::Operation *op, const machine::NpuMatrixUnit &unit,
                                         cost::ArrayMode mode, unsigned bits);

/// Rows of elements in the scratchpad, also of elements that are no whole bytes.
struct ElementRows {
  Tile storage; ///< of the elements, or of bytes where those are smaller
  mlir::Type element;
  int64_t rows = 0, columns = 0;

  static mlir::FailureOr<ElementRows> make(Tiles &tiles, int64_t rows, int64_t columns, mlir::Type element);
  /// Where DMA puts the bytes of all rows: [rows][bytes of a row, or elements].
  Tile bytes(Tiles &tiles) const;
  mlir::Value block(Tiles &tiles, mlir::OpFoldResult first, int64_t count) const;
  /// All elements, as rows of another length that divides their number.
  mlir::Value reshaped(Tiles &tiles, int64_t columns) const;
};

/// Brings tiles of a weight.
class WeightTiles {
public:
  WeightTiles(Tiles &tiles, const Panels &panels, mlir::Type element, const machine::NpuCore &core)
      : tiles(tiles), panels(panels), element(element), core(core) {}

  /// Of the scratchpad, for each k.
  int64_t bytesOfRow() const;
  /// [extent][width], in the array's type.
  mlir::FailureOr<ElementRows> bring(mlir::OpFoldResult begin, mlir::OpFoldResult k, int64_t extent);

private:
  Tiles &tiles;
  const Panels &panels;
  mlir::Type element;
  const machine::NpuCore &core;

  mlir::Type stored() const;
  bool isReady() const { return element == stored(); }
};

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_WEIGHTS_H
