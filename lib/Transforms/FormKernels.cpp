#include "coopt/Transforms/FormKernels.h"

#include "ContractionInput.h"
#include "KernelGroups.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Model/IR/OpId.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;

namespace {

/// Builds the kernels of one entry point, in order, before its terminator.
class EntryKernels {
public:
  EntryKernels(Block &block) : block(block), builder(block.getTerminator()) {}

  LogicalResult build();

private:
  LogicalResult buildKernel(const KernelGroup &group);
  /// A tensor.empty outside the kernel for `result`, with host-side extents.
  FailureOr<Value> destination(OpResult result);
  /// The dynamic extents of what the entry returns, as it names them.
  SmallVector<Value> namedSizes(OpOperand &returned, Location loc);
  /// What the kernel hands on: all tensors of the roots, and of other members what is used outside.
  SmallVector<OpResult> resultsOf(const KernelGroup &group,
                                  const llvm::SmallPtrSetImpl<Operation *> &members);
  /// Copies into a result of the entry what no kernel would write there: views, arguments, values returned
  /// twice.
  void copyPlainResults();
  /// Moves it to the last kernel that makes what it reads.
  void placePrefetch(moe::PrefetchOp prefetch);
  std::string idOf(const KernelGroup &group);

  Block &block;
  OpBuilder builder;
  IRMapping outer; // old values to the kernels' results
  llvm::StringMap<unsigned> idCount;
};

/// The tensor.empty that an initial value comes from, or null.
tensor::EmptyOp emptyBehind(Value init) {
  while (Operation *def = init.getDefiningOp()) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(def)) {
      return empty;
    }
    auto fill = dyn_cast<linalg::FillOp>(def);
    if (!fill) {
      return nullptr;
    }
    init = fill.getOutputs()[0];
  }
  return nullptr;
}

/// The value whose storage `result` is written into: the destination of an op in destination style, what a
/// loop starts with; null for other ops.
Value initOf(OpResult result) {
  if (auto style = dyn_cast<DestinationStyleOpInterface>(result.getOwner())) {
    return style.getTiedOpOperand(result)->get();
  }
  if (auto loop = dyn_cast<LoopLikeOpInterface>(result.getOwner())) {
    OpOperand *init = loop.getTiedLoopInit(result);
    return init ? init->get() : Value();
  }
  return nullptr;
}

bool isState(Type type) { return isa<attention::StateType>(type); }

/// What `result` of a root begins with, if another kernel than that of `members` has made it and nothing else reads it: then it
/// is updated where it is.
Value updatedInit(OpResult result, const llvm::SmallPtrSetImpl<Operation *> &members) {
  Value init = isa<DestinationStyleOpInterface>(result.getOwner()) ? initOf(result) : Value();
  Operation *def = init ? init.getDefiningOp() : nullptr;
  return def && roleOf(def) == OpRole::Compute && !members.contains(def) && init.hasOneUse() ? init : Value();
}

/// A root that adds to a value from outside starts from a copy of it in the kernel's destination, unless it is the destination:
/// tiles are then cut out of the destination, which each work item fills for itself.
void copyReadInits(Operation *root, Operation *clone, ArrayRef<OpResult> results, ValueRange destinations,
                   const llvm::SmallPtrSetImpl<Operation *> &members) {
  auto style = dyn_cast<DestinationStyleOpInterface>(clone);
  if (!style) {
    return;
  }
  OpBuilder builder(clone);
  for (auto [result, destination] : llvm::zip_equal(results, destinations)) {
    if (result.getOwner() != root || emptyBehind(initOf(result)) || updatedInit(result, members)) {
      continue;
    }
    OpOperand *init = style.getTiedOpOperand(clone->getResult(result.getResultNumber()));
    auto linalgOp = dyn_cast<linalg::LinalgOp>(clone);
    if (linalgOp && !linalgOp.payloadUsesValueFromOperand(init)) {
      init->set(destination); // what it would start from says nothing
      continue;
    }
    init->set(linalg::CopyOp::create(builder, clone->getLoc(), init->get(), destination).getResult(0));
  }
}

} // namespace

/// The ids of the group's contractions, which the kernel's id is but one of.
static SmallVector<Attribute> contractionIds(const KernelGroup &group) {
  SmallVector<Attribute> ids;
  for (Operation *op : group.ops) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    auto id = op->getAttrOfType<StringAttr>(model::kIdName);
    if (id && (isa<quantized::ContractOp, moe::ContractOp>(op) ||
               (linalgOp && linalg::isaContractionOpInterface(linalgOp)))) {
      ids.push_back(id);
    }
  }
  return ids;
}

std::string EntryKernels::idOf(const KernelGroup &group) {
  // The anchor comes first in its group, so the first op that has an id names the kernel.
  std::string id;
  for (Operation *op : group.ops) {
    if (id = model::idOf(op); !id.empty()) {
      break;
    }
  }
  if (id.empty()) {
    id = group.ops.front()->getName().getStringRef().str();
  }
  // Two kernels may stem from ops of one id (a norm that was split): they stay distinguishable.
  unsigned count = idCount[id]++;
  return count == 0 ? id : id + "/" + std::to_string(count);
}

FailureOr<Value> EntryKernels::destination(OpResult result) {
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (!type) {
    return result.getOwner()->emitError("a kernel's result must be a ranked tensor or a state, got ")
           << result.getType();
  }
  Location loc = result.getLoc();
  if (type.hasStaticShape()) {
    return Value(tensor::EmptyOp::create(builder, loc, type, ValueRange()));
  }
  if (Value init = initOf(result)) {
    if (tensor::EmptyOp empty = emptyBehind(init)) {
      return builder.clone(*empty, outer)->getResult(0);
    }
  }
  // What the entry returns has extents that the entry names.
  for (OpOperand &use : result.getUses()) {
    if (use.getOwner() == block.getTerminator()) {
      return Value(tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType(),
                                           namedSizes(use, loc)));
    }
  }
  // Made by an op with no destination of its own: its sizes in terms of what is outside.
  ReifiedRankedShapedTypeDims shapes;
  if (failed(reifyResultShapes(builder, result.getOwner(), shapes))) {
    return result.getOwner()->emitError("can't tell the size of this op's result outside its kernel");
  }
  return Value(
      tensor::EmptyOp::create(builder, loc, shapes[result.getResultNumber()], type.getElementType()));
}

SmallVector<Value> EntryKernels::namedSizes(OpOperand &returned, Location loc) {
  auto entry = cast<model::EntryOp>(block.getParentOp());
  SmallVector<Value> sizes;
  for (StringRef name : entry.getResultDimNames(returned.getOperandNumber())) {
    sizes.push_back(model::SizeOp::create(builder, loc, builder.getIndexType(), name));
  }
  return sizes;
}

SmallVector<OpResult> EntryKernels::resultsOf(const KernelGroup &group,
                                              const llvm::SmallPtrSetImpl<Operation *> &members) {
  SmallVector<OpResult> results;
  // A view is made where it is used: what counts is who uses that.
  std::function<bool(Value)> usedOutside = [&](Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      return roleOf(ancestor) == OpRole::Free ? llvm::any_of(ancestor->getResults(), usedOutside)
                                              : !members.contains(ancestor);
    });
  };
  auto collect = [&](Operation *op) {
    bool isRoot = llvm::is_contained(group.roots, op);
    for (OpResult result : op->getResults()) {
      // A destination must be somewhere even if its contents are not wanted.
      if (!isState(result.getType()) &&
          (usedOutside(result) || (isRoot && isa<DestinationStyleOpInterface>(op)))) {
        results.push_back(result);
      }
    }
  };
  llvm::for_each(group.roots, collect);
  for (Operation *op : llvm::reverse(group.ops)) {
    if (!llvm::is_contained(group.roots, op)) {
      collect(op);
    }
  }
  return results;
}

LogicalResult EntryKernels::buildKernel(const KernelGroup &group) {
  // Existing kernels are moved as they are.
  if (isa<schedule::KernelOp>(group.root())) {
    builder.clone(*group.root(), outer);
    return success();
  }
  auto isRoot = [&](Operation *op) { return llvm::is_contained(group.roots, op); };

  llvm::SmallPtrSet<Operation *, 8> members(group.ops.begin(), group.ops.end());
  llvm::SetVector<Value> sources;
  for (Operation *op : group.ops) {
    SetVector<Value> used;
    for (Value operand : op->getOperands()) {
      collectSources(operand, used);
    }
    // Regions of members may use values from outside (tensor.extract inside a linalg body).
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        if (inner != op && operand.getParentBlock() == &block) {
          collectSources(operand, used);
        }
      }
    });
    for (Value value : used) {
      if (!value.getDefiningOp() || !members.contains(value.getDefiningOp())) {
        sources.insert(value);
      }
    }
  }

  SmallVector<Value> ins, outs;
  SmallVector<Value> oldIns, oldOuts; // what the region's arguments stand for
  bool writesState = llvm::any_of(group.root()->getResultTypes(), isState);
  for (Value source : sources) {
    bool isWrittenState = writesState && isState(source.getType());
    (isWrittenState ? outs : ins).push_back(outer.lookupOrDefault(source));
    (isWrittenState ? oldOuts : oldIns).push_back(source);
  }
  SmallVector<OpResult> tensorResults;
  for (OpResult result : resultsOf(group, members)) {
    Value updated = isRoot(result.getOwner()) ? updatedInit(result, members) : Value();
    FailureOr<Value> init = updated ? outer.lookup(updated) : destination(result);
    if (failed(init)) {
      return failure();
    }
    if (updated) {
      auto read = llvm::find(oldIns, updated);
      ins.erase(ins.begin() + (read - oldIns.begin()));
      oldIns.erase(read);
    }
    outs.push_back(*init);
    tensorResults.push_back(result);
  }

  std::string id = idOf(group);
  Location loc = NameLoc::get(builder.getStringAttr(id));
  auto kernel = schedule::KernelOp::create(builder, loc, id, ins, outs);
  if (SmallVector<Attribute> contractions = contractionIds(group); !contractions.empty()) {
    kernel->setAttr(kContractionIds, builder.getArrayAttr(contractions));
  }
  Block *body = &kernel.getBody().front();
  OpBuilder inner = OpBuilder::atBlockEnd(body);
  IRMapping map;
  for (auto [old, argument] : llvm::zip_equal(oldIns, body->getArguments().take_front(ins.size()))) {
    map.map(old, argument);
  }
  for (auto [old, argument] :
       llvm::zip_equal(oldOuts, body->getArguments().drop_front(ins.size()).take_front(oldOuts.size()))) {
    map.map(old, argument);
  }
  ValueRange destinations = body->getArguments().drop_front(ins.size() + oldOuts.size());
  for (auto [result, destination] : llvm::zip_equal(tensorResults, destinations)) {
    if (Value updated = isRoot(result.getOwner()) ? updatedInit(result, members) : Value()) {
      map.map(updated, destination);
    }
  }

  std::function<void(Value)> cloneFree = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || map.contains(value) || roleOf(def) != OpRole::Free) {
      return;
    }
    for (Value operand : def->getOperands()) {
      cloneFree(operand);
    }
    // A fill that starts several roots is cloned for each: what its region maps is not kept.
    IRMapping own = map;
    map.map(def->getResults(), inner.clone(*def, own)->getResults());
  };
  /// Clones of what `root` starts from are forgotten; `destination` of each result then stands for its tensor.empty.
  auto mapInits = [&](Operation *root, function_ref<Value(size_t)> destination) {
    for (auto [index, result] : llvm::enumerate(tensorResults)) {
      Value init = result.getOwner() == root ? initOf(result) : Value();
      tensor::EmptyOp empty = init ? emptyBehind(init) : tensor::EmptyOp();
      if (!empty) {
        continue;
      }
      while (init != empty.getResult()) {
        map.erase(init);
        init = init.getDefiningOp<linalg::FillOp>().getOutputs()[0];
      }
      map.erase(init);
      if (Value value = destination(index)) {
        map.map(init, value);
      }
    }
  };
  for (Operation *op : group.ops) {
    if (isRoot(op)) {
      // A root writes into the kernel's destinations instead of fresh tensors.
      mapInits(op, [&](size_t index) { return destinations[index]; });
    }
    for (Value operand : op->getOperands()) {
      cloneFree(operand);
    }
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands()) {
        if (operand.getParentBlock() == &block) {
          cloneFree(operand);
        }
      }
    });
    Operation *clone = inner.clone(*op, map);
    clone->removeAttr(model::kIdName);
    if (isRoot(op)) {
      copyReadInits(op, clone, tensorResults, destinations, members);
      if (group.roots.size() > 1) {
        // Siblings that start from the same tensor.empty have other destinations.
        mapInits(op, [](size_t) { return Value(); });
      }
    }
  }
  SmallVector<Value> yields;
  SmallVector<OpResult> yielded;
  for (OpResult result : group.root()->getResults()) {
    if (isState(result.getType())) {
      yields.push_back(map.lookup(result));
      yielded.push_back(result);
    }
  }
  for (OpResult result : tensorResults) {
    yields.push_back(map.lookup(result));
    yielded.push_back(result);
  }
  schedule::YieldOp::create(inner, group.root()->getLoc(), yields);
  for (auto [old, result] : llvm::zip_equal(yielded, kernel.getResults())) {
    outer.map(old, result);
  }
  return success();
}

void EntryKernels::placePrefetch(moe::PrefetchOp prefetch) {
  Operation *last = nullptr;
  for (OpOperand &experts : prefetch.getExpertsMutable()) {
    experts.set(outer.lookupOrDefault(experts.get()));
    Operation *kernel = experts.get().getDefiningOp();
    if (kernel && (!last || last->isBeforeInBlock(kernel))) {
      last = kernel;
    }
  }
  if (last) {
    prefetch->moveAfter(last);
  }
}

void EntryKernels::copyPlainResults() {
  Operation *terminator = block.getTerminator();
  llvm::SmallPtrSet<Value, 4> seen;
  for (auto [index, operand] : llvm::enumerate(terminator->getOpOperands())) {
    Value value = operand.get();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type) {
      continue;
    }
    Operation *def = value.getDefiningOp();
    if (def && roleOf(def) == OpRole::Compute && seen.insert(value).second) {
      continue;
    }
    builder.setInsertionPoint(terminator);
    Value init = tensor::EmptyOp::create(builder, value.getLoc(), type.getShape(), type.getElementType(),
                                         namedSizes(operand, value.getLoc()));
    auto copy = linalg::CopyOp::create(builder, value.getLoc(), value, init);
    model::setId(copy, "result" + std::to_string(index));
    operand.set(copy.getResult(0));
  }
}

LogicalResult EntryKernels::build() {
  copyPlainResults();
  SmallVector<KernelGroup> groups = groupOps(block);
  llvm::SmallPtrSet<Operation *, 16> inKernels;
  for (const KernelGroup &group : groups) {
    inKernels.insert(group.ops.begin(), group.ops.end());
  }
  SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator()) {
    old.push_back(&op);
  }
  builder.setInsertionPoint(block.getTerminator());
  for (const KernelGroup &group : groups) {
    if (failed(buildKernel(group))) {
      return failure();
    }
  }
  for (OpOperand &operand : block.getTerminator()->getOpOperands()) {
    operand.set(outer.lookupOrDefault(operand.get()));
  }
  for (Operation *op : old) {
    if (auto prefetch = dyn_cast<moe::PrefetchOp>(op)) {
      placePrefetch(prefetch);
    }
  }
  for (Operation *op : llvm::reverse(old)) {
    // Checks on sizes run before all kernels; those inside a kernel were cloned with their neighbours.
    bool isHostCheck = isa<model::RequireOp>(op) && !inKernels.contains(op);
    if (op->use_empty() && !isHostCheck && !isa<moe::PrefetchOp>(op)) {
      op->erase();
    }
  }
  return success();
}

LogicalResult coopt::formKernels(ModuleOp module) {
  for (auto entry : module.getOps<model::EntryOp>()) {
    if (failed(EntryKernels(entry.getBody().front()).build())) {
      return failure();
    }
  }
  return success();
}
