// One broken description per rule, each made from a good one by a single replacement.
#include "coopt/Machine/Machine.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace coopt;
using namespace coopt::machine;

namespace {

const std::string kGood = R"({
 "schema": "coopt-machine/1",
 "kind": "cpu",
 "name": "desk",
 "cores": 4, "clock_mhz": 3000,
 "dispatch_overhead_ns": 2000, "work_item_overhead_ns": 100,
 "caches": [
  {"bytes": 32768, "line_bytes": 64, "shared_by_cores": 1, "gbytes_per_s_per_core": 192},
  {"bytes": 1048576, "line_bytes": 128, "shared_by_cores": 4, "gbytes_per_s_per_core": 48}],
 "memory": {"bytes": 17179869184, "gbytes_per_s": 20, "latency_ns": 90},
 "variants": {
  "generic": {"vector_bits": 128, "vector_registers": 16, "f32_gflops_per_core": 24, "i8_gops_per_core": 47,
              "u_acc": {"f32": 5.9604644775390625e-08}}}
})";

std::string refusal(const std::string &text) {
  Expected<Machine> machine = parseMachine(text, "desk.json");
  return machine ? "read" : machine.error().message;
}

/// kGood with one piece replaced, which must occur exactly once.
std::string with(const std::string &piece, const std::string &replacement) {
  std::string text = kGood;
  size_t at = text.find(piece);
  EXPECT_NE(at, std::string::npos) << piece;
  EXPECT_EQ(text.find(piece, at + 1), std::string::npos) << piece << " occurs twice";
  return text.replace(at, piece.size(), replacement);
}

struct Case {
  const char *piece, *replacement, *message;
};

} // namespace

TEST(MachineBadFiles, TheGoodOneIsGood) { EXPECT_EQ(refusal(kGood), "read"); }

TEST(MachineBadFiles, OneReplacementOneMessage) {
  const Case cases[] = {
      // What it is
      {"\"schema\": \"coopt-machine/1\",", "", "$.schema: expected \"coopt-machine/1\", got nothing"},
      {"coopt-machine/1", "coopt-machine/2", "$.schema: expected \"coopt-machine/1\", got 'coopt-machine/2'"},
      {"\"cpu\"", "\"tpu\"", "$.kind: expected cpu or npu (known to this version), got 'tpu'"},
      {"\"cpu\"", "7", "$.kind: expected cpu or npu (known to this version), got 7"},
      {"\"kind\": \"cpu\",", "", "$.kind: expected cpu or npu (known to this version), got nothing"},
      {"\"desk\"", "\"\"", "$.name: expected 1 to 64 letters, digits, '.', '_' or '-', got ''"},
      {"\"desk\"", "\"my desk\"", "$.name: expected 1 to 64 letters, digits, '.', '_' or '-', got 'my desk'"},
      {"\"desk\"", "5", "$.name: expected a string, got 5"},
      {"\"name\": \"desk\",", "", "$.name: expected a string, got nothing"},
      {"\"desk\"", "\"desk\", \"source\": []", "$.source: expected a string, got an array"},
      // Keys
      {"\"cores\": 4", "\"coers\": 4", "$.coers: unknown key, did you mean 'cores'?"},
      {"\"cores\": 4", "\"cores\": 4, \"colour\": 1", "$.colour: unknown key"},
      {"\"cores\": 4", "\"cores\": 4, \"a/b~c\": 1", "$['a/b~c']: unknown key"},
      {"\"cores\": 4", "\"cores\": 4, \"cores\": 5", "$.cores: the key is given twice in one object"},
      {"\"line_bytes\": 128", "\"line_byte\": 128",
       "$.caches[1].line_byte: unknown key, did you mean 'line_bytes'?"},
      {"\"gbytes_per_s\": 20", "\"gbyte_per_s\": 20",
       "$.memory.gbyte_per_s: unknown key, did you mean 'gbytes_per_s'?"},
      {"\"generic\"", "\"neon\"", "$.variants.neon: unknown key"},
      {"\"generic\"", "\"genric\"", "$.variants.genric: unknown key, did you mean 'generic'?"},
      {"\"u_acc\": {\"f32\"", "\"u_acc\": {\"f64\"", "$.variants.generic.u_acc.f64: unknown key"},
      {"\"cores\": 4,", "", "$.cores: expected an integer in 1..65536, got nothing"},
      {"\"latency_ns\": 90", "\"bytes\": 90", "$.memory.bytes: the key is given twice in one object"},
      // Types
      {"\"cores\": 4", "\"cores\": 4.0", "$.cores: expected an integer in 1..65536, got 4.0"},
      {"\"cores\": 4", "\"cores\": \"4\"", "$.cores: expected an integer in 1..65536, got '4'"},
      {"17179869184", "18446744073709551615",
       "$.memory.bytes: expected a positive integer, got 18446744073709551615"},
      {"\"clock_mhz\": 3000", "\"clock_mhz\": true", "$.clock_mhz: expected a positive number, got true"},
      {"\"clock_mhz\": 3000", "\"clock_mhz\": null", "$.clock_mhz: expected a positive number, got null"},
      {"{\"bytes\": 32768, \"line_bytes\": 64, \"shared_by_cores\": 1, \"gbytes_per_s_per_core\": 192}",
       "32768", "$.caches[0]: expected an object, got 32768"},
      {"{\"f32\": 5.9604644775390625e-08}", "6e-8",
       "$.variants.generic.u_acc: expected an object, got 6e-08"},
      // Ranges
      {"\"cores\": 4", "\"cores\": 0", "$.cores: expected an integer in 1..65536, got 0"},
      {"\"cores\": 4", "\"cores\": 65537", "$.cores: expected an integer in 1..65536, got 65537"},
      {"\"clock_mhz\": 3000", "\"clock_mhz\": 0", "$.clock_mhz: expected a positive number, got 0"},
      {"\"dispatch_overhead_ns\": 2000", "\"dispatch_overhead_ns\": -1",
       "$.dispatch_overhead_ns: expected a number that is not negative, got -1"},
      {"\"work_item_overhead_ns\": 100", "\"work_item_overhead_ns\": -0.5",
       "$.work_item_overhead_ns: expected a number that is not negative, got -0.5"},
      {"1048576", "-3", "$.caches[1].bytes: expected a positive integer, got -3"},
      {"1048576", "16384",
       "$.caches[1].bytes: expected at least 32768, the bytes of the cache before it, nearest first, "
       "got 16384"},
      {"1048576", "1048577",
       "$.caches[1].bytes: expected a multiple of 128, whole lines (line_bytes), got 1048577"},
      {"\"line_bytes\": 128", "\"line_bytes\": 96",
       "$.caches[1].line_bytes: expected a power of two, got 96"},
      {"\"line_bytes\": 128", "\"line_bytes\": 0", "$.caches[1].line_bytes: expected a power of two, got 0"},
      {"\"shared_by_cores\": 4", "\"shared_by_cores\": 5",
       "$.caches[1].shared_by_cores: expected an integer in 1..4, got 5"},
      {"\"gbytes_per_s_per_core\": 48", "\"gbytes_per_s_per_core\": 0",
       "$.caches[1].gbytes_per_s_per_core: expected a positive number, got 0"},
      {"17179869184", "0", "$.memory.bytes: expected a positive integer, got 0"},
      {"\"gbytes_per_s\": 20", "\"gbytes_per_s\": -20",
       "$.memory.gbytes_per_s: expected a positive number, got -20"},
      {"\"latency_ns\": 90", "\"latency_ns\": 0", "$.memory.latency_ns: expected a positive number, got 0"},
      {"\"generic\"", "\"avx2\"",
       "$.variants.generic: expected an object, got nothing: every machine has the generic variant"},
      {"\"vector_bits\": 128", "\"vector_bits\": 32",
       "$.variants.generic.vector_bits: expected a power of two in 64..4096, got 32"},
      {"\"vector_bits\": 128", "\"vector_bits\": 192",
       "$.variants.generic.vector_bits: expected a power of two in 64..4096, got 192"},
      {"\"vector_registers\": 16", "\"vector_registers\": 0",
       "$.variants.generic.vector_registers: expected an integer in 1..1024, got 0"},
      {"\"f32_gflops_per_core\": 24", "\"f32_gflops_per_core\": 0",
       "$.variants.generic.f32_gflops_per_core: expected a positive number, got 0"},
      {"\"i8_gops_per_core\": 47", "\"i8_gops_per_core\": -1",
       "$.variants.generic.i8_gops_per_core: expected a positive number, got -1"},
      {"{\"f32\": 5.9604644775390625e-08}", "{\"f16\": 1e-4}",
       "$.variants.generic.u_acc.f32: expected a number, got nothing"},
      {"5.9604644775390625e-08", "2",
       "$.variants.generic.u_acc.f32: expected a roundoff between 0 and 1, such as 2^-24 = "
       "5.9604644775390625e-08, got 2"},
  };
  for (const Case &c : cases) {
    EXPECT_EQ(refusal(with(c.piece, c.replacement)), std::string("desk.json: ") + c.message);
  }
}

TEST(MachineBadFiles, CacheListIsNeitherEmptyNorLong) {
  std::string level = R"({"bytes": 64, "line_bytes": 64, "shared_by_cores": 1, "gbytes_per_s_per_core": 1})";
  std::string nine = level;
  for (int i = 0; i < 8; ++i) {
    nine += ", " + level;
  }
  const size_t begin = kGood.find("\"caches\": [") + 11, end = kGood.find("}],") + 1;
  auto withCaches = [&](const std::string &list) {
    return kGood.substr(0, begin) + list + kGood.substr(end);
  };
  EXPECT_EQ(refusal(withCaches(level)), "read");
  EXPECT_EQ(refusal(withCaches("")), "desk.json: $.caches: expected one to eight levels, got 0");
  EXPECT_EQ(refusal(withCaches(nine)), "desk.json: $.caches: expected one to eight levels, got 9");
}

TEST(MachineBadFiles, WhatIsNoJsonHasLineAndColumn) {
  EXPECT_EQ(refusal("").rfind("desk.json: 1:1: not valid JSON: ", 0), 0u) << refusal("");
  std::string text = with("\"cores\": 4,", "\"cores\": 4;");
  EXPECT_EQ(refusal(text).rfind("desk.json: 5:12: not valid JSON: ", 0), 0u) << refusal(text);
  text = with("\"desk\"", "\"d\xff\"");
  EXPECT_EQ(refusal(text).rfind("desk.json: 4:", 0), 0u) << refusal(text);
  EXPECT_EQ(refusal(with("\"clock_mhz\": 3000", "\"clock_mhz\": 1e999")),
            "desk.json: 5:31: not valid JSON: number overflow parsing '1e999'");
  EXPECT_EQ(refusal("[]"), "desk.json: $: expected an object, got an array");
  EXPECT_EQ(refusal("null"), "desk.json: $: expected an object, got null");
}

TEST(MachineBadFiles, ValidateRefusesWhatJsonCannotSay) {
  auto refusalOf = [](auto change) {
    Machine machine = *parseMachine(kGood, "desk.json");
    change(machine, *machine.cpu());
    Status status = validate(machine);
    return status ? "valid" : status.error().message;
  };
  EXPECT_EQ(refusalOf([](Machine &, CpuMachine &cpu) { cpu.clockMegahertz = std::nan(""); }),
            "$.clock_mhz: expected a positive number, got nan");
  EXPECT_EQ(refusalOf([](Machine &, CpuMachine &cpu) { cpu.memory.gbytesPerSecond = INFINITY; }),
            "$.memory.gbytes_per_s: expected a positive number, got inf");
  EXPECT_EQ(refusalOf([](Machine &, CpuMachine &cpu) { cpu.variants.push_back(cpu.variants[0]); }),
            "$.variants: expected each key once, in ascending order, got generic");
  EXPECT_EQ(refusalOf([](Machine &machine, CpuMachine &) { machine.name = std::string(65, 'a'); }),
            "$.name: expected 1 to 64 letters, digits, '.', '_' or '-', got 65 characters");
}

TEST(MachineBadFiles, DamagedAndHostileTextIsAMessage) {
  std::mt19937 random(11);
  const std::string alphabet = "{}[]:,\"0123456789.-eE \n\\ut\xc3\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text = kGood;
    for (size_t edits = 1 + random() % 3; edits > 0; --edits) {
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    Expected<Machine> machine =
        parseMachine(text.substr(0, random() % 4 ? text.size() : random() % text.size()), "f");
    if (machine) {
      EXPECT_TRUE(validate(*machine).has_value());
    } else {
      EXPECT_EQ(machine.error().message.rfind("f: ", 0), 0u);
    }
  }
  EXPECT_NE(refusal(std::string(1000000, '[')), "read");
  EXPECT_NE(refusal(std::string(200000, '[') + std::string(200000, ']')), "read");
  std::string longKey = with("\"cores\": 4", "\"cores\": 4, \"" + std::string(1000000, 'k') + "\": 1");
  EXPECT_LT(refusal(longKey).size(), 200u);
}
