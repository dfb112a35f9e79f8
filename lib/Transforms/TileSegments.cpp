#include "TileSegments.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace coopt;

/// On the loop over segments, whose first index is the segment's number.
static constexpr StringLiteral kSegments = "coopt.segments";
/// On a kernel tiled by segments: how many experts its weights hold.
static constexpr StringLiteral kExperts = "coopt.experts";
/// On such a kernel whose weights hold a single expert: the operands that are these. No number leads to them.
static constexpr StringLiteral kOnlyExpert = "coopt.only_expert";

moe::ContractOp coopt::segmentedContraction(schedule::KernelOp kernel) {
  moe::ContractOp found;
  kernel.walk([&](moe::ContractOp op) { found = op; });
  return found;
}

/// A number of a segment, at most `most`. Segments may be a function's argument: no number of theirs leads out of a tensor.
static Value numberOf(OpBuilder &builder, Location loc, Value segments, Value segment, int64_t part,
                      Value most) {
  Value column = arith::ConstantIndexOp::create(builder, loc, part);
  Value stored = tensor::ExtractOp::create(builder, loc, segments, ValueRange{segment, column});
  Value number = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), stored);
  return arith::MinUIOp::create(builder, loc, number, most); // what is negative is large
}

void coopt::tileBySegments(scf::SCFTilingOptions &options, Value segments, int64_t columns) {
  using HeaderInfo = scf::SCFTilingOptions::CustomLoopHeaderInfo;
  options.setLoopType(scf::SCFTilingOptions::LoopType::CustomOp);
  auto header = [=](RewriterBase &rewriter, Location loc, ArrayRef<Range> ranges, ArrayRef<OpFoldResult>,
                    ValueRange destinations) -> FailureOr<HeaderInfo> {
    if (ranges.size() != 2) {
      return failure();
    }
    OpFoldResult zero = rewriter.getIndexAttr(0), one = rewriter.getIndexAttr(1);
    std::optional<int64_t> extent = getConstantIntValue(ranges[1].size);
    const bool isCut = columns > 0 && !(extent && *extent <= columns);
    SmallVector<OpFoldResult> lower = {zero}, upper = {tensor::getMixedSize(rewriter, loc, segments, 0)},
                              steps = {one};
    if (isCut) {
      lower.push_back(zero);
      upper.push_back(ranges[1].size);
      steps.push_back(rewriter.getIndexAttr(columns));
    }
    auto loop = scf::ForallOp::create(rewriter, loc, lower, upper, steps, destinations, std::nullopt);
    loop->setAttr(kSegments, rewriter.getUnitAttr());
    rewriter.setInsertionPoint(loop.getTerminator());
    Value segment = loop.getInductionVar(0);
    Value rows = getValueOrCreateConstantIndexOp(rewriter, loc, ranges[0].size);
    Value first = numberOf(rewriter, loc, segments, segment, moe::kFirstPlace, rows);
    Value rest = arith::SubIOp::create(rewriter, loc, rows, first);
    Value found = numberOf(rewriter, loc, segments, segment, moe::kCount, rest);
    // No more rows than there are: what tiles need is bounded by that.
    AffineExpr a, b;
    bindSymbols(rewriter.getContext(), a, b);
    OpFoldResult count = affine::makeComposedFoldedAffineMin(
        rewriter, loc, AffineMap::get(0, 2, {a, b}, rewriter.getContext()), {found, ranges[0].size});
    HeaderInfo info;
    info.loops.push_back(cast<LoopLikeOpInterface>(loop.getOperation()));
    info.tileOffset = {first, zero};
    info.tileSizes = {count, ranges[1].size};
    if (isCut) {
      Value column = loop.getInductionVar(1);
      info.tileOffset[1] = column;
      info.tileSizes[1] = rewriter.getIndexAttr(columns);
      if (!extent || *extent % columns != 0) {
        AffineExpr width = rewriter.getAffineConstantExpr(columns), at, end;
        bindSymbols(rewriter.getContext(), at, end);
        info.tileSizes[1] = affine::makeComposedFoldedAffineMin(
            rewriter, loc, AffineMap::get(0, 2, {width, end - at}, rewriter.getContext()),
            {column, ranges[1].size});
      }
    }
    info.destinationTensors = llvm::to_vector_of<Value>(loop.getRegionIterArgs());
    return info;
  };
  auto terminator = [](RewriterBase &rewriter, Location loc, ArrayRef<LoopLikeOpInterface> loops,
                       ValueRange results, ArrayRef<SmallVector<OpFoldResult>> offsets,
                       ArrayRef<SmallVector<OpFoldResult>> sizes, ValueRange destinations) -> LogicalResult {
    auto loop = cast<scf::ForallOp>(*loops.front());
    rewriter.setInsertionPointToEnd(loop.getTerminator().getBody());
    for (auto [result, at, extent, destination] : llvm::zip_equal(results, offsets, sizes, destinations)) {
      SmallVector<OpFoldResult> strides(at.size(), rewriter.getIndexAttr(1));
      tensor::ParallelInsertSliceOp::create(rewriter, loc, result, destination, at, extent, strides);
    }
    return success();
  };
  options.setCustomLoopGenerationFns(header, terminator);
}

/// Where operands are slices of unpacked weights, unpacks the slices alone.
static void readSlices(IRRewriter &rewriter, Operation *contraction) {
  for (Value operand : contraction->getOperands()) {
    auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || !slice.getSource().getDefiningOp<model::UnpackOp>()) {
      continue;
    }
    rewriter.setInsertionPoint(slice);
    auto tile =
        tensor::replaceExtractSliceWithTiledProducer(rewriter, slice, cast<OpResult>(slice.getSource()));
    if (succeeded(tile)) {
      rewriter.replaceOp(slice, tile->tiledValues.front());
    }
  }
}

/// The numbers of the kernel's operands that the weights of its contractions are cut out of; nothing if one is made otherwise.
static std::optional<SmallVector<int64_t>> weightOperands(schedule::KernelOp kernel,
                                                          ArrayRef<moe::ContractOp> contractions) {
  SetVector<int64_t> numbers;
  for (moe::ContractOp op : contractions) {
    for (Value weight : op.getInputs().drop_front(op.getFirstWeightOperand())) {
      while (Operation *def = weight.getDefiningOp()) {
        if (!isa<model::UnpackOp, tensor::ExtractSliceOp>(def)) {
          return std::nullopt;
        }
        weight = def->getOperand(0);
      }
      auto argument = cast<BlockArgument>(weight);
      if (argument.getOwner() != &kernel.getBody().front()) {
        return std::nullopt;
      }
      numbers.insert(argument.getArgNumber());
    }
  }
  SmallVector<int64_t> sorted = numbers.takeVector();
  llvm::sort(sorted);
  return sorted;
}

LogicalResult coopt::chooseExperts(IRRewriter &rewriter, schedule::KernelOp kernel) {
  SmallVector<moe::ContractOp> contractions;
  kernel.walk([&](moe::ContractOp op) { contractions.push_back(op); });
  std::optional<SmallVector<int64_t>> weights = weightOperands(kernel, contractions);
  DenseMap<Operation *, Value> experts; // by loop
  for (moe::ContractOp op : contractions) {
    scf::ForallOp loop = op->getParentOfType<scf::ForallOp>();
    while (loop && !loop->hasAttr(kSegments)) {
      loop = loop->getParentOfType<scf::ForallOp>();
    }
    if (!loop) {
      return op.emitOpError("stands in no loop over its segments");
    }
    Value &expert = experts[loop];
    if (!expert) {
      rewriter.setInsertionPointToStart(loop.getBody());
      const int64_t rows = cast<RankedTensorType>(op.getW().getType()).getDimSize(0);
      if (ShapedType::isDynamic(rows)) {
        return op.emitOpError("has weights of an unknown number of experts");
      }
      const int64_t last = std::max<int64_t>(rows / static_cast<int64_t>(op.getStride()), 1) - 1;
      kernel->setAttr(kExperts, rewriter.getI64IntegerAttr(last + 1));
      if (last == 0 && weights) {
        kernel->setAttr(kOnlyExpert, rewriter.getDenseI64ArrayAttr(*weights));
      }
      expert = numberOf(rewriter, op.getLoc(), op.getSegments(), loop.getInductionVar(0), moe::kExpert,
                        arith::ConstantIndexOp::create(rewriter, op.getLoc(), last));
    }
    rewriter.setInsertionPoint(op);
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value dense = moe::contractWithExpert(
        builder, op, expert, op.getInputs().take_front(op.getFirstWeightOperand()), op.getInit());
    if (const int64_t rows = kernel.getChoices()->getConfigs().front().getVectorRows(); rows > 0) {
      dense.getDefiningOp()->setAttr(schedule::kVectorRows, rewriter.getI64IntegerAttr(rows));
    }
    rewriter.replaceOp(op, dense);
    readSlices(rewriter, dense.getDefiningOp());
  }
  return success();
}

namespace {

/// Follows the numbers of experts of a kernel to the operands that they choose parts of.
class ExpertTracer {
public:
  explicit ExpertTracer(schedule::KernelOp kernel) : body(&kernel.getBody().front()) {}

  /// The values made of `number`, an expert's; false if one of them does something else than choosing rows.
  bool follow(Value number) {
    return llvm::all_of(number.getUsers(), [&](Operation *user) {
      if (auto unpack = dyn_cast<model::UnpackOp>(user)) {
        return addSource(unpack.getSource());
      }
      if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user)) {
        return addSource(slice.getSource());
      }
      return isMemoryEffectFree(user) && user->getNumRegions() == 0 && user->getNumResults() == 1 &&
             user->getResult(0).getType().isIntOrIndex() && follow(user->getResult(0));
    });
  }

  SmallVector<unsigned> operands() const {
    SmallVector<unsigned> sorted(found.begin(), found.end());
    llvm::sort(sorted);
    return sorted;
  }

private:
  bool addSource(Value source) {
    auto argument = dyn_cast<BlockArgument>(source);
    if (!argument || argument.getOwner() != body) {
      return false;
    }
    found.insert(argument.getArgNumber());
    return true;
  }

  Block *body;
  llvm::SmallDenseSet<unsigned> found;
};

} // namespace

std::optional<ExpertReads> coopt::findExpertReads(schedule::KernelOp kernel) {
  auto count = kernel->getAttrOfType<IntegerAttr>(kExperts);
  // With one loop items are those of the first segment, of the second, ..
  if (!count || !llvm::hasSingleElement(kernel.getBody().front().getOps<scf::ForallOp>())) {
    return std::nullopt;
  }
  ExpertReads reads;
  reads.count = count.getInt();
  Value segments;
  bool isClear = true;
  ExpertTracer tracer(kernel);
  kernel.walk([&](tensor::ExtractOp extract) {
    auto type = cast<RankedTensorType>(extract.getTensor().getType());
    if (type.getRank() != 2 || type.getDimSize(1) != moe::kSegmentParts) {
      return;
    }
    auto source = dyn_cast<BlockArgument>(extract.getTensor());
    isClear &= source && source.getOwner() == &kernel.getBody().front() && (!segments || segments == source);
    segments = extract.getTensor();
    if (getConstantIntValue(extract.getIndices()[1]) == moe::kExpert) {
      isClear &= tracer.follow(extract);
    }
  });
  reads.weights = tracer.operands();
  if (auto only = kernel->getAttrOfType<DenseI64ArrayAttr>(kOnlyExpert)) {
    reads.weights.assign(only.asArrayRef().begin(), only.asArrayRef().end());
  }
  if (!isClear || !segments || reads.weights.empty()) {
    return std::nullopt;
  }
  reads.segments = cast<BlockArgument>(segments).getArgNumber();
  return reads;
}
