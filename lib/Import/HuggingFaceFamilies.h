//===- HuggingFaceFamilies.h - What families of config.json have in common, and not ------------===//
#ifndef COOPT_LIB_IMPORT_HUGGINGFACEFAMILIES_H
#define COOPT_LIB_IMPORT_HUGGINGFACEFAMILIES_H

#include "coopt/Import/DecoderConfig.h"

#include <vector>

namespace coopt::import {

/// Which layers of a family have a window.
enum class WindowRule {
  None,      ///< none, sliding_window must not be given
  All,       ///< all, where sliding_window is given
  FromLayer, ///< with use_sliding_window, those from max_window_layers on
  Alternate, ///< every second one, from the first
};

/// How a family's config.json says what experts there are.
struct ExpertKeys {
  /// Whether experts come in groups: n_group, topk_group, topk_method, scoring_func, routed_scaling_factor.
  enum class Groups {
    None,
    ByMethod, ///< where topk_method is group_limited_greedy; softmax
    Always,   ///< topk_method is noaux_tc; sigmoid
  };

  const char *count = "num_experts";
  const char *size = "moe_intermediate_size"; ///< of an expert
  bool renormalise = false;                   ///< takes norm_topk_prob
  const char *sharedSize = nullptr;           ///< key of the width of the shared experts
  const char *sharedCount = nullptr;          ///< or of their number
  int64_t defaultSharedCount = 0;
  bool denseFirst = false; ///< takes first_k_dense_replace and moe_layer_freq
  int64_t defaultDense = 0;
  Groups groups = Groups::None;
  bool sparseStep = false; ///< takes decoder_sparse_step and mlp_only_layers
};

/// How a family's config.json is read beyond the keys that all have.
struct HuggingFaceFamily {
  DecoderConfig defaults; ///< family is the model_type
  std::string architecture;
  int64_t keyValueHeads = 0; ///< of a file without num_key_value_heads; 0: num_attention_heads
  int64_t headSize = 0;      ///< of a file without head_dim; 0: hidden_size / num_attention_heads
  const char *epsilonKey = "rms_norm_eps";
  WindowRule windows = WindowRule::None;
  int64_t window = 0;       ///< of a file without sliding_window
  double partialRotary = 1; ///< of a file without partial_rotary_factor
  bool takesPartialRotary = false;
  bool takesAttentionBias = false;    ///< attention_bias: on all four projections
  bool takesMlpBias = false;          ///< mlp_bias
  double queryPreAttentionScalar = 0; ///< default of query_pre_attn_scalar; 0: the family has none
  double finalSoftcap = 0;            ///< default of final_logit_softcapping
  double attentionSoftcap = 0;        ///< default of attn_logit_softcapping
  bool scaledEmbedding = false;       ///< by the root of hidden_size
  bool geluMeansTanh = false;         ///< hidden_act "gelu" is the tanh form
  bool takesInterleave = false;       ///< rope_interleave
  std::optional<ExpertKeys> experts;  ///< of a family with experts; defaults.experts has their defaults
};

const std::vector<HuggingFaceFamily> &huggingFaceFamilyTable();

} // namespace coopt::import

#endif // COOPT_LIB_IMPORT_HUGGINGFACEFAMILIES_H
