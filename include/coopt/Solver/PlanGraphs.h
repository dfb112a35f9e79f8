//===- PlanGraphs.h - Graphs that planners are compared on ----------------===//
#ifndef COOPT_SOLVER_PLANGRAPHS_H
#define COOPT_SOLVER_PLANGRAPHS_H

#include "coopt/Solver/MemoryPlan.h"

#include <random>

namespace coopt::solver {

struct NamedGraph {
  std::string name; ///< "U-Net"
  std::string text; ///< what it is, with its extents
  PlanGraph graph;
};

/// Parts of ten networks at the sizes that they have: a decoder layer, a gated MLP, attention with its scores, experts, latent attention, a U-Net, inception
/// modules, residual blocks, a dense block, a feature pyramid. Weights and codes are i8, activations bf16, scores f32. Ops of language models run
/// once for each tile of rows.
std::vector<NamedGraph> networkGraphs();

/// Each op reads a few of the last results, perhaps one that is long ago, perhaps a weight; what nobody reads is given away. Tensors have 1 to 60 bytes.
PlanGraph randomGraph(std::mt19937 &generator, size_t ops);

/// The least traffic of all orders and all choices of what stays, gone through one by one, as if only sums of bytes counted; -1 if there is no way.
/// It shares nothing with planMemory. Requires at most 32 ops and 32 tensors; it is for some 8 ops.
int64_t leastTrafficOfAll(const PlanGraph &graph, const PlanLimits &limits);

} // namespace coopt::solver

#endif // COOPT_SOLVER_PLANGRAPHS_H
