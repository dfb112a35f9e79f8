//===- Dataflow.cpp ----------------------------------------------------------------===//
#include "Dataflow.h"

#include "coopt/CostModel/MatrixArray.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Cycles from one tile of the sums of `rows` rows and all columns to the next.
class Laws {
public:
  Laws(const machine::NpuMatrixUnit &unit, const Products &types, int64_t depth)
      : unit(unit), types(types), depth(depth) {}

  /// Tile after tile of weights.
  int64_t weightsStand(int64_t rows) const {
    const cost::MatrixArray array =
        arrayOf(unit.weightLoad == machine::NpuWeightLoad::ShiftChain ? cost::ArrayMode::WeightStationaryChain
                                                                      : cost::ArrayMode::WeightStationary);
    const cost::ArrayTile whole = tileOf(rows, unit.rows), last = tileOf(rows, depth % unit.rows);
    return depth / unit.rows * cost::interval(array, whole, whole) +
           (last.k > 0 ? cost::interval(array, depth > unit.rows ? whole : last, last) : 0);
  }

  /// Block after block of the array's rows.
  int64_t sumsStand(int64_t rows) const {
    const cost::MatrixArray array = arrayOf(cost::ArrayMode::OutputStationary);
    const cost::ArrayTile tile = tileOf(std::min(rows, unit.rows), depth);
    const int64_t words = std::max(cost::portWords(unit.cols * tile.wBits, unit.weightPortBytes),
                                   cost::portWords(unit.rows * tile.aBits, unit.activationPortBytes));
    const int64_t interval = std::max(cost::interval(array, tile, tile), depth * words);
    // Without a copy of its own a cell waits until its sum is out.
    const int64_t drained = unit.shadowAccumulators.value_or(false) ? 0 : unit.rows;
    return ceilDivided(rows, unit.rows) * (interval + drained);
  }

private:
  const machine::NpuMatrixUnit &unit;
  const Products &types;
  int64_t depth;

  static int64_t ceilDivided(int64_t a, int64_t b) {
    return static_cast<int64_t>(llvm::divideCeil(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  }
  cost::MatrixArray arrayOf(cost::ArrayMode mode) const {
    cost::MatrixArray array;
    array.mode = mode;
    array.rows = unit.rows;
    array.columns = unit.cols;
    array.hopRegistersDown = unit.hopRegistersDown.value_or(1);
    array.hopRegistersAcross = unit.hopRegistersAcross.value_or(1);
    array.weightPort = unit.weightPortBytes;
    array.activationPort = unit.activationPortBytes;
    return array;
  }
  cost::ArrayTile tileOf(int64_t m, int64_t k) const {
    return {m, unit.cols, k, types.activation.getIntOrFloatBitWidth(), types.weight.getIntOrFloatBitWidth()};
  }
};

} // namespace

FailureOr<StringRef> npu::chooseDataflow(Operation *op, const machine::NpuMatrixUnit &unit,
                                         const Products &types, int64_t mostRows, int64_t depth) {
  const bool hasWeights = llvm::is_contained(unit.modes.dense, machine::NpuDataflow::WeightStationary),
             hasSums = llvm::is_contained(unit.modes.dense, machine::NpuDataflow::OutputStationary);
  if (!hasWeights && !hasSums) {
    op->emitError("needs a matrix unit with dense products, weights or sums standing still");
    return failure();
  }
  if (!hasWeights || !hasSums) {
    return StringRef(hasWeights ? "ws" : "os");
  }
  const Laws laws(unit, types, depth);
  const bool isBetter =
      laws.sumsStand(1) < laws.weightsStand(1) &&
      laws.sumsStand(std::max<int64_t>(mostRows, 1)) <= laws.weightsStand(std::max<int64_t>(mostRows, 1));
  return StringRef(isBetter ? "os" : "ws");
}
