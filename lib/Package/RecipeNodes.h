//===- RecipeNodes.h - Parameters as functions of their row ranges --------------===//
//
// What a recipe computes, as a graph that can produce any range of rows of a tensor without having the rest:
// weights of any size are made row block by row block. Knows nothing of MLIR. Rows are those of dimension 0;
// a tensor of rank 0 has one. Nodes don't change once they are made, so any number of threads may evaluate
// them.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_LIB_PACKAGE_RECIPENODES_H
#define COOPT_LIB_PACKAGE_RECIPENODES_H

#include "coopt/Layout/Layout.h"
#include "coopt/Layout/SparsePanel.h"
#include "coopt/Layout/SparseRows.h"
#include "coopt/Layout/SparseTile.h"
#include "coopt/Numerics/GgufBlocks.h"
#include "coopt/Numerics/GroupQuantization.h"
#include "coopt/Numerics/StoredParts.h"
#include "coopt/Support/Error.h"
#include "coopt/Support/MappedFile.h"

#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace coopt::package::recipe {

/// Shape and size of a tensor in row-major bytes.
struct TensorShape {
  std::vector<int64_t> extents;
  size_t elementBytes = 1;

  int64_t rows() const { return extents.empty() ? 1 : extents[0]; }
  /// Bytes of one row, and of all; representable once `check` has succeeded.
  uint64_t rowBytes() const;
  uint64_t bytes() const { return rowBytes() * static_cast<uint64_t>(rows()); }
  /// Errors: a negative extent; more bytes than 63 bits count.
  Status check() const;
};

/// The list of pieces stays small, however large a tensor claims to be.
constexpr int64_t kMaximalPieces = int64_t(1) << 22;

/// Independent parts of a node's bytes, in order: rows [begin, end) of what the node is made of.
struct Piece {
  int64_t begin = 0, end = 0;
  uint64_t bytes = 0;
};

class Node {
public:
  virtual ~Node() = default;
  const TensorShape &shape() const { return tensor; }

  /// Writes rows [begin, end), row-major, to `out`.
  virtual Status evaluate(int64_t begin, int64_t end, uint8_t *out) const = 0;

  /// Writes bytes [firstByte, lastByte) of each of these rows, one after the other. Reads whole rows unless a node knows
  /// better.
  virtual Status evaluateBox(int64_t begin, int64_t end, uint64_t firstByte, uint64_t lastByte,
                             uint8_t *out) const;

  /// The whole node as pieces of about `targetBytes`, and the bytes of one piece. Plain nodes are cut by
  /// rows.
  virtual std::vector<Piece> pieces(uint64_t targetBytes) const;
  virtual Status evaluatePiece(const Piece &piece, uint8_t *out) const {
    return evaluate(piece.begin, piece.end, out);
  }
  /// Whether `evaluate` works: other nodes may read this one.
  virtual bool hasRows() const { return true; }

  /// How deep the graph is, and how many sources one evaluation may reach, sources read twice counted twice.
  unsigned depth() const { return depthBelow; }
  uint64_t paths() const { return pathsBelow; }

protected:
  TensorShape tensor;
  unsigned depthBelow = 1;
  uint64_t pathsBelow = 1;
  friend Expected<std::shared_ptr<const Node>> finish(std::shared_ptr<Node> node, TensorShape shape,
                                                      const std::vector<std::shared_ptr<const Node>> &inputs);
};
using NodeRef = std::shared_ptr<const Node>;

/// A node that is made, of this shape and on these inputs. Errors: a shape that is none, a graph that is too deep or reaches too
/// many sources, inputs without rows.
Expected<NodeRef> finish(std::shared_ptr<Node> node, TensorShape shape, const std::vector<NodeRef> &inputs);

/// How stored elements become those of the parameter: as they are, or exactly widened to binary32.
enum class Widening { None, BFloat16, Half };

/// Bytes of a file. Errors: a range that does not lie in the file.
Expected<NodeRef> makeFileNode(std::shared_ptr<const MappedFile> file, uint64_t offset, TensorShape shape,
                               Widening widening);

enum class NoiseType { F32, F16, BF16, F64 };
/// Element i is scale * noise(seed, i) in binary32, then converted.
Expected<NodeRef> makeNoiseNode(uint64_t seed, float scale, std::vector<int64_t> extents, NoiseType type);

/// P x F binary32: cos or sin of the binary32 product p * frequencies[i], in binary64, rounded once.
Expected<NodeRef> makeRotaryNode(bool sine, std::vector<float> frequencies, int64_t positions);

/// A tensor given by its bytes, or by those of the one element that all equal.
Expected<NodeRef> makeConstantNode(std::vector<uint8_t> bytes, TensorShape shape);

enum class QuantizedPart { Codes, Scales, Zeros, OuterScales };
/// A part of the quantisation of an M x K binary32 matrix. Codes and zeros are bytes, whatever their bits.
Expected<NodeRef> makeQuantizeNode(NodeRef input, const numerics::IntegerGroupFormat &format,
                                   QuantizedPart part);
/// The same in two levels; scales and zeros are bytes, outer scales binary32.
Expected<NodeRef> makeTwoLevelNode(NodeRef input, int64_t groupSize, QuantizedPart part);

/// The parts of an M x K binary32 matrix in a format that has an encoder, in the order of storedParts.
Expected<std::vector<NodeRef>> makeFormatNodes(NodeRef input, const numerics::BlockFormat &format);

/// The parts of a matrix of blocks of GGUF files, N x (bytes of whole blocks), in the order of storedParts.
Expected<std::vector<NodeRef>> makeSplitBlocksNodes(NodeRef input, numerics::GgufType type);

/// Codes out of words, as quantized.unpack_words says; `elements` along `dimension`. `order` may be empty.
struct WordFields {
  size_t dimension = 0;
  int bits = 0;
  std::vector<int64_t> order;
  int add = 0;
};
Expected<NodeRef> makeUnpackWordsNode(NodeRef input, WordFields fields, int64_t elements);

/// The M x K binary32 numbers that parts in the order of storedParts stand for.
Expected<NodeRef> makeDequantizeNode(std::vector<NodeRef> parts, const numerics::BlockFormat &format);

/// Row ids[i] of a matrix as row i; ids are i32, few. Errors: ids that are no rows.
Expected<NodeRef> makeGatherNode(NodeRef table, const NodeRef &ids);

/// A matrix with rows and columns exchanged.
Expected<NodeRef> makeTransposeNode(NodeRef input);

/// The same rows with other extents behind dimension 0.
Expected<NodeRef> makeReshapeNode(NodeRef input, std::vector<int64_t> extents);

/// The box at `offsets` of the given extents, unit strides.
Expected<NodeRef> makeSliceNode(NodeRef input, std::vector<int64_t> offsets, std::vector<int64_t> extents);

/// Tensors one after the other along a dimension.
Expected<NodeRef> makeConcatNode(std::vector<NodeRef> inputs, size_t dimension);

/// How tiles or panels are stored of which a pattern keeps a part; of others nothing.
using KeptStorage = std::variant<std::monostate, layout::SparseTile, layout::SparseRows, layout::SparsePanel>;

/// The storage of a layout; has no rows, only pieces: as many as the layout has independent row blocks. With
/// `bits` (1 to 8), the elements are bytes that hold codes, and tiles are stored as bit planes, single ones if `areSingle`, or, as panels of elements
/// without, as `kept` says. Codes that are centred are stored less 2^(bits-1), in two's complement. Errors of its pieces: elements that do not follow its pattern.
Expected<NodeRef> makePackNode(NodeRef input, layout::Layout layout, unsigned bits = 0, KeptStorage kept = {},
                               bool areCentred = false, bool areSingle = false);

} // namespace coopt::package::recipe

#endif // COOPT_LIB_PACKAGE_RECIPENODES_H
