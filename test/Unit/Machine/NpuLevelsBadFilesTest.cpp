// Broken hierarchies and loops of tiles.
#include "NpuBadFiles.h"

using namespace coopt::test;

TEST(NpuBadFiles, Hierarchies) {
  check({
      {"/hierarchy", "[]", ".hierarchy: expected two to 16 levels, got 0"},
      {"/hierarchy", "{}", ".hierarchy: expected an array, got an object"},
      {"/hierarchy/0/name", "7", ".hierarchy[0].name: expected a string, got 7"},
      {"/hierarchy/0/name", "\"\"", ".hierarchy[0].name: expected 1 to 64 characters, got 0"},
      {"/hierarchy/1/name", "\"dram\"", ".hierarchy[1].name: expected each name once, got 'dram' again"},
      {"/hierarchy/1/kind", "\"srams\"",
       ".hierarchy[1].kind: expected dram, sram, register_file or register, got 'srams', did you mean "
       "'sram'?"},
      {"/hierarchy/1/bytes", "0", ".hierarchy[1].bytes: expected an integer in 1..140737488355328, got 0"},
      {"/hierarchy/1/bytes", "", ".hierarchy[1].bytes: expected the size of the memory, got nothing"},
      {"/hierarchy/0/bytes", "1024",
       ".hierarchy[0].bytes: expected nothing, as dram is without bound here, got 1024"},
      {"/hierarchy/1/width_bits", "0", ".hierarchy[1].width_bits: expected an integer in 1..524288, got 0"},
      {"/hierarchy/1/word_bits", "65", ".hierarchy[1].word_bits: expected an integer in 1..64, got 65"},
      {"/hierarchy/1/width_bits", "60",
       ".hierarchy[1].width_bits: expected a multiple of 8, whole elements of all lanes (word_bits x lanes), "
       "got "
       "60"},
      {"/hierarchy/2/width_bits", "64",
       ".hierarchy[2].width_bits: expected a multiple of 128, whole elements of all lanes (word_bits x "
       "lanes), "
       "got 64"},
      {"/hierarchy/1/keeps", "[]", ".hierarchy[1].keeps: expected one to three tensors, got 0"},
      {"/hierarchy/1/keeps/0", "\"input\"",
       ".hierarchy[1].keeps[0]: expected weights, inputs or outputs, got 'input', did you mean 'inputs'?"},
      {"/hierarchy/1/keeps", "[\"inputs\", \"inputs\"]",
       ".hierarchy[1].keeps[1]: expected each tensor once, got 'inputs' again"},
      {"/hierarchy/0/keeps", "[\"inputs\", \"weights\"]",
       ".hierarchy[0].keeps: expected all three tensors in the first level, got 2"},
      {"/hierarchy/1/fan_out_x", "0", ".hierarchy[1].fan_out_x: expected an integer in 1..4096, got 0"},
      {"/hierarchy/1/fan_out_y", "5000", ".hierarchy[1].fan_out_y: expected an integer in 1..4096, got 5000"},
      {"/hierarchy/1/fan_out_y", "32",
       ".hierarchy: expected meshes of 4096 places, the multipliers of all cores, got 2048"},
      {"/hierarchy/2/lanes", "0", ".hierarchy[2].lanes: expected an integer in 1..4096, got 0"},
      {"/hierarchy/1/lanes", "8", ".hierarchy[1].lanes: expected a divisor of the 1 instances, got 8"},
  });
  EXPECT_EQ(
      refusal(with({{"/hierarchy/0/fan_out_x", "4096"},
                    {"/hierarchy/0/fan_out_y", "4096"},
                    {"/hierarchy/2/fan_out_x", "4096"}})),
      "edge.json: $.hierarchy[1]: expected at most 1073741824, places of all meshes so far (fan_out_x x "
      "fan_out_y), got 68719476736");
}

TEST(NpuBadFiles, TileLoops) {
  for (const char *key : {"convolution_issue_cycles", "product_issue_cycles", "request_cycles",
                          "store_row_cycles", "miss_cycles"}) {
    EXPECT_EQ(refusal(with({{std::string("/tile_loops/") + key, "-1"}})),
              std::string("edge.json: $.tile_loops.") + key +
                  ": expected a number that is not negative, got -1");
  }
  check({
      {"/tile_loops/step_cycles", "0", ".tile_loops.step_cycles: expected a positive number, got 0"},
      {"/tile_loops/step_cycles", "", ".tile_loops.step_cycles: expected a positive number, got nothing"},
      {"/tile_loops/cache_bytes", "100000",
       ".tile_loops.cache_bytes: expected a power of two in 1..67108864, got 100000"},
      {"/tile_loops/cache_ways", "6", ".tile_loops.cache_ways: expected a power of two in 1..64, got 6"},
      {"/tile_loops/line_bytes", "0", ".tile_loops.line_bytes: expected a power of two in 1..4096, got 0"},
      {"/tile_loops/cache_bytes", "256",
       ".tile_loops.cache_bytes: expected a multiple of 512, one line of each way (cache_ways x line_bytes), "
       "got 256"},
  });
}
