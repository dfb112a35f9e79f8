//===- VectorClones.h - One function compiled for several vector lengths ---------------===//
//
// COOPT_VECTOR_CLONES before a function with plain loops compiles it for AVX-512, for AVX2 and for every processor; which of
// them runs is decided once, when the program is loaded. Values do not depend on it: -ffp-contract=off holds in all of them, and
// the compiler reorders no sums. Helpers that such a function calls must be inlined into it: COOPT_INLINE.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_SUPPORT_VECTORCLONES_H
#define COOPT_SUPPORT_VECTORCLONES_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define COOPT_HAS_SANITIZER 1 // what chooses a clone runs before the sanitizer's memory is set up
#endif
#endif

#if defined(COOPT_VECTOR_CLONES)
// Given on the command line: tests compile the same code for one processor at a time.
#elif defined(__clang__) && defined(__x86_64__) && defined(__linux__) && !defined(COOPT_HAS_SANITIZER)
#define COOPT_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define COOPT_VECTOR_CLONES
#endif

#define COOPT_INLINE __attribute__((always_inline)) inline

#endif // COOPT_SUPPORT_VECTORCLONES_H
