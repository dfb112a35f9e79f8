//===- TensorBuilder.h - Short words for the tensor ops that models are made of --===//
//
// Importers say what a layer computes in these words; each makes one or a few linalg, tensor, model or
// attention ops with the op id that is current (setId). Shapes: activations are tensor<?x..>, their leading
// extent one of the entry's named sizes.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_TENSORBUILDER_H
#define COOPT_IMPORT_TENSORBUILDER_H

#include "coopt/Import/DecoderConfig.h"

#include "dialects/Model/IR/OpId.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include <functional>
#include <string>

namespace coopt::import {

class TensorBuilder {
public:
  using ValueRange = mlir::ValueRange;
  using Value = mlir::Value;
  /// Builds the body of an element-wise op from its scalar inputs.
  using Body = std::function<Value(mlir::OpBuilder &, mlir::Location, ValueRange)>;

  explicit TensorBuilder(mlir::OpBuilder &builder) : b(builder), loc(builder.getUnknownLoc()) {}

  /// The op id of what is built next; also its location.
  void setId(const std::string &id);
  mlir::Location location() const { return loc; }

  /// A fresh tensor of `shape`; dynamic extents take `sizes` in order.
  Value empty(llvm::ArrayRef<int64_t> shape, mlir::Type element, ValueRange sizes);

  /// result[i..] = body(inputs[maps(i..)]..) over all of `result`'s extents. Each map sends the result's
  /// indices to an input's; an empty map list means identity everywhere.
  Value elementwise(ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps, Value init, const Body &body);

  /// y[m, n] = sum over k of x[m, k] * w[n, k], binary32.
  Value contraction(Value x, Value w, Value rows);

  /// y[m, n] = x[m, n] + bias[n].
  Value addBias(Value x, Value bias, Value rows);

  /// Root mean square norm over the last dimension of a matrix or of heads:
  /// (x * (1 / sqrt(sum(x * x) / K + epsilon))) * weight, with onePlus (..) * (1 + weight).
  Value rmsNorm(Value x, Value weight, double epsilon, bool onePlus, Value rows);

  /// Layer norm over the rows of a matrix: ((x - mean) * (1 / sqrt(variance + epsilon))) * weight + bias, mean and
  /// variance sums divided by K.
  Value layerNorm(Value x, Value weight, Value bias, double epsilon, Value rows);

  /// activation(x) * factor; without a factor (null) activation(x).
  Value activate(Activation activation, Value x, Value factor, Value rows);

  Value add(Value x, Value y, Value rows);

  /// y[m, n] = x[m, n] * sigmoid(logits[m, 0]).
  Value gateRows(Value x, Value logits, Value rows);

  /// x * factor, and cap * tanh(x / cap), element by element.
  Value scale(Value x, double factor, Value rows);
  Value softcap(Value x, double cap, Value rows);

  /// Rotary position embedding: x is tensor<?x(heads*headSize)>, the tables are tensor<?x(rotary.size/2)> for the
  /// same rows. Result tensor<? x heads x headSize>, pairs stored as halves of what turns.
  Value rotary(Value x, Value cosine, Value sine, const RotaryEmbedding &rotary, int64_t heads,
               int64_t headSize, Value rows);

  /// tensor<?x(heads*headSize)> as tensor<?x heads x headSize>, and back.
  Value splitHeads(Value x, int64_t heads, int64_t headSize, Value rows);
  Value mergeHeads(Value x);

  /// y[m, k] = x[m, order[k]]; `order` holds column numbers of x, i32.
  Value columns(Value x, Value order, Value rows);

  /// Rows [first, first + count) of a matrix.
  Value rows(Value x, Value first, Value count);

  /// Columns [first, first + count) of a matrix.
  Value columnRange(Value x, int64_t first, int64_t count, Value rows);

  /// The row reduction R of numerics rule 4 over the last dimension of a matrix: tensor<?xf32>.
  Value reduceRows(llvm::StringRef kind, Value x, Value rowCount);

  /// An element-wise op of inputs of one shape; the result has it too.
  Value map(ValueRange inputs, Value rows, const Body &body);

  static Value f32(mlir::OpBuilder &b, mlir::Location loc, float value);

  /// Gives an op the current id.
  template <typename OpT>
  OpT tagged(OpT op) {
    model::setId(op, id);
    return op;
  }

private:
  Value rotateWhole(Value x, Value cosine, Value sine, const RotaryEmbedding &rotary, int64_t heads,
                    int64_t headSize, Value rows);
  Value rotatePart(Value x, Value cosine, Value sine, const RotaryEmbedding &rotary, int64_t heads,
                   int64_t headSize, Value rows);

  mlir::OpBuilder &b;
  mlir::Location loc;
  std::string id;
};

} // namespace coopt::import

#endif // COOPT_IMPORT_TENSORBUILDER_H
