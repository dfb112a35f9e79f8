#include "Nominal.h"
#include "coopt/Support/Json.h"

using namespace coopt;
using namespace coopt::machine;

SimdVariant machine::nominalVariant(InstructionSet set, double clockMegahertz) {
  SimdVariant variant;
  variant.set = set;
  variant.vectorBits = set == InstructionSet::Generic ? 128 : set == InstructionSet::Avx2 ? 256 : 512;
  const bool is512 = set >= InstructionSet::Avx512;
  variant.vectorRegisters = is512 ? 32 : 16;
  const double gigahertz = clockMegahertz / 1000;
  const double f32Lanes = static_cast<double>(variant.vectorBits) / 32;
  const double f32OpsPerCycle = set == InstructionSet::Generic ? f32Lanes + f32Lanes : 2 * 2 * f32Lanes;
  // One pairwise multiply-add of 16-bit lanes per cycle: bits / 16 products, two operations each; VNNI: bits / 8.
  // A tile product, 16 x 16 x 64 products, takes 16 cycles.
  const double i8OpsPerCycle = set == InstructionSet::Amx
                                   ? 2 * 16 * 64
                                   : static_cast<double>(variant.vectorBits) / (is512 ? 8 : 16) * 2;
  variant.f32GflopsPerCore = gigahertz * f32OpsPerCycle;
  variant.i8GopsPerCore = gigahertz * i8OpsPerCycle;
  variant.accumulationRoundoff["f32"] = 0x1p-24;
  return variant;
}

CpuMachine machine::nominalCpu(InstructionSet highest) {
  CpuMachine cpu;
  cpu.cores = 4;
  cpu.clockMegahertz = 3000;
  cpu.dispatchNanoseconds = 2000;
  cpu.workItemNanoseconds = 100;
  // 64, 32 and 16 bytes per cycle.
  cpu.caches = {{32 << 10, 64, 1, 192}, {1 << 20, 64, 1, 96}, {16 << 20, 64, 4, 48}};
  cpu.memory = {int64_t(16) << 30, 20, 90};
  for (InstructionSet set : allInstructionSets()) {
    if (set <= highest) {
      cpu.variants.push_back(nominalVariant(set, cpu.clockMegahertz));
    }
  }
  return cpu;
}

const std::vector<std::string> &machine::presetCpuNames() {
  static const std::vector<std::string> names = {"generic-x86-64", "avx2", "avx512", "amx"};
  return names;
}

Expected<Machine> machine::presetCpu(std::string_view name) {
  const std::vector<std::string> &names = presetCpuNames();
  for (InstructionSet set : allInstructionSets()) {
    if (name == names[static_cast<size_t>(set)]) {
      Machine machine;
      machine.name = std::string(name);
      machine.source = "nominal: clock times operations per cycle; no measurement";
      machine.description = nominalCpu(set);
      return machine;
    }
  }
  return fail("expected the cpu preset " + alternatives(names) + ", got '" + std::string(name.substr(0, 64)) +
              "'" + didYouMean(name, names));
}
