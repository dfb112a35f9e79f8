#include "Device/CpuFeatures.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace coopt;

#if defined(__x86_64__)

namespace {

enum Register { Eax, Ebx, Ecx, Edx };

/// Registers that the operating system must save for a feature to be usable: bits of XCR0.
enum SavedState : uint64_t {
  None = 0,
  Ymm = 0x6,  // SSE and AVX
  Zmm = 0xe6, // and opmask, ZMM_Hi256, Hi16_ZMM
  Tiles = 0x60000,
};

struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register place;
  unsigned bit;
  SavedState saved;
};

// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, table "Information Returned by
// CPUID".
const Feature features[] = {
    {"pni", 1, 0, Ecx, 0, None},
    {"pclmulqdq", 1, 0, Ecx, 1, None},
    {"ssse3", 1, 0, Ecx, 9, None},
    {"fma", 1, 0, Ecx, 12, Ymm},
    {"cx16", 1, 0, Ecx, 13, None},
    {"sse4_1", 1, 0, Ecx, 19, None},
    {"sse4_2", 1, 0, Ecx, 20, None},
    {"movbe", 1, 0, Ecx, 22, None},
    {"popcnt", 1, 0, Ecx, 23, None},
    {"avx", 1, 0, Ecx, 28, Ymm},
    {"f16c", 1, 0, Ecx, 29, Ymm},
    {"sse", 1, 0, Edx, 25, None},
    {"sse2", 1, 0, Edx, 26, None},
    {"bmi1", 7, 0, Ebx, 3, None},
    {"avx2", 7, 0, Ebx, 5, Ymm},
    {"bmi2", 7, 0, Ebx, 8, None},
    {"avx512f", 7, 0, Ebx, 16, Zmm},
    {"avx512dq", 7, 0, Ebx, 17, Zmm},
    {"avx512ifma", 7, 0, Ebx, 21, Zmm},
    {"avx512cd", 7, 0, Ebx, 28, Zmm},
    {"avx512bw", 7, 0, Ebx, 30, Zmm},
    {"avx512vl", 7, 0, Ebx, 31, Zmm},
    {"avx512vbmi", 7, 0, Ecx, 1, Zmm},
    {"avx512_vbmi2", 7, 0, Ecx, 6, Zmm},
    {"gfni", 7, 0, Ecx, 8, None},
    {"vaes", 7, 0, Ecx, 9, Ymm},
    {"vpclmulqdq", 7, 0, Ecx, 10, Ymm},
    {"avx512_vnni", 7, 0, Ecx, 11, Zmm},
    {"avx512_bitalg", 7, 0, Ecx, 12, Zmm},
    {"avx512_vpopcntdq", 7, 0, Ecx, 14, Zmm},
    {"amx_bf16", 7, 0, Edx, 22, Tiles},
    {"avx512_fp16", 7, 0, Edx, 23, Zmm},
    {"amx_tile", 7, 0, Edx, 24, Tiles},
    {"amx_int8", 7, 0, Edx, 25, Tiles},
    {"avx_vnni", 7, 1, Eax, 4, Ymm},
    {"avx512_bf16", 7, 1, Eax, 5, Zmm},
    {"abm", 0x80000001, 0, Ecx, 5, None},
    {"lahf_lm", 0x80000001, 0, Ecx, 0, None},
    {"xsave", 1, 0, Ecx, 26, None},
    {"osxsave", 1, 0, Ecx, 27, None},
    {"sse4a", 0x80000001, 0, Ecx, 6, None},
    {"fma4", 0x80000001, 0, Ecx, 16, Ymm},
};

uint64_t savedState() {
  uint32_t registers[4];
  if (!__get_cpuid(1, &registers[Eax], &registers[Ebx], &registers[Ecx], &registers[Edx]) ||
      (registers[Ecx] & (1u << 27)) == 0) { // OSXSAVE
    return 0;
  }
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | static_cast<uint64_t>(high) << 32;
}

/// Linux gives a process the tile registers only when asked, once for all its threads (arch_prctl(2)).
bool mayUseTiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
  return granted;
#else
  return false;
#endif
}

} // namespace

std::optional<bool> runtime::hasCpuFeature(const std::string &name) {
  for (const Feature &feature : features) {
    if (name != feature.name) {
      continue;
    }
    uint32_t registers[4];
    if (feature.subleaf > 0) {
      // Leaf 7 says in eax how many subleaves it has.
      if (!__get_cpuid_count(feature.leaf, 0, &registers[Eax], &registers[Ebx], &registers[Ecx],
                             &registers[Edx]) ||
          registers[Eax] < feature.subleaf) {
        return false;
      }
    }
    if (!__get_cpuid_count(feature.leaf, feature.subleaf, &registers[Eax], &registers[Ebx], &registers[Ecx],
                           &registers[Edx])) {
      return false;
    }
    return (registers[feature.place] >> feature.bit & 1) != 0 &&
           (savedState() & feature.saved) == feature.saved && (feature.saved != Tiles || mayUseTiles());
  }
  return std::nullopt;
}

std::vector<std::string> runtime::knownCpuFeatures() {
  std::vector<std::string> names;
  for (const Feature &feature : features) {
    names.push_back(feature.name);
  }
  return names;
}

#else

std::optional<bool> runtime::hasCpuFeature(const std::string &) { return std::nullopt; }
std::vector<std::string> runtime::knownCpuFeatures() { return {}; }

#endif
