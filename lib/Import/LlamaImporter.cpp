#include "LlamaImporter.h"

#include "TensorBuilder.h"
#include "coopt/Import/ModelGenerator.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

#include "llvm/Support/Path.h"

#include <cmath>

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

/// Builds one Llama model.
class LlamaImporter {
public:
  LlamaImporter(ModuleOp module, const LlamaConfig &config, const SafetensorsModel &weights,
                const ImportOptions &options)
      : module(module), config(config), weights(weights), options(options), builder(module.getContext()),
        t(builder) {}

  void run();

private:
  /// Declares a parameter if it is new, and loads it.
  Value declare(const std::string &name, RankedTensorType type, Attribute origin);
  /// A tensor of the model's files, or seeded noise in its place (LlamaConfig::noiseSeed).
  Value parameter(const std::string &name);
  /// The rows of the table that the tokens' positions need.
  Value rotaryTable(StringRef function);
  Value norm(const std::string &name, const std::string &id, Value x, Value rows);
  Value attentionBlock(const std::string &prefix, int64_t layer, Value x);
  Value mlpBlock(const std::string &prefix, int64_t layer, Value x);
  void forwardBody();
  Value size(StringRef name) {
    return model::SizeOp::create(builder, t.location(), builder.getIndexType(), name);
  }

  ModuleOp module;
  const LlamaConfig &config;
  const SafetensorsModel &weights;
  const ImportOptions &options;
  OpBuilder builder;
  TensorBuilder t;
  int64_t context = 0;
  Value tokens, past, outputs; // run-time sizes
  Value state;
  Value cosine, sine; // rows past .. past + tokens - 1 of the tables
};

} // namespace

/// The frequency of each pair of a head, theta^(-2i/headSize) in binary32, stretched as rope_scaling says.
SmallVector<float> rotaryFrequencies(const LlamaConfig &config) {
  SmallVector<float> frequencies;
  const RopeScaling &scaling = config.ropeScaling;
  for (int64_t i = 0; i < config.headSize / 2; ++i) {
    double frequency =
        std::pow(config.ropeTheta, -2.0 * static_cast<double>(i) / static_cast<double>(config.headSize));
    if (scaling.kind == RopeScaling::Kind::Linear) {
      frequency /= scaling.factor;
    } else if (scaling.kind == RopeScaling::Kind::Llama3) {
      // Llama 3.1: long wavelengths are divided, short ones kept, those between interpolated.
      double wavelength = 2.0 * M_PI / frequency;
      double positions = static_cast<double>(scaling.originalMaxPositions);
      double low = positions / scaling.lowFrequencyFactor, high = positions / scaling.highFrequencyFactor;
      if (wavelength > low) {
        frequency /= scaling.factor;
      } else if (wavelength > high) {
        double smooth = (positions / wavelength - scaling.lowFrequencyFactor) /
                        (scaling.highFrequencyFactor - scaling.lowFrequencyFactor);
        frequency = (1.0 - smooth) * frequency / scaling.factor + smooth * frequency;
      }
    }
    frequencies.push_back(static_cast<float>(frequency));
  }
  return frequencies;
}

Value LlamaImporter::declare(const std::string &name, RankedTensorType type, Attribute origin) {
  if (!module.lookupSymbol<model::ParameterOp>(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
    model::ParameterOp::create(builder, t.location(), name, type, origin);
  }
  return model::LoadOp::create(builder, t.location(), type, name);
}

Value LlamaImporter::parameter(const std::string &name) {
  const TensorInfo *info = weights.find(name);
  if (!info) {
    for (const ExpectedTensor &tensor : llamaTensors(config)) {
      if (tensor.name == name) {
        GeneratedNoise noise = generatedNoise(*config.noiseSeed, tensor);
        auto origin = model::NoiseAttr::get(module.getContext(), noise.seed,
                                            builder.getF64FloatAttr(static_cast<double>(noise.scale)));
        return declare(name, RankedTensorType::get(tensor.shape, builder.getF32Type()), origin);
      }
    }
  }
  Type stored = info->type == coopt::import::TensorType::F32    ? Type(builder.getF32Type())
                : info->type == coopt::import::TensorType::BF16 ? Type(builder.getBF16Type())
                                                                : Type(builder.getF16Type());
  std::string file = llvm::sys::path::filename(weights.files()[info->file].path()).str();
  auto source = model::SourceAttr::get(module.getContext(), file, static_cast<int64_t>(info->offset),
                                       RankedTensorType::get(info->shape, stored));
  return declare(name, RankedTensorType::get(info->shape, builder.getF32Type()), source);
}

Value LlamaImporter::norm(const std::string &name, const std::string &id, Value x, Value rows) {
  t.setId(id);
  return t.rmsNorm(x, parameter(name), config.rmsNormEpsilon, rows);
}

Value LlamaImporter::rotaryTable(StringRef function) {
  std::string name = ("rotary." + function).str();
  t.setId(name);
  auto type = RankedTensorType::get({context, config.headSize / 2}, builder.getF32Type());
  SmallVector<float> values = rotaryFrequencies(config);
  auto vector = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  auto frequencies = cast<DenseFPElementsAttr>(DenseElementsAttr::get(vector, ArrayRef<float>(values)));
  auto origin = model::RotaryAttr::get(module.getContext(), function, frequencies);
  return t.rows(declare(name, type, origin), past, tokens);
}

Value LlamaImporter::attentionBlock(const std::string &prefix, int64_t layer, Value x) {
  int64_t heads = config.heads, groups = config.keyValueHeads, headSize = config.headSize;
  std::string id = prefix + "self_attn/", weight = "model.layers." + std::to_string(layer) + ".self_attn.";
  auto project = [&](const std::string &name, Value input) {
    t.setId(id + name);
    return t.contraction(input, parameter(weight + name + ".weight"), tokens);
  };
  Value q = project("q_proj", x), k = project("k_proj", x), v = project("v_proj", x);
  t.setId(id + "rotary_q");
  Value rotatedQ = t.rotary(q, cosine, sine, heads, headSize, tokens);
  t.setId(id + "rotary_k");
  Value rotatedK = t.rotary(k, cosine, sine, groups, headSize, tokens);
  t.setId(id + "append");
  Value valuesByHead = t.splitHeads(v, groups, headSize, tokens);
  auto append = attention::AppendOp::create(builder, t.location(), state.getType(), rotatedK, valuesByHead,
                                            past, state, static_cast<uint64_t>(layer));
  append->setAttr("coopt.id", builder.getStringAttr(id + "append"));
  state = append->getResult(0);
  t.setId(id + "attend");
  Value zero = arith::ConstantIndexOp::create(builder, t.location(), 0);
  Value init = t.empty({ShapedType::kDynamic, heads, headSize}, builder.getF32Type(), tokens);
  float scale = 1.0f / std::sqrt(static_cast<float>(headSize));
  auto attend = attention::AttendOp::create(
      builder, t.location(), init.getType(), rotatedQ, state, past, zero, init, static_cast<uint64_t>(layer),
      static_cast<uint64_t>(heads / groups), llvm::APFloat(scale), IntegerAttr(), IntegerAttr());
  attend->setAttr("coopt.id", builder.getStringAttr(id + "attend"));
  return project("o_proj", t.mergeHeads(attend->getResult(0)));
}

Value LlamaImporter::mlpBlock(const std::string &prefix, int64_t layer, Value x) {
  std::string weight = "model.layers." + std::to_string(layer) + ".mlp.";
  auto project = [&](const std::string &name, Value input) {
    t.setId(prefix + "mlp/" + name);
    return t.contraction(input, parameter(weight + name + ".weight"), tokens);
  };
  Value gate = project("gate_proj", x), up = project("up_proj", x);
  t.setId(prefix + "mlp/silu");
  return project("down_proj", t.siluTimes(gate, up, tokens));
}

void LlamaImporter::forwardBody() {
  t.setId("sizes");
  tokens = size("tokens");
  past = size("past");
  outputs = size("outputs");
  cosine = rotaryTable("cos");
  sine = rotaryTable("sin");

  t.setId("embed_tokens");
  Value table = parameter("model.embed_tokens.weight");
  Value init = t.empty({ShapedType::kDynamic, config.hiddenSize}, builder.getF32Type(), tokens);
  Value ids = builder.getInsertionBlock()->getArgument(0);
  auto gather = model::GatherOp::create(builder, t.location(), init.getType(), table, ids, init);
  gather->setAttr("coopt.id", builder.getStringAttr("embed_tokens"));
  Value x = gather->getResult(0);

  for (int64_t layer = 0; layer < config.layers; ++layer) {
    std::string prefix = "layers." + std::to_string(layer) + "/";
    std::string weight = "model.layers." + std::to_string(layer) + ".";
    Value normal = norm(weight + "input_layernorm.weight", prefix + "input_layernorm", x, tokens);
    Value attended = attentionBlock(prefix, layer, normal);
    t.setId(prefix + "self_attn/residual");
    x = t.add(x, attended, tokens);
    normal = norm(weight + "post_attention_layernorm.weight", prefix + "post_attention_layernorm", x, tokens);
    Value mixed = mlpBlock(prefix, layer, normal);
    t.setId(prefix + "mlp/residual");
    x = t.add(x, mixed, tokens);
  }

  // Only the rows whose logits are asked for go through the head.
  t.setId("norm");
  Value first = arith::SubIOp::create(builder, t.location(), tokens, outputs);
  Value normal = norm("model.norm.weight", "norm", t.rows(x, first, outputs), outputs);
  t.setId("lm_head");
  Value head = parameter(config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  Value logits = t.contraction(normal, head, outputs);
  model::ReturnOp::create(builder, t.location(), ValueRange{logits, state});
}

void LlamaImporter::run() {
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

void coopt::import::importLlama(ModuleOp module, const LlamaConfig &config, const SafetensorsModel &weights,
                                const ImportOptions &options) {
  LlamaImporter(module, config, weights, options).run();
}
