//===- PlanGraph.h - What all planners ask of a graph ---------------------===//
#ifndef COOPT_LIB_SOLVER_PLANGRAPH_H
#define COOPT_LIB_SOLVER_PLANGRAPH_H

#include "coopt/Solver/MemoryPlan.h"

namespace coopt::solver {

/// Errors: a graph or limits that are none; an op whose tensors don't fit together, with as few of them as don't.
Status checkGraph(const PlanGraph &graph, const PlanLimits &limits);

/// The bytes of each tensor, rounded up.
std::vector<int64_t> alignedSizes(const PlanGraph &graph, int64_t alignment);

/// What it reads and writes, each once, ascending.
std::vector<size_t> neededBy(const PlanOp &op);

} // namespace coopt::solver

#endif // COOPT_LIB_SOLVER_PLANGRAPH_H
