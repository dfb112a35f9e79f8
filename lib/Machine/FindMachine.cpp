#include "coopt/Machine/Machine.h"
#include "coopt/Support/Json.h"
#include "coopt/Support/MappedFile.h"

using namespace coopt;
using namespace coopt::machine;

namespace {

bool consumePrefix(std::string_view &text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

/// "512 KiB": the largest unit that leaves no rest.
std::string inUnits(int64_t bytes) {
  const char *units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  size_t unit = 0;
  for (; unit < 4 && bytes % 1024 == 0; ++unit) {
    bytes /= 1024;
  }
  return std::to_string(bytes) + units[unit];
}

std::string whatItIs(const Machine &machine) {
  if (const CpuMachine *cpu = machine.cpu()) {
    return std::to_string(cpu->cores) + " cores with " + name(cpu->variants.back().set) + "; " +
           machine.source;
  }
  const NpuCore &core = machine.npu()->cores[0];
  std::string text = std::to_string(core.repeat) + (core.repeat == 1 ? " core" : " cores");
  if (core.mxu) {
    text += " of " + std::to_string(core.mxu->rows) + " x " + std::to_string(core.mxu->cols);
  }
  return text + " with " + inUnits(core.spad.bytes) + "; " + machine.source;
}

std::string line(const std::string &text, const std::string &what) {
  const std::string gap(text.size() < 20 ? 20 - text.size() : 1, ' ');
  return "  " + text + gap + what + "\n";
}

} // namespace

Expected<Machine> machine::findMachine(const std::string &text) {
  std::string_view preset = text;
  if (text == "cpu") {
    return presetCpu("amx");
  }
  if (consumePrefix(preset, "cpu:")) {
    return presetCpu(preset);
  }
  if (consumePrefix(preset, "npu:")) {
    return presetNpu(preset);
  }
  if (text.size() < 5 || text.compare(text.size() - 5, 5, ".json") != 0) {
    return fail("unknown machine " + inQuotes(text) + ": expected cpu, cpu:PRESET, npu:PRESET or FILE.json");
  }
  auto file = MappedFile::open(text);
  if (!file) {
    return forward(file.error());
  }
  return parseMachine({reinterpret_cast<const char *>(file->data()), file->size()}, text);
}

std::string machine::describeMachines() {
  std::string text = "machines: a preset, or the path of a description that ends in .json\n\n";
  text += line("cpu", "cpu:amx");
  for (const std::string &preset : presetCpuNames()) {
    text += line("cpu:" + preset, whatItIs(*presetCpu(preset)));
  }
  for (const std::string &preset : presetNpuNames()) {
    text += line("npu:" + preset, whatItIs(*presetNpu(preset)));
  }
  return text;
}
