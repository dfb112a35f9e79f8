#include "NpuRules.h"
#include "NpuFields.h"
#include "coopt/Machine/Energy.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::machine;

namespace {

int64_t bytesOf(int64_t elements, NpuType type) { return (elements * bits(type) + 7) / 8; }

void checkMemory(Rules &rules, const NpuMachine &npu) {
  const NpuMemory &memory = npu.memory;
  rules.require(memory.hbm || memory.ddr, "$.memory", "hbm or ddr or both", "neither");
  rules.require(memory.l2 || !npu.clocksMegahertz.l2, "$.clocks_mhz.l2", "nothing, as there is no memory.l2",
                npu.clocksMegahertz.l2 ? shown(*npu.clocksMegahertz.l2) : "");
  if (const auto &l2 = memory.l2) {
    rules.atLeast("$.memory.l2.bytes_per_cycle", l2->bytesPerCycle, l2->banks, "a byte of each bank");
    rules.multipleOf("$.memory.l2.bytes", l2->bytes, l2->bytesPerCycle,
                     "one line of all banks (bytes_per_cycle)");
  }
  if (const auto &hbm = memory.hbm) {
    rules.atMost("$.memory.hbm.burst_bytes", hbm->burstBytes, hbm->rowBytes,
                 "the bytes of a row (row_bytes)");
    rules.multipleOf("$.memory.hbm.bytes", hbm->bytes, hbm->channels * hbm->banks * hbm->rowBytes,
                     "one row of each bank of each channel");
  }
  if (const auto &ddr = memory.ddr) {
    rules.multipleOf("$.memory.ddr.bytes", ddr->bytes, ddr->channels, "equal channels");
  }
}

void checkTypes(Rules &rules, const std::string &path, const NpuMatrixUnit &mxu) {
  for (size_t i = 0; i < mxu.types.size() && rules.status; ++i) {
    const NpuOperands &types = mxu.types[i];
    const std::string place = path + ".types[" + std::to_string(i) + "]";
    const bool integers = isInteger(types.activation);
    for (size_t operand = 0; operand < 2; ++operand) {
      const NpuType type = operand == 0 ? types.activation : types.weight;
      rules.require(type != NpuType::I32 && type != NpuType::F32, place + "[" + std::to_string(operand) + "]",
                    "at most 16 bits to multiply", std::string("'") + name(type) + "'");
    }
    rules.require(isInteger(types.weight) == integers, place + "[1]",
                  integers ? "integer weights, as activations are" : "float weights, as activations are",
                  std::string("'") + name(types.weight) + "'");
    if (integers) {
      // Of rows products: the most that the array adds up before it hands a sum over.
      const bool fits =
          isInteger(types.sum) && (mxu.rows << (bits(types.activation) + bits(types.weight) - 2)) <
                                      (int64_t(1) << (bits(types.sum) - 1));
      rules.require(fits, place + "[2]",
                    "an integer that holds the sum of " + shown(mxu.rows) +
                        " products (one of each row) of " + name(types.activation) + " and " +
                        name(types.weight),
                    std::string("'") + name(types.sum) + "'");
    } else {
      rules.require(types.sum == NpuType::F32, place + "[2]", "f32, which holds products of floats",
                    std::string("'") + name(types.sum) + "'");
      rules.require(mxu.accumulationRoundoff.count(types.activation) == 1,
                    path + ".u_acc." + name(types.activation),
                    "a roundoff between 0 and 1, as types has activations of this type", "nothing");
    }
    for (size_t j = 0; j < i; ++j) {
      const NpuOperands &other = mxu.types[j];
      rules.require(other.activation != types.activation || other.weight != types.weight ||
                        other.sum != types.sum,
                    place, "each combination once", "that of types[" + std::to_string(j) + "]");
    }
  }
  for (const auto &[type, roundoff] : mxu.accumulationRoundoff) {
    const NpuType key = type;
    rules.require(!isInteger(key) && std::any_of(mxu.types.begin(), mxu.types.end(),
                                                 [&](const NpuOperands &t) { return t.activation == key; }),
                  path + ".u_acc." + name(key), "a float type of activations of types",
                  std::string(name(key)));
  }
}

void checkMatrixUnit(Rules &rules, const std::string &path, const NpuCore &core, NpuTiming timing) {
  const NpuMatrixUnit &mxu = *core.mxu;
  const NpuAccumulator &acc = *core.acc;
  checkTypes(rules, path + ".mxu", mxu);
  const int64_t tile = mxu.rows * mxu.cols;
  for (const NpuOperands &types : mxu.types) {
    rules.atLeast(path + ".mxu.weight_port_bytes", mxu.weightPortBytes, bytesOf(1, types.weight),
                  std::string("one weight of ") + name(types.weight));
    rules.atLeast(path + ".mxu.activation_port_bytes", mxu.activationPortBytes, bytesOf(1, types.activation),
                  std::string("one activation of ") + name(types.activation));
    rules.atLeast(path + ".acc.width_bytes", acc.widthBytes, bytesOf(1, types.sum),
                  std::string("one sum of ") + name(types.sum));
    rules.atLeast(path + ".acc.bytes", acc.bytes, bytesOf(tile, types.sum),
                  "a tile of rows x cols sums of " + std::string(name(types.sum)));
    rules.atLeast(path + ".spad.bytes", core.spad.bytes, bytesOf(tile, types.weight),
                  "a tile of rows x cols weights of " + std::string(name(types.weight)));
  }
  const int64_t read = core.spad.banks * core.spad.widthBytes * core.spad.readPorts;
  rules.atMost(path + ".mxu.weight_port_bytes", mxu.weightPortBytes, read,
               "what the scratchpad reads in a cycle (banks x width_bytes x read_ports)");
  rules.atMost(path + ".mxu.activation_port_bytes", mxu.activationPortBytes, read,
               "what the scratchpad reads in a cycle (banks x width_bytes x read_ports)");
  checkModes(rules, path + ".mxu", mxu, timing);
}

void checkCore(Rules &rules, const std::string &path, const NpuCore &core, NpuTiming timing) {
  const NpuScratchpad &spad = core.spad;
  rules.multipleOf(path + ".spad.bytes", spad.bytes, spad.banks * spad.widthBytes,
                   "a line of each bank (banks x width_bytes)");
  rules.atMost(path + ".dma.bytes_per_cycle", core.dma.bytesPerCycle,
               spad.banks * spad.widthBytes * spad.writePorts,
               "what the scratchpad writes in a cycle (banks x width_bytes x write_ports)");
  rules.require(core.mxu || core.vec, path, "mxu or vec or both", "neither");
  rules.require(core.acc.has_value() || !core.mxu, path + ".acc", "an object, as mxu adds up its sums there",
                "nothing");
  rules.require(core.mxu.has_value() || !core.acc, path + ".acc", "nothing, as there is no mxu", "an object");
  rules.require(core.mxu.has_value() || timing == NpuTiming::Laws, path + ".mxu",
                "an object, as timing scalesim is about it", "nothing");
  if (const auto &acc = core.acc) {
    rules.multipleOf(path + ".acc.bytes", acc->bytes, acc->banks * acc->widthBytes,
                     "a line of each bank (banks x width_bytes)");
  }
  if (rules.status && core.mxu) {
    checkMatrixUnit(rules, path, core, timing);
  }
}

void checkHierarchy(Rules &rules, const NpuMachine &npu) {
  const std::vector<NpuStorageLevel> &levels = npu.hierarchy;
  int64_t places = 1;
  for (size_t i = 0; i < levels.size() && rules.status; ++i) {
    const NpuStorageLevel &level = levels[i];
    const std::string path = "$.hierarchy[" + std::to_string(i) + "]";
    rules.require(!level.name.empty() && level.name.size() <= 64, path + ".name", "1 to 64 characters",
                  std::to_string(level.name.size()));
    for (size_t j = 0; j < i; ++j) {
      rules.require(level.name != levels[j].name, path + ".name", "each name once",
                    inQuotes(level.name) + " again");
    }
    rules.require(level.bytes.has_value() == (level.kind != NpuMemoryKind::Dram), path + ".bytes",
                  level.bytes ? "nothing, as dram is without bound here" : "the size of the memory",
                  level.bytes ? shown(*level.bytes) : "nothing");
    rules.multipleOf(path + ".width_bits", level.widthBits, level.wordBits * level.lanes,
                     "whole elements of all lanes (word_bits x lanes)");
    for (size_t k = 0; k < level.keeps.size(); ++k) {
      rules.require(std::count(level.keeps.begin(), level.keeps.begin() + k, level.keeps[k]) == 0,
                    path + ".keeps[" + std::to_string(k) + "]", "each tensor once",
                    std::string("'") + name(level.keeps[k]) + "' again");
    }
    rules.require(i > 0 || level.keeps.size() == 3, path + ".keeps", "all three tensors in the first level",
                  std::to_string(level.keeps.size()));
    rules.require(places % level.lanes == 0, path + ".lanes",
                  "a divisor of the " + shown(places) + " instances", shown(level.lanes));
    places *= level.fanOutX * level.fanOutY;
    rules.atMost(path, places, int64_t(1) << 30, "places of all meshes so far (fan_out_x x fan_out_y)");
  }
  if (!levels.empty() && rules.status) {
    const NpuCore &core = npu.cores[0];
    const int64_t multipliers = core.mxu ? core.repeat * core.mxu->rows * core.mxu->cols : 0;
    rules.require(places == multipliers, "$.hierarchy",
                  "meshes of " + shown(multipliers) + " places, the multipliers of all cores", shown(places));
  }
}

} // namespace

const char *machine::name(NpuType type) { return nameOf(type); }
const char *machine::name(NpuDataflow flow) { return nameOf(flow); }
const char *machine::name(NpuWeightLoad load) { return nameOf(load); }
const char *machine::name(NpuTiming timing) { return nameOf(timing); }
const char *machine::name(NpuTensor tensor) { return nameOf(tensor); }
const char *machine::name(NpuMemoryKind kind) { return nameOf(kind); }

int64_t machine::bits(NpuType type) {
  switch (type) {
  case NpuType::I1:
    return 1;
  case NpuType::I2:
    return 2;
  case NpuType::I4:
    return 4;
  case NpuType::I8:
  case NpuType::F8E4M3FN:
  case NpuType::F8E5M2:
    return 8;
  case NpuType::I16:
  case NpuType::F16:
  case NpuType::BF16:
    return 16;
  case NpuType::I32:
  case NpuType::F32:
    return 32;
  }
  return 0;
}

bool machine::isInteger(NpuType type) { return type <= NpuType::I32; }

bool machine::operator==(const NpuMachine &a, const NpuMachine &b) { return equalFields(a, b); }

void machine::checkNpu(Rules &rules, const NpuMachine &npu) {
  checkFields(rules, "$", npu);
  if (!rules.status) {
    return;
  }
  if (npu.energyTable) {
    rules.require(findEnergyTable(*npu.energyTable) != nullptr, "$.energy_table",
                  "the energy table " + alternatives(energyTableNames()),
                  inQuotes(*npu.energyTable) + didYouMean(*npu.energyTable, energyTableNames()));
  }
  checkMemory(rules, npu);
  for (size_t i = 0; i < npu.cores.size() && rules.status; ++i) {
    checkCore(rules, "$.cores[" + std::to_string(i) + "]", npu.cores[i], npu.timing);
  }
  checkHierarchy(rules, npu);
  if (const auto &loops = npu.tileLoops) {
    rules.multipleOf("$.tile_loops.cache_bytes", loops->cacheBytes, loops->cacheWays * loops->lineBytes,
                     "one line of each way (cache_ways x line_bytes)");
  }
}
