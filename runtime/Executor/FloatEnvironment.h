//===- FloatEnvironment.h - The arithmetic that kernels expect --------------===//
#ifndef COOPT_RUNTIME_EXECUTOR_FLOATENVIRONMENT_H
#define COOPT_RUNTIME_EXECUTOR_FLOATENVIRONMENT_H

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace coopt::runtime {

/// While it lives, its thread rounds to nearest even, keeps subnormals and traps nothing, whatever the host
/// program set.
class FloatEnvironment {
#if defined(__x86_64__)
public:
  FloatEnvironment() : saved(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~FloatEnvironment() { _mm_setcsr(saved); }

private:
  unsigned saved;
#else
public:
  FloatEnvironment() {}
  ~FloatEnvironment() {}
#endif
  FloatEnvironment(const FloatEnvironment &) = delete;
  FloatEnvironment &operator=(const FloatEnvironment &) = delete;
};

} // namespace coopt::runtime

#endif // COOPT_RUNTIME_EXECUTOR_FLOATENVIRONMENT_H
