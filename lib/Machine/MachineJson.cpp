#include "JsonReader.h"

#include "coopt/Machine/Machine.h"

using namespace coopt;
using namespace coopt::machine;
using nlohmann::json;
using nlohmann::ordered_json;

static constexpr const char *kSchema = "coopt-machine/1";

namespace {

Cache readCache(const json &value, const std::string &path, Status &status) {
  ObjectReader reader(value, path, {"bytes", "line_bytes", "shared_by_cores", "gbytes_per_s_per_core"},
                      status);
  Cache cache;
  cache.bytes = reader.integer("bytes");
  cache.lineBytes = reader.integer("line_bytes");
  cache.sharedByCores = reader.integer("shared_by_cores");
  cache.gbytesPerSecondPerCore = reader.number("gbytes_per_s_per_core");
  return cache;
}

Memory readMemory(const json &value, const std::string &path, Status &status) {
  ObjectReader reader(value, path, {"bytes", "gbytes_per_s", "latency_ns"}, status);
  Memory memory;
  memory.bytes = reader.integer("bytes");
  memory.gbytesPerSecond = reader.number("gbytes_per_s");
  memory.latencyNanoseconds = reader.number("latency_ns");
  return memory;
}

SimdVariant readVariant(InstructionSet set, const json &value, const std::string &path, Status &status) {
  ObjectReader reader(value, path,
                      {"vector_bits", "vector_registers", "f32_gflops_per_core", "i8_gops_per_core", "u_acc"},
                      status);
  SimdVariant variant;
  variant.set = set;
  variant.vectorBits = reader.integer("vector_bits");
  variant.vectorRegisters = reader.integer("vector_registers");
  variant.f32GflopsPerCore = reader.number("f32_gflops_per_core");
  variant.i8GopsPerCore = reader.number("i8_gops_per_core");
  if (const json *roundoff = reader.object("u_acc")) {
    ObjectReader types(*roundoff, reader.path("u_acc"), {"f32", "f16", "bf16"}, status);
    for (const char *type : {"f32", "f16", "bf16"}) {
      if (types.has(type)) {
        variant.accumulationRoundoff[type] = types.number(type);
      }
    }
  }
  return variant;
}

const std::vector<InstructionSet> &allSets() {
  static const std::vector<InstructionSet> sets = {InstructionSet::Generic, InstructionSet::Avx2,
                                                   InstructionSet::Avx512};
  return sets;
}

std::vector<std::string> setNames() {
  std::vector<std::string> names;
  for (InstructionSet set : allSets()) {
    names.push_back(name(set));
  }
  return names;
}

/// What a description of every kind has.
const std::vector<std::string> &commonKeys() {
  static const std::vector<std::string> keys = {"schema", "kind", "name", "source"};
  return keys;
}

CpuMachine readCpu(const json &document, Status &status) {
  std::vector<std::string> keys = commonKeys();
  for (const char *key : {"cores", "clock_mhz", "dispatch_overhead_ns", "work_item_overhead_ns", "caches",
                          "memory", "variants"}) {
    keys.push_back(key);
  }
  ObjectReader reader(document, "", keys, status);
  CpuMachine cpu;
  cpu.cores = reader.integer("cores");
  cpu.clockMegahertz = reader.number("clock_mhz");
  cpu.dispatchNanoseconds = reader.number("dispatch_overhead_ns");
  cpu.workItemNanoseconds = reader.number("work_item_overhead_ns");
  if (const json *caches = reader.array("caches")) {
    for (size_t i = 0; i < caches->size() && status; ++i) {
      cpu.caches.push_back(readCache((*caches)[i], memberPath("/caches", std::to_string(i)), status));
    }
  }
  if (const json *memory = reader.object("memory")) {
    cpu.memory = readMemory(*memory, "/memory", status);
  }
  if (const json *variants = reader.object("variants")) {
    ObjectReader sets(*variants, "/variants", setNames(), status);
    for (InstructionSet set : allSets()) {
      if (sets.has(name(set))) {
        cpu.variants.push_back(readVariant(set, (*variants)[name(set)], sets.path(name(set)), status));
      }
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

Expected<Machine> read(const json &document) {
  Status status;
  if (!document.is_object()) {
    return fail("/: expected an object, got " + describe(document));
  }
  auto asText = [&](const char *key) {
    auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
  };
  // Before any other key is judged: is it a machine at all, and which kind?
  if (asText("schema") != kSchema) {
    return fail(std::string("/schema: expected \"") + kSchema + "\", got " +
                (document.contains("schema") ? describe(document["schema"]) : "nothing: the key is missing"));
  }
  if (asText("kind") != "cpu") {
    return fail("/kind: expected " + alternatives(knownKinds()) + " (known to this version), got " +
                (document.contains("kind") ? describe(document["kind"]) : "nothing: the key is missing"));
  }
  Machine machine;
  CpuMachine cpu = readCpu(document, status);
  if (!status) {
    return forward(status.error());
  }
  machine.description = std::move(cpu);
  std::vector<std::string> keys;
  for (const auto &item : document.items()) {
    keys.push_back(item.key());
  }
  ObjectReader reader(document, "", keys, status);
  machine.name = reader.text("name");
  machine.source = reader.has("source") ? reader.text("source") : "";
  if (status) {
    status = validate(machine);
  }
  if (!status) {
    return forward(status.error());
  }
  return machine;
}

} // namespace

const char *machine::name(InstructionSet set) {
  switch (set) {
  case InstructionSet::Generic:
    return "generic";
  case InstructionSet::Avx2:
    return "avx2";
  case InstructionSet::Avx512:
    return "avx512";
  }
  return "unknown";
}

Expected<InstructionSet> machine::parseInstructionSet(std::string_view text) {
  for (InstructionSet set : allSets()) {
    if (text == name(set)) {
      return set;
    }
  }
  return fail("expected the instruction set " + alternatives(setNames()) + ", got '" +
              std::string(text.substr(0, 64)) + "'" + didYouMean(text, setNames()));
}

const std::vector<std::string> &machine::knownKinds() {
  static const std::vector<std::string> kinds = {"cpu"};
  return kinds;
}

const char *Machine::kind() const { return "cpu"; }

const SimdVariant *CpuMachine::variant(InstructionSet set) const {
  for (const SimdVariant &variant : variants) {
    if (variant.set == set) {
      return &variant;
    }
  }
  return nullptr;
}

Expected<Machine> machine::parseMachine(std::string_view text, const std::string &fileName) {
  Expected<json> document = parseJson(text);
  if (!document) {
    return forward(document.error(), fileName);
  }
  Expected<Machine> machine = read(*document);
  if (!machine) {
    return forward(machine.error(), fileName);
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
  }
  return document.dump(2, ' ', /*ensure_ascii=*/true, ordered_json::error_handler_t::replace) + "\n";
}
