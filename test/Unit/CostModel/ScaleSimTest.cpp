//===- ScaleSimTest.cpp - Numbers that SCALE-Sim reports ----------------------===//
#include "coopt/CostModel/ScaleSim.h"
#include "coopt/Machine/Machine.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;
using machine::NpuDataflow;

namespace {

std::string cyclesOf(const char *preset, NpuDataflow dataflow, const MatrixProduct &product) {
  auto machine = machine::presetNpu(preset);
  auto cycles = scaleSimCycles(*machine->npu(), dataflow, product);
  return cycles ? std::to_string(*cycles) : cycles.error().message;
}

// Its reports for an array of 32 x 32.
TEST(ScaleSim, Reports) {
  const MatrixProduct product{256, 128, 256};
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, product), "11199");
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::OutputStationary, product), "10175");
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::InputStationary, product), "14207");
  // AlexNet's first layer.
  auto conv1 = productOf({224, 224, 3, 96, 11, 11, 4});
  ASSERT_TRUE(conv1) << conv1.error().message;
  EXPECT_EQ(conv1->m, 55 * 55);
  EXPECT_EQ(conv1->k, 363);
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, *conv1), "112283");
}

// One fold and one more row, column or step than it.
TEST(ScaleSim, FoldsAreWhole) {
  const MatrixProduct one{32, 32, 32};
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, one),
            std::to_string(2 * 32 + 32 + 32 - 2 - 1));
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, {32, 33, 32}), std::to_string(2 * 126 - 1));
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, {32, 32, 33}), std::to_string(2 * 126 - 1));
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::OutputStationary, {33, 33, 1}),
            std::to_string(4 * (32 + 32 + 1 - 2) - 1));
}

TEST(ScaleSim, Refused) {
  EXPECT_EQ(cyclesOf("edge1", NpuDataflow::WeightStationary, {1, 1, 1}),
            "timing: expected a machine of \"scalesim\", got \"laws\"");
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, {0, 1, 1}),
            "expected positive sizes, got M 0, N 1, K 1");
  EXPECT_EQ(cyclesOf("scalesim32", NpuDataflow::WeightStationary, {int64_t(1) << 40, int64_t(1) << 40, 1}),
            "more cycles than 2^62");
  EXPECT_EQ(productOf({4, 4, 1, 1, 5, 1, 1}).error().message,
            "convolution: a filter of 5 x 1 is larger than its input of 4 x 4");
  EXPECT_EQ(productOf({4, 4, 0, 1, 1, 1, 1}).error().message,
            "convolution: expected sizes of 1 .. 2^20, got 0");
}

} // namespace
