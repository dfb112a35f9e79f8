//===- MatrixUnitGroups.cpp - Which ops the matrix unit computes together ---===//
#include "FunctionPass.h"
#include "MatrixUnit.h"
#include "dialects/Schedule/IR/Schedule.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace coopt {
namespace {

/// What can be asked of the types alone. One row has nothing to share the weights' tiles with.
bool mayUseUnit(quantized::ContractOp op) {
  auto a = dyn_cast<MemRefType>(op.getA().getType());
  auto init = dyn_cast<MemRefType>(op.getInit().getType());
  return a && init && init.getDimSize(0) != 1 && hasUnitInnerStride(op.getA()) &&
         hasUnitInnerStride(op.getInit());
}

/// What a memref is a view of.
Value rootOf(Value memref) {
  while (Operation *def = memref.getDefiningOp()) {
    auto view = dyn_cast<ViewLikeOpInterface>(def);
    if (!view) {
      break;
    }
    memref = view.getViewSource();
  }
  return memref;
}

//===-- Loops over rows ------------------------------------------------------===//

/// True if `size` is what is left of `loop`, at most its step: the rows of a round.
bool isRowsOfRound(Value size, scf::ForOp loop) {
  auto min = size.getDefiningOp<affine::AffineMinOp>();
  if (!min || min.getMap().getNumResults() != 2) {
    return false;
  }
  AffineMap map = min.getMap();
  bool hasStep = false, hasRest = false;
  for (AffineExpr expr : map.getResults()) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      hasStep |= getConstantIntValue(loop.getStep()) == constant.getValue();
      continue;
    }
    // expr + iv is the upper bound.
    for (auto [position, operand] : llvm::enumerate(min.getOperands())) {
      if (operand != loop.getInductionVar()) {
        continue;
      }
      const bool isDim = position < map.getNumDims();
      const auto place = static_cast<unsigned>(isDim ? position : position - map.getNumDims());
      AffineExpr iv =
          isDim ? getAffineDimExpr(place, size.getContext()) : getAffineSymbolExpr(place, size.getContext());
      AffineExpr bound = simplifyAffineExpr(expr + iv, map.getNumDims(), map.getNumSymbols());
      if (auto dim = dyn_cast<AffineDimExpr>(bound)) {
        hasRest |= min.getOperand(dim.getPosition()) == loop.getUpperBound();
      } else if (auto symbol = dyn_cast<AffineSymbolExpr>(bound)) {
        hasRest |= min.getOperand(map.getNumDims() + symbol.getPosition()) == loop.getUpperBound();
      } else if (auto constant = dyn_cast<AffineConstantExpr>(bound)) {
        hasRest |= getConstantIntValue(loop.getUpperBound()) == constant.getValue();
      }
    }
  }
  return hasStep && hasRest;
}

/// True if each round of `loop` treats its own rows and no others: its number is used only for where slices
/// start, whose extent there is the rows of the round.
bool goesOverRows(scf::ForOp loop) {
  if (loop.getNumResults() != 0 || !isZeroInteger(loop.getLowerBound())) {
    return false;
  }
  llvm::SmallDenseSet<Value> rows;
  for (Operation &op : loop.getBody()->without_terminator()) {
    for (Value result : op.getResults()) {
      if (result.getType().isIndex() && isRowsOfRound(result, loop)) {
        rows.insert(result);
      }
    }
  }
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (auto view = dyn_cast<memref::SubViewOp>(op)) {
      for (auto [offset, size] : llvm::zip_equal(view.getMixedOffsets(), view.getMixedSizes())) {
        auto isValue = [](OpFoldResult x, Value y) { return dyn_cast<Value>(x) == y; };
        const bool startsAtRound = isValue(offset, loop.getInductionVar());
        const bool isRows = isa<Value>(size) && rows.contains(cast<Value>(size));
        if (startsAtRound != isRows) {
          return false;
        }
      }
      continue;
    }
    if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
      // A row of its own for every row.
      if (!rows.contains(alloc.getDynamicSizes().empty() ? Value() : alloc.getDynamicSizes()[0]) ||
          alloc.getDynamicSizes().size() != 1 || !alloc.getType().isDynamicDim(0)) {
        return false;
      }
      continue;
    }
    const bool usesRound = llvm::any_of(op.getOperands(), [&](Value operand) {
      return operand == loop.getInductionVar() || rows.contains(operand);
    });
    if (op.getNumResults() == 1 && rows.contains(op.getResult(0))) {
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(op);
    const bool isByRows =
        isa<quantized::ContractOp>(op) ||
        (generic && !generic.hasIndexSemantics() && generic.getNumParallelLoops() == generic.getNumLoops());
    if (usesRound || (!isByRows && !isPure(&op))) {
      return false;
    }
    // What is written are rows: of a slice, or of a buffer of the round.
    if (auto writes = dyn_cast<DestinationStyleOpInterface>(op)) {
      for (Value init : writes.getDpsInits()) {
        Operation *def = init.getDefiningOp();
        if (!def || def->getBlock() != loop.getBody() || !isa<memref::SubViewOp, memref::AllocOp>(def)) {
          return false;
        }
      }
    }
  }
  return true;
}

/// One round for all rows. What is written in a round are rows of slices and buffers, which the ops of all others
/// neither read nor write.
void dissolve(scf::ForOp loop) {
  OpBuilder builder(loop);
  IRMapping map;
  map.map(loop.getInductionVar(), loop.getLowerBound());
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (op.getNumResults() == 1 && op.getResult(0).getType().isIndex() &&
        isRowsOfRound(op.getResult(0), loop)) {
      map.map(op.getResult(0), loop.getUpperBound());
    } else {
      builder.clone(op, map);
    }
  }
  loop.erase();
}

//===-- Groups ---------------------------------------------------------------===//

struct Match {
  SmallVector<quantized::ContractOp> ops;
  linalg::GenericOp consumer;
};

/// The only op that reads `buffer`, which `writer` fills; null if there are more or it is no generic of the same
/// block.
linalg::GenericOp consumerOf(Value buffer, quantized::ContractOp writer) {
  if (!buffer.getDefiningOp<memref::AllocOp>()) {
    return nullptr;
  }
  linalg::GenericOp consumer;
  for (Operation *user : buffer.getUsers()) {
    if (user == writer || isa<memref::DeallocOp>(user)) {
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (!generic || (consumer && consumer != generic) || generic->getBlock() != writer->getBlock()) {
      return nullptr;
    }
    consumer = generic;
  }
  return consumer;
}

/// True if the ops can wait until the consumer's place: nothing before it writes what they read, and what it writes they do
/// not read.
bool canWait(Match &match) {
  llvm::SmallDenseSet<Value> reads;
  for (quantized::ContractOp op : match.ops) {
    for (Value input : op.getInputs()) {
      reads.insert(rootOf(input));
    }
  }
  for (Value init : match.consumer.getDpsInits()) {
    if (reads.contains(rootOf(init))) {
      return false;
    }
  }
  for (Operation *op = match.ops.front()->getNextNode(); op != match.consumer; op = op->getNextNode()) {
    if (llvm::is_contained(match.ops, op) || isPure(op) || isa<memref::AllocOp>(op)) {
      continue;
    }
    auto writes = dyn_cast<DestinationStyleOpInterface>(op);
    if (!writes || op->getNumRegions() > 1 ||
        llvm::any_of(writes.getDpsInits(), [&](Value init) { return reads.contains(rootOf(init)); })) {
      return false;
    }
  }
  return true;
}

SmallVector<Match> matchGroups(func::FuncOp function) {
  SmallVector<Match> matches;
  llvm::MapVector<Operation *, SmallVector<quantized::ContractOp>> byConsumer;
  for (quantized::ContractOp op : collect<quantized::ContractOp>(function)) {
    if (!mayUseUnit(op)) {
      continue;
    }
    if (linalg::GenericOp consumer = consumerOf(op.getInit(), op)) {
      byConsumer[consumer].push_back(op);
    } else {
      matches.push_back({{op}, {}});
    }
  }
  for (auto &[consumer, ops] : byConsumer) {
    Match match{ops, cast<linalg::GenericOp>(consumer)};
    auto inits = llvm::map_to_vector(ops, [](quantized::ContractOp op) -> Value { return op.getInit(); });
    if (canWait(match) && RowConsumer::match(match.consumer, inits)) {
      matches.push_back(match);
      continue;
    }
    for (quantized::ContractOp op : ops) {
      matches.push_back({{op}, {}});
    }
  }
  return matches;
}

//===-- Few rows -------------------------------------------------------------===//

/// The first `rows` rows of `memref`, whose dimension `dimension` they are.
Value firstRows(ImplicitLocOpBuilder &b, Value memref, int64_t dimension, int64_t rows) {
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, b.getLoc(), memref);
  sizes[static_cast<size_t>(dimension)] = b.getIndexAttr(rows);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  return memref::SubViewOp::create(b, memref, offsets, sizes, strides);
}

/// The ops of a group once more, for its first `rows` rows, with buffers of their own between them.
void cloneForRows(ImplicitLocOpBuilder &b, const Match &match, int64_t rows) {
  IRMapping map;
  if (match.consumer) {
    for (quantized::ContractOp op : match.ops) {
      auto all = op.getInit().getDefiningOp<memref::AllocOp>();
      SmallVector<int64_t> shape(all.getType().getShape());
      const bool wasKnown = !ShapedType::isDynamic(std::exchange(shape[0], rows));
      auto type = MemRefType::get(shape, all.getType().getElementType());
      map.map(op.getInit(),
              memref::AllocOp::create(b, type, all.getDynamicSizes().drop_front(wasKnown ? 0 : 1)));
    }
  }
  auto clone = [&](Operation *op, function_ref<int64_t(OpOperand &)> rowsOf) {
    Operation *copy = b.clone(*op, map);
    for (OpOperand &operand : op->getOpOperands()) {
      const int64_t dimension = rowsOf(operand);
      if (dimension >= 0 && !map.contains(operand.get())) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(copy);
        copy->setOperand(operand.getOperandNumber(), firstRows(b, operand.get(), dimension, rows));
      }
    }
  };
  for (quantized::ContractOp op : match.ops) {
    clone(op, [&](OpOperand &operand) -> int64_t {
      return operand.getOperandNumber() < op.getFirstWeightOperand() || operand.get() == op.getInit() ? 0
                                                                                                      : -1;
    });
  }
  if (linalg::GenericOp consumer = match.consumer) {
    clone(consumer, [&](OpOperand &operand) -> int64_t {
      AffineMap indexing = consumer.getMatchingIndexingMap(&operand);
      return indexing.getResultPosition(getAffineDimExpr(0, b.getContext())).value_or(-1);
    });
  }
}

/// Up to how many rows vectors compute the group.
int64_t vectorRowsOf(const Match &match) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (quantized::ContractOp op : match.ops) {
    auto rows = op->getAttrOfType<IntegerAttr>(schedule::kVectorRows);
    least = std::min(least, rows ? rows.getInt() : 0);
  }
  return least;
}

/// The group on the unit, and beside it, for each number of rows that is too few for that, the ops as they are.
void emitByRows(ImplicitLocOpBuilder &b, const Match &match, UnitGroup &group, int64_t most) {
  auto cases = llvm::to_vector(llvm::seq_inclusive<int64_t>(1, most));
  quantized::ContractOp first = match.ops.front();
  Value rows = memref::DimOp::create(b, first.getA(), 0);
  auto choice = scf::IndexSwitchOp::create(b, TypeRange(), rows, cases, static_cast<unsigned>(cases.size()));
  for (auto [count, region] : llvm::zip_equal(cases, choice.getCaseRegions())) {
    b.setInsertionPointToStart(&region.emplaceBlock());
    cloneForRows(b, match, count);
    scf::YieldOp::create(b);
  }
  b.setInsertionPointToStart(&choice.getDefaultRegion().emplaceBlock());
  emitMatrixUnit(b, group);
  scf::YieldOp::create(b);
}

//===-- Emission -------------------------------------------------------------===//

/// Emits a group before its last op and erases it, if the unit can compute all of it.
bool lowerGroup(Match match) {
  Operation *last = match.consumer ? match.consumer.getOperation() : match.ops.back().getOperation();
  OpBuilder builder(last);
  ImplicitLocOpBuilder b(last->getLoc(), builder);
  UnitGroup group;
  SmallVector<Value> results;
  for (quantized::ContractOp op : match.ops) {
    std::unique_ptr<UnitContraction> part = matchIntegerUnitContraction(b, op);
    if (!part) {
      part = matchFloatUnitContraction(b, op);
    }
    if (!part) {
      return false;
    }
    group.parts.push_back(std::move(part));
    results.push_back(op.getInit());
  }
  if (match.consumer) {
    group.consumer = RowConsumer::match(match.consumer, results);
  }
  if (const int64_t few = vectorRowsOf(match); few > 0) {
    emitByRows(b, match, group, few);
  } else {
    emitMatrixUnit(b, group);
  }
  if (match.consumer) {
    match.consumer.erase();
  }
  for (quantized::ContractOp op : match.ops) {
    Value init = op.getInit();
    op.erase();
    if (match.consumer) {
      llvm::for_each(llvm::to_vector(init.getUsers()), [](Operation *user) { user->erase(); });
      init.getDefiningOp()->erase();
    }
  }
  return true;
}

} // namespace

void lowerMatrixUnitContractions(func::FuncOp function) {
  SmallVector<scf::ForOp> loops;
  function.walk([&](scf::ForOp loop) {
    auto isForUnit = [](quantized::ContractOp op) { return mayUseUnit(op); };
    if (llvm::any_of(loop.getBody()->getOps<quantized::ContractOp>(), isForUnit) && goesOverRows(loop)) {
      loops.push_back(loop);
    }
  });
  llvm::for_each(loops, dissolve);
  for (Match &match : matchGroups(function)) {
    if (!lowerGroup(match) && match.consumer) {
      for (quantized::ContractOp op : match.ops) {
        lowerGroup({{op}, {}});
      }
    }
  }
}

} // namespace coopt
