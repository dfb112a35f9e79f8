//===- DecoderConfig.h - What a decoder computes, as data ------------------------------===//
//
// Readers of model files (config.json of Hugging Face, the metadata of GGUF) normalise what they read into one
// description; one importer builds every model that it can say. Per layer, for x of the residual stream:
//
//   h = inputNorm(x)
//   q, k, v = projections of h (+ biases), q and k normed per head where queryKeyNorm, then turned by `rotary`
//   a = output(attention(s, the last window[layer] keys)) (+ bias) with the scores s = attentionScale * q . k, or
//       attentionSoftcap * tanh(s / attentionSoftcap)
//   serial residual:    x = x + a;  x = x + mlp(mlpNorm(x))       (sandwichNorms: a and the mlp's result normed
//                       before they are added)
//   parallel residual:  x = x + a + mlp(h)
//   mlp(y) = down(activation(gate(y)) * up(y)), without gate: down(activation(up(y))); in layers with experts what
//            ExpertsConfig.h says
//
// Where the model has latent attention, q, k and v are those of LatentAttention.h.
//
// The embedding is multiplied by embeddingScale, the logits are finalSoftcap * tanh(logits / finalSoftcap).
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_DECODERCONFIG_H
#define COOPT_IMPORT_DECODERCONFIG_H

#include "coopt/Import/ExpertsConfig.h"
#include "coopt/Import/LatentAttention.h"
#include "coopt/Import/Safetensors.h"
#include "coopt/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coopt::import {

/// How rotary position embeddings are stretched beyond the positions that a model was first trained on.
struct RopeScaling {
  enum class Kind {
    None,
    Linear, ///< frequencies divided by `factor`
    Llama3, ///< by wavelength: short ones kept, long ones divided by `factor`, interpolated between
            ///< (Llama 3.1)
    Yarn, ///< by rotations within the original positions: pairs that turn more than betaFast times kept, less
          ///< than betaSlow times divided, a linear ramp over the pairs between (arXiv 2309.00071)
  };
  Kind kind = Kind::None;
  double factor = 1;
  int64_t originalMaxPositions = 0; ///< Llama3, Yarn
  // Llama3 only: wavelengths below originalMaxPositions / highFrequencyFactor are kept, those above
  // originalMaxPositions / lowFrequencyFactor divided.
  double lowFrequencyFactor = 1, highFrequencyFactor = 1;
  // Yarn only. The rotated parts of queries and keys are multiplied by attentionFactor.
  double betaFast = 32, betaSlow = 1, attentionFactor = 1;
  bool truncate = true; ///< the ramp begins and ends at whole pairs
  /// With latent attention scores are multiplied by (0.1 * scoreScale * ln(factor) + 1)^2, for all kinds but None.
  double scoreScale = 0;
};

/// Rotary position embedding of `size` elements of a head, from `first` on; what is before and behind them passes.
struct RotaryEmbedding {
  enum class Pairs {
    Halves,    ///< element i turns with i + size / 2
    Neighbours ///< element 2i turns with 2i + 1; the result is stored as for halves
  };
  Pairs pairs = Pairs::Halves;
  int64_t first = 0;
  int64_t size = 0; ///< even, 2 to the head size
  double theta = 10000;
  RopeScaling scaling;
  std::vector<float> divisors; ///< of the frequency of each pair, before `scaling`; empty: none
};

/// The frequency of each pair, theta^(-2i/size) in binary64, stretched as `scaling` says, rounded to binary32.
std::vector<float> rotaryFrequencies(const RotaryEmbedding &rotary);

enum class NormKind {
  RootMeanSquare,        ///< x / sqrt(mean(x^2) + epsilon) * w
  RootMeanSquareOnePlus, ///< the same * (1 + w)
  Layer,                 ///< (x - mean) / sqrt(variance + epsilon) * w + b
};

enum class Activation {
  Silu,     ///< x * sigmoid(x)
  GeluTanh, ///< 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
  Gelu,     ///< 0.5 x (1 + erf(x / sqrt(2)))
};

/// How files name the tensors: `NAME.weight` and `NAME.bias`, in layers behind `layers` + number + ".".
struct DecoderTensorNames {
  std::string embedding = "model.embed_tokens", finalNorm = "model.norm", head = "lm_head",
              layers = "model.layers.";
  std::string inputNorm = "input_layernorm", query = "self_attn.q_proj", key = "self_attn.k_proj",
              value = "self_attn.v_proj", output = "self_attn.o_proj", queryNorm = "self_attn.q_norm",
              keyNorm = "self_attn.k_norm", afterAttentionNorm, mlpNorm = "post_attention_layernorm",
              gate = "mlp.gate_proj", up = "mlp.up_proj", down = "mlp.down_proj", afterMlpNorm;

  ExpertTensorNames expert;
  LatentTensorNames latent;

  std::string layer(int64_t index, const std::string &name) const {
    return layers + std::to_string(index) + "." + name;
  }
};

/// How a checkpoint stores its linear layers; StoredMatrix.h says what the methods' tensors are.
struct CheckpointQuantization {
  enum class Method { None, Gptq, Awq, Packed, Integers, Floats };
  Method method = Method::None;
  int bits = 0;
  int64_t group = 0; ///< 0: whole rows
  bool symmetric = true;
  bool zerosLessOne = false; ///< Gptq: what is stored is one less than the zero
  bool sortedColumns =
      false; ///< groups are of columns in the order of their activations: a tensor says which
};

/// A decoder. Readers leave it consistent: sizes positive, heads a multiple of keyValueHeads, one window
/// per layer.
struct DecoderConfig {
  std::string family = "llama"; ///< its model_type
  int64_t hiddenSize = 0;
  int64_t intermediateSize = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t keyValueHeads = 0;
  int64_t headSize = 0;
  int64_t vocabularySize = 0;
  int64_t maxPositions = 2048;

  NormKind norm = NormKind::RootMeanSquare;
  double normEpsilon = 1e-6;
  bool queryKeyNorm = false;      ///< root mean square norms of each head, of the kind of `norm`
  bool queryKeyNormWhole = false; ///< the same of all heads together
  bool sandwichNorms = false;
  bool parallelResidual = false;

  bool queryKeyValueBias = false, outputBias = false, mlpBias = false, headBias = false;
  Activation activation = Activation::Silu;
  bool gatedMlp = true;
  ExpertsConfig experts;
  LatentAttention latent; ///< headSize is its keySize(), keyValueHeads are the heads

  RotaryEmbedding rotary;
  std::vector<int64_t> window; ///< keys that a layer's queries see, their own included; 0: all
  double attentionScale =
      0; ///< 1 / sqrt(headSize) unless the family or the stretching of RoPE says otherwise

  double embeddingScale = 1;
  double finalSoftcap = 0, attentionSoftcap = 0; ///< 0: none
  bool tieWordEmbeddings = false;

  std::optional<int64_t> bos; ///< below vocabularySize
  std::vector<int64_t> eos;   ///< none, one or several
  /// Matrices that no file has are those that ModelGenerator.h makes in F32 of this seed.
  std::optional<uint64_t> noiseSeed;
  std::optional<TensorType> type; ///< of the checkpoint, where the file says it
  DecoderTensorNames names;
  CheckpointQuantization quantization;
};

/// 1 / sqrt(size), in binary32.
double defaultAttentionScale(double size);

/// A tensor that a model has by its configuration.
struct ExpectedTensor {
  enum class Role {
    Matrix, ///< linear layer [outputs, inputs], or embedding [tokens, hidden]
    Norm,   ///< weight of a norm
    Bias,
    ChoiceBias ///< what is added to the scores by which experts are chosen
  };
  std::string name;
  std::vector<int64_t> shape;
  Role role = Role::Matrix;
  bool isExpert = false; ///< one of several that are read as one
};

/// What a tensor of a layer's expert is called: `which` is one of the names in `names.expert`.
std::string expertTensor(const DecoderConfig &config, int64_t layer, int64_t expert,
                         const std::string &which);

/// The tensors of a model, in order of use; the head's is absent where tied.
std::vector<ExpectedTensor> decoderTensors(const DecoderConfig &config);

/// Whether a model has all of them (but for matrices where noiseSeed is set), with their shapes and F32, F16 or
/// BF16 elements or, of matrices, codes (StoredMatrix.h); tensors beyond them do no harm.
Status checkDecoderTensors(const DecoderConfig &config, const TensorFiles &model);

} // namespace coopt::import

#endif // COOPT_IMPORT_DECODERCONFIG_H
