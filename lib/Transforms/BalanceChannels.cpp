#include "BalanceChannels.h"

#include "CompressMatch.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Model/IR/OpId.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace coopt;
using model::idOf;

namespace {

/// What happens to a parameter: factors that its columns are multiplied with, and factors that its rows (or elements) are
/// divided by.
struct Change {
  model::ParameterOp columns, rows;
};

class Balancer {
public:
  Balancer(ModuleOp module, llvm::function_ref<quantized::SchemeAttr(StringRef)> schemeOf, bool clip)
      : module(module), symbols(module), builder(module.getContext()), schemeOf(schemeOf), clip(clip) {
    module.walk([&](model::LoadOp load) {
      for (OpOperand &use : load->getUses()) {
        (void)use;
        ++reads[load.getParameterAttr().getAttr()];
      }
    });
  }
  void run();

private:
  using Group = SmallVector<WeightContraction>;
  void collect(model::EntryOp entry);
  /// "" and the parameter that divides x, or why there is none.
  std::string findDivided(Value x, model::ParameterOp &divided);
  std::string check(Value x, const Group &group, quantized::SchemeAttr &scheme);
  model::ParameterOp defineScales(const Group &group, quantized::SchemeAttr scheme);
  void applyChanges();

  /// The parameter of a load that is the only reader of it.
  model::ParameterOp soleParameter(Value loaded) {
    auto load = loaded.getDefiningOp<model::LoadOp>();
    return load && reads.lookup(load.getParameterAttr().getAttr()) == 1
               ? symbols.lookup<model::ParameterOp>(load.getParameter())
               : model::ParameterOp();
  }
  /// The weight of the contraction that `value` is the result of, if both are read once.
  model::ParameterOp weightBehind(Value value) {
    auto found = contractions.find(value.getDefiningOp());
    return found != contractions.end() && value.hasOneUse() ? soleParameter(found->second.weight.getResult())
                                                            : model::ParameterOp();
  }

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  llvm::function_ref<quantized::SchemeAttr(StringRef)> schemeOf;
  bool clip;
  DenseMap<StringAttr, unsigned> reads; ///< uses of the parameter's loads, in the whole module
  llvm::MapVector<Operation *, WeightContraction> contractions;
  llvm::MapVector<Operation *, Change> changes; ///< by model.parameter
};

bool dependsOn(Value value, Value source) {
  if (value == source) {
    return true;
  }
  Operation *def = value.getDefiningOp();
  return def && llvm::any_of(def->getOperands(), [&](Value operand) { return dependsOn(operand, source); });
}

/// Whether `value` is `source` times something that does not depend on it.
bool isProductWith(Value value, Value source) {
  if (value == source) {
    return true;
  }
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product) {
    return false;
  }
  bool left = dependsOn(product.getLhs(), source), right = dependsOn(product.getRhs(), source);
  return left != right && isProductWith(left ? product.getLhs() : product.getRhs(), source);
}

Value skipReshapes(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(def) || !value.hasOneUse()) {
      break;
    }
    value = def->getOperand(0);
  }
  return value;
}

} // namespace

void Balancer::collect(model::EntryOp entry) {
  entry.walk([&](Operation *op) {
    std::string reason;
    if (isa<moe::ContractOp>(op)) {
      return; // the experts of a layer would have to share their factors
    }
    if (std::optional<WeightContraction> found = matchWeightContraction(op, reason)) {
      contractions.insert({op, *found});
    }
  });
}

std::string Balancer::findDivided(Value x, model::ParameterOp &divided) {
  int64_t K = cast<RankedTensorType>(x.getType()).getDimSize(1);
  if (auto generic = x.getDefiningOp<linalg::GenericOp>()) {
    if (generic.getNumResults() != 1 || generic.getNumParallelLoops() != generic.getNumLoops() ||
        generic.getNumLoops() != 2 || !generic.getIndexingMapsArray().back().isIdentity()) {
      return "its inputs are computed by no element-wise op on rows";
    }
    Value yielded = generic.getBody()->getTerminator()->getOperand(0);
    AffineMap perColumn = AffineMap::get(2, 0, builder.getAffineDimExpr(1));
    for (OpOperand *input : generic.getDpsInputOperands()) {
      BlockArgument argument = generic.getMatchingBlockArgument(input);
      AffineMap map = generic.getMatchingIndexingMap(input);
      if (!isProductWith(yielded, argument)) {
        continue;
      }
      divided = map == perColumn   ? soleParameter(input->get())
                : map.isIdentity() ? weightBehind(input->get())
                                   : model::ParameterOp();
      if (divided) {
        return "";
      }
    }
    return "its inputs are no product with a parameter or a contraction's result that nothing else reads";
  }
  auto attend = skipReshapes(x).getDefiningOp<attention::AttendOp>();
  if (!attend || !attend->hasOneUse()) {
    return "its inputs are neither a product nor attention";
  }
  auto append = attend.getState().getDefiningOp<attention::AppendOp>();
  if (attend.getHeadsPerGroup() != 1 || !append || append.getLayer() != attend.getLayer()) {
    return "several query heads share the values that it attends over";
  }
  unsigned readers = 0; // of the layer's values
  attend->getParentOfType<model::EntryOp>().walk([&](Operation *op) {
    auto other = dyn_cast<attention::AttendOp>(op);
    readers += (other && other.getLayer() == attend.getLayer()) || isa<attention::ReadOp>(op);
  });
  model::ParameterOp values = weightBehind(skipReshapes(append.getValues()));
  if (readers != 1 || !values || values.getTensorType().getDimSize(0) != K) {
    return "the values that it attends over are no contraction's result that nothing else reads";
  }
  divided = values;
  return "";
}

std::string Balancer::check(Value x, const Group &group, quantized::SchemeAttr &scheme) {
  if (!llvm::hasNItems(x.getUses(), static_cast<unsigned>(group.size()))) {
    return "other ops read its inputs too";
  }
  for (WeightContraction contraction : group) {
    std::string id = idOf(contraction.op);
    quantized::SchemeAttr own = id.empty() ? quantized::SchemeAttr() : schemeOf(id);
    if (!own || own.getFormat() || (scheme && own != scheme)) {
      return "contractions with its inputs are stored in different ways, or not as integers";
    }
    scheme = own;
    if (!soleParameter(contraction.weight.getResult())) {
      return "its weight has other readers";
    }
  }
  return "";
}

/// A parameter for the factors and the recipe that finds them.
model::ParameterOp Balancer::defineScales(const Group &group, quantized::SchemeAttr scheme) {
  WeightContraction first = group.front();
  auto weight = symbols.lookup<model::ParameterOp>(first.weight.getParameter());
  Location loc = weight.getLoc();
  builder.setInsertionPointAfter(weight);
  auto type = RankedTensorType::get({weight.getTensorType().getDimSize(1)}, builder.getF32Type());
  std::string name = idOf(first.op) + ".channel_scales";
  auto scales = model::ParameterOp::create(builder, loc, name, type, /*origin=*/Attribute());
  symbols.insert(scales, Block::iterator(scales));
  auto recipe = model::RecipeOp::create(
      builder, loc, name + ".search", builder.getArrayAttr(FlatSymbolRefAttr::get(scales.getSymNameAttr())));
  symbols.insert(recipe, Block::iterator(recipe));
  OpBuilder inner = OpBuilder::atBlockEnd(recipe.getBody().empty() ? &recipe.getBody().emplaceBlock()
                                                                   : &recipe.getBody().front());
  SmallVector<Value> weights;
  for (WeightContraction contraction : group) {
    weights.push_back(model::LoadOp::create(inner, loc, contraction.weight.getType(),
                                            contraction.weight.getParameterAttr()));
  }
  auto found = quantized::ChannelScalesOp::create(inner, loc, type, weights, scheme,
                                                  builder.getStringAttr(idOf(first.op)), clip);
  model::YieldOp::create(inner, loc, found.getResult());
  return scales;
}

void Balancer::applyChanges() {
  for (auto &[op, change] : changes) {
    auto parameter = cast<model::ParameterOp>(op);
    Location loc = parameter.getLoc();
    builder.setInsertionPointAfter(parameter);
    RankedTensorType type = parameter.getTensorType();
    std::string name = parameter.getSymName().str() + ".balanced";
    auto balanced = model::ParameterOp::create(builder, loc, name, type, /*origin=*/Attribute());
    symbols.insert(balanced, Block::iterator(balanced));
    auto recipe =
        model::RecipeOp::create(builder, loc, name + ".rescale",
                                builder.getArrayAttr(FlatSymbolRefAttr::get(balanced.getSymNameAttr())));
    symbols.insert(recipe, Block::iterator(recipe));
    OpBuilder inner = OpBuilder::atBlockEnd(recipe.getBody().empty() ? &recipe.getBody().emplaceBlock()
                                                                     : &recipe.getBody().front());
    auto load = [&](model::ParameterOp of) {
      return model::LoadOp::create(inner, loc, of.getTensorType(),
                                   FlatSymbolRefAttr::get(of.getSymNameAttr()))
          .getResult();
    };
    Value value = load(parameter);
    if (change.columns) {
      value = quantized::RescaleOp::create(inner, loc, value, load(change.columns), /*dimension=*/1,
                                           /*divide=*/false);
    }
    if (change.rows) {
      value = quantized::RescaleOp::create(inner, loc, value, load(change.rows), /*dimension=*/0,
                                           /*divide=*/true);
    }
    model::YieldOp::create(inner, loc, value);
    for (auto entry : module.getOps<model::EntryOp>()) {
      entry.walk([&](model::LoadOp reader) {
        if (reader.getParameter() == parameter.getSymName()) {
          reader.setParameterAttr(FlatSymbolRefAttr::get(balanced.getSymNameAttr()));
        }
      });
    }
  }
}

void Balancer::run() {
  for (auto entry : module.getOps<model::EntryOp>()) {
    collect(entry);
  }
  llvm::MapVector<Value, Group> groups;
  for (auto &[op, contraction] : contractions) {
    groups[contraction.activation].push_back(contraction);
  }
  for (auto &[x, group] : groups) {
    std::string first = idOf(group.front().op);
    quantized::SchemeAttr scheme;
    model::ParameterOp divided;
    std::string reason = check(x, group, scheme);
    if (reason.empty()) {
      reason = findDivided(x, divided);
    }
    auto options = remark::RemarkOpts::name("BalancedChannels").category("compress");
    Location loc = group.front().op->getLoc();
    if (!reason.empty()) {
      remark::missed(loc, options) << remark::metric("Op", first) << remark::reason("{0}", reason);
      continue;
    }
    model::ParameterOp scales = defineScales(group, scheme);
    for (WeightContraction contraction : group) {
      changes[symbols.lookup(contraction.weight.getParameter())].columns = scales;
    }
    changes[divided].rows = scales;
    remark::passed(loc, options) << remark::metric("Op", first)
                                 << remark::metric("Divides", divided.getSymName().str());
  }
  applyChanges();
}

void coopt::balanceChannels(ModuleOp module, llvm::function_ref<quantized::SchemeAttr(StringRef)> schemeOf,
                            bool clip) {
  Balancer(module, schemeOf, clip).run();
}
