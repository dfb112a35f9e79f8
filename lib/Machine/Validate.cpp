#include "NpuRules.h"
#include "Rules.h"
#include "coopt/Machine/Machine.h"

using namespace coopt;
using namespace coopt::machine;

namespace {

void checkCache(Rules &rules, const CpuMachine &cpu, size_t i) {
  const Cache &cache = cpu.caches[i];
  const std::string path = "$.caches[" + std::to_string(i) + "]";
  rules.require(path + ".bytes", positiveInteger(), cache.bytes);
  rules.require(path + ".line_bytes", powerOfTwo(), cache.lineBytes);
  if (!rules.status) {
    return;
  }
  rules.require(cache.bytes % cache.lineBytes == 0, path + ".bytes",
                "a multiple of line_bytes (" + std::to_string(cache.lineBytes) + ")",
                std::to_string(cache.bytes));
  rules.require(path + ".shared_by_cores", within(1, cpu.cores), cache.sharedByCores);
  rules.require(path + ".gbytes_per_s_per_core", positive(), cache.gbytesPerSecondPerCore);
  if (i > 0) {
    const int64_t nearer = cpu.caches[i - 1].bytes;
    rules.require(cache.bytes >= nearer, path + ".bytes",
                  "at least the bytes of the cache before it (" + std::to_string(nearer) + "), nearest first",
                  std::to_string(cache.bytes));
  }
}

void checkVariant(Rules &rules, const SimdVariant &variant) {
  const std::string path = std::string("$.variants.") + name(variant.set);
  rules.require(path + ".vector_bits", within(64, 4096), variant.vectorBits);
  rules.require(path + ".vector_bits", powerOfTwo(), variant.vectorBits);
  rules.require(path + ".vector_registers", within(1, 1024), variant.vectorRegisters);
  rules.require(path + ".f32_gflops_per_core", positive(), variant.f32GflopsPerCore);
  rules.require(path + ".i8_gops_per_core", positive(), variant.i8GopsPerCore);
  rules.require(variant.accumulationRoundoff.count("f32") == 1, path + ".u_acc.f32", "a number", "nothing");
  for (const auto &[type, roundoff] : variant.accumulationRoundoff) {
    rules.require(std::isfinite(roundoff) && roundoff > 0 && roundoff < 1, path + ".u_acc." + type,
                  "a roundoff between 0 and 1, such as 2^-24 = 5.9604644775390625e-08", shown(roundoff));
  }
}

void checkCpu(Rules &rules, const CpuMachine &cpu) {
  rules.require("$.cores", within(1, 65536), cpu.cores);
  rules.require("$.clock_mhz", positive(), cpu.clockMegahertz);
  rules.require("$.dispatch_overhead_ns", notNegative(), cpu.dispatchNanoseconds);
  rules.require("$.work_item_overhead_ns", notNegative(), cpu.workItemNanoseconds);
  rules.require(!cpu.caches.empty() && cpu.caches.size() <= 8, "$.caches", "one to eight levels",
                std::to_string(cpu.caches.size()));
  for (size_t i = 0; i < cpu.caches.size() && rules.status; ++i) {
    checkCache(rules, cpu, i);
  }
  rules.require("$.memory.bytes", positiveInteger(), cpu.memory.bytes);
  rules.require("$.memory.gbytes_per_s", positive(), cpu.memory.gbytesPerSecond);
  rules.require("$.memory.latency_ns", positive(), cpu.memory.latencyNanoseconds);
  rules.require(!cpu.variants.empty() && cpu.variants[0].set == InstructionSet::Generic, "$.variants.generic",
                "an object", "nothing: every machine has the generic variant");
  for (size_t i = 0; i < cpu.variants.size() && rules.status; ++i) {
    rules.require(i == 0 || cpu.variants[i - 1].set < cpu.variants[i].set, "$.variants",
                  "each instruction set once, in ascending order", name(cpu.variants[i].set));
    checkVariant(rules, cpu.variants[i]);
  }
}

bool isName(const std::string &text) {
  if (text.empty() || text.size() > 64) {
    return false;
  }
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

} // namespace

Status machine::validate(const Machine &machine) {
  Rules rules;
  rules.require(isName(machine.name), "$.name", "1 to 64 letters, digits, '.', '_' or '-'",
                machine.name.size() > 64 ? std::to_string(machine.name.size()) + " characters"
                                         : "'" + machine.name + "'");
  if (const CpuMachine *cpu = machine.cpu()) {
    checkCpu(rules, *cpu);
  } else if (const NpuMachine *npu = machine.npu()) {
    checkNpu(rules, *npu);
  }
  return rules.status;
}
