#include "Npu/Sim/Work.h"
#include "coopt/CostModel/ArrayChoice.h"

#include <algorithm>

using namespace coopt;
using namespace coopt::npu;

namespace {

uint64_t ceilDivided(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

/// The unit's array in a mode (mxu.mode), as the laws of its time know it.
cost::MatrixArray arrayOf(const machine::NpuMatrixUnit &unit, const Entry &mode) {
  using cost::ArrayMode;
  const bool isChain = unit.weightLoad == machine::NpuWeightLoad::ShiftChain;
  switch (choiceOf<MatrixMode>(mode, "mode")) {
  case MatrixMode::Ws:
    return cost::arrayOf(unit, isChain ? ArrayMode::WeightStationaryChain : ArrayMode::WeightStationary);
  case MatrixMode::Os:
    return cost::arrayOf(unit, ArrayMode::OutputStationary);
  case MatrixMode::Dot:
    return cost::arrayOf(unit, ArrayMode::DotProduct);
  case MatrixMode::Lut:
    return cost::arrayOf(unit, ArrayMode::TableLookup);
  case MatrixMode::Bitserial:
    return cost::arrayOf(unit, ArrayMode::BitSerial);
  case MatrixMode::Nm:
    break;
  }
  cost::MatrixArray array =
      cost::arrayOf(unit, isChain ? ArrayMode::KeptWeightsChain : ArrayMode::KeptWeights);
  array.kept = mode["n"].value;
  array.group = mode["m"].value;
  return array;
}

class MatrixWork {
public:
  MatrixWork(const machine::NpuCore &core, const Settings &settings, const Entry &entry, Work &work)
      : core(core), unit(*core.mxu), settings(settings), entry(entry), mode(*settings.matrix()), work(work),
        array(arrayOf(unit, mode)) {
    tile.aBits = bitsOf(mode, "a");
    tile.wBits = bitsOf(mode, "w");
  }

  void run();

private:
  const machine::NpuCore &core;
  const machine::NpuMatrixUnit &unit;
  const Settings &settings;
  const Entry &entry;
  const Entry &mode;
  Work &work;
  const cost::MatrixArray array;
  cost::ArrayTile tile; ///< what of it the entry says

  uint64_t value(FieldName field) const { return static_cast<uint64_t>(entry[field].value); }
  uint64_t downTo(uint64_t row) const {
    return row * static_cast<uint64_t>(unit.hopRegistersDown.value_or(1));
  }
  uint64_t across() const {
    return static_cast<uint64_t>((unit.cols - 1) * unit.hopRegistersAcross.value_or(1));
  }
  uint64_t spadLatency() const { return static_cast<uint64_t>(core.spad.latencyCycles); }
  /// Cycles of a row of sums, and the least of the entry, in the accumulator.
  uint64_t sumCycles(uint64_t rows, uint64_t columns) const;
  void counts(const char *what, uint64_t count) {
    const bool isSourced = bitsOf(mode, "a") == 8 && bitsOf(mode, "w") == 8 &&
                           machine::isInteger(typeOf(mode, "a")) && machine::isInteger(typeOf(mode, "w"));
    work.action = {Engine::Matrix,
                   std::string(what) + " " + machine::name(typeOf(mode, "a")) + " x " +
                       machine::name(typeOf(mode, "w")),
                   isSourced && std::string_view(what) == "multiply_add"
                       ? std::optional(machine::EnergyAction::MultiplyAddI8)
                       : std::nullopt,
                   count, std::string_view(what) == "multiply_add"};
  }
  void takes(uint64_t occupied, uint64_t results) {
    work.occupied = std::max<uint64_t>(occupied, 1);
    work.latency = std::max(work.occupied, results);
  }
  void weights();
  void stream();
  void multiply();
  void drain();
  void tables();
  void lookUp();
};

uint64_t MatrixWork::sumCycles(uint64_t rows, uint64_t columns) const {
  const bool adds = addsSums(entry);
  const auto rowBytes = ceilDivided(columns * bitsOf(mode, "acc"), 8),
             stride = static_cast<uint64_t>(mode["acc_stride"].value),
             width = static_cast<uint64_t>(core.acc->widthBytes),
             rmw = static_cast<uint64_t>(core.acc->rmwCycles);
  const bool shareLines = rows > 1 && (stride == 0 || (stride % width != 0 && stride < rowBytes + width));
  return std::max<uint64_t>(adds ? rows * (shareLines ? rmw : 1) : rows, adds ? rmw : 1);
}

void MatrixWork::weights() {
  tile.n = entry["columns"].value;
  const uint64_t cycles = value("rows") * static_cast<uint64_t>(cost::weightWords(array, tile));
  work.unit = Unit::Loads;
  work.waitsFor = setOf(Unit::Loads);
  takes(cycles, cycles + spadLatency());
}

void MatrixWork::stream() {
  const Settings::Tile &weights = settings.weights(entry);
  tile.k = weights.rows;
  const uint64_t words = value("rows") * static_cast<uint64_t>(cost::activationWords(array, tile));
  const uint64_t cycles =
      std::max({words, sumCycles(value("rows"), static_cast<uint64_t>(weights.columns)), uint64_t(1)});
  const uint64_t results = cycles + static_cast<uint64_t>(cost::resultDelay(array)) + spadLatency();
  takes(cycles, results);
  if (words > 0 && cycles < static_cast<uint64_t>(array.minimumStripe)) {
    work.unitBlocked = static_cast<uint64_t>(array.minimumStripe);
  }
  if (isYes(entry, "swap")) {
    work.waitsFor |= setOf(Unit::Loads);
    if (cost::isChain(array.mode)) {
      work.loadsBlocked = downTo(static_cast<uint64_t>(std::max<int64_t>(tile.k, 1)) - 1);
    }
  }
  counts("multiply_add", value("rows") * static_cast<uint64_t>(weights.rows * weights.columns));
}

void MatrixWork::multiply() {
  const int64_t ports = std::max(cost::portWords(entry["columns"].value * tile.wBits, unit.weightPortBytes),
                                 cost::portWords(entry["rows"].value * tile.aBits, unit.activationPortBytes));
  const uint64_t cycles = value("depth") * static_cast<uint64_t>(std::max(cost::steps(array, tile), ports));
  takes(cycles, cycles + downTo(std::max<uint64_t>(value("rows"), 1) - 1) + across() + spadLatency());
  counts("multiply_add", value("rows") * value("depth") * value("columns"));
}

void MatrixWork::drain() {
  const uint64_t moves = downTo(std::max<uint64_t>(value("rows"), 1) - 1),
                 rows = static_cast<uint64_t>(unit.rows);
  work.unit = Unit::Drains;
  work.waitsFor = setOf(Unit::Main) | setOf(Unit::Drains);
  work.blocksMain = !unit.shadowAccumulators.value_or(false);
  const uint64_t sums = sumCycles(value("rows"), value("columns"));
  const uint64_t extra = sums - std::min(sums, value("rows")); // the chain is held
  takes(moves + rows - 1 + extra, moves + across() + rows + extra + spadLatency());
}

void MatrixWork::tables() {
  tile.m = entry["rows"].value;
  tile.k = entry["depth"].value;
  const machine::NpuLutMode &lut = *unit.modes.lut;
  work.unit = Unit::Loads;
  work.waitsFor = setOf(Unit::Loads);
  const auto cycles =
      tile.m == 0 || tile.k == 0 ? uint64_t(0) : static_cast<uint64_t>(cost::tableCycles(array, tile));
  takes(cycles, cycles + spadLatency());
  const uint64_t entries = value("rows") * ceilDivided(value("depth"), static_cast<uint64_t>(lut.group))
                           << (lut.group - 1);
  work.action = {Engine::Matrix, "table entries", std::nullopt, entries};
}

void MatrixWork::lookUp() {
  tile.m = entry["rows"].value;
  tile.k = settings.tableDepth(entry);
  tile.n = entry["columns"].value;
  const machine::NpuLutMode &lut = *unit.modes.lut;
  if (isYes(entry, "swap") || !lut.doubleBuffered) {
    work.waitsFor |= setOf(Unit::Loads);
  }
  uint64_t cycles = sumCycles(value("rows"), value("columns")), alone = 0;
  if (tile.m != 0 && tile.k != 0 && tile.n != 0) {
    cycles = std::max(cycles, static_cast<uint64_t>(cost::lookupCycles(array, tile)));
    alone = static_cast<uint64_t>(cost::lookupCyclesAlone(array, tile));
    work.loadsBlocked = lut.doubleBuffered ? 0 : alone; // the tables are read
    alone += value("rows") + 1;
  }
  takes(cycles, std::max(cycles, alone) + spadLatency());
  const uint64_t groups = ceilDivided(static_cast<uint64_t>(tile.k), static_cast<uint64_t>(lut.group));
  work.action = {Engine::Matrix, "lookups", std::nullopt,
                 value("rows") * value("columns") * groups * bitsOf(mode, "w")};
}

void MatrixWork::run() {
  switch (entry.opcode) {
  case opcode::MxuWeights:
    return weights();
  case opcode::MxuStream:
    return stream();
  case opcode::MxuMultiply:
    return multiply();
  case opcode::MxuDrain:
    return drain();
  case opcode::MxuTables:
    return tables();
  default:
    return lookUp();
  }
}

void vectorWork(const machine::NpuCore &core, const Settings &settings, const Entry &entry, Work &work) {
  const machine::NpuVectorUnit &unit = *core.vec;
  const machine::NpuVectorCycles &of = unit.opCycles;
  const auto rows = static_cast<uint64_t>(entry["rows"].value),
             columns = static_cast<uint64_t>(entry["columns"].value);
  int64_t cycles = of.add;
  std::string_view function = "unpack";
  if (entry.opcode == opcode::VecUnpack) {
    cycles = of.mul;
  } else {
    function = chosen(entry, "function");
    cycles = function == "mul"    ? of.mul
             : function == "fma"  ? of.fma
             : function == "div"  ? of.div
             : function == "sqrt" ? of.sqrt
             : function == "exp2" ? of.exp2
                                  : of.add;
  }
  uint64_t steps = ceilDivided(columns, static_cast<uint64_t>(unit.lanes));
  if (entry.opcode == opcode::VecReduce) {
    for (int64_t lanes = unit.lanes; lanes > 1; lanes /= 2) {
      ++steps; // half of the lanes are added to the other half
    }
  }
  work.occupied = std::max<uint64_t>(rows * steps * static_cast<uint64_t>(cycles), 1);
  work.latency = work.occupied;
  // What a function is of, integers or binary32, is what it reads.
  const Entry &mode = *settings.vector();
  const int operands =
      entry.opcode == opcode::VecMap ? operandsOf(choiceOf<VectorFunction>(entry, "function")) : 1;
  bool areIntegers = true;
  for (const char *operand : {"a", "b", "c"}) {
    areIntegers &= operand[0] - 'a' >= operands || machine::isInteger(typeOf(mode, operand));
  }
  std::optional<machine::EnergyAction> energy;
  if (function == "add" || function == "sub" || function == "sum") {
    energy = areIntegers ? machine::EnergyAction::AddI32 : machine::EnergyAction::AddF32;
  } else if (function == "mul") {
    energy = areIntegers ? machine::EnergyAction::MultiplyI32 : machine::EnergyAction::MultiplyF32;
  }
  work.action = {Engine::Vector, std::string(function) + (areIntegers ? " i32" : " f32"), energy,
                 rows * columns};
}

/// Elements come in by lanes; each of the k places is found while they do.
void selectionWork(const machine::NpuCore &core, const Entry &entry, Work &work) {
  const machine::NpuTopkUnit &unit = *core.topk;
  const bool isSelect = entry.opcode == opcode::TopkSelect;
  const auto rows = static_cast<uint64_t>(entry["rows"].value);
  const auto columns = static_cast<uint64_t>(entry[isSelect ? "columns" : "k"].value);
  const uint64_t cycles = rows * ceilDivided(columns, static_cast<uint64_t>(unit.lanes)) *
                              static_cast<uint64_t>(unit.cyclesPerElement) +
                          static_cast<uint64_t>(entry[isSelect ? "k" : "experts"].value);
  work.occupied = work.latency = std::max<uint64_t>(cycles, 1);
  work.action = {Engine::TopK, isSelect ? "selected from" : "routed", std::nullopt, rows * columns};
}

/// Bytes that an operand moves at once.
uint64_t wordBytes(const machine::NpuCore &core, const Settings &settings, const Entry &entry,
                   const Access &access) {
  const Instruction &instruction = *find(entry.opcode);
  const std::string_view field = instruction.fields[access.operand].name;
  auto ofLanes = [&](int64_t lanes, unsigned bits) {
    return std::max<uint64_t>(static_cast<uint64_t>(lanes) * bits / 8, 1);
  };
  switch (instruction.engine) {
  case Engine::Matrix:
    if (access.space == Space::Acc) {
      return access.rowBytes;
    }
    return static_cast<uint64_t>(instruction.timing == Timing::WeightLoad || field == "w"
                                     ? core.mxu->weightPortBytes
                                     : core.mxu->activationPortBytes);
  case Engine::Vector:
    return ofLanes(core.vec->lanes,
                   entry.opcode == opcode::VecUnpack ? 8 : bitsOf(*settings.vector(), field));
  case Engine::TopK:
    return ofLanes(core.topk->lanes, 32);
  default:
    return 0;
  }
}

} // namespace

Work npu::workOf(const machine::NpuMachine &machine, const Settings &settings, const Entry &entry,
                 const Accesses &accesses, PartSet infinite) {
  const Instruction &instruction = *find(entry.opcode);
  const machine::NpuCore &core = machine.cores.front();
  Work work;
  if (instruction.timing == Timing::Settings || instruction.engine == Engine::Dma ||
      instruction.engine == Engine::Control) {
    return work;
  }
  Part part = Part::Matrix;
  if (instruction.engine == Engine::Matrix) {
    MatrixWork(core, settings, entry, work).run();
  } else if (instruction.engine == Engine::Vector) {
    part = Part::Vector;
    vectorWork(core, settings, entry, work);
  } else {
    part = Part::TopK;
    selectionWork(core, entry, work);
  }
  bool readsSpad = false;
  for (const Access &access : accesses) {
    readsSpad |= access.space == Space::Spad && !access.isWrite;
    const uint64_t word = wordBytes(core, settings, entry, access);
    MemoryUse use{access.operand,
                  access.first,
                  access.space,
                  access.isWrite,
                  {access.first, access.rows, access.rowBytes, access.stride, word}};
    work.uses.push_back(use);
    // What is added to is read first.
    if (access.space == Space::Acc && access.isWrite && instruction.engine == Engine::Matrix &&
        addsSums(entry)) {
      use.isWrite = false;
      work.uses.push_back(use);
    }
  }
  if (readsSpad && instruction.engine != Engine::Matrix) {
    work.latency += static_cast<uint64_t>(core.spad.latencyCycles);
  }
  if (has(infinite, Part::Spad) && (readsSpad || instruction.timing == Timing::Drain)) {
    work.latency -= static_cast<uint64_t>(core.spad.latencyCycles);
  }
  if (has(infinite, part)) {
    work.occupied = work.latency = 1;
    work.loadsBlocked = work.unitBlocked = 0;
    work.blocksMain = false;
  }
  return work;
}
