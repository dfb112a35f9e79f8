#include "CpuFields.h"
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
    readFields(in, document, machine.description.emplace<CpuMachine>(), kCommonKeys);
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
  static const std::vector<InstructionSet> sets = [] {
    std::vector<InstructionSet> list;
    for (const auto &[set, name] : Names<InstructionSet>::all()) {
      list.push_back(set);
    }
    return list;
  }();
  return sets;
}

const char *machine::name(InstructionSet set) { return nameOf(set); }

bool machine::expandsVectors(InstructionSet set) { return set >= InstructionSet::Avx512; }

Expected<InstructionSet> machine::parseInstructionSet(std::string_view text) {
  if (const auto set = valueOf<InstructionSet>(std::string(text))) {
    return *set;
  }
  const std::vector<std::string> names = namesOf<InstructionSet>();
  return fail("expected the instruction set " + alternatives(names) + ", got '" +
              std::string(text.substr(0, 64)) + "'" + didYouMean(text, names));
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
    writeFields(document, *cpu);
  } else if (const NpuMachine *npu = machine.npu()) {
    writeFields(document, *npu);
  }
  return document.dump(2, ' ', /*ensure_ascii=*/true, ordered_json::error_handler_t::replace) + "\n";
}
