#include "Bench/PeakLoops.h"

#include "Device/CpuFeatures.h"

#include <initializer_list>
#include <sys/syscall.h>
#include <unistd.h>

using namespace coopt;
using namespace coopt::bench;

const char *bench::operandName(Operand operand) {
  return operand == Operand::Int8 ? "int8" : operand == Operand::Float32 ? "f32" : "bf16";
}

static bool has(std::initializer_list<const char *> features) {
  for (const char *feature : features) {
    if (!runtime::hasCpuFeature(feature).value_or(false)) {
      return false;
    }
  }
  return true;
}

static bool mayUseTiles() {
#if defined(__x86_64__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

std::vector<PeakLoop> bench::peakLoops() {
  std::vector<PeakLoop> loops;
#if defined(__x86_64__)
  if (has({"amx_tile", "amx_int8"}) && mayUseTiles()) {
    addAmxInt8Loop(loops);
  }
  if (has({"amx_tile", "amx_bf16"}) && mayUseTiles()) {
    addAmxBFloat16Loop(loops);
  }
  if (has({"avx512f", "avx512_vnni"})) {
    addAvx512VnniLoop(loops);
  } else if (has({"avx2", "avx_vnni"})) {
    addAvxVnniLoop(loops);
  }
  if (has({"avx512f"})) {
    addAvx512Loop(loops);
  } else if (has({"avx2", "fma"})) {
    addAvx2Loop(loops);
  }
#endif
  return loops;
}
