#include "coopt/CostModel/ScaleSim.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::cost;

static int64_t ceilDivided(int64_t a, int64_t b) { return a / b + (a % b != 0); }

Expected<MatrixProduct> cost::productOf(const Convolution &c) {
  for (int64_t size : {c.height, c.width, c.channels, c.filters, c.filterHeight, c.filterWidth, c.stride}) {
    if (size < 1 || size > (int64_t(1) << 20)) {
      return fail("convolution: expected sizes of 1 .. 2^20, got " + std::to_string(size));
    }
  }
  if (c.filterHeight > c.height || c.filterWidth > c.width) {
    return fail("convolution: a filter of " + std::to_string(c.filterHeight) + " x " +
                std::to_string(c.filterWidth) + " is larger than its input of " + std::to_string(c.height) +
                " x " + std::to_string(c.width));
  }
  const int64_t rows = ceilDivided(c.height - c.filterHeight + c.stride, c.stride);
  const int64_t columns = ceilDivided(c.width - c.filterWidth + c.stride, c.stride);
  return MatrixProduct{rows * columns, c.filters, c.filterHeight * c.filterWidth * c.channels};
}

Expected<int64_t> cost::scaleSimCycles(const machine::NpuMachine &machine, machine::NpuDataflow dataflow,
                                       const MatrixProduct &product) {
  if (machine.timing != machine::NpuTiming::ScaleSim) {
    return fail(std::string("timing: expected a machine of \"scalesim\", got \"") + name(machine.timing) +
                "\"");
  }
  const auto &unit = machine.cores.front().mxu;
  if (!unit ||
      std::find(unit->modes.dense.begin(), unit->modes.dense.end(), dataflow) == unit->modes.dense.end()) {
    return fail(std::string("the machine has no array of dataflow ") + name(dataflow));
  }
  if (product.m < 1 || product.n < 1 || product.k < 1) {
    return fail("expected positive sizes, got M " + std::to_string(product.m) + ", N " +
                std::to_string(product.n) + ", K " + std::to_string(product.k));
  }
  const int64_t rows = unit->rows, columns = unit->cols;
  const bool isOutput = dataflow == machine::NpuDataflow::OutputStationary;
  const bool isInput = dataflow == machine::NpuDataflow::InputStationary;
  const int64_t down = isOutput ? product.m : product.k, across = isInput ? product.m : product.n;
  const int64_t streamed = isOutput ? product.k : isInput ? product.n : product.m;
  const __int128 fold = static_cast<__int128>(isOutput ? rows : 2 * rows) + columns + streamed - 2;
  const __int128 cycles = fold * ceilDivided(down, rows) * ceilDivided(across, columns) - 1;
  if (cycles > (__int128(1) << 62)) {
    return fail("more cycles than 2^62");
  }
  return static_cast<int64_t>(cycles);
}
