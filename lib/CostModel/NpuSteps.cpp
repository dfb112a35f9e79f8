#include "NpuSteps.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace coopt;
using namespace coopt::cost;

namespace {

double ceilDiv(double a, double b) { return std::ceil(a / b); }

} // namespace

NpuSteps::NpuSteps(const machine::NpuMachine &of, double kernelBytes) : core(of.cores.front()), machine(of) {
  // 1e9 bytes a second are 1000 / clock bytes a cycle.
  const double clock = machine.clocksMegahertz.core;
  if (const auto &hbm = machine.memory.hbm) {
    latency = hbm->tClNanoseconds * clock / 1000;
    burst = static_cast<double>(hbm->burstBytes);
    channels = static_cast<double>(hbm->channels);
    burstCycles = burst * clock / (hbm->gbytesPerSecondPerChannel * 1000);
    pageBytes = channels * static_cast<double>(hbm->rowBytes);
    const double open = pageBytes * static_cast<double>(hbm->banks),
                 closed = kernelBytes > open ? 1 - open / kernelBytes : 0;
    opening = (hbm->tRcdNanoseconds + closed * hbm->tRpNanoseconds) * clock / 1000;
  } else if (const auto &ddr = machine.memory.ddr) {
    latency = ddr->latencyNanoseconds * clock / 1000;
    channels = static_cast<double>(ddr->channels);
    burstCycles = burst * clock / (ddr->gbytesPerSecondPerChannel * 1000);
  }
}

NpuTimeline::Step NpuSteps::transfer(Transfer of) const {
  NpuTimeline::Step step{of.isStore ? NpuTimeline::Stores : NpuTimeline::Loads};
  step.control = kStepControl;
  if (of.runs > 1 && of.distance == of.bytes) {
    of.bytes *= of.runs;
    of.runs = 1;
  }
  const double all = of.runs * of.bytes, inFlight = static_cast<double>(core.dma.maxOutstanding) * burst;
  const double rate =
      std::min(static_cast<double>(core.dma.bytesPerCycle), inFlight / (latency + burstCycles));
  // Bursts of the channel that has the most: runs at the same distance may all begin in a few.
  const double bursts = of.runs * ceilDiv(of.bytes, burst);
  double used = channels;
  if (of.runs > 1 && of.bytes < burst * channels) {
    const auto line = static_cast<int64_t>(burst * channels);
    const int64_t apart = std::gcd(line, static_cast<int64_t>(of.distance));
    const double begins = static_cast<double>(line / apart);
    used =
        static_cast<double>(apart) < burst ? channels : std::min(channels, begins * ceilDiv(of.bytes, burst));
  }
  const double least = ceilDiv(bursts, used) * burstCycles;
  double pages = 0, first = 0;
  if (pageBytes > 0) {
    const double span = of.runs > 1 ? of.runs * of.distance : of.bytes;
    pages = of.distance >= pageBytes ? of.runs * std::max(1.0, of.bytes / pageBytes) : span / pageBytes;
    first = of.goesOn ? std::min(pages, 1.0) : 1;
  }
  const double hidden = std::max(0.0, inFlight / rate - latency);
  step.cycles = static_cast<double>(core.dma.setupCycles) + latency + first * opening +
                std::max(all / rate, least) + std::max(0.0, pages - first) * std::max(0.0, opening - hidden) +
                (of.isStore ? latency : 0);
  return step;
}

NpuTimeline::Step NpuSteps::fill(double bytes) const {
  NpuTimeline::Step step{NpuTimeline::Loads};
  step.control = kStepControl;
  step.cycles =
      static_cast<double>(core.dma.setupCycles) + bytes / static_cast<double>(core.dma.bytesPerCycle);
  return step;
}

double NpuSteps::opCycles(const std::string &function) const {
  const machine::NpuVectorCycles &of = core.vec->opCycles;
  return static_cast<double>(function == "mul"    ? of.mul
                             : function == "fma"  ? of.fma
                             : function == "div"  ? of.div
                             : function == "sqrt" ? of.sqrt
                             : function == "exp2" ? of.exp2
                                                  : of.add);
}

NpuTimeline::Step NpuSteps::map(const std::string &function, double rows, double columns,
                                double operands) const {
  const double lanes = static_cast<double>(core.vec->lanes),
               width = static_cast<double>(core.spad.widthBytes);
  // Words of the lanes come from lines of all banks.
  const double words = ceilDiv(columns, lanes);
  const double lines = operands * words * ceilDiv(4 * std::min(columns, lanes), width);
  const double reads = lines / static_cast<double>(core.spad.banks * core.spad.readPorts);
  NpuTimeline::Step step{NpuTimeline::Vector};
  step.cycles = std::max({rows * words * opCycles(function), rows * reads, 1.0}) + 1; // its settings
  step.results = static_cast<double>(core.spad.latencyCycles);
  step.entries = 2;
  step.control = kStepControl;
  return step;
}

NpuTimeline::Step NpuSteps::reduce(const std::string &function, double rows, double columns) const {
  NpuTimeline::Step step = map(function, rows, columns, 1);
  step.cycles += rows * std::log2(static_cast<double>(core.vec->lanes)) * opCycles(function);
  return step;
}

/// Weights stand still: block after block of the array's rows.
NpuTimeline::Step NpuSteps::standing(const MatrixArray &array, const ArrayTile &tile) const {
  const int64_t whole = tile.k / array.rows, rest = tile.k % array.rows;
  ArrayTile block = tile, last = tile;
  block.k = std::min(array.rows, tile.k);
  last.k = rest;
  // Rows of sums that are narrower than the accumulator's lines are added to one by one.
  const int64_t rowBytes = 4 * array.columns;
  const bool shareLines = tile.m > 1 && rowBytes % core.acc->widthBytes != 0;
  const double adding = static_cast<double>(tile.m * (shareLines ? core.acc->rmwCycles : 1));
  auto took = [&](const ArrayTile &of) {
    return std::max(static_cast<double>(interval(array, of, of)), adding);
  };
  NpuTimeline::Step step{NpuTimeline::Matrix};
  step.cycles = static_cast<double>(block.k * weightWords(array, block)) +
                static_cast<double>(whole) * took(block) + (rest > 0 ? took(last) : 0);
  // Of the last block weights are not waited for again.
  const ArrayTile &end = rest > 0 ? last : block;
  step.cycles -= took(end) - std::max(adding, static_cast<double>(tile.m * activationWords(array, end)));
  step.results = static_cast<double>(resultDelay(array) + core.spad.latencyCycles + 1);
  const double blocks = static_cast<double>(whole + (rest > 0));
  step.entries = 2 * blocks + 1;
  step.control = kBlockControl * blocks;
  return step;
}

NpuTimeline::Step NpuSteps::product(const TileOp &of, ArrayMode mode, int64_t rows, int64_t extent,
                                    int64_t panels) const {
  const machine::NpuMatrixUnit &unit = *core.mxu;
  MatrixArray array = arrayOf(unit, mode);
  array.kept = of.kept;
  array.group = of.group;
  const std::optional<machine::NpuOperands> types = denseTypes(unit, of.product.bits);
  const bool areCodes = mode == ArrayMode::BitSerial || mode == ArrayMode::TableLookup;
  const bool areFloats = of.product.isOfFloats || (!areCodes && types && !machine::isInteger(types->weight));
  ArrayTile tile{rows, unit.cols, extent, areFloats ? 16 : 8,
                 areFloats  ? 16
                 : areCodes ? static_cast<int64_t>(of.product.bits)
                            : machine::bits(types->weight)};
  if (mode == ArrayMode::TableLookup) {
    // Tables of some rows and steps of k, then the look-ups of all panels.
    array.buffers = 1;
    tile.m = std::min(rows, unit.rows);
    tile.n = panels * unit.cols;
    tile.k = of.tableDepth;
    const double tables = ceilDiv(static_cast<double>(extent), static_cast<double>(of.tableDepth)) *
                          ceilDiv(static_cast<double>(rows), static_cast<double>(unit.rows));
    NpuTimeline::Step step{NpuTimeline::Matrix};
    step.cycles = tables * static_cast<double>(interval(array, tile, tile));
    step.results = static_cast<double>(tile.m + core.spad.latencyCycles + 1);
    step.entries = tables * static_cast<double>(1 + panels);
    step.control = kBlockControl * tables * static_cast<double>(1 + panels);
    return step;
  }
  if (!keepsOutputs(mode)) {
    // Lines of what is kept stand for more steps of k.
    tile.k = of.group > 1 ? (extent + of.group - 1) / of.group * of.kept : extent;
    return standing(array, tile);
  }
  tile.m = std::min(rows, unit.rows);
  const double words =
      static_cast<double>(std::max(portWords(unit.cols * tile.wBits, unit.weightPortBytes),
                                   portWords(unit.rows * tile.aBits, unit.activationPortBytes)));
  const double blocks = ceilDiv(static_cast<double>(rows), static_cast<double>(unit.rows));
  const double drained = unit.shadowAccumulators.value_or(false) ? 0 : static_cast<double>(unit.rows);
  NpuTimeline::Step step{NpuTimeline::Matrix};
  step.cycles = blocks * (std::max(static_cast<double>(interval(array, tile, tile)),
                                   static_cast<double>(tile.k) * words) +
                          drained);
  step.results =
      static_cast<double>((unit.rows - 1) * array.hopRegistersDown +
                          (unit.cols - 1) * array.hopRegistersAcross + unit.rows + core.spad.latencyCycles);
  step.entries = 2 * blocks;
  step.control = kBlockControl * blocks;
  return step;
}
