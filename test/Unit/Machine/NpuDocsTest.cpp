// The page about accelerators says what the code has.
#include "coopt/Machine/Energy.h"
#include "coopt/Machine/Machine.h"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

using namespace coopt::machine;

namespace {

std::string page() {
  std::ifstream in(std::string(COOPT_TEST_SOURCE_DIR) + "/../python-free-docs/npu-machines.md");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty());
  return text.str();
}

void collectKeys(const nlohmann::json &json, std::set<std::string> &keys) {
  for (const auto &item : json.items()) {
    if (json.is_object()) {
      keys.insert(item.key());
    }
    if (item.value().is_structured()) {
      collectKeys(item.value(), keys);
    }
  }
}

/// 38.4 and not 38.400000
std::string shown(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

} // namespace

TEST(NpuDocs, TheWholeOneIsEdge1) {
  const std::string text = page();
  const size_t begin = text.find("```json\n") + 8;
  auto machine = parseMachine(text.substr(begin, text.find("```", begin) - begin), "npu-machines.md");
  ASSERT_TRUE(machine.has_value()) << machine.error().message;
  EXPECT_EQ(*machine, *presetNpu("edge1"));
}

TEST(NpuDocs, EveryKeyIsDescribed) {
  Machine machine = *presetNpu("edge1");
  machine.npu()->cores[0].mxu->modes.dot = NpuDotMode{8, 16, 16, 10, 22, 97};
  machine.npu()->hierarchy = presetNpu("eyeriss168")->npu()->hierarchy;
  machine.npu()->tileLoops = presetNpu("gemmini-dosa16")->npu()->tileLoops;
  std::set<std::string> keys;
  collectKeys(nlohmann::json::parse(toJson(machine)), keys);
  EXPECT_GT(keys.size(), 60u);
  const std::string text = page();
  for (const std::string &key : keys) {
    EXPECT_NE(text.find("`" + key + "`"), std::string::npos) << key;
  }
}

TEST(NpuDocs, PresetsHaveTheirRow) {
  const std::string text = page();
  for (const std::string &name : presetNpuNames()) {
    const Machine machine = *presetNpu(name);
    const NpuMemory &memory = machine.npu()->memory;
    const NpuCore &core = machine.npu()->cores[0];
    const double dram = memory.hbm ? memory.hbm->channels * memory.hbm->gbytesPerSecondPerChannel
                                   : memory.ddr->channels * memory.ddr->gbytesPerSecondPerChannel;
    const std::string row = "\n| `" + name + "` | " + std::to_string(core.repeat) + " | " +
                            std::to_string(core.mxu->rows) + " x " + std::to_string(core.mxu->cols) + " | " +
                            shown(core.spad.bytes / 1024.0) + " | " + shown(core.acc->bytes / 1024.0) +
                            " | " + std::to_string(core.dma.bytesPerCycle) + " | " + shown(dram) + " | ";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

TEST(NpuDocs, EnergiesAreThoseOfTheTables) {
  const std::string text = page();
  const std::string table = text.substr(text.find("## Energy tables"));
  for (const std::string &name : energyTableNames()) {
    EXPECT_NE(table.find("`" + name + "`"), std::string::npos);
    for (const EnergyEntry &entry : findEnergyTable(name)->entries) {
      std::ostringstream number;
      number.precision(8);
      number << entry.picojoules;
      EXPECT_NE(table.find(number.str()), std::string::npos) << number.str();
    }
  }
}
