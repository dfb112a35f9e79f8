#include "ScheduleCases.h"

#include "coopt/Analysis/KernelRoots.h"

using namespace mlir;
using namespace coopt;

/// What the leading extent of the kernel's first dynamic destination stands for.
static std::pair<model::SizeOp, int64_t> rowSize(schedule::KernelOp kernel) {
  for (Value out : kernel.getOutputs()) {
    auto empty = emptyOfOutput(out);
    if (!empty || empty.getType().getRank() == 0 || !empty.getType().isDynamicDim(0)) {
      continue;
    }
    Value extent = empty.getDynamicSizes()[0];
    if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
      std::optional<int64_t> factor = getConstantIntValue(product.getRhs());
      return {product.getLhs().getDefiningOp<model::SizeOp>(), factor.value_or(1)};
    }
    return {extent.getDefiningOp<model::SizeOp>(), 1};
  }
  return {nullptr, 1};
}

KernelRows coopt::kernelRows(schedule::KernelOp kernel) {
  auto [size, factor] = rowSize(kernel);
  KernelRows rows;
  if (size) {
    auto range = kernel->getParentOfType<model::EntryOp>().findSize(size.getSize());
    return {size.getSizeAttr(), factor, std::max<int64_t>(range.getMin(), 1), std::max<int64_t>(range.getMax(), 1)};
  }
  if (kernel->getNumResults() > 0) {
    auto type = dyn_cast<RankedTensorType>(kernel.getResult(0).getType());
    if (type && type.getRank() > 0) {
      rows.most = type.isDynamicDim(0) ? 64 : std::max<int64_t>(type.getDimSize(0), 1);
      rows.least = rows.most;
    }
  }
  return rows;
}

std::optional<int64_t> coopt::rowsOfChoice(const KernelRows &rows, schedule::SetAttr choices, size_t index) {
  // Guards compare with constants: what they decide can only change beside one.
  SmallVector<int64_t> sizes = {rows.least, rows.most};
  for (schedule::GuardAttr guard : choices.getGuards()) {
    for (schedule::ConditionAttr condition : guard.getConditions()) {
      for (int64_t near : {-1, 0, 1}) {
        sizes.push_back(std::clamp(condition.getBound() + near, rows.least, rows.most));
      }
    }
  }
  llvm::sort(sizes, std::greater<>());
  for (int64_t size : sizes) {
    auto holds = [&](schedule::GuardAttr guard) {
      return llvm::all_of(guard.getConditions(), [&](schedule::ConditionAttr condition) {
        // Of other sizes nothing is known: they are as the guard wants them.
        const bool isOfRows = rows.size && condition.getSize() == rows.size;
        return !isOfRows || condition.holds(size);
      });
    };
    const auto *first = llvm::find_if(choices.getGuards(), holds);
    if (static_cast<size_t>(first - choices.getGuards().begin()) == index) {
      return size * rows.factor;
    }
  }
  return std::nullopt;
}

std::string coopt::toString(schedule::ConfigAttr config) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << Attribute(config);
  return text.substr(text.find('<'));
}

std::string coopt::toString(schedule::GuardAttr guard) {
  std::string text;
  for (schedule::ConditionAttr condition : guard.getConditions()) {
    text += (text.empty() ? "" : ", ") + condition.getSize().str() + " " +
            schedule::stringifyComparison(condition.getComparison()).str() + " " +
            std::to_string(condition.getBound());
  }
  return text;
}
