//===- DecoderConfig.cpp - Tensors and rotary frequencies of a decoder ------------===//
#include "coopt/Import/DecoderConfig.h"

#include "coopt/Import/StoredMatrix.h"
#include "coopt/Support/Json.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::import;

namespace {

constexpr double pi = 3.14159265358979323846;

/// Llama 3.1: long wavelengths are divided, short ones kept, those between interpolated.
double stretchByWavelength(double frequency, const RopeScaling &scaling) {
  double wavelength = 2.0 * pi / frequency;
  double positions = static_cast<double>(scaling.originalMaxPositions);
  double low = positions / scaling.lowFrequencyFactor, high = positions / scaling.highFrequencyFactor;
  if (wavelength > low) {
    return frequency / scaling.factor;
  }
  if (wavelength > high) {
    double smooth = (positions / wavelength - scaling.lowFrequencyFactor) /
                    (scaling.highFrequencyFactor - scaling.lowFrequencyFactor);
    return (1.0 - smooth) * frequency / scaling.factor + smooth * frequency;
  }
  return frequency;
}

/// YaRN's ramp: 0 for pairs whose frequency is kept, 1 for those that are divided.
double yarnRamp(int64_t pair, const RotaryEmbedding &rotary) {
  const RopeScaling &scaling = rotary.scaling;
  double size = static_cast<double>(rotary.size);
  auto pairOfRotations = [&](double rotations) {
    double positions = static_cast<double>(scaling.originalMaxPositions);
    return size * std::log(positions / (rotations * 2.0 * pi)) / (2.0 * std::log(rotary.theta));
  };
  double low = pairOfRotations(scaling.betaFast), high = pairOfRotations(scaling.betaSlow);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, size - 1.0);
  if (low == high) {
    high += 0.001;
  }
  return std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
}

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t size : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return text + "]";
}

} // namespace

std::vector<float> import::rotaryFrequencies(const RotaryEmbedding &rotary) {
  std::vector<float> frequencies;
  const RopeScaling &scaling = rotary.scaling;
  for (int64_t i = 0; i < rotary.size / 2; ++i) {
    double frequency =
        std::pow(rotary.theta, -2.0 * static_cast<double>(i) / static_cast<double>(rotary.size));
    if (!rotary.divisors.empty()) {
      frequency /= static_cast<double>(rotary.divisors[static_cast<size_t>(i)]);
    }
    switch (scaling.kind) {
    case RopeScaling::Kind::None:
      break;
    case RopeScaling::Kind::Linear:
      frequency /= scaling.factor;
      break;
    case RopeScaling::Kind::Llama3:
      frequency = stretchByWavelength(frequency, scaling);
      break;
    case RopeScaling::Kind::Yarn: {
      double ramp = yarnRamp(i, rotary);
      frequency = frequency / scaling.factor * ramp + frequency * (1.0 - ramp);
      break;
    }
    }
    frequencies.push_back(static_cast<float>(frequency));
  }
  return frequencies;
}

double import::defaultAttentionScale(double size) {
  return static_cast<double>(1.0f / std::sqrt(static_cast<float>(size)));
}

std::string import::expertTensor(const DecoderConfig &config, int64_t layer, int64_t expert,
                                 const std::string &which) {
  const DecoderTensorNames &names = config.names;
  return names.layer(layer, names.expert.experts) + "." + std::to_string(expert) + "." + which;
}

/// The tensors of a layer's projections to queries, keys and values, and of their norms.
template <typename LinearT, typename NormT>
static void latentTensors(const DecoderConfig &config, int64_t layer, const LinearT &linear,
                          const NormT &norm) {
  const LatentAttention &latent = config.latent;
  auto in = [&](const std::string &name) { return config.names.layer(layer, name); };
  const LatentTensorNames &names = config.names.latent;
  int64_t hidden = config.hiddenSize, query = config.heads * latent.keySize();
  if (latent.queryRank > 0) {
    linear(in(names.queryDown), latent.queryRank, hidden, config.queryKeyValueBias);
    norm(in(names.queryNorm), latent.queryRank);
    linear(in(names.queryUp), query, latent.queryRank, false);
  } else {
    linear(in(config.names.query), query, hidden, false);
  }
  linear(in(names.keyValueDown), latent.keyValueRank + latent.turned, hidden, config.queryKeyValueBias);
  norm(in(names.keyValueNorm), latent.keyValueRank);
  linear(in(names.keyValueUp), config.heads * (latent.unturned + latent.valueSize), latent.keyValueRank,
         false);
}

std::vector<ExpectedTensor> import::decoderTensors(const DecoderConfig &config) {
  using Role = ExpectedTensor::Role;
  int64_t hidden = config.hiddenSize, ffn = config.intermediateSize;
  int64_t query = config.heads * config.headSize, keyValue = config.keyValueHeads * config.headSize;
  const DecoderTensorNames &names = config.names;
  std::vector<ExpectedTensor> tensors = {{names.embedding + ".weight", {config.vocabularySize, hidden}}};
  auto linear = [&](const std::string &name, int64_t outputs, int64_t inputs, bool bias) {
    tensors.push_back({name + ".weight", {outputs, inputs}});
    if (bias) {
      tensors.push_back({name + ".bias", {outputs}, Role::Bias});
    }
  };
  auto norm = [&](const std::string &name, int64_t size) {
    tensors.push_back({name + ".weight", {size}, Role::Norm});
    if (config.norm == NormKind::Layer) {
      tensors.push_back({name + ".bias", {size}, Role::Bias});
    }
  };
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    auto in = [&](const std::string &name) { return names.layer(layer, name); };
    norm(in(names.inputNorm), hidden);
    if (config.latent.isUsed()) {
      latentTensors(config, layer, linear, norm);
    } else {
      linear(in(names.query), query, hidden, config.queryKeyValueBias);
      linear(in(names.key), keyValue, hidden, config.queryKeyValueBias);
      linear(in(names.value), keyValue, hidden, config.queryKeyValueBias);
    }
    if (config.queryKeyNorm || config.queryKeyNormWhole) {
      norm(in(names.queryNorm), config.queryKeyNormWhole ? query : config.headSize);
      norm(in(names.keyNorm), config.queryKeyNormWhole ? keyValue : config.headSize);
    }
    linear(in(names.output), hidden, config.latent.isUsed() ? config.heads * config.latent.valueSize : query,
           config.outputBias);
    if (config.sandwichNorms) {
      norm(in(names.afterAttentionNorm), hidden);
    }
    if (!config.parallelResidual) {
      norm(in(names.mlpNorm), hidden);
    }
    if (config.experts.isAt(layer)) {
      const ExpertsConfig &experts = config.experts;
      auto gated = [&](const std::string &prefix, int64_t width) {
        linear(prefix + "." + names.expert.gate, width, hidden, false);
        linear(prefix + "." + names.expert.up, width, hidden, false);
        linear(prefix + "." + names.expert.down, hidden, width, false);
      };
      linear(in(names.expert.router), experts.count, hidden, false);
      if (experts.choiceBias) {
        tensors.push_back({in(names.expert.bias), {experts.count}, Role::ChoiceBias});
      }
      for (int64_t expert = 0; expert < experts.count; ++expert) {
        const size_t first = tensors.size();
        gated(in(names.expert.experts) + "." + std::to_string(expert), experts.intermediateSize);
        for (size_t i = first; i < tensors.size(); ++i) {
          tensors[i].isExpert = true;
        }
      }
      if (experts.sharedIntermediateSize > 0) {
        gated(in(names.expert.shared), experts.sharedIntermediateSize);
      }
      if (experts.sharedGate && experts.sharedIntermediateSize > 0) {
        linear(in(names.expert.sharedGate), 1, hidden, false);
      }
    } else {
      if (config.gatedMlp) {
        linear(in(names.gate), ffn, hidden, config.mlpBias);
      }
      linear(in(names.up), ffn, hidden, config.mlpBias);
      linear(in(names.down), hidden, ffn, config.mlpBias);
    }
    if (config.sandwichNorms) {
      norm(in(names.afterMlpNorm), hidden);
    }
  }
  norm(names.finalNorm, hidden);
  if (!config.tieWordEmbeddings) {
    linear(names.head, config.vocabularySize, hidden, false);
  }
  if (config.headBias) {
    tensors.push_back({names.head + ".bias", {config.vocabularySize}, Role::Bias});
  }
  return tensors;
}

Status import::checkDecoderTensors(const DecoderConfig &config, const TensorFiles &model) {
  for (const ExpectedTensor &expected : decoderTensors(config)) {
    auto stored = findStoredMatrix(config, model, expected);
    if (!stored) {
      return forward(stored.error());
    }
    if (*stored && expected.isExpert && !(*stored)->order.empty()) {
      return fail(
          "tensor " + inQuotes(expected.name) +
          ": columns in the order of their activations are not supported in this version for experts");
    }
    if (*stored) {
      continue;
    }
    const TensorInfo *tensor = model.find(expected.name);
    if (!tensor && config.noiseSeed && expected.role == ExpectedTensor::Role::Matrix) {
      continue;
    }
    if (!tensor) {
      return fail("tensor " + inQuotes(expected.name) + " " + shapeText(expected.shape) +
                  ": expected by the configuration, in none of the model's files");
    }
    std::string place = model.files()[tensor->file].path() + ": tensor " + inQuotes(tensor->name) + ": ";
    if (tensor->shape != expected.shape) {
      return fail(place + "expected shape " + shapeText(expected.shape) + " by the configuration, got " +
                  shapeText(tensor->shape));
    }
    if (tensor->blocks || (tensor->type != TensorType::F32 && tensor->type != TensorType::F16 &&
                           tensor->type != TensorType::BF16)) {
      return fail(place + "expected F32, F16 or BF16, got " + tensor->typeName());
    }
  }
  return {};
}
