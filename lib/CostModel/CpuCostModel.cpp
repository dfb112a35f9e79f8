#include "coopt/CostModel/CpuCostModel.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::cost;
using machine::CpuMachine;
using machine::SimdVariant;

namespace {

/// Sizes are doubles from here on: products of three of them may exceed 64 bits.
double ceilDiv(double a, double b) { return std::ceil(a / b); }

/// What every kind of kernel comes down to.
struct Work {
  double rows, columns;                                ///< of the iteration space that is tiled
  double rowTile, columnTile;                          ///< at most rows, columns
  double operations = 0;                               ///< that are asked for, whatever the tiles
  double secondsPerItem = 0;                           ///< of computing a full tile
  double rate = 0;                                     ///< operations per second and core
  double registerBytes = 0;                            ///< loads and stores of all items
  double activationBytes = 0, weightBytes = 0;         ///< crossing as the header says
  double activationTileBytes = 0, weightTileBytes = 0; ///< of one item
  double onceBytes = 0;                                ///< cross each level once
  double stateBytes = 0, stateSlabBytes = 0;           ///< attention
  double statePasses = 0;                              ///< sweeps over a slab
  double warmBytes = 0;                                ///< of all operands that are not cold
  double unhidden = 0; ///< of the shorter of computing and moving, what is not hidden behind the longer
  bool activationsCold = false, weightsCold = false, stateCold = false;
  double onceColdBytes = 0;

  double coldBytes() const {
    return onceColdBytes + (activationsCold ? activationBytes : 0) + (weightsCold ? weightBytes : 0) +
           (stateCold ? stateBytes : 0);
  }
  double rowTiles() const { return ceilDiv(rows, rowTile); }
  double columnTiles() const { return ceilDiv(columns, columnTile); }
};

struct Parallelism {
  double cores, rounds, imbalance;
};

constexpr double kUnhiddenByUnit = 0.4;
constexpr int64_t kMaximalSize = int64_t(1) << 48;

Status checkSizes(const std::string &place, std::initializer_list<std::pair<const char *, int64_t>> sizes,
                  int64_t least) {
  for (const auto &[what, value] : sizes) {
    if (value < least || value > kMaximalSize) {
      return fail(place + ": expected " + what + " in " + std::to_string(least) + ".." +
                  std::to_string(kMaximalSize) + ", got " + std::to_string(value));
    }
  }
  return {};
}

/// Bits of an integer element type, 0 for a float type, -1 for what is neither.
int integerBits(const std::string &type) {
  if (type == "f32" || type == "f16" || type == "bf16") {
    return 0;
  }
  for (int bits : {1, 2, 3, 4, 5, 6, 7, 8, 16, 32}) {
    if (type == "i" + std::to_string(bits)) {
      return bits;
    }
  }
  return -1;
}

/// As computed with: 16 bits of f16 and bf16, 32 of f32, the bits of an integer.
double elementBytes(const std::string &type) {
  const int bits = integerBits(type);
  return (bits > 0 ? bits : type == "f32" ? 32 : 16) / 8.0;
}

double tileOf(int64_t tile, double size) {
  return tile == 0 ? size : std::min(static_cast<double>(tile), size);
}

/// Operands by role, all but the first of each (of a contraction) or all (of the others) as `once`.
Status sumOperands(const std::string &place, const KernelSummary &kernel, Work &work,
                   const OperandSummary *&activation, const OperandSummary *&weight) {
  for (const OperandSummary &operand : kernel.operands) {
    if (integerBits(operand.type) < 0) {
      return fail(place + ": expected the element type f32, f16, bf16, i1 to i8, i16 or i32, got '" +
                  operand.type + "'");
    }
    if (!(operand.bytes >= 0) || !std::isfinite(operand.bytes)) {
      return fail(place + ": expected an operand's bytes not to be negative, got " +
                  std::to_string(operand.bytes));
    }
    work.warmBytes += operand.cold ? 0 : operand.bytes;
    if (kernel.kind == KernelKind::Contraction && operand.role == OperandRole::Activation && !activation) {
      activation = &operand;
      work.activationBytes = operand.bytes;
      work.activationsCold = operand.cold;
    } else if (kernel.kind == KernelKind::Contraction && operand.role == OperandRole::Weight && !weight) {
      weight = &operand;
      work.weightBytes = operand.bytes;
      work.weightsCold = operand.cold;
    } else if (kernel.kind == KernelKind::Attention && operand.role == OperandRole::State) {
      work.stateBytes += operand.bytes;
      work.stateCold |= operand.cold;
    } else {
      work.onceBytes += operand.bytes;
      work.onceColdBytes += operand.cold ? operand.bytes : 0;
    }
  }
  return {};
}

/// Rows and columns whose sums are in registers at a time.
struct Block {
  double rows, columns;
};

/// How an item of a contraction is computed; the header says what all of it means.
class ContractionCost {
public:
  ContractionCost(const KernelSummary &kernel, const CpuMachine &cpu, const SimdVariant &named,
                  const Work &work, bool areIntegers)
      : kernel(kernel), work(work), areIntegers(areIntegers),
        onUnit(named.set == machine::InstructionSet::Amx && kernel.codes.isWhole && work.rowTile > 1),
        variant(vectorVariant(cpu, named, onUnit)), lanes(static_cast<double>(variant.vectorBits) / 32) {}

  bool isOnUnit() const { return onUnit; }

  Block block() const {
    const double rows = work.rowTile;
    if (onUnit) {
      return {kUnitRows, kUnitRows};
    }
    if (kernel.codes.bits > 0) {
      return {std::min(rows, kCodeRows), lanes};
    }
    const double vectors = std::min(ceilDiv(work.columnTile, lanes), 2.0); // c / L
    const double registers = static_cast<double>(variant.vectorRegisters);
    return {std::max(1.0, std::min(rows, std::floor((registers - 1) / vectors) - 1)), vectors * lanes};
  }

  double secondsPerItem() const {
    const double k = static_cast<double>(kernel.k), epilogue = kernel.operationsPerElement;
    const double columns = ceilDiv(work.columnTile, lanes) * lanes;
    const double floatRate = 1e9 * variant.f32GflopsPerCore, integerRate = 1e9 * variant.i8GopsPerCore;
    if (kernel.codes.bits == 0) {
      return areIntegers ? work.rowTile * columns * (2 * k / integerRate + epilogue / floatRate)
                         : work.rowTile * columns * (2 * k + epilogue) / floatRate;
    }
    const double vectorRate = floatRate / (2 * lanes);
    const double passes = onUnit ? 1 : ceilDiv(work.rowTile, kCodeRows);
    const double products = onUnit ? ceilDiv(work.rowTile, kUnitRows) * kUnitRows *
                                         ceilDiv(work.columnTile, kUnitRows) * kUnitRows
                                   : work.rowTile * columns;
    const double groups = kernel.codes.group > 0 ? ceilDiv(k, static_cast<double>(kernel.codes.group)) : 1;
    const double decoding = passes * work.columnTile * k * decodeWork() / (4 * lanes);
    const double scaling = work.rowTile * (columns / lanes) * ((onUnit ? 8 : 4) * groups + epilogue);
    return products * 2 * k / (areIntegers ? integerRate : floatRate) + (decoding + scaling) / vectorRate;
  }

private:
  static constexpr double kUnitRows = 32; ///< rows and columns of a block of the matrix unit
  static constexpr double kCodeRows = 4;  ///< rows that share what is read of codes

  /// Where the matrix unit does not compute, the set below it does.
  static const SimdVariant &vectorVariant(const CpuMachine &cpu, const SimdVariant &named, bool onUnit) {
    const SimdVariant *below = cpu.variant(machine::InstructionSet::Avx512);
    return named.set == machine::InstructionSet::Amx && !onUnit && below ? *below : named;
  }
  /// Vectors' work for 4 L codes.
  double decodeWork() const {
    if (!areIntegers) {
      return 12;
    }
    return kernel.codes.bits >= 8 ? 0 : kernel.codes.bits == 4 ? 3 : 5;
  }

  const KernelSummary &kernel;
  const Work &work;
  bool areIntegers, onUnit;
  const SimdVariant &variant;
  double lanes;
};

void describeContraction(const KernelSummary &kernel, const CpuMachine &cpu, const SimdVariant &variant,
                         const OperandSummary &activation, const OperandSummary &weight, Work &work) {
  const double m = work.rows, n = work.columns, k = static_cast<double>(kernel.k);
  const int activationBits = integerBits(activation.type), weightBits = integerBits(weight.type);
  const bool integers = activationBits > 0 && activationBits <= 8 && weightBits > 0 && weightBits <= 8;
  const ContractionCost cost(kernel, cpu, variant, work, integers);
  work.rate = 1e9 * (integers ? variant.i8GopsPerCore : variant.f32GflopsPerCore);
  work.operations = m * n * 2 * k;
  work.secondsPerItem = cost.secondsPerItem();
  work.unhidden = cost.isOnUnit() ? kUnhiddenByUnit : 0;

  const Block block = cost.block();
  const double activationElementBytes = work.activationBytes / (m * k);
  const double weightElementBytes = work.weightBytes / (n * k);
  work.registerBytes =
      m * n * k * (weightElementBytes / block.rows + activationElementBytes / block.columns) + work.onceBytes;
  work.activationTileBytes = work.rowTile * k * activationElementBytes;
  work.weightTileBytes = work.columnTile * k * weightElementBytes;
}

/// Bytes that cross into a cache of capacity `bytes`, `instances` of which are in use; only what is cold if
/// `fromMemory` and the rest stays in a cache.
double crossing(const Work &work, double bytes, double instances, bool coldOnly) {
  const double r = work.rowTiles(), c = work.columnTiles();
  double total = coldOnly ? work.onceColdBytes : work.onceBytes;
  if (work.activationBytes > 0 && (work.activationsCold || !coldOnly)) {
    const bool fits = work.activationTileBytes + work.weightTileBytes <= bytes;
    total += work.activationBytes * (fits ? std::min(std::max(ceilDiv(instances, r), 1.0), c) : c);
  }
  if (work.weightBytes > 0 && (work.weightsCold || !coldOnly)) {
    const bool fits = work.weightBytes + work.activationTileBytes <= bytes;
    total += work.weightBytes * (fits ? std::min(instances, r) : r);
  }
  if (work.stateBytes > 0 && (work.stateCold || !coldOnly)) {
    total += work.stateSlabBytes <= bytes ? work.stateBytes : work.stateSlabBytes * work.statePasses;
  }
  return total;
}

Estimate assemble(const Work &work, const CpuMachine &cpu) {
  const double items = work.rowTiles() * work.columnTiles();
  Parallelism parallel;
  parallel.cores = std::min(static_cast<double>(cpu.cores), items);
  parallel.rounds = ceilDiv(items, parallel.cores);
  parallel.imbalance = parallel.rounds * parallel.cores / items;

  Estimate estimate;
  estimate.terms.push_back({"compute", parallel.rounds * work.secondsPerItem});
  for (size_t level = 0; level < cpu.caches.size(); ++level) {
    double bytes = work.registerBytes;
    if (level > 0) {
      const machine::Cache &nearer = cpu.caches[level - 1];
      bytes = crossing(work, static_cast<double>(nearer.bytes),
                       ceilDiv(parallel.cores, static_cast<double>(nearer.sharedByCores)), false);
    }
    const std::string name = "L" + std::to_string(level + 1);
    const double perSecond = parallel.cores * 1e9 * cpu.caches[level].gbytesPerSecondPerCore;
    estimate.traffic.push_back({name, bytes});
    estimate.terms.push_back({name, parallel.imbalance * bytes / perSecond});
  }
  const machine::Cache &last = cpu.caches.back();
  const double lastBytes = static_cast<double>(last.bytes);
  const double bytes =
      crossing(work, lastBytes, ceilDiv(parallel.cores, static_cast<double>(last.sharedByCores)),
               work.warmBytes <= lastBytes);
  estimate.traffic.push_back({"memory", bytes});
  estimate.terms.push_back({"memory", bytes / (1e9 * cpu.memory.gbytesPerSecond)});

  size_t longest = 0;
  for (size_t i = 1; i < estimate.terms.size(); ++i) {
    longest = estimate.terms[i].seconds > estimate.terms[longest].seconds ? i : longest;
  }
  const double overhead = 1e-9 * (cpu.dispatchNanoseconds + parallel.rounds * cpu.workItemNanoseconds);
  // Terms are compute, then the levels.
  double next = longest == 0 ? 0 : estimate.terms[0].seconds;
  for (size_t i = 1; longest == 0 && i < estimate.terms.size(); ++i) {
    next = std::max(next, estimate.terms[i].seconds);
  }
  estimate.seconds = estimate.terms[longest].seconds + work.unhidden * next + overhead;
  const bool waits = overhead > estimate.terms[longest].seconds;
  estimate.boundBy = waits                                  ? BoundBy::Overhead
                     : longest == 0                         ? BoundBy::Compute
                     : longest + 1 == estimate.terms.size() ? BoundBy::Memory
                                                            : BoundBy::Cache;
  estimate.bound = waits ? "overhead" : estimate.terms[longest].name;
  estimate.terms.push_back({"overhead", overhead});
  estimate.rooflineSeconds = std::max(work.operations / (static_cast<double>(cpu.cores) * work.rate),
                                      work.coldBytes() / (1e9 * cpu.memory.gbytesPerSecond));
  return estimate;
}

} // namespace

Expected<CpuCostModel> CpuCostModel::create(const machine::Machine &machine) {
  if (Status status = machine::validate(machine); !status) {
    return forward(status.error(), "machine '" + machine.name + "'");
  }
  const CpuMachine *cpu = machine.cpu();
  if (!cpu) {
    return fail("machine '" + machine.name + "': expected a cpu, got " + machine.kind());
  }
  return CpuCostModel(machine.name, *cpu);
}

Expected<Estimate> CpuCostModel::estimate(const KernelSummary &kernel, const Candidate &candidate) const {
  const std::string place = "kernel '" + kernel.id + "' (" + cost::name(kernel.kind) + ")";
  Expected<machine::InstructionSet> set = machine::parseInstructionSet(candidate.instructionFamily);
  if (!set) {
    return forward(set.error(), place);
  }
  const SimdVariant *variant = cpu.variant(*set);
  if (!variant) {
    return fail(place + ": machine '" + machineName + "' does not have " + candidate.instructionFamily);
  }
  if (Status status = checkSizes(place,
                                 {{"a row tile", candidate.rowTile},
                                  {"a column tile", candidate.columnTile},
                                  {"an inner tile", candidate.innerTile}},
                                 0);
      !status) {
    return forward(status.error());
  }
  if (!(kernel.operationsPerElement >= 0) || !std::isfinite(kernel.operationsPerElement)) {
    return fail(place + ": expected operations per element not to be negative");
  }

  Work work;
  Status sizes;
  switch (kernel.kind) {
  case KernelKind::Contraction:
    sizes = checkSizes(place, {{"m", kernel.m}, {"n", kernel.n}, {"k", kernel.k}}, 1);
    work.rows = static_cast<double>(kernel.m);
    work.columns = static_cast<double>(kernel.n);
    break;
  case KernelKind::Rows:
  case KernelKind::Elementwise:
    sizes = checkSizes(place, {{"rows", kernel.rows}, {"row elements", kernel.rowElements}}, 1);
    work.rows = static_cast<double>(kernel.rows);
    work.columns = 1;
    break;
  case KernelKind::Attention:
    sizes = checkSizes(place,
                       {{"queries", kernel.queries},
                        {"keys", kernel.keys},
                        {"heads", kernel.heads},
                        {"head size", kernel.headSize}},
                       1);
    work.rows = static_cast<double>(kernel.queries);
    work.columns = static_cast<double>(kernel.heads);
    break;
  }
  if (!sizes) {
    return forward(sizes.error());
  }
  work.rowTile = tileOf(candidate.rowTile, work.rows);
  work.columnTile = tileOf(candidate.columnTile, work.columns);
  const OperandSummary *activation = nullptr, *weight = nullptr;
  if (Status status = sumOperands(place, kernel, work, activation, weight); !status) {
    return forward(status.error());
  }

  if (kernel.kind == KernelKind::Contraction) {
    if (!activation || !weight) {
      return fail(place + ": expected an activation and a weight operand");
    }
    describeContraction(kernel, cpu, *variant, *activation, *weight, work);
    return assemble(work, cpu);
  }
  work.rate = 1e9 * variant->f32GflopsPerCore / 2;
  double operationsPerRow = static_cast<double>(kernel.rowElements) * kernel.operationsPerElement;
  work.registerBytes = work.onceBytes;
  if (kernel.kind == KernelKind::Attention) {
    const double keys = static_cast<double>(kernel.keys), headSize = static_cast<double>(kernel.headSize);
    operationsPerRow = keys * (4 * headSize + kernel.operationsPerElement);
    auto state =
        std::find_if(kernel.operands.begin(), kernel.operands.end(),
                     [](const OperandSummary &operand) { return operand.role == OperandRole::State; });
    if (state == kernel.operands.end()) {
      return fail(place + ": expected a state operand");
    }
    work.stateSlabBytes = 2 * keys * headSize * elementBytes(state->type); // keys and values of one head
    work.statePasses = work.rows * work.columns;
    work.registerBytes += work.stateSlabBytes * work.statePasses;
  }
  work.operations = work.rows * work.columns * operationsPerRow;
  work.secondsPerItem = work.rowTile * work.columnTile * operationsPerRow / work.rate;
  return assemble(work, cpu);
}
