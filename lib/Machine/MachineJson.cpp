#include "NpuFields.h"
#include "coopt/Machine/Machine.h"
#include "coopt/Support/Json.h"

#include <nlohmann/json.hpp>

using namespace coopt;
using namespace coopt::machine;
using nlohmann::ordered_json;

static constexpr const char *kSchema = "coopt-machine/1";
/// What descriptions of all kinds have.
static const std::vector<std::string> kCommonKeys = {"schema", "kind", "name", "source"};

namespace {

Cache readCache(JsonReader &in, const JsonValue &value) {
  in.require(value.expectKeys({"bytes", "line_bytes", "shared_by_cores", "gbytes_per_s_per_core"}));
  Cache cache;
  in.take(value["bytes"].integer(), cache.bytes);
  in.take(value["line_bytes"].integer(), cache.lineBytes);
  in.take(value["shared_by_cores"].integer(), cache.sharedByCores);
  in.take(value["gbytes_per_s_per_core"].number(), cache.gbytesPerSecondPerCore);
  return cache;
}

Memory readMemory(JsonReader &in, const JsonValue &value) {
  in.require(value.expectKeys({"bytes", "gbytes_per_s", "latency_ns"}));
  Memory memory;
  in.take(value["bytes"].integer(), memory.bytes);
  in.take(value["gbytes_per_s"].number(), memory.gbytesPerSecond);
  in.take(value["latency_ns"].number(), memory.latencyNanoseconds);
  return memory;
}

SimdVariant readVariant(JsonReader &in, InstructionSet set, const JsonValue &value) {
  in.require(value.expectKeys(
      {"vector_bits", "vector_registers", "f32_gflops_per_core", "i8_gops_per_core", "u_acc"}));
  SimdVariant variant;
  variant.set = set;
  in.take(value["vector_bits"].integer(), variant.vectorBits);
  in.take(value["vector_registers"].integer(), variant.vectorRegisters);
  in.take(value["f32_gflops_per_core"].number(), variant.f32GflopsPerCore);
  in.take(value["i8_gops_per_core"].number(), variant.i8GopsPerCore);
  const JsonValue roundoff = value["u_acc"];
  in.require(roundoff.expectKeys({"f32", "f16", "bf16"}));
  for (const std::string &type : roundoff.keys()) {
    in.take(roundoff[type].number(), variant.accumulationRoundoff[type]);
  }
  return variant;
}

std::vector<std::string> setNames() {
  std::vector<std::string> names;
  for (InstructionSet set : allInstructionSets()) {
    names.push_back(name(set));
  }
  return names;
}

CpuMachine readCpu(JsonReader &in, const JsonValue &document) {
  in.require(
      document.expectKeys({"schema", "kind", "name", "source", "cores", "clock_mhz", "dispatch_overhead_ns",
                           "work_item_overhead_ns", "caches", "memory", "variants"}));
  CpuMachine cpu;
  in.take(document["cores"].integer(), cpu.cores);
  in.take(document["clock_mhz"].number(), cpu.clockMegahertz);
  in.take(document["dispatch_overhead_ns"].number(), cpu.dispatchNanoseconds);
  in.take(document["work_item_overhead_ns"].number(), cpu.workItemNanoseconds);
  in.forEach(document["caches"], [&](const JsonValue &cache) { cpu.caches.push_back(readCache(in, cache)); });
  cpu.memory = readMemory(in, document["memory"]);
  const JsonValue variants = document["variants"];
  in.require(variants.expectKeys(setNames()));
  for (InstructionSet set : allInstructionSets()) {
    if (const JsonValue variant = variants[name(set)]; !variant.isMissing()) {
      cpu.variants.push_back(readVariant(in, set, variant));
    }
  }
  return cpu;
}

void writeCpu(const CpuMachine &cpu, ordered_json &document) {
  document["cores"] = cpu.cores;
  document["clock_mhz"] = cpu.clockMegahertz;
  document["dispatch_overhead_ns"] = cpu.dispatchNanoseconds;
  document["work_item_overhead_ns"] = cpu.workItemNanoseconds;
  document["caches"] = ordered_json::array();
  for (const Cache &cache : cpu.caches) {
    document["caches"].push_back({{"bytes", cache.bytes},
                                  {"line_bytes", cache.lineBytes},
                                  {"shared_by_cores", cache.sharedByCores},
                                  {"gbytes_per_s_per_core", cache.gbytesPerSecondPerCore}});
  }
  document["memory"] = {{"bytes", cpu.memory.bytes},
                        {"gbytes_per_s", cpu.memory.gbytesPerSecond},
                        {"latency_ns", cpu.memory.latencyNanoseconds}};
  document["variants"] = ordered_json::object();
  for (const SimdVariant &variant : cpu.variants) {
    ordered_json &entry = document["variants"][name(variant.set)];
    entry = {{"vector_bits", variant.vectorBits},
             {"vector_registers", variant.vectorRegisters},
             {"f32_gflops_per_core", variant.f32GflopsPerCore},
             {"i8_gops_per_core", variant.i8GopsPerCore}};
    entry["u_acc"] = ordered_json::object();
    for (const auto &[type, roundoff] : variant.accumulationRoundoff) {
      entry["u_acc"][type] = roundoff;
    }
  }
}

Expected<Machine> read(const JsonValue &document) {
  if (auto status = document.expectObject(); !status) {
    return forward(status.error());
  }
  // Before any other key is judged: is it a machine at all, and which kind?
  if (auto schema = document["schema"].string(); !schema || *schema != kSchema) {
    return document["schema"].expected(std::string("\"") + kSchema + "\"");
  }
  const auto kind = document["kind"].string();
  JsonReader in;
  Machine machine;
  if (kind && *kind == "cpu") {
    machine.description = readCpu(in, document);
  } else if (kind && *kind == "npu") {
    readFields(in, document, machine.description.emplace<NpuMachine>(), kCommonKeys);
  } else {
    return document["kind"].expected(alternatives(knownKinds()) + " (known to this version)");
  }
  in.take(document["name"].string(), machine.name);
  if (const JsonValue source = document["source"]; !source.isMissing()) {
    in.take(source.string(), machine.source);
  }
  if (!in.status) {
    return forward(in.status.error());
  }
  return machine;
}

} // namespace

const std::vector<InstructionSet> &machine::allInstructionSets() {
  static const std::vector<InstructionSet> sets = {InstructionSet::Generic, InstructionSet::Avx2,
                                                   InstructionSet::Avx512, InstructionSet::Amx};
  return sets;
}

const char *machine::name(InstructionSet set) {
  switch (set) {
  case InstructionSet::Generic:
    return "generic";
  case InstructionSet::Avx2:
    return "avx2";
  case InstructionSet::Avx512:
    return "avx512";
  case InstructionSet::Amx:
    return "amx";
  }
  return "unknown";
}

bool machine::expandsVectors(InstructionSet set) { return set >= InstructionSet::Avx512; }

Expected<InstructionSet> machine::parseInstructionSet(std::string_view text) {
  for (InstructionSet set : allInstructionSets()) {
    if (text == name(set)) {
      return set;
    }
  }
  return fail("expected the instruction set " + alternatives(setNames()) + ", got '" +
              std::string(text.substr(0, 64)) + "'" + didYouMean(text, setNames()));
}

const std::vector<std::string> &machine::knownKinds() {
  static const std::vector<std::string> kinds = {"cpu", "npu"};
  return kinds;
}

const char *Machine::kind() const { return cpu() ? "cpu" : "npu"; }

const SimdVariant *CpuMachine::variant(InstructionSet set) const {
  for (const SimdVariant &variant : variants) {
    if (variant.set == set) {
      return &variant;
    }
  }
  return nullptr;
}

Expected<Machine> machine::parseMachine(std::string_view text, const std::string &fileName) {
  auto document = JsonDocument::parse(text, fileName);
  if (!document) {
    return forward(document.error());
  }
  Expected<Machine> machine = read(document->root());
  if (machine) {
    if (Status status = validate(*machine); !status) {
      return forward(status.error(), fileName);
    }
  }
  return machine;
}

std::string machine::toJson(const Machine &machine) {
  ordered_json document;
  document["schema"] = kSchema;
  document["kind"] = machine.kind();
  document["name"] = machine.name;
  if (!machine.source.empty()) {
    document["source"] = machine.source;
  }
  if (const CpuMachine *cpu = machine.cpu()) {
    writeCpu(*cpu, document);
  } else if (const NpuMachine *npu = machine.npu()) {
    writeFields(document, *npu);
  }
  return document.dump(2, ' ', /*ensure_ascii=*/true, ordered_json::error_handler_t::replace) + "\n";
}
