//===- StoredMatrix.h - Matrices that a checkpoint stores as codes ------------------===//
//
// A quantised checkpoint has for a linear layer NAME, instead of NAME.weight of F32, F16 or BF16 (N x K):
//
//   GGUF    NAME.weight, its rows blocks of codes (GgufBlocks.h)
//   GPTQ    NAME.qweight I32 [K b / 32, N]: column n is the sequence of bits of w[n, 0..K), the lowest first; NAME.qzeros
//           I32 [G, N b / 32] likewise along N; NAME.scales [G, N]; NAME.g_idx I32 [K], the group of each k.
//           w = (code - zero) * scale, in files of the format "gptq" the zeros one less than that
//   AWQ     NAME.qweight I32 [K, N / 8]: nibble i of a word is element {0, 2, 4, 6, 1, 3, 5, 7}[i] of its eight;
//           NAME.qzeros I32 [G, N / 8] likewise; NAME.scales [G, N].  w = (code - zero) * scale
//   compressed-tensors, pack-quantized: NAME.weight_packed I32 [N, K b / 32], bits along a row, codes plus 2^(b-1);
//           NAME.weight_scale [N, G] (whole rows: [N, 1]); unless symmetric NAME.weight_zero_point I32 [N b / 32, G], bits
//           along N, plus 2^(b-1); NAME.weight_shape I64 [2]
//   compressed-tensors, int-quantized and float-quantized: NAME.weight I8 or F8_E4M3 [N, K]; NAME.weight_scale [N, G],
//           [N, 1] or for all [1].  w = code * scale
//
// with G = ceil(K / group). Columns may have been sorted by their activations before they were cut into groups (act-order):
// then g_idx, or NAME.weight_g_idx of compressed-tensors, says the group of each, and groups are no runs. Sources: the packing functions of AutoGPTQ, AutoAWQ and compressed-tensors.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_STOREDMATRIX_H
#define COOPT_IMPORT_STOREDMATRIX_H

#include "coopt/Import/DecoderConfig.h"

namespace coopt {
class JsonValue;
}

namespace coopt::import {

/// Reads the quantization_config of a config.json. Errors begin with the place: methods, formats, widths and keys that are
/// not read.
Expected<CheckpointQuantization> readCheckpointQuantization(const JsonValue &value);

/// The tensors of one matrix.
struct StoredMatrix {
  std::vector<int64_t> shape; ///< N, K
  int64_t group = 0;          ///< columns that share a scale; 0: the whole row
  const TensorInfo *codes = nullptr;
  const TensorInfo *scales = nullptr; ///< null: in the blocks
  const TensorInfo *zeros = nullptr;  ///< null: none
  /// With act-order: the columns in ascending order of their groups, in which they are decoded. Empty: they are already.
  std::vector<int32_t> order;

  int64_t groups() const { return group == 0 ? 1 : shape[1] / group + (shape[1] % group != 0); }
};

/// The tensors of a matrix that is stored as codes; nothing if `expected.name` has floats or is not there. Errors, with file
/// and tensor: parts that are missing, of other shapes or types; act-order without the tensor that says the groups, groups
/// of other sizes, and act-order of an embedding, whose columns nobody sorts.
Expected<std::optional<StoredMatrix>> findStoredMatrix(const DecoderConfig &config, const TensorFiles &files,
                                                       const ExpectedTensor &expected);

/// What the matrices of a model are stored as: "q4_k+q6_k", "gptq-4-g128"; "f32" without codes.
std::string storedAs(const DecoderConfig &config, const TensorFiles &files);

} // namespace coopt::import

#endif // COOPT_IMPORT_STOREDMATRIX_H
