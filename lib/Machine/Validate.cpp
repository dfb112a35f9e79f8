#include "coopt/Machine/Machine.h"

#include <cmath>
#include <cstdio>

using namespace coopt;
using namespace coopt::machine;

namespace {

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// Collects the first broken rule; later ones are not looked at.
class Rules {
public:
  void require(bool holds, const std::string &path, const std::string &expected, const std::string &got) {
    if (status && !holds) {
      status = fail(path + ": expected " + expected + ", got " + got);
    }
  }
  void positive(const std::string &path, int64_t value) {
    require(value > 0, path, "a positive integer", std::to_string(value));
  }
  void positive(const std::string &path, double value) {
    require(std::isfinite(value) && value > 0, path, "a positive number", shown(value));
  }
  void notNegative(const std::string &path, double value) {
    require(std::isfinite(value) && value >= 0, path, "a number that is not negative", shown(value));
  }
  void within(const std::string &path, int64_t value, int64_t least, int64_t most) {
    require(value >= least && value <= most, path,
            "an integer in " + std::to_string(least) + ".." + std::to_string(most), std::to_string(value));
  }
  void powerOfTwo(const std::string &path, int64_t value) {
    require(value > 0 && (value & (value - 1)) == 0, path, "a power of two", std::to_string(value));
  }

  Status status;
};

void checkCache(Rules &rules, const CpuMachine &cpu, size_t i) {
  const Cache &cache = cpu.caches[i];
  const std::string path = "$.caches[" + std::to_string(i) + "]";
  rules.positive(path + ".bytes", cache.bytes);
  rules.powerOfTwo(path + ".line_bytes", cache.lineBytes);
  if (!rules.status) {
    return;
  }
  rules.require(cache.bytes % cache.lineBytes == 0, path + ".bytes",
                "a multiple of line_bytes (" + std::to_string(cache.lineBytes) + ")",
                std::to_string(cache.bytes));
  rules.within(path + ".shared_by_cores", cache.sharedByCores, 1, cpu.cores);
  rules.positive(path + ".gbytes_per_s_per_core", cache.gbytesPerSecondPerCore);
  if (i > 0) {
    const int64_t nearer = cpu.caches[i - 1].bytes;
    rules.require(cache.bytes >= nearer, path + ".bytes",
                  "at least the bytes of the cache before it (" + std::to_string(nearer) + "), nearest first",
                  std::to_string(cache.bytes));
  }
}

void checkVariant(Rules &rules, const SimdVariant &variant) {
  const std::string path = std::string("$.variants.") + name(variant.set);
  rules.within(path + ".vector_bits", variant.vectorBits, 64, 4096);
  rules.powerOfTwo(path + ".vector_bits", variant.vectorBits);
  rules.within(path + ".vector_registers", variant.vectorRegisters, 1, 1024);
  rules.positive(path + ".f32_gflops_per_core", variant.f32GflopsPerCore);
  rules.positive(path + ".i8_gops_per_core", variant.i8GopsPerCore);
  rules.require(variant.accumulationRoundoff.count("f32") == 1, path + ".u_acc.f32", "a number", "nothing");
  for (const auto &[type, roundoff] : variant.accumulationRoundoff) {
    rules.require(std::isfinite(roundoff) && roundoff > 0 && roundoff < 1, path + ".u_acc." + type,
                  "a roundoff between 0 and 1, such as 2^-24 = 5.9604644775390625e-08", shown(roundoff));
  }
}

void checkCpu(Rules &rules, const CpuMachine &cpu) {
  rules.within("$.cores", cpu.cores, 1, 65536);
  rules.positive("$.clock_mhz", cpu.clockMegahertz);
  rules.notNegative("$.dispatch_overhead_ns", cpu.dispatchNanoseconds);
  rules.notNegative("$.work_item_overhead_ns", cpu.workItemNanoseconds);
  rules.require(!cpu.caches.empty() && cpu.caches.size() <= 8, "$.caches", "one to eight levels",
                std::to_string(cpu.caches.size()));
  for (size_t i = 0; i < cpu.caches.size() && rules.status; ++i) {
    checkCache(rules, cpu, i);
  }
  rules.positive("$.memory.bytes", cpu.memory.bytes);
  rules.positive("$.memory.gbytes_per_s", cpu.memory.gbytesPerSecond);
  rules.positive("$.memory.latency_ns", cpu.memory.latencyNanoseconds);
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
  }
  return rules.status;
}
