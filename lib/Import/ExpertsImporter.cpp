#include "ExpertsImporter.h"

#include "dialects/Model/IR/Model.h"
#include "dialects/Moe/IR/Moe.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

/// Matrices of experts begin at multiples of these rows: where a panel of packed weights begins, on every machine.
static constexpr int64_t kPanelRows = 16;

static int64_t strideOf(int64_t rows) { return (rows + kPanelRows - 1) / kPanelRows * kPanelRows; }

Value ExpertsImporter::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, t.location(), value);
}

Value ExpertsImporter::stacked(int64_t layer, const std::string &which, int64_t rows, int64_t columns) {
  const std::string name = config.names.layer(layer, config.names.expert.experts) + "." + which + ".stacked";
  const int64_t padding = strideOf(rows) - rows;
  Type f32 = builder.getF32Type();
  auto type = RankedTensorType::get({experts.count * strideOf(rows), columns}, f32);
  if (source.isNew(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
    auto parameter = model::ParameterOp::create(builder, t.location(), name, type, /*origin=*/Attribute());
    auto recipe =
        model::RecipeOp::create(builder, t.location(), name + ".recipe",
                                builder.getArrayAttr({FlatSymbolRefAttr::get(parameter.getSymNameAttr())}));
    Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
    builder.setInsertionPointToEnd(body);
    Value zeros;
    if (padding > 0) {
      auto rest = RankedTensorType::get({padding, columns}, f32);
      zeros = arith::ConstantOp::create(builder, t.location(), rest,
                                        DenseElementsAttr::get(rest, llvm::APFloat(0.0f)));
    }
    SmallVector<Value> parts;
    for (int64_t expert = 0; expert < experts.count; ++expert) {
      parts.push_back(source.parameter(expertTensor(config, layer, expert, which) + ".weight"));
      if (zeros) {
        parts.push_back(zeros);
      }
    }
    Value all = tensor::ConcatOp::create(builder, t.location(), type, /*dim=*/0, parts);
    model::YieldOp::create(builder, t.location(), all);
  }
  return model::LoadOp::create(builder, t.location(), type, name);
}

Value ExpertsImporter::contraction(Value x, Value w, int64_t columns) {
  Value init = t.empty({ShapedType::kDynamic, columns}, builder.getF32Type(), slots);
  Value zero = constant(0);
  auto op =
      moe::ContractOp::create(builder, t.location(), init.getType(), ValueRange{x, w}, segments, zero, zero,
                              init, static_cast<uint64_t>(strideOf(columns)), quantized::SchemeAttr(),
                              quantized::SchemeAttr(), quantized::ScaleAtAttr());
  return t.tagged(op)->getResult(0);
}

moe::RouteOp ExpertsImporter::route(int64_t layer, const std::string &prefix, Value x) {
  const ExpertTensorNames &names = config.names.expert;
  const int64_t dynamic = ShapedType::kDynamic, k = experts.perToken;
  Type f32 = builder.getF32Type(), i32 = builder.getI32Type();

  t.setId(prefix + "router/logits");
  Value router = source.parameter(config.names.layer(layer, names.router) + ".weight");
  Value init = t.empty({dynamic, experts.count}, f32, rows);
  Value logits =
      t.tagged(moe::LogitsOp::create(builder, t.location(), init.getType(), x, router, init))->getResult(0);
  t.setId(prefix + "router");
  Value bias = experts.choiceBias ? source.parameter(config.names.layer(layer, names.bias)) : Value();
  SmallVector<Value> chosen = {t.empty({dynamic, k}, f32, rows), t.empty({dynamic, k}, i32, rows)};
  auto route = moe::RouteOp::create(
      builder, t.location(), ValueRange(chosen).getTypes(), logits, bias, chosen[0], chosen[1],
      experts.scores == ExpertsConfig::Scores::Softmax ? moe::Scores::softmax : moe::Scores::sigmoid,
      static_cast<uint64_t>(experts.groups), static_cast<uint64_t>(experts.keptGroups),
      experts.groupsByTwoBest ? moe::GroupRank::two_best : moe::GroupRank::best,
      experts.renormalise ? builder.getF32FloatAttr(static_cast<float>(experts.epsilon)) : FloatAttr(),
      llvm::APFloat(static_cast<float>(experts.scale)));
  t.tagged(route);
  return route;
}

void ExpertsImporter::prefetch(int64_t layer, const std::string &prefix, Value x, Value tokens) {
  rows = tokens;
  auto guess = route(layer, prefix + "mlp/prefetch/", x);
  moe::PrefetchOp::create(builder, t.location(), guess->getResult(1),
                          builder.getStrArrayAttr({prefix + "mlp/experts/"}));
}

Value ExpertsImporter::routed(int64_t layer, const std::string &prefix, Value x) {
  const ExpertTensorNames &names = config.names.expert;
  const int64_t dynamic = ShapedType::kDynamic, k = experts.perToken, hidden = config.hiddenSize;
  Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
  moe::RouteOp route = this->route(layer, prefix, x);
  t.setId(prefix + "experts/dispatch");
  slots = arith::MulIOp::create(builder, t.location(), rows, constant(k));
  Value most = arith::MinSIOp::create(builder, t.location(), slots, constant(experts.count));
  SmallVector<Value> places = {t.empty({dynamic}, i32, slots), t.empty({dynamic, k}, i32, rows),
                               t.empty({dynamic, moe::kSegmentParts}, i32, most)};
  auto dispatch = t.tagged(moe::DispatchOp::create(builder, t.location(), ValueRange(places).getTypes(),
                                                   route->getResult(1), places[0], places[1], places[2],
                                                   static_cast<uint64_t>(experts.count)));
  segments = dispatch->getResult(2);

  t.setId(prefix + "experts/gather");
  Value init = t.empty({dynamic, hidden}, f32, slots);
  Value gathered = t.tagged(model::GatherOp::create(builder, t.location(), init.getType(), x,
                                                    dispatch->getResult(0), init))
                       ->getResult(0);
  auto project = [&](const std::string &which, Value input, int64_t inputs, int64_t outputs) {
    t.setId(prefix + "experts/" + which);
    return contraction(input, stacked(layer, which, outputs, inputs), outputs);
  };
  Value gate = project(names.gate, gathered, hidden, experts.intermediateSize);
  Value up = project(names.up, gathered, hidden, experts.intermediateSize);
  t.setId(prefix + (config.activation == Activation::Silu ? "experts/silu" : "experts/gelu"));
  Value active = t.activate(config.activation, gate, up, slots);
  Value down = project(names.down, active, experts.intermediateSize, hidden);
  t.setId(prefix + "experts/combine");
  init = t.empty({dynamic, hidden}, f32, rows);
  return t
      .tagged(moe::CombineOp::create(builder, t.location(), init.getType(), down, route->getResult(0),
                                     dispatch->getResult(1), init))
      ->getResult(0);
}

Value ExpertsImporter::shared(int64_t layer, const std::string &prefix, Value x) {
  const ExpertTensorNames &names = config.names.expert;
  const std::string tensor = config.names.layer(layer, names.shared) + ".", id = prefix + "shared/";
  Value gate = source.linear(tensor + names.gate, id + names.gate, x);
  Value up = source.linear(tensor + names.up, id + names.up, x);
  t.setId(id + (config.activation == Activation::Silu ? "silu" : "gelu"));
  Value active = t.activate(config.activation, gate, up, rows);
  Value y = source.linear(tensor + names.down, id + names.down, active);
  if (experts.sharedGate) {
    t.setId(id + "gate/logits");
    Value weight = source.parameter(config.names.layer(layer, names.sharedGate) + ".weight");
    Value init = t.empty({ShapedType::kDynamic, 1}, builder.getF32Type(), rows);
    Value logit =
        t.tagged(moe::LogitsOp::create(builder, t.location(), init.getType(), x, weight, init))->getResult(0);
    t.setId(id + "gate");
    y = t.gateRows(y, logit, rows);
  }
  return y;
}

Value ExpertsImporter::build(int64_t layer, const std::string &prefix, Value x, Value tokens) {
  rows = tokens;
  Value y = routed(layer, prefix + "mlp/", x);
  if (experts.sharedIntermediateSize > 0) {
    Value other = shared(layer, prefix + "mlp/", x);
    t.setId(prefix + "mlp/shared/add");
    y = t.add(y, other, tokens);
  }
  return y;
}
