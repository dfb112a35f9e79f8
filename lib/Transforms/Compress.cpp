#include "coopt/Transforms/Compress.h"

#include "AllocateFormats.h"
#include "BalanceChannels.h"
#include "CompressActivations.h"
#include "CompressWeights.h"
#include "SplitExperts.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Model/IR/OpId.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Sparse/IR/Sparse.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace coopt;
using model::idOf;
using model::setDerivedId;

namespace {

class Compressor {
public:
  Compressor(ModuleOp module, SchemePlan &plan, const CompressOptions &options)
      : options(options), module(module), builder(module.getContext()), plan(plan),
        weights(module, plan, options), activations(builder, plan) {}
  LogicalResult run();

private:
  LogicalResult rewrite(WeightContraction contraction);
  Operation *createContract(WeightContraction contraction, ValueRange inputs,
                            quantized::SchemeAttr activation, quantized::SchemeAttr weight,
                            quantized::ScaleAt scaleAt);
  void rewriteTables(model::EntryOp entry);
  void rewrite(model::GatherOp gather, const CodedWeight &coded);

  const CompressOptions &options;
  ModuleOp module;
  OpBuilder builder;
  SchemePlan &plan;
  WeightCoder weights;
  ActivationCoder activations;
  llvm::SetVector<Operation *> unusedGathers;
};

} // namespace

Operation *Compressor::createContract(WeightContraction contraction, ValueRange inputs,
                                      quantized::SchemeAttr activation, quantized::SchemeAttr weight,
                                      quantized::ScaleAt scaleAt) {
  Operation *op = contraction.op, *made = nullptr;
  if (auto byExperts = dyn_cast<moe::ContractOp>(op)) {
    made = moe::ContractOp::create(builder, op->getLoc(), op->getResult(0).getType(), inputs,
                                   byExperts.getSegments(), byExperts.getRow(), byExperts.getColumn(),
                                   contraction.destination, byExperts.getStrideAttr(), activation, weight,
                                   quantized::ScaleAtAttr::get(op->getContext(), scaleAt));
  } else {
    made = quantized::ContractOp::create(builder, op->getLoc(), op->getResult(0).getType(), inputs,
                                         contraction.destination, activation, weight, scaleAt);
  }
  made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return made;
}

LogicalResult Compressor::rewrite(WeightContraction contraction) {
  Operation *op = contraction.op;
  const OpScheme said = plan.schemeFor(idOf(op));
  FailureOr<CodedWeight> storage = weights.storageOf(contraction, said.weight);
  if (failed(storage)) {
    return failure();
  }
  const CodedWeight &weight = *storage;
  if (!weight.scheme) {
    if (options.sparsity) {
      builder.setInsertionPoint(op);
      model::ParameterOp parameter = weights.pruneFloats(contraction.weight, idOf(op));
      op->replaceUsesOfWith(contraction.weight, loadParameter(builder, op->getLoc(), parameter));
    }
    return success();
  }
  quantized::SchemeAttr scheme = weight.scheme;
  builder.setInsertionPoint(op);
  Location loc = op->getLoc();
  SmallVector<Value> inputs;
  auto scaleAt = quantized::ScaleAt::Element;
  auto activation = said.quantizesActivation ? plan.activation() : quantized::SchemeAttr();
  if (activation && scheme.getFormat()) {
    // Codes of both sides, each decoded: the float contraction of the numbers that the activation's codes mean.
    inputs.push_back(activations.decoded(contraction));
    activation = nullptr;
  } else if (activation) {
    llvm::append_range(inputs, activations.codesOf(contraction));
    scaleAt = scheme.getGroup() == 0 || scheme.isTwoLevel() ? quantized::ScaleAt::Output
                                                            : quantized::ScaleAt::Group;
  } else {
    inputs.push_back(contraction.activation);
  }
  if (!activation && options.roundActivations) {
    inputs.front() = activations.rounded(inputs.front(), contraction);
  }
  for (model::ParameterOp part : weight.parts) {
    inputs.push_back(loadParameter(builder, loc, part));
  }
  Operation *contract = createContract(contraction, inputs, activation, scheme, scaleAt);
  auto type = cast<RankedTensorType>(contraction.weight.getType());
  remark::passed(loc, compressRemark("CodedContraction"))
      << remark::metric("Op", idOf(op)) << remark::metric("Weight", contraction.weight.getParameter().str())
      << remark::metric("Outputs", type.getDimSize(0)) << remark::metric("Columns", type.getDimSize(1));
  auto fill =
      cast<DestinationStyleOpInterface>(op).getDpsInitOperand(0)->get().getDefiningOp<linalg::FillOp>();
  op->getResult(0).replaceAllUsesWith(contract->getResult(0));
  op->erase();
  if (fill && fill->use_empty()) {
    fill->erase();
  }
  if (auto gather = contraction.activation.getDefiningOp<model::GatherOp>(); gather && gather->use_empty()) {
    unusedGathers.insert(gather);
  }
  return success();
}

/// Rows of a quantised table: the rows of its parts, and what these stand for.
void Compressor::rewrite(model::GatherOp gather, const CodedWeight &weight) {
  builder.setInsertionPoint(gather);
  Location loc = gather.getLoc();
  auto type = cast<RankedTensorType>(gather.getInit().getType());
  OpFoldResult rows = tensor::getMixedSize(builder, loc, gather.getInit(), 0);
  if (auto empty = gather.getInit().getDefiningOp<tensor::EmptyOp>()) {
    rows = empty.getMixedSizes()[0];
  }
  SmallVector<Value> dynamic;
  if (type.isDynamicDim(0)) {
    dynamic.push_back(getValueOrCreateConstantIndexOp(builder, loc, rows));
  }
  SmallVector<Value> parts;
  for (auto [parameter, part] : llvm::zip_equal(weight.parts, weight.scheme.getParts())) {
    Value gathered = gatherRows(builder, gather, loadParameter(builder, loc, parameter), dynamic);
    if (parts.empty()) {
      gathered.getDefiningOp()->setDiscardableAttrs(gather->getDiscardableAttrDictionary());
    } else {
      setDerivedId(gathered.getDefiningOp(), gather, part.name);
    }
    parts.push_back(gathered);
  }
  auto decoded =
      quantized::DequantizeOp::create(builder, loc, parts, gather.getInit(), weight.scheme, Value());
  setDerivedId(decoded, gather, "dequantize");
  remark::passed(loc, compressRemark("CodedEmbedding"))
      << remark::metric("Op", idOf(gather))
      << remark::metric("Rows", cast<ShapedType>(gather.getTable().getType()).getDimSize(0));
  gather->getResult(0).replaceAllUsesWith(decoded.getResult());
  gather.erase();
}

/// Embeddings whose table is a weight of a contraction, too, are gathered as what that is stored as.
void Compressor::rewriteTables(model::EntryOp entry) {
  SmallVector<std::pair<model::GatherOp, CodedWeight>> gathers;
  SmallVector<model::LoadOp> loads;
  entry.walk([&](model::LoadOp weight) {
    loads.push_back(weight);
    StringAttr name = weight.getParameterAttr().getAttr();
    model::ParameterOp kept = weights.prunedAs(name);
    if (!kept && !weights.hasCodes(name)) {
      return;
    }
    for (OpOperand &use : llvm::make_early_inc_range(weight->getUses())) {
      auto gather = dyn_cast<model::GatherOp>(use.getOwner());
      if (gather && use.getOperandNumber() == 0 && kept) {
        builder.setInsertionPoint(gather);
        use.set(loadParameter(builder, gather.getLoc(), kept));
      } else if (gather && use.getOperandNumber() == 0) {
        gathers.push_back({gather, weights.codesOf(name)});
      }
    }
  });
  for (auto &[gather, weight] : gathers) {
    rewrite(gather, weight);
  }
  for (model::LoadOp weight : loads) {
    if (weight->use_empty()) {
      weight.erase();
    }
  }
}

LogicalResult Compressor::run() {
  for (auto entry : module.getOps<model::EntryOp>()) {
    SmallVector<Operation *> contractions;
    entry.walk([&](Operation *op) {
      std::string reason;
      if (matchWeightContraction(op, reason)) {
        contractions.push_back(op);
      } else if (!reason.empty()) {
        remark::missed(op->getLoc(), compressRemark("FloatContraction"))
            << remark::metric("Op", idOf(op)) << remark::reason("{0}", reason);
      }
    });
    for (Operation *op : contractions) {
      // Once more: what it reads or goes on with may be another one that was rewritten.
      std::string reason;
      if (failed(rewrite(*matchWeightContraction(op, reason)))) {
        return failure();
      }
    }
  }
  if (options.sparsity && weights.isIdle()) {
    return module.emitError(
        "sparsity is for weights of contractions, y[m, n] = sum over k of x[m, k] w[n, k]: there are none");
  }
  for (Operation *gather : unusedGathers) {
    gather->erase();
  }
  for (auto entry : module.getOps<model::EntryOp>()) {
    rewriteTables(entry);
  }
  weights.dropUnused();
  return success();
}

LogicalResult coopt::compress(ModuleOp module, const CompressOptions &options) {
  if (options.plan.automatic) {
    CompressOptions decided = options;
    FailureOr<numerics::QuantizationPlan> plan = allocateFormats(module, options);
    if (failed(plan) || (options.decided && failed(options.decided(*plan)))) {
      return failure();
    }
    decided.plan = std::move(*plan);
    return compress(module, decided);
  }
  SymbolTable symbols(module);
  if (!options.plan.scheme && options.plan.rules.empty() && !options.sparsity &&
      StoredWeights(module, symbols).empty()) {
    return success();
  }
  MLIRContext *context = module.getContext();
  context->loadDialect<quantized::QuantizedDialect, arith::ArithDialect, sparse::SparseDialect,
                       tensor::TensorDialect>();
  SchemePlan plan(context, options.plan);
  if (Status resolved = plan.resolve(); !resolved) {
    return module.emitError(resolved.error().message);
  }
  if (options.sparsity && (options.method.channelScales || options.method.rounding.feedback)) {
    return module.emitError(
        "sparsity goes with the roundings nearest and clip: awq and gptq change what is dropped");
  }
  if (!options.method.isNearest() || options.scoresByInputs) {
    module->setAttr("model.calibration", StringAttr::get(context, options.calibrationFile));
    plan.rounding = options.method.rounding;
  }
  if (failed(splitExperts(module, plan, options))) {
    return failure();
  }
  if (options.method.channelScales) {
    balanceChannels(
        module, [&](StringRef id) { return plan.schemeFor(id.str()).weight; }, plan.rounding.clip);
  }
  if (failed(Compressor(module, plan, options).run())) {
    return failure();
  }
  bool usesStatistics = false;
  module.walk([&](Operation *op) {
    auto quantize = dyn_cast<quantized::QuantizeOp>(op);
    usesStatistics |= (quantize && quantize.getRounding()) || isa<quantized::ChannelScalesOp>(op);
  });
  if (!options.method.isNearest() && !usesStatistics) {
    return module.emitError("no weight takes the rounding that is asked for: awq, clip and gptq are for "
                            "integers in groups or rows, "
                            "and for two levels of scales, of contractions with an op id");
  }
  if (const numerics::QuantizationRule *rule = plan.unusedRule()) {
    return module.emitError("the rule for '")
           << rule->pattern << "' decides nothing: it matches no contraction, or an earlier rule does";
  }
  return success();
}
