// Every binary32 operation below is one rounding: no contraction, no reassociation.
#pragma STDC FP_CONTRACT OFF

#include "LlamaReference.h"

#include "coopt/Numerics/SpecialFunctions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace coopt::test {

namespace {

using Vector = std::vector<float>;

constexpr float logarithm = 0x1.715476p+0f; // log2(e)

/// The reduction that sums have everywhere: 16 partial sums by index modulo 16, then halves are added.
float sum(int64_t count, const std::function<float(int64_t)> &term, int64_t first = 0) {
  float partial[16] = {};
  for (int64_t i = first; i < count; ++i) {
    partial[i % 16] += term(i);
  }
  for (int half = 8; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) {
      partial[j] += partial[j + half];
    }
  }
  return partial[0];
}

/// A row as codes and the scale that one code stands for.
struct CodedRow {
  std::vector<int32_t> codes;
  float scale;
};

CodedRow encode(const float *row, int64_t count) {
  float largest = 0;
  for (int64_t k = 0; k < count; ++k) {
    largest = std::max(largest, std::fabs(row[k]));
  }
  CodedRow coded{{}, largest == 0 ? 1.0f : largest / 127.0f};
  for (int64_t k = 0; k < count; ++k) {
    float quotient = std::clamp(row[k] / coded.scale, -127.0f, 127.0f);
    coded.codes.push_back(static_cast<int32_t>(std::nearbyintf(quotient)));
  }
  return coded;
}

/// The rows of a weight matrix.
class CodedMatrix {
public:
  CodedMatrix() = default;
  explicit CodedMatrix(const Matrix &matrix) {
    for (int64_t n = 0; n < matrix.rows; ++n) {
      rows.push_back(encode(matrix.row(n), matrix.columns));
    }
  }
  Vector row(int64_t index) const {
    Vector values;
    for (int32_t code : rows[index].codes) {
      values.push_back(static_cast<float>(code) * rows[index].scale);
    }
    return values;
  }
  Vector multiply(const Vector &x) const {
    CodedRow activation = encode(x.data(), static_cast<int64_t>(x.size()));
    Vector y;
    for (const CodedRow &weight : rows) {
      int32_t total = 0;
      for (size_t k = 0; k < weight.codes.size(); ++k) {
        total += activation.codes[k] * weight.codes[k];
      }
      y.push_back((static_cast<float>(total) * weight.scale) * activation.scale);
    }
    return y;
  }

private:
  std::vector<CodedRow> rows;
};

Vector normalize(const Vector &x, const Matrix &weight, float epsilon) {
  float squares = sum(static_cast<int64_t>(x.size()), [&](int64_t i) { return x[i] * x[i]; });
  float shifted = squares / static_cast<float>(x.size()) + epsilon;
  float scale = 1.0f / std::sqrt(shifted);
  Vector y;
  for (size_t i = 0; i < x.size(); ++i) {
    y.push_back((x[i] * scale) * weight.data[i]);
  }
  return y;
}

void rotate(Vector &x, int64_t headSize, int64_t position, double theta) {
  for (size_t head = 0; head < x.size(); head += static_cast<size_t>(headSize)) {
    for (int64_t i = 0; i < headSize / 2; ++i) {
      double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(headSize);
      float angle = static_cast<float>(position) * static_cast<float>(std::pow(theta, exponent));
      float cosine = static_cast<float>(std::cos(static_cast<double>(angle)));
      float sine = static_cast<float>(std::sin(static_cast<double>(angle)));
      float low = x[head + i], high = x[head + i + headSize / 2];
      x[head + i] = low * cosine - high * sine;
      x[head + i + headSize / 2] = high * cosine + low * sine;
    }
  }
}

void add(Vector &x, const Vector &y) {
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] += y[i];
  }
}

using Cache = std::vector<Vector>;

/// One query head at q over one key-value head at `offset` of each position: blocks of 64 keys, ascending.
void attendHead(const float *q, int64_t size, const Cache &keys, const Cache &values, int64_t offset,
                float *result) {
  float scale = 1.0f / std::sqrt(static_cast<float>(size));
  float most = -std::numeric_limits<float>::infinity(), weight = 0;
  std::fill(result, result + size, 0.0f);
  int64_t count = static_cast<int64_t>(keys.size());
  for (int64_t begin = 0; begin < count; begin += 64) {
    int64_t width = std::min<int64_t>(64, count - begin);
    Vector p;
    float next = most;
    for (int64_t j = 0; j < width; ++j) {
      p.push_back(scale * sum(size, [&](int64_t d) { return q[d] * keys[begin + j][offset + d]; }));
      next = std::max(next, p.back());
    }
    float decay = numerics::exp2((most - next) * logarithm);
    for (float &score : p) {
      score = numerics::exp2((score - next) * logarithm);
    }
    weight = weight * decay + sum(width, [&](int64_t j) { return p[j]; });
    for (int64_t d = 0; d < size; ++d) {
      float added = sum(width, [&](int64_t j) { return p[j] * values[begin + j][offset + d]; });
      result[d] = result[d] * decay + added;
    }
    most = next;
  }
  for (int64_t d = 0; d < size; ++d) {
    result[d] = result[d] / weight;
  }
}

struct CodedLayer {
  CodedMatrix q, k, v, o, gate, up, down;
  Cache keys, values;
};

void attentionBlock(const LlamaWeights &model, CodedLayer &layer, const Vector &normal, int64_t position,
                    Vector &x) {
  Vector q = layer.q.multiply(normal), k = layer.k.multiply(normal), mixed(q.size());
  rotate(q, model.headSize, position, model.theta);
  rotate(k, model.headSize, position, model.theta);
  layer.keys.push_back(k);
  layer.values.push_back(layer.v.multiply(normal));
  for (int64_t head = 0; head < model.heads; ++head) {
    int64_t group = head / (model.heads / model.keyValueHeads), at = head * model.headSize;
    attendHead(&q[at], model.headSize, layer.keys, layer.values, group * model.headSize, &mixed[at]);
  }
  add(x, layer.o.multiply(mixed));
}

void mlpBlock(CodedLayer &layer, const Vector &normal, Vector &x) {
  Vector gate = layer.gate.multiply(normal), up = layer.up.multiply(normal);
  for (size_t i = 0; i < gate.size(); ++i) {
    float sigmoid = 1.0f / (1.0f + numerics::exp2(-(gate[i] * logarithm)));
    gate[i] = (gate[i] * sigmoid) * up[i];
  }
  add(x, layer.down.multiply(gate));
}

} // namespace

std::vector<float> w8a8Logits(const LlamaWeights &model, const std::vector<int32_t> &tokens) {
  std::vector<CodedLayer> layers;
  for (int64_t i = 0; i < model.layers; ++i) {
    auto coded = [&](const char *name) { return CodedMatrix(model.layer(i, name)); };
    layers.push_back({coded("self_attn.q_proj"),
                      coded("self_attn.k_proj"),
                      coded("self_attn.v_proj"),
                      coded("self_attn.o_proj"),
                      coded("mlp.gate_proj"),
                      coded("mlp.up_proj"),
                      coded("mlp.down_proj"),
                      {},
                      {}});
  }
  CodedMatrix head(model.head());
  float epsilon = static_cast<float>(model.epsilon);
  Vector logits;
  for (size_t position = 0; position < tokens.size(); ++position) {
    const float *row = model.embedding().row(tokens[position]);
    // A table that is also the head exists as codes only.
    Vector x = model.tied ? head.row(tokens[position]) : Vector(row, row + model.hidden);
    for (int64_t i = 0; i < model.layers; ++i) {
      Vector normal = normalize(x, model.layer(i, "input_layernorm"), epsilon);
      attentionBlock(model, layers[i], normal, static_cast<int64_t>(position), x);
      mlpBlock(layers[i], normalize(x, model.layer(i, "post_attention_layernorm"), epsilon), x);
    }
    Vector last = head.multiply(normalize(x, model.tensors.at("model.norm.weight"), epsilon));
    logits.insert(logits.end(), last.begin(), last.end());
  }
  return logits;
}

} // namespace coopt::test
