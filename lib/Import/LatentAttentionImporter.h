//===- LatentAttentionImporter.h - The attention of a layer with latent vectors ------===//
//
// In words of TensorBuilder; LatentAttention.h has the formulas. What reads the model's files and holds its state is
// the caller's.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_IMPORT_LATENTATTENTIONIMPORTER_H
#define COOPT_LIB_IMPORT_LATENTATTENTIONIMPORTER_H

#include "TensorBuilder.h"

namespace coopt::import {

/// What a layer with latent attention gets from its importer. Names are those of tensors within the layer, ids what
/// op ids end in.
struct LatentSource {
  /// y = x w^T (+ bias) of a linear layer.
  std::function<mlir::Value(const std::string &name, const std::string &id, mlir::Value x, bool bias)> linear;
  std::function<mlir::Value(const std::string &name, const std::string &id, mlir::Value x)> norm;
  /// Appends keys and values, each tensor<? x heads x keySize>, and attends to all: a tensor of that shape.
  std::function<mlir::Value(mlir::Value q, mlir::Value k, mlir::Value v)> attend;
  mlir::Value cosine, sine; ///< of the rows' positions
};

class LatentAttentionImporter {
public:
  LatentAttentionImporter(const DecoderConfig &config, mlir::OpBuilder &builder, TensorBuilder &tensors,
                          LatentSource source)
      : config(config), latent(config.latent), builder(builder), t(tensors), source(std::move(source)) {}

  /// output(attention(x)), with op ids that begin with `prefix`; `tokens` is the number of rows of x.
  mlir::Value build(const std::string &prefix, mlir::Value x, mlir::Value tokens);

private:
  using Value = mlir::Value;
  /// What the element at these indices is.
  using Element = std::function<Value(mlir::OpBuilder &, mlir::Location, Value row, Value head, Value d)>;

  Value query(const std::string &prefix, Value x);
  /// result[row, head, d] = element(row, head, d).
  Value byElement(int64_t size, const Element &element);

  const DecoderConfig &config;
  const LatentAttention &latent;
  mlir::OpBuilder &builder;
  TensorBuilder &t;
  LatentSource source;
  Value rows;
};

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_LATENTATTENTIONIMPORTER_H
