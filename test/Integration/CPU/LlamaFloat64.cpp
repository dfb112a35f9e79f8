#include "LlamaReference.h"

#include <algorithm>
#include <cmath>

namespace coopt::test {

namespace {

using Vector = std::vector<double>;

Vector multiply(const Matrix &w, const Vector &x) {
  Vector y(static_cast<size_t>(w.rows));
  for (int64_t n = 0; n < w.rows; ++n) {
    for (int64_t k = 0; k < w.columns; ++k) {
      y[n] += static_cast<double>(w.row(n)[k]) * x[k];
    }
  }
  return y;
}

Vector normalize(const Vector &x, const Matrix &weight, double epsilon) {
  double squares = 0;
  for (double value : x) {
    squares += value * value;
  }
  double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  Vector y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] * scale * static_cast<double>(weight.data[i]);
  }
  return y;
}

/// Rotates the pairs (i, i + size / 2) of every head by position * theta^(-2i/size).
void rotate(Vector &x, int64_t headSize, double position, double theta) {
  for (size_t head = 0; head < x.size(); head += static_cast<size_t>(headSize)) {
    for (int64_t i = 0; i < headSize / 2; ++i) {
      double angle =
          position * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(headSize));
      double &low = x[head + i], &high = x[head + i + headSize / 2];
      double first = low * std::cos(angle) - high * std::sin(angle);
      high = high * std::cos(angle) + low * std::sin(angle);
      low = first;
    }
  }
}

void add(Vector &x, const Vector &y) {
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] += y[i];
  }
}

/// The keys or values of one layer, one vector a position.
using Cache = std::vector<Vector>;

Vector attend(const LlamaWeights &model, const Vector &q, const Cache &keys, const Cache &values) {
  int64_t size = model.headSize;
  Vector result(q.size());
  for (int64_t head = 0; head < model.heads; ++head) {
    int64_t group = head / (model.heads / model.keyValueHeads);
    Vector scores;
    for (const Vector &key : keys) {
      double dot = 0;
      for (int64_t d = 0; d < size; ++d) {
        dot += q[head * size + d] * key[group * size + d];
      }
      scores.push_back(dot / std::sqrt(static_cast<double>(size)));
    }
    double most = *std::max_element(scores.begin(), scores.end()), sum = 0;
    for (double &score : scores) {
      score = std::exp(score - most);
      sum += score;
    }
    for (size_t j = 0; j < values.size(); ++j) {
      for (int64_t d = 0; d < size; ++d) {
        result[head * size + d] += scores[j] / sum * values[j][group * size + d];
      }
    }
  }
  return result;
}

Vector gated(const LlamaWeights &model, int64_t layer, const Vector &x) {
  Vector gate = multiply(model.layer(layer, "mlp.gate_proj"), x),
         up = multiply(model.layer(layer, "mlp.up_proj"), x);
  for (size_t i = 0; i < gate.size(); ++i) {
    gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
  }
  return multiply(model.layer(layer, "mlp.down_proj"), gate);
}

} // namespace

std::vector<double> float64Logits(const LlamaWeights &model, const std::vector<int32_t> &tokens) {
  std::vector<Cache> keys(model.layers), values(model.layers);
  Vector logits;
  for (size_t position = 0; position < tokens.size(); ++position) {
    const float *row = model.embedding().row(tokens[position]);
    Vector x(row, row + model.hidden);
    for (int64_t layer = 0; layer < model.layers; ++layer) {
      Vector normal = normalize(x, model.layer(layer, "input_layernorm"), model.epsilon);
      Vector q = multiply(model.layer(layer, "self_attn.q_proj"), normal);
      Vector k = multiply(model.layer(layer, "self_attn.k_proj"), normal);
      rotate(q, model.headSize, static_cast<double>(position), model.theta);
      rotate(k, model.headSize, static_cast<double>(position), model.theta);
      keys[layer].push_back(k);
      values[layer].push_back(multiply(model.layer(layer, "self_attn.v_proj"), normal));
      add(x, multiply(model.layer(layer, "self_attn.o_proj"), attend(model, q, keys[layer], values[layer])));
      add(x,
          gated(model, layer, normalize(x, model.layer(layer, "post_attention_layernorm"), model.epsilon)));
    }
    Vector last = multiply(model.head(), normalize(x, model.tensors.at("model.norm.weight"), model.epsilon));
    logits.insert(logits.end(), last.begin(), last.end());
  }
  return logits;
}

} // namespace coopt::test
