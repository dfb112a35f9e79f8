//===- DecomposeRoute.cpp - Routing as row operations and loops -------------===//
#include "dialects/Model/IR/ElementwiseBuilder.h"
#include "dialects/Model/IR/ReferenceBuilder.h"
#include "dialects/Moe/IR/Moe.h"
#include "dialects/Moe/Transforms/Patterns.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::moe;
using model::createElementwise;
using model::createEmptyLike;
using model::createFloat;

namespace {

constexpr float kLog2OfE = 0x1.715476p+0f;

//===----------------------------------------------------------------------===//
// route
//===----------------------------------------------------------------------===//

Value reduceRows(ImplicitLocOpBuilder &builder, model::RowReduction kind, Value matrix) {
  OpFoldResult rows = tensor::getMixedSize(builder, builder.getLoc(), matrix, 0);
  Value init = tensor::EmptyOp::create(builder, ArrayRef<OpFoldResult>(rows), builder.getF32Type());
  return model::RowReduceOp::create(builder, init.getType(), kind, matrix, init).getResult();
}

Value softmaxOf(ImplicitLocOpBuilder &builder, Value logits) {
  auto fresh = [&] { return createEmptyLike(builder, logits, builder.getF32Type()); };
  Value largest = reduceRows(builder, model::RowReduction::max, logits);
  Value powers = createElementwise(builder, {{logits, {0, 1}}, {largest, {0}}}, fresh(),
                                   [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                                     Value below = arith::SubFOp::create(b, args[0], args[1]);
                                     Value scaled = arith::MulFOp::create(b, below, createFloat(b, kLog2OfE));
                                     return math::Exp2Op::create(b, scaled);
                                   });
  Value sums = reduceRows(builder, model::RowReduction::sum, powers);
  return createElementwise(builder, {{powers, {0, 1}}, {sums, {0}}}, fresh(),
                           [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                             return arith::DivFOp::create(b, args[0], args[1]);
                           });
}

Value sigmoidOf(ImplicitLocOpBuilder &builder, Value logits) {
  return createElementwise(builder, {{logits, {0, 1}}},
                           createEmptyLike(builder, logits, builder.getF32Type()),
                           [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                             Value scaled = arith::MulFOp::create(b, args[0], createFloat(b, kLog2OfE));
                             Value power = math::Exp2Op::create(b, arith::NegFOp::create(b, scaled));
                             Value one = createFloat(b, 1.0f);
                             return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, power));
                           });
}

struct DecomposeRoute : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RouteOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Value scores = op.getScores() == Scores::softmax ? softmaxOf(builder, op.getLogits())
                                                     : sigmoidOf(builder, op.getLogits());
    Value experts = ChooseOp::create(builder, op.getExperts().getType(), scores, op.getBias(),
                                     op.getExperts(), op.getGroups(), op.getKeptGroups(), op.getGroupRank())
                        .getResult();
    auto fresh = [&] { return createEmptyLike(builder, op.getWeights(), builder.getF32Type()); };
    const float scale = op.getScale().convertToFloat();
    const bool isScaled = scale != 1.0f, isNormal = op.getEpsilon().has_value();
    Value weights = createElementwise(
        builder, {{experts, {0, 1}}}, isScaled || isNormal ? fresh() : Value(op.getWeights()),
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          Value row = linalg::IndexOp::create(b, 0);
          Value expert = arith::IndexCastOp::create(b, b.getIndexType(), args[0]);
          return tensor::ExtractOp::create(b, scores, ValueRange{row, expert});
        });
    if (isScaled || isNormal) {
      SmallVector<model::ElementwiseInput> inputs = {{weights, {0, 1}}};
      if (isNormal) {
        inputs.push_back({reduceRows(builder, model::RowReduction::sum, weights), {0}});
      }
      weights = createElementwise(
          builder, inputs, op.getWeights(), [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
            Value weight = args[0];
            if (isNormal) {
              Value epsilon = createFloat(b, op.getEpsilon()->convertToFloat());
              Value sum = arith::AddFOp::create(b, args[1], epsilon);
              weight = arith::DivFOp::create(b, weight, sum);
            }
            return isScaled ? arith::MulFOp::create(b, weight, createFloat(b, scale)).getResult() : weight;
          });
    }
    weights.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, {weights, experts});
    return success();
  }
};

//===----------------------------------------------------------------------===//
// choose
//===----------------------------------------------------------------------===//

using NumberAt = function_ref<Value(ImplicitLocOpBuilder &, Value index)>;

/// The index in [0, end) of the largest number among those that are open, the first of equal ones; 0 if none is.
Value emitBest(ImplicitLocOpBuilder &builder, int64_t end, NumberAt number, NumberAt isOpen) {
  Value none = model::indexConstant(builder, end), zero = model::indexConstant(builder, 0);
  Value best = model::emitLoop(
      builder, zero, none, none, [&](ImplicitLocOpBuilder &b, Value index, Value carried) -> Value {
        Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, carried, none);
        Value known = arith::SelectOp::create(b, isFirst, zero, carried);
        Value larger =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, number(b, index), number(b, known));
        Value better = arith::AndIOp::create(b, isOpen(b, index), arith::OrIOp::create(b, isFirst, larger));
        return arith::SelectOp::create(b, better, index, carried);
      });
  Value found = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, best, none);
  return arith::SelectOp::create(builder, found, best, zero);
}

Value splatFlags(ImplicitLocOpBuilder &builder, int64_t count, bool value) {
  Value flag = arith::ConstantOp::create(builder, builder.getI8IntegerAttr(value ? 1 : 0));
  return tensor::SplatOp::create(builder, flag, RankedTensorType::get({count}, builder.getI8Type()));
}

Value isSet(ImplicitLocOpBuilder &b, Value flags, Value index) {
  Value flag = tensor::ExtractOp::create(b, flags, index);
  Value zero = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, flag, zero);
}

Value withFlag(ImplicitLocOpBuilder &b, Value flags, Value index, bool value) {
  Value flag = arith::ConstantOp::create(b, b.getI8IntegerAttr(value ? 1 : 0));
  return tensor::InsertOp::create(b, flag, flags, index);
}

struct DecomposeChoose : OpRewritePattern<ChooseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ChooseOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    const int64_t experts = op.getScores().getType().getDimSize(1),
                  k = op.getExperts().getType().getDimSize(1);
    Value numbers = op.getScores();
    if (op.getBias()) {
      numbers = createElementwise(builder, {{numbers, {0, 1}}, {op.getBias(), {1}}},
                                  createEmptyLike(builder, numbers, builder.getF32Type()),
                                  [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                                    return arith::AddFOp::create(b, args[0], args[1]);
                                  });
    }
    Value zero = model::indexConstant(builder, 0), one = model::indexConstant(builder, 1);
    Value rows = tensor::DimOp::create(builder, op.getExperts(), 0);
    Value slots = model::indexConstant(builder, k);
    Value result = model::emitLoop(
        builder, zero, rows, op.getExperts(), [&](ImplicitLocOpBuilder &b, Value row, Value chosen) -> Value {
          Value open = openExperts(b, op, numbers, row);
          auto loop = scf::ForOp::create(
              b, zero, slots, one, ValueRange{chosen, open},
              [&](OpBuilder &nested, Location loc, Value slot, ValueRange carried) {
                ImplicitLocOpBuilder inner(loc, nested);
                Value best = emitBest(
                    inner, experts,
                    [&](ImplicitLocOpBuilder &at, Value index) -> Value {
                      return tensor::ExtractOp::create(at, numbers, ValueRange{row, index});
                    },
                    [&](ImplicitLocOpBuilder &at, Value index) { return isSet(at, carried[1], index); });
                Value number = arith::IndexCastOp::create(inner, inner.getI32Type(), best);
                Value next = tensor::InsertOp::create(inner, number, carried[0], ValueRange{row, slot});
                scf::YieldOp::create(inner, ValueRange{next, withFlag(inner, carried[1], best, false)});
              });
          return loop.getResult(0);
        });
    result.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, result);
    return success();
  }

  /// A flag for each expert of a row: those of the groups that are kept.
  static Value openExperts(ImplicitLocOpBuilder &builder, ChooseOp op, Value numbers, Value row) {
    const int64_t experts = op.getScores().getType().getDimSize(1);
    const auto groups = static_cast<int64_t>(op.getGroups()), kept = static_cast<int64_t>(op.getKeptGroups());
    if (kept == groups) {
      return splatFlags(builder, experts, true);
    }
    const int64_t size = experts / groups;
    Value zero = model::indexConstant(builder, 0), width = model::indexConstant(builder, size);
    Value ranks = groupRanks(builder, op, numbers, row);
    return model::emitLoop(
        builder, zero, model::indexConstant(builder, kept), splatFlags(builder, experts, false),
        [&](ImplicitLocOpBuilder &b, Value, Value open) -> Value {
          Value group = emitBest(
              b, groups,
              [&](ImplicitLocOpBuilder &at, Value index) -> Value {
                return tensor::ExtractOp::create(at, ranks, index);
              },
              [&](ImplicitLocOpBuilder &at, Value index) -> Value {
                Value first = arith::MulIOp::create(at, index, width);
                Value yes = arith::ConstantOp::create(at, at.getBoolAttr(true));
                return arith::XOrIOp::create(at, isSet(at, open, first), yes);
              });
          Value first = arith::MulIOp::create(b, group, width);
          return model::emitLoop(b, zero, width, open,
                                 [&](ImplicitLocOpBuilder &at, Value index, Value flags) -> Value {
                                   return withFlag(at, flags, arith::AddIOp::create(at, first, index), true);
                                 });
        });
  }

  /// What the groups of a row rank by.
  static Value groupRanks(ImplicitLocOpBuilder &builder, ChooseOp op, Value numbers, Value row) {
    const int64_t experts = op.getScores().getType().getDimSize(1);
    const auto groups = static_cast<int64_t>(op.getGroups());
    const int64_t size = experts / groups;
    Value width = model::indexConstant(builder, size);
    Value ranks = tensor::EmptyOp::create(builder, ArrayRef<int64_t>{groups}, builder.getF32Type());
    return model::emitLoop(
        builder, model::indexConstant(builder, 0), model::indexConstant(builder, groups), ranks,
        [&](ImplicitLocOpBuilder &b, Value group, Value carried) -> Value {
          Value first = arith::MulIOp::create(b, group, width);
          auto number = [&](ImplicitLocOpBuilder &at, Value index) -> Value {
            return tensor::ExtractOp::create(
                at, numbers, ValueRange{row, arith::AddIOp::create(at, first, index).getResult()});
          };
          auto all = [](ImplicitLocOpBuilder &at, Value) -> Value {
            return arith::ConstantOp::create(at, at.getBoolAttr(true));
          };
          Value best = emitBest(b, size, number, all);
          Value rank = number(b, best);
          if (op.getGroupRank() == GroupRank::two_best) {
            Value second = emitBest(b, size, number, [&](ImplicitLocOpBuilder &at, Value index) -> Value {
              return arith::CmpIOp::create(at, arith::CmpIPredicate::ne, index, best);
            });
            rank = arith::AddFOp::create(b, rank, number(b, second));
          }
          return tensor::InsertOp::create(b, rank, carried, group);
        });
  }
};

//===----------------------------------------------------------------------===//
// dispatch
//===----------------------------------------------------------------------===//

Value loadNumber(ImplicitLocOpBuilder &b, Value tensor, ValueRange at) {
  return arith::IndexCastOp::create(b, b.getIndexType(), tensor::ExtractOp::create(b, tensor, at));
}

Value storeNumber(ImplicitLocOpBuilder &b, Value number, Value tensor, ValueRange at) {
  return tensor::InsertOp::create(b, arith::IndexCastOp::create(b, b.getI32Type(), number), tensor, at);
}

struct DecomposeDispatch : OpRewritePattern<DispatchOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DispatchOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    const auto experts = static_cast<int64_t>(op.getCount());
    Value zero = model::indexConstant(b, 0), one = model::indexConstant(b, 1),
          last = model::indexConstant(b, experts - 1), all = model::indexConstant(b, experts);
    Value rows = tensor::DimOp::create(b, op.getExperts(), 0);
    Value slots = model::indexConstant(b, op.getExperts().getType().getDimSize(1));
    auto expertOf = [&](ImplicitLocOpBuilder &at, Value row, Value slot) -> Value {
      return arith::MinUIOp::create(at, loadNumber(at, op.getExperts(), {row, slot}), last);
    };
    // How many slots each expert has, then the place of the next of them.
    Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value counts = tensor::SplatOp::create(b, none, RankedTensorType::get({experts}, b.getI32Type()));
    counts = model::emitLoop(b, zero, rows, counts, [&](ImplicitLocOpBuilder &at, Value row, Value carried) {
      return model::emitLoop(
          at, zero, slots, carried, [&](ImplicitLocOpBuilder &inner, Value slot, Value tensor) -> Value {
            Value expert = expertOf(inner, row, slot);
            Value more = arith::AddIOp::create(inner, loadNumber(inner, tensor, expert), one);
            return storeNumber(inner, more, tensor, expert);
          });
    });
    auto [next, segments] = placeSegments(b, op, counts, all);
    SmallVector<Value> placed = placeSlots(b, op, next, rows, slots, expertOf);
    placed[0].getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, {placed[0], placed[1], segments});
    return success();
  }

  /// The first place of each expert, and the segments.
  static std::pair<Value, Value> placeSegments(ImplicitLocOpBuilder &b, DispatchOp op, Value counts,
                                               Value all) {
    Value zero = model::indexConstant(b, 0), one = model::indexConstant(b, 1);
    Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value segments = linalg::FillOp::create(b, none, op.getSegments()).getResult(0);
    Value firsts =
        tensor::EmptyOp::create(b, cast<RankedTensorType>(counts.getType()).getShape(), b.getI32Type());
    auto loop = scf::ForOp::create(
        b, zero, all, one, ValueRange{firsts, segments, zero, zero},
        [&](OpBuilder &nested, Location loc, Value expert, ValueRange carried) {
          ImplicitLocOpBuilder at(loc, nested);
          Value place = carried[2], segment = carried[3];
          Value count = loadNumber(at, counts, expert);
          Value first = storeNumber(at, place, carried[0], expert);
          Value isUsed = arith::CmpIOp::create(at, arith::CmpIPredicate::ne, count, zero);
          auto branch = scf::IfOp::create(
              at, isUsed,
              [&](OpBuilder &then, Location) {
                ImplicitLocOpBuilder inner(loc, then);
                Value table = carried[1];
                for (auto [part, number] :
                     {std::pair<int64_t, Value>{kExpert, expert}, {kFirstPlace, place}, {kCount, count}}) {
                  table = storeNumber(inner, number, table, {segment, model::indexConstant(inner, part)});
                }
                scf::YieldOp::create(inner, table);
              },
              [&](OpBuilder &otherwise, Location) { scf::YieldOp::create(otherwise, loc, carried[1]); });
          Value more = arith::AddIOp::create(at, segment, one);
          scf::YieldOp::create(at,
                               ValueRange{first, branch.getResult(0), arith::AddIOp::create(at, place, count),
                                          arith::SelectOp::create(at, isUsed, more, segment)});
        });
    return {loop.getResult(0), loop.getResult(1)};
  }

  /// Tokens and places.
  static SmallVector<Value> placeSlots(ImplicitLocOpBuilder &b, DispatchOp op, Value next, Value rows,
                                       Value slots,
                                       function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> expertOf) {
    Value zero = model::indexConstant(b, 0), one = model::indexConstant(b, 1);
    auto outer = scf::ForOp::create(b, zero, rows, one, ValueRange{op.getTokens(), op.getPlaces(), next},
                                    [&](OpBuilder &nested, Location loc, Value row, ValueRange carried) {
                                      auto inner = scf::ForOp::create(
                                          nested, loc, zero, slots, one, carried,
                                          [&](OpBuilder &deep, Location, Value slot, ValueRange state) {
                                            ImplicitLocOpBuilder at(loc, deep);
                                            Value expert = expertOf(at, row, slot);
                                            Value place = loadNumber(at, state[2], expert);
                                            Value tokens = storeNumber(at, row, state[0], place);
                                            Value places = storeNumber(at, place, state[1], {row, slot});
                                            Value after = storeNumber(
                                                at, arith::AddIOp::create(at, place, one), state[2], expert);
                                            scf::YieldOp::create(at, ValueRange{tokens, places, after});
                                          });
                                      scf::YieldOp::create(nested, loc, inner.getResults());
                                    });
    return llvm::to_vector_of<Value>(outer.getResults());
  }
};

//===----------------------------------------------------------------------===//
// restrict
//===----------------------------------------------------------------------===//

struct DecomposeRestrict : OpRewritePattern<RestrictOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RestrictOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "works on tensors only");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value zero = model::indexConstant(b, 0), one = model::indexConstant(b, 1);
    Value last = model::indexConstant(b, op.getPlaces().getType().getDimSize(0) - 1);
    Value segments = tensor::DimOp::create(b, op.getSegments(), 0);
    Value room = tensor::DimOp::create(b, op.getInit(), 0);
    Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value table = linalg::FillOp::create(b, none, op.getInit()).getResult(0);
    auto loop = scf::ForOp::create(
        b, zero, segments, one, ValueRange{table, zero},
        [&](OpBuilder &nested, Location loc, Value segment, ValueRange carried) {
          ImplicitLocOpBuilder at(loc, nested);
          auto number = [&](int64_t part) {
            return loadNumber(at, op.getSegments(), {segment, model::indexConstant(at, part)});
          };
          Value expert = arith::MinUIOp::create(at, number(kExpert), last);
          Value place = loadNumber(at, op.getPlaces(), expert);
          Value first = number(kFirstPlace), count = number(kCount);
          Value isChosen = arith::CmpIOp::create(at, arith::CmpIPredicate::sge, place, zero);
          Value hasRows = arith::CmpIOp::create(at, arith::CmpIPredicate::ne, count, zero);
          Value fits = arith::CmpIOp::create(at, arith::CmpIPredicate::slt, carried[1], room);
          Value isKept =
              arith::AndIOp::create(at, arith::AndIOp::create(at, isChosen, hasRows).getResult(), fits);
          auto branch = scf::IfOp::create(
              at, isKept,
              [&](OpBuilder &then, Location) {
                ImplicitLocOpBuilder inner(loc, then);
                Value kept = carried[0];
                for (auto [part, value] :
                     {std::pair<int64_t, Value>{kExpert, place}, {kFirstPlace, first}, {kCount, count}}) {
                  kept = storeNumber(inner, value, kept, {carried[1], model::indexConstant(inner, part)});
                }
                scf::YieldOp::create(inner, kept);
              },
              [&](OpBuilder &otherwise, Location) { scf::YieldOp::create(otherwise, loc, carried[0]); });
          Value more = arith::AddIOp::create(at, carried[1], one);
          scf::YieldOp::create(
              at, ValueRange{branch.getResult(0), arith::SelectOp::create(at, isKept, more, carried[1])});
        });
    loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, loop.getResult(0));
    return success();
  }
};

} // namespace

void coopt::moe::populateDecomposeRoutePatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeRoute>(patterns.getContext());
}

void coopt::moe::populateDecomposeChoicePatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeChoose, DecomposeDispatch, DecomposeRestrict>(patterns.getContext());
}
