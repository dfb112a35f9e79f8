//===- CpuVariants.cpp - Instruction-set levels ------------------------------===//
#include "coopt/Target/X86.h"

using namespace coopt::target;

llvm::ArrayRef<CpuVariant> coopt::target::cpuVariants() {
  // The levels are those of the x86-64 psABI (section 3.1.1); /proc/cpuinfo calls LZCNT abm, and SSE3 pni.
  static const std::vector<CpuVariant> variants = {
      {"generic", "x86-64", 128, {"sse2"}},
      {"avx2",
       "x86-64-v3",
       256,
       {"sse2", "pni", "ssse3", "sse4_1", "sse4_2", "cx16", "lahf_lm", "popcnt", "xsave", "avx", "avx2",
        "fma", "f16c", "bmi1", "bmi2", "abm", "movbe"}},
      {"avx512", "x86-64-v4", 512, {"sse2",     "pni",      "ssse3",    "sse4_1",  "sse4_2", "cx16",
                                    "lahf_lm",  "popcnt",   "xsave",    "avx",     "avx2",   "fma",
                                    "f16c",     "bmi1",     "bmi2",     "abm",     "movbe",  "avx512f",
                                    "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
  };
  return variants;
}

const CpuVariant *coopt::target::findCpuVariant(llvm::StringRef name) {
  for (const CpuVariant &variant : cpuVariants()) {
    if (variant.name == name) {
      return &variant;
    }
  }
  return nullptr;
}
