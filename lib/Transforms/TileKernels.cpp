#include "coopt/Transforms/TileKernels.h"

#include "TileSegments.h"
#include "coopt/Analysis/KernelRoots.h"
#include "coopt/Transforms/OutlineKernels.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/Transforms/Patterns.h"
#include "dialects/Quantized/Transforms/Patterns.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace coopt;

namespace {

/// Tiles `root` as `options` say and fuses its producers.
FailureOr<scf::SCFTileAndFuseResult> tileAndFuse(IRRewriter &rewriter, TilingInterface root,
                                                 const scf::SCFTileAndFuseOptions &options) {
  rewriter.setInsertionPoint(root);
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(rewriter, root, options);
  if (failed(tiled)) {
    return failure();
  }
  for (OpResult result : root->getResults()) {
    if (Value replacement = tiled->replacements.lookup(result)) {
      rewriter.replaceAllUsesWith(result, replacement);
    }
  }
  // What checks its own indices (model.require) never is dead code for the patterns after this.
  SmallVector<Operation *> copied = {root};
  llvm::append_range(copied, tiled->fusedProducers);
  for (Operation *op : copied) {
    if (op->use_empty()) {
      rewriter.eraseOp(op);
    }
  }
  return tiled;
}

/// A tile that holds a whole loop is no tile: leaving the loop alone keeps its extent static.
FailureOr<scf::SCFTileAndFuseResult> tileRoot(IRRewriter &rewriter, TilingInterface root,
                                              ArrayRef<int64_t> tile,
                                              scf::SCFTilingOptions::LoopType loopType) {
  rewriter.setInsertionPoint(root);
  SmallVector<int64_t> sizes(tile);
  sizes.resize(root.getLoopIteratorTypes().size(), 0); // reductions at the end may go unsaid
  for (auto [range, size] : llvm::zip_equal(root.getIterationDomain(rewriter), sizes)) {
    std::optional<int64_t> extent = getConstantIntValue(range.size);
    if (extent && *extent <= size) {
      size = 0;
    }
  }
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setLoopType(loopType);
  options.tilingOptions.setTileSizes(getAsIndexOpFoldResult(rewriter.getContext(), sizes));
  return tileAndFuse(rewriter, root, options);
}

/// Tiles `root` by the segments of a contraction by experts; the rows of an item are those of its segment.
FailureOr<scf::SCFTileAndFuseResult> tileRootBySegments(IRRewriter &rewriter, TilingInterface root,
                                                        ArrayRef<int64_t> tile, Value segments) {
  scf::SCFTileAndFuseOptions options;
  const int64_t columns = tile.size() > 1 ? tile[1] : 0;
  options.tilingOptions.setTileSizes({rewriter.getIndexAttr(1), rewriter.getIndexAttr(columns)});
  tileBySegments(options.tilingOptions, segments, columns);
  return tileAndFuse(rewriter, root, options);
}

/// Tiles the roots of `kernel` as `config` says.
LogicalResult tileKernel(IRRewriter &rewriter, schedule::KernelOp kernel, schedule::ConfigAttr config) {
  auto isZero = [](int64_t size) { return size == 0; };
  moe::ContractOp segmented = segmentedContraction(kernel);
  if (llvm::all_of(config.getTile(), isZero) && !segmented) {
    return success();
  }
  SmallVector<TilingInterface> roots = kernelRoots(kernel);
  if (roots.empty()) {
    return kernel.emitOpError("has tile sizes, but what it yields is made by no ops that can be tiled");
  }
  for (TilingInterface root : roots) {
    size_t loops = root.getLoopIteratorTypes().size();
    if (config.getTile().size() > loops) {
      return kernel.emitOpError("has ")
             << config.getTile().size() << " tile sizes for the " << loops << " loops of its root";
    }
    auto tiled = segmented
                     ? tileRootBySegments(rewriter, root, config.getTile(), segmented.getSegments())
                     : tileRoot(rewriter, root, config.getTile(), scf::SCFTilingOptions::LoopType::ForallOp);
    if (failed(tiled)) {
      return kernel.emitOpError("can't be tiled by ") << config;
    }
    if (llvm::all_of(config.getInner(), isZero) || tiled->loops.empty()) {
      continue;
    }
    // What an item hands on is the tile of the root, in which the loops are those of the root.
    auto forall = cast<scf::ForallOp>(tiled->loops.front().getOperation());
    auto insert = cast<tensor::ParallelInsertSliceOp>(*forall.getTerminator().getYieldingOps().begin());
    auto tile = insert.getSource().getDefiningOp<TilingInterface>();
    if (!tile ||
        failed(tileRoot(rewriter, tile, config.getInner(), scf::SCFTilingOptions::LoopType::ForOp))) {
      return kernel.emitOpError("can't be tiled again by ") << config;
    }
  }
  return success();
}

/// Removes what fusion left behind and simplifies the loops of one kernel.
LogicalResult simplify(schedule::KernelOp kernel, const TileOptions &options) {
  MLIRContext *context = kernel.getContext();
  RewritePatternSet patterns(context);
  scf::ForallOp::getCanonicalizationPatterns(patterns, context);
  tensor::ExtractSliceOp::getCanonicalizationPatterns(patterns, context);
  tensor::DimOp::getCanonicalizationPatterns(patterns, context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  scf::populateSCFForLoopCanonicalizationPatterns(patterns); // sizes of loop-carried tensors
  tensor::populateFoldTensorEmptyPatterns(patterns);
  model::UnpackOp::getCanonicalizationPatterns(patterns, context);
  // Tiles are cut: what quantisation does to one is said in ops that lower one by one.
  auto entry = kernel->getParentOfType<model::EntryOp>();
  const bool isOfDevice = options.forDevice && entry && isForDevice(entry);
  quantized::populateDecomposeQuantizePatterns(patterns, !isOfDevice);
  moe::populateDecomposeRoutePatterns(patterns);
  if (!isOfDevice) {
    moe::populateDecomposeChoicePatterns(patterns);
  }
  return applyPatternsGreedily(kernel.getBody(), std::move(patterns));
}

Value condition(OpBuilder &builder, Location loc, schedule::GuardAttr guard) {
  Value all;
  for (schedule::ConditionAttr one : guard.getConditions()) {
    arith::CmpIPredicate predicate;
    switch (one.getComparison()) {
    case schedule::Comparison::Less:
      predicate = arith::CmpIPredicate::slt;
      break;
    case schedule::Comparison::LessEqual:
      predicate = arith::CmpIPredicate::sle;
      break;
    case schedule::Comparison::Greater:
      predicate = arith::CmpIPredicate::sgt;
      break;
    case schedule::Comparison::GreaterEqual:
      predicate = arith::CmpIPredicate::sge;
      break;
    case schedule::Comparison::Equal:
      predicate = arith::CmpIPredicate::eq;
      break;
    }
    Value size = model::SizeOp::create(builder, loc, builder.getIndexType(), one.getSize());
    Value bound = arith::ConstantIndexOp::create(builder, loc, one.getBound());
    Value holds = arith::CmpIOp::create(builder, loc, predicate, size, bound);
    all = all ? Value(arith::AndIOp::create(builder, loc, all, holds)) : holds;
  }
  return all;
}

/// Splits a kernel of several choices into a chain of scf.if, outside it, with a kernel of one choice in each
/// branch.
SmallVector<std::pair<schedule::KernelOp, schedule::ConfigAttr>> splitChoices(IRRewriter &rewriter,
                                                                              schedule::KernelOp kernel) {
  SmallVector<std::pair<schedule::KernelOp, schedule::ConfigAttr>> parts;
  schedule::SetAttr choices = *kernel.getChoices();
  size_t count = choices.getConfigs().size();
  Location loc = kernel.getLoc();
  std::function<ValueRange(OpBuilder &, size_t)> emit = [&](OpBuilder &builder, size_t index) -> ValueRange {
    auto place = [&](OpBuilder &at) {
      auto clone = cast<schedule::KernelOp>(at.clone(*kernel));
      parts.push_back({clone, choices.getConfigs()[index]});
      return clone->getResults();
    };
    if (index + 1 == count) {
      return place(builder);
    }
    Value holds = condition(builder, loc, choices.getGuards()[index]);
    auto branch = scf::IfOp::create(
        builder, loc, holds, [&](OpBuilder &then, Location) { scf::YieldOp::create(then, loc, place(then)); },
        [&](OpBuilder &otherwise, Location) {
          scf::YieldOp::create(otherwise, loc, emit(otherwise, index + 1));
        });
    return branch->getResults();
  };
  rewriter.setInsertionPoint(kernel);
  ValueRange results = emit(rewriter, 0);
  rewriter.replaceOp(kernel, results);
  return parts;
}

} // namespace

LogicalResult coopt::tileKernels(ModuleOp module, const TileOptions &options) {
  IRRewriter rewriter(module.getContext());
  SmallVector<schedule::KernelOp> kernels;
  module.walk([&](schedule::KernelOp kernel) { kernels.push_back(kernel); });
  for (schedule::KernelOp kernel : kernels) {
    if (!kernel.getChoices()) {
      if (segmentedContraction(kernel)) {
        return kernel.emitOpError(
            "has a contraction by experts and no choices: expected a schedule, whose items are its "
            "segments");
      }
      if (failed(simplify(kernel, options))) {
        return failure();
      }
      continue;
    }
    for (auto [part, config] : splitChoices(rewriter, kernel)) {
      auto guard = schedule::GuardAttr::get(module.getContext(), ArrayRef<schedule::ConditionAttr>());
      part.setChoicesAttr(schedule::SetAttr::get(module.getContext(), guard, config));
      if (failed(tileKernel(rewriter, part, config)) || failed(simplify(part, options))) {
        return failure();
      }
      if (segmentedContraction(part) &&
          (failed(chooseExperts(rewriter, part)) || failed(simplify(part, options)))) {
        return failure();
      }
    }
  }
  return success();
}
