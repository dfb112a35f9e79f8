#include "coopt/CostModel/TileReplay.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace coopt;
using namespace coopt::cost;
using namespace coopt::machine;
using D = LoopDimension;

namespace {

constexpr int64_t kMostExtent = 1 << 16;
constexpr int64_t kMostSteps = int64_t(1) << 26;
constexpr int64_t kRequestBytes = 64;
/// Outputs of a further chunk take at least this long in the array.
constexpr int64_t kLeastChunkCycles = 4;

int64_t ceilDivided(int64_t a, int64_t b) { return (a + b - 1) / b; }

Status check(const NpuMachine &machine) {
  const auto &unit = machine.cores.front().mxu;
  if (!machine.tileLoops || !unit ||
      std::count(unit->modes.dense.begin(), unit->modes.dense.end(), NpuDataflow::WeightStationary) == 0) {
    return fail("expected a machine with tile_loops and an array of dataflow ws");
  }
  return {};
}

/// Cycles of the array, where a further chunk takes at least `least`.
double arrayCycles(const NpuMatrixUnit &unit, const TileProgram &program, double least) {
  const LoopExtents &tile = program.tile;
  const int64_t blocks = ceilDivided(at(tile, D::M), unit.cols) * at(tile, D::R) * at(tile, D::S) *
                         ceilDivided(at(tile, D::C), unit.rows);
  const int64_t outputs = at(tile, D::P);
  double line = 0;
  for (int64_t begin = 0; begin < outputs; begin += unit.rows) {
    line += std::max<double>(std::min(unit.rows, outputs - begin), least);
  }
  const double first = std::max<double>(std::min(unit.rows, outputs), least);
  return blocks * (line * at(tile, D::Q) - first + std::max<double>(unit.rows, first));
}

int64_t stepsOf(const TileProgram &program) {
  int64_t steps = 1;
  for (const MappingLoop &loop : program.steps) {
    steps *= loop.extent;
  }
  return steps;
}

/// Rows of `bytes` that lie together, as requests.
struct Requests {
  double cycles = 0;
  void add(double rows, int64_t bytes, int64_t busBytes, double requestCycles) {
    const int64_t whole = bytes / kRequestBytes, rest = bytes % kRequestBytes;
    cycles += rows * whole * (ceilDivided(kRequestBytes, busBytes) + requestCycles);
    if (rest > 0) {
      cycles += rows * (ceilDivided(rest, busBytes) + requestCycles);
    }
  }
};

} // namespace

Expected<TileProgram> cost::tileProgram(const NpuMachine &machine, const NestProblem &problem,
                                        const Mapping &mapping) {
  if (Status status = check(machine); !status) {
    return forward(status.error());
  }
  if (mapping.levels.size() != 4) {
    return fail("mapping: expected 4 levels, got " + std::to_string(mapping.levels.size()));
  }
  const LoopExtents whole = extentsFrom(mapping, 0);
  for (size_t d = 0; d < kLoopDimensions; ++d) {
    const std::string place = std::string("problem: ") + cost::name(static_cast<D>(d));
    if (problem.extents[d] < 1 || problem.extents[d] > kMostExtent) {
      return fail(place + ": expected 1 .. 2^16, got " + std::to_string(problem.extents[d]));
    }
    if (whole[d] != problem.extents[d]) {
      return fail(place + ": expected factors of the product " + std::to_string(problem.extents[d]) +
                  ", got " + std::to_string(whole[d]));
    }
  }
  if (problem.strideHeight < 1 || problem.strideWidth < 1 || problem.strideHeight > kMostExtent ||
      problem.strideWidth > kMostExtent) {
    return fail("problem: expected strides of 1 .. 2^16");
  }
  TileProgram program;
  program.problem = problem;
  program.tile = extentsFrom(mapping, 1);
  const NpuMatrixUnit &unit = *machine.cores.front().mxu;
  program.isProduct = at(problem.extents, D::R) == 1 && at(problem.extents, D::S) == 1 &&
                      at(problem.extents, D::Q) == 1 && at(problem.extents, D::N) == 1;
  if (!program.isProduct) {
    for (const MappingLoop &loop : mapping.levels[0].loops) {
      if (loop.extent > 1) {
        program.steps.push_back(loop);
      }
    }
    return program;
  }
  for (D dimension : {D::P, D::M, D::C}) {
    const int64_t block = dimension == D::M ? unit.cols : unit.rows;
    const int64_t blocks = ceilDivided(at(problem.extents, dimension), block);
    const int64_t tile = std::max<int64_t>(1, at(program.tile, dimension) / block);
    at(program.tile, dimension) = tile * block;
    if (ceilDivided(blocks, tile) > 1) {
      program.steps.push_back({dimension, ceilDivided(blocks, tile), LoopAxis::Time});
    }
  }
  return program;
}

TileWork cost::tileWork(const NpuMachine &machine, const TileProgram &program) {
  const NpuTileLoops &loops = *machine.tileLoops;
  const NpuCore &core = machine.cores.front();
  LoopExtents tile = program.tile; // loads leave out what blocks of products have too much
  for (size_t d = 0; d < tile.size(); ++d) {
    tile[d] = std::min(tile[d], program.problem.extents[d]);
  }
  const int64_t bus = core.dma.bytesPerCycle;
  const double height = (at(tile, D::Q) - 1) * program.problem.strideHeight + at(tile, D::R);
  const double width = (at(tile, D::P) - 1) * program.problem.strideWidth + at(tile, D::S);
  Requests inputs, weights;
  inputs.add(height * width, at(tile, D::C), bus, loops.requestCycles);
  weights.add(double(at(tile, D::R)) * at(tile, D::S) * at(tile, D::C), at(tile, D::M), bus,
              loops.requestCycles);
  const MissedLines missed = missedLines(loops, program);

  TileWork work;
  const double requests = inputs.cycles + weights.cycles;
  work.load = requests + missed.loads * loops.missCycles;
  work.inputs = work.load * inputs.cycles / requests;
  work.execute = program.isProduct ? arrayCycles(*core.mxu, program, kLeastChunkCycles)
                                   : arrayCycles(*core.mxu, program, loops.stepCycles);
  const double rows = double(at(tile, D::P)) * at(tile, D::Q) * ceilDivided(at(tile, D::M), core.mxu->cols);
  work.store = rows * loops.storeRowCycles + missed.stores * loops.missCycles;
  work.issue = program.isProduct ? loops.productIssueCycles : loops.convolutionIssueCycles;
  return work;
}

ReplayedCycles cost::boundOf(const NpuMachine &machine, const TileProgram &program) {
  ReplayedCycles cycles;
  cycles.steps = stepsOf(program);
  cycles.busy = cycles.steps *
                static_cast<int64_t>(arrayCycles(*machine.cores.front().mxu, program, kLeastChunkCycles));
  return cycles;
}

Expected<ReplayedCycles> cost::replay(const NpuMachine &machine, const TileProgram &program) {
  if (Status status = check(machine); !status) {
    return forward(status.error());
  }
  ReplayedCycles cycles = boundOf(machine, program);
  if (cycles.steps > kMostSteps) {
    return fail("expected at most 2^26 steps, got " + std::to_string(cycles.steps));
  }
  const TileWork work = tileWork(machine, program);
  double bus = 0, array = 0, processor = 0, end = 0;
  std::array<double, 2> finished{}; // by slot
  struct {
    bool isThere = false;
    double asked = 0, arrayEnd = 0;
    size_t slot = 0;
  } store;
  auto runStore = [&] {
    if (store.isThere) {
      bus = std::max(bus, store.asked) + work.store;
      finished[store.slot] = std::max(bus, store.arrayEnd);
      end = std::max(end, finished[store.slot]);
      store.isThere = false;
    }
  };
  std::vector<int64_t> index(program.steps.size(), 0);
  for (int64_t step = 0; step < cycles.steps; ++step) {
    const size_t slot = step % 2;
    processor = std::max(processor + work.issue, finished[slot]);
    const double loadStart = std::max(bus, processor);
    bus = loadStart + work.load;
    const double start = std::max(array, loadStart + work.inputs);
    array = std::max(start + work.execute, bus);
    finished[slot] = array;
    end = std::max(end, array);
    runStore(); // of the tile before, behind this one's loads
    bool isLast = true;
    for (size_t i = 0; i < index.size(); ++i) {
      const D dimension = program.steps[i].dimension;
      const bool reduces = dimension == D::C || dimension == D::R || dimension == D::S;
      isLast = isLast && (!reduces || index[i] + 1 == program.steps[i].extent);
    }
    if (isLast) {
      store = {true, start, array, slot};
    }
    for (size_t i = index.size(); i-- > 0 && ++index[i] == program.steps[i].extent;) {
      index[i] = 0;
    }
  }
  runStore();
  cycles.total = end;
  return cycles;
}
