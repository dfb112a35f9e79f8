//===- TileReplay.h - The time of tiles that hardware loops issue --------------===//
//
// A machine whose convolutions and products run tile by tile, as Gemmini's do (Genc et al., DAC 2021): a processor hands a tile to loops in
// hardware, these issue its loads, steps of the array and stores, and two tiles are in flight. Weights stay in the array.
// What is counted here is a model of its own, of whole tiles: not a program of this project's instructions, and no values.
//
// Array. A tile of P x Q outputs, K filters and C channels of R x S runs, for each block of `cols` filters, each place of a filter and
// each block of `rows` channels, over chunks of up to `rows` outputs of one line (P). The first chunk takes `rows` cycles, as the weights of the next block are shifted in meanwhile;
// a further one as many as it has outputs, at least 4: busyCycles, below which no run can be. As a run takes it, a further chunk takes at
// least step_cycles, as its instructions have to be issued.
//
// Bus. Loads and stores share it. A load asks for each row of channels of an input, and of filters of a weight, that lies together in memory, in requests of at most
// 64 bytes; a request takes bytes / dma.bytes_per_cycle cycles, rounded up, and request_cycles. A stored row (an output's block of filters) takes store_row_cycles. A line that
// is not in the cache before DRAM takes miss_cycles more.
//
// Cache. Least recently used, by sets. Lines of a tile are there when the next step that touches them comes, if in their set there are no
// more lines of all tensors than ways, counted over the steps between; where tiles of neighbouring steps share lines, these are counted, too. At the start
// all that has a way in its set is there: the processor has just written it.
//
// Events, tile by tile: the processor hands it over issue_cycles after the last, and when the second last has finished; its loads take the bus; the array starts when it has the
// inputs and the tile before is done, and is done not before the loads are; then outputs take the bus, behind the next tile's loads.
// Outputs are stored in the last step of all reduction loops.
//
// All constants are fields of the machine (tile_loops). No claim is made for machines that nobody fitted them for.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_COSTMODEL_TILEREPLAY_H
#define COOPT_COSTMODEL_TILEREPLAY_H

#include "coopt/CostModel/AccessCounts.h"

namespace coopt::cost {

/// Steps in time over tiles.
struct TileProgram {
  NestProblem problem;
  LoopExtents tile{};
  std::vector<MappingLoop> steps; ///< from the outermost in, each of more than one step
  bool isProduct =
      false; ///< a product of matrices (P x C by C x M): issued by a loop of its own, tiles are whole blocks
};
/// A program from a mapping of four levels as DOSA (Hong et al., MICRO 2023) reads it: the factors of all levels but the first, in time or not, are the
/// tile, those of the first level the steps. Where R = S = Q = N = 1 it is a product, whose tiles are rounded down to whole blocks, at least one,
/// and whose steps cover what there is. Errors: a machine without tile_loops or dense ws; another number of levels; sizes and factors out of range.
Expected<TileProgram> tileProgram(const machine::NpuMachine &machine, const NestProblem &problem,
                                  const Mapping &mapping);

struct ReplayedCycles {
  int64_t steps = 0;
  int64_t busy = 0; ///< of the array: a bound from below
  double total = 0;
};
/// Errors: a machine without tile_loops; more than 2^26 steps.
Expected<ReplayedCycles> replay(const machine::NpuMachine &machine, const TileProgram &program);
/// The first two alone.
ReplayedCycles boundOf(const machine::NpuMachine &machine, const TileProgram &program);

/// What one tile asks of the engines, in cycles: the interface of the events, whoever simulates them.
struct TileWork {
  double load = 0;    ///< of the bus
  double inputs = 0;  ///< .. until the inputs are there
  double execute = 0; ///< of the array
  double store = 0;   ///< of the bus, in steps that store
  double issue = 0;   ///< of the processor
};
TileWork tileWork(const machine::NpuMachine &machine, const TileProgram &program);

/// Lines that the program does not find in the cache, of an average tile: loads, and stores of a step that stores.
struct MissedLines {
  double loads = 0, stores = 0;
};
MissedLines missedLines(const machine::NpuTileLoops &loops, const TileProgram &program);

} // namespace coopt::cost

#endif // COOPT_COSTMODEL_TILEREPLAY_H
