#include "CpuFields.h"
#include "NpuRules.h"
#include "Rules.h"
#include "coopt/Machine/Machine.h"

using namespace coopt;
using namespace coopt::machine;

namespace {

/// Ranges of the fields, then what they need of each other.
void checkCpu(Rules &rules, const CpuMachine &cpu) {
  checkFields(rules, "$", cpu);
  for (size_t i = 0; i < cpu.caches.size() && rules.status; ++i) {
    const Cache &cache = cpu.caches[i];
    const std::string path = "$.caches[" + std::to_string(i) + "]";
    rules.multipleOf(path + ".bytes", cache.bytes, cache.lineBytes, "whole lines (line_bytes)");
    rules.require(path + ".shared_by_cores", within(1, cpu.cores), cache.sharedByCores);
    if (i > 0) {
      rules.atLeast(path + ".bytes", cache.bytes, cpu.caches[i - 1].bytes,
                    "the bytes of the cache before it, nearest first");
    }
  }
  for (const SimdVariant &variant : cpu.variants) {
    rules.require(variant.accumulationRoundoff.count("f32") == 1,
                  std::string("$.variants.") + name(variant.set) + ".u_acc.f32", "a number", "nothing");
  }
  rules.require(!cpu.variants.empty() && cpu.variants[0].set == InstructionSet::Generic, "$.variants.generic",
                "an object", "nothing: every machine has the generic variant");
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
