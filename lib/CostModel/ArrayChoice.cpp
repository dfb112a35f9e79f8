#include "coopt/CostModel/ArrayChoice.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::cost;
using machine::NpuOperands;
using machine::NpuType;

namespace {

int64_t ceilDivided(int64_t a, int64_t b) { return a / b + (a % b != 0); }

bool has(const machine::NpuMatrixUnit &unit, const NpuOperands &types) {
  return std::any_of(unit.types.begin(), unit.types.end(), [&](const NpuOperands &of) {
    return of.activation == types.activation && of.weight == types.weight && of.sum == types.sum;
  });
}

/// Whether the unit adds up products of bytes, which look-ups and slices of bits then do of weights of any bits.
bool takesBytes(const machine::NpuMatrixUnit &unit) {
  return std::any_of(unit.types.begin(), unit.types.end(), [](const NpuOperands &of) {
    return of.activation == NpuType::I8 && of.sum == NpuType::I32;
  });
}

bool isPowerOfTwo(int64_t a) { return a > 0 && (a & (a - 1)) == 0; }
bool areOfAType(unsigned bits) { return bits == 2 || bits == 4 || bits == 8; }

/// Cycles of a product, of `rows` rows at a time.
class Timing {
public:
  Timing(const machine::NpuCore &core, const CodeProduct &product, int64_t rows)
      : unit(*core.mxu), vec(*core.vec), core(core), product(product), rows(rows) {}

  int64_t dense(ArrayMode mode) const;
  int64_t bitSerial() const;
  /// With tables of so many activations.
  int64_t lookUps(int64_t tableDepth) const;

private:
  const machine::NpuMatrixUnit &unit;
  const machine::NpuVectorUnit &vec;
  const machine::NpuCore &core;
  const CodeProduct &product;
  int64_t rows;

  int64_t panels() const { return ceilDivided(product.columns, unit.cols); }
  int64_t sums() const { return ceilDivided(product.depth, product.span); }
  int64_t stationary(ArrayMode mode, int64_t depth, unsigned aBits, unsigned wBits) const;
  /// Tile after tile of weights.
  int64_t weightsStand(const MatrixArray &array, ArrayTile whole) const;
  /// Block after block of the array's rows.
  int64_t sumsStand(const MatrixArray &array, ArrayTile whole) const;
  /// Of the vector unit, to scale the sums of so many columns.
  int64_t scaling(int64_t columns) const;
};

int64_t Timing::weightsStand(const MatrixArray &array, ArrayTile whole) const {
  ArrayTile last = whole;
  last.k = whole.k % unit.rows;
  const int64_t tiles = whole.k / unit.rows;
  whole.k = unit.rows;
  return tiles * interval(array, whole, whole) +
         (last.k > 0 ? interval(array, tiles > 0 ? whole : last, last) : 0);
}

int64_t Timing::sumsStand(const MatrixArray &array, ArrayTile whole) const {
  ArrayTile tile = whole;
  tile.m = std::min(whole.m, unit.rows);
  const int64_t words = std::max(portWords(unit.cols * tile.wBits, unit.weightPortBytes),
                                 portWords(unit.rows * tile.aBits, unit.activationPortBytes));
  const int64_t between = std::max(interval(array, tile, tile), tile.k * words);
  // Without a copy of its own a cell waits until its sum is out.
  const int64_t drained = unit.shadowAccumulators.value_or(false) ? 0 : unit.rows;
  return ceilDivided(whole.m, unit.rows) * (between + drained);
}

int64_t Timing::stationary(ArrayMode mode, int64_t depth, unsigned aBits, unsigned wBits) const {
  const MatrixArray array = arrayOf(unit, mode);
  const ArrayTile whole{rows, unit.cols, depth, aBits, wBits};
  return keepsOutputs(mode) ? sumsStand(array, whole) : weightsStand(array, whole);
}

int64_t Timing::scaling(int64_t columns) const {
  const machine::NpuVectorCycles &of = vec.opCycles;
  const int64_t cycles = of.mul + of.add + (product.hasZeros ? of.add + of.fma : 0);
  return rows * ceilDivided(columns, vec.lanes) * cycles;
}

int64_t Timing::dense(ArrayMode mode) const {
  const NpuOperands floats{NpuType::BF16, NpuType::BF16, NpuType::F32};
  const NpuOperands types = product.isOfFloats ? floats : *denseTypes(unit, product.bits);
  const unsigned wBits = machine::bits(types.weight);
  const int64_t exact = machine::isInteger(types.weight) || product.isOfFloats
                            ? product.span
                            : std::min(product.span, exactFloats(product.bits));
  const int64_t array =
      ceilDivided(product.span, exact) * stationary(mode, exact, machine::bits(types.activation), wBits);
  const int64_t made =
      wBits == product.bits ? 0 : ceilDivided(product.span * unit.cols, vec.lanes) * vec.opCycles.add;
  return panels() * sums() * std::max(array, made + scaling(unit.cols));
}

int64_t Timing::bitSerial() const {
  return panels() * sums() *
         std::max(stationary(ArrayMode::BitSerial, product.span, 8, product.bits), scaling(unit.cols));
}

int64_t Timing::lookUps(int64_t tableDepth) const {
  MatrixArray array = arrayOf(unit, ArrayMode::TableLookup);
  array.buffers =
      1; // a loop's first tables are built behind the look-ups of those before, also where they need not be
  const int64_t together = columnsOfTables(core, rows) / unit.cols;
  auto cyclesOf = [&](int64_t count) {
    const ArrayTile tile{std::min(rows, unit.rows), count * unit.cols, tableDepth, 8, product.bits};
    const int64_t tables = ceilDivided(product.span, tableDepth) * ceilDivided(rows, unit.rows);
    return std::max(tables * interval(array, tile, tile), scaling(count * unit.cols));
  };
  const int64_t rest = panels() % together;
  return sums() * (panels() / together * cyclesOf(together) + (rest > 0 ? cyclesOf(rest) : 0));
}

} // namespace

MatrixArray cost::arrayOf(const machine::NpuMatrixUnit &unit, ArrayMode mode) {
  MatrixArray array;
  array.mode = mode;
  array.rows = unit.rows;
  array.columns = unit.cols;
  array.hopRegistersDown = unit.hopRegistersDown.value_or(1);
  array.hopRegistersAcross = unit.hopRegistersAcross.value_or(1);
  array.weightPort = unit.weightPortBytes;
  array.activationPort = unit.activationPortBytes;
  if (mode == ArrayMode::DotProduct) {
    array.minimumStripe = unit.modes.dot->minimumStripeCycles;
  } else if (mode == ArrayMode::BitSerial) {
    array.aSlice = unit.modes.bitserial->aSlice;
    array.wSlice = unit.modes.bitserial->wSlice;
  } else if (mode == ArrayMode::TableLookup) {
    const machine::NpuLutMode &lut = *unit.modes.lut;
    array.columns = lut.lanes / unit.rows;
    array.tableGroup = lut.group;
    array.tables = lut.tables;
    array.tableEntries = lut.buildLanes / unit.rows;
    array.buffers = lut.doubleBuffered ? 2 : 1;
  }
  return array;
}

std::optional<NpuOperands> cost::denseTypes(const machine::NpuMatrixUnit &unit, unsigned bits) {
  for (NpuType type : {NpuType::I2, NpuType::I4, NpuType::I8}) {
    const NpuOperands types{NpuType::I8, type, NpuType::I32};
    if (machine::bits(type) >= bits && has(unit, types)) {
      return types;
    }
  }
  const NpuOperands floats{NpuType::BF16, NpuType::BF16, NpuType::F32};
  return has(unit, floats) ? std::optional(floats) : std::nullopt;
}

int64_t cost::columnsOfTables(const machine::NpuCore &core, int64_t rows) {
  const int64_t panel = core.mxu->cols * rows * 4 * 2;
  return core.mxu->cols * std::clamp<int64_t>(core.acc->bytes / panel, 1, kMostPanels);
}

int64_t cost::tableDepth(const machine::NpuCore &core, const CodeProduct &product) {
  const std::optional<machine::NpuLutMode> &lut = core.mxu->modes.lut;
  if (!lut || !core.vec || product.isOfFloats || !takesBytes(*core.mxu) || !isPowerOfTwo(lut->group) ||
      !areOfAType(product.bits)) {
    return 0;
  }
  int64_t best = 0, least = 0;
  for (int64_t depth = lut->group; depth <= lut->tables * lut->group; depth *= 2) {
    // A sum is of whole tables, but for the last of all, behind which there are zeros.
    const bool isBeyond = best > 0 && depth / 2 >= product.span,
               isCut = product.span < product.depth && product.span % depth != 0;
    if (isBeyond || isCut) {
      break;
    }
    if (core.mxu->cols * depth % 8 != 0) {
      continue; // planes are of whole bytes
    }
    const int64_t cycles = Timing(core, product, 1).lookUps(depth);
    if (best == 0 || cycles < least) {
      best = depth;
      least = cycles;
    }
  }
  return best;
}

int64_t cost::productCycles(const machine::NpuCore &core, const CodeProduct &product, ArrayMode mode,
                            int64_t rows) {
  const Timing timing(core, product, rows);
  return mode == ArrayMode::TableLookup ? timing.lookUps(tableDepth(core, product))
         : mode == ArrayMode::BitSerial ? timing.bitSerial()
                                        : timing.dense(mode);
}

std::vector<ArrayMode> cost::productModes(const machine::NpuCore &core, const CodeProduct &product) {
  std::vector<ArrayMode> modes;
  if (!core.mxu || !core.vec) {
    return modes;
  }
  const machine::NpuMatrixUnit &unit = *core.mxu;
  auto isThere = [&](machine::NpuDataflow flow) {
    return std::find(unit.modes.dense.begin(), unit.modes.dense.end(), flow) != unit.modes.dense.end();
  };
  const bool isDense = product.isOfFloats ? has(unit, {NpuType::BF16, NpuType::BF16, NpuType::F32})
                                          : denseTypes(unit, product.bits).has_value();
  if (isDense && isThere(machine::NpuDataflow::WeightStationary)) {
    modes.push_back(unit.weightLoad == machine::NpuWeightLoad::ShiftChain ? ArrayMode::WeightStationaryChain
                                                                          : ArrayMode::WeightStationary);
  }
  if (isDense && isThere(machine::NpuDataflow::OutputStationary)) {
    modes.push_back(ArrayMode::OutputStationary);
  }
  if (unit.modes.bitserial && !product.isOfFloats && takesBytes(unit) && areOfAType(product.bits)) {
    modes.push_back(ArrayMode::BitSerial);
  }
  if (tableDepth(core, product) > 0) {
    modes.push_back(ArrayMode::TableLookup);
  }
  return modes;
}

std::optional<ArrayMode> cost::chooseMode(const machine::NpuCore &core, const CodeProduct &product,
                                          int64_t mostRows, bool arePanels) {
  std::optional<ArrayMode> best;
  const int64_t most = std::max<int64_t>(mostRows, 1);
  for (ArrayMode mode : productModes(core, product)) {
    if (arePanels && mode == ArrayMode::TableLookup) {
      continue;
    }
    auto takesLess = [&](ArrayMode than) {
      return productCycles(core, product, mode, 1) < productCycles(core, product, than, 1) &&
             productCycles(core, product, mode, most) <= productCycles(core, product, than, most);
    };
    if (!best || takesLess(*best)) {
      best = mode;
    }
  }
  return best;
}
