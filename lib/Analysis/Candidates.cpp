#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Analysis/SummarizeKernel.h"

using namespace mlir;
using namespace coopt;

int64_t coopt::contractionsOfRoot(schedule::KernelOp kernel) {
  const size_t roots = std::max<size_t>(kernelRoots(kernel).size(), 1);
  return std::max<int64_t>(static_cast<int64_t>(contractionsOf(kernel).size() / roots), 1);
}

cost::Candidate coopt::candidateOf(schedule::KernelOp kernel, const cost::KernelSummary &summary,
                                   schedule::ConfigAttr config, const machine::Machine &machine) {
  ArrayRef<int64_t> tile = config.getTile();
  cost::Candidate candidate;
  candidate.rowTile = tile.empty() ? 0 : tile[0];
  candidate.columnTile = tile.size() > 1 ? tile[1] : 0;
  if (const machine::CpuMachine *cpu = machine.cpu()) {
    const bool hasColumns =
        summary.kind == cost::KernelKind::Contraction || summary.kind == cost::KernelKind::Attention;
    candidate.columnTile *= hasColumns ? contractionsOfRoot(kernel) : 0;
    candidate.instructionFamily = machine::name(cpu->variants.back().set);
  } else if (candidate.rowTile == 0 && !config.getInner().empty()) {
    candidate.rowTile = config.getInner()[0];
  }
  return candidate;
}
