//===- SizeBounds.cpp - Interval evaluation of index arithmetic --------------===//
#include "dialects/Program/Transforms/SizeBounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using namespace coopt::program;

namespace {

/// Wide enough for every product of two 64-bit values.
using Wide = __int128;

std::optional<Interval> narrow(Wide min, Wide max) {
  if (min < std::numeric_limits<int64_t>::min() || max > std::numeric_limits<int64_t>::max()) {
    return std::nullopt;
  }
  return Interval{static_cast<int64_t>(min), static_cast<int64_t>(max)};
}

/// The hull of a function's values at the corners of two intervals: exact for functions that are monotone in
/// each operand.
template <typename Function>
std::optional<Interval> corners(Interval a, Interval b, Function function) {
  Wide values[] = {function(a.min, b.min), function(a.min, b.max), function(a.max, b.min),
                   function(a.max, b.max)};
  auto [min, max] = std::minmax_element(std::begin(values), std::end(values));
  return narrow(*min, *max);
}

/// 1 or 0 if the intervals decide the comparison, else both.
Interval compare(arith::CmpIPredicate predicate, Interval a, Interval b) {
  auto decide = [](bool always, bool never) { return Interval{always ? 1 : 0, never ? 0 : 1}; };
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return decide(a.min == a.max && b.min == b.max && a.min == b.min, a.max < b.min || b.max < a.min);
  case arith::CmpIPredicate::ne:
    return decide(a.max < b.min || b.max < a.min, a.min == a.max && b.min == b.max && a.min == b.min);
  case arith::CmpIPredicate::slt:
    return decide(a.max < b.min, a.min >= b.max);
  case arith::CmpIPredicate::sle:
    return decide(a.max <= b.min, a.min > b.max);
  case arith::CmpIPredicate::sgt:
    return decide(a.min > b.max, a.max <= b.min);
  case arith::CmpIPredicate::sge:
    return decide(a.min >= b.max, a.max < b.min);
  default:
    return Interval{0, 1};
  }
}

constexpr llvm::StringLiteral kOverflow = "may not fit 64 bits";
constexpr llvm::StringLiteral kDivisor = "the divisor may be 0 or negative";
constexpr llvm::StringLiteral kNegative = "an operand may be negative";
constexpr llvm::StringLiteral kUnknown = "no arithmetic of a host program";

} // namespace

SizeBounds::SizeBounds(EntryOp entry) : entry(entry) {
  // Operands are defined before their uses, so one walk in order suffices, however long the chains are.
  entry.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op->getNumResults() == 1 && (op->getResult(0).getType().isIntOrIndex())) {
      bounds[op->getResult(0)] = evaluate(op);
    }
  });
}

SizeBounds::Bound SizeBounds::evaluate(Operation *op) const {
  auto none = [&](StringRef reason) { return Bound{std::nullopt, op, reason}; };
  auto checked = [&](std::optional<Interval> interval, StringRef reason = kOverflow) {
    return interval ? Bound{interval, nullptr, {}} : none(reason);
  };
  if (auto size = dyn_cast<SizeOp>(op)) {
    std::optional<unsigned> index = entry.findSize(size.getName());
    if (!index) {
      return none("no size of the entry");
    }
    SizeAttr range = entry.getSize(*index);
    Wide multiple = range.getMultiple();
    return checked(
        narrow((range.getMin() + multiple - 1) / multiple * multiple, range.getMax() / multiple * multiple));
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto integer = dyn_cast<IntegerAttr>(constant.getValue());
    if (!integer || integer.getValue().getBitWidth() > 64) {
      return none(kUnknown);
    }
    bool isBool = integer.getType().isInteger(1);
    int64_t value = isBool ? (integer.getValue().isZero() ? 0 : 1) : integer.getValue().getSExtValue();
    return checked(Interval{value, value});
  }
  if (isa<ExpertsLimitedOp>(op)) {
    return checked(Interval{0, 1});
  }
  SmallVector<Interval, 3> in;
  for (Value operand : op->getOperands()) {
    auto found = bounds.find(operand);
    if (found == bounds.end()) {
      return none(kUnknown);
    }
    if (!found->second.interval) {
      return found->second; // the innermost cause
    }
    in.push_back(*found->second.interval);
  }
  return TypeSwitch<Operation *, Bound>(op)
      .Case([&](arith::AddIOp) {
        return checked(narrow(Wide(in[0].min) + in[1].min, Wide(in[0].max) + in[1].max));
      })
      .Case([&](arith::SubIOp) {
        return checked(narrow(Wide(in[0].min) - in[1].max, Wide(in[0].max) - in[1].min));
      })
      .Case(
          [&](arith::MulIOp) { return checked(corners(in[0], in[1], [](Wide a, Wide b) { return a * b; })); })
      .Case([&](arith::FloorDivSIOp) {
        return in[1].min < 1
                   ? none(kDivisor)
                   : checked(corners(
                         in[0], in[1], [](int64_t a, int64_t b) { return llvm::divideFloorSigned(a, b); }));
      })
      .Case([&](arith::CeilDivSIOp) {
        return in[1].min < 1
                   ? none(kDivisor)
                   : checked(corners(
                         in[0], in[1], [](int64_t a, int64_t b) { return llvm::divideCeilSigned(a, b); }));
      })
      .Case<arith::DivSIOp, arith::DivUIOp>([&](auto) {
        if (in[1].min < 1 || in[0].min < 0) {
          return none(in[0].min < 0 ? kNegative : kDivisor);
        }
        return checked(Interval{in[0].min / in[1].max, in[0].max / in[1].min});
      })
      .Case<arith::RemSIOp, arith::RemUIOp>([&](auto) {
        if (in[1].min < 1 || in[0].min < 0) {
          return none(in[0].min < 0 ? kNegative : kDivisor);
        }
        return checked(Interval{0, std::min(in[0].max, in[1].max - 1)});
      })
      .Case([&](arith::MinSIOp) {
        return checked(Interval{std::min(in[0].min, in[1].min), std::min(in[0].max, in[1].max)});
      })
      .Case([&](arith::MaxSIOp) {
        return checked(Interval{std::max(in[0].min, in[1].min), std::max(in[0].max, in[1].max)});
      })
      .Case([&](arith::CmpIOp compareOp) { return checked(compare(compareOp.getPredicate(), in[0], in[1])); })
      .Case<arith::AndIOp, arith::OrIOp>([&](auto logical) {
        if (!logical.getType().isInteger(1)) {
          return none(kUnknown);
        }
        bool isAnd = isa<arith::AndIOp>(logical.getOperation());
        return checked(isAnd ? Interval{in[0].min & in[1].min, in[0].max & in[1].max}
                             : Interval{in[0].min | in[1].min, in[0].max | in[1].max});
      })
      .Default([&](Operation *) { return none(kUnknown); });
}

std::optional<Interval> SizeBounds::of(Value value) const {
  auto found = bounds.find(value);
  return found == bounds.end() ? std::nullopt : found->second.interval;
}

void SizeBounds::explain(Value value, InFlightDiagnostic &diagnostic) const {
  auto found = bounds.find(value);
  if (found == bounds.end()) {
    diagnostic.attachNote(value.getLoc()) << "made here: " << kUnknown;
  } else if (!found->second.interval) {
    diagnostic.attachNote(found->second.cause->getLoc())
        << "the bound is lost at '" << found->second.cause->getName() << "': " << found->second.reason;
  }
}

FailureOr<uint64_t> SizeBounds::bytesOf(Operation *bufferOp) const {
  auto type = cast<MemRefType>(bufferOp->getResult(0).getType());
  constexpr Wide kMost = std::numeric_limits<int64_t>::max();
  Wide bytes = static_cast<Wide>(storedElementBytes(type.getElementType()));
  ValueRange sizes = dynamicSizesOf(bufferOp);
  bool isEmpty = false;
  for (int64_t extent : type.getShape()) {
    if (ShapedType::isDynamic(extent)) {
      Value size = sizes.front();
      sizes = sizes.drop_front();
      std::optional<Interval> interval = of(size);
      if (!interval) {
        InFlightDiagnostic diagnostic = bufferOp->emitOpError("has an unbounded extent");
        explain(size, diagnostic);
        return failure();
      }
      extent = std::max<int64_t>(interval->max, 0);
    }
    if (extent == 0) {
      isEmpty = true;
      continue;
    }
    bytes *= extent;
    if (bytes > kMost) {
      return bufferOp->emitOpError("is larger than 2^63 - 1 bytes for the largest sizes");
    }
  }
  return isEmpty ? 0 : static_cast<uint64_t>(bytes);
}

ValueRange coopt::program::dynamicSizesOf(Operation *bufferOp) {
  return TypeSwitch<Operation *, ValueRange>(bufferOp)
      .Case<ArgumentOp, ResultOp, AllocOp>([](auto op) { return ValueRange(op.getDynamicSizes()); })
      .Default([](Operation *) { return ValueRange(); });
}

uint64_t coopt::program::storedElementBytes(Type type) { return (type.getIntOrFloatBitWidth() + 7) / 8; }
