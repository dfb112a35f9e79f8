#include "DecoderImporter.h"

#include "ExpertsImporter.h"
#include "LatentAttentionImporter.h"
#include "StoredWeights.h"
#include "TensorBuilder.h"
#include "coopt/Import/ModelGenerator.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

#include "llvm/Support/Path.h"

#include <map>
#include <set>

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

/// Builds one model.
class DecoderImporter {
public:
  DecoderImporter(ModuleOp module, const DecoderConfig &config, const TensorFiles &weights,
                  const ImportOptions &options)
      : module(module), config(config), weights(weights), options(options), builder(module.getContext()),
        t(builder) {
    for (ExpectedTensor &tensor : decoderTensors(config)) {
      expected.emplace(tensor.name, tensor);
    }
  }

  void run();

private:
  /// Whether no parameter was declared by that name so far; from now on one is.
  bool isNew(const std::string &name) { return declared.insert(name).second; }
  /// Declares a parameter if it is new, and loads it.
  Value declare(const std::string &name, RankedTensorType type, Attribute origin);
  /// A tensor of the model's files, or seeded noise in its place (DecoderConfig::noiseSeed).
  Value parameter(const std::string &name);
  /// The rows of the table that the tokens' positions need.
  Value rotaryTable(StringRef function);
  /// The norm whose tensors are called `name`.
  Value norm(const std::string &name, const std::string &id, Value x, Value rows, double epsilon);
  Value norm(const std::string &name, const std::string &id, Value x, Value rows) {
    return norm(name, id, x, rows, config.normEpsilon);
  }
  Value linear(const std::string &name, const std::string &id, Value x, bool bias, Value rows);
  /// `x` with its columns in the order in which those of the layer's matrix are decoded (StoredMatrix::order).
  Value inOrderOf(const std::string &name, const std::string &id, Value x, Value rows);
  /// A query or key: normed where the model does that, turned, by head.
  Value turned(const std::string &normName, const std::string &id, const std::string &which, Value x,
               int64_t heads);
  /// Appends keys and values to the state and attends to it: tensor<? x heads x headSize>.
  Value attend(const std::string &id, int64_t layer, Value q, Value k, Value v);
  Value attentionBlock(const std::string &prefix, int64_t layer, Value x);
  Value latentAttentionBlock(const std::string &prefix, int64_t layer, Value x);
  ExpertsImporter expertsImporter();
  /// For runs that keep but a part of the experts in memory: a guess of those that a layer will need, from x, what the layer
  /// before it adds its mlp to.
  void prefetchExperts(int64_t layer, Value x);
  Value mlpBlock(const std::string &prefix, int64_t layer, Value x);
  Value layerBlock(int64_t layer, Value x);
  Value logits(Value x);
  void forwardBody();
  Value size(StringRef name) {
    return model::SizeOp::create(builder, t.location(), builder.getIndexType(), name);
  }

  ModuleOp module;
  const DecoderConfig &config;
  const TensorFiles &weights;
  const ImportOptions &options;
  std::map<std::string, ExpectedTensor> expected; ///< by name
  std::set<std::string> declared; ///< looking a symbol up in a module takes as long as there are ops
  OpBuilder builder;
  TensorBuilder t;
  int64_t context = 0;
  Value tokens, past, outputs; // run-time sizes
  Value state;
  std::map<std::pair<void *, std::vector<int32_t>>, Value> sortedInputs;
  Value cosine, sine; // rows past .. past + tokens - 1 of the tables
};

} // namespace

Value DecoderImporter::declare(const std::string &name, RankedTensorType type, Attribute origin) {
  if (isNew(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
    model::ParameterOp::create(builder, t.location(), name, type, origin);
  }
  return model::LoadOp::create(builder, t.location(), type, name);
}

Value DecoderImporter::parameter(const std::string &name) {
  const ExpectedTensor &tensor = expected.at(name);
  auto floats = RankedTensorType::get(tensor.shape, builder.getF32Type());
  if (auto stored = findStoredMatrix(config, weights, tensor); stored && *stored) {
    if (isNew(name)) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
      declareStoredWeight(builder, t.location(), name, **stored, config.quantization, weights);
    }
    return model::LoadOp::create(builder, t.location(), floats, name);
  }
  const TensorInfo *info = weights.find(name);
  if (!info) {
    GeneratedNoise noise = generatedNoise(*config.noiseSeed, tensor);
    auto origin = model::NoiseAttr::get(module.getContext(), noise.seed,
                                        builder.getF64FloatAttr(static_cast<double>(noise.scale)));
    return declare(name, floats, origin);
  }
  Type stored = info->type == coopt::import::TensorType::F32    ? Type(builder.getF32Type())
                : info->type == coopt::import::TensorType::BF16 ? Type(builder.getBF16Type())
                                                                : Type(builder.getF16Type());
  std::string file = llvm::sys::path::filename(weights.files()[info->file].path()).str();
  auto source = model::SourceAttr::get(module.getContext(), file, static_cast<int64_t>(info->offset),
                                       RankedTensorType::get(info->shape, stored));
  return declare(name, RankedTensorType::get(info->shape, builder.getF32Type()), source);
}

Value DecoderImporter::norm(const std::string &name, const std::string &id, Value x, Value rows,
                            double epsilon) {
  t.setId(id);
  Value weight = parameter(name + ".weight");
  if (config.norm == NormKind::Layer) {
    return t.layerNorm(x, weight, parameter(name + ".bias"), epsilon, rows);
  }
  return t.rmsNorm(x, weight, epsilon, config.norm == NormKind::RootMeanSquareOnePlus, rows);
}

Value DecoderImporter::linear(const std::string &name, const std::string &id, Value x, bool bias,
                              Value rows) {
  x = inOrderOf(name, id, x, rows);
  t.setId(id);
  Value y = t.contraction(x, parameter(name + ".weight"), rows);
  if (bias) {
    t.setId(id + "/bias");
    y = t.addBias(y, parameter(name + ".bias"), rows);
  }
  return y;
}

Value DecoderImporter::inOrderOf(const std::string &name, const std::string &id, Value x, Value rows) {
  auto stored = findStoredMatrix(config, weights, expected.at(name + ".weight"));
  if (!stored || !*stored || (*stored)->order.empty()) {
    return x;
  }
  // Layers that read the same are often sorted alike.
  const std::vector<int32_t> &order = (*stored)->order;
  Value &sorted = sortedInputs[{x.getAsOpaquePointer(), order}];
  if (sorted) {
    return sorted;
  }
  t.setId(id + "/order");
  const std::string symbol = name + ".order";
  if (isNew(symbol)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
    declareColumnOrder(builder, t.location(), symbol, order);
  }
  auto type = RankedTensorType::get({static_cast<int64_t>(order.size())}, builder.getI32Type());
  return sorted = t.columns(x, model::LoadOp::create(builder, t.location(), type, symbol), rows);
}

Value DecoderImporter::rotaryTable(StringRef function) {
  std::string name = ("rotary." + function).str();
  t.setId(name);
  auto type = RankedTensorType::get({context, config.rotary.size / 2}, builder.getF32Type());
  std::vector<float> values = rotaryFrequencies(config.rotary);
  auto vector = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  auto frequencies = cast<DenseFPElementsAttr>(DenseElementsAttr::get(vector, ArrayRef<float>(values)));
  auto origin = model::RotaryAttr::get(module.getContext(), function, frequencies);
  return t.rows(declare(name, type, origin), past, tokens);
}

Value DecoderImporter::turned(const std::string &normName, const std::string &id, const std::string &which,
                              Value x, int64_t heads) {
  if (config.queryKeyNormWhole) {
    x = norm(normName, id + which + "_norm", x, tokens);
  }
  if (config.queryKeyNorm) {
    x = norm(normName, id + which + "_norm", t.splitHeads(x, heads, config.headSize, tokens), tokens);
    x = t.mergeHeads(x);
  }
  t.setId(id + "rotary_" + which);
  return t.rotary(x, cosine, sine, config.rotary, heads, config.headSize, tokens);
}

Value DecoderImporter::attentionBlock(const std::string &prefix, int64_t layer, Value x) {
  int64_t heads = config.heads, groups = config.keyValueHeads, headSize = config.headSize;
  const DecoderTensorNames &names = config.names;
  std::string id = prefix + "self_attn/";
  auto project = [&](const std::string &name, const std::string &what, Value input, bool bias) {
    return linear(names.layer(layer, name), id + what, input, bias, tokens);
  };
  bool bias = config.queryKeyValueBias;
  Value q = project(names.query, "q_proj", x, bias), k = project(names.key, "k_proj", x, bias),
        v = project(names.value, "v_proj", x, bias);
  Value rotatedQ = turned(names.layer(layer, names.queryNorm), id, "q", q, heads);
  Value rotatedK = turned(names.layer(layer, names.keyNorm), id, "k", k, groups);
  t.setId(id + "append");
  Value attended = attend(id, layer, rotatedQ, rotatedK, t.splitHeads(v, groups, headSize, tokens));
  return project(names.output, "o_proj", t.mergeHeads(attended), config.outputBias);
}

Value DecoderImporter::latentAttentionBlock(const std::string &prefix, int64_t layer, Value x) {
  const std::string id = prefix + "self_attn/";
  LatentSource source{[&](const std::string &name, const std::string &what, Value input, bool bias) {
                        return linear(config.names.layer(layer, name), id + what, input, bias, tokens);
                      },
                      [&](const std::string &name, const std::string &what, Value input) {
                        return norm(config.names.layer(layer, name), id + what, input, tokens,
                                    config.latent.normEpsilon);
                      },
                      [&](Value q, Value k, Value v) { return attend(id, layer, q, k, v); }, cosine, sine};
  return LatentAttentionImporter(config, builder, t, std::move(source)).build(id, x, tokens);
}

Value DecoderImporter::attend(const std::string &id, int64_t layer, Value q, Value k, Value v) {
  const int64_t heads = config.heads, groups = config.keyValueHeads;
  t.setId(id + "append");
  auto append = attention::AppendOp::create(builder, t.location(), state.getType(), k, v, past, state,
                                            static_cast<uint64_t>(layer), TypeAttr());
  model::setId(append, id + "append");
  state = append->getResult(0);
  t.setId(id + "attend");
  Value zero = arith::ConstantIndexOp::create(builder, t.location(), 0);
  Value init = t.empty({ShapedType::kDynamic, heads, config.headSize}, builder.getF32Type(), tokens);
  auto scale = llvm::APFloat(static_cast<float>(config.attentionScale));
  int64_t keys = config.window[static_cast<size_t>(layer)];
  // A window as long as the context is none.
  IntegerAttr window = keys > 0 && keys < context ? builder.getI64IntegerAttr(keys) : IntegerAttr();
  FloatAttr cap = config.attentionSoftcap != 0
                      ? builder.getF32FloatAttr(static_cast<float>(config.attentionSoftcap))
                      : FloatAttr();
  auto attend = attention::AttendOp::create(
      builder, t.location(), init.getType(), q, state, past, zero, init, static_cast<uint64_t>(layer),
      static_cast<uint64_t>(heads / groups), scale, cap, window, /*sinks=*/IntegerAttr(),
      /*heads=*/IntegerAttr(), TypeAttr());
  model::setId(attend, id + "attend");
  return attend->getResult(0);
}

ExpertsImporter DecoderImporter::expertsImporter() {
  ExpertsSource source{[this](const std::string &name) { return isNew(name); },
                       [this](const std::string &name) { return parameter(name); },
                       [this](const std::string &name, const std::string &id, Value input) {
                         return linear(name, id, input, false, tokens);
                       }};
  return ExpertsImporter(config, builder, t, std::move(source));
}

void DecoderImporter::prefetchExperts(int64_t layer, Value x) {
  if (layer >= config.layers || !config.experts.isAt(layer)) {
    return;
  }
  std::string prefix = "layers." + std::to_string(layer) + "/";
  Value normal =
      norm(config.names.layer(layer, config.names.mlpNorm), prefix + "mlp/prefetch/layernorm", x, tokens);
  expertsImporter().prefetch(layer, prefix, normal, tokens);
}

Value DecoderImporter::mlpBlock(const std::string &prefix, int64_t layer, Value x) {
  const DecoderTensorNames &names = config.names;
  if (config.experts.isAt(layer)) {
    return expertsImporter().build(layer, prefix, x, tokens);
  }
  auto project = [&](const std::string &name, const std::string &what, Value input) {
    return linear(names.layer(layer, name), prefix + "mlp/" + what, input, config.mlpBias, tokens);
  };
  Value gate = config.gatedMlp ? project(names.gate, "gate_proj", x) : Value();
  Value up = project(names.up, "up_proj", x);
  t.setId(prefix + (config.activation == Activation::Silu ? "mlp/silu" : "mlp/gelu"));
  Value hidden = gate ? t.activate(config.activation, gate, up, tokens)
                      : t.activate(config.activation, up, Value(), tokens);
  return project(names.down, "down_proj", hidden);
}

Value DecoderImporter::layerBlock(int64_t layer, Value x) {
  std::string prefix = "layers." + std::to_string(layer) + "/";
  const DecoderTensorNames &names = config.names;
  auto normed = [&](const std::string &name, const std::string &id, Value input) {
    return norm(names.layer(layer, name), prefix + id, input, tokens);
  };
  Value normal = normed(names.inputNorm, "input_layernorm", x);
  Value attended = config.latent.isUsed() ? latentAttentionBlock(prefix, layer, normal)
                                          : attentionBlock(prefix, layer, normal);
  if (config.sandwichNorms) {
    attended = normed(names.afterAttentionNorm, "self_attn/after_layernorm", attended);
  }
  t.setId(prefix + "self_attn/residual");
  x = t.add(x, attended, tokens);
  if (!config.parallelResidual) {
    normal = normed(names.mlpNorm, "post_attention_layernorm", x);
  }
  prefetchExperts(layer + 1, x);
  Value mixed = mlpBlock(prefix, layer, normal);
  if (config.sandwichNorms) {
    mixed = normed(names.afterMlpNorm, "mlp/after_layernorm", mixed);
  }
  t.setId(prefix + "mlp/residual");
  return t.add(x, mixed, tokens);
}

Value DecoderImporter::logits(Value x) {
  // Only the rows whose logits are asked for go through the head.
  t.setId("norm");
  Value first = arith::SubIOp::create(builder, t.location(), tokens, outputs);
  Value normal = norm(config.names.finalNorm, "norm", t.rows(x, first, outputs), outputs);
  const std::string &head = config.tieWordEmbeddings ? config.names.embedding : config.names.head;
  Value y = linear(head, "lm_head", normal, config.headBias, outputs);
  if (config.finalSoftcap != 0) {
    t.setId("lm_head/softcap");
    y = t.softcap(y, config.finalSoftcap, outputs);
  }
  return y;
}

void DecoderImporter::forwardBody() {
  t.setId("sizes");
  tokens = size("tokens");
  past = size("past");
  outputs = size("outputs");
  cosine = rotaryTable("cos");
  sine = rotaryTable("sin");

  t.setId("embed_tokens");
  Value table = parameter(config.names.embedding + ".weight");
  Value init = t.empty({ShapedType::kDynamic, config.hiddenSize}, builder.getF32Type(), tokens);
  Value ids = builder.getInsertionBlock()->getArgument(0);
  auto gather = model::GatherOp::create(builder, t.location(), init.getType(), table, ids, init);
  model::setId(gather, "embed_tokens");
  Value x = gather->getResult(0);
  if (config.embeddingScale != 1) {
    t.setId("embed_tokens/scale");
    x = t.scale(x, config.embeddingScale, tokens);
  }
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    x = layerBlock(layer, x);
  }
  Value result = logits(x);
  model::ReturnOp::create(builder, t.location(), ValueRange{result, state});
}

void DecoderImporter::run() {
  MLIRContext *ctx = module.getContext();
  context = options.context > 0 ? options.context : config.maxPositions;
  int64_t chunk = std::min(options.chunk, context);
  auto stateType = attention::StateType::get(ctx, config.layers, config.keyValueHeads, config.headSize,
                                             context, builder.getF32Type());
  auto tokensType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  auto logitsType =
      RankedTensorType::get({ShapedType::kDynamic, config.vocabularySize}, builder.getF32Type());
  auto sizeAttr = [&](StringRef name, int64_t min, int64_t max) -> Attribute {
    return model::SizeAttr::get(ctx, name, min, max, 1);
  };
  builder.setInsertionPointToEnd(module.getBody());
  auto entry = model::EntryOp::create(
      builder, builder.getUnknownLoc(), "forward",
      builder.getFunctionType({tokensType, stateType}, {logitsType, stateType}),
      builder.getArrayAttr(
          {sizeAttr("tokens", 1, chunk), sizeAttr("outputs", 1, chunk), sizeAttr("past", 0, context - 1)}),
      builder.getArrayAttr({builder.getStrArrayAttr({"tokens"}), builder.getArrayAttr({})}),
      builder.getArrayAttr({builder.getStrArrayAttr({"outputs"}), builder.getArrayAttr({})}), StringAttr(),
      ArrayAttr(), ArrayAttr());
  entry.setArgAttr(0, "coopt.name", builder.getStringAttr("tokens"));
  entry.setResultAttr(0, "coopt.name", builder.getStringAttr("logits"));
  Block *body = &entry.getBody().emplaceBlock();
  body->addArguments({tokensType, stateType}, {entry.getLoc(), entry.getLoc()});
  builder.setInsertionPointToEnd(body);
  state = body->getArgument(1);
  forwardBody();
}

void coopt::import::importDecoder(ModuleOp module, const DecoderConfig &config, const TensorFiles &weights,
                                  const ImportOptions &options) {
  DecoderImporter(module, config, weights, options).run();
}
