//===- Synchronise.cpp - Who waits for whom ----------------------------------------===//
//
// Two ops of different engines that touch the same bytes, one of them writing, need a semaphore between them. In a block the latest op of
// each other engine that an op depends on is all that it waits for: engines finish in order; and what that one had waited for need not be waited
// for again (clocks of vectors, as in Lamport's and Mattern's papers). Loops are one op of several engines for the block around them: an
// engine that waits for something before the loop does so before the loop.
//
// In a loop an op of a round may depend on one of the round before. Rounds are alike, so two of them, one behind the other, show all of it.
// Such a semaphore begins with a token for each wait, which is taken back behind the loop; so bodies are balanced.
//
// Of one depth of loops and one pair of engines, the n-th wait meets the n-th signal. Where a machine has too few semaphores, fences stand
// wherever work goes from one engine to another.
//
//===----------------------------------------------------------------------===//
#include "Passes.h"

#include "dialects/Npu/IR/Npu.h"

#include "llvm/ADT/TypeSwitch.h"

#include <map>

using namespace mlir;
using namespace coopt;
using namespace coopt::npu;

namespace {

/// Engines by number: control, matrix, vector, topk, then the channels of DMA.
constexpr unsigned kControl = 0, kEngines = 4 + kChannels;

unsigned numberOf(EngineUse use) {
  switch (use.engine) {
  case Engine::Control:
    return kControl;
  case Engine::Matrix:
    return 1;
  case Engine::Vector:
    return 2;
  case Engine::TopK:
    return 3;
  case Engine::Dma:
    break;
  }
  return 4 + use.channel;
}

/// Bytes that an op touches: of a buffer with an address, or all of an argument.
struct Touched {
  Space space;
  Value argument; ///< in DRAM
  int64_t first = 0, last = 0;
  bool isWrite = false;

  bool conflictsWith(const Touched &other) const {
    return (isWrite || other.isWrite) && space == other.space && argument == other.argument &&
           first < other.last && other.first < last;
  }
};

/// What one engine does at one place of a block: an op, or all that is its in a loop.
struct Event {
  unsigned engine = 0;
  size_t place = 0; ///< of the op in its block
  SmallVector<Touched> touched;
};

/// For each engine the place up to which its events are known to be finished, one more than it; 0: none.
using Clock = std::array<size_t, kEngines>;

void join(Clock &clock, const Clock &other) {
  for (unsigned engine = 0; engine < kEngines; ++engine) {
    clock[engine] = std::max(clock[engine], other[engine]);
  }
}

/// `to` of one engine waits for `from` of another.
struct Edge {
  size_t from, to; ///< places
  unsigned fromEngine, toEngine;
};

void touch(SmallVectorImpl<Touched> &touched, Value memref, bool isWrite) {
  Value root = rootOf(memref);
  auto type = cast<MemRefType>(root.getType());
  auto address = root.getDefiningOp()
                     ? root.getDefiningOp()->getAttrOfType<IntegerAttr>(NpuDialect::kAddressName)
                     : IntegerAttr();
  if (!address) {
    touched.push_back({Space::Dram, root, 0, 1, isWrite});
    return;
  }
  const int64_t first = address.getInt();
  const int64_t bytes =
      type.getNumElements() * static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
  touched.push_back({spaceOf(type), Value(), first, first + bytes, isWrite});
}

SmallVector<Touched> touchedBy(Operation *op) {
  SmallVector<Touched> touched;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](CopyOp copy) {
        touch(touched, copy.getSource(), false);
        touch(touched, copy.getTarget(), true);
      })
      .Case([&](FillOp fill) { touch(touched, fill.getTarget(), true); })
      .Case([&](MatmulOp matmul) {
        touch(touched, matmul.getA(), false);
        touch(touched, matmul.getW(), false);
        touch(touched, matmul.getSums(), true);
      })
      .Case([&](TablesOp tables) { touch(touched, tables.getA(), false); })
      .Case([&](LookupOp lookup) {
        touch(touched, lookup.getPlanes(), false);
        touch(touched, lookup.getSums(), true);
      })
      .Case([&](MapOp map) {
        for (Value input : map.getInputs()) {
          touch(touched, input, false);
        }
        touch(touched, map.getTarget(), true);
      })
      .Case([&](ReduceOp reduce) {
        touch(touched, reduce.getInput(), false);
        touch(touched, reduce.getTarget(), true);
      })
      .Case([&](GatherOp gather) {
        touch(touched, gather.getTable(), false);
        touch(touched, gather.getIndices(), false);
        touch(touched, gather.getTarget(), true);
      })
      .Case([&](SelectOp select) {
        touch(touched, select.getScores(), false);
        touch(touched, select.getValues(), true);
        touch(touched, select.getIndices(), true);
      })
      .Case([&](RouteOp route) {
        touch(touched, route.getChoices(), false);
        touch(touched, route.getPlaces(), true);
        touch(touched, route.getTokens(), true);
        touch(touched, route.getSegments(), true);
      })
      .Case([&](LoadOp load) { touch(touched, load.getSource(), false); });
  return touched;
}

/// Finds what has to wait, block by block, then puts it there.
class Synchroniser {
public:
  Synchroniser(func::FuncOp function, const machine::NpuCore &core) : function(function), core(core) {}
  /// False if there are too few semaphores; nothing has changed then.
  bool run();

private:
  func::FuncOp function;
  const machine::NpuCore &core;
  /// What is put before and behind an op, or into it, of each engine: pairs of semaphore and count.
  struct Uses {
    std::map<unsigned, std::map<int64_t, int64_t>> waits, signals; ///< by engine, semaphore
    std::map<unsigned, std::map<int64_t, int64_t>> tokens,
        rests; ///< of loops: signalled before, waited for behind
  };
  llvm::MapVector<Operation *, Uses> uses;
  /// By depth, whether it is from round to round, and the engines.
  std::map<std::tuple<unsigned, bool, unsigned, unsigned>, int64_t> semaphores;

  int64_t semaphoreFor(unsigned depth, bool isCarried, unsigned from, unsigned to) {
    return semaphores.try_emplace({depth, isCarried, from, to}, static_cast<int64_t>(semaphores.size()))
        .first->second;
  }
  SmallVector<Event> eventsOf(Block &block, SmallVectorImpl<Operation *> &ops);
  void visit(Block &block, unsigned depth, Operation *loop);
  void put();
  void putWaits(OpBuilder &builder, Location loc, unsigned engine, const std::map<int64_t, int64_t> &of,
                bool areSignals);
};

SmallVector<Event> Synchroniser::eventsOf(Block &block, SmallVectorImpl<Operation *> &ops) {
  SmallVector<Event> events;
  for (Operation &op : block) {
    std::map<unsigned, SmallVector<Touched>> byEngine;
    op.walk([&](Operation *inner) {
      if (std::optional<EngineUse> use = engineOf(inner)) {
        llvm::append_range(byEngine[numberOf(*use)], touchedBy(inner));
      }
    });
    if (byEngine.empty()) {
      continue;
    }
    for (auto &[engine, touched] : byEngine) {
      events.push_back({engine, ops.size(), std::move(touched)});
    }
    ops.push_back(&op);
  }
  return events;
}

void Synchroniser::visit(Block &block, unsigned depth, Operation *loop) {
  SmallVector<Operation *> ops;
  SmallVector<Event> events = eventsOf(block, ops);
  for (Operation *op : ops) {
    for (Region &region : op->getRegions()) {
      for (Block &inner : region) {
        visit(inner, depth + 1, op);
      }
    }
  }
  auto conflict = [](const Event &a, const Event &b) {
    return llvm::any_of(a.touched, [&](const Touched &x) {
      return llvm::any_of(b.touched, [&](const Touched &y) { return x.conflictsWith(y); });
    });
  };
  std::array<Clock, kEngines> clocks = {};
  std::map<std::pair<unsigned, size_t>, Clock> snapshots; // of an engine, behind its event at a place
  SmallVector<Edge> inside, carried;
  auto learn = [&](unsigned engine, unsigned from, size_t place) {
    join(clocks[engine], snapshots[{from, place}]);
    clocks[engine][from] = std::max(clocks[engine][from], place + 1);
  };
  // The latest event of each engine that this one has to wait for, among those before `end`.
  auto newEdges = [&](const Event &event, size_t shift, size_t end, SmallVectorImpl<Edge> &edges) {
    std::map<unsigned, size_t> latest;
    for (size_t i = 0; i < end; ++i) {
      const Event &other = events[i];
      // The control unit is done with an op before it hands out the next.
      if (other.engine != event.engine && other.engine != kControl && conflict(other, event)) {
        latest[other.engine] = other.place;
      }
    }
    for (auto [from, place] : latest) {
      if (clocks[event.engine][from] <= place) {
        edges.push_back({place, event.place + shift, from, event.engine});
        learn(event.engine, from, place);
      }
    }
  };
  const size_t round = ops.size();
  for (size_t i = 0; i < events.size(); ++i) {
    const Event &event = events[i];
    size_t end = i;
    while (end > 0 && events[end - 1].place == event.place) {
      --end; // a loop's engines meet inside of it
    }
    newEdges(event, 0, end, inside);
    snapshots[{event.engine, event.place}] = clocks[event.engine];
  }
  if (loop) {
    // A second round: its places are those of the first plus `round`.
    for (const Event &event : events) {
      newEdges(event, round, events.size(), carried);
      for (const Edge &edge : inside) {
        if (edge.to == event.place && edge.toEngine == event.engine) {
          learn(event.engine, edge.fromEngine, edge.from + round);
        }
      }
      snapshots[{event.engine, event.place + round}] = clocks[event.engine];
    }
  }
  for (const Edge &edge : inside) {
    const int64_t semaphore = semaphoreFor(depth, false, edge.fromEngine, edge.toEngine);
    ++uses[ops[edge.from]].signals[edge.fromEngine][semaphore];
    ++uses[ops[edge.to]].waits[edge.toEngine][semaphore];
  }
  for (const Edge &edge : carried) {
    const int64_t semaphore = semaphoreFor(depth, true, edge.fromEngine, edge.toEngine);
    ++uses[ops[edge.from]].signals[edge.fromEngine][semaphore];
    ++uses[ops[edge.to - round]].waits[edge.toEngine][semaphore];
    ++uses[loop].tokens[edge.fromEngine][semaphore];
    ++uses[loop].rests[edge.toEngine][semaphore];
  }
}

/// Ops of an engine that do nothing but wait, or signal, as many as it takes.
void Synchroniser::putWaits(OpBuilder &builder, Location loc, unsigned engine,
                            const std::map<int64_t, int64_t> &of, bool areSignals) {
  static constexpr const char *names[] = {"control", "matrix", "vector", "topk"};
  const size_t most = areSignals ? 2 : 3;
  SmallVector<int64_t> pairs;
  auto flush = [&] {
    auto attribute = builder.getDenseI64ArrayAttr(pairs);
    if (engine == kControl) {
      FenceOp::create(builder, loc, attribute, DenseI64ArrayAttr());
    } else {
      SyncOp::create(builder, loc, engine < 4 ? names[engine] : "dma", engine < 4 ? 0 : engine - 4,
                     areSignals ? DenseI64ArrayAttr() : attribute,
                     areSignals ? attribute : DenseI64ArrayAttr());
    }
    pairs.clear();
  };
  for (auto [semaphore, count] : of) {
    pairs.append({semaphore, count});
    if (pairs.size() == 2 * most) {
      flush();
    }
  }
  if (!pairs.empty()) {
    flush();
  }
}

void Synchroniser::put() {
  for (auto &[op, use] : uses) {
    OpBuilder before(op), behind(op->getContext());
    behind.setInsertionPointAfter(op);
    if (op->getNumRegions() == 0) {
      auto attributeOf = [&](std::map<int64_t, int64_t> of) {
        SmallVector<int64_t> pairs;
        for (auto [semaphore, count] : of) {
          pairs.append({semaphore, count});
        }
        return before.getDenseI64ArrayAttr(pairs);
      };
      const unsigned engine = numberOf(*engineOf(op));
      std::map<int64_t, int64_t> &waits = use.waits[engine], &signals = use.signals[engine];
      if (waits.size() > 3) {
        putWaits(before, op->getLoc(), engine, waits, false);
      } else if (!waits.empty()) {
        op->setAttr("waits", attributeOf(waits));
      }
      if (signals.size() > 2) {
        putWaits(behind, op->getLoc(), engine, signals, true);
      } else if (!signals.empty()) {
        op->setAttr("signals", attributeOf(signals));
      }
      continue;
    }
    for (auto &[engine, waits] : use.waits) {
      putWaits(before, op->getLoc(), engine, waits, false);
    }
    for (auto &[engine, tokens] : use.tokens) {
      putWaits(before, op->getLoc(), engine, tokens, true);
    }
    for (auto &[engine, rests] : use.rests) {
      putWaits(behind, op->getLoc(), engine, rests, false);
    }
    for (auto &[engine, signals] : use.signals) {
      putWaits(behind, op->getLoc(), engine, signals, true);
    }
  }
}

bool Synchroniser::run() {
  visit(function.getBody().front(), 0, nullptr);
  if (static_cast<int64_t>(semaphores.size()) > std::min<int64_t>(core.semaphores, kSemaphores)) {
    return false;
  }
  put();
  return true;
}

/// A fence wherever work goes from one engine to another.
class Fences {
public:
  void run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (op.getNumRegions() > 0) {
        fenceBefore(op);
        for (Region &region : op.getRegions()) {
          for (Block &inner : region) {
            run(inner);
            fenceBefore(*inner.getTerminator());
          }
        }
        continue;
      }
      std::optional<EngineUse> use = engineOf(&op);
      if (!use || isa<FenceOp>(op)) {
        continue;
      }
      if (working && numberOf(*working) != numberOf(*use)) {
        fenceBefore(op);
      }
      if (use->engine != Engine::Control) {
        working = use;
      }
    }
  }

private:
  std::optional<EngineUse> working; ///< was given work since the last fence

  void fenceBefore(Operation &op) {
    if (working) {
      OpBuilder builder(&op);
      FenceOp::create(builder, op.getLoc(), DenseI64ArrayAttr(), DenseI64ArrayAttr());
      working.reset();
    }
  }
};

} // namespace

void npu::synchronise(func::FuncOp function, const machine::NpuCore &core) {
  if (!Synchroniser(function, core).run()) {
    Fences().run(function.getBody().front());
  }
}
