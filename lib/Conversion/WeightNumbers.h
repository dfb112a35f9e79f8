//===- WeightNumbers.h - Packed codes as f32 --------------------------------===//
//
// The numbers that packed codes mean, for contractions with float activations: those of integers with zeros
// (CodeWeights.h) and of all other formats (FormatWeights.h).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_CONVERSION_WEIGHTNUMBERS_H
#define COOPT_LIB_CONVERSION_WEIGHTNUMBERS_H

#include "CodeWeights.h"
#include "FormatWeights.h"

namespace coopt {

class WeightNumbers {
public:
  using Group = FormatWeights::Group;

  /// Fails if the weights are not packed in panels, or their groups go with no tile. Emits tables.
  static mlir::FailureOr<WeightNumbers> match(mlir::ImplicitLocOpBuilder &b, quantized::ContractOp op,
                                              Isa isa);

  const CodeWeights &codes() const { return weights; }

  /// What the codes of a group of a panel have in common.
  Group group(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value index) const;
  /// A quad of TileCodes, prepared for column(): 16 x i32.
  mlir::Value lanes(mlir::ImplicitLocOpBuilder &b, mlir::Value quad, const Group &group) const;
  /// The unscaled numbers of column j (0 .. 3) of a quad: 16 x f32.
  mlir::Value column(mlir::ImplicitLocOpBuilder &b, mlir::Value lanes, int64_t j, const Group &group) const;

  /// Whether scaled() needs the sum of a group's activations.
  bool needsActivationSums() const {
    return format ? format->hasMinimums() : table && weights.scheme().isAsymmetric();
  }
  /// A sum over a group of activations times unscaled numbers, scaled but for rowScales(). With the number itself for
  /// the sum and 1 for that of the activations: the element.
  mlir::Value scaled(mlir::ImplicitLocOpBuilder &b, mlir::Value panel, mlir::Value index, mlir::Value sum,
                     mlir::Value activationSum) const;
  /// Scales of whole rows that are left for the result; null if there are none.
  mlir::Value rowScales(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk, mlir::Value column) const;

private:
  explicit WeightNumbers(CodeWeights weights) : weights(std::move(weights)) {}

  CodeWeights weights;
  std::optional<FormatWeights> format;
  /// Of integers: where looking a number up takes fewer instructions than making it of a code. Zeros then wait for
  /// the end of a group.
  std::optional<ValueTable> table;
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_WEIGHTNUMBERS_H
