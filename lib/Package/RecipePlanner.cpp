#include "RecipePlanner.h"

#include "CalibratedNodes.h"
#include "PlanStored.h"
#include "SparseNodes.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Sparse/IR/Sparse.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace coopt;
using namespace coopt::package::recipe;

namespace {

/// Recipes that build on recipes, one inside the planning of the other.
constexpr unsigned kMaximalNesting = 64;

class Planner {
public:
  Planner(ModuleOp module, const std::string &root, unsigned threads) : root(root), threads(threads) {
    if (auto file = module->getAttrOfType<StringAttr>("model.calibration")) {
      calibrationFile = file.str();
    }
    for (auto parameter : module.getOps<model::ParameterOp>()) {
      parameters.insert({parameter.getSymName(), parameter});
    }
    for (auto recipe : module.getOps<model::RecipeOp>()) {
      for (auto [index, symbol] : llvm::enumerate(recipe.getDefines().getAsRange<FlatSymbolRefAttr>())) {
        recipes.insert({symbol.getValue(), {recipe, static_cast<unsigned>(index)}});
      }
    }
  }

  Expected<ParameterNodes> run();

private:
  Expected<NodeRef> planParameter(StringRef name);
  Expected<NodeRef> planOrigin(model::ParameterOp parameter);
  Expected<NodeRef> planSource(model::SourceAttr source, RankedTensorType type);
  Status planRecipe(model::RecipeOp recipe);
  Status planOp(Operation *op);
  Status planQuantize(quantized::QuantizeOp op);
  Status planCalibrated(quantized::QuantizeOp op, const NodeRef &input,
                        const calibration::WeightFormat &format, ArrayRef<QuantizedPart> parts);
  Expected<NodeRef> planChannelScales(quantized::ChannelScalesOp op);
  Expected<NodeRef> planRescale(quantized::RescaleOp op);
  Expected<NodeRef> planTopkSelect(sparse::TopkSelectOp op);
  Expected<NodeRef> planForm(Value from, Value kept, sparse::PatternAttr pattern, RankedTensorType matrix,
                             bool compresses);
  /// The module's statistics, opened once.
  Expected<CalibrationRef> openCalibration();
  Expected<NodeRef> planConstant(arith::ConstantOp op);
  Expected<NodeRef> planSlice(tensor::ExtractSliceOp op);
  Expected<NodeRef> planPack(model::PackOp op);
  Expected<NodeRef> planGather(model::GatherOp op);
  Expected<std::shared_ptr<const MappedFile>> open(StringRef file);

  std::string root, calibrationFile;
  unsigned threads;
  CalibrationRef calibrationContext;
  /// What the columns of a matrix were multiplied with.
  std::map<NodeRef, NodeRef> columnFactors;
  llvm::StringMap<model::ParameterOp> parameters;
  llvm::StringMap<std::pair<model::RecipeOp, unsigned>> recipes;
  llvm::StringMap<std::shared_ptr<const MappedFile>> files;
  ParameterNodes done;
  llvm::DenseSet<Operation *> active;
  DenseMap<Value, NodeRef> values;
};

Expected<TensorShape> shapeOf(RankedTensorType type) {
  Type element = type.getElementType();
  if (!type.hasStaticShape() || !element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return fail("expected a static tensor of whole bytes an element, got " + text);
  }
  return TensorShape{std::vector<int64_t>(type.getShape().begin(), type.getShape().end()),
                     element.getIntOrFloatBitWidth() / 8};
}

std::string nameOf(Operation *op) { return op->getName().getStringRef().str(); }

} // namespace

Expected<std::shared_ptr<const MappedFile>> Planner::open(StringRef file) {
  auto it = files.find(file);
  if (it != files.end()) {
    return it->second;
  }
  Expected<MappedFile> opened = MappedFile::openInside(root, file.str());
  if (!opened) {
    return forward(opened.error());
  }
  auto shared = std::make_shared<const MappedFile>(std::move(*opened));
  files.insert({file, shared});
  return shared;
}

Expected<NodeRef> Planner::planSource(model::SourceAttr source, RankedTensorType type) {
  Expected<TensorShape> shape = shapeOf(type);
  if (!shape) {
    return forward(shape.error());
  }
  Type stored = source.getType().getElementType();
  Widening widening = Widening::None;
  if (stored != type.getElementType()) {
    if (!type.getElementType().isF32() || !(stored.isBF16() || stored.isF16())) {
      return fail("expected stored elements of the parameter's type, or bf16 or f16 for f32");
    }
    widening = stored.isBF16() ? Widening::BFloat16 : Widening::Half;
  }
  auto file = open(source.getFile());
  if (!file) {
    return forward(file.error());
  }
  return makeFileNode(*file, static_cast<uint64_t>(source.getOffset()), *shape, widening);
}

Expected<NodeRef> Planner::planOrigin(model::ParameterOp parameter) {
  RankedTensorType type = parameter.getTensorType();
  Attribute origin = parameter.getOriginAttr();
  if (auto source = dyn_cast<model::SourceAttr>(origin)) {
    return planSource(source, type);
  }
  if (auto noise = dyn_cast<model::NoiseAttr>(origin)) {
    Type element = type.getElementType();
    std::vector<int64_t> extents(type.getShape().begin(), type.getShape().end());
    if (!(element.isF32() || element.isF64() || element.isF16() || element.isBF16())) {
      return fail("expected f16, bf16, f32 or f64 elements for noise");
    }
    NoiseType noiseType = element.isF32()   ? NoiseType::F32
                          : element.isF64() ? NoiseType::F64
                          : element.isF16() ? NoiseType::F16
                                            : NoiseType::BF16;
    float scale = static_cast<float>(noise.getScale().getValueAsDouble());
    return makeNoiseNode(noise.getSeed(), scale, std::move(extents), noiseType);
  }
  if (auto rotary = dyn_cast<model::RotaryAttr>(origin)) {
    auto values = rotary.getFrequencies().getValues<float>();
    std::vector<float> frequencies(values.begin(), values.end());
    if (type.getRank() != 2 || !type.getElementType().isF32() ||
        type.getDimSize(1) != static_cast<int64_t>(frequencies.size())) {
      return fail("expected a matrix of f32 with " + std::to_string(frequencies.size()) + " columns");
    }
    return makeRotaryNode(rotary.getFunction() == "sin", std::move(frequencies), type.getDimSize(0));
  }
  return fail("unknown origin");
}

Expected<NodeRef> Planner::planParameter(StringRef name) {
  if (auto it = done.find(name.str()); it != done.end() && it->second) {
    return it->second;
  }
  model::ParameterOp parameter = parameters.lookup(name);
  if (!parameter) {
    return fail("no parameter '" + name.str() + "'");
  }
  if (parameter.getOriginAttr()) {
    Expected<NodeRef> node = planOrigin(parameter);
    if (!node) {
      return forward(node.error(), "parameter '" + name.str() + "'");
    }
    return done[name.str()] = *node;
  }
  auto it = recipes.find(name);
  if (it == recipes.end()) {
    return fail("parameter '" + name.str() + "' has no origin and no recipe defines it");
  }
  auto [recipe, index] = it->second;
  std::string place = "recipe '" + recipe.getSymName().str() + "'";
  if (active.contains(recipe)) {
    return fail(place + ": needs a parameter that it defines, '" + name.str() + "'");
  }
  if (active.size() >= kMaximalNesting) {
    return fail(place + ": expected at most " + std::to_string(kMaximalNesting) +
                " recipes that need each other");
  }
  active.insert(recipe);
  Status planned = planRecipe(recipe);
  active.erase(recipe);
  if (!planned) {
    return forward(planned.error(), place);
  }
  return done[name.str()];
}

Status Planner::planRecipe(model::RecipeOp recipe) {
  for (Operation &op : recipe.getBody().front().without_terminator()) {
    if (Status planned = planOp(&op); !planned) {
      return planned;
    }
  }
  Operation *yield = recipe.getBody().front().getTerminator();
  for (auto [symbol, value] :
       llvm::zip_equal(recipe.getDefines().getAsRange<FlatSymbolRefAttr>(), yield->getOperands())) {
    NodeRef node = values.lookup(value);
    if (!node) {
      return fail("the value for '" + symbol.getValue().str() + "' is not initialised");
    }
    done[symbol.getValue().str()] = node;
  }
  return {};
}

static numerics::IntegerGroupFormat integersOf(quantized::SchemeAttr scheme) {
  numerics::IntegerGroupFormat format{
      static_cast<int>(scheme.getBits()), scheme.getGroup(), !scheme.isAsymmetric(),
      scheme.getScale().isF16() ? numerics::ScaleType::F16 : numerics::ScaleType::F32};
  return format;
}

Status Planner::planQuantize(quantized::QuantizeOp op) {
  NodeRef input = values.lookup(op.getInput());
  if (!input) {
    return fail("quantized.quantize of a value that is not initialised");
  }
  quantized::SchemeAttr scheme = op.getScheme();
  if (scheme.getFormat()) {
    Expected<std::vector<NodeRef>> nodes = makeFormatNodes(input, scheme.getBlockFormat());
    if (!nodes) {
      return forward(nodes.error(), nameOf(op));
    }
    for (auto [result, node] : llvm::zip_equal(op->getResults(), *nodes)) {
      values[result] = node;
    }
    return {};
  }
  numerics::IntegerGroupFormat format = integersOf(scheme);
  SmallVector<QuantizedPart> parts = {QuantizedPart::Codes, QuantizedPart::Scales};
  if (scheme.isAsymmetric()) {
    parts.push_back(QuantizedPart::Zeros);
  }
  if (scheme.isTwoLevel()) {
    if (scheme.getBits() != 4 || !scheme.isAsymmetric()) {
      return fail("quantized.quantize in two levels is for asymmetric codes of 4 bits");
    }
    parts.push_back(QuantizedPart::OuterScales);
  }
  if (op.getRounding()) {
    return planCalibrated(op, input, {format, scheme.isTwoLevel()}, parts);
  }
  for (OpResult result : op->getResults()) {
    QuantizedPart part = parts[result.getResultNumber()];
    Expected<NodeRef> node = scheme.isTwoLevel() ? makeTwoLevelNode(input, scheme.getGroup(), part)
                                                 : makeQuantizeNode(input, format, part);
    if (!node) {
      return forward(node.error(), nameOf(op));
    }
    values[result] = *node;
  }
  return {};
}

Expected<CalibrationRef> Planner::openCalibration() {
  if (calibrationContext) {
    return calibrationContext;
  }
  if (calibrationFile.empty()) {
    return fail("needs statistics, and the module has no 'model.calibration'");
  }
  auto file = import::CalibrationFile::open(calibrationFile);
  if (!file) {
    return forward(file.error());
  }
  return calibrationContext = std::make_shared<CalibrationContext>(std::move(*file), threads);
}

Status Planner::planCalibrated(quantized::QuantizeOp op, const NodeRef &input,
                               const calibration::WeightFormat &format, ArrayRef<QuantizedPart> parts) {
  auto context = openCalibration();
  if (!context) {
    return forward(context.error(), nameOf(op));
  }
  quantized::RoundingAttr method = *op.getRounding();
  CalibratedRounding rounding{
      format, {method.searchesRanges(), method.feedsBack()}, method.getStatistics().str(), nullptr};
  if (auto scaled = columnFactors.find(input); scaled != columnFactors.end()) {
    rounding.columnFactors = scaled->second;
  }
  auto nodes = makeCalibratedNodes(input, std::move(rounding), parts.vec(), *context);
  if (!nodes) {
    return forward(nodes.error(), nameOf(op));
  }
  for (auto [result, node] : llvm::zip_equal(op->getResults(), *nodes)) {
    values[result] = node;
  }
  return {};
}

Expected<NodeRef> Planner::planChannelScales(quantized::ChannelScalesOp op) {
  auto context = openCalibration();
  if (!context) {
    return forward(context.error());
  }
  std::vector<NodeRef> weights;
  for (Value weight : op.getWeights()) {
    weights.push_back(values.lookup(weight));
    if (!weights.back()) {
      return fail("of a value that is not initialised");
    }
  }
  quantized::SchemeAttr scheme = op.getScheme();
  return makeChannelScalesNode(std::move(weights), {integersOf(scheme), scheme.isTwoLevel()},
                               op.getStatistics().str(), op.getClip(), *context);
}

Expected<NodeRef> Planner::planRescale(quantized::RescaleOp op) {
  NodeRef input = values.lookup(op.getInput()), factors = values.lookup(op.getFactors());
  if (!input || !factors) {
    return fail("of a value that is not initialised");
  }
  auto node = makeRescaleNode(input, factors, op.getDimension(), op.getDivide());
  if (!node) {
    return node;
  }
  if (op.getDimension() == 1 && !op.getDivide()) {
    columnFactors[*node] = factors;
  } else if (auto before = columnFactors.find(input);
             before != columnFactors.end() && op.getDimension() == 0) {
    columnFactors[*node] = before->second; // rows say nothing about inputs
  }
  return node;
}

Expected<NodeRef> Planner::planTopkSelect(sparse::TopkSelectOp op) {
  NodeRef scores = values.lookup(op.getScores());
  if (!scores) {
    return fail("of a value that is not initialised");
  }
  std::vector<float> factors;
  if (op.getStatistics()) {
    auto context = openCalibration();
    if (!context) {
      return forward(context.error());
    }
    auto squares = (*context)->file.meanSquares(op.getStatistics()->str(), scores->shape().extents[1]);
    if (!squares) {
      return forward(squares.error());
    }
    for (double square : *squares) {
      factors.push_back(static_cast<float>(std::sqrt(square)));
    }
  }
  return makeKeptNode(scores, op.getPattern().getPattern(), std::move(factors));
}

Expected<NodeRef> Planner::planForm(Value from, Value kept, sparse::PatternAttr pattern,
                                    RankedTensorType matrix, bool compresses) {
  NodeRef input = values.lookup(from), bits = values.lookup(kept);
  if (!input || !bits) {
    return fail("of a value that is not initialised");
  }
  return compresses ? makeCompressNode(input, bits, pattern.getPattern())
                    : makeDecompressNode(input, bits, pattern.getPattern(), matrix.getDimSize(1));
}

Expected<NodeRef> Planner::planConstant(arith::ConstantOp op) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense) {
    return fail("expected a dense tensor");
  }
  Expected<TensorShape> shape = shapeOf(cast<RankedTensorType>(dense.getType()));
  if (!shape) {
    return forward(shape.error());
  }
  ArrayRef<char> raw = dense.getRawData();
  return makeConstantNode(std::vector<uint8_t>(raw.begin(), raw.end()), *shape);
}

Expected<NodeRef> Planner::planSlice(tensor::ExtractSliceOp op) {
  NodeRef source = values.lookup(op.getSource());
  auto isStatic = [](ArrayRef<int64_t> numbers) { return llvm::none_of(numbers, ShapedType::isDynamic); };
  if (!source || !isStatic(op.getStaticOffsets()) || !isStatic(op.getStaticSizes()) ||
      !llvm::all_of(op.getStaticStrides(), [](int64_t stride) { return stride == 1; }) ||
      op.getType().getRank() != op.getSourceType().getRank()) {
    return fail("expected a static slice with unit strides of the source's rank");
  }
  return makeSliceNode(source, op.getStaticOffsets().vec(), op.getStaticSizes().vec());
}

Expected<NodeRef> Planner::planPack(model::PackOp op) {
  NodeRef source = values.lookup(op.getSource());
  if (!source) {
    return fail("of a value that is not initialised");
  }
  Expected<layout::Layout> layout = layout::parse(op.getLayout().getText().str());
  if (!layout) {
    return forward(layout.error());
  }
  Type element = cast<RankedTensorType>(op.getSource().getType()).getElementType();
  const model::LayoutAttr attribute = op.getLayout();
  KeptStorage kept;
  if (auto tile = attribute.getSparseTile()) {
    kept = *tile;
  } else if (auto rows = attribute.getSparseRows()) {
    kept = *rows;
  } else if (auto panel = attribute.getSparsePanel(element.getIntOrFloatBitWidth() / 8)) {
    kept = *panel;
  }
  return makePackNode(source, std::move(*layout), attribute.getBits(), kept, attribute.getCentred(),
                      attribute.getPlanes());
}

Expected<NodeRef> Planner::planGather(model::GatherOp op) {
  NodeRef table = values.lookup(op.getTable()), ids = values.lookup(op.getIds());
  if (!table || !ids || !op.getIds().getType().getElementType().isInteger(32)) {
    return fail("expected a table and ids of i32 that are initialised");
  }
  return makeGatherNode(std::move(table), ids);
}

Status Planner::planOp(Operation *op) {
  if (isa<tensor::EmptyOp>(op)) {
    return {}; // only a destination
  }
  if (auto quantize = dyn_cast<quantized::QuantizeOp>(op)) {
    return planQuantize(quantize);
  }
  if (isStoredOp(op)) {
    auto nodes = planStored(op, [&](Value value) { return values.lookup(value); });
    if (!nodes) {
      return forward(nodes.error(), nameOf(op));
    }
    for (auto [result, made] : llvm::zip_equal(op->getResults(), *nodes)) {
      values[result] = made;
    }
    return {};
  }
  Expected<NodeRef> node =
      llvm::TypeSwitch<Operation *, Expected<NodeRef>>(op)
          .Case([&](model::LoadOp load) { return planParameter(load.getParameter()); })
          .Case([&](arith::ConstantOp constant) { return planConstant(constant); })
          .Case([&](tensor::ExtractSliceOp slice) { return planSlice(slice); })
          .Case([&](model::PackOp pack) { return planPack(pack); })
          .Case([&](model::GatherOp gather) { return planGather(gather); })
          .Case([&](quantized::ChannelScalesOp scales) { return planChannelScales(scales); })
          .Case([&](quantized::RescaleOp rescale) { return planRescale(rescale); })
          .Case([&](sparse::TopkSelectOp select) { return planTopkSelect(select); })
          .Case([&](sparse::CompressOp compress) {
            return planForm(compress.getSource(), compress.getKept(), compress.getPattern(),
                            cast<RankedTensorType>(compress.getSource().getType()), true);
          })
          .Case([&](sparse::DecompressOp decompress) {
            // What was compressed under blocks that follow the pattern: zeros, and nothing moves.
            auto compress = decompress.getValues().getDefiningOp<sparse::CompressOp>();
            auto select = decompress.getKept().getDefiningOp<sparse::TopkSelectOp>();
            const numerics::SparsePattern pattern = decompress.getPattern().getPattern();
            const bool isSelected = select && select.getPattern().getPattern().kept == pattern.kept &&
                                    select.getPattern().getPattern().of == pattern.of;
            if (compress && isSelected && compress.getKept() == select.getKept() &&
                compress.getPattern() == decompress.getPattern()) {
              return makePruneNode(values.lookup(compress.getSource()), values.lookup(select.getKept()),
                                   pattern);
            }
            return planForm(decompress.getValues(), decompress.getKept(), decompress.getPattern(),
                            cast<RankedTensorType>(decompress.getType()), false);
          })
          .Case([&](tensor::ConcatOp concat) -> Expected<NodeRef> {
            std::vector<NodeRef> inputs;
            for (Value input : concat.getInputs()) {
              inputs.push_back(values.lookup(input));
              if (!inputs.back()) {
                return fail("of a value that is not initialised");
              }
            }
            return makeConcatNode(std::move(inputs), concat.getDim());
          })
          .Default([](Operation *) -> Expected<NodeRef> {
            return fail("can't be evaluated on the host: expected model.load, model.pack, model.gather, "
                        "quantized.quantize, quantized.dequantize, quantized.split_blocks, "
                        "quantized.unpack_words, quantized.channel_scales, quantized.rescale, "
                        "sparse.topk_select, sparse.compress, sparse.decompress, "
                        "linalg.transpose, tensor.collapse_shape, tensor.extract_slice, tensor.concat or "
                        "arith.constant");
          });
  if (!node) {
    return forward(node.error(), nameOf(op));
  }
  values[op->getResult(0)] = *node;
  return {};
}

Expected<ParameterNodes> Planner::run() {
  for (auto &entry : parameters) {
    std::string name = entry.getKey().str();
    if (!entry.second.getOriginAttr() && !recipes.contains(name)) {
      done[name] = nullptr;
      continue;
    }
    if (Expected<NodeRef> node = planParameter(name); !node) {
      return forward(node.error());
    }
  }
  return std::move(done);
}

Expected<ParameterNodes> coopt::planParameters(ModuleOp module, const std::string &rootDirectory,
                                               unsigned threads) {
  return Planner(module, rootDirectory, threads).run();
}
