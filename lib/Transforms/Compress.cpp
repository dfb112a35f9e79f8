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

/// The parameters that stand for a float weight.
struct CodedWeight {
  model::ParameterOp codes, scales;
};

class Compressor {
public:
  Compressor(ModuleOp module, quantized::SchemeAttr scheme)
      : module(module), symbols(module), builder(module.getContext()), scheme(scheme) {}
  void run();

private:
  CodedWeight encode(model::LoadOp weight);
  void rewrite(WeightContraction contraction);
  quantized::QuantizeOp quantize(WeightContraction contraction);
  void rewrite(model::GatherOp gather, const CodedWeight &coded);
  model::ParameterOp declare(model::ParameterOp like, StringRef suffix, RankedTensorType type);
  Value load(Location loc, model::ParameterOp parameter);

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  quantized::SchemeAttr scheme;
  DenseMap<StringAttr, CodedWeight> coded;
  /// By activation and the block of its reader: one quantisation serves all contractions there.
  DenseMap<std::pair<Value, Block *>, quantized::QuantizeOp> quantizations;
};

std::string getId(Operation *op) {
  auto id = op->getAttrOfType<StringAttr>(kIdName);
  return id ? id.str() : std::string();
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

CodedWeight Compressor::encode(model::LoadOp weight) {
  StringAttr name = weight.getParameterAttr().getAttr();
  if (auto it = coded.find(name); it != coded.end()) {
    return it->second;
  }
  OpBuilder::InsertionGuard guard(builder);
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  Location loc = parameter.getLoc();
  RankedTensorType type = parameter.getTensorType();
  auto codesType = RankedTensorType::get(type.getShape(), scheme.getCodeType());
  auto scalesType = RankedTensorType::get({type.getDimSize(0)}, scheme.getScale());
  builder.setInsertionPointAfter(parameter);
  CodedWeight result{declare(parameter, ".codes", codesType), declare(parameter, ".scales", scalesType)};

  auto defines = builder.getArrayAttr({FlatSymbolRefAttr::get(result.codes.getSymNameAttr()),
                                       FlatSymbolRefAttr::get(result.scales.getSymNameAttr())});
  auto recipe = model::RecipeOp::create(builder, loc, (name.getValue() + ".quantize").str(), defines);
  symbols.insert(recipe, Block::iterator(recipe));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value source = load(loc, parameter);
  Value codesInit = tensor::EmptyOp::create(builder, loc, codesType.getShape(), codesType.getElementType());
  Value scalesInit =
      tensor::EmptyOp::create(builder, loc, scalesType.getShape(), scalesType.getElementType());
  auto quantize =
      quantized::QuantizeOp::create(builder, loc, source, ValueRange{codesInit, scalesInit}, scheme);
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
  Value codes = create({rows, columns}, type.getShape(), scheme.getCodeType());
  Value scales = create({rows}, type.getShape().take_front(), scheme.getScale());
  known = quantized::QuantizeOp::create(builder, loc, x, ValueRange{codes, scales}, scheme);
  setDerivedId(known, contraction.op, "quantize");
  return known;
}

void Compressor::rewrite(WeightContraction contraction) {
  linalg::LinalgOp op = contraction.op;
  CodedWeight weight = encode(contraction.weight);
  builder.setInsertionPoint(op);
  quantized::QuantizeOp activation = quantize(contraction);
  Location loc = op.getLoc();
  Value codes = load(loc, weight.codes), scales = load(loc, weight.scales);
  SmallVector<Value> inputs = {activation.getResult(0), activation.getResult(1), codes, scales};
  auto contract =
      quantized::ContractOp::create(builder, loc, op->getResult(0).getType(), inputs, contraction.destination,
                                    scheme, scheme, quantized::ScaleAt::Output);
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

/// Rows of a quantised table: their codes, their scales, and what these stand for.
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
  Value ids = gather.getIds();
  Value codesInit = tensor::EmptyOp::create(builder, loc, type.getShape(), scheme.getCodeType(), dynamic);
  auto codes =
      model::GatherOp::create(builder, loc, codesInit.getType(), load(loc, weight.codes), ids, codesInit);
  codes->setDiscardableAttrs(gather->getDiscardableAttrDictionary());

  Value table = load(loc, weight.scales);
  Value scalesInit =
      tensor::EmptyOp::create(builder, loc, type.getShape().take_front(), scheme.getScale(), dynamic);
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(1));
  auto scales = linalg::GenericOp::create(
      builder, loc, scalesInit.getType(), ids, scalesInit, maps, utils::IteratorType::parallel,
      [&](OpBuilder &nested, Location at, ValueRange args) {
        Value row = arith::IndexCastOp::create(nested, at, nested.getIndexType(), args[0]);
        Value scale = tensor::ExtractOp::create(nested, at, table, row);
        linalg::YieldOp::create(nested, at, scale);
      });
  setDerivedId(scales, gather, "scales");

  auto decoded = quantized::DequantizeOp::create(builder, loc, codes->getResult(0), scales.getResult(0),
                                                 Value(), gather.getInit(), scheme, Value());
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

LogicalResult coopt::compress(ModuleOp module, const CompressOptions &options) {
  if (!options.scheme) {
    return success();
  }
  const numerics::QuantizationScheme &scheme = *options.scheme;
  if (scheme.weightBits != 8 || scheme.activationBits != 8 || scheme.groupSize != 0 || !scheme.symmetric ||
      scheme.twoLevel || (scheme.headBits != 0 && scheme.headBits != 8)) {
    return module.emitError("quantisation '")
           << numerics::toString(scheme) << "' is not supported: expected f32 or w8a8";
  }
  MLIRContext *context = module.getContext();
  context->loadDialect<quantized::QuantizedDialect, arith::ArithDialect, tensor::TensorDialect>();
  Compressor(module, quantized::SchemeAttr::get(context, 8, 0, quantized::Symmetry::Symmetric,
                                                Float32Type::get(context)))
      .run();
  return success();
}
