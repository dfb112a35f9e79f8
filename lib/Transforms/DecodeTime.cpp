#include "DecodeTime.h"

#include <algorithm>

using namespace coopt;

Expected<DecodeTime> DecodeTime::create(const machine::Machine &machine,
                                        const std::vector<std::string> &variants) {
  DecodeTime made;
  auto model = cost::makeCostModel(machine);
  if (!model) {
    return forward(model.error());
  }
  made.model = std::move(*model);
  if (const machine::CpuMachine *cpu = machine.cpu()) {
    for (const machine::SimdVariant &variant : cpu->variants) {
      const std::string name = machine::name(variant.set);
      if (variants.empty() || std::find(variants.begin(), variants.end(), name) != variants.end()) {
        made.families.push_back(name);
      }
    }
  }
  if (made.families.empty()) { // the machine's own
    made.families.emplace_back(machine.cpu() ? "generic" : "");
  }
  return made;
}

Expected<double> DecodeTime::of(const DecodeContraction &contraction) const {
  const double inputBytes = contraction.hasCodedInputs ? 1 : 4;
  cost::KernelSummary kernel;
  kernel.kind = cost::KernelKind::Contraction;
  kernel.id = contraction.id;
  kernel.m = 1, kernel.n = contraction.n, kernel.k = contraction.k;
  kernel.codes = contraction.codes;
  kernel.operands = {
      {cost::OperandRole::Activation, contraction.hasCodedInputs ? "i8" : "f32",
       inputBytes * static_cast<double>(contraction.k), /*cold=*/false},
      {cost::OperandRole::Weight, contraction.weightType, contraction.weightBytes, /*cold=*/true},
      {cost::OperandRole::Output, "f32", 4 * static_cast<double>(contraction.n), /*cold=*/false}};
  std::optional<double> least;
  for (const std::string &family : families) {
    for (int64_t columns = 16; columns < 2 * std::max<int64_t>(contraction.n, 16); columns *= 2) {
      cost::Candidate candidate;
      candidate.columnTile = std::min(columns, contraction.n);
      candidate.instructionFamily = family;
      auto estimate = model->estimate(kernel, candidate);
      if (!estimate) {
        return forward(estimate.error());
      }
      least = std::min(least.value_or(estimate->seconds), estimate->seconds);
    }
  }
  return *least;
}
