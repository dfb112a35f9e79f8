#include "KernelGroups.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;

OpRole coopt::roleOf(Operation *op) {
  if (isa<tensor::EmptyOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          tensor::CastOp, linalg::FillOp>(op) ||
      op->hasTrait<OpTrait::ConstantLike>()) {
    return OpRole::Free;
  }
  if (isa<model::SizeOp, model::LoadOp, moe::PrefetchOp, tensor::DimOp>(op)) {
    return OpRole::Host;
  }
  // Index arithmetic: every operand and result is a scalar integer or index. Kernels take indices only, so what
  // has another type is computed again where it is used.
  auto isScalar = [](Type type) { return type.isIntOrIndex(); };
  if (op->getNumRegions() == 0 && llvm::all_of(op->getOperandTypes(), isScalar) &&
      llvm::all_of(op->getResultTypes(), isScalar)) {
    bool isIndex = llvm::all_of(op->getResultTypes(), [](Type type) { return type.isIndex(); });
    return isIndex ? OpRole::Host : OpRole::Free;
  }
  return OpRole::Compute;
}

void coopt::collectSources(Value value, llvm::SetVector<Value> &sources) {
  Operation *def = value.getDefiningOp();
  if (!def || roleOf(def) != OpRole::Free) {
    sources.insert(value);
    return;
  }
  for (Value operand : def->getOperands()) {
    collectSources(operand, sources);
  }
}

namespace {

bool isElementwise(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.hasPureTensorSemantics() && linalgOp.getNumReductionLoops() == 0 &&
         op->getNumResults() == 1 && linalgOp.getNumLoops() > 0 &&
         linalgOp.getIndexingMapMatchingResult(op->getResult(0)).isIdentity();
}

KernelGroup::Kind kindAlone(Operation *op) {
  if (isElementwise(op)) {
    return KernelGroup::Kind::Pointwise;
  }
  if (isa<model::RowReduceOp, quantized::QuantizeOp, moe::LogitsOp, moe::RouteOp>(op)) {
    return KernelGroup::Kind::Rows;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  bool isContraction = linalgOp && op->getNumResults() == 1 && linalg::isaContractionOpInterface(linalgOp);
  if (isContraction || isa<quantized::ContractOp, model::GatherOp, moe::ContractOp, moe::CombineOp>(op)) {
    return KernelGroup::Kind::Anchored;
  }
  return KernelGroup::Kind::Single;
}

/// The map from `op`'s loops to the indices of operand `operand`; null where ops of this kind read it
/// otherwise.
AffineMap readMap(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    return linalgOp.isDpsInput(&operand) ? linalgOp.getMatchingIndexingMap(&operand) : AffineMap();
  }
  // Row reductions, quantisation and routing read rows of their first input.
  if (isa<model::RowReduceOp, quantized::QuantizeOp, moe::LogitsOp, moe::RouteOp>(op) &&
      operand.getOperandNumber() == 0) {
    auto type = cast<ShapedType>(operand.get().getType());
    return AffineMap::getMultiDimIdentityMap(type.getRank(), op->getContext());
  }
  return AffineMap();
}

/// The kind of `group` once `op`, which reads the group's result through `operand`, has joined; nothing if it
/// can't.
std::optional<KernelGroup::Kind> kindWith(const KernelGroup &group, Operation *op, OpOperand &operand) {
  using Kind = KernelGroup::Kind;
  Kind alone = kindAlone(op);
  if (group.kind == Kind::Single || (alone != Kind::Pointwise && alone != Kind::Rows)) {
    return std::nullopt;
  }
  AffineMap map = readMap(operand);
  if (!map || map.getNumResults() == 0) {
    return std::nullopt;
  }
  if (alone == Kind::Pointwise && map.isIdentity()) {
    return group.kind;
  }
  bool rowsToRows =
      map.getResult(0) == getAffineDimExpr(0, op->getContext()) &&
      llvm::none_of(map.getResults().drop_front(), [](AffineExpr e) { return e.isFunctionOfDim(0); });
  if (group.kind != Kind::Anchored && rowsToRows) {
    return Kind::Rows;
  }
  return std::nullopt;
}

/// Whether a scalar that is computed from tensors is used by other ops of the block: no kernel can hand it
/// on.
bool passesScalars(Block &block) {
  return llvm::any_of(block.without_terminator(), [](Operation &op) {
    return roleOf(&op) == OpRole::Compute && llvm::any_of(op.getResults(), [](OpResult result) {
             return result.getType().isIntOrIndexOrFloat() && !result.use_empty();
           });
  });
}

/// Everything that depends on tensors, in one kernel.
KernelGroup wholeBlock(Block &block) {
  KernelGroup group;
  llvm::SmallPtrSet<Operation *, 16> members;
  for (Operation &op : block.without_terminator()) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value operand) {
      llvm::SetVector<Value> sources;
      collectSources(operand, sources);
      return llvm::any_of(sources,
                          [&](Value v) { return v.getDefiningOp() && members.contains(v.getDefiningOp()); });
    });
    OpRole role = roleOf(&op);
    if (role == OpRole::Compute || (role == OpRole::Host && depends)) {
      group.ops.push_back(&op);
      group.roots = {&op};
      members.insert(&op);
    }
  }
  return group;
}

/// The matrix that a contraction multiplies with other matrices; null for other ops.
Value activationOf(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!isa<quantized::ContractOp, moe::ContractOp>(op) &&
      (!linalgOp || !linalg::isaContractionOpInterface(linalgOp))) {
    return nullptr;
  }
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && result && type.getRank() == 2 && result.getRank() == 2 ? op->getOperand(0) : Value();
}

/// Joins groups around contractions of one matrix: its rows are then read while they are in a cache, and
/// threads need not wait for each other between the groups.
class SiblingGroups {
public:
  SiblingGroups(Block &block, SmallVectorImpl<KernelGroup> &groups) : block(block), groups(groups) {}

  void join() {
    for (size_t later = 1; later < groups.size(); ++later) {
      for (size_t earlier = 0; earlier < later; ++earlier) {
        if (feedsOnly(groups[earlier], groups[later])) {
          // A gate becomes an operand of what it gates, tile by tile.
          absorb(later, earlier);
          --later;
          --earlier;
        }
      }
    }
    for (size_t earlier = 0; earlier < groups.size(); ++earlier) {
      for (size_t later = earlier + 1; later < groups.size(); ++later) {
        if (areSiblings(groups[earlier], groups[later]) && canMove(later, earlier)) {
          groups[earlier].roots.append(groups[later].roots);
          groups[earlier].ops.append(groups[later].ops);
          groups.erase(groups.begin() + static_cast<ptrdiff_t>(later--));
        }
      }
    }
  }

private:
  Block &block;
  SmallVectorImpl<KernelGroup> &groups;

  static bool areSiblings(const KernelGroup &a, const KernelGroup &b) {
    Value activation = activationOf(a.ops.front());
    return a.kind == KernelGroup::Kind::Anchored && b.kind == KernelGroup::Kind::Anchored && activation &&
           activation == activationOf(b.ops.front());
  }

  /// Whether all that uses what `producer` makes is one op of its sibling `user`, which reads it element by element.
  static bool feedsOnly(const KernelGroup &producer, const KernelGroup &user) {
    Operation *root = producer.root();
    if (!areSiblings(producer, user) || root->getNumResults() != 1 || !root->hasOneUse()) {
      return false;
    }
    OpOperand &use = *root->use_begin();
    if (!llvm::is_contained(user.ops, use.getOwner()) ||
        kindAlone(use.getOwner()) != KernelGroup::Kind::Pointwise) {
      return false;
    }
    AffineMap map = readMap(use);
    return map && map.isIdentity() && llvm::all_of(ArrayRef(producer.ops).drop_back(), [&](Operation *op) {
             return llvm::all_of(op->getUsers(),
                                 [&](Operation *by) { return llvm::is_contained(producer.ops, by); });
           });
  }

  /// The ops of `producer` come behind the first of `user`, which names the kernel and does not depend on them.
  void absorb(size_t user, size_t producer) {
    SmallVectorImpl<Operation *> &ops = groups[user].ops;
    ops.insert(ops.begin() + 1, groups[producer].ops.begin(), groups[producer].ops.end());
    groups.erase(groups.begin() + static_cast<ptrdiff_t>(producer));
  }

  /// Whether all that the group at `from` needs is there when the one at `to` runs.
  bool canMove(size_t from, size_t to) const {
    llvm::SmallPtrSet<Operation *, 16> tooLate;
    for (const KernelGroup &group : ArrayRef<KernelGroup>(groups).slice(to, from - to)) {
      tooLate.insert(group.ops.begin(), group.ops.end());
    }
    llvm::SetVector<Value> sources;
    for (Operation *op : groups[from].ops) {
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands()) {
          if (operand.getParentBlock() == &block) {
            collectSources(operand, sources);
          }
        }
      });
    }
    return llvm::none_of(sources,
                         [&](Value v) { return v.getDefiningOp() && tooLate.contains(v.getDefiningOp()); });
  }
};

} // namespace

SmallVector<KernelGroup> coopt::groupOps(Block &block) {
  SmallVector<KernelGroup> groups;
  if (passesScalars(block)) {
    groups.push_back(wholeBlock(block));
    return groups;
  }
  DenseMap<Operation *, unsigned> groupOf;
  for (Operation &op : block.without_terminator()) {
    if (roleOf(&op) != OpRole::Compute) {
      continue;
    }
    // The youngest group that the op depends on is the only one it can join: all the others then come before
    // it.
    std::optional<unsigned> youngest;
    llvm::SetVector<Value> sources;
    for (Value operand : op.getOperands()) {
      collectSources(operand, sources);
    }
    for (Value source : sources) {
      if (auto it = groupOf.find(source.getDefiningOp()); source.getDefiningOp() && it != groupOf.end()) {
        youngest = std::max(youngest.value_or(0), it->second);
      }
    }
    if (youngest && !isa<schedule::KernelOp>(op)) {
      KernelGroup &group = groups[*youngest];
      OpOperand *link = nullptr;
      unsigned links = 0;
      for (OpOperand &operand : op.getOpOperands()) {
        if (operand.get().getDefiningOp() == group.root()) {
          link = &operand;
          ++links;
        }
      }
      // Reading the result through a view, or through two operands, would need more than the tile at hand.
      llvm::SetVector<Value> throughViews;
      bool onlyDirect = llvm::count_if(sources, [&](Value v) {
                          auto it = groupOf.find(v.getDefiningOp());
                          return v.getDefiningOp() && it != groupOf.end() && it->second == *youngest;
                        }) == 1;
      if (links == 1 && onlyDirect && group.root()->getNumResults() == 1 && link->get().hasOneUse()) {
        if (auto kind = kindWith(group, &op, *link)) {
          group.kind = *kind;
          group.ops.push_back(&op);
          group.roots = {&op};
          groupOf[&op] = *youngest;
          continue;
        }
      }
    }
    groupOf[&op] = groups.size();
    groups.push_back(KernelGroup{kindAlone(&op), {&op}, {&op}});
  }
  SiblingGroups(block, groups).join();
  return groups;
}
