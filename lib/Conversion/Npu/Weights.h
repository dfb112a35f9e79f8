//===- Weights.h - Weights on their way to the array ---------------------------===//
//
// Weights stand in DRAM in panels (Layout/Panels.h). Here tiles of them come to the scratchpad and become what the array multiplies: the
// codes as they are stored, where it takes such a type, or made from them by one pass of the vector unit.
//
// Of weights under a pattern lines of kept codes come, with their places (Layout/SparseRows.h). So many lines stand for so many columns; whoever asks
// for columns asks for whole runs.
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
#include "coopt/Layout/SparseRows.h"

namespace coopt::npu {

/// A matrix N x K that stands in DRAM as panels of `width` rows, [N/width][K][width], or as planes of them, [N/width][K/tableDepth][bits][width][tableDepth].
struct Panels {
  mlir::Value storage; ///< memref of one dimension
  int64_t width = 0, depth = 0, rows = 0;
  int64_t tableDepth = 0;                 ///< of planes; 0: panels
  unsigned bits = 0;                      ///< of codes; 0: elements are stored whole
  bool areCentred = false;                ///< codes are stored less 2^(bits - 1)
  std::optional<layout::SparseRows> kept; ///< [N/width][lines][lineBytes()]
  mlir::OpFoldResult first;               ///< row of the view's first row in all

  /// Lines of a panel that stand for so many columns, and the one at which those of column k begin.
  int64_t lines(int64_t columns) const { return kept ? kept->lines(columns) : columns; }
  mlir::OpFoldResult lineOf(Tiles &tiles, mlir::OpFoldResult k) const;
  /// Columns that are always asked for together.
  int64_t run() const { return kept ? kept->pattern().of : 1; }

  /// Elements of the storage, from `first` of a line on.
  struct Part {
    int64_t first, elements;
  };
  Part codes() const { return {0, bits == 0 ? width : width * bits / 8}; }
  Part places() const { return {codes().elements, kept ? kept->placeBytes() : 0}; }
  int64_t lineElements() const { return codes().elements + places().elements; }
  /// Copies rows first + begin .. (begin: a multiple of width) of the lines of columns k .. to `to`, [lines][lineElements()], wherever in a panel
  /// `first` is. Error: it may be within a byte.
  mlir::LogicalResult bring(Tiles &tiles, mlir::OpFoldResult begin, mlir::OpFoldResult k,
                            const Tile &to) const;
  /// Of each line that part.
  mlir::LogicalResult bring(Tiles &tiles, mlir::OpFoldResult begin, mlir::OpFoldResult k, Part part,
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

/// Rows of a table of `count` rows, by their numbers, to `result` [ids][columns].
mlir::LogicalResult gatherFromPanels(Tiles &tiles, const Panels &panels, int64_t count, const Tile &ids,
                                     const Tile &result);

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

/// Rows of elements in the scratchpad, also of elements that are no whole bytes. Of lines of kept codes the elements are bytes.
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

  /// Of the scratchpad, for so many columns.
  int64_t bytesOf(int64_t columns) const;
  /// Of columns k .. what the array multiplies: [extent][width] in its type, or the lines of what is kept of them.
  mlir::FailureOr<ElementRows> bring(mlir::OpFoldResult begin, mlir::OpFoldResult k, int64_t extent);
  /// The same, the elements made by `decode` from the codes as they are stored: both [lines][width].
  using Decode = llvm::function_ref<mlir::LogicalResult(const ElementRows &codes, const ElementRows &to)>;
  mlir::FailureOr<ElementRows> make(mlir::OpFoldResult begin, mlir::OpFoldResult k, int64_t extent,
                                    Decode decode);

private:
  Tiles &tiles;
  const Panels &panels;
  mlir::Type element;
  const machine::NpuCore &core;

  mlir::Type stored() const;
  bool isReady() const { return element == stored(); }
  /// Bytes between lines that are made: of whole elements.
  int64_t madeStride() const;
};

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_WEIGHTS_H
