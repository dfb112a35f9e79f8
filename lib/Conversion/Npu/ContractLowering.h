//===- ContractLowering.h - A contraction, panel by panel ------------------------===//
//
// What Contract.cpp (products of codes), LookUps.cpp (those that are looked up) and FloatContract.cpp (of floats) make together.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_NPU_CONTRACTLOWERING_H
#define COOPT_LIB_CONVERSION_NPU_CONTRACTLOWERING_H

#include "Elementwise.h"
#include "Lowerings.h"
#include "Weights.h"

namespace coopt::npu {

class ContractLowering {
public:
  ContractLowering(Tiles &tiles, quantized::ContractOp op, const machine::NpuCore &core)
      : tiles(tiles), op(op), core(core) {}
  mlir::LogicalResult run();

private:
  Tiles &tiles;
  quantized::ContractOp op;
  const machine::NpuCore &core;
  Products types;
  Panels weights;
  std::optional<Panels> groupScales, groupZeros;
  std::optional<WeightTiles> weightTiles;
  Tile a, aScales, result;
  std::optional<Tile> factors; ///< of columns at the end: sw without groups, ow of two levels
  std::optional<Tile> zeros;   ///< without groups, as minusZeros() says
  std::optional<Tile> aSums;   ///< of each group, i32 [M][groups]; where there are zeros
  std::optional<Tile> running; ///< t, of the panel
  mlir::OpFoldResult rows;
  int64_t mostRows = 0;
  cost::ArrayMode mode = cost::ArrayMode::WeightStationary;
  int64_t width =
      0; ///< columns at a time: a panel's; where they are looked up, those of some tiles of planes
  int64_t depth = 0, span = 0; ///< K, of whole runs; of a group, at most K
  int64_t most = 0;            ///< steps of k of which weights are brought at a time
  int64_t roundSteps = 0;      ///< steps of k of whole groups, whose scales come with their weights

  struct Round {
    mlir::OpFoldResult begin, extent;                 ///< columns of the panel
    std::optional<Tile> scales, zeros;                ///< of the groups that are there, [groups][width]
    std::optional<ElementRows> weights;               ///< if they are brought for several groups
    mlir::OpFoldResult firstK = mlir::OpFoldResult(); ///< of the weights
  };

  bool isOfFloats() { return !op.getAScheme(); }
  bool hasGroups() { return op.getWScheme().getGroup() != 0; }
  bool isTwoLevel() { return op.getWScheme().isTwoLevel(); }
  mlir::Type i32() { return mlir::IntegerType::get(op.getContext(), 32); }
  mlir::Type f32() { return mlir::Float32Type::get(op.getContext()); }

  bool looksUp() const { return mode == cost::ArrayMode::TableLookup; }

  mlir::LogicalResult check();
  mlir::LogicalResult read();
  mlir::LogicalResult choose();
  mlir::LogicalResult sumActivations();
  mlir::FailureOr<Tile> minusZeros(Tile of);
  mlir::FailureOr<Tile> parts(const Panels &of, const Round &round, mlir::OpFoldResult group, int64_t count);
  mlir::FailureOr<ElementRows> bring(const Round &round, mlir::OpFoldResult k, int64_t extent);
  mlir::LogicalResult checkKept();
  mlir::LogicalResult padActivations(int64_t all);
  int64_t blockSteps() const;
  int64_t mostSteps();

  mlir::LogicalResult panel(mlir::OpFoldResult begin);
  mlir::LogicalResult bringParts(Round &round, mlir::OpFoldResult k, int64_t extent);
  mlir::LogicalResult group(const Round &round, mlir::OpFoldResult inRound, mlir::OpFoldResult k,
                            int64_t extent);
  mlir::LogicalResult exactSums(const Round &round, mlir::OpFoldResult k, int64_t extent, const Tile &sums);
  void add(const Round &round, const ElementRows &w, mlir::OpFoldResult first, mlir::OpFoldResult k,
           int64_t extent, const Tile &sums, bool isFirst);
  mlir::LogicalResult finishGroup(const Round &round, mlir::OpFoldResult inRound, mlir::OpFoldResult k,
                                  Elements sums);
  mlir::LogicalResult finishPanel(const Round &round, Elements total);

  // Look-ups (LookUps.cpp).
  mlir::LogicalResult checkTables();
  /// Columns at a time, and steps of k.
  mlir::LogicalResult chooseTables();
  mlir::FailureOr<ElementRows> bringPlanes(const Round &round, mlir::OpFoldResult k, int64_t extent);
  void lookUp(const Round &round, const ElementRows &planes, mlir::OpFoldResult first, mlir::OpFoldResult k,
              int64_t extent, const Tile &sums, bool isFirst);

  // Activations of floats (FloatContract.cpp).
  mlir::LogicalResult checkFloats();
  mlir::LogicalResult floatPanel(mlir::OpFoldResult begin);
  mlir::LogicalResult addDecoded(const Round &round, mlir::OpFoldResult k, int64_t extent, const Tile &sums);
  mlir::FailureOr<Tile> ofPanel(const Tile &ofColumns, const Round &round);
  mlir::LogicalResult decode(const Round &round, mlir::OpFoldResult group, mlir::Value codes, int64_t extent,
                             mlir::Value to);

  mlir::Value rowOf(const Tile &matrix, mlir::OpFoldResult row, mlir::OpFoldResult extent) {
    return tiles.matrix(matrix, 0, 1, tiles.index(1), extent, {row, tiles.index(0)});
  }
};

} // namespace coopt::npu

#endif // COOPT_LIB_CONVERSION_NPU_CONTRACTLOWERING_H
