#include "coopt/CostModel/CostModel.h"
#include "coopt/CostModel/CpuCostModel.h"
#include "coopt/CostModel/NpuCostModel.h"
#include "coopt/Support/TextTable.h"

using namespace coopt;
using namespace coopt::cost;

const char *cost::name(KernelKind kind) {
  switch (kind) {
  case KernelKind::Contraction:
    return "contraction";
  case KernelKind::Rows:
    return "rows";
  case KernelKind::Attention:
    return "attention";
  case KernelKind::Elementwise:
    return "elementwise";
  }
  return "unknown";
}

const char *cost::name(BoundBy bound) {
  switch (bound) {
  case BoundBy::Compute:
    return "compute";
  case BoundBy::Cache:
    return "cache";
  case BoundBy::Memory:
    return "memory";
  case BoundBy::Overhead:
    return "overhead";
  }
  return "unknown";
}

static std::string microseconds(double seconds) { return formatNumber("%.4g us", seconds * 1e6); }

std::string cost::print(const Estimate &estimate) {
  std::string text = microseconds(estimate.seconds) + ", bound by " + estimate.bound;
  std::string separator = " (";
  for (const Term &term : estimate.terms) {
    text += separator + term.name + " " + microseconds(term.seconds);
    separator = ", ";
  }
  return estimate.terms.empty() ? text : text + ")";
}

Expected<std::unique_ptr<CostModel>> cost::makeCostModel(const machine::Machine &machine) {
  if (machine.npu()) {
    Expected<NpuCostModel> model = NpuCostModel::create(machine);
    return model ? Expected<std::unique_ptr<CostModel>>(std::make_unique<NpuCostModel>(std::move(*model)))
                 : forward(model.error());
  }
  Expected<CpuCostModel> model = CpuCostModel::create(machine);
  if (!model) {
    return forward(model.error());
  }
  return std::unique_ptr<CostModel>(std::make_unique<CpuCostModel>(std::move(*model)));
}
