#include "coopt/Machine/Machine.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

using namespace coopt;
using namespace coopt::machine;

TEST(Machine, PresetsAreValidAndRoundTrip) {
  ASSERT_EQ(presetCpuNames().size(), 4u);
  size_t variants = 1;
  for (const std::string &name : presetCpuNames()) {
    Expected<Machine> preset = presetCpu(name);
    ASSERT_TRUE(preset.has_value()) << preset.error().message;
    EXPECT_EQ(preset->name, name);
    EXPECT_STREQ(preset->kind(), "cpu");
    ASSERT_NE(preset->cpu(), nullptr);
    EXPECT_EQ(preset->cpu()->variants.size(), variants++);
    Status status = validate(*preset);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    Expected<Machine> again = parseMachine(toJson(*preset), name + ".json");
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(*again, *preset);
  }
}

TEST(Machine, NominalThroughputs) {
  // By hand, at 3 GHz: 4 lanes x (mul + add) = 8 per cycle; 8 lanes x 2 units x 2 = 32; 16 x 2 x 2 = 64.
  // int8: 8, 16, 64 (VNNI) products per cycle, two operations each; tiles of 16 x 16 x 64 in 16 cycles: 1024.
  const CpuMachine cpu = *presetCpu("amx")->cpu();
  const double f32[] = {24, 96, 192, 192}, i8[] = {48, 96, 384, 6144};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(cpu.variants[i].f32GflopsPerCore, f32[i]);
    EXPECT_DOUBLE_EQ(cpu.variants[i].i8GopsPerCore, i8[i]);
    EXPECT_EQ(cpu.variants[i].accumulationRoundoff.at("f32"), 5.9604644775390625e-08);
  }
  EXPECT_EQ(cpu.variant(InstructionSet::Avx2)->vectorBits, 256);
  EXPECT_EQ(presetCpu("avx2")->cpu()->variant(InstructionSet::Avx512), nullptr);
  EXPECT_EQ(presetCpu("avx512")->cpu()->variant(InstructionSet::Amx), nullptr);
}

TEST(Machine, UnknownPresetSuggestsOne) {
  EXPECT_EQ(
      presetCpu("avx-512").error().message,
      "expected the cpu preset generic-x86-64, avx2, avx512 or amx, got 'avx-512', did you mean 'avx512'?");
  EXPECT_EQ(presetCpu("cray").error().message,
            "expected the cpu preset generic-x86-64, avx2, avx512 or amx, got 'cray'");
}

TEST(Machine, InstructionSetNames) {
  EXPECT_EQ(*parseInstructionSet("avx2"), InstructionSet::Avx2);
  EXPECT_EQ(parseInstructionSet("avx22").error().message,
            "expected the instruction set generic, avx2, avx512 or amx, got 'avx22', did you mean 'avx2'?");
}

TEST(Machine, HostIsValidAndDescribesThisProcessor) {
  Machine host = hostMachine();
  Status status = validate(host);
  ASSERT_TRUE(status.has_value()) << status.error().message;
  ASSERT_TRUE(parseMachine(toJson(host), "host.json").has_value());
  EXPECT_EQ(parseMachine(toJson(host), "host.json").value(), host);
  EXPECT_EQ(host, hostMachine());

  // The kernel's own list of features, which cpuid is checked against.
  std::ifstream in("/proc/cpuinfo");
  std::string flags;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("flags", 0) == 0) {
      flags = line + " ";
      break;
    }
  }
  auto has = [&](const char *flag) { return flags.find(std::string(" ") + flag + " ") != std::string::npos; };
  const CpuMachine &cpu = *host.cpu();
  EXPECT_EQ(cpu.variant(InstructionSet::Avx2) != nullptr, has("avx2") && has("fma"));
  EXPECT_EQ(cpu.variant(InstructionSet::Avx512) != nullptr,
            has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl") && has("avx512_vnni"));
  EXPECT_EQ(cpu.variant(InstructionSet::Amx) != nullptr,
            cpu.variant(InstructionSet::Avx512) && has("amx_tile") && has("amx_int8") && has("amx_bf16") &&
                has("avx512_bf16"));
  EXPECT_GE(cpu.cores, 1);
  EXPECT_LE(cpu.cores, sysconf(_SC_NPROCESSORS_CONF));
  EXPECT_GT(cpu.memory.bytes, 1 << 20);
}

TEST(Machine, HandWrittenFileIsRead) {
  Expected<Machine> machine = parseMachine(R"({
    "schema": "coopt-machine/1", "kind": "cpu", "name": "desk", "source": "data sheet",
    "cores": 6, "clock_mhz": 3200.5, "dispatch_overhead_ns": 0, "work_item_overhead_ns": 12,
    "caches": [{"bytes": 49152, "line_bytes": 64, "shared_by_cores": 1, "gbytes_per_s_per_core": 200},
               {"bytes": 1310720, "line_bytes": 64, "shared_by_cores": 2, "gbytes_per_s_per_core": 80}],
    "memory": {"bytes": 1000000, "gbytes_per_s": 40, "latency_ns": 100},
    "variants": {
      "avx2": {"vector_bits": 256, "vector_registers": 16, "f32_gflops_per_core": 100, "i8_gops_per_core": 150,
               "u_acc": {"f32": 6e-8, "bf16": 0.0001}},
      "generic": {"vector_bits": 128, "vector_registers": 16, "f32_gflops_per_core": 20, "i8_gops_per_core": 30,
                  "u_acc": {"f32": 6e-8}}}})",
                                           "desk.json");
  ASSERT_TRUE(machine.has_value()) << machine.error().message;
  const CpuMachine &cpu = *machine->cpu();
  EXPECT_EQ(machine->source, "data sheet");
  EXPECT_EQ(cpu.cores, 6);
  EXPECT_EQ(cpu.clockMegahertz, 3200.5);
  EXPECT_EQ(cpu.caches[1].bytes, 1310720);
  EXPECT_EQ(cpu.caches[1].sharedByCores, 2);
  EXPECT_EQ(cpu.memory.latencyNanoseconds, 100);
  // Keys may come in any order; variants are kept in ascending order.
  ASSERT_EQ(cpu.variants.size(), 2u);
  EXPECT_EQ(cpu.variants[1].set, InstructionSet::Avx2);
  EXPECT_EQ(cpu.variants[1].accumulationRoundoff.at("bf16"), 0.0001);
}
