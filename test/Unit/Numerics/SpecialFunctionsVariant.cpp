// Compiled several times with different optimisation levels and instruction sets; COOPT_VARIANT names the
// function. The build renames namespace coopt too, or the linker would merge the inline functions of all
// variants.
#include "coopt/Numerics/SpecialFunctions.h"

#ifdef COOPT_MUST_VECTORIZE
// With -Werror=pass-failed a loop that is not vectorised does not compile.
#define COOPT_VECTORIZE _Pragma("clang loop vectorize(enable)")
#else
#define COOPT_VECTORIZE
#endif

extern "C" void COOPT_VARIANT(int function, const float *__restrict x, float *__restrict y, long n) {
  namespace numerics = coopt::numerics;
#define COOPT_CASE(NUMBER, NAME)                                                                             \
  case NUMBER:                                                                                               \
    COOPT_VECTORIZE for (long i = 0; i < n; ++i) { y[i] = numerics::NAME(x[i]); }                            \
    break;
  switch (function) {
    COOPT_CASE(0, exp2)
    COOPT_CASE(1, exp)
    COOPT_CASE(2, sigmoid)
    COOPT_CASE(3, tanh)
    COOPT_CASE(4, erf)
    COOPT_CASE(5, log2)
    COOPT_CASE(6, rsqrt)
  }
}
