#include "SymbolicExtents.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace coopt::import;

SymbolicExtents::SymbolicExtents(func::FuncOp function) : function(function), context(function.getContext()) {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      continue;
    }
    unsigned number = argument.getArgNumber();
    auto given = function.getArgAttrOfType<ArrayAttr>(number, "coopt.dims");
    auto name = function.getArgAttrOfType<StringAttr>(number, "coopt.name");
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d)) {
        continue;
      }
      unsigned dynamic = type.getDynamicDimIndex(d);
      auto size = given && dynamic < given.size() ? dyn_cast<StringAttr>(given[dynamic]) : StringAttr();
      std::string own = (name ? name.str() : ("arg" + Twine(number)).str()) + "." + std::to_string(d);
      auto expr = cast<AffineSymbolExpr>(sizeNamed(size ? size.str() : own, bool(size)));
      numbers[{argument, d}] = expr.getPosition();
    }
  }
}

AffineExpr SymbolicExtents::constant(int64_t value) { return getAffineConstantExpr(value, context); }

AffineExpr SymbolicExtents::symbol(unsigned number) { return getAffineSymbolExpr(number, context); }

AffineExpr SymbolicExtents::sizeNamed(StringRef name, bool isGiven) {
  auto [it, isNew] = named.try_emplace(name, symbols.size());
  if (isNew) {
    symbols.push_back({name.str(), isGiven, true, static_cast<unsigned>(symbols.size()), std::nullopt});
  }
  symbols[it->second].isGiven |= isGiven;
  return symbol(it->second);
}

AffineExpr SymbolicExtents::opaque(Value value, int64_t dimension) {
  auto [it, isNew] = numbers.try_emplace({value, dimension}, symbols.size());
  if (isNew) {
    bool isExtent = isa<ShapedType>(value.getType());
    symbols.push_back({"", false, isExtent, static_cast<unsigned>(symbols.size()), std::nullopt});
  }
  return symbol(it->second);
}

unsigned SymbolicExtents::root(unsigned number) const {
  while (symbols[number].parent != number) {
    number = symbols[number].parent;
  }
  return number;
}

AffineExpr SymbolicExtents::canonical(AffineExpr expr) {
  SmallVector<AffineExpr> replacements;
  for (unsigned i = 0; i < symbols.size(); ++i) {
    const Symbol &merged = symbols[root(i)];
    replacements.push_back(merged.value ? constant(*merged.value) : symbol(root(i)));
  }
  return simplifyAffineExpr(expr.replaceSymbols(replacements), 0, symbols.size());
}

AffineExpr SymbolicExtents::of(const Extent &extent) { return canonical(rawOf(extent)); }

AffineExpr SymbolicExtents::rawOf(const Extent &extent) {
  if (!extent.tensor) {
    return ofIndex(extent.index);
  }
  auto type = cast<RankedTensorType>(extent.tensor.getType());
  if (!type.isDynamicDim(extent.dimension)) {
    return constant(type.getDimSize(extent.dimension));
  }
  if (auto argument = dyn_cast<BlockArgument>(extent.tensor)) {
    if (auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())) {
      // What is carried is written in place, or copied, which asks for equal extents.
      return rawOf(Extent(loop.getTiedLoopInit(argument)->get(), extent.dimension));
    }
    return opaque(argument, extent.dimension);
  }
  return ofResult(cast<OpResult>(extent.tensor), extent.dimension);
}

AffineExpr SymbolicExtents::ofResult(OpResult result, int64_t dimension) {
  Operation *op = result.getOwner();
  auto dynamicOf = [&](ValueRange sizes) {
    auto type = cast<RankedTensorType>(result.getType());
    return ofIndex(sizes[type.getDynamicDimIndex(dimension)]);
  };
  if (auto style = dyn_cast<DestinationStyleOpInterface>(op)) {
    return rawOf(Extent(style.getTiedOpOperand(result)->get(), dimension));
  }
  return llvm::TypeSwitch<Operation *, AffineExpr>(op)
      .Case<tensor::EmptyOp, tensor::SplatOp>([&](auto made) { return dynamicOf(made.getDynamicSizes()); })
      .Case([&](tensor::GenerateOp made) { return dynamicOf(made.getDynamicExtents()); })
      .Case([&](tensor::CastOp cast) { return rawOf(Extent(cast.getSource(), dimension)); })
      .Case([&](tensor::InsertOp insert) { return rawOf(Extent(insert.getDest(), dimension)); })
      .Case([&](tensor::InsertSliceOp insert) { return rawOf(Extent(insert.getDest(), dimension)); })
      .Case([&](scf::ForOp loop) {
        return rawOf(Extent(loop.getInitArgs()[result.getResultNumber()], dimension));
      })
      .Case([&](tensor::ExtractSliceOp slice) {
        llvm::SmallBitVector dropped = slice.getDroppedDims();
        int64_t kept = -1;
        for (int64_t d = 0, e = slice.getSourceType().getRank(); d < e; ++d) {
          kept += dropped.test(d) ? 0 : 1;
          if (kept == dimension && !dropped.test(d)) {
            return ofIndex(slice.getMixedSizes()[d]);
          }
        }
        return opaque(result, dimension);
      })
      .Case([&](tensor::PadOp pad) {
        return rawOf(Extent(pad.getSource(), dimension)) + ofIndex(pad.getMixedLowPad()[dimension]) +
               ofIndex(pad.getMixedHighPad()[dimension]);
      })
      .Case([&](tensor::CollapseShapeOp collapse) {
        AffineExpr product = constant(1);
        SmallVector<ReassociationIndices> groups = collapse.getReassociationIndices();
        for (int64_t d : groups[dimension]) {
          product = product * rawOf(Extent(collapse.getSrc(), d));
        }
        return product;
      })
      .Case([&](tensor::ExpandShapeOp expand) { return ofIndex(expand.getMixedOutputShape()[dimension]); })
      .Case([&](tensor::ConcatOp concat) {
        if (static_cast<int64_t>(concat.getDim()) != dimension) {
          return rawOf(Extent(concat.getInputs().front(), dimension));
        }
        AffineExpr sum = constant(0);
        for (Value input : concat.getInputs()) {
          sum = sum + rawOf(Extent(input, dimension));
        }
        return sum;
      })
      .Case([&](scf::IfOp branch) {
        unsigned number = result.getResultNumber();
        AffineExpr one = rawOf(Extent(branch.thenYield().getOperand(number), dimension));
        AffineExpr other = rawOf(Extent(branch.elseYield().getOperand(number), dimension));
        return one == other ? one : opaque(result, dimension);
      })
      .Default([&](Operation *) { return opaque(result, dimension); });
}

AffineExpr SymbolicExtents::ofIndex(OpFoldResult index) {
  if (std::optional<int64_t> value = getConstantIntValue(index)) {
    return constant(*value);
  }
  auto value = cast<Value>(index);
  Operation *def = value.getDefiningOp();
  if (!def || !value.getType().isIndex()) {
    return opaque(value, 0);
  }
  auto operand = [&](unsigned number) { return ofIndex(def->getOperand(number)); };
  auto positive = [&](AffineExpr expr) {
    auto known = dyn_cast<AffineConstantExpr>(canonical(expr));
    return known && known.getValue() > 0;
  };
  return llvm::TypeSwitch<Operation *, AffineExpr>(def)
      .Case([&](tensor::DimOp dim) {
        std::optional<int64_t> number = dim.getConstantIndex();
        auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
        return number && type && *number >= 0 && *number < type.getRank()
                   ? rawOf(Extent(dim.getSource(), *number))
                   : opaque(value, 0);
      })
      .Case([&](arith::AddIOp) { return operand(0) + operand(1); })
      .Case([&](arith::SubIOp) { return operand(0) - operand(1); })
      .Case([&](arith::MulIOp) { return operand(0) * operand(1); })
      .Case([&](arith::FloorDivSIOp) {
        return positive(operand(1)) ? operand(0).floorDiv(operand(1)) : opaque(value, 0);
      })
      .Case([&](arith::CeilDivSIOp) {
        return positive(operand(1)) ? operand(0).ceilDiv(operand(1)) : opaque(value, 0);
      })
      .Case<arith::DivSIOp, arith::DivUIOp>([&](auto) {
        return positive(operand(1)) && isNotNegative(canonical(operand(0))) ? operand(0).floorDiv(operand(1))
                                                                            : opaque(value, 0);
      })
      .Case<arith::RemSIOp, arith::RemUIOp>([&](auto) {
        return positive(operand(1)) && isNotNegative(canonical(operand(0))) ? operand(0) % operand(1)
                                                                            : opaque(value, 0);
      })
      .Case([&](affine::AffineApplyOp apply) {
        SmallVector<AffineExpr> dims, syms;
        AffineMap map = apply.getAffineMap();
        for (auto [number, argument] : llvm::enumerate(apply.getMapOperands())) {
          (number < map.getNumDims() ? dims : syms).push_back(ofIndex(argument));
        }
        return map.getResult(0).replaceDimsAndSymbols(dims, syms);
      })
      .Default([&](Operation *) { return opaque(value, 0); });
}

std::optional<unsigned> SymbolicExtents::asSize(AffineExpr expr) const {
  auto symbol = dyn_cast<AffineSymbolExpr>(expr);
  return symbol && !symbols[symbol.getPosition()].name.empty() ? std::optional(symbol.getPosition())
                                                               : std::nullopt;
}

std::string SymbolicExtents::nameOf(AffineExpr expr) {
  auto symbol = dyn_cast<AffineSymbolExpr>(expr);
  return symbol ? symbols[root(symbol.getPosition())].name : std::string();
}

std::string SymbolicExtents::text(AffineExpr expr) {
  if (std::string name = nameOf(expr); !name.empty()) {
    return "'" + name + "'";
  }
  auto constant = dyn_cast<AffineConstantExpr>(expr);
  return constant ? std::to_string(constant.getValue()) : "one that is computed";
}

AffineExpr SymbolicExtents::ofArgument(BlockArgument argument, int64_t dimension) {
  return opaque(argument, dimension);
}

std::vector<std::pair<std::string, int64_t>> SymbolicExtents::constants() {
  std::vector<std::pair<std::string, int64_t>> found;
  for (unsigned i = 0; i < symbols.size(); ++i) {
    if (symbols[root(i)].value && !symbols[i].name.empty()) {
      found.push_back({symbols[i].name, *symbols[root(i)].value});
    }
  }
  return found;
}

SymbolicExtents::Equality SymbolicExtents::merge(AffineExpr a, AffineExpr b) {
  a = canonical(a);
  b = canonical(b);
  if (std::optional<int64_t> constant = difference(a, b)) {
    return *constant == 0 ? Equality::Always : Equality::Never;
  }
  std::optional<unsigned> first = asSize(a), second = asSize(b);
  if (first && second) {
    if (symbols[*first].isGiven && symbols[*second].isGiven) {
      return Equality::TwoNames;
    }
    // A given name wins, then the earlier one.
    bool secondWins = symbols[*second].isGiven || (!symbols[*first].isGiven && *second < *first);
    symbols[secondWins ? *first : *second].parent = secondWins ? *second : *first;
    return Equality::Always;
  }
  auto constant = dyn_cast<AffineConstantExpr>(first ? b : a);
  if ((first || second) && constant && constant.getValue() >= 0) {
    symbols[first ? *first : *second].value = constant.getValue();
    return Equality::Always;
  }
  return Equality::RunTime;
}

std::optional<int64_t> SymbolicExtents::difference(AffineExpr value, AffineExpr bound) {
  auto constant = dyn_cast<AffineConstantExpr>(canonical(value - bound));
  return constant ? std::optional(constant.getValue()) : std::nullopt;
}

bool SymbolicExtents::isNotNegative(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    return constant.getValue() >= 0;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    return symbols[symbol.getPosition()].isExtent;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return binary && isNotNegative(binary.getLHS()) && isNotNegative(binary.getRHS());
}

std::optional<std::pair<AffineExpr, AffineExpr>> SymbolicExtents::range(Value index) {
  if (std::optional<int64_t> value = getConstantIntValue(index)) {
    return std::pair(constant(*value), constant(*value));
  }
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (!loop || argument != loop.getInductionVar()) {
      return std::nullopt;
    }
    return std::pair(canonical(ofIndex(loop.getLowerBound())), canonical(ofIndex(loop.getUpperBound()) - 1));
  }
  Operation *def = index.getDefiningOp();
  if (auto position = dyn_cast<linalg::IndexOp>(def)) {
    auto op = position->getParentOfType<linalg::LinalgOp>();
    AffineMap map = op.getShapesToLoopsMap();
    AffineExpr expr = map ? map.getResult(position.getDim()) : AffineExpr();
    auto dim = dyn_cast_or_null<AffineDimExpr>(expr);
    if (!dim) {
      return std::nullopt;
    }
    // Place `dim` in the concatenated shapes of the operands.
    int64_t place = dim.getPosition();
    for (OpOperand &operand : op->getOpOperands()) {
      int64_t rank = op.getRank(&operand);
      if (place < rank) {
        return std::pair(constant(0), canonical(of(Extent(operand.get(), place)) - 1));
      }
      place -= rank;
    }
    return std::nullopt;
  }
  if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(def)) {
    AffineExpr expr = canonical(ofIndex(index));
    return isNotNegative(expr) ? std::optional(std::pair(expr, expr)) : std::nullopt;
  }
  auto a = range(def->getOperand(0)), b = range(def->getOperand(1));
  if (!a || !b) {
    return std::nullopt;
  }
  if (isa<arith::AddIOp>(def)) {
    return std::pair(canonical(a->first + b->first), canonical(a->second + b->second));
  }
  if (isa<arith::SubIOp>(def)) {
    return std::pair(canonical(a->first - b->second), canonical(a->second - b->first));
  }
  if (isNotNegative(a->first) && isNotNegative(b->first)) {
    return std::pair(canonical(a->first * b->first), canonical(a->second * b->second));
  }
  return std::nullopt;
}
