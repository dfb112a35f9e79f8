#include "coopt/Transforms/Compress.h"

#include "BalanceChannels.h"
#include "CompressMatch.h"
#include "SchemePlan.h"
#include "StoredWeights.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace coopt;

namespace {

constexpr StringRef kIdName = "coopt.id";

class Compressor {
public:
  Compressor(ModuleOp module, SchemePlan &plan, bool roundActivations)
      : roundActivations(roundActivations), module(module), symbols(module), builder(module.getContext()),
        plan(plan), stored(module, symbols) {}
  void run();

private:
  CodedWeight encode(model::LoadOp weight, quantized::SchemeAttr scheme, StringRef id);
  /// The weight as `scheme` says, or, if that is null or what the checkpoint has, as the checkpoint has it; without a scheme
  /// if it stays float.
  CodedWeight storageOf(WeightContraction contraction, quantized::SchemeAttr scheme);
  void rewrite(WeightContraction contraction);
  quantized::QuantizeOp quantize(WeightContraction contraction);
  Value decodedActivation(WeightContraction contraction);
  Value roundedActivation(Value x, WeightContraction contraction);
  void rewrite(model::GatherOp gather, const CodedWeight &coded);
  model::ParameterOp declare(model::ParameterOp like, StringRef suffix, RankedTensorType type);
  Value load(Location loc, model::ParameterOp parameter);
  Value gatherRows(model::GatherOp gather, model::ParameterOp part, ValueRange dynamicRows);

  bool roundActivations;
  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  SchemePlan &plan;
  StoredWeights stored;
  DenseMap<StringAttr, CodedWeight> coded;
  /// By activation and the block of its reader: one quantisation serves all contractions there.
  DenseMap<std::pair<Value, Block *>, quantized::QuantizeOp> quantizations;
  DenseMap<Operation *, Value> decodedActivations;
  DenseMap<std::pair<Value, Block *>, Value> roundedActivations;
};

std::string getId(Operation *op) {
  auto id = op->getAttrOfType<StringAttr>(kIdName);
  return id ? id.str() : std::string();
}

/// The types of a scheme's parts for a matrix of this type, and the suffixes of their names.
SmallVector<std::pair<std::string, RankedTensorType>> partsOf(quantized::SchemeAttr scheme,
                                                              RankedTensorType type) {
  SmallVector<std::pair<std::string, RankedTensorType>> parts;
  for (const quantized::SchemePart &part : scheme.getParts()) {
    Type element = part.name == "zeros" ? IntegerType::get(type.getContext(), 8) : part.element;
    SmallVector<int64_t> shape = part.getShape(type.getDimSize(0), type.getDimSize(1));
    parts.push_back({"." + part.name, RankedTensorType::get(shape, element)});
  }
  return parts;
}

/// An id for an op that is made for another one; none where that one has none.
void setDerivedId(Operation *op, Operation *from, StringRef suffix) {
  if (std::string id = getId(from); !id.empty()) {
    op->setAttr(kIdName, StringAttr::get(op->getContext(), id + "/" + suffix));
  }
}

remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("compress");
}

} // namespace

model::ParameterOp Compressor::declare(model::ParameterOp like, StringRef suffix, RankedTensorType type) {
  auto parameter =
      model::ParameterOp::create(builder, like.getLoc(), (like.getSymName() + suffix).str(), type,
                                 /*origin=*/Attribute());
  symbols.insert(parameter, Block::iterator(parameter));
  return parameter;
}

Value Compressor::load(Location loc, model::ParameterOp parameter) {
  return model::LoadOp::create(builder, loc, parameter.getTensorType(),
                               FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
}

/// How the codes of the weight of op `id` are chosen; null: by the format's own rule.
static quantized::RoundingAttr roundingFor(MLIRContext *context, calibration::RoundingMethod method,
                                           StringRef id) {
  using quantized::RoundingMethod;
  if (id.empty() || (!method.clip && !method.feedback)) {
    return nullptr;
  }
  RoundingMethod name = !method.feedback ? RoundingMethod::Clip
                        : method.clip    ? RoundingMethod::ClipGptq
                                         : RoundingMethod::Gptq;
  return quantized::RoundingAttr::get(context, name, id);
}

CodedWeight Compressor::encode(model::LoadOp weight, quantized::SchemeAttr scheme, StringRef id) {
  StringAttr name = weight.getParameterAttr().getAttr();
  if (auto it = coded.find(name); it != coded.end()) {
    return it->second;
  }
  OpBuilder::InsertionGuard guard(builder);
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  Location loc = parameter.getLoc();
  builder.setInsertionPointAfter(parameter);
  CodedWeight result{scheme, {}};
  SmallVector<Attribute> defines;
  for (auto [suffix, type] : partsOf(scheme, parameter.getTensorType())) {
    result.parts.push_back(declare(parameter, suffix, type));
    defines.push_back(FlatSymbolRefAttr::get(result.parts.back().getSymNameAttr()));
  }
  auto recipe = model::RecipeOp::create(builder, loc, (name.getValue() + ".quantize").str(),
                                        builder.getArrayAttr(defines));
  symbols.insert(recipe, Block::iterator(recipe));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value source = load(loc, parameter);
  SmallVector<Value> inits;
  for (model::ParameterOp part : result.parts) {
    RankedTensorType type = part.getTensorType();
    inits.push_back(tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType()));
  }
  auto quantize = quantized::QuantizeOp::create(builder, loc, source, inits, scheme);
  quantized::RoundingAttr rounding = roundingFor(module.getContext(), plan.rounding, id);
  if (rounding && !scheme.getFormat()) {
    quantize.setRoundingAttr(rounding);
  }
  model::YieldOp::create(builder, loc, quantize.getResults());
  return coded[name] = result;
}

CodedWeight Compressor::storageOf(WeightContraction contraction, quantized::SchemeAttr scheme) {
  StringAttr name = contraction.weight.getParameterAttr().getAttr();
  quantized::SchemeAttr kept = stored.schemeOf(name);
  if (kept && (!scheme || scheme == kept)) {
    return stored.keep(name);
  }
  if (!scheme) {
    return {};
  }
  if (kept) {
    remark::passed(contraction.op.getLoc(), remarkOptions("RequantizedWeight"))
        << remark::metric("Op", getId(contraction.op)) << remark::metric("Weight", name.str())
        << remark::reason("the checkpoint has codes already: those of other numbers are made");
  }
  return encode(contraction.weight, scheme, getId(contraction.op));
}

quantized::QuantizeOp Compressor::quantize(WeightContraction contraction) {
  Value x = contraction.activation;
  quantized::QuantizeOp &known = quantizations[{x, contraction.op->getBlock()}];
  if (known) {
    return known;
  }
  Location loc = contraction.op.getLoc();
  // The rows are those of the result, whose extents are known without the activation.
  OpFoldResult rows = tensor::getMixedSize(builder, loc, contraction.destination, 0);
  OpFoldResult columns = tensor::getMixedSize(builder, loc, x, 1);
  if (auto empty = contraction.destination.getDefiningOp<tensor::EmptyOp>()) {
    rows = empty.getMixedSizes()[0];
  }
  // Extents that the activation's type leaves open stay open.
  auto type = cast<RankedTensorType>(x.getType());
  auto create = [&](ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> shape, Type element) -> Value {
    SmallVector<Value> dynamic;
    for (auto [size, extent] : llvm::zip_equal(sizes, shape)) {
      if (ShapedType::isDynamic(extent)) {
        dynamic.push_back(getValueOrCreateConstantIndexOp(builder, loc, size));
      }
    }
    return tensor::EmptyOp::create(builder, loc, shape, element, dynamic);
  };
  quantized::SchemeAttr scheme = plan.activation();
  Value codes = create({rows, columns}, type.getShape(), scheme.getCodeType());
  Value scales = create({rows}, type.getShape().take_front(), scheme.getScale());
  known = quantized::QuantizeOp::create(builder, loc, x, ValueRange{codes, scales}, scheme);
  setDerivedId(known, contraction.op, "quantize");
  return known;
}

/// The activation after its quantisation, in f32.
Value Compressor::decodedActivation(WeightContraction contraction) {
  quantized::QuantizeOp codes = quantize(contraction);
  Value &known = decodedActivations[codes];
  if (!known) {
    Location loc = contraction.op.getLoc();
    Value init = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, codes.getResult(0)), builder.getF32Type());
    auto decoded =
        quantized::DequantizeOp::create(builder, loc, codes.getResults(), init, plan.activation(), Value());
    setDerivedId(decoded, contraction.op, "dequantize");
    known = decoded.getResult();
  }
  return known;
}

/// A float activation in bf16.
Value Compressor::roundedActivation(Value x, WeightContraction contraction) {
  Value &known = roundedActivations[{x, contraction.op->getBlock()}];
  if (!known) {
    Location loc = contraction.op.getLoc();
    Type bf16 = builder.getBF16Type();
    Value init = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, x), bf16);
    SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(2));
    SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
    auto rounded = linalg::GenericOp::create(
        builder, loc, init.getType(), x, init, maps, loops,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          linalg::YieldOp::create(nested, at, arith::TruncFOp::create(nested, at, bf16, args[0]).getResult());
        });
    setDerivedId(rounded, contraction.op, "round");
    known = rounded.getResult(0);
  }
  return known;
}

void Compressor::rewrite(WeightContraction contraction) {
  linalg::LinalgOp op = contraction.op;
  const OpScheme said = plan.schemeFor(getId(op));
  CodedWeight weight = storageOf(contraction, said.weight);
  if (!weight.scheme) {
    return;
  }
  quantized::SchemeAttr scheme = weight.scheme;
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<Value> inputs;
  auto scaleAt = quantized::ScaleAt::Element;
  auto activation = said.quantizesActivation ? plan.activation() : quantized::SchemeAttr();
  if (activation && scheme.getFormat()) {
    // Codes of both sides, each decoded: the float contraction of the numbers that the activation's codes mean.
    inputs.push_back(decodedActivation(contraction));
    activation = nullptr;
  } else if (activation) {
    llvm::append_range(inputs, quantize(contraction).getResults());
    scaleAt = scheme.getGroup() == 0 || scheme.isTwoLevel() ? quantized::ScaleAt::Output
                                                            : quantized::ScaleAt::Group;
  } else {
    inputs.push_back(contraction.activation);
  }
  if (!activation && roundActivations) {
    inputs.front() = roundedActivation(inputs.front(), contraction);
  }
  for (model::ParameterOp part : weight.parts) {
    inputs.push_back(load(loc, part));
  }
  auto contract = quantized::ContractOp::create(builder, loc, op->getResult(0).getType(), inputs,
                                                contraction.destination, activation, scheme, scaleAt);
  contract->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  auto type = cast<RankedTensorType>(contraction.weight.getType());
  remark::passed(loc, remarkOptions("CodedContraction"))
      << remark::metric("Op", getId(op)) << remark::metric("Weight", contraction.weight.getParameter().str())
      << remark::metric("Outputs", type.getDimSize(0)) << remark::metric("Columns", type.getDimSize(1));
  Operation *fill = op.getDpsInitOperand(0)->get().getDefiningOp();
  op->getResult(0).replaceAllUsesWith(contract.getResult());
  op->erase();
  if (fill->use_empty()) {
    fill->erase();
  }
}

/// The rows of one part that `gather` names.
Value Compressor::gatherRows(model::GatherOp gather, model::ParameterOp part, ValueRange dynamicRows) {
  Location loc = gather.getLoc();
  RankedTensorType table = part.getTensorType();
  SmallVector<int64_t> shape(table.getShape());
  shape[0] = cast<RankedTensorType>(gather.getInit().getType()).getDimSize(0);
  Value init = tensor::EmptyOp::create(builder, loc, shape, table.getElementType(), dynamicRows);
  Value source = load(loc, part), ids = gather.getIds();
  if (table.getRank() == 2) {
    return model::GatherOp::create(builder, loc, init.getType(), source, ids, init)->getResult(0);
  }
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(1));
  return linalg::GenericOp::create(
             builder, loc, init.getType(), ids, init, maps, utils::IteratorType::parallel,
             [&](OpBuilder &nested, Location at, ValueRange args) {
               Value row = arith::IndexCastOp::create(nested, at, nested.getIndexType(), args[0]);
               Value scale = tensor::ExtractOp::create(nested, at, source, row);
               linalg::YieldOp::create(nested, at, scale);
             })
      .getResult(0);
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
    Value gathered = gatherRows(gather, parameter, dynamic);
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
  remark::passed(loc, remarkOptions("CodedEmbedding"))
      << remark::metric("Op", getId(gather))
      << remark::metric("Rows", cast<ShapedType>(gather.getTable().getType()).getDimSize(0));
  gather->getResult(0).replaceAllUsesWith(decoded.getResult());
  gather.erase();
}

void Compressor::run() {
  for (auto entry : module.getOps<model::EntryOp>()) {
    SmallVector<WeightContraction> contractions;
    entry.walk([&](Operation *op) {
      std::string reason;
      if (std::optional<WeightContraction> found = matchWeightContraction(op, reason)) {
        contractions.push_back(*found);
      } else if (!reason.empty()) {
        remark::missed(op->getLoc(), remarkOptions("FloatContraction"))
            << remark::metric("Op", getId(op)) << remark::reason("{0}", reason);
      }
    });
    for (WeightContraction contraction : contractions) {
      rewrite(contraction);
    }
  }
  for (auto entry : module.getOps<model::EntryOp>()) {
    SmallVector<std::pair<model::GatherOp, CodedWeight>> gathers;
    SmallVector<model::LoadOp> loads;
    entry.walk([&](model::LoadOp weight) {
      loads.push_back(weight);
      StringAttr name = weight.getParameterAttr().getAttr();
      auto it = coded.find(name);
      if (it == coded.end() && !stored.schemeOf(name)) {
        return;
      }
      for (OpOperand &use : weight->getUses()) {
        auto gather = dyn_cast<model::GatherOp>(use.getOwner());
        if (gather && use.getOperandNumber() == 0) {
          gathers.push_back({gather, it != coded.end() ? it->second : stored.keep(name)});
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
  stored.dropUnused();
}

LogicalResult coopt::compress(ModuleOp module, const CompressOptions &options) {
  SymbolTable symbols(module);
  if (!options.plan.scheme && options.plan.rules.empty() && StoredWeights(module, symbols).empty()) {
    return success();
  }
  MLIRContext *context = module.getContext();
  context->loadDialect<quantized::QuantizedDialect, arith::ArithDialect, tensor::TensorDialect>();
  SchemePlan plan(context, options.plan);
  if (Status resolved = plan.resolve(); !resolved) {
    return module.emitError(resolved.error().message);
  }
  if (!options.method.isNearest()) {
    module->setAttr("model.calibration", StringAttr::get(context, options.calibrationFile));
    plan.rounding = options.method.rounding;
  }
  if (options.method.channelScales) {
    balanceChannels(
        module, [&](StringRef id) { return plan.schemeFor(id.str()).weight; }, plan.rounding.clip);
  }
  Compressor(module, plan, options.roundActivations).run();
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
