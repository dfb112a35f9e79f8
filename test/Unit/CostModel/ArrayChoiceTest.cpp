//===- ArrayChoiceTest.cpp - Modes of products, by times derived by hand ---------===//
#include "coopt/CostModel/ArrayChoice.h"
#include "coopt/Machine/Machine.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;

namespace {

/// 32 x 32, tables of 4 activations for each of 64 groups, 32 columns looked up and one entry of each row built in a cycle, one buffer; 64 lanes.
machine::NpuCore edge() { return machine::presetNpu("edge1")->npu()->cores[0]; }

CodeProduct product(int64_t columns, int64_t depth, int64_t span, unsigned bits) {
  return {columns, depth, span, bits, false, false};
}

} // namespace

TEST(ArrayChoice, CodesOfTwoBitsAreLookedUp) {
  const CodeProduct of = product(512, 64, 32, 2);
  const machine::NpuCore core = edge();
  // Eight panels at a time. Tables of 4, 8, 16 and 32 activations take 12, 20, 36 and 68 cycles, their look-ups 2, 4, 8 and 16 a panel: of a group of
  // 32 that is 8 (12 + 16), 4 (20 + 32), 2 (36 + 64) or 68 + 128.
  EXPECT_EQ(tableDepth(core, of), 32);
  EXPECT_EQ(productCycles(core, of, ArrayMode::TableLookup, 1), 2 * 2 * (68 + 128));
  // A tile of 32 x 32 weights takes 32 cycles, more than making i4 (16) and scaling (2).
  EXPECT_EQ(productCycles(core, of, ArrayMode::WeightStationary, 1), 16 * 2 * 32);
  EXPECT_EQ(productCycles(core, of, ArrayMode::OutputStationary, 1), 16 * 2 * 32);
  // Pairs of 4 slices of activations and 2 of weights.
  EXPECT_EQ(productCycles(core, of, ArrayMode::BitSerial, 1), 16 * 2 * 32 * 8);
  // Of 32 rows each panel's sums take 32 cycles to come out, the last panel's beside the next tables; a panel's rows fill half of the lanes.
  EXPECT_EQ(productCycles(core, of, ArrayMode::TableLookup, 32), 2 * 2 * (68 + 16 + 7 * 32));
  EXPECT_EQ(productCycles(core, of, ArrayMode::WeightStationary, 32), 16 * 2 * (16 + 32 * 2));
  EXPECT_EQ(chooseMode(core, of, 32, false), ArrayMode::TableLookup);
  EXPECT_EQ(chooseMode(core, of, 32, true), ArrayMode::WeightStationary);
}

TEST(ArrayChoice, MoreBitsAndFewColumnsAreMultiplied) {
  const machine::NpuCore core = edge();
  EXPECT_EQ(chooseMode(core, product(512, 64, 32, 4), 32, false), ArrayMode::WeightStationary);
  EXPECT_EQ(chooseMode(core, product(512, 64, 64, 8), 32, false), ArrayMode::WeightStationary);
  // One panel does not pay for its tables: 68 + 16 cycles against 32.
  EXPECT_EQ(chooseMode(core, product(32, 64, 32, 2), 32, false), ArrayMode::WeightStationary);
}

TEST(ArrayChoice, TablesOfLessTime) {
  machine::NpuCore core = edge();
  // All of k is one sum: as long tables as there are. 256 activations take 4 + 62 * 8 + 16 cycles, 128 look-ups a panel.
  EXPECT_EQ(tableDepth(core, product(256, 512, 512, 2)), 256);
  EXPECT_EQ(productCycles(core, product(256, 512, 512, 2), ArrayMode::TableLookup, 1), 2 * (516 + 8 * 128));
  // Of 100 the last tables have zeros: 25 (12 + 16), 13 (20 + 32), 7 (36 + 64), 4 (68 + 128) or 2 (132 + 256) cycles.
  EXPECT_EQ(tableDepth(core, product(256, 100, 100, 2)), 8);
  // A group of 20 has tables of 4 alone.
  EXPECT_EQ(tableDepth(core, product(256, 40, 20, 2)), 4);
  core.mxu->modes.lut->group = 3;
  EXPECT_EQ(tableDepth(core, product(256, 100, 100, 2)), 0);
  core.mxu->modes.lut.reset();
  EXPECT_EQ(tableDepth(core, product(256, 100, 100, 2)), 0);
  EXPECT_EQ(tableDepth(edge(), product(256, 100, 100, 3)), 0);
  EXPECT_EQ(tableDepth(edge(), product(256, 42, 21, 2)), 0);
}

TEST(ArrayChoice, RoomOfSums) {
  machine::NpuCore core = edge();
  // Twice 64 rows of 256 columns of 4 bytes are the accumulator's 131072 bytes.
  EXPECT_EQ(columnsOfTables(core, 64), 256);
  EXPECT_EQ(columnsOfTables(core, 65), 224);
  EXPECT_EQ(columnsOfTables(core, 1), 256);
  EXPECT_EQ(columnsOfTables(core, 4096), 32);
}

TEST(ArrayChoice, WhatAMachineHas) {
  machine::NpuCore core = edge();
  core.mxu->modes.dense.clear();
  EXPECT_EQ(chooseMode(core, product(512, 64, 64, 8), 32, true), ArrayMode::BitSerial);
  core.mxu->modes.bitserial.reset();
  EXPECT_EQ(chooseMode(core, product(512, 64, 64, 8), 32, false), ArrayMode::TableLookup);
  EXPECT_EQ(chooseMode(core, product(512, 64, 64, 8), 32, true), std::nullopt);
  CodeProduct floats = product(512, 64, 64, 8);
  floats.isOfFloats = true;
  EXPECT_EQ(chooseMode(core, floats, 32, false), std::nullopt);
  EXPECT_EQ(chooseMode(edge(), floats, 32, false), ArrayMode::WeightStationary);
  core.mxu->modes.lut.reset();
  EXPECT_EQ(chooseMode(core, product(512, 64, 64, 8), 32, false), std::nullopt);
}

TEST(ArrayChoice, ChainsAndSums) {
  machine::NpuCore core = edge();
  core.mxu->weightLoad = machine::NpuWeightLoad::ShiftChain;
  // A tile of 32 rows is shifted in 31 + 32 cycles, sums of 32 steps take 32; of 64 rows both wait for the vector unit, 64 x 2.
  const CodeProduct of = product(512, 64, 32, 8);
  EXPECT_EQ(productCycles(core, of, ArrayMode::WeightStationaryChain, 1), 16 * 2 * 63);
  EXPECT_EQ(chooseMode(core, of, 64, true), ArrayMode::OutputStationary);
  // Narrow types, and floats where there are no integers: of codes of 8 bits 1024 steps are exact.
  EXPECT_EQ(denseTypes(*core.mxu, 2)->weight, machine::NpuType::I4);
  EXPECT_EQ(denseTypes(*core.mxu, 8)->weight, machine::NpuType::I8);
  EXPECT_EQ(denseTypes(*machine::presetNpu("trn-like")->npu()->cores[0].mxu, 4)->weight,
            machine::NpuType::BF16);
  EXPECT_EQ(exactFloats(8), 1024);
}
