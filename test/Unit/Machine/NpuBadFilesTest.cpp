// One broken description per rule, each made from a good one by one change.
#include "NpuBadFiles.h"

#include <cmath>
#include <random>
#include <set>

using namespace coopt;
using namespace coopt::machine;
using namespace coopt::test;

TEST(NpuBadFiles, TheGoodOneIsGood) { EXPECT_EQ(refusal(kGood), "read"); }

TEST(NpuBadFiles, KeysAndTypes) {
  check({
      {"/kind", "\"gpu\"", ".kind: expected cpu or npu (known to this version), got 'gpu'"},
      {"/name", "\"\"", ".name: expected 1 to 64 letters, digits, '.', '_' or '-', got ''"},
      {"/coers", "4", ".coers: unknown key, did you mean 'cores'?"},
      {"/clock_mhz", "3000", ".clock_mhz: unknown key, did you mean 'clocks_mhz'?"},
      {"/clocks_mhz/dram", "1200", ".clocks_mhz.dram: unknown key"},
      {"/cores/0/spad/bank", "8", ".cores[0].spad.bank: unknown key, did you mean 'banks'?"},
      {"/cores/0/mxu/modes/sparse", "{}", ".cores[0].mxu.modes.sparse: unknown key"},
      {"/cores/0/vec/op_cycles/exp", "8", ".cores[0].vec.op_cycles.exp: unknown key, did you mean 'exp2'?"},
      {"/cores/0/mxu/u_acc/bf17", "1e-8", ".cores[0].mxu.u_acc.bf17: unknown key, did you mean 'bf16'?"},
      {"/clocks_mhz", "", ".clocks_mhz: expected an object, got nothing"},
      {"/memory", "", ".memory: expected an object, got nothing"},
      {"/cores", "", ".cores: expected an array, got nothing"},
      {"/cores", "{}", ".cores: expected an array, got an object"},
      {"/cores/0", "7", ".cores[0]: expected an object, got 7"},
      {"/cores/0/dma", "", ".cores[0].dma: expected an object, got nothing"},
      {"/cores/0/spad", "null", ".cores[0].spad: expected an object, got null"},
      {"/cores/0/spad/banks", "", ".cores[0].spad.banks: expected a power of two in 1..4096, got nothing"},
      {"/cores/0/spad/banks", "8.0", ".cores[0].spad.banks: expected a power of two in 1..4096, got 8.0"},
      {"/cores/0/spad/banks", "\"8\"", ".cores[0].spad.banks: expected a power of two in 1..4096, got '8'"},
      {"/cores/0/spad/bytes", "18446744073709551615",
       ".cores[0].spad.bytes: expected an integer in 1..2147483648, got 18446744073709551615"},
      {"/cores/0/vec/op_cycles/sqrt", "",
       ".cores[0].vec.op_cycles.sqrt: expected an integer in 1..65536, got nothing"},
      {"/cores/0/topk/k_max", "", ".cores[0].topk.k_max: expected an integer in 1..4096, got nothing"},
      {"/cores/0/mxu/modes", "", ".cores[0].mxu.modes: expected an object, got nothing"},
      {"/cores/0/mxu/modes/lut/tables", "",
       ".cores[0].mxu.modes.lut.tables: expected an integer in 1..4096, got nothing"},
      {"/cores/0/mxu/modes/lut/lanes", "",
       ".cores[0].mxu.modes.lut.lanes: expected an integer in 1..65536, got nothing"},
      {"/cores/0/mxu/modes/lut/double_buffered", "1",
       ".cores[0].mxu.modes.lut.double_buffered: expected true or false, got 1"},
      {"/cores/0/mxu/modes/dense", "\"ws\"", ".cores[0].mxu.modes.dense: expected an array, got 'ws'"},
      {"/cores/0/mxu/modes/dense/0", "\"wss\"",
       ".cores[0].mxu.modes.dense[0]: expected ws, os or is, got 'wss', did you mean 'ws'?"},
      {"/cores/0/mxu/modes/nm/0", "2", ".cores[0].mxu.modes.nm[0]: expected [n, m], got 2"},
      {"/cores/0/mxu/modes/nm/0", "[2]", ".cores[0].mxu.modes.nm[0]: expected [n, m], got 1 elements"},
      {"/cores/0/mxu/modes/nm/0", "[2, 4, 8]", ".cores[0].mxu.modes.nm[0]: expected [n, m], got 3 elements"},
      {"/cores/0/mxu/weight_load", "\"rows\"",
       ".cores[0].mxu.weight_load: expected row_addressed or shift_chain, got 'rows'"},
      {"/cores/0/mxu/weight_load", "true",
       ".cores[0].mxu.weight_load: expected row_addressed or shift_chain, got true"},
      {"/cores/0/mxu/types", "", ".cores[0].mxu.types: expected an array, got nothing"},
      {"/cores/0/mxu/types/0", "[\"i8\", \"i8\"]",
       ".cores[0].mxu.types[0]: expected [activation, weight, sum], got 2 elements"},
      {"/cores/0/mxu/types/0/1", "\"int8\"",
       ".cores[0].mxu.types[0][1]: expected i1, i2, i4, i8, i16, i32, f8e4m3fn, f8e5m2, f16, bf16 or f32, "
       "got 'int8'"},
      {"/timing", "\"scale-sim\"",
       ".timing: expected laws or scalesim, got 'scale-sim', did you mean 'scalesim'?"},
      {"/energy_table", "45", ".energy_table: expected a string, got 45"},
  });
}

TEST(NpuBadFiles, TextThatIsNoDescription) {
  EXPECT_EQ(refusal("").rfind("edge.json: 1:1: not valid JSON: ", 0), 0u) << refusal("");
  std::string text = kGood;
  text.replace(text.find("\"repeat\": 4"), 11, "\"repeat\": 4, \"repeat\": 5");
  EXPECT_EQ(refusal(text), "edge.json: $.cores[0].repeat: the key is given twice in one object");
  text = kGood;
  text.replace(text.find("\"hop_registers_down\": 1"), 23, "\"hop_registers_down\": 1e999");
  EXPECT_EQ(refusal(text), "edge.json: 15:57: not valid JSON: number overflow parsing '1e999'");
}

TEST(NpuBadFiles, RangesOfMemories) {
  check({
      {"/clocks_mhz/core", "0", ".clocks_mhz.core: expected a positive number, got 0"},
      {"/clocks_mhz/l2", "-800", ".clocks_mhz.l2: expected a positive number, got -800"},
      {"/memory/l2/bytes", "0", ".memory.l2.bytes: expected an integer in 1..140737488355328, got 0"},
      {"/memory/l2/banks", "12", ".memory.l2.banks: expected a power of two in 1..4096, got 12"},
      {"/memory/l2/bytes_per_cycle", "96",
       ".memory.l2.bytes_per_cycle: expected a power of two in 1..65536, got 96"},
      {"/memory/l2/latency_cycles", "0", ".memory.l2.latency_cycles: expected an integer in 1..65536, got 0"},
      {"/memory/hbm/bytes", "281474976710656",
       ".memory.hbm.bytes: expected an integer in 1..140737488355328, got 281474976710656"},
      {"/memory/hbm/channels", "6", ".memory.hbm.channels: expected a power of two in 1..1024, got 6"},
      {"/memory/hbm/gbytes_per_s_per_channel", "0",
       ".memory.hbm.gbytes_per_s_per_channel: expected a positive number, got 0"},
      {"/memory/hbm/banks", "0", ".memory.hbm.banks: expected a power of two in 1..1024, got 0"},
      {"/memory/hbm/row_bytes", "1000",
       ".memory.hbm.row_bytes: expected a power of two in 1..65536, got 1000"},
      {"/memory/hbm/t_rcd_ns", "0", ".memory.hbm.t_rcd_ns: expected a positive number, got 0"},
      {"/memory/hbm/t_rp_ns", "-1", ".memory.hbm.t_rp_ns: expected a positive number, got -1"},
      {"/memory/hbm/t_cl_ns", "0", ".memory.hbm.t_cl_ns: expected a positive number, got 0"},
      {"/memory/hbm/burst_bytes", "48",
       ".memory.hbm.burst_bytes: expected a power of two in 1..65536, got 48"},
      {"/memory/ddr/bytes", "-4", ".memory.ddr.bytes: expected an integer in 1..140737488355328, got -4"},
      {"/memory/ddr/channels", "3", ".memory.ddr.channels: expected a power of two in 1..1024, got 3"},
      {"/memory/ddr/gbytes_per_s_per_channel", "-16",
       ".memory.ddr.gbytes_per_s_per_channel: expected a positive number, got -16"},
      {"/memory/ddr/latency_ns", "0", ".memory.ddr.latency_ns: expected a positive number, got 0"},
      {"/cores/0/spad/bytes", "4294967296",
       ".cores[0].spad.bytes: expected an integer in 1..2147483648, got 4294967296"},
      {"/cores/0/spad/banks", "6", ".cores[0].spad.banks: expected a power of two in 1..4096, got 6"},
      {"/cores/0/spad/width_bytes", "48",
       ".cores[0].spad.width_bytes: expected a power of two in 1..65536, got 48"},
      {"/cores/0/spad/read_ports", "0", ".cores[0].spad.read_ports: expected an integer in 1..16, got 0"},
      {"/cores/0/spad/write_ports", "17", ".cores[0].spad.write_ports: expected an integer in 1..16, got 17"},
      {"/cores/0/spad/latency_cycles", "0",
       ".cores[0].spad.latency_cycles: expected an integer in 1..65536, got 0"},
      {"/cores/0/acc/bytes", "0", ".cores[0].acc.bytes: expected an integer in 1..2147483648, got 0"},
      {"/cores/0/acc/banks", "5", ".cores[0].acc.banks: expected a power of two in 1..4096, got 5"},
      {"/cores/0/acc/width_bytes", "100",
       ".cores[0].acc.width_bytes: expected a power of two in 1..65536, got 100"},
      {"/cores/0/acc/rmw_cycles", "0", ".cores[0].acc.rmw_cycles: expected an integer in 1..65536, got 0"},
  });
}

TEST(NpuBadFiles, RangesOfCores) {
  check({
      {"/cores/0/repeat", "0", ".cores[0].repeat: expected an integer in 1..1024, got 0"},
      {"/cores/0/queue_depth", "1025", ".cores[0].queue_depth: expected an integer in 1..1024, got 1025"},
      {"/cores/0/semaphores", "257", ".cores[0].semaphores: expected an integer in 1..256, got 257"},
      {"/cores/0/issue_cycles", "0", ".cores[0].issue_cycles: expected an integer in 1..65536, got 0"},
      {"/cores/0/semaphore_wake_cycles", "-1",
       ".cores[0].semaphore_wake_cycles: expected an integer in 0..65536, got -1"},
      {"/cores/0/dma/channels", "65", ".cores[0].dma.channels: expected an integer in 1..64, got 65"},
      {"/cores/0/dma/bytes_per_cycle", "24",
       ".cores[0].dma.bytes_per_cycle: expected a power of two in 1..65536, got 24"},
      {"/cores/0/dma/max_outstanding", "0",
       ".cores[0].dma.max_outstanding: expected an integer in 1..4096, got 0"},
      {"/cores/0/dma/setup_cycles", "-8",
       ".cores[0].dma.setup_cycles: expected an integer in 0..65536, got -8"},
      {"/cores/0/mxu/rows", "0", ".cores[0].mxu.rows: expected an integer in 1..1024, got 0"},
      {"/cores/0/mxu/cols", "2048", ".cores[0].mxu.cols: expected an integer in 1..1024, got 2048"},
      {"/cores/0/mxu/hop_registers_down", "-1",
       ".cores[0].mxu.hop_registers_down: expected an integer in 0..16, got -1"},
      {"/cores/0/mxu/hop_registers_across", "17",
       ".cores[0].mxu.hop_registers_across: expected an integer in 0..16, got 17"},
      {"/cores/0/mxu/weight_port_bytes", "33",
       ".cores[0].mxu.weight_port_bytes: expected a power of two in 1..65536, got 33"},
      {"/cores/0/mxu/activation_port_bytes", "0",
       ".cores[0].mxu.activation_port_bytes: expected a power of two in 1..65536, got 0"},
      {"/cores/0/mxu/modes/dense", "[]", ".cores[0].mxu.modes.dense: expected one to three dataflows, got 0"},
      {"/cores/0/mxu/modes/nm", "[]", ".cores[0].mxu.modes.nm: expected one to 16 patterns, got 0"},
      {"/cores/0/mxu/modes/nm/1", "[0, 4]",
       ".cores[0].mxu.modes.nm[1][0]: expected an integer in 1..63, got 0"},
      {"/cores/0/mxu/modes/nm/1", "[2, 128]",
       ".cores[0].mxu.modes.nm[1][1]: expected an integer in 2..64, got 128"},
      {"/cores/0/mxu/modes/dot/minimum_stripe_cycles", "0",
       ".cores[0].mxu.modes.dot.minimum_stripe_cycles: expected an integer in 1..65536, got 0"},
      {"/cores/0/mxu/modes/dot/channel_group", "0",
       ".cores[0].mxu.modes.dot.channel_group: expected an integer in 1..1024, got 0"},
      {"/cores/0/mxu/modes/dot/kernel_group", "1025",
       ".cores[0].mxu.modes.dot.kernel_group: expected an integer in 1..1024, got 1025"},
      {"/cores/0/mxu/modes/dot/handover_cycles", "0",
       ".cores[0].mxu.modes.dot.handover_cycles: expected an integer in 1..65536, got 0"},
      {"/cores/0/mxu/modes/dot/pipeline_cycles", "-1",
       ".cores[0].mxu.modes.dot.pipeline_cycles: expected an integer in 0..65536, got -1"},
      {"/cores/0/mxu/modes/dot/start_cycles", "70000",
       ".cores[0].mxu.modes.dot.start_cycles: expected an integer in 0..65536, got 70000"},
      {"/cores/0/mxu/modes/dot/winograd", "1",
       ".cores[0].mxu.modes.dot.winograd: expected true or false, got 1"},
      {"/cores/0/mxu/modes/lut/group", "1",
       ".cores[0].mxu.modes.lut.group: expected an integer in 2..8, got 1"},
      {"/cores/0/mxu/modes/lut/group", "9",
       ".cores[0].mxu.modes.lut.group: expected an integer in 2..8, got 9"},
      {"/cores/0/mxu/modes/lut/tables", "4097",
       ".cores[0].mxu.modes.lut.tables: expected an integer in 1..4096, got 4097"},
      {"/cores/0/mxu/modes/lut/lanes", "0",
       ".cores[0].mxu.modes.lut.lanes: expected an integer in 1..65536, got 0"},
      {"/cores/0/mxu/modes/lut/build_lanes", "-1",
       ".cores[0].mxu.modes.lut.build_lanes: expected an integer in 1..65536, got -1"},
      {"/cores/0/mxu/modes/bitserial/a_slice", "0",
       ".cores[0].mxu.modes.bitserial.a_slice: expected an integer in 1..16, got 0"},
      {"/cores/0/mxu/modes/bitserial/w_slice", "17",
       ".cores[0].mxu.modes.bitserial.w_slice: expected an integer in 1..16, got 17"},
      {"/cores/0/mxu/types", "[]", ".cores[0].mxu.types: expected one to 32 types, got 0"},
      {"/cores/0/mxu/u_acc/bf16", "1",
       ".cores[0].mxu.u_acc.bf16: expected a roundoff between 0 and 1, such as 2^-24 = "
       "5.9604644775390625e-08, got 1"},
      {"/cores/0/vec/lanes", "48", ".cores[0].vec.lanes: expected a power of two in 1..65536, got 48"},
      {"/cores/0/vec/op_cycles/add", "0",
       ".cores[0].vec.op_cycles.add: expected an integer in 1..65536, got 0"},
      {"/cores/0/vec/op_cycles/mul", "-1",
       ".cores[0].vec.op_cycles.mul: expected an integer in 1..65536, got -1"},
      {"/cores/0/vec/op_cycles/fma", "0",
       ".cores[0].vec.op_cycles.fma: expected an integer in 1..65536, got 0"},
      {"/cores/0/vec/op_cycles/exp2", "0",
       ".cores[0].vec.op_cycles.exp2: expected an integer in 1..65536, got 0"},
      {"/cores/0/vec/op_cycles/div", "0",
       ".cores[0].vec.op_cycles.div: expected an integer in 1..65536, got 0"},
      {"/cores/0/vec/op_cycles/sqrt", "0",
       ".cores[0].vec.op_cycles.sqrt: expected an integer in 1..65536, got 0"},
      {"/cores/0/topk/lanes", "12", ".cores[0].topk.lanes: expected a power of two in 1..1024, got 12"},
      {"/cores/0/topk/k_max", "4097", ".cores[0].topk.k_max: expected an integer in 1..4096, got 4097"},
      {"/cores/0/topk/cycles_per_element", "0",
       ".cores[0].topk.cycles_per_element: expected an integer in 1..65536, got 0"},
  });
}

TEST(NpuBadFiles, WhatFieldsNeedOfEachOther) {
  check({
      {"/energy_table", "\"46nm\"",
       ".energy_table: expected the energy table 32nm or 45nm, got '46nm', did you mean '45nm'?"},
      {"/memory/l2", "", ".clocks_mhz.l2: expected nothing, as there is no memory.l2, got 800"},
      {"/memory/l2/bytes_per_cycle", "8",
       ".memory.l2.bytes_per_cycle: expected at least 16, a byte of each bank, got 8"},
      {"/memory/l2/bytes", "8388609",
       ".memory.l2.bytes: expected a multiple of 256, one line of all banks (bytes_per_cycle), got 8388609"},
      {"/memory/hbm/burst_bytes", "2048",
       ".memory.hbm.burst_bytes: expected at most 1024, the bytes of a row (row_bytes), got 2048"},
      {"/memory/hbm/bytes", "17179869000",
       ".memory.hbm.bytes: expected a multiple of 131072, one row of each bank of each channel, got "
       "17179869000"},
      {"/memory/ddr/bytes", "68719476737",
       ".memory.ddr.bytes: expected a multiple of 2, equal channels, got 68719476737"},
      {"/cores", "[]", ".cores: expected one kind of core (repeat says how many there are), got 0"},
      {"/cores/0/spad/bytes", "524289",
       ".cores[0].spad.bytes: expected a multiple of 512, a line of each bank (banks x width_bytes), got "
       "524289"},
      {"/cores/0/dma/bytes_per_cycle", "1024",
       ".cores[0].dma.bytes_per_cycle: expected at most 512, what the scratchpad writes in a cycle (banks x "
       "width_bytes x "
       "write_ports), got 1024"},
      {"/cores/0/acc", "", ".cores[0].acc: expected an object, as mxu adds up its sums there, got nothing"},
      {"/cores/0/mxu", "", ".cores[0].acc: expected nothing, as there is no mxu, got an object"},
      {"/cores/0/acc/bytes", "131073",
       ".cores[0].acc.bytes: expected a multiple of 512, a line of each bank (banks x width_bytes), got "
       "131073"},
      {"/cores/0/acc/bytes", "3584",
       ".cores[0].acc.bytes: expected at least 4096, a tile of rows x cols sums of i32, got 3584"},
      {"/cores/0/acc/width_bytes", "2",
       ".cores[0].acc.width_bytes: expected at least 4, one sum of i32, got 2"},
      {"/cores/0/spad/bytes", "512",
       ".cores[0].spad.bytes: expected at least 1024, a tile of rows x cols weights of i8, got 512"},
      {"/cores/0/mxu/weight_port_bytes", "1",
       ".cores[0].mxu.weight_port_bytes: expected at least 2, one weight of bf16, got 1"},
      {"/cores/0/mxu/activation_port_bytes", "1",
       ".cores[0].mxu.activation_port_bytes: expected at least 2, one activation of bf16, got 1"},
      {"/cores/0/mxu/weight_port_bytes", "1024",
       ".cores[0].mxu.weight_port_bytes: expected at most 512, what the scratchpad reads in a cycle (banks x "
       "width_bytes x "
       "read_ports), got 1024"},
      {"/cores/0/mxu/activation_port_bytes", "2048",
       ".cores[0].mxu.activation_port_bytes: expected at most 512, what the scratchpad reads in a cycle "
       "(banks x "
       "width_bytes x read_ports), got 2048"},
  });
  EXPECT_EQ(refusal(with({{"/memory/hbm", ""}, {"/memory/ddr", ""}})),
            "edge.json: $.memory: expected hbm or ddr or both, got neither");
  EXPECT_EQ(refusal(with({{"/cores/0/mxu", ""}, {"/cores/0/acc", ""}, {"/cores/0/vec", ""}})),
            "edge.json: $.cores[0]: expected mxu or vec or both, got neither");
  EXPECT_EQ(refusal(with({{"/cores/1", ordered_json::parse(kGood)["cores"][0].dump()}})),
            "edge.json: $.cores: expected one kind of core (repeat says how many there are), got 2");
}

TEST(NpuBadFiles, TypesThatFit) {
  check({
      {"/cores/0/mxu/types/0/0", "\"i32\"",
       ".cores[0].mxu.types[0][0]: expected at most 16 bits to multiply, got 'i32'"},
      {"/cores/0/mxu/types/2/1", "\"f32\"",
       ".cores[0].mxu.types[2][1]: expected at most 16 bits to multiply, got 'f32'"},
      {"/cores/0/mxu/types/0/1", "\"bf16\"",
       ".cores[0].mxu.types[0][1]: expected integer weights, as activations are, got 'bf16'"},
      {"/cores/0/mxu/types/2/1", "\"i4\"",
       ".cores[0].mxu.types[2][1]: expected float weights, as activations are, got 'i4'"},
      // 32 products of magnitude 2^7 x 2^7 are 2^19.
      {"/cores/0/mxu/types/0/2", "\"i16\"",
       ".cores[0].mxu.types[0][2]: expected an integer that holds the sum of 32 products (one of each row) "
       "of i8 and i8, got "
       "'i16'"},
      {"/cores/0/mxu/types/0/2", "\"f32\"",
       ".cores[0].mxu.types[0][2]: expected an integer that holds the sum of 32 products (one of each row) "
       "of i8 and i8, got "
       "'f32'"},
      {"/cores/0/mxu/types/0", "[\"i16\", \"i16\", \"i32\"]",
       ".cores[0].mxu.types[0][2]: expected an integer that holds the sum of 32 products (one of each row) "
       "of i16 and i16, "
       "got 'i32'"},
      {"/cores/0/mxu/types/2/2", "\"i32\"",
       ".cores[0].mxu.types[2][2]: expected f32, which holds products of floats, got 'i32'"},
      {"/cores/0/mxu/types/1/1", "\"i8\"",
       ".cores[0].mxu.types[1]: expected each combination once, got that of types[0]"},
      {"/cores/0/mxu/u_acc", "",
       ".cores[0].mxu.u_acc.bf16: expected a roundoff between 0 and 1, as types has activations of this "
       "type, got "
       "nothing"},
      {"/cores/0/mxu/u_acc/f16", "1e-7",
       ".cores[0].mxu.u_acc.f16: expected a float type of activations of types, got f16"},
      {"/cores/0/mxu/u_acc/i8", "1e-7",
       ".cores[0].mxu.u_acc.i8: expected a float type of activations of types, got i8"},
  });
  // One row sums one product, of magnitude 2^3 x 2^3 for i4; 512 of them are 2^15, one too many for i16.
  const std::vector<std::pair<std::string, std::string>> narrow = {
      {"/cores/0/mxu/types/0", R"(["i4", "i4", "i16"])"},
      {"/cores/0/mxu/cols", "1"},
      {"/cores/0/mxu/rows", "510"},
      {"/hierarchy", ""},
      {"/cores/0/mxu/modes/lut", ""}};
  EXPECT_EQ(refusal(with(narrow)), "read");
  auto wide = narrow;
  wide[2].second = "512";
  EXPECT_EQ(refusal(with(wide)), "edge.json: $.cores[0].mxu.types[0][2]: expected an integer that holds the "
                                 "sum of 512 products (one of each row) "
                                 "of i4 and i4, got 'i16'");
}

TEST(NpuBadFiles, WhatModesNeed) {
  check({
      {"/cores/0/mxu/modes", "{}",
       ".cores[0].mxu.modes: expected at least one of dense, dot, nm, lut or bitserial, got an empty object"},
      {"/cores/0/mxu/modes/dense/1", "\"ws\"",
       ".cores[0].mxu.modes.dense[1]: expected each dataflow once, got 'ws' again"},
      {"/cores/0/mxu/modes/dense/1", "\"is\"",
       ".cores[0].mxu.modes.dense[1]: expected ws or os (only timing scalesim knows is), got 'is'"},
      {"/cores/0/mxu/modes/nm/0", "[4, 4]",
       ".cores[0].mxu.modes.nm[0]: expected fewer kept weights than weights: n < m, got [4, 4]"},
      {"/cores/0/mxu/modes/nm/0", "[3, 4]",
       ".cores[0].mxu.modes.nm[0][0]: expected a divisor of rows (32), got 3"},
      {"/cores/0/mxu/modes/nm/1", "[2, 4]",
       ".cores[0].mxu.modes.nm[1]: expected each pattern once, got [2, 4] again"},
      {"/cores/0/mxu/modes/lut/lanes", "1040",
       ".cores[0].mxu.modes.lut.lanes: expected a multiple of 32, as many lookups of each row (rows), got "
       "1040"},
      {"/cores/0/mxu/modes/lut/build_lanes", "16",
       ".cores[0].mxu.modes.lut.build_lanes: expected a multiple of 32, as many entries of each row (rows), "
       "got 16"},
      {"/cores/0/mxu/modes/lut/build_lanes", "288",
       ".cores[0].mxu.modes.lut.build_lanes: expected at most 256, a table of each row (2^(group - 1) "
       "entries), "
       "got 288"},
      {"/cores/0/mxu/modes/bitserial/a_slice", "9",
       ".cores[0].mxu.modes.bitserial.a_slice: expected at most 8, the bits of the widest activation, got 9"},
      {"/cores/0/mxu/modes/bitserial/w_slice", "16",
       ".cores[0].mxu.modes.bitserial.w_slice: expected at most 8, the bits of the widest weight, got 16"},
  });
  // What each mode needs of the unit, and that the others do not.
  auto only = [](const char *mode, const char *absent) {
    return refusal(
        with({{"/cores/0/mxu/modes",
               ordered_json{{mode, ordered_json::parse(kGood)["cores"][0]["mxu"]["modes"][mode]}}.dump()},
              {std::string("/cores/0/mxu/") + absent, ""}}));
  };
  const std::string place = "edge.json: $.cores[0].mxu.";
  const std::set<std::string> need = {"dense hop_registers_down",
                                      "dense hop_registers_across",
                                      "dense weight_load",
                                      "dense shadow_accumulators",
                                      "nm hop_registers_down",
                                      "nm hop_registers_across",
                                      "nm weight_load",
                                      "bitserial hop_registers_down",
                                      "bitserial hop_registers_across",
                                      "bitserial shadow_accumulators"};
  const std::pair<const char *, const char *> fields[] = {{"hop_registers_down", "an integer in 0..16"},
                                                          {"hop_registers_across", "an integer in 0..16"},
                                                          {"weight_load", "row_addressed or shift_chain"},
                                                          {"shadow_accumulators", "true or false"}};
  for (const char *mode : {"dense", "dot", "nm", "lut", "bitserial"}) {
    for (const auto &[field, what] : fields) {
      const std::string expected =
          place + field + ": expected " + what + ", as modes." + mode + " needs it, got nothing";
      EXPECT_EQ(only(mode, field), need.count(std::string(mode) + " " + field) ? expected : "read");
    }
  }
  // Weights that stay need a way in, outputs that stay a way out.
  const char *dense = "/cores/0/mxu/modes";
  EXPECT_EQ(refusal(with({{dense, R"({"dense": ["ws"]})"}, {"/cores/0/mxu/shadow_accumulators", ""}})),
            "read");
  EXPECT_EQ(refusal(with({{dense, R"({"dense": ["os"]})"}, {"/cores/0/mxu/weight_load", ""}})), "read");

  const char *types = "/cores/0/mxu/types";
  const char *floats = R"([["bf16", "bf16", "f32"]])";
  EXPECT_EQ(
      refusal(with({{types, floats},
                    {dense, R"({"lut": {"group": 4, "tables": 1, "lanes": 32, "build_lanes": 32}})"}})),
      place + "modes.lut: expected types of integer activations of at most 8 bits to compute with, got none");
  EXPECT_EQ(refusal(with({{types, floats}, {dense, R"({"bitserial": {"a_slice": 1, "w_slice": 1}})"}})),
            place + "modes.bitserial: expected types of integers to compute with, got none");
}

TEST(NpuBadFiles, ScaleSimIsAboutDenseAlone) {
  const std::pair<std::string, std::string> timing = {"/timing", "\"scalesim\""};
  EXPECT_EQ(refusal(with({timing})),
            "edge.json: $.cores[0].mxu.modes.dot: expected nothing, as timing scalesim has forms "
            "for dense alone, got a mode");
  EXPECT_EQ(refusal(with({timing, {"/cores/0/mxu", ""}, {"/cores/0/acc", ""}})),
            "edge.json: $.cores[0].mxu: expected an object, as timing scalesim is about it, got nothing");
  EXPECT_EQ(refusal(with({timing, {"/cores/0/mxu/modes", R"({"dense": ["is", "ws"]})"}})), "read");
}

TEST(NpuBadFiles, ValidateRefusesWhatJsonCannotSay) {
  auto refusalOf = [](auto change) {
    Machine machine = *parseMachine(kGood, "edge.json");
    change(*machine.npu());
    Status status = validate(machine);
    return status ? "valid" : status.error().message;
  };
  EXPECT_EQ(refusalOf([](NpuMachine &npu) { npu.clocksMegahertz.core = std::nan(""); }),
            "$.clocks_mhz.core: expected a positive number, got nan");
  EXPECT_EQ(refusalOf([](NpuMachine &npu) { npu.memory.hbm->gbytesPerSecondPerChannel = INFINITY; }),
            "$.memory.hbm.gbytes_per_s_per_channel: expected a positive number, got inf");
  EXPECT_EQ(refusalOf([](NpuMachine &npu) {
              npu.cores[0].mxu->accumulationRoundoff[NpuType::BF16] = std::nan("");
            }),
            "$.cores[0].mxu.u_acc.bf16: expected a roundoff between 0 and 1, such as 2^-24 = "
            "5.9604644775390625e-08, got nan");
}

TEST(NpuBadFiles, DamagedAndHostileTextIsAMessage) {
  std::mt19937 random(12);
  const std::string alphabet = "{}[]:,\"0123456789.-eE \n\\ut\xc3\xff";
  for (int round = 0; round < 5000; ++round) {
    std::string text = kGood;
    for (size_t edits = 1 + random() % 3; edits > 0; --edits) {
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    Expected<Machine> machine =
        parseMachine(text.substr(0, random() % 4 ? text.size() : random() % text.size()), "f");
    if (machine) {
      EXPECT_TRUE(validate(*machine).has_value());
      EXPECT_EQ(*parseMachine(toJson(*machine), "f"), *machine);
    } else {
      EXPECT_EQ(machine.error().message.rfind("f: ", 0), 0u);
    }
  }
}
