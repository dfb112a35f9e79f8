#include "Registers.h"

#include "mlir/IR/Diagnostics.h"

#include <algorithm>

using namespace mlir;
using namespace coopt;
using namespace coopt::target;

namespace {

int64_t fold(std::string_view function, int64_t a, int64_t b) {
  return function == "add"   ? a + b
         : function == "sub" ? a - b
         : function == "mul" ? a * b
         : function == "div" ? (b == 0 ? 0 : a / b)
         : function == "rem" ? (b == 0 ? 0 : a % b)
         : function == "min" ? std::min(a, b)
         : function == "max" ? std::max(a, b)
         : function == "lt"  ? a < b
         : function == "eq"  ? a == b
         : function == "and" ? a & b
                             : a | b;
}

bool isMonotone(std::string_view function) {
  return function == "add" || function == "mul" || function == "div" || function == "min" ||
         function == "max";
}

/// No wider than that of what has none, so that bounds of bounds don't run over.
Bounds clamped(Bounds range) {
  return {std::max(range.least, Bounds().least), std::min(range.most, Bounds().most)};
}

Bounds rangeOf(std::string_view function, Bounds a, Bounds b) {
  if (function == "lt" || function == "eq") {
    return {0, 1};
  }
  if (function == "sub") {
    return clamped({a.least - b.most, a.most - b.least});
  }
  if (function == "rem") { // of the sign of a
    const int64_t most = std::max({b.most, -b.least, int64_t(1)}) - 1;
    return {a.least < 0 ? -most : 0, a.most < 0 ? 0 : most};
  }
  if (isMonotone(function)) {
    const bool divides = function == "div";
    if (divides && b.least < 1) {
      return {};
    }
    // Products of what has no bounds have none.
    constexpr int64_t kFar = int64_t(1) << 31;
    auto isNear = [](Bounds r) { return r.least > -kFar * 65536 && r.most < kFar * 65536; };
    if (function == "mul" && (!isNear(a) || !isNear(b))) {
      return {};
    }
    const int64_t corners[] = {fold(function, a.least, b.least), fold(function, a.least, b.most),
                               fold(function, a.most, b.least), fold(function, a.most, b.most)};
    return clamped({*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)});
  }
  return {};
}

} // namespace

void target::choose(npu::Entry &entry, std::string_view field, std::string_view name) {
  for (const npu::Field &of : npu::find(entry.opcode)->fields) {
    if (field == of.name) {
      const auto &names = *of.names;
      entry[field].value =
          std::find_if(names.begin(), names.end(), [&](const char *one) { return name == one; }) -
          names.begin();
    }
  }
}

FailureOr<uint8_t> Registers::take(Operation *at) {
  for (unsigned reg = 0; reg < npu::kRegisters; ++reg) {
    if ((used >> reg & 1) == 0) {
      used |= 1u << reg;
      return static_cast<uint8_t>(reg);
    }
  }
  return at->emitError("needs more numbers at a time than the control unit has registers (")
         << npu::kRegisters << ")";
}

FailureOr<Number> Registers::inRegister(Operation *at, Number number) {
  if (!number.isConstant()) {
    return number;
  }
  FailureOr<uint8_t> reg = take(at);
  if (failed(reg)) {
    return failure();
  }
  npu::Entry entry = npu::entryOf(*npu::find("set"));
  entry["to"].reg = *reg;
  entry["value"].value = number.value;
  stream.push_back(entry);
  number.reg = *reg;
  number.isTemporary = true;
  return number;
}

FailureOr<Number> Registers::apply(Operation *at, std::string_view function, Number a, Number b) {
  if (a.isConstant() && b.isConstant()) {
    return Number::of(fold(function, a.value, b.value));
  }
  // What changes nothing.
  const bool isSum = function == "add" || function == "sub",
             isProduct = function == "mul" || function == "div";
  if (b.isConstant() && ((isSum && b.value == 0) || (isProduct && b.value == 1))) {
    return a;
  }
  if (a.isConstant() && ((function == "add" && a.value == 0) || (function == "mul" && a.value == 1))) {
    return b;
  }
  if (a.isConstant() && function != "sub" && function != "div" && function != "rem" && function != "lt") {
    std::swap(a, b);
  }
  const Bounds range = rangeOf(function, a.range, b.range);
  FailureOr<Number> left = inRegister(at, a);
  if (failed(left)) {
    return failure();
  }
  done(*left);
  done(b);
  FailureOr<uint8_t> to = take(at);
  if (failed(to)) {
    return failure();
  }
  npu::Entry entry = npu::entryOf(*npu::find("scalar"));
  entry["to"].reg = *to;
  choose(entry, "function", function);
  entry["a"].reg = left->reg;
  entry["b"].reg = b.reg;
  entry["value"].value = b.isConstant() ? b.value : 0;
  stream.push_back(entry);
  return Number{0, *to, range, true};
}

FailureOr<Number> Registers::evaluate(Operation *at, AffineExpr expr, ArrayRef<Number> operands,
                                      unsigned dims) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    return Number::of(constant.getValue());
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    return operands[dim.getPosition()];
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    return operands[dims + symbol.getPosition()];
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  FailureOr<Number> left = evaluate(at, binary.getLHS(), operands, dims);
  FailureOr<Number> right = succeeded(left) ? evaluate(at, binary.getRHS(), operands, dims) : left;
  if (failed(right)) {
    return failure();
  }
  const bool divides = expr.getKind() != AffineExprKind::Add && expr.getKind() != AffineExprKind::Mul;
  if (divides && (left->range.least < 0 || right->range.least < 1)) {
    return at->emitError("divides a number that may be negative, or by one that may be 0");
  }
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return apply(at, "add", *left, *right);
  case AffineExprKind::Mul:
    return apply(at, "mul", *left, *right);
  case AffineExprKind::FloorDiv:
    return apply(at, "div", *left, *right);
  case AffineExprKind::Mod:
    return apply(at, "rem", *left, *right);
  case AffineExprKind::CeilDiv: {
    Number divisor = *right;
    divisor.isTemporary = false; // it is read once more
    FailureOr<Number> less = apply(at, "sub", divisor, Number::of(1));
    FailureOr<Number> sum = succeeded(less) ? apply(at, "add", *left, *less) : less;
    return succeeded(sum) ? apply(at, "div", *sum, *right) : sum;
  }
  default:
    return at->emitError("has an expression that the control unit can't compute");
  }
}
