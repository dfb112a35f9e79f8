#include "ExpertSchemes.h"

#include "ExpertBudget.h"
#include "coopt/Support/TextTable.h"

#include "dialects/Model/IR/OpId.h"
#include "dialects/Moe/IR/Moe.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace coopt;
using model::idOf;

static std::vector<ExpertLayer> layersOf(model::EntryOp entry) {
  llvm::MapVector<Value, ExpertLayer> bySegments;
  for (auto op : entry.getBody().front().getOps<moe::ContractOp>()) {
    std::string reason;
    std::optional<WeightContraction> found = matchWeightContraction(op, reason);
    if (!found || idOf(op).empty()) {
      continue;
    }
    const int64_t experts =
        cast<RankedTensorType>(op.getW().getType()).getDimSize(0) / static_cast<int64_t>(op.getStride());
    ExpertLayer &layer = bySegments[op.getSegments()];
    if (!layer.contractions.empty() && layer.experts != experts) {
      continue; // segments of something else: decided for as a whole
    }
    layer.segments = op.getSegments();
    layer.experts = experts;
    layer.contractions.push_back(*found);
    layer.prefix = StringRef(idOf(op)).rsplit('/').first.str();
  }
  std::vector<ExpertLayer> layers;
  for (auto &[segments, layer] : bySegments) {
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<ExpertLayer> coopt::collectExpertLayers(ModuleOp module) {
  std::vector<ExpertLayer> layers;
  for (auto entry : module.getOps<model::EntryOp>()) {
    llvm::move(layersOf(entry), std::back_inserter(layers));
  }
  return layers;
}

namespace {

class SchemeChooser {
public:
  SchemeChooser(ModuleOp module, MutableArrayRef<ExpertLayer> layers, SchemePlan &plan,
                const CompressOptions &options)
      : module(module), symbols(module), layers(layers), plan(plan), options(options) {}
  LogicalResult run();

private:
  /// What a contraction has of an expert.
  struct Part {
    size_t layer, contraction;
    int64_t expert;
  };

  LogicalResult spend(size_t rule, ArrayRef<Part> parts);
  Expected<std::vector<double>> askShares(const ExpertLayer &layer);

  ModuleOp module;
  SymbolTable symbols;
  MutableArrayRef<ExpertLayer> layers;
  SchemePlan &plan;
  const CompressOptions &options;
};

} // namespace

LogicalResult SchemeChooser::run() {
  llvm::MapVector<size_t, SmallVector<Part>> budgeted; // by rule
  for (auto [number, layer] : llvm::enumerate(layers)) {
    layer.schemes.resize(layer.contractions.size());
    for (size_t i = 0; i < layer.contractions.size(); ++i) {
      const std::string id = idOf(layer.contractions[i].op);
      for (int64_t expert = 0; expert < layer.experts; ++expert) {
        std::optional<size_t> rule = plan.ruleFor(id, expert);
        if (rule && plan.budgetOf(*rule)) {
          budgeted[*rule].push_back({number, i, expert});
          layer.schemes[i].emplace_back();
        } else {
          layer.schemes[i].push_back(plan.storageOf(rule));
        }
      }
    }
  }
  for (auto &[rule, parts] : budgeted) {
    if (failed(spend(rule, parts))) {
      return failure();
    }
  }
  return success();
}

/// The part of the tokens that went to each expert.
Expected<std::vector<double>> SchemeChooser::askShares(const ExpertLayer &layer) {
  auto shares = options.knowledge.rows(idOf(layer.contractions.front().op), layer.experts);
  if (!shares) {
    return shares;
  }
  double all = 0;
  for (double count : *shares) {
    all += count;
  }
  for (double &count : *shares) {
    count = all > 0 ? count / all : 0;
  }
  return shares;
}

LogicalResult SchemeChooser::spend(size_t rule, ArrayRef<Part> parts) {
  const SchemeBudget &budget = *plan.budgetOf(rule);
  SmallVector<WeightMatrices> matrices;
  llvm::MapVector<StringAttr, size_t> numberOf;                  // of matrices, by parameter
  llvm::MapVector<std::pair<size_t, int64_t>, BudgetItem> items; // by the first matrices and the expert
  llvm::MapVector<std::pair<size_t, int64_t>, std::pair<size_t, int64_t>> keyOf; // by layer and expert
  for (const Part &part : parts) {
    const ExpertLayer &layer = layers[part.layer];
    auto op = cast<moe::ContractOp>(layer.contractions[part.contraction].op);
    auto parameter =
        symbols.lookup<model::ParameterOp>(op.getW().getDefiningOp<model::LoadOp>().getParameter());
    auto [known, isNew] = numberOf.insert({parameter.getSymNameAttr(), matrices.size()});
    if (isNew) {
      const int64_t columns = parameter.getTensorType().getDimSize(1);
      matrices.push_back({parameter, static_cast<int64_t>(op.getStride()),
                          cast<RankedTensorType>(op->getResult(0).getType()).getDimSize(1), columns});
    }
    auto key = keyOf.insert({{part.layer, part.expert}, {known->second, part.expert}}).first->second;
    BudgetItem &item = items[key];
    item.expert = part.expert;
    if (!llvm::is_contained(item.matrices, known->second)) {
      item.matrices.push_back(known->second);
    }
    if (item.share == 0) {
      item.share = 1 / static_cast<double>(layer.experts);
    }
  }
  if (options.knowledge.rows) {
    llvm::MapVector<size_t, std::vector<double>> sharesOf; // by layer
    for (auto &[place, key] : keyOf) {
      auto [known, isNew] = sharesOf.insert({place.first, {}});
      if (isNew) {
        auto shares = askShares(layers[place.first]);
        if (!shares) {
          return layers[place.first].contractions.front().op->emitError(shares.error().message);
        }
        known->second = std::move(*shares);
      }
      items[key].share = known->second[static_cast<size_t>(place.second)];
    }
  }
  SmallVector<BudgetItem> list;
  llvm::MapVector<std::pair<size_t, int64_t>, size_t> indexOf;
  for (auto &[key, item] : items) {
    indexOf[key] = list.size();
    list.push_back(item);
  }
  auto spent = spendBudget(budget, matrices, list, options.knowledge);
  if (!spent) {
    return module.emitError(spent.error().message);
  }
  for (const Part &part : parts) {
    const size_t item = indexOf[keyOf[{part.layer, part.expert}]];
    layers[part.layer].schemes[part.contraction][static_cast<size_t>(part.expert)] =
        budget.of[spent->chosen[item]];
  }
  if (options.report) {
    options.report("rule for '" + budget.pattern + "': " + formatNumber("%.4f", spent->bitsPerWeight) +
                   " bits a weight for " + std::to_string(list.size()) + " experts" +
                   (spent->gap > 0
                        ? ", up to " + std::to_string(100 * spent->gap) + " % of their loss may be avoidable"
                        : ""));
  }
  return success();
}

LogicalResult coopt::chooseExpertSchemes(ModuleOp module, MutableArrayRef<ExpertLayer> layers,
                                         SchemePlan &plan, const CompressOptions &options) {
  return SchemeChooser(module, layers, plan, options).run();
}
