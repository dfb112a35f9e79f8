//===- CpuItems.h - What computing one work item takes on a processor --------------===//
//
// CpuCostModel.h has the formulas and what they mean.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_COSTMODEL_CPUITEMS_H
#define COOPT_LIB_COSTMODEL_CPUITEMS_H

#include "coopt/CostModel/CostModel.h"

namespace coopt::cost {

/// Rows and columns whose sums are in registers at a time.
struct Block {
  double rows, columns;
};

/// Items of a contraction.
class ContractionItems {
public:
  /// `areIntegers`: both operands, of 8 bits at most. All outlive it; `kernel` is one that was checked.
  ContractionItems(const KernelSummary &kernel, const machine::CpuMachine &cpu,
                   const machine::SimdVariant &named, double rowTile, double columnTile, bool areIntegers);

  bool isOnUnit() const { return onUnit; }
  Block block() const;
  double seconds() const;

private:
  double unitSeconds() const;
  /// Vectors' work for 4 L codes.
  double decodeWork() const;

  const KernelSummary &kernel;
  double rowTile, columnTile;
  bool areIntegers, onUnit;
  const machine::SimdVariant &variant;
  double lanes, tileRate; ///< bytes a second of the level that the unit's tiles come from
};

/// Of attention: rows of queries, columns of heads.
double attentionSeconds(const KernelSummary &kernel, const machine::SimdVariant &variant, double rowTile,
                        double columnTile);

} // namespace coopt::cost

#endif // COOPT_LIB_COSTMODEL_CPUITEMS_H
