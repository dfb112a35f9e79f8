#include "LlamaWeights.h"

#include "coopt/Import/Safetensors.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace coopt::test {

namespace {

/// The value of a binary16 number, from its definition.
float halfValue(uint16_t bits) {
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return static_cast<float>(bits & 0x8000 ? -magnitude : magnitude);
}

float element(const uint8_t *bytes, import::TensorType type) {
  uint32_t wide = 0;
  uint16_t narrow = 0;
  switch (type) {
  case import::TensorType::F32:
    std::memcpy(&wide, bytes, 4);
    return std::bit_cast<float>(wide);
  case import::TensorType::BF16:
    std::memcpy(&narrow, bytes, 2);
    return std::bit_cast<float>(static_cast<uint32_t>(narrow) << 16);
  case import::TensorType::F16:
    std::memcpy(&narrow, bytes, 2);
    return halfValue(narrow);
  default:
    throw std::runtime_error("a weight of an integer type");
  }
}

} // namespace

LlamaWeights readLlama(const std::string &directory) {
  nlohmann::json config = nlohmann::json::parse(std::ifstream(directory + "/config.json"));
  LlamaWeights weights;
  weights.hidden = config.at("hidden_size");
  weights.ffn = config.at("intermediate_size");
  weights.layers = config.at("num_hidden_layers");
  weights.heads = config.at("num_attention_heads");
  weights.keyValueHeads = config.at("num_key_value_heads");
  weights.headSize = config.value("head_dim", weights.hidden / weights.heads);
  weights.vocabulary = config.at("vocab_size");
  weights.epsilon = config.at("rms_norm_eps");
  weights.theta = config.at("rope_theta");
  weights.tied = config.at("tie_word_embeddings");
  auto files = import::SafetensorsModel::open(directory);
  if (!files) {
    throw std::runtime_error(files.error().message);
  }
  for (const import::TensorInfo &info : files->tensors()) {
    Matrix matrix;
    matrix.columns = info.shape.back();
    matrix.rows = info.elements() / matrix.columns;
    const uint8_t *bytes = files->data(info);
    for (int64_t i = 0; i < info.elements(); ++i, bytes += import::tensorTypeSize(info.type)) {
      matrix.data.push_back(element(bytes, info.type));
    }
    weights.tensors.emplace(info.name, std::move(matrix));
  }
  return weights;
}

} // namespace coopt::test
