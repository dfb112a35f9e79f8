#include "coopt/CostModel/TileReplay.h"

#include <algorithm>
#include <array>

using namespace coopt;
using namespace coopt::cost;

namespace {

using D = LoopDimension;
constexpr size_t kTensors = 3; ///< weights, inputs, outputs

/// How many lines of each tensor lie in each set.
struct Footprint {
  std::array<std::vector<int32_t>, kTensors> perSet;
  std::array<double, kTensors> lines{};

  int64_t inSet(size_t set, bool withOutputs) const {
    return perSet[0][set] + perSet[1][set] + (withOutputs ? perSet[2][set] : 0);
  }
};

bool isReduction(D dimension) { return dimension == D::C || dimension == D::R || dimension == D::S; }

/// Tensors lie one after the other: inputs Q x P x C without padding, weights R x S x C x M, outputs Q x P x M, one byte an element.
class Layout {
public:
  Layout(const machine::NpuTileLoops &loops, const TileProgram &program)
      : loops(loops), program(program), sets(loops.cacheBytes / loops.lineBytes / loops.cacheWays) {
    const LoopExtents &all = program.problem.extents;
    rowBytes = at(all, D::P) * program.problem.strideWidth * at(all, D::C);
    const int64_t inputs = at(all, D::Q) * program.problem.strideHeight * rowBytes;
    const int64_t weights = elements(program.problem, machine::NpuTensor::Weights, all);
    weightBase = lineOf(inputs + loops.lineBytes - 1);
    outputBase = weightBase + lineOf(weights + loops.lineBytes - 1);
  }

  Footprint footprint(LoopExtents e) const {
    const LoopExtents &all = program.problem.extents;
    for (size_t d = 0; d < e.size(); ++d) {
      e[d] = std::min(e[d], all[d]);
    }
    const int64_t channels = at(all, D::C), filters = at(all, D::M);
    const int64_t height = (at(e, D::Q) - 1) * program.problem.strideHeight + at(e, D::R);
    const int64_t width = std::min((at(e, D::P) - 1) * program.problem.strideWidth + at(e, D::S),
                                   at(all, D::P) * program.problem.strideWidth + 2);
    Footprint made;
    add(made, 1, 0, {height, width, 1}, {rowBytes, channels, 0}, at(e, D::C));
    add(made, 0, weightBase, {at(e, D::R), at(e, D::S), at(e, D::C)},
        {at(all, D::S) * channels * filters, channels * filters, filters}, at(e, D::M));
    add(made, 2, outputBase, {at(e, D::Q), at(e, D::P), 1}, {at(all, D::P) * filters, filters, 0},
        at(e, D::M));
    return made;
  }

  /// Lines of a tensor in sets in which all lines of the footprint have a way.
  double kept(const Footprint &footprint, size_t tensor, bool withOutputs) const {
    double lines = 0;
    for (int64_t set = 0; set < sets; ++set) {
      if (footprint.inSet(set, withOutputs) <= loops.cacheWays) {
        lines += footprint.perSet[tensor][set];
      }
    }
    return lines;
  }

private:
  const machine::NpuTileLoops &loops;
  const TileProgram &program;
  const int64_t sets;

  int64_t lineOf(int64_t byte) const { return byte / loops.lineBytes; }

  void add(Footprint &made, size_t tensor, int64_t base, std::array<int64_t, 3> extents,
           std::array<int64_t, 3> strides, int64_t bytes) const {
    std::vector<int32_t> &perSet = made.perSet[tensor];
    perSet.assign(sets, 0);
    int64_t last = -1; // addresses ascend
    for (int64_t i = 0; i < extents[0]; ++i) {
      for (int64_t j = 0; j < extents[1]; ++j) {
        for (int64_t k = 0; k < extents[2]; ++k) {
          const int64_t begin = i * strides[0] + j * strides[1] + k * strides[2];
          for (int64_t line = std::max(lineOf(begin), last + 1); line <= lineOf(begin + bytes - 1); ++line) {
            ++perSet[(line + base) % sets];
            ++made.lines[tensor];
            last = line;
          }
        }
      }
    }
  }

  int64_t rowBytes, weightBase, outputBase;
};

} // namespace

MissedLines cost::missedLines(const machine::NpuTileLoops &loops, const TileProgram &program) {
  const Layout layout(loops, program);
  const std::vector<MappingLoop> &steps = program.steps;
  // footprints[i]: of all steps of the loops i and inside it.
  std::vector<Footprint> footprints(steps.size() + 1);
  LoopExtents extents = program.tile;
  footprints.back() = layout.footprint(extents);
  double all = 1, stored = 1;
  for (size_t i = steps.size(); i-- > 0;) {
    at(extents, steps[i].dimension) *= steps[i].extent;
    footprints[i] = layout.footprint(extents);
    all *= steps[i].extent;
    stored *= isReduction(steps[i].dimension) ? 1 : steps[i].extent;
  }
  MissedLines missed;
  for (size_t tensor = 0; tensor < kTensors; ++tensor) {
    double misses = footprints.back().lines[tensor];
    for (size_t i = steps.size(); i-- > 0;) {
      const MappingLoop &loop = steps[i];
      if (tensor == 2 && isReduction(loop.dimension)) {
        continue; // outputs are stored in its last step
      }
      // What one step of this loop touches, and how much of it the next one touches again.
      const Footprint &inside = footprints[i + 1];
      const double lines = inside.lines[tensor];
      const double again = std::clamp(
          (loop.extent * lines - footprints[i].lines[tensor]) / ((loop.extent - 1) * lines), 0.0, 1.0);
      // Outputs pass only where the loops around do not put them off.
      const bool storesInside =
          std::none_of(steps.begin(), steps.begin() + i + 1,
                       [](const MappingLoop &outer) { return isReduction(outer.dimension); });
      misses += (loop.extent - 1) * (misses - again * layout.kept(inside, tensor, storesInside));
    }
    // The processor has written everything just before.
    misses -= layout.kept(footprints.front(), tensor, true);
    (tensor == 2 ? missed.stores : missed.loads) += misses / (tensor == 2 ? stored : all);
  }
  return missed;
}
