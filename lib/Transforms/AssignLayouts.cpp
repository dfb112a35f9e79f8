#include "coopt/Transforms/AssignLayouts.h"

#include "coopt/Layout/Layout.h"
#include "dialects/Model/IR/Model.h"
#include "dialects/Quantized/IR/Quantized.h"
#include "dialects/Schedule/IR/Schedule.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace coopt;

namespace {

/// The weight operand of a contraction y[m,n] = sum x[m,k] w[n,k], or null.
OpOperand *weightOf(Operation *op) {
  if (auto contract = dyn_cast<quantized::ContractOp>(op)) {
    return &contract.getInputsMutable()[contract.getFirstWeightOperand()];
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 2 || linalgOp.getNumLoops() != 3 ||
      !linalg::isaContractionOpInterface(linalgOp) ||
      !llvm::all_of(op->getOperandTypes(), [](Type type) { return getElementTypeOrSelf(type).isF32(); })) {
    return nullptr;
  }
  AffineExpr m, n, k;
  bindDims(op->getContext(), m, n, k);
  SmallVector<AffineMap> wanted =
      AffineMap::inferFromExprList({ArrayRef<AffineExpr>{m, k}, {n, k}, {m, n}}, op->getContext());
  return linalgOp.getIndexingMapsArray() == wanted ? linalgOp.getDpsInputOperand(1) : nullptr;
}

/// The parameter that a kernel's operand loads, or null.
model::LoadOp loadBehind(schedule::KernelOp kernel, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &kernel.getBody().front()) {
    return nullptr;
  }
  return kernel->getOperand(argument.getArgNumber()).getDefiningOp<model::LoadOp>();
}

/// The CPU's layout for a weight of this type; nothing where the kernels read it row-major.
std::optional<layout::Layout> cpuWeightLayout(RankedTensorType type) {
  if (type.getRank() != 2 || !type.hasStaticShape()) {
    return std::nullopt;
  }
  std::vector<int64_t> sizes(type.getShape().begin(), type.getShape().end());
  Expected<layout::Layout> layout = type.getElementType().isF32() ? layout::blocked(sizes, {{0, 4}})
                                    : type.getElementType().isInteger(8)
                                        ? layout::blocked(sizes, {{1, 1}, {0, 4}})
                                        : fail("read row-major");
  return layout ? std::optional(*layout) : std::nullopt;
}

class LayoutAssigner {
public:
  explicit LayoutAssigner(ModuleOp module) : module(module), symbols(module), builder(module.getContext()) {}
  LogicalResult run();

private:
  LogicalResult repack(StringAttr parameter, const layout::Layout &chosen);
  void useStorage(schedule::KernelOp kernel, BlockArgument argument, StringAttr stored,
                  RankedTensorType type);

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  /// Packed parameter and its type, by the parameter that it stands for.
  DenseMap<StringAttr, std::pair<StringAttr, RankedTensorType>> packed;
};

} // namespace

LogicalResult LayoutAssigner::repack(StringAttr name, const layout::Layout &chosen) {
  auto parameter = symbols.lookup<model::ParameterOp>(name);
  RankedTensorType logical = parameter.getTensorType();
  auto encoding = model::LayoutAttr::get(module.getContext(), layout::print(chosen));
  auto storage = RankedTensorType::get({chosen.storageElements()}, logical.getElementType(), encoding);

  // The recipe that makes the parameter packs it as its last step; a parameter that comes straight from a
  // file gets a recipe of its own.
  for (auto recipe : module.getOps<model::RecipeOp>()) {
    for (auto [index, defined] : llvm::enumerate(recipe.getDefines().getAsRange<FlatSymbolRefAttr>())) {
      if (defined.getAttr() == name) {
        Operation *yield = recipe.getBody().front().getTerminator();
        builder.setInsertionPoint(yield);
        Value pack = model::PackOp::create(builder, yield->getLoc(), storage, yield->getOperand(index));
        yield->setOperand(index, pack);
        parameter.setTypeAttr(TypeAttr::get(storage));
        packed[name] = {name, storage};
        return success();
      }
    }
  }
  builder.setInsertionPointAfter(parameter);
  std::string packedName = (name.getValue() + ".packed").str();
  auto storedParameter = cast<model::ParameterOp>(builder.clone(*parameter));
  storedParameter.setSymName(packedName);
  storedParameter.setTypeAttr(TypeAttr::get(storage));
  storedParameter.removeOriginAttr();
  symbols.insert(storedParameter);
  StringAttr storedName = storedParameter.getSymNameAttr();
  builder.setInsertionPointAfter(storedParameter);
  auto recipe =
      model::RecipeOp::create(builder, parameter.getLoc(), (storedName.getValue() + ".recipe").str(),
                              builder.getArrayAttr({FlatSymbolRefAttr::get(storedName)}));
  Block *body = recipe.getBody().empty() ? &recipe.getBody().emplaceBlock() : &recipe.getBody().front();
  builder.setInsertionPointToEnd(body);
  Value source = model::LoadOp::create(builder, parameter.getLoc(), logical, FlatSymbolRefAttr::get(name));
  Value pack = model::PackOp::create(builder, parameter.getLoc(), storage, source);
  model::YieldOp::create(builder, parameter.getLoc(), pack);
  packed[name] = {storedName, storage};
  return success();
}

void LayoutAssigner::useStorage(schedule::KernelOp kernel, BlockArgument argument, StringAttr stored,
                                RankedTensorType storage) {
  auto logical = cast<RankedTensorType>(argument.getType());
  builder.setInsertionPoint(kernel);
  Value load = model::LoadOp::create(builder, kernel.getLoc(), storage, FlatSymbolRefAttr::get(stored));
  kernel->setOperand(argument.getArgNumber(), load);
  argument.setType(storage);
  builder.setInsertionPointToStart(&kernel.getBody().front());
  auto unpack = model::UnpackOp::create(builder, kernel.getLoc(), logical, argument);
  argument.replaceAllUsesExcept(unpack.getResult(), unpack);
}

LogicalResult LayoutAssigner::run() {
  // Which parameters are weights of contractions; the first one met decides.
  llvm::MapVector<StringAttr, layout::Layout> chosen;
  module.walk([&](schedule::KernelOp kernel) {
    kernel.walk([&](Operation *op) {
      OpOperand *weight = weightOf(op);
      if (!weight) {
        return;
      }
      if (model::LoadOp load = loadBehind(kernel, weight->get())) {
        if (auto layout = cpuWeightLayout(cast<RankedTensorType>(load.getType()))) {
          chosen.insert({load.getParameterAttr().getAttr(), *layout});
        }
      }
    });
  });
  for (auto &[name, layout] : chosen) {
    if (failed(repack(name, layout))) {
      return failure();
    }
  }
  module.walk([&](schedule::KernelOp kernel) {
    for (BlockArgument argument : kernel.getBody().getArguments()) {
      model::LoadOp load = loadBehind(kernel, argument);
      if (!load) {
        continue;
      }
      if (auto it = packed.find(load.getParameterAttr().getAttr()); it != packed.end()) {
        useStorage(kernel, argument, it->second.first, it->second.second);
        if (load->use_empty()) {
          load.erase();
        }
      }
    }
  });
  return verifyByteStorage(module);
}

LogicalResult coopt::assignLayouts(ModuleOp module) { return LayoutAssigner(module).run(); }

LogicalResult coopt::verifyByteStorage(ModuleOp module) {
  auto isSubByte = [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && shaped.getElementType().isIntOrFloat() && !shaped.getElementType().isInteger(1) &&
           shaped.getElementTypeBitWidth() % 8 != 0;
  };
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    SmallVector<Type> types(op->getResultTypes());
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        llvm::append_range(types, block.getArgumentTypes());
      }
    }
    if (auto parameter = dyn_cast<model::ParameterOp>(op)) {
      types.push_back(parameter.getTensorType());
    }
    for (Type type : types) {
      if (isSubByte(type)) {
        op->emitError("after layout every element must be a whole number of bytes, got ") << type;
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
