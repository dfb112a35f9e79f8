#include "Experts/ExpertOptions.h"

#include <cmath>
#include <cstdlib>

using namespace coopt;
using namespace coopt::runtime;

Status runtime::parseExpertMemory(const std::string &text, ExpertOptions &options) {
  char *end = nullptr;
  double number = text.empty() || text[0] == '-' || text[0] == '+' ? 0 : std::strtod(text.c_str(), &end);
  std::string unit = end ? end : "";
  auto wrong = [&] {
    return fail("expected bytes (4096, 512M, 1.5G) or a share of all experts (50%), got '" + text + "'");
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

Expected<ExpertPolicy> runtime::parseExpertPolicy(const std::string &text) {
  if (text == "lru") {
    return ExpertPolicy::LeastRecent;
  }
  if (text == "score") {
    return ExpertPolicy::Score;
  }
  if (text == "advice") {
    return ExpertPolicy::Advice;
  }
  return fail("expected lru, score or advice, got '" + text + "'");
}
