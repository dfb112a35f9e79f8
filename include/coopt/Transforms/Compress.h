//===- Compress.h - The compress phase: how weights and activations are stored --------===//
//
// The named rewrite from float to coded contractions. For w8a8, each contraction y = x w^T in a model.entry
// whose weight w (N x K) is a parameter becomes
//
//   q, sa = quantized.quantize(x)                  once for every distinct x
//   y = quantized.contract(q, sa, w.codes, w.scales)
//
// with w.codes and w.scales defined by a recipe that quantises w, a row an output channel. This changes
// values; the bound, for x and w finite, scales sa = amax(x) / 127 and sw[n] = amax(w[n]) / 127 normal
// numbers (or rows of zeros), y64 the float contraction in exact arithmetic and d = 1/2 + 2^-16 (half a code,
// and the rounding of the division):
//
//   E = d sw[n] sum_k |x[m,k]| + d sa[m] sum_k |w[n,k]| + K d^2 sa[m] sw[n]
//   |y[m,n] - y64[m,n]| <= E + 4 * 2^-24 (|y64[m,n]| + E)
//
// Derivation: x = sa (q + e) with |e| <= d, likewise w, so that x w - sa q sw p = x (w - sw p) + sw p (x - sa
// q); the last term is that of converting the exact i32 sum and of two multiplications. The i32 sum is exact
// while K <= 133144: longer contractions stay in float.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TRANSFORMS_COMPRESS_H
#define COOPT_TRANSFORMS_COMPRESS_H

#include "coopt/Calibration/CalibrationMethod.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Numerics/QuantizationPlan.h"
#include "coopt/Numerics/SparsePattern.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <optional>

namespace coopt {

/// What budgets (QuantizationPlan.h, AutoQuantization.h) are spent by.
struct ModelKnowledge {
  using Sink = std::function<Status(const uint8_t *bytes, size_t size)>;
  /// Gives the numbers of a parameter of f32 to the sink, row-major, in order; null: they can't be had.
  std::function<Status(const std::string &parameter, const Sink &sink)> weights;
  /// How many rows went to each expert of the contraction of that op id, asked once for each rule and layer; null: as many to
  /// each.
  std::function<Expected<std::vector<double>>(const std::string &opId, int64_t experts)> rows;
  /// The mean square of each of the K inputs of the contraction of that op id; null: not known.
  std::function<Expected<std::vector<double>>(const std::string &opId, int64_t K)> meanSquares;
  /// Losses that were measured, in place of those that are predicted.
  std::optional<numerics::Sensitivities> sensitivities;
  /// What a latency is meant of; null: no machine is known.
  const machine::Machine *machine = nullptr;
  /// The instruction sets that code is for, of those that the machine has; empty: all of these.
  std::vector<std::string> variants;
};

struct CompressOptions {
  numerics::QuantizationPlan plan;
  /// Float activations of coded contractions are rounded to bf16 (nearest even).
  bool roundActivations = false;
  /// How the codes of weights are chosen; other than nearest, with the statistics of `calibrationFile` (CalibrationFile.h), which
  /// the packager reads: the module names it as `model.calibration`.
  calibration::CalibrationMethod method;
  std::string calibrationFile;
  /// What is kept of the weights of contractions, codes or floats; nothing: all.
  std::optional<numerics::SparsePattern> sparsity;
  /// Weights are scored with the inputs that they meet (SparsePattern.h), of `calibrationFile`; else by their magnitude.
  bool scoresByInputs = false;
  ModelKnowledge knowledge;
  /// Hears, line by line, which weights and experts are stored how, where they differ; null: nobody does.
  std::function<void(const std::string &line)> report;
  /// Hears what a budget for all (AutoQuantization.h) has decided; null: nobody does.
  std::function<mlir::LogicalResult(const numerics::QuantizationPlan &plan)> decided;
};

/// The longest contraction whose sums of products of 8-bit codes fit 32 bits: floor((2^31 - 1) / 127^2).
constexpr int64_t kLongestCodedContraction = 133144;

/// A weight whose recipe ends with a quantized.dequantize (a checkpoint's own codes) is read as these parts, unless the plan
/// has another scheme for it: then the numbers that they mean are quantised anew. An embedding of such parts is gathered as them.
///
/// Rewrites every model.entry of the module as said above. A parameter that is also an embedding
/// (model.gather) is gathered as codes and scales and dequantised: head and embedding share one encoding. An
/// embedding that is no weight of a contraction stays f32. Float parameters that are no longer used remain,
/// as sources of recipes. Op ids stay; new ops get ids derived from them.
///
/// Where rules make the experts of a layer differ, those of equal formats are a class: `moe.restrict` gives the segments of each
/// class, whose contractions have weights, a kernel and an id of its own ("layers.0/mlp/experts/class.1/gate_proj"); the last
/// contraction of a class goes on with the result of the class before.
///
/// With `sparsity`, weights are pruned before they are quantised, and their codes have the attribute `sparse.pattern`; those that
/// stay float are read as a parameter of their own, NAME.pruned, that has it, and so are embeddings that are a head, too.
///
/// Errors: a scheme that is not supported, named with what is; a rule that matches no contraction; a pattern that a scheme's codes
/// cannot have: one whose code 0 is not the number 0, or that tiles have no storage for; sparsity where no
/// contraction has a weight. Each decision is a remark of category `compress`.
mlir::LogicalResult compress(mlir::ModuleOp module, const CompressOptions &options);

/// Registers coopt-compress{quantize=NAME}.
void registerCompressPass();

} // namespace coopt

#endif // COOPT_TRANSFORMS_COMPRESS_H
