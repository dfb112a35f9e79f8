//===- ExpertsImporter.h - The mlp of a layer with experts ----------------------===//
//
// In words of TensorBuilder and of the moe dialect. What reads the model's files is the caller's.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_IMPORT_EXPERTSIMPORTER_H
#define COOPT_LIB_IMPORT_EXPERTSIMPORTER_H

#include "TensorBuilder.h"
#include "dialects/Moe/IR/Moe.h"

namespace coopt::import {

/// What a layer with experts gets from its importer.
struct ExpertsSource {
  /// Whether no parameter was declared by that name so far; from now on one is.
  std::function<bool(const std::string &)> isNew;
  /// Loads a tensor of the model's files at the builder's place.
  std::function<mlir::Value(const std::string &)> parameter;
  /// y = x w^T of the linear layer of that name, with that op id.
  std::function<mlir::Value(const std::string &name, const std::string &id, mlir::Value x)> linear;
};

class ExpertsImporter {
public:
  ExpertsImporter(const DecoderConfig &config, mlir::OpBuilder &builder, TensorBuilder &tensors,
                  ExpertsSource source)
      : config(config), experts(config.experts), builder(builder), t(tensors), source(std::move(source)) {}

  /// mlp(x) of a layer, with op ids that begin with `prefix`; `tokens` is the number of rows of x.
  mlir::Value build(int64_t layer, const std::string &prefix, mlir::Value x, mlir::Value tokens);

  /// Says that the experts of a layer will be asked for which its router would choose for x.
  void prefetch(int64_t layer, const std::string &prefix, mlir::Value x, mlir::Value tokens);

private:
  using Value = mlir::Value;
  /// The matrices of all experts as one: each followed by rows of zeros up to a multiple of the rows of a panel.
  Value stacked(int64_t layer, const std::string &which, int64_t rows, int64_t columns);
  Value contraction(Value x, Value w, int64_t columns);
  moe::RouteOp route(int64_t layer, const std::string &prefix, Value x);
  Value routed(int64_t layer, const std::string &prefix, Value x);
  Value shared(int64_t layer, const std::string &prefix, Value x);
  Value constant(int64_t value);

  const DecoderConfig &config;
  const ExpertsConfig &experts;
  mlir::OpBuilder &builder;
  TensorBuilder &t;
  ExpertsSource source;
  Value rows;            ///< of the layer's input
  Value slots, segments; ///< rows times experts a row; the runs of slots of one expert
};

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_EXPERTSIMPORTER_H
