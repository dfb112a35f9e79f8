//===- ProgramOps.cpp - Checks of the host program's ops ---------------------===//
#include "dialects/Program/IR/Program.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace coopt::program;

#define GET_OP_CLASSES
#include "dialects/Program/IR/ProgramOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

void EntryOp::build(OpBuilder &builder, OperationState &state, StringRef name, ArrayRef<SizeAttr> sizes,
                    ArrayRef<ValueAttr> arguments, ArrayRef<ValueAttr> results, ArrayRef<StateAttr> states) {
  auto array = [&](auto attributes) {
    return builder.getArrayAttr(SmallVector<Attribute>(attributes.begin(), attributes.end()));
  };
  build(builder, state, builder.getStringAttr(name), array(sizes), array(arguments), array(results),
        array(states), IntegerAttr());
  ensureTerminator(*state.regions.front(), builder, state.location);
}

std::optional<unsigned> EntryOp::findSize(StringRef name) {
  for (auto [index, size] : llvm::enumerate(getSizes().getAsRange<SizeAttr>())) {
    if (size.getName() == name) {
      return static_cast<unsigned>(index);
    }
  }
  return std::nullopt;
}

LogicalResult EntryOp::verify() {
  llvm::StringSet<> sizes, values, states;
  for (auto size : getSizes().getAsRange<SizeAttr>()) {
    if (!sizes.insert(size.getName()).second) {
      return emitOpError("names size ") << size.getName() << " twice";
    }
  }
  for (auto state : getStates().getAsRange<StateAttr>()) {
    if (!states.insert(state.getName()).second) {
      return emitOpError("names state ") << state.getName() << " twice";
    }
  }
  for (ArrayAttr list : {getArguments(), getResults()}) {
    for (auto value : list.getAsRange<ValueAttr>()) {
      if (!values.insert(value.getName()).second) {
        return emitOpError("names value ") << value.getName() << " twice";
      }
      for (StringAttr size : value.getSizes()) {
        if (!sizes.contains(size)) {
          return emitOpError("value ")
                 << value.getName() << " has an extent " << size << ", which is no size of the entry";
        }
      }
    }
  }
  return success();
}

LogicalResult EntryOp::verifyRegions() {
  std::optional<uint64_t> bytes = getArenaBytes();
  if (!bytes) {
    return success();
  }
  if (*bytes % 64 != 0) {
    return emitOpError("expected arena_bytes to be a multiple of 64, got ") << *bytes;
  }
  WalkResult result = getBody().walk([&](AllocOp alloc) {
    // An empty buffer may lie at the end.
    if (alloc.getOffset() && *alloc.getOffset() > *bytes) {
      alloc.emitOpError("offset ") << *alloc.getOffset() << " lies outside the arena of " << *bytes
                                   << " bytes";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// The entry around an op; null after a message.
static EntryOp entryOf(Operation *op) {
  auto entry = op->getParentOfType<EntryOp>();
  if (!entry) {
    op->emitOpError("expected to be in a program.entry");
  }
  return entry;
}

//===----------------------------------------------------------------------===//
// Sizes and buffers
//===----------------------------------------------------------------------===//

LogicalResult SizeOp::verify() {
  EntryOp entry = entryOf(*this);
  if (!entry) {
    return failure();
  }
  if (!entry.findSize(getName())) {
    return emitOpError("expected a size of entry @") << entry.getSymName() << ", got \"" << getName() << "\"";
  }
  return success();
}

static LogicalResult verifyExtents(Operation *op, MemRefType type, ValueRange sizes) {
  if (static_cast<size_t>(type.getNumDynamicDims()) != sizes.size()) {
    return op->emitOpError("expected one extent for each of ")
           << type.getNumDynamicDims() << " dynamic dimensions of " << type << ", got " << sizes.size();
  }
  return success();
}

/// An argument's or result's buffer has the type that the entry declares, and its extents are the sizes named
/// there.
static LogicalResult verifyEntryBuffer(Operation *op, StringRef kind, ArrayAttr declared, uint64_t number,
                                       MemRefType type, ValueRange sizes) {
  if (number >= declared.size()) {
    return op->emitOpError("expected one of the entry's ")
           << declared.size() << " " << kind << "s, got number " << number;
  }
  auto value = cast<ValueAttr>(declared[number]);
  if (value.getType() != type) {
    return op->emitOpError("expected the type of ")
           << kind << " " << value.getName() << ", " << value.getType() << ", got " << type;
  }
  if (failed(verifyExtents(op, type, sizes))) {
    return failure();
  }
  for (auto [index, name, size] : llvm::enumerate(value.getSizes(), sizes)) {
    auto sizeOp = size.getDefiningOp<SizeOp>();
    if (!sizeOp || sizeOp.getNameAttr() != name) {
      return op->emitOpError("expected extent ") << index << " to be program.size " << name;
    }
  }
  return success();
}

LogicalResult ArgumentOp::verify() {
  EntryOp entry = entryOf(*this);
  return failure(!entry || failed(verifyEntryBuffer(*this, "argument", entry.getArguments(), getNumber(),
                                                    getBuffer().getType(), getDynamicSizes())));
}

LogicalResult ResultOp::verify() {
  EntryOp entry = entryOf(*this);
  return failure(!entry || failed(verifyEntryBuffer(*this, "result", entry.getResults(), getNumber(),
                                                    getBuffer().getType(), getDynamicSizes())));
}

LogicalResult ParameterOp::verify() {
  if (!getBuffer().getType().hasStaticShape()) {
    return emitOpError("expected a static shape, got ") << getBuffer().getType();
  }
  return success();
}

LogicalResult StateOp::verify() {
  EntryOp entry = entryOf(*this);
  if (!entry) {
    return failure();
  }
  if (getNumber() >= entry.getStates().size()) {
    return emitOpError("expected one of the entry's ")
           << entry.getStates().size() << " states, got number " << getNumber();
  }
  StateAttr state = entry.getState(getNumber());
  auto expected =
      MemRefType::get({state.getOuter(), state.getPositions(), state.getInner()}, state.getElement());
  if (getBuffer().getType() != expected) {
    return emitOpError("expected the type of state ")
           << state.getName() << ", " << expected << ", got " << getBuffer().getType();
  }
  return success();
}

LogicalResult AllocOp::verify() {
  if (!entryOf(*this) || failed(verifyExtents(*this, getBuffer().getType(), getDynamicSizes()))) {
    return failure();
  }
  if (getOffset() && *getOffset() % 64 != 0) {
    return emitOpError("expected an offset that is a multiple of 64, got ") << *getOffset();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

/// Parameters are shared by all sessions, and arguments belong to the caller.
static LogicalResult verifyWritable(Operation *op, Value buffer) {
  Operation *definition = buffer.getDefiningOp();
  if (isa_and_nonnull<ParameterOp, ArgumentOp>(definition)) {
    InFlightDiagnostic diagnostic = op->emitOpError("writes a buffer that is only to be read");
    diagnostic.attachNote(definition->getLoc()) << "made here";
    return diagnostic;
  }
  return success();
}

LogicalResult DispatchOp::verify() {
  if (getId().empty()) {
    return emitOpError("expected an op id that is not empty");
  }
  llvm::SmallPtrSet<Value, 8> reads(getReads().begin(), getReads().end()), writes;
  for (auto [index, buffer] : llvm::enumerate(getWrites())) {
    if (reads.contains(buffer) || !writes.insert(buffer).second) {
      return emitOpError("lists the buffer of write ") << index << " twice";
    }
    if (failed(verifyWritable(*this, buffer))) {
      return failure();
    }
  }
  if (getPositions() && static_cast<int64_t>(*getPositions()) < 1) {
    return emitOpError() << "expected a positive number of positions, got "
                         << static_cast<int64_t>(*getPositions());
  }
  return verifyExperts();
}

LogicalResult DispatchOp::verifyExperts() {
  ExpertsAttr experts = getExpertsAttr();
  if (!experts) {
    return success();
  }
  const auto count = static_cast<int64_t>(getReads().size());
  auto isRead = [&](int64_t number) { return number >= 0 && number < count; };
  llvm::SmallDenseSet<int64_t> seen = {experts.getSegments()};
  if (!isRead(experts.getSegments()) || experts.getCount() < 1 || experts.getWeights().empty()) {
    return emitOpError("expected experts, weights and segments among the ")
           << count << " reads, got " << experts;
  }
  auto segments = cast<MemRefType>(getReads()[static_cast<unsigned>(experts.getSegments())].getType());
  if (segments.getRank() != 2 || segments.getDimSize(1) != 3 || !segments.getElementType().isInteger(32)) {
    return emitOpError("expected segments of three i32 each, got ") << segments;
  }
  for (int64_t weight : experts.getWeights()) {
    if (!isRead(weight) || !seen.insert(weight).second ||
        !getReads()[static_cast<unsigned>(weight)].getDefiningOp<ParameterOp>()) {
      return emitOpError("expected each weight of its experts to be a parameter that it reads, got ")
             << weight;
    }
  }
  return success();
}

LogicalResult PrefetchOp::verify() {
  if (!cast<MemRefType>(getExperts().getType()).getElementType().isInteger(32)) {
    return emitOpError("expected numbers of experts as i32, got ") << getExperts().getType();
  }
  auto isParameter = [](Value weight) { return weight.getDefiningOp<ParameterOp>() != nullptr; };
  if (getWeights().empty() || !llvm::all_of(getWeights(), isParameter)) {
    return emitOpError("expected parameters as weights, one at least");
  }
  return success();
}

LogicalResult DispatchOp::verifySymbolUses(SymbolTableCollection &tables) {
  EntryOp entry = entryOf(*this);
  if (!entry) {
    return failure();
  }
  auto kernels = tables.lookupNearestSymbolFrom<ModuleOp>(entry->getParentOp(),
                                                          StringAttr::get(getContext(), kKernelsModule));
  if (!kernels) {
    return success();
  }
  Operation *kernel = tables.lookupSymbolIn(kernels, getKernelAttr());
  if (!isa_and_nonnull<FunctionOpInterface>(kernel)) {
    return emitOpError("expected a function ") << getKernelAttr() << " in module @" << kKernelsModule;
  }
  return success();
}

LogicalResult CopyOp::verify() {
  if (getSource() == getDestination()) {
    return emitOpError("copies a buffer to itself");
  }
  return verifyWritable(*this, getDestination());
}

LogicalResult RequireOp::canonicalize(RequireOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_One())) {
    return rewriter.notifyMatchFailure(op, "the condition is not known to hold");
  }
  rewriter.eraseOp(op);
  return success();
}

void IfOp::build(OpBuilder &builder, OperationState &state, Value condition, bool withElse) {
  state.addOperands(condition);
  Region *thenRegion = state.addRegion();
  Region *elseRegion = state.addRegion();
  ensureTerminator(*thenRegion, builder, state.location);
  if (withElse) {
    ensureTerminator(*elseRegion, builder, state.location);
  }
}

namespace {
/// A branch on a constant is the commands of one side.
struct FoldConstantBranch : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IfOp op, PatternRewriter &rewriter) const override {
    BoolAttr condition;
    if (!matchPattern(op.getCondition(), m_Constant(&condition))) {
      return rewriter.notifyMatchFailure(op, "condition is no constant");
    }
    Region &taken = condition.getValue() ? op.getThenRegion() : op.getElseRegion();
    if (!taken.empty()) {
      rewriter.eraseOp(taken.front().getTerminator());
      rewriter.inlineBlockBefore(&taken.front(), op);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// Drops a branch without commands on either side, and an `else` without commands.
struct DropEmptyBranch : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IfOp op, PatternRewriter &rewriter) const override {
    auto isEmpty = [](Region &region) {
      return region.empty() || region.front().without_terminator().empty();
    };
    if (!isEmpty(op.getElseRegion())) {
      return rewriter.notifyMatchFailure(op, "the else branch has commands");
    }
    if (isEmpty(op.getThenRegion())) {
      rewriter.eraseOp(op);
      return success();
    }
    if (op.getElseRegion().empty()) {
      return rewriter.notifyMatchFailure(op, "there is no else branch");
    }
    rewriter.eraseBlock(&op.getElseRegion().front());
    return success();
  }
};
} // namespace

void IfOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldConstantBranch, DropEmptyBranch>(context);
}
