//===- ModelGenerator.h - Models of any size with seeded weights ----------------------===//
//
// Writes a model directory (config.json, model*.safetensors, tokenizer.json) of a family that the importers
// read. Weights are noise that keeps activations in a sane range; they depend on the seed and on names alone,
// not on the number of shards:
//
//   linear layers, embedding   element i (row-major) of a tensor is sqrt(3 / K) * n(i): K the last dimension
//                              (the fan-in), n uniform in [-1, 1), so that the standard deviation is
//                              1 / sqrt(K)
//                              An embedding gain multiplies the embedding: layers then change the residual stream little by little,
//                              as those of trained models do.
//                              With config.noiseSeed (and type F32) they are in no file: who reads
//                              config.json makes them from the seed.
//   norms                      1 + n(i) / 8; n(i) / 8 where the model adds the 1
//   biases                     n(i) / 8
//                              With a router skew S those by which k experts are chosen are such that expert i, at place r of an
//                              order that n gives, is among them with probability p = 1 - exp(-l / r^S), l so that these sum to k:
//                              k draws without replacement by Zipf's law. As scores are sigmoids of about normal logits, that
//                              is -sigmoid(the 1 - p quantile of the normal distribution).
//   n(i)                       package::noise(package::splitMix64(seed, FNV-1a 64 of the tensor's name), i)
//
// Products and sums are rounded to binary32, then to nearest (ties to even) to f16 or bf16.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_MODELGENERATOR_H
#define COOPT_IMPORT_MODELGENERATOR_H

#include "coopt/Import/HuggingFaceConfig.h"

#include <functional>

namespace coopt::import {

/// Smallest vocabulary of a generated tokenizer: 3 special tokens, 256 bytes, the mark of a space, 94
/// printable ASCII characters.
constexpr int64_t minimumGeneratedVocabulary = 3 + 256 + 1 + 94;

struct GeneratorOptions {
  DecoderConfig config;              ///< bos and eos as in config.json
  TensorType type = TensorType::F32; ///< F32, F16 or BF16
  size_t shards = 1;
  uint64_t seed = 0;
  float embeddingGain = 1; ///< of the embedding's elements, which are then stored in any case
  double routerSkew = 0;   ///< of families that choose experts by scores plus a bias
  bool overwrite = false;  ///< else a directory that holds a model is an error
};

/// Called now and then with the bytes of weights written so far.
using GeneratorProgress = std::function<void(uint64_t done, uint64_t total)>;

/// Makes the directory and writes the model. Errors: a configuration that the reader of config.json refuses,
/// a vocabulary that is too small, too little room on the file system, a model that is there already; the
/// system's.
Status generateModel(const GeneratorOptions &options, const std::string &directory,
                     const GeneratorProgress &progress = {});

/// Bytes of weights.
Expected<uint64_t> generatedBytes(const GeneratorOptions &options);

/// A linear layer or embedding of the generator: element i is scale * package::noise(seed, i), one binary32 product.
struct GeneratedNoise {
  uint64_t seed = 0;
  float scale = 0;
};
GeneratedNoise generatedNoise(uint64_t seed, const ExpectedTensor &tensor);

/// The elements [first, first + count) of a tensor, as written; `out` has room for count elements of the
/// type.
void generateElements(const GeneratorOptions &options, const ExpectedTensor &tensor, uint64_t first,
                      uint64_t count, void *out);

/// config.json for a configuration of one of huggingFaceFamilies(); readers of Hugging Face's format take it. Where
/// layers have windows, they are those of one size that the family's rule gives (rotary.size 0: the family's).
std::string huggingFaceConfigJson(const DecoderConfig &config, TensorType type);

/// A byte-fallback tokenizer.json of exactly `vocabularySize` tokens: as many merges (of some common English
/// words, then of pairs of letters) as there is room for, then tokens that no text contains.
Expected<std::string> generatedTokenizerJson(int64_t vocabularySize);

} // namespace coopt::import

#endif // COOPT_IMPORT_MODELGENERATOR_H
