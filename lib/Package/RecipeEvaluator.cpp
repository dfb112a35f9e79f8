#include "coopt/Package/RecipeEvaluator.h"

#include "RecipePlanner.h"
#include "RecipeStream.h"

#include <thread>

using namespace coopt;
using namespace coopt::package;

struct RecipeEvaluator::Plan {
  ParameterNodes nodes;
  RecipeOptions options;
};

Expected<RecipeEvaluator> RecipeEvaluator::create(mlir::ModuleOp module, const std::string &rootDirectory,
                                                  const RecipeOptions &options) {
  auto plan = std::make_shared<Plan>();
  plan->options = options;
  if (options.threads == 0) {
    plan->options.threads = std::max(1u, std::thread::hardware_concurrency());
  }
  Expected<ParameterNodes> nodes = planParameters(module, rootDirectory, plan->options.threads);
  if (!nodes) {
    return forward(nodes.error());
  }
  plan->nodes = std::move(*nodes);
  RecipeEvaluator evaluator;
  evaluator.plan = std::move(plan);
  return evaluator;
}

static Expected<recipe::NodeRef> find(const ParameterNodes &nodes, const std::string &parameter) {
  auto it = nodes.find(parameter);
  if (it == nodes.end()) {
    return fail("no parameter '" + parameter + "'");
  }
  if (!it->second) {
    return fail("parameter '" + parameter + "' has no origin and no recipe defines it");
  }
  return it->second;
}

Expected<uint64_t> RecipeEvaluator::size(const std::string &parameter) const {
  Expected<recipe::NodeRef> node = find(plan->nodes, parameter);
  if (!node) {
    return forward(node.error());
  }
  return (*node)->shape().bytes();
}

Status RecipeEvaluator::write(const std::string &parameter, const ByteSink &sink) const {
  Expected<recipe::NodeRef> node = find(plan->nodes, parameter);
  if (!node) {
    return forward(node.error());
  }
  Status written = recipe::stream(**node, plan->options.threads, plan->options.blockBytes, sink);
  if (!written) {
    return forward(written.error(), "parameter '" + parameter + "'");
  }
  return {};
}
