//===- RecipeEvaluator.h - The bytes of a module's parameters ----------------------===//
//
// Makes what a package stores: parameters from the model's own files, and those that recipes define,
// evaluated on the host through Numerics and Layout. Parameters are streamed, row block by row block, on
// several threads; memory is bounded by threads times one row block wherever rows are independent (a layout
// whose outermost storage dimension is not the row needs the whole tensor).
//
// Weights that are rounded with statistics (quantized.quantize with a rounding) are made whole, one at a time, with one Gram
// matrix.
//
// Ops in recipes: model.load, quantized.quantize, .dequantize, .split_blocks, .unpack_words, .channel_scales and .rescale,
// linalg.transpose of matrices, tensor.extract_slice (static, unit strides, same rank), tensor.collapse_shape behind
// dimension 0, tensor.concat, arith.constant, model.pack (as the last step). Sources of bf16 and f16 under an f32
// parameter are widened exactly.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_PACKAGE_RECIPEEVALUATOR_H
#define COOPT_PACKAGE_RECIPEEVALUATOR_H

#include "coopt/PackageFormat/Package.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <string>

namespace coopt {

struct RecipeOptions {
  unsigned threads = 0;          ///< 0: one a processor
  uint64_t blockBytes = 1 << 20; ///< about how many bytes a thread makes at a time
};

class RecipeEvaluator {
public:
  /// Plans every parameter of the module. Files are looked for under `rootDirectory`; a source may not lead
  /// out of it. Errors: a file that can't be opened or is too short, an op that can't be evaluated, recipes
  /// that need each other; the message starts with the parameter or recipe. The module is not needed
  /// afterwards.
  static Expected<RecipeEvaluator> create(mlir::ModuleOp module, const std::string &rootDirectory,
                                          const RecipeOptions &options = {});

  /// Bytes of the stored form. Errors: no such parameter, or one that nothing defines.
  Expected<uint64_t> size(const std::string &parameter) const;
  /// Gives exactly that many bytes to the sink, in order. Errors: those of `size`, the sink's, lack of
  /// memory.
  Status write(const std::string &parameter, const package::ByteSink &sink) const;

private:
  struct Plan;
  std::shared_ptr<const Plan> plan;
};

} // namespace coopt

#endif // COOPT_PACKAGE_RECIPEEVALUATOR_H
