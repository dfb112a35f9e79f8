#include "coopt/CostModel/AccessCounts.h"
#include "coopt/Machine/Energy.h"

#include <algorithm>
#include <set>

using namespace coopt;
using namespace coopt::cost;
using namespace coopt::machine;

namespace {

constexpr NpuTensor kTensors[] = {NpuTensor::Weights, NpuTensor::Inputs, NpuTensor::Outputs};
constexpr int64_t kMostExtent = int64_t(1) << 20;
/// Loads are at most 2^50 steps of 2^50 words.
using Count = __int128;

bool dependsOn(NpuTensor tensor, LoopDimension dimension) {
  switch (tensor) {
  case NpuTensor::Weights:
    return dimension == LoopDimension::M || dimension == LoopDimension::C || dimension == LoopDimension::R ||
           dimension == LoopDimension::S;
  case NpuTensor::Inputs:
    return dimension != LoopDimension::M;
  case NpuTensor::Outputs:
    return dimension == LoopDimension::N || dimension == LoopDimension::M || dimension == LoopDimension::P ||
           dimension == LoopDimension::Q;
  }
  return false;
}

template <typename List, typename T>
bool contains(const List &list, const T &value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Rows and columns of inputs that a step of `steps` in the dimension moves a window by.
struct Shift {
  int64_t height = 0, width = 0;
};
Shift shiftOf(const NestProblem &problem, LoopDimension dimension, int64_t steps) {
  switch (dimension) {
  case LoopDimension::P:
    return {problem.strideHeight * steps, 0};
  case LoopDimension::R:
    return {problem.dilationHeight * steps, 0};
  case LoopDimension::Q:
    return {0, problem.strideWidth * steps};
  case LoopDimension::S:
    return {0, problem.dilationWidth * steps};
  default:
    return {};
  }
}

struct Window {
  int64_t height, width;
};
Window windowOf(const NestProblem &problem, const LoopExtents &extents) {
  using D = LoopDimension;
  return {
      problem.strideHeight * (at(extents, D::P) - 1) + problem.dilationHeight * (at(extents, D::R) - 1) + 1,
      problem.strideWidth * (at(extents, D::Q) - 1) + problem.dilationWidth * (at(extents, D::S) - 1) + 1};
}

/// A loop and how far one of its steps goes: the product of the dimension's factors inside it.
struct PlacedLoop {
  MappingLoop loop;
  int64_t step = 1;
};

class Counter {
public:
  Counter(const NpuMachine &machine, const NestProblem &problem, const Mapping &mapping)
      : machine(machine), problem(problem), mapping(mapping), levels(machine.hierarchy) {}

  Expected<AccessReport> count();

private:
  Status check() const;
  void placeLoops();
  Count loads(NpuTensor tensor, size_t level) const;
  int64_t requests(NpuTensor tensor, size_t parent, size_t child) const;
  int64_t differentTiles(NpuTensor tensor, size_t level, LoopAxis axis) const;
  Status countTensor(NpuTensor tensor, AccessReport &report) const;
  void countEnergy(AccessReport &report) const;

  const NpuMachine &machine;
  const NestProblem &problem;
  const Mapping &mapping;
  const std::vector<NpuStorageLevel> &levels;
  std::vector<std::vector<PlacedLoop>> placed; ///< by level
  std::vector<int64_t> instances, used;        ///< by level, and last of multipliers
  int64_t cycles = 1;
};

std::string described(const NpuStorageLevel &level) { return "hierarchy: level '" + level.name + "'"; }

Status Counter::check() const {
  if (levels.empty()) {
    return fail("expected a machine with a hierarchy");
  }
  if (mapping.levels.size() != levels.size()) {
    return fail("mapping: expected " + std::to_string(levels.size()) + " levels, as the hierarchy has, got " +
                std::to_string(mapping.levels.size()));
  }
  __int128 products = 1;
  for (size_t d = 0; d < kLoopDimensions; ++d) {
    const std::string place = std::string("problem: ") + cost::name(static_cast<LoopDimension>(d));
    if (problem.extents[d] < 1 || problem.extents[d] > kMostExtent) {
      return fail(place + ": expected 1 .. 2^20, got " + std::to_string(problem.extents[d]));
    }
    products *= problem.extents[d];
    if (products > (__int128(1) << 50)) {
      return fail("problem: more than 2^50 multiplications");
    }
    __int128 factors = 1;
    for (const MappingLevel &level : mapping.levels) {
      for (const MappingLoop &loop : level.loops) {
        if (loop.extent < 1 || loop.extent > kMostExtent) {
          return fail("mapping: expected factors of 1 .. 2^20, got " + std::to_string(loop.extent));
        }
        if (loop.dimension == static_cast<LoopDimension>(d) && factors <= kMostExtent) {
          factors *= loop.extent;
        }
      }
    }
    if (factors != problem.extents[d]) {
      return fail(place + ": expected factors of the product " + std::to_string(problem.extents[d]) +
                  ", got " +
                  (factors > kMostExtent ? "more than 2^20" : std::to_string(static_cast<int64_t>(factors))));
    }
  }
  for (int64_t step :
       {problem.strideHeight, problem.strideWidth, problem.dilationHeight, problem.dilationWidth}) {
    if (step < 1 || step > kMostExtent) {
      return fail("problem: expected strides and dilations of 1 .. 2^20, got " + std::to_string(step));
    }
  }
  const Window whole = windowOf(problem, problem.extents);
  if (static_cast<__int128>(whole.height) * whole.width * at(problem.extents, LoopDimension::N) *
          at(problem.extents, LoopDimension::C) >
      (__int128(1) << 50)) {
    return fail("problem: more than 2^50 inputs");
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    int64_t x = 1, y = 1;
    for (const MappingLoop &loop : mapping.levels[i].loops) {
      int64_t &used = loop.axis == LoopAxis::X ? x : y;
      if (loop.axis != LoopAxis::Time && used <= kMostExtent) {
        used *= loop.extent;
      }
    }
    if (x > levels[i].fanOutX || y > levels[i].fanOutY) {
      return fail(described(levels[i]) + ": expected at most " + std::to_string(levels[i].fanOutX) + " x " +
                  std::to_string(levels[i].fanOutY) + " places, got " + std::to_string(x) + " x " +
                  std::to_string(y));
    }
    const LoopExtents tile = extentsFrom(mapping, i);
    __int128 words = 0;
    for (NpuTensor tensor : mapping.levels[i].keeps) {
      if (!contains(levels[i].keeps, tensor)) {
        return fail(described(levels[i]) + " does not keep " + machine::name(tensor));
      }
      words += elements(problem, tensor, tile);
    }
    if (levels[i].bytes && words * levels[i].wordBits * levels[i].lanes > __int128(*levels[i].bytes) * 8) {
      return fail(described(levels[i]) + ": tiles of " + std::to_string(static_cast<int64_t>(words)) +
                  " words of " + std::to_string(levels[i].wordBits) + " bits do not fit");
    }
  }
  if (mapping.levels[0].keeps.size() != 3) {
    return fail(described(levels[0]) + ": expected all tensors in the first level");
  }
  return {};
}

void Counter::placeLoops() {
  LoopExtents inside;
  inside.fill(1);
  placed.resize(levels.size());
  for (size_t i = levels.size(); i-- > 0;) {
    const std::vector<MappingLoop> &loops = mapping.levels[i].loops;
    placed[i].resize(loops.size());
    for (size_t j = loops.size(); j-- > 0;) {
      placed[i][j] = {loops[j], at(inside, loops[j].dimension)};
      at(inside, loops[j].dimension) *= loops[j].extent;
    }
  }
  instances = used = {1};
  for (size_t i = 0; i < levels.size(); ++i) {
    int64_t places = 1;
    for (const MappingLoop &loop : mapping.levels[i].loops) {
      (loop.axis == LoopAxis::Time ? cycles : places) *= loop.extent;
    }
    instances.push_back(instances.back() * levels[i].fanOutX * levels[i].fanOutY);
    used.push_back(used.back() * places);
  }
}

/// Words that one instance of the level is given.
Count Counter::loads(NpuTensor tensor, size_t level) const {
  std::vector<PlacedLoop> outside;
  for (size_t i = 0; i < level; ++i) {
    for (const PlacedLoop &placedLoop : placed[i]) {
      if (placedLoop.loop.axis == LoopAxis::Time && placedLoop.loop.extent > 1) {
        outside.push_back(placedLoop);
      }
    }
  }
  size_t innermost = outside.size(); // one behind the innermost on which the tensor depends
  while (innermost > 0 && !dependsOn(tensor, outside[innermost - 1].loop.dimension)) {
    --innermost;
  }
  const LoopExtents tile = extentsFrom(mapping, level);
  const int64_t words = elements(problem, tensor, tile);
  int64_t steps = 1;
  for (size_t i = 0; i + 1 < innermost; ++i) {
    steps *= outside[i].loop.extent;
  }
  if (innermost == 0) {
    return words;
  }
  const PlacedLoop &last = outside[innermost - 1];
  int64_t kept = 0;
  const Shift shift = shiftOf(problem, last.loop.dimension, last.step);
  if (tensor == NpuTensor::Inputs && innermost == outside.size() && (shift.height > 0 || shift.width > 0)) {
    const Window window = windowOf(problem, tile);
    kept = words / window.height / window.width * std::max<int64_t>(0, window.height - shift.height) *
           std::max<int64_t>(0, window.width - shift.width);
  }
  return Count(steps) * (words + Count(last.loop.extent - 1) * (words - kept));
}

/// Of the places of a mesh, how many ask for tiles of their own.
int64_t Counter::differentTiles(NpuTensor tensor, size_t level, LoopAxis axis) const {
  int64_t others = 1; // steps that no other can undo
  std::set<std::pair<int64_t, int64_t>> windows = {{0, 0}};
  for (const PlacedLoop &each : placed[level]) {
    const LoopDimension dimension = each.loop.dimension;
    if (each.loop.axis != axis || !dependsOn(tensor, dimension)) {
      continue;
    }
    const Shift shift = shiftOf(problem, dimension, each.step);
    if (tensor != NpuTensor::Inputs || (shift.height == 0 && shift.width == 0)) {
      others *= each.loop.extent;
      continue;
    }
    std::set<std::pair<int64_t, int64_t>> moved;
    for (const auto &[height, width] : windows) {
      for (int64_t i = 0; i < each.loop.extent; ++i) {
        moved.insert({height + i * shift.height, width + i * shift.width});
      }
    }
    windows = std::move(moved);
  }
  return others * static_cast<int64_t>(windows.size());
}

/// Instances of `child` (or multipliers, at the end) behind one instance of `parent` that ask for tiles of their own.
int64_t Counter::requests(NpuTensor tensor, size_t parent, size_t child) const {
  int64_t count = 1;
  for (size_t i = parent; i < child; ++i) {
    count *= differentTiles(tensor, i, LoopAxis::X) * differentTiles(tensor, i, LoopAxis::Y);
  }
  return count;
}

Status Counter::countTensor(NpuTensor tensor, AccessReport &report) const {
  std::vector<size_t> keepers;
  for (size_t i = 0; i < levels.size(); ++i) {
    if (contains(mapping.levels[i].keeps, tensor)) {
      keepers.push_back(i);
    }
  }
  const int64_t all = elements(problem, tensor, problem.extents);
  for (size_t k = 0; k < keepers.size(); ++k) {
    const size_t level = keepers[k];
    const bool isLast = k + 1 == keepers.size();
    const size_t child = isLast ? levels.size() : keepers[k + 1];
    const Count asked =
        (isLast ? Count(cycles) : loads(tensor, child)) * requests(tensor, level, child) * used[level];
    const Count loaded = k == 0 ? 0 : loads(tensor, level) * used[level];
    if (asked + loaded > (Count(1) << 61)) {
      return fail(described(levels[level]) + ": more than 2^61 accesses");
    }
    TensorAccesses counted{tensor, elements(problem, tensor, extentsFrom(mapping, level))};
    if (tensor == NpuTensor::Outputs) {
      const int64_t own = all / requests(tensor, 0, level) * used[level]; // outputs that instances ever hold
      counted.updates = static_cast<int64_t>(asked);
      counted.reads = static_cast<int64_t>(asked - own);
      counted.fills = k == 0 ? 0 : static_cast<int64_t>(loaded - own);
    } else {
      counted.reads = static_cast<int64_t>(asked);
      counted.fills = static_cast<int64_t>(loaded);
    }
    report.levels[level].tensors.push_back(counted);
  }
  return {};
}

struct Actions {
  EnergyAction read, write;
  std::optional<EnergyAction> leak;
};
Actions actionsOf(NpuMemoryKind kind) {
  switch (kind) {
  case NpuMemoryKind::Dram:
    return {EnergyAction::Dram, EnergyAction::Dram, std::nullopt};
  case NpuMemoryKind::Sram:
    return {EnergyAction::SramRead, EnergyAction::SramWrite, EnergyAction::SramLeak};
  case NpuMemoryKind::RegisterFile:
    return {EnergyAction::RegisterFileRead, EnergyAction::RegisterFileWrite, EnergyAction::RegisterFileLeak};
  case NpuMemoryKind::Register:
    return {EnergyAction::RegisterRead, EnergyAction::RegisterWrite, std::nullopt};
  }
  return {};
}

void Counter::countEnergy(AccessReport &report) const {
  const EnergyTable *table = machine.energyTable ? findEnergyTable(*machine.energyTable) : nullptr;
  for (size_t i = 0; i < levels.size(); ++i) {
    const NpuStorageLevel &level = levels[i];
    LevelAccesses &counted = report.levels[i];
    const Actions actions = actionsOf(level.kind);
    auto find = [&](EnergyAction action) {
      return table ? table->find(action, level.bytes.value_or(0), level.widthBits) : nullptr;
    };
    const EnergyEntry *read = find(actions.read), *write = find(actions.write);
    const EnergyEntry *leak = actions.leak ? find(*actions.leak) : nullptr;
    if (!read || !write) {
      report.unsourced.push_back(level.name);
      continue;
    }
    const double words =
        static_cast<double>(level.widthBits) / level.wordBits / level.lanes; // of an instance, in a line
    const double memories = std::min(used[i], instances[i] / level.lanes);
    double energy = leak ? leak->picojoules * cycles * used[i] : 0;
    for (const TensorAccesses &tensor : counted.tensors) {
      const double lines = memories / used[i] / words;
      energy += lines * (tensor.reads * read->picojoules +
                         static_cast<double>(tensor.fills + tensor.updates) * write->picojoules);
    }
    counted.picojoules = energy;
    report.picojoules += energy;
  }
  const EnergyEntry *multiply = table ? table->find(EnergyAction::MultiplyAddI8) : nullptr;
  if (multiply) {
    report.multiplierPicojoules = multiply->picojoules * report.multiplications;
    report.picojoules += *report.multiplierPicojoules;
  } else {
    report.unsourced.push_back("multiplier");
  }
}

Expected<AccessReport> Counter::count() {
  if (Status status = check(); !status) {
    return forward(status.error());
  }
  placeLoops();
  AccessReport report;
  report.cycles = cycles;
  report.multiplications = cycles * used.back();
  report.utilization = static_cast<double>(used.back()) / instances.back();
  for (size_t i = 0; i < levels.size(); ++i) {
    report.levels.push_back({levels[i].name, used[i], {}, std::nullopt});
  }
  for (NpuTensor tensor : kTensors) {
    if (Status status = countTensor(tensor, report); !status) {
      return forward(status.error());
    }
  }
  countEnergy(report);
  return report;
}

} // namespace

int64_t cost::elements(const NestProblem &problem, NpuTensor tensor, const LoopExtents &extents) {
  using D = LoopDimension;
  switch (tensor) {
  case NpuTensor::Weights:
    return at(extents, D::M) * at(extents, D::C) * at(extents, D::R) * at(extents, D::S);
  case NpuTensor::Inputs: {
    const Window window = windowOf(problem, extents);
    return at(extents, D::N) * at(extents, D::C) * window.height * window.width;
  }
  case NpuTensor::Outputs:
    return at(extents, D::N) * at(extents, D::M) * at(extents, D::P) * at(extents, D::Q);
  }
  return 0;
}

int64_t LevelAccesses::total() const {
  int64_t sum = 0;
  for (const TensorAccesses &tensor : tensors) {
    sum += tensor.total();
  }
  return sum;
}

Expected<AccessReport> cost::countAccesses(const NpuMachine &machine, const NestProblem &problem,
                                           const Mapping &mapping) {
  return Counter(machine, problem, mapping).count();
}
