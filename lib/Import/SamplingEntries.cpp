// @score and @sample: what follows the logits, as generated kernels like everything else.
#include "DecoderImporter.h"
#include "TensorBuilder.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Schedule/IR/Schedule.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::import;

namespace {

constexpr float kLog2e = 0x1.715476p+0f;
constexpr float kLn2 = 0x1.62e43p-1f;

model::EntryOp startEntry(OpBuilder &builder, ModuleOp module, StringRef name, TypeRange inputs, Type result,
                          ArrayRef<StringRef> names, int64_t outputs) {
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = NameLoc::get(builder.getStringAttr(name));
  auto dims = [&](Type type) -> Attribute {
    return cast<RankedTensorType>(type).hasStaticShape() ? builder.getArrayAttr({})
                                                         : builder.getStrArrayAttr({"outputs"});
  };
  SmallVector<Attribute> inputDims, sizes;
  for (Type input : inputs) {
    inputDims.push_back(dims(input));
  }
  if (outputs > 0) {
    sizes.push_back(model::SizeAttr::get(builder.getContext(), "outputs", 1, outputs, 1));
  }
  auto entry =
      model::EntryOp::create(builder, loc, name, builder.getFunctionType(inputs, result),
                             builder.getArrayAttr(sizes), builder.getArrayAttr(inputDims),
                             builder.getArrayAttr({dims(result)}), StringAttr(), ArrayAttr(), ArrayAttr());
  for (auto [index, argument] : llvm::enumerate(names.drop_back())) {
    entry.setArgAttr(index, "coopt.name", builder.getStringAttr(argument));
  }
  entry.setResultAttr(0, "coopt.name", builder.getStringAttr(names.back()));
  Block *body = &entry.getBody().emplaceBlock();
  for (Type input : inputs) {
    body->addArgument(input, loc);
  }
  builder.setInsertionPointToEnd(body);
  return entry;
}

/// nll[i] = ln(sum_j exp(x_ij - max_i)) - (x_i,target - max_i), exponentials and logarithm to base 2 inside.
void addScore(OpBuilder &builder, ModuleOp module, int64_t vocabulary, int64_t chunk) {
  Type f32 = builder.getF32Type();
  auto logitsType = RankedTensorType::get({ShapedType::kDynamic, vocabulary}, f32);
  auto targetsType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  auto nllType = RankedTensorType::get({ShapedType::kDynamic}, f32);
  auto entry = startEntry(builder, module, "score", {logitsType, targetsType}, nllType,
                          {"logits", "targets", "nll"}, chunk);
  TensorBuilder t(builder);
  t.setId("score/max");
  Value rows = model::SizeOp::create(builder, t.location(), builder.getIndexType(), "outputs");
  Value logits = entry.getArgument(0), targets = entry.getArgument(1);
  Value largest = t.reduceRows("max", logits, rows);
  t.setId("score/sum");
  AffineExpr m, n;
  bindDims(builder.getContext(), m, n);
  AffineMap perRow = AffineMap::get(2, 0, m);
  Value powers = t.elementwise(
      {logits, largest}, {builder.getMultiDimIdentityMap(2), perRow},
      t.empty(logitsType.getShape(), f32, rows), [&](OpBuilder &b, Location at, ValueRange a) -> Value {
        Value shifted = arith::SubFOp::create(b, at, a[0], a[1]);
        Value scaled = arith::MulFOp::create(b, at, shifted, TensorBuilder::f32(b, at, kLog2e));
        return math::Exp2Op::create(b, at, scaled);
      });
  Value sums = t.reduceRows("sum", powers, rows);
  t.setId("score/nll");
  Value nll =
      t.elementwise({sums, largest, targets}, {}, t.empty({ShapedType::kDynamic}, f32, rows),
                    [&](OpBuilder &b, Location at, ValueRange a) -> Value {
                      Value row = linalg::IndexOp::create(b, at, 0);
                      Value column = arith::IndexCastOp::create(b, at, b.getIndexType(), a[2]);
                      Value target = tensor::ExtractOp::create(b, at, logits, ValueRange{row, column});
                      Value log = math::Log2Op::create(b, at, a[0]);
                      Value natural = arith::MulFOp::create(b, at, log, TensorBuilder::f32(b, at, kLn2));
                      Value shifted = arith::SubFOp::create(b, at, target, a[1]);
                      return arith::SubFOp::create(b, at, natural, shifted);
                    });
  model::ReturnOp::create(builder, t.location(), nll);
}

/// The token: at temperature 0 the first of the largest logits; else the first i whose running sum of
/// exp((x_j - max) / temperature), j <= i, exceeds random times the whole sum, all sums in ascending order.
void addSample(OpBuilder &builder, ModuleOp module, int64_t vocabulary) {
  Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
  auto logitsType = RankedTensorType::get({1, vocabulary}, f32);
  auto scalarType = RankedTensorType::get({1}, f32);
  auto tokenType = RankedTensorType::get({1}, i32);
  auto entry = startEntry(builder, module, "sample", {logitsType, scalarType, scalarType}, tokenType,
                          {"logits", "temperature", "random", "token"}, 0);
  Location loc = entry.getLoc();
  Value init = tensor::EmptyOp::create(builder, loc, tokenType, ValueRange());
  // One kernel of one work item, written as loops: a walk over the vocabulary is no structured op.
  auto kernel = schedule::KernelOp::create(builder, loc, "sample", entry.getArguments(), init);
  model::ReturnOp::create(builder, loc, kernel.getResults());
  Block *body = &kernel.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value logits = body->getArgument(0);
  auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };
  auto real = [&](float value) { return TensorBuilder::f32(builder, loc, value); };
  Value zero = index(0), one = index(1), end = index(vocabulary);
  auto at = [&](OpBuilder &b, Value i) -> Value {
    return tensor::ExtractOp::create(b, loc, logits, ValueRange{zero, i});
  };

  // The first largest logit; NaNs never win.
  auto largest = scf::ForOp::create(builder, loc, zero, end, one, ValueRange{real(-INFINITY), zero},
                                    [&](OpBuilder &b, Location, Value i, ValueRange carried) {
                                      Value x = at(b, i);
                                      Value better = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                                                           x, carried[0]);
                                      Value best = arith::SelectOp::create(b, loc, better, x, carried[0]);
                                      Value where = arith::SelectOp::create(b, loc, better, i, carried[1]);
                                      scf::YieldOp::create(b, loc, ValueRange{best, where});
                                    });
  Value temperature = tensor::ExtractOp::create(builder, loc, body->getArgument(1), ValueRange{zero});
  Value random = tensor::ExtractOp::create(builder, loc, body->getArgument(2), ValueRange{zero});
  Value greedy = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLE, temperature, real(0.0f));
  auto power = [&](OpBuilder &b, Value i) -> Value {
    Value shifted = arith::SubFOp::create(b, loc, at(b, i), largest.getResult(0));
    Value cooled = arith::DivFOp::create(b, loc, shifted, temperature);
    Value scaled = arith::MulFOp::create(b, loc, cooled, TensorBuilder::f32(b, loc, kLog2e));
    return math::Exp2Op::create(b, loc, scaled);
  };
  auto choice = scf::IfOp::create(
      builder, loc, greedy,
      [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, largest.getResult(1)); },
      [&](OpBuilder &b, Location) {
        auto total = scf::ForOp::create(b, loc, zero, end, one, ValueRange{real(0.0f)},
                                        [&](OpBuilder &n, Location, Value i, ValueRange carried) {
                                          Value sum = arith::AddFOp::create(n, loc, carried[0], power(n, i));
                                          scf::YieldOp::create(n, loc, sum);
                                        });
        Value threshold = arith::MulFOp::create(b, loc, random, total.getResult(0));
        // The running sum and the first index behind the threshold; the most likely token if rounding leaves
        // none.
        Value none = arith::ConstantIndexOp::create(b, loc, -1);
        auto walk = scf::ForOp::create(
            b, loc, zero, end, one, ValueRange{real(0.0f), none},
            [&](OpBuilder &n, Location, Value i, ValueRange carried) {
              Value sum = arith::AddFOp::create(n, loc, carried[0], power(n, i));
              Value beyond = arith::CmpFOp::create(n, loc, arith::CmpFPredicate::OGT, sum, threshold);
              Value open = arith::CmpIOp::create(n, loc, arith::CmpIPredicate::slt, carried[1], zero);
              Value take = arith::AndIOp::create(n, loc, beyond, open);
              Value chosen = arith::SelectOp::create(n, loc, take, i, carried[1]);
              scf::YieldOp::create(n, loc, ValueRange{sum, chosen});
            });
        Value missing = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, walk.getResult(1), zero);
        Value drawn = arith::SelectOp::create(b, loc, missing, largest.getResult(1), walk.getResult(1));
        scf::YieldOp::create(b, loc, drawn);
      });
  Value token = arith::IndexCastOp::create(builder, loc, i32, choice.getResult(0));
  Value result = tensor::InsertOp::create(builder, loc, token, body->getArgument(3), ValueRange{zero});
  schedule::YieldOp::create(builder, loc, result);
}

} // namespace

void coopt::import::addSamplingEntries(ModuleOp module, int64_t vocabulary, int64_t chunk) {
  OpBuilder builder(module.getContext());
  addScore(builder, module, vocabulary, chunk);
  addSample(builder, module, vocabulary);
}
