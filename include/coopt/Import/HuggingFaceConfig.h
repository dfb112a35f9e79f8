//===- HuggingFaceConfig.h - config.json of a model directory --------------------===//
#ifndef COOPT_IMPORT_HUGGINGFACECONFIG_H
#define COOPT_IMPORT_HUGGINGFACECONFIG_H

#include "coopt/Import/Safetensors.h"
#include "coopt/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coopt::import {

/// How rotary position embeddings are stretched beyond the positions that a model was first trained on.
struct RopeScaling {
  enum class Kind {
    None,
    Linear, ///< frequencies divided by `factor`
    Llama3, ///< by wavelength: short ones kept, long ones divided by `factor`, interpolated between
            ///< (Llama 3.1)
  };
  Kind kind = Kind::None;
  double factor = 1;
  // Llama3 only: wavelengths below originalMaxPositions / highFrequencyFactor are kept, those above
  // originalMaxPositions / lowFrequencyFactor divided.
  double lowFrequencyFactor = 1, highFrequencyFactor = 1;
  int64_t originalMaxPositions = 0;
};

/// A Llama model; the defaults of absent keys are those of Hugging Face's LlamaConfig.
struct LlamaConfig {
  int64_t hiddenSize = 0;       ///< hidden_size
  int64_t intermediateSize = 0; ///< intermediate_size
  int64_t layers = 0;           ///< num_hidden_layers
  int64_t heads = 0;            ///< num_attention_heads
  int64_t keyValueHeads = 0;    ///< num_key_value_heads, a divisor of heads; absent: heads
  int64_t headSize = 0;         ///< head_dim, even; absent: hidden_size / num_attention_heads
  int64_t vocabularySize = 0;   ///< vocab_size
  int64_t maxPositions = 2048;  ///< max_position_embeddings
  double rmsNormEpsilon = 1e-6; ///< rms_norm_eps
  double ropeTheta = 10000;     ///< rope_theta
  RopeScaling ropeScaling;      ///< rope_scaling
  bool tieWordEmbeddings = false;
  std::optional<int64_t> bos; ///< bos_token_id, below vocab_size
  std::vector<int64_t> eos;   ///< eos_token_id: none, one or several
  /// coopt_noise_seed, 16 hexadecimal digits (not Hugging Face's): matrices that no file has are those that
  /// ModelGenerator.h makes in F32 of this seed.
  std::optional<uint64_t> noiseSeed;
  std::optional<TensorType> type; ///< torch_dtype or dtype, where it names a float type
};

/// Reads PATH/config.json, or the file PATH.
/// Errors begin with file and JSON path: syntax, missing or mistyped keys, sizes beyond a limit (which they
/// name), an architecture that is not known (with those that are), and what this version does not compute:
/// biases, activations other than silu, other kinds of RoPE scaling, quantised checkpoints.
Expected<LlamaConfig> readLlamaConfig(const std::string &path);
/// The same from text; `name` stands for the file in messages.
Expected<LlamaConfig> parseLlamaConfig(std::string_view text, const std::string &name);

/// A tensor that a model has by its configuration.
struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape; ///< of a linear layer: [outputs, inputs]
};

/// The tensors of a Llama checkpoint in Hugging Face's names, in order of use; lm_head.weight is absent where
/// tied.
std::vector<ExpectedTensor> llamaTensors(const LlamaConfig &config);

/// Whether a model has all of them (but for matrices where noiseSeed is set), with their shapes and F32, F16 or BF16 elements; tensors beyond them do
/// no harm.
Status checkLlamaTensors(const LlamaConfig &config, const SafetensorsModel &model);

} // namespace coopt::import

#endif // COOPT_IMPORT_HUGGINGFACECONFIG_H
