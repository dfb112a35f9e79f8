//===- LatentAttention.h - What multi-head latent attention computes, as data ----------===//
//
// Queries, keys and values of a layer come from vectors of lower rank (arXiv 2405.04434). For x of the residual stream:
//
//   q        = queryUp(norm(queryDown(x))), without queryRank query(x): for each head unturned + turned elements
//   [c | k'] = keyValueDown(x): keyValueRank elements and a key of `turned` elements that all heads share
//   [k | v]  = keyValueUp(norm(c)): for each head unturned + valueSize elements
//
// The last `turned` elements of each head of q, and k', are turned by the rotary embedding; the key of a head is
// [k | k'] of that head. The norms are those of DecoderConfig with normEpsilon of this description. The state holds keys
// and values, not c: values are padded with zeros to the size of a key.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_LATENTATTENTION_H
#define COOPT_IMPORT_LATENTATTENTION_H

#include <cstdint>
#include <string>

namespace coopt::import {

struct LatentAttention {
  int64_t queryRank = 0;    ///< 0: queries are projected at once
  int64_t keyValueRank = 0; ///< 0: the model has plain attention
  int64_t unturned = 0;     ///< elements of a head without positions
  int64_t turned = 0;       ///< elements of a head that are turned, even
  int64_t valueSize = 0;    ///< of a head, at most that of a key
  double normEpsilon = 1e-6;

  bool isUsed() const { return keyValueRank > 0; }
  int64_t keySize() const { return unturned + turned; }
};

/// How files name their tensors, in layers.
struct LatentTensorNames {
  std::string queryDown = "self_attn.q_a_proj", queryNorm = "self_attn.q_a_layernorm",
              queryUp = "self_attn.q_b_proj", keyValueDown = "self_attn.kv_a_proj_with_mqa",
              keyValueNorm = "self_attn.kv_a_layernorm", keyValueUp = "self_attn.kv_b_proj";
};

} // namespace coopt::import

#endif // COOPT_IMPORT_LATENTATTENTION_H
