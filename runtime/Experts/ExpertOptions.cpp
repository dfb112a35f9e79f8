#include "Experts/ExpertOptions.h"

#include <cmath>
#include <cstdlib>

using namespace coopt;
using namespace coopt::runtime;

static Status readMemory(const std::string &text, ExpertOptions &options) {
  char *end = nullptr;
  double number = text.empty() || text[0] == '-' || text[0] == '+' ? 0 : std::strtod(text.c_str(), &end);
  std::string unit = end ? end : "";
  auto wrong = [&] {
    return fail("expert memory: expected bytes (4096, 512M, 1.5G) or a share of all experts (50%), got '" +
                text + "'");
  };
  if (!(number > 0) || !std::isfinite(number)) {
    return wrong();
  }
  if (unit == "%") {
    options.share = number / 100;
    options.memory = 0;
    return {};
  }
  size_t power = unit.empty() ? 0 : std::string("KMGT").find(unit[0]) + 1;
  if (unit.size() > 1 || (!unit.empty() && power == 0)) {
    return wrong();
  }
  double bytes = std::ldexp(number, static_cast<int>(10 * power));
  if (bytes < 1 || bytes > 0x1p62) {
    return wrong();
  }
  options.memory = static_cast<uint64_t>(bytes);
  options.share = 0;
  return {};
}

const char *runtime::expertPolicyName(ExpertPolicy policy) {
  switch (policy) {
  case ExpertPolicy::LeastRecent:
    return "lru";
  case ExpertPolicy::Score:
    return "score";
  case ExpertPolicy::Advice:
    return "advice";
  }
  return "";
}

static Expected<ExpertPolicy> readPolicy(const std::string &text) {
  for (ExpertPolicy policy : {ExpertPolicy::LeastRecent, ExpertPolicy::Score, ExpertPolicy::Advice}) {
    if (text == expertPolicyName(policy)) {
      return policy;
    }
  }
  return fail("expert policy: expected lru, score or advice, got '" + text + "'");
}

Expected<ExpertOptions> runtime::parseExpertOptions(const std::string &memory, const std::string &policy) {
  ExpertOptions options;
  if (!memory.empty()) {
    if (auto status = readMemory(memory, options); !status) {
      return forward(status.error());
    }
  }
  auto kind = readPolicy(policy);
  if (!kind) {
    return forward(kind.error());
  }
  options.policy = *kind;
  return options;
}
