#include "SummaryChecks.h"

#include <cmath>

using namespace coopt;
using namespace coopt::cost;

std::string cost::placeOf(const KernelSummary &kernel) {
  return "kernel '" + kernel.id + "' (" + name(kernel.kind) + ")";
}

Status cost::checkSizes(const std::string &place,
                        std::initializer_list<std::pair<const char *, int64_t>> sizes, int64_t least) {
  constexpr int64_t kMost = int64_t(1) << 48;
  for (const auto &[what, value] : sizes) {
    if (value < least || value > kMost) {
      return fail(place + ": expected " + what + " in " + std::to_string(least) + ".." +
                  std::to_string(kMost) + ", got " + std::to_string(value));
    }
  }
  return {};
}

Status cost::checkOperands(const KernelSummary &kernel) {
  for (const OperandSummary &operand : kernel.operands) {
    if (!elementTypeOf(operand.type)) {
      return fail(placeOf(kernel) +
                  ": expected the element type f32, f16, bf16, i1 to i8, i16 or i32, got '" + operand.type +
                  "'");
    }
    if (!(operand.bytes >= 0) || !std::isfinite(operand.bytes)) {
      return fail(placeOf(kernel) + ": expected an operand's bytes not to be negative, got " +
                  std::to_string(operand.bytes));
    }
  }
  return {};
}

std::optional<ElementType> cost::elementTypeOf(const std::string &name) {
  if (name == "f32") {
    return ElementType{32, false};
  }
  if (name == "f16" || name == "bf16") {
    return ElementType{16, false};
  }
  for (int bits : {1, 2, 3, 4, 5, 6, 7, 8, 16, 32}) {
    if (name == "i" + std::to_string(bits)) {
      return ElementType{bits, true};
    }
  }
  return std::nullopt;
}
