#include "coopt/CostModel/CpuCostModel.h"

#include "CpuItems.h"
#include "SummaryChecks.h"

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
  double writtenBytes = 0;                             ///< of those, what is fetched before it is written
  double stateBytes = 0, stateSlabBytes = 0;           ///< attention
  double statePasses = 0;                              ///< sweeps over a slab
  double stateWait = 1;                                ///< times as long as its bytes take in one stretch
  double warmBytes = 0;                                ///< of all operands that are not cold
  double unhidden = 0;     ///< of the shorter of computing and moving, what is not hidden behind the longer
  bool isLookedUp = false; ///< what is cold are rows here and there
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

constexpr double kUnhiddenByUnit = 0.6;
constexpr double kRunsOfState = 4; ///< times as long as one stretch of memory take the short ones of a head
constexpr double kLinesUnderWay = 12; ///< that a core waits for at a time, where prefetching has not begun
constexpr double kCallSeconds =
    0.3e-6; ///< the first lines of a kernel's code and operands come from further away
constexpr double kBlockOfKeys = 32; ///< that are read as a whole

double tileOf(int64_t tile, double size) {
  return tile == 0 ? size : std::min(static_cast<double>(tile), size);
}

/// Lines of a result are fetched before they are written (write-allocate), unless it takes the place of what it is made from.
bool isFetchedToBeWritten(const KernelSummary &kernel, const OperandSummary &output) {
  return output.role == OperandRole::Output &&
         (kernel.kind != KernelKind::Elementwise ||
          std::none_of(kernel.operands.begin(), kernel.operands.end(), [&](const OperandSummary &operand) {
            return operand.role == OperandRole::Activation && operand.bytes == output.bytes;
          }));
}

/// Operands by role, all but the first of each (of a contraction) or all (of the others) as `once`.
void sumOperands(const KernelSummary &kernel, Work &work, const OperandSummary *&activation,
                 const OperandSummary *&weight) {
  for (const OperandSummary &operand : kernel.operands) {
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
      work.writtenBytes += isFetchedToBeWritten(kernel, operand) ? operand.bytes : 0;
    }
  }
}

void describeContraction(const KernelSummary &kernel, const CpuMachine &cpu, const SimdVariant &variant,
                         const OperandSummary &activation, const OperandSummary &weight, Work &work) {
  const double m = work.rows, n = work.columns, k = static_cast<double>(kernel.k);
  auto isCode = [](const OperandSummary &operand) {
    const std::optional<ElementType> type = elementTypeOf(operand.type);
    return type && type->isInteger && type->bits <= 8;
  };
  const bool integers = isCode(activation) && isCode(weight);
  const ContractionItems items(kernel, cpu, variant, work.rowTile, work.columnTile, integers);
  work.rate = 1e9 * (integers ? variant.i8GopsPerCore : variant.f32GflopsPerCore);
  work.operations = m * n * 2 * k;
  work.secondsPerItem = items.seconds();
  work.unhidden = items.isOnUnit() ? kUnhiddenByUnit : 0;

  const Block block = items.block();
  const double activationElementBytes = work.activationBytes / (m * k);
  const double weightElementBytes = work.weightBytes / (n * k);
  work.registerBytes =
      m * n * k * (weightElementBytes / block.rows + activationElementBytes / block.columns) + work.onceBytes;
  work.activationTileBytes = work.rowTile * k * activationElementBytes;
  work.weightTileBytes = work.columnTile * k * weightElementBytes;
}

struct Crossing {
  double bytes = 0;
  double paidBytes = 0; ///< that would take as long in one stretch
};

/// What crosses into a cache of capacity `bytes`, `instances` of which are in use; only what is cold if
/// `coldOnly`, when the rest stays in a cache.
Crossing crossing(const Work &work, double bytes, double instances, bool coldOnly) {
  const double r = work.rowTiles(), c = work.columnTiles();
  double total = coldOnly ? work.onceColdBytes : work.onceBytes + work.writtenBytes;
  if (work.activationBytes > 0 && (work.activationsCold || !coldOnly)) {
    const bool fits = work.activationTileBytes + work.weightTileBytes <= bytes;
    total += work.activationBytes * (fits ? std::min(std::max(ceilDiv(instances, r), 1.0), c) : c);
  }
  if (work.weightBytes > 0 && (work.weightsCold || !coldOnly)) {
    const bool fits = work.weightBytes + work.activationTileBytes <= bytes;
    total += work.weightBytes * (fits ? std::min(instances, r) : r);
  }
  double state = 0;
  if (work.stateBytes > 0 && (work.stateCold || !coldOnly)) {
    state = work.stateSlabBytes <= bytes ? work.stateBytes : work.stateSlabBytes * work.statePasses;
  }
  return {total + state, total + work.stateWait * state};
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
    Crossing moved{work.registerBytes, work.registerBytes};
    if (level > 0) {
      const machine::Cache &nearer = cpu.caches[level - 1];
      moved = crossing(work, static_cast<double>(nearer.bytes),
                       ceilDiv(parallel.cores, static_cast<double>(nearer.sharedByCores)),
                       level > 1 && work.warmBytes <= static_cast<double>(cpu.caches[0].bytes));
    }
    const std::string name = "L" + std::to_string(level + 1);
    const double perSecond = parallel.cores * 1e9 * cpu.caches[level].gbytesPerSecondPerCore;
    estimate.traffic.push_back({name, moved.bytes});
    // What the second cache has is fetched ahead, however short.
    estimate.terms.push_back(
        {name, parallel.imbalance * (level > 1 ? moved.paidBytes : moved.bytes) / perSecond});
  }
  const machine::Cache &last = cpu.caches.back();
  const double lastBytes = static_cast<double>(last.bytes);
  const Crossing moved =
      crossing(work, lastBytes, ceilDiv(parallel.cores, static_cast<double>(last.sharedByCores)),
               work.warmBytes <= lastBytes);
  estimate.traffic.push_back({"memory", moved.bytes});
  double memoryRate = 1e9 * cpu.memory.gbytesPerSecond;
  if (work.isLookedUp) {
    const double lineBytes = static_cast<double>(last.lineBytes);
    memoryRate = std::min(memoryRate, parallel.cores * kLinesUnderWay * lineBytes /
                                          (1e-9 * cpu.memory.latencyNanoseconds));
  }
  estimate.terms.push_back({"memory", moved.paidBytes / memoryRate});

  size_t longest = 0;
  for (size_t i = 1; i < estimate.terms.size(); ++i) {
    longest = estimate.terms[i].seconds > estimate.terms[longest].seconds ? i : longest;
  }
  // One item is the calling thread's.
  const double overhead = kCallSeconds + 1e-9 * ((items > 1 ? cpu.dispatchNanoseconds : 0) +
                                                 parallel.rounds * cpu.workItemNanoseconds);
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
  const std::string place = placeOf(kernel);
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
  if (Status status = checkOperands(kernel); !status) {
    return forward(status.error());
  }
  sumOperands(kernel, work, activation, weight);

  if (kernel.kind == KernelKind::Contraction) {
    if (!activation || !weight) {
      return fail(place + ": expected an activation and a weight operand");
    }
    describeContraction(kernel, cpu, *variant, *activation, *weight, work);
    return assemble(work, cpu);
  }
  work.rate = 1e9 * variant->f32GflopsPerCore / 2;
  work.registerBytes = work.onceBytes;
  if (kernel.kind != KernelKind::Attention) {
    work.isLookedUp = kernel.kind == KernelKind::Elementwise;
    const double operationsPerRow = static_cast<double>(kernel.rowElements) * kernel.operationsPerElement;
    work.operations = work.rows * operationsPerRow;
    work.secondsPerItem = work.rowTile * operationsPerRow / work.rate;
    return assemble(work, cpu);
  }
  const auto state =
      std::find_if(kernel.operands.begin(), kernel.operands.end(),
                   [](const OperandSummary &operand) { return operand.role == OperandRole::State; });
  if (state == kernel.operands.end()) {
    return fail(place + ": expected a state operand");
  }
  const double keys = static_cast<double>(kernel.keys), headSize = static_cast<double>(kernel.headSize);
  work.stateSlabBytes =
      2 * keys * headSize * elementTypeOf(state->type)->bits / 8; // keys and values of one head
  work.statePasses = work.rows * work.columns;
  work.stateWait = kRunsOfState * ceilDiv(keys, kBlockOfKeys) * kBlockOfKeys / keys;
  work.registerBytes += work.stateSlabBytes * work.statePasses;
  work.operations = work.statePasses * keys * (4 * headSize + kernel.operationsPerElement);
  work.secondsPerItem = attentionSeconds(kernel, *variant, work.rowTile, work.columnTile);
  return assemble(work, cpu);
}
