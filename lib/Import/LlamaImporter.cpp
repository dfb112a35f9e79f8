#include "LlamaImporter.h"

#include "TensorBuilder.h"
#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

#include <cmath>

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

/// Builds one Llama model.
class LlamaImporter {
public:
  LlamaImporter(ModuleOp module, const LlamaConfig &config, const SafetensorsSet &weights, const ImportOptions &options)
      : module(module), config(config), weights(weights), options(options), builder(module.getContext()), t(builder) {}

  LogicalResult run();

private:
  /// Declares the parameter `name` of `shape` if it is new, and loads it.
  FailureOr<Value> parameter(const std::string &name, ArrayRef<int64_t> shape);
  Value rotaryTable(bool cosine);
  FailureOr<Value> norm(const std::string &name, const std::string &id, Value x, Value rows);
  FailureOr<Value> attentionBlock(const std::string &prefix, int64_t layer, Value x);
  FailureOr<Value> mlpBlock(const std::string &prefix, Value x);
  LogicalResult forwardBody();
  Value size(StringRef name) {
    return model::SizeOp::create(builder, t.location(), builder.getIndexType(), name);
  }

  ModuleOp module;
  const LlamaConfig &config;
  const SafetensorsSet &weights;
  const ImportOptions &options;
  OpBuilder builder;
  TensorBuilder t;
  int64_t context = 0;
  int64_t headSize = 0;
  Value tokens, past, outputs; // run-time sizes
  Value state;
  Value cosine, sine; // rows past .. past + tokens - 1 of the tables
};

} // namespace

FailureOr<Value> LlamaImporter::parameter(const std::string &name, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  if (!module.lookupSymbol<model::ParameterOp>(name)) {
    const TensorInfo *info = weights.find(name);
    if (!info) {
      return mlir::emitError(t.location()) << weights.directory() << ": tensor '" << name << "' is missing";
    }
    Type stored = storedType(builder, info->type);
    if (!stored) {
      return mlir::emitError(t.location()) << info->place() << ": expected f32, bf16 or f16, got " << typeName(info->type);
    }
    if (ArrayRef<int64_t>(info->shape) != shape) {
      std::string expected, got;
      for (int64_t extent : shape) {
        expected += (expected.empty() ? "" : ", ") + std::to_string(extent);
      }
      for (int64_t extent : info->shape) {
        got += (got.empty() ? "" : ", ") + std::to_string(extent);
      }
      return mlir::emitError(t.location()) << info->place() << ": expected shape [" << expected << "], got [" << got << "]";
    }
    auto source = model::SourceAttr::get(module.getContext(), info->file, info->offset, RankedTensorType::get(shape, stored));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
    model::ParameterOp::create(builder, t.location(), name, type, source);
  }
  return Value(model::LoadOp::create(builder, t.location(), type, name));
}

FailureOr<Value> LlamaImporter::norm(const std::string &name, const std::string &id, Value x, Value rows) {
  t.setId(id);
  FailureOr<Value> weight = parameter(name, {config.hiddenSize});
  if (failed(weight)) {
    return failure();
  }
  return t.rmsNorm(x, *weight, config.rmsNormEps, rows);
}

Value LlamaImporter::rotaryTable(bool isCosine) {
  std::string name = isCosine ? "rotary.cos" : "rotary.sin";
  t.setId(name);
  auto type = RankedTensorType::get({context, headSize / 2}, builder.getF32Type());
  std::vector<float> frequencies = config.rotaryFrequencies();
  OpBuilder::InsertionGuard guard(builder);
  {
    OpBuilder::InsertionGuard outer(builder);
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
    auto origin = model::RotaryAttr::get(module.getContext(), isCosine, frequencies);
    model::ParameterOp::create(builder, t.location(), name, type, origin);
  }
  Value table = model::LoadOp::create(builder, t.location(), type, name);
  return t.rows(table, past, tokens);
}

FailureOr<Value> LlamaImporter::attentionBlock(const std::string &prefix, int64_t layer, Value x) {
  int64_t heads = config.attentionHeads, groups = config.keyValueHeads;
  std::string self = prefix + "self_attn/";
  // Parameter names use dots, op ids slashes.
  auto project = [&](const char *name, int64_t width) -> FailureOr<Value> {
    t.setId(self + name);
    FailureOr<Value> w = parameter("model.layers." + std::to_string(layer) + ".self_attn." + name + ".weight",
                                   {width, cast<RankedTensorType>(x.getType()).getDimSize(1)});
    if (failed(w)) {
      return failure();
    }
    return t.contraction(x, *w, tokens);
  };
  FailureOr<Value> q = project("q_proj", heads * headSize);
  FailureOr<Value> k = project("k_proj", groups * headSize);
  FailureOr<Value> v = project("v_proj", groups * headSize);
  if (failed(q) || failed(k) || failed(v)) {
    return failure();
  }
  t.setId(self + "rotary_q");
  Value rotatedQ = t.rotary(*q, cosine, sine, heads, headSize, tokens);
  t.setId(self + "rotary_k");
  Value rotatedK = t.rotary(*k, cosine, sine, groups, headSize, tokens);
  t.setId(self + "append");
  Value valuesByHead = t.splitHeads(*v, groups, headSize, tokens);
  auto append = attention::AppendOp::create(builder, t.location(), state.getType(), rotatedK, valuesByHead, past, state,
                                            static_cast<uint64_t>(layer));
  append->setAttr("coopt.id", builder.getStringAttr(self + "append"));
  state = append->getResult(0);
  t.setId(self + "attend");
  Value zero = arith::ConstantIndexOp::create(builder, t.location(), 0);
  Value init = t.empty({ShapedType::kDynamic, heads, headSize}, builder.getF32Type(), tokens);
  float scale = 1.0f / std::sqrt(static_cast<float>(headSize));
  auto attend = attention::AttendOp::create(builder, t.location(), init.getType(), rotatedQ, state, past, zero, init,
                                            static_cast<uint64_t>(layer), static_cast<uint64_t>(heads / groups),
                                            llvm::APFloat(scale), IntegerAttr(), IntegerAttr());
  attend->setAttr("coopt.id", builder.getStringAttr(self + "attend"));
  Value merged = t.mergeHeads(attend->getResult(0));
  x = merged;
  return project("o_proj", config.hiddenSize);
}

FailureOr<Value> LlamaImporter::mlpBlock(const std::string &prefix, Value x) {
  std::string parameterPrefix = "model." + prefix.substr(0, prefix.size() - 1) + ".mlp.";
  auto project = [&](const char *name, Value input, int64_t width) -> FailureOr<Value> {
    t.setId(prefix + "mlp/" + name);
    FailureOr<Value> w =
        parameter(parameterPrefix + name + ".weight", {width, cast<RankedTensorType>(input.getType()).getDimSize(1)});
    if (failed(w)) {
      return failure();
    }
    return t.contraction(input, *w, tokens);
  };
  FailureOr<Value> gate = project("gate_proj", x, config.intermediateSize);
  FailureOr<Value> up = project("up_proj", x, config.intermediateSize);
  if (failed(gate) || failed(up)) {
    return failure();
  }
  t.setId(prefix + "mlp/silu");
  Value product = t.siluTimes(*gate, *up, tokens);
  return project("down_proj", product, config.hiddenSize);
}

LogicalResult LlamaImporter::forwardBody() {
  t.setId("sizes");
  tokens = size("tokens");
  past = size("past");
  outputs = size("outputs");
  cosine = rotaryTable(true);
  sine = rotaryTable(false);

  t.setId("embed_tokens");
  FailureOr<Value> table = parameter("model.embed_tokens.weight", {config.vocabSize, config.hiddenSize});
  if (failed(table)) {
    return failure();
  }
  Block *entry = builder.getInsertionBlock();
  Value init = t.empty({ShapedType::kDynamic, config.hiddenSize}, builder.getF32Type(), tokens);
  auto gather = model::GatherOp::create(builder, t.location(), init.getType(), *table, entry->getArgument(0), init);
  gather->setAttr("coopt.id", builder.getStringAttr("embed_tokens"));
  Value x = gather->getResult(0);

  for (int64_t layer = 0; layer < config.hiddenLayers; ++layer) {
    std::string prefix = "layers." + std::to_string(layer) + "/";
    std::string weightPrefix = "model.layers." + std::to_string(layer) + ".";
    FailureOr<Value> normal = norm(weightPrefix + "input_layernorm.weight", prefix + "input_layernorm", x, tokens);
    if (failed(normal)) {
      return failure();
    }
    FailureOr<Value> attended = attentionBlock(prefix, layer, *normal);
    if (failed(attended)) {
      return failure();
    }
    t.setId(prefix + "self_attn/residual");
    x = t.add(x, *attended, tokens);
    normal = norm(weightPrefix + "post_attention_layernorm.weight", prefix + "post_attention_layernorm", x, tokens);
    if (failed(normal)) {
      return failure();
    }
    FailureOr<Value> mixed = mlpBlock(prefix, *normal);
    if (failed(mixed)) {
      return failure();
    }
    t.setId(prefix + "mlp/residual");
    x = t.add(x, *mixed, tokens);
  }

  t.setId("norm");
  Value first = arith::SubIOp::create(builder, t.location(), tokens, outputs);
  Value lastRows = t.rows(x, first, outputs);
  FailureOr<Value> normal = norm("model.norm.weight", "norm", lastRows, outputs);
  if (failed(normal)) {
    return failure();
  }
  t.setId("lm_head");
  FailureOr<Value> head = parameter(config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight",
                                    {config.vocabSize, config.hiddenSize});
  if (failed(head)) {
    return failure();
  }
  Value logits = t.contraction(*normal, *head, outputs);
  model::ReturnOp::create(builder, t.location(), ValueRange{logits, state});
  return success();
}

LogicalResult LlamaImporter::run() {
  MLIRContext *ctx = module.getContext();
  context = options.context > 0 ? options.context : config.maxPositionEmbeddings;
  headSize = config.headDim;
  int64_t chunk = std::min(options.chunk, context);
  auto stateType =
      attention::StateType::get(ctx, config.hiddenLayers, config.keyValueHeads, headSize, context, builder.getF32Type());
  auto tokensType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  auto logitsType = RankedTensorType::get({ShapedType::kDynamic, config.vocabSize}, builder.getF32Type());
  auto sizeAttr = [&](StringRef name, int64_t min, int64_t max) -> Attribute {
    return model::SizeAttr::get(ctx, name, min, max, 1);
  };
  builder.setInsertionPointToEnd(module.getBody());
  auto entry = model::EntryOp::create(
      builder, builder.getUnknownLoc(), "forward", builder.getFunctionType({tokensType, stateType}, {logitsType, stateType}),
      builder.getArrayAttr({sizeAttr("tokens", 1, chunk), sizeAttr("outputs", 1, chunk), sizeAttr("past", 0, context - 1)}),
      builder.getArrayAttr({builder.getStrArrayAttr({"tokens"}), builder.getArrayAttr({})}),
      builder.getArrayAttr({builder.getStrArrayAttr({"outputs"}), builder.getArrayAttr({})}), StringAttr(), ArrayAttr(),
      ArrayAttr());
  entry.setArgAttr(0, "coopt.name", builder.getStringAttr("tokens"));
  entry.setResultAttr(0, "coopt.name", builder.getStringAttr("logits"));
  Block *body = &entry.getBody().emplaceBlock();
  body->addArguments({tokensType, stateType}, {entry.getLoc(), entry.getLoc()});
  builder.setInsertionPointToEnd(body);
  state = body->getArgument(1);
  return forwardBody();
}

LogicalResult coopt::import::importLlama(ModuleOp module, const LlamaConfig &config, const SafetensorsSet &weights,
                                         const ImportOptions &options) {
  return LlamaImporter(module, config, weights, options).run();
}
