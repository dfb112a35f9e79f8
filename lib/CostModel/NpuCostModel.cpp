#include "coopt/CostModel/NpuCostModel.h"

#include "SummaryChecks.h"

#include "NpuProduct.h"
#include "coopt/Machine/Energy.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace coopt;
using namespace coopt::cost;

namespace {

constexpr int64_t kMaximalSize = int64_t(1) << 31;

/// Of cost-models.md, the largest of three machines; nothing was compared for attention.
double knownError(KernelKind kind) {
  switch (kind) {
  case KernelKind::Contraction:
    return 0.09;
  case KernelKind::Rows:
    return 0.06;
  case KernelKind::Elementwise:
    return 0.08;
  case KernelKind::Attention:
    break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Ops of a loop nest, in order, and what its tiles are.
struct Nest {
  std::vector<const TileOp *> ops;
  std::vector<NpuProduct> products; ///< in the order of their ops
  const TileOp *firstProduct = nullptr;
  int64_t columns = 0; ///< that are cut; 0: none are
  int64_t tileColumns = 0;
  Rounds loop; ///< over tiles of columns
};

/// A kernel at a candidate: its nests, and the loops that do two rounds at a time.
class TileProgram {
public:
  static Expected<TileProgram> create(const KernelSummary &kernel, const Candidate &candidate,
                                      const machine::NpuCore &core);
  Bytes bytes() const; ///< of the largest nest
  void doubleRounds();
  void run(NpuTimeline &timeline, const NpuSteps &steps);
  double dramBytes() const; ///< about

private:
  const KernelSummary *kernel = nullptr;
  const machine::NpuCore *core = nullptr;
  int64_t rows = 0, mostRows = 0;
  std::vector<Nest> nests;
  std::vector<const TileOp *> before; ///< once, before all nests
  bool areApart = true;

  struct TileBuffers {
    std::array<NpuTimeline::Buffer, 3> result, out;
    std::vector<std::array<NpuTimeline::Buffer, 3>> loads;
    std::vector<NpuTimeline::Buffer> all() const;
  };
  int64_t columnsOf(const TileOp &op, int64_t tileColumns) const {
    return op.isCut && tileColumns > 0 ? std::min(op.columns, tileColumns) : op.columns;
  }
  static int64_t productColumns(const TileOp &op, int64_t tileColumns) {
    return op.isCut ? tileColumns : op.product.columns;
  }
  Bytes bytesOf(const Nest &nest) const;
  bool fits() const {
    const Bytes all = bytes();
    return all.spad <= static_cast<double>(core->spad.bytes) &&
           (!core->acc || all.acc <= static_cast<double>(core->acc->bytes));
  }
  /// Where there is no room for all buffers, those of a product have the bytes of others before.
  void waitForBytes(NpuTimeline &timeline) const {
    if (!areApart) {
      timeline.wait();
    }
  }
  void runNest(NpuTimeline &timeline, const NpuSteps &steps, Nest &nest);
  void runTile(NpuTimeline &timeline, const NpuSteps &steps, Nest &nest, TileBuffers &buffers,
               int64_t tileRows, int64_t tileColumns, size_t slot, bool wasBrought);
  void runLoad(NpuTimeline &timeline, const NpuSteps &steps, const TileOp &op, int64_t tileRows,
               int64_t tileColumns, NpuTimeline::Buffer to);
};

Status checkOp(const TileOp &op) {
  const bool isProduct = op.kind == TileOp::Kind::Product;
  const CodeProduct &product = op.product;
  if (op.columns < 1 || op.columns > kMaximalSize || op.rounds < 1 || op.elementBytes < 1 || op.nest < -1) {
    return fail("expected columns, rounds and bytes of its tile's ops to be positive");
  }
  if (isProduct &&
      (product.columns < 1 || product.depth < 1 || product.span < 1 || product.bits < 1 || product.bits > 8 ||
       op.kept < 1 || op.group < op.kept || !(op.groupBytes >= 0) || op.tableDepth < 0)) {
    return fail("expected a product of at least one column and step of k, in sums of at least one, of codes "
                "of 1 to 8 bits, of each group at least one kept");
  }
  return {};
}

Expected<TileProgram> TileProgram::create(const KernelSummary &kernel, const Candidate &candidate,
                                          const machine::NpuCore &core) {
  TileProgram program;
  program.kernel = &kernel;
  program.core = &core;
  program.rows = kernel.kind == KernelKind::Contraction ? kernel.m
                 : kernel.kind == KernelKind::Attention ? kernel.queries
                                                        : kernel.rows;
  if (program.rows < 1 || program.rows > kMaximalSize || kernel.segments < 1 || candidate.rowTile < 0 ||
      candidate.columnTile < 0) {
    return fail("expected at least one row, and tiles not to be negative");
  }
  program.mostRows = candidate.rowTile > 0 ? candidate.rowTile : program.rows;
  int64_t nestCount = 0;
  for (const TileOp &op : kernel.tileOps) {
    if (Status status = checkOp(op); !status) {
      return forward(status.error());
    }
    nestCount = std::max(nestCount, op.nest + 1);
  }
  if (nestCount == 0) {
    return fail("expected the ops of its tile");
  }
  program.nests.resize(static_cast<size_t>(nestCount));
  for (const TileOp &op : kernel.tileOps) {
    if (op.nest < 0) {
      program.before.push_back(&op);
      continue;
    }
    Nest &nest = program.nests[static_cast<size_t>(op.nest)];
    nest.ops.push_back(&op);
    const bool isProduct = op.kind == TileOp::Kind::Product;
    nest.columns = std::max(nest.columns, op.isCut ? (isProduct ? op.product.columns : op.columns) : 0);
  }
  for (Nest &nest : program.nests) {
    nest.tileColumns = nest.columns;
    if (nest.columns > 0 && candidate.columnTile > 0) {
      nest.tileColumns = std::min(nest.columns, candidate.columnTile);
      nest.loop = {(nest.columns + nest.tileColumns - 1) / nest.tileColumns, false};
    }
    const bool isEven = nest.columns == 0 || nest.columns % nest.tileColumns == 0;
    for (const TileOp *op : nest.ops) {
      if (op->kind == TileOp::Kind::Product) {
        auto product = NpuProduct::create(*op, core, program.mostRows,
                                          op->isCut ? nest.tileColumns : op->product.columns, isEven);
        if (!product) {
          return forward(product.error());
        }
        nest.firstProduct = nest.firstProduct ? nest.firstProduct : op;
        nest.products.push_back(std::move(*product));
      }
    }
  }
  return program;
}

Bytes TileProgram::bytesOf(const Nest &nest) const {
  const auto most = static_cast<double>(mostRows);
  Bytes tile, loops;
  size_t product = 0;
  for (const TileOp *op : nest.ops) {
    const double elements = (op->hasRows ? most : 1) * static_cast<double>(columnsOf(*op, nest.tileColumns));
    if (op->kind == TileOp::Kind::Product) {
      const NpuProduct &of = nest.products[product++];
      tile = tile + of.tileBytes();
      if (of.hasLoop()) {
        const Bytes loop = of.panelBytes();
        loops = {std::max(loops.spad, loop.spad), std::max(loops.acc, loop.acc)};
      } else {
        tile = tile + of.panelBytes();
      }
      tile.spad += 4 * most * static_cast<double>(op->isCut ? nest.tileColumns : op->product.columns);
    } else if (op->kind == TileOp::Kind::Load) {
      tile.spad += elements * static_cast<double>(op->elementBytes);
    } else if (op->kind != TileOp::Kind::Store) {
      tile.spad += op->kind == TileOp::Kind::Reduce ? 4 * most : 4 * elements;
    }
  }
  return tile * nest.loop.bodies() + loops;
}

Bytes TileProgram::bytes() const {
  Bytes most;
  for (const Nest &nest : nests) {
    const Bytes of = bytesOf(nest);
    most = {std::max(most.spad, of.spad), std::max(most.acc, of.acc)};
  }
  return most;
}

/// As DoubleBuffer does, inner loops first.
void TileProgram::doubleRounds() {
  areApart = fits();
  for (Nest &nest : nests) {
    std::vector<Rounds *> loops;
    for (size_t depth = 0; depth < 4; ++depth) {
      for (NpuProduct &product : nest.products) {
        loops.push_back(product.loops()[depth]);
      }
    }
    if (!nest.products.empty()) {
      loops.push_back(&nest.loop);
    }
    for (Rounds *loop : loops) {
      loop->isDoubled = loop->canBeDoubled();
      loop->isDoubled = loop->isDoubled && (areApart ? fits() : loop != &nest.loop);
    }
  }
}

double TileProgram::dramBytes() const {
  double bytes = 0;
  for (const OperandSummary &operand : kernel->operands) {
    bytes += operand.bytes;
  }
  return bytes;
}

std::vector<NpuTimeline::Buffer> TileProgram::TileBuffers::all() const {
  std::vector<NpuTimeline::Buffer> buffers;
  for (size_t slot = 0; slot < 2; ++slot) {
    buffers.insert(buffers.end(), {result[slot], out[slot]});
    for (const auto &load : loads) {
      buffers.push_back(load[slot]);
    }
  }
  return buffers;
}

void TileProgram::runLoad(NpuTimeline &timeline, const NpuSteps &steps, const TileOp &op, int64_t tileRows,
                          int64_t tileColumns, NpuTimeline::Buffer to) {
  const auto bytes = static_cast<double>(columnsOf(op, tileColumns) * op.elementBytes);
  const double runs = op.hasRows ? static_cast<double>(tileRows) : 1;
  timeline.run(steps.transfer({runs, bytes, static_cast<double>(op.columns * op.elementBytes), false, false}),
               {}, {to});
  timeline.count(0, runs * bytes);
  timeline.count(2, runs * bytes);
}

void TileProgram::runTile(NpuTimeline &timeline, const NpuSteps &steps, Nest &nest, TileBuffers &buffers,
                          int64_t tileRows, int64_t tileColumns, size_t slot, bool wasBrought) {
  const auto rowCount = static_cast<double>(tileRows);
  size_t product = 0, load = 0;
  std::vector<NpuTimeline::Buffer> pending; // loads that a step of the vector unit is still to read
  for (size_t i = 0; i < nest.ops.size(); ++i) {
    const TileOp &op = *nest.ops[i];
    const auto columns = static_cast<double>(columnsOf(op, tileColumns));
    const bool isLast = i + 1 == nest.ops.size() || nest.ops[i + 1]->kind == TileOp::Kind::Store;
    switch (op.kind) {
    case TileOp::Kind::Load:
      runLoad(timeline, steps, op, tileRows, tileColumns, buffers.loads[load][slot]);
      pending.push_back(buffers.loads[load++][slot]);
      break;
    case TileOp::Kind::Product:
      nest.products[product++].run(timeline, steps, tileRows, op.isCut ? tileColumns : op.product.columns,
                                   slot, isLast ? buffers.out[slot] : buffers.result[slot], wasBrought);
      break;
    case TileOp::Kind::Map:
    case TileOp::Kind::Reduce: {
      // Numbers of rows alone lie side by side.
      const bool isLine = op.hasRows && op.columns == 1 && op.kind == TileOp::Kind::Map;
      NpuTimeline::Step step = op.kind == TileOp::Kind::Reduce ? steps.reduce(op.function, rowCount, columns)
                               : isLine
                                   ? steps.map(op.function, 1, rowCount, op.operands)
                                   : steps.map(op.function, op.hasRows ? rowCount : 1, columns, op.operands);
      const auto often = static_cast<double>(op.rounds);
      step.cycles *= often;
      step.entries *= often;
      step.control *= often;
      timeline.count(0, 4 * often * (op.operands + 1) * (op.hasRows ? rowCount : 1) * columns);
      for (NpuTimeline::Buffer buffer : pending) {
        NpuTimeline::Step wait{NpuTimeline::Vector, 0, 0, 0, 1};
        wait.entries = 1;
        timeline.run(wait, {buffer}, {});
      }
      pending.clear();
      if (isLast) {
        timeline.run(step, {}, {buffers.out[slot]});
      } else {
        timeline.run(step, {}, {});
      }
      break;
    }
    case TileOp::Kind::Store: {
      const double bytes = columns * static_cast<double>(op.elementBytes), runs = op.hasRows ? rowCount : 1;
      timeline.run(
          steps.transfer({runs, bytes, static_cast<double>(op.columns * op.elementBytes), false, true}),
          {buffers.out[slot]}, {});
      timeline.count(0, runs * bytes);
      timeline.count(2, runs * bytes);
      break;
    }
    }
  }
}

void TileProgram::runNest(NpuTimeline &timeline, const NpuSteps &steps, Nest &nest) {
  TileBuffers buffers;
  for (size_t slot = 0; slot < 3; ++slot) {
    buffers.result[slot] = timeline.buffer();
    buffers.out[slot] = timeline.buffer();
  }
  for (const TileOp *op : nest.ops) {
    if (op->kind == TileOp::Kind::Load) {
      buffers.loads.push_back({timeline.buffer(), timeline.buffer(), timeline.buffer()});
    }
  }
  bool canBring = nest.loop.isDoubled && nest.loop.count >= 2;
  const NpuTimeline::Buffer loops = timeline.buffer();
  for (NpuProduct &product : nest.products) {
    product.makeBuffers(timeline, loops);
    canBring &= product.canBring();
  }
  const std::vector<NpuTimeline::Buffer> own = buffers.all();
  auto block = [&](int64_t tileRows) {
    auto columnsOfTile = [&](int64_t tile) {
      return std::min(nest.tileColumns, nest.columns - tile * nest.tileColumns);
    };
    RoundParts parts;
    parts.begin = [&](int64_t tile, size_t slot) {
      waitForBytes(timeline);
      if (!nest.products.empty()) {
        nest.products.front().begin(timeline, steps, tileRows,
                                    productColumns(*nest.firstProduct, columnsOfTile(tile)), slot);
      }
    };
    parts.bring = [&](int64_t, size_t slot) {
      for (NpuProduct &product : nest.products) {
        if (canBring) {
          product.bring(timeline, steps, slot);
        }
      }
    };
    parts.work = [&](int64_t tile, size_t slot) {
      runTile(timeline, steps, nest, buffers, tileRows, columnsOfTile(tile), slot, canBring);
    };
    runRounds(timeline, nest.loop, own, parts);
  };
  const int64_t tileRows = std::min(mostRows, rows), whole = rows / tileRows;
  timeline.loop(kernel->segments, own, [&](int64_t) {
    timeline.loop(whole, own, [&](int64_t) { block(tileRows); });
    if (rows % tileRows > 0) {
      block(rows % tileRows);
    }
  });
}

void TileProgram::run(NpuTimeline &timeline, const NpuSteps &steps) {
  // The block of what the host knows, and constants; the control unit waits for numbers of the block.
  const NpuTimeline::Buffer numbers = timeline.buffer();
  for (const TileOp *op : before) {
    timeline.run(steps.transfer({1, static_cast<double>(op->elementBytes), 0, true, false}), {}, {numbers});
  }
  timeline.run(steps.transfer({1, 64, 0, false, false}), {}, {numbers});
  timeline.hold(timeline.end());
  for (Nest &nest : nests) {
    runNest(timeline, steps, nest);
    timeline.wait(); // the next one has the same bytes
  }
}

/// Of what the machine's table has.
std::optional<double> energyOf(const machine::NpuMachine &machine, const NpuTimeline &timeline) {
  const machine::EnergyTable *table =
      machine.energyTable ? machine::findEnergyTable(*machine.energyTable) : nullptr;
  if (!table) {
    return std::nullopt;
  }
  using machine::EnergyAction;
  const machine::NpuCore &core = machine.cores.front();
  double picojoules = 0;
  auto add = [&](EnergyAction action, double amount, int64_t memoryBytes, int64_t bits) {
    if (const machine::EnergyEntry *entry = table->find(action, memoryBytes, bits)) {
      picojoules += amount * entry->picojoules;
    }
  };
  const double spadWords = timeline.sum(0) / 8, accWords = timeline.sum(1) / 8;
  add(EnergyAction::MultiplyAddI8, timeline.sum(3), 0, 0);
  add(EnergyAction::Dram, timeline.sum(2) / 8, 0, 64);
  for (EnergyAction action : {EnergyAction::SramRead, EnergyAction::SramWrite}) {
    add(action, spadWords / 2, core.spad.bytes, 64);
    add(action, accWords / 2, core.acc ? core.acc->bytes : 0, 64);
  }
  return picojoules * 1e-12;
}

} // namespace

Expected<NpuCostModel> NpuCostModel::create(const machine::Machine &machine) {
  if (Status status = machine::validate(machine); !status) {
    return forward(status.error(), "machine '" + machine.name + "'");
  }
  const machine::NpuMachine *npu = machine.npu();
  if (!npu) {
    return fail("machine '" + machine.name + "': expected an npu, got " + machine.kind());
  }
  if (!npu->cores.front().vec || (!npu->memory.hbm && !npu->memory.ddr)) {
    return fail("machine '" + machine.name + "': expected a vector unit and DRAM");
  }
  return NpuCostModel(machine.name, *npu);
}

Expected<Estimate> NpuCostModel::estimate(const KernelSummary &kernel, const Candidate &candidate) const {
  const std::string place = placeOf(kernel);
  const machine::NpuCore &core = npu.cores.front();
  if (!core.mxu && kernel.kind == KernelKind::Contraction) {
    return fail(place + ": machine '" + machineName + "' has no matrix unit");
  }
  Expected<TileProgram> program = TileProgram::create(kernel, candidate, core);
  if (!program) {
    return forward(program.error(), place);
  }
  program->doubleRounds();
  const NpuSteps steps(npu, program->dramBytes());
  NpuTimeline timeline({core.queueDepth, static_cast<double>(core.issueCycles),
                        static_cast<double>(core.semaphoreWakeCycles), core.dma.channels == 1});
  program->run(timeline, steps);

  const double second = 1e-6 / npu.clocksMegahertz.core;
  Estimate estimate;
  estimate.seconds = timeline.end() * second;
  const std::pair<const char *, double> engines[] = {{"matrix", timeline.busy(NpuTimeline::Matrix)},
                                                     {"vector", timeline.busy(NpuTimeline::Vector)},
                                                     {"loads", timeline.busy(NpuTimeline::Loads)},
                                                     {"stores", timeline.busy(NpuTimeline::Stores)},
                                                     {"control", timeline.controlCycles()}};
  size_t longest = 0;
  for (auto [name, cycles] : engines) {
    estimate.terms.push_back({name, cycles * second});
    if (estimate.terms.back().seconds > estimate.terms[longest].seconds) {
      longest = estimate.terms.size() - 1;
    }
  }
  estimate.boundBy = longest < 2 ? BoundBy::Compute : longest < 4 ? BoundBy::Memory : BoundBy::Overhead;
  estimate.bound = estimate.terms[longest].name;
  estimate.terms.push_back({"waiting", std::max(0.0, estimate.seconds - estimate.terms[longest].seconds)});
  estimate.traffic = {{"spad", timeline.sum(0)}, {"acc", timeline.sum(1)}, {"dram", timeline.sum(2)}};
  estimate.joules = energyOf(npu, timeline);
  estimate.relativeError = knownError(kernel.kind);
  return estimate;
}

Expected<bool> NpuCostModel::hasRoom(const KernelSummary &kernel, const Candidate &candidate,
                                     double share) const {
  const machine::NpuCore &core = npu.cores.front();
  Expected<TileProgram> program = TileProgram::create(kernel, candidate, core);
  if (!program) {
    return forward(program.error(), "kernel '" + kernel.id + "'");
  }
  const Bytes bytes = program->bytes();
  return bytes.spad <= share * static_cast<double>(core.spad.bytes) &&
         (!core.acc || bytes.acc <= static_cast<double>(core.acc->bytes));
}
