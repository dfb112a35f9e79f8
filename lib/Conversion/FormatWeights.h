//===- FormatWeights.h - Codes of a block format as numbers -----------------===//
//
// What a format (BlockFormat.h) says about packed codes, a panel of 16 output channels and a group of columns at a
// time. A sum over a group is scaled once, not each of its terms: Bounded.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_FORMATWEIGHTS_H
#define COOPT_LIB_CONVERSION_FORMATWEIGHTS_H

#include "PackedView.h"
#include "ValueTable.h"
#include "coopt/Numerics/StoredParts.h"
#include "dialects/Quantized/IR/Quantized.h"

namespace coopt {

class FormatWeights {
public:
  /// `group`: columns of an innermost group. Fails if a part is in no panels, or a level's spans are no whole
  /// groups. Emits the tables.
  static mlir::FailureOr<FormatWeights> match(mlir::ImplicitLocOpBuilder &b, quantized::ContractOp op,
                                              int64_t group, Isa isa);

  /// What all codes of a group have in common; null where the format has none.
  struct Group {
    mlir::Value zeros;     ///< 16 x f32
    mlir::Value selectors; ///< 16 x i32, above the bits of a code
  };
  Group group(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value index) const;

  /// The unscaled numbers of codes: 16 x i32, a code in the lowest byte of each. What is above does not count.
  mlir::Value numbers(mlir::ImplicitLocOpBuilder &b, mlir::Value codes, const Group &group) const;

  /// Whether `scaled` needs the sum of a group's activations.
  bool hasMinimums() const { return format.minimums.has_value(); }
  /// The sum over a group of activations times weights, from that of activations times numbers() and (f32, if
  /// there are minimums) the sum of the activations.
  mlir::Value scaled(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value index, mlir::Value sum,
                     mlir::Value activationSum) const;

private:
  struct Part {
    numerics::StoredPart meaning;
    PanelWeights panels; ///< where there are groups
    mlir::Value perRow;  ///< else: a vector of the rows
  };

  numerics::BlockFormat format;
  int64_t groupColumns = 0;
  llvm::SmallVector<Part> parts; ///< but the codes
  std::optional<ValueTable> table;

  mlir::Value raw(mlir::ImplicitLocOpBuilder &b, const Part &part, mlir::Value panel,
                  mlir::Value index) const;
  mlir::Value number(mlir::ImplicitLocOpBuilder &b, const Part &part, mlir::Value panel,
                     mlir::Value index) const;
  const Part *find(numerics::StoredPart::Kind kind, size_t level = 0) const;
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_FORMATWEIGHTS_H
