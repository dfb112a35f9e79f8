#include "coopt/Transforms/Compress.h"

#include "BalanceChannels.h"
#include "CompressMatch.h"
#include "SchemePlan.h"
#include "SplitExperts.h"
#include "StoredWeights.h"

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
      : options(options), module(module), symbols(module), builder(module.getContext()), plan(plan),
        stored(module, symbols) {}
  LogicalResult run();

private:
  CodedWeight encode(model::LoadOp weight, quantized::SchemeAttr scheme, StringRef id);
  /// The weight with zeros where nothing is kept, as floats.
  model::ParameterOp pruneFloats(model::LoadOp weight, StringRef id);
  sparse::PatternAttr pattern();
  // In a recipe:
  /// Which blocks of a weight are kept.
  Value select(Value weight, StringRef id);
  /// A matrix with zeros where nothing is kept.
  Value prune(Value matrix, Value kept, sparse::PatternAttr by);
  /// The pattern of a part with a number for each group that the pattern keeps or drops; null if the part is another.
  sparse::PatternAttr patternOfGroups(const quantized::SchemePart &part, RankedTensorType type);
  /// The weight as `scheme` says, or, if that is null or what the checkpoint has, as the checkpoint has it; without a scheme
  /// if it stays float.
  FailureOr<CodedWeight> storageOf(WeightContraction contraction, quantized::SchemeAttr scheme);
  LogicalResult rewrite(WeightContraction contraction);
  /// The parts of the activation in its scheme; rows that are gathered are quantised where they come from, once each.
  SmallVector<Value> codesOf(WeightContraction contraction);
  quantized::QuantizeOp quantize(Value x, Operation *reader, Block *block, OpFoldResult rows);
  Value decodedActivation(WeightContraction contraction);
  Value roundedActivation(Value x, WeightContraction contraction);
  Operation *createContract(WeightContraction contraction, ValueRange inputs,
                            quantized::SchemeAttr activation, quantized::SchemeAttr weight,
                            quantized::ScaleAt scaleAt);
  void rewrite(model::GatherOp gather, const CodedWeight &coded);
  model::ParameterOp declare(model::ParameterOp like, StringRef suffix, RankedTensorType type);
  Value load(Location loc, model::ParameterOp parameter);
  Value gatherRows(model::GatherOp gather, Value source, ValueRange dynamicRows);

  const CompressOptions &options;
  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  SchemePlan &plan;
  StoredWeights stored;
  DenseMap<StringAttr, CodedWeight> coded;
  DenseMap<StringAttr, model::ParameterOp> pruned; ///< weights that stay floats
  /// By activation and the block of its reader: one quantisation serves all contractions there.
  DenseMap<std::pair<Value, Block *>, quantized::QuantizeOp> quantizations;
  DenseMap<std::pair<Operation *, Block *>, SmallVector<Value>> gatheredCodes;
  llvm::SetVector<Operation *> unusedGathers;
  DenseMap<Operation *, Value> decodedActivations;
  DenseMap<std::pair<Value, Block *>, Value> roundedActivations;
};

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
  Value source = load(loc, parameter), kept;
  if (options.sparsity) {
    kept = select(source, id);
    source = prune(source, kept, pattern());
    result.parts.front()->setAttr(sparse::SparseDialect::kPatternName, pattern());
  }
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
  SmallVector<Value> made(quantize.getResults());
  const SmallVector<quantized::SchemePart> parts = scheme.getParts();
  for (size_t i = 1; i < made.size() && kept; ++i) {
    // Scales of groups that are dropped are not stored, either.
    if (auto by = patternOfGroups(parts[i], result.parts[i].getTensorType())) {
      made[i] = prune(made[i], kept, by);
      result.parts[i]->setAttr(sparse::SparseDialect::kPatternName, by);
    }
  }
  model::YieldOp::create(builder, loc, made);
  return coded[name] = result;
}

model::ParameterOp Compressor::pruneFloats(model::LoadOp weight, StringRef id) {
  StringAttr name = weight.getParameterAttr().getAttr();
  if (auto known = pruned.lookup(name)) {
    return known;
  }
  OpBuilder::InsertionGuard guard(builder);
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  Location loc = parameter.getLoc();
  builder.setInsertionPointAfter(parameter);
  auto result = declare(parameter, ".pruned", parameter.getTensorType());
  result->setAttr(sparse::SparseDialect::kPatternName, pattern());
  auto recipe =
      model::RecipeOp::create(builder, loc, (name.getValue() + ".prune").str(),
                              builder.getArrayAttr({FlatSymbolRefAttr::get(result.getSymNameAttr())}));
  symbols.insert(recipe, Block::iterator(recipe));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value source = load(loc, parameter);
  model::YieldOp::create(builder, loc, prune(source, select(source, id), pattern()));
  return pruned[name] = result;
}

sparse::PatternAttr Compressor::pattern() {
  return sparse::PatternAttr::get(module.getContext(), numerics::toString(*options.sparsity));
}

Value Compressor::select(Value weight, StringRef id) {
  StringAttr statistics = options.scoresByInputs && !id.empty() ? builder.getStringAttr(id) : StringAttr();
  return sparse::TopkSelectOp::create(builder, weight.getLoc(),
                                      sparse::keptType(pattern(), cast<RankedTensorType>(weight.getType())),
                                      weight, pattern(), statistics);
}

Value Compressor::prune(Value matrix, Value kept, sparse::PatternAttr by) {
  auto type = cast<RankedTensorType>(matrix.getType());
  Value values =
      sparse::CompressOp::create(builder, matrix.getLoc(), sparse::compactType(by, type), matrix, kept, by);
  return sparse::DecompressOp::create(builder, matrix.getLoc(), type, values, kept, by);
}

sparse::PatternAttr Compressor::patternOfGroups(const quantized::SchemePart &part, RankedTensorType type) {
  if (part.span != options.sparsity->block || options.sparsity->block == 1 || type.getRank() != 2 ||
      type.getDimSize(1) == 1) {
    return nullptr;
  }
  numerics::SparsePattern ofGroups = *options.sparsity;
  ofGroups.block = 1;
  return sparse::PatternAttr::get(module.getContext(), numerics::toString(ofGroups));
}

/// Whether zeros of a weight have the code 0 and mean zero, wherever a pattern may put them. Groups that are dropped as a whole
/// have it in every scheme of integers: their zero is 0, too.
static bool hasZeroCodes(quantized::SchemeAttr scheme, const numerics::SparsePattern &pattern) {
  if (!scheme.getFormat()) {
    return !scheme.isAsymmetric() || (scheme.getGroup() > 0 && pattern.block % scheme.getGroup() == 0);
  }
  const numerics::BlockFormat format = scheme.getBlockFormat();
  // An outlier changes the code of its neighbour.
  const bool isAlone = format.encoding.kind != numerics::EncodingKind::Pairs || pattern.block % 2 == 0;
  return isAlone && !format.minimums && format.zeroBits == 0 &&
         numerics::decodeMatrix(format, numerics::BlockComponents::make(format, 1, 1)).front() == 0;
}

static Status checkPattern(quantized::SchemeAttr scheme, const numerics::SparsePattern &pattern) {
  if (scheme.getFormat() && scheme.getBlockFormat().encoding.kind == numerics::EncodingKind::None) {
    return fail("sparsity makes new codes, and the format '" + scheme.getBlockFormat().name +
                "' of these has no encoder: choose a quantisation");
  }
  if (!hasZeroCodes(scheme, pattern)) {
    return fail("sparsity " + numerics::toString(pattern) +
                " needs codes of which 0 means zero: a symmetric scheme, or groups of columns that are "
                "dropped as a whole");
  }
  auto tile = layout::SparseTile::make(pattern, static_cast<unsigned>(scheme.getBits()));
  return tile ? Status() : forward(tile.error());
}

FailureOr<CodedWeight> Compressor::storageOf(WeightContraction contraction, quantized::SchemeAttr scheme) {
  StringAttr name = contraction.weight.getParameterAttr().getAttr();
  quantized::SchemeAttr kept = stored.schemeOf(name);
  if (options.sparsity && !scheme) {
    scheme = kept;
  } else if (kept && (!scheme || scheme == kept) && !options.sparsity) {
    return stored.keep(name);
  }
  if (!scheme) {
    return CodedWeight();
  }
  if (options.sparsity) {
    if (Status checked = checkPattern(scheme, *options.sparsity); !checked) {
      return contraction.op->emitError(checked.error().message);
    }
  }
  if (kept) {
    remark::passed(contraction.op->getLoc(), remarkOptions("RequantizedWeight"))
        << remark::metric("Op", idOf(contraction.op)) << remark::metric("Weight", name.str())
        << remark::reason("the checkpoint has codes already: those of other numbers are made");
  }
  return encode(contraction.weight, scheme, plan.statisticsOf(idOf(contraction.op)));
}

/// The rows of a matrix, in terms of sizes that are known without what computes it.
static OpFoldResult rowsOf(OpBuilder &builder, Location loc, Value matrix) {
  for (Value value = matrix; auto result = dyn_cast<OpResult>(value);) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(result.getOwner())) {
      return empty.getMixedSizes()[0];
    }
    auto style = dyn_cast<DestinationStyleOpInterface>(result.getOwner());
    if (!style) {
      break;
    }
    value = style.getTiedOpOperand(result)->get();
  }
  return tensor::getMixedSize(builder, loc, matrix, 0);
}

quantized::QuantizeOp Compressor::quantize(Value x, Operation *reader, Block *block, OpFoldResult rows) {
  quantized::QuantizeOp &known = quantizations[{x, block}];
  if (known) {
    return known;
  }
  Location loc = reader->getLoc();
  OpFoldResult columns = tensor::getMixedSize(builder, loc, x, 1);
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
  setDerivedId(known, reader, "quantize");
  return known;
}

SmallVector<Value> Compressor::codesOf(WeightContraction contraction) {
  Location loc = contraction.op->getLoc();
  Value x = contraction.activation;
  auto gather = x.getDefiningOp<model::GatherOp>();
  if (!gather || gather.getTable().getDefiningOp<model::LoadOp>()) {
    // The rows are those of the result, whose extents are known without the activation.
    return llvm::to_vector_of<Value>(
        quantize(x, contraction.op, contraction.op->getBlock(), rowsOf(builder, loc, contraction.destination))
            .getResults());
  }
  SmallVector<Value> &known = gatheredCodes[{gather, contraction.op->getBlock()}];
  if (known.empty()) {
    // Here and not at the gather: what quantises the table for other readers may come after that.
    Value table = gather.getTable();
    quantized::QuantizeOp codes =
        quantize(table, gather, contraction.op->getBlock(), rowsOf(builder, loc, table));
    Value rows = getValueOrCreateConstantIndexOp(builder, loc, rowsOf(builder, loc, gather.getInit()));
    for (auto [index, part] : llvm::enumerate(codes.getResults())) {
      known.push_back(
          gatherRows(gather, part,
                     cast<RankedTensorType>(x.getType()).isDynamicDim(0) ? ValueRange(rows) : ValueRange()));
      setDerivedId(known.back().getDefiningOp(), gather, index == 0 ? "codes" : "scales");
    }
  }
  return known;
}

/// The activation after its quantisation, in f32.
Value Compressor::decodedActivation(WeightContraction contraction) {
  SmallVector<Value> codes = codesOf(contraction);
  Value &known = decodedActivations[codes.front().getDefiningOp()];
  if (!known) {
    Location loc = contraction.op->getLoc();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, codes.front());
    sizes.front() = rowsOf(builder, loc, codes.front());
    Value init = tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type());
    auto decoded = quantized::DequantizeOp::create(builder, loc, codes, init, plan.activation(), Value());
    setDerivedId(decoded, contraction.op, "dequantize");
    known = decoded.getResult();
  }
  return known;
}

/// A float activation in bf16.
Value Compressor::roundedActivation(Value x, WeightContraction contraction) {
  Value &known = roundedActivations[{x, contraction.op->getBlock()}];
  if (!known) {
    Location loc = contraction.op->getLoc();
    Type bf16 = builder.getBF16Type();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, x);
    sizes.front() = rowsOf(builder, loc, x);
    Value init = tensor::EmptyOp::create(builder, loc, sizes, bf16);
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
  FailureOr<CodedWeight> storage = storageOf(contraction, said.weight);
  if (failed(storage)) {
    return failure();
  }
  const CodedWeight &weight = *storage;
  if (!weight.scheme) {
    if (options.sparsity) {
      builder.setInsertionPoint(op);
      model::ParameterOp parameter = pruneFloats(contraction.weight, idOf(op));
      op->replaceUsesOfWith(contraction.weight, load(op->getLoc(), parameter));
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
    inputs.push_back(decodedActivation(contraction));
    activation = nullptr;
  } else if (activation) {
    llvm::append_range(inputs, codesOf(contraction));
    scaleAt = scheme.getGroup() == 0 || scheme.isTwoLevel() ? quantized::ScaleAt::Output
                                                            : quantized::ScaleAt::Group;
  } else {
    inputs.push_back(contraction.activation);
  }
  if (!activation && options.roundActivations) {
    inputs.front() = roundedActivation(inputs.front(), contraction);
  }
  for (model::ParameterOp part : weight.parts) {
    inputs.push_back(load(loc, part));
  }
  Operation *contract = createContract(contraction, inputs, activation, scheme, scaleAt);
  auto type = cast<RankedTensorType>(contraction.weight.getType());
  remark::passed(loc, remarkOptions("CodedContraction"))
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

/// The rows of one part that `gather` names.
Value Compressor::gatherRows(model::GatherOp gather, Value source, ValueRange dynamicRows) {
  Location loc = gather.getLoc();
  auto table = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> shape(table.getShape());
  shape[0] = cast<RankedTensorType>(gather.getInit().getType()).getDimSize(0);
  Value init = tensor::EmptyOp::create(builder, loc, shape, table.getElementType(), dynamicRows);
  Value ids = gather.getIds();
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
    Value gathered = gatherRows(gather, load(loc, parameter), dynamic);
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
      << remark::metric("Op", idOf(gather))
      << remark::metric("Rows", cast<ShapedType>(gather.getTable().getType()).getDimSize(0));
  gather->getResult(0).replaceAllUsesWith(decoded.getResult());
  gather.erase();
}

LogicalResult Compressor::run() {
  for (auto entry : module.getOps<model::EntryOp>()) {
    SmallVector<Operation *> contractions;
    entry.walk([&](Operation *op) {
      std::string reason;
      if (matchWeightContraction(op, reason)) {
        contractions.push_back(op);
      } else if (!reason.empty()) {
        remark::missed(op->getLoc(), remarkOptions("FloatContraction"))
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
  if (options.sparsity && coded.empty() && pruned.empty()) {
    return module.emitError(
        "sparsity is for weights of contractions, y[m, n] = sum over k of x[m, k] w[n, k]: there are none");
  }
  for (Operation *gather : unusedGathers) {
    gather->erase();
  }
  for (auto entry : module.getOps<model::EntryOp>()) {
    SmallVector<std::pair<model::GatherOp, CodedWeight>> gathers;
    SmallVector<model::LoadOp> loads;
    entry.walk([&](model::LoadOp weight) {
      loads.push_back(weight);
      StringAttr name = weight.getParameterAttr().getAttr();
      auto it = coded.find(name);
      model::ParameterOp kept = pruned.lookup(name);
      if (it == coded.end() && !kept && !stored.schemeOf(name)) {
        return;
      }
      for (OpOperand &use : llvm::make_early_inc_range(weight->getUses())) {
        auto gather = dyn_cast<model::GatherOp>(use.getOwner());
        if (gather && use.getOperandNumber() == 0 && kept) {
          builder.setInsertionPoint(gather);
          use.set(load(gather.getLoc(), kept));
        } else if (gather && use.getOperandNumber() == 0) {
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
  return success();
}

LogicalResult coopt::compress(ModuleOp module, const CompressOptions &options) {
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
