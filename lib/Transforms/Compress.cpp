#include "coopt/Transforms/Compress.h"

#include "CompressMatch.h"

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
/// The id that importers give the output head.
constexpr StringRef kHeadId = "lm_head";

/// What a quantisation name comes to.
struct SchemePlan {
  quantized::SchemeAttr weight;
  quantized::SchemeAttr head;       ///< null: the head stays float
  quantized::SchemeAttr activation; ///< null: activations stay float

  quantized::SchemeAttr schemeFor(StringRef id) const { return id == kHeadId ? head : weight; }
};

/// How one weight is stored.
struct CodedWeight {
  quantized::SchemeAttr scheme;
  /// The parts of the scheme: codes, scales, zeros, outer scales.
  SmallVector<model::ParameterOp> parts;
};

class Compressor {
public:
  Compressor(ModuleOp module, const SchemePlan &plan)
      : module(module), symbols(module), builder(module.getContext()), plan(plan) {}
  void run();

private:
  CodedWeight encode(model::LoadOp weight, quantized::SchemeAttr scheme);
  void rewrite(WeightContraction contraction);
  quantized::QuantizeOp quantize(WeightContraction contraction);
  void rewrite(model::GatherOp gather, const CodedWeight &coded);
  model::ParameterOp declare(model::ParameterOp like, StringRef suffix, RankedTensorType type);
  Value load(Location loc, model::ParameterOp parameter);
  Value gatherRows(model::GatherOp gather, model::ParameterOp part, ValueRange dynamicRows);

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  SchemePlan plan;
  DenseMap<StringAttr, CodedWeight> coded;
  /// By activation and the block of its reader: one quantisation serves all contractions there.
  DenseMap<std::pair<Value, Block *>, quantized::QuantizeOp> quantizations;
};

std::string getId(Operation *op) {
  auto id = op->getAttrOfType<StringAttr>(kIdName);
  return id ? id.str() : std::string();
}

/// The types of a scheme's parts for a matrix of this type, and the suffixes of their names.
SmallVector<std::pair<StringRef, RankedTensorType>> partsOf(quantized::SchemeAttr scheme,
                                                            RankedTensorType type) {
  SmallVector<int64_t> perRow = {type.getDimSize(0)}, perGroup = perRow;
  if (scheme.getGroup() != 0) {
    perGroup.push_back(scheme.getGroups(type.getDimSize(1)));
  }
  SmallVector<std::pair<StringRef, RankedTensorType>> parts = {
      {".codes", RankedTensorType::get(type.getShape(), scheme.getCodeType())},
      {".scales", RankedTensorType::get(perGroup, scheme.getScale())}};
  if (scheme.isAsymmetric()) {
    parts.push_back({".zeros", RankedTensorType::get(perGroup, IntegerType::get(type.getContext(), 8))});
  }
  if (scheme.isTwoLevel()) {
    parts.push_back({".outer", RankedTensorType::get(perRow, scheme.getOuter())});
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

CodedWeight Compressor::encode(model::LoadOp weight, quantized::SchemeAttr scheme) {
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
  model::YieldOp::create(builder, loc, quantize.getResults());
  return coded[name] = result;
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
  quantized::SchemeAttr scheme = plan.activation;
  Value codes = create({rows, columns}, type.getShape(), scheme.getCodeType());
  Value scales = create({rows}, type.getShape().take_front(), scheme.getScale());
  known = quantized::QuantizeOp::create(builder, loc, x, ValueRange{codes, scales}, scheme);
  setDerivedId(known, contraction.op, "quantize");
  return known;
}

void Compressor::rewrite(WeightContraction contraction) {
  linalg::LinalgOp op = contraction.op;
  quantized::SchemeAttr scheme = plan.schemeFor(getId(op));
  if (!scheme) {
    return;
  }
  CodedWeight weight = encode(contraction.weight, scheme);
  scheme = weight.scheme;
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<Value> inputs;
  auto scaleAt = quantized::ScaleAt::Element;
  if (plan.activation) {
    llvm::append_range(inputs, quantize(contraction).getResults());
    scaleAt = scheme.getGroup() == 0 || scheme.isTwoLevel() ? quantized::ScaleAt::Output
                                                            : quantized::ScaleAt::Group;
  } else {
    inputs.push_back(contraction.activation);
  }
  for (model::ParameterOp part : weight.parts) {
    inputs.push_back(load(loc, part));
  }
  auto contract = quantized::ContractOp::create(builder, loc, op->getResult(0).getType(), inputs,
                                                contraction.destination, plan.activation, scheme, scaleAt);
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
  constexpr StringRef names[] = {"codes", "scales", "zeros", "outer"};
  SmallVector<Value> parts;
  for (auto [index, part] : llvm::enumerate(weight.parts)) {
    bool isOuter = weight.scheme.isTwoLevel() && index + 1 == weight.parts.size();
    Value gathered = gatherRows(gather, part, dynamic);
    if (index == 0) {
      gathered.getDefiningOp()->setDiscardableAttrs(gather->getDiscardableAttrDictionary());
    } else {
      setDerivedId(gathered.getDefiningOp(), gather, isOuter ? names[3] : names[index]);
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
      auto it = coded.find(weight.getParameterAttr().getAttr());
      if (it == coded.end()) {
        return;
      }
      for (OpOperand &use : weight->getUses()) {
        auto gather = dyn_cast<model::GatherOp>(use.getOwner());
        if (gather && use.getOperandNumber() == 0) {
          gathers.push_back({gather, it->second});
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
}

/// The scheme attribute for integers in groups.
static quantized::SchemeAttr schemeOf(MLIRContext *context, const numerics::IntegerGroupFormat &format) {
  Type f32 = Float32Type::get(context), f16 = Float16Type::get(context);
  return quantized::SchemeAttr::get(context, format.bits, format.groupSize,
                                    format.symmetric ? quantized::Symmetry::Symmetric
                                                     : quantized::Symmetry::Asymmetric,
                                    format.scaleType == numerics::ScaleType::F16 ? f16 : f32);
}

LogicalResult coopt::compress(ModuleOp module, const CompressOptions &options) {
  if (!options.scheme) {
    return success();
  }
  const numerics::QuantizationScheme &scheme = *options.scheme;
  auto refuse = [&](StringRef reason) {
    return module.emitError("quantisation '")
           << numerics::toString(scheme) << "' is not supported: " << reason;
  };
  if (scheme.weightBits < 2) {
    return refuse("expected weights of 2 to 8 bits");
  }
  if (scheme.twoLevel && (scheme.weightBits != 4 || scheme.activationBits != 8)) {
    return refuse("two levels of scales are those of w4a8-qoq");
  }
  MLIRContext *context = module.getContext();
  context->loadDialect<quantized::QuantizedDialect, arith::ArithDialect, tensor::TensorDialect>();
  SchemePlan plan;
  if (scheme.activationBits == 8) {
    plan.activation = schemeOf(context, numerics::kDynamicInt8);
  }
  plan.weight = schemeOf(context, scheme.weightFormat());
  if (scheme.twoLevel) {
    plan.weight =
        quantized::SchemeAttr::get(context, 4, scheme.twoLevelGroupSize(), quantized::Symmetry::Asymmetric,
                                   IntegerType::get(context, 8), Float32Type::get(context));
  }
  plan.head = plan.weight;
  if (!scheme.headIsQuantized()) {
    plan.head = nullptr;
  } else if (scheme.twoLevel) {
    // The head, of which small models feel every bit, has 8 bits and one scale per row unless 4 are asked for.
    plan.head =
        scheme.headBits == 4 ? plan.weight : schemeOf(context, {8, 0, true, numerics::ScaleType::F32});
  } else if (scheme.headBits != 0) {
    plan.head = schemeOf(context, scheme.headFormat());
  }
  Compressor(module, plan).run();
  return success();
}
