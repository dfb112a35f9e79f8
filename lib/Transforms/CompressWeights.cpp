#include "CompressWeights.h"

#include "coopt/Numerics/BlockFormat.h"
#include "dialects/Model/IR/OpId.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace coopt;
using model::idOf;

remark::RemarkOpts coopt::compressRemark(StringRef name) {
  return remark::RemarkOpts::name(name).category("compress");
}

Value coopt::loadParameter(OpBuilder &builder, Location loc, model::ParameterOp parameter) {
  return model::LoadOp::create(builder, loc, parameter.getTensorType(),
                               FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
}

model::ParameterOp WeightCoder::declare(model::ParameterOp like, StringRef suffix, RankedTensorType type) {
  auto parameter =
      model::ParameterOp::create(builder, like.getLoc(), (like.getSymName() + suffix).str(), type,
                                 /*origin=*/Attribute());
  symbols.insert(parameter, Block::iterator(parameter));
  return parameter;
}

void WeightCoder::startRecipe(Location loc, const Twine &name, ArrayRef<model::ParameterOp> parameters) {
  auto defines = llvm::map_to_vector(parameters, [](model::ParameterOp parameter) -> Attribute {
    return FlatSymbolRefAttr::get(parameter.getSymNameAttr());
  });
  auto recipe = model::RecipeOp::create(builder, loc, name.str(), builder.getArrayAttr(defines));
  symbols.insert(recipe, Block::iterator(recipe));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
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

CodedWeight WeightCoder::encode(model::LoadOp weight, quantized::SchemeAttr scheme, StringRef id) {
  StringAttr name = weight.getParameterAttr().getAttr();
  if (auto it = coded.find(name); it != coded.end()) {
    return it->second;
  }
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  Location loc = parameter.getLoc();
  builder.setInsertionPointAfter(parameter);
  CodedWeight result{scheme, {}};
  for (auto [suffix, type] : partsOf(scheme, parameter.getTensorType())) {
    result.parts.push_back(declare(parameter, suffix, type));
  }
  startRecipe(loc, name.getValue() + ".quantize", result.parts);
  Value source = loadParameter(builder, loc, parameter), kept;
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

model::ParameterOp WeightCoder::pruneFloats(model::LoadOp weight, StringRef id) {
  StringAttr name = weight.getParameterAttr().getAttr();
  if (auto known = pruned.lookup(name)) {
    return known;
  }
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  Location loc = parameter.getLoc();
  builder.setInsertionPointAfter(parameter);
  auto result = declare(parameter, ".pruned", parameter.getTensorType());
  result->setAttr(sparse::SparseDialect::kPatternName, pattern());
  startRecipe(loc, name.getValue() + ".prune", result);
  Value source = loadParameter(builder, loc, parameter);
  model::YieldOp::create(builder, loc, prune(source, select(source, id), pattern()));
  return pruned[name] = result;
}

sparse::PatternAttr WeightCoder::pattern() {
  return sparse::PatternAttr::get(module.getContext(), numerics::toString(*options.sparsity));
}

Value WeightCoder::select(Value weight, StringRef id) {
  StringAttr statistics = options.scoresByInputs && !id.empty() ? builder.getStringAttr(id) : StringAttr();
  return sparse::TopkSelectOp::create(builder, weight.getLoc(),
                                      sparse::keptType(pattern(), cast<RankedTensorType>(weight.getType())),
                                      weight, pattern(), statistics);
}

Value WeightCoder::prune(Value matrix, Value kept, sparse::PatternAttr by) {
  auto type = cast<RankedTensorType>(matrix.getType());
  Value values =
      sparse::CompressOp::create(builder, matrix.getLoc(), sparse::compactType(by, type), matrix, kept, by);
  return sparse::DecompressOp::create(builder, matrix.getLoc(), type, values, kept, by);
}

sparse::PatternAttr WeightCoder::patternOfGroups(const quantized::SchemePart &part, RankedTensorType type) {
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

FailureOr<CodedWeight> WeightCoder::storageOf(WeightContraction contraction, quantized::SchemeAttr scheme) {
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
    remark::passed(contraction.op->getLoc(), compressRemark("RequantizedWeight"))
        << remark::metric("Op", idOf(contraction.op)) << remark::metric("Weight", name.str())
        << remark::reason("the checkpoint has codes already: those of other numbers are made");
  }
  return encode(contraction.weight, scheme, plan.statisticsOf(idOf(contraction.op)));
}

bool WeightCoder::hasCodes(StringAttr weight) const {
  return coded.contains(weight) || stored.schemeOf(weight);
}

CodedWeight WeightCoder::codesOf(StringAttr weight) {
  auto known = coded.find(weight);
  return known != coded.end() ? known->second : stored.keep(weight);
}
