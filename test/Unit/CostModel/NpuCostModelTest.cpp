// Estimates for edge1, whose numbers are: an array of 32 x 32, one register a hop; 64 lanes; DMA of 64 bytes a cycle, 8 cycles to set up a descriptor; DRAM
// of 14 cycles to the first byte and 14 to open a row, pages of 8 KiB, 16 requests of 64 bytes in flight; 2 cycles of the scratchpad.
#include "coopt/CostModel/NpuCostModel.h"

#include <gtest/gtest.h>

using namespace coopt;
using namespace coopt::cost;

namespace {

NpuCostModel modelOf(const std::string &name) {
  Expected<machine::Machine> machine = machine::findMachine(name);
  EXPECT_TRUE(machine) << name;
  Expected<NpuCostModel> model = NpuCostModel::create(*machine);
  EXPECT_TRUE(model) << name;
  return std::move(*model);
}

TileOp opOf(TileOp::Kind kind, int64_t columns, const char *function = "add") {
  TileOp op;
  op.kind = kind;
  op.columns = columns;
  op.function = function;
  return op;
}

/// y[m, n] of i8 codes of k, a scale for each output.
KernelSummary productOf(int64_t m, int64_t n, int64_t k) {
  KernelSummary kernel;
  kernel.id = "product";
  kernel.m = m;
  kernel.n = n;
  kernel.k = k;
  TileOp product = opOf(TileOp::Kind::Product, n);
  product.isCut = true;
  product.product = {n, k, k, 8, false, false};
  TileOp store = opOf(TileOp::Kind::Store, n);
  store.isCut = true;
  kernel.tileOps = {product, store};
  return kernel;
}

double cyclesOf(const Estimate &estimate, const std::string &term) {
  for (const Term &one : estimate.terms) {
    if (one.name == term) {
      return one.seconds * 1e9; // 1 GHz
    }
  }
  ADD_FAILURE() << "no term " << term;
  return 0;
}

Estimate estimateOf(const NpuCostModel &model, const KernelSummary &kernel, const Candidate &candidate) {
  Expected<Estimate> estimate = model.estimate(kernel, candidate);
  EXPECT_TRUE(estimate) << (estimate ? "" : estimate.error().message);
  return estimate ? *estimate : Estimate();
}

TEST(NpuCostModelTest, ElementwiseByHand) {
  KernelSummary kernel;
  kernel.kind = KernelKind::Elementwise;
  kernel.rows = 16;
  kernel.rowElements = 256;
  kernel.tileOps = {opOf(TileOp::Kind::Load, 256), opOf(TileOp::Kind::Map, 256, "exp2"),
                    opOf(TileOp::Kind::Store, 256)};
  const NpuCostModel model = modelOf("npu:edge1");
  const Estimate one = estimateOf(model, kernel, {16, 0, 0, ""});
  // 16 KiB side by side are two pages: 8 + 14 + 14 + 16384 / 64, and of the second page 14 - 2; before it the block, 8 + 14 + 14 and the
  // 2 of a burst.
  EXPECT_NEAR(cyclesOf(one, "loads"), 304 + 38, 1e-6);
  EXPECT_NEAR(cyclesOf(one, "stores"), 304 + 14, 1e-6);        // acknowledged
  EXPECT_NEAR(cyclesOf(one, "vector"), 16 * 4 * 8 + 1 + 0, 2); // 8 cycles a word of lanes
  EXPECT_EQ(one.bound, "vector");
  EXPECT_GT(one.relativeError, 0); // it was compared
  // One after the other: the tile's steps, 2 to wake each, 2 of the scratchpad.
  EXPECT_NEAR(one.seconds * 1e9, 38 + 304 + 2 + 513 + 2 + 2 + 318, 25);
  EXPECT_EQ(one.traffic[2].level, "dram");
  EXPECT_EQ(one.traffic[2].bytes, 2 * 16384);
  // Two tiles: what one descriptor did, two do.
  const Estimate two = estimateOf(model, kernel, {8, 0, 0, ""});
  EXPECT_NEAR(cyclesOf(two, "loads"), 2 * (8 + 14 + 14 + 128) + 38, 1e-6);
  EXPECT_NEAR(cyclesOf(two, "vector"), cyclesOf(one, "vector") + 1, 2);
}

TEST(NpuCostModelTest, ProductByHand) {
  const NpuCostModel model = modelOf("npu:edge1");
  // 64 rows, two panels, 8 blocks of k each: the first weights 32, then rows of activations, 64 a block.
  const Estimate many = estimateOf(model, productOf(64, 64, 256), {64, 64, 0, ""});
  EXPECT_NEAR(cyclesOf(many, "matrix"), 2 * (32 + 8 * 64), 1e-6);
  // Two maps of 64 rows a panel, and their settings.
  EXPECT_NEAR(cyclesOf(many, "vector"), 2 * 2 * (64 + 1), 1e-6);
  // Block, activations (2 pages), their scales, those of columns, and two panels of a page each that go on behind each other.
  EXPECT_NEAR(cyclesOf(many, "loads"),
              38 + (8 + 14 + 14 + 256 + 12) + 2 * (8 + 14 + 14.0 / 32 + 4) + 2 * (8 + 14 + 14 + 128), 1e-6);
  // One row: the weights' 32 a block; behind the last one row instead of another block.
  const Estimate one = estimateOf(model, productOf(1, 64, 256), {1, 64, 0, ""});
  EXPECT_NEAR(cyclesOf(one, "matrix"), 2 * (32 + 7 * 32 + 1), 1e-6);
  EXPECT_EQ(many.traffic[2].bytes, 64 + 64 * 256 + 4 * 64 + 4 * 64 + 2 * 8192 + 64 * 64 * 4 - 64);
}

TEST(NpuCostModelTest, RoomDecidesWhatOverlaps) {
  const NpuCostModel model = modelOf("npu:edge1");
  // Many panels that come while others are multiplied: as long as the longer of both. Where a panel's rows of sums leave no room for two of all, in turn.
  const Estimate apart = estimateOf(model, productOf(16, 1024, 512), {16, 256, 0, ""});
  EXPECT_LT(apart.seconds * 1e9, 1.25 * std::max(cyclesOf(apart, "loads"), cyclesOf(apart, "matrix")));
  KernelSummary large = productOf(64, 1024, 512);
  for (int i = 0; i < 4; ++i) {
    TileOp map = opOf(TileOp::Kind::Map, 1024);
    map.isCut = true;
    large.tileOps.insert(large.tileOps.begin() + 1, map);
  }
  // Four maps and the product's result of 64 x 1024 numbers are 1.25 MiB; the activations and two maps of a panel 64 KiB, weights and the rest less.
  EXPECT_EQ(model.hasRoom(large, {64, 64, 0, ""}), true);
  EXPECT_EQ(model.hasRoom(large, {64, 1024, 0, ""}), false);
  EXPECT_EQ(model.hasRoom(large, {64, 64, 0, ""}, 0.2), false);
  const Estimate fits = estimateOf(model, large, {64, 64, 0, ""}),
                 shares = estimateOf(model, large, {64, 1024, 0, ""});
  EXPECT_GT(cyclesOf(shares, "waiting"), cyclesOf(fits, "waiting"));
}

TEST(NpuCostModelTest, WeightsThatAreBroughtAheadAreWaitedFor) {
  // Four tiles of a panel each, two at a time, whose weights both come first. One row: 64 blocks of 32 cycles a panel. No product begins before 64 KiB of
  // weights are there.
  const Estimate ahead = estimateOf(modelOf("npu:edge1"), productOf(1, 128, 2048), {1, 32, 0, ""});
  EXPECT_NEAR(cyclesOf(ahead, "matrix"), 4 * (32 + 63 * 32 + 1), 1e-6);
  EXPECT_GT(ahead.seconds * 1e9, 8 + 14 + 65536 / 64 + cyclesOf(ahead, "matrix"));
}

TEST(NpuCostModelTest, CountsEnergyOfWhatHasASource) {
  const NpuCostModel model = modelOf("npu:edge1");
  const KernelSummary kernel = productOf(16, 64, 64);
  const Estimate estimate = estimateOf(model, kernel, {16, 64, 0, ""});
  ASSERT_TRUE(estimate.joules);
  // At least DRAM, 512 pJ a word of 64 bits, and the products, 0.315 pJ each.
  const double least = (estimate.traffic[2].bytes / 8 * 512 + 16 * 64 * 64 * 0.315) * 1e-12;
  EXPECT_GE(*estimate.joules, least);
  EXPECT_LT(*estimate.joules, 2 * least);
}

TEST(NpuCostModelTest, SaysWhatIsWrong) {
  Expected<machine::Machine> cpu = machine::findMachine("cpu:avx2");
  ASSERT_TRUE(cpu);
  Expected<NpuCostModel> none = NpuCostModel::create(*cpu);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("expected an npu, got cpu"), std::string::npos);
  const NpuCostModel model = modelOf("npu:edge1");
  auto messageOf = [&](const KernelSummary &kernel, const Candidate &candidate) {
    Expected<Estimate> estimate = model.estimate(kernel, candidate);
    return estimate ? std::string() : estimate.error().message;
  };
  KernelSummary kernel = productOf(1, 64, 64);
  EXPECT_EQ(messageOf(kernel, {-1, 64, 0, ""}),
            "kernel 'product' (contraction): expected at least one row, and tiles not to be negative");
  kernel.tileOps.clear();
  EXPECT_EQ(messageOf(kernel, {1, 64, 0, ""}),
            "kernel 'product' (contraction): expected the ops of its tile");
  kernel = productOf(1, 64, 64);
  kernel.tileOps[0].product.depth = 0;
  EXPECT_NE(messageOf(kernel, {1, 64, 0, ""}).find("expected a product of at least one column"),
            std::string::npos);
  kernel = productOf(1, 64, 64);
  kernel.tileOps[0].product.bits = 3;
  kernel.tileOps[0].product.isOfFloats = false;
  EXPECT_TRUE(model.estimate(kernel, {1, 64, 0, ""})); // in a type of 4 bits
}

} // namespace
