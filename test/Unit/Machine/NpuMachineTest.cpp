#include "coopt/Machine/Energy.h"
#include "coopt/Machine/Machine.h"

#include <gtest/gtest.h>
#include <map>

using namespace coopt;
using namespace coopt::machine;

namespace {

NpuMachine preset(const std::string &name) {
  Expected<Machine> machine = presetNpu(name);
  EXPECT_TRUE(machine.has_value()) << name;
  return machine ? *machine->npu() : NpuMachine();
}

} // namespace

TEST(NpuMachine, HandWrittenFileIsRead) {
  // All numbers differ, so that none is read into the place of another.
  Expected<Machine> machine = parseMachine(R"({
    "name": "hand", "kind": "npu", "schema": "coopt-machine/1", "source": "a sheet", "timing": "laws",
    "clocks_mhz": {"l2": 750.5, "core": 900}, "energy_table": "32nm",
    "memory": {
      "l2": {"bytes": 4096, "banks": 2, "bytes_per_cycle": 16, "latency_cycles": 21},
      "hbm": {"bytes": 131072, "channels": 4, "gbytes_per_s_per_channel": 31, "banks": 8, "row_bytes": 512,
              "t_rcd_ns": 14.25, "t_rp_ns": 13.5, "t_cl_ns": 12.75, "burst_bytes": 128},
      "ddr": {"bytes": 65536, "channels": 1, "gbytes_per_s_per_channel": 17, "latency_ns": 91}},
    "cores": [{
      "repeat": 3, "queue_depth": 15, "semaphores": 63, "issue_cycles": 5, "semaphore_wake_cycles": 6,
      "dma": {"channels": 7, "bytes_per_cycle": 32, "max_outstanding": 18, "setup_cycles": 9},
      "spad": {"bytes": 40960, "banks": 16, "width_bytes": 256, "read_ports": 10, "write_ports": 11, "latency_cycles": 12},
      "acc": {"bytes": 10240, "banks": 32, "width_bytes": 64, "rmw_cycles": 13},
      "mxu": {
        "rows": 22, "cols": 33, "hop_registers_down": 0, "hop_registers_across": 4, "weight_load": "shift_chain",
        "weight_port_bytes": 1024, "activation_port_bytes": 2048, "shadow_accumulators": false,
        "modes": {"dense": ["os"], "dot": {"minimum_stripe_cycles": 14}, "nm": [[2, 5], [11, 64]],
                  "lut": {"group": 5, "tables": 37, "lanes": 44, "build_lanes": 66}, "bitserial": {"a_slice": 3, "w_slice": 2}},
        "types": [["i4", "i2", "i16"], ["f8e4m3fn", "f8e5m2", "f32"], ["f16", "f16", "f32"], ["i1", "i1", "i32"]],
        "u_acc": {"f16": 0.25, "f8e4m3fn": 0.125}},
      "vec": {"lanes": 4096, "op_cycles": {"add": 25, "mul": 26, "fma": 27, "exp2": 28, "div": 29, "sqrt": 30}},
      "topk": {"lanes": 8, "k_max": 35, "cycles_per_element": 36}}]})",
                                           "hand.json");
  ASSERT_TRUE(machine.has_value()) << machine.error().message;
  EXPECT_STREQ(machine->kind(), "npu");
  EXPECT_EQ(machine->cpu(), nullptr);
  EXPECT_EQ(machine->name, "hand");
  EXPECT_EQ(machine->source, "a sheet");
  const NpuMachine &npu = *machine->npu();
  EXPECT_EQ(npu.timing, NpuTiming::Laws);
  EXPECT_EQ(npu.clocksMegahertz.core, 900);
  EXPECT_EQ(npu.clocksMegahertz.l2, 750.5);
  EXPECT_EQ(npu.energyTable, "32nm");
  EXPECT_EQ(npu.memory.l2->bytes, 4096);
  EXPECT_EQ(npu.memory.l2->banks, 2);
  EXPECT_EQ(npu.memory.l2->bytesPerCycle, 16);
  EXPECT_EQ(npu.memory.l2->latencyCycles, 21);
  EXPECT_EQ(npu.memory.hbm->bytes, 131072);
  EXPECT_EQ(npu.memory.hbm->channels, 4);
  EXPECT_EQ(npu.memory.hbm->gbytesPerSecondPerChannel, 31);
  EXPECT_EQ(npu.memory.hbm->banks, 8);
  EXPECT_EQ(npu.memory.hbm->rowBytes, 512);
  EXPECT_EQ(npu.memory.hbm->tRcdNanoseconds, 14.25);
  EXPECT_EQ(npu.memory.hbm->tRpNanoseconds, 13.5);
  EXPECT_EQ(npu.memory.hbm->tClNanoseconds, 12.75);
  EXPECT_EQ(npu.memory.hbm->burstBytes, 128);
  EXPECT_EQ(npu.memory.ddr->bytes, 65536);
  EXPECT_EQ(npu.memory.ddr->channels, 1);
  EXPECT_EQ(npu.memory.ddr->gbytesPerSecondPerChannel, 17);
  EXPECT_EQ(npu.memory.ddr->latencyNanoseconds, 91);
  ASSERT_EQ(npu.cores.size(), 1u);
  const NpuCore &core = npu.cores[0];
  EXPECT_EQ(core.repeat, 3);
  EXPECT_EQ(core.queueDepth, 15);
  EXPECT_EQ(core.semaphores, 63);
  EXPECT_EQ(core.issueCycles, 5);
  EXPECT_EQ(core.semaphoreWakeCycles, 6);
  EXPECT_EQ(core.dma.channels, 7);
  EXPECT_EQ(core.dma.bytesPerCycle, 32);
  EXPECT_EQ(core.dma.maxOutstanding, 18);
  EXPECT_EQ(core.dma.setupCycles, 9);
  EXPECT_EQ(core.spad.bytes, 40960);
  EXPECT_EQ(core.spad.banks, 16);
  EXPECT_EQ(core.spad.widthBytes, 256);
  EXPECT_EQ(core.spad.readPorts, 10);
  EXPECT_EQ(core.spad.writePorts, 11);
  EXPECT_EQ(core.spad.latencyCycles, 12);
  EXPECT_EQ(core.acc->bytes, 10240);
  EXPECT_EQ(core.acc->banks, 32);
  EXPECT_EQ(core.acc->widthBytes, 64);
  EXPECT_EQ(core.acc->rmwCycles, 13);
  const NpuMatrixUnit &mxu = *core.mxu;
  EXPECT_EQ(mxu.rows, 22);
  EXPECT_EQ(mxu.cols, 33);
  EXPECT_EQ(mxu.hopRegistersDown, 0);
  EXPECT_EQ(mxu.hopRegistersAcross, 4);
  EXPECT_EQ(mxu.weightLoad, NpuWeightLoad::ShiftChain);
  EXPECT_EQ(mxu.weightPortBytes, 1024);
  EXPECT_EQ(mxu.activationPortBytes, 2048);
  EXPECT_EQ(mxu.shadowAccumulators, false);
  EXPECT_EQ(mxu.modes.dense, std::vector<NpuDataflow>{NpuDataflow::OutputStationary});
  EXPECT_EQ(mxu.modes.dot->minimumStripeCycles, 14);
  ASSERT_EQ(mxu.modes.nm.size(), 2u);
  EXPECT_EQ(mxu.modes.nm[1].n, 11);
  EXPECT_EQ(mxu.modes.nm[1].m, 64);
  EXPECT_EQ(mxu.modes.lut->group, 5);
  EXPECT_EQ(mxu.modes.lut->tables, 37);
  EXPECT_EQ(mxu.modes.lut->lanes, 44);
  EXPECT_EQ(mxu.modes.lut->buildLanes, 66);
  EXPECT_FALSE(mxu.modes.lut->doubleBuffered);
  EXPECT_EQ(mxu.modes.bitserial->aSlice, 3);
  EXPECT_EQ(mxu.modes.bitserial->wSlice, 2);
  ASSERT_EQ(mxu.types.size(), 4u);
  EXPECT_EQ(mxu.types[1].activation, NpuType::F8E4M3FN);
  EXPECT_EQ(mxu.types[1].weight, NpuType::F8E5M2);
  EXPECT_EQ(mxu.types[1].sum, NpuType::F32);
  const std::map<NpuType, double> roundoff = {{NpuType::F16, 0.25}, {NpuType::F8E4M3FN, 0.125}};
  EXPECT_EQ(mxu.accumulationRoundoff, roundoff);
  EXPECT_EQ(core.vec->lanes, 4096);
  EXPECT_EQ(core.vec->opCycles.add, 25);
  EXPECT_EQ(core.vec->opCycles.mul, 26);
  EXPECT_EQ(core.vec->opCycles.fma, 27);
  EXPECT_EQ(core.vec->opCycles.exp2, 28);
  EXPECT_EQ(core.vec->opCycles.div, 29);
  EXPECT_EQ(core.vec->opCycles.sqrt, 30);
  EXPECT_EQ(core.topk->lanes, 8);
  EXPECT_EQ(core.topk->kMax, 35);
  EXPECT_EQ(core.topk->cyclesPerElement, 36);
  EXPECT_EQ(*parseMachine(toJson(*machine), "again.json"), *machine);
}

TEST(NpuMachine, WhatIsAbsentStaysAbsent) {
  const char *text = R"({
    "schema": "coopt-machine/1", "kind": "npu", "name": "vectors", "clocks_mhz": {"core": 500},
    "memory": {"ddr": {"bytes": 65536, "channels": 1, "gbytes_per_s_per_channel": 17, "latency_ns": 91}},
    "cores": [{
      "repeat": 1, "queue_depth": 1, "semaphores": 1, "issue_cycles": 1, "semaphore_wake_cycles": 0,
      "dma": {"channels": 1, "bytes_per_cycle": 1, "max_outstanding": 1, "setup_cycles": 0},
      "spad": {"bytes": 1024, "banks": 1, "width_bytes": 4, "read_ports": 1, "write_ports": 1, "latency_cycles": 1},
      "vec": {"lanes": 1, "op_cycles": {"add": 1, "mul": 1, "fma": 1, "exp2": 1, "div": 1, "sqrt": 1}}}]})";
  Expected<Machine> machine = parseMachine(text, "vectors.json");
  ASSERT_TRUE(machine.has_value()) << machine.error().message;
  const NpuMachine &npu = *machine->npu();
  EXPECT_FALSE(npu.clocksMegahertz.l2 || npu.energyTable || npu.memory.l2 || npu.memory.hbm);
  EXPECT_FALSE(npu.cores[0].acc || npu.cores[0].mxu || npu.cores[0].topk);
  const std::string again = toJson(*machine);
  for (const char *key : {"l2", "hbm", "acc", "mxu", "topk", "energy_table", "null"}) {
    EXPECT_EQ(again.find(key), std::string::npos) << key;
  }
  EXPECT_EQ(*parseMachine(again, "again.json"), *machine);
}

TEST(NpuMachine, EveryFieldCountsForEquality) {
  // Each number of the text, made another one: the machine differs, unless it is refused.
  const Machine edge1 = *presetNpu("edge1");
  const std::string text = toJson(edge1);
  EXPECT_EQ(*parseMachine(text, "edge1.json"), edge1);
  size_t changed = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9' || text[at - 1] != ' ') {
      continue;
    }
    const size_t end = text.find_first_of(",\n", at);
    for (const char *factor : {"0", "2", "3", "4096", "0.5"}) {
      Expected<Machine> other = parseMachine(text.substr(0, at) + factor + text.substr(end), "other.json");
      if (other && text.substr(at, end - at) != factor &&
          text.substr(at, end - at) != factor + std::string(".0")) {
        EXPECT_NE(*other, edge1) << text.substr(at - 40, 60);
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 50u);
}

TEST(NpuMachine, LevelsAndTileLoopsAreRead) {
  Machine machine = *presetNpu("edge1");
  std::string json = toJson(machine);
  json.erase(json.rfind('}'));
  json += R"(, "hierarchy": [
      {"name": "far", "kind": "dram", "width_bits": 128, "word_bits": 16, "keeps": ["outputs", "weights", "inputs"]},
      {"name": "near", "kind": "register_file", "bytes": 77, "width_bits": 96, "word_bits": 12, "keeps": ["inputs"],
       "fan_out_x": 128, "fan_out_y": 32},
      {"name": "own", "kind": "sram", "bytes": 78, "width_bits": 20, "word_bits": 5, "keeps": ["weights"], "lanes": 2}],
    "tile_loops": {"convolution_issue_cycles": 1.5, "product_issue_cycles": 2.5, "step_cycles": 3.5, "request_cycles": 4.5,
                   "store_row_cycles": 5.5, "miss_cycles": 6.5, "cache_bytes": 4096, "cache_ways": 4, "line_bytes": 32}})";
  Expected<Machine> read = parseMachine(json, "levels.json");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const NpuMachine &npu = *read->npu();
  ASSERT_EQ(npu.hierarchy.size(), 3u);
  EXPECT_EQ(npu.hierarchy[0].kind, NpuMemoryKind::Dram);
  EXPECT_FALSE(npu.hierarchy[0].bytes);
  EXPECT_EQ(npu.hierarchy[0].keeps,
            (std::vector<NpuTensor>{NpuTensor::Outputs, NpuTensor::Weights, NpuTensor::Inputs}));
  const NpuStorageLevel &near = npu.hierarchy[1], &own = npu.hierarchy[2];
  EXPECT_EQ(near.name, "near");
  EXPECT_EQ(near.kind, NpuMemoryKind::RegisterFile);
  EXPECT_EQ(near.bytes, 77);
  EXPECT_EQ(near.widthBits, 96);
  EXPECT_EQ(near.wordBits, 12);
  EXPECT_EQ(near.fanOutX, 128);
  EXPECT_EQ(near.fanOutY, 32);
  EXPECT_EQ(near.lanes, 1);
  EXPECT_EQ(own.fanOutX, 1);
  EXPECT_EQ(own.lanes, 2);
  EXPECT_EQ(npu.tileLoops->convolutionIssueCycles, 1.5);
  EXPECT_EQ(npu.tileLoops->productIssueCycles, 2.5);
  EXPECT_EQ(npu.tileLoops->stepCycles, 3.5);
  EXPECT_EQ(npu.tileLoops->requestCycles, 4.5);
  EXPECT_EQ(npu.tileLoops->storeRowCycles, 5.5);
  EXPECT_EQ(npu.tileLoops->missCycles, 6.5);
  EXPECT_EQ(npu.tileLoops->cacheBytes, 4096);
  EXPECT_EQ(npu.tileLoops->cacheWays, 4);
  EXPECT_EQ(npu.tileLoops->lineBytes, 32);
  EXPECT_FALSE(*read == machine);
  const NpuDotMode dot = *presetNpu("nvdla-small")->npu()->cores[0].mxu->modes.dot;
  EXPECT_EQ(dot.handoverCycles, 10);
  EXPECT_EQ(dot.pipelineCycles, 22);
  EXPECT_EQ(dot.startCycles, 103);
}

TEST(NpuMachine, PresetsAreValidAndRoundTrip) {
  const std::vector<std::string> names = {"edge1",      "gemmini16",       "gemmini-dosa16", "nvdla-small",
                                          "nvdla-full", "nvdla-full-sram", "scalesim32",     "eyeriss168",
                                          "simple256",  "simba",           "fusemax256",     "trn-like",
                                          "tpu4-like"};
  ASSERT_EQ(presetNpuNames(), names);
  for (const std::string &name : names) {
    Expected<Machine> machine = presetNpu(name);
    ASSERT_TRUE(machine.has_value()) << machine.error().message;
    EXPECT_EQ(machine->name, name);
    EXPECT_FALSE(machine->source.empty());
    Status status = validate(*machine);
    EXPECT_TRUE(status.has_value()) << name << ": " << status.error().message;
    Expected<Machine> again = parseMachine(toJson(*machine), name + ".json");
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(*again, *machine);
    for (const std::string &other : names) {
      EXPECT_EQ(*presetNpu(other)->npu() == *machine->npu(), other == name) << other;
    }
  }
  EXPECT_EQ(presetNpu("edge").error().message,
            "expected the npu preset edge1, gemmini16, gemmini-dosa16, nvdla-small, nvdla-full, "
            "nvdla-full-sram, scalesim32, "
            "eyeriss168, simple256, "
            "simba, fusemax256, trn-like or tpu4-like, got 'edge', did you mean 'edge1'?");
}

TEST(NpuMachine, PresetsHaveTheNumbersOfTheirSources) {
  struct Row {
    const char *name;
    int64_t cores, rows, cols, spadBytes, dmaBytesPerCycle;
    double mhz, dramGbytesPerSecond;
  };
  constexpr int64_t KiB = 1024, MiB = 1024 * KiB;
  const Row rows[] = {
      {"edge1", 4, 32, 32, 512 * KiB, 64, 1000, 8 * 32},
      {"gemmini16", 1, 16, 16, 256 * KiB, 16, 1000, 8 * 32},
      {"gemmini-dosa16", 1, 16, 16, 4 * MiB, 16, 1000, 8 * 32},
      {"nvdla-small", 1, 8, 8, 128 * KiB, 8, 1000, 2 * 16},
      {"nvdla-full", 1, 64, 32, 512 * KiB, 32, 1000, 10},
      {"nvdla-full-sram", 1, 64, 32, 512 * KiB, 32, 1000, 10},
      {"scalesim32", 1, 32, 32, 512 * KiB, 64, 1000, 8 * 32},
      {"eyeriss168", 1, 12, 14, 128 * KiB, 64, 1000, 2 * 16},
      {"simple256", 1, 16, 16, 128 * KiB, 64, 1000, 2 * 16},
      {"simba", 16, 4, 4, 192 * KiB, 64, 1000, 2 * 16},
      {"fusemax256", 1, 256, 256, 16 * MiB, 64, 940, 400},
      {"trn-like", 2, 128, 128, 24 * MiB, 64, 1000, 820},
      {"tpu4-like", 4, 128, 128, 32 * MiB, 64, 1000, 614.4},
  };
  for (const Row &row : rows) {
    const NpuMachine npu = preset(row.name);
    const NpuCore &core = npu.cores.at(0);
    EXPECT_EQ(core.repeat, row.cores) << row.name;
    EXPECT_EQ(core.mxu->rows, row.rows) << row.name;
    EXPECT_EQ(core.mxu->cols, row.cols) << row.name;
    EXPECT_EQ(core.spad.bytes, row.spadBytes) << row.name;
    EXPECT_EQ(core.dma.bytesPerCycle, row.dmaBytesPerCycle) << row.name;
    EXPECT_EQ(npu.clocksMegahertz.core, row.mhz) << row.name;
    const NpuMemory &memory = npu.memory;
    EXPECT_DOUBLE_EQ(memory.hbm ? memory.hbm->channels * memory.hbm->gbytesPerSecondPerChannel
                                : memory.ddr->channels * memory.ddr->gbytesPerSecondPerChannel,
                     row.dramGbytesPerSecond)
        << row.name;
  }
  EXPECT_EQ(preset("gemmini16").cores[0].acc->bytes, 64 * KiB);
  EXPECT_EQ(preset("gemmini-dosa16").cores[0].acc->bytes, 4 * MiB);
  EXPECT_EQ(preset("gemmini-dosa16").cores[0].mxu->modes.dense,
            std::vector<NpuDataflow>{NpuDataflow::WeightStationary});
  // 64 and 2048 multipliers in dot-product trees, and in no other way.
  for (const char *name : {"nvdla-small", "nvdla-full", "nvdla-full-sram"}) {
    const NpuModes modes = preset(name).cores[0].mxu->modes;
    EXPECT_TRUE(modes.dot && modes.dense.empty() && modes.nm.empty() && !modes.lut && !modes.bitserial);
    EXPECT_EQ(modes.dot->minimumStripeCycles, 8);
  }
  const NpuMachine scalesim = preset("scalesim32");
  EXPECT_EQ(scalesim.timing, NpuTiming::ScaleSim);
  EXPECT_EQ(scalesim.cores[0].mxu->hopRegistersDown, 2);
  EXPECT_EQ(scalesim.cores[0].mxu->hopRegistersAcross, 1);
  EXPECT_EQ(scalesim.cores[0].mxu->modes.dense.size(), 3u);
  EXPECT_EQ(preset("eyeriss168").energyTable, "32nm");
  EXPECT_EQ(preset("simba").memory.l2->bytes, 64 * KiB);
  EXPECT_EQ(preset("fusemax256").cores[0].vec->lanes, 256);
}

TEST(NpuMachine, FindMachine) {
  EXPECT_EQ(*findMachine("cpu"), *presetCpu("amx"));
  EXPECT_EQ(*findMachine("cpu:avx2"), *presetCpu("avx2"));
  EXPECT_EQ(*findMachine("npu:simba"), *presetNpu("simba"));
  EXPECT_EQ(findMachine("npu:simbaa").error().message, presetNpu("simbaa").error().message);
  EXPECT_EQ(findMachine("edge1").error().message,
            "unknown machine 'edge1': expected cpu, cpu:PRESET, npu:PRESET or FILE.json");
  EXPECT_EQ(findMachine(".json").error().message.rfind(".json: ", 0), 0u);
  const std::string list = describeMachines();
  for (const std::string &name : presetCpuNames()) {
    EXPECT_NE(list.find("  cpu:" + name + " "), std::string::npos);
  }
  for (const std::string &name : presetNpuNames()) {
    EXPECT_NE(list.find("  npu:" + name + " "), std::string::npos);
  }
}

TEST(Energy, PublishedNumbers) {
  const std::vector<std::string> names = {"32nm", "45nm"};
  ASSERT_EQ(energyTableNames(), names);
  const EnergyTable *table = findEnergyTable("45nm");
  ASSERT_NE(table, nullptr);
  const std::map<std::string, double> horowitz = {
      {"add_i32", 0.1}, {"multiply_i32", 3.1}, {"add_f32", 0.9}, {"multiply_f32", 3.7}};
  size_t found = 0;
  for (const EnergyEntry &entry : table->entries) {
    if (auto known = horowitz.find(name(entry.action)); known != horowitz.end()) {
      EXPECT_EQ(entry.picojoules, known->second);
      ++found;
    }
    EXPECT_NE(std::string(entry.source), "");
    EXPECT_EQ(table->find(entry.action, entry.memoryBytes, entry.widthBits), &entry);
  }
  EXPECT_EQ(found, horowitz.size());
  EXPECT_EQ(table->find(EnergyAction::SramRead, 8192, 64)->picojoules, 10);
  EXPECT_EQ(table->find(EnergyAction::MultiplyAddI8)->picojoules, 0.315);
  EXPECT_EQ(table->find(EnergyAction::Dram, 0, 64)->picojoules, 512);
  EXPECT_NEAR(findEnergyTable("32nm")->find(EnergyAction::MultiplyAddI8)->picojoules, 0.208, 0.0005);
  EXPECT_NEAR(findEnergyTable("32nm")->find(EnergyAction::SramRead, 131072, 64)->picojoules, 18.2, 0.05);
  EXPECT_NEAR(findEnergyTable("32nm")->find(EnergyAction::SramWrite, 131072, 64)->picojoules, 14.1, 0.05);
  // What nobody published is not there, nor guessed from memories of other sizes.
  EXPECT_EQ(findEnergyTable("32nm")->find(EnergyAction::AddF32), nullptr);
  EXPECT_EQ(table->find(EnergyAction::SramRead, 65536, 64), nullptr);
  EXPECT_EQ(table->find(EnergyAction::SramRead, 131072, 128), nullptr);
  EXPECT_EQ(table->find(EnergyAction::SramRead), nullptr);
  EXPECT_EQ(findEnergyTable("7nm"), nullptr);
}
