//===- LlamaWeights.h - A model directory for the reference forward passes ------===//
#ifndef COOPT_TEST_INTEGRATION_CPU_LLAMAWEIGHTS_H
#define COOPT_TEST_INTEGRATION_CPU_LLAMAWEIGHTS_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace coopt::test {

/// Row-major [rows, columns]; a vector has one row.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<float> data;
  const float *row(int64_t index) const { return data.data() + index * columns; }
};

struct LlamaWeights {
  int64_t hidden, ffn, layers, heads, keyValueHeads, headSize, vocabulary;
  double epsilon, theta;
  bool tied;
  std::map<std::string, Matrix> tensors;

  const Matrix &embedding() const { return tensors.at("model.embed_tokens.weight"); }
  const Matrix &head() const { return tied ? embedding() : tensors.at("lm_head.weight"); }
  const Matrix &layer(int64_t index, const std::string &name) const {
    return tensors.at("model.layers." + std::to_string(index) + "." + name + ".weight");
  }
};

/// Reads config.json and the weights, widened to binary32. Throws what is wrong.
LlamaWeights readLlama(const std::string &directory);

} // namespace coopt::test

#endif // COOPT_TEST_INTEGRATION_CPU_LLAMAWEIGHTS_H
