#include "coopt/CostModel/GpuCostModel.h"

#include "SummaryChecks.h"

#include <algorithm>
#include <cmath>

using namespace coopt;
using namespace coopt::cost;
using machine::GpuMachine;

namespace {

constexpr double kThreadsPerBlock = 256;

double ceilDiv(double a, double b) { return std::ceil(a / b); }
double tileOf(int64_t tile, double size) {
  return tile == 0 ? size : std::min(static_cast<double>(tile), size);
}
/// Blocks on multiprocessors.
struct Grid {
  double blocks = 0, resident = 0, efficiency = 1;
  double bytesInFlight = 0; ///< of a block
};

Expected<Grid> placeBlocks(const std::string &place, const GpuMachine &gpu, double blocks,
                           double sharedBytes) {
  const auto limit = static_cast<double>(gpu.sharedBytesPerBlock);
  if (sharedBytes > limit) {
    return fail(place + ": tiles take " + std::to_string(static_cast<int64_t>(sharedBytes)) +
                " bytes of shared memory, a block of '" + gpu.name + "' has " +
                std::to_string(gpu.sharedBytesPerBlock) + ", " +
                std::to_string(static_cast<int64_t>(std::ceil(sharedBytes - limit))) + " too few");
  }
  const double processors = static_cast<double>(gpu.multiprocessors);
  const double byShared = std::floor(static_cast<double>(gpu.sharedBytes) / std::max(sharedBytes, 1.0));
  const double byThreads = std::floor(static_cast<double>(gpu.threads) / kThreadsPerBlock);
  Grid grid;
  grid.blocks = blocks;
  grid.bytesInFlight = sharedBytes;
  // No more on one than there are to go round.
  const double each = std::max(1.0, std::min({byShared, byThreads, ceilDiv(blocks, processors)}));
  const double slots = processors * each;
  grid.resident = std::min(blocks, slots);
  grid.efficiency = blocks / (ceilDiv(blocks, slots) * slots);
  return grid;
}

struct Bytes {
  double all = 0, cold = 0;
  double fromMemory(const GpuMachine &gpu) const {
    return all - cold <= static_cast<double>(gpu.l2Bytes) ? cold : all;
  }
};

Bytes bytesOf(const KernelSummary &kernel) {
  Bytes bytes;
  for (const OperandSummary &operand : kernel.operands) {
    bytes.all += operand.bytes;
    bytes.cold += operand.cold ? operand.bytes : 0;
  }
  return bytes;
}

double memorySeconds(const GpuMachine &gpu, double bytes, double bytesInFlight) {
  const double latency = 1e-9 * gpu.memoryLatencyNanoseconds;
  const double bandwidth = std::min(1e9 * gpu.memoryGbytesPerSecond, bytesInFlight / latency);
  return bytes > 0 ? bytes / bandwidth : 0;
}

/// Terms that overlap, of which those of the first `inWaves` wait for the last wave; then those that do not.
Estimate assemble(std::vector<Term> overlapping, size_t inWaves, double efficiency,
                  const std::vector<Term> &behind, std::vector<LevelTraffic> traffic, double roofline) {
  Estimate estimate;
  estimate.traffic = std::move(traffic);
  estimate.rooflineSeconds = roofline;
  size_t longest = 0;
  for (size_t i = 0; i < overlapping.size(); ++i) {
    overlapping[i].seconds /= i < inWaves ? efficiency : 1;
    longest = overlapping[i].seconds > overlapping[longest].seconds ? i : longest;
  }
  double overhead = 0;
  for (const Term &term : behind) {
    overhead += term.seconds;
  }
  const Term &bound = overlapping[longest];
  estimate.seconds = bound.seconds + overhead;
  estimate.bound = overhead > bound.seconds ? "overhead" : bound.name;
  estimate.boundBy = overhead > bound.seconds                       ? BoundBy::Overhead
                     : bound.name == "memory"                       ? BoundBy::Memory
                     : bound.name == "shared" || bound.name == "L2" ? BoundBy::Cache
                                                                    : BoundBy::Compute;
  estimate.terms = std::move(overlapping);
  estimate.terms.insert(estimate.terms.end(), behind.begin(), behind.end());
  return estimate;
}

} // namespace

Expected<Estimate> GpuCostModel::estimate(const KernelSummary &kernel, const Candidate &candidate) const {
  const std::string place = placeOf(kernel);
  Status status = checkSizes(place,
                             {{"a row tile", candidate.rowTile},
                              {"a column tile", candidate.columnTile},
                              {"an inner tile", candidate.innerTile}},
                             0);
  if (status) {
    status = checkSizes(place, {{"a split", candidate.split}, {"stages", candidate.stages}}, 1);
  }
  if (status) {
    status = checkOperands(kernel);
  }
  if (!status) {
    return forward(status.error());
  }
  switch (kernel.kind) {
  case KernelKind::Contraction:
    status = checkSizes(place, {{"m", kernel.m}, {"n", kernel.n}, {"k", kernel.k}}, 1);
    return status ? contraction(kernel, candidate) : forward(status.error());
  case KernelKind::Attention:
    status = checkSizes(place,
                        {{"queries", kernel.queries},
                         {"keys", kernel.keys},
                         {"heads", kernel.heads},
                         {"heads that share keys", kernel.headsPerBlock},
                         {"head size", kernel.headSize}},
                        1);
    return status ? attention(kernel, candidate) : forward(status.error());
  case KernelKind::Rows:
  case KernelKind::Elementwise:
    status = checkSizes(place, {{"rows", kernel.rows}, {"row elements", kernel.rowElements}}, 1);
    return status ? stream(kernel) : forward(status.error());
  }
  return fail(place + ": is of no known kind");
}

Expected<Estimate> GpuCostModel::contraction(const KernelSummary &kernel, const Candidate &candidate) const {
  const std::string place = placeOf(kernel);
  const OperandSummary *activation = nullptr, *weight = nullptr, *output = nullptr;
  for (const OperandSummary &operand : kernel.operands) {
    const OperandSummary *&slot = operand.role == OperandRole::Activation ? activation
                                  : operand.role == OperandRole::Weight   ? weight
                                                                          : output;
    slot = slot ? slot : &operand;
  }
  if (!activation || !weight) {
    return fail(place + ": expected an activation and a weight operand");
  }
  const double m = static_cast<double>(kernel.m), n = static_cast<double>(kernel.n),
               k = static_cast<double>(kernel.k);
  const double rows = tileOf(candidate.rowTile, m), columns = tileOf(candidate.columnTile, n),
               inner = tileOf(candidate.innerTile, k);
  const double split = std::min(static_cast<double>(candidate.split), ceilDiv(k, inner));
  const double rowTiles = ceilDiv(m, rows), columnTiles = ceilDiv(n, columns);
  const double activationBytes = activation->bytes / (m * k), weightBytes = weight->bytes / (n * k);
  const double bytesPerInner = rows * activationBytes + columns * weightBytes;
  auto grid = placeBlocks(place, gpu, rowTiles * columnTiles * split,
                          static_cast<double>(candidate.stages) * bytesPerInner * inner);
  if (!grid) {
    return forward(grid.error());
  }

  const double processors = static_cast<double>(gpu.multiprocessors), hertz = 1e6 * gpu.clockMegahertz;
  const double instructionRows = static_cast<double>(gpu.tileRows);
  const int activationBits = elementTypeOf(activation->type)->bits;
  const int weightBits = kernel.codes.bits > 0 ? kernel.codes.bits : elementTypeOf(weight->type)->bits;
  const bool isEightBit = activationBits <= 8 && weightBits <= 8;
  const double tensorRate = 1e12 * (isEightBit ? gpu.eightBitTops : gpu.f16Tflops),
               coreRate = 1e12 * gpu.f32Tflops;
  const double instructions = ceilDiv(rows, instructionRows);
  const double depth = k / split;

  const double tensor = 2 * rowTiles * instructions * instructionRows * n * k / tensorRate;
  const bool isDecoded = kernel.codes.bits > 0 && (kernel.codes.bits < 8 || !isEightBit);
  double cores = isDecoded ? rowTiles * n * k * 2 / coreRate : 0;
  if (kernel.codes.bits > 0 && kernel.codes.group > 0) {
    cores += 2 * m * n * ceilDiv(k, static_cast<double>(kernel.codes.group)) / coreRate;
  }
  cores += m * n * kernel.operationsPerElement / coreRate;
  const double l2Traffic = grid->blocks * bytesPerInner * depth;
  const double sharedTraffic =
      2 * l2Traffic + grid->blocks * (instructions - 1) * columns * weightBytes * depth;
  const Bytes bytes = bytesOf(kernel);
  const double memory = bytes.fromMemory(gpu);
  const double l2Rate = std::min(1e9 * gpu.l2GbytesPerSecond, processors * gpu.l2BytesPerCycle * hertz);
  const double launch = 1e-9 * gpu.launchNanoseconds;
  std::vector<Term> behind = {{"fill", 1e-9 * gpu.memoryLatencyNanoseconds}, {"launch", launch}};
  if (split > 1) {
    behind.push_back({"merge", (4 * split * m * n + (output ? output->bytes : 0)) / l2Rate + launch});
  }
  return assemble({{"tensor", tensor},
                   {"cores", cores},
                   {"shared", sharedTraffic / (processors * gpu.sharedBytesPerCycle * hertz)},
                   {"L2", l2Traffic / l2Rate},
                   {"memory", memorySeconds(gpu, memory, grid->resident * grid->bytesInFlight)}},
                  4, grid->efficiency, behind,
                  {{"shared", sharedTraffic}, {"L2", l2Traffic}, {"memory", memory}},
                  std::max(2 * m * n * k / tensorRate, bytes.cold / (1e9 * gpu.memoryGbytesPerSecond)));
}

Expected<Estimate> GpuCostModel::attention(const KernelSummary &kernel, const Candidate &candidate) const {
  const std::string place = placeOf(kernel);
  const OperandSummary *state = nullptr;
  for (const OperandSummary &operand : kernel.operands) {
    state = operand.role == OperandRole::State ? &operand : state;
  }
  if (!state) {
    return fail(place + ": expected a state operand");
  }
  const double queries = static_cast<double>(kernel.queries), keys = static_cast<double>(kernel.keys),
               heads = static_cast<double>(kernel.heads), size = static_cast<double>(kernel.headSize);
  const double together = std::min(static_cast<double>(kernel.headsPerBlock), heads);
  const double groups = ceilDiv(heads, together);
  const double rows = tileOf(candidate.rowTile, queries), keyTile = tileOf(candidate.columnTile, keys);
  const double split = std::min(static_cast<double>(candidate.split), ceilDiv(keys, keyTile));
  const double positionBytes = state->bytes / (keys * groups); // a key and a value of a group of heads
  auto grid = placeBlocks(place, gpu, groups * ceilDiv(queries, rows) * split,
                          static_cast<double>(candidate.stages) * keyTile * positionBytes);
  if (!grid) {
    return forward(grid.error());
  }
  const double instructionRows = static_cast<double>(gpu.tileRows);
  const double filled = ceilDiv(rows * together, instructionRows) * instructionRows / (rows * together);
  const double operations = 4 * queries * heads * keys * size;
  const double l2Traffic = grid->blocks / split * keys * positionBytes;
  const Bytes bytes = bytesOf(kernel);
  const double memory = bytes.fromMemory(gpu), launch = 1e-9 * gpu.launchNanoseconds;
  const double hertz = 1e6 * gpu.clockMegahertz;
  const double l2Rate = std::min(1e9 * gpu.l2GbytesPerSecond,
                                 static_cast<double>(gpu.multiprocessors) * gpu.l2BytesPerCycle * hertz);
  std::vector<Term> behind = {{"fill", 1e-9 * gpu.memoryLatencyNanoseconds}, {"launch", launch}};
  if (split > 1) {
    behind.push_back({"merge", 4 * (split + 1) * queries * heads * size / l2Rate + launch});
  }
  return assemble(
      {{"tensor", operations * filled / (1e12 * gpu.f16Tflops)},
       {"cores", queries * heads * keys * kernel.operationsPerElement / (1e12 * gpu.f32Tflops)},
       {"L2", l2Traffic / l2Rate},
       {"memory", memorySeconds(gpu, memory, grid->resident * grid->bytesInFlight)}},
      3, grid->efficiency, behind, {{"L2", l2Traffic}, {"memory", memory}},
      std::max(operations / (1e12 * gpu.f16Tflops), bytes.cold / (1e9 * gpu.memoryGbytesPerSecond)));
}

Expected<Estimate> GpuCostModel::stream(const KernelSummary &kernel) const {
  const double elements = static_cast<double>(kernel.rows) * static_cast<double>(kernel.rowElements);
  const Bytes bytes = bytesOf(kernel);
  const double memory = bytes.fromMemory(gpu);
  const double cores = elements * kernel.operationsPerElement / (1e12 * gpu.f32Tflops);
  const double least = std::max(cores, bytes.cold / (1e9 * gpu.memoryGbytesPerSecond));
  return assemble({{"cores", cores},
                   {"L2", bytes.all / (1e9 * gpu.l2GbytesPerSecond)},
                   {"memory", memory / (1e9 * gpu.memoryGbytesPerSecond)}},
                  0, 1,
                  {{"fill", 1e-9 * gpu.memoryLatencyNanoseconds}, {"launch", 1e-9 * gpu.launchNanoseconds}},
                  {{"L2", bytes.all}, {"memory", memory}}, least);
}
