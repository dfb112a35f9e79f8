//===- Checkpoints.h - Quantised checkpoints and their float twins --------------===//
//
// Matrices of random codes, written as each method stores them, and the numbers that the methods' definitions give them, by
// loops of these tests alone. Nothing here uses the compiler's code.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TEST_SUPPORT_CHECKPOINTS_H
#define COOPT_TEST_SUPPORT_CHECKPOINTS_H

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace coopt::test {

/// A tensor of a safetensors file.
struct FileTensor {
  std::string type;
  std::vector<int64_t> shape;
  std::string bytes;
};
using FileTensors = std::map<std::string, FileTensor>;

template <typename T>
FileTensor fileTensor(const std::string &type, std::vector<int64_t> shape, const std::vector<T> &values) {
  return {type, std::move(shape),
          std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T))};
}

FileTensors readSafetensors(const std::string &path);
void writeSafetensors(const std::string &path, const FileTensors &tensors);

/// How a linear layer is stored.
struct Storage {
  std::string method; ///< "gptq", "gptq_v2", "awq", "packed", "integers", "floats"
  int bits = 4;
  int64_t group = 32; ///< 0: whole rows
  bool symmetric = false;
  std::string scaleType = "F16";
  bool oneScale = false;
  /// Columns belong to groups in another order than they stand in (not "awq", "floats"): the same for all layers but k_proj.
  bool isSorted = false;

  /// The quantization_config.
  std::string config() const;
};

/// Puts the tensors of layer `name`, N x K, into `coded` and its numbers into `twin`. Codes are random, scales such that the
/// numbers have a standard deviation of about 1 / sqrt(K).
void addLayer(const Storage &storage, const std::string &name, int64_t N, int64_t K, std::mt19937 &random,
              FileTensors &coded, FileTensors &twin);

/// A GGUF file of architecture llama with a vocabulary of bytes: the matrices, embedding and head among them, are blocks of these
/// types in turn; those of the twin are the same numbers in F32. Sizes are fixed: one layer, hidden 256, 4 heads over 2, 512 wide.
std::string ggufModel(const std::vector<std::string> &blocks, bool isTwin, uint32_t seed);
/// The numbers of blocks of one type, one block after the other.
std::vector<float> decodeBlocks(const std::string &type, const std::vector<uint8_t> &bytes);
/// ggml's number of a type of blocks.
uint32_t blocksNumber(const std::string &type);
/// The names that ggufModel knows: "Q4_0", ..
std::vector<std::string> ggufBlocks();

} // namespace coopt::test

#endif // COOPT_TEST_SUPPORT_CHECKPOINTS_H
