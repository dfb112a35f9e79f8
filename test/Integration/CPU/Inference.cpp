#include "Inference.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace coopt::test {

namespace {

[[noreturn]] void raise() { throw std::runtime_error(coopt_error_message()); }

void check(int result) {
  if (result != 0) {
    raise();
  }
}

size_t vocabularyOf(const PackagePointer &package) {
  return static_cast<size_t>(coopt_package_vocabulary(package.get()));
}

} // namespace

std::vector<std::string> runnableVariants() {
  std::vector<std::string> variants = {"generic"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    variants.push_back("avx2");
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    variants.push_back("avx512");
  }
  return variants;
}

std::vector<std::string> variantsInTurn(size_t turn) {
  std::vector<std::string> variants = runnableVariants();
  if (variants.back() == "avx512" && __builtin_cpu_supports("amx-int8") &&
      __builtin_cpu_supports("amx-bf16")) {
    variants.push_back("amx");
  }
  if (variants.size() < 3 || std::getenv("COOPT_SLOW")) {
    return variants;
  }
  const size_t count = variants.size();
  return {variants[turn % count], variants[(turn + count / 2) % count]};
}

std::string joined(const std::vector<std::string> &variants) {
  std::string text;
  for (const std::string &variant : variants) {
    text += (text.empty() ? "" : ",") + variant;
  }
  return text;
}

PackagePointer openPackage(const std::string &path, const std::string &isa) {
  coopt_package_options options{};
  options.struct_size = sizeof(options);
  options.isa = isa.empty() ? nullptr : isa.c_str();
  options.verify = 1;
  coopt_package *package = coopt_package_open(path.c_str(), &options);
  if (!package) {
    raise();
  }
  return PackagePointer(package, coopt_package_close);
}

SessionPointer openSession(const PackagePointer &package, int threads) {
  coopt_session_options options{sizeof(options), threads};
  coopt_session *session = coopt_session_open(package.get(), &options);
  if (!session) {
    raise();
  }
  return SessionPointer(session, [package](coopt_session *open) { coopt_session_close(open); });
}

SessionPointer fork(const SessionPointer &session, const PackagePointer &package) {
  coopt_session *other = coopt_session_fork(session.get());
  if (!other) {
    raise();
  }
  return SessionPointer(other, [package](coopt_session *open) { coopt_session_close(open); });
}

Logits append(const SessionPointer &session, const PackagePointer &package, const Tokens &tokens,
              size_t piece) {
  size_t vocabulary = vocabularyOf(package);
  Logits logits;
  for (size_t begin = 0; begin < tokens.size(); begin += piece) {
    logits.resize(logits.size() + vocabulary);
    size_t count = std::min(piece, tokens.size() - begin);
    check(coopt_session_append(session.get(), tokens.data() + begin, count,
                               logits.data() + logits.size() - vocabulary));
  }
  return logits;
}

Logits lastLogits(const PackagePointer &package, const Tokens &tokens, int threads) {
  return append(openSession(package, threads), package, tokens, tokens.size());
}

Logits allLogits(const PackagePointer &package, const Tokens &tokens, int threads) {
  return append(openSession(package, threads), package, tokens, 1);
}

Tokens greedy(const PackagePointer &package, const Tokens &prompt, size_t count, int threads) {
  SessionPointer session = openSession(package, threads);
  check(coopt_session_append(session.get(), prompt.data(), prompt.size(), nullptr));
  Tokens tokens;
  while (tokens.size() < count) {
    int32_t token = coopt_session_sample(session.get(), 0.0f);
    if (token < 0) {
      raise();
    }
    tokens.push_back(token);
    if (coopt_is_end(package.get(), token)) {
      break;
    }
    if (tokens.size() < count) {
      check(coopt_session_append(session.get(), &token, 1, nullptr));
    }
  }
  return tokens;
}

double meanNll(const PackagePointer &package, const std::vector<Tokens> &sequences, int threads) {
  SessionPointer session = openSession(package, threads);
  double sum = 0;
  size_t count = 0;
  for (const Tokens &tokens : sequences) {
    std::vector<float> nll(tokens.size() - 1);
    check(coopt_session_truncate(session.get(), 0));
    check(coopt_session_score(session.get(), tokens.data(), tokens.data() + 1, nll.size(), nll.data()));
    for (float value : nll) {
      sum += static_cast<double>(value);
    }
    count += nll.size();
  }
  return sum / static_cast<double>(count);
}

Tokens someTokens(size_t count, int64_t vocabulary, uint32_t seed) {
  Tokens tokens;
  uint64_t state = seed;
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    tokens.push_back(static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(vocabulary)));
  }
  return tokens;
}

std::string difference(const Logits &got, const Logits &expected) {
  if (got.size() != expected.size()) {
    return std::to_string(got.size()) + " elements, expected " + std::to_string(expected.size());
  }
  size_t first = got.size(), count = 0;
  for (size_t i = got.size(); i-- > 0;) {
    if (std::memcmp(&got[i], &expected[i], sizeof(float)) != 0) {
      first = i;
      ++count;
    }
  }
  return count == 0 ? ""
                    : std::to_string(count) + " of " + std::to_string(got.size()) +
                          " elements differ, the first at " + std::to_string(first) + ": " +
                          std::to_string(got[first]) + ", expected " + std::to_string(expected[first]);
}

} // namespace coopt::test
