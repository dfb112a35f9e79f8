//===- ExpertOptions.h - How much of a package's experts is kept in memory ---===//
#ifndef COOPT_RUNTIME_EXPERTS_EXPERTOPTIONS_H
#define COOPT_RUNTIME_EXPERTS_EXPERTOPTIONS_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <string>

namespace coopt::runtime {

/// Which expert is given up when another one needs its memory.
enum class ExpertPolicy {
  LeastRecent, ///< the one whose last use is longest ago
  Score, ///< the one that the fewest tokens went to lately: a sum that halves with every 64 uses of its layer
  Advice, ///< least recent, but those last whose last two uses were near enough to each other to pay for keeping them
};

struct ExpertOptions {
  uint64_t memory = 0; ///< bytes, in whole pages of 4096; 0 with no share: all experts are mapped
  double share = 0;    ///< in place of `memory`: of the bytes of all experts
  ExpertPolicy policy = ExpertPolicy::Score;
  bool prefetch =
      true; ///< fill memory before the first use, and read what the next layer's router is guessed to choose
  uint64_t rate = 0; ///< bytes a second of a modelled drive to read from; 0: the file's own

  bool isLimited() const { return memory > 0 || share > 0; }
};

/// Memory as "1073741824", "1.5G" (also K, M, T; of 1024), "50%" (of the bytes of all experts) or "": unlimited. Policy as "lru", "score"
/// or "advice". Errors begin with "expert memory" and "expert policy".
Expected<ExpertOptions> parseExpertOptions(const std::string &memory, const std::string &policy);

/// As parseExpertOptions reads it.
const char *expertPolicyName(ExpertPolicy policy);

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXPERTS_EXPERTOPTIONS_H
