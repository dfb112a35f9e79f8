#include "SplitExperts.h"

#include "ExpertSchemes.h"

#include "dialects/Model/IR/OpId.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace coopt;
using model::idOf;

namespace {

/// "a/b/c" and "x" make "a/b/x/c".
std::string withPart(StringRef id, StringRef part) {
  const size_t last = id.rfind('/');
  return last == StringRef::npos ? (part + "/" + id).str()
                                 : (id.take_front(last) + "/" + part + id.drop_front(last)).str();
}

/// Experts that are stored alike.
struct ExpertClass {
  SmallVector<int64_t> experts; ///< ascending
  std::string name;             ///< "class.0"
  Value segments;
  model::ParameterOp places;
};

class ExpertSplitter {
public:
  ExpertSplitter(ModuleOp module, SchemePlan &plan, const CompressOptions &options)
      : module(module), plan(plan), options(options), symbols(module), builder(module.getContext()) {}
  LogicalResult run();

private:
  std::vector<ExpertClass> classesOf(ExpertLayer &layer);
  std::string describe(ExpertLayer &layer, int64_t expert);
  LogicalResult split(ExpertLayer &layer, std::vector<ExpertClass> &classes);
  FailureOr<SmallVector<Operation *>> membersOf(ExpertLayer &layer);
  void cloneClass(ExpertLayer &layer, ArrayRef<Operation *> members, ExpertClass &one,
                  DenseMap<Operation *, Value> &results);
  model::ParameterOp define(model::ParameterOp like, const std::string &name, RankedTensorType type,
                            llvm::function_ref<Value()> value);
  model::ParameterOp placesOf(ExpertLayer &layer, const ExpertClass &one);
  model::ParameterOp weightsOf(moe::ContractOp op, const ExpertClass &one);
  void splitGuesses(ExpertLayer &layer, ArrayRef<ExpertClass> classes);
  Value load(Location loc, model::ParameterOp parameter) {
    return model::LoadOp::create(builder, loc, parameter.getTensorType(),
                                 FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
  }
  void dropUnread(ArrayRef<StringAttr> names);

  ModuleOp module;
  SchemePlan &plan;
  const CompressOptions &options;
  SymbolTable symbols;
  OpBuilder builder;
};

} // namespace

std::vector<ExpertClass> ExpertSplitter::classesOf(ExpertLayer &layer) {
  std::vector<ExpertClass> classes;
  for (int64_t expert = 0; expert < layer.experts; ++expert) {
    auto isAlike = [&](const ExpertClass &other) {
      return llvm::all_of(layer.schemes, [&](const std::vector<NamedScheme> &schemes) {
        return schemes[static_cast<size_t>(expert)].scheme ==
               schemes[static_cast<size_t>(other.experts.front())].scheme;
      });
    };
    auto known = llvm::find_if(classes, isAlike);
    if (known == classes.end()) {
      known = classes.insert(known, ExpertClass());
      known->name = "class." + std::to_string(classes.size() - 1);
    }
    known->experts.push_back(expert);
  }
  return classes;
}

/// "w8a8", or "gate_proj w8a8, down_proj nf4" where contractions differ.
std::string ExpertSplitter::describe(ExpertLayer &layer, int64_t expert) {
  auto nameOf = [&](size_t i) { return layer.schemes[i][static_cast<size_t>(expert)].name; };
  std::string all;
  bool isUniform = true;
  for (size_t i = 0; i < layer.contractions.size(); ++i) {
    isUniform &= nameOf(i) == nameOf(0);
    all += (all.empty() ? "" : ", ") + StringRef(idOf(layer.contractions[i].op)).rsplit('/').second.str() +
           " " + nameOf(i);
  }
  return isUniform ? nameOf(0) : all;
}

//===----------------------------------------------------------------------===//
// Splitting
//===----------------------------------------------------------------------===//

/// Whether each row of the op's result depends on the same row of `inputs` alone.
static bool isRowByRow(Operation *op, function_ref<bool(Value)> isInput) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || !linalgOp.hasPureTensorSemantics() || op->getNumResults() != 1 ||
      linalgOp.getNumParallelLoops() != linalgOp.getNumLoops() || linalgOp.getNumLoops() == 0) {
    return false;
  }
  AffineExpr row = getAffineDimExpr(0, op->getContext());
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
    return (!linalgOp.isDpsInit(&operand) && !isInput(operand.get())) ||
           (map.getNumResults() > 0 && map.getResult(0) == row);
  });
}

/// The layer's contractions and the ops that lead from one to another, in their order.
FailureOr<SmallVector<Operation *>> ExpertSplitter::membersOf(ExpertLayer &layer) {
  Operation *first = layer.contractions.front().op;
  Block *block = first->getBlock();
  llvm::SmallPtrSet<Operation *, 8> contractions, behind, members;
  for (WeightContraction &contraction : layer.contractions) {
    contractions.insert(contraction.op);
  }
  for (Operation &op : *block) {
    if (contractions.contains(&op) || llvm::any_of(op.getOperands(), [&](Value operand) {
          return operand.getDefiningOp() && behind.contains(operand.getDefiningOp());
        })) {
      behind.insert(&op);
    }
  }
  SmallVector<Operation *> ordered;
  for (Operation &op : llvm::reverse(*block)) {
    const bool leadsOn = llvm::any_of(op.getUsers(), [&](Operation *user) { return members.contains(user); });
    if (contractions.contains(&op) || (behind.contains(&op) && leadsOn)) {
      members.insert(&op);
      ordered.push_back(&op);
    }
  }
  std::reverse(ordered.begin(), ordered.end());
  auto isInside = [&](Value value) {
    return value.getDefiningOp() && members.contains(value.getDefiningOp());
  };
  for (Operation *op : ordered) {
    const bool isContraction = contractions.contains(op);
    for (Operation *user : op->getUsers()) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      const bool isLate = ancestor && ordered.back()->isBeforeInBlock(ancestor);
      if (!members.contains(user) && !(isContraction && isLate)) {
        return op->emitError(
            "experts of one layer can't be stored in different formats where ops between their "
            "contractions are read by others");
      }
    }
    if (!isContraction && !isRowByRow(op, isInside)) {
      return op->emitError(
                 "experts of one layer can't be stored in different formats: expected element-wise ops "
                 "between their contractions, got ")
             << op->getName();
    }
  }
  return ordered;
}

model::ParameterOp ExpertSplitter::define(model::ParameterOp like, const std::string &name,
                                          RankedTensorType type, llvm::function_ref<Value()> value) {
  if (auto known = symbols.lookup<model::ParameterOp>(name)) {
    return known;
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(like);
  auto parameter = model::ParameterOp::create(builder, like.getLoc(), name, type, /*origin=*/Attribute());
  symbols.insert(parameter, Block::iterator(parameter));
  auto recipe =
      model::RecipeOp::create(builder, like.getLoc(), name + ".recipe",
                              builder.getArrayAttr(FlatSymbolRefAttr::get(parameter.getSymNameAttr())));
  symbols.insert(recipe, Block::iterator(recipe));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value made = value();
  model::YieldOp::create(builder, like.getLoc(), made);
  return parameter;
}

model::ParameterOp ExpertSplitter::placesOf(ExpertLayer &layer, const ExpertClass &one) {
  auto first = symbols.lookup<model::ParameterOp>(layer.contractions.front().weight.getParameter());
  SmallVector<int32_t> places(static_cast<size_t>(layer.experts), -1);
  for (auto [place, expert] : llvm::enumerate(one.experts)) {
    places[static_cast<size_t>(expert)] = static_cast<int32_t>(place);
  }
  auto type = RankedTensorType::get({layer.experts}, builder.getI32Type());
  return define(first, layer.prefix + "/" + one.name + "/places", type, [&]() -> Value {
    return arith::ConstantOp::create(builder, first.getLoc(), type,
                                     DenseElementsAttr::get(type, ArrayRef<int32_t>(places)));
  });
}

/// The tensor.concat of rows that a parameter's recipe is; null if it is something else.
static tensor::ConcatOp concatOf(ModuleOp module, StringAttr parameter) {
  for (auto recipe : module.getOps<model::RecipeOp>()) {
    ArrayAttr defines = recipe.getDefines();
    if (defines.size() == 1 && cast<FlatSymbolRefAttr>(defines[0]).getAttr() == parameter) {
      auto concat = recipe.getBody().front().getTerminator()->getOperand(0).getDefiningOp<tensor::ConcatOp>();
      return concat && concat.getDim() == 0 ? concat : tensor::ConcatOp();
    }
  }
  return nullptr;
}

/// The inputs of `concat` that make up rows [begin, end); empty if one of them reaches beyond.
static SmallVector<Value> inputsOfRows(tensor::ConcatOp concat, int64_t begin, int64_t end) {
  SmallVector<Value> inputs;
  int64_t at = 0;
  for (Value input : concat.getInputs()) {
    const int64_t next = at + cast<RankedTensorType>(input.getType()).getDimSize(0);
    if (at < end && next > begin) {
      if (at < begin || next > end) {
        return {};
      }
      inputs.push_back(input);
    }
    at = next;
  }
  return inputs;
}

model::ParameterOp ExpertSplitter::weightsOf(moe::ContractOp op, const ExpertClass &one) {
  auto whole = symbols.lookup<model::ParameterOp>(op.getW().getDefiningOp<model::LoadOp>().getParameter());
  const auto stride = static_cast<int64_t>(op.getStride());
  const int64_t columns = whole.getTensorType().getDimSize(1);
  auto type = whole.getTensorType().clone({stride * static_cast<int64_t>(one.experts.size()), columns});
  return define(whole, (whole.getSymName() + "." + one.name).str(), type, [&]() -> Value {
    Location loc = whole.getLoc();
    tensor::ConcatOp concat = concatOf(module, whole.getSymNameAttr());
    IRMapping map;
    std::function<Value(Value)> copy = [&](Value value) -> Value {
      if (!map.contains(value)) {
        Operation *def = value.getDefiningOp();
        llvm::for_each(def->getOperands(), copy);
        builder.clone(*def, map);
      }
      return map.lookup(value);
    };
    Value all;
    SmallVector<Value> parts;
    for (int64_t expert : one.experts) {
      SmallVector<Value> inputs;
      if (concat) {
        inputs = inputsOfRows(concat, expert * stride, (expert + 1) * stride);
      }
      for (Value input : inputs) {
        parts.push_back(copy(input));
      }
      if (inputs.empty()) {
        all = all ? all : load(loc, whole);
        SmallVector<OpFoldResult> offsets = {builder.getIndexAttr(expert * stride), builder.getIndexAttr(0)},
                                  sizes = {builder.getIndexAttr(stride), builder.getIndexAttr(columns)},
                                  strides(2, builder.getIndexAttr(1));
        parts.push_back(tensor::ExtractSliceOp::create(builder, loc, all, offsets, sizes, strides));
      }
    }
    return tensor::ConcatOp::create(builder, loc, type, /*dim=*/0, parts);
  });
}

void ExpertSplitter::cloneClass(ExpertLayer &layer, ArrayRef<Operation *> members, ExpertClass &one,
                                DenseMap<Operation *, Value> &results) {
  Location loc = layer.contractions.front().op->getLoc();
  one.places = placesOf(layer, one);
  Value segments = tensor::getMixedSize(builder, loc, layer.segments, 0).dyn_cast<Value>();
  auto type = cast<RankedTensorType>(layer.segments.getType());
  const auto count = static_cast<int64_t>(one.experts.size());
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<Value> sizes;
  if (segments) {
    Value most = arith::ConstantIndexOp::create(builder, loc, count);
    sizes.push_back(arith::MinSIOp::create(builder, loc, segments, most));
  } else {
    shape[0] = std::min(shape[0], count);
  }
  Value init = tensor::EmptyOp::create(builder, loc, shape, type.getElementType(), sizes);
  auto restricted =
      moe::RestrictOp::create(builder, loc, init.getType(), layer.segments, load(loc, one.places), init);
  model::setId(restricted, layer.prefix + "/" + one.name + "/segments");
  one.segments = restricted->getResult(0);

  IRMapping map;
  for (Operation *op : members) {
    Operation *clone = nullptr;
    if (auto contract = dyn_cast<moe::ContractOp>(op)) {
      Value weights = load(loc, weightsOf(contract, one));
      auto own = cast<moe::ContractOp>(clone = builder.clone(*op, map));
      own.getSegmentsMutable().assign(one.segments);
      own.getInputsMutable()[1].set(weights);
      if (auto before = results.find(op); before != results.end()) {
        own.getInitMutable().assign(before->second);
      }
      results[op] = own->getResult(0);
    } else {
      clone = builder.clone(*op, map);
    }
    if (std::string id = idOf(op); !id.empty()) {
      model::setId(clone, withPart(id, one.name));
    }
  }
}

LogicalResult ExpertSplitter::split(ExpertLayer &layer, std::vector<ExpertClass> &classes) {
  FailureOr<SmallVector<Operation *>> members = membersOf(layer);
  if (failed(members)) {
    return failure();
  }
  builder.setInsertionPoint(members->back());
  llvm::SmallPtrSet<Operation *, 8> inside(members->begin(), members->end());
  auto isRead = [&](Operation *op) {
    return llvm::any_of(op->getUsers(), [&](Operation *user) { return !inside.contains(user); });
  };
  DenseMap<Operation *, Value> results; // of the contractions that others read
  for (ExpertClass &one : classes) {
    cloneClass(layer, *members, one, results);
    for (Operation *op : *members) {
      if (!isRead(op)) {
        results.erase(op);
      }
    }
    std::string list;
    for (int64_t expert : one.experts) {
      list += (list.empty() ? "" : ", ") + std::to_string(expert);
    }
    const std::string storage = describe(layer, one.experts.front());
    remark::passed(layer.contractions.front().op->getLoc(),
                   remark::RemarkOpts::name("ExpertClass").category("compress"))
        << remark::metric("Op", layer.prefix + "/" + one.name) << remark::metric("Storage", storage)
        << remark::metric("Experts", list);
    if (options.report) {
      options.report(layer.prefix + "/" + one.name + ": " + storage + ", experts " + list);
    }
  }
  splitGuesses(layer, classes);
  SmallVector<StringAttr> weights;
  for (auto [i, contraction] : llvm::enumerate(layer.contractions)) {
    weights.push_back(contraction.weight.getParameterAttr().getAttr());
    const std::string id = idOf(contraction.op);
    for (const ExpertClass &one : classes) {
      plan.decide(withPart(id, one.name), layer.schemes[i][static_cast<size_t>(one.experts.front())].scheme,
                  id);
    }
  }
  for (Operation *op : llvm::reverse(*members)) {
    if (auto result = results.find(op); result != results.end()) {
      op->getResult(0).replaceAllUsesWith(result->second);
    }
    op->erase();
  }
  for (WeightContraction &contraction : layer.contractions) {
    if (contraction.weight->use_empty()) {
      contraction.weight.erase();
    }
  }
  dropUnread(weights);
  return success();
}

/// Guesses of the layer's experts become those of places in the classes.
void ExpertSplitter::splitGuesses(ExpertLayer &layer, ArrayRef<ExpertClass> classes) {
  SmallVector<moe::PrefetchOp> prefetches;
  layer.contractions.front().op->getParentOfType<model::EntryOp>().walk(
      [&](moe::PrefetchOp op) { prefetches.push_back(op); });
  OpBuilder::InsertionGuard guard(builder);
  for (moe::PrefetchOp prefetch : prefetches) {
    SmallVector<Value> guesses;
    SmallVector<Attribute> of;
    Location loc = prefetch.getLoc();
    builder.setInsertionPoint(prefetch);
    for (auto [experts, name] :
         llvm::zip_equal(prefetch.getExperts(), prefetch.getOf().getAsRange<StringAttr>())) {
      if (name.getValue() != layer.prefix + "/") {
        guesses.push_back(experts);
        of.push_back(name);
        continue;
      }
      auto type = cast<RankedTensorType>(experts.getType());
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, experts);
      SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(static_cast<unsigned>(type.getRank())));
      SmallVector<utils::IteratorType> loops(static_cast<size_t>(type.getRank()),
                                             utils::IteratorType::parallel);
      for (const ExpertClass &one : classes) {
        Value places = load(loc, one.places);
        Value init = tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
        auto looked = linalg::GenericOp::create(
            builder, loc, init.getType(), experts, init, maps, loops,
            [&](OpBuilder &nested, Location at, ValueRange args) {
              Value last = arith::ConstantIndexOp::create(nested, at, layer.experts - 1);
              Value expert = arith::IndexCastOp::create(nested, at, nested.getIndexType(), args[0]);
              expert = arith::MinUIOp::create(nested, at, expert, last);
              Value place = tensor::ExtractOp::create(nested, at, places, expert);
              linalg::YieldOp::create(nested, at, place);
            });
        if (Operation *route = experts.getDefiningOp()) {
          model::setDerivedId(looked, route, one.name);
        }
        guesses.push_back(looked->getResult(0));
        of.push_back(builder.getStringAttr(layer.prefix + "/" + one.name + "/"));
      }
    }
    moe::PrefetchOp::create(builder, loc, guesses, builder.getArrayAttr(of));
    prefetch.erase();
  }
}

/// Removes parameters that nothing loads any more, with the recipes that define them alone.
void ExpertSplitter::dropUnread(ArrayRef<StringAttr> names) {
  llvm::SmallDenseSet<StringAttr> loaded;
  module.walk([&](model::LoadOp load) { loaded.insert(load.getParameterAttr().getAttr()); });
  for (auto recipe : llvm::make_early_inc_range(module.getOps<model::RecipeOp>())) {
    if (recipe.getDefines().size() != 1) {
      continue;
    }
    StringAttr name = cast<FlatSymbolRefAttr>(recipe.getDefines()[0]).getAttr();
    if (llvm::is_contained(names, name) && !loaded.contains(name)) {
      symbols.erase(recipe);
      symbols.erase(symbols.lookup(name));
    }
  }
}

LogicalResult ExpertSplitter::run() {
  std::vector<ExpertLayer> layers = collectExpertLayers(module);
  if (failed(chooseExpertSchemes(module, layers, plan, options))) {
    return failure();
  }
  for (ExpertLayer &layer : layers) {
    std::vector<ExpertClass> classes = classesOf(layer);
    if (classes.size() > 1) {
      if (failed(split(layer, classes))) {
        return failure();
      }
      continue;
    }
    for (auto [contraction, schemes] : llvm::zip_equal(layer.contractions, layer.schemes)) {
      const std::string id = idOf(contraction.op);
      plan.decide(id, schemes.front().scheme, id);
    }
  }
  return success();
}

LogicalResult coopt::splitExperts(ModuleOp module, SchemePlan &plan, const CompressOptions &options) {
  return ExpertSplitter(module, plan, options).run();
}
