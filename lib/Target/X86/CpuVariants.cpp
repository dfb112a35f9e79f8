//===- CpuVariants.cpp - Instruction-set levels ------------------------------===//
#include "coopt/Target/X86.h"

using namespace coopt::target;

static std::vector<std::string> plus(std::vector<std::string> features, std::vector<std::string> more) {
  features.insert(features.end(), more.begin(), more.end());
  return features;
}

llvm::ArrayRef<CpuVariant> coopt::target::cpuVariants() {
  // The levels are those of the x86-64 psABI (section 3.1.1); /proc/cpuinfo calls LZCNT abm, and SSE3 pni.
  static const std::vector<std::string> v3 = {"sse2",    "pni",    "ssse3", "sse4_1", "sse4_2", "cx16",
                                              "lahf_lm", "popcnt", "xsave", "avx",    "avx2",   "fma",
                                              "f16c",    "bmi1",   "bmi2",  "abm",    "movbe"};
  static const std::vector<std::string> v4 =
      plus(v3, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni"});
  static const std::vector<CpuVariant> variants = {
      {"generic", "x86-64", "", 128, {"sse2"}},
      {"avx2", "x86-64-v3", "", 256, v3},
      {"avx512", "x86-64-v4", "+avx512vnni", 512, v4},
      {"amx", "x86-64-v4", "+avx512vnni,+avx512bf16,+amx-tile,+amx-int8,+amx-bf16", 512,
       plus(v4, {"avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"})},
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
