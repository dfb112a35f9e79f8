//===- ExpertsConfig.h - What a mixture of experts computes, as data -------------------===//
//
// For the rows y that go into the mlp of a layer with experts, the experts of a row and their weights being those of
// `moe.route` for router(y) and these settings:
//
//   mlp(y) = sum over the row's experts of weight * expert(y), in the order of their ranks
//            + shared(y) where there are shared experts, times sigmoid(sharedGate(y)) where sharedGate
//   expert(y) = down(activation(gate(y)) * up(y)); shared experts are one such layer of their joint width
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_EXPERTSCONFIG_H
#define COOPT_IMPORT_EXPERTSCONFIG_H

#include <cstdint>
#include <string>
#include <vector>

namespace coopt::import {

struct ExpertsConfig {
  enum class Scores { Softmax, Sigmoid };

  int64_t count = 0; ///< 0: the model is dense
  int64_t perToken = 0;
  int64_t intermediateSize = 0; ///< of one expert
  Scores scores = Scores::Softmax;
  int64_t groups = 1, keptGroups = 1;
  bool groupsByTwoBest = false;
  bool choiceBias = false;  ///< experts are chosen by their scores plus a bias
  bool renormalise = false; ///< weights of a row add up to 1, but for epsilon in the divisor
  double epsilon = 0;
  double scale = 1; ///< of all weights
  int64_t sharedIntermediateSize = 0;
  bool sharedGate = false;
  std::vector<bool> layers; ///< which layers have experts

  bool isAt(int64_t layer) const {
    return count > 0 && static_cast<size_t>(layer) < layers.size() && layers[static_cast<size_t>(layer)];
  }
};

/// How files name their tensors, in layers: `NAME.weight`, those of expert e `EXPERTS.e.NAME.weight`.
struct ExpertTensorNames {
  std::string router = "mlp.gate", bias = "mlp.gate.e_score_correction_bias", experts = "mlp.experts",
              gate = "gate_proj", up = "up_proj", down = "down_proj", shared = "mlp.shared_experts",
              sharedGate = "mlp.shared_expert_gate";
};

} // namespace coopt::import

#endif // COOPT_IMPORT_EXPERTSCONFIG_H
