#include "coopt/Import/MlirFunctions.h"

#include "AdaptSignature.h"
#include "CheckFunctions.h"
#include "NormalizeFunctions.h"

#include "dialects/Attention/IR/Attention.h"
#include "dialects/Model/IR/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

using namespace mlir;
using namespace coopt;

namespace {

constexpr int64_t kDefaultBound = 65536;

/// The names of a value's dynamic extents: those given, or defaults for arguments.
FailureOr<Attribute> dimNames(func::FuncOp function, Type type, DictionaryAttr attributes, StringRef value,
                              bool isResult) {
  Builder builder(function.getContext());
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor) {
    if (isa<attention::StateType>(type)) {
      return Attribute(builder.getArrayAttr({}));
    }
    return function.emitError("expected ranked tensors, got ") << type << " for " << value;
  }
  auto given = attributes ? attributes.getAs<ArrayAttr>("coopt.dims") : ArrayAttr();
  if (given) {
    if (given.size() != static_cast<size_t>(tensor.getNumDynamicDims()) ||
        !llvm::all_of(given, [](Attribute name) { return isa<StringAttr>(name); })) {
      return function.emitError("expected ")
             << tensor.getNumDynamicDims() << " names in coopt.dims of " << value;
    }
    return Attribute(given);
  }
  if (isResult && !tensor.hasStaticShape()) {
    return function.emitError() << value << " has dynamic extents: name them with coopt.dims = [..]";
  }
  SmallVector<Attribute> names;
  for (int64_t d = 0; d < tensor.getRank(); ++d) {
    if (tensor.isDynamicDim(d)) {
      names.push_back(builder.getStringAttr(value + "." + Twine(d)));
    }
  }
  return Attribute(builder.getArrayAttr(names));
}

func::FuncOp calleeOf(func::CallOp call) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
}

/// Whether calls lead from `function` back to it.
bool isRecursive(func::FuncOp function) {
  SmallVector<func::FuncOp> open = {function};
  llvm::SmallPtrSet<Operation *, 8> seen;
  bool isFound = false;
  while (!open.empty() && !isFound) {
    open.pop_back_val().walk([&](func::CallOp call) {
      func::FuncOp callee = calleeOf(call);
      isFound |= callee == function;
      if (callee && seen.insert(callee).second) {
        open.push_back(callee);
      }
    });
  }
  return isFound;
}

/// An entry point holds all that it computes.
LogicalResult refuseCalls(func::FuncOp function) {
  WalkResult walked = function.walk([&](func::CallOp call) {
    func::FuncOp callee = calleeOf(call);
    if (callee && isRecursive(callee)) {
      call.emitError("function @") << call.getCallee()
                                   << " calls itself: expected no recursion, a package has no call stack";
    } else {
      call.emitError("calls function @")
          << call.getCallee()
          << ": expected an entry point to hold all it computes; coopt-opt --inline puts private functions "
             "into their callers";
    }
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult importFunction(func::FuncOp function) {
  OpBuilder builder(function);
  SmallVector<Attribute> argumentDims, resultDims;
  std::map<std::string, model::SizeAttr> sizes;
  SmallVector<Attribute> orderedSizes;
  if (auto given = function->getAttrOfType<ArrayAttr>("coopt.sizes")) {
    for (Attribute attribute : given) {
      auto size = dyn_cast<model::SizeAttr>(attribute);
      if (!size) {
        return function.emitError("expected #model.size attributes in coopt.sizes, got ") << attribute;
      }
      sizes[size.getName().str()] = size;
      orderedSizes.push_back(size);
    }
  }
  auto declare = [&](Attribute names) {
    for (auto name : cast<ArrayAttr>(names).getAsRange<StringAttr>()) {
      if (!sizes.count(name.str())) {
        auto size = model::SizeAttr::get(function.getContext(), name.getValue(), 0, kDefaultBound, 1);
        sizes[name.str()] = size;
        orderedSizes.push_back(size);
      }
    }
  };
  auto nameOf = [](DictionaryAttr attributes, StringRef kind, size_t index) {
    auto name = attributes ? attributes.getAs<StringAttr>("coopt.name") : StringAttr();
    return name ? name.str() : (kind + Twine(index)).str();
  };
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    DictionaryAttr attributes = function.getArgAttrDict(index);
    auto names = dimNames(function, type, attributes, nameOf(attributes, "arg", index), false);
    if (failed(names)) {
      return failure();
    }
    declare(*names);
    argumentDims.push_back(*names);
  }
  for (auto [index, type] : llvm::enumerate(function.getResultTypes())) {
    DictionaryAttr attributes = function.getResultAttrDict(index);
    auto names = dimNames(function, type, attributes, nameOf(attributes, "result", index), true);
    if (failed(names)) {
      return failure();
    }
    declare(*names);
    resultDims.push_back(*names);
  }
  auto keepName = [&](DictionaryAttr attributes) {
    auto name = attributes ? attributes.getAs<StringAttr>("coopt.name") : StringAttr();
    return name ? builder.getDictionaryAttr(builder.getNamedAttr("coopt.name", name))
                : builder.getDictionaryAttr({});
  };
  SmallVector<Attribute> argumentAttributes, resultAttributes;
  for (size_t i = 0; i < function.getNumArguments(); ++i) {
    argumentAttributes.push_back(keepName(function.getArgAttrDict(i)));
  }
  for (size_t i = 0; i < function.getNumResults(); ++i) {
    resultAttributes.push_back(keepName(function.getResultAttrDict(i)));
  }
  auto entry = model::EntryOp::create(builder, function.getLoc(), function.getSymName(),
                                      function.getFunctionType(), builder.getArrayAttr(orderedSizes),
                                      builder.getArrayAttr(argumentDims), builder.getArrayAttr(resultDims),
                                      StringAttr(), builder.getArrayAttr(argumentAttributes),
                                      builder.getArrayAttr(resultAttributes));
  entry.getBody().takeBody(function.getBody());
  auto terminator = cast<func::ReturnOp>(entry.getBody().front().getTerminator());
  builder.setInsertionPoint(terminator);
  model::ReturnOp::create(builder, terminator.getLoc(), terminator.getOperands());
  terminator.erase();
  function.erase();
  return success();
}

} // namespace

LogicalResult coopt::import::importFunctions(ModuleOp module) {
  if (!module.getOps<model::EntryOp>().empty()) {
    for (auto entry : module.getOps<model::EntryOp>()) {
      if (failed(checkDialects(entry))) {
        return failure();
      }
    }
    return success();
  }
  // All before the first is replaced: a call may go to any of them.
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPublic() && failed(refuseCalls(function))) {
      return failure();
    }
  }
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (function.isPrivate()) {
      continue;
    }
    if (function.isExternal() || !llvm::hasSingleElement(function.getBody())) {
      return function.emitError("expected a body of one block (structured control flow)");
    }
    if (function.getNumResults() == 0) {
      return function.emitError("expected at least one result, a ranked tensor");
    }
    if (failed(checkDialects(function)) || failed(adaptSignature(function)) ||
        failed(normalizeFunction(function)) || failed(checkFunction(function)) ||
        failed(importFunction(function))) {
      return failure();
    }
  }
  if (module.getOps<model::EntryOp>().empty()) {
    return module.emitError("holds no function to compile: expected a public func.func or a model.entry");
  }
  return success();
}
